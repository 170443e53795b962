"""How far one loss network agrees with another, layer by layer, on pictures and on paintings: a Markdown table of each.

    python tools/agreement.py compact vgg16 --photos TAR|FOLDER --art TAR|FOLDER

Looked at are the last 20 of the photographs and of the art, which `train_compact.py` never teaches, and ten paintings
that the second network makes of them. For each layer:

* linear, squared: cosines of the centred kernels K_ij = f_i . f_j and K_ij^2 over positions i, j of all pictures;
* style, content: correlations of log ||G_a - G_b|| and of log ||F_a - F_b|| over all pairs of pictures a, b;
* style and content gradient: the cosine of the two losses' gradients by the pixels of a picture, towards another;
* silent: filters of the first network whose root mean square is under 1 % of their layer's.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import compact_easel as easel
import compact_lessons as lessons
import torch
from compact_lessons import LAYERS, grams, rows
from torch import Tensor

HELD_OUT = 20  # the last photographs and paintings: never taught, only measured
PAINTINGS = 10  # made of those by the second network: never taught either
POSITIONS = 48  # of a layer of a picture
GRADIENTS = 8  # pictures whose gradients are compared
SILENT = 1e-4  # of its layer's mean square


@dataclass
class Seen:
    """What a network says of pictures in one layer: some responses, and log distances between all pairs."""

    F: Tensor  # (positions, filters)
    style: Tensor
    content: Tensor


@torch.no_grad()
def look(network, images) -> dict[str, Seen]:
    """Return {layer: Seen} of the LAYERS that it has; the positions depend on the images' number and size only."""
    layers = [layer for layer in LAYERS if layer in network.layers]
    kept = {layer: ([], [], []) for layer in layers}
    for number, image in enumerate(images.split(1)):
        for layer, responses in network.features(image, layers).items():
            F, G = rows(responses)[0], grams(responses)[0]
            picked = F[torch.from_numpy(lessons.seeded(number).permutation(len(F))[:POSITIONS])]
            for part, value in zip(kept[layer], (picked, G.flatten(), F.flatten()), strict=True):
                part.append(value)
    distances = lambda values: easel.log_distances(torch.stack(values))  # noqa: E731
    return {x: Seen(torch.cat(F), distances(G), distances(whole)) for x, (F, G, whole) in kept.items()}


def gradient(network, x, aim, kind, layer) -> torch.Tensor:
    """Return the gradient by the pixels of x of a layer's style or content loss towards the pictures `aim`.

    It is (B, 3 H W); x and `aim` are (B, 3, H, W).
    """
    x = x.detach().requires_grad_(True)
    F, target = (network.features(images, [layer])[layer] for images in (x, aim))
    difference = grams(F) - grams(target) if kind == "style" else F - target
    (found,) = torch.autograd.grad(difference.square().sum(), x)
    return found.flatten(1)


class HeldOut:
    """Pictures (B, 3, H, W) that are never taught, and what the teacher says about them."""

    def __init__(self, teacher, images):
        self.images, self.theirs = images, look(teacher, images)

    def agreement(self, network) -> dict[str, dict[str, float]]:
        """Return {layer: {name: figure}} of a network against the teacher, all but the gradients."""
        return {layer: _agreement(ours, self.theirs[layer]) for layer, ours in look(network, self.images).items()}


def _agreement(ours, theirs):
    K, wanted = (seen.F @ seen.F.T for seen in (ours, theirs))
    mean_square = ours.F.square().mean(dim=0)
    return {
        "linear": cosine(easel.centred(K), easel.centred(wanted)),
        "squared": cosine(easel.centred(K.square()), easel.centred(wanted.square())),
        "style": correlation(ours.style, theirs.style),
        "content": correlation(ours.content, theirs.content),
        "silent": int((mean_square < SILENT * mean_square.mean()).sum()),
    }


def cosine(a, b) -> float:
    return torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0).item()


def correlation(a, b) -> float:
    return torch.corrcoef(torch.stack([a, b]))[0, 1].item()


def compare(network, teacher, images) -> dict[str, dict[str, float]]:
    """Return the whole table of a network against its teacher, {layer: {name: figure}}."""
    table = HeldOut(teacher, images).agreement(network)
    x, aim = images[:GRADIENTS], images[:GRADIENTS].roll(-1, 0)
    for layer, figures in table.items():
        for kind in ("style", "content"):
            ours, theirs = (gradient(n, x, aim, kind, layer) for n in (network, teacher))
            figures[f"{kind} gradient"] = torch.cosine_similarity(ours, theirs).mean().item()
    return table


def held_out(photos, art, teacher) -> dict[str, Tensor]:
    """Return the pictures (B, 3, SIDE, SIDE) of these files, and paintings that the teacher makes of them."""
    photos, art = (lessons.squares(files[-HELD_OUT:]) for files in (photos, art))
    photo, style = photos[:PAINTINGS], art[:PAINTINGS]
    painted = [easel.paint(teacher, p, a, p, 30, 0.05) for p, a in zip(photo.split(1), style.split(1), strict=True)]
    return {"pictures": torch.cat([photos, art]), "paintings": torch.cat(painted)}


def markdown(table, head="layer", digits=2) -> str:
    """Return a table {row: {column: figure}} as Markdown."""
    columns = list(next(iter(table.values())))
    lines = [f"| {head} | {' | '.join(columns)} |", f"| --- |{' --: |' * len(columns)}"]
    shown = lambda value: f"{value:.{digits}f}" if isinstance(value, float) else str(value)  # noqa: E731
    lines += [f"| {row} | {' | '.join(shown(v) for v in figures.values())} |" for row, figures in table.items()]
    return "\n".join(lines)


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", help="compact, vgg16, vgg19, or a file of weights")
    parser.add_argument("teacher", help="the network it is measured by")
    parser.add_argument("--photos", nargs="+", required=True, type=Path, help="folders or tar files of photographs")
    parser.add_argument("--art", nargs="+", required=True, type=Path, help="folders or tar files of paintings")
    options = parser.parse_args(arguments)
    teacher, network = lessons.load_teacher(options.teacher), lessons.load_teacher(options.network)
    photos, art = (lessons.read_pictures(sources) for sources in (options.photos, options.art))
    for kind, images in held_out(photos, art, teacher).items():
        print(f"\n{len(images)} {kind}, {options.network} against {options.teacher}:\n")
        print(markdown(compare(network, teacher, images)), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
