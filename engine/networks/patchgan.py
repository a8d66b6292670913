"""The patch discriminator of pix2pix (Isola et al., CVPR 2017, section 3.2.2 and appendix 6.1.2):
one logit for each patch of a picture, from convolutions alone.
"""

from __future__ import annotations

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from engine.layers.blocks import Layer, NormKind

_STRIDED = {16: 1, 34: 2, 70: 3, 142: 4, 286: 5}
"""Receptive field → convolutions of stride two; two of stride one follow."""

SETTINGS = {
    "receptive_field": (1, *_STRIDED),
    "width": range(1, 257),
    "inputs": range(1, 513),
    "norm": ("batch", "instance"),
}


class Discriminated(NamedTuple):
    """What a discriminator makes of a pair: logits (N, 1, h, w), positive for “real”, and the maps of its
    hidden layers, from the first on."""

    logits: Tensor
    features: tuple[Tensor, ...]


class PatchGAN(nn.Module):
    """Tells real patches of ``receptive_field`` pixels square from generated ones; ``inputs`` counts both
    pictures' planes."""

    def __init__(self, *, receptive_field: int, width: int, inputs: int, norm: NormKind) -> None:
        super().__init__()
        bias = norm != "batch"
        if receptive_field == 1:
            layers = [
                Layer(nn.Conv2d(inputs, width, 1), None),
                Layer(nn.Conv2d(width, width * 2, 1, bias=bias), norm),
                Layer(nn.Conv2d(width * 2, 1, 1, bias=bias), None),
            ]
        else:
            strided = _STRIDED[receptive_field]
            channels = [width * min(2**step, 8) for step in range(strided + 1)]
            layers = [Layer(nn.Conv2d(inputs, width, 4, 2, 1), None)]
            for step in range(1, strided + 1):
                stride = 2 if step < strided else 1
                convolution = nn.Conv2d(channels[step - 1], channels[step], 4, stride, 1, bias=bias)
                layers.append(Layer(convolution, norm))
            layers.append(Layer(nn.Conv2d(channels[-1], 1, 4, 1, 1), None))
        self.layers = nn.ModuleList(layers)

    def forward(self, pair: Tensor) -> Tensor:
        """(N, inputs, H, W) in [−1, 1] to logits (N, 1, h, w), positive for “real”."""
        return self.discriminate(pair).logits

    def discriminate(self, pair: Tensor) -> Discriminated:
        """(N, inputs, H, W) in [−1, 1], and what led to the logits."""
        *hidden, last = self.layers
        features = []
        for layer in hidden:
            pair = F.leaky_relu(layer(pair), 0.2, inplace=True)
            features.append(pair)
        return Discriminated(last(pair), tuple(features))


NETWORK = PatchGAN
