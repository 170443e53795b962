"""Training: each step paints a batch of photographs and moves the network's weights to lower their loss."""

from __future__ import annotations

import dataclasses
import json
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, distributed, nn

from stylekit.errors import InputError, NonFiniteLoss
from stylekit.feedforward.files import CheckpointError, read_checkpoint, write_checkpoint
from stylekit.files import check_folder
from stylekit.networks import PRECISIONS

DECAY = 0.3  # the last part of a training, in which the rate falls to zero (the paper keeps it constant)


@dataclass(frozen=True)
class Schedule:
    """How a training runs: pictures of a step, pixels of a crop, Adam's rate, its end in steps or seconds, the seed.

    The paper: batches of 4, 40,000 steps, Adam with 0.001. One of `steps` and `seconds` is given. `precision`
    "bfloat16" computes the network in it, where its processor has instructions for it; weights stay in float32.
    """

    batch: int = 4
    crop: int = 256
    rate: float = 1e-3
    steps: int | None = None
    seconds: float | None = None
    seed: int = 0
    precision: str = "float32"

    def __post_init__(self):
        if (self.steps is None) == (self.seconds is None):
            raise InputError("a training ends after steps or after seconds: give one of the two")
        for name in ("batch", "crop", "rate", "steps", "seconds"):
            value, whole = getattr(self, name), name in ("batch", "crop", "steps")
            if value is None:
                continue
            if not (math.isfinite(value) and value > 0) or whole and not isinstance(value, int):
                raise InputError(f"{name} must be a {'whole' if whole else 'finite'} number above 0, got {value}")
        if self.precision not in PRECISIONS:
            raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, not {self.precision!r}")

    def done(self, step: int, seconds: float) -> float:
        """Return how much of the training is over, from 0 to 1."""
        return min(1.0, step / self.steps if self.steps else seconds / self.seconds)

    def rate_at(self, done: float) -> float:
        """Return Adam's rate: constant, then linear to zero over the last part."""
        return self.rate * min(1.0, (1 - done) / DECAY)


@dataclass(frozen=True)
class TrainingStep:
    """One step of a training: its number from 1, and the mean loss terms of its batch, before the step.

    `seconds` are the training's own so far; `done` is how much of it is over, exactly 1 at the last step.
    """

    number: int
    losses: dict[str, float]
    seconds: float
    done: float


def train(
    network: nn.Module,
    objective: Callable[[Tensor, Tensor], dict[str, Tensor]],
    photographs: Sequence[Float[Tensor, "3 S S"]],
    schedule: Schedule,
    checkpoint: str | Path | None = None,
    every: int = 100,
    facts: dict | None = None,
) -> Iterator[TrainingStep]:
    """Train a network in place, yielding a TrainingStep after each step (Johnson 2016, section 3).

    `objective` takes what the network made of a batch, and the batch, and returns loss terms by name, one value for
    each picture; "total" is minimised. With a `checkpoint` the training goes on from that file if it exists, and writes
    it every so many steps and at the end; `facts` (plain data) say whose it is. A run that was killed and resumed makes
    the same steps as one that was not; one that is over already yields its last step again. In a process group each
    process takes its share of a batch.
    Raises, when called, InputError for photographs smaller than a crop or a batch that does not divide by the
    processes, CheckpointError for a file that is another training's, AssetError for one that cannot be written. Raises
    NonFiniteLoss when the loss or its gradient is no longer finite: the network and the file then are as the last good
    step left them.
    """
    checkpoint = checkpoint and Path(checkpoint).expanduser()
    _check(photographs, schedule, checkpoint, every)
    optimiser = torch.optim.Adam(network.parameters(), lr=schedule.rate)
    identity = _identity(schedule, facts)
    begun = _resume(checkpoint, network, optimiser, identity, schedule)

    def keep(step):
        if checkpoint and _place()[0] == 0 and (step.number % every == 0 or step.done >= 1):
            made = {"step": step.number, "seconds": step.seconds, "losses": step.losses, "identity": identity}
            state = {"network": network.state_dict(), "optimiser": optimiser.state_dict()} | made
            write_checkpoint(checkpoint, state)

    return _steps(network, objective, photographs, schedule, optimiser, begun, keep)


def _check(photographs, schedule, checkpoint, every):
    _, processes = _place()
    if schedule.batch % processes:
        raise InputError(f"a batch of {schedule.batch} does not divide by {processes} processes: give a multiple")
    if every < 1:
        raise InputError(f"every must be 1 step or more between two checkpoints, got {every}")
    if not len(photographs):
        raise InputError("there are no photographs to learn from: give one or more")
    _slack(photographs[0], schedule.crop)
    if checkpoint:
        check_folder(checkpoint.parent)


