"""The transformation network, its objective, its photographs and its training, against independent oracles."""

import copy
import io
import itertools
import json
import subprocess
import sys
import tarfile
from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.torch
import torch
from conftest import photograph
from PIL import Image
from torch import nn

from stylekit import images
from stylekit.errors import AssetError, InputError, NonFiniteLoss
from stylekit.feedforward import (
    KIT,
    PAPER,
    Architecture,
    CheckpointError,
    PerceptualLoss,
    Photographs,
    Schedule,
    TransformationNetwork,
    count_parameters,
    draw,
    facts_of,
    files,
    load_transformer,
    save_transformer,
    spread,
    train,
    training,
    transformers,
)
from stylekit.feedforward.network import InstanceNorm
from stylekit.objective import painting_objective

NAMES = ("chelsea", "astronaut", "coffee", "rocket")
TINY = Architecture(width=3)


@pytest.fixture(scope="module")
def four():
    """Four photographs, 64 x 64, as a training takes them: (3, 64, 64) each."""
    return [photograph(name)[0] for name in NAMES]


def perceptual(network, four):
    return PerceptualLoss(network, photograph("swirls"), torch.stack(four), content_layers=["relu3_3"])


# The network


def test_the_papers_width_has_1679235_parameters_in_either_padding():
    same = Architecture(width=32, normalisation="batch", padding="same")
    assert count_parameters(TransformationNetwork(PAPER)) == 1_679_235
    assert count_parameters(TransformationNetwork(same)) == 1_679_235
    weights = 3 * 81 * 32 + 32 * 9 * 64 + 64 * 9 * 128 + 10 * 128 * 9 * 128 + 128 * 9 * 64 + 64 * 9 * 32 + 32 * 81 * 3
    filters = 32 + 64 + 128 + 10 * 128 + 64 + 32
    assert weights + 3 * filters + 3 == 1_679_235  # each filter: a bias, a scale and a shift; the last layer: biases


@pytest.mark.parametrize("architecture", [TINY, Architecture(3, "batch", "transposed", "border")])
@pytest.mark.parametrize("size", [(16, 16), (17, 31), (37, 53), (64, 50)])
def test_any_size_comes_out_as_it_went_in(architecture, size):
    assert TransformationNetwork(architecture)(torch.rand(2, 3, *size)).shape == (2, 3, *size)


def test_a_picture_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match="at least 16 x 16 pixels, got 1 x 1"):
        TransformationNetwork(TINY)(torch.rand(1, 3, 1, 1))


@pytest.mark.parametrize(
    "wrong",
    [
        *({"width": width} for width in (0, 513, True)),
        *({"slope": slope} for slope in (0, 0.0, 1.5, True, float("nan"))),
        *({"noise": noise} for noise in (-0.1, 1.5, True, float("nan"))),
        {"normalisation": "layer"},
        {"padding": "zeros"},
    ],
    ids=str,
)
def test_an_architecture_that_does_not_exist_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} must be"):
        Architecture(**wrong)


def test_the_ends_of_a_range_belong_to_it_as_whole_numbers_too():
    assert Architecture(slope=1) == Architecture(slope=1.0)
    assert [Architecture(width=width).width for width in (1, 512)] == [1, 512]


def test_a_picture_on_another_device_is_moved_to_the_networks():
    network = TransformationNetwork(TINY).to("meta")
    assert network(torch.rand(1, 3, 16, 16)).device.type == "meta"


def test_the_output_is_a_scaled_tanh_around_grey():
    network = TransformationNetwork(TINY)
    with torch.no_grad():
        network.last.weight.zero_()
        for z in (-100.0, -0.5, 0.0, 0.5, 100.0):
            network.last.bias.fill_(z)
            expected = 0.5 + 150 / 255 * np.tanh(z / 8)
            assert network(torch.rand(1, 3, 16, 16)).numpy() == pytest.approx(expected, abs=1e-6)


