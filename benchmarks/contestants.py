"""The contestants of `peers.py`: each takes one and the same `Task` and gives back a `Problem`, made with its own code.

All get the same network (same weights, average pooling, the padding of the network), the same pictures and the same
objective: each contestant's own loss terms, weighted so that their sum is the kit's objective times `Task.factor`.
What a contestant is not made for is given to it by a shim here, and each shim says what it does.
"""

import contextlib
import importlib
import inspect
import io
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylekit.losses import gram_matrix
from stylekit.networks import LossNetwork
from stylekit.objective import CONTENT_LAYERS, CONTENT_WEIGHT, STYLE_LAYERS, Objective, painting_objective

WEIGHTS = {"content_weight": CONTENT_WEIGHT, "style_weight": 1.0, "tv_weight": 0.0}
(CONTENT_LAYER,) = CONTENT_LAYERS
DEEPEST = "conv5_1"


@dataclass
class Task:
    """A photograph, a style picture, a network and a picture to start from; `objective` is the judge: the kit's own.

    `factor` scales the losses of the contestants to a mean gradient of 1 at the photograph, as the kit's minimiser does
    with its own: their L-BFGS stops and forgets by absolute numbers, which a small loss would meet at once.
    """

    network: LossNetwork
    content: Tensor
    style: Tensor
    start: Tensor
    objective: Objective = field(init=False)

    def __post_init__(self):
        self.objective = painting_objective(self.network, self.content, self.style, **WEIGHTS)

    @cached_property
    def factor(self):
        x = self.content.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(self.objective(x)["total"], x)
        return 1 / gradient.abs().mean().item()

    def judge(self, image):
        """Return the loss of a picture as it is saved, in [0, 1]: one function for every contestant, in float32."""
        with torch.no_grad():
            return self.objective(image.clamp(0, 1))["total"].item()

    def content_factor(self):
        """Return what a mean squared error of `CONTENT_LAYER` is multiplied by."""
        term = self.objective.terms["content"]
        return self.factor * CONTENT_WEIGHT * term.target.numel() / (2 * term.unit.item())

    def style_factors(self):
        """Return {layer: what a mean squared error of Gram matrices, each divided by its own M, is multiplied by}."""
        terms = {layer: self.objective.terms[f"style {layer}"] for layer in STYLE_LAYERS}
        return {layer: self.factor * term.weight / (4 * term.unit.item()) for layer, term in terms.items()}


@dataclass
class Problem:
    """A contestant ready to run: the tensor that it changes, its evaluation (which sets x.grad), its optimiser."""

    x: Tensor
    evaluate: Callable[[], object]
    optimiser: torch.optim.Optimizer | None
    picture: Callable[[Tensor], Tensor] = lambda x: x  # from the contestant's space to RGB in [0, 1]


def chain(network):
    """Yield (name, module) of the network as other programs hold it: torch's own layers, one after the other.

    Copies of the weights that want a gradient, as a freshly loaded network does; no deeper than `DEEPEST`.
    """
    for name, convolution in network.convolutions.items():
        if name > DEEPEST:
            return
        if name.endswith("_1") and name != "conv1_1":
            yield f"pool{int(name[4]) - 1}", nn.AvgPool2d(2)
        plain = nn.Conv2d(
            convolution.in_channels, convolution.out_channels, 3, padding=1, padding_mode=convolution.padding_mode
        )
        plain.load_state_dict({key: w.contiguous() for key, w in convolution.state_dict().items()})
        yield name, plain.to(network.mean.device)
        yield "relu" + name[4:], nn.ReLU()


class Content(nn.Module):
    def __init__(self, target, factor):
        super().__init__()
        self.target, self.factor = target.detach(), factor

    def forward(self, x):
        self.loss = self.factor * functional.mse_loss(x, self.target)
        return x


class Style(nn.Module):
    def __init__(self, target, factor):
        super().__init__()
        self.target, self.factor = self.gram(target).detach(), factor

    def gram(self, x):
        F = x.view(x.shape[1], -1)
        return gram_matrix(F) / F.shape[1]

    def forward(self, x):
        self.loss = self.factor * functional.mse_loss(self.gram(x), self.target)
        return x


def plain_loop(task):
    """Write the loop of the PyTorch tutorial: losses as layers of an nn.Sequential, frozen, torch's L-BFGS, clamped.

    With the paper's layers instead of the tutorial's.
    """
    plain, model = nn.Sequential(Normalise(task.network)), nn.Sequential(Normalise(task.network))
    losses, factors = [], task.style_factors()
    for name, layer in chain(task.network):
        plain.append(layer)
        model.append(layer)
        if name == CONTENT_LAYER:
            losses.append(Content(plain(task.content), task.content_factor()))
            model.append(losses[-1])
        elif name in factors:
            losses.append(Style(plain(task.style), factors[name]))
            model.append(losses[-1])
    model.requires_grad_(False).eval()
    x = task.start.clone().requires_grad_(True)
    optimiser = torch.optim.LBFGS([x])

    def evaluate():
        with torch.no_grad():
            x.clamp_(0, 1)
        optimiser.zero_grad()
        model(x)
        loss = sum(layer.loss for layer in losses)
        loss.backward()
        return loss

    return Problem(x, evaluate, optimiser)


class Normalise(nn.Module):
    def __init__(self, network):
        super().__init__()
        self.mean, self.deviation = network.mean, network.deviation

    def forward(self, x):
        return (x - self.mean) / self.deviation


def kit(task):
    """Return the kit's own problem, without an optimiser: its minimiser is a generator and makes its own."""
    x = task.start.clone().requires_grad_(True)

    def evaluate():
        (x.grad,) = torch.autograd.grad(task.objective(x)["total"], x)

    return Problem(x, evaluate, None)


