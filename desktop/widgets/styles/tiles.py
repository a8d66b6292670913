"""The tiles of the panel: each a picture of the drawing in a style, with its name and a lock."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
)
from PySide6.QtWidgets import (
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
from desktop.widgets.parts.tiles import TILE, Tiles

_SIDE = 48
_SIGN = 14
_WIDEST = 84
_LEAST = 0.75
"""Share of their usual edge that tiles have at least."""


class StyleTiles(Tiles):
    """Pictures with their names. Arrows and Enter choose, L locks."""

    def __init__(self, session: Session) -> None:
        super().__init__(session.styles)
        self.setObjectName("styles")
        self._session = session
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAcceptDrops(False)
        self.setItemDelegate(_Painted(self))
        self.setMinimumHeight(_SIDE + 8)
        self.setAccessibleName(self.tr("Styles"))
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

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Take the style, or lock it where the sign for that is."""
        super().mouseReleaseEvent(event)
        at = event.position().toPoint()
        item = self.itemAt(at)
        if item is None or event.button() != Qt.MouseButton.LeftButton:
            return
        tile = item.data(TILE)
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
            self._session.styles.lock(item.data(TILE))
        elif item is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose(item)
        else:
            super().keyPressEvent(event)

    def _choose(self, item: QListWidgetItem) -> None:
        self._session.styles.take(item.data(TILE).style)

    def _show(self) -> None:
        styles, focused = self._session.styles, self.currentRow()
        tiles = styles.tiles
        self.fill(tiles)
        card, said = self._session.live.card, ""
        if card is not None and card.hints:  # with many of them all tiles look alike
            said = "\n" + self.tr("Where there are strokes of colour, they say more than a style.")
        chosen = -1
        for row, tile in enumerate(tiles):
            item = self.item(row)
            item.setText(_name(self, tile))
            item.setToolTip(theme.plain(_tip(self, tile) + said))
            if tile.style == styles.current:
                chosen = row
        if chosen >= 0 and chosen != focused:
            self.setCurrentRow(chosen)
        elif chosen < 0:
            self.clearSelection()

    def _offer(self, at: QPoint) -> None:
        item = self.itemAt(at)
        if item is not None:
            self.menu_of(item.data(TILE)).popup(self.mapToGlobal(at))

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

    def __init__(self, tiles: StyleTiles) -> None:
        super().__init__(tiles)
        self._tiles = tiles

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """As many as fit side by side, at least four where there is room for them; a little smaller where all
        are seen by that, or else one row more is seen whole, with its names."""
        bar = self._tiles.verticalScrollBar()
        width = self._tiles.viewport().width() - 2
        width -= 0 if bar.isVisible() else bar.sizeHint().width()  # the list keeps room for it
        columns = max(1, min(4, width // (_SIDE + 4)), -(-width // _WIDEST) if width > 4 * _WIDEST else 0)
        edge = max(_SIDE + 4, min(width // columns, _WIDEST))
        below = self._tiles.fontMetrics().height() - 2
        high = self._tiles.viewport().height()
        count = self._tiles.count()
        rows = {columns: -(-count // columns) for columns in range(columns, count + 1)}
        seen = max((min(edge, width // a_row, high // rows[a_row] - below) for a_row in rows), default=0)
        fitting = high // max(1, -(-high // (edge + below))) - below
        fitting = seen if seen >= _LEAST * edge else fitting
        edge = fitting if fitting >= _LEAST * edge else edge
        return QSize(edge, edge + below)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The tile, as large as there is room."""
        tile: Tile = index.data(TILE)
        area, metrics = option.rect, self._tiles.fontMetrics()
        state = option.state
        chosen = tile.style == self._tiles.taken
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        painter.save()
        room = QRectF(area.adjusted(3, 3, -3, -metrics.height() - 1))
        self._tiles.draw(painter, tile, room, chosen=chosen, focused=focused)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        if tile.sort == "drawn" and (tile.locked or hovered):
            sign = sign_place(area)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("raised"))
            painter.drawRoundedRect(sign, 3, 3)
            name = "mdi6.lock-outline" if tile.locked else "mdi6.lock-open-variant-outline"
            theme.icon(name).paint(painter, sign.adjusted(1, 1, -1, -1))
        painter.setPen(theme.colour("text" if chosen or tile.sort != "drawn" else "faint"))
        self._tiles.write(painter, index.data(), area.adjusted(1, 0, -1, 0))
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
