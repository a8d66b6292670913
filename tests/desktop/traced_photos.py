"""Small made-up photos to draw over."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.data.messages import Pixels
from engine.data.picture import write_png


def photo(number: int, width: int = 96, height: int = 64) -> Pixels:
    """A disc on a background with some texture, uint8 (height, width, 3); another colour for every number."""
    rng = np.random.default_rng(number)
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[...] = rng.integers(60, 200, 3)
    disc = (columns - width / 2) ** 2 + (rows - height / 2) ** 2 < (height / 3) ** 2
    pixels[disc] = rng.integers(0, 256, 3)
    noise = rng.integers(-10, 11, pixels.shape)
    return np.clip(pixels.astype(np.int16) + noise, 0, 255).astype(np.uint8)


def write_photos(folder: Path, count: int = 3) -> Path:
    """``photo 1.png`` and so on."""
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        write_png(folder / f"photo {number}.png", photo(number))
    return folder
