"""Small pictures for the trainer's tests: houses with their label maps, and things on white."""

from __future__ import annotations

import io
from collections.abc import Callable
from copy import deepcopy
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from engine.data.messages import Pixels
from engine.data.palette import Label, Palette

HOUSES = Palette(
    "houses",
    (
        Label("sky", (0, 0, 222)),
        Label("wall", (0, 48, 255)),
        Label("window", (0, 128, 255)),
        Label("door", (255, 80, 0)),
        Label("roof", (192, 255, 63)),
    ),
)
"""Colours as label maps have them: two near each other, and ramps that come by a third."""


Given = ParamSpec("Given")
Made = TypeVar("Made")


def made_once(make: Callable[Given, Made]) -> Callable[Given, Made]:
    """What was made before is copied: many tests begin with the same pictures."""
    kept = lru_cache(256)(make)

    @wraps(make)
    def copied(*args: Given.args, **named: Given.kwargs) -> Made:
        return deepcopy(kept(*args, **named))  # type: ignore[arg-type]

    return copied


@made_once
def house(seed: int, edge: int = 128) -> tuple[Pixels, Pixels]:
    """A label map in ``HOUSES``, and a photo of that house: uint8 (edge, edge, 3) each."""
    random = np.random.default_rng(seed)
    sky, wall, window, door, roof = range(5)
    labels = Image.new("L", (edge, edge), sky)
    draw = ImageDraw.Draw(labels)
    left, right = int(edge * random.uniform(0.02, 0.3)), int(edge * random.uniform(0.6, 0.98))
    top = int(edge * random.uniform(0.1, 0.4))
    draw.rectangle((left, top, right, edge), wall)
    draw.rectangle((left, top - edge // 12, right, top), roof)
    columns, rows = random.integers(2, 5), random.integers(2, 4)
    width, height = (right - left) / columns, (edge - top) * 0.75 / rows
    for row in range(rows):
        for column in range(columns):
            if random.random() < 0.8:
                x, y = left + width * (column + 0.25), top + height * (row + 0.3)
                draw.rectangle((x, y, x + width * 0.5, y + height * 0.5), window)
    door_at = int(random.integers(left, right - edge // 8))
    draw.rectangle((door_at, edge - edge // 6, door_at + edge // 10, edge), door)
    indices = np.asarray(labels)
    tones = random.integers(0, 256, (5, 3)).astype(np.float32)
    tones[sky], tones[wall] = (170, 200, 240), random.integers(120, 230, 3)
    tones[window] = random.integers(10, 60, 3)
    noise = random.normal(0, 9, (edge, edge, 3)) + random.normal(0, 14, (edge, edge, 1))
    photo = np.clip(tones[indices] + noise, 0, 255).astype(np.uint8)
    soft = Image.fromarray(photo).filter(ImageFilter.GaussianBlur(0.7))
    return HOUSES.colours[indices], np.asarray(soft)


@made_once
def thing(seed: int, edge: int = 128) -> Pixels:
    """A photo of something in one colour on white, unlike others: uint8 (edge, edge, 3)."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (4 * edge, 4 * edge), "white")
    draw = ImageDraw.Draw(image)
    unit = 4 * edge / 16
    tone = tuple(int(value) for value in random.integers(20, 200, 3))
    shade = tuple(value * 2 // 3 for value in tone)
    left, right = unit * random.uniform(1.5, 4), unit * random.uniform(11, 14.5)
    top, bottom = unit * random.uniform(5, 8), unit * random.uniform(12, 15)
    draw.arc((left + unit, top - 3 * unit, right - unit, top + 3 * unit), 180, 360, tone, int(unit / 2))
    draw.rounded_rectangle((left, top, right, bottom), unit, tone)
    for _ in range(3):
        x, y = random.uniform(left + unit, right - 2 * unit), random.uniform(top + unit, bottom - 2 * unit)
        draw.rectangle((x, y, x + unit * random.uniform(0.5, 1.5), y + unit), shade)
    noisy = np.asarray(image.resize((edge, edge), Image.Resampling.BOX), np.float32)
    on_thing = noisy.min(2, keepdims=True) < 250
    noisy = noisy + random.normal(0, 3, noisy.shape) * on_thing
    return np.clip(noisy, 0, 255).astype(np.uint8)


def side_by_side(seed: int, edge: int = 128) -> Pixels:
    """A house's photo left and its label map right, as the facades data set has them."""
    labels, photo = house(seed, edge)
    return np.concatenate([photo, labels], 1)


def save(pixels: Pixels, file: Path, **options: Any) -> Path:
    """Write a picture, making its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".png" and not options:
        file.write_bytes(_png(pixels.tobytes(), pixels.shape, pixels.dtype.str))
    else:
        Image.fromarray(pixels).save(file, **options)
    return file


@lru_cache(256)
def _png(values: bytes, shape: tuple[int, ...], dtype: str) -> bytes:
    """Many tests write the same pictures, and packing one takes as long as drawing it."""
    target = io.BytesIO()
    Image.fromarray(np.frombuffer(values, dtype).reshape(shape)).save(target, "PNG")
    return target.getvalue()


def through_jpeg(pixels: Pixels, quality: int = 80) -> Pixels:
    """What is left of a picture after it was a JPEG file."""
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "JPEG", quality=quality)
    return np.array(Image.open(target))


@made_once
def blob(seed: int, edge: int = 128) -> Pixels:
    """A photo of something without a straight outline, on white, unlike others: uint8 (edge, edge, 3)."""
    random = np.random.default_rng(seed)
    around = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    radius = np.full(240, 1.0)
    for waves in range(2, 9):
        radius += random.uniform(0.04, 0.12) * np.cos(waves * around + random.uniform(0, 6.3))
    radius *= 1.6 * edge / radius.max()
    points = [
        (2 * edge + size * np.cos(angle), 2 * edge + size * np.sin(angle))
        for size, angle in zip(radius, around, strict=True)
    ]
    image = Image.new("RGB", (4 * edge, 4 * edge), "white")
    ImageDraw.Draw(image).polygon(points, tuple(int(value) for value in random.integers(20, 170, 3)))
    noisy = np.asarray(image.resize((edge, edge), Image.Resampling.BOX), np.float32)
    grain = random.normal(0, 9, noisy.shape) * (noisy.min(2, keepdims=True) < 250)
    shade = np.cos(np.mgrid[:edge, :edge].sum(0) * random.uniform(0.05, 0.2) + random.uniform(0, 6))[
        ..., None
    ]
    noisy = noisy + (grain + 20 * shade) * (noisy.min(2, keepdims=True) < 250)
    return np.clip(noisy, 0, 255).astype(np.uint8)
