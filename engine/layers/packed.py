"""Convolutions for the CPU by other algorithms than torch's own: the same sums, brought about more quickly.

Called plainly, torch brings the weights of a convolution into oneDNN's own layout in every pass; on the deep
levels of a U-Net, whose maps are small and weights large, that takes longer than the convolution. ``Packed``
has them laid out once; ``Shuffled`` and ``Product`` make something else of a transposed convolution. Which
algorithm is taken for which layer is decided in ``engine.devices.trials``.

The operators used here are those that ``torch.compile`` emits. They are not part of torch's public
interface, so a trial at first use decides whether they serve.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.layers.halved import Halved, overlapped
from engine.layers.layouts import Call, Layouts, Room
from engine.layers.quantised import Bits, Quantised
from engine.layers.tiled import Tiled
from engine.layers.winograd import Winograd

Convolution = nn.Conv2d | nn.ConvTranspose2d
Size = tuple[int, int]
"""Height and width of a map."""
Activation = Literal["none", "leaky_relu", "tanh"]

LEAK = 0.2
"""The slope of a leaky ReLU below nothing."""

LIGHT = 8
"""With up to so many numbers for each that it makes, a weight is laid out anew when its channels are scaled;
of a heavier one what it makes is scaled."""


def channels_last(network: nn.Module) -> None:
    """Lay out the weights of plain convolutions so that channels lie together, in place."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)


def keep_precision(network: nn.Module, first: Sequence[nn.Module], others: torch.dtype) -> None:
    """Have the first convolutions work in single precision, in place; the last answers as the others."""
    for name, child in list(network.named_children()):
        if child in first:
            setattr(network, name, _Single(child, others if child is first[-1] else torch.float32))
        else:
            keep_precision(child, first, others)


def unpadded(convolution: nn.Module, x: Tensor) -> Tensor:
    """A plain convolution, packed or not, without the padding that is its own; for parts of maps."""
    if isinstance(convolution, Packed | Quantised | Tiled | Halved | Winograd | _Single):
        return convolution.unpadded(x)
    assert isinstance(convolution, nn.Conv2d)
    return F.conv2d(x, convolution.weight, convolution.bias, convolution.stride)


def serves(convolution: nn.Module, shape: Sequence[int], *, padded: bool = True) -> bool:
    """Whether a convolution has its weight, or room for it, in the layout for maps of that shape.

    Args:
        shape: (N, C, H, W).
        padded: whether with the padding that is its own, see ``unpadded``.
    """
    if isinstance(convolution, Packed | Quantised | Shuffled | Product | Tiled | Halved | Winograd | _Single):
        return convolution.serves(shape, padded)
    return True


def rectified(convolution: nn.Module, *maps: Tensor) -> Tensor:
    """A transposed convolution, packed or not, of the channels of maps together, behind a ReLU.

    The last of several maps may be written to.
    """
    if isinstance(convolution, Shuffled) and convolution.rectified:
        return convolution.forward(*maps)
    if isinstance(convolution, Tiled) and convolution.tiles(maps[0].shape):
        return convolution.rectified(*maps)
    # The first of several may be of single precision, see ``keep_precision``.
    x = F.relu(maps[0]) if len(maps) == 1 else _joined([map_.to(maps[-1].dtype) for map_ in maps])
    made: Tensor = convolution(x)
    return made


def _joined(maps: Sequence[Tensor]) -> Tensor:
    """The channels of maps behind a ReLU; where no gradient is wanted, each number is written once."""
    if not torch.is_inference_mode_enabled():
        return F.relu_(torch.cat(list(maps), 1))
    count, _, height, width = maps[0].shape
    channels, first = sum(map_.shape[1] for map_ in maps), 0
    whole = maps[0].new_empty(count, height, width, channels).permute(0, 3, 1, 2)
    nothing = maps[0].new_zeros(())
    for map_ in maps:  # a maximum is quicker than anything else that cuts off
        torch.maximum(map_, nothing, out=whole[:, first : first + map_.shape[1]])
        first += map_.shape[1]
    return whole


def activated(convolution: nn.Module, made: Tensor, wanted: Activation) -> Tensor:
    """What a convolution and its norm made, behind an activation, unless the convolution saw to that.

    Args:
        made: may be written to.
    """
    if wanted == "none" or getattr(convolution, "activation", "none") == wanted:
        return made
    return F.leaky_relu(made, LEAK, inplace=True) if wanted == "leaky_relu" else torch.tanh(made)


