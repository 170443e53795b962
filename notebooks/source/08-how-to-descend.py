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

# %% [markdown] slideshow={"slide_type": "slide"}
# # How to descend: why a painting takes so many evaluations
#
# **The question.** The gradient says which way is down. Why does it take hundreds of evaluations to get there, and how
# can we do with fewer?
#
# **What you need to know.** What a [gradient](glossary.md#gradient) is (notebook 02), and the
# [total loss](glossary.md#total-loss) of style transfer (notebook 06; it stands below once more).
#
# **How long it runs.** About 60 seconds on two cores.

# %% slideshow={"slide_type": "skip"}
import math
import time
from collections import deque
from itertools import pairwise

import numpy as np
import torch

from stylekit.checks import check_value
from stylekit.figures import contours, curves, strip, table
from stylekit.images import load_image
from stylekit.networks import load_network
from stylekit.objective import painting_objective
from stylekit.optimise import minimise
from stylekit.transfer import stylise

FALL = ("evaluations", "total loss (logarithmic)", "y")  # what the axes of most curves show
UNKNOWNS = ("first unknown", "second unknown")

# %% slideshow={"slide_type": "skip"}
network = load_network("compact", device="cpu")
p, a = load_image("chelsea", size=112), load_image("waves", size=112)
PAIRS = {name: name.split(" + ") for name in ("chelsea + waves", "chelsea + swirls", "coffee + shapes")}

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The place we are in
#
# The [objective](glossary.md#objective) is the total loss of the [photograph](glossary.md#photograph) $p$, the
# [style picture](glossary.md#style-picture) $a$ and the [painting](glossary.md#painting) $x$. It has as many unknowns
# as $x$ has numbers.
#
# $$L_{total}(p, a, x) = \alpha \, L_{content}(p, x) + \beta \, L_{style}(a, x) \tag{Eq. 7}$$
#
# The package writes it so, in the scale "relative", with a little [total variation](glossary.md#total-variation),
# through the [compact network](glossary.md#compact-network):


# %% slideshow={"slide_type": "skip"}
def objective_for(p, a, network):
    weights = {"content_weight": 0.1, "style_weight": 1.0, "tv_weight": 0.003}
    return painting_objective(network, p, a, **weights)


# %%
objective = objective_for(p, a, network)
print(f"{p.numel()} unknowns, loss at the photograph {objective(p)['total'].item():.3f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# An [evaluation](glossary.md#evaluation) of a place gives the loss $L$ there and the slope
# $g = \partial L / \partial x$, a picture of its own. **Evaluations are what a descent pays with.** Hardly anything
# else takes time (appendix [A4](A4-the-machine.ipynb) measures where it goes). This function evaluates, and records
# the seconds and the losses, so that we can compare methods by either.


# %%
def evaluator(objective):
    """Return a function from x to (loss, gradient), and its record of (seconds, loss)."""
    record, start = [], time.perf_counter()

    def evaluate(x):
        x = x.detach().requires_grad_(True)
        loss = objective(x)["total"]
        (g,) = torch.autograd.grad(loss, x)
        record.append((time.perf_counter() - start, loss.item()))
        return loss.item(), g

    return evaluate, record


# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three ways down
#
# Gradient descent goes against the slope, as far as the [learning rate](glossary.md#learning-rate) $\lambda$ says:
#
# $$x \leftarrow x - \lambda \, g$$


# %%
def gradient_descent(evaluate, x, evaluations, rate):
    for _ in range(evaluations):
        L, g = evaluate(x)
        if not L < 30:
            break  # up and away
        x = x - rate * g
    return x


# %% [markdown] slideshow={"slide_type": "subslide"}
# [Adam](glossary.md#adam) keeps running means, $m$ of the slopes and $v$ of their squares, number by number (Kingma
# and Ba 2015, [arXiv:1412.6980](https://arxiv.org/abs/1412.6980), algorithm 1). It moves each pixel by about $\lambda$,
# whatever the size of its slope. After $k$ evaluations
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1) \, g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2) \, g^2$$
#
# $$x \leftarrow x - \lambda \, \frac{m / (1 - \beta_1^k)}{\sqrt{v / (1 - \beta_2^k)} + 10^{-8}}$$


# %%
def adam(evaluate, x, evaluations, rate, beta_1=0.9, beta_2=0.999):
    m = v = torch.zeros_like(x)
    for k in range(1, evaluations + 1):
        _, g = evaluate(x)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        x = x - rate * (m / (1 - beta_1**k)) / ((v / (1 - beta_2**k)).sqrt() + 1e-8)
    return x


# %% [markdown] slideshow={"slide_type": "skip"}
# Both need a learning rate, and nothing says which. So try three for each, forty evaluations every time, always from
# the photograph.


# %% slideshow={"slide_type": "skip"}
def descend(method, objective, *options):
    """Return the end of a descent of 40 evaluations from the photograph, and its record."""
    evaluate, record = evaluator(objective)
    return method(evaluate, p, 40, *options), record


def losses(record):
    return range(1, len(record) + 1), [loss for _, loss in record]


