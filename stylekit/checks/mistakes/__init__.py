"""What answers do instead, as data: for each task formulas, each with the sentence that names it.

A formula takes the task's arguments and gives what the mistaken answer would give, exactly or up to a factor. Those of
GRADIENTS give the right value, and a gradient that is not right.
"""

from stylekit.checks.mistakes.content import CONTENT_GRADIENT, CONTENT_LOSS
from stylekit.checks.mistakes.style import GRAM_MATRIX, STYLE_GRADIENT, STYLE_LAYER_LOSS
from stylekit.checks.mistakes.total import STYLE_LOSS, TOTAL_LOSS, TOTAL_VARIATION, VARIATION_GRADIENT
from stylekit.checks.mistakes.transforms import mistakes_of

__all__ = ["GRADIENTS", "MISTAKES", "mistakes_of"]

MISTAKES = {
    "content_loss": CONTENT_LOSS,
    "content_loss_gradient": CONTENT_GRADIENT,
    "gram_matrix": GRAM_MATRIX,
    "style_layer_loss": STYLE_LAYER_LOSS,
    "style_layer_loss_gradient": STYLE_GRADIENT,
    "style_loss": STYLE_LOSS,
    "total_loss": TOTAL_LOSS,
    "total_variation": TOTAL_VARIATION,
}

GRADIENTS = {"total_variation": VARIATION_GRADIENT}
