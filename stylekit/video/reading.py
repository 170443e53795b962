"""Read a video or an animated GIF: what it says of itself, then its frames one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch
from av.stream import Disposition
from av.video.reformatter import Interpolation
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from stylekit.errors import AssetError

CAREFUL = Interpolation.BICUBIC  # of colours at half the resolution, too
MILLISECOND = Fraction(1, 1000)
SHORTFALL = Fraction(1, 4)  # seconds that may lack at the end: what a header states is rounded


@dataclass(frozen=True)
class Frame:
    """One picture of a film, RGB in [0, 1], shown from `time` for `duration`, both in seconds."""

    image: Float[Tensor, "1 3 H W"]
    time: Fraction
    duration: Fraction


@dataclass
class Film:
    """A video or an animated GIF, and what is known of it before its frames are read.

    Upright; `rate` in frames a second (of a GIF, their mean); `count`, about how many frames; `tick`, the unit of its
    times, and `start`, its beginning, in seconds; `aspect`, the width of a pixel by its height; `loop`, how often a GIF
    is repeated (0 for ever, None not at all); `damaged`, the pieces that could not be decoded so far.
    """

    path: Path
    height: int
    width: int
    rate: Fraction
    count: int
    tick: Fraction
    start: Fraction
    aspect: Fraction
    loop: int | None
    damaged: int = 0

    def frames(self) -> Iterator[Frame]:
        """Yield the frames, upright and of the film's size; pieces that cannot be decoded are counted in `damaged`."""
        after = Fraction(0)
        with av.open(str(self.path)) as container:
            for frame in self._decoded(container):
                time = after if frame.pts is None else self._exact(frame.pts * frame.time_base - self.start)
                duration = self._exact(frame.duration * Fraction(frame.time_base or 0)) or 1 / self.rate
                after = time + duration
                yield Frame(_tensor(frame, self.height, self.width), time, duration)

    def _decoded(self, container):
        for packet in container.demux(_pictures(container)):
            try:
                yield from packet.decode()
            except av.error.InvalidDataError:
                self.damaged += 1

    def _exact(self, time):
        """Return the multiple of 1/rate that was rounded to a time: Matroska and WebM count in milliseconds."""
        exact = round(time * self.rate) / self.rate
        return exact if self.tick == MILLISECOND and abs(exact - time) < self.tick else time


def open_film(path: str | Path) -> Film:
    """Open a video or an animated GIF, and read it to its end once, without decoding.

    Raises AssetError for a file that is missing, holds no frame that can be decoded, or is shorter than it says itself.
    """
    path = Path(path).expanduser()
    if path.is_dir():
        raise AssetError(f"{path} is a folder; expected a video or an animated GIF")
    try:
        with av.open(str(path)) as container:
            return _look_at(container, path)
    except FileNotFoundError as error:
        raise AssetError(f"there is no file {path}: give the path of a video or an animated GIF") from error
    except PermissionError as error:
        raise AssetError(f"no permission to read {path}: change its permissions or copy it elsewhere") from error
    except av.FFmpegError as error:
        reason = f"{path} cannot be read as a video ({error.strerror})"
        raise AssetError(f"{reason}: it is none, is damaged or is cut short; copy or download it again") from error


def _look_at(container, path):
    stream, kind = _pictures(container), container.format.name
    if stream is None:
        what = "only sound" if container.streams.audio else "or is cut short"
        raise AssetError(f"{path} holds no pictures, {what}; expected a video or an animated GIF")
    if kind.endswith("_pipe") or kind == "image2":
        raise AssetError(f"{path} is one picture, not a film; expected a video or an animated GIF")
    first = next(container.decode(stream), None)
    if first is None:
        raise AssetError(f"{path} holds no frame that can be decoded: it is empty or damaged")
    container.seek(0)
    count, length = _measure(container, stream, path)
    rate = None if kind == "gif" else stream.average_rate or stream.guessed_rate
    upright = first.rotation % 180 == 0
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    return Film(
        path=path,
        height=first.height if upright else first.width,
        width=first.width if upright else first.height,
        rate=Fraction(rate or count / length),
        count=count,
        tick=Fraction(stream.time_base),
        start=max(Fraction(0), Fraction(container.start_time or 0, av.time_base)),
        aspect=aspect if upright else 1 / aspect,
        loop=_loop(path) if kind == "gif" else None,
    )


def _loop(path):
    with Image.open(path) as gif:
        return gif.info.get("loop")


def _pictures(container):
    """Return the track of pictures, or None; the cover of a piece of music does not count as one."""
    return next((track for track in container.streams.video if not track.disposition & Disposition.attached_pic), None)


def _measure(container, stream, path):
    """Return the number of frames and their length in seconds. Raises AssetError where there is less than is stated."""
    count, ends, last = 0, {}, b""
    for packet in container.demux():
        begin = packet.dts if packet.pts is None else packet.pts
        if not packet.size or begin is None:
            continue
        end = (begin + (packet.duration or 0)) * packet.time_base
        ends[packet.stream_index] = max(end, ends.get(packet.stream_index, end))
        if packet.stream_index == stream.index:
            count, last = count + 1, packet
    if stream.duration is None:  # Matroska and WebM state one length for all tracks together
        stated, found = Fraction(container.duration or 0, av.time_base), max(ends.values())
    else:
        begin = stream.start_time or 0
        stated, found = stream.duration * stream.time_base, ends[stream.index] - begin * stream.time_base
    incomplete = container.format.name == "gif" and bytes(last).rstrip(b"\0")[-1:] != b";"  # which ends every GIF
    if incomplete or found < stated - SHORTFALL:
        raise AssetError(
            f"{path} is cut short: only {float(found):.2f} of its {float(stated):.2f} seconds are there. Copy or "
            f"download it again, or make the rest a film of its own: ffmpeg -i {path.name} -c copy rest{path.suffix}"
        )
    return count, max(found, stream.time_base)


def _tensor(frame, height, width):
    """Return a decoded picture, upright, as a tensor; one of another size than the first is resized."""
    turns = frame.rotation // 90  # counterclockwise
    size = {"width": width, "height": height} if turns % 2 == 0 else {"width": height, "height": width}
    pixels = np.rot90(frame.to_ndarray(format="rgb24", interpolation=CAREFUL, **size), turns)  # (H, W, 3), 0..255
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].to(torch.float32).contiguous() / 255
