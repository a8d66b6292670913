from __future__ import annotations

import pytest

from engine.data.amounts import room, speed


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "1 MB"), (3 << 20, "3 MB"), (999 << 20, "999 MB"), (1000 << 20, "1.0 GB"), (12 << 30, "12.0 GB")],
)
def test_sizes_have_a_fitting_unit(size: int, words: str) -> None:
    assert room(size) == words


@pytest.mark.parametrize(
    ("pictures", "words"),
    [(16.64, "16.6 pictures/s"), (0.96, "1.0 pictures/s"), (0.04, "25 s a picture"), (0.0, "0.0 pictures/s")],
)
def test_slow_is_told_by_the_picture(pictures: float, words: str) -> None:
    assert speed(pictures) == words
