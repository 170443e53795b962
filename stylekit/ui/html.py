"""What pages are made of: pictures with words, sentences, links, labelled controls. Nothing here is slow to import."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

QUALITY = 85  # of a picture, a JPEG
SHOWN, THUMBNAIL = 400, 80  # pixels of the screen: the longer side of a picture, the side of a thumbnail


def picture_html(picture: Image.Image, alt: str, side: int = SHOWN) -> str:
    """Return a picture as an HTML element with alternative text, as JPEG, shown `side` pixels wide or high."""
    kept = picture.copy()
    kept.thumbnail((2 * side, 2 * side))  # for screens with two pixels to one
    content = io.BytesIO()
    kept.save(content, "JPEG", quality=QUALITY, subsampling=0)
    return image_html(content.getvalue(), "image/jpeg", alt, _place(picture.size, side))


def thumbnail_html(picture: Image.Image, alt: str) -> str:
    """Return a square from the middle of a picture as a small HTML element."""
    return picture_html(ImageOps.fit(picture, (2 * THUMBNAIL, 2 * THUMBNAIL)), alt, THUMBNAIL)


def sharp_html(colours: UInt8[np.ndarray, "H W 3"], alt: str, side: int) -> str:
    """Return a small picture as an HTML element, enlarged to a longer side of `side`, every pixel a plain square."""
    picture, content = Image.fromarray(colours), io.BytesIO()
    if max(picture.size) > side:
        picture = ImageOps.contain(picture, (side, side), Image.Resampling.BOX)
    picture.save(content, "PNG")
    style = f"{_place(picture.size, side)}; image-rendering: pixelated"
    return image_html(content.getvalue(), "image/png", alt, style)


def image_html(content: bytes, kind: str, alt: str, style: str) -> str:
    """Return a picture file as an HTML element; "sync" leaves no blank moment between two frames."""
    return f'<img alt="{html.escape(alt)}" decoding="sync" style="{style}" src="{data_url(content, kind)}">'


def _place(size, side):
    """Return the style of a picture of this size whose longer side is to have `side` pixels on the screen."""
    width, height = (max(1, round(length * side / max(size))) for length in size)
    return f"width: {width}px; height: {height}px; max-width: none"


def data_url(content: bytes, kind: str) -> str:
    """Return a content of a media type as an address that holds it."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def captioned(picture: str, caption: str) -> str:
    """Return a picture, an HTML element, with its caption above."""
    style = "display: inline-block; vertical-align: top; margin: 0 12px 6px 0; line-height: 1.3"
    return f'<figure style="{style}"><figcaption>{caption}</figcaption>{picture}</figure>'


def announced(sentence: str) -> str:
    """Return a sentence as an HTML element that a screen reader reads out when it changes."""
    return f'<div role="status" style="line-height: 1.4">{html.escape(sentence)}</div>'


def download_html(content: bytes, kind: str, name: str) -> str:
    """Return a link that saves the content as a file of this name."""
    place = f'download="{html.escape(name)}" style="text-decoration: underline"'
    return f'<a {place} href="{data_url(content, kind)}">Download {html.escape(name)}</a>'


def losses_text(losses: Mapping[str, float]) -> str:
    """Return losses by name as a line, with three significant digits."""
    return ", ".join(f"{name} {value:.3g}" for name, value in losses.items())


def labelled(kind: type[ipywidgets.DOMWidget], description: str, **options) -> ipywidgets.DOMWidget:
    """Return a control with its label before it, all of one width."""
    return kind(description=description, style={"description_width": "130px"}, layout={"width": "420px"}, **options)


def wrapping(*widgets: ipywidgets.DOMWidget) -> ipywidgets.Box:
    """Return widgets side by side, and one below the other where the page is narrow."""
    return ipywidgets.Box(widgets, layout={"flex_flow": "row wrap"})


def log_slider(low: float | int, high: float | int, value: float | int) -> ipywidgets.FloatSlider:
    """Return the slider of log10(alpha / beta)."""
    options = {"min": low, "max": high, "step": 0.25, "value": value, "readout_format": ".2f"}
    return labelled(ipywidgets.FloatSlider, "log10(alpha / beta)", **options)


def buttons(acts: Mapping[str, Callable]) -> list[ipywidgets.Button]:
    """Return a button for each act, by what is written on it."""
    made = [ipywidgets.Button(description=name) for name in acts]
    for button, act in zip(made, acts.values(), strict=True):
        button.on_click(act)
    return made


def fill(shelf: ipywidgets.Box, cells: Iterable[tuple[ipywidgets.DOMWidget, ...]]) -> None:
    """Put columns of widgets side by side; those that were there are closed, or ipywidgets would keep them for ever."""
    before = shelf.children
    layout = {"margin": "0 4px 4px 0"}
    shelf.children = [ipywidgets.VBox(list(cell), layout=layout) for cell in cells]
    for cell in before:
        close_all(cell)


def close_all(widget: ipywidgets.Widget) -> None:
    """Close a widget and all that it contains."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    widget.close()


class View:
    """What shows itself as the value of a cell: its widgets, `view`, or a drawing, `_still`, where none can be."""

    def close(self) -> None:
        """Take the widgets away."""
        close_all(self.view)

    def _repr_mimebundle_(self, include=None, exclude=None):
        data, metadata = self._still()._repr_mimebundle_()
        return self.view._repr_mimebundle_() | data, metadata


class SliderNames(anywidget.AnyWidget):
    """Gives every slider of the page its label as its name, which ipywidgets does not, so that it can be heard."""

    _esm = Path(__file__).parent / "web" / "slider-names.js"
