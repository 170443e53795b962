"""What a transformation network is trained to minimise: the optimisation's own losses, for a batch of pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from stylekit.losses import GramMatrix, content_loss, gram_matrix, style_layer_loss, style_loss, total_variation
from stylekit.networks import LossNetwork
from stylekit.transfer import SMALLEST, STYLE_LAYERS, layer_weights

CONTENT_LAYERS = ("relu3_3",)  # as in the authors' released code
CONTENT_WEIGHT = 0.5  # against a style weight of 1; see `PerceptualLoss`
TV_WEIGHT = 0.0025
PAPER_CONTENT_LAYERS = ("relu2_2",)  # Johnson 2016, section 4.1
PAPER_STYLE_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")

Images = Float[Tensor, "B 3 H W"]


class PerceptualLoss:
    r"""The objective of a transformation network: content, style and total variation, one value per picture.

    With content_weight, style_weight and tv_weight in front (notebook 10), as in `stylekit.transfer`:

    .. math:: \alpha C + \beta \sum_l w_l S_l + \gamma TV

    in the scale "relative" of that module, with one difference: there each term is divided by what the photograph
    itself scores, here by the mean over `reference`, a few photographs. A network sees thousands, and those that
    chance to lie near the style would outweigh all others. With one photograph as the reference both are the same.
    Each term is a mean over positions, so that a square cut from a photograph and the whole of it are measured alike.
    Content is compared with the photograph painted (Johnson 2016, equation 2), style with Gram matrices divided by
    their own M (equation 4 there; equation 4 of Gatys 2015). The style layers are those of the optimisation unless
    said otherwise: the kit's styles live on large forms, which Johnson's relu4_3 does not see. The content weight is
    many times that of an optimisation, because a network ends with a style loss ten times as high; the kit's own were
    trained with 0.25 to 1, the less the smaller that loss is for a style. All images RGB in [0, 1].
    """

    def __init__(
        self,
        network: LossNetwork,
        style: Float[Tensor, "1 3 Hs Ws"],
        reference: Images,
        *,
        content_layers: Iterable[str] | Mapping[str, float] = CONTENT_LAYERS,
        style_layers: Iterable[str] | Mapping[str, float] = STYLE_LAYERS,
        content_weight: float = CONTENT_WEIGHT,
        style_weight: float = 1.0,
        tv_weight: float = TV_WEIGHT,
    ):
        self.network, self.tv_weight = network, tv_weight
        self.content_weight, self.style_weight = content_weight, style_weight
        self.content_layers, self.style_layers = layer_weights(content_layers), layer_weights(style_layers)
        with torch.no_grad():
            responses = _responses(network, style, self.style_layers)
            self.A = {layer: gram_matrix(F) for layer, F in responses.items()}  # (1, N, N)
            self.M_style = {layer: F.shape[-1] for layer, F in responses.items()}
            responses = _responses(network, reference, self.content_layers | self.style_layers)
            self.content_unit = {layer: _mean(responses[layer].square()) for layer in self.content_layers}
            self.style_unit = {layer: _mean(self._style(responses[layer], layer)) for layer in self.style_layers}
            self.tv_unit = _mean(total_variation(reference) / reference[0].numel())

    def __call__(self, painted: Images, photographs: Images) -> dict[str, Float[Tensor, " B"]]:
        """Return the terms by name, and "total", with one value for each picture."""
        responses = _responses(self.network, painted, self.content_layers | self.style_layers)
        with torch.no_grad():
            P = _responses(self.network, photographs, self.content_layers)
        content = sum(
            w * content_loss(responses[layer], P[layer]) / P[layer][0].numel() / self.content_unit[layer]
            for layer, w in self.content_layers.items()
        )
        styles = [self._style(responses[layer], layer) / self.style_unit[layer] for layer in self.style_layers]
        terms = {
            "content": content,
            "style": style_loss(styles, list(self.style_layers.values())),
            "tv": total_variation(painted) / painted[0].numel() / self.tv_unit,
        }
        weights = {"content": self.content_weight, "style": self.style_weight, "tv": self.tv_weight}
        return terms | {"total": sum(weights[name] * term for name, term in terms.items())}

    def _style(self, F, layer):
        return style_layer_loss(F, self.A[layer], self.M_style[layer], gram=GramMatrix.apply)


def _responses(network, images, layers):
    """Return each layer's responses as F, (B, N, M), without copying them."""
    responses = network.features(images, layers)  # (B, N, H, W), channels last in memory
    return {layer: f.permute(0, 2, 3, 1).flatten(1, 2).transpose(1, 2) for layer, f in responses.items()}


def _mean(values):
    return values.mean().clamp(min=SMALLEST)
