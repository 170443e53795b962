"""What the papers and the slides print: their figures, their ratios, the pictures in them, and who plays those here.

Sources: Gatys, Ecker and Bethge, "A Neural Algorithm of Artistic Style" (2015, arXiv:1508.06576), "2015" below;
the same, "Image Style Transfer Using Convolutional Neural Networks" (CVPR 2016), "CVPR" below; the slides of Su and
YousefiAmiri (2019). What could not be read there again is marked "from memory".
"""

from __future__ import annotations

from dataclasses import dataclass

from stylekit.assets import suggest
from stylekit.errors import InputError


@dataclass(frozen=True)
class Figure:
    """A figure's name on the command line, its title, its source, and how it is laid out: "grid" or "plates"."""

    name: str
    title: str
    source: str
    layout: str = "grid"


FIGURES = {
    figure.name: figure
    for figure in (
        Figure("fig1", "What each layer keeps: style (top) and content (bottom)", "2015, Fig. 1"),
        Figure("fig2", "One photograph in five styles", "2015, Fig. 2", "plates"),
        Figure("fig3", "More layers downwards, more content to the right", "2015, Fig. 3"),
        Figure("cvpr1", "What each layer keeps: style (top) and content (bottom)", "CVPR, Fig. 1"),
        Figure("cvpr3", "One photograph in five styles", "CVPR, Fig. 3", "plates"),
        Figure("cvpr4", "More content to the right: the ratio alpha / beta", "CVPR, Fig. 4, from memory"),
        Figure("cvpr5", "Content matched at a low and at a high layer", "CVPR, Fig. 5, from memory"),
        Figure("cvpr6", "Six starts of the descent", "CVPR, Fig. 6, from memory"),
        Figure("cvpr7", "A photograph in the style of a photograph", "CVPR, Fig. 7, from memory; the ratio is ours"),
        Figure("slides1", "A landscape and The Scream", "slides of 2019; the ratio is ours"),
        Figure("slides2", "A dancer and a Picasso", "slides of 2019; the ratio is ours"),
    )
}

# Who plays a part in a figure: offline; with the papers' pictures; and the original, None where it is not to be had.
# The second and the third differ where the copyright of the original is unclear.
CAST = {
    "the photograph": ("chelsea", "tubingen", "tubingen"),
    "Shipwreck": ("haze", "shipwreck", "shipwreck"),
    "Starry Night": ("swirls", "starry_night", "starry_night"),
    "The Scream": ("waves", "the_scream", "the_scream"),
    "Seated Nude": ("facets", "udnie", "picasso_seated_nude"),
    "Composition VII": ("shapes", "composition_vii", "composition_vii"),
    "Jesuiten III": ("facets", "udnie", None),
    "London": ("coffee", "tubingen", None),
    "New York by night": ("rocket", "rocket", None),
    "the landscape": ("coffee", "tubingen", None),
    "the dancer": ("astronaut", "astronaut", "pytorch_tutorial_dancing"),
    "the Picasso": ("facets", "udnie", "pytorch_tutorial_picasso"),
}

FIG2 = (  # panel, style, alpha / beta in 2015, alpha / beta at the CVPR
    ("B", "Shipwreck", 1e-3, 1e-3),
    ("C", "Starry Night", 1e-3, 8e-4),
    ("D", "The Scream", 1e-3, 5e-3),
    ("E", "Seated Nude", 1e-4, 5e-4),
    ("F", "Composition VII", 1e-4, 5e-4),
)
FIG3_RATIOS = (1e-5, 1e-4, 1e-3, 1e-2)
CVPR4_RATIOS = (1e-4, 1e-3, 1e-2, 1e-1)


def check_figure(name: str) -> None:
    """Raise ValueError unless a figure has that name."""
    if name not in FIGURES:
        raise InputError(f"unknown figure {name!r}{suggest(name, FIGURES)}: expected one of {', '.join(FIGURES)}")
