"""One model on the welcome page, as a picture: a drawing, and what the model makes of it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QEnterEvent, QFocusEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QWidget

from desktop.preview.gallery import Exhibit, Shown
from desktop.support import theme
from desktop.widgets.panels.model_dock import sample_picture
from desktop.widgets.parts.pictures import as_image, inside, smooth
from desktop.widgets.parts.reduced import paint_small
from engine.data.messages import Pixels

ROUND = 8.0
CAPTION = 32
"""Height of the line under the pictures, logical pixels."""
_SMALLEST = 0.85
"""Of the usual size of letters, where the line would not fit."""
_SIGN = 40
_CHIP = 13.0
"""Radius of the arrow's disc."""
_FINEST = 3
"""Pixels kept for one logical pixel, for the finest of screens."""


class Tile(QAbstractButton):
    """Two pictures and a line of text; a click, Space or Enter begins with it.

    Until the pictures are there, a blank sheet lies beside the picture on the model's card.
    """

    def __init__(self, exhibit: Exhibit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"tile_{exhibit.card.name}")
        self.exhibit = exhibit
        self._drawn = QPixmap()
        self._made = sample_picture(exhibit.card, 256)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        task = exhibit.card.task or exhibit.card.name
        self.setText(task[:1].upper() + task[1:])
        self.setAccessibleName(self.text())
        self.describe("")

    def describe(self, title: str) -> None:
        """Say what a click does; ``title`` is what is drawn, if known."""
        card = self.exhibit.card
        does = (
            self.tr("Opens the drawing “%s”, ready to be painted on") % title
            if title
            else self.tr("Opens a drawing, ready to be painted on")
        )
        said = "\n".join(line for line in (card.description, f"{does}.") if line)
        self.setAccessibleDescription(said)
        self.setToolTip(theme.plain(said))

    def show_pictures(self, shown: Shown) -> None:
        """Show the drawing and what the model made of it."""
        self._drawn, self._made = _pixmap(shown.drawn), _pixmap(shown.preview)
        self.describe(shown.title)
        self.update()

    @property
    def complete(self) -> bool:
        """Whether both pictures are there."""
        return not self._drawn.isNull()

    def sizeHint(self) -> QSize:
        return QSize(280, 140 + CAPTION)

    # --- painting -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth(self)
        outline = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        shape = QPainterPath()
        shape.addRoundedRect(outline, ROUND, ROUND)
        painter.fillPath(shape, theme.colour("raised"))
        painter.save()
        painter.setClipPath(shape)
        side = outline.width() / 2
        left = QRectF(outline.left(), outline.top(), side, outline.height() - CAPTION)
        right = left.translated(side, 0)
        self._paint_half(painter, left, self._drawn, "mdi6.draw")
        self._paint_half(painter, right, self._made, "mdi6.image-outline")
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.drawLine(left.bottomLeft(), right.bottomRight())
        painter.drawLine(right.topLeft(), right.bottomLeft())
        painter.restore()
        self._paint_arrow(painter, right)
        self._paint_caption(painter, outline)
        lit = self.underMouse() or self.hasFocus()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.colour("accent" if lit else "line"), 2 if lit else 1))
        painter.drawPath(shape)

    def _paint_half(self, painter: QPainter, area: QRectF, picture: QPixmap, sign: str) -> None:
        """A picture on paper, or the sign of one that is still to come."""
        painter.fillRect(area, QColor(Qt.GlobalColor.white))
        if picture.isNull():
            place = QRectF(0, 0, _SIGN, _SIGN)
            place.moveCenter(area.center())
            painter.drawPixmap(place.toRect(), _pencilled(sign))
        else:
            paint_small(painter, inside(picture.size(), area), picture.toImage())
        if self.isDown():
            painter.fillRect(area, QColor(0, 0, 0, 40))

    def _paint_arrow(self, painter: QPainter, right: QRectF) -> None:
        middle = right.center()
        middle.setX(right.left())
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(theme.colour("raised"))
        painter.drawEllipse(middle, _CHIP, _CHIP)
        edge = round(_CHIP * 1.3)
        corner = middle.toPoint() - QPoint(edge // 2, edge // 2)
        painter.drawPixmap(corner, theme.icon("mdi6.arrow-right").pixmap(edge, edge))

    def _paint_caption(self, painter: QPainter, outline: QRectF) -> None:
        line = QRectF(outline.left() + 10, outline.bottom() - CAPTION, outline.width() - 20, CAPTION)
        font = self.font()
        font.setBold(True)
        painter.setFont(font)
        needed = painter.fontMetrics().horizontalAdvance(self.text())
        if needed > line.width():
            font.setPointSizeF(font.pointSizeF() * max(_SMALLEST, line.width() / needed))
            painter.setFont(font)
        painter.setPen(theme.colour("text"))
        text = painter.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, int(line.width()))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    # --- what makes it look otherwise -----------------------------------------------------------

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    def leaveEvent(self, event: object) -> None:
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)


def _pencilled(sign: str) -> QPixmap:
    """An icon in grey: paper is white in either theme."""
    made = theme.icon(sign).pixmap(_SIGN, _SIGN)
    painter = QPainter(made)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
    painter.fillRect(made.rect(), QColor(0, 0, 0, 70))
    painter.end()
    return made


def _pixmap(pixels: Pixels) -> QPixmap:
    """As fine as any screen shows it in a tile, and no finer."""
    image = as_image(pixels)
    edge = 160 * _FINEST
    if max(image.width(), image.height()) > edge:
        image = image.scaled(
            edge, edge, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
    return QPixmap.fromImage(image)
