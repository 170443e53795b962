"""The pictures of the studio: those that ship, and what a visitor brings, decoded in memory and never kept on disk."""

from __future__ import annotations

import io
import shutil
import tempfile
import weakref
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from stylekit import assets
from stylekit.errors import AssetError

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
    film: Film | None = None


class Film:
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
    words = {
        "key": f"upload-{count}",
        "title": "Your own",
        "credit": "It stays in the memory of this page",
        "licence": "",
    }
    if kind in FILMS and (kind != "image/gif" or _moves(content)):
        film = Film(content, FILMS[kind])
        return Choice(**words, picture=_kept(_first_frame(film)), film=film)
    if kind.startswith("video/") and kind not in FILMS:
        raise AssetError(f"it is a film of the type {kind}, and the studio reads MP4, MOV, WebM and GIF: convert it")
    return Choice(**words, picture=_kept(assets.open_bytes(content)))


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
