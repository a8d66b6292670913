from __future__ import annotations

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from engine.data.rect import EMPTY, Rect
from engine.planes import windows


def reached(made: torch.Tensor) -> Rect:
    """The rectangle of what is not zero."""
    rows, columns = (made[0, 0] != 0).nonzero(as_tuple=True)
    if not len(rows):
        return EMPTY
    return Rect.spanning(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)


@pytest.mark.parametrize("seed", range(30))
def test_a_change_reaches_just_its_half_window_and_is_made_of_what_it_sees(seed: int) -> None:
    chance = random.Random(seed)
    width, height = chance.choice([2, 4, 8, 20]), chance.choice([2, 4, 8, 20])
    left, top = chance.randrange(width), chance.randrange(height)
    change = Rect(left, top, chance.randint(1, width - left), chance.randint(1, height - top))
    x = torch.zeros(1, 1, height, width)
    x[:, :, change.rows, change.columns] = 1
    kernel = torch.ones(1, 1, 4, 4)
    inner = windows.halved(change, Rect(0, 0, width // 2, height // 2))
    assert reached(F.conv2d(x, kernel, stride=2, padding=1)) == inner
    # What sees the window upwards: the same convolution's transpose.
    y = torch.zeros(1, 1, height // 2, width // 2, requires_grad=True)
    F.conv_transpose2d(y, kernel, stride=2, padding=1)[:, :, change.rows, change.columns].sum().backward()
    assert reached(y.grad) == inner
    x = torch.zeros(1, 1, height, width, requires_grad=True)
    F.conv2d(x, kernel, stride=2, padding=1)[:, :, inner.rows, inner.columns].sum().backward()
    assert reached(x.grad) == windows.seen(inner).intersected(Rect(0, 0, width, height))


@pytest.mark.parametrize("seed", range(20))
def test_changes_cover_every_pixel_that_differs_and_start_and_end_at_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.integers(0, 256, (40, 60, 3), np.uint8)
    after = before.copy()
    for _ in range(rng.integers(0, 5)):
        top, left = rng.integers(0, 36), rng.integers(0, 56)
        after[top : top + rng.integers(1, 9), left : left + rng.integers(1, 9), rng.integers(0, 3)] ^= 1
    differs = (before != after).any(2)
    found = windows.changes(before, after, gap=4)
    for rect in found:
        part = differs[rect.rows, rect.columns]
        assert part[0].any() and part[-1].any() and part[:, 0].any() and part[:, -1].any()
        differs[rect.rows, rect.columns] = False
    assert not differs.any()
    for place, rect in enumerate(found):
        for other in found[place + 1 :]:
            assert not rect.grown(4).intersected(other)


def test_far_changes_come_apart_and_near_ones_do_not() -> None:
    before = np.zeros((100, 100, 1), np.uint8)
    after = before.copy()
    after[10:12, 10:12] = after[10:12, 80:82] = after[80:82, 10:12] = after[12:14, 14:16] = 9
    assert windows.changes(before, after, gap=8) == [
        Rect(10, 10, 6, 4),
        Rect(80, 10, 2, 2),
        Rect(10, 80, 2, 2),
    ]
    assert windows.changes(before, after, gap=99) == [Rect(10, 10, 72, 72)]
    assert windows.changes(before, before, gap=8) == []


def test_windows_are_merged_where_that_makes_no_more_work() -> None:
    assert windows.merged([Rect(0, 0, 4, 4), Rect(2, 0, 4, 4), EMPTY]) == [Rect(0, 0, 6, 4)]
    assert windows.merged([Rect(0, 0, 4, 4), Rect(20, 20, 4, 4)]) == [Rect(0, 0, 4, 4), Rect(20, 20, 4, 4)]
    assert windows.merged([Rect(0, 0, 2, 2)] * 4) == [Rect(0, 0, 2, 2)]


def test_fading_keeps_the_core_and_falls_off_towards_the_edge() -> None:
    before, after = np.zeros((20, 30, 3), np.uint8), np.full((20, 30, 3), 200, np.uint8)
    window, core = Rect(5, 5, 30, 20), Rect(15, 12, 8, 6)
    mixed = windows.faded(before, after, window, core).astype(int)
    assert (mixed[7:13, 10:18] == 200).all()
    assert (np.diff(mixed[10, 18:, 0]) < 0).all() and 0 < mixed[10, 29, 0] < 40
    assert (np.diff(mixed[:8, 14, 0]) >= 0).all()
    assert (windows.faded(before, after, window, window) == after).all()


def test_a_window_that_no_layout_serves_is_small_on_a_large_map_and_all_of_a_small_one() -> None:
    wanted = Rect(20, 30, 7, 7)
    large = windows.grown(wanted, Rect(0, 0, 64, 64), lambda *_size: False)
    assert (large.width, large.height) == (8, 8) and wanted.intersected(large) == wanted
    small = Rect(0, 0, 12, 12)
    assert windows.grown(Rect(2, 2, 7, 7), small, lambda *_size: False) == small
    served = windows.grown(wanted, Rect(0, 0, 64, 64), lambda width, height: width * height > 64)
    assert (served.width, served.height) in ((8, 10), (10, 8))
