"""The first page of the training window: choose a folder, or an earlier training."""

from __future__ import annotations

import os
import time
from pathlib import Path

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.session import Session
from desktop.support import theme
from desktop.training.current import GOING_ON
from desktop.training.runs import RunSummary
from desktop.widgets.parts.files import dialogs_begin, files_in
from desktop.widgets.parts.pictures import Card, MainButton, faint, title
from desktop.widgets.training.words import ago, phase_in_words, room
from engine.files.writing import as_on_disk

MOST_SHOWN = 12


class DropZone(QWidget):
    """Takes a folder: dropped, or chosen."""

    chosen = Signal(object)
    """The ``Path`` of a folder, or of a zip file; of a file's folder, where another file was dropped."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("drop_zone")
        self.setAcceptDrops(True)
        self._session = session
        self._over = False
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 28, 24, 28)
        column.setSpacing(10)
        column.addStretch(1)
        self._sign = QLabel()
        button = MainButton(self.tr("Choose a &folder …"))
        button.setObjectName("choose_folder")
        button.clicked.connect(self._ask)
        text = faint(
            self.tr(
                "Pairs side by side in one file, in two folders, or by their names, as x.jpg and "
                "x_mask.png; or photos alone: then the drawings are made from them. A zip file of these "
                "will do. What it is, you see before anything starts. The folder of a training is watched, "
                "on a disk in the network too."
            )
        )
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        text.setFixedWidth(560)
        text.setMinimumHeight(text.heightForWidth(560))
        middle = Qt.AlignmentFlag.AlignHCenter
        column.addWidget(self._sign, 0, middle)
        column.addWidget(title(self.tr("Drop a folder of pictures here"), 1.35), 0, middle)
        column.addWidget(text, 0, middle)
        column.addSpacing(6)
        packed = QToolButton()
        packed.setObjectName("choose_zip")
        packed.setText(self.tr("or a &zip file …"))
        packed.setAutoRaise(True)
        packed.clicked.connect(self._ask_for_zip)
        column.addWidget(button, 0, middle)
        column.addWidget(packed, 0, middle)
        column.addStretch(1)

    def dress(self) -> None:
        """Icons in the theme's colours."""
        self._sign.setPixmap(theme.icon("mdi6.image-multiple-outline").pixmap(56, 56))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(theme.colour("raised"))
        accent = theme.colour("accent" if self._over else "line")
        painter.setPen(QPen(accent, 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 10, 10)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if files_in(event.mimeData()):
            event.acceptProposedAction()
            self._over = True
            self.update()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._over = False
        self.update()

    def dropEvent(self, event: QDropEvent) -> None:
        self._over = False
        self.update()
        dropped = files_in(event.mimeData())
        path = next(iter(dropped), None)
        if path is not None:
            event.acceptProposedAction()
            whole = os.path.isdir(path) or path.suffix.lower() == ".zip"
            halves = len(dropped) > 1 and all(
                os.path.isdir(it) and it.parent == path.parent for it in dropped
            )
            self.chosen.emit(path if whole and not halves else path.parent)

    def _ask(self) -> None:
        dialog = QFileDialog(self, self.tr("Folder of pictures"), dialogs_begin(self._session))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.chosen.emit(as_on_disk(Path(name))))
        dialog.open()

    def _ask_for_zip(self) -> None:
        dialog = QFileDialog(self, self.tr("Zip file of pictures"), dialogs_begin(self._session))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(self.tr("Zip files (*.zip)"))
        dialog.fileSelected.connect(lambda name: self.chosen.emit(as_on_disk(Path(name))))
        dialog.open()


class StartPage(QWidget):
    """A drop zone, and the trainings that there were."""

    chosen = Signal(object)
    """The ``Path`` of a data set's folder."""
    discarded = Signal(object)
    """The ``RunSummary`` of a run that is to be deleted."""
    wants_pairs = Signal()
    """Pairs are to be painted first."""
    wants_queue = Signal()
    """The trainings that wait are to be seen."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.zone = DropZone(session)
        self.zone.chosen.connect(self.chosen)
        self._paint = QToolButton()
        self._paint.setObjectName("make_pairs")
        self._paint.setText(self.tr("No pairs yet? Make them by painting over photos …"))
        self._paint.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._paint.setAutoRaise(True)
        self._paint.clicked.connect(self.wants_pairs)
        self._queue = QToolButton()
        self._queue.setObjectName("show_queue")
        self._queue.setText(self.tr("&Queue: trainings one after the other, at night, when idle …"))
        self._queue.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._queue.setAutoRaise(True)
        self._queue.clicked.connect(self.wants_queue)
        self._title = title(self.tr("Earlier trainings"))
        self._list = QWidget()
        self._rows = QVBoxLayout(self._list)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(6)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self._list)
        self._scroll = scroll
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 18, 18, 18)
        column.setSpacing(10)
        column.addWidget(self.zone, 3)
        column.addWidget(self._paint, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._queue, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._title)
        column.addWidget(scroll, 2)
        session.training.watch("past", self._show)

    def dress(self) -> None:
        """Icons in the theme's colours."""
        self.zone.dress()
        self._paint.setIcon(theme.icon("mdi6.image-edit-outline"))
        self._queue.setIcon(theme.icon("mdi6.playlist-play"))
        self._show()

    def _show(self) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        past = self._session.training.past[:MOST_SHOWN]
        for run in past:
            self._rows.addWidget(self._row(run))
        self._rows.addStretch(1)
        self._title.setVisible(bool(past))
        self._scroll.setVisible(bool(past))

    def _row(self, run: RunSummary) -> QWidget:
        card = Card()
        card.setObjectName(f"past_{run.folder.name}")
        row = QHBoxLayout(card)
        row.setContentsMargins(12, 6, 8, 6)
        row.addWidget(title(run.plan.name))
        said = self.tr("%s · step %d of %d · %s · %s") % (
            phase_in_words(run.phase),
            run.step,
            run.plan.steps,
            ago(time.time() - run.touched),
            room(run.size),
        )
        row.addWidget(faint(said), 1)
        button = QToolButton()
        button.setText(self.tr("Show"))
        button.setIcon(theme.icon("mdi6.chart-line"))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAutoRaise(True)
        button.clicked.connect(lambda: self._session.training.show(run.folder))
        row.addWidget(button)
        delete = QToolButton()
        delete.setObjectName("delete")
        delete.setToolTip(
            self.tr("It is going on; stop it first")
            if run.phase in GOING_ON
            else self.tr("Move this training to the trash; models taken over from it stay")
        )
        delete.setIcon(theme.icon("mdi6.delete-outline"))
        delete.setAutoRaise(True)
        delete.setEnabled(run.phase not in GOING_ON)
        delete.clicked.connect(lambda: self.discarded.emit(run))
        row.addWidget(delete)
        return card