plain = {rate: descend(gradient_descent, objective, rate) for rate in (1, 60, 300)}
steady = {rate: descend(adam, objective, rate) for rate in (0.001, 0.05, 1)}
of_plain = {f"rate {rate}": losses(record) for rate, (_, record) in plain.items()}
of_steady = {f"rate {rate}": losses(record) for rate, (_, record) in steady.items()}
seen = (
    "Three curves from the same height: rate 1 is nearly flat, rate 60 falls to a fifth, rate 300 shoots up and ends."
)

# %% slideshow={"slide_type": "subslide"}
curves(of_plain, "Gradient descent at three rates", *FALL, alt=seen)


# %% slideshow={"slide_type": "subslide"}
curves(of_steady, "Adam at three rates", *FALL, alt="Rate 0.001 is nearly flat, 0.05 falls to a sixth, 1 leaps up.")


# %% [markdown] slideshow={"slide_type": "subslide"}
# One rate crawls, one works, one is too large. The right $\lambda$ of gradient descent has to do with *this* loss: a
# loss in other units (another [convention](glossary.md#convention), other weights) needs another. Adam's is a distance,
# in units of the colours: about how far a pixel moves at an evaluation. It does not care about the units of the loss.
#
# **The third way, [L-BFGS](glossary.md#l-bfgs), needs no rate.** We take the package's. It keeps every value of $x$ in
# the box $[0, 1]$, as a picture file does. The other two run free, which makes it easier for them; so compare not only
# the loss of $x$, but also its loss *as saved*, with the values outside cut off.

# %%
steps = list(minimise(p, objective, 40))
descents = {"gradient descent": plain[60], "Adam": steady[0.05]}
descents["L-BFGS"] = (steps[-1].image, [(step.seconds, step.losses["total"]) for step in steps])
rows = {}
for name, (x, record) in descents.items():
    seconds, loss = record[-1]
    rows[name] = {"loss": loss, "as saved": objective(x.clamp(0, 1))["total"].item(), "seconds": seconds}
print(table(rows))

# %% slideshow={"slide_type": "skip"}
falls = {name: losses(record) for name, (_, record) in descents.items()}
falls["L-BFGS"] = ([step.evaluations for step in steps], falls["L-BFGS"][1])
ends = {name: row["loss"] for name, row in rows.items()}
seen = (
    "Three falling curves; from the middle on gradient descent lies above the others, with jolts. L-BFGS ends lowest."
)
assert plain[1][1][-1][1] > 2.5 * ends["gradient descent"], "1 crawls"
assert len(plain[300][1]) < 10, "300 diverges"
assert ends["L-BFGS"] < 0.85 * ends["gradient descent"], "L-BFGS gets lower than gradient descent"
assert 1 / 1.25 < ends["L-BFGS"] / ends["Adam"] < 1.25, "and about as low as Adam"

# %% slideshow={"slide_type": "subslide"}
curves(falls, "At the best of three rates; L-BFGS has none", *FALL, alt=seen)


# %% [markdown] slideshow={"slide_type": "skip"}
# L-BFGS comes about as low as Adam at the best of three rates, and nobody had to try three. What it saves, moreover, is
# what it minimised; the pictures of the other two lose a part when the values outside are cut off.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why gradient descent is slow: a valley
#
# Take two unknowns, so that we can draw it: a valley that rises gently along and steeply across. Its
# [curvatures](glossary.md#curvature), how fast the slope grows, are $c = 1$ along and $c = 25$ across.
#
# $$f(x) = \tfrac{1}{2} \left(u^2 + 25 \, v^2\right), \qquad u \text{ along, } v \text{ across}$$


# %% slideshow={"slide_type": "skip"}
def valley(x):
    u, v = torch.tensordot(turn, x, dims=1)
    return {"total": 0.5 * (u**2 + 25 * v**2)}


turn = torch.tensor([[0.866025403784, 0.5], [-0.5, 0.866025403784]], dtype=torch.float64)  # by 30 degrees
begin = turn.T @ torch.tensor([-4.0, 0.8], dtype=torch.float64)  # u = -4, v = 0.8


def path(method, *options, evaluations=25, height=valley, begin=begin):
    """Return all the places that a method evaluates, (evaluations, 2)."""
    places, (evaluate, _) = [], evaluator(height)
    method(lambda x: (places.append(x.detach()), evaluate(x))[1], begin, evaluations, *options)
    return torch.stack(places)


# %% [markdown] slideshow={"slide_type": "subslide"}
# Along each of the two directions the slope is $c$ times the distance. So one move of gradient descent multiplies the
# distance by $1 - \lambda c$, and after $k$ moves
#
# $$u_k = (1 - \lambda)^k \, u_0, \qquad v_k = (1 - 25 \lambda)^k \, v_0$$
#
# Across, it shrinks only if $\lambda < 2 / 25 = 0.08$. **The steep direction dictates the rate, and the gentle one has
# to live with it.**

