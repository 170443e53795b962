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
# # Texture from noise: what a style remembers
#
# **The question.** Five Gram matrices are all we keep of a painting. What picture do we get if we know nothing else?
#
# **What you need to know.** The [Gram matrix](glossary.md#gram-matrix) (notebook 03) and the
# [style loss](glossary.md#style-loss) (notebook 04).
#
# **How long it runs.** About 45 seconds on two cores.
#
# This is the top row of figure 1 of Gatys, Ecker and Bethge (2015,
# [arXiv:1508.06576](https://arxiv.org/abs/1508.06576)): a style, [rebuilt](glossary.md#reconstruction) from growing
# sets of layers.

# %% slideshow={"slide_type": "skip"}
import inspect

import torch
from torch.nn.functional import fold, unfold

from stylekit.checks import check_value
from stylekit.figures import grid, loss_curves, strip, table
from stylekit.images import load_image
from stylekit.losses import gram_matrix, style_layer_loss
from stylekit.networks import COMPACT, VGG19, load_network
from stylekit.objective import STYLE_LAYERS
from stylekit.optimise import minimise

# %% slideshow={"slide_type": "skip"}
network = load_network("compact", device="cpu")
a = load_image("swirls", size=112)
a.shape  # (pictures, colours, height, width)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## All that is kept of a picture
#
# **The [style picture](glossary.md#style-picture) $a$, of shape $(1, 3, H, W)$, goes through the [loss
# network](glossary.md#loss-network) once.** At each style [layer](glossary.md#layer) $l$ its
# [response](glossary.md#response), of shape $(N_l, M_l)$ for $N_l$ [filters](glossary.md#filter) and $M_l$
# [positions](glossary.md#position), is turned into its Gram matrix. **Five Gram matrices $A^l$, of shape $(N_l, N_l)$,
# are kept; then $a$ is put away.** **With $F^l$, $(N_l, M_l)$, the response to another picture $x$, the Gram matrix of
# $x$ is**
#
# $$G^l_{ij} = \sum_k F^l_{ik} \, F^l_{jk} \tag{Eq. 3}$$


# %% slideshow={"slide_type": "subslide"}
def describe(network, image, layers=STYLE_LAYERS):
    responses = network.features(image, layers)  # each (1, N, H_l, W_l)
    # each (1, N, N):
    return {layer: gram_matrix(F.flatten(2)) for layer, F in responses.items()}


A = describe(network, a)