def restyle(convolution: nn.Module, scale: Tensor, shift: Tensor) -> None:
    """Have a convolution, packed or not, scale and shift the channels that it makes, in place of what it was
    told before.

    Args:
        scale, shift: (outputs,), full precision; 1 and 0 bring back what it was in the beginning.
    """
    if isinstance(convolution, Packed | Quantised | Shuffled | Product | Tiled | Halved | Winograd | _Single):
        convolution.restyle(scale, shift)
        return
    assert isinstance(convolution, nn.Conv2d | nn.ConvTranspose2d) and convolution.bias is not None
    if "plain" not in convolution.__dict__:
        convolution.__dict__["plain"] = convolution.weight.detach().clone(), convolution.bias.detach().clone()
    weight, bias = convolution.__dict__["plain"]
    # Into the same memory, which recorded passes read.
    convolution.weight.data.copy_(scaled(weight, scale, isinstance(convolution, nn.ConvTranspose2d)))
    convolution.bias.data.copy_(bias.float() * scale + shift)


def scaled(weight: Tensor, scale: Tensor, transposed: bool) -> Tensor:
    """The weight of a convolution, its outputs scaled; a transposed one keeps its outputs second."""
    return (weight.float() * scale.reshape((1, -1, 1, 1) if transposed else (-1, 1, 1, 1))).to(weight.dtype)


def is_light(convolution: Convolution, size: Size) -> bool:
    """Whether its weight is laid out anew when its channels are scaled."""
    pixels = (
        size[0]
        * size[1]
        * convolution.stride[0] ** (2 if isinstance(convolution, nn.ConvTranspose2d) else -2)
    )
    return convolution.weight.numel() <= LIGHT * convolution.out_channels * pixels


class Packed(nn.Module):
    """A convolution, plain or transposed, in oneDNN's layouts.

    Args:
        convolution: what it stands for; nothing of it is kept.
        size: height and width of the maps that it will be given most often.
        room: see ``Layouts``.
        activation: through which to put what it makes.
    """

    def __init__(
        self, convolution: Convolution, size: Size, room: Room, activation: Activation = "none"
    ) -> None:
        super().__init__()
        self.activation = activation
        slope = [LEAK] if activation == "leaky_relu" else []
        self.after: tuple[str, list[float], str] = activation, slope, ""
        self.bias = self.plain_bias = None if convolution.bias is None else convolution.bias.detach()
        self.plain_weight: Tensor | None = None
        self.behind: tuple[Tensor, Tensor] | None = None
        self.wanted: tuple[Activation, tuple[str, list[float], str]] = activation, self.after
        self.padding = list(convolution.padding)
        self.geometry: list[Any] = [list(convolution.stride), list(convolution.dilation), convolution.groups]
        swapped = self.transposed = isinstance(convolution, nn.ConvTranspose2d)
        self.light = is_light(convolution, size)
        if isinstance(convolution, nn.ConvTranspose2d):
            self.geometry.insert(0, list(convolution.output_padding))
            self.run = torch.ops.mkldnn._convolution_transpose_pointwise
            self.reorder = torch.ops.mkldnn._reorder_convolution_transpose_weight
        else:
            self.run = torch.ops.mkldnn._convolution_pointwise
            self.reorder = torch.ops.mkldnn._reorder_convolution_weight
        sort = swapped, str(self.padding), str(self.geometry)
        first = (1, 1, convolution.in_channels, *size)
        weight = convolution.weight.detach().contiguous()
        self.weights = Layouts(weight, self._laid_out, sort, first, room, swapped)

    def forward(self, x: Tensor) -> Tensor:
        laid = self.weights((1, *x.shape))
        return self._scaled(self.run(x, laid, self.bias, self.padding, *self.geometry, *self.after))

    def unpadded(self, x: Tensor) -> Tensor:
        """Without the padding that is its own; for parts of maps."""
        laid = self.weights((0, *x.shape))
        return self._scaled(self.run(x, laid, self.bias, [0, 0], *self.geometry, *self.after))

    def serves(self, shape: Sequence[int], padded: bool) -> bool:
        """Whether maps of that shape, (N, C, H, W), run as quickly as they can."""
        return self.weights.serves((int(padded), *shape))

    def restyle(self, scale: Tensor, shift: Tensor) -> None:
        """See ``restyle``. Where what it makes is scaled, an activation that was its own is no longer."""
        assert self.plain_bias is not None
        bias = self.plain_bias.float() * scale + shift
        self.behind, (self.activation, self.after) = None, self.wanted
        if self.light:
            if self.plain_weight is None:
                self.plain_weight = self.weights.plain()
            self.weights.replace(scaled(self.plain_weight, scale, self.transposed))
        elif not bool((scale == 1).all()):
            dtype = self.plain_bias.dtype
            self.behind = scale[:, None, None].to(dtype), bias[:, None, None].to(dtype)
            self.activation, self.after = "none", ("none", [], "")
            bias = torch.zeros_like(bias)
        self.bias = bias.to(self.plain_bias.dtype)

    def _scaled(self, y: Tensor) -> Tensor:
        return y if self.behind is None else torch.addcmul(self.behind[1], y, self.behind[0], out=y)

    def _laid_out(self, weight: Tensor, call: Call) -> Tensor:
        padded, *shape = call
        laid: Tensor = self.reorder(weight, self.padding if padded else [0, 0], *self.geometry, shape)
        return laid


