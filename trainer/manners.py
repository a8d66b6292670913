"""How a long training behaves beside other programs on the same machine."""

from __future__ import annotations

import os
import sys


def wait_idly() -> None:
    """Let threads sleep while they wait for each other, rather than spin. Before torch is imported.

    Beside another busy program a training is more than twice as quick that way, and hardly slower alone.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def go_last() -> None:
    """Lower this process's priority; a training must not make the canvas stutter."""
    if hasattr(os, "nice"):
        os.nice(10)
    elif sys.platform == "win32":
        import ctypes

        below_normal = 0x4000
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), below_normal)
