"""The layers of the picture: which is drawn on, seen, how dense, and locked."""

from __future__ import annotations

from PySide6.QtCore import Qt
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

from desktop import theme
from desktop.paint.document import Layer, Role
from desktop.session import Session
from desktop.widgets.actions import Actions

ROLE_ICONS = {
    Role.LINES: "mdi6.draw",
    Role.HINTS: "mdi6.palette-outline",
    Role.PAINT: "mdi6.brush",
    Role.LABELS: "mdi6.tag-outline",
    Role.REFERENCE: "mdi6.image-outline",
}


class LayerRow(QWidget):
    """One layer: eye, kind, name, lock."""

    def __init__(self, session: Session, layer: Layer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._id = session, layer.id
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 1, 4, 1)
        eye = self._switch(
            "mdi6.eye-outline" if layer.visible else "mdi6.eye-off-outline", self.tr("Show or hide the layer")
        )
        eye.clicked.connect(lambda: session.edit(lambda d: d.set_layer(layer.id, visible=not layer.visible)))
        sign = QLabel()
        sign.setPixmap(theme.icon(ROLE_ICONS[layer.role]).pixmap(16, 16))
        sign.setToolTip(_explained(self, layer.role))
        self._name = QLabel(layer.name)
        self._name.setTextFormat(Qt.TextFormat.PlainText)  # a stranger's file could say anything
        lock = self._switch(
            "mdi6.lock-outline" if layer.locked else "mdi6.lock-open-variant-outline",
            self.tr("Lock or unlock the layer"),
        )
        lock.clicked.connect(lambda: session.edit(lambda d: d.set_layer(layer.id, locked=not layer.locked)))
        row.addWidget(eye)
        row.addWidget(sign)
        row.addWidget(self._name, 1)
        row.addWidget(lock)

    def rename(self) -> None:
        """Let the user type another name over the old one."""
        field = QLineEdit(self._name.text(), self)
        field.setGeometry(self._name.geometry())
        field.selectAll()
        field.editingFinished.connect(lambda: self._renamed(field))
        field.show()
        field.setFocus()

    def _renamed(self, field: QLineEdit) -> None:
        name = field.text().strip()
        field.deleteLater()
        if name and name != self._name.text():
            self._session.edit(lambda d: d.set_layer(self._id, name=name))

    def _switch(self, icon: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setIcon(theme.icon(icon))
        button.setToolTip(tip)
        return button


class LayerDock(QDockWidget):
    """All layers, the topmost first, and the opacity of the one drawn on."""

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(session.tr("Layers"), parent)
        self.setObjectName("layer_dock")
        self._session = session
        self._filling = False
        body = QWidget()
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
        self.setWidget(body)
        session.watch("picture", self._show)
        session.restructured.connect(self._show)

    def _show(self) -> None:
        session = self._session
        if session.picture is None:
            return
        self._filling = True
        self._list.clear()
        for layer in reversed(session.document.layers):
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, layer.id)
            row = LayerRow(session, layer)
            item.setSizeHint(row.sizeHint())
            self._list.addItem(item)
            self._list.setItemWidget(item, row)
            if layer is session.document.active:
                self._list.setCurrentItem(item)
        self._opacity.setValue(round(session.document.active.opacity * 100))
        self._opacity.setEnabled(session.document.active.role is not Role.LABELS)  # those have none
        self._filling = False

    def _select(self, item: QListWidgetItem | None) -> None:
        if item is not None and not self._filling:
            self._session.hand.choose_layer(item.data(Qt.ItemDataRole.UserRole))

    def _rename(self, item: QListWidgetItem) -> None:
        row = self._list.itemWidget(item)
        if isinstance(row, LayerRow):
            row.rename()

    def _set_opacity(self, value: int) -> None:
        if self._filling:
            return
        layer_id = self._session.document.active.id
        self._session.edit(lambda d: d.set_layer(layer_id, opacity=value / 100, merge=True))


def _explained(widget: QWidget, role: Role) -> str:
    return {
        Role.LINES: widget.tr("Lines of the sketch: brought to the width that the model knows"),
        Role.HINTS: widget.tr("Colour hints for the network"),
        Role.PAINT: widget.tr("Paint"),
        Role.LABELS: widget.tr("Labels: palette colours only, hard edges"),
        Role.REFERENCE: widget.tr("Reference: shown, never sent to the network"),
    }[role]
