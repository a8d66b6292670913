"""Export of a preview cut out of its background, or larger: what is wanted, how it will look, where to."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QProgressBar,
    QSpinBox,
    QWidget,
)

from desktop.session import Session
from desktop.widgets.dialogs.picture_dialogs import WritingForm
from desktop.widgets.exporting.backgrounds import BACKGROUNDS, OverBackground
from desktop.widgets.parts.files import dialogs_begin
from engine.errors import PictureError
from engine.finishing.foreground import ENCLOSED
from engine.finishing.framing import FRAMES, MOST_MARGIN, Room
from engine.finishing.larger import FACTORS
from engine.finishing.making import FinishOptions


class FinishDialog(WritingForm):
    """Its button asks where to, and writes.

    Args:
        session: makes and writes.
        parent: the window.
        cut: whether the object is to be cut out, to begin with.
    """

    def __init__(self, session: Session, parent: QWidget, *, cut: bool) -> None:
        super().__init__(parent.tr("Export cut-out or larger"), parent.tr("Export …"), parent)
        self.setObjectName("finish")
        self._session, self._exporting = session, session.exporting
        self._picture = session.picture  # another may come up under the dialog
        self._shown = OverBackground()
        self._shown.setObjectName("finish_shown")
        self._cut = QCheckBox(self.tr("&Cut the object out of its background"))
        self._cut.setToolTip(self.tr("By the drawing's outline and the colours of the preview"))
        self._cut.setChecked(cut)
        self._background, self._frame, self._factor = QComboBox(), QComboBox(), QComboBox()
        for box, name in (
            (self._background, "finish_background"),
            (self._frame, "finish_frame"),
            (self._factor, "finish_factor"),
        ):
            box.setObjectName(name)
        names = self.tr("Chequers"), self.tr("Black"), self.tr("White")
        for name, background in zip(names, BACKGROUNDS, strict=True):
            self._background.addItem(name, background)
        self._background.setToolTip(self.tr("Only to look at; what is exported is transparent there"))
        names = self.tr("As large as the picture"), self.tr("With a margin"), self.tr("85 % of a square")
        for name, frame in zip(names, FRAMES, strict=True):
            self._frame.addItem(name, frame)
        self._frame.setToolTip(self.tr("How much room there is around the object"))
        self._enclosed = QComboBox()
        self._enclosed.setObjectName("finish_enclosed")
        names = self.tr("By place and colour"), self.tr("Keep them"), self.tr("Cut them away")
        for name, enclosed in zip(names, ENCLOSED, strict=True):
            self._enclosed.addItem(name, enclosed)
        self._enclosed.setToolTip(
            self.tr("Parts inside lines that look like the background: white panels, or holes of handles")
        )
        self._margin = QSpinBox()
        self._margin.setObjectName("finish_margin")
        self._margin.setRange(0, MOST_MARGIN)
        self._margin.setSuffix(self.tr(" px"))
        document = session.document
        for factor in (1, *FACTORS):
            size = f"{document.width * factor} × {document.height * factor}"
            text = self.tr("As the picture: %s") % size if factor == 1 else f"{factor} ×: {size}"
            self._factor.addItem(text, factor)
        self._factor.setToolTip(self.tr("Larger ones are sharpened, so that edges stay edges"))
        self._said = QLabel()
        self._said.setTextFormat(Qt.TextFormat.PlainText)  # files are named by strangers
        self._said.setObjectName("finish_problem")
        self._said.setWordWrap(True)
        self._progress = QProgressBar()
        self._progress.setRange(0, 1000)
        self._progress.hide()
        self._layer = self.buttons.addButton(self.tr("As a &layer"), QDialogButtonBox.ButtonRole.ActionRole)
        self._layer.setToolTip(
            self.tr("Lay the cut-out over the drawing, as a layer that the network never sees")
        )
        self._layer.clicked.connect(self._add_layer)
        self.form.addRow(self._shown)
        self.form.addRow(self._cut)
        self.form.addRow(self.tr("&Look at it on"), self._background)
        self.form.addRow(self.tr("E&nclosed parts"), self._enclosed)
        self.form.addRow(self.tr("&Room around it"), self._frame)
        self.form.addRow(self.tr("&Margin"), self._margin)
        self.form.addRow(self.tr("&Size"), self._factor)
        self.form.addRow(self._said)
        self.form.addRow(self._progress)
        self._recall()
        self._cut.toggled.connect(self._switch)
        self._background.currentIndexChanged.connect(self._stand)
        for box in (self._frame, self._factor, self._enclosed):
            box.currentIndexChanged.connect(self._look)
        self._margin.valueChanged.connect(self._look)
        self._exporting.watch("shown problem", self._show)
        session.error_reported.connect(self._say)  # the window's message bar is out of reach
        session.file_work.progressed.connect(self._show_progress, Qt.ConnectionType.QueuedConnection)
        self.finished.connect(self._exporting.forget)
        self.setTabOrder(self._layer, self.buttons.button(QDialogButtonBox.StandardButton.Cancel))
        self._cut.setFocus()  # else “Cancel” has it, as the other button has to wait
        self._look()
        session.live.watch("preview", self._look_if_there_was_none)

    @property
    def options(self) -> FinishOptions:
        """As it is chosen."""
        room = Room(self._frame.currentData(), self._margin.value())
        return FinishOptions(
            self._cut.isChecked(), self._factor.currentData(), room, self._enclosed.currentData()
        )

    def accept(self) -> None:
        """Ask where to, then write; the dialog stays until that is known."""
        options, picture = self.options, self._picture
        assert picture is not None
        dialog = QFileDialog(self, self.tr("Export"), dialogs_begin(self._session))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        filters = [self.tr("PNG picture (*.png)")]
        if options.cut:
            filters.append(self.tr("OpenRaster, the cut-out as a layer over the drawing (*.ora)"))
        filters.append(
            self.tr("Other pictures (%s)") % ("*.webp *.tif" if options.cut else "*.webp *.jpg *.tif")
        )
        dialog.setNameFilters(filters)
        dialog.setDefaultSuffix("png")
        dialog.filterSelected.connect(
            lambda text: dialog.setDefaultSuffix(text.rpartition("(*.")[2].rstrip(")").split(" ")[0])
        )
        stem = picture.target.stem if picture.target is not None else self.tr("picture")
        what = self.tr("cut-out") if options.cut else f"{options.factor}x"
        dialog.selectFile(f"{stem} {what}.png")
        dialog.fileSelected.connect(lambda name: self.write(Path(name)))
        dialog.open()

    def write(self, path: Path) -> None:
        """Write to ``path``, and close when that is done."""
        self._say("")
        try:
            self.follow(self._exporting.write(path, self.options, self._picture))
        except PictureError as error:
            self._say(str(error))

    def _add_layer(self) -> None:
        self._say("")
        try:
            self.follow(self._exporting.add_layer(self._enclosed.currentData(), self._picture))
        except PictureError as error:
            self._say(str(error))

    def show_writing(self) -> None:
        """How far it is, and not twice at once."""
        self._show()
        self._show_progress()

    def _recall(self) -> None:
        options = self._exporting.options(cut=self._cut.isChecked())
        self._frame.setCurrentIndex(self._frame.findData(options.room.frame))
        self._margin.setValue(options.room.margin)
        self._enclosed.setCurrentIndex(self._enclosed.findData(options.enclosed))
        self._factor.setCurrentIndex(self._factor.findData(options.factor))

    def _switch(self) -> None:
        options = self._exporting.options(cut=self._cut.isChecked())
        self._factor.setCurrentIndex(self._factor.findData(options.factor))
        self._look()

    def _look(self) -> None:
        cut = self._cut.isChecked()
        for widget in (self._background, self._enclosed, self._frame, self._layer):
            widget.setEnabled(cut)
        self._margin.setEnabled(cut and self._frame.currentData() == "margin")
        self._exporting.look(self.options, self._picture)

    def _look_if_there_was_none(self) -> None:
        """The first preview of the picture may have been on its way when this opened."""
        if self._exporting.problem and self._session.live.preview is not None:
            self._look()

    def _stand(self) -> None:
        self._shown.stand_on(self._background.currentData())

    def _show(self) -> None:
        problem, there = self._exporting.problem, self._exporting.shown is not None
        self._shown.show_pixels(self._exporting.shown, problem or self.tr("One moment …"))
        self.do.setEnabled(there and self.writing is None)
        self._layer.setEnabled(there and self.writing is None and self._cut.isChecked())

    def _show_progress(self) -> None:
        writing = self.writing
        self._progress.setVisible(writing is not None)
        if writing is not None:
            self._progress.setValue(round(writing.share * 1000))

    def _say(self, problem: str) -> None:
        self._said.setText(problem)
        self._said.setVisible(bool(problem))
