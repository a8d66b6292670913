"""The header of a panel, by which it is folded away and back: small screens have no room for all of them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QToolButton, QWidget

from desktop.support import theme

_UNBOUNDED = (1 << 24) - 1
"""Qt's largest size of a widget."""


class Heights:
    """How high panels stood that were open above each other: the same ones together stand so again.

    Those that stay open grow when one is folded. So its height alone, noted then, would not bring back what
    there was: after several were folded, their heights together are more than there is room for.
    """

    def __init__(self) -> None:
        self._known: dict[frozenset[str], dict[str, int]] = {}

    def note(self, open_ones: list[QDockWidget]) -> None:
        """These panels stand as they should."""
        heights = {dock.objectName(): dock.height() for dock in open_ones}
        self._known[frozenset(heights)] = heights

    def bring_back(self, window: QMainWindow, dock: QDockWidget, open_ones: list[QDockWidget]) -> None:
        """Give the panels the heights that they had together.

        Args:
            window: where they are docked.
            dock: the one that was folded until now. Where just these were never open together, it gets the
                height that it had among the most others, or a fair share if it was folded from the start, and
                the others give way in proportion.
            open_ones: all that are open above each other, ``dock`` among them.
        """
        name = dock.objectName()
        heights = self._known.get(frozenset(one.objectName() for one in open_ones))
        if heights is None:
            others = {one.objectName(): one.height() for one in open_ones if one is not dock}
            there_is = sum(others.values()) + dock.height()
            with_it = [known for known in self._known.values() if name in known]
            height = max(with_it, key=len)[name] if with_it else there_is // len(open_ones)
            share = max(there_is - height, 1) / max(sum(others.values()), 1)
            heights = {other: round(high * share) for other, high in others.items()} | {name: height}
        wanted = [max(heights[one.objectName()], 1) for one in open_ones]
        window.resizeDocks(open_ones, wanted, Qt.Orientation.Vertical)


class FoldingHeader(QWidget):
    """A panel's title with an arrow: a click, Space or Enter folds what is under it, or shows it again.

    Beside the title the panel is taken hold of as ever.

    Args:
        dock: the panel; gets this as its title bar.
        folded: names of the folded panels; changed in place, so that they are remembered.
        heights: those of all panels of the window.
    """

    def __init__(self, dock: QDockWidget, folded: list[str], heights: Heights) -> None:
        super().__init__(dock)
        self._dock, self._names, self._heights = dock, folded, heights
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
        """Fold the panel, or show it again, about as high as it was if the window has room for that."""
        if folded == self.is_folded:
            return
        self._heights.note(self._open_ones())
        if folded:
            self._names.append(self._dock.objectName())
        else:
            self._names.remove(self._dock.objectName())
        self._show()
        window = self._dock.parentWidget()
        if not folded and isinstance(window, QMainWindow) and self._dock in (found := self._open_ones()):
            for part in (self._dock, window):  # Qt bounds heights by what it last knew of what is in a panel
                if (layout := part.layout()) is not None:
                    layout.activate()
            self._heights.bring_back(window, self._dock, found)

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

    def _open_ones(self) -> list[QDockWidget]:
        """The panels on this one's side of the window that are neither folded nor floating."""
        window = self._dock.parentWidget()
        if not isinstance(window, QMainWindow) or self._dock.isFloating():
            return []
        side = window.dockWidgetArea(self._dock)
        return [
            dock
            for dock in window.findChildren(QDockWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
            if dock.isVisible() and not dock.isFloating() and window.dockWidgetArea(dock) == side
            if dock.objectName() not in self._names
        ]

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
