"""Train the compact loss network from any pictures and any teacher, and write its weights.

    python tools/train_compact.py --teacher vgg16 --photos TAR|FOLDER --art TAR|FOLDER --minutes 300 \
        --out compact.safetensors --checkpoint compact.checkpoint

Style and content losses are made of inner products of responses, K_ij = f_i . f_j / N over positions i, j:
||G - A||^2 = mean K_ij^2 - 2 mean K_ia^2 + mean K_ab^2. A student with the teacher's *kernel* K has the teacher's
losses, whatever its width. So each layer is taught, at random positions anywhere in a batch,

* the kernel K, the centred K (row and column means taken off: differences are made of those), the centred K^2;
* the logarithms of the style distances ||G_a - G_b|| between whole pictures, its own paintings among them;
* to foretell the teacher's responses from its own by a linear map and a ReLU (a "head", thrown away afterwards).

A step draws all that it draws from (seed, step). A killed run goes on from its checkpoint with new questions to the
teacher; an unbroken run of as many steps gives the same weights on the same machine.
"""

import argparse
import json
import time
from pathlib import Path

import agreement
import compact_easel as easel
import compact_lessons as lessons
import safetensors.torch
import torch
import torch.nn.functional as functional
from compact_easel import centred, log_distances
from compact_lessons import LAYERS, grams, rows
from torch import nn

from stylekit.networks import LossNetwork

WIDTHS = (16, 48, 96, 192, 256)
BATCH, GROUPS = 16, 2  # crops of a step; of these, so many groups of (painting, style, photograph)
SEEN = 32  # positions of a layer of a crop in one step
FRESH = 48  # crops that the teacher is asked about at a time
FEW = 10  # times FRESH crops: under this the teacher is asked four times as often
PLATEAU = 0.4  # the part of a run before its rate falls
SILENT = 1e-4  # of its layer's mean square: a filter below is revived


class Student(nn.Module):
    """The compact network, the running mean of its weights (which is what is kept), and its heads."""

    def __init__(self, widths, teacher):
        super().__init__()
        build = {"blocks": lessons.BLOCKS, "widths": widths, "padding": "replicate"}
        self.network, self.average = LossNetwork(**build), LossNetwork(**build).requires_grad_(False)
        self.heads = nn.ModuleDict()
        for name, convolution in self.network.convolutions.items():
            layer, width = f"relu{name[4:]}", convolution.out_channels
            self.heads[layer] = nn.Linear(width, teacher.convolutions[name].out_channels)
            self.register_buffer(f"use_{layer}", torch.ones(width))  # running mean square of each filter
        self.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def follow(self, step):
        """Move the running mean towards the weights; it looks back over a tenth of the steps, 1,000 at most."""
        toward = max(1e-3, 10 / (step + 10))
        for mean, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
            mean.lerp_(now, toward)

    @torch.no_grad()
    def notice(self, found):
        for layer, responses in found.items():
            self.get_buffer(f"use_{layer}").lerp_(responses.detach().float().square().mean(dim=(0, 2, 3)), 0.02)

    def revive(self) -> int:
        """Put half of its layer's strongest filter in the place of each silent one; return how many there were."""
        revived = 0
        for layer in LAYERS:
            use = self.get_buffer(f"use_{layer}")
            for silent in torch.nonzero(use < SILENT * use.mean()).flatten():
                strongest = int(use.argmax())
                for network in (self.network, self.average):
                    split_filter(network, layer, strongest, silent)
                use[strongest] /= 2
                use[silent] = use[strongest]
                revived += 1
        return revived


@torch.no_grad()
def split_filter(network, layer, strong, silent, noise=0.01):
    """Make two filters of one, each 1 / sqrt 2 of it: but for a little noise, kernels and later responses stay."""
    names = list(network.convolutions)
    place = names.index(f"conv{layer[4:]}")
    convolution, share = network.convolutions[names[place]], 2**-0.5
    for part in (convolution.weight, convolution.bias):
        part[strong] *= share
        part[silent] = part[strong] * (1 + noise * torch.randn(part[strong].shape))
    if place + 1 < len(names):
        following = network.convolutions[names[place + 1]].weight
        following[:, strong] *= share
        following[:, silent] = following[:, strong]


