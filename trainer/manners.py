"""How a long training behaves beside other programs on the same machine."""

from __future__ import annotations

import os
import sys


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
    """Lower this process's priority; a training must not make the canvas stutter."""
    if hasattr(os, "nice"):
        os.nice(10)
    elif sys.platform == "win32":
        import ctypes

        below_normal = 0x4000
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), below_normal)
