"""The switches for symmetry, which together say one thing."""

from __future__ import annotations

from PySide6.QtCore import QObject

from desktop.session import Session
from desktop.widgets.parts.actions import Actions

_NAMES = {(True, True): "both", (True, False): "vertical", (False, True): "horizontal"}


class Symmetry(QObject):
    """Ties the switches to how the brush in hand mirrors and turns. Radial symmetry stands alone."""

    def __init__(self, session: Session, actions: Actions, parent: QObject) -> None:
        super().__init__(parent)
        self._strokes = session.strokes
        self._vertical, self._horizontal = actions["mirror_vertical"], actions["mirror_horizontal"]
        self._radial = actions["radial"]
        for action in (self._vertical, self._horizontal):
            action.toggled.connect(self._choose)
        self._radial.toggled.connect(lambda on: self._strokes.set_symmetry("radial" if on else "none"))
        self._strokes.watch("ink", self._show)

    def _choose(self) -> None:
        chosen = self._vertical.isChecked(), self._horizontal.isChecked()
        self._strokes.set_symmetry(_NAMES.get(chosen, "none"))

    def _show(self) -> None:
        symmetry = self._strokes.ink.symmetry
        on = {
            self._vertical: symmetry in ("vertical", "both"),
            self._horizontal: symmetry in ("horizontal", "both"),
            self._radial: symmetry == "radial",
        }
        for action, checked in on.items():
            action.blockSignals(True)
            action.setChecked(checked)
            action.blockSignals(False)
