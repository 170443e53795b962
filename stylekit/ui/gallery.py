"""The pictures of the studio, to choose from: those that ship, and what a visitor brings, decoded in memory."""

from __future__ import annotations

import html
import io
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import ipywidgets
from PIL import Image

from stylekit import assets
from stylekit.errors import AssetError
from stylekit.ui.html import THUMBNAIL, fill, thumbnail_html, wrapping

MOST = 50 * 2**20  # bytes of an upload
FIRST = "chelsea"  # what the page begins with
LARGEST = 2048  # pixels of the longer side that are kept of a picture
FILMS = {"video/mp4": ".mp4", "video/quicktime": ".mov", "video/webm": ".webm", "image/gif": ".gif"}


@dataclass(frozen=True)
class Choice:
    """A picture to choose: RGB, upright, at most LARGEST pixels wide or high; with `film` it is the first frame.

    `key` tells it from the others, `title`, `credit` and `licence` are shown.
    """

    key: str
    title: str
    credit: str
    licence: str
    picture: Image.Image
    film: UploadedFilm | None = None


class UploadedFilm:
    """An uploaded film, in a folder of its own that goes with it. Its name is ours, whatever the upload was called."""

    def __init__(self, content: bytes, suffix: str):
        folder = Path(tempfile.mkdtemp(prefix="stylekit-studio-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)  # when nobody needs it, at exit at the latest
        self.path, self.result = folder / f"film{suffix}", folder / "painting.mp4"
        self.path.write_bytes(content)


def bundled(role: str) -> dict[str, Choice]:
    """Return the pictures of a role, "content" or "style", that need no network and may be shown, by their keys."""
    known = [p for p in assets.pictures().values() if p.role == role and p.origin != "download" and p.use == "open"]
    known.sort(key=lambda picture: (picture.origin != "data", picture.name != FIRST))  # the kit's own first
    return {p.name: Choice(p.name, p.title, p.credit, p.licence, _kept(assets.open_picture(p.name))) for p in known}


def uploaded(content: bytes, kind: str, count: int) -> Choice:
    """Return what a visitor brought as a choice; `kind` is the media type that the browser states, `count` numbers it.

    Raises AssetError for what is too large, and for what is no picture and no film.
    """
    if len(content) > MOST:
        raise AssetError(f"the file has {len(content) / 2**20:.0f} MB, and {MOST / 2**20:.0f} MB are the most: cut it")
    words = f"upload-{count}", "Your own", "It stays in the memory of this page", ""
    if kind in FILMS and (kind != "image/gif" or _moves(content)):
        film = UploadedFilm(content, FILMS[kind])
        return Choice(*words, _kept(_first_frame(film)), film)
    if kind.startswith("video/") and kind not in FILMS:
        raise AssetError(f"it is a film of the type {kind}, and the studio reads MP4, MOV, WebM and GIF: convert it")
    return Choice(*words, _kept(assets.open_bytes(content)))


def _moves(content):
    assets.open_bytes(content)  # says in a sentence what is wrong with a damaged one
    with Image.open(io.BytesIO(content)) as picture:
        return getattr(picture, "n_frames", 1) > 1


def _first_frame(film):
    from stylekit.images import to_pil  # here: these import torch, which the page does not wait for
    from stylekit.video import open_film

    return to_pil(next(open_film(film.path).frames()).image)


def _kept(picture):
    picture.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    return picture


class Picker:
    """Pictures to choose from by their thumbnails, and one of the visitor's own, which takes the place of the last.

    `choose` is called with nothing when another one is chosen, `complain` with a sentence when an upload is refused.
    """

    def __init__(self, title: str, choices: Mapping[str, Choice], accept: str, choose: Callable, complain: Callable):
        self.title, self.choices, self.key = title, dict(choices), next(iter(choices))
        self.changed, self.complain, self.count, self._settling = choose, complain, 0, False
        self.shelf = wrapping()
        self.upload = ipywidgets.FileUpload(accept=accept, description="Upload", tooltip=f"Upload a {title.lower()}")
        self.upload.observe(self._take, "value")
        self.credit = ipywidgets.HTML()
        heading = ipywidgets.HTML(f"<h2>{html.escape(title)}</h2>")
        self.view = ipywidgets.VBox([heading, self.shelf, ipywidgets.HBox([self.upload, self.credit])])
        self._fill()
        self.choose(self.key)

    @property
    def choice(self) -> Choice:
        """The picture that is chosen."""
        return self.choices[self.key]

    def put(self, choice: Choice) -> None:
        """Choose a picture; one of the visitor's own takes the place of the one that is here."""
        if choice.key not in self.choices:
            for key in [key for key in self.choices if key.startswith("upload")]:
                del self.choices[key]
            self.choices[choice.key] = choice
            self._fill()
        self.choose(choice.key)

    def choose(self, key: str) -> None:
        """Choose a picture by its key."""
        self.key, self._settling = key, True  # while buttons follow, their changes are not presses
        for name, button in self._buttons.items():
            button.value, button.button_style = name == key, "primary" if name == key else ""
        self._settling = False
        words = ". ".join(filter(None, (self.choice.title, self.choice.credit, self.choice.licence))) + "."
        self.credit.value = f'<span style="line-height: 1.3">{html.escape(words)}</span>'
        self.changed()

    def _fill(self):
        """Make a thumbnail and its button for each choice."""
        self._buttons = {key: self._button(key, choice) for key, choice in self.choices.items()}
        images = [ipywidgets.HTML(thumbnail_html(choice.picture, choice.title)) for choice in self.choices.values()]
        fill(self.shelf, zip(images, self._buttons.values(), strict=True))

    def _button(self, key, choice):
        button = ipywidgets.ToggleButton(description=short_name(key), tooltip=f"{self.title}: {choice.title}")
        button.layout.width = f"{THUMBNAIL + 4}px"
        button.observe(lambda change: self._press(key), "value")
        return button

    def _press(self, key):
        if not self._settling:
            self.choose(key)

    def _take(self, change):
        """Take an upload: its content alone, never its name."""
        if not self.upload.value:
            return
        (file,) = self.upload.value[:1]
        self.count += 1
        try:
            choice = uploaded(bytes(file["content"]), file["type"], self.count)
        except AssetError as error:
            self.complain(f"That file cannot be used: {error}")
        else:
            self.put(choice)
        finally:
            self.upload.value = ()  # the page need not keep it, and the same file can be chosen again


def short_name(key: str) -> str:
    """Return the word for a picture: its name, or "own" for what a visitor brought."""
    return "own" if key.startswith("upload") else key
