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
# # What a network sees
#
# **The question.** Every equation of the slides begins with a matrix $F$, the network's answer to a picture. What is
# in it: how many numbers, what does each of them mean, and which pixels can it see?
#
# **What you need to know.** Python, and what a matrix is. And one word: the [gradient](glossary.md#gradient) tells how
# much a number changes when another one, such as a pixel, changes.
#
# **How long it runs.** About 15 seconds on two cores.

# %% slideshow={"slide_type": "skip"}
import copy

import torch

from stylekit.figures import frames, grid, maps, numbers, strip, table
from stylekit.images import load_image, resize_image
from stylekit.losses import total_variation
from stylekit.networks import VGG16, VGG19, LossNetwork, load_network, receptive_field
from stylekit.optimise import minimise
from stylekit.ui import FeatureBrowser

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A picture is a stack of numbers
#
# A [picture](glossary.md#picture) is a tensor of shape **$(1, 3, H, W)$: one picture, three colours, $H$ rows and $W$
# columns**, every number between 0 and 1. This is our [photograph](glossary.md#photograph) $p$, without its
# last 15 rows: its sides can then be halved four times, which will soon be handy.

# %% tags=["nbval-check-output"]
p = load_image("chelsea", size=384)[..., :240, :]
tuple(p.shape)

# %% [markdown] slideshow={"slide_type": "subslide"}
# One pixel is three numbers: how much red, green and blue. Rows count from the top, columns from the left.

# %% tags=["nbval-check-output"]
colours = ("red", "green", "blue")
places = {"iris, row 88, column 165": (88, 165), "nose, row 205, column 228": (205, 228)}
pixels = {}
for name, (r, s) in places.items():
    pixels[name] = dict(zip(colours, p[0, :, r, s].tolist(), strict=True))
print(table(pixels, corner="pixel"))

# %% [markdown] slideshow={"slide_type": "subslide"}
# One colour of all pixels is a plane of shape $(H, W)$. Here each plane is drawn in grey: white is 1, black is 0.

# %% tags=["hide-input"]
planes = {f"p[0, {c}]: {colours[c]}": p[:, c : c + 1].expand(-1, 3, -1, -1) for c in range(3)}
alt = "A ginger cat, and its three planes in grey: the fur is light in red and dark in blue, the iris darkest in blue."
strip({"the photograph p": p} | planes, "One picture, three planes", 1.35, alt)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One filter at one place
#
# The [loss network](glossary.md#loss-network) is a chain of [layers](glossary.md#layer). Ours is the
# [compact network](glossary.md#compact-network), which ships with the kit: it is built as the first eleven
# convolutions of [VGG-16](glossary.md#vgg-16), by the same names, with a quarter to a half of the
# [filters](glossary.md#filter). Its weights are its own. It learned them from VGG-16, which told it how alike two
# places of a picture are, and two styles. The paper's network is [VGG-19](glossary.md#vgg-19): VGG-16 with one more
# convolution in each of its last three blocks. Every layer that the paper names is in all three.

# %% tags=["nbval-check-output"]
network = load_network("compact", device="cpu")
print(*network.convolutions)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **A filter is $3 \times 3$ weights for each channel that comes in, and one bias.** The sixteen filters of `conv1_1`
# look at the three colours, so that we can look at *them* as pictures of nine pixels: grey is weight 0, a colour is a
# liking for it.

# %%
W = network.convolutions["conv1_1"].weight  # filters, colours, rows, columns
tuple(W.shape)

# %% tags=["hide-input"]
likings = {3: "light, then dark", 5: "light above dark", 9: "an edge aslant", 1: "dark", 8: "magenta", 10: "yellow"}
shown = {f"{i}: {words}": 0.5 + W[i : i + 1] / W[i].abs().max() / 2 for i, words in likings.items()}  # (1, 3, 3, 3)
alt = "Six squares of 3 x 3 colours: three go from light to dark, to the right, down and aslant; three have one colour."
strip(shown, "Six of the sixteen filters of conv1_1, and what each likes", 1.5, alt)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Filter 3 goes from light at the left to dark at the right. It should speak where the picture does the same, such
# as at the left edge of the pupil: row 88, column 140. Let us compute there, in [float64](glossary.md#float64), so that
# rounding cannot hide a mistake.
#
# The network does not take the pixels as they are: it subtracts ImageNet's mean colour and divides by its deviation,
# *inside* `features`, so that we never have to. Call the result $\hat{p}$.

