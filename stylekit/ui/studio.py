"""The studio's page: choose, start, watch, keep. One thread does all work, and what goes wrong is said in a sentence.

The page stands before PyTorch is loaded: only `jobs` imports it, and that comes in behind the controls.
"""

from __future__ import annotations

import importlib
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from types import SimpleNamespace

import ipywidgets
from PIL import Image

from stylekit.background import Worker, stop_workers
from stylekit.errors import StylekitError
from stylekit.presets import PRESETS
from stylekit.ui import html
from stylekit.ui.gallery import Choice, Picker, bundled, short_name
from stylekit.ui.settings import COLOURS, CONTENT_LAYERS, METHODS, NETWORKS, SIZES, STYLE_SIZES, StudioSettings

FRAME = 0.2  # seconds between two previews, at least
KEPT = 6  # results in the history
SHOWN = 512  # pixels of the screen: the longer side of the picture
TRIAL = 1  # frames that "Try one frame" paints
UNMIXED = "nothing", ""  # what stands for no second style
READY = "Choose a photograph and a style, then press Start."


@dataclass(frozen=True)
class Result:
    """What came of a run: what it was made from, the picture (of a film a frame), the file, and its losses, drawn."""

    settings: StudioSettings
    photograph: Choice
    style: Choice
    after: Image.Image
    content: bytes
    kind: str
    curves: str = ""


