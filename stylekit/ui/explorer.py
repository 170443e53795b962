"""Stored panels looked up with sliders. Nothing is computed, nothing interpolated."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping

import ipywidgets
from torch import Tensor

from stylekit import figures
from stylekit.errors import InputError
from stylekit.images import to_pil
from stylekit.paper import Panel
from stylekit.ui.html import View, labelled, log_slider, losses_text, picture_html


class WeightsExplorer(View):
    """Sliders for alpha / beta and the set of style layers; shows the nearest stored panel. Nothing is computed."""

    def __init__(self, panels: Mapping[str, Panel]):
        self.panels = panels
        sets = {panel.recipe.style_layers: None for panel in panels.values()}
        logs = [math.log10(panel.recipe.published) for panel in panels.values()]
        labels = [(layers[-1], layers) for layers in sets]
        self.log_ratio = log_slider(min(logs), max(logs), sorted(logs)[len(logs) // 2])
        self.layers = labelled(ipywidgets.SelectionSlider, "style layers up to", options=labels, value=labels[-1][1])
        self.picture, self.text = ipywidgets.HTML(), ipywidgets.HTML()
        self.view = ipywidgets.VBox([self.log_ratio, self.layers, self.picture, self.text])
        for slider in (self.log_ratio, self.layers):
            slider.observe(self._show, "value")
        self._show()

    def _show(self, change=None):
        panel = nearest_panel(self.panels, self.log_ratio.value, self.layers.value)
        self.picture.value = picture_html(to_pil(panel.image), f"The stored panel {panel.recipe.panel}")
        self.text.value = panel_text(panel)

    def _still(self) -> figures.Drawing:
        """Draw all panels."""
        return panels_with_losses(self.panels)


def nearest_panel(panels: Mapping[str, Panel], log_ratio: float | int, layers: tuple[str, ...]) -> Panel:
    """Return the panel of these style layers whose log10(alpha / beta) is nearest; of two as near, the first.

    Raises ValueError where no panel has these layers.
    """
    row = [panel for panel in panels.values() if panel.recipe.style_layers == layers]
    if not row:
        raise InputError(f"no panel has the style layers {', '.join(layers)}: take those of one of the panels")
    return min(row, key=lambda panel: round(abs(math.log10(panel.recipe.published) - log_ratio), 6))


def panel_text(panel: Panel) -> str:
    """Return as HTML which stored panel is shown, and its losses."""
    recipe = panel.recipe
    which = f"alpha / beta = {recipe.published:g}, style layers {', '.join(recipe.style_layers)}"
    weight = f"content weight {recipe.content_weight:g} in scale &quot;{recipe.scale}&quot;"
    spent = f"{panel.evaluations} evaluations in {panel.seconds:.0f} s"
    made = f"{recipe.sizes[-1]} px, {spent} on {html.escape(panel.machine)}"
    return f"Shown: the <b>stored</b> panel with {which}; {weight}.<br>{losses_text(panel.losses)}.<br>Stored: {made}."


def panels_with_losses(panels: Mapping[str, Panel]) -> figures.Drawing:
    """Draw all panels, each with its ratio, its content loss C and the mean S of its style layer losses."""
    rows: dict[str, dict[str, Tensor]] = {}
    for panel in panels.values():
        styles = [value for name, value in panel.losses.items() if name.startswith("style")]
        values = f"C {panel.losses['content']:.2g}, S {sum(styles) / len(styles):.2g}"
        row = rows.setdefault(panel.recipe.row, {})
        row[f"$10^{{{math.log10(panel.recipe.published):.3g}}}$\n{values}"] = panel.image
    names = "; ".join(f"{label}: {', '.join(row)}" for label, row in rows.items())
    names = names.translate({ord("\n"): ": ", ord("$"): "", ord("{"): "(", ord("}"): ")"})
    alt = f"The stored panels: from row to row more style layers, from left to right more content. {names}"
    return figures.grid(rows, "Stored panels: alpha / beta, content loss C, style loss S", 1.0, alt)
