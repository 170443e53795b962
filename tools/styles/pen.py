"""A pen: forms with a tone and a direction, outlines, hatching that follows them."""

from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import (
    find_objects,
    gaussian_filter,
    gaussian_filter1d,
)
from skimage.draw import polygon
from skimage.measure import find_contours
from styles.brush import (
    H,
    W,
    X,
    Y,
    at,
    drag,
    follow,
    ramp,
    scatter,
)

INK = {"black": "#14100d", "sepia": "#2c1d13", "bistre": "#4b3422"}


@dataclass
class Drawing:
    """What is to be drawn: how dark each place is, along which angle, a number for each part, and any flat colours."""

    dark: np.ndarray
    angle: np.ndarray
    region: np.ndarray
    outlined: dict = field(default_factory=dict)  # how wide the outline of each part is
    rgb: np.ndarray | None = None

    def add(self, where, dark, angle, line=0.0):
        """Put a new part over what lies there, with an outline `line` wide, and return where it is."""
        number = len(self.outlined) + 1
        self.dark[where], self.angle[where], self.region[where] = dark, angle, number
        self.outlined[number] = line
        return where


def blank():
    """Return an empty drawing."""
    return Drawing(np.zeros((H, W), np.float32), np.zeros((H, W), np.float32), np.zeros((H, W), np.int32))


def spans(paths, free, cell, least):
    """Return (path, first, last) for the stretches of paths that are free and not too near to earlier ones."""
    wide, high = int(W / cell) + 8, int(H / cell) + 8
    taken = np.zeros(wide * high, bool)
    place = np.clip(paths[..., 1] / cell + 4, 2, high - 3).astype(np.intp) * wide
    place += np.clip(paths[..., 0] / cell + 4, 2, wide - 3).astype(np.intp)
    disc = np.array([r * wide + c for r in range(-2, 3) for c in range(-2, 3) if r * r + c * c < 6])
    middle, kept = paths.shape[1] // 2, []
    for k in np.flatnonzero(free[:, middle]):
        if taken[place[k, middle]]:
            continue
        stop = np.flatnonzero(taken[place[k]] | ~free[k])
        turn = np.searchsorted(stop, middle)
        first = stop[turn - 1] + 1 if turn else 0
        last = stop[turn] if turn < len(stop) else paths.shape[1]
        if last - first >= least:
            taken[(place[k, first:last, None] + disc).ravel()] = True
            kept.append((k, first, last - 1))
    return np.array(kept, np.intp).reshape(-1, 3)


def hatch(canvas, rng, drawing, tilt, above, spacing, length, weight, palette=INK, only=True):
    """Hatch the places darker than `above` with even lines that lean by `tilt` from the drawing's angles."""
    excess = np.where(only, drawing.dark - above, -1)
    starts = scatter(rng, spacing * 0.8)
    starts = starts[at(excess, starts) > 0]
    if len(starts) == 0:
        return
    lengths = (length * rng.uniform(0.5, 1.3, len(starts))).astype(np.float32)
    paths = follow(drawing.angle + tilt, starts, lengths)[:, ::2]
    inside = (paths >= 0).all(axis=-1) & (paths < [W, H]).all(axis=-1)
    same = at(drawing.region, paths) == at(drawing.region, starts)[:, None]
    kept = spans(paths, inside & same & (at(excess, paths) > 0), spacing / 3, 6)
    t = np.linspace(0, 1, paths.shape[1] * 2)
    places = np.rint(kept[:, 1:2] + (kept[:, 2:] - kept[:, 1:2]) * t).astype(np.intp)
    lines = gaussian_filter1d(paths[kept[:, :1], places], 2, axis=1)
    lines += gaussian_filter1d(rng.standard_normal(lines.shape), 25, axis=1) * 4
    dark = at(drawing.dark, lines[:, lines.shape[1] // 2])
    pen(canvas, rng, lines, weight * (0.6 + 0.7 * dark) * rng.uniform(0.75, 1.25, len(lines)), palette)


def pen(canvas, rng, paths, widths, palette=INK, tone=0.35):
    """Draw paths with a pen whose ink is not everywhere equally thick."""
    ink = ramp(palette, np.abs(rng.normal(0, tone, len(paths))))
    drag(canvas, rng, paths.astype(np.float32), widths.astype(np.float32), ink, ink + 0.04, body=0, dry=0.4)


def outlines(canvas, rng, drawing, palette=INK, shake=6, size=(50, 260), gaps=(-12, -6, 4, 14)):
    """Draw the visible outline of each part in pieces, some of them lifted."""
    for number, box in enumerate(find_objects(drawing.region), 1):
        weight = drawing.outlined.get(number, 0)
        if box is None or not weight:
            continue
        inside = np.pad(drawing.region[box] == number, 1)
        for rim in find_contours(gaussian_filter(inside.astype(np.float32), 1.0), 0.5):
            for part in off_border(rim[:, ::-1] + [box[1].start - 1, box[0].start - 1]):
                for path in pieces(rng, part, shake, size, gaps):
                    pen(canvas, rng, path[None], weight * rng.uniform(0.6, 1.4, 1), palette, 0.15)


def off_border(rim):
    """Return the stretches of a rim that do not run along the border of the canvas."""
    free = ((rim > 2) & (rim < [W - 3, H - 3])).all(axis=-1)
    cuts = np.flatnonzero(np.diff(free)) + 1
    return [part for part, keep in zip(np.split(rim, cuts), np.split(free, cuts), strict=True) if keep[0]]


def pieces(rng, rim, shake, size, gaps):
    """Return a rim cut into wobbly pieces."""
    place, result = 0, []
    while place < len(rim) - 8:
        long = int(rng.uniform(*size))
        piece = gaussian_filter1d(rim[place : place + long], 2.5, axis=0, mode="nearest")
        t = np.linspace(0, len(piece) - 1, int(len(piece) * 1.6))
        path = np.stack([np.interp(t, np.arange(len(piece)), channel) for channel in piece.T], axis=-1)
        path = path + gaussian_filter1d(rng.standard_normal(path.shape), 30, axis=0) * shake
        result.append(path)
        place += long + int(rng.choice(gaps))
    return result


def ball(drawing, rng, x, y, radius, tone, contrast, squash=1.0, line=2.5, bumps=9, rough=1.0):
    """Add a leafy or cloudy ball lit from the upper left, its hatching bent around it; return where it is."""
    top, left = (max(0, int((middle - 1.4 * radius) * H)) for middle in (y, x))
    bottom, right = (max(1, int((middle + 1.4 * radius) * H)) for middle in (y, x))
    dx, dy = X[top:bottom, left:right] - x, (Y[top:bottom, left:right] - y) / squash
    around = np.arctan2(dy, dx)
    edge = 1 + rough * (0.09 * np.abs(np.sin(around * bumps / 2 + rng.uniform(0, 6))) + 0.04 * np.sin(around * 17))
    row, column = np.nonzero(np.hypot(dx, dy) < radius * edge)
    dx, dy = dx[row, column], dy[row, column]
    shade = 0.5 + 0.62 * (0.55 * dx + 0.83 * dy) / radius
    crescent = np.arctan2(dy + radius, dx + 0.7 * radius) + np.pi / 2
    return drawing.add((row + top, column + left), tone + contrast * shade, crescent, line)


def slab(drawing, corners, tone, angle, line):
    """Add a flat polygon of one tone and return where it is."""
    return drawing.add(polygon(corners[:, 1] * H, corners[:, 0] * H, (H, W)), tone, angle, line)


def smooth_curve(points, radii):
    """Return a rounded curve through some points with its directions and half widths, in pixels."""
    run = np.append(0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=-1)))
    t = np.linspace(0, run[-1], int(run[-1] * H / 0.6) + 4)
    x, y, radius = (
        gaussian_filter1d(np.interp(t, run, channel), 20, mode="nearest")[:, None] * H for channel in (*points.T, radii)
    )
    return x, y, np.arctan2(np.gradient(y, axis=0), np.gradient(x, axis=0)), radius


