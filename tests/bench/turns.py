"""Ways of doing the same, timed in turns; and work in a process of its own."""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Answer = TypeVar("_Answer")

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


def alone(
    work: Callable[_Arguments, _Answer], *arguments: _Arguments.args, **more: _Arguments.kwargs
) -> _Answer:
    """What ``work`` answers in a new process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments, **more).result()


def spread(times: list[float]) -> tuple[float, str, bool, tuple[float, float]]:
    """Median, unit, that less is better, and least and most: the end of a row."""
    return statistics.median(times), "ms", False, (min(times), max(times))


def report(what: str, times: list[float]) -> None:
    """Say least, median and most on stderr."""
    least, middle, most = min(times), statistics.median(times), max(times)
    print(f"{what}: {least:.1f} / {middle:.1f} / {most:.1f} ms (least, median, most)", file=sys.stderr)
