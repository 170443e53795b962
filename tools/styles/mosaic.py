"""A mosaic of stone and gold glass."""

from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import distance_transform_edt, find_objects, gaussian_filter
from skimage.measure import find_contours, label
from styles.brush import (
    ASPECT,
    H,
    W,
    X,
    Y,
    at,
    colours,
    noise,
    ramp,
    step_up,
)
from styles.outlines import apart, between, blade, borders, curve, inside, reduced, ribbon, round_at, softened, turned

STONES = {
    "gold": {
        "bronze": "#8a5a16",
        "old gold": "#bd8423",
        "gold": "#dba736",
        "bright gold": "#f0c95c",
        "leaf": "#fae7a0",
    },
    "marble": {"clay": "#a89878", "travertine": "#cfc0a0", "bone": "#e4d9bf", "marble": "#f3ecdb", "white": "#fffaf0"},
    "ink": {"black": "#14130f", "basalt": "#221f1e", "slate": "#322d33", "graphite": "#443d40"},
    "lapis": {"night": "#0b1a4a", "lapis": "#173a8c", "azure": "#2c63bd", "sky": "#6da3d9", "ice": "#bcdbea"},
    "peacock": {"deep": "#06343f", "petrol": "#0a5c6b", "turquoise": "#15909a", "lagoon": "#4fbdb8", "foam": "#b5e4d6"},
    "green": {"pine": "#12331b", "moss": "#2c5c26", "leaf": "#558a34", "apple": "#8fb64c", "lime": "#cbd988"},
    "red": {"maroon": "#45100e", "porphyry": "#7b1f1a", "brick": "#ac3a22", "coral": "#d8663c", "salmon": "#f0a67c"},
    "violet": {"grape": "#27123f", "wine": "#4c2163", "plum": "#74398c", "mauve": "#a070b4", "lilac": "#cfaed6"},
    "earth": {"umber": "#33210f", "bark": "#5d3c1c", "ochre": "#936229", "tan": "#c3934e", "straw": "#e4c78c"},
}
MORTAR = {"dark": "#40382f", "lime": "#796d57"}
MARGIN = 0.105  # width of the border
TILE = 0.0149  # side of a common tessera
# stones of the waves and their tones, from the far bank to the near one
WAVES = (
    ("lapis", 0.9, 1.0),
    ("peacock", 0.4, 0.6),
    ("lapis", 0.35, 0.5),
    ("peacock", 0.85, 1.0),
    ("lapis", 0.2, 0.35),
    ("peacock", 0.2, 0.4),
    ("lapis", 0.75, 0.9),
    ("lapis", 0.05, 0.25),
)
# x, y, length, the way it swims, stones
FISH = ((0.37, 0.815, 0.23, 1, "red"), (0.98, 0.82, 0.20, -1, "gold"), (0.70, 0.835, 0.14, 1, "peacock"))
# path of a stem, then the places, sides and lengths of its leaves
SCROLLS = (
    (((1.13, 0.70), (1.09, 0.58), (1.16, 0.46), (1.09, 0.33), (1.16, 0.20), (1.06, 0.145), (1.02, 0.19)),
     ((0.09, -1, 0.125), (0.35, 1, 0.085), (0.50, 1, 0.095), (0.60, -1, 0.105), (0.66, 1, 0.085))),
    (((0.17, 0.70), (0.185, 0.63), (0.16, 0.56), (0.20, 0.50)),
     ((0.2, 1, 0.09), (0.5, -1, 0.06), (0.55, 1, 0.09))),
    (((0.33, 0.08), (0.45, 0.165), (0.58, 0.15), (0.68, 0.19), (0.79, 0.155), (0.82, 0.20)),
     ((0.10, 1, 0.09), (0.25, -1, 0.05), (0.40, 1, 0.09), (0.58, 1, 0.09), (0.80, 1, 0.08))),
)  # fmt: skip
GRAPES = ((1.035, 0.405), (0.56, 0.24))
FLOWERS = ((0.44, 0.33, 0.062, "red"), (0.70, 0.345, 0.055, "marble"), (1.155, 0.58, 0.045, "red"))


@dataclass
class Floor:
    """The parts of a mosaic, and the stones, the size of the tesserae and the modelling of each part."""

    part: np.ndarray
    kinds: list = field(default_factory=list)

    def lay(self, mask, stones, low=0.3, high=0.7, size=1.0, rim=None):
        """Lay a part whose tones run from `low` at its outline to `high` in its heart, perhaps inside a rim."""
        if rim:
            reach = int(0.85 * TILE * H) + 1
            window = tuple(slice(max(0, s.start - reach), s.stop + reach) for s in find_objects(mask.astype(int))[0])
            wide = mask.copy()
            wide[window] = distance_transform_edt(~mask[window]) < 0.85 * TILE * H
            self.lay(wide, rim, 0.2, 0.6, 0.78)
        self.kinds.append((stones, low, high, size))
        self.part[mask] = len(self.kinds) - 1


