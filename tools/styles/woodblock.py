"""A lake under rain, as a woodblock print in colours."""

import numpy as np
from scipy.ndimage import (
    gaussian_filter1d,
)
from styles.brush import ASPECT, H, W, X, Y, along_levels, at, colours, lit, noise, primed, ramp, scatter, step_up
from styles.pen import ball, blades, blank, geese, grow_roots, hatch, outlines, pen, slab, tube

PRINT = {
    "black": "#19191d",
    "indigo": "#1e3a61",
    "blue": "#41709a",
    "mist": "#adc4c2",
    "cream": "#efe4c9",
    "peach": "#eebf8f",
    "ochre": "#d39c45",
    "vermilion": "#cc4526",
    "brown": "#7a5237",
    "sage": "#8fa386",
    "green": "#567560",
    "moss": "#2f4c43",
}
TINT = dict(zip(PRINT, colours(PRINT), strict=True))
KEY = {"black": PRINT["black"], "soot": "#26242a"}
DEEP = {"indigo": "#152c4d", "navy": "#1e3a61"}
PALE = {"steel": "#5f8aad", "sky": "#86aabd"}
FOAM = {"cream": PRINT["cream"], "mist": "#cbd8d0"}
NEEDLES = {"black": "#16211f", "moss": PRINT["moss"], "green": "#3f6150"}
STONE = {"moss": PRINT["moss"], "green": PRINT["green"], "sage": PRINT["sage"], "pale": "#c3c6a8"}
RAIN = {"slate": "#2a3446", "indigo": "#22324e"}

SKY_FADE = ((0.0, "indigo"), (0.13, "blue"), (0.27, "mist"), (0.36, "cream"), (0.46, "peach"))
LAKE_FADE = ((0.47, "mist"), (0.56, "mist"), (0.72, "blue"), (0.95, "indigo"), (1.0, "indigo"))
PEAKS = ((0.0, 0.37), (0.13, 0.30), (0.29, 0.125), (0.34, 0.11), (0.40, 0.15), (0.50, 0.235), (0.57, 0.215),
         (0.70, 0.31), (0.88, 0.39), (1.34, 0.47))  # fmt: skip
# centre, half length and half thickness of the bars that make up each bank of cloud
CLOUDS = (
    ((0.86, 0.315, 0.20, 0.017), (0.98, 0.345, 0.22, 0.017), (0.80, 0.375, 0.13, 0.015)),
    ((0.02, 0.215, 0.16, 0.018), (0.14, 0.248, 0.15, 0.018), (0.05, 0.281, 0.14, 0.017)),
    ((0.66, 0.085, 0.14, 0.015), (0.78, 0.114, 0.13, 0.015)),
    ((1.20, 0.075, 0.16, 0.015), (1.10, 0.104, 0.10, 0.015), (1.28, 0.133, 0.10, 0.014)),
    ((0.50, 0.395, 0.15, 0.014), (0.60, 0.421, 0.13, 0.014)),
)
COTTAGES = ((0.60, 0.508, 0.030), (0.66, 0.514, 0.036), (0.735, 0.508, 0.028), (0.54, 0.512, 0.026))
# centre and size of the rocks behind the pine, then of those before it
ROCKS = (
    (0.475, 0.695, 0.035), (0.525, 0.700, 0.050), (0.585, 0.722, 0.026), (1.34, 0.83, 0.13), (1.13, 0.90, 0.09),
    (1.26, 0.93, 0.15), (1.03, 0.97, 0.08), (0.95, 1.00, 0.05),
)  # fmt: skip
FRONT_ROCKS = ((1.16, 0.985, 0.085), (1.32, 0.975, 0.085), (1.24, 1.01, 0.065), (1.06, 1.01, 0.055))
PINE = ((1.25, 0.86), (1.235, 0.74), (1.18, 0.66), (1.20, 0.56), (1.14, 0.46), (1.16, 0.36), (1.13, 0.25))
PINE_ROOTS = (
    ((1.24, 0.79), (1.20, 0.85), (1.15, 0.875), (1.10, 0.875)),
    ((1.25, 0.80), (1.28, 0.86), (1.33, 0.885)),
    ((1.24, 0.80), (1.235, 0.87), (1.21, 0.92), (1.205, 0.95)),
    ((1.25, 0.81), (1.265, 0.89), (1.29, 0.935)),
)
# centre, half width and half height of each cushion of pine needles
PADS = (
    (1.12, 0.215, 0.075, 0.030),
    (1.25, 0.275, 0.085, 0.034),
    (1.03, 0.335, 0.085, 0.030),
    (1.19, 0.385, 0.080, 0.030),
    (1.31, 0.445, 0.070, 0.034),
    (1.00, 0.500, 0.095, 0.032),
    (1.16, 0.545, 0.065, 0.027),
    (1.29, 0.620, 0.080, 0.036),
)


