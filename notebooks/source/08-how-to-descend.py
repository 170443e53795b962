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
# # How to descend: why a painting takes so many looks
#
# **The question.** We know which way is down: the gradient says so. Why does it take hundreds of looks at the painting
# to get there, and how can we do with fewer?
#
# **What you need to know.** What a [gradient](glossary.md#gradient) is (notebook 02), and the
# [total loss](glossary.md#total-loss) of style transfer (notebook 06; it stands below once more).
#
# **How long it runs.** About 60 seconds on two cores.

# %% slideshow={"slide_type": "skip"}
import inspect
import math
import time
from collections import defaultdict, deque
from timeit import timeit
from unittest.mock import patch

import numpy as np
import torch

from stylekit import optimise
from stylekit.checks import check_value
from stylekit.figures import bars, contours, curves, strip, table
from stylekit.images import load_image
from stylekit.networks import COMPACT, VGG19, LossNetwork, load_network
from stylekit.objective import painting_objective
from stylekit.optimise import minimise
from stylekit.transfer import stylise

# %% slideshow={"slide_type": "skip"}
network = load_network("compact", device="cpu")
p, a = load_image("chelsea", size=112), load_image("waves", size=112)
PAIRS = {name: name.split(" + ") for name in ("chelsea + waves", "chelsea + swirls", "coffee + shapes")}

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The place we are in
#
# **The [objective](glossary.md#objective) is the total loss of the [photograph](glossary.md#photograph) $p$, the
# [style picture](glossary.md#style-picture) $a$ and the [painting](glossary.md#painting) $x$,**
#
# $$L_{total}(p, a, x) = \alpha \, L_{content}(p, x) + \beta \, L_{style}(a, x) \tag{Eq. 7}$$
#
# and **it has as many unknowns as $x$ has numbers**. The package writes it so, in the scale "relative", with a little
# [total variation](glossary.md#total-variation), through the [compact network](glossary.md#compact-network):


# %% slideshow={"slide_type": "skip"}
def objective_for(p, a, network):
    weights = {"content_weight": 0.1, "style_weight": 1.0, "tv_weight": 0.003}
    return painting_objective(network, p, a, **weights)


# %%
objective = objective_for(p, a, network)
print(f"{p.numel()} unknowns, loss at the photograph {objective(p)['total'].item():.3f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **One look at a place, an [evaluation](glossary.md#evaluation), tells the height $L$ there and the slope
# $g = \partial L / \partial x$, a picture of its own.** This function looks, and keeps a record of the seconds and the
# losses, so that we can compare methods by either.


# %%
def looking(objective):
    """Return a function from x to (loss, gradient), and its record of (seconds, loss)."""
    record, start = [], time.perf_counter()

    def look(x):
        x = x.detach().requires_grad_(True)
        loss = objective(x)["total"]
        (g,) = torch.autograd.grad(loss, x)
        record.append((time.perf_counter() - start, loss.item()))
        return loss.item(), g

    return look, record


# %% slideshow={"slide_type": "skip"}
look, record = looking(objective)
L, g = look(p)
print(f"g has the shape of the picture, {tuple(g.shape)}; mean size of an entry {g.abs().mean():.1e}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three ways down
#
# **Gradient descent goes against the slope, as far as the [learning rate](glossary.md#learning-rate) $\lambda$ says:**
#
# $$x \leftarrow x - \lambda \, g$$


# %%
def gradient_descent(look, x, looks, rate):
    for _ in range(looks):
        L, g = look(x)
        if not L < 30:
            break  # up and away
        x = x - rate * g
    return x


# %% [markdown] slideshow={"slide_type": "subslide"}
# **[Adam](glossary.md#adam) keeps running means, $m$ of the slopes and $v$ of their squares**, number by number (Kingma
# and Ba 2015, [arXiv:1412.6980](https://arxiv.org/abs/1412.6980), algorithm 1). **It moves each pixel by about
# $\lambda$, whatever the size of its slope.** After $k$ looks
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1) \, g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2) \, g^2$$
#
# $$x \leftarrow x - \lambda \, \frac{m / (1 - \beta_1^k)}{\sqrt{v / (1 - \beta_2^k)} + 10^{-8}}$$


# %%
def adam(look, x, looks, rate, beta_1=0.9, beta_2=0.999):
    m = v = torch.zeros_like(x)
    for k in range(1, looks + 1):
        _, g = look(x)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        x = x - rate * (m / (1 - beta_1**k)) / ((v / (1 - beta_2**k)).sqrt() + 1e-8)
    return x


# %% [markdown] slideshow={"slide_type": "subslide"}
# **Both need a learning rate, and nothing says which.** So try three for each, forty looks every time, always from the
# photograph.


# %% slideshow={"slide_type": "skip"}
def descend(method, objective, *options):
    """Return the end of a descent of 40 looks from the photograph, and its record."""
    look, record = looking(objective)
    return method(look, p, 40, *options), record


def losses(record):
    return range(1, len(record) + 1), [loss for _, loss in record]


# %%
plain = {rate: descend(gradient_descent, objective, rate) for rate in (1, 30, 300)}
steady = {rate: descend(adam, objective, rate) for rate in (0.001, 0.05, 1.0)}
{rate: len(record) for rate, (_, record) in plain.items()}  # looks of gradient descent

# %% slideshow={"slide_type": "skip"}
assert plain[1][1][-1][1] > 2.5 * plain[30][1][-1][1], "1 crawls"
assert len(plain[300][1]) < 10, "300 diverges"

# %% slideshow={"slide_type": "subslide"}
curves(
    {f"rate {rate}": losses(record) for rate, (_, record) in plain.items()},
    title="Gradient descent: crawls, works, diverges",
    xlabel="evaluations",
    ylabel="total loss (logarithmic)",
    log="y",
    alt="Three curves from the same height. Rate 1 falls slowly to about nine tenths. Rate 30 falls fast at first, "
    "then ever more slowly, to a quarter. Rate 300 shoots up to far above the start and ends.",
)

