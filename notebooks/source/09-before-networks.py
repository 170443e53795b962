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
    minimum_cut,
    nearest_patches,
    neighbours_kept,
    quilt,
    quilt_transfer,
    seam_contrast,
    straight_cut,
)
from stylekit.transfer import synthesise_texture


# %% slideshow={"slide_type": "skip"}
def pixels(name, size, side=None):
    return to_array(load_image(name, size=size)[..., :side, :side]).astype(float)  # a corner of side x side


def last(steps):
    return list(steps)[-1]


# %% [markdown] slideshow={"slide_type": "slide"}
# ## Growing: pixel by pixel
#
# Efros and Leung (ICCV 1999) grow a texture around a seed. The picture that they copy from is the
# [exemplar](glossary.md#exemplar). An unfilled pixel beside filled ones looks around itself, in a *window*, a square of
# $w \times w$ pixels. What is filled there is its [template](glossary.md#template). **Where in the exemplar does it
# look like that? One of those places gives its middle pixel.**
#
# In a round each pixel at the border has its turn. Run the next cell and watch. (In the notebook as it is stored you
# see the end, and a few of the rounds.)

# %% slideshow={"slide_type": "skip"}
brick = pixels("brick", 192, 96)  # (96, 96, 3)
canvas = display(strip({"exemplar": brick, "grown": 0 * brick + 0.5}, height=2), display_id="growing")
growth = []
for step in efros_leung(brick, size=96, window=11, seed=0):
    growth.append(step)
    if len(growth) % 8 == 0 or step.done == 1:
        canvas.update(
            strip(
                {"exemplar": brick, "grown": step.image},
                title=f"Growing: {100 * step.done:.0f} % filled",
                height=2,
                alt="A brick wall, the exemplar, and a wall grown from nine of its pixels: bricks and joints lean as "
                "in the exemplar; near the right and lower sides some joints are crooked or end nowhere.",
            )
        )

