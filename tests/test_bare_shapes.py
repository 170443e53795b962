"""Wrong shapes without the shape hook that checks signatures in all other tests: readers have none.

A picture or a response that does not fit is refused with a sentence; it is never spread over the other one in silence.
"""

import numpy as np
import pytest
import torch
from conftest import picture

from stylekit import images, losses
from stylekit.colour import keep_colour, match_colour
from stylekit.errors import InputError
from stylekit.feedforward import Architecture, TransformationNetwork, transform
from stylekit.transfer import reconstruct, stylise, synthesise_texture

pytestmark = pytest.mark.usefixtures("unhooked")

N, M = 5, 77
H, W = 37, 53
GOOD = picture(H, W)


# Losses


def zeros(*shape, **options):
    return torch.zeros(shape, **options)


RESPONSES = {  # what is called, and what it is given
    "content_loss: another number of positions": (losses.content_loss, zeros(N, M), zeros(N, 60)),
    "content_loss: one position, which would be repeated": (losses.content_loss, zeros(N, M), zeros(N, 1)),
    "content_loss: one filter, which would be repeated": (losses.content_loss, zeros(1, M), zeros(N, M)),
    "content_loss: two images and one": (losses.content_loss, zeros(2, N, M), zeros(N, M)),
    "content_loss: no rows": (losses.content_loss, zeros(M), zeros(M)),
    "content_loss: eight bits": (losses.content_loss, zeros(N, M, dtype=torch.uint8), zeros(N, M, dtype=torch.uint8)),
    "content_loss: arrays": (losses.content_loss, np.zeros((N, M)), np.zeros((N, M))),
    "content_loss_gradient: two images and one": (losses.content_loss_gradient, zeros(2, N, M), zeros(1, N, M)),
    "content_loss_gradient: another layer": (losses.content_loss_gradient, zeros(N, M), zeros(7, M)),
    "gram_matrix: no rows": (losses.gram_matrix, zeros(M)),
    "gram_matrix: whole numbers": (losses.gram_matrix, zeros(N, M, dtype=torch.int64)),
    "gram_matrix: a list": (losses.gram_matrix, [[1.0, 2.0]]),
    "style_layer_loss: the Gram matrix of another layer": (losses.style_layer_loss, zeros(N, M), zeros(7, 7)),
    "style_layer_loss: of one filter": (losses.style_layer_loss, zeros(N, M), zeros(1, 1)),
    "style_layer_loss: a row of it": (losses.style_layer_loss, zeros(N, M), zeros(N)),
    "style_layer_loss: responses in its place": (losses.style_layer_loss, zeros(N, M), zeros(N, M)),
    "style_layer_loss: three for one image": (losses.style_layer_loss, zeros(N, M), zeros(3, N, N)),
    "style_layer_loss: three for two images": (losses.style_layer_loss, zeros(2, N, M), zeros(3, N, N)),
    "style_layer_loss_gradient: of one filter": (losses.style_layer_loss_gradient, zeros(N, M), zeros(1, 1)),
    "style_layer_loss_gradient: three for one": (
        losses.style_layer_loss_gradient,
        zeros(1, N, M),
        zeros(3, N, N),
    ),
    "style_loss: layers of one image and of two": (losses.style_loss, [zeros(2), zeros(1)], [1.0, 1.0]),
    "total_variation: no colours": (losses.total_variation, zeros(H, W)),
    "total_variation: eight bits": (losses.total_variation, zeros(1, 3, H, W, dtype=torch.uint8)),
    "total_loss: two images and one": (losses.total_loss, zeros(2), zeros(), 1.0, 1.0),
    "total_loss: a column and a row": (losses.total_loss, zeros(2, 1), zeros(2), 1.0, 1.0),
}


@pytest.mark.parametrize("call", RESPONSES.values(), ids=RESPONSES)
def test_a_loss_refuses_shapes_that_do_not_belong_together_and_says_what_it_expects(call):
    loss, *given = call
    with pytest.raises(InputError, match="expect") as told:
        loss(*given)
    shapes = [str(tuple(x.shape)) for x in given if isinstance(x, torch.Tensor)]
    assert all(shape in str(told.value) for shape in shapes)


def test_one_gram_matrix_may_serve_a_batch_and_each_image_may_have_its_own():
    F, A = torch.rand(3, N, M), torch.rand(3, N, N)
    for loss in (losses.style_layer_loss, losses.style_layer_loss_gradient):
        for one in (A[:1], A[0]):
            torch.testing.assert_close(loss(F, one)[2], loss(F[2], A[0]))
        torch.testing.assert_close(loss(F, A)[2], loss(F[2], A[2]))


# Pictures