def lay_border(floor):
    """Lay a plait of two strands between dark and pale lines around the picture."""
    inset = np.minimum(np.minimum(X, ASPECT - X), np.minimum(Y, 1 - Y))
    upright = np.minimum(X, ASPECT - X) < np.minimum(Y, 1 - Y)
    floor.lay(inset < MARGIN, "marble", 0.3, 0.8)
    floor.lay(inset < MARGIN - TILE, "ink")
    along = np.where(upright, (Y - 0.5) / 0.86 * 8, (X - ASPECT / 2) / 1.19 * 11) * np.pi
    swing = 0.020 * np.sin(along)
    across = inset - 0.046
    halves = 0.0125
    for sign, stones in ((1, "red"), (-1, "lapis")):
        strand = (abs(across - sign * swing) < halves) & (inset < MARGIN - TILE)
        over = strand if sign > 0 else strand & ((abs(across - swing) >= halves + 0.006) | (np.cos(along) < 0))
        gap = (abs(across - sign * swing) < halves + 0.008) & (sign < 0) & (np.cos(along) < 0)
        floor.lay(gap & (inset < MARGIN - TILE), "ink")
        floor.lay(over, stones, 0.45, 0.95, 0.82)
    floor.lay(inset < 0.0155, "gold", 0.4, 0.8)
    for x in (0.05, ASPECT - 0.05):
        for y in (0.05, 0.95):
            floor.lay((abs(X - x) < 0.056) & (abs(Y - y) < 0.056), "ink")
            floor.lay((abs(X - x) < 0.043) & (abs(Y - y) < 0.043), "marble", 0.5, 0.9)
            floor.lay(round_at(x, y, 0.034), "red", 0.3, 0.6, 0.85)
            floor.lay(round_at(x, y, 0.014), "gold", 0.6, 0.9, 0.85)


def lay_water(floor):
    """Lay the banks and the waves at the foot of the picture."""
    shore = 0.715 + 0.012 * np.sin(9 * X)
    floor.lay(shore - 0.026 < Y, "earth", 0.2, 0.7)
    floor.lay(shore < Y, "green", 0.1, 0.6)
    for k, (stones, low, high) in enumerate(WAVES):
        crest = 0.738 + 0.0225 * k + 0.011 * np.sin(15 * X + 0.45 * k) + 0.003 * np.sin(31 * X + 0.4 * k)
        floor.lay(crest < Y, stones, low, high, 0.95)


def lay_fish(floor, x, y, length, sign, stones):
    """Lay a fish with its fins, a gill and an eye."""

    def place(points):
        return np.array([(x + sign * length * u, y + length * v) for u, v in points])

    floor.lay(
        inside(curve(place(((-0.40, 0), (-0.62, -0.19), (-0.54, 0), (-0.62, 0.19))), True)), "red", 0.4, 0.7, 0.8, "ink"
    )
    floor.lay(inside(curve(place(((-0.15, -0.12), (0.02, -0.27), (0.14, -0.12))), True)), "red", 0.4, 0.7, 0.8, "ink")
    body = inside(
        curve(place(((0.5, 0.0), (0.28, -0.15), (0.0, -0.17), (-0.42, -0.02), (0.0, 0.16), (0.28, 0.14))), True)
    )
    floor.lay(body, stones, 0.25, 0.85, 0.8, "ink")
    belly = body & (y + 0.045 * length < Y)
    floor.lay(belly, "marble", 0.6, 1.0, 0.8)
    gill = between(*ribbon(curve(place(((0.20, -0.13), (0.14, 0.0), (0.20, 0.12)))), 0.006))
    floor.lay(gill & body, "ink", size=0.75)
    floor.lay(round_at(*place(((0.33, -0.03),))[0], 0.013), "marble", 0.9, 1.0, 0.8)
    floor.lay(round_at(*place(((0.33, -0.03),))[0], 0.006), "ink", size=0.7)


def lay_leaf(floor, base, tip, half, stones="green"):
    """Lay a leaf with a light and a dark side."""
    left, rib, right = blade(base, tip, half, 0.12)
    floor.lay(between(left, right), stones, 0.15, 0.35, 0.85, "ink")
    floor.lay(between(left, rib), stones, 0.65, 0.95, 0.85)


