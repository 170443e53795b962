"""Five pictures in brush strokes: a night sky, a burning sky over water, planes, a storm, circles and wedges."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage.draw import polygon
from styles.brush import (
    ASPECT,
    PITCH,
    H,
    W,
    X,
    Y,
    along_levels,
    at,
    colours,
    drag,
    follow,
    from_plan,
    layer,
    lit,
    noise,
    primed,
    ramp,
    scatter,
    step_up,
    warp,
)

# Palettes run from dark to light: a number between 0 and 1 picks a colour along them.
NIGHT = {"ink": "#0a1233", "prussian": "#12265c", "ultramarine": "#1f3f93", "cobalt": "#2f63b4", "cerulean": "#5b97cc"}
GLOW = {"ice": "#9cc4d2", "celadon": "#c9d7a4", "straw": "#f2e08a", "chrome": "#f6c62f", "amber": "#ee9a1c"}
HILLS = {"pitch": "#080f22", "bottle": "#0f2b38", "viridian": "#1c4a4a", "teal": "#2d6b70", "sage": "#7d9a6a"}
SKY = {"oxblood": "#8c1c13", "vermilion": "#cf3a1b", "orange": "#ee6c1d", "marigold": "#f7a02b", "lemon": "#fbd569"}
FJORD = {"night": "#0b1a2b", "petrol": "#12394a", "spruce": "#1c5a5b", "slate": "#3c7388", "foam": "#a9bfae"}
CUBIST = {"umber": "#2a211b", "sepia": "#5a4630", "grey": "#85837c", "ochre": "#bd9350", "bone": "#e6dcc0"}
DUSTY = {"graphite": "#24282d", "steel": "#46545f", "dusty blue": "#6f8796", "pearl": "#b3b9b4", "chalk": "#e4e2d6"}
STORM = {"soot": "#231c1b", "bistre": "#4a372b", "lead": "#77757a", "dun": "#ab9472", "cream": "#eaddb9"}
BLAZE = {"rust": "#8a4a22", "sienna": "#c9782f", "gold": "#eeb549", "butter": "#fae29a", "white": "#fff8e2"}
GROUND = {"sand": "#dccba0", "cream": "#f0e4c6", "ivory": "#f8f0da"}
VIVID = {
    "black": "#17151a",
    "ultramarine": "#233a9c",
    "crimson": "#c3203a",
    "violet": "#6a3f94",
    "emerald": "#1f8a63",
    "vermilion": "#e8502a",
    "turquoise": "#34a9b8",
    "rose": "#e88ca0",
    "yellow": "#f7c520",
    "sky": "#9ccbe0",
}

# ---------------------------------------------------------------------------------------------------------- swirls

# x, y, radius, sense of turning, how much it glows
VORTICES = (
    (0.50, 0.36, 0.23, 1, 0.55),
    (0.83, 0.47, 0.15, -1, 0.6),
    (1.16, 0.20, 0.17, 1, 1.0),
    (0.13, 0.17, 0.11, -1, 0.9),
    (0.17, 0.53, 0.10, 1, 0.85),
    (0.80, 0.13, 0.085, 1, 0.85),
    (1.17, 0.55, 0.09, -1, 0.8),
    (0.37, 0.08, 0.06, 1, 0.7),
)


def night_flow(rng):
    """Return the angles of the night sky and its land, the glow of the vortices, their rings, and the land."""
    bend = noise(rng, 1.5, 2)
    u, v = np.cos(0.5 * bend + 0.5 * np.sin(3.5 * X)), np.sin(0.5 * bend + 0.5 * np.sin(3.5 * X))
    glow, rings = np.zeros((H, W), np.float32), np.zeros((H, W), np.float32)
    for x, y, radius, sense, light in VORTICES:
        dx, dy = X - x, Y - y
        r = np.hypot(dx, dy) + 1e-4
        pull = np.exp(-((r / radius) ** 4))
        u = u * (1 - pull) + pull * sense * (-dy / r - 0.2 * dx / r)
        v = v * (1 - pull) + pull * sense * (dx / r - 0.2 * dy / r)
        glow = np.maximum(glow, light * np.exp(-((r / (0.7 * radius)) ** 2)))
        # The rings turn into a spiral, since a bare set of circles looks like a target.
        rings += pull * np.sin(2 * np.pi * r / (0.3 * radius) - sense * np.arctan2(dy, dx))
    crest = 0.80 + 0.06 * np.sin(4.2 * X + 0.6) - 0.05 * np.sin(9 * X) + 0.015 * bend
    land = Y - crest > 0
    hill = along_levels(Y - crest - 0.10 * np.sin(7 * X + 9 * (Y - crest)) * (Y - crest) * 4)
    return np.where(land, hill, np.arctan2(v, u)).astype(np.float32), glow, rings, land, Y - crest


def night_colours(rng, sky, hill, heat, land):
    """Return a chooser of stroke colours: fire where it is hot, blues in the rest of the sky, greens on the land."""

    def choose(points):
        warm = at(heat, points) * rng.uniform(0.55, 1.45, len(points))
        result = []
        for spread in (0.12, 0.22):
            blue = ramp(NIGHT, at(sky, points) + rng.normal(0, spread, len(points)))
            fire = ramp(GLOW, 1.15 * (warm - 0.2) + rng.normal(0, spread / 1.5, len(points)))
            green = ramp(HILLS, at(hill, points) + rng.normal(0, spread, len(points)))
            lights = np.where((warm > 0.2)[:, None], fire, blue)
            result.append(np.where(at(land, points)[:, None], green, lights))
        return result

    return choose


def swirls(rng):
    """Paint night blues that turn around glowing yellow vortices, over dark hills."""
    angle, glow, rings, land, depth = night_flow(rng)
    blot = noise(rng, 3, 4)
    sky = 0.45 + 0.24 * blot + 0.24 * rings + 0.12 * np.sin(16 * Y + 3 * np.sin(3.5 * X))
    hill = 0.35 + 0.25 * blot + 0.28 * np.sin(60 * depth + 3 * np.sin(7 * X)) - 0.3 * step_up(depth, 0.1, 0.3)
    heat = glow * (1 + 0.5 * np.clip(rings, -1, 1))
    choose = night_colours(rng, sky, hill, heat, land)
    canvas = primed(ramp(NIGHT, sky))
    for spacing, length, width in ((44, 190, 42), (26, 150, 24), (17, 100, 14)):
        layer(canvas, rng, angle, choose, spacing, length, width, clip=land)
    accents = np.clip(0.25 + 0.8 * glow + 0.3 * np.abs(rings), 0, 1)
    layer(canvas, rng, angle, choose, 13, 64, 8.5, keep=accents, body=1.3, clip=land)
    return lit(canvas, rng)


# ----------------------------------------------------------------------------------------------------------- waves


def bands_of(rng):
    """Return the water, the brush angles, the plan whose levels are the bands, their tones and the cold bands."""
    bend = noise(rng, 1.2, 2)
    horizon = 0.55 + 0.03 * np.sin(3 * X + 1) + 0.05 * (X - 0.6) + 0.010 * noise(rng, 5, 2, stretch=2)
    water = Y - horizon > 0
    air = Y + 0.055 * np.sin(4.6 * X + 5 * Y) + 0.03 * np.sin(9 * X - 7 * Y) + 0.05 * bend
    swell = Y - horizon + (Y - horizon) * 0.9 * np.sin(4.4 * X + 6 * Y + 0.8 * bend) + 0.04 * bend
    plan = np.where(water, swell, air)
    angle = np.where(water, along_levels(swell), along_levels(air)).astype(np.float32)
    bands = noise(rng, 2, 3)[:, W // 2]  # one column of noise, so that a band keeps its colour along its whole length
    height = np.linspace(-0.6, 1.6, H)
    tone = np.interp(plan, height, 0.5 + 0.5 * bands + 0.3 * np.sin(height * 52)) + 0.10 * noise(rng, 3, 3, stretch=4)
    cold = step_up(np.sin(air * 41 + 1.2), 0.8, 0.95) * step_up(Y, 0.05, 0.2)
    return water, angle, plan, tone, cold


def band_colours(rng, water, tone, cold):
    """Return a chooser of stroke colours: fire with cold streaks above, dark greens with a few glints below."""

    def choose(points):
        result = []
        for spread in (0.08, 0.2):
            here = at(tone, points) + rng.normal(0, spread, len(points))
            sky = ramp(SKY, here * 1.1 - 0.08)
            streak = ramp(FJORD, 0.8 + 0.3 * here)
            sky = np.where((at(cold, points) > rng.uniform(0.3, 1.2, len(points)))[:, None], streak, sky)
            sea = ramp(FJORD, 0.95 * here - 0.24)
            glint = ramp(SKY, here + 0.2)
            sea = np.where((rng.random(len(points)) < 0.06)[:, None], glint, sea)
            result.append(np.where(at(water, points)[:, None], sea, sky))
        return result

    return choose


def waves(rng):
    """Paint a burning sky in long bands over dark blue-green bands."""
    water, angle, plan, tone, cold = bands_of(rng)
    choose = band_colours(rng, water, tone, cold)
    canvas = primed(np.where(water[..., None], ramp(FJORD, tone), ramp(SKY, tone)))
    for spacing, length, width in ((52, 460, 40), (34, 420, 20), (25, 300, 11)):
        layer(canvas, rng, angle, choose, spacing, length, width, clip=water, dry=0.8)
    contour(canvas, rng, angle, plan, water)
    return lit(canvas, rng)


def contour(canvas, rng, angle, plan, water):
    """Draw long dark lines along some of the bands and along the horizon."""
    edge = np.abs(np.sin(plan * 26)) < 0.10
    rim = water & ~np.roll(water, 5, axis=0)
    starts = scatter(rng, 16)
    starts = starts[at(edge, starts) & (rng.random(len(starts)) < 0.16) | at(rim, starts)]
    dark = np.where(at(water, starts)[:, None], colours(FJORD)[0], colours(SKY)[0] * 0.45)
    lengths = rng.uniform(200, 520, len(starts)).astype(np.float32)
    widths = rng.uniform(4, 9, len(starts)).astype(np.float32)
    drag(canvas, rng, follow(angle, starts, lengths), widths, dark, dark + 0.08, dry=0.7)


# ---------------------------------------------------------------------------------------------------------- facets


def plane(rng, centre, size, axes):
    """Return the sides of a plane: a quadrilateral leaning along the picture's few axes, or a sector of a disc."""
    first, second = rng.choice(axes, 2, replace=False) + rng.normal(0, 0.05, 2)
    if rng.random() < 0.2:
        t = np.linspace(first, first + rng.uniform(0.8, 2.2), 30)
        rim = centre + 0.45 * size * np.stack([np.cos(t), np.sin(t)], axis=-1)
        return [np.array([centre, rim[0]]), rim, np.array([rim[-1], centre])]
    a = np.array([np.cos(first), np.sin(first)]) * size * rng.uniform(0.5, 1.2)
    b = np.array([np.cos(second), np.sin(second)]) * size * rng.uniform(0.35, 0.9)
    corners = np.array([-a - b, a - b, a + b * rng.uniform(0.2, 1.1), -a * rng.uniform(0.1, 1) + b])
    corners = centre + corners * 0.5
    return [corners[[k, (k + 1) % 4]] for k in range(4)]


