from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib import colors

from stylekit import figures

H, W = 7, 11


def picture(seed=0, height=H, width=W):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


def steps():
    """Two scales of a run: three Steps, then two; "content" starts at 0, which a logarithmic axis cannot show."""
    rows = [(1, 0, 5.0, 0.0), (2, 0, 3.0, 0.5), (3, 0, 2.0, 0.7), (4, 1, 4.0, 0.6), (5, 1, 1.5, 0.8)]
    return [
        SimpleNamespace(evaluations=n, scale=scale, losses={"content": content, "style relu1_1": total, "total": total})
        for n, scale, total, content in rows
    ]


def curves(figure):
    return {line.get_label(): line for line in figure.axes[0].lines if not line.get_label().startswith("_")}


def titles(figure):
    return [ax.get_title() for ax in figure.axes]


def test_strip_has_one_titled_panel_without_ticks_per_picture():
    figure = figures.strip({"photograph": picture(1), "style": picture(2), "painting": picture(3)}, title="A painting")
    assert titles(figure) == ["photograph", "style", "painting"]
    assert figure.get_suptitle() == "A painting"
    assert not any(ax.axison for ax in figure.axes)


def test_strip_draws_the_pixels_it_is_given_as_tensor_or_array():
    tensor, array = picture(1), picture(2, 5, 13)[0].permute(1, 2, 0).numpy()
    figure = figures.strip({"tensor": tensor, "array": array})
    drawn = [ax.images[0].get_array() for ax in figure.axes]
    np.testing.assert_array_equal(drawn[0], tensor[0].permute(1, 2, 0).numpy())
    np.testing.assert_array_equal(drawn[1], array)


def test_grid_names_rows_at_the_left_and_repeated_columns_once():
    rows = {layer: {"1e-5": picture(1), "1e-2": picture(2)} for layer in ("relu1_1", "relu5_1")}
    figure = figures.grid(rows)
    assert titles(figure) == ["1e-5", "1e-2", "", ""]
    assert [text.get_text() for ax in figure.axes for text in ax.texts] == ["relu1_1", "relu5_1"]


def test_grid_titles_every_picture_where_rows_differ_and_leaves_missing_panels_empty():
    figure = figures.grid({"first": {"a": picture(), "b": picture()}, "second": {"c": picture()}})
    assert titles(figure) == ["a", "b", "c", ""]
    assert [len(ax.images) for ax in figure.axes] == [1, 1, 1, 0]
    assert not any(ax.axison for ax in figure.axes)


@pytest.mark.parametrize("draw", [lambda: figures.strip({}), lambda: figures.grid({}), lambda: figures.loss_curves([])])
def test_nothing_to_draw_is_an_error_that_says_what_to_give(draw):
    with pytest.raises(ValueError, match="to draw"):
        draw()


def test_loss_curves_plot_every_term_as_given_on_a_logarithmic_axis():
    given = steps()
    figure = figures.loss_curves(iter(given))  # any iterable, as stylise is a generator
    assert figure.axes[0].get_yscale() == "log"
    assert curves(figure).keys() == {"total", "content", "style relu1_1"}
    for term, line in curves(figure).items():
        assert list(line.get_xdata()) == [step.evaluations for step in given]
        assert list(line.get_ydata()) == [step.losses[term] for step in given]


def test_loss_curves_mark_where_a_new_scale_begins():
    verticals = [line for line in figures.loss_curves(steps()).axes[0].lines if line.get_label().startswith("_")]
    assert [list(line.get_xdata()) for line in verticals] == [[4, 4]]


def test_loss_curves_are_labelled_directly_in_their_colours_without_overlap():
    figure = figures.loss_curves(steps())
    labels = {text.get_text(): text for text in figure.axes[0].texts if "scale" not in text.get_text()}
    lines = curves(figure)
    assert labels.keys() == lines.keys()
    assert figure.axes[0].get_legend() is None
    for term, text in labels.items():
        assert colors.same_color(text.get_color(), lines[term].get_color())
    heights = sorted(text.get_position()[1] for text in labels.values())
    assert min(np.diff(heights)) >= figures.LABEL_GAP - 1e-9  # total and style end at the same value


def test_loss_curves_tell_more_terms_apart_than_there_are_colours():
    losses = {f"style {n}": 1.0 + n for n in range(9)} | {"total": 20.0}
    figure = figures.loss_curves([SimpleNamespace(evaluations=n, scale=0, losses=losses) for n in (1, 2)])
    looks = {(line.get_color(), line.get_linestyle()) for line in curves(figure).values()}
    assert len(looks) == 10


@pytest.mark.filterwarnings("ignore:Data has no positive values")
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_loss_curves_of_a_single_step_or_a_zero_loss_can_be_drawn(value):
    figure = figures.loss_curves([SimpleNamespace(evaluations=1, scale=0, losses={"total": value})])
    figure.canvas.draw()


def test_figures_are_not_kept_by_pyplot_so_that_a_notebook_shows_them_once():
    before = plt.get_fignums()
    figures.strip({"photograph": picture()})
    figures.loss_curves(steps())
    assert plt.get_fignums() == before
