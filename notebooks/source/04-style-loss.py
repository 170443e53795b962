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
# # How far is this from that style?
#
# **The question.** A [Gram matrix](glossary.md#gram-matrix) holds the style of a [picture](glossary.md#picture). How
# do we turn *two* of them into one number, and how does that number tell every pixel what to do?
#
# **What you need to know.** The Gram matrix (notebook 03); the [gradient](glossary.md#gradient) of a loss and the
# [mask](glossary.md#mask) of the [ReLU](glossary.md#relu) (notebook 02).
#
# **How long it runs.** About 15 seconds on two cores.
#
# The method is that of Gatys, Ecker and Bethge (2015, [arXiv:1508.06576](https://arxiv.org/abs/1508.06576)).

# %% slideshow={"slide_type": "skip"}
import torch

from stylekit.figures import bars, maps, strip, table
from stylekit.images import load_image
from stylekit.losses import gram_matrix, style_layer_loss, style_layer_loss_gradient, style_loss
from stylekit.networks import load_network
from stylekit.objective import STYLE_LAYERS, layer_weights
from stylekit.optimise import minimise

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two pictures, two Gram matrices
#
# - The [painting](glossary.md#painting) $x$ has only just begun: it is still the [photograph](glossary.md#photograph)
#   $p$.
# - The [style picture](glossary.md#style-picture) $a$ is cut to the same size.
#
# The network is the [compact network](glossary.md#compact-network), in [float64](glossary.md#float64).

# %% slideshow={"slide_type": "skip"}
network = load_network("compact", device="cpu").double()
p = load_image("chelsea", size=192).double()
a = load_image("swirls", size=192).double()[:, :, :128]

