"""One window: a second start hands its file to the program that is running, and ends.

Whoever holds the lock file is the one with the window, and listens on a socket beside it (on Windows a named
pipe): of this user alone, and of one folder of the user's files. A caller says nothing before it was greeted.
So one that gives up on a program that hangs, and opens a window of its own, has left nothing behind that
would open the file a second time later.

    running   here
    caller    {"file": "/pictures/house.ora", "token": ""}      file null: just come to the front
    running   done
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import stat
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from PySide6.QtCore import QObject, Signal

import resources
from engine.files.lock import hold, is_held

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer, QLocalSocket

log = logging.getLogger(__name__)

PATIENCE_S = 2.0
"""After so long without an answer the running program is taken to hang."""
STARTING_S = 20.0
"""As long as it says that it is starting, this."""
_LONGEST = 64 << 10
"""Bytes of a call."""
_HERE, _DONE = b"here\n", b"done\n"
_READY = b"ready"
_TOKENS = ("XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID")
"""What a desktop gives to a program that may take the front."""


class Claim:
    """The right to be the program that others call; empty where it could not be had."""

    def __init__(self, lock: BinaryIO | None = None, address: str = "") -> None:
        self._lock = lock
        self.address = address
        """Of the socket; empty for an empty claim."""

    def ready(self) -> None:
        """Say that calls will be answered at once from now on."""
        if self._lock is not None:
            with contextlib.suppress(OSError):  # a full disk: callers are but more patient then
                self._lock.write(_READY)
                self._lock.flush()

    def give_up(self) -> None:
        """Let another program be it."""
        if self._lock is not None:
            self._lock.close()
        self._lock, self.address = None, ""


def claim(file: Path | None, *, own_window: bool = False) -> Claim | None:
    """Find out who opens ``file``: None if the running program does, else it is ours to do.

    Args:
        own_window: whatever runs already, don't call it.
    """
    folder = _folder()
    if folder is None:
        return Claim()
    name = hashlib.sha256(os.fsencode(resources.home().absolute())).hexdigest()[:16]
    lock = folder / f"{name}.lock"
    address = f"underpaint-{name}" if sys.platform == "win32" else str(folder / f"{name}.socket")
    start = time.monotonic()
    while True:
        mine = _try(lock, address)
        if mine is not None:
            return mine
        if own_window:
            return Claim()
        if _call(address, file):
            return None
        if time.monotonic() - start > (PATIENCE_S if _is_ready(lock) else STARTING_S):
            return Claim()
        time.sleep(0.05)


class SingleInstance(QObject):
    """Answers the calls of later starts."""

    rang = Signal(object)
    """Somebody wants the window, with a file: a ``Path``, or None."""

    def __init__(self, claim: Claim, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._claim = claim
        self._server: QLocalServer | None = None
        if not claim.address:
            return
        from PySide6.QtNetwork import QLocalServer  # later than the window's first look

        QLocalServer.removeServer(claim.address)  # what a crash left; the lock says that nobody listens
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)
        if not self._server.listen(claim.address):
            log.warning("no calls from later starts: %s", self._server.errorString())
            self.close()
            return
        claim.ready()

    def close(self) -> None:
        """Answer no more; the next start opens a window of its own."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._claim.give_up()

    def _greet(self) -> None:
        while self._server is not None and (caller := self._server.nextPendingConnection()) is not None:
            caller.readyRead.connect(partial(self._hear, caller))
            caller.disconnected.connect(caller.deleteLater)
            caller.write(_HERE)
            caller.flush()

    def _hear(self, caller: QLocalSocket) -> None:
        if not caller.canReadLine():
            if caller.bytesAvailable() > _LONGEST:
                caller.abort()
            return
        try:
            call = json.loads(bytes(caller.readLine(_LONGEST).data()))
            file, token = call["file"], call["token"]
            if not isinstance(file, str | None) or not isinstance(token, str):
                raise ValueError("not a call")
        except (ValueError, KeyError, TypeError, RecursionError):
            caller.abort()
            return
        caller.write(_DONE)
        caller.disconnectFromServer()
        if token:
            os.environ[_TOKENS[0]] = token  # Qt takes it when the window asks for the front
        self.rang.emit(Path(file) if file is not None else None)


# --- inside ---------------------------------------------------------------------------------------


def _folder() -> Path | None:
    """A folder for sockets that nobody else can write to; None where there is none."""
    if sys.platform == "win32":
        folder = Path(tempfile.gettempdir()) / "underpaint"  # of this user already
        folder.mkdir(exist_ok=True)
        return folder
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    for folder in (
        *([Path(runtime) / "underpaint"] if runtime.startswith("/") else []),
        Path(tempfile.gettempdir()) / f"underpaint-{os.getuid()}",
    ):
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
        except OSError:
            continue
        # Anybody may have made a folder of that name before us.
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
            return folder
    return None


def _try(lock: Path, address: str) -> Claim | None:
    try:
        if is_held(lock):
            return None
        file = lock.open("ab")
    except OSError:
        return Claim()
    if not hold(file):
        file.close()
        return None
    file.truncate(0)
    return Claim(file, address)


def _is_ready(lock: Path) -> bool:
    try:
        return lock.read_bytes() == _READY
    except OSError:
        return False


def _call(address: str, file: Path | None) -> bool:
    """Whether the running program took ``file``."""
    from PySide6.QtNetwork import QLocalSocket

    token = next((os.environ[name] for name in _TOKENS if os.environ.get(name)), "")
    call = {"file": None if file is None else str(file.absolute()), "token": token}
    caller = QLocalSocket()
    deadline = time.monotonic() + PATIENCE_S
    caller.connectToServer(address)
    if not caller.waitForConnected(round(PATIENCE_S * 1000)) or not _hears(caller, _HERE, deadline):
        caller.abort()
        return False
    caller.write(json.dumps(call).encode() + b"\n")
    answered = _hears(caller, _DONE, time.monotonic() + PATIENCE_S)
    caller.abort()
    return answered


def _hears(caller: QLocalSocket, word: bytes, deadline: float) -> bool:
    while not caller.canReadLine():
        left = deadline - time.monotonic()
        if left <= 0 or not caller.waitForReadyRead(max(1, round(left * 1000))):
            return caller.canReadLine() and bytes(caller.readLine().data()) == word
    return bytes(caller.readLine().data()) == word
