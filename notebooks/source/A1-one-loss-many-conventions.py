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
# # One loss, many conventions
#
# **The question.** The paper weighs style 1,000 times as much as content. A famous tutorial takes 1,000,000; another
# one's style weight is 0.000001 (and its content weight 0.000000025). All of them cite the same paper. Who is right,
# and how do I carry a weight from one to the other?
#
# **What you need to know.** What a network sees (notebook 01), the content loss (02), the Gram matrix (03) and the
# style loss (04).
#
# **How long it runs.** About 12 seconds on two cores.
#
# The paper is Gatys, Ecker and Bethge (2015, [arXiv:1508.06576](https://arxiv.org/abs/1508.06576)).

# %% [markdown]
# ## One formula with two blanks
#
# At one [layer](glossary.md#layer) $l$ the network has $N_l$ [filters](glossary.md#filter) and $M_l$
# [positions](glossary.md#position). $F$, $P$ and $S$, each of shape $(N_l, M_l)$, are its
# [responses](glossary.md#response) to the [painting](glossary.md#painting) $x$, the
# [photograph](glossary.md#photograph) $p$ and the [style picture](glossary.md#style-picture) $a$. Their
# [Gram matrices](glossary.md#gram-matrix) are $G = F F^T$ and $A = S S^T$, of shape $(N_l, N_l)$.
#
# Everybody minimises the same sums of squares. What differs is the number in front of each sum, $c$ and $s_l$:
#
# $$L = \alpha \, c \sum_{i,j} (F_{ij} - P_{ij})^2 + \beta \sum_l w_l \, s_l \sum_{i,j} (G_{ij} - A_{ij})^2$$
#
# We call the pair $c, s_l$ a [convention](glossary.md#convention). It looks harmless. It is not: $N_l$ and $M_l$ hide
# in it.

# %%
import copy
import math

import torch

from stylekit.figures import bars, curves, maps, strip, table
from stylekit.images import load_image
from stylekit.losses import content_loss, gram_matrix, style_layer_loss
from stylekit.networks import load_network, normalised
from stylekit.objective import painting_objective, paper_weights
from stylekit.optimise import minimise
from stylekit.transfer import stylise

# %% [markdown]
# Real responses to try them on: the [compact network](glossary.md#compact-network) in [float64](glossary.md#float64).
# The style picture is cut to the photograph's shape, so that both have the same $M_l$. The painting is one that is
# half done: we simply mix the two.

# %%
network = load_network("compact", device="cpu").double()
p = load_image("chelsea", size=128).double()
a = load_image("swirls", size=128).double()[:, :, : p.shape[2]]
x = (p + a) / 2

# %% tags=["hide-input"]
alt = "A tabby cat's face; a night sky painted in swirls of blue and yellow; and the two laid over each other."
strip({"photograph p": p, "style a": a, "painting x": x}, height=2.0, alt=alt)

# %%
content_layer = "relu4_2"
layers = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
pixels = x.shape[2] * x.shape[3]


def responses(image, network=network):
    found = network.features(image, [*layers, content_layer])
    return {layer: f[0].flatten(1) for layer, f in found.items()}  # each (N, M)


# %%
F, P, S = responses(x), responses(p), responses(a)
print(table({layer: {"N": F[layer].shape[0], "M": F[layer].shape[1]} for layer in F}, corner="layer"))

# %% [markdown]
# ## Six style losses, three lines each
#
# Each function below is our own few lines for what that implementation computes for one layer, written in the order in
# which *it* works. Then we measure the blank: the loss divided by the bare sum of squares.
#
# ### The paper
#
# The [loss of a layer](glossary.md#style-layer-loss) as printed:
#
# $$E_l = \frac{1}{4 N_l^2 M_l^2} \sum_{i,j} (G_{ij} - A_{ij})^2 \tag{Eq. 4}$$


# %%
def bare_sum(F, S):
    return (F @ F.T - S @ S.T).square().sum()


def paper(F, S):
    N, M = F.shape
    return bare_sum(F, S) / (4 * N**2 * M**2)


# %% tags=["hide-input"]
error = max(abs(paper(F[k], S[k]) / style_layer_loss(F[k], gram_matrix(S[k])) - 1).item() for k in layers)
assert error < 1e-12, "ours should be the package's Eq. 4"
print(f"ours against the package, largest relative error: {error:.0e}")

# %% [markdown]
# ### TensorFlow's tutorial, fast.ai (2022), gordicaleksa, CS231n
#
# Divide each Gram matrix by $M$ and take the mean of the squares; or divide it by $N M$ and take their sum, which is
# the same. The $1/4$ of the paper is gone:


# %% tags=["nbval-check-output"]
def tensorflow(F, S):
    M = F.shape[1]
    G, A = F @ F.T / M, S @ S.T / M
    return (G - A).square().mean()


def gordicaleksa(F, S):
    G, A = F @ F.T / F.numel(), S @ S.T / F.numel()
    return (G - A).square().sum()


assert all(torch.isclose(tensorflow(F[k], S[k]), gordicaleksa(F[k], S[k]), rtol=1e-12) for k in layers)
[round((tensorflow(F[k], S[k]) / paper(F[k], S[k])).item(), 6) for k in layers]

