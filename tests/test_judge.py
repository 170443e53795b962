"""What a judge sees in paintings by several networks (tools/judge.py)."""

import compact_lessons
import judge
import pytest
import safetensors.torch
import torch
from PIL import Image

from stylekit.images import load_image
from stylekit.networks import LossNetwork
from stylekit.objective import painting_objective
from stylekit.transfer import stylise


@pytest.fixture
def student(tmp_path):
    """A file of random weights, of widths that the kit does not know."""
    torch.manual_seed(0)
    weights = LossNetwork(compact_lessons.BLOCKS, (5, 7, 11, 13, 17)).convolutions.state_dict()
    safetensors.torch.save_file({key: value.half() for key, value in weights.items()}, tmp_path / "student.safetensors")
    return tmp_path / "student.safetensors"


def test_a_file_of_any_widths_becomes_a_network(student):
    network = compact_lessons.load_student(student)
    assert network.layers[-1] == "relu5_1"
    assert network.features(torch.rand(1, 3, 48, 32), ["relu5_1"])["relu5_1"].shape == (1, 17, 3, 2)
    assert compact_lessons.load_student("compact").features(torch.rand(1, 3, 48, 32), ["relu5_1"])


def test_each_painter_is_judged_by_one_network_and_shown_beside_the_others(student, tmp_path, network, capsys):
    words = ["compact", "compact", student, "--pairs", "coffee:waves", "--size", 64, "--steps", 3, "--out", tmp_path]
    assert judge.main([str(word) for word in words]) == 0
    printed = capsys.readouterr().out
    content, style = load_image("coffee", 64), load_image("waves", 64)
    *_, last = stylise(content, style, network, steps=3)
    with torch.no_grad():
        loss = painting_objective(network, content, style)(last.image)["total"].item()
    assert f"| compact | {loss:.4f} |" in printed and "| student | " in printed
    height, width = content.shape[-2:]
    assert Image.open(tmp_path / "coffee-waves.jpg").size == (4 * width, height)


def test_a_painting_ends_when_its_time_is_up(network):
    content, style = load_image("coffee", 64), load_image("waves", 64)
    assert judge.paint(network, content, style, 80, seconds=0.5).seconds <= 0.5
