"""A stained-glass window."""

from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates
from skimage.draw import disk
from skimage.measure import label
from styles.brush import (
    ASPECT,
    H,
    W,
    X,
    Y,
    noise,
    ramp,
    step_up,
)
from styles.outlines import between, blade, borders, curve, reduced, ribbon, round_at, turned

GLASS = {
    "ruby": {"garnet": "#2c0209", "wine": "#75071a", "ruby": "#bd1020", "scarlet": "#e8333a", "flame": "#ff8a70"},
    "cobalt": {"night": "#050a35", "navy": "#0e1f78", "cobalt": "#1b40bd", "azure": "#4078e6", "sky": "#9cc4fa"},
    "emerald": {"pine": "#03210f", "bottle": "#085a2a", "emerald": "#15944a", "jade": "#57c674", "mint": "#baf0b4"},
    "amber": {"resin": "#4a1c02", "tawny": "#a8500a", "amber": "#ea8c12", "honey": "#fcc23c", "straw": "#ffeda6"},
    "violet": {"plum": "#18062f", "purple": "#451472", "violet": "#7a32ae", "mauve": "#aa72d8", "lilac": "#e0c6f4"},
    "teal": {"abyss": "#02242b", "petrol": "#065963", "teal": "#118f96", "lagoon": "#52c5c2", "ice": "#c2f0e6"},
    "rose": {"berry": "#4a0a2a", "madder": "#9a2352", "rose": "#dc5a8c", "blush": "#f49fb8", "shell": "#fcdde2"},
    "pale": {"smoke": "#6d7a6c", "lichen": "#a9b79c", "pearl": "#d9dfbf", "cream": "#f4f0d2", "white": "#fffdee"},
}
LEAD = {"soot": "#07080b", "lead": "#1b1e24", "pewter": "#3f444d", "solder": "#82868c"}
SUN = (0.64, 0.415)
# outer radius of each ring of the sky, how many pieces it has, and their glass
RINGS = (
    (0.37, 21, ("violet", "rose", "violet", "cobalt")),
    (0.475, 24, ("cobalt", "cobalt", "violet", "teal")),
    (0.60, 26, ("cobalt", "teal", "cobalt")),
    (0.76, 28, ("cobalt", "violet", "cobalt", "cobalt")),
    (2.00, 24, ("teal", "cobalt", "violet")),
)
# crest, height and length of its waves, shift, glass
BANDS = (
    (0.745, 0.022, 4.6, 0.5, ("emerald", "teal", "emerald")),
    (0.815, 0.020, 5.7, 2.0, ("amber", "emerald", "emerald")),
    (0.865, 0.016, 7.1, 0.2, ("teal", "pale", "teal", "cobalt")),
)
# path of a vine, then the places, sides and lengths of its leaves
VINES = (
    (((0.37, 1.0), (0.20, 0.80), (0.17, 0.62), (0.22, 0.45), (0.15, 0.27), (0.23, 0.13), (0.34, 0.15), (0.33, 0.23)),
     ((0.17, -1, 0.15), (0.25, 1, 0.16), (0.34, -1, 0.13), (0.43, 1, 0.15), (0.50, -1, 0.14), (0.60, -1, 0.11),
      (0.64, 1, 0.13), (0.75, -1, 0.10))),
    (((0.93, 1.0), (1.10, 0.82), (1.14, 0.64), (1.08, 0.47), (1.17, 0.29), (1.10, 0.13), (1.00, 0.14), (1.00, 0.22)),
     ((0.16, 1, 0.15), (0.25, -1, 0.15), (0.35, 1, 0.13), (0.42, -1, 0.14), (0.50, 1, 0.14), (0.59, 1, 0.11),
      (0.63, -1, 0.13), (0.75, 1, 0.10))),
)  # fmt: skip
# tip and root of the petals of the rose, their half width, glass, turn and group
PETALS = (
    (0.325, 0.12, 0.036, ("amber", "ruby"), 0.0, 8),
    (0.285, 0.10, 0.052, ("pale", "amber"), 0.5, 7),
    (0.215, 0.06, 0.043, ("ruby", "rose"), 0.0, 8),
)
# x, y, radius, turn and glass of the small flowers
BLOSSOMS = (
    (0.345, 0.235, 0.062, 0.3, "rose"),
    (0.985, 0.225, 0.062, 0.9, "ruby"),
    (0.50, 0.80, 0.070, 0.2, "ruby"),
    (0.80, 0.815, 0.066, 0.7, "rose"),
    (0.655, 0.855, 0.052, 0.5, "violet"),
)


# depth, number of pieces and glass of the strips of the frame, from the inner one outwards
FRAME = ((0.074, 70, ("pale", "rose", "pale", "amber")), (0.048, 34, ("ruby", "cobalt", "violet")))
BRIGHTER = {"amber": 0.10, "pale": 0.14, "emerald": 0.02, "violet": 0.02, "rose": 0.02}


