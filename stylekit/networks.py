"""Loss networks with named layers: VGG-19, VGG-16 and the compact network that ships with the kit.

Layers have names, never indices. ``conv4_2`` is Z, the output of that convolution; ``relu4_2`` is the rectified
response F = max(Z, 0). What Gatys, Ecker and Bethge (2015) call "conv4_2" is the rectified response: our
``relu4_2``. This is the one place that says so.

What such a network sees: notebook 01. Why its filters may be rescaled: notebook A1.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import os
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import safetensors.torch
import torch
import torch.nn.functional as functional
import torchvision
from jaxtyping import Float
from torch import Tensor, nn

from stylekit import assets
from stylekit.errors import AssetError, InputError
from stylekit.images import check_shape

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
POOLING = {"average": functional.avg_pool2d, "max": functional.max_pool2d}  # Gatys 2015, Methods; as VGG was trained
TIMEOUT = 10  # seconds without an answer after which a download is given up

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Manner:
    """How a network paints the papers' figures (`stylekit.paper`).

    The scale of its loss, the factor on a published alpha / beta in it, evaluations at each size, and the longer side
    in pixels that it begins at or up to twice of it; None paints at the full size only.
    """

    scale: str = "mean"
    factor: float = 1.0
    steps: int = 500
    coarsest: int | None = None


@dataclass(frozen=True)
class NetworkSpec:
    """What the kit knows of a network: its shape, where its weights come from, and its manner of painting.

    Convolutions and filters of each block, and how the border is padded. `file` lies in data/; without one torchvision
    publishes the weights, and they are read from the file that the environment variable STYLEKIT_NAME names, if any.
    """

    blocks: tuple[int, ...]
    widths: tuple[int, ...]
    padding: str = "zeros"
    file: str | None = None
    manner: Manner = Manner()

    def build(self, pooling: str = "average") -> LossNetwork:
        """Return a network of this shape with random weights."""
        return LossNetwork(self.blocks, self.widths, self.padding, pooling)


VGG19 = NetworkSpec((2, 2, 4, 4, 4), (64, 128, 256, 512, 512))
VGG16 = NetworkSpec((2, 2, 3, 3, 3), (64, 128, 256, 512, 512))
# VGG-16's layers to conv5_1 with fewer filters, taught by it: filter by filter they are others, only their kernels are
# alike. Normalised to mean activation 1 they would weigh otherwise than VGG's, so it paints in the scale "relative",
# where 300 alpha / beta does about the same to the eye.
COMPACT = NetworkSpec(
    (2, 2, 3, 3, 1),
    (16, 48, 96, 192, 256),
    padding="replicate",
    file="compact.safetensors",
    manner=Manner("relative", 300.0, 150, coarsest=64),
)
# A file of weights is recognised by its keys and shapes: a network that contains another stands before it.
NETWORKS = {"vgg19": VGG19, "vgg16": VGG16, "compact": COMPACT}


class LossNetwork(nn.Module):
    """A chain of 3 x 3 convolutions in blocks, a pooling layer between blocks (Simonyan and Zisserman, 2014)."""

    def __init__(self, blocks, widths, padding="zeros", pooling="average"):
        super().__init__()
        if pooling not in POOLING:
            raise InputError(f"pooling must be {' or '.join(POOLING)}, not {pooling!r}")
        self.pool = functools.partial(POOLING[pooling], kernel_size=2)
        self.convolutions = nn.ModuleDict()
        channels = 3
        for block, (depth, width) in enumerate(zip(blocks, widths, strict=True), start=1):
            for index in range(1, depth + 1):
                convolution = nn.Conv2d(channels, width, 3, padding=1, padding_mode=padding)
                self.convolutions[f"conv{block}_{index}"] = convolution
                channels = width
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(IMAGENET_DEVIATION).view(1, 3, 1, 1), persistent=False)

    @property
    def layers(self) -> list[str]:
        """Every name that `features` knows, from the pixels up: conv1_1, relu1_1, conv1_2, ..."""
        return [kind + name[4:] for name in self.convolutions for kind in ("conv", "relu")]

    def features(self, image: Float[Tensor, "B 3 H W"], layers: Iterable[str]) -> dict[str, Tensor]:
        """Return the responses of the named layers to an image, evaluated no deeper than the deepest of them.

        The image is RGB in [0, 1]; a response has shape (B, N_l, H_l, W_l) and the image's precision, whatever that
        of the weights. Raises InputError for an unknown name, for whole numbers (0..255), for another shape, and for an
        image that pooling would shrink to nothing.
        """
        wanted = set(layers)
        self._check(image, wanted)
        found = {}
        normal = (image - self.mean) / self.deviation
        x = normal.to(self.convolutions["conv1_1"].weight.dtype)
        for name, convolution in self.convolutions.items():
            if found.keys() == wanted:
                break
            if name.endswith("_1") and name != "conv1_1":
                x = self.pool(x)
            z = convolution(x)
            x = functional.relu(z)  # never in place: it would overwrite z
            both = ((name, z), ("relu" + name[4:], x))
            found |= {layer: value.to(normal.dtype) for layer, value in both if layer in wanted}
        return found

    def _check(self, image, wanted):
        check_shape(image, one=False)
        known = self.layers
        for layer in wanted:
            if layer not in known:
                raise InputError(f"unknown layer {layer!r}{assets.suggest(layer, known)}; this network has {known}")
        deepest = max((int(layer[4]) for layer in wanted), default=1)
        if min(image.shape[-2:]) < 2 ** (deepest - 1):
            raise InputError(f"an image of {tuple(image.shape[-2:])} pixels is too small for block {deepest}")


@runtime_checkable
class FeatureNetwork(Protocol):
    """All that an objective asks of a network: a `LossNetwork`, or anything else with these three, its weights frozen.

    `layers` are the names that `features` knows; the device of `mean` is where the painting is computed.
    """

    layers: list[str]
    mean: Tensor

    def features(self, image: Float[Tensor, "B 3 H W"], layers: Iterable[str]) -> dict[str, Tensor]:
        """Return the responses of the named layers, (B, N_l, H_l, W_l)."""


def normalised(network: FeatureNetwork, images: Iterable[Float[Tensor, "_ 3 _ _"]]) -> FeatureNetwork:
    """Return a copy whose every filter has a mean activation of 1 over the images and positions.

    Gatys, Ecker and Bethge (CVPR 2016), section 2. The ReLU is homogeneous, max(c z, 0) = c max(z, 0) for c > 0: a
    filter's weights and bias are divided by its mean activation mu, and the next layer's weights for that channel
    multiplied by it, so that every later activation stays what it was until its own turn. A filter that never
    responds (mu = 0) is left alone. The images are RGB in [0, 1]. A network that is no chain of convolutions is wrapped
    instead: its responses are divided by mu, which comes to the same.
    """
    if not isinstance(network, LossNetwork):
        return _Divided(network, images)
    relus = [layer for layer in network.layers if layer.startswith("relu")]
    with torch.no_grad():
        responses = [network.features(image, relus) for image in images]
        copied, incoming = copy.deepcopy(network), torch.ones(3, device=network.mean.device)
        for name, convolution in copied.convolutions.items():
            positions = [r["relu" + name[4:]].movedim(1, 0).flatten(1) for r in responses]  # each (N, B M)
            mu = torch.cat(positions, dim=1).mean(dim=1)
            mu = torch.where(mu > 0, mu, 1.0)
            convolution.weight.mul_(incoming.view(1, -1, 1, 1) / mu.view(-1, 1, 1, 1))
            convolution.bias.div_(mu)
            incoming = mu
    return copied


class _Divided:
    """Any network, each filter's response divided by its mean over some images."""

    def __init__(self, network, images):
        self.network, self.images, self.mu = network, list(images), {}
        self.layers, self.mean = network.layers, network.mean

    def features(self, image, layers):
        found = self.network.features(image, layers)
        self.mu |= {layer: self._mean_response(layer) for layer in found.keys() - self.mu.keys()}
        return {layer: response / self.mu[layer] for layer, response in found.items()}

    @torch.no_grad()
    def _mean_response(self, layer):
        responses = [self.network.features(image, [layer])[layer] for image in self.images]
        mu = torch.cat([r.clamp(min=0).movedim(1, 0).flatten(1) for r in responses], dim=1).mean(dim=1)
        return torch.where(mu > 0, mu, 1.0).view(-1, 1, 1)


