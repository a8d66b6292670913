"""The layers of the picture: which is drawn on, seen, how dense, and locked."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop.paint.editing.document import Layer, Role
from desktop.session import OpenPicture, Session
from desktop.support import theme
from desktop.widgets.parts.actions import Actions
from desktop.widgets.parts.room import LEAST_LIST, NameLabel

ROLE_ICONS = {
    Role.LINES: "mdi6.draw",
    Role.HINTS: "mdi6.palette-outline",
    Role.PAINT: "mdi6.brush",
    Role.LABELS: "mdi6.tag-outline",
    Role.REFERENCE: "mdi6.image-outline",
    Role.FINISH: "mdi6.image-edit-outline",
}


class LayerRow(QWidget):
    """One layer: eye, kind, name, lock. Shows what it is told to, and changes no more than that takes."""

    def __init__(self, session: Session, layer: Layer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._id = session, layer.id
        self._shown: tuple[object, ...] = ()
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 1, 4, 1)
        self._eye = self._switch(self.tr("Show or hide the layer"))
        self._eye.clicked.connect(self._turn_eye)
        self._sign = QLabel()
        self._name = NameLabel()
        self._lock = self._switch(self.tr("Lock or unlock the layer"))
        self._lock.clicked.connect(self._turn_lock)
        row.addWidget(self._eye)
        row.addWidget(self._sign)
        row.addWidget(self._name, 1)
        row.addWidget(self._lock)
        self.show_layer(layer)

    def show_layer(self, layer: Layer) -> None:
        """Show what ``layer`` is like, where that is news."""
        shown = layer.name, layer.role, layer.visible, layer.locked
        if shown == self._shown:
            return
        self._shown = shown
        self._name.show_name(layer.name)
        self._sign.setToolTip(_explained(self, layer.role))
        self._dress()

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other icons."""
        if event.type() == QEvent.Type.PaletteChange and self._shown:
            self._dress()
        super().changeEvent(event)

    def _dress(self) -> None:
        _, role, visible, locked = self._shown
        self._eye.setIcon(theme.icon("mdi6.eye-outline" if visible else "mdi6.eye-off-outline"))
        self._lock.setIcon(theme.icon("mdi6.lock-outline" if locked else "mdi6.lock-open-variant-outline"))
        self._sign.setPixmap(theme.icon(ROLE_ICONS[Role(str(role))]).pixmap(16, 16))

    def _turn_eye(self) -> None:
        on = self._session.document.layer(self._id).visible
        self._session.edit(lambda d: d.set_layer(self._id, visible=not on))

    def _turn_lock(self) -> None:
        on = self._session.document.layer(self._id).locked
        self._session.edit(lambda d: d.set_layer(self._id, locked=not on))

    def rename(self) -> None:
        """Let the user type another name over the old one."""
        field, picture = NameField(self._name.name, self), self._session.picture
        field.setGeometry(self._name.geometry())
        field.selectAll()
        field.editingFinished.connect(lambda: self._renamed(field, picture))
        field.given_up.connect(lambda: _end(field))
        field.show()
        field.setFocus()

    def _renamed(self, field: QLineEdit, picture: OpenPicture | None) -> None:
        """Give the layer its name, in a moment: the list may be taking out this very row just now."""
        _end(field)
        session, layer, name = self._session, self._id, field.text().strip()

        def give() -> None:
            if session.picture is picture and layer in (it.id for it in session.document.layers):
                session.edit(lambda d: d.set_layer(layer, name=name))

        if name and name != self._name.name:
            QTimer.singleShot(0, session, give)  # not this row's: it may be gone by then

    def _switch(self, tip: str) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolTip(tip)
        return button


class NameField(QLineEdit):
    """A name that is typed over another one; Esc gives it up."""

    given_up = Signal()

    def event(self, event: QEvent) -> bool:
        """Esc is ours before it is anybody's shortcut."""
        ours = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if ours and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.given_up.emit()
        else:
            super().keyPressEvent(event)