@dataclass
class Window:
    """The pieces of a window, the part of the design each belongs to, and the dark paint fired onto them."""

    piece: np.ndarray
    group: np.ndarray
    trace: np.ndarray
    kinds: list = field(default_factory=list)

    def cut(self, mask, kinds, group, part=0):
        """Put new pieces over a part of the window, one per number in `part`."""
        self.piece[mask] = (len(self.kinds) * 1000 + np.broadcast_to(part, (H, W)))[mask]
        self.group[mask] = group
        self.kinds.append((kinds,) if isinstance(kinds, str) else kinds)

    def draw(self, path, half):
        """Draw a tapering line of dark paint."""
        width = half * (0.35 + 0.65 * np.linspace(1, 0, len(path)))
        self.trace[between(*ribbon(path, width))] = 1

    def split(self, sides, kinds, group, veins=0):
        """Put a leaf or petal of two halves on the window, with painted veins."""
        left, rib, right = sides
        self.trace[between(left, right)] = 0
        for side, kind in ((left, kinds[0]), (right, kinds[-1])):
            self.cut(between(side, rib), kind, group)
            for k in range(veins):
                start, end = int(8 + 50 * k / veins), int(26 + 50 * k / veins)
                self.draw(np.linspace(rib[start], 0.2 * rib[end] + 0.8 * side[end], 30), 0.0017)


def uneven(rng, count, length, spread=0.28):
    """Return `count` increasing places between 0 and `length`, their distances uneven."""
    return (np.arange(count) + rng.uniform(-spread, spread, count)) * length / count


def glaze_sky(window, rng):
    """Put rings of glass that turn around the sun."""
    bend = noise(rng, 2, 2)
    dx, dy = X - SUN[0], Y - SUN[1]
    r = np.hypot(dx, dy) * (1 + 0.05 * bend) + 1e-4
    theta = np.arctan2(dy, dx) + 0.9 * np.log(r) + 0.05 * bend
    inner = 0.0
    for outer, count, kinds in RINGS:
        edges = uneven(rng, count, 2 * np.pi)
        part = np.searchsorted(edges, (theta % (2 * np.pi)).ravel()).reshape(H, W) % count
        wave = 0.018 * np.sin(7 * theta + 20 * outer)
        window.cut((r >= inner) & (r + wave < outer), kinds, 1, part)
        inner = outer - 0.03


def glaze_land(window, rng):
    """Put the bands of the fields and the river at the foot of the window."""
    for crest, height, length, shift, kinds in BANDS:
        top = crest + height * np.sin(length * X + shift) + 0.4 * height * np.sin(2.3 * length * X)
        edges = uneven(rng, 15, 2.2) - 0.4
        part = np.searchsorted(edges, (X + (0.8 - 1.6 * (shift > 1)) * (Y - crest)).ravel()).reshape(H, W)
        window.cut(top < Y, kinds, 2, part)


def glaze_vine(window, rng, points, leaves):
    """Put a vine with its leaves."""
    path = curve(points, count=400)
    ahead = np.gradient(path, axis=0)
    for place, side, length in leaves:
        start = path[int(place * 400)]
        angle = np.arctan2(*ahead[int(place * 400)][::-1]) + side * rng.uniform(0.8, 1.05)
        tip = turned(*start, length * 1.1, angle)
        kinds = (("emerald", "emerald"), ("emerald", "teal"), ("amber", "emerald"))[rng.integers(3)]
        window.split(blade(start, tip, 0.30 * length, 0.14 * side, 0.85), kinds, 3, 5)
    left, right = ribbon(path, np.linspace(0.017, 0.008, 400))
    cuts = np.linspace(0, 400, 9).astype(int)
    for low, high in zip(cuts[:-1], cuts[1:], strict=True):
        mask = between(left[low : high + 1], right[low : high + 1])
        window.trace[mask] = 0
        window.cut(mask, ("emerald", "amber")[rng.random() < 0.25], 4)


def glaze_disc(window, x, y, radius, kinds, group, part=0):
    """Put a round of glass, or a ring of it cut into parts."""
    mask = round_at(x, y, radius)
    window.trace[mask] = 0
    window.cut(mask, kinds, group, part)


def glaze_blossom(window, x, y, radius, turn, kind, groups=(5, 6)):
    """Put a small flower of five petals."""
    for k in range(5):
        angle = turn + k * 2 * np.pi / 5
        sides = blade((x, y), turned(x, y, radius * 1.12, angle), radius * 0.52, 0, 1.35)
        mask = between(sides[0], sides[2])
        window.trace[mask] = 0
        window.cut(mask, kind, groups[0])
        for lean in (-0.28, 0, 0.28):
            ends = turned(x, y, radius * 0.3, angle + lean), turned(x, y, radius * 0.8, angle + lean)
            window.draw(np.linspace(*ends, 30), 0.0017)
    glaze_disc(window, x, y, radius * 0.3, "amber", groups[1])


