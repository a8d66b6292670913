"""Turning and scaling what is selected, or all of a layer, by the handles of a box around it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPolygonF, QTransform

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.editing.recording import Recording
from desktop.paint.editing.selection import Area
from desktop.paint.gestures.tool import Noted, Placement
from desktop.paint.layers.composite import unpacked
from desktop.paint.layers.ghost import Ghost
from desktop.paint.layers.layer import Packed, Role, image_over
from desktop.paint.strokes.stroke import Ink, Sample
from engine.data.rect import EMPTY, Rect
from engine.errors import PictureError

MOST = 1 << 20
"""Pixels that are made anew with every move; more are shown as a ghost until they are let go of."""
_BAND = 1 << 17
"""Pixels that are looked up at once: what is between stays in the processor's cache."""
CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))
SIDES = ((0, -1), (1, 0), (0, 1), (-1, 0))


class TransformStroke(Noted):
    """A box with handles, which is dragged until it is closed: one step, whatever was done on the way.

    Corners and sides scale (corners in proportion with shift), the knob above and everything outside turn it
    (in steps of 15° with shift), inside it is moved (along one axis with shift).
    """

    placement: Placement

    def __init__(self, document: Document) -> None:
        recording = document.begin(Ink())
        self._document, self._recording = document, recording
        self._area = document.area
        try:
            self._source, self._cut = _taken(document, recording)
        except PictureError:
            recording.abort()
            raise
        rect = self._source
        self._pixels = recording.base(rect)
        if self._cut is not None:
            self._pixels[~self._cut] = 0
        self._hole = document.emptiness(recording.layer, rect)
        self._smooth = recording.layer.role is not Role.LABELS
        self._image = image_over(unpacked(self._pixels), QImage.Format.Format_ARGB32_Premultiplied)
        self.placement = Placement()
        self._held: tuple[str, int, int] | None = None
        self._from: tuple[Sample, Placement] = Sample(0, 0), self.placement
        document.selection = EMPTY  # the box stands for it meanwhile
        self._show()

    def aim(self, reach: float) -> None:
        self.reach = reach
        self._show()

    # --- the pointer ----------------------------------------------------------------------------

    def press(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        sample = sample.sane()
        self._held, self._from = self._handle_at(sample), (sample, self.placement)
        return EMPTY

    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        if not self.open or self._held is None:
            return EMPTY
        sample = sample.sane()
        what, across, down = self._held
        match what:
            case "move":
                placement = self._moved(sample, shift)
            case "turn":
                placement = self._turned(sample, shift)
            case _:
                placement = self._scaled(sample, across, down, shift)
        return self._drag(placement)

    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change | None:
        if not self.open:
            return Change()
        self.lifted = self.move(sample, shift, ctrl).united(self._paint_exactly())
        self._held = None
        return None

    def close(self) -> Change:
        if not self.open:
            return Change()
        self._paint_exactly()
        self.shut()
        if self.placement == Placement():
            self._recording.abort()
            self._document.area = self._area
            return Change()
        change = self._recording.commit(QCoreApplication.translate("paint", "Transform"))
        if self._area.rect:
            self._document.area = self._area_now()
            if change:
                self._document.went_along(self._area)
        return change

    def abort(self) -> Rect:
        if not self.open:
            return EMPTY
        seen = self._source.united(self._extent()) if self.ghost is not None else EMPTY
        self.shut()
        rect = self._recording.abort()
        self._document.area = self._area
        return rect.united(seen)

    # --- what becomes of it ---------------------------------------------------------------------

    def place(self, placement: Placement) -> Rect:
        """Show it there; returns what was repainted."""
        if not self.open or not self._recording.open:
            return EMPTY
        self.placement = placement = self._whole(placement.sane())
        recording = self._recording
        rect = recording.restore()
        if placement != Placement():
            source = self._source
            rect = rect.united(recording.put(self._hole, source.left, source.top, cut=self._cut))
            pixels, left, top = drawn(self._pixels, self._matrix(), recording.bounds, smooth=self._smooth)
            rect = rect.united(recording.put(pixels, left, top, over=True))
        self.ghost = None
        self._show()
        return rect

    def _drag(self, placement: Placement) -> Rect:
        """Show it there while it is held; something large as a ghost, for which no layer changes."""
        self.placement = placement = self._whole(placement.sane())
        sizes = (self._source, self._extent(), self._recording.rect)
        if self.ghost is None:
            if max(rect.width * rect.height for rect in sizes) <= MOST:
                return self.place(placement)
            if self._recording.rect:  # the canvas shows all of it anew when it is let go of
                self._recording.restore()
        left = self.ghost.left if self.ghost is not None else self._left()
        layer, matrix = self._recording.layer.id, self._matrix()
        self.ghost = Ghost(layer, self._image, matrix, self._source, left, self._smooth)
        self._show()
        return EMPTY

    def _paint_exactly(self) -> Rect:
        """Make what was but a ghost; returns what was repainted."""
        if self.ghost is None:
            return EMPTY
        return self._source.united(self._extent()).united(self.place(self.placement))

    def _left(self) -> QImage | None:
        """What is to be seen where it was."""
        hole, cut = self._hole, self._cut
        if cut is not None:
            hole = np.where(cut, hole, self._recording.base(self._source))
        elif not hole.any():
            return None
        return image_over(unpacked(np.ascontiguousarray(hole)), QImage.Format.Format_ARGB32_Premultiplied)

    def _extent(self) -> Rect:
        """What of the picture it lies on."""
        rect = self._source
        return _around(self._matrix(), rect.width, rect.height).intersected(self._recording.bounds)

    @property
    def noted(self) -> list[Sample]:
        """The upper left, upper right and lower left corner of the box."""
        return [Sample(point.x(), point.y()) for point in (self._corner(*CORNERS[it]) for it in (0, 1, 3))]

    def put(self, samples: Sequence[Sample]) -> Rect:
        first, second, third = (sample.sane() for sample in samples[:3])
        rect, middle = self._source, self._source_middle()
        ux, uy, vx, vy = second.x - first.x, second.y - first.y, third.x - first.x, third.y - first.y
        side = 1 if ux * vy - uy * vx >= 0 else -1
        x, y = (second.x + third.x) / 2, (second.y + third.y) / 2
        wide, high = math.hypot(ux, uy) / rect.width, math.hypot(vx, vy) / rect.height * side
        degrees = math.degrees(math.atan2(uy, ux))
        return self.place(Placement(x - middle.x(), y - middle.y(), wide, high, degrees))

    def _whole(self, placement: Placement) -> Placement:
        """As it is, but on whole pixels where nothing is turned or scaled: then nothing is lost."""
        across, down, wide, high, degrees = placement
        if abs(degrees) < 0.02 and abs(abs(wide) - 1) < 1e-3 and abs(abs(high) - 1) < 1e-3:
            return Placement(
                float(round(across)), float(round(down)), float(round(wide)), float(round(high)), 0.0
            )
        return placement

    def _matrix(self) -> QTransform:
        """From pixels of the source, the first at (0, 0), to the picture."""
        rect, place, middle = self._source, self.placement, self._source_middle()
        matrix = QTransform.fromTranslate(middle.x() + place.across, middle.y() + place.down)
        matrix.rotate(place.degrees)
        matrix.scale(place.wide, place.high)
        matrix.translate(-rect.width / 2, -rect.height / 2)
        return matrix

    def _area_now(self) -> Area:
        rect = self._source
        mask = self._cut if self._cut is not None else np.ones((rect.height, rect.width), np.bool_)
        plane = mask.astype(np.uint32)
        moved, left, top = drawn(plane, self._matrix(), self._document.bounds, smooth=False)
        return Area.of(moved > 0, left, top)

    # --- handles --------------------------------------------------------------------------------

    def _source_middle(self) -> QPointF:
        return QRectF(*self._source).center()

    def _corner(self, across: float, down: float) -> QPointF:
        """The point of the box that lies so far from its middle, in halves of its extent."""
        rect = self._source
        return self._matrix().map(QPointF((1 + across) * rect.width / 2, (1 + down) * rect.height / 2))

    def _knob(self) -> QPointF:
        """What the box is turned by: above its upper side."""
        side, middle = self._corner(0, -1), self._corner(0, 0)
        length = max(math.dist(side.toTuple(), middle.toTuple()), 1e-6)
        return side + (side - middle) * (4 * self.reach / length)

    def _show(self) -> None:
        corners = [self._corner(*corner) for corner in CORNERS]
        self.outline = [*corners, corners[0]]
        self.handles = [*corners, *(self._corner(*side) for side in SIDES), self._knob()]

    def _handle_at(self, sample: Sample) -> tuple[str, int, int]:
        at = QPointF(sample.x, sample.y)
        places = [("turn", 0, 0, self._knob())]
        places += [("scale", *side, self._corner(*side)) for side in (*CORNERS, *SIDES)]
        near = [
            (math.dist(place.toTuple(), at.toTuple()), number) for number, (*_, place) in enumerate(places)
        ]
        distance, number = min(near)
        if distance <= 1.5 * self.reach:
            what, across, down, _ = places[number]
            return what, across, down
        box = QPolygonF([self._corner(*corner) for corner in CORNERS])
        inside = box.containsPoint(at, Qt.FillRule.OddEvenFill)
        return ("move" if inside else "turn"), 0, 0

    def _moved(self, sample: Sample, shift: bool) -> Placement:
        start, place = self._from
        across, down = sample.x - start.x, sample.y - start.y
        if shift:
            across, down = (across, 0.0) if abs(across) > abs(down) else (0.0, down)
        return place._replace(across=place.across + across, down=place.down + down)

    def _turned(self, sample: Sample, shift: bool) -> Placement:
        (start, place), middle = self._from, self._corner(0, 0)
        before = math.atan2(start.y - middle.y(), start.x - middle.x())
        now = math.atan2(sample.y - middle.y(), sample.x - middle.x())
        degrees = place.degrees + math.degrees(now - before)
        return place._replace(degrees=round(degrees / 15) * 15.0 if shift else degrees)

    def _scaled(self, sample: Sample, across: int, down: int, shift: bool) -> Placement:
        """The handle follows the pointer, and the one opposite stays where it is."""
        start, self.placement = self._from
        anchor, handle = self._corner(-across, -down), self._corner(across, down)
        place, rect = self.placement, self._source
        turn = QTransform().rotate(place.degrees)
        to = turn.inverted()[0].map(handle - anchor + QPointF(sample.x - start.x, sample.y - start.y))
        wide = to.x() * across / rect.width if across else place.wide
        high = to.y() * down / rect.height if down else place.high
        if shift and across and down:
            factor = max(abs(wide / place.wide), abs(high / place.high))
            wide = math.copysign(factor * place.wide, wide)
            high = math.copysign(factor * place.high, high)
        new = place._replace(wide=wide, high=high).sane()
        # From the anchor to the middle, in the box's own axes.
        half = QPointF(across * new.wide * rect.width / 2, down * new.high * rect.height / 2)
        middle = self._source_middle()
        centre = anchor + turn.map(half)
        return new._replace(across=centre.x() - middle.x(), down=centre.y() - middle.y())


def drawn(pixels: Packed, matrix: QTransform, within: Rect, *, smooth: bool) -> tuple[Packed, int, int]:
    """``pixels`` brought to another place.

    Args:
        pixels: uint32 (H, W), premultiplied.
        matrix: from them to the picture.
        within: what to clip to.
        smooth: mix neighbours; else every pixel is one of ``pixels``, or 0.

    Returns:
        the pixels there, uint32, and the column and row of the first.
    """
    height, width = pixels.shape
    rect = _around(matrix, width, height).intersected(within)
    result = np.zeros((rect.height, rect.width), np.uint32)
    if not rect:
        return result, rect.left, rect.top
    straight = abs(abs(matrix.m11()) - 1) + abs(abs(matrix.m22()) - 1) + abs(matrix.m12()) + abs(matrix.m21())
    if not smooth or straight < 1e-9:
        _nearest(pixels, matrix, rect, result)
    else:
        _mixed(pixels, matrix, rect, result)
    return result, rect.left, rect.top


def _around(matrix: QTransform, width: int, height: int) -> Rect:
    """All that ``width`` × ``height`` pixels can lie on."""
    box = matrix.mapRect(QRectF(0, 0, width, height))
    return Rect.spanning(
        math.floor(box.left()) - 1,
        math.floor(box.top()) - 1,
        math.ceil(box.right()) + 1,
        math.ceil(box.bottom()) + 1,
    )


def _nearest(pixels: Packed, matrix: QTransform, rect: Rect, result: Packed) -> None:
    back, _ = matrix.inverted()
    height, width = pixels.shape
    columns = np.arange(rect.left, rect.right) + 0.5
    rows = np.arange(rect.top, rect.bottom) + 0.5
    # Between two pixels it is always the same one that counts, whatever rounding does.
    if not back.m12() and not back.m21():  # each column comes from one column, each row from one row
        x = np.floor(columns * back.m11() + back.dx() + 1e-7).astype(np.int32)
        y = np.floor(rows * back.m22() + back.dy() + 1e-7).astype(np.int32)
        there_x, there_y = np.flatnonzero((x >= 0) & (x < width)), np.flatnonzero((y >= 0) & (y < height))
        if len(there_x) and len(there_y):
            part = result[there_y[0] : there_y[-1] + 1, there_x[0] : there_x[-1] + 1]
            x, y = x[there_x], y[there_y]
            first = y.min()
            part[...] = pixels[first : y.max() + 1].take(x, axis=1).take(y - first, axis=0)
        return
    band = max(1, _BAND // rect.width)
    for top in range(0, rect.height, band):
        down = rows[top : top + band, None]
        x = np.floor(columns * back.m11() + down * back.m21() + back.dx() + 1e-7).astype(np.int32)
        y = np.floor(columns * back.m12() + down * back.m22() + back.dy() + 1e-7).astype(np.int32)
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        result[top : top + band][inside] = pixels[y[inside], x[inside]]


def _mixed(pixels: Packed, matrix: QTransform, rect: Rect, result: Packed) -> None:
    height, width = pixels.shape
    form = QImage.Format.Format_ARGB32_Premultiplied
    source = image_over(unpacked(pixels), form)
    wide, high = math.hypot(matrix.m11(), matrix.m12()), math.hypot(matrix.m21(), matrix.m22())
    if min(wide, high) < 0.5:  # neighbours alone would leave out most of it
        small = max(1, round(width * min(wide, 1))), max(1, round(height * min(high, 1)))
        mode = Qt.TransformationMode.SmoothTransformation
        source = source.scaled(*small, Qt.AspectRatioMode.IgnoreAspectRatio, mode)
        matrix = QTransform.fromScale(width / small[0], height / small[1]) * matrix
    target = image_over(unpacked(result), form)
    with QPainter(target) as painter:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setTransform(matrix * QTransform.fromTranslate(-rect.left, -rect.top))
        painter.drawImage(0, 0, source)


def _taken(document: Document, recording: Recording) -> tuple[Rect, np.ndarray | None]:
    """What is to be transformed: what is selected, or whatever is on the layer.

    Raises:
        PictureError: there is nothing.
    """
    bounds = document.bounds
    area = document.area.cropped(bounds)
    there = Area.of(recording.layer.packed != document.emptiness(recording.layer, bounds))
    if not (there.rect.intersected(area.rect) if area.rect else there.rect):
        text = QCoreApplication.translate(
            "paint", "There is nothing on “{0}” to transform; draw something, or select where something is."
        )
        raise PictureError(text.format(recording.layer.name))
    return (area.rect, area.mask) if area.rect else (there.rect, None)
