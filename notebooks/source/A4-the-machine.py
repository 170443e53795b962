# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The machine: what an evaluation costs
#
# **The question.** A descent is paid for in [evaluations](glossary.md#evaluation). Where does the time of one of them
# go, how near is it to what the machine can do, and would fewer digits do?
#
# **What you need to know.** How a painting descends ([notebook 08](08-how-to-descend.ipynb)).
#
# **How long it runs.** About 15 seconds on two cores.

# %%
import time
from collections import Counter
from functools import partial
from timeit import repeat

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from stylekit.figures import bars, table
from stylekit.images import load_image
from stylekit.networks import COMPACT, VGG19, LossNetwork, load_network
from stylekit.objective import painting_objective
from stylekit.optimise import minimise, two_loop_recursion


# %%
def objective_for(network, size, dtype=torch.float32):
    p, a = (load_image(name, size).to(dtype) for name in ("chelsea", "waves"))
    return p, painting_objective(network, p, a, content_weight=0.1, style_weight=1.0, tv_weight=0.003)


# %%
def slope(objective, x):
    """Return the gradient at x: with the loss on the way there, this is an evaluation."""
    x = x.detach().requires_grad_(True)
    return torch.autograd.grad(objective(x)["total"], x)[0]


# %%
network = load_network("compact", device="cpu")
p, objective = objective_for(network, 112)
print(f"a picture of {p.shape[3]} x {p.shape[2]} pixels, {p.numel()} unknowns")

# %% [markdown]
# ## Where the time goes
#
# torch calls a few hundred operations in an evaluation, of a few dozen kinds. This clock, switched on around a block,
# adds up the seconds inside each kind.


