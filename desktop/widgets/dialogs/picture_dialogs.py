"""The few questions that need a window of their own: new, resize, crop, import, shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from desktop.documents.on_canvas import comes_up
from desktop.paint.editing.document import ROLES, Change, Document
from desktop.paint.editing.limits import MOST_PIXELS, check_size
from desktop.session import Session
from desktop.support.file_work import Job
from desktop.widgets.parts.actions import LABEL_KEYS, PRESET_KEYS, Actions, shown
from desktop.widgets.parts.room import fit
from engine.data.card import InputKind
from engine.data.messages import Inspected
from engine.data.rect import Rect
from engine.errors import PictureError


class Form(QDialog):
    """A form with OK and Cancel; ``accepted`` subclasses carry out what was chosen.

    A field takes every value that there is, so that none changes by being shown.
    """

    def __init__(self, title: str, do: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.form = QFormLayout()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.do = self.buttons.addButton(do, QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(self.form)
        self._problem = QLabel()
        self._problem.setWordWrap(True)
        self._problem.setVisible(False)
        column.addWidget(self._problem)
        column.addWidget(self.buttons)
        self.do.setDefault(True)  # only now the dialog knows of it, and keeps to it while it is disabled

    def showEvent(self, event: QShowEvent) -> None:
        """Labels have room for what Qt draws: an underlined letter is drawn by itself, and what kerning had
        moved under it, as in “To”, stands further right than was measured."""
        for row in range(self.form.rowCount()):
            item = self.form.itemAt(row, QFormLayout.ItemRole.LabelRole)
            label = item.widget() if item is not None else None
            if isinstance(label, QLabel):
                label.setMinimumWidth(label.sizeHint().width() + label.fontMetrics().averageCharWidth() // 2)
        super().showEvent(event)

    def edge(self, value: int) -> QSpinBox:
        """A field for a width or height; ``check_size`` says what is too much."""
        return self.pixels(value, 1)

    def pixels(self, value: int, least: int = -MOST_PIXELS) -> QSpinBox:
        """A field for a number of pixels; no edge of a picture has more than ``MOST_PIXELS``."""
        box = QSpinBox()
        box.setRange(least, MOST_PIXELS)
        box.setValue(value)
        box.setSuffix(self.tr(" px"))
        return box

    def check_size(self, width: QSpinBox, height: QSpinBox, layers: Callable[[], int]) -> None:
        """Say at once when a size would be too much, and hold the button back; what it is now may stay."""
        had = width.value(), height.value()

        def check() -> None:
            size, problem = (width.value(), height.value()), ""
            try:
                if size != had:
                    check_size(*size, layers())
            except PictureError as error:
                problem = str(error)
            self._problem.setText(problem)
            self._problem.setVisible(bool(problem))
            self.do.setEnabled(not problem)

        for box in (width, height):
            box.valueChanged.connect(check)
        check()


class WritingForm(Form):
    """A form that stays until what it has asked for is written: where it can't be, nothing is lost."""

    def __init__(self, title: str, do: str, parent: QWidget) -> None:
        super().__init__(title, do, parent)
        self.writing: Job | None = None

    def follow(self, job: Job) -> None:
        """Close when ``job`` is done; where it is not, which is said elsewhere, it can be tried again."""
        self.writing = job
        self.show_writing()
        job.then(self._end_writing)

    def show_writing(self) -> None:
        """``writing`` has begun or ended."""
        raise NotImplementedError

    def reject(self) -> None:
        """Write nothing, not even what is being written."""
        writing, self.writing = self.writing, None
        if writing is not None:
            writing.cancel()
        super().reject()

    def _end_writing(self, fine: bool) -> None:
        if self.writing is None:  # the dialog is gone
            return
        self.writing = None
        if fine:
            super().accept()
        else:
            self.show_writing()


class PictureForm(Form):
    """A form about the picture that was on the canvas when it opened. Another may come up under it: a file
    that took long to open, or one that a second start hands over."""

    def __init__(self, session: Session, title: str, do: str, parent: QWidget) -> None:
        super().__init__(title, do, parent)
        self._session, self._picture = session, session.picture

    def comes_up(self) -> bool:
        """Have that picture on the canvas; says so where it was closed meanwhile."""
        if comes_up(self._session, self._picture):
            return True
        self._session.error_reported.emit(self.tr("That picture was closed meanwhile."))
        return False

    def edit(self, step: Callable[[Document], Change | None]) -> None:
        """Carry out one step on that picture."""
        if self.comes_up():
            self._session.edit(step)


