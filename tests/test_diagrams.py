import numpy as np
import pytest
import torch
from matplotlib import colors
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from stylekit.figures import Arrow, Box, diagram

BOXES = {"one": Box(0, 0, "first\nbox"), "two": Box(3, 0.2, "second", height=2.0), "bar": Box(1.5, 3, "sum", width=5.0)}


def draw(boxes=None, arrows=(), **options):
    figure = diagram(boxes or BOXES, arrows, **options).figure
    figure.canvas.draw()
    return figure


def arrows_of(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, FancyArrowPatch)]


def test_each_box_is_drawn_with_its_words_at_its_place_and_in_its_size():
    ax = draw().axes[0]
    drawn = {(round(p.get_x(), 9), round(p.get_y(), 9), p.get_width(), p.get_height()) for p in ax.patches}
    assert drawn == {(-0.55, -0.4, 1.1, 0.8), (2.45, -0.8, 1.1, 2.0), (-1, 2.6, 5.0, 0.8)}
    words = {text.get_text(): text.get_position() for text in ax.texts}
    assert words == {"first\nbox": (0, 0), "second": (3, 0.2), "sum": (1.5, 3)}


def test_all_boxes_lie_inside_and_a_unit_is_as_long_across_as_up():
    figure = draw()
    ax = figure.axes[0]
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert figure.get_size_inches() / figure.get_size_inches()[0] == pytest.approx([1, (top - bottom) / (right - left)])
    assert left < -1 and right > 4 and bottom < -0.8 and top > 3.4
    assert ax.get_aspect() == 1 and not ax.axison


def test_a_picture_fills_its_box_as_given_and_its_words_stand_below():
    picture = torch.rand(1, 3, 7, 11, generator=torch.Generator().manual_seed(0))
    ax = draw(BOXES | {"x": Box(0, 5, "photograph", 1.1, 0.7, picture=picture)}).axes[0]
    (image,) = ax.images
    assert image.get_extent() == pytest.approx((-0.55, 0.55, 4.65, 5.35))
    np.testing.assert_array_equal(image.get_array(), picture[0].permute(1, 2, 0).numpy())
    below = next(text for text in ax.texts if text.get_text() == "photograph")
    assert below.get_position()[1] < 4.65 and ax.get_ylim()[1] > 5.35 and ax.get_xlim()[1] > 4


def test_an_arrow_joins_the_edges_of_its_boxes_and_not_their_middles():
    figure = draw({"a": Box(0, 0, "a"), "b": Box(4, 0, "b")}, [Arrow("a", "b")])
    (arrow,) = arrows_of(figure)
    xs = arrow.get_path().vertices[:3, 0]  # of the shaft, up to the tip
    assert 0.5 < xs.min() < 0.7 and 3.3 < xs.max() < 3.5


@pytest.mark.parametrize(("pair", "axis", "value"), [(("one", "bar"), 0, 0), (("one", "two"), 1, 0)])
def test_arrows_are_upright_or_level_where_the_boxes_overlap(pair, axis, value):
    (arrow,) = arrows_of(draw(arrows=[Arrow(*pair)]))
    shaft = arrow.get_path().vertices[:2]
    np.testing.assert_allclose(shaft[:, axis], value, atol=1e-6)


def test_a_gradient_goes_back_dashed_and_in_another_colour():
    forth, back = arrows_of(draw(arrows=[Arrow("one", "two"), Arrow("bar", "one", "gradient", back=True)]))
    assert forth.get_linestyle() == "-" and back.get_linestyle() == "--"
    assert not colors.same_color(forth.get_edgecolor(), back.get_edgecolor())


def test_a_frame_lies_behind_the_boxes_that_it_holds():
    ax = draw({"inner": Box(0, 0, "in"), "frame": Box(0, 0, "out", 3, 3, frame=True)}).axes[0]
    inner, frame = (patch for patch in ax.patches if isinstance(patch, FancyBboxPatch))
    assert frame.get_width() == 3 and frame.get_zorder() < inner.get_zorder()
    assert next(text for text in ax.texts if text.get_text() == "out").get_position()[1] < -1


def test_words_of_an_arrow_are_drawn_and_boxes_are_the_words_for_those_who_cannot_see():
    arrows = [Arrow("one", "two", "the way"), Arrow("bar", "one", "gradient", back=True)]
    drawing = diagram(BOXES, arrows, title="A system")
    assert {"the way", "gradient"} < {text.get_text() for text in drawing.figure.axes[0].texts}
    assert drawing.alt == "A system: first box, second, sum" and drawing.figure.get_suptitle() == "A system"
    assert diagram(BOXES, [], alt="three boxes").alt == "three boxes"


def test_no_box_and_an_arrow_to_nowhere_are_errors_that_say_what_to_give():
    with pytest.raises(ValueError, match="no box to draw: give at least one"):
        diagram({}, [])
    with pytest.raises(ValueError, match=r"not there: \['tow'\]; the boxes are \['one', 'two', 'bar'\]"):
        diagram(BOXES, [Arrow("one", "tow")])
