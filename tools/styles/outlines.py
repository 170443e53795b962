"""Shapes between outlines, and what pictures made of small pieces share."""

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from skimage.draw import disk, polygon
from styles.brush import HEIGHT, SCALE, WIDTH, H, W


def curve(points, closed=False, count=240):
    """Return a smooth path through some points."""
    points = np.asarray(points, float)
    if closed:
        points = np.vstack([points, points[:1]])
    run = np.append(0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=-1)))
    spline = CubicSpline(run, points, bc_type="periodic" if closed else "natural")
    return spline(np.linspace(0, run[-1], count))


def inside(outline):
    """Return where a closed outline is, its points in units of the picture's height."""
    mask = np.zeros((H, W), bool)
    mask[polygon(outline[:, 1] * H, outline[:, 0] * H, (H, W))] = True
    return mask


def round_at(x, y, radius):
    """Return where a disc is."""
    mask = np.zeros((H, W), bool)
    mask[disk((y * H, x * H), radius * H, shape=(H, W))] = True
    return mask


def ribbon(path, half):
    """Return the two sides of a ribbon that runs along a path, `half` its half width."""
    ahead = np.gradient(path, axis=0)
    normal = np.stack([-ahead[:, 1], ahead[:, 0]], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-9
    offset = normal * np.broadcast_to(half, len(path))[:, None]
    return path - offset, path + offset


def between(left, right):
    """Return where the strip between two sides is."""
    return inside(np.concatenate([left, right[::-1]]))


def blade(base, tip, half, bend=0.0, belly=1.0):
    """Return the left side, the midrib and the right side of a leaf or a petal; a `belly` over 1 is near the tip."""
    t = np.linspace(0, 1, 80)
    base, tip = np.asarray(base, float), np.asarray(tip, float)
    across = np.array([base[1] - tip[1], tip[0] - base[0]])
    rib = base + (tip - base) * t[:, None] + across * bend * np.sin(np.pi * t)[:, None]
    left, right = ribbon(rib, half * np.sin(np.pi * t**belly) ** 0.85)
    return left, rib, right


def turned(x, y, radius, angle):
    """Return the point at a distance and an angle from (x, y)."""
    return np.array([x + radius * np.cos(angle), y + radius * np.sin(angle)])


def reduced(rgb):
    """Return a picture averaged down to its final size."""
    return np.clip(rgb.reshape(HEIGHT, SCALE, WIDTH, SCALE, 3).mean(axis=(1, 3)), 0, 1).astype(np.float32)


def softened(picture, vivid, reach=0.75):
    """Return the picture with its colour, but not its light, stronger and softer: JPEG spends much on sharp colour."""
    light = picture @ np.array([0.299, 0.587, 0.114], np.float32)
    colour = vivid * (picture - light[..., None])
    return np.clip(light[..., None] + gaussian_filter(colour, (reach, reach, 0)), 0, 1).astype(np.float32)


def borders(parts):
    """Return the pixels that touch a part other than their own."""
    edge = np.zeros(parts.shape, bool)
    edge[:, 1:] |= parts[:, 1:] != parts[:, :-1]
    edge[1:] |= parts[1:] != parts[:-1]
    return edge


def apart(places, gaps):
    """Return which places stay when, in turn, each that is too near an earlier one is dropped."""
    kept = np.zeros(len(places), bool)
    for k, others in enumerate(cKDTree(places).query_ball_point(places, gaps, workers=1)):
        kept[k] = not kept[others].any()
    return kept
