"""Convolutions 4 × 4 of stride 2, plain and transposed, with nine multiplications where there were sixteen.

Both are convolutions of two taps either way in disguise. The plain one convolves cells of 2 × 2 pixels; the
transposed one makes the even pixels of its output in one way and the odd ones in another. And two neighbours
that two taps make, d₀g₀ + d₁g₁ and d₁g₀ + d₂g₁, need three products instead of four (Winograd, “Arithmetic
Complexity of Computations”, 1980):

    a = (d₀ − d₁)g₀,  b = d₁(g₀ + g₁),  c = (d₁ − d₂)g₁;   the neighbours are a + b and b − c.

Weights take 9/4 of their memory, and maps are read and written more often, so that it pays where maps are
large and channels many; ``engine.trials`` finds out where. No number is enlarged by it: results are off by
some 10⁻⁶ of the greatest, as when sums are taken in another order.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from engine.layouts import Room

GROWTH = 9 / 4 - 1
"""How much more memory the weights take, of what plain ones take."""


class Winograd(nn.Module):
    """A plain 4 × 4 convolution of stride 2 and padding 1: (N, C, H, W) of any size, single precision.

    Args:
        convolution: of one group; nothing of it is kept.
        room: whose memory the weights take.
    """

    def __init__(self, convolution: nn.Conv2d, room: Room) -> None:
        super().__init__()
        outputs, inputs = convolution.weight.shape[:2]
        weight = convolution.weight.detach().reshape(outputs, inputs, 2, 2, 2, 2)
        # Two taps down, two across; then what a cell holds.
        taps = weight.permute(2, 4, 3, 5, 1, 0)
        made = torch.stack([torch.stack(_factors(row)) for row in _factors(taps)])
        self.weight = made.reshape(9, 4 * inputs, outputs)
        self.bias = None if convolution.bias is None else convolution.bias.detach()
        room.take(weight.nbytes, GROWTH)

    def forward(self, x: Tensor) -> Tensor:
        return _joined([self._convolved(one, 1) for one in torch.split(x, 1)])

    def unpadded(self, x: Tensor) -> Tensor:
        """Without the padding that is its own; for parts of maps."""
        return _joined([self._convolved(one, 0) for one in torch.split(x, 1)])

    def _convolved(self, x: Tensor, padding: int) -> Tensor:
        height, width = x.shape[2] // 2 + padding - 1, x.shape[3] // 2 + padding - 1
        down, across = (height + 1) // 2, (width + 1) // 2
        framed = _framed([x], padding, (4 * down + 2, 4 * across + 2), rectified=False)
        inputs = framed.shape[2]
        cells = framed.view(2 * down + 1, 2, 2 * across + 1, 2, inputs).transpose(1, 2)
        rows = x.new_empty(3, down, 2 * across + 1, 2, 2, inputs)
        torch.sub(cells[:-1:2], cells[1::2], out=rows[0])
        rows[1] = cells[1::2]
        torch.sub(cells[1::2], cells[2::2], out=rows[2])
        data = x.new_empty(3, 3, down, across, 2, 2, inputs)
        torch.sub(rows[:, :, :-1:2], rows[:, :, 1::2], out=data[:, 0])
        data[:, 1] = rows[:, :, 1::2]
        torch.sub(rows[:, :, 1::2], rows[:, :, 2::2], out=data[:, 2])

        products = torch.bmm(data.view(9, down * across, 4 * inputs), self.weight)
        if self.bias is not None:
            products[4].add_(self.bias)  # this one is part of all four
        outputs = products.shape[2]
        products = products.view(3, 3, down, across, outputs)
        halves = x.new_empty(2, 3, down, across, outputs)
        torch.add(products[0], products[1], out=halves[0])
        torch.sub(products[1], products[2], out=halves[1])
        made = x.new_empty(down, 2, across, 2, outputs)
        places = made.permute(3, 1, 0, 2, 4)
        torch.add(halves[:, 0], halves[:, 1], out=places[0])
        torch.sub(halves[:, 1], halves[:, 2], out=places[1])
        return _map(made.view(2 * down, 2 * across, outputs), height, width)


class WinogradTransposed(nn.Module):
    """A transposed 4 × 4 convolution of stride 2 and padding 1: as ``Winograd``.

    Along either axis, pixels 4t to 4t + 3 of the output are made of x = pixels 2t − 1 to 2t + 2 of the input
    and taps w: x₀w₃ + x₁w₁, x₁w₂ + x₂w₀, x₁w₃ + x₂w₁, x₂w₂ + x₃w₀. Of the first and the third, and of the
    second and the fourth, two taps make neighbours; both want x₁ − x₂, each for a product of its own.
    """

    def __init__(self, convolution: nn.ConvTranspose2d, room: Room) -> None:
        super().__init__()
        weight = convolution.weight.detach()
        inputs, outputs = weight.shape[:2]
        taps = weight.permute(2, 3, 0, 1)
        single, double = torch.stack(_singles(taps)), torch.stack([taps[1], taps[2]])
        # (16, inputs, outputs), twice (4, inputs, 2 × outputs), (inputs, 4 × outputs)
        self.singles = torch.stack([torch.stack(_singles(row)) for row in single]).view(16, inputs, outputs)
        self.beside = torch.stack([torch.cat([row[1], row[2]], 1) for row in single])
        self.below = torch.cat([torch.stack(_singles(row)) for row in double], 2)
        self.doubles = torch.cat([row[tap] for row in double for tap in (1, 2)], 1)
        self.bias = None if convolution.bias is None else convolution.bias.detach()
        room.take(weight.nbytes, GROWTH)

    def forward(self, x: Tensor) -> Tensor:
        return _joined([self._convolved([one], rectified=False) for one in torch.split(x, 1)])

    def behind_relu(self, *maps: Tensor) -> Tensor:
        """Of the channels of several maps together, behind a ReLU."""
        parts = zip(*(torch.split(x, 1) for x in maps), strict=True)
        return _joined([self._convolved(part, rectified=True) for part in parts])

    def _convolved(self, maps: Sequence[Tensor], *, rectified: bool) -> Tensor:
        height, width = maps[0].shape[2:]
        down, across = (height + 1) // 2, (width + 1) // 2
        x = _framed(maps, 1, (2 * down + 2, 2 * across + 2), rectified=rectified)
        inputs, outputs = x.shape[2], self.singles.shape[2]
        rows = x.new_empty(5, down, 2 * across + 2, inputs)
        _spread(x.unsqueeze(0), rows[:4].unsqueeze(0), rows[4:])
        singles = x.new_empty(4, 4, down, across, inputs)
        beside, below = x.new_empty(2, 4, down, across, inputs)
        doubles = x.new_empty(1, down, across, inputs)
        _spread(rows[:4].transpose(1, 2), singles.transpose(2, 3), beside.transpose(1, 2))
        _spread(rows[4:].transpose(1, 2), below.transpose(1, 2).unsqueeze(0), doubles.transpose(1, 2))

        tiles = down * across
        single = torch.bmm(singles.view(16, tiles, inputs), self.singles).view(4, 4, tiles, outputs)
        aside = torch.bmm(beside.view(4, tiles, inputs), self.beside).view(4, tiles, 2, outputs)
        under = torch.bmm(below.view(4, tiles, inputs), self.below).view(4, tiles, 2, outputs)
        double = torch.mm(doubles.view(tiles, inputs), self.doubles).view(tiles, 2, 2, outputs)
        if self.bias is not None:
            single[1:3, 1:3].add_(self.bias)  # these are part of all
        lines = x.new_empty(4, 4, tiles, outputs)
        _gathered(single, under.unbind(2), lines)
        double_lines = x.new_empty(4, tiles, 2, outputs)
        _gathered(aside, double.unbind(1), double_lines)
        made = x.new_empty(down, 4, across, 4, outputs)
        places = made.permute(3, 1, 0, 2, 4)
        shape = 4, down, across, outputs
        _gathered(
            lines.transpose(0, 1).unflatten(2, (down, across)),
            [part.reshape(shape) for part in double_lines.unflatten(1, (down, across)).unbind(3)],
            places,
        )
        return _map(made.view(4 * down, 4 * across, outputs), 2 * height, 2 * width)


def _factors(taps: Tensor) -> list[Tensor]:
    """What three products are made with, of two taps along the first dimension."""
    return [taps[0], taps[0] + taps[1], taps[1]]


def _singles(taps: Tensor) -> list[Tensor]:
    """With what x₀ − x₁, x₁, x₂ and x₂ − x₃ are multiplied, of four taps along the first dimension."""
    return [taps[3], taps[1] + taps[3], taps[0] + taps[2], taps[0]]


def _spread(x: Tensor, singles: Tensor, double: Tensor) -> None:
    """Along the second dimension of ``x``: x₀ − x₁, x₁, x₂ and x₂ − x₃ into the second dimension of
    ``singles``, x₁ − x₂ into ``double``."""
    even, odd = x[:, ::2], x[:, 1::2]
    torch.sub(even[:, :-1], odd[:, :-1], out=singles[:, 0])
    singles[:, 1] = odd[:, :-1]
    singles[:, 2] = even[:, 1:]
    torch.sub(even[:, 1:], odd[:, 1:], out=singles[:, 3])
    torch.sub(odd[:, :-1], even[:, 1:], out=double)


def _gathered(singles: Tensor, double: Sequence[Tensor], into: Tensor) -> None:
    """Four neighbours of their products: see ``_spread``; along the first dimension."""
    torch.add(singles[0], singles[1], out=into[0])
    torch.add(double[1], singles[2], out=into[1])
    torch.sub(singles[1], double[0], out=into[2])
    torch.sub(singles[2], singles[3], out=into[3])


def _framed(maps: Sequence[Tensor], padding: int, size: tuple[int, int], *, rectified: bool) -> Tensor:
    """The channels of maps (1, C, H, W) together, zeros around them: (height, width, channels)."""
    channels = sum(x.shape[1] for x in maps)
    height, width = maps[0].shape[2:]
    framed = maps[0].new_empty(*size, channels)
    across = framed[:, :padding], framed[:, padding + width :]
    for edge in (framed[:padding], framed[padding + height :], *across):
        edge.zero_()
    inside, first = framed[padding : padding + height, padding : padding + width], 0
    for x in maps:
        room = inside[..., first : first + x.shape[1]]
        first += x.shape[1]
        pixels = x[0].permute(1, 2, 0)
        if rectified:
            torch.clamp_min(pixels, 0, out=room)
        else:
            room.copy_(pixels)
    return framed


def _map(pixels: Tensor, height: int, width: int) -> Tensor:
    """(H, W, C), of which the part that is wanted, as (1, C, height, width)."""
    return pixels[:height, :width].permute(2, 0, 1).unsqueeze(0)


def _joined(made: list[Tensor]) -> Tensor:
    """One map for each picture, in one."""
    return made[0] if len(made) == 1 else torch.cat(made)
