"""A brush and a canvas: fields of angles, strokes along them, paint that is lit; everything at twice the final size.

A picture is a direction field, a colour plan and a few layers of brush strokes, coarse to fine. A stroke is a bundle
of bristles dragged along the field: it leaves colour on the canvas and a height, and the heights are lit at the end.
Everything is painted at twice the size and averaged down, so that no edge is jagged.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, zoom

WIDTH, HEIGHT = 768, 576
SCALE = 2  # paint this many times larger than the picture that is kept
W, H = WIDTH * SCALE, HEIGHT * SCALE
PITCH = 0.7  # pixels between samples of a stroke: below 1 / sqrt(2) no pixel inside it can be missed

Y, X = (np.mgrid[0:H, 0:W] / H).astype(np.float32)  # one unit is the height of the picture
ASPECT = W / H


def colours(palette):
    """Return a palette as an array of RGB rows between 0 and 1."""
    return np.array([[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in palette.values()], np.float32) / 255


def ramp(palette, tone):
    """Return the colours at the places `tone` (0 to 1) along a palette."""
    table = colours(palette)
    place = np.clip(tone, 0, 1) * (len(table) - 1)
    stops = np.arange(len(table))
    return np.stack([np.interp(place, stops, channel) for channel in table.T], axis=-1).astype(np.float32)


def noise(rng, cells, octaves=4, stretch=1.0):
    """Return fractal noise of about -1 to 1 over the canvas, `cells` blobs high in its coarsest octave."""
    total = np.zeros((H, W), np.float32)
    for octave in range(octaves):
        rows = int(cells * 2**octave) + 3
        columns = int(cells * ASPECT / stretch * 2**octave) + 3
        grid = rng.standard_normal((rows, columns)).astype(np.float32)
        total += zoom(grid, (H / rows, W / columns), order=3, mode="nearest", grid_mode=True)[:H, :W] * 0.55**octave
    return total / 1.6


def warp(image, dx, dy):
    """Return the image looked up at places shifted by (dx, dy), in units of the picture's height."""
    return map_coordinates(image, [(Y + dy) * H, (X + dx) * H], order=1, mode="reflect")


