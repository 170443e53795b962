"""Johnson's two measurements as data: Table 1, time against size, and Fig. 5, one pass against the descent.

Johnson, Alahi and Li, "Perceptual losses for real-time style transfer and super-resolution" (2016). The seconds of
their Table 1 (a Titan X) are from memory. Nothing here is painted: a recipe is one number, or one curve, to measure.
"""

from __future__ import annotations

from dataclasses import dataclass

from stylekit.feedforward import PAPER, PAPER_CONTENT_LAYERS, PAPER_STYLE_LAYERS, Architecture
from stylekit.objective import CONTENT_LAYERS, STYLE_LAYERS
from stylekit.paper.sources import Figure

MEASURED = {
    figure.name: figure
    for figure in (
        Figure("johnson1", "Seconds for one picture", "Johnson 2016, Table 1", "table"),
        Figure("johnson5", "One pass against the descent", "Johnson 2016, Fig. 5", "curves"),
    )
}
SIZES = (256, 512, 1024)
STEPS = (100, 300, 500)
PUBLISHED = {  # seconds, by steps; 0 is one pass of the network
    256: {100: 3.17, 300: 9.52, 500: 15.86, 0: 0.015},
    512: {100: 10.97, 300: 32.91, 500: 54.85, 0: 0.05},
    1024: {100: 42.89, 300: 128.66, 500: 214.44, 0: 0.21},
}
LOSS_NETWORKS = {  # by name: content and style layers
    "vgg16": (PAPER_CONTENT_LAYERS, PAPER_STYLE_LAYERS),
    "vgg19": (CONTENT_LAYERS, STYLE_LAYERS),
    "compact": (CONTENT_LAYERS, STYLE_LAYERS),
}
TRANSFORMERS = {"half width": Architecture(), "full width": Architecture(width=32), "as published": PAPER}
DESCENTS = ("noise", "photograph")
EVALUATIONS = 100  # of a descent in Fig. 5


@dataclass(frozen=True)
class Measurement:
    """One thing to measure: a descent by a loss network, or a pass of a transformation network, at one size in pixels.

    Of Table 1: `steps` evaluations of the objective, 0 for one pass, and the seconds that were `published` for it,
    where they were. Of Fig. 5: the objective along a descent that begins at `start`, or of one pass.
    """

    figure: str
    panel: str
    method: str
    network: str
    size: int
    steps: int
    source: str
    published: float | None = None
    start: str = ""


def measurements(figure: str) -> list[Measurement]:
    """Return the recipes of Table 1 ("johnson1") or of Fig. 5 ("johnson5")."""
    source = MEASURED[figure].source
    if figure == "johnson5":
        descents = [
            Measurement(figure, f"from-{start}", "descend", "compact", 256, EVALUATIONS, source, start=start)
            for start in DESCENTS
        ]
        return [*descents, Measurement(figure, "one-pass", "transform", "half width", 256, 0, source)]
    rows = []
    for size in SIZES:
        for network in LOSS_NETWORKS:
            for steps in STEPS:
                published = PUBLISHED[size][steps] if network == "vgg16" else None
                panel = f"{network}-{steps}-{size}"
                rows.append(Measurement(figure, panel, "descend", network, size, steps, source, published))
        for network in TRANSFORMERS:
            published = PUBLISHED[size][0] if network == "as published" else None
            rows.append(Measurement(figure, f"{network}-{size}", "transform", network, size, 0, source, published))
    return rows