def test_a_picture_of_a_batch_is_painted_as_it_is_alone_with_instance_but_not_with_batch_normalisation():
    batch = torch.rand(3, 3, 20, 28)
    for architecture, alike in ((TINY, True), (Architecture(3, "batch"), False)):
        network = TransformationNetwork(architecture).train()
        together, alone = network(batch)[:1], network(batch[:1])
        assert torch.allclose(together, alone, atol=1e-5) is alike


@pytest.mark.parametrize("side", [17, 256, 300])  # below, at and above what `batch_norm` adds up exactly enough
@pytest.mark.parametrize("offset", [0, 30])
def test_instance_normalisation_is_exact_for_one_image_and_for_two(side, offset):
    torch.manual_seed(0)
    layer = InstanceNorm(5)
    nn.init.uniform_(layer.weight), nn.init.uniform_(layer.bias)
    x = offset + torch.randn(2, 5, side, side + 1).contiguous(memory_format=torch.channels_last)
    exact = layer.weight.view(-1, 1, 1) * nn.functional.instance_norm(x.double()) + layer.bias.view(-1, 1, 1)
    for count in (1, 2):
        assert torch.allclose(layer(x[:count]).double(), exact[:count], atol=3e-5 if offset == 0 else 3e-4)


def test_contrast_is_no_part_of_the_style_under_instance_normalisation():
    torch.manual_seed(0)
    network, image = TransformationNetwork(TINY), torch.rand(1, 3, 32, 48)
    faded = 0.5 + 0.5 * (image - 0.5)
    with torch.no_grad():
        change = (network(image) - network(faded)).abs().max()
    assert change < 1e-3 < (image - faded).abs().max()


def test_the_papers_border_is_eaten_by_the_residual_blocks_alone():
    network, sizes = TransformationNetwork(Architecture(2, "batch", "transposed", "border")), []
    for block in network.residual:
        block.register_forward_hook(lambda _, given, got: sizes.append((given[0].shape[-1], got.shape[-1])))
    network(torch.rand(1, 3, 32, 32))
    assert sizes[0][0] == (32 + 80) / 4 and sizes[-1][1] == 32 / 4
    assert all(before - after == 4 for before, after in sizes)


def test_nearest_then_convolution_touches_every_pixel_alike_and_a_transposed_one_does_not():
    ones = torch.ones(1, 1, 9, 9)
    transposed = nn.ConvTranspose2d(1, 1, 3, 2, 1, 1, bias=False)
    plain = nn.Conv2d(1, 1, 3, padding=0, bias=False)
    with torch.no_grad():
        transposed.weight.fill_(1)
        plain.weight.fill_(1)
        touched = transposed(ones)[0, 0, 2:-2, 2:-2]
        even = plain(nn.functional.interpolate(ones, scale_factor=2))
    assert sorted(touched.unique().tolist()) == [1, 2, 4] and even.unique().tolist() == [9]


# The objective


def test_with_one_photograph_as_reference_it_is_the_objective_of_the_optimisation(network):
    p, a, x = photograph("chelsea"), photograph("waves", 80), photograph("coffee")
    weights = {"content_weight": 0.3, "style_weight": 2.0, "tv_weight": 0.01}
    descent = painting_objective(network, p, a, content_layers=["relu3_3"], **weights)(x)
    learning = PerceptualLoss(network, a, p, **weights)(x, p)
    assert learning["total"].item() == pytest.approx(descent["total"].item(), rel=1e-5)
    assert learning["content"].item() == pytest.approx(descent["content"].item(), rel=1e-5)


def test_each_picture_of_a_batch_has_the_loss_that_it_has_alone(network, four):
    objective, batch = perceptual(network, four), torch.stack(four)
    painted = batch.flip(0)
    together = objective(painted, batch)
    for number in range(4):
        alone = objective(painted[number : number + 1], batch[number : number + 1])
        for name, values in together.items():
            assert values[number].item() == pytest.approx(alone[name].item(), rel=1e-4)


def test_a_photograph_of_the_reference_scores_one_in_style_on_average(network, four):
    batch = torch.stack(four)
    terms = perceptual(network, four)(batch, batch)
    assert terms["style"].mean().item() == pytest.approx(1, rel=1e-5)
    assert terms["tv"].mean().item() == pytest.approx(1, rel=1e-5)
    assert terms["content"].abs().max() == 0


