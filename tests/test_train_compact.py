"""The training of the compact network: its start, its losses, the revival of silent filters, its checkpoints."""

import io
import tarfile

import agreement
import compact_easel
import compact_lessons
import numpy as np
import pytest
import safetensors.torch
import torch
import train_compact
from PIL import Image

from stylekit.assets import data_folder
from stylekit.losses import gram_matrix
from stylekit.networks import LossNetwork, load_network

TEACHER = data_folder() / "compact.safetensors"
WIDTHS = (5, 7, 11, 13, 17)


@pytest.fixture
def small(monkeypatch):
    """Few and small crops."""
    monkeypatch.setattr(compact_lessons, "SIDE", 32)
    monkeypatch.setattr(compact_easel, "CANVASES", 2)
    for module, name, value in (
        (train_compact, "FRESH", 4),
        (train_compact, "FEW", 2),
        (agreement, "HELD_OUT", 3),
        (agreement, "PAINTINGS", 3),
    ):
        monkeypatch.setattr(module, name, value)


@pytest.fixture
def pictures(tmp_path):
    """A tar of five pictures of other shapes and one file that is none."""
    random = np.random.default_rng(0)
    with tarfile.open(tmp_path / "pictures.tar", "w") as archive:
        for number in range(6):
            data = io.BytesIO(b"not a picture")
            if number:
                Image.fromarray(random.integers(0, 255, (37 + number, 61, 3), np.uint8)).save(data, "PNG")
            member = tarfile.TarInfo(f"{number}.png")
            member.size = len(data.getvalue())
            archive.addfile(member, io.BytesIO(data.getvalue()))
    return tmp_path / "pictures.tar"


def prepared(pictures, folder, steps, **more):
    folder.mkdir(exist_ok=True)
    words = ["--photos", pictures, "--art", pictures, "--teacher", TEACHER, "--out", folder / "out.safetensors"]
    words += ["--checkpoint", folder / "checkpoint", "--steps", steps, "--widths", ",".join(map(str, WIDTHS))]
    words += ["--crops", 12, "--gallery", 12, "--fresh-every", 8, "--paint-every", 2, "--log-every", 1, "--no-bfloat16"]
    words += [word for name, value in more.items() for word in (f"--{name}", value)]
    return train_compact.Training(train_compact.parse([str(word) for word in words]))


def student_like_teacher(teacher, widths):
    return LossNetwork(compact_lessons.BLOCKS, widths, padding="replicate").requires_grad_(False)


