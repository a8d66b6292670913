"""Files of a data set, in a folder or in a zip file, which is read as it is and never unpacked.

A member of “set.zip” is named as if the zip file were a folder: “set.zip/train/1.png”. Zip files come from
strangers: their table of contents is measured before it is read, a member before memory is taken for it,
and no name leads out of the zip file.
"""

from __future__ import annotations

import io
import os
import threading
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from engine.data.picture import MOST_BYTES
from engine.errors import PictureError

ENDING = ".zip"

MOST_MEMBERS = 500_000
MOST_DIRECTORY = 128 << 20
"""Bytes of a zip file's table of contents."""
MOST_RATIO = 1000
"""So many times smaller may a member be packed, if it is larger than …"""
_RATIO_FROM = 1 << 20
"""… so many bytes: plain areas pack well, bombs a thousand times better."""

_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def is_packed(folder: Path) -> bool:
    """Whether this is a zip file rather than a folder."""
    return folder.suffix.lower() == ENDING and folder.is_file()


def walk(folder: Path, deepest: int) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """The folders below one, or in a zip file, each as the parts of its path, and its files' names, sorted.

    What is hidden, or deeper than ``deepest`` folders, is passed over; links to folders are not followed.

    Raises:
        PictureError: a zip file that is damaged, encrypted or beyond all measure.
    """
    packed = _split(folder / "*")
    if packed is not None:
        inside = tuple(PurePosixPath(packed[1]).parts[:-1])
        yield from _opened(packed[0]).walk(inside, deepest)
        return
    for place, folders, files in os.walk(folder):
        parts = Path(place).relative_to(folder).parts
        folders[:] = sorted(name for name in folders if not _is_hidden(name) and len(parts) < deepest)
        yield parts, sorted(name for name in files if not name.startswith("."))


def root(folder: Path) -> Path:
    """Where a data set begins: in a zip file, which is mostly packed with its folder, that folder.

    Raises:
        PictureError: as ``walk``.
    """
    if not is_packed(folder):
        return folder
    tops = {PurePosixPath(name).parts[0] for name in _opened(folder).members if not _is_hidden(name)}
    only = tops.pop() if len(tops) == 1 else ""
    return folder / only if only and f"{only}" not in _opened(folder).members else folder


def is_file(file: Path) -> bool:
    """Whether there is such a file, or such a member of a zip file.

    Raises:
        PictureError: as ``walk``.
    """
    packed = _split(file)
    return file.is_file() if packed is None else packed[1] in _opened(packed[0]).members


def size(file: Path) -> int:
    """Bytes of a file, unpacked.

    Raises:
        OSError: it is gone.
        PictureError: as ``walk``.
    """
    packed = _split(file)
    if packed is None:
        return file.stat().st_size
    zipped, member = packed
    info = _opened(zipped).members.get(member)
    if info is None:
        raise FileNotFoundError(file)
    return info.file_size


def source(file: Path) -> Path | bytes:
    """What a reader of pictures takes: the file's path, or a member's bytes.

    Raises:
        PictureError: the member is missing, damaged, or larger than pictures may be.
    """
    packed = _split(file)
    return file if packed is None else _opened(packed[0]).read(packed[1])


def content(file: Path) -> bytes:
    """A file's bytes.

    Raises:
        OSError: it can't be read.
        PictureError: as ``source``.
    """
    found = source(file)
    return found if isinstance(found, bytes) else found.read_bytes()


def _split(file: Path) -> tuple[Path, str] | None:
    """The zip file and the member in it; None for plain files."""
    if ENDING not in str(file).lower():
        return None
    for parent in file.parents:
        if is_packed(parent):
            return parent, file.relative_to(parent).as_posix()
    return None


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__"))


