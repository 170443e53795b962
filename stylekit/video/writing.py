"""Write a film frame by frame, so that it is whole whenever the writing ends."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import threading
import uuid
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec.context import Flags
from PIL import Image

from stylekit import images
from stylekit.errors import AssetError
from stylekit.files import check_target
from stylekit.video.reading import CAREFUL, Film, Frame
from stylekit.video.sound import Sound

H264 = ("libx264", {"crf": "18"})
VP9 = ("libvpx-vp9", {"crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"})
CONTAINERS = {  # suffix -> FFmpeg's name; video codec with its options; codec of sound that cannot be kept as it is
    ".mp4": ("mp4", *H264, "aac"),
    ".mov": ("mov", *H264, "aac"),
    ".mkv": ("matroska", *H264, "aac"),
    ".webm": ("webm", *VP9, "libopus"),
    ".gif": ("gif", "gif", {}, None),
}
HUNDREDTH = Fraction(1, 100)  # of a second, the unit of a GIF
FASTEST = 2  # hundredths: a frame that is to be shown for less, browsers show for ten
BT709, LIMITED = 1, 1  # H.264's numbers for the colours of HDTV, and for a luminance from 16 to 235


def check_film_output(path: str | Path) -> None:
    """Check that a film can be written to `path`, as `files.check_target` does; its suffix is one of CONTAINERS."""
    check_target(Path(path).expanduser(), CONTAINERS)


def film_size(film: Film, path: str | Path, size: int | None = None) -> tuple[int, int]:
    """Return (height, width) of the frames of a film that is written to `path`: its own, or of a longer side `size`.

    The latter are even but in a GIF, and at least 2: what H.264 in the usual 4:2:0 wants.
    """
    if size is None:
        return film.height, film.width
    sides = images.fit(film.height, film.width, size)
    return sides if Path(path).suffix.lower() == ".gif" else tuple(max(2, 2 * round(side / 2)) for side in sides)


def write_film(frames: Iterable[Frame], path: str | Path, like: Film | None = None) -> Iterator[Frame]:
    """Write a film and yield each of its frames once it is in; sound, rate, pixel shape and repetition are `like`'s.

    If Ctrl-C is pressed or this generator is closed, the frames so far become a whole film, with as much of the sound;
    after an error nothing is left behind, and an older file stays. H.264 in the usual 4:2:0 has no odd sizes, so these
    are written in 4:4:4, which fewer players show. Frames of a GIF get 256 colours each, and at least 0.02 s.
    Raises AssetError as `check_film_output` does when called, and later for no frames at all and where writing fails.
    """
    check_film_output(path)
    return _written(frames, Path(path).expanduser(), like)


def _written(frames, path, like):
    temporary = path.with_name(f".{uuid.uuid4().hex}.part")  # same folder: os.replace is atomic within a file system
    with contextlib.ExitStack() as stack:
        stack.callback(temporary.unlink, missing_ok=True)
        pen = None
        try:
            for frame in frames:
                with _told(path), _unbroken():
                    if pen is None:
                        pen = _Pen(temporary, CONTAINERS[path.suffix.lower()], frame, like)
                        stack.callback(pen.close)
                    pen.write(frame)
                yield frame
        except (KeyboardInterrupt, GeneratorExit):
            if pen:
                _finish(pen, pen.end, path)
            raise
        if pen is None:
            raise AssetError(f"there are no frames to write to {path}")
        _finish(pen, None, path)


def _finish(pen, end, path):
    """Make a film of what is written, its sound as long as `end` says, and put it in its place."""
    with _told(path), _unbroken():
        pen.finish(end)
        os.replace(pen.path, path)


@contextlib.contextmanager
def _told(path):
    """Turn what FFmpeg or the disk complain of into one sentence."""
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        why = error.strerror or str(error)
        raise AssetError(f"cannot write {path} ({why}): free some space, or write elsewhere") from error


@contextlib.contextmanager
def _unbroken():
    """Let Ctrl-C wait for the end of a block: a piece lost between encoder and file would spoil all after it."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    waiting = []
    signal.signal(signal.SIGINT, lambda *signals: waiting.append(signals))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if waiting:
            handler(*waiting[-1])


