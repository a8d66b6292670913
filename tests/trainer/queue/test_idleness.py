"""When a machine counts as idle, by made-up uses of a processor with four cores; and by this one's."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import psutil

from trainer.queue.idleness import AFTER_STROKE_SECONDS, BUSY_SECONDS, QUIET_SECONDS, Idleness, Usage, usage

LONG_AGO = AFTER_STROKE_SECONDS


class Machine:
    """Four cores, of which others use a share, and the queue's training one."""

    def __init__(self) -> None:
        self.now = Usage(0.0, 0.0, 0.0)

    def works(self, seconds: float, others: float, own: float = 0.0) -> None:
        at, all, mine = self.now
        self.now = Usage(at + seconds, all + seconds * 4 * (others + own), mine + seconds * 4 * own)

    def __call__(self) -> Usage:
        return self.now


def looks(
    idleness: Idleness, machine: Machine, seconds: float, others: float, own: float = 0.0
) -> Iterator[bool]:
    for _ in range(int(seconds)):
        machine.works(1, others, own)
        yield idleness.look(LONG_AGO)


def test_a_machine_is_idle_after_a_quiet_and_busy_after_some_work() -> None:
    machine = Machine()
    idleness = Idleness(machine, cores=4)
    assert not any(looks(idleness, machine, QUIET_SECONDS - 1, 0.1))
    assert all(looks(idleness, machine, 5, 0.1))
    # The queue's own training is nobody's work; neither is a short burst of others, nor something in between.
    assert all(looks(idleness, machine, 50, 0.1, own=0.7))
    assert all(looks(idleness, machine, BUSY_SECONDS - 1, 0.9))
    assert all(looks(idleness, machine, 50, 0.4))
    assert list(looks(idleness, machine, BUSY_SECONDS + 2, 0.9))[-1] is False
    # It must be quiet all the time to be idle again.
    assert not any(looks(idleness, machine, QUIET_SECONDS - 1, 0.1))
    assert not any(looks(idleness, machine, 2, 0.3))
    assert not any(looks(idleness, machine, QUIET_SECONDS - 1, 0.1))
    assert list(looks(idleness, machine, 2, 0.1))[-1]


def test_who_paints_is_not_away() -> None:
    machine = Machine()
    idleness = Idleness(machine, cores=4)
    assert list(looks(idleness, machine, QUIET_SECONDS + 1, 0.0))[-1]
    assert not idleness.look(AFTER_STROKE_SECONDS - 1) and idleness.look(float("inf"))


def test_a_stray_training_is_counted_as_ones_own() -> None:
    """One that outlived the runner that began it is no child of the next one."""
    busy = "[sys.executable, '-c', 'while True: pass'], stdout=nowhere, stderr=nowhere"
    words = f"import subprocess, sys; nowhere = subprocess.DEVNULL; print(subprocess.Popen({busy}).pid)"
    begun = subprocess.run([sys.executable, "-c", words], capture_output=True, check=True, text=True)
    stray = psutil.Process(int(begun.stdout))
    try:
        before, alone = usage([stray.pid]), usage()
        while usage([stray.pid]).own - before.own < 0.5:
            assert stray.is_running()
        # What is not told of a stray takes it for others': this process alone has used less of it.
        assert usage().own - alone.own < usage([stray.pid]).own - before.own
    finally:
        stray.kill()
    usage([stray.pid])  # one that is no more costs nothing


def test_this_process_is_counted_as_ones_own() -> None:
    before = usage()
    began = time.process_time()
    while (spent := time.process_time() - began) < 0.2:
        pass
    after = usage()
    # The system counts in hundredths.
    assert after.own - before.own >= spent - 0.02 and after.at > before.at and after.all >= before.all > 0
