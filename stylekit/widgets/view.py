"""What both widgets are made of: a labelled slider, a picture with words, and a drawing for where no widget works."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from typing import TypeVar

import ipywidgets
from jaxtyping import Float
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
