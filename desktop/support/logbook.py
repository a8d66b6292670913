"""The log: what the program noted for whoever looks into a fault. It stays in the user's folder.

What a user should know is said in the window; here is the rest, tracebacks and Qt's own warnings included.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import RotatingFileHandler
from pathlib import Path

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

import resources

SIZE = 512 << 10
"""Bytes of one log file; then the next is begun."""
KEPT = 3
"""Full log files that are kept."""
_TAIL = 256 << 10

_FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
_OURS = ("desktop", "engine", "resources", "trainer")
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}

_qt = logging.getLogger("qt")


def path() -> Path:
    """The newest log file, made or not."""
    return resources.home("logs", "underpaint.log")


@contextmanager
def opened() -> Iterator[None]:
    """Inside the block everything worth noting goes to the log, warnings to the console too.

    A folder that can't be written costs the log and nothing else.
    """
    root = logging.getLogger()
    handlers = list(_handlers())
    before = {name: logging.getLogger(name).level for name in _OURS}
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    for handler in handlers:
        handler.setFormatter(logging.Formatter(_FORMAT))
        root.addHandler(handler)
    raising, logging.raiseExceptions = logging.raiseExceptions, False  # a full disk is not the log's to tell
    qInstallMessageHandler(_note_qt)
    try:
        yield
    finally:
        # Qt talks until the very end, when there is no Python left to listen.
        qInstallMessageHandler(None)
        logging.raiseExceptions = raising
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def last_entries(process: int, count: int) -> list[str]:
    """The last ``count`` entries of one process, each with its traceback if there is one."""
    entries: list[str] = []
    mine = False
    for line in _tail().splitlines():
        words = line.split(" ", 3)
        if len(words) == 4 and words[0][:4].isdigit() and words[2].isdigit():
            mine = words[2] == str(process)
            if mine:
                entries.append(line)
        elif mine:
            entries[-1] += f"\n{line}"
    return entries[-count:]


def _handlers() -> Iterator[logging.Handler]:
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        # Two windows may write to one file, a line at a time. Where one of them begins the next file, the
        # other goes on in the old one: no line is lost.
        handler = RotatingFileHandler(
            path(), maxBytes=SIZE, backupCount=KEPT, encoding="utf-8", errors="backslashreplace"
        )
        handler.setLevel(logging.INFO)
        yield handler
    except OSError:
        pass
    if sys.stderr is not None:  # a windowed program on Windows has none
        console = logging.StreamHandler(sys.stderr)
        console.setLevel(logging.WARNING)
        yield console


def _note_qt(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    _qt.log(_LEVELS.get(kind, logging.WARNING), "%s", message)


def _tail() -> str:
    """The end of the newest log file, and of the one before where that is short."""
    text = b""
    for file in (path(), path().with_name(f"{path().name}.1")):
        try:
            with file.open("rb") as log:
                log.seek(max(0, log.seek(0, 2) - _TAIL))
                text = log.read(_TAIL) + text
        except OSError:
            break
        if len(text) >= _TAIL:
            break
    return text.decode("utf-8", "replace")
