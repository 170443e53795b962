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
# **How long it runs.** About 130 seconds on two cores.
#
# The method is that of Gatys, Ecker and Bethge (2015, [arXiv:1508.06576](https://arxiv.org/abs/1508.06576)); the slides
# of Su and YousefiAmiri (2019) tell it as we do here.

# %% slideshow={"slide_type": "skip"}
import torch

from stylekit.assets import data_folder
from stylekit.checks import check_value
from stylekit.colour import keep_colour, match_colour
from stylekit.figures import curves, grid, loss_curves, strip, table
from stylekit.images import load_image, resize_image
from stylekit.losses import content_loss, gram_matrix, style_layer_loss, style_loss, total_loss, total_variation
from stylekit.networks import load_network
from stylekit.objective import STYLE_LAYERS, painting_objective
from stylekit.transfer import stylise

# %% slideshow={"slide_type": "skip"}
network = load_network("compact", device="cpu")
photograph, night = load_image("china", size=384), load_image("swirls", size=384)

# %% slideshow={"slide_type": "slide"}
strip(
    {"photograph p": photograph, "style picture a": night},
    title="What goes in",
    height=2.0,
    alt="A pagoda of four red storeys between trees, before a lake and a pale sky; a night sky painted in blue whirls, "
    "with round yellow stars.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Equation 7
#
# The [painting](glossary.md#painting) $x$ is to have the content of the [photograph](glossary.md#photograph) $p$ and
# the style of $a$, the [style picture](glossary.md#style-picture). All have the shape $(1, 3, H, W)$. There is a loss
# for each. The [total loss](glossary.md#total-loss) adds them:
#
# $$L_{total}(p, a, x) = \alpha \, L_{content}(p, x) + \beta \, L_{style}(a, x) \tag{Eq. 7}$$
#
# **$\alpha$ and $\beta$ are plain numbers, the weights**, and all three losses are plain numbers too.

# %% [markdown] slideshow={"slide_type": "subslide"}
# As a reminder, at [layer](glossary.md#layer) $l$:
#
# - $F^l$, $P^l$, both $(N_l, M_l)$: the [responses](glossary.md#response) to $x$ and to $p$
# - $G^l$, $A^l$, both $(N_l, N_l)$: the [Gram matrices](glossary.md#gram-matrix) of $x$ and of $a$
#
# $$L_{content} = \frac{1}{2} \sum_{ij} \left(F_{ij} - P_{ij}\right)^2 \qquad \text{at one layer}$$
#
# $$E_l = \frac{1}{4 N_l^2 M_l^2} \sum_{ij} \left(G^l_{ij} - A^l_{ij}\right)^2$$
#
# $$L_{style} = \sum_l w_l E_l \qquad \text{at five layers, each with } w_l = 1/5$$
#
# (Eq. 1, 4 and 5). The one layer of the content is `relu4_2`. The $w_l$ are the
# [layer weights](glossary.md#layer-weight).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The whole algorithm in forty lines
#
# Type this yourself once. It is plain PyTorch; from the kit come only the pictures, and the file with the weights of
# the [compact network](glossary.md#compact-network). First the network: convolutions of 3 x 3, each followed by the
# rectifier, and an average pooling before each block but the first.

# %% slideshow={"slide_type": "subslide"}
from safetensors.torch import load_file
from torch.nn.functional import avg_pool2d, conv2d, pad, relu

weights = {key: value.float() for key, value in load_file(data_folder() / "compact.safetensors").items()}
mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).view(2, 1, 3, 1, 1)


