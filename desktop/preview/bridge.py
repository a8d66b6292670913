"""The only place where the engine thread and Qt meet.

Replies wait in a queue; an empty signal wakes the UI thread, where a decorated slot drains it.
Nothing but that signal crosses, so no Qt object is ever touched by the engine thread.
"""

from __future__ import annotations

import threading
from collections import deque

from PySide6.QtCore import QObject, Qt, Signal, Slot

from engine.data.messages import Reply, Request
from engine.thread.worker import Worker


class Bridge(QObject):
    """Sends requests to the engine thread and emits its replies, in order, on the UI thread."""

    replied = Signal(object)
    _wake = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._replies: deque[Reply] = deque()
        self._open, self._waking = True, threading.RLock()
        self._wake.connect(self._drain, Qt.ConnectionType.QueuedConnection)
        self._worker = Worker(self._take)
        if parent is not None:  # its children are there still, but not for long
            parent.destroyed.connect(self._let_go)
        self._worker.start()

    def send(self, request: Request) -> None:
        """Hand ``request`` over; returns at once."""
        self._worker.send(request)

    def stop(self) -> None:
        """End the engine thread; waits for the pass that runs. No reply is emitted afterwards."""
        self._close()
        self._worker.stop()

    def _close(self) -> None:
        with self._waking:
            self._open = False

    @Slot()
    def _let_go(self) -> None:
        """What it belongs to ends, stopped or not; so does the thread, by itself."""
        self._close()
        self._worker.stop(timeout=0)

    def _take(self, reply: Reply) -> None:
        """Called on the engine thread. A signal whose object is destroyed meanwhile can't be emitted."""
        with self._waking:
            if self._open:
                self._replies.append(reply)
                self._wake.emit()

    @Slot()
    def _drain(self) -> None:
        while self._replies and self._open:
            self.replied.emit(self._replies.popleft())