def lay_vine(floor, points, leaves):
    """Lay a stem with leaves at the given places, sides and lengths."""
    path = curve(points, count=300)
    ahead = np.gradient(path, axis=0)
    floor.lay(between(*ribbon(path, np.linspace(0.0125, 0.0065, 300))), "earth", 0.3, 0.7, 0.85, "ink")
    for place, side, length in leaves:
        k = int(place * 299)
        angle = np.arctan2(ahead[k, 1], ahead[k, 0]) + side * 0.95
        lay_leaf(floor, turned(*path[k], 0.012, angle), turned(*path[k], length, angle), 0.27 * length)


def lay_grapes(floor, x, y, rows=4):
    """Lay a bunch of grapes that hangs from (x, y)."""
    for row in range(rows):
        for k in range(rows - row):
            spot = x + 0.034 * (k - (rows - row - 1) / 2), y + 0.030 * row
            shade = 0.12 + 0.36 * ((k - row) % 2)
            floor.lay(round_at(*spot, 0.0175), "violet", shade, shade + 0.3, 0.72, "violet" if row == 0 else None)
            floor.lay(round_at(spot[0] - 0.003, spot[1] - 0.003, 0.0062), "violet", 1.0, 1.0, 0.7)


def lay_flower(floor, x, y, radius, stones):
    """Lay a flower of six petals, light and dark in turn."""
    petals = [blade((x, y), turned(x, y, radius, k * np.pi / 3 + 0.2), 0.40 * radius, 0, 1.3) for k in range(6)]
    floor.lay(np.any([between(left, right) for left, _, right in petals], axis=0), stones, 0.2, 0.3, 0.8, "ink")
    for k, (left, _, right) in enumerate(petals):
        floor.lay(between(left, right), stones, 0.40 + 0.25 * (k % 2), 0.8, 0.8)
    floor.lay(round_at(x, y, 0.30 * radius), "gold", 0.7, 1.0, 0.8, "ink")


def lay_tail(floor):
    """Lay the peacock's train: long feathers, each with its eyes."""
    path = curve(((0.80, 0.555), (0.62, 0.585), (0.45, 0.555), (0.30, 0.44), (0.215, 0.25)), count=300)
    t = np.linspace(0, 1, 300)
    half = (0.035 + 0.088 * step_up(t, 0.0, 0.75)) * np.sqrt(1 - 0.97 * t**8)
    left, right = ribbon(path, half)
    floor.lay(between(left, right), "peacock", 0.3, 0.4, 1.0, "ink")
    for k in range(6):
        low, high = (left + (right - left) * part for part in (k / 6, (k + 1) / 6))
        floor.lay(between(low, high), ("green", "peacock")[k % 2], 0.35 + 0.1 * (k % 3), 0.75, 0.9)
    for k in range(17):
        place, part = 0.19 + 0.75 * (k / 16), (0.17, 0.83, 0.5)[k % 3]
        place += 0.023 * (part == 0.5)
        spot = (left + (right - left) * part)[int(place * 299)]
        size = 0.72 + 0.36 * place
        floor.lay(round_at(*spot, 0.034 * size), "gold", 0.6, 1.0, 0.75, "peacock")
        floor.lay(round_at(*spot, 0.0215 * size), "peacock", 0.75, 0.9, 0.72)
        floor.lay(round_at(*spot, 0.012 * size), "lapis", 0.1, 0.2, 0.72)


def lay_head(floor):
    """Lay the peacock's head with its crest, beak and eye."""
    floor.lay(inside(curve(((0.955, 0.232), (1.0, 0.256), (0.955, 0.262)), True)), "red", 0.6, 0.8, 0.75, "ink")
    floor.lay(round_at(0.937, 0.236, 0.036), "lapis", 0.4, 0.7, 0.8, "ink")
    floor.lay(round_at(0.944, 0.232, 0.0175), "marble", 0.9, 1.0, 0.75)
    floor.lay(round_at(0.945, 0.232, 0.007), "ink", size=0.7)
    for lean in (-0.6, 0.0, 0.6):
        tip = turned(0.925, 0.205, 0.062, -np.pi / 2 + lean)
        floor.lay(between(*ribbon(np.linspace((0.928, 0.205), tip, 20), 0.0058)), "peacock", 0.2, 0.3, 0.7)
        floor.lay(round_at(*tip, 0.013), "lapis", 0.6, 0.9, 0.7)


