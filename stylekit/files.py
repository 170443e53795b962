"""Files written whole or not at all, and the names under which a picture carries what it was made by."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from stylekit.errors import AssetError

RECIPE, LOSSES = "stylekit recipe", "stylekit losses"  # the keywords of the PNG texts that hold them


def check_folder(folder: Path) -> None:
    """Raise AssetError unless files can be written into a folder."""
    if not folder.is_dir():
        raise AssetError(f"the folder {folder} does not exist: make it first, or write elsewhere")
    if not os.access(folder, os.W_OK):
        raise AssetError(f"the folder {folder} cannot be written: write elsewhere, or change its permissions")


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
