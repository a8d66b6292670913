"""Names of files that are safe everywhere; and writing files so that a reader never sees half of one, and a
crash never costs the old one."""

from __future__ import annotations

import errno
import itertools
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.parse import unquote_to_bytes

from engine.files.lock import hold, is_held

Name = TypeVar("Name", str, Path)

_PORTS = {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
_RESERVED = {"con", "prn", "aux", "nul"} | _PORTS
"""Devices on Windows, whatever follows their first dot."""

ABANDONED_AFTER = 3600
"""Seconds after which a temporary file that nobody holds was left by a process that is no more."""
_OURS = ".underpaint.part"
"""Temporary files end so; those of others in “.part” alone: downloads that somebody means to go on with."""
_PART = re.compile(rf"\..+\.[a-z0-9_]{{8}}{re.escape(_OURS)}")
_NO_TEXT = re.compile("[\ud800-\udfff]")
"""What Python makes of bytes in names that are not UTF-8."""
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of all that stands behind it, of a sentence around a name too."""
_LONGEST_PREFIX = 100
"""Bytes of the target's name that a temporary one begins with: names of 255 bytes are the most there are."""
_swept: set[Path] = set()
"""Folders in which this process has looked for what others left; large ones take a while."""


# --- names ---------------------------------------------------------------------------------------


def stem(name: str, otherwise: str) -> str:
    """The name of a file or folder that stays in its folder, on every system, whatever a model is called.

    Args:
        otherwise: taken where nothing is left of ``name``.

    Returns:
        Letters, digits, spaces and ``._-``, 1 to 100 of them.
    """
    kept = "".join(sign if sign.isalnum() or sign in " ._-" else "_" for sign in name)[:100].strip(" .")
    return f"_{kept}" if kept.split(".")[0].strip().lower() in _RESERVED else kept or otherwise


def first_free(named: Callable[[str], Name], is_taken: Callable[[Name], bool], separator: str = "-") -> Name:
    """The first of ``named("")``, ``named("-2")``, ``named("-3")`` … that is not taken."""
    return next(name for name in map(named, _endings(separator)) if not is_taken(name))


def _endings(separator: str) -> Iterator[str]:
    yield ""
    for number in itertools.count(2):
        yield f"{separator}{number}"


def shown(path: Path | str) -> str:
    """A path or name for people: what is not UTF-8 in it, and so no text, is shown as “�”, and so is what
    would turn the words around it."""
    return _TURNS.sub("\ufffd", _NO_TEXT.sub("\ufffd", str(path)))


def is_text(path: Path) -> bool:
    """Whether all of a path is text, for libraries that take nothing else."""
    return _NO_TEXT.search(str(path)) is None


def escaped(text: str) -> str:
    """JSON in which what is no text is escaped, so that it can be written as UTF-8 and read again."""
    return _NO_TEXT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


@contextmanager
def as_text(path: Path) -> Iterator[Path]:
    """A path to a file that is text, for libraries that take no others, as long as the block lasts.

    Raises:
        OSError: the file can't be opened.
    """
    if is_text(path):
        yield path
        return
    with path.open("rb") as file:  # only Linux has such names
        yield Path(f"/proc/self/fd/{file.fileno()}")


def from_url(encoded: bytes) -> Path:
    """The path of a ``file:`` address, every byte of it: what is not UTF-8 is no text to Qt."""
    rest = encoded.split(b"#")[0].split(b"?")[0].removeprefix(b"file:")
    if rest.startswith(b"//"):
        rest = b"/" + rest[2:].partition(b"/")[2]
    return Path(os.fsdecode(unquote_to_bytes(rest)))


def as_on_disk(path: Path) -> Path:
    """The file that a dialog meant, which shows every byte that is not UTF-8 as “�”; ``path`` if none."""
    found = Path(path.anchor)
    for part in path.parts[1 if path.anchor else 0 :]:
        if "\ufffd" in part and not os.path.lexists(found / part):
            try:
                meant = [name for name in os.listdir(found) if shown(name) == shown(part)]
            except OSError:
                meant = []
            part = meant[0] if len(meant) == 1 else part
        found /= part
    return found


def is_same(one: Path, other: Path) -> bool:
    """Whether two paths stand for one file, whatever links lead to it; neither need be there."""
    with suppress(OSError):
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)


# --- writing -------------------------------------------------------------------------------------


