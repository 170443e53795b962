"""A painting that goes on while you watch and move its sliders."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import ipywidgets
from jaxtyping import Float
from torch import Tensor

from stylekit import figures
from stylekit.background import Worker, stop_workers
from stylekit.images import resize_image, to_pil
from stylekit.networks import COMPACT, LossNetwork
from stylekit.objective import CONTENT_LAYERS, STYLE_LAYERS, TV_WEIGHT, Objective, painting_objective
from stylekit.optimise import Step, minimise
from stylekit.transfer import stylise
from stylekit.ui.html import View, announced, buttons, labelled, log_slider, losses_text, picture_html, wrapping

FACTOR = COMPACT.manner.factor  # content weight in the scale "relative" / published alpha / beta
FRAME = 0.1  # seconds between two frames, at least
STEPS = 400  # evaluations after which a painting rests until a slider moves or Start is pressed
TV_WEIGHTS = (0.0, 1e-3, TV_WEIGHT["relative"], 1e-2, 1e-1)
AT_REST = f"At rest after {STEPS} evaluations, or at the bottom. It goes on when a slider moves, or with Start."
STARTS = ("content", "noise", "style")


@dataclass(frozen=True)
class LiveSettings:
    """What the sliders of a live painting say. Layer weights need not sum to 1; if all are 0, only content counts."""

    log_ratio: float | int = -3.0
    layer_weights: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(STYLE_LAYERS, 1.0))
    content_layer: str = CONTENT_LAYERS[0]
    tv_weight: float = TV_WEIGHT["relative"]

    @property
    def content_weight(self) -> float:
        """The weight of the content loss in the scale "relative", against 1 for the style loss."""
        return FACTOR * 10**self.log_ratio


def live_objective(
    content: Float[Tensor, "1 3 H W"], style: Float[Tensor, "1 3 h w"], network: LossNetwork, settings: LiveSettings
) -> Objective:
    """Return Eq. 7 with the weights of the settings, in the scale "relative"."""
    return painting_objective(
        network,
        content,
        style,
        content_layers=[settings.content_layer],
        style_layers=settings.layer_weights,
        content_weight=settings.content_weight,
        style_weight=float(any(settings.layer_weights.values())),
        tv_weight=settings.tv_weight,
    )


class LivePainting(View):
    """A painting that goes on while you watch and move its sliders. It begins when Start is pressed, in a thread.

    A slider that moves restarts the descent from the present picture; "begin from" begins anew. Making a LivePainting,
    as when its cell runs again, stops those before it. `size` is the longer side in pixels.
    """

    def __init__(
        self, content: Float[Tensor, "1 3 H W"], style: Float[Tensor, "1 3 h w"], network: LossNetwork, size: int = 192
    ):
        stop_workers()
        self.content, self.style = (resize_image(image.to(network.mean.device), size) for image in (content, style))
        self.network, self.size = network, size
        self._lock, self._worker, self._changes, self._resting = threading.Lock(), None, 0, False
        self._make_controls()
        self._make_view()
        self._show(self.content, "Not begun: press Start.", "")

    def _make_controls(self):
        said, select = LiveSettings(), ipywidgets.SelectionSlider
        relus = [layer for layer in self.network.layers if layer.startswith("relu")]
        tv = [(f"{weight:g}", weight) for weight in TV_WEIGHTS]
        self.log_ratio = log_slider(-5, 0, said.log_ratio)
        self.layer_weights = {
            layer: labelled(ipywidgets.FloatSlider, f"w of {layer}", min=0, max=1, step=0.1, value=weight)
            for layer, weight in said.layer_weights.items()
        }
        self.content_layer = labelled(select, "content layer", options=relus, value=said.content_layer)
        self.tv_weight = labelled(select, "total variation", options=tv, value=said.tv_weight)
        self.begin_from = labelled(select, "begin from", options=STARTS)
        self.controls = [self.log_ratio, *self.layer_weights.values(), self.content_layer, self.tv_weight]
        for control in self.controls:
            control.continuous_update = False
            control.observe(self._change, "value")
        self.begin_from.continuous_update = False
        self.begin_from.observe(self.begin, "value")

    def _make_view(self):
        acts = buttons({"Start": self.start, "Stop": self.stop, "Begin anew": self.begin})
        self.start_button, self.stop_button, self.begin_button = acts
        self.image, self.status, self.text = (ipywidgets.HTML() for _ in range(3))
        shown = ipywidgets.VBox([ipywidgets.HBox(acts), self.image, self.status, self.text])
        shown.layout.width = "450px"  # or a long line would push it below the sliders
        knobs = ipywidgets.VBox([*self.controls, self.begin_from])
        self.view = wrapping(knobs, shown)

    @property
    def settings(self) -> LiveSettings:
        """What the sliders say now."""
        weights = {layer: slider.value for layer, slider in self.layer_weights.items()}
        return LiveSettings(self.log_ratio.value, weights, self.content_layer.value, self.tv_weight.value)

    @property
    def painting(self) -> bool:
        """Whether it paints now."""
        return self._worker is not None and not self._worker.stopped.is_set()

    def start(self, button: object = None) -> None:
        """Paint on from the present picture; does nothing while it paints."""
        with self._lock:
            if not self.painting:
                self._worker, self._resting = Worker(self._paint), False
                self._say("Painting.")
                self._worker.start()

    def stop(self, button: object = None) -> None:
        """Stop painting and keep the picture."""
        self._resting = False
        if self._worker is not None:
            self._worker.stopped.set()

    def begin(self, change: object = None) -> None:
        """Begin anew with the picture that "begin from" names; goes on painting if it paints."""
        init = {"init": self.begin_from.value, "sizes": [self.size], "steps": 1}
        first = next(stylise(self.content, self.style, self.network, **init))
        with self._lock:
            self._show(first.image, "Painting." if self.painting else "Not begun: press Start.", "")
        self._change()

    def close(self) -> None:
        """Stop painting and take the widget away."""
        self.stop()
        super().close()

    def _change(self, change=None):
        with self._lock:
            self._changes += 1
        if self._resting:
            self.start()

    def _paint(self, worker):
        """Descend from the present picture, and again after each change, until stopped or at the end."""
        try:
            while not worker.stopped.is_set():
                self._descend(worker)
            sentence = AT_REST if self._resting else "Stopped. Start goes on from here."
        except Exception as error:  # whatever it is: nobody but the reader of the widget looks into a thread
            sentence = f"The painting stopped. {type(error).__name__}: {error}"
            with self._lock:
                self._rest(worker)
        with self._lock:
            if self._worker is worker:
                self._show(self.picture, sentence, self.text.value)  # some Steps come between two frames

    def _descend(self, worker):
        """Show the Steps of one descent as they come, until it ends, the settings change, or the worker is stopped."""
        with self._lock:
            changes, settings, shown = self._changes, self.settings, -math.inf
        goal = live_objective(self.content, self.style, self.network, settings)
        for step in minimise(self.picture, goal, STEPS):
            with self._lock:
                if worker.stopped.is_set() or self._changes != changes:
                    return
                self.picture = step.image
                if time.perf_counter() > shown + FRAME:
                    shown = time.perf_counter()
                    self._show(step.image, "Painting.", step_text(step, settings))
        with self._lock:
            if not worker.stopped.is_set() and self._changes == changes:
                self._show(step.image, "Painting.", step_text(step, settings))
                self._rest(worker)

    def _rest(self, worker):
        if not worker.stopped.is_set():
            self._resting = True
            worker.stopped.set()

    def _show(self, picture, sentence, text):
        self.picture, self.text.value = picture, text
        self.image.value = picture_html(to_pil(picture), "The painting as it is now")
        self._say(sentence)

    def _say(self, sentence):
        self.status.value = announced(sentence)

    def _still(self) -> figures.Drawing:
        """Draw both pictures and the painting as it is now."""
        pictures = {"photograph": self.content, "style picture": self.style, "the painting now": self.picture}
        alt = "The live painting without its sliders: the photograph, the style picture, and the painting as it is now."
        return figures.strip(pictures, "Live painting: its sliders work in Jupyter", 1.2, alt)


def step_text(step: Step, settings: LiveSettings) -> str:
    """Return as HTML how far the descent is since the last change, and its losses."""
    weight = f"content weight {settings.content_weight:.3g}"
    return f"{step.evaluations} evaluations, {step.seconds:.1f} s; {weight}.<br>{losses_text(step.losses)}"
