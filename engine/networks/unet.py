"""The U-Net of pix2pix (Isola et al., “Image-to-Image Translation with Conditional Adversarial
Networks”, CVPR 2017, appendix 6.1.1): an encoder that halves the map at each level, a decoder that
doubles it, and skips between maps of a size.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine import packed
from engine.layers import Dropout, Kept, Layer, NormKind, Translator, Valid, shrunk
from engine.quantised import Bits

_WIDE = 64 * 64
"""From so many pairs of channels a convolution gains more from integers than making them takes."""

SETTINGS = {
    "levels": range(5, 11),
    "width": range(1, 257),
    "inputs": range(1, 257),
    "outputs": range(1, 5),
    "norm": ("batch", "instance"),
    "dropout": (False, True),
}


class UNet(Translator):
    """``levels`` times down and up again; 8 levels bring 256 × 256 pixels to one.

    Channels are ``width`` times 1, 2, 4, 8, 8, … from the outermost level inwards. ``downs`` and
    ``ups`` are counted alike: ``ups[k]`` makes a map of the size that ``downs[k]`` took.
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
            below = inner if level == innermost else 2 * inner
            if level:
                ups.append(Layer(nn.ConvTranspose2d(below, outer, 4, 2, 1, bias=bias), norm))
            else:
                ups.append(Layer(nn.ConvTranspose2d(below, outputs, 4, 2, 1), None))
        self.downs = nn.ModuleList(downs)
        self.ups = nn.ModuleList(ups)
        self.dropout = Dropout()
        # The paper drops in the first decoder layers after the innermost one.
        self.dropped = frozenset(range(5 - 1, innermost)) if dropout else frozenset()
        self.has_dropout = bool(self.dropped)

    def coarse(self) -> dict[nn.Module, Bits]:
        """All that are wide but the outermost ones, if every norm is folded (see ``fold``).

        What is lost in the encoder is lost for all that follows, so 16 bits there; the innermost map and the
        outer decoder decide the colours of large areas, so there too. Norms with the statistics of the image
        would enlarge what rounding makes of flat maps: with those, none.
        """
        bits: dict[nn.Module, Bits] = {}
        layers = [layer for layer in (*self.downs, *self.ups) if isinstance(layer, Layer)]
        if any(layer.norm is not None for layer in layers):
            return bits
        innermost = len(self.downs) - 1
        for level in range(1, innermost + 1):
            down, up = layers[level], layers[len(self.downs) + level]
            if _pairs(down) >= _WIDE:
                bits[down.convolution] = 16
            if _pairs(up) >= _WIDE:
                bits[up.convolution] = 16 if level in (1, 2, innermost) else 8
        return bits

    def forward(
        self,
        x: Tensor,
        valid: Valid | None = None,
        dice: torch.Generator | None = None,
        kept: Kept | None = None,
    ) -> Tensor:
        """As every ``Translator``; ``kept``, if given, receives the encoder's maps and all moments."""
        skips: list[Tensor] = []
        valids: list[Valid | None] = []
        for level, down in enumerate(self.downs):
            if level:
                # In place: the skip is read through a ReLU later, to which this makes no difference.
                x = F.leaky_relu(x, 0.2, inplace=True)
            valids.append(valid)
            valid = shrunk(valid)
            x = down(x, valid, kept)
            skips.append(x)
        if kept is not None:
            kept.maps = skips
        for level in reversed(range(len(self.ups))):
            skip = skips[level]
            up = self.ups[level]
            assert isinstance(up, Layer)
            x = packed.rectified(up.convolution, *((skip,) if x is skip else (skip, x)))
            x = up.normed(x, valids[level], kept)
            if level in self.dropped:
                x = self.dropout(x, dice)
        return torch.tanh(x)


def _pairs(layer: Layer) -> int:
    return layer.convolution.in_channels * layer.convolution.out_channels


NETWORK = UNet
