"""A valley with an oak, in pen and ink."""

import numpy as np
from scipy.ndimage import (
    gaussian_filter,
)
from styles.brush import ASPECT, H, X, Y, along_levels, at, colours, lit, noise, primed, ramp, scatter, step_up
from styles.pen import INK, ball, blades, blank, geese, grow_roots, hatch, outlines, pen, slab, tube

PAPER = {"tan": "#d9c6a0", "buff": "#e9dabb", "cream": "#f3e8d0", "light": "#f8f0de"}
# tilt from the main direction, the darkness from which it is drawn, spacing, length and width of its lines
PASSES = ((0.0, 0.10, 9, 150, 2.5), (0.95, 0.40, 9, 90, 2.5), (-0.7, 0.62, 8, 70, 2.7), (0.35, 0.80, 6, 60, 3.2),
          (-0.2, 0.93, 5, 50, 4.0))  # fmt: skip
# x, y of the foot, then the size or height: one unit is the height of the picture
HOUSES = ((0.86, 0.60, 0.05), (0.97, 0.585, 0.045), (1.07, 0.61, 0.06), (0.80, 0.585, 0.04))
STOOKS = ((0.62, 0.66, 0.018), (0.69, 0.68, 0.020), (0.64, 0.71, 0.024), (1.16, 0.70, 0.026), (1.24, 0.73, 0.030))
BUSHES = ((0.60, 0.90, 0.045), (0.68, 0.93, 0.07), (0.08, 0.93, 0.06), (0.76, 0.96, 0.04), (1.20, 0.97, 0.07))
POPLARS = (
    (1.10, 0.615, 0.13), (1.30, 0.63, 0.16), (1.15, 0.625, 0.18), (1.26, 0.635, 0.22), (1.20, 0.64, 0.15),
    (0.76, 0.60, 0.10), (0.79, 0.605, 0.13),
)  # fmt: skip
# centre and size of each heap of cloud
HEAPS = ((1.25, 0.40, 0.10), (0.74, 0.40, 0.075), (1.00, 0.27, 0.17), (0.02, 0.43, 0.07))
# centre and radius of each bough of leaves
BOUGHS = (
    (0.13, 0.34, 0.085), (0.20, 0.20, 0.105), (0.35, 0.11, 0.120), (0.52, 0.14, 0.110), (0.65, 0.25, 0.095),
    (0.45, 0.27, 0.095), (0.29, 0.31, 0.085), (0.57, 0.38, 0.065), (0.04, 0.22, 0.070), (0.08, 0.46, 0.050),
)  # fmt: skip
# The trunk, then the roots, as points along their middle lines
TRUNK = ((0.35, 0.86), (0.357, 0.77), (0.385, 0.66), (0.37, 0.56), (0.385, 0.48), (0.38, 0.36))
ROOTS = (
    ((0.345, 0.77), (0.30, 0.86), (0.23, 0.905), (0.14, 0.915)),
    ((0.385, 0.77), (0.425, 0.86), (0.49, 0.895), (0.59, 0.90)),
    ((0.35, 0.79), (0.325, 0.88), (0.285, 0.93), (0.235, 0.96)),
    ((0.37, 0.79), (0.385, 0.88), (0.41, 0.93), (0.455, 0.965)),
    ((0.355, 0.80), (0.35, 0.90), (0.34, 0.95)),
)


def sky(drawing, rng):
    """Add a sky of sweeping lines, darker at the top, and heaps of white clouds."""
    bend = noise(rng, 1.3, 2)
    angle = along_levels(Y + 0.10 * np.sin(2.6 * X + 2 * Y) + 0.06 * bend)
    dark = 0.44 - 0.55 * Y + 0.13 * noise(rng, 2, 3, stretch=3)
    drawing.add(..., dark, angle)
    for x, y, size in HEAPS:
        heap(drawing, rng, x, y, size)


