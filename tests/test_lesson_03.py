"""What notebook 03 claims about the package: the Gram matrix, and the glossary that all notebooks link to."""

import copy
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from stylekit.colour import LUMINANCE
from stylekit.images import load_image
from stylekit.losses import gram_matrix, style_layer_loss
from stylekit.networks import load_network
from stylekit.optimise import minimise

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


def found_among_crops(descriptions):
    """Return for how many of the crops, three of each picture in turn, the nearest other one is of the same picture."""
    distances = torch.cdist(descriptions, descriptions).fill_diagonal_(float("inf"))
    return sum(n // 3 == k // 3 for n, k in enumerate(distances.argmin(dim=1).tolist()))


def test_most_of_thirty_grey_crops_find_their_own_picture_by_gram_matrices_and_as_many_by_the_means(precise):
    names = ["swirls", "facets", "haze", "waves", "shapes", "glass", "points", "mosaic", "hatching", "woodblock"]
    pictures = torch.cat([load_image(name, size=256).double() for name in names])
    grey = (pictures * pictures.new_tensor(LUMINANCE).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    thirds = torch.stack([grey[..., left : left + 85] for left in (0, 85, 170)], dim=1)  # (10, 3, 1, 192, 85)
    crops = thirds.flatten(0, 1)
    responses = precise.features(crops.expand(-1, 3, -1, -1), ["relu1_1", "relu2_1", "relu3_1"])
    by_gram = [found_among_crops(gram_matrix(F.flatten(2)).flatten(1)) for F in responses.values()]
    assert by_gram == [24, 26, 29]
    assert found_among_crops(responses["relu2_1"].mean(dim=(2, 3))) == 27
    values = crops.flatten(1)
    grey_values = torch.stack([values.mean(dim=1), values.std(dim=1)], dim=1)
    assert max(found_among_crops(grey_values), found_among_crops(values)) < 15


def mean_over_pairs(kernel, X, Y):
    """Return the mean of a kernel over all pairs of a column of X and a column of Y, pair by pair."""
    pairs = [(x, y) for x in X.T.tolist() for y in Y.T.tolist()]
    return sum(kernel(x, y) for x, y in pairs) / len(pairs)


def squared_mmd(kernel, F, S):
    within = mean_over_pairs(kernel, F, F) + mean_over_pairs(kernel, S, S)
    return within - 2 * mean_over_pairs(kernel, F, S)


def dot(x, y):
    return sum(a * b for a, b in zip(x, y, strict=True))


def quadratic(x, y):
    return dot(x, y) ** 2


@pytest.fixture
def S():
    return torch.rand(N, 13, generator=torch.Generator().manual_seed(17), dtype=torch.float64)


def test_eq4_4_n2_times_the_style_layer_loss_is_the_squared_mmd_of_the_columns_with_a_quadratic_kernel(F, S):
    E = style_layer_loss(F, gram_matrix(S), M_style=13)
    assert 4 * N**2 * E.item() == pytest.approx(squared_mmd(quadratic, F, S), rel=1e-12)


def test_eq4_as_printed_is_the_squared_mmd_where_both_have_as_many_positions(F, S):
    P = F[:, :13] + 1
    G, A = gram_matrix(P).tolist(), gram_matrix(S).tolist()
    printed = sum((G[i][j] - A[i][j]) ** 2 for i in range(N) for j in range(N)) / (4 * N**2 * 13**2)
    assert 4 * N**2 * printed == pytest.approx(squared_mmd(quadratic, P, S), rel=1e-12)
    assert style_layer_loss(P, gram_matrix(S)).item() == pytest.approx(printed, rel=1e-12)


def test_with_a_linear_kernel_the_squared_mmd_is_the_squared_distance_of_the_means(F, S):
    distance = np.square(F.numpy().mean(axis=1) - S.numpy().mean(axis=1)).sum()
    assert squared_mmd(dot, F, S) == pytest.approx(distance, rel=1e-12)


def company_of_light(picture, network):
    """Return how far light (0) goes with warm (10), and with blue (6), in a picture at relu1_1."""
    G = gram_of(network, picture.double(), "relu1_1")
    return [(G[0, j] / (G[0, 0] * G[j, j]).sqrt()).item() for j in (10, 6)]


def painted(name, keep, layers, seed):
    """Return a texture from faint noise that has what `keep` keeps of the responses to a style picture."""
    network, style = load_network("compact", device="cpu"), load_image(name, size=96)
    noise = 0.5 + 0.3 * (torch.rand(style.shape, generator=torch.Generator().manual_seed(seed)) - 0.5)

    def kept(x):
        return [keep(F.flatten(2)[0]) for F in network.features(x, layers).values()]

    A, Z = kept(style), kept(noise)

    def objective(x):
        terms = zip(kept(x), A, Z, strict=True)
        return {"total": sum((now - a).square().sum() / (z - a).square().sum() for now, a, z in terms)}

    *_, last = minimise(noise, objective, steps=50)
    assert last.losses["total"] < 0.01 * len(layers), "what is kept is matched"
    return last.image


@pytest.mark.parametrize(("name", "seed"), [("swirls", 0), ("swirls", 1), ("shapes", 0)])
def test_a_texture_from_means_puts_light_on_blue_and_one_from_gram_matrices_puts_it_where_the_style_has_it(
    precise, name, seed
):
    layers = ["relu1_1", "relu2_1"]
    own = company_of_light(load_image(name, size=96), precise)
    from_means = company_of_light(painted(name, lambda F: F.mean(dim=1), layers, seed), precise)
    from_gram = company_of_light(painted(name, lambda F: gram_matrix(F) / F.shape[1], layers, seed), precise)
    assert from_means[1] > 3 * own[1] and from_means[1] > 0.9 * from_means[0]
    assert from_gram == pytest.approx(own, abs=0.15) and from_gram[0] > 3 * from_gram[1]


def test_with_deeper_layers_even_a_texture_from_means_puts_light_with_warm(precise):
    layers = ["relu1_1", "relu2_1", "relu3_1", "relu4_1"]
    warm, blue = company_of_light(painted("swirls", lambda F: F.mean(dim=1), layers, seed=2), precise)
    assert warm > 2 * blue


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
