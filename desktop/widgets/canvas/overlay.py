"""What lies over the picture while one works: the axes, what is selected, what a stroke shows of itself."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QPainter, QPolygonF, QRegion, QTransform
from PySide6.QtWidgets import QWidget

from desktop.session import Session
from desktop.widgets.canvas import guides
from desktop.widgets.canvas.axes import Axes
from desktop.widgets.canvas.marching import Marching

_MARGIN = 8
"""Window pixels that lines and handles reach beyond the points that they are drawn for."""


class Overlay:
    """Paints it, and has the canvas drawn anew where it changed."""

    def __init__(self, canvas: QWidget, session: Session) -> None:
        self._canvas, self._session = canvas, session
        self.axes = Axes(session)
        self._marching = Marching(canvas, session)
        self._outlined = QRect()

    def paint(self, painter: QPainter, transform: QTransform, area: QRectF) -> None:
        """Draw all of it, in window coordinates; ``transform`` brings the picture's ``area`` there."""
        strokes = self._session.strokes
        painter.save()
        painter.setClipRegion(QRegion(transform.map(QPolygonF(area)).toPolygon()))
        self.axes.paint(painter, transform)
        painter.restore()
        self._marching.paint(painter, transform)
        stroke = strokes.stroke
        if stroke is not None and stroke.outline:
            guides.paint_outline(painter, transform.map(QPolygonF(stroke.outline)))
        if stroke is not None:
            guides.paint_handles(painter, [transform.map(point) for point in stroke.handles])

    def follow(self, transform: QTransform) -> None:
        """A rubber band, or what is selected, changes without any pixel of the picture changing."""
        stroke = self._session.strokes.stroke
        now = QRect()
        points = [*(stroke.outline or ()), *stroke.handles] if stroke is not None else []
        if points:
            box = transform.map(QPolygonF(points)).boundingRect().toAlignedRect()
            now = box.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)
        if self._marching.is_new:
            self._marching.take()
            self._canvas.update()
        elif now != self._outlined:
            self._canvas.update(self._outlined)
        self._canvas.update(now)
        self._outlined = now