# %% tags=["nbval-check-output"]
for rate in (0.01, 0.07, 0.081):
    u, v = turn @ path(gradient_descent, rate)[-1]  # after 24 moves
    assert max(abs(u + 4 * (1 - rate) ** 24), abs(v - 0.8 * (1 - 25 * rate) ** 24)) < 1e-9, "as on paper"
    print(f"rate {rate}: u = {u:.3f}, v = {v:.3f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# Too small: stuck on the way along. Too large: it leaps from wall to wall, ever higher. In between: zigzag. It is the
# *ratio* of the curvatures, here 25, that costs moves; for a round bowl, ratio 1, gradient descent with
# $\lambda = 1 / c$ needs one.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## L-BFGS in 25 lines
#
# Newton knew: **divide the slope by the curvature, and in a quadratic valley you land at the bottom.** With $n$
# unknowns the curvature is a matrix of $n \times n$, the Hessian $H$, and the move is $-H^{-1} g$. For our painting
# that would be 25,200 × 25,200 numbers, 2.5 GB in float32. BFGS learns the curvature on the way instead, from pairs:
# the move that was made, and how much the slope changed over it,
#
# $$s_k = x_{k+1} - x_k, \qquad y_k = g_{k+1} - g_k, \qquad \text{so that } H s_k \approx y_k$$
#
# The curvature along $s$ is $s^T y / s^T s$. The L is for *limited memory*: keep only the last few
# [curvature pairs](glossary.md#curvature-pair), the [history](glossary.md#history), and get $-H^{-1} g$ from them with
# dot products of pictures only (Nocedal and Wright 2006, *Numerical Optimization*, algorithm 7.4). What no pair knows
# is taken to be as curved as the newest pair says. And the newest pair is kept exactly: its $y$ is answered by its $s$.


# %% slideshow={"slide_type": "subslide"}
def dot(x, y):
    return (x * y).sum()


def direction(g, pairs):
    q, alphas = -g, []
    for s, y in reversed(pairs):  # the newest first: take out what they know ...
        alphas.append(dot(s, q) / dot(s, y))
        q = q - alphas[-1] * y
    if pairs:
        s, y = pairs[-1]
        q = q * dot(s, y) / dot(y, y)  # ... divide the rest by one curvature, the newest ...
    for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):  # ... and put theirs in
        q = q + (alpha - dot(y, q) / dot(s, y)) * s
    return q


# %% [markdown] slideshow={"slide_type": "skip"}
# And the descent. The first move has no history: it goes against the slope, a pixel by `first` on average. After that a
# move of full length, 1, is tried; with `search`, a simple [line search](glossary.md#line-search) halves it until the
# loss falls by a ten-thousandth of what the slope promises (Nocedal and Wright 2006, section 3.1). A pair that says
# "curved downwards", $s^T y \leq 0$, is not kept. (`clip` does nothing yet; it is for the box, below.)


# %% slideshow={"slide_type": "subslide"}
def lbfgs(evaluate, x, evaluations, history=10, search=True, first=0.01, clip=lambda x: x):
    pairs = deque(maxlen=history)  # a new pair pushes out the oldest
    L, g = evaluate(x)
    d, t = -g, first / g.abs().mean()
    for _ in range(evaluations - 1):
        L_new, g_new = evaluate(there := clip(x + t * d))
        if search and L_new > L + 1e-4 * dot(g, there - x):
            t = t / 2
            continue
        if dot(there - x, g_new - g) > 0:
            pairs.append((there - x, g_new - g))
        x, L, g = there, L_new, g_new
        d, t = direction(g, pairs), 1
    return x


# %% slideshow={"slide_type": "skip"}
paths = {"gradient descent, rate 0.07": path(gradient_descent, 0.07), "Adam, rate 0.5": path(adam, 0.5)}
paths["L-BFGS"] = path(lbfgs, 10, True, 0.5, evaluations=12)
across, up = np.linspace(-4.5, 1.5, 121), np.linspace(-2.5, 1.2, 75)
grid = torch.tensor(np.stack(np.meshgrid(across, up)))  # (2, 75, 121)
levels = [0.1, 0.5, 1.5, 3, 5, 8, 12, 17, 25, 40, 60, 80]
land = (across, up, valley(grid)["total"].numpy(), levels)
drawn = {name: tuple(places.T.tolist()) for name, places in paths.items()}
seen = (
    "Contour lines of a long narrow valley. Gradient descent zigzags between its walls and stops short of the bottom. "
    "Adam swings from side to side in wide curves. L-BFGS turns into the valley and goes straight to the bottom."
)

# %% slideshow={"slide_type": "subslide"}
contours(*land, drawn, "Three paths down one valley", *UNKNOWNS, alt=seen)


# %% [markdown] slideshow={"slide_type": "skip"}
# After two moves L-BFGS has turned into the valley, and its moves grow longer: it has learned how gently the floor
# rises.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Is it the real one?
#
# torch has an L-BFGS too. **Without its line search, with its own first move, it must evaluate exactly the places that
# ours evaluates.** (That move is $1 / \sum |g|$ times the slope.) In [float64](glossary.md#float64), on a function of
# 35 unknowns that is not quadratic, and on the painting itself, made small:


# %% slideshow={"slide_type": "skip"}
def torchs(objective, x, evaluations):
    """Return the places that torch's L-BFGS evaluates."""
    x, places = x.clone().requires_grad_(True), []
    optimiser = torch.optim.LBFGS([x], max_iter=evaluations, max_eval=9999, history_size=10)

    def closure():
        optimiser.zero_grad()
        places.append(x.detach().clone())
        loss = objective(x)["total"]
        loss.backward()
        return loss

    optimiser.step(closure)
    return places


