"""A viewer of the Gram matrix: an entry, the two maps whose product it sums up, and that product."""

from __future__ import annotations

import ipywidgets
import matplotlib
import torch
from jaxtyping import Float
from matplotlib.colors import to_hex
from torch import Tensor

from stylekit import figures
from stylekit.errors import InputError
from stylekit.figures.drawing import COLOURS
from stylekit.losses import gram_matrix
from stylekit.networks import LossNetwork
from stylekit.ui.features import coloured, map_words
from stylekit.ui.html import View, announced, captioned, labelled, sharp_html, wrapping

LARGEST = 16  # rows of the matrix of buttons: a browser draws 256 of them at once, and many more slowly
CELL = "22px"  # the side of such a button
MAP = 250  # pixels of the screen: the longer side of a map
CHOSEN = f"3px solid {COLOURS[1]}"  # the border of the button of the entry that is shown
LEVELS = 32  # colours of the matrix; each is one widget, which the buttons share


class GramViewer(View):
    """The Gram matrix of a layer, to be clicked; shows two feature maps, their product, and its sum, G_ij (Eq. 3).

    The sliders i and j reach all filters; where there are more than LARGEST, the matrix of buttons holds those of the
    most energy G_ii. Raises ValueError for a layer that is no ReLU of the network, for filters that the layer does not
    have, and for an image that is too small.
    """

    def __init__(
        self, network: LossNetwork, image: Float[Tensor, "1 3 H W"], layer: str = "relu1_1", i: int = 0, j: int = 1
    ):
        known = [name for name in network.layers if name.startswith("relu")]
        if layer not in known:
            raise InputError(f"a Gram matrix is that of responses: layer is one of {', '.join(known)}; got {layer!r}")
        with torch.no_grad():
            self.responses = network.features(image.to(network.mean.device), [layer])[layer][0]  # (N, H, W)
        self.layer, self.G = layer, gram_matrix(self.responses.flatten(1))  # (N, M) -> (N, N)
        self._check(i, j)
        options = {"min": 0, "max": len(self.G) - 1}
        self.i = labelled(ipywidgets.IntSlider, "filter i (row)", value=i, **options)
        self.j = labelled(ipywidgets.IntSlider, "filter j (column)", value=j, **options)
        self._make_view()
        self._observe()
        self._show()

    def choose(self, i: int, j: int) -> None:
        """Show an entry, as a click on it does. Raises ValueError for filters that the layer does not have."""
        self._check(i, j)
        for slider in (self.i, self.j):  # or the new row would be shown with the old column
            slider.unobserve(self._show, "value")
        self.i.value, self.j.value = i, j
        self._observe()
        self._show()

    def _check(self, *filters):
        last = len(self.G) - 1
        wrong = [number for number in filters if not 0 <= number <= last]
        if wrong:
            raise InputError(f"{self.layer} has filters 0 to {last}; got {wrong[0]!r}")

    def _observe(self):
        for slider in (self.i, self.j):
            slider.observe(self._show, "value")

    def _make_view(self):
        self.filters = sorted(self.G.diagonal().argsort(descending=True)[:LARGEST].tolist())
        self.buttons = self._make_buttons()
        self.maps, self.text = ipywidgets.HTML(), ipywidgets.HTML()
        layout = {"grid_template_columns": f"40px repeat({len(self.filters)}, {CELL})", "grid_auto_rows": CELL}
        grid = ipywidgets.GridBox(layout=layout | {"grid_gap": "0px"})
        place = ipywidgets.Layout(margin="0px", height=CELL)
        label = lambda text: ipywidgets.HTML(f'<center style="line-height: {CELL}">{text}</center>', layout=place)  # noqa: E731
        rows = [[label(i), *(self.buttons[i, j] for j in self.filters)] for i in self.filters]
        grid.children = [label("i \\ j"), *map(label, self.filters), *(cell for row in rows for cell in row)]
        entry = ipywidgets.VBox([self.i, self.j, self.text], layout={"width": "440px", "margin": "0px 0px 0px 16px"})
        which = "all" if len(self.filters) == len(self.G) else f"the {LARGEST} with the most energy of its"
        caption = f"The square root of G, {self.layer}, {which} {len(self.G)} filters"
        matrix = ipywidgets.VBox([ipywidgets.HTML(caption), grid])
        self.view = ipywidgets.VBox([wrapping(matrix, entry), self.maps])

    def _make_buttons(self):
        """Return a button for each entry (i, j), in the colour of its square root.

        The Tab key passes them by, as there are hundreds: the sliders are for the keyboard.
        """
        sizes = {"width": CELL, "height": CELL, "margin": "0px", "padding": "0px"}
        self._plain, self._chosen = ipywidgets.Layout(**sizes), ipywidgets.Layout(**sizes, border=CHOSEN)
        shades = matplotlib.colormaps["viridis"].resampled(LEVELS)
        styles = [ipywidgets.ButtonStyle(button_color=to_hex(shades(level))) for level in range(LEVELS)]
        levels = ((LEVELS - 1) * (self.G / (self.G.max() or 1)).sqrt()).round().int().tolist()
        buttons = {}
        for i in self.filters:
            for j in self.filters:
                tooltip = f"G[{i}, {j}] = {self.G[i, j].item():.4g}"
                button = ipywidgets.Button(
                    tooltip=tooltip, tabbable=False, layout=self._plain, style=styles[levels[i][j]]
                )
                button.on_click(lambda button, i=i, j=j: self.choose(i, j))
                buttons[i, j] = button
        return buttons

    def _show(self, change=None):
        entry = self.i.value, self.j.value
        for place, button in self.buttons.items():
            button.layout = self._chosen if place == entry else self._plain
        self.maps.value = "".join(
            captioned(sharp_html(colours, alt, MAP), name) for name, (colours, alt) in self._pictures().items()
        )
        self.text.value = announced(self._words())

    def _pictures(self):
        """Return by name the colours of the two maps and of their product, each with its words.

        Bright in the product is the product of the two largest responses, so that maps that never meet stay dark.
        """
        i, j = self.i.value, self.j.value
        one, two = self.responses[i], self.responses[j]
        largest = (one.max() * two.max()).item()
        alt = f"Their product, at most {(one * two).max().item():.3g}; yellow would be {largest:.3g}"
        return {
            f"filter i = {i}": (coloured(one), f"Feature map of filter {i}, {map_words(one)}"),
            f"filter j = {j}": (coloured(two), f"Feature map of filter {j}, {map_words(two)}"),
            "product (yellow: both largest)": (coloured(one * two, largest=largest), alt),
        }

    def _words(self):
        i, j, G, positions = self.i.value, self.j.value, self.G, self.responses[0].numel()
        number = f"G[{i}, {j}] = {G[i, j].item():.5g}"
        if i == j:
            return f"{number}: the energy of filter {i}, the sum of its squared responses at all {positions} positions."
        both = 100 * ((self.responses[i] > 0) & (self.responses[j] > 0)).double().mean().item()
        words = f"{number}, as G[{j}, {i}]: the sum of the product over all {positions} positions."
        words = f"{words} Both filters respond at {both:.0f} % of them."
        energies = (G[i, i] * G[j, j]).sqrt().item()
        return f"{words} Divided by the root of both energies: {G[i, j].item() / energies:.2f}." if energies else words

    def _still(self) -> figures.Drawing:
        """Draw the matrix, two maps and their product."""
        shown = {f"square root of G, {self.layer}": coloured(self.G.sqrt())}
        shown |= {name: colours for name, (colours, _) in self._pictures().items()}
        alt = f"The viewer of the Gram matrix without its controls. {self._words()}"
        title = f"G[{self.i.value}, {self.j.value}]: click another entry in Jupyter"
        return figures.maps(shown, title, columns=4, height=1.4, alt=alt)
