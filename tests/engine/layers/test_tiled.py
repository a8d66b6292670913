"""Convolutions by tiles make what plain ones make, at every size, part and style."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Literal

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from engine.data.rect import Rect
from engine.devices import algorithms, trials
from engine.layers import packed, shapes, tiled
from engine.layers.layouts import Room
from engine.networks.unet import UNet
from engine.passes.incremental import Incremental

pytestmark = pytest.mark.skipif(not packed.packing_works(), reason="oneDNN's operators are not here")


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    torch.manual_seed(0)
    with torch.inference_mode():
        yield


def made_of(convolution: packed.Convolution, size: tuple[int, int]) -> tiled.Tiled:
    direct = packed.Packed(convolution, size, Room())
    assert tiled.suits(convolution, (1, convolution.in_channels, *size), torch.float32) and direct.light
    return tiled.Tiled(convolution, size, direct)


def map_of(*shape: int) -> Tensor:
    return torch.randn(shape).contiguous(memory_format=torch.channels_last)


def alike(made: Tensor, wanted: Tensor) -> None:
    assert made.shape == wanted.shape
    assert float((made - wanted).abs().max()) <= 1e-5 * float(wanted.abs().max())


plain = pytest.mark.parametrize("bias", [True, False])
SIZES = [(32, 32), (34, 46), (47, 33), (16, 40), (64, 32)]


@plain
@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("count", [1, 3])
def test_both_kinds_are_what_they_stand_for(bias: bool, height: int, width: int, count: int) -> None:
    for convolution in (
        nn.Conv2d(16, 64, 4, 2, 1, bias=bias),
        nn.ConvTranspose2d(64, 16, 4, 2, 1, bias=bias),
    ):
        layer, x = made_of(convolution, (32, 32)), map_of(count, convolution.in_channels, height, width)
        assert layer.tiles(x.shape)
        alike(layer(x), convolution(x))


class Largest(TorchDispatchMode):
    """How many numbers the largest tensor has that is made."""

    numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, Tensor):
            self.numbers = max(self.numbers, made.numel())
        return made


@pytest.mark.parametrize("convolution", [nn.Conv2d(16, 64, 4, 2, 1), nn.ConvTranspose2d(64, 16, 4, 2, 1)])
@pytest.mark.parametrize("most", [1, 1 << 16])
def test_large_maps_are_made_in_bands(
    convolution: packed.Convolution, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums and differences of a whole one would take as much memory again as the pass is said to need."""
    monkeypatch.setattr(tiled, "MOST_AT_ONCE", most)
    layer, x = made_of(convolution, (32, 32)), map_of(2, convolution.in_channels, 94, 61)
    with Largest() as largest:
        made = layer(x)
    alike(made, convolution(x))
    assert largest.numbers <= 1.15 * max(x.numel(), made.numel())


