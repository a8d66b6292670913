"""Models compared: a tile each, the table of measures, and which one stays. It stands in nobody's way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop.comparison.sheet import sheet_file
from desktop.session import Session
from desktop.support import theme
from desktop.support.file_work import Job
from desktop.widgets.comparison.grid import ModelGrid
from desktop.widgets.parts.files import dialogs_begin
from desktop.widgets.parts.message_bar import MessageBar
from desktop.widgets.parts.pictures import Card, MainButton, faint
from engine.files.writing import as_on_disk

_STEPS = 1000


class ComparisonDialog(QDialog):
    """Previews are made for it only while it is open.

    Args:
        session: has the models.
        parent: the window.
    """

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("comparison")
        self.setWindowTitle(self.tr("Compare models"))
        self._session, self._comparison = session, session.models.comparison
        self._excuse, self._problem = faint(), faint()
        self._excuse.setObjectName("nothing_to_compare")
        self._problem.setObjectName("comparison_problem")
        for label in (self._excuse, self._problem):
            label.hide()
        self.grid = ModelGrid(session)
        self.table = QTableWidget()
        self.table.setObjectName("comparison_table")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setAlternatingRowColors(True)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(90)
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.table.hide()
        both = QSplitter(Qt.Orientation.Vertical)
        both.setChildrenCollapsible(False)
        both.addWidget(self.grid)
        both.addWidget(self.table)
        both.setStretchFactor(0, 3)
        both.setStretchFactor(1, 2)
        column = QVBoxLayout(self)
        column.addWidget(self._excuse)
        column.addWidget(both, 1)
        column.addWidget(self._problem)
        column.addWidget(self._question())
        column.addWidget(self._aside())
        column.addLayout(self._progress())
        column.addLayout(self._buttons())
        self.messages = MessageBar(self)
        self.resize(self.sizeHint())  # words that wrap would have it as low as they are
        self.grid.wants_stay.connect(self.ask)
        self.grid.itemSelectionChanged.connect(self._show)
        session.error_reported.connect(self._say)
        session.file_work.progressed.connect(self._show_progress, Qt.ConnectionType.QueuedConnection)
        self._comparison.watch("excuse tiles whole job", self._show)
        self._comparison.watch("tiles table", self._fill)
        self._comparison.watch("put_aside", self._show_aside)

    def sizeHint(self) -> QSize:
        """Eight tiles of a fair size."""
        return QSize(760, 620)

    def changeEvent(self, event: QEvent) -> None:
        """While it is minimised nobody looks."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self._comparison.watched = self.isVisible() and not self.isMinimized()

    def open(self) -> None:
        """Come up, or to the front."""
        self._problem.hide()
        self.show()
        self.raise_()
        self.activateWindow()
        self.grid.setFocus()

    # --- building -------------------------------------------------------------------------------

    def _button(self, name: str, text: str, tip: str, do: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(f"comparison_{name}")
        button.setToolTip(tip)
        button.setAutoDefault(False)  # Enter takes a tile
        button.clicked.connect(lambda _checked=False: do())
        return button

    def _question(self) -> QWidget:
        """What is asked before the others go, in its place."""
        self._asked: Path | None = None
        self._ask, self._ask_text = Card(), faint()
        self._ask.setObjectName("comparison_question")
        self._ask_text.setObjectName("comparison_question_text")
        self._yes = MainButton(self.tr("Yes, this one stays"))
        self._yes.setObjectName("comparison_yes")
        self._yes.setAutoDefault(False)
        self._yes.clicked.connect(self._let_stay)
        no = self._button("no", self.tr("Cancel"), self.tr("Leave everything as it is"), self._ask.hide)
        row = QHBoxLayout(self._ask)
        row.addWidget(self._ask_text, 1)
        row.addWidget(self._yes)
        row.addWidget(no)
        self._ask.hide()
        return self._ask

    def _aside(self) -> QWidget:
        self._put_aside, self._aside_text = QWidget(), faint()
        self._aside_text.setObjectName("comparison_aside")
        row = QHBoxLayout(self._put_aside)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._aside_text, 1)
        row.addWidget(
            self._button(
                "back",
                self.tr("&Bring them back"),
                self.tr("List all models again that were put aside"),
                self._comparison.bring_back,
            )
        )
        self._put_aside.hide()
        return self._put_aside

    def _progress(self) -> QHBoxLayout:
        self._bar = QProgressBar()
        self._bar.setRange(0, _STEPS)
        self._cancel = self._button(
            "cancel", self.tr("Cancel"), self.tr("Judge no further"), self._cancel_judging
        )
        row = QHBoxLayout()
        row.addWidget(self._bar, 1)
        row.addWidget(self._cancel)
        self._bar.hide()
        self._cancel.hide()
        return row

    def _buttons(self) -> QHBoxLayout:
        self._judge = self._button(
            "judge",
            self.tr("&Validation folder …"),
            self.tr("Judge them by pairs that none was trained on, with the measures of underpaint evaluate"),
            self._ask_folder,
        )
        self._eye = QCheckBox(self.tr("with a trained &eye"))
        self._eye.setObjectName("comparison_eye")
        self._eye.setToolTip(
            self.tr("Measure what pictures look like, too: perceptual and kernel distance, a minute a model")
        )
        self._export = self._button(
            "export", self.tr("&Sheet …"), self.tr("Write pictures and table as a PNG"), self._ask_file
        )
        self._stays = self._button(
            "stays",
            self.tr("&This one stays …"),
            self.tr("Paint with the chosen model and put the others aside; they can be brought back"),
            lambda: self.ask(self.grid.chosen),
        )
        row = QHBoxLayout()
        for widget in (self._judge, self._eye):
            row.addWidget(widget)
        row.addStretch(1)
        for widget in (self._export, self._stays):
            row.addWidget(widget)
        return row

    # --- what it does ---------------------------------------------------------------------------

    def ask(self, file: Path | None) -> None:
        """Ask, in place, whether a model is to stay and the others are to go."""
        if any(tile.file == file for tile in self._comparison.tiles):
            self._asked = file
            self._word_question()
            self._ask.show()
            self._yes.setFocus()

    def _word_question(self) -> None:
        """Say what would be put aside as it stands: models come and go while it is asked."""
        tile = next(tile for tile in self._comparison.tiles if tile.file == self._asked)
        others = self._comparison.others(tile.file)
        names = ", ".join(f"“{other.card.name}”" for other in others[:4]) + (" …" if len(others) > 4 else "")
        if others:
            text = self.tr(
                "“%s” stays. %s would be put aside; nothing is deleted, and they can be brought back."
            )
            self._ask_text.setText(text % (tile.card.name, names))
        else:
            text = self.tr("“%s” stays. The others came with the program and are only left out here.")
            self._ask_text.setText(text % tile.card.name)

    def judge(self, folder: Path) -> None:
        """Judge the models by a folder of pairs."""
        self._problem.hide()
        self._session.settings.folder = str(folder.parent)
        self._comparison.judge(folder, eye=self._eye.isChecked())

    def write(self, path: Path) -> None:
        """Write a sheet there; ask first where that would replace something."""
        path = sheet_file(path)
        self._session.settings.folder = str(path.parent)
        another = self.tr("Write under &another name …"), self._ask_file
        self.messages.ask_to_replace(path, lambda: self._comparison.export(path), another)

    def _let_stay(self) -> None:
        self._ask.hide()
        if self._asked is not None:
            self._comparison.let_stay(self._asked)

    def _cancel_judging(self) -> None:
        if self._comparison.job is not None:
            self._comparison.job.cancel()

    def _ask_folder(self) -> None:
        dialog = QFileDialog(self, self.tr("Folder of pairs to judge by"), dialogs_begin(self._session))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda name: self.judge(as_on_disk(Path(name))))
        dialog.open()

    def _ask_file(self) -> None:
        dialog = QFileDialog(
            self,
            self.tr("Where the sheet goes"),
            dialogs_begin(self._session),
            self.tr("PNG picture (*.png)"),
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.setDefaultSuffix("png")
        dialog.selectFile(self.tr("models.png"))
        dialog.fileSelected.connect(lambda name: self.write(Path(name)))
        dialog.open()

    # --- what it shows --------------------------------------------------------------------------

    def _say(self, sentence: str) -> None:
        """The window's message bar may be hidden under this."""
        if self.isVisible():
            self._problem.setText(sentence)
            self._problem.show()

    def _show(self) -> None:
        comparison = self._comparison
        self._excuse.setText(comparison.excuse)
        self._excuse.setVisible(bool(comparison.excuse))
        at_work = comparison.job is not None
        for widget in (self._bar, self._cancel):
            widget.setVisible(at_work)
        self._judge.setEnabled(bool(comparison.tiles) and not at_work)
        self._eye.setEnabled(not at_work)
        self._export.setEnabled(comparison.whole)
        self._stays.setEnabled(self.grid.chosen is not None and not at_work)
        asked = {tile.file for tile in comparison.tiles}
        if self._asked not in asked:
            self._ask.hide()
        elif not self._ask.isHidden():
            self._word_question()
        self._show_progress()

    def _show_progress(self) -> None:
        job: Job | None = self._comparison.job
        if job is not None:
            self._bar.setRange(0, _STEPS if job.share else 0)
            self._bar.setValue(round(_STEPS * job.share))

    def _show_aside(self) -> None:
        count = len(self._comparison.put_aside)
        self._put_aside.setVisible(count > 0)
        self._aside_text.setText(
            self.tr("1 model is put aside.") if count == 1 else self.tr("%d models are put aside.") % count
        )

    def _fill(self) -> None:
        """The table: a line a measure, a column a model, the best bold and starred."""
        tiles, rows, told = self._comparison.tiles, self._comparison.rows, self._comparison.table
        self.table.setVisible(bool(rows))
        if not rows or told is None:
            return
        self.table.setColumnCount(len(tiles))
        self.table.setRowCount(len(rows))
        self.table.setHorizontalHeaderLabels([tile.card.name for tile in tiles])
        self.table.setVerticalHeaderLabels([row.name for row in rows])
        for down, row in enumerate(rows):
            meaning = theme.plain(told.meanings.get(row.name, row.name))
            self.table.verticalHeaderItem(down).setToolTip(meaning)
            for across, value in enumerate(row.values):
                best = across in row.best
                item = QTableWidgetItem("–" if value is None else f"{value:.4f}{' ★' if best else ''}")
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                item.setToolTip(meaning)
                font = item.font()
                font.setBold(best)
                item.setFont(font)
                if best:
                    item.setForeground(theme.colour("accent"))
                self.table.setItem(down, across, item)
