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
# # Feed-forward: learning to descend once
#
# **The question.** Each painting so far was a descent of its own, from the photograph to the painting. Can a network
# learn the way once, and then paint any photograph in one step?
#
# **What you need to know.** The [total loss](glossary.md#total-loss) (notebook 06) and how it is descended
# (notebook 08).
#
# **How long it runs.** About 50 seconds on two cores.
#
# This is the third family of methods on the slides: Johnson, Alahi and Li, "Perceptual losses for real-time style
# transfer and super-resolution" (2016, [arXiv:1603.08155](https://arxiv.org/abs/1603.08155)).

# %% slideshow={"slide_type": "skip"}
import torch
from torch.nn.functional import conv2d, conv_transpose2d, interpolate

from stylekit.checks import check_value
from stylekit.feedforward import (
    KIT,
    PAPER,
    Architecture,
    PerceptualLoss,
    Schedule,
    TransformationNetwork,
    count_parameters,
    load_styles,
    load_transformer,
    train,
)
from stylekit.feedforward.tiles import transform
from stylekit.figures import Arrow, Box, curves, diagram, grid, maps, strip, table
from stylekit.images import load_image
from stylekit.networks import load_network
from stylekit.objective import CONTENT_LAYERS, STYLE_LAYERS, painting_objective


