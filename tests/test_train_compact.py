"""The training of the compact network: its kernel loss, and that a killed run ends where an unbroken one does."""

import io
import tarfile

import numpy as np
import pytest
import safetensors.torch
import torch
import train_compact
from PIL import Image

from stylekit.assets import data_folder
from stylekit.losses import gram_matrix


@pytest.fixture
def pictures(tmp_path):
    """A tar of five pictures of other shapes and one file that is none."""
    random = np.random.default_rng(0)
    with tarfile.open(tmp_path / "pictures.tar", "w") as archive:
        for number in range(6):
            data = io.BytesIO(b"not a picture")
            if number:
                Image.fromarray(random.integers(0, 255, (130 + number, 170, 3), np.uint8)).save(data, "PNG")
            member = tarfile.TarInfo(f"{number}.png")
            member.size = len(data.getvalue())
            archive.addfile(member, io.BytesIO(data.getvalue()))
    return tmp_path / "pictures.tar"


def train(pictures, folder, steps=4):
    folder.mkdir(exist_ok=True)
    words = [pictures, "--teacher", data_folder() / "compact.safetensors", "-o", folder / "out.safetensors"]
    words += ["--checkpoint", folder / "checkpoint", "--steps", steps, "--batch", 2, "--crop", 32, "--save-every", 2]
    train_compact.main([str(word) for word in words])
    return safetensors.torch.load_file(folder / "out.safetensors")


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_weights(pictures, tmp_path, monkeypatch):
    whole = train(pictures, tmp_path / "whole")
    draw = train_compact.batch_of_step

    def killed(pictures, options, step):
        if step == 3:
            raise KeyboardInterrupt
        return draw(pictures, options, step)

    with monkeypatch.context() as patched:
        patched.setattr(train_compact, "batch_of_step", killed)
        with pytest.raises(KeyboardInterrupt):
            train(pictures, tmp_path / "killed")
    resumed = train(pictures, tmp_path / "killed")
    assert all(torch.equal(whole[key], resumed[key]) for key in whole)


def test_what_is_no_picture_is_skipped_and_counted(pictures, capsys):
    assert len(list(train_compact.read_pictures(pictures))) == 5
    assert "1 files are not pictures" in capsys.readouterr().out


def test_a_turned_photograph_stands_upright(tmp_path):
    upright, tags = Image.new("RGB", (150, 150), "red"), Image.Exif()
    upright.paste("blue", (0, 0, 150, 75))
    tags[0x0112] = 6  # EXIF: to be shown turned clockwise by 90 degrees
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.jpg", exif=tags, quality=95)
    (found,) = train_compact.read_pictures(tmp_path)
    assert found[:60, :, 2].min() > 200 and found[70:, :, 0].min() > 200


def test_the_kernel_loss_is_zero_for_any_rotation_of_the_teachers_responses():
    generator = torch.Generator().manual_seed(0)
    target = torch.rand(2, 7, 5, 11, generator=generator)
    rotation, _ = torch.linalg.qr(torch.randn(7, 7, generator=generator))
    mean_square = target.square().mean(dim=(0, 2, 3))
    answer = torch.einsum("ij,bjhw->bihw", rotation, target) / mean_square.mean().sqrt()
    assert train_compact.kernel_error(answer, target, mean_square, generator).item() == pytest.approx(0, abs=1e-10)
    assert train_compact.kernel_error(answer.flip(1) ** 2, target, mean_square, generator).item() > 0.01


def test_equal_kernels_have_equal_gram_distances():
    generator = torch.Generator().manual_seed(0)
    F, P = torch.rand(2, 7, 55, generator=generator, dtype=torch.float64)
    embedding, _ = torch.linalg.qr(torch.randn(13, 7, generator=generator, dtype=torch.float64))  # 7 to 13 channels
    distance = (gram_matrix(F) - gram_matrix(P)).square().sum()
    embedded = (gram_matrix(embedding @ F) - gram_matrix(embedding @ P)).square().sum()
    torch.testing.assert_close(embedded, distance)