def fade(place, stops):
    """Return colours that melt from one named tint to the next along `place`."""
    where, names = zip(*stops, strict=True)
    table = np.array([TINT[name] for name in names])
    return np.stack([np.interp(place, where, channel) for channel in table.T], axis=-1).astype(np.float32)


def impress(drawing, rng, where, colour, slip=3):
    """Print one block of colour, a little out of register with the lines."""
    down, right = rng.integers(-slip, slip + 1, 2)
    if not isinstance(where, tuple):
        where = np.nonzero(where)
    colour = np.broadcast_to(colour[where] if np.ndim(colour) == 3 else colour, (len(where[0]), 3))
    rim = (np.minimum(where[0], H - 1 - where[0]) <= slip) | (np.minimum(where[1], W - 1 - where[1]) <= slip)
    drawing.rgb[where[0][rim], where[1][rim]] = colour[rim]
    row, column = where[0] + down, where[1] + right
    kept = (row >= 0) & (row < H) & (column >= 0) & (column < W)
    drawing.rgb[row[kept], column[kept]] = colour[kept]


def bars(bank):
    """Return where a bank of round-ended bars is."""
    inside = np.zeros((H, W), bool)
    for x, y, length, thick in bank:
        inside |= np.hypot(np.maximum(np.abs(X - x) - length, 0), Y - y) < thick
    return inside


def mountain(drawing, rng, wobble):
    """Print a snowy mountain with two tops, its slopes lined downwards."""
    ridge = gaussian_filter1d(np.interp(X[0], *zip(*PEAKS, strict=True)), 5) + 0.012 * wobble
    rock = np.nonzero(Y - ridge > 0)
    top = np.where(X + 0.2 * (Y - 0.2) < 0.48, 0.33, 0.57)
    shady = X - top > 0
    slope = np.arctan2(Y - 0.02, (X - top) * 1.1) + 0.25 * noise(rng, 6, 2)
    dark = 0.30 + 0.35 * noise(rng, 6, 2) + 0.25 * shady
    drawing.add(rock, dark[rock], slope[rock], 4)
    impress(drawing, rng, rock, fade(Y, ((0.1, "indigo"), (0.2, "blue"), (0.33, "sage"), (0.44, "cream"))))
    teeth = np.abs((X * 17 + 0.8 * noise(rng, 5, 2)) % 1 - 0.5) + np.abs((X * 41) % 1 - 0.5) * 0.5
    line = np.minimum(0.155 + 0.11 * teeth + 0.3 * np.abs(X - 0.33), 0.29)
    snow = np.nonzero((Y - ridge > 0) & (Y - line < 0))
    dark = 0.05 + 0.4 * shady * (noise(rng, 8, 2) > 0)
    drawing.add(snow, dark[snow], slope[snow], 3)
    impress(drawing, rng, snow, fade(Y, ((0.1, "cream"), (0.22, "cream"), (0.3, "mist"))))


