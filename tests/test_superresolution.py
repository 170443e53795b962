"""Super-resolution: shrinking, the two losses, and what a short training brings, against independent oracles."""

import numpy as np
import pytest
import torch
import train_enlarger
from conftest import photograph
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.transform import resize

from stylekit import images
from stylekit.feedforward import (
    Architecture,
    Schedule,
    TransformationNetwork,
    load_transformer,
    save_transformer,
    train,
)
from stylekit.feedforward.superresolution import (
    LAYERS,
    PAPER_LAYERS,
    Enlarger,
    FeatureLoss,
    bicubic,
    blur,
    load_enlarger,
    shrink,
)

TINY = Architecture(width=3, normalisation="none", enlarge=4)


def mean_squares(a, b):
    return (a - b).square().mean().item()


def pixel_loss(enlarged, photographs):
    """Return the mean squared difference of the colours of each picture (Johnson 2016, section 3.2)."""
    return {"total": (enlarged - photographs).square().mean(dim=(1, 2, 3))}


# Shrinking


def test_blur_is_a_gaussian_of_one_pixel():
    image = torch.rand(2, 3, 23, 31)
    expected = gaussian_filter(image.double().numpy(), (0, 0, 1, 1), mode="nearest", truncate=4)
    assert np.abs(blur(image).numpy() - expected).max() < 1e-5


def test_shrinking_keeps_a_plain_picture_and_makes_it_four_times_smaller():
    colours = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1)
    small = shrink(colours.expand(2, 3, 44, 52))
    assert small.shape == (2, 3, 11, 13) and (small - colours).abs().max() < 1e-5


def test_shrinking_removes_a_pattern_finer_than_the_small_pictures_pixels():
    stripes = (torch.arange(64) % 2).float().expand(1, 3, 64, 64)
    assert (shrink(stripes)[..., 2:-2] - 0.5).abs().max() < 1e-4  # at the edges it is cut off


@pytest.mark.parametrize(("size", "words"), [((41, 52), "52 x 41"), ((44, 50), "50 x 44")])
def test_a_size_that_does_not_divide_is_refused(size, words):
    with pytest.raises(ValueError, match=f"{words} pixels 4 times smaller: crop to multiples of 4"):
        shrink(torch.rand(1, 3, *size))


# The network


def test_an_untrained_corrector_that_says_nothing_is_bicubic_interpolation():
    enlarger, small = Enlarger(TransformationNetwork(TINY)), torch.rand(2, 3, 17, 19)
    with torch.no_grad():
        enlarger.network.last.weight.zero_()
        enlarger.network.last.bias.zero_()
        assert (enlarger.enlarge(small) - bicubic(small)).abs().max() < 1e-6


def test_a_training_sees_the_shrunken_picture():
    enlarger, photographs = Enlarger(TransformationNetwork(TINY)), torch.rand(2, 3, 64, 68)
    with torch.no_grad():
        made = enlarger(photographs)
        assert made.shape == photographs.shape
        assert torch.equal(made, enlarger.enlarge(shrink(photographs)))


def test_a_network_that_does_not_enlarge_is_refused():
    with pytest.raises(ValueError, match="enlarges four times"):
        Enlarger(TransformationNetwork(Architecture(width=3)))


def test_without_normalisation_a_faded_picture_stays_faded():
    """The reason for "none": instance normalisation would give both pictures one contrast."""
    torch.manual_seed(0)
    image = torch.rand(1, 3, 64, 64)
    faded = 0.5 + 0.2 * (image - 0.5)
    contrast = {}
    for kind in ("none", "instance"):
        network = TransformationNetwork(Architecture(width=3, normalisation=kind))
        with torch.no_grad():
            few, all_ = (network(x).std(dim=(-2, -1)).mean() for x in (faded, image))
        contrast[kind] = (few / all_).item()
    assert contrast["none"] < 0.4 and contrast["instance"] == pytest.approx(1, abs=0.02)


def test_a_network_without_normalisation_has_no_weights_for_it_and_survives_a_file(tmp_path):
    network, image = TransformationNetwork(TINY), torch.rand(1, 3, 17, 19)
    assert not [name for name, _ in network.named_parameters() if "normalisation" in name]
    save_transformer(network, tmp_path / "tiny.safetensors")
    loaded = load_transformer(tmp_path / "tiny.safetensors")
    with torch.no_grad():
        assert loaded.architecture == TINY and torch.allclose(network(image), loaded(image), atol=5e-3)


