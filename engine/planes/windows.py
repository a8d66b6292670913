"""Which part of a picture has changed, and which part of a U-Net's maps that concerns.

A U-Net halves its maps from level to level by 4 × 4 convolutions of stride 2, and doubles them back by
transposed ones. What a pixel reaches through the former and what one is made of through the latter is
the same, so one function serves both ways.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from engine.data.messages import Pixels
from engine.data.rect import EMPTY, Rect

Mask = npt.NDArray[np.bool_]

LEAST = 4
"""Pixels along an edge of a grown window: fewer take as long."""
_TRIED = 4
"""Lengths of either edge among which one is sought."""
_DEARER = 4
"""So many times a window's pixels are more work than to lay a weight out anew, once."""


def halved(window: Rect, bounds: Rect) -> Rect:
    """The window one level further in.

    On the way down it holds all that sees a pixel of ``window``; on the way up it is all that
    ``window`` is made of.

    Args:
        window: on the larger map.
        bounds: of the smaller map.
    """
    return Rect.spanning(
        (window.left - 1) // 2, (window.top - 1) // 2, window.right // 2 + 1, window.bottom // 2 + 1
    ).intersected(bounds)


def seen(window: Rect) -> Rect:
    """What ``window``, of a smaller map, is made of on the way down; it may reach one pixel beyond the
    larger map, where the convolution's padding lies."""
    return Rect.spanning(2 * window.left - 1, 2 * window.top - 1, 2 * window.right + 1, 2 * window.bottom + 1)


def grown(window: Rect, bounds: Rect, serves: Callable[[int, int], bool]) -> Rect:
    """The window, grown to a size that can be computed quickly.

    Windows have any size, and each size is prepared for once; so they are grown to one of few.

    Args:
        window: inside ``bounds``.
        serves: whether a width and a height are such a size.

    Returns:
        ``bounds`` where there is none below it; but where that were many times the work, the smallest of the
        few sizes, for which a weight is then laid out in place of another layout.
    """
    widths, heights = _rungs(window.width, bounds.width), _rungs(window.height, bounds.height)
    sizes = sorted(itertools.product(widths, heights), key=lambda size: size[0] * size[1])
    whole = area(bounds)
    found = next((size for size in sizes if size[0] * size[1] < whole and serves(*size)), None)
    if found is None and sizes[0][0] * sizes[0][1] * _DEARER < whole:
        found = sizes[0]
    if found is None:
        return bounds
    width, height = found
    left = min(max(window.left - (width - window.width) // 2, 0), bounds.width - width)
    top = min(max(window.top - (height - window.height) // 2, 0), bounds.height - height)
    return Rect(left, top, width, height)


def _rungs(length: int, most: int) -> list[int]:
    """The first few lengths, of those that windows may have, that hold ``length``."""
    found: list[int] = []
    rung = LEAST
    while rung < most and len(found) < _TRIED:
        if rung >= length:
            found.append(rung)
        # Four to a doubling: on average a window grows by a tenth.
        rung += max(2, 1 << (rung.bit_length() - 3))
    return found or [most]


def changes(before: Pixels, after: Pixels, gap: int) -> list[Rect]:
    """The rectangles in which two pictures of one size differ, smallest where nothing lies between them.

    Args:
        before: uint8 (H, W, C).
        after: the same.
        gap: rows or columns without any change that part one rectangle from the next.
    """
    top, bottom = _changed_rows(before, after)
    if top == bottom:
        return []
    mask: Mask = (before[top:bottom] != after[top:bottom]).any(2)
    return list(_parts(mask, 0, top, gap))


def change(before: Pixels, after: Pixels) -> Rect:
    """The smallest rectangle outside which two pictures of one size and kind are the same; empty for twins.

    Args:
        before: uint8 (H, W) or (H, W, C).
        after: the same.
    """
    top, bottom = _changed_rows(before, after)
    if top == bottom:
        return EMPTY
    values = (before[top:bottom] != after[top:bottom]).reshape(bottom - top, -1).any(0)
    columns = np.flatnonzero(values.reshape(before.shape[1], -1).any(1))
    return Rect.spanning(int(columns[0]), top, int(columns[-1]) + 1, bottom)


def merged(windows: list[Rect]) -> list[Rect]:
    """The same pixels, at least, in fewer windows, where that makes no more work."""
    apart: list[Rect] = []
    for window in windows:
        if not window:
            continue
        joined = window
        for other in [*apart]:
            union = joined.united(other)
            if area(union) <= area(joined) + area(other):
                apart.remove(other)
                joined = union
        apart.append(joined)
    return apart


def area(window: Rect) -> int:
    """Pixels inside."""
    return window.width * window.height


def united(windows: list[Rect]) -> Rect:
    """The smallest rectangle that holds all of them."""
    whole = EMPTY
    for window in windows:
        whole = whole.united(window)
    return whole


def faded(before: Pixels, after: Pixels, window: Rect, core: Rect) -> Pixels:
    """From ``after`` inside ``core`` to ``before`` at the edge of ``window``, so that no edge shows.

    Args:
        before: uint8 (h, w, 3), the pixels inside ``window``.
        after: the same.
    """
    reach = max(core.left - window.left, core.top - window.top, 0)
    reach = max(reach, window.right - core.right, window.bottom - core.bottom)
    if not reach:
        return after
    across = np.arange(window.left, window.right)
    down = np.arange(window.top, window.bottom)
    beside = np.maximum(core.left - across, across - core.right + 1).clip(0)
    beyond = np.maximum(core.top - down, down - core.bottom + 1).clip(0)
    distance = np.maximum(beside, beyond[:, None])[..., None]
    share = (1 - distance / np.float32(reach + 1)).astype(np.float32)
    mixed: Pixels = np.rint(before + (after.astype(np.float32) - before) * share).astype(np.uint8)
    return mixed


def _changed_rows(before: Pixels, after: Pixels) -> tuple[int, int]:
    """From which row to which, half-open, two pictures differ."""
    one, other = (np.ascontiguousarray(pixels).reshape(len(pixels), -1) for pixels in (before, after))
    if one.shape[1] % 8 == 0:  # eight values at once
        one, other = one.view(np.uint64), other.view(np.uint64)
    rows = np.flatnonzero((one != other).any(1))
    return (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)


def _parts(mask: Mask, left: int, top: int, gap: int) -> Iterator[Rect]:
    """The changed rectangles of a mask whose first pixel is ``(left, top)``."""
    rows, columns = _runs(np.flatnonzero(mask.any(1)), gap), _runs(np.flatnonzero(mask.any(0)), gap)
    if len(rows) == len(columns) == 1:
        (first, last), (start, stop) = rows[0], columns[0]
        yield Rect.spanning(left + start, top + first, left + stop, top + last)
        return
    for first, last in rows:
        for start, stop in columns:
            part = mask[first:last, start:stop]
            if part.any():
                yield from _parts(part, left + start, top + first, gap)


def _runs(places: npt.NDArray[np.intp], gap: int) -> list[tuple[int, int]]:
    """From where to where, half-open, rising places follow each other no more than ``gap`` apart."""
    breaks = np.flatnonzero(np.diff(places) > gap)
    starts, stops = [places[0], *places[breaks + 1]], [*places[breaks], places[-1]]
    return [(int(start), int(stop) + 1) for start, stop in zip(starts, stops, strict=True)]
