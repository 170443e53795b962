"""The kit beside other programs: `python benchmarks/peers.py [-o benchmarks/RESULTS.md]`.

One run measures, on all cores (or on the GPU, if there is one), one contestant after the other:

* the time of one evaluation of the objective with its gradient, on VGG-19's layers up to relu5_1 with seeded random
  weights, in float32 and in bfloat16;
* the loss after equal evaluations on the trained compact network, and how long each takes to come down to the loss
  where 200 evaluations of the plain loop's L-BFGS end, the kit also coarse to fine; from the photograph and from noise.

Every loss is that of the picture as it would be saved, its values in [0, 1].

The contestants are no part of the kit. Install them beside it; what they need, the kit has brought along:
`pip install --no-deps neural-style==0.5.7 pystiche==1.0.1`. One that is not installed is left out, and said so.
"""

import argparse
import itertools
import time
from pathlib import Path
from statistics import median

import torch
from contestants import DEEPEST, KIT, PLAIN, UNFROZEN, WEIGHTS, Task, installed_peers, kit
from report import CHAIN, ONE_SIZE, Result, report
from stylise import bare_chain

from stylekit.images import load_image, resize_image
from stylekit.networks import VGG19, load_network
from stylekit.optimise import minimise
from stylekit.transfer import COARSEST, COARSEST_FROM_NOISE, STEPS, Stage, coarse_to_fine, steps_at, stylise

CONTENT, STYLE = "waves", "swirls"
STARTS = ("content", "noise")
SIZES = (256, 512)
ROUNDS = 9  # evaluations of each contestant, after one for warming up
BUDGET = 60  # seconds for one size and precision: what does not fit is evaluated less often, or left out
EVALUATIONS = 200  # of plain L-BFGS
EVERY = 10  # evaluations between two pictures that are judged
PRECISIONS = ("float32", "bfloat16")


def pictures(size, device):
    return load_image(CONTENT, size).to(device), load_image(STYLE, size).to(device)


def random_vgg19(device, precision="float32"):
    """Return VGG-19's layers up to relu5_1 with seeded random weights: how long they take depends on none of them."""
    torch.manual_seed(0)
    network = VGG19.build()
    for name in [name for name in network.convolutions if name > DEEPEST]:
        del network.convolutions[name]
    for convolution in network.convolutions.values():
        torch.nn.init.kaiming_normal_(convolution.weight)
    network.convolutions.to(getattr(torch, precision))
    return network.requires_grad_(False).to(device).to(memory_format=torch.channels_last)


def evaluations(size, precision, device):
    """Return {contestant: a function that evaluates once}, the kit and the bare chain first.

    The others know float32 only: in bfloat16 they run under torch's autocast.
    """
    content, style = pictures(size, device)
    network = random_vgg19(device, precision)
    functions = {KIT: kit(Task(network, content, style, content)).evaluate}
    functions[CHAIN] = lambda: bare_chain(network, content)
    plain = Task(random_vgg19(device), content, style, content)
    for name, build in installed_peers().items():
        functions[name] = autocast(build(plain).evaluate, device, precision)
    return functions


def autocast(evaluate, device, precision):
    def run():
        with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            evaluate()

    return run


