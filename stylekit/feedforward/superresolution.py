"""Super-resolution: the same network and the same loss without its style term, fed with shrunken photographs.

The second half of Justin Johnson, Alexandre Alahi, Li Fei-Fei, "Perceptual losses for real-time style transfer and
super-resolution" (2016): a transformation network without the layers that halve (`Architecture(enlarge=4)`) makes a
picture four times larger, and learns it from photographs that were blurred and shrunk.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from stylekit.assets import data_folder
from stylekit.errors import InputError
from stylekit.feedforward.files import load_transformer
from stylekit.feedforward.network import Architecture, TransformationNetwork
from stylekit.images import resize_image
from stylekit.networks import LossNetwork

BLUR = 1.0  # pixels: the deviation of the paper's Gaussian
PAPER_LAYERS = ("relu2_2",)  # Johnson 2016, section 4.2
LAYERS = ("relu1_2", "relu2_2")  # see FeatureLoss
SUPERRESOLUTION = Architecture(width=8, normalisation="none", enlarge=4)

Images = Float[Tensor, "B 3 H W"]


def shrink(image: Images) -> Float[Tensor, "B 3 h w"]:
    """Return photographs blurred with a Gaussian of one pixel and made four times smaller, bicubically (section 4.2).

    Raises InputError for a size that four does not divide.
    """
    height, width = image.shape[-2:]
    if height % 4 or width % 4:
        raise InputError(f"cannot make {width} x {height} pixels 4 times smaller: crop to multiples of 4")
    return resize_image(blur(image), (height // 4, width // 4))


def blur(image: Images, deviation: float = BLUR) -> Images:
    """Return images convolved with a Gaussian of that many pixels, its edges repeated."""
    reach = round(4 * deviation)
    places = torch.arange(-reach, reach + 1, device=image.device, dtype=image.dtype)
    weights = torch.softmax(-places.square() / (2 * deviation**2), 0)  # a Gaussian that sums to 1
    padded = functional.pad(image, [reach] * 4, "replicate").flatten(0, 1)[:, None]  # (B 3, 1, H + 2r, W + 2r)
    across = functional.conv2d(padded, weights.view(1, 1, 1, -1))
    return functional.conv2d(across, weights.view(1, 1, -1, 1)).view(image.shape)


class Enlarger(nn.Module):
    """A network with `enlarge=4` as a corrector of bicubic enlargement: enlarged + network(small) - 1/2.

    Two departures. The paper's network makes the whole picture; to add what bicubic interpolation lacks is learnt in
    minutes instead of hours, because the colours are right from the start. And the network should have no
    normalisation: the paper's batch normalisation shifts colours (it repairs them afterwards by matching histograms to
    the input's), instance normalisation takes each picture's contrast away.
    Called with photographs, as in a training, it shrinks them first. Raises InputError for a network that does not
    enlarge four times.
    """

    def __init__(self, network: TransformationNetwork):
        super().__init__()
        if network.architecture.enlarge != 4:
            raise InputError("expected a network that enlarges four times: TransformationNetwork(SUPERRESOLUTION)")
        self.network = network

    def forward(self, photographs: Images) -> Images:
        return self.enlarge(shrink(photographs))

    def enlarge(self, small: Images) -> Float[Tensor, "B 3 h w"]:
        """Return small pictures four times wider and higher, at least 16 x 16 pixels; clamp before you show it."""
        correction = self.network(small) - 0.5
        return bicubic(small.to(correction.device)) + correction


def load_enlarger(loss: str, device: str = "auto") -> Enlarger:
    """Return the network that ships, trained with one of two losses: "pixels" or "perceptual" (see data/README.md)."""
    if loss not in ("pixels", "perceptual"):
        raise InputError(f"the enlargers that ship were trained with the loss pixels or perceptual, not {loss!r}")
    return Enlarger(load_transformer(data_folder() / "superresolution" / f"{loss}.safetensors", device))


def bicubic(small: Images) -> Float[Tensor, "B 3 h w"]:
    """Return pictures enlarged four times by interpolation alone, which knows nothing of what pictures show."""
    return resize_image(small, (4 * small.shape[-2], 4 * small.shape[-1]))


class FeatureLoss:
    r"""The feature reconstruction loss (Johnson 2016, equation 2; notebook 10), summed over layers of a loss network.

    .. math:: \sum_l \frac{1}{N M} \sum_{ij} (F_{ij} - P_{ij})^2

    F is the response to the enlarged picture, P that to the photograph; both RGB in [0, 1]. The paper has relu2_2 alone
    (`PAPER_LAYERS`). With the compact network that leaves a cross-hatch of single pixels: average pooling comes before
    relu2_2, and does not see it. relu1_2, before the pooling, does.
    """

    def __init__(self, network: LossNetwork, layers: Sequence[str] = LAYERS):
        self.network, self.layers = network, tuple(layers)

    def __call__(self, enlarged: Images, photographs: Images) -> dict[str, Float[Tensor, " B"]]:
        """Return the loss of each layer by its name, and their sum as "total", one value for each picture."""
        made = self.network.features(enlarged, self.layers)  # each (B, N, H, W)
        with torch.no_grad():
            true = self.network.features(photographs, self.layers)
        terms = {layer: (made[layer] - true[layer]).square().mean(dim=(1, 2, 3)) for layer in self.layers}
        return terms | {"total": sum(terms.values())}
