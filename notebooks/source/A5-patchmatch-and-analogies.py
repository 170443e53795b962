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
# # PatchMatch and image analogies
#
# **The question.** How does one find the most similar patch without looking everywhere, and how does one learn a filter
# from a single pair of pictures?
#
# **What you need to know.** Copying by windows and blocks (notebook 09).
#
# **How long it runs.** About 20 seconds on two cores.
#
# Two more methods from before networks; both copy, too. Pictures are arrays of shape $(H, W, 3)$, RGB in $[0, 1]$. We
# could not read the papers in full: what is *second-hand* or *from memory* is marked.

# %%
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter

from stylekit.colour import LUMINANCE
from stylekit.figures import maps, strip, table
from stylekit.images import load_image, to_array
from stylekit.patches import field_distances, field_of, image_analogy, nearest_patches, neighbours_kept, patch_match


# %%
def pixels(name, size):
    return to_array(load_image(name, size=size)).astype(float)


# %% [markdown]
# ## PatchMatch: guess, tell the neighbours, look nearby
#
# For each [patch](glossary.md#patch) of a picture $a$, here $7 \times 7$ pixels, the most similar one of a picture $b$
# is wanted: the [nearest-neighbour field](glossary.md#nearest-neighbour-field) $f$, a place in $b$ for each place in
# $a$. To compare all with all is slow. Barnes, Shechtman, Finkelstein and Goldman (SIGGRAPH 2009) begin with a random
# guess for each. Here are eight thousand guesses, and what they are off by, the root mean squared
# difference of colour:

# %%
a, b = pixels("swirls", 112), pixels("waves", 112)
places, last = np.array(a.shape[:2]) - 6, np.array(b.shape[:2]) - 7  # how many patches of a; the last place in b
f = np.random.default_rng(0).integers(0, last + 1, (*places, 2))


# %%
def difference(field):
    return np.sqrt(field_distances(a, b, field, patch=7) / (3 * 7**2))  # one number for each patch of a


# %% [markdown]
# Most guesses are bad, but of so many some are good. And **a good guess is good for the neighbour, too, moved along by
# one pixel**: $f(y, x) + (0, 1)$ is a good place for the patch at $(y, x + 1)$, for the two patches share six columns
# of seven. Take the best hundredth, and let each tell the patch on its right:

# %%
guessed = difference(f)[:, :-1]
best = guessed <= np.quantile(guessed, 0.01)
told = difference(np.roll(f, 1, axis=1).clip(0, last - (0, 1)) + (0, 1))[:, 1:]
own = difference(f)[:, 1:]
means = {"all": guessed, "the best": guessed[best], "right of them": own[best], "and when told": told[best]}
print(table({"mean difference": {name: float(x.mean()) for name, x in means.items()}}))

# %%
assert told[best].mean() < 1.1 * guessed[best].mean() < 0.5 * own[best].mean(), "good guesses are worth telling"

# %% [markdown]
# That is most of the method. In each pass every patch hears from two neighbours, from above and from the left, in the
# next pass from below and from the right, so that a good place travels on. Then it tries a few places at random around
# the one it has, in windows that shrink by half, from the whole picture down to a pixel. It keeps what is nearest, with
# $D$ the squared difference of two patches:
#
# $$f(y, x) \leftarrow \operatorname*{arg\,min}_{p} D\big((y, x), \, p\big), \qquad
# p \in \big\{ f(y, x), \; f(y - 1, x) + (1, 0), \; f(y, x - 1) + (0, 1), \; \text{random ones} \big\}$$

# %%
matching = list(patch_match(a, b, patch=7, iterations=5, seed=0))
fields = {f"pass {i}": field_of(step, patch=7) for i, step in enumerate(matching)}
fields["exact"], _ = nearest_patches(a, b, patch=7)  # all with all

# %%
reached = {name: float(difference(field).mean()) for name, field in fields.items()}
print(table({"mean difference": reached}))

# %%
*passes, exact = reached.values()
assert all(x > y for x, y in pairwise(passes)) and passes[0] > 2 * exact and exact <= passes[5] < 1.1 * exact
windows = int(np.log2(last.max() + 1)) + 1  # from the whole picture down to a pixel, each half as wide
print(f"{100 * (passes[5] / exact - 1):.0f} % above the exact field,", end=" ")
print(f"by {1 + 5 * (2 + windows)} comparisons for each patch instead of {np.prod(last + 1)}")

# %%
maps(
    {name: fields[name][..., 0] for name in ("pass 0", "pass 1", "pass 5", "exact")},
    title="The row of b from which each patch of a comes",
    height=1.8,
    shared=True,
    alt="Four maps. Pass 0: confetti. Pass 1: round spots of small numbers among level streaks of large ones. Pass 5: "
    "the same spots with even rims, on a calmer ground. The exact field, much like it.",
)

# %% [markdown]
# The stars find the upper part of $b$, where it is light, and the sky the lower. Each patch's middle pixel, taken from
# its place in $b$, gives a starry sky out of waves:

# %%
strip(
    {"a": a, "b": b, "pass 1": matching[1].image, "pass 5": matching[5].image},
    title="Picture a, rebuilt from pixels of b",
    height=1.8,
    alt="A blue night sky with yellow stars; orange waves above dark green ones; after pass 1 speckled stars in orange "
    "on a dark green sky; after pass 5 smooth yellow stars with pale rims, and hills.",
)

