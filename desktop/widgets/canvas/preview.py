"""The preview: what the network made of the picture, in the same view as the canvas."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from desktop.paint.layers.layer import Role
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.canvas import guides
from desktop.widgets.canvas.compared import Compared
from desktop.widgets.canvas.view import View
from desktop.widgets.parts.files import drop_style, offer_style
from desktop.widgets.parts.reduced import ReducedPreview
from engine.data.rect import Rect


class Preview(QWidget):
    """Shows the newest preview beside the canvas, and quietly whether it is behind; or two that are compared.

    Beside a preview that is being corrected it shows the drawing that it was made of.
    """

    def __init__(self, session: Session, view: View, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preview")
        self.setMinimumSize(80, 60)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(self.tr("Preview"))
        self._session = session
        self._view = view
        self._reduced, self._compared = ReducedPreview(), Compared()
        self._last: QPointF | None = None
        self._offered = False
        self.setAcceptDrops(True)
        self.setMouseTracking(True)  # the divider says that it can be taken hold of
        view.changed.connect(self.update)
        session.live.watch("preview behind loading enabled", self.update)
        session.holding.watch("outline", self.update)
        session.teaching.watch("here", self.update)
        session.comparing.watch("sides", self._compare)
        session.restructured.connect(self.update)
        session.repainted.connect(self._repaint)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The preview, or a sentence on why there is none yet."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme.colour("surround"))
        if self._session.picture is None:
            return
        live, lesson = self._session.live, self._session.teaching.lesson
        document = self._session.document
        if (sides := self._session.comparing.sides) is not None:
            transform, size = self._view.transform(QSizeF(self.size())), (document.width, document.height)
            self._compared.paint(painter, sides, live.preview, size, transform, self.size())
            return
        shown = lesson.seen if lesson is not None and self._session.teaching.here else live.preview
        if shown is None:
            painter.setPen(theme.colour("faint"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._excuse())
            return
        painter.setTransform(self._view.transform(QSizeF(self.size())))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self._view.degrees != 0)
        self._reduced.paint(painter, shown, QRectF(0, 0, document.width, document.height), event.rect())
        painter.resetTransform()
        if shown is live.preview:
            guides.paint_finish(painter, document.layers, self._view.transform(QSizeF(self.size())))
            area = QRectF(0, 0, document.width, document.height)
            transform = self._view.transform(QSizeF(self.size()))
            guides.paint_held(painter, self._session.holding.outline, area, transform)
        if self._offered:
            guides.paint_offer(painter, self.rect(), self.tr("Take the style of this photo"))
        if live.behind:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            guides.paint_behind(painter, self.width())

    def _repaint(self, rect: Rect) -> None:
        """What lies over the preview may look different there; elsewhere the next preview tells."""
        picture = self._session.picture
        if picture is not None and any(layer.role is Role.FINISH for layer in picture.document.layers):
            window = self._view.window_rect(QRectF(*rect.grown(4)), QSizeF(self.size()))
            self.update(window.toAlignedRect())

    def _compare(self) -> None:
        """Two are compared now, or no longer."""
        self._compared.held = False
        self.unsetCursor()
        self.update()

    def _on_divider(self, at: QPointF) -> bool:
        return self._session.comparing.sides is not None and self._compared.is_at(at, self.width())

    def _excuse(self) -> str:
        live = self._session.live
        if live.loading:
            return self.tr("Loading the model …")
        if live.card is None:
            return self.tr("No model is open.\nChoose one under Models.")
        return self.tr("The preview appears here.")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A photo may be dropped for its style; whatever else, and wherever else, is opened by the window."""
        if offer_style(event, self._session):
            self._offer(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """It goes elsewhere."""
        self._offer(False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take the photo's style."""
        self._offer(False)
        drop_style(event, self._session)

    def _offer(self, on: bool) -> None:
        self._offered = on
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The preview can be dragged like the canvas; both move together. So can the divider."""
        self._last = event.position()
        self._compared.held = self._on_divider(event.position())
        if not self._compared.held:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan, or move the divider."""
        if self._compared.held:
            self._compared.move(event.position(), self.width())
            self.update()
        elif self._last is None:
            on_divider = self._on_divider(event.position())
            self.setCursor(Qt.CursorShape.SplitHCursor if on_divider else Qt.CursorShape.ArrowCursor)
        else:
            self._view.pan(event.position() - self._last, QSizeF(self.size()))
            self._last = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._last, self._compared.held = None, False
        self.unsetCursor()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom to the pointer."""
        turn = event.angleDelta().y() or event.angleDelta().x()
        self._view.zoom(1.2 ** (turn / 120), event.position(), QSizeF(self.size()))
        event.accept()
