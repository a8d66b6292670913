"""Several processes, one training: started by ``torchrun``, they share each batch and agree on every step.

Each process takes its part of the batch. Norms take their moments over the whole batch
(``trainer.training.norms``), gradients are averaged, so all hold the same weights, and these equal those of a
single process up to rounding.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True)
class World:
    """This process among those that train together."""

    rank: int = 0
    size: int = 1
    place: int = 0
    """Number of the process on its machine, and of its graphics card."""

    @property
    def leads(self) -> bool:
        """Whether this process writes the run folder and speaks to the user."""
        return self.rank == 0

    def part(self, count: int) -> slice:
        """Of ``count`` pictures, those of this process."""
        share = count // self.size
        return slice(self.rank * share, (self.rank + 1) * share)

    def mean_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Make all gradients the mean over the processes."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.size
        means = torch.split(flat, [gradient.numel() for gradient in gradients])
        for gradient, mean in zip(gradients, means, strict=True):
            gradient.copy_(mean.view_as(gradient))

    def mean(self, values: Tensor) -> Tensor:
        """The mean of ``values`` over the processes."""
        if self.size == 1:
            return values
        total = values.clone()
        dist.all_reduce(total)
        return total / self.size

    def agreed(self, wish: bool) -> bool:
        """Whether any process wishes so; all get the same answer."""
        if self.size == 1:
            return wish
        votes = torch.tensor(
            float(wish), device=f"cuda:{self.place}" if dist.get_backend() == "nccl" else "cpu"
        )
        dist.all_reduce(votes, dist.ReduceOp.MAX)
        return bool(votes.item())

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            dist.barrier()


ALONE = World()


def expected() -> World:
    """What torchrun's environment says of this process; a world of one without it."""
    rank, size, place = (int(os.environ.get(name, default)) for name, default in _VARIABLES)
    return World(rank, size, place)


_VARIABLES = (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"))


@contextmanager
def joined(device: str) -> Iterator[World]:
    """Join the processes that torchrun started, if it did; leave them at the end."""
    world = expected()
    if world.size == 1:
        yield world
        return
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield world
    finally:
        dist.destroy_process_group()
