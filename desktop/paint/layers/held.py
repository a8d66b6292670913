"""What of the preview stays as it was: a picture, and how far each pixel of it is held, over each new one."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.data.messages import Pixels
from engine.data.rect import EMPTY, Rect

Mask = npt.NDArray[np.bool_]

MOST_HOLDS = 16
MOST_HELD_BYTES = 512 << 20
"""Memory that the pixels of a picture's holds take together. Files are read up to that."""
LARGEST_FEATHER = 64
"""Pixels of the preview."""

MOST_LINES = 8000
"""An outline of more pieces is drawn coarser."""

Line = tuple[float, float, float, float]
"""From x and y to x and y, in shares of the picture's width and height."""


def new_key() -> str:
    """Something by which files name what they hold, and which nothing else has."""
    return secrets.token_hex(8)


@dataclass(frozen=True, eq=False)
class Hold:
    """A part of the preview that stays as it was."""

    pixels: Pixels
    """uint8 (H, W, 4): the preview as it was, RGB, and how far each pixel is held, 0 (it lives) to 255. Any
    size: it is brought to that of the preview that it is laid over. Never written to."""
    rest: bool = False
    """It was made to hold all but a selection: older holds count no more, as long as there is this one."""
    key: str = field(default_factory=new_key)

    @property
    def mask(self) -> Mask:
        """What is held of it, bool (H, W). The feather belongs to what was selected when it was made."""
        held = self.pixels[..., 3]
        return held == 255 if self.rest else held > 0

    def outline(self, most: int = MOST_LINES) -> tuple[Line, ...]:
        """Where what lives ends, in so many pieces at most."""
        return edges(self.mask, most)

    def cropped(self, size: tuple[int, int], rect: Rect) -> Hold | None:
        """What it is when ``rect`` becomes the picture; new room lives. None where nothing of it is left.

        Args:
            size: width and height of the picture.
            rect: may reach beyond it.
        """
        inside = rect.intersected(Rect(0, 0, *size))
        if not inside:
            return None
        height, width = self.pixels.shape[:2]
        across, down = width / size[0], height / size[1]
        wanted = max(1, round(rect.width * across)), max(1, round(rect.height * down))
        left, top = round((inside.left - rect.left) * across), round((inside.top - rect.top) * down)
        part = max(1, round(inside.width * across)), max(1, round(inside.height * down))
        box = inside.left * across, inside.top * down, inside.right * across, inside.bottom * down
        made = np.zeros((wanted[1], wanted[0], 4), np.uint8)
        fits = min(part[0], wanted[0] - left), min(part[1], wanted[1] - top)
        if fits[0] < 1 or fits[1] < 1:
            return None
        found = _brought(self.pixels, part, box)
        made[top : top + fits[1], left : left + fits[0]] = found[: fits[1], : fits[0]]
        return Hold(made, self.rest)


class Overlay:
    """A hold made ready for previews of one size.

    Args:
        hold: what is held.
        size: width and height of the previews.
    """

    def __init__(self, hold: Hold, size: tuple[int, int]) -> None:
        pixels = hold.pixels
        if (pixels.shape[1], pixels.shape[0]) != size:
            pixels = _brought(pixels, size, (0, 0, pixels.shape[1], pixels.shape[0]))
        self.hold, self.size = hold, size
        held = pixels[..., 3]
        self._colours = np.ascontiguousarray(pixels[..., :3])
        self._living, self._held = bounds(held < 255), bounds(held > 0)
        self._begins_held = self._living.width * self._living.height < self._held.width * self._held.height
        box = self._living if self._begins_held else self._held
        self._box = box
        wholly = held[box.rows, box.columns] == (0 if self._begins_held else 255)
        self._wholly = None if wholly.all() else wholly[..., None]
        band = np.flatnonzero((held > 0) & (held < 255))
        self._band = band
        self._share = held.ravel()[band].astype(np.uint16)[:, None]
        self._banded = self._colours.reshape(-1, 3)[band] * self._share

    def over(self, preview: Pixels) -> Pixels:
        """``preview``, uint8 (H, W, 3), with what is held laid over it; another array."""
        background, above = (self._colours, preview) if self._begins_held else (preview, self._colours)
        made, box = background.copy(), self._box
        if box and self._wholly is None:
            made[box.rows, box.columns] = above[box.rows, box.columns]
        elif box:
            np.copyto(made[box.rows, box.columns], above[box.rows, box.columns], where=self._wholly)
        if len(self._band):
            living = preview.reshape(-1, 3)[self._band] * (np.uint16(255) - self._share)
            made.reshape(-1, 3)[self._band] = (living + self._banded + np.uint16(127)) // np.uint16(255)
        return made


class Overlays:
    """Holds over previews, made ready once as long as neither they nor the previews' size change."""

    def __init__(self) -> None:
        self._made: dict[Hold, Overlay] = {}

    def over(self, holds: Sequence[Hold], preview: Pixels) -> Pixels:
        """``preview``, uint8 (H, W, 3), with all that counts of what is held over it."""
        holds, size = counting(holds), (preview.shape[1], preview.shape[0])
        self._made = {hold: made for hold, made in self._made.items() if hold in holds}
        for hold in holds:
            made = self._made.get(hold)
            if made is None or made.size != size:
                made = self._made[hold] = Overlay(hold, size)
            preview = made.over(preview)
        return preview


def counting(holds: Sequence[Hold]) -> Sequence[Hold]:
    """Those that count: the newest that holds all but a selection, and what came later."""
    begin = max((index for index, hold in enumerate(holds) if hold.rest), default=0)
    return holds[begin:]


