"""`stylekit train`: teach a transformation network one style."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import distributed

from stylekit import __version__, assets, files, images
from stylekit.commands import BAD_INPUT
from stylekit.commands.progress import follow
from stylekit.commands.stylise import parse_layers
from stylekit.errors import InputError
from stylekit.feedforward import (
    ARCHITECTURES,
    PAPER_CONTENT_LAYERS,
    PAPER_STYLE_LAYERS,
    PerceptualLoss,
    Photographs,
    Schedule,
    TransformationNetwork,
    load_transformer,
    save_transformer,
    spread,
    train,
    transform,
)
from stylekit.feedforward.files import read_checkpoint
from stylekit.feedforward.objective import CONTENT_LAYERS, CONTENT_WEIGHT, TV_WEIGHT
from stylekit.networks import NETWORKS, PRECISIONS, load_network, pick_device, weights_hash
from stylekit.objective import STYLE_LAYERS

LAYERS = {"vgg16": (PAPER_CONTENT_LAYERS, PAPER_STYLE_LAYERS)}  # by loss network; all others have the kit's
PREVIEW = 160  # pixels of the pictures shown while it learns
PREVIEWED = ("chelsea", "astronaut", "coffee", "rocket")


def add_options(command):
    add = command.add_argument
    add("style", metavar="STYLE", help="the style picture: a name (see assets) or a file")
    add("--photos", metavar="FOLDER|TAR", required=True, type=Path, help="photographs to learn on, the more the better")
    add("--hold-out", type=int, default=0, metavar="N", help="never train on the last N of them (default %(default)s)")
    add("-o", "--output", metavar="NAME.safetensors", type=Path, help="default: the style's name")
    end = command.add_mutually_exclusive_group()
    end.add_argument("--minutes", type=float, help="stop after this time (default 60)")
    end.add_argument("--steps", type=int, help="or after so many steps (the paper: 40000)")
    add("--architecture", choices=ARCHITECTURES, default="kit", help="kit, or as in the paper (default %(default)s)")
    add("--width", type=int, help="filters of the first layer (default 16; 32 for paper)")
    add("--start", metavar="NAME|FILE", help="begin with the weights of another style: it learns much faster")
    add("--network", default="compact", help=f"{', '.join(NETWORKS)} or a file of weights (default %(default)s)")
    add("--content-weight", type=float, default=CONTENT_WEIGHT, help="default %(default)s")
    add("--style-weight", type=float, default=1.0, help="default %(default)s")
    add("--tv-weight", type=float, default=TV_WEIGHT, help="total variation (default %(default)s)")
    add("--content-layers", nargs="+", metavar="LAYER[=W]", help="default relu3_3; with vgg16 the paper's relu2_2")
    add("--style-layers", nargs="+", metavar="LAYER[=W]", help="default as in stylise; with vgg16 the paper's")
    add("--size", type=int, default=256, help="pixels of photographs and style picture (default %(default)s)")
    add("--crop", type=int, help="train on squares of this many pixels, cut from them (default: size)")
    add("--batch", type=int, default=4, help="photographs of a step (default %(default)s)")
    add("--rate", type=float, default=1e-3, help="Adam's learning rate (default %(default)s)")
    add("--every", type=int, default=100, help="steps between checkpoints and previews (default %(default)s)")
    add("--precision", choices=PRECISIONS, default="float32", help="bfloat16 is faster where the processor has it")
    add("--seed", type=int, default=0, help="of the first weights and the photographs (default %(default)s)")
    add("--device", default="auto", help="auto, cpu, cuda or mps (default %(default)s)")


def run(options) -> int:
    """Train, or go on where an earlier run was stopped; in each process that torchrun started."""
    device = pick_device(options.device)
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        return _run(options, device, leads=True)
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        return _run(options, device, leads=distributed.get_rank() == 0)
    finally:
        distributed.destroy_process_group()


def _run(options, device, leads):
    output = (options.output or Path(f"{Path(options.style).stem}.safetensors")).expanduser()
    files.check_target(output, (".safetensors",))
    schedule = _schedule(options)
    photographs = Photographs(options.photos, options.size)
    seen, _ = photographs.split(options.hold_out)
    network = _network(options).to(device).to(memory_format=torch.channels_last)
    objective, facts = _objective(options, seen, device)
    facts |= {"photographs": len(photographs), "held out": options.hold_out}
    checkpoint = output.with_suffix(".checkpoint")
    earlier = read_checkpoint(checkpoint)["step"] if checkpoint.exists() else 0
    steps = train(network, objective, seen, schedule, checkpoint, options.every, facts)
    last, code = _follow(steps, options, network, photographs, output if leads else None)
    if leads and code == 0 and last.number == earlier:
        print(f"stylekit: {checkpoint} has had all of it already; ask for more steps or minutes", file=sys.stderr)
    if leads and last:
        trained = facts | asdict(schedule) | {"trained steps": last.number, "losses": last.losses}
        texts = {"style": str(options.style), "training": json.dumps(trained), "stylekit": __version__}
        save_transformer(network, output, texts)
        print(f"{output} ({last.number} steps, {last.seconds / 60:.1f} minutes, loss {last.losses['total']:.4f})")
    return code


def _follow(steps, options, network, photographs, output):
    """Show progress, and a preview now and then; return the last step and the exit code."""
    kept = "the same command goes on from its last checkpoint"
    losses = lambda step: ", ".join(f"{name} {loss:.4f}" for name, loss in step.losses.items())  # noqa: E731
    words = lambda step: f"step {step.number}, {losses(step)}"  # noqa: E731
    if output is None:  # another process leads, and speaks
        return follow(steps, "training", words, kept, shown=False)
    steps = _previewed(steps, options, network, output.with_suffix(".preview.png"))
    last, code = follow(steps, "training", words, kept)
    if code == BAD_INPUT and last:
        print(f"stylekit: it is in {output}: --start {output}, another OUT, a smaller --rate", file=sys.stderr)
    if photographs.unreadable:
        names = sorted(photographs.unreadable)
        print(f"stylekit: {len(names)} pictures could not be read and were skipped: {names[0]} ...", file=sys.stderr)
    return last, code


def _previewed(steps, options, network, path):
    """Yield the steps; at the first, every so many and the last, write the style and what the network paints so far."""
    square = lambda name: images.resize_image(images.load_image(name, 2 * PREVIEW), (PREVIEW, PREVIEW))  # noqa: E731
    style, photographs = square(options.style), [square(name) for name in PREVIEWED]
    for step in steps:
        if step.number % options.every == 0 or step.number == 1 or step.done >= 1:
            network.eval()
            painted = [transform(network, photograph).cpu() for photograph in photographs]
            network.train()
            images.save_image(torch.cat([style, *painted], dim=-1), path)
        yield step


def _schedule(options):
    images.check_size(options.size)
    minutes = 60.0 if options.minutes is None else options.minutes
    length = {"seconds": 60 * minutes} if options.steps is None else {"steps": options.steps}
    settings = {name: getattr(options, name) for name in ("batch", "rate", "seed", "precision")}
    return Schedule(crop=options.size if options.crop is None else options.crop, **settings, **length)


def _network(options):
    """Return the network to train: new, or with the weights of another one."""
    architecture = ARCHITECTURES[options.architecture]
    if options.width is not None:
        architecture = replace(architecture, width=options.width)
    torch.manual_seed(options.seed)
    network = TransformationNetwork(architecture)
    if options.start is not None:
        start = load_transformer(options.start, "cpu")
        if start.architecture != architecture:
            raise InputError(f"--start {options.start} has another architecture: {start.architecture}")
        network.load_state_dict(start.state_dict())
    return network.train()


def _layers(options):
    """Return the content and the style layers, each with its weight."""
    content, style = LAYERS.get(options.network, (CONTENT_LAYERS, STYLE_LAYERS))
    content = parse_layers(options.content_layers or content, "--content-layers")
    return content, parse_layers(options.style_layers or style, "--style-layers")


def _objective(options, seen, device):
    """Return the loss, and as plain data what it consists of: no training goes on with another."""
    loss_network = load_network(options.network, device=str(device), precision=options.precision)
    content_layers, style_layers = _layers(options)
    weights = {name: getattr(options, name) for name in ("content_weight", "style_weight", "tv_weight")}
    style, reference = images.load_image(options.style, options.size).to(device), spread(seen).to(device)
    layers = {"content_layers": content_layers, "style_layers": style_layers}
    objective = PerceptualLoss(loss_network, style, reference, **layers, **weights)
    facts = weights | {
        "content layers": content_layers,
        "style layers": style_layers,
        "style sha256": images.picture_hash(assets.open_picture(options.style)),
        "loss network sha256": weights_hash(loss_network),
        "size": options.size,
        "start": options.start and Path(options.start).stem,
    }
    return objective, facts
