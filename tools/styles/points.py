"""A landscape in dots of pure colour."""

import numpy as np
from scipy.ndimage import gaussian_filter
from styles.brush import ASPECT, H, W, X, Y, at, colours, lit, noise, primed, ramp, scatter, step_up, warp
from styles.outlines import apart, between, blade, curve, inside, ribbon, round_at, softened

PIGMENTS = {
    "indigo": "#1a1f6b",
    "ultramarine": "#2438b0",
    "cobalt": "#2f6ad0",
    "cerulean": "#45a5de",
    "light blue": "#a5d4ee",
    "viridian": "#0f7a5f",
    "emerald": "#27a84f",
    "leaf": "#86c232",
    "lemon": "#f8ea5a",
    "chrome": "#fcc41c",
    "orange": "#f78418",
    "vermilion": "#e6421f",
    "madder": "#b3204f",
    "pink": "#f590a4",
    "shell": "#fcd0b8",
    "cream": "#fdf3cd",
    "violet": "#6a34a5",
    "mauve": "#ac7fd0",
}
AIR = {
    "cobalt": "#3a78cf",
    "azure": "#7fb4e4",
    "lilac": "#c4b3e0",
    "pink": "#f5b1ac",
    "peach": "#fdc584",
    "sun": "#ffe680",
}
WOOD = {"indigo": "#232465", "violet": "#573a8e", "madder": "#96405f", "orange": "#dd7a34", "chrome": "#f5c04a"}
LEAVES = {
    "indigo": "#1d2a70",
    "blue": "#1b5a80",
    "viridian": "#177a58",
    "emerald": "#45a344",
    "leaf": "#a5c834",
    "sun": "#f7dc50",
}
MEADOW = {"violet": "#3d3f94", "viridian": "#20786a", "emerald": "#4aa64c", "leaf": "#a8c83c", "lemon": "#f4e35c"}
DEEP = {"indigo": "#232a86", "cobalt": "#2c5cc4", "cerulean": "#4b9bd8", "lilac": "#a9a6e2", "pink": "#efb4c0"}
RIDGE = {"indigo": "#4650a4", "violet": "#7a6cba", "mauve": "#b592c8", "rose": "#e8a6b4"}
DISC = (0.875, 0.405)
HORIZON = 0.50
# x, height, lean and colour of the sails
BOATS = (
    (0.60, 0.190, 1, "#fff2d8"),
    (0.715, 0.095, 1, "#f6a06a"),
    (1.13, 0.125, -1, "#f0603a"),
    (1.035, 0.085, -1, "#fff2d8"),
)
# path of each trunk with its width at the foot
TRUNKS = (
    (((0.235, 0.93), (0.225, 0.76), (0.275, 0.60), (0.260, 0.44), (0.32, 0.26)), 0.024),
    (((0.262, 0.50), (0.220, 0.40), (0.150, 0.31), (0.12, 0.24)), 0.015),
    (((0.272, 0.60), (0.330, 0.46), (0.420, 0.36), (0.46, 0.27)), 0.016),
    (((0.055, 0.96), (0.070, 0.80), (0.045, 0.64), (0.08, 0.45)), 0.017),
)
# x, y, half width and half height of the clumps of leaves
CLUMPS = (
    (0.06, 0.16, 0.13, 0.085), (0.20, 0.09, 0.16, 0.080), (0.36, 0.13, 0.15, 0.080), (0.48, 0.215, 0.095, 0.055),
    (0.28, 0.215, 0.13, 0.060), (0.12, 0.27, 0.10, 0.050), (0.41, 0.275, 0.07, 0.035), (0.05, 0.42, 0.10, 0.060),
    (0.11, 0.50, 0.06, 0.035), (1.255, 0.635, 0.040, 0.24), (1.318, 0.66, 0.030, 0.17), (1.195, 0.76, 0.024, 0.11),
)  # fmt: skip


# spacing and radius of the dots, how far their colours stray, their least distance in radii, how many are kept
DOTS = ((12, 9.0, 0.045, 0.3, 9), (8, 7.2, 0.042, 1.74, 9), (6, 5.0, 0.024, 1.8, 0.3))


