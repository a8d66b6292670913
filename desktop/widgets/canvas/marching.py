"""The outline of what is selected, which marches so that it can't be taken for paint."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QTimer
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QTransform
from PySide6.QtWidgets import QWidget

from desktop.session import Session

_STEP_MS = 160
_STRIPES = 8
"""Pixels from one stripe to the next."""


class Marching:
    """Draws the outline of a selection on a canvas, and has it drawn anew a step further, while somebody
    looks and nobody draws."""

    def __init__(self, canvas: QWidget, session: Session) -> None:
        self._canvas, self._session = canvas, session
        self._shown: object = None
        self._lines: list[QLineF] = []
        self._phase = 0
        self._pattern = _stripes()
        self._timer = QTimer(canvas)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_STEP_MS)
        self._timer.timeout.connect(self._step)

    @property
    def is_new(self) -> bool:
        """Something else is selected than was drawn last."""
        picture = self._session.picture
        return picture is not None and picture.document.area is not self._shown

    def take(self) -> None:
        """Have the outline of what is selected now, so that painting needn't wait for it."""
        self._shown = area = self._session.document.area
        edges = area.edges().tolist() if area.rect else []
        self._lines = [QLineF(*edge) for edge in edges]

    def paint(self, painter: QPainter, transform: QTransform) -> None:
        """Draw it, in window coordinates."""
        if self.is_new:
            self.take()
        if not self._lines:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setTransform(transform)
        dark = QPen(QColor(0, 0, 0, 120), 3)
        stripes = QBrush(self._pattern)
        stripes.setTransform(transform.inverted()[0].translate(self._phase, 0))  # they stay on the screen
        bright = QPen(stripes, 1)
        for pen in (dark, bright):
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawLines(self._lines)
        painter.restore()
        if not self._timer.isActive():
            self._timer.start()

    def _step(self) -> None:
        canvas = self._canvas
        if self._session.picture is None or not self._session.document.selection or not canvas.isVisible():
            return
        if self._session.strokes.drawing or not canvas.isActiveWindow():
            self._timer.start()
            return
        self._phase = (self._phase + 1) % _STRIPES
        canvas.update()


def _stripes() -> QImage:
    """Black and white stripes from corner to corner."""
    image = QImage(_STRIPES, _STRIPES, QImage.Format.Format_RGB32)
    for row in range(_STRIPES):
        for column in range(_STRIPES):
            is_white = (row + column) % _STRIPES < _STRIPES // 2
            image.setPixelColor(column, row, QColor(255, 255, 255) if is_white else QColor(0, 0, 0))
    return image
