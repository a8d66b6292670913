"""Choosing a rectangle of the screen: every screen is dimmed, and one drags over the part that is meant."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
    QScreen,
)
from PySide6.QtWidgets import QWidget

from desktop.inputs.region_source import SMALLEST
from desktop.support import theme

_DIM = QColor(0, 0, 0, 110)


class RegionOverlay(QWidget):
    """Lies over one screen until a rectangle is dragged there, or Esc is pressed.

    Args:
        screen: the screen.
        done: told of the rectangle, in the screen's own pixels from its top left corner; None if nobody wants
            one after all.
    """

    def __init__(self, screen: QScreen, done: Callable[[QScreen, QRect | None], object]) -> None:
        flags = Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint | Qt.WindowType.Tool
        super().__init__(None, flags)
        self.setObjectName("region_overlay")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setGeometry(screen.geometry())
        self._screen, self._done = screen, done
        # Painted rather than looked through: not every desktop mixes windows.
        self._seen = screen.grabWindow(0)
        self._from: QPoint | None = None
        self._to = QPoint()

    @property
    def region(self) -> QRect:
        """What has been dragged over so far."""
        return QRect(self._from, self._to).normalized() if self._from is not None else QRect()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._from = self._to = event.position().toPoint()
            self.update()
        else:
            self._done(self._screen, None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._to = event.position().toPoint()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._to = event.position().toPoint()
        region = self.region.intersected(self.rect())
        if min(region.width(), region.height()) >= SMALLEST:
            self._done(self._screen, region)
        else:  # a click, or a slip
            self._from = None
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._done(self._screen, None)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawPixmap(self.rect(), self._seen)
        region = self.region
        around = QRegion(self.rect()) - QRegion(region) if self._from is not None else QRegion(self.rect())
        painter.setClipRegion(around)
        painter.fillRect(self.rect(), _DIM)
        painter.setClipping(False)
        if self._from is not None:
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.drawRect(region)
        text = self.tr("Drag over what is to be watched; Esc goes back.")
        if region.width() >= SMALLEST and region.height() >= SMALLEST:
            text = f"{region.width()} × {region.height()}"
        box = painter.fontMetrics().boundingRect(text).adjusted(-14, -8, 14, 8)
        box.moveCenter(QPoint(self.width() // 2, self.height() // 8))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("raised"))
        painter.drawRoundedRect(box, 6, 6)
        painter.setPen(theme.colour("text"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


class RegionChoice:
    """One overlay a screen; ``chosen`` gets the screen and the rectangle."""

    def __init__(self, chosen: Callable[[QScreen, QRect], object]) -> None:
        self._chosen = chosen
        self.overlays: list[RegionOverlay] = []

    def begin(self) -> None:
        """Ask."""
        self.end()
        self.overlays = [RegionOverlay(screen, self._take) for screen in QGuiApplication.screens()]
        for overlay in self.overlays:
            overlay.show()
        self.overlays[0].activateWindow()
        self.overlays[0].setFocus()

    def end(self) -> None:
        """Ask no more."""
        overlays, self.overlays = self.overlays, []
        for overlay in overlays:
            overlay.close()

    def _take(self, screen: QScreen, region: QRect | None) -> None:
        self.end()
        if region is not None:
            self._chosen(screen, region)
