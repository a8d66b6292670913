"""What a U-Net and the same network without skips have in common: an encoder that halves the map at each
level, and a decoder that doubles it (Isola et al., “Image-to-Image Translation with Conditional Adversarial
Networks”, CVPR 2017, appendix 6.1.1).
"""

from __future__ import annotations

from typing import ClassVar

from torch import nn

from engine.layers.blocks import Dropout, Layer, NormKind, Translator
from engine.layers.styling import LONGEST

SETTINGS = {
    "levels": range(5, 11),
    "width": range(1, 257),
    "inputs": range(1, 257),
    "outputs": range(1, 5),
    "norm": ("batch", "instance"),
    "dropout": (False, True),
    "style": range(LONGEST + 1),
}
DEFAULTS = {"style": 0}
NEW: dict[str, int] = {}


class EncoderDecoderBase(Translator):
    """``levels`` times down and up again; 8 levels bring 256 × 256 pixels to one.

    Channels are ``width`` times 1, 2, 4, 8, 8, … from the outermost level inwards. ``downs`` and
    ``ups`` are counted alike: ``ups[k]`` makes a map of the size that ``downs[k]`` took. A style is followed
    by the deeper half of the encoder and by the decoder: what the outer encoder sees are lines and areas.
    """

    skips: ClassVar[bool]
    """Whether the decoder also takes the encoder's map of each level."""

    def __init__(
        self,
        *,
        levels: int,
        width: int,
        inputs: int,
        outputs: int,
        norm: NormKind,
        dropout: bool,
        style: int = 0,
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
            below = 2 * inner if self.skips and level < innermost else inner
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
        self.follow_styles(style, [*downs[levels // 2 : innermost], *ups[1:]])