def paint_air(rng):
    """Return the colours of the evening sky: a low sun, bands of cloud, far ridges."""
    r = np.hypot(X - DISC[0], (Y - DISC[1]) * 1.25)
    tone = 0.08 + 1.35 * Y + 0.42 * np.exp(-((r / 0.28) ** 1.3)) + 0.03 * noise(rng, 3, 3)
    cloud = noise(rng, 7, 4, stretch=4.5) + 0.35 * np.sin(26 * Y + 3 * np.sin(3 * X))
    tone += (
        0.05 * np.sin(48 * r) * np.exp(-r / 0.4) + 0.20 * step_up(cloud, 0.15, 0.9) - 0.12 * step_up(-cloud, 0.2, 1.0)
    )
    plan = ramp(AIR, tone)
    heart = (1 - step_up(r, 0.058, 0.064))[..., None]
    ring = 0.75 * np.exp(-(((r - 0.078) / 0.016) ** 2))[..., None]
    plan = plan * (1 - ring) + np.array([0.98, 0.60, 0.22]) * ring
    plan = plan * (1 - heart) + np.array([1.0, 0.98, 0.80]) * heart
    for crest, wave, tone in ((0.455, 0.030, 0.75), (0.478, 0.016, 0.3)):
        top = crest + wave * np.sin(5.1 * X + 40 * wave) + 0.006 * noise(rng, 12, 3) + 0.05 * (X - 0.75) ** 2
        lights = tone + 0.25 * noise(rng, 14, 2) + 0.7 * np.exp(-((r / 0.17) ** 2))
        plan = np.where((top < Y)[..., None], ramp(RIDGE, lights), plan)
    return plan.astype(np.float32)


def paint_boats(plan):
    """Put the sailing boats on the horizon."""
    for x, high, lean, colour in BOATS:
        sail = colours({"": colour})[0]
        foot = HORIZON + 0.04 * high
        for reach, peak, shade in ((0.42, 1.0, 1.0), (-0.26, 0.80, 0.82)):
            corners = np.array(
                [(x, foot - high * peak), (x + lean * reach * high, foot - 0.10 * high), (x, foot - 0.10 * high)]
            )
            plan[inside(corners)] = sail * shade + np.array([-0.10, -0.10, 0.12]) * (shade < 1)
        hull = blade(
            (x - 0.36 * high * lean, foot - 0.03 * high), (x + 0.46 * high * lean, foot - 0.05 * high), 0.06 * high
        )
        plan[between(hull[0], hull[2])] = (0.22, 0.16, 0.42)


def paint_water(rng, far):
    """Return the picture with the water below the horizon: all that is above it, upside down and broken by ripples."""
    depth = np.clip(Y - HORIZON, 0, 1)
    ripple = noise(rng, 26, 3, stretch=6)
    shift = 0.03 * ripple * (depth + 0.15), 2 * (HORIZON - Y) + 0.07 * ripple * depth
    mirror = np.stack([warp(channel, *shift) for channel in np.moveaxis(far, -1, 0)], axis=-1)
    shade = step_up(ripple, -0.5, 0.9)[..., None]
    blue = ramp(DEEP, 0.75 - 1.1 * depth + 0.28 * ripple + 0.10 * np.sin(90 * depth**0.7))
    water = mirror + (blue - mirror) * np.clip(0.35 + 1.0 * depth - 0.3 * shade[..., 0], 0, 0.85)[..., None]
    path = np.exp(-(((X - DISC[0] + 0.02 * ripple) / (0.05 + 0.20 * depth)) ** 2)) * (
        0.4 + 0.6 * step_up(ripple, -0.4, 0.3)
    )
    gold = ramp(AIR, 0.85 + 0.15 * shade[..., 0])
    water += (gold - water) * (0.95 * path)[..., None]
    return np.where((Y < HORIZON)[..., None], far, water).astype(np.float32)


def paint_shore(rng, plan):
    """Put the near bank with its sunlit grass and long shadows."""
    edge = 0.735 + 0.16 * step_up(X, 0.1, 0.75) + 0.055 * np.sin(4.2 * X + 0.5) + 0.008 * noise(rng, 14, 3)
    edge = edge + 0.10 * step_up(X, 0.8, 1.0) - 0.27 * step_up(X, 1.0, 1.36)
    depth = Y - edge
    ray = np.arctan2(X - DISC[0], Y - DISC[1])  # shadows fall away from the sun
    shadow = 0.8 * np.sin(19 * ray + 1.2 * noise(rng, 3, 2)) + 0.9 * noise(rng, 9, 3, stretch=2)
    tone = 0.54 + 0.28 * np.clip(shadow, -1.6, 1.2) - 0.7 * np.clip(depth - 0.12, 0, 1) + 0.10 * (X - 0.5)
    grass = ramp(MEADOW, tone)
    rim = np.exp(-((depth / 0.012) ** 2))[..., None]
    grass = grass + (np.array([0.98, 0.80, 0.42]) - grass) * 0.8 * rim
    plan[depth > 0] = grass[depth > 0]
    for x, y in rng.uniform([0, 0.72], [ASPECT, 1], (150, 2)):
        if at(depth, np.array([x, y]) * H) > 0.025:
            plan[round_at(x, y, rng.uniform(0.004, 0.011))] = colours(PIGMENTS)[rng.choice([11, 12, 13, 15, 10])]


