"""Brushes that have a name: kept, taken, deleted."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QInputDialog, QMenu, QToolButton

from desktop.session import Session
from desktop.support import theme
from desktop.widgets.parts.actions import PRESET_KEYS

_ICON = "mdi6.brush-variant"


class Presets(QToolButton):
    """A button whose menu lists them; the first nine have keys, Alt+1 to Alt+9."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("presets")
        self.setAutoRaise(True)
        self.setIcon(theme.icon(_ICON))
        self.setToolTip(self.tr("Brushes with a name (B takes the next)"))
        self.setAccessibleName(self.tr("Brushes with a name"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._handling = session.handling
        self._kept: list[QAction] = []
        self._menu = QMenu(self)
        self._doomed = QMenu(self.tr("&Delete"), self)
        self.setMenu(self._menu)
        self._handling.watch("presets", self._fill)

    def ask_name(self) -> None:
        """Ask what the brush in hand is to be called."""
        dialog = QInputDialog(self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Keep this brush"))
        dialog.setLabelText(self.tr("Its name; one that is called so already is replaced:"))
        dialog.setOkButtonText(self.tr("Keep it"))
        brush = self._handling.brush  # another picture may come up under the dialog, with a brush of its own
        dialog.textValueSelected.connect(lambda name: self._handling.keep_preset(name, brush))
        dialog.open()

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has icons of other colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.setIcon(theme.icon(_ICON))

    def _fill(self) -> None:
        for action in self._kept:  # the menu has an action of its own here
            self.removeAction(action)
            action.deleteLater()
        self._kept = []
        self._menu.clear()
        self._doomed.clear()
        for number, name in enumerate(self._handling.presets):
            shown = name.replace("&", "&&")
            action = QAction(shown, self)
            if number < len(PRESET_KEYS):
                action.setShortcut(QKeySequence(PRESET_KEYS[number]))
            action.triggered.connect(lambda _on=False, name=name: self._handling.take_preset(name))
            self._kept.append(action)
            self.addAction(action)
            self._menu.addAction(action)
            doomed = self._doomed.addAction(shown)
            doomed.triggered.connect(lambda _on=False, name=name: self._handling.forget_preset(name))
        self._menu.addSeparator()
        self._menu.addAction(self.tr("&Keep this brush …")).triggered.connect(self.ask_name)
        if self._handling.presets:
            self._menu.addMenu(self._doomed)
