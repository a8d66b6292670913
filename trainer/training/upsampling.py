"""Decoders that can't leave a checkerboard on plain ground.

A transposed convolution of kernel 4 and stride 2 makes even and odd rows of its output from different
weights; where these sum up differently, a plain area comes out in stripes (Odena et al., “Deconvolution and
Checkerboard Artifacts”, Distill 2016, who enlarge first and convolve then). Repeating each pixel and then
convolving with a kernel of 3 is the same as a transposed convolution whose even and odd weights have one sum:
along each axis (w2, w1 + w2, w0 + w1, w0), which is every t with t0 − t1 + t2 − t3 = 0. So the weights are
held to that, and the network stays what it is: in a file, folded, and in its speed.
"""

from __future__ import annotations

import torch
from torch import nn

from engine.layers.packed import doubles

_ALTERNATING = torch.tensor([1.0, -1.0, 1.0, -1.0])
_ALONG_ONE_AXIS = torch.eye(4) - torch.outer(_ALTERNATING, _ALTERNATING) / 4
_TO_EVEN = torch.kron(_ALONG_ONE_AXIS, _ALONG_ONE_AXIS)
"""Takes from a kernel of 4 × 4, its 16 weights in a column, what alternates along either axis."""


@torch.no_grad()
def project_upsampling(network: nn.Module) -> None:
    """Bring every doubling transposed convolution to the nearest one that is a resize and a convolution."""
    for module in network.modules():
        if isinstance(module, nn.ConvTranspose2d) and doubles(module):
            weight = module.weight  # (I, O, 4, 4), mostly with O innermost in memory
            inputs, outputs = weight.shape[:2]
            columns = weight.permute(0, 2, 3, 1).reshape(inputs, 16, outputs)
            even = torch.matmul(_TO_EVEN.to(weight), columns)
            weight.copy_(even.view(inputs, 4, 4, outputs).permute(0, 3, 1, 2))
