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
# **How long it runs.** About 20 seconds on two cores.

# %% slideshow={"slide_type": "skip"}
import torch

from stylekit.figures import grid, maps, strip, table
from stylekit.images import load_image
from stylekit.networks import load_network

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two halves of one canvas
#
# Here are two [style pictures](glossary.md#style-picture), each cut down the middle. The two halves of a picture have
# no pixel in common. Still, nobody doubts which belong together. What do the halves that belong together share?

# %% slideshow={"slide_type": "skip"}
names = ["swirls", "facets", "haze", "waves", "shapes", "glass", "points", "mosaic", "hatching", "woodblock"]
styles = {name: load_image(name, size=256).double() for name in names}  # each (1, 3, 192, 256)
halves = {name: styles[name].split(128, dim=3) for name in ("facets", "swirls")}
a = load_image("swirls", size=128).double()

# %%
strip(
    {
        "1": halves["facets"][0],
        "2": halves["swirls"][1],
        "3": halves["swirls"][0],
        "4": halves["facets"][1],
    },
    title="Which halves belong together?",
    height=2.3,
    alt="Four upright pictures. The second and the third show yellow stars whirling in a blue sky over dark hills; the "
    "first and the last grey-blue and ochre splinters with hard edges.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Not what is at a place: the stars stand elsewhere. They share *company*: in 2 and 3 light goes with yellow, and blue
# with short strokes; in 1 and 4, grey-blue goes with ochre, and both with hard edges. The idea of Gatys, Ecker and
# Bethge (2015, [arXiv:1508.06576](https://arxiv.org/abs/1508.06576)): **style is which features occur together,
# wherever that may be.**

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What the network says
#
# Let $a$ be the first style picture and $l$ a [layer](glossary.md#layer). It has $N$ [filters](glossary.md#filter);
# each answers at $M$ [positions](glossary.md#position). Written as a matrix, one row per filter, the response is $F$,
# of shape $(N, M)$; **$F_{ik}$ is what filter $i$ of $N$ says at position $k$ of $M$**. We take `relu1_1` of the
# [compact network](glossary.md#compact-network), in [float64](glossary.md#float64).

# %% tags=["nbval-check-output"]
network = load_network("compact", device="cpu").double()
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
# Nine of them answer to edges, each to those of one direction. The others answer to colours. What is the mean colour of
# the picture where they respond? Each pixel is weighted with the response. From here on four of them go by its name.

# %%
four = {"blue": 6, "light": 0, "warm": 10, "dark": 1}
seen = {f"{word} ({i})": (f[0, i] * a[0]).sum(dim=(1, 2)) / f[0, i].sum() for word, i in four.items()}
plain = {name: colour.view(1, 3, 1, 1).expand(1, 3, 2, 3) for name, colour in seen.items()}
blue, light, warm = (f[0, i] / f[0, i].max() for i in (6, 0, 10))  # to be drawn further down

# %%
strip(
    plain,
    title="The mean colour where each responds",
    height=0.9,
    alt="Plain patches: blue, grey-green, yellow, dark blue.",
)

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
# The two inner loops are a product of matrices, row $i$ of $F$ times column $j$ of $F^T$:
#
# $$G = F F^T$$
#
# Or, as an [einsum](glossary.md#einsum), in the very letters of the equation: the letter that is missing after the
# arrow, $k$, is summed over. The package has the product, for one matrix or for a whole [batch](glossary.md#batch).

# %%
from stylekit.losses import gram_matrix, style_layer_loss

G_matmul = piece @ piece.T  # (5, 77) (77, 5) -> (5, 5)
G_einsum = torch.einsum("ik,jk->ij", piece, piece)
ways = {"matmul": G_matmul, "einsum": G_einsum, "package": gram_matrix(piece)}
errors = {way: (result - G_loops).abs().max().item() for way, result in ways.items()}
assert max(errors.values()) < 1e-12, "all ways are the same sum"
rows = {way: {"largest error": f"{error:.0e}"} for way, error in errors.items()}
print(table(rows, corner="against the loops"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What one entry says
#
# **$G_{ij}$ is large where filters $i$ and $j$ answer at the *same* positions.** Multiply two feature maps number by
# number: what is left is where both respond. The sum of that product is the entry. (For the picture, each map is
# divided by its largest number.)

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
assert torch.allclose((f[0, 0] * f[0, 10]).sum(), G[0, 10], rtol=1e-12), "the sum of the product is the entry"
assert G[0, 10] > 100 * G[6, 10], "light goes with warm, blue does not"
print(f"light and warm: G[0, 10] = {G[0, 10]:.0f}; blue and warm: G[6, 10] = {G[6, 10]:.0f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Light keeps company with warm colours; blue hardly ever does. This one fact about the style needs two numbers, and not
# one word about where the stars are.
#
# On the diagonal a filter meets itself, and the entry is its *energy*, how much there is of it:
#
# $$G_{ii} = \sum_k F_{ik}^2$$
#
# To compare pairs fairly, divide by the energies: the *company* $G_{ij} / \sqrt{G_{ii} G_{jj}}$ lies between 0 and 1
# (not below 0, because no response is). Who always goes with whom?


# %%
def company(G):
    return G / (G.diagonal()[:, None] * G.diagonal()).sqrt()  # (N, N)


i, j = divmod(company(G).tril(-1).argmax().item(), 16)  # each pair once
print(f"most energy: filter {G.diagonal().argmax()}; closest pair: filters {j} and {i}, {company(G)[i, j]:.2f} of 1")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Any entry
#
# Click an entry of the matrix, or move $i$ and $j$ with the arrow keys: you see the two maps, their product, and its
# sum. Where is $G$ bright, and why? What do you see for $i = j$? (In a page without a kernel you see one entry only.)

# %%
from stylekit.ui import GramViewer

GramViewer(network, a, "relu1_1", i=0, j=10)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### An entry deeper down
#
# At `relu3_1` a filter sees 24 pixels each way: no longer a colour, but a piece of a form. Take filters 4 and 10 there.
# Their entry is among the fifty largest of 4560. Where does each respond most, and where do both, by the product of
# their maps?

# %% slideshow={"slide_type": "skip"}
from torch.nn.functional import max_pool2d

from stylekit.networks import receptive_field

f3 = network.features(styles["swirls"], ["relu3_1"])["relu3_1"][0]  # (96, 48, 64)
G3, field = gram_matrix(f3.flatten(1)), receptive_field(network, "relu3_1")
assert G3[10, 4] > G3.tril(-1).flatten().topk(51).values[-1] and field.side == 24, "among the fifty largest"
large = load_image("swirls")  # three times as large, to be drawn


def four_patches(response):
    inner = response[3:-3, 3:-3]  # what these positions see lies wholly within the picture
    peaks = inner * (inner == max_pool2d(inner[None], 9, stride=1, padding=4)[0])  # none beside a larger one
    places = [divmod(k, inner.shape[1]) for k in peaks.flatten().topk(4).indices.tolist()]
    boxes = [[3 * number for number in field.box(row + 3, column + 3)] for row, column in places]
    return [large[..., top : top + height, left : left + width] for top, left, height, width in boxes]


patches = {"filter 10": four_patches(f3[10]), "filter 4": four_patches(f3[4]), "both": four_patches(f3[10] * f3[4])}

# %%
grid(
    {name: {str(n): patch for n, patch in enumerate(row, start=1)} for name, row in patches.items()},
    title="Where filter 10, filter 4, and both respond most, at relu3_1",
    height=1.5,
    alt="Three rows of four square patches. Filter 10: the top of a star, two dark hills against the sky, a star. "
    "Filter 4: upper halves of stars, the sky above. Both: four upper rims of stars with sky above.",
)

# %% [markdown]
# Filter 10 answers to an upper border, of a star or of a hill; filter 4 to the upper half of a star. Both respond where
# there is *the upper rim of a star*. The entry is the sum over all of them, and says how much of this form the style
# has.

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
change = (gram_matrix(shuffled) - G).abs().max() / G.abs().max()
assert change < 1e-12, "a permutation of the positions leaves G as it is"
print(f"largest change of an entry, as a part of the largest entry: {change:.0e}")

# %% slideshow={"slide_type": "subslide"}
maps(
    {"blue": f[0, 6], "light": f[0, 0], "warm": f[0, 10]}
    | {f"{word}, shuffled": shuffled[four[word]].view(f.shape[2:]) for word in ("blue", "light", "warm")},
    title="The same Gram matrix, above and below",
    columns=3,
    height=1.1,
    alt="Top row: the feature maps for blue, light and warm, in which the sky and the stars can be seen. "
    "Bottom row: the same maps with their positions shuffled; nothing is left but even speckle.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Shuffled features are not shuffled pixels
#
# It is tempting to conclude that a picture with shuffled *pixels* has the same style. Has it? Try it. For the raw
# pixels, three rows of colour, the theorem holds of course. But a filter does not look at one pixel: it looks at a
# neighbourhood, and shuffling tears neighbours apart.

# %% slideshow={"slide_type": "skip"}
pixels = a.flatten(2)[0]  # (3, M)
x = pixels[:, order].view(a.shape)  # the shuffled picture

# %%
strip(
    {"the picture a": a, "its pixels, shuffled: x": x}, height=1.7, alt="The starry picture; its pixels, an even grain."
)


# %% slideshow={"slide_type": "skip"}
def response(x, layer):
    return network.features(x, [layer])[layer].flatten(2)[0]  # F, (N, M)


G_x = gram_matrix(response(x, "relu1_1"))
before, after = gram_matrix(pixels), gram_matrix(x.flatten(2)[0])

# %% tags=["nbval-check-output"] slideshow={"slide_type": "subslide"}
of_pixels = (after - before).norm() / before.norm()
of_relu1_1 = (G_x - G).norm() / G.norm()
assert of_pixels < 1e-12 and of_relu1_1 > 0.4
print(f"G changes by: raw pixels, below 1e-12 of itself; relu1_1, {of_relu1_1:.1f} times itself")

# %% slideshow={"slide_type": "skip"}
kinds = ["light", "dark", *["edge"] * 4, "blue", "green", "red", "edge", "warm", "edge", "edge", "cyan", "edge", "edge"]
filters = {i: f"{kind} {i}" for i, kind in enumerate(kinds)}  # what those of relu1_1 answer to


def matrices(arrays, title, rows, alt, height=2.8, **options):
    """Draw matrices as `maps` does, with the names of rows on the left, and their numbers below."""
    drawing = maps(arrays, title, height=height, alt=alt, **options)
    for n, ax in enumerate(drawing.figure.axes[: len(arrays)]):
        ax.set_axis_on()
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0, labelsize="small")
        ax.set_xticks(list(rows), list(rows), fontsize="x-small")
        ax.set_yticks(list(rows), rows.values() if n % options.get("columns", len(arrays)) == 0 else [""] * len(rows))
    return drawing


# %% slideshow={"slide_type": "subslide"}
matrices(
    {"picture": (G / F.shape[1]).sqrt(), "shuffled pixels": (G_x / F.shape[1]).sqrt()},
    title="The square root of G / M at relu1_1",
    rows=filters,
    shared=True,
    alt="Two 16 by 16 squares, a row and a column for each filter. For the picture the entries of filters 6 and 13, "
    "blue and cyan, outshine all; for the shuffled pixels these are fainter, and the entries of the edge filters, 2 "
    "to 5, 9, 11, 12 and 14, brighter than before.",
)

# %% [markdown]
# (The square root, because the entries differ by factors of thousands.) The grain is full of edges, so the edge filters
# shout. **$G$ forgets where each neighbourhood is; it remembers what each neighbourhood looks like.** Deeper layers see
# larger neighbourhoods, and so their Gram matrices remember larger pieces of the picture.
# [Notebook 05](05-texture-from-noise.ipynb) makes pictures of just that.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Symmetric, and never negative
#
# $F_{ik} F_{jk} = F_{jk} F_{ik}$, so $G_{ij} = G_{ji}$: of the $N^2$ entries, $N (N + 1) / 2$ can differ.
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
# $G$ is built from $M$ columns of $F$, so its rank is at most $\min(N, M)$. We keep only a few of the positions, and
# count the eigenvalues that are not zero. Few positions say little about a style: with a small picture, or at a deep
# layer, some mixtures of filters have no energy at all.

# %% tags=["nbval-check-output"]
few = {n: gram_matrix(shuffled[:, :n]) for n in (1, 2, 5, 11, 16, 29)}  # n of the positions
rank = {n: torch.linalg.matrix_rank(g, hermitian=True).item() for n, g in few.items()}
assert all(rank[n] == min(16, n) for n in rank), "at most filters, at most positions"
print(table({"rank of G": {str(n): r for n, r in rank.items()}}, corner="positions"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why M stands in equation 4
#
# $G$ is a *sum* over positions. Lay the same tile $2 \times 2$, then $3 \times 3$: the
# [texture](glossary.md#texture) stays the same, $M$ grows, and so does $G$.

# %% slideshow={"slide_type": "skip"}
tile = load_image("facets", size=96).double()
responses = {k: response(tile.repeat(1, 1, k, k), "relu3_1") for k in (1, 2, 3)}  # each (96, M)
Gs = {k: gram_matrix(F) for k, F in responses.items()}
sums = [(Gs[k].sum() / Gs[1].sum()).item() for k in Gs]

# %%
times = [responses[k].shape[1] / responses[1].shape[1] for k in Gs]  # M, as a multiple of M for one tile
means = [s / t for s, t in zip(sums, times, strict=True)]
assert all(abs(mean - 1) < 0.05 for mean in means), "proportional, but for seams and border"
print("M grows by", times, "G by", [round(s, 1) for s in sums], "G / M by", [round(m, 1) for m in means])

# %% [markdown] slideshow={"slide_type": "subslide"}
# (Not quite by 4 and 9: along the seams the filters see two tiles at once, along the border none beyond.) So
# **$G / M$ is a *mean* over positions**, which two pieces of one texture have in common whatever their sizes; $G$
# itself grows with the piece. That is the $M^2$ in the [loss](glossary.md#style-layer-loss) of the next notebook,
# where $A$, $(N, N)$, is the Gram matrix of the style picture:
#
# $$E_l = \frac{1}{4 N^2 M^2} \sum_{ij} (G_{ij} - A_{ij})^2 = \frac{1}{4 N^2} \sum_{ij}
# \left( \frac{G_{ij}}{M} - \frac{A_{ij}}{M} \right)^2 \tag{Eq. 4}$$
#
# As printed it takes both pictures to have the same $M$. Where they do not, divide each matrix by its own:

# %% tags=["nbval-check-output"]
as_printed = style_layer_loss(responses[3], Gs[1])
own_M = style_layer_loss(responses[3], Gs[1], M_style=responses[1].shape[1])
assert as_printed > 20 * own_M, "the same texture should cost almost nothing"
print(f"3 x 3 tiles against 1 x 1, relu3_1: as printed {as_printed:.4f}, each by its own M {own_M:.4f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Not a covariance
#
# $G$ is often called the correlations of the features. That is close, not exact. Let $m$ be the mean of each
# row of $F$. **The covariance $C$, $(N, N)$, first subtracts the means $m$, $(N,)$; $G$ does not:**
#
# $$C = \frac{G}{M} - m \, m^T.$$

# %% tags=["nbval-check-output"]
m = F.mean(dim=1)  # (N,)
C = G / F.shape[1] - torch.outer(m, m)
assert torch.allclose(C, torch.cov(F, correction=0), rtol=1e-12, atol=1e-12) and G.min() >= 0 > C.min()
print(f"blue and warm: G / M = {G[6, 10] / F.shape[1]:.4f}, covariance = {C[6, 10]:.2f}")

# %% slideshow={"slide_type": "subslide"}
matrices(
    {"$G / M$": G / F.shape[1], "covariance $C$": C, "means $m \\, m^T$": torch.outer(m, m)},
    title="$G / M = C + m \\, m^T$, each with its own range of colours",
    rows=filters,
    signed=True,
    alt="Three 16 by 16 squares, orange for positive and purple for negative. G / M and the product of the means are "
    "much alike, a cross through filter 6, another through 13, and no purple; the covariance has purple entries, the "
    "darkest where blue (6) meets light (0) and warm (10).",
)

# %% [markdown]
# Blue and warm avoid each other. The covariance says so with a negative number, purple; in $G$, after a
# [ReLU](glossary.md#relu), avoidance is merely 0. And $G$ mixes *how much* there is of a feature, $m$, with *what it
# goes with*, $C$; from $G$ alone the two cannot be told apart.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Portraits of three styles
#
# At `relu1_1`, each with its own range of colours (dark is its smallest entry, yellow its largest). **The bright spots
# on the diagonal are the features that a style lives by.**

# %%
strip(
    {name: styles[name] for name in ("swirls", "facets", "haze")}, height=1.4, alt="Stars; splinters; a glow in mist."
)

# %% slideshow={"slide_type": "skip"}
rows_of = {name: response(styles[name], "relu1_1") for name in ("swirls", "facets", "haze")}
portraits = {name: gram_matrix(F) / F.shape[1] for name, F in rows_of.items()}
assert [g.diagonal().argmax().item() for g in portraits.values()] == [6, 9, 0], "the filter with the most energy"
assert company(portraits["facets"])[2, 9] < 0.2, "edges of opposite directions do not meet"

# %% slideshow={"slide_type": "subslide"}
matrices(
    {name: g.sqrt() for name, g in portraits.items()},
    title="The square root of G / M at relu1_1",
    rows=filters,
    alt="Three 16 by 16 squares, a row and a column for each filter. swirls: bright at blue 6 and cyan 13 and where "
    "these cross. facets: bright along the diagonal, most at the edges 2, 3 and 9. haze: bright at light 0 and warm "
    "10, and where these cross.",
)

# %% [markdown]
# `swirls` lives by blue (6) and cyan (13), which go together. `haze` lives by light (0) and warm (10), and these two
# come together. `facets` lives by its edges: those of 2 and 9 have opposite directions, both are strong, yet their
# common entry is dark.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Thirty grey crops
#
# Does $G / M$ know a style again? Two halves of one canvas prove little. So: ten style pictures, each cut into three
# upright crops, and *grey*, so that colour gives nothing away. As distance of two crops we take
# $\lVert \hat G - \hat A \rVert$, the root of the sum of the squares, with $\hat G = G / M$ and $\hat A = A / M$:
# its square, divided by $4 N^2$, is Eq. 4. For how many of the 30 is the nearest of the other 29 a piece of the same
# picture? By chance it would be 2.

# %% slideshow={"slide_type": "skip"}
from stylekit.colour import LUMINANCE

quick = load_network("compact", device="cpu")  # in float32
colours = torch.tensor(LUMINANCE).view(1, 3, 1, 1)
grey = [(style.float() * colours).sum(dim=1, keepdim=True) for style in styles.values()]  # each (1, 1, 192, 256)
crops = torch.cat([g[..., k : k + 85].expand(1, 3, -1, -1) for g in grey for k in (0, 85, 170)])  # (30, 3, 192, 85)
f_crops = quick.features(crops, ["relu1_1", "relu2_1", "relu3_1"])  # each (30, N, H, W)
pixels_of = crops[:, 0].flatten(1)
described = {f"Gram matrix, {layer}": gram_matrix(f.flatten(2)).flatten(1) for layer, f in f_crops.items()}
described["means of the rows of F, relu2_1"] = f_crops["relu2_1"].mean(dim=(2, 3))
described["mean and deviation of the grey"] = torch.stack([pixels_of.mean(dim=1), pixels_of.std(dim=1)], dim=1)
described["the pixels one by one"] = pixels_of

# %% tags=["nbval-check-output"]
nearest = {name: torch.cdist(d, d).fill_diagonal_(float("inf")).argmin(dim=1) for name, d in described.items()}
found = {name: (k // 3 == torch.arange(30) // 3).sum().item() for name, k in nearest.items()}
assert min(list(found.values())[:4]) >= 20 > max(list(found.values())[4:])
print(table({name: {"found, of 30": count} for name, count in found.items()}, corner="nearest by"))

# %% slideshow={"slide_type": "subslide"}
grid(
    {
        "crop": {names[k // 3]: crops[k : k + 1] for k in (1, 4, 12, 22)},
        "its nearest": {
            names[k // 3]: crops[k : k + 1] for k in nearest["Gram matrix, relu2_1"][[1, 4, 12, 22]].tolist()
        },
    },
    title="Four crops, and their nearest at relu2_1",
    height=2.2,
    alt="Two rows of four upright grey pictures. Stars and splinters have another piece of the same picture below; a "
    "piece of shapes has a tree from points, and a piece of mosaic a mountain from woodblock.",
)

# %% [markdown]
# At `relu2_1` 26 of the 30 find a piece of their own picture; the last two of the four do not. Grey values and pixels
# find less than half. But the *means* of the same responses find 27: to tell these styles apart, company is not needed.
# What it is needed for is seen when a picture is made, in the last section.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One per picture
#
# In a [batch](glossary.md#batch) of $B$ pictures, $F$ has shape $(B, N, M)$, and **each picture must keep its own Gram
# matrix: $(B, N, N)$**. Two mistakes give a matrix without an error message.
#
# The first asks that *all pictures together* have the style: one may be all blue if another is all yellow. The second
# also multiplies what one picture shows with what *another* shows there, which means nothing.

# %% tags=["nbval-check-output"]
batch = torch.cat([styles["swirls"], styles["waves"]])  # (2, 3, 192, 256)
f_batch = network.features(batch, ["relu1_1"])["relu1_1"]  # (B, N, H, W)
own = gram_matrix(f_batch.flatten(2))  # (B, N, M) -> (B, N, N)
summed = gram_matrix(f_batch.transpose(0, 1).flatten(1))  # wrong: (N, B M) -> (N, N)
crossed = gram_matrix(f_batch.flatten(2).flatten(0, 1))  # wrong: (B N, M) -> (B N, B N)
assert torch.allclose(summed, own.sum(dim=0), rtol=1e-12) and torch.allclose(crossed[:16, :16], own[0], rtol=1e-12)
tuple(own.shape), tuple(summed.shape), tuple(crossed.shape)

# %% slideshow={"slide_type": "subslide"}
matrices(
    {
        f"{one} with {other}": block.sqrt()
        for one, blocks in zip(("swirls", "waves"), crossed.view(2, 16, 2, 16), strict=True)
        for other, block in zip(("swirls", "waves"), blocks.unbind(1), strict=True)
    },
    title="The second mistake, in its four blocks",
    rows={6: "blue 6", 10: "warm 10", 13: "cyan 13"},
    columns=2,
    height=2.2,
    shared=True,
    alt="Four 16 by 16 squares. swirls with swirls, brightest where blue 6 meets itself, and waves with waves, where "
    "warm 10 does, are the right Gram matrices; swirls with waves and waves with swirls are brightest where the blue "
    "of one meets the warm of the other.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why Gram matrices work
#
# Read $F$ by columns: column $f$ is what all $N$ filters say at one position, a vector. The picture is then a *set* of
# $M$ vectors $f$, and the style picture one of $M_a$ vectors $s$. Call two vectors alike by $k(f, s) = (f \cdot s)^2$.
# From Eq. 3, entry by entry, the sum of the products of both matrices is a mean over all pairs of a position here and
# a position there:
#
# $$\sum_{ij} \frac{G_{ij}}{M} \frac{A_{ij}}{M_a} = \frac{1}{M M_a} \sum_{f, s} \sum_{ij} f_i f_j \, s_i s_j =
# \frac{1}{M M_a} \sum_{f, s} \Big( \sum_i f_i s_i \Big)^2 = \operatorname{mean} k(f, s)$$
#
# The same with $G$ twice, and with $A$ twice; so the square of the difference is
#
# $$\sum_{ij} \left( \frac{G_{ij}}{M} - \frac{A_{ij}}{M_a} \right)^2 = \operatorname{mean} k(f, f')
# + \operatorname{mean} k(s, s') - 2 \operatorname{mean} k(f, s)$$
#
# with each mean over all pairs, those of a vector with itself too. None of them asks where a vector lies. And the left
# side is $4 N^2 E_l$, each matrix divided by its own $M$. The right side is known as the squared *maximum mean
# discrepancy* (MMD) of two sets, with the kernel $k$: how alike the vectors are within each set, less how alike they
# are across (Li, Wang, Liu and Hou, 2017, [arXiv:1701.01036](https://arxiv.org/abs/1701.01036)). In numbers:


# %% slideshow={"slide_type": "skip"}
def mean_k(X, Y):
    return (X.T @ Y).square().mean()  # (M_X, M_Y): each position of one with each of the other


X, S = response(a, "relu3_1"), response(load_image("waves", size=96).double(), "relu3_1")  # (96, 768), (96, 432)

# %% slideshow={"slide_type": "subslide"}
four_N2_E = 4 * len(X) ** 2 * style_layer_loss(X, gram_matrix(S), M_style=S.shape[1])
mmd = mean_k(X, X) + mean_k(S, S) - 2 * mean_k(X, S)
assert abs(mmd / four_N2_E - 1) < 1e-12
print(f"4 N^2 E_l = {four_N2_E:.9f}, MMD^2 = {mmd:.9f}: they differ by {abs(mmd / four_N2_E - 1):.0e} of it")

# %% [markdown]
# **The style loss compares two sets of vectors, and forgets where each lies.** How finely depends on $k$. With
# $k(f, s) = f \cdot s$ the same lines give $\lVert m - m_a \rVert^2$, the distance of the means of the rows: such a
# loss sees less.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Three textures
#
# How much less? Start three times from the same [noise](glossary.md#white-noise), and descend until `relu1_1` and
# `relu2_1` have what is kept of the style picture: the means of the rows of $F$; means and deviations, the statistics
# of AdaIN (Huang and Belongie, 2017, [arXiv:1703.06868](https://arxiv.org/abs/1703.06868)); or $G / M$. Two layers are
# enough to show it; [notebook 05](05-texture-from-noise.ipynb) takes five.


# %% slideshow={"slide_type": "skip"}
def means_only(F):
    return F.mean(dim=1)  # (N,)


def means_and_deviations(F):
    return torch.stack([F.mean(dim=1), F.std(dim=1)])  # (2, N)


def all_products(F):
    return gram_matrix(F) / F.shape[1]  # (N, N)


kept = {"means": means_only, "means and deviations": means_and_deviations, "Gram matrix": all_products}

# %% slideshow={"slide_type": "skip"}
from stylekit.optimise import minimise


def described_by(keep, x):
    return [keep(f.flatten(2)[0]) for f in quick.features(x, ["relu1_1", "relu2_1"]).values()]


def paint(keep, style, noise):
    A, Z = described_by(keep, style), described_by(keep, noise)

    def objective(x):  # the squared distance, as a part of what it is for the noise
        layers = zip(described_by(keep, x), A, Z, strict=True)
        return {"total": sum((S - A).square().sum() / (Z - A).square().sum() for S, A, Z in layers)}

    *_, last = minimise(noise, objective, steps=60)
    return last.image


noise = 0.5 + 0.3 * (torch.rand(a.shape, generator=torch.Generator().manual_seed(0)) - 0.5)
textures = {"style picture": a} | {name: paint(keep, a.float(), noise) for name, keep in kept.items()}

# %%
strip(
    textures,
    title="From one noise: what is kept of the style picture",
    height=1.9,
    alt="The starry picture and three textures from noise. From means: lilac clouds and small yellow specks on blue. "
    "With deviations: fewer lilac clouds, some cream ones. From the Gram matrix: cream lights among blue strokes.",
)

# %% slideshow={"slide_type": "subslide"}
goes = {name: company(gram_matrix(response(x.double(), "relu1_1"))) for name, x in textures.items()}
rows = {name: {"with warm": f"{g[0, 10]:.2f}", "with blue": f"{g[0, 6]:.2f}"} for name, g in goes.items()}
assert goes["means"][0, 6] > goes["means"][0, 10] and goes["Gram matrix"][0, 10] > 4 * goes["Gram matrix"][0, 6]
print(table(rows, corner="company of light"))

# %% [markdown]
# The means put the right amount of light into the picture, and put it on blue: lilac clouds, which the style does not
# have. Deviations help. With the Gram matrix light goes with warm again, and the strokes come back. (From another
# noise, and for `shapes`, the means put light on blue as well.) **The means say how much there is of each feature; the
# Gram matrix says which go together.**

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
# - The style loss is a distance of two sets of vectors, one for each position. Means alone see less.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - *More than permutations.* $G$ stays the same for $F Q$ with any matrix $Q$, $(M, M)$, with $Q Q^T = I$, for
#   $F Q Q^T F^T = F F^T$. Permutations are those $Q$ that carry each column whole to another place.
# - *Fewer numbers, deeper.* Mean and deviation of each row are $2 N$ numbers instead of $N (N + 1) / 2$. With `relu3_1`
#   and `relu4_1` as well, even the means bring light back to warm, from each of the three seeds that we tried. A deeper
#   filter answers to company of those before it, and so its mean counts company.
# - *Other scales.* The same picture enlarged is not the same texture to these filters: its strokes are wider. Tiling
#   keeps the strokes, enlarging does not.
# - *What is left of the order.* Multiply each map with a shifted copy of another and some arrangement comes back: such
#   matrices know which feature stands *beside* which.
#
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
# $96 \times 128$ pixels? Predict, then run. One of these numbers you do not need.

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
factors = gram_matrix(little.repeat(1, 1, 2, 2).flatten(2)[0]) / gram_matrix(little.flatten(2)[0])
assert factors.max() - factors.min() < 1e-12, "the same factor for each entry"
check_value(factor_predicted, round(factors.mean().item(), 3))

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 4. In the mirror (on paper)
#
# Flip a picture left to right and take its Gram matrix at `relu1_1`. Compare it with that of the picture as it was.
#
# 1. Suppose that every filter is its own mirror image: flipped left to right, its weights are what they were. Show that
#    the two Gram matrices are the same.
# 2. Suppose only that the filters come in pairs: the mirror image of each is some other filter of the layer, with the
#    same bias. Which entry of the old matrix is entry $(i, j)$ of the new one?
# 3. And what is to be expected of the compact network, whose filters need be neither?
#
# The cell after your answer measures it, for the network as it is and for one whose filters were made symmetric.

# %% [markdown] slideshow={"slide_type": "skip"}
# <!-- ### BEGIN SOLUTION -->
# Write $w_i$ for the weights of filter $i$ and $u_i$ for the same weights flipped left to right. Sliding $w_i$ over the
# flipped picture meets, at the flipped position, the same products as sliding $u_i$ over the picture itself: the
# response of $w_i$ to the flipped picture is the flipped response of $u_i$ to the picture. (The bias and the ReLU act
# on each position alone; padding that repeats the border is itself symmetric.)
#
# 1. With $u_i = w_i$ the new $F$ is the old one with its columns permuted, the same for all rows, and $G$ stays the
#    same.
# 2. With $u_i = w_{\pi(i)}$, and equal biases, rows change places too: the new entry $(i, j)$ is the old
#    $G_{\pi(i) \pi(j)}$. The same numbers stand in other places, and $G$ is another matrix unless the picture itself is
#    as rich in one direction as in the other.
# 3. $G$ changes in general. The network tells a rising stroke from a falling one, and so does its Gram
#   matrix: to it, a flipped picture is another style. <!-- ### END SOLUTION -->

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
