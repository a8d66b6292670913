"""The main colours of a photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from desktop.colourways.palette_files import read_colours
from engine.data.palette import Colour
from engine.data.picture import SUFFIXES, read

MOST = 12
"""Colours that one photo gives."""
_ENOUGH = 128
"""Pixels along the longer edge that will do."""
_ALIKE = 44
"""Distance in RGB within which two are shades of one colour."""
_LEAST = 0.008
"""Share of the photo below which a colour is a soft edge or a speck."""
_BITS = 4
"""Of a channel, by which pixels are put together before they are counted."""
_FREQUENT = 1024
"""Of those colours are looked at, for each is held against each."""


def colours_in(path: Path) -> tuple[Colour, ...]:
    """The colours of a palette file, or the main ones of a photo.

    Raises:
        PictureError: it is missing, too large, damaged or neither.
    """
    return main_colours(path) if path.suffix.lower() in SUFFIXES else read_colours(path)


def main_colours(path: Path) -> tuple[Colour, ...]:
    """The colours that a photo has most of, at most ``MOST``, the most frequent first.

    No two are shades of one colour: else a large sky would take the place of a small red roof.

    Raises:
        PictureError: it is missing, too large, damaged or no picture.
    """
    image = Image.fromarray(read(path, enough=_ENOUGH).pixels)
    image.thumbnail((_ENOUGH, _ENOUGH), Image.Resampling.NEAREST)  # mixes none
    pixels = np.asarray(image).reshape(-1, 3).astype(np.int64)
    codes = ((pixels >> (8 - _BITS)) << np.array([2 * _BITS, _BITS, 0])).sum(axis=1)
    _, bins, counts = np.unique(codes, return_inverse=True, return_counts=True)
    means = np.stack([np.bincount(bins, pixels[:, part]) / counts for part in range(3)], axis=1)
    frequent = np.argsort(-counts, kind="stable")[:_FREQUENT]
    means, counts = means[frequent], counts[frequent]
    apart = np.square(means[:, None] - means[None]).sum(axis=2)
    near, around = apart <= (_ALIKE / 3) ** 2, apart <= _ALIKE**2
    left, found = counts.astype(float), list[Colour]()
    while len(found) < MOST and left.any():
        best = int(np.argmax(near @ left))  # nearby: what lies between two colours would gather both
        weights, all_shades = left * near[best], left * around[best]
        if found and all_shades.sum() < _LEAST * counts.sum():
            break
        red, green, blue = np.rint(weights @ means / weights.sum()).astype(int).tolist()
        found.append((red, green, blue))
        left[around[best]] = 0
    return tuple(found)