def heap(drawing, rng, x, y, size):
    """Add one heap of cloud, piled up from small balls to a flat foot."""
    count = int(8 + 120 * size)
    u = np.linspace(-1.5, 1.5, count) + rng.normal(0, 0.15, count)
    v = -rng.uniform(0, 1, count) * np.sqrt(np.maximum(1.1 - (u / 1.7) ** 2, 0.05)) * 1.1
    for k in np.argsort(v):
        radius = 0.016 + size * rng.uniform(0.22, 0.5) * (1.1 - 0.3 * abs(u[k]))
        tone = -0.40 + 0.30 * (1 + v[k]) + 0.1 * u[k]
        place = x + u[k] * size, y + v[k] * size
        where = ball(drawing, rng, *place, radius, tone, 0.6, squash=0.72, line=1.6, bumps=7)
        if rng.random() < 0.6:  # most balls melt into the one behind them
            drawing.region[where] = len(drawing.outlined) - 1


def hill(drawing, rng, ridge, slant, base, relief, line):
    """Add a hill below a ridge, hatched along a plan that follows its form."""
    depth = Y - ridge
    swell = noise(rng, 4, 3, stretch=2)
    plan = depth + slant * X + 0.02 * swell + 0.25 * depth * np.sin(5 * X + slant * 9)
    down, right = np.gradient(gaussian_filter(swell, 12))
    shade = base + relief * np.clip((right + 0.4 * down) * 60, -0.5, 0.5) + 0.5 * relief * np.exp(-depth / 0.02)
    inside = depth > 0
    drawing.add(inside, shade[inside], along_levels(plan)[inside], line)


def fields(drawing, rng, ridge, vanish, floor):
    """Add plots of ploughed land whose bent furrows run to one point at the horizon."""
    away = np.log(np.maximum(Y - vanish[1] + 0.02, 0.01))
    across = (X - vanish[0]) / (Y - vanish[1] + 0.03) + 0.55 * np.sin(1.7 * away + 1) + 0.35 * noise(rng, 1.3, 2)
    strips = np.floor(across * 1.7)
    land = (Y - ridge > 0) & (Y - floor < 0)
    offset = rng.uniform(0, 1, 99)[strips.astype(int) % 99]
    rows = np.floor(away * 1.9 + offset + 0.12 * noise(rng, 2, 2) + 0.2 * across)
    furrows = along_levels(across)
    blot = 0.14 * noise(rng, 6, 1)
    plots = np.where(land, strips * 100 + rows, np.nan)
    for plot in np.unique(plots[land]):
        inside = plots == plot
        dark = rng.choice([0.05, 0.18, 0.24, 0.3, 0.36, 0.45, 0.55, 0.62]) + blot[inside]
        turn = rng.choice([0, 0, np.pi / 2 - 0.3, 0.5])
        drawing.add(inside, dark, furrows[inside] + turn, 2.2)


def house(drawing, x, y, size):
    """Add a house with a gable at the left and a long roof, seen at a corner."""
    gable = ((0, 0), (0, -0.55), (0.28, -1.0), (0.56, -0.55), (0.56, 0))
    wall = ((0.56, 0), (0.56, -0.55), (1.5, -0.5), (1.5, 0))
    roof = ((0.28, -1.05), (0.62, -0.5), (1.6, -0.46), (1.25, -0.98))
    for shape, tone, angle in ((gable, 0.1, 1.5), (wall, 0.5, 0.05), (roof, 0.62, 1.1)):
        slab(drawing, np.array(shape) * size + [x, y], tone, angle, 2.6)
    for u, v, wide, high in ((0.16, -0.42, 0.1, 0.16), (0.36, -0.42, 0.1, 0.16), (0.75, -0.3, 0.14, 0.3),
                             (1.15, -0.36, 0.14, 0.14)):  # fmt: skip
        opening(drawing, x + u * size, y + v * size, wide * size, high * size)


def opening(drawing, x, y, wide, high):
    """Add a dark window or door."""
    slab(drawing, np.array([(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)]), 0.95, 1.5, 2)


