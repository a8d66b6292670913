"""A file held by a process: anybody can tell whether somebody works on what it stands for.

The system lets go of the file when the process ends, however it ends. So a lock is never left behind by a
crash, and no number of a process that died can be mistaken for one that lives.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

PATIENCE_SECONDS = 0.5
"""To look whether a file is held is to hold it for a moment, shared with others who look; whoever wants it
for himself waits so long for them to be gone."""

_BEYOND = 1 << 30
"""The byte that is locked on Windows, where a locked one can't be written: behind all that ever will be."""


def hold(file: BinaryIO, patience: float = PATIENCE_SECONDS) -> bool:
    """Hold an open file until it is closed, in this process and in all that inherit it.

    Args:
        patience: seconds to wait for others to be gone.

    Returns:
        False where somebody else holds it.
    """
    deadline = time.monotonic() + patience
    while not _locked(file):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@contextmanager
def holding(path: Path) -> Iterator[bool]:
    """Hold ``path``, made if missing, inside the block; yields False where somebody else holds it.

    Raises:
        OSError: the file can't be made.
    """
    with path.open("ab") as file:
        yield hold(file)


def is_held(path: Path) -> bool:
    """Whether a process holds ``path``; nobody holds what isn't there."""
    try:
        if sys.platform == "win32":
            path.rename(path)  # refused while anybody has the file open
            return False
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return False


def _locked(file: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            place = file.tell()
            file.seek(_BEYOND)
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            finally:
                file.seek(place)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
