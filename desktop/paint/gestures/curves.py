"""Curves through points with handles (cubic Béziers), drawn with the brush as they will be."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from PySide6.QtCore import QCoreApplication, QPointF

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.editing.recording import Recording
from desktop.paint.gestures.freehand import swept
from desktop.paint.gestures.tool import Noted, snapped
from desktop.paint.strokes.stroke import Dab, Sample, dab
from engine.data.rect import EMPTY, Rect

MOST_POINTS = 1000
FARTHEST = 30_000.0
"""Pixels that points may be outside: no curve looks different."""


@dataclass
class Node:
    """A point of the curve, and its two handles."""

    before: QPointF
    at: QPointF
    after: QPointF

    @classmethod
    def corner(cls, at: QPointF) -> Node:
        """One without handles to be seen."""
        return cls(QPointF(at), QPointF(at), QPointF(at))


class CurveStroke(Noted):
    """A press sets a point, dragging pulls its handles out; a point or handle is moved by dragging it.

    A click on the first point closes the curve. Ctrl keeps handles to steps of 15°; with shift a handle moves
    without the one opposite, which makes a corner.
    """

    def __init__(self, document: Document, recording: Recording) -> None:
        self._document, self._recording = document, recording
        self._nodes: list[Node] = []
        self._closed = False
        self._held: tuple[int, str] | None = None
        self._earlier: list[tuple[int, Node | None]] = []
        """What each drag began from: the number of the point, and what it was; None where it was new."""
        self._taken_back: list[tuple[int, Node | None, Node]] = []
        """The same of what was taken back, and what the point was after the drag."""
        self._pressed = QPointF()
        self._has_moved = False

    def begun(self, sample: Sample) -> Self:
        self.rect = self.press(sample)
        return self

    @property
    def noted(self) -> list[Sample]:
        """Three samples a point: the handle before, itself, the handle after. A closed curve's first comes
        again."""
        nodes = [*self._nodes, self._nodes[0]] if self._closed else self._nodes
        return [Sample(it.x(), it.y()) for node in nodes for it in (node.before, node.at, node.after)]

    def put(self, samples: Sequence[Sample]) -> Rect:
        points = [_point(sample) for sample in samples]
        self._nodes = [Node(*points[index : index + 3][:3]) for index in range(0, len(points) - 2, 3)]
        first, last = self._nodes[0].at, self._nodes[-1].at
        if len(self._nodes) > 2 and _far(first, last) < 0.02:
            self._nodes.pop()
            self._closed = True
        return self._drawn()

    # --- the pointer ----------------------------------------------------------------------------

    def press(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        if not self.open:
            return EMPTY
        at = _point(sample)
        self._pressed, self._has_moved = at, False
        self._held = self._near(at)
        if self._held is not None:
            number, _what = self._held
            self._earlier.append((number, replace(self._nodes[number])))
        if self._held is not None or len(self._nodes) >= MOST_POINTS:
            return EMPTY
        self._earlier.append((len(self._nodes), None))
        self._taken_back.clear()
        self._nodes.append(Node.corner(at))
        self._held = len(self._nodes) - 1, "new"
        return self._drawn()

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        if not self.open or self._held is None:
            return EMPTY
        number, what = self._held
        node, at = self._nodes[number], _point(sample)
        if what != "at" and ctrl:
            at = _point(snapped(sample.sane(), node.at.x(), node.at.y()))
        if not self._has_moved and _far(at, self._pressed) <= self.reach / 2:
            return EMPTY
        self._has_moved = True
        self._taken_back.clear()
        match what:
            case "at":
                step = at - node.at
                node.at, node.before, node.after = at, node.before + step, node.after + step
            case "before":
                node.before = at
                if not shift:
                    node.after = _opposite(node.at, at, node.after)
            case "after":
                node.after = at
                if not shift:
                    node.before = _opposite(node.at, at, node.before)
            case _:  # a new point's handles are pulled out alike
                node.after, node.before = at, node.at * 2 - at
        return self._drawn()

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change | None:
        if not self.open:
            return Change()
        self.move(sample, shift, ctrl)
        held, self._held = self._held, None
        if held is not None and held[1] != "new" and not self._has_moved:
            self._earlier.pop()  # a mere click there changed nothing
        if held == (0, "at") and not self._has_moved and len(self._nodes) > 1:
            self._closed = True
            return self.close()
        return None

    def step_back(self) -> Rect | None:
        if not self.open or len(self._earlier) < 2:
            return None
        self._held = None
        number, node = self._earlier.pop()
        self._taken_back.append((number, node, self._nodes[number]))
        self._nodes[number:] = [node, *self._nodes[number + 1 :]] if node is not None else []
        return self._drawn()

    def step_forward(self) -> Rect | None:
        if not self.can_step_forward:
            return None
        self._held = None
        number, before, after = self._taken_back.pop()
        self._earlier.append((number, before))
        self._nodes[number : number + 1] = [after]
        return self._drawn()

    @property
    def can_step_forward(self) -> bool:
        return self.open and bool(self._taken_back)

    def close(self) -> Change:
        if not self.open:
            return Change()
        if self._nodes:
            self._drawn()
        self.shut()
        if len(self._nodes) < 2:  # a mere click
            self._recording.abort()
            return Change()
        last = self._nodes[0 if self._closed else -1].at
        self._document.last_point = last.x(), last.y()
        return self._recording.commit(QCoreApplication.translate("paint", "Curve"))

    def abort(self) -> Rect:
        self.shut()
        return self._recording.abort()

    # --- how ------------------------------------------------------------------------------------

    def _near(self, at: QPointF) -> tuple[int, str] | None:
        """The point, or else the handle, that a press there means; the newest first."""
        for names in (("at",), ("before", "after")):
            for number in reversed(range(len(self._nodes))):
                for name in names:
                    if _far(getattr(self._nodes[number], name), at) <= self.reach:
                        return number, name
        return None

    def _dabs(self) -> list[Dab]:
        """Along the curve, so close together that no corner shows."""
        ink = self._recording.ink
        nodes = [*self._nodes, self._nodes[0]] if self._closed else self._nodes
        points = [nodes[0].at]
        for one, other in itertools.pairwise(nodes):
            corners = (one.at, one.after, other.before, other.at)
            length = sum(_far(a, b) for a, b in itertools.pairwise(corners))
            pieces = max(1, min(400, math.ceil(length / 3)))
            points += [_along(corners, piece / pieces) for piece in range(1, pieces + 1)]
        return [dab(Sample(point.x(), point.y()), ink) for point in points]

    def _drawn(self) -> Rect:
        recording = self._recording
        self._show()
        if not recording.open:
            return EMPTY
        dabs = self._dabs() if len(self._nodes) > 1 else []
        return recording.redraw(swept(recording, dabs))

    def _show(self) -> None:
        self.handles = [place for node in self._nodes for place in _points(node)]
        last = self._nodes[-1]
        self.outline = [last.before, last.at, last.after]


def _points(node: Node) -> list[QPointF]:
    return [node.at, *(handle for handle in (node.before, node.after) if handle != node.at)]


def _point(sample: Sample) -> QPointF:
    sample = sample.sane()
    return QPointF(min(max(sample.x, -FARTHEST), FARTHEST), min(max(sample.y, -FARTHEST), FARTHEST))


def _far(one: QPointF, other: QPointF) -> float:
    return math.hypot(one.x() - other.x(), one.y() - other.y())


def _opposite(middle: QPointF, handle: QPointF, other: QPointF) -> QPointF:
    """``other`` turned so that it lies in line with ``handle``, as far from the middle as it was."""
    length = _far(middle, handle)
    return middle + (middle - handle) * (_far(middle, other) / length) if length > 1e-6 else other


def _along(corners: tuple[QPointF, QPointF, QPointF, QPointF], part: float) -> QPointF:
    points = list(corners)
    while len(points) > 1:
        points = [a + (b - a) * part for a, b in itertools.pairwise(points)]
    return points[0]