def tube(drawing, points, radii, line=3.5):
    """Add a round limb along a curve, shaded across and hatched around; return where it is."""
    x, y, heading, radius = smooth_curve(np.array(points), radii)
    s = np.linspace(-1, 1, int(radius.max() * 3.4) + 4)[None]
    column = np.rint(x - np.sin(heading) * s * radius).astype(np.intp)
    row = np.rint(y + np.cos(heading) * s * radius).astype(np.intp)
    kept = (column >= 0) & (column < W) & (row >= 0) & (row < H)
    side = s * np.sign(1e-3 - np.sin(heading))  # positive on the right of an upright limb
    angle = heading + np.pi / 2 + 0.9 * s
    return drawing.add((row[kept], column[kept]), (0.5 + 0.45 * side)[kept], angle[kept], line)


def blades(canvas, rng, chance, spacing, length, weight, palette=INK):
    """Draw tufts of grass blades that fan out and bend over."""
    starts = scatter(rng, spacing)
    starts = starts[rng.random(len(starts)) < at(chance, starts)]
    starts = starts[np.argsort(starts[:, 1])].repeat(6, axis=0) + rng.normal(0, spacing / 5, (len(starts) * 6, 2))
    t = np.linspace(0, 1, 90)[None]
    lean = rng.normal(0, 0.45, (len(starts), 1))
    tall = length * rng.uniform(0.4, 1.2, (len(starts), 1)) * (0.4 + starts[:, 1:] / H)
    x = starts[:, :1] + tall * (lean * t + 0.5 * lean * t**2)
    y = starts[:, 1:] - tall * (t - 0.25 * t**2)
    pen(canvas, rng, np.stack([x, y], axis=-1), weight * rng.uniform(0.6, 1.3, len(starts)), palette)


def geese(canvas, rng, left, top, palette):
    """Draw a skein of geese that crosses the sky."""
    u = np.linspace(0, 1, 60)
    for k in range(9):
        x = left + 0.035 * k + rng.normal(0, 0.004)
        y = top + 0.012 * abs(k - 3) * (1 if k > 3 else 2.2) + rng.normal(0, 0.004)
        size = rng.uniform(0.010, 0.014)
        for side in (-1, 1):
            wing = np.stack([side * u, -0.9 * np.sin(np.pi * u**0.8) + 0.55 * u], axis=-1) * size + [x, y]
            pen(canvas, rng, wing[None] * H, np.array([5.0]), palette)


def grow_roots(drawing, roots, radius):
    """Add roots that are one part with the trunk added last, so that no line parts them from it."""
    trunk = len(drawing.outlined)
    spread = []
    for root in roots:
        spread.append(tube(drawing, root, np.linspace(radius, 0.004, len(root))))
        drawing.region[spread[-1]] = trunk
    return spread
