"""Name -> thing: the pictures the kit knows, pinned downloads, and opening whatever picture file a reader brings."""

from __future__ import annotations

import difflib
import io
import json
import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from stylekit.errors import AssetError

PACKAGE = Path(__file__).parent
TIMEOUT = 10  # seconds without an answer until a download is given up


@dataclass(frozen=True)
class Picture:
    """A picture the kit knows by name.

    ``use`` is "open" (may be shown and offered), "conditional" (see the licence) or "code-only" (loads when asked for
    by name, never offered). ``origin`` is "scikit-image", "scikit-learn", "data" (ships in data/styles) or
    "download" (from `url`, pinned by `sha256`, kept in the cache folder as `file`).
    """

    name: str
    role: str
    title: str
    artist: str
    licence: str
    credit: str
    use: str
    origin: str
    year: str = ""
    file: str = ""
    url: str = ""
    sha256: str = ""


def data_folder() -> Path:
    """Return the folder of what ships with the kit: stylekit/data in a wheel, data/ beside stylekit in a checkout.

    Raises AssetError if neither holds the kit's files.
    """
    for folder in (PACKAGE / "data", PACKAGE.parent / "data"):
        if (folder / "pictures.json").is_file():
            return folder
    raise AssetError(f"this installation of stylekit has no data folder beside {PACKAGE}: install the package again")


def cache_folder() -> Path:
    """Return the folder that keeps downloads: $STYLEKIT_CACHE if set, else the system's cache folder for stylekit."""
    import pooch  # here, because it loads slowly and most readers never download

    chosen = os.environ.get("STYLEKIT_CACHE")
    return Path(chosen).expanduser() if chosen else Path(pooch.os_cache("stylekit"))


def pictures() -> dict[str, Picture]:
    """Return every picture the kit knows, by name: first those that need no network, then the papers' pictures."""
    entries = json.loads((data_folder() / "pictures.json").read_text(encoding="utf-8"))
    return {entry["name"]: Picture(**entry) for entry in entries}


def suggest(word: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'chelsea'?)" for the known name nearest to the word, or "" when none is near."""
    by_lower_case = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower_case, n=1)
    return f" (did you mean {by_lower_case[near[0]]!r}?)" if near else ""


def download(url: str, sha256: str, file_name: str) -> Path:
    """Return the path of a pinned file in the cache folder, fetched from `url` unless it is there already.

    sha256 is the hash of the whole file in hexadecimal. A file with another hash is never kept.
    Raises AssetError if the address does not answer, serves something else, or the cache folder cannot be written.
    """
    import pooch
    from requests import RequestException

    pooch.get_logger().setLevel("WARNING")  # pooch announces each download on stderr; the package prints nothing
    path = cache_folder() / file_name
    by_hand = f"If you have the file, put it at {path} (sha256 {sha256})."
    fetch = pooch.HTTPDownloader(progressbar=False, timeout=TIMEOUT)
    try:
        return Path(pooch.retrieve(url, sha256, fname=file_name, path=path.parent, downloader=fetch))
    except RequestException as error:
        reason = f"there is no network, or the address is dead: {url} ({type(error).__name__})"
        raise AssetError(f"cannot download {file_name}: {reason}. {by_hand}") from error
    except OSError as error:
        reason = f"the cache folder {path.parent} cannot be used ({error.strerror or error})"
        raise AssetError(f"cannot keep {file_name}: {reason}. Set STYLEKIT_CACHE to another folder.") from error
    except ValueError as error:  # pooch: the hash does not match
        reason = f"{url} served something else than the pinned file (a sign-in page, perhaps, or a changed file)"
        raise AssetError(f"cannot use {file_name}: {reason}; nothing was kept. {by_hand}") from error


def open_picture(source: str | Path) -> Image.Image:
    """Return a picture upright, RGB and 8 bit, by its name in the registry or by the path of a file.

    A name of the registry wins, unless a file of just that name lies in the working folder. Orientation follows EXIF,
    transparency is laid over white, 16-bit greys are scaled, and of an animation the first frame is taken.
    Raises AssetError if there is no such name or file, or if the file does not hold a whole picture.
    """
    if not isinstance(source, str | Path) or not str(source):
        raise AssetError(f"a picture is given by a name such as 'chelsea' or the path of a file; got {source!r}")
    known = pictures()
    if str(source) in known and not os.path.isfile(source):
        return _open_known(known[str(source)])
    path = Path(source).expanduser()
    return _upright_rgb(read_file(path), path)