class Studio(html.View):
    """An application of widgets: a photograph or film, a style, a method, and what comes of them.

    Shows itself as the value of a cell. Making a Studio, as when its cell runs again, stops those before it. Settings
    that change while it works count for the next run. `working` tells whether a run goes on, paused or not.
    """

    def __init__(self):
        stop_workers()
        self._worker, self.working, self._lock, self.results, self._result = None, False, threading.Lock(), [], None
        self._make_controls()
        self._make_stage()
        self._choose_method()
        films = "image/*,video/mp4,video/quicktime,video/webm"
        self.photographs = Picker("Photograph", bundled("content"), films, self._chosen, self.say)
        self.styles = Picker("Style", bundled("style"), "image/*", self._chosen, self.say)
        self._chosen()
        knobs = ipywidgets.VBox([self.photographs.view, self.styles.view, *self.controls])
        knobs.layout.width = "470px"
        self.view = html.wrapping(knobs, self.stage, html.SliderNames())
        self.say(READY)
        threading.Thread(target=_load_jobs, daemon=True).start()

    def _make_controls(self):
        said = StudioSettings("", "")
        self.method = ipywidgets.ToggleButtons(options=list(METHODS), tooltips=list(METHODS.values()))
        self.method.style.button_width = "130px"
        self.about = ipywidgets.HTML()
        select, times = ipywidgets.SelectionSlider, {"min": 10, "max": 200, "step": 10, "value": said.steps}
        self.network = html.labelled(select, "network", options=NETWORKS, value=said.network)
        log = {"min": -3, "max": 0, "step": 0.05, "value": said.content_weight, "readout_format": ".3f"}
        self.content_weight = html.labelled(ipywidgets.FloatLogSlider, "content weight", **log)
        layers = [(layer, (layer,)) for layer in CONTENT_LAYERS]
        self.content_layers = html.labelled(select, "content layer", options=layers, value=said.content_layers)
        self.preset = html.labelled(select, "preset", options=list(PRESETS), value="balanced")
        self.preset.observe(lambda change: self._apply(PRESETS[change.new]), "value")
        self.style_size = html.labelled(select, "style size", options=STYLE_SIZES, value=said.style_size)
        self.size = html.labelled(select, "size in pixels", options=SIZES, value=said.size)
        self.steps = html.labelled(ipywidgets.IntSlider, "steps at each size", **times)
        self.colour = html.labelled(select, "colours", options=list(COLOURS.items()), value=said.colour)
        self.seed = html.labelled(ipywidgets.BoundedIntText, "seed", min=0, max=9999, value=said.seed)
        heading = ipywidgets.HTML("<h2>Method</h2>")
        weighed = [self.preset, self.network, self.content_weight, self.content_layers]
        self.of_painting = [*weighed, self.style_size, self.steps]
        self.sliders = [*self.of_painting, *self._make_mixing(said), self.size, self.colour, self.seed]
        self.controls = [heading, self.method, self.about, *self.sliders]
        self.method.observe(self._choose_method, "value")

    def _make_mixing(self, said):
        """Return the controls that "instant" alone has."""
        part = {"min": 0, "max": 1, "step": 0.05}
        self.mix_with = html.labelled(ipywidgets.Dropdown, "mix with", options=[UNMIXED])
        self.share = html.labelled(ipywidgets.FloatSlider, "its share", value=said.share, **part)
        self.strength = html.labelled(ipywidgets.FloatSlider, "strength", value=said.strength, **part)
        self.mix_with.observe(self._show_share, "value")
        return self.mix_with, self.share, self.strength

    def _make_stage(self):
        trial = {"Try one frame": lambda button: self._begin(TRIAL)}
        acts = html.buttons({"Start": self.start} | trial | {"Pause": self.pause, "Stop and keep": self.stop})
        self.start_button, self.try_button, self.pause_button, self.stop_button = acts
        self.start_button.button_style = "primary"
        self.bar = ipywidgets.FloatProgress(min=0, max=1, layout={"width": f"{SHOWN}px"}, description="done")
        self.image, self.status, self.download, self.curves = (ipywidgets.HTML() for _ in range(4))
        self.film = ipywidgets.Video(autoplay=False, loop=True, controls=True, layout={"display": "none"})
        self.divider = html.labelled(ipywidgets.IntSlider, "before | after", min=0, max=100, value=0, disabled=True)
        self.divider.observe(self._divide, "value")
        self.folded = ipywidgets.Accordion([self.curves], titles=("The losses",))
        self.history = html.wrapping()
        shown = [self.bar, self.status, self.image, self.film, self.divider, self.download, self.folded, self.history]
        self.stage = ipywidgets.VBox([ipywidgets.HBox(acts), *shown], layout={"margin": "0 0 0 16px", "width": "530px"})
        self._enable(working=False)

    @property
    def settings(self) -> StudioSettings:
        """What the page says now."""
        names = [field.name for field in fields(StudioSettings) if field.name not in ("photograph", "style")]
        values = {name: getattr(self, name).value for name in names}
        return StudioSettings(self.photographs.key, self.styles.key, **values)

    def say(self, sentence: str) -> None:
        """Show a sentence below the buttons."""
        self.status.value = html.announced(sentence)

    def start(self, button: object = None) -> None:
        """Begin a run with the settings as they are now; does nothing while one goes on."""
        self._begin(frames=None)

    def pause(self, button: object = None) -> None:
        """Pause the run, or go on with it."""
        if self.working:
            going = self._worker.going
            going.clear() if going.is_set() else going.set()
            self.pause_button.description = "Pause" if going.is_set() else "Resume"
            self.say("At work." if going.is_set() else "Paused. Resume goes on from here.")

    def stop(self, button: object = None) -> None:
        """End the run and keep what there is."""
        if self._worker is not None:
            self._worker.stopped.set()

    def close(self) -> None:
        """Stop, and take the page away."""
        self.stop()
        super().close()

    def _begin(self, frames):
        with self._lock:
            if self.working:
                return
            self.working = True
            run = _Run(self.settings, self.photographs.choice, self.styles.choice, frames)
            self._worker = Worker(lambda worker: self._work(worker, run))
            self._enable(working=True)
            self.bar.value = 0
            self.say("Getting ready.")
            self._worker.start()

    def _work(self, worker, run):
        """Make a result, showing it as it grows; whatever ends it, keep what there is, and say what went wrong."""
        try:
            try:
                for sentence in run.follow(worker, self._show):
                    self.say(sentence)
            finally:
                if run.last is not None:
                    self._keep(run.result())
            self.bar.value = 1 if run.complete else self.bar.value
            self.say(run.ending)
        except (StylekitError, OSError) as error:
            self.say(f"This cannot be done. {error}")
        except Exception as error:  # nobody but the reader of the page looks into a thread
            self.say(f"Something went wrong ({type(error).__name__}: {error}). Try smaller sizes, or other pictures.")
        finally:
            self.working = False
            self._enable(working=False)

    def _show(self, picture, done):
        self.image.value = html.picture_html(picture, "The picture as it is now", SHOWN)
        self.bar.value = done

    def _keep(self, result):
        """Put a result on the page and into the history; the oldest goes."""
        self.results = [result, *self.results][:KEPT]
        self._present(result)
        html.fill(self.history, [self._history_cell(kept) for kept in self.results])

    def _history_cell(self, result):
        said = result.settings
        words = f"Restore {said.photograph} as {' and '.join(_styles(said))}, by {said.method}"
        button = ipywidgets.Button(description="Restore", tooltip=words, layout={"width": "84px"})
        button.on_click(lambda _: self.restore(result))
        return ipywidgets.HTML(html.thumbnail_html(result.after, words)), button

    def restore(self, result: Result) -> None:
        """Show a result again, and set everything as it was when it was made."""
        said = result.settings
        self.photographs.put(result.photograph)
        self.styles.put(result.style)
        self._apply({name: value for name, value in asdict(said).items() if name not in ("photograph", "style")})
        if not self.working:
            self._present(result)

    def _present(self, result):
        film = result.kind == "video/mp4"
        self._result, self.divider.value, self.divider.disabled = result, 0, False
        self.image.value = "" if film else html.picture_html(result.after, "The finished picture", SHOWN)
        self.film.value = result.content if film else b""
        self.film.layout.display = "" if film else "none"
        self.divider.layout.display = "none" if film else ""
        parts = result.settings.photograph, *_styles(result.settings)
        name = "-".join(map(short_name, parts)) + (".mp4" if film else ".png")
        self.download.value = html.download_html(result.content, result.kind, name)
        self.curves.value = result.curves
        self.folded.layout.display = "" if result.curves else "none"

    def _divide(self, change):
        """Show the photograph left of the divider and the painting right of it."""
        if self.working or self._result is None:
            return
        result, place = self._result, self.divider.value / 100
        both, left = result.after.copy(), round(place * result.after.width)
        before = result.photograph.picture.resize(both.size, Image.Resampling.LANCZOS)
        both.paste(before.crop((0, 0, left, both.height)), (0, 0))
        words = f"The photograph left of {self.divider.value} %, the result right of it"
        self.image.value = html.picture_html(both, words, SHOWN)

    def _enable(self, working):
        self.start_button.disabled = self.try_button.disabled = working
        self.pause_button.disabled = self.stop_button.disabled = not working
        self.pause_button.description = "Pause"

    def _chosen(self):
        """Offer what fits: a film is painted by "instant", frame by frame."""
        if hasattr(self, "styles"):
            film = self.photographs.choice.film is not None
            self.try_button.layout.display = "" if film else "none"
            if film:
                self.method.value = "instant"
            self._offer_styles()
            if not self.working:
                self.image.value = html.picture_html(self.photographs.choice.picture, "The photograph", SHOWN)

    def _apply(self, settings):
        for name, value in settings.items():
            getattr(self, name).value = value

    def _choose_method(self, change=None):
        """Show the controls that the method has; "instant" has no style picture that could be prepared."""
        method = self.method.value
        self.about.value = f"<p>{METHODS[method]}</p>"
        for control in self.of_painting:
            control.layout.display = "" if method == "paint" else "none"
        self.seed.layout.display = "" if method == "quilt" else "none"
        self.strength.layout.display = "" if method == "instant" else "none"
        self._offer_styles()
        modes = _load_jobs().colour.AFTERWARDS if method == "instant" else COLOURS.values()
        self.colour.value = mode = self.colour.value if self.colour.value in modes else "none"
        with self.colour.hold_sync():  # a browser cannot take new options and another place at once, nor an old one
            self.colour.options = [(words, kept) for words, kept in COLOURS.items() if kept in modes]
            self.colour.value = mode

    def _offer_styles(self):
        """Offer the styles that mix with the one that is chosen; a second style that does not is given up."""
        names = _load_jobs().companions(self.styles.key) if self.method.value == "instant" else []
        kept = self.mix_with.value if self.mix_with.value in names else ""
        with self.mix_with.hold_sync():
            self.mix_with.options = [UNMIXED, *((name, name) for name in names)]
            self.mix_with.value = kept
        self.mix_with.layout.display = "" if names else "none"
        self._show_share()

    def _show_share(self, change=None):
        self.share.layout.display = "" if self.mix_with.value else "none"

    def _repr_mimebundle_(self, include=None, exclude=None):
        words = "The studio is a page of widgets: it works in Jupyter, or with make studio. Its pictures:"
        choices = [*self.photographs.choices.values(), *self.styles.choices.values()]
        pictures = " ".join(html.thumbnail_html(choice.picture, choice.title) for choice in choices)
        return self.view._repr_mimebundle_() | {"text/html": f"<p>{words}</p>{pictures}", "text/plain": words}, {}


