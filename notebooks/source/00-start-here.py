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
# # Paint a picture in a minute
#
# **The question.** Can a computer take the *content* of a photograph and the *style* of another picture, and paint
# the one in the manner of the other?
#
# **What you need to know.** Nothing yet. Press *Shift + Enter* in each cell, from top to bottom.
#
# **How long it runs.** About 30 seconds on two cores; no graphics card, no internet.
#
# The method is that of Gatys, Ecker and Bethge, *A Neural Algorithm of Artistic Style* (2015,
# [arXiv:1508.06576](https://arxiv.org/abs/1508.06576)). The notebooks after this one derive every equation of it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A photograph, a style, a network
#
# We call **the photograph $p$, the style picture $a$, and the painting that is to come $x$**: the paper's letters.
# Each is a stack of three colour planes, red, green and blue, with numbers between 0 and 1. (Such words are explained
# in the [glossary](glossary.md).)

# %% slideshow={"slide_type": "skip"}
from stylekit.figures import loss_curves, strip
from stylekit.images import load_image
from stylekit.networks import load_network
from stylekit.transfer import stylise

# %% slideshow={"slide_type": "skip"}
p = load_image("chelsea", size=256)
a = load_image("swirls", size=256)
p.shape, a.shape  # (pictures, colours, height, width)

# %%
strip(
    {"photograph p": p, "style a": a},
    title="What goes in",
    alt="Left, a photograph of a tabby cat that looks at us. Right, a style picture: yellow stars that whirl in a blue "
    "night, over dark hills.",
)

# %% [markdown]
# The third ingredient is a network that learned from VGG-16, one trained to recognise things. **The network does not
# paint: it only looks, and tells us how far the painting still is from the content of $p$ and from the style of $a$.**
#
# `"compact"` ships with the kit. `"vgg19"` is the paper's own network, ten times the work for each look: it is
# downloaded on first use.

# %% slideshow={"slide_type": "skip"}
network = load_network("compact")
" ".join(network.layers)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Paint
#
# **We start with $x = p$ and change the pixels of $x$, little by little, so that the [total
# loss](glossary.md#total-loss) falls:**
#
# $$L_{total}(x) = \alpha \, L_{content}(p, x) + \beta \, L_{style}(a, x) \tag{Eq. 7}$$
#
# **$\alpha$ is `content_weight`, $\beta$ is `style_weight`.** `stylise` yields one step after another; each carries the
# painting so far, `step.image`, and its losses, `step.losses`.

# %%
steps = []
for step in stylise(p, a, network, content_weight=0.1, style_weight=1):
    steps.append(step)  # Interrupt (the square above) stops it and keeps the steps so far
print(steps[-1].evaluations, "looks at the painting")

# %% slideshow={"slide_type": "subslide"}
strip(
    {"photograph p": p, "style a": a, "painting x": steps[-1].image},
    title="What comes out",
    alt="The photograph, the style picture, and the painting: the same cat, with clear eyes, in the blue strokes of "
    "the style picture, and with its yellow stars on nose and cheeks.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How it grew
#
# The kit paints coarse to fine: **first a small picture, then one of twice the size that starts from it**, with the
# fine detail that the photograph has at that size, and so on.

# %% slideshow={"slide_type": "skip"}
moments = [0, 5, 20, len(steps) // 2, len(steps) - 1]
[steps[i].evaluations for i in moments]

# %%
strip(
    {f"{steps[i].evaluations} looks": steps[i].image for i in moments},
    title="The painting on its way",
    height=1.9,
    alt="Five moments: the photograph turns into the painting, small and coarse at first, then larger and fine.",
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The loss curve
#
# **How much does each look buy?** Mind the vertical axis: each of its large steps is a factor of ten. **Where the curve
# jumps, the picture was made larger.**

# %%
loss_curves(
    steps,
    alt="The total loss and its terms against the number of looks: the style terms fall steeply in the first looks and "
    "slowly after them, the content term rises at once and then falls a little, and all jump where the picture is made "
    "larger.",
)

# %% slideshow={"slide_type": "skip"}
first, last = steps[0].losses["total"], steps[-1].losses["total"]
assert last < first / 5, "the loss should have fallen to a small part of what it was"
print(f"the total loss fell to less than {100 * last / first:.0f} % of its start")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Turn one knob
#
# **More `content_weight` keeps more of the photograph. Guess first: what will ten times as much do?**

# %%
*_, faithful = stylise(p, a, network, content_weight=1.0, style_weight=1)
print(faithful.evaluations, "looks at the painting")

# %% slideshow={"slide_type": "subslide"}
strip(
    {"content_weight = 0.1": steps[-1].image, "content_weight = 1": faithful.image},
    title="The same style, two weights",
    alt="Two paintings of the cat, blue and in strokes. With weight 0.1 stars lie on its nose and cheeks; with "
    "weight 1 they are gone, and eyes, nose and fur are clear.",
)

# %% slideshow={"slide_type": "skip"}
assert faithful.losses["content"] < steps[-1].losses["content"]
{"content loss at 0.1": round(steps[-1].losses["content"], 2), "at 1": round(faithful.losses["content"], 2)}

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - Painting here means *minimising a loss over the pixels*. The network stays as it is.
# - Two losses pull: content towards the photograph, style towards the other picture. Their weights decide.
# - Most of the way is made in the first few dozen looks.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where next
#
# The notebooks that follow answer one question each, in this order.
#
# | if you ask | open |
# |---|---|
# | what does a network see? | `01-what-a-network-sees` |
# | what exactly is $L_{content}$, and its gradient? | `02-content-loss` |
# | how can numbers hold a *style*? | `03-gram-matrix`, `04-style-loss`, `05-texture-from-noise` |
# | how does it all come together, and what do the weights do? | `06-style-transfer`, `07-what-the-weights-do` |
# | why does it take so many looks? | `08-how-to-descend` |
# | what was there before networks, and after this paper? | `09-before-networks`, `10-feed-forward` |
# | where are the papers' figures? | `11-paper-figures` |
# | can I just play? | `12-studio` |
#
# And which network? Stay with `"compact"` on a laptop; take `"vgg19"` where you need the paper's own numbers.

# %% [markdown] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - Start from white noise, as the paper does: `stylise(..., init="noise")`. It takes longer to settle.
# - The paper's own network: `load_network("vgg19")`.
# - A network that paints in one go, without descending at all: Johnson, Alahi and Li (2016). The kit
#   gets there in notebook 10.
#
# ## Try
#
# 1. Paint *your* photograph: `load_image("path/to/photo.jpg", size=256)`.
# 2. Try the other styles, `waves`, `facets`, `haze`, `shapes`, `glass`, `points`, `mosaic`, `hatching`, `woodblock`,
#    and the photographs `china`, `astronaut`, `coffee`, `rocket`.
# 3. Which style survives `content_weight=1` best, and why might that be?
# 4. Paint larger, without a notebook: `python -m stylekit stylise chelsea swirls -o painting.png --size 512`.
