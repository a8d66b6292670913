"""Convolutions of 3 × 3 with fewer multiplications (Winograd's minimal filtering; Lavin and Gray, “Fast
algorithms for convolutional neural networks”, CVPR 2016), as NNPACK makes them, which comes with torch.

On processors with AVX2 and no more, large maps of many channels take a third to a half of the time so. The
operator is not part of torch's public interface, so it is tried once, against torch's own, before it serves.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from contextlib import suppress

import torch
import torch.nn.functional as F
from torch import Tensor, nn

OPERATOR = "_nnpack_spatial_convolution"
"""What torch calls it."""

FEWEST_INPUTS = 32
"""Channels: with fewer there is nothing to save, …"""
SMALLEST = 24
"""… nor in smaller maps (edge in pixels): the weights have to be brought into another form each time."""
LARGEST = 1 << 26
"""Numbers of a map: what larger ones are brought into takes gigabytes, and more time than it saves."""
_FIT = 1e-3
"""How far it may lie from torch's own, as a share of the greatest value; it lies within 2e-5."""
_WITHOUT = ("SSE41", "AVX")
"""Instruction sets that oneDNN may be held to, and that are not enough for NNPACK."""


class Winograd(nn.Module):
    """A convolution that ``suits``: (N, I, H, W) to (N, O, H, W), channels one after the other in memory."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.padding = int(convolution.padding[0])
        self.weight = convolution.weight.detach().contiguous()
        bias = convolution.bias
        self.bias = self.weight.new_zeros(len(self.weight)) if bias is None else bias.detach()
        self.plain = self.weight, self.bias

    def forward(self, x: Tensor) -> Tensor:
        return convolve(x, self.weight, self.bias, self.padding)

    def unpadded(self, x: Tensor) -> Tensor:
        """Without the padding that is its own; for parts of maps."""
        return convolve(x, self.weight, self.bias, 0)

    def serves(self, shape: Sequence[int], padded: bool) -> bool:
        """Its weight has one layout, for maps of any shape."""
        return True

    def restyle(self, scale: Tensor, shift: Tensor) -> None:
        """See ``packed.restyle``."""
        weight, bias = self.plain
        self.weight, self.bias = weight * scale[:, None, None, None], bias * scale + shift


def suits(convolution: nn.Module, dtype: torch.dtype) -> bool:
    """Whether a convolution is of the kind, and can be made so."""
    return (
        isinstance(convolution, nn.Conv2d)
        and convolution.kernel_size == (3, 3)
        and convolution.stride == convolution.dilation == (1, 1)
        and convolution.padding in ((0, 0), (1, 1))
        and convolution.padding_mode == "zeros"
        and convolution.groups == 1
        and convolution.in_channels >= FEWEST_INPUTS
        and dtype == torch.float32
        and right()
    )


def pays(x: Tensor) -> bool:
    """Whether it mostly is quicker for a map, (N, I, H, W), where nothing is tried."""
    return x.shape[1] >= FEWEST_INPUTS and min(x.shape[2:]) >= SMALLEST and x.numel() <= LARGEST


def convolve(x: Tensor, weight: Tensor, bias: Tensor, padding: int = 1) -> Tensor:
    """The convolution: (N, O, H, W) where ``padding`` is 1, two rows and columns less where it is 0.

    What NNPACK can't make, torch's own makes: it takes memory of its own, several times that of the map.

    Args:
        x: float32 (N, I, H, W), on the CPU.
        weight: (O, I, 3, 3).
        bias: (O,).

    Raises:
        RuntimeError: the map is smaller than the kernel, or there is no memory for what is made.
    """
    if min(x.shape[2:]) + 2 * padding > 2:  # of a map that makes nothing NNPACK would end the process
        with suppress(RuntimeError):
            return _by_nnpack(x, weight, bias, padding)
    return F.conv2d(x, weight, bias, padding=padding)


def _by_nnpack(x: Tensor, weight: Tensor, bias: Tensor, padding: int) -> Tensor:
    edges = [padding, padding]
    made: Tensor = getattr(torch, OPERATOR)(x.contiguous(), weight.contiguous(), bias, edges)
    return made


def has_avx2() -> bool:
    """Whether this processor has AVX2, and neither torch nor oneDNN was told to do without."""
    told = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    return torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512") and told not in _WITHOUT


@functools.cache
def right() -> bool:
    """Whether the operator is there, is wanted on this processor, and makes what torch's own makes."""
    if not has_avx2():
        return False
    with torch.inference_mode():
        x = torch.arange(64 * 30 * 31).mul(37).remainder(255).sub(127).div(127).view(1, 64, 30, 31)
        weight = torch.arange(32 * 64 * 9).mul(101).remainder(251).sub(125).div(125).view(32, 64, 3, 3)
        bias = torch.arange(32).float()
        try:
            # Asking is what makes it ready, too.
            if not torch.backends.nnpack.is_available():  # type: ignore[no-untyped-call]
                return False
            made = _by_nnpack(x, weight, bias, 1)
        except (RuntimeError, AttributeError, TypeError):
            return False
        plain = F.conv2d(x, weight, bias, padding=1)
        return bool((made - plain).abs().max() <= _FIT * plain.abs().max())
