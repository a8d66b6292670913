"""Photos made fit to train on: a folder, a look at what is proposed for each of them, a new folder."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from desktop.preparing.preparing import SIZES
from desktop.session import Session
from desktop.widgets.parts.files import dialogs_begin, files_in
from desktop.widgets.parts.pictures import faint, title
from desktop.widgets.parts.room import fit
from desktop.widgets.preparing.sheet import Sheet
from engine.files.writing import as_on_disk, shown


class PreparingDialog(QDialog):
    """Stays open beside the window. Nothing is written before *Write …*, and never where the photos are."""

    train = Signal(object)
    """The ``Path`` of a folder to be trained on."""
    pairs = Signal(list)
    """Photos, ``Path``s, over which pairs are to be painted."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("preparing")
        self.setWindowTitle(self.tr("Prepare photos"))
        self.setAcceptDrops(True)
        fit(self, 900, 680)
        self._session, self._preparing = session, session.preparing
        self._folder: Path | None = None
        self._waits = False
        """Another folder was refused, as one is being written."""
        self._cut_short = False
        """It was closed while it looked at the photos."""
        self._name, self._said = title(), faint()
        self._said.setObjectName("preparing_said")
        self._problem = QLabel()
        self._problem.setObjectName("preparing_problem")
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._problem.setWordWrap(True)
        self._size, self._margin = QComboBox(), QSpinBox()
        self._size.setObjectName("preparing_size")
        for edge in SIZES:
            self._size.addItem(f"{edge} × {edge}", edge)
        self._size.setCurrentIndex(SIZES.index(self._preparing.size))
        self._size.setToolTip(self.tr("Pixels of the squares that are made"))
        self._margin.setObjectName("preparing_margin")
        self._margin.setRange(0, 40)
        self._margin.setSuffix(self.tr(" % margin"))
        self._margin.setValue(self._preparing.margin)
        self._margin.setKeyboardTracking(False)
        self._margin.setToolTip(self.tr("Around the object, of the square’s edge"))
        self.sheet = Sheet(self._preparing)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._choose = self._button("choose", self.tr("&Folder …"), self.tr("A folder of photos"), self._ask)
        self._zip = self._button(
            "zip", self.tr("&Zip file …"), self.tr("Photos in a zip file"), self._ask_zip
        )
        self._stop = self._button("stop", self.tr("&Stop"), self.tr("End it; nothing stays half-written"),
                                  self._preparing.cancel)  # fmt: skip
        self._write = self._button(
            "write", self.tr("&Write …"), self.tr("Make a new folder of those that are kept"), self._ask_where
        )
        self._train = self._button(
            "train", self.tr("&Train on it"), self.tr("Open the training window with it"), self._go_train
        )
        self._pairs = self._button(
            "pairs", self.tr("&Make pairs of it"), self.tr("Paint over these photos"), self._go_pairs
        )
        self._arrange()
        self._size.activated.connect(self._look_again)
        self._margin.valueChanged.connect(self._look_again)
        self._preparing.watch("plan kept busy share made", self._show)
        self._preparing.error_reported.connect(self._show_problem)
        self._show()

    def open_on(self, folder: Path | None) -> None:
        """Show it, with the photos in a folder or zip file if one is given, else as it was closed."""
        self.show()
        self.raise_()
        self.activateWindow()
        if folder is not None:
            self.look_at(folder)
        elif self._cut_short:
            self._look_again()

    def look_at(self, folder: Path) -> None:
        """Look at the photos in a folder or zip file; not while a new folder is being written."""
        if self._preparing.busy == "writing":
            self._show_problem(
                self.tr("The new folder is still being written; wait for it, or stop it first.")
            )
            self._waits = True
            return
        self._folder, self._cut_short = folder, False
        self._show_problem("")
        self._preparing.look(folder, self._size.currentData(), self._margin.value())

    def write(self, out: Path) -> None:
        """Make the new folder."""
        self._show_problem("")
        self._preparing.write(out)

    def reject(self) -> None:
        """Away; what is being done ends, and a look begins anew when it is opened again."""
        self._cut_short = self._cut_short or self._preparing.busy == "looking"
        self._preparing.put_away()
        super().reject()

    # --- building -------------------------------------------------------------------------------

    def _button(self, name: str, text: str, tip: str, do) -> QPushButton:  # type: ignore[no-untyped-def]
        button = QPushButton(text)
        button.setObjectName(f"preparing_{name}")
        button.setToolTip(tip)
        button.setAutoDefault(False)  # Enter keeps a photo or leaves it out
        button.clicked.connect(lambda: do())
        return button

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        rows = (
            (self._name, None, self._choose, self._zip, self._size, self._margin),
            (self._bar, self._stop),
            (None, self._train, self._pairs, self._write),
        )
        layouts = []
        for widgets in rows:
            row = QHBoxLayout()
            for widget in widgets:
                if widget is None:
                    row.addStretch(1)
                else:
                    row.addWidget(widget)
            layouts.append(row)
        column.addLayout(layouts[0])
        column.addWidget(self._said)
        column.addWidget(self.sheet, 1)
        column.addWidget(self._problem)
        column.addLayout(layouts[1])
        column.addLayout(layouts[2])

    # --- choosing -------------------------------------------------------------------------------

    def _ask(self) -> None:
        self._ask_for(self.tr("Folder of photos"), QFileDialog.FileMode.Directory, "", self.look_at)

    def _ask_zip(self) -> None:
        filters = self.tr("Zip files (*.zip)")
        self._ask_for(
            self.tr("Photos in a zip file"), QFileDialog.FileMode.ExistingFile, filters, self.look_at
        )

    def _ask_where(self) -> None:
        suggested = self._preparing.suggested()
        begin = dialogs_begin(self._session, suggested.parent if suggested else None)
        dialog = QFileDialog(self, self.tr("New folder"), begin)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # it is refused, not replaced
        dialog.selectFile(shown(suggested.name) if suggested else "")
        dialog.fileSelected.connect(lambda name: self.write(Path(name)))
        dialog.open()

    def _ask_for(self, text: str, mode: QFileDialog.FileMode, filters: str, then) -> None:  # type: ignore[no-untyped-def]
        dialog = QFileDialog(self, text, dialogs_begin(self._session), filters)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(mode)
        dialog.fileSelected.connect(lambda name: then(as_on_disk(Path(name))))
        dialog.open()

    def _look_again(self) -> None:
        if self._folder is not None:
            self.look_at(self._folder)

    def _go_train(self) -> None:
        if self._preparing.made is not None:
            self.train.emit(self._preparing.made)

    def _go_pairs(self) -> None:
        if self._preparing.made is not None:
            self.pairs.emit([self._preparing.made])

    # --- showing --------------------------------------------------------------------------------

    def _show(self) -> None:
        preparing = self._preparing
        plan, busy, made = preparing.plan, preparing.busy, preparing.made
        self._name.setText(
            shown(self._folder.name) if self._folder else self.tr("Drop a folder of photos here")
        )
        if made is not None:
            said = self.tr("Written: “%s”.") % shown(made.name)
        elif busy == "looking":
            said = self.tr("Looking at the photos …")
        elif busy == "writing":
            said = self.tr("Writing …")
        elif plan is not None:
            kept, total = len(preparing.kept), len(plan.proposals)
            said = self.tr("%d of %d photos are kept; a click on one changes that.") % (kept, total)
            if not plan.cuts:
                said += " " + self.tr("Most have a background of their own, so nothing is cut out.")
            if plan.foreign:
                said += " " + self.tr("%d files can’t be read here.") % len(plan.foreign)
            if plan.unread:
                said += " " + self.tr("%d folders can’t be looked into.") % len(plan.unread)
        else:
            said = self.tr("Objects on a plain background are cut out and centred; odd photos are left out.")
        self._said.setText(said)
        if self._waits and not busy:
            self._show_problem("")
        self._bar.setVisible(bool(busy))
        self._stop.setVisible(bool(busy))
        self._bar.setValue(round(1000 * preparing.share))
        self._write.setEnabled(plan is not None and not busy and bool(preparing.kept))
        for button in (self._train, self._pairs):
            button.setVisible(made is not None)
        # A newer request ends a look, and a field that is turned off loses the keyboard.
        for widget in (self._choose, self._zip, self._size, self._margin):
            widget.setEnabled(busy != "writing")

    def _show_problem(self, sentence: str) -> None:
        self._waits = False
        self._problem.setText(sentence)
        self._problem.setVisible(bool(sentence))

    # --- dropping -------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A folder or a zip file may be dropped."""
        if files_in(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take it, or the folder of the photo that was dropped."""
        path = next(iter(files_in(event.mimeData())), None)
        if path is not None:
            event.acceptProposedAction()
            whole = os.path.isdir(path) or path.suffix.lower() == ".zip"
            self.look_at(path if whole else path.parent)
