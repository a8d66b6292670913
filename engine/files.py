"""Names of files that are safe everywhere; and writing files so that a reader never sees half of one, and a
crash never costs the old one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PORTS = {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
_RESERVED = {"con", "prn", "aux", "nul"} | _PORTS
"""Devices on Windows, whatever follows their first dot."""


def stem(name: str, otherwise: str) -> str:
    """The name of a file or folder that stays in its folder, on every system, whatever a model is called.

    Args:
        otherwise: taken where nothing is left of ``name``.

    Returns:
        Letters, digits, spaces and ``._-``, 1 to 100 of them.
    """
    kept = "".join(sign if sign.isalnum() or sign in " ._-" else "_" for sign in name)[:100].strip(" .")
    return f"_{kept}" if kept.split(".")[0].strip().lower() in _RESERVED else kept or otherwise


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; on success flush it and put it in its place.

    The temporary file lies in the same folder, so that the last step is one rename. If the body
    raises, ``target`` stays as it was and the temporary file is removed.

    Raises:
        OSError: the folder is missing, read-only or full.
    """
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".part")
    os.close(descriptor)
    part = Path(name)
    try:
        yield part
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        _take_usual_permissions(part, target)
        os.replace(part, target)
        _flush_folder(target.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _take_usual_permissions(part: Path, target: Path) -> None:
    """mkstemp makes files private; give ``part`` what ``target`` has, or what open() would give."""
    try:
        mode = target.stat().st_mode & 0o777
    except OSError:
        umask = os.umask(0)
        os.umask(umask)
        mode = 0o666 & ~umask
    os.chmod(part, mode)


def _flush_folder(folder: Path) -> None:
    """Make the rename itself durable; only POSIX lets a folder be flushed."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
