"""Models tried out by the engine that runs, whichever is open: one picture after the other, for who asks."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject

from desktop.preview.live import Live
from engine.data.messages import Failed, Pixels, TriedOut, TryOut

log = logging.getLogger(__name__)

Done = Callable[[Pixels | None], object]
"""Called with the preview, uint8 (H, W, 3) at working size, or with None, where the log says why not."""


class TryOuts(QObject):
    """Only one is with the engine at a time: there, a newer one would take the place of an unread one."""

    def __init__(self, live: Live, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._live = live
        self._asked: deque[tuple[TryOut, Done]] = deque()
        live.tried_out.connect(self._take)
        live.refused.connect(self._refused)

    def ask(self, request: TryOut, done: Done) -> None:
        """Have a picture translated when nothing else waits; ``done`` is called on the UI thread."""
        self._asked.append((request, done))
        if len(self._asked) == 1:
            self._live.send(request)

    def _take(self, reply: TriedOut) -> None:
        self._end(reply.preview)

    def _refused(self, reply: Failed) -> None:
        if isinstance(reply.request, TryOut):
            log.warning("trying out “%s”: %s", reply.request.path.name, reply.sentence)
            self._end(None)

    def _end(self, preview: Pixels | None) -> None:
        _, done = self._asked.popleft()
        if self._asked:
            self._live.send(self._asked[0][0])
        done(preview)
