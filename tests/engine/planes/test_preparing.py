"""What has changed is prepared anew, and comes out as if all were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.data.card import Card
from engine.data.messages import Picture, Pixels
from engine.data.palette import Label, Palette
from engine.planes import codec
from engine.planes.preparing import Preparing, Scaled

LABELS = Palette("three", (Label("one", (0, 0, 0)), Label("two", (250, 0, 0)), Label("three", (0, 9, 250))))
SETTINGS = {"levels": 3, "width": 4, "inputs": 5, "outputs": 3, "norm": "batch", "dropout": False}
SKETCH = Card("sketch", "unet", SETTINGS, "sketch", hints=True, line_width=1.5)
CARDS = {
    "hints": SKETCH,
    "lines": replace(SKETCH, network={**SETTINGS, "inputs": 3}, hints=False),
    "image": Card("image", "unet", {**SETTINGS, "inputs": 3}, "image"),
    "labels": Card("labels", "unet", {**SETTINGS, "inputs": 3}, "labels", palette=LABELS, one_hot=True),
}
# Halves; two and a half; in blocks; thirds; in other proportions; larger; as it is.
SIZES = [
    ((64, 48), (32, 24)), ((80, 40), (32, 16)), ((80, 60), (64, 48)), ((96, 60), (32, 20)),
    ((61, 47), (32, 25)), ((48, 30), (16, 9)), ((24, 16), (48, 32)), ((40, 30), (40, 30)),
]  # fmt: skip


def noise(shape: tuple[int, ...], seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def edited(pixels: Pixels, seed: int) -> Pixels:
    """With other pixels in a rectangle: small, large, beyond the edge or empty, by the seed."""
    left, top, width, height = np.random.default_rng(seed).integers(0, [60, 60, 30, 30])
    pixels = pixels.copy()
    part = pixels[top : top + height, left : left + width]
    part[...] = noise(part.shape, seed)
    return pixels


@pytest.mark.parametrize("nearest", [False, True], ids=["areas", "nearest"])
@pytest.mark.parametrize("channels", [(), (3,), (4,)], ids=["grey", "colours", "alpha"])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_a_part_is_scaled_as_the_whole(sizes, channels, nearest):
    (width, height), size = sizes
    scale = codec.scaled_labels if nearest else codec.scaled
    scaled, pixels = Scaled(nearest=nearest), noise((height, width, *channels), 0)
    for seed in range(30):
        pixels = edited(pixels, seed)
        assert np.array_equal(scaled(pixels, size), scale(pixels, size))


@pytest.mark.parametrize("name", CARDS)
def test_pictures_are_prepared_as_if_each_were_the_first(name):
    card = CARDS[name]
    preparing, hints = Preparing(card), noise((60, 60, 4), 1)
    lines: Pixels = noise((60, 60), 2) | np.uint8(192)
    pixels = noise((60, 60, 3), 3)
    for seed in range(30):
        if card.input == "sketch":
            lines, hints = (edited(lines, seed), hints) if seed % 3 else (lines, edited(hints, seed))
            picture = Picture(lines=lines, hints=None if seed % 7 == 6 else hints)
        else:
            pixels = edited(pixels, seed)
            picture = Picture(pixels=pixels)
        for size in [(30, 30), (60, 60)][: 1 + seed // 10]:
            assert np.array_equal(preparing(picture, size), codec.prepare(picture, card, size))


def test_only_the_blocks_that_changed_are_scaled(monkeypatch):
    scaled, pixels = Scaled(), noise((512, 512, 4), 0)
    first = scaled(pixels, (256, 256))
    seen = []
    monkeypatch.setattr(scaled, "scale", lambda part, size: seen.append(size) or codec.scaled(part, size))
    assert scaled(pixels.copy(), (256, 256)) is first and not seen
    pixels = pixels.copy()
    pixels[200:204, 101:104] ^= 255
    second = scaled(pixels, (256, 256))
    assert seen == [(2, 2)] and second is not first
    assert scaled(pixels, (128, 128)).shape == (128, 128, 4) and seen[1:] == [(128, 128)]


def test_lines_are_redrawn_when_lines_changed_alone(monkeypatch):
    redrawn = []
    monkeypatch.setattr(codec, "redrawn", lambda lines, card: redrawn.append(1) or lines)
    preparing, lines, hints = Preparing(SKETCH), noise((64, 64), 0), noise((64, 64, 4), 1)
    preparing(Picture(lines=lines, hints=hints), (32, 32))
    preparing(Picture(lines=lines, hints=edited(hints, 4)), (32, 32))
    assert len(redrawn) == 1
    preparing(Picture(lines=edited(lines, 4), hints=hints), (32, 32))
    assert len(redrawn) == 2


def test_an_empty_layer_for_hints_is_not_mixed_in(monkeypatch):
    mixed = []
    monkeypatch.setattr(codec, "composite", lambda lines, hints: mixed.append(hints) or noise((30, 30, 3), 0))
    blank = np.zeros((60, 60, 4), np.uint8)
    Preparing(CARDS["lines"])(Picture(lines=noise((60, 60), 0), hints=blank), (30, 30))
    assert mixed == [None]
