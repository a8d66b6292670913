"""Convolutions for the CPU that multiply 8-bit integers, four times as many at once as floats.

Weights become integers from −127 to 127, with a scale for each output channel, once, when the model is
opened. What is convolved becomes integers in every pass, with one scale for all of it, taken from its
greatest value; so nothing ever saturates, and a window of a map is made of numbers at least as fine as the
whole map. Sums are exact, in 32 bits. Where 8 bits are too coarse, a value is split into two of them, one 256
times the other, and both are convolved: half the speed, and what is left of the error is that of the weights.

The operators are those that ``torch.compile`` emits for quantised models. They are not part of torch's public
interface, so a trial at first use decides whether they serve; whether they pay, for which layer, is decided
in ``engine.devices.trials``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from engine.layers.layouts import Call, Layouts, Room

Bits = Literal[8, 16]

_LEAST = 1e-20
"""Of the greatest value of a map, so that an empty one has a scale."""

_OFFSET = torch.tensor(128.0)


class Quantised(nn.Module):
    """A plain convolution (N, C, H, W) of floats to floats, made with integers inside.

    It takes one map or several, whose channels it joins: integers are sooner joined than floats.

    Args:
        convolution: of one group.
        bits: of what is convolved.
        rectified: whether what is convolved goes through a ReLU first, which 8 bits need. Then the last of
            several maps is written to.
        product: whether to make a matrix product of it, which needs a stride of 2.
        size: height and width of the maps that it will be given most often.
        room: see ``Layouts``.
    """

    def __init__(
        self,
        convolution: nn.Conv2d,
        bits: Bits,
        size: tuple[int, int],
        room: Room,
        *,
        rectified: bool,
        product: bool = False,
    ) -> None:
        super().__init__()
        assert rectified or bits == 16
        self.bits, self.rectified = bits, rectified
        weight = convolution.weight.detach().float()
        greatest = torch.maximum(weight.amax((1, 2, 3)), -weight.amin((1, 2, 3)))
        self.scales = greatest.clamp_min(_LEAST) / 127
        self.zeros = torch.zeros(len(weight), dtype=torch.long)
        integers = (weight / self.scales[:, None, None, None]).round_()
        self.stride = list(convolution.stride)
        self.padding = int(convolution.padding[0]), int(convolution.padding[1])
        bias = convolution.bias
        self.bias = torch.zeros(len(weight)) if bias is None else bias.detach().float()
        if bits == 16:  # both parts come with it, one of them 256 times
            self.bias = self.bias / 257
        # What 128 for nothing adds to a sum, in units of the scale of what is convolved.
        self.surplus = 128 * integers.sum((1, 2, 3)) * self.scales
        self.plain = self.scales, self.bias, self.surplus
        integers = integers.to(torch.int8)
        self.taps = convolution.kernel_size[0]
        self.product = product
        first = self._call((1, convolution.in_channels, *size), padded=True)
        sort = "integers", product, str(self.stride)
        weight = by_rows(integers) if product else integers
        self.weights = Layouts(weight, self._laid_out, sort, first, room, swapped=product)

    def serves(self, shape: Sequence[int], padded: bool) -> bool:
        """Whether maps of that shape, (N, C, H, W), run as quickly as they can."""
        return self.weights.serves(self._call(shape, padded))

    def restyle(self, scale: Tensor, shift: Tensor) -> None:
        """See ``packed.restyle``. The integers stay: each output has a scale of its own."""
        scales, bias, surplus = self.plain
        self.scales, self.surplus = scales * scale, surplus * scale
        self.bias = bias * scale + (shift / 257 if self.bits == 16 else shift)

    def _call(self, shape: Sequence[int], padded: bool) -> Call:
        """What the weight is laid out for, so that maps of that shape can be convolved."""
        count, channels, height, width = shape
        down, across = self.padding if padded else (0, 0)
        count, height, width = count * self.bits // 8, height + 2 * down, width + 2 * across
        if not self.product:
            return count, channels, height, width
        rows = count * ((height - self.taps) // 2 + 1) * ((width - self.taps) // 2 + 1)
        return rows, channels * self.taps * self.taps

    def _laid_out(self, weight: Tensor, call: Call) -> Tensor:
        laid: Tensor
        if self.product:
            laid = torch.ops.onednn.qlinear_prepack(weight, call)
        else:
            laid = torch.ops.onednn.qconv_prepack(
                weight, self.plain[0], 1.0, 0, self.stride, [0, 0], [1, 1], 1, call
            )
        return laid

    def forward(self, *maps: Tensor) -> Tensor:
        return self._convolved(maps, *self.padding)

    def unpadded(self, x: Tensor) -> Tensor:
        """Without the padding that is its own; for parts of maps."""
        return self._convolved((x,), 0, 0)

    def _convolved(self, maps: Sequence[Tensor], down: int, across: int) -> Tensor:
        count, _, height, width = maps[0].shape
        channels = sum(x.shape[1] for x in maps)
        shape = (count * self.bits // 8, height + 2 * down, width + 2 * across, channels)
        parts = torch.full(shape, 0 if self.rectified else 128, dtype=torch.uint8).permute(0, 3, 1, 2)
        inside = parts[:, :, down : down + height, across : across + width]
        scale, first = self._scale(maps), 0
        for index, x in enumerate(maps):
            whole = self._whole(x, scale, index > 0)
            room = inside[:, first : first + x.shape[1]]
            first += x.shape[1]
            if self.bits == 8:
                room.copy_(whole.add_(64).bitwise_right_shift_(7))
                continue
            room[count:] = whole  # the lower eight bits alone
            whole.bitwise_right_shift_(8)
            room[:count] = whole if self.rectified else whole.add_(128)
        if self.bits == 8:
            return self.multiply(parts, 128 * scale, self.bias)
        bias = self.bias if self.rectified else torch.sub(self.bias, self.surplus, alpha=scale)
        made = self.multiply(parts, scale, bias)
        return made[count:].add_(made[:count], alpha=256)

    def _scale(self, maps: Sequence[Tensor]) -> float:
        """What one stands for in whole numbers of 16 bits."""
        # amax() takes the numbers as they lie in memory; max() would first bring them into another order.
        greatest = max(float(x.amax()) for x in maps)
        if self.rectified:
            return max(greatest, _LEAST) / (255 * 128)
        return max(greatest, -min(float(x.amin()) for x in maps), _LEAST) / (127 * 256)

    def _whole(self, x: Tensor, scale: float, consumed: bool) -> Tensor:
        """Numbers of 16 bits: 0 to 32640 if rectified, else −32384 to 32640 where 128 is nothing."""
        if not self.rectified:
            return torch.add(_OFFSET, x, alpha=1 / scale).to(torch.int16)
        scaled = x.mul_(1 / scale) if consumed else x.mul(1 / scale)
        # By way of 16 bits also for 8: from floats to those torch knows no quick way.
        return scaled.clamp_min_(0).to(torch.int16)

    def multiply(self, integers: Tensor, scale: float, bias: Tensor) -> Tensor:
        """The convolution alone: float32 (N, O, h, w) of 8-bit integers (N, I, H, W)."""
        if self.product:
            return product(
                integers, self.taps, lambda rows: torch.ops.onednn.qlinear_pointwise(
                    rows, scale, 0, self.weights(tuple(rows.shape)), self.scales, self.zeros, bias,
                    1.0, 0, torch.float32, "none", [], "",
                ),
            )  # fmt: skip
        laid = self.weights(tuple(integers.shape))
        y: Tensor = torch.ops.onednn.qconv2d_pointwise(
            integers, scale, 0, laid, self.scales, self.zeros, bias,
            self.stride, [0, 0], [1, 1], 1, 1.0, 0, torch.float32, "none", [], "",
        )  # fmt: skip
        return y


def by_rows(weight: Tensor) -> Tensor:
    """Weights of a convolution, (O, I, k, k), as ``product`` wants them, (O, k × k × I)."""
    return weight.permute(0, 2, 3, 1).reshape(len(weight), -1).contiguous()


def product(x: Tensor, taps: int, linear: Callable[[Tensor], Tensor]) -> Tensor:
    """A convolution of stride 2 without padding as a matrix product: what each window sees is a row.

    Args:
        x: (N, I, H, W), channels last.
        taps: of the convolution, either way.
        linear: from (rows, taps × taps × I) to (rows, O).

    Returns:
        (N, O, h, w), channels last.
    """
    windows = x.permute(0, 2, 3, 1).unfold(1, taps, 2).unfold(2, taps, 2)
    count, height, width, channels = windows.shape[:4]
    made = linear(windows.permute(0, 1, 2, 4, 5, 3).reshape(-1, taps * taps * channels))
    return made.reshape(count, height, width, -1).permute(0, 3, 1, 2)


@functools.cache
def right() -> bool:
    """Whether the operators are there, and make of numbers that need no rounding what floats make of them.

    Without the instructions for it (VNNI, since 2019), sums of two products saturate.
    """
    plain = nn.Conv2d(64, 4, 4, 2, 1)
    x = torch.arange(64 * 64).mul(37).remainder(256).reshape(1, 64, 8, 8).float()
    x[..., 0, 0] = 255
    wide = 127 * (x - 128)
    wide[..., 0, 0] = 127 * 256
    try:
        with torch.inference_mode():
            plain.weight.copy_(torch.arange(4096).mul(101).remainder(255).sub(127).reshape(4, 64, 4, 4))
            plain.weight[:, 0, 0, 0] = 127
            for way in (False, True):
                coarse = Quantised(plain, 8, (8, 8), Room(), rectified=True, product=way)
                fine = Quantised(plain, 16, (8, 8), Room(), rectified=False, product=way)
                if not torch.allclose(coarse(x), plain(x), rtol=1e-5, atol=8.0):
                    return False
                if not torch.allclose(fine(wide), plain(wide), rtol=1e-5, atol=8.0 * 127):
                    return False
            return True
    except (RuntimeError, AttributeError, TypeError):
        return False
