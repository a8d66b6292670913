"""How the picture lies in the window: one view, shared by canvas and preview, so both move together."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, QPointF, QRectF, QSizeF, Signal
from PySide6.QtGui import QTransform

SMALLEST, LARGEST = 0.02, 64.0
"""Limits of the scale: window pixels a picture pixel."""


class View(QObject):
    """Scale, rotation, flip and the picture point in the middle of the window.

    Window coordinates are a widget's logical pixels, picture coordinates picture pixels.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.scale = 1.0
        self.degrees = 0.0
        self.flipped = False
        self.centre = QPointF(0, 0)
        self.fitted = True
        """The picture stays fitted into the window until the user zooms or pans."""

    def transform(self, window: QSizeF) -> QTransform:
        """From picture to window coordinates of a widget of size ``window``."""
        transform = QTransform()
        transform.translate(window.width() / 2, window.height() / 2)
        transform.rotate(self.degrees)
        transform.scale(-self.scale if self.flipped else self.scale, self.scale)
        transform.translate(-self.centre.x(), -self.centre.y())
        return transform

    def to_picture(self, point: QPointF, window: QSizeF) -> QPointF:
        """The picture point under the window point ``point``."""
        inverse, _ = self.transform(window).inverted()
        return inverse.map(point)

    def zoom(self, factor: float, at: QPointF, window: QSizeF) -> None:
        """Scale by ``factor`` and keep the picture point under ``at`` where it is."""
        self.set_scale(self.scale * factor, at, window)

    def set_scale(self, scale: float, at: QPointF, window: QSizeF) -> None:
        """Scale to ``scale`` window pixels a picture pixel, around the window point ``at``."""
        anchor = self.to_picture(at, window)
        self.scale = min(max(scale, SMALLEST), LARGEST)
        self._hold(anchor, at, window)

    def rotate(self, degrees: float, at: QPointF, window: QSizeF) -> None:
        """Turn by ``degrees`` clockwise around the window point ``at``."""
        anchor = self.to_picture(at, window)
        self.degrees = math.remainder(self.degrees + degrees, 360.0)
        self._hold(anchor, at, window)

    def flip(self) -> None:
        """Show the picture mirrored left to right; the picture itself stays as it is."""
        self.flipped = not self.flipped
        self.degrees = -self.degrees
        self.changed.emit()

    def pan(self, window_delta: QPointF, window: QSizeF) -> None:
        """Move the picture by ``window_delta`` window pixels."""
        middle = QPointF(window.width() / 2, window.height() / 2)
        self.centre = self.to_picture(middle - window_delta, window)
        self.fitted = False
        self.changed.emit()

    def fit(self, picture: QSizeF, window: QSizeF, margin: float = 16.0) -> None:
        """Show the whole picture, upright, as large as the window allows."""
        self.degrees = 0.0
        across = max(window.width() - 2 * margin, 8.0) / max(picture.width(), 1.0)
        down = max(window.height() - 2 * margin, 8.0) / max(picture.height(), 1.0)
        self.scale = min(max(min(across, down), SMALLEST), LARGEST)
        self.centre = QPointF(picture.width() / 2, picture.height() / 2)
        self.fitted = True
        self.changed.emit()

    def window_rect(self, picture_rect: QRectF, window: QSizeF) -> QRectF:
        """The smallest upright window rectangle around ``picture_rect``."""
        return self.transform(window).mapRect(picture_rect)

    def _hold(self, anchor: QPointF, at: QPointF, window: QSizeF) -> None:
        moved = self.to_picture(at, window)
        self.centre += anchor - moved
        self.fitted = False
        self.changed.emit()