def lay_peacock(floor):
    """Lay the peacock, its head to the right and its train to the left."""
    for x in (0.775, 0.825):
        leg = curve(((x, 0.58), (x + 0.012, 0.64), (x, 0.705), (x + 0.03, 0.712)))
        floor.lay(between(*ribbon(leg, 0.0085)), "red", 0.1, 0.3, 0.75)
    lay_tail(floor)
    body = ((0.93, 0.44), (0.86, 0.41), (0.76, 0.45), (0.68, 0.53), (0.74, 0.60), (0.84, 0.605), (0.92, 0.54))
    floor.lay(inside(curve(body, True)), "lapis", 0.15, 0.7, 0.9, "ink")
    neck = curve(((0.86, 0.52), (0.915, 0.44), (0.900, 0.34), (0.925, 0.245)))
    floor.lay(between(*ribbon(neck, np.linspace(0.070, 0.030, len(neck)))), "lapis", 0.2, 0.85, 0.85, "ink")
    lay_head(floor)
    for k, stones in enumerate(("earth", "marble", "red", "gold", "peacock")):
        shoulder, tip = (0.875 - 0.014 * k, 0.475 + 0.007 * k), (0.63 + 0.034 * k, 0.60 - 0.008 * k)
        left, _, right = blade(shoulder, tip, 0.054 - 0.0095 * k, -0.14, 0.7)
        floor.lay(between(left, right), stones, 0.4, 0.85, 0.8, "ink" if k == 0 else None)


def design(floor):
    """Lay all parts, from the gold ground to the border."""
    floor.lay(np.ones((H, W), bool), "gold", 0.45, 0.62)
    lay_water(floor)
    for fish in FISH:
        lay_fish(floor, *fish)
    for path, leaves in SCROLLS:
        lay_vine(floor, path, leaves)
    for x, y in GRAPES:
        lay_grapes(floor, x, y)
    for flower in FLOWERS:
        lay_flower(floor, *flower)
    lay_peacock(floor)
    lay_border(floor)


def without_slivers(part):
    """Return the map of the parts with each scrap too narrow for a tessera given to its neighbours."""
    scraps = label(part, background=-1, connectivity=1)
    deepest = np.zeros(scraps.max() + 1)
    np.maximum.at(deepest, scraps.ravel(), distance_transform_edt(~borders(part)).ravel())
    small = (deepest < 3.2)[scraps]
    return part[tuple(distance_transform_edt(small, return_distances=False, return_indices=True))]


def rows_of(rng, depth, size):
    """Return places along rows that follow the outline of a part, `depth` the distance from it."""
    spots = [np.zeros((0, 2))]
    for level in np.arange(0.5, depth.max() / size, 1.0) * size:
        for path in find_contours(gaussian_filter(depth, min(2.0, level / 4)), level):
            run = np.append(0, np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=-1)))
            count = int(run[-1] / (1.06 * size))
            stops = (np.arange(count) + rng.uniform(-0.13, 0.13, count) + rng.random()) * run[-1] / max(count, 1)
            spots.append(np.stack([np.interp(stops % run[-1], run, path[:, k]) for k in (1, 0)], axis=-1))
    return np.concatenate(spots)


def settle_part(rng, mask, size):
    """Return the places of the tesserae of one part, in rows and then in what gaps are left, and how deep each is."""
    depth = distance_transform_edt(mask)
    rows = rows_of(rng, depth, size)
    rest = np.argwhere(mask[::5, ::5])[:, ::-1] * 5.0
    rest = rest[np.argsort(-depth[::5, ::5][mask[::5, ::5]], kind="stable")]
    spots = np.concatenate([rows, rest])
    gaps = np.repeat([0.72, 0.86], [len(rows), len(rest)]) * size
    x, y = np.rint(spots).astype(int).T
    spots, gaps, share = spots[mask[y, x]], gaps[mask[y, x]], depth[y, x][mask[y, x]] / depth.max()
    kept = apart(spots, gaps)
    return spots[kept], share[kept]


def tesserae(rng, floor):
    """Return x, y, size, part and relative depth of every tessera, and the angles of the rows."""
    found = []
    angle = np.zeros((H, W), np.float32)
    part = np.pad(floor.part, 3, constant_values=-1)  # so that rows also follow the rim of the picture
    for k, window in enumerate(find_objects(part + 1)):
        if window is None:
            continue
        window = tuple(slice(max(0, s.start - 3), s.stop + 3) for s in window)
        mask = part[window] == k
        down, right = np.gradient(gaussian_filter(distance_transform_edt(mask) - distance_transform_edt(~mask), 3.0))
        rows, columns = np.nonzero(mask)
        corner = np.array([window[1].start, window[0].start]) - 3
        angle[rows + corner[1], columns + corner[0]] = np.arctan2(-right, down)[mask]
        size = floor.kinds[k][3] * TILE * H
        spots, share = settle_part(rng, mask, size)
        found.append(np.column_stack([spots + corner, np.full((len(spots), 2), (size, k)), share]))
    return np.concatenate(found), angle


