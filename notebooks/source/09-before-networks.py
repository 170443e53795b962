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
# # Before networks: copy and fit
#
# **The question.** Style transfer is older than the networks: it copied. What does each way of copying keep of a
# picture, and how do [Gram matrices](glossary.md#gram-matrix) follow from that?
#
# **What you need to know.** What a [texture](glossary.md#texture) is (notebook 05). The last part uses the Gram matrix
# and [L-BFGS](glossary.md#l-bfgs) (notebooks 03 and 08).
#
# **How long it runs.** About 50 seconds on two cores.
#
# Pictures are arrays of shape $(H, W, 3)$ here, RGB in $[0, 1]$: nothing is differentiated before the last part. What
# is said below of papers we could not read in full is marked: *by their page*, *second-hand*, or *from memory*.

# %% slideshow={"slide_type": "skip"}
import math
import time
from itertools import pairwise

import numpy as np
import torch
from IPython.display import display
from scipy.ndimage import gaussian_filter
from torch.nn.functional import conv2d, pad, unfold

from stylekit.checks import check_cut, check_value
from stylekit.colour import LUMINANCE
from stylekit.figures import cuts, frames, grid, numbers, strip, table
from stylekit.images import load_image, to_array
from stylekit.losses import gram_matrix, style_layer_loss
from stylekit.networks import load_network
from stylekit.optimise import minimise

# %% slideshow={"slide_type": "skip"}
from stylekit.patches import (
    Search,
    efros_leung,
    field_distances,
    field_of,
    image_analogy,
    minimum_cut,
    nearest_patches,
    neighbours_kept,
    patch_match,
    quilt,
    quilt_transfer,
    seam_contrast,
    straight_cut,
)
from stylekit.transfer import synthesise_texture


# %% slideshow={"slide_type": "skip"}
def pixels(name, size, side=None):
    return to_array(load_image(name, size=size)[..., :side, :side]).astype(float)  # a corner of side x side


brick = pixels("brick", 192, 96)
brick.shape


# %% slideshow={"slide_type": "skip"}
def finish(steps):
    begin = time.perf_counter()
    *_, step = steps
    return step, time.perf_counter() - begin  # the last step, and how many seconds it took to come there


# %% [markdown] slideshow={"slide_type": "slide"}
# ## Growing: pixel by pixel
#
# Efros and Leung (ICCV 1999) grow a texture around a seed. **The picture that they copy from is the
# [exemplar](glossary.md#exemplar).** **An unfilled pixel beside filled ones looks around itself, in a *window*, a
# square of $w \times w$ pixels.** What is filled there is its [template](glossary.md#template). **Where in the exemplar
# does it look like that? One of those places gives its middle pixel.**
#
# Run the next cell and watch. (In the notebook as it is stored you see the end.)

# %% slideshow={"slide_type": "skip"}
canvas = display(strip({"exemplar": brick, "grown": 0 * brick + 0.5}, height=2), display_id="growing")
growth, drawing, begin = [], 0.0, time.perf_counter()
for step in efros_leung(brick, size=96, window=11, seed=0):
    growth.append(step)
    if len(growth) % 8 == 0 or step.done == 1:
        pause = time.perf_counter()
        canvas.update(
            strip(
                {"exemplar": brick, "grown": step.image},
                title=f"Growing: {100 * step.done:.0f} % filled",
                height=2,
                alt="A brick wall, the exemplar, and a wall grown from nine of its pixels: bricks and joints lean as "
                "in the exemplar; near the right and lower sides some joints are crooked or end nowhere.",
            )
        )
        drawing += time.perf_counter() - pause
growing = time.perf_counter() - begin - drawing  # seconds

# %% [markdown]
# In a round each pixel at the border has its turn. A few of the rounds:

# %% slideshow={"slide_type": "skip"}
moments = {f"round {i}": growth[i].image for i in (0, 8, 20, 30, len(growth) - 1)}
list(moments)

