"""What a judge, VGG-16 say, sees in paintings by several loss networks: Markdown, and the pictures side by side.

    python tools/judge.py vgg16 compact FILE.safetensors --seconds 30 --size 512     in equal time
    python tools/judge.py vgg16 compact vgg16 --steps 80 --size 512 --out FOLDER     in equal evaluations

The first network judges, the others paint: each pair by `stylise`, in so many evaluations a size, or in as many as the
seconds allow. Printed are means over the pairs, as the judge sees them: the loss, the content and the mean of the
style terms, each in the scale "relative". A network may be a file of weights of any widths.
"""

import argparse
from pathlib import Path
from statistics import fmean

import compact_lessons as lessons
import torch
from agreement import markdown

from stylekit.files import write_whole
from stylekit.images import jpeg_bytes, load_image, resize_image
from stylekit.objective import painting_objective
from stylekit.optimise import minimise
from stylekit.transfer import STEPS, coarse_to_fine, steps_at, stylise

PAIRS = ("coffee:waves", "chelsea:swirls", "astronaut:shapes", "rocket:facets")
PAIRS += ("tubingen:starry_night", "golden_gate:the_scream", "astronaut:shipwreck", "chelsea:composition_vii")


def paint(network, content, style, steps, seconds):
    """Return the painting after so many evaluations a size, or after as many as so many seconds allow."""
    if not seconds:
        *_, last = stylise(content, style, network, steps=steps)
        return last
    sizes = coarse_to_fine(max(content.shape[-2:]))
    of_a_step = sum(part / 2 * (size / sizes[-1]) ** 2 for part, size in zip(steps_at(sizes, 2), sizes, strict=True))
    steps = max(2, int(seconds / of_a_step / seconds_of_one(network, content, style)))
    painting = stylise(content, style, network, steps=steps)
    last = next(painting)
    for step in painting:
        if step.seconds > seconds:
            break
        last = step
    return last


def seconds_of_one(network, content, style):
    """Return the mean time of an evaluation at the full size, the first left out."""
    first, *_, last = minimise(content, painting_objective(network, content, style), 7)
    return (last.seconds - first.seconds) / (last.evaluations - first.evaluations)


@torch.no_grad()
def verdict(judge, content, style, painting):
    """Return loss, content and mean style of a painting in the scale "relative"."""
    losses = {name: value.item() for name, value in painting_objective(judge, content, style)(painting).items()}
    styles = [value for name, value in losses.items() if name.startswith("style")]
    return {"loss": losses["total"], "content": losses["content"], "style": fmean(styles)}


def judged(judge, painters, pair, options):
    """Paint a pair by each network; print and return the verdicts, and write the pictures side by side if asked."""
    content, style = (load_image(name, options.size) for name in pair.split(":"))
    pictures, verdicts = [content, resize_image(style, tuple(content.shape[-2:]))], {}
    for name, network in painters.items():
        last = paint(network, content, style, options.steps, options.seconds)
        pictures.append(last.image)
        verdicts[name] = verdict(judge, content, style, last.image)
        verdicts[name] |= {"seconds": last.seconds, "evaluations": float(last.evaluations)}
        print(pair, name, {what: round(value, 4) for what, value in verdicts[name].items()}, flush=True)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        write_whole(options.out / f"{pair.replace(':', '-')}.jpg", jpeg_bytes(torch.cat(pictures, dim=-1)))
    return verdicts


def main(arguments=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("judge", help="compact, vgg16, vgg19, or a file of weights")
    parser.add_argument("painters", nargs="+", help="the same")
    parser.add_argument("--pairs", nargs="+", default=PAIRS, metavar="CONTENT:STYLE")
    parser.add_argument("--size", type=int, default=512)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=float, default=0)
    length.add_argument("--steps", type=int, default=STEPS, help="evaluations at each size")
    parser.add_argument("--out", type=Path, help="a folder for a picture of each pair: photograph, style, paintings")
    options = parser.parse_args(arguments)
    judge = lessons.load_student(options.judge)
    painters = {Path(name).stem: lessons.load_student(name) for name in options.painters}
    found = [judged(judge, painters, pair, options) for pair in options.pairs]
    means = {n: {what: fmean(v[n][what] for v in found) for what in found[0][n]} for n in painters}
    print(f"\nMeans over {len(found)} pairs at {options.size} px, judged by {options.judge}:\n")
    print(markdown(means, "painted by", digits=4))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
