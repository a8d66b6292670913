"""A tile a model: what it makes of the drawing, its name, and at how many measures it is best."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QMenu, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop.comparison.board import Tile
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.parts.tiles import TILE, Tiles

_LEAST = 140


class ModelGrid(Tiles):
    """Enter or a double click paints with a model, Del leaves it out."""

    wants_stay = Signal(object)
    """The model in that ``Path`` is to be the one that stays."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.models.comparison)
        self.setObjectName("compared_models")
        self._session, self._comparison = session, session.models.comparison
        self.setItemDelegate(_Painted(self))
        self.setAccessibleName(self.tr("Models that are compared"))
        self.customContextMenuRequested.connect(self._offer)
        self.itemDoubleClicked.connect(lambda item: self._comparison.paint_with(item.data(TILE).file))
        self._comparison.watch("tiles", self._show)
        session.live.watch("model_file", self.viewport().update)

    @property
    def chosen(self) -> Path | None:
        """The model that is selected."""
        chosen = self.selectedItems()
        return chosen[0].data(TILE).file if chosen else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter paints with the model, Del leaves it out."""
        item, key = self.currentItem(), Qt.Key(event.key())
        file = item.data(TILE).file if item is not None else None
        if file is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._comparison.paint_with(file)
        elif file is not None and key == Qt.Key.Key_Delete:
            self._comparison.leave_out(file)
        else:
            super().keyPressEvent(event)

    def is_open(self, tile: Tile) -> bool:
        """Whether it is the model that is painted with."""
        return tile.file == self._session.live.model_file

    def line(self, row: int) -> str:
        """What stands under the name."""
        tile = self.item(row).data(TILE)
        if tile.judged is not None and tile.judged.problem:
            return self.tr("can't be judged by this folder")
        measures = [measure for measure in self._comparison.rows if measure.best]
        if tile.judged is None or not measures:
            return ""
        best = sum(row in measure.best for measure in measures)
        return self.tr("best at %d of %d") % (best, len(measures))

    def _show(self) -> None:
        tiles, chosen = self._comparison.tiles, self.chosen
        self.fill(tiles)
        for row, tile in enumerate(tiles):
            item = self.item(row)
            item.setText(tile.card.name)
            said = tile.judged.problem if tile.judged else ""
            item.setToolTip(theme.plain("\n".join(filter(None, (tile.card.name, tile.card.task, said)))))
            if tile.file == chosen and not item.isSelected():
                self.setCurrentItem(item)

    def _offer(self, at: QPoint) -> None:
        row = self.indexAt(at).row()
        if row >= 0:
            self.menu_of(row).popup(self.mapToGlobal(at))

    def menu_of(self, row: int) -> QMenu:
        """What can be done with a model."""
        tile, menu = self.item(row).data(TILE), QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(
            theme.icon("mdi6.brush"),
            self.tr("&Paint with it"),
            partial(self._comparison.paint_with, tile.file),
        )
        menu.addAction(self.tr("This one &stays …"), partial(self.wants_stay.emit, tile.file))
        menu.addAction(self.tr("&Leave it out"), partial(self._comparison.leave_out, tile.file))
        everything = menu.addAction(self.tr("Compare &all again"), self._comparison.take_all)
        everything.setEnabled(self._comparison.is_partial)
        return menu


class _Painted(QStyledItemDelegate):
    """A picture, the model's name under it, a line under that."""

    def __init__(self, grid: ModelGrid) -> None:
        super().__init__(grid)
        self._grid = grid

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        edge = self._grid.edge(_LEAST)
        return QSize(edge, edge + 2 * self._grid.fontMetrics().height() + 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The tile."""
        tile: Tile = index.data(TILE)
        area, metrics, state = option.rect, self._grid.fontMetrics(), option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        room = QRectF(area.adjusted(4, 4, -4, -2 * metrics.height() - 4))
        self._grid.draw(painter, tile, room, chosen=chosen, focused=False)
        if tile.preview is None:
            painter.setPen(theme.colour("faint"))
            said = self._grid.tr("It can't be shown; the log says why.") if tile.fails else "…"
            words = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(room.adjusted(8, 0, -8, 0), int(words), said)
        high = metrics.height()
        for text, up, colour in (
            (index.data(), 2, "text" if chosen or self._grid.is_open(tile) else "faint"),
            (self._grid.line(index.row()), 1, "faint"),
        ):
            painter.setPen(theme.colour(colour))
            self._grid.write(painter, text, area.adjusted(4, 0, -4, (1 - up) * high))
        painter.restore()
