"""Zip files from strangers: everything is measured before memory is taken, and nothing is unpacked."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from PySide6.QtCore import QCoreApplication

from engine.errors import PictureError

MOST_BYTES = 512 << 20
"""Of the whole file."""
MOST_MEMBER = 160 << 20
"""Of one unpacked member."""
MOST_DIRECTORY = 2 << 20
"""Of the zip's own table of contents."""

translate = QCoreApplication.translate


class Archive:
    """An open zip file; members are read into memory alone."""

    def __init__(self, file: zipfile.ZipFile, name: str) -> None:
        self._file = file
        self._name = name
        # A name may lead out of the folder where somebody unpacks it; such members aren't looked at.
        self._members = {info.filename: info for info in file.infolist() if not _leads_out(info.filename)}
        self.names = frozenset(self._members)

    def size(self, member: str) -> int:
        """Bytes of a member once it is unpacked, as the file claims; 0 where there is none."""
        info = self._members.get(member)
        return info.file_size if info is not None else 0

    def read(self, member: str, most: int, first: int = -1) -> bytes:
        """The bytes of a member that has at most ``most``; no more than the ``first`` ones, where given.

        Raises:
            PictureError: missing, damaged, encrypted or larger.
        """
        info = self._members.get(member)
        if info is None:
            text = translate("paint", "“{0}” lacks its part “{1}”; it is damaged or of another sort.")
            raise PictureError(text.format(self._name, member[:80]))
        if info.file_size > most and not 0 <= first <= most:
            text = translate("paint", "“{0}” unpacks to more than can be opened; it may be meant to do harm.")
            raise PictureError(text.format(self._name))
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _damaged(self._name)
        try:
            # Never gives more than file_size, whatever the packed data says.
            with self._file.open(info) as content:
                return content.read(first)
        except (
            zipfile.BadZipFile,
            zlib.error,
            RuntimeError,
            NotImplementedError,
            OSError,
            EOFError,
        ) as error:
            raise _damaged(self._name) from error


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a zip file for reading.

    Raises:
        PictureError: missing, no zip file, damaged or too large.
    """
    with ExitStack() as stack:
        try:
            raw = stack.enter_context(path.open("rb"))
            _check(raw, path.name)
            archive = Archive(stack.enter_context(zipfile.ZipFile(raw)), path.name)
        except OSError as error:
            text = translate("paint", "“{0}” can't be read ({1}).")
            raise PictureError(text.format(path.name, error.strerror or error)) from error
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise _damaged(path.name) from error
        yield archive


def _check(raw: BinaryIO, name: str) -> None:
    """Look at the end record (zip specification 4.3.16), so that a table of contents with millions of
    entries is refused before it is read."""
    size = raw.seek(0, 2)
    if size > MOST_BYTES:
        text = translate("paint", "“{0}” is larger than {1} MB.")
        raise PictureError(text.format(name, MOST_BYTES >> 20))
    raw.seek(max(0, size - 65_557 - 20))
    tail = raw.read()
    raw.seek(0)
    place = tail.rfind(b"PK\5\6")
    if place < 0 or len(tail) < place + 22:
        raise _damaged(name)
    directory = int.from_bytes(tail[place + 12 : place + 16], "little")
    # The larger variety of zip has its true numbers elsewhere; pictures don't need it.
    if directory > MOST_DIRECTORY or b"PK\6\7" in tail[max(0, place - 20) : place]:
        raise _damaged(name)


def _leads_out(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")


def _damaged(name: str) -> PictureError:
    text = translate("paint", "“{0}” is damaged or no OpenRaster file; fetch or save it anew.")
    return PictureError(text.format(name))
