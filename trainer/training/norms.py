"""Batch norms as training needs them: same parameters under the same names, other arithmetic."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from engine.layers.blocks import EPSILON, Layer, Norm, Valid
from trainer.machine.distributed import World, add_up

MOMENTUM = 0.1
"""Share of the newest moments in the running ones, as in torch."""


def adapt(network: nn.Module, world: World) -> None:
    """Put norms for a training in ``world`` in the places of a network's batch norms."""
    suited = AloneNorm if world.size == 1 else SharedNorm
    for layer in list(network.modules()):
        if isinstance(layer, Layer) and layer.norm is not None and layer.norm.kind == "batch":
            layer.norm = suited(layer.norm)


def keep(network: nn.Module) -> None:
    """Let a network in training go by the running statistics that it has, and leave them as they are."""
    for module in network.modules():
        if isinstance(module, Norm):
            module.eval()


class TrainedNorm(Norm):
    """A batch norm with the parameters and running statistics of another, whose place it takes."""

    def __init__(self, norm: Norm) -> None:
        assert norm.weight is not None and norm.bias is not None
        super().__init__(len(norm.weight), "batch")
        self.statistics = norm.statistics
        self.weight, self.bias = norm.weight, norm.bias
        self.running_mean, self.running_var = norm.running_mean, norm.running_var
        self.train(norm.training)


class AloneNorm(TrainedNorm):
    """Hands gradients on in one piece.

    Behind a norm whose result is joined with a skip, the gradient is a slice of a larger one; torch's
    backward pass of channels-last norms is about ten times slower on those, which cost a tenth of a step.
    """

    def forward(self, x: Tensor, valid: Valid | None = None) -> Tensor:
        y = super().forward(x, valid)
        if y.requires_grad:
            y.register_hook(_in_one_piece)  # type: ignore[no-untyped-call]
        return y


class SharedNorm(TrainedNorm):
    """A norm whose batch is that of all processes together.

    torch's own SyncBatchNorm works on graphics cards alone; this works on CPUs (gloo) and GPUs (NCCL).
    """

    def forward(self, x: Tensor, valid: Valid | None = None) -> Tensor:
        if not self.training:
            return super().forward(x, valid)
        assert self.weight is not None and self.bias is not None
        full = x.float()
        count = dist.get_world_size() * full.numel() // full.shape[1]
        mean = _over_all(full.sum((0, 2, 3))) / count
        centred = full - mean[:, None, None]
        variance = _over_all(centred.square().sum((0, 2, 3))) / count
        with torch.no_grad():  # as torch's own, the running variance is unbiased
            self.running_mean.lerp_(mean, MOMENTUM)
            self.running_var.lerp_(variance * count / max(1, count - 1), MOMENTUM)
        scale = self.weight * torch.rsqrt(variance + EPSILON)
        y = centred * scale[:, None, None] + self.bias[:, None, None]
        return y.to(x.dtype)


def _in_one_piece(gradient: Tensor) -> Tensor:
    return gradient.contiguous(memory_format=torch.channels_last)


def _over_all(values: Tensor) -> Tensor:
    """The sum over all processes; gradients go back to all of them."""
    total: Tensor = _Sum.apply(values)  # type: ignore[no-untyped-call]
    return total


class _Sum(torch.autograd.Function):
    """What one process's values do to the loss, they do through every process's result."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        total = values.clone()
        add_up(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        add_up(total)
        return total