class _Run:
    """One run: what it is asked for, and what it has made so far. `ending` stays empty where it ends by an error."""

    def __init__(self, settings, photograph, style, frames):
        self.settings, self.photograph, self.style, self.frames = settings, photograph, style, frames
        self.last, self.past, self.complete, self.ending = None, [], False, ""

    def follow(self, worker, show) -> Iterator[str]:
        """Work until it is done or stopped; call `show` with the picture and the part done, and yield sentences."""
        jobs, begun, shown = _load_jobs(), time.perf_counter(), 0.0
        film = self.photograph.film
        if film is None:
            previews = jobs.make_picture(self.settings, self.photograph.picture, self.style.picture)
        else:
            previews = jobs.make_film(self.settings, film.path, film.result, self.frames)
        try:
            for preview in previews:
                if worker.stopped.is_set():
                    break
                names = ("losses", "evaluations", "scale")  # without the pictures, which would fill the memory
                self.past.append(SimpleNamespace(**{name: getattr(preview, name) for name in names}))
                self.last = preview
                if time.perf_counter() > shown + FRAME:
                    show(jobs.images.to_pil(preview.image), preview.done)
                    shown = time.perf_counter()
                    yield _time_left(shown - begun, preview.done)
                worker.rest()
            else:
                self.complete = True
        finally:
            previews.close()  # a film is finished with the frames it has
        seconds = f"{time.perf_counter() - begun:.1f} s"
        kept = "what there is, is kept" if self.last else "there was no picture yet"
        self.ending = f"Done in {seconds}." if self.complete else f"Stopped after {seconds}; {kept}."

    def result(self) -> Result:
        """Return what there is: of a film that went wrong its last frame."""
        jobs, film = _load_jobs(), self.photograph.film
        made = self.settings, self.photograph, self.style, jobs.images.to_pil(self.last.image)
        if film is not None and self.frames is None and self.ending:
            return Result(*made, film.result.read_bytes(), "video/mp4")
        content = jobs.as_png(self.last.image, self.settings, self.complete)
        return Result(*made, content, "image/png", jobs.curves_html(self.past))


def _styles(settings):
    return [name for name in (settings.style, settings.mix_with) if name]


def _load_jobs():
    """Import what needs PyTorch: a matter of seconds, the first time."""
    return importlib.import_module("stylekit.ui.jobs")


def _time_left(seconds, done):
    """Return a sentence on how far it is; before a fiftieth is done nobody can tell for how long."""
    if done < 0.02:
        return f"At work: {100 * done:.0f} %."
    left = seconds / done - seconds
    time_left = f"{left:.0f} s" if left < 90 else f"{left / 60:.0f} min"
    return f"At work: {100 * done:.0f} %, about {time_left} to go."
