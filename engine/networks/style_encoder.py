"""What reads the style of a photo: a small residual network whose last map is averaged, so that any size
will do (the encoder of BicycleGAN, Zhu et al., “Toward Multimodal Image-to-Image Translation”, NeurIPS 2017).

It has no norms: those of the picture itself would take away the very colours that a style is made of.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.layers.styling import LONGEST

SETTINGS = {"inputs": range(1, 5), "width": range(4, 49), "style": range(1, LONGEST + 1)}

MOST_EDGE = 128
"""Larger photos are made smaller than this first: a style is no matter of fine detail."""
LEAST_EDGE = 16

_BOUND = 8.0
"""Of the logarithm of a variance, either way."""


class _Block(nn.Module):
    """Two convolutions, half the size, beside a way around them."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, inputs, 3, 1, 1)
        self.second = nn.Conv2d(inputs, outputs, 3, 1, 1)
        self.around = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = F.avg_pool2d(self.second(F.leaky_relu(self.first(F.leaky_relu(x, 0.2)), 0.2)), 2)
        around: Tensor = self.around(F.avg_pool2d(x, 2))
        made: Tensor = (around + y) * 0.5**0.5
        return made


class StyleEncoder(nn.Module):
    """Photos to codes. ``inputs`` is 3, or 1 for grey ones; width 32 makes 0.63 million weights."""

    def __init__(self, *, inputs: int, width: int, style: int) -> None:
        super().__init__()
        self.inputs = inputs
        self.stem = nn.Conv2d(inputs, width, 4, 2, 1)
        self.blocks = nn.ModuleList(_Block(width * n, width * n * 2) for n in (1, 2, 4))
        self.mean = nn.Linear(width * 8, style)
        self.variance = nn.Linear(width * 8, style)

    def forward(self, photo: Tensor) -> tuple[Tensor, Tensor]:
        """Read codes.

        Args:
            photo: (N, inputs, H, W) in [−1, 1], any size.

        Returns:
            Of each code the mean, and the logarithm of the variance, from −8 to 8; (N, style).
        """
        x = self.stem(_fitted(photo))
        for block in self.blocks:
            x = block(x)
        pooled: Tensor = F.leaky_relu(x, 0.2).mean((2, 3))
        return self.mean(pooled), self.variance(pooled).clamp(-_BOUND, _BOUND)

    def initialise(self, generator: torch.Generator | None) -> None:
        """First weights that keep the size of what goes through, as there are no norms to do so."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, 0.2, generator=generator)
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        with torch.no_grad():  # a code to begin with is no louder than one that is drawn
            self.mean.weight.mul_(0.5)
            self.variance.weight.mul_(0.1)


def _fitted(photo: Tensor) -> Tensor:
    """A photo no larger than ``MOST_EDGE``, its shape kept, and no smaller than what a pass needs."""
    height, width = photo.shape[2:]
    share = min(1.0, MOST_EDGE / max(height, width))
    size = max(round(height * share), LEAST_EDGE), max(round(width * share), LEAST_EDGE)
    return photo if size == (height, width) else F.interpolate(photo, size, mode="area")


NETWORK = StyleEncoder
