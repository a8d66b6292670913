"""How much memory is free, and how much this process has taken at most. Sizes are bytes."""

from __future__ import annotations

import sys
from pathlib import Path

import torch


def free(where: str = "cpu") -> int:
    """What a device can still give, caches of files counted as free; 0 where the system doesn't tell."""
    if where.startswith("cuda"):
        return int(torch.cuda.mem_get_info(where)[0])
    return _told("/proc/meminfo", "MemAvailable:")


def peak(where: str = "cpu") -> int:
    """The most that this process had of a device's so far; 0 where the system doesn't tell."""
    if where.startswith("cuda"):
        return int(torch.cuda.max_memory_reserved(where))
    # Not what getrusage says: that starts with the memory of the process which started this one.
    told = _told("/proc/self/status", "VmHWM:")
    if told or sys.platform == "win32":
        return told
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _told(file: str, key: str) -> int:
    """One of Linux' figures, which are in kB; 0 elsewhere."""
    try:
        for line in Path(file).read_text("utf-8").splitlines():
            if line.startswith(key):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
