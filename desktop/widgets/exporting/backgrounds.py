"""A picture with transparent parts, over a background that shows what is wrong with its edge."""

from __future__ import annotations

from typing import Literal, get_args

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.support import theme
from desktop.widgets.parts.pictures import inside, put_excuse, smooth
from desktop.widgets.parts.reduced import paint_small
from engine.data.messages import Pixels

Background = Literal["chequers", "black", "white"]
BACKGROUNDS: tuple[Background, ...] = get_args(Background)
_SQUARE = 10
_CHEQUERS = QColor(202, 202, 202), QColor(244, 244, 244)


class OverBackground(QWidget):
    """Shows one picture, or says why there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(300, 300)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._image, self._excuse = QImage(), ""
        self.background: Background = "chequers"

    def show_pixels(self, pixels: Pixels | None, excuse: str) -> None:
        """Show uint8 (H, W, 3), or (H, W, 4) straight RGBA."""
        self._excuse = excuse
        if pixels is None:
            self._image = QImage()
        else:
            height, width, channels = pixels.shape
            form = QImage.Format.Format_RGBA8888 if channels == 4 else QImage.Format.Format_RGB888
            self._image = QImage(pixels.tobytes(), width, height, width * channels, form).copy()
        self.setAccessibleName(excuse)
        self.update()

    def stand_on(self, background: Background) -> None:
        """Show it over that background."""
        self.background = background
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(420, 420)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth(self)
        room = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self._image.isNull():
            put_excuse(painter, self._excuse, room)
            return
        area = inside(self._image.size(), room)
        area = QRectF(area.toAlignedRect())
        self._paint_background(painter, area)
        paint_small(painter, area, self._image)
        painter.setPen(theme.colour("line"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area.adjusted(-0.5, -0.5, 0.5, 0.5))

    def _paint_background(self, painter: QPainter, area: QRectF) -> None:
        if self.background != "chequers":
            painter.fillRect(area, QColor(self.background))
            return
        painter.fillRect(area, _CHEQUERS[1])
        for row in range(int(area.height()) // _SQUARE + 1):
            for column in range(row % 2, int(area.width()) // _SQUARE + 1, 2):
                square = QRectF(area.left() + column * _SQUARE, area.top() + row * _SQUARE, _SQUARE, _SQUARE)
                painter.fillRect(square.intersected(area), _CHEQUERS[0])