def test_small_maps_are_left_to_the_direct_way(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = made_of(nn.Conv2d(16, 64, 4, 2, 1), (32, 32))
    small, asked = map_of(1, 16, 22, 22), list[object]()
    wanted = layer.direct(small), layer.direct.unpadded(small)
    monkeypatch.setattr(layer, "kernels", None)
    assert torch.equal(layer(small), wanted[0]) and torch.equal(packed.unpadded(layer, small), wanted[1])
    monkeypatch.setattr(layer.direct, "serves", lambda *asking: bool(asked.append(asking)))
    assert not packed.serves(layer, (1, 16, 22, 22)) and len(asked) == 1
    assert packed.serves(layer, (1, 16, 32, 32)) and len(asked) == 1


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_parts_lack_the_padding_that_is_its_own(height: int, width: int) -> None:
    convolution = nn.Conv2d(16, 64, 4, 2, 1)
    x = map_of(1, 16, height, width)
    wanted = F.conv2d(x, convolution.weight, convolution.bias, 2)
    alike(packed.unpadded(made_of(convolution, (32, 32)), x), wanted)


@pytest.mark.parametrize("parts", [(64,), (40, 24), (1, 1, 62)])
def test_maps_are_joined_behind_a_relu(parts: tuple[int, ...]) -> None:
    convolution = nn.ConvTranspose2d(64, 16, 4, 2, 1)
    for size in ((20, 35), (4, 5)):
        maps = [map_of(1, channels, *size) for channels in parts]
        wanted = convolution(F.relu(torch.cat(maps, 1)))
        alike(packed.rectified(made_of(convolution, (24, 24)), *maps), wanted)


@pytest.mark.parametrize("convolution", [nn.Conv2d(16, 64, 4, 2, 1), nn.ConvTranspose2d(64, 16, 4, 2, 1)])
def test_one_style_follows_the_other_and_back(convolution: packed.Convolution) -> None:
    layer, outputs = made_of(convolution, (32, 32)), convolution.out_channels
    maps = [map_of(1, convolution.in_channels, edge, edge) for edge in (32, 10)]
    before = [layer(x) for x in maps]
    one, other = ((torch.randn(outputs), torch.randn(outputs)) for _ in range(2))
    one[0][3] = 0
    for scale, shift in (one, other, one):
        packed.restyle(layer, scale, shift)
        for x, first in zip(maps, before, strict=True):
            alike(layer(x), first * scale[:, None, None] + shift[:, None, None])
    packed.restyle(layer, torch.ones(outputs), torch.zeros(outputs))
    assert all(torch.equal(layer(x), first) for x, first in zip(maps, before, strict=True))


@pytest.mark.parametrize(
    "other",
    [
        nn.Conv2d(64, 64, 4, 1, 1),
        nn.Conv2d(64, 64, 4, 2, 0),
        nn.Conv2d(64, 64, 4, 2, 1, dilation=2),
        nn.Conv2d(64, 64, 4, 2, 1, padding_mode="reflect"),
        nn.Conv2d(64, 64, 4, 2, 1, groups=2),
        nn.Conv2d(64, 64, 3, 2, 1),
        nn.Conv2d(64, 32, 4, 2, 1),
        nn.Conv2d(512, 512, 4, 2, 1),
        nn.ConvTranspose2d(64, 64, 4, 2, 1, output_padding=1),
        nn.ConvTranspose2d(64, 3, 4, 2, 1),
        nn.Linear(64, 64),
    ],
    ids=str,
)
def test_others_do_not_suit(other: nn.Module) -> None:
    assert not tiled.suits(other, (1, 64, 64, 64), torch.float32)


def test_small_maps_and_half_precision_do_not_suit() -> None:
    down, up = nn.Conv2d(64, 64, 4, 2, 1), nn.ConvTranspose2d(64, 64, 4, 2, 1)
    assert tiled.suits(down, (1, 64, 32, 40), torch.float32)
    assert tiled.suits(up, (1, 64, 16, 20), torch.float32)
    assert not tiled.suits(down, (1, 64, 30, 40), torch.float32)
    assert not tiled.suits(up, (1, 64, 15, 20), torch.float32)
    assert not tiled.suits(up, (1, 64, 64, 64), torch.bfloat16)


@pytest.mark.usefixtures("nothing_tried")
@pytest.mark.parametrize("statistics", ["image", "running"])
def test_a_network_made_so_is_the_same_in_whole_and_in_part(
    statistics: Literal["image", "running"], monkeypatch: pytest.MonkeyPatch
) -> None:
    network = UNet(levels=6, width=16, inputs=3, outputs=3, norm="batch", dropout=False).eval()
    network.use_statistics(statistics)
    network.requires_grad_(False)
    monkeypatch.setattr(
        trials, "time_algorithms", lambda *given: {name: float(name != "tiled") + 1 for name in given[4]}
    )
    plain, seen = deepcopy(network), shapes.shapes(network, 192, 128)
    network.fold()
    trials.carry_out(network, trials.plan(network, seen, "float32"))
    assert sum(isinstance(module, tiled.Tiled) for module in network.modules()) >= 3
    maps, x = Incremental(network), torch.rand(1, 3, 192, 128) * 2 - 1
    torch.testing.assert_close(maps.whole(x.clone(), None), plain(x), rtol=1e-3, atol=1e-4)
    if statistics == "image":  # whose moments only whole passes take
        return
    for rect in (Rect(0, 0, 128, 120), Rect(50, 100, 30, 20)):
        part = torch.rand(1, 3, rect.height, rect.width) * 2 - 1
        x[:, :, rect.rows, rect.columns] = part
        maps.renew([(rect, part)])
        wanted = plain(x)[:, :, rect.rows, rect.columns]
        torch.testing.assert_close(maps.window(rect), wanted, rtol=1e-3, atol=1e-4)


def test_the_decoder_s_and_the_encoder_s_layers_are_tried_so() -> None:
    down, up = nn.Conv2d(64, 128, 4, 2, 1), nn.ConvTranspose2d(256, 64, 4, 2, 1)
    for convolution in (down, up):
        shape = (1, convolution.in_channels, 64, 64)
        ways = algorithms.candidates(convolution, shape, torch.float32, None, "never")
        assert "tiled" in ways
        assert all(
            seconds > 0
            for seconds in trials.time_algorithms(convolution, shape, torch.float32, None, ways).values()
        )