def shore(drawing, rng, wobble):
    """Print the far shore: green hills and rows of round trees."""
    for base, swing, top, low in ((0.445, 0.02, "sage", "cream"), (0.475, 0.012, "green", "sage")):
        ridge = base + swing * np.sin(7 * X + base * 90) - 0.03 * np.exp(-(((X - 1.1) / 0.15) ** 2)) + 0.006 * wobble
        inside = (Y - ridge > 0) & (Y < 0.52)
        drawing.add(inside, 0.3, 0.15 * np.sin(9 * X)[inside], 3.2)
        impress(drawing, rng, inside, fade(Y - ridge, ((0, top), (0.05, low))))
        for x in np.sort(rng.uniform(0, ASPECT, 26)):
            y = float(at(ridge, np.array([x * H, 0]))) + 0.008
            tree = ball(drawing, rng, x, y, rng.uniform(0.008, 0.02), 0.1, 0.5, squash=0.8, line=2.6, bumps=7)
            impress(drawing, rng, tree, TINT[rng.choice(["green", "moss", "sage"])], 2)


def hamlet(drawing, rng):
    """Print thatched roofs at the water's edge."""
    for x, y, size in COTTAGES:
        wall = np.array([(-0.7, 0), (-0.7, -0.6), (0.7, -0.6), (0.7, 0)]) * size + [x, y]
        roof = np.array([(-1.1, -0.45), (-0.6, -1.2), (0.6, -1.2), (1.1, -0.45)]) * size + [x, y]
        impress(drawing, rng, slab(drawing, wall, 0.1, 1.57, 2.6), TINT["cream"], 2)
        impress(drawing, rng, slab(drawing, roof, 0.5, 1.4, 2.8), TINT[rng.choice(["ochre", "brown", "vermilion"])], 2)


def lake(drawing, rng):
    """Print the lake, pale far away and deep near by, with rippling lines; return where it is."""
    inside = Y - 0.003 * np.sin(20 * X) > 0.515
    near = np.clip(Y - 0.5, 0, 1)
    bend = 0.035 * np.sin(22 * X - 26 * Y) + 0.03 * np.sin(9 * X + 18 * Y) + 0.01 * noise(rng, 4, 2)
    swell = Y + near * bend
    tone = 0.45 + 0.42 * np.sin(60 * swell / (0.4 + near))
    drawing.add(inside, tone[inside], along_levels(swell)[inside], 3)
    impress(drawing, rng, inside, fade(swell, LAKE_FADE))
    return inside


def bridge(drawing, rng):
    """Print a red bridge that arches over the water at the left."""

    def beam(points, thick, line, name, slip):
        where = tube(drawing, points, np.full(len(points), thick), line)
        impress(drawing, rng, where, TINT[name], slip)

    x = np.linspace(-0.06, 0.50, 24)
    y = 0.655 - 0.115 * (1 - ((x - 0.22) / 0.28) ** 2)
    for k in range(2, 22, 4):
        beam([(x[k], y[k]), (x[k], 0.70)], 0.006, 3, "brown", 2)
    beam(np.stack([x, y], axis=-1), 0.011, 4.5, "vermilion", 3)
    for k in range(1, 24, 2):
        beam([(x[k], y[k] - 0.008), (x[k], y[k] - 0.05)], 0.0035, 2.6, "vermilion", 1)
    for lift, thick in ((0.045, 0.0055), (0.026, 0.0035)):
        beam(np.stack([x, y - lift], axis=-1), thick, 3, "vermilion", 2)


