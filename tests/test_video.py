"""Films in and out: every frame at its time, the sound as it was, whole files or none."""

import gc
import signal
import warnings
import weakref
from fractions import Fraction
from pathlib import Path

import av
import moving
import numpy as np
import pytest
import torch
from PIL import Image

from stylekit import video
from stylekit.errors import AssetError
from stylekit.video import Frame, open_film, write_film

NTSC = Fraction(30000, 1001)


def copy(source, target):
    """Write a film's frames as they are into another file; return how many."""
    film = open_film(source)
    return sum(1 for _ in write_film(film.frames(), target, film))


def left_behind(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".") or path.suffix == ".part"]


def make_gif(path, frames, durations, **settings):
    pictures = [Image.fromarray((frame[0].permute(1, 2, 0).numpy() * 255).astype(np.uint8)) for frame in frames]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=durations, **settings)
    return path


@pytest.mark.parametrize("out", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize(("height", "width", "rate", "pixel"), [(74, 106, NTSC, "yuv420p"), (67, 101, 25, "yuv444p")])
def test_a_video_keeps_its_frames_size_rate_and_every_sample_of_its_sound(tmp_path, out, height, width, rate, pixel):
    source = moving.make_video(tmp_path / f"in.{out}", moving.pan(23, height, width), rate, pixel=pixel)
    assert copy(source, tmp_path / f"out.{out}") == 23
    before, rate_before = moving.read_video(source)
    after, rate_after = moving.read_video(tmp_path / f"out.{out}")
    assert before.shape == after.shape == (23, height, width, 3)
    assert rate_before == rate_after == rate
    assert np.abs(before.astype(int) - after).mean() < 3  # of 255
    sound, samples = moving.read_sound(source)
    copied, samples_copied = moving.read_sound(tmp_path / f"out.{out}")
    assert samples_copied == samples
    np.testing.assert_array_equal(copied, sound)


def test_a_webm_keeps_an_odd_size_its_rate_and_its_sound(tmp_path):
    source = moving.make_video(tmp_path / "in.webm", moving.pan(13, 67, 101), NTSC, "libvpx-vp9", "libopus")
    assert copy(source, tmp_path / "out.webm") == 13
    after, rate = moving.read_video(tmp_path / "out.webm")
    assert after.shape == (13, 67, 101, 3)
    assert rate == NTSC
    np.testing.assert_array_equal(moving.read_sound(tmp_path / "out.webm")[0], moving.read_sound(source)[0])


@pytest.mark.parametrize(
    ("video_codec", "sound", "out"), [("libx264", "aac", "webm"), ("libvpx-vp9", "libopus", "mov")]
)
def test_sound_that_a_container_cannot_hold_is_encoded_anew_with_the_same_tone(tmp_path, video_codec, sound, out):
    source = moving.make_video(tmp_path / "in.mkv", moving.pan(30, 64, 64), 30, video_codec, sound)
    copy(source, tmp_path / f"out.{out}")
    samples, rate = moving.read_sound(tmp_path / f"out.{out}")
    assert len(samples) / rate == pytest.approx(1, abs=0.08)  # a coder's delay before and after
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * rate / len(samples) == pytest.approx(moving.TONE, abs=3)


def test_sound_longer_than_the_pictures_is_kept_to_its_end(tmp_path):
    source = moving.make_video(tmp_path / "in.mp4", moving.pan(5, 64, 64), 10, seconds=2)
    copy(source, tmp_path / "out.mp4")
    assert len(moving.read_sound(tmp_path / "out.mp4")[0]) == len(moving.read_sound(source)[0]) >= 96000


def test_a_film_without_sound_stays_one(tmp_path):
    source = moving.make_video(tmp_path / "in.mp4", moving.pan(5, 64, 64), 10, sound=None)
    copy(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert [stream.type for stream in file.streams] == ["video"]


def test_frames_at_uneven_times_keep_them_to_the_tick(tmp_path):
    times = [Fraction(n, 90000) for n in (0, 3001, 4507, 13999, 20011)]
    ends = [*times[1:], Fraction(25013, 90000)]
    pictures = moving.pan(5, 64, 64)
    frames = [
        Frame(*parts) for parts in zip(pictures, times, [b - a for a, b in zip(times, ends, strict=True)], strict=True)
    ]
    for _ in write_film(frames, tmp_path / "a.mp4"):
        pass
    copy(tmp_path / "a.mp4", tmp_path / "b.mp4")
    with av.open(str(tmp_path / "b.mp4")) as file:
        read = [frame.pts * frame.time_base for frame in file.decode(video=0)]
    assert [abs(a - b) <= Fraction(1, 10000) for a, b in zip(read, times, strict=True)] == 5 * [True]


@pytest.mark.parametrize("loop", [None, 0, 3])
def test_a_gif_keeps_the_duration_of_each_frame_its_loop_and_its_size(tmp_path, loop):
    durations = [40, 130, 500, 70, 20]
    settings = {} if loop is None else {"loop": loop}
    source = make_gif(tmp_path / "in.gif", moving.pan(5, 37, 53, (2, 3)), durations, **settings)
    assert copy(source, tmp_path / "out.gif") == 5
    with Image.open(tmp_path / "out.gif") as gif:
        assert gif.size == (53, 37)
        assert gif.info.get("loop") == loop
        found = []
        for number in range(gif.n_frames):
            gif.seek(number)
            found.append(gif.info["duration"])
    assert found == durations


def test_no_file_is_left_open(tmp_path):
    source = make_gif(tmp_path / "in.gif", moving.pan(3, 37, 53), 50, loop=0)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        copy(source, tmp_path / "out.gif")
        gc.collect()
    assert [str(warning.message) for warning in told if warning.category is ResourceWarning] == []


def test_a_gif_becomes_a_video_that_shows_each_frame_at_its_time(tmp_path):
    source = make_gif(tmp_path / "in.gif", moving.pan(4, 64, 64), [40, 130, 500, 70], loop=0)
    copy(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert [frame.time for frame in file.decode(video=0)] == pytest.approx([0, 0.04, 0.17, 0.67])


def test_what_is_clear_in_a_gif_is_white(tmp_path):
    picture = Image.new("RGBA", (40, 36), (0, 0, 0, 0))
    picture.paste((255, 0, 0, 255), (0, 0, 20, 36))
    picture.save(tmp_path / "a.gif", save_all=True, append_images=[picture.transpose(Image.Transpose.ROTATE_180)])
    image = next(open_film(tmp_path / "a.gif").frames()).image
    assert image[0, :, 5, 5].tolist() == [1, 0, 0]
    assert image[0, :, 5, 35].tolist() == [1, 1, 1]


@pytest.mark.parametrize("suffix", ["mp4", "webm", "gif"])
def test_flat_colours_come_back(tmp_path, suffix):
    colours = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0.5], [0.1, 0.8, 0.5]])
    image = colours.T.repeat_interleave(32, dim=1)[None, :, None].expand(1, 3, 64, 160)
    frames = [Frame(image, Fraction(n, 12), Fraction(1, 12)) for n in range(3)]
    for _ in write_film(frames, tmp_path / f"a.{suffix}"):
        pass
    for frame in open_film(tmp_path / f"a.{suffix}").frames():
        torch.testing.assert_close(frame.image[0, :, 32, 16::32].T, colours, atol=3 / 255, rtol=0)


