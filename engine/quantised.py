"""Convolutions for the CPU that multiply 8-bit integers, four times as many at once as floats.

Weights become integers from −127 to 127, with a scale for each output channel, once, when the model is
opened. What is convolved becomes integers in every pass, with one scale for all of it, taken from its
greatest value; so nothing ever saturates, and a window of a map is made of numbers at least as fine as the
whole map. Sums are exact, in 32 bits. Where 8 bits are too coarse, a value is split into two of them, one 256
times the other, and both are convolved: half the speed, and what is left of the error is that of the weights.

The operators are those that ``torch.compile`` emits for quantised models. They are not part of torch's public
interface, so a trial at first use decides whether they serve, and whether they pay.
"""

from __future__ import annotations

import functools
import time
from typing import Literal

import torch
from torch import Tensor, nn

Bits = Literal[8, 16]

_LEAST = 1e-20
"""Of the greatest value of a map, so that an empty one has a scale."""

_HALF, _OFFSET = torch.tensor(0.5), torch.tensor(128.0)

_PAYS_BELOW = 0.6
"""Share of the time of floats; what quantising itself takes is not in the trial."""


class Quantised(nn.Module):
    """A plain convolution (N, C, H, W) of floats to floats, made with integers inside.

    Args:
        convolution: of one group.
        bits: of what is convolved. With 8 it must not be negative, as behind a ReLU: what is counts as 0.
    """

    def __init__(self, convolution: nn.Conv2d, bits: Bits) -> None:
        super().__init__()
        self.bits = bits
        weight = convolution.weight.detach().float()
        greatest = torch.maximum(weight.amax((1, 2, 3)), -weight.amin((1, 2, 3)))
        self.scales = greatest.clamp_min(_LEAST) / 127
        self.zeros = torch.zeros(len(weight), dtype=torch.long)
        integers = (weight / self.scales[:, None, None, None]).round_()
        self.stride, self.padding = list(convolution.stride), convolution.padding
        bias = convolution.bias
        self.bias = torch.zeros(len(weight)) if bias is None else bias.detach().float()
        # What 128 for nothing adds to a sum, in units of the scale of what is convolved.
        self.surplus = 128 * integers.sum((1, 2, 3)) * self.scales
        self.weight = torch.ops.onednn.qconv_prepack(
            integers.to(torch.int8), self.scales, 1.0, 0, self.stride, [0, 0], [1, 1], 1, None
        )

    def forward(self, x: Tensor) -> Tensor:
        return self._convolved(x, *self.padding)

    def unpadded(self, x: Tensor) -> Tensor:
        """Without the padding that is its own; for parts of maps."""
        return self._convolved(x, 0, 0)

    def _convolved(self, x: Tensor, down: int, across: int) -> Tensor:
        count, channels, height, width = x.shape
        x = x.contiguous(memory_format=torch.channels_last)
        shape = (count * self.bits // 8, channels, height + 2 * down, width + 2 * across)
        parts = torch.empty(shape, dtype=torch.uint8, memory_format=torch.channels_last)
        if down or across:
            parts.fill_(0 if self.bits == 8 else 128)
        inside = parts[:, :, down : down + height, across : across + width]
        # amax() takes the numbers as they lie in memory; max() would first bring them into another order.
        if self.bits == 8:
            scale = max(float(x.amax()), _LEAST) / 255
            inside.copy_(torch.add(_HALF, x, alpha=1 / scale))
            return self._run(parts, scale, self.bias)
        scale = max(float(x.amax()), -float(x.amin()), _LEAST) / (127 * 256)
        whole = torch.add(_OFFSET, x, alpha=1 / scale).to(torch.int16)
        inside[count:] = whole  # the lower eight bits alone
        inside[:count] = whole.bitwise_right_shift_(8).add_(128)
        # The bias comes with both parts.
        made = self._run(parts, scale, torch.sub(self.bias / 257, self.surplus, alpha=scale))
        return made[count:].add_(made[:count], alpha=256)

    def _run(self, integers: Tensor, scale: float, bias: Tensor) -> Tensor:
        y: Tensor = torch.ops.onednn.qconv2d_pointwise(
            integers, scale, 0, self.weight, self.scales, self.zeros, bias,
            self.stride, [0, 0], [1, 1], 1, 1.0, 0, torch.float32, "none", [], "",
        )  # fmt: skip
        return y


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
            exact = torch.allclose(Quantised(plain, 8)(x), plain(x), rtol=1e-5, atol=8.0)
            return exact and torch.allclose(
                Quantised(plain, 16)(wide), plain(wide), rtol=1e-5, atol=8.0 * 127
            )
    except (RuntimeError, AttributeError, TypeError):
        return False


@functools.cache
def pays() -> bool:
    """Whether this CPU convolves integers rightly, and much quicker than floats: a trial, once a process.

    One thread's own time is taken, not the clock's: a choice made beside a busy program would stay.
    """
    if not right():
        return False
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    plain = nn.Conv2d(128, 128, 3, padding=1)
    plain.weight.data = plain.weight.data.contiguous(memory_format=torch.channels_last)
    ways = plain, Quantised(plain, 8)
    seconds = [float("inf")] * 2
    x = torch.rand(1, 128, 24, 24).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        for _ in range(8):  # in turns, so that whatever disturbs them disturbs both alike
            for way, convolution in enumerate(ways):
                start = time.thread_time()
                convolution(x)
                seconds[way] = min(seconds[way], time.thread_time() - start)
    torch.set_num_threads(threads)
    return seconds[1] < _PAYS_BELOW * seconds[0]