# %%
exact, p_exact = copy.deepcopy(network).double(), p.double()
W = exact.convolutions["conv1_1"].weight  # (16, 3, 3, 3)
b = exact.convolutions["conv1_1"].bias  # (16,)
p_hat = (p_exact - exact.mean) / exact.deviation  # (1, 3, H, W)

# %% [markdown] slideshow={"slide_type": "subslide"}
# What filter $i$ says at row $h$, column $w$ is a sum of 27 products, 9 for each colour $c$, and the bias:
#
# $$Z_i(h, w) = b_i + \sum_{c=1}^{3} \sum_{u=-1}^{1} \sum_{v=-1}^{1} W_{icuv} \, \hat{p}_c(h + u, w + v)$$
#
# $W$ has shape $(16, 3, 3, 3)$, $b$ has shape $(16)$. Does the network say the same?

# %%
i, h, w = 3, 88, 140
Z_loops = b[i].clone()
for c in range(3):
    for u in (-1, 0, 1):
        for v in (-1, 0, 1):  # Python counts from 0: the middle of the filter is [1, 1]
            Z_loops += W[i, c, 1 + u, 1 + v] * p_hat[0, c, h + u, w + v]

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
Z = exact.features(p_exact, ["conv1_1"])["conv1_1"]  # (1, 16, H, W)
error = (Z_loops - Z[0, i, h, w]).abs().item()
assert error < 1e-12, "27 products and one bias: that is all a convolution is"
by_network = Z[0, i, h, w].item()
print(f"by hand {Z_loops.item():.3f}, by the network {by_network:.3f}, difference below 1e-12")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The same sum as a picture. All numbers of the right-hand column, added up, and the bias: that is $Z$.

# %% slideshow={"slide_type": "skip"}
patch = p_hat[0, :, h - 1 : h + 2, w - 1 : w + 2]  # (3, 3, 3): colours, rows, columns
products = patch * W[i]
assert abs(products.sum() + b[i] - Z[0, i, h, w]) < 1e-12
steps = {"pixels": patch, "weights": W[i], "products": products}
squares = {f"{colours[c]}: {name}": numbers_of[c] for c in range(3) for name, numbers_of in steps.items()}
print(f"the 27 products {products.sum().item():.3f}, the bias {b[i].item():.3f}")

# %% tags=["hide-input"]
alt = "For each colour nine pixels that fall to the right, nine weights that do so too, and their nine products."
numbers(squares, "One convolution: 27 products", columns=3, height=1.2, signed=True, alt=alt)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Z before, F after
#
# $Z$ is the [pre-activation](glossary.md#pre-activation). The [ReLU](glossary.md#relu) lets positive numbers pass
# and turns negative ones into 0. What is left is the [response](glossary.md#response):
#
# $$F = \max(Z, 0)$$
#
# Names tell the two apart. `conv1_1` is $Z$, `relu1_1` is $F$. **What the paper calls "conv4_2" is the rectified
# response: our `relu4_2`.** Here are both for filter 1, which likes what is dark.

# %%
F = exact.features(p_exact, ["relu1_1"])["relu1_1"]  # (1, 16, H, W)
assert torch.equal(F, Z.clamp(min=0)), "the ReLU does nothing else"

