"""The header of a panel, by which it is folded away and back: small screens have no room for all of them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QToolButton, QWidget

from desktop.support import theme

_UNBOUNDED = (1 << 24) - 1
"""Qt's largest size of a widget."""


class FoldingHeader(QWidget):
    """A panel's title with an arrow: a click, Space or Enter folds what is under it, or shows it again.

    Beside the title the panel is taken hold of as ever.

    Args:
        dock: the panel; gets this as its title bar.
        folded: names of the folded panels; changed in place, so that they are remembered.
    """

    def __init__(self, dock: QDockWidget, folded: list[str]) -> None:
        super().__init__(dock)
        self._dock, self._names = dock, folded
        self._height = 0
        """Of the panel before it was folded."""
        self.button = QToolButton()
        self.button.setObjectName(f"fold_{dock.objectName()}")
        self.button.setAutoRaise(True)
        self.button.setText(dock.windowTitle())
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setIconSize(QSize(14, 14))
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(lambda: self.fold(not self.is_folded))
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 1, 2, 1)
        row.addWidget(self.button)
        row.addStretch(1)
        dock.setTitleBarWidget(self)
        self._show()

    @property
    def is_folded(self) -> bool:
        """Only this header is seen of the panel."""
        return self._dock.objectName() in self._names

    def fold(self, folded: bool) -> None:
        """Fold the panel, or show it again, about as high as it was if the others leave that much."""
        if folded == self.is_folded:
            return
        if folded:
            self._height = self._dock.height()
            self._names.append(self._dock.objectName())
        else:
            self._names.remove(self._dock.objectName())
        self._show()
        window = self._dock.parentWidget()
        if not folded and self._height and isinstance(window, QMainWindow):
            window.resizeDocks([self._dock], [self._height], Qt.Orientation.Vertical)

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other icons."""
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter is no key of buttons by itself: the button lets it pass, and it comes here."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.button.click()
        else:
            super().keyPressEvent(event)

    def _show(self) -> None:
        body = self._dock.widget()
        if body is not None:
            body.setVisible(not self.is_folded)
        self._dock.setMaximumHeight(self.sizeHint().height() + 2 if self.is_folded else _UNBOUNDED)
        self._dress()

    def _dress(self) -> None:
        folded = self.is_folded
        self.button.setIcon(theme.icon("mdi6.chevron-right" if folded else "mdi6.chevron-down"))
        self.button.setToolTip(self.tr("Show this panel again") if folded else self.tr("Fold this panel"))
