"""The report of `peers.py` as Markdown: what was measured, on what machine, and whether the targets are reached."""

import os
import platform
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch
from contestants import KIT, PEERS, PLAIN, version_of

CHAIN = "bare convolution chain"
ONE_SIZE = f"{KIT}, full size only"
FROM = {"content": "from the photograph", "noise": "from noise"}
RACE_COLUMNS = ("seconds to the loss", "seconds in all", "loss at the end")
HEAD = """# The kit beside other programs

Measured in one run with `python benchmarks/peers.py -o benchmarks/RESULTS.md`, the contestants one after the other.

{machine}

The photograph is `waves`, the style `swirls`, both 4:3; a size is the longer side. Every contestant has the same
weights, average pooling, content from relu4_2, style from relu1_1, relu2_1, relu3_1, relu4_1 and relu5_1, and one
objective, written in its own terms. `plain loop` is the PyTorch tutorial's, with these layers.
`pystiche` as shipped also computes gradients of the weights, which nobody uses; `frozen` is told not to.
"""
EVALUATION = """## One evaluation

Seconds for the objective and its gradient, median of interleaved rounds: VGG-19's layers up to relu5_1 with random
weights. The bare convolution chain is what cannot be avoided: convolutions, rectifiers and pooling, forward and back to
the pixels. In bfloat16 the kit runs its own `precision="bfloat16"`; the others know float32 only, and run under torch's
autocast.
{low}
"""
RACE = """## Loss after equal evaluations, time to equal loss

The compact network with its trained weights and replicate padding, in float32. Every loss is that of the picture as it
is saved, its colours cut to 0..1. The loss to reach is that where {count} evaluations of the plain loop's L-BFGS at
full size end. Each contestant has its own optimiser and settings; pystiche is frozen, which changes its time and
nothing else. The kit descends once at full size only, with as many evaluations as the others, and once coarse to fine,
with its {default} steps a size, half of them at full size, and going on to {count} there. Seconds run from the
pictures in memory to the first picture at or below that loss; every {every} evaluations one is judged, all by one
function in float32. In brackets: the evaluations, at all sizes together.
"""
SLOW = """
**On this processor bfloat16 is slower than float32**: its instructions for it are missing, or slow. It is of no use
there. What may be missing in these columns was left out for the time it takes."""


@dataclass
class Result:
    """What came of a descent: (evaluations, seconds) to the loss asked for, or None; in all; the loss at the end."""

    there: tuple[int, float] | None
    seconds: float
    loss: float


def machine(device, seconds):
    """Return what the numbers were measured on."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    packages = ", ".join(f"{name} {version_of(name)}" for name in dict.fromkeys(name.split(",")[0] for name in PEERS))
    packages = packages.replace(f"{PLAIN} None, ", "").replace("None", "not installed")
    return (
        f"{date.today()}: {name}, {torch.get_num_threads()} threads; {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, torch {torch.__version__}; {packages}. The run took {seconds:.0f} s."
    )


def processor():
    """Return the processor's name and the widest vectors that torch uses on it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor()
    return f"{name}, {os.cpu_count()} cores, {torch.backends.cpu.get_cpu_capability()}"


def table(head, rows):
    """Return lines of Markdown."""
    cells = [head, ["---"] + ["--:"] * (len(head) - 1), *([name, *row] for name, row in rows.items())]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells) + "\n"


def report(times, races, device, seconds, **facts):
    """Return the whole text; `facts` are the numbers in its sentences."""
    sizes = list(dict.fromkeys(size for size, _ in races))
    columns = [(precision, size) for precision in times for size in sizes]
    low = times["bfloat16"][sizes[0]].get(KIT, 0) > times["float32"][sizes[0]][KIT]
    heads = {(size, init): f"{size} px, {FROM[init]}" for size, init in races}
    parts = [
        HEAD.format(machine=machine(device, seconds)),
        table(["target", *(f"{size} px" for size in sizes)], time_targets(times, sizes)),
        table(["target", *heads.values()], race_targets(races)),
        EVALUATION.format(low=SLOW if low else ""),
        table(["seconds", *(f"{p}, {size} px" for p, size in columns)], evaluation_rows(times, columns)),
        RACE.format(**facts),
        *(table([heads[key], *RACE_COLUMNS], race_rows(found)) for key, found in races.items()),
    ]
    return "\n".join(parts)


def time_targets(times, sizes):
    """Return {target of one evaluation: one cell for each size}."""
    rows = {}
    for precision, most in (("float32", 0.95), ("bfloat16", 0.6)):
        words = f"one evaluation in {precision} / the best peer's in float32: at most {most}"
        rows[words] = [verdict(quotient(times[precision][size].get(KIT), best(times, size)), most) for size in sizes]
    for precision, found in times.items():
        words = f"speed in {precision} / the bare chain's: at least 0.7"
        rows[words] = [verdict(quotient(found[s].get(CHAIN), found[s].get(KIT)), least=0.7) for s in sizes]
    return rows


def race_targets(races):
    """Return {target of a descent: one cell for each size and start}."""
    never, lowest = "never there, **not reached**", lambda found: min(found[n].loss for n in found if n in PEERS)
    after = {key: quotient(found[ONE_SIZE].loss, lowest(found)) for key, found in races.items()}
    words = "time to equal loss / the best peer's: at most 0.5 from the photograph, 0.3 from noise, asked at 512 px"
    most = {"content": 0.5, "noise": 0.3}
    return {
        "loss after equal evaluations / the best peer's: at most 1": [verdict(value, 1.0) for value in after.values()],
        words: [verdict(ahead(found), most[init], missing=never) for (_, init), found in races.items()],
    }


def best(times, size):
    """Return the time of the fastest peer in float32, in which all of them are made to run."""
    return min(seconds for name, seconds in times["float32"][size].items() if name in PEERS)


def ahead(results):
    """Return the kit's time to the loss over that of the first peer, None where the kit does not get there."""
    there = {name: result.there[1] for name, result in results.items() if result.there}
    kit = min((seconds for name, seconds in there.items() if name.startswith(KIT)), default=None)
    return quotient(kit, min(seconds for name, seconds in there.items() if name in PEERS))


def quotient(a, b):
    return a / b if a and b else None


def verdict(value, most=float("inf"), least=0.0, missing="not measured"):
    """Return the value and whether it lies where it should."""
    if value is None:
        return missing
    return f"{value:.2f}, {'reached' if least <= value <= most else '**not reached**'}"


def evaluation_rows(times, columns):
    found = [times[precision][size] for precision, size in columns]
    return {name: [f"{c[name]:.3f}" if name in c else "" for c in found] for name in (*PEERS, KIT, CHAIN)}


def race_rows(results):
    rows = {}
    for name, result in results.items():
        there = f"{result.there[1]:.1f} ({result.there[0]})" if result.there else "never"
        rows[name] = [there, f"{result.seconds:.1f}", f"{result.loss:.5f}"]
    return rows