class _Single(nn.Module):
    """A convolution in single precision among others of half."""

    def __init__(self, convolution: nn.Module, answer: torch.dtype) -> None:
        super().__init__()
        self.convolution, self.answer = convolution.float(), answer

    @property
    def activation(self) -> Activation:
        """See ``activated``."""
        made: Activation = getattr(self.convolution, "activation", "none")
        return made

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.convolution(x.float())
        return y.to(self.answer)

    def unpadded(self, x: Tensor) -> Tensor:
        return unpadded(self.convolution, x.float()).to(self.answer)

    def serves(self, shape: Sequence[int], padded: bool) -> bool:
        """See ``Packed.serves``."""
        return serves(self.convolution, shape, padded=padded)

    def restyle(self, scale: Tensor, shift: Tensor) -> None:
        """See ``restyle``."""
        restyle(self.convolution, scale, shift)


class Shuffled(nn.Module):
    """A transposed 4 × 4 convolution of stride 2 as a plain 2 × 2 one with four times the outputs.

    Each 2 × 2 window of the (padded) input decides one 2 × 2 square of the output. That square
    straddles the output pixels of four inputs, so that the outermost row and column are surplus.

    Args:
        size: height and width of the maps that it will be given most often.
        room: see ``Layouts``.
        bits: with which to convolve integers, see ``Quantised``, behind a ReLU; None: floats, and no ReLU.
        activation: see ``Packed``; not of integers.
    """

    def __init__(
        self,
        convolution: nn.ConvTranspose2d,
        size: Size,
        room: Room,
        bits: Bits | None = None,
        activation: Activation = "none",
    ) -> None:
        super().__init__()
        inputs, outputs = convolution.weight.shape[:2]
        weight = convolution.weight.detach().transpose(0, 1).reshape(outputs, inputs, 2, 2, 2, 2)
        # Channels come last, so that the pixels of a square lie in memory nearly as they will in the picture.
        # Copied piece by piece, which is three times as quick as one permutation of six axes.
        plain = weight.new_empty(2, 2, outputs, inputs, 2, 2)
        for down, across, row, column in itertools.product((0, 1), repeat=4):
            # Along either axis the first pixel of a square is made of weights 2 and 0, the second of 3 and
            # 1, by the first and second pixel of the window.
            plain[down, across, :, :, 1 - row, 1 - column] = weight[:, :, row, down, column, across]
        # On no device at first, as its random weights would be thrown away.
        square = nn.Conv2d(inputs, 4 * outputs, 2, padding=1, bias=False, device="meta")
        square.weight = nn.Parameter(plain.view(4 * outputs, inputs, 2, 2), requires_grad=False)
        if convolution.bias is not None:
            square.bias = nn.Parameter(convolution.bias.detach().repeat(4), requires_grad=False)
        self.convolution: nn.Module = square
        if bits is not None:
            self.convolution = Quantised(square, bits, size, room, rectified=True)
        elif packing_works():
            self.convolution = Packed(square, size, room, activation)
        self.activation: Activation = getattr(self.convolution, "activation", "none")
        self.rectified = bits is not None

    def forward(self, *maps: Tensor) -> Tensor:
        squares = self.convolution(*maps)
        batch, channels, height, width = squares.shape
        squares = squares.permute(0, 2, 3, 1).reshape(batch, height, width, 2, 2, channels // 4)
        pixels: Tensor = squares.transpose(2, 3).reshape(batch, 2 * height, 2 * width, channels // 4)
        return pixels[:, 1:-1, 1:-1].permute(0, 3, 1, 2)

    def serves(self, shape: Sequence[int], padded: bool) -> bool:
        """See ``Packed.serves``."""
        return serves(self.convolution, shape, padded=padded)

    def restyle(self, scale: Tensor, shift: Tensor) -> None:
        """See ``restyle``."""
        restyle(self.convolution, scale.repeat(4), shift.repeat(4))
        self.activation = getattr(self.convolution, "activation", "none")


class Product(nn.Module):
    """A transposed 4 × 4 convolution of stride 2 as one matrix product, each weight read once.

    Each input pixel makes one 4 × 4 square of outputs; squares overlap by half and are added up.
    """

    def __init__(self, convolution: nn.ConvTranspose2d, size: Size, room: Room) -> None:
        super().__init__()
        inputs, self.outputs = convolution.weight.shape[:2]
        # (4 × 4 × outputs, inputs)
        weight = convolution.weight.detach().permute(2, 3, 1, 0).reshape(-1, inputs).contiguous()
        self.bias = self.plain_bias = None if convolution.bias is None else convolution.bias.detach()
        self.scale: Tensor | None = None
        self.weights = Layouts(weight, _laid_out_rows, "product", (size[0] * size[1], inputs), room)

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        rows = x.permute(0, 2, 3, 1).reshape(-1, channels)
        laid = self.weights(tuple(rows.shape))
        made = torch.ops.mkldnn._linear_pointwise(rows, laid, None, "none", [], "")
        made = overlapped(made.reshape(batch, height, width, 4, 4, self.outputs))
        if self.scale is not None and self.bias is not None:
            torch.addcmul(self.bias, made, self.scale, out=made)
        elif self.bias is not None:
            made += self.bias
        return made.permute(0, 3, 1, 2).to(x.dtype)

    def serves(self, shape: Sequence[int], padded: bool) -> bool:
        """See ``Packed.serves``."""
        count, inputs, height, width = shape
        return self.weights.serves((count * height * width, inputs))

    def restyle(self, scale: Tensor, shift: Tensor) -> None:
        """See ``restyle``; what it makes is added to anyway."""
        assert self.plain_bias is not None
        self.bias = self.plain_bias.float() * scale + shift
        self.scale = None if bool((scale == 1).all()) else scale


def _laid_out_rows(weight: Tensor, call: Call) -> Tensor:
    laid: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, call[0])
    return laid


@functools.cache
def packing_works() -> bool:
    """Whether the operators are there, and do both sorts of convolution rightly at two sizes."""
    try:
        with torch.inference_mode():
            for convolution in (nn.Conv2d(2, 3, 4, 2, 1), nn.ConvTranspose2d(2, 3, 4, 2, 1)):
                packed = Packed(convolution, (8, 8), Room())
                for edge in (8, 12):
                    x = torch.linspace(-1, 1, 2 * edge * edge).reshape(1, 2, edge, edge)
                    x = x.contiguous(memory_format=torch.channels_last)
                    if not torch.allclose(packed(x), convolution(x), atol=1e-5):
                        return False
    except (RuntimeError, AttributeError, TypeError):
        return False
    return True


@functools.cache
def products_work(dtype: torch.dtype) -> bool:
    """Try the operators on a product of numbers that 16 bits hold exactly."""
    rows = torch.arange(4 * 32).remainder(3).reshape(4, 32).to(dtype)
    weight = torch.arange(48 * 32).remainder(2).reshape(48, 32).to(dtype)
    try:
        laid = Layouts(weight, _laid_out_rows, "product", (4, 32), Room())((4, 32))
        made = torch.ops.mkldnn._linear_pointwise(rows, laid, None, "none", [], "")
        return torch.equal(made, F.linear(rows, weight))
    except (RuntimeError, AttributeError, TypeError):
        return False