def quartic(x):
    return {"total": (stiff * x**2).sum() + (x**4).sum()}


stiff = torch.logspace(0, 2, 35, dtype=torch.float64)
small_p, small_a = (load_image(name, 56) for name in ("chelsea", "waves"))
exact = objective_for(small_p.double(), small_a.double(), load_network("compact", device="cpu").double())

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
for name, function, x in (("quartic", quartic, torch.ones_like(stiff)), ("painting", exact, small_p.double())):
    ours = path(lbfgs, 10, False, 1 / x.numel(), evaluations=20, height=function, begin=x)
    apart = (ours - torch.stack(torchs(function, x, 20))).abs().max()
    print(f"{name}: largest difference below 1e-10:", bool(apart < 1e-10))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What the line search does
#
# Nothing promises that a move of length 1 goes down. The painting is good-natured:

# %%
heights = [loss for _, loss in descend(lbfgs, objective)[1]]
refused = sum(loss > min(heights[: k + 1]) for k, loss in enumerate(heights))
print(f"{refused} of {len(heights)} evaluations were refused")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The length 1 is nearly always right, because the direction has the curvature in it.** The search costs next to
# nothing. What it insures against shows in a *bent* valley, the classic of Rosenbrock (1960),
#
# $$f(x) = (1 - x_1)^2 + 100 \, (x_2 - x_1^2)^2$$


