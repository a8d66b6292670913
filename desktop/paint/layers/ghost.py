"""Part of a layer, shown elsewhere while it is dragged: the layer itself stays as it is meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QTransform

from desktop.paint.layers.layer import Layer
from engine.data.rect import Rect


@dataclass(frozen=True, eq=False)
class Ghost:
    """What is dragged, and where it is. To draw it takes as long as the screen is large, not the picture."""

    layer: int
    """Id of the layer."""
    image: QImage
    """What is dragged."""
    matrix: QTransform
    """From its pixels to the picture's."""
    source: Rect
    """Where in the layer it was."""
    left: QImage | None
    """What is to be seen there instead, of the same size; None for nothing."""
    smooth: bool
    """Neighbours may be mixed; else its colours mean something."""


def paint_layer(painter: QPainter, layer: Layer, ghost: Ghost | None = None) -> None:
    """Draw ``layer``, the first pixel at (0, 0) of the painter's coordinates, with ``ghost`` if that is of
    it."""
    if ghost is None or ghost.layer != layer.id:
        painter.drawImage(0, 0, layer.image)
        return
    source = QRectF(*ghost.source)
    around = QPainterPath()
    around.addRect(QRectF(0, 0, *layer.size))
    around.addRect(source)  # by the rule of odd and even, it is left out
    painter.save()
    painter.setClipPath(around, Qt.ClipOperation.IntersectClip)
    painter.drawImage(0, 0, layer.image)
    painter.restore()
    if ghost.left is not None:
        painter.drawImage(QPoint(ghost.source.left, ghost.source.top), ghost.left)
    painter.save()
    if not ghost.smooth:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.setTransform(ghost.matrix, combine=True)
    painter.drawImage(0, 0, ghost.image)
    painter.restore()