def paint_trees(rng, plan):
    """Put the leaning pines in front of the light."""
    rough = 0.22 * noise(rng, 9, 4)
    for points, foot in TRUNKS:
        path = curve(points)
        t = np.linspace(1, 0, len(path))
        left, right = ribbon(path, foot * (0.35 + 0.65 * t) * (1 + 0.25 * t**6))
        mask = between(left, right)
        middle = np.interp(Y[mask], *path[np.argsort(path[:, 1])].T[::-1])
        side = (X[mask] - middle) / foot
        plan[mask] = ramp(WOOD, 0.42 + 0.42 * side + 0.25 * rough[mask])
    for x, y, wide, high in CLUMPS:
        dx, dy = (X - x) / wide, (Y - y) / high
        mask = np.hypot(dx, dy * (1 + 0.5 * (dy > 0))) + 1.15 * rough < 1.0
        tone = 0.40 + 0.30 * dx - 0.30 * dy + 0.9 * rough + 0.10 * noise(rng, 22, 2)
        plan[mask] = ramp(LEAVES, tone)[mask]


def landscape(rng):
    """Return the colours of an evening bay with boats, seen past leaning pines."""
    far = paint_air(rng)
    paint_boats(far)
    plan = paint_water(rng, far)
    paint_shore(rng, plan)
    paint_trees(rng, plan)
    return plan


def haloed(plan):
    """Return the plan with each colour pushed away from its neighbours', so that edges glow in complements."""
    near = gaussian_filter(plan, (14, 14, 0))
    return plan + 0.75 * (plan - near)


def pure(rng, target, spread):
    """Return for each colour a pure pigment whose dots, many together, mix to about that colour."""
    table = colours(PIGMENTS)
    grey = target.mean(axis=-1, keepdims=True)
    vivid = grey + 1.35 * (target - grey)
    contrary = rng.random((len(target), 1)) < 0.10
    vivid = np.where(contrary, grey - 0.55 * (target - grey), vivid)
    gap = ((vivid[:, None] - table) ** 2 @ np.array([0.9, 1.2, 0.7])) / spread
    return table[np.argmin(gap - rng.gumbel(0, 1, gap.shape), axis=-1)]


def dot(canvas, rng, places, radii, paint, stretch):
    """Press a rounded dab of paint onto the canvas at each point."""
    reach = int(np.ceil(radii.max() * 1.5))
    v, u = (grid.ravel() for grid in np.mgrid[-reach : reach + 1, -reach : reach + 1])
    theta, r = np.arctan2(v, u), np.hypot(u, v)
    rgb, height = canvas.rgb.reshape(-1, 3), canvas.height.reshape(-1)
    for low in range(0, len(places), 1500):
        part = slice(low, low + 1500)
        turn = rng.uniform(0, 2 * np.pi, (2, len(radii[part]), 1))
        shape = 1 + 0.09 * np.cos(2 * theta + turn[0]) + 0.06 * np.cos(3 * theta + turn[1])
        shape = shape * (1 + (stretch[part, None] - 1) * np.cos(2 * theta) / 2)
        place = r / (radii[part, None] * shape)
        x, y = (np.rint(places[part, k]).astype(int)[:, None] + offset for k, offset in enumerate((u, v)))
        kept = (place < 1) & (x >= 0) & (x < W) & (y >= 0) & (y < H)
        where, which = y[kept] * W + x[kept], np.nonzero(kept)[0]
        dome = np.sqrt(np.clip(1 - place[kept] ** 2, 0, 1))
        rgb[where] = paint[part][which] + 0.04 * (dome[:, None] - 0.6)
        height[where] = 0.4 * height[where] + 0.55 * dome + 0.45 * place[kept] ** 4


def points(rng):
    """Paint an evening bay in dots of pure colour."""
    plan = landscape(rng)
    target = haloed(plan)
    canvas = primed(0.6 * plan + 0.4 * np.array([0.96, 0.92, 0.82]))
    water = (Y > HORIZON).astype(np.float32)
    detail = gaussian_filter(np.abs(plan - gaussian_filter(plan, (10, 10, 0))).sum(axis=-1), 8)
    for spacing, radius, spread, gap, keep in DOTS:
        starts = scatter(rng, spacing)
        starts = starts[rng.random(len(starts)) < np.clip(keep * (0.1 + 8 * at(detail, starts)), 0, 1)]
        starts = starts[apart(starts, gap * radius)]
        radii = radius * rng.uniform(0.85, 1.08, len(starts))
        paint = pure(rng, at(target, starts), spread) * (1 + rng.normal(0, 0.05, (len(starts), 1)))
        dot(canvas, rng, starts, radii, paint, 1 + 0.3 * at(water, starts) * rng.random(len(starts)))
    return softened(lit(canvas, rng, relief=0.16, weave=0.02), 1.06)