# %%
strip(
    {"painting x = p": p, "style a": a},
    alt="Left, the photograph of a tabby cat's face. Right, a night sky painted in swirls of blue and yellow.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# One [layer](glossary.md#layer) $l$ answers with its [response](glossary.md#response).
#
# - $F$, of shape $(N, M)$: the response of $N$ [filters](glossary.md#filter) at $M$ [positions](glossary.md#position)
# - $G = F F^T$, of shape $(N, N)$: the Gram matrix of the painting
# - $A$, of shape $(N, N)$: the Gram matrix of the style picture

# %%
F_cat = network.features(p, ["relu2_1"])["relu2_1"][0].flatten(1)
F_swirls = network.features(a, ["relu2_1"])["relu2_1"][0].flatten(1)
G_cat, A_swirls, M_cat = F_cat @ F_cat.T, F_swirls @ F_swirls.T, F_cat.shape[1]
F_cat.shape, G_cat.shape, A_swirls.shape

# %% slideshow={"slide_type": "subslide"}
maps(
    {
        "G / M: the painting": G_cat / M_cat,
        "A / M: the style": A_swirls / M_cat,
        "(G - A) / M": (G_cat - A_swirls) / M_cat,
    },
    title="Two Gram matrices and their difference (relu2_1)",
    height=2.4,
    signed=True,
    shared=True,
    alt="Three squares of 48 by 48 coloured cells. The first, of the cat, is pale; the second, of the swirls, has dark "
    "lines where strong filters cross; the third, their difference, is mostly below zero, and symmetric.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **The right-hand square is all that this layer's loss will ever know**: where it is white, nothing needs to change.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One number for one layer
#
# **Square every entry of the difference and add up.** This is the [loss of one layer](glossary.md#style-layer-loss):
#
# $$E_l = \frac{1}{4 N^2 M^2} \sum_{i,j} (G_{ij} - A_{ij})^2 \tag{Eq. 4}$$
#
# First on a piece of paper, with $N = 2$ filters and $M = 3$ positions:
#
# - $Z$, $(N, M)$, is the [pre-activation](glossary.md#pre-activation); the ReLU leaves $F = \max(Z, 0)$ of it
# - $S$, $(N, M)$, is the response to the style picture

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
Z = torch.tensor([[1.0, 2, -1], [-2, 1, 3]], dtype=torch.float64)
S = torch.tensor([[1.0, 0, 1], [1, 1, 0]], dtype=torch.float64)
F, A = Z.relu(), S @ S.T
print("G =", (F @ F.T).tolist())
print("A =", A.tolist())

# %% [markdown] slideshow={"slide_type": "subslide"}
# Once with a pencil, then with loops, one for each index, then with matrices:
#
# - $G - A$ has the entries $3, 1, 1, 8$: their squares add up to $9 + 1 + 1 + 64 = 75$
# - $4 N^2 M^2 = 4 \times 4 \times 9 = 144$


# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
def layer_loss_by_loops(F, A):
    (N, M), total = F.shape, 0.0
    for i in range(N):
        for j in range(N):
            G_ij = sum(F[i, k] * F[j, k] for k in range(M))
            total = total + (G_ij - A[i, j]) ** 2
    return total / (4 * N**2 * M**2)


def layer_loss_by_matrices(F, A):
    N, M = F.shape
    return ((F @ F.T - A) ** 2).sum() / (4 * N**2 * M**2)


ways = layer_loss_by_loops, layer_loss_by_matrices
print(f"paper, loops, matrices: {75 / 144:.4f}", *(f"{way(F, A).item():.4f}" for way in ways))

# %% [markdown] slideshow={"slide_type": "subslide"}
# The package's `style_layer_loss` is the third version. It divides each Gram matrix by $M$ before it squares, and it
# can be told that $A$ comes from a picture of another size; we come to that. Are the three one function? We try them on
# real responses:
#
# - five filters of `relu2_1` at $7 \times 11$ positions, over the corner of the cat's eye
# - against the same place of the style picture

# %% slideshow={"slide_type": "skip"}
place = (slice(None), slice(None), slice(50, 64), slice(70, 92))
Z5 = network.features(p[place], ["conv2_1"])["conv2_1"][0, 8:13].flatten(1)
S5 = network.features(a[place], ["relu2_1"])["relu2_1"][0, 8:13].flatten(1)
F5, A5, (N5, M5) = Z5.relu(), gram_matrix(S5), Z5.shape

# %% slideshow={"slide_type": "fragment"}
three = torch.stack([way(F5, A5) for way in (*ways, style_layer_loss)])
spread = (three.max() - three.min()) / three.max()
print(f"E = {three[0]:.4f}; largest relative difference of the three: {spread:.0e}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why divide by $4 N^2 M^2$?
#
# - $G$ has $N^2$ entries: dividing by $N^2$ makes the sum a mean. A layer with more filters is not louder for that.
# - Each entry of $G$ is a sum over $M$ positions, and it is squared: hence $M^2$ (notebook 03).
# - The 4 is there for the gradient: the square brings one 2, the product $F F^T$ another, and $2 \times 2$ cancels
#   the 4. Eq. 6, below, has no number in it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# > Stop and predict: every position is taken twice, or every filter twice, so nothing new is in them. What becomes of
# > $E_l$?

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
wide_F, wide_S = (torch.cat([R, R], dim=1) for R in (F5, S5))  # every position twice: (N, 2M)
tall_F, tall_S = (torch.cat([R, R]) for R in (F5, S5))  # every filter twice: (2N, M)
cases = [("as it is", F5, S5), ("2 M", wide_F, wide_S), ("2 N", tall_F, tall_S)]
for words, F_, S_ in cases:
    print(f"{words:8}  E = {style_layer_loss(F_, gram_matrix(S_)).item():.4f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Nothing. So **$4 E_l$ is the mean squared difference of the two Gram matrices, each divided by its number of
# positions**, as long as both have the same $M$. Many programs compute this mean and call it the style loss: another
# [convention](glossary.md#convention), with another meaning of the style weight $\beta$ in the
# [total loss](glossary.md#total-loss) (notebook A1).

# %% tags=["hide-input"] slideshow={"slide_type": "skip"}
assert spread < 1e-12, "loops, matrices and package should agree"
mean_square = ((gram_matrix(F5) / M5 - A5 / M5) ** 2).mean()
assert torch.isclose(mean_square, 4 * style_layer_loss(F5, A5), rtol=1e-12), "it should be 4 E"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The gradient, line by line
#
# How does $E_l$ change with each response $F_{ij}$? $F$ enters by way of $G = F F^T$, so the chain rule goes through
# $G$. Its indices are $a, b$ here, because $i, j$ are taken.
#
# *Line 1: $E_l$ by $G$.* Only its own square in Eq. 4 contains $G_{ab}$ ($G_{ba}$ counts as another number). The square
# brings down a 2:
#
# $$\frac{\partial E_l}{\partial G_{ab}} = \frac{2 \, (G - A)_{ab}}{4 N^2 M^2} =
# \frac{(G - A)_{ab}}{2 N^2 M^2} \tag{line 1}$$
#
# *Line 2: $G$ by $F$.* In $G_{ab} = \sum_k F_{ak} F_{bk}$, $F_{ij}$ stands where $k = j$: as the first factor if
# $a = i$, as the second if $b = i$. With $\delta_{ai}$ for 1 if $a = i$, else 0:
#
# $$\partial G_{ab} / \partial F_{ij} = \delta_{ai} F_{bj} + \delta_{bi} F_{aj} \tag{line 2}$$
#
# *Line 3: the chain rule.* Every $G_{ab}$ may depend on $F_{ij}$, so we sum over all of them:
#
# $$\frac{\partial E_l}{\partial F_{ij}} = \sum_{a,b} \frac{\partial E_l}{\partial G_{ab}} \,
# \frac{\partial G_{ab}}{\partial F_{ij}} = \sum_{a,b} \frac{(G - A)_{ab}}{2 N^2 M^2} \,
# (\delta_{ai} F_{bj} + \delta_{bi} F_{aj})$$
#
# $\delta_{ai}$ keeps only $a = i$, $\delta_{bi}$ only $b = i$:
#
# $$= \frac{1}{2 N^2 M^2} \Big( \sum_b (G - A)_{ib} F_{bj} + \sum_a (G - A)_{ai} F_{aj} \Big) \tag{line 3}$$
#
# *Line 4: symmetry.* $(G - A)_{ai} = (G - A)_{ia}$, so the second sum is the first with another letter. Together they
# are twice the first, the 2 cancels, and no number is left. The sum is a product of matrices:
#
# $$\frac{\partial E_l}{\partial F_{ij}} = \frac{1}{N^2 M^2} \, \big( (G - A) F \big)_{ij} \tag{line 4}$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# The same lines on the example. In [einsum](glossary.md#einsum), line 2 reads as it stands on the board.
#
# - lines 1 and 2: $\partial E_l / \partial G$, $(N, N)$, and $\partial G / \partial F$, $(N, N, N, M)$

# %%
N, M = F.shape
G, delta = F @ F.T, torch.eye(N, dtype=torch.float64)
dE_dG = (G - A) / (2 * N**2 * M**2)
dG_dF = torch.einsum("ai,bj->abij", delta, F) + torch.einsum("bi,aj->abij", delta, F)
dE_dG.shape, dG_dF.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# - line 3: the sum over $a$ and $b$, and two products of matrices
# - line 4: one product; $N^2 M^2 = 36$, so 36 times the gradient is in whole numbers

# %% tags=["nbval-check-output"]
chain = torch.einsum("ab,abij->ij", dE_dG, dG_dF)
two_sums = ((G - A) @ F + (G - A).T @ F) / (2 * N**2 * M**2)
print("line 3, sum over a and b:", (36 * chain).round(decimals=9).tolist())
print("line 3, two products:    ", (36 * two_sums).round(decimals=9).tolist())

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
dE_dF = (G - A) @ F / (N**2 * M**2)
print("line 4: 36 dE/dF =", (36 * dE_dF).round(decimals=9).tolist())

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The form on the slide
#
# The paper and the slides print line 4 in another order, and for $F_{ij} > 0$ only:
#
# $$
# \frac{\partial E_l}{\partial F_{ij}} = \begin{cases}
# \frac{1}{N^2 M^2} \left( F^T (G - A) \right)_{ji} & \text{if } F_{ij} > 0 \\
# 0 & \text{else}
# \end{cases} \tag{Eq. 6}
# $$
#
# Two things are new, the order of the factors and the condition. The order first:
#
# - $F^T (G - A)$ has the shape $(M, N)$: its entry $ji$ belongs to $F_{ij}$
# - turned back to $(N, M)$ it is $(G - A)^T F$, the second product of line 3

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The printed form equals line 4 only because $G - A$ is symmetric.** To see it, we take $B$ in its place: the same
# numbers but for one, so that it is no longer symmetric.

# %% tags=["nbval-check-output"]
printed = F.T @ (G - A)  # (M, N)
print("printed:", printed.T.tolist())
print("line 4: ", ((G - A) @ F).tolist())
B = torch.tensor([[3.0, 1], [5, 8]], dtype=torch.float64)
print("printed, with B:", (F.T @ B).T.tolist())
print("line 4, with B: ", (B @ F).tolist())

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where the mask belongs
#
# Line 4 knows no condition $F_{ij} > 0$. As in notebook 02, it comes from the ReLU: $F$ is not free, it is
# $\max(Z, 0)$, whose slope is 1 where $Z_{ij} > 0$ and 0 where $Z_{ij} < 0$ (and nothing at all on the
# [kink](glossary.md#kink), $Z_{ij} = 0$; our examples keep away from it). So **Eq. 6 is the derivative by $Z$, written
# with $F$.**
#
# > Stop and predict: [autograd](glossary.md#autograd) is asked twice, once with $F$ and once with $Z$ as the variable.
# > Which of the six numbers change?

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
F_free = F.clone().requires_grad_(True)
Z_free = Z.clone().requires_grad_(True)
(by_F,) = torch.autograd.grad(style_layer_loss(F_free, A), F_free)
(by_Z,) = torch.autograd.grad(style_layer_loss(Z_free.relu(), A), Z_free)
print("by F: 36 dE/dF =", (36 * by_F).round(decimals=9).tolist())
print("by Z: 36 dE/dZ =", (36 * by_Z).round(decimals=9).tolist())
print("            F  =", F.tolist())

# %% [markdown] slideshow={"slide_type": "subslide"}
# Same numbers, but for two that are 0 now: those where $F_{ij} = 0$. The formulas by hand have witnesses that have
# never seen them:
#
# - autograd, on the $5 \times 77$ real responses
# - [central differences](glossary.md#central-difference), which know no calculus: each number a little up and down
# - at the pixels, autograd end to end; from us it gets only what stands at `conv4_1`, as `grad_outputs`, and carries
#   that down through the convolutions
#
# The table has the length of the error, in lengths of the gradient. Its last column is Eq. 6 without the mask.


# %% slideshow={"slide_type": "skip"}
def central_differences(loss, X, h=1e-5):
    gradient = torch.zeros_like(X)
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            step = torch.zeros_like(X)
            step[i, j] = h
            gradient[i, j] = (loss(X + step) - loss(X - step)) / (2 * h)
    return gradient


def by_autograd(loss, X):
    X = X.clone().requires_grad_(True)
    return torch.autograd.grad(loss(X), X)[0]


def off(formula, witness):
    return (formula - witness).norm().item() / witness.norm().item()


# %% slideshow={"slide_type": "skip"}
rows = {}
line_4, eq_6 = (gram_matrix(F5) - A5) @ F5 / (N5**2 * M5**2), style_layer_loss_gradient(F5, A5)
for name, route in {"autograd": by_autograd, "central differences": central_differences}.items():
    by_F, by_Z = route(lambda F: style_layer_loss(F, A5), F5), route(lambda Z: style_layer_loss(Z.relu(), A5), Z5)
    rows[name] = {"by F: line 4": off(line_4, by_F), "by Z: Eq. 6": off(eq_6, by_Z), "by Z: no mask": off(line_4, by_Z)}

x = p.clone().requires_grad_(True)
Z_x = network.features(x, ["conv4_1"])["conv4_1"]
F_x, A_4 = Z_x[0].relu().flatten(1), gram_matrix(network.features(a, ["relu4_1"])["relu4_1"][0].flatten(1))
(end_to_end,) = torch.autograd.grad(style_layer_loss(F_x, A_4), x, retain_graph=True)
at_layer = {"by Z: Eq. 6": style_layer_loss_gradient(F_x, A_4)}
at_layer["by Z: no mask"] = (gram_matrix(F_x) - A_4) @ F_x / F_x.numel() ** 2
rows["autograd, at the pixels"] = {}
for name, gradient in at_layer.items():
    (carried,) = torch.autograd.grad(Z_x, x, grad_outputs=gradient.detach().view_as(Z_x), retain_graph=True)
    rows["autograd, at the pixels"][name] = off(carried, end_to_end)

# %% tags=["hide-input", "nbval-check-output"]
words = {}
for name, row in rows.items():
    limit = "1e-7" if name == "central differences" else "1e-12"
    assert max(row[k] for k in row if k != "by Z: no mask") < float(limit), "all routes should agree"
    words[name] = {k: f"below {limit}" if row[k] < float(limit) else f"{row[k]:.2f}" for k in row}
assert Z5.abs().min() > 1e-4, "all of Z should be further from the kink than h"
print(table(words, corner="error of the formula"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A style picture of another size
#
# So far $F$ and $A$ came from pictures of one size. Take instead a painting that *is* the style, four times over: the
# same swirls, side by side and one above the other.
#
# > Stop and predict: its style is perfect. What does Eq. 4, as printed, say of it?

# %%
strip(
    {"style a: 128 x 192 pixels": a, "painting x: 256 x 384 pixels": a.repeat(1, 1, 2, 2)},
    alt="Left, the night sky in swirls. Right, a picture that shows this sky four times, in two rows of two.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# $G$ is a sum over positions. The tiled picture has four times as many: its $G$ is about $4 A$, and Eq. 4 punishes it
# for its size. The remedy: **divide each Gram matrix by its own number of positions**, $M$ for the painting, $M_a$ for
# the style picture:
#
# $$E_l = \frac{1}{4 N^2} \sum_{i,j} \left( \frac{G_{ij}}{M} - \frac{A_{ij}}{M_a} \right)^2$$
#
# This is what `M_style` is for. First exactly, with the small responses repeated four times:

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
F_tiled = torch.cat([S5, S5, S5, S5], dim=1)  # (5, 4 * 77): the style itself, four times
print(f"as printed {style_layer_loss(F_tiled, A5).item():.3f}")
print(f"own M      {style_layer_loss(F_tiled, A5, M_style=77).item():.3f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Then with the pictures, where the seams between the tiles are new, and only they:

# %% slideshow={"slide_type": "skip"}
R_tiled, R_a, R_p = (network.features(y, STYLE_LAYERS) for y in (a.repeat(1, 1, 2, 2), a, p))
sizes = {}
for layer in STYLE_LAYERS:
    F_t, F_a, F_p = (R[layer][0].flatten(1) for R in (R_tiled, R_a, R_p))
    sizes[layer] = {
        "tiled, as printed": style_layer_loss(F_t, gram_matrix(F_a)).item(),
        "tiled, own M": style_layer_loss(F_t, gram_matrix(F_a), M_style=F_a.shape[1]).item(),
        "the cat": style_layer_loss(F_p, gram_matrix(F_a)).item(),
    }
assert all(row["tiled, own M"] < row["the cat"] / 10 for row in sizes.values()), "the tiled style should be near"
assert all(row["tiled, as printed"] > row["the cat"] / 3 for row in sizes.values()), "as printed it should be far"

# %% tags=["hide-input", "nbval-check-output"] slideshow={"slide_type": "fragment"}
rounded = {layer: {k: f"{E:.3f}" for k, E in row.items()} for layer, row in sizes.items()}
print(table(rounded, corner="E_l"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# As printed, the formula finds the style itself, in four copies, half as far away as a cat, or just as far. With each
# Gram matrix over its own $M$, only the seams remain: most in `relu5_1`, whose positions see the most of them. Where
# the sizes are equal, nothing changes.
#
# The gradient follows in the same four lines, with $G/M - A/M_a$ in the place of $G - A$, and one $1/M$ left over
# from line 2: $\frac{1}{N^2 M} \left( (G/M - A/M_a) F \right)_{ij}$, masked as before.

# %% tags=["hide-input"] slideshow={"slide_type": "skip"}
same = style_layer_loss(F_cat, A_swirls, M_style=M_cat)
assert torch.equal(same, style_layer_loss(F_cat, A_swirls)), "with M_style = M it should be Eq. 4"
A_own = gram_matrix(S5[:, :53])  # a style picture of 53 positions only
own_M = (gram_matrix(F5) / M5 - A_own / 53) @ F5 / (N5**2 * M5) * (F5 > 0)
found = by_autograd(lambda Z: style_layer_loss(Z.relu(), A_own, M_style=53), Z5)
assert torch.allclose(found, own_M, rtol=1e-10), "each Gram matrix over its own M, four lines later"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## All layers together
#
# **One layer sees patterns up to one size**, that of its [receptive field](glossary.md#receptive-field). The
# [style loss](glossary.md#style-loss) adds several layers, each with its [layer weight](glossary.md#layer-weight)
# $w_l$, a number of our choice:
#
# $$L_{style}(a, x) = \sum_l w_l \, E_l \tag{Eq. 5}$$
#
# The paper paints with five layers, $w_l = 1/5$ each, and $w_l = 0$ for all the others.


# %% slideshow={"slide_type": "skip"}
def grams(network, picture):
    return {layer: gram_matrix(R[0].flatten(1)) for layer, R in network.features(picture, STYLE_LAYERS).items()}


def layer_losses(network, x, A):
    R = network.features(x, STYLE_LAYERS)
    return {layer: style_layer_loss(R[layer][0].flatten(1), A[layer]) for layer in STYLE_LAYERS}


# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
A_l = grams(network, a)
E = layer_losses(network, p, A_l)
L_style = sum(E[layer] / 5 for layer in STYLE_LAYERS)
print(f"L_style = {L_style.item():.4f}")

# %% slideshow={"slide_type": "subslide"}
bars(
    {layer: value.item() for layer, value in E.items()},
    title="The loss of each layer, painting x = p",
    xlabel="E_l",
    alt="Five bars, one for each layer, long for relu1_1 and relu5_1, shorter for the three between: "
    + ", ".join(f"{layer} {value.item():.2f}" for layer, value in E.items()),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The largest $E_l$ is 3.9 times the smallest: no more, because the compact network responds about equally strongly in
# all layers (its mean response to the cat is 0.2 to 0.4). In a network that does not, the $E_l$ lie much further apart:
# $E_l$ grows steeply with the responses (exercise 4). That is one reason for
# [weight normalisation](glossary.md#weight-normalisation) (notebook A1).

# %% tags=["hide-input", "nbval-check-output"] slideshow={"slide_type": "skip"}
assert torch.isclose(L_style, style_loss(list(E.values()), [1 / 5] * 5), rtol=1e-12), "the package should agree"
means, apart = [R_p[layer].mean().item() for layer in STYLE_LAYERS], max(E.values()) / min(E.values())
assert apart < 6, "the layers should be about equally loud"
print(f"largest / smallest E_l: {apart.item():.1f}; mean response to the cat: {min(means):.1f} to {max(means):.1f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Equal weights are not equal pull
#
# A loss does not move pixels; its gradient does. The *pull* of a layer is the length of $\partial E_l / \partial x$.
#
# > Stop and predict: five layers, equal weights, $x = p$. How many times as hard does the strongest pull as the
# > weakest?


# %% slideshow={"slide_type": "skip"}
def layer_gradients(network, x, A):
    x = x.detach().clone().requires_grad_(True)
    E = layer_losses(network, x, A)
    return {layer: torch.autograd.grad(E[layer], x, retain_graph=True)[0] for layer in STYLE_LAYERS}


def descend(network, photograph, A, w, steps):
    def total(x):
        return {"total": style_loss(list(layer_losses(network, x, A).values()), list(w.values()))}

    *_, last = minimise(photograph, total, steps)
    return last.image


gradients = layer_gradients(network, p, A_l)
pull = {layer: g.norm().item() for layer, g in gradients.items()}

# %% slideshow={"slide_type": "fragment"}
bars(
    pull,
    title="How hard each layer pulls at the pixels",
    xlabel="length of the gradient of E_l by the pixels",
    alt="Five bars, the first very short, the last many times as long: "
    + ", ".join(f"{layer} {value:.4f}" for layer, value in pull.items()),
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Whose way does the sum go? The cosine of the angle between a layer's gradient and the whole one says it: 1 is the
# same direction, 0 is none of it. Beside equal weights two others:
#
# - $w_l$ in proportion to one over the pull, at $x = p$: every term starts with the same pull
# - $w_l$ in proportion to $1 / E_l(p)$: every term starts at 1 (so the package paints unless told otherwise)
#
# > Stop and predict: where every term starts at 1, do the layers pull alike?


# %% slideshow={"slide_type": "skip"}
def weightings(E, pull):
    return {
        "equal w": dict.fromkeys(STYLE_LAYERS, 1.0),
        "w = 1 / pull": {layer: 1 / pull[layer] for layer in STYLE_LAYERS},
        "w = 1 / E_l(p)": {layer: 1 / E[layer].item() for layer in STYLE_LAYERS},
    }


def strongest_by_weakest(w, pull):
    pulls = [w[layer] * pull[layer] for layer in STYLE_LAYERS]
    return max(pulls) / min(pulls)


alignment = {layer: {} for layer in STYLE_LAYERS}
for words, w in weightings(E, pull).items():
    whole = sum(w[layer] * gradients[layer] for layer in STYLE_LAYERS)
    for layer, g in gradients.items():
        alignment[layer][words] = f"{((whole * g).sum() / (whole.norm() * g.norm())).item():.2f}"

# %% tags=["hide-input", "nbval-check-output"] slideshow={"slide_type": "fragment"}
equal, by_pull, by_loss = (strongest_by_weakest(w, pull) for w in weightings(E, pull).values())
print(f"the strongest pull is {equal:.0f} times the weakest;", end=" ")
print(f"with w = 1 / pull: {by_pull:.0f}, with w = 1 / E_l(p): {by_loss:.0f}\n")
print(table(alignment, corner="cosine with the whole"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# With equal weights the two deepest layers lead, and `relu1_1` is hardly heard. To divide by $E_l(p)$ is no cure: the
# strongest still pulls 22 times as hard, for $E_l(p)$ says how far away a layer is, not how steep its way is. To divide
# by the pull makes all five heard.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Is it so with other pictures, and does it last? The table has the strongest pull divided by the weakest:
#
# - three other pairs, 128 pixels wide
# - the last column is that of $w = 1 / \text{pull}$ after 20 [evaluations](glossary.md#evaluation) of a descent

# %% slideshow={"slide_type": "skip"}
quick, rows = load_network("compact", device="cpu"), {}  # float32 is enough here
for pair in [("coffee", "mosaic"), ("astronaut", "woodblock"), ("china", "hatching")]:
    photograph, style = load_image(pair[0], size=128), load_image(pair[1], size=256)
    A_q = grams(quick, style[:, :, : photograph.shape[2], : photograph.shape[3]])
    E_q, g_q = layer_losses(quick, photograph, A_q), layer_gradients(quick, photograph, A_q)
    pull_q = {layer: g.norm().item() for layer, g in g_q.items()}
    w_q = weightings(E_q, pull_q)
    row = {words: strongest_by_weakest(w, pull_q) for words, w in w_q.items()}
    by_pull = w_q["w = 1 / pull"]
    later = layer_gradients(quick, descend(quick, photograph, A_q, by_pull, 20), A_q)
    row["after 20"] = strongest_by_weakest(by_pull, {layer: g.norm().item() for layer, g in later.items()})
    rows[", ".join(pair)] = {words: f"{value:.1f}" for words, value in row.items()}

# %% tags=["hide-input"] slideshow={"slide_type": "fragment"}
print(table(rows, corner="strongest pull / weakest"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# $1 / E_l(p)$ leaves a factor of 7 to 22. **To divide by the pull evens it out where it is measured, at the start**; 20
# evaluations later the strongest pulls about two to five times as hard again.

# %% [markdown] slideshow={"slide_type": "subslide"}
# What does a layer want? The pictures show $-\partial E_l / \partial x$, the way downhill, each stretched to its own
# range; grey is no change. `relu1_1` wants the whole picture bluer and follows every edge; `relu5_1` works around
# eyes, nose and mouth, and leaves the background nearly alone.

# %%
strip(
    {"the painting x = p": p}
    | {layer: 0.5 - 0.12 * gradients[layer] / gradients[layer].std() for layer in ("relu1_1", "relu5_1")},
    title="What the first and the last layer would change",
    height=2.2,
    alt="The photograph, and two pictures of what to add to it, on grey. relu1_1 adds blue and follows every whisker "
    "and edge; relu5_1 leaves the background grey and crowds coloured grain around eyes, nose and mouth.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What $w_l = 0$ means
#
# **A layer with weight 0 is not one that counts little: it is not computed.** The package drops it before the network
# runs, and makes the other weights add up to 1.

# %% tags=["nbval-check-output"]
w = layer_weights({"relu1_1": 1.0, "relu2_1": 3.0, "relu5_1": 0.0})
print(w)

# %% [markdown] slideshow={"slide_type": "subslide"}
# To prove it we break the deepest layer: its responses become NaN, "not a number". Since $0 \times \text{NaN}$ is NaN,
# the loss would be NaN if they entered with weight 0.
#
# > Stop and predict: which convolutions run, and what is the loss?

# %% slideshow={"slide_type": "skip"}
broken = load_network("compact", device="cpu").double()
broken.convolutions["conv5_1"].bias.fill_(float("nan"))
assert (0 * broken.features(p, ["relu5_1"])["relu5_1"].sum()).isnan(), "it should be broken"
ran = []
for name, convolution in broken.convolutions.items():
    convolution.register_forward_hook(lambda *_, name=name: ran.append(name))

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
R_w = broken.features(p, w)
E_w = [style_layer_loss(R_w[layer][0].flatten(1), A_l[layer]) for layer in w]
print(*ran)
print(f"L_style = {style_loss(E_w, list(w.values())).item():.4f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - $E_l$ is a quarter of the mean squared difference of two Gram matrices, each divided by its number of positions
#   (Eq. 4).
# - Its gradient by $F$ is $(G - A) F / (N^2 M^2)$: two equal terms, because $G - A$ is symmetric, and the 4 cancels
#   (Eq. 6).
# - The mask $F > 0$ is the ReLU's. It belongs to the derivative by $Z$.
# - With pictures of two sizes, divide each Gram matrix by its own $M$.
# - $L_{style}$ is a weighted sum over layers (Eq. 5). Equal weights are not equal pull; a layer of weight 0 is not
#   computed.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - *Divide each $E_l$ by its value at the photograph*, as the package does unless told otherwise (`scale="relative"`).
#   Every layer starts at 1, which is easy to read; the pulls stay unequal.
# - *Divide by the pull, measured anew at every step.* The pulls stay equal, but then no single number is made small.
# - *Other summaries than Gram matrices*: the mean and the deviation of each filter, or whole histograms. Less to
#   store, and no pairs of filters.
# - *Another power of $N$ or of $M$, no 4.* Each of them exists in published code; notebook A1 converts between them.
#
# Next: `05-texture-from-noise`, where $L_{style}$ alone paints.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# ### 1. By einsum
#
# Write $E_l$ (Eq. 4) once more, without `@`: with `torch.einsum`. `F` has the shape $(N, M)$, `A` is a Gram
# matrix $(N, N)$ from a picture of the same size.


# %% slideshow={"slide_type": "skip"}
def my_style_layer_loss(F, A):
    ### BEGIN SOLUTION
    G = torch.einsum("ik,jk->ij", F, F)
    return (G - A).square().mean() / (4 * F.shape[1] ** 2)
    ### END SOLUTION


# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
from stylekit.checks import check, check_value

check("style_layer_loss", my_style_layer_loss)

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 2. In the printed order
#
# Write Eq. 6 in the printed order, $F^T (G - A)$, with the mask. It must return the shape $(N, M)$.


# %% slideshow={"slide_type": "skip"}
def my_style_layer_loss_gradient(F, A):
    ### BEGIN SOLUTION
    N, M = F.shape
    transposed = F.T @ (F @ F.T - A)  # (M, N)
    return torch.where(F > 0, transposed.T / (N**2 * M**2), 0.0)
    ### END SOLUTION


# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
check("style_layer_loss_gradient", my_style_layer_loss_gradient)

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 3. The sum over layers
#
# Write Eq. 5. `losses` is a list of the $E_l$, `weights` a list of the $w_l$. Beware of multiplying a *list*
# by a number.


# %% slideshow={"slide_type": "skip"}
def my_style_loss(losses, weights):
    ### BEGIN SOLUTION
    return sum(weight * loss for weight, loss in zip(weights, losses, strict=True))
    ### END SOLUTION


# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
check("style_loss", my_style_loss)

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 4. Predict, then run
#
# All responses become twice as strong, those to the painting and those to the style picture
# ($A$ follows). $E_l$ becomes how many times as large?

# %% slideshow={"slide_type": "skip"}
prediction_times = ...
### BEGIN SOLUTION
prediction_times = 16  # G and A are quadratic in the responses, E is quadratic in G - A: 2 to the power of 4
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
times = style_layer_loss(2 * F5, gram_matrix(2 * S5)) / style_layer_loss(F5, A5)
check_value(prediction_times, round(times.item(), 6))

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 5. On paper
#
# A well-known tutorial divides each Gram matrix by $M$ and takes the mean of the squared
# differences:
#
# $$\tilde E_l = \frac{1}{N^2} \sum_{i,j} \left( \frac{G_{ij}}{M} - \frac{A_{ij}}{M} \right)^2$$
#
# Derive $\partial \tilde E_l / \partial F_{ij}$, from line 1 to line 4. Which factor stands in front of
# $((G - A) F)_{ij}$? By what must a weight $\beta$ found with $\tilde E_l$ be multiplied so that it does the same
# with $E_l$?

# %% [markdown] slideshow={"slide_type": "skip"}
# <!-- ### BEGIN SOLUTION -->
# Take $M$ out of the bracket: $\tilde E_l = \frac{1}{N^2 M^2} \sum_{i,j} (G_{ij} - A_{ij})^2 = 4 E_l$.
#
# 1. $\partial \tilde E_l / \partial G_{ab} = \frac{2}{N^2 M^2} (G - A)_{ab}$: the square brings a 2, and no 4 meets
#    it.
# 2. $\partial G_{ab} / \partial F_{ij} = \delta_{ai} F_{bj} + \delta_{bi} F_{aj}$: the Gram matrix is the same.
# 3. The chain rule: $\frac{2}{N^2 M^2} \left( ((G - A) F)_{ij} + ((G - A)^T F)_{ij} \right)$.
# 4. Symmetry makes the two terms equal: $\frac{4}{N^2 M^2} ((G - A) F)_{ij}$, where $F_{ij} > 0$ if we differentiate
#    by $Z$, else 0.
#
# The factor is $4 / (N^2 M^2)$, four times that of Eq. 6. Since $\tilde E_l = 4 E_l$, we have
# $\beta \, \tilde E_l = (4 \beta) \, E_l$: multiply the weight by 4.
# <!-- ### END SOLUTION -->