class Captured(Exception):
    """neural-style has built its network and its evaluation: what comes next is ours to time."""


class Catcher:
    """An optimiser that takes the evaluation it is given and ends the program that wanted to descend with it."""

    def __init__(self, x):
        self.x = x

    def zero_grad(self):
        self.x.grad = None

    def step(self, evaluate):
        raise Captured(self.x, evaluate)


def neural_style(task):
    """Run the main function of PyPI's neural-style up to its first step, and take its evaluation and optimiser.

    The shim gives it tensors instead of files, our weights in the network that its own builder makes, and the weight of
    each layer. It works in the space of the network's input (normalised colours), as it always does.
    """
    program = import_neural_style()
    loader = importlib.import_module("neural_style.loader.CaffeLoader")
    normalise, factors = Normalise(task.network), task.style_factors()
    pictures = {"content": normalise(task.content), "style": normalise(task.style)}
    original = program.setup_optimizer
    program.preprocess = lambda name, size: pictures[name].clone()
    names = loader.vgg19_dict if "conv3_4" in task.network.convolutions else loader.vgg16_dict
    program.loadCaffemodel = lambda *_: (caffe_network(loader, task.network), names)
    program.setup_optimizer = lambda x: (Catcher(x), 0)
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            program.main()
        except Captured as captured:
            x, evaluate = captured.args
        finally:
            program.setup_optimizer = original
        with torch.no_grad():
            x.copy_(normalise(task.start))
        optimiser, _ = original(x)
    modules = inspect.getclosurevars(evaluate).nonlocals
    modules["content_losses"][0].strength = task.content_factor()
    for module, (layer, factor) in zip(modules["style_losses"], factors.items(), strict=True):
        module.strength = (
            factor * task.objective.terms[f"style {layer}"].target.shape[-1] ** 2
        )  # its Gram matrix is divided by N M
    picture = lambda x: x * task.network.deviation + task.network.mean  # noqa: E731
    return Problem(x, evaluate, optimiser, picture)


def import_neural_style():
    """Import the program, which reads the command line as it is imported: it is shown one of ours."""
    arguments = (
        "-content_image content -style_image style -init image -pooling avg -tv_weight 0 -num_iterations 1000000"
    )
    device = ["-gpu", "0", "-backend", "cudnn"] if torch.cuda.is_available() else ["-gpu", "c"]
    given, sys.argv = sys.argv, ["neural-style", *arguments.split(), *device, "-print_iter", "0", "-save_iter", "0"]
    try:
        return importlib.import_module("neural_style.neural_style")
    finally:
        sys.argv = given


def caffe_network(loader, network):
    """Return the network that neural-style's own builder makes of our widths, with our weights and padding."""
    ours = [(name, layer) for name, layer in chain(network) if not name.startswith("relu")]
    widths = ["P" if isinstance(layer, nn.AvgPool2d) else layer.out_channels for _, layer in ours]
    theirs = loader.buildSequential(widths, "avg")
    places = [layer for layer in theirs if not isinstance(layer, nn.ReLU)]
    for (_, layer), place in zip(ours, places, strict=True):
        place.load_state_dict(layer.state_dict())
        if isinstance(place, nn.Conv2d):
            place.padding_mode = layer.padding_mode
    return theirs.to(network.mean.device)


def pystiche(task, frozen=False):
    """Build pystiche's perceptual loss over its multi-layer encoder, and its own optimiser and closure.

    The shim builds the encoder of our layers, names and weights: pystiche's VGG is that class with max pooling.
    """
    library = import_pystiche()
    layers = [("preprocessing", library.enc.preprocessing("torch")), *chain(task.network)]
    encoder = library.enc.MultiLayerEncoder(layers)
    encoder.requires_grad_(not frozen)
    factors = task.style_factors()
    content = library.loss.FeatureReconstructionLoss(
        encoder.extract_encoder(CONTENT_LAYER), score_weight=task.content_factor()
    )
    style = library.loss.MultiLayerEncodingLoss(
        encoder,
        list(factors),
        lambda layer, weight: library.loss.GramLoss(layer, score_weight=weight),
        layer_weights=list(factors.values()),
    )
    criterion = library.loss.PerceptualLoss(content, style, content_image=task.content, style_image=task.style)
    x = task.start.clone()
    optimiser = library.optim.default_image_optimizer(x)

    def evaluate():  # the closure inside pystiche.optim.image_optimization, which cannot be taken out of it
        optimiser.zero_grad()
        loss = criterion(x)
        loss.backward()
        return float(loss)

    return Problem(x, evaluate, optimiser)


def pystiche_frozen(task):
    return pystiche(task, frozen=True)


def import_pystiche():
    """Import pystiche 1.0.1, which reads torchvision's old tables of addresses: it is shown tables without any."""
    for name in ("alexnet", "vgg"):
        module = importlib.import_module(f"torchvision.models.{name}")
        if not hasattr(module, "model_urls"):
            module.model_urls = defaultdict(str)
    return importlib.import_module("pystiche")


KIT, PLAIN, UNFROZEN = "stylekit", "plain loop", "pystiche"
PEERS = {
    PLAIN: plain_loop,
    "neural-style": neural_style,
    UNFROZEN: pystiche,
    "pystiche, frozen": pystiche_frozen,
}


def installed_peers():
    """Return the contestants that are there; the name of one begins with that of its package."""
    return {name: build for name, build in PEERS.items() if name == PLAIN or version_of(name)}


def version_of(name):
    """Return the version of a contestant's package, None where it is not installed."""
    try:
        return version(name.split(",")[0])
    except PackageNotFoundError:
        return None