def church(drawing, x, y, size):
    """Add a church tower with a tall spire."""
    tower = np.array([(0, 0), (0, -1), (0.2, -1), (0.2, 0)])
    spire = np.array([(-0.05, -1), (0.2, -2.1), (0.2, -1)])
    for shape, tone, angle in ((tower, 0.1, 1.5), (tower + [0.2, 0], 0.6, 0.1), (spire, 0.3, 1.3),
                               (spire * [-1, 1] + [0.4, 0], 0.75, 1.8)):  # fmt: skip
        slab(drawing, shape * size + [x, y], tone, angle, 2.4)
    for u in (0.06, 0.26):
        opening(drawing, x + u * size, y - 0.85 * size, 0.08 * size, 0.25 * size)


def landscape(rng):
    """Return the drawing of everything but the tree, where grass grows, and the last parts of the sky and the land."""
    drawing = blank()
    sky(drawing, rng)
    clouds = len(drawing.outlined)
    wave = noise(rng, 2, 3)[0]
    far = 0.46 + 0.03 * np.sin(5 * X + 1) - 0.05 * np.exp(-(((X - 1.15) / 0.12) ** 2)) + 0.03 * wave
    hill(drawing, rng, far, 0.8, 0.26, 0.5, 2.4)
    near = 0.52 + 0.025 * np.sin(4 * X + 2.4) + 0.01 * wave
    hill(drawing, rng, near, -0.6, 0.34, 0.6, 2.6)
    valley(drawing, rng, near)
    distance = len(drawing.outlined)
    bank = 0.80 - 0.05 * np.exp(-(((X - 0.36) / 0.22) ** 2)) + 0.03 * np.sin(3 * X + 1) + 0.02 * wave
    hill(drawing, rng, bank, 0.35, 0.42, 0.7, 3.2)
    fence(drawing, rng)
    for x, y, size in BUSHES:
        ball(drawing, rng, x, y, size, 0.05, 0.85, squash=0.65, line=3.2, bumps=3, rough=1.3)
    return drawing, Y - bank > 0.01, clouds, distance


def valley(drawing, rng, ridge):
    """Add the fields below a ridge, with hay, hedges, a village, its road and poplars."""
    fields(drawing, rng, ridge + 0.05, (0.80, 0.50), 0.9)
    for x, y, size in STOOKS:
        stook(drawing, x, y, size)
    for middle in rng.uniform(0, ASPECT, 13):
        hedge = ridge + rng.choice([0, 0.05, 0.07])
        for x in middle + rng.normal(0, 0.03, 6):
            y = float(at(hedge, np.array([x * H, 0])))
            ball(drawing, rng, x, y, rng.uniform(0.007, 0.02), 0.2, 0.75, squash=rng.uniform(0.8, 1.3), line=2.2)
    for x, y, size in HOUSES:
        house(drawing, x, y, size)
    church(drawing, 0.925, 0.575, 0.07)
    road(drawing)
    poplars(drawing, rng)


def road(drawing):
    """Add a pale road that winds from the village towards us."""
    near = np.maximum(Y - 0.60, 0)
    middle = 0.93 + 0.11 * np.sin(19 * near**0.8) * np.sqrt(near + 0.02) * 2.2 + 0.25 * near
    inside = (np.abs(X - middle) < 0.004 + 0.22 * near) & (Y > 0.60) & (Y < 0.9)
    drawing.add(inside, 0.04 + 0.25 * (X - middle > 0.16 * near)[inside], 0.0, 2.8)


def stook(drawing, x, y, size):
    """Add a stack of hay with its shadow."""
    t = np.linspace(0, np.pi, 24)
    dome = np.stack([np.cos(t) * (1 - 0.12 * np.cos(2 * t)), -1.35 * np.sin(t) ** 0.8], axis=-1) * size + [x, y]
    shadow = np.stack([0.9 + 0.9 * np.cos(2 * t), 0.16 * np.sin(2 * t)], axis=-1) * size + [x, y]
    slab(drawing, shadow, 0.8, 0.1, 0)
    slab(drawing, dome, 0.15, 1.75, 2.6)
    slab(drawing, dome[:13], 0.62, 1.3, 0)


