"""Training photographs: a folder or a tar file of pictures, read when they are needed."""

from __future__ import annotations

import copy
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from stylekit.assets import open_bytes
from stylekit.errors import AssetError, InputError
from stylekit.images import from_array

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp")


class Photographs(Sequence):
    """Photographs by number, each a square of `size` pixels cut from the middle, RGB in [0, 1], (3, size, size).

    `source` is a folder (searched through) or a tar file without compression. Files are opened as they are asked for,
    so that the number of photographs does not matter. What cannot be read is skipped: the next readable file stands in
    for it, and `unreadable` holds its name. Smaller pictures are enlarged, turned ones stand upright. Raises AssetError
    where there is no folder or tar file, where it holds no picture, and where none of its pictures can be read.
    """

    def __init__(self, source: str | Path, size: int = 256):
        self.source, self.size = Path(source).expanduser(), size
        self.unreadable: set[str] = set()
        self._places = _places(self.source)
        if not self._places:
            raise AssetError(f"{self.source} holds no picture: expected files ending in {', '.join(SUFFIXES)}")

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Float[Tensor, "3 size size"]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"there are {len(self)} photographs, no number {index}")
        for number in range(index, index + len(self)):
            name, path, offset, length = self._places[number % len(self)]
            if name in self.unreadable:
                continue
            try:
                with path.open("rb") as file:
                    file.seek(offset)
                    return _square(file.read(length), self.size)
            except (AssetError, OSError):
                self.unreadable.add(name)
        raise AssetError(f"none of the {len(self)} pictures in {self.source} can be read")

    def split(self, last: int) -> tuple[Photographs, Photographs]:
        """Return the photographs to learn from, all but the `last`, and those, which are held out.

        No photograph of the one part ever stands in for one of the other. Raises InputError where none is left to
        learn from.
        """
        if not 0 <= last < len(self):
            raise InputError(f"what is held out must leave some of the {len(self)} photographs, got {last}")
        seen, held_out = copy.copy(self), copy.copy(self)  # they share the names of what is unreadable
        cut = len(self) - last
        seen._places, held_out._places = self._places[:cut], self._places[cut:]
        return seen, held_out


class Mosaics(Sequence):
    """Photographs of which every second is a mosaic of four at half the size: itself and the three that follow it.

    Small files, enlarged to a crop's size, are soft; in a mosaic they are as sharp as they were taken.
    """

    def __init__(self, photographs: Photographs):
        self.photographs, self.quarters = photographs, copy.copy(photographs)
        self.quarters.size = photographs.size // 2

    def __len__(self) -> int:
        return len(self.photographs)

    def __getitem__(self, index: int) -> Float[Tensor, "3 size size"]:
        if index % 2 == 0:
            return self.photographs[index]
        four = [self.quarters[(index + k) % len(self)] for k in range(4)]
        return torch.cat([torch.cat(four[:2], dim=-1), torch.cat(four[2:], dim=-1)], dim=-2)


def spread(photographs: Sequence[Tensor], count: int = 16) -> Float[Tensor, "some 3 size size"]:
    """Return `count` photographs, or all where there are fewer: the middles of as many equal parts of a collection."""
    total = len(photographs)
    count = min(count, total)
    return torch.stack([photographs[(2 * number + 1) * total // (2 * count)] for number in range(count)])


def _places(source):
    """Return of each picture its name and where its bytes are (file, offset, length), in the order of the names."""
    if source.is_dir():
        paths = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
        return [(str(path.relative_to(source)), path, 0, -1) for path in paths]  # -1: to the end
    if not source.is_file():
        raise AssetError(f"there is no folder or tar file of photographs at {source}")
    try:
        with tarfile.open(source, "r:") as archive:
            members = [member for member in archive if member.isfile()]
    except tarfile.TarError as error:
        raise AssetError(f"{source} is no tar file without compression ({error}): unpack it into a folder") from error
    pictures = [member for member in members if member.name.lower().endswith(SUFFIXES)]
    return sorted((member.name, source, member.offset_data, member.size) for member in pictures)


def _square(content, size):
    """Return the middle of a picture, as large a square as fits, at `size` pixels."""
    picture = open_bytes(content, size)
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    middle = picture.crop((left, top, left + side, top + side))
    picture = middle.resize((size, size), Image.Resampling.BICUBIC)
    return from_array(np.array(picture, dtype=np.float32) / 255)[0]  # (3, size, size)
