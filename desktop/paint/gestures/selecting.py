"""Selecting: by a rectangle, by hand, by the corners of a polygon, by colour. No step (see ``Choices``)."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QBrush, QImage, QPainter, QPainterPath, QPolygonF

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.editing.selection import Area
from desktop.paint.gestures.cornered import Cornered
from desktop.paint.gestures.region import alike
from desktop.paint.gestures.tool import Stroke
from desktop.paint.layers.layer import image_over
from desktop.paint.strokes.stroke import Combine, Sample
from engine.data.rect import EMPTY, Rect

MOST_POINTS = 20_000


class Selecting(Stroke):
    """What all ways of selecting have in common: the selection before comes back when one is called off."""

    def __init__(self, document: Document, how: Combine) -> None:
        self._document = document
        self._before = document.area
        self._how = how

    def abort(self) -> Rect:
        if self.open:
            self._document.area = self._before
        self.shut()
        return EMPTY

    def _end(self) -> Change:
        if self.open:
            self._document.chose(self._before)
        self.shut()
        return Change()

    def _take(self, area: Area) -> None:
        document = self._document
        document.area = self._before.combined(area.cropped(document.bounds), self._how)


class SelectStroke(Selecting):
    """Drags a rectangle open; a mere click selects nothing. Shift makes a square."""

    def __init__(self, document: Document, sample: Sample, how: Combine = "replace") -> None:
        super().__init__(document, how)
        self._start = sample.sane()

    def begun(self, sample: Sample) -> Self:
        self.move(sample)
        return self

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        if self.open:
            # Shift adds, too, where something is selected; then it makes no square.
            dragged = self._dragged(sample.sane(), shift and self._how == "replace")
            self._take(Area(dragged))
            self.outline = corners(dragged)
        return EMPTY

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        self.move(sample, shift)
        return self._end()

    def _dragged(self, sample: Sample, shift: bool) -> Rect:
        start = self._start
        across, down = sample.x - start.x, sample.y - start.y
        if abs(across) < 1 and abs(down) < 1:
            return EMPTY
        if shift:
            edge = max(abs(across), abs(down))
            across, down = edge if across > 0 else -edge, edge if down > 0 else -edge
        end_x, end_y = start.x + across, start.y + down
        return Rect.spanning(
            round(min(start.x, end_x)),
            round(min(start.y, end_y)),
            round(max(start.x, end_x)),
            round(max(start.y, end_y)),
        ).intersected(self._document.bounds)


class LassoStroke(Selecting):
    """Goes along the hand, and closes where the pen is lifted; a mere click selects nothing."""

    def __init__(self, document: Document, sample: Sample, how: Combine) -> None:
        super().__init__(document, how)
        self._points = [_point(sample)]

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        point = _point(sample)
        if self.open and point != self._points[-1] and len(self._points) < MOST_POINTS:
            self._points.append(point)
        if self.open:
            self.outline = [*self._points, self._points[0]]
        return EMPTY

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        self.move(sample)
        if self.open:
            self._take(enclosed(self._points, self._document.bounds))
        return self._end()


class CornersStroke(Cornered, Selecting):
    """Corner by corner; what lies between them is selected."""

    most = MOST_POINTS

    def __init__(self, document: Document, sample: Sample, how: Combine) -> None:
        Selecting.__init__(self, document, how)
        Cornered.__init__(self, sample)

    def close(self) -> Change:
        if self.open:
            self._take(enclosed([_point(corner) for corner in self._corners], self._document.bounds))
        return self._end()


class ColourStroke(Selecting):
    """Selects at once what has the colour under the pen, as all layers together show it."""

    def __init__(self, document: Document, how: Combine, tolerance: int, contiguous: bool) -> None:
        super().__init__(document, how)
        self._tolerance = 0 if document.kind == "labels" else min(max(tolerance, 0), 255)
        self._contiguous = contiguous

    def begun(self, sample: Sample) -> Self:
        document, sample = self._document, sample.sane()
        x, y = math.floor(sample.x), math.floor(sample.y)
        found = Area()
        if 0 <= x < document.width and 0 <= y < document.height:
            pixels = document.picture_flat()
            found = Area.of(alike(pixels, x, y, self._tolerance, contiguous=self._contiguous))
        self._take(found)
        return self

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        return EMPTY

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        return self._end()


def enclosed(points: list[QPointF], bounds: Rect) -> Area:
    """The pixels of ``bounds`` whose centres a closed line through ``points`` goes round."""
    if len(points) < 3:
        return Area()
    path = QPainterPath()
    path.addPolygon(QPolygonF(points))
    path.closeSubpath()
    path.setFillRule(Qt.FillRule.WindingFill)
    box = path.boundingRect()
    rect = Rect.spanning(
        math.floor(box.left()), math.floor(box.top()), math.ceil(box.right()), math.ceil(box.bottom())
    ).intersected(bounds)
    if not rect:
        return Area()
    # Rows of images start at multiples of four bytes.
    plane = np.zeros((rect.height, -(-rect.width // 4) * 4), np.uint8)
    image = image_over(plane, QImage.Format.Format_Grayscale8)
    with QPainter(image) as painter:
        painter.translate(-rect.left, -rect.top)
        painter.fillPath(path, QBrush(Qt.GlobalColor.white))
    return Area.of(plane[:, : rect.width] > 127, rect.left, rect.top)


def corners(rect: Rect) -> list[QPointF] | None:
    """The line around ``rect``; None where it is empty."""
    if not rect:
        return None
    left, top, right, bottom = rect.left, rect.top, rect.right, rect.bottom
    points = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
    return [QPointF(*point) for point in points]


def _point(sample: Sample) -> QPointF:
    """Where ``sample`` is; brought back to not too far out, where painters reckon with whole numbers."""
    sample = sample.sane()
    return QPointF(min(max(sample.x, -20_000), 60_000), min(max(sample.y, -20_000), 60_000))
