"""How quickly a model answers on this machine, in numbers and in words."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.errors import ModelError
from engine.models.catalogue import Entry
from engine.passes.opening import open as open_model

PASSES = 20

_VERDICTS = (
    (50, "the photograph follows the pen"),
    (150, "the photograph follows closely behind the pen"),
    (600, "the photograph follows after a moment"),
)
"""Up to how many milliseconds the preview of a dab may take for it."""

DAB = 32
"""Pixels across."""


def measured(entry: Entry, notice: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Median times of a whole picture, at the model's own size, and of a dab, and what they mean.

    Raises:
        ModelError: the model is broken.
    """
    if entry.problem:
        raise ModelError(entry.problem)
    start = time.perf_counter()
    generator = open_model(entry.file, notice=notice)
    opened = time.perf_counter() - start
    width, height = generator.card.size
    picture = np.full((height, width, 3), 255, np.uint8)
    picture[height // 3 : height // 2, width // 4 : width // 2] = 0
    if generator.card.palette is not None:
        picture = generator.card.palette.snapped(picture)[0]
    whole = _milliseconds(lambda number: generator(picture))
    generator.update(picture)
    left, top = width // 2, height // 2
    there, colours = (
        np.s_[top : top + DAB, left : left + DAB],
        (picture[0, 0], picture[height // 3, width // 3]),
    )

    def dab(number: int) -> None:
        picture[there] = colours[number % 2]
        generator.update(picture, (left, top, DAB, DAB))

    part = _milliseconds(dab, first=1)
    slow = "the photograph takes its time after each stroke"
    return {
        "name": entry.name,
        "file": str(entry.file),
        "device": generator.device,
        "precision": generator.precision,
        "width": width,
        "height": height,
        "milliseconds": round(whole, 2),
        "dab_milliseconds": round(part, 2),
        "seconds_to_open": round(opened, 2),
        "verdict": next((words for most, words in _VERDICTS if part <= most), slow),
    }


def _milliseconds(work: Callable[[int], object], first: int = 0) -> float:
    """The median of several runs; each is told its number."""
    seconds = []
    for number in range(first, first + PASSES):
        start = time.perf_counter()
        work(number)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1000
