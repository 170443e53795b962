"""What `stylekit.assets` promises about names, files and downloads."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import io
import os
import socket
import threading
import time

import numpy as np
import pooch
import pytest
from jaxtyping import TypeCheckError
from PIL import Image

from stylekit import assets
from stylekit.assets import download, open_picture, pictures, suggest
from stylekit.errors import AssetError

H, W = 37, 53
PNG, JPEG = "picture.png", "picture.jpg"


@pytest.fixture
def noise():
    return np.random.default_rng(0).integers(0, 256, (H, W, 3), dtype=np.uint8)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("STYLEKIT_CACHE", str(folder))
    return folder


def encoded(pixels, kind="PNG", **options):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, kind, **options)
    return content.getvalue()


# --- the registry ---------------------------------------------------------------------------------------------------


def test_every_picture_has_a_role_a_licence_a_credit_and_a_use():
    for name, picture in pictures().items():
        assert picture.name == name and picture.title and picture.artist and picture.licence and picture.credit
        assert picture.role in ("content", "style")
        assert picture.use in ("open", "conditional", "code-only")
        assert picture.origin in ("scikit-image", "scikit-learn", "data", "download")


def test_every_download_is_pinned_by_a_commit_and_a_hash():
    papers = [picture for picture in pictures().values() if picture.origin == "download"]
    assert len(papers) == 25
    for picture in papers:
        assert picture.url.startswith("https://") and len(picture.url.split("/")[5]) == 40  # a commit, no branch
        assert len(picture.sha256) == 64 and picture.file.startswith(picture.name)
    assert len({picture.sha256 for picture in papers}) == 25


def test_pictures_in_copyright_or_without_a_licence_are_never_offered():
    for picture in pictures().values():
        doubtful = "Picasso" in picture.artist or "No licence" in picture.licence
        assert doubtful == (picture.use == "code-only")


@pytest.mark.parametrize("name, size", [("astronaut", (512, 512)), ("chelsea", (451, 300)), ("coffee", (600, 400))])
def test_photographs_of_scikit_image_open_by_name(name, size):
    picture = open_picture(name)
    assert picture.mode == "RGB" and picture.size == size


@pytest.mark.parametrize("name", [name for name, picture in pictures().items() if picture.origin == "data"])
def test_the_kits_own_styles_open_by_name_are_large_enough_and_small_files(name):
    picture = open_picture(name)
    assert picture.mode == "RGB" and min(picture.size) >= 512
    assert (assets.data_folder() / "styles" / f"{name}.jpg").stat().st_size <= 300_000


@pytest.mark.parametrize("name", [name for name, picture in pictures().items() if picture.origin == "download"])
def test_the_papers_pictures_open_from_a_filled_cache_without_network(name, monkeypatch):
    folder = os.environ.get("STYLEKIT_CACHE")
    if not folder or not os.path.isfile(os.path.join(folder, pictures()[name].file)):
        pytest.skip("STYLEKIT_CACHE is not set to a folder that holds the papers' pictures")
    forbid_network(monkeypatch)
    assert min(open_picture(name).size) >= 400


def test_a_missing_picture_of_the_kit_asks_for_a_new_installation(tmp_path, monkeypatch):
    registry = (assets.data_folder() / "pictures.json").read_text(encoding="utf-8")
    (tmp_path / "pictures.json").write_text(registry, encoding="utf-8")
    monkeypatch.setattr(assets, "data_folder", lambda: tmp_path)
    with pytest.raises(AssetError, match="'swirls' is missing at .*install the package again"):
        open_picture("swirls")


def test_data_is_found_in_a_wheel_before_a_checkout(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "stylekit"
    monkeypatch.setattr(assets, "PACKAGE", package)
    for folder in (package.parent / "data", package / "data"):  # the checkout's place, then the wheel's
        folder.mkdir(parents=True)
        (folder / "pictures.json").write_text("[]")
        assert assets.data_folder() == folder


def test_a_folder_named_data_that_is_not_the_kits_is_not_taken_for_it(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(assets, "PACKAGE", tmp_path / "stylekit")
    with pytest.raises(AssetError, match="install the package again"):
        assets.data_folder()


def forbid_network(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


# --- names and paths ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word, hint",
    [
        ("chelsae", " (did you mean 'chelsea'?)"),
        ("CHELSEA", " (did you mean 'chelsea'?)"),
        ("qqqq", ""),
    ],
)
def test_suggest_names_the_nearest_or_nothing(word, hint):
    assert suggest(word, iter(["rocket", "chelsea", "coffee"])) == hint


def test_an_unknown_name_suggests_a_name_of_the_registry():
    with pytest.raises(AssetError, match="no picture is named 'chelsae'.*did you mean 'chelsea'"):
        open_picture("chelsae")


def test_a_missing_file_suggests_a_file_of_its_folder(tmp_path, noise):
    (tmp_path / "holiday.png").write_bytes(encoded(noise))
    with pytest.raises(AssetError, match=r"no such file \(did you mean 'holiday.png'\?\)"):
        open_picture(tmp_path / "holidays.png")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(AssetError, match="the folder .*nowhere does not exist"):
        open_picture(tmp_path / "nowhere" / "zzzz.png")


def test_a_registry_name_wins_unless_a_file_of_just_that_name_exists(tmp_path, monkeypatch, noise):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rocket").mkdir()
    assert open_picture("rocket").size == (640, 427)  # a folder is no picture
    (tmp_path / "chelsea.png").write_bytes(encoded(noise))
    assert open_picture("chelsea").size == (451, 300)
    assert open_picture("chelsea.png").size == (W, H)
    (tmp_path / "chelsea").write_bytes(encoded(noise))
    assert open_picture("chelsea").size == (W, H)


@pytest.mark.parametrize("source", ["", None, 7, b"chelsea", "\0", "a" * 5000])
def test_a_source_that_is_neither_name_nor_path_is_refused(source):
    with pytest.raises((AssetError, TypeCheckError)):
        open_picture(source)


# --- pixels ---------------------------------------------------------------------------------------------------------


def open_encoded(tmp_path, picture, name=PNG, **options):
    picture.save(tmp_path / name, **options)
    opened = open_picture(tmp_path / name)
    assert opened.mode == "RGB"
    return np.asarray(opened)


def test_rgb_pixels_come_back_unchanged(tmp_path, noise):
    assert np.array_equal(open_encoded(tmp_path, Image.fromarray(noise)), noise)


def test_grey_becomes_three_equal_channels(tmp_path, noise):
    opened = open_encoded(tmp_path, Image.fromarray(noise[..., 0]))
    assert np.array_equal(opened, np.stack([noise[..., 0]] * 3, axis=-1))


def test_sixteen_bit_grey_is_scaled_and_not_clipped(tmp_path):
    values = np.arange(65536, dtype=np.uint16).reshape(128, 512)
    opened = open_encoded(tmp_path, Image.fromarray(values))
    assert np.array_equal(opened[..., 0], np.rint(values / 257).astype(np.uint8))  # 65535 = 255 * 257


def test_a_palette_gives_its_colours(tmp_path):
    picture = Image.new("P", (W, H), 1)
    picture.putpalette([0, 0, 0, 11, 101, 211])
    assert (open_encoded(tmp_path, picture) == (11, 101, 211)).all()


@pytest.mark.parametrize("mode, colour", [("RGBA", (0, 0, 0)), ("LA", (0,))])
@pytest.mark.parametrize("alpha, shown", [(0, 255), (255, 0), (102, 153)])
def test_transparency_is_laid_over_white(tmp_path, mode, colour, alpha, shown):
    opened = open_encoded(tmp_path, Image.new(mode, (W, H), (*colour, alpha)))
    assert (opened == shown).all()


@pytest.mark.parametrize("mode, black", [("P", 0), ("L", 0), ("RGB", (0, 0, 0))])
def test_a_transparent_colour_is_laid_over_white(tmp_path, mode, black):
    picture = Image.new(mode, (W, H), black)
    assert (open_encoded(tmp_path, picture, transparency=black) == 255).all()


def test_cmyk_is_read_as_ink_and_not_as_light(tmp_path):
    picture = Image.new("CMYK", (64, 32), (0, 0, 0, 0))
    picture.paste((255, 0, 0, 0), (0, 0, 32, 32))
    opened = open_encoded(tmp_path, picture, JPEG, quality=95).astype(int)
    assert np.abs(opened[8, 8] - (0, 255, 255)).max() <= 4  # cyan ink
    assert np.abs(opened[8, 56] - 255).max() <= 4  # no ink: paper


UPRIGHT = {  # EXIF orientation -> what a viewer must do with the stored rows
    1: lambda x: x,
    2: np.fliplr,
    3: lambda x: np.rot90(x, 2),
    4: np.flipud,
    5: lambda x: x.transpose(1, 0, 2),
    6: lambda x: np.rot90(x, -1),
    7: lambda x: np.rot90(x, 2).transpose(1, 0, 2),
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_rotated_photograph_stands_upright(tmp_path, noise, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    opened = open_encoded(tmp_path, Image.fromarray(noise), exif=exif)
    assert np.array_equal(opened, UPRIGHT[orientation](noise))


def test_an_animation_gives_its_first_frame(tmp_path):
    red, blue = (Image.new("RGB", (W, H), colour) for colour in ("red", "blue"))
    red.save(tmp_path / "two.gif", save_all=True, append_images=[blue])
    assert (np.asarray(open_picture(tmp_path / "two.gif")) == (255, 0, 0)).all()


# --- files that are no whole picture --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_picture_is_refused(tmp_path, noise, kind, share):
    content = encoded(noise, kind)
    path = tmp_path / f"cut.{kind.lower()}"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(AssetError, match="cut"):
        open_picture(path)


@pytest.mark.parametrize(
    "content, complaint",
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"Dear reader, this is a letter.", "is not a picture"),
        (b"\x89PNG\r\n\x1a\n", "is not a picture|damaged"),
        (b"\xff\xd8\xff\xe0", "is not a picture|damaged"),
        (bytes(range(256)), "is not a picture"),
    ],
)
def test_a_file_that_is_no_picture_is_refused(tmp_path, content, complaint):
    path = tmp_path / PNG
    path.write_bytes(content)
    with pytest.raises(AssetError, match=complaint):
        open_picture(path)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(AssetError, match="is a folder"):
        open_picture(tmp_path)


@pytest.mark.parametrize("limit, named", [(1500, 1500), (500, 1000)])  # Pillow warns above it, raises above twice it
def test_a_picture_beyond_pillows_limit_is_refused_with_both_numbers(tmp_path, noise, monkeypatch, limit, named):
    (tmp_path / PNG).write_bytes(encoded(noise))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(AssetError, match=rf"too large.*{H * W} pixels.*limit of {named}"):
        open_picture(tmp_path / PNG)


def test_a_file_without_read_permission_says_so(tmp_path, noise, monkeypatch):
    (tmp_path / PNG).write_bytes(encoded(noise))

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Image, "open", refuse)  # simulated: root may read everything
    with pytest.raises(AssetError, match="no permission to read"):
        open_picture(tmp_path / PNG)


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_pixels_of_unknown_range_are_refused(tmp_path, dtype):
    Image.fromarray(np.ones((H, W), dtype)).save(tmp_path / "raw.tiff")
    with pytest.raises(AssetError, match="32-bit"):
        open_picture(tmp_path / "raw.tiff")


# --- downloads ------------------------------------------------------------------------------------------------------

HTML = b"<html><body>Please sign in to the hotel's network.</body></html>"


class Site(http.server.BaseHTTPRequestHandler):
    """Serves /whole, /truncated (closes early), /page (HTML instead), /stalled (never answers); else 404."""

    content = b""

    def do_GET(self):
        self.server.visits += 1
        if self.path == "/stalled":
            time.sleep(1.5)
            return
        body = {"/whole": self.server.content, "/truncated": self.server.content, "/page": HTML}.get(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write((body or b"")[: 100 if self.path == "/truncated" else None])

    def log_message(self, *arguments):
        pass


@pytest.fixture
def site(monkeypatch, noise):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.content, server.visits = encoded(noise), 0
    server.sha256 = hashlib.sha256(server.content).hexdigest()
    server.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_download_is_kept_and_fetched_once(site, cache):
    paths = [download(f"{site.address}/whole", site.sha256, PNG) for _ in range(2)]
    assert paths == [cache / PNG] * 2 and paths[0].read_bytes() == site.content
    assert site.visits == 1


def test_a_download_is_silent(site, cache, caplog, capfd):
    pooch.get_logger().setLevel("INFO")  # pooch's own setting
    pooch.get_logger().addHandler(caplog.handler)
    download(f"{site.address}/whole", site.sha256, PNG)
    pooch.get_logger().removeHandler(caplog.handler)
    assert caplog.records == [] and capfd.readouterr() == ("", "")


def test_a_file_put_into_the_cache_by_hand_needs_no_network(site, cache, monkeypatch):
    cache.mkdir()
    (cache / PNG).write_bytes(site.content)
    forbid_network(monkeypatch)
    assert download("https://nowhere.invalid/x", site.sha256, PNG) == cache / PNG


def test_a_wrong_file_in_the_cache_is_replaced(site, cache):
    cache.mkdir()
    (cache / PNG).write_bytes(HTML)
    assert download(f"{site.address}/whole", site.sha256, PNG).read_bytes() == site.content


@pytest.mark.parametrize(
    "page, complaint",
    [("page", "served something else"), ("truncated", "cannot download"), ("absent", "address is dead")],
)
def test_a_bad_download_leaves_nothing_in_the_cache(site, cache, page, complaint):
    with pytest.raises(AssetError, match=complaint) as caught:
        download(f"{site.address}/{page}", site.sha256, PNG)
    assert str(cache / PNG) in str(caught.value)  # where to put the file by hand
    assert list(cache.iterdir()) == []


def test_a_server_that_never_answers_is_given_up(site, cache, monkeypatch):
    monkeypatch.setattr(assets, "TIMEOUT", 0.2)
    start = time.perf_counter()
    with pytest.raises(AssetError, match="no network"):
        download(f"{site.address}/stalled", site.sha256, PNG)
    assert time.perf_counter() - start < 1.2


def test_without_network_the_error_names_the_picture_the_file_and_what_still_works(cache, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}/x"
    known = pictures()
    known["tubingen"] = dataclasses.replace(known["tubingen"], url=closed)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(assets, "pictures", lambda: known)
    start = time.perf_counter()
    with pytest.raises(AssetError) as caught:
        open_picture("tubingen")
    assert time.perf_counter() - start < 5
    for part in ("'tubingen'", "no network", str(cache / "tubingen.jpg"), "chelsea", "swirls"):
        assert part in str(caught.value)


def test_a_downloaded_picture_opens_by_its_name(site, cache, monkeypatch, noise):
    known = {"x": dataclasses.replace(pictures()["tubingen"], name="x", url=f"{site.address}/whole")}
    known["x"] = dataclasses.replace(known["x"], sha256=site.sha256, file=PNG)
    monkeypatch.setattr(assets, "pictures", lambda: known)
    assert np.array_equal(np.asarray(open_picture("x")), noise)


def test_a_cache_folder_that_cannot_be_used_says_so(site, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("STYLEKIT_CACHE", str(tmp_path / "file"))
    with pytest.raises(AssetError, match="Set STYLEKIT_CACHE to another folder"):
        download(f"{site.address}/whole", site.sha256, PNG)
