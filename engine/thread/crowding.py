"""How many threads a pass is shared among, beside other programs that want the processor too.

A pass is cut into hundreds of steps, and each waits for the slowest thread. With as many threads as cores,
one of which another program keeps busy, every step may wait for a turn of the scheduler: a frame of 18 ms has
taken 400. With one thread less nothing waits for anything. So threads are given up while passes are held up,
and taken back when cores are idle.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator

import psutil

log = logging.getLogger(__name__)

HELD_UP = 0.75
"""Passes are held up where the engine's thread ran for less than this share of their time. Waiting for one
that works counts as running, as threads spin; for one that is not let run doesn't."""

WATCHED_S = 0.12
"""Of passes, seconds that a verdict needs; some systems' clocks of threads tick every 16 ms."""

LEAST_S, MOST_S = 0.5, 16.0
"""Before a thread is taken back; twice as long each time that this was too early, up to the second."""

IDLE = 0.7
"""Of a core, what must have been idle for a thread to be taken back."""


class Crowd:
    """Counts the threads of passes on the processor. Used by the engine's thread alone.

    Attributes:
        most: threads where nothing is in the way.
        threads: for the next pass, 1 to ``most``.
    """

    def __init__(
        self,
        most: int,
        idle: Callable[[], float] | None = None,
        clock: Callable[[], float] = time.perf_counter,
        worked: Callable[[], float] = time.thread_time,
    ) -> None:
        """Begin with all threads.

        Args:
            idle: seconds that all cores together were idle so far.
            clock: seconds.
            worked: seconds that the calling thread ran.
        """
        self.most = self.threads = most
        self._clock, self._worked = clock, worked
        self._idle = idle or (lambda: _idle(self._worked() * self.threads))
        self._seconds = self._ran = 0.0
        self._counts = True
        self._patience = LEAST_S
        self._since, self._idle_then = clock(), 0.0
        self._raised_at: float | None = None

    @contextlib.contextmanager
    def a_pass(self) -> Iterator[int]:
        """Around a pass, which is to take so many threads."""
        start, ran = self._clock(), self._worked()
        yield self.threads
        self._seconds += self._clock() - start
        self._ran += self._worked() - ran
        if self._counts and self._seconds >= WATCHED_S:
            held_up = self._ran < HELD_UP * self._seconds
            self._seconds = self._ran = 0.0
            self._judge(held_up)

    def _judge(self, held_up: bool) -> None:
        try:
            self._change(held_up)
        except Exception:  # whatever the system says, or doesn't: no pass fails for it
            log.warning("Nobody can tell here when a core is idle; passes keep all threads", exc_info=True)
            self.threads, self._counts = self.most, False

    def _change(self, held_up: bool) -> None:
        now = self._clock()
        if held_up and self.threads > 1:
            early = self._raised_at is not None and now - self._raised_at < 2 * self._patience
            self._patience = min(MOST_S, 2 * self._patience) if early else LEAST_S
            self.threads -= 1
            self._watch(now)
        elif self.threads < self.most and now - self._since >= self._patience:
            if self._idle() - self._idle_then >= IDLE * (now - self._since):
                self.threads += 1
                self._raised_at = now
            self._watch(now)

    def _watch(self, now: float) -> None:
        self._since, self._idle_then = now, self._idle()


def _idle(ours: float) -> float:
    """Seconds that all cores together did nothing, or what lets everybody else run first.

    Args:
        ours: seconds that passes ran; on Linux they step back behind the pen, and would count as such.
    """
    times = psutil.cpu_times()
    patient = getattr(times, "nice", 0.0) - (ours if sys.platform == "linux" else 0.0)
    return float(times.idle + getattr(times, "iowait", 0.0) + patient)
