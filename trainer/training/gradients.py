"""Operations as torch has them, whose gradients keep their memory format.

What torch makes of the backward pass of indexing, and of a mean of differences, has its channels apart,
while all maps have them together. Each operation before that then goes through memory crosswise, back to
the first layer.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def rows(tensor: Tensor, numbers: Tensor) -> Tensor:
    """``tensor[numbers]``, of a tensor (N, …) and different numbers (M,) on its device."""
    chosen: Tensor = _Rows.apply(tensor, numbers)  # type: ignore[no-untyped-call]
    return chosen


def l1_distance(one: Tensor, other: Tensor) -> Tensor:
    """The mean absolute difference, one number in single precision; gradients pass through ``one`` alone.

    Args:
        one, other: of one shape and number format, in which they are compared.
    """
    mean: Tensor = _L1Distance.apply(one, other.detach())  # type: ignore[no-untyped-call]
    return mean


class _Rows(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, tensor: Tensor, numbers: Tensor) -> Tensor:
        context.save_for_backward(numbers)
        context.like = torch.empty_like(tensor, device="meta")
        return tensor[numbers]

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (numbers,) = context.saved_tensors
        whole = torch.zeros_like(context.like, dtype=gradient.dtype, device=gradient.device)
        return whole.index_copy_(0, numbers, gradient), None


class _L1Distance(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, one: Tensor, other: Tensor) -> Tensor:
        away = one - other
        context.save_for_backward(away)
        return away.abs().mean(dtype=torch.float32)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (away,) = context.saved_tensors
        return away.sgn() * (gradient / away.numel()).to(away.dtype), None