def pick_device(name: str | torch.device = "auto") -> torch.device:
    """Return the device of that name; "auto" is CUDA, else Apple's MPS, else the CPU.

    Raises InputError for a device that this machine, or this build of PyTorch, does not have.
    """
    there = [kind for kind in ("cuda", "mps") if getattr(torch, kind).is_available()] + ["cpu"]
    if name == "auto":
        return torch.device(there[0])
    kind, _, number = str(name).partition(":")
    count = torch.cuda.device_count() if kind == "cuda" else 1
    if kind not in there or (number and not (number.isdecimal() and int(number) < count)):
        raise InputError(f"there is no device {str(name)!r} here: expected auto, or one of {', '.join(there)}")
    return torch.device(name)


def load_network(
    name: str | Path = "compact", pooling: str = "average", device: str = "auto", precision: str = "float32"
) -> LossNetwork:
    """Return a frozen loss network: one of NETWORKS by name, or a file of weights, of one of their shapes.

    VGG's published weights come through torchvision (downloaded once, hash checked), or from the file that the
    environment variable STYLEKIT_VGG19 or STYLEKIT_VGG16 names. A file is a .pth or a .safetensors with torchvision's
    keys or with this kit's. With `precision` "bfloat16" the convolutions compute in it, and their
    responses come back in the image's float32, in which the losses stay. It is faster only where the processor has
    instructions for it (elsewhere many times slower), and coarse: a painting's gradient agrees with that of float32 to
    a cosine of about 0.99 only.
    Raises AssetError for an unknown name and for weights that cannot be had or do not fit, InputError for an unknown
    precision, pooling or device.
    """
    if precision not in PRECISIONS:
        raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}")
    device = pick_device(device)
    kind, weights = _recognise(_read_weights(name), name)
    network = NETWORKS[kind].build(pooling)
    network.convolutions.load_state_dict(weights)
    network.convolutions.to(PRECISIONS[precision])
    network.requires_grad_(False).eval()
    return network.to(device).to(memory_format=torch.channels_last)