def pictures_of_noise(count, side=32):
    coarse = torch.rand(count, 3, side // 4, side // 4, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(coarse, side, mode="bilinear")


def test_an_unbroken_run_repeated_ends_at_the_same_weights_in_the_kits_format(small, pictures, tmp_path):
    for name in ("once", "again"):
        prepared(pictures, tmp_path / name, 4).run()
    once, again = (safetensors.torch.load_file(tmp_path / name / "out.safetensors") for name in ("once", "again"))
    assert all(torch.equal(once[key], again[key]) for key in once)
    LossNetwork(compact_lessons.BLOCKS, WIDTHS).convolutions.load_state_dict(once)
    assert {weights.dtype for weights in once.values()} == {torch.float16}


def test_a_killed_run_goes_on_where_its_checkpoint_was_written(small, pictures, tmp_path, monkeypatch):
    killed = prepared(pictures, tmp_path, 4)
    for step in range(3):
        killed.prepare(random := compact_lessons.seeded(step))
        killed.learn(random)
        killed.state["step"] += 1
    killed.save()
    resumed = prepared(pictures, tmp_path, 4)
    assert resumed.state == killed.state
    for kept, loaded in zip(killed.optimisers, resumed.optimisers, strict=True):
        torch.testing.assert_close(loaded.state_dict(), kept.state_dict())
    torch.testing.assert_close(resumed.student.state_dict(), killed.student.state_dict())
    resumed.run()
    assert resumed.state["step"] == 4


def test_a_new_run_begins_with_the_weights_of_a_file(small, pictures, tmp_path):
    prepared(pictures, tmp_path / "first", 2).run()
    start = tmp_path / "first" / "out.safetensors"
    begun = prepared(pictures, tmp_path / "second", 2, start=start)
    assert begun.state["step"] == 0
    for network in (begun.student.network, begun.student.average):
        for key, weights in safetensors.torch.load_file(start).items():
            torch.testing.assert_close(network.convolutions.state_dict()[key], weights.float())


def test_held_out_pictures_are_never_taught(small, pictures, tmp_path):
    training = prepared(pictures, tmp_path, 1)
    assert training.photos == compact_lessons.read_pictures([pictures])[:-3]
    assert len(training.held_out["pictures"].images) == 6


def test_what_is_no_picture_is_left_out(pictures):
    assert len(compact_lessons.read_pictures([pictures])) == 5


def test_a_crop_at_its_own_size_shows_the_pictures_own_pixels():
    pixels = np.random.default_rng(0).integers(0, 255, (32, 53, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    (square,) = compact_lessons._square(Image.open(data), 32, 32, 0.0, 1.0)[None]
    np.testing.assert_allclose(square, pixels[:, :32] / 255, atol=1e-6)


def test_least_squares_start_at_the_teachers_width_has_the_teachers_kernels():
    teacher = compact_lessons.load_teacher(TEACHER)
    student = student_like_teacher(teacher, (16, 32, 64, 128, 128))
    compact_lessons.least_squares_start(student, teacher, pictures_of_noise(8), compact_lessons.seeded(0))
    table = agreement.HeldOut(teacher, pictures_of_noise(4)).agreement(student)
    assert table["relu1_1"]["linear"] > 0.99
    assert table["relu2_2"]["linear"] > 0.9


def test_a_kernel_rotated_and_in_more_channels_is_no_error():
    random = torch.Generator().manual_seed(0)
    target = torch.rand(23, 7, generator=random)
    embedding, _ = torch.linalg.qr(torch.randn(13, 7, generator=random))  # 7 to 13 channels
    answer = target @ embedding.T * (13 / 7) ** 0.5  # a kernel is divided by its number of channels
    assert max(error.item() for error in train_compact.kernel_errors(answer, target).values()) < 1e-10
    assert min(error.item() for error in train_compact.kernel_errors(answer.flip(0) ** 2, target).values()) > 0.01


def test_a_common_mean_is_no_agreement_of_centred_kernels():
    K = torch.rand(5, 5, generator=torch.Generator().manual_seed(0))
    rows, columns = torch.rand(5, 1), torch.rand(1, 5)
    torch.testing.assert_close(compact_easel.centred(K + rows + columns), compact_easel.centred(K))


def test_equal_kernels_have_equal_gram_distances():
    random = torch.Generator().manual_seed(0)
    F, P = torch.rand(2, 7, 55, generator=random, dtype=torch.float64)
    embedding, _ = torch.linalg.qr(torch.randn(13, 7, generator=random, dtype=torch.float64))
    distance = (gram_matrix(F) - gram_matrix(P)).square().sum()
    embedded = (gram_matrix(embedding @ F) - gram_matrix(embedding @ P)).square().sum()
    torch.testing.assert_close(embedded, distance)


def test_log_distances_are_those_of_every_pair():
    G = torch.rand(5, 7, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    wanted = [(G[a] - G[b]).norm().log() for a in range(5) for b in range(a + 1, 5)]
    torch.testing.assert_close(compact_easel.log_distances(G.flatten(1)), torch.stack(wanted))


def test_a_split_filter_replaces_a_silent_one_and_changes_no_response_and_no_kernel():
    torch.manual_seed(0)
    network = LossNetwork((2, 1), (5, 7)).requires_grad_(False)
    network.convolutions["conv1_1"].bias[3] = -1e3
    x, layers = torch.rand(1, 3, 11, 13), ["relu1_1", "relu1_2", "relu2_1"]
    before = network.features(x, layers)
    train_compact.split_filter(network, "relu1_1", strong=1, silent=3, noise=0.0)
    after = network.features(x, layers)
    assert before["relu1_1"][:, 3].max() == 0 < after["relu1_1"][:, 3].max()
    for layer in layers[1:]:
        torch.testing.assert_close(after[layer], before[layer])
    F, G = (compact_lessons.rows(f["relu1_1"])[0] for f in (before, after))
    torch.testing.assert_close(G @ G.T, F @ F.T)


def test_silent_filters_are_found_and_revived():
    teacher = compact_lessons.load_teacher(TEACHER)
    student = train_compact.Student(WIDTHS, teacher)
    student.use_relu3_1[4] = 0
    assert student.revive() == 1
    assert student.revive() == 0


def test_orthogonal_keeps_the_singular_vectors_and_makes_the_values_about_one():
    M = torch.randn(7, 11, generator=torch.Generator().manual_seed(0))
    U, S, V = torch.linalg.svd(M, full_matrices=False)
    for turned in (train_compact.orthogonal(M), train_compact.orthogonal(M.T).T):
        values = U.T @ turned @ V.T
        torch.testing.assert_close(values, torch.eye(7), atol=0.4, rtol=0)


def test_a_painting_comes_nearer_to_its_style():
    network = load_network("compact", device="cpu")
    photo, style = pictures_of_noise(4).split(2)
    painted = compact_easel.paint(network, photo, style, photo, steps=10, content_weight=0.05)
    assert compact_easel.style_left(network, photo, style, photo) == pytest.approx(1, abs=1e-4)
    assert compact_easel.style_left(network, photo, style, painted) < 0.7


def test_a_network_agrees_with_itself_and_less_with_one_of_random_weights():
    teacher = compact_lessons.load_teacher(TEACHER)
    torch.manual_seed(0)
    stranger = student_like_teacher(teacher, WIDTHS)
    same, other = (agreement.compare(network, teacher, pictures_of_noise(4)) for network in (teacher, stranger))
    assert list(same) == compact_lessons.LAYERS
    for layer, figures in same.items():
        assert all(value == pytest.approx(1, abs=1e-4) for name, value in figures.items() if name != "silent")
        assert other[layer]["style gradient"] < 0.9 > other[layer]["content gradient"]


def test_a_network_with_fewer_layers_is_measured_at_those_that_it_has():
    teacher, short = compact_lessons.load_teacher(TEACHER), compact_lessons.load_teacher(TEACHER)
    del short.convolutions["conv5_1"]
    table = agreement.HeldOut(teacher, pictures_of_noise(4)).agreement(short)
    assert list(table) == compact_lessons.LAYERS[:-1]
    assert all(figures["linear"] == pytest.approx(1, abs=1e-4) for figures in table.values())


def test_the_table_of_two_networks_is_printed_for_pictures_and_paintings(small, pictures, capsys):
    asked = [str(TEACHER), "compact", "--photos", str(pictures), "--art", str(pictures)]
    assert agreement.main(asked) == 0
    printed = capsys.readouterr().out
    assert "6 pictures" in printed and "3 paintings" in printed
    assert printed.count("| relu5_1 | 1.00 | 1.00 |") == 2
