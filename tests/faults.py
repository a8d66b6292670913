"""Faults of the file system, put between the program and the system: every operation that changes a file can
fail, write less than it was given, or be the last one that a killed process gets done.

Only what is below a folder is touched, and only in this process; whatever thread does it.
"""

from __future__ import annotations

import errno
import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

KINDS = ("short", "ENOSPC", "EIO", "EACCES", "kill")
"""``short`` writes half of what it was given and says so, and fails when asked to go on; ``kill`` lets
nothing happen from then on."""

_CHANGING = [
    *("open", "replace", "rename", "unlink", "mkdir", "rmdir"),
    *(name for name in ("fsync", "chmod", "truncate", "posix_fallocate") if hasattr(os, name)),
]


class Faults:
    """Counts the operations, and spoils the one numbered ``at``; ``lasting`` also all that follow.

    Attributes:
        done: names of the operations so far.
    """

    def __init__(self, folder: Path, kind: str = "", at: int = -1, *, lasting: bool = False) -> None:
        self.folder, self.kind, self.at = folder, kind, at
        self.lasting = lasting or kind == "kill"
        self.done: list[str] = []
        self.over = False
        self._counting = threading.Lock()

    def spoils(self, name: str) -> bool:
        """Count an operation; whether it is to go wrong."""
        if self.over:  # of a file that stays open
            return False
        with self._counting:
            number = len(self.done)
            self.done.append(name)
        return bool(self.kind) and (number == self.at or (self.lasting and number > self.at >= 0))

    def error(self) -> OSError:
        code = {"ENOSPC": errno.ENOSPC, "short": errno.ENOSPC, "EACCES": errno.EACCES}.get(
            self.kind, errno.EIO
        )
        return OSError(code, os.strerror(code))

    def concerns(self, path: object) -> bool:
        if isinstance(path, int):
            try:
                path = os.readlink(f"/proc/self/fd/{path}")
            except OSError:
                return False
        return isinstance(path, str | os.PathLike) and self.folder in (Path(path), *Path(path).parents)


class _Raw(io.FileIO):
    """A file as the system gives it, without a buffer."""

    faults: Faults

    def write(self, content: Any) -> int:
        if self.faults.spoils("write"):
            view = memoryview(content).cast("B")
            if self.faults.kind == "short" and len(view) > 1:
                self.faults.at += 1  # and the next one is refused
                return super().write(view[: len(view) // 2])
            raise self.faults.error()
        return super().write(content)

    def truncate(self, size: int | None = None) -> int:
        if self.faults.spoils("truncate"):
            raise self.faults.error()
        return super().truncate(size)


@contextmanager
def at_work(monkeypatch: pytest.MonkeyPatch, faults: Faults) -> Iterator[Faults]:
    """Put them between this process and the system."""
    plain_open = io.open

    def open_spoilt(file: Any, mode: str = "r", buffering: int = -1, *more: Any, **named: Any) -> Any:
        writes = set(mode) & set("wax+")
        if not writes or isinstance(file, int) or not faults.concerns(file):
            return plain_open(file, mode, buffering, *more, **named)
        if set(mode) & set("wx") and faults.spoils("open"):
            raise faults.error()
        raw = _Raw(file, mode.replace("b", "").replace("t", ""))
        raw.faults = faults
        if buffering == 0:
            return raw
        buffered: Any = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, *more, **named)

    def spoilt(name: str) -> Callable[..., Any]:
        plain = getattr(os, name)

        def operation(path: Any, *more: Any, **named: Any) -> Any:
            place = path
            if named.get("dir_fd") is not None:
                place = os.path.join(os.readlink(f"/proc/self/fd/{named['dir_fd']}"), path)
            changes = name != "open" or (more and more[0] & os.O_CREAT)
            if changes and faults.concerns(place) and faults.spoils(name):
                raise faults.error()
            # To wait for the disk takes long and is not what is tried.
            return None if name == "fsync" else plain(path, *more, **named)

        return operation

    with monkeypatch.context() as patch:
        for name in _CHANGING:
            patch.setattr(os, name, spoilt(name))
        patch.setattr(io, "open", open_spoilt)
        patch.setattr("builtins.open", open_spoilt)
        yield faults
    faults.over = True


def every_fault(done: list[str]) -> Iterator[tuple[str, int]]:
    """Each kind of fault at each of the operations that a run without any has done."""
    for kind in KINDS:
        for at, name in enumerate(done):
            if kind != "short" or name == "write":
                yield kind, at
