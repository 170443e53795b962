"""What holds for whatever sizes, weights, layers and pictures: Hypothesis looks for a counterexample.

It looks in the same places each time. Sizes run to the kit's limit; pictures are small, so that many are tried.
"""

import io
import math
import string
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as some
from PIL import Image

from stylekit import images
from stylekit.colour import MODES, finish_colours, keep_colour, match_colour, prepare_style
from stylekit.commands.stylise import parse_layers
from stylekit.errors import InputError
from stylekit.objective import layer_weights
from stylekit.transfer import COARSEST, coarse_to_fine
from stylekit.video import Film, film_size

settings.register_profile("fast", max_examples=40, deadline=None, derandomize=True, database=None)
always = settings.get_profile("fast")

sides = some.integers(1, images.LARGEST_SIDE)
layer_names = some.from_regex(r"(conv|relu)[1-5]_[1-4]", fullmatch=True)
weights = some.dictionaries(layer_names, some.just(0.0) | some.floats(1e-6, 1e6), min_size=1, max_size=6)


@some.composite
def pictures(draw, smallest=1, largest=24):
    """An image of 8-bit levels, (1, 3, H, W): noise, or one colour, or two halves, in any shape."""
    height, width = draw(some.integers(smallest, largest)), draw(some.integers(smallest, largest))
    levels = np.random.default_rng(draw(some.integers(0, 2**32 - 1))).integers(0, 256, (height, width, 3))
    low, high = sorted(draw(some.tuples(some.integers(0, 255), some.integers(0, 255))))
    return images.from_array((np.clip(levels, low, high) / 255).astype(np.float32))


# Sizes


@always
@given(sides, sides, some.integers(1, images.LARGEST_SIDE))
@example(8192, 1, 32)
def test_a_fitted_picture_has_the_longer_side_asked_for_and_keeps_its_shape_to_half_a_pixel(height, width, size):
    found = images.fit(height, width, size)
    assert max(found) == size and min(found) >= 1
    for side, own in zip(found, (height, width), strict=True):
        exact = own * size / max(height, width)
        assert abs(side - exact) <= 0.5 or (side == 1 and exact < 1)
    assert images.fit(width, height, size) == found[::-1]


@always
@given(sides)
def test_sizes_coarse_to_fine_about_double_up_to_the_one_asked_for_and_begin_small_enough(size):
    sizes = coarse_to_fine(size)
    assert sizes[-1] == size and sizes == sorted(set(sizes))
    assert all(abs(fine - 2 * coarse) <= 1 for coarse, fine in zip(sizes, sizes[1:], strict=False))
    assert sizes[0] < 2 * COARSEST and (len(sizes) == 1 or sizes[0] >= COARSEST)


@always
@given(sides, sides, some.integers(images.SMALLEST_SIDE, images.LARGEST_SIDE))
def test_a_film_is_fitted_to_even_sides_nearest_to_those_of_a_picture_and_a_gif_to_the_same(height, width, size):
    one = Fraction(1)
    film = Film(Path("film.mp4"), height, width, one, 1, one, one, one, None)
    exact, even = film_size(film, "small.gif", size), film_size(film, "small.mp4", size)
    assert exact == images.fit(height, width, size) and film_size(film, "small.mp4") == (height, width)
    assert all(e % 2 == 0 and e >= 2 and abs(e - side) <= 1 for e, side in zip(even, exact, strict=True))


# Layers and weights


@always
@given(weights, some.floats(1e-3, 1e3))
def test_layer_weights_sum_to_one_keep_their_ratios_and_do_not_feel_a_common_factor(given_weights, factor):
    assume(any(given_weights.values()))
    found = layer_weights(given_weights)
    assert sum(found.values()) == pytest.approx(1) and all(w > 0 for w in found.values())
    assert found.keys() == {layer for layer, w in given_weights.items() if w > 0}
    total = math.fsum(given_weights.values())
    assert found == pytest.approx({layer: given_weights[layer] / total for layer in found})
    assert layer_weights({layer: factor * w for layer, w in given_weights.items()}) == pytest.approx(found)


@always
@given(some.lists(layer_names, min_size=1, unique=True))
def test_names_alone_weigh_the_same_in_any_order_and_weighing_twice_changes_nothing(names):
    found = layer_weights(names)
    assert list(found) == names and set(found.values()) == {1 / len(names)}
    assert layer_weights(found) == pytest.approx(found) == layer_weights(names[::-1])


