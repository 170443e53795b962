"""What many of the test files share: the compact network, random pictures, the command line as a user calls it."""

import re
import time
from pathlib import Path

import jaxtyping
import jupytext
import numpy as np
import pytest
import torch

from stylekit import __main__ as cli
from stylekit import images
from stylekit.networks import load_network
from stylekit.patches import nearest_patches

PATIENCE = 60  # seconds: what takes longer hangs
# Files of which every test is slow: they start browsers, servers, nbgrader or a cluster, train, or try hundreds.
# A single slow test is marked where it stands. `make check` leaves them out.
SLOW = {"book", "browser", "browser_studio", "browser_studio_lab", "browser_widgets", "classroom", "cluster", "course"}
SLOW |= {"checks", "cli_train", "train_compact", "elsewhere", "judge", "lesson_09", "slides", "studio", "times"}


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem.removeprefix("test_") in SLOW:
            item.add_marker("slow")


@pytest.fixture(scope="session")
def network():
    """The compact network. One for all tests: whoever changes weights, precision or pooling loads one of their own."""
    return load_network("compact", device="cpu")


@pytest.fixture(scope="session")
def precise():
    """The compact network in float64, for gradients and sums that are compared to many digits. One for all, too."""
    return load_network("compact", device="cpu").double()


@pytest.fixture
def unhooked():
    """Switch the tests' own checks of shapes and types off: what is left is what a reader meets."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def picture(height, width, seed=0, dtype=torch.float32):
    """Return uniform noise, 1 x 3 x height x width, in [0, 1]."""
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def noise(*shape, seed=0):
    """Return uniform noise as an array, in [0, 1]."""
    return np.random.default_rng(seed).random(shape)


def patch_distances(a, b, patch=7):
    """Return what a has invented and what it misses: its patches' mean distance to the nearest in b, and b's in a.

    Root mean square differences of the numbers in [0, 1], averaged over the patches (the two directions of Simakov,
    Caspi, Shechtman and Irani 2008, "Summarizing visual data using bidirectional similarity").
    """
    both = nearest_patches(a, b, patch)[1], nearest_patches(b, a, patch)[1]
    return tuple(float(np.sqrt(errors / (3 * patch**2)).mean()) for errors in both)


def photograph(name, size=64):
    """Return a square photograph, 1 x 3 x size x size, squeezed where it was oblong."""
    return images.resize_image(images.load_image(name, 2 * size), (size, size))


def last(steps):
    *_, step = steps
    return step


def run(*words):
    """Call the command line; return the exit code, also where argparse itself leaves."""
    try:
        return cli.main([str(word) for word in words])
    except SystemExit as left:
        return left.code


def taught_by(notebook, *beginnings):
    """Return what a notebook defines, by name: its first code cell was run, and each cell that begins so."""
    source = Path(__file__).resolve().parent.parent / "notebooks" / "source" / f"{notebook}.py"
    first, *others = (cell.source for cell in jupytext.read(source).cells if cell.cell_type == "code")
    space = {}
    for cell in (first, *(cell for cell in others if cell.startswith(beginnings))):
        exec(cell, space)
    return space


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it hangs"
        time.sleep(0.01)


def anchors(markdown):
    """Return the anchors that code-hosting sites give the headings of a Markdown file."""
    headings = re.findall(r"^#+ (.*)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
