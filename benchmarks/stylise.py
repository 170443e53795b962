"""Time and memory of a painting: `python benchmarks/stylise.py [--sizes 256 512 1024]`.

For each size a fresh process paints `waves`, which is 4:3, in the manner of `swirls` with the defaults and prints the
seconds of the painting alone, its peak memory, and the time per evaluation beside that of a bare chain of the same
convolutions on the same shapes at the same precision, forward and back to the pixels: how close the kit comes.
"""

import argparse
import platform
import resource
import subprocess
import sys
import time
from statistics import median

import torch
from torch.nn import functional

from stylekit.images import load_image
from stylekit.networks import load_network
from stylekit.objective import CONTENT_WEIGHT, TV_WEIGHT, painting_objective
from stylekit.transfer import stylise

REPEATS = 7


def bare_chain(network, image):
    """Run the convolutions, rectifiers and pooling of the network on an image and return a gradient of it."""
    x = image.to(network.convolutions["conv1_1"].weight.dtype).requires_grad_(True)
    y = x
    for name, convolution in network.convolutions.items():
        if name.endswith("_1") and name != "conv1_1":
            y = functional.avg_pool2d(y, 2)
        y = functional.relu(convolution(y))
    return torch.autograd.grad(y.sum(), x)


def evaluation(objective, image):
    x = image.requires_grad_(True)
    return torch.autograd.grad(objective(x)["total"], x)


def seconds(function, *arguments):
    """Return the median time of a call after two calls for warming up."""
    times = []
    for _ in range(REPEATS + 2):
        start = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - start)
    return median(times[2:])


def measure(size):
    """Print one row of the table."""
    network = load_network("compact", device="cpu")
    content, style = load_image("waves", size), load_image("swirls", size)
    start = time.perf_counter()
    *_, last = stylise(content, style, network)
    painting = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if platform.system() == "Linux" else 2**30)
    weights = {"content_weight": CONTENT_WEIGHT, "style_weight": 1.0, "tv_weight": TV_WEIGHT["relative"]}
    objective = painting_objective(network, content, style, **weights)
    ours, bare = seconds(evaluation, objective, content.clone()), seconds(bare_chain, network, content.clone())
    row = f"{size:5d} {painting:10.1f} {last.evaluations:12d} {peak:10.2f} {ours:14.4f} {bare:12.4f} {ours / bare:7.2f}"
    print(row, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512, 1024])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return measure(options.one)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {platform.machine()}, float32")
    print("   px  painting/s  evaluations  peak/GiB  evaluation/s  bare chain/s  ratio")
    for size in options.sizes:  # a fresh process each, so that the peaks do not mix
        subprocess.run([sys.executable, __file__, "--one", str(size)], check=True)


if __name__ == "__main__":
    main()
