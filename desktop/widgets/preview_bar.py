"""The row above canvas and preview: live, how the preview is shown, keep, variations, example."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from desktop.session import Session
from desktop.widgets.actions import Actions


class PreviewBar(QWidget):
    """The actions that belong to the preview, where they are seen."""

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preview_bar")
        self._session = session
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 2, 6, 2)
        row.setSpacing(2)
        for name in ("example", "new"):
            row.addWidget(_button(actions, name, text=True))
        row.addStretch(1)
        row.addWidget(_button(actions, "live", text=True))
        for name in ("beside", "over", "split"):
            row.addWidget(_button(actions, name))
        self._label = QLabel(self.tr("Preview"))
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity.setFixedWidth(90)
        self._opacity.setValue(round(session.settings.preview_opacity * 100))
        self._opacity.setToolTip(self.tr("How much of the preview lies over the picture"))
        self._opacity.valueChanged.connect(self._set_opacity)
        row.addWidget(self._label)
        row.addWidget(self._opacity)
        row.addStretch(1)
        for name in ("keep", "vary"):
            row.addWidget(_button(actions, name, text=True))

    def set_mode(self, mode: str) -> None:
        """The opacity is of use only while the preview lies over the picture."""
        self._label.setVisible(mode == "over")
        self._opacity.setVisible(mode == "over")

    def _set_opacity(self, value: int) -> None:
        self._session.settings.preview_opacity = value / 100
        self._session.live.changed.emit("preview")


def _button(actions: Actions, name: str, text: bool = False) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(actions[name])
    button.setAutoRaise(True)
    button.setIconSize(QSize(20, 20))
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if text:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button
