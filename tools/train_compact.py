"""Train the compact loss network from any pictures and any teacher, and write `data/compact.safetensors`.

    python tools/train_compact.py PICTURES [PICTURES ...] --teacher vgg19|FILE -o data/compact.safetensors

PICTURES are folders or tar files. The teacher is torchvision's VGG-19 (`vgg19`, or a file of its weights), or the
compressed VGG-19 of Wang et al. (CVPR 2020, MIT licence) as a safetensors file with the names conv11 ... conv51_aux.

Two losses per taught layer, both relative (0 is perfect, 1 is what a constant zero scores):

* regression: a 1 x 1 convolution and a ReLU (a "head", thrown away afterwards) predict the teacher's response from
  the student's; squared error divided by each teacher channel's mean square;
* kernel: for random positions i, j anywhere in the batch, the inner product f_i . f_j of the student's responses
  has to equal the teacher's. Every Gram-matrix distance is made of such products,
  ||G - A||^2 = sum (f_i . f_j)^2 - 2 sum (f_i . a_j)^2 + sum (a_i . a_j)^2, and so is every content loss:
  a student with the teacher's kernel has the teacher's style loss, whatever its width.

Step k draws its batch from (seed, k), so that a killed run resumes from its checkpoint as if nothing had happened.
"""

import argparse
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as functional
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import nn
from tqdm import tqdm

from stylekit.networks import COMPACT, load_network

SIDE = 128  # pixels of a stored training picture
TAUGHT = [f"relu{n}" for n in ("1_1", "1_2", "2_1", "2_2", "3_1", "3_3", "4_1", "4_2", "4_3", "5_1")]
WANG_LAYERS = ("11", "12", "21", "22", "31", "32", "33", "34", "41", "42", "43", "44", "51")
STRIDE = {1: 8, 2: 4, 3: 2, 4: 1, 5: 1}  # the losses look at every eighth row and column of block 1, ...
POSITIONS = 512  # sampled for the kernel loss
DECAY = 0.3  # the last part of the run, in which the learning rate falls linearly to zero


class WangTeacher(nn.Module):
    """The 16x compressed encoder of Wang et al.; where it knows VGG-19's own features (`aux`), it returns those."""

    def __init__(self, file):
        super().__init__()
        self.weights = {
            k: v.contiguous(memory_format=torch.channels_last) if v.ndim == 4 else v
            for k, v in safetensors.torch.load_file(file).items()
        }

    def features(self, image, layers):
        w, found = self.weights, {}
        x = functional.conv2d(image, w["conv0.weight"], w["conv0.bias"])
        for name in WANG_LAYERS:
            if name[1] == "1" and name != "11":
                x = functional.max_pool2d(x, 2)
            padded = functional.pad(x, (1, 1, 1, 1), mode="reflect")
            x = functional.relu(functional.conv2d(padded, w[f"conv{name}.weight"], w[f"conv{name}.bias"]))
            layer, aux = f"relu{name[0]}_{name[1]}", f"conv{name}_aux"
            if layer in layers:
                found[layer] = strided(x, layer)
                if f"{aux}.weight" in w:
                    z = functional.conv2d(found[layer], w[f"{aux}.weight"], w[f"{aux}.bias"])
                    found[layer] = functional.relu(z)
        return found


