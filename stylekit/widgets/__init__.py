"""Two widgets on Eq. 7: stored panels to look up with sliders, and a painting that goes on while its sliders move.

Both show themselves as the value of a cell: the widget where a kernel and a widget manager are at hand, else (in an
exported page, on a code-hosting site) a Drawing with the same content. Their sliders say alpha / beta as the papers
print it; in the scale "relative", in which the compact network paints, the content weight is FACTOR times that.
"""

from stylekit.widgets.explorer import WeightsExplorer, nearest_panel, panels_with_losses
from stylekit.widgets.live import FACTOR, LivePainting, Settings, objective

__all__ = [
    "FACTOR",
    "LivePainting",
    "Settings",
    "WeightsExplorer",
    "nearest_panel",
    "objective",
    "panels_with_losses",
]
