"""The perceptual loss: how unlike a photo what was generated looks to the trained eye.

As Johnson et al. use it (“Perceptual losses for real-time style transfer and super-resolution”, 2016), on
one crop a picture, which is what makes it bearable without a graphics card.
"""

from __future__ import annotations

import torch
from torch import Tensor

from trainer.perception.distance import perceptual
from trainer.perception.trunk import Trunk

EDGE = 112
"""Of the crops, pixels; where pictures are smaller, all of them."""

BLOCKS = 3
"""Of the trunk: texture and parts; deeper ones cost more and say what it is, which the input says already."""


def perceptual_loss(eye: Trunk, generated: Tensor, photos: Tensor, places: Tensor) -> Tensor:
    """The mean perceptual distance of crops, one a picture; a single number.

    Args:
        generated, photos: (N, 1 or 3, H, W) in [−1, 1]; gradients pass through the first.
        places: (N, 2), on the CPU: how far down and to the right each crop lies, 0 to 1 of the way there is.
    """
    height, width = photos.shape[2:]
    tall, wide = min(EDGE, height), min(EDGE, width)

    def crops(pictures: Tensor) -> Tensor:
        cut = []
        for picture, (down, right) in zip(pictures, places.tolist(), strict=True):
            top, left = round(down * (height - tall)), round(right * (width - wide))
            cut.append(picture[:, top : top + tall, left : left + wide])
        stacked = torch.stack(cut)
        return stacked.expand(-1, 3, -1, -1) if stacked.shape[1] == 1 else stacked

    return perceptual(eye, crops(generated), crops(photos), BLOCKS).mean()
