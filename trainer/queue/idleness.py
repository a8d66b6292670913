"""Whether the machine is idle: nobody paints, and others leave most of the processor alone for a while.

Counted is what all programs together use of the processor, less what the queue's own training does.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import NamedTuple

import psutil

QUIET, BUSY = 0.25, 0.5
"""Shares of all cores: of an idle machine others use less than that, of a busy one more than this."""
QUIET_SECONDS = 120.0
"""The machine is idle after so long a quiet …"""
BUSY_SECONDS = 10.0
"""… and no longer after so much of work, …"""
AFTER_STROKE_SECONDS = 300.0
"""… nor so soon after a stroke of the pen."""


class Usage(NamedTuple):
    """Seconds of the processor since some beginning."""

    at: float
    """On the clock."""
    all: float
    """Used by everybody, on all cores together …"""
    own: float
    """… and by this process and its children."""


def usage(strays: Collection[int] = ()) -> Usage:
    """As the system counts.

    Args:
        strays: processes that count as one's own with their children, though others started them.
    """
    times = psutil.cpu_times()
    # A guest's time is in user time already; what waits for a disk leaves the processor alone.
    idle = times.idle + getattr(times, "iowait", 0.0)
    whole = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    mine: dict[int, psutil.Process] = {}  # a stray may be the child of another
    for pid in (os.getpid(), *strays):
        with suppress(psutil.Error):  # it has ended meanwhile
            one = psutil.Process(pid)
            mine |= {process.pid: process for process in (one, *one.children(recursive=True))}
    own = 0.0
    for process in mine.values():
        with suppress(psutil.Error):
            spent = process.cpu_times()
            own += spent.user + spent.system
    return Usage(time.monotonic(), whole - idle, own)


class Idleness:
    """Asked again and again.

    Args:
        measure: what has been used of the processor.
        cores: how many there are.
    """

    def __init__(self, measure: Callable[[], Usage] = usage, cores: int | None = None) -> None:
        self._measure, self._cores = measure, cores or os.cpu_count() or 1
        self._last = measure()
        self._quiet_since: float | None = self._last.at
        self._busy_since: float | None = None
        self._idle = False

    def look(self, since_stroke: float) -> bool:
        """Whether the machine is idle now.

        Args:
            since_stroke: seconds since somebody painted.
        """
        now = self._measure()
        seconds = now.at - self._last.at
        if seconds >= 1:  # the system counts in hundredths
            used = (now.all - self._last.all) - max(0.0, now.own - self._last.own)
            share = max(0.0, used) / (seconds * self._cores)
            before = self._last.at
            self._quiet_since = (
                None if share >= QUIET else before if self._quiet_since is None else self._quiet_since
            )
            self._busy_since = (
                None if share <= BUSY else before if self._busy_since is None else self._busy_since
            )
            self._last = now
        if self._busy_since is not None and now.at - self._busy_since >= BUSY_SECONDS:
            self._idle = False
        elif self._quiet_since is not None and now.at - self._quiet_since >= QUIET_SECONDS:
            self._idle = True
        return self._idle and since_stroke >= AFTER_STROKE_SECONDS
