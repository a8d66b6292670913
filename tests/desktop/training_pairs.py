"""Tiny made-up pairs, and a training that is over in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.data.messages import Pixels
from engine.data.picture import write_png

EDGE = 32


def house(number: int) -> tuple[Pixels, Pixels]:
    """The outline of a box with a window, and a picture of it; uint8 (32, 32, 3) each."""
    rng = np.random.default_rng(number)
    lines = np.full((EDGE, EDGE, 3), 255, np.uint8)
    photo = np.full((EDGE, EDGE, 3), (150, 190, 220), np.uint8)
    left, top = rng.integers(2, 8, 2)
    right, bottom = rng.integers(20, 30, 2)
    for (x0, y0, x1, y1), colour in (
        ((left, top, right, bottom), (170, 110, 80)),
        ((left + 3, top + 3, left + 8, top + 9), (40, 50, 70)),
    ):
        photo[y0 : y1 + 1, x0 : x1 + 1] = colour
        lines[y0 : y1 + 1, [x0, x1]] = 0
        lines[[y0, y1], x0 : x1 + 1] = 0
    noise = rng.integers(-12, 13, photo.shape)
    return lines, np.clip(photo.astype(np.int16) + noise, 0, 255).astype(np.uint8)


def write_pairs(folder: Path, count: int = 12) -> Path:
    """Two folders, lines in the first and photos in the second."""
    for side in ("drawn", "seen"):
        (folder / side).mkdir(parents=True)
    for number in range(count):
        lines, photo = house(number)
        write_png(folder / "drawn" / f"{number}.png", lines)
        write_png(folder / "seen" / f"{number}.png", photo)
    return folder