# %%
class Clock(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.seconds, self.calls = Counter(), Counter()

    def __torch_dispatch__(self, operation, types, arguments=(), options=None):
        start = time.perf_counter()
        result = operation(*arguments, **(options or {}))
        name = operation.overloadpacket.__name__
        self.seconds[name] += time.perf_counter() - start
        self.calls[name] += 1
        return result


# %% [markdown]
# But the clock takes time itself, a little at each call. So we divide by the sum of what it saw inside the operations,
# not by the time that passed. Evaluations with the clock and without it take turns, and of each we keep the fastest, in
# which the machine was least disturbed.


# %%
def fastest(do, times=10):
    return min(repeat(do, number=1, repeat=times))


def clocked(do):
    with Clock() as clock:
        clock.whole = fastest(do, times=1)
    return clock


def measured(do, times=15):
    """Return the seconds of something without the clock, and the clock of it."""
    plain, clocks = zip(*((fastest(do, times=1), clocked(do)) for _ in range(times)), strict=True)
    return min(plain), min(clocks, key=lambda clock: clock.whole)


# %%
rows = {}
for size in (256, 112):
    p, objective = objective_for(network, size)
    evaluation, clock = measured(partial(slope, objective, p))
    inside = clock.seconds.total()
    convolutions = clock.seconds["convolution"] + clock.seconds["convolution_backward"]
    times = {"without the clock": evaluation, "with it": clock.whole, "inside operations": inside}
    rows[f"{size} pixels"] = {name: f"{1e3 * seconds:.0f} ms" for name, seconds in times.items()}
    rows[f"{size} pixels"] |= {"convolutions": f"{100 * convolutions / inside:.0f} %", "calls": clock.calls.total()}
print(table(rows, corner="one evaluation"))

# %% [markdown]
# **The clock measures itself: whoever divides by the time with it finds too little in the convolutions.** (These are
# milliseconds of the machine that made this notebook.) Here are the parts at 112 pixels, and one move of
# [L-BFGS](glossary.md#l-bfgs), the two loops with twenty pairs:

# %%
g = slope(objective, p)
pairs = [(torch.rand_like(p), torch.rand_like(p), 1.0) for _ in range(20)]
kinds = {
    "convolutions": ("convolution", "convolution_backward"),
    "padding": ("replication_pad2d", "replication_pad2d_backward"),
    "ReLU and pooling": ("relu", "threshold_backward", "avg_pool2d", "avg_pool2d_backward"),
    "Gram matrices": ("bmm", "mm"),
}
parts = {kind: sum(clock.seconds[name] for name in names) for kind, names in kinds.items()}
parts["all the rest"] = inside - sum(parts.values())
parts["L-BFGS"] = fastest(lambda: two_loop_recursion(g, pairs))
shares = {name: round(100 * part / sum(parts.values())) for name, part in parts.items()}
in_words = ", ".join(f"{name} {share}" for name, share in shares.items())

# %%
bars(shares, "One evaluation and one move of L-BFGS", "per cent of the time", alt=f"Bars, in per cent: {in_words}")

# %%
assert max(shares, key=shares.get) == "convolutions" and shares["L-BFGS"] < shares["convolutions"] / 2

# %% [markdown]
# So time is the number of evaluations times the price of one, and most of that price is convolutions: about two thirds
# or more.

# %% [markdown]
# ## How near the machine's limit?
#
# Count the multiplications and additions ([FLOP](glossary.md#flop)). A $3 \times 3$ convolution from $N'$ to $N$
# channels at $M$ positions takes $2 \cdot 9 \, N' N M$ FLOP, once forwards and once more backwards to the pixels. A
# [Gram matrix](glossary.md#gram-matrix) takes $2 N^2 M$, and its derivative $(D + D^T) \, F$, with
# $D = \partial L / \partial G$, as many again.


# %%
def flops(spec, height, width, deepest=5):
    """Return the FLOP of one evaluation up to conv5_1: those of the convolutions, and those of the Gram matrices."""
    convolutions, grams, incoming = 0, 0, 3
    for block, (depth, N) in enumerate(zip(spec.blocks, spec.widths, strict=True), start=1):
        M = (height // 2 ** (block - 1)) * (width // 2 ** (block - 1))  # each pooling halves both sides
        for _ in range(depth if block < deepest else 1):
            convolutions += 2 * (2 * 9 * incoming * N * M)
            incoming = N
        grams += 2 * (2 * N * N * M)
    return convolutions, grams


# %%
with FlopCounterMode(display=False) as counter:
    slope(objective, p)
convolutions, grams = flops(COMPACT, height=p.shape[2], width=p.shape[3])
counted = {kind.__name__: flop for kind, flop in counter.get_flop_counts()["Global"].items()}
assert convolutions == counted["convolution"] + counted["convolution_backward"], "not one more, not one less"
print(f"{convolutions / 1e9:.3f} GFLOP in convolutions, as torch counts them, and {grams / 1e9:.3f} in Gram matrices")

# %% [markdown]
# **And what can this machine do at best?** Multiplying two large matrices is what it is built for.

# %%
A, B = torch.rand(512, 512), torch.rand(512, 512)
speeds = {
    "product of two large matrices": 2 * 512**3 / fastest(lambda: A @ B, times=100),
    "convolutions alone": convolutions / parts["convolutions"],
    "whole evaluation": (convolutions + grams) / evaluation,
}
speeds = {name: {"GFLOP per second": round(speed / 1e9)} for name, speed in speeds.items()}
print(table(speeds, corner="on the machine that made this notebook"))

# %% [markdown]
# The quotient of the first and the last is all that better programming can win here. The large factors are elsewhere:
# a smaller network, smaller pictures first, and a method that needs fewer evaluations. The paper's network, for
# example:

# %% tags=["nbval-check-output"]
sizes = {"compact, 256 pixels": (COMPACT, 256), "VGG-19, 256 pixels": (VGG19, 256), "VGG-19, 512 pixels": (VGG19, 512)}
work = {name: sum(flops(spec, size, size)) / 1e9 for name, (spec, size) in sizes.items()}
print(table({name: {"GFLOP of one evaluation": f"{gflop:.1f}"} for name, gflop in work.items()}))

# %% [markdown]
# ## How many digits?
#
# float32 has about 7 digits, and [bfloat16](glossary.md#bfloat16) between 2 and 3. On processors made for bfloat16 it
# is about twice as fast, on others many times slower. Is the slope that it gives still the slope? Compare directions,
# by the cosine of the angle between two gradients, with [float64](glossary.md#float64) as the truth: at the photograph,
# at [white noise](glossary.md#white-noise), and at the end of a descent. The convolutions of this network compute in
# bfloat16; its responses come back in float32, for the losses:


# %%
class Rough(LossNetwork):
    def features(self, image, layers):
        with torch.autocast("cpu", torch.bfloat16):
            return {layer: response.float() for layer, response in super().features(image, layers).items()}


# %%
rough = Rough(COMPACT.blocks, COMPACT.widths, COMPACT.padding).requires_grad_(False)
rough.load_state_dict(network.state_dict())
precise = load_network("compact", device="cpu").double()
of_rough, of_precise = objective_for(rough, 112)[1], objective_for(precise, 112, torch.float64)[1]

# %%
*_, last = minimise(p, objective, 40)
noise = torch.rand(p.shape, generator=torch.Generator().manual_seed(0))
cosines = {}
for name, x in {"photograph": p, "noise": noise, "painting": last.image}.items():
    true = slope(of_precise, x.double()).flatten()
    others = (slope(of_one, x).flatten().double() for of_one in (objective, of_rough))
    cosines[name] = [torch.cosine_similarity(true, other, dim=0).item() for other in others]

# %%
rows = {name: {"float32": f"{fine:.6f}", "bfloat16": f"{rough:.3f}"} for name, (fine, rough) in cosines.items()}
print(table(rows, corner="cosine"))
print(f"an evaluation in bfloat16 takes {fastest(lambda: slope(of_rough, p), 2) / evaluation:.1f} times as long here")

# %%
assert min(fine for fine, _ in cosines.values()) > 0.99999, "float32 will do"
assert cosines["painting"][1] < cosines["photograph"][1] < 0.9999, "bfloat16 is worst where the slope is small"

# %% [markdown]
# float32 is as good as exact. **bfloat16 is good on the steep part, and worse at the end.** There the slope is a small
# remainder of large numbers that cancel, and the rounding does not get smaller with it. L-BFGS lives on *differences*
# of slopes. So: bfloat16 at the beginning, if the machine is fast at it; and check the last stretch before you trust
# it.

# %% [markdown]
# ## What we learned
#
# - Most of an evaluation is convolutions; L-BFGS itself costs little.
# - A clock measures itself too: divide by what it saw, not by the time that passed.
# - FLOP can be counted on paper, and say how much faster the machine could be at best.
# - float32 is exact enough, bfloat16 not everywhere.
#
# ## Roads not taken
#
# - *torch.compile*, which fuses small operations into fewer larger ones.
# - *Other orders of the numbers in memory* (channels last): the same FLOP, sometimes faster.
# - *A graphics card*: more FLOP per second, and other shares.
#
# ## Exercises
#
# 1. Where does the time go at 56 pixels, and where at 224? Predict first: which shares depend on the number of pixels?
# 2. Stop at `relu4_1` instead of `relu5_1`. By `flops`, how much work is saved with the compact network, and how much
#    with VGG-19?
# 3. Start a descent in bfloat16 and end it in float32. After how many evaluations is the loss the same as in float32
#    throughout?