def glaze_sun(window, rng):
    """Put the great rose: flames, petals, a ring of jewels and a bright eye."""
    x, y = SUN
    for reach, root, half, kinds, turn, group in PETALS:
        for k in range(14):
            angle = (k + turn) * 2 * np.pi / 14 + rng.normal(0, 0.015)
            tip = turned(x, y, reach * rng.uniform(0.97, 1.03), angle + 0.05)
            window.split(blade(turned(x, y, root, angle), tip, half, 0.07, 1.25), kinds, group, 3)
    around = np.arctan2(Y - y, X - x) % (2 * np.pi) / (2 * np.pi)
    glaze_disc(window, x, y, 0.118, ("cobalt", "violet"), 9, (around * 14 + 0.5).astype(int) % 14)
    for k in range(14):
        glaze_disc(window, *turned(x, y, 0.095, k * 2 * np.pi / 14), 0.0135, ("pale", "emerald")[k % 2], 9)
    glaze_disc(window, x, y, 0.072, ("amber", "ruby"), 10, (around * 8).astype(int))
    glaze_disc(window, x, y, 0.034, "pale", 10)
    for k in range(8):
        angle = (k + 0.5) * np.pi / 4
        window.draw(np.linspace(turned(x, y, 0.042, angle), turned(x, y, 0.066, angle), 20), 0.002)


def frame_places():
    """Return how far each point is from the rim, whether it is in an upright of the frame, and its place along that."""
    upright = np.minimum(X, ASPECT - X) < np.minimum(Y, 1 - Y)
    inset = np.minimum(np.minimum(X, ASPECT - X), np.minimum(Y, 1 - Y))
    return inset, upright, np.where(upright, Y + 3, X)


def glaze_frame(window, rng):
    """Put the frame: pale beads around blocks with a painted scroll, jewels where the blocks meet, and corners."""
    inset, upright, along = frame_places()
    far = 300 * ((X > ASPECT / 2) & upright | (Y > 0.5) & ~upright)
    window.trace[inset < 0.074] = 0
    for depth, count, kinds in FRAME:
        edges = uneven(rng, count, 4.2, 0.15)
        part = np.searchsorted(edges, along.ravel()).reshape(H, W)
        window.cut(inset < depth, kinds, 11, part + far)
    scroll = abs(inset - 0.024 - 0.011 * np.sin(105 * along)) < 0.0017 + 0.0008 * np.sin(210 * along)
    window.trace[scroll & (inset < 0.044)] = 1
    for place in edges:
        for x, y in ((place, 0.024), (place, 0.976), (0.024, place - 3), (ASPECT - 0.024, place - 3)):
            if 0.09 < x < ASPECT - 0.09 or 0.09 < y < 0.91:
                glaze_disc(window, x, y, 0.016, ("amber", "pale", "emerald")[rng.integers(3)], 11)
    for x in (0.038, ASPECT - 0.038):
        for y in (0.038, 1 - 0.038):
            mask = (abs(X - x) < 0.045) & (abs(Y - y) < 0.045)
            window.trace[mask] = 0
            window.cut(mask, "emerald", 12)
            glaze_blossom(window, x, y, 0.044, 0.3, "rose", (12, 12))


