"""What came of the day's trainings: a panel for each, its samples side by side. It stands in nobody's way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop.session import Session
from desktop.training.daily_results import Ended
from desktop.widgets.parts.folders import open_outside
from desktop.widgets.parts.message_bar import MessageBar
from desktop.widgets.parts.pictures import Card, MainButton, faint, title
from desktop.widgets.parts.room import NameLabel, Scrolling
from desktop.widgets.training.sheet import Sheet
from desktop.widgets.training.words import duration

_SHEET = 280
"""Height of the samples of one training, pixels."""


class DayDialog(QDialog):
    """Opened whenever the day's results are asked for, from whatever window.

    Args:
        session: has the queue.
        show_training: brings up the window with the training that is followed.
        parent: the main window.
    """

    def __init__(self, session: Session, show_training: Callable[[], None], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("day")
        self.setWindowTitle(self.tr("Day's results"))
        self._session, self._queue, self._show_training = session, session.training_queue, show_training
        self._summary = faint()
        self._summary.setObjectName("day_summary")
        self._body = QWidget()
        self._panels = QVBoxLayout(self._body)
        self._panels.setContentsMargins(0, 0, 0, 0)
        self._panels.setSpacing(10)
        column = QVBoxLayout(self)
        column.addWidget(title(self.tr("Trainings of the last 24 hours"), 1.2))
        column.addWidget(self._summary)
        column.addWidget(Scrolling(self._body), 1)
        column.addLayout(self._buttons())
        self._messages = MessageBar(self)
        self.resize(self.sizeHint())  # words that wrap would have it as low as they are
        self._queue.watch("day", self._show)
        self._queue.reported.connect(self._open_page)

    def sizeHint(self) -> QSize:
        """A panel and a half."""
        return QSize(860, 640)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        page = QPushButton(self.tr("&Open as a page …"))
        page.setObjectName("day_page")
        page.setToolTip(self.tr("One HTML file with all samples, in the browser; to be kept or sent"))
        again = QPushButton(self.tr("&Look again"))
        again.setObjectName("day_again")
        again.setToolTip(self.tr("Read again what has ended by now"))
        for button, do in ((page, self._queue.report), (again, self._queue.look_at_day)):
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, do=do: do())
            row.addWidget(button)
        row.addStretch(1)
        close = MainButton(self.tr("Close"))
        close.setObjectName("day_close")
        close.clicked.connect(self.close)
        row.addWidget(close)
        return row

    def open(self) -> None:
        """Come up, or to the front."""
        self.show()
        self.raise_()
        self.activateWindow()

    def _open_page(self, page: Path) -> None:
        text = self.tr("No browser could be started. The page is “%s”.")
        open_outside(str(page), text, self._messages)

    def _show(self) -> None:
        while (old := self._panels.takeAt(0)) is not None:
            if widget := old.widget():
                widget.hide()
                widget.deleteLater()
        day = self._queue.day
        failed = len(day.ended) - day.done
        self._summary.setText(
            self.tr("%d done, %d failed, %d still in the queue.") % (day.done, failed, day.waiting)
            if day.ended
            else self.tr("No training of the queue has ended in this time; %d are still to come.")
            % day.waiting
        )
        for one in day.ended:
            self._panels.addWidget(self._panel(one))
        self._panels.addStretch(1)

    def _panel(self, ended: Ended) -> QWidget:
        result, item = ended.result, ended.result.item
        panel = Card()
        panel.setObjectName(f"day_{item.id}")
        column = QVBoxLayout(panel)
        column.setContentsMargins(14, 10, 14, 12)
        head = QHBoxLayout()
        name = NameLabel(item.name)
        font = name.font()
        font.setBold(True)
        name.setFont(font)
        head.addWidget(name, 1)
        if item.run is not None:
            head.addWidget(self._button(self.tr("Show"), "show", ended, self._look))
            if item.state == "done":
                head.addWidget(
                    self._button(
                        self.tr("Paint with it"), "paint", ended, self._session.training.take_over_from
                    )
                )
        column.addLayout(head)
        for words in self._words(ended):
            column.addWidget(words)
        if "made" in ended.rows:
            sheet = Sheet()
            sheet.setFixedHeight(_SHEET)
            for row, image in ended.rows.items():
                sheet.show_row(row, image, result.count, result.held_back)
            column.addWidget(sheet)
        return panel

    def _words(self, ended: Ended) -> list[QLabel]:
        result, item = ended.result, ended.result.item
        at = datetime.fromtimestamp(item.ended).strftime("%H:%M")
        done = item.state == "done"
        words = [self.tr("Done at %s") % at if done else self.tr("Failed at %s: %s") % (at, item.sentence)]
        if result.steps:
            words.append(self.tr("step %d of %d") % (result.step, result.steps))
        if item.worked >= 1:
            words.append(duration(item.worked))
        if result.loss is not None:
            words.append(self.tr("loss %.4f at best, at step %d") % (result.loss, result.best_step or 0))
        lines = [" · ".join(words), result.health]
        return [faint(line) for line in lines if line]

    def _button(self, text: str, name: str, ended: Ended, do: Callable[[Path], object]) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(f"day_{name}_{ended.result.item.id}")
        button.setAutoDefault(False)
        run = ended.result.item.run
        button.clicked.connect(lambda: do(run) if run is not None else None)
        return button

    def _look(self, run: Path) -> None:
        self._session.training.show(run)
        self._show_training()