class LayerDock(QDockWidget):
    """All layers, the topmost first, and the opacity of the one drawn on."""

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(session.tr("Layers"), parent)
        self.setObjectName("layer_dock")
        self._session = session
        self._filling = False
        self._picture: OpenPicture | None = None
        body = QWidget()
        self.setWidget(body)
        column = QVBoxLayout(body)
        column.setContentsMargins(4, 0, 4, 4)
        top = QHBoxLayout()
        top.addWidget(QLabel(self.tr("Opacity")))
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity.setToolTip(self.tr("Opacity of the layer drawn on"))
        self._opacity.valueChanged.connect(self._set_opacity)
        top.addWidget(self._opacity, 1)
        column.addLayout(top)
        self._list = QListWidget()
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setMinimumHeight(LEAST_LIST)
        self._list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.currentItemChanged.connect(self._select)
        self._list.itemDoubleClicked.connect(self._rename)
        column.addWidget(self._list, 1)
        buttons = QHBoxLayout()
        for name in ("add_paint", "add_reference", "layer_up", "layer_down", "remove_layer"):
            button = QToolButton()
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.setDefaultAction(actions[name])
            buttons.addWidget(button)
        buttons.addStretch(1)
        column.addLayout(buttons)
        session.watch("picture", self._show)
        session.restructured.connect(self._show)

    def _show(self) -> None:
        """Bring the list to what the document has: rows come, go and move, the others stay."""
        session = self._session
        if session.picture is None:
            return
        document = session.document
        self._filling = True
        wanted = {layer.id: layer for layer in reversed(document.layers)}
        if session.picture is not self._picture:
            self._picture = session.picture
            self._list.clear()
        for index in reversed(range(self._list.count())):
            if self._id_at(index) not in wanted:
                self._list.takeItem(index)
        for index, layer in enumerate(wanted.values()):
            if self._id_at(index) != layer.id:
                # After the ones that went, a row is either new or has moved: then all before it are right.
                self._drop(layer.id, index)
                self._insert(index, layer)
            row = self._list.itemWidget(self._list.item(index))
            assert isinstance(row, LayerRow)
            row.show_layer(layer)
            if layer is document.active:
                self._list.setCurrentRow(index)
        self._opacity.setValue(round(document.active.opacity * 100))
        self._opacity.setEnabled(document.active.role is not Role.LABELS)  # those have none
        self._filling = False

    def _id_at(self, index: int) -> int | None:
        item = self._list.item(index)
        return int(item.data(Qt.ItemDataRole.UserRole)) if item is not None else None

    def _drop(self, layer_id: int, first: int) -> None:
        """Take out the row of a layer, where it is at ``first`` or further down."""
        for index in range(first, self._list.count()):
            if self._id_at(index) == layer_id:
                self._list.takeItem(index)
                return

    def _insert(self, index: int, layer: Layer) -> None:
        item, row = QListWidgetItem(), LayerRow(self._session, layer)
        item.setData(Qt.ItemDataRole.UserRole, layer.id)
        item.setSizeHint(QSize(0, row.sizeHint().height()))  # as wide as the list, never wider
        self._list.insertItem(index, item)
        self._list.setItemWidget(item, row)

    def _select(self, item: QListWidgetItem | None) -> None:
        if item is not None and not self._filling:
            self._session.strokes.choose_layer(item.data(Qt.ItemDataRole.UserRole))

    def _rename(self, item: QListWidgetItem) -> None:
        row = self._list.itemWidget(item)
        if isinstance(row, LayerRow):
            row.rename()

    def _set_opacity(self, value: int) -> None:
        if self._filling:
            return
        layer_id = self._session.document.active.id
        self._session.edit(lambda d: d.set_layer(layer_id, opacity=value / 100, merge=True))


def _end(field: QLineEdit) -> None:
    """Away with it; that it loses the keyboard by that is nobody's answer."""
    field.blockSignals(True)
    field.hide()
    field.deleteLater()


def _explained(widget: QWidget, role: Role) -> str:
    return {
        Role.LINES: widget.tr("Lines of the sketch: brought to the width that the model knows"),
        Role.HINTS: widget.tr("Colour hints for the network"),
        Role.PAINT: widget.tr("Paint"),
        Role.LABELS: widget.tr("Labels: palette colours only, hard edges"),
        Role.REFERENCE: widget.tr("Reference: shown, never sent to the network"),
        Role.FINISH: widget.tr("Finish: painted over the preview, never sent to the network"),
    }[role]
