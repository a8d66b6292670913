"""The models at hand, as pictures with their task; a broken file is listed grey, with its reason."""

from __future__ import annotations

import base64
import binascii
import contextlib

from PySide6.QtCore import QBuffer, QByteArray, QEvent, QPoint, QSize, Qt
from PySide6.QtGui import QIcon, QImageReader, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.session import Session
from desktop.support import theme
from desktop.widgets.parts.actions import Actions
from desktop.widgets.parts.room import LEAST_LIST, shortened
from engine.data.card import Card
from engine.models.catalogue import Entry

_SIDE = 40
_LARGEST_SAMPLE = 1024
"""Edge in pixels; a larger picture in a card is none that was meant for a list."""


class ModelDock(QDockWidget):
    """Click paints with a model; a right click removes one of the user's own."""

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(session.tr("Models"), parent)
        self.setObjectName("model_dock")
        self._session = session
        body = QWidget()
        self.setWidget(body)
        column = QVBoxLayout(body)
        column.setContentsMargins(4, 0, 4, 4)
        self._list = _List()
        self._list.setObjectName("models")
        self._list.setIconSize(QSize(_SIDE, _SIDE))
        self._list.setWordWrap(True)
        self._list.setMinimumHeight(LEAST_LIST)
        self._list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.itemClicked.connect(self._choose)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._list.customContextMenuRequested.connect(self._offer)
        column.addWidget(self._list, 1)
        self._licence = QLabel()
        self._licence.setTextFormat(Qt.TextFormat.PlainText)  # a stranger's model could say anything
        self._licence.setWordWrap(True)
        self._licence.setProperty("faint", True)
        column.addWidget(self._licence)
        row = QHBoxLayout()
        row.setSpacing(2)
        for name, said in (("import", self.tr("Import …")), ("train", self.tr("Train …"))):
            actions[name].setIconText(said)
            button = QToolButton()
            button.setDefaultAction(actions[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setAutoRaise(True)
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        session.library.watch("models", self._show)
        session.live.watch("model_file card", self._mark)

    def _show(self) -> None:
        self._list.clear()
        for entry in self._session.library.models:
            item = QListWidgetItem(_picture(entry), _text(self, entry))
            item.setData(Qt.ItemDataRole.UserRole, entry.file)
            item.setToolTip(theme.plain(_tip(self, entry)))
            if entry.card is None:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self._list.addItem(item)
        self._mark()

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other icons."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.widget() is not None:
            self._show()

    def _mark(self) -> None:
        file = self._session.live.model_file
        self._list.setCurrentRow(-1)
        for row in range(self._list.count()):
            item = self._list.item(row)
            if item.data(Qt.ItemDataRole.UserRole) == file:
                self._list.setCurrentItem(item)
        card = self._session.live.card
        self._licence.setText(card.licence if card else "")
        self._licence.setVisible(bool(card and card.licence))

    def _choose(self, item: QListWidgetItem) -> None:
        self._session.open_model(item.data(Qt.ItemDataRole.UserRole))

    def _offer(self, at: QPoint) -> None:
        item = self._list.itemAt(at)
        entry = self._session.library.entry(item.data(Qt.ItemDataRole.UserRole)) if item else None
        if entry is None or entry.bundled:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(
            theme.icon("mdi6.delete-outline"),
            self.tr("Delete “%s” from this computer")
            % shortened(entry.name, menu.fontMetrics()).replace("&", "&&"),
            lambda: self._session.models.remove(entry),
        )
        menu.popup(self._list.mapToGlobal(at))


class _List(QListWidget):
    def resizeEvent(self, event: QResizeEvent) -> None:
        """The model in use stays in sight when its neighbours, say the styles, take room."""
        super().resizeEvent(event)
        if self.currentItem() is not None:
            self.scrollToItem(self.currentItem())


def _text(widget: QWidget, entry: Entry) -> str:
    if entry.card is None:
        return f"{entry.name}\n{entry.problem}"
    width, height = entry.card.size
    return f"{entry.card.name} · {width}×{height}\n{entry.card.task or entry.card.input}"


def _tip(widget: QWidget, entry: Entry) -> str:
    if entry.card is None:
        return str(entry.problem)
    own = "" if entry.bundled else widget.tr("Your own model.")
    return "\n".join(
        line for line in (entry.card.description, entry.card.data, entry.card.licence, own) if line
    )


def _picture(entry: Entry) -> QIcon:
    """The card's sample picture, else a sign of the kind."""
    pixmap = sample_picture(entry.card, _SIDE * 2) if entry.card else QPixmap()
    if not pixmap.isNull():
        return theme.picture_icon(pixmap)
    kind = entry.card.input if entry.card else "broken"
    sign = {"sketch": "mdi6.draw", "labels": "mdi6.tag-outline", "image": "mdi6.image-outline"}
    return theme.icon(sign.get(kind, "mdi6.file-alert-outline"))


def sample_picture(card: Card, edge: int) -> QPixmap:
    """The card's sample picture, as large as ``edge`` pixels allow; null where there is none to be shown."""
    if card.sample:
        with contextlib.suppress(binascii.Error, ValueError):
            return _decoded(base64.b64decode(card.sample, validate=True), edge)
    return QPixmap()


def _decoded(content: bytes, edge: int) -> QPixmap:
    """A PNG; null where it is none, or larger than samples are."""
    data = QByteArray(content)
    buffer = QBuffer(data)
    reader = QImageReader(buffer, QByteArray(b"png"))
    size = reader.size()  # from the header
    if not size.isValid() or max(size.width(), size.height()) > _LARGEST_SAMPLE:
        return QPixmap()
    reader.setScaledSize(size.scaled(edge, edge, Qt.AspectRatioMode.KeepAspectRatio))
    return QPixmap.fromImage(reader.read())
