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
# # Style transfer: two losses, one painting
#
# **The question.** One loss holds on to the content of a photograph, another to the style of a painting. What picture
# makes their sum small, and what do the weights of the two do?
#
# **What you need to know.** The [content loss](glossary.md#content-loss) (notebook 02) and the
# [style loss](glossary.md#style-loss) (notebook 04).
#
# **How long it runs.** About 45 seconds on two cores.
#
# The method is that of Gatys, Ecker and Bethge (2015, [arXiv:1508.06576](https://arxiv.org/abs/1508.06576)); the slides
# of Su and YousefiAmiri (2019) tell it as we do here, from [white noise](glossary.md#white-noise).

# %% slideshow={"slide_type": "skip"}
import inspect
from itertools import combinations

import torch

from stylekit.checks import check_value
from stylekit.colour import keep_colour, match_colour
from stylekit.figures import grid, loss_curves, strip, table
from stylekit.images import load_image, resize_image
from stylekit.losses import content_loss, gram_matrix, style_layer_loss, style_loss, total_variation
from stylekit.networks import load_network, normalised
from stylekit.objective import CONTENT_LAYERS, STYLE_LAYERS, Objective, content_terms, in_units, scores, style_terms
from stylekit.transfer import stylise

# %% slideshow={"slide_type": "skip"}
network = load_network("compact", device="cpu")
p, a = load_image("coffee", size=128), load_image("waves", size=128)
p.shape, a.shape  # (pictures, colours, height, width)

