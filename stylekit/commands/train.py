"""`stylekit train`: teach a transformation network one style or several."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import distributed, nn

from stylekit import __version__, assets, files, images
from stylekit.commands import BAD_INPUT
from stylekit.commands.progress import follow
from stylekit.commands.stylise import parse_layers
from stylekit.errors import InputError
from stylekit.feedforward import (
    ARCHITECTURES,
    PAPER_CONTENT_LAYERS,
    PAPER_STYLE_LAYERS,
    ManyStyles,
    Mosaics,
    PerceptualLoss,
    Photographs,
    Schedule,
    TransformationNetwork,
    load_styles,
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
PREVIEWED = ("china", "astronaut", "chelsea", "rocket")


def add_options(command):
    add = command.add_argument
    help = "the style picture: a name (see assets) or a file; several make one network that knows and mixes them all"
    add("style", metavar="STYLE", nargs="+", help=help)
    add("--photos", metavar="FOLDER|TAR", required=True, type=Path, help="photographs to learn on, the more the better")
    add("--hold-out", type=int, default=0, metavar="N", help="never train on the last N of them (default %(default)s)")
    add("--mosaics", action="store_true", help="every second one four at half the size: small files, sharp")
    add("-o", "--output", metavar="NAME.safetensors", type=Path, help="default: the style's name; styles, of several")
    end = command.add_mutually_exclusive_group()
    end.add_argument("--minutes", type=float, help="stop after this time (default 60)")
    end.add_argument("--steps", type=int, help="or after so many steps (the paper: 40000)")
    add("--architecture", choices=ARCHITECTURES, default="kit", help="kit, or as in the paper (default %(default)s)")
    add("--width", type=int, help="filters of the first layer (default 16; 32 for paper)")
    help = "normalise by each picture's own statistics, or by the batch's (default: the architecture's)"
    add("--norm", choices=("instance", "batch"), help=help)
    help = "noise that it adds to a photograph, in deviations of that: no lattice over skies (default 0, or START's)"
    add("--noise", type=float, help=help)
    add("--start", metavar="NAME|FILE", help="begin with the weights of another network: it learns much faster")
    help = "teach a network of several styles these too: what it knows stays as it is, and so do all convolutions"
    add("--add", metavar="FILE", help=help)
    add("--network", default="compact", help=f"{', '.join(NETWORKS)} or a file of weights (default %(default)s)")
    help = f"one for all styles, or one for each (default {CONTENT_WEIGHT})"
    add("--content-weight", type=float, nargs="+", default=[CONTENT_WEIGHT], help=help)
    add("--style-weight", type=float, default=1.0, help="default %(default)s")
    add("--tv-weight", type=float, default=TV_WEIGHT, help="total variation (default %(default)s)")
    add("--content-layers", nargs="+", metavar="LAYER[=W]", help="default relu3_3; with vgg16 the paper's relu2_2")
    add("--style-layers", nargs="+", metavar="LAYER[=W]", help="default as in stylise; with vgg16 the paper's")
    add("--size", type=int, default=256, help="pixels of photographs and style picture (default %(default)s)")
    add("--style-sizes", type=int, nargs="+", metavar="PIXELS", help="of the style picture, averaged (default: size)")
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
    names = _names(options.style)
    output = (options.output or Path(f"{names[0] if len(names) == 1 else 'styles'}.safetensors")).expanduser()
    files.check_target(output, (".safetensors",))
    schedule = _schedule(options)
    photographs = Photographs(options.photos, options.size)
    seen, _ = photographs.split(options.hold_out)
    seen = Mosaics(seen) if options.mosaics else seen
    network, known = _network(options, names)
    network = network.train().to(device).to(memory_format=torch.channels_last)
    losses, facts = _objectives(options, seen, device)
    learner = ManyStyles(network, losses).to(device) if known else network
    objective = learner.objective if known else losses[0]
    facts |= {"styles": names, "photographs": len(photographs), "held out": options.hold_out}
    facts |= {"noise": network.architecture.noise}
    checkpoint = output.with_suffix(".checkpoint")
    earlier = read_checkpoint(checkpoint)["step"] if checkpoint.exists() else 0
    steps = train(learner, objective, seen, schedule, checkpoint, options.every, facts)
    last, code = _follow(steps, options, network, photographs, output if leads else None)
    if leads and code == 0 and last.number == earlier:
        print(f"stylekit: {checkpoint} has had all of it already; ask for more steps or minutes", file=sys.stderr)
    if leads and last:
        trained = facts | asdict(schedule) | {"trained steps": last.number, "losses": last.losses}
        texts = {"style": " ".join(options.style), "training": json.dumps(trained), "stylekit": __version__}
        save_transformer(network, output, texts, known)
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
    """Yield the steps; at the first, every so many and the last, write each style and what it paints so far, a row."""
    square = lambda name: images.resize_image(images.load_image(name, 2 * PREVIEW), (PREVIEW, PREVIEW))  # noqa: E731
    styles, photographs = [square(name) for name in options.style], [square(name) for name in PREVIEWED]
    for step in steps:
        if step.number % options.every == 0 or step.number == 1 or step.done >= 1:
            network.eval()
            rows = [
                torch.cat([style, *(transform(painter, photograph).cpu() for photograph in photographs)], dim=-1)
                for style, painter in zip(styles, _painters(network, len(styles)), strict=True)
            ]
            network.train()
            images.save_image(torch.cat(rows, dim=-2), path)
        yield step


def _painters(network, count):
    """Return a network for each of the last styles."""
    styles = network.architecture.styles
    return [network.mixed(row).to(network.last.weight) for row in torch.eye(styles)[-count:]] if styles else [network]


def _names(styles):
    """Return what the styles will be called: the names of the pictures, or of their files."""
    names = [Path(style).stem for style in styles]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two of the styles are called {name}: rename a file, or leave one out")
    return names


def _schedule(options):
    images.check_size(options.size)
    minutes = 60.0 if options.minutes is None else options.minutes
    length = {"seconds": 60 * minutes} if options.steps is None else {"steps": options.steps}
    settings = {name: getattr(options, name) for name in ("batch", "rate", "seed", "precision")}
    return Schedule(crop=options.size if options.crop is None else options.crop, **settings, **length)


def _network(options, names):
    """Return the network to train, new or with another's weights, and the names of its styles; none if it is of one."""
    if options.add is not None:
        given = [f"--{name}" for name in ("width", "norm", "noise", "start") if getattr(options, name) is not None]
        if given:
            raise InputError(f"--add {options.add} goes on with that network as it is: leave out {', '.join(given)}")
        return _grown(options.add, names)
    given = {"width": options.width, "normalisation": options.norm, "noise": options.noise}
    given = {name: value for name, value in given.items() if value is not None}
    architecture = replace(ARCHITECTURES[options.architecture], **given)
    several = names if len(names) > 1 else []
    torch.manual_seed(options.seed)
    if options.start is None:
        return TransformationNetwork(replace(architecture, styles=len(several))), several
    start, known = load_styles(options.start)
    if options.start in known:  # one of those that ship
        start, known = load_transformer(options.start, "cpu"), []
    if options.noise is not None:
        start.architecture = replace(start.architecture, noise=options.noise)
    if replace(start.architecture, styles=0, noise=architecture.noise) != architecture:
        raise InputError(f"--start {options.start} has another architecture: {start.architecture}")
    rows = torch.stack([_row(name, known) for name in names])
    return start.mixed(rows if several else rows[0]), several


