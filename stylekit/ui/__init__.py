"""Widgets and the studio: what a reader of a notebook moves, and a page for those who read none.

All show themselves as the value of a cell: the widget where a kernel and a widget manager are at hand, else (in an
exported page, on a code-hosting site) pictures with the same content. Feature maps are at home in notebook 01, the Gram
matrix in 03, stored panels and the live painting in 07, mixed styles in 10, the studio in 12. The sliders of notebook
07 say alpha / beta as the papers print it; in the scale "relative", in which the compact network paints, the content
weight is FACTOR times that. Names are imported when they are asked for: the studio's page stands before PyTorch is
loaded.
"""

from stylekit import lazy

__getattr__, __dir__, __all__ = lazy(
    globals(),
    {
        "explorer": "WeightsExplorer nearest_panel panels_with_losses",
        "features": "FeatureBrowser strongest",
        "gallery": "Choice",
        "gram": "GramViewer",
        "jobs": "Preview make_film make_picture",
        "live": "FACTOR LivePainting LiveSettings live_objective",
        "mixer": "StyleMixer",
        "settings": "METHODS StudioSettings",
        "studio": "Studio",
    },
)
