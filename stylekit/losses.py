"""The equations of the slides, each with its analytic gradient right under it.

F holds the responses of one layer to the picture being painted, P to the photograph: N filters, M positions, one row
per filter, as a tensor (..., N, M). Leading dimensions are images of a batch: every function returns one value, one
Gram matrix or one gradient per image. G and A are the Gram matrices of the painting and of the style picture.

The numbers Eq. 1 to Eq. 7 are those of the notebooks; the sources are Gatys, Ecker and Bethge (2015), "A Neural
Algorithm of Artistic Style", section Methods, and the slides of Su and YousefiAmiri (2019).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor


def content_loss(F: Float[Tensor, "*batch N M"], P: Float[Tensor, "*batch N M"]) -> Float[Tensor, "*batch"]:
    """Return half the squared distance of two responses.

    Eq. 1: L_content = 1/2 sum_ij (F_ij - P_ij)^2 (Gatys 2015, equation 1; notebook 02). At least 0.
    """
    return (F - P).square().sum(dim=(-2, -1)) / 2


def content_loss_gradient(
    F: Float[Tensor, "*batch N M"], P: Float[Tensor, "*batch N M"]
) -> Float[Tensor, "*batch N M"]:
    """Return the derivative of the content loss with the mask of the rectifier.

    Eq. 2: dL_content/dF_ij = (F - P)_ij if F_ij > 0, else 0 (Gatys 2015, equation 2; notebook 02). With the mask this
    is the derivative by Z, the response before the ReLU, where F = max(Z, 0); by F itself it is F - P everywhere.
    """
    return (F - P) * (F > 0)


def gram_matrix(F: Float[Tensor, "*batch N M"]) -> Float[Tensor, "*batch N N"]:
    """Return the inner products of all pairs of rows: which filters respond together, wherever that may be.

    Eq. 3: G_ij = sum_k F_ik F_jk (Gatys 2015, equation 3; notebook 03). Symmetric, positive semi-definite.
    """
    return F @ F.transpose(-2, -1)  # (N, M) (M, N) -> (N, N)


class GramMatrix(torch.autograd.Function):
    """Eq. 3 again, as `GramMatrix.apply(F)`, for speed: its derivative takes one product, where autograd takes two.

    With D = dL/dG, F is multiplied by D from both of its places in G = F F^T: dL/dF = (D + D^T) F. Written from the
    side of F^T, so that a network's responses, which lie in memory as (M, N), have their gradient in the same order.
    """

    @staticmethod
    def forward(ctx, F):
        ctx.save_for_backward(F)
        return gram_matrix(F)

    @staticmethod
    def backward(ctx, D):
        (F,) = ctx.saved_tensors
        return (F.transpose(-2, -1) @ (D + D.transpose(-2, -1))).transpose(-2, -1)  # (M, N) (N, N) -> (M, N) -> (N, M)


def style_layer_loss(
    F: Float[Tensor, "*batch N M"],
    A: Float[Tensor, "*#batch N N"],
    M_style: int | None = None,
    gram: Callable[[Tensor], Tensor] = gram_matrix,
) -> Float[Tensor, "*batch"]:
    """Return a layer's share of the style loss.

    Eq. 4: E_l = 1/(4 N^2 M^2) sum_ij (G_ij - A_ij)^2 (Gatys 2015, equation 4; notebook 04). At least 0.
    The printed formula holds for pictures of one size. With `M_style`, the number of positions behind A, each Gram
    matrix is divided by its own M first: 1/(4 N^2) sum_ij (G_ij / M - A_ij / M_style)^2, the same where M_style = M.
    `gram` computes G from F.
    """
    N, M = F.shape[-2:]
    difference = gram(F) / M - A / (M_style or M)
    return difference.square().sum(dim=(-2, -1)) / (4 * N**2)


def style_layer_loss_gradient(
    F: Float[Tensor, "*batch N M"], A: Float[Tensor, "*#batch N N"]
) -> Float[Tensor, "*batch N M"]:
    """Return the derivative of E_l with the mask of the rectifier.

    Eq. 6: dE_l/dF_ij = 1/(N^2 M^2) ((F)^T (G - A))_ji if F_ij > 0, else 0 (Gatys 2015, equation 6; notebook 04).
    Computed as ((G - A) F)_ij, which is the same because G - A is symmetric. The mask as in Eq. 2.
    """
    N, M = F.shape[-2:]
    return (gram_matrix(F) - A) @ F / (N**2 * M**2) * (F > 0)


def style_loss(losses: Sequence[Float[Tensor, "*batch"]], weights: Sequence[float]) -> Float[Tensor, "*batch"]:
    """Return the weighted sum of the layers' losses.

    Eq. 5: L_style = sum_l w_l E_l (Gatys 2015, equation 5; notebook 04). Raises ValueError unless there is one
    weight for each loss.
    """
    if len(losses) != len(weights):
        raise ValueError(f"expected one weight for each layer, got {len(losses)} losses and {len(weights)} weights")
    return sum((w * E for w, E in zip(weights, losses, strict=True)), start=torch.zeros(()))


def total_variation(x: Float[Tensor, "*batch C H W"]) -> Float[Tensor, "*batch"]:
    """Return the sum of squared differences of neighbouring pixels, down and across (Johnson 2016, section 3.2).

    The picture x is RGB in [0, 1], (..., 3, H, W). Small for smooth pictures; 0 for a constant one.
    """
    down = (x[..., 1:, :] - x[..., :-1, :]).square().sum(dim=(-3, -2, -1))
    across = (x[..., :, 1:] - x[..., :, :-1]).square().sum(dim=(-3, -2, -1))
    return down + across


def total_loss(
    content: Float[Tensor, "*batch"], style: Float[Tensor, "*batch"], alpha: float, beta: float
) -> Float[Tensor, "*batch"]:
    """Return the weighted sum of both losses.

    Eq. 7: L_total = alpha L_content + beta L_style (Gatys 2015, equation 7; notebook 06).
    """
    return alpha * content + beta * style
