"""What the trained eye sees at each place of a photo, in few numbers.

A few dozen maps are too few for a network that begins with nothing: it learns the photos by heart. The
trained eye's features know surfaces, edges and things already; what is left is which means which label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from engine.data.messages import Pixels
from trainer.perception import trunk

PLACES = 64
"""Along the longer edge of a photo, at most."""
CELL = 5
"""Pixels that a place has when it is looked at, each way: small photos are enlarged for that, …"""
ENLARGED = 2.0
"""… up to so many times."""
KEPT = (24, 48, 64, 64)
"""Numbers that are kept of each place: so many principal components of blocks 2 to 5 of the trained eye."""
_FLOOR = 1e-2
"""Of the variance of a block's strongest component: what is weaker is grain."""


def resize_photo(photo: Pixels) -> Pixels:
    """A photo, uint8 (H, W, 3), as it is looked at: both edges are multiples of ``CELL``."""
    height, width = photo.shape[:2]
    scale = min(ENLARGED, PLACES * CELL / max(height, width))
    size = [max(1, round(side * scale / CELL)) * CELL for side in (width, height)]
    way = Image.Resampling.BICUBIC if size[0] > width else Image.Resampling.BOX
    return np.array(Image.fromarray(photo).resize((size[0], size[1]), way))


@torch.inference_mode()
def extract_features(photo: Pixels) -> list[Tensor]:
    """All that blocks 2 to 5 see in a photo as ``resize_photo`` gives it: float16 (C, H / CELL, W / CELL).

    Raises:
        TrainingError: the trained eye's weights can't be read.
    """
    size = photo.shape[0] // CELL, photo.shape[1] // CELL
    eye = trunk.trunk(precision=trunk.quickest())
    maps = []
    for features in list(eye.maps(trunk.planes(photo)))[1:]:
        features = features.clamp_min(0).sqrt()  # a few are many times as strong as all others
        if features.shape[2] >= size[0]:
            fitted = F.interpolate(features, size, mode="area")
        else:
            fitted = F.interpolate(features, size, mode="bilinear", align_corners=False)
        maps.append(fitted[0].half())
    return maps


@dataclass(frozen=True)
class PCA:
    """The way from all that is seen to the numbers that are kept of it, block by block."""

    means: list[Tensor]
    """(channels, 1) each."""
    axes: list[Tensor]
    """(kept, channels) each, scaled so that strong components don't drown weak ones."""

    @classmethod
    def of(cls, photos: Sequence[Sequence[Tensor]]) -> PCA:
        """That of some photos, as ``extract_features`` gives them."""
        means, every = [], []
        for block, kept in enumerate(KEPT):
            places = torch.cat([maps[block].flatten(1) for maps in photos], 1).double()
            mean = places.mean(1, keepdim=True)
            places = places - mean
            strength, axes = torch.linalg.eigh(places @ places.T / places.shape[1])
            strength, axes = strength.flip(0)[:kept].clamp_min(0), axes.flip(1)[:, :kept]
            most = strength[0].clamp_min(1e-9)
            # Between all of one spread and each of its own.
            scale = (most / (strength + _FLOOR * most)).pow(0.25) / most.sqrt()
            means.append(mean.float())
            every.append((axes * scale).T.float())
        return cls(means, every)

    @property
    def kept(self) -> int:
        """How many numbers that are, a place."""
        return sum(len(axes) for axes in self.axes)

    def __call__(self, maps: Sequence[Tensor]) -> Tensor:
        """float16 (kept, H, W) of what ``extract_features`` gives."""
        blocks = zip(maps, self.means, self.axes, strict=True)
        rows = [axes @ (part.float().flatten(1) - mean) for part, mean, axes in blocks]
        return torch.cat(rows).reshape(-1, *maps[0].shape[1:]).half()
