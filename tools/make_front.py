"""Paint the README's picture, `docs/front.png`: a photograph, a style, and the painting, with the kit's defaults."""

import torch

from stylekit.images import load_image, resize_image, save_image
from stylekit.networks import load_network
from stylekit.transfer import stylise

SIZE = 512  # pixels of the longer side of the painting
GAP = 8  # white pixels between the pictures


def main():
    content, style = load_image("chelsea", SIZE), load_image("swirls", SIZE)
    *_, last = stylise(content, style, load_network("compact"))
    painting = last.image.clamp(0, 1).cpu()
    height = painting.shape[2]
    small = (height - GAP) // 2
    photograph = resize_image(content, (small, round(content.shape[3] * small / content.shape[2])))
    exemplar = resize_image(style, (height - GAP - small, photograph.shape[3]))
    column = torch.cat([photograph, torch.ones(1, 3, GAP, photograph.shape[3]), exemplar], dim=2)
    save_image(torch.cat([column, torch.ones(1, 3, height, GAP), painting], dim=3), "docs/front.png")


if __name__ == "__main__":
    main()
