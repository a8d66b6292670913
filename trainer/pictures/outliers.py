"""Photos that don't belong among product photos: lettering, a second object or view, another background.

Works where most photos show one object on a plain background, as most product photos do; says nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.pictures.channels import strongest

Pixels = npt.NDArray[np.uint8]

EDGE = 256
"""Longer edge of the pictures that are looked at; all lengths below are at this size."""

_DIFFERENT = 24
"""Difference from the background, in any channel, of what lies on it."""

_FAINT = 9
"""The same for what belongs to an object, such as a white sole on white …"""

_FRAME = 3
"""… and for the light grey of a photo that has been laid on white."""

_PLAIN = 0.9
"""Share of a border that has the background's colour, where the background is plain."""

SECOND = 0.08
"""Size from which a second object is one, as a share of the largest …"""

_SECOND_LEAST = 350
"""… and in pixels."""

_LETTERS = 3
"""Letters that make a word."""


@dataclass(frozen=True)
class Scene:
    """What lies on the background of a photo.

    ``background`` is its colour, None where it isn't plain; ``second`` the size of the second largest object
    as a share of the largest; ``words`` counts rows of letters; ``framed`` is a photo that lies on the
    background with edges of its own.
    """

    background: tuple[int, int, int] | None
    second: float = 0.0
    words: int = 0
    framed: bool = False


def scene(photo: Pixels) -> Scene:
    """What lies on the background of a photo, uint8 (H, W, 3)."""
    from scipy import ndimage

    image = Image.fromarray(photo)
    image.thumbnail((EDGE, EDGE), Image.Resampling.BOX)
    small = np.asarray(image)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]]).astype(np.int16)
    background = np.median(border, axis=0).astype(np.int16)
    if float((np.abs(border - background).max(1) <= _DIFFERENT).mean()) < _PLAIN:
        return Scene(None)
    apart = strongest(np.abs(small.astype(np.int16) - background))
    there = apart > _DIFFERENT
    # Straps, soles and shadows are joined to their object over what is hardly visible, and small gaps.
    joined, count = ndimage.label(ndimage.binary_dilation(apart > _FAINT, np.ones((3, 3))))
    sizes = np.bincount(joined[there], minlength=count + 1)
    sizes[0] = 0
    largest = int(sizes.argmax())
    boxes = ndimage.find_objects(joined)
    second = max((int(sizes[index]) for index in _beside(boxes, largest)), default=0)
    share = second / max(1, int(sizes[largest])) if second >= _SECOND_LEAST else 0.0
    red, green, blue = (int(value) for value in background)
    framed = largest > 0 and _is_frame(apart[boxes[largest - 1]] > _FRAME)
    return Scene((red, green, blue), share, _words(there & (joined != largest)), framed)


def _beside(boxes: list[tuple[slice, slice]], largest: int) -> list[int]:
    """The labels of objects that lie beside the largest, rather than in or on it."""
    if largest == 0:
        return []
    down, across = boxes[largest - 1]
    labels = []
    for label, (other_down, other_across) in enumerate(boxes, start=1):
        high = min(down.stop, other_down.stop) - max(down.start, other_down.start)
        wide = min(across.stop, other_across.stop) - max(across.start, other_across.start)
        area = (other_down.stop - other_down.start) * (other_across.stop - other_across.start)
        if label != largest and max(0, high) * max(0, wide) <= 0.5 * area:
            labels.append(label)
    return labels


def _is_frame(mask: npt.NDArray[np.bool_]) -> bool:
    """Whether an object fills its box up to three straight edges, and much of the picture."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return False
    inside = mask[rows[0] + 1 : rows[-1], columns[0] + 1 : columns[-1]]
    if inside.size < 0.2 * EDGE * EDGE:
        return False
    edges = (inside[1], inside[-2], inside[:, 1], inside[:, -2])
    return sum(float(edge.mean()) >= 0.97 for edge in edges) >= 3


def _words(marks: npt.NDArray[np.bool_]) -> int:
    """How many words there are among marks."""
    from scipy import ndimage

    return len(words(ndimage.label(marks, np.ones((3, 3)))[0]))


def words(letters: npt.NDArray[np.int32]) -> list[list[int]]:
    """Rows of at least ``_LETTERS`` small marks of like height, close to each other: each the marks' numbers.

    Args:
        letters: (H, W), each mark under a number of its own, from 1 on.
    """
    from scipy import ndimage

    marks: list[tuple[int, int, int, int, int]] = []
    for number, box in enumerate(ndimage.find_objects(letters), start=1):
        if box is None:
            continue
        down, across = box
        height, width = down.stop - down.start, across.stop - across.start
        if 4 <= height <= 32 and width <= 3 * height:
            marks.append((across.start, across.stop, down.start, down.stop, number))
    marks.sort()
    found: list[list[int]] = []
    taken = [False] * len(marks)
    for first in range(len(marks)):
        if taken[first]:
            continue
        word = [first]
        for other in range(first + 1, len(marks)):
            _, end, top, bottom, _ = marks[word[-1]]
            start, _, next_top, next_bottom, _ = marks[other]
            height = max(bottom - top, next_bottom - next_top)
            overlap = min(bottom, next_bottom) - max(top, next_top)
            if not taken[other] and start - end <= height and overlap >= 0.5 * height:
                word.append(other)
        if len(word) >= _LETTERS:
            found.append([marks[index][4] for index in word])
            for index in word:
                taken[index] = True
    return found
