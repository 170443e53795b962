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
# # A film, frame by frame
#
# **The question.** A network paints a photograph in milliseconds, so it can paint each frame of a film. Why does the
# painted film flicker, and what calms it?
#
# **What you need to know.** A painting in one pass (notebook 10).
#
# **How long it runs.** About 10 seconds on two cores.
#
# Photographs and films by telephone are where most people meet style transfer, and the slides name such programs.
# `python -m stylekit apply STYLE FILM -o OUT` is the kit's own: it takes a video file or an animated GIF, paints each
# frame, and keeps the sound. This notebook is about the one thing that it has to do beyond painting.

# %%
import math

import torch

# %%
from stylekit.feedforward import load_transformer
from stylekit.feedforward.motion import Steady, flicker, flow_between, trust, warp
from stylekit.feedforward.tiles import transform
from stylekit.figures import strip, table
from stylekit.images import load_image

# %% [markdown]
# ## Seven frames
#
# A short film whose motion we know: the camera pans over a cup of coffee, three pixels from frame to frame, and in
# front of it a picture of a cat moves by five pixels the other way. Like each camera, ours adds a little noise.

# %%
cup, cat = load_image("coffee", 256), load_image("chelsea", 128)[..., 8:64, 40:96]
chance = torch.Generator().manual_seed(0)


# %%
def seen_by_camera(picture):
    return (picture + 0.01 * torch.randn(picture.shape, generator=chance)).clamp(0, 1)


# %%
def frame(n):
    picture = cup[..., 10:138, 16 + 3 * n : 176 + 3 * n].clone()
    picture[..., 60:116, 12 + 5 * n : 68 + 5 * n] = cat
    return seen_by_camera(picture)


# %%
film = [frame(n) for n in range(7)]
painter = load_transformer("waves", "cpu")
painted = [transform(painter, picture) for picture in film]

# %%
strip(
    {"frame 1": film[0], "frame 4": film[3], "frame 7": film[6]},
    title="The film",
    height=2.0,
    alt="Three frames: a cup of coffee on a red saucer moves to the left, a square picture of a cat in front of it to "
    "the right.",
)

# %% [markdown]
# ## Where was each pixel before?
#
# **A point of the scene keeps its colour while it moves.** If $I_t$ is the frame now and $I_{t-1}$ the one before, each
# pixel has a displacement $(u, v)$ with
#
# $$I_t(x, y) = I_{t-1}(x + u, \; y + v)$$
#
# The field of all $(u, v)$ is the [optical flow](glossary.md#optical-flow). One pixel is one equation for two unknowns,
# so one pixel cannot tell. **But neighbours move alike: take a window, and least squares** (Lucas and Kanade, 1981).
# For a small step $(d_x, d_y)$ from where we are, with the gradient $(g_x, g_y)$ of the frame before and what is left
# to explain, $r = I_t - I_{t-1}$:
#
# $$\begin{pmatrix} \sum g_x^2 & \sum g_x g_y \\ \sum g_x g_y & \sum g_y^2 \end{pmatrix}
# \begin{pmatrix} d_x \\ d_y \end{pmatrix} = \begin{pmatrix} \sum g_x r \\ \sum g_y r \end{pmatrix}$$
#
# Then the frame before is moved by what was found, and all is repeated. Here is the pan without the cat, with the whole
# frame as one window:


# %%
def step(present, past):
    """Return the solution of the two equations, for grey pictures (1, 1, H, W)."""
    gx = (past[..., 1:-1, 2:] - past[..., 1:-1, :-2]) / 2
    gy = (past[..., 2:, 1:-1] - past[..., :-2, 1:-1]) / 2
    r = (present - past)[..., 1:-1, 1:-1]
    matrix = torch.stack([(gx * gx).sum(), (gx * gy).sum(), (gx * gy).sum(), (gy * gy).sum()]).view(2, 2)
    return torch.linalg.solve(matrix, torch.stack([(gx * r).sum(), (gy * r).sum()]))


# %%
past, present = (cup[..., 10:138, left : left + 160].mean(1, keepdim=True) for left in (16, 19))
past.shape, present.shape

# %%
found = torch.zeros(2)
for _ in range(8):
    flow = found.view(1, 2, 1, 1).expand(1, 2, *past.shape[-2:])
    found = found + step(present, warp(past, flow))
    print(f"u = {found[0]:.3f}, v = {found[1]:.3f}")

# %%
assert torch.allclose(found, torch.tensor([3.0, 0.0]), atol=0.05), "three pixels to the right, none down"

