"""OpenRaster files as zip files from strangers; the rules for these stand in ``engine.files.archive``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from engine.errors import PictureError
from engine.files import archive
from engine.files.archive import ArchiveError, Limits, Reason

MOST_BYTES = 2 << 30
"""Of the whole file: all that one of ours may hold, layers and kept frames that pack to nothing less."""
MOST_MEMBER = 160 << 20
"""Of one unpacked member."""
LIMITS = Limits(members=20_000, directory=2 << 20, whole=MOST_BYTES)

_ENTRY = 256
"""Bytes that a member takes beside what is in it, with a name as ours are, and more than the end takes."""

translate = QCoreApplication.translate


class Archive:
    """An open OpenRaster file; members are read into memory alone."""

    def __init__(self, file: archive.Archive, name: str) -> None:
        self._file, self._name = file, name
        self.names = file.names
        self.passes_over = bool(file.left_out)
        """Whether there is something that can't be read: links, say, or a second part of the same name."""

    def size(self, member: str) -> int:
        """Bytes of a member once it is unpacked, as the file claims; 0 where there is none."""
        return self._file.size(member)

    def read(self, member: str, most: int, first: int = -1) -> bytes:
        """The bytes of a member that has at most ``most``; no more than the ``first`` ones, where given.

        Raises:
            PictureError: missing, damaged, encrypted or larger.
        """
        try:
            return self._file.read(member, most, first)
        except ArchiveError as error:
            raise PictureError(_sentence(error.reason, self._name, member)) from error


def room_beside(members: Mapping[str, bytes]) -> int:
    """How many bytes a file that can be read again has room for beside some members as they are."""
    assert LIMITS.whole is not None
    return LIMITS.whole - sum(len(content) + _ENTRY for content in members.values()) - _ENTRY


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a zip file for reading.

    Raises:
        PictureError: missing, no zip file, damaged or too large.
    """
    try:
        file = archive.opened(path, LIMITS)
    except OSError as error:
        text = translate("paint", "“{0}” can't be read ({1}).")
        raise PictureError(text.format(path.name, error.strerror or error)) from error
    except ArchiveError as error:
        raise PictureError(_sentence(error.reason, path.name)) from error
    try:
        yield Archive(file, path.name)
    finally:
        file.close()


def _sentence(reason: Reason, name: str, member: str = "") -> str:
    """What is wrong, and what to do."""
    if reason == "missing":
        text = translate("paint", "“{0}” lacks its part “{1}”; it is damaged or of another sort.")
        return text.format(name, member[:80])
    if reason in ("member too large", "bomb"):
        text = translate("paint", "“{0}” unpacks to more than can be opened; it may be meant to do harm.")
        return text.format(name)
    if reason == "too large":
        return translate("paint", "“{0}” is larger than {1} MB.").format(name, MOST_BYTES >> 20)
    if reason == "encrypted":
        return translate("paint", "“{0}” is encrypted; save it without a password.").format(name)
    text = translate("paint", "“{0}” is damaged or no OpenRaster file; fetch or save it anew.")
    return text.format(name)
