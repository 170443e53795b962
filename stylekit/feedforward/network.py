"""Johnson's image transformation network: photographs in, paintings out, in one pass.

Justin Johnson, Alexandre Alahi, Li Fei-Fei, "Perceptual losses for real-time style transfer and super-resolution"
(2016) and its supplement: c9s1-32, d64, d128, R128 x 5, u64, u32, c9s1-3. `c9s1-32` is a 9 x 9 convolution with stride
1 and 32 filters, `d` a 3 x 3 convolution with stride 2, `R` a block of two 3 x 3 convolutions whose result is added to
what came in, `u` a convolution that doubles the size. Each but the last is normalised and rectified.

Two manners of it are known by name. "paper" is the supplement: 40 pixels of reflected border first, no padding in the
residual blocks, batch normalisation, transposed convolutions. "kit" is what ships here. Its departures, and why:

* half the filters, as the authors' later models have: a third of the work, for nearly the same picture;
* instance normalisation (Ulyanov, Vedaldi and Lempitsky, 2016), as those models have too: the contrast of a photograph
  is no part of a style, and each picture of a batch is painted as it would be alone;
* every convolution pads its own input by reflection: no border of 40 pixels to compute, and any size comes out as it
  went in;
* nearest neighbours, then a convolution, instead of a transposed one: a 3 x 3 kernel with stride 2 covers some pixels
  once, some twice and some four times, which shows as a checkerboard (Odena, Dumoulin and Olah, 2016);
* one network may know several styles: all convolutions are shared, and each style has a weight and a bias of its own
  for each channel of each normalisation (conditional instance normalisation: Dumoulin, Shlens and Kudlur, 2017);
* noise is added to the photograph, if asked for: over an even sky the network has nothing else to make a texture of;
* the last layer's output is divided by 8 before the tanh: Adam moves all 1,296 weights behind a value by one amount in
  a step, which otherwise drives the tanh to its flat ends, and the picture into black holes that do not close again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from stylekit.errors import InputError
from stylekit.feedforward.noise import add_noise
from stylekit.memory import keep_freed_memory

BLOCKS = 5
BORDER = 8 * BLOCKS  # pixels: a block without padding takes 2 at a quarter of the size from each side
KINDS = ("weight", "bias")
FEW = 256**2  # pixels, of which sums in float32 lose one digit at most
RANGE = 150 / 255  # the paper's 150 tanh, in units of [0, 1]


@dataclass(frozen=True)
class Architecture:
    """What distinguishes two transformation networks.

    `width` is the number of filters of the first layer; `normalisation` "instance", "batch" or "none"; `upsampling`
    "nearest" (then a convolution) or "transposed"; `padding` "same" (each convolution its own) or "border" (once,
    before all). `slope` is what the last layer's output is multiplied by before the tanh. `styles` is how many styles
    it knows; 0: one, and no more. `noise` is what it learned with, and adds to what it is given (`noise.add_noise`).
    """

    width: int = 16
    normalisation: str = "instance"
    upsampling: str = "nearest"
    padding: str = "same"
    slope: float | int = 0.125
    styles: int = 0
    noise: float | int = 0.0

    def __post_init__(self):
        choices = {
            "normalisation": ("instance", "batch", "none"),
            "upsampling": ("nearest", "transposed"),
            "padding": ("same", "border"),
        }
        for name, allowed in choices.items():
            value = getattr(self, name)
            if value not in allowed:
                raise InputError(f"{name} must be {' or '.join(map(repr, allowed))}, not {value!r}")
        if isinstance(self.slope, bool) or not isinstance(self.slope, int | float) or not 0 < self.slope <= 1:
            raise InputError(f"slope must be a number above 0, at most 1, not {self.slope!r}")
        if type(self.width) is not int or not 1 <= self.width <= 512:
            raise InputError(f"width must be a whole number of filters from 1 to 512, not {self.width!r}")
        if type(self.styles) is not int or not 0 <= self.styles <= 512:
            raise InputError(f"styles must be a whole number from 0 to 512, not {self.styles!r}")
        if isinstance(self.noise, bool) or not isinstance(self.noise, int | float) or not 0 <= self.noise <= 1:
            raise InputError(f"noise must be a number from 0 to 1, not {self.noise!r}")
        if self.styles and self.normalisation != "instance":
            raise InputError(f'several styles need normalisation "instance", not {self.normalisation!r}')


KIT = Architecture()
PAPER = Architecture(width=32, normalisation="batch", upsampling="transposed", padding="border", slope=1.0)
ARCHITECTURES = {"kit": KIT, "paper": PAPER}


class TransformationNetwork(nn.Module):
    """The image transformation network f_W of Johnson 2016, Fig. 2: one image in, its painting out.

    Takes RGB in [0, 1], (B, 3, H, W) of any size from 16 x 16, moved to the network's device, where the result stays,
    of the same shape. Noise is added first, if it learned with some; `corner` says which (see `noise.add_noise`). The
    last layer is a scaled tanh around grey, 1/2 + 150/255 tanh(slope z): a little more than [0, 1], so that white and
    black lie where it is not yet flat; clamp before you show it. Raises InputError for a smaller image.
    """

    def __init__(self, architecture: Architecture = KIT):
        super().__init__()
        keep_freed_memory()  # or a third of a pass is spent on being given the same memory again and again
        self.architecture = architecture
        w, deep = architecture.width, 4 * architecture.width
        make = lambda *args, **kwargs: Convolution(architecture, *args, **kwargs)  # noqa: E731
        self.down = nn.Sequential(make(3, w, 9), make(w, 2 * w, 3, stride=2), make(2 * w, deep, 3, stride=2))
        self.residual = nn.Sequential(*(Residual(architecture, deep) for _ in range(BLOCKS)))
        self.up = nn.Sequential(make(deep, 2 * w, 3, enlarge=2), make(2 * w, w, 3, enlarge=2))
        self.last = convolution(w, 3, 9)

    def forward(self, image: Float[Tensor, "B 3 H W"], corner: tuple[int, int] = (0, 0)) -> Float[Tensor, "B 3 H W"]:
        height, width = image.shape[-2:]
        if min(height, width) < 16:
            raise InputError(f"the network needs pictures of at least 16 x 16 pixels, got {width} x {height}")
        x = add_noise(image.to(self.last.weight.device), self.architecture.noise, corner)
        x = 2 * x - 1  # around 0
        if self.architecture.padding == "border":
            x = pad(x, (BORDER, BORDER + -width % 4, BORDER, BORDER + -height % 4))  # to a size that divides by 4
        x = self.architecture.slope * self.last(self.up(self.residual(self.down(x))))
        return 0.5 + RANGE * torch.tanh(x[..., :height, :width])

    def choose(self, shares: Float[Tensor, "B S"]) -> None:
        """Say how much of each of its styles each image of the next batches gets; a row of a unit matrix is one style.

        Raises InputError for a network of one style, and for another number of styles.
        """
        if not self.architecture.styles or shares.shape[-1] != self.architecture.styles:
            raise InputError(f"this network knows {self.architecture.styles} styles, got {shares.shape[-1]} shares")
        for part in self.modules():
            if isinstance(part, ConditionalNorm):
                part.shares = shares.to(self.last.weight.device)

    def mixed(self, shares: Float[Tensor, "*R S"]) -> TransformationNetwork:
        """Return a copy that paints with these shares of the styles of this one; R rows make a network of R styles.

        A mixture is linear in the weights and biases of the normalisations (Dumoulin 2017, section 3.3). A network of
        one style counts as one of S = 1.
        """
        rows = 0 if shares.ndim == 1 else len(shares)
        copy = TransformationNetwork(replace(self.architecture, styles=rows))
        own = {f"{name}.{kind}" for name, part in self.named_modules() if _normalises(part) for kind in KINDS}
        mix = lambda values: shares.to(values) @ values.reshape(-1, values.shape[-1])  # noqa: E731
        copy.load_state_dict({key: mix(value) if key in own else value for key, value in self.state_dict().items()})
        return copy


class Convolution(nn.Module):
    """A convolution, normalised and rectified: the c, d and u of the paper's notation."""

    def __init__(self, architecture, channels, filters, size, stride=1, enlarge=1):
        super().__init__()
        transposed = enlarge > 1 and architecture.upsampling == "transposed"
        self.enlarge = 1 if transposed else enlarge
        if transposed:
            self.convolution = nn.ConvTranspose2d(channels, filters, size, enlarge, size // 2, enlarge - 1)
        else:
            self.convolution = convolution(channels, filters, size, stride)
        self.normalisation = normalisation(architecture, filters)

    def forward(self, x):
        if self.enlarge > 1:
            x = functional.interpolate(x, scale_factor=self.enlarge, mode="nearest")
        return functional.relu(self.normalisation(self.convolution(x)))


class Residual(nn.Module):
    """x + g(x) with g two 3 x 3 convolutions (the supplement's block: no ReLU after the sum)."""

    def __init__(self, architecture, channels):
        super().__init__()
        padded = architecture.padding == "same"
        self.convolutions = nn.ModuleList(convolution(channels, channels, 3, padded=padded) for _ in range(2))
        self.normalisations = nn.ModuleList(normalisation(architecture, channels) for _ in range(2))

    def forward(self, x):
        y = functional.relu(self.normalisations[0](self.convolutions[0](x)))
        y = self.normalisations[1](self.convolutions[1](y))
        cut = (x.shape[-1] - y.shape[-1]) // 2  # what convolutions without padding have eaten, on each side
        return y + x[..., cut : x.shape[-2] - cut, cut : x.shape[-1] - cut]


class InstanceNorm(nn.Module):
    """Each channel of each image minus its mean, by its deviation, times a weight, plus a bias (Ulyanov 2016).

    `fixed`, a pair of mean and variance (1, N, 1, 1), stands in for the image's own: a tile of a picture then is
    normalised as the whole is.
    """

    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.fixed: tuple[Tensor, Tensor] | None = None

    def forward(self, x):
        return normalised(x, self.weight.view(1, -1, 1, 1), self.bias.view(1, -1, 1, 1), self.fixed)


class ConditionalNorm(nn.Module):
    """Instance normalisation with a weight and a bias for each style (Dumoulin 2017, equation 5).

    `shares`, (B, S), is how much of each style each image gets; one row serves a whole batch.
    """

    def __init__(self, channels, styles):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(styles, channels))
        self.bias = nn.Parameter(torch.zeros(styles, channels))
        self.shares: Tensor | None = None

    def forward(self, x):
        weight, bias = ((self.shares @ each)[:, :, None, None] for each in (self.weight, self.bias))
        return normalised(x, weight, bias)