def test_a_picture_and_four_of_it_side_by_side_score_nearly_the_same(network, four):
    objective, p, x = perceptual(network, four), photograph("chelsea"), photograph("coffee")
    once, tiled = objective(x, p), objective(x.tile(1, 1, 2, 2), p.tile(1, 1, 2, 2))
    for name in ("content", "style", "tv"):
        assert tiled[name].item() == pytest.approx(once[name].item(), rel=0.25)


# The photographs


def picture(colour, size=(40, 24)):
    content = io.BytesIO()
    Image.new("RGB", size, colour).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "photos" / "deeper").mkdir(parents=True)
    (tmp_path / "photos" / "a.png").write_bytes(picture("red"))
    (tmp_path / "photos" / "b.jpg").write_bytes(b"no picture at all")
    (tmp_path / "photos" / "c.png").write_bytes(picture("blue")[:60])
    (tmp_path / "photos" / "deeper" / "d.png").write_bytes(picture("lime"))
    (tmp_path / "photos" / "notes.txt").write_text("not a picture")
    return tmp_path / "photos"


def test_unreadable_pictures_are_skipped_and_counted(folder):
    photographs = Photographs(folder, 32)
    colours = [photographs[number].mean((-2, -1)).tolist() for number in range(len(photographs))]
    red, lime = [1, 0, 0], [0, 1, 0]
    assert colours == [red, lime, lime, lime] and photographs[0].shape == (3, 32, 32)
    assert photographs.unreadable == {"b.jpg", "c.png"}


def test_a_tar_file_gives_the_same_photographs_as_the_folder(folder, tmp_path):
    with tarfile.open(tmp_path / "photos.tar", "w") as archive:
        archive.add(folder, arcname=".")
    from_tar, from_folder = Photographs(tmp_path / "photos.tar", 32), Photographs(folder, 32)
    assert len(from_tar) == len(from_folder) == 4
    assert all(torch.equal(a, b) for a, b in zip(from_tar, from_folder, strict=True))


def test_the_middle_square_is_taken_and_small_pictures_are_enlarged(tmp_path):
    wide = Image.new("RGB", (30, 10), "red")
    wide.paste("blue", (10, 0, 20, 10))
    wide.save(tmp_path / "wide.png")
    assert Photographs(tmp_path, 32)[0].mean((-2, -1)).tolist() == [0, 0, 1]