# %% [markdown]
# The first step falls short, for the picture is no straight line over three pixels; after six the motion is known to a
# hundredth of a pixel. `flow_between` does the same with a window around every pixel (scikit-image's implementation).
# The cup was three pixels further right, and the cat five pixels further left:

# %%
flow = flow_between(film[6], film[5])
of_cup, of_cat = flow[0, :, 20, 80], flow[0, :, 90, 70]
print(f"cup: u = {of_cup[0]:.2f}, v = {of_cup[1]:.2f}; cat: u = {of_cat[0]:.2f}, v = {of_cat[1]:.2f}")

# %%
assert abs(of_cup[0] - 3) < 0.3 and abs(of_cat[0] + 5) < 0.5

# %% [markdown]
# **But some pixels were nowhere before.** What comes in at the right edge is new, and so is what the cat uncovers.
# There no flow is right, and the frame before, moved along it, does not look like the present one. So we ask how far it
# does: with $d$ the difference of colours, averaged over a few pixels so that noise does not count, trust is
# $\exp\left(-(d / t)^2\right)$.

# %%
strip(
    {
        "frame 7": film[6],
        "frame 6, moved": warp(film[5], flow).clamp(0, 1),
        "trust": trust(film[6], film[5], flow).expand(1, 3, -1, -1),
    },
    title="Where the flow can be trusted (white)",
    height=2.0,
    alt="Frame 7; frame 6 moved along the flow, nearly the same, with the edges of the cat's picture bent; and the "
    "trust, white nearly everywhere, black along the edges of the cat's picture and at the right edge of the frame.",
)

# %% [markdown]
# ## What flickers
#
# **Now the paintings. If painting and motion went together, a painting moved along the film's motion would be the next
# painting.** What differs is [flicker](glossary.md#flicker), and we can measure it: the mean difference of colours
# between each painting and the one before, moved, where trust is above one half.

# %%
moved = warp(painted[5], flow).clamp(0, 1)

# %%
strip(
    {"painting 7": painted[6], "painting 6, moved": moved, "difference, x 4": 4 * (painted[6] - moved).abs()},
    title="What the film does not explain",
    height=2.0,
    alt="Two paintings in orange and blue waves, nearly the same, and their difference, four times as strong: coloured "
    "lines all along the strokes, and a bright rim where the cat has moved.",
)

# %%
rates = {"the film itself": flicker(film, film), "painted": flicker(film, painted)}

# %%
assert rates["painted"] > rates["the film itself"], "painting adds flicker"
print(table({"mean change along the motion": rates}))

# %% [markdown]
# The film itself changes by its noise and where pixels fall between pixels. The painting changes more: **strokes do not
# stick to things. They jump where the film has only a little noise, and crawl where it moves.**

# %% [markdown]
# ## What calms it
#
# Ruder, Dosovitskiy and Brox ([2016](https://arxiv.org/abs/1604.08610)) paint films by optimisation and add a term to
# the loss: a frame shall agree with the frame before, moved along the flow, wherever that was to be seen. A network
# that has learned already has no loss any more. **So its paintings $P_t$ are blended instead:**
#
# $$O_t = (1 - a) \, P_t + a \, \operatorname{moved}(O_{t-1}), \qquad a = \text{strength} \times \text{trust}$$
#
# Where nothing can be trusted, $a = 0$ and the new painting stands alone: nothing is smeared over an edge.

# %%
steady = Steady(0.5)
calm = [steady(picture, painting) for picture, painting in zip(film, painted, strict=True)]

# %%
strip(
    {"painted": painted[6], "blended": calm[6], "difference, x 4": 4 * (painted[6] - calm[6]).abs()},
    title="Frame 7, alone and blended",
    height=2.0,
    alt="Two paintings in orange and blue waves, the second a little softer, and their difference, four times as "
    "strong: coloured lines along the strokes, weaker than before.",
)

# %%
rates["blended"] = flicker(film, calm)

# %%
assert rates["blended"] < 0.8 * rates["painted"], "blending takes flicker away"
print(table({"mean change along the motion": rates}))

# %% [markdown]
# ## Noise that moves with the camera
#
# Our painter adds a little noise to each picture, or it would make a lattice of a sky
# ([notebook 10](10-feed-forward.ipynb)). So far that noise lies still on the screen while the film moves beneath it: in
# each frame a thing is painted with other noise. **It should move with the camera. The flow says how far that has
# moved: its median where it is trusted, frame after frame.**