def now(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def time_evaluations(functions, device):
    """Return {contestant: median seconds}: rounds in which each has its turn, as many as `BUDGET` allows."""
    times, begin, spent = {name: [] for name in functions}, now(device), 0
    for _ in range(1 + ROUNDS):
        for name, function in functions.items():
            start = now(device)
            if start - begin + spent < BUDGET:  # another that takes as long would still fit
                function()
                spent = now(device) - start
                times[name].append(spent)
    return {name: median(found[1:] or found) for name, found in times.items() if found}


def time_all(sizes, device):
    """Return {precision: {size: {contestant: seconds}}}; a size that would take `BUDGET` for the kit alone is empty."""
    found = {precision: {} for precision in PRECISIONS}
    for precision, columns in found.items():
        last, expected = sizes[0], 0
        for size in sizes:
            fits = expected * (size / last) ** 2 < BUDGET
            columns[size] = time_evaluations(evaluations(size, precision, device), device) if fits else {}
            last, expected = size, columns[size].get(KIT, BUDGET)
    return found


class Finished(Exception):
    """The evaluations of a contestant are used up."""


def descend(build, task):
    """Let a contestant run its own optimiser; return its marks: (evaluations, seconds, picture)."""
    device, marks = task.content.device, []
    start, count = now(device), 0
    problem = build(task)

    def evaluate():
        nonlocal count
        if count == EVALUATIONS:
            raise Finished
        count += 1
        loss = problem.evaluate()
        if count % EVERY == 0:
            marks.append((count, now(device) - start, problem.picture(problem.x.detach().clone())))
        return loss

    try:
        while True:
            problem.optimiser.step(evaluate)
    except Finished:
        return marks


def paint(task, init):
    """Let the kit paint as `stylise` does, with its steps at the coarse sizes and `EVALUATIONS` at full size.

    Returns its marks at full size and how many of them `stylise` itself comes to.
    """
    device, marks, full = task.content.device, [], task.content.shape[-2:]
    start = now(device)
    sizes = coarse_to_fine(max(full), COARSEST_FROM_NOISE if init == "noise" else COARSEST)
    painting = stylise(task.content, task.style, task.network, sizes=sizes, init=init, **WEIGHTS)
    *_, last = itertools.takewhile(lambda step: step.scale < len(sizes) - 1, painting)
    before = Stage(task.objective, resize_image(task.start, sizes[-2]))
    finest = Stage(Task(task.network, task.content, task.style, task.start).objective, task.start, init != "noise")
    for step in minimise(finest.start_from(last.image, before), finest.objective, EVALUATIONS):
        if not marks or step.evaluations >= marks[-1][0] - last.evaluations + EVERY:
            marks.append((last.evaluations + step.evaluations, now(device) - start, step.image))
    default = last.evaluations + steps_at(sizes)[-1]
    return marks, sum(count <= default for count, _, _ in marks)


def paint_at_one_size(task):
    """Let the kit's minimiser paint at full size only, with `EVALUATIONS`, as the others do."""
    device, marks = task.content.device, []
    start = now(device)
    for step in minimise(task.start, task.objective, EVALUATIONS):
        if step.done == 1 or not marks or step.evaluations >= marks[-1][0] + EVERY:
            marks.append((step.evaluations, now(device) - start, step.image))
    return marks


def race(size, init, device):
    """Return {contestant: Result}; the loss to reach is that where the plain loop ends."""
    content, style = pictures(size, device)
    noise = torch.rand(content.shape, generator=torch.Generator().manual_seed(0)).to(device)
    start = {"content": content, "noise": noise}[init]
    task = Task(load_network("compact", device=device.type), content, style, start)
    task.factor  # noqa: B018  computed before the clocks start
    marks = {name: descend(build, task) for name, build in installed_peers().items() if name != UNFROZEN}
    ours, default = paint(task, init)
    marks |= {ONE_SIZE: paint_at_one_size(task), f"{KIT}, default": ours[:default]}
    marks |= {f"{KIT}, {EVALUATIONS} at full size": ours}
    goal = task.judge(marks[PLAIN][-1][-1])
    return {name: result(task, found, goal) for name, found in marks.items()}


def result(task, marks, goal):
    """Judge the marks of a contestant, every one by the same function, in float32, from its picture as saved."""
    there = next(((count, seconds) for count, seconds, image in marks if task.judge(image) <= goal), None)
    _, seconds, image = marks[-1]
    return Result(there, seconds, task.judge(image))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, help="write the tables as Markdown, too")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="pixels of the longer side")
    options = parser.parse_args()
    if min(options.sizes) < 2 * COARSEST:
        parser.error(f"a size is {2 * COARSEST} pixels or more: below that the kit does not paint coarse to fine")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    start = time.perf_counter()
    times = time_all(options.sizes, device)
    races = {(size, init): race(size, init, device) for size in options.sizes for init in STARTS}
    facts = {"count": EVALUATIONS, "every": EVERY, "default": STEPS}
    text = report(times, races, device, time.perf_counter() - start, **facts)
    print(text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
