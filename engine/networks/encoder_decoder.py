"""The U-Net of pix2pix without its skips: everything has to pass through the innermost map. The paper
compares the two (Isola et al., CVPR 2017, section 4.2); to paint with, take ``unet``.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.layers import Dropout, Layer, NormKind, Translator, Valid, shrunk

SETTINGS = {
    "levels": range(5, 11),
    "width": range(1, 257),
    "inputs": range(1, 257),
    "outputs": range(1, 5),
    "norm": ("batch", "instance"),
    "dropout": (False, True),
}


class EncoderDecoder(Translator):
    """``levels`` times down and up again, with the channels of a ``UNet``; ``downs`` and ``ups`` are
    counted alike, from the outermost level inwards.
    """

    def __init__(
        self, *, levels: int, width: int, inputs: int, outputs: int, norm: NormKind, dropout: bool
    ) -> None:
        super().__init__()
        self.inputs, self.outputs, self.multiple = inputs, outputs, 2**levels
        channels = [width * min(2**level, 8) for level in range(levels)]
        innermost = levels - 1
        # A batch norm's own shift makes a bias before it superfluous.
        bias = norm != "batch"
        downs, ups = [], []
        for level, inner in enumerate(channels):
            outer = channels[level - 1] if level else inputs
            down = nn.Conv2d(outer, inner, 4, 2, 1, bias=bias)
            downs.append(Layer(down, None if level in (0, innermost) else norm))
            if level:
                ups.append(Layer(nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=bias), norm))
            else:
                ups.append(Layer(nn.ConvTranspose2d(inner, outputs, 4, 2, 1), None))
        self.downs = nn.ModuleList(downs)
        self.ups = nn.ModuleList(ups)
        self.dropout = Dropout()
        # The paper drops in the first decoder layers after the innermost one.
        self.dropped = frozenset(range(5 - 1, innermost)) if dropout else frozenset()
        self.has_dropout = bool(self.dropped)

    def forward(self, x: Tensor, valid: Valid | None = None, dice: torch.Generator | None = None) -> Tensor:
        valids: list[Valid | None] = []
        for level, down in enumerate(self.downs):
            valids.append(valid)
            valid = shrunk(valid)
            x = down(F.leaky_relu(x, 0.2) if level else x, valid)
        for level in reversed(range(len(self.ups))):
            x = self.ups[level](F.relu(x), valids[level])
            if level in self.dropped:
                x = self.dropout(x, dice)
        return torch.tanh(x)


NETWORK = EncoderDecoder
