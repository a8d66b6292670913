"""Whether the others who train along are still alive: each process says so every few seconds, all listen.

A process that is killed closes its connections, and whoever waits for it knows at once. A machine that loses
its power or its network closes nothing, and whoever waits for it would wait for ever. So each process counts
up a number in the store that they met by; where another's number stands still for too long, this process says
so in a sentence and ends, in the middle of whatever it waits for. The run's last checkpoint is whole then.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

import torch.distributed as dist

from trainer.machine.errors import TrainingError

BEAT_SECONDS = 5.0
"""Between two signs of life."""

QUIET_SECONDS = 60.0
"""Without one of them: the other is lost."""

_LEFT = b"left"


class LostError(TrainingError):
    """Another of the processes that share a training is gone."""

    def __init__(self, size: int, why: str = "has ended") -> None:
        super().__init__(
            f"Another of the {size} processes that share this training {why}; the last checkpoint is whole. "
            "Start all of them again, with resume."
        )


def end_with(error: LostError) -> NoReturn:
    """Say what happened, and end this process though it waits for something that will never come."""
    sys.stderr.write(f"{error}\n")
    for stream in (sys.stderr, sys.stdout):
        stream.flush()
    os._exit(1)


class Lookout:
    """From its making to ``leave`` it keeps giving signs of life, and looks for those of others.

    Args:
        store: where all processes can read and write; this one's connection, used by nobody else meanwhile.
        lost: called once, on a thread, when another has been quiet for too long.
        quiet: seconds; ``beat`` likewise.
    """

    def __init__(
        self,
        store: dist.Store,  # type: ignore[name-defined]
        rank: int,
        size: int,
        lost: Callable[[LostError], None] = end_with,
        *,
        quiet: float = QUIET_SECONDS,
        beat: float = BEAT_SECONDS,
    ) -> None:
        self._store, self._rank, self._size = store, rank, size
        self._lost, self._quiet, self._beat = lost, quiet, beat
        self._left = threading.Event()
        self._others = [other for other in range(size) if other != rank]
        self._said: dict[int, bytes] = {}
        self._heard = dict.fromkeys(self._others, time.monotonic())
        store.set_timeout(timedelta(seconds=max(beat, 1.0)))
        # A store behind a network that is cut may keep whoever asks it; so another thread looks at the clock.
        self._threads = [
            threading.Thread(target=work, name=f"lookout {name}", daemon=True)
            for name, work in (("speaks", self._speak), ("listens", self._listen))
        ]
        for thread in self._threads:
            thread.start()

    def leave(self) -> None:
        """Say goodbye: from now on nobody waits for this process."""
        self._left.set()
        for thread in self._threads:
            thread.join(2 * self._beat)
        try:
            self._store.set(self._name(self._rank), _LEFT.decode())
        except RuntimeError:  # the one who keeps the store has left already
            return

    def _speak(self) -> None:
        beats = 0
        while not self._left.is_set():
            beats += 1
            try:
                self._store.set(self._name(self._rank), str(beats))
                for other in self._others:
                    # What isn't there yet would be waited for.
                    if self._store.check([self._name(other)]):
                        self._hear(other, self._store.get(self._name(other)))
            except RuntimeError:  # nothing is heard then
                pass
            self._left.wait(self._beat)

    def _hear(self, other: int, said: bytes) -> None:
        if said != self._said.get(other):
            self._said[other], self._heard[other] = said, time.monotonic()
        if said == _LEFT:
            self._heard[other] = float("inf")

    def _listen(self) -> None:
        while not self._left.wait(min(1.0, self._quiet / 4)):
            if time.monotonic() - min(self._heard.values()) > self._quiet:
                self._lost(LostError(self._size, f"has not been heard of for {self._quiet:.0f} seconds"))
                return

    @staticmethod
    def _name(rank: int) -> str:
        return f"alive {rank}"
