"""Loss networks: layers by name, frozen, no deeper than asked; weights downloaded, from files, and broken."""

import hashlib
import http.server
import threading

import pytest
import safetensors.torch
import torch
import torchvision
from torch import nn

from stylekit.errors import AssetError
from stylekit.networks import NETWORKS, LossNetwork, load_network, normalised, weights_hash

IMAGE = torch.rand(1, 3, 37, 43, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def compact(network):
    return network


def test_conv_is_before_and_relu_after_the_rectifier(compact):
    found = compact.features(IMAGE, ["conv4_2", "relu4_2"])
    assert (found["conv4_2"] < 0).any()
    assert torch.equal(found["relu4_2"], found["conv4_2"].clamp(min=0))


def test_the_network_is_evaluated_no_deeper_than_asked(compact):
    calls = []
    hooks = [c.register_forward_hook(lambda *_, name=n: calls.append(name)) for n, c in compact.convolutions.items()]
    compact.features(IMAGE, ["relu1_1", "relu2_1"])
    for hook in hooks:
        hook.remove()
    assert calls == ["conv1_1", "conv1_2", "conv2_1"]


def test_the_network_is_frozen_but_the_picture_gets_a_gradient(compact):
    assert not any(p.requires_grad for p in compact.parameters())
    image = IMAGE.clone().requires_grad_(True)
    compact.features(image, ["relu5_1"])["relu5_1"].sum().backward()
    assert image.grad.abs().sum() > 0


def test_the_shipped_weights_are_at_most_eight_megabytes_of_float16():
    from stylekit.assets import data_folder

    file = data_folder() / "compact.safetensors"
    assert file.stat().st_size <= 8_000_000
    assert {t.dtype for t in safetensors.torch.load_file(file).values()} == {torch.float16}


def test_an_unknown_layer_is_named_with_the_nearest_known_one(compact):
    with pytest.raises(ValueError, match="relu4_9.*did you mean 'relu4_"):
        compact.features(IMAGE, ["relu4_9"])


def test_a_picture_too_small_for_the_layer_is_told(compact):
    with pytest.raises(ValueError, match="too small"):
        compact.features(torch.rand(1, 3, 8, 8), ["relu5_1"])


@pytest.mark.parametrize("pooling", ["average", "max"])
def test_pooling_by_name(pooling):
    network = LossNetwork((1, 1), (5, 7), pooling=pooling)
    found = network.features(IMAGE, ["relu1_1", "conv2_1"])
    blocks = found["relu1_1"][:, :, :36, :42].unfold(2, 2, 2).unfold(3, 2, 2)
    pooled = blocks.mean(dim=(-2, -1)) if pooling == "average" else blocks.amax(dim=(-2, -1))
    torch.testing.assert_close(found["conv2_1"], network.convolutions["conv2_1"](pooled))


def test_in_bfloat16_the_responses_come_back_in_float32_and_agree_to_its_eight_bits(compact):
    low = load_network("compact", device="cpu", precision="bfloat16")
    layers = ["conv1_1", "relu2_1", "relu5_1"]
    exact, coarse = compact.features(IMAGE, layers), low.features(IMAGE, layers)
    for layer in layers:
        assert coarse[layer].dtype == torch.float32
        error = (coarse[layer] - exact[layer]).norm() / exact[layer].norm()
        assert 1e-4 < error < 0.02


def test_in_bfloat16_a_gradient_points_about_where_that_of_float32_does(compact):
    low, found = load_network("compact", device="cpu", precision="bfloat16"), []
    for network in (compact, low):
        image = IMAGE.clone().requires_grad_(True)
        found.append(torch.autograd.grad(network.features(image, ["relu5_1"])["relu5_1"].square().sum(), image)[0])
    assert found[1].dtype == torch.float32
    assert 0.9 < torch.cosine_similarity(*(g.flatten() for g in found), dim=0) < 0.99999


def test_the_fingerprint_is_that_of_the_weights_and_differs_in_bfloat16(compact):
    by_hand = hashlib.sha256()
    for weights in compact.convolutions.state_dict().values():
        by_hand.update(weights.contiguous().numpy().tobytes())
    assert weights_hash(compact) == by_hand.hexdigest()
    assert weights_hash(load_network("compact", device="cpu", precision="bfloat16")) != by_hand.hexdigest()


def test_an_unknown_precision_is_told():
    with pytest.raises(ValueError, match="float32, bfloat16"):
        load_network("compact", precision="float16")


def test_unknown_pooling_is_told():
    with pytest.raises(ValueError, match="average"):
        LossNetwork((1,), (5,), pooling="median")


def test_normalised_gives_mean_activation_one_and_changes_nothing_else(compact):
    network = NETWORKS["compact"].build()
    network.load_state_dict(compact.state_dict())
    network.double()
    images = [IMAGE.double(), IMAGE.flip(3).double() ** 2]
    relus = [layer for layer in network.layers if layer.startswith("relu")]
    before = [network.features(image, relus) for image in images]
    after = [normalised(network, images).features(image, relus) for image in images]
    for layer in relus:
        mu = torch.cat([b[layer].flatten(2) for b in before], dim=2).mean(dim=(0, 2))
        got = torch.cat([a[layer].flatten(2) for a in after], dim=2).mean(dim=(0, 2))
        alive = mu > 0
        torch.testing.assert_close(got[alive], torch.ones_like(got[alive]), atol=1e-10, rtol=0)
        scale = torch.where(alive, mu, 1.0).view(1, -1, 1, 1)
        torch.testing.assert_close(after[0][layer] * scale, before[0][layer], atol=1e-9, rtol=1e-9)


def test_normalised_leaves_a_silent_filter_alone():
    network = LossNetwork((2,), (5,))
    with torch.no_grad():
        network.convolutions["conv1_1"].bias[2] = -1e6
    assert all(w.isfinite().all() for w in normalised(network, [IMAGE]).state_dict().values())


@pytest.fixture(scope="module")
def vgg19_features():
    """torchvision's own convolutional part of VGG-19 with random weights."""
    torch.manual_seed(0)
    return torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["E"]).eval()