# %%
camera = Steady(0.5)
corners = [camera.follow(picture) for picture in film]
corners  # row and column

# %% [markdown]
# Three pixels from frame to frame, as we made it; the cat, who moves otherwise, has no say in a median.

# %%
along = [transform(painter, picture, corner=corner) for picture, corner in zip(film, corners, strict=True)]
rates["painted, noise moved"] = flicker(film, along)

# %%
assert corners == [(0, 3 * n) for n in range(7)], "the median is the camera's motion"
assert rates["painted, noise moved"] < 0.95 * rates["painted"], "noise that lies still makes strokes crawl"
print(table({"mean change along the motion": rates}))

# %% [markdown]
# ## How much calmer?
#
# **Stop and predict.** Half of each picture is the one before. How much flicker is left: half of it, more, or less?
#
# Let the camera and the scene stand still, so that nothing is left but noise: $P_t = P + e_t$ with errors $e_t$ that
# know nothing of each other, of variance $s^2$. Without blending two frames differ by $e_t - e_{t-1}$, of variance $2
# s^2$. With it, $O_t - P$ is a sum of all errors so far, each $a$ times as heavy as the next:
#
# $$O_t - P = (1 - a) \sum_{k \ge 0} a^k e_{t-k}, \qquad
# \operatorname{var} = (1 - a)^2 \sum_{k \ge 0} a^{2k} s^2 = \frac{1 - a}{1 + a} \, s^2$$
#
# And since $O_t - O_{t-1} = (1 - a) \, e_t - (1 - a) \, (O_{t-1} - P)$, two parts that know nothing of each other,
#
# $$\operatorname{var}(O_t - O_{t-1}) = (1 - a)^2 \left(1 + \frac{1 - a}{1 + a}\right) s^2
# = \frac{2 \, (1 - a)^2}{1 + a} \, s^2$$
#
# **So the flicker that is left is $(1 - a) / \sqrt{1 + a}$ of what it was: 0.41 for $a = \frac{1}{2}$.** Does the
# painter keep to it?

# %%
still = [seen_by_camera(cup[..., 10:138, 16:176]) for _ in range(10)]
stills = [transform(painter, picture) for picture in still]


# %%
def left_over(film, paintings, strength, skip):
    """Return how much of the flicker blending leaves, once it has begun."""
    steady = Steady(strength)
    calm = [steady(picture, painting) for picture, painting in zip(film, paintings, strict=True)]
    return flicker(film[skip:], calm[skip:]) / flicker(film[skip:], paintings[skip:])


# %%
rows = {
    f"a = {a:g}": {
        "predicted": (1 - a) / math.sqrt(1 + a),
        "camera at rest": left_over(still, stills, a, 3),
        "the film": left_over(film, painted, a, 3),
    }
    for a in (0.25, 0.5, 0.75)
}
print(table(rows, corner="of the flicker, left"))

# %%
for row in rows.values():
    assert abs(row["camera at rest"] - row["predicted"]) < 0.03, "noise is calmed as predicted"
    assert row["the film"] > row["camera at rest"], "what crawls is not calmed as well"

# %% [markdown]
# **Noise is calmed as predicted. In the moving film more is left:** a stroke that does not follow its thing errs in the
# next frame in the same direction, and what errs always alike does not average out. And the more is blended, the
# softer the strokes become: 0.5 is the kit's choice (`--blend`).

# %% [markdown]
# ## What we learned
#
# - Painted one by one, frames flicker: strokes jump with the noise and do not stick to what moves.
# - Optical flow says where each pixel was, from two equations for each window; trust says where to believe it.
# - Noise belongs to the scene, not to the screen: it moves with the camera.
# - Blending along the flow leaves $(1 - a) / \sqrt{1 + a}$ of the flicker that is noise, and more of what crawls.
#
# ## Roads not taken
#
# - *A network that is steady by itself*: train on pairs of frames, with the change along the motion as one more loss.
# - *A film by optimisation*: each frame descends from the one before, moved along the flow (Ruder and others). Minutes
#   for each frame.
# - *Flow by a network*: better at large motions; it would be a third set of weights to ship.
#
# ## Exercises
#
# 1. Pan by 12 pixels from frame to frame instead of 3. At which displacement does `flow_between` lose the cup, and what
#    does trust say of it?
# 2. Blend without trust: ones in its place. What happens behind the cat?
# 3. Which $a$ leaves a tenth of the flicker of a camera at rest? Solve $(1 - a)^2 = 0.01 \, (1 + a)$, then try it. What
#    does the painting look like?
