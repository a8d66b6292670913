"""What has changed grows, and is cut to what somebody looks at."""

from __future__ import annotations

import pytest

from engine.data.dirty import EVERYTHING, NOTHING, Dirty
from engine.data.rect import EMPTY, Rect

A, B = Rect(0, 0, 4, 4), Rect(10, 2, 2, 8)


@pytest.mark.parametrize(
    ("before", "area", "after"),
    [
        (NOTHING, A, Dirty(A)),
        (NOTHING, EMPTY, NOTHING),
        (Dirty(A), B, Dirty(Rect(0, 0, 12, 10))),
        (Dirty(A), EMPTY, Dirty(A)),
        (Dirty(A), None, EVERYTHING),
        (EVERYTHING, A, EVERYTHING),
        (NOTHING, None, EVERYTHING),
    ],
)
def test_it_only_grows(before: Dirty, area: Rect | None, after: Dirty) -> None:
    assert before.spread(area) == after


def test_it_is_cut_to_the_bounds() -> None:
    bounds = Rect(0, 0, 11, 5)
    assert EVERYTHING.within(bounds) == bounds
    assert Dirty(B).within(bounds) == Rect(10, 2, 1, 3)
    assert not NOTHING.within(bounds)
    assert [bool(dirty) for dirty in (NOTHING, Dirty(A), EVERYTHING)] == [False, True, True]