@pytest.mark.parametrize("size", [8, 32])  # a JPEG is decoded at an eighth for the first
def test_a_turned_photograph_stands_upright(tmp_path, size):
    upright = Image.new("RGB", (64, 64), "red")
    upright.paste("blue", (0, 0, 64, 32))
    turned, tags = upright.transpose(Image.Transpose.ROTATE_90), Image.Exif()
    tags[0x0112] = 6  # EXIF: to be shown turned clockwise by 90 degrees
    turned.save(tmp_path / "turned.jpg", exif=tags, quality=95)
    photograph = Photographs(tmp_path, size)[0]
    assert photograph[2, : size // 2 - 2].min() > 0.9 > 0.1 > photograph[0, : size // 2 - 2].max()
    assert photograph[0, size // 2 + 2 :].min() > 0.9 > 0.1 > photograph[2, size // 2 + 2 :].max()


def test_what_is_clear_in_a_photograph_is_white(tmp_path):
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert Photographs(tmp_path, 32)[0].min() == 1


@pytest.mark.parametrize("total", [1, 2, 5, 15, 16, 17, 31, 33, 100, 13980])
def test_a_spread_is_of_so_many_photographs_or_of_all_each_from_an_equal_part(total):
    photographs = [torch.full((3, 1, 1), float(number)) for number in range(total)]
    for count in (1, 2, 7, 16):
        numbers = spread(photographs, count)[:, 0, 0, 0].tolist()
        assert len(numbers) == min(count, total)
        for part, number in enumerate(numbers):
            assert part * total / len(numbers) <= number + 0.5 <= (part + 1) * total / len(numbers)


def grey(folder, levels):
    folder.mkdir()
    for number, level in enumerate(levels):
        path = folder / f"{number}.png"
        path.write_bytes(b"no picture" if level is None else picture((level,) * 3))
    return Photographs(folder, 32)


def levels(photographs):
    return [round(255 * photograph.mean().item()) for photograph in photographs]


def test_no_photograph_of_those_held_out_stands_in_for_one_to_learn_from_nor_the_other_way_round(tmp_path):
    seen, held_out = grey(tmp_path / "a", [10, 20, None, 200, None]).split(2)
    assert levels(seen) == [10, 20, 10] and levels(held_out) == [200, 200]
    assert seen.unreadable is held_out.unreadable and seen.unreadable == {"2.png", "4.png"}


def test_some_photographs_must_be_left_to_learn_from(tmp_path):
    photographs = grey(tmp_path / "a", [10, 20, 30])
    assert levels(photographs.split(0)[0]) == [10, 20, 30] and len(photographs.split(0)[1]) == 0
    for last in (-1, 3, 4):
        with pytest.raises(InputError, match=f"must leave some of the 3 photographs, got {last}"):
            photographs.split(last)


@pytest.mark.parametrize("case", ["missing", "empty folder", "no tar", "all damaged"])
def test_a_source_without_photographs_is_refused(tmp_path, case):
    source = tmp_path / "source"
    if case in ("empty folder", "all damaged"):
        source.mkdir()
    if case == "all damaged":
        (source / "a.png").write_bytes(b"x")
    if case == "no tar":
        source.write_bytes(b"x" * 1000)
    with pytest.raises(AssetError, match="no folder or tar|holds no picture|is no tar file|none of the 1 pictures"):
        Photographs(source, 32)[0]


# The training


@pytest.mark.slow
def test_the_loss_falls_on_photographs_that_it_was_not_trained_on(network):
    torch.manual_seed(0)
    seen, unseen = [photograph("chelsea")[0], photograph("rocket")[0]], torch.cat([photograph("coffee")])
    objective = PerceptualLoss(network, photograph("swirls"), torch.stack(seen))
    model = TransformationNetwork(Architecture(width=4))
    loss = lambda: objective(model(unseen), unseen)["total"].item()  # noqa: E731
    before = loss()
    for _ in train(model, objective, seen, Schedule(batch=2, crop=64, rate=5e-3, steps=40)):
        pass
    assert loss() < 0.8 * before


def losses(steps):
    return [step.losses["total"] for step in steps]


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_a_training_that_was_killed_and_resumed_makes_the_same_steps(network, four, tmp_path, noise):
    objective, schedule = perceptual(network, four), Schedule(batch=2, crop=32, steps=6)
    torch.manual_seed(1)
    first = TransformationNetwork(replace(TINY, noise=noise))
    killed, resumed = copy.deepcopy(first), copy.deepcopy(first)
    whole = losses(train(first, objective, four, schedule))
    run = train(killed, objective, four, schedule, tmp_path / "checkpoint", every=2)
    part = losses(next(run) for _ in range(5))  # the file holds step 4; step 5 is lost
    run.close()
    rest = losses(train(resumed, objective, four, schedule, tmp_path / "checkpoint", every=2))
    assert part == pytest.approx(whole[:5], rel=1e-4) and rest == pytest.approx(whole[4:], rel=1e-4)
    for one, other in zip(first.parameters(), resumed.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_the_rate_is_constant_and_then_falls_to_zero():
    schedule = Schedule(steps=100, rate=0.01)
    assert [schedule.rate_at(done) for done in (0.0, 0.5, 0.69)] == [0.01] * 3
    assert schedule.rate_at(0.85) == pytest.approx(0.005) and schedule.rate_at(1.0) == 0


def test_a_batch_depends_on_the_seed_and_the_step_alone_and_is_shared_between_processes(four):
    schedule = Schedule(batch=4, crop=48, steps=1)
    batch = draw(four, schedule, 3)
    assert torch.equal(batch, draw(four, schedule, 3)) and not torch.equal(batch, draw(four, schedule, 4))
    assert torch.equal(batch[1::2], draw(four, schedule, 3, rank=1, processes=2))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({}, "one of the two"),
        ({"steps": 1, "seconds": 1.0}, "one of the two"),
        ({"steps": 0}, "steps must be a whole number above 0"),
        ({"steps": 1, "batch": -1}, "batch must be a whole number above 0"),
        ({"steps": 1, "crop": 0}, "crop must be a whole number above 0"),
        ({"steps": 1, "rate": float("nan")}, "rate must be a finite number above 0"),
        ({"seconds": float("inf")}, "seconds must be a finite number above 0"),
        ({"steps": 1, "precision": "float16"}, "precision must be one of float32, bfloat16"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(wrong, sentence):
    with pytest.raises(InputError, match=sentence):
        Schedule(**wrong)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"schedule": Schedule(crop=80, steps=1)}, "crop of 80 pixels is larger than a photograph of 64"),
        ({"photographs": []}, "no photographs"),
        ({"every": 0}, "every must be"),
        ({"checkpoint": "no/such/folder/tiny.checkpoint"}, "does not exist"),
    ],
    ids=["crop", "photographs", "every", "checkpoint"],
)
def test_a_training_that_makes_no_sense_is_refused_when_it_is_asked_for(four, wrong, sentence):
    arguments = {"photographs": four, "schedule": Schedule(crop=32, steps=1)} | wrong
    with pytest.raises(InputError, match=sentence):
        train(TransformationNetwork(TINY), colour_loss, **arguments)