def normalised(x, weight, bias, fixed=None):
    """Return x minus its mean over rows and columns, by its deviation, times a weight, plus a bias: (1 or B, N, 1, 1).

    A single image's statistics are those of its batch, and `batch_norm` is the fastest there is, but adds all pixels up
    one by one: of 1024 x 1024 it loses three digits. Otherwise it is written out, because `instance_norm` moves the
    channels to the front, which takes time. There the mean goes first, so that no digits are lost where it is much
    larger than the deviation.
    """
    traced = torch.jit.is_tracing()  # for any number of images, of any size
    if fixed is None and not traced and len(x) == 1 and x.shape[-2] * x.shape[-1] <= FEW:
        return functional.batch_norm(x, None, None, weight.flatten(), bias.flatten(), training=True)
    x = x - (x.mean((-2, -1), keepdim=True) if fixed is None else fixed[0])
    variance = x.square().mean((-2, -1), keepdim=True) if fixed is None else fixed[1]
    return torch.addcmul(bias, x, weight * (variance + 1e-5).rsqrt())


def _normalises(part):
    return isinstance(part, InstanceNorm | ConditionalNorm)


def convolution(channels, filters, size, stride=1, padded=True):
    """Return a convolution that pads by reflection, or not at all."""
    return nn.Conv2d(channels, filters, size, stride, size // 2 if padded else 0, padding_mode="reflect")


def normalisation(architecture, channels):
    """Return the normalisation layer of an architecture."""
    if architecture.styles:
        return ConditionalNorm(channels, architecture.styles)
    kinds = {"instance": InstanceNorm, "batch": nn.BatchNorm2d, "none": nn.Identity}
    return kinds[architecture.normalisation](channels)


def pad(x, border):
    """Reflect a picture at its edges, again and again where the border is wider than the picture."""
    left, right, top, bottom = border
    rows = mirrored(x.shape[-2], top, bottom).to(x.device)
    columns = mirrored(x.shape[-1], left, right).to(x.device)
    return x.index_select(-2, rows).index_select(-1, columns)


def mirrored(length, before, after):
    """Return indices ... 2 1 0 1 2 ... length-1 length-2 ..., `before` and `after` more than `length` of them."""
    period = 2 * (length - 1)
    index = torch.arange(-before, length + after).remainder(period)
    return torch.minimum(index, period - index)


def count_parameters(network: nn.Module) -> int:
    """Return the number of trained values: 1,679,235 for the paper's network, its running statistics left out."""
    return sum(parameter.numel() for parameter in network.parameters())
