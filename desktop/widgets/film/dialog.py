"""A time-lapse: how long, how large, what is shown, and where it is written."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QComboBox, QLabel, QSpinBox, QWidget

from desktop.film.frames import SECONDS, SIZES, Cut
from desktop.session import Session
from desktop.widgets.dialogs.picture_dialogs import PictureForm
from desktop.widgets.parts.files import dialogs_begin
from desktop.widgets.parts.message_bar import MessageBar
from desktop.widgets.parts.moving import ask_where


class FilmDialog(PictureForm):
    """Its button asks for a file; then it is gone, and the film is made beside the pen."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(session, parent.tr("Time-lapse"), parent.tr("Make …"), parent)
        self.setObjectName("film")
        self._seconds = QSpinBox()
        self._seconds.setObjectName("film_seconds")
        self._seconds.setRange(*SECONDS)
        self._seconds.setSuffix(self.tr(" s"))
        self._seconds.setToolTip(self.tr("Pauses are left out, and the rest is fitted into this time"))
        self._shown, self._size = QComboBox(), QComboBox()
        self._shown.setObjectName("film_shown")
        self._size.setObjectName("film_size")
        for text, data in (
            (self.tr("Drawing and preview, side by side"), "both"),
            (self.tr("The drawing alone"), "drawing"),
            (self.tr("The preview alone"), "preview"),
        ):
            self._shown.addItem(text, data)
        self._size.addItem(self.tr("As the network paints it"), 0)
        for size in SIZES:
            self._size.addItem(self.tr("%d pixels high") % size, size)
        wanted = session.films.wanted
        self._seconds.setValue(wanted.seconds)
        self._shown.setCurrentIndex(self._shown.findData(wanted.shown))
        self._size.setCurrentIndex(self._size.findData(wanted.height))
        said = QLabel(self.tr("It is made in the pauses of your pen; you can go on drawing."))
        said.setWordWrap(True)
        self.form.addRow(self.tr("&Length"), self._seconds)
        self.form.addRow(self.tr("&Shown"), self._shown)
        self.form.addRow(self.tr("Si&ze"), self._size)
        self.form.addRow(said)
        self.messages = MessageBar(self)
        self.setMinimumWidth(560)  # there is room for a question and its answers
        problem = session.films.excuse
        self._say(problem)
        self.do.setEnabled(not problem)
        session.error_reported.connect(self._say)  # the window's message bar is out of reach

    @property
    def cut(self) -> Cut:
        """As it is chosen."""
        return Cut(self._seconds.value(), self._size.currentData(), self._shown.currentData())

    def accept(self) -> None:
        """Ask where to, then make it."""
        if not self.comes_up():
            return
        folder, name = dialogs_begin(self._session), Path(self._session.title).stem
        ask_where(self.tr("Export the time-lapse"), folder, name, self.write, self.messages, self)

    def write(self, path: Path) -> None:
        """Begin; the bar of files shows how far it is, with *Cancel*, and the dialog is in nobody's way."""
        self._session.settings.folder = str(path.parent)
        if self.comes_up() and self._session.films.export(path, self.cut) is not None:
            super().accept()

    def _say(self, problem: str) -> None:
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
