"""A tile a model: what it makes of the drawing, its name, and at how many measures it is best."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QPainter, QPen, QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from desktop.comparison.board import Tile
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.parts.pictures import Shrunk, inside

_LEAST = 140
_ROLE = Qt.ItemDataRole.UserRole


class ModelGrid(QListWidget):
    """Enter or a double click paints with a model, Del leaves it out."""

    wants_stay = Signal(object)
    """The model in that ``Path`` is to be the one that stays."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("compared_models")
        self._session, self._comparison = session, session.models.comparison
        self._shrunk = Shrunk()
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setMovement(QListWidget.Movement.Static)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.setItemDelegate(_Painted(self))
        self.setAccessibleName(self.tr("Models that are compared"))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._offer)
        self.itemDoubleClicked.connect(lambda item: self._comparison.paint_with(item.data(_ROLE).file))
        self._comparison.watch("tiles", self._show)
        session.live.watch("model_file", self.viewport().update)

    @property
    def chosen(self) -> Path | None:
        """The model that is selected."""
        chosen = self.selectedItems()
        return chosen[0].data(_ROLE).file if chosen else None

    def showEvent(self, event: QShowEvent) -> None:
        """Somebody looks."""
        super().showEvent(event)
        self._comparison.watched = True

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody does."""
        super().hideEvent(event)
        self._comparison.watched = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many in a row as there is room for."""
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter paints with the model, Del leaves it out."""
        item, key = self.currentItem(), Qt.Key(event.key())
        file = item.data(_ROLE).file if item is not None else None
        if file is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._comparison.paint_with(file)
        elif file is not None and key == Qt.Key.Key_Delete:
            self._comparison.leave_out(file)
        else:
            super().keyPressEvent(event)

    def pixmap(self, tile: Tile, edge: int) -> QPixmap:
        """What is seen of a tile, as large as ``edge`` pixels allow; made once."""
        assert tile.preview is not None
        return self._shrunk.of(tile.preview, edge)

    def is_open(self, tile: Tile) -> bool:
        """Whether it is the model that is painted with."""
        return tile.file == self._session.live.model_file

    def line(self, row: int) -> str:
        """What stands under the name."""
        tile = self.item(row).data(_ROLE)
        if tile.judged is not None and tile.judged.problem:
            return self.tr("can't be judged by this folder")
        measures = [measure for measure in self._comparison.rows if measure.best]
        if tile.judged is None or not measures:
            return ""
        best = sum(row in measure.best for measure in measures)
        return self.tr("best at %d of %d") % (best, len(measures))

    def _show(self) -> None:
        tiles, chosen = self._comparison.tiles, self.chosen
        while self.count() > len(tiles):
            self.takeItem(self.count() - 1)
        while self.count() < len(tiles):
            self.addItem(QListWidgetItem())
        for row, tile in enumerate(tiles):
            item = self.item(row)
            item.setData(_ROLE, tile)
            item.setText(tile.card.name)
            said = tile.judged.problem if tile.judged else ""
            item.setToolTip(theme.plain("\n".join(filter(None, (tile.card.name, tile.card.task, said)))))
            if tile.file == chosen and not item.isSelected():
                self.setCurrentItem(item)
        self._shrunk.keep(tile.preview for tile in tiles)
        self.viewport().update()

    def _offer(self, at: QPoint) -> None:
        row = self.indexAt(at).row()
        if row >= 0:
            self.menu_of(row).popup(self.mapToGlobal(at))

    def menu_of(self, row: int) -> QMenu:
        """What can be done with a model."""
        tile, menu = self.item(row).data(_ROLE), QMenu(self)
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
        """Up to four side by side, as large as there is room for."""
        bar = self._grid.verticalScrollBar()
        width = self._grid.viewport().width() - 4
        width -= 0 if bar.isVisible() else bar.sizeHint().width()  # the list keeps room for it
        edge = max(_LEAST, width // max(1, min(4, width // _LEAST)))
        return QSize(edge, edge + 2 * self._grid.fontMetrics().height() + 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The tile."""
        tile: Tile = index.data(_ROLE)
        area, metrics, state = option.rect, self._grid.fontMetrics(), option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        room = QRectF(area.adjusted(4, 4, -4, -2 * metrics.height() - 4))
        place = room
        if tile.preview is None:
            painter.setPen(theme.colour("faint"))
            said = self._grid.tr("It can't be shown; the log says why.") if tile.fails else "…"
            words = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(room.adjusted(8, 0, -8, 0), int(words), said)
            painter.setPen(QPen(theme.colour("line"), 1, Qt.PenStyle.DashLine))
        else:
            pixmap = self._grid.pixmap(tile, round(room.width() * painter.device().devicePixelRatioF()))
            place = inside(pixmap.size(), room)
            painter.drawPixmap(place, pixmap, QRectF(pixmap.rect()))
            painter.setPen(QPen(theme.colour("accent" if chosen else "line"), 2 if chosen else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(place.adjusted(-0.5, -0.5, 0.5, 0.5), 3, 3)
        high = metrics.height()
        for text, up, colour in (
            (index.data(), 2, "text" if chosen or self._grid.is_open(tile) else "faint"),
            (self._grid.line(index.row()), 1, "faint"),
        ):
            below = QRect(area.left() + 4, area.bottom() - up * high, area.width() - 8, high)
            painter.setPen(theme.colour(colour))
            fitting = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, below.width())
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, fitting)
        painter.restore()