def add_plane(plan, angle, region, rng, corners, number, light):
    """Fill a plane with a gradient that starts at one side and melts into what lies behind it."""
    rows, columns = polygon(corners[:, 1], corners[:, 0], (H, W))
    if len(rows) == 0:
        return
    side = corners[1] - corners[0]
    normal = np.array([-side[1], side[0]]) / (np.linalg.norm(side) + 1e-6)
    depth = (columns - corners[0, 0]) * normal[0] + (rows - corners[0, 1]) * normal[1]
    depth = (depth - depth.min()) / (np.ptp(depth) + 1e-6)
    palette = CUBIST if rng.random() < 0.62 else DUSTY
    near = np.clip(light + rng.normal(0, 0.42), 0, 1)
    far = np.clip(near + (1 if near < 0.5 else -1) * rng.uniform(0.4, 0.9), 0, 1)
    colour = ramp(palette, near + (far - near) * depth)
    opacity = (0.95 - 0.75 * depth**2)[:, None] if rng.random() < 0.5 else 0.93
    plan[rows, columns] = plan[rows, columns] * (1 - opacity) + colour * opacity
    angle[rows, columns] = np.arctan2(side[1], side[0]) + rng.choice([0, np.pi / 2, 0.6])
    region[rows, columns] = number


def line(rng, points):
    """Return a hand-drawn, slightly shaky path through some points."""
    run = np.append(0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=-1)))
    places = np.linspace(0, run[-1], int(run[-1] / PITCH) + 3)
    path = np.stack([np.interp(places, run, channel) for channel in points.T], axis=-1)
    return (path + gaussian_filter(rng.standard_normal(path.shape), (60, 0)) * 14)[None].astype(np.float32)


