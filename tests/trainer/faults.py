"""Disks that fail: every file operation of a piece of work in turn goes wrong, or is the last before a kill.

What writes is wrapped where Python meets the system, so that no code under test knows of it.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import safetensors.torch
from safetensors import SafetensorError

KINDS = ("kill", "short", "ENOSPC", "EIO", "EACCES")

_CALLS = ("open", "fsync", "replace", "rename", "chmod", "unlink", "mkdir", "rmdir", "truncate")
_TIDYING = {"unlink", "rmdir", "close"}
"""A full disk doesn't keep anybody from these."""


class Killed(BaseException):
    """The process ends here: nothing that follows reaches the disk, tidying up included."""


class Disk:
    """Counts operations; the one numbered ``at`` fails as ``kind`` says. Without a kind all is well."""

    def __init__(self, kind: str = "", at: int = -1) -> None:
        self.kind, self.at, self.done, self.dead = kind, at, 0, False

    def step(self, name: str) -> bool:
        """Before an operation; returns whether it is to be done by half and then fail."""
        if self.dead:
            raise Killed
        number, self.done = self.done, self.done + 1
        full = self.kind in ("short", "ENOSPC") and number > self.at >= 0  # and stays so
        if number != self.at and not (full and name not in _TIDYING):
            return False
        if self.kind == "kill":
            self.dead = True
            raise Killed
        if self.kind == "short" and name == "write" and number == self.at:
            return True
        if self.kind in ("short", "ENOSPC") and name in _TIDYING:
            return False
        code = getattr(errno, "ENOSPC" if self.kind == "short" else self.kind)
        raise OSError(code, os.strerror(code))


class File:
    """A file whose every write is an operation that reaches the disk at once."""

    def __init__(self, disk: Disk, file: Any) -> None:
        self._disk, self._file = disk, file

    def write(self, content: Any) -> int:
        half = self._disk.step("write")
        if not half:
            written = self._file.write(content)
            self._file.flush()
            return written
        part = content[: len(content) // 2]
        written = self._file.write(part)
        self._file.flush()
        if isinstance(self._file, io.RawIOBase):
            return written
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def truncate(self, *where: int) -> int:
        self._disk.step("truncate")
        return self._file.truncate(*where)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> File:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def failing(disk: Disk) -> Iterator[None]:
    """Let everything that writes inside the block meet ``disk``."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _CALLS:
            patch.setattr(os, name, _wrapped(disk, name, getattr(os, name)))
        opens = io.open

        def opened(file: Any, mode: str = "r", *more: Any, **named: Any) -> Any:
            if not set(mode) & set("wax+"):
                return opens(file, mode, *more, **named)
            if not isinstance(file, int):  # a descriptor is open already
                disk.step("open")
            return File(disk, opens(file, mode, *more, **named))

        patch.setattr(io, "open", opened)
        patch.setattr(builtins, "open", opened)
        save = safetensors.torch.save_file

        def saved(tensors: Any, path: Any, metadata: Any = None) -> None:
            """Rust writes it in one go, and tells of a full disk in its own words."""
            try:
                half = disk.step("write")
            except OSError as error:
                raise SafetensorError(f"I/O error: {error.strerror} (os error {error.errno})") from error
            save(tensors, path, metadata=metadata)
            if half:
                with opens(path, "rb+") as file:
                    file.truncate(os.path.getsize(path) // 2)
                raise SafetensorError(f"I/O error: No space left (os error {errno.ENOSPC})")

        patch.setattr(safetensors.torch, "save_file", saved)
        yield


def _wrapped(disk: Disk, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*arguments: Any, **named: Any) -> Any:
        reads = name == "open" and not arguments[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if not reads:
            disk.step(name)
        return call(*arguments, **named)

    return wrapped


def operations(work: Callable[[], object]) -> int:
    """How many operations a piece of work takes where nothing fails."""
    disk = Disk()
    with failing(disk):
        work()
    return disk.done