def _steps(network, objective, photographs, schedule, optimiser, last, keep):
    """Yield the steps that follow the last one made, or that one again if it was the end."""
    rank, processes = _place()
    device = next(network.parameters()).device
    shared = nn.parallel.DistributedDataParallel(network) if processes > 1 else network
    if last.done >= 1:
        yield last
    while last.done < 1:
        begun = time.perf_counter()  # what the caller does between two steps is not counted
        batch = draw(photographs, schedule, last.number, rank, processes).to(device)
        losses = _descend(shared, objective, batch, schedule, optimiser, last)
        number = last.number + 1
        seconds = last.seconds + _agree(torch.tensor([time.perf_counter() - begun], device=device))[0]
        last = TrainingStep(number, losses, seconds, schedule.done(number, seconds))
        keep(last)
        yield last


def _descend(network, objective, batch, schedule, optimiser, last):
    """Move the weights once; return the mean loss terms before that. Raises NonFiniteLoss, and then moves nothing."""
    statistics = [buffer.clone() for buffer in network.buffers()]  # batch normalisation's, which a batch changes
    for group in optimiser.param_groups:
        group["lr"] = schedule.rate_at(last.done)
    with torch.autocast(batch.device.type, PRECISIONS[schedule.precision], enabled=schedule.precision != "float32"):
        painted = network(batch.contiguous(memory_format=torch.channels_last), _corner(schedule, last.number))
    losses = objective(painted.float(), batch)
    optimiser.zero_grad()
    losses["total"].mean().backward()
    length = nn.utils.clip_grad_norm_(network.parameters(), 1.0)  # a rare photograph far from all others, early on
    *means, length = _agree(torch.stack([*(values.detach().mean() for values in losses.values()), length]))
    losses = dict(zip(losses, means, strict=True))
    if not (math.isfinite(losses["total"]) and math.isfinite(length)):
        for buffer, before in zip(network.buffers(), statistics, strict=True):
            buffer.copy_(before)
        raise NonFiniteLoss(
            f"the loss or its gradient is no longer finite at step {last.number + 1} ({losses}). The network is as it "
            "was before that step: save it, and go on from there with a smaller rate",
            last if last.number else None,
        )
    optimiser.step()
    return losses


def _corner(schedule, step):
    """Return where in the field of noise a step's pictures lie, in this process (see `network.add_noise`)."""
    chance = random.Random(f"noise {schedule.seed} {step} {_place()[0]}")
    return 16 * chance.randrange(2**20), 16 * chance.randrange(2**20)


def draw(
    photographs: Sequence[Float[Tensor, "3 S S"]], schedule: Schedule, step: int, rank: int = 0, processes: int = 1
) -> Float[Tensor, "share 3 crop crop"]:
    """Return a process's share of a step's batch: photographs at random, half mirrored, a square at random of each."""
    crops = []
    for place in range(rank, schedule.batch, processes):
        chance = random.Random(f"{schedule.seed} {step} {place}")
        photograph = photographs[chance.randrange(len(photographs))]
        slack = _slack(photograph, schedule.crop)
        if chance.random() < 0.5:
            photograph = photograph.flip(-1)
        top, left = chance.randint(0, slack), chance.randint(0, slack)
        crops.append(photograph[:, top : top + schedule.crop, left : left + schedule.crop])
    return torch.stack(crops)


def _slack(photograph, crop):
    """Return by how many pixels a photograph is larger than a crop of it."""
    side = min(photograph.shape[-2:])
    if side < crop:
        raise InputError(f"a crop of {crop} pixels is larger than a photograph of {side}")
    return side - crop


def _place():
    """Return this process's rank and how many there are."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def _agree(values):
    """Return the means of some values over all processes, as numbers: all must stop at the same step."""
    _, processes = _place()
    if processes > 1:
        distributed.all_reduce(values)
    return (values / processes).tolist()


def _identity(schedule, facts):
    """Return as text what must be the same for a training to go on; how long it shall run may change."""
    settings = {k: v for k, v in dataclasses.asdict(schedule).items() if k not in ("steps", "seconds")}
    return json.dumps(settings | (facts or {}), sort_keys=True)


def _resume(checkpoint, network, optimiser, identity, schedule):
    """Load the checkpoint if there is one; return the last step made, number 0 before the first."""
    if checkpoint is None or not checkpoint.exists():
        return TrainingStep(0, {}, 0.0, 0.0)
    state = read_checkpoint(checkpoint)
    if state["identity"] != identity:
        raise CheckpointError(
            f"{checkpoint} belongs to another training: {state['identity']} there, {identity} asked for. "
            "Remove it to begin again, or give the settings it was made with."
        )
    try:
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
    except (RuntimeError, ValueError, KeyError) as error:
        raise CheckpointError(f"{checkpoint} does not fit this network: {error}") from error
    number, seconds = state["step"], state["seconds"]
    return TrainingStep(number, state["losses"], seconds, schedule.done(number, seconds))
