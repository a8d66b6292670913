"""What is left when the program ends unexpectedly: a file that the next start turns into a report.

Each window's process holds a file of its own in the folder of logs. Python writes the stacks into it when
the process dies of a native fault, the exception hooks write what nobody caught. A clean end removes it; a
process that was killed, or lost its power, leaves one without a trace, which says nothing and is cleared
away. The drawings are the journal's affair. Nothing is ever sent.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import platform
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import qVersion

import resources
from desktop.support import logbook
from engine.errors import UnderpaintError
from engine.files.lock import hold, is_held
from engine.files.writing import replacing, write_all
from resources.version import VERSION

log = logging.getLogger(__name__)

KEPT = 5
"""Reports, and traces nobody has looked at, that are kept."""
ENTRIES = 40
"""Entries of the log that a report ends with."""
_LARGEST = 1 << 20  # bytes of a trace that are read
MARK = "\n== What happened ==\n"
_WENT_ON = "\n== The program went on and was closed as usual ==\n"
_SUFFIX = ".crash"

Report = Callable[[type[BaseException], BaseException, TracebackType | None], object]


@dataclass(frozen=True)
class Crash:
    """What a process that is no more has left."""

    trace: Path
    went_on: bool
    """An exception nobody caught did not end the program."""

    def report(self) -> tuple[str, Path | None]:
        """The report as text, and the file in which it is kept (None where none can be written).

        The crash is not offered again. Call it away from the UI thread.
        """
        with self.trace.open("rb") as file:
            text = file.read(_LARGEST).decode("utf-8", "replace")
        about, _, happened = text.partition(MARK)
        process = re.search(r"process (\d+)", about)
        entries = logbook.last_entries(int(process[1]), ENTRIES) if process else []
        parts = [about.strip(), "== What happened ==", without_names(happened.strip())]
        if entries:
            parts += ["== The last entries of the log ==", without_names("\n".join(entries))]
        report = "\n\n".join(parts) + "\n"
        target: Path | None = self.trace.with_name(f"report-{self.trace.stem}.txt")
        assert target is not None
        try:
            with replacing(target) as part:
                part.write_text(report, "utf-8")
            self.forget()
            _keep_newest(target.parent.glob("report-*.txt"))
        except OSError as error:
            log.warning("report not kept: %s", error)
            target = None
        return report, target

    def forget(self) -> None:
        """Throw it away."""
        with contextlib.suppress(OSError):
            self.trace.unlink()


class Watch:
    """Stands by while the window is open: ``with Watch(report):``.

    Args:
        report: called with an exception that nobody caught, on the UI thread; the program goes on.
    """

    def __init__(self, report: Report = lambda *_: None) -> None:
        self.report = report
        self._noting = threading.Lock()
        self._noted = False
        self._path = resources.home("logs", f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}{_SUFFIX}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab", buffering=0)
        except OSError:  # no report then; the next message of the journal tells what is wrong with the folder
            self._path = Path(os.devnull)
            self._file = self._path.open("ab", buffering=0)
            return
        hold(self._file)
        with contextlib.suppress(OSError):  # a full disk costs the report, not the start
            write_all(self._file, f"{_about()}\n{MARK}".encode())

    def __enter__(self) -> Watch:
        self._console_was_enabled = faulthandler.is_enabled()
        faulthandler.enable(self._file, all_threads=True)
        self._hooks = sys.excepthook, threading.excepthook
        sys.excepthook = self._caught
        threading.excepthook = self._caught_on_a_thread
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        sys.excepthook, threading.excepthook = self._hooks
        faulthandler.disable()
        if self._console_was_enabled and sys.__stderr__ is not None:
            faulthandler.enable(sys.__stderr__)
        expected = (UnderpaintError, KeyboardInterrupt, SystemExit)
        if error is not None and not isinstance(error, expected):
            self._note("".join(traceback.format_exception(error)))
        elif self._noted:
            with contextlib.suppress(OSError):
                write_all(self._file, _WENT_ON.encode())
        keep = self._noted
        self._file.close()
        if not keep and self._path.suffix == _SUFFIX:
            Crash(self._path, False).forget()

    def _caught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        self._note("".join(traceback.format_exception(kind, error, trace)))
        log.error("unexpected", exc_info=(kind, error, trace))
        self.report(kind, error, trace)

    def _caught_on_a_thread(self, caught: threading.ExceptHookArgs) -> None:
        if caught.exc_value is None or issubclass(caught.exc_type, SystemExit):
            return
        name = caught.thread.name if caught.thread else "?"
        shown = (caught.exc_type, caught.exc_value, caught.exc_traceback)
        self._note(f"On the thread “{name}”:\n" + "".join(traceback.format_exception(*shown)))
        log.error("unexpected, on the thread “%s”", name, exc_info=shown)

    def _note(self, text: str) -> None:
        with self._noting, contextlib.suppress(OSError):
            self._noted = True
            if self._file.tell() < _LARGEST:
                write_all(self._file, f"{time.strftime('%H:%M:%S')}\n{text}\n".encode("utf-8", "replace"))


def left_behind() -> list[Crash]:
    """What processes that are no more have left, newest first; what says nothing is cleared away."""
    found: list[Crash] = []
    for trace in _newest_first(resources.home("logs").glob(f"*{_SUFFIX}")):
        if is_held(trace):
            continue
        try:
            with trace.open("rb") as file:
                text = file.read(_LARGEST).decode("utf-8", "replace")
        except OSError:
            continue
        crash = Crash(trace, text.endswith(_WENT_ON))
        if text.partition(MARK)[2].strip() and len(found) < KEPT:
            found.append(crash)
        else:
            crash.forget()
    return found


def without_names(text: str) -> str:
    """``text`` without the names of the user and of his files; the program's own stay readable."""
    root = Path(resources.path()).parent
    for folder in {str(root), sys.prefix, sys.base_prefix} - {"/", ""}:
        text = text.replace(folder + os.sep, f"«program»{os.sep}")
    text = re.sub(r"“[^”\n]*”", "“…”", text)
    # Quoted ones may hold spaces; of the others everything up to the next one counts.
    text = re.sub(r"""(["'])(?:file:|\\\\|[A-Za-z]:[\\/]|~?/)[^"'\n]*\1""", r"\1…\1", text)
    return re.sub(r"""(?<![\w».:/\\"'])(?:file:|\\\\|[A-Za-z]:[\\/]|~?/)[^\s"',;]+""", "…", text)


def _about() -> str:
    """Versions and system, for the head of a report."""
    packed = "packaged" if getattr(sys, "frozen", False) else "from source"
    parts = ("PySide6_Essentials", "torch", "numpy", "pillow")
    return "\n".join(
        [
            f"Underpaint {VERSION}, {packed}, process {os.getpid()}",
            f"{time.strftime('%Y-%m-%d %H:%M:%S')}: started",
            f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} processors",
            f"Python {platform.python_version()}, Qt {qVersion()}",
            ", ".join(f"{name} {_version(name)}" for name in parts),
        ]
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of unknown version"


def _newest_first(files: Iterator[Path]) -> list[Path]:
    return sorted(files, key=lambda file: file.name, reverse=True)


def _keep_newest(files: Iterator[Path]) -> None:
    for file in _newest_first(files)[KEPT:]:
        file.unlink()
