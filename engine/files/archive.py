"""Zip files from strangers: everything is measured before memory is taken, nothing is unpacked to disk.

What a zip file says of itself may be a lie: how many members it has, how large they are, and where. Names may
lead out of the folder where somebody unpacks it. Each of these rules stands here once, whatever the zip file
is for; the sentences are those of whoever opened it.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Literal

Reason = Literal[
    "too large", "countless", "damaged", "missing", "member too large", "bomb", "encrypted", "packing"
]

MOST_RATIO = 1000
"""So many times smaller may a member be packed, if it is larger than …"""
RATIO_FROM = 1 << 20
"""… so many bytes: plain areas pack well, bombs a thousand times better."""

PIECE_BYTES = 1 << 20
"""Bytes unpacked at a time. At once, more may come out than a member is said to hold: as much as there is."""
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1 | 0x40
"""Flags of members, zip specification 4.4.4."""
_END, _LOCATOR, _RECORD = 22, 20, 56
"""Bytes of the end record, 4.3.16, and of the two before it in large zip files, 4.3.15 and 4.3.14."""
_LONGEST_COMMENT = 0xFFFF
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What the library raises on damaged files, of which names that are no text are a ``ValueError``."""


class ArchiveError(Exception):
    """A zip file, or a member, that is not read; ``reason`` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True)
class Limits:
    """The most that is borne: members, bytes of the table of contents, and bytes of the file."""

    members: int
    directory: int
    whole: int | None = None


class Archive:
    """An open zip file; members are read into memory alone, by several threads if need be."""

    def __init__(self, file: zipfile.ZipFile, raw: BinaryIO, length: int) -> None:
        self._file, self._raw, self._length = file, raw, length
        self._members: dict[str, zipfile.ZipInfo] = {}
        left: list[str] = []
        for info in file.infolist():
            if info.filename.endswith("/"):  # is_dir() of Python 3.11 fails on an empty name
                continue
            name = _inside(info)
            if name is None or not _is_plain(info):
                left.append(info.filename)
                continue
            if name in self._members:
                left.append(name)
            self._members[name] = info  # the last one, which unpacking would leave
        self.names = frozenset(self._members)
        self.left_out = tuple(left)
        """Names of members that are not looked at: they lead out of the zip file, are links or devices, or
        there is a later one of the same name."""

    @property
    def is_encrypted(self) -> bool:
        """Whether any member is."""
        return any(info.flag_bits & _ENCRYPTED for info in self._members.values())

    def size(self, member: str) -> int:
        """Bytes of a member once it is unpacked, as the file claims; 0 where there is none."""
        info = self._members.get(member)
        return info.file_size if info is not None else 0

    def read(self, member: str, most: int, first: int = -1) -> bytes:
        """The bytes of a member that has at most ``most``; no more than the ``first`` ones, where given.

        Raises:
            ArchiveError: missing, damaged, encrypted, larger, packed in another way, or a bomb.
        """
        info = self._members.get(member)
        if info is None:
            raise ArchiveError("missing")
        if info.flag_bits & _ENCRYPTED:
            raise ArchiveError("encrypted")
        is_part = 0 <= first <= most
        if info.file_size > most and not is_part:
            raise ArchiveError("member too large")
        if not is_part and info.file_size > max(RATIO_FROM, MOST_RATIO * info.compress_size):
            raise ArchiveError("bomb")
        if info.compress_type not in _PACKINGS:
            raise ArchiveError("packing")
        if info.compress_size > self._length:
            raise ArchiveError("damaged")
        wanted = min(first, info.file_size) if is_part else info.file_size
        found, length = io.BytesIO(), 0
        try:
            with self._file.open(info) as content:
                while piece := content.read(min(PIECE_BYTES, wanted + 1 - length)):
                    length += found.write(piece)
                    if length >= wanted and is_part:
                        break
        except _DAMAGE as error:
            raise ArchiveError("damaged") from error
        if length < wanted:
            raise ArchiveError("damaged")
        # Handed over, not copied: no other thread runs while a hundred megabytes are.
        found.truncate(wanted)
        return found.getvalue()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        self._raw.close()

    def __del__(self) -> None:
        self.close()  # as the library does with files that it opened itself


def opened(path: Path, limits: Limits) -> Archive:
    """Open a zip file for reading; it stays open until it is closed.

    Raises:
        OSError: it can't be read.
        ArchiveError: no zip file, damaged, or beyond the limits.
    """
    if stat.S_ISFIFO(path.stat().st_mode):  # to open a pipe is to wait until somebody writes into it
        raise ArchiveError("damaged")
    raw = path.open("rb")
    try:
        length = raw.seek(0, 2)
        measure(raw, length, limits)
        raw.seek(0)
        try:
            file = zipfile.ZipFile(raw)
        except _DAMAGE as error:
            raise ArchiveError("damaged") from error
        return Archive(file, raw, length)
    except BaseException:
        raw.close()
        raise


@contextmanager
def opening(path: Path, limits: Limits) -> Iterator[Archive]:
    """As ``opened``, and closed behind the block."""
    archive = opened(path, limits)
    try:
        yield archive
    finally:
        archive.close()


def measure(raw: IO[bytes], length: int, limits: Limits) -> None:
    """Look at the end record, so that a table of contents beyond measure is refused before it is read.

    Only one way to understand the file is let pass: the library, or another version of it, must not find
    another table of contents than the one that was measured.

    Args:
        length: bytes of the file.

    Raises:
        ArchiveError: no zip file, damaged, or beyond the limits.
    """
    if limits.whole is not None and length > limits.whole:
        raise ArchiveError("too large")
    before = max(0, length - _END - _LONGEST_COMMENT - _LOCATOR - _RECORD)
    raw.seek(before)
    tail = raw.read()
    place = tail.rfind(b"PK\5\6")
    if place < 0 or len(tail) < place + _END:
        raise ArchiveError("damaged")
    count, directory, offset = struct.unpack("<HII", tail[place + 10 : place + 20])
    end = before + place
    if place >= _LOCATOR and tail[place - _LOCATOR :].startswith(b"PK\6\7"):
        # Of large zip files the true numbers stand in a record of their own.
        record = tail[max(0, place - _LOCATOR - _RECORD) : place - _LOCATOR]
        if len(record) < _RECORD or not record.startswith(b"PK\6\6"):
            raise ArchiveError("damaged")
        count, directory, offset = struct.unpack("<QQQ", record[32:56])
        end -= _LOCATOR + _RECORD
        said = struct.unpack("<Q", tail[place - 12 : place - 4])[0]
    else:
        said = offset + directory
    if count > limits.members or directory > limits.directory:
        raise ArchiveError("countless")
    if (
        said != offset + directory or offset + directory > end
    ):  # there may be a program before it, as in what unpacks itself
        raise ArchiveError("damaged")
    raw.seek(end - directory)
    # How many there are is counted: the number in the record may be anything.
    if raw.read(directory).count(b"PK\1\2") > limits.members:
        raise ArchiveError("countless")


def _inside(info: zipfile.ZipInfo) -> str | None:
    """A member's name without empty parts; None where it leads out of the zip file, on any system."""
    for name in (info.filename, info.orig_filename):
        if name.startswith("/") or any(sign in name for sign in "\\:\0") or ".." in name.split("/"):
            return None
    return "/".join(part for part in info.filename.split("/") if part not in ("", ".")) or None


def _is_plain(info: zipfile.ZipInfo) -> bool:
    """Whether it is a file, rather than a link or a device."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    return kind in (0, stat.S_IFREG)