def boats(drawing, rng):
    """Print two sails far away and a fisherman's boat, with his cloak and hat."""
    t = np.linspace(-1, 1, 30)
    top = np.stack([t, -0.42 * t**2 * (1.17 + 0.17 * t)], axis=-1)
    keel = np.stack([-0.8 * t, 0.24 - 0.44 * t**4], axis=-1)
    cloak = ((0.2, 0.06), (0.24, -0.3), (0.36, -0.42), (0.5, -0.28), (0.56, 0.02))
    hat = ((0.14, -0.36), (0.37, -0.58), (0.6, -0.34), (0.37, -0.3))
    sail = ((-0.3, -0.2), (-0.42, -1.3), (0.45, -1.35), (0.4, -0.2))
    hull = ((-0.8, -0.16), (0.8, -0.16), (0.5, 0.06), (-0.5, 0.06))
    far, near = ((0.86, 0.565, 0.05), (0.76, 0.545, 0.034)), (0.70, 0.70, 0.14)
    parts = [part for place in far for part in ((place, sail, 0.45, 1.57, "cream"), (place, hull, 0.5, 0.0, "brown"))]
    parts.append((near, np.concatenate([top, keel]), 0.55, 0.0, "ochre"))
    parts += [(near, cloak, 0.6, 1.2, "indigo"), (near, hat, 0.5, 1.57, "peach")]
    for (x, y, size), shape, tone, angle, name in parts:
        where = slab(drawing, np.array(shape) * size + [x, y], tone, angle, 3 + 15 * (size > 0.1) * size)
        impress(drawing, rng, where, TINT[name], 2)
    x, y, size = near
    rod = tube(
        drawing, np.array([(0.2, -0.1), (-0.35, -0.55), (-0.8, -0.72)]) * size + [x, y], (0.003, 0.002, 0.001), 3
    )
    impress(drawing, rng, rod, TINT["brown"], 1)


def boulder(drawing, rng, x, y, size, rim=0.004):
    """Add a broken rock with a dark rim; return the rim, and each face and how dark it is."""
    around = np.linspace(np.pi, 3 * np.pi, 9)[:-1] + rng.uniform(-0.2, 0.2, 8)  # from the left over the top
    edge = np.stack([np.cos(around), 0.8 * np.sin(around)], axis=-1) * rng.uniform(0.82, 1.12, (8, 1))
    left, right = rng.uniform([[-0.5, -0.15], [0.15, -0.2]], [[-0.2, 0.2], [0.45, 0.15]])
    shapes = (
        ([*edge[:5], right, left], 0.2),
        ([right, edge[4], edge[5], edge[6]], 0.85),
        ([left, right, edge[6]], 0.55),
        ([edge[0], left, edge[6], edge[7]], 0.35),
    )
    back = slab(drawing, edge * (size + rim) + [x, y], 1.0, 0.0, 0)
    faces = []
    for corners, shade in shapes:
        where = slab(drawing, np.array(corners) * size + [x, y], shade, 1.9 - shade + rng.normal(0, 0.2), 2.4)
        faces.append((where, shade))
    return back, faces


def rocks(drawing, rng, places):
    """Print broken rocks, pale where the light falls; return where they are."""
    before = len(drawing.outlined)
    for x, y, size in places:
        edge, faces = boulder(drawing, rng, x, y, size)
        impress(drawing, rng, edge, TINT["black"], 0)
        for face, shade in faces:
            impress(drawing, rng, face, ramp(STONE, 0.85 - 0.8 * shade - 0.45 * (Y[face] - y) / size), 2)
    return drawing.region > before


def breakers(drawing, rng):
    """Print waves like fish scales that lap towards us at the lower left."""
    for row, y in enumerate(np.linspace(0.79, 1.06, 10)):
        for x in np.arange(-0.05, 1.1, 0.105) + 0.05 * (row % 2) + rng.normal(0, 0.014, 11):
            size = 0.066 * rng.uniform(0.8, 1.2) * (0.7 + 0.04 * row)
            level = y + 0.10 * max(x - 0.15, 0) - 0.03 * np.sin(5 * x) + rng.normal(0, 0.006)
            if level > 0.79 + 0.12 * x:
                breaker(drawing, rng, x, level, size)


