"""Parts of a pass against whole ones, number by number."""

from __future__ import annotations

import random

import pytest
import torch
from torch import Tensor

from engine.data.rect import Rect
from engine.devices import trials
from engine.layers import packed, shapes
from engine.models import bundle
from engine.networks.unet import UNet
from engine.passes.incremental import Incremental
from tests.engine.frozen import Frozen


def prepared(card, tensors, statistics) -> Incremental:
    """The network as a generator on the CPU prepares it."""
    network = bundle.blank(card).eval()
    assert isinstance(network, UNet)
    network.use_statistics(statistics)
    seen = shapes.shapes(network, 256, 256)
    network.load_state_dict({name: tensor.clone() for name, tensor in tensors.items()}, assign=True)
    network.requires_grad_(False)
    network.fold()
    trials.carry_out(network, trials.plan(network, seen, "float32"))
    return Incremental(network)


def some_rect(chance: random.Random, width: int, height: int, most: int = 40) -> Rect:
    """Anywhere, the borders included, as often as not at one of them."""
    across, down = chance.randint(1, min(most, width)), chance.randint(1, min(most, height))
    left = chance.choice([0, width - across, chance.randint(0, width - across)])
    top = chance.choice([0, height - down, chance.randint(0, height - down)])
    return Rect(left, top, across, down)


def repainted(x: Tensor, rect: Rect, rng: torch.Generator) -> Tensor:
    """Writes noise into ``rect`` of the planes and returns it."""
    part = torch.rand(1, x.shape[1], rect.height, rect.width, generator=rng) * 2 - 1
    x[:, :, rect.rows, rect.columns] = part
    return part


SORTS = [("batch", "running"), ("batch", "image"), ("instance", "image")]


@pytest.mark.parametrize("levels", [5, 6, 7, 8])
@pytest.mark.parametrize(("norm", "statistics"), SORTS)
@torch.inference_mode()
def test_windows_are_those_of_a_whole_pass(levels: int, norm: str, statistics: str, tiny) -> None:
    """With the statistics of the image: of a pass with the moments of the first picture."""
    card, tensors = tiny(levels=levels, norm=norm, width=4 + 2 * (levels % 3), dropout=levels > 6)
    maps, plain = prepared(card, tensors, statistics), Frozen(card, tensors, statistics)
    chance, rng = random.Random(levels), torch.Generator().manual_seed(levels)
    height, width = 256, 2 ** max(levels, 7)
    x = torch.rand(1, 3, height, width, generator=rng) * 2 - 1
    assert torch.allclose(maps.whole(x.clone(), None), plain.exact(x), atol=1e-4)
    plain.measure(x)
    for _ in range(8):
        changes = []
        for _ in range(chance.choice([1, 1, 2])):
            rect = some_rect(chance, width, height)
            changes.append((rect, repainted(x, rect, rng)))
        maps.renew(changes)
        wanted = plain.still(x)
        assert wanted.std() > 0.05
        for rect in (changes[0][0], some_rect(chance, width, height), Rect(0, 0, width, height)):
            made = maps.window(rect)
            assert made.shape == (1, 3, rect.height, rect.width)
            assert torch.allclose(made, wanted[:, :, rect.rows, rect.columns], atol=1e-4)
    assert torch.allclose(maps.whole(x.clone(), None), plain.exact(x), atol=1e-4)


@torch.inference_mode()
def test_a_growing_window_ends_as_the_whole(tiny) -> None:
    card, tensors = tiny(levels=6, norm="batch")
    maps, plain = prepared(card, tensors, "running"), Frozen(card, tensors, "running")
    rng = torch.Generator().manual_seed(1)
    x = torch.rand(1, 3, 128, 64, generator=rng) * 2 - 1
    maps.whole(x.clone(), None)
    for reach in (1, 5, 17, 40, 70):
        rect = Rect(30, 60, 1, 1).grown(reach).intersected(Rect(0, 0, 64, 128))
        maps.renew([(rect, repainted(x, rect, rng))])
        wanted = plain.exact(x)[:, :, rect.rows, rect.columns]
        assert torch.allclose(maps.window(rect), wanted, atol=1e-4)


@torch.inference_mode()
def test_what_lies_in_the_padding_counts_where_it_is_seen(tiny) -> None:
    """A part of the picture is padding: moments leave it out, windows see it."""
    card, tensors = tiny(levels=5, norm="instance")
    maps, plain = prepared(card, tensors, "image"), Frozen(card, tensors, "image")
    rng = torch.Generator().manual_seed(2)
    x = torch.rand(1, 3, 64, 96, generator=rng) * 2 - 1
    assert torch.allclose(maps.whole(x.clone(), (40, 70)), plain.exact(x, (40, 70)), atol=1e-4)
    rect = Rect(10, 10, 6, 6)
    assert torch.allclose(
        maps.window(rect), plain.exact(x, (40, 70))[:, :, rect.rows, rect.columns], atol=1e-4
    )


@torch.inference_mode()
def test_plain_convolutions_make_the_same_windows(tiny, monkeypatch) -> None:
    card, tensors = tiny(levels=6)
    plain = Frozen(card, tensors, "running")
    monkeypatch.setattr(trials, "candidates", lambda *given: ["plain"])
    maps = prepared(card, tensors, "running")
    assert {type(module).__name__ for module in maps.network.modules()} >= {"Conv2d", "ConvTranspose2d"}
    rng = torch.Generator().manual_seed(3)
    x = torch.rand(1, 3, 64, 64, generator=rng) * 2 - 1
    maps.whole(x.clone(), None)
    rect = Rect(50, 3, 14, 9)
    maps.renew([(rect, repainted(x, rect, rng))])
    assert torch.allclose(maps.window(rect), plain.exact(x)[:, :, rect.rows, rect.columns], atol=1e-4)


@torch.inference_mode()
def test_a_small_change_is_a_small_part_of_the_work(tiny, monkeypatch) -> None:
    """On a picture of four times the area, hardly more pixels of all maps are read."""
    card, tensors = tiny(levels=8)
    small, large = (pixels_read(prepared(card, tensors, "running"), size, monkeypatch) for size in (256, 512))
    whole = sum((256 >> level) ** 2 + (128 >> level) ** 2 for level in range(8))
    assert 0 < small < 0.06 * whole
    assert large < 1.3 * small


def pixels_read(maps: Incremental, size: int, monkeypatch) -> int:
    """By all convolutions, for a window of 32 × 32 pixels."""
    rng = torch.Generator().manual_seed(4)
    x = torch.rand(1, 3, size, size, generator=rng) * 2 - 1
    maps.whole(x.clone(), None)
    read: list[int] = []
    unpadded = packed.unpadded

    def counted(convolution: torch.nn.Module, part: Tensor) -> Tensor:
        read.append(part.shape[2] * part.shape[3])
        return unpadded(convolution, part)

    monkeypatch.setattr(packed, "unpadded", counted)
    for layer in [*maps.network.downs, *maps.network.ups]:
        layer.convolution.register_forward_pre_hook(
            lambda convolution, given: read.append(given[0].shape[2] * given[0].shape[3])
        )
    rect = Rect(100, 100, 32, 32)
    maps.renew([(rect, repainted(x, rect, rng))])
    maps.window(rect)
    monkeypatch.undo()
    return sum(read)