def poplars(drawing, rng):
    """Add slender trees like flames."""
    licks = 0.25 * noise(rng, 16, 2)
    for x, y, tall in POPLARS:
        up = np.clip((y - Y) / tall, 0, 1)
        wide = tall * 0.17 * np.sin(np.pi * (0.04 + 0.955 * up) ** 0.75) ** 0.8 * (1 + 0.5 * licks)
        side = (X - x - 0.008 * np.sin(5 * up + 40 * x)) / np.maximum(wide, 1e-4)
        inside = (np.abs(side) < 1) & (up > 0) & (up < 1)
        lean = np.pi / 2 - 0.5 * side * (1 - 1.6 * up) + 0.9 * licks
        drawing.add(inside, (0.55 + 0.42 * side + 0.3 * licks)[inside], lean[inside], 2.4)


def fence(drawing, rng):
    """Add a crooked fence along the bank."""
    posts = [(x, 0.885 - 0.05 * np.sin(2.2 * (x - 0.7)) + rng.normal(0, 0.004)) for x in np.arange(0.80, 1.40, 0.095)]
    for (x0, y0), (x1, y1) in zip(posts[:-1], posts[1:], strict=True):
        for lift in (0.075, 0.04):
            rail = np.array([(x0 - 0.012, y0 - lift + rng.normal(0, 0.003)), (x1 + 0.012, y1 - lift)])
            tube(drawing, rail, np.array([0.005, 0.005]), 2.8)
    for x, y in posts:
        post = np.array([(x, y), (x + rng.normal(0, 0.006), y - 0.105)])
        tube(drawing, post, np.array([0.010, 0.008]), 3.2)


def twig(rng, x, y, heading, length):
    """Return a crooked curve that starts at (x, y)."""
    turns = heading + np.cumsum(rng.normal(0, 0.22, 8))
    steps = np.stack([np.cos(turns), np.sin(turns)], axis=-1) * length / 8
    return np.concatenate([[[x, y]], [x, y] + np.cumsum(steps, axis=0)])


def oak(drawing, rng):
    """Add the great tree: boughs behind, limbs, trunk and roots, boughs before; return where its leaves are."""
    first = len(drawing.outlined)
    for x, y, radius in BOUGHS:
        bough(drawing, rng, x + rng.normal(0, 0.03), y + 0.04, 0.8 * radius, 0.30)
    inner = len(drawing.outlined)
    for x, y, radius in BOUGHS:
        branch(drawing, rng, np.array(TRUNK[rng.integers(3, 5)]), np.array([x, y]), radius)
    tube(drawing, TRUNK, (0.085, 0.072, 0.062, 0.058, 0.046, 0.02), 4)
    grow_roots(drawing, ROOTS, 0.055)
    for radius in (0.020, 0.012):
        ball(drawing, rng, 0.365, 0.64, radius, 0.6, 0.5, squash=1.5, line=3.5, bumps=3)
    wood = len(drawing.outlined)
    for x, y, radius in BOUGHS:
        bough(drawing, rng, x, y, radius, 0.0)
    region = drawing.region
    return (region > first) & (region <= inner) | (region > wood)


def branch(drawing, rng, fork, end, radius):
    """Add a limb that sags from the trunk to a bough, with a few twigs."""
    sag = (fork + end) / 2 + [0, rng.uniform(0.01, 0.05)]
    tube(drawing, [fork, sag, end + [0, 0.2 * radius]], np.array([0.034, 0.022, 0.009]) * (radius / 0.1) ** 0.7)
    for _ in range(3):
        heading = np.arctan2(end[1] - sag[1], end[0] - sag[0]) + rng.normal(0, 0.7)
        tube(drawing, twig(rng, *sag, heading, 0.11), np.linspace(0.012, 0.003, 9), 2.6)