# %% slideshow={"slide_type": "skip"}
def bent(x):
    return {"total": (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2}


corner, walks = torch.tensor([-1.2, 1.0], dtype=torch.float64), {}
for name, search in (("always the full move", False), ("with line search", True)):
    walks[name] = path(lbfgs, 10, search, 0.1, evaluations=45, height=bent, begin=corner)
    highs = [bent(place)["total"].item() for place in walks[name]]
    print(f"{name}: highest {max(highs):.0e}, at the end {highs[-1]:.0e}")
across, up = np.linspace(-2.2, 1.8, 161), np.linspace(-1, 2.2, 129)
land = (across, up, bent(np.meshgrid(across, up))["total"], [0.5, 2, 6, 20, 60, 150, 300, 600])
drawn = {name: tuple(places.T.tolist()) for name, places in walks.items()}
seen = (
    "Contour lines of a valley bent like a U. With a line search the evaluations follow its floor round the bend and "
    "up to (1, 1). With full moves they leave the picture at the bend, come back, and have not arrived at the end."
)

# %% slideshow={"slide_type": "subslide"}
contours(*land, drawn, "Every evaluation in a bent valley", *UNKNOWNS, alt=seen)


# %% [markdown] slideshow={"slide_type": "skip"}
# A search that also demands a flatter slope (the strong Wolfe conditions, Nocedal and Wright 2006, section 3.1) makes
# $s^T y > 0$ for every pair. torch's does, if you ask for it. The package's asks for a fall only, as ours does, and
# checks each pair before it uses it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What the history does
#
# How many pairs are worth keeping? **One pair already sets the *length* of the step, and on the painting that is most
# of it.** It is another thing where the curvatures stay what they are. Here are the 35 unknowns of above, whose valley
# is steep in some directions and gentle in others, beside the small painting:


# %%
def remembering(objective, x, evaluations, history):
    evaluate, record = evaluator(objective)
    lbfgs(evaluate, x, evaluations, history)
    return min(loss for _, loss in record)


small, rows = objective_for(small_p, small_a, network), {}
for m in (1, 5, 10, 50):
    lowest = {"painting": remembering(small, small_p, 80, m)}
    lowest["35 unknowns"] = remembering(quartic, torch.ones_like(stiff), 40, m)
    rows[f"history {m}"] = lowest | {"pictures kept": 2 * m}
print(table(rows, corner="loss at the end"))

# %% slideshow={"slide_type": "skip"}
assert rows["history 1"]["painting"] < 1.3 * rows["history 50"]["painting"], "one pair is most of it"
assert rows["history 50"]["35 unknowns"] < rows["history 1"]["35 unknowns"] / 50, "more pairs bring the directions"
assert refused < 8, "the full move is nearly always right"

# %% [markdown] slideshow={"slide_type": "skip"}
# More pairs bring the directions, as long as they are true. On a painting the curvature changes with the place, so an
# old pair may no longer be true. The package keeps twenty, that is forty pictures.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How long is the painting's valley?
#
# Ask the last moves of a run for the curvature along each of them, $s^T y / s^T s$. A move has a part in every
# direction, so its curvature is a mean of theirs: **the steepest direction is at least as steep as the steepest move,
# and the gentlest at least as gentle as the gentlest move.** So moves bound the ratio from below only. At one place we
# can come nearer. A direction drawn by chance has a part in all of them, so its curvature is an ordinary one.
# Multiplied by the Hessian again and again, it turns into the steepest one. And $H v$ is a difference of two slopes:
#
# $$H v \approx \frac{g(x + h v) - g(x - h v)}{2 h}$$


# %% slideshow={"slide_type": "subslide"}
def turning(evaluate, x, turns=12, h=0.1):
    """Return the curvatures at x along a random direction, while the Hessian turns it into the steepest one."""
    v, curvatures = torch.randn(x.shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype), []
    for _ in range(turns):
        v = v / v.norm()
        Hv = (evaluate(x + h * v)[1] - evaluate(x - h * v)[1]) / (2 * h)
        curvatures.append(dot(v, Hv).item())
        v = Hv
    return curvatures


# %% slideshow={"slide_type": "subslide"}
evaluate, _ = evaluator(objective)
visited = [(step.image, evaluate(step.image)[1]) for step in steps[-20:-1]]  # the last may only repeat the one before
moves = [(x_new - x, g_new - g) for (x, g), (x_new, g_new) in pairwise(visited)]
along = sorted((dot(s, y) / dot(s, s)).item() for s, y in moves)
ordinary, *_, steep = turning(evaluate, steps[-1].image)
assert 0 < along[0] < along[-1] < steep and steep > 60 * ordinary, "longer than our valley"
print(f"along the last moves: from {along[0]:.4f} to {along[-1]:.4f}, a ratio of {along[-1] / along[0]:.0f}")
print(f"at the end: ordinary {ordinary:.4f}, steepest {steep:.4f}, a ratio of {steep / ordinary:.0f} at least")

# %% [markdown] slideshow={"slide_type": "skip"}
# That is the answer to the question at the top: 25,200 unknowns, in a valley far longer than ours with its ratio of 25.
# It also is why the last bit takes longest. In the notebook that Gatys published with his code, the loss printed after
# 250 evaluations is 433,805, and after 500 it is 368,494: the second half of the time buys 15 %.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Numbers that must not be small
#
# torch's L-BFGS stops when the largest slope is below $10^{-7}$, or when the loss changes by less than $10^{-9}$; and
# it keeps a pair only if $s^T y > 10^{-10}$. **Those are absolute numbers, and a loss in other units has the same
# minimum.** But:


# %% slideshow={"slide_type": "skip"}
def torch_alone(factor, **options):
    x, heights = p.clone().requires_grad_(True), []
    optimiser = torch.optim.LBFGS([x], max_iter=12, **options)

    def closure():
        optimiser.zero_grad()
        loss = factor * objective(x)["total"]
        loss.backward()
        heights.append(loss.item() / factor)
        return loss

    optimiser.step(closure)
    return {
        "evaluations": len(heights),
        "loss": f"{heights[-1]:.3f}",
        "pairs": len(optimiser.state[x].get("old_dirs", [])),
    }


def in_units(unit):
    return lambda x: {"total": unit * objective(x)["total"]}


# %% slideshow={"slide_type": "fragment"}
rows = {"loss x 1": torch_alone(1), "loss x 1e-8": torch_alone(1e-8)}
rows["loss x 1e-8, tolerances 0"] = torch_alone(1e-8, tolerance_grad=0, tolerance_change=0)
assert [row["pairs"] for row in rows.values()] == [11, 0, 0], "it stops, or learns nothing"
print(table(rows, corner="torch's L-BFGS"))

# %% [markdown] slideshow={"slide_type": "skip"}
# One evaluation, and it believes it has arrived: no error, no warning. With tolerances of 0 it goes on, but remembers
# no pair: it is gradient descent with rate 1 on a loss of $10^{-8}$, and stands still. Ours above has no such numbers
# in it, and neither has the package. It divides loss and slope by the mean slope at the first evaluation. And it keeps
# a pair by an *angle*: the cosine between $s$ and $y$ must be above $10^{-6}$.


# %% slideshow={"slide_type": "subslide"}
ends = {unit: [step.losses["total"] / unit for step in minimise(p, in_units(unit), 12)][-1] for unit in (1, 1e-8)}
assert abs(ends[1e-8] / ends[1] - 1) < 0.05, "any unit will do"
print(f"the package after 12 evaluations: {ends[1]:.3f} with loss x 1, {ends[1e-8]:.3f} with loss x 1e-8")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Stay inside the box
#
# A picture file holds values from 0 to 1, and nothing else: the [box](glossary.md#box). Nothing tells our 25 lines so.
# **Where a descent goes out, the file has another picture than the one that was minimised:**

# %% slideshow={"slide_type": "skip"}
p2, a2 = (load_image(name, size=80) for name in PAIRS["chelsea + swirls"])
swirling = objective_for(p2, a2, network)
free = lbfgs(evaluator(swirling)[0], p2, 80)
outside = (free < 0) | (free > 1)
L_free, L_saved = (swirling(x)["total"].item() for x in (free, free.clamp(0, 1)))
white = outside.any(dim=1, keepdim=True).expand_as(p2).float()
cut_off = {"the painting, as saved": free.clamp(0, 1), "white: a value outside the box": white}
seen = "A painting in coarse strokes of blue and yellow; beside it the same frame in black, with some white spots."
print(f"outside: {100 * outside.float().mean():.0f} % of the values; loss {L_free:.3f}, as saved {L_saved:.3f}")

# %% slideshow={"slide_type": "subslide"}
strip(cut_off, "What is cut off when it is saved", 2.6, alt=seen)


# %% [markdown] slideshow={"slide_type": "subslide"}
# Few values, and yet the loss is higher: the style loss is made of squares of responses, and a sharp cut is an edge.
# There are four roads.
#
# (a) Clamp once, at the end. That is what we just did.
#
# (b) Make it cost something to be outside, by one more term:
#
# $$K \cdot \mathrm{mean} \left( x - \mathrm{clamp}(x) \right)^2$$
#
# It takes no evaluation of the network. And its slope is 0 inside, so it does not disturb there.


# %%
def with_walls(objective, K):
    return lambda x: {"total": objective(x)["total"] + K * (x - x.clamp(0, 1)).square().mean()}


# %% [markdown] slideshow={"slide_type": "subslide"}
# (c) Clip $x$ at each move, and make the pairs of the places that were really visited:
#
# $$x_{k+1} = \mathrm{clamp}(x_k + t \, d), \qquad s_k = x_{k+1} - x_k$$
#
# It is called *projected* L-BFGS, and it is no beginner's mistake. Johnson, Alahi and Li (2016, section 4.1) compare
# their network with it: in their baseline the picture is clipped to the range $[0, 255]$ after every iteration of
# L-BFGS. In our 25 lines it is the option `clip`, and `there` is the place really visited. But clipping alone can get
# stuck. Two unknowns, our steep valley, its bottom outside of the box, and Newton's own moves:


# %% slideshow={"slide_type": "skip"}
def newton_in_the_box(hold, moves=3):
    places = [corner]
    for _ in range(moves):
        x, d = places[-1], torch.zeros(2, dtype=torch.float64)
        g = H @ (x - bottom)
        free = ~(hold & ((x <= 0) & (g > 0) | (x >= 1) & (g < 0)))  # not at an edge, or wants to come back
        d[free] = -torch.linalg.solve(H[free][:, free], g[free])
        places.append((x + d).clamp(0, 1))
    return torch.stack(places)


H = turn.T @ torch.diag(torch.tensor([1.0, 25.0], dtype=torch.float64)) @ turn
bottom, corner = (torch.tensor(place, dtype=torch.float64) for place in ([-0.8, 0.3], [0.9, 0.15]))
walks = {"hold, and clip": newton_in_the_box(hold=True), "clip": newton_in_the_box(hold=False)}
depths = {name: float(valley(places[-1] - bottom)["total"]) for name, places in walks.items()}
assert abs(depths["clip"] - 2.24) < 1e-9 and abs(depths["hold, and clip"] - 2.24 * (1 - 108 / 133)) < 1e-9

# %% slideshow={"slide_type": "skip"}
across, up = np.linspace(-1, 1.15, 130), np.linspace(-0.15, 1.15, 80)
surface = valley(torch.tensor(np.stack(np.meshgrid(across, up))) - bottom[:, None, None])["total"].numpy()
box = torch.tensor([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
places = {"the bottom": bottom[None], "the box": box} | walks
drawn = {name: tuple(place.T.tolist()) for name, place in places.items()}
land = (across, up, surface, [0.05, 0.421, 1.2, 2.24, 5, 11])
seen = (
    "Contour lines of a valley that runs up to the right, and the box; the bottom lies to the left of it. Both walks "
    "go to the left edge of the box. The one that clips stays there. The one that holds goes on upwards along the edge."
)

# %% slideshow={"slide_type": "subslide"}
contours(*land, drawn, "A valley whose bottom lies outside of the box", *UNKNOWNS, alt=seen)


# %% [markdown] slideshow={"slide_type": "skip"}
# The clipped move points at the bottom through the wall, for ever. So hold a value that lies at an edge and wants to go
# out, take it out of the slope and out of the pairs, and let the others move among themselves (Bertsekas 1982,
# "Projected Newton methods"; that is his set of free variables, without the margin he adds). So does the package.
#
# Now these roads, 80 evaluations each, the last of them by the package, with the loss of the picture as saved:


# %% slideshow={"slide_type": "skip"}
def walk(p, objective, height, clip=lambda x: x):
    """Return, for 1 to 80 evaluations of a height, the loss as saved of the lowest place so far."""
    (evaluate, _), lowest, found = evaluator(height), math.inf, []

    def noting(x):
        nonlocal lowest
        L, g = evaluate(x)
        found.append(found[-1] if lowest < L else objective(x.clamp(0, 1))["total"].item())
        lowest = min(lowest, L)
        return L, g

    lbfgs(noting, p, 80, clip=clip)
    return range(1, 81), found


# %% slideshow={"slide_type": "skip"}
def roads(p, a):
    objective = objective_for(p, a, network)
    package = [(step.evaluations, step.losses["total"]) for step in minimise(p, objective, 80)]
    return {
        "(a) clamp at the end": walk(p, objective, objective),
        "(b) term, K = 10": walk(p, objective, with_walls(objective, 10)),
        "(c) clip": walk(p, objective, objective, clip=lambda x: x.clamp(0, 1)),
        "(c) hold, and clip": tuple(zip(*package, strict=True)),
    }


seen = "Four falling curves. From the twentieth evaluation on the one that is clamped at the end lies above the others."

# %% slideshow={"slide_type": "subslide"}
tried = {name: roads(*(load_image(n, size=64) for n in names)) for name, names in PAIRS.items()}
rows = {name: {road: f"{found[-1]:.3f}" for road, (_, found) in each.items()} for name, each in tried.items()}
print(table(rows, corner="as saved"))

# %%
ends = [[found[-1] for _, found in each.values()] for each in tried.values()]
dearer = [math.log(clamped / end) for clamped, *knowing in ends for end in knowing]
assert sum(dearer) / len(dearer) > math.log(1.03), "it costs something"
print(f"to clamp at the end costs {100 * math.expm1(sum(dearer) / len(dearer)):.0f} % on average")

# %% slideshow={"slide_type": "subslide"}
curves(tried["chelsea + waves"], "The loss as saved: chelsea + waves", *FALL, alt=seen)


# %% [markdown] slideshow={"slide_type": "subslide"}
# Whoever clamps at the end saves a higher loss than those who know the box, on one painting by a fifth, on another by a
# twentieth; and those end near each other. Few values lie at the edge: to hold them is an insurance against getting
# stuck.
#
# (d) Clamp inside the closure, each time the objective is evaluated: that is another thing, for the optimiser is not
# told. Take the steep wall, $c = 25$. L-BFGS asks for a move of $s = 1$, and the clamp lets through a tenth of it. The
# slope changes by $y = 25 \cdot 0.1$, and the pair is a lie:
#
# $$\frac{s^T y}{s^T s} = 2.5 \qquad \text{instead of } 25$$
#
# Ten times too flat, so the next move is ten times too long. Exhibit 7 of the bug museum
# ([A2](A2-bug-museum.ipynb)) shows how that ends. With $s = 0.1$, the move really made, the pair says 25: that is all
# the difference between (c) and (d).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Coarse to fine
#
# A picture of half the width and height has a quarter of the pixels, and its evaluation costs about a quarter. And far
# is near there: a form that is to move by 40 pixels has only 20 to go. **So paint small first, enlarge, and go on:
# [coarse to fine](glossary.md#coarse-to-fine).** Sixty evaluations at full size against 80 small ones and 40 at full
# size, $80 / 4 + 40 = 60$ (`stylise` gives the finest size half of its steps), from
# [white noise](glossary.md#white-noise), with another style picture:

# %% slideshow={"slide_type": "skip"}
big_p, big_a = load_image("chelsea", size=160), load_image("swirls", size=160)
options = {"content_weight": 0.1, "init": "noise"}
straight = list(stylise(big_p, big_a, network, sizes=[160], steps=60, **options))
both = list(stylise(big_p, big_a, network, sizes=[80, 160], steps=80, **options))
spent = max(step.evaluations for step in both if step.scale == 0)  # on the small picture
fine = [step for step in both if step.scale == 1]
counts = [step.evaluations for step in straight], [spent / 4 + step.evaluations - spent for step in fine]
names = ("full size only", "full size, after the small one")
falling = ([step.losses["total"] for step in run] for run in (straight, fine))
seen = "Two falling curves. The one that began small appears later, falls steeply, crosses the other and ends below it."
late = dict(zip(names, zip(counts, falling, strict=True), strict=True))
assert fine[-1].losses["total"] < 0.99 * straight[-1].losses["total"], "small first gets lower"

# %% slideshow={"slide_type": "subslide"}
curves(late, "The loss at full size", "work, in evaluations at full size", *FALL[1:], alt=seen)


# %% [markdown] slideshow={"slide_type": "skip"}
# The gain is largest where far is farthest: from noise, and in large pictures. From the photograph, whose large forms
# are there already, it is next to nothing at this size; try `init="content"`. The package starts to halve at 256
# pixels.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - The steepest direction dictates the step of gradient descent, the gentlest its patience; their ratio costs
#   evaluations.
# - L-BFGS reads the curvature from its last moves. It needs no learning rate, and here gets as far as Adam at the best
#   of three rates.
# - Absolute tolerances and a clamp in the closure both make it fail, the one silently, the other with a bang.
# - A picture lies in the box $[0, 1]$: descend inside it, and what is minimised is what is saved.
# - Coarse to fine gets further for the same work.
# - Nearly all the time goes into evaluations. Where it goes there, and whether fewer digits would do, is told in
#   appendix [A4](A4-the-machine.ipynb).

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - Newton's method with Hessian-vector products and conjugate gradients: exact curvature, two evaluations for each
#   product.
# - Preconditioning: descend in another basis, such as a pyramid or the Fourier transform of $x$, in which the valley is
#   rounder.
# - Learning to jump: a network that is trained to reach the bottom in one step ([notebook 10](10-feed-forward.ipynb)).
#
# ## Exercises
#
# ### 1. One step of L-BFGS on paper
#
# Let $f(u, v) = \frac{1}{2} (u^2 + 2 v^2)$. Start at $x_0 = (2, 1)$ and make one move of gradient descent with
# $\lambda = 1/2$. It gives one pair $(s, y)$. Work out the direction $d$ at $x_1$ by the two loops, with this pair, and
# $x_2 = x_1 + d$. What is $f$ at $x_0$, $x_1$, $x_2$, and where would a second move of gradient descent have come?

# %% [markdown] slideshow={"slide_type": "skip"}
# <!-- ### BEGIN SOLUTION -->
# $g_0 = (u, 2v) = (2, 2)$, so $x_1 = (2, 1) - (1, 1) = (1, 0)$ and $g_1 = (1, 0)$. The pair is $s = (-1, -1)$,
# $y = (-1, -2)$, with $s^T y = 3$ and $y^T y = 5$.
#
# First loop: $q = -g_1 = (-1, 0)$, $\alpha = s^T q / s^T y = 1/3$, $q = (-1, 0) - \frac{1}{3} (-1, -2) = (-2/3, 2/3)$.
# Middle: times $3/5$, $q = (-2/5, 2/5)$. Second loop: $y^T q / s^T y = (2/5 - 4/5) / 3 = -2/15$, and
# $q = (-2/5, 2/5) + (1/3 + 2/15) (-1, -1) = (-13/15, -1/15) = d$.
#
# $x_2 = (2/15, -1/15)$, and $f = 3, 1/2, 1/75$. Gradient descent comes to $(1/2, 0)$ with $f = 1/8$.
# <!-- ### END SOLUTION -->

# %% slideshow={"slide_type": "skip"}
my_f0, my_f1, my_f2 = ..., ..., ...  # the three values of f
### BEGIN SOLUTION
my_f0, my_f1, my_f2 = 3, 1 / 2, 1 / 75
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
bowl, record = evaluator(lambda x: {"total": 0.5 * (x[0] ** 2 + 2 * x[1] ** 2)})
lbfgs(bowl, torch.tensor([2.0, 1.0], dtype=torch.float64), 3, first=1.0)  # mean slope 2: lambda is 1/2
for answer, (_, truth) in zip((my_f0, my_f1, my_f2), record, strict=True):
    print(check_value(answer, round(truth, 6)))

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 2. Momentum
#
# A ball that rolls keeps some of its speed: with a velocity $w$, at first 0, repeat $w \leftarrow 0.8 \, w + g$,
# $x \leftarrow x - \lambda w$. Make 25 such moves in the `valley` from `begin` with $\lambda$ = 0.05, and set `my_end`
# to the place where you arrive. (`evaluate, _ = evaluator(valley)` gives you slopes.) Is it nearer to the bottom than
# gradient descent?

# %% slideshow={"slide_type": "skip"}
my_end = ...
### BEGIN SOLUTION
evaluate, _ = evaluator(valley)
my_end, w = begin, torch.zeros(2, dtype=torch.float64)
for _ in range(25):
    w = 0.8 * w + evaluate(my_end)[1]
    my_end = my_end - 0.05 * w
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
ball = begin.clone().requires_grad_(True)
rolling = torch.optim.SGD([ball], lr=0.05, momentum=0.8)
for _ in range(25):
    rolling.zero_grad()
    valley(ball)["total"].backward()
    rolling.step()
print("nearer than gradient descent:", bool(ball.detach().norm() < path(gradient_descent, 0.07)[-1].norm()))
check_value(my_end if my_end is ... else list(map(float, my_end)), [round(z, 6) for z in ball.tolist()])

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 3. How many moves?
#
# In a valley with curvatures $1$ and $c$ the best rate for gradient descent is $\lambda = 2 / (1 + c)$: then both
# directions shrink by the same factor at each move. How many moves divide the distance to the bottom by 1000 for
# $c = 25$, and how many for $c = 100$? Predict; the cell after yours counts.

# %% slideshow={"slide_type": "skip"}
my_moves_25, my_moves_100 = ..., ...
### BEGIN SOLUTION
# |1 - 2 / (1 + c)| = (c - 1) / (c + 1) for both: the smallest k with ((c - 1) / (c + 1))^k <= 1 / 1000
my_moves_25, my_moves_100 = (math.ceil(math.log(1000) / math.log((c + 1) / (c - 1))) for c in (25, 100))
### END SOLUTION


# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
def count_moves(c):
    x, bend, moves = torch.ones(2, dtype=torch.float64), torch.tensor([1.0, c], dtype=torch.float64), 0
    while x.norm() > math.sqrt(2) / 1000:
        x, moves = x - 2 / (1 + c) * bend * x, moves + 1
    return moves


for answer, c in ((my_moves_25, 25), (my_moves_100, 100)):
    print(check_value(answer, count_moves(c)))

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 4. How long with VGG-19?
#
# At $256 \times 256$ pixels one evaluation with the paper's network takes 99.2 GFLOP (appendix
# [A4](A4-the-machine.ipynb) counts them); the work of each layer grows with its number of positions. How many GFLOP
# does an evaluation take at $512 \times 512$, and how many minutes do 500 of them take on a machine that does 100
# GFLOP per second in such work? Round both to whole numbers.

# %% slideshow={"slide_type": "skip"}
my_gflop, my_minutes = ..., ...
### BEGIN SOLUTION
my_gflop = round(4 * 99.2)  # four times as many pixels
my_minutes = round(500 * 4 * 99.2 / 100 / 60)
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
for answer, truth in ((my_gflop, round(4 * 99.2)), (my_minutes, round(500 * 4 * 99.2 / 100 / 60))):
    print(check_value(answer, truth))