def step_up(value, low, high):
    """Return 0 below `low`, 1 above `high` and a smooth step between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


@dataclass
class Canvas:
    """What has been painted so far: colour, and the thickness of the paint."""

    rgb: np.ndarray
    height: np.ndarray


def primed(rgb):
    """Return a canvas with a first thin coat of the colours `rgb`."""
    return Canvas(np.broadcast_to(rgb, (H, W, 3)).astype(np.float32).copy(), np.zeros((H, W), np.float32))


def at(image, points):
    """Return the values of an image at points (x, y), the border repeated outside."""
    x = np.clip(points[..., 0], 0, W - 1).astype(np.intp)
    y = np.clip(points[..., 1], 0, H - 1).astype(np.intp)
    return image[y, x]


def scatter(rng, spacing):
    """Return shuffled points of a jittered grid that reaches a little beyond the canvas."""
    x, y = np.meshgrid(np.arange(-spacing, W + spacing, spacing), np.arange(-spacing, H + spacing, spacing))
    points = np.stack([x.ravel(), y.ravel()], axis=-1) + rng.uniform(-0.6, 0.6, (x.size, 2)) * spacing
    return rng.permutation(points).astype(np.float32)


def follow(angle, starts, lengths):
    """Return one path per start, half of it on each side, that runs along the field of angles."""
    count = int(lengths.max() / PITCH / 2) + 2
    pace = (lengths / count / 2)[:, None]
    halves = []
    for sign in (-1, 1):
        point, path = starts.copy(), []
        for _ in range(count):
            path.append(point)
            turn = at(angle, point)
            point = point + sign * pace * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
        halves.append(path)
    return np.stack(halves[0][:0:-1] + halves[1], axis=1).astype(np.float32)


def bristles(rng, count, across):
    """Return one row of bristle loads between 0 and 1 per stroke, in clumps as in a real brush."""
    fine = gaussian_filter(rng.standard_normal((count, across)), (0, 1.3), mode="nearest")
    clumps = gaussian_filter(rng.standard_normal((count, across)), (0, 4.0), mode="nearest")
    return np.clip(0.5 + 0.45 * fine + 0.7 * clumps, 0, 1).astype(np.float32)


def drag(canvas, rng, paths, widths, first, second, body=1.0, dry=0.6, cover=0.92, clip=None):
    """Drag one brush along each path: `first` is its main colour, `second` the one streaked into it."""
    across = int(widths.max() / PITCH) + 3
    batch = max(1, 400_000 // (paths.shape[1] * across))  # later strokes hide earlier ones, so keep batches small
    for low in range(0, len(paths), batch):
        part = slice(low, low + batch)
        _drag_batch(canvas, rng, paths[part], widths[part], first[part], second[part], across, body, dry, cover, clip)


def _drag_batch(canvas, rng, paths, widths, first, second, across, body, dry, cover, clip):
    """Leave the colour and the height of a few strokes on the canvas."""
    count, along = paths.shape[:2]
    t = np.linspace(0, 1, along, dtype=np.float32)[None, :, None]
    s = np.linspace(-1, 1, across, dtype=np.float32)[None, None, :]
    ahead = np.gradient(paths, axis=1)
    normal = np.stack([-ahead[..., 1], ahead[..., 0]], axis=-1)
    normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-6)
    taper = np.sqrt(np.clip(t / 0.12, 0.1, 1)) * np.sqrt(np.clip((1 - t) / 0.4, 0.06, 1))  # lands blunt, lifts thin
    offset = taper * s * widths[:, None, None] / 2
    px = np.rint(paths[..., 0:1] + normal[..., 0:1] * offset).astype(np.intp)
    py = np.rint(paths[..., 1:2] + normal[..., 1:2] * offset).astype(np.intp)
    load = (1 - t) * bristles(rng, count, across)[:, None] + t * bristles(rng, count, across)[:, None]
    kept = (px >= 0) & (px < W) & (py >= 0) & (py < H) & (load > dry * t**2 * (0.35 + 0.5 * s**2))
    if clip is not None:
        kept &= clip[np.clip(py, 0, H - 1), np.clip(px, 0, W - 1)] == at(clip, paths[:, along // 2])[:, None, None]
    stroke = np.nonzero(kept)[0]
    where = py[kept] * W + px[kept]
    ridge = (0.55 * load + 0.5 * np.abs(s) ** 3 + 0.4 * t**6) * body * np.sqrt(widths / 12)[:, None, None]
    load = load[kept][:, None]
    paint = first[stroke] + (second[stroke] - first[stroke]) * load + 0.1 * (load - 0.5)
    rgb, height = canvas.rgb.reshape(-1, 3), canvas.height.reshape(-1)
    rgb[where] = rgb[where] * (1 - cover) + paint * cover
    height[where] = 0.35 * height[where] + ridge[kept]


def layer(canvas, rng, angle, choose, spacing, length, width, keep=None, **brush):
    """Cover the canvas with strokes along `angle`; `choose(points)` gives the two colours of each."""
    starts = scatter(rng, spacing)
    if keep is not None:
        starts = starts[rng.random(len(starts)) < at(keep, starts)]
    lengths = length * rng.uniform(0.55, 1.0, len(starts)).astype(np.float32)
    widths = width * rng.uniform(0.55, 1.0, len(starts)).astype(np.float32)
    first, second = choose(starts)
    drag(canvas, rng, follow(angle, starts, lengths), widths, first, second, **brush)


def lit(canvas, rng, relief=0.26, weave=0.03):
    """Return the picture with the paint lit from the upper left over a woven ground, at its final size."""
    threads = np.sin(X * H * 2 * np.pi / 5.2) * np.sin(Y * H * 2 * np.pi / 5.2)
    thin = np.exp(-2 * canvas.height)  # the weave only shows where the paint is thin
    height = gaussian_filter(canvas.height, 0.8) + weave * 4 * thin * threads
    down, right = np.gradient(height)
    slope = np.clip((down + right) * 1.6, -1.2, 1.2)
    shine = np.clip(slope - 0.35, 0, 1)
    rgb = canvas.rgb * (1 + relief * slope + 0.012 * rng.standard_normal((H, W)))[..., None] + 0.22 * shine[..., None]
    return np.clip(rgb.reshape(HEIGHT, SCALE, WIDTH, SCALE, 3).mean(axis=(1, 3)), 0, 1)


def along_levels(plan):
    """Return the angles along the level lines of a smooth plan."""
    down, right = np.gradient(plan)
    return np.arctan2(-right, down).astype(np.float32)


def from_plan(rng, plan, jitter=0.05, streak=0.09):
    """Return a chooser of stroke colours that takes them from a painted plan, each a little off."""

    def choose(points):
        base = at(plan, points)
        shift = rng.normal(0, jitter, (len(points), 1)) + rng.normal(0, jitter / 2, base.shape)
        other = base + shift + rng.normal(0, streak, (len(points), 1))
        return (base + shift).astype(np.float32), other.astype(np.float32)

    return choose
