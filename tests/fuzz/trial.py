"""Reads damaged files one after the other, and tells of each that isn't answered as it should be."""

from __future__ import annotations

import gc
import hashlib
import logging
import random
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from engine.errors import UnderpaintError
from tests.fuzz.kinds import KINDS
from tests.fuzz.mutation import mutant

SECONDS = 10
"""A file that takes longer is one that hangs."""

MOST_BYTES = 1 << 30
"""Of memory, for the whole process."""

_DEEDS = (
    *("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "subprocess.Popen", "pty.spawn"),
    *("socket.connect", "socket.bind", "pickle.find_class", "os.startfile", "urllib.Request"),
)
"""Audit events of what no reader has to do."""


class Fault(NamedTuple):
    """A file that wasn't answered as it should be."""

    kind: str
    number: int
    what: str


class Hung(BaseException):
    """Raised by the clock."""


class Deed(BaseException):
    """Something was executed."""


_watching = False


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _watching and event in _DEEDS:
        raise Deed(f"{event} {arguments!r}"[:200])


@contextmanager
def _watched() -> Iterator[None]:
    global _watching
    if not getattr(sys, "_fuzz_watched", False):
        sys.addaudithook(_watch)
        sys._fuzz_watched = True  # type: ignore[attr-defined]
    _watching = True
    try:
        yield
    finally:
        _watching = False


def _ring(_number: int, _frame: FrameType | None) -> None:
    raise Hung


def trial(name: str, numbers: range, seed: int = 0) -> list[Fault]:
    """Read the damaged files of a kind that have these numbers."""
    kind = KINDS[name]
    faults = []
    logging.disable(logging.WARNING)  # what is told to the log is no answer
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        first = Path(place) / "good"
        first.mkdir()
        good = [file.read_bytes() for file in kind.good(first)]
        assert good
        for content in good:  # else all answers would be refusals
            _read(Path(place), name, content, must=True)
        for number in numbers:
            what = _read(Path(place), name, damaged(good, f"{name} {seed} {number}"))
            if what:
                faults.append(Fault(name, number, what))
            if number % 16 == 15:  # documents are cycles, which reserve more than they use
                gc.collect()
    logging.disable(logging.NOTSET)
    return faults


def damaged(good: list[bytes], seed: str) -> bytes:
    """One of the good files, damaged as ``seed`` says."""
    rng = random.Random(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile knows that two members of a name are odd
        return mutant(rng.choice(good), rng)


def _read(place: Path, name: str, content: bytes, must: bool = False) -> str:
    """What was wrong with the answer to one file; nothing where it was fine."""
    kind = KINDS[name]
    folder = place / "here"
    folder.mkdir()
    file = folder / kind.name
    file.write_bytes(content)
    clock = hasattr(signal, "setitimer")
    if clock:
        before = signal.signal(signal.SIGALRM, _ring)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with _watched(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            kind.read(file)
        return ""
    except UnderpaintError as error:
        if must:
            raise
        return _wrong(str(error))
    except (Hung, Deed, Exception) as error:
        if must:
            raise
        where = traceback.extract_tb(error.__traceback__)[-1]
        digest = hashlib.sha256(content).hexdigest()[:8]
        return f"{type(error).__name__}: {error} at {where.filename}:{where.lineno} ({digest})"[:400]
    finally:
        if clock:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        shutil.rmtree(folder)


def _wrong(sentence: str) -> str:
    """What is wrong with a sentence for the user."""
    if not sentence or "\n" in sentence or len(sentence) > 700:
        return f"no good sentence: {sentence[:300]!r}"
    return ""


def limited() -> None:
    """From here on, this process may have ``MOST_BYTES`` of memory, where the system can see to that."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    pages = [int(number) for number in Path("/proc/self/statm").read_text().split()[:2]]
    reserved, used = (number * resource.getpagesize() for number in pages)
    most = reserved + max(256 << 20, MOST_BYTES - used)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def peak() -> int:
    """The most memory that this process had, bytes; 0 where the system doesn't tell."""
    if not sys.platform.startswith("linux"):
        return 0
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
