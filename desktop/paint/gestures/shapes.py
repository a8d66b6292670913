"""Shapes that are dragged open: drawn anew at every move, until the pen is lifted."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QImage, QPainter, QPainterPath, QPainterPathStroker, QTransform

from desktop.paint.editing.history import Change
from desktop.paint.editing.recording import Recording
from desktop.paint.gestures.tool import Stroke
from desktop.paint.layers.layer import image_over
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.strokes.sweep import Patch
from engine.data.rect import Rect

Trace = Callable[[QRectF], QPainterPath]
"""Makes a shape's path from the box it was dragged open in."""


def coverage_of(
    path: QPainterPath, ink: Ink, within: Rect, *, hard: bool, sharp: bool = False
) -> list[Patch]:
    """``path``, filled or outlined as ``ink`` says.

    Args:
        path: in picture coordinates.
        ink: of which size and filled count.
        within: what to clip to.
        hard: pixels are covered wholly or not at all.
        sharp: outlines have pointed corners rather than round ones.

    Returns:
        one patch, or none when nothing is inside.
    """
    if not ink.filled:
        stroker = QPainterPathStroker()
        stroker.setWidth(max(ink.size, 1.0))
        stroker.setJoinStyle(Qt.PenJoinStyle.MiterJoin if sharp else Qt.PenJoinStyle.RoundJoin)
        stroker.setCapStyle(Qt.PenCapStyle.RoundCap)
        path = stroker.createStroke(path)
        path.setFillRule(Qt.FillRule.WindingFill)
    box = path.boundingRect()
    rect = Rect.spanning(
        math.floor(box.left()) - 1,
        math.floor(box.top()) - 1,
        math.ceil(box.right()) + 1,
        math.ceil(box.bottom()) + 1,
    ).intersected(within)
    if not rect:
        return []
    # Rows of images start at multiples of four bytes.
    coverage = np.zeros((rect.height, -(-rect.width // 4) * 4), np.uint8)
    image = image_over(coverage, QImage.Format.Format_Grayscale8)
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not hard)
        painter.translate(-rect.left, -rect.top)
        painter.fillPath(path, QBrush(Qt.GlobalColor.white))
    return [Patch(coverage[:, : rect.width], rect.left, rect.top)]


def covered(path: QPainterPath, recording: Recording, *, hard: bool, sharp: bool = False) -> list[Patch]:
    """``coverage_of`` the path and of its copies, for the recording."""
    turned = (QTransform(*copy).map(path) for copy in recording.copies)
    return [
        patch
        for one in (path, *turned)
        for patch in coverage_of(one, recording.ink, recording.bounds, hard=hard, sharp=sharp)
    ]


class BoxStroke(Stroke):
    """A shape between the point where the pen went down and where it is now; shift makes it as wide
    as it is high."""

    def __init__(self, recording: Recording, sample: Sample, trace: Trace, text: str, *, sharp: bool) -> None:
        self._recording = recording
        self._start = sample.sane()
        self._trace = trace
        self._text = text
        self._sharp = sharp

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        return self._drawn(sample.sane(), shift)

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change:
        self.open = False
        self._drawn(sample.sane(), shift)
        return self._recording.commit(self._text)

    def abort(self) -> Rect:
        self.open = False
        return self._recording.abort()

    def _drawn(self, sample: Sample, shift: bool) -> Rect:
        recording = self._recording
        ink, hard = recording.ink, is_hard(recording)
        ax, ay = nearby(self._start, recording)
        bx, by = nearby(sample, recording)
        if shift:
            edge = max(abs(bx - ax), abs(by - ay))
            bx, by = ax + math.copysign(edge, bx - ax), ay + math.copysign(edge, by - ay)
        if hard:
            ax, ay, bx, by = (on_grid(value, ink) for value in (ax, ay, bx, by))
        path = self._trace(QRectF(QPointF(ax, ay), QPointF(bx, by)).normalized())
        return recording.redraw(covered(path, recording, hard=hard, sharp=self._sharp))


def is_hard(recording: Recording) -> bool:
    """Whether edges may not be smooth, as on label layers."""
    return recording.ink.brush == "pixel"


def on_grid(value: float, ink: Ink) -> float:
    """A coordinate at which a hard outline of that size, or a filled shape, meets whole pixels."""
    odd = not ink.filled and round(max(ink.size, 1.0)) % 2
    return math.floor(value) + 0.5 if odd else float(round(value))


def nearby(sample: Sample, recording: Recording) -> tuple[float, float]:
    """The point of ``sample``, brought back to not far outside the picture; no shape looks different."""
    width, height = recording.bounds.width, recording.bounds.height
    reach = 4 * max(width, height) + 1000
    return min(max(sample.x, -reach), width + reach), min(max(sample.y, -reach), height + reach)
