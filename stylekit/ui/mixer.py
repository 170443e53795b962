"""A photograph painted by a mixture of two styles, in one pass, while its sliders move."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import ipywidgets
from jaxtyping import Float
from torch import Tensor

from stylekit import assets, figures
from stylekit.background import Worker
from stylekit.errors import InputError
from stylekit.feedforward import load_styles, load_transformer
from stylekit.feedforward.tiles import paint_image
from stylekit.images import load_image, resize_image, to_pil
from stylekit.ui.html import View, announced, captioned, labelled, picture_html, wrapping
from stylekit.ui.settings import mixture

GIVEN = 150  # pixels of the screen: the longer side of the photograph and of the style pictures


class StyleMixer(View):
    """A photograph painted by one network with two of its styles, mixed (Dumoulin 2017, section 3.3; notebook 10).

    Which two, how much of the second, and how strongly: each change paints anew, in one pass, in a thread; while a
    slider is drawn, what it says at the end of a pass comes next. `styles` are the two it begins with, of those that
    ship, or of a `file` of several styles; `size` is the longer side in pixels. Raises InputError for a network that
    knows less than two styles, and for styles that it does not know.
    """

    def __init__(
        self,
        photograph: Float[Tensor, "1 3 H W"],
        styles: tuple[str, str] = ("swirls", "waves"),
        file: str | Path | None = None,
        size: int = 256,
        device: str = "auto",
    ):
        self.photograph, self.size = resize_image(photograph.cpu(), size), size
        self.file, self.device, self.names = file, device, _names(file or styles[0], styles)
        self._lock, self._worker = threading.Lock(), None
        self._make_view(styles)
        self._give()
        self._show(self._pass(*self.mixed))
        for control in self.controls:
            control.observe(self._change, "value")

    def _make_view(self, styles):
        part = {"min": 0, "max": 1, "step": 0.05}
        self.first, self.second = (
            labelled(ipywidgets.Dropdown, words, options=self.names, value=style)
            for words, style in zip(("first style", "second style"), styles, strict=True)
        )
        self.share = labelled(ipywidgets.FloatSlider, "share of the second", value=0.5, **part)
        self.strength = labelled(ipywidgets.FloatSlider, "strength", value=1.0, **part)
        self.controls = [self.first, self.second, self.share, self.strength]
        self.given, self.image, self.text = (ipywidgets.HTML() for _ in range(3))
        knobs = ipywidgets.VBox([*self.controls, self.text], layout={"width": "440px"})
        self.view = ipywidgets.VBox([self.given, wrapping(knobs, self.image)])

    @property
    def mixed(self) -> tuple[dict[str, float], float]:
        """What the controls say now: the share of each style, and the strength."""
        return mixture(self.first.value, self.second.value, self.share.value), self.strength.value

    def close(self) -> None:
        """Take the widget away; what is painted yet is not shown."""
        with self._lock:
            self._worker = None
        super().close()

    def _change(self, change=None):
        """Paint in a thread of its own: it waits for the one before, and passes are shown in their order."""
        if change.owner in (self.first, self.second):
            self._give()
        with self._lock:
            self._worker = Worker(self._paint)
            self._worker.start()

    def _paint(self, worker):
        """Paint what the controls say, unless another change came while this one waited."""
        with self._lock:
            if self._worker is not worker:
                return
            said = self.mixed
        try:
            shown = self._pass(*said)
        except Exception as error:  # whatever it is: nobody but the reader of the widget looks into a thread
            shown = None, "", announced(f"This cannot be painted. {type(error).__name__}: {error}")
        with self._lock:
            if self._worker is not None:
                self._show(shown)

    def _pass(self, shares, strength):
        """Return the painting, its words, and a sentence on how it was made."""
        begun = time.perf_counter()
        painting = self._painted(shares, strength)
        words = f"{in_words(shares)}, strength {strength:.3g}"
        sentence = f"Shown: {words}; painted in {time.perf_counter() - begun:.2f} s."
        return painting, f"The photograph as a painting: {words}", announced(sentence)

    def _painted(self, shares, strength):
        return paint_image(load_transformer(shares, self.device, self.file), self.photograph, strength=strength)

    def _show(self, shown):
        painting, words, sentence = shown
        if painting is not None:
            self.image.value = picture_html(to_pil(painting), words)
        self.text.value = sentence  # last: it says what is shown

    def _give(self):
        """Show the photograph, and the pictures of the two styles."""
        pictures = {"photograph": self.photograph} | self._style_pictures()
        self.given.value = "".join(
            captioned(picture_html(to_pil(picture), f"The {name}", GIVEN), name) for name, picture in pictures.items()
        )

    def _style_pictures(self):
        """Return the pictures of the two styles by what they are called; a file may know styles that have none."""
        places = {"first style": self.first.value, "second style": self.second.value}
        known = assets.pictures()
        return {f"{place}: {name}": load_image(name, self.size) for place, name in places.items() if name in known}

    def _still(self) -> figures.Drawing:
        """Draw the painting as it is now between those of one style alone."""
        mixed, strength = self.mixed
        mixtures = {self.first.value: 1.0}, mixed, {self.second.value: 1.0}
        painted = {in_words(shares): self._painted(shares, strength) for shares in mixtures}
        below = {words.replace(" + ", "\n+ "): painting for words, painting in painted.items()}
        alt = f"The style mixer without its controls: {'; '.join(painted)}. Strength {strength:.3g}."
        return figures.strip(below, "Styles mixed by one network: the sliders work in Jupyter", 1.0, alt)


def _names(source, styles):
    """Return the styles that a network knows, and check those that are asked for."""
    _, names = load_styles(source)
    if len(names) < 2:
        raise InputError(f"to mix takes a network that knows two styles or more: {source} is one of a single style")
    for style in styles:
        if style not in names:
            known = f"{assets.suggest(style, names)}: expected {', '.join(names)}"
            raise InputError(f"{source} knows no style {style!r}{known}")
    return names


def in_words(shares: Mapping[str, float]) -> str:
    """Return a mixture as words: 0.7 swirls + 0.3 waves; of one style its name alone."""
    parts = {name: share for name, share in shares.items() if share}
    return " + ".join(f"{share:.3g} {name}" for name, share in parts.items()) if len(parts) > 1 else next(iter(parts))
