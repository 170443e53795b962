"""The student's own paintings, which it is taught from.

A minimiser finds every picture that the student likes and the teacher does not. So it paints as it learns.
"""

import math

import compact_lessons as lessons
import torch
from compact_lessons import STYLE_LAYERS, grams

CANVASES = 6  # paintings under way
EPSILON = 1e-8


def centred(K):
    """Take the mean of its row and of its column off each element."""
    return K - K.mean(dim=0, keepdim=True) - K.mean(dim=1, keepdim=True) + K.mean()


def log_distances(G):
    """Return log ||G_a - G_b|| for all pairs of the rows of (B, n), by products in double precision."""
    products = G.double() @ G.double().T
    norms = products.diagonal()
    a, b = torch.triu_indices(len(G), len(G), 1)
    return (norms[a] + norms[b] - 2 * products[a, b]).clamp(min=EPSILON * norms.mean()).log() / 2


def layer_grams(network, images):
    return {layer: grams(F) for layer, F in network.features(images, STYLE_LAYERS).items()}


def style_distances(G, A):
    """Return {layer: ||G - A||^2 (B,)} of two {layer: (B, N, N)}."""
    return {layer: (G[layer] - A[layer]).square().sum(dim=(1, 2)) for layer in A}


def paint(network, photo, style, canvas, steps, content_weight, rate=0.04):
    """Return the canvases after so many steps of Adam on the relative losses of `stylise`; all are (B, 3, H, W)."""
    with torch.no_grad():
        A, P = layer_grams(network, style), network.features(photo, ["relu4_2"])["relu4_2"]
        unit = {layer: E + EPSILON for layer, E in style_distances(layer_grams(network, photo), A).items()}
    x = canvas.clone().requires_grad_(True)
    optimiser = torch.optim.Adam([x], lr=rate, betas=(0.8, 0.95))
    for _ in range(steps):
        F = network.features(x, [*STYLE_LAYERS, "relu4_2"])
        E = style_distances({layer: grams(F[layer]) for layer in STYLE_LAYERS}, A)
        C = (F["relu4_2"] - P).square().mean(dim=(1, 2, 3)) / P.square().mean(dim=(1, 2, 3)) / 2
        loss = sum(E[layer] / unit[layer] for layer in E) / len(E) + content_weight * C
        (x.grad,) = torch.autograd.grad(loss.sum(), x)
        optimiser.step()
        with torch.no_grad():
            x.clamp_(0, 1)
    return x.detach()


class Easel:
    """Paintings under way: photographs, styles and canvases (CANVASES, 3, SIDE, SIDE), begun anew now and then."""

    def __init__(self, photos, art):
        self.sources, self.now = (photos, art), None

    def paint(self, network, random):
        """Go on with every canvas; return painting, style, photo, painting, ... (3 CANVASES, 3, SIDE, SIDE)"""
        renewed = torch.from_numpy(random.random(CANVASES) < 0.3)
        photo, style = (lessons.draw_batch(source, CANVASES, random) for source in self.sources)
        noise = torch.from_numpy(random.uniform(0.2, 0.8, photo.shape)).float()
        starts = [(photo, noise, style)[random.choice(3, p=(0.6, 0.25, 0.15))][i] for i in range(CANVASES)]
        fresh = torch.stack(starts), style, photo
        if self.now is not None:
            choose = renewed.view(-1, 1, 1, 1)
            fresh = [torch.where(choose, *pair) for pair in zip(fresh, self.now, strict=True)]
        canvas, style, photo = (x.contiguous(memory_format=torch.channels_last) for x in fresh)
        steps = round(math.exp(random.uniform(math.log(5), math.log(40))))
        content_weight = math.exp(random.uniform(math.log(0.02), math.log(0.5)))
        self.now = paint(network, photo, style, canvas, steps, content_weight), style, photo
        return torch.stack(self.now, dim=1).flatten(0, 1).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def style_left(network, photo, style, painted):
    """Return what a network sees left of the style distance of the photographs: mean over layers and pictures."""
    A = layer_grams(network, style)
    before, after = (style_distances(layer_grams(network, x), A) for x in (photo, painted))
    return torch.stack([after[layer] / (before[layer] + EPSILON) for layer in A]).mean().item()