SHAPES = {
    "a batch of two": GOOD.repeat(2, 1, 1, 1),
    "no batch": GOOD[0],
    "grey": GOOD[:, :1],
    "transparent": torch.cat([GOOD, GOOD[:, :1]], dim=1),
    "channels last": GOOD.permute(0, 2, 3, 1),
}
UP_TO_255 = {"eight bits": (GOOD * 255).to(torch.uint8), "0 to 255": GOOD * 255}


def painter():
    return TransformationNetwork(Architecture(width=2)).requires_grad_(False).eval()


PAINTERS = {
    "stylise, the photograph": lambda x, n: stylise(x, GOOD, n),
    "stylise, the style picture": lambda x, n: stylise(GOOD, x, n),
    "reconstruct": lambda x, n: reconstruct(x, n, "relu2_1"),
    "synthesise_texture": lambda x, n: synthesise_texture(x, n),
    "transform": lambda x, n: transform(painter(), x),
}
HANDLERS = {
    "to_array": images.to_array,
    "to_pil": images.to_pil,
    "png_bytes": images.png_bytes,
    "resize_image": lambda x: images.resize_image(x, 47),
    "keep_colour, the painting": lambda x: keep_colour(x, GOOD),
    "keep_colour, the photograph": lambda x: keep_colour(GOOD, x),
    "keep_colour, both": lambda x: keep_colour(x, x),
    "match_colour, the style picture": lambda x: match_colour(x, GOOD),
    "match_colour, the photograph": lambda x: match_colour(GOOD, x),
}


def refused(function, *given):
    """Return the sentence with which something is refused at once, before anything is drawn from a generator."""
    with pytest.raises(InputError) as told:
        function(*given)
    assert "\n" not in str(told.value)
    return str(told.value)


@pytest.mark.parametrize("kind", [kind for kind in SHAPES if kind != "no batch"])
@pytest.mark.parametrize("paint", PAINTERS.values(), ids=PAINTERS)
def test_a_painter_takes_one_picture_of_three_colours(paint, kind, network):
    said = refused(paint, SHAPES[kind], network)
    assert "(1, 3, H, W)" in said and str(tuple(SHAPES[kind].shape)) in said


@pytest.mark.parametrize("kind", UP_TO_255)
@pytest.mark.parametrize("paint", PAINTERS.values(), ids=PAINTERS)
def test_a_painter_refuses_numbers_up_to_255_and_says_what_to_divide_by(paint, kind, network):
    assert "255" in refused(paint, UP_TO_255[kind], network)


@pytest.mark.parametrize("paint", PAINTERS.values(), ids=PAINTERS)
def test_a_painter_refuses_numbers_from_minus_1_to_1(paint, network):
    assert "[0, 1]" in refused(paint, 2 * GOOD - 1, network)


@pytest.mark.parametrize("handle", HANDLERS.values(), ids=HANDLERS)
@pytest.mark.parametrize("kind", SHAPES)
def test_a_picture_of_another_shape_is_never_written_resized_or_coloured(handle, kind):
    if handle is HANDLERS["resize_image"] and kind == "a batch of two":
        return  # each of them is resized
    assert str(tuple(SHAPES[kind].shape)) in refused(handle, SHAPES[kind])


@pytest.mark.parametrize("handle", HANDLERS.values(), ids=HANDLERS)
@pytest.mark.parametrize("kind", UP_TO_255)
def test_a_picture_of_0_to_255_is_never_taken_for_one_in_0_to_1(handle, kind):
    assert "divide 0..255 by 255" in refused(handle, UP_TO_255[kind])


def test_what_a_descent_outside_the_box_leaves_is_cut_when_it_is_drawn():
    assert images.to_array(4 * GOOD - 1).max() == 1


def test_a_network_refuses_eight_bits_and_no_batch(network):
    assert "divide 0..255 by 255" in refused(network.features, UP_TO_255["eight bits"], ["relu1_1"])
    assert str(tuple(GOOD[0].shape)) in refused(network.features, GOOD[0], ["relu1_1"])


def test_a_refused_picture_leaves_no_file(tmp_path):
    for given in (*SHAPES.values(), *UP_TO_255.values()):
        refused(images.save_image, given, tmp_path / "picture.png")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("paint", PAINTERS.values(), ids=PAINTERS)
def test_a_painter_takes_one_picture_without_its_batch_for_what_it_is(paint, network):
    first = lambda made: made if isinstance(made, torch.Tensor) else next(made).image  # noqa: E731
    torch.manual_seed(0)
    expected = first(paint(GOOD, network))
    torch.manual_seed(0)
    assert torch.equal(first(paint(SHAPES["no batch"], network)), expected)


def test_a_batch_is_resized_picture_by_picture():
    other = picture(H, W, seed=1)
    both = images.resize_image(torch.cat([GOOD, other]), 47)
    torch.testing.assert_close(both, torch.cat([images.resize_image(one, 47) for one in (GOOD, other)]))
