"""Several processes, one training: started by ``torchrun``, they share each batch and agree on every step.

Each process takes its part of the batch. Norms take their moments over the whole batch, gradients are
averaged, so all hold the same weights, and these equal those of a single process up to rounding.
torch's own SyncBatchNorm works on graphics cards alone; this works on CPUs (gloo) and GPUs (NCCL).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from engine.layers import EPSILON, Norm, Valid


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


def synchronise(network: nn.Module, world: World) -> None:
    """Let the batch norms of a network, in place, take their moments over all processes."""
    if world.size == 1:
        return
    for module in network.modules():
        if isinstance(module, Norm) and module.kind == "batch":
            # Same parameters and buffers under the same names; only the arithmetic differs.
            module.__class__ = SharedNorm


class SharedNorm(Norm):
    """A batch norm whose batch is that of all processes together."""

    def forward(self, x: Tensor, valid: Valid | None = None) -> Tensor:
        if not self.training:
            return super().forward(x, valid)
        assert self.weight is not None and self.bias is not None
        full = x.float()
        count = dist.get_world_size() * full.numel() // full.shape[1]
        mean = _over_all(full.sum((0, 2, 3))) / count
        centred = full - mean[:, None, None]
        variance = _over_all(centred.square().sum((0, 2, 3))) / count
        with torch.no_grad():  # as torch's own: a tenth of the new, the variance unbiased
            self.running_mean.lerp_(mean, 0.1)
            self.running_var.lerp_(variance * count / max(1, count - 1), 0.1)
        scale = self.weight * torch.rsqrt(variance + EPSILON)
        y = centred * scale[:, None, None] + self.bias[:, None, None]
        return y.to(x.dtype)


def _over_all(values: Tensor) -> Tensor:
    """The sum over all processes; gradients go back to all of them."""
    total: Tensor = _Sum.apply(values)  # type: ignore[no-untyped-call]
    return total


class _Sum(torch.autograd.Function):
    """The sum over all processes; what one's result does to the loss, it does through every process's."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        dist.all_reduce(total)
        return total
