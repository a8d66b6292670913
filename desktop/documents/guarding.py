"""What is drawn is guarded against a crash by journals: it is told where that fails, and tried again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from desktop.documents.on_canvas import OnCanvas
from desktop.documents.open_documents import OpenDocuments, OpenPicture
from desktop.documents.recovery import Recovered, Unreadable, brought_back
from desktop.paint.editing.document import Document
from desktop.support.file_work import FileWork, Job
from desktop.support.report_errors import ReportErrors
from engine.files.writing import shown

_AGAIN_MS = 10_000
"""How soon a journal that can't be written is tried again, whether or not anybody draws."""


class Guarding(QObject):
    """Stands between the journals, which write on threads of their own, and what the user is told.

    Args:
        canvas: where recovered pictures come up.
        documents: have the journals, and call ``hear``.
        work: who reads what was left behind.
        when_the_pen_is_up: calls something at once, or at the end of the stroke that goes on.
        parent: owns it.
    """

    _news = Signal()

    def __init__(
        self,
        canvas: OnCanvas,
        documents: OpenDocuments,
        work: FileWork,
        when_the_pen_is_up: Callable[[Callable[[], object]], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._documents = canvas, documents
        self._work, self._when_the_pen_is_up = work, when_the_pen_is_up
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(_AGAIN_MS)
        self._again.timeout.connect(self.try_again)
        self._news.connect(self.report_news, Qt.ConnectionType.QueuedConnection)
        self._open, self._hearing = True, threading.RLock()
        if parent is not None:  # its children are there still, but not for long
            parent.destroyed.connect(self._let_go)

    def hear(self) -> None:
        """A journal has something to say; called on any thread, and in vain once this is destroyed."""
        with self._hearing:
            if self._open:
                self._news.emit()

    @Slot()
    def _let_go(self) -> None:
        with self._hearing:
            self._open = False

    def report_news(self) -> None:
        """Tell the user, once, that drawings aren't guarded, and once that they are again."""
        sentence, wrong = self._documents.news()
        if sentence:
            (self._canvas.error_reported if wrong else self._canvas.notice).emit(sentence)
        if self._documents.reported_unguarded:
            self._again.start()
        else:
            self._again.stop()

    def try_again(self) -> None:
        """Write down what is not guarded; the journals tell what came of it."""
        self._documents.unguarded()
        self.report_news()

    def unguarded(self) -> list[OpenPicture]:
        """Pictures that closing the window would cost something; waits until that is known."""
        self._canvas.finish_stroke()
        lost = self._documents.unguarded(wait=True)
        self.report_news()  # before anything is asked: news would cover the question
        return lost

    def stop(self) -> None:
        """End of the program."""
        self._again.stop()

    # --- what was left behind -------------------------------------------------------------------

    def left_behind(self) -> tuple[list[Recovered], list[Unreadable]]:
        """Drawings of earlier starts that were neither saved nor closed, and what can't be read of them.

        Here and now, at the start, before there is a pen: only heads are read, of twenty journals in 3 ms.
        """
        with self._report_errors():
            return self._documents.left_behind()
        return [], []

    def recover(self, left: Sequence[Recovered]) -> list[Job]:
        """Open drawings that were left behind, beside the pen; the works on it."""
        return [self._recover(found) for found in left]

    def _recover(self, left: Recovered) -> Job:
        text = self.tr("Bringing back “%s”") % shown(left.title)

        def arrive(document: Document, complete: bool) -> None:
            picture = self._documents.recovered(left, document)
            self._canvas.put_up(picture)
            self._work.write(  # the old journal goes only when the new one is on the disk
                text, lambda _job: self._documents.let_go(picture, left, complete=complete), report_missing
            )

        def report_missing(missing: str) -> None:
            if missing:
                self._canvas.error_reported.emit(missing)

        return self._work.read(
            text,
            lambda _job: brought_back(left.path),
            lambda found: self._when_the_pen_is_up(lambda: arrive(*found)),
        )

    def forget(self, left: Sequence[Recovered | Unreadable]) -> None:
        """Throw drawings that were left behind away."""
        for found in left:
            with self._report_errors():
                self._documents.forget(found)

    def _report_errors(self) -> ReportErrors:
        return ReportErrors(self._canvas.error_reported.emit)
