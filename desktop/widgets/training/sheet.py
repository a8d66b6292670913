"""What a training makes of a few fixed pairs, as a sheet of rows and columns."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop.support import theme
from desktop.widgets.parts.pictures import GAP, smooth
from desktop.widgets.parts.reduced import paint_small


class Sheet(QWidget):
    """The fixed pairs in columns: what was given, what is made of it, the photo. First those that are not
    trained on; a little apart from them, where there are few, some that are."""

    ROWS = ("inputs", "made", "targets")
    APART = 18

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("samples")
        self.rows: dict[str, QImage] = {}
        self._counts: dict[str, int] = {}
        self._held_back = 0
        self._groups = (self.tr("Unknown"), self.tr("Known"))
        self._captions = dict(
            zip(self.ROWS, (self.tr("Given"), self.tr("Made of it"), self.tr("Photo")), strict=True)
        )
        self.setMinimumHeight(230)
        self.setToolTip(
            self.tr(
                "Unknown pairs are not trained on, and show how good the model is; "
                "known ones show what it has learnt by heart."
            )
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_row(self, row: str, image: QImage, count: int, held_back: int) -> None:
        """Show the pictures of a row, ``count`` of them side by side in one image, of which the first
        ``held_back`` are of pairs that are not trained on."""
        self.rows[row] = image
        self._counts[row], self._held_back = max(1, count), held_back
        self.update()

    def clear(self) -> None:
        """Another run."""
        self.rows, self._counts = {}, {}
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(700, 300)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = smooth(self)
        if not self.rows.get("made", QImage()).width():
            painter.setPen(theme.colour("faint"))
            text = self.tr("After the first seconds a few pairs appear here, and what is made of them.")
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, text)
            return
        margin = max(self.fontMetrics().horizontalAdvance(text) for text in self._captions.values()) + 12
        head = self.fontMetrics().height() + 4
        high = (self.height() - head - (len(self.ROWS) - 1) * GAP) / len(self.ROWS)
        columns = max(self._counts.values())
        apart = self.APART if 0 < self._held_back < columns else 0
        edges: list[QRectF] = []
        for number, row in enumerate(self.ROWS):
            image = self.rows.get(row, QImage())
            top = head + number * (high + GAP)
            painter.setPen(theme.colour("faint"))
            painter.drawText(
                QRectF(0, top, margin - 10, high),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
                self._captions[row],
            )
            count = self._counts.get(row, 1)
            wide = image.width() / count
            if not wide:
                continue
            room = (self.width() - margin - apart + GAP) / columns - GAP
            scale = min(high / image.height(), room / wide)
            tall = image.height() * scale
            edges = [
                QRectF(
                    margin + column * (wide * scale + GAP) + (apart if column >= self._held_back else 0),
                    top + (high - tall) / 2,
                    wide * scale,
                    tall,
                )
                for column in range(count)
            ]
            for column, area in enumerate(edges):
                part = QRectF(column * wide, 0, wide, image.height()).toRect()
                paint_small(painter, area, image, part)
        self._head(painter, edges, head)

    def _head(self, painter: QPainter, columns: list[QRectF], height: int) -> None:
        """Over each group of columns, whether they are trained on."""
        painter.setPen(theme.colour("faint"))
        groups = (columns[: self._held_back], columns[self._held_back :])
        for text, group in zip(self._groups, groups, strict=True):
            if group:
                area = QRectF(group[0].left(), 0, group[-1].right() - group[0].left(), height)
                words = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(area.width()))
                painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, words)
