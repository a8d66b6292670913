"""What became of a lesson, before and after: told over the canvas, seen in a window beside it."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from desktop.pairs.outcome import Outcome, Shown
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.parts.message_bar import Answer, MessageBar
from desktop.widgets.parts.pictures import MainButton, as_image, faint, inside, put, smooth
from engine.data.card import Card as ModelCard

_EDGE, _GAP = 180, 8


class OutcomeController(QObject):
    """Tells of a lesson's outcome, and asks where it is no better.

    Args:
        session: has it.
        messages: over the canvas.
        window: the main window, which comes to the front for a question.
    """

    def __init__(self, session: Session, messages: MessageBar, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._messages, self._main = session, messages, window
        self.dialog: OutcomeDialog | None = None
        self._good: Outcome | None = None
        session.models.outcomes.found.connect(self._report)
        session.live.opened.connect(self._report_good)

    def _report_good(self, card: ModelCard) -> None:
        """The better model is open, and all is said that is said of a model that was trained."""
        good = self._good
        if good is not None and good.name == card.name:
            self._good = None
            look = (self.tr("&Show before and after"), lambda: self.show(good))
            self._messages.offer(good.sentence, look)

    def _report(self, outcome: Outcome) -> None:
        self._good = outcome if outcome.is_better else None
        if outcome.is_better:
            return
        look: tuple[Answer, ...] = ()
        if outcome.lessons:
            look = ((self.tr("&Show before and after"), lambda: self.show(outcome)),)
        self._main.activateWindow()
        take = (self.tr("&Take it all the same"), outcome.take)
        stay = (self.tr("Stay &with “%s”") % outcome.former.replace("&", "&&"), lambda: None)
        self._messages.ask(outcome.sentence, take, stay, *look)

    def show(self, outcome: Outcome) -> None:
        """Show what both models make of the lessons."""
        if self.dialog is not None:
            self.dialog.close()
        self.dialog = OutcomeDialog(outcome, self._main)
        self.dialog.destroyed.connect(self._forget)
        self.dialog.show()

    def _forget(self) -> None:
        self.dialog = None


class OutcomeDialog(QDialog):
    """A row a lesson: what was wanted, what was made before, what is made now. It stands in nobody's way."""

    def __init__(self, outcome: Outcome, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("outcome")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Before and after"))
        said = faint(outcome.sentence)
        said.setObjectName("outcome_sentence")
        self.rows = Rows(outcome.lessons)
        area = QScrollArea()
        area.setWidget(self.rows)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        if not outcome.is_better:
            take = QPushButton(self.tr("&Take it all the same"))
            take.setObjectName("outcome_take")
            take.setAutoDefault(False)
            take.clicked.connect(lambda: (outcome.take(), self.close()))
            buttons.addWidget(take)
        former = outcome.former.replace("&", "&&")
        close = MainButton(self.tr("Close") if outcome.is_better else self.tr("Stay with “%s”") % former)
        close.setObjectName("outcome_close")
        close.clicked.connect(self.close)
        buttons.addWidget(close)
        column = QVBoxLayout(self)
        column.addWidget(said)
        column.addWidget(area, 1)
        column.addLayout(buttons)
        self.resize(self.sizeHint())  # words that wrap would have it as low as they are

    def sizeHint(self) -> QSize:
        """Two rows and a half."""
        return QSize(3 * (_EDGE + _GAP) + 60, 560)


class Rows(QWidget):
    """The pictures, with what they are above each column and before each row."""

    def __init__(self, lessons: tuple[Shown, ...]) -> None:
        super().__init__()
        self._rows = [
            (lesson.is_correction, [as_image(one) for one in (lesson.wanted, lesson.before, lesson.after)])
            for lesson in lessons
        ]
        self._line = self.fontMetrics().height() + 6
        self.setMinimumSize(3 * (_EDGE + _GAP), self._line + len(lessons) * (_EDGE + _GAP + self._line))
        self.setAccessibleName(self.tr("What was wanted, what was made before, and what is made now"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """All rows, one under the other."""
        painter = smooth(self)
        width = self.width() / 3
        heads = self.tr("Wanted"), self.tr("Before"), self.tr("Now")
        painter.setPen(theme.colour("faint"))
        for index, head in enumerate(heads):
            self._write(painter, QRectF(index * width, 0, width, self._line), head)
        top = float(self._line)
        for is_correction, images in self._rows:
            text = self.tr("The correction") if is_correction else self.tr("To stay as it was")
            painter.setPen(theme.colour("text"))
            self._write(painter, QRectF(0, top, self.width(), self._line), text)
            for index, image in enumerate(images):
                room = QRectF(index * width + _GAP / 2, top + self._line, width - _GAP, _EDGE)
                put(painter, image, inside(image.size(), room))
            top += self._line + _EDGE + _GAP

    def _write(self, painter: QPainter, area: QRectF, text: str) -> None:
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
