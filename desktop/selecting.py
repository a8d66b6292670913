"""What is selected of the picture on the canvas; no step of its history."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, SignalInstance

from desktop.documents.on_canvas import OnCanvas
from desktop.paint.editing.selection import Area
from desktop.paint.layers.held import held
from engine.data.rect import Rect


class Selecting:
    """Selects by command; by the pen it is a tool, ``desktop.paint.tools.select``."""

    def __init__(self, canvas: OnCanvas, repainted: SignalInstance) -> None:
        """
        Args:
            canvas: whose document it is.
            repainted: takes the pixels that look different.
        """
        self._canvas, self._repainted = canvas, repainted

    def select(self, area: Rect) -> None:
        """Select ``area``, or nothing if it is empty."""
        self._canvas.finish_stroke()
        document = self._canvas.document
        document.selection = area.intersected(document.bounds)
        self._repainted.emit(document.bounds)

    def invert(self) -> None:
        """Select what isn't selected, and nothing else."""
        self._canvas.finish_stroke()
        document = self._canvas.document
        document.area = document.area.inverted(document.bounds)
        self._repainted.emit(document.bounds)

    def held(self) -> None:
        """Select what is held of the preview; says so where nothing is."""
        self._canvas.finish_stroke()
        document = self._canvas.document
        if not document.holds:
            text = QCoreApplication.translate("selecting", "Nothing of the preview is held.")
            self._canvas.said.emit(text)
            return
        document.area = Area.of(held(document.holds, (document.width, document.height)))
        self._repainted.emit(document.bounds)
