"""Ways of doing the same, timed in turns."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

TURNS = 30


def alternating(*ways: Callable[[], object], turns: int = TURNS) -> tuple[list[float], ...]:
    """Milliseconds of ``turns`` runs of each way, taken in turns after two unmeasured rounds."""
    times: tuple[list[float], ...] = tuple([] for _ in ways)
    for turn in range(turns + 2):
        for way, list_of in zip(ways, times, strict=True):
            start = time.perf_counter()
            way()
            if turn >= 2:
                list_of.append((time.perf_counter() - start) * 1000)
    return times


def spread(times: list[float]) -> tuple[float, str, bool, tuple[float, float]]:
    """Median, unit, that less is better, and least and most: the end of a row."""
    return statistics.median(times), "ms", False, (min(times), max(times))


def report(what: str, times: list[float]) -> None:
    """Say least, median and most on stderr."""
    least, middle, most = min(times), statistics.median(times), max(times)
    print(f"{what}: {least:.1f} / {middle:.1f} / {most:.1f} ms (least, median, most)", file=sys.stderr)
