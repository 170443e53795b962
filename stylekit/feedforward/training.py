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
from torch.utils.data import Dataset

from stylekit.errors import InputError, NonFiniteLoss
from stylekit.feedforward.files import CheckpointError, read_checkpoint, write_checkpoint
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
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} must be a finite number above 0, got {value}")

    def done(self, step: int, seconds: float) -> float:
        """Return how much of the training is over, from 0 to 1."""
        part = step / self.steps if self.steps else seconds / self.seconds
        return min(1.0, part)

    def rate_at(self, done: float) -> float:
        """Return Adam's rate: constant, then linear to zero over the last part."""
        return self.rate * min(1.0, (1 - done) / DECAY)


@dataclass(frozen=True)
class TrainingStep:
    """One step of a training: its number from 1, the mean loss terms of its batch, seconds so far, how much is over."""

    number: int
    losses: dict[str, float]
    seconds: float
    done: float


def train(
    network: nn.Module,
    objective: Callable[[Tensor, Tensor], dict[str, Tensor]],
    photographs: Sequence[Float[Tensor, "3 S S"]] | Dataset,
    schedule: Schedule,
    checkpoint: Path | None = None,
    every: int = 100,
    facts: dict | None = None,
) -> Iterator[TrainingStep]:
    """Train a network in place, yielding a TrainingStep after each step (Johnson 2016, section 3).

    `objective` takes what the network made of a batch, and the batch, and returns loss terms by name, one value for
    each picture; "total" is minimised. Step k draws its photographs from (seed, k). With a `checkpoint` the training
    goes on from that file if it exists, and writes it every so many steps and at the end; `facts` (plain data) are kept
    in it, and another training's file is refused. A run that was killed and resumed makes the same steps as one that
    was not.
    In a process group each process takes its share of a batch. Raises ValueError for photographs smaller than a crop
    or a batch that does not divide by the processes, CheckpointError for a file that is not this training's, and
    NonFiniteLoss when the loss is no longer finite.
    """
    rank, processes = _place()
    if schedule.batch % processes:
        raise InputError(f"a batch of {schedule.batch} does not divide by {processes} processes: give a multiple")
    device = next(network.parameters()).device
    optimiser = torch.optim.Adam(network.parameters(), lr=schedule.rate)
    identity = _identity(schedule, facts)
    step, before = _resume(checkpoint, network, optimiser, identity)
    shared = nn.parallel.DistributedDataParallel(network) if processes > 1 else network
    begun = time.perf_counter()
    done = schedule.done(step, before)
    while done < 1:
        for group in optimiser.param_groups:
            group["lr"] = schedule.rate_at(done)
        batch = draw(photographs, schedule, step, rank, processes).to(device)
        with torch.autocast(device.type, PRECISIONS[schedule.precision], enabled=schedule.precision != "float32"):
            painted = shared(batch.contiguous(memory_format=torch.channels_last))
        losses = _descend(shared, objective(painted.float(), batch), optimiser)
        step, seconds = step + 1, before + time.perf_counter() - begun
        losses, seconds = _agree(losses, seconds, device, processes)
        done = schedule.done(step, seconds)
        if not math.isfinite(losses["total"]):
            raise NonFiniteLoss(f"the loss is no longer finite at step {step}: try a smaller rate")
        if checkpoint and rank == 0 and (step % every == 0 or done >= 1):
            write_checkpoint(checkpoint, network, optimiser, step, seconds, identity)
        yield TrainingStep(step, losses, seconds, done)


def draw(
    photographs: Sequence[Float[Tensor, "3 S S"]] | Dataset,
    schedule: Schedule,
    step: int,
    rank: int = 0,
    processes: int = 1,
) -> Float[Tensor, "share 3 crop crop"]:
    """Return a process's share of a step's batch: photographs at random, half mirrored, a square at random of each."""
    crops = []
    for place in range(rank, schedule.batch, processes):
        chance = random.Random(f"{schedule.seed} {step} {place}")
        photograph = photographs[chance.randrange(len(photographs))]
        slack = min(photograph.shape[-2:]) - schedule.crop
        if slack < 0:
            raise InputError(f"a crop of {schedule.crop} pixels is larger than a photograph of {slack + schedule.crop}")
        if chance.random() < 0.5:
            photograph = photograph.flip(-1)
        top, left = chance.randint(0, slack), chance.randint(0, slack)
        crops.append(photograph[:, top : top + schedule.crop, left : left + schedule.crop])
    return torch.stack(crops)


def _descend(network, losses, optimiser):
    """Move the weights once; return the mean loss terms before that."""
    optimiser.zero_grad()
    losses["total"].mean().backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)  # a rare photograph far from all others, early on
    optimiser.step()
    return {name: values.detach().mean() for name, values in losses.items()}


def _place():
    """Return this process's rank and how many there are."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def _agree(losses, seconds, device, processes):
    """Return the means over all processes, as numbers: all must stop at the same step."""
    values = torch.stack([*losses.values(), torch.tensor(seconds, device=device)])
    if processes > 1:
        distributed.all_reduce(values)
        values = values / processes
    *means, seconds = values.tolist()
    return dict(zip(losses, means, strict=True)), seconds


def _identity(schedule, facts):
    """Return as text what must be the same for a training to go on; how long it shall run may change."""
    settings = {k: v for k, v in dataclasses.asdict(schedule).items() if k not in ("steps", "seconds")}
    return json.dumps(settings | (facts or {}), sort_keys=True)


def _resume(checkpoint, network, optimiser, identity):
    """Load the checkpoint if there is one; return the steps made and the seconds spent."""
    if checkpoint is None or not checkpoint.exists():
        return 0, 0.0
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
    return state["step"], state["seconds"]