def relative_error(ours, theirs):
    return (ours - theirs).square().mean() / theirs.square().mean()


def kernel_errors(answer, target):
    """Return the relative errors of the kernel, plain, centred, and squared and centred, of (n, N) and (n, N')."""
    K, wanted = (f @ f.T / f.shape[1] for f in (answer, target))
    return {
        "kernel": relative_error(K, wanted),
        "linear": relative_error(centred(K), centred(wanted)),
        "squared": relative_error(centred(K.square()), centred(wanted.square())),
    }


def layer_losses(responses, head, positions, target, G=None):
    """Return {name: loss} of a layer: responses (B, N, H, W), positions (B, P), target (B, P, N'), G (b, N', N')."""
    F = rows(responses.float())
    answer = F.gather(1, positions[:, :, None].expand(-1, -1, F.shape[2])).flatten(0, 1)
    target = target.float().flatten(0, 1)
    spread = target.square().mean(dim=0)
    error = (functional.relu(head(answer)) - target).square().mean(dim=0)
    losses = kernel_errors(answer, target)
    losses["regression"] = (error / spread.clamp(min=0.05 * spread.mean())).mean()
    if G is not None:
        ours = log_distances(grams(responses[-len(G) :].float()).flatten(1))
        losses["distance"] = (ours - log_distances(G.flatten(1))).square().mean().float()
    return losses


class Muon(torch.optim.Optimizer):
    """Steps as long as Adam's along the momentum, all singular values set to about 1 (Jordan and others, 2024)."""

    def __init__(self, groups, lr):
        super().__init__(groups, {"lr": lr})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                momentum = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                momentum.lerp_(weight.grad, 0.05)
                step = orthogonal(torch.lerp(weight.grad, momentum, 0.95).flatten(1))
                weight.sub_(step.view(weight.shape), alpha=group["lr"] * 0.2 * max(step.shape) ** 0.5)


def orthogonal(M):
    """Return about U V^T of M = U S V^T (n, m), n <= m or the transposed, by five Newton-Schulz iterations."""
    if len(M) > M.shape[1]:
        return orthogonal(M.T).T
    X = (M / M.norm().clamp(min=1e-12)).bfloat16()
    for _ in range(5):
        A = X @ X.T
        X = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X
    return X.float()


def make_optimisers(student, deep):
    """Return one for convolutions and one for the rest; blocks 4 and 5, whose filters die first, go at a lower rate."""
    convolutions, rest = [], [{"params": list(student.heads.parameters()), "part": 1.0}]
    for name, convolution in student.network.convolutions.items():
        part = deep if name[4] in "45" else 1.0
        convolutions.append({"params": [convolution.weight], "part": part})
        rest.append({"params": [convolution.bias], "part": part})
    return [Muon(convolutions, lr=0), torch.optim.Adam(rest, lr=0)]


