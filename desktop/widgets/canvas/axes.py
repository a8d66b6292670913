"""The axes of symmetry on the canvas, and the knobs to move and turn them by."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen, QTransform

from desktop.paint.strokes.stroke import Sample
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.canvas import guides

_GRIP = 9
"""How near to a knob a press takes hold of it, logical pixels."""


class Axes:
    """Draws them; while they are adjusted, two knobs: the crossing moves them, the other turns them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._turns = False
        """Which knob is held."""

    def paint(self, painter: QPainter, transform: QTransform) -> None:
        """Draw what there is, in window coordinates."""
        ink = self._session.strokes.ink
        if ink.symmetry == "none":
            return
        painter.setPen(QPen(theme.colour("accent"), 1, Qt.PenStyle.DashLine))
        centre = self._crossing()
        document = self._session.document
        length = math.hypot(document.width, document.height)
        for degrees, both_ways in self._directions():
            along = _direction(degrees) * length
            start = centre - along if both_ways else centre
            painter.drawLine(transform.map(start), transform.map(centre + along))
        if self._session.strokes.adjusting:
            guides.paint_handles(painter, [transform.map(knob) for knob in self._knobs()])

    def take(self, at: QPointF, transform: QTransform) -> bool:
        """Whether a press there takes hold of a knob."""
        strokes = self._session.strokes
        if not strokes.adjusting or strokes.ink.symmetry == "none":
            return False
        distances = [math.dist(transform.map(knob).toTuple(), at.toTuple()) for knob in self._knobs()]
        self._turns = distances[1] < distances[0]
        return min(distances) <= _GRIP

    def drag(self, sample: Sample, *, shift: bool) -> None:
        """The knob that is held goes there; turned in steps of 15° with shift."""
        strokes, document = self._session.strokes, self._session.document
        x, y, degrees = strokes.ink.axes
        if self._turns:
            centre = self._crossing()
            wanted = math.degrees(math.atan2(sample.y - centre.y(), sample.x - centre.x())) - self._first()
            step = 15.0 if shift else 0.5
            degrees = (round(wanted / step) * step + 180) % 360 - 180
        else:
            x = min(max(round(2 * sample.x) / 2 / document.width, 0.0), 1.0)
            y = min(max(round(2 * sample.y) / 2 / document.height, 0.0), 1.0)
        strokes.set_everywhere(axes=(x, y, degrees))

    def _crossing(self) -> QPointF:
        (x, y, _), document = self._session.strokes.ink.axes, self._session.document
        return QPointF(round(2 * x * document.width) / 2, round(2 * y * document.height) / 2)

    def _first(self) -> float:
        """The direction of the first axis where none is turned; 0 is to the right, clockwise."""
        return 0.0 if self._session.strokes.ink.symmetry == "horizontal" else -90.0

    def _directions(self) -> list[tuple[float, bool]]:
        """Of every axis, and whether it goes on beyond the crossing."""
        ink = self._session.strokes.ink
        first = self._first() + ink.axes[2]
        match ink.symmetry:
            case "both":
                return [(first, True), (first + 90, True)]
            case "radial":
                return [(first + 360 * number / ink.fold, False) for number in range(ink.fold)]
        return [(first, True)]

    def _knobs(self) -> tuple[QPointF, QPointF]:
        centre, document = self._crossing(), self._session.document
        along = _direction(self._first() + self._session.strokes.ink.axes[2])
        return centre, centre + along * (min(document.width, document.height) / 4)


def _direction(degrees: float) -> QPointF:
    return QPointF(math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
