"""What is drawn is guarded against a crash by journals: it is told where that fails, and tried again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from desktop.easel import OpenPicture
from desktop.recovery import Recovered, Unreadable
from desktop.telling import Telling

if TYPE_CHECKING:
    from desktop.session import Session

_AGAIN_MS = 10_000
"""How soon a journal that can't be written is tried again, whether or not anybody draws."""


class Guarding(QObject):
    """Stands between the journals, which write on threads of their own, and what the user is told."""

    news = Signal()
    """A journal has something to say; emitted on any thread."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(_AGAIN_MS)
        self._again.timeout.connect(self.try_again)
        self.news.connect(self.tell, Qt.ConnectionType.QueuedConnection)

    def tell(self) -> None:
        """Tell the user, once, that drawings aren't guarded, and once that they are again."""
        session = self._session
        sentence, wrong = session.easel.news()
        if sentence:
            (session.told_off if wrong else session.said).emit(sentence)
        if session.easel.is_troubled:
            self._again.start()
        else:
            self._again.stop()

    def try_again(self) -> None:
        """Write down what is not guarded; the journals tell what came of it."""
        self._session.easel.unguarded()
        self.tell()

    def unguarded(self) -> list[OpenPicture]:
        """Pictures that closing the window would cost something; waits until that is known."""
        self._session.settle_stroke()
        lost = self._session.easel.unguarded(wait=True)
        self.tell()  # before anything is asked: news would cover the question
        return lost

    def stop(self) -> None:
        """End of the program."""
        self._again.stop()

    # --- what was left behind -------------------------------------------------------------------

    def left_behind(self) -> tuple[list[Recovered], list[Unreadable]]:
        """Drawings of earlier starts that were neither saved nor closed, and what can't be read of them."""
        with self._telling():
            return self._session.easel.left_behind()
        return [], []

    def recover(self, left: Sequence[Recovered]) -> None:
        """Open drawings that were left behind."""
        for found in left:
            with self._telling():
                picture, missing = self._session.easel.recover(found)
                self._session.put_up(picture)
                if missing:
                    self._session.told_off.emit(missing)

    def forget(self, left: Sequence[Recovered | Unreadable]) -> None:
        """Throw drawings that were left behind away."""
        for found in left:
            with self._telling():
                self._session.easel.forget(found)

    def _telling(self) -> Telling:
        return Telling(self._session.told_off.emit)