# %%
strip(
    moments,
    title="The same, round by round",
    height=0.95,
    alt="Five squares. A grey one with a dot of nine pixels in the middle; then a growing square patch of brick "
    "wall; at the end the wall fills the picture.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now one pixel by hand, in the middle of the growth. **Let $k$ run over the pixels of the window, $T_k$ be the
# template's colours, $X_k(p)$ those of the exemplar's window around place $p$,** **$m_k = 1$ where the template is
# filled and 0 elsewhere, $g_k$ a Gaussian** (1 in the middle, standard deviation $w / 6.4$; second-hand): near pixels
# count more. **The distance of the template to place $p$ is**
#
# $$d(p) = \frac{\sum_k g_k \, m_k \, |X_k(p) - T_k|^2}{\sum_k g_k \, m_k}$$

# %% slideshow={"slide_type": "skip"}
before, window, half = growth[30], 11, 5
window

# %% slideshow={"slide_type": "skip"}
filled = before.sources[..., 0] >= 0  # (96, 96); sources: which pixel of the exemplar was copied, -1 for none
row = 30
column = int(np.flatnonzero(filled[row]).max()) + 1  # the first unfilled pixel to the right
row, column

# %% slideshow={"slide_type": "skip"}
around = np.s_[row - half : row + half + 1, column - half : column + half + 1]
T, m = before.image[around], filled[around]
T.shape, int(m.sum())  # how many of its 121 pixels are filled

# %% slideshow={"slide_type": "skip"}
offsets = np.arange(window) - half
g = np.exp(-0.5 * (offsets[:, None] ** 2 + offsets**2) / (window / 6.4) ** 2)
g.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# **First as the formula reads, in a loop over all places; then as the package does it, by
# $|X - T|^2 = |X|^2 - 2\,X T + |T|^2$**: sums of products over all places at once are what the Fourier
# transform is fast at.

# %% slideshow={"slide_type": "skip"}
places = 96 - window + 1  # windows that lie inside, in each direction
d = np.zeros((places, places))
d.shape

# %%
for y, x in np.ndindex(places, places):
    X = brick[y : y + window, x : x + window]
    d[y, x] = (g * m * ((X - T) ** 2).sum(axis=2)).sum() / (g * m).sum()
float(d.min())

# %% slideshow={"slide_type": "fragment"}
weights = (g * m)[..., None]
fast = Search(brick).distances([(weights, T)]) / weights.sum()
assert np.abs(fast - d).max() < 1e-12, "one distance"
print(f"largest difference {np.abs(fast - d).max():.0e}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The *candidates* are the places within 1.1 of the best, $d(p) \le 1.1 \, \min d$.** **One of them, drawn at random,
# gives the pixel in the middle of its window.** That is all of the method. Often there is but one candidate; here there
# are a few.

# %%
candidates = np.argwhere(d <= 1.1 * (d.min() + 1e-9))
numbered = enumerate(candidates, start=1)
boxes = {f"candidate {i}": (*corner, window, window) for i, corner in numbered}
assert 1 < len(candidates) < 10, "a few places look like the template"
print(len(candidates), "candidates of", d.size, "places")

# %%
strip(
    {"so far": before.image, "the template": np.where(m[..., None], T, (0.9, 0.6, 0.0))},
    title="What one pixel knows of its neighbours",
    height=1.2,
    alt="Left, the half-grown wall in the middle of a grey square. Right, large, the window of eleven by eleven "
    "pixels around a pixel at its right edge: a dark brick under a light joint on the left, orange on the right, "
    "where nothing is known yet.",
)

# %% slideshow={"slide_type": "subslide"}
frames(
    brick,
    boxes,
    title="Where the exemplar looks like that",
    height=2.1,
    alt="The brick wall with small coloured frames near its top: one beside a joint, and three that nearly cover "
    "each other, a pixel or two apart, below it.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **What did it keep? Colour each pixel by *where it came from*: orange grows down the exemplar, blue to its right.**


# %% slideshow={"slide_type": "skip"}
def place_colours(places, sides):
    down, across = (places[..., i, None] / (sides[i] - 1) for i in (0, 1))  # (H, W, 1), 0 to 1
    return np.clip(down * (0.90, 0.60, 0.0) + across * (0.0, 0.35, 0.85), 0, 1)


# %% slideshow={"slide_type": "skip"}
def key(sides):
    return place_colours(np.stack(np.indices(sides), axis=2), sides)  # each place's own colour


# %% slideshow={"slide_type": "skip"}
grown = growth[-1]
grown.sources.shape  # for each pixel the row and the column that it came from

# %%
strip(
    {
        "places": key((96, 96)),
        "grown": grown.image,
        "from": place_colours(grown.sources, (96, 96)),
    },
    title="Grown pixel by pixel, and yet in pieces",
    height=1.4,
    alt="A square that shades from black to orange downwards and to blue rightwards; the grown wall; and the same "
    "wall in the colours of the first square: one large smooth piece at the upper left, many smaller ones below "
    "and on the right, with sharp borders between them.",
)

# %% slideshow={"slide_type": "subslide"}
assert neighbours_kept(grown.sources) > 0.6, "most neighbours were neighbours in the exemplar"
share = 100 * neighbours_kept(grown.sources)
print(f"{share:.0f} % of neighbouring pixels were neighbours in the exemplar")

# %% [markdown]
# **Whole pieces are copied as they are, though each pixel was chosen alone.** Next to a copied pixel, the place beside
# its source fits best, often exactly. The largest piece is the seed's: it grew until it came to the exemplar's
# border, where nothing goes on, and other pieces had to be found.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One number to choose: the window
#
# **The window is how far a pixel sees. Smaller than what is to be kept, and that is lost.**

# %%
small = brick[:64, :64]
windows = {w: finish(efros_leung(small, 64, w, seed=0))[0] for w in (5, 9, 21)}
kept = {w: neighbours_kept(step.sources) for w, step in windows.items()}
print(table({"neighbours kept": {f"window {w}": share for w, share in kept.items()}}))

# %% slideshow={"slide_type": "subslide"}
strip(
    {"exemplar": small} | {f"window {w}": step.image for w, step in windows.items()},
    title="How far a pixel sees decides what is kept",
    height=1.4,
    alt="A brick wall and three grown from it. Window 5: joints turn corners as they like, beside a large plain "
    "area. Window 9: bricks, some of them much too long, some joints broken off. Window 21: long straight "
    "joints, nearly as in the exemplar.",
)

# %% slideshow={"slide_type": "skip"}
assert kept[5] + 0.1 < kept[9] < kept[21] - 0.02, "a larger window copies larger pieces"
print("more of the exemplar's neighbours are kept, the larger the window")

# %% [markdown]
# **With 5 pixels it knows that there are joints, not how far apart.** A brick is some 20 pixels long. And **a large
# window copies ever larger pieces: in the end the exemplar itself.** Between the two lies the art.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quilting: block by block
#
# **If pieces are what gets copied, copy pieces.** Efros and Freeman's image [quilting](glossary.md#quilting) (SIGGRAPH
# 2001) lays square blocks of the exemplar in rows. Each overlaps what lies there already. As in the paper's figure 2
# (second-hand), **there are three ways: any block; one of those that fit best; and one of those, joined along a
# *cut*.** (Those that fit best are within 1.1 of the best.)

# %%
ways = {
    "any block": {"tolerance": math.inf, "cut": straight_cut},
    "one that fits": {"cut": straight_cut},
    "and cut": {},
}
exemplars = {"brick": pixels("brick", 192, 128), "swirls": pixels("swirls", 160, 128)}
laid = lambda picture, how: finish(quilt(picture, 144, block=36, overlap=9, seed=1, **how))[0]
quilts = {}
for name, picture in exemplars.items():
    quilts[name] = {way: laid(picture, how) for way, how in ways.items()}
sum(len(row) for row in quilts.values())

# %% slideshow={"slide_type": "subslide"}
grid(
    {
        name: {"exemplar": exemplars[name]} | {way: step.image for way, step in row.items()}
        for name, row in quilts.items()
    },
    title="Blocks of 36 pixels, three ways to lay them",
    height=1.2,
    alt="Two rows, bricks and starry whirls. Any block: a patchwork of squares with hard edges. One that fits: "
    "bricks line up, and some edges of blocks show as straight lines. And cut: a wall, and a sky with stars and "
    "hills, in which seams are hard to find.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# In numbers: **the difference of neighbouring pixels across the seams, divided by that elsewhere**. **At 1, a seam is
# no rougher than the texture is.**

# %%
of_seams = lambda row: {way: seam_contrast(s.image, s.sources) for way, s in row.items()}
contrast = {name: of_seams(row) for name, row in quilts.items()}
for row in contrast.values():
    assert row["and cut"] < 0.85 * min(row["any block"], row["one that fits"]), "seams hide"
print(table(contrast, corner="contrast of the seams"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The cheapest cut
#
# Where two blocks overlap, both have an opinion on each pixel; **$e_{ij}$ is the squared difference of their colours in
# row $i$ and column $j$ of the overlap**: the [error surface](glossary.md#error-surface). **The [boundary
# cut](glossary.md#boundary-cut) goes from top to bottom, one pixel a row, at most one column sideways from row to
# row**; left of it stands the old block, from it on the new. The one along which the blocks differ least is found row
# by row. **Let $E_{ij}$ be the cost of the cheapest cut down to pixel $(i, j)$; it came from one of three:**
#
# $$E_{ij} = e_{ij} + \min(E_{i-1,\,j-1}, \; E_{i-1,\,j}, \; E_{i-1,\,j+1})$$
#
# In the last row the smallest $E$ is the cost of the whole cut; go back up from there, always to the smallest of the
# three above.


# %% slideshow={"slide_type": "subslide"}
def cheapest_cut(e):
    rows, columns = e.shape
    beside = lambda j: range(max(j - 1, 0), min(j + 2, columns))  # the columns within a step
    E = e.copy()
    for i in range(1, rows):
        for j in range(columns):
            E[i, j] = e[i, j] + min(E[i - 1, n] for n in beside(j))
    path = [int(E[-1].argmin())]
    for i in range(rows - 2, -1, -1):
        path.insert(0, min(beside(path[0]), key=lambda n: E[i, n]))
    return E, path


# %% tags=["nbval-check-output"]
e = np.array([[3.0, 1, 4], [1, 5, 9], [2, 6, 5], [3, 5, 8]])
E, path = cheapest_cut(e)
print(E.astype(int).tolist(), path)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **By hand: $E_{10} = 1 + \min(3, 1) = 2$, and so on.** **Here the cut goes down columns 1, 0, 0, 0 and costs
# $1 + 1 + 2 + 3 = 7$.**

# %%
numbers(
    {"e": e, "E": E},
    title="A surface of 4 x 3 errors, and the cost down to each pixel",
    height=1.7,
    alt="Two arrays of four rows and three columns with their numbers. Left e: 3 1 4, 1 5 9, 2 6 5, 3 5 8. Right E: "
    "3 1 4, 2 6 10, 4 8 11, 7 9 16.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Now a real overlap: a block of the wall, and the one that fits it least badly of a few far away.**

# %% slideshow={"slide_type": "skip"}
wall, side, overlap = exemplars["brick"], 36, 12
old, corners = wall[:side, :side], [(60, 10), (70, 40), (80, 70), (90, 90)]
old.shape

# %% slideshow={"slide_type": "skip"}
blocks = [wall[y : y + side, x : x + side] for y, x in corners]
surfaces = [((old[:, -overlap:] - new[:, :overlap]) ** 2).sum(axis=2) for new in blocks]
new, e = min(zip(blocks, surfaces, strict=True), key=lambda pair: pair[1].sum())
e.shape  # (rows, columns of the overlap)

# %%
E, path = cheapest_cut(e)
cut = minimum_cut(e)
cost = e[range(side), cut].sum()
assert cut.tolist() == path and np.isclose(cost, E[-1].min()), "one cut"
print(f"along the cut {cost:.2f}, straight down the best column {e.sum(axis=0).min():.2f}")


# %% slideshow={"slide_type": "skip"}
def joined(cut):
    taken = np.arange(overlap) >= cut[:, None]  # (rows, overlap): where the new block covers the old
    middle = np.where(taken[..., None], new[:, :overlap], old[:, -overlap:])
    return np.hstack([old[:, :-overlap], middle, new[:, overlap:]])


left, straight = side - overlap, straight_cut(e)
joined(cut).shape

# %%
cuts(
    {
        "straight": (joined(straight), left + straight),
        "e, and its cheapest cut": (e, cut),
        "cut": (joined(cut), left + cut),
        "without the line": (joined(cut), None),
    },
    title="Two blocks, joined",
    height=1.1,
    alt="Two blocks of the wall side by side, four times. A straight orange line, at which joints do not meet; the "
    "error surface, dark with bright spots, and an orange line that winds down around them; the blocks joined "
    "along that line; and the same without it.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Transfer: a photograph as the plan
#
# **For a transfer each block must also suit what it stands for: the [luminance](glossary.md#luminance) of the
# photograph there.** A block minimises
#
# $$\alpha \, (\text{overlap} + \text{result of the pass before}) + (1 - \alpha) \, (\text{luminance})$$
#
# in several passes. From pass to pass blocks shrink by a third (from memory) and, for pass $i$ of $N$,
# $\alpha_i = 0.1 + 0.8 \, \frac{i - 1}{N - 1}$ (second-hand): **first the photograph decides, at the end the seams**.
# **There is no network, no layer: content is luminance, style is pieces.**

# %% tags=["nbval-check-output"] slideshow={"slide_type": "subslide"}
block, passes = 15, 3
blocks = [round(block * (2 / 3) ** i) for i in range(passes)]
schedule = {}
for i, b in enumerate(blocks):
    alpha = 0.1 + 0.4 * i
    schedule[f"pass {i + 1}"] = {"block": b, "overlap": round(b / 3), "alpha": alpha}
print(table(schedule))

# %% slideshow={"slide_type": "skip"}
waves = pixels("waves", 192)
plans = {name: pixels(name, 144) for name in ("coffee", "chelsea")}
waves.shape

# %% slideshow={"slide_type": "skip"}
runs = {name: list(quilt_transfer(plan, waves, block, 5, passes)) for name, plan in plans.items()}
ends = {
    name: [max((s for s in run if s.done < i / passes + 1e-6), key=lambda s: s.done) for i in (1, 2, 3)]
    for name, run in runs.items()
}
{name: len(run) for name, run in runs.items()}  # a step for each row of blocks

# %% slideshow={"slide_type": "subslide"}
grid(
    {
        name: {"photograph": plans[name], "style": waves} | {f"pass {i + 1}": s.image for i, s in enumerate(ends[name])}
        for name in plans
    },
    title="Quilting a photograph out of waves",
    height=0.9,
    alt="Two rows. A cup on a saucer: painted in orange and dark green strokes, its rim and the dark saucer are "
    "there from the first pass on. A cat's face: only a bright bridge of the nose and dark and bright patches; "
    "no eyes. From pass to pass the patches lose their hard edges.",
)

# %% [markdown]
# **The cup survives: it is a few large areas, light and dark. The cat does not.**

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Compare luminances, split into a coarse part (a Gaussian of 3 pixels) and the rest, the fine part:** 1 would be the
# photograph's, 0 nothing in common.


# %% slideshow={"slide_type": "skip"}
def alike(x, y):
    return float(np.corrcoef(x.ravel(), y.ravel())[0, 1])


# %% slideshow={"slide_type": "skip"}
def coarse_and_fine(picture):
    Y = picture @ LUMINANCE  # (H, W)
    return gaussian_filter(Y, 3), Y - gaussian_filter(Y, 3)


# %%
survived = {}
for name, plan in plans.items():
    parts = zip(coarse_and_fine(plan), coarse_and_fine(ends[name][-1].image), strict=True)
    coarse, fine = (alike(*pair) for pair in parts)
    assert coarse > 0.85 and fine < 0.5, "large areas survive, details do not"
    survived[name] = {"coarse": coarse, "fine": fine}
print(table(survived, corner="correlation"))

# %% slideshow={"slide_type": "skip"}
seams = {name: {f"pass {i + 1}": seam_contrast(s.image, s.sources) for i, s in enumerate(ends[name])} for name in ends}
assert all(a > b for row in seams.values() for a, b in pairwise(row.values())), "each pass hides seams better"
print(table(seams, corner="contrast of the seams"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **An eye is a detail of the *right kind*; a method that compares luminances cannot know that.** This is what the
# content loss of a network is for (notebook 02).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Analogies: a filter, learned from one pair
#
# Hertzmann, Jacobs, Oliver, Curless and Salesin (SIGGRAPH 2001) ask: **$A$ is to $A'$ as $B$ is to what?** Here **$A'$
# is a piece of a painting and $A$ the same piece, blurred**: as if $A'$ was painted after the photograph $A$. **$B$ is
# our photograph.** **Each pixel of $B'$ is copied from that place of $A'$ whose surroundings agree best:** **those in
# $A$ with those in $B$, and what is there already of $B'$ with $A'$**; first in small pictures, then in larger ones.
# Only luminance is copied, colour stays that of $B$ (second-hand).
#
# $A$ and $A'$ need not be as bright as $B$. **So first $A$ gets $B$'s mean $\mu$ and deviation $\sigma$, and $A'$ goes
# through the same map:**
#
# $$Y \leftarrow (Y - \mu_A) \, \frac{\sigma_B}{\sigma_A} + \mu_B$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# **One number is left, $\kappa$.** **If a place that goes on where a neighbour's source was is at most
# $1 + 2^{l - L} \kappa$ times as far (squared distance) as the best one at level $l$, $L$ being the finest, it is taken
# instead.** This rule of [coherence](glossary.md#coherence) we state from memory; the paper may write it otherwise.

# %% slideshow={"slide_type": "skip"}
painting = pixels("waves", 128)[16:, :96]  # A', (80, 96, 3)
blurred = gaussian_filter(painting, (2, 2, 0))  # A
photograph = pixels("chelsea", 144)[:, 24:120]  # B, (96, 96, 3)
painting.shape, photograph.shape

# %%
answer = lambda kappa: finish(image_analogy(blurred, painting, photograph, 3, kappa))[0]
answers = {kappa: answer(kappa) for kappa in (0, 5, 25)}
shares = {kappa: neighbours_kept(step.sources) for kappa, step in answers.items()}
print(table({"neighbours kept": {f"kappa {kappa}": share for kappa, share in shares.items()}}))

# %% slideshow={"slide_type": "subslide"}
strip(
    {"A": blurred, "A'": painting, "B": photograph} | {f"B', kappa {k}": step.image for k, step in answers.items()},
    title="A is to A' as B is to B'",
    height=1.1,
    alt="Blurred waves; the waves; a cat's face; and three answers. Kappa 0: the cat, roughened by short strokes. "
    "Kappa 5: the cat in long brush strokes, eyes and nose still there. Kappa 25: the waves in the colours of a "
    "cat, and hardly a cat.",
)

# %% slideshow={"slide_type": "skip"}
luminances = {kappa: alike(step.image @ LUMINANCE, photograph @ LUMINANCE) for kappa, step in answers.items()}
assert shares[0] + 0.2 < shares[5] < shares[25] and luminances[0] > luminances[5] + 0.1 > luminances[25] + 0.2
print(table({"correlation with B": {f"kappa {kappa}": value for kappa, value in luminances.items()}}))

# %% [markdown]
# **$\kappa$ is the balance of content and style, before anybody had a content loss.** 0 copies single pixels and keeps
# the cat, 25 copies whole strokes and loses it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Is $A = A'$ the identity?** A filter that does nothing should do nothing to $B$. **It does not quite: $B'$ can only
# hold luminances that $A'$ has, and picks them by their surroundings**, not by their own value.

# %% slideshow={"slide_type": "skip"}
piece, face = painting[:64, :64], photograph[16:80, 16:80]  # smaller, for time
piece.shape, face.shape

# %% slideshow={"slide_type": "skip"}
nothing, _ = finish(image_analogy(piece, piece, face, 3, kappa=0))
Y_A, Y_B = piece @ LUMINANCE, face @ LUMINANCE
Y_A.shape

# %%
remapped = (Y_A - Y_A.mean()) * Y_B.std() / Y_A.std() + Y_B.mean()  # as above
copied = remapped[nothing.sources[..., 0], nothing.sources[..., 1]].clip(0, 1)
assert np.abs(copied - nothing.image @ LUMINANCE).max() < 1e-12, "B' has luminances of A'"
print(f"A = A': luminances differ from B's by {np.abs(copied - Y_B).mean():.3f} on average")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The other way round it is exact: **with $B = A$ every place finds itself, and the answer is $A'$.**

# %% slideshow={"slide_type": "skip"}
same, _ = finish(image_analogy(blurred[:64, :64], piece, blurred[:64, :64], 3, kappa=0))
assert np.abs(copied - Y_B).mean() > 0.01 and np.abs(same.image @ LUMINANCE - Y_A).max() < 1e-6
print(f"B = A: luminances differ from those of A' by at most {np.abs(same.image @ LUMINANCE - Y_A).max():.0e}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## PatchMatch: guess, tell the neighbours, look nearby
#
# All these methods ask for the nearest [patch](glossary.md#patch), and to compare with every place is slow. Barnes,
# Shechtman, Finkelstein and Goldman (SIGGRAPH 2009) **begin with a random place for each patch.** **Among thousands of
# guesses some are good; a good one is likely good for the neighbour too, moved along by a pixel.** **Then each patch
# tries a few places at random around the one it has**, in ever smaller windows. **The result is a
# [field](glossary.md#nearest-neighbour-field): for each patch of $a$ a place in $b$.**

# %% slideshow={"slide_type": "skip"}
a, b = pixels("chelsea", 128), pixels("astronaut", 128)
a.shape, b.shape

# %% slideshow={"slide_type": "skip"}
begin = time.perf_counter()
exact, errors = nearest_patches(a, b, patch=7)
slow = time.perf_counter() - begin
exact.shape  # (rows of patches, columns of patches, row and column in b)

# %%
begin = time.perf_counter()
matching = list(patch_match(a, b, patch=7, iterations=5, seed=0))
quick = time.perf_counter() - begin
print(f"exactly, all with all: {slow:.1f} s; PatchMatch, five passes: {quick:.1f} s")

# %% slideshow={"slide_type": "skip"}
fields = {f"pass {i}": field_of(matching[i], patch=7) for i in (0, 1, 5)} | {"exact": exact}
rebuilt = {name: matching[i].image for name, i in (("pass 0", 0), ("pass 1", 1), ("pass 5", 5))}
{name: field.shape for name, field in fields.items()}

# %% slideshow={"slide_type": "skip"}
middles = np.clip(np.indices(a.shape[:2]) - 3, 0, np.array(exact.shape[:2])[:, None, None] - 1)  # the nearest patch
at = exact[middles[0], middles[1]] + (np.indices(a.shape[:2]) - middles).transpose(1, 2, 0)
rebuilt["exact"] = b[at[..., 0], at[..., 1]]

# %% slideshow={"slide_type": "subslide"}
grid(
    {
        "field": {"": key(b.shape[:2])} | {name: place_colours(field, b.shape[:2]) for name, field in fields.items()},
        "picture": {"": a} | rebuilt,
    },
    title="The field in the colours of b's places, and a rebuilt from pixels of b",
    height=0.8,
    alt="Upper row: the key, black to orange downwards and to blue rightwards; then confetti; then upright and level "
    "pieces in orange and blue; then nearly all dark blue with one orange piece in the middle; and the exact "
    "field, much like it. Lower row: a cat; noise; a cat with red blots; a brown and grey cat; and the exact "
    "one, hardly better.",
)


# %% slideshow={"slide_type": "skip"}
def mean_distance(field):
    return float(np.sqrt(field_distances(a, b, field, 7) / (3 * 7**2)).mean())  # colours run from 0 to 1


# %% slideshow={"slide_type": "subslide"}
reached = {f"pass {i}": mean_distance(field_of(step, 7)) for i, step in enumerate(matching)}
best = mean_distance(exact)
print(table({"mean distance": reached | {"exact": best}}))

# %%
assert all(x >= y for x, y in pairwise(reached.values())), "never up"
assert reached["pass 0"] > 3 * best and best <= reached["pass 5"] < 1.1 * best
excess = 100 * (reached["pass 5"] / best - 1)
print(f"after five passes within {excess:.0f} % of the exact field")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The bridge: what is kept
#
# | method | keeps of the exemplar |
# |---|---|
# | Efros and Leung 1999 | every patch: it copies, pixel by pixel |
# | Efros and Freeman 2001 | whole blocks |
# | Portilla and Simoncelli 2000 | a list of averages chosen by hand, of the responses of fixed filters |
# | Gatys, Ecker and Bethge 2015 | the mean outer product of *learned* features: the Gram matrices |
# | Li and Wand 2016 | patches again, of features: $3 \times 3$ at `relu3_1`, `relu4_1`, each pulled to its nearest |

# %% [markdown] slideshow={"slide_type": "subslide"}
# **There are two families. One keeps the exemplar and looks things up**; it never paints a pixel that was not there,
# and it cannot abstract. **The other keeps *averages*, throws the exemplar away, and searches for a picture with the
# same averages.** For averages over positions, **the question is only: averages of what?** **The Gram matrix of
# responses $F$, $(N, M)$, is one answer for each kind of response:**
#
# $$G_{ij} = \sum_k F_{ik} \, F_{jk} \tag{Eq. 3}$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# **So keep the optimiser, the loss and the noise to begin with, and change the response only:**
#
# 1. **the patches themselves: $F$ has a row for each of the $3 \cdot 7 \cdot 7 = 147$ numbers of a $7 \times 7$
#    patch;**
# 2. **128 *random* [filters](glossary.md#filter) of $7 \times 7$ with a [ReLU](glossary.md#relu) behind them.** That
#    this goes far was shown by Ustyuzhaninov, Brendel, Gatys and Bethge (2016, "Texture synthesis using shallow
#    convolutional networks with random filters");
# 3. **the compact network, five layers, as in notebook 05.**


# %% slideshow={"slide_type": "skip"}
def patch_numbers(x):
    return unfold(pad(x - 0.5, (3, 3, 3, 3), mode="reflect"), 7)  # (1, 147, M)


# %% slideshow={"slide_type": "skip"}
filters = torch.randn(128, 3, 7, 7, generator=torch.Generator().manual_seed(0)) / 147**0.5


def random_responses(x):
    return conv2d(pad(x - 0.5, (3, 3, 3, 3), mode="reflect"), filters).relu().flatten(2)  # (1, 128, M)


# %%
def from_noise(image, respond, steps):
    A = gram_matrix(respond(image))
    noise = torch.rand(image.shape, generator=torch.Generator().manual_seed(0))
    at_noise = style_layer_loss(respond(noise), A).item()
    loss = lambda x: {"total": style_layer_loss(respond(x), A).sum() / at_noise}
    return minimise(noise, loss, steps)


# %% slideshow={"slide_type": "skip"}
network = load_network("compact", device="cpu")
{"patches": tuple(gram_matrix(patch_numbers(torch.rand(1, 3, 96, 96))).shape), "filters": tuple(filters.shape)}

# %% slideshow={"slide_type": "skip"}
targets = {name: load_image(name, size)[..., :96, :96] for name, size in (("brick", 192), ("swirls", 144))}
made = {name: {} for name in targets}  # name -> method -> (last step, seconds)
for name, image in targets.items():
    picture = to_array(image).astype(float)
    made[name]["pixels"] = (grown, growing) if name == "brick" else finish(efros_leung(picture, 96, 11, seed=0))
    made[name]["blocks"] = finish(quilt(picture, 96, block=24))
    made[name]["G: patches"] = finish(from_noise(image, patch_numbers, steps=30))
    made[name]["G: random"] = finish(from_noise(image, random_responses, steps=60))
    made[name]["G: network"] = finish(synthesise_texture(image, network, steps=120))

# %% slideshow={"slide_type": "skip"}
left = {
    name: {method: step.losses["total"] for method, (step, _) in row.items() if "G" in method}
    for name, row in made.items()
}
assert max(loss for row in left.values() for loss in row.values()) < 0.03, "each Gram matrix is matched"
print(f"the largest loss is {max(loss for row in left.values() for loss in row.values()):.3f} of the noise's")

# %% slideshow={"slide_type": "skip"}
rows = {
    name: {"exemplar": targets[name]} | {method: step.image for method, (step, _) in row.items()}
    for name, row in made.items()
}
{name: list(row) for name, row in rows.items()}

# %% slideshow={"slide_type": "subslide"}
grid(
    rows,
    title="Copied, and made from noise to have the same averages",
    height=1.0,
    alt="Two rows. Bricks: grown from pixels and quilted from blocks, walls like the exemplar. From the patches' "
    "Gram matrix: grey streaks across and down. From random filters: light lines that cross at right angles and "
    "enclose brick-like fields of all sizes. From the network: whole bricks between light joints, with grain. Whirls: "
    "grown and quilted, skies with stars and hills. Patches: yellow clouds. Random filters: blurred blue with "
    "yellow spots. Network: suns with rings and small stars on blue strokes.",
)


# %% slideshow={"slide_type": "skip"}
def halved(picture):
    starts = np.ndindex(2, 2)  # a copy may begin at an odd pixel: the four ways to halve 94 x 94 of 96 x 96 pixels
    return [picture[y : y + 94, x : x + 94].reshape(47, 2, 47, 2, 3).mean(axis=(1, 3)) for y, x in starts]


# %% slideshow={"slide_type": "skip"}
def apart(a, b):
    errors = np.min([nearest_patches(halved(a)[0], half, patch=7)[1] for half in halved(b)], axis=0)  # (41, 41)
    return float(np.sqrt(errors / (3 * 7**2)).mean())


# %% slideshow={"slide_type": "skip"}
def judged(name, step, seconds):
    image, exemplar = (to_array(x).astype(float) if torch.is_tensor(x) else x for x in (step.image, targets[name]))
    copied = {"neighbours kept": neighbours_kept(step.sources)} if hasattr(step, "sources") else {}
    return {
        "seconds": round(seconds, 2),
        "invented": apart(image, exemplar),
        "missing": apart(exemplar, image),
    } | copied


# %% slideshow={"slide_type": "skip"}
judge = lambda name: {method: judged(name, *result) for method, result in made[name].items()}
scores = {name: judge(name) for name in rows}
list(scores["brick"])

# %% slideshow={"slide_type": "subslide"}
print(*(table(scores[name], corner=name) for name in rows), sep="\n\n")

# %% slideshow={"slide_type": "skip"}
for row in scores.values():
    averages = {method: score["invented"] for method, score in row.items() if method.startswith("G")}
    assert max(averages, key=averages.get) == "G: patches", "averages of plain patches say least"
    assert max(row[method]["invented"] for method in ("pixels", "blocks")) < 0.75 * min(averages.values())
assert 0.7 < scores["brick"]["G: network"]["invented"] / scores["brick"]["G: random"]["invented"] < 1.4
assert scores["swirls"]["G: random"]["invented"] < 0.85 * scores["swirls"]["G: network"]["invented"]
print("copies invent least, averages of plain patches most")

# %% [markdown]
# **Invented: how far the picture's patches are from their nearest in the exemplar**, for patches of $7 \times 7$, on
# average, both at half size; **missing: the exemplar's patches from theirs in the picture.**

# %% [markdown] slideshow={"slide_type": "subslide"}
# **What is really to be seen:**
#
# - **Copies are closest and fastest, and nothing in them is new.** Nearly all of their neighbours were neighbours
#   before.
# - **Patches: all losses are matched, and there is no form.** Bricks become streaks along the two directions of the
#   joints, whirls become clouds.
# - **Random filters: bricks of a kind, lines that enclose fields.** A sky in the right colours, but spots instead of
#   whirls.
# - **The network: whole bricks; suns with rings, on strokes.** And a chequered grain, the price of our haste
#   (notebook 05).
#
# For the bricks the number puts random filters and the network level. For the whirls it prefers random filters, and the
# eye hardly will. **A number that compares pixels cannot judge form: none of these numbers is "quality".**

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Why are there no forms in the averages of patches?** **They are sums of products of *two* pixels**: how alike two
# pixels are that lie so and so far apart. And **a picture and its negative, $x$ and $1 - x$, have the same averages**,
# since the sign of $x - 0.5$ drops out of a product of two. The ReLU is what breaks this: it lets a light line pass and
# a dark one not.

# %% slideshow={"slide_type": "skip"}
x = targets["swirls"].double()
x.shape

# %%
positive, negative = (gram_matrix(patch_numbers(picture)) for picture in (x, 1 - x))
assert (positive - negative).abs().max() < 1e-9 * positive.abs().max(), "the same"
G, G_negative = (gram_matrix(random_responses(picture.float())) for picture in (x, 1 - x))
change = ((G - G_negative).norm() / G.norm()).item()
assert change > 0.5, "with a ReLU another"
print(f"patches: 0 %, random filters: {100 * change:.0f} % of G changed")

# %% [markdown] slideshow={"slide_type": "fragment"}
# That is how Gram matrices follow. **Copying keeps *too much*: it can only say again what the exemplar says. Averages
# say less, and what they say depends on what is averaged.** Averages of pixels forget form; put a ReLU in between, and
# some comes back; let the filters be *learned*, in several layers, and it is strokes and whirls that are counted. Li
# and Wand (2016) then went back half-way: patches again, copied and fitted, but patches of features.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - Growing, quilting, transfer and analogies all copy: each pixel was there before, and mostly so was its neighbour.
# - The size of window, block or $\kappa$ decides what is kept: too small loses structure, too large repeats the
#   exemplar.
# - A cut hides a seam, and the cheapest is found row by row. A random field of matches becomes good in five passes.
# - A transfer that compares luminances keeps large areas, not faces: content needs features, too.
# - A Gram matrix keeps an average. Of raw patches it has no form; with random filters and a ReLU some; with learned
#   features, strokes. That is the step that Gatys took.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - Portilla and Simoncelli's own list of averages, which needs wavelets.
# - Li and Wand's patches of features: $3 \times 3$ at `relu3_1` and `relu4_1`, each pulled to its nearest, by gradient.
# - Faster growth: coarse to fine, or patches instead of pixels. Quilting by graph cuts instead of row by row.
# - `python -m stylekit texture` makes all of these from your own pictures.
#
# ## Exercises
#
# ### 1. Cut by hand
#
# Two blocks overlap in three columns and four rows; their errors $e$ are below. On paper: fill in $E$ row by row,
# then go back up. Give the cut as a list of four columns, counted from 0, the top row first.

# %% slideshow={"slide_type": "skip"}
e = np.array([[2, 7, 3], [6, 4, 1], [8, 2, 9], [1, 6, 2]])
my_cut = [..., ..., ..., ...]
### BEGIN SOLUTION
# E: 2 7 3 / 8 6 4 / 14 6 13 / 7 12 8. Up from the 7: column 0, then 1 (6), then 2 (4), then 2 (3): 3 + 1 + 2 + 1 = 7.
my_cut = [2, 2, 1, 0]
### END SOLUTION

# %% slideshow={"slide_type": "skip"}
numbers(
    {"e": e},
    title="The errors",
    height=1.7,
    alt="An array of four rows and three columns: 2 7 3, 6 4 1, 8 2 9, 1 6 2.",
)

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
check_cut(e, my_cut)

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 2. Predict the window
#
# A white picture with a dark line, one pixel wide, in every sixth column. What is the smallest odd window with which
# Efros and Leung's method continues it without any fault? Think of a pixel and what it must see to know whether the
# next line is due.

# %% slideshow={"slide_type": "skip"}
smallest_window = ...
### BEGIN SOLUTION
# Five white pixels must be seen in a row to know that the sixth is dark: half a window of 5, a window of 2 x 5 + 1.
smallest_window = 11
### END SOLUTION

# %% slideshow={"slide_type": "skip"}
lines = np.full((24, 24, 3), 0.9)
lines[:, ::6] = 0.1
continued = {f"window {w}": finish(efros_leung(lines, 30, w, seed=0))[0].image for w in (7, 9, 11, 13)}
continued["window 7"].shape


# %% slideshow={"slide_type": "skip"}
def without_fault(picture):
    dark = picture[..., 0] < 0.5  # (30, 30)
    return any((dark == (np.arange(30) % 6 == first)).all() for first in range(6))


# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
check_value(smallest_window, min(int(name[7:]) for name, x in continued.items() if without_fault(x)))

# %% [markdown] slideshow={"slide_type": "skip"}
# Once you have answered, look:

# %% slideshow={"slide_type": "skip"}
strip(
    continued,
    title="Lines, continued with four windows",
    height=1.1,
    alt="Four squares with dark upright lines. Windows 7 and 9: lines at uneven distances, some begin or end "
    "half-way. Windows 11 and 13: even lines.",
)

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 3. Running away
#
# Two runs that went wrong. In the first the window is 3. In the second the window is 11, but places
# within 4 times the best count as candidates (tolerance 3, not 0.1). On the right, where each pixel is from.

# %% slideshow={"slide_type": "skip"}
sky = pixels("waves", 128, 74)[10:, 10:]  # (64, 64, 3)
stones = pixels("gravel", 192, 64)
stones.shape

# %% slideshow={"slide_type": "skip"}
away = {
    "window 3": finish(efros_leung(stones, 64, 3, seed=1))[0],
    "tolerance 3": finish(efros_leung(sky, 64, 11, seed=1, tolerance=3))[0],
}
print(table({"neighbours kept": {name: neighbours_kept(step.sources) for name, step in away.items()}}))

# %% slideshow={"slide_type": "skip"}
grid(
    {
        name: {"exemplar": exemplar, "grown": step.image, "from": place_colours(step.sources, (64, 64))}
        for (name, step), exemplar in zip(away.items(), (stones, sky), strict=True)
    },
    title="Garbage",
    height=1.05,
    alt="Two rows. Gravel; it turned into dark and bright crumbs on both sides of a diagonal strip; its sources are "
    "smooth in that strip and confetti elsewhere. Waves; they are whole in the middle and dissolve into specks "
    "along the upper and right sides; their sources are smooth in a large square and confetti around it.",
)

# %% [markdown] slideshow={"slide_type": "skip"}
# Why does the first turn to crumbs? Why does the second stay right up to a line, and dissolve beyond it? And why does
# neither of them recover?

# %% [markdown] slideshow={"slide_type": "skip"}
# <!-- ### BEGIN SOLUTION --> *The first.* A window of 3 sees eight pixels: too little to tell one stone from another.
# While a pixel continues a piece exactly, all is well: that is the strip. Where the piece meets the exemplar's
# border, or a random choice leaves it, the next neighbourhood is put together from two pieces, and the exemplar has
# none like it.
#
# *The second.* A piece that continues the exemplar has distance 0, and 4 times 0 is 0: the tolerance does nothing,
# and the seed's piece grows without a fault, up to the exemplar's border. Beyond it the best distance is not 0, and
# within 4 times of it lie many places that have little to do with each other. One is drawn, then the next from
# elsewhere.
#
# *Why no way back.* The rule is relative: it takes the best of what there is, however bad. A wrong pixel is part of
# every template around it; these look like nothing in the exemplar, so what is copied there is wrong as well, and so
# is the next template. Nothing is ever looked at again. A limit on the distance only delays this: it has to be raised
# when nothing passes, or the picture would never be finished. <!-- ### END SOLUTION -->

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 4. What quilting costs
#
# Quilting compares every block it lays with all places of the exemplar at once, and that takes about as long for a
# small block as for a large one. How many blocks are laid for a picture of $142 \times 142$ pixels with block 22 and
# overlap 2, and how many with block 12 and overlap 2? Give both in a list. So how many times as long does the second
# take, roughly?

# %% slideshow={"slide_type": "skip"}
my_blocks = ...
### BEGIN SOLUTION
my_blocks = [49, 196]  # a block adds 20, or 10, pixels: (142 - 2) / 20 = 7 and (142 - 2) / 10 = 14 in each direction
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
laid = [len(list(quilt(exemplars["brick"], 142, block, 2))) for block in (22, 12)]
check_value(my_blocks, laid)
