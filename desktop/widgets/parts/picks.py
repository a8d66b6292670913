"""Contact sheets: a tile for each photo, as something would make it; a click takes it or leaves it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen, QPixmap, QPixmapCache
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from desktop.support import theme
from desktop.widgets.parts.pictures import inside

EDGE, ROOM = 128, 8
_ROLE = Qt.ItemDataRole.UserRole
_TOGGLES = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Pick(NamedTuple):
    """A tile."""

    key: str
    """Tells it from the others."""
    name: str
    under: str
    """A word on it, below its name."""
    tip: str
    taken: bool


class PickList(QListWidget):
    """Arrows choose, Space or a click changes what becomes of it.

    Args:
        picture: makes that of a tile, when it is looked at.
        toggle: is told the key of one that was clicked on.
    """

    def __init__(self, picture: Callable[[str], QPixmap], toggle: Callable[[str], object]) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Contact sheet"))
        self.picture, self._toggle = picture, toggle
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setMovement(QListWidget.Movement.Static)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListWidget.LayoutMode.Batched)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(_Tiles(self))

    def fill(self, picks: Sequence[Pick]) -> None:
        """Show these; where they are the same ones, none moves."""
        keys = [self.item(row).data(_ROLE).key for row in range(self.count())]
        if keys != [pick.key for pick in picks]:
            self.clear()
            for pick in picks:
                self.addItem(QListWidgetItem(pick.name))
        for row, pick in enumerate(picks):
            item = self.item(row)
            item.setData(_ROLE, pick)
            item.setToolTip(theme.plain(pick.tip))
        self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a photo overrules what is proposed."""
        super().mouseReleaseEvent(event)
        item = self.itemAt(event.position().toPoint())
        if item is not None and event.button() == Qt.MouseButton.LeftButton:
            self._toggle(item.data(_ROLE).key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """So does a key."""
        item = self.currentItem()
        if item is not None and event.key() in _TOGGLES:
            self._toggle(item.data(_ROLE).key)
        else:
            super().keyPressEvent(event)


class _Tiles(QStyledItemDelegate):
    def __init__(self, sheet: PickList) -> None:
        super().__init__(sheet)
        self._sheet = sheet

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """A picture, its name, and a line on it."""
        return QSize(EDGE + ROOM, EDGE + ROOM + 2 * self._sheet.fontMetrics().height())

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The tile."""
        pick, area, metrics = index.data(_ROLE), option.rect, self._sheet.fontMetrics()
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        place = QRectF(area.left() + ROOM / 2, area.top() + ROOM / 2, EDGE, EDGE)
        pixmap = self._sheet.picture(pick.key)
        if not pixmap.isNull():
            painter.setOpacity(1.0 if pick.taken else 0.35)
            painter.drawPixmap(inside(pixmap.size(), place), pixmap, QRectF(pixmap.rect()))
            painter.setOpacity(1.0)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.setPen(
            QPen(theme.colour("accent" if pick.taken else "line"), 2 if pick.taken or focused else 1)
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(place, 3, 3)
        if not pick.taken:
            painter.setPen(QPen(theme.colour("text"), 1.5))
            painter.drawLine(place.bottomLeft(), place.topRight())
        line = metrics.height()
        for number, (text, tone) in enumerate(((pick.name, "text"), (pick.under, "faint"))):
            below = QRect(area.left() + 4, int(place.bottom()) + 2 + number * line, EDGE, line)
            painter.setPen(theme.colour(tone))
            words = metrics.elidedText(text, Qt.TextElideMode.ElideRight, below.width())
            painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        painter.restore()


def decoded(key: str, jpeg: bytes) -> QPixmap:
    """A picture that is kept packed, JPEG, decoded when it is looked at, and remembered a while."""
    name = f"{key}:{hash(jpeg)}"
    found = QPixmap()
    if not QPixmapCache.find(name, found):
        found.loadFromData(jpeg, "JPG")
        QPixmapCache.insert(name, found)
    return found
