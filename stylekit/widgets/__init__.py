"""Widgets: feature maps, entries of a Gram matrix, stored panels, and a painting that goes on while its sliders move.

All show themselves as the value of a cell: the widget where a kernel and a widget manager are at hand, else (in an
exported page, on a code-hosting site) a Drawing with the same content. The sliders of the last two say alpha / beta as
the papers print it; in the scale "relative", in which the compact network paints, the content weight is FACTOR times
that. They are at home in notebooks 01, 03 and 07.
"""

from stylekit.widgets.explorer import WeightsExplorer, nearest_panel, panels_with_losses
from stylekit.widgets.features import FeatureBrowser, ReceptiveField, receptive_field, strongest
from stylekit.widgets.gram import GramViewer
from stylekit.widgets.live import FACTOR, LivePainting, Settings, objective

__all__ = [
    "FACTOR",
    "FeatureBrowser",
    "GramViewer",
    "LivePainting",
    "ReceptiveField",
    "Settings",
    "WeightsExplorer",
    "nearest_panel",
    "objective",
    "panels_with_losses",
    "receptive_field",
    "strongest",
]
