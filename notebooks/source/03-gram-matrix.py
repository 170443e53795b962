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
# # Which features occur together: the Gram matrix
#
# **The question.** A style is the same all over a canvas. How can a handful of numbers describe it without saying
# *where* anything is?
#
# **What you need to know.** What a [response](glossary.md#response) and a [feature map](glossary.md#feature-map) are
# (notebook 01); how to multiply two matrices.
#
# **How long it runs.** About 10 seconds on two cores.

# %% slideshow={"slide_type": "skip"}
import torch

from stylekit.figures import curves, maps, strip, table
from stylekit.images import load_image
from stylekit.networks import load_network

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two halves of one canvas
#
# Here are two [style pictures](glossary.md#style-picture), each cut down the middle. The two halves of a picture have
# no pixel in common. Still, nobody doubts which belong together. **What do the halves that belong together share?**

# %% slideshow={"slide_type": "skip"}
names = ["swirls", "waves", "facets", "haze", "shapes"]
styles = {name: load_image(name, size=256).double() for name in names}  # each (1, 3, 192, 256)
left = {name: a[..., :128] for name, a in styles.items()}
right = {name: a[..., 128:] for name, a in styles.items()}
right["swirls"].shape

# %%
strip(
    {
        "1": left["facets"],
        "2": right["swirls"],
        "3": left["swirls"],
        "4": right["facets"],
    },
    title="Which halves belong together?",
    height=2.3,
    alt="Four upright pictures. The second and the third show yellow stars whirling in a blue sky over dark hills; the "
    "first and the last grey-blue and ochre splinters with hard edges.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Not what is at a place: the stars stand elsewhere. They share *company*: **in 2 and 3 light goes with yellow**,
# and blue with short strokes; in 1 and 4, grey-blue goes with ochre, and both with hard edges. The idea of Gatys,
# Ecker and Bethge (2015, [arXiv:1508.06576](https://arxiv.org/abs/1508.06576)): **style is which features occur
# together, wherever that may be.**

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What the network says
#
# Let $a$ be the first style picture and $l$ a [layer](glossary.md#layer). It has $N$ [filters](glossary.md#filter);
# each answers at $M$ [positions](glossary.md#position). Written as a matrix, one row per filter, the response is $F$,
# of shape $(N, M)$; **$F_{ik}$ is what filter $i$ of $N$ says at position $k$ of $M$**. We take `relu1_1` of the
# [compact network](glossary.md#compact-network), in [float64](glossary.md#float64).

# %% tags=["nbval-check-output"]
network = load_network("compact", device="cpu").double()
a = load_image("swirls", size=128).double()
f = network.features(a, ["relu1_1"])["relu1_1"]  # (1, N, H, W)
F = f.flatten(2)[0]  # (N, H, W) -> (N, M), M = H W
tuple(f.shape), tuple(F.shape)

# %%
maps(
    {f"filter {i}": f[0, i] for i in range(16)},
    title="The rows of F, laid out as pictures",
    height=0.8,
    alt="Sixteen small feature maps of the starry picture. Filter 6 is bright all over the sky and dark in the stars; "
    "filters 0 and 10 are bright in the stars only; filter 1 in the dark hills; nine others are thin lines along "
    "edges of one direction.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Many of them answer to edges, each to those of one direction. Four are easier to read. **What is the mean colour of
# the picture where they respond?** Each pixel is weighted with the response.

# %%
seen = {i: (f[0, i] * a[0]).sum(dim=(1, 2)) / f[0, i].sum() for i in (6, 0, 10, 1)}
{i: [round(c, 1) for c in colour.tolist()] for i, colour in seen.items()}  # red, green, blue

# %%
strip(
    {f"filter {i}": colour.view(1, 3, 1, 1).expand(1, 3, 2, 3) for i, colour in seen.items()},
    height=0.8,
    alt="Four plain patches of colour. Filter 6: blue; filter 0: a light grey-green; filter 10: a warm yellow; "
    "filter 1: a dark blue.",
)

# %% [markdown]
# We shall call them **blue (6), light (0), warm (10) and dark (1)**.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Equation 3, three ways
#
# **The [Gram matrix](glossary.md#gram-matrix) $G$ of a layer holds the inner product of each pair of rows of $F$**:
#
# $$G_{ij} = \sum_k F_{ik} F_{jk} \tag{Eq. 3}$$
#
# $G$ has shape $(N, N)$. The sum runs over *all* positions $k$: this is where "wherever that may be" comes from.
#
# First with three loops, exactly as printed, on a piece that is small enough: five filters, $7 \times 11$ positions.

# %%
piece = f[0, 5:10, 27:34, 40:51].flatten(1)  # (5, 7, 11) -> (5, 77)
G_loops = torch.zeros(5, 5, dtype=torch.float64)
for i in range(5):
    for j in range(5):
        for k in range(7 * 11):
            G_loops[i, j] += piece[i, k] * piece[j, k]
[[round(number, 1) for number in row] for row in G_loops.tolist()]

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The two inner loops are a product of matrices**: row $i$ of $F$ times column $j$ of $F^T$, so **$G = F F^T$**:

# %%
G_matmul = piece @ piece.T  # (5, 77) (77, 5) -> (5, 5)
G_matmul.shape

# %% [markdown]
# And **as an [einsum](glossary.md#einsum), in the very letters of the equation**. The letter that is missing after the
# arrow, $k$, is summed over.

# %%
G_einsum = torch.einsum("ik,jk->ij", piece, piece)
G_einsum.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The package has the second form**, for one matrix or for a whole [batch](glossary.md#batch) of them:

# %%
import inspect

from stylekit.losses import gram_matrix

print(inspect.getsource(gram_matrix))

# %% slideshow={"slide_type": "subslide"}
ways = {"matmul": G_matmul, "einsum": G_einsum, "package": gram_matrix(piece)}
errors = {way: (result - G_loops).abs().max().item() for way, result in ways.items()}
assert max(errors.values()) < 1e-12, "all ways are the same sum"
rows = {way: {"largest error": f"{error:.0e}"} for way, error in errors.items()}
print(table(rows, corner="against the loops"))

# %% [markdown]
# Four ways, one matrix; what differs is rounding. From here on we use `gram_matrix`, on all 16 filters and all
# positions.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What one entry says
#
# **$G_{ij}$ is large where filters $i$ and $j$ answer at the *same* positions.** Multiply two feature maps number by
# number: what is left is where both respond. The sum of that product is the entry. (For the picture, each map is
# divided by its largest number.)

# %% slideshow={"slide_type": "skip"}
blue, light, warm = (f[0, i] / f[0, i].max() for i in (6, 0, 10))
blue.shape, (blue * warm).shape

# %%
maps(
    {
        "light (0)": light,
        "warm (10)": warm,
        "light times warm": light * warm,
        "blue (6)": blue,
        "warm (10) ": warm,
        "blue times warm": blue * warm,
    },
    title="Two maps, and where both respond",
    columns=3,
    height=1.5,
    shared=True,
    alt="Two rows of three maps in one range of colours. Top: light and warm are both found in the stars, and their "
    "product is seen there, fainter. Bottom: blue is found in the sky, warm in the stars, their product dark all over.",
)

# %% slideshow={"slide_type": "subslide"}
G = gram_matrix(F)
product = f[0, 0] * f[0, 10]
assert torch.allclose(product.sum(), G[0, 10], rtol=1e-12), "its sum is the entry"
assert G[0, 10] > 100 * G[6, 10], "light goes with warm, blue does not"
print(f"light and warm: G[0, 10] = {G[0, 10]:.0f}")
print(f" blue and warm: G[6, 10] = {G[6, 10]:.0f}")

# %% [markdown]
# **Light keeps company with warm colours; blue hardly ever does.** This one fact about the style needs two numbers, and
# not one word about where the stars are.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **On the diagonal a filter meets itself: $G_{ii} = \sum_k F_{ik}^2$**, its *energy*: how much there is of it. To
# compare pairs fairly, divide by the energies: $G_{ij} / \sqrt{G_{ii} G_{jj}}$ lies between 0 and 1 (not below 0,
# because no response is). **Who always goes with whom?**

# %%
energy = G.diagonal()  # (N,)
company = (G / (energy[:, None] * energy).sqrt()).tril(-1)  # each pair once
i, j = divmod(company.argmax().item(), 16)
print(f"most energy: filter {energy.argmax()}")
print(f"closest pair: filters {j} and {i}, {company[i, j]:.2f} of 1")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Any entry
#
# Click an entry of the matrix, or move $i$ and $j$ with the arrow keys: you see the two maps, their product, and its
# sum. **Where is $G$ bright, and why? What do you see for $i = j$?** (In a page without a kernel you see one entry
# only.)

# %%
from stylekit.ui import GramViewer

GramViewer(network, a, "relu1_1", i=0, j=10)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it forgets: where
#
# **A sum does not care about the order of its terms.** Reorder the columns of $F$ by any
# [permutation](glossary.md#permutation) $\pi$ of the positions, the same for each row, and
#
# $$\sum_k F_{i \pi(k)} F_{j \pi(k)} = \sum_k F_{ik} F_{jk} = G_{ij}.$$

# %%
order = torch.randperm(F.shape[1], generator=torch.Generator().manual_seed(0))
shuffled = F[:, order]  # each column stays whole and goes to another place
shuffled.shape

# %%
change = (gram_matrix(shuffled) - G).abs().max() / G.abs().max()
assert change < 1e-12, "a permutation of the positions leaves G as it is"
print(f"largest change of an entry, as a part of the largest entry: {change:.0e}")

# %% slideshow={"slide_type": "skip"}
chosen = {"blue": 6, "light": 0, "warm": 10}
rows = {word: f[0, i] for word, i in chosen.items()}
rows |= {f"{word}, shuffled": shuffled[i].view(f.shape[2:]) for word, i in chosen.items()}
list(rows)

# %% slideshow={"slide_type": "subslide"}
maps(
    rows,
    title="The same Gram matrix, above and below",
    columns=3,
    height=1.1,
    alt="Top row: the feature maps for blue, light and warm, in which the sky and the stars can be seen. "
    "Bottom row: the same maps with their positions shuffled; nothing is left but even speckle.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Shuffled features are not shuffled pixels
#
# It is tempting to conclude that **a picture with shuffled *pixels* has the same style. Has it?** Try it. For the raw
# pixels, three rows of colour, the theorem holds of course. But a filter does not look at one pixel: it looks at a
# neighbourhood, and shuffling tears neighbours apart.

# %% slideshow={"slide_type": "skip"}
pixels = a.flatten(2)[0]  # (3, M)
x = pixels[:, order].view(a.shape)  # the shuffled picture
x.shape

# %%
strip(
    {"the picture a": a, "its pixels, shuffled: x": x},
    height=1.7,
    alt="Left: the starry picture. Right: the same pixels in random order, an even blue-grey grain.",
)

# %% slideshow={"slide_type": "skip"}
f_x = network.features(x, ["relu1_1"])["relu1_1"]
G_x = gram_matrix(f_x.flatten(2)[0])
G_x.shape

# %% tags=["nbval-check-output"] slideshow={"slide_type": "subslide"}
before, after = gram_matrix(pixels), gram_matrix(x.flatten(2)[0])
of_pixels = (after - before).norm() / before.norm()
of_relu1_1 = (G_x - G).norm() / G.norm()
assert of_pixels < 1e-12 and of_relu1_1 > 0.4
print("G changes by: raw pixels, below 1e-12 of itself;", end=" ")
print(f"relu1_1, {of_relu1_1:.1f} times itself")

# %% [markdown]
# To see matrices whose entries differ by factors of thousands, we draw the square root of $G / M$.

# %%
maps(
    {"G of a": (G / F.shape[1]).sqrt(), "G of x": (G_x / F.shape[1]).sqrt()},
    title="At relu1_1 the shuffled picture is another style",
    height=2.4,
    shared=True,
    alt="Two 16 by 16 squares. For the picture the entries of filter 6 and of filter 13 with itself, and of both "
    "together, outshine all; for the shuffled pixels these are fainter, and the entries of the edge filters, 2 to 5 "
    "and 9 to 15, brighter than before.",
)

# %% [markdown]
# The grain is full of edges, so the edge filters shout. **$G$ forgets where each neighbourhood is; it remembers what
# each neighbourhood looks like.** Deeper layers see larger neighbourhoods, and so their Gram matrices remember larger
# pieces of the picture. Notebook 05 makes pictures of just that.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Symmetric, and never negative
#
# **$F_{ik} F_{jk} = F_{jk} F_{ik}$, so $G_{ij} = G_{ji}$**: of the $N^2$ entries, $N (N + 1) / 2$ can differ.
#
# And $G$ is [positive semi-definite](glossary.md#positive-semi-definite). Take any vector $v$ of shape $(N,)$, and
# read $G$ as $F F^T$:
#
# $$v^T G v = v^T F F^T v = (F^T v)^T (F^T v) = \lVert F^T v \rVert^2 \geq 0.$$
#
# In words: mix the feature maps with the weights $v$. **$v^T G v$ is the energy of the mixture, and no energy is
# negative.**

# %%
v = torch.randn(16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
energy_of_mixture = (F.T @ v).square().sum()
assert torch.allclose(v @ G @ v, energy_of_mixture, rtol=1e-12)
assert (G - G.T).abs().max() < 1e-12 * G.max(), "symmetric"
smallest, *_, largest = torch.linalg.eigvalsh(G)
assert smallest > 0, "no eigenvalue is negative"
print(f"smallest eigenvalue: {smallest:.1f}, largest: {largest:.0f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# $G$ is built from $M$ columns of $F$, so **its rank is at most $\min(N, M)$**. We keep only a few of the positions and
# count the eigenvalues that are not zero:

# %% tags=["nbval-check-output"]
few = {n: gram_matrix(shuffled[:, :n]) for n in (1, 2, 5, 11, 16, 29)}  # n of the positions
rank = {n: torch.linalg.matrix_rank(g, hermitian=True).item() for n, g in few.items()}
assert all(rank[n] == min(16, n) for n in rank), "at most filters, at most positions"
print(table({"rank of G": {str(n): r for n, r in rank.items()}}, corner="positions"))

# %%
eigenvalues = torch.linalg.eigvalsh(few[5]).flip(0)  # of 5 positions, the largest first
assert eigenvalues[4] > 0.1 and eigenvalues[5:].abs().max() < 1e-12, "five positions"
print([round(abs(e), 1) for e in eigenvalues.tolist()])

# %% [markdown]
# Few positions say little about a style: a small picture, or a deep layer, can leave $G$ with a rank below $N$:
# some mixtures of filters then have no energy at all.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why M stands in equation 4
#
# **$G$ is a *sum* over positions.** Lay the same tile $2 \times 2$, then $3 \times 3$: the
# [texture](glossary.md#texture) stays the same, $M$ grows, and so does $G$.

# %% slideshow={"slide_type": "skip"}
tile = load_image("facets", size=96).double()
tiled = {k: tile.repeat(1, 1, k, k) for k in (1, 2, 3)}
{k: tuple(picture.shape) for k, picture in tiled.items()}

# %%
strip(
    {f"{k} x {k}": picture for k, picture in tiled.items()},
    title="One tile, four, nine (drawn at one size)",
    height=1.3,
    alt="The same splintered texture as one tile, as 2 by 2 tiles and as 3 by 3 tiles, drawn at the same size.",
)

# %% slideshow={"slide_type": "skip"}
responses = {k: network.features(x, ["relu3_1"])["relu3_1"].flatten(2)[0] for k, x in tiled.items()}
Gs = {k: gram_matrix(F) for k, F in responses.items()}
{k: tuple(F.shape) for k, F in responses.items()}

# %% slideshow={"slide_type": "skip"}
times = [responses[k].shape[1] / responses[1].shape[1] for k in Gs]  # M, as a multiple of one tile's
sums = [(Gs[k].sum() / Gs[1].sum()).item() for k in Gs]
means = [s / t for s, t in zip(sums, times, strict=True)]
assert all(abs(mean - 1) < 0.05 for mean in means), "proportional, but for seams and border"
print("M grows by", times, "G by", [round(s, 1) for s in sums], "G / M by", [round(m, 1) for m in means])

# %% slideshow={"slide_type": "subslide"}
curves(
    {"sum of the entries of G": (times, sums), "the same of G / M": (times, means)},
    title="relu3_1: G grows with the picture, G / M does not",
    xlabel="positions, as a multiple of one tile's",
    ylabel="multiple of one tile's value",
    alt="Two lines from one to nine times as many positions: the sum of the entries of G rises in proportion, to about "
    "nine times its value; that of G divided by M stays level at one.",
)

# %% [markdown]
# (Not quite by 4 and 9: along the seams the filters see two tiles at once, along the border none beyond. For the matrix
# as a whole, entry by entry, that makes a difference:)

# %% slideshow={"slide_type": "skip"}
apart = (Gs[3] / times[2] - Gs[1]).norm() / Gs[1].norm()
assert apart < 0.2, "nine tiles should have nearly the Gram matrix of one, per position"
print(f"G / M of nine tiles and of one: {100 * apart:.0f} % of their length apart, at relu3_1 much is seam")

# %% [markdown] slideshow={"slide_type": "subslide"}
# So **$G / M$ is a *mean* over positions**, which two pieces of one texture have in common whatever their sizes; $G$
# itself grows with the piece. That is the $M^2$ in the [loss](glossary.md#style-layer-loss) of the next notebook,
# where $A$, $(N, N)$, is the Gram matrix of the style picture:
#
# $$E_l = \frac{1}{4 N^2 M^2} \sum_{ij} (G_{ij} - A_{ij})^2 = \frac{1}{4 N^2} \sum_{ij}
# \left( \frac{G_{ij}}{M} - \frac{A_{ij}}{M} \right)^2 \tag{Eq. 4}$$
#
# **As printed it takes both pictures to have the same $M$. Where they do not, divide each matrix by its own:**

# %% tags=["nbval-check-output"]
from stylekit.losses import style_layer_loss

as_printed = style_layer_loss(responses[3], Gs[1])
own_M = style_layer_loss(responses[3], Gs[1], M_style=responses[1].shape[1])
assert as_printed > 20 * own_M, "the same texture should cost almost nothing"
print("3 x 3 tiles against 1 x 1, relu3_1:", end=" ")
print(f"as printed {as_printed:.4f}, each by its own M {own_M:.4f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Not a covariance
#
# $G$ is often called the correlations of the features. That is close, not exact. Let $m$ be the mean of each
# row of $F$. **The covariance $C$, $(N, N)$, first subtracts the means $m$, $(N,)$; $G$ does not:**
#
# $$C = \frac{G}{M} - m \, m^T.$$

# %%
m = F.mean(dim=1)  # (N,)
C = G / F.shape[1] - torch.outer(m, m)
assert torch.allclose(C, torch.cov(F, correction=0), rtol=1e-12, atol=1e-12)
C.shape

# %% slideshow={"slide_type": "subslide"}
maps(
    {"$G / M$": G / F.shape[1], "covariance $C$": C, "means $m \\, m^T$": torch.outer(m, m)},
    title="$G / M = C + m \\, m^T$, each with its own range of colours",
    height=2.4,
    signed=True,
    alt="Three 16 by 16 squares, orange for positive and purple for negative. G / M and the product of the means are "
    "much alike, a cross through filter 6, another through 13, and no purple; the covariance has purple entries, the "
    "darkest where blue (6) meets light (0) and warm (10).",
)

# %% tags=["nbval-check-output"]
assert G.min() >= 0 > C.min(), "products of responses after a ReLU are not negative"
print(f"blue and warm: G / M = {G[6, 10] / F.shape[1]:.4f}, covariance = {C[6, 10]:.2f}")

# %% [markdown]
# **Blue and warm avoid each other.** The covariance says so with a negative number; in $G$, after a
# [ReLU](glossary.md#relu), **avoidance is merely 0**. And $G$ mixes *how much* there is of a feature, $m$, with *what
# it goes with*, $C$; from $G$ alone the two cannot be told apart.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Portraits of five styles
#
# All styles, `relu1_1`, the square root of $G / M$, each with its own range of colours (dark is its smallest entry,
# yellow its largest).

# %%
strip(
    styles,
    height=1.3,
    alt="The five style pictures: stars whirling in a blue sky; orange bands over a dark green sea; grey-blue and "
    "ochre splinters; a golden glow in brown mist; rings, triangles and lines in many colours.",
)

# %% slideshow={"slide_type": "skip"}
F_of = {name: network.features(a, ["relu1_1"])["relu1_1"].flatten(2)[0] for name, a in styles.items()}
portraits = {name: gram_matrix(F) / F.shape[1] for name, F in F_of.items()}
portraits["swirls"].shape

# %%
maps(
    {name: g.sqrt() for name, g in portraits.items()},
    title="Their Gram matrices at relu1_1",
    height=1.75,
    alt="Five 16 by 16 squares. swirls: bright spots at 6 and 13 and where these two cross. waves: a spot at 10, a "
    "fainter one at 8. facets: many bright spots along the diagonal, the brightest at 2, 3 and 9. haze: a spot at 0, "
    "another at 10, and where these cross. shapes: bright spots along the whole diagonal.",
)

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
{name: g.diagonal().argmax().item() for name, g in portraits.items()}  # the filter with the most energy

# %% [markdown]
# **What to look at: the bright spots on the diagonal.** `swirls` lives by blue (6), `waves` by warm (10), `haze` by
# light (0), and there light and warm come together. `facets` lives by its edges: those of 2 and 9 have opposite
# directions, both are strong, yet their common entry is dark. `shapes` has many strong filters.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Near and far
#
# Back to the halves, at `relu2_1`. Let $\hat G = G / M$ belong to one half and $\hat A = A / M_a$ to another, each
# divided by its own number of positions. As distance of their styles we take
# $\lVert \hat G - \hat A \rVert / (\lVert \hat G \rVert + \lVert \hat A \rVert)$, which lies between 0 and 1; the
# norm is the root of the sum of the squares.

# %% slideshow={"slide_type": "skip"}
F_left, F_right = (
    {name: network.features(x, ["relu2_1"])["relu2_1"].flatten(2)[0] for name, x in half.items()}
    for half in (left, right)
)
F_left["swirls"].shape

# %% tags=["nbval-check-output"]
per_position = lambda F: gram_matrix(F) / F.shape[1]
L, R = ({n: per_position(F) for n, F in half.items()} for half in (F_left, F_right))
distance = lambda G, A: ((G - A).norm() / (G.norm() + A.norm())).item()
near = {n: {k: distance(L[n], R[k]) for k in names} for n in names}
rows = {f"{n}, left": {f"{k}, right": f"{near[n][k]:.2f}" for k in names} for n in names}
print(table(rows, corner="relu2_1"))

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
by_pixels = {n: {k: (left[n] - right[k]).abs().mean().item() for k in names} for n in names}
right_by_style = sum(min(row, key=row.get) == n for n, row in near.items())
right_by_pixels = sum(min(row, key=row.get) == n for n, row in by_pixels.items())
colour = ({n: x.mean(dim=(2, 3)) for n, x in half.items()} for half in (left, right))
by_colour = (lambda one, two: {n: {k: (one[n] - two[k]).norm().item() for k in names} for n in names})(*colour)
right_by_colour = sum(min(row, key=row.get) == n for n, row in by_colour.items())
assert right_by_style == 5 and max(right_by_pixels, right_by_colour) < 5
print(f"of 5: by Gram matrix {right_by_style}, by mean colour {right_by_colour}, pixel by pixel {right_by_pixels}")

# %% [markdown]
# The smallest number of each row stands on the diagonal: **every left half finds its own right half, though no pixel is
# shared.** The mean colour alone is not enough for all five, and pixels compared one by one are worse. The numerator,
# squared and divided by $4 N^2$, is the loss of the next notebook.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One per picture
#
# In a [batch](glossary.md#batch) of $B$ pictures, $F$ has shape $(B, N, M)$, and **each picture must keep its own Gram
# matrix: $(B, N, N)$**. Two mistakes give a matrix without an error message.

# %% tags=["nbval-check-output"]
batch = torch.cat([styles["swirls"], styles["waves"]])  # (2, 3, 192, 256)
f_batch = network.features(batch, ["relu1_1"])["relu1_1"]  # (B, N, H, W)
right_ones = gram_matrix(f_batch.flatten(2))  # (B, N, M) -> (B, N, N)
tuple(right_ones.shape)

# %% tags=["nbval-check-output"]
summed = gram_matrix(f_batch.transpose(0, 1).flatten(1))  # wrong: (N, B M) -> (N, N)
crossed = gram_matrix(f_batch.flatten(2).flatten(0, 1))  # wrong: (B N, M) -> (B N, B N)
tuple(summed.shape), tuple(crossed.shape)

# %% slideshow={"slide_type": "skip"}
assert torch.allclose(summed, right_ones.sum(dim=0), rtol=1e-12), "the first mistake adds the styles up"
assert torch.allclose(crossed[:16, :16], right_ones[0], rtol=1e-12), "the second hides the right ones in its blocks"
print(f"crossed has {crossed.numel()} entries; {right_ones.numel()} of them mean something")

# %% slideshow={"slide_type": "subslide"}
maps(
    {
        "right: swirls": right_ones[0].sqrt(),
        "right: waves": right_ones[1].sqrt(),
        "wrong: their sum": summed.sqrt(),
        "wrong: crossed": crossed.sqrt(),
    },
    title="Two right Gram matrices, and two wrong ones",
    height=2.2,
    alt="The Gram matrices of swirls, brightest at entry 6, and of waves, at 10; then a single one with both bright "
    "entries; then a square of four blocks, the two right ones on its diagonal, and beside them the products "
    "of one picture with the other.",
)

# %% [markdown]
# **The first mistake asks that *all pictures together* have the style**: one may be all blue if another is all yellow.
# **The second also multiplies what one picture shows with what *another* shows there**, which means nothing.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - $G = F F^T$: entry $(i, j)$ says how much filters $i$ and $j$ respond together, the diagonal how much there is of
#   each. The loops, the matrix product, the einsum and the package agree.
# - It forgets where: any permutation of the positions of $F$ leaves it unchanged. It does not forget what a
#   neighbourhood looks like: shuffled *pixels* are another style.
# - It is symmetric and positive semi-definite, of rank at most $\min(N, M)$.
# - It grows with the picture; $G / M$ does not. Hence the $M$ in Eq. 4.
# - It is no covariance: the means are still in it.
# - One Gram matrix per picture, never one per batch.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - *More than permutations.* $G$ stays the same for $F Q$ with any matrix $Q$, $(M, M)$, with $Q Q^T = I$, for
#   $F Q Q^T F^T = F F^T$. Permutations are those $Q$ that carry each column whole to another place.
# - *Fewer numbers.* The mean and deviation of each row describe a style too, with $2 N$ numbers instead of
#   $N (N + 1) / 2$.
# - *Other scales.* The same picture enlarged is not the same texture to these filters: its strokes are wider. Tiling
#   keeps the strokes, enlarging does not.
# - *What is left of the order.* Multiply each map with a shifted copy of another and some arrangement comes back: such
#   matrices know which feature stands *beside* which.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Exercises
#
# ### 1. Write it
#
# Write the Gram matrix of $F$, shape $(N, M)$, in whichever way you like.


# %% slideshow={"slide_type": "skip"}
def my_gram_matrix(F):
    ### BEGIN SOLUTION
    return torch.stack([F @ row for row in F])
    ### END SOLUTION


# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
from stylekit.checks import check, check_value

check("gram_matrix", my_gram_matrix)

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 2. How many numbers?
#
# `relu4_1` of the compact network has 192 filters. How many entries has its Gram matrix for a picture of
# $192 \times 256$ pixels, and for one of $96 \times 128$? Predict the second number, then run.

# %% slideshow={"slide_type": "skip"}
entries_predicted = ...
### BEGIN SOLUTION
entries_predicted = 192 * 192  # N x N: the size of the picture does not enter
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
deep = network.features(styles["shapes"][..., ::2, ::2], ["relu4_1"])["relu4_1"]  # of 96 x 128 pixels
check_value(entries_predicted, gram_matrix(deep.flatten(2)[0]).numel())

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 3. Two by two
#
# Take the raw pixels of a picture of $4 \times 4$ pixels as its features: $F$ has shape $(3, 16)$. Lay the picture
# $2 \times 2$. By what factor does each entry of $G$ grow? Predict, then run.

# %% slideshow={"slide_type": "skip"}
factor_predicted = ...
### BEGIN SOLUTION
factor_predicted = 4
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
little = styles["haze"][..., 80:84, 120:124]
four = little.repeat(1, 1, 2, 2)  # (1, 3, 8, 8)
factors = gram_matrix(four.flatten(2)[0]) / gram_matrix(little.flatten(2)[0])
assert factors.max() - factors.min() < 1e-12, "the same factor for each entry"
check_value(factor_predicted, round(factors.mean().item(), 3))

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 4. In the mirror (on paper)
#
# Flip a picture left to right. Its raw pixels are merely permuted. What would be enough, of the filters of `relu1_1`,
# for its Gram matrix to stay exactly the same? What happens if only the *set* of filters has a mirror image for each?

# %% [markdown] slideshow={"slide_type": "skip"}
# <!-- ### BEGIN SOLUTION -->
# Write $w_i$ for the weights of filter $i$ and $u_i$ for the same weights flipped left to right. Sliding $w_i$ over the
# flipped picture meets, at the flipped position, the same products as sliding $u_i$ over the picture itself: the
# response of $w_i$ to the flipped picture is the flipped response of $u_i$ to the picture. (The bias and the ReLU act
# on each position alone; padding that repeats the border is itself symmetric.)
#
# 1. If every filter is symmetric, $u_i = w_i$, the new $F$ is the old one with its columns permuted, the same for all
#    rows, and $G$ stays the same.
# 2. If the filters only come in mirrored pairs, $u_i = w_{\pi(i)}$ (with equal biases), then rows change places too:
#    the new entry $(i, j)$ is the old $G_{\pi(i) \pi(j)}$. The same numbers stand in other places, and $G$ is another
#    matrix unless the picture itself is as rich in one direction as in the other.
# 3. Otherwise $G$ changes in general. The network tells a rising stroke from a falling one, and so does its Gram
#   matrix: to it, a flipped picture is another style. <!-- ### END SOLUTION -->

# %% [markdown] slideshow={"slide_type": "skip"}
# The machine's word on it, for the network as it is and for one whose first filters were made symmetric:

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
import copy

b, symmetric = styles["facets"], copy.deepcopy(network)
symmetric.convolutions["conv1_1"].weight += symmetric.convolutions["conv1_1"].weight.flip(-1)
for name, net in {"as it is": network, "symmetric filters": symmetric}.items():
    here, mirrored = (gram_matrix(net.features(y, ["relu1_1"])["relu1_1"].flatten(2)[0]) for y in (b, b.flip(-1)))
    change = ((mirrored - here).norm() / here.norm()).item()
    print(f"{name}: G changes by {f'{change:.0%}' if change > 1e-12 else 'less than 1e-12'} of itself")

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 5. From one inequality (on paper)
#
# You know only that $v^T G v \geq 0$ for every $v$, and that $G$ is symmetric. Prove that
# $G_{ij}^2 \leq G_{ii} G_{jj}$: the *company* above is never more than 1. Then prove, this time
# from $C = G / M - m \, m^T$ and $F$, that the covariance $C$ is positive semi-definite as well.

# %% [markdown] slideshow={"slide_type": "skip"}
# <!-- ### BEGIN SOLUTION -->
# **The inequality.** Take a vector $v$ whose only non-zero entries are $v_i = s$ and $v_j = t$. Then
#
# $$v^T G v = s^2 G_{ii} + 2 s t \, G_{ij} + t^2 G_{jj} \geq 0 \quad \text{for all } s, t.$$
#
# With $s = 1$, $t = 0$ this says $G_{ii} \geq 0$. Put $s = G_{jj}$, $t = -G_{ij}$:
#
# $$G_{jj}^2 G_{ii} - 2 G_{jj} G_{ij}^2 + G_{ij}^2 G_{jj} = G_{jj} (G_{ii} G_{jj} - G_{ij}^2) \geq 0.$$
#
# If $G_{jj} > 0$, divide by it. If $G_{jj} = 0$, the first line reads $s^2 G_{ii} + 2 s t \, G_{ij} \geq 0$ for all
# $s$ and $t$, which is possible only with $G_{ij} = 0$; then the inequality says $0 \leq 0$.
#
# **The covariance.** Subtract from each row of $F$ its mean: $\hat F = F - m \, 1^T$, where $1$ has shape $(M,)$. Since
# $F 1 = M m$,
#
# $$\hat F \hat F^T = F F^T - M m \, m^T - M m \, m^T + M m \, m^T = G - M m \, m^T = M C.$$
#
# So $M C$ is itself a Gram matrix, that of $\hat F$, and $v^T C v = \lVert \hat F^T v \rVert^2 / M \geq 0$.
# <!-- ### END SOLUTION -->