def kind_choice(widget: QWidget) -> QComboBox:
    """A choice of what a picture or model is."""
    texts = {
        "sketch": widget.tr("Sketch – dark lines on white, colours as hints"),
        "labels": widget.tr("Labels – flat colours that mean things"),
        "image": widget.tr("Image – any picture"),
    }
    box = QComboBox()
    for kind in get_args(InputKind):
        box.addItem(texts[kind], kind)
    return box


class NewDialog(Form):
    """A new picture: what kind, how large."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent.tr("New picture"), parent.tr("Create"), parent)
        self._session = session
        self._kind = kind_choice(self)
        self._kind.setCurrentIndex(self._kind.findData(session.document.kind))
        width, height = session.settings.new_size
        self._width, self._height = self.edge(width), self.edge(height)
        self.form.addRow(self.tr("Kind"), self._kind)
        self.form.addRow(self.tr("Width"), self._width)
        self.form.addRow(self.tr("Height"), self._height)
        self.check_size(self._width, self._height, lambda: len(ROLES[self._kind.currentData()]))
        self.accepted.connect(self._create)

    def _create(self) -> None:
        self._session.new_picture(self._kind.currentData(), self._width.value(), self._height.value())


class ResizeDialog(PictureForm):
    """Another size for the picture, its content scaled with it."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(session, parent.tr("Resize picture"), parent.tr("Resize"), parent)
        document = session.document
        self._ratio = document.width / document.height
        self._following = False
        self._width, self._height = self.edge(document.width), self.edge(document.height)
        self._keep = QCheckBox(self.tr("Keep the proportions"))
        self._keep.setChecked(True)
        self.form.addRow(self.tr("Width"), self._width)
        self.form.addRow(self.tr("Height"), self._height)
        self.form.addRow(self._keep)
        self._width.valueChanged.connect(lambda value: self._follow(self._height, value / self._ratio))
        self._height.valueChanged.connect(lambda value: self._follow(self._width, value * self._ratio))
        self.check_size(self._width, self._height, lambda: len(document.layers))
        self.accepted.connect(self._resize)

    def _follow(self, box: QSpinBox, value: float) -> None:
        if self._keep.isChecked() and not self._following:
            self._following = True
            box.setValue(min(round(value), MOST_PIXELS))
            self._following = False

    def _resize(self) -> None:
        width, height = self._width.value(), self._height.value()
        self.edit(lambda document: document.resize(width, height))


class CropDialog(PictureForm):
    """Cut the picture to the selection or any rectangle, or extend it: edges may lie outside."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(session, parent.tr("Crop picture"), parent.tr("Crop"), parent)
        document = session.document
        area = document.selection or document.bounds
        self._left, self._top = self.pixels(area.left), self.pixels(area.top)
        self._width, self._height = self.edge(area.width), self.edge(area.height)
        self.form.addRow(self.tr("From the left"), self._left)
        self.form.addRow(self.tr("From the top"), self._top)
        self.form.addRow(self.tr("Width"), self._width)
        self.form.addRow(self.tr("Height"), self._height)
        self.check_size(self._width, self._height, lambda: len(document.layers))
        self.accepted.connect(self._crop)

    def _crop(self) -> None:
        rect = Rect(self._left.value(), self._top.value(), self._width.value(), self._height.value())
        self.edit(lambda document: document.crop(rect))


class ImportDialog(Form):
    """What a foreign weights file can't say of itself."""

    def __init__(self, session: Session, found: Inspected, parent: QWidget) -> None:
        super().__init__(parent.tr("Import weights"), parent.tr("Import"), parent)
        self._session, self._found = session, found
        self._name = QLineEdit(found.name)
        self._kind = kind_choice(self)
        card = (
            found.card
        )  # what was exported with its card needs no answers; they may be changed all the same
        self._kind.setCurrentIndex(self._kind.findData(card.input if card else _guess(found)))
        self._palette, self._names = QComboBox(), QComboBox()
        self._names.addItem(self.tr("None; any colour"), None)
        self._names.setToolTip(self.tr("Colours that mean something to it, to be painted with"))
        own = [card.palette] if card and card.palette else []
        for palette in (*own, *session.library.palettes()):
            self._palette.addItem(palette.name, palette)
            self._names.addItem(palette.name, palette)
        self._names.setCurrentText("maps" if "map2" in _called(found) and not card else "")
        if own:
            self._names.setCurrentIndex(1)
        summary = QLabel(found.summary)
        summary.setTextFormat(Qt.TextFormat.PlainText)  # a stranger's file could say anything
        summary.setWordWrap(True)
        self.form.addRow(summary)
        self.form.addRow(self.tr("Name"), self._name)
        self.form.addRow(self.tr("It wants"), self._kind)
        self.form.addRow(self.tr("Palette"), self._palette)
        self.form.addRow(self.tr("Named colours"), self._names)
        self._kind.currentIndexChanged.connect(self._show_palettes)
        self._show_palettes()
        self.accepted.connect(self._import)

    def _show_palettes(self) -> None:
        kind = self._kind.currentData()
        self.form.setRowVisible(self._palette, kind == "labels")
        self.form.setRowVisible(self._names, kind == "image")

    def _import(self) -> None:
        kind = self._kind.currentData()
        chosen = {"labels": self._palette, "image": self._names}.get(kind)
        palette = chosen.currentData() if chosen is not None else None
        name = self._name.text().strip() or self._found.name
        self._session.library.carry_out_import(self._found.path, name, kind, palette)