def colour_loss(painted, photographs):
    return {"total": (painted - photographs).square().mean(dim=(1, 2, 3))}


@pytest.mark.parametrize("length", [{"steps": 3}, {"seconds": 3.0}], ids=str)
def test_done_rises_to_exactly_one_and_what_the_caller_does_in_between_is_not_counted(four, monkeypatch, length):
    clock = SimpleNamespace(now=0.0)
    ticks = lambda: setattr(clock, "now", clock.now + 0.5) or clock.now  # noqa: E731
    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=ticks))
    done, seconds = [], []
    for step in train(TransformationNetwork(TINY), colour_loss, four, Schedule(crop=32, **length)):
        clock.now += 1000
        done.append(step.done)
        seconds.append(step.seconds)
    assert done == sorted(done) and done[-1] == 1.0 and max(done[:-1]) < 1
    assert seconds == [0.5 * number for number in range(1, len(seconds) + 1)]  # two looks at the clock a step


def test_a_training_that_is_over_yields_its_last_step_again_and_changes_nothing(four, tmp_path):
    schedule, path = Schedule(crop=32, steps=3), tmp_path / "tiny.checkpoint"
    *_, last = train(TransformationNetwork(TINY), colour_loss, four, schedule, path)
    before, network = path.read_bytes(), TransformationNetwork(TINY)
    assert list(train(network, colour_loss, four, schedule, path)) == [last] and path.read_bytes() == before
    stored = torch.load(path, weights_only=True)["network"]
    assert all(torch.equal(value, stored[name]) for name, value in network.state_dict().items())


@pytest.mark.slow
def test_without_the_shape_hook_a_wrong_kind_of_number_is_refused_in_a_sentence_too():
    """In a process of its own, as a user's: there no hook compares an argument with its annotation."""
    lines = [
        "import torch",
        "from stylekit.errors import InputError",
        "from stylekit.feedforward import Architecture, Schedule, TransformationNetwork, transform",
        "network, image = TransformationNetwork(Architecture(width=1)), torch.rand(1, 3, 20, 20)",
    ]
    for call in (
        "Architecture(width=2.0)",
        "Architecture(slope='1')",
        "Schedule(steps=1.5)",
        "Schedule(steps=1, batch=2.0)",
        "Schedule(steps=1, crop=float('inf'))",
        "transform(network, image, tile=16.5)",
    ):
        lines += ["try:", f"    {call}", "except InputError as error:", "    print(error)"]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True)
    words = [line.split()[0] for line in done.stdout.splitlines()]
    assert words == ["width", "slope", "steps", "batch", "crop", "tile"], done.stderr


