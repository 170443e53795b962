import base64
import io
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib import colors
from PIL import Image

from stylekit import figures

H, W = 7, 11


def strip(*arguments, **options):
    return figures.strip(*arguments, **options).figure


def grid(*arguments, **options):
    return figures.grid(*arguments, **options).figure


def loss_curves(*arguments, **options):
    return figures.loss_curves(*arguments, **options).figure


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
    figure = strip({"photograph": picture(1), "style": picture(2), "painting": picture(3)}, title="A painting")
    assert titles(figure) == ["photograph", "style", "painting"]
    assert figure.get_suptitle() == "A painting"
    assert not any(ax.axison for ax in figure.axes)


def test_strip_draws_the_pixels_it_is_given_as_tensor_or_array():
    tensor, array = picture(1), picture(2, 5, 13)[0].permute(1, 2, 0).numpy()
    figure = strip({"tensor": tensor, "array": array})
    drawn = [ax.images[0].get_array() for ax in figure.axes]
    np.testing.assert_array_equal(drawn[0], tensor[0].permute(1, 2, 0).numpy())
    np.testing.assert_array_equal(drawn[1], array)


def test_grid_names_rows_at_the_left_and_repeated_columns_once():
    rows = {layer: {"1e-5": picture(1), "1e-2": picture(2)} for layer in ("relu1_1", "relu5_1")}
    figure = grid(rows)
    assert titles(figure) == ["1e-5", "1e-2", "", ""]
    assert [text.get_text() for ax in figure.axes for text in ax.texts] == ["relu1_1", "relu5_1"]


def test_grid_titles_every_picture_where_rows_differ_and_leaves_missing_panels_empty():
    figure = grid({"first": {"a": picture(), "b": picture()}, "second": {"c": picture()}})
    assert titles(figure) == ["a", "b", "c", ""]
    assert [len(ax.images) for ax in figure.axes] == [1, 1, 1, 0]
    assert not any(ax.axison for ax in figure.axes)


NOTHING = [
    lambda: figures.strip({}),
    lambda: figures.grid({}),
    lambda: figures.loss_curves([]),
    lambda: figures.maps({}),
    lambda: figures.curves({}),
    lambda: figures.bars({}),
]


@pytest.mark.parametrize("draw", NOTHING)
def test_nothing_to_draw_is_an_error_that_says_what_to_give(draw):
    with pytest.raises(ValueError, match="to draw"):
        draw()


def test_loss_curves_plot_every_term_as_given_on_a_logarithmic_axis():
    given = steps()
    figure = loss_curves(iter(given))  # any iterable, as stylise is a generator
    assert figure.axes[0].get_yscale() == "log"
    assert curves(figure).keys() == {"total", "content", "style relu1_1"}
    for term, line in curves(figure).items():
        assert list(line.get_xdata()) == [step.evaluations for step in given]
        assert list(line.get_ydata()) == [step.losses[term] for step in given]


def test_loss_curves_mark_where_a_new_scale_begins():
    verticals = [line for line in loss_curves(steps()).axes[0].lines if line.get_label().startswith("_")]
    assert [list(line.get_xdata()) for line in verticals] == [[4, 4]]


def test_loss_curves_are_labelled_directly_in_their_colours_without_overlap():
    figure = loss_curves(steps())
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
    figure = loss_curves([SimpleNamespace(evaluations=n, scale=0, losses=losses) for n in (1, 2)])
    looks = {(line.get_color(), line.get_linestyle()) for line in curves(figure).values()}
    assert len(looks) == 10


@pytest.mark.filterwarnings("ignore:Data has no positive values")
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_loss_curves_of_a_single_step_or_a_zero_loss_can_be_drawn(value):
    figure = loss_curves([SimpleNamespace(evaluations=1, scale=0, losses={"total": value})])
    figure.canvas.draw()


def test_figures_are_not_kept_by_pyplot_so_that_a_notebook_shows_them_once():
    before = plt.get_fignums()
    figures.strip({"photograph": picture()})
    figures.loss_curves(steps())
    assert plt.get_fignums() == before


def test_a_drawing_shows_its_alternative_text_to_every_reader_of_a_notebook():
    drawing = figures.strip({"photograph": picture()}, title="What <goes> in", alt='A "cat" & <noise>')
    bundle, metadata = drawing._repr_mimebundle_()
    assert bundle["text/plain"] == repr(drawing) == 'A "cat" & <noise>'
    assert metadata["image/png"]["alt"] == 'A "cat" & <noise>'
    assert 'alt="A &quot;cat&quot; &amp; &lt;noise&gt;"' in bundle["text/html"]
    png = base64.b64decode(bundle["image/png"])
    assert Image.open(io.BytesIO(png)).format == "PNG"
    assert bundle["image/png"] in bundle["text/html"]


def test_without_words_the_alternative_text_is_the_title_and_the_names():
    given = steps()
    assert figures.strip({"p": picture(), "a": picture()}, title="What goes in").alt == "What goes in: p, a"
    assert figures.grid({"row": {"p": picture()}, "other": {"a": picture()}}).alt == "row: p; other: a"
    assert figures.maps({"first": np.zeros((H, W))}).alt == "first"
    assert figures.curves({"y": ([1, 2], [3, 4])}, title="A line").alt == "A line: y"
    assert figures.bars({"E": 2.0}, title="Losses").alt == "Losses: E 2"
    assert figures.frames(picture(), {"box": (0, 0, 2, 3)}).alt == "box"
    assert figures.loss_curves(given).alt.endswith(": content, style relu1_1, total")