@always
@given(weights, layer_names, some.one_of(some.floats(max_value=-1e-300), some.sampled_from([math.inf, math.nan])))
def test_a_weight_that_is_negative_or_not_finite_is_refused_wherever_it_stands(given_weights, layer, bad):
    with pytest.raises(InputError, match="layer weights must be finite"):
        layer_weights(given_weights | {layer: bad})


@always
@given(weights)
def test_layers_that_are_written_as_words_are_read_back_as_they_were(given_weights):
    assert parse_layers([f"{layer}={weight!r}" for layer, weight in given_weights.items()]) == given_weights
    assert parse_layers(list(given_weights)) == dict.fromkeys(given_weights, 1.0)


@always
@given(layer_names, some.text(string.ascii_letters + "=,; ", min_size=1))
def test_a_weight_that_is_no_number_is_refused_with_the_layers_name(layer, word):
    try:
        float(word)
    except ValueError:
        with pytest.raises(InputError, match=layer):
            parse_layers([f"{layer}={word}"])


# Pictures


@always
@given(pictures(), some.dictionaries(some.text(string.ascii_letters, min_size=1, max_size=9), some.text(), max_size=3))
def test_a_png_gives_back_each_level_and_each_text(image, texts):
    texts = {name: text.replace("\0", "").replace("\r", "") for name, text in texts.items()}
    assume(all(text.isprintable() for text in texts.values()))
    read = Image.open(io.BytesIO(images.png_bytes(image, texts)))
    assert np.array_equal(np.asarray(read), np.rint(image[0].permute(1, 2, 0).numpy() * 255))
    assert {name: str(text) for name, text in read.text.items()} == texts


@always
@given(pictures(), some.floats(-3, 3), some.floats(-3, 3))
def test_what_is_written_is_the_nearest_level_of_what_was_clamped(image, factor, shift):
    changed = factor * image + shift
    levels = np.asarray(images.to_pil(changed)).astype(float)
    clamped = changed[0].permute(1, 2, 0).double().clamp(0, 1).numpy() * 255
    assert np.abs(levels - clamped).max() <= 0.5 + 1e-4


@always
@given(pictures(2), some.integers(2, 40), some.integers(2, 40))
def test_a_resized_picture_stays_in_0_to_1_and_one_colour_stays_that_colour(image, height, width):
    found = images.resize_image(image, (height, width))
    assert found.shape == (1, 3, height, width) and found.min() >= 0 and found.max() <= 1
    plain = image[..., :1, :1].expand_as(image)
    torch.testing.assert_close(images.resize_image(plain, (height, width)), plain[..., :1, :1].expand_as(found))
    torch.testing.assert_close(images.resize_image(image.mT, (width, height)), found.mT, atol=1e-5, rtol=0)


@always
@given(some.sampled_from(sorted(MODES)), pictures(2), pictures(2), pictures(2))
def test_every_colour_mode_gives_a_picture_in_0_to_1_of_the_same_shape(mode, painted, style, photograph):
    prepared, finished = prepare_style(mode, style, photograph), finish_colours(mode, painted, photograph)
    for given_picture, found in ((style, prepared), (painted, finished)):
        assert found.shape == given_picture.shape and found.min() >= 0 and found.max() <= 1


@always
@given(pictures(2))
def test_the_colours_of_a_picture_itself_change_nothing(image):
    torch.testing.assert_close(keep_colour(image, image), image, atol=1e-6, rtol=0)
    torch.testing.assert_close(match_colour(image, image), image, atol=1e-4, rtol=0)


@always
@given(pictures(2), some.data())
def test_kept_colours_leave_all_differences_of_channels_to_the_photograph_where_nothing_is_clamped(photograph, data):
    shift = data.draw(some.floats(-1, 1))
    found = keep_colour((photograph + shift).clamp(0, 1), photograph)
    inside = ((found > 0) & (found < 1)).all(dim=1, keepdim=True)
    chroma = lambda x: (x - x.mean(dim=1, keepdim=True)) * inside  # noqa: E731
    torch.testing.assert_close(chroma(found), chroma(photograph), atol=1e-6, rtol=0)
