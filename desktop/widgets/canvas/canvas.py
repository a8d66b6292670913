"""The canvas: shows the picture, turns tablet and mouse events into samples, and moves the view."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPointingDevice,
    QResizeEvent,
    QTabletEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from desktop.paint.strokes.stroke import Sample
from desktop.paint.tools import tools
from desktop.session import Session
from desktop.support import theme
from desktop.widgets.canvas import guides
from desktop.widgets.canvas.grip import Grip, modifiers
from desktop.widgets.canvas.overlay import Overlay
from desktop.widgets.canvas.view import View
from desktop.widgets.parts.reduced import Reduced, ReducedPreview
from engine.data.rect import Rect

_GRIP = 5
"""How near to the divider a press takes hold of it, logical pixels."""


class Canvas(QWidget):
    """Where the user paints."""

    hovered = Signal(QPointF)
    """Picture coordinates under the pointer."""

    def __init__(self, session: Session, view: View, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setMinimumSize(80, 60)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setTabletTracking(True)
        self.setAccessibleName(self.tr("Canvas"))
        self._session = session
        self._view = view
        self._mode = "beside"
        self._pointer: QPointF | None = None
        self._ring = QRect()
        self._grip = Grip()
        self._space = False
        self._last = QPointF()
        self._overlay = Overlay(self, session)
        self._reduced, self._reduced_preview = Reduced(), ReducedPreview()
        self._shown_size = (0, 0)
        view.changed.connect(self.update)
        session.repainted.connect(self._repaint)
        session.restructured.connect(self._restructured)
        session.watch("picture", self._fit_new)
        session.strokes.watch("tool ink", self._update_cursor)
        session.strokes.shown.connect(self._update_outline)
        session.strokes.watch("knows_hints", self._hints_changed)
        session.live.watch("preview behind", self._preview_changed)

    # --- what the window asks -------------------------------------------------------------------

    def set_mode(self, mode: str) -> None:
        """``beside`` shows the picture alone, ``over`` and ``split`` the preview with it."""
        self._mode = mode
        self.update()

    def fit(self) -> None:
        """Show the whole picture."""
        if self._session.picture is not None:
            self._view.fit(self._picture_size(), self._size())

    def zoom(self, factor: float) -> None:
        """Zoom around the pointer, or around the middle."""
        self._view.zoom(factor, self._pointer or self._middle(), self._size())

    def actual_size(self) -> None:
        """One picture pixel on one screen pixel."""
        self._view.set_scale(1.0 / self.devicePixelRatioF(), self._middle(), self._size())

    def rotate(self, degrees: float) -> None:
        """Turn the view around the middle."""
        self._view.rotate(degrees, self._middle(), self._size())

    # --- painting -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what is exposed, and nothing else."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), theme.colour("surround"))
        if self._session.picture is None:
            return
        document = self._session.document
        transform = self._view.transform(self._size())
        area = QRectF(0, 0, document.width, document.height)
        painter.setTransform(transform)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._view.scale < 3)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self._view.degrees != 0)
        painter.setClipRect(area, Qt.ClipOperation.IntersectClip)
        strokes = self._session.strokes
        ghost = strokes.stroke.ghost if strokes.stroke is not None else None
        if not self._reduced.paint(painter, document, strokes.knows_hints, event.rect(), ghost):
            QTimer.singleShot(0, self, self.update)  # the rest of it
        self._paint_preview(painter, transform, area, event.rect())
        painter.setClipping(False)
        self._paint_guides(painter, transform, area)

    def _paint_preview(self, painter: QPainter, transform: QTransform, area: QRectF, exposed: QRect) -> None:
        if self._mode == "beside":
            return
        settings = self._session.settings
        painter.save()
        if self._mode == "split":
            painter.resetTransform()
            painter.setClipRect(
                QRectF(self._divider(), 0, self.width(), self.height()), Qt.ClipOperation.IntersectClip
            )
            painter.setTransform(transform)
        else:
            painter.setOpacity(settings.preview_opacity)
        if self._session.live.preview is not None:
            self._reduced_preview.paint(painter, self._session.live.preview, area, exposed)
            guides.paint_finish(painter, self._session.document.layers, transform)
            painter.resetTransform()
            guides.paint_held(painter, self._session.holding.outline, area, transform)
        painter.restore()

    def _paint_guides(self, painter: QPainter, transform: QTransform, area: QRectF) -> None:
        """What is not part of the picture."""
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._overlay.paint(painter, transform, area)
        if self._mode == "split":
            guides.paint_divider(painter, self._divider(), self.height())
        if self._mode != "beside" and self._session.live.behind:
            guides.paint_behind(painter, self.width())
        radius = self._ring_radius()
        if self._pointer is not None and radius >= 2.5 and self._grip.held not in ("view", "divider"):
            guides.paint_ring(painter, self._pointer, radius)

    # --- keeping up with the session ------------------------------------------------------------

    def _repaint(self, rect: Rect) -> None:
        self._reduced.spoil(rect)
        margin = 4  # what is averaged reaches further
        window = self._view.window_rect(QRectF(*rect), self._size()).toAlignedRect()
        self.update(window.adjusted(-margin, -margin, margin, margin))
        self._update_outline()

    def _update_outline(self) -> None:
        self._overlay.follow(self._view.transform(self._size()))

    def _preview_changed(self) -> None:
        if self._mode != "beside":
            self.update()

    def _fit_new(self) -> None:
        self._reduced.forget()
        self._space = False
        self._grip.drop()
        self.fit()
        self.update()

    def _hints_changed(self) -> None:
        self._reduced.forget()
        self.update()

    def _restructured(self) -> None:
        """Only another size is news: what looks different is repainted (``Session.repainted``)."""
        if self._session.picture is None:
            return
        document = self._session.document
        if self._shown_size != (document.width, document.height):
            self._shown_size = document.width, document.height
            if self._view.fitted:
                self.fit()
            self.update()

    def _update_cursor(self) -> None:
        if self._grip.held == "view" or self._space:
            shape = Qt.CursorShape.ClosedHandCursor if self._grip.held else Qt.CursorShape.OpenHandCursor
        elif self._grip.held == "divider" or (self._pointer is not None and self._on_divider(self._pointer)):
            shape = Qt.CursorShape.SplitHCursor
        elif self._ring_radius() >= 6:
            shape = Qt.CursorShape.BlankCursor
        else:
            shape = Qt.CursorShape.CrossCursor
        self.setCursor(shape)
        self._move_ring()

    def _ring_radius(self) -> float:
        """Radius of the brush in window pixels; 0 for tools without one."""
        if not tools()[self._session.strokes.tool].has_size:
            return 0.0
        return self._session.strokes.ink.size / 2 * self._view.scale

    def _move_ring(self) -> None:
        radius = int(self._ring_radius()) + 4
        now = QRect()
        if self._pointer is not None and radius > 6:
            centre = self._pointer.toPoint()
            now = QRect(centre - QPoint(radius, radius), centre + QPoint(radius, radius))
        self.update(self._ring)
        self.update(now)
        self._ring = now

    # --- pointer --------------------------------------------------------------------------------

    def tabletEvent(self, event: QTabletEvent) -> None:
        """A pen. Its echo as a mouse event is passed over, see ``Grip.is_echo``."""
        eraser = event.pointerType() == QPointingDevice.PointerType.Eraser
        sample = self._sample(event, event.pressure(), event.xTilt(), event.yTilt())
        pressed = event.type() == QEvent.Type.TabletPress
        self._grip.pen_spoke(down=pressed or bool(event.buttons() & ~event.button()))
        match event.type():
            case QEvent.Type.TabletPress:
                self._press(event, sample, eraser)
            case QEvent.Type.TabletMove:
                self._move(event, sample)
            case QEvent.Type.TabletRelease:
                self._release(event, sample)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Draw, or take hold of the view or the divider."""
        if not self._is_echo(event):
            self._press(event, self._sample(event))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw, or move what is held."""
        if not self._is_echo(event):
            self._move(event, self._sample(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End of the stroke, or let go."""
        if not self._is_echo(event):
            self._release(event, self._sample(event))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ends a polygon; elsewhere two quick clicks are two clicks."""
        if self._is_echo(event):
            return
        if self._session.strokes.stroke is not None and event.button() == Qt.MouseButton.LeftButton:
            self._session.strokes.finish()
            self._grip.drop()
        else:
            self.mousePressEvent(event)

    def _is_echo(self, event: QMouseEvent) -> bool:
        """Whether a mouse event only repeats what the pen said. It may also say that the pen has gone."""
        if self._grip.pen_is_gone(event):
            self.let_go()
        return self._grip.is_echo(event)

    def let_go(self) -> None:
        """The pointer has gone, or another window takes it: what is held is let go of where it was last."""
        if self._grip.forget() == "stroke":
            self._session.strokes.lift()
            self._update_outline()
        self._update_cursor()

    def _press(self, event: QMouseEvent | QTabletEvent, sample: Sample, eraser: bool = False) -> None:
        at, button = event.position(), event.button()
        shift, ctrl = modifiers(event)
        if self._grip.holds_by(button):  # pressed again: it must have been let go of
            self.let_go()
        if self._grip.held:  # the other buttons wait for their turn
            return
        self._last = at
        if button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and self._space):
            self._grip.take("view", button)
        elif button == Qt.MouseButton.LeftButton and self._on_divider(at):
            self._grip.take("divider", button)
        elif button == Qt.MouseButton.LeftButton and self._overlay.axes.take(
            at, self._view.transform(self._size())
        ):
            self._grip.take("axes", button)
        elif button == Qt.MouseButton.LeftButton:
            self._grip.take("stroke", button)
            alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            self._session.strokes.press(sample, eraser=eraser, shift=shift, ctrl=ctrl, alt=alt)
            self._update_outline()
        elif button == Qt.MouseButton.RightButton:
            self._session.strokes.pick_colour(sample)
        self._update_cursor()

    def _move(self, event: QMouseEvent | QTabletEvent, sample: Sample) -> None:
        at = event.position()
        shift, ctrl = modifiers(event)
        if self._grip.is_lost(event.buttons()):
            self.let_go()
        self._pointer = at
        if self._grip.held == "view":
            if shift:
                self._view.rotate((at.x() - self._last.x()) / 3, self._middle(), self._size())
            else:
                self._view.pan(at - self._last, self._size())
        elif self._grip.held == "divider":
            self._session.settings.divider = min(max(at.x() / max(self.width(), 1), 0.02), 0.98)
            self.update()
        elif self._grip.held == "axes":
            self._overlay.axes.drag(sample, shift=shift)
        elif self._session.strokes.stroke is not None or self._grip.held == "stroke":
            self._session.strokes.move(sample, shift=shift, ctrl=ctrl)
            self._update_outline()
        self._last = at
        if self._grip.held == "stroke":
            self._move_ring()
        else:
            self._update_cursor()
        self.hovered.emit(QPointF(sample.x, sample.y))

    def _release(self, event: QMouseEvent | QTabletEvent, sample: Sample) -> None:
        shift, ctrl = modifiers(event)
        if self._grip.holds_by(event.button()):
            if self._grip.drop() == "stroke":
                self._session.strokes.release(sample, shift=shift, ctrl=ctrl)
                self._update_outline()
        elif self._grip.is_lost(event.buttons()):
            self.let_go()
        self._update_cursor()

    # --- keys, wheel, the rest ------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom to the pointer; with Shift the size of the brush."""
        turn = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._session.strokes.scale_brush(1.1 ** (turn / 120))
            self._move_ring()
        else:
            self._view.zoom(1.2 ** (turn / 120), event.position(), self._size())
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Pinching and turning on a touch pad."""
        if isinstance(event, QNativeGestureEvent):
            if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                self._view.zoom(1 + event.value(), event.position(), self._size())
                return True
            if event.gestureType() == Qt.NativeGestureType.RotateNativeGesture:
                self._view.rotate(event.value(), event.position(), self._size())
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space takes hold of the view, Enter ends a polygon, Esc cancels."""
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space = True
                self._update_cursor()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._session.strokes.finish()
            self._update_outline()
        elif event.key() == Qt.Key.Key_Escape:
            self._session.strokes.cancel()
            self._grip.drop()
            self._update_outline()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Let go of the view."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self._update_cursor()
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QEvent) -> None:
        """A key or a button released elsewhere is never heard of."""
        self._space = False
        self.let_go()

    def hideEvent(self, event: QEvent) -> None:
        """Nor is one while nobody sees the canvas."""
        self.let_go()

    def showEvent(self, event: QEvent) -> None:
        """The window is told what its parts are not, see ``eventFilter``."""
        self.window().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A dialog lies over the window, or another window is in front of it."""
        if event.type() in (QEvent.Type.WindowBlocked, QEvent.Type.WindowDeactivate):
            self.let_go()
        return super().eventFilter(watched, event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """The pointer comes."""
        self._pointer = event.position()
        self._update_cursor()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer goes; a stroke goes on, since its button is still held."""
        self._pointer = None
        self._move_ring()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A fitted picture stays fitted."""
        if self._view.fitted:
            self.fit()

    # --- geometry -------------------------------------------------------------------------------

    def _sample(
        self,
        event: QMouseEvent | QTabletEvent,
        pressure: float = 1.0,
        tilt_x: float = 0.0,
        tilt_y: float = 0.0,
    ) -> Sample:
        point = self._view.to_picture(event.position(), self._size())
        self._session.strokes.pixel = 1 / self._view.scale
        seconds = event.timestamp() / 1000 if event.timestamp() else time.monotonic()
        return Sample(point.x(), point.y(), pressure, tilt_x, tilt_y, seconds)

    def _size(self) -> QSizeF:
        return QSizeF(self.size())

    def _picture_size(self) -> QSizeF:
        document = self._session.document
        return QSizeF(document.width, document.height)

    def _middle(self) -> QPointF:
        return QPointF(self.width() / 2, self.height() / 2)

    def _divider(self) -> float:
        return self.width() * self._session.settings.divider

    def _on_divider(self, at: QPointF) -> bool:
        return self._mode == "split" and abs(at.x() - self._divider()) <= _GRIP
