r"""The equations of the slides, each with its analytic gradient right under it.

:math:`p, a, x`
    the photograph, the style picture, the painting that is sought
:math:`N, M`
    a layer's number of filters, and of positions (H times W)
:math:`F, P`
    the layer's responses to :math:`x` and :math:`p`, after the ReLU, (N, M)
:math:`G, A`
    the Gram matrices of the responses to :math:`x` and :math:`a`, (N, N)
:math:`w_l`
    the weight of layer :math:`l` in the style loss
:math:`\alpha, \beta`
    the weights of content and style in the total loss

F and P have one row per filter, one column per position, as tensors (..., N, M). Leading dimensions are images of a
batch: every function returns one value, one Gram matrix or one gradient per image. Each raises InputError for shapes
that do not belong together, where PyTorch would often repeat the smaller one and say nothing.

The numbers Eq. 1 to Eq. 7 are those of the notebooks; the sources are Gatys, Ecker and Bethge (2015), "A Neural
Algorithm of Artistic Style", section Methods, and the slides of Su and YousefiAmiri (2019).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from stylekit.errors import InputError


def _fits(right: Callable[..., bool], expected: str) -> Callable[[Callable], Callable]:
    """Let a function raise InputError, before anything is computed, unless its arguments are `right`."""

    def decorate(function):
        @functools.wraps(function)
        def checked(*given, **named):
            if not right(*given, **named):
                came = (f"{tuple(x.shape)} of {x.dtype}" for x in (*given, *named.values()) if hasattr(x, "shape"))
                raise InputError(f"{function.__name__} expects {expected}; got {' and '.join(came) or 'no tensors'}")
            return function(*given, **named)

        return checked

    return decorate


def _rows(F):
    """Return whether F is (..., N, M), of floats."""
    return isinstance(F, Tensor) and F.is_floating_point() and F.ndim >= 2


def _of_one_size(F, P):
    return _rows(F) and _rows(P) and F.shape == P.shape


def _of_one_layer(F, A, *_, **__):
    """Return whether A has a row for each row of F, once for all images or once for each."""
    if not (_rows(F) and _rows(A)):
        return False
    images = zip(reversed(F.shape[:-2]), reversed(A.shape[:-2]), strict=False)
    return A.ndim <= F.ndim and A.shape[-2:] == (F.shape[-2],) * 2 and all(a in (1, f) for f, a in images)


def _alike(content, style, alpha, beta):
    return isinstance(content, Tensor) and isinstance(style, Tensor) and content.shape == style.shape


@_fits(_of_one_size, "F and P of one shape (..., N, M): resize one of the pictures, so that they have one size")
def content_loss(F: Float[Tensor, "*batch N M"], P: Float[Tensor, "*batch N M"]) -> Float[Tensor, "*batch"]:
    r"""Return half the squared distance of two responses.

    Eq. 1 (Gatys 2015, equation 1; notebook 02). At least 0.

    .. math:: L_{content}(p, x) = \frac{1}{2} \sum_{i=1}^{N} \sum_{j=1}^{M} (F_{ij} - P_{ij})^2
    """
    return (F - P).square().sum(dim=(-2, -1)) / 2


@_fits(_of_one_size, "F and P of one shape (..., N, M): resize one of the pictures, so that they have one size")
def content_loss_gradient(
    F: Float[Tensor, "*batch N M"], P: Float[Tensor, "*batch N M"]
) -> Float[Tensor, "*batch N M"]:
    r"""Return the derivative of the content loss with the mask of the rectifier.

    Eq. 2 (Gatys 2015, equation 2; notebook 02).

    .. math::

        \frac{\partial L_{content}}{\partial F_{ij}} =
        \begin{cases} (F - P)_{ij} & \text{if } F_{ij} > 0 \\ 0 & \text{otherwise} \end{cases}

    With the mask this is the derivative by :math:`Z`, the response before the ReLU, :math:`F = \max(Z, 0)`; by
    :math:`F` itself it is :math:`F - P` everywhere.
    """
    return (F - P) * (F > 0)


@_fits(_rows, "F as (..., N, M), a row for each filter: flatten the H x W positions of feature maps")
def gram_matrix(F: Float[Tensor, "*batch N M"]) -> Float[Tensor, "*batch N N"]:
    r"""Return the inner products of all pairs of rows: which filters respond together, wherever that may be.

    Eq. 3 (Gatys 2015, equation 3; notebook 03). Symmetric, positive semi-definite.

    .. math:: G_{ij} = \sum_k F_{ik} F_{jk}
    """
    return F @ F.transpose(-2, -1)  # (N, M) (M, N) -> (N, N)


class GramMatrix(torch.autograd.Function):
    r"""Eq. 3 again, as `GramMatrix.apply(F)`, for speed: its derivative takes one product, where autograd takes two.

    With :math:`D = \partial L / \partial G`, one term from each place of :math:`F` in :math:`G = F F^T`:

    .. math:: \frac{\partial L}{\partial F} = (D + D^T) F

    Written from the side of F^T, so that a network's responses, which lie in memory as (M, N), have their gradient in
    the same order.
    """

    @staticmethod
    def forward(ctx, F):
        ctx.save_for_backward(F)
        return gram_matrix(F)

    @staticmethod
    def backward(ctx, D):
        (F,) = ctx.saved_tensors
        return (F.transpose(-2, -1) @ (D + D.transpose(-2, -1))).transpose(-2, -1)  # (M, N) (N, N) -> (M, N) -> (N, M)


@_fits(_of_one_layer, "F as (..., N, M) and the Gram matrix of the same layer, A as (..., N, N)")
def style_layer_loss(
    F: Float[Tensor, "*batch N M"],
    A: Float[Tensor, "*#batch N N"],
    M_style: int | None = None,
    gram: Callable[[Tensor], Tensor] = gram_matrix,
) -> Float[Tensor, "*batch"]:
    r"""Return a layer's share of the style loss.

    Eq. 4 (Gatys 2015, equation 4; notebook 04). At least 0.

    .. math:: E_l = \frac{1}{4 N^2 M^2} \sum_{i,j} (G_{ij} - A_{ij})^2

    The printed formula holds for pictures of one size. With `M_style`, the number of positions behind :math:`A`, each
    Gram matrix is divided by its own :math:`M` first:
    :math:`\frac{1}{4 N^2} \sum_{i,j} (G_{ij} / M - A_{ij} / M_{style})^2`, the same where :math:`M_{style} = M`.

    `gram` computes G from F.
    """
    N, M = F.shape[-2:]
    difference = gram(F) / M - A / (M_style or M)
    return difference.square().sum(dim=(-2, -1)) / (4 * N**2)


@_fits(_of_one_layer, "F as (..., N, M) and the Gram matrix of the same layer, A as (..., N, N)")
def style_layer_loss_gradient(
    F: Float[Tensor, "*batch N M"], A: Float[Tensor, "*#batch N N"]
) -> Float[Tensor, "*batch N M"]:
    r"""Return the derivative of E_l with the mask of the rectifier.

    Eq. 6 (Gatys 2015, equation 6; notebook 04).

    .. math::

        \frac{\partial E_l}{\partial F_{ij}} = \begin{cases}
        \frac{1}{N^2 M^2} \left( F^T (G - A) \right)_{ji} & \text{if } F_{ij} > 0 \\
        0 & \text{else}
        \end{cases}

    Computed as :math:`((G - A) F)_{ij}`, which is the same because :math:`G - A` is symmetric. The mask as in Eq. 2.
    """
    N, M = F.shape[-2:]
    return (gram_matrix(F) - A) @ F / (N**2 * M**2) * (F > 0)


def style_loss(losses: Sequence[Float[Tensor, "*batch"]], weights: Sequence[float]) -> Float[Tensor, "*batch"]:
    r"""Return the weighted sum of the layers' losses.

    Eq. 5 (Gatys 2015, equation 5; notebook 04).

    .. math:: L_{style}(a, x) = \sum_l w_l \, E_l

    Its gradient: each layer has its own :math:`F`, which stands in one term only.

    .. math:: \frac{\partial L_{style}}{\partial F^l_{ij}} = w_l \, \frac{\partial E_l}{\partial F^l_{ij}}

    Raises InputError unless there is one weight for each loss, and one value per image in each.
    """
    if len(losses) != len(weights):
        raise InputError(f"expected one weight for each layer, got {len(losses)} losses and {len(weights)} weights")
    if len({E.shape for E in losses}) > 1:
        raise InputError(f"expected one value for each image in every loss, got {[tuple(E.shape) for E in losses]}")
    return sum((w * E for w, E in zip(weights, losses, strict=True)), start=torch.zeros(()))


@_fits(lambda x: _rows(x) and x.ndim >= 3, "pictures as (..., 3, H, W), of floats")
def total_variation(x: Float[Tensor, "*batch C H W"]) -> Float[Tensor, "*batch"]:
    r"""Return the sum of squared differences of neighbouring pixels, down and across.

    No equation of the slides (Johnson 2016, section 3.2; notebook 06). Small for smooth pictures; 0 for a constant one.

    .. math:: TV(x) = \sum_{ij} \left(x_{i+1,j} - x_{ij}\right)^2 + \left(x_{i,j+1} - x_{ij}\right)^2

    Its gradient: :math:`n` runs over the neighbours of :math:`ij`, at most four.

    .. math:: \frac{\partial TV}{\partial x_{ij}} = 2 \sum_{n} \left(x_{ij} - x_n\right)

    The picture x is RGB in [0, 1], (..., 3, H, W). The sums run over its colours, too.
    """
    down = (x[..., 1:, :] - x[..., :-1, :]).square().sum(dim=(-3, -2, -1))
    across = (x[..., :, 1:] - x[..., :, :-1]).square().sum(dim=(-3, -2, -1))
    return down + across


@_fits(_alike, "one value of content and one of style for each image")
def total_loss(
    content: Float[Tensor, "*batch"], style: Float[Tensor, "*batch"], alpha: float, beta: float
) -> Float[Tensor, "*batch"]:
    r"""Return the weighted sum of both losses.

    Eq. 7 (Gatys 2015, equation 7; notebook 06).

    .. math:: L_{total}(p, a, x) = \alpha \, L_{content}(p, x) + \beta \, L_{style}(a, x)

    Its gradient: both losses pull at each pixel independently.

    .. math::

        \frac{\partial L_{total}}{\partial x} = \alpha \, \frac{\partial L_{content}}{\partial x} + \beta \,
        \frac{\partial L_{style}}{\partial x}
    """
    return alpha * content + beta * style
