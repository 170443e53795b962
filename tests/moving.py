"""Short films for the tests: a pan over a picture, with a tone."""

from fractions import Fraction

import av
import numpy as np
import skimage.data
import torch

TONE = 440  # hertz


def pan(count, height, width, step=(0, 1), noise=0.0, seed=0):
    """Return frames (1, 3, height, width): a window over the coffee cup that moves `step` pixels down, to the right."""
    picture = torch.from_numpy(skimage.data.coffee()).permute(2, 0, 1)[None] / 255  # (1, 3, 400, 600)
    generator = torch.Generator().manual_seed(seed)
    frames = []
    for number in range(count):
        y, x = 60 + number * step[0], 90 + number * step[1]
        window = picture[:, :, y : y + height, x : x + width]
        frames.append((window + noise * torch.randn(window.shape, generator=generator)).clamp(0, 1))
    return frames


def make_video(path, frames, rate, video="libx264", sound="aac", seconds=None, pixel="yuv420p", **settings):
    """Write a video by PyAV alone, its sound as long as its pictures or `seconds`; settings are of the video track."""
    options, rotation = settings.pop("options", {}), settings.pop("rotation", 0)
    with av.open(str(path), "w", options=options) as file:
        height, width = frames[0].shape[-2:]
        track = file.add_stream(video, rate=rate, width=width, height=height, pix_fmt=pixel, **settings)
        track.set_display_rotation(rotation)
        tone = file.add_stream(sound, rate=48000, layout="mono") if sound else None
        for frame in frames:
            pixels = (frame[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
            file.mux(track.encode(av.VideoFrame.from_ndarray(pixels)))
        file.mux(track.encode())
        if tone:
            samples = np.arange(round(48000 * (seconds or len(frames) / Fraction(rate))))
            wave = 0.5 * np.sin(2 * np.pi * TONE * samples / 48000)[None].astype(np.float32)
            piece = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            piece.sample_rate, piece.pts = 48000, 0
            file.mux(tone.encode(piece))
            file.mux(tone.encode())
    return path


def read_sound(path):
    """Return the samples of a file's sound, (N,), and their rate."""
    resampler = av.AudioResampler(format="flt", layout="mono")
    with av.open(str(path)) as file:
        pieces = [piece.to_ndarray()[0] for frame in file.decode(audio=0) for piece in resampler.resample(frame)]
        return np.concatenate(pieces), file.streams.audio[0].sample_rate


def read_video(path):
    """Return the frames of a video as PyAV gives them, (N, H, W, 3), and its rate."""
    with av.open(str(path)) as file:
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
        return np.stack(frames), file.streams.video[0].average_rate