@pytest.fixture(scope="module")
def vgg19_state(vgg19_features):
    """A state dict of torchvision's exact keys and shapes; the classifier, unused, as stride-0 zeros."""
    classifier = {"0": (4096, 25088), "3": (4096, 4096), "6": (1000, 4096)}
    state = {f"features.{key}": value for key, value in vgg19_features.state_dict().items()}
    for key, (rows, columns) in classifier.items():
        state[f"classifier.{key}.weight"] = torch.zeros(1).expand(rows, columns)
        state[f"classifier.{key}.bias"] = torch.zeros(1).expand(rows)
    with torch.device("meta"):
        expected = torchvision.models.vgg19().state_dict()
    assert {k: v.shape for k, v in state.items()} == {k: v.shape for k, v in expected.items()}
    return state


@pytest.fixture(scope="module")
def vgg19_file(vgg19_state, tmp_path_factory):
    """That state dict saved under the name torchvision gives it: with the head of its own sha256."""
    file = tmp_path_factory.mktemp("weights") / "vgg19.pth"
    torch.save(vgg19_state, file)
    return file.rename(file.with_name(f"vgg19-{hashlib.sha256(file.read_bytes()).hexdigest()[:8]}.pth"))


def test_vgg19_from_a_file_equals_torchvisions_own_network(vgg19_file, vgg19_features):
    network = load_network(vgg19_file, pooling="max", device="cpu")
    image = IMAGE[:, :, :32, :32]
    x = (image - torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(
        1, 3, 1, 1
    )
    places = {"conv1_1": 0, "relu1_1": 1, "relu2_1": 6, "conv4_2": 21, "relu4_2": 22, "relu5_1": 29, "relu5_4": 35}
    found = network.features(image, places)
    with torch.no_grad():
        for layer, place in places.items():
            plain = nn.Sequential(*[nn.ReLU() if isinstance(m, nn.ReLU) else m for m in vgg19_features[: place + 1]])
            torch.testing.assert_close(found[layer], plain(x), msg=layer)


def test_vgg19_from_safetensors_and_from_the_environment(vgg19_state, tmp_path, monkeypatch):
    file = tmp_path / "mine.safetensors"
    safetensors.torch.save_file({k: v for k, v in vgg19_state.items() if k.startswith("features")}, file)
    monkeypatch.setenv("STYLEKIT_VGG19", str(file))
    network = load_network("vgg19", device="cpu")
    assert torch.equal(network.convolutions["conv5_4"].weight, vgg19_state["features.34.weight"])


def test_broken_files_are_told(vgg19_file, tmp_path):
    data = vgg19_file.read_bytes()
    named, plain, page = tmp_path / vgg19_file.name, tmp_path / "cut.pth", tmp_path / "page.pth"
    named.write_bytes(data[: len(data) // 2])
    plain.write_bytes(data[: len(data) // 2])
    page.write_text("<!DOCTYPE html><title>404</title>")
    for file, words in (
        (named, "damaged"),
        (plain, "no readable"),
        (page, "no readable"),
        (tmp_path / "no.pth", "no file"),
    ):
        with pytest.raises(AssetError, match=words):
            load_network(file, device="cpu")


def test_weights_of_another_network_are_told(tmp_path):
    torch.save({"features.0.weight": torch.zeros(2, 3, 3, 3)}, tmp_path / "other.pth")
    with pytest.raises(AssetError, match="fit none of"):
        load_network(tmp_path / "other.pth", device="cpu")


def test_a_file_that_runs_code_is_refused(tmp_path):
    class Harmful:
        def __reduce__(self):
            return (open, (str(tmp_path / "harm"), "w"))

    torch.save({"features.0.weight": Harmful()}, tmp_path / "harmful.pth")
    with pytest.raises(AssetError):
        load_network(tmp_path / "harmful.pth", device="cpu")
    assert not (tmp_path / "harm").exists()


def test_an_unknown_network_is_named_with_the_nearest_known_one():
    with pytest.raises(AssetError, match="did you mean 'vgg19'"):
        load_network("vgg18")


@pytest.fixture
def served(vgg19_file, tmp_path, monkeypatch):
    """torchvision's address of VGG-19 turned to a folder served on loopback, with an empty cache."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=tmp_path / "served")

        def log_message(self, *_):
            pass

    (tmp_path / "served").mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("STYLEKIT_VGG19", raising=False)
    published = torchvision.models.VGG19_Weights.IMAGENET1K_V1.value
    monkeypatch.setattr(published, "url", f"http://127.0.0.1:{server.server_port}/{vgg19_file.name}")
    yield tmp_path / "served" / vgg19_file.name
    server.shutdown()
    server.server_close()


def test_vgg19_is_downloaded_through_torchvision(served, vgg19_file, vgg19_state):
    served.write_bytes(vgg19_file.read_bytes())
    network = load_network("vgg19", device="cpu")
    assert torch.equal(network.convolutions["conv1_1"].weight, vgg19_state["features.0.weight"])
    served.unlink()
    load_network("vgg19", device="cpu")  # a second time from the cache


@pytest.mark.parametrize("body", ["truncated", "a web page", "nothing there"])
def test_a_bad_download_names_the_three_ways_out_and_leaves_nothing(served, vgg19_file, tmp_path, body):
    if body == "truncated":
        served.write_bytes(vgg19_file.read_bytes()[:1_000_000])
    elif body == "a web page":
        served.write_text("<!DOCTYPE html><title>moved</title>")
    with pytest.raises(AssetError, match="Three ways out.*STYLEKIT_VGG19.*compact"):
        load_network("vgg19", device="cpu")
    assert not list((tmp_path / "cache").rglob("*.pth"))
