"""Rows of a list with a bar under those that tell how far they are."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from desktop.support import theme

SHARE = Qt.ItemDataRole.UserRole + 1
"""A row's share of its work that is done, 0 to 1; None, and it has no bar."""
_HIGH, _BELOW, _BESIDE = 4, 4, 8
"""Pixels: of the bar, under it, and at its ends."""


class RowsWithProgress(QStyledItemDelegate):
    """Paints rows as usual, and the bars. What a bar shows is to be said in the row's words, too."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """With room for a bar, whether there is one yet or not: rows are not to jump."""
        size = super().sizeHint(option, index)
        return QSize(size.width(), size.height() + _HIGH + 2 * _BELOW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The row, and its bar at the foot."""
        super().paint(painter, option, index)
        share = index.data(SHARE)
        if share is None:
            return
        area = QRectF(option.rect)
        bar = QRectF(area.left() + _BESIDE, area.bottom() - _BELOW - _HIGH, area.width() - 2 * _BESIDE, _HIGH)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("line"))
        painter.drawRoundedRect(bar, _HIGH / 2, _HIGH / 2)
        bar.setWidth(max(_HIGH, bar.width() * min(max(share, 0.0), 1.0)))
        painter.setBrush(theme.colour("accent"))
        painter.drawRoundedRect(bar, _HIGH / 2, _HIGH / 2)
        painter.restore()