# %% slideshow={"slide_type": "subslide"}
curves(
    {f"rate {rate:g}": losses(record) for rate, (_, record) in steady.items()},
    title="Adam: crawls, works, overshoots",
    xlabel="evaluations",
    ylabel="total loss (logarithmic)",
    log="y",
    alt="Three curves from the same height. Rate 0.001 falls slowly to three quarters. Rate 0.05 falls to a sixth. "
    "Rate 1 leaps to a thousand times the start, comes down slowly and is still no lower than where it began.",
)

# %% [markdown]
# **The right $\lambda$ of gradient descent has to do with *this* loss**: a loss in other units (another
# [convention](glossary.md#convention), other weights) needs another. **Adam's is a distance, in units of the colours**:
# about how far a pixel moves at a look. It does not care about the units of the loss.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The third way needs no rate: [L-BFGS](glossary.md#l-bfgs)**, by the package. It keeps every value of $x$ in the box
# $[0, 1]$, as a picture file does. The other two run free, which makes it easier for them; so look at both numbers, the
# loss of $x$, and its loss *as saved*, with the values outside cut off.

# %%
steps = list(minimise(p, objective, 40))
best = {"gradient descent": plain[30][1], "Adam": steady[0.05][1]}
best["L-BFGS"] = [(step.seconds, step.losses["total"]) for step in steps]
ends, took = ({name: record[-1][i] for name, record in best.items()} for i in (1, 0))

# %%
finals = {"gradient descent": plain[30][0], "Adam": steady[0.05][0], "L-BFGS": steps[-1].image}
saved = {name: objective(x.clamp(0, 1))["total"].item() for name, x in finals.items()}
columns = {"loss": ends, "as saved": saved, "seconds": took}
print(table({name: {word: f"{values[name]:.3f}" for word, values in columns.items()} for name in finals}))

# %% slideshow={"slide_type": "skip"}
evaluations = [losses(record)[0] for record in list(best.values())[:2]] + [[step.evaluations for step in steps]]
assert ends["L-BFGS"] < 0.85 * ends["gradient descent"], "L-BFGS gets lower than gradient descent"
assert 1 / 1.25 < ends["L-BFGS"] / ends["Adam"] < 1.25, "and about as low as Adam"

# %% slideshow={"slide_type": "subslide"}
curves(
    {
        name: (count, [loss for _, loss in record])
        for count, (name, record) in zip(evaluations, best.items(), strict=True)
    },
    title="Loss against evaluations",
    xlabel="evaluations",
    ylabel="total loss (logarithmic)",
    log="y",
    alt="Three falling curves, steep for twenty evaluations and then flatter. L-BFGS and Adam end close together, "
    "gradient descent well above them.",
)

