"""Photos that don't belong among product photos: lettering, a second object or view, another background.

Works where most photos show one thing on a plain ground, as most product photos do; says nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]

EDGE = 256
"""Longer edge of the pictures that are looked at; all lengths below are at this size."""

_DIFFERENT = 24
"""Difference from the ground, in any channel, of what lies on it."""

_PLAIN = 0.9
"""Share of a border that has the ground's colour, where the ground is plain."""

_SECOND = 0.08
"""Size of a second thing, as a share of the largest …"""

_SECOND_LEAST = 350
"""… and in pixels."""

_LETTERS = 3
"""Letters that make a word."""


@dataclass(frozen=True)
class Scene:
    """What lies on the ground of a photo. ``ground`` is its colour, None where it isn't plain; ``second``
    the size of the second largest thing as a share of the largest; ``words`` counts rows of letters."""

    ground: tuple[int, int, int] | None
    second: float
    words: int


def scene(photo: Pixels) -> Scene:
    """What lies on the ground of a photo, uint8 (H, W, 3)."""
    from scipy import ndimage

    image = Image.fromarray(photo)
    image.thumbnail((EDGE, EDGE), Image.Resampling.BOX)
    small = np.asarray(image)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]]).astype(np.int16)
    ground = np.median(border, axis=0)
    plain = float((np.abs(border - ground).max(1) <= _DIFFERENT).mean())
    if plain < _PLAIN:
        return Scene(None, 0.0, 0)
    there = np.abs(small.astype(np.int16) - ground.astype(np.int16)).max(2) > _DIFFERENT
    red, green, blue = (int(value) for value in ground)
    # Straps and shadows are joined to their thing over small gaps.
    joined, count = ndimage.label(ndimage.binary_dilation(there, np.ones((5, 5))))
    sizes = np.bincount(joined[there], minlength=count + 1)
    sizes[0] = 0
    order = np.sort(sizes)[::-1]
    second = int(order[1]) if len(order) > 1 else 0
    share = second / max(1, int(order[0])) if second >= _SECOND_LEAST else 0.0
    largest = joined == int(sizes.argmax())
    return Scene((red, green, blue), share, _words(there & ~largest))


def _words(marks: npt.NDArray[np.bool_]) -> int:
    """Rows of at least ``_LETTERS`` small marks of like height, close to each other."""
    from scipy import ndimage

    letters, count = ndimage.label(marks, np.ones((3, 3)))
    rows: list[tuple[int, int, int, int]] = []
    for down, across in ndimage.find_objects(letters):
        height, width = down.stop - down.start, across.stop - across.start
        if 4 <= height <= 32 and width <= 3 * height:
            rows.append((across.start, across.stop, down.start, down.stop))
    rows.sort()
    words = 0
    taken = [False] * len(rows)
    for first in range(len(rows)):
        if taken[first]:
            continue
        word = [first]
        for other in range(first + 1, len(rows)):
            _, end, top, bottom = rows[word[-1]]
            start, _, next_top, next_bottom = rows[other]
            height = max(bottom - top, next_bottom - next_top)
            overlap = min(bottom, next_bottom) - max(top, next_top)
            if not taken[other] and start - end <= height and overlap >= 0.5 * height:
                word.append(other)
        if len(word) >= _LETTERS:
            words += 1
            for place in word:
                taken[place] = True
    return words
