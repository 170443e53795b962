"""Files written whole or not at all, and the names under which a picture carries what it was made by."""

from __future__ import annotations

import os
import platform
import uuid
from collections.abc import Collection, Iterable
from pathlib import Path

from stylekit import __version__
from stylekit.errors import AssetError

RECIPE, LOSSES = "stylekit recipe", "stylekit losses"  # the keywords of the PNG texts that hold them


def versions() -> dict[str, str]:
    """Return the versions of what a picture is made with, for its recipe."""
    import torch  # here: what only reads and writes files does not wait for it

    return {"stylekit": __version__, "torch": torch.__version__, "python": platform.python_version()}


def check_folder(folder: Path) -> None:
    """Raise AssetError unless files can be written into a folder."""
    if not folder.is_dir():
        raise AssetError(f"the folder {folder} does not exist: make it first, or write elsewhere")
    if not os.access(folder, os.W_OK):
        raise AssetError(f"the folder {folder} cannot be written: write elsewhere, or change its permissions")


def check_target(path: Path, suffixes: Collection[str], sources: Iterable[str | Path] = ()) -> None:
    """Check, before any work is spent, that a file of one of these kinds can be written to a path.

    `sources` are files to be read, or names. Raises AssetError for another suffix, a folder, one of the sources, and a
    folder that is missing or cannot be written.
    """
    if path.is_dir():
        raise AssetError(f"{path} is a folder: give the name of a file in it, such as {path / 'painting'}")
    if path.suffix.lower() not in suffixes:
        raise AssetError(f"{str(path)!r} must end in {', '.join(suffixes)}; it ends in {path.suffix!r}")
    check_folder(path.parent)
    if path.exists() and any(Path(source).exists() and path.samefile(source) for source in sources):
        raise AssetError(f"{path} is one of the pictures to read; choose another name for the painting")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: an older one stays until the new one is complete. Raises AssetError."""
    temporary = path.with_name(f".{uuid.uuid4().hex}.part")  # same folder: os.replace is atomic within a file system
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        why = error.strerror or str(error)
        raise AssetError(f"cannot write {path} ({why}): free some space, or write elsewhere") from error
    finally:
        temporary.unlink(missing_ok=True)  # also after Ctrl-C; it is gone already when all went well
