"""Weights from elsewhere: what they can't say of themselves is asked of one file after the other."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from desktop.session import Session
from desktop.widgets.dialogs.picture_dialogs import ImportDialog
from engine.data.messages import Inspected


class ImportController(QObject):
    """Asks once the pen is up. Files that were dropped together wait for their turn.

    Args:
        session: looks into the files, and imports them.
        window: the main window.
    """

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._main = session, window
        self._waiting: deque[Inspected] = deque()
        self._asks = False
        session.library.asks.connect(self._take)

    def _take(self, found: Inspected) -> None:
        self._waiting.append(found)
        if not self._asks:
            self._ask_next()

    def _ask_next(self) -> None:
        self._asks = bool(self._waiting)
        if self._asks:
            self._session.filing.when_the_pen_is_up(self._ask)

    def _ask(self) -> None:
        dialog = ImportDialog(self._session, self._waiting.popleft(), self._main)
        dialog.finished.connect(lambda _answer: self._ask_next())
        dialog.open()
