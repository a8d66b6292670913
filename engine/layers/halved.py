"""Convolutions of small maps, whose time goes into reading weights: as products, of weights kept in 16 bits.

In the deep levels of a U-Net a pass reads each weight once and multiplies it a few times. FBGEMM, which comes
with torch, reads weights in half precision and multiplies in single: half of the bytes, and nearly half of
the time. The weights of each output are scaled by a power of two first, so that small ones keep their bits.

The operators are those of torch's dynamic quantisation. They aren't documented for this, so they are tried
once before they serve.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.layers.tiled import is_halving_or_doubling
from engine.layers.winograd import has_avx2

FEWEST_WEIGHTS = 1 << 17
"""Of fewer there is little to be read."""
MOST_PIXELS = 256
"""Of the smaller of both maps; with more, it is multiplying that takes the time."""
_PACKING_ROOM = 4 << 20
"""Bytes that packing may take beside the weights in half precision."""
_FIT = 2e-3
"""How far a product may lie from torch's own, as a share of the greatest value; it lies within 3e-4."""


class Halved(nn.Module):
    """A convolution that ``suits`` as one product, for maps of any size; only weights are in half precision.

    Args:
        convolution: what it stands for; nothing of it is kept.
    """

    def __init__(self, convolution: nn.Conv2d | nn.ConvTranspose2d) -> None:
        super().__init__()
        self.transposed = isinstance(convolution, nn.ConvTranspose2d)
        self.outputs = convolution.out_channels
        weight, bias = convolution.weight.detach(), convolution.bias
        # Axis by axis, and below transposed as a plain matrix first, which is three times as quick.
        greatest = weight.abs().flatten(2).amax(2).amax(0 if self.transposed else 1)
        self.units = torch.exp2(greatest.clamp_min(torch.finfo(torch.float32).tiny).log2().floor())
        # Of each output, what 4 × 4 inputs are multiplied with; or of 4 × 4 outputs, what each input is.
        units, inputs = self.units[:, None, None], convolution.in_channels
        if self.transposed:
            rows = weight.new_empty(16, self.outputs, inputs)
            given = weight.reshape(inputs, -1).t().contiguous().view(self.outputs, 16, inputs)
            torch.div(given, units, out=rows.transpose(0, 1))
            rows = rows.view(-1, inputs)
        else:
            rows = (weight.flatten(2).transpose(1, 2) / units).reshape(-1, 16 * inputs)
        self.rows = _packed(rows)
        self.plain_bias = weight.new_zeros(self.outputs) if bias is None else bias.detach().clone()
        self.scale, self.bias = self.units, self.plain_bias

    def forward(self, x: Tensor) -> Tensor:
        return self._enlarged(x) if self.transposed else self._reduced(F.pad(x, (1, 1, 1, 1)))

    def unpadded(self, x: Tensor) -> Tensor:
        """Without the padding that is its own; for parts of maps."""
        return self._reduced(x)

    def serves(self, shape: Sequence[int], padded: bool) -> bool:
        """Its weight has one layout, for maps of any shape."""
        return True

    def restyle(self, scale: Tensor, shift: Tensor) -> None:
        """See ``packed.restyle``; what it makes is multiplied and added to anyway."""
        self.scale, self.bias = self.units * scale, self.plain_bias * scale + shift

    def _enlarged(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        made = _product(x.permute(0, 2, 3, 1).reshape(-1, channels), self.rows)
        pixels = overlapped(made.view(batch, height, width, 4, 4, self.outputs))
        torch.addcmul(self.bias, pixels, self.scale, out=pixels)
        return pixels.permute(0, 3, 1, 2)

    def _reduced(self, x: Tensor) -> Tensor:
        """Of a map with its padding."""
        batch, channels, height, width = x.shape
        x = x.permute(0, 2, 3, 1).contiguous()
        shape = (batch, height // 2 - 1, width // 2 - 1, 4, 4 * channels)
        image, row = height * width * channels, width * channels
        windows = x.as_strided(shape, (image, 2 * row, 2 * channels, row, 1))
        made = _product(windows.reshape(-1, 16 * channels), self.rows)
        made = torch.addcmul(self.bias, made, self.scale, out=made)
        return made.view(*shape[:3], self.outputs).permute(0, 3, 1, 2)


def overlapped(squares: Tensor) -> Tensor:
    """The output of a transposed convolution of stride 2, of the 4 × 4 square that each pixel of its input
    makes; squares overlap by half and are added up.

    Args:
        squares: (N, H, W, 4, 4, O).

    Returns:
        float32 (N, 2 · H, 2 · W, O); in 16 bits four numbers would be added too coarsely.
    """
    batch, height, width, _, _, outputs = squares.shape
    # Two rows and two columns of outputs for each input, and as many again for what hangs over.
    made = torch.zeros((batch, height + 1, 2, width + 1, 2, outputs), dtype=torch.float32)
    for down in (0, 1):
        for across in (0, 1):
            quarter = squares[:, :, :, 2 * down : 2 * down + 2, 2 * across : 2 * across + 2]
            made[:, down : down + height, :, across : across + width] += quarter.transpose(2, 3)
    return made.view(batch, 2 * height + 2, 2 * width + 2, outputs)[:, 1:-1, 1:-1]


def suits(convolution: nn.Module, shape: Sequence[int], dtype: torch.dtype) -> bool:
    """Whether a convolution is of the kind, the map that it is given, (N, C, H, W), is small, and it can be
    made so."""
    if not isinstance(convolution, nn.Conv2d | nn.ConvTranspose2d) or dtype != torch.float32:
        return False
    pixels = shape[2] * shape[3] // (1 if isinstance(convolution, nn.ConvTranspose2d) else 4)
    return (
        is_halving_or_doubling(convolution)
        and convolution.weight.numel() >= FEWEST_WEIGHTS
        and pixels <= MOST_PIXELS
        and works()
    )


def _packed(rows: Tensor) -> torch.ScriptObject:
    """FBGEMM writes to memory without asking whether it was given any, which ends the process; torch, asked
    for as much just before, raises."""
    torch.empty(2 * rows.numel() + _PACKING_ROOM, dtype=torch.uint8)
    packed: torch.ScriptObject = torch.ops.quantized.linear_prepack_fp16(rows, None)
    return packed


def _product(rows: Tensor, packed: torch.ScriptObject) -> Tensor:
    made: Tensor = torch.ops.quantized.linear_dynamic_fp16(rows, packed)
    return made


@functools.cache
def works() -> bool:
    """Whether the operators are there, are wanted on this processor, and multiply rightly."""
    if not has_avx2():
        return False
    with torch.inference_mode():
        rows = torch.arange(3 * 64).mul(37).remainder(255).sub(127).div(127).view(3, 64)
        weight = torch.arange(48 * 64).mul(101).remainder(251).sub(125).div(125).view(48, 64)
        try:
            made = _product(rows, _packed(weight))
        except (RuntimeError, AttributeError, TypeError, ImportError):  # a packaged torch may lack parts
            return False
        wanted = F.linear(rows, weight)
        return bool((made - wanted).abs().max() <= _FIT * wanted.abs().max())