# %% slideshow={"slide_type": "fragment"}
needed = next(step.evaluations for step in steps if step.losses["total"] <= ends["gradient descent"])
print(f"where gradient descent ends after 40 looks, L-BFGS is after {needed}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **L-BFGS comes as far as Adam at the best of three rates, and nobody had to try three.** What it saves, moreover, is
# what it minimised; Adam's picture loses a part when the values outside are cut off.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why gradient descent is slow: a valley
#
# Take two unknowns, so that we can draw it: **a valley that rises gently along and steeply across**. **Its
# [curvatures](glossary.md#curvature), how fast the slope grows, are $c = 1$ along and $c = 25$ across.**
#
# $$f(x) = \tfrac{1}{2} \left(u^2 + 25 \, v^2\right), \qquad u \text{ along, } v \text{ across}$$

# %% slideshow={"slide_type": "skip"}
turn = torch.tensor([[0.866025403784, 0.5], [-0.5, 0.866025403784]], dtype=torch.float64)  # by 30 degrees
begin = turn.T @ torch.tensor([-4.0, 0.8], dtype=torch.float64)  # u = -4, v = 0.8


# %% slideshow={"slide_type": "skip"}
def valley(x):
    u, v = torch.tensordot(turn, x, dims=1)
    return {"total": 0.5 * (u**2 + 25 * v**2)}


# %% slideshow={"slide_type": "skip"}
def path(method, *options, looks=25, height=valley, begin=begin):
    places, (look, _) = [], looking(height)
    method(lambda x: (places.append(x.detach()), look(x))[1], begin, looks, *options)
    return torch.stack(places)  # all those where it looked, (looks, 2)


# %% [markdown]
# Along each of the two directions the slope is $c$ times the distance. **So one move of gradient descent multiplies the
# distance by $1 - \lambda c$, and after $k$ moves**
#
# $$u_k = (1 - \lambda)^k \, u_0, \qquad v_k = (1 - 25 \lambda)^k \, v_0$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Across, it shrinks only if $\lambda < 2 / 25 = 0.08$.** **The steep direction dictates the rate, and the gentle one
# has to live with it.**

# %% tags=["nbval-check-output"]
for rate in (0.01, 0.07, 0.081):
    u, v = turn @ path(gradient_descent, rate)[-1]  # after 24 moves
    assert max(abs(u + 4 * (1 - rate) ** 24), abs(v - 0.8 * (1 - 25 * rate) ** 24)) < 1e-9, "as on paper"
    print(f"rate {rate}: u = {u:.3f}, v = {v:.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Too small: stuck on the way along. Too large: it leaps from wall to wall, ever higher. In between: zigzag. A slope
# does not know where the bottom is. **It is the *ratio* of the curvatures, here 25, that costs moves**; for a round
# bowl, ratio 1, gradient descent with $\lambda = 1 / c$ needs one.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## L-BFGS in 25 lines
#
# **Newton knew: divide the slope by the curvature, and in a quadratic valley you land at the bottom.** With $n$
# unknowns **the curvature is a matrix of $n \times n$, the Hessian $H$, and the move is $-H^{-1} g$.** For our
# painting:

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
gigabytes = p.numel() ** 2 * 4 / 1e9
print(f"{gigabytes:.1f} GB for the Hessian of a picture of {p.shape[3]} x {p.shape[2]} pixels")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **BFGS learns the curvature on the way, from pairs: the move that was made, and how much the slope changed over it,**
#
# $$s_k = x_{k+1} - x_k, \qquad y_k = g_{k+1} - g_k, \qquad \text{so that } H s_k \approx y_k$$
#
# **The curvature along $s$ is $s^T y / s^T s$.** **The L is for *limited memory*: keep only the last few [curvature
# pairs](glossary.md#curvature-pair)**, the [history](glossary.md#history), and get $-H^{-1} g$ from them with dot
# products of pictures only (Nocedal and Wright 2006, *Numerical Optimization*, algorithm 7.4).


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


# %% [markdown] slideshow={"slide_type": "subslide"}
# If the last pair is true, the direction must agree with it: **the slope change $y$ must be answered by the move $s$.**
# On two random pairs:

# %%
some = [torch.rand(7, generator=torch.Generator().manual_seed(n), dtype=torch.float64) for n in range(4)]
answer = direction(some[3], [(some[0], some[1]), (some[2], some[3])])
assert torch.allclose(answer, -some[2], atol=1e-12), "H^-1 y = s"
print("answer to the slope y, and the move -s:", *np.round(torch.stack([answer, -some[2]]).numpy(), 3), sep="\n")

# %% [markdown] slideshow={"slide_type": "subslide"}
# And the descent. **The first move has no history: against the slope, a pixel by `first` on average. After that a move
# of full length, 1, is tried**; with `search`, **a simple [line search](glossary.md#line-search) halves it until the
# loss falls** by a ten-thousandth of what the slope promises (Nocedal and Wright 2006, section 3.1). A pair that says
# "curved downwards", $s^T y \leq 0$, is not kept. (`clip` does nothing yet; it is for the box, below.)


# %%
def lbfgs(look, x, looks, history=10, search=True, first=0.01, clip=lambda x: x):
    pairs = deque(maxlen=history)  # a new pair pushes out the oldest
    L, g = look(x)
    d, t = -g, first / g.abs().mean()
    for _ in range(looks - 1):
        L_new, g_new = look(there := clip(x + t * d))
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
paths["L-BFGS"] = path(lbfgs, 10, True, 0.5, looks=12)
across, up = np.linspace(-4.5, 1.5, 121), np.linspace(-2.5, 1.2, 75)
grid = torch.tensor(np.stack(np.meshgrid(across, up)))  # (2, 75, 121)

# %% slideshow={"slide_type": "subslide"}
contours(
    across,
    up,
    valley(grid)["total"].numpy(),
    levels=[0.1, 0.5, 1.5, 5, 12, 25, 50, 80],
    paths={name: tuple(places.T.tolist()) for name, places in paths.items()},
    title="Three paths down one valley",
    xlabel="first unknown",
    ylabel="second unknown",
    alt="Contour lines of a long narrow valley that runs from the lower left to the middle. Gradient descent zigzags "
    "between its walls and comes to half the way. Adam swings from side to side in wide curves. L-BFGS turns into the "
    "valley after two moves and goes straight to the bottom.",
)

# %% [markdown]
# **After two moves L-BFGS has turned into the valley, and its moves grow longer.** It has learned how gently the
# floor rises.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Is it the real one?
#
# torch has an L-BFGS too. Without its line search, with its own first move ($1 / \sum |g|$ times the slope), **torch's
# L-BFGS must look at exactly the places where ours looks.** In [float64](glossary.md#float64), on a function of 35
# unknowns that is not quadratic, and on the painting itself, made small:


# %% slideshow={"slide_type": "skip"}
def torchs(objective, x, looks):
    """Return the places where torch's L-BFGS looks."""
    x, places = x.clone().requires_grad_(True), []
    optimiser = torch.optim.LBFGS([x], max_iter=looks, max_eval=9999, history_size=10)

    def closure():
        optimiser.zero_grad()
        places.append(x.detach().clone())
        loss = objective(x)["total"]
        loss.backward()
        return loss

    optimiser.step(closure)
    return places


# %% slideshow={"slide_type": "skip"}
def ours(objective, x, looks):
    places, (look, _) = [], looking(objective)
    lbfgs(lambda x: (places.append(x), look(x))[1], x, looks, 10, False, 1 / x.numel())
    return places


# %%
stiff = torch.logspace(0, 2, 35, dtype=torch.float64)
quartic = lambda x: {"total": (stiff * x**2).sum() + (x**4).sum()}
tiny_p, tiny_a = (load_image(name, 56).double() for name in ("chelsea", "waves"))
tiny = objective_for(tiny_p, tiny_a, load_network("compact", device="cpu").double())

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
for name, function, x in (("quartic", quartic, torch.ones_like(stiff)), ("painting", tiny, tiny_p)):
    pairs = zip(ours(function, x, 20), torchs(function, x, 20), strict=True)
    apart = max((ours - torchs).abs().max().item() for ours, torchs in pairs)
    print(f"{name}: largest difference below 1e-10:", apart < 1e-10)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What the line search does
#
# **Nothing promises that a move of length 1 goes down.** The painting is good-natured:

# %%
heights = [loss for _, loss in descend(lbfgs, objective)[1]]
refused = sum(loss > min(heights[: k + 1]) for k, loss in enumerate(heights))
assert refused < 8, "the full move is nearly always right"
print(f"{refused} of {len(heights)} looks were refused")

# %% [markdown] slideshow={"slide_type": "fragment"}
# After the first moves **the length 1 is nearly always right, because the direction has the curvature in it**: the
# search costs next to nothing.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **What it insures against shows in a *bent* valley**, the classic of Rosenbrock (1960),
#
# $$f(x) = (1 - x_1)^2 + 100 \, (x_2 - x_1^2)^2$$


# %% slideshow={"slide_type": "skip"}
def bent(x):
    return {"total": (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2}


height_of = lambda x: float(bent(x)["total"])
corner = torch.tensor([-1.2, 1.0], dtype=torch.float64)

# %%
walks = {}
how = {"looks": 45, "height": bent, "begin": corner}
for name, search in (("always the full move", False), ("with line search", True)):
    walks[name] = path(lbfgs, 10, search, 0.1, **how)
    heights = [height_of(place) for place in walks[name]]
    print(f"{name}: highest {max(heights):.0e}, at the end {heights[-1]:.0e}")
across, up = np.linspace(-2.2, 1.8, 161), np.linspace(-1, 2.2, 129)

# %% slideshow={"slide_type": "subslide"}
contours(
    across,
    up,
    bent(np.meshgrid(across, up))["total"],
    levels=[0.5, 2, 6, 20, 60, 150, 300, 600],
    paths={name: tuple(places.T.tolist()) for name, places in walks.items()},
    title="Every look in a bent valley",
    xlabel="first unknown",
    ylabel="second unknown",
    alt="Contour lines of a valley bent like a U. With a line search the looks follow its floor from the upper left "
    "round the bend and up to its deepest point at (1, 1). With full moves they follow it as far as the bend, leave "
    "the picture at the right, come back, and have not arrived at the end.",
)

# %% [markdown] slideshow={"slide_type": "skip"}
# A search that also demands a flatter slope (the strong Wolfe conditions, Nocedal and Wright 2006, section 3.1) makes
# $s^T y > 0$ for every pair. torch's does, if you ask for it. The package's asks for a fall only, as ours does, and
# looks at each pair before it uses it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What the history does
#
# **How many pairs are worth keeping?**

# %% slideshow={"slide_type": "skip"}
small_p, small_a = tiny_p.float(), tiny_a.float()
small = objective_for(small_p, small_a, network)


def remembering(objective, x, looks, history):
    look, record = looking(objective)
    lbfgs(look, x, looks, history)
    return record


histories = {m: remembering(small, small_p, 80, m) for m in (1, 5, 10, 50)}

# %% slideshow={"slide_type": "subslide"}
curves(
    {f"history {m}": (range(20, 81), [loss for _, loss in record[19:]]) for m, record in histories.items()},
    title="How much L-BFGS remembers (from the twentieth look on)",
    xlabel="evaluations",
    ylabel="total loss (logarithmic)",
    log="y",
    alt="Four falling curves, of one, five, ten and fifty pairs, close together.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **One pair already sets the *length* of the step, and on the painting that is most of it.** It is another thing where
# the curvatures stay what they are. Here are the 35 unknowns of above, whose valley is steep in some directions and
# gentle in others, beside the painting:

# %% slideshow={"slide_type": "fragment"}
ends = {m: record[-1][1] for m, record in histories.items()}
stiffs = {m: min(loss for _, loss in remembering(quartic, torch.ones_like(stiff), 40, m)) for m in histories}
needed = {f"history {m}": {"painting": ends[m], "35 unknowns": stiffs[m], "pictures": 2 * m} for m in histories}
assert max(ends.values()) < 1.3 * min(ends.values()) and stiffs[50] < stiffs[1] / 50
print(table(needed, corner="loss at the end"))

# %% [markdown]
# **More pairs bring the directions, as long as they are true.** On a painting the curvature changes with the place, so
# an old pair may no longer be true. The package keeps twenty, that is forty pictures.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **What no pair knows is taken to be as curved as the newest move says.** That is the middle line of `direction`,
#
# $$\gamma = \frac{s^T y}{y^T y}$$
#
# A move has a part in every direction, and $y$ is largest where it is steep. So $\gamma$ knows the steep walls, and
# what is left is mostly the gentle floor. **The package takes twice that.** Three paintings, 80 looks, with another
# factor in the package's place of 2; the loss compared to that with factor 1:


# %% slideshow={"slide_type": "skip"}
def end_with(factor, photograph, style):
    with patch.object(optimise, "LENGTHEN", factor):
        *_, last = minimise(photograph, objective_for(photograph, style, network), 80)
    return last.losses["total"]


# %% slideshow={"slide_type": "subslide"}
lengthened = {}
for name, names in PAIRS.items():
    pictures = [load_image(n, size=64) for n in names]
    lengthened[name] = [end_with(factor, *pictures) for factor in (1, 2, 4)]
rows = {name: {f"x {2**k}": f"{end / ends[0]:.2f}" for k, end in enumerate(ends)} for name, ends in lengthened.items()}
print(table(rows, corner="loss"))
assert sum(twice / once for once, twice, _ in lengthened.values()) < 1.1 * 3, "twice costs nothing"

# %% [markdown]
# Twice gains a few per cent on one painting or another. Four times gains no more: the line search refuses more of its
# moves.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **How long is the painting's valley?** **Ask the pairs of a run for the curvature $s^T y / s^T s$ along each of its
# moves:**

# %%
look, _ = looking(objective)
slopes = [look(step.image)[1] for step in steps[::2]]
moves = [(new.image - old.image) for old, new in zip(steps[::2], steps[2::2], strict=False)]
changes = [new - old for old, new in zip(slopes, slopes[1:], strict=False)]
curvatures = [float(dot(s, y) / dot(s, s)) for s, y in zip(moves, changes, strict=False)]
ratio = max(curvatures) / min(curvatures)
assert min(curvatures) > 0 and ratio > 8 and 30 < 2 / max(curvatures) < 300
print(f"curvatures from {min(curvatures):.1e} to {max(curvatures):.1e}: a factor of {ratio:.0f}")
print(f"2 / the largest is {2 / max(curvatures):.0f}")

# %% [markdown]
# (The last number is the limit of the rate along the steepest move: 30 lies below it, 300 above.) That is the answer to
# the question at the top: **25,000 unknowns, and curvatures that differ by a large factor.** Single directions differ
# still more: a move has a part in each of them, and its curvature is a mean of theirs. It also is why the last bit
# takes longest. In the notebook that Gatys published with his code, the loss printed after 250 looks is 433,805, and
# after 500 it is 368,494: the second half of the time buys 15 %.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Numbers that must not be small
#
# **torch's L-BFGS stops when the largest slope is below $10^{-7}$, or when the loss changes by less than $10^{-9}$; and
# it keeps a pair only if $s^T y > 10^{-10}$.** **Those are absolute numbers.** The loss in other units has the same
# minimum, but:


# %% slideshow={"slide_type": "skip"}
def torch_alone(factor, **options):
    x, seen = p.clone().requires_grad_(True), []
    optimiser = torch.optim.LBFGS([x], max_iter=12, **options)

    def closure():
        optimiser.zero_grad()
        loss = factor * objective(x)["total"]
        loss.backward()
        seen.append(loss.item() / factor)
        return loss

    optimiser.step(closure)
    return {"looks": len(seen), "loss": f"{seen[-1]:.3f}", "pairs": len(optimiser.state[x].get("old_dirs", []))}


# %% slideshow={"slide_type": "fragment"}
rows = {"loss x 1": torch_alone(1), "loss x 1e-8": torch_alone(1e-8)}
rows["loss x 1e-8, tolerances 0"] = torch_alone(1e-8, tolerance_grad=0, tolerance_change=0)
assert [row["pairs"] for row in rows.values()] == [11, 0, 0], "it stops, or learns nothing"
print(table(rows, corner="torch's L-BFGS"))

# %% [markdown] slideshow={"slide_type": "subslide"}
# **One look, and it believes it has arrived: no error, no warning.** With tolerances of 0 it goes on, but remembers no
# pair: it is gradient descent with rate 1 on a loss of $10^{-8}$, and stands still. **Ours above has no such numbers in
# it, and neither has the package.** It divides loss and slope by the mean slope at the first look. And it keeps a pair
# by an *angle*: the cosine between $s$ and $y$ must be above $10^{-6}$.

# %%
scaled = lambda factor: lambda x: {"total": factor * objective(x)["total"]}
once, tiny = ([step.losses["total"] / c for step in minimise(p, scaled(c), 12)] for c in (1, 1e-8))
assert abs(tiny[-1] / once[-1] - 1) < 0.05, "any unit will do"
print(f"the package, loss x 1e-8: {tiny[0]:.3f} to {tiny[-1]:.3f} in 12 looks")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Stay inside the box
#
# **A picture file holds values from 0 to 1, and nothing else: the [box](glossary.md#box).** Nothing tells our 25 lines
# so. Where a descent goes out, the file has another picture than the one that was minimised:

# %%
p2, a2 = (load_image(name, size=80) for name in PAIRS["chelsea + swirls"])
swirling = objective_for(p2, a2, network)
free = lbfgs(looking(swirling)[0], p2, 80)

# %%
outside = (free < 0) | (free > 1)
L_free, L_saved = (swirling(x)["total"].item() for x in (free, free.clamp(0, 1)))
print(f"outside: {100 * outside.float().mean():.0f} % of the values; loss {L_free:.3f}, as saved {L_saved:.3f}")

# %% slideshow={"slide_type": "subslide"}
strip(
    {
        "the painting, as saved": free.clamp(0, 1),
        "white: outside the box": outside.any(dim=1, keepdim=True).expand_as(p2).float(),
    },
    title="What is cut off when it is saved",
    height=1.7,
    alt="An eye and stars in coarse strokes of blue and yellow; beside it the same frame in black, with white spots at "
    "the eye and in a corner, and a few small ones elsewhere.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Few values, and yet the loss is higher: the style loss looks at squares of responses, and a sharp cut is an edge.
# **There are four roads.**
#
# **(a) Clamp once, at the end.** That is what we just did.
#
# **(b) Make it cost something to be outside: one more term,**
#
# $$K \cdot \mathrm{mean} \left( x - \mathrm{clamp}(x) \right)^2$$
#
# It takes no look at the network. And its slope is 0 inside, so it does not disturb there.


# %%
def with_walls(objective, K):
    return lambda x: {"total": objective(x)["total"] + K * (x - x.clamp(0, 1)).square().mean()}


# %% [markdown] slideshow={"slide_type": "subslide"}
# **(c) Clip $x$ at each move, and make the pairs of the places that were really visited:**
#
# $$x_{k+1} = \mathrm{clamp}(x_k + t \, d), \qquad s_k = x_{k+1} - x_k$$
#
# It is called *projected* L-BFGS. Johnson, Alahi and Li (2016) compare their network with it, and clip at each
# iteration (from memory). In our 25 lines it is the option `clip`, and `there` is the place really visited. **But
# clipping alone can get stuck.** Two unknowns, our steep valley, its bottom outside of the box, and Newton's own moves:


# %% slideshow={"slide_type": "skip"}
H = turn.T @ torch.diag(torch.tensor([1.0, 25.0], dtype=torch.float64)) @ turn
bottom, corner = (torch.tensor(place, dtype=torch.float64) for place in ([-0.8, 0.3], [0.9, 0.15]))


def newton_in_the_box(hold, moves=3):
    places = [corner]
    for _ in range(moves):
        x, d = places[-1], torch.zeros(2, dtype=torch.float64)
        g = H @ (x - bottom)
        free = ~(hold & ((x <= 0) & (g > 0) | (x >= 1) & (g < 0)))  # not at an edge, or wants to come back
        d[free] = -torch.linalg.solve(H[free][:, free], g[free])
        places.append((x + d).clamp(0, 1))
    return torch.stack(places)


# %% tags=["nbval-check-output"]
walks = {"clip": newton_in_the_box(hold=False), "hold, and clip": newton_in_the_box(hold=True)}
depths = {name: float(valley(places[-1] - bottom)["total"]) for name, places in walks.items()}
assert abs(depths["clip"] - 2.24) < 1e-9 and abs(depths["hold, and clip"] - 2.24 * (1 - 108 / 133)) < 1e-9
print({name: round(depth, 3) for name, depth in depths.items()})

# %% slideshow={"slide_type": "skip"}
across, up = np.linspace(-1, 1.15, 130), np.linspace(-0.15, 1.15, 80)
surface = valley(torch.tensor(np.stack(np.meshgrid(across, up))) - bottom[:, None, None])["total"].numpy()
box = torch.tensor([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
drawn = {"the bottom": bottom[None], "the box": box} | dict(reversed(walks.items()))

# %% slideshow={"slide_type": "subslide"}
contours(
    across,
    up,
    surface,
    levels=[0.05, 0.421, 1.2, 2.24, 5, 11],
    paths={name: tuple(places.T.tolist()) for name, places in drawn.items()},
    title="A valley whose bottom lies outside of the box",
    xlabel="first unknown",
    ylabel="second unknown",
    alt="Contour lines of a valley that runs up to the right, and a square, the box; the bottom lies to the left of "
    "the box. Both walks go from the lower right to the left edge of the box. The one that clips stays there. The one "
    "that holds goes on along the edge, upwards, to the place where a contour line touches the edge.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The clipped move points at the bottom through the wall, for ever. **So hold a value that lies at an edge and wants to
# go out, take it out of the slope and out of the pairs, and let the others move among themselves** (Bertsekas 1982,
# "Projected Newton methods"; that is his set of free variables, without the margin he adds). Then the move goes down.
# The package's own lines, in symbols that you know:

# %% slideshow={"slide_type": "fragment"}
print(inspect.getsource(optimise._down).split('"""')[2].strip("\n"))

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now all three roads, 80 looks each. This notes beside each loss that of the picture as saved:


# %% slideshow={"slide_type": "skip"}
def walk(p, objective, height, clip=lambda x: x):
    """Return, for 1 to 80 looks at a height, the loss as saved of the lowest place so far."""
    look, lowest, found = looking(height)[0], math.inf, []

    def noting(x):
        nonlocal lowest
        L, g = look(x)
        found.append(found[-1] if lowest < L else objective(x.clamp(0, 1))["total"].item())
        lowest = min(lowest, L)
        return L, g

    lbfgs(noting, p, 80, clip=clip)
    return range(1, 81), found


def roads(p, a):
    objective = objective_for(p, a, network)
    package = [(step.evaluations, step.losses["total"]) for step in minimise(p, objective, 80)]
    return {
        "(a) clamp at the end": walk(p, objective, objective),
        "(b) term, K = 10": walk(p, objective, with_walls(objective, 10)),
        "(c) clip": walk(p, objective, objective, clip=lambda x: x.clamp(0, 1)),
        "(c) the package": tuple(zip(*package, strict=True)),
    }


# %%
tried = {name: roads(*(load_image(n, size=64) for n in names)) for name, names in PAIRS.items()}
rows = {name: {road: f"{found[-1]:.4f}" for road, (_, found) in each.items()} for name, each in tried.items()}
print(table(rows, corner="as saved"))

# %% slideshow={"slide_type": "skip"}
ends = [[found[-1] for _, found in each.values()] for each in tried.values()]
dearer = [math.log(clamped / end) for clamped, *knowing in ends for end in knowing]
print(f"to clamp at the end costs {100 * math.expm1(sum(dearer) / len(dearer)):.0f} % on average")
assert sum(dearer) / len(dearer) > math.log(1.03), "it costs something"

# %% slideshow={"slide_type": "subslide"}
curves(
    {name: (looks[8:], found[8:]) for name, (looks, found) in tried["chelsea + swirls"].items()},
    title="The loss of the picture as saved: chelsea + swirls",
    xlabel="evaluations",
    ylabel="total loss as saved (logarithmic)",
    log="y",
    alt="Four falling curves, close together at first. From some thirty looks on the one that is clamped at the end "
    "lies above the other three, and stays there.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Whoever clamps at the end saves a loss about a tenth higher than those who know the box**, and these end near each
# other. Few values lie at the edge: to hold them there is an insurance against getting stuck.
#
# **(d) Clamp inside the closure, each time the objective looks: that is another thing.** The optimiser is not told.
# Take the steep wall, $c = 25$. **L-BFGS asks for a move of $s = 1$, the clamp lets through a tenth of it, and the pair
# is a lie:**

# %% tags=["nbval-check-output"]
asked, allowed, c = 1.0, 0.1, 25
y = c * allowed  # the slope changed over the move that really happened
print("curvature by the pair:", asked * y / asked**2, "in truth:", c)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Ten times too flat, so the next move is ten times too long.** Exhibit 7 of the bug museum (notebook A2) shows how
# that ends. With $s = 0.1$, the move really made, the pair says 25: that is all the difference between (c) and (d).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Coarse to fine
#
# **A picture of half the width and height has a quarter of the pixels, and a look at it costs about a quarter.** And
# far is near there: a form that is to move by 40 pixels has only 20 to go. **So paint small first, enlarge, and go on:
# [coarse to fine](glossary.md#coarse-to-fine).** **Sixty looks at full size against 80 small ones and 40 at full size,
# $80 / 4 + 40 = 60$** (`stylise` gives the finest size half of its steps), from
# [white noise](glossary.md#white-noise), with another style picture:

# %% slideshow={"slide_type": "skip"}
big_p, big_a = load_image("chelsea", size=160), load_image("swirls", size=160)
options = {"content_weight": 0.1, "init": "noise"}
straight = list(stylise(big_p, big_a, network, sizes=[160], steps=60, **options))
both = list(stylise(big_p, big_a, network, sizes=[80, 160], steps=80, **options))

# %% slideshow={"slide_type": "skip"}
coarse, fine = ([step for step in both if step.scale == scale] for scale in (0, 1))
ends = {"full size only": straight, "full size, after the small one": fine}
assert fine[-1].losses["total"] < 0.99 * straight[-1].losses["total"], "small first gets lower"
{name: round(run[-1].losses["total"], 3) for name, run in ends.items()}

# %% slideshow={"slide_type": "subslide"}
curves(
    {name: ([step.seconds for step in run], [step.losses["total"] for step in run]) for name, run in ends.items()},
    title="The loss at full size, on the machine that made this notebook",
    xlabel="seconds",
    ylabel="total loss (logarithmic)",
    log="y",
    alt="Two falling curves. The one that began small appears later, falls steeply, crosses the other and stays "
    "below it to the end.",
)

# %% slideshow={"slide_type": "subslide"}
strip(
    {"small": coarse[-1].image, "then full size": fine[-1].image, "full size only": straight[-1].image},
    title="Coarse to fine, and straight at full size: the same work",
    height=1.35,
    alt="Three paintings from noise, in blue with yellow stars. The small one is coarse, with a large star in the "
    "place of each of the cat's eyes. The same at full size has these stars with sharp strokes. The one at full size "
    "from the start has smaller forms.",
)

# %% [markdown]
# **The gain is largest where far is farthest: from noise, and in large pictures.** From the photograph, whose large
# forms are there already, it is next to nothing at this size; try `init="content"`. The package starts to halve at 256
# pixels.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How many digits?
#
# float32 has about 7 digits, and [bfloat16](glossary.md#bfloat16) (on processors made for it about twice as fast, on
# others many times slower) between 2 and 3. **Is the slope that bfloat16 gives still the slope?** **Compare directions,
# by the cosine of the angle between two gradients**, with float64 as the truth: at the photograph, at white noise, and
# at the end of a descent.


# %% slideshow={"slide_type": "skip"}
class Rough(LossNetwork):
    """A network whose convolutions compute in bfloat16; its responses come back in float32, for the losses."""

    def features(self, image, layers):
        with torch.autocast("cpu", torch.bfloat16):
            return {layer: response.float() for layer, response in super().features(image, layers).items()}


def slope(network, x, dtype=torch.float32):
    L, g = looking(objective_for(p.to(dtype), a.to(dtype), network))[0](x.to(dtype))
    return g.double()


# %% slideshow={"slide_type": "skip"}
rough, precise = (
    Rough(COMPACT.blocks, COMPACT.widths, COMPACT.padding).requires_grad_(False),
    load_network("compact", device="cpu").double(),
)
rough.load_state_dict(network.state_dict())
noise = torch.rand(p.shape, generator=torch.Generator().manual_seed(0))
places = {"photograph": p, "noise": noise, "painting": steps[-1].image}
{name: float(slope(network, x).norm()) for name, x in places.items()}  # how steep it is there

# %%
cosines = {}
for name, x in places.items():
    true, *others = slope(precise, x, torch.float64), slope(network, x), slope(rough, x)
    cosines[name] = [float(dot(true, g) / (true.norm() * g.norm())) for g in others]

# %% slideshow={"slide_type": "fragment"}
digits = lambda fine, rough: {"float32": f"{fine:.6f}", "bfloat16": f"{rough:.3f}"}
rows = {name: digits(*pair) for name, pair in cosines.items()}
print(table(rows, corner="cosine"))

# %% slideshow={"slide_type": "skip"}
assert min(fine for fine, _ in cosines.values()) > 0.99999, "float32 will do"
assert cosines["painting"][1] < cosines["photograph"][1] < 0.9999, "bfloat16 is worst where the slope is small"

# %% [markdown] slideshow={"slide_type": "fragment"}
# **float32 is as good as exact. bfloat16 is good on the steep part, and worse at the end.** There the slope is a small
# remainder of large numbers that cancel, and the rounding does not get smaller with it. L-BFGS lives on *differences*
# of slopes. So: bfloat16 at the beginning, if the machine is fast at it; and look at the last stretch before you trust
# it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where the time goes
#
# torch calls a few dozen kinds of operations. This clock, switched on around a block, adds up the seconds inside each.

# %% slideshow={"slide_type": "skip"}
from torch.utils._python_dispatch import TorchDispatchMode


class Clock(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.seconds = defaultdict(float)

    def __torch_dispatch__(self, operation, types, arguments=(), options=None):
        start = time.perf_counter()
        result = operation(*arguments, **(options or {}))
        self.seconds[operation.overloadpacket.__name__] += time.perf_counter() - start
        return result


# %% slideshow={"slide_type": "skip"}
with Clock() as clock:
    begun = time.perf_counter()
    for _ in range(10):
        look(p)
    clocked = (time.perf_counter() - begun) / 10  # seconds of one evaluation, the clock's own work among them
sorted(clock.seconds, key=clock.seconds.get, reverse=True)[:6]  # the six that take longest

# %% slideshow={"slide_type": "skip"}
pairs = [(torch.rand_like(p), torch.rand_like(p)) for _ in range(20)]
seconds = lambda do: timeit(do, number=10) / 10
evaluation, optimiser = seconds(lambda: look(p)), seconds(lambda: direction(g, pairs))


# %% slideshow={"slide_type": "skip"}
def inside(*names):
    return sum(clock.seconds[name] for name in names) / 10  # seconds of one evaluation


shares = {
    "convolutions": inside("convolution", "convolution_backward"),
    "padding": inside("replication_pad2d", "replication_pad2d_backward"),
    "ReLU and pooling": inside("relu", "threshold_backward", "avg_pool2d", "avg_pool2d_backward"),
    "Gram matrices": inside("bmm", "mm"),
    "L-BFGS": optimiser,
}
whole = clocked + optimiser
shares["all the rest"] = whole - sum(shares.values())

# %%
bars(
    {name: round(100 * part / whole, 1) for name, part in shares.items()},
    title=f"One evaluation and one move: {1e3 * whole:.0f} ms on the machine that made this notebook",
    xlabel="per cent of the time",
    alt="Bars, in per cent: " + ", ".join(f"{name} {100 * part / whole:.0f}" for name, part in shares.items()),
)

# %% [markdown]
# L-BFGS itself (the two loops with twenty pairs) costs little: **time is the number of looks times the price of a
# look**, and **the price of a look is mostly convolutions**.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How near the machine's limit?
#
# Count the multiplications and additions ([FLOP](glossary.md#flop)). **A $3 \times 3$ convolution from $N'$ to $N$
# channels at $M$ positions takes $2 \cdot 9 \, N' N M$ FLOP**, once forwards and once more backwards to the pixels.
# **A Gram matrix takes $2 N^2 M$**, and its derivative $(D + D^T) \, F$, with $D = \partial L / \partial G$, as many
# again.


# %% slideshow={"slide_type": "skip"}
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


# %% slideshow={"slide_type": "skip"}
from torch.utils.flop_counter import FlopCounterMode

with FlopCounterMode(display=False) as counter:
    look(p)
convolutions, grams = flops(COMPACT, height=p.shape[2], width=p.shape[3])
counted = {kind.__name__: flop for kind, flop in counter.get_flop_counts()["Global"].items()}
assert convolutions == counted["convolution"] + counted["convolution_backward"], "not one more, not one less"
print(f"{convolutions / 1e9:.3f} GFLOP in convolutions, as torch counts them, and {grams / 1e9:.3f} in Gram matrices")

# %% [markdown]
# **And what can this machine do at best?** Multiplying two large matrices is what it is built for.

# %% slideshow={"slide_type": "skip"}
A, B = torch.rand(1024, 1024), torch.rand(1024, 1024)
speeds = {
    "product of two large matrices": 2 * 1024**3 / seconds(lambda: A @ B),
    "convolutions alone": convolutions / shares["convolutions"],
    "whole evaluation": (convolutions + grams) / evaluation,
}

# %%
rows = {name: {"GFLOP per second": round(speed / 1e9)} for name, speed in speeds.items()}
print(table(rows, corner="on the machine that made this notebook"))

# %% slideshow={"slide_type": "skip"}
print(f"at the limit an evaluation would be {max(speeds.values()) / speeds['whole evaluation']:.1f} times as fast")

# %% [markdown]
# That is all that better programming can win here; larger pictures and wider networks come nearer to the limit. **The
# large factors are elsewhere: a smaller network, smaller pictures first, and a method that needs fewer looks.**

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - The steepest direction dictates the step of gradient descent, the gentlest its patience; their ratio costs looks.
# - L-BFGS reads the curvature from its last moves. It needs no learning rate, and here gets as far as Adam at the best
#   of three rates.
# - Absolute tolerances and a clamp in the closure both make it fail, the one silently, the other with a bang.
# - A picture lies in the box $[0, 1]$: descend inside it, and what is minimised is what is saved.
# - Coarse to fine gets further for the same work; float32 is exact enough, bfloat16 not everywhere.
# - Nearly all the time goes into evaluations, most of it into convolutions.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - Newton's method with Hessian-vector products and conjugate gradients: exact curvature, two evaluations for each
#   product.
# - Preconditioning: descend in another basis, such as a pyramid or the Fourier transform of $x$, in which the valley is
#   rounder.
# - Learning to jump: a network that is trained to reach the bottom in one step (notebook 10).
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

# %% [markdown] slideshow={"slide_type": "skip"}
# Check the three values of $f$:

# %% slideshow={"slide_type": "skip"}
my_f0, my_f1, my_f2 = ..., ..., ...
### BEGIN SOLUTION
my_f0, my_f1, my_f2 = 3, 1 / 2, 1 / 75
### END SOLUTION

# %% slideshow={"slide_type": "skip"}
bowl = lambda x: {"total": 0.5 * (x[0] ** 2 + 2 * x[1] ** 2)}
bowl_look, bowl_record = looking(bowl)
bowl_end = lbfgs(bowl_look, torch.tensor([2.0, 1.0], dtype=torch.float64), 3, first=1.0)  # mean slope 2: lambda is 1/2

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
for answer, (_, truth) in zip((my_f0, my_f1, my_f2), bowl_record, strict=True):
    print(check_value(answer, round(truth, 6)))

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 2. Momentum
#
# A ball that rolls keeps some of its speed: with a velocity $w$, at first 0, repeat $w \leftarrow 0.8 \, w + g$,
# $x \leftarrow x - \lambda w$. Make 25 such moves in the `valley` from `begin` with $\lambda$ = 0.05, and set `my_end`
# to the place where you arrive. (`look, _ = looking(valley)` gives you slopes.) Is it nearer to the bottom than
# gradient descent?

# %% slideshow={"slide_type": "skip"}
my_end = ...
### BEGIN SOLUTION
look_down, _ = looking(valley)
my_end, w = begin, torch.zeros(2, dtype=torch.float64)
for _ in range(25):
    w = 0.8 * w + look_down(my_end)[1]
    my_end = my_end - 0.05 * w
### END SOLUTION

# %% slideshow={"slide_type": "skip"}
ball = begin.clone().requires_grad_(True)
rolling = torch.optim.SGD([ball], lr=0.05, momentum=0.8)
for _ in range(25):
    rolling.zero_grad()
    valley(ball)["total"].backward()
    rolling.step()
print("nearer than gradient descent:", bool(ball.detach().norm() < path(gradient_descent, 0.07)[-1].norm()))

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
check_value(my_end if my_end is ... else list(map(float, my_end)), [round(z, 6) for z in ball.tolist()])

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 3. How many moves?
#
# In a valley with curvatures $1$ and $c$ the best rate for gradient descent is $\lambda = 2 / (1 + c)$: then both
# directions shrink by the same factor at each move. How many moves divide the distance to the bottom by 1000 for
# $c = 25$, and how many for $c = 100$? Predict; the next cells count.

# %% slideshow={"slide_type": "skip"}
my_moves_25, my_moves_100 = ..., ...
### BEGIN SOLUTION
# |1 - 2 / (1 + c)| = (c - 1) / (c + 1) for both: the smallest k with ((c - 1) / (c + 1))^k <= 1 / 1000
my_moves_25, my_moves_100 = (math.ceil(math.log(1000) / math.log((c + 1) / (c - 1))) for c in (25, 100))
### END SOLUTION


# %% slideshow={"slide_type": "skip"}
def count_moves(c):
    x, bend, moves = torch.ones(2, dtype=torch.float64), torch.tensor([1.0, c], dtype=torch.float64), 0
    while x.norm() > math.sqrt(2) / 1000:
        x, moves = x - 2 / (1 + c) * bend * x, moves + 1
    return moves


# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
for answer, c in ((my_moves_25, 25), (my_moves_100, 100)):
    print(check_value(answer, count_moves(c)))

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 4. How long with VGG-19?
#
# The paper's network at $512 \times 512$ pixels, 500 looks, on a machine that does 100 GFLOP per second in such work.
# How many GFLOP is one look (convolutions and Gram matrices; use `flops` with `VGG19`), and how many minutes will it
# take? Round both to whole numbers.

# %% slideshow={"slide_type": "skip"}
my_gflop, my_minutes = ..., ...
### BEGIN SOLUTION
my_gflop = round(sum(flops(VGG19, height=512, width=512)) / 1e9)
my_minutes = round(500 * sum(flops(VGG19, height=512, width=512)) / 100e9 / 60)
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
work = sum(flops(VGG19, height=512, width=512))
for answer, truth in ((my_gflop, round(work / 1e9)), (my_minutes, round(500 * work / 100e9 / 60))):
    print(check_value(answer, truth))
