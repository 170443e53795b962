"""What notebook 03 claims about the package: the Gram matrix, and the glossary that all notebooks link to."""

import copy
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from stylekit.images import load_image
from stylekit.losses import gram_matrix

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
N, M = 5, 7 * 11


@pytest.fixture
def F():
    noise = torch.randn(N, M, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return noise.clamp(min=0) + torch.arange(N)[:, None] / 7


def gram_of(network, picture, layer):
    return gram_matrix(network.features(picture, [layer])[layer].flatten(2)[0])


def change(G, A):
    return ((G - A).norm() / A.norm()).item()


def test_eq3_gram_matrix_is_symmetric_and_positive_semi_definite(F):
    G = gram_matrix(F - 1)  # of either sign
    torch.testing.assert_close(G, G.T, rtol=1e-12, atol=1e-12)
    for v in np.eye(N).tolist() + [[1, -1, 0, 2, -3], [-5, 1, 1, 1, 0.5]]:
        mixture = sum(weight * row for weight, row in zip(v, F - 1, strict=True))
        v = torch.tensor(v, dtype=torch.float64)
        torch.testing.assert_close(v @ G @ v, mixture.square().sum(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("positions", "rank"), [(1, 1), (3, 3), (5, 5), (13, 5)])
def test_eq3_the_rank_of_gram_matrix_is_at_most_filters_and_positions(F, positions, rank):
    assert np.linalg.matrix_rank(gram_matrix(F[:, :positions]).numpy(), hermitian=True) == rank


def test_eq3_gram_matrix_grows_with_the_number_of_positions(F):
    torch.testing.assert_close(gram_matrix(F.repeat(1, 4)), 4 * gram_matrix(F), rtol=1e-12, atol=0)


def test_eq3_gram_matrix_is_homogeneous_of_degree_two(F):
    torch.testing.assert_close(gram_matrix(3 * F), 9 * gram_matrix(F), rtol=1e-12, atol=0)


def test_eq3_gram_matrix_over_positions_is_the_covariance_plus_the_means(F):
    means = F.numpy().mean(axis=1)
    expected = np.cov(F.numpy(), bias=True) + np.outer(means, means)
    np.testing.assert_allclose(gram_matrix(F).numpy() / M, expected, rtol=1e-12)


def test_eq3_gram_matrix_survives_any_rotation_of_the_positions(F):
    generator = torch.Generator().manual_seed(11)
    Q, _ = torch.linalg.qr(torch.randn(M, M, generator=generator, dtype=torch.float64))
    torch.testing.assert_close(gram_matrix(F @ Q), gram_matrix(F), rtol=1e-11, atol=1e-11)


def test_shuffled_pixels_keep_the_gram_matrix_of_pixels_but_not_of_features(precise):
    picture = load_image("swirls", size=96).double()
    order = torch.randperm(picture[0, 0].numel(), generator=torch.Generator().manual_seed(5))
    shuffled = picture.flatten(2)[..., order].view(picture.shape)
    assert change(gram_matrix(shuffled.flatten(2)[0]), gram_matrix(picture.flatten(2)[0])) < 1e-12
    assert change(gram_of(precise, shuffled, "relu1_1"), gram_of(precise, picture, "relu1_1")) > 0.4


def test_a_mirrored_picture_is_another_style_unless_the_filters_are_symmetric(precise):
    picture = load_image("facets", size=96).double()
    symmetric = copy.deepcopy(precise)
    weight = symmetric.convolutions["conv1_1"].weight
    weight += weight.flip(-1)
    for net, low, high in ((precise, 0.1, 1), (symmetric, 0, 1e-12)):
        mirrored = change(gram_of(net, picture.flip(-1), "relu1_1"), gram_of(net, picture, "relu1_1"))
        assert low <= mirrored < high


@pytest.mark.parametrize("size", [(48, 64), (37, 53)])
def test_the_size_of_a_gram_matrix_is_that_of_the_layer_whatever_the_picture(precise, size):
    picture = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    assert gram_of(precise, picture, "relu4_1").shape == (192, 192)


def test_tiling_a_texture_multiplies_the_sum_of_its_gram_matrix_but_for_seams_and_border(precise):
    tile = load_image("facets", size=96).double()
    one, nine = (gram_of(precise, tile.repeat(1, 1, k, k), "relu3_1").sum().item() for k in (1, 3))
    assert nine / one == pytest.approx(9, rel=0.05)


def test_each_half_of_a_style_picture_is_nearest_to_its_other_half(precise):
    names = ["swirls", "waves", "facets", "haze", "shapes"]
    pictures = [load_image(name, size=256).double() for name in names]
    left, right = [], []
    for picture in pictures:
        for side, half in ((left, picture[..., :128]), (right, picture[..., 128:])):
            F = precise.features(half, ["relu2_1"])["relu2_1"].flatten(2)[0]
            side.append(gram_matrix(F) / F.shape[1])
    distances = torch.tensor([[(L - R).norm() / (L.norm() + R.norm()) for R in right] for L in left])
    assert distances.argmin(dim=1).tolist() == distances.argmin(dim=0).tolist() == [0, 1, 2, 3, 4]


def glossary():
    return (NOTEBOOKS / "glossary.md").read_text(encoding="utf-8")


def terms():
    return re.findall(r"^## (.+)$", glossary(), re.M)


def anchors():
    return [term.lower().replace(" ", "-") for term in terms()]


def test_the_glossary_is_alphabetical_and_names_each_term_once():
    letters = [re.sub(r"[^a-z0-9]", "", term.lower()) for term in terms()]
    assert letters == sorted(set(letters))
    assert len(letters) > 40


def test_each_glossary_entry_says_which_notebook_explains_it():
    entries = re.split(r"^## .+$", glossary(), flags=re.M)[1:]
    named = [re.findall(r"\[([\dA]\d)\]\((\1-[\w-]+\.ipynb)\)", entry.strip().splitlines()[-1]) for entry in entries]
    assert all(named)
    assert all((NOTEBOOKS / file).is_file() for entry in named for _, file in entry)


def test_every_link_to_the_glossary_leads_to_an_entry():
    linked = set(re.findall(r"\]\(#([^)]+)\)", glossary()))
    for source in (NOTEBOOKS / "source").glob("*.py"):
        linked |= set(re.findall(r"glossary\.md#([^)\s]+)\)", source.read_text(encoding="utf-8")))
    assert linked, "nothing links to the glossary"
    assert linked <= set(anchors())
