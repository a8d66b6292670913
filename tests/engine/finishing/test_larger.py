"""Previews made larger."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from engine.data.messages import Pixels
from engine.errors import PictureError
from engine.finishing.larger import MOST_PIXELS, enlarged

EDGE = 64


def photo(edge: int) -> Pixels:
    """A shaded disc on white with a sharp edge, at 4 × ``edge``."""
    large = edge * 4
    shade = np.linspace(60, 180, large).astype(np.uint8)
    image = Image.new("RGB", (large, large), "white")
    disc = Image.new("L", (large, large))
    ImageDraw.Draw(disc).ellipse((30, 40, large - 40, large - 30), 255)
    tones = np.stack([np.broadcast_to(shade, (large, large))] * 3, 2)
    image.paste(Image.fromarray(np.ascontiguousarray(tones)), mask=disc)
    return np.array(image.filter(ImageFilter.GaussianBlur(0.6)))


def error(one: Pixels, other: Pixels) -> float:
    return float(np.sqrt(np.mean((one.astype(float) - other) ** 2)))


@pytest.mark.parametrize("factor", [2, 4])
def test_it_is_nearer_to_the_photo_than_bicubic(factor: int) -> None:
    whole = photo(EDGE)
    true = np.array(Image.fromarray(whole).reduce(4 // factor)) if factor < 4 else whole
    small = np.array(Image.fromarray(true).reduce(factor))
    size = true.shape[1], true.shape[0]
    bicubic = np.array(Image.fromarray(small).resize(size, Image.Resampling.BICUBIC))
    made = enlarged(small, size)
    assert made.shape == true.shape
    assert error(made, true) < error(bicubic, true)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_made_small_again_it_is_the_preview(factor: int) -> None:
    preview = np.random.default_rng(3).integers(0, 256, (45, 60, 3), np.uint8)
    preview = np.array(Image.fromarray(preview).filter(ImageFilter.GaussianBlur(0.7)))
    back = np.array(Image.fromarray(enlarged(preview, (60 * factor, 45 * factor))).reduce(factor))
    assert 20 * np.log10(255 / error(back, preview)) >= 35


@pytest.mark.parametrize("factor", [2, 4])
def test_edges_lie_where_they_were_drawn(factor: int) -> None:
    """A drawing larger than the network's pictures knows better where they are; one that says something
    else changes little, and made small again all are the preview."""
    whole = photo(EDGE)
    edge = Image.new("L", (EDGE * 4, EDGE * 4), 255)
    ImageDraw.Draw(edge).ellipse((30, 40, EDGE * 4 - 40, EDGE * 4 - 30), outline=0, width=3)
    lines = np.array(edge)
    small = np.array(Image.fromarray(whole).reduce(factor))
    size = EDGE * 4, EDGE * 4
    plain, followed = enlarged(small, size), enlarged(small, size, lines)
    other = enlarged(small, size, np.ascontiguousarray(lines[::-1, ::-1]))
    assert error(followed, whole) < 0.95 * error(plain, whole)
    assert error(other, whole) < 1.1 * error(plain, whole)
    back = np.array(Image.fromarray(followed).reduce(factor))
    assert 20 * np.log10(255 / error(back, small)) >= 35


def test_nothing_is_brighter_or_darker_than_what_is_around() -> None:
    whole = photo(EDGE)
    small = np.array(Image.fromarray(whole).reduce(4))
    made = enlarged(small, (EDGE * 4, EDGE * 4))
    assert (made[:30] == 255).all()


def test_too_large_a_picture_is_refused_before_memory_is_taken() -> None:
    with pytest.raises(PictureError, match="too many"):
        enlarged(np.zeros((8, 8, 3), np.uint8), (MOST_PIXELS, 2))


def test_it_ends_when_told_to() -> None:
    class Enough(Exception): ...

    def step(done: int, total: int) -> None:
        assert 0 <= done <= total
        if done > 2:
            raise Enough

    with pytest.raises(Enough):
        enlarged(np.zeros((8, 8, 3), np.uint8), (16, 16), step=step)


def test_it_can_be_ended_often() -> None:
    """A picture of 4096² has over a second's work in some of its parts."""
    preview, drawing = np.zeros((16, 16, 3), np.uint8), np.full((64, 64), 255, np.uint8)
    told: list[tuple[int, int]] = []
    enlarged(preview, (64, 64), drawing, lambda *parts: told.append(parts))
    parts = [done for done, _total in told]
    assert parts == sorted(parts)
    assert all(parts.count(part) >= 4 for part in range(max(parts)))
    for last in (0, len(told) // 2, len(told) - 1):
        looks = [*range(last)]
        with pytest.raises(IndexError):
            enlarged(preview, (64, 64), drawing, lambda *_, looks=looks: looks.pop())
