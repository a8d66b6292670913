"""The residual generator of Johnson et al. (“Perceptual Losses for Real-Time Style Transfer and
Super-Resolution”, ECCV 2016) as the pix2pix and CycleGAN projects use it: two steps down, 6 or 9
residual blocks, two steps up.
"""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.layers.blocks import Dropout, Layer, NormKind, Styles, Translator, Valid, shrunk
from engine.layers.styling import LONGEST

SETTINGS = {
    "blocks": (6, 9),
    "width": range(1, 257),
    "inputs": range(1, 257),
    "outputs": range(1, 5),
    "norm": ("batch", "instance"),
    "dropout": (False, True),
    "style": range(LONGEST + 1),
}
DEFAULTS = {"style": 0}
NEW = {"blocks": 9}


class Block(nn.Module):
    """Two 3 × 3 convolutions whose result is added to what came in."""

    def __init__(self, channels: int, norm: NormKind, dropout: bool) -> None:
        super().__init__()
        bias = norm != "batch"
        self.first = Layer(nn.Conv2d(channels, channels, 3, bias=bias), norm)
        self.second = Layer(nn.Conv2d(channels, channels, 3, bias=bias), norm)
        self.dropout = Dropout() if dropout else None

    def forward(
        self, x: Tensor, valid: Valid | None, rng: torch.Generator | None, styles: Styles | None
    ) -> Tensor:
        y = F.relu_(self.first(F.pad(x, (1, 1, 1, 1), "reflect"), valid, None, styles))
        if self.dropout is not None:
            y = self.dropout(y, rng)
        change: Tensor = self.second(F.pad(y, (1, 1, 1, 1), "reflect"), valid, None, styles)
        return change + x  # as the convolution laid it out, see ``winograd``


class ResNet(Translator):
    """Channels are ``width`` × 1, 2, 4 on the way down; the blocks work at a quarter of the size. A style is
    followed by the blocks and by what comes after them."""

    least: ClassVar[int] = 8  # reflection needs two pixels at a quarter of the size

    def __init__(
        self,
        *,
        blocks: int,
        width: int,
        inputs: int,
        outputs: int,
        norm: NormKind,
        dropout: bool,
        style: int = 0,
    ) -> None:
        super().__init__()
        self.inputs, self.outputs, self.multiple = inputs, outputs, 4
        self.has_dropout = dropout
        bias = norm != "batch"
        self.stem = Layer(nn.Conv2d(inputs, width, 7, bias=bias), norm)
        self.downs = nn.ModuleList(
            Layer(nn.Conv2d(width * n, width * n * 2, 3, 2, 1, bias=bias), norm) for n in (1, 2)
        )
        residual = [Block(width * 4, norm, dropout) for _ in range(blocks)]
        ups = [
            Layer(nn.ConvTranspose2d(width * n, width * n // 2, 3, 2, 1, output_padding=1, bias=bias), norm)
            for n in (4, 2)
        ]
        self.blocks, self.ups = nn.ModuleList(residual), nn.ModuleList(ups)
        self.head = Layer(nn.Conv2d(width, outputs, 7), None)
        inside = [layer for block in residual for layer in (block.first, block.second)]
        self.follow_styles(style, [*inside, *ups])

    def forward(
        self,
        x: Tensor,
        valid: Valid | None = None,
        rng: torch.Generator | None = None,
        style: Tensor | None = None,
    ) -> Tensor:
        styles = self.styles(x, style)
        half = shrunk(valid)
        quarter = shrunk(half)
        x = F.relu_(self.stem(F.pad(x, (3, 3, 3, 3), "reflect"), valid))
        for down, part in zip(self.downs, (half, quarter), strict=True):
            x = F.relu_(down(x, part))
        for block in self.blocks:
            x = block(x, quarter, rng, styles)
        for up, part in zip(self.ups, (half, valid), strict=True):
            x = F.relu_(up(x, part, None, styles))
        return torch.tanh(self.head(F.pad(x, (3, 3, 3, 3), "reflect")))


NETWORK = ResNet