def responses(x):
    found, x = {}, (x - mean) / deviation
    for name in ["1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "4_1", "4_2", "4_3", "5_1"]:
        if name in ("2_1", "3_1", "4_1", "5_1"):
            x = avg_pool2d(x, 2)
        x = pad(x, (1, 1, 1, 1), mode="replicate")
        x = relu(conv2d(x, weights[f"conv{name}.weight"], weights[f"conv{name}.bias"]))
        found[name] = x[0].flatten(1)  # (N, M)
    return found


# %% [markdown] slideshow={"slide_type": "subslide"}
# Then what stays fixed, $P$ and the five $A^l$, and the loss, as printed. Eq. 4 wants one $M$ for both pictures, so
# they are brought to one size.

# %% slideshow={"slide_type": "skip"}
p = resize_image(photograph, (128, 192))
a = resize_image(night, (128, 192))

# %% slideshow={"slide_type": "fragment"}
style_layers = ["1_1", "2_1", "3_1", "4_1", "5_1"]
P, S = responses(p)["4_2"], responses(a)
A = {layer: S[layer] @ S[layer].T for layer in style_layers}  # Eq. 3
alpha, beta = 500 / P.numel(), 1e4


def loss(x):
    F = responses(x)
    content = ((F["4_2"] - P) ** 2).sum() / 2  # Eq. 1
    style = 0
    for layer in style_layers:
        N, M = F[layer].shape
        G = F[layer] @ F[layer].T
        style = style + ((G - A[layer]) ** 2).sum() / (4 * N**2 * M**2) / 5  # Eq. 4 and 5
    return alpha * content + beta * style  # Eq. 7


# %% [markdown] slideshow={"slide_type": "subslide"}
# And the descent: the picture itself is what learns. We begin at the photograph, and let Adam
# ([08](08-how-to-descend.ipynb)) take 100 steps.


# %% slideshow={"slide_type": "fragment"}
def descend(steps):
    x = p.clone().requires_grad_(True)
    adam = torch.optim.Adam([x], lr=0.02)
    for _ in range(steps):
        adam.zero_grad()
        loss(x).backward()
        adam.step()
        with torch.no_grad():
            x.clamp_(0, 1)
    return x.detach()


x = descend(100)

# %% slideshow={"slide_type": "subslide"}
strip(
    {"photograph p": p, "painting x": x},
    title="Forty lines, 100 steps",
    height=2.2,
    alt="The pagoda as a photograph; and painted: in blues, the sky and the trees full of curved strokes, with a few "
    "yellow spots.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **That is all there is to it.** The rest of this notebook, and of the kit, is care: other starts, other sizes, weights
# that mean something, a better descent. `stylise` is the same with that care. Asked for just this, it finds the same
# numbers:

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
paper = painting_objective(network, p, a, scale="paper", content_weight=alpha, style_weight=beta, tv_weight=0.0)
ours, theirs = loss(x).item(), paper(x)["total"].item()
assert abs(ours / theirs - 1) < 1e-5, "forty lines and the package are to agree"
print(f"ours / the package's: {ours / theirs:.4f}")

# %% slideshow={"slide_type": "skip"}
options = {"scale": "paper", "content_weight": alpha, "style_weight": beta, "tv_weight": 0.0, "sizes": [192]}
*_, fourth = stylise(p, a, network, init="content", optimiser="adam", steps=4, **options)
assert (descend(3) - fourth.image).abs().mean() < 2e-4, "so do their descents; the first evaluation is that of p"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Its gradient
#
# A derivative of a sum is the sum of the derivatives, and constants stay in front, so with the
# [gradient](glossary.md#gradient) by the pixels, of the shape of $x$,
#
# $$\frac{\partial L_{total}}{\partial x} = \alpha \, \frac{\partial L_{content}}{\partial x} + \beta \,
# \frac{\partial L_{style}}{\partial x}$$
#
# **The two losses pull at each pixel independently, each with its own strength.** We check it for small pictures, in
# [float64](glossary.md#float64): the two parts by [autograd](glossary.md#autograd), and their sum without any calculus,
# by [central differences](glossary.md#central-difference).


# %% slideshow={"slide_type": "skip"}
precise = load_network("compact", device="cpu").double()
small_p, small_a = (resize_image(picture, (32, 48)).double() for picture in (photograph, night))
small_x = torch.rand(small_p.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
small_alpha, small_beta = 0.01, 7.0


def both_losses(x):
    F, P, S = (precise.features(y, [*STYLE_LAYERS, "relu4_2"]) for y in (x, small_p, small_a))
    E = [style_layer_loss(F[layer].flatten(2), gram_matrix(S[layer].flatten(2))) for layer in STYLE_LAYERS]
    content = content_loss(F["relu4_2"].flatten(2), P["relu4_2"].flatten(2))
    return content.sum(), style_loss(E, [1 / 5] * 5).sum()


# %% slideshow={"slide_type": "skip"}
y = small_x.clone().requires_grad_(True)
L_content, L_style = both_losses(y)
g_content, g_style = (torch.autograd.grad(L, y, retain_graph=True)[0] for L in (L_content, L_style))


# %% slideshow={"slide_type": "skip"}
def slope(place, h=1e-5):
    ends = []
    for step in (h, -h):
        moved = small_x.clone()
        moved[place] += step
        ends.append(total_loss(*both_losses(moved), small_alpha, small_beta))
    return (ends[0] - ends[1]).item() / (2 * h)


# %% slideshow={"slide_type": "skip"}
rows = {}
for place in [(0, 0, 5, 7), (0, 1, 17, 29), (0, 2, 30, 11)]:  # (picture, colour, row, column)
    pulls = {
        "alpha x content": small_alpha * g_content[place].item(),
        "beta x style": small_beta * g_style[place].item(),
    }
    rows[str(place)] = pulls | {"their sum": sum(pulls.values()), "central difference": slope(place)}
    assert abs(rows[str(place)]["central difference"] - sum(pulls.values())) < 1e-6 * g_style.abs().max() * small_beta

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
print(table(rows, corner="pixel"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A painting grows out of noise
#
# The paper begins at [white noise](glossary.md#white-noise), so that all that is seen comes from the two losses, and
# lets [L-BFGS](glossary.md#l-bfgs) descend (notebook 08). `stylise` does it with two kinds of care.
#
# It measures each loss as a part of something known, so that the weights mean about the same for all pictures: the
# content loss against the size of $P$, each $E_l$ against that of the photograph,
#
# $$C = \frac{L_{content}}{\sum_{ij} P_{ij}^2} \qquad\qquad S_l = \frac{E_l(x)}{E_l(p)}$$
#
# and minimises $\alpha \, C + \beta \sum_l w_l S_l$. And it paints coarse to fine: first small, where a stroke is a
# few pixels long and an [evaluation](glossary.md#evaluation) costs little; then each time at twice the size, from the
# painting so far.

# %% slideshow={"slide_type": "skip"}
start = {"content_weight": 0.5, "tv_weight": 0.003, "init": "noise", "steps": 60, "seed": 0}

# %% slideshow={"slide_type": "subslide"}
steps = list(stylise(photograph, night, network, sizes=[96, 192, 384], **start))
print(f"{steps[-1].evaluations} evaluations at three sizes")

# %% slideshow={"slide_type": "skip"}
wanted = (1, 6, 20, 60, 120, 150)
shown = {n: next(step for step in steps if step.evaluations >= n) for n in wanted}
early, late = ({f"after {n} evaluations": shown[n].image for n in part} for part in (wanted[:3], wanted[3:]))

# %% slideshow={"slide_type": "subslide"}
grid(
    {"96 pixels": early, "96, 192, 384": late},
    title="A painting grows out of noise",
    height=1.6,
    alt="Six pictures. Coloured noise; dark blue and yellow blots; a pagoda's outline among yellow blots; the pagoda "
    "in a blue night with stars; twice the same picture, finer and clearer, with strokes in the sky.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Nobody drew a pagoda.** There was noise, and at each of the 150 evaluations two losses said how each pixel should
# change. Since the first of them the descent knows $p$ only as $P$, and $a$ only as five Gram matrices.

# %% slideshow={"slide_type": "subslide"}
strip(
    {"": steps[-1].image},
    title="The painting, 384 pixels wide",
    height=3.6,
    alt="A pagoda between trees under a blue night sky with yellow stars and curved strokes, painted from noise.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Each term has its own curve
#
# Eq. 7 is one number. A step keeps all of its terms. At one size, with more evaluations:

# %% slideshow={"slide_type": "skip"}
curve = list(stylise(photograph, night, network, sizes=[128], **(start | {"steps": 120})))

# %% slideshow={"slide_type": "subslide"}
loss_curves(
    curve,
    title="Content, five layers of style, total variation, and the total",
    alt="Eight curves on a logarithmic axis. All fall steeply in the first twenty evaluations. Then total variation "
    "and relu1_1 to relu3_1 fall on; content, relu4_1, relu5_1 and the total are nearly level.",
)


# %% slideshow={"slide_type": "skip"}
def rises(name):  # in how many steps a term grew
    values = [step.losses[name] for step in curve]
    return sum(later > earlier for earlier, later in zip(values, values[1:], strict=False))


# %% [markdown] slideshow={"slide_type": "subslide"}
# **Stop and predict.** In how many of these steps does each term rise?

# %% slideshow={"slide_type": "fragment"}
terms = ("content", "style relu1_1", "style relu5_1", "total")
times_risen = {name: rises(name) for name in terms}
assert times_risen["total"] == 0 and times_risen["content"] > 0, "only the sum has to fall"
times_risen

# %% [markdown] slideshow={"slide_type": "fragment"}
# The total falls at every step: that is all the descent minds. **A single term may rise, when the others gain more.**
# In the end the shallow layers still fall, while content, `relu4_1` and `relu5_1` stand nearly still, well above 0:
# they pull in different directions, and hold each other.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Total variation
#
# Few layers mind a fine grain, so what is left of the noise goes slowly. A third term does mind, the
# [total variation](glossary.md#total-variation): the differences of neighbouring pixels, squared and summed, with
# $x_{ij}$ the pixel in row $i$ and column $j$, for each of the three colours,
#
# $$TV(x) = \sum_{ij} \left[ \left(x_{i+1,j} - x_{ij}\right)^2 + \left(x_{i,j+1} - x_{ij}\right)^2 \right]$$
#
# It is no part of the 2015 paper; Johnson (2016) has it. Strictly, with squares this is a smoothness energy: the total
# variation of mathematics sums magnitudes, and minds one large step no more than many small ones. The field says total
# variation to both. `stylise` adds `tv_weight` times $TV(x) / TV(p)$ to the sum, a third weight.


# %% slideshow={"slide_type": "skip"}
def paint(style=night, picture=photograph, **changes):
    *_, last = stylise(picture, style, network, **({"sizes": [64, 128, 256]} | start | changes))
    return last


# %% slideshow={"slide_type": "skip"}
base = paint()  # the painting that the others are compared with
variations = {"0": paint(tv_weight=0.0), "0.003": base, "0.3": paint(tv_weight=0.3)}

# %% slideshow={"slide_type": "subslide"}
strip(
    {f"tv_weight = {name}": step.image[..., 10:98, 60:188] for name, step in variations.items()},
    title="The weight of total variation, seen in a detail",
    height=2.2,
    alt="A detail of three paintings: the edge of a roof, a star, blue strokes. With 0 and 0.003 nearly the same, a "
    "little grainier with 0; with 0.3 a soft blur.",
)

# %% slideshow={"slide_type": "skip"}
roughness = [(total_variation(step.image) / total_variation(base.image)).item() for step in variations.values()]
assert roughness[0] > roughness[1] > 1.5 * roughness[2], "more weight, calmer picture"
[round(value, 2) for value in roughness]

# %% [markdown] slideshow={"slide_type": "fragment"}
# A little takes some of the grain and hardly anything else. With too much of it the style goes with the grain, since
# strokes *are* differences of neighbours.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The ratio of the weights
#
# Multiply all weights by the same number, and the sum is lowest at the same painting. **So only their ratios matter**:
# with $\beta = 1$, $\alpha$ says how much of the photograph stays (and the weight of TV, how calm it is).

# %% slideshow={"slide_type": "skip"}
by_ratio = {0.05: paint(content_weight=0.05), 0.5: base, 5: paint(content_weight=5)}

# %% slideshow={"slide_type": "subslide"}
strip(
    {f"alpha/beta = {ratio}": step.image for ratio, step in by_ratio.items()},
    title="From style to content",
    height=2.2,
    alt="Three paintings. At 0.05 a night sky with large yellow stars, in which the pagoda is a shadow; at 0.5 a "
    "pagoda in a blue night with stars; at 5 a clear pagoda, red and green, on a mottled blue sky without stars.",
)


# %% slideshow={"slide_type": "skip"}
def style_term(step):
    return sum(step.losses[f"style {layer}"] for layer in STYLE_LAYERS) / 5


# %% slideshow={"slide_type": "skip"}
numbers = {f"{r:g}": {"C": s.losses["content"], "mean of S_l": style_term(s)} for r, s in by_ratio.items()}
contents, styles = ([row[name] for row in numbers.values()] for name in ("C", "mean of S_l"))
assert contents == sorted(contents, reverse=True) and styles == sorted(styles), "what weighs more becomes smaller"
print(table(numbers, corner="alpha/beta"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# What weighs more becomes smaller, at the other's cost. No ratio is right; it is the one knob that is yours. (Which
# layers to ask is the other: notebook 07 shows both together.)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a published ratio means
#
# The 2015 paper prints ratios from $10^{-5}$ to $10^{-2}$. Take one of them for yours, and you may get something else:
# **a ratio is a number in a scale.** The package knows three (`scale=`):
#
# | scale | content term | style term | network |
# |---|---|---|---|
# | `"relative"` | $L_{content} / \sum P^2$ | $E_l(x) / E_l(p)$ | as it is |
# | `"paper"` | $L_{content}$, Eq. 1 as printed | $E_l$, Eq. 4 as printed | as it is |
# | `"mean"` | $L_{content} / (N M)$ | $E_l$ | [normalised](glossary.md#weight-normalisation) to mean response 1 |
#
# Eq. 1 as printed is a sum over $N M$ numbers: it grows with the picture, while Eq. 4 has its $1 / (4 N^2 M^2)$. So the
# very same ratio of printed sums holds on to the content harder, the larger the picture.

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
large_p, large_a = (resize_image(picture, (256, 384)) for picture in (photograph, night))
shares = {}
for pixels, pictures in {192: (p, a), 384: (large_p, large_a)}.items():
    noise = torch.rand(pictures[0].shape, generator=torch.Generator().manual_seed(0))
    shares[pixels] = painting_objective(network, *pictures, scale="paper")(noise)["content"].item()
print(f"twice the side, {shares[384] / shares[192]:.1f} times the content term")

# %% [markdown] slideshow={"slide_type": "fragment"}
# That the published ratios belong to "mean" is an inference, and not said in the paper: its network is normalised, and
# only with the mean over $N M$ does a ratio of $10^{-3}$ leave both terms their say, at any size. They carry over with
# the network that they were made for, [VGG-19](glossary.md#vgg-19), normalised over many pictures: over two, filters
# that hardly ever respond become so loud that white noise wakes them, and their loss drowns the rest. Appendix
# [A1](A1-one-loss-many-conventions.ipynb) converts any convention to any other.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where to start
#
# Same pictures, same weights, three starts:

# %% slideshow={"slide_type": "skip"}
starts = {"noise": base} | {init: paint(init=init) for init in ("content", "style")}

# %% slideshow={"slide_type": "subslide"}
strip(
    {f"from {name}": step.image for name, step in starts.items()},
    title="Three starts, 150 evaluations each",
    height=2.2,
    alt="Three paintings of the pagoda in a blue night. From the photograph its outlines are the clearest, and the sky "
    "is light where it was; from the style the stars stand as they do there.",
)


# %% slideshow={"slide_type": "skip"}
def correlation(x, y):  # 1: the same picture; 0: nothing in common
    x, y = (z - z.mean(dim=(2, 3), keepdim=True) for z in (x, y))  # without each channel's mean
    return float((x * y).sum() / (x.norm() * y.norm()))


# %% slideshow={"slide_type": "skip"}
begin = {"content": photograph, "style": night}
begin = {name: resize_image(picture, tuple(base.image.shape[-2:])) for name, picture in begin.items()}
rows = {f"from {k}": {"total": s.losses["total"]} for k, s in starts.items()}
for name, step in starts.items():
    rows[f"from {name}"] |= {f"like {k}": f"{correlation(step.image, begin[k]):.2f}" for k in ("content", "style")}
assert correlation(starts["content"].image, begin["content"]) > 0.2 + correlation(base.image, begin["content"])
assert correlation(starts["style"].image, begin["style"]) > 0.2 + correlation(base.image, begin["style"])
print(table(rows))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **The losses are close, the pictures are not: a start leaves its trace.** From $p$ the painting keeps more of $p$ than
# `relu4_2` asks for, such as what is light and what is dark; from $a$ it keeps the arrangement of $a$. Would they meet
# if they went on descending? Walk along the straight line from one painting to another, and see whether the loss has a
# ridge between them:

# %% slideshow={"slide_type": "skip"}
objective = painting_objective(network, begin["content"], begin["style"], content_weight=0.5, tv_weight=0.003)
places = [k / 8 for k in range(9)]
ridges = {}
for name in ("content", "style"):
    between = [torch.lerp(base.image, starts[name].image, place) for place in places]
    with torch.no_grad():
        ridges[f"from noise to from {name}"] = [objective(image)["total"].item() for image in between]
assert all(max(values) > 1.5 * max(values[0], values[-1]) for values in ridges.values()), "a ridge between them"

# %% slideshow={"slide_type": "subslide"}
curves(
    {name: (places, values) for name, values in ridges.items()},
    title="The total loss on the way from one painting to another",
    xlabel="part of the way",
    ylabel="total loss",
    alt="Two curves over the way from 0 to 1. Both begin and end low, and are about twice as high half-way.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# There is: half-way from one to the other it is about twice as high. So the loss is no single bowl. (That no
# *bent* path leads down from one to the other, this does not show.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Noise favours neither picture**, and it can be drawn again, with another [seed](glossary.md#seed):

# %% slideshow={"slide_type": "skip"}
seeds = {0: base} | {seed: paint(seed=seed) for seed in (1, 2)}

# %% slideshow={"slide_type": "subslide"}
strip(
    {f"seed {seed}": step.image for seed, step in seeds.items()},
    title="Three noises, one loss",
    height=2.2,
    alt="Three paintings of the pagoda in a blue night, with stars in other places and strokes that run differently.",
)


# %% slideshow={"slide_type": "skip"}
def alike(one, two):
    found = (network.features(step.image, ["relu4_2"])["relu4_2"] for step in (one, two))
    return {"pixels": correlation(one.image, two.image), "relu4_2": correlation(*found)}


# %% slideshow={"slide_type": "fragment"}
pairs = {f"seeds {i} and {j}": alike(seeds[i], seeds[j]) for i, j in ((0, 1), (0, 2), (1, 2))}
assert all(pair["relu4_2"] > pair["pixels"] + 0.1 for pair in pairs.values()), (
    "the content is held, the strokes are not"
)
print(table(pairs, corner="correlation"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The pagoda stands where it stands: at `relu4_2`, where the content loss is measured, they agree more than at the
# pixels. Between its outlines each stroke is free, and each star falls elsewhere.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Whose colours?
#
# The style loss brings the colours of $a$ too. Often one wants the strokes only. Gatys, Bethge, Hertzmann and Shechtman
# ([2016](https://arxiv.org/abs/1606.05897)) give two ways.
#
# **Luminance only.** The [luminance](glossary.md#luminance) of a pixel is $Y = 0.299 \, R + 0.587 \, G + 0.114 \, B$:
# what a black-and-white screen would show. Paint with the luminances of both pictures alone, that of $a$ brought to the
# mean and the deviation of $p$'s first. Then give the painting's luminance to the photograph, and leave the
# photograph's colour:
#
# $$x'_c = p_c + \left(Y(x) - Y(p)\right), \qquad c = R, G, B$$
#
# One number is added to all three colours, so their differences stay those of $p$.


# %% slideshow={"slide_type": "subslide"}
def Y(image):  # (1, 1, H, W)
    return (image * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)


def in_grey(luminance):  # (1, 3, H, W)
    return luminance.clamp(0, 1).expand(-1, 3, -1, -1)


# %% slideshow={"slide_type": "fragment"}
like_p = (Y(night) - Y(night).mean()) / Y(night).std() * Y(photograph).std() + Y(photograph).mean()
in_luminance = paint(in_grey(like_p), in_grey(Y(photograph)), init="content", content_weight=0.1)
kept = keep_colour(in_luminance.image, begin["content"])

# %% slideshow={"slide_type": "skip"}
inside = ((kept > 0) & (kept < 1)).all(dim=1, keepdim=True)  # elsewhere a colour was cut off at 0 or 1
assert torch.allclose(Y(kept)[inside], Y(in_luminance.image)[inside], atol=1e-5), "the painting's luminance"
assert inside.float().mean() > 0.5

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Match the style's colours first.** Give $a$ the photograph's mean colour $\mu_p$, of shape $(3,)$, and its
# [covariance](glossary.md#covariance) $\Sigma_p$ of red, green and blue, $(3, 3)$, by one linear map of each pixel:
#
# $$a' = \Sigma_p^{1/2} \, \Sigma_a^{-1/2} \, (a - \mu_a) + \mu_p$$
#
# The map takes the spread of $a$ away, then puts that of $p$ on:
#
# $$\Sigma_p^{1/2} \Sigma_a^{-1/2} \, \Sigma_a \, \Sigma_a^{-1/2} \Sigma_p^{1/2} = \Sigma_p$$


# %% slideshow={"slide_type": "fragment"}
def root(Sigma):  # symmetric, (3, 3)
    values, vectors = torch.linalg.eigh(Sigma)
    return vectors @ torch.diag(values.sqrt()) @ vectors.T


Sigma_a, Sigma_p = (torch.cov(image.double().flatten(2)[0]) for image in (night, photograph))
linear = root(Sigma_p) @ torch.linalg.inv(root(Sigma_a))
assert torch.allclose(linear @ Sigma_a @ linear.T, Sigma_p, rtol=1e-10), "the spread of p"
matched = match_colour(night, photograph)  # the same map, and what lies outside of 0 to 1 is cut off

# %% slideshow={"slide_type": "skip"}
from_p = {"init": "content", "content_weight": 0.1}
both = {"both": paint(**from_p), "matched": paint(matched, **from_p)}

# %% slideshow={"slide_type": "subslide"}
strip(
    {"colours of a": both["both"].image, "luminance only": kept, "colours matched": both["matched"].image},
    title="Whose colours?",
    height=2.1,
    alt="Three paintings of the pagoda. In blue and yellow; with white whirls in a grey sky, and red and green "
    "where the photograph has them; in white, rust and dark green, which have changed places.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# "Luminance only" keeps the colour of each place, but for what is cut off at 0 or 1. "Matched" has the photograph's
# palette, but not its places. A grey style picture has one direction of colour only, and $\Sigma_a^{-1/2}$ would divide
# by zero: appendix [A2](A2-bug-museum.ipynb) shows what comes of it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - $L_{total} = \alpha L_{content} + \beta L_{style}$ (Eq. 7), and its gradient is the same sum of two gradients.
# - The whole algorithm is forty lines: responses, two losses, and a descent of the picture's own pixels.
# - From white noise the sum alone makes a painting. The total falls at every step, a single term need not.
# - Only the ratios of the weights matter, and a ratio is a number in a scale.
# - The start leaves its trace. Different noises end about equally low; what the content layer sees they share, the
#   strokes they do not.
# - Total variation calms the grain. Colours can be kept by painting luminance, or matched before painting.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - *Content at more than one layer*: `content_layers` takes names with weights, as the style layers do.
# - *Weights that change on the way*, much content first and less later.
# - *Histograms matched colour by colour*, in place of a linear map: they know nothing of pairs of colours.
# - *VGG-19*: write "vgg19" at the top; each evaluation is about ten times the work. Notebook 11 has the papers'
#   figures.
#
# Next: `07-what-the-weights-do` sets layers and ratios side by side; `08-how-to-descend` is about the minimiser.
#
# ## Exercises
#
# ### 1. Predict, then run
#
# Both weights become ten times as large, $\alpha = \beta = 10$. At one and the same picture, how many times as large is
# the total loss? And does the direction in which it falls most steeply change (`True` or `False`)?

# %% slideshow={"slide_type": "skip"}
times_as_large, direction_changes = ..., ...
### BEGIN SOLUTION
times_as_large = 10  # the loss is linear in the weights
direction_changes = False  # the gradient is ten times as long, and points the same way
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
once, tenfold = (total_loss(L_content, L_style, c, c) for c in (1.0, 10.0))
check_value(times_as_large, round((tenfold / once).item(), 2))

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
down, steeper = (torch.autograd.grad(L, y, retain_graph=True)[0].flatten() for L in (once, tenfold))
check_value(direction_changes, bool(torch.cosine_similarity(down, steeper, dim=0) < 0.999))

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
