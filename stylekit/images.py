"""Pictures as tensors, RGB in [0, 1] and of shape (1, 3, H, W): load, resize, save with a recipe.

What such a tensor holds is shown in notebook 01.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, PngImagePlugin
from torch import Tensor
from torch.nn import functional

from stylekit.assets import open_picture, read_file
from stylekit.errors import AssetError, InputError
from stylekit.files import check_target, write_whole

SMALLEST_SIDE, LARGEST_SIDE = 32, 8192  # pixels of the longer side; the short side has the same lower limit
AnyPicture = Tensor | np.ndarray | Image.Image | str | os.PathLike  # what `as_image` takes
OUTSIDE = 1e-3  # how far beyond [0, 1] a picture may reach: rounding, not another range
FAR_ABOVE = 16  # a picture that reaches beyond this, and nowhere below 0, is one of 0..255
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


def load_image(source: str | Path, size: int | None = None) -> Float[Tensor, "1 3 H W"]:
    """Load a picture by name or path as a tensor, its longer side `size` pixels (None keeps the picture's own size).

    Resized with Lanczos, the aspect ratio kept. Returns float32 RGB in [0, 1], shape (1, 3, H, W).
    Raises AssetError for a picture that cannot be opened, a size that is no whole number in 32..8192, and a picture
    whose short side would have less than 32 pixels.
    """
    if size is not None:
        check_size(size)
    return from_pil(open_picture(source), size, str(source))


def from_pil(picture: Image.Image, size: int | None = None, name: str = "the picture") -> Float[Tensor, "1 3 H W"]:
    """Return an RGB picture as an image, as `load_image` does; `name` is what errors call it."""
    if size is not None:
        check_size(size)
    height, width = (picture.height, picture.width) if size is None else fit(picture.height, picture.width, size)
    if min(height, width) < SMALLEST_SIDE:
        raise AssetError(_too_small(name, picture, height, width))
    if (width, height) != picture.size:
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    return from_array(np.array(picture, dtype=np.float32) / 255)


def as_image(
    picture: object, device: torch.device | str | None = None, size: int | None = None
) -> Float[Tensor, "1 3 H W"]:
    """Return whatever a reader may call a picture as an image, on the device if one is named.

    A tensor (1, 3, H, W) or (3, H, W), or an array (H, W, 3), of floats in [0, 1]; a PIL picture; a name or a path.
    `size` is the longer side at which the last two are read. Raises InputError for whole numbers and for 0..255, for
    other shapes, and for values that are not finite; AssetError as `load_image` does.
    """
    if isinstance(picture, str | os.PathLike):
        image = load_image(picture, size)
    elif isinstance(picture, Image.Image):
        image = from_pil(picture.convert("RGB"), size)
    elif isinstance(picture, Tensor | np.ndarray):
        image = _checked(picture)
    else:
        wanted = "a tensor (1, 3, H, W) in [0, 1], an array (H, W, 3), a PIL picture, a name or a path"
        raise InputError(f"expected a picture: {wanted}; got {type(picture).__name__}")
    return image if device is None else image.to(device)


def _checked(picture):
    """Return a tensor or an array of the right range and shape as an image."""
    if isinstance(picture, np.ndarray):
        if picture.ndim != 3 or picture.shape[-1] != 3:
            raise InputError(f"expected one picture as an array of shape (H, W, 3), RGB; got {picture.shape}")
        picture = torch.from_numpy(picture.transpose(2, 0, 1).copy())
    image = picture[None] if picture.ndim == 3 else picture
    check_shape(image)
    if image.numel() == 0 or image.device.type == "meta":
        return image
    low, high = image.detach().aminmax()
    if not (torch.isfinite(low) and torch.isfinite(high)):
        raise InputError("the picture holds values that are not finite")
    if low < -OUTSIDE or high > 1 + OUTSIDE:
        raise InputError(_out_of_range(low, high))
    return image


def _out_of_range(low, high):
    hint = "divide 0..255 by 255 first" if high > FAR_ABOVE else "clamp it first"
    return f"expected values in [0, 1], got {low.item():.3g} to {high.item():.3g}: {hint}"


def check_size(size: object) -> None:
    """Raise AssetError unless `size`, the longer side in pixels, is a whole number in 32..8192."""
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or not SMALLEST_SIDE <= size <= LARGEST_SIDE:
        wanted = f"a whole number of pixels from {SMALLEST_SIDE} to {LARGEST_SIDE}"
        raise AssetError(f"size is the longer side of the picture, {wanted}; got {size!r}. Try 256 or 512.")


def fit(height: int, width: int, size: int) -> tuple[int, int]:
    """Return (height, width) in pixels of the same shape whose longer side is `size`; no side falls under 1."""
    scale = size / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def _too_small(source: str, picture: Image.Image, height: int, width: int) -> str:
    own = f"{picture.width} x {picture.height} px"
    becomes = "" if (width, height) == picture.size else f", which becomes {width} x {height} px,"
    enough = -(-SMALLEST_SIDE * max(picture.size) // min(picture.size))  # rounded up
    remedy = f"ask for size={enough} or more" if enough <= LARGEST_SIDE else "crop it to a less extreme shape"
    return f"{source!r} has {own}{becomes} but the short side needs at least {SMALLEST_SIDE} px: {remedy}"


def resize_image(image: Float[Tensor, "B 3 H W"], size: int | tuple[int, int]) -> Float[Tensor, "B 3 h w"]:
    """Resize images to (height, width), or to a longer side of `size` pixels with the aspect ratio kept.

    Bicubic, with antialiasing where it shrinks; the overshoot of the cubic at edges is clamped to [0, 1]. Stays on its
    device and is differentiable; an image that has the size already is returned as it is. Coarse-to-fine painting
    enlarges each result with it.
    """
    check_image(image, one=False)
    height_width = tuple(size) if isinstance(size, tuple | list) else fit(*image.shape[-2:], size)
    if height_width == tuple(image.shape[-2:]):
        return image
    resized = functional.interpolate(image, size=height_width, mode="bicubic", align_corners=False, antialias=True)
    return resized.clamp(0, 1)


def check_image(image: Tensor, one: bool = True) -> None:
    """Raise InputError unless `check_shape` lets this pass and it is not one of 0..255: positive, and far above 1.

    What a descent outside the box leaves may reach beyond [0, 1]; it reaches below 0 too.
    """
    check_shape(image, one)
    if image.numel() and image.device.type != "meta":
        low, high = image.detach().aminmax()
        if low >= 0 and FAR_ABOVE < high < float("inf"):
            raise InputError(_out_of_range(low, high))


def check_shape(image: Tensor, one: bool = True) -> None:
    """Raise InputError unless this is an image of floats, (1, 3, H, W); (B, 3, H, W) where not `one` is asked for."""
    if not image.is_floating_point():
        raise InputError(f"expected an image of floats in [0, 1], got {image.dtype}: divide 0..255 by 255 first")
    if image.ndim != 4 or image.shape[1] != 3 or (one and len(image) != 1):
        wanted = "one image of shape (1, 3, H, W)" if one else "images of shape (B, 3, H, W)"
        raise InputError(f"expected {wanted}; got {tuple(image.shape)}")


def to_array(image: Float[Tensor, "1 3 H W"]) -> Float[np.ndarray, "H W 3"]:
    """Return an image as a float32 array of shape (H, W, 3), clamped to [0, 1]: what matplotlib's imshow takes.

    Raises InputError for another shape, for values that are not finite, and for 0..255.
    """
    check_image(image)
    if not torch.isfinite(image).all():
        raise InputError("the image holds values that are not finite: the descent diverged; lower its learning rate")
    return image.detach()[0].permute(1, 2, 0).clamp(0, 1).to("cpu", torch.float32).numpy()


def from_array(array: Float[np.ndarray, "H W 3"]) -> Float[Tensor, "1 3 H W"]:
    """Return an array of shape (H, W, 3), RGB in [0, 1], as an image: float32 of shape (1, 3, H, W)."""
    return torch.from_numpy(array).permute(2, 0, 1)[None].to(torch.float32).contiguous()


def to_pil(image: Float[Tensor, "1 3 H W"]) -> Image.Image:
    """Return an image as an 8-bit RGB picture, clamped to [0, 1] and rounded to the nearest of 256 levels.

    Raises ValueError for another shape and for values that are not finite.
    """
    return Image.fromarray((to_array(image) * 255).round().astype(np.uint8))


def check_output(path: str | Path, sources: Iterable[str | Path] = ()) -> None:
    """Check that a picture, a .png, .jpg or .jpeg, can be written to `path`, as `files.check_target` does."""
    check_target(Path(path).expanduser(), FORMATS, sources)


def save_image(image: Float[Tensor, "1 3 H W"], path: str | Path, metadata: dict[str, str] | None = None) -> None:
    """Write an image to a .png or .jpg file, whole or not at all; a .png may carry texts by name (its recipe).

    An older file at `path` stays untouched until the new one is complete. Missing folders are not made.
    Raises AssetError if the file cannot be written there (see `check_output`), if the disk is full, or if metadata is
    given for a .jpg or does not suit a PNG; ValueError if the image is no image (see `to_array`).
    """
    check_output(path)
    path = Path(path).expanduser()
    if FORMATS[path.suffix.lower()] == "PNG":
        content = png_bytes(image, metadata)
    elif metadata:
        raise AssetError(f"only a .png carries a recipe: write {path.with_suffix('.png').name} instead of {path.name}")
    else:
        content = jpeg_bytes(image)
    write_whole(path, content)


def png_bytes(image: Float[Tensor, "1 3 H W"], metadata: dict[str, str] | None = None) -> bytes:
    """Return an image as the content of a PNG file that carries texts by name. Raises as `save_image` does."""
    content = io.BytesIO()
    to_pil(image).save(content, "PNG", pnginfo=_texts(metadata or {}))
    return content.getvalue()


def jpeg_bytes(image: Float[Tensor, "1 3 H W"], quality: int = 95) -> bytes:
    """Return an image as the content of a JPEG file, colours at full resolution. Raises as `save_image` does."""
    content = io.BytesIO()
    to_pil(image).save(content, "JPEG", quality=quality, subsampling=0)
    return content.getvalue()


def _texts(metadata: dict[str, str]) -> PngImagePlugin.PngInfo:
    texts = PngImagePlugin.PngInfo()
    for name, text in metadata.items():
        plain = isinstance(name, str) and name.isascii() and name.isprintable() and name == name.strip()
        if not plain or not 0 < len(name) < 80:
            raise AssetError(f"a PNG names its texts by 1 to 79 printable ASCII characters; got {name!r}")
        if not isinstance(text, str) or "\0" in text:
            raise AssetError(f"metadata {name!r} must be a text without zero bytes; got {text!r}")
        texts.add_itxt(name, text)
    return texts


def read_metadata(path: str | Path) -> dict[str, str]:
    """Return the texts a PNG carries, by name; {} for a picture without any. Raises AssetError as `open_picture`."""
    picture = read_file(Path(path).expanduser())
    return {name: str(text) for name, text in getattr(picture, "text", {}).items()}


def picture_hash(picture: Image.Image) -> str:
    """Return the SHA-256, in hexadecimal, of a picture's size and RGB pixels, whatever its file format or metadata."""
    digest = hashlib.sha256(f"{picture.width} x {picture.height} RGB\n".encode())
    digest.update(picture.convert("RGB").tobytes())
    return digest.hexdigest()
