"""What each convolution of a network is given, without what a pass costs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from engine.layers.blocks import Norm, Translator
from engine.layers.packed import Convolution

Shape = tuple[int, ...]
"""Of a map that a convolution is given: (N, C, H, W)."""


def shapes(network: Translator, height: int, width: int) -> dict[nn.Module, Shape]:
    """What every convolution of a network is given in a pass over a picture of that size.

    Args:
        network: in plain modules; its weights are not looked at.
    """
    found: dict[nn.Module, Shape] = {}

    def noting(convolution: Convolution) -> Callable[[Tensor], Tensor]:
        def forward(x: Tensor) -> Tensor:
            found[convolution] = count, _, height, width = tuple(x.shape)
            made = _made(convolution, height, 0), _made(convolution, width, 1)
            return x.new_zeros(count, convolution.out_channels, *made)

        return forward

    # All that costs something is left out, and the rest done with noughts: before it does anything on the
    # ``meta`` device, torch loads a system for algebra, for more than a second.
    stand_ins: dict[nn.Module, Callable[..., Tensor]] = {}
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            stand_ins[module] = noting(module)
        elif isinstance(module, Norm):
            stand_ins[module] = _unchanged
    styling, network.styling = network.styling, None
    for module, stand_in in stand_ins.items():
        module.__dict__["forward"] = stand_in
    try:
        with torch.inference_mode():
            network(torch.zeros(1, network.inputs, height, width))
    finally:
        network.styling = styling
        for module in stand_ins:
            del module.__dict__["forward"]
    return found


def _unchanged(x: Tensor, *_: object) -> Tensor:
    return x


def _made(convolution: Convolution, edge: int, axis: int) -> int:
    """The edge of the map that a convolution makes of one."""
    stride, padding = int(convolution.stride[axis]), int(convolution.padding[axis])
    seen = convolution.dilation[axis] * (convolution.kernel_size[axis] - 1) + 1
    if isinstance(convolution, nn.ConvTranspose2d):
        return (edge - 1) * stride - 2 * padding + seen + convolution.output_padding[axis]
    return (edge + 2 * padding - seen) // stride + 1
