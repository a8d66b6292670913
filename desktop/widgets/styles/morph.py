"""A morph: from what to what, how long, and where it is written; what is made of it is played meanwhile."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLabel,
    QProgressBar,
    QSpinBox,
    QWidget,
)

from desktop.preview.morphing import RATES, SECONDS, End, Timing
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.dialogs.picture_dialogs import WritingForm
from desktop.widgets.parts.files import dialogs_begin
from desktop.widgets.parts.message_bar import MessageBar
from desktop.widgets.parts.moving import ask_where
from desktop.widgets.parts.pictures import Picture, as_image
from engine.errors import PictureError

_SMALL = 40


class MorphDialog(WritingForm):
    """Its button writes the morph as soon as all frames are there.

    Args:
        session: has the morph.
        parent: the window.
        first: where it begins, if that was said; a kept frame.
    """

    def __init__(self, session: Session, parent: QWidget, first: object = None) -> None:
        super().__init__(parent.tr("Morph"), parent.tr("Write …"), parent)
        self.setObjectName("morph")
        self._session, self._morphing = session, session.morphing
        self._ends = self._morphing.ends()
        self._way = 0
        self._first, self._second = self._choice("morph_first"), self._choice("morph_second")
        self._seconds, self._rate = QSpinBox(), QSpinBox()
        wanted = self._morphing.wanted
        for box, (least, most), value in (
            (self._seconds, SECONDS, wanted.seconds),
            (self._rate, RATES, wanted.rate),
        ):
            box.setRange(least, most)
            box.setValue(value)
            box.valueChanged.connect(self._begin)
        self._seconds.setSuffix(self.tr(" s"))
        self._rate.setSuffix(self.tr(" a second"))
        self._back = QCheckBox(self.tr("Out and back, so that it goes round"))
        self._back.setChecked(wanted.back)
        self._back.toggled.connect(self._begin)
        self._shown = Picture("", "")
        self._shown.setMinimumSize(200, 200)
        self._progress = QProgressBar()
        self._said = QLabel()
        self._said.setTextFormat(Qt.TextFormat.PlainText)  # a stranger's model could say anything
        self._said.setObjectName("morph_problem")
        self._said.setWordWrap(True)
        self.form.addRow(self._shown)
        self.form.addRow(self.tr("&From"), self._first)
        self.form.addRow(self.tr("&To"), self._second)
        self.form.addRow(self.tr("&Length"), self._seconds)
        self.form.addRow(self.tr("Fra&mes"), self._rate)
        self.form.addRow(self._back)
        self.form.addRow(self._said)
        self.form.addRow(self._progress)
        self.messages = MessageBar(self)
        self.setMinimumWidth(560)  # there is room for a question and its answers
        self._tick = QTimer(self)
        self._tick.timeout.connect(self._play)
        self._choose(first)
        for choice in (self._first, self._second):
            choice.currentIndexChanged.connect(self._begin)
        self._morphing.watch("made total", self.show_writing)
        session.error_reported.connect(self._say)  # the window's message bar is out of reach
        self.finished.connect(self._leave)
        self._begin()

    @property
    def timing(self) -> Timing:
        """As it is chosen."""
        return Timing(self._seconds.value(), self._rate.value(), self._back.isChecked())

    def accept(self) -> None:
        """Ask where to, then write; the dialog stays until that is known."""
        folder = dialogs_begin(self._session)
        ask_where(self.tr("Write the morph"), folder, self.tr("morph"), self.write, self.messages, self)

    def write(self, path: Path) -> None:
        """Write to ``path``, and close when that is done."""
        morphing = self._morphing
        if morphing.total and morphing.made == morphing.total:
            self._session.settings.folder = str(path.parent)
            self._said.hide()
            self.follow(morphing.write(path, self.timing))
            return
        # While a place was chosen, another model may have come, and the frames gone.
        if not morphing.total:
            self._begin()
        if morphing.total:
            self._say(
                self.tr("Nothing was written: the frames are made anew; write them when all are there.")
            )

    def _choice(self, name: str) -> QComboBox:
        box = QComboBox()
        box.setObjectName(name)
        box.setIconSize(QSize(_SMALL, _SMALL))
        for end in self._ends:
            pixmap = QPixmap()
            if end.preview is not None:
                pixmap = QPixmap.fromImage(
                    as_image(end.preview).scaled(
                        _SMALL * 2,
                        _SMALL * 2,
                        Qt.AspectRatioMode.KeepAspectRatio,
                        Qt.TransformationMode.SmoothTransformation,
                    )
                )
            box.addItem(theme.picture_icon(pixmap), end.name, end)
        return box

    def _choose(self, first: object) -> None:
        """To begin with: the frame that was said, the last two kept ones, else from the usual to the own."""
        kept = [index for index, end in enumerate(self._ends) if end.frame is not None]
        said = next((index for index in kept if self._ends[index].frame is first), None)
        styles = [index for index in range(len(self._ends)) if index not in kept]
        own = next((at for at in styles if self._ends[at].style == self._session.styles.current), None)
        others = [index for index in (*reversed(kept), *reversed(styles)) if index != said]
        if said is None and len(kept) < 2 and styles:
            start = styles[0] if own != styles[0] else styles[-1]
            pair = start, own if own is not None else styles[-1]
        else:
            start = said if said is not None else kept[-2] if len(kept) > 1 else 0
            pair = start, next((index for index in others if index != start), start)
        self._first.setCurrentIndex(pair[0])
        self._second.setCurrentIndex(pair[1])

    def _begin(self) -> None:
        first, second = self._first.currentData(), self._second.currentData()
        problem = ""
        if not isinstance(first, End) or not isinstance(second, End):
            problem = self.tr("Keep two frames first (K), or open a model with styles.")
            self._morphing.end()
        else:
            try:
                self._morphing.begin(first, second, self.timing)
            except PictureError as error:
                problem = str(error)
                self._morphing.end()
        self._say(problem)
        self._way = 0
        if problem:
            self._tick.stop()
        else:
            self._tick.start(1000 // self._rate.value())

    def _say(self, problem: str) -> None:
        self._said.setText(problem)
        self._said.setVisible(bool(problem))

    def show_writing(self) -> None:
        """How many frames there are, and whether they can be written."""
        made, total = self._morphing.made, self._morphing.total
        self._progress.setRange(0, max(1, total))
        self._progress.setValue(made)
        self._progress.setFormat(self.tr("%v of %m frames are made"))
        self.do.setEnabled(0 < total == made and self.writing is None)
        if made == 1:
            self._play()

    def _play(self) -> None:
        """The next frame, or the nearest that there is."""
        way = self.timing.played(self.timing.shares)
        frame = self._morphing.frame_at(way[self._way % len(way)])
        self._way += 1
        if frame is not None:
            self._shown.show_image(as_image(frame))

    def _leave(self) -> None:
        self._tick.stop()
        self._morphing.end()