def breaker(drawing, rng, x, y, size):
    """Print one wave: rings of blue within a ring of foam."""
    for k, (name, line) in enumerate((("cream", 4.5), ("indigo", 3), ("mist", 2), ("blue", 2), ("indigo", 0))):
        ring = ball(drawing, rng, x, y, size * (1 - 0.17 * k), 0, 0, squash=0.9, line=line, bumps=2, rough=0.2)
        impress(drawing, rng, ring, fade(Y[ring] - y, ((-0.06, name), (0.08, "indigo"))), 1)


def pine(drawing, rng):
    """Print an old pine that leans over the water; return where its needles are."""
    trunk = np.array(PINE)
    for x, y, wide, _ in PADS:
        join = trunk[np.argmin(np.abs(trunk[:, 1] - y - 0.06))]
        end = np.array([x + 0.3 * wide * np.sign(join[0] - x), y + 0.012])
        limb = tube(drawing, [join, (join + [x, y]) / 2 + [0, 0.022], end], (0.013, 0.009, 0.005), 4)
        impress(drawing, rng, limb, TINT["brown"])
    bark = tube(drawing, trunk, (0.036, 0.030, 0.026, 0.023, 0.018, 0.013, 0.008), 6)
    impress(drawing, rng, bark, fade(X, ((1.1, "ochre"), (1.2, "brown"))))
    for root in grow_roots(drawing, PINE_ROOTS, 0.028):
        impress(drawing, rng, root, TINT["brown"])
    needles = np.zeros((H, W), bool)
    for x, y, wide, high in PADS:
        pad = cushion(x, y, wide, high)
        drawing.add(pad, 0, 0, 3.5)
        impress(drawing, rng, pad, fade(Y - y, ((-high, "sage"), (0, "green"), (0.7 * high, "moss"))))
        needles |= pad
    return needles


def cushion(x, y, wide, high):
    """Return where a cushion of needles is, domed above and scalloped below."""
    inside = np.zeros((H, W), bool)
    for k in np.linspace(-1, 1, 7):
        dx, dy = (X - x - 0.75 * k * wide) / wide * 2.4, (Y - y - 0.25 * k * k * high) / high
        inside |= np.hypot(dx, dy) < 1 - 0.2 * k * k
    return inside & ((Y - y) / high < 0.75 - 0.45 * np.abs(np.sin(7 * (X - x) / wide + 9 * x)))


