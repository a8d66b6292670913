"""The drawing in other colours: a grid to choose from, and where its colours come from. In nobody's way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop.colourways.choice import LEAST, USUAL
from desktop.colourways.palette_files import SUFFIXES
from desktop.colourways.sets import MOST, ColourSet
from desktop.session import OpenPicture, Session
from desktop.widgets.colourways.grid import Grid
from desktop.widgets.parts.files import PICTURES, Files, dialogs_begin
from engine.files.writing import as_on_disk


class ColourwaysDialog(QDialog):
    """Stays open beside the window while somebody draws; nothing is made for it while it is away.

    Args:
        session: has the sets.
        files: asks for files.
        undoing: undo and redo, whose keys count here as well.
        parent: the window.
    """

    def __init__(self, session: Session, files: Files, undoing: Sequence[QAction], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("colourways")
        self.setWindowTitle(self.tr("Colourways"))
        self._session, self._board, self._files = session, session.colourways, files
        self.addActions(undoing)
        self._excuse, self._problem = QLabel(), QLabel()
        for label, name in ((self._excuse, "no_colourways"), (self._problem, "colourways_problem")):
            label.setObjectName(name)
            label.setTextFormat(Qt.TextFormat.PlainText)  # a stranger's file could say anything
            label.setWordWrap(True)
            label.hide()
        self.grid = Grid(session)
        self._count = QSpinBox()
        self._count.setObjectName("colourways_count")
        self._count.setRange(LEAST, MOST)
        self._count.setValue(USUAL)
        self._count.setToolTip(self.tr("How many sets of colours are shown"))
        self._count.setKeyboardTracking(False)
        self._count.valueChanged.connect(self._board.show_so_many)
        self._styled = QCheckBox(self.tr("With st&yles"))
        self._styled.setObjectName("colourways_styled")
        self._styled.setToolTip(self.tr("Sets that are drawn have styles of their own, too"))
        self._styled.clicked.connect(lambda on: setattr(self._board, "styled", on))
        row = QHBoxLayout()
        row.addWidget(self._count)
        row.addWidget(self._styled)
        self._buttons: list[QPushButton] = []
        for name, text, tip, do in (
            ("shuffle", self.tr("&Shuffle"), self.tr("Draw others by chance; the first stays"),
             self._board.shuffle),
            ("palette", self.tr("From a &palette file …"),
             self.tr("Draw them of a palette's colours, or take the sets of a JSON file"), self._ask_palette),
            ("photo", self.tr("From a p&hoto …"), self.tr("Draw them of the main colours of a photo"),
             self._ask_photo),
            ("export", self.tr("&Export …"),
             self.tr("Write a sheet as PNG and PDF, and each colourway as a PNG"), self._ask_folder),
        ):  # fmt: skip
            button = QPushButton(text)
            button.setObjectName(f"colourways_{name}")
            button.setToolTip(tip)
            button.setAutoDefault(False)  # Enter takes a tile
            button.clicked.connect(do)
            self._buttons.append(button)
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.addWidget(self._excuse)
        column.addWidget(self.grid, 1)
        column.addWidget(self._problem)
        column.addLayout(row)
        self.grid.wants_name.connect(self.ask_name)
        self.grid.wants_colour.connect(self.ask_colour)
        session.error_reported.connect(self._say)
        session.watch("picture steps", self._problem.hide)
        self._board.watch("excuse tiles writing styles styled own", self._show)

    def sizeHint(self) -> QSize:
        """Eight tiles of a fair size."""
        return QSize(660, 480)

    def changeEvent(self, event: QEvent) -> None:
        """While it is minimised nobody looks."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self._board.watched = self.isVisible() and not self.isMinimized()

    def open(self) -> None:
        """Come up, or to the front."""
        self._problem.hide()
        self.show()
        self.raise_()
        self.activateWindow()
        self.grid.setFocus()

    def ask_name(self, number: int) -> None:
        """Ask what a set is to be called."""
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Rename the colourway"))
        dialog.setLabelText(self.tr("It stands on the sheet:"))
        of, picture = self._board.tiles[number].colours, self._session.picture
        dialog.setTextValue(of.name)
        dialog.resize(max(360, dialog.sizeHint().width()), dialog.sizeHint().height())
        dialog.textValueSelected.connect(
            lambda name: self._on(picture, of, partial(self._board.rename, name=name))
        )
        dialog.open()

    def ask_colour(self, number: int, index: int) -> None:
        """Ask what a colour of a set is to be."""
        of, picture = self._board.tiles[number].colours, self._session.picture
        dialog = QColorDialog(QColor(*self._board.wanted(of)[index]), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Colour %d of the colourway") % (index + 1))
        dialog.colorSelected.connect(
            lambda it: self._on(
                picture,
                of,
                partial(self._board.change, index=index, colour=(it.red(), it.green(), it.blue())),
            )
        )
        dialog.open()

    def _on(self, picture: OpenPicture | None, of: ColourSet, do: Callable[[int], object]) -> None:
        """Do something with a set of a picture that was asked about; it may be elsewhere by now, or gone."""
        sets = [tile.colours for tile in self._board.tiles]
        if picture is self._session.picture and of in sets:
            do(sets.index(of))
        else:
            self._say(self.tr("That colourway is gone meanwhile; choose another."))

    def _ask_palette(self) -> None:
        self._problem.hide()
        patterns = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        filters = self.tr("Palettes and colour sets (%s *.json)") % patterns
        self._files.ask_onto(self.tr("Palette file"), filters, self._board.take_file)

    def _ask_photo(self) -> None:
        self._problem.hide()
        filters = self.tr("Pictures (%s)") % PICTURES
        self._files.ask_onto(self.tr("Photo whose colours to take"), filters, self._board.take_photo)

    def _ask_folder(self) -> None:
        self._problem.hide()
        picture = self._session.picture

        def take(name: str) -> None:
            folder = as_on_disk(Path(name))
            self._session.settings.folder = str(folder)
            self._board.export(folder, picture)

        title = self.tr("Folder to write a folder of colourways into")
        dialog = QFileDialog(self, title, dialogs_begin(self._session))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(take)
        dialog.open()

    def _say(self, sentence: str) -> None:
        """The window's message bar may be hidden under this."""
        if self.isVisible():
            self._problem.setText(sentence)
            self._problem.show()

    def _show(self) -> None:
        board = self._board
        self._excuse.setText(board.excuse)
        self._excuse.setVisible(bool(board.excuse))
        self.grid.setEnabled(not board.excuse)
        self._count.setEnabled(bool(board.tiles))
        self._styled.setVisible(board.styles is not None and bool(board.own))
        self._styled.setChecked(board.styled)
        for button in self._buttons:
            coloured = button.objectName() in ("colourways_palette", "colourways_photo")
            button.setEnabled(bool(board.tiles and (board.own or not coloured)))
        self._buttons[-1].setEnabled(bool(board.tiles) and not board.writing)
        self._buttons[-1].setText(self.tr("Making the rest …") if board.writing else self.tr("&Export …"))
        # A number that is being typed is no value yet, and would be gone.
        if len(board.tiles) >= LEAST and len(board.tiles) != self._count.value():
            self._count.blockSignals(True)
            self._count.setValue(len(board.tiles))
            self._count.blockSignals(False)
