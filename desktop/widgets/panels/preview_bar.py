"""The row above canvas and preview: live, how the preview is shown, keep, variations, example."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from desktop.session import Session
from desktop.widgets.parts.actions import Actions

_WORDS = Qt.ToolButtonStyle.ToolButtonTextBesideIcon


class PreviewBar(QWidget):
    """The actions that belong to the preview, where they are seen."""

    blended = Signal()
    """The preview lies over the picture more or less densely now."""

    def __init__(self, session: Session, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preview_bar")
        self._session = session
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 2, 6, 2)
        row.setSpacing(2)
        self._wordy = {name: _button(actions, name) for name in ("live", "new", "example", "vary", "keep")}
        for name in ("example", "new"):
            row.addWidget(self._wordy[name])
        row.addStretch(1)
        row.addWidget(self._wordy["live"])
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
            row.addWidget(self._wordy[name])
        self._words = {button: 0 for button in self._wordy.values()}
        """How much wider each is with its words; the first get theirs first."""

    def minimumSizeHint(self) -> QSize:
        """Room for the icons alone."""
        hint = super().minimumSizeHint()
        said = sum(words for button, words in self._words.items() if button.toolButtonStyle() == _WORDS)
        return QSize(hint.width() - said, hint.height())

    def changeEvent(self, event: QEvent) -> None:
        """Another font takes other room."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._measure()

    def showEvent(self, event: QShowEvent) -> None:
        """Only now the style is known."""
        super().showEvent(event)
        self._measure()

    def _measure(self) -> None:
        for button in self._words:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self._words = {button: _words_width(button) for button in self._words}
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Words where there is room for them."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        room = self.width() - self.minimumSizeHint().width()
        for button, words in self._words.items():
            room -= words
            style = _WORDS if room >= 0 else Qt.ToolButtonStyle.ToolButtonIconOnly
            if button.toolButtonStyle() != style:
                button.setToolButtonStyle(style)

    def set_mode(self, mode: str) -> None:
        """The opacity is of use only while the preview lies over the picture."""
        self._label.setVisible(mode == "over")
        self._opacity.setVisible(mode == "over")
        self._arrange()

    def _set_opacity(self, value: int) -> None:
        self._session.settings.preview_opacity = value / 100
        self.blended.emit()


def _words_width(button: QToolButton) -> int:
    """How much wider a button is with its words."""
    width = button.sizeHint().width()
    button.setToolButtonStyle(_WORDS)
    wider = button.sizeHint().width() - width
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    return wider


def _button(actions: Actions, name: str) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(actions[name])
    button.setAutoRaise(True)
    button.setIconSize(QSize(20, 20))
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button