@dataclass
class _Zip:
    """An open zip file; its members may be read by several threads."""

    name: str
    file: zipfile.ZipFile

    @cached_property
    def members(self) -> dict[str, zipfile.ZipInfo]:
        """Its files by their names; those whose names lead out of it are not among them."""
        return {
            info.filename: info
            for info in self.file.infolist()
            if not info.is_dir() and not _leads_out(info.filename)
        }

    def walk(self, inside: tuple[str, ...], deepest: int) -> Iterator[tuple[tuple[str, ...], list[str]]]:
        folders: dict[tuple[str, ...], list[str]] = {}
        for name in self.members:
            *parts, last = PurePosixPath(name).parts
            if tuple(parts[: len(inside)]) != inside:
                continue
            parts = parts[len(inside) :]
            if len(parts) <= deepest and not last.startswith(".") and not any(map(_is_hidden, parts)):
                folders.setdefault(tuple(parts), []).append(last)
        for place in sorted(folders):
            yield place, sorted(folders[place])

    def read(self, member: str) -> bytes:
        info = self.members.get(member)
        said = f"“{PurePosixPath(member).name}”"
        if info is None:
            raise PictureError(f"{said} does not exist; check its name.")
        if info.file_size > MOST_BYTES:
            raise PictureError(f"{said} is larger than {MOST_BYTES >> 20} MB; scale it down first.")
        if info.file_size > _RATIO_FROM and info.file_size > MOST_RATIO * max(1, info.compress_size):
            raise PictureError(f"{said} unpacks to far more than its size; it may be meant to do harm.")
        if info.compress_type not in _PACKINGS:
            raise PictureError(f"{said} is packed in an unusual way; pack the zip file anew.")
        try:
            # Never gives more than file_size, whatever the packed data says.
            return self.file.read(info)
        except (
            zipfile.BadZipFile,
            zlib.error,
            RuntimeError,
            NotImplementedError,
            OSError,
            EOFError,
        ) as error:
            raise PictureError(f"{said} is damaged or cut short; fetch or save it anew.") from error


_known: dict[Path, tuple[tuple[int, int], _Zip]] = {}
_lock = threading.Lock()


def _opened(path: Path) -> _Zip:
    """The zip file, opened once; anew when it has changed."""
    with _lock:
        try:
            about = path.stat()
            mark = about.st_mtime_ns, about.st_size
            if path in _known and _known[path][0] == mark:
                return _known[path][1]
            opened = _measured(path)
        except OSError as error:
            raise PictureError(f"“{path.name}” can't be read ({error.strerror or error}).") from error
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise PictureError(
                f"“{path.name}” is damaged or no zip file; fetch it anew, or choose an unpacked folder."
            ) from error
        for _, former in _known.values():
            former.file.close()
        _known.clear()  # one is enough: nobody trains on two
        _known[path] = mark, opened
        return opened


def _measured(path: Path) -> _Zip:
    """Open a zip file whose table of contents is bearable.

    Raises:
        PictureError: it is not, or the members are encrypted.
    """
    with path.open("rb") as raw:
        length = raw.seek(0, io.SEEK_END)
        raw.seek(max(0, length - 65_557 - 76))
        tail = raw.read()
    place = tail.rfind(b"PK\5\6")  # the end record, zip specification 4.3.16
    if place < 0 or len(tail) < place + 22:
        raise zipfile.BadZipFile
    count = int.from_bytes(tail[place + 10 : place + 12], "little")
    directory = int.from_bytes(tail[place + 12 : place + 16], "little")
    larger = tail.rfind(b"PK\6\6", 0, place)  # of large zip files the true numbers stand here, 4.3.14
    if larger >= 0 and b"PK\6\7" in tail[larger:place]:
        count = int.from_bytes(tail[larger + 32 : larger + 40], "little")
        directory = int.from_bytes(tail[larger + 40 : larger + 48], "little")
    if count > MOST_MEMBERS or directory > MOST_DIRECTORY:
        raise PictureError(
            f"“{path.name}” says that it holds more than {MOST_MEMBERS:,} files; choose it unpacked."
        )
    if directory > length:
        raise zipfile.BadZipFile
    file = zipfile.ZipFile(path)
    if any(info.flag_bits & 1 for info in file.infolist()):
        file.close()
        raise PictureError(f"“{path.name}” is encrypted; unpack it with its password and choose the folder.")
    return _Zip(path.name, file)


def _leads_out(name: str) -> bool:
    return name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/")
