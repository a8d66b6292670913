"""The U-Net of pix2pix: an encoder and a decoder with skips between maps of a size."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.layers import packed
from engine.layers.blocks import Layer, PassCache, Valid, shrunk
from engine.layers.encoder_decoder_base import DEFAULTS, NEW, SETTINGS, EncoderDecoderBase
from engine.layers.quantised import Bits

_WIDE = 64 * 64
"""From so many pairs of channels a convolution gains more from integers than making them takes."""


class UNet(EncoderDecoderBase):
    """The generator of pix2pix."""

    skips = True

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

    def activations(self) -> dict[nn.Module, packed.Activation]:
        """Those of the encoder that have no norm behind them, and the last one."""
        found: dict[nn.Module, packed.Activation] = {
            layer.convolution: "leaky_relu"
            for layer in list(self.downs)[:-1]
            if isinstance(layer, Layer) and layer.norm is None
        }
        last = self.ups[0]
        assert isinstance(last, Layer)
        found[last.convolution] = "tanh"
        return found

    def delicate(self) -> list[nn.Module]:
        """The outer two of the encoder: large plain areas are rounded alike there, and all that
        follows is made of them. With a model of maps they caused nearly all of the error."""
        return [layer.convolution for layer in self.downs[:2] if isinstance(layer, Layer)]

    def forward(
        self,
        x: Tensor,
        valid: Valid | None = None,
        rng: torch.Generator | None = None,
        style: Tensor | None = None,
        cache: PassCache | None = None,
    ) -> Tensor:
        """As every ``Translator``; ``cache``, if given, receives the encoder's maps and all moments."""
        styles = self.styles(x, style)
        skips: list[Tensor] = []
        valids: list[Valid | None] = []
        for down in self.downs:
            assert isinstance(down, Layer)
            valids.append(valid)
            valid = shrunk(valid)
            x = down(x, valid, cache, styles)
            if len(skips) < len(self.downs) - 1:
                # In place: the skip is read through a ReLU later, to which this makes no difference.
                x = packed.activated(down.convolution, x, "leaky_relu")
            skips.append(x)
        if cache is not None:
            cache.maps = skips
        for level in reversed(range(len(self.ups))):
            skip = skips[level]
            up = self.ups[level]
            assert isinstance(up, Layer)
            x = packed.rectified(up.convolution, *((skip,) if x is skip else (skip, x)))
            x = up.normed(x, valids[level], cache, styles)
            if level in self.dropped:
                x = self.dropout(x, rng)
        last = self.ups[0]
        assert isinstance(last, Layer)
        return packed.activated(last.convolution, x, "tanh")


def _pairs(layer: Layer) -> int:
    return layer.convolution.in_channels * layer.convolution.out_channels


__all__ = ["DEFAULTS", "NETWORK", "NEW", "SETTINGS", "UNet"]

NETWORK = UNet
