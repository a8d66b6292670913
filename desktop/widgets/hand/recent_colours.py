"""The colours that were painted with last, to be taken again."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from desktop.documents.stroke_controller import MOST_RECENT
from desktop.session import Session
from desktop.support import theme
from engine.data.palette import to_hex


class RecentColours(QWidget):
    """A row of twelve, the newest first; away until there is one."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("recent_colours")
        self._strokes = session.strokes
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        self._tiles = [QToolButton() for _ in range(MOST_RECENT)]
        for number, tile in enumerate(self._tiles):
            tile.setObjectName(f"recent_{number}")
            tile.setAutoRaise(True)
            tile.setFixedSize(15, 20)
            tile.setIconSize(QSize(11, 16))
            tile.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            tile.setStyleSheet("padding: 0; border: none")
            tile.clicked.connect(lambda _on=False, number=number: self._take(number))
            row.addWidget(tile)
        row.addStretch(1)
        self._strokes.watch("recent", self._show)

    def allow(self, on: bool) -> None:
        """Whether any can be taken: a model may know no colours."""
        for tile in self._tiles:
            tile.setEnabled(on)

    def _take(self, number: int) -> None:
        self._strokes.choose_colour(self._strokes.recent[number])

    def _show(self) -> None:
        recent = self._strokes.recent
        self.setVisible(bool(recent))
        for number, tile in enumerate(self._tiles):
            tile.setVisible(number < len(recent))
            if number < len(recent):
                pixmap = QPixmap(11, 16)
                pixmap.fill(QColor(*recent[number]))
                tile.setIcon(theme.picture_icon(pixmap))
                tip = to_hex(recent[number])
                tile.setToolTip(self.tr("Painted with lately: %s") % tip)
                tile.setAccessibleName(tip)
