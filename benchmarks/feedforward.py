"""What one pass is worth: `python benchmarks/feedforward.py --photos TAR|FOLDER` writes benchmarks/FEEDFORWARD.md.

Four sections, each of every style that the network knows:

* `curves`: after how many evaluations a descent from noise is as low as one pass (Johnson 2016, Fig. 5);
* `distances`: how near one pass comes to the style, beside `stylise` with as much of the photograph kept, by VGG-16;
* `speed`: photographs a second, beside a bare chain of the same convolutions, ONNX Runtime and OpenVINO;
* `film`: how much a film flickers, and frames a second, without and with the blending along its motion.

A section is stored row by row under data/results/feedforward, and the report is made of what is stored: sections can be
measured one at a time, and one that was broken off says how far it came. What the photographs are for: those held out
when the network was trained are painted, and the others give the units of its objective.
"""

import argparse
import importlib
import io
import math
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import partial
from itertools import islice, product
from pathlib import Path
from statistics import mean, median
from textwrap import fill

import torch
from peers import time_evaluations
from report import processor, quotient, table, verdict
from torch import Tensor, nn
from torch.nn import functional

from stylekit.assets import data_folder
from stylekit.errors import StylekitError
from stylekit.export import painting_onnx
from stylekit.feedforward import PerceptualLoss, flicker, load_styles, load_transformer, paint_frames, transformers
from stylekit.feedforward.motion import BLEND
from stylekit.files import check_folder
from stylekit.images import fit, load_image
from stylekit.networks import load_network, weights_hash
from stylekit.objective import CONTENT_WEIGHT, STYLE_LAYERS, Objective, by_kind, content_terms, painting_objective
from stylekit.optimise import Step, minimise
from stylekit.paper.johnson import keep, lowest_so_far, measured, meeting_point, objective_of, split_of
from stylekit.transfer import STEPS, stylise
from stylekit.video import Frame, open_film

SECTIONS = ("curves", "distances", "speed", "film")
PICTURES = ("rainier", "tubingen", "astronaut")  # a landscape, buildings and a portrait, for what is above 256 px
MEMORY = 100  # pairs that the descent of the paper remembers, as PyTorch's and Torch's L-BFGS do
AT_MOST = 1.3  # of the style distance of `stylise`, that of one pass, in the mean over the styles
NEAR = 0.02  # of a content distance: two that differ by less count as equal
FACTOR = 4  # between two content weights, until one run is nearer to the photograph than the pass and one further off
SPEED_SIZES = (256, 128)
STEP, NOISE = 2, 0.02  # of the film: pixels that it moves on in a frame, deviation of its noise


# Fig. 5: the descent and the pass.


def projected(image: Tensor, objective: Callable, steps: int) -> Iterator[Step]:
    """Yield a Step for each evaluation of the descent that the paper compares with: projected L-BFGS.

    PyTorch's L-BFGS without a line search, its picture cut to [0, 1] after every iteration, one evaluation each. It
    remembers the moves that the cut has left, and where that is none it begins again with an empty memory. The loss is
    divided by its mean gradient at the start, because that L-BFGS knows absolute tolerances.
    """
    x, unit = image.clone().clamp_(0, 1).requires_grad_(True), None

    def evaluate():
        nonlocal unit, losses
        losses = objective(x)
        (gradient,) = torch.autograd.grad(losses["total"], x)
        unit = unit or gradient.abs().mean().item() or 1.0
        x.grad = (gradient / unit).contiguous()
        return losses["total"].detach() / unit

    optimiser, losses = _fresh(x), {}
    for number in range(1, steps + 1):
        before = x.detach().clone()
        optimiser.step(evaluate)
        with torch.no_grad():
            x.clamp_(0, 1)
        yield Step(before, {name: value.item() for name, value in losses.items()}, number, 0.0)
        if torch.equal(x, before):
            optimiser = _fresh(x)
        else:
            optimiser.state[x] |= {"d": (x.detach() - before).flatten(), "t": 1.0}