# %% tags=["hide-input"] slideshow={"slide_type": "subslide"}
pair = {"conv1_1: Z, of either sign": Z[0, 1], "relu1_1: F = max(Z, 0)": F[0, 1]}
alt = "The cat twice. Left, dark lines and eyes are positive, light fur is negative. Right, what was negative is zero."
maps(pair, "Filter 1, before and after the ReLU", height=1.8, signed=True, shared=True, alt=alt)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## F as a matrix: N rows, M columns
#
# The responses of one filter at all places, laid out as a picture, are a [feature map](glossary.md#feature-map) of
# shape $(H_l, W_l)$. The equations want a matrix. So each map is written out as one row, line after line, as one reads
# a page:
#
# - $N_l$ is the number of filters of layer $l$: the rows of $F_l$;
# - $M_l = H_l W_l$ is the number of [positions](glossary.md#position): the columns;
# - $F_l$ has shape $(N_l, M_l)$, and $F_{ij}$ is what filter $i$ says at position $j$.
#
# **The map changes its shape, no number changes.** The way back is as short. (Which position is row 88, column 140?)

# %% tags=["nbval-check-output"]
F_matrix = F[0].flatten(1)  # (16, 240, 384) -> (16, 92160)
tuple(F_matrix.shape)

# %% slideshow={"slide_type": "fragment"}
assert torch.equal(F_matrix.reshape(1, 16, 240, 384), F), "and back again"
j = 88 * 384 + 140  # row 88, column 140: 88 whole lines of 384, and 140 more
assert F_matrix[3, j] == F[0, 3, 88, 140]
print(f"row 88, column 140 is position {j}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Between two blocks of the network stands [pooling](glossary.md#pooling): each square of $2 \times 2$ numbers becomes
# one. So the maps shrink by half from block to block (an odd row or column at the end is dropped), while the filters
# become more.

# %% tags=["nbval-check-output"]
layers = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
responses = network.features(p, layers)
sizes = {}
for layer, f in responses.items():
    N, H, W_l = f.shape[1:]
    sizes[layer] = {"N_l": N, "H_l x W_l": f"{H} x {W_l}"}
    sizes[layer] |= {"M_l": H * W_l, "numbers in F_l": N * H * W_l}
print(table(sizes, corner="layer l"))

# %% [markdown]
# VGG-16 and VGG-19 have the same $H_l$, $W_l$ and $M_l$, and more filters: 64, 128, 256, 512, 512.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Feature maps of real layers
#
# Which filters speak loudest? For each of the five layers we take the three whose maps have the largest mean. All maps
# are drawn at one size, though the last have 256 times fewer positions than the first.

# %% slideshow={"slide_type": "skip"}
strongest = {layer: f[0].mean(dim=(1, 2)).argsort(descending=True)[:3].tolist() for layer, f in responses.items()}

# %% tags=["hide-input"]
chosen = {f"{layer}, filter {f[n]}": responses[layer][0, f[n]] for n in range(3) for layer, f in strongest.items()}
title = "The strongest maps, from the shallowest layer (left) to the deepest (right)"
alt = "Three maps of each layer: first every hair, then edges, then patches, at last coarse squares, some at the eyes."
maps(chosen, title, columns=5, height=0.85, alt=alt)

# %% [markdown] slideshow={"slide_type": "subslide"}
# On the way to the right the maps get *coarser*: in `relu1_1` neighbouring positions are one pixel apart, in `relu5_1`
# sixteen. And **from `relu2_1` on, the deeper the layer, the fewer of its responses are above zero**. Measured on this
# photograph, over all $N_l M_l$ numbers of $F_l$; a filter is *silent* if it is zero at every position:

# %% tags=["nbval-check-output"]
awake = {}
for layer, f in responses.items():
    awake[layer] = {"above zero": f"{100 * (f > 0).float().mean():.0f} %"}
    awake[layer]["silent filters"] = int((f[0].amax(dim=(1, 2)) == 0).sum())
parts = [(f > 0).float().mean() for f in responses.values()]
assert parts[1] > 1.3 * parts[2] > 1.3 * parts[3] > 1.3 * parts[4], "deeper filters are choosier"
print(table(awake, corner="layer"))

# %% [markdown]
# Some filters speak loudly and some softly, and nobody asked them to. The authors' longer paper of 2016 evens that out,
# without changing what the network says: [weight normalisation](glossary.md#weight-normalisation), which has its own
# section in [A1](A1-one-loss-many-conventions.ipynb).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The receptive field
#
# Which pixels can one number of a layer see at all? A number of `relu1_1` sees $3 \times 3$ pixels. A number of
# `relu1_2` sees $3 \times 3$ numbers of `relu1_1`, hence $5 \times 5$ pixels; and so on. **The square of pixels that
# one number sees is its [receptive field](glossary.md#receptive-field).** Let $r$ be its side, and $d$ the distance in
# pixels of two neighbours of the layer. At the pixels themselves $r = 1$, $d = 1$; then
#
# - a $3 \times 3$ convolution adds one neighbour on each side: $r \leftarrow r + 2d$, and $d$ stays;
# - a $2 \times 2$ pooling adds one neighbour, and halves the map: $r \leftarrow r + d$, then $d \leftarrow 2d$.

# %% tags=["nbval-check-output"] slideshow={"slide_type": "subslide"}
r, d = 1, 1
sees = {}
for layer in (name for name in network.layers if name.startswith("relu")):
    if layer.endswith("_1") and layer != "relu1_1":
        r, d = r + d, 2 * d  # the pooling before blocks 2 to 5
    r = r + 2 * d  # the convolution
    sees[layer] = {"side r": r, "distance d": d}
print(table(sees, corner="layer"))

# %% [markdown]
# VGG-16 has the same convolutions and poolings in the same order, so the same numbers: the width of a layer does not
# enter. VGG-19 has one convolution more in block 3 and in block 4, so its `relu4_1` and `relu5_1` see further: 68 and
# 156 pixels instead of 60 and 132.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Check: ask the gradient
#
# The recurrence is a claim. Here is the test. Where does the square lie? Position $k$ stands for the $d$ pixels from
# $dk$ to $dk + d - 1$, and its square lies around them: it begins $(r - d) / 2$ pixels before, down as well as across.
#
# Pick one position in the middle of a layer and take the gradient of what its filters say, all of them added up, by
# every pixel of the picture. **A pixel outside of the receptive field must have gradient 0, every pixel inside another
# number.** So that nothing inside is 0 by accident (a ReLU asleep, two paths that cancel), we give a narrow VGG-16, 3
# filters in each layer, positive weights and show it a white picture. Then every response is positive, and so is every
# gradient inside.

# %% slideshow={"slide_type": "skip"}
torch.manual_seed(0)
narrow, deeper = (LossNetwork(vgg.blocks, widths=(3, 3, 3, 3, 3)).double() for vgg in (VGG16, VGG19))  # 3 filters each
assert narrow.layers[: len(network.layers)] == network.layers
assert [receptive_field(deeper, layer).side for layer in ("relu4_1", "relu5_1")] == [68, 156]
for parameter in narrow.requires_grad_(False).parameters():
    parameter.uniform_(0.1, 1)
white = torch.ones(1, 3, 192, 192, dtype=torch.float64, requires_grad=True)

# %%
for layer, row in sees.items():
    r, d = row.values()
    k = 96 // d  # near the middle, so that no border comes in
    begin = d * k - (r - d) // 2
    answer = narrow.features(white, [layer])[layer][0, :, k, k].sum()
    (gradient,) = torch.autograd.grad(answer, white)
    square = torch.zeros(192, 192, dtype=torch.bool)
    square[begin : begin + r, begin : begin + r] = True
    assert torch.equal(gradient[0].sum(dim=0) > 0, square), "the square, no more, no less"
print(f"all {len(sees)} layers see exactly the predicted square of pixels")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What one number sees
#
# Now on the photograph: for each of the five layers, the position nearest to the edge of the pupil at which we
# computed before.

# %% slideshow={"slide_type": "skip"}
windows, nearest = {}, {}
for layer in layers:
    r, d = sees[layer].values()
    nearest[layer] = [round((pixel - (d - 1) / 2) / d) for pixel in (88, 140)]  # nearest to row 88, column 140
    windows[layer] = (*(d * k - (r - d) // 2 for k in nearest[layer]), r, r)  # top, left, height, width

# %% tags=["hide-input"]
boxes = {f"{layer}: {window[2]} x {window[2]} pixels": window for layer, window in windows.items()}
alt = "Five nested squares on the cat: specks of 3 and 10 pixels, 24 on the pupil, 60 the eye, 132 from brow to cheek."
frames(p, boxes, "What one position of each layer can see", 2.9, alt)

# %% [markdown] slideshow={"slide_type": "subslide"}
# And the same five squares cut out and enlarged, which is all that one number of that layer will ever know about
# the cat: a colour, an edge, a piece of an eye, an eye, a quarter of a face. This is a reason to measure style at
# *several* layers: **each layer knows about structures of its own size**.

# %% tags=["hide-input"]
cut = {f"{layer}: {r} pixels": p[..., y : y + r, x : x + r] for layer, (y, x, r, _) in windows.items()}
alt = "Five squares: brownish colours, the rim of the pupil, a piece of the eye, the whole eye, a quarter of the face."
strip(cut, "All that one number knows about", 1.6, alt)

# %% [markdown] slideshow={"slide_type": "subslide"}
# One caution. All of the square may speak, but its middle speaks loudest: from there most paths lead to the answer.
# With the real weights, for the same five squares:

# %% slideshow={"slide_type": "skip"}
x = p.clone().requires_grad_()
heard = {}
for layer, (top, left, r, _) in windows.items():
    row, column = nearest[layer]
    (gradient,) = torch.autograd.grad(network.features(x, [layer])[layer][0, :, row, column].sum(), x)
    loudness = gradient[0].abs().sum(dim=0)  # (H, W): red, green and blue together
    heard[f"{layer}: {r} pixels"] = loudness[top : top + r, left : left + r].clone()
    loudness[top : top + r, left : left + r] = 0
    assert loudness.max() < 1e-4 * heard[f"{layer}: {r} pixels"].max(), "nothing outside of the square is heard"

# %% tags=["hide-input"]
alt = "Five squares. In the deeper layers bright specks crowd in the middle, and the rim is nearly dark."
maps(heard, "How loud each pixel of the square is (size of the gradient)", columns=5, height=1.5, alt=alt)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The middle third of the rows and columns is a ninth of the square, 11 per cent. How much of the loudness is there?
# (`relu1_1` is the exception: after one convolution each pixel has one path only, and the signs of the weights decide;
# the gradient is that of the *sum* of all filters, in which they may cancel.)

# %% slideshow={"slide_type": "fragment"}
share = {}
for name, loudness in heard.items():
    a, z = len(loudness) // 3, len(loudness) - len(loudness) // 3
    share[name] = (loudness[a:z, a:z].sum() / loudness.sum()).item()
assert all(share[name] > 2 / 9 for name in list(share)[1:]), "more than twice its ninth"
rows = {name: {"in the middle third": f"{100 * part:.0f} %"} for name, part in share.items()}
print(table(rows, corner="square"))

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Look for yourself
#
# Every layer, every filter: its map, the patches of the photograph to which it answers most, and these enlarged. Choose
# a layer, then walk through its filters with the arrow keys. **What have the four patches in common?** (In a page
# without a kernel you see one filter only.) The package finds the patches by our recurrence:

# %% slideshow={"slide_type": "skip"}
found = {layer: receptive_field(network, layer) for layer in sees}
assert all([f.side, f.distance] == list(sees[layer].values()) for layer, f in found.items())
assert all(2 * f.first == f.distance - f.side for f in found.values())

# %%
FeatureBrowser(network, p, "relu3_1", 13)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a filter likes best
#
# A photograph offers a filter what it happens to hold. One can also ask the filter itself, as Erhan, Bengio, Courville
# and Vincent did (2009, *Visualizing higher-layer features of a deep network*): start from
# [noise](glossary.md#white-noise) and change the pixels until one filter is as loud as it can be. Left alone, they end
# as grain that nobody can read. So let $R(x)$ be the roughness, the
# [total variation](glossary.md#total-variation) per pixel, and minimise
#
# $$L(x) = \frac{d^2}{20} R(x) - \frac{1}{u M_l} \sum_{j=1}^{M_l} \max\left(Z_{ij}, \frac{Z_{ij}}{10}\right)$$
#
# $u$ is filter $i$'s loudest response to a photograph. $d^2$, because a form $d$ times as large has slopes $d$ times as
# gentle. And a tenth of what is below 0, because a filter that the ReLU has silenced would have no slope to climb.


# %%
def dislike(layer, i, u):
    before, d = layer.replace("relu", "conv"), sees[layer]["distance d"]

    def objective(x):
        Z_i = network.features(x, [before])[before][0, i]  # (H_l, W_l)
        R = total_variation(x) / x[0, 0].numel()
        return {"total": d**2 / 20 * R - torch.maximum(Z_i, Z_i / 10).mean() / u}

    return objective


# %% [markdown] slideshow={"slide_type": "skip"}
# One filter of each of the five layers; and the square of a photograph where it is loudest, of those that lie in the
# picture whole. Then the descent, the same that will paint (notebook 08). Each picture is begun small and doubled, so
# that large forms come first.

# %% slideshow={"slide_type": "skip"}
chosen, loudest, patches = dict(zip(layers, (3, 2, 46, 99, 254), strict=True)), {}, {}
astronaut = load_image("astronaut", size=384)
for layer, i in chosen.items():
    field = receptive_field(network, layer)
    k = -(field.first // field.distance)  # so many positions at each edge see beyond the picture
    F_i = network.features(astronaut, [layer])[layer][0, i, k:-k, k:-k]
    row, column = divmod(F_i.argmax().item(), F_i.shape[1])
    loudest[layer], patches[layer] = F_i.max(), field.patch(astronaut, row + k, column + k)

# %% slideshow={"slide_type": "skip"}
torch.manual_seed(0)
begun = {"relu1_1": [64], "relu2_1": [32, 64], "relu3_1": [32, 64], "relu4_1": [24, 48, 96], "relu5_1": [32, 64, 128]}
best = {}
for layer, sizes in begun.items():
    best[layer] = 0.4 + 0.2 * torch.rand(1, 3, sizes[0], sizes[0])  # soft noise around grey
    for size in sizes:
        start = resize_image(best[layer], size)
        *_, last = minimise(start, dislike(layer, chosen[layer], loudest[layer]), steps=24)
        best[layer] = last.image

# %% tags=["hide-input"] slideshow={"slide_type": "subslide"}
titles = {layer: f"{layer}, filter {i}" for layer, i in chosen.items()}
rows = {"photograph": patches, "from noise": best}
rows = {name: {titles[layer]: picture for layer, picture in row.items()} for name, row in rows.items()}
alt = "Above, two edges, an eye, half a face, a woman's head. Below, thin upright stripes, broad level stripes, dark "
alt += "spots, a crowd of eyes, pieces of faces."
grid(rows, "Where a filter is loudest in a photograph, and what was made for it from noise", 1.8, alt)

# %% [markdown]
# **Stripes, spots, eyes, faces: the deeper the filter, the larger and the more particular what it likes.** We chose
# filters whose pictures can be read; most cannot be named. Olah, Mordvintsev and Schubert
# ([2017](https://distill.pub/2017/feature-visualization/)) show many, and what each way of keeping them smooth does.
# Each of ours is louder than that square of the photograph:

# %% slideshow={"slide_type": "skip"}
louder = {}
for layer, i in chosen.items():
    louder[layer] = (network.features(best[layer], [layer])[layer][0, i].max() / loudest[layer]).item()
assert min(louder.values()) > 1, "what was made should be louder than what was found"
print(table({layer: {"times as loud": f"{ratio:.1f}"} for layer, ratio in louder.items()}, corner="layer"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Average or max pooling
#
# VGG-19 was trained with *max pooling*: of each $2 \times 2$ square the largest number goes on. The paper replaces it
# by *average pooling*: the mean of the four goes on, and says that this gives slightly more appealing results. A
# worked example, $4 \times 4$ numbers:

# %% tags=["nbval-check-output"]
small = torch.tensor([[1.0, 3, 0, 0], [5, 7, 0, 4], [2, 2, 9, 1], [2, 2, 1, 1]])
small = small.view(1, 1, 4, 4).requires_grad_()
average = torch.nn.functional.avg_pool2d(small, 2)  # (1, 1, 2, 2)
largest = torch.nn.functional.max_pool2d(small, 2)
print("average", average[0, 0].tolist(), " max", largest[0, 0].tolist())

# %% tags=["hide-input"] slideshow={"slide_type": "subslide"}
shown = {"numbers": small.detach()[0, 0], "their average": average.detach()[0, 0], "maximum": largest.detach()[0, 0]}
alt = "Sixteen numbers, four by four; their four averages, 4, 1, 2 and 3; their four maxima, 7, 4, 2 and 9."
numbers(shown, "2 x 2 pooling of 4 x 4 numbers", height=1.9, alt=alt)

# %% [markdown] slideshow={"slide_type": "subslide"}
# What matters more to us is the way *back*: we will change pixels by following gradients. How much does the sum of
# what comes out change with each of the sixteen numbers?

# %%
(back_average,) = torch.autograd.grad(average.sum(), small)
(back_max,) = torch.autograd.grad(largest.sum(), small)
assert (back_average == 1 / 4).all()
assert (back_max == 1).sum() == 4 and (back_max == 0).sum() == 12

# %% tags=["hide-input"] slideshow={"slide_type": "subslide"}
back = {"through the average": back_average[0, 0], "through the maximum": back_max[0, 0]}
alt = "Through the average, 0.25 everywhere. Through the maximum, 1 at the largest of each four and 0 elsewhere."
numbers(back, "The gradient on its way back", height=1.9, alt=alt)

# %% [markdown]
# **The average hands a quarter of the gradient to each of the four numbers; the maximum hands all of it to one.** Where
# several are largest, as in the square of twos, one of them gets it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# In a whole network there are many such decisions. Here is the same network with either pooling: one map of
# `relu3_1`, then the gradient of the sum of all of `relu3_1` by the pixels around the eye.

# %% slideshow={"slide_type": "skip"}
compared, alike = {}, {}
for pooling in ("average", "max"):
    pooled = load_network("compact", pooling=pooling, device="cpu")
    f = pooled.features(x, ["relu3_1"])["relu3_1"]
    (gradient,) = torch.autograd.grad(f.sum(), x)
    compared[f"{pooling}: filter 0"] = f.detach()[0, 0, 8:38, 20:56]
    compared[f"{pooling}: gradient"] = gradient[0].abs().sum(dim=0)[32:152, 80:224]
    pairs = gradient[0].sum(dim=0).unfold(1, 2, 1).reshape(-1, 2)  # each pixel and its neighbour to the right
    alike[pooling] = torch.corrcoef(pairs.T)[0, 1].item()

# %% tags=["hide-input"]
alt = "The maps of the eye are alike. The gradient shows the eye's rim with the average, mostly specks with the max."
maps(compared, "relu3_1 with average and with max pooling", columns=4, height=1.5, alt=alt)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The maps are much alike; the gradients are not. How similar is what a pixel and its right-hand neighbour are told? As
# a correlation, where 1 means the same and 0 unrelated:

# %% tags=["nbval-check-output"]
assert alike["average"] > alike["max"] + 0.1, "average tells neighbours more similar things"
rows = {name: {"correlation of neighbours": f"{value:.2f}"} for name, value in alike.items()}
print(table(rows, "pooling"))

# %% [markdown]
# Do not read more into it than this: our network learned from a VGG-16 that took averages, and which
# [painting](glossary.md#painting) is more *appealing* no correlation can tell.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - A picture is $(1, 3, H, W)$; a layer answers with $F_l$ of shape $(N_l, M_l)$: one row per filter, one column per
#   position, $M_l = H_l W_l$.
# - $Z$ is what a convolution says (`conv1_1`), $F = \max(Z, 0)$ what remains (`relu1_1`). The paper's "conv4_2" is our
#   `relu4_2`.
# - Deeper layers have more filters, fewer positions, and see further: 3, 10, 24, 60, 132 pixels at the five layers
#   that we looked at. What they like best grows with it: stripes, spots, eyes, faces.
# - Average pooling spreads a gradient over all four numbers, max pooling gives it to one.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - The paper's own network, `load_network("vgg19")`, or our network's teacher, `load_network("vgg16")`: the same names
#   and some more, and two to four times as many filters.
# - What do *all* filters of a layer together remember of a picture? Notebooks 02 and 05 start from noise for that, too.
# - The border. Our network repeats the last row and column of pixels there, VGG-19 puts zeros. We kept away from it.
#
# ## Exercises
#
# ### 1. On paper
#
# What is the receptive field of `relu2_2`, in pixels? Do not look at the table: go through the layers one
# by one.

# %% [markdown] slideshow={"slide_type": "skip"}
# <!-- ### BEGIN SOLUTION -->
# Start with $r = 1$, $d = 1$.
#
# - `conv1_1`: $r = 1 + 2 \times 1 = 3$
# - `conv1_2`: $r = 3 + 2 \times 1 = 5$
# - pooling: $r = 5 + 1 = 6$, then $d = 2$
# - `conv2_1`: $r = 6 + 2 \times 2 = 10$
# - `conv2_2`: $r = 10 + 2 \times 2 = 14$
#
# The ReLUs change nothing: they look at one number. So `relu2_2` sees $14 \times 14$ pixels.
# <!-- ### END SOLUTION -->

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 2. Predict, then run
#
# A picture is 96 pixels high and 64 wide. How many positions $M_l$ has `relu3_1`?

# %% slideshow={"slide_type": "skip"}
positions = ...
### BEGIN SOLUTION
positions = (96 // 4) * (64 // 4)  # two poolings before block 3: 24 x 16
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
from stylekit.checks import check_value

tall = torch.zeros(1, 3, 96, 64)
check_value(positions, network.features(tall, ["relu3_1"])["relu3_1"][0, 0].numel())

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 3. Code
#
# Write $2 \times 2$ max pooling yourself, for a tensor `f` of shape $(1, N, H, W)$ with even $H$ and $W$,
# without any pooling function of PyTorch's.


# %% slideshow={"slide_type": "skip"}
def my_max_pooling(f):
    ### BEGIN SOLUTION
    upper = torch.maximum(f[..., 0::2, 0::2], f[..., 0::2, 1::2])
    lower = torch.maximum(f[..., 1::2, 0::2], f[..., 1::2, 1::2])
    return torch.maximum(upper, lower)
    ### END SOLUTION


# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
values = (
    torch.tensor([[-1.0, -2, 5, 1], [-3, -4, 2, 8], [0, 0, 7, 7], [0, 6, 7, 9]]).view(1, 1, 4, 4).expand(1, 2, 4, 4)
)
pooled_numbers = my_max_pooling(values)
truth = [[[[-1.0, 8.0], [6.0, 9.0]]] * 2]
check_value(... if pooled_numbers is None else pooled_numbers.tolist(), truth)

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 4. Predict, then run
#
# All weights and the bias of filter 3 of `conv1_1` are doubled. By which factor does the mean
# of row 3 of $F$ (`relu1_1`) grow, and by which factor the mean of all its other rows? Answer with a pair, as in
# `(5, 3)`.

# %% slideshow={"slide_type": "skip"}
factors = ...
### BEGIN SOLUTION
factors = (2, 1)  # Z of filter 3 doubles, and so does max(Z, 0); no other filter has changed
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
doubled = copy.deepcopy(network)
doubled.convolutions["conv1_1"].weight[3] *= 2
doubled.convolutions["conv1_1"].bias[3] *= 2
row_means = [n.features(p, ["relu1_1"])["relu1_1"][0].flatten(1).mean(dim=1) for n in (network, doubled)]  # each (16,)
others = [i for i in range(16) if i != 3]
growth = [(row_means[1][rows].sum() / row_means[0][rows].sum()).item() for rows in ([3], others)]
check_value(factors, tuple(round(g, 3) for g in growth))