def test_a_crop_larger_than_the_photographs_is_refused(four):
    with pytest.raises(ValueError, match="crop of 80 pixels is larger than a photograph of 64"):
        draw(four, Schedule(crop=80, steps=1), 0)


EXPLOSIONS = {  # what becomes of the loss
    "infinite": lambda loss: loss * float("inf"),
    "not a number, the gradient finite": lambda loss: loss + float("nan"),
    "finite, its gradient not a number": lambda loss: (0 * loss).sqrt(),
}


@pytest.mark.parametrize("explosion", EXPLOSIONS)
@pytest.mark.parametrize("architecture", [TINY, Architecture(width=3, normalisation="batch")], ids=["kit", "batch"])
def test_a_loss_that_explodes_leaves_every_weight_and_the_checkpoint_as_the_last_good_step_left_them(
    four, tmp_path, architecture, explosion
):
    count = itertools.count(1)

    def exploding(painted, photographs):
        loss = colour_loss(painted, photographs)["total"]
        return {"total": EXPLOSIONS[explosion](loss) if next(count) == 3 else loss}

    network, path = TransformationNetwork(architecture), tmp_path / "tiny.checkpoint"
    steps = train(network, exploding, four, Schedule(batch=1, crop=32, steps=5), path, every=1)
    _, second = next(steps), next(steps)
    weights, content = copy.deepcopy(network.state_dict()), path.read_bytes()
    with pytest.raises(NonFiniteLoss, match="no longer finite at step 3.* smaller rate") as caught:
        next(steps)
    assert caught.value.last == second and path.read_bytes() == content
    for name, value in network.state_dict().items():
        assert torch.equal(value, weights[name]), name


def test_a_loss_that_explodes_at_once_has_no_last_step(four):
    exploding = lambda painted, _: {"total": painted.sum((1, 2, 3)) * float("inf")}  # noqa: E731
    with pytest.raises(NonFiniteLoss, match="no longer finite at step 1") as caught:
        next(train(TransformationNetwork(TINY), exploding, four, Schedule(crop=32, steps=2)))
    assert caught.value.last is None


# The files


@pytest.fixture
def checkpoint(network, four, tmp_path):
    path = tmp_path / "tiny.checkpoint"
    list(train(TransformationNetwork(TINY), perceptual(network, four), four, Schedule(crop=32, steps=1), path))
    return path


def resume(path, network, four, **changes):
    schedule = Schedule(**({"crop": 32, "steps": 2} | changes))
    architecture = changes.pop("architecture", TINY)
    return list(train(TransformationNetwork(architecture), perceptual(network, four), four, schedule, path))


@pytest.mark.parametrize("length", [0, 100, 5000])
def test_a_checkpoint_cut_short_is_refused_and_kept(checkpoint, network, four, length):
    checkpoint.write_bytes(checkpoint.read_bytes()[:length])
    with pytest.raises(CheckpointError, match="no readable checkpoint"):
        resume(checkpoint, network, four)
    assert checkpoint.stat().st_size == length


def test_a_checkpoint_of_another_training_is_refused(checkpoint, network, four):
    with pytest.raises(CheckpointError, match="belongs to another training"):
        resume(checkpoint, network, four, seed=5)


def test_a_checkpoint_of_another_network_is_refused(checkpoint, network, four):
    schedule, wider = Schedule(crop=32, steps=2), TransformationNetwork(Architecture(width=4))
    with pytest.raises(CheckpointError, match="does not fit this network"):
        list(train(wider, perceptual(network, four), four, schedule, checkpoint))


def test_a_saved_network_paints_as_before_and_knows_what_it_is(tmp_path):
    network, image = TransformationNetwork(TINY), torch.rand(1, 3, 20, 28)
    save_transformer(network, tmp_path / "tiny.safetensors", {"style": "none"})
    loaded = load_transformer(tmp_path / "tiny.safetensors")
    assert loaded.architecture == TINY and facts_of(tmp_path / "tiny.safetensors")["style"] == "none"
    with torch.no_grad():
        assert torch.allclose(network(image), loaded(image), atol=5e-3)  # float16 in the file