def _fresh(x):
    return torch.optim.LBFGS([x], max_iter=1, history_size=MEMORY, tolerance_grad=0, tolerance_change=0)


DESCENTS = {"projected": projected, "kit": minimise}


def objective_at(loss: PerceptualLoss, photograph: Tensor) -> Callable[[Tensor], dict[str, Tensor]]:
    """Return the objective of one photograph, (1, 3, H, W): what it is compared with is computed once."""
    content = content_terms(loss.network, photograph, loss.content_layers, loss.content_weight, power=loss.power)
    objective = Objective(loss.network, [*content, *loss.fixed])
    return lambda x: {name: value.sum() for name, value in objective(x).items()}


def until(descent: Iterator[Step], value: float, steps: int) -> dict:
    """Return after how many evaluations a descent is at a value or below, None if not in so many, and how low it was.

    It is not followed any further.
    """
    curve = lowest_so_far(_down_to(descent, value), steps)
    return {"meets": meeting_point(curve, value), "lowest": curve[-1]}


def _down_to(descent, value):
    for step in descent:
        yield step
        if step.losses["total"] <= value:
            return


def meet(painter: nn.Module, loss: PerceptualLoss, photograph: Tensor, steps: int) -> dict:
    """Return the objective of the one pass, as it is saved, and where each descent from noise meets it."""
    objective = objective_at(loss, photograph)
    with torch.no_grad():
        value = objective(painter(photograph).clamp(0, 1))["total"].item()
    noise = torch.rand(photograph.shape, generator=torch.Generator().manual_seed(0))
    return {"one pass": value} | {
        name: until(descend(noise, objective, steps), value, steps) for name, descend in DESCENTS.items()
    }


def curves(options, painters: dict) -> Iterator[dict]:
    """Yield for each size, style and photograph where the descents meet the pass.

    At the size that the network was trained at: of photographs held out then. At others: of the options' pictures in
    turn, and above 512 px of some of the styles only, because an evaluation there takes seconds.
    """
    losses = {style: objective_of(style, options.photos, options.network) for style in painters}
    for size in options.sizes:
        chosen = evenly(list(painters), options.styles_above_512) if size > 512 else list(painters)
        for number, style in enumerate(chosen):
            loss, held_out = losses[style]
            for name, photograph in photographs_of(options, held_out, size, number):
                found = meet(painters[style], loss, photograph, options.evaluations)
                yield {"style": style, "size": size, "picture": name} | found


def count_curves(options, painters):
    """Return how many rows `curves` will yield."""
    few = len(evenly(list(painters), options.styles_above_512))
    held_out = held_out_of(options, painters)
    rows = lambda size: min(options.photographs, len(held_out)) if size == held_out.size else 1  # noqa: E731
    return sum(rows(size) * (few if size > 512 else len(painters)) for size in options.sizes)


def held_out_of(options, painters):
    """Return the photographs that the network was not trained with."""
    return split_of(options.network or next(iter(painters)), options.photos)[1]


def photographs_of(options, held_out: Sequence[Tensor], size: int, number: int) -> Iterator[tuple[str, Tensor]]:
    """Yield the name and the picture of what a style is tried on at a size; `number` is that of the style."""
    if size == held_out.size:
        for place in evenly(range(len(held_out)), options.photographs):
            yield f"held out {place + 1}", held_out[place][None]
    else:
        name = options.pictures[number % len(options.pictures)]
        yield name, load_image(name, size)


