"""What a transformation network is trained to minimise: the optimisation's own losses, for a batch of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from stylekit.feedforward.network import TransformationNetwork
from stylekit.networks import FeatureNetwork
from stylekit.objective import (
    STYLE_LAYERS,
    Images,
    Layers,
    Objective,
    Value,
    by_kind,
    content_terms,
    in_units,
    layer_weights,
    responses,
    scores,
    style_terms,
    total_variation_term,
    tv_unit,
)

CONTENT_LAYERS = ("relu3_3",)  # as in the authors' released code
CONTENT_WEIGHT = 0.5  # against a style weight of 1; see `PerceptualLoss`
TV_WEIGHT = 0.0025
PAPER_CONTENT_LAYERS = ("relu2_2",)  # Johnson 2016, section 4.1
PAPER_STYLE_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")


class PerceptualLoss:
    r"""The objective of a transformation network: content, style and total variation, one value per picture.

    .. math:: \alpha C + \beta \sum_l w_l S_l + \gamma TV

    as in the scale "relative" of `stylekit.objective` (notebook 10; Johnson 2016, equations 2 and 4), with one
    difference: there each term is divided by what the photograph itself scores, here by the mean over `reference`, a
    few photographs. A network sees thousands, and those that chance to lie near the style would outweigh all others.
    The style layers are those of the optimisation: the kit's styles live on large forms, which Johnson's relu4_3 does
    not see. `style` may be the picture at several sizes: their Gram matrices are averaged. The content weight is many
    times that of an optimisation, because a network ends with a style loss ten times as high; the less, the smaller
    that loss is for a style. All images RGB in [0, 1].
    """

    def __init__(
        self,
        network: FeatureNetwork,
        style: Float[Tensor, "1 3 Hs Ws"] | Sequence[Float[Tensor, "1 3 _ _"]],
        reference: Images,
        *,
        content_layers: Layers = CONTENT_LAYERS,
        style_layers: Layers = STYLE_LAYERS,
        content_weight: float = CONTENT_WEIGHT,
        style_weight: float = 1.0,
        tv_weight: float = TV_WEIGHT,
    ):
        self.network, self.content_layers, self.content_weight = network, layer_weights(content_layers), content_weight
        with torch.no_grad():
            F = responses(network, reference, self.content_layers)
        self.power = {layer: f.square().mean() for layer, f in F.items()}
        styles = style_terms(network, style, style_layers, style_weight)
        units = [scored.mean() for scored in scores(network, styles, reference)]
        self.fixed = [*in_units(styles, units), total_variation_term(tv_weight, tv_unit(reference).mean())]

    def __call__(self, painted: Images, photographs: Images) -> dict[str, Value]:
        """Return "content", "style", "tv" and "total", with one value for each picture; none that weighs nothing."""
        content = content_terms(self.network, photographs, self.content_layers, self.content_weight, power=self.power)
        objective = Objective(self.network, [*content, *self.fixed])
        values = objective(painted)
        return by_kind(objective.terms.values(), values) | {"total": values["total"]}


class ManyStyles(nn.Module):
    """A network of several styles in training, and what it minimises: the styles take turns over the images.

    Called with photographs, it paints each in the next style; how many it has painted is kept in a buffer, so that a
    training that was resumed goes on with the same styles. `losses` holds a PerceptualLoss for each style, or for the
    last of them where the others are not to be taught again.
    """

    def __init__(self, network: TransformationNetwork, losses: Sequence[PerceptualLoss]):
        super().__init__()
        self.network, self.losses = network, tuple(losses)
        self.register_buffer("painted", torch.tensor(0))

    def forward(self, photographs: Images, corner: tuple[int, int] = (0, 0)) -> Images:
        self.turn = (self.painted.cpu() + torch.arange(len(photographs))) % len(self.losses)
        self.painted += len(photographs)
        styles = self.network.architecture.styles
        self.network.choose(torch.eye(styles)[styles - len(self.losses) + self.turn])
        return self.network(photographs, corner)

    def objective(self, painted: Images, photographs: Images) -> dict[str, Value]:
        """Return the terms of each image by its own style's loss, one value for each picture."""
        each = [self.losses[style](painted[k : k + 1], photographs[k : k + 1]) for k, style in enumerate(self.turn)]
        return {name: torch.cat([values[name] for values in each]) for name in each[0]}
