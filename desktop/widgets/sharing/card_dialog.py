"""The card of a model, edited: name, what it has learnt from, terms, drawings that go with it, styles."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.session import Session
from desktop.sharing.samples import Choice, document_of
from desktop.sharing.sharing import Draft
from desktop.support import theme
from desktop.widgets.dialogs.picture_dialogs import WritingForm
from desktop.widgets.parts.pictures import as_image
from engine.data.card import LONGEST, Card
from engine.data.style import LONGEST_NAME, is_name
from engine.errors import UnderpaintError
from engine.models.drawings import LONGEST_TITLE, MOST, SampleDrawing

_THUMBNAIL = 72
_ROLE = Qt.ItemDataRole.UserRole

LICENCES = (
    "CC0 1.0: everybody may do anything with it.",
    "CC BY 4.0: everybody may use it, and says whose it is.",
    "CC BY-SA 4.0: everybody may use it, says whose it is, and shares what is made of it alike.",
    "CC BY-NC 4.0: not for money; who uses it says whose it is.",
    "For the one it was given to; not to be passed on.",
)
"""Terms to begin with; any other words are taken, too."""


class CardDialog(WritingForm):
    """Its button writes the card into the model's file.

    Args:
        session: writes it.
        draft: the card as it is.
        parent: the window.
    """

    def __init__(self, session: Session, draft: Draft, parent: QWidget) -> None:
        super().__init__(parent.tr("Card of “%s”") % draft.card.name, parent.tr("Write the card"), parent)
        self.setObjectName("card_dialog")
        self._session, self.draft, card = session, draft, draft.card
        self.name, self.task = self._line("name", card.name), self._line("task", card.task)
        self.task.setPlaceholderText(self.tr("sketch → shoe"))
        self.description = self._text("description", card.description)
        self.data = self._text("data", card.data)
        self.data.setPlaceholderText(self.tr("Which photographs, how many, whose, and under which terms"))
        self.licence = QComboBox()
        self.licence.setObjectName("card_licence")
        self.licence.setEditable(True)
        self.licence.addItems(LICENCES)
        self.licence.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.licence.setMinimumContentsLength(40)
        self.licence.setCurrentText(card.licence)
        self.licence.setToolTip(self.tr("What one may do with the model; choose, or write your own"))
        self.samples = _Samples()
        self.styles = QListWidget()
        self.styles.setObjectName("card_styles")
        self.styles.setToolTip(self.tr("A double click, or F2, gives a style another name"))
        for style in card.styles:
            item = QListWidgetItem(style)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            self.styles.addItem(item)
        self.styles.setMaximumHeight(110)
        self.form.addRow(self.tr("&Name"), self.name)
        self.form.addRow(self.tr("&Makes"), self.task)
        self.form.addRow(self.tr("What it &is"), self.description)
        self.form.addRow(self.tr("&Learnt from"), self.data)
        self.form.addRow(self.tr("&Terms"), self.licence)
        self.form.addRow(self.tr("&Drawings"), self._drawings())
        if card.styles:
            self.form.addRow(self.tr("&Styles"), self.styles)
        for drawing in draft.samples:
            self._show(drawing)
        self.setMinimumWidth(520)
        session.error_reported.connect(self.say)  # the window's message bar is out of reach

    def add(self, choice: Choice) -> None:
        """Have a drawing travel with the model."""
        if self.samples.count() >= MOST:
            self.say(self.tr("A model takes at most %d sample drawings along; take some away.") % MOST)
            return
        try:
            self._show(choice.pick())
        except UnderpaintError as error:
            self.say(str(error))

    def menu(self) -> QMenu:
        """What could be added: open pictures and kept frames that the model could paint."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for choice in self._session.models.sharing.choices(self.draft):
            menu.addAction(choice.title.replace("&", "&&"), partial(self.add, choice))
        if menu.isEmpty():
            menu.addAction(self.tr("No open picture is of the kind that it paints")).setEnabled(False)
        return menu

    def accept(self) -> None:
        """Write it, unless something is missing; the dialog, and all its words, stay until that is done."""
        names = [self.styles.item(row).text().strip() for row in range(self.styles.count())]
        try:
            strange = next((name for name in names if not is_name(name)), None)
            if strange is not None:
                raise UnderpaintError(self.tr("A style's name needs 1 to %d letters.") % LONGEST_NAME)
            card = self.draft.said(
                self.name.text(),
                self.task.text(),
                self.description.toPlainText(),
                self.data.toPlainText(),
                self.licence.currentText(),
                names,
            )
            self._check(card)
        except UnderpaintError as error:
            self.say(str(error))
            return
        self._problem.hide()
        self.follow(self._session.models.sharing.write(self.draft, card, self.samples.drawings()))

    def show_writing(self) -> None:
        """Not twice at once."""
        self.do.setEnabled(self.writing is None)

    def say(self, sentence: str) -> None:
        """Say in place what is wrong."""
        self._problem.setText(sentence)
        self._problem.setVisible(True)

    # --- inside ---------------------------------------------------------------------------------

    def _line(self, field: str, text: str) -> QLineEdit:
        line = QLineEdit(text)
        line.setObjectName(f"card_{field}")
        line.setMaxLength(LONGEST[field])
        return line

    def _text(self, field: str, text: str) -> QPlainTextEdit:
        box = QPlainTextEdit(text)
        box.setObjectName(f"card_{field}")
        box.setTabChangesFocus(True)
        box.setFixedHeight(4 * self.fontMetrics().height() + 8)
        return box

    def _check(self, card: Card) -> None:
        for field, most in LONGEST.items():
            if len(getattr(card, field)) > most:
                raise UnderpaintError(self.tr("That is too long; a text has at most %d letters.") % most)

    def _drawings(self) -> QWidget:
        box = QWidget()
        add, remove = QPushButton(self.tr("&Add …")), QPushButton(self.tr("&Remove"))
        add.setObjectName("card_add_drawing")
        add.setToolTip(self.tr("An open picture or a kept frame, for others to begin with"))
        add.setAutoDefault(False)
        add.clicked.connect(lambda _checked=False: self._offer(add))
        remove.setObjectName("card_remove_drawing")
        remove.setAutoDefault(False)
        remove.clicked.connect(lambda _checked=False: self.samples.remove())
        buttons = QVBoxLayout()
        buttons.addWidget(add)
        buttons.addWidget(remove)
        buttons.addStretch(1)
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.samples, 1)
        row.addLayout(buttons)
        return box

    def _offer(self, button: QPushButton) -> None:
        self.menu().popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _show(self, drawing: SampleDrawing) -> None:
        flat = document_of(drawing, self.draft.card).picture_flat()
        self.samples.show_drawing(drawing, QPixmap.fromImage(as_image(flat)))