class Training:
    """A student, its teacher, the lessons so far, and all that a checkpoint holds."""

    def __init__(self, options):
        self.options = options
        self.photos, self.art = (lessons.read_pictures(sources) for sources in (options.photos, options.art))
        self.teacher = lessons.load_teacher(options.teacher)
        torch.manual_seed(options.seed)
        self.student = Student(options.widths, self.teacher)
        self.optimisers = make_optimisers(self.student, options.deep)
        self.state = {"step": 0, "seconds": 0.0, "last": options.steps}
        self.hold_out()
        if options.checkpoint.exists():
            self.resume(torch.load(options.checkpoint, weights_only=True))
        else:
            self.start()
        asked = self.teacher, self.state["scale"], options.bfloat16
        self.answers = lessons.Answers(*asked, options.crops)
        self.gallery = lessons.Answers(*asked, options.gallery, whole=True)
        self.easel = easel.Easel(self.photos, self.art)

    def hold_out(self):
        """Take the last pictures away for the figures, and have the teacher make paintings of them."""
        kept = agreement.held_out(self.photos, self.art, self.teacher)
        del self.photos[-agreement.HELD_OUT :], self.art[-agreement.HELD_OUT :]
        photos, art = kept["pictures"].chunk(2)
        self.photo, self.style = photos[: agreement.PAINTINGS], art[: agreement.PAINTINGS]
        self.held_out = {name: agreement.HeldOut(self.teacher, images) for name, images in kept.items()}

    def start(self):
        """Set the student's first weights by least squares, or to those of a file, and the teacher's scales."""
        random = lessons.seeded(self.options.seed, 0, 1)
        crops = self.fresh(random)
        self.state["scale"] = lessons.least_squares_start(self.student.network, self.teacher, crops, random)
        if self.options.start:
            self.student.network.convolutions.load_state_dict(safetensors.torch.load_file(self.options.start))
        self.student.average.load_state_dict(self.student.network.state_dict())

    def resume(self, kept):
        self.student.load_state_dict(kept["student"])
        for optimiser, state in zip(self.optimisers, kept["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        self.state = kept["state"]
        self.state["last"] = self.state["last"] or self.options.steps

    def save(self):
        """Write the checkpoint, and the weights so far in float16; both whole or not at all."""
        optimisers = [optimiser.state_dict() for optimiser in self.optimisers]
        kept = {"student": self.student.state_dict(), "optimisers": optimisers, "state": self.state}
        replace(self.options.checkpoint, lambda file: torch.save(kept, file))
        weights = {k: v.half().contiguous() for k, v in self.student.average.convolutions.state_dict().items()}
        facts = {"steps": str(self.state["step"]), "seed": str(self.options.seed)}
        replace(self.options.out, lambda file: safetensors.torch.save_file(weights, file, metadata=facts))

    def fresh(self, random):
        halves = [lessons.draw_batch(source, FRESH // 2, random) for source in (self.photos, self.art)]
        return torch.cat(halves).contiguous(memory_format=torch.channels_last)

    def rate(self):
        """Return the learning rate: a warm-up, a plateau until `PLATEAU` of the time, then a straight fall to zero."""
        step, last = self.state["step"], self.state["last"]
        if last is None and self.state["seconds"] > PLATEAU * self.options.minutes * 60:
            self.save()
            plateau = self.options.checkpoint.with_suffix(".plateau")  # from here a longer run can go on
            replace(plateau, lambda file: file.write_bytes(self.options.checkpoint.read_bytes()))
            self.state["last"] = last = round(step / PLATEAU)
            self.log(f"the rate falls from here; the same run again: --steps {last}")
        falling = 1 if last is None else (last - step) / ((1 - PLATEAU) * last)
        return self.options.rate * min(1, (step + 1) / 200, falling)

    def prepare(self, random):
        """Ask the teacher about fresh crops and the student's paintings, revive filters: where it is time for that."""
        step, every = self.state["step"], self.options.fresh_every
        often = every if len(self.answers) >= FEW * FRESH else max(1, every // 4)
        if not len(self.answers) or step % often == 0:
            self.answers.ask(self.fresh(random), random)
        if self.options.paint_every and step % self.options.paint_every == 0:
            self.gallery.ask(self.easel.paint(self.student.average, random), random)
        if step % 100 == 99 and (revived := self.student.revive()):
            self.log(f"{revived} silent filters revived")

    def lesson(self, random):
        """Return crops, {layer: (positions, targets)} and {layer: Gram matrices of the last crops}."""
        groups = GROUPS if len(self.gallery) else 0
        picks = torch.from_numpy(random.integers(len(self.answers), size=BATCH - 3 * groups))
        crops, targets = self.answers.lesson(picks, SEEN, random)
        if not groups:
            return crops, targets, {}
        firsts = 3 * torch.from_numpy(random.choice(len(self.gallery) // 3, groups, replace=False))
        picks = (firsts[:, None] + torch.arange(3)).flatten()
        more, painted = self.gallery.lesson(picks, SEEN, random)
        joined = {x: tuple(torch.cat(pair) for pair in zip(targets[x], painted[x], strict=True)) for x in LAYERS}
        return torch.cat([crops, more]), joined, {x: G[picks].float() for x, G in self.gallery.grams.items()}

    def learn(self, random):
        """Take one step; return the losses {layer: {name: loss}} before it."""
        crops, targets, G = self.lesson(random)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.bfloat16):
            found = self.student.network.features(crops, LAYERS)
        losses = {x: layer_losses(found[x], self.student.heads[x], *targets[x], G.get(x)) for x in LAYERS}
        weights = self.options.weights
        loss = sum(weights[name] * value for layer in losses.values() for name, value in layer.items())
        self.student.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        rate = self.rate()
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = rate * group["part"]
            optimiser.step()
        self.student.notice(found)
        return losses

    def run(self):
        """Train to the end of the time or of the steps."""
        state, options = self.state, self.options
        saved, measured = time.monotonic(), -1e9
        while state["last"] is None or state["step"] < state["last"]:
            begun, random = time.thread_time(), lessons.seeded(options.seed, state["step"], 2)
            self.prepare(random)
            losses = self.learn(random)
            state["step"] += 1
            self.student.follow(state["step"])
            state["seconds"] += time.thread_time() - begun
            if state["step"] % options.log_every == 0:
                self.log("  ".join(f"{x[4:]} " + "/".join(f"{v:.3f}" for v in losses[x].values()) for x in losses))
            if time.monotonic() > saved + 60 * options.save_minutes:
                saved = time.monotonic()
                self.save()
            if state["seconds"] > measured + 60 * options.measure_minutes:
                measured = state["seconds"]
                self.measure()
        self.save()
        self.measure()

    def log(self, text):
        print(f"{self.state['step']:6d} {self.state['seconds'] / 60:6.1f} min  {text}", flush=True)

    def measure(self):
        """Log the figures on pictures never taught: agreement, and what paintings leave of the style distance."""
        network = self.student.average
        for kept, held_out in self.held_out.items():
            table = held_out.agreement(network)
            for name in ("linear", "squared", "style", "content", "silent"):
                self.log(f"{kept} {name:8s} " + " ".join(f"{x[4:]} {table[x][name]:.3g}" for x in table))
        painted = easel.paint(network, self.photo, self.style, self.photo, 40, 0.05)
        teacher, student = (easel.style_left(n, self.photo, self.style, painted) for n in (self.teacher, network))
        self.log(f"style distance left: {teacher:.3f} as the teacher sees it, {student:.3f} as the student does")


def replace(file, write):
    """Write a file whole or not at all."""
    partial = file.with_name(file.name + ".part")
    write(partial)
    partial.replace(file)


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--teacher", required=True, help="vgg16, vgg19, or a file of weights")
    parser.add_argument("--photos", nargs="+", required=True, help="folders or tar files of photographs")
    parser.add_argument("--art", nargs="+", required=True, help="folders or tar files of paintings")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="of computing; pauses and other programs' time do not count")
    length.add_argument("--steps", type=int)
    parser.add_argument("--out", type=Path, default=Path("compact.safetensors"))
    parser.add_argument("--checkpoint", type=Path, default=Path("compact.checkpoint"))
    parser.add_argument("--start", type=Path, help="weights to begin with instead of a least-squares start")
    parser.add_argument("--widths", type=lambda text: tuple(map(int, text.split(","))), default=WIDTHS)
    parser.add_argument("--crops", type=int, default=6_000, help="kept with the teacher's answers, 0.5 MB each")
    parser.add_argument("--gallery", type=int, default=360, help="of these with Gram matrices, 1.7 MB each")
    parser.add_argument("--fresh-every", type=int, default=16, help=f"steps between {FRESH} fresh crops")
    parser.add_argument("--paint-every", type=int, default=40, help="steps between paintings, 0 for none")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--deep", type=float, default=0.5, help="part of the rate for blocks 4 and 5")
    parser.add_argument("--weights", type=json.loads, default={}, help='of the losses, as {"linear": 1}')
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log-every", type=int, default=50)
    parser.add_argument("--save-minutes", type=float, default=4)
    parser.add_argument("--measure-minutes", type=float, default=15)
    parser.add_argument("--bfloat16", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args(arguments)
    standard = {"kernel": 1, "linear": 1, "squared": 0.5, "regression": 0.3, "distance": 0.3}
    options.weights = standard | options.weights
    return options


if __name__ == "__main__":
    Training(parse()).run()
