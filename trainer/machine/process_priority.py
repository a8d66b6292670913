"""How a long training behaves beside other programs on the same machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

LOWEST = 19
"""The nicest that a process can be."""


def behave(gently: bool) -> None:
    """Before torch is imported: threads inherit how they are scheduled from the one that starts them.

    Args:
        gently: every other program goes first; unless the environment has ``UNDERPAINT_HURRY``, for whoever
            wants a training from the window to be done beside work that leaves nothing of the processor.
    """
    wait_idly()
    keep_memory()
    if gently and not os.environ.get("UNDERPAINT_HURRY"):
        go_last()


def wait_idly() -> None:
    """Let threads sleep while they wait for each other, rather than spin. Before torch is imported.

    Beside another busy program a training is more than twice as quick that way, and hardly slower alone.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def keep_memory() -> None:
    """Let the C library keep freed memory for the next step instead of giving it back to the system.

    Each step frees and takes hundreds of megabytes; getting them anew, zeroed page by page, cost 2 to 7 % of
    a step. Known to glibc; elsewhere without effect.
    """
    if sys.platform != "linux":
        return
    import ctypes

    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(mmap_threshold, 1 << 30)
    mallopt(trim_threshold, (1 << 31) - 1)


def go_last() -> None:
    """Take only what other programs leave of the processor; a training must not make the canvas stutter.

    On Linux the idle class of the scheduler: whoever else wakes up takes the core at once, where a merely
    nicer process would first use up its turn. Its reads and writes come last too, by the same class
    (ioprio_set(2)). Where there is no such class, the lowest priority.
    """
    if sys.platform == "win32":
        import psutil

        # Its “background mode” would keep the process to 32 MB of memory as well.
        psutil.Process().nice(psutil.IDLE_PRIORITY_CLASS)
        return
    os.nice(LOWEST)
    if sys.platform == "linux":
        try:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        except OSError:  # not everybody may, in some containers
            pass
        _let_other_sessions_go_first()


def _let_other_sessions_go_first() -> None:
    """Linux may share the processor out among sessions first, and only within each by what its processes are
    (sched(7), “The autogroup feature”). A session of our own, as the window begins one for a training, would
    then count as much as the window's. In a terminal's session there are others, who are left alone.
    """
    if os.getsid(0) != os.getpid():
        return
    try:
        Path("/proc/self/autogroup").write_text(str(LOWEST), "ascii")
    except OSError:  # no such feature
        pass