def facets(rng):
    """Paint overlapping planes in ochre, grey, umber and dusty blue, gathered towards the middle."""
    light = 0.45 + 0.25 * noise(rng, 2, 2)
    plan = ramp(CUBIST, light - 0.05)
    angle = np.full((H, W), 1.1, np.float32)
    region = np.zeros((H, W), np.int32)
    axes = np.array([0.1, 0.72, 1.2, 1.57, 2.15])
    edges = []
    for size, count, spread in ((760, 40, 0.60), (440, 54, 0.42), (250, 64, 0.32), (130, 56, 0.28)):
        for _ in range(count):
            centre = rng.normal([0.5 * W, 0.5 * H], [spread * W * 0.7, spread * H * 0.9])
            if size > 300:  # the large planes reach every corner, the small ones gather in the middle
                centre = rng.uniform([0, 0], [W, H])
            sides = plane(rng, centre, size, axes)
            add_plane(plan, angle, region, rng, np.concatenate(sides), len(edges) + 1, float(at(light, centre)) + 0.05)
            edges.append(sides)
    canvas = primed(plan)
    choose = from_plan(rng, plan, 0.018, 0.045)
    for spacing, length, width in ((34, 130, 30), (20, 70, 17), (13, 40, 11)):
        layer(canvas, rng, angle, choose, spacing, length, width, clip=region, dry=0.75)
    outline(canvas, rng, edges, region)
    return lit(canvas, rng)