class _Pen:
    """A film being written: one track of pictures, and those of sound."""

    def __init__(self, path, kind, first, like):
        container, codec, options, sound_codec = kind
        self.path, self.gif = path, container == "gif"
        height, width = first.image.shape[-2:]
        rate = like.rate if like else 1 / first.duration
        self.tick = HUNDREDTH if self.gif else _common_tick(rate, like.tick if like else first.duration)
        self.file = av.open(str(path), "w", format=container, container_options=_container_options(container, like))
        size = {"width": width, "height": height}
        self.track = self.file.add_stream(codec, rate.limit_denominator(100_000), options, **size)
        context = self.track.codec_context
        context.time_base = self.tick
        context.flags |= Flags.frame_duration
        odd = codec == "libx264" and (height % 2 or width % 2)
        context.pix_fmt = "pal8" if self.gif else "yuv444p" if odd else "yuv420p"
        if not self.gif:
            context.colorspace = context.color_primaries = context.color_trc = BT709
            context.color_range = LIMITED
            context.sample_aspect_ratio = like.aspect if like else 1
        self.sound = Sound(like, self.file, sound_codec) if like and sound_codec else None
        self.last, self.end = None, Fraction(0)

    def close(self):
        if self.sound:
            self.sound.close()
        with contextlib.suppress(av.FFmpegError, OSError):  # finished long ago, or no matter: the file is removed
            self.file.close()

    def write(self, frame):
        """Add a frame at its time, or just after the one before, and the sound up to it."""
        if self.sound:
            self.sound.write(frame.time)
        picture = _paletted(frame.image) if self.gif else _yuv(frame.image, self.track.codec_context.pix_fmt)
        least = FASTEST if self.gif else 1
        self.end = frame.time + frame.duration
        picture.time_base, picture.pts = self.tick, round(frame.time / self.tick)
        if self.last is not None:
            picture.pts = max(picture.pts, self.last + least)
        picture.duration = max(round(self.end / self.tick) - picture.pts, least)
        self.file.mux(self.track.encode(picture))
        self.last = picture.pts

    def finish(self, end):
        """Write what encoders hold back, and the sound up to `end` seconds (None: all of it)."""
        self.file.mux(self.track.encode())
        if self.sound:
            self.sound.write(end)
            self.sound.finish()
        self.file.close()


def _container_options(container, like):
    if container == "gif":
        loop = like.loop if like else 0
        return {"loop": str(-1 if loop is None else loop)}  # for ever, as the GIFs of the web, if nothing else is known
    return {"movflags": "+faststart"} if container in ("mp4", "mov") else {}  # a browser begins before it has all


def _common_tick(rate, tick):
    """Return a unit of time in which both frames at a rate and multiples of a tick have whole numbers."""
    parts = math.lcm(rate.numerator, tick.denominator)
    return Fraction(1, parts if parts <= 1_000_000 else tick.denominator)


def _yuv(image, pixel_format):
    pixels = (images.to_array(image) * 255).round().astype(np.uint8)
    picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    to = {"format": pixel_format, "dst_colorspace": "itu709", "dst_color_range": "MPEG"}
    return picture.reformat(**to, interpolation=CAREFUL)


def _paletted(image):
    """Return a picture in 256 colours of its own; no dithering, whose dots would swarm from frame to frame."""
    few = images.to_pil(image).quantize(256, dither=Image.Dither.NONE)
    colours = np.array(few.getpalette("RGB"), np.uint8).reshape(-1, 3)
    palette = np.full((256, 4), 255, np.uint8)  # alpha, red, green, blue
    palette[: len(colours), 1:] = colours
    return av.VideoFrame.from_ndarray((np.array(few), palette), format="pal8")
