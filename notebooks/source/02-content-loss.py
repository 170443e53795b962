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
# # Content: how far apart are two pictures, to a network?
#
# **The question.** When does a painting still show *the same thing* as the photograph? We need one number for that,
# and its derivative by every pixel, so that we can make it small.
#
# **What you need to know.** What the responses $F_l$ of a layer are (notebook `01`), the derivative of a square, and
# the chain rule.
#
# **How long it runs.** About 20 seconds on two cores.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two pictures, two responses
#
# **The [photograph](glossary.md#photograph) $p$ is a cup.** The [painting](glossary.md#painting) $x$ may be any other
# picture of the same size: **here the painting $x$ is a cat**, and we ask what separates it from the cup.

# %% slideshow={"slide_type": "skip"}
import torch

from stylekit.figures import curves, maps, strip, table
from stylekit.images import load_image
from stylekit.networks import load_network

# %% slideshow={"slide_type": "skip"}
p = load_image("coffee", size=288).double()
x = load_image("chelsea", size=288).double()
p.shape, x.shape

# %%
strip(
    {"photograph p": p, "painting x": x},
    height=2.2,
    alt="Two pictures of the same size: a cup of coffee on a red saucer, and the face of a cat.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The [loss network](glossary.md#loss-network) looks at both, at the [layer](glossary.md#layer) that the paper takes
# for content: `relu4_2`. The [compact network](glossary.md#compact-network) has $N = 192$
# [filters](glossary.md#filter) there, and each may answer at $M = 24 \cdot 36 = 864$ [positions](glossary.md#position).
# So **the [response](glossary.md#response) to $x$ is a matrix $F$ of shape $(N, M)$**, and **the response to $p$ is a
# matrix $P$ of the same shape**.
#
# We compute in [float64](glossary.md#float64), 16 digits, because we are going to compare formulas: a wrong factor
# must not hide behind rounding.

# %%
network64 = load_network("compact", device="cpu").double()
F_maps = network64.features(x, ["relu4_2"])["relu4_2"]
F_maps.shape  # (pictures, N, height, width)

# %%
F = F_maps.flatten(2)[0]  # (N, M): one row per filter
P = network64.features(p, ["relu4_2"])["relu4_2"].flatten(2)[0]
N, M = F.shape
F.shape, P.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# Every row of $F$ is one [feature map](glossary.md#feature-map), laid flat. Here are four of the 192 rows, laid out
# as pictures again: above for the cat, below for the cup. **The same row, the same filter; another picture, another
# answer.**

# %% slideshow={"slide_type": "skip"}
filters = torch.minimum(F.std(dim=1), P.std(dim=1)).topk(4).indices.tolist()  # loud for both, here and there
shown = {f"F, filter {i}": F[i].view(24, 36) for i in filters} | {f"P, filter {i}": P[i].view(24, 36) for i in filters}
list(shown)[:4]

# %%
maps(
    shown,
    columns=4,
    height=1.4,
    shared=True,
    alt="Eight feature maps of 24 by 36 positions: above four filters' responses to the cat, brightest at its eyes; "
    "below the same filters' responses to the cup, in patches on cup, spoon and saucer.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One number: Eq. 1
#
# The [content loss](glossary.md#content-loss) is **half the sum of the squared differences, over all filters $i$ and
# all positions $j$**:
#
# $$L_{content}(p, x) = \frac{1}{2} \sum_{i=1}^{N} \sum_{j=1}^{M} (F_{ij} - P_{ij})^2 \tag{Eq. 1}$$
#
# First as loops: two sums, two loops.


# %%
def content_loss_loops(F, P):
    total = 0.0
    for i in range(len(F)):
        for j in range(len(F[0])):
            total += (F[i][j] - P[i][j]) ** 2
    return total / 2


# %% [markdown] slideshow={"slide_type": "subslide"}
# **Always try a formula where you know the answer.** Two filters, three positions: **the differences are $1, -1, 0$ and
# $2, 1, -1$**, their squares sum to $8$, and half of that is $4$.

# %% tags=["nbval-check-output"]
F_tiny = torch.tensor([[1.0, 0.0, 2.0], [3.0, 1.0, 0.0]], dtype=torch.float64)
P_tiny = torch.tensor([[0.0, 1.0, 2.0], [1.0, 0.0, 1.0]], dtype=torch.float64)
print(content_loss_loops(F_tiny, P_tiny).item())

# %% [markdown]
# Now without loops. $F - P$ subtracts two matrices, the square acts on each entry, and the sum runs over all of
# them: **half the squared distance of two points in a space of $N M$ dimensions**.


# %%
def content_loss_matrix(F, P):
    return ((F - P) ** 2).sum() / 2


# %% tags=["nbval-check-output"]
print(content_loss_matrix(F_tiny, P_tiny).item())

# %% [markdown] slideshow={"slide_type": "subslide"}
# And the version of the package. **The package sums over the last two dimensions: a [batch](glossary.md#batch) of
# pictures gets one loss each.** The line with `@` refuses matrices that do not fit together, and says what would; the
# other losses have such a line, too.

# %%
import inspect

from stylekit.losses import content_loss

print(inspect.getsource(content_loss))

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Three versions, one number?** On the $192 \times 864$ real responses:

# %%
loops = content_loss_loops(F.tolist(), P.tolist())
matrix = content_loss_matrix(F, P).item()
package = content_loss(F, P).item()
error = max(abs(loops - package), abs(matrix - package)) / package
assert error < 1e-12, "the three versions agree to rounding"
print(f"loss {package:.1f}; largest relative difference of the three {error:.0e}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which way is downhill? The derivative, line by line
#
# To make the loss small we need its [gradient](glossary.md#gradient): how it changes when one entry $F_{ij}$
# changes. We write $a, b$ for the indices of the sum, because $i, j$ are taken:
#
# $$\frac{\partial L_{content}}{\partial F_{ij}} =
# \frac{1}{2} \sum_{a, b} \frac{\partial}{\partial F_{ij}} (F_{ab} - P_{ab})^2$$
#
# **Only one term of the sum contains $F_{ij}$**: the one with $a = i$, $b = j$. All others are constants, with
# derivative 0:
#
# $$\frac{\partial L_{content}}{\partial F_{ij}} = \frac{1}{2} \, \frac{\partial}{\partial F_{ij}} (F_{ij} - P_{ij})^2$$
#
# **The chain rule brings down the exponent 2, and the half cancels it.** (That is what the half is for.)
#
# $$\frac{\partial L_{content}}{\partial F_{ij}} = F_{ij} - P_{ij}$$
#
# So **the gradient by $F$ is the plain difference, a matrix of shape $(N, M)$**.

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
print((F_tiny - P_tiny).tolist())

# %% [markdown] slideshow={"slide_type": "slide"}
# ## And one step further down: where the mask comes from
#
# But nothing in the network lets us choose $F$. A layer computes **$Z$, the
# [pre-activation](glossary.md#pre-activation), $(N, M)$, with entries of either sign**, and the
# [ReLU](glossary.md#relu) cuts off what is negative:
#
# $$F_{ij} = \max(Z_{ij}, 0), \qquad
# \frac{\partial F_{ij}}{\partial Z_{ij}} = 1 \text{ if } Z_{ij} > 0, \quad 0 \text{ if } Z_{ij} < 0$$
#
# By the chain rule **the gradient by $Z$ is the difference times that 1 or 0**, the [mask](glossary.md#mask). And since
# $F_{ij} > 0$ exactly where $Z_{ij} > 0$, the mask can be read off $F$. This is the equation of the paper and of the
# slides:
#
# $$\frac{\partial L_{content}}{\partial F_{ij}} =
# \begin{cases} (F - P)_{ij} & \text{if } F_{ij} > 0 \\ 0 & \text{otherwise} \end{cases} \tag{Eq. 2}$$
#
# Read it with care. **It says derivative by $F$; with the mask, it is the derivative by $Z$.** In words: a response
# that the ReLU has cut to 0 does not move when $Z$ moves a little, so the loss does not either.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The mask is `F > 0`**: 1 where it is true, 0 where it is not.


# %%
def content_loss_gradient_masked(F, P):
    return (F - P) * (F > 0)


# %% tags=["nbval-check-output"]
print((content_loss_gradient_masked(F_tiny, P_tiny) + 0.0).tolist())  # + 0.0: no -0.0

# %% slideshow={"slide_type": "skip"}
from stylekit.losses import content_loss_gradient

print(inspect.getsource(content_loss_gradient))
error = content_loss_gradient(F, P) - content_loss_gradient_masked(F, P)
assert (error == 0).all(), "the package computes the same masked difference"
print(f"maximum error {error.abs().max():.0f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three routes to one gradient
#
# **A formula derived on paper deserves a witness who has never seen it.** We have two.
#
# 1. **By hand**: the formulas above.
# 2. **By [autograd](glossary.md#autograd)**: PyTorch records each step of the computation and applies the chain rule
#    to the record.
# 3. **By [central differences](glossary.md#central-difference): move one entry up and down by a small $h$.** No
#    calculus at all: see what the loss does.
#
# $$\frac{\partial L}{\partial Z_{ij}} \approx \frac{L(Z_{ij} + h) - L(Z_{ij} - h)}{2h}$$


# %% slideshow={"slide_type": "subslide"}
def central_difference(loss, Z, h=1e-6):
    gradient = torch.zeros_like(Z)
    for i in range(Z.shape[0]):
        for j in range(Z.shape[1]):
            step = torch.zeros_like(Z)
            step[i, j] = h
            gradient[i, j] = (loss(Z + step) - loss(Z - step)) / (2 * h)
    return gradient


# %% [markdown] slideshow={"slide_type": "subslide"}
# The small example: 5 filters, 7 positions, random numbers in float64, none of them at 0, where the ReLU has its
# corner (we come to that). **Twice the same loss: once with $F$ as the variable, once with $Z$.**

# %% slideshow={"slide_type": "skip"}
generator = torch.Generator().manual_seed(0)
Z5 = torch.randn(5, 7, generator=generator, dtype=torch.float64)
P5 = torch.randn(5, 7, generator=generator, dtype=torch.float64).clamp(min=0)
assert Z5.abs().min() > 1e-3, "every entry is further from the kink than h"
print(f"{(Z5 > 0).sum().item()} entries of Z are positive, {(Z5 < 0).sum().item()} are negative")


# %%
def loss_by_F(F):
    return content_loss(F, P5)


def loss_by_Z(Z):
    return content_loss(Z.clamp(min=0), P5)


# %%
def autograd_gradient(loss, start):
    variable = start.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(loss(variable), variable)
    return gradient


# %% [markdown]
# Each route, for each variable:

# %% slideshow={"slide_type": "skip"}
F5 = Z5.clamp(min=0)
routes = {
    "by F: F - P": (F5 - P5, autograd_gradient(loss_by_F, F5), central_difference(loss_by_F, F5)),
    "by Z: Eq. 2": (content_loss_gradient(F5, P5), autograd_gradient(loss_by_Z, Z5), central_difference(loss_by_Z, Z5)),
}
routes["by Z: Eq. 2"][0].shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# And the table: **the largest difference over all entries, each route against each other**.


# %% slideshow={"slide_type": "skip"}
def largest(difference):
    return difference.abs().max().item()


# %% slideshow={"slide_type": "skip"}
errors = {
    name: {
        "hand - autograd": largest(hand - auto),
        "hand - central": largest(hand - central),
        "autograd - central": largest(auto - central),
    }
    for name, (hand, auto, central) in routes.items()
}
assert all(error < 1e-7 for row in errors.values() for error in row.values()), "three routes, one gradient"
assert all(row["hand - autograd"] < 1e-12 for row in errors.values())
len(errors)

# %%
print(table(errors, corner="variable"))

# %% [markdown] slideshow={"slide_type": "subslide"}
# Hand and autograd agree to the last digit. Central differences agree to about nine digits: for a parabola they are
# exact, but subtracting two nearly equal numbers leaves only so many of sixteen. So **both readings are right, each for
# its variable**:
#
# - with $F$ as the variable, autograd gives $F - P$, *without* a mask;
# - with $Z$ as the variable, autograd gives Eq. 2, *with* the mask, and nobody told it so.
#
# **Are they perhaps the same here?** No, they are far apart:

# %% slideshow={"slide_type": "fragment"}
gap = largest(routes["by F: F - P"][1] - routes["by Z: Eq. 2"][1])
assert gap > 0.5, "the mask matters"
print(f"largest difference between the two gradients: {gap:.1f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **And why float64?** Because **in float32, seven digits, the same check with the same $h$ drowns in rounding**. (A
# larger $h$ helps, but then we may step across a corner, and we never come near nine digits.)

# %%
P32, Z32 = P5.float(), Z5.float()
central32 = central_difference(lambda Z: content_loss(Z.clamp(min=0), P32), Z32)
error32 = largest(central32 - content_loss_gradient(F5, P5))
assert error32 > 1e-2, "with this h, float32 drowns in rounding"
print(f"maximum error of central differences in float32: {error32:.1g}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The mask, seen
#
# Now the real layer. `conv4_2` is $Z$, `relu4_2` is $F$. Filter 140 answers to the cat's eyes. Read the four maps
# from left to right like Eq. 2; zero is white. $Z$ is positive (orange) or negative (purple). The difference $F - P$
# asks for less of the eyes (orange) and more of the cup (purple). The mask is 1, dark here, where $Z$ is
# positive. What is left: **the eyes have to go, but most of the cup has no say**.

# %% slideshow={"slide_type": "skip"}
Z = network64.features(x, ["conv4_2"])["conv4_2"].flatten(2)[0]  # (N, M)
masked = content_loss_gradient(F, P)
reading = {"Z, filter 140": Z, "F - P": F - P, "the mask, F > 0": (F > 0).double(), "Eq. 2": masked}
eyes = [F[140].view(24, 36)[6:12, columns].max() for columns in (slice(11, 17), slice(24, 30))]
assert min(eyes) > F[140].max() / 3, "filter 140 should answer to both eyes"
assert P[140][F[140] == 0].sum() > 0.6 * P[140].sum(), "most of the cup should have no say"
Z.shape, masked.shape

# %%
maps(
    {name: values[140].view(24, 36) for name, values in reading.items()},
    title="Equation 2, read from left to right",
    signed=True,
    height=1.6,
    alt="Four maps of one filter. Z is orange at the cat's two eyes and purple in many other places; F - P is orange "
    "at the eyes and purple at the cup's upper rim and at the coffee; the mask is a ragged patchwork of ones; the last "
    "map keeps the eyes and loses nearly all of the purple.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The trap: "masked where $F$ is negative".** It is tempting to say so. But **after the ReLU, $F$ is never negative**:
# the entries that count are those where it is exactly 0, and a mask `F >= 0` would mask nothing.

# %% tags=["nbval-check-output"]
assert torch.equal(F > 0, Z > 0), "F > 0 and Z > 0 are the same entries"
assert (F >= 0).all(), "no response is negative"
for name, entries in {"F < 0": F < 0, "F = 0": F == 0, "F > 0": F > 0}.items():
    print(f"{name}: {100 * entries.double().mean():2.0f} % of the entries")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Most of the matrix is zero! Whose doing is that?**

# %% tags=["nbval-check-output"]
asleep = (F.sum(dim=1) == 0) & (P.sum(dim=1) == 0)  # (N,)
at_most = (F > 0).double().mean(dim=1).median()  # of the positions
assert asleep.double().mean() < 0.05 and at_most < 0.25, "nearly all filters speak, each at few positions"
print(asleep.sum().item(), "of", N, "filters say nothing to either picture;", end=" ")
print(f"half of them speak at {100 * at_most:.0f} % of the positions of the cat, or fewer")

# %% [markdown]
# It is the ReLU at work. Hardly any filter is asleep, but each is choosy: $Z_{ij}$ is above 0 at a few positions only.
# So much of the loss stands where the gradient is zero: where the cup excites a filter and the cat does not. **There
# the loss sees a difference, and cannot say which way to go:**

# %% tags=["nbval-check-output"]
silent = content_loss(F * (F == 0), P * (F == 0)) / content_loss(F, P)
assert silent > 0.4, "much of the loss has no gradient"
print(f"{100 * silent:.0f} % of the loss stands at entries without a gradient")

# %% [markdown]
# That is no disaster: the other entries move the pixels, and the pixels move everything.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## At the kink
#
# **What if $Z_{ij}$ is 0 exactly?** Take one response with target $P = 1$. **Its loss $\frac{1}{2} (\max(z, 0) - 1)^2$
# has a corner there**, a [kink](glossary.md#kink): flat on the left, falling with slope $-1$ on the right.


# %% slideshow={"slide_type": "skip"}
def one_loss(z):
    return (torch.relu(z) - 1) ** 2 / 2


# %% slideshow={"slide_type": "skip"}
z = torch.linspace(-1, 2, 301, dtype=torch.float64)
near = torch.linspace(-0.6, 0.6, 41, dtype=torch.float64)
slopes = {"slope 0, from the left": 0, "slope -1, from the right": -1, "slope -1/2, between": -0.5}
list(slopes)

# %%
curves(
    {"the loss": (z, one_loss(z))} | {name: (near, 0.5 + slope * near) for name, slope in slopes.items()},
    title="One response, target P = 1: three slopes meet at z = 0",
    xlabel="z, before the ReLU",
    ylabel="loss",
    alt="The loss against z: constant at one half for negative z, then a parabola that falls to 0 at z = 1 and rises "
    "again. At z = 0 three straight lines touch it, with slopes 0, minus one half and minus 1.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **There is no derivative at the corner, however small $h$ becomes:** from the left the difference quotient gives 0,
# from the right it tends to $-1$, and the central difference to the mean of both, $-\frac{1}{2}$:

# %% tags=["nbval-check-output"]
quotients = {}
for h in (0.4, 0.04, 0.004):
    below, at, above = one_loss(torch.tensor([-h, 0.0, h], dtype=torch.float64)).tolist()
    left, right, central = (at - below) / h, (above - at) / h, (above - below) / (2 * h)
    quotients[f"h = {h}"] = {"left": left, "right": right, "central": central}
print(table(quotients, corner="at z = 0"))

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Autograd takes the left one: PyTorch's ReLU has "derivative" 0 at 0.** That is Eq. 2's choice too, since $0 > 0$ is
# false.

# %%
kink = torch.zeros(1, 1, dtype=torch.float64)
by_autograd = autograd_gradient(lambda z: one_loss(z).sum(), kink)
by_eq2 = content_loss_gradient(kink, torch.ones_like(kink))
assert by_autograd.abs() == by_eq2.abs() == 0, "both say 0"
print(f"autograd at the kink: {by_autograd.abs().item():.0f}")

# %% [markdown]
# So a check of a gradient has to stay away from the kink by more than $h$. Does it matter in practice? **How many of
# the real $Z_{ij}$ are exactly 0?**

# %% tags=["nbval-check-output"]
print((Z == 0).sum().item(), "of", Z.numel())

# %% [markdown] slideshow={"slide_type": "slide"}
# ## All the way to the pixels
#
# **We can change neither $F$ nor $Z$: only the pixels of $x$, $(1, 3, H, W)$.** The chain rule once more, summed
# over all paths from a pixel $x_k$ to the loss:
#
# $$\frac{\partial L_{content}}{\partial x_k} =
# \sum_{i,j} \frac{\partial L_{content}}{\partial Z_{ij}} \, \frac{\partial Z_{ij}}{\partial x_k}$$
#
# **The first factor is Eq. 2, by hand. The second is the network**, and there we let PyTorch work:
# `torch.autograd.grad(Z, x, grad_outputs=...)` takes the first factor as given and *propagates it back* through the
# layers below.

# %%
watched = x.clone().requires_grad_(True)  # the same pixels, and autograd keeps a record
found = network64.features(watched, ["conv4_2", "relu4_2"])
Z_watched = found["conv4_2"].flatten(2)[0]  # (N, M)
F_watched = found["relu4_2"].flatten(2)[0]  # (N, M)
(from_eq2,) = torch.autograd.grad(Z_watched, watched, masked, retain_graph=True)
from_eq2.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The witness: autograd does all of it, from the loss to the pixels**, without ever hearing of Eq. 2.

# %%
loss = content_loss(F_watched, P)
(end_to_end,) = torch.autograd.grad(loss, watched, retain_graph=True)
error = largest(from_eq2 - end_to_end) / largest(end_to_end)
assert error < 1e-12, "Eq. 2, back-propagated, is the gradient by the pixels"
print(f"maximum error {error:.1g}, relative to the largest entry")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **And a witness without any autograd: walk a tiny way from the cat towards the cup**, in the direction $d = p - x$.
# The loss must change by the inner product of the gradient with $d$. The way has to be tiny, $h = 10^{-7}$: among the
# millions of responses below `relu4_2` some stand close to their kink, and a longer step would carry them across.


# %%
def loss_on_the_way(h):
    response = network64.features(x + h * (p - x), ["relu4_2"])["relu4_2"].flatten(2)[0]
    return content_loss(response, P).item()


# %%
h, predicted = 1e-7, (from_eq2 * (p - x)).sum().item()
measured = (loss_on_the_way(h) - loss_on_the_way(-h)) / (2 * h)
assert abs(measured - predicted) < 1e-3 * abs(predicted), "as the gradient says"
print(f"predicted {predicted:.1f}, measured {measured:.1f}: towards the cup the loss falls")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The same mistake, now with a price: forget the mask, and send $F - P$ into $Z$.**

# %%
(unmasked,) = torch.autograd.grad(Z_watched, watched, F - P, retain_graph=True)
wrong = ((unmasked - end_to_end).norm() / end_to_end.norm()).item()
cosine = (unmasked * end_to_end).sum() / (unmasked.norm() * end_to_end.norm())
assert wrong > 1.2 and cosine > 0.6, "a gross error, and still downhill"
print(f"length of the error: {wrong:.2f} of the gradient's; cosine of the angle: {cosine:.2f}")

# %% [markdown]
# An error longer than the gradient itself, where the right way had none beyond rounding. And yet **going against the
# wrong gradient is still going downhill** (the cosine is positive), so nobody would notice: **only a comparison finds
# this mistake**.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Sent into $F$ instead, $F - P$ needs no mask: the ReLU masks it**, as it passes on its way to $Z$. To mask by hand
# *and* pass the ReLU does no harm either: zero stays zero.

# %%
(plain,) = torch.autograd.grad(F_watched, watched, F - P, retain_graph=True)
(twice,) = torch.autograd.grad(F_watched, watched, masked)
error = max(largest(plain - end_to_end), largest(twice - end_to_end)) / largest(end_to_end)
assert error < 1e-12, "from F, with and without the mask, it is the right gradient"
print(f"maximum error {error:.1g}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# What does such a gradient look like? **The gradient is a picture: three numbers for each pixel.** We show the way
# *against* it.
# Grey means *leave this pixel alone*, a colour means *add some of this*. Rings around the eyes, stripes along the
# whiskers: there the cat has to change. The wrong gradient has the rings too; but it shouts all over the face, and on
# the right is how much of that is wrong.

# %% slideshow={"slide_type": "skip"}
ways = {"Eq. 2": end_to_end, "the mask forgotten": unmasked, "the difference": unmasked - end_to_end}
list(ways)

# %%
strip(
    {name: 0.5 - way / (14 * end_to_end.std()) for name, way in ways.items()},
    height=1.9,
    alt="Three grey pictures with coloured grain. In the first the grain stands in rings around the cat's eyes, and "
    "faintly in the whiskers; in the second it is loud there and all over the face, most along the nose; the third, "
    "their difference, is nearly as loud.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What does a layer remember?
#
# Now we can descend. **Start from [white noise](glossary.md#white-noise), and change the pixels until one layer answers
# as it does to the photograph.** Whatever comes back was still *in* the response; **what does not come back was
# forgotten**.
# This is the [reconstruction](glossary.md#reconstruction) of the paper's Figure 1, bottom row.
#
# `reconstruct` does so with [L-BFGS](glossary.md#l-bfgs) (notebook `08`); we allow 100
# [evaluations](glossary.md#evaluation) for each layer. It divides Eq. 1 by the constant
# $\sum_{ij} P_{ij}^2$, so that the losses of different layers can be compared: silence, $F = 0$, would cost
# $\frac{1}{2}$.

# %%
from stylekit.transfer import reconstruct

network = load_network("compact", device="cpu")
photograph = load_image("coffee", size=144)
photograph.shape

# %%
layers = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
runs = {layer: list(reconstruct(photograph, network, layer, steps=100)) for layer in layers}
rebuilt = {layer: steps[-1].image for layer, steps in runs.items()}
list(rebuilt)

# %% slideshow={"slide_type": "subslide"}
strip(
    {"photograph": photograph} | rebuilt,
    title="A photograph, and what five layers remember of it",
    height=1.1,
    alt="The cup of coffee and five reconstructions of it. From relu1_1 it is the photograph; from relu2_1 and relu3_1 "
    "the photograph with a fine grain; from relu4_1 cup, saucer and spoon have hard dark edges and paler, speckled "
    "colours; from relu5_1 only their outlines are left, in coloured grain.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Look at it for a moment. The first layers give the photograph back. Then the grain goes astray, then the colours;
# and at `relu5_1` there is hardly a right pixel left. **But the cup is there, and it stands where it stood.**

# %%
strip(
    {layer: rebuilt[layer] for layer in layers[2:]},
    height=2.0,
    alt="The three deepest reconstructions, larger: from relu3_1 the photograph under a fine grain; from relu4_1 a "
    "pale red saucer and a white cup, ringed in black; from relu5_1 grain in all colours, in which the circles of cup "
    "and saucer stay in their places.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# In numbers: **the pixel error is the root of the mean squared difference**, with pixels from 0 to 1. **The noise that
# we started from is the yardstick.**


# %% slideshow={"slide_type": "skip"}
def pixel_error(image):
    return (image - photograph).square().mean().sqrt().item()


# %%
pixel_errors = {layer: pixel_error(image) for layer, image in rebuilt.items()}
noise = runs["relu1_1"][0].image
assert list(pixel_errors.values()) == sorted(pixel_errors.values()), "deeper forgets more"
assert pixel_errors["relu1_1"] < 0.05 and pixel_errors["relu5_1"] > 0.8 * pixel_error(noise)
pixel_errors["the noise"] = pixel_error(noise)
print(table({name: {"pixel error": f"{error:.2g}"} for name, error in pixel_errors.items()}))

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Is that only because the descent has not finished?** In part: deep layers are slow, as the curves show. With
# `steps=400` the pixel error of `relu3_1` comes down from 0.17 to 0.14. But at `relu5_1` the same only halves the loss
# once more, and its pixels come no nearer at all.

# %%
curves(
    {layer: ([s.evaluations for s in steps], [s.losses["total"] for s in steps]) for layer, steps in runs.items()},
    title="Five descents, one for each layer",
    xlabel="evaluations of the loss",
    ylabel="content loss, relative",
    log="y",
    alt="Five falling curves on a logarithmic axis, in the order of the layers: relu1_1 falls fastest and ends by far "
    "the lowest, at a few millionths; relu5_1 falls the slowest and ends at about two hundredths.",
)

# %% slideshow={"slide_type": "subslide"}
losses = {layer: [step.losses["total"] for step in steps] for layer, steps in runs.items()}
falls = {layer: loss[0] / loss[-1] for layer, loss in losses.items()}
assert min(falls.values()) > 10, "every layer's loss has fallen to less than a tenth"
rows = {name: {"the loss fell by a factor of": f"{fall:,.0f}"} for name, fall in falls.items()}
print(table(rows))

# %% [markdown]
# **The layer is nearly content; it is the pixels that are wrong.**

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why the pixels go and the arrangement stays
#
# **The pixels go because there are fewer and fewer numbers to hold them.** Each [pooling](glossary.md#pooling)
# leaves a quarter of the positions. The table counts, for each value of a pixel, how many responses a layer has, and
# how many are not 0:

# %% tags=["nbval-check-output"]
counts = {}
for layer, response in network.features(photograph, layers).items():
    numbers, above_0 = response.numel(), (response > 0).sum()
    counts[layer] = {"N x M": "{1} x {2}".format(*response.flatten(2).shape)}
    for name, count in {"numbers": numbers, "not 0": above_0}.items():
        counts[layer][f"{name} per pixel value"] = f"{count / photograph.numel():.2f}"
print(table(counts, corner="layer"))

# %% [markdown] slideshow={"slide_type": "subslide"}
# `relu1_1` has more numbers than the photograph: enough equations for all the unknowns. `relu5_1` has a third as many,
# and most of those are 0. Infinitely many pictures satisfy them (exercise 5), and which one the descent finds depends
# on where it starts. **Start from other noise, and it is another
# picture:**

# %% slideshow={"slide_type": "skip"}
*_, other = reconstruct(photograph, network, "relu5_1", steps=100, seed=1)
other.image.shape

# %%
strip(
    {"from relu5_1": rebuilt["relu5_1"], "from relu5_1, other noise": other.image},
    height=1.7,
    alt="Two reconstructions from the same layer: the same outlines of cup and saucer, in quite different grain and "
    "colours.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The arrangement stays because nothing in the network wanders**: convolution, ReLU and pooling only look around a
# place. A response at one position comes from the window of pixels around it, its
# [receptive field](glossary.md#receptive-field). So we can ask `relu5_1` for its opinion: **which is nearer to the
# photograph: the reconstruction, or the photograph itself, shifted by 16 pixels or mirrored?** (The reconstruction's
# pixels are all wrong.)


# %%
def relative_loss(image, layer):
    F = network.features(image, [layer])[layer].flatten(2)
    P = network.features(photograph, [layer])[layer].flatten(2)
    return (content_loss(F, P) / P.square().sum()).item()


# %% slideshow={"slide_type": "skip"}
candidates = {"shifted": photograph.roll(16, dims=3), "mirrored": photograph.flip(3)}
candidates |= {"rebuilt": rebuilt["relu5_1"], "rebuilt, other noise": other.image}
opinions = {
    name: {"pixel error": f"{pixel_error(image):.3f}", "loss at relu5_1": f"{relative_loss(image, 'relu5_1'):.4f}"}
    for name, image in candidates.items()
}
list(opinions)

# %% slideshow={"slide_type": "subslide"}
print(table(opinions))

# %% slideshow={"slide_type": "skip"}
far = min(relative_loss(candidates[name], "relu5_1") for name in ("shifted", "mirrored"))
assert relative_loss(rebuilt["relu5_1"], "relu5_1") < far / 5, "to relu5_1 the reconstruction is far nearer"
assert all(pixel_error(rebuilt["relu5_1"]) > pixel_error(candidates[name]) for name in ("shifted", "mirrored"))
print("loss at relu5_1: the reconstruction's is less than a fifth of the others'")

# %% [markdown]
# The pixels say one thing, the layer another. **What is where is kept; which exact colour each pixel has is not.**
# This is what the paper calls content, and it leaves the freedom in which a style will find its place.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - The content loss (Eq. 1) is half the squared distance of two matrices of responses, $F$ and $P$.
# - Its gradient by $F$ is $F - P$. Its gradient by the pre-activation $Z$ is $F - P$ *with the mask* $F > 0$: that
#   is Eq. 2.
# - At the kink there is no derivative: Eq. 2 and autograd say 0, the slope from the left; a central difference gives
#   the mean of both sides. Checks stay away from it.
# - Back-propagated from $Z$ to the pixels, Eq. 2 is exactly what autograd computes end to end. Without the mask it
#   is wrong by more than its own length, and still leads downhill.
# - Low layers know the pixels. Deep layers forget them and keep the arrangement.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - *A prior for natural pictures.* The coloured grain costs the layer nothing. A small weight on
#   [total variation](glossary.md#total-variation) would calm it; but then the picture shows what we believe, beside
#   what the layer knows.
# - *Another layer for content.* Take `relu2_2` and the painting keeps far more of the pixels; `relu4_2` leaves the
#   style more room.
# - *Max pooling.* `load_network("compact", pooling="max")` forgets in another manner: try the strip with it.
# - *`torch.autograd.gradcheck`* does our third route in one line. The tests of this kit use it.
# - *Conv or ReLU?* The paper writes "conv4_2" for the rectified response. Others were puzzled too:
#   [jcjohnson/neural-style#93](https://github.com/jcjohnson/neural-style/issues/93). In this kit, `conv4_2` is
#   always $Z$ and `relu4_2` always $F$.
#
# ## Exercises
#
# ### 1. Eq. 1, by you
#
# Write the content loss of two tensors `F` and `P` of shape $(N, M)$. The check says what your
# answer *did*.


# %% slideshow={"slide_type": "skip"}
def my_content_loss(F, P):
    ### BEGIN SOLUTION
    difference = F - P
    return (difference * difference).sum() / 2
    ### END SOLUTION


# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
from stylekit.checks import check

check("content_loss", my_content_loss)

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 2. Eq. 2, by you
#
# The gradient as printed, with the mask. Try it first *without* the mask and read what the
# check says.


# %% slideshow={"slide_type": "skip"}
def my_content_loss_gradient(F, P):
    ### BEGIN SOLUTION
    return torch.where(F > 0, F - P, torch.zeros_like(F))
    ### END SOLUTION


# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
check("content_loss_gradient", my_content_loss_gradient)

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 3. Predict, then run
#
# Every difference $F_{ij} - P_{ij}$ becomes twice as large. By what factor does the
# content loss grow?

# %% slideshow={"slide_type": "skip"}
prediction = ...
### BEGIN SOLUTION
prediction = 4
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
from stylekit.checks import check_value

factor = content_loss(P_tiny + 2 * (F_tiny - P_tiny), P_tiny) / content_loss(F_tiny, P_tiny)
check_value(prediction, round(factor.item(), 3))

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 4. On paper: mean instead of sum
#
# Johnson (2016) and the PyTorch tutorial divide by the number of entries:
#
# $$L_{mean} = \frac{1}{N M} \sum_{ij} (F_{ij} - P_{ij})^2$$
#
# 1. What is its gradient by $Z$?
# 2. A painting is made with $\alpha \, L_{content}$. Which weight before $L_{mean}$ gives the same painting?
# 3. How large is that factor for [VGG-19](glossary.md#vgg-19) at `relu4_2`, $N = 512$, and a picture of
#    $512 \times 512$ pixels?
# 4. What happens to the two losses when the picture becomes twice as wide and high?

# %% [markdown] slideshow={"slide_type": "skip"}
# <!-- ### BEGIN SOLUTION -->
# *To 1.* As in Eq. 2, but the exponent 2 is not cancelled and $\frac{1}{N M}$ stays: $\frac{2}{N M} (F - P)_{ij}$ where
# $F_{ij} > 0$, else 0.
#
# *To 2.* $L_{mean} = \frac{2}{N M} L_{content}$, so $\alpha \, L_{content} = \alpha \, \frac{N M}{2} \, L_{mean}$: the
# weight is $\alpha N M / 2$.
#
# *To 3.* Three poolings lie before block 4, so the maps are $512 / 8 = 64$ high and wide and $M = 4096$. The factor is
# $512 \cdot 4096 / 2 = 1\,048\,576$: about a million. A weight copied from one program to another without its
# [convention](glossary.md#convention) is off by that much.
#
# *To 4.* $M$ becomes four times as large. The sum $L_{content}$ grows about fourfold, as there are four times as many
# terms of about the same size; the mean stays about the same. So does the style loss (notebook `04`), which divides by
# $M^2$. With the sum, the same $\alpha$ weighs content four times as heavily in the larger picture.
# <!-- ### END SOLUTION -->

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 5. On paper: pictures that `relu5_1` cannot tell apart
#
# For the photograph of $96 \times 144$ pixels the table
# above counts $256 \cdot 54 = 13824$ responses. The network is made of convolutions, ReLUs and average pooling. Show
# that there are pictures, different from the photograph, whose response at `relu5_1` is *exactly* the same. In how
# many independent directions, at least, can one go? (Hint: how does $F$ depend on $x$ as long as no $Z$ in any layer
# changes its sign?)

# %% [markdown] slideshow={"slide_type": "skip"}
# <!-- ### BEGIN SOLUTION -->
# Convolution and average pooling are linear in their input (plus a constant). A ReLU multiplies each number by its
# mask, 1 or 0, and as long as no $Z$ changes sign the masks are constant. So near the photograph $p$ (no $Z$ being
# exactly 0) the whole network is linear plus a constant: $F(p + d) = F(p) + J d$, with $J$ a matrix of $13824$ rows
# and $3 \cdot 96 \cdot 144 = 41472$ columns.
#
# A matrix with $13824$ rows has rank at most $13824$, so the solutions of $J d = 0$ form a space of at least
# $41472 - 13824 = 27648$ dimensions. Take any such $d$, small enough that no sign changes: $p + d$ is another picture
# with exactly the same response, hence content loss 0. The descent cannot tell it from $p$; which one it finds
# depends on where it starts. (Rows of $J$ whose response is 0 are zero as well, so the true number is larger still.)
#
# For `relu1_1` the count runs the other way: $16 \cdot 13824 = 221184$ numbers, more than pixels, and the photograph
# comes back.
# <!-- ### END SOLUTION -->
