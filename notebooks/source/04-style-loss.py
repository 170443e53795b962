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
# **How long it runs.** About 10 seconds on two cores.
#
# The method is that of Gatys, Ecker and Bethge (2015, [arXiv:1508.06576](https://arxiv.org/abs/1508.06576)).

# %% slideshow={"slide_type": "skip"}
import inspect

import torch

from stylekit.figures import bars, maps, strip, table
from stylekit.images import load_image
from stylekit.networks import load_network

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two pictures, two Gram matrices
#
# **The [painting](glossary.md#painting) $x$ has only just begun: it is still the
# [photograph](glossary.md#photograph) $p$.** The [style picture](glossary.md#style-picture) $a$ is cut to the same
# size. The network is the [compact network](glossary.md#compact-network), in [float64](glossary.md#float64).

# %% slideshow={"slide_type": "skip"}
network = load_network("compact", device="cpu").double()
p = load_image("chelsea", size=192).double()
a = load_image("swirls", size=192).double()[:, :, :128]
assert p.shape == a.shape, "the two pictures should have one size"
p.shape, a.shape

# %%
strip(
    {"painting x = p": p, "style a": a},
    alt="Left, the photograph of a tabby cat's face. Right, a night sky painted in swirls of blue and yellow.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# One [layer](glossary.md#layer) $l$ answers with its [response](glossary.md#response).
#
# - **$F$, of shape $(N, M)$: the response of $N$ [filters](glossary.md#filter) at $M$
#   [positions](glossary.md#position)**
# - **$G = F F^T$, of shape $(N, N)$: the Gram matrix of the painting**
# - **$A$, of shape $(N, N)$: the Gram matrix of the style picture**

# %%
F_cat = network.features(p, ["relu2_1"])["relu2_1"][0].flatten(1)
F_swirls = network.features(a, ["relu2_1"])["relu2_1"][0].flatten(1)
G_cat, A_swirls = F_cat @ F_cat.T, F_swirls @ F_swirls.T
F_cat.shape, G_cat.shape, A_swirls.shape

# %% slideshow={"slide_type": "skip"}
M_cat = F_cat.shape[1]
M_cat

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

# %% [markdown] slideshow={"slide_type": "fragment"}
# **First on a piece of paper: $N = 2$ filters, $M = 3$ positions.** $Z$, of shape $(N, M)$, is the
# [pre-activation](glossary.md#pre-activation); **$F = \max(Z, 0)$ is what the ReLU leaves of the pre-activation $Z$.**

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
Z = torch.tensor([[1.0, 2, -1], [-2, 1, 3]], dtype=torch.float64)
# the response to the style picture:
S = torch.tensor([[1.0, 0, 1], [1, 1, 0]], dtype=torch.float64)
F, A = Z.relu(), S @ S.T
print("G =", (F @ F.T).tolist())
print("A =", A.tolist())

# %% [markdown] slideshow={"slide_type": "subslide"}
# **$G - A$ has the entries $3, 1, 1, 8$: their squares add up to $9 + 1 + 1 + 64 = 75$.**
# **$4 N^2 M^2 = 4 \times 4 \times 9 = 144$.**


# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
def layer_loss_by_loops(F, A):
    (N, M), total = F.shape, 0.0
    for i in range(N):
        for j in range(N):
            G_ij = sum(F[i, k] * F[j, k] for k in range(M))
            total = total + (G_ij - A[i, j]) ** 2
    return total / (4 * N**2 * M**2)


print(f"{layer_loss_by_loops(F, A).item():.4f} by loops, {75 / 144:.4f} on paper")


# %% [markdown] slideshow={"slide_type": "subslide"}
# **The same with matrices:**


# %%
def layer_loss_by_matrices(F, A):
    N, M = F.shape
    return ((F @ F.T - A) ** 2).sum() / (4 * N**2 * M**2)


layer_loss_by_matrices(F, A)

# %% [markdown] slideshow={"slide_type": "skip"}
# And the function of the package. It divides each Gram matrix by $M$ before it squares, and it can be told that $A$
# comes from a picture of another size; we come to that.

# %% slideshow={"slide_type": "skip"}
from stylekit.losses import gram_matrix, style_layer_loss

print(inspect.getsource(style_layer_loss))

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Loops, matrices, the package's `style_layer_loss`: are the three one function?** We try them on **real responses:
# five filters of `relu2_1` at $7 \times 11$ positions** over the corner of the cat's eye, against the same place of
# the style picture.

# %% slideshow={"slide_type": "skip"}
place = (slice(None), slice(None), slice(50, 64), slice(70, 92))
Z5 = network.features(p[place], ["conv2_1"])["conv2_1"][0, 8:13].flatten(1)
S5 = network.features(a[place], ["relu2_1"])["relu2_1"][0, 8:13].flatten(1)
Z5.shape, S5.shape

# %% slideshow={"slide_type": "skip"}
F5, A5 = Z5.relu(), gram_matrix(S5)
N5, M5 = F5.shape
N5, M5

# %%
ways = layer_loss_by_loops, layer_loss_by_matrices, style_layer_loss
three = torch.stack([way(F5, A5) for way in ways])
spread = (three.max() - three.min()) / three.max()
assert spread < 1e-12, "loops, matrices and package should agree"
print(f"E = {three[0]:.4f}; largest relative difference of the three: {spread:.0e}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why divide by $4 N^2 M^2$?
#
# - **$G$ has $N^2$ entries: dividing by $N^2$ makes the sum a mean.** A layer with more filters is not louder for
#   that.
# - **Each entry of $G$ is a sum over $M$ positions, and it is squared: hence $M^2$** (notebook 03).
# - **The 4 is there for beauty: the derivative of the square brings one 2, the derivative of $F F^T$ another, and
#   $2 \times 2$ cancels the 4.** Eq. 6, below, has no number in it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# If that is so, then **twice the positions, or twice the filters, with nothing new in them, must not change $E_l$:**

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
wide_F, wide_S = (torch.cat([R, R], dim=1) for R in (F5, S5))  # every position twice: (N, 2M)
tall_F, tall_S = (torch.cat([R, R]) for R in (F5, S5))  # every filter twice: (2N, M)
cases = [("as it is", F5, S5), ("2 M", wide_F, wide_S), ("2 N", tall_F, tall_S)]
for words, F_, S_ in cases:
    print(f"{words:8}  E = {style_layer_loss(F_, gram_matrix(S_)).item():.4f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# So **$4 E_l$ is a mean: the mean squared difference of the two Gram matrices, each divided by its number of
# positions.** As long as both have the same $M$, that is.

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
mean_square = ((gram_matrix(F5) / M5 - A5 / M5) ** 2).mean()
assert torch.isclose(mean_square, 4 * style_layer_loss(F5, A5), rtol=1e-12), "it should be 4 E"
print(f"mean square / E = {(mean_square / style_layer_loss(F5, A5)).item():.6f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Many programs compute this mean square and call it the style loss. It is 4 times Eq. 4**: another
# [convention](glossary.md#convention), with another meaning of the style weight $\beta$ in the
# [total loss](glossary.md#total-loss) (notebook A1).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The gradient, line by line
#
# To paint, we need the gradient: **how does $E_l$ change with each response $F_{ij}$?**
#
# $$F \quad \longrightarrow \quad G = F F^T \quad \longrightarrow \quad E_l$$
#
# **The chain rule goes through $G$, in four lines.** Each of them is checked on the example with $N = 2$, $M = 3$.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Line 1: $E_l$ by $G$.** $E_l$ is a sum of squares over $4 N^2 M^2$. **The square brings down a 2:**
#
# $$\frac{\partial E_l}{\partial G_{ab}} = \frac{2 \, (G_{ab} - A_{ab})}{4 N^2 M^2}$$
#
# $$\frac{\partial E_l}{\partial G_{ab}} = \frac{(G - A)_{ab}}{2 N^2 M^2}$$

# %% slideshow={"slide_type": "fragment"}
N, M = F.shape
G = F @ F.T
dE_dG = (G - A) / (2 * N**2 * M**2)
dE_dG

# %% slideshow={"slide_type": "skip"}
G_free = G.clone().requires_grad_(True)
(by_autograd,) = torch.autograd.grad(((G_free - A) ** 2).sum() / (4 * N**2 * M**2), G_free)
assert torch.allclose(by_autograd, dE_dG, rtol=1e-12), "line 1 should be what autograd finds"
print("line 1: as autograd has it, to 12 digits")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Line 2: $G$ by $F$.** **Where does $F_{ij}$ occur in an entry of $G$?**
#
# $$G_{ab} = \sum_k F_{ak} F_{bk}$$

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Where $k = j$: as the first factor if $a = i$, as the second if $b = i$.** The product rule gives one term for
# each. Write $\delta_{ai}$ for 1 if $a = i$, else 0:

# %% [markdown] slideshow={"slide_type": "fragment"}
# $$\frac{\partial G_{ab}}{\partial F_{ij}} = \delta_{ai} F_{bj} + \delta_{bi} F_{aj} \qquad \text{with }
# \delta_{ai} = \begin{cases} 1 & \text{if } a = i \\ 0 & \text{else} \end{cases}$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Four indices: all these derivatives together have the shape $(N, N, N, M)$.** In
# [einsum](glossary.md#einsum) the formula reads as it stands:

# %%
delta = torch.eye(N, dtype=torch.float64)
dG_dF = torch.einsum("ai,bj->abij", delta, F) + torch.einsum("bi,aj->abij", delta, F)
by_autograd = torch.autograd.functional.jacobian(gram_matrix, F)
assert torch.allclose(by_autograd, dG_dF, rtol=1e-12), "line 2: as autograd has it"
dG_dF.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Line 3: the chain rule.** Every $G_{ab}$ may depend on $F_{ij}$, so we sum over all of them:
#
# $$\frac{\partial E_l}{\partial F_{ij}} =
# \sum_{a,b} \frac{\partial E_l}{\partial G_{ab}} \, \frac{\partial G_{ab}}{\partial F_{ij}}$$
#
# Lines 1 and 2 stand in it:
#
# $$= \sum_{a,b} \frac{(G - A)_{ab}}{2 N^2 M^2} \, (\delta_{ai} F_{bj} + \delta_{bi} F_{aj})$$
#
# Each $\delta$ picks one term of a sum, and two sums remain:
#
# $$= \frac{1}{2 N^2 M^2} \left( \sum_b (G - A)_{ib} F_{bj} + \sum_a (G - A)_{ai} F_{aj} \right)$$
#
# Both are products of matrices; in the second, the first index of $G - A$ is summed, so it is transposed:
#
# $$= \frac{1}{2 N^2 M^2} \left( (G - A) F + (G - A)^T F \right)_{ij}$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Line 3 on the example: the chain rule as a sum over $a$ and $b$, and as two products of matrices**

# %%
chain = torch.einsum("ab,abij->ij", dE_dG, dG_dF)
two_sums = ((G - A) @ F + (G - A).T @ F) / (2 * N**2 * M**2)
assert torch.allclose(chain, two_sums, rtol=1e-12), "line 3 is the chain rule"
two_sums

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Line 4: symmetry.** **$G_{ab} = G_{ba}$ and $A_{ab} = A_{ba}$, so the two sums are equal:**
#
# $$(G - A)^T = G - A$$

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Together they are twice the first, the 2 cancels, and no number is left:**
#
# $$\frac{\partial E_l}{\partial F_{ij}} = \frac{1}{N^2 M^2} \, ((G - A) F)_{ij}$$
#
# On paper $N^2 M^2 = 36$ and $(G - A) F$ has whole numbers:

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
dE_dF = (G - A) @ F / (N**2 * M**2)
assert torch.allclose(dE_dF, two_sums, rtol=1e-12), "line 4 should equal line 3"
print("36 dE/dF =", (36 * dE_dF).round(decimals=9).tolist())

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The form on the slide
#
# **The paper and the slides print it in another order, and for $F_{ij} > 0$ only:**
#
# $$
# \frac{\partial E_l}{\partial F_{ij}} = \begin{cases}
# \frac{1}{N^2 M^2} \left( F^T (G - A) \right)_{ji} & \text{if } F_{ij} > 0 \\
# 0 & \text{else}
# \end{cases} \tag{Eq. 6}
# $$
#
# Two things are new: the order of the factors, and the condition. The order first.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Mind the order of the indices: **$F^T (G - A)$ has the shape $(M, N)$, so its entry $ji$ belongs to $F_{ij}$.**
# **Turned back to $(N, M)$ it is $(G - A)^T F$: the second sum of line 3. It equals the first only because $G - A$ is
# symmetric.**

# %% tags=["nbval-check-output"]
printed = F.T @ (G - A)  # (M, N)
assert torch.equal(printed.T, (G - A) @ F), "the two forms should be equal"
print("printed:", printed.T.tolist())
print("line 4: ", ((G - A) @ F).tolist())

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Change one entry, so that the matrix is no longer symmetric, and the two part:**

# %% tags=["nbval-check-output"]
B = torch.tensor([[3.0, 1], [5, 8]], dtype=torch.float64)
assert not torch.equal((F.T @ B).T, B @ F), "without symmetry they differ"
print("printed:", (F.T @ B).T.tolist())
print("line 4: ", (B @ F).tolist())

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where the mask belongs
#
# **Line 4 knows no condition $F_{ij} > 0$. Where does the mask come from?**

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Not from $E_l$: from the ReLU in front of it.** **$F$ is not free, it is $\max(Z, 0)$**, and
#
# $$
# \frac{\partial F_{ij}}{\partial Z_{ij}} = \begin{cases}
# 1 & \text{if } Z_{ij} > 0 \\
# 0 & \text{if } Z_{ij} < 0
# \end{cases}
# $$

# %% [markdown] slideshow={"slide_type": "fragment"}
# **So Eq. 6 is the derivative by $Z$, written with $F$.**

# %% [markdown] slideshow={"slide_type": "subslide"}
# **[Autograd](glossary.md#autograd) tells the two apart.** It is asked twice, first **with $F$ as the variable, then
# with $Z$:**

# %% tags=["nbval-check-output"]
F_free = F.clone().requires_grad_(True)
(by_F,) = torch.autograd.grad(style_layer_loss(F_free, A), F_free)
print("by F: 36 dE/dF =", (36 * by_F).round(decimals=9).tolist())

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
Z_free = Z.clone().requires_grad_(True)
(by_Z,) = torch.autograd.grad(style_layer_loss(Z_free.relu(), A), Z_free)
print("by Z: 36 dE/dZ =", (36 * by_Z).round(decimals=9).tolist())
print("            F  =", F.tolist())

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Same numbers, except that two of them are zero now: those where $F_{ij} = 0$.** At $Z_{ij} = 0$ exactly, on the
# [kink](glossary.md#kink), there is no derivative at all; we keep away from it, as in notebook 02.

# %% [markdown] slideshow={"slide_type": "subslide"}
# On the cat, for filter 12 of `relu2_1`: **the gradient by $Z$ is the gradient by $F$, blank where $F$ is zero**

# %% slideshow={"slide_type": "skip"}
Z_cat = network.features(p, ["conv2_1"])["conv2_1"][0]
dE_dF_cat = ((G_cat - A_swirls) @ F_cat / F_cat.numel() ** 2).view_as(Z_cat)
dE_dF_cat.shape

# %%
maps(
    {
        "Z": Z_cat[12],
        "F = max(Z, 0)": Z_cat[12].relu(),
        "dE/dF: no mask": dE_dF_cat[12],
        "dE/dZ: masked": (dE_dF_cat * (Z_cat > 0))[12],
    },
    title="The mask on the cat",
    height=1.5,
    signed=True,
    alt="Four maps of a cat's face. Z has positive and negative lines; in F the negative ones are gone. The gradient "
    "by F is everywhere, strongest at the eyes; in the gradient by Z all places where F is zero are blank.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three routes, one table
#
# The package's gradient is Eq. 6, mask and all:

# %% slideshow={"slide_type": "skip"}
from stylekit.losses import style_layer_loss_gradient

print(inspect.getsource(style_layer_loss_gradient))

# %% [markdown]
# **Three routes lead to a gradient: the formula by hand, autograd, and
# [central differences](glossary.md#central-difference)**, which know no calculus at all: move one number up by $h$ and
# down by $h$, and see what the loss does.


# %%
def central_differences(loss, X, h=1e-5):
    gradient = torch.zeros_like(X)
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            step = torch.zeros_like(X)
            step[i, j] = h
            gradient[i, j] = (loss(X + step) - loss(X - step)) / (2 * h)
    return gradient


central_differences(torch.sum, F).round(decimals=6)  # the sum grows by 1 with each

# %% [markdown] slideshow={"slide_type": "subslide"}
# We walk **each route twice, on the $5 \times 77$ real responses: once by $F$, without the mask, and once by $Z$, with
# it.** No $Z_{ij}$ is so near to zero that a step of $h$ could cross the kink.


# %% slideshow={"slide_type": "skip"}
def loss_by_F(F):
    return style_layer_loss(F, A5)


def loss_by_Z(Z):
    return style_layer_loss(Z.relu(), A5)


by_hand = {"F": (gram_matrix(F5) - A5) @ F5 / (N5**2 * M5**2), "Z": style_layer_loss_gradient(F5, A5)}
assert Z5.abs().min() > 1e-4, "all of Z should be away from the kink"
print(f"{(F5 == 0).sum().item()} of {F5.numel()} responses are masked")

# %% slideshow={"slide_type": "skip"}
routes = {}
for name, loss, X in [("F", loss_by_F, F5), ("Z", loss_by_Z, Z5)]:
    differences, variable = central_differences(loss, X), X.clone().requires_grad_(True)
    (autograd,) = torch.autograd.grad(loss(variable), variable)
    pairs = {
        "by hand - autograd": by_hand[name] - autograd,
        "by hand - central differences": by_hand[name] - differences,
        "autograd - central differences": autograd - differences,
    }
    for words, error in pairs.items():
        routes.setdefault(words, {})[f"by {name}"] = (error.abs().max() / by_hand[name].abs().max()).item()
len(routes)

# %% slideshow={"slide_type": "fragment"}
assert max(routes["by hand - autograd"].values()) < 1e-12, "exact up to rounding"
assert max(max(row.values()) for row in routes.values()) < 1e-7, "all should be close"
print(table(routes, corner="largest error, relative"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **And would the mask be noticed if it were wrong?** Compare the formula *without* it with autograd by $Z$:

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
wrong = (by_hand["F"] - by_hand["Z"]).abs().max() / by_hand["Z"].abs().max()
assert wrong > 0.01, "a forgotten mask should be plain to see"
print(f"without the mask: off by {wrong.item():.2f} of the largest entry")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## From the layer down to the pixels
#
# Nobody paints with responses. **The gradient must go on from $Z$ through all convolutions below, down to the pixels of
# $x$.** That is back-propagation. Autograd does that part when we hand it *our* $\partial E_l / \partial Z$ as
# `grad_outputs`. If Eq. 6 is right, the result is the gradient of $E_l$ by the pixels, end to end.

# %%
x = p.clone().requires_grad_(True)
Z_x = network.features(x, ["conv4_1"])["conv4_1"]
F_x = Z_x[0].relu().flatten(1)
A_4 = gram_matrix(network.features(a, ["relu4_1"])["relu4_1"][0].flatten(1))
(end_to_end,) = torch.autograd.grad(style_layer_loss(F_x, A_4), x, retain_graph=True)
end_to_end.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# The same with **Eq. 6 at the layer, and back-propagation from there:**

# %%
masked = style_layer_loss_gradient(F_x, A_4).detach().view_as(Z_x)
(by_eq6,) = torch.autograd.grad(Z_x, x, grad_outputs=masked, retain_graph=True)
error = (by_eq6 - end_to_end).abs().max() / end_to_end.abs().max()
assert error < 1e-10, "Eq. 6, carried down to the pixels, should be all of it"
print(f"largest relative difference at the pixels: {error:.0e}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Without the mask the pixels are told something else:**

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
unmasked = ((gram_matrix(F_x) - A_4) @ F_x).detach() / F_x.numel() ** 2
(by_line4,) = torch.autograd.grad(Z_x, x, grad_outputs=unmasked.view_as(Z_x))
astray = (by_line4 - end_to_end).norm() / end_to_end.norm()
print(f"without the mask: off by {astray.item():.1f} times the gradient's own length")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A style picture of another size
#
# So far $F$ and $A$ came from pictures of one size. Take instead **a painting that *is* the style, four times over:**
# the same swirls, side by side and one above the other. **Its style is perfect. Eq. 4 as printed does not think so.**

# %% slideshow={"slide_type": "skip"}
tiled = a.repeat(1, 1, 2, 2)
a.shape, tiled.shape

# %%
strip(
    {"style a: 128 x 192 pixels": a, "painting x: 256 x 384 pixels": tiled},
    alt="Left, the night sky in swirls. Right, a picture that shows this sky four times, in two rows of two.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **$G$ is a sum over positions. The tiled picture has four times as many: its $G$ is about $4 A$, and Eq. 4 punishes it
# for its size.** **The remedy: divide each Gram matrix by its own number of positions, $M$ for the painting, $M_a$ for
# the style picture:**
#
# $$E_l = \frac{1}{4 N^2} \sum_{i,j} \left( \frac{G_{ij}}{M} - \frac{A_{ij}}{M_a} \right)^2$$
#
# This is what `M_style` is for. First exactly, with the small responses repeated four times:

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
F_tiled = torch.cat([S5, S5, S5, S5], dim=1)  # (5, 4 * 77): the style itself, four times
print(f"as printed {style_layer_loss(F_tiled, A5).item():.3f}")
print(f"own M      {style_layer_loss(F_tiled, A5, M_style=77).item():.3f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Then **with the pictures, where the seams between the tiles are new, and only they:**

# %% slideshow={"slide_type": "skip"}
from stylekit.objective import STYLE_LAYERS

R_tiled, R_a, R_p = (network.features(y, STYLE_LAYERS) for y in (tiled, a, p))
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
list(sizes)

# %% tags=["nbval-check-output"]
rounded = {layer: {k: f"{E:.3f}" for k, E in row.items()} for layer, row in sizes.items()}
print(table(rounded, corner="E_l"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **As printed, the formula finds the style itself, in four copies, half as far away as a cat, or just as far.** **With
# each Gram matrix over its own $M$, only the seams remain**: most in `relu5_1`, whose positions see the most of them.

# %% [markdown] slideshow={"slide_type": "skip"}
# Where the sizes are equal, nothing changes:

# %% slideshow={"slide_type": "skip"}
same = style_layer_loss(F_cat, A_swirls, M_style=M_cat)
assert torch.equal(same, style_layer_loss(F_cat, A_swirls)), "with M_style = M it should be Eq. 4"
same

# %% [markdown] slideshow={"slide_type": "skip"}
# The gradient follows in the same four lines, with $G/M - A/M_a$ in the place of $G - A$, and one $1/M$ left over
# from line 2: $\frac{1}{N^2 M} \left( (G/M - A/M_a) F \right)_{ij}$, masked as before.

# %% slideshow={"slide_type": "skip"}
Z_own = Z5.clone().requires_grad_(True)
A_own = gram_matrix(S5[:, :53])  # a style picture of 53 positions only
(by_autograd,) = torch.autograd.grad(style_layer_loss(Z_own.relu(), A_own, M_style=53), Z_own)
own_M = (gram_matrix(F5) / M5 - A_own / 53) @ F5 / (N5**2 * M5) * (F5 > 0)
assert torch.allclose(by_autograd, own_M, rtol=1e-10), "each Gram matrix over its own M, four lines later"
own_M.shape

# %% [markdown] slideshow={"slide_type": "slide"}
# ## All layers together
#
# **One layer sees one size of pattern.** The [style loss](glossary.md#style-loss) adds several layers, each with its
# [layer weight](glossary.md#layer-weight) $w_l$, a number of our choice:
#
# $$L_{style}(a, x) = \sum_l w_l \, E_l \tag{Eq. 5}$$
#
# **The paper paints with five layers, $w_l = 1/5$ each, and $w_l = 0$ for all the others.**

# %% slideshow={"slide_type": "skip"}
from stylekit.losses import style_loss

x = p.clone().requires_grad_(True)
R_x = network.features(x, STYLE_LAYERS)
A_l = {layer: gram_matrix(R_a[layer][0].flatten(1)) for layer in STYLE_LAYERS}
E = {layer: style_layer_loss(R_x[layer][0].flatten(1), A_l[layer]) for layer in STYLE_LAYERS}
{layer: tuple(A.shape) for layer, A in A_l.items()}

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
L_style = sum(E[layer] / 5 for layer in STYLE_LAYERS)
packaged = style_loss(list(E.values()), [1 / 5] * 5)
assert torch.isclose(L_style, packaged, rtol=1e-12), "the package should agree"
print(f"L_style = {L_style.item():.4f}")

# %% slideshow={"slide_type": "skip"}
loudness = {layer: E[layer].item() for layer in STYLE_LAYERS}
max(loudness, key=loudness.get)

# %% slideshow={"slide_type": "subslide"}
bars(
    loudness,
    title="The loss of each layer, painting x = p",
    xlabel="E_l",
    alt="Five bars, one for each layer, that of relu1_1 by far the longest and the other four much alike: "
    + ", ".join(f"{layer} {value:.2f}" for layer, value in loudness.items()),
)

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
means = [R_p[layer].mean().item() for layer in STYLE_LAYERS]
print(f"the largest E_l is {max(loudness.values()) / min(loudness.values()):.1f} times the smallest")
assert max(loudness.values()) < 6 * min(loudness.values())
print(f"mean response to the cat: {min(means):.1f} to {max(means):.1f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Less than a factor of ten, because **the compact network responds about equally strongly in all layers.** In a network
# that does not, the $E_l$ lie much further apart: $E_l$ grows steeply with the responses (exercise 4). That is one
# reason for [weight normalisation](glossary.md#weight-normalisation) (notebook 01).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Equal weights are not equal pull
#
# **But a loss does not move pixels; its *gradient* does. How hard does each layer pull?** We take the length of
# $\partial E_l / \partial x$, a vector with one entry for each colour of each pixel.

# %% slideshow={"slide_type": "skip"}
gradients = {}
for layer in STYLE_LAYERS:
    (gradients[layer],) = torch.autograd.grad(E[layer], x, retain_graph=True)
pull = {layer: gradients[layer].norm().item() for layer in STYLE_LAYERS}
gradients["relu1_1"].shape

# %%
bars(
    pull,
    title="How hard each layer pulls at the pixels",
    xlabel="length of the gradient of E_l by the pixels",
    alt="Five bars that grow from layer to layer, the last many times as long as the first: "
    + ", ".join(f"{layer} {value:.4f}" for layer, value in pull.items()),
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The deepest layer pulls far harder than the first. **With equal $w_l$, whose way does the sum go?** **The cosine of
# the angle between a layer's gradient and the whole one says it**: 1 is the same direction, 0 is none of it. Beside it,
# weights that make up for the pull, $w_l$ in proportion to one over it:

# %% slideshow={"slide_type": "skip"}
alignment = {layer: {} for layer in STYLE_LAYERS}
for words, w in [("equal w", dict.fromkeys(STYLE_LAYERS, 1.0)), ("w = 1 / pull", {k: 1 / v for k, v in pull.items()})]:
    whole = sum(w[layer] * gradients[layer] for layer in STYLE_LAYERS)
    for layer, g in gradients.items():
        alignment[layer][words] = f"{((whole * g).sum() / (whole.norm() * g.norm())).item():.2f}"
equal = [float(row["equal w"]) for row in alignment.values()]
assert equal[0] < 0.35 and min(equal[3:]) > 0.65, "the deepest layers should lead"
assert min(float(row["w = 1 / pull"]) for row in alignment.values()) > 0.35, "and then all should be heard"
list(alignment)

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
print(f"the strongest pull is {max(pull.values()) / min(pull.values()):.0f} times the weakest")
print(table(alignment, corner="cosine with the whole"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **With equal weights the two deepest layers lead the first step, and `relu1_1` is hardly heard.** The layer weights
# are not decoration: they decide who leads.

# %% [markdown] slideshow={"slide_type": "subslide"}
# What each layer wants looks like this. The pictures show **$-\partial E_l / \partial x$, the way downhill, each scaled
# for itself; grey is no change.**

# %% slideshow={"slide_type": "skip"}
downhill = {"the painting x = p": p} | {layer: 0.5 - 0.12 * g / g.std() for layer, g in gradients.items()}
len(downhill)

# %%
strip(
    downhill,
    title="What each layer would change",
    height=1.15,
    alt="The photograph, and five pictures of what to add to it, on grey. relu1_1 adds blue and follows every "
    "whisker and edge; relu2_1 draws edges too; relu3_1 adds coloured patches; relu4_1 and relu5_1 leave much of the "
    "face grey and crowd coloured grain around the eyes.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Near against far. The grain does not get coarser with depth; **what grows is how far one position reaches:** a single
# one of `relu1_1` sees $3 \times 3$ pixels, one of `relu5_1` most of this picture (its [receptive
# field](glossary.md#receptive-field), notebook 01). To see it, we keep one position of the masked gradient, set the
# rest to zero, and back-propagate that alone:

# %% slideshow={"slide_type": "skip"}
convs = {layer: "conv" + layer[4:] for layer in STYLE_LAYERS}  # Z, in front of each ReLU
R_z, asked = network.features(x, convs.values()), {}
for layer, conv in convs.items():
    Z_l = R_z[conv]
    masked = style_layer_loss_gradient(Z_l[0].relu().flatten(1), A_l[layer]).detach().view_as(Z_l)
    i, j = 60 * Z_l.shape[2] // 128, 100 * Z_l.shape[3] // 192
    single = torch.zeros_like(masked)
    single[..., i, j] = masked[..., i, j]
    (asked[layer],) = torch.autograd.grad(Z_l, x, grad_outputs=single, retain_graph=True)
{layer: int((g[0].abs().sum(dim=(0, 1)) > 0).sum()) for layer, g in asked.items()}  # how many pixels wide

# %%
strip(
    {layer: (0.5 - 0.7 * g / g.abs().max())[..., 12:108, 52:148] for layer, g in asked.items()},
    title="What one position of each layer would change (96 x 96 pixels shown)",
    height=1.7,
    alt="Five grey squares with a coloured spot in the middle: a dot of 3 pixels for relu1_1, then larger and larger, "
    "until for relu5_1 faint coloured strokes cover most of the square.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What $w_l = 0$ means
#
# **A layer with weight 0 is not a layer that counts little: it is not looked at.** The package drops it before the
# network runs, and makes the other weights add up to 1.

# %% tags=["nbval-check-output"]
from stylekit.objective import layer_weights

w = layer_weights({"relu1_1": 1.0, "relu2_1": 3.0, "relu5_1": 0.0})
print(w)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **To prove it we break the deepest layer: even $0 \times \text{NaN}$ is NaN.** If its responses entered with weight
# 0, the loss would be "not a number". And we note: **which convolutions run?**

# %% slideshow={"slide_type": "skip"}
broken = load_network("compact", device="cpu").double()
broken.convolutions["conv5_1"].bias.fill_(float("nan"))
ran = []
for name, convolution in broken.convolutions.items():
    convolution.register_forward_hook(lambda *_, name=name: ran.append(name))
len(broken.convolutions)

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
R_w = broken.features(p, w)
print(*ran)

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
E_w = [style_layer_loss(R_w[layer][0].flatten(1), A_l[layer]) for layer in w]
assert (0 * broken.features(p, ["relu5_1"])["relu5_1"].sum()).isnan(), "it should be broken"
print(f"L_style = {style_loss(E_w, list(w.values())).item():.4f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Nobody looked, and nobody paid: **the network ran no deeper than `relu2_1`.**

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - $E_l$ is a quarter of the mean squared difference of two Gram matrices, each divided by its number of positions
#   (Eq. 4).
# - Its gradient by $F$ is $(G - A) F / (N^2 M^2)$: two equal terms, because $G - A$ is symmetric, and the 4 cancels
#   (Eq. 6).
# - The mask $F > 0$ is the ReLU's. It belongs to the derivative by $Z$.
# - With pictures of two sizes, divide each Gram matrix by its own $M$.
# - $L_{style}$ is a weighted sum over layers (Eq. 5). Equal weights are not equal pull; weight 0 means not looked at.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - *Divide each $E_l$ by its value at the photograph.* Then every layer starts at 1, whatever the network. The
#   package paints this way unless told otherwise (`scale="relative"`).
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
