"""The contact sheet: a tile for each photo, as it is cut; a click keeps it or leaves it out."""

from __future__ import annotations

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

from desktop.preparing.preparing import Preparing
from desktop.support import theme
from desktop.widgets.parts.pictures import inside

EDGE, ROOM = 128, 8
_ROLE = Qt.ItemDataRole.UserRole
_TOGGLES = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Sheet(QListWidget):
    """Those that are proposed to be left out stand first. Arrows choose, Space or a click changes it."""

    def __init__(self, preparing: Preparing) -> None:
        super().__init__()
        self.setObjectName("prepared_sheet")
        self.setAccessibleName(self.tr("Contact sheet"))
        self.preparing = preparing
        self.setViewMode(QListWidget.ViewMode.IconMode)
        self.setMovement(QListWidget.Movement.Static)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListWidget.LayoutMode.Batched)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(_Tiles(self))
        preparing.watch("outlook", self._fill)
        preparing.watch("kept", self._show)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on a photo overrules what is proposed."""
        super().mouseReleaseEvent(event)
        item = self.itemAt(event.position().toPoint())
        if item is not None and event.button() == Qt.MouseButton.LeftButton:
            self.preparing.toggle(item.text())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """So does a key."""
        item = self.currentItem()
        if item is not None and event.key() in _TOGGLES:
            self.preparing.toggle(item.text())
        else:
            super().keyPressEvent(event)

    def _fill(self) -> None:
        self.clear()
        outlook = self.preparing.outlook
        for one in sorted(outlook.proposals, key=lambda it: it.keep) if outlook is not None else ():
            item = QListWidgetItem(one.name)
            item.setData(_ROLE, one)
            self.addItem(item)
        self._show()

    def _show(self) -> None:
        hows = {
            "cut": self.tr("It is cut out of its ground and centred."),
            "centred": self.tr("It is on white already and is centred."),
            "whole": self.tr("The middle of it is taken as it is."),
        }
        for row in range(self.count()):
            item = self.item(row)
            one = item.data(_ROLE)
            kept = one.name in self.preparing.kept
            told = one.said or f"“{one.name}”"
            if not one.readable:
                more = ""
            elif kept:
                more = f"{hows[one.how]} {self.tr('A click leaves it out.')}"
            else:
                more = self.tr("It is left out; a click keeps it.")
            item.setToolTip(theme.plain(f"{told} {more}".strip()))
        self.viewport().update()


class _Tiles(QStyledItemDelegate):
    def __init__(self, sheet: Sheet) -> None:
        super().__init__(sheet)
        self._sheet = sheet

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """A picture, its name, and a line on what becomes of it."""
        return QSize(EDGE + ROOM, EDGE + ROOM + 2 * self._sheet.fontMetrics().height())

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The tile."""
        one, area, metrics = index.data(_ROLE), option.rect, self._sheet.fontMetrics()
        kept = one.name in self._sheet.preparing.kept
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        place = QRectF(area.left() + ROOM / 2, area.top() + ROOM / 2, EDGE, EDGE)
        pixmap = _pixmap(one.name, one.thumb)
        if not pixmap.isNull():
            painter.setOpacity(1.0 if kept else 0.35)
            painter.drawPixmap(inside(pixmap.size(), place), pixmap, QRectF(pixmap.rect()))
            painter.setOpacity(1.0)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.setPen(QPen(theme.colour("accent" if kept else "line"), 2 if kept or focused else 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(place, 3, 3)
        if not kept:
            painter.setPen(QPen(theme.colour("text"), 1.5))
            painter.drawLine(place.bottomLeft(), place.topRight())
        line = metrics.height()
        for number, (text, tone) in enumerate(((one.name, "text"), (", ".join(one.why), "faint"))):
            below = QRect(area.left() + 4, int(place.bottom()) + 2 + number * line, EDGE, line)
            painter.setPen(theme.colour(tone))
            words = metrics.elidedText(text, Qt.TextElideMode.ElideRight, below.width())
            painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        painter.restore()


def _pixmap(name: str, thumb: bytes) -> QPixmap:
    """What is made of a photo, decoded when it is looked at."""
    key = f"prepared:{name}:{hash(thumb)}"
    found = QPixmap()
    if not QPixmapCache.find(key, found):
        found.loadFromData(thumb, "JPG")
        QPixmapCache.insert(key, found)
    return found
