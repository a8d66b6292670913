"""How alike pictures look: by features of the trunk, of two pictures and of two sets of them.

The distance of two is that of Zhang et al. (“The unreasonable effectiveness of deep features as a perceptual
metric”, CVPR 2018) without learnt weights; that of sets the kernel distance (Bińkowski et al., “Demystifying
MMD GANs”, ICLR 2018) on these features. Numbers of another trunk can't be compared with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.data.messages import Pixels
from trainer.perception.trunk import Trunk, planes, trunk

BLOCKS = 4
"""Of the trunk, in a measure."""

_LEAST = 1e-8
"""Added to squared lengths: where nothing is seen, nothing is made of it."""

Array = npt.NDArray[np.float64]


def perceptual(eye: Trunk, one: Tensor, other: Tensor, blocks: int) -> Tensor:
    """The distance of pictures, pair by pair: (N,), 0 where they are equal.

    At each place of each block's map the features are brought to unit length; of a pair, squared differences
    are summed over channels, and their means over the places of a map over blocks.

    Args:
        one, other: (N, 3, H, W) in [−1, 1]; gradients pass through ``one`` alone.
        blocks: how many of the trunk's.
    """
    with torch.no_grad():
        wanted = list(eye.maps(other, blocks, full=False))
    total = one.new_zeros(len(one))
    for features, there in zip(eye.maps(one, blocks, full=False), wanted, strict=True):
        total = total + _apart(features, there)
    return total / blocks


@dataclass(frozen=True)
class Features:
    """VGG features of one picture.

    Attributes:
        vector: the picture as one of a set: (1472,), the mean activations of each of blocks 1 to 5, of unit
            mean square.
    """

    _maps: tuple[Tensor, ...]
    vector: Array

    def distance_from(self, other: Features) -> float:
        """The perceptual distance of two pictures of one size, by blocks 1 to ``BLOCKS``."""
        return float(torch.stack(list(map(_apart, self._maps, other._maps))).mean())


@torch.inference_mode()
def extract_features(picture: Pixels) -> Features:
    """The VGG features of a picture, uint8 (H, W, 3).

    Raises:
        TrainingError: the trunk's weights can't be read.
    """
    kept, means = [], []
    for number, maps in enumerate(trunk().maps(planes(picture))):
        mean = maps.mean((0, 2, 3)).double()
        means.append(mean / mean.square().mean().sqrt().clamp_min(1e-9))
        if number < BLOCKS:
            kept.append(maps)
    return Features(tuple(kept), torch.cat(means).numpy())


def kernel_distance(one: Sequence[Array], other: Sequence[Array]) -> float:
    """How far two sets of pictures are from being of one kind: squared maximum mean discrepancy, without bias
    (so that it may be below 0), by the cubic kernel, times a thousand.

    Args:
        one, other: ``vector`` of two or more pictures each.
    """
    x, y = np.stack(one), np.stack(other)
    within = (_mean_of_pairs(_kernel(side, side)) for side in (x, y))
    return float(1000 * (sum(within) - 2 * _kernel(x, y).mean()))


def _mean_of_pairs(kernel: Array) -> float:
    """The mean without the diagonal, where things meet themselves."""
    count = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))


def _kernel(x: Array, y: Array) -> Array:
    cubic: Array = (x @ y.T / x.shape[1] + 1) ** 3
    return cubic


def _apart(one: Tensor, other: Tensor) -> Tensor:
    """How far maps are apart, pair by pair: (N,), the mean over places of the squared distance of features at
    unit length.

    For vectors u and v that is u² + v² − 2uv, of which only sums over channels are scaled. Scaling the maps
    themselves would go through memory three times as often, which takes as long as the convolutions.
    """
    if one.dtype == torch.float16:  # squares of features are beyond its range
        one, other = one.float(), other.float()
    away: Tensor = _Apart.apply(one, other)  # type: ignore[no-untyped-call]
    return away


class _Apart(torch.autograd.Function):
    """See ``_apart``; what led to the sums would again be three times as much memory for gradients."""

    @staticmethod
    def forward(context: Any, one: Tensor, other: Tensor) -> Tensor:
        ours, theirs, both = (
            (left * right).sum(1, keepdim=True, dtype=torch.float32)
            for left, right in ((one, one), (other, other), (one, other))
        )
        scale, their_scale = torch.rsqrt(ours + _LEAST), torch.rsqrt(theirs + _LEAST)
        context.save_for_backward(one, other, both, scale, their_scale)
        along = both * scale * their_scale
        return (ours * scale.square() + theirs * their_scale.square() - 2 * along).mean((1, 2, 3))

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        one, other, both, scale, their_scale = context.saved_tensors
        share = 2 * gradient[:, None, None, None] / both[0].numel()
        of_own = share * scale.pow(3) * (_LEAST * scale + both * their_scale)
        of_other = share * scale * their_scale
        return torch.addcmul(one * of_own.to(one.dtype), other, of_other.to(one.dtype), value=-1), None
