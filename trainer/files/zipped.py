"""Files of a data set, in a folder or in a zip file, which is read as it is and never unpacked.

A member of “set.zip” is named as if the zip file were a folder: “set.zip/train/1.png”. Zip files come from
strangers; the rules for these stand in ``engine.files.archive``.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from engine.data.picture import MOST_BYTES
from engine.errors import PictureError
from engine.files import archive
from engine.files.archive import Archive, ArchiveError, Limits

ENDING = ".zip"

LIMITS = Limits(members=500_000, directory=128 << 20)

_MEMBERS = {
    "missing": "does not exist; check its name",
    "member too large": f"is larger than {MOST_BYTES >> 20} MB; scale it down first",
    "bomb": "unpacks to far more than its size; it may be meant to do harm",
    "packing": "is packed in an unusual way; pack the zip file anew",
    "encrypted": "is encrypted; unpack the zip file with its password and choose the folder",
}
_DAMAGED = "is damaged or cut short; fetch or save it anew"
"""How sentences go on that begin with a member's name."""


def is_packed(folder: Path) -> bool:
    """Whether this is a zip file rather than a folder."""
    return folder.suffix.lower() == ENDING and os.path.isfile(folder)


def walk(
    folder: Path, deepest: int, unread: list[OSError] | None = None
) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """The folders below one, or in a zip file, each as the parts of its path, and its files' names, sorted.

    What is hidden, or deeper than ``deepest`` folders, is passed over; so are links that lead
    back, or to a folder that is looked into anyway.

    Args:
        unread: gets what the system says of folders that it doesn't let be looked into.

    Raises:
        PictureError: a zip file that is damaged, encrypted or beyond all measure.
    """
    member_of = _split(folder / "*")
    if member_of is not None:
        inside = tuple(PurePosixPath(member_of[1]).parts[:-1])
        yield from _walked(_opened(member_of[0]), inside, deepest)
        return
    seen = {os.path.realpath(folder)}
    onerror = None if unread is None else unread.append
    for place, folders, files in os.walk(folder, onerror=onerror, followlinks=True):
        parts = Path(place).relative_to(folder).parts
        folders[:] = sorted(
            name
            for name in folders
            if not _is_hidden(name) and len(parts) < deepest and not _leads_back(Path(place, name), seen)
        )
        yield parts, sorted(name for name in files if not name.startswith("."))


def root(folder: Path) -> Path:
    """Where a data set begins: in a zip file, which is mostly packed with its folder, that folder.

    Raises:
        PictureError: as ``walk``.
    """
    if not is_packed(folder):
        return folder
    tops = {PurePosixPath(name).parts[0] for name in _opened(folder).names if not _is_hidden(name)}
    only = tops.pop() if len(tops) == 1 else ""
    return folder / only if only and only not in _opened(folder).names else folder


def is_file(file: Path) -> bool:
    """Whether there is such a file, or such a member of a zip file.

    Raises:
        PictureError: as ``walk``.
    """
    member_of = _split(file)
    return os.path.isfile(file) if member_of is None else member_of[1] in _opened(member_of[0]).names


def size(file: Path) -> int:
    """Bytes of a file, unpacked.

    Raises:
        OSError: it is gone.
        PictureError: as ``walk``.
    """
    member_of = _split(file)
    if member_of is None:
        return file.stat().st_size
    path, member = member_of
    opened = _opened(path)
    if member not in opened.names:
        raise FileNotFoundError(file)
    return opened.size(member)


def source(file: Path) -> Path | bytes:
    """What a reader of pictures takes: the file's path, or a member's bytes.

    Raises:
        PictureError: the member is missing, damaged, or larger than pictures may be.
    """
    member_of = _split(file)
    if member_of is None:
        return file
    try:
        return _opened(member_of[0]).read(member_of[1], MOST_BYTES)
    except ArchiveError as error:
        raise PictureError(f"“{file.name}” {_MEMBERS.get(error.reason, _DAMAGED)}.") from error


def left_out(folder: Path) -> tuple[str, ...]:
    """Names in a zip file that are not looked at, as ``engine.files.archive`` has them; none in a folder.

    Raises:
        PictureError: as ``walk``.
    """
    return _opened(folder).left_out if is_packed(folder) else ()


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


def _leads_back(folder: Path, seen: set[str]) -> bool:
    """Whether a folder is a link to one of ``seen``, within or around it; else it is seen from now on."""
    if not folder.is_symlink():
        return False
    real = os.path.realpath(folder)
    for known in seen:
        with suppress(ValueError):  # on Windows, of another drive
            if os.path.commonpath((real, known)) in (real, known):
                return True
    seen.add(real)
    return False


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__"))


def _walked(
    opened: Archive, inside: tuple[str, ...], deepest: int
) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    folders: dict[tuple[str, ...], list[str]] = {}
    for name in opened.names:
        *parts, last = PurePosixPath(name).parts
        if tuple(parts[: len(inside)]) != inside:
            continue
        parts = parts[len(inside) :]
        if len(parts) <= deepest and not last.startswith(".") and not any(map(_is_hidden, parts)):
            folders.setdefault(tuple(parts), []).append(last)
    for place in sorted(folders):
        yield place, sorted(folders[place])


_known: dict[Path, tuple[tuple[int, int], Archive]] = {}
_lock = threading.Lock()


def _opened(path: Path) -> Archive:
    """The zip file, opened once; anew when it has changed."""
    with _lock:
        try:
            about = path.stat()
            mark = about.st_mtime_ns, about.st_size
            if path in _known and _known[path][0] == mark:
                return _known[path][1]
            opened = archive.opened(path, LIMITS)
        except OSError as error:
            raise PictureError(f"“{path.name}” can't be read ({error.strerror or error}).") from error
        except ArchiveError as error:
            raise PictureError(f"“{path.name}” {_refused(error)}.") from error
        if opened.is_encrypted:
            opened.close()
            raise PictureError(
                f"“{path.name}” is encrypted; unpack it with its password and choose the folder."
            )
        for _, former in _known.values():
            former.close()
        _known.clear()  # one is enough: nobody trains on two
        _known[path] = mark, opened
        return opened


def _refused(error: ArchiveError) -> str:
    if error.reason == "countless":
        return f"says that it holds more than {LIMITS.members:,} files; choose it unpacked"
    return "is damaged or no zip file; fetch it anew, or choose an unpacked folder"
