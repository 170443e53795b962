"""Train one of the two enlargers of notebook 10, and write its weights.

python tools/train_enlarger.py pixels --photos TAR --steps 1400 -o pixels.safetensors
python tools/train_enlarger.py perceptual --photos TAR --start pixels.safetensors --steps 2700 -o new.safetensors
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import torch

from stylekit.feedforward.files import load_transformer, save_transformer
from stylekit.feedforward.network import TransformationNetwork
from stylekit.feedforward.photographs import Photographs
from stylekit.feedforward.superresolution import SUPERRESOLUTION, Enlarger, FeatureLoss
from stylekit.feedforward.training import Schedule, train
from stylekit.networks import load_network


def colours(enlarged, photographs):
    return {"total": (enlarged - photographs).square().mean(dim=(1, 2, 3))}


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("loss", choices=["pixels", "perceptual"])
    parser.add_argument("--photos", type=Path, required=True, help="a folder or tar file, of at least 96 pixels")
    parser.add_argument("--start", type=Path, help="weights to begin with")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, required=True)
    return parser.parse_args(arguments)


def main(arguments=None) -> int:
    options = parse(arguments)
    torch.manual_seed(options.seed)
    network = load_transformer(options.start, "cpu") if options.start else TransformationNetwork(SUPERRESOLUTION)
    network.requires_grad_(True).train()
    objective = FeatureLoss(load_network("compact", device="cpu")) if options.loss == "perceptual" else colours
    photographs, _ = Photographs(options.photos, 128).split(20)
    schedule = Schedule(batch=4, crop=96, steps=options.steps, seed=options.seed)
    for step in train(Enlarger(network), objective, photographs, schedule):
        if step.number % 100 == 0:
            print(f"{step.number:6d} {step.seconds / 60:5.1f} min  {step.losses['total']:.5f}", flush=True)
    begun = options.start.name if options.start else "random weights"
    facts = asdict(schedule) | {"start": begun, "loss": options.loss}
    save_transformer(network, options.out, {"training": json.dumps(facts)})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
