"""What the two networks strive for: the losses of pix2pix, and augmentation that gradients pass through.

What torch makes of the backward pass of indexing, and of a mean of differences, has its channels apart,
while all maps have them together. Each operation before that would go through memory crosswise, back to the
first layer; so ``rows`` and ``l1_distance`` have gradients of their own.

Isola et al., “Image-to-Image Translation with Conditional Adversarial Networks”, CVPR 2017, section 3;
feature matching: Wang et al., “High-Resolution Image Synthesis and Semantic Manipulation with Conditional
GANs” (pix2pixHD), CVPR 2018, section 3.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.networks.patchgan import Discriminated
from trainer.run.options import Adversarial

SHIFT = 1 / 8
"""Share of an edge by which pictures are shifted at most, and"""
CUT = 1 / 2
"""that of the square cut out of them (Zhao et al., “Differentiable Augmentation for Data-Efficient GAN
Training”, NeurIPS 2020, with its settings)."""


def mean_adversarial_loss(discriminated: Sequence[Discriminated], real: bool, kind: Adversarial) -> Tensor:
    """The mean of several discriminators' ``adversarial_loss``."""
    return torch.stack([adversarial_loss(each.logits, real, kind) for each in discriminated]).mean()


def feature_matching_loss(generated: Sequence[Discriminated], real: Sequence[Discriminated]) -> Tensor:
    """How unlike discriminators find generated and real pictures on their way to the logits; a single number,
    through which gradients pass to what was generated alone.

    The L1 distances of a discriminator's hidden layers, added up, and of that the mean over discriminators.
    """
    total = torch.stack(
        [
            l1_distance(ours, theirs)
            for fake, photo in zip(generated, real, strict=True)
            for ours, theirs in zip(fake.features, photo.features, strict=True)
        ]
    )
    return total.sum() / len(generated)


def adversarial_loss(logits: Tensor, real: bool, kind: Adversarial) -> Tensor:
    """How far logits are from “real”, or from “generated”; a single number.

    Args:
        logits: of any shape, positive for “real”.
        kind: cross entropy as in the paper, or least squares (Mao et al., ICCV 2017).
    """
    wanted = torch.full_like(logits, float(real), dtype=torch.float32)
    if kind == "least squares":
        return F.mse_loss(logits.float(), wanted)
    return F.binary_cross_entropy_with_logits(logits.float(), wanted)


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
        context.strides = torch.empty_like(tensor, device="meta").stride()
        context.shape = tensor.shape
        return tensor[numbers]

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (numbers,) = context.saved_tensors
        # Not by zeros_like from “meta”, for which torch imports an algebra system: a second of each training.
        whole = gradient.new_empty_strided(context.shape, context.strides).zero_()
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


@dataclass(frozen=True)
class DiffAugment:
    """One random shift, cut and change of colours for each picture of a batch."""

    shifts: list[tuple[int, int]]
    """Down and right, in pixels."""
    cuts: list[tuple[int, int, int, int]]
    """Top, bottom, left, right."""
    colours: Tensor
    """(N, 3): brightness −0.5 to 0.5, saturation 0 to 2, contrast 0.5 to 1.5."""

    @classmethod
    def sample(cls, rng: torch.Generator, count: int, height: int, width: int) -> DiffAugment:
        """With a generator of the CPU, so that a seed means the same on every device."""
        places = torch.rand(count, 4, generator=rng).tolist()
        colours = torch.rand(count, 3, generator=rng)
        shifts, cuts = [], []
        tall, wide = round(height * CUT), round(width * CUT)
        for down, right, top, left in places:
            shifts.append((round((2 * down - 1) * height * SHIFT), round((2 * right - 1) * width * SHIFT)))
            # The square may reach over the edge, so that its middle lies anywhere.
            y, x = round(top * height) - tall // 2, round(left * width) - wide // 2
            cuts.append((max(0, y), max(0, y + tall), max(0, x), max(0, x + wide)))
        colours = colours * torch.tensor([1.0, 2.0, 1.0]) + torch.tensor([-0.5, 0.0, 0.5])
        return cls(shifts, cuts, colours)

    def __getitem__(self, part: slice) -> DiffAugment:
        return DiffAugment(self.shifts[part], self.cuts[part], self.colours[part])

    def augment_photos(self, photos: Tensor) -> Tensor:
        """Colours, shift and cut, of pictures (N, C, H, W)."""
        # Written as in the paper's code: each change works on what the one before left.
        brightness, saturation, contrast = self.colours.to(photos.device).T[..., None, None, None]
        photos = photos + brightness
        grey = photos.mean(1, keepdim=True)
        photos = (photos - grey) * saturation + grey
        mean = photos.mean((1, 2, 3), keepdim=True)
        photos = (photos - mean) * contrast + mean
        return self.augment_inputs(photos)

    def augment_inputs(self, planes: Tensor) -> Tensor:
        """Shift and cut alone, of planes (N, C, H, W); where nothing is left, 0."""
        height, width = planes.shape[2:]
        moved = []
        for one, (down, right), (top, bottom, left, beyond) in zip(
            planes, self.shifts, self.cuts, strict=True
        ):
            one = F.pad(one, (right, -right, down, -down))  # negative padding crops
            hole = torch.ones(1, height, width, dtype=one.dtype, device=one.device)
            hole[:, top:bottom, left:beyond] = 0
            moved.append(one * hole)
        return torch.stack(moved)