def _open_known(picture: Picture) -> Image.Image:
    if picture.origin == "scikit-image":
        import skimage.data

        return Image.fromarray(getattr(skimage.data, picture.name)()).convert("RGB")
    if picture.origin == "scikit-learn":  # its file: importing the package takes seconds
        path = Path(metadata.distribution("scikit-learn").locate_file(f"sklearn/datasets/images/{picture.file}"))
    elif picture.origin == "data":
        path = data_folder() / "styles" / picture.file
        if not path.is_file():
            raise AssetError(f"the kit's own picture {picture.name!r} is missing at {path}: install the package again")
    else:
        try:
            path = download(picture.url, picture.sha256, picture.file)
        except AssetError as error:
            bundled = ", ".join(other.name for other in pictures().values() if other.origin != "download")
            raise AssetError(f"picture {picture.name!r}: {error} These need no network: {bundled}.") from error
    return _upright_rgb(read_file(path), path)


def read_file(path: Path) -> Image.Image:
    """Return the picture in a file as it is stored (its mode, orientation and metadata), fully decoded.

    Raises AssetError if the file is missing, not readable, not a picture, damaged, or too large to decode safely.
    """
    _check_file(path)
    return _decoded(path, str(path))


def open_bytes(content: bytes, size: int | None = None) -> Image.Image:
    """Return the picture in a file's content as `open_picture` returns one, without touching the disk.

    With `size` a JPEG is decoded no larger than sides of so many pixels need, which is faster. Raises AssetError if it
    is not a picture, damaged, or too large to decode safely.
    """
    if not content:
        raise AssetError("the file is empty (0 bytes): choose another")
    return _upright_rgb(_decoded(io.BytesIO(content), "the file", size), "the file")


def _decoded(file: Path | io.BytesIO, name: str, size: int | None = None) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(file)
        with picture:
            if size is not None:
                picture.draft("RGB", (size, size))
            picture.load()
        return picture
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        counts = str(error).split(",")[0]  # "Image size (N pixels) exceeds limit of M pixels"
        raise AssetError(f"{name} is too large to open safely: {counts}. Make it smaller first.") from error
    except PermissionError as error:
        raise AssetError(f"no permission to read {name}: change its permissions or copy it elsewhere") from error
    except Image.UnidentifiedImageError as error:
        raise AssetError(f"{name} is not a picture Pillow can read: give a JPEG, PNG, WebP, GIF or TIFF") from error
    except Exception as error:  # on damaged files Pillow's decoders raise a dozen kinds
        raise AssetError(f"{name} is damaged or cut short ({error}): copy or download it again") from error


def _check_file(path: Path) -> None:
    if os.path.isdir(path):
        raise AssetError(f"{path} is a folder: give the path of one picture in it")
    if not os.path.exists(path):
        folder = path.parent
        here = sorted(os.listdir(folder)) if os.path.isdir(folder) and os.access(folder, os.R_OK) else []
        hint = suggest(path.name, [*pictures(), *here])
        place = "" if os.path.isdir(folder) else f" (the folder {folder} does not exist)"
        raise AssetError(f"no picture is named {str(path)!r} and there is no such file{place}{hint}")
    if os.path.isfile(path) and os.path.getsize(path) == 0:
        raise AssetError(f"{path} is empty (0 bytes): copy or download it again")


def _upright_rgb(picture: Image.Image, path: Path | str) -> Image.Image:
    if picture.mode in ("I", "F"):
        raise AssetError(f"{path} has 32-bit pixels, whose range is not known: save it with 8 or 16 bits per channel")
    try:
        picture = ImageOps.exif_transpose(picture)
        if picture.mode.startswith("I;16"):
            grey = np.asarray(picture).astype(np.uint32)
            picture = Image.fromarray(((grey * 255 + 32767) // 65535).astype(np.uint8))  # rounded, 65535 -> 255
        if picture.has_transparency_data:
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        return picture.convert("RGB")
    except Exception as error:  # a damaged EXIF block, a colour space that Pillow cannot convert
        raise AssetError(f"{path} cannot be turned into RGB ({error}): save it as an ordinary JPEG or PNG") from error