def spec_of(name: str | Path) -> NetworkSpec:
    """Return what the kit knows of a network: one of those it knows by name, or the kind that a file of weights is of.

    Raises AssetError for an unknown name, and for a file that cannot be read or is of no known kind.
    """
    return NETWORKS[name] if name in NETWORKS else NETWORKS[_recognise(_read_weights(name), name)[0]]


def weights_hash(network: nn.Module) -> str:
    """Return the sha256 of a network's weights, in the order of its layers."""
    digest = hashlib.sha256()
    for weights in network.state_dict().values():
        digest.update(weights.cpu().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _read_weights(name):
    """Return the state dict behind a network's name or file."""
    if name in NETWORKS:
        spec, own = NETWORKS[name], os.environ.get(f"STYLEKIT_{name.upper()}")
        if spec.file:
            return _read_file(assets.data_folder() / spec.file)
        return _read_file(Path(own).expanduser()) if own else _download(name)
    if Path(name).suffix in (".pth", ".safetensors"):
        return _read_file(Path(name).expanduser())
    raise AssetError(
        f"unknown network {str(name)!r}{assets.suggest(str(name), NETWORKS)}: expected one of "
        f"{', '.join(NETWORKS)}, or a .pth or .safetensors file"
    )


def _read_file(file):
    """Return a state dict read from a file without running any code that might be in it."""
    if not file.is_file():
        raise AssetError(f"there is no file of weights at {file}")
    published = re.search(r"-([0-9a-f]{8})\.pth$", file.name)  # torchvision's files carry the head of their hash
    if published and not hashlib.sha256(file.read_bytes()).hexdigest().startswith(published[1]):
        raise AssetError(f"{file} is damaged: its sha256 does not begin with {published[1]}, as its name says")
    try:
        if file.suffix == ".safetensors":
            return safetensors.torch.load_file(file)
        weights = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a reader makes of a damaged file, the sentence is the same
        raise AssetError(f"{file} is no readable file of weights (truncated, or a web page?): {error}") from error
    if not isinstance(weights, dict):
        raise AssetError(f"{file} holds {type(weights).__name__}, expected a dictionary of tensors")
    return weights


def _download(name):
    """Return torchvision's published weights, from its cache or the network."""
    published = getattr(torchvision.models, f"{name.upper()}_Weights").IMAGENET1K_V1
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        return published.get_state_dict(progress=False, check_hash=True, map_location="cpu", weights_only=True)
    except Exception as error:  # no network, a dead address, a wrong hash, a full disk: the ways out are the same
        raise AssetError(
            f"the weights of {name} could not be downloaded ({error}). Three ways out: connect to the internet and try "
            f"again; put {Path(published.url).name} into {torch.hub.get_dir()}/checkpoints, or name the file (as the "
            f'network, or in STYLEKIT_{name.upper()}); or use network "compact", which ships with the kit.'
        ) from error
    finally:
        socket.setdefaulttimeout(patience)


def _recognise(weights, name):
    """Return the name of the network whose tensors the weights hold, and those in float32 under this kit's names."""
    for kind, spec in NETWORKS.items():
        with torch.device("meta"):
            expected = spec.build().convolutions.state_dict()  # conv1_1.weight, conv1_1.bias, conv1_2.weight, ...
        for keys in (expected, _torchvision_keys(spec.blocks)):
            found = {ours: weights[key] for ours, key in zip(expected, keys, strict=True) if key in weights}
            if all(ours in found and found[ours].shape == tensor.shape for ours, tensor in expected.items()):
                return kind, {ours: tensor.float() for ours, tensor in found.items()}
    raise AssetError(
        f"the weights of {name} fit none of {', '.join(NETWORKS)}: expected keys like features.0.weight "
        f"(torchvision) or conv1_1.weight, got {list(weights)[:3]}"
    )


def _torchvision_keys(blocks):
    """Return torchvision's keys, in our order: a convolution and its ReLU take two places, a pooling layer one."""
    keys, place = [], 0
    for depth in blocks:
        for _ in range(depth):
            keys += [f"features.{place}.weight", f"features.{place}.bias"]
            place += 2
        place += 1
    return keys


@dataclass(frozen=True)
class ReceptiveField:
    """What a position of a layer sees: position k the pixels from `first` + k `distance`, `side` of them, each way."""

    side: int
    distance: int
    first: int

    def box(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Return the pixels that a position sees: top, left, height, width. They may reach beyond the picture."""
        return (*(self.first + k * self.distance for k in (row, column)), self.side, self.side)

    def patch(self, image: Float[Tensor, "1 3 H W"], row: int, column: int) -> Float[Tensor, "1 3 h w"]:
        """Return what a position sees of an image, cut at the border of the image."""
        top, left, height, width = self.box(row, column)
        return image[..., max(0, top) : top + height, max(0, left) : left + width]


def receptive_field(network: LossNetwork, layer: str) -> ReceptiveField:
    """Return the receptive field of a layer's positions, by the recurrence of notebook 01.

    A 3 x 3 convolution: r <- r + 2d, t <- t - d. A 2 x 2 pooling: r <- r + d, then d <- 2d. At the pixels r = 1 (the
    side), d = 1 (the distance), t = 0 (the first pixel). Raises ValueError for a layer that the network does not have.
    """
    if layer not in network.layers:
        raise InputError(f"the network has no layer {layer!r}: take one of {', '.join(network.layers)}")
    side, distance, first = 1, 1, 0
    for name in network.convolutions:
        if name.endswith("_1") and name != "conv1_1":  # a pooling stands before
            side, distance = side + distance, 2 * distance
        side, first = side + 2 * distance, first - distance
        if name[4:] == layer[4:]:
            break
    return ReceptiveField(side, distance, first)
