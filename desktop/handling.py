"""How the hand works, as the user likes it: what of it is remembered between starts."""

from __future__ import annotations

import dataclasses

from PySide6.QtCore import QObject

from desktop.documents.stroke_controller import StrokeController
from desktop.support.settings import Settings


class Handling(QObject):
    """Ties what is remembered to the hand that draws."""

    def __init__(self, strokes: StrokeController, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._strokes, self._settings = strokes, settings
        strokes.quick_shapes = settings.quick_shapes
        x, y, degrees = settings.axes
        strokes.begin_with(axes=(x, y, degrees), fold=settings.fold)
        strokes.ink = dataclasses.replace(strokes.ink, axes=(x, y, degrees), fold=settings.fold)
        strokes.watch("quick_shapes ink", self._remember)

    def _remember(self) -> None:
        ink = self._strokes.ink
        self._settings.quick_shapes = self._strokes.quick_shapes
        self._settings.axes, self._settings.fold = list(ink.axes), ink.fold
