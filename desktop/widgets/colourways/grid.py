"""The grid: each tile a picture of the drawing in a set of colours, the colours under it, and its name."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
)
from PySide6.QtWidgets import (
    QApplication,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from desktop.colourways.board import Colourways, Tile
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.parts.tiles import TILE, Tiles
from engine.data.palette import Colour

_LEAST, _SWATCH = 120, 16
_MARK = 3
"""Pixels across, of the bar where a tile would be put."""
_TAKES = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
_MOVES = {Qt.Key.Key_Up: -1, Qt.Key.Key_Left: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_Right: 1}


class Grid(Tiles):
    """Arrows and Enter choose, F2 renames, Alt with an arrow moves a set, and so does dragging it."""

    wants_name = Signal(int)
    """The set of that number is to be renamed."""
    wants_colour = Signal(int, int)
    """Another colour is wanted: number of the set, index in it."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.colourways)
        self.setObjectName("colourways_grid")
        self._board: Colourways = session.colourways
        self._pressed: tuple[int, QPoint] | None = None
        self.aim = -1
        """The row that a tile which is being carried would come to; none before 0."""
        self.setItemDelegate(_Painted(self))
        self.setAccessibleName(self.tr("Colourways"))
        self.customContextMenuRequested.connect(self._offer)
        self._board.watch("tiles own styles", self._show)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click, or the beginning of a drag."""
        super().mousePressEvent(event)
        at = event.position().toPoint()
        row = self.indexAt(at).row()
        left = event.button() == Qt.MouseButton.LeftButton
        self._pressed = (row, at) if left and row >= 0 else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show that a tile is being carried, and where to; nothing is selected on the way."""
        at = event.position().toPoint()
        if self._pressed is None:
            super().mouseMoveEvent(event)
        elif self._is_far(at):
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
            self._aim_at(self.indexAt(at).row())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Take the set; put it elsewhere where it was dragged; ask for a colour where that was clicked."""
        super().mouseReleaseEvent(event)
        pressed, at = self._pressed, event.position().toPoint()
        far = self._is_far(at)
        self._pressed = None
        self._aim_at(-1)
        self.viewport().unsetCursor()
        if pressed is None or event.button() != Qt.MouseButton.LeftButton or pressed[0] >= self.count():
            return
        row, to = pressed[0], self.indexAt(at).row()
        if far:
            if to >= 0 and to != row:
                self._move(row, to)
            return
        tile = self.item(row).data(TILE)
        index = next(
            (index for index, area, _ in self.swatches(tile, self._area(row)) if area.contains(at)), None
        )
        if index is None:
            self._board.take(tile.colours)
        else:
            self.wants_colour.emit(row, index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space take, F2 renames, Alt with an arrow moves."""
        row, key = self.currentRow(), Qt.Key(event.key())
        if row < 0:
            super().keyPressEvent(event)
        elif key in _TAKES:
            self._board.take(self.item(row).data(TILE).colours)
        elif key == Qt.Key.Key_F2:
            self.wants_name.emit(row)
        elif key in _MOVES and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._move(row, row + _MOVES[key])
        else:
            super().keyPressEvent(event)

    def swatches(self, tile: Tile, area: QRect) -> Iterator[tuple[int, QRect, Colour]]:
        """The colours of a set: the index of each in it, where it lies, and what it is."""
        colours = self._board.wanted(tile.colours)
        count = len(colours)
        top = area.bottom() - self.fontMetrics().height() - _SWATCH - 2
        width = area.width() - 8
        for index, colour in enumerate(colours):
            left = area.left() + 4 + index * width // count
            right = area.left() + 4 + (index + 1) * width // count
            yield index, QRect(left, top, right - left, _SWATCH), colour

    def is_taken(self, tile: Tile) -> bool:
        """The drawing has these colours, and this style."""
        return self._board.is_taken(tile.colours)

    def _area(self, row: int) -> QRect:
        return self.visualItemRect(self.item(row))

    def _is_far(self, at: QPoint) -> bool:
        if self._pressed is None:
            return False
        return (at - self._pressed[1]).manhattanLength() >= QApplication.startDragDistance()

    def _aim_at(self, row: int) -> None:
        if self.aim != row:
            self.aim = row
            self.viewport().update()

    def comes_from(self) -> int:
        """The row of the tile that is being carried; that of the aim where none is."""
        return self._pressed[0] if self._pressed is not None else self.aim

    def _move(self, row: int, to: int) -> None:
        if 0 <= to < self.count():
            self._board.move(row, to)
            self.setCurrentRow(to)

    def _show(self) -> None:
        tiles = self._board.tiles
        self.fill(tiles)
        for row, tile in enumerate(tiles):
            item = self.item(row)
            item.setText(tile.colours.caption)
            tip = self.tr("Give the drawing the colours “%s”; click a colour to change it, drag to reorder")
            text = tip % tile.colours.name
            if tile.colours.style is not None:
                text += "\n" + self.tr("Style: %s") % tile.colours.style
            item.setToolTip(theme.plain(text))

    def _offer(self, at: QPoint) -> None:
        row = self.indexAt(at).row()
        if row >= 0:
            self.menu_of(row).popup(self.mapToGlobal(at))

    def menu_of(self, row: int) -> QMenu:
        """What can be done with a set."""
        tile, menu = self.item(row).data(TILE), QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        take = partial(self._board.take, tile.colours)
        menu.addAction(theme.icon("mdi6.check"), self.tr("&Take it"), take)
        menu.addAction(self.tr("&Rename …"), partial(self.wants_name.emit, row))
        for index, _, _ in self.swatches(tile, self._area(row)):
            text = self.tr("Change colour &%d …") % (index + 1)
            menu.addAction(text, partial(self.wants_colour.emit, row, index))
        if self._board.styles is not None:
            menu.addMenu(self._styles_of(row, menu))
        menu.addAction(self.tr("Move &back"), partial(self._move, row, row - 1)).setEnabled(row > 0)
        last = self.count() - 1
        menu.addAction(self.tr("Move &on"), partial(self._move, row, row + 1)).setEnabled(row < last)
        return menu

    def _styles_of(self, row: int, parent: QMenu) -> QMenu:
        """Which style a set can have."""
        board, now = self._board, self.item(row).data(TILE).colours.style
        menu = QMenu(self.tr("&Style"), parent)
        choices: list[tuple[str, str | int | None]] = [(self.tr("The drawing's own"), None)]
        choices += [(name, name) for name in board.styles or ()]
        if isinstance(now, int):
            choices.append((str(now), now))
        for text, style in choices:
            action = menu.addAction(text.replace("&", "&&"), partial(board.restyle, row, style))
            action.setCheckable(True)
            action.setChecked(style == now)
        menu.addAction(self.tr("Another by &chance"), lambda: board.restyle(row, secrets.randbelow(10_000)))
        return menu


