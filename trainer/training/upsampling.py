"""Decoders that can't leave a checkerboard on a plain background.

A transposed convolution of kernel 4 and stride 2 makes even and odd rows of its output from different
weights; where these sum up differently, a plain area comes out in stripes (Odena et al., “Deconvolution and
Checkerboard Artifacts”, Distill 2016, who enlarge first and convolve then). Repeating each pixel and then
convolving with a kernel of 3 is the same as a transposed convolution whose even and odd weights have one sum:
along each axis (w2, w1 + w2, w0 + w1, w0), which is every t with t0 − t1 + t2 − t3 = 0. So the weights are
held to that, and the network stays what it is: in a file, folded, and in its speed.

That keeps plain areas plain. Where features rise slowly, as shades do, even and odd rows still differ unless
t0 + t3 is a third of t1 + t2, to which all of t can't be held without blurring what is drawn. So a loss asks
for it where it shows: in stripes as fine as the rows that a layer doubles.

Where it has learnt that there is texture, and the drawing says nothing, a network can only make what recurs
with its strides, as nothing tells one place there from the next: a lattice. Another loss asks for none.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.layers.tiled import is_halving_or_doubling
from trainer.run.fitting import LATTICE_EDGE

_ALTERNATING = torch.tensor([1.0, -1.0, 1.0, -1.0])
_ALONG_ONE_AXIS = torch.eye(4) - torch.outer(_ALTERNATING, _ALTERNATING) / 4
_TO_EVEN = torch.kron(_ALONG_ONE_AXIS, _ALONG_ONE_AXIS)
"""Takes from a kernel of 4 × 4, its 16 weights in a column, what alternates along either axis."""

SCALES = (1, 2)
"""Pixels a stripe: of the last layer, and of the one before."""
_RUN = 8
"""Stripes, and so many times their width along them, in which they have to go on to be any."""


def stripe_loss(pictures: Tensor) -> Tensor:
    """How strongly pictures, (N, C, H, W), or what is between two, are striped across or along; one number on
    their own scale. Slopes and edges of things are no stripes, nor is grain, which takes turns with itself.
    """
    return torch.stack([runs.abs().mean() for runs in stripe_steps(pictures)]).mean()


def stripe_steps(pictures: Tensor) -> Iterator[Tensor]:
    """Of each direction and scale: the mean step from even rows to odd ones, in blocks of pictures."""
    for scale in SCALES:
        reduced = F.avg_pool2d(pictures, scale) if scale > 1 else pictures
        if min(reduced.shape[2:]) < _RUN + 2:
            continue
        for rows in (reduced, reduced.transpose(2, 3)):
            bent = rows[:, :, 1:-1] - (rows[:, :, :-2] + rows[:, :, 2:]) / 2
            even = bent.shape[2] // 2 * 2
            yield F.avg_pool2d(bent[:, :, 0:even:2] - bent[:, :, 1:even:2], (_RUN // 2, _RUN)) / 2


_AROUND = 3
"""Tiles, along either axis, in which a lattice has to recur to be any."""
LATTICE = LATTICE_EDGE // _AROUND
"""Pixels from which to which it recurs; its threads may lie closer together, at any whole share."""


def lattice_loss(pictures: Tensor) -> Tensor:
    """How strong a texture recurs from tile to tile of pictures, (N, C, H, W), or of what is between two; one
    number on their own scale. Of what doesn't recur a third is left, of its power a ninth; slopes are no
    texture, nor is colour.

    Args:
        pictures: of ``LATTICE_EDGE`` pixels or more along either axis.
    """
    count, channels, height, width = pictures.shape
    tall, wide = height // LATTICE, width // LATTICE
    whole = pictures[:, :, : tall * LATTICE, : wide * LATTICE]
    tiles = whole.reshape(count * channels, tall, LATTICE, wide, LATTICE)
    rows = tiles.unfold(1, _AROUND, 1).mean(-1)
    flat = rows.unfold(3, _AROUND, 1).mean(-1).transpose(2, 3).reshape(-1, LATTICE * LATTICE)
    plane = _PLANE.to(flat)
    return (flat - (flat @ plane.T) @ plane).abs().mean()


def _plane() -> Tensor:
    """Three rows of unit length, at right angles: a level, and a slope along either axis of a tile."""
    along = torch.arange(LATTICE, dtype=torch.float32) - (LATTICE - 1) / 2
    level = torch.ones(LATTICE)
    rows = torch.stack([torch.outer(*sides) for sides in ((level, level), (along, level), (level, along))])
    return torch.nn.functional.normalize(rows.flatten(1), dim=1)


_PLANE = _plane()


@torch.no_grad()
def project_upsampling(network: nn.Module) -> None:
    """Bring every doubling transposed convolution to the nearest one that is a resize and a convolution."""
    for module in network.modules():
        if isinstance(module, nn.ConvTranspose2d) and is_halving_or_doubling(module):
            weight = module.weight  # (I, O, 4, 4), mostly with O innermost in memory
            inputs, outputs = weight.shape[:2]
            columns = weight.permute(0, 2, 3, 1).reshape(inputs, 16, outputs)
            even = torch.matmul(_TO_EVEN.to(weight), columns)
            weight.copy_(even.view(inputs, 4, 4, outputs).permute(0, 3, 1, 2))
