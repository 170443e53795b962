"""What the compact network is taught from: crops of pictures, and the teacher's answers about them.

The teacher is some ten times dearer than the student. It is asked once about each crop, and its responses at some
positions of each layer are kept in memory; the student goes over them many times.
"""

import io
import math
import tarfile
from pathlib import Path

import numpy as np
import safetensors.torch
import scipy.linalg
import torch
import torch.nn.functional as functional
from PIL import Image, UnidentifiedImageError

from stylekit.networks import LossNetwork, load_network

BLOCKS = (2, 2, 3, 3, 1)  # every layer that Gatys and Johnson name
LAYERS = [f"relu{b}_{i}" for b, depth in enumerate(BLOCKS, start=1) for i in range(1, depth + 1)]
STYLE_LAYERS = [f"relu{b}_1" for b in range(1, 6)]
SIDE = 112  # pixels of a crop
POSITIONS = 64  # of each layer of each crop, at which the teacher's answer is kept
RIDGE = 1e-3  # of the least-squares start, relative to the mean square of an unknown's factor


def read_pictures(sources) -> list[bytes]:
    """Return the files of folders and tar files that Pillow can read whole, in order; raise where there is none."""
    pictures = []
    for source in map(Path, sources):
        for data in _read_files(source):
            try:
                Image.open(io.BytesIO(data)).load()
            except (UnidentifiedImageError, OSError):
                continue
            pictures.append(data)
    return pictures


def _read_files(source):
    if source.is_dir():
        yield from (path.read_bytes() for path in sorted(source.rglob("*")) if path.is_file())
    else:
        with tarfile.open(source) as archive:
            yield from (archive.extractfile(member).read() for member in archive if member.isfile())


def seeded(*numbers) -> np.random.Generator:
    """Return a source of random numbers that depends on nothing but these numbers."""
    return np.random.default_rng(numbers)


def squares(pictures) -> torch.Tensor:
    """Return the middle squares of pictures, (B, 3, SIDE, SIDE) in [0, 1]."""
    opened = (Image.open(io.BytesIO(picture)).convert("RGB") for picture in pictures)
    x = np.stack([_square(image, SIDE, SIDE, 0.5, 0.5) for image in opened])
    return torch.from_numpy(x).movedim(3, 1).contiguous(memory_format=torch.channels_last)


def _square(image, shorter, side, left, top):
    """Shrink a picture to a shorter side and cut a square out of it, `left` and `top` in [0, 1]."""
    scale = shorter / min(image.size)
    if scale != 1:
        size = [max(side, round(length * scale)) for length in image.size]
        image = image.resize(size, Image.Resampling.LANCZOS)
    left, top = (round(part * (length - side)) for part, length in zip((left, top), image.size, strict=True))
    return np.asarray(image.crop((left, top, left + side, top + side)), np.float32) / 255