def bough(drawing, rng, x, y, radius, tone):
    """Add a bough of leafy clumps, the lower and the right ones darker."""
    around, out = rng.uniform(0, 2 * np.pi, 15), np.sqrt(rng.uniform(0, 1, 15))
    dx, dy = 1.15 * out * np.cos(around), 0.8 * out * np.sin(around)
    for k in np.argsort(-dy):
        shade = tone + 0.04 + 0.26 * dx[k] + 0.42 * dy[k]
        size = radius * rng.uniform(0.26, 0.48)
        place = x + dx[k] * radius, y + dy[k] * radius
        ball(drawing, rng, *place, size, shade, 0.65, squash=0.85, line=1.6, bumps=13)


def curls(canvas, rng, chance, spacing, size, weight):
    """Scribble small leafy loops where they are likely."""
    starts = scatter(rng, spacing)
    starts = starts[rng.random(len(starts)) < at(chance, starts)]
    count = len(starts)
    t = np.linspace(0, 1, 48)[None]
    turn = rng.uniform(0, 2 * np.pi, (count, 1)) + 2 * np.pi * rng.uniform(0.8, 1.5, (count, 1)) * t
    drift = rng.uniform(0, 2 * np.pi, (count, 1))
    span = size * rng.uniform(0.5, 1.2, (count, 1))
    x = starts[:, :1] + span * (0.55 * np.cos(turn) + 1.1 * t * np.cos(drift))
    y = starts[:, 1:] + span * (0.45 * np.sin(turn) + 1.1 * t * np.sin(drift))
    pen(canvas, rng, np.stack([x, y], axis=-1), weight * rng.uniform(0.6, 1.3, count))


def washed_paper(rng, dark):
    """Return warm paper, browner in its corners, with a thin wash over the dark places."""
    corner = step_up(np.abs(X / ASPECT - 0.5) + np.abs(Y - 0.5), 0.6, 1.1)
    paper = ramp(PAPER, 0.80 + 0.16 * noise(rng, 3, 5) - 0.5 * corner)
    wash = 0.36 * step_up(gaussian_filter(dark, 6), 0.25, 1.0)[..., None]
    return paper * (1 - wash * (1 - colours(INK)[2]))


def hatching(rng):
    """Draw a great tree before fields, a village and clouds, in pen and ink with a little wash."""
    drawing, grass, clouds, distance = landscape(rng)
    before = len(drawing.outlined)
    leaves = oak(drawing, rng)
    region, dark = drawing.region, np.clip(drawing.dark, 0, 1)
    grass &= region <= before
    shadow = np.exp(-(((X - 0.60) / 0.28) ** 2) - ((Y - 0.895 - 0.05 * (X - 0.5)) / 0.035) ** 2)
    drawing.dark = dark + 0.55 * grass * shadow + 0.05 * noise(rng, 20, 2)
    drawing.angle += 0.06 * noise(rng, 12, 2)
    canvas = primed(washed_paper(rng, dark))
    land = (region > clouds) & (region <= distance)
    for only, fine in ((region <= clouds, 1.05), (land, 0.85), (region > distance, 1.05)):
        for tilt, above, spacing, length, weight in PASSES:
            hatch(canvas, rng, drawing, tilt, above, spacing * fine, length, weight * fine, only=only)
    hatch(canvas, rng, drawing, np.pi / 2, 0.25, 15, 150, 3.0, only=(region > before) & ~leaves)
    outlines(canvas, rng, drawing)
    fringe = ~leaves & (gaussian_filter(leaves.astype(np.float32), 9) > 0.12)
    curls(canvas, rng, leaves * (0.4 - 0.1 * dark) + 0.35 * fringe, 13, 13, 2.3)
    foot = np.exp(-(((X - 0.35) / 0.16) ** 2) - ((Y - 0.915) / 0.025) ** 2)
    tufts = 0.05 + 0.3 * foot + 0.3 * step_up(noise(rng, 6, 2), 0.2, 0.9)
    blades(canvas, rng, grass * tufts, 22, 46, 2.6)
    geese(canvas, rng, 0.72, 0.055, INK)
    return lit(canvas, rng, relief=0, weave=0)
