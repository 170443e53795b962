"""What the widgets are made of: labelled sliders, pictures with words, and a drawing for where no widget works."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping
from typing import TypeVar

import ipywidgets
import matplotlib
import numpy as np
from jaxtyping import Float, Num, UInt8
from PIL import Image
from torch import Tensor

from stylekit.figures import Drawing
from stylekit.images import fit, jpeg_bytes

QUALITY = 85  # of a picture, a JPEG
SHOWN = 400  # pixels of the screen: the longer side of a picture


Control = TypeVar("Control", bound=ipywidgets.DOMWidget)


def losses_text(losses: Mapping[str, float]) -> str:
    """Return losses by name as a line, with three significant digits."""
    return ", ".join(f"{name} {value:.3g}" for name, value in losses.items())


def picture_html(image: Float[Tensor, "1 3 H W"], alt: str) -> str:
    """Return a picture as an HTML element with alternative text, as JPEG, shown SHOWN pixels wide or high."""
    encoded = base64.b64encode(jpeg_bytes(image, QUALITY)).decode()
    height, width = fit(*image.shape[-2:], SHOWN)
    place = f'width="{width}" height="{height}" decoding="sync"'  # sync: no blank moment between two frames
    return f'<img alt="{html.escape(alt)}" {place} src="data:image/jpeg;base64,{encoded}">'


def log_slider(low: float | int, high: float | int, value: float | int) -> ipywidgets.FloatSlider:
    """Return the slider of log10(alpha / beta)."""
    options = {"min": low, "max": high, "step": 0.25, "value": value, "readout_format": ".2f"}
    return labelled(ipywidgets.FloatSlider, "log10(alpha / beta)", **options)


def labelled(kind: type[Control], description: str, **options) -> Control:
    """Return a control with its label before it, all of one width."""
    return kind(description=description, style={"description_width": "130px"}, layout={"width": "420px"}, **options)


def bundle(view: ipywidgets.DOMWidget, drawing: Drawing) -> tuple[dict, dict]:
    """Return the widget for those who can show it, and a drawing for everybody else, as Jupyter asks for them."""
    data, metadata = drawing._repr_mimebundle_()
    return view._repr_mimebundle_() | data, metadata


def coloured(
    values: Num[Tensor, "H W"], signed: bool = False, largest: float | None = None
) -> UInt8[np.ndarray, "H W 3"]:
    """Return a map in the colours of `figures.maps`: dark to yellow; signed, purple below 0 and orange above.

    With `largest`, dark is 0 and yellow that number, whatever the map holds.
    """
    array = values.detach().cpu().double().numpy()
    low, high = (0, largest) if largest is not None else (array.min(), array.max())
    if signed:
        low, high = -np.abs(array).max(), np.abs(array).max()
    part = (array - low) / (high - low) if high > low else np.full(array.shape, signed / 2)
    return (matplotlib.colormaps["PuOr_r" if signed else "viridis"](part)[..., :3] * 255).round().astype(np.uint8)


def sharp_html(colours: UInt8[np.ndarray, "H W 3"], alt: str, size: int) -> str:
    """Return a small picture as an HTML element, enlarged to a longer side of `size`, every pixel a plain square."""
    picture, (height, width) = Image.fromarray(colours), fit(*colours.shape[:2], size)
    if max(picture.size) > size:
        picture = picture.resize((width, height), Image.Resampling.BOX)
    content = io.BytesIO()
    picture.save(content, "PNG")
    source = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    place = f'width="{width}" height="{height}" decoding="sync" style="image-rendering: pixelated"'
    return f'<img alt="{html.escape(alt)}" {place} src="{source}">'


def captioned(picture: str, caption: str) -> str:
    """Return a picture, an HTML element, with its caption above."""
    style = "display: inline-block; vertical-align: top; margin: 0 12px 6px 0; line-height: 1.3"
    return f'<figure style="{style}"><figcaption>{caption}</figcaption>{picture}</figure>'


def announced(sentence: str) -> str:
    """Return a sentence as an HTML element that a screen reader reads out when it changes."""
    return f'<div role="status" style="line-height: 1.4">{html.escape(sentence)}</div>'


def close_all(widget: ipywidgets.Widget) -> None:
    """Close a widget and all that it contains."""
    for child in getattr(widget, "children", ()):
        close_all(child)
    widget.close()