def _called(found: Inspected) -> str:
    """What its file and its folder say."""
    return f"{found.name} {found.path.parent.name}".lower()


def _guess(found: Inspected) -> InputKind:
    """What a network most likely wants, by its planes and by the names that data sets have."""
    name = _called(found)
    if found.inputs == 5 or any(word in name for word in ("edge", "sketch", "line", "draw", "contour")):
        return "sketch"
    if found.inputs > 3 or any(word in name for word in ("label", "facade", "cityscape", "mask")):
        return "labels"
    return "image"


class ShortcutsDialog(QDialog):
    """Every action and its key; a double click on the key changes it."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fit(self, 520, 560)
        self._actions = actions
        self._search = QLineEdit()
        self._search.setPlaceholderText(self.tr("Search"))
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._filter)
        self._table = QTableWidget(0, 2)
        self._table.setHorizontalHeaderLabels([self.tr("Action"), self.tr("Key")])
        self._table.verticalHeader().hide()
        self._table.horizontalHeader().setStretchLastSection(True)
        self._table.setColumnWidth(0, 300)
        self._said = QLabel(self.tr("Press the keys you want; Backspace takes a shortcut away."))
        self._said.setProperty("faint", True)
        column = QVBoxLayout(self)
        column.addWidget(self._search)
        column.addWidget(self._table, 1)
        column.addWidget(self._said)
        for spec in actions:
            row = self._table.rowCount()
            self._table.insertRow(row)
            item = QTableWidgetItem(shown(spec.text).replace("&", "").removesuffix(" …"))
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            item.setData(Qt.ItemDataRole.UserRole, spec.id)
            self._table.setItem(row, 0, item)
            field = QKeySequenceEdit(QKeySequence(actions.key(spec.id)))
            field.setMaximumSequenceLength(1)
            field.editingFinished.connect(lambda name=spec.id, field=field: self._set(name, field))
            self._table.setCellWidget(row, 1, field)

    def _set(self, name: str, field: QKeySequenceEdit) -> None:
        key = field.keySequence().toString()
        if key == "Backspace":
            key = ""
            field.clear()
        owner = self._owner(key, name) if key else ""
        if owner:
            self._said.setText(self.tr("%s belongs to “%s” already.") % (key, owner))
            field.setKeySequence(QKeySequence(self._actions.key(name)))
            return
        if key != self._actions.key(name):  # leaving a field is no change
            self._actions.set_key(name, key)

    def _owner(self, key: str, name: str) -> str:
        """What has ``key`` already, other than the action ``name``; empty if nothing."""
        if key in LABEL_KEYS:
            return self.tr("Choose a label")
        if key in PRESET_KEYS:
            return self.tr("Take a kept brush")
        for spec in self._actions:
            if spec.id != name and key in self._actions.all_keys(spec.id):
                return shown(spec.text).replace("&", "")
        return ""

    def _filter(self, text: str) -> None:
        for row in range(self._table.rowCount()):
            item = self._table.item(row, 0)
            self._table.setRowHidden(row, item is not None and text.lower() not in item.text().lower())