def joined(window):
    """Return the window's pieces numbered from 0 and the glass of each; slivers go to their neighbours."""
    pieces = label(window.piece, background=-1, connectivity=1)
    _, first = np.unique(pieces, return_index=True)
    small = np.bincount(pieces.ravel()) < 420
    nearest = distance_transform_edt(small[pieces], return_distances=False, return_indices=True)
    kept, pieces = np.unique(pieces[tuple(nearest)], return_inverse=True)
    codes = window.piece.ravel()[first[kept - 1]]
    names = list(GLASS)
    kinds = [window.kinds[code // 1000] for code in codes]
    chosen = [names.index(kind[code % 1000 % len(kind)]) for kind, code in zip(kinds, codes, strict=True)]
    return pieces.reshape(H, W), np.array(chosen)


def streaks(rng, pieces, count):
    """Return the streaks and ripples of hand-made glass, running its own way in every piece."""
    sheet = gaussian_filter(rng.standard_normal((700, 700)), (2.2, 60), mode="wrap") * 22
    sheet += gaussian_filter(rng.standard_normal((700, 700)), (9, 40), mode="wrap") * 30
    sheet += gaussian_filter(rng.standard_normal((700, 700)), 6, mode="wrap") * 6
    turn, shift = rng.uniform(0, np.pi, count)[pieces], rng.uniform(0, 700, (2, count))
    bow = 14 * np.sin(X * 9 + 5 * Y) + 16 * noise(rng, 4, 2)
    u = (X * np.cos(turn) + Y * np.sin(turn)) * H + shift[0][pieces]
    v = (Y * np.cos(turn) - X * np.sin(turn)) * H + shift[1][pieces] + bow
    return map_coordinates(sheet, [v, u], order=1, mode="grid-wrap").astype(np.float32)


def bubbles(rng):
    """Return bright rims and dark hearts of the small bubbles caught in the glass."""
    result = np.zeros((H, W), np.float32)
    for x, y in rng.uniform([20, 20], [W - 20, H - 20], (900, 2)):
        radius = 1.2 + rng.gamma(2, 0.9)
        rows, columns = disk((y, x), radius * 1.4, shape=(H, W))
        r = np.hypot(columns - x, (rows - y) / 1.25) / radius
        rim = np.exp(-(((r - 0.8) / 0.25) ** 2)) * (0.25 - 0.2 * (rows - y) / radius)
        result[rows, columns] += rim - 0.12 * (r < 0.6)
    return result


def leads(rng, window, pieces):
    """Return how far each point is across its came (1 at the rim) and how close it is to a solder joint."""
    fine, bold = distance_transform_edt(~borders(pieces)), distance_transform_edt(~borders(window.group))
    corner = np.zeros((H, W), bool)
    quad = np.stack([pieces[:-1, :-1], pieces[1:, :-1], pieces[:-1, 1:], pieces[1:, 1:]])
    quad.sort(axis=0)
    corner[1:, 1:] = (np.diff(quad, axis=0) > 0).sum(axis=0) >= 2
    near = np.exp(-((distance_transform_edt(~corner) / 9) ** 2))
    wobble = 1 + 0.16 * noise(rng, 14, 2) + 0.14 * noise(rng, 3, 2)
    across = np.minimum(fine / (4.0 * wobble + 2.2 * near), bold / (6.4 * wobble + 2.5 * near))
    return gaussian_filter(across, 0.7), near


def shine_through(rng, window, pieces, kinds, across):
    """Return the colours of the glass with the light of the day behind it."""
    count = len(kinds)
    r = np.hypot(X - SUN[0], Y - SUN[1])
    light = 0.15 * noise(rng, 2, 3) + 0.24 * np.exp(-((r / 0.36) ** 2)) - 0.08 * step_up(r, 0.4, 0.8)
    tone = 0.48 + rng.normal(0, 0.13, count)[pieces] + light
    tone = tone + 0.15 * np.clip(streaks(rng, pieces, count), -1.6, 1.9) + 0.5 * bubbles(rng)
    tone -= 0.17 * np.exp(-np.clip(across - 1, 0, 9) / 0.7)
    tone += np.array([BRIGHTER.get(name, 0) for name in GLASS])[kinds][pieces] + 0.3 * np.exp(-((r / 0.04) ** 2))
    tone *= 1 - 0.72 * gaussian_filter(window.trace, 0.8)
    wash = rng.normal(0, 0.05, (count, 3))
    rgb = np.zeros((H, W, 3), np.float32)
    for k, palette in enumerate(GLASS.values()):
        here = kinds[pieces] == k
        rgb[here] = ramp(palette, tone[here])
    return rgb * (1 + wash[pieces]) * (1 + 0.015 * rng.standard_normal((H, W, 1)))


def glass(rng):
    """Paint a window of jewel-coloured glass: a great rose in a turning sky, vines, flowers and a river."""
    window = Window(np.zeros((H, W), np.int64), np.zeros((H, W), np.int64), np.zeros((H, W), np.float32))
    glaze_sky(window, rng)
    glaze_land(window, rng)
    for points, leaves in VINES:
        glaze_vine(window, rng, points, leaves)
    for blossom in BLOSSOMS:
        glaze_blossom(window, *blossom)
    glaze_sun(window, rng)
    glaze_frame(window, rng)
    pieces, kinds = joined(window)
    across, near = leads(rng, window, pieces)
    rgb = shine_through(rng, window, pieces, kinds, across)
    came = (1 - step_up(across, 0.85, 1.1))[..., None]
    down, right = np.gradient(gaussian_filter(np.sqrt(np.clip(1 - across**2, 0, 1)) * 5, 1.0))
    tone = 0.24 + 0.26 * (down + right) + 0.30 * near * (1 + 0.5 * noise(rng, 40, 2)) + 0.05 * noise(rng, 30, 2)
    glow = gaussian_filter(rgb * (1 - came), (5, 5, 0)) * 0.16 + gaussian_filter(rgb * (1 - came), (28, 28, 0)) * 0.14
    rgb = rgb * (1 - came) + ramp(LEAD, tone) * came
    return reduced(1 - (1 - np.clip(rgb, 0, 1)) * (1 - glow))