# %% [markdown]
# ### PyTorch's tutorial, d2l, jcjohnson's neural-style
#
# Divide by $N M$ *and* take the mean: $N^2$ is divided out twice. The ratio to the paper is $4/N_l^2$, and it *falls
# with depth*: the deeper layers, with more filters, hardly count.


# %% tags=["nbval-check-output"]
def pytorch(F, S):
    G, A = F @ F.T / F.numel(), S @ S.T / F.numel()
    return (G - A).square().mean()


[round((pytorch(F[k], S[k]) / paper(F[k], S[k])).item(), 6) for k in layers]

# %% [markdown]
# ### The authors' own released code
#
# The Gram matrix over $M$, the mean of the squares, and then a weight $1000/N_l^2$ for each layer. The same tilt, 1000
# times PyTorch's loss: **the authors' code is not the authors' equation.**


# %% tags=["nbval-check-output"]
def gatys_code(F, S):
    N, M = F.shape
    G, A = F @ F.T / M, S @ S.T / M
    return 1000 / N**2 * (G - A).square().mean()


[round((gatys_code(F[k], S[k]) / pytorch(F[k], S[k])).item(), 6) for k in layers]

# %% [markdown]
# ### Udacity's course
#
# The bare Gram matrix, the mean of the squares, and only then a division by $N M$: once, outside the square. That is
# $4 M_l / N_l$ times the paper's: large numbers, which depend on the size of the picture, and a tilt from two sides.


# %% tags=["nbval-check-output"]
def udacity(F, S):
    G, A = F @ F.T, S @ S.T
    return (G - A).square().mean() / F.numel()


[round((udacity(F[k], S[k]) / paper(F[k], S[k])).item(), 2) for k in layers]

# %% [markdown]
# ### Keras' example
#
# Eq. 4 to the letter, but with $N = 3$ and $M$ = the number of pixels, *for every layer*.


# %% tags=["nbval-check-output"]
def keras(F, S):
    N, M = 3, pixels
    return bare_sum(F, S) / (4 * N**2 * M**2)


[round((keras(F[k], S[k]) / paper(F[k], S[k])).item(), 4) for k in layers]

# %% [markdown]
# ## The factors, read off and checked
#
# The code above, on paper. Each row: the factor $s_l$, and $s_l$ divided by the paper's.
#
# | style loss of | $s_l$ | against the paper |
# |---|---|---|
# | the paper | $1 / (4 N_l^2 M_l^2)$ | $1$ |
# | TensorFlow, fast.ai, gordicaleksa, CS231n | $1 / (N_l^2 M_l^2)$ | $4$ |
# | PyTorch, d2l, neural-style | $1 / (N_l^4 M_l^2)$ | $4 / N_l^2$ |
# | Gatys' code | $1000 / (N_l^4 M_l^2)$ | $4000 / N_l^2$ |
# | Udacity | $1 / (N_l^3 M_l)$ | $4 M_l / N_l$ |
# | Keras | $1 / (36 \, K^2)$, with $K$ the number of pixels | $N_l^2 M_l^2 / (9 K^2)$ |

# %%
style_losses = {"paper": paper, "TensorFlow": tensorflow, "PyTorch": pytorch}
style_losses |= {"Gatys' code": gatys_code, "Udacity": udacity, "Keras": keras}
style_factors = {
    "paper": lambda N, M, K: 1 / (4 * N**2 * M**2),
    "TensorFlow": lambda N, M, K: 1 / (N**2 * M**2),
    "PyTorch": lambda N, M, K: 1 / (N**4 * M**2),
    "Gatys' code": lambda N, M, K: 1000 / (N**4 * M**2),
    "Udacity": lambda N, M, K: 1 / (N**3 * M),
    "Keras": lambda N, M, K: 1 / (36 * K**2),
}

# %%
pairs = [(name, k) for name in style_losses for k in layers]
losses = [(style_losses[name](F[k], S[k]), style_factors[name](*F[k].shape, pixels), k) for name, k in pairs]
errors = [abs(factor * bare_sum(F[k], S[k]) / loss - 1).item() for loss, factor, k in losses]
assert max(errors) < 1e-12, "each factor should be what the code does"
print(f"{len(errors)} factors against running code, largest relative error: {max(errors):.0e}")

# %% [markdown]
# ## The tilt
#
# In the paper's own network, [VGG-19](glossary.md#vgg-19), and for a picture of $512 \times 512$ pixels: how much
# does each convention ask of each layer, if the paper asks $1$ of all of them?