# %%
{layer: tuple(gram.shape) for layer, gram in A.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Now make a picture $x$, of the same shape as $a$, whose Gram matrices are these.** The loss is the style loss alone,
# without any [photograph](glossary.md#photograph): the [style layer losses](glossary.md#style-layer-loss), with the
# [layer weights](glossary.md#layer-weight) $w_l$:
#
# $$E_l = \frac{1}{4 N_l^2 M_l^2} \sum_{ij} \left(G^l_{ij} - A^l_{ij}\right)^2 \tag{Eq. 4}$$
#
# $$L_{style}(a, x) = \sum_l w_l \, E_l \tag{Eq. 5}$$


# %% slideshow={"slide_type": "skip"}
def layer_losses(network, x, A):
    responses = network.features(x, A)
    return {layer: style_layer_loss(F.flatten(2), A[layer]).item() for layer, F in responses.items()}  # E_l


# %% slideshow={"slide_type": "skip"}
noise = torch.rand(a.shape, generator=torch.Generator().manual_seed(0))
at_noise = layer_losses(network, noise, A)
print(table({"E_l of white noise": at_noise}))

# %% [markdown] slideshow={"slide_type": "subslide"}
# **`synthesise_texture` starts at $x$ = [white noise](glossary.md#white-noise) and descends.** One thing it does of its
# own: **it measures each $E_l$ as a part of what it was for the noise, so that all layers start at 1 and count alike.**
# For a set of $n$ layers that is, in Eq. 5,
#
# $$w_l = \frac{1}{n \, E_l(\text{noise})}$$
#
# where the paper has the plain $w_l = 1/n$.

# %% slideshow={"slide_type": "skip"}
from stylekit.transfer import synthesise_texture

print(inspect.getsource(synthesise_texture))

# %% [markdown] slideshow={"slide_type": "skip"}
# Do its losses say what ours say? A few steps in [float64](glossary.md#float64):

# %% slideshow={"slide_type": "skip"}
precise = load_network("compact", device="cpu").double()
target = describe(precise, a.double())
first, *_, last = synthesise_texture(a.double(), precise, steps=8)
{name: round(loss, 4) for name, loss in last.losses.items()}

# %% slideshow={"slide_type": "skip"}
start, end = (layer_losses(precise, step.image, target) for step in (first, last))
ours = {layer: end[layer] / start[layer] for layer in STYLE_LAYERS}
{layer: round(loss, 4) for layer, loss in ours.items()}

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
error = max(abs(ours[layer] - last.losses[f"style {layer}"]) for layer in STYLE_LAYERS)
assert error < 1e-12 and abs(sum(ours.values()) / 5 - last.losses["total"]) < 1e-12, "two ways, one loss"
print("largest difference below 1e-12:", error < 1e-12)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The descent
#
# **All five layers, 160 [evaluations](glossary.md#evaluation) by [L-BFGS](glossary.md#l-bfgs).** The numbers
# of $x$ stay between 0 and 1 all the way, so this is the loss of the picture that you see.

# %%
steps = list(synthesise_texture(a, network, steps=160))
assert steps[-1].losses["total"] < 0.04, "a few per cent at most should be left"
print(f"{100 * steps[-1].losses['total']:.2f} % of the noise's loss left")

# %% slideshow={"slide_type": "skip"}
moments = [0, 5, 15, 50, len(steps) - 1]
moments

# %% slideshow={"slide_type": "subslide"}
strip(
    {f"after {steps[i].evaluations}": steps[i].image for i in moments},
    title="Order out of noise, after so many evaluations",
    height=1.3,
    alt="Five pictures from left to right: coloured noise; a tangle of blue and yellow curls; blurred yellow discs "
    "with rings around them, on blue; then clear yellow discs in a blue sky with waves; at the end the same, crisper.",
)

# %% slideshow={"slide_type": "subslide"}
loss_curves(
    steps,
    title="Each layer's loss, as a part of what it was for noise",
    alt="Six falling curves on a logarithmic axis, one for each layer and their total. All start at 1 and fall steeply "
    "in the first 25 evaluations, then ever more slowly: relu1_1 and relu2_1 to about two thousandths, the deeper "
    "layers less far, relu5_1 to about a twentieth.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Growing sets of layers
#
# Now **three styles, each rebuilt five times: from `relu1_1` alone, from `relu1_1` and `relu2_1`, and so on.** Every
# picture starts from the same noise. **Look along a row: what does each new layer bring?**

# %% slideshow={"slide_type": "skip"}
styles = {name: load_image(name, size=112) for name in ("swirls", "waves", "shapes")}
sets = [STYLE_LAYERS[:n] for n in range(1, 6)]
sets[0], sets[1], "...", sets[4]

# %%
textures = {name: {} for name in styles}
for name, style in styles.items():
    for layers in sets:
        *_, last = synthesise_texture(style, network, layers, steps=100)
        textures[name][layers[-1]] = last.image
print(sum(len(row) for row in textures.values()), "textures")

# %% slideshow={"slide_type": "subslide"}
grid(
    {
        name: {"style a": style}
        | {("" if layer == "relu1_1" else "+ ") + layer: x for layer, x in textures[name].items()}
        for name, style in styles.items()
    },
    title="A style, rebuilt from its Gram matrices",
    height=1.25,
    alt="Three rows: starry whirls, flowing waves, coloured shapes. Each row begins with the style picture, then five "
    "pictures from noise. With relu1_1 alone: speckles in the style's colours. With relu2_1: strokes and blots. "
    "With relu3_1 and relu4_1: round stars, long waves, rings within rings. With relu5_1: larger forms still, a little "
    "coarser. None of them is a copy of the style picture.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# * **`relu1_1` sees $3 \times 3$ pixels: colours, which go together, and their grain.**
# * **`relu2_1` brings strokes, with their direction and their edges.**
# * **`relu3_1`, `relu4_1` and `relu5_1` gather the strokes into forms: round stars, long waves, rings within rings.**
#   Each layer sees more, since its [receptive field](glossary.md#receptive-field) is wider (notebook 01).
#
# One thing about *where* comes through: in `waves` orange lies above green again, with each of the four seeds that we
# tried. The style has only borders with orange above them, and an edge filter knows which side is the lighter.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The same in numbers
#
# **Measure all five $E_l$ of each picture, also where its set did not ask for them, in per cent of the noise's:**


# %% slideshow={"slide_type": "skip"}
def per_cent_of_noise(x, style):
    A = describe(network, style)
    before, after = layer_losses(network, noise, A), layer_losses(network, x, A)
    return {layer: 100 * after[layer] / before[layer] for layer in STYLE_LAYERS}


# %% slideshow={"slide_type": "skip"}
left = {name: {n: per_cent_of_noise(x, styles[name]) for n, x in textures[name].items()} for name in styles}
list(left)

# %%
rows = {f"up to {n}": row for n, row in left["swirls"].items()}
print(table(rows, corner="% of E_l left, swirls"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **On and below the diagonal little is left, mostly less than one per cent: the Gram matrices that were asked for are
# matched.** To the right of it far more is left, most at `relu5_1`. So **a deeper layer knows something that the layers
# before it do not**: to match these does not imply it, the pictures made here miss it. But much of it comes for free: a
# picture with the right strokes has gone most of the way at the next layer.

# %% slideshow={"slide_type": "skip"}
for name in styles:
    for layers in sets:
        row = left[name][layers[-1]]
        matched, others = [row[n] for n in layers], [row[n] for n in STYLE_LAYERS[len(layers) :]]
        assert max(matched) < 10, "a matched layer keeps a few per cent of the noise's loss at most"
        assert not others or min(others) > 5 * max(matched), "every layer that was not asked for is further away"
    assert left[name]["relu4_1"]["relu5_1"] > 3 * left[name]["relu5_1"]["relu5_1"], "relu5_1 must be asked for"

# %% slideshow={"slide_type": "skip"}
deepest = [round(left[name]["relu1_1"]["relu5_1"]) for name in styles]
print(f"from relu1_1 alone, relu5_1 keeps {deepest} % of its loss")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Who notices what
#
# A second experiment, without any descent: **cut $a$ into tiles, shuffle the tiles, and ask each layer how different
# the result is.** Inside a tile all is as before; larger arrangement is gone.


# %% slideshow={"slide_type": "skip"}
def shuffle_tiles(image, side):
    tiles = unfold(image, side, stride=side)  # (1, 3 side^2, number of tiles)
    order = torch.randperm(tiles.shape[-1], generator=torch.Generator().manual_seed(0))
    return fold(tiles[..., order], image.shape[-2:], side, stride=side)


# %% slideshow={"slide_type": "skip"}
shuffled = {f"tiles of {side} px": shuffle_tiles(a, side) for side in (1, 7, 14, 28)}
list(shuffled)

# %%
strip(
    {"style a": a} | shuffled,
    title="The same pixels, shuffled in tiles",
    height=1.1,
    alt="The starry style picture, then four times the same pixels in square tiles put in random order. Tiles of one "
    "pixel: blue noise with yellow dots. Seven pixels: crumbs. Fourteen: pieces of stars and hills. Twenty-eight: "
    "whole stars, in the wrong places.",
)

# %% slideshow={"slide_type": "skip"}
noticed = {name: per_cent_of_noise(x, a) for name, x in shuffled.items()}
big = noticed["tiles of 28 px"]
assert big["relu5_1"] > 4 * big["relu1_1"], "the deepest layer notices the shuffled large tiles, the first hardly"
list(noticed)

# %% slideshow={"slide_type": "subslide"}
print(table(noticed, corner="% of E_l"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **In small tiles the seams are everywhere, and every layer objects.** Large tiles `relu1_1` hardly minds: all that it
# can notice is the few seams. **`relu5_1`, whose receptive field is wider than this small picture, minds large tiles
# most.**

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Without a network: colours only
#
# The limit is **the Gram matrix of the pixels: $F$ is then $(3, M)$, one row for each colour, and $G$ is
# $3 \times 3$**, six different numbers. **Shuffling the pixels one by one is a
# [permutation](glossary.md#permutation) of the positions: this $G$ cannot notice.**

# %% tags=["nbval-check-output"]
pixel_gram = gram_matrix(a.double().flatten(2))  # (1, 3, 3)
print(pixel_gram[0].round().long().tolist())

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
dust = shuffled["tiles of 1 px"]
difference = (gram_matrix(dust.double().flatten(2)) - pixel_gram).abs().max() / pixel_gram.max()
assert difference < 1e-12, "the order of the pixels does not matter"
print("the Gram matrix of the pixels changed by less than 1e-12:", bool(difference < 1e-12))

# %% [markdown] slideshow={"slide_type": "subslide"}
# So **a picture made from noise to match it need not have any form.** Any function from a picture to losses by
# name can be minimised; this one is $E$ of the pixels:


# %%
def colours_only(x):
    return {"total": style_layer_loss(x.flatten(2), pixel_gram.float()).sum()}


# %%
*_, colour_noise = minimise(noise, colours_only, steps=30)
assert colour_noise.losses["total"] < 1e-4 * colours_only(noise)["total"], "matched"
print(gram_matrix(colour_noise.image.flatten(2))[0].round().long().tolist())

# %% slideshow={"slide_type": "subslide"}
strip(
    {"style a": a, "its pixels, shuffled": dust, "from noise, matching G": colour_noise.image},
    title="Three pictures with one Gram matrix of pixels",
    height=1.2,
    alt="Three pictures: the starry style picture; its pixels in random order, a blue noise with yellow dots; and a "
    "noise of dim blue and yellow. No star is left in the last two.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **It is the network that turns "colours together" into "strokes together": its filters see neighbours.**

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What is lost: where
#
# **Start again from another noise, with another seed:**

# %% slideshow={"slide_type": "skip"}
*_, other = synthesise_texture(a, network, steps=160, seed=1)
one, two = steps[-1].image, other.image
assert max(steps[-1].losses["total"], other.losses["total"]) < 0.04, "both seeds match the Gram matrices"
print(f"losses left: {100 * steps[-1].losses['total']:.2f} % and {100 * other.losses['total']:.2f} % of the noise's")

# %%
strip(
    {"style a": a, "seed 0": one, "seed 1": two, "their difference": (one - two).abs()},
    title="One description, two pictures",
    height=1.4,
    alt="The starry style picture and two textures made from it. Both have yellow discs and whirls on blue, at quite "
    "different places; the picture of their differences shows the discs of both.",
)


# %% slideshow={"slide_type": "skip"}
def correlation(x, y):
    x, y = (z - z.mean(dim=(2, 3), keepdim=True) for z in (x, y))  # without each colour's mean
    return float((x * y).sum() / (x.norm() * y.norm()))  # 1: the same picture; 0: nothing in common


# %% slideshow={"slide_type": "subslide"}
assert abs(correlation(one, two)) < 0.3, "two seeds, two arrangements"
print(f"pixels differ by {(one - two).abs().mean():.2f} on average")
print(f"correlation {abs(correlation(one, two)):.2f} in size")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **To the loss both are equally good: a Gram matrix sums over all positions and forgets them.** What stands where is
# drawn by chance, by the noise: each seed has its own stars. In style transfer the content loss decides what stands
# where (notebook 06).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Is it a copy?
#
# **The texture might have learned $a$ by heart.** **Compare their pixels; and because a copy may be
# shifted, try the best of all shifts by two pixels:**

# %% slideshow={"slide_type": "fragment"}
tall, wide = a.shape[2:]
shifts = [(down, across) for down in range(0, tall, 2) for across in range(0, wide, 2)]
best = max(correlation(one, a.roll(shift, dims=(2, 3))) for shift in shifts)
in_place = correlation(one, a)
assert abs(in_place) < 0.3 and best < 0.5, "a copy would have correlation 1"
print(f"correlation with a: {in_place:.2f} in place,", end=" ")
print(f"{best:.2f} at the best of {len(shifts)} shifts")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Not a copy. And not for want of numbers: for so small a picture the description is twice as long as the picture**
# (exercise 3).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why start from noise?
#
# **Start from $a$ itself, and there is nothing to do.**

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
at_style = layer_losses(precise, a.double(), target)
tiny = all(at_style[layer] < 1e-9 * at_noise[layer] for layer in STYLE_LAYERS)
assert tiny, "a matches its own Gram matrices"
print("E_l of the style picture itself, all below a billionth of the noise's:", tiny)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Start from plain grey, and the first step knows nothing but the border.** At `relu2_1`, away from the border, every
# pixel of a colour has the same neighbours, hence the same [gradient](glossary.md#gradient): **no pixel has a reason to
# become a star and its neighbour none.** What happens grows in from the padded edge.

# %% slideshow={"slide_type": "skip"}
grey = torch.full_like(a, 0.5, dtype=torch.float64).requires_grad_(True)
F = precise.features(grey, ["relu2_1"])["relu2_1"].flatten(2)
(gradient,) = torch.autograd.grad(style_layer_loss(F, target["relu2_1"]).sum(), grey)
gradient.shape

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
inner = gradient[..., 16:-16, 16:-16]  # (1, 3, H - 32, W - 32): the border is padded, and differs
spread = (inner.amax(dim=(2, 3)) - inner.amin(dim=(2, 3))).max() / inner.abs().max()
assert spread < 1e-9 and inner.abs().max() > 0, "one gradient for all pixels of a colour"
print("at relu2_1 gradients of the inner pixels differ by less than 1e-9 of their size:", bool(spread < 1e-9))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Noise gives nothing away, and breaks the tie everywhere at once.** All that we see in the result comes from the Gram
# matrices.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A picture that is no texture
#
# **A [texture](glossary.md#texture) looks alike everywhere. A face does not: in it the arrangement is the point.**

# %% slideshow={"slide_type": "skip"}
p = load_image("chelsea", size=144)
*_, cat = synthesise_texture(p, network, steps=160)

# %%
strip(
    {"photograph": p, "its style, from noise": cat.image},
    title="A cat, without the where",
    height=1.8,
    alt="A ginger cat's face, and the texture made from it: folds of striped fur, with an eye at an odd place, and no "
    "face.",
)

# %% slideshow={"slide_type": "skip"}
assert cat.losses["total"] < 0.03 and abs(correlation(cat.image, p)) < 0.3, "the style of a cat is not a cat"
print(f"loss left: {100 * cat.losses['total']:.2f} %, correlation with p: {abs(correlation(cat.image, p)):.2f} in size")

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Which network?
#
# What the paper claims it claims for [VGG-19](glossary.md#vgg-19). The pictures and numbers above are those of the
# [compact network](glossary.md#compact-network), a quarter to a half as wide. To see the paper's, write "vgg19" for
# "compact" at the top: each look is about ten times the work, and the limits in the assertions, and `rate` below, may
# need changing. The fine chequered grain is in part a trace of our haste: more steps reduce it, and do not remove it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - A picture from noise, with the style's Gram matrices, has the style's colours, strokes and forms.
# - Each deeper layer adds larger forms: its Gram matrix must be asked for, it does not follow from those before it.
# - *Where* things are is not in the description: each seed arranges them anew. That makes it a description of style.
# - Without a network, a Gram matrix knows colours only.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - Correlations between *shifted* responses keep regular patterns, such as bricks, better than $G$ does.
# - A larger picture than $a$: $E_l$ with each Gram matrix divided by its own $M$ (notebook 04) allows it.
# - A penalty on [total variation](glossary.md#total-variation) calms the grain; it is no part of the 2015 paper.
# - Growing a texture pixel by pixel out of the style picture itself, without a network: notebook 09.
#
# ## Exercises
#
# ### 1. Predict, then run
#
# Two textures of `waves` from two seeds, up to `relu2_1`. Of these three, how many change
# by more than 0.1 (colours run from 0 to 1) when the seed changes: (a) the mean colour, (b) the standard deviation of
# each colour, (c) the pixels, on average?

# %% slideshow={"slide_type": "skip"}
how_many_change = ...
### BEGIN SOLUTION
how_many_change = 1  # only the pixels: mean and deviation hardly depend on where things are
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
pair = [list(synthesise_texture(styles["waves"], network, sets[1], steps=60, seed=s))[-1].image for s in (2, 3)]
means, deviations = ([f(x, dim=(2, 3)) for x in pair] for f in (torch.mean, torch.std))
changes = [(u - v).abs().mean().item() for u, v in (means, deviations, pair)]
check_value(how_many_change, sum(change > 0.1 for change in changes))

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 2. Descend by hand
#
# Texture synthesis in its plainest form: one layer, gradient descent. Start at `x = begin`.
# Ten times, take $E$ at `relu1_1` (use `precise`, `style_layer_loss` and the Gram matrix `target["relu1_1"]`) and move
# $x \leftarrow x - \lambda \, \partial E / \partial x$ with the [learning rate](glossary.md#learning-rate) $\lambda$ =
# `rate`. Set `my_E` to $E$ after the tenth move, a plain number.

# %% slideshow={"slide_type": "skip"}
begin, rate = noise.double(), 300.0
my_E = ...
### BEGIN SOLUTION
x = begin.clone().requires_grad_(True)
for _ in range(10):
    F = precise.features(x, ["relu1_1"])["relu1_1"].flatten(2)
    (slope,) = torch.autograd.grad(style_layer_loss(F, target["relu1_1"]).sum(), x)
    x = (x - rate * slope).detach().requires_grad_(True)
my_E = layer_losses(precise, x.detach(), {"relu1_1": target["relu1_1"]})["relu1_1"]
### END SOLUTION

# %% slideshow={"slide_type": "skip"}
wanted = {"relu1_1": target["relu1_1"]}
z = begin.clone().requires_grad_(True)
descent = torch.optim.SGD([z], lr=rate)
for _ in range(10):
    z.grad = None
    style_layer_loss(precise.features(z, wanted)["relu1_1"].flatten(2), wanted["relu1_1"]).sum().backward()
    descent.step()
z.shape

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
before, after = (layer_losses(precise, picture, wanted)["relu1_1"] for picture in (begin, z.detach()))
assert after < before / 2, "ten plain steps should halve the loss"
check_value(my_E, float(f"{after:.4g}"))

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 3. On paper
#
# A symmetric $N \times N$ matrix has $N (N + 1) / 2$ different numbers. How many numbers describe a
# style by five Gram matrices: with the compact network (16, 48, 96, 192, 256 filters), and with VGG-19 (64, 128, 256,
# 512, 512)? How many numbers has a picture of $256 \times 256$ pixels? And is a style therefore "compressed"?

# %% [markdown] slideshow={"slide_type": "skip"}
# <!-- ### BEGIN SOLUTION -->
# Compact: $16 \times 17 / 2 = 136$, $48 \times 49 / 2 = 1176$, $96 \times 97 / 2 = 4656$,
# $192 \times 193 / 2 = 18\,528$, $256 \times 257 / 2 = 32\,896$: in all $57\,392$.
#
# VGG-19: $64 \times 65 / 2 = 2080$, $128 \times 129 / 2 = 8256$, again $32\,896$, and twice
# $512 \times 513 / 2 = 131\,328$: in all $2080 + 8256 + 32\,896 + 262\,656 = 305\,888$.
#
# The picture: $3 \times 256 \times 256 = 196\,608$. The compact description is three tenths of it. That of VGG-19 is
# *longer* than the picture, and still does not hold the arrangement: what is forgotten depends on which numbers are
# kept, not on how many. Nor does the description grow with the picture; and where a layer has fewer positions than
# filters, $M < N$, the matrix has rank at most $M$, and its numbers are not independent.
# <!-- ### END SOLUTION -->

# %% [markdown] slideshow={"slide_type": "skip"}
# Check the three numbers:

# %% slideshow={"slide_type": "skip"}
my_compact, my_vgg19, my_picture = ..., ..., ...
### BEGIN SOLUTION
my_compact, my_vgg19, my_picture = 57392, 305888, 196608
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
kept = [sum(N * (N + 1) // 2 for N in architecture.widths) for architecture in (COMPACT, VGG19)]
truths = [*kept, 3 * 256 * 256]
for answer, truth in zip((my_compact, my_vgg19, my_picture), truths, strict=True):
    print(check_value(answer, truth))