class _Painted(QStyledItemDelegate):
    """A picture, its colours under it, its name under these."""

    def __init__(self, grid: Grid) -> None:
        super().__init__(grid)
        self._grid = grid

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        edge = self._grid.edge(_LEAST)
        return QSize(edge, edge + _SWATCH + self._grid.fontMetrics().height() + 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The tile."""
        tile: Tile = index.data(TILE)
        area, metrics = option.rect, self._grid.fontMetrics()
        chosen = self._grid.is_taken(tile)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.save()
        room = QRectF(area.adjusted(4, 4, -4, -metrics.height() - _SWATCH - 4))
        self._grid.draw(painter, tile, room, chosen=chosen, focused=focused)
        for _place, swatch, colour in self._grid.swatches(tile, area):
            painter.fillRect(swatch.adjusted(1, 2, -1, -2), QColor(*colour))
        if self._grid.aim == index.row() != self._grid.comes_from():
            left = area.left() if self._grid.comes_from() > self._grid.aim else area.right() - _MARK + 1
            painter.fillRect(QRect(left, area.top(), _MARK, area.height()), theme.colour("accent"))
        painter.setPen(theme.colour("text" if chosen or focused else "faint"))
        self._grid.write(painter, index.data(), area.adjusted(4, 0, -4, 0))
        painter.restore()
