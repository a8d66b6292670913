"""What lies over the picture without being part of it: outlines, the divider, the brush's ring."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF, QTransform

from desktop.paint.layers.layer import Layer, Role
from desktop.support import theme


def paint_outline(painter: QPainter, outline: QPolygonF) -> None:
    """A dashed line that can be seen on any background."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 160), 3))
    painter.drawPolyline(outline)
    painter.setPen(QPen(QColor(255, 255, 255), 1, Qt.PenStyle.DashLine))
    painter.drawPolyline(outline)


def paint_handles(painter: QPainter, places: list[QPointF]) -> None:
    """Knobs to take hold of."""
    painter.setBrush(QColor(255, 255, 255))
    painter.setPen(QPen(theme.colour("accent"), 1.5))
    for place in places:
        painter.drawEllipse(place, 4, 4)


def paint_finish(painter: QPainter, layers: Sequence[Layer], transform: QTransform) -> None:
    """The layers that the preview is finished by, over it."""
    painter.save()
    painter.setTransform(transform)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    for layer in layers:
        if layer.role is Role.FINISH and layer.shown:
            painter.setOpacity(layer.opacity)
            painter.drawImage(0, 0, layer.image)
    painter.restore()


def paint_held(painter: QPainter, lines: Sequence[QLineF], area: QRectF, transform: QTransform) -> None:
    """Quietly, where what is held of the preview ends; ``lines`` in shares of ``area``."""
    if not lines:
        return
    painter.save()
    painter.setTransform(QTransform.fromScale(area.width(), area.height()) * transform)
    quiet, dots = QPen(QColor(0, 0, 0, 90), 1), QPen(QColor(255, 255, 255, 150), 1, Qt.PenStyle.DotLine)
    for pen in (quiet, dots):
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawLines(lines)
    painter.restore()


def paint_divider(painter: QPainter, x: float, height: float) -> None:
    """The line between picture and preview, with a knob to take it by."""
    accent = theme.colour("accent")
    painter.setPen(QPen(accent, 2))
    painter.drawLine(QPointF(x, 0), QPointF(x, height))
    painter.setBrush(accent)
    painter.drawEllipse(QPointF(x, height / 2), 6, 6)


def paint_behind(painter: QPainter, width: float) -> None:
    """The quiet mark, in the upper right corner, that the preview is behind the picture."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour("accent"))
    painter.setOpacity(0.8)
    painter.drawEllipse(QPointF(width - 14, 14), 4, 4)
    painter.setOpacity(1.0)


def paint_ring(painter: QPainter, centre: QPointF, radius: float) -> None:
    """The brush's size, light and dark so that it shows on any background."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(255, 255, 255, 200), 1.5))
    painter.drawEllipse(centre, radius + 1, radius + 1)
    painter.setPen(QPen(QColor(0, 0, 0, 200), 1))
    painter.drawEllipse(centre, radius, radius)


def paint_offer(painter: QPainter, area: QRect, text: str) -> None:
    """What happens if that which is held over ``area`` is dropped there."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    background = theme.colour("surround")
    background.setAlpha(170)
    painter.fillRect(area, background)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.colour("accent"), 3, Qt.PenStyle.DashLine))
    painter.drawRoundedRect(QRectF(area).adjusted(8, 8, -8, -8), 8, 8)
    painter.setPen(theme.colour("text"))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)
