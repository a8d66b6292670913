"""The question before pairs are made by painting: over which photos, what, and into which data set."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QWidget,
)

from desktop.session import Session
from desktop.support import theme
from desktop.widgets.dialogs.picture_dialogs import Form, kind_choice
from desktop.widgets.parts.files import PICTURES, dialogs_begin, files_in
from desktop.widgets.parts.pictures import faint
from engine.files.writing import as_on_disk, shown


class PairStartDialog(Form):
    """Everything is chosen already where pairs were made before; photos may be dropped on it.

    Args:
        sources: photos and folders of photos; none for those used last.
    """

    def __init__(self, session: Session, sources: list[Path], parent: QWidget) -> None:
        super().__init__(parent.tr("Make pairs by painting"), parent.tr("Begin"), parent)
        self.setObjectName("pair_start")
        self.setAcceptDrops(True)
        self.setMinimumWidth(560)
        self._session = session
        last = session.settings.pairs
        self._sources: list[Path] = []
        self._elsewhere: Path | None = None
        self._kind = kind_choice(self)
        self._kind.setObjectName("pairs_kind")
        kind = last.get("kind", "") or session.document.kind
        self._kind.setCurrentIndex(max(0, self._kind.findData(kind)))
        self._name = QLineEdit()
        self._name.setObjectName("pairs_name")
        self._photos, self._place, self._found = (_plain() for _ in range(3))
        self._found.setWordWrap(True)
        self._found.setMinimumHeight(2 * self._found.fontMetrics().lineSpacing())
        what = faint(
            self.tr("Your drawings become what the model is given, the photos what it learns to make.")
        )
        self.form.addRow(what)
        choices = self._button(self.tr("&Folder …"), True), self._button(self.tr("&Single ones …"), False)
        self.form.addRow(self.tr("Photos"), _row(self._photos, *choices))
        self.form.addRow(self.tr("You paint"), self._kind)
        self.form.addRow(self.tr("Data set"), self._name)
        elsewhere = QPushButton(self.tr("&Elsewhere …"))
        elsewhere.clicked.connect(self._ask_folder)
        self.form.addRow("", _row(self._place, elsewhere))
        self.form.addRow("", self._found)
        self._kind.currentIndexChanged.connect(self._look)
        self._name.textEdited.connect(self._renamed)
        session.pair_drawing.changed.connect(self._notice)  # a slot of its own ends with the dialog
        self.accepted.connect(self._start)
        former = Path(last["photos"]) if last.get("photos") else None
        if sources:
            self.take(sources)
        elif former is not None and os.path.exists(former):
            self.take([former])
        self._look()

    # --- choosing -------------------------------------------------------------------------------

    def take(self, sources: list[Path]) -> None:
        """Other photos: their data set is called like their folder, unless it was chosen for them before."""
        self._sources = sources
        first = sources[0]
        last = self._session.settings.pairs
        self._elsewhere = None
        if last.get("photos") == str(first) and last.get("folder"):
            folder = Path(last["folder"])
            self._name.setText(shown(folder.name))
            usual = self._session.pair_drawing.folder(self._name.text())
            self._elsewhere = folder if folder != usual else None
        else:
            self._name.setText(shown(first.name if os.path.isdir(first) else first.parent.name))
        self._look()

    def _button(self, text: str, folder: bool) -> QPushButton:
        button = QPushButton(text)
        button.clicked.connect(lambda: self._ask(folder))
        return button

    def _ask(self, folder: bool) -> None:
        start = dialogs_begin(self._session, self._sources[0].parent if self._sources else None)
        title = self.tr("Folder of photos") if folder else self.tr("Photos")
        dialog = QFileDialog(self, title, start, "" if folder else self.tr("Pictures (%s)") % PICTURES)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        mode = QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFiles
        dialog.setFileMode(mode)
        dialog.filesSelected.connect(lambda names: self.take([as_on_disk(Path(name)) for name in names]))
        dialog.open()

    def _ask_folder(self) -> None:
        dialog = QFileDialog(
            self, self.tr("Folder for the pairs"), dialogs_begin(self._session, self._folder().parent)
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda name: self.put_in(as_on_disk(Path(name))))
        dialog.open()

    def put_in(self, folder: Path) -> None:
        """Make the pairs in that folder, wherever it is."""
        self._elsewhere = folder
        self._name.setText(shown(folder.name))
        self._look()

    def _renamed(self) -> None:
        self._elsewhere = None
        self._look()

    def _folder(self) -> Path:
        return self._elsewhere or self._session.pair_drawing.folder(self._name.text())

    # --- showing --------------------------------------------------------------------------------

    def _look(self) -> None:
        names = ", ".join(shown(source.name) for source in self._sources[:3])
        self._photos.setText(names or self.tr("Choose photos, or drop them here."))
        self._photos.setToolTip(theme.plain("\n".join(map(shown, self._sources[:20]))))
        self._place.setText(self._cut(shown(self._folder())))
        self._place.setToolTip(theme.plain(shown(self._folder())))
        if self._sources:
            self._session.pair_drawing.look(self._sources, self._kind.currentData(), self._folder())
        self._show()

    def _notice(self, name: str) -> None:
        if name in ("scanned", "objection"):
            self._show()

    def _cut(self, text: str) -> str:
        return self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, 320)

    def _show(self) -> None:
        pair_drawing, found = self._session.pair_drawing, self._session.pair_drawing.scanned
        self.do.setEnabled(found is not None and bool(self._sources))
        if not self._sources:
            self._found.clear()
        elif pair_drawing.objection:
            self._found.setText(pair_drawing.objection)
        elif found is None:
            self._found.setText(self.tr("Looking at the photos …"))
        else:
            count = len(found.photos)
            text = self.tr("1 photo.") if count == 1 else self.tr("%d photos.") % count
            if found.done == count:
                text += " " + self.tr("Each has its pair already; you can correct them.")
            elif found.done:
                text += " " + self.tr("%d done; you go on at the next.") % found.done
            elif found.pairs:
                text += " " + self.tr("The data set has %d pairs of other photos.") % found.pairs
            if found.palette is not None:
                text += " " + self.tr("Labels: %s.") % found.palette.name
            self._found.setText(text)

    def _start(self) -> None:
        self._session.pair_drawing.begin(self._sources, self._kind.currentData(), self._folder())

    # --- dropping -------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and folders may be dropped."""
        if files_in(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take them for the photos."""
        dropped = files_in(event.mimeData())
        if dropped:
            event.acceptProposedAction()
            self.take(dropped)


def _plain() -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)  # a folder's name could say anything
    return label


def _row(label: QLabel, *buttons: QPushButton) -> QWidget:
    box = QWidget()
    row = QHBoxLayout(box)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(label, 1)
    for button in buttons:
        row.addWidget(button)
    return box
