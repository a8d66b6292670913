"""What is selected, was before, and what was pasted or moved last and can be moved on; none of it a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from weakref import ref

import numpy as np
import numpy.typing as npt

from desktop.paint.editing.history import Change, PaintStep, Step
from desktop.paint.layers.layer import Layer, Packed
from desktop.paint.strokes.stroke import Combine
from engine.data.rect import EMPTY, Rect

Mask = npt.NDArray[np.bool_]

MOST_EDGES = 20_000
"""An outline of more pieces than this is drawn coarser."""


MOST_CHOICES = 50
"""So often can selecting be taken back."""
_SMALL = 1 << 18
"""Pixels of a mask that is kept as it is."""
_BAND = 1 << 18
"""Pixels that are looked at together: what is between stays in the processor's cache."""


class Area(NamedTuple):
    """Some pixels of a picture. Never written to."""

    rect: Rect = EMPTY
    """The smallest rectangle that holds them."""
    mask: Mask | None = None
    """Which pixels of it, bool (rect.height, rect.width); None for all of them."""

    @classmethod
    def of(cls, mask: Mask, left: int = 0, top: int = 0) -> Area:
        """The pixels that are set in ``mask``, whose first is at (left, top)."""
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not len(rows):
            return cls()
        rect = Rect.spanning(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
        inside = mask[rect.rows, rect.columns].copy()
        return cls(rect._replace(left=rect.left + left, top=rect.top + top), None if inside.all() else inside)

    def within(self, rect: Rect) -> Mask:
        """Which pixels of ``rect`` belong to it, bool (rect.height, rect.width)."""
        found = np.zeros((rect.height, rect.width), np.bool_)
        both = self.rect.intersected(rect)
        if both:
            place = both._replace(left=both.left - rect.left, top=both.top - rect.top)
            found[place.rows, place.columns] = True if self.mask is None else self._cut(both)
        return found

    def cropped(self, bounds: Rect) -> Area:
        """What of it is in ``bounds``."""
        both = self.rect.intersected(bounds)
        if both == self.rect or not both:
            return self if both else Area()
        return Area(both) if self.mask is None else Area.of(self._cut(both), both.left, both.top)

    def moved(self, across: int, down: int) -> Area:
        """The same elsewhere."""
        left, top, width, height = self.rect
        return Area(Rect(left + across, top + down, width, height), self.mask)

    def combined(self, other: Area, how: Combine) -> Area:
        """This one, and what ``other`` adds to it, or takes from it; or ``other`` in its place."""
        if how == "replace":
            return other
        both = self.rect.united(other.rect) if how == "add" else self.rect
        if not both:
            return Area()
        here, there = self.within(both), other.within(both)
        return Area.of(here | there if how == "add" else here & ~there, both.left, both.top)

    def inverted(self, bounds: Rect) -> Area:
        """All the others within ``bounds``."""
        return Area.of(~self.within(bounds), bounds.left, bounds.top)

    def equals(self, other: Area) -> bool:
        """Whether they are the same pixels."""
        if self.rect != other.rect or (self.mask is None) != (other.mask is None):
            return False
        return self.mask is other.mask or np.array_equal(self.mask, other.mask)  # type: ignore[arg-type]

    def edges(self) -> npt.NDArray[np.int64]:
        """Its outline as straight pieces, (N, 4): from x, y to x, y in the picture; coarser where it has very
        many."""
        rect = self.rect
        mask = self.mask if self.mask is not None else np.ones((1, 1), np.bool_)
        across, down = (1, 1) if self.mask is not None else (rect.width, rect.height)
        while (pieces := _edges(mask, MOST_EDGES)) is None:
            mask, across, down = np.ascontiguousarray(mask[::2, ::2]), across * 2, down * 2
        pieces = pieces * np.array([across, down, across, down])
        ends = np.minimum(pieces, [rect.width, rect.height, rect.width, rect.height])
        placed: npt.NDArray[np.int64] = ends + np.array([rect.left, rect.top, rect.left, rect.top])
        return placed

    def _cut(self, rect: Rect) -> Mask:
        assert self.mask is not None
        place = rect._replace(left=rect.left - self.rect.left, top=rect.top - self.rect.top)
        return self.mask[place.rows, place.columns]


def _edges(mask: Mask, most: int) -> npt.NDArray[np.int64] | None:
    """Every run of edges between pixels that are set and pixels that are not, (N, 4): x, y to x, y; None as
    soon as there turn out to be more than ``most``."""
    plane = np.pad(mask, 1)
    height, width = plane.shape
    rows = max(1, _BAND // width)
    ends: list[tuple[list[npt.NDArray[np.int64]], list[npt.NDArray[np.int64]]]] = [([], []) for _ in range(4)]
    found = 0
    for top in range(0, height - 1, rows):
        bottom = min(top + rows, height - 1)
        # A run ends where the inside changes sides, too: two corners that touch are two.
        band = plane[top : bottom + 1]
        for side, (above, below) in enumerate(((band[:-1], band[1:]), (band[1:], band[:-1]))):
            edge = below > above
            begins, stops = edge[:, 1:] > edge[:, :-1], edge[:, 1:] < edge[:, :-1]
            for kept, where in zip(ends[side], (begins, stops), strict=True):
                kept.append(np.flatnonzero(where) + top * (width - 1))
        for side in (0, 1):
            left, right = (band[:, :-1], band[:, 1:]) if side == 0 else (band[:, 1:], band[:, :-1])
            edge = right > left
            begins, stops = edge[1:] > edge[:-1], edge[1:] < edge[:-1]
            for kept, where in zip(ends[2 + side], (begins, stops), strict=True):
                kept.append(np.flatnonzero(where) + top * (width - 1))
        found += sum(len(begins[-1]) for begins, _ in ends)
        if found > most:
            return None
    pieces = []
    for number, both in enumerate(ends):
        (y, x), (to_y, to_x) = (np.divmod(np.concatenate(kept), width - 1) for kept in both)
        if number >= 2:  # found row by row, but each run stops in the column where it begins
            first, last = np.lexsort((y, x)), np.lexsort((to_y, to_x))
            x, y, to_x, to_y = x[first], y[first], to_x[last], to_y[last]
        pieces.append(np.stack([x, y, to_x, to_y], 1))
    return np.concatenate(pieces).astype(np.int64)


class Floating(NamedTuple):
    """Pixels that were just pasted or moved: until the next step, they can be moved on without taking
    along what they came to lie on."""

    step: PaintStep
    pixels: Packed
    source: Rect
    """What moving them emptied; empty for pasted ones."""
    left: int
    top: int
    cut: Mask | None = None
    """Which pixels of ``source``; None for all of them."""


class Lifted(NamedTuple):
    """What is about to be moved."""

    pixels: Packed
    source: Rect
    """What they leave empty."""
    left: int
    top: int
    taken_back: Change | None = None
    """The step by which they came where they are, and which is undone: moving on replaces it."""
    cut: Mask | None = None
    """Which pixels of ``source`` they leave empty; None for all of them."""
    selected: Area = Area()
    """What was selected before they were moved for the first time."""


class _Kept:
    """What was selected; a large mask in eight times less memory."""

    def __init__(self, area: Area) -> None:
        mask = area.mask
        self._rect, self._bits = area.rect, b""
        self._area: Area | None = area
        if mask is not None and mask.size > _SMALL:
            self._area, self._bits = None, np.packbits(mask).tobytes()

    @property
    def area(self) -> Area:
        if self._area is not None:
            return self._area
        height, width = self._rect.height, self._rect.width
        bits = np.frombuffer(self._bits, np.uint8)
        return Area(
            self._rect, np.unpackbits(bits, count=height * width).reshape(height, width).view(np.bool_)
        )


@dataclass(frozen=True, eq=False)
class _Choice:
    """Somebody selected something else."""

    after_step: Callable[[], Step | None] | None
    """The newest step then, as long as it is known; None where there was none."""
    before: _Kept
    now: _Kept

    @property
    def is_stale(self) -> bool:
        """Nobody knows that step any more."""
        return self.after_step is not None and self.after_step() is None

    def follows(self, newest: Step | None) -> bool:
        """Whether no step was done, or all are taken back, since."""
        return newest is None if self.after_step is None else self.after_step() is newest is not None


def _leads(choices: list[_Choice], newest: Step | None) -> bool:
    while choices and choices[-1].is_stale:
        choices.pop()
    return bool(choices) and choices[-1].follows(newest)


class Choices:
    """What somebody selected, between the steps of the history, to be taken back and done again.

    It stands beside the history: by selecting a picture becomes no other one, which would have to be saved.
    """

    def __init__(self) -> None:
        self._done: list[_Choice] = []
        self._undone: list[_Choice] = []

    def note(self, before: Area, now: Area, newest: Step | None) -> None:
        """``now`` was selected instead of ``before``, after the step that is the ``newest``."""
        if before.equals(now):
            return
        last = self._done[-1].now if self._done else None
        kept = last if last is not None and last.area.equals(before) else _Kept(before)
        self._done.append(_Choice(None if newest is None else ref(newest), kept, _Kept(now)))
        del self._done[:-MOST_CHOICES]
        self.forget_undone()

    def can_go_back(self, newest: Step | None) -> bool:
        """Whether the last thing that was done is that something was selected."""
        return _leads(self._done, newest)

    def can_go_on(self, newest: Step | None) -> bool:
        """Whether the last thing that was taken back is that."""
        return _leads(self._undone, newest)

    def back(self, now: Area, newest: Step | None) -> Area | None:
        """What was selected before; None where something else was done since. ``now`` is what is."""
        while self.can_go_back(newest):
            choice = self._done.pop()
            if choice.now.area.equals(now):  # else a step that was taken back has changed it as well
                self._undone.append(choice)
                return choice.before.area
        return None

    def on(self, now: Area, newest: Step | None) -> Area | None:
        """What was selected when that was taken back; None where something else was done since."""
        while self.can_go_on(newest):
            choice = self._undone.pop()
            if choice.before.area.equals(now):
                self._done.append(choice)
                return choice.now.area
        return None

    def forget_undone(self) -> None:
        """Something else was done: what was taken back before can no longer be done again."""
        self._undone.clear()

    def clear(self) -> None:
        """Forget all."""
        self._done.clear()
        self._undone.clear()


class Selection:
    """Some pixels of the picture; empty where nothing is selected."""

    def __init__(self) -> None:
        self.area = Area()
        self.choices = Choices()
        self._floating: Floating | None = None

    def follow(self, step: Step | None, *, back: bool = False) -> None:
        """The selection is as it was beside a step that was done again, or taken back, unless something
        else was selected since."""
        if isinstance(step, PaintStep) and step.selected is not None:
            now, then = step.selected[::-1] if back else step.selected
            assert isinstance(now, Area) and isinstance(then, Area)
            self.area = then if now.equals(self.area) else self.area

    def lift(
        self, step: Step | None, pixels: Packed, source: Rect, left: int, top: int, cut: Mask | None
    ) -> None:
        """Note that ``step``, the newest, laid ``pixels`` at (left, top), so that they can be moved on."""
        self._floating = (
            Floating(step, pixels, source, left, top, cut) if isinstance(step, PaintStep) else None
        )

    def still_floating(self, newest: Step | None, active: Layer) -> Floating | None:
        """What was pasted or moved on the ``active`` layer, if that is the ``newest`` step still."""
        floating = self._floating
        if floating is None or newest is not floating.step:
            return None
        return floating if floating.step.layer == active.id else None