def held(holds: Sequence[Hold], size: tuple[int, int]) -> Mask:
    """What is held by those that count, bool (height, width) of a picture of that size."""
    found = np.zeros((size[1], size[0]), np.bool_)
    for hold in counting(holds):
        mask = hold.mask
        rows, columns = (
            np.arange(count) * parts // count for count, parts in zip(found.shape, mask.shape, strict=True)
        )
        found |= mask[np.ix_(rows, columns)]
    return found


def within(selected: Mask, size: tuple[int, int]) -> Mask:
    """The pixels of a preview that lie wholly in what is selected of the picture.

    Args:
        selected: bool (height, width) of the picture.
        size: width and height of the preview.
    """
    height, width = selected.shape
    found = _all(selected, *_steps(height, size[1]))
    return _all(np.ascontiguousarray(found.T), *_steps(width, size[0])).T


def _all(mask: Mask, begins: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> Mask:
    """Whether all rows from each beginning up to its end are true, column by column. There are few of them:
    laying them over one another costs a tenth of counting."""
    if len(begins) == len(mask):
        return mask
    most, each = int((ends - begins).max()), len(mask) // len(begins)
    even = len(mask) == each * len(begins)
    made = mask[::each].copy() if even else mask[begins]
    for index in range(1, most):
        made &= mask[index::each] if even else mask[np.minimum(begins + index, ends - 1)]
    return made


def _steps(length: int, parts: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where each of ``parts`` begins, and where it ends, both drawn outwards."""
    numbers = np.arange(parts, dtype=np.int64)
    return numbers * length // parts, -(-(numbers + 1) * length // parts)


def falling(mask: Mask, feather: int) -> Pixels:
    """0 outside of ``mask``, 255 further than ``feather`` pixels inside it, rising evenly between; uint8.

    The picture's own edges are no edges of the mask.
    """
    made = np.zeros(mask.shape, np.uint8)
    box = bounds(mask)
    if not box:
        return made
    box = box.grown(1).intersected(Rect(0, 0, mask.shape[1], mask.shape[0]))
    inner = mask[box.rows, box.columns]
    depth = inner.astype(np.uint16)
    for turn in range(feather):
        inner = _shrunk(inner, corners=turn % 2 == 1)
        depth += inner
    made[box.rows, box.columns] = depth * 255 // (feather + 1)
    return made


def _shrunk(mask: Mask, *, corners: bool) -> Mask:
    """Without the pixels at its edge."""
    around = np.pad(mask, 1, mode="edge")
    made = mask & around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    if corners:
        made &= around[:-2, :-2] & around[:-2, 2:] & around[2:, :-2] & around[2:, 2:]
    return made


def bounds(mask: Mask) -> Rect:
    """The smallest rectangle that holds all of a mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return EMPTY
    return Rect.spanning(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def edges(mask: Mask, most: int = MOST_LINES) -> tuple[Line, ...]:
    """The lines between what is in a mask and what is not; coarser where there are more than ``most``."""
    across, down = mask.shape[1], mask.shape[0]
    coarse = 1
    while True:
        level, upright = _Runs(mask[1:] != mask[:-1]), _Runs((mask[:, 1:] != mask[:, :-1]).T)
        if level.count + upright.count <= most or mask.size <= 1:
            break
        mask, coarse = mask[::2, ::2], coarse * 2
    ends = ((x, y, end, y) for y, x, end in level.found())
    others = ((x, y, x, end) for x, y, end in upright.found())
    return tuple(
        (
            min(a * coarse / across, 1.0),
            min(b * coarse / down, 1.0),
            min(c * coarse / across, 1.0),
            min(d * coarse / down, 1.0),
        )
        for a, b, c, d in (*ends, *others)
    )


class _Runs:
    """Where neighbours differ, row by row: bool, true below a row that differs from the next."""

    def __init__(self, differs: Mask) -> None:
        self._rows = np.flatnonzero(differs.any(1))  # few of a large mask
        turns = np.zeros((len(self._rows), differs.shape[1] + 2), np.int8)
        turns[:, 1:-1] = differs[self._rows]
        self._turns = np.diff(turns, axis=1)
        self.count = int(np.count_nonzero(self._turns == 1))

    def found(self) -> list[tuple[int, int, int]]:
        """The row below which, and from where to where."""
        rows, begins = np.nonzero(self._turns == 1)
        ends = np.nonzero(self._turns == -1)[1]
        return list(zip((self._rows[rows] + 1).tolist(), begins.tolist(), ends.tolist(), strict=True))


def _brought(pixels: Pixels, size: tuple[int, int], box: tuple[float, float, float, float]) -> Pixels:
    """A ``box`` of pixels at another size; colours don't mix with how far they are held."""
    left, top, right, bottom = (round(edge) for edge in box)
    if all(edge.is_integer() for edge in map(float, box)) and (right - left, bottom - top) == size:
        return pixels[top:bottom, left:right]
    colours = Image.fromarray(np.ascontiguousarray(pixels[..., :3]))
    held = Image.fromarray(np.ascontiguousarray(pixels[..., 3]))
    shrinks = size[0] <= box[2] - box[0] and size[1] <= box[3] - box[1]
    smooth = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    even = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR  # it overshoots nowhere
    colours, held = colours.resize(size, smooth, box), held.resize(size, even, box)
    return np.dstack([np.asarray(colours), np.asarray(held)])
