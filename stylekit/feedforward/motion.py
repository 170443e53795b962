"""Films painted frame by frame flicker; blending along the motion calms them, and a measure says how much.

A network paints each frame for itself, and small changes of the input change its strokes.
Manuel Ruder, Alexey Dosovitskiy and Thomas Brox, "Artistic style transfer for videos" (2016), ask that a frame agree
with the frame before, warped along the optical flow, wherever that can be seen in both. They make it a term of the loss
of an optimisation; a finished network has none, so here the warped frame is blended with the new one instead.

The flow is scikit-image's iterative Lucas-Kanade (`optical_flow_ilk`), from pictures of FLOW_SIZE pixels. Where it
explains the present input by the one before, it is trusted; elsewhere (uncovered, new, blurred) nothing is blended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from skimage.registration import optical_flow_ilk
from torch import Tensor
from torch.nn import functional

from stylekit.colour import LUMINANCE
from stylekit.errors import InputError
from stylekit.images import fit, resize_image
from stylekit.video import Frame

BLEND = 0.5  # how much of the frame before stays, unless said
FLOW_SIZE = 96  # pixels of the longer side: motion is smooth, and this is fast and averages noise
RADIUS, WARPS = 10, 3  # of the flow: its window is wide, for noise; the third round is for what moves before a scene
TRUST_SIZE = 256  # pixels of the longer side at which a flow is judged, and trust is as smooth
TOLERANCE = 0.06  # difference of colours at which a flow is trusted by exp(-1)
NEIGHBOURHOOD = 5  # pixels over which that difference is averaged, with its sign: noise is no wrong flow


def flow_between(present: Float[Tensor, "1 3 H W"], past: Float[Tensor, "1 3 H W"]) -> Float[Tensor, "1 2 H W"]:
    """Return where each pixel of the present frame was in the past one: present(x, y) = past(x + u, y + v).

    (u, v) in pixels, to the right and down. Le Besnerais and Champagnat, "Dense optical flow by iterative local window
    registration" (2005), as scikit-image has it.
    """
    height, width = present.shape[-2:]
    small = fit(height, width, min(FLOW_SIZE, max(height, width)))
    v, u = optical_flow_ilk(_grey(present, small), _grey(past, small), radius=RADIUS, num_warp=WARPS)
    flow = torch.from_numpy(np.stack([u * (width / small[1]), v * (height / small[0])]))[None].to(present)
    return _resized(flow, (height, width))


def _grey(image, size):
    weights = image.new_tensor(LUMINANCE).view(1, 3, 1, 1)
    return (resize_image(image, size) * weights).sum(dim=1)[0].cpu().numpy()


def warp(image: Float[Tensor, "1 C H W"], flow: Float[Tensor, "1 2 H W"]) -> Float[Tensor, "1 C H W"]:
    """Return image(x + u, y + v), between pixels by the cubic that keeps it sharp; beyond the edge, the edge."""
    return functional.grid_sample(image, _grid(flow), mode="bicubic", padding_mode="border", align_corners=True)


def trust(
    present: Float[Tensor, "1 3 H W"], past: Float[Tensor, "1 3 H W"], flow: Float[Tensor, "1 2 H W"]
) -> Float[Tensor, "1 1 H W"]:
    r"""Return how far a flow explains the present frame (notebook A3), with TOLERANCE for t; 0 from beyond the edge.

    .. math:: \exp \left( -(\mathrm{difference} / t)^2 \right)
    """
    height, width = present.shape[-2:]
    small = fit(height, width, min(TRUST_SIZE, max(height, width)))
    scale = flow.new_tensor([small[1] / width, small[0] / height]).view(1, 2, 1, 1)
    expected = warp(resize_image(past, small), scale * _resized(flow, small))
    margin = (NEIGHBOURHOOD // 2,) * 4
    difference = functional.pad(resize_image(present, small) - expected, margin, "replicate")
    difference = functional.avg_pool2d(difference, NEIGHBOURHOOD, stride=1).abs().mean(dim=1, keepdim=True)
    inside = (_grid(flow).abs() <= 1).all(dim=-1)[:, None]
    return _resized(torch.exp(-((difference / TOLERANCE) ** 2)), (height, width)) * inside


def _resized(values, size):
    """Return values between those there are, without ringing: a flow, or trust."""
    return functional.interpolate(values, size=size, mode="bilinear", align_corners=False)


def _grid(flow):
    """Return the places a flow points to, (1, H, W, 2), from -1 to 1."""
    height, width = flow.shape[-2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = torch.stack([x, y]).to(flow) + flow[0]  # (2, H, W), pixels
    extent = flow.new_tensor([width - 1, height - 1]).view(2, 1, 1).clamp(min=1)
    return (2 * places / extent - 1).permute(1, 2, 0)[None]


class Steady:
    r"""Blends each painting with the one before, carried along by the motion of the frames that they were painted from.

    .. math:: O_t = (1 - a) \, \mathrm{painting}_t + a \, \mathrm{warp}(O_{t-1})

    with a = strength x trust (notebook A3); `strength` from 0 to less than 1. Raises InputError for another. A call
    takes the next frame and its painting; or `follow` the frame first, paint it, then `blend` the painting.
    """

    def __init__(self, strength: float):
        if not 0 <= strength < 1:
            raise InputError(f"the strength of blending is a number from 0 to less than 1, got {strength}")
        self.strength = strength
        self.past: Tensor | None = None
        self.output: Tensor | None = None
        self.link: tuple[Tensor, Tensor] | None = None  # of the last two frames: the flow, and the trust in it
        self.place = torch.zeros(2)  # row and column

    def __call__(self, frame: Float[Tensor, "1 3 H W"], painting: Float[Tensor, "1 3 H W"]) -> Float[Tensor, "1 3 H W"]:
        self.follow(frame)
        return self.blend(painting)

    def follow(self, frame: Float[Tensor, "1 3 H W"]) -> tuple[int, int]:
        """Take the next frame; return the corner where it lies in the field of noise (`noise.add_noise`).

        It moves with the camera, by the median of the flow that is trusted: noise that lay still on the screen would
        make strokes crawl over what moves there.
        """
        if self.past is not None and self.strength:
            flow = flow_between(frame, self.past)
            self.link = flow, trust(frame, self.past, flow)
            seen = flow[0].flip(0)[:, self.link[1][0, 0] > 0.5]
            if seen.numel():
                self.place += seen.median(dim=1).values.cpu()
        self.past = frame
        row, column = self.place.round().int().tolist()
        return row, column

    def blend(self, painting: Float[Tensor, "1 3 H W"]) -> Float[Tensor, "1 3 H W"]:
        """Return the painting of the frame that was followed, blended with the one before."""
        if self.link is not None and self.output is not None:
            flow, seen = (part.to(painting) for part in self.link)
            a = self.strength * seen
            painting = (1 - a) * painting + a * warp(self.output, flow).clamp(0, 1)
        self.output = painting
        return painting


def paint_frames(
    frames: Iterable[Frame],
    paint: Callable[[Tensor, tuple[int, int]], Tensor],
    size: tuple[int, int],
    blend: float = BLEND,
) -> Iterator[Frame]:
    """Yield the frames of a film, resized to (height, width), painted one by one, and steadied; on the CPU.

    `paint` takes a frame and the corner where it lies in the field of noise, as `tiles.paint_image` does. Raises
    InputError, when called, for a blend that `Steady` refuses.
    """
    steady = Steady(blend)

    def painted(frame):
        image = resize_image(frame.image, size)
        corner = steady.follow(image)
        return replace(frame, image=steady.blend(paint(image, corner).cpu()))

    return map(painted, frames)


def flicker(inputs: Iterable[Float[Tensor, "1 3 H W"]], outputs: Iterable[Float[Tensor, "1 3 H W"]]) -> float:
    """Return the mean absolute difference between each output and the one before it, warped along the inputs' motion.

    Only pixels seen in both frames count (trust above 1/2); in units of [0, 1], mean over pixels, colours and frames.
    Raises InputError for less than two frames.
    """
    differences = []
    pairs = ((frame, painting.to(frame.device)) for frame, painting in zip(inputs, outputs, strict=True))
    for (past, before), (present, painting) in pairwise(pairs):
        flow = flow_between(present, past)
        seen = trust(present, past, flow) > 0.5
        difference = (painting - warp(before, flow).clamp(0, 1)).abs().mean(dim=1, keepdim=True)
        differences.append(difference[seen].mean().item() if seen.any() else 0.0)
    if not differences:
        raise InputError("flicker is measured between frames: give two or more")
    return sum(differences) / len(differences)