class _Samples(QListWidget):
    """The drawings as pictures with titles that can be changed; Del takes one away."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card_samples")
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setMovement(QListWidget.Movement.Static)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setIconSize(QSize(_THUMBNAIL, _THUMBNAIL))
        self.setGridSize(QSize(_THUMBNAIL + 24, _THUMBNAIL + self.fontMetrics().height() + 14))
        self.setFixedHeight(_THUMBNAIL + self.fontMetrics().height() + 28)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)

    def show_drawing(self, drawing: SampleDrawing, pixmap: QPixmap) -> None:
        """Put one behind the others."""
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        item = QListWidgetItem(
            theme.picture_icon(pixmap.scaled(2 * _THUMBNAIL, 2 * _THUMBNAIL, keep, smooth)), drawing.title
        )
        item.setData(_ROLE, drawing)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        self.addItem(item)
        self.setCurrentItem(item)

    def remove(self) -> None:
        """Take the chosen one away."""
        if self.currentRow() >= 0:
            self.takeItem(self.currentRow())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Del takes one away."""
        if event.key() == Qt.Key.Key_Delete:
            self.remove()
        else:
            super().keyPressEvent(event)

    def drawings(self) -> list[SampleDrawing]:
        """All of them, by the names that they have now."""
        items = [self.item(row) for row in range(self.count())]
        return [
            SampleDrawing(
                "".join(it for it in item.text() if it.isprintable())[:LONGEST_TITLE],
                item.data(_ROLE).picture,
            )
            for item in items
        ]
