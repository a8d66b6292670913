from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.layers import packed
from engine.layers.layouts import Layouts, Room
from engine.layers.packed import Packed, Product, Shuffled


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)
    with torch.inference_mode():
        yield


def same(made: Tensor, wanted: Tensor) -> bool:
    return torch.allclose(made, wanted, atol=1e-4)


SIZES = [(1, 1), (2, 2), (4, 6), (9, 3)]
plain = pytest.mark.parametrize(
    "convolution",
    [
        nn.Conv2d(6, 8, 4, 2, 1),
        nn.Conv2d(6, 8, 3, bias=False),
        nn.ConvTranspose2d(64, 9, 4, 2, 1),
        nn.ConvTranspose2d(64, 9, 3, 2, 1, output_padding=1, bias=False),
    ],
    ids=str,
)


@plain
def test_packed_convolutions_do_what_they_did_at_every_size(convolution) -> None:
    made = Packed(convolution, (8, 8), Room())
    for height, width in SIZES:
        x = torch.randn(2, convolution.in_channels, 2 * height + 2, 2 * width + 2)
        assert same(made(x), convolution(x))


@pytest.mark.parametrize("kind", [Shuffled, Product])
@pytest.mark.parametrize("bias", [True, False])
def test_other_ways_of_a_transposed_convolution_do_what_it_did(kind, bias: bool) -> None:
    convolution = nn.ConvTranspose2d(64, 5, 4, 2, 1, bias=bias)
    made = kind(convolution, (4, 4), Room())
    for height, width in SIZES:
        x = torch.randn(2, 64, height, width)
        assert same(made(x), convolution(x))


def test_without_the_operators_a_shuffled_one_is_plain_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "packing_works", lambda: False)
    convolution, x = nn.ConvTranspose2d(6, 3, 4, 2, 1), torch.randn(1, 6, 4, 5)
    made = Shuffled(convolution, (4, 4), Room())
    assert type(made.convolution) is nn.Conv2d
    assert same(made(x), convolution(x))


def test_a_part_of_a_map_is_convolved_without_padding() -> None:
    convolution, x = nn.Conv2d(6, 8, 4, 2, 1), torch.randn(1, 6, 10, 14)
    wanted = F.conv2d(x, convolution.weight, convolution.bias, 2)
    assert same(packed.unpadded(Packed(convolution, (10, 14), Room()), x), wanted)
    assert same(packed.unpadded(convolution, x), wanted)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_here_the_operators_serve(dtype: torch.dtype) -> None:
    """Else every other test tries plain convolutions alone."""
    if not torch.backends.mkldnn.is_available():
        pytest.skip("this build of torch has no oneDNN")
    if dtype == torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        pytest.skip("this processor has no instructions for bfloat16")
    assert packed.packing_works()
    assert packed.products_work(dtype)


def test_products_in_16_bits_are_as_near_as_convolutions_are() -> None:
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        pytest.skip("this processor has no instructions for bfloat16")
    up = nn.ConvTranspose2d(1024, 8, 4, 2, 1)
    x = torch.randn(1, 1024, 6, 6)
    wanted = up(x)
    near = (up.bfloat16()(x.bfloat16()) - wanted).square().mean().sqrt()
    made = Product(up, (6, 6), Room())(x.bfloat16())
    assert made.dtype == torch.bfloat16
    assert (made - wanted).square().mean().sqrt() < 1.5 * near


# --- layouts --------------------------------------------------------------------------------------


class Sorted:
    """Weights laid out by real operators, and how often that was done."""

    def __init__(self, room: Room) -> None:
        self.convolution = nn.Conv2d(32, 64, 4, 2, 1, bias=False)
        self.asked: list[tuple[int, ...]] = []
        weight = self.convolution.weight.detach().contiguous()
        self.layouts = Layouts(weight, self.laid, object(), (1, 32, 16, 16), room)

    def laid(self, weight: Tensor, call: tuple[int, ...]) -> Tensor:
        self.asked.append(call)
        reorder = torch.ops.mkldnn._reorder_convolution_weight
        # An odd call stands for a size that wants another layout: that of another stride and size.
        made: Tensor = reorder(weight, [1, 1], [2, 2], [1, 1], 1, list(call))
        return made


def test_a_size_is_laid_out_once_and_layouts_are_shared() -> None:
    room = Room()
    weights = Sorted(room)
    first = weights.layouts((1, 32, 16, 16))
    assert weights.layouts((1, 32, 16, 16)) is first and weights.asked == [(1, 32, 16, 16)]
    again = weights.layouts((1, 32, 8, 8))
    assert weights.layouts((1, 32, 8, 8)) is again
    assert weights.asked == [(1, 32, 16, 16), (1, 32, 8, 8)]
    assert torch.equal(again.to_dense(), weights.convolution.weight)


def test_a_weight_comes_back_whole_whatever_layout_it_had() -> None:
    weights = Sorted(Room())
    for edge in (16, 8, 34, 64, 20, 16):
        laid = weights.layouts((1, 32, edge, edge))
        assert torch.equal(laid.to_dense(), weights.convolution.weight)


def test_further_layouts_take_no_more_than_the_room() -> None:
    room = Room()
    weights = Sorted(room)
    least = room.left
    assert 0 < least < torch.ops.mkldnn._nbytes(weights.layouts((1, 32, 16, 16)))
    for edge in range(4, 80, 2):
        if weights.layouts.serves((1, 32, edge, edge)):
            weights.layouts((1, 32, edge, edge))
        assert room.left >= 0


@pytest.mark.skipif(not packed.packing_works(), reason="this build of torch has no oneDNN to speak of")
@pytest.mark.parametrize("activation", ["leaky_relu", "tanh"])
def test_an_activation_is_applied_once_by_whoever_can(activation: packed.Activation) -> None:
    convolution, x = nn.Conv2d(6, 8, 4, 2, 1), torch.randn(1, 6, 10, 14)
    wanted = F.leaky_relu(convolution(x), 0.2) if activation == "leaky_relu" else convolution(x).tanh()
    for made in (convolution, Packed(convolution, (10, 14), Room(), activation)):
        assert same(packed.activated(made, made(x), activation), wanted)


def test_maps_are_joined_behind_a_relu_and_stay_as_they_are() -> None:
    convolution = nn.ConvTranspose2d(6, 3, 4, 2, 1)
    maps = torch.randn(2, 4, 5, 7), torch.randn(2, 2, 5, 7)
    before = [map_.clone() for map_ in maps]
    assert same(packed.rectified(convolution, *maps), convolution(F.relu(torch.cat(maps, 1))))
    assert all(torch.equal(map_, kept) for map_, kept in zip(maps, before, strict=True))