def fitted(tiles, angle, part):
    """Return the number of the tessera that each point belongs to, 0 for none."""
    owner = np.zeros((H, W), np.int32)
    best = np.full((H, W), 1.15, np.float32)
    for number, (x, y, size, k, _, turn) in enumerate(np.column_stack([tiles, angle]), 1):
        reach = int(1.2 * size)
        rows = slice(max(0, int(y) - reach), int(y) + reach + 1)
        columns = slice(max(0, int(x) - reach), int(x) + reach + 1)
        dx, dy = X[rows, columns] * H - x, Y[rows, columns] * H - y
        u, v = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
        far = ((u**4 + v**4) ** 0.25) / size
        nearer = (far < best[rows, columns]) & (part[rows, columns] == k)
        best[rows, columns][nearer] = far[nearer]
        owner[rows, columns][nearer] = number
    return owner


def settled(tiles, slant, part, rounds=1):
    """Return the tesserae moved to the middle of the room they have, and which one each point belongs to."""
    for step in range(rounds + 1):
        owner = fitted(tiles, at(slant, tiles[:, :2]), part)
        if step < rounds:
            room = np.bincount(owner.ravel(), minlength=len(tiles) + 1)[1:]
            for axis, place in enumerate((X, Y)):
                middle = np.bincount(owner.ravel(), place.ravel() * H, len(tiles) + 1)[1:] / np.maximum(room, 1)
                tiles[:, axis] = np.where(room > 0, middle, tiles[:, axis])
    return tiles, owner


def tile_colours(rng, floor, tiles):
    """Return the colour of every tessera."""
    rgb = np.zeros((len(tiles), 3), np.float32)
    drift = 0.09 * at(noise(rng, 4, 3), tiles[:, :2])
    for k, (stones, low, high, _) in enumerate(floor.kinds):
        here = tiles[:, 3] == k
        share = np.clip(tiles[here, 4], 0, 1)
        lively = 0.17 if stones == "gold" else 0.11
        rgb[here] = ramp(STONES[stones], low + (high - low) * share + drift[here] + rng.normal(0, lively, here.sum()))
    return rgb * (1 + rng.normal(0, 0.05, rgb.shape))


def relief(rng, tiles, owner, depth):
    """Return the light on every tessera: its tilt, its rounded and lit edges, its grain; and where it shines."""
    tilt = rng.normal(0, 0.020, (2, len(tiles) + 1)).astype(np.float32)
    middle = np.concatenate([[[0, 0]], tiles[:, :2]])
    slope = tilt[0][owner] * (X * H - middle[owner, 0]) + tilt[1][owner] * (Y * H - middle[owner, 1])
    down, right = np.gradient(gaussian_filter(1.5 * np.clip(depth, 0, 5) ** 0.7, 0.8))
    light = 1 + slope + 0.02 * noise(rng, 150, 1) + 0.04 * noise(rng, 30, 2) + 0.18 * np.clip(down + right, -1.5, 1.5)
    shine = np.clip(0.5 * rng.standard_normal(len(tiles) + 1) - 0.5, 0, 1)[owner] * 0.18
    return light[..., None], (shine + 0.2 * np.clip(down + right - 0.35, 0, 1))[..., None]


def mosaic(rng):
    """Paint a mosaic of a peacock among vines on gold, above waves with fish, inside a plaited border."""
    floor = Floor(np.zeros((H, W), np.int32))
    design(floor)
    floor.part = without_slivers(floor.part)
    tiles, owner = settled(*tesserae(rng, floor), floor.part)
    stone = np.concatenate([colours(MORTAR)[:1], tile_colours(rng, floor, tiles)])
    depth = distance_transform_edt(~borders(owner)) * (owner > 0) + 0.25 * noise(rng, 120, 1)
    light, shine = relief(rng, tiles, owner, depth)
    mortar = ramp(MORTAR, 0.5 + 0.3 * noise(rng, 60, 3) + 0.2 * noise(rng, 4, 2))
    face = step_up(gaussian_filter(depth, 0.7), 1.1, 2.8)[..., None]
    return softened(reduced(mortar * (1 - face) + (stone[owner] * light + shine) * face), 1.2)