# %% slideshow={"slide_type": "skip"}
def square(name, size):
    picture = load_image(name, size * 3 // 2 + 2)  # its shorter side has `size` pixels or more
    top, left = ((side - size) // 2 for side in picture.shape[-2:])
    return picture[..., top : top + size, left : left + size]


# %% slideshow={"slide_type": "skip"}
loss_network = load_network("compact", device="cpu")
cat, waves = square("chelsea", 160), square("waves", 160)
cat.shape  # (pictures, colours, height, width)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two networks
#
# The slides show the system as one picture (figure 2 of the paper). Here it is, drawn anew. **A
# [photograph](glossary.md#photograph) $x$ goes through the [feed-forward network](glossary.md#feed-forward-network)
# $f_W$, and out comes a painting $\hat y = f_W(x)$.** The [loss network](glossary.md#loss-network) is the one we know:
# it compares the painting with the [style picture](glossary.md#style-picture) $y_s$ and with the content $y_c$, which
# is the photograph itself.


# %% slideshow={"slide_type": "skip"}
def picture(x, y, text, image):
    return Box(x, y, text, 1.2, 1.2, picture=image)


# %% slideshow={"slide_type": "skip"}
boxes = {
    "frame": Box(8.72, 2.65, "loss network (frozen: it only looks)", 6.7, 1.9, colour=2, frame=True),
    "x": picture(0.6, 2.8, "photograph $x$", cat),
    "f": Box(2.5, 2.8, "network $f_W$\n(learns)", 1.6, 1, colour=1),
    "y": picture(4.4, 2.8, r"painting $\hat{y}$", transform(load_transformer("waves", "cpu"), cat)),
    "s": picture(4.4, 4.8, "style $y_s$", waves),
    "c": picture(4.4, 0.8, "content $y_c = x$", cat),
    "total": Box(8.72, 6, r"total loss  $\sum_i \lambda_i\, \ell_i$", 6.7, 0.7),
}
list(boxes)

# %% slideshow={"slide_type": "skip"}
arrows = [Arrow(*pair) for pair in ("xf", "fy")] + [Arrow(name, "relu1_2") for name in "ysc"]

# %% slideshow={"slide_type": "skip"}
layers = {"relu1_2": 6.1, "relu2_2": 8.0, "relu3_3": 10.0, "relu4_3": 11.35}  # the paper's, and where to draw them
losses = {layer: Box(x, 4.4, "style\nloss", colour=3) for layer, x in (layers | {"relu2_2": 7.4}).items()}
boxes |= {layer: Box(x, 2.8, layer, colour=2) for layer, x in layers.items()}
boxes |= {f"style {layer}": box for layer, box in losses.items()} | {
    "content": Box(8.65, 4.4, "content\nloss", colour=4)
}

# %% slideshow={"slide_type": "skip"}
arrows += [Arrow(*pair) for pair in zip(list(layers), list(layers)[1:], strict=False)]
arrows += [Arrow(layer, f"style {layer}") for layer in layers] + [Arrow(f"style {layer}", "total") for layer in layers]
arrows += [Arrow("relu2_2", "content"), Arrow("content", "total"), Arrow("total", "f", "gradient by $W$", back=True)]

# %%
diagram(
    boxes,
    arrows,
    title="One network learns, the other one only looks",
    alt="A photograph of a cat goes into a box, network f_W, which learns; out comes a painting of the cat. Painting, "
    "style picture and photograph enter a second box, the frozen loss network with the layers relu1_2, relu2_2, "
    "relu3_3 and relu4_3. Each layer leads to a style loss, relu2_2 also to the content loss, and all losses to their "
    "sum. From there a dashed arrow, the gradient by W, leads back to the network f_W.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Follow the dashed arrow: it is the whole idea. So far the [gradient](glossary.md#gradient) went to the pixels of *one*
# painting. **Now the gradient goes to the weights $W$ of a network, and it is an average over *many* photographs:**
#
# | | what changes | for | when it is done |
# |---|---|---|---|
# | Gatys | the pixels $\hat y$ | one photograph | one painting |
# | Johnson | the weights $W$ | a collection of photographs | a painter of any photograph, in this one style |
#
# $$W^* = \arg\min_W \; \mathbb{E}_x \Big[ \sum_i \lambda_i \, \ell_i\big(f_W(x), y_i\big) \Big]$$
#
# **Each $\ell_i$ is a loss of one layer, $y_i$ what it compares with ($y_s$ or $y_c$), $\lambda_i$ its weight.**

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The losses are the old ones
#
# **What the paper calls [perceptual losses](glossary.md#perceptual-loss) are the content loss and the style loss
# of notebooks 02 and 04.** Two small things are new: they are computed for a whole [batch](glossary.md#batch), one
# value for each picture; and each is measured in units of what a few *reference* photographs score, where the
# optimisation takes its one photograph. If the reference is that photograph, **the new loss and the old one must give
# the same number. Do they?**

# %% slideshow={"slide_type": "skip"}
weights = {"content_weight": 0.05, "style_weight": 1.0, "tv_weight": 0.001}
layered = {"content_layers": CONTENT_LAYERS, "style_layers": STYLE_LAYERS}
precise = load_network("compact", device="cpu").double()

# %%
p, a = cat.double(), waves.double()
optimised = painting_objective(precise, p, a, **layered, **weights)
learned = PerceptualLoss(precise, a, p, **layered, **weights)

# %% tags=["nbval-check-output"] slideshow={"slide_type": "fragment"}
x = 0.6 * p + 0.4 * a.flip(3)  # any picture
ours, theirs = learned(x, p)["total"].item(), optimised(x)["total"].item()
assert abs(ours - theirs) < 1e-9 * theirs, "one photograph, one objective"
print(f"perceptual loss {ours:.6f}, objective of the optimisation {theirs:.6f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The network, layer by layer
#
# The paper's shorthand: **`c9s1-16` is a convolution of $9 \times 9$ with [stride](glossary.md#stride) 1 and 16
# [filters](glossary.md#filter)**; **`d` halves height and width, `u` doubles them**; **`R` is a
# [residual block](glossary.md#residual-block), which adds something to what comes in**. Down to a quarter of the size,
# five blocks of thinking there, and up again: most of the work is done on a small picture, and each of its positions
# sees a wide piece of the photograph.

# %%
network = TransformationNetwork(KIT)
names = ["c9s1-16", "d32", "d64", *(f"R64 ({n})" for n in range(1, 6)), "u32", "u16", "c9s1-3"]
layers = [*network.down, *network.residual, *network.up, network.last]
len(layers)

# %% slideshow={"slide_type": "subslide"}
rows, x = {}, torch.rand(1, 3, 128, 128)
for name, layer in zip(names, layers, strict=True):
    x = layer(x)
    rows[name] = {"out": tuple(x.shape[1:]), "parameters": count_parameters(layer)}
print(table(rows, corner="layer"))

# %% tags=["nbval-check-output"] slideshow={"slide_type": "subslide"}
full = Architecture(width=PAPER.width)
architectures = {"kit": KIT, "full width": full, "the paper's manner": PAPER}
assert count_parameters(TransformationNetwork(full)) == 1_679_235, "as many as the paper's"
for name, architecture in architectures.items():
    print(f"{name}: {count_parameters(TransformationNetwork(architecture)):,} parameters")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The last layer is followed by a scaled tanh, $\frac{1}{2} + \frac{150}{255} \tanh z$, which keeps colours in a range
# (exercise 3). **The kit departs from the paper in five things:**
#
# | | the paper | the kit |
# |---|---|---|
# | filters | 32, 64, 128 | 16, 32, 64 |
# | normalisation | over the batch | [instance normalisation](glossary.md#instance-normalisation) |
# | edges | 40 reflected pixels first, blocks without padding | each convolution reflects its own edge |
# | $z$ of the tanh | the last layer's output | an eighth of it |
# | doubling | [transposed convolution](glossary.md#transposed-convolution) | nearest neighbour, then a convolution |
#
# The reasons, line by line: a third of the work, for nearly the same picture (the authors' later models have half the
# filters too); contrast is no matter of a style (further below); no wide border to compute, and any size comes out as
# it went in; smaller moves in the first steps, which otherwise drive the tanh to its flat ends; and no checkerboard.

# %% [markdown] slideshow={"slide_type": "subslide"}
# This last one can be counted. A transposed convolution puts a $3 \times 3$ stamp down for each number that comes in,
# at every second pixel. **How many stamps does each pixel get?** Let all numbers and all weights be 1:

# %%
ones, stamp = torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3)
stamped = conv_transpose2d(ones, stamp, stride=2, padding=1, output_padding=1)
doubled = conv2d(interpolate(ones, scale_factor=2, mode="nearest"), stamp)
stamped.shape, doubled.shape

# %% slideshow={"slide_type": "subslide"}
maps(
    {"transposed, stride 2": stamped[0, 0, :6, :6], "doubled, then a convolution": doubled[0, 0]},
    title="How many numbers flow into each pixel?",
    height=1.8,
    shared=True,
    alt="Two squares of 6 x 6 pixels. Left, the transposed convolution: a checkered pattern of three dark colours, 1, "
    "2 and 4. Right, doubling followed by a convolution: one bright colour everywhere, 9.",
)

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
assert stamped[..., :6, :6].unique().tolist() == [1, 2, 4] and doubled.unique().tolist() == [9]
one, next_one = stamped[0, 0, 2:4, :6].int().tolist()
print("transposed:", one, "and", next_one)

# %% [markdown]
# **One pixel in four gets four stamps, its neighbours two or one.** Training can balance the weights so that this evens
# out, but it has to, and where it does not quite succeed we see a
# [checkerboard](glossary.md#checkerboard-artefact) (Odena, Dumoulin and Olah,
# [2016](https://distill.pub/2016/deconv-checkerboard/)). **Doubling first treats all pixels alike.**

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Train one, now
#
# A small one: half the kit's width again, in the style of `waves`. **It sees crops of three photographs, and nothing
# else. The cat it never sees.** On it we test what it has learned. Content is compared at `relu2_2`, as in
# the paper; a deeper layer leaves more freedom, and takes longer to learn.

# %%
seen = [square(name, 160)[0] for name in ("astronaut", "coffee", "rocket")]
reference = torch.stack([photograph[:, :112, :112] for photograph in seen])
reference.shape  # (photographs, colours, height, width)

# %%
objective = PerceptualLoss(
    loss_network,
    load_image("waves", 112),
    reference,
    content_layers=("relu2_2",),
    style_layers=STYLE_LAYERS[:4],
    content_weight=1.0,
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# `train` is a generator, like `stylise`: it makes one step and hands over a report. **Each step paints a batch of
# photographs, here just one crop, and moves all weights a little with [Adam](glossary.md#adam).** We look at the cat on
# the way.

# %%
torch.manual_seed(0)
student = TransformationNetwork(Architecture(width=8)).to(memory_format=torch.channels_last)
count_parameters(student)

# %%
moments, reports = (5, 20, 60, 150, 300), []
views = {"after 0 steps": transform(student, cat)}
before = objective(views["after 0 steps"], cat)

# %%
schedule = Schedule(batch=1, crop=112, rate=2e-3, steps=moments[-1])
for step in train(student, objective, seen, schedule):
    reports.append(step)
    if step.number in moments:
        views[f"after {step.number}"] = transform(student, cat)

# %% slideshow={"slide_type": "skip"}
print(f"{step.number} steps in {step.seconds:.0f} seconds")

# %% slideshow={"slide_type": "subslide"}
strip(
    views,
    title="A photograph that the network never sees, while it learns",
    height=1.25,
    alt="Six pictures from left to right: nearly plain grey; grey with violet strokes; orange strokes, and grey where "
    "eyes and nose will be; then a cat's face in orange and dark green, drawn in level strokes; twice the same, "
    "the strokes finer and more of them.",
)

# %% [markdown]
# **First come the colours, then the strokes, then the photograph.**


# %% slideshow={"slide_type": "skip"}
def smooth(values, span=20):
    recent = [values[max(0, n - span) : n] for n in range(1, len(values) + 1)]
    return [sum(some) / len(some) for some in recent]


# %% slideshow={"slide_type": "skip"}
terms = ("total", "style", "content")
numbers_of = {name: smooth([report.losses[name] for report in reports]) for name in terms}
{name: round(values[-1], 2) for name, values in numbers_of.items()}

# %% slideshow={"slide_type": "subslide"}
curves(
    {name: (range(1, len(values) + 1), values) for name, values in numbers_of.items()},
    title="What the batches score, as a mean of the last 20 steps",
    xlabel="steps",
    ylabel="loss (logarithmic)",
    log="y",
    alt="Three curves on a logarithmic axis. Total and style fall steeply in the first 20 steps and more slowly, with "
    "ups and downs, after that; style ends near a fifth. Content falls slowly, to about two fifths.",
)

# %% slideshow={"slide_type": "subslide"}
after = objective(transform(student, cat), cat)
assert after["style"] < before["style"] / 5, "also for the unseen cat"
assert after["total"] < before["total"] / 2
first, last = (losses["style"].item() for losses in (before, after))
print(f"style loss of the cat: {first:.2f} before, {last:.2f} after")

# %% [markdown]
# **Half a minute, and the network paints a cat that it never saw.**

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Is the unseen as good as the seen?** Its own photographs, whole, against the cat:

# %%
squares = torch.stack(seen)
painted = torch.cat([transform(student, x[None]) for x in seen])
scores = {"seen": objective(painted, squares), "the cat": objective(transform(student, cat), cat)}
mean = lambda row: {term: value.mean().item() for term, value in row.items()}
means = {name: mean(row) for name, row in scores.items()}
assert means["seen"]["total"] < means["the cat"]["total"], "what it has seen it paints better"
print(table(means))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The style it has for both; the content of the photographs that it knows it keeps better. **Three photographs teach a
# manner, not a craft.** Fur, water or leaves it has never met, and it has to guess. The paper used 80,000, and a reader
# reported that some 1,200 were too few ([pytorch/examples#925](https://github.com/pytorch/examples/issues/925)).
# The kit's own, further below, saw 13,600. **To train one yourself, with any folder of photographs:**
#
# ```
# python -m stylekit train STYLE --photos FOLDER -o my-style.safetensors
# ```

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What instance normalisation forgets
#
# **Lower the contrast of the photograph around grey, $x \to \frac{1}{2} + c \, (x - \frac{1}{2})$**, and give it to the
# same network. **[Instance normalisation](glossary.md#instance-normalisation) takes each of a layer's $N$ feature maps,
# subtracts its mean $\mu_i$ over this picture and divides by its deviation $\sigma_i$:**
#
# $$\hat F_{ij} = \frac{F_{ij} - \mu_i}{\sqrt{\sigma_i^2 + \epsilon}}$$
#
# $$\mu_i = \frac{1}{M} \sum_j F_{ij}, \qquad \sigma_i^2 = \frac{1}{M} \sum_j (F_{ij} - \mu_i)^2$$

# %% [markdown] slideshow={"slide_type": "subslide"}
# A convolution is linear: **with $c$ times the contrast, $F - \mu$ and $\sigma$ are both $c$ times as large**. **The
# factor cancels in the very first layer** (but for the small $\epsilon$).

# %% slideshow={"slide_type": "skip"}
swirls = load_transformer("swirls", "cpu")

# %%
faded = {f"c = {c:g}": 0.5 + c * (cat - 0.5) for c in (1, 0.1)}
repainted = {name: transform(swirls, x) for name, x in faded.items()}
{name: round(x.std((2, 3)).mean().item(), 3) for name, x in faded.items()}  # a colour's deviation

# %% [markdown] slideshow={"slide_type": "subslide"}
# **And the paper's own batch normalisation?** While it learns it takes mean and deviation over a whole batch;
# afterwards it keeps them, the same for each picture (`train --norm batch`). We give the same weights such fixed
# numbers, those of three photographs:


# %%
def keep_statistics(norm, inputs):
    variance, mean = torch.var_mean(inputs[0], dim=(0, 2, 3), correction=0, keepdim=True)
    norm.fixed = mean, variance


# %%
fixed = load_transformer("swirls", "cpu")
hooks = [norm.register_forward_pre_hook(keep_statistics) for norm in fixed.modules() if hasattr(norm, "fixed")]
fixed(torch.stack(seen))
for hook in hooks:
    hook.remove()

# %% slideshow={"slide_type": "skip"}
dull = {name: transform(fixed, x) for name, x in faded.items()}
{name: round(x.std((2, 3)).mean().item(), 3) for name, x in dull.items()}

# %% slideshow={"slide_type": "subslide"}
grid(
    {"photograph": faded, "instance": repainted, "batch": dull},
    title="The contrast of a photograph, and what is painted",
    height=1.0,
    alt="Two columns. Above, two photographs of a cat, the right one nearly plain grey. Below, their paintings with "
    "instance normalisation, which both look the same. Below these, with the fixed numbers of batch normalisation: a "
    "paler cat in blue strokes at the left, and at the right plain blue, with hardly anything of the cat.",
)

# %% slideshow={"slide_type": "skip"}
change = lambda row: {name: (x - row["c = 1"]).abs().mean().item() for name, x in row.items()}
difference = {"instance": change(repainted), "batch": change(dull)}
assert difference["instance"]["c = 0.1"] < 0.01, "a tenth of the contrast, nearly the same painting"
assert difference["batch"]["c = 0.1"] > 0.05, "another painting"
print(table(difference, corner="mean difference of pixels"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Is that good? **The style says how strong contrasts are to be, so the photograph need not.** Without it the network
# would have to learn to paint a foggy photograph and a crisp one alike, example by example. What it costs, you find out
# in exercises 2 and 4.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One network, ten styles
#
# Johnson's network knows one style; a second style is a second network and a second training. Dumoulin, Shlens and
# Kudlur ([2017](https://arxiv.org/abs/1610.07629)) asked how much of it has to differ. **Very little: all convolutions
# can be shared, if each style $s$ has a factor $\gamma_i^s$ and a shift $\beta_i^s$ of its own for each feature map,
# after the normalisation** (their equation 5):
#
# $$F'_{ij} = \gamma_i^s \hat F_{ij} + \beta_i^s$$
#
# They call it [conditional instance normalisation](glossary.md#conditional-instance-normalisation). The network that
# comes with the kit knows ten styles in this way:

# %%
several, STYLES = load_styles("swirls")
print(", ".join(STYLES))

# %% slideshow={"slide_type": "subslide"}
norm, F = several.down[0].normalisation, several.down[0].convolution(2 * cat - 1)
gamma, beta = norm.weight, norm.bias  # a row for each style
gamma.shape, F.shape

# %%
s = STYLES.index("waves")
mu, sigma = F.mean((2, 3), keepdim=True), F.var((2, 3), correction=0, keepdim=True).add(1e-5).sqrt()
by_hand = gamma[s].view(1, -1, 1, 1) * (F - mu) / sigma + beta[s].view(1, -1, 1, 1)

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
several.choose(torch.eye(len(STYLES))[[s]])
assert torch.allclose(norm(F), by_hand, atol=1e-4), "equation 5 is what the layer computes"
one, all_of_them = count_parameters(load_transformer("waves", "cpu")), count_parameters(several)
print(f"{one:,} parameters for one style, {all_of_them:,} for ten: {(all_of_them - one) // 9:,} for each more")

# %% [markdown] slideshow={"slide_type": "subslide"}
# **A style is 1,600 numbers, out of 425,000 in all.** All styles learn from each other's steps, since they share what
# it takes to paint. Here are the ten on a photograph that the network was not trained on:

# %%
painters = {style: load_transformer(style, "cpu") for style in STYLES}
large = square("china", 224)


# %% slideshow={"slide_type": "skip"}
def gallery(styles):
    exemplars = {style: square(style, 224) for style in styles}
    return {"style": exemplars, "painting": {style: transform(painters[style], large) for style in styles}}


# %% slideshow={"slide_type": "subslide"}
grid(
    gallery(STYLES[:5]),
    title="One network: the first five styles",
    height=1.1,
    alt="Five columns: swirls, waves, facets, haze, shapes. The top row shows the style pictures. Below, a "
    "pagoda above trees and a lake, painted in the colours and strokes of each of the five. Its roofs stay clear.",
)

# %% slideshow={"slide_type": "subslide"}
grid(
    gallery(STYLES[5:]),
    title="The same network: five more",
    height=1.1,
    alt="Five columns: glass, points, mosaic, hatching, woodblock. The top row shows the style pictures. Below, the "
    "same pagoda, painted with the dark leads of stained glass, in dots of colour, in small tiles, in lines of ink, "
    "and in the colours of a print.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## An even sky
#
# **Convolutions treat all places alike. What is the same everywhere in a photograph is the same everywhere in its
# painting:** of a plain picture they make a plain picture, whatever the style.

# %% slideshow={"slide_type": "skip"}
plain = torch.full_like(cat, 0.6)
for painter in painters.values():
    assert transform(painter, plain).std((2, 3)).max() < 1e-5, "no style has a texture for it"

# %% [markdown] slideshow={"slide_type": "subslide"}
# A sky is nearly plain. Out of next to nothing, a slow change of colour or the faint squares of a JPEG file, the layers
# make the one pattern that they amplify most, the same all over: a lattice. **A texture needs chance, and a network has
# none of its own.** So ours gets it: noise at three sizes is added to the photograph, while the network learns and when
# it paints (`train --noise 0.25`). It is a quarter as strong as the photograph's own deviation. Half the contrast, half
# the noise: what instance normalisation forgets, it still forgets.

# %% slideshow={"slide_type": "skip"}
from dataclasses import replace

sky = load_image("china", 384)[..., :160, 150:310]
given = {"noise 0": 0.0, "noise 0.25": 0.25}


# %% slideshow={"slide_type": "skip"}
def with_noise(painter, noise):
    other = painter.mixed(torch.ones(1)).eval()  # a copy
    other.architecture = replace(painter.architecture, noise=noise)
    return transform(other, sky)


# %% slideshow={"slide_type": "skip"}
shown = ("hatching", "glass", "woodblock", "swirls")
skies = {name: {style: with_noise(painters[style], noise) for style in shown} for name, noise in given.items()}

# %% slideshow={"slide_type": "subslide"}
grid(
    skies,
    title="The same network, without and with its noise",
    height=1.5,
    alt="Two rows of four paintings of a sky beside a pagoda: hatching, glass, woodblock, swirls. Above, without "
    "noise, stripes and checks fill the sky. Below, with noise, loose hatching, panes of many colours, broken lines "
    "of a print, and yellow stars among blue strokes.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Between two styles
#
# Two styles are two rows of numbers, so there are rows between them. **A mixture has the mean of their factors and
# shifts, weighted by shares $m_s$ that add up to 1:**
#
# $$\gamma_i = \sum_s m_s \gamma_i^s, \qquad \beta_i = \sum_s m_s \beta_i^s$$
#
# Four styles in the corners, and what lies between them:

# %%
corners = ("swirls", "shapes", "points", "woodblock")
steps, small = torch.linspace(0, 1, 5), square("china", 112)


# %% slideshow={"slide_type": "skip"}
def mixed(right, down):
    shares = ((1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down)
    mixture = dict(zip(corners, (share.item() for share in shares), strict=True))
    return transform(load_transformer(mixture, "cpu"), small)


# %%
rows = [torch.cat([mixed(right, down) for right in steps], dim=3) for down in steps]
between = torch.cat(rows, dim=2)

# %% slideshow={"slide_type": "subslide"}
strip(
    {"swirls (top left), shapes (top right), points (bottom left), woodblock (bottom right)": between},
    title="One pagoda, twenty-five mixtures",
    height=4.0,
    alt="Twenty-five paintings of one pagoda in a square of five by five. In each corner it is painted in one style: "
    "swirls, shapes, points, woodblock. Along the sides and inside, colours and strokes change step by step from one "
    "to the next.",
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Nobody trained the mixtures: only the corners were ever compared with a style picture. **Choose two styles and move
# the share:**

# %% slideshow={"slide_type": "skip"}
from stylekit.ui import StyleMixer

# %%
StyleMixer(square("china", 256))

# %% [markdown]
# On the command line: `python -m stylekit apply swirls=0.7 waves=0.3 photo.jpg -o painting.jpg`, and `--strength 0.6`
# mixes the painting with the photograph. **A style of your own joins them without a new network: only its 1,600 numbers
# learn, and what the network knew it keeps.**
#
# ```
# python -m stylekit train my-style.jpg --photos FOLDER --add data/feedforward/styles.safetensors -o mine.safetensors
# ```

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Any size, but strokes of one size
#
# **All layers are convolutions, so a network takes a picture of any size.** Here are 128 pixels around the face of the
# astronaut, out of a picture of 128, 256 and 512 pixels:


# %% slideshow={"slide_type": "skip"}
def face(picture, size=128):
    height, width = picture.shape[-2:]
    top, left = round(0.1 * (height - size)), round(0.42 * (width - size))
    return picture[..., top : top + size, left : left + size]


# %%
sizes = {f"from {size} px": load_image("astronaut", size) for size in (128, 256, 512)}
painted = {name: transform(painters["waves"], x) for name, x in sizes.items()}
{name: tuple(x.shape) for name, x in painted.items()}

# %% slideshow={"slide_type": "skip"}
faces = {
    name: {size: face(x) for size, x in row.items()} for name, row in (("photograph", sizes), ("painting", painted))
}
list(faces)

# %% slideshow={"slide_type": "subslide"}
grid(
    faces,
    title="128 pixels of each",
    height=0.95,
    alt="Above, three photographs of 128 pixels: an astronaut; her head and collar; her face alone. Below, their "
    "paintings, in strokes of the same width: they cover the small face, and only crease the large one.",
)

# %% [markdown]
# **The strokes are as wide in a small picture as in a large one, counted in pixels.** The network knows the style at
# one scale only, that of its training. A large photograph gets fine strokes. For broad ones paint it small and enlarge
# it, or train with a larger style picture.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How fast? (Table 1)
#
# **The paper's first table compares a descent with one pass, at three sizes.** Below it is measured anew on one
# ordinary machine (stored with the kit: `python -m stylekit figure johnson1` measures it on yours), with the published
# seconds, from a graphics card of 2015, under it. **A row with a star is one evaluation, timed, times the number of
# evaluations.** Nobody waits an hour for a table. Both sides compute in the same precision.

# %%
from stylekit import paper

rows = paper.measured("johnson1")
rows[0]["machine"]

# %% slideshow={"slide_type": "subslide"}
seconds = paper.table_rows(rows)
published = {name: seconds.pop(name) for name in list(seconds) if "published: " in name}
print(table(seconds, corner="seconds, measured"))

# %% slideshow={"slide_type": "subslide"}
print(table(published, corner="seconds, published"))

# %% [markdown]
# **Three orders of magnitude, as published.** The ratio depends on what is compared: the small
# [compact network](glossary.md#compact-network) makes a descent cheap, and the full width a pass dear. A small
# piece of it, now, on your machine:

# %% slideshow={"slide_type": "subslide"}
recipes = {r.panel: r for r in paper.recipes("johnson1")}
live = paper.time_table([recipes["vgg19-500-256"], recipes["half width-256"]], repeats=2)
descent, one_pass = (row["seconds"] for row in live)
assert descent > 100 * one_pass, "a descent takes hundreds of times as long as a pass"
print(f"500 evaluations: {descent:.0f} s; one pass: {1000 * one_pass:.0f} ms")
print(f"{descent / one_pass:.0f} to 1")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How good? (Figure 5)
#
# **Is the quick painting as good as the slow one?** Their common measure is the objective. For 20 photographs that the
# network of `swirls` was not trained on, we know its value after one pass, and after each evaluation of a
# descent. These numbers are stored too; the photographs are not ours to show.

# %% slideshow={"slide_type": "skip"}
stored = paper.measured("johnson5")
mean, n = stored["mean"], range(1, len(stored["mean"]["noise"]) + 1)
lines = {f"descent from {start}": (n, mean[start]) for start in paper.DESCENTS}
len(n)  # evaluations

# %%
curves(
    lines | {"one pass": ((n[0], n[-1]), (mean["one pass"],) * 2)},
    title="The objective, as a mean over 20 photographs",
    xlabel="evaluations of the descent",
    ylabel="objective (logarithmic)",
    log="y",
    alt="Two falling curves on a logarithmic axis and a level line. The descent from noise begins far above the "
    "line and crosses it; the descent from the photograph begins lower and crosses it sooner.",
)

# %% slideshow={"slide_type": "subslide"}
for start in paper.DESCENTS:
    meets = sorted(after for after in stored["meets after"][start] if after)
    median = meets[len(meets) // 2]
    span = f"{meets[0]} to {meets[-1]}"
    print(f"from {start}: {median} evaluations (median; {span}) do as much as one pass")

# %% [markdown]
# **So one pass is worth some 35 evaluations from noise, and about 15 from the photograph.** Then the descent goes
# on falling, and the pass does not. The paper finds that its network does as well as 50 to 100 evaluations. Ours
# learned for two hours and forty minutes, has half the filters, and shares them among ten styles.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - The losses stay; the unknowns change: from the pixels of one painting to the weights of a network, once for all.
# - A small network learns a manner from three photographs in half a minute; a good one needs thousands.
# - Painting is then one pass: milliseconds. The price: a training for each style, at one size of strokes.
# - One network can hold many styles, each in a factor and a shift for each feature map, and paint what lies between.
# - Instance normalisation forgets contrast and brightness, and with them what a style does not want to know.
# - What is plain comes out plain: a texture needs chance, and noise is the chance of a network that has none.
# - Doubling before a convolution treats all pixels alike; a transposed convolution stamps a checkerboard.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - *Texture networks* (Ulyanov and others, [2016](https://arxiv.org/abs/1603.03417)): the same idea at the same time,
#   with a network that begins with noise at several sizes; the next paper of that group brought instance normalisation.
# - *Super-resolution*, the second half of Johnson's paper: a network enlarges a photograph four times and is taught by
#   the content loss alone. Edges become sharper than by the squared difference of colours, and the paper's own pictures
#   show what it costs: a faint cross-hatch.
# - *Any style, even an unseen one* (AdaIN, Huang and Belongie, [2017](https://arxiv.org/abs/1703.06868)): the
#   mean and deviation of the style picture's own responses take the place of those learned numbers.
# - *Films*: each frame is a pass, and the strokes flicker. Appendix [A3](A3-film.ipynb) says why, and what calms them.
#
# ## Exercises
#
# ### 1. How far does a pixel see?
#
# Which square of the photograph can reach one pixel of the painting? Go from the painting back to the photograph and
# count how many numbers in a row are needed. Start with $n = 1$. A convolution of size $k$ and stride $s$ that gives
# $n$ of them needs $s \, (n - 1) + k$; a doubling that gives $n$ needs at most $\lfloor n / 2 \rfloor + 1$. Write it
# as a function or do it on paper. All layers, from the first, as ("conv", k, s) or ("double",):

# %% slideshow={"slide_type": "skip"}
down = [("conv", 9, 1), ("conv", 3, 2), ("conv", 3, 2)]
blocks = [("conv", 3, 1)] * 10
up = [("double",), ("conv", 3, 1)] * 2 + [("conv", 9, 1)]

# %% slideshow={"slide_type": "skip"}
my_field = ...
### BEGIN SOLUTION
my_field = 1
for kind, *how in reversed(down + blocks + up):
    my_field = my_field // 2 + 1 if kind == "double" else how[1] * (my_field - 1) + how[0]
### END SOLUTION

# %% [markdown] slideshow={"slide_type": "skip"}
# And measured: the gradient of one pixel of the painting by the photograph is zero wherever it does not look. (With
# instance normalisation it looks everywhere, through $\mu$ and $\sigma$. Batch normalisation after training has fixed
# numbers in their place, so a network with that shows the convolutions alone.)

# %% slideshow={"slide_type": "skip"}
torch.manual_seed(0)
unnormalised = TransformationNetwork(Architecture(width=4, normalisation="batch")).double().eval()
x = torch.rand(1, 3, 160, 160, dtype=torch.float64).requires_grad_(True)

# %% slideshow={"slide_type": "skip"}
spans = []
for column in range(80, 84):  # the two doublings treat one pixel in four alike
    (gradient,) = torch.autograd.grad(unnormalised(x)[..., column].sum(), x)  # a whole column at once
    looked_at = (gradient.abs().sum(dim=(0, 1, 2)) > 0).nonzero().flatten()
    spans.append(int(looked_at.max() - looked_at.min()) + 1)

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
check_value(my_field, max(spans))

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 2. Why instance normalisation?
#
# Predict before you run: four changes to the cat, then the painter of `waves`. How many of the four paintings differ
# from that of the unchanged cat by less than 0.02 on average? Print `distances` when you have predicted.

# %% slideshow={"slide_type": "skip"}
changed = {
    "half the contrast": 0.5 + 0.5 * (cat - 0.5),
    "darker": 0.5 * cat,
    "redder": 0.6 * cat + torch.tensor([0.4, 0.0, 0.0]).view(1, 3, 1, 1),
    "negative": 1 - cat,
}

# %% slideshow={"slide_type": "skip"}
how_many_same = ...
### BEGIN SOLUTION
how_many_same = 3  # whatever is c x + d with one c > 0 for all, and any d for each colour
### END SOLUTION

# %% slideshow={"slide_type": "skip"}
same = transform(painters["waves"], cat)
distances = {name: (transform(painters["waves"], x) - same).abs().mean().item() for name, x in changed.items()}

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
check_value(how_many_same, sum(distance < 0.02 for distance in distances.values()))

# %% [markdown] slideshow={"slide_type": "skip"}
# And in words: which changes can such a network never notice, and why? When would you not want that?

# %% [markdown] slideshow={"slide_type": "skip"}
# <!-- ### BEGIN SOLUTION -->
# Let $x$ become $c \, x + d$, with one factor $c > 0$ for all colours and a number $d$ for each colour. The first
# convolution gives $c$ times its old response plus a constant for each filter (at the edges too, since reflected pixels
# are changed alike). Minus the mean, the constant is gone; by the deviation, $c$ is gone. So contrast, brightness
# and a cast of colour are forgotten at once. A negative has $c = -1$: the sign stays.
#
# For painting this is welcome: the style has its own contrast and colours. It is not where they mean something: a
# network that shall enlarge a photograph has to keep them, and an evenly grey sky should stay grey (exercise 4).
# <!-- ### END SOLUTION -->

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 3. What does the tanh do?
#
# The network ends in $\frac{1}{2} + R \tanh z$ with $R = \frac{150}{255}$. Two questions for paper and pencil.
#
# (a) What is the largest value that can come out (it is cut to 1 only when the painting is shown)?
#
# (b) The slope by $z$ is $R$ at grey, where $z = 0$. What part of that slope is left at white, where 1 comes out? Use
# $\tanh' = 1 - \tanh^2$. What would it be with $R = \frac{1}{2}$?

# %% slideshow={"slide_type": "skip"}
my_largest, my_slope = ..., ...
### BEGIN SOLUTION
R = 150 / 255
my_largest = 0.5 + R  # tanh stays below 1
my_slope = 1 - (0.5 / R) ** 2  # at white R tanh z = 1/2; with R = 1/2 it would be 0: white would never be reached
### END SOLUTION

# %% slideshow={"slide_type": "skip"}
z = torch.linspace(-4, 4, 200_001, dtype=torch.float64).requires_grad_(True)
out = 0.5 + 150 / 255 * torch.tanh(z)
(slope,) = torch.autograd.grad(out.sum(), z)
white = (out - 1).abs().argmin()

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
truths = [1.0882, round((slope[white] / slope.max()).item(), 4)]
assert 1.087 < out.max() < truths[0] + 1e-4
for answer, truth in zip((my_largest, my_slope), truths, strict=True):
    print(check_value(answer, truth))

# %% [markdown] slideshow={"slide_type": "skip"}
# ### 4. Reading failures
#
# Four paintings by the painter of `waves`, each spoilt in another way:


# %% slideshow={"slide_type": "skip"}
def convolutions(network):
    return [module for module in network.modules() if isinstance(module, torch.nn.Conv2d)]


# %% slideshow={"slide_type": "skip"}
def stamping(network):
    other = TransformationNetwork(Architecture(upsampling="transposed"))
    weights = network.state_dict()
    for name in [name for name in weights if name.startswith("up.") and name.endswith("convolution.weight")]:
        weights[name] = weights[name].transpose(0, 1).flip(2, 3)  # as a stamp
    other.load_state_dict(weights)
    return other


# %% slideshow={"slide_type": "skip"}
cup = square("coffee", 128)
unpadded = load_transformer("waves", "cpu")
for convolution in convolutions(unpadded):
    convolution.padding_mode = "zeros"

# %% slideshow={"slide_type": "skip"}
fog = 0.5 + 0.004 * torch.randn(cup.shape, generator=torch.Generator().manual_seed(0))
spoilt = {
    "as it should be": transform(painters["waves"], cup),
    "A": transform(painters["waves"], fog),
    "B": torch.cat([transform(painters["waves"], half) for half in cup.chunk(2, dim=2)], dim=2),
    "C": transform(stamping(painters["waves"]), cup),
    "D": transform(unpadded, cup),
}

# %% slideshow={"slide_type": "skip"}
strip(
    spoilt,
    title="What went wrong?",
    height=1.25,
    alt="Five paintings in orange and blue waves: the cup of coffee as it should be; A, waves all over and no cup; B, "
    "upper and lower half in different colours; C, the cup under a fine regular grid; D, the cup with a thin grey "
    "frame along the edges.",
)

# %% [markdown] slideshow={"slide_type": "skip"}
# Which cause belongs to which picture?
#
# 1. Beyond the edge, each convolution took zeros in place of the reflected picture.
# 2. The photograph was an even grey, with the faint noise of a camera.
# 3. The doubling was done by transposed convolutions.
# 4. The photograph was painted in two halves, to save memory.
#
# Answer with four digits, those of A, B, C and D in this order, such as "1234".

# %% slideshow={"slide_type": "skip"}
my_causes = ...
### BEGIN SOLUTION
my_causes = "2431"
### END SOLUTION

# %% tags=["nbval-check-output"] slideshow={"slide_type": "skip"}
check_value(my_causes, "2431")

# %% [markdown] slideshow={"slide_type": "skip"}
# <!-- ### BEGIN SOLUTION -->
# A is the fog (2): instance normalisation divides by the deviation, however small, so faint noise becomes full-strength
# strokes; so may a clear sky. B is the picture in two halves (4): each half was normalised by its own mean and
# deviation, so the same brown becomes blue above and orange below. The kit's `tile` therefore measures them over the
# whole picture first. C has the stamps (3): a grid with a period of two pixels. D has the zeros (1): they look like
# an edge, and the network, which has never seen such edges, paints a frame along them.
# <!-- ### END SOLUTION -->
