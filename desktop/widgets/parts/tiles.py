"""Grids of pictures with their names: what the lists of styles and of colourways are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QEvent, QRect, QRectF, Qt
from PySide6.QtGui import QHideEvent, QPainter, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem

from desktop.support import theme
from desktop.widgets.parts.pictures import Shrunk, inside
from engine.data.messages import Pixels

TILE = Qt.ItemDataRole.UserRole
"""Where an item keeps what it shows."""


class Tile(Protocol):
    """What is shown."""

    @property
    def preview(self) -> Pixels | None:
        """uint8 (H, W, 3); None as long as there is none."""


class Source(Protocol):
    """Who makes the tiles, and wants to know what of them is looked at."""

    watched: bool
    shown: range


class Tiles(QListWidget):
    """As many in a row as there is room for.

    Args:
        source: is told whether somebody looks, and at which tiles.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._all = source.shown
        self._shrunk = Shrunk()
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setMovement(QListWidget.Movement.Static)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def fill(self, tiles: Sequence[Tile]) -> None:
        """Have an item for each of them, which keeps it."""
        while self.count() > len(tiles):
            self.takeItem(self.count() - 1)
        while self.count() < len(tiles):
            self.addItem(QListWidgetItem())
        for row, tile in enumerate(tiles):
            self.item(row).setData(TILE, tile)
        self._shrunk.keep(tile.preview for tile in tiles)
        self.viewport().update()

    def edge(self, least: int) -> int:
        """Of a square tile, at least so many pixels: up to four side by side, as large as they fit."""
        bar = self.verticalScrollBar()
        width = self.viewport().width() - 4
        width -= 0 if bar.isVisible() else bar.sizeHint().width()  # the list keeps room for it
        return max(least, width // max(1, min(4, width // least)))

    def showEvent(self, event: QShowEvent) -> None:
        """Somebody looks."""
        super().showEvent(event)
        self._source.watched = True

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody does."""
        super().hideEvent(event)
        self._source.watched = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many in a row as there is room for."""
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()

    def changeEvent(self, event: QEvent) -> None:
        """Another font takes other room."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.scheduleDelayedItemsLayout()

    def updateGeometries(self) -> None:
        """The tiles lie elsewhere."""
        super().updateGeometries()
        self._update_shown()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Others can be seen."""
        super().scrollContentsBy(dx, dy)
        self._update_shown()

    def _update_shown(self) -> None:
        room = self.viewport().rect()
        rows = [row for row in range(self.count()) if room.intersects(self.visualItemRect(self.item(row)))]
        self._source.shown = range(rows[0], rows[-1] + 1) if rows else self._all

    def draw(self, painter: QPainter, tile: Tile, room: QRectF, *, chosen: bool, focused: bool) -> None:
        """Draw what there is to see of a tile into the middle of ``room``, with a frame around it."""
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        place = room
        if tile.preview is None:
            painter.setPen(QPen(theme.colour("line"), 1, Qt.PenStyle.DashLine))
        else:
            pixmap = self._shrunk.of(tile.preview, round(room.width() * self.devicePixelRatioF()))
            place = inside(pixmap.size(), room)
            painter.drawPixmap(place, pixmap, QRectF(pixmap.rect()))
            outline = "accent" if chosen else "text" if focused else "line"
            painter.setPen(QPen(theme.colour(outline), 2 if chosen else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(place.adjusted(-0.5, -0.5, 0.5, 0.5), 3, 3)

    def write(self, painter: QPainter, text: str, area: QRect) -> None:
        """Write a name at the foot of a tile, shortened to its width."""
        metrics = self.fontMetrics()
        below = QRect(area.left(), area.bottom() - metrics.height(), area.width(), metrics.height())
        fitting = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, fitting)