# The losses


@pytest.mark.parametrize("layers", [PAPER_LAYERS, LAYERS], ids=str)
def test_the_feature_loss_is_the_mean_squared_difference_of_responses_picture_by_picture(network, layers):
    a, b = torch.rand(2, 3, 20, 28), torch.rand(2, 3, 20, 28)
    F, P = network.features(a, layers), network.features(b, layers)
    expected = sum(((F[n] - P[n]).double().numpy() ** 2).mean(axis=(1, 2, 3)) for n in layers)
    assert FeatureLoss(network, layers)(a, b)["total"].tolist() == pytest.approx(expected.tolist(), rel=1e-4)


def test_relu2_2_alone_hardly_sees_a_cross_hatch_that_relu1_2_sees(network):
    """Against a blur that changes as many colours as much: the share of each layer's loss."""
    photo = photograph("chelsea", 64)
    hatch = ((torch.arange(64)[:, None] + torch.arange(64)) % 2 * 2 - 1.0).expand(1, 3, 64, 64)
    blurred = blur(photo, 2.0)
    hatched = photo + hatch * (blurred - photo).square().mean().sqrt()
    assert mean_squares(hatched, photo) == pytest.approx(mean_squares(blurred, photo), rel=1e-3)
    both = {name: FeatureLoss(network)(made, photo) for name, made in (("hatch", hatched), ("blur", blurred))}
    shares = {layer: (both["hatch"][layer] / both["blur"][layer]).item() for layer in LAYERS}
    assert shares["relu2_2"] < shares["relu1_2"] / 2


def test_the_pixel_loss_by_hand():
    a, b = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)
    b[1, 0, 2, 2] = 6
    assert pixel_loss(a, b)["total"].tolist() == [0, 36 / 48]


@pytest.mark.slow
@pytest.mark.parametrize("perceptual", [True, False], ids=["features", "pixels"])
def test_a_training_beats_bicubic_interpolation_in_what_it_minimises(network, perceptual):
    torch.manual_seed(0)
    objective, photo = FeatureLoss(network, PAPER_LAYERS) if perceptual else pixel_loss, photograph("coffee", 64)
    enlarger = Enlarger(TransformationNetwork(Architecture(width=4, normalisation="none", enlarge=4)))
    with torch.no_grad():
        before = objective(bicubic(shrink(photo)), photo)["total"].item()
    for _ in train(enlarger, objective, [photo[0]], Schedule(batch=1, crop=64, rate=2e-3, steps=150)):
        pass
    with torch.no_grad():
        assert objective(enlarger(photo), photo)["total"].item() < 0.9 * before


def test_each_enlarger_that_ships_wins_by_the_measure_it_was_taught_and_both_beat_bicubic(network):
    y = images.resize_image(images.load_image("coffee", 296), (196, 296))
    small, distance = shrink(y), FeatureLoss(network)
    with torch.no_grad():
        made = {loss: load_enlarger(loss).enlarge(small).clamp(0, 1) for loss in ("pixels", "perceptual")}
    made["bicubic"] = bicubic(small)
    features = {name: distance(picture, y)["total"].item() for name, picture in made.items()}
    colours = {name: pixel_loss(picture, y)["total"].item() for name, picture in made.items()}
    assert features["perceptual"] < features["pixels"] < features["bicubic"]
    assert colours["pixels"] < colours["perceptual"] and colours["pixels"] < colours["bicubic"]


def test_an_enlarger_that_does_not_ship_is_told():
    with pytest.raises(ValueError, match="pixels or perceptual"):
        load_enlarger("sharp")


@pytest.mark.slow
def test_the_tool_trains_an_enlarger_that_goes_on_from_another_and_beats_it(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(24):
        picture = resize(rng.random((16, 16, 3)), (128, 128))
        Image.fromarray((255 * picture).astype(np.uint8)).save(tmp_path / f"{number}.png")
    first, second = tmp_path / "pixels.safetensors", tmp_path / "more.safetensors"
    words = ["pixels", "--photos", str(tmp_path)]
    assert train_enlarger.main([*words, "--steps", "1", "-o", str(first)]) == 0
    assert train_enlarger.main([*words, "--steps", "40", "--start", str(first), "-o", str(second)]) == 0
    y = images.load_image(tmp_path / "23.png")
    far = [mean_squares(Enlarger(load_transformer(file, "cpu")).enlarge(shrink(y)), y) for file in (first, second)]
    assert far[1] < far[0]