def test_a_film_from_a_turned_camera_is_read_and_written_upright(tmp_path):
    frames = moving.pan(3, 64, 96)
    source = moving.make_video(tmp_path / "in.mp4", frames, 10, rotation=90)
    film = open_film(source)
    assert (film.height, film.width) == (96, 64)
    turned = next(film.frames()).image
    assert (turned - torch.rot90(frames[0], 1, (2, 3))).abs().mean() < 0.03  # counterclockwise
    assert (turned - torch.rot90(frames[0], -1, (2, 3))).abs().mean() > 0.1
    copy(source, tmp_path / "out.mp4")
    again = open_film(tmp_path / "out.mp4")
    assert (again.height, again.width) == (96, 64)
    assert (next(again.frames()).image - turned).abs().mean() < 0.03


def test_pixels_that_are_no_squares_stay_so(tmp_path):
    source = moving.make_video(tmp_path / "in.mp4", moving.pan(3, 64, 64), 10, sample_aspect_ratio=Fraction(4, 3))
    copy(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert file.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


@pytest.mark.parametrize("count", [20, 60])
def test_no_more_than_a_few_frames_are_in_memory_however_long_the_film(tmp_path, count):
    film = open_film(moving.make_video(tmp_path / "in.mp4", moving.pan(count, 64, 64), 20))
    living, most = weakref.WeakSet(), 0

    def watched():
        nonlocal most
        for frame in film.frames():
            living.add(frame)
            most = max(most, len(living))
            yield frame

    for _ in write_film(watched(), tmp_path / "out.mp4", film):
        pass
    assert most <= 3


def interrupted(frames, after):
    for number, frame in enumerate(frames):
        if number == after:
            signal.raise_signal(signal.SIGINT)
        yield frame


@pytest.mark.parametrize("suffix", ["mp4", "webm", "gif"])
def test_ctrl_c_leaves_the_frames_so_far_and_as_much_of_the_sound(tmp_path, suffix):
    source = moving.make_video(tmp_path / "in.mp4", moving.pan(40, 64, 64), 20)
    film, out = open_film(source), tmp_path / f"out.{suffix}"
    with pytest.raises(KeyboardInterrupt):
        for _ in write_film(interrupted(film.frames(), 15), out, film):
            pass
    assert len(moving.read_video(out)[0]) == 15
    if suffix != "gif":
        sound, rate = moving.read_sound(out)
        assert len(sound) / rate == pytest.approx(15 / 20, abs=0.1)
    assert left_behind(tmp_path) == []


def test_ctrl_c_between_picture_and_file_waits_until_the_picture_is_in(tmp_path, monkeypatch):
    film = open_film(moving.make_video(tmp_path / "in.mp4", moving.pan(40, 64, 64), 20))
    convert, calls = video.writing._yuv, []

    def struck(*arguments):
        calls.append(arguments)
        if len(calls) == 15:
            signal.raise_signal(signal.SIGINT)
        return convert(*arguments)

    monkeypatch.setattr(video.writing, "_yuv", struck)
    with pytest.raises(KeyboardInterrupt):
        for _ in write_film(film.frames(), tmp_path / "out.mp4", film):
            pass
    assert len(moving.read_video(tmp_path / "out.mp4")[0]) == 15


def test_a_generator_that_is_closed_early_leaves_a_whole_film(tmp_path):
    film = open_film(moving.make_video(tmp_path / "in.mp4", moving.pan(9, 64, 64), 20))
    writing = write_film(film.frames(), tmp_path / "out.mp4", film)
    for _ in range(4):
        next(writing)
    assert not (tmp_path / "out.mp4").exists()
    writing.close()
    assert open_film(tmp_path / "out.mp4").count == 4


def test_an_error_leaves_nothing_behind_and_an_older_film_as_it_was(tmp_path):
    film = open_film(moving.make_video(tmp_path / "in.mp4", moving.pan(9, 64, 64), 20))
    out = tmp_path / "out.mp4"
    out.write_bytes(b"older")

    def failing():
        yield from list(film.frames())[:4]
        raise RuntimeError("the painter fell ill")

    with pytest.raises(RuntimeError, match="ill"):
        for _ in write_film(failing(), out, film):
            pass
    assert out.read_bytes() == b"older"
    assert left_behind(tmp_path) == []


def test_no_frames_make_no_film(tmp_path):
    with pytest.raises(AssetError, match="no frames"):
        list(write_film([], tmp_path / "out.mp4"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["fast.mp4", "slow.mp4", "a.webm", "a.mkv", "a.avi"])
def test_a_video_cut_short_is_refused_at_once(tmp_path, name):
    kinds = {"webm": ("libvpx-vp9", "libopus"), "avi": ("mpeg4", "libmp3lame")}
    options = {"options": {"movflags": "+faststart"}} if name == "fast.mp4" else {}
    codecs = kinds.get(name.split(".")[1], ("libx264", "aac"))
    path = moving.make_video(tmp_path / name, moving.pan(60, 64, 64), 30, *codecs, **options)
    assert open_film(path).count == 60
    path.write_bytes(path.read_bytes()[: int(0.6 * path.stat().st_size)])
    with pytest.raises(AssetError, match="cut short"):
        open_film(path)


def test_a_gif_cut_short_is_refused(tmp_path):
    path = make_gif(tmp_path / "a.gif", moving.pan(5, 64, 64), 50)
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(AssetError, match="cut short"):
        open_film(path)


def test_damage_inside_a_video_is_left_out_and_counted(tmp_path):
    path = moving.make_video(tmp_path / "a.avi", moving.pan(30, 64, 64), 30, "mjpeg", sound=None, pixel="yuvj420p")
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as file:
        packet = [packet for packet in file.demux(video=0) if packet.size][10]
    content[packet.pos + 8 : packet.pos + packet.size] = bytes(packet.size - 8)
    path.write_bytes(content)
    film = open_film(path)
    assert len(list(film.frames())) == 29
    assert film.damaged == 1


def make_bad(path, kind):
    if kind == "text":
        path.write_text("no film at all\n")
    elif kind == "nothing":
        path.write_bytes(b"")
    elif kind == "picture":
        Image.new("RGB", (40, 40)).save(path, "JPEG")
    elif kind == "music":
        moving.make_video(path, moving.pan(1, 64, 64), 10, seconds=1)
        with av.open(str(path)) as source, av.open(f"{path}.m4a", "w", format="mp4") as target:
            track = target.add_stream_from_template(source.streams.audio[0])
            for packet in source.demux(source.streams.audio[0]):
                if packet.dts is not None:
                    packet.stream = track
                    target.mux(packet)
        path.with_name(f"{path.name}.m4a").replace(path)
    elif kind == "folder":
        path.mkdir()


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("text", "cannot be read as a video"),
        ("nothing", "cannot be read as a video"),
        ("picture", "is one picture, not a film"),
        ("music", "holds no pictures, only sound"),
        ("folder", "is a folder"),
        ("missing", "there is no file"),
    ],
)
def test_what_is_no_film_is_refused_in_one_sentence(tmp_path, kind, sentence):
    make_bad(tmp_path / "a.mp4", kind)
    with pytest.raises(AssetError, match=sentence) as caught:
        open_film(tmp_path / "a.mp4")
    assert "\n" not in str(caught.value)