def evenly(items: Sequence, count: int) -> list:
    """Return so many of the items, or all, at equal distances."""
    count = min(count, len(items))
    return [items[(2 * number + 1) * len(items) // (2 * count)] for number in range(count)]


# Style distance at equal content distance, by another network.


@dataclass(frozen=True)
class Distances:
    """How far a painting is from the photograph and from the style: C and the mean S_l of the scale "relative"."""

    content: float
    style: float


def judge_of(network: nn.Module, photograph: Tensor, style: Tensor, layer: str) -> Callable[[Tensor], Distances]:
    """Return what a network says of paintings of this photograph in this style; the content is that of one layer."""
    options = {"content_layers": [layer], "style_layers": STYLE_LAYERS, "content_weight": 1.0, "tv_weight": 0.0}
    objective = painting_objective(network, photograph, style, **options)

    def judge(painting):
        with torch.no_grad():
            kinds = by_kind(objective.terms.values(), objective(painting.clamp(0, 1)))
        return Distances(kinds["content"].item(), kinds["style"].item())

    return judge


def at_equal_content(
    paint: Callable[[float], Distances], content: float, start: float, trials: int
) -> tuple[float | None, float]:
    """Return the style distance of a painting at a content distance, and the content weight that comes nearest.

    Tries one weight after the other: FACTOR times as much or as little until two enclose the content distance, then
    between them. The style distance is interpolated between the nearest on both sides, in logarithms; None where no
    trial is near and none lies on the other side.
    """
    weight, found = start, {}
    for _ in range(trials):
        found[weight] = paint(weight)
        if abs(found[weight].content / content - 1) < NEAR:
            break
        weight = next_weight(found, content)
    off = lambda w: abs(math.log(found[w].content / content))  # noqa: E731
    nearest = min(found, key=off)
    between = interpolated(list(found.values()), content)
    near = found[nearest].style if off(nearest) < NEAR else None
    return near if between is None else between, nearest


def next_weight(found: dict[float, Distances], content: float) -> float:
    """Return the content weight to try next: more of it keeps more of the photograph."""
    too_far = [weight for weight, distances in found.items() if distances.content > content]
    too_near = [weight for weight, distances in found.items() if distances.content <= content]
    if not too_near:
        return FACTOR * max(too_far)
    if not too_far:
        return min(too_near) / FACTOR
    low = min(too_far, key=lambda weight: found[weight].content)
    high = max(too_near, key=lambda weight: found[weight].content)
    share = _share(found[low].content, found[high].content, content)
    return low * (high / low) ** min(0.9, max(0.1, share))  # never where it has been


def interpolated(found: Sequence[Distances], content: float) -> float | None:
    """Return the style distance at a content distance, between the nearest on both sides; None without one there."""
    below = max((each for each in found if each.content <= content), key=lambda each: each.content, default=None)
    above = min((each for each in found if each.content >= content), key=lambda each: each.content, default=None)
    if below is None or above is None:
        return None
    return below.style * (above.style / below.style) ** _share(below.content, above.content, content)


def _share(first, last, value):
    """Return how much of the way from the first number to the last a value is, in logarithms."""
    return math.log(value / first) / math.log(last / first) if first != last else 0.0


def distances(options, painters: dict) -> Iterator[dict]:
    """Yield for each style and photograph the style distance of one pass, and that of `stylise` as near to it."""
    judge_network, compact = load_network(options.judge, device="cpu"), load_network("compact", device="cpu")
    held_out = held_out_of(options, painters)
    for style, painter in painters.items():
        weight, size = CONTENT_WEIGHT, held_out.size
        for place in evenly(range(len(held_out)), options.judged):
            p, a = held_out[place][None], load_image(style, size)
            judge = judge_of(judge_network, p, a, options.content_layer)
            with torch.no_grad():
                ours = judge(painter(p))
            paint = partial(paint_and_judge, judge, p, a, compact, options)
            theirs, weight = at_equal_content(paint, ours.content, weight, options.trials)
            row = {"style": style, "photograph": place + 1, "content": ours.content, "one pass": ours.style}
            yield row | {"stylise": theirs, "content weight": weight, "ratio": quotient(ours.style, theirs)}


def paint_and_judge(judge, photograph, style, network, options, weight) -> Distances:
    """Return the distances of what `stylise` makes with a content weight, in STEPS evaluations at full size."""
    settings = {"content_weight": weight, "content_layers": [options.content_layer], "steps": options.steps}
    *_, last = stylise(photograph, style, network, sizes=[max(photograph.shape[-2:])], **settings)
    return judge(last.image)


# Speed.


def bare_chain(network: nn.Module, image: Tensor) -> Callable[[], Tensor]:
    """Return what runs the convolutions of a network and nothing else, on the sizes that they have for an image.

    One after the other, padded by zeros, enlarged by nearest neighbours where the network enlarges.
    """
    layers = []
    note = lambda layer, given, result: layers.append((layer, result.shape[-2:]))  # noqa: E731
    hooks = [m.register_forward_hook(note) for m in network.modules() if isinstance(m, nn.Conv2d)]
    with torch.no_grad():
        network(image)
    for hook in hooks:
        hook.remove()

    @torch.no_grad()
    def run():
        y = image
        for layer, sides in layers:
            needed = [side * stride for side, stride in zip(sides, layer.stride, strict=True)]
            y = y if list(y.shape[-2:]) == needed else functional.interpolate(y, size=needed)
            y = functional.conv2d(y, layer.weight, layer.bias, layer.stride, layer.kernel_size[0] // 2)
        return y

    return run


def contestants(network: nn.Module, size: int, threads: int) -> dict[str, Callable | None]:
    """Return what paints or computes one photograph, by name; None for what is not installed."""
    image = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    image = image.contiguous(memory_format=torch.channels_last)
    functions = {"one pass": torch.no_grad()(lambda: network(image).clamp(0, 1))}
    functions["bare chain"] = bare_chain(network, image)
    array = image.contiguous().numpy()
    for name, (package, build) in ENGINES.items():
        there = all(map(installed, (package, "onnx")))
        functions[name] = build(painting_onnx(network, "benchmark"), array, threads) if there else None
    return functions


def onnx_runtime(content, array, threads):
    runtime = importlib.import_module("onnxruntime")
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")  # or it slows the others in their turn
    session = runtime.InferenceSession(content, settings, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"photograph": array})[0]


def openvino(content, array, threads):
    core = importlib.import_module("openvino").Core()
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    model = core.read_model(io.BytesIO(content))
    model.reshape({0: list(array.shape)})
    compiled = core.compile_model(model, "CPU", settings)
    return lambda: compiled(array)[0]


ENGINES = {"ONNX Runtime": ("onnxruntime", onnx_runtime), "OpenVINO": ("openvino", openvino)}


def installed(package: str) -> bool:
    try:
        importlib.import_module(package)
    except ImportError:
        return False
    return True


def speed(options, painters: dict) -> Iterator[dict]:
    """Yield for each size the seconds of each contestant, the median of rounds in which each has its turn."""
    network = next(iter(painters.values()))  # what a style is makes no difference to the time
    for size in options.speed_sizes:
        functions = contestants(network, size, options.threads)
        there = {name: function for name, function in functions.items() if function}
        seconds = time_evaluations(there, torch.device("cpu"))
        yield {"size": size, "seconds": {name: seconds.get(name) for name in functions}}


# Films.


def pan(count: int, size: int, picture: str = "coffee") -> list[Frame]:
    """Return frames of a window of `size` pixels that moves to the right over a picture, with noise in each."""
    wide = load_image(picture, 2 * size + STEP * count)
    generator, frames = torch.Generator().manual_seed(0), []
    side = min(size, wide.shape[-2])
    for number in range(count):
        window = wide[..., :side, number * STEP : number * STEP + size]
        image = (window + NOISE * torch.randn(window.shape, generator=generator)).clamp(0, 1)
        frames.append(Frame(image, Fraction(number, 25), Fraction(1, 25)))
    return frames


def frames_of(options) -> list[Frame]:
    """Return the frames of the options' film, or of one that is made here."""
    if options.film is None:
        return pan(options.frames, options.film_size)
    frames = list(islice(open_film(options.film).frames(), options.frames))
    size = fit(*frames[0].image.shape[-2:], options.film_size)
    return list(paint_frames(frames, lambda image, corner: image, size, blend=0.0))


def film_row(painter: nn.Module, frames: Sequence[Frame], blend: float = BLEND) -> dict:
    """Return the flicker of a film, of its paintings one by one and of those blended, and frames a second of each."""
    images = [frame.image for frame in frames]
    paint = torch.no_grad()(lambda image, corner=(0, 0): painter(image, corner).clamp(0, 1))
    size = tuple(images[0].shape[-2:])
    paint(images[0])  # once without the clock
    passes, _ = timed(lambda: [paint(image) for image in images])
    alone_seconds, alone = timed(lambda: [frame.image for frame in paint_frames(frames, paint, size, blend=0.0)])
    steady_seconds, steady = timed(lambda: [frame.image for frame in paint_frames(frames, paint, size, blend)])
    seconds = {"pass": passes, "alone": alone_seconds, "blended": steady_seconds}
    shown = {"film": images, "alone": alone, "blended": steady}
    return {
        "flicker": {name: flicker(images, outputs) for name, outputs in shown.items()},
        "frames a second": {name: len(frames) / each for name, each in seconds.items()},
    }


def timed(function):
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def film(options, painters: dict) -> Iterator[dict]:
    """Yield what each style makes of the film."""
    frames = frames_of(options)
    for style, painter in painters.items():
        yield {"style": style, "frames": len(frames), "pixels": list(frames[0].image.shape[-2:])} | film_row(
            painter, frames
        )


# The report, which knows only what is stored.

HEAD = """# What one pass is worth

Made with `python benchmarks/feedforward.py --photos TAR|FOLDER`, from the numbers in `data/results/feedforward`. One
pass is that of the kit's feed-forward networks, its picture cut to 0..1 as it is saved.
"""
WORDS = {
    "curves": """## Where the descent meets one pass

Evaluations of the objective, with its gradient, until a descent from white noise is as low as one pass: the objective
that the network was trained to lower, by the compact network (Johnson 2016, Fig. 5). `projected` is the paper's
baseline, L-BFGS with the pixels cut to 0..1 after every iteration (PyTorch's, memory of {memory}, no line search);
`kit` is the descent of `stylise`, which holds values at the edge of that box while the loss would push them out, and
takes no step that does not lower it. Median, and in brackets the fewest and the most; `>` where a descent was not there
after {evaluations}. At {trained} px on photographs held out from the training, at other sizes on {pictures}.
""",
    "distances": """## How near one pass comes to the style

By {judge} (`data/README.md` says where a network learned from it too): the style distance (S_l of the scale
"relative", mean over relu1_1 to relu5_1) of one
pass and of {steps} evaluations of `stylise` at full size, from the photograph, with the compact network. Both at equal
content distance at {layer}: the content weight of `stylise`, which looks at that layer, is tried until its painting is
as far from the photograph as the pass, and the style distance interpolated between the nearest trials. Photographs held
out from the training; the style picture at their size.
""",
    "speed": """## Speed

Photographs a second, one at a time, float32, {threads} threads; median of rounds in which each has its turn. The bare
chain is what cannot be avoided: the same convolutions on the same sizes, without borders, normalisation, rectifiers and
sums.
""",
    "film": """## Films

{film}. Flicker is the mean difference between a frame and the one before, moved along the film's own motion, where both
show the same (`flicker`); of the film itself it is noise and the error of the motion. `alone` is each frame painted for
itself, `blended` with {blend} of the frame before, moved along the motion. The pass is the network alone; `alone` and
`blended` are films in and out, without reading and writing them.
""",
}


def report(folder: Path) -> str:
    """Return the whole text, of the sections that are stored."""
    parts = [HEAD]
    for name in SECTIONS:
        if not (folder / name / "results.json").exists():
            continue
        found = measured(name, folder)
        title, text = WORDS[name].format(**found["words"]).split("\n\n")
        parts += [f"{title}\n", f"{fill(text, 120)}\n", machine_of(found), TABLES[name](found)]
    return "\n".join(parts)


def machine_of(found: dict) -> str:
    facts = found["facts"]
    text = f"Measured {facts['date']} in {facts['seconds']:.0f} s: {facts['machine']}. "
    text = fill(f"{text}Network {facts['weights sha256'][:12]}.", 120) + "\n"
    if "left out" in found:
        return f"{text}\n**Not measured**: {found['left out']}\n"
    if len(found["rows"]) < found["planned"]:
        text += f"\n**Broken off** after {len(found['rows'])} of {found['planned']} measurements.\n"
    return text


def curves_table(found: dict) -> str:
    rows, cells = found["rows"], {}
    columns = list(dict.fromkeys((row["size"], name) for row in rows for name in DESCENTS))
    for style in [*dict.fromkeys(row["style"] for row in rows), None]:
        own = [row for row in rows if style in (row["style"], None)]
        cells[style or "all styles"] = [
            spread_of([row[name]["meets"] for row in own if row["size"] == size], found["evaluations"])
            for size, name in columns
        ]
    return table(["evaluations", *(f"{size} px, {name}" for size, name in columns)], cells)


def spread_of(meets: Sequence[int | None], most: int) -> str:
    """Return "median (fewest..most)" of numbers of evaluations, with > for a descent that does not get there."""
    if not meets:
        return ""
    known = sorted(most + 1 if number is None else number for number in meets)
    words = lambda number: f"> {most}" if number > most else f"{number:g}"  # noqa: E731
    return f"{words(median(known))} ({words(known[0])}..{words(known[-1])})" if len(known) > 1 else words(known[0])


def distances_table(found: dict) -> str:
    cells = {}
    for style in dict.fromkeys(row["style"] for row in found["rows"]):
        own = [row for row in found["rows"] if row["style"] == style]
        cells[style] = [mean_of(own, name) for name in ("content", "one pass", "stylise", "ratio")]
    ratios = style_ratios(found["rows"])
    text = verdict(mean(ratios.values()) if ratios else None, AT_MOST)
    lines = table(["style", "content distance", "one pass", "`stylise`", "ratio"], cells)
    without = sum(row["ratio"] is None for row in found["rows"])
    apart = f" For {without} of {len(found['rows'])} no trial came to its content distance." if without else ""
    return f"{lines}\nOne pass / `stylise`, mean over styles: at most {AT_MOST}: {text}.{apart}\n"


def style_ratios(rows: Sequence[dict]) -> dict[str, float]:
    """Return the mean ratio of each style that has one."""
    ratios = {}
    for row in rows:
        ratios.setdefault(row["style"], []).append(row["ratio"])
    ratios = {style: [ratio for ratio in found if ratio is not None] for style, found in ratios.items()}
    return {style: mean(found) for style, found in ratios.items() if found}


def mean_of(rows, name):
    values = [row[name] for row in rows if row[name] is not None]
    return f"{mean(values):.3g}" if values else "none"


def speed_table(found: dict) -> str:
    cells = {}
    for name in found["rows"][0]["seconds"] if found["rows"] else ():
        cells[name] = []
        for row in found["rows"]:
            seconds, chain = row["seconds"][name], row["seconds"]["bare chain"]
            cells[name] += [f"{1 / seconds:.1f}", f"{chain / seconds:.2f}"] if seconds else ["not installed", ""]
    heads = [[f"{row['size']} px", "by the chain's"] for row in found["rows"]]
    return table(["photographs a second", *(head for pair in heads for head in pair)], cells)


def film_table(found: dict) -> str:
    cells = {}
    for row in found["rows"]:
        shaken, speed = row["flicker"], row["frames a second"]
        values = [f"{shaken[name]:.4f}" for name in ("film", "alone", "blended")]
        values += [f"{shaken['blended'] / shaken['alone']:.2f}" if shaken["alone"] else ""]
        cells[row["style"]] = values + [f"{speed[name]:.1f}" for name in ("pass", "alone", "blended")]
    heads = ["flicker: film", "alone", "blended", "blended / alone"]
    return table(["style", *heads, "frames a second: pass", "alone", "blended"], cells)


TABLES = {"curves": curves_table, "distances": distances_table, "speed": speed_table, "film": film_table}


# The run.


def words_of(options, painters, section):
    """Return what the sentences of a section say of how it was measured."""
    if section == "curves":
        facts = {"memory": MEMORY, "evaluations": options.evaluations, "pictures": ", ".join(options.pictures)}
        return facts | {"trained": held_out_of(options, painters).size}
    if section == "distances":
        judge = {"vgg16": "VGG-16"}.get(options.judge, str(options.judge))
        return {"judge": judge, "steps": options.steps, "layer": options.content_layer}
    if section == "speed":
        return {"threads": options.threads}
    made = f"A window of {options.film_size} px that moves {STEP} px a frame over `coffee`, noise of {NOISE} in each"
    what = made if options.film is None else f"`{options.film.name}` at {options.film_size} px"
    return {"film": f"{what}; {options.frames} frames at most", "blend": BLEND}


def planned_of(options, painters, section):
    """Return how many rows a whole section has."""
    if section == "curves":
        return count_curves(options, painters)
    if section == "distances":
        return min(options.judged, len(held_out_of(options, painters))) * len(painters)
    return len(options.speed_sizes) if section == "speed" else len(painters)


def missing_for(options, section) -> str | None:
    """Return why a section cannot be measured here, None where it can."""
    if section == "distances" and options.judge == "vgg16" and "STYLEKIT_VGG16" not in os.environ:
        return "STYLEKIT_VGG16 names no file of VGG-16's weights, and none is downloaded for a benchmark."
    return None


def measure(options, painters: dict, section: str, folder: Path) -> None:
    """Measure a section and keep it after each row."""
    start = time.perf_counter()
    found = {"words": words_of(options, painters, section), "rows": [], "evaluations": options.evaluations}
    found |= {"planned": planned_of(options, painters, section), "facts": facts(options, painters)}
    reason = missing_for(options, section)
    if reason:
        found["left out"] = reason
        print(f"{section}: not measured: {reason}", flush=True)
    for row in () if reason else MEASURES[section](options, painters):
        found["rows"].append(row)
        found["facts"]["seconds"] = time.perf_counter() - start
        keep(section, found, folder)
        place = f"{section} {len(found['rows'])}/{found['planned']}, {found['facts']['seconds']:.0f} s"
        print(f"{place}: {brief(row)}", flush=True)
    keep(section, found, folder)


MEASURES = {"curves": curves, "distances": distances, "speed": speed, "film": film}


def brief(row: dict) -> str:
    """Return a row in one line."""
    short = lambda value: f"{value:.3g}" if isinstance(value, float) else value  # noqa: E731
    flat = {}
    for name, value in row.items():
        inner = value if isinstance(value, dict) else {"": value}
        flat |= {f"{name} {key}".strip(): short(each) for key, each in inner.items()}
    return ", ".join(f"{name} {value}" for name, value in flat.items())


def facts(options, painters: dict) -> dict:
    """Return what is measured and on what machine."""
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    machine = f"{processor()}, {torch.get_num_threads()} threads; {platform.system()} {platform.machine()}, {versions}"
    weights = weights_hash(load_styles(options.network or next(iter(painters)))[0])
    return {"date": str(date.today()), "machine": machine, "weights sha256": weights, "seconds": 0.0}


def painters_of(options) -> dict[str, nn.Module]:
    """Return the network of each style: of the file that was given, or of those that ship."""
    known = load_styles(options.network)[1] if options.network else list(transformers())
    return {style: load_transformer(style, "cpu", options.network) for style in options.styles or known}


def parser_of() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = partial(parser.add_argument, type=positive)
    count = {"metavar": "N"}
    parser.add_argument("--photos", type=Path, metavar="TAR|FOLDER", help="what the network was trained with")
    parser.add_argument("--sections", nargs="*", choices=SECTIONS, default=SECTIONS, help="none: only the report")
    parser.add_argument("--styles", nargs="+", help="(default: all that the network knows)")
    parser.add_argument("--network", type=Path, metavar="FILE", help="of several styles, in place of what ships")
    add("--sizes", nargs="+", default=[256, 512, 1024], help="of the curves, pixels (default 256 512 1024)")
    parser.add_argument("--pictures", nargs="+", default=PICTURES, help="at other sizes than that of the training")
    add("--photographs", default=3, **count, help="held out, for each style's curves (default %(default)s)")
    add("--styles-above-512", default=3, **count, help="of the curves (default %(default)s)")
    add("--evaluations", default=100, **count, help="of a descent at most (default %(default)s)")
    add("--judged", default=2, **count, help="photographs for each style's distances (default %(default)s)")
    add("--steps", default=STEPS, **count, help="evaluations of stylise (default %(default)s)")
    add("--trials", default=4, **count, help="content weights tried for each at most (default %(default)s)")
    layers = ("relu3_3", "relu4_2")
    parser.add_argument("--content-layer", choices=layers, default=layers[0], help="(default %(default)s)")
    parser.add_argument("--judge", default="vgg16", help="a network or a file of weights (default %(default)s)")
    add("--speed-sizes", nargs="+", default=SPEED_SIZES, help="pixels (default 256 128)")
    parser.add_argument("--film", type=Path, help="a film of your own; without it one is made")
    add("--frames", default=12, **count, help="of the film (default %(default)s)")
    add("--film-size", default=256, **count, help="pixels of its longer side (default %(default)s)")
    add("--threads", default=2, **count, help="(default %(default)s)")
    here = Path(__file__).parent / "FEEDFORWARD.md"
    parser.add_argument("-o", "--output", type=Path, default=here, help="the report (default: beside this file)")
    parser.add_argument("--results", type=Path, help="the folder of the numbers (default data/results/feedforward)")
    return parser


def positive(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"expected a whole number, 1 or more, got {text!r}")
    return int(text)


def check(parser, options) -> None:
    """Leave with a sentence where the options do not go together, before anything is measured."""
    needs = [name for name in ("curves", "distances") if name in options.sections]
    if needs and options.photos is None:
        parser.error(f"{' and '.join(needs)} need --photos, the photographs that the network was trained with")
    if "film" in options.sections and options.frames < 2:
        parser.error("flicker is measured between frames: give --frames 2 or more")
    smallest = min([*options.sizes, *options.speed_sizes, options.film_size])
    if smallest < 32:
        parser.error(f"a size is 32 pixels or more, got {smallest}")


def rehearse(options, painters: dict) -> None:
    """Open all that will be needed: what is missing is said now, not after half an hour."""
    if {"curves", "distances"} & set(options.sections):
        held_out = held_out_of(options, painters)
        others = set(options.sizes) - {held_out.size} if "curves" in options.sections else ()
        for size, name in product(others, options.pictures):
            load_image(name, size)
    if "distances" in options.sections and not missing_for(options, "distances"):
        load_network(options.judge, device="cpu")
    if "film" in options.sections:
        frames_of(options)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = parser_of()
    options = parser.parse_args(arguments)
    check(parser, options)
    torch.set_num_threads(options.threads)
    folder = options.results or data_folder() / "results" / "feedforward"
    try:
        check_folder(options.output.parent)
        painters = painters_of(options)
        rehearse(options, painters)
        for section in options.sections:
            measure(options, painters, section, folder)
            options.output.write_text(report(folder), encoding="utf-8")
    except StylekitError as error:
        parser.error(str(error))
    options.output.write_text(report(folder), encoding="utf-8")
    print(options.output)


if __name__ == "__main__":
    main()