def test_maps_draw_numbers_in_rows_with_a_range_each_or_a_shared_one():
    arrays = {f"map {n}": n * torch.ones(H, W) + torch.rand(H, W) for n in range(5)}
    own = figures.maps(arrays, columns=3).figure
    panels = [ax for ax in own.axes if ax.images]
    assert [ax.get_title() for ax in panels] == list(arrays)
    assert len({ax.get_subplotspec().rowspan.start for ax in panels}) == 2
    for ax, array in zip(panels, arrays.values(), strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), array)
        assert ax.images[0].get_clim() == pytest.approx((array.min().item(), array.max().item()))
    shared = figures.maps(arrays, shared=True).figure
    limits = {ax.images[0].get_clim() for ax in shared.axes if ax.images and ax.get_title()}
    assert len(limits) == 1


def test_a_cut_runs_between_pixels_left_of_the_column_it_names():
    errors, cut = np.arange(12.0).reshape(4, 3), np.array([2, 1, 1, 0])
    figure = figures.cuts({"e": (errors, cut), "picture": (picture(1)[0].permute(1, 2, 0).numpy(), None)}).figure
    assert titles(figure) == ["e", "picture"] and not any(ax.axison for ax in figure.axes)
    assert np.array_equal(figure.axes[0].images[0].get_array(), errors)
    for line in figure.axes[0].lines:  # its pale border, and the line
        corners = list(zip(line.get_xdata(), line.get_ydata(), strict=True))
        assert corners == [
            (1.5, -0.5),
            (1.5, 0.5),
            (0.5, 0.5),
            (0.5, 1.5),
            (0.5, 1.5),
            (0.5, 2.5),
            (-0.5, 2.5),
            (-0.5, 3.5),
        ]
    assert len(figure.axes[0].lines) == 2 and not figure.axes[1].lines


def test_cuts_refuse_no_panel_and_a_cut_of_another_length():
    with pytest.raises(ValueError, match="at least one"):
        figures.cuts({})
    with pytest.raises(ValueError, match="4 rows, its cut 3"):
        figures.cuts({"e": (np.zeros((4, 3)), np.zeros(3, dtype=int))})


def test_signed_maps_have_zero_in_the_middle_of_their_colours():
    (panel,) = figures.maps({"difference": torch.tensor([[-3.0, 1.0], [2.0, 0.0]])}, signed=True).figure.axes
    assert panel.images[0].get_clim() == (-3, 3)
    (silent,) = figures.maps({"zeros": torch.zeros(H, W)}, signed=True).figure.axes
    assert silent.images[0].get_clim() == (-1, 1)


def test_frames_draw_each_box_around_its_pixels():
    (ax,) = figures.frames(picture(), {"small": (1, 2, 3, 4), "large": (0, 0, 5, 6)}).figure.axes
    assert [patch.get_bbox().bounds for patch in ax.patches] == [(1.5, 0.5, 4, 3), (-0.5, -0.5, 6, 5)]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["small", "large"]


def test_curves_are_drawn_as_given_on_the_axes_asked_for():
    (ax,) = figures.curves({"a": ([1, 10], [2, 3]), "b": ([1, 10], [4, 5])}, log="x").figure.axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "linear")
    assert {line.get_label(): (*line.get_xdata(), *line.get_ydata()) for line in ax.lines} == {
        "a": (1, 10, 2, 3),
        "b": (1, 10, 4, 5),
    }


def test_contours_draw_each_level_where_the_heights_reach_it_and_paths_as_given_on_one_scale():
    x, y = np.linspace(-2, 3, 101), np.linspace(-1, 1, 83)
    heights = x[None, :] ** 2 + 25 * y[:, None] ** 2  # (83, 101)
    paths = {"zigzag": ([-2, 1, 0], [1, -0.5, 0]), "straight": ([-2, 0], [1, 0])}
    (ax,) = figures.contours(x, y, heights, levels=(1, 4), paths=paths).figure.axes
    lines = ax.collections[0].get_paths()
    for level, line in zip((1, 4), lines, strict=True):
        across, up = line.vertices.T
        np.testing.assert_allclose(across**2 + 25 * up**2, level, atol=0.02)
        assert across.max() == pytest.approx(level**0.5, abs=0.01)
    assert {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in ax.lines} == paths
    assert ax.get_aspect() == 1 and ax.get_xlim() == (-2, 3) and ax.get_ylim() == (-1, 1)


def test_contours_of_heights_in_another_shape_are_an_error_that_names_the_right_one():
    with pytest.raises(ValueError, match="row for each of the 7 values of y and a column for each of the 11 of x"):
        figures.contours(np.arange(W), np.arange(H), np.zeros((W, H)), levels=(1,), paths={})


def test_bars_are_as_long_as_their_numbers_and_carry_them():
    (ax,) = figures.bars({"paper": 1.0, "keras": 7.25}).figure.axes
    assert [bar.get_width() for bar in ax.patches] == [1.0, 7.25]
    assert [text.get_text() for text in ax.texts] == ["1", "7.25"]


def test_table_aligns_columns_and_leaves_missing_entries_empty():
    text = figures.table({"by hand": {"error": 0.00012345, 5: 5}, "autograd": {5: 12}}, corner="route")
    assert text.splitlines() == [
        "route        error   5",
        "--------  --------  --",
        "by hand   0.000123   5",
        "autograd            12",
    ]
