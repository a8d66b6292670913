"""Frames of the engine's thread beside a program that keeps one core busy: with all threads, and with as many
as ``engine.thread.crowding`` gives them.

In turns, in one run, and once more with nothing beside.
"""

from __future__ import annotations

import contextlib
import queue
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np

from engine.data.messages import Failed, ModelOpened, OpenModel, Picture, Reply, Ticket, Translate, Translated
from engine.models import catalogue
from engine.thread import crowding
from engine.thread.worker import Worker
from tests.bench.rows import Row

TURN_S = 6.0
TURNS = 3
MODEL = "shoes"


def run() -> list[Row]:
    """Medians of whole frames."""
    rows = []
    for beside, what in ((False, "with nothing beside"), (True, "beside one busy program")):
        taken: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(TURNS):
            for follows in (False, True):
                with _busy() if beside else contextlib.nullcontext():
                    taken[follows] += _frames(follows)
        all_threads, following = (statistics.median(taken[follows]) * 1000 for follows in (False, True))
        rows += [
            Row(f"frame of {MODEL}, all threads, {what}", None, all_threads, "ms"),
            Row(f"frame of {MODEL}, threads that make room, {what}", None, following, "ms"),
        ]
    return rows


@contextlib.contextmanager
def _busy() -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as program:
        try:
            yield
        finally:
            program.kill()


def _frames(follows: bool) -> list[float]:
    """Seconds of each frame, after the first second."""
    held_up, crowding.HELD_UP = crowding.HELD_UP, crowding.HELD_UP if follows else -1.0
    replies: queue.Queue[Reply] = queue.Queue()
    worker = Worker(replies.put)
    worker.start()
    try:
        worker.send(OpenModel(1, catalogue.find(MODEL)))
        while not isinstance(replies.get(), ModelOpened):
            pass
        lines = np.full((256, 256), 255, np.uint8)
        begun, seconds, revision = time.monotonic(), [], 0
        while (gone := time.monotonic() - begun) < TURN_S:
            revision += 1
            lines[revision % 256] ^= 255
            worker.send(Translate(Ticket(1, revision), Picture(None, lines.copy(), None), (256, 256), None))
            while not isinstance(reply := replies.get(), (Translated, Failed)):
                pass
            assert isinstance(reply, Translated), reply
            if gone > 1:
                seconds.append(reply.seconds)
        return seconds
    finally:
        worker.stop()
        crowding.HELD_UP = held_up
