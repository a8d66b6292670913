"""The algorithms by which a convolution may be done on the CPU, and which of them may serve for a layer.

| algorithm | what it is |
| --- | --- |
| plain | torch's own |
| packed | the same, its weight laid out once (``packed.Packed``) |
| shuffled | a transposed convolution as a plain one of four times the outputs (``packed.Shuffled``) |
| product | a transposed convolution as one matrix product (``packed.Product``) |
| tiled | one of 4 × 4 and stride 2 with fewer multiplications (``tiled.Tiled``) |
| winograd | one of 3 × 3 with fewer multiplications (``winograd.Winograd``) |
| halved | a product of weights kept in 16 bits, where maps are small (``halved.Halved``) |
| integers | 8-bit integers, plain or shuffled (``quantised.Quantised``) |
| integer product | the same as a matrix product |
"""

from __future__ import annotations

import functools
import logging
import os
from typing import Literal

import torch
from torch import nn

from engine.layers import halved, packed, quantised, tiled, winograd
from engine.layers.layouts import Room
from engine.layers.packed import Activation, Convolution
from engine.layers.quantised import Bits
from engine.layers.shapes import Shape
from engine.layers.tiled import is_halving_or_doubling

log = logging.getLogger(__name__)

KNOWN_SETS = (
    "ALL", "SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI",
    "AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX512_CORE_AMX", "AVX512_CORE_AMX_FP16", "AVX10_1_512",
    "AVX10_1_512_AMX", "AVX10_1_512_AMX_FP16", "AVX10_2", "AVX10_2_512", "AVX10_2_512_AMX_2",
)  # fmt: skip
"""What oneDNN takes in ``ONEDNN_MAX_CPU_ISA``; anything else it ignores."""

_NARROW = 4
"""Up to so many output channels a shuffled convolution is worth trying: wider ones only move more numbers."""

_DEEP = 512
"""From so many input channels a matrix product is worth trying."""

Rounding = Literal["never", "where it pays", "always"]
"""Whether layers may be rounded that bear it."""


def build(
    algorithm: str,
    convolution: Convolution,
    shape: Shape,
    bits: Bits | None,
    room: Room,
    activation: Activation = "none",
) -> nn.Module:
    """The module that does a convolution by a certain algorithm, and the activation if it can."""
    size = shape[2], shape[3]
    if algorithm == "packed":
        return packed.Packed(convolution, size, room, activation)
    if algorithm == "halved":
        return halved.Halved(convolution)
    if algorithm == "tiled":
        return tiled.Tiled(convolution, size, packed.Packed(convolution, size, room))
    if isinstance(convolution, nn.ConvTranspose2d):
        if algorithm == "shuffled":
            return packed.Shuffled(convolution, size, room, activation=activation)
        if algorithm == "product":
            return packed.Product(convolution, size, room)
        if algorithm == "integers":
            return packed.Shuffled(convolution, size, room, bits)
    elif algorithm == "winograd":
        return winograd.Winograd(convolution)
    elif algorithm.startswith("integer") and bits is not None:
        product = algorithm == "integer product"
        return quantised.Quantised(convolution, bits, size, room, rectified=False, product=product)
    packed.channels_last(convolution)
    return convolution


def candidates(
    convolution: Convolution, shape: Shape, dtype: torch.dtype, bits: Bits | None, rounding: Rounding
) -> list[str]:
    """What may serve for a layer; ``plain`` always does."""
    if not is_known_set(os.environ.get("ONEDNN_MAX_CPU_ISA")):
        return ["plain"]
    integers = []
    if bits is not None and isinstance(convolution, nn.Conv2d):
        integers = ["integers", "integer product"] if convolution.stride == (2, 2) else ["integers"]
    elif (
        bits is not None
        and isinstance(convolution, nn.ConvTranspose2d)
        and is_halving_or_doubling(convolution)
    ):
        integers = ["integers"]
    if integers and rounding == "always":
        return integers
    algorithms = ["plain"]
    if packed.packing_works():
        algorithms.append("packed")
        if tiled.suits(convolution, shape, dtype) and packed.is_light(convolution, (shape[2], shape[3])):
            algorithms.append("tiled")
    if rounding != "never" and halved.suits(convolution, shape, dtype):
        algorithms.append("halved")
    if winograd.suits(convolution, dtype):
        algorithms.append("winograd")
    if isinstance(convolution, nn.ConvTranspose2d) and is_halving_or_doubling(convolution):
        if convolution.out_channels <= _NARROW:
            algorithms.append("shuffled")
        if convolution.in_channels >= _DEEP and packed.products_work(dtype):
            algorithms.append("product")
    return algorithms + integers


@functools.cache
def is_known_set(named: str | None) -> bool:
    """Whether an instruction set named in the environment exists."""
    if not named or named.upper() in KNOWN_SETS:  # an empty one names none
        return True
    log.warning("ONEDNN_MAX_CPU_ISA=%s is no instruction set; plain convolutions are used", named)
    return False