def _grown(file, names):
    """Return a trained network with room for more styles, of which only these learn, and all names."""
    network, known = load_styles(file)
    if not known:
        raise InputError(f"--add {file}: expected a network of several styles, as train STYLE STYLE ... makes it")
    for name in set(names) & set(known):
        raise InputError(f"--add {file}: it knows a style {name} already; call the new one by another name")
    network = network.mixed(torch.stack([_row(name, known) for name in (*known, *names)]))
    for part in network.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            part.requires_grad_(False)
    return network, [*known, *names]


def _row(name, known):
    """Return how a style begins, as shares of those known: as itself, or as the mean of all."""
    count = max(1, len(known))
    return torch.eye(count)[known.index(name)] if name in known else torch.full((count,), 1 / count)


def _layers(options):
    """Return the content and the style layers, each with its weight."""
    content, style = LAYERS.get(options.network, (CONTENT_LAYERS, STYLE_LAYERS))
    content = parse_layers(options.content_layers or content, "--content-layers")
    return content, parse_layers(options.style_layers or style, "--style-layers")


def _objectives(options, seen, device):
    """Return the loss of each style, and as plain data what they consist of: no training goes on with another."""
    loss_network = load_network(options.network, device=str(device), precision=options.precision)
    content_layers, style_layers = _layers(options)
    weights = {name: getattr(options, name) for name in ("style_weight", "tv_weight")}
    content_weights = _for_each(options.content_weight, options.style, "--content-weight")
    layers = {"content_layers": content_layers, "style_layers": style_layers}
    sizes, reference = options.style_sizes or [options.size], spread(seen).to(device)
    losses = []
    for style, content_weight in zip(options.style, content_weights, strict=True):
        pictures = [images.load_image(style, size).to(device) for size in sizes]
        weighed = weights | {"content_weight": content_weight}
        losses.append(PerceptualLoss(loss_network, pictures, reference, **layers, **weighed))
    facts = weights | {
        "content weights": content_weights,
        "content layers": content_layers,
        "style layers": style_layers,
        "style sha256": [images.picture_hash(assets.open_picture(style)) for style in options.style],
        "style sizes": sizes,
        "loss network sha256": weights_hash(loss_network),
        "size": options.size,
        "mosaics": options.mosaics,
        "start": options.start and Path(options.start).stem,
        "add": options.add and Path(options.add).stem,
    }
    return losses, facts


def _for_each(values, styles, option):
    """Return a value for each style."""
    if len(values) not in (1, len(styles)):
        raise InputError(f"{option}: expected one number, or one for each of {len(styles)} styles; got {len(values)}")
    return values * len(styles) if len(values) == 1 else values