def write_all(file: BinaryIO, content: bytes) -> None:
    """Write all of ``content``: an unbuffered file may take less than it is given, and doesn't say so.

    Raises:
        OSError: it takes no more; part of ``content`` may be in it.
    """
    rest = memoryview(content)
    while len(rest):
        taken = file.write(rest)
        if not taken:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rest = rest[taken:]


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; on success flush it and put it in its place.

    The temporary file lies in the same folder, so that the last step is one rename. If the body
    raises, ``target`` stays as it was and the temporary file is removed. Links stay what they are: what a
    symbolic one leads to is replaced, and a file of several names is written where it is (``_fill``).

    Raises:
        OSError: the folder is missing, read-only or full; ``target`` is write-protected, or no file.
    """
    target = _meant(target)
    protected = _look_at(target)
    _sweep(target.parent)
    beginning = os.fsencode(target.name)[:_LONGEST_PREFIX].decode("utf-8", "ignore")
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{beginning}.", suffix=_OURS)
    part = Path(name)
    with os.fdopen(descriptor, "ab") as holder:
        if os.name == "posix":  # elsewhere what is open can't be renamed
            hold(holder, 0)
        try:
            yield part
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            if protected is not None and protected.st_nlink > 1:
                _fill(target, part)
            else:
                _take_usual_permissions(part, protected)
                holder.close()
                os.replace(part, target)
                _flush_folder(target.parent)
        except BaseException:
            holder.close()
            with suppress(OSError):  # what went wrong first is what somebody should know
                part.unlink(missing_ok=True)
            raise


def try_file(target: Path, *, in_new_folder: bool = False) -> None:
    """Find out before long work whether ``replacing`` will do; nothing is written, and no folder made.

    Args:
        in_new_folder: its folder is made first if it is missing.

    Raises:
        OSError: why it won't.
    """
    target = _meant(target)
    _look_at(target)
    if in_new_folder:
        try_folder(target.parent)
    else:
        _try(target.parent)


def try_folder(folder: Path) -> None:
    """Find out before long work whether files can be written into a folder, which need not be there yet.

    Raises:
        OSError: why they can't.
    """
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    _try(folder)


def _try(folder: Path) -> None:
    """Rights alone don't tell: of read-only disks, or of shares that have rules of their own."""
    with tempfile.TemporaryFile(dir=folder):
        pass


def _meant(target: Path) -> Path:
    """Where links lead, if ``target`` is one; what they lead to need not be there."""
    if not target.is_symlink():
        return target
    meant = Path(os.path.realpath(target))
    if meant.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), os.fspath(target))
    return meant


def _look_at(target: Path) -> os.stat_result | None:
    """What is there already; refuses what a rename would replace although nobody may write to it."""
    try:
        found = target.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EISDIR, "that is no file", os.fspath(target))
    if not found.st_mode & 0o222 or not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "it is write-protected", os.fspath(target))
    return found


def _fill(target: Path, part: Path) -> None:
    """Write what is in ``part`` into ``target``, of which other names are to go on showing the same.

    That can't be done in one step. So what is new stands beside it meanwhile, whole and under a name that
    is seen and is never cleared away; a crash leaves it there.
    """
    new = first_free(
        lambda ending: target.with_name(f"{target.stem} (being saved{ending}){target.suffix}"),
        os.path.lexists,
        separator=" ",
    )
    os.replace(part, new)
    _flush_folder(target.parent)
    touched = False
    try:
        with new.open("rb") as source, target.open("rb+") as file:
            _reserve(file, os.fstat(source.fileno()).st_size)
            touched = True
            shutil.copyfileobj(source, file)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if not touched:
            with suppress(OSError):
                new.unlink(missing_ok=True)
            raise
        text = f"{error.strerror or error}; what is new is kept beside it as “{shown(new.name)}”"
        raise OSError(error.errno, text) from error
    with suppress(OSError):  # all is written
        new.unlink(missing_ok=True)


def _reserve(file: BinaryIO, size: int) -> None:
    """Have the disk set room aside, so that it is found to be full before anything is lost."""
    if not hasattr(os, "posix_fallocate") or not size:
        return
    before = os.fstat(file.fileno()).st_size
    try:
        os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # not every file system can
            os.truncate(file.fileno(), before)
            raise


def _take_usual_permissions(part: Path, before: os.stat_result | None) -> None:
    """mkstemp makes files private; give ``part`` what was there before, or what open() would give."""
    if before is not None:
        if os.name == "posix" and before.st_gid != part.stat().st_gid:
            with suppress(OSError):  # not everybody may
                os.chown(part, -1, before.st_gid)
        mode = before.st_mode & 0o777
    else:
        umask = os.umask(0)
        os.umask(umask)
        mode = 0o666 & ~umask
    with suppress(OSError):  # some shares and sticks know none; that costs nobody a drawing
        os.chmod(part, mode)


def _flush_folder(folder: Path) -> None:
    """Make the rename itself durable, where that can be done: only POSIX lets a folder be flushed, not every
    file system does, and who may write in a folder need not be able to open it.

    What was renamed is in its place all the same, so it must not be told as if it weren't.
    """
    if os.name != "posix":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# --- what others left ----------------------------------------------------------------------------


def _sweep(folder: Path) -> None:
    """Clear away our temporary files of processes that are no more, once for each folder."""
    if folder in _swept:
        return
    _swept.add(folder)
    with suppress(OSError):
        for entry in os.scandir(folder):
            if _PART.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    old = time.time() - entry.stat().st_mtime > ABANDONED_AFTER
                    if old and not is_held(Path(entry.path)):
                        os.unlink(entry.path)