# %% slideshow={"slide_type": "slide"}
strip(
    {"photograph p": p, "style a": a},
    title="What goes in",
    height=1.8,
    alt="Left, a photograph of a cup of coffee on a red saucer, with a spoon, on a wooden table. Right, a style "
    "picture of flowing bands, orange above and dark green below.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Equation 7
#
# **The [painting](glossary.md#painting) $x$ is to have the content of the [photograph](glossary.md#photograph) $p$ and
# the style of $a$**, the [style picture](glossary.md#style-picture). All have the shape $(1, 3, H, W)$. There is a loss
# for each. The [total loss](glossary.md#total-loss) adds them:
#
# $$L_{total}(p, a, x) = \alpha \, L_{content}(p, x) + \beta \, L_{style}(a, x) \tag{Eq. 7}$$
#
# **$\alpha$ and $\beta$ are plain numbers, the weights**, and all three losses are plain numbers too.

# %% [markdown] slideshow={"slide_type": "subslide"}
# As a reminder, at [layer](glossary.md#layer) $l$:
#
# - **$F^l$, $P^l$, both $(N_l, M_l)$: the [responses](glossary.md#response) to $x$ and to $p$**
# - **$G^l$, $A^l$, both $(N_l, N_l)$: the [Gram matrices](glossary.md#gram-matrix) of $x$ and of $a$**
#
# $$L_{content} = \frac{1}{2} \sum_{ij} \left(F_{ij} - P_{ij}\right)^2 \qquad \text{at one layer}$$
#
# $$E_l = \frac{1}{4 N_l^2 M_l^2} \sum_{ij} \left(G^l_{ij} - A^l_{ij}\right)^2$$
#
# $$L_{style} = \sum_l w_l E_l \qquad \text{at five layers, each with } w_l = 1/5$$
#
# (Eq. 1, 4 and 5). The one layer of the content is `relu4_2`. The $w_l$ are the
# [layer weights](glossary.md#layer-weight).

# %% [markdown] slideshow={"slide_type": "subslide"}
# **First by hand, for small pictures of one size, with nothing but sums**, in [float64](glossary.md#float64):

# %% slideshow={"slide_type": "skip"}
precise = load_network("compact", device="cpu").double()
small_p, small_a = (load_image(name, size=48).double() for name in ("coffee", "waves"))
small_a = small_a[..., : small_p.shape[2], :]  # cut to one height: Eq. 4 as printed wants one M
small_x = torch.rand(small_p.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
small_x.shape


# %%
def both_losses(x, p, a):
    F, P, A = (precise.features(y, [*STYLE_LAYERS, "relu4_2"]) for y in (x, p, a))
    pairs = zip(F["relu4_2"].flatten(), P["relu4_2"].flatten(), strict=True)
    L_content = sum((f - q) ** 2 for f, q in pairs) / 2
    L_style = 0
    for layer in STYLE_LAYERS:
        rows_x, rows_a = F[layer][0].flatten(1), A[layer][0].flatten(1)  # (N, M)
        N, M = rows_x.shape
        for i in range(N):
            G_i = (rows_x[i] * rows_x).sum(dim=1)  # row i of G, (N,)
            A_i = (rows_a[i] * rows_a).sum(dim=1)
            L_style += 1 / 5 * ((G_i - A_i) ** 2).sum() / (4 * N**2 * M**2)
    return L_content, L_style


# %% slideshow={"slide_type": "subslide"}
L_content, L_style = both_losses(small_x, small_p, small_a)
alpha, beta = 0.01, 7.0
by_hand = alpha * L_content + beta * L_style
print(f"{alpha} x {L_content:.1f} + {beta} x {L_style:.4f} = {by_hand:.4f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The package has it in one line; **the package's `content_loss`, `style_layer_loss`, `style_loss`, `total_loss` find
# the same number:**

# %% slideshow={"slide_type": "skip"}
from stylekit.losses import total_loss

print(inspect.getsource(total_loss))

# %% slideshow={"slide_type": "fragment"}
inputs = small_x, small_p, small_a
F, P, R = (precise.features(y, [*STYLE_LAYERS, "relu4_2"]) for y in inputs)
content = content_loss(F["relu4_2"].flatten(2), P["relu4_2"].flatten(2))
A = {layer: gram_matrix(R[layer].flatten(2)) for layer in STYLE_LAYERS}
E = [style_layer_loss(F[layer].flatten(2), A[layer]) for layer in STYLE_LAYERS]
packaged = total_loss(content, style_loss(E, [1 / 5] * 5), alpha, beta)
assert torch.allclose(packaged, by_hand, rtol=1e-10), "loops and package are to agree"
print(f"{packaged.item():.4f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Its gradient
#
# To descend we need the [gradient](glossary.md#gradient) by the pixels, of the shape of $x$. **A derivative of a sum is
# the sum of the derivatives, and constants stay in front:**
#
# $$\frac{\partial L_{total}}{\partial x} = \alpha \, \frac{\partial L_{content}}{\partial x} + \beta \,
# \frac{\partial L_{style}}{\partial x}$$
#
# **So the two losses pull at each pixel independently, each with its own strength.** We ask
# [autograd](glossary.md#autograd) for all three:


# %% slideshow={"slide_type": "skip"}
def terms(x, p, a):  # the same two numbers with the package's functions: shorter and faster
    F, P, R = (precise.features(y, [*STYLE_LAYERS, "relu4_2"]) for y in (x, p, a))
    E = [style_layer_loss(F[layer].flatten(2), gram_matrix(R[layer].flatten(2))) for layer in STYLE_LAYERS]
    return content_loss(F["relu4_2"].flatten(2), P["relu4_2"].flatten(2)).sum(), style_loss(E, [1 / 5] * 5).sum()


# %% slideshow={"slide_type": "skip"}
x = small_x.clone().requires_grad_(True)
L_content, L_style = terms(x, small_p, small_a)
wanted = (L_content, L_style, total_loss(L_content, L_style, alpha, beta))
g_content, g_style, g_total = (torch.autograd.grad(L, x, retain_graph=True)[0] for L in wanted)
assert torch.allclose(g_total, alpha * g_content + beta * g_style, rtol=1e-10, atol=1e-15)
g_total.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The two gradients by autograd, and without any calculus, by [central
# differences](glossary.md#central-difference), at three numbers of $x$:**


# %% slideshow={"slide_type": "skip"}
def slope(place, h=1e-5):
    ends = []
    for step in (h, -h):
        moved = small_x.clone()
        moved[place] += step
        ends.append(total_loss(*terms(moved, small_p, small_a), alpha, beta))
    return (ends[0] - ends[1]).item() / (2 * h)


# %% slideshow={"slide_type": "skip"}
rows = {}
for place in [(0, 0, 5, 7), (0, 1, 17, 29), (0, 2, 30, 11)]:  # (picture, colour, row, column)
    pulls = {"alpha x content": alpha * g_content[place].item(), "beta x style": beta * g_style[place].item()}
    rows[str(place)] = pulls | {"their sum": sum(pulls.values()), "central difference": slope(place)}
    assert abs(rows[str(place)]["central difference"] - g_total[place].item()) < 1e-6 * g_total.abs().max()
list(rows)

# %% tags=["nbval-check-output"]
print(table(rows, corner="pixel"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The first painting
#
# **Start at white noise, and let [L-BFGS](glossary.md#l-bfgs) descend along this gradient** (notebook 08 tells how).
# The package's `stylise` does it. **`stylise` measures each loss as a part of something known**, so that the weights
# mean about the same for all pictures: the content loss against the size of $P$, each $E_l$ against that of the
# photograph,
#
# $$C = \frac{L_{content}}{\sum_{ij} P_{ij}^2} \qquad\qquad S_l = \frac{E_l(x)}{E_l(p)}$$
#
# and minimises
#
# $$\alpha \, C + \beta \sum_l w_l S_l$$
#
# (More on such scales below.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Here with $\alpha = \beta = 1$, from noise, with 120 [evaluations](glossary.md#evaluation):**

# %%
start = {"content_weight": 1, "style_weight": 1, "tv_weight": 0}
start |= {"init": "noise", "sizes": [128], "seed": 0}
steps = list(stylise(p, a, network, steps=120, **start))
first, last = (step.losses["total"] for step in (steps[0], steps[-1]))
print(f"{len(steps)} steps, total loss {first:.1f} at first, {last:.3f} at last")

# %% slideshow={"slide_type": "skip"}
moments = [0, 8, 20, 45, len(steps) - 1]
moments

# %% slideshow={"slide_type": "subslide"}
strip(
    {f"after {steps[i].evaluations}": steps[i].image for i in moments},
    title="A painting grows out of noise (after so many evaluations)",
    height=1.1,
    alt="Five pictures from left to right. Coloured noise; grainy bands with the ring of a cup's rim; the rim and the "
    "saucer in orange, on bands; the same, clearer; at the end the cup on its saucer, made of flowing orange bands, "
    "above dark ones.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Nobody drew a cup.** There was noise, and at each of the 120 evaluations two losses said how each pixel should
# change. The first look at both pictures was the last: since then **the descent knows $p$ only as $P$, and $a$ only as
# five Gram matrices.**

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Each term has its own curve
#
# **Eq. 7 is one number. A step keeps all of its terms:**

# %%
loss_curves(
    steps,
    title="Content, five layers of style, and the total",
    alt="Seven curves on a logarithmic axis. All fall steeply in the first fifteen evaluations. Then relu1_1, relu2_1 "
    "and relu3_1 fall on, to a few hundredths; content, relu4_1 and relu5_1 level out between one and two tenths.",
)


# %% slideshow={"slide_type": "skip"}
def rises(name):  # in how many steps a term grew
    values = [step.losses[name] for step in steps]
    return sum(later > earlier for earlier, later in zip(values, values[1:], strict=False))


# %% [markdown] slideshow={"slide_type": "subslide"}
# **In how many steps does each term rise?**

# %% slideshow={"slide_type": "fragment"}
shown = ("content", "style relu1_1", "style relu5_1", "total")
times_risen = {name: rises(name) for name in shown}
assert times_risen["total"] == 0 and times_risen["content"] > 0, "only the sum has to fall"
times_risen

# %% [markdown] slideshow={"slide_type": "fragment"}
# **The total falls at every step: that is all the minimiser looks at. A single term may rise, when the others gain
# more**: `relu5_1` goes up and down. In the end the shallow layers still fall, while content, `relu4_1` and `relu5_1`
# stand nearly still, well above 0. They pull in different directions, and hold each other.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Total variation
#
# **The painting is grainy: what is left of the noise goes slowly, because few layers mind it.** A third term does mind,
# the [total variation](glossary.md#total-variation): **the squared differences of neighbouring pixels, summed**, with
# $x_{ij}$ the pixel in row $i$ and column $j$, for each of the three colours,
#
# $$TV(x) = \sum_{ij} \left(x_{i+1,j} - x_{ij}\right)^2 + \left(x_{i,j+1} - x_{ij}\right)^2$$
#
# **It is no part of the 2015 paper.** `stylise` adds `tv_weight` times $TV(x) / TV(p)$ to the sum. From here on each
# painting gets 50 evaluations, and differs from `settings` only in what its cell says.


# %% slideshow={"slide_type": "skip"}
settings = start | {"tv_weight": 0.02, "steps": 50}


def paint(style=a, photograph=p, **changes):
    *_, last = stylise(photograph, style, network, **(settings | changes))
    return last


# %% slideshow={"slide_type": "skip"}
base = paint()  # the painting that all others are compared with
variations = {"off": steps[-1], "0.02": base, "0.5": paint(tv_weight=0.5)}

# %% slideshow={"slide_type": "subslide"}
grid(
    {
        "painting": {name: step.image for name, step in variations.items()},
        "detail": {name: step.image[..., 12:46, 24:75] for name, step in variations.items()},
    },
    title="The weight of total variation",
    height=1.2,
    alt="Three paintings of the cup, and a detail of each. Off: a fine grain of light and dark dots on all bands. "
    "0.02: the same bands, smooth. 0.5: a soft blur, in which the fine bands are gone.",
)


# %% slideshow={"slide_type": "skip"}
def style_term(step):
    return sum(step.losses[f"style {layer}"] for layer in STYLE_LAYERS) / 5


# %% slideshow={"slide_type": "skip"}
shares = {name: {"C": step.losses["content"], "mean of S_l": style_term(step)} for name, step in variations.items()}
for name, step in variations.items():
    shares[name]["TV(x) / TV(p)"] = (total_variation(step.image) / total_variation(p)).item()
roughness = [row["TV(x) / TV(p)"] for row in shares.values()]
assert roughness[0] > 2 * roughness[1] > 3 * roughness[2], "more weight, calmer picture"
list(shares)

# %% slideshow={"slide_type": "subslide"}
print(table(shares, corner="tv_weight"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **A little calms the picture at a small cost. With too much of it the style goes with the grain**, since strokes *are*
# differences of neighbours.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The ratio of the weights
#
# **Multiply $\alpha$ and $\beta$ by the same number, and the sum is lowest at the same painting.** So **only the ratio
# $\alpha / \beta$ matters.** From now on $\beta = 1$, and each picture starts from the same noise:

# %% slideshow={"slide_type": "skip"}
by_ratio = {ratio: base if ratio == 1 else paint(content_weight=ratio) for ratio in (0.01, 0.1, 1, 10)}
list(by_ratio)

# %%
strip(
    {f"alpha/beta = {ratio}": step.image for ratio, step in by_ratio.items()},
    title="From style to content",
    height=1.2,
    alt="Four paintings. At 0.01 flowing orange and dark bands without a cup; at 0.1 bands that bend where the cup's "
    "rim would be; at 1 a cup on its saucer made of bands; at 10 clear outlines of cup and saucer, on mottled ground "
    "without bands.",
)


# %% slideshow={"slide_type": "skip"}
numbers = {f"{r:g}": {"C": s.losses["content"], "mean of S_l": style_term(s)} for r, s in by_ratio.items()}
contents, styles = ([row[name] for row in numbers.values()] for name in ("C", "mean of S_l"))
assert contents == sorted(contents, reverse=True) and styles[-1] > 2 * styles[0], "what weighs more becomes smaller"
list(numbers)

# %% slideshow={"slide_type": "subslide"}
print(table(numbers, corner="alpha/beta"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **What weighs more becomes smaller, at the other's cost. No ratio is right; it is the one knob that is yours.** (Which
# layers to ask is the other: notebook 07 shows both together.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a published ratio means
#
# **The 2015 paper prints ratios from $10^{-5}$ to $10^{-2}$.** Take $10^{-2}$ from it, and you may get the first
# picture of that strip or something else: **a ratio is a number in a scale.** The package knows three (`scale=`):
#
# | scale | content term | style term | network |
# |---|---|---|---|
# | `"relative"` | $L_{content} / \sum P^2$ | $E_l(x) / E_l(p)$ | as it is |
# | `"paper"` | $L_{content}$, Eq. 1 as printed | $E_l$, Eq. 4 as printed | as it is |
# | `"mean"` | $L_{content} / (N M)$ | $E_l$ | [normalised](glossary.md#weight-normalisation) to mean response 1 |

# %% [markdown] slideshow={"slide_type": "skip"}
# Look at one and the same painting in each scale. An objective is a list of terms, one for each layer; we take the
# network as it is for all three:


# %% slideshow={"slide_type": "skip"}
def objective(scale, network=network, p=p, a=a, content_weight=1.0, style_weight=1.0, style_layers=STYLE_LAYERS):
    content = content_terms(network, p, CONTENT_LAYERS, content_weight, scale)
    styles = style_terms(network, a, style_layers, style_weight)
    if scale == "relative":
        styles = in_units(styles, scores(network, styles, p))  # E_l(p)
    return Objective(network, [*content, *styles])


# %% slideshow={"slide_type": "skip"}
seen = {scale: objective(scale)(base.image) for scale in ("paper", "mean", "relative")}
print(table({scale: {k: v.item() for k, v in losses.items()} for scale, losses in seen.items()}, corner="one painting"))

# %% [markdown] slideshow={"slide_type": "subslide"}
# **The content term of the sums is $N M$ times that of the means: it grows with the picture and with the network.** The
# style term does not, since Eq. 4 has its $1 / (4 N^2 M^2)$. So **with printed sums the very same ratio holds on to the
# content harder, the larger the picture.** For equal paintings
#
# $$\left(\frac{\alpha}{\beta}\right)_{paper} = \frac{1}{N M} \left(\frac{\alpha}{\beta}\right)_{mean}$$
#
# $$\left(\frac{\alpha}{\beta}\right)_{relative} = \frac{\sum P^2 / (N M)}{\sum_l w_l E_l(p)}
# \left(\frac{\alpha}{\beta}\right)_{mean}$$
#
# and, in the last, layer weights in proportion to $w_l E_l(p)$.

# %% slideshow={"slide_type": "skip"}
P = network.features(p, ["relu4_2"])["relu4_2"]  # (1, N, H_l, W_l)
NM = P.numel()
NM

# %% slideshow={"slide_type": "skip"}
E_p = {layer: objective("paper")(p)[f"style {layer}"].item() for layer in STYLE_LAYERS}
to_relative = P.square().mean().item() / (sum(E_p.values()) / 5)
round(to_relative, 2)


# %% [markdown] slideshow={"slide_type": "subslide"}
# **The ratios that the 2015 paper prints, in each of the three scales:**


# %%
def convert(ratio):  # given in "mean"
    return {"mean": ratio, "paper": ratio / NM, "relative": ratio * to_relative}


# %%
published = {"Fig. 3, first column": 1e-5, "Fig. 2, E and F": 1e-4}
published |= {"Fig. 2, B to D": 1e-3, "Fig. 3, last column": 1e-2}
in_each = {where: convert(ratio) for where, ratio in published.items()}
print(table(in_each, corner="2015 paper"))

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Is that the same painting? Then both gradients must point the same way, at any picture:**

# %% slideshow={"slide_type": "skip"}
small = {"network": precise, "p": small_p, "a": small_a}
small_P, small_E = precise.features(small_p, ["relu4_2"])["relu4_2"], objective("paper", **small)(small_p)
w = {layer: small_E[f"style {layer}"].item() for layer in STYLE_LAYERS}
paper_objective = objective("paper", content_weight=1e-2 / small_P.numel(), **small)
ratio = 1e-2 * small_P.square().mean().item() / (sum(w.values()) / 5)
relative_objective = objective("relative", content_weight=ratio, style_layers=w, **small)

# %% tags=["nbval-check-output"]
both = paper_objective, relative_objective
u, v = (torch.autograd.grad(f(x)["total"], x)[0].flatten() for f in both)
cosine = (u @ v / (u.norm() * v.norm())).item()
assert abs(cosine - 1) < 1e-10, "the same objective but for a constant"
print(f"cosine of the two gradients: {cosine:.6f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now **the same printed number, $\alpha / \beta = 10^{-2}$, taken as a ratio in each of the three scales.** We paint
# all three in "relative", with the converted weights, so that nothing else differs:

# %% slideshow={"slide_type": "skip"}
as_mean, as_paper = 1e-2 * to_relative, 1e-2 * NM * to_relative
one_number = {
    "relative (0.01)": by_ratio[0.01],
    f"mean ({as_mean:.2g})": paint(content_weight=as_mean, style_layers=E_p),
    f"paper ({as_paper:.0f})": paint(content_weight=as_paper, style_layers=E_p),
}

# %%
strip(
    {name: step.image for name, step in one_number.items()},
    title='"alpha/beta = 0.01" in three scales (in brackets: as "relative")',
    height=1.25,
    alt="Three paintings: bands without a cup; bands that bend where the cup's rim would be; and a grainy drawing of "
    "cup, saucer and spoon on grey, without the style's bands.",
)

# %% slideshow={"slide_type": "skip"}
pulled = [step.losses["content"] for step in one_number.values()]
assert pulled[0] > pulled[1] > 5 * pulled[2], "one number, three strengths of the content"
[round(C, 3) for C in pulled]

# %% [markdown] slideshow={"slide_type": "fragment"}
# So **beware of a ratio without its scale.** The published ones carry over in "mean", and only there, with the network
# that they were made for, [VGG-19](glossary.md#vgg-19) with its responses normalised.

# %% [markdown] slideshow={"slide_type": "skip"}
# Over which pictures is the mean response taken? `stylise` takes the two at hand. That is little. Look at white noise
# with the [compact network](glossary.md#compact-network), normalised over a photograph and a style, and over fourteen
# pictures that ship with the kit:

# %% slideshow={"slide_type": "skip"}
cat, night = load_image("chelsea", size=128), load_image("swirls", size=128)
others = "coffee astronaut rocket waves facets haze shapes glass points mosaic hatching woodblock"
shipped = [cat, night, *(load_image(name, size=128) for name in others.split())]
noise = torch.rand(cat.shape, generator=torch.Generator().manual_seed(0))
noise.shape

# %% slideshow={"slide_type": "skip"}
as_seen = {}
for over, pictures in {"cat and night": [cat, night], "fourteen pictures": shipped}.items():
    terms_of_noise = objective("mean", network=normalised(network, pictures), p=cat, a=night)(noise)
    as_seen[over] = {layer: terms_of_noise[f"style {layer}"].item() for layer in STYLE_LAYERS}
assert as_seen["cat and night"]["relu5_1"] > 20 * as_seen["fourteen pictures"]["relu5_1"], "two pictures are too few"
print(table(as_seen, corner="E_l of white noise"))

# %% slideshow={"slide_type": "skip"}
responses = [network.features(picture, ["relu5_1"])["relu5_1"][0].flatten(1) for picture in (cat, night)]
[tuple(F.shape) for F in responses]  # (N, M) each

# %% slideshow={"slide_type": "skip"}
mu = torch.cat(responses, dim=1).mean(dim=1)  # (N,): each filter's mean response
awake = mu[mu > 0]
print(f"relu5_1: {len(mu) - len(awake)} of {len(mu)} filters never respond to cat or night")
print(f"the weakest of the others: {awake.min():.0e} on average, the strongest: {awake.max():.1f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# A filter that never responds is left alone. But one that hardly ever does is multiplied by a huge number, to bring it
# to a mean of 1: noise wakes it, and its loss drowns all others. VGG-16 does the same with two pictures. The more
# pictures the mean is taken over, the fewer such filters there are; that is why one normalises over many. We left it
# out in the table and in the pictures above. The compact network needs it less than VGG does: its layers respond about
# equally strongly (notebook 04).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where to start
#
# **Same pictures, same weights, three starts:**

# %% slideshow={"slide_type": "skip"}
starts = {"noise": base} | {init: paint(init=init) for init in ("content", "style")}
list(starts)

# %%
strip(
    {f"from {name}": step.image for name, step in starts.items()},
    title="Three starts, 50 evaluations each",
    height=1.25,
    alt="From noise: a cup made of orange bands. From the photograph: a light rim, and darkness below it, as they are "
    "there. From the style: the upper half orange, the lower dark green, and the cup in both.",
)


# %% slideshow={"slide_type": "skip"}
def correlation(x, y):  # 1: the same picture; 0: nothing in common
    x, y = (z - z.mean(dim=(2, 3), keepdim=True) for z in (x, y))  # without each channel's mean
    return float((x * y).sum() / (x.norm() * y.norm()))


# %% slideshow={"slide_type": "skip"}
begin = {"content": p, "style": resize_image(a, tuple(p.shape[-2:]))}
rows = {f"from {k}": {"C": s.losses["content"], "mean of S_l": style_term(s)} for k, s in starts.items()}
for name, step in starts.items():
    rows[f"from {name}"] |= {f"like {k}": f"{correlation(step.image, begin[k]):.2f}" for k in ("content", "style")}
assert correlation(starts["content"].image, p) > 0.2 + correlation(base.image, p), "a start leaves its trace"
assert correlation(starts["style"].image, begin["style"]) > 0.2 + correlation(base.image, begin["style"])
list(rows)

# %% slideshow={"slide_type": "subslide"}
print(table(rows))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **The losses are close, the pictures are not. The total loss has many valleys, and the start decides which of them one
# comes down in.** From $p$ the painting keeps more of $p$ than `relu4_2` asks for, such as what is light and what is
# dark; from $a$ it keeps the arrangement of $a$.

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Noise favours neither, and it can be drawn again, with another [seed](glossary.md#seed):**

# %% slideshow={"slide_type": "skip"}
seeds = {0: base} | {seed: paint(seed=seed) for seed in range(1, 6)}
list(seeds)

# %%
strip(
    {f"seed {seed}": step.image for seed, step in seeds.items()},
    title="Six noises, one loss",
    height=0.95,
    alt="Six paintings of the cup on its saucer, each in the same place, made of bands that run differently in each.",
)

# %% slideshow={"slide_type": "fragment"}
totals = [step.losses["total"] for step in seeds.values()]
assert max(totals) < 1.2 * min(totals), "the six end about equally low"
print(f"total losses {min(totals):.3f} to {max(totals):.3f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **About equally good, and different. What do they share?** Compare two paintings at the pixels; at the pixels again,
# less the mean of each row, since all are orange above and dark below; and at `relu4_2`, where the content loss looks:


# %% slideshow={"slide_type": "skip"}
def alike(one, two):
    images = [step.image for step in (one, two)]
    along = correlation(*(image - image.mean(dim=3, keepdim=True) for image in images))
    responses = (network.features(image, ["relu4_2"])["relu4_2"] for image in images)
    return {"pixels": correlation(*images), "along the rows": along, "relu4_2": correlation(*responses)}


# %% slideshow={"slide_type": "skip"}
free = alike(by_ratio[0.01], paint(content_weight=0.01, seed=1))
pairs = [alike(seeds[i], seeds[j]) for i, j in combinations(seeds, 2)]
held = {name: sum(pair[name] for pair in pairs) / len(pairs) for name in free}
assert held["relu4_2"] > 0.7 and held["relu4_2"] > max(held["pixels"], free["relu4_2"]) + 0.25
assert abs(free["along the rows"]) < 0.3
len(pairs)

# %% slideshow={"slide_type": "fragment"}
compared = {"alpha/beta = 0.01": free, "alpha/beta = 1": held}
print(table(compared, corner="correlation of two seeds"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **With little content weight the noise decides what stands where**, as in notebook 05: along the rows two paintings
# have next to nothing in common. **With more of it they agree at `relu4_2`: the cup stands where it stands.** Between
# its outlines each stroke is still free.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Whose colours?
#
# **The style loss brings the colours of $a$ too. Often one wants the strokes only.** Take the cat and the starry night,
# and start from the photograph:

# %% slideshow={"slide_type": "skip"}
night_cat = paint(night, cat, content_weight=0.1, init="content")

# %% [markdown]
# **Luminance only.** **The [luminance](glossary.md#luminance) of a pixel is $Y = 0.299 \, R + 0.587 \, G + 0.114 \,
# B$**: what a black-and-white screen would show. **Give the painting's luminance to the photograph, and leave the
# photograph's colour:**
#
# $$x'_c = p_c + \left(Y(x) - Y(p)\right), \qquad c = R, G, B$$
#
# **One number is added to all three colours, so their differences stay those of $p$.**

# %% slideshow={"slide_type": "skip"}
kept = keep_colour(night_cat.image, cat)
Y = lambda image: (image * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)  # noqa: E731
inside = ((kept > 0) & (kept < 1)).all(dim=1, keepdim=True)  # elsewhere a colour was cut off at 0 or 1
assert torch.allclose(Y(kept)[inside], Y(night_cat.image)[inside], atol=1e-5), "the painting's luminance"
print(f"{100 * inside.float().mean():.0f} % of the pixels were not cut off")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Match the style's colours first.** Or change $a$ before painting. **Give $a$ the photograph's mean colour $\mu_p$,
# of shape $(3,)$, and its [covariance](glossary.md#covariance) $\Sigma_p$ of red, green and blue, $(3, 3)$**, by one
# linear map of each pixel:
#
# $$a' = \Sigma_p^{1/2} \, \Sigma_a^{-1/2} \, (a - \mu_a) + \mu_p$$
#
# The map takes the spread of $a$ away, then puts that of $p$ on:
#
# $$\Sigma_p^{1/2} \Sigma_a^{-1/2} \, \Sigma_a \, \Sigma_a^{-1/2} \Sigma_p^{1/2} = \Sigma_p$$
#
# Full histograms can be matched instead, colour by colour: the darkest red
# of $a$ becomes the darkest red of $p$, and so on by rank.

# %% slideshow={"slide_type": "skip"}
matched = match_colour(night, cat)
covariances = [torch.cov(image.flatten(2)[0]) for image in (night, cat, matched)]  # each (3, 3)
off = [(C - covariances[1]).norm() / covariances[1].norm() for C in covariances]
assert off[2] < 0.05 < off[0], "the style has the photograph's covariance now"
print(f"distance to the photograph's covariance: {100 * off[0]:.0f} % before, {100 * off[2]:.1f} % after")


# %% slideshow={"slide_type": "skip"}
def match_histograms(a, p):
    result = torch.empty_like(a)
    for c in range(3):
        ranks = a[0, c].flatten().argsort().argsort()  # 0 for the darkest pixel
        levels = p[0, c].flatten().sort().values
        result[0, c] = levels[ranks * len(levels) // len(ranks)].view(a.shape[2:])
    return result


# %% slideshow={"slide_type": "subslide"}
strip(
    {"style a": night, "linear match": matched, "histograms": match_histograms(night, cat)},
    title="A starry night in the colours of a cat",
    height=1.2,
    alt="The blue and yellow starry night; the same in brown and cream; and once more in purplish brown with yellow.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **The linear map treats the three colours together**: stars that were yellow on blue are cream on brown, as in the
# cat. **Histograms colour by colour know nothing of pairs, and leave some yellow.** Then paint with it:

# %% slideshow={"slide_type": "subslide"}
strip(
    {
        "photograph": cat,
        "painting": night_cat.image,
        "luminance only": kept,
        "style matched": paint(matched, cat, content_weight=0.1, init="content").image,
    },
    title="Whose colours?",
    height=1.2,
    alt="Four pictures of a cat: the photograph, brown and cream; painted in blue and yellow, with strong light and "
    "dark; the same with the photograph's colours; and painted in brown and cream, softer, with curved strokes.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **"Luminance only" keeps the colour of each place**, but for what is cut off at 0 or 1, and takes the painting's
# contrast, which comes from the yellow and blue of $a$. **"Style matched" has the photograph's palette, but not its
# places**: the green of the eyes may go elsewhere. It is also softer: matched colours lie closer together, so the
# strokes have less contrast.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### A grey picture
#
# A grey picture has $R = G = B$ everywhere. **Its covariance has only one direction: two eigenvalues are 0, and
# $\Sigma_a^{-1/2}$ would divide by their roots.**

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
grey = Y(night).expand(-1, 3, -1, -1)
eigenvalues = torch.linalg.eigvalsh(torch.cov(grey.double().flatten(2)[0]))
assert eigenvalues[1] < 1e-12 < eigenvalues[2], "one direction only"
rounded = [round(abs(value), 3) for value in eigenvalues.tolist()]
print("eigenvalues of a grey picture:", rounded)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Whoever does divide gets a picture of NaN (notebook A2 has it among its bugs). **`match_colour` adds $10^{-6}$ to the
# diagonal of each covariance first. But no linear map makes colours out of one direction:**

# %% slideshow={"slide_type": "skip"}
tinted = match_colour(grey, cat)
assert torch.isfinite(tinted).all(), "no division by zero"
tinted.shape

# %%
strip(
    {"style, grey": grey, "matched to the cat": tinted},
    title="One direction in, one direction out",
    height=1.2,
    alt="The starry night in grey, and the same in shades of brown: lighter and darker, but of one hue.",
)

# %% [markdown] slideshow={"slide_type": "skip"}
# And the other way round: with a grey photograph, *luminance only* gives a grey painting, for it keeps that colour.

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
still_grey = keep_colour(night_cat.image, Y(cat).expand_as(cat))
colour_left = (still_grey.amax(dim=1) - still_grey.amin(dim=1)).max()
assert colour_left < 1e-6, "no colour in, no colour out"
print(f"largest difference of two colours of a pixel: {colour_left:.3f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - $L_{total} = \alpha L_{content} + \beta L_{style}$ (Eq. 7), and its gradient is the same sum of two gradients.
# - From white noise the sum alone makes a painting. The total falls at every step, a single term need not.
# - Only the ratio $\alpha / \beta$ matters, and a ratio is a number in a scale: the same $10^{-2}$ is nearly all style
#   with relative losses, and nearly all content with the printed sums.
# - The start leaves its trace. Different noises end about equally low; what the content layer sees they share, the
#   strokes they do not.
# - Total variation calms the grain. Colours can be kept by luminance, or matched before painting.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - *Paint from luminance alone*: make $p$ and $a$ grey first, and give the painting the photograph's colours later.
# - *Content at more than one layer*: `content_layers` takes names with weights, as the style layers do.
# - *Weights that change on the way*, much content first and less later.
# - *VGG-19*: write "vgg19" at the top; each evaluation is about ten times the work. Notebook 11 has the papers'
#   figures.
#
# Next: `07-what-the-weights-do` sets layers and ratios side by side; `08-how-to-descend` looks at the minimiser.
#
# ## Exercises
#
# ### 1. Predict, then run
#
# Both weights become ten times as large, $\alpha = \beta = 10$. After the same number of evaluations, how many times as
# large is the total loss? And does any pixel change by more than 0.01 (`True` or `False`)?

# %% slideshow={"slide_type": "skip"}
times_as_large, picture_changes = ..., ...
### BEGIN SOLUTION
times_as_large = 10  # the loss is linear in the weights
picture_changes = False  # the minimiser scales the loss to its gradient: the same steps
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
once, tenfold = (paint(content_weight=c, style_weight=c, tv_weight=0, steps=12) for c in (1, 10))
check_value(times_as_large, round(tenfold.losses["total"] / once.losses["total"], 2))

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
check_value(picture_changes, bool((tenfold.image - once.image).abs().max() > 0.01))

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 2. On paper
#
# VGG-19 looks at a picture of $512 \times 512$ pixels. `relu4_2` has $N = 512$ filters; three poolings lie before it.
# 1. How many numbers has its response, $N M$?
# 2. A ratio of $10^{-3}$ is published for the scale "mean". Somebody uses it with the printed sums (network the same).
#    To which ratio in "mean" does that correspond?
# 3. The same person then takes a picture of $1024 \times 1024$. By what factor does the content weigh more than before?
#
# Write down how you get there:

# %% [markdown] slideshow={"slide_type": "skip"}
# <!-- ### BEGIN SOLUTION -->
# 1. Three poolings halve each side three times: $512 / 8 = 64$, so $M = 64 \times 64 = 4096$ and
#    $N M = 512 \times 4096 = 2\,097\,152$.
# 2. $L_{content}$ of the sums is $N M$ times that of the means, and $E_l$ is the same in both. So $10^{-3}$ acts like
#    $10^{-3} \times 2\,097\,152 \approx 2097$ in "mean": nearly pure content.
# 3. Twice the side is four times the positions, so $N M$ grows by 4, and the content with it. $E_l$ does not grow,
#    because of its $1 / M^2$.
# <!-- ### END SOLUTION -->

# %% slideshow={"slide_type": "skip"}
my_NM, my_ratio, my_factor = ..., ..., ...
### BEGIN SOLUTION
my_NM, my_ratio, my_factor = 512 * 64 * 64, 1e-3 * 512 * 64 * 64, 4
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
N, M = 512, {side: (side // 8) ** 2 for side in (512, 1024)}
truths = [N * M[512], 1e-3 * N * M[512], M[1024] // M[512]]
for answer, truth in zip((my_NM, my_ratio, my_factor), truths, strict=True):
    print(check_value(answer, truth))

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 3. The total gradient by hand
#
# Content and style at one and the same layer, with the response $Z$, $(N, M)$, before the [ReLU](glossary.md#relu) and
# $F = \max(Z, 0)$. Return $\partial L_{total} / \partial Z$, $(N, M)$, without autograd: from `content_loss_gradient`
# (Eq. 2) and `style_layer_loss_gradient` (Eq. 6), or from the formulas themselves.

# %% slideshow={"slide_type": "skip"}
from stylekit.losses import content_loss_gradient, style_layer_loss_gradient


def my_total_gradient(Z, P, A, alpha, beta):
    ### BEGIN SOLUTION
    F = Z.relu()
    return alpha * content_loss_gradient(F, P) + beta * style_layer_loss_gradient(F, A)
    ### END SOLUTION


# %% slideshow={"slide_type": "skip"}
draw = torch.Generator().manual_seed(0)
Z, Q, S = (torch.randn(5, 7, generator=draw, dtype=torch.float64) for _ in range(3))
Z.requires_grad_(True)
whole = total_loss(content_loss(Z.relu(), Q.relu()), style_layer_loss(Z.relu(), gram_matrix(S.relu())), 0.3, 40.0)
(truth,) = torch.autograd.grad(whole, Z)
truth.shape

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
mine = my_total_gradient(Z.detach(), Q.relu(), gram_matrix(S.relu()), 0.3, 40.0)
row = ... if mine is None else [round(value, 4) for value in mine[1].tolist()]  # one row of it
check_value(row, [round(value, 4) for value in truth[1].tolist()])

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 4. Keep the colours
#
# Write luminance-only transfer: from a painting and a photograph, both $(1, 3, H, W)$, the picture $p + Y(x) - Y(p)$,
# cut off to the range 0 to 1.


# %% slideshow={"slide_type": "skip"}
def my_keep_colour(painting, photograph):
    ### BEGIN SOLUTION
    change = Y(painting) - Y(photograph)  # (1, 1, H, W): broadcast over the three colours
    return (photograph + change).clamp(0, 1)
    ### END SOLUTION


# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
tiny_x, tiny_p = (torch.rand(1, 3, 5, 7, generator=draw) for _ in range(2))
mine = my_keep_colour(tiny_x, tiny_p)
pixels = ... if mine is None else [round(value, 3) for value in mine[0, :, 2, 3].tolist()]  # one pixel's R, G, B
check_value(pixels, [round(value, 3) for value in keep_colour(tiny_x, tiny_p)[0, :, 2, 3].tolist()])