@pytest.mark.parametrize("enlarge", [1, 4])
def test_an_older_file_loads_unless_it_makes_pictures_larger(tmp_path, enlarge):
    path, network, image = tmp_path / "old.safetensors", TransformationNetwork(TINY), torch.rand(1, 3, 20, 28)
    described = asdict(TINY) | {"enlarge": enlarge}
    del described["styles"], described["noise"]
    safetensors.torch.save_file(network.state_dict(), path, {"architecture": json.dumps(described), "style": "none"})
    if enlarge == 1:
        assert torch.allclose(load_transformer(path)(image), network(image))
    else:
        with pytest.raises(AssetError, match="it makes pictures larger, which the kit no longer does"):
            load_transformer(path)


def test_a_network_is_read_onto_the_device_that_is_picked_unless_said(tmp_path, monkeypatch):
    save_transformer(TransformationNetwork(TINY), tmp_path / "tiny.safetensors")
    asked = []
    monkeypatch.setattr(files, "pick_device", lambda name: asked.append(name) or torch.device("meta"))
    loaded = load_transformer(tmp_path / "tiny.safetensors")
    assert asked == ["auto"] and loaded.last.weight.device.type == "meta"


def test_a_path_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    save_transformer(TransformationNetwork(TINY), "~/tiny.safetensors")
    assert load_transformer("~/tiny.safetensors").architecture == TINY and (tmp_path / "tiny.safetensors").is_file()


@pytest.mark.parametrize("case", ["another network", "another shape", "cut short", "a page", "missing", "unknown"])
def test_weights_that_are_not_a_transformation_network_are_refused(tmp_path, case):
    path = tmp_path / "tiny.safetensors"
    save_transformer(TransformationNetwork(TINY), path)
    whole = path.read_bytes()
    if case == "another network":
        safetensors.torch.save_file({"conv1_1.weight": torch.zeros(3)}, path)
    if case == "another shape":
        wrong = TransformationNetwork(TINY)
        wrong.architecture = Architecture(width=4)
        save_transformer(wrong, path)
    if case in ("cut short", "a page"):
        path.write_bytes(whole[: len(whole) // 2] if case == "cut short" else b"<html>not found</html>")
    if case == "missing":
        path.unlink()
    with pytest.raises(AssetError, match="does not hold|no readable|no file of weights|no trained network"):
        load_transformer("wsirls" if case == "unknown" else path)


# What ships


PAINTED = ["swirls", "waves", "facets", "haze", "shapes", "glass", "points", "mosaic", "hatching", "woodblock"]


def test_the_ten_styles_ship_as_one_network_of_at_most_two_and_a_half_megabytes():
    found = transformers()
    assert set(PAINTED) <= set(found) and len({found[style] for style in PAINTED}) == 1
    assert sum(path.stat().st_size for path in set(found.values())) <= 2_500_000


@pytest.mark.parametrize("style", PAINTED)
def test_a_shipped_network_lowers_the_style_loss_to_less_than_a_third_of_the_photographs(style, network):
    transformer, p = load_transformer(style), photograph("coffee", 160)
    assert replace(transformer.architecture, noise=0.0) == KIT
    objective = PerceptualLoss(network, images.load_image(style, 256), p)
    with torch.no_grad():
        assert objective(transformer(p), p)["style"].item() < 1 / 3


def test_a_shipped_network_paints_a_flat_picture_without_a_checkerboard():
    """Energy at the highest frequency of rows and columns, which is where a transposed convolution leaves its mark."""
    for style in transformers():
        with torch.no_grad():
            painted = load_transformer(style)(torch.full((1, 3, 96, 96), 0.5))[..., 16:-16, 16:-16]
        signs = (-1.0) ** torch.arange(painted.shape[-1])
        checker = (painted * signs * signs.view(-1, 1)).mean((-2, -1)).abs().max()
        assert checker < 2 / 255
