"""Pictures smaller than they are, averaged: a line thinner than a pixel of the screen stays a line.

Qt looks at four pixels of the picture for one of the screen, whatever lies between. So there are levels, as
in any map that can be zoomed: at level n a pixel is the mean of 2ⁿ × 2ⁿ of the picture's.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
from PIL import Image
from PySide6.QtCore import QPointF, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QTransform

from desktop.paint.editing.document import Document
from desktop.paint.layers.composite import composite
from desktop.paint.layers.ghost import Ghost, paint_layer
from desktop.paint.layers.layer import Layer, blank, image_over
from engine.data.dirty import NOTHING, Dirty
from engine.data.messages import Pixels
from engine.data.palette import Colour
from engine.data.rect import Rect

BUDGET_S = 0.02
"""A large picture is averaged in instalments of this length, so that nothing stalls."""

_TILE = 512
_MOST_LEVELS = 2
_SMALLEST = 5
_SHARP = 0.95
"""From this scale on there is nothing to average."""


def level_of(scale: float) -> int:
    """The level that has between one and two pixels for one of the screen at ``scale``."""
    return min(max(math.floor(-math.log2(scale)), 0), _SMALLEST)


class Reduced:
    """What the canvas shows of a document, at its levels; kept up to date by rectangles."""

    def __init__(self) -> None:
        self._levels: dict[int, _Level] = {}

    def forget(self) -> None:
        """All may be different: another picture, other layers."""
        self._levels.clear()

    def spoil(self, rect: Rect) -> None:
        """These pixels of the picture are others now."""
        for level in self._levels.values():
            level.spoil(rect)

    def paint(
        self, painter: QPainter, document: Document, hints: bool, exposed: QRect, ghost: Ghost | None = None
    ) -> bool:
        """Draw the layers of ``document`` over its paper.

        Args:
            painter: its transform leads from picture to window.
            document: the picture.
            hints: whether layers of hints are shown.
            exposed: what of the window is painted at all.
            ghost: what of a layer is dragged.

        Returns:
            False if there was no time but for a coarse picture: paint again soon.
        """
        layers = [layer for layer in document.layers if layer.shown and (hints or layer.role != "hints")]
        scale, fine = scale_of(painter), True
        if scale < 1 and ghost is None:  # one that is dragged is elsewhere before anything is averaged
            number, size = level_of(scale), (document.width, document.height)
            inverse, _ = painter.worldTransform().inverted()
            part = inverse.mapRect(QRectF(exposed)).toAlignedRect().adjusted(-2, -2, 2, 2)
            seen = Rect(part.x(), part.y(), part.width(), part.height())
            image = self.image(number, size, layers, document.paper, seen)
            fine = image is not None
            if image is not None:
                whole = QRectF(0, 0, image.width() << number, image.height() << number)
                paint_averaged(painter, image, whole, exposed)
                return True
        painter.fillRect(QRectF(0, 0, document.width, document.height), QColor(*document.paper))
        for layer in layers:
            painter.setOpacity(layer.opacity)
            paint_layer(painter, layer, ghost)
        painter.setOpacity(1.0)
        return fine

    def image(
        self, number: int, size: tuple[int, int], layers: Sequence[Layer], paper: Colour, area: Rect
    ) -> QImage | None:
        """A level of the picture, correct within ``area``; None if that takes longer than there is time.

        Args:
            number: of the level.
            size: of the picture.
            layers: those that are shown, bottom first.
            paper: under them.
            area: what is looked at, in picture pixels.
        """
        level = self._levels.pop(number, None)
        if level is None or level.size != size:
            level = _Level(number, size)
        self._levels[number] = level  # the newest stands last
        for old in [*self._levels][:-_MOST_LEVELS]:
            del self._levels[old]
        return level.image if level.refresh(layers, paper, area) else None


class _Level:
    def __init__(self, number: int, size: tuple[int, int]) -> None:
        self.size = size
        self._edge = 1 << number
        self._bounds = Rect(0, 0, *size)
        self._pixels = blank(-(-size[0] // self._edge), -(-size[1] // self._edge))
        self.image = image_over(self._pixels, QImage.Format.Format_RGB32)
        self._stale: dict[tuple[int, int], Dirty] = {}
        self.spoil(self._bounds)

    def spoil(self, rect: Rect) -> None:
        for place, part in self._tiles(rect.intersected(self._bounds)):
            self._stale[place] = self._stale.get(place, NOTHING).spread(part)

    def refresh(self, layers: Sequence[Layer], paper: Colour, area: Rect) -> bool:
        """Average anew what is stale in ``area``; False if it is not done within the time there is."""
        end = time.perf_counter() + BUDGET_S
        for place, _ in self._tiles(area.intersected(self._bounds)):
            stale = self._stale.get(place)
            if stale is None:
                continue
            if time.perf_counter() > end:
                return False
            del self._stale[place]
            self._average(layers, paper, stale.within(self._bounds))
        return True

    def _average(self, layers: Sequence[Layer], paper: Colour, rect: Rect) -> None:
        edge = self._edge
        left, top = rect.left // edge, rect.top // edge
        right, bottom = -(-rect.right // edge), -(-rect.bottom // edge)
        whole = Rect.spanning(left * edge, top * edge, right * edge, bottom * edge).intersected(self._bounds)
        self._pixels[top:bottom, left:right] = averaged(composite(layers, whole, paper), edge)

    def _tiles(self, rect: Rect) -> list[tuple[tuple[int, int], Rect]]:
        """Row and column of each tile that ``rect`` touches, and which part of it."""
        if not rect:
            return []
        return [
            ((row, column), Rect(column * _TILE, row * _TILE, _TILE, _TILE).intersected(rect))
            for row in range(rect.top // _TILE, (rect.bottom - 1) // _TILE + 1)
            for column in range(rect.left // _TILE, (rect.right - 1) // _TILE + 1)
        ]


def averaged(pixels: Pixels, edge: int) -> Pixels:
    """The means of blocks of ``edge`` × ``edge``, uint8 (H, W, 3 or 4); those at the edges may be smaller."""
    if edge == 1:
        return pixels
    height, width, channels = pixels.shape
    form = "RGB" if channels == 3 else "RGBX"  # four channels that are all alike
    image = Image.frombuffer(form, (width, height), np.ascontiguousarray(pixels), "raw", form, 0, 1)
    return np.asarray(image.reduce(edge))


class ReducedPreview:
    """A preview at the level at which it was painted last; another preview is another array."""

    def __init__(self) -> None:
        self._of: Pixels | None = None
        self._number = -1
        self._level: Pixels | None = None

    def paint(self, painter: QPainter, preview: Pixels, area: QRectF, exposed: QRect) -> None:
        """Draw ``preview``, uint8 (H, W, 3) of any size, over the picture's ``area``.

        Args:
            painter: its transform leads from picture to window.
            preview: what to draw.
            area: where it belongs, in picture pixels.
            exposed: what of the window is painted at all.
        """
        number = level_of(scale_of(painter) * area.width() / preview.shape[1])
        if self._level is None or self._of is not preview or self._number != number:
            self._of, self._number = preview, number
            self._level = averaged(preview, 1 << number)
        level, edge = self._level, 1 << number
        height, width = level.shape[:2]
        image = QImage(level.data, width, height, level.strides[0], QImage.Format.Format_RGB888)
        across, down = area.width() / preview.shape[1], area.height() / preview.shape[0]
        painter.save()
        painter.setClipRect(area, Qt.ClipOperation.IntersectClip)  # blocks at the edges reach beyond
        paint_averaged(painter, image, QRectF(0, 0, width * edge * across, height * edge * down), exposed)
        painter.restore()


def scale_of(painter: QPainter) -> float:
    """Pixels of the screen for one of the picture."""
    transform = painter.worldTransform()
    return math.sqrt(abs(transform.determinant())) * painter.device().devicePixelRatioF()


def paint_averaged(painter: QPainter, image: QImage, area: QRectF, exposed: QRect) -> None:
    """Draw ``image`` over ``area`` at a scale of no less than a half, every pixel of it counting.

    Below 1 it is drawn at twice the scale, where Qt's four pixels are enough, and averaged.
    """
    if scale_of(painter) * area.width() / max(image.width(), 1) >= _SHARP:
        painter.drawImage(area, image)
        return
    transform, ratio = painter.worldTransform(), painter.device().devicePixelRatioF()
    seen = transform.mapRect(area).intersected(QRectF(exposed))
    place = QRectF(seen.topLeft() * ratio, seen.size() * ratio).toAlignedRect()
    if place.isEmpty():
        return
    twice = blank(place.width() * 2, place.height() * 2)
    target = image_over(twice, QImage.Format.Format_ARGB32_Premultiplied)
    with QPainter(target) as larger:
        larger.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        to_device = QTransform.fromScale(ratio, ratio) * QTransform.fromTranslate(-place.x(), -place.y())
        larger.setTransform(transform * to_device * QTransform.fromScale(2, 2))
        larger.drawImage(area, image)
    target.setDevicePixelRatio(2 * ratio)
    painter.save()
    painter.resetTransform()
    # At exactly a half, Qt's four pixels are the ones that make the mean.
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(QPointF(place.topLeft()) / ratio, target)
    painter.restore()


def paint_small(painter: QPainter, area: QRectF, image: QImage, part: QRect | None = None) -> None:
    """Draw a small image, or a ``part`` of it, over ``area`` of a window; averaged where that is smaller."""
    part = part or image.rect()
    ratio = painter.device().devicePixelRatioF()
    size = QSizeF(area.size() * ratio).toSize()
    if size.width() < part.width() and size.height() < part.height() and not size.isEmpty():
        image = image.copy(part).scaled(
            size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        part = image.rect()
    painter.drawImage(area, image, QRectF(part))
