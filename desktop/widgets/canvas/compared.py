"""Two previews under a divider that can be taken hold of."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QKeySequence, QPainter, QShortcut, QTransform
from PySide6.QtWidgets import QWidget

from desktop.frames.comparing import Side
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.canvas import guides
from desktop.widgets.parts.reduced import ReducedPreview
from engine.data.messages import Pixels

_GRIP = 8
"""How near to the divider a press takes hold of it, logical pixels."""
_MARGIN = 6


class EndComparing(QShortcut):
    """Esc ends comparing in a window, wherever in it the keyboard is; but first of all a stroke.

    Args:
        session: what is compared in it.
        window: stays visible while anything is compared, as a preview in it need not.
    """

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(QKeySequence(Qt.Key.Key_Escape), window)
        self._session = session
        self.activated.connect(session.comparing.end)
        session.comparing.watch("sides", self._arm)
        session.strokes.watch("drawing", self._arm)

    def _arm(self) -> None:
        session = self._session
        self.setEnabled(session.comparing.sides is not None and not session.strokes.drawing)


class Compared:
    """Paints two sides, and knows where the divider between them is."""

    def __init__(self) -> None:
        self.share = 0.5
        """Of the window's width."""
        self.held = False
        self._reduced = ReducedPreview(), ReducedPreview()

    def paint(
        self,
        painter: QPainter,
        sides: tuple[Side, Side],
        now: Pixels | None,
        size: tuple[int, int],
        transform: QTransform,
        window: QSize,
    ) -> None:
        """Draw them.

        Args:
            painter: on the window; its transform is set here.
            sides: what is left and right.
            now: the preview as it is, for a side that wants that.
            size: of the picture on the canvas.
            transform: from picture to window.
            window: its size.
        """
        at = self.share * window.width()
        areas = QRectF(0, 0, at, window.height()), QRectF(at, 0, window.width() - at, window.height())
        for side, area, reduced in zip(sides, areas, self._reduced, strict=True):
            preview = now if side.preview is None else side.preview
            painter.resetTransform()
            painter.setClipRect(area)
            if preview is not None:
                painter.setTransform(transform)
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                place = QRectF(QPointF(), QRectF(0, 0, *(side.size or size)).size())
                reduced.paint(painter, preview, place, area.toAlignedRect())
                painter.resetTransform()
            _paint_name(painter, side.name, area, to_the_right=side is sides[1])
        painter.setClipping(False)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        guides.paint_divider(painter, at, window.height())

    def is_at(self, at: QPointF, width: int) -> bool:
        """Whether a press there takes hold of the divider."""
        return abs(at.x() - self.share * width) <= _GRIP

    def move(self, at: QPointF, width: int) -> None:
        """The divider is moved."""
        self.share = min(max(at.x() / max(width, 1), 0.02), 0.98)


def _paint_name(painter: QPainter, name: str, area: QRectF, *, to_the_right: bool) -> None:
    """What is seen there, in the upper corner that is farther from the divider."""
    metrics = painter.fontMetrics()
    room = int(area.width()) - 4 * _MARGIN
    if room < metrics.averageCharWidth() * 3:
        return
    text = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room)
    size = QSize(metrics.horizontalAdvance(text) + 2 * _MARGIN, metrics.height() + _MARGIN)
    left = area.right() - _MARGIN - size.width() if to_the_right else area.left() + _MARGIN
    box = QRect(int(left), int(area.top()) + _MARGIN, size.width(), size.height())
    background = theme.colour("surround")
    background.setAlpha(200)
    painter.fillRect(box, background)
    painter.setPen(theme.colour("text"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