def outline(canvas, rng, planes, region):
    """Draw dark strokes just inside the visible sides of the planes, and pale ones along a few of them."""
    for number, sides in enumerate(planes, 1):
        middle = np.concatenate(sides).mean(axis=0)
        for side in sides:
            inset = side + 5 * (middle - side) / (np.linalg.norm(middle - side, axis=-1, keepdims=True) + 1)
            path = line(rng, inset)
            hidden = at(region, path[0, path.shape[1] // 2]) != number
            if hidden or rng.random() < 0.4:
                continue
            pale = rng.random() < 0.12
            colour = ramp(CUBIST, np.array([0.97 if pale else rng.uniform(0, 0.1)]))
            width = np.array([rng.uniform(3, 9)], np.float32)
            drag(canvas, rng, path, width, colour, colour + (-0.15 if pale else 0.08), dry=0.9, clip=region)


# ------------------------------------------------------------------------------------------------------------ haze


def storm(rng):
    """Return the light, the warmth, the brush angles, the sea and the arms of the storm."""
    cloud = warp(noise(rng, 2.5, 6), 0.10 * noise(rng, 3, 4), 0.10 * noise(rng, 3, 4))
    # The vortex is bent out of shape, since a true spiral would look like a drain.
    dx, dy = X - 0.76 + 0.07 * noise(rng, 2.5, 3), (Y - 0.42) * 1.25 + 0.07 * noise(rng, 2.5, 3)
    r, theta = np.hypot(dx, dy), np.arctan2(dy, dx)
    arms = np.sin(2 * theta - 8.5 * np.sqrt(r) + 1.3 * cloud + 2.2)
    light = 1.0 * np.exp(-((r / 0.36) ** 1.4)) + 0.30 * arms * step_up(r, 0.05, 0.25) + 0.26 * cloud + 0.32
    sea = step_up(Y + 0.05 * cloud + 0.08 * np.sin(3.2 * X + 0.4), 0.76, 0.86)
    path = np.exp(-(((X - 0.76 + 0.05 * cloud) / 0.15) ** 2))  # the light comes down the water towards us
    light += sea * (0.25 * path - 0.04 + 0.26 * np.sin(34 * Y + 5 * np.sin(4 * X) + 3 * cloud))
    warm = np.exp(-((r / 0.42) ** 2)) + 0.35 * path * sea + 0.14 * noise(rng, 3, 3)
    angle = theta + np.pi / 2 + 0.35 + 0.7 * cloud - 1.1 * np.exp(-((r / 0.1) ** 2))
    angle = np.where(sea > 0.5, 0.5 * np.sin(7 * X + 4 * cloud) - 0.1, angle)
    light = np.maximum(light, 0.12 + 0.4 * light)  # keep some colour in the darkest corners
    return light, warm, angle.astype(np.float32), sea, arms


def haze(rng):
    """Paint a storm that turns around a warm light, over dark water."""
    light, warm, angle, sea, arms = storm(rng)

    def choose(points):
        result = []
        for spread in (0.035, 0.09):
            here = at(light, points) + rng.normal(0, spread, len(points))
            heat = step_up(at(warm, points) + rng.normal(0, 0.12, len(points)), 0.2, 0.8)[:, None]
            result.append((ramp(STORM, here * 0.95) * (1 - heat) + ramp(BLAZE, here * 0.85) * heat).astype(np.float32))
        return result

    canvas = primed(ramp(STORM, light))
    for spacing, length, width, cover in ((60, 420, 96, 0.8), (40, 300, 48, 0.5), (30, 220, 24, 0.45)):
        layer(canvas, rng, angle, choose, spacing, length, width, cover=cover, body=0.5, dry=1.5)
    # Small dabs rubbed over each other bring back the broken edges of the clouds.
    layer(canvas, rng, angle + 0.5 * noise(rng, 9, 2), choose, 10, 34, 10, cover=0.4, body=0.5, dry=1.3)
    thick = np.clip(0.05 + 1.0 * (light - 0.6), 0, 0.8)
    layer(canvas, rng, angle, choose, 18, 120, 13, keep=thick, cover=0.8, body=1.3, dry=1.4)
    spray(canvas, rng, angle, sea, arms)
    return lit(canvas, rng)


def spray(canvas, rng, angle, sea, arms):
    """Flick short pale strokes and drops off the waves and along the arms of the storm."""
    chance = np.clip(0.5 * sea * (1 - sea) * 4 + 0.06 * (arms > 0.6), 0, 1)
    starts = scatter(rng, 11)
    starts = starts[rng.random(len(starts)) < at(chance, starts)]
    starts = starts + rng.normal(0, 12, starts.shape).astype(np.float32)
    lengths = rng.gamma(1.3, 7, len(starts)).astype(np.float32).clip(2, 60)
    widths = rng.gamma(2, 1.0, len(starts)).astype(np.float32).clip(1.5, 7)
    pale = ramp(STORM, rng.uniform(0.8, 1.0, len(starts)))
    drag(canvas, rng, follow(angle - 0.4, starts, lengths), widths, pale, pale + 0.06, body=1.2, cover=0.75)


# ---------------------------------------------------------------------------------------------------------- shapes


@dataclass
class Sheet:
    """A colour plan with the brush direction of each part and a number per part."""

    plan: np.ndarray
    angle: np.ndarray
    region: np.ndarray
    count: int = 0

    def wash(self, inside, colour, opacity, angle):
        """Lay a colour over a part of the sheet, what lies beneath showing through."""
        self.plan[inside] = self.plan[inside] * (1 - opacity) + colour * opacity
        self.angle[inside] = np.broadcast_to(angle, (H, W))[inside]
        # A number that depends on the one beneath, so that every overlap is a part of its own.
        self.count += 1
        self.region[inside] = (self.region[inside] * 131 + self.count) % 1_000_003


def convex(x, y, corners):
    """Return where a convex polygon is, its corners given clockwise on the screen."""
    inside = np.ones((H, W), bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        inside &= (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) >= 0
    return inside


# x, y, then radius and colour of each disc from the outermost inwards
TARGETS = (
    (0.34, 0.33, ((0.250, "rose", 0.55), (0.205, "black", 0.95), (0.190, "violet", 0.9), (0.145, "crimson", 0.9),
                  (0.090, "ultramarine", 0.95), (0.045, "yellow", 0.95))),
    (1.08, 0.26, ((0.165, "yellow", 0.85), (0.115, "vermilion", 0.9), (0.070, "turquoise", 0.95),
                  (0.030, "black", 0.95))),
    (0.22, 0.79, ((0.135, "turquoise", 0.8), (0.085, "ultramarine", 0.9), (0.040, "vermilion", 0.95))),
    (0.80, 0.62, ((0.105, "crimson", 0.85), (0.062, "yellow", 0.9), (0.028, "emerald", 0.95))),
)  # fmt: skip
WEDGES = (
    (((0.02, 0.62), (0.72, 0.06), (0.80, 0.16)), "yellow", 0.75),
    (((0.50, 0.98), (0.66, 0.30), (0.86, 0.96)), "ultramarine", 0.7),
    (((0.78, 0.10), (1.34, 0.50), (1.26, 0.60)), "emerald", 0.7),
    (((0.93, 0.98), (1.16, 0.50), (1.30, 0.94)), "vermilion", 0.7),
    (((0.30, 0.98), (0.40, 0.62), (0.53, 0.90)), "violet", 0.8),
    (((0.02, 0.04), (0.15, 0.02), (0.09, 0.26)), "emerald", 0.85),
    (((0.58, 0.03), (0.76, 0.02), (0.64, 0.20)), "crimson", 0.85),
    (((1.20, 0.02), (1.32, 0.04), (1.29, 0.17)), "ultramarine", 0.85),
)


def lay_shapes(sheet, rng, x, y):
    """Lay the wedges, scattered discs, targets and checks on the sheet."""
    paint = dict(zip(VIVID, colours(VIVID), strict=True))
    names = list(VIVID)
    for corners, name, opacity in WEDGES:
        sheet.wash(convex(x, y, np.array(corners)), paint[name], opacity, rng.uniform(0, np.pi))
    for _ in range(40):
        cx, cy, size = rng.uniform(0, ASPECT), rng.uniform(0, 1), 0.018 + 0.09 * rng.random() ** 2
        inside = np.hypot(x - cx, y - cy) < size
        if rng.random() < 0.3:  # some are half discs
            inside &= (x - cx) * np.cos(cx * 9) + (y - cy) * np.sin(cx * 9) > 0
        sheet.wash(inside, paint[names[rng.integers(1, 10)]], rng.uniform(0.6, 0.95), rng.uniform(0, np.pi))
    for cx, cy, discs in TARGETS:
        around = np.arctan2(y - cy, x - cx) + np.pi / 2
        for radius, name, opacity in discs:
            sheet.wash(np.hypot(x - cx, y - cy) < radius, paint[name], opacity, around)
    for cx, cy, turn, cell, (wide, high) in ((1.07, 0.72, -0.35, 0.036, (6, 5)), (0.60, 0.36, 0.5, 0.026, (4, 6))):
        u = ((x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)) / cell
        v = ((y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)) / cell
        for k in range(wide * high):
            row, column = k // wide - high / 2, k % wide - wide / 2
            name = names[rng.integers(1, 10)] if rng.random() < 0.55 else ("black", "sky")[(k + k // wide) % 2]
            inside = (u >= column) & (u < column + 1) & (v >= row) & (v < row + 1)
            sheet.wash(inside, paint[name], 0.92, turn + (k % 2) * np.pi / 2)


def arc(rng, x, y, radius, first, last):
    """Return a shaky path along a circle between two angles."""
    t = np.linspace(first, last, 200)
    return line(rng, np.stack([x + radius * np.cos(t), y + radius * np.sin(t)], axis=-1) * H)


def line_work(rng):
    """Return the paths and widths of the black lines: a few long ones, bundles, arcs and a row of waves."""
    work = []

    def straight(x0, y0, x1, y1, width):
        work.append((line(rng, np.array([[x0, y0], [x1, y1]]) * H), width))

    for ends in ((0.04, 0.97, 1.02, 0.03, 13), (0.47, 0.02, 1.30, 0.90, 9), (0.02, 0.47, 1.31, 0.37, 5)):
        straight(*ends)
    for k in range(6):
        straight(0.60 + 0.022 * k, 0.44 - 0.004 * k, 0.86 + 0.030 * k, 0.97 - 0.02 * k, 4 + k)
        straight(0.06 + 0.03 * k, 0.60 + 0.012 * k, 0.20 + 0.035 * k, 0.50 + 0.02 * k, 5)
        straight(1.02 + 0.02 * k, 0.50 - 0.01 * k, 1.20 + 0.015 * k, 0.38 + 0.012 * k, 4)
    for x, y, radius, first, last, width in (
        (0.34, 0.33, 0.275, 2.3, 5.2, 12), (0.34, 0.33, 0.232, 5.4, 8.0, 6), (1.08, 0.26, 0.19, -0.6, 2.4, 10),
        (0.22, 0.79, 0.16, 3.4, 6.0, 9), (0.80, 0.62, 0.13, 1.0, 4.2, 8), (0.56, 0.76, 0.30, -1.3, 0.6, 7),
        (0.95, 0.98, 0.28, 3.5, 5.6, 14), (0.72, 0.12, 0.10, 0.2, 3.3, 7),
    ):  # fmt: skip
        work.append((arc(rng, x, y, radius, first, last), width))
    for k in range(7):  # a row of waves is made of half circles turned up and down
        work.append((arc(rng, 0.86 + 0.05 * k, 0.92, 0.025, *((np.pi, 2 * np.pi), (np.pi, 0))[k % 2]), 7))
        work.append((arc(rng, 0.06 + 0.05 * k, 0.075, 0.025, *((np.pi, 2 * np.pi), (np.pi, 0))[k % 2]), 6))
    return work


def shapes(rng):
    """Paint circles, wedges, checks, arcs and lines in many colours on a cream ground."""
    plan = ramp(GROUND, 0.5 + 0.3 * noise(rng, 2, 4))
    sheet = Sheet(plan, (0.7 + 0.8 * noise(rng, 2, 2)).astype(np.float32), np.ones((H, W), np.int64))
    x, y = X + 0.0035 * noise(rng, 6, 3), Y + 0.0035 * noise(rng, 6, 3)  # the wobble of the hand
    vivid = colours(VIVID)
    for _ in range(18):  # soft clouds of colour behind everything
        cx, cy, size = rng.uniform(0, ASPECT), rng.uniform(0, 1), rng.uniform(0.08, 0.20)
        r = np.hypot(x - cx, (y - cy) * rng.uniform(0.8, 1.4)) / size
        sheet.plan += (vivid[rng.integers(1, 10)] - sheet.plan) * (0.55 * np.exp(-(r**4)))[..., None]
    lay_shapes(sheet, rng, x, y)
    canvas = primed(sheet.plan)
    choose = from_plan(rng, sheet.plan, 0.025, 0.06)
    for spacing, length, width in ((34, 100, 32), (22, 76, 18), (14, 46, 11)):
        layer(canvas, rng, sheet.angle, choose, spacing, length, width, clip=sheet.region, dry=0.75)
    black = colours(VIVID)[:1]
    for path, width in line_work(rng):
        drag(canvas, rng, path, np.array([width], np.float32), black, black + 0.08, dry=0.5)
    return lit(canvas, rng)