def draw_crop(pictures, side, random) -> np.ndarray:
    """Return a sharp crop, never enlarged where the picture is large enough; one of four is a mosaic of four."""
    if side == SIDE and random.random() < 0.25:
        quarters = [draw_crop(pictures, side // 2, random) for _ in range(4)]
        return np.vstack([np.hstack(quarters[:2]), np.hstack(quarters[2:])])
    image = Image.open(io.BytesIO(pictures[random.integers(len(pictures))])).convert("RGB")
    largest = max(side, min(*image.size, 4 * side))
    shorter = round(math.exp(random.uniform(math.log(side), math.log(largest))))
    square = _square(image, shorter, side, *random.random(2))
    return square[:, ::-1] if random.random() < 0.5 else square


def draw_batch(pictures, size, random) -> torch.Tensor:
    """Return (size, 3, SIDE, SIDE) in [0, 1]: crops with light and colour jitter, some pale, some with noise."""
    x = np.stack([draw_crop(pictures, SIDE, random) for _ in range(size)]).transpose(0, 3, 1, 2)

    def draw(low, high, channels=1):
        return random.uniform(low, high, (size, channels, 1, 1))

    contrast = np.where(draw(0, 1) < 0.15, draw(0.2, 0.7), draw(0.7, 1.3))
    x = (x - 0.5) * contrast + 0.5 + draw(-0.12, 0.12) + draw(-0.08, 0.08, 3)
    x = x + random.standard_normal(x.shape) * draw(0, 0.25) * (draw(0, 1) < 0.12)
    return torch.from_numpy(x.clip(0, 1)).float().contiguous(memory_format=torch.channels_last)


def load_student(name) -> LossNetwork:
    """Return a network by name, or one of LAYERS and any widths from a file that `train_compact.py` wrote."""
    weights = safetensors.torch.load_file(name) if str(name).endswith(".safetensors") else {}
    if "conv4_3.weight" not in weights or "conv4_4.weight" in weights or len(weights["conv1_1.weight"]) == 64:
        return load_network(name, device="cpu")
    network = LossNetwork(BLOCKS, [len(weights[f"conv{block}_1.weight"]) for block in range(1, 6)], "replicate")
    network.convolutions.load_state_dict({key: value.float() for key, value in weights.items()})
    return network.requires_grad_(False).eval().to(memory_format=torch.channels_last)


def load_teacher(name) -> LossNetwork:
    """Return the teacher with average pooling and replicate padding, so that a small crop is not mostly border."""
    teacher = load_student(name)
    for convolution in teacher.convolutions.values():
        convolution.padding_mode = "replicate"
    return teacher


def rows(responses: torch.Tensor) -> torch.Tensor:
    """(B, N, H, W) to (B, H W, N): one row a position."""
    return responses.flatten(2).transpose(1, 2)


def grams(responses: torch.Tensor) -> torch.Tensor:
    """(B, N, H, W) to (B, N, N), each divided by N H W: the mean of f f^T over the positions, over N."""
    F = rows(responses)
    return F.transpose(1, 2) @ F / (F.shape[1] * F.shape[2])


class Answers:
    """The teacher's answers about the last `capacity` crops; with `whole` their Gram matrices too.

    Responses are divided by their root mean square in a layer (`scale`), so that a kernel f_i . f_j / N is about 1.
    """

    def __init__(self, teacher, scale, bfloat16, capacity, whole=False):
        self.teacher, self.scale, self.capacity, self.bfloat16, self.asked = teacher, scale, capacity, bfloat16, 0
        width = {layer: teacher.convolutions[f"conv{layer[4:]}"].out_channels for layer in LAYERS}
        self.crops = torch.empty(capacity, 3, SIDE, SIDE, dtype=torch.uint8)
        self.responses = {x: torch.empty(capacity, POSITIONS, n, dtype=torch.float16) for x, n in width.items()}
        self.positions = {x: torch.empty(capacity, POSITIONS, dtype=torch.int64) for x in LAYERS}
        kept = STYLE_LAYERS if whole else ()
        self.grams = {x: torch.empty(capacity, width[x], width[x], dtype=torch.float16) for x in kept}

    def __len__(self):
        return min(self.asked, self.capacity)

    @torch.no_grad()
    def ask(self, crops, random):
        """Ask the teacher about (B, 3, SIDE, SIDE) and put its answers in the place of the oldest."""
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
            found = self.teacher.features(crops, LAYERS)
        places = torch.arange(self.asked, self.asked + len(crops)) % self.capacity
        self.asked += len(crops)
        self.crops[places] = (crops * 255).round().byte()
        for layer, responses in found.items():
            F = rows(responses) / self.scale[layer]
            count = F.shape[1]
            picks = np.stack([random.permutation(max(count, POSITIONS))[:POSITIONS] % count for _ in crops])
            self.positions[layer][places] = picks = torch.from_numpy(picks)
            self.responses[layer][places] = F.gather(1, picks[:, :, None].expand(-1, -1, F.shape[2])).half()
            if layer in self.grams:
                self.grams[layer][places] = grams(responses / self.scale[layer]).half()

    def lesson(self, picks, count, random):
        """Return the crops of these numbers and {layer: (positions (B, count), responses (B, count, N))}."""
        crops = (self.crops[picks].float() / 255).contiguous(memory_format=torch.channels_last)
        chosen = torch.from_numpy(random.permutation(POSITIONS)[:count])
        return crops, {x: (self.positions[x][picks][:, chosen], self.responses[x][picks][:, chosen]) for x in LAYERS}


@torch.no_grad()
def least_squares_start(student, teacher, crops, random) -> dict[str, float]:
    """Set the student's weights layer by layer to a part of the teacher's filters; return the teacher's scales.

    A pivoted QR of the teacher's responses F (positions x filters) chooses those that span the others best. Their
    responses before the ReLU are then regressed, with a bias, on the student's own 3 x 3 neighbourhoods: one linear
    solve a layer. Each layer is scaled to a mean square of 1.
    """
    wanted = teacher.features(crops, [layer.replace("relu", "conv") for layer in LAYERS])
    scale, x = {}, (crops - student.mean) / student.deviation
    for name, convolution in student.convolutions.items():
        if name.endswith("_1") and name != "conv1_1":
            x = student.pool(x)
        Z = wanted[name].movedim(1, 3).flatten(0, 2)  # positions x the teacher's filters
        picks = torch.from_numpy(random.permutation(len(Z))[:16_000])
        F = functional.relu(Z[picks])
        order = scipy.linalg.qr(F[:8_000].numpy(), mode="r", pivoting=True)[1]
        chosen = torch.from_numpy(order[: convolution.out_channels].astype(np.int64))
        scale[f"relu{name[4:]}"] = F.square().mean().sqrt().item()
        solved = _regress(_neighbourhoods(x, picks), Z[picks][:, chosen]) / F[:, chosen].square().mean().sqrt()
        convolution.weight.copy_(solved[:-1].T.reshape(convolution.weight.shape))
        convolution.bias.copy_(solved[-1])
        x = functional.relu(convolution(x))
    return scale


def _neighbourhoods(x, picks):
    """Return the 3 x 3 neighbourhoods of some positions, rows of (channel, row, column), and a column of ones."""
    height, width = x.shape[2:]
    image, row, column = picks // (height * width), picks // width % height, picks % width
    padded = functional.pad(x, (1, 1, 1, 1), mode="replicate")
    parts = [padded[image, :, row + i, column + j] for i in range(3) for j in range(3)]
    return torch.cat([torch.stack(parts, dim=2).flatten(1), torch.ones(len(picks), 1)], dim=1)


def _regress(X, Y):
    """Return the B of least ||X B - Y||^2 with a slight ridge."""
    X, Y = X.double(), Y.double()
    normal = X.T @ X
    normal += RIDGE * normal.diagonal().mean() * torch.eye(len(normal))
    return torch.linalg.solve(normal, X.T @ Y).float()