def test_a_video_of_zero_frames_is_refused(tmp_path):
    path = moving.make_video(tmp_path / "a.mkv", moving.pan(1, 64, 64), 10, sound=None)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"\x1f\x43\xb6\x75")])  # Matroska: up to where its clusters begin
    with pytest.raises(AssetError, match="no frame|cut short|cannot be read"):
        open_film(path)


@pytest.mark.parametrize("name", ["out.avi", "out", "no/folder/out.mp4", "folder.mp4"])
def test_a_film_goes_only_where_it_can_be_written(tmp_path, name):
    (tmp_path / "folder.mp4").mkdir()
    for refuse in (video.check_film_output, lambda path: write_film([], path)):  # before the first frame is asked for
        with pytest.raises(AssetError):
            refuse(tmp_path / name)
    video.check_film_output(tmp_path / "out.mp4")


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("out.mp4", None, (67, 101)),  # its own, whatever it is
        ("out.mp4", 75, (50, 76)),  # 49.8 and 75: of two even numbers as near, one
        ("out.webm", 64, (42, 64)),  # 42.5
        ("out.gif", 64, (42, 64)),
        ("out.GIF", 101, (67, 101)),
        ("out.mp4", 202, (134, 202)),
    ],
)
def test_the_size_of_a_film_is_its_own_or_of_a_longer_side_and_then_even_but_in_a_gif(tmp_path, name, size, expected):
    film = open_film(moving.make_video(tmp_path / "in.mp4", moving.pan(1, 67, 101), 10, pixel="yuv444p"))
    assert video.film_size(film, tmp_path / name, size) == expected


def test_the_thinnest_film_keeps_two_pixels():
    thin = video.Film(Path("thin.mp4"), 4, 4000, Fraction(10), 1, Fraction(1, 10), Fraction(0), Fraction(1), None)
    assert video.film_size(thin, "out.mp4", 64) == (2, 64)