# %% [markdown]
# ## Analogies: a filter, learned from one pair
#
# Hertzmann, Jacobs, Oliver, Curless and Salesin (SIGGRAPH 2001) ask: $A$ is to $A'$ as $B$ is to what? Here $A'$ is a
# piece of a painting and $A$ the same piece, blurred, as if $A'$ was painted after the photograph $A$. $B$ is our
# photograph. Each pixel of $B'$ is copied from that place of $A'$ whose surroundings agree best: those in $A$ with
# those in $B$, and what is there already of $B'$ with $A'$; first in small pictures, then in larger ones. Only
# luminance is copied, colour stays that of $B$ (second-hand).

# %%
painting = pixels("waves", 128)[16:, :96]  # A', (80, 96, 3)
blurred = gaussian_filter(painting, (2, 2, 0))  # A
photograph = pixels("china", 128)  # B, (85, 128, 3)

# %%
strip(
    {"A": blurred, "A'": painting, "B": photograph},
    title="A pair, and a photograph",
    height=1.8,
    alt="Orange waves above dark green ones, blurred; the same, sharp; and a tower in a park under a pale sky.",
)

# %% [markdown]
# One number is to be chosen. If the nearest place is at the squared distance $d$, and a place that goes on where a
# neighbour's source was is at $d_{coh}$, the second is taken at level $l$ (the finest is $L$) if
#
# $$d_{coh} \le \left(1 + 2^{l - L} \kappa\right) d$$
#
# This rule of [coherence](glossary.md#coherence) we state from memory; the paper may write it otherwise.

# %%
answers = {}
for kappa in (0, 5, 25):
    *_, answers[f"kappa {kappa}"] = image_analogy(blurred, painting, photograph, levels=3, kappa=kappa)

# %%
strip(
    {name: step.image for name, step in answers.items()},
    title="B', with three values of kappa",
    height=2.2,
    alt="Kappa 0: the tower, roughened by short streaks. Kappa 5: the tower in long bent strokes. Kappa 25: the waves "
    "in the colours of the photograph, and hardly a tower.",
)

# %% [markdown]
# How much of $B$ is left, and how much of $A'$?

# %%
Y_B, rows = photograph @ LUMINANCE, {"neighbours kept": {}, "correlation with B": {}}
for name, step in answers.items():
    rows["neighbours kept"][name] = neighbours_kept(step.sources)
    rows["correlation with B"][name] = float(np.corrcoef((step.image @ LUMINANCE).ravel(), Y_B.ravel())[0, 1])
print(table(rows))

# %%
kept, alike = (list(row.values()) for row in rows.values())
assert kept[0] + 0.2 < kept[1] < kept[2] and alike[0] > alike[1] > alike[2] + 0.1, "kappa trades one for the other"

# %% [markdown]
# With 0 single pixels are copied and the tower is kept; with 25 whole strokes, and the tower goes. **So $\kappa$ is a
# balance of content and style, before anybody had a content loss.**
#
# $A$ and $A'$ need not be as bright as $B$. So first $A$ gets $B$'s mean $\mu$ and deviation $\sigma$, and $A'$ goes
# through the same map:
#
# $$Y \leftarrow (Y - \mu_A) \, \frac{\sigma_B}{\sigma_A} + \mu_B$$
#
# What $B'$ holds are the luminances of that $A'$, each with its place, and nothing else:

# %%
Y_A, step = blurred @ LUMINANCE, answers["kappa 0"]
Y = (painting @ LUMINANCE - Y_A.mean()) * Y_B.std() / Y_A.std() + Y_B.mean()
copied = Y[step.sources[..., 0], step.sources[..., 1]].clip(0, 1)
print(f"largest difference {np.abs(copied - step.image @ LUMINANCE).max():.0e}")

# %%
assert np.abs(copied - step.image @ LUMINANCE).max() < 1e-12, "B' has luminances of A'"

# %% [markdown]
# ## What we learned
#
# - Among many guesses a few are good, and what is good for a patch is good for its neighbour, moved along: five passes
#   come within a few per cent of a comparison of all with all.
# - A field of places can rebuild one picture from the pixels of another.
# - An analogy copies luminances by their surroundings; the weight of coherence decides between photograph and strokes.
#
# ## Roads not taken
#
# - *Patches of several sizes, turned and mirrored* in PatchMatch: more to guess, the same rules.
# - *Analogies of features* instead of luminances: Li and Wand's patches ([09](09-before-networks.ipynb)) go that way.
# - `python -m stylekit texture analogy BEFORE AFTER PHOTOGRAPH -o OUT` makes an analogy of your own pictures.
#
# ## Exercises
#
# 1. Exchange $a$ and $b$ in the first part. What are waves made of, now? Why is the field from $b$ to $a$ not the one
#    from $a$ to $b$, read backwards?
# 2. Patches of 3 and of 15 instead of 7: what becomes of the rebuilt picture, and of the maps?
# 3. Leave out the neighbours: only random places, as many for each patch. How near does that come?
# 4. If $A' = A$, the filter does nothing. Is $B' = B$? And if $B = A$, is $B' = A'$? Think first, then try both with
#    $\kappa = 0$.
