"""The tiles of the panel: each a picture of the drawing in a style, with its name and a lock."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPixmap,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.paint.editing.document import PictureStyle
from desktop.preview.styles import Tile
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.parts.pictures import Shrunk, inside

_SIDE = 48
_SIGN = 14
_WIDEST = 84
_ROLE = Qt.ItemDataRole.UserRole


class Tiles(QListWidget):
    """Pictures with their names. Arrows and Enter choose, L locks."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("styles")
        self._session = session
        self._shrunk = Shrunk()
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setMovement(QListWidget.Movement.Static)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setMouseTracking(True)
        self.setAcceptDrops(False)
        self.setItemDelegate(_Painted(self))
        self.setMinimumHeight(_SIDE + 8)
        self.setAccessibleName(self.tr("Styles"))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._offer)
        self.itemActivated.connect(self._choose)
        session.styles.watch("tiles current", self._show)

    def sizeHint(self) -> QSize:
        """Two rows of four."""
        cell = self.itemDelegate().sizeHint(QStyleOptionViewItem(), QModelIndex())
        return QSize(4 * cell.width() + 20, 3 * cell.height())

    @property
    def taken(self) -> PictureStyle | None:
        """The picture's style."""
        return self._session.styles.current

    def showEvent(self, event: QShowEvent) -> None:
        """Somebody looks."""
        super().showEvent(event)
        self._session.styles.watched = True

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody does."""
        super().hideEvent(event)
        self._session.styles.watched = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many in a row as there is room for."""
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()

    def changeEvent(self, event: QEvent) -> None:
        """Another font takes other room."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.scheduleDelayedItemsLayout()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Take the style, or lock it where the sign for that is."""
        super().mouseReleaseEvent(event)
        at = event.position().toPoint()
        item = self.itemAt(at)
        if item is None or event.button() != Qt.MouseButton.LeftButton:
            return
        tile = item.data(_ROLE)
        if tile.sort == "drawn" and sign_place(self.visualItemRect(item)).contains(at):
            self._session.styles.lock(tile)
        else:
            self._choose(item)

    def event(self, event: QEvent) -> bool:
        """Keys that are the list's own go to no tool while it has the keyboard."""
        ours = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_L and not event.modifiers()
        if ours and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """L locks; Enter and Space take."""
        item = self.currentItem()
        if item is not None and event.key() == Qt.Key.Key_L and not event.modifiers():
            self._session.styles.lock(item.data(_ROLE))
        elif item is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose(item)
        else:
            super().keyPressEvent(event)

    def pixmap(self, tile: Tile, edge: int) -> QPixmap:
        """What is seen of a tile, as large as ``edge`` pixels allow; made once."""
        assert tile.preview is not None
        return self._shrunk.of(tile.preview, edge)

    def _choose(self, item: QListWidgetItem) -> None:
        self._session.styles.take(item.data(_ROLE).style)

    def _show(self) -> None:
        styles, focused = self._session.styles, self.currentRow()
        tiles = styles.tiles
        while self.count() > len(tiles):
            self.takeItem(self.count() - 1)
        while self.count() < len(tiles):
            self.addItem(QListWidgetItem())
        chosen = -1
        for row, tile in enumerate(tiles):
            item = self.item(row)
            item.setData(_ROLE, tile)
            item.setText(_name(self, tile))
            item.setToolTip(theme.plain(_tip(self, tile)))
            if tile.style == styles.current:
                chosen = row
        self._shrunk.keep(tile.preview for tile in tiles)
        if chosen >= 0 and chosen != focused:
            self.setCurrentRow(chosen)
        elif chosen < 0:
            self.clearSelection()
        self.viewport().update()

    def _offer(self, at: QPoint) -> None:
        item = self.itemAt(at)
        if item is not None:
            self.menu_of(item.data(_ROLE)).popup(self.mapToGlobal(at))

    def menu_of(self, tile: Tile) -> QMenu:
        """What can be done with a style."""
        styles, menu = self._session.styles, QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(theme.icon("mdi6.check"), self.tr("&Take it"), partial(styles.take, tile.style))
        if tile.sort == "drawn":
            text = self.tr("Let it &go") if tile.locked else self.tr("&Lock it")
            menu.addAction(theme.icon("mdi6.lock-outline"), text, partial(styles.lock, tile))
        menu.addAction(
            theme.icon("mdi6.arrow-collapse-left"),
            self.tr("&Slider from here to the picture's style"),
            partial(styles.lead_from, tile.style),
        )
        if tile.sort == "own" and tile.style is not None:
            menu.addAction(
                theme.icon("mdi6.tag-off-outline"),
                self.tr("&Forget it"),
                partial(styles.forget, tile.style.name),
            )
        return menu


class _Painted(QStyledItemDelegate):
    """A picture, its name under it, a lock in its corner."""

    def __init__(self, tiles: Tiles) -> None:
        super().__init__(tiles)
        self._tiles = tiles

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """As many as fit side by side, at least four where there is room for them."""
        width = self._tiles.viewport().width() - 2
        columns = max(1, min(4, width // (_SIDE + 4)), -(-width // _WIDEST) if width > 4 * _WIDEST else 0)
        edge = max(_SIDE + 4, min(width // columns, _WIDEST))
        return QSize(edge, edge + self._tiles.fontMetrics().height() - 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The tile, as large as there is room."""
        tile: Tile = index.data(_ROLE)
        area, metrics = option.rect, self._tiles.fontMetrics()
        state = option.state
        chosen = tile.style == self._tiles.taken
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        room = QRectF(area.adjusted(3, 3, -3, -metrics.height() - 1))
        if tile.preview is None:
            painter.setPen(QPen(theme.colour("line"), 1, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(room.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
            place = room
        else:
            ratio = painter.device().devicePixelRatioF()
            pixmap = self._tiles.pixmap(tile, round(room.width() * ratio))
            place = inside(pixmap.size(), room)
            painter.drawPixmap(place, pixmap, QRectF(pixmap.rect()))
        colour = "accent" if chosen else "text" if focused else "line"
        painter.setPen(QPen(theme.colour(colour), 2 if chosen else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(place.adjusted(-0.5, -0.5, 0.5, 0.5), 3, 3)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        if tile.sort == "drawn" and (tile.locked or hovered):
            sign = sign_place(area)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("raised"))
            painter.drawRoundedRect(sign, 3, 3)
            name = "mdi6.lock-outline" if tile.locked else "mdi6.lock-open-variant-outline"
            theme.icon(name).paint(painter, sign.adjusted(1, 1, -1, -1))
        painter.setPen(theme.colour("text" if chosen or tile.sort != "drawn" else "faint"))
        below = QRect(area.left() + 1, area.bottom() - metrics.height(), area.width() - 2, metrics.height())
        text = metrics.elidedText(index.data(), Qt.TextElideMode.ElideMiddle, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()


def sign_place(area: QRect) -> QRect:
    """Where the lock of a tile is."""
    return QRect(area.right() - _SIGN - 6, area.top() + 5, _SIGN + 2, _SIGN + 2)


def _name(widget: QWidget, tile: Tile) -> str:
    return widget.tr("Usual") if tile.style is None else tile.style.name


def _tip(widget: QWidget, tile: Tile) -> str:
    if tile.style is None:
        return widget.tr("The model's usual style")
    if tile.sort == "card":
        return widget.tr("Take the style “%s”, which the model names") % tile.style.name
    if tile.sort == "own":
        return widget.tr("Take the style “%s”, which you named") % tile.style.name
    return widget.tr("Take style %s; the lock keeps it while others are drawn (L)") % tile.style.name
