"""The U-Net of pix2pix without its skips: everything has to pass through the innermost map. The paper
compares the two (Isola et al., CVPR 2017, section 4.2); to paint with, take ``unet``.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.layers.blocks import Valid, shrunk
from engine.layers.encoder_decoder_base import DEFAULTS, NEW, SETTINGS, EncoderDecoderBase


class EncoderDecoder(EncoderDecoderBase):
    """Encoder and decoder alone."""

    skips = False

    def forward(
        self,
        x: Tensor,
        valid: Valid | None = None,
        rng: torch.Generator | None = None,
        style: Tensor | None = None,
    ) -> Tensor:
        styles = self.styles(x, style)
        valids: list[Valid | None] = []
        for level, down in enumerate(self.downs):
            valids.append(valid)
            valid = shrunk(valid)
            x = down(F.leaky_relu(x, 0.2) if level else x, valid, None, styles)
        for level in reversed(range(len(self.ups))):
            x = self.ups[level](F.relu(x), valids[level], None, styles)
            if level in self.dropped:
                x = self.dropout(x, rng)
        return torch.tanh(x)


__all__ = ["DEFAULTS", "NETWORK", "NEW", "SETTINGS", "EncoderDecoder"]

NETWORK = EncoderDecoder
