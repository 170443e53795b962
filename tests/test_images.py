"""What `stylekit.images` promises about tensors, files and colours."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import struct
import zlib

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError
from PIL import Image
from skimage.color import rgb2yiq

from stylekit import files, images
from stylekit.colour import keep_colour, match_colour
from stylekit.errors import AssetError
from stylekit.images import (
    check_output,
    fit,
    from_array,
    load_image,
    picture_hash,
    read_metadata,
    resize_image,
    save_image,
    to_array,
    to_pil,
)

H, W = 37, 53


def uniform(height=H, width=W, low=0.0, high=1.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return low + (high - low) * torch.rand(1, 3, height, width, generator=generator)


def draw(folder, height, width, name="picture.png"):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / name)
    return folder / name, pixels


# --- loading --------------------------------------------------------------------------------------------------------


def test_a_picture_loads_as_rgb_float32_channels_first(tmp_path):
    path, pixels = draw(tmp_path, H, W)
    image = load_image(path)
    assert image.shape == (1, 3, H, W) and image.dtype == torch.float32 and image.is_contiguous()
    for row, column, channel in ((0, 0, 0), (5, 7, 1), (H - 1, W - 1, 2)):
        assert image[0, channel, row, column].item() == pytest.approx(pixels[row, column, channel] / 255, abs=1e-7)


@pytest.mark.parametrize("height, width", [(131, 97), (97, 131), (113, 113)])
@pytest.mark.parametrize("size", [71, 257])
def test_size_is_the_longer_side_and_the_shape_is_kept(tmp_path, height, width, size):
    path, _ = draw(tmp_path, height, width)
    h, w = load_image(path, size).shape[-2:]
    assert max(h, w) == size
    assert abs(h / w - height / width) <= 1 / min(h, w)  # to the nearest pixel


def test_the_own_size_changes_no_pixel(tmp_path):
    path, _ = draw(tmp_path, H, W)
    assert torch.equal(load_image(path, W), load_image(path))


def test_shrinking_averages_instead_of_skipping_pixels(tmp_path):
    board = np.indices((256, 384)).sum(axis=0) % 2 * 255
    Image.fromarray(board.astype(np.uint8)).save(tmp_path / "board.png")
    image = load_image(tmp_path / "board.png", 96)
    assert (image[..., 3:-3, 3:-3] - 0.5).abs().max() < 0.03


@pytest.mark.parametrize("size", [0, -1, 31, 8193, 10**6, True])
def test_a_size_out_of_range_is_refused_with_the_range(size):
    with pytest.raises(AssetError, match=rf"from 32 to 8192; got {size}"):
        load_image("chelsea", size)


@pytest.mark.parametrize("size", [256.0, "256", float("nan"), (256, 256), None])
def test_a_size_that_is_no_whole_number_is_refused(size):
    with pytest.raises(AssetError, match="a whole number of pixels"):
        images.check_size(size)


@pytest.mark.parametrize("size", [32, 8192, np.int64(256)])
def test_a_size_in_range_is_accepted(size):
    images.check_size(size)


@pytest.mark.parametrize(
    "width, height, size, becomes",
    [(1, 1, None, ""), (8, 8, None, ""), (31, 400, None, ""), (4000, 1, 256, "256 x 1"), (400, 50, 200, "200 x 25")],
)
def test_a_picture_with_too_short_a_side_is_refused_with_both_sizes(tmp_path, width, height, size, becomes):
    path, _ = draw(tmp_path, height, width)
    with pytest.raises(AssetError, match=rf"{width} x {height} px.*{becomes}.*at least 32 px"):
        load_image(path, size)


@pytest.mark.parametrize("width, height", [(8, 8), (31, 400), (400, 50), (997, 41)])
def test_the_size_that_the_error_asks_for_is_enough(tmp_path, width, height):
    path, _ = draw(tmp_path, height, width)
    with pytest.raises(AssetError) as caught:
        load_image(path, 32 if width != height else None)
    size = int(re.search(r"size=(\d+)", str(caught.value)).group(1))
    assert min(load_image(path, size).shape[-2:]) >= 32


# --- resizing -------------------------------------------------------------------------------------------------------


def test_fit_gives_the_longer_side_exactly_and_never_nothing():
    assert fit(300, 451, 256) == (170, 256)  # 300 * 256 / 451 = 170.3
    assert fit(451, 300, 256) == (256, 170)
    assert fit(4000, 1, 32) == (32, 1)


@pytest.mark.parametrize("size, shape", [(106, (74, 106)), ((41, 61), (41, 61)), ((13, 11), (13, 11))])
def test_resizing_takes_a_longer_side_or_height_and_width(size, shape):
    assert resize_image(uniform(), size).shape == (1, 3, *shape)


def test_resizing_keeps_a_plain_image_and_a_straight_ramp():
    plain = torch.full((1, 3, H, W), 0.3)
    assert torch.allclose(resize_image(plain, (61, 29)), torch.tensor(0.3), atol=1e-6)
    ramp = ((torch.arange(W) + 0.5) / W).expand(1, 3, H, W)
    doubled = (torch.arange(2 * W) + 0.5) / (2 * W)
    assert torch.allclose(resize_image(ramp, (H, 2 * W))[..., 6:-6], doubled[6:-6].expand(1, 3, H, -1), atol=1e-5)


def test_resizing_stays_within_zero_and_one():
    resized = resize_image((uniform() > 0.5).float(), (2 * H, 3 * W))
    assert resized.min() == 0 and resized.max() == 1  # the bare cubic overshoots both


def test_resizing_shrinks_without_aliasing():
    board = (torch.arange(64)[:, None] + torch.arange(96)).remainder(2).float().expand(1, 3, 64, 96)
    assert (resize_image(board, (16, 24))[..., 2:-2, 2:-2] - 0.5).abs().max() < 0.03


def test_gradients_pass_through_resizing():
    image = uniform(low=0.3, high=0.7).requires_grad_()
    resize_image(image, (19, 23)).sum().backward()
    assert image.grad.abs().min() > 0


# --- leaving the tensor world ---------------------------------------------------------------------------------------


def test_every_one_of_the_256_levels_survives_the_round_trip():
    levels = torch.arange(256).view(1, 1, 16, 16).expand(1, 3, 16, 16)
    back = np.asarray(to_pil(levels / 255))
    assert np.array_equal(back, levels[0].permute(1, 2, 0).numpy())


def test_values_are_rounded_and_clamped_on_the_way_to_eight_bits():
    values = torch.tensor([-0.2, 0.4 / 255, 0.6 / 255, 254.6 / 255, 1.7]).view(1, 1, 1, 5).expand(1, 3, 1, 5)
    assert np.asarray(to_pil(values))[0, :, 0].tolist() == [0, 0, 1, 255, 255]


def test_an_array_has_the_channels_last_and_shares_no_memory():
    image = uniform().requires_grad_()
    array = to_array(image)
    assert array.shape == (H, W, 3) and array.dtype == np.float32
    assert array[5, 7, 1] == image[0, 1, 5, 7].item()
    array[:] = 0
    assert image.max() > 0.9


def test_an_array_becomes_an_image_and_an_array_again():
    array = np.random.default_rng(0).random((5, 7, 3))
    image = from_array(array)
    assert image.shape == (1, 3, 5, 7) and image.dtype == torch.float32
    assert image[0, 2, 3, 4] == np.float32(array[3, 4, 2])
    assert np.array_equal(to_array(image), array.astype(np.float32))


@pytest.mark.parametrize("shape", [(3, H, W), (2, 3, H, W), (1, 1, H, W), (1, H, W, 3)])
def test_another_shape_is_refused(shape):
    with pytest.raises((ValueError, TypeCheckError), match=r"expected one image of shape|Type-check"):
        to_pil(torch.zeros(shape))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_diverged_painting_is_not_turned_into_a_picture(tmp_path, value):
    image = uniform()
    image[0, 1, 5, 7] = value
    with pytest.raises(ValueError, match="not finite"):
        save_image(image, tmp_path / "painting.png")
    assert list(tmp_path.iterdir()) == []


# --- saving ---------------------------------------------------------------------------------------------------------


def test_a_png_gives_back_the_pixels(tmp_path):
    path, pixels = draw(tmp_path, H, W)
    save_image(load_image(path), tmp_path / "copy.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "copy.png")), pixels)


@pytest.mark.parametrize("name", ["copy.jpg", "copy.JPEG"])
def test_a_jpeg_is_near_the_image(tmp_path, name):
    image = load_image("chelsea", 128)
    save_image(image, tmp_path / name)
    assert Image.open(tmp_path / name).format == "JPEG"
    assert (load_image(tmp_path / name) - image).abs().mean() < 0.01


@pytest.mark.parametrize("text", ["", "plain", "Käthe, 画\nsecond line", '{"size": 256}', "x" * 3_000_000])
def test_a_png_carries_its_recipe(tmp_path, text):
    save_image(uniform(), tmp_path / "painting.png", {"stylekit": text, "second name": "2"})
    assert read_metadata(tmp_path / "painting.png") == {"stylekit": text, "second name": "2"}


def test_texts_that_other_programs_wrote_after_the_pixels_are_read(tmp_path):
    content = io.BytesIO()
    to_pil(uniform()).save(content, "PNG")
    text = b"tEXt" + b"Comment\0late"
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    (tmp_path / "late.png").write_bytes(content.getvalue()[:-12] + chunk + content.getvalue()[-12:])  # before IEND
    assert read_metadata(tmp_path / "late.png") == {"Comment": "late"}


def test_a_picture_without_texts_has_no_metadata(tmp_path):
    for name in ("painting.png", "painting.jpg"):
        save_image(uniform(), tmp_path / name)
        assert read_metadata(tmp_path / name) == {}
    with pytest.raises(AssetError, match="no such file"):
        read_metadata(tmp_path / "zzzz.png")


def test_a_jpeg_refuses_a_recipe(tmp_path):
    with pytest.raises(AssetError, match="write painting.png instead of painting.jpg"):
        save_image(uniform(), tmp_path / "painting.jpg", {"stylekit": "recipe"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "metadata", [{"": "x"}, {"x" * 80: "x"}, {"né": "x"}, {"a\nb": "x"}, {" a": "x"}, {"seed": 7}, {"a": "zero \0"}]
)
def test_metadata_that_a_png_cannot_carry_is_refused(tmp_path, metadata):
    with pytest.raises((AssetError, TypeCheckError)):
        save_image(uniform(), tmp_path / "painting.png", metadata)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name, complaint",
    [
        ("painting", "must end in .png"),
        ("painting.gif", "must end in .png"),
        (".png", "must end in .png"),
        ("", "is a folder"),
        ("nowhere/painting.png", "the folder .*nowhere does not exist"),
        ("file.txt/painting.png", "the folder .*file.txt does not exist"),
    ],
)
def test_an_impossible_output_is_refused_before_and_when_saving(tmp_path, name, complaint):
    (tmp_path / "file.txt").write_text("in the way")
    for write in (check_output, lambda path: save_image(uniform(), path)):
        with pytest.raises(AssetError, match=complaint):
            write(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]


def test_an_output_that_is_a_folder_with_a_good_suffix_is_refused(tmp_path):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(AssetError, match="is a folder"):
        check_output(tmp_path / "folder.png")


def test_a_read_only_folder_is_refused_before_any_work(tmp_path, monkeypatch):
    monkeypatch.setattr(files.os, "access", lambda path, mode: False)  # simulated: root may write everywhere
    with pytest.raises(AssetError, match="cannot be written"):
        check_output(tmp_path / "painting.png")


def test_a_good_output_passes_and_leaves_no_trace(tmp_path):
    check_output(tmp_path / "painting.png")
    check_output(str(tmp_path / "painting.JPG"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
@pytest.mark.parametrize("code, complaint", [(errno.ENOSPC, "No space left"), (errno.EROFS, "Read-only")])
def test_a_failed_write_keeps_the_older_file_and_leaves_no_other(tmp_path, monkeypatch, step, code, complaint):
    path = tmp_path / "painting.png"
    path.write_bytes(b"the older painting")

    def fail(*arguments):
        raise OSError(code, os.strerror(code))

    if step == "open":
        monkeypatch.setattr(files, "open", fail, raising=False)
    else:
        monkeypatch.setattr(files.os, step, fail)
    with pytest.raises(AssetError, match=f"cannot write .*{complaint}"):
        save_image(uniform(), path)
    assert path.read_bytes() == b"the older painting" and list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_disk_that_fills_up_while_writing_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(
        files, "open", lambda path, mode: os.fdopen(os.open("/dev/full", os.O_WRONLY), "wb"), raising=False
    )
    with pytest.raises(AssetError, match="No space left"):
        save_image(uniform(), tmp_path / "painting.png")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_image(uniform(), tmp_path / "painting.png")
    assert list(tmp_path.iterdir()) == []


def test_a_painting_is_as_readable_for_others_as_any_new_file(tmp_path):
    (tmp_path / "plain.txt").write_text("a new file")
    save_image(uniform(), tmp_path / "painting.png")
    assert (tmp_path / "painting.png").stat().st_mode == (tmp_path / "plain.txt").stat().st_mode


# --- fingerprints ---------------------------------------------------------------------------------------------------


def test_a_fingerprint_is_the_hash_of_size_and_pixels():
    picture = to_pil(uniform())
    pixels = bytes(value for row in np.asarray(picture).tolist() for pixel in row for value in pixel)
    assert picture_hash(picture) == hashlib.sha256(f"{W} x {H} RGB\n".encode() + pixels).hexdigest()


def test_a_fingerprint_ignores_the_file_format_and_metadata(tmp_path):
    picture = to_pil(uniform())
    save_image(uniform(), tmp_path / "a.png", {"stylekit": "recipe"})
    picture.save(tmp_path / "b.bmp")
    assert picture_hash(Image.open(tmp_path / "a.png")) == picture_hash(Image.open(tmp_path / "b.bmp"))
    assert picture_hash(picture.convert("RGBA")) == picture_hash(picture)


def test_a_fingerprint_sees_one_level_of_one_pixel_and_the_shape():
    picture = to_pil(uniform())
    changed = picture.copy()
    red, green, blue = picture.getpixel((5, 7))
    changed.putpixel((5, 7), (red ^ 1, green, blue))
    reshaped = Image.frombytes("RGB", (H, W), picture.tobytes())
    assert len({picture_hash(picture), picture_hash(changed), picture_hash(reshaped)}) == 3


# --- colour ---------------------------------------------------------------------------------------------------------


def yiq(image):
    return rgb2yiq(image[0].permute(1, 2, 0).double().numpy())


def test_keep_colour_takes_luminance_from_the_painting_and_chroma_from_the_photograph():
    painted, photograph = uniform(low=0.4, high=0.6, seed=1), uniform(low=0.4, high=0.6, seed=2)  # nothing to clamp
    result = yiq(keep_colour(painted, photograph))
    assert np.allclose(result[..., 0], yiq(painted)[..., 0], atol=1e-3)  # scikit-image rounds its matrix differently
    assert np.allclose(result[..., 1:], yiq(photograph)[..., 1:], atol=1e-3)


def test_keep_colour_stays_within_zero_and_one_and_changes_nothing_on_itself():
    painted, photograph = uniform(seed=1), uniform(seed=2)
    result = keep_colour(painted, photograph)
    assert result.min() >= 0 and result.max() <= 1 and result.dtype == torch.float32
    assert torch.allclose(keep_colour(painted, painted), painted, atol=1e-6)


def test_keep_colour_of_a_grey_photograph_is_grey():
    grey = uniform(seed=2)[:, :1].expand(1, 3, H, W)
    result = keep_colour(uniform(seed=1), grey)
    assert torch.allclose(result[:, 0], result[:, 1]) and torch.allclose(result[:, 0], result[:, 2])


def test_keep_colour_refuses_different_sizes():
    with pytest.raises((ValueError, TypeCheckError), match="resize_image first|Type-check"):
        keep_colour(uniform(), uniform(31, 41))


def coloured(height, width, seed, centre):
    """An image whose channels are correlated, far from 0 and 1."""
    mix = torch.tensor([[0.10, 0.04, 0.0], [0.03, 0.08, 0.02], [-0.03, 0.02, 0.06]]) * (1 + 0.2 * seed)
    noise = 2 * uniform(height, width, seed=seed) - 1
    return torch.tensor(centre).view(1, 3, 1, 1) + torch.einsum("ij,bjhw->bihw", mix.roll(seed, 0), noise)


def test_match_colour_gives_the_style_the_photographs_mean_and_covariance():
    style, photograph = coloured(H, W, 1, [0.3, 0.5, 0.6]), coloured(61, 29, 2, [0.6, 0.4, 0.5])
    matched = match_colour(style, photograph)
    assert matched.shape == style.shape and matched.dtype == torch.float32
    assert matched.min() > 0 and matched.max() < 1  # nothing was clamped
    ours, theirs = (image.double().numpy().reshape(3, -1) for image in (matched, photograph))
    assert np.allclose(ours.mean(axis=1), theirs.mean(axis=1), atol=1e-5)
    assert np.allclose(np.cov(ours, bias=True), np.cov(theirs, bias=True), atol=1e-5)
    assert not np.allclose(np.cov(style.numpy().reshape(3, -1)), np.cov(theirs), atol=1e-4)  # there was work to do


def test_match_colour_of_an_image_with_itself_changes_nothing():
    image = uniform()
    assert torch.allclose(match_colour(image, image), image, atol=1e-5)


@pytest.mark.parametrize("style", ["grey", "plain", "colour"])
@pytest.mark.parametrize("photograph", ["grey", "plain", "colour"])
def test_match_colour_of_grey_and_plain_images_is_finite_and_has_the_right_mean(style, photograph):
    kinds = {
        "grey": uniform(low=0.4, high=0.6, seed=3)[:, :1].expand(1, 3, H, W),
        "plain": torch.tensor([0.2, 0.5, 0.7]).view(1, 3, 1, 1).expand(1, 3, H, W),
        "colour": coloured(H, W, 1, [0.5, 0.5, 0.5]),
    }
    matched = match_colour(kinds[style], kinds[photograph])
    assert torch.isfinite(matched).all()
    assert torch.allclose(matched.mean((2, 3)), kinds[photograph].mean((2, 3)), atol=1e-3)
    if style == "colour" and photograph == "grey":
        assert (matched - matched.mean(dim=1, keepdim=True)).abs().max() < 0.01  # the style turns grey


def test_match_colour_stays_within_zero_and_one():
    matched = match_colour(uniform(seed=1) ** 3, uniform(31, 41, seed=2).round())
    assert matched.min() >= 0 and matched.max() <= 1