# %%
K = 512 * 512
vgg19_filters = dict(relu1_1=64, relu2_1=128, relu3_1=256, relu4_1=512, relu5_1=512)
vgg19 = {layer: (N, K // 4**block) for block, (layer, N) in enumerate(vgg19_filters.items())}  # N and M

# %% tags=["nbval-check-output"]
paper_factors = {k: style_factors["paper"](*vgg19[k], K) for k in layers}
against = {name: {k: s(*vgg19[k], K) / paper_factors[k] for k in layers} for name, s in style_factors.items()}
print(table({name: {k: f"{ratio:.2g}" for k, ratio in row.items()} for name, row in against.items()}))

# %% [markdown]
# The size of the numbers in a row is no harm: $\beta$ makes up for it. Their *slope* is: no $\beta$ can undo it, only
# unequal [layer weights](glossary.md#layer-weight) $w_l$ can. So we let each row begin at 1:

# %% tags=["nbval-check-output"]
slopes = {name: [row[k] / row["relu1_1"] for k in layers] for name, row in against.items()}
assert slopes["paper"] == slopes["TensorFlow"] and slopes["PyTorch"] == slopes["Gatys' code"], "two pairs are alike"
{name: round(1 / ratios[-1]) for name, ratios in slopes.items()}

# %% tags=["hide-input"]
names = {"paper and TensorFlow": "paper", "PyTorch and Gatys' code": "PyTorch", "Keras": "Keras", "Udacity": "Udacity"}
alt = "The paper and TensorFlow stay at 1. PyTorch and Gatys' code fall to one sixty-fourth at relu4_1 and stay there; "
alt += "Keras goes with them and on to a thousandth at relu5_1; Udacity falls steepest."
words = "What a deeper layer counts, against relu1_1 (VGG-19, 512 pixels)", "", "factor against the paper's"
curves({name: (layers, slopes[key]) for name, key in names.items()}, *words, "y", alt)

# %% [markdown]
# So many times `relu1_1` counts against `relu5_1`. **Where the slope is not flat, the layers do not weigh as in the
# paper.** Keras runs along with PyTorch down to `relu4_1`: there $N_l$ doubles whenever $M_l$ shrinks to a quarter.
# Udacity's factor depends on the picture's size, but its tilt does not: it is the steepest of all, from the $N_l$ that
# grows and the $M_l$ that shrinks.
#
# Mind which layers an implementation takes. PyTorch's tutorial counts its convolutions one by one: its `conv_1` to
# `conv_5` are our `conv1_1`, `conv1_2`, `conv2_1`, `conv2_2`, `conv3_1`, with at most 256 filters. Inside the
# tutorial the tilt is therefore smaller.

# %% tags=["nbval-check-output"]
tutorial_filters = {"conv1_1": 64, "conv1_2": 64, "conv2_1": 128, "conv2_2": 128, "conv3_1": 256}
(4 / tutorial_filters["conv1_1"] ** 2) / (4 / tutorial_filters["conv3_1"] ** 2)

# %% [markdown]
# ## A convention is more than the style factor
#
# The [content loss](glossary.md#content-loss) has three forms. The paper's, $c = \frac{1}{2}$:
#
# $$L_{content} = \frac{1}{2} \sum_{i,j} (F_{ij} - P_{ij})^2 \tag{Eq. 1}$$
#
# Keras and CS231n leave the half out, $c = 1$; all others take the mean, $c = 1 / (N M)$. And some
# divide the style loss by the number of style layers, which belongs to $s_l$ as well. So here is the whole
# table: for each implementation the form of its content loss, the form of its style loss, and a divisor.

# %%
content_losses = {
    "half sum": lambda F, P: (F - P).square().sum() / 2,
    "sum": lambda F, P: (F - P).square().sum(),
    "mean": lambda F, P: (F - P).square().mean(),
}
content_factors = {"half sum": lambda N, M: 1 / 2, "sum": lambda N, M: 1.0, "mean": lambda N, M: 1 / (N * M)}

# %% tags=["hide-input"]
F_c, P_c = F[content_layer], P[content_layer]
found = {k: loss(F_c, P_c) / (F_c - P_c).square().sum() for k, loss in content_losses.items()}
assert all(abs(content_factors[k](*F_c.shape) / factor - 1) < 1e-12 for k, factor in found.items())
assert abs(content_losses["half sum"](F_c, P_c) / content_loss(F_c, P_c) - 1) < 1e-12, "the package's Eq. 1"

# %%
number = len(layers)
conventions = {
    "paper": ("half sum", "paper", 1),
    "TensorFlow": ("mean", "TensorFlow", number),
    "gordicaleksa": ("mean", "TensorFlow", number),
    "fast.ai": ("mean", "TensorFlow", 1),
    "CS231n": ("sum", "TensorFlow", 1),
    "PyTorch": ("mean", "PyTorch", 1),
    "d2l": ("mean", "PyTorch", 1),
    "neural-style": ("mean", "PyTorch", 1),
    "Gatys' code": ("mean", "Gatys' code", 1),
    "Udacity": ("mean", "Udacity", 1),
    "Keras": ("sum", "Keras", number),
}
columns = ("content loss", "style loss of", "divided by")
print(table({name: dict(zip(columns, row, strict=True)) for name, row in conventions.items()}, corner="implementation"))

# %% [markdown]
# How we know: in public copies of the files themselves we read TensorFlow's tutorial notebook, gordicaleksa's
# `neural_style_transfer.py` and `utils.py`, PyTorch's `neural_style_tutorial.py`, d2l's `neural-style.md`,
# jcjohnson's `neural_style.lua`, Keras' example and, for the Gram matrix and the mean, the notebook of Gatys'
# repository; its weights $1000/N_l^2$ stand in many programs that reuse it. fast.ai's and Udacity's notebooks were
# too long for us (they are full of pictures); there we read the same lines in several programs taken from them, and
# CS231n's in the text of the assignment and in students' solutions. The functions above are ours. Implementations
# change: look before you rely on a row.
#
# ## From any convention to any other
#
# The total loss must stay the same number, whatever the painting. So the factor in front of each sum must stay the
# same. With $c, s_l$ the old convention and $c', s_l'$ the new one:
#
# $$\alpha' = \alpha \, \frac{c}{c'} \qquad\qquad \beta' \, w_l' = \beta \, w_l \, \frac{s_l}{s_l'}$$
#
# Only the product $\beta' w_l'$ is fixed. We choose $\sum_l w_l' = 1$, as in the paper. No constant is left over: the
# two losses are *equal*, not only proportional.


# %%
def factors(name, shapes, K):
    content, style, divisor = conventions[name]
    c = content_factors[content](*shapes[content_layer])
    return c, {k: style_factors[style](*shapes[k], K) / divisor for k in layers}


def convert(alpha, beta, w, old, new, shapes, K):
    (c, s), (c_new, s_new) = factors(old, shapes, K), factors(new, shapes, K)
    products = {k: beta * w[k] * s[k] / s_new[k] for k in layers}
    beta_new = sum(products.values())
    return alpha * c / c_new, beta_new, {k: product / beta_new for k, product in products.items()}


# %% [markdown]
# Does it hold? We compute the total loss of every implementation with its *own code* (the functions, not the factors):
#
# $$L_{style} = \sum_l w_l E_l \tag{Eq. 5}$$
#
# $$L_{total} = \alpha L_{content} + \beta L_{style} \tag{Eq. 7}$$
#
# and compare all pairs, on the real responses, with weights that have nothing in common.


# %%
def total(alpha, beta, w, name):
    content, style, divisor = conventions[name]
    style_sum = sum(w[k] * style_losses[style](F[k], S[k]) / divisor for k in layers)
    return alpha * content_losses[content](F[content_layer], P[content_layer]) + beta * style_sum


# %%
weights = (0.37, 1200.0, dict(zip(layers, [1.0, 0.75, 0.2, 0.3, 0.5], strict=True)))
shapes = {layer: tuple(f.shape) for layer, f in F.items()}
pairs = [(old, new) for old in conventions for new in conventions]
converted = [convert(*weights, *pair, shapes, pixels) for pair in pairs]
ratios = [total(*w, new) / total(*weights, old) for w, (old, new) in zip(converted, pairs, strict=True)]
worst = max(abs(ratio - 1).item() for ratio in ratios)
assert worst < 1e-12, "a converted weight should give the same total loss"
print(f"{len(ratios)} pairs, worst relative error of the total loss: {worst:.0e}")

# %% [markdown]
# **For fixed responses and sizes the conversion is exact.** Without it, the same weights give totals that are
# orders of magnitude apart:

# %%
totals = {name: total(*weights, name).item() for name in conventions}
assert max(totals.values()) / min(totals.values()) > 1e5, "the same weights should mean very different things"

# %% tags=["hide-input"]
alt = "Eleven bars, which end more than a hundred thousand times apart: shortest for PyTorch, d2l and neural-style, "
alt += "longest for Udacity."
bars(totals, "One painting, one set of weights, eleven total losses", "total loss (logarithmic)", log=True, alt=alt)

# %% [markdown]
# ## The published weights in one language
#
# What do the implementations publish, said in the paper's letters? We convert for VGG-19 at 512 pixels, all at the
# paper's layers: $\alpha / \beta$, and each $w_l$ in per cent.

# %%
equal = dict.fromkeys(layers, 1.0)
vgg19[content_layer] = (512, K // 4**3)
published = {
    "paper": (1e-3, 1, dict.fromkeys(layers, 0.2)),
    "TensorFlow": (1e4, 1e-2, equal),
    "gordicaleksa": (1e5, 3e4, equal),
    "PyTorch": (1, 1e6, equal),
    "neural-style": (5, 100, equal),
    "Gatys' code": (1, 1, equal),
    "Udacity": (1, 1e6, dict(zip(layers, [1, 0.75, 0.2, 0.2, 0.2], strict=True))),
    "Keras": (2.5e-8, 1e-6, equal),
}

# %%
rows = {}
for name, given in published.items():
    alpha, beta, w = convert(*given, name, "paper", vgg19, K)
    rows[name] = {"alpha / beta": f"{alpha / beta:.0e}"} | {k: f"{100 * w[k]:.2g} %" for k in layers}
print(table(rows, corner="published by"))

# %% [markdown]
# Read it with care: the paper's numbers are for a network with normalised weights (below), the implementations
# feed pixels of different scales (below), and some take other layers. But the tilt is plain: of the six that give every
# layer the same $w_l$, only TensorFlow and gordicaleksa do so in the paper's sense. **With the others three quarters of
# the layer weights fall to `relu1_1`**, which knows colour and the finest grain; with Udacity, whose $w_l$ fall with
# depth as well, nine tenths.
#
# ## Weight normalisation
#
# One convention hides in the network itself. Some filters speak loudly, some softly, and nobody asked them to. The
# authors' longer paper of 2016 evens that out. Let $\mu_i$ be the mean of row $i$ of $F$ over four photographs, $M$
# positions in all:
#
# $$\mu_i = \frac{1}{M} \sum_{j=1}^{M} F_{ij}$$

# %%
photographs = [load_image(name, size=64).double() for name in ("chelsea", "astronaut", "coffee", "rocket")]
relus = [layer for layer in network.layers if layer.startswith("relu")]  # all eleven


def mean_responses(some_network):
    answers = [some_network.features(photograph, relus) for photograph in photographs]
    rows = {layer: torch.cat([f[layer][0].flatten(1) for f in answers], dim=1) for layer in relus}  # each (N, M)
    return {layer: row.mean(dim=1) for layer, row in rows.items()}


# %% tags=["nbval-check-output"]
mu = mean_responses(network)
loud = {k: {"largest mu": mu[k].max().item(), "silent filters": int((mu[k] == 0).sum())} for k in layers}
print(table(loud, corner="layer"))

# %% [markdown]
# [Weight normalisation](glossary.md#weight-normalisation) makes every $\mu_i = 1$. It can do so without changing what
# the network says, because the ReLU is [homogeneous](glossary.md#homogeneous): for $c > 0$
#
# $$\max(c z, 0) = c \, \max(z, 0)$$
#
# (if $z > 0$ both sides are $c z$, else both are 0). The two kinds of pooling are homogeneous, too.

# %%
z = network.features(p, ["conv1_1"])["conv1_1"]  # numbers of both signs
for step in (torch.relu, torch.nn.AvgPool2d(2), torch.nn.MaxPool2d(2)):
    assert (step(0.3 * z) - 0.3 * step(z)).abs().max() < 1e-12, "scaling before is scaling after"
print("relu, average pooling, max pooling: homogeneous to better than 1e-12")

# %% [markdown]
# So follow the chain. Let $W_i$, $b_i$ be the weights and the bias of filter $i$, and take $c = 1 / \mu_i$:
#
# 1. Divide the weights $W_i$ and the bias $b_i$ by $\mu_i$. Then $Z_i$ is divided by $\mu_i$, and by homogeneity so is
#    $F_i$. Its mean is 1.
# 2. **The next layer would notice: its channel $i$ is now $\mu_i$ times too small. Multiply its weights for that
#    channel by $\mu_i$, and it does not.** A pooling in between passes the factor on, so this holds across blocks.
# 3. A filter with $\mu_i = 0$ is silent in all four photographs. There is nothing to divide by. It is left alone.
#
# By hand, for the first two layers. Has layer 2 noticed?

# %%
by_hand = copy.deepcopy(network)
one, two = by_hand.convolutions["conv1_1"], by_hand.convolutions["conv1_2"]
one.weight /= mu["relu1_1"].view(-1, 1, 1, 1)  # (16, 3, 3, 3): filter i comes first
one.bias /= mu["relu1_1"]
two.weight *= mu["relu1_1"].view(1, -1, 1, 1)  # (16, 16, 3, 3): the channel, second

# %%
before, after = (n.features(p, ["conv1_2"])["conv1_2"] for n in (network, by_hand))
assert (after - before).abs().max() < 1e-12, "layer 2 should not notice"
assert (mean_responses(by_hand)["relu1_1"] - 1).abs().max() < 1e-12, "every filter of layer 1 should have mean 1"
print(f"largest change of conv1_2: {(after - before).abs().max().item():.0e}")

# %% [markdown]
# Now layer 2 is divided by its own $\mu$ and layer 3 multiplied, and so on to the end: that is what `normalised` in the
# package does. Here are the 96 filters of `relu3_1`, a square each:

# %% tags=["hide-input"]
level = normalised(network, photographs)
means = mean_responses(level)
assert max((means[k][mu[k] > 0] - 1).abs().max() for k in relus) < 1e-9, "all filters that speak should have mean 1"

# %% tags=["hide-input"]
squares = {"before": mu["relu3_1"].view(8, 12), "after": means["relu3_1"].view(8, 12)}
alt = "Ninety-six squares twice. Before, most are dark and three are bright; after, all have one colour, that of 1."
maps(squares, "Mean response of each filter of relu3_1", height=2.6, shared=True, alt=alt)

# %% [markdown]
# Nothing else has changed: in every layer the new responses, times $\mu$, are the old ones. That is a claim about
# eleven layers, so it is computed for eleven. Beside it stands the wrong way: to divide by $\mu$ and forget the next
# layer.

# %%
wrong = copy.deepcopy(network)
factor = {layer: torch.where(m > 0, m, 1.0) for layer, m in mu.items()}  # each (N,); 1 for a silent filter
for layer, c in factor.items():
    wrong.convolutions["conv" + layer[4:]].weight /= c.view(-1, 1, 1, 1)
    wrong.convolutions["conv" + layer[4:]].bias /= c
old, *new = (n.features(photographs[0], relus) for n in (network, level, wrong))
changes = {}
for layer, f in old.items():
    back = [g[layer] * factor[layer].view(1, -1, 1, 1) for g in new]
    changes[layer] = [((g - f).norm() / f.norm()).item() for g in back]
assert all(good < 1e-12 for good, _ in changes.values()), "unchanged, up to each layer's own rescaling"


# %% tags=["nbval-check-output"]
def said(error):
    return "below 1e-12" if error < 1e-12 else f"{error:.1f}" if error < 100 else "over 100"


rows = {k: {"package": said(good), "next layer forgotten": said(bad)} for k, (good, bad) in changes.items()}
print(table(rows, corner="relative error"))

# %% [markdown]
# The first layer has no layer before it, so the mistake shows only from the second on: there at once as an error nearly
# as large as the response itself. Then it grows, because filters that hardly ever speak have been made as loud as the
# others, and nobody told their listeners.
#
# ## The kit's own scale
#
# This kit paints in a scale of its own, `"relative"`: it divides the content loss by the sum of the photograph's
# squared responses, and each $E_l$ by what the photograph scores there. So $\alpha$ and $\beta$ mean the same for every
# picture and network. It has no row above, because its factors depend on the photograph:
#
# $$\alpha' = \frac{\alpha}{\sum_{i,j} P_{ij}^2} \qquad\qquad \beta' \, w_l' = \frac{\beta \, w_l}{E_l(p)}$$
#
# For one photograph and one style picture it is as exact as any other. `paper_weights` computes it:

# %%
ours = painting_objective(network, p, a, tv_weight=0.0)  # content weight 0.1, each w_l = 1/5
alpha, beta, w = (getattr(paper_weights(ours), name) for name in ("alpha", "beta", "layers"))

# %% tags=["hide-input"]
E = sum(w[k] * paper(F[k], S[k]) for k in layers)
error = abs((alpha * content_loss(F[content_layer], P[content_layer]) + beta * E) / ours(x)["total"] - 1).item()
assert error < 1e-12, "the printed equations with these weights should give the kit's own total"
print(f"the paper's equations with converted weights against the kit's objective: {error:.0e}")

# %%
pairs = {"chelsea, swirls": (p, a)}
for names in (("coffee", "waves"), ("astronaut", "swirls")):
    pairs[", ".join(names)] = [load_image(name, size=256).double() for name in names]
shares = {names: paper_weights(painting_objective(network, *pair)).layers for names, pair in pairs.items()}
rows = {names: {k: f"{100 * w.item():.0f} %" for k, w in share.items()} for names, share in shares.items()}
print(table(rows, corner="w_l as in Eq. 5"))

# %% [markdown]
# **The layers in which the photograph is already near to the style count most.** Each layer is to come equally far from
# where it begins; the paper asks for equal distances instead.
#
# ## When the picture grows
#
# Conversion was for *one* size. What happens to a weight that worked on a small picture, when the picture gets
# larger? Put four copies of the picture side by side: to the eye nothing has changed, but $M_l$ and the number of
# pixels $K$ are four times as large, and so are $G$ and $A$.

# %%
N, M = shapes["relu3_1"]
grown = {}
for name, (content, style, _) in conventions.items():
    c, c_four = content_factors[content](N, M), content_factors[content](N, 4 * M)
    s, s_four = style_factors[style](N, M, pixels), style_factors[style](N, 4 * M, 4 * pixels)
    grown[name] = {"content": 4 * c_four / c, "style": 4**2 * s_four / s}
    grown[name]["style / content"] = grown[name]["style"] / grown[name]["content"]

# %% tags=["nbval-check-output"]
print(table(grown, corner="four copies make"))

# %% [markdown]
# - TensorFlow, gordicaleksa, fast.ai, PyTorch, d2l, neural-style, Gatys' code: both terms stay. Their $\alpha$ and
#   $\beta$ keep their meaning.
# - The paper, CS231n, Keras: style stays, but content is a sum and grows with the number of positions. The balance tips
#   towards the photograph.
# - Udacity: content stays, style grows. The balance tips towards the style.
#
# The table follows from the factors. Is it so in running code? `repeat` puts four copies of a response side by side.

# %%
(F3, F12), (P3, P12), (S3, S12) = ((f["relu3_1"], f["relu3_1"].repeat(1, 4)) for f in (F, P, S))
measured = {name: loss(F12, P12) / loss(F3, P3) for name, loss in content_losses.items()}
for name in ("paper", "TensorFlow", "PyTorch", "Gatys' code", "Udacity"):
    measured[name] = style_losses[name](F12, S12) / style_losses[name](F3, S3)
    assert abs(measured[name] / grown[name]["style"] - 1) < 1e-12, "the table should hold in running code"
print({name: round(ratio.item(), 6) for name, ratio in measured.items()})

# %% [markdown]
# Real pictures at several sizes are not exact copies, for a large picture shows other detail to `relu3_1` than a
# small one: that changes all of them alike. The convention comes on top. Style against content, by size, each divided
# by its value at 64 pixels:

# %%
sizes = [64, 96, 128, 192, 256]
trend = {name: [] for name in ("paper", "TensorFlow", "Udacity", "relative")}
for size in sizes:
    photograph, style = (load_image(name, size=size).double() for name in ("chelsea", "swirls"))
    style = style[:, :, : photograph.shape[2]]
    images = ((photograph + style) / 2, photograph, style)
    F_l, P_l, S_l = (network.features(image, ["relu3_1"])["relu3_1"][0].flatten(1) for image in images)
    for name in ("paper", "TensorFlow", "Udacity"):
        trend[name].append((style_losses[name](F_l, S_l) / content_losses[conventions[name][0]](F_l, P_l)).item())
    content = (F_l - P_l).square().sum() / P_l.square().sum()
    trend["relative"].append((paper(F_l, S_l) / paper(P_l, S_l) / content).item())

# %% tags=["hide-input"]
moved = {name: ratios[-1] / ratios[0] for name, ratios in trend.items()}  # from 64 to 256 pixels: 16 times the area
assert abs(16 * moved["paper"] / moved["TensorFlow"] - 1) < 0.1, "the paper tips towards content, 16 times as far"
assert abs(moved["Udacity"] / moved["TensorFlow"] / 16 - 1) < 0.1, "Udacity tips towards style, 16 times as far"
assert min(moved, key=lambda name: abs(math.log(moved[name]))) == "relative", "the kit's scale moves least"

# %% tags=["hide-input"]
alt = "Four curves that start at 1: that of the kit's relative scale stays nearest to 1, TensorFlow's falls to about a "
alt += "third, the paper's to less than a thirtieth, Udacity's rises to about five."
lines = {name: (sizes, [ratio / ratios[0] for ratio in ratios]) for name, ratios in trend.items()}
words = "Style against content at relu3_1, as the picture grows", "longer side in pixels", "times that at 64 pixels"
curves(lines, *words, "y", alt)

# %% [markdown]
# Between the paper's and TensorFlow's lies the factor 16 of the area, and between TensorFlow's and Udacity's again.
#
# This is why the kit paints in the scale `"relative"`, the fourth curve: the content loss divided by the photograph's
# own, $E_l$ by what it is at the photograph. **There the weights keep their meaning best when the picture grows.**
#
# ## The pixel scale: here conversion is only approximate
#
# Some feed the network with pixels in $0 \ldots 255$ minus the mean, others divide by the deviation of ImageNet's
# pixels as well. Weights trained for the one are not those trained for the other; but programs do feed the same
# network with either, and then its input is larger by $255 \times 0.226 \approx 58$.
#
# If the network had no biases, it would be homogeneous as a whole: responses $58$ times as large,
# content $58^2$, style $58^4$ times. It has biases. How far off is the rule? We measure, with a copy of the compact
# network that does not divide.

# %%
raw = copy.deepcopy(network)
raw.deviation.fill_(1 / 255)
scale = (network.deviation / raw.deviation).mean().item()
print(f"the input is s = {scale:.1f} times as large on average over the three colours")

# %%
F_raw, P_raw, S_raw = (responses(image, raw) for image in (x, p, a))
off = {}
for layer in layers:
    content = (F_raw[layer] - P_raw[layer]).square().sum() / (F[layer] - P[layer]).square().sum()
    style = bare_sum(F_raw[layer], S_raw[layer]) / bare_sum(F[layer], S[layer])
    off[layer] = {"content / s^2": content.item() / scale**2, "style / s^4": style.item() / scale**4}

# %% tags=["nbval-check-output"]
assert all(abs(off[layer][name] - 1) < 0.1 for layer in layers[:-1] for name in off[layer]), "right to a tenth"
assert all(abs(value - 1) < 0.5 for value in off["relu5_1"].values())
rows = {layer: {name: f"{value:.2f}" for name, value in row.items()} for layer, row in off.items()}
print(table(rows, corner="layer"))

# %% [markdown]
# **The rule is right to a tenth up to `relu4_1`; the style of `relu5_1` grows by a quarter or so more**: the biases,
# which did *not* grow, have little to say until there. With VGG-16 itself it is right to 4 per cent in all five. So,
# from pixels divided by the deviation to $0 \ldots 255$, divide $\alpha$ by $58^2$ and $\beta$ by $58^4$, the other way
# multiply; call it *approximate*, and look at the painting. Without biases, and with one scale for all three colours,
# it would be exact.

# %% [markdown]
# ## What the wrong conversion does
#
# One way to a painting that is still the photograph. We paint the cat in waves with $\alpha = 1$, $\beta = 10^4$ and
# each $w_l = 1$, numbers that belong to the convention of PyTorch's tutorial, at the paper's layers:
#
# 1. in the tutorial's own convention, with an objective of a few lines;
# 2. with the weights *converted* to the paper's, by the package: `stylise(..., scale="paper")`;
# 3. with the numbers *copied*, as if they were the paper's.

# %%
waves = load_image("waves", size=128).double()[:, :, : p.shape[2]]
S_waves = responses(waves)


def tutorial(image):
    F = responses(image)
    content = content_losses["mean"](F[content_layer], P[content_layer])
    return {"total": content + 1e4 * sum(pytorch(F[k], S_waves[k]) for k in layers)}


# %%
alpha, beta, w = convert(1, 1e4, equal, "PyTorch", "paper", shapes, pixels)
options = {"scale": "paper", "sizes": [128], "steps": 32}
*_, own = minimise(p, tutorial, steps=32)
*_, right = stylise(p, waves, network, content_weight=alpha, style_weight=beta, style_layers=w, **options)
*_, copied = stylise(p, waves, network, content_weight=1, style_weight=5e4, style_layers=equal, **options)

# %% tags=["hide-input"]
painted = {"the photograph": p, "weights converted": right.image, "weights copied": copied.image}
alt = "A tabby cat. The same cat painted in orange and teal waves. And the cat once more, its fur and background as in "
alt += "the photograph, a little redder, without a wave."
strip(painted, "The same weights, converted to the paper's convention and copied into it", 2.3, alt)

# %%
assert (own.image - right.image).abs().max() < 1e-3, "the converted weights should paint the tutorial's picture"
assert (own.image - copied.image).abs().mean() > 0.1, "the copied numbers should paint another picture"
print("in every pixel 1 and 2 differ by less than 0.001")

# %% [markdown]
# 1 and 2 come from two different loss functions, and agree. In 3 nothing is *broken*, there is no error message: **a
# painting comes out, only not the one that was meant.** The layers simply weigh otherwise. Content counts, against each
# of them, so many times what the tutorial meant:

# %% tags=["nbval-check-output"]
{k: round((1 / alpha) / (1e4 / (beta * w[k])), 1) for k in layers}

# %% [markdown]
# ## What we learned
#
# - Everybody minimises the same two sums of squares. The number in front, the convention, is what differs.
# - A constant factor is harmless. A factor with $N_l$ or $M_l$ in it tilts the layers or depends on the picture's size.
# - The authors' released code is not the authors' equation: it tilts by 64.
# - At fixed sizes any weights convert to any convention, exactly: $\alpha' = \alpha c / c'$ and
#   $\beta' w_l' = \beta w_l s_l / s_l'$.
# - Across pixel scales the conversion is approximate, to a tenth here, because of the biases.
# - Because the ReLU is homogeneous, every filter can be given a mean response of 1 and the network still says the same,
#   if the next layer is adjusted.
# - Never quote a style weight without its convention, its layers, its network and its pixel scale.
#
# ## Roads not taken
#
# - The [total variation](glossary.md#total-variation) has conventions of its own: absolute values or squares, sum or
#   mean.
# - Some tutorials call a mean of *absolute* differences of Gram matrices a style loss. No factor converts that.
# - Why divide by $M$ and not by $N M$? People asked the author: leongatys/PytorchNeuralStyleTransfer#14. Others could
#   not match the code to $\partial E_l / \partial F$: happynear/caffe-windows#178,
#   andersbll/neural_artistic_style#49.
#
# ## Exercises
#
# 1. Your colleague paints with d2l's code: $\alpha = 1$, $\beta = 1000$, the same $w_l = 1$ at the paper's layers of
#    VGG-19, a picture of $512 \times 512$ pixels. She wants the same painting from Keras' example, at the same layers.
#    Which $\alpha$, $\beta$ and $w_l$ does she need, and what has that example no place for?
#
# <details><summary>Hint</summary>
#
# `convert`, with `vgg19` and `K` from above. Keras' example weighs all its style layers alike.
#
# </details>
# <details><summary>Solution</summary>
#
# `convert(1, 1000, equal, "d2l", "Keras", vgg19, K)`: $\alpha = 1 / (512 \times 4096) = 4.8 \times 10^{-7}$,
# $\beta = 0.21$, and $w_l$ of 5, 5, 5, 5 and 80 per cent. Down to `relu4_1` the $w_l$ are equal, because $N_l$ doubles
# whenever $M_l$ shrinks to a quarter; at `relu5_1` $M_l$ shrinks and $N_l$ stays, so that $w_l$ is 16 times as large.
# The example has no $w_l$: she must add them.
#
# </details>
#
# 2. On paper: which $w_l$, with the sum 1, make PyTorch's convention equal to the paper's at all layers of VGG-19?
#
# <details><summary>Hint</summary>
#
# Against the paper each layer counts $4 / N_l^2$. Which $w_l$ takes that back?
#
# </details>
# <details><summary>Solution</summary>
#
# $w_l$ in proportion to $N_l^2$: 0.7, 2.7, 10.7, 43 and 43 per cent. `convert(1, 1, equal, "paper", "PyTorch", vgg19,
# K)` says the same.
#
# </details>
#
# 3. Someone divides each Gram matrix by $N_l$ instead of $M_l$ and takes the mean. Add the row to `style_losses` and
#    `style_factors`. What is its tilt, and does it keep its meaning when the picture grows?
#
# <details><summary>Hint</summary>
#
# The division stands inside the square, the mean divides by $N_l^2$ once more. For the picture: four copies make $G$
# four times as large.
#
# </details>
# <details><summary>Solution</summary>
#
# $s_l = 1 / N_l^4$, which is $4 M_l^2 / N_l^2$ against the paper: in VGG-19 `relu1_1` counts $256^2 \times 8^2$, about
# 4 million times as much as `relu5_1`. And it does not keep its meaning: without an $M_l$ below, four copies make it
# 16 times as large.
#
# </details>

# %% tags=["hide-input"]
alpha, beta, w = convert(1, 1000, equal, "d2l", "Keras", vgg19, K)  # what the solutions say
assert (round(1 / alpha), round(beta, 2), round(w["relu5_1"] / w["relu4_1"], 9)) == (512 * 4096, 0.21, 16)
w = convert(1, 1, equal, "paper", "PyTorch", vgg19, K)[2]
assert [round(100 * v, 1) for v in w.values()] == [0.7, 2.7, 10.7, 43.0, 43.0]