# %%
strip(
    {f"round {i}": growth[i].image for i in (8, 20, 30, len(growth) - 1)},
    title="The same, round by round",
    height=1.5,
    alt="Four squares: a square patch of brick wall in the middle of grey, larger from round to round; at the end the "
    "wall fills the picture.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### One pixel by hand
#
# In the middle of the growth. Let $k$ run over the pixels of the window, $T_k$ be the template's colours, $X_k(p)$
# those of the exemplar's window around place $p$, $m_k = 1$ where the template is filled and 0 elsewhere, $g_k$ a
# Gaussian (1 in the middle, standard deviation $w / 6.4$; second-hand): near pixels count more. The distance of the
# template to place $p$ is
#
# $$d(p) = \frac{\sum_k g_k \, m_k \, |X_k(p) - T_k|^2}{\sum_k g_k \, m_k}$$

# %% slideshow={"slide_type": "skip"}
before, window, half = growth[30], 11, 5
filled = before.sources[..., 0] >= 0  # (96, 96); sources: which pixel of the exemplar was copied, -1 for none
row = 30
column = int(np.flatnonzero(filled[row]).max()) + 1  # the first unfilled pixel to the right

# %% slideshow={"slide_type": "skip"}
around = np.s_[row - half : row + half + 1, column - half : column + half + 1]
T, m = before.image[around], filled[around]  # (11, 11, 3), (11, 11)
offsets = np.arange(window) - half
g = np.exp(-0.5 * (offsets[:, None] ** 2 + offsets**2) / (window / 6.4) ** 2)  # (11, 11)

# %%
strip(
    {"so far": before.image, "the template": np.where(m[..., None], T, (0.9, 0.6, 0.0))},
    title="The half-grown wall, and the template of one pixel",
    height=1.8,
    alt="Left, the half-grown wall in the middle of a grey square. Right, large, the window of eleven by eleven "
    "pixels around a pixel at its right edge: a dark brick under a light joint on the left, orange on the right, "
    "where nothing is known yet.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# First as the formula reads, in a loop over all places; then as the package does it, by
# $|X - T|^2 = |X|^2 - 2\,X T + |T|^2$: sums of products over all places at once are what the Fourier transform is fast
# at.

# %%
d = np.zeros((86, 86))  # a place for each window that lies inside
for y, x in np.ndindex(86, 86):
    X = brick[y : y + window, x : x + window]
    d[y, x] = (g * m * ((X - T) ** 2).sum(axis=2)).sum() / (g * m).sum()

# %% slideshow={"slide_type": "fragment"}
weights = (g * m)[..., None]
fast = Search(brick).distances([(weights, T)]) / weights.sum()
assert np.abs(fast - d).max() < 1e-12, "one distance"
print(f"largest difference {np.abs(fast - d).max():.0e}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The *candidates* are the places within 1.1 of the best, $d(p) \le 1.1 \, \min d$. One of them, drawn at random, gives
# the pixel in the middle of its window. That is all of the method.

# %%
candidates = np.argwhere(d <= 1.1 * (d.min() + 1e-9))
assert 1 < len(candidates) < 10, "a few places look like the template"
print(len(candidates), "candidates of", d.size, "places")

# %%
frames(
    brick,
    {f"candidate {i}": (*corner, window, window) for i, corner in enumerate(candidates, start=1)},
    title="The candidates in the exemplar",
    height=2.4,
    alt="The brick wall with small coloured frames near its top: one beside a joint, and three that nearly cover "
    "each other, a pixel or two apart, below it.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What it kept
#
# Colour each pixel by *where it came from*: orange grows down the exemplar, blue to its right.


# %% slideshow={"slide_type": "skip"}
def place_colours(places, sides):
    down, across = (places[..., i, None] / (sides[i] - 1) for i in (0, 1))  # (H, W, 1), 0 to 1
    return np.clip(down * (0.90, 0.60, 0.0) + across * (0.0, 0.35, 0.85), 0, 1)


# %% slideshow={"slide_type": "skip"}
key = place_colours(np.stack(np.indices((96, 96)), axis=2), (96, 96))  # each place's own colour
grown = growth[-1]  # its sources, (96, 96, 2): for each pixel the row and the column that it came from

# %%
strip(
    {"places": key, "grown": grown.image, "from": place_colours(grown.sources, (96, 96))},
    title="Where each grown pixel came from",
    height=1.6,
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
# **The window is how far a pixel sees. Structure larger than it is lost.**

# %%
small = brick[:64, :64]
windows = {w: last(efros_leung(small, 64, w, seed=0)) for w in (5, 9, 21)}
kept = {f"window {w}": neighbours_kept(step.sources) for w, step in windows.items()}
print(table({"neighbours kept": kept}))

# %% slideshow={"slide_type": "subslide"}
strip(
    {"exemplar": small} | {f"window {w}": step.image for w, step in windows.items()},
    title="A wall grown with three windows",
    height=1.6,
    alt="A brick wall and three grown from it. Window 5: joints turn corners as they like, beside a large plain "
    "area. Window 9: bricks, some of them much too long, some joints broken off. Window 21: long straight "
    "joints, nearly as in the exemplar.",
)

# %% [markdown]
# With 5 pixels it knows that there are joints, not how far apart. A brick is some 20 pixels long. And a large window
# copies ever larger pieces: in the end the exemplar itself. Between the two lies the art.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Quilting: block by block
#
# **If pieces are what gets copied, copy pieces.** Efros and Freeman's image [quilting](glossary.md#quilting) (SIGGRAPH
# 2001) lays square blocks of the exemplar in rows. Each overlaps what lies there already. As in the paper's figure 2
# (second-hand), there are three ways: any block; one of those that fit best; and one of those, joined along a *cut*.
# (Those that fit best are within 1.1 of the best.)

# %%
ways = {
    "any block": {"tolerance": math.inf, "cut": straight_cut},
    "one that fits": {"cut": straight_cut},
    "and cut": {},
}
exemplars = {"brick": pixels("brick", 192, 128), "swirls": pixels("swirls", 160, 128)}
quilts = {}
for name, picture in exemplars.items():
    rows = {way: quilt(picture, 144, block=36, overlap=9, seed=1, **how) for way, how in ways.items()}
    quilts[name] = {way: last(steps) for way, steps in rows.items()}

# %% slideshow={"slide_type": "subslide"}
grid(
    {
        name: {"exemplar": exemplars[name]} | {way: step.image for way, step in row.items()}
        for name, row in quilts.items()
    },
    title="Blocks of 36 pixels, three ways to lay them",
    height=1.6,
    alt="Two rows, bricks and starry whirls. Any block: a patchwork of squares with hard edges. One that fits: "
    "bricks line up, and some edges of blocks show as straight lines. And cut: a wall, and a sky with stars and "
    "hills, in which seams are hard to find.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# In numbers: the difference of neighbouring pixels across the seams, divided by that elsewhere. At 1, a seam is no
# rougher than the texture is.

# %%
contrast = {}
for name, row in quilts.items():
    contrast[name] = {way: seam_contrast(step.image, step.sources) for way, step in row.items()}
print(table(contrast, corner="contrast of the seams"))

# %% slideshow={"slide_type": "skip"}
assert kept["window 5"] + 0.1 < kept["window 9"] < kept["window 21"] - 0.02, "a larger window copies larger pieces"
for row in contrast.values():
    assert row["and cut"] < 0.85 * min(row["any block"], row["one that fits"]), "a cut makes a seam less visible"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The cheapest cut
#
# Where two blocks overlap, both have an opinion on each pixel; $e_{ij}$ is the squared difference of their colours in
# row $i$ and column $j$ of the overlap: the [error surface](glossary.md#error-surface). The [boundary
# cut](glossary.md#boundary-cut) goes from top to bottom, one pixel a row, at most one column sideways from row to
# row; left of it stands the old block, from it on the new. The one along which the blocks differ least is found row
# by row. **Let $E_{ij}$ be the cost of the cheapest cut down to pixel $(i, j)$; it came from one of three:**
#
# $$E_{ij} = e_{ij} + \min(E_{i-1,\,j-1}, \; E_{i-1,\,j}, \; E_{i-1,\,j+1})$$
#
# In the last row the smallest $E$ is the cost of the whole cut; go back up from there, always to the smallest of the
# three above. In the example below $E_{10} = 1 + \min(3, 1) = 2$, and so on; the cut goes down columns 1, 0, 0, 0 and
# costs $1 + 1 + 2 + 3 = 7$.


# %% slideshow={"slide_type": "subslide"}
def cheapest_cut(e):
    rows, columns = e.shape
    E = e.copy()
    for i in range(1, rows):
        for j in range(columns):
            E[i, j] = e[i, j] + E[i - 1, max(j - 1, 0) : j + 2].min()  # those within a step
    path = [int(E[-1].argmin())]
    for i in range(rows - 2, -1, -1):
        first = max(path[0] - 1, 0)
        path.insert(0, first + int(E[i, first : path[0] + 2].argmin()))
    return E, path


# %% tags=["nbval-check-output"]
e = np.array([[3.0, 1, 4], [1, 5, 9], [2, 6, 5], [3, 5, 8]])
E, path = cheapest_cut(e)
print(E.astype(int).tolist(), path)

# %% slideshow={"slide_type": "subslide"}
numbers(
    {"e": e, "E": E},
    title="A surface of 4 x 3 errors, and the cost down to each pixel",
    height=1.7,
    alt="Two arrays of four rows and three columns with their numbers. Left e: 3 1 4, 1 5 9, 2 6 5, 3 5 8. Right E: "
    "3 1 4, 2 6 10, 4 8 11, 7 9 16.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now a real overlap: two blocks of the starry sky that do not belong together.

# %% slideshow={"slide_type": "skip"}
sky, side, overlap = exemplars["swirls"], 48, 24
old, new = sky[:side, 40 : 40 + side], sky[30 : 30 + side, 20 : 20 + side]
e = ((old[:, -overlap:] - new[:, :overlap]) ** 2).sum(axis=2)  # (48, 24)

# %%
E, path = cheapest_cut(e)
cut, straight = minimum_cut(e), straight_cut(e)
assert cut.tolist() == path and np.isclose(e[range(side), cut].sum(), E[-1].min()), "one cut"
print(f"along the cut {E[-1].min():.2f}, straight down the best column {e.sum(axis=0).min():.2f}")


# %% slideshow={"slide_type": "skip"}
def joined(cut):
    taken = np.arange(overlap) >= cut[:, None]  # (rows, overlap): where the new block covers the old
    middle = np.where(taken[..., None], new[:, :overlap], old[:, -overlap:])
    return np.hstack([old[:, :-overlap], middle, new[:, overlap:]])


# %%
cuts(
    {
        "straight": (joined(straight), None),
        "e, and its cheapest cut": (e, cut),
        "along the cut": (joined(cut), side - overlap + cut),
        "the same, without the line": (joined(cut), None),
    },
    title="Two blocks, joined in two ways",
    height=1.6,
    alt="Joined along a straight line: a large star is cut off in the middle, and half of a small one sticks to it. "
    "The error surface, bright where the large star lies, and an orange line that goes down on its right. The "
    "blocks joined along that line, with it and without: the large star is whole, and no seam is to be seen.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Transfer: a photograph as the plan
#
# For a transfer each block must also suit what it stands for: the [luminance](glossary.md#luminance) of the photograph
# there. A block minimises
#
# $$\alpha \, (\text{overlap} + \text{result of the pass before}) + (1 - \alpha) \, (\text{luminance})$$
#
# in several passes. From pass to pass blocks shrink by a third (from memory) and, for pass $i$ of $N$,
# $\alpha_i = 0.1 + 0.8 \, \frac{i - 1}{N - 1}$ (second-hand): first the photograph decides, at the end the seams.
# **There is no network, no layer: content is luminance, style is pieces.**

# %% tags=["nbval-check-output"] slideshow={"slide_type": "subslide"}
blocks = [round(15 * (2 / 3) ** i) for i in range(3)]
alphas = [0.1 + 0.8 * i / 2 for i in range(3)]
passes = [{"block": b, "overlap": round(b / 3), "alpha": alpha} for b, alpha in zip(blocks, alphas, strict=True)]
print(table({f"pass {i}": row for i, row in enumerate(passes, start=1)}))

# %% slideshow={"slide_type": "skip"}
waves = pixels("waves", 192)
plans = {name: pixels(name, 144) for name in ("coffee", "chelsea", "china")}
runs = {name: list(quilt_transfer(plan, waves, block=15, overlap=5, iterations=3)) for name, plan in plans.items()}
ends = {name: [[s for s in run if s.done < i / 3 + 1e-6][-1] for i in (1, 2, 3)] for name, run in runs.items()}

# %% slideshow={"slide_type": "subslide"}
grid(
    {
        name: {"photograph": plans[name], "style": waves, "pass 1": steps[0].image, "pass 3": steps[2].image}
        for name, steps in ends.items()
    },
    title="Three photographs, quilted out of waves",
    height=1.5,
    alt="Three rows. A cup on a saucer: in orange and dark green strokes, its rim and the dark saucer are there. A "
    "cat's face: dark and bright patches, no cat. A tower in a park: a dark bulk before a bright sky. After pass 1 the "
    "blocks have hard edges, after pass 3 hardly.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# To our eye: a cup, a tower of a kind, no cat. Does the luminance say so? Split it into a coarse part (a Gaussian of 3
# pixels) and the rest, the fine part, and correlate each with that of the photograph: 1 would be the photograph's, 0
# nothing in common. The last column says how much of the photograph's variance is fine.


# %% slideshow={"slide_type": "skip"}
def coarse_and_fine(picture):
    Y = picture @ LUMINANCE  # (H, W)
    return gaussian_filter(Y, 3), Y - gaussian_filter(Y, 3)


def squinted(picture):
    return np.repeat(coarse_and_fine(picture)[0][..., None], 3, axis=2)


# %%
survived = {}
for name, plan in plans.items():
    pairs = zip(coarse_and_fine(plan), coarse_and_fine(ends[name][-1].image), strict=True)
    coarse, fine = (float(np.corrcoef(x.ravel(), y.ravel())[0, 1]) for x, y in pairs)
    share = float(coarse_and_fine(plan)[1].var() / (plan @ LUMINANCE).var())
    survived[name] = {"coarse": coarse, "fine": fine, "fine in the photograph": share}
print(table(survived, corner="correlation"))

# %% slideshow={"slide_type": "skip"}
assert all(row["coarse"] > 0.88 and row["fine"] < 0.4 for row in survived.values()), "coarse is kept, fine is not"
assert abs(survived["coffee"]["coarse"] - survived["chelsea"]["coarse"]) < 0.08, "cup and cat hardly differ"
seams = [[seam_contrast(step.image, step.sources) for step in steps] for steps in ends.values()]
assert all(a > b for row in seams for a, b in pairwise(row)), "each pass makes seams less visible"

# %% [markdown]
# It does not. Of all three the coarse light and dark is kept and most of the fine is lost, and for cup and cat the
# numbers are nearly the same. So the cat is there. Take the colours away, blur, and she looks at you:

# %% slideshow={"slide_type": "subslide"}
strip(
    {"photograph": squinted(plans["chelsea"]), "quilted": squinted(ends["chelsea"][-1].image)},
    title="The coarse luminance of the cat, before and after",
    height=2.2,
    alt="Two blurred grey pictures of one cat's face, with eyes and nose in the same places; in the second the "
    "contrast is larger and the edges are ragged.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# What hides her, to our eye, are orange and blue, which came with the pieces, and strokes in the place of her fine
# parts. Of these she has more to lose than the others: about a quarter of her variance. Luminance cannot say which of
# them matter, an eye or the grain of a table; notebook 02 asks a network instead.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Two more methods
#
# *Image analogies* (Hertzmann, Jacobs, Oliver, Curless and Salesin, SIGGRAPH 2001) learn a filter from one pair of
# pictures: $A$ is to $A'$ as $B$ is to what? The answer is copied from $A'$, pixel by pixel, and one number balances
# the photograph against the strokes. Appendix [A5](A5-patchmatch-and-analogies.ipynb) paints with it.
#
# *PatchMatch* (Barnes, Shechtman, Finkelstein and Goldman, SIGGRAPH 2009) finds for each [patch](glossary.md#patch) of
# one picture a similar one in another, by guesses that neighbours tell each other instead of a comparison with every
# place. It is in appendix [A5](A5-patchmatch-and-analogies.ipynb), too.

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
# There are two families. **One keeps the exemplar and looks things up; the other keeps averages, throws the exemplar
# away, and searches for a picture with the same averages.** The first never paints a pixel that was not there, and it
# cannot abstract. Of the second the question is only: averages of what? The Gram matrix of responses $F$, $(N, M)$, is
# one answer for each kind of response:
#
# $$G_{ij} = \sum_k F_{ik} \, F_{jk} \tag{Eq. 3}$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### One loss, three responses
#
# So keep the optimiser, the loss and the noise to begin with, and change the response only:
#
# 1. the patches themselves: $F$ has a row for each of the $3 \cdot 7 \cdot 7 = 147$ numbers of a $7 \times 7$ patch;
# 2. 128 *random* [filters](glossary.md#filter) of $7 \times 7$ with a [ReLU](glossary.md#relu) behind them. That this
#    goes far was shown by Ustyuzhaninov, Brendel, Gatys and Bethge (2016, "Texture synthesis using shallow
#    convolutional networks with random filters");
# 3. the compact network, five layers, as in notebook 05.


# %% slideshow={"slide_type": "skip"}
def patch_numbers(x):
    return unfold(pad(x - 0.5, (3, 3, 3, 3), mode="reflect"), 7)  # (1, 147, M)


filters = torch.randn(128, 3, 7, 7, generator=torch.Generator().manual_seed(0)) / 147**0.5


def random_responses(x):
    return conv2d(pad(x - 0.5, (3, 3, 3, 3), mode="reflect"), filters).relu().flatten(2)  # (1, 128, M)


# %%
def from_noise(image, respond, steps):
    A = gram_matrix(respond(image))
    noise = torch.rand(image.shape, generator=torch.Generator().manual_seed(0))
    at_noise = style_layer_loss(respond(noise), A).item()

    def objective(x):
        return {"total": style_layer_loss(respond(x), A).sum() / at_noise}

    return minimise(noise, objective, steps)


# %% slideshow={"slide_type": "skip"}
network = load_network("compact", device="cpu")
targets = {name: load_image(name, size)[..., :96, :96] for name, size in (("brick", 192), ("swirls", 144))}
made = {name: {} for name in targets}  # name -> method -> last step
for name, image in targets.items():
    picture = to_array(image).astype(float)
    made[name]["pixels"] = grown if name == "brick" else last(efros_leung(picture, 96, 11, seed=0))
    made[name]["blocks"] = last(quilt(picture, 96, block=24))
    made[name]["G: patches"] = last(from_noise(image, patch_numbers, steps=30))
    made[name]["G: random"] = last(from_noise(image, random_responses, steps=60))
    made[name]["G: network"] = last(synthesise_texture(image, network, steps=120))

# %% slideshow={"slide_type": "subslide"}
grid(
    {
        name: {"exemplar": targets[name]} | {method: step.image for method, step in row.items()}
        for name, row in made.items()
    },
    title="Copied, and made from noise to have the same averages",
    height=1.5,
    alt="Two rows. Bricks: grown from pixels and quilted from blocks, walls like the exemplar. From the patches' "
    "Gram matrix: grey streaks across and down. From random filters: light lines that cross at right angles and "
    "enclose brick-like fields of all sizes. From the network: whole bricks between light joints, with grain. Whirls: "
    "grown and quilted, skies with stars and hills. Patches: yellow clouds. Random filters: blurred blue with "
    "yellow spots. Network: suns with rings and small stars on blue strokes.",
)

# %% [markdown]
# Two distances, for patches of $7 \times 7$, on average, both pictures at half size. *Invented*: how far the picture's
# patches are from their nearest in the exemplar. *Missing*: the exemplar's patches from theirs in the picture.


# %% slideshow={"slide_type": "skip"}
def halved(picture):
    starts = np.ndindex(2, 2)  # a copy may begin at an odd pixel: the four ways to halve 94 x 94 of 96 x 96 pixels
    return [picture[y : y + 94, x : x + 94].reshape(47, 2, 47, 2, 3).mean(axis=(1, 3)) for y, x in starts]


def apart(a, b):
    errors = np.min([nearest_patches(halved(a)[0], half, patch=7)[1] for half in halved(b)], axis=0)  # (41, 41)
    return float(np.sqrt(errors / (3 * 7**2)).mean())


# %% slideshow={"slide_type": "skip"}
def judged(name, step):
    image, exemplar = (to_array(x).astype(float) if torch.is_tensor(x) else x for x in (step.image, targets[name]))
    copied = {"neighbours kept": neighbours_kept(step.sources)} if hasattr(step, "sources") else {}
    return {"invented": apart(image, exemplar), "missing": apart(exemplar, image)} | copied


# %% slideshow={"slide_type": "subslide"}
scores = {name: {method: judged(name, step) for method, step in row.items()} for name, row in made.items()}
print(*(table(row, corner=name) for name, row in scores.items()), sep="\n\n")

# %% slideshow={"slide_type": "skip"}
for name, row in scores.items():
    assert max(made[name][method].losses["total"] for method in row if "G" in method) < 0.03, "each is matched"
    patches, filtered, learned = (row[f"G: {method}"]["invented"] for method in ("patches", "random", "network"))
    assert max(row["pixels"]["invented"], row["blocks"]["invented"]) < 0.75 * filtered, "copies invent least"
    assert filtered < 0.9 * learned < 0.9 * patches, "the number prefers random filters, and patches least"

# %% [markdown] slideshow={"slide_type": "subslide"}
# What is to be seen, and what the numbers say:
#
# - Copies: nearest to the exemplar, and nothing in them is new. Of their neighbours most were neighbours before,
#   with blocks nearly all.
# - Patches: all losses are matched, and there is no form. Bricks become streaks along the two directions of the joints,
#   whirls become clouds.
# - Random filters: bricks of a kind, lines that enclose fields. A sky in the right colours, but spots instead of
#   whirls.
# - The network: whole bricks; suns with rings, on strokes. And a chequered grain, the price of our haste (notebook 05).
#
# In both tables *invented* is smaller for random filters than for the network (with two other seeds, too), and the eye
# hardly agrees. **A number that compares pixels cannot judge form.**

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Why patches have no form
#
# Their averages are sums of products of *two* pixels: how alike two pixels are that lie so and so far apart. And **a
# picture and its negative, $x$ and $1 - x$, have the same averages**, since the sign of $x - 0.5$ drops out of a
# product of two. The ReLU is what breaks this: it lets a light line pass and a dark one not.

# %%
x = targets["swirls"].double()
positive, negative = (gram_matrix(patch_numbers(picture)) for picture in (x, 1 - x))
assert (positive - negative).abs().max() < 1e-9 * positive.abs().max(), "the same"
G, G_negative = (gram_matrix(random_responses(picture.float())) for picture in (x, 1 - x))
change = ((G - G_negative).norm() / G.norm()).item()
assert change > 0.5, "with a ReLU another"
print(f"patches: 0 %, random filters: {100 * change:.0f} % of G changed")

# %% [markdown] slideshow={"slide_type": "fragment"}
# That is how Gram matrices follow. Copying keeps *too much*: it can only say again what the exemplar says. Averages
# say less, and what they say depends on what is averaged. Averages of pixels forget form; put a ReLU in between, and
# some comes back; let the filters be *learned*, in several layers, and it is strokes and whirls that are counted. Li
# and Wand (2016) then went back half-way: patches again, copied and fitted, but patches of features.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## From 1962 to today
#
# Before networks:
#
# | year | who | what |
# |---|---|---|
# | 1962 | Julesz | which averages of a texture, over points, over pairs of points, does the eye go by? |
# | 1995 | Heeger and Bergen | from noise: the histograms of pixels and of filters' responses are matched |
# | 1999 | Efros and Leung | a texture grows, pixel by pixel |
# | 2000 | Portilla and Simoncelli | from noise: a list of averages of wavelet responses, products of pairs among them |
# | 2001 | Efros and Freeman | blocks and cuts, with a photograph as the plan |
# | 2001 | Hertzmann and others | image analogies: a filter, learned from one pair of pictures |
# | 2009 | Barnes and others | PatchMatch: similar patches, by guesses that neighbours share |

# %% [markdown] slideshow={"slide_type": "subslide"}
# With networks (the last column: the notebook here):
#
# | year | who | what | arXiv | |
# |---|---|---|---|---|
# | 2014 | Simonyan, Zisserman | VGG-19, which names what a photograph shows | 1409.1556 | 01 |
# | 2015 | Mahendran, Vedaldi | a picture from the responses of a layer | 1412.0035 | 02 |
# | 2015 | Gatys, Ecker, Bethge | a texture from Gram matrices | 1505.07376 | 05 |
# | 2015 | Gatys, Ecker, Bethge | content and style in one loss | 1508.06576 | 06 |
# | 2016 | Johnson, Alahi, Fei-Fei | a second network paints in one pass | 1603.08155 | 10 |
# | 2017 | Huang, Belongie | AdaIN: any style in one pass | 1703.06868 | |
# | 2020 | Ho, Jain, Abbeel | diffusion: noise is taken away, step by step | 2006.11239 | |
# | 2022 | Rombach and others | latent diffusion, led by words: a style is named | 2112.10752 | |

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - Growing, quilting and its transfer copy: each pixel was there before. Unless the window is too small, so was most
#   often its neighbour.
# - The window decides what is kept: too small loses structure, too large repeats the exemplar.
# - A cut makes a seam less visible, and the cheapest is found row by row.
# - A transfer by luminance keeps the coarse light and dark of the photograph, a face's too, and little of what is fine.
# - A Gram matrix keeps averages. Of raw patches they have no form; with random filters and a ReLU some; with learned
#   features, bricks and suns. That is the step that Gatys took.

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

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
check_cut(e, my_cut)

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 2. Predict the window
#
# A white picture with a dark line, one pixel wide, in every sixth column. What is the smallest odd window with which
# Efros and Leung's method continues it without any fault? Think of a pixel and what it must see to know whether the
# next line is due. (The picture at the end of the exercise is for those who have answered.)

# %% slideshow={"slide_type": "skip"}
smallest_window = ...
### BEGIN SOLUTION
# Five white pixels must be seen in a row to know that the sixth is dark: half a window of 5, a window of 2 x 5 + 1.
smallest_window = 11
### END SOLUTION

# %% slideshow={"slide_type": "skip"}
lines = np.full((24, 24, 3), 0.9)
lines[:, ::6] = 0.1
continued = {f"window {w}": last(efros_leung(lines, 30, w, seed=0)).image for w in (7, 9, 11, 13)}


def without_fault(picture):
    dark = picture[..., 0] < 0.5  # (30, 30)
    return any((dark == (np.arange(30) % 6 == first)).all() for first in range(6))


# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
check_value(smallest_window, min(int(name[7:]) for name, x in continued.items() if without_fault(x)))

# %% slideshow={"slide_type": "skip"}
strip(
    continued,
    title="Lines, continued with four windows",
    height=1.5,
    alt="Four squares with dark upright lines. Windows 7 and 9: lines at uneven distances, some begin or end "
    "half-way. Windows 11 and 13: even lines.",
)

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 3. Running away
#
# Two runs that went wrong. In the first the window is 3. In the second the window is 11, but places
# within 4 times the best count as candidates (tolerance 3, not 0.1). On the right, where each pixel is from.
#
# Why does the first turn to crumbs? Why does the second stay right up to a line, and dissolve beyond it? And why does
# neither of them recover?

# %% slideshow={"slide_type": "skip"}
sky, stones = pixels("waves", 128, 74)[10:, 10:], pixels("gravel", 192, 64)  # (64, 64, 3) each
away = {"window 3": last(efros_leung(stones, 64, 3, seed=1))}
away["tolerance 3"] = last(efros_leung(sky, 64, 11, seed=1, tolerance=3))
print(table({"neighbours kept": {name: neighbours_kept(step.sources) for name, step in away.items()}}))

# %% slideshow={"slide_type": "skip"}
grid(
    {
        name: {"exemplar": exemplar, "grown": step.image, "from": place_colours(step.sources, (64, 64))}
        for (name, step), exemplar in zip(away.items(), (stones, sky), strict=True)
    },
    title="Two runs that went wrong",
    height=1.6,
    alt="Two rows. Gravel; it turned into dark and bright crumbs on both sides of a diagonal strip; its sources are "
    "smooth in that strip and confetti elsewhere. Waves; they are whole in the middle and dissolve into specks "
    "along the sides; their sources are smooth in a large square and confetti around it.",
)

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
