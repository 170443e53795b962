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

# %% [markdown] tags=["lesson"] slideshow={"slide_type": "slide"}
# # The studio: your photo, your video
#
# **The question.** Can I give a photograph or a film and a style, and get a painting, without writing a line?
#
# **What you need to know.** Nothing. To know what happens inside: notebooks 06 (paint), 10 (instant) and 09 (quilt).
#
# **How long it runs.** About 10 seconds on two cores; after that the page below is yours for as long as you like.
#
# The slides close with three applications that brought style transfer to people who never saw an equation: *deepart.io*
# and *Pikazo* made paintings of photographs, *Artisto* of photographs and films. A person chose a picture and a style
# and waited. This is the same, on your own machine: nothing that you upload leaves it.
#
# The page needs a running kernel: run its cell. Without Jupyter around it: `make studio`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Choose, start, watch, keep
#
# 1. **Choose a photograph and a style, or bring your own** (films too: MP4, MOV, WebM, GIF).
# 2. **Choose a method: paint, instant or quilt.** Paint descends step by step, instant and films know the ten painted
#    styles and mix any two of them, quilt lays pieces of the style.
# 3. **Press Start.** What you change while it works counts for the next run. **Each result can be downloaded and
#    restored.**

# %%
from stylekit.ui import Studio

studio = Studio()
studio

# %% tags=["lesson"] slideshow={"slide_type": "skip"}
import numpy as np
from PIL import ImageOps

from stylekit.figures import grid, strip

# %% [markdown] tags=["lesson"] slideshow={"slide_type": "subslide"}
# **The page brings photographs and styles; any of them can be yours.**

# %% tags=["lesson"] slideshow={"slide_type": "skip"}
square = lambda picture: np.asarray(ImageOps.fit(picture.convert("RGB"), (160, 160)))  # (160, 160, 3)
shelf = lambda choices: [(name, square(choice.picture)) for name, choice in choices.items()]
photographs, styles = shelf(studio.photographs.choices), shelf(studio.styles.choices)
len(photographs), len(styles)

# %% tags=["lesson", "hide-input"]
alt = (
    "Three rows of small pictures: an astronaut, a cat, a cup, a rocket and a pagoda; below, ten painted styles, from "
    "a starry night to a woodblock print, and three textures in grey."
)
shelves = {"photographs": photographs, "styles": styles[:7], "more styles": styles[7:]}
grid({name: dict(row) for name, row in shelves.items()}, title="What lies on the studio's shelves", height=1.3, alt=alt)

# %% [markdown] tags=["lesson"] slideshow={"slide_type": "slide"}
# ## What to try
#
# * **Paint one photograph with `content weight` 0.01, 0.1 and 1: how much of it survives?** (Notebook 07.)
# * **Then with `content layer` relu3_1 instead of relu4_2: what comes back, and what does the style lose?**
# * **Paint and instant, side by side in the history: what is missing from the quick one?** (One style, one photograph.
#   Notebook 10: it learned on other photographs, the descent worked on yours alone.)
# * **Instant: `mix with` a second style, and move `its share` and `strength`. Which of the two gives the colours, which
#   the strokes?** (Notebook 10.)
# * **Quilt the same. Why does it follow light and dark, and not the objects?** (Notebook 09.)
# * **Keep the photograph's colours. Which styles survive without their own?**
# * **Try one frame of a film before you run it. Where would it flicker?** (Notebook 10.)

# %% [markdown] tags=["lesson"] slideshow={"slide_type": "subslide"}
# The same without the page, in code: **what the buttons call is an ordinary generator**, as in every other notebook.

# %% tags=["lesson"] slideshow={"slide_type": "skip"}
from stylekit.ui import StudioSettings, make_picture

# %% tags=["lesson"] slideshow={"slide_type": "skip"}
photograph = studio.photographs.choices["chelsea"].picture
style = studio.styles.choices["waves"].picture
asked = {m: StudioSettings("chelsea", "waves", method=m, size=192, steps=40) for m in ("paint", "instant", "quilt")}
asked["paint"]

# %% tags=["lesson"]
made = {}
for method, settings in asked.items():
    *_, last = make_picture(settings, photograph, style)
    made[method] = last.image
assert all(max(image.shape) == 192 for image in made.values())
print({method: tuple(image.shape) for method, image in made.items()})

# %% tags=["lesson"] slideshow={"slide_type": "subslide"}
strip(
    made,
    title="One photograph, one style, three methods",
    height=1.7,
    alt="Three pictures of the cat in the manner of orange and dark green waves. Painted: its face of flowing strokes, "
    "with clear eyes. Instant: the face in broader lines, with blue shadows. Quilted: pieces of the waves themselves, "
    "the face hardly to be made out.",
)

# %% [markdown] tags=["lesson"] slideshow={"slide_type": "slide"}
# ## How the page is made
#
# * **One thread works, one run at a time; the page only shows what it is handed.** Pause makes the thread wait between
#   two steps, stop ends the loop: nothing is ever killed half-way.
# * **The page stands before PyTorch is loaded**; that comes in behind it.
# * **Pictures are decoded in memory, turned upright by their EXIF note and made smaller.** A film goes into a temporary
#   folder under a name of ours, and is removed with it.
# * **A PNG carries its recipe: `python -m stylekit recipe painting.png`** prints the command that makes it again.
#
# Jupyter itself takes uploads up to about 10 MB; `make studio` up to 50. A page that is closed takes what was uploaded
# with it, within two minutes.

# %% [markdown] tags=["lesson"] slideshow={"slide_type": "slide"}
# ## What we learned
#
# - An application of style transfer is a small page around a generator.
# - Paint, instant and quilt answer one wish at three prices: time, training, fidelity.

# %% [markdown] tags=["lesson"] slideshow={"slide_type": "skip"}
# ## Roads not taken
#
# - A queue of jobs for many visitors: here each has a kernel, and the machine's cores are shared.
# - Films by descending, frame after frame: minutes for each second of film (notebook 10 says what it takes).
# - Accounts, galleries, sharing: what you made is a file, and yours.