class NetworkTeacher(nn.Module):
    """Any loss network of the kit as a teacher, VGG-19 for one."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def features(self, image, layers):
        return {name: strided(f, name) for name, f in self.network.features(image, layers).items()}


def strided(responses, layer):
    """Keep every s-th row and column of (B, N, H, W), s by the layer's block."""
    s = STRIDE[int(layer[4])]
    return responses[:, :, s // 2 :: s, s // 2 :: s]


def load_teacher(name):
    """Return the teacher named on the command line."""
    if name.endswith(".safetensors"):
        with safetensors.safe_open(name, "pt") as file:
            if "conv11_aux.weight" in file.keys():  # noqa: SIM118 (a safetensors handle is no dict)
                return WangTeacher(name)
    return NetworkTeacher(load_network(name))


def read_files(source):
    """Yield the contents of the files in a folder or a tar file."""
    if source.is_dir():
        yield from (path.read_bytes() for path in sorted(source.rglob("*")) if path.is_file())
    else:
        with tarfile.open(source) as archive:
            yield from (archive.extractfile(member).read() for member in archive if member.isfile())


def read_pictures(source):
    """Yield (SIDE, SIDE, 3) uint8 arrays from a folder or a tar file; count what is not a picture."""
    unreadable = 0
    for data in tqdm(read_files(source), desc=source.name, unit=" pictures"):
        try:
            picture = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        except (UnidentifiedImageError, OSError):
            unreadable += 1
            continue
        scale = SIDE / min(picture.size)
        width, height = (max(SIDE, round(side * scale)) for side in picture.size)
        left, top = (width - SIDE) // 2, (height - SIDE) // 2
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
        yield np.asarray(picture.crop((left, top, left + SIDE, top + SIDE)))
    if unreadable:
        tqdm.write(f"{source.name}: {unreadable} files are not pictures, skipped")


def draw_batch(pictures, size, crop, generator):
    """Return (size, 3, crop, crop) in [0, 1]: zoomed crops, flips, light and colour jitter, some with noise."""
    picks = torch.randint(len(pictures), (size,), generator=generator)
    window = int(torch.randint(crop // 2, SIDE + 1, (1,), generator=generator))
    crops = []
    for index in picks:
        top, left = torch.randint(SIDE - window + 1, (2,), generator=generator)
        piece = pictures[index, top : top + window, left : left + window]
        crops.append(piece.flip(1) if torch.rand((), generator=generator) < 0.5 else piece)
    x = torch.stack(crops).permute(0, 3, 1, 2).float() / 255
    x = functional.interpolate(x, crop, mode="bilinear", antialias=True)

    def draw(low, high, channels=1):
        return low + (high - low) * torch.rand(size, channels, 1, 1, generator=generator)

    x = (x - 0.5) * draw(0.7, 1.3) + 0.5 + draw(-0.15, 0.15) + draw(-0.1, 0.1, 3)
    noise = torch.randn(x.shape, generator=generator) * draw(0, 0.3) * (draw(0, 1) < 0.2)
    return (x + noise).clamp(0, 1).contiguous(memory_format=torch.channels_last)


class Student(nn.Module):
    """The compact network and its heads."""

    def __init__(self, channels):
        super().__init__()
        self.network = COMPACT.build()
        for convolution in self.network.convolutions.values():
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            nn.init.zeros_(convolution.bias)
        width = {f"relu{name[4:]}": c.out_channels for name, c in self.network.convolutions.items()}
        self.heads = nn.ModuleDict({name: nn.Conv2d(width[name], channels[name], 1) for name in TAUGHT})

    def losses(self, image, targets, mean_square, generator):
        """Return {layer: (regression, kernel)}."""
        answers = self.network.features(image, TAUGHT)
        losses = {}
        for name in TAUGHT:
            answer = strided(answers[name], name)
            error = functional.relu(self.heads[name](answer)).float() - targets[name].float()
            scale = mean_square[name].clamp(min=1e-3 * mean_square[name].mean())
            regression = (error.square().mean(dim=(0, 2, 3)) / scale).mean()
            losses[name] = regression, kernel_error(answer, targets[name], mean_square[name], generator)
        return losses


def kernel_error(answer, target, mean_square, generator):
    """Return the relative squared error of the inner products between responses at random positions."""
    with torch.autocast("cpu", enabled=False):
        a, t = (f.float().permute(0, 2, 3, 1).flatten(0, 2) for f in (answer, target))  # positions x channels
        picks = torch.randint(len(a), (POSITIONS,), generator=generator)
        a, t = a[picks], t[picks]
        wanted = t @ t.T * (a.shape[1] / mean_square.sum())  # the student's channels get mean square 1
        return (a @ a.T - wanted).square().mean() / wanted.square().mean()


def learning_rate(step, steps, peak):
    """Return the rate of a step: a short warm-up, a plateau, a linear fall to zero."""
    return peak * min(1, (step + 1) / 200, (steps - step) / (DECAY * steps))


def batch_of_step(pictures, options, step):
    generator = torch.Generator().manual_seed(options.seed * 1_000_003 + step)
    return draw_batch(pictures, options.batch, options.crop, generator), generator


def measure_teacher(teacher, pictures, options):
    """Return each taught layer's mean square per channel over four batches."""
    sums = {}
    for step in range(-4, 0):
        x, _ = batch_of_step(pictures, options, 1_000_000_000 + step)
        for name, f in teacher.features(x, TAUGHT).items():
            sums[name] = sums.get(name, 0) + f.float().square().mean(dim=(0, 2, 3)) / 4
    return sums


def train(options):
    """Train from the checkpoint, or from the seed, to the last step, saving on the way."""
    teacher = load_teacher(options.teacher).requires_grad_(False)
    pictures = torch.from_numpy(np.stack([p for source in options.pictures for p in read_pictures(source)]))
    mean_square = measure_teacher(teacher, pictures, options)
    torch.manual_seed(options.seed)
    student = Student({name: len(m) for name, m in mean_square.items()}).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(student.parameters(), lr=options.rate, weight_decay=1e-4)
    first = resume(options.checkpoint, student, optimiser)
    bar = tqdm(range(first, options.steps), initial=first, total=options.steps, unit=" steps", mininterval=10)
    errors = {}
    for step in bar:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, options.steps, options.rate)
        losses = train_step(teacher, student, optimiser, mean_square, batch_of_step(pictures, options, step), options)
        errors = running_mean(errors, losses)
        if (step + 1) % options.save_every == 0 or step + 1 == options.steps:
            save(options, student, optimiser, step + 1, errors)
            line = "  ".join(f"{name[4:]} {r:.3f}/{k:.3f}" for name, (r, k) in errors.items())
            tqdm.write(f"{step + 1:6d}  {line}")


def train_step(teacher, student, optimiser, mean_square, batch, options):
    """Move the student's weights once; return its losses per layer before that."""
    x, generator = batch
    with torch.autocast("cpu", torch.bfloat16, enabled=options.bfloat16):
        with torch.no_grad():
            targets = teacher.features(x, TAUGHT)
        losses = student.losses(x, targets, mean_square, generator)
    loss = sum(regression + options.kernel_weight * kernel for regression, kernel in losses.values())
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(student.parameters(), 1.0)
    optimiser.step()
    return losses


def running_mean(errors, losses):
    """Return the mean losses of about the last fifty steps."""
    new = {name: [loss.item() for loss in pair] for name, pair in losses.items()}
    return {n: [0.98 * o + 0.02 * v for o, v in zip(errors.get(n, new[n]), new[n], strict=True)] for n in new}


def resume(checkpoint, student, optimiser):
    """Load the checkpoint if there is one and return the step to go on with."""
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    student.load_state_dict(state["student"])
    optimiser.load_state_dict(state["optimiser"])
    return state["step"]


def save(options, student, optimiser, step, errors):
    """Write the checkpoint, and the weights so far in float16; both whole or not at all."""
    partial = options.checkpoint.with_suffix(".partial")
    torch.save({"student": student.state_dict(), "optimiser": optimiser.state_dict(), "step": step}, partial)
    partial.replace(options.checkpoint)
    weights = {k: v.half().contiguous() for k, v in student.network.convolutions.state_dict().items()}
    rounded = {name: [round(r, 4), round(k, 4)] for name, (r, k) in errors.items()}
    facts = {"steps": str(step), "seed": str(options.seed), "errors": json.dumps(rounded)}
    partial = options.output.with_suffix(".partial")
    safetensors.torch.save_file(weights, partial, metadata=facts)
    partial.replace(options.output)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="+", type=Path, help="folders or tar files of pictures")
    parser.add_argument("--teacher", required=True, help="vgg19, or a file of weights")
    parser.add_argument("-o", "--output", type=Path, default=Path("data/compact.safetensors"))
    parser.add_argument("--checkpoint", type=Path, default=Path("compact.checkpoint"))
    parser.add_argument("--steps", type=int, default=6_400)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--crop", type=int, default=112, help="pixels, at most 128")
    parser.add_argument("--rate", type=float, default=2e-3, help="peak learning rate of AdamW")
    parser.add_argument("--kernel-weight", type=float, default=1.0, help="kernel loss against regression loss")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--save-every", type=int, default=250, help="steps between checkpoints")
    parser.add_argument("--bfloat16", action=argparse.BooleanOptionalAction, default=True)
    train(parser.parse_args(arguments))


if __name__ == "__main__":
    main()
