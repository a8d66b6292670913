"""How much memory is free, and how much this process has taken at most. Sizes are bytes."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import torch


def free(where: str = "cpu") -> int:
    """What a device can still give, caches of files counted as free."""
    if where.startswith("cuda"):
        return int(torch.cuda.mem_get_info(where)[0])
    return int(psutil.virtual_memory().available)


def peak(where: str = "cpu") -> int:
    """The most that this process had of a device's so far; 0 where the system doesn't tell."""
    if where.startswith("cuda"):
        return int(torch.cuda.max_memory_reserved(where))
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Not what getrusage says here: that starts with the memory of the process which started this one.
    status = Path("/proc/self/status").read_text("utf-8")
    return next((int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM:")), 0)
