"""Styles: one code of a few numbers scales and shifts the channels behind a network's norms.

(1 + Δγ(z)) · norm(x) + Δβ(z), as conditional norms do it (Dumoulin et al., “A Learned Representation for
Artistic Style”, ICLR 2017). Δγ and Δβ begin at nothing, so that a network answers as without styles until it
has learnt them; and as they are one number a channel, a style that stays folds into weights and biases.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

Modulation = tuple[Tensor, Tensor]
"""Of one layer: what its channels are multiplied by (1 + Δγ), and what is added; (N, C), full precision."""

LONGEST = 64
"""Numbers in a code, at most."""

_HIDDEN = 64


class Styling(nn.Module):
    """From codes to the scales and shifts of all layers that follow a style.

    Args:
        length: of a code.
        channels: of each of these layers.
    """

    def __init__(self, length: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.length, self.channels = length, list(channels)
        self.trunk = nn.Sequential(
            nn.Linear(length, _HIDDEN), nn.LeakyReLU(0.2), nn.Linear(_HIDDEN, _HIDDEN), nn.LeakyReLU(0.2)
        )
        self.head = nn.Linear(_HIDDEN, 2 * sum(channels))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, style: Tensor) -> list[Modulation]:
        """Codes (N, length) to one modulation a layer."""
        made = self.head(self.trunk(style)).float()
        parts = made.split([count for channels in self.channels for count in (channels, channels)], 1)
        return [(1 + scale, shift) for scale, shift in zip(parts[::2], parts[1::2], strict=True)]

    def initialise(self, generator: torch.Generator | None) -> None:
        """First weights that keep a code's size on its way; the last layer's are none."""
        for module in self.trunk:
            if isinstance(module, nn.Linear):
                nn.init.kaiming_normal_(module.weight, 0.2, generator=generator)
                nn.init.zeros_(module.bias)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)


def modulated(x: Tensor, modulation: Modulation) -> Tensor:
    """Maps (N, C, H, W) with their channels scaled and shifted."""
    scale, shift = (values.to(x.dtype)[:, :, None, None] for values in modulation)
    return torch.addcmul(shift, x, scale)
