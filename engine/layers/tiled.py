"""Convolutions of 4 × 4 and stride 2, plain or transposed, with fewer multiplications (Winograd's minimal
filtering; Lavin and Gray, “Fast algorithms for convolutional neural networks”, CVPR 2016), in torch's terms.

Both kinds are one of 2 × 2 and stride 1 in another form: a plain one, of the four pixels of each square of
its input as so many channels; a transposed one, of four times the outputs, which make up a square of its
output. Of that, tiles of 3 × 3 outputs are made at once, of 4 × 4 inputs. Sums and differences of inputs, in
rows and in columns, are multiplied by sums and differences of weights, 16 products where there were 36; and
sums and differences of these are the outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

SMALLEST = 16
"""Pixels: of 2 × 2 windows in maps of a smaller edge there are too few, …"""
FEWEST = 64
"""… and of fewer channels in windows, or for squares of outputs, there is too little to save."""
MOST_AT_ONCE = 1 << 22
"""Sums and differences of inputs that are held at once, or those of one row of tiles: all of them take twice
the memory of the map, which of a large one is too much."""
MOST_WEIGHTS = 1 << 20
"""Their sums and differences take four times as much memory, and as much longer to be read in each pass."""


class Direct(Protocol):
    """The same convolution without tiles, which serves in small windows; see ``packed.Packed``."""

    plain_weight: Tensor | None

    def __call__(self, x: Tensor) -> Tensor: ...

    def unpadded(self, x: Tensor) -> Tensor: ...

    def serves(self, shape: Sequence[int], padded: bool) -> bool: ...

    def restyle(self, scale: Tensor, shift: Tensor) -> None: ...


class Tiled(nn.Module):
    """A convolution that ``suits``, by tiles where a map is at least half as large as those it is made for.

    Args:
        convolution: what it stands for; nothing of it is kept.
        size: height and width of the maps that it will be given most often.
        direct: for smaller ones.
    """

    direct: Direct

    def __init__(
        self, convolution: nn.Conv2d | nn.ConvTranspose2d, size: tuple[int, int], direct: Direct
    ) -> None:
        super().__init__()
        self.transposed = isinstance(convolution, nn.ConvTranspose2d)
        self.outputs, self.direct = convolution.out_channels, direct
        self.least = size[0] * size[1] / 2
        weight, bias = convolution.weight.detach(), convolution.bias
        self.kernels = _kernels(weight, self.transposed)
        self.plain_bias = weight.new_zeros(self.outputs) if bias is None else bias.detach()
        self.bias = self._for_each(self.plain_bias)

    def forward(self, x: Tensor) -> Tensor:
        return self._by_tiles([x], 1) if self.tiles(x.shape) else self.direct(x)

    def rectified(self, *maps: Tensor) -> Tensor:
        """Of the channels of maps together, which ``tiles``, behind a ReLU."""
        return self._by_tiles(maps, 1, rectifies=True)

    def unpadded(self, x: Tensor) -> Tensor:
        """Without the padding that is its own; for parts of maps."""
        return self._by_tiles([x], 0) if self.tiles(x.shape) else self.direct.unpadded(x)

    def tiles(self, shape: Sequence[int]) -> bool:
        """Whether maps of that shape, (N, C, H, W), are made by tiles."""
        return shape[2] * shape[3] >= self.least

    def serves(self, shape: Sequence[int], padded: bool) -> bool:
        """See ``Packed.serves``."""
        return self.tiles(shape) or self.direct.serves(shape, padded)

    def restyle(self, scale: Tensor, shift: Tensor) -> None:
        """See ``packed.restyle``."""
        self.direct.restyle(scale, shift)
        assert self.direct.plain_weight is not None, "light weights are kept, see ``packed.is_light``"
        kernels = _kernels(self.direct.plain_weight, self.transposed)
        torch.mul(kernels, self._for_each(scale), out=self.kernels)
        self.bias = self._for_each(self.plain_bias * scale + shift)

    def _for_each(self, values: Tensor) -> Tensor:
        """Of each output, (O,), for each of what is multiplied for."""
        return values.float().repeat(4 if self.transposed else 1)

    def _by_tiles(self, maps: Sequence[Tensor], margin: int, rectifies: bool = False) -> Tensor:
        """The convolution of the channels of maps together, with so many pixels of nothing around them."""
        count, _, height, width = maps[0].shape
        # How many pixels of the input make up one of what windows look at, each way; and of the output.
        folded, unfolded = (1, 2) if self.transposed else (2, 1)
        rows, columns = ((edge + 2 * margin) // folded - 1 for edge in (height, width))
        down, across = -(-rows // 3), -(-columns // 3)
        x = _beside_each_other(maps, margin, folded * (3 * down + 1), folded * (3 * across + 1), rectifies)
        x = x.view(count, 3 * down + 1, folded, 3 * across + 1, -1)
        tiles = x.new_empty(count, down, 3, unfolded, across, 3, unfolded, self.outputs)
        band = max(1, MOST_AT_ONCE // (16 * count * across * folded * x.shape[-1]))
        for first in range(0, down, band):
            part = tiles[:, first : first + band]
            of_it = part.shape[1]
            summed = _summed(x[:, 3 * first : 3 * (first + of_it) + 1], of_it, across)
            made = torch.bmm(summed.view(16, count * of_it * across, -1), self.kernels)
            made[5] += self.bias  # which goes once into each output of a tile
            _gather(made.view(4, 4, count, of_it, across, unfolded, unfolded, self.outputs), part)
        y = tiles.view(count, 3 * down * unfolded, 3 * across * unfolded, -1)
        if self.transposed:  # squares of outputs straddle the pixels of the input
            y = y[:, 1 : 2 * height + 1, 1 : 2 * width + 1]
        else:
            y = y[:, :rows, :columns]
        return y.permute(0, 3, 1, 2)


def _beside_each_other(
    maps: Sequence[Tensor], margin: int, height: int, width: int, rectifies: bool
) -> Tensor:
    """The channels of maps together, (N, ``height``, ``width``, C), with nothing around them; without a last
    row or column that has no other one to be folded with."""
    count, _, inner_height, inner_width = maps[0].shape
    x = maps[0].new_empty(count, height, width, sum(map_.shape[1] for map_ in maps))
    bottom, right = min(margin + inner_height, height), min(margin + inner_width, width)
    for edge in (x[:, :margin], x[:, bottom:], x[:, :, :margin], x[:, :, right:]):
        edge.zero_()
    inside, first, nothing = x[:, margin:bottom, margin:right], 0, maps[0].new_zeros(())
    for map_ in maps:
        part = inside[..., first : first + map_.shape[1]]
        given = map_.permute(0, 2, 3, 1)[:, : bottom - margin, : right - margin]
        if rectifies:
            torch.maximum(given, nothing, out=part)
        else:
            part.copy_(given)
        first += map_.shape[1]
    return x


def _summed(x: Tensor, down: int, across: int) -> Tensor:
    """Sums and differences of the 4 × 4 windows of tiles.

    Args:
        x: (N, 3 · ``down`` + 1, F, 3 · ``across`` + 1, F · C), F pixels each way folded into one.

    Returns:
        (4, 4, N, ``down``, ``across``, F, F · C).
    """
    count, _, folded, width, channels = x.shape
    rows = x.new_empty(4, count, down, folded, width, channels)
    _sums_of_four([x[:, row::3][:, :down] for row in range(4)], rows.unbind())
    windows = x.new_empty(4, 4, count, down, across, folded, channels)
    columns = [rows[..., column::3, :][..., :across, :] for column in range(4)]
    _sums_of_four(columns, windows.transpose(4, 5).unbind(1))
    return windows


def _sums_of_four(given: Sequence[Tensor], out: Sequence[Tensor]) -> None:
    one, two, three, four = given
    torch.sub(one, three, out=out[0])
    torch.add(two, three, out=out[1])
    torch.sub(three, two, out=out[2])
    torch.sub(four, two, out=out[3])


def _gather(made: Tensor, tiles: Tensor) -> None:
    """Put the outputs of tiles where they belong.

    Args:
        made: (4, 4, N, down, across, U, U, O), U outputs each way for each window.
        tiles: (N, down, 3, U, across, 3, U, O), to be written to.
    """
    rows = made.new_empty(3, *made.shape[1:])
    _sums_of_three(made.unbind(), rows.unbind())
    _sums_of_three(rows.unbind(1), [column.permute(2, 0, 1, 4, 3, 5, 6) for column in tiles.unbind(5)])


def _sums_of_three(given: Sequence[Tensor], out: Sequence[Tensor]) -> None:
    one, two, three, four = given
    both = two + three
    torch.add(one, both, out=out[0])
    torch.sub(two, three, out=out[1])
    torch.add(both, four, out=out[2])


def _kernels(weight: Tensor, transposed: bool) -> Tensor:
    """Sums and differences of weights, (16, I, O): of each pixel of a window those of folded inputs or for
    unfolded outputs lie beside each other, row by row."""
    if transposed:
        inputs, outputs = weight.shape[:2]
        # Along either axis the first pixel of a square is made of weights 2 and 0, the second of 3 and 1, by
        # the first and second pixel of the window.
        squares = weight.view(inputs, outputs, 2, 2, 2, 2).flip(2, 4).permute(2, 4, 0, 3, 5, 1)
    else:
        outputs, inputs = weight.shape[:2]
        squares = weight.view(outputs, inputs, 2, 2, 2, 2).permute(2, 4, 3, 5, 1, 0)
    window = squares.reshape(2, 2, inputs * (1 if transposed else 4), -1).float()
    rows = _sums_of_two(*window.unbind())
    return torch.stack([_sums_of_two(*row.unbind()) for row in rows.unbind()]).flatten(0, 1)


def _sums_of_two(one: Tensor, two: Tensor) -> Tensor:
    return torch.stack((one, (one + two) / 2, (one - two) / 2, two))


def suits(convolution: nn.Module, shape: Sequence[int], dtype: torch.dtype) -> bool:
    """Whether a convolution is of the kind, and the map that it is given, (N, C, H, W), is large enough."""
    if not isinstance(convolution, nn.Conv2d | nn.ConvTranspose2d) or dtype != torch.float32:
        return False
    transposed = isinstance(convolution, nn.ConvTranspose2d)
    inputs, outputs = convolution.in_channels, convolution.out_channels
    return (
        is_halving_or_doubling(convolution)
        and convolution.weight.numel() <= MOST_WEIGHTS
        and min(inputs * (1 if transposed else 4), outputs * (4 if transposed else 1)) >= FEWEST
        and min(shape[2:]) >= SMALLEST * (1 if transposed else 2)
    )


def is_halving_or_doubling(convolution: nn.Conv2d | nn.ConvTranspose2d) -> bool:
    """Whether it makes maps half or twice as large, of 4 × 4 weights."""
    return (
        convolution.kernel_size == (4, 4)
        and convolution.stride == (2, 2)
        and convolution.padding == (1, 1)
        and convolution.output_padding == (0, 0)
        and convolution.dilation == (1, 1)
        and convolution.padding_mode == "zeros"
        and convolution.groups == 1
    )