def fans(canvas, rng, inside, spacing, length, weight):
    """Draw fans of pine needles that point up and outwards."""
    starts = scatter(rng, spacing)
    starts = starts[at(inside, starts)].repeat(15, axis=0)
    heading = -np.pi / 2 + np.tile(np.linspace(-1.45, 1.45, 15), len(starts) // 15)[:, None]
    heading = heading + rng.normal(0, 0.06, heading.shape)
    t = np.linspace(0, 1, 50)[None] * length * rng.uniform(0.75, 1.1, (len(starts), 1))
    path = np.stack([starts[:, :1] + t * np.cos(heading), starts[:, 1:] + t * np.sin(heading)], axis=-1)
    pen(canvas, rng, path, weight * rng.uniform(0.7, 1.2, len(starts)), NEEDLES)


def rain(canvas, rng):
    """Draw slanting threads of rain in the upper left."""
    threads = blank()
    threads.add(..., step_up(0.60 - X - 0.3 * Y, 0, 0.4) * (1 + 0.4 * noise(rng, 5, 3)), 1.80)
    hatch(canvas, rng, threads, 0, 0.15, 10, 330, 2.0, RAIN)


def seal(canvas, rng, x, y, size):
    """Stamp a red seal with a pine in a frame."""
    row, column = (slice(int(v * H), int((v + size) * H)) for v in (y, x))
    canvas.rgb[row, column] = TINT["vermilion"] + 0.03 * rng.standard_normal((row.stop - row.start, 1, 1))
    for stroke in (
        ((0.15, 0.15), (0.15, 0.85), (0.85, 0.85), (0.85, 0.15), (0.15, 0.15)), ((0.5, 0.28), (0.5, 0.74)),
        ((0.3, 0.48), (0.5, 0.32), (0.7, 0.48)), ((0.28, 0.66), (0.5, 0.5), (0.72, 0.66)),
    ):  # fmt: skip
        path = (np.array([x, y]) + np.array(stroke) * size) * H
        t = np.linspace(0, len(path) - 1, 160)
        path = np.stack([np.interp(t, np.arange(len(path)), channel) for channel in path.T], axis=-1)
        pen(canvas, rng, path[None], np.array([3.6]), FOAM, 0.2)


def backdrop(rng):
    """Print the sky, the sun, the mountain, the banks of cloud and the far shore."""
    drawing = blank()
    wobble = noise(rng, 3, 4)[0]
    drawing.rgb = fade(Y + 0.006 * noise(rng, 3, 3, stretch=3), SKY_FADE)
    dark = 0.06 - 0.9 * np.maximum(Y - 0.06, 0) + 0.1 * noise(rng, 4, 2, stretch=4)
    drawing.add(..., dark, along_levels(Y + 0.02 * np.sin(5 * X + 9 * Y)))
    sun = drawing.add(np.hypot(X - 0.90, Y - 0.25) < 0.105, 0, 0, 4)
    impress(drawing, rng, sun, TINT["vermilion"])
    mountain(drawing, rng, wobble)
    for bank in CLOUDS:
        inside = drawing.add(bars(bank), 0, 0, 4)
        low, high = bank[0][1] - bank[0][3], bank[-1][1] + bank[-1][3]
        impress(drawing, rng, inside, fade(Y, ((low, "cream"), (0.4 * low + 0.6 * high, "cream"), (high, "mist"))))
    shore(drawing, rng, wobble)
    return drawing


def scene(rng):
    """Print all the colour blocks; return the drawing, and where there is open water, pine needles and grass."""
    drawing = backdrop(rng)
    water = lake(drawing, rng)
    number = len(drawing.outlined)
    hamlet(drawing, rng)
    bridge(drawing, rng)
    breakers(drawing, rng)
    boats(drawing, rng)
    stone = rocks(drawing, rng, ROCKS)
    needles = pine(drawing, rng)
    stone |= rocks(drawing, rng, FRONT_ROCKS)
    return drawing, water & (drawing.region == number), needles, stone & (noise(rng, 8, 2) > 0.2)


def woodblock(rng):
    """Print a pine, a red bridge and a snowy mountain over a lake in the Japanese manner."""
    drawing, water, needles, tufts = scene(rng)
    rings = np.sin(150 * (Y + 0.08 * noise(rng, 2, 2, stretch=3)))
    grain = noise(rng, 190, 2, stretch=120) + 0.8 * rings**3
    canvas = primed(drawing.rgb + (TINT["cream"] - drawing.rgb) * np.clip(0.05 + 0.06 * grain, 0, 0.3)[..., None])
    hatch(canvas, rng, drawing, 0, 0.12, 11, 110, 3.2, DEEP, water)
    hatch(canvas, rng, drawing, 0, 0.05, 13, 130, 3.2, PALE, water & (Y > 0.66))
    hatch(canvas, rng, drawing, 0, 0.7, 17, 110, 4.5, FOAM, water & (Y > 0.58))
    hatch(canvas, rng, drawing, 0, -0.2, 13, 420, 2.6, DEEP, (drawing.region == 1) & (Y < 0.2))
    hatch(canvas, rng, drawing, 0, 0.3, 12, 100, 3.2, KEY, ~water)
    rain(canvas, rng)
    blades(canvas, rng, 0.45 * tufts, 24, 26, 2.6, NEEDLES)
    outlines(canvas, rng, drawing, KEY, 3, (150, 500), (-14, -8, -4))
    geese(canvas, rng, 0.56, 0.16, KEY)
    seal(canvas, rng, 0.025, 0.035, 0.042)
    fans(canvas, rng, needles, 21, 30, 2.8)
    return lit(canvas, rng, relief=0, weave=0)
