"""A hand for tests that holds keys and knows the time: real mouse and pen events on the canvas."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QInputDevice, QMouseEvent, QPointingDevice, QTabletEvent
from PySide6.QtWidgets import QApplication

from desktop.widgets.main_window import MainWindow

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
SHIFT, ALT, CTRL = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ControlModifier,
)
Point = tuple[float, float]
PEN = QPointingDevice(
    "pen",
    7,
    QInputDevice.DeviceType.Stylus,
    QPointingDevice.PointerType.Pen,
    QInputDevice.Capability.Pressure | QInputDevice.Capability.Position,
    1,
    3,
)


class Hand:
    """Moves the mouse, or a pen, over the canvas; ``ms`` is what time its events say it is."""

    def __init__(self, window: MainWindow, *, pen: bool = False) -> None:
        self._window, self._pen = window, pen
        self._at: Point = (0, 0)
        self.ms = 1000
        self.keys = Qt.KeyboardModifier.NoModifier

    def press(self, at: Point) -> None:
        self._send("press", at, LEFT, LEFT)

    def move(self, at: Point, held: Qt.MouseButton = LEFT) -> None:
        self._send("move", at, NONE, held)

    def release(self, at: Point | None = None) -> None:
        self._send("release", at or self._at, LEFT, NONE)

    def drag(self, *points: Point, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press at the first, move through the others, release at the last."""
        self.keys = keys
        self.press(points[0])
        for point in points[1:]:
            self.move(point)
        self.release()
        self.keys = Qt.KeyboardModifier.NoModifier

    def click(self, at: Point, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.drag(at, keys=keys)

    def _send(self, what: str, at: Point, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
        canvas, self._at = self._window.canvas, at
        place = self._window.canvas_point(*at)
        on_screen = QPointF(canvas.mapToGlobal(place.toPoint()))
        kinds = QEvent.Type
        event: QMouseEvent | QTabletEvent
        if self._pen:
            kind = {"press": kinds.TabletPress, "move": kinds.TabletMove, "release": kinds.TabletRelease}[
                what
            ]
            event = QTabletEvent(kind, PEN, place, on_screen, 0.5, 0, 0, 0, 0, 0, self.keys, button, held)
        else:
            kind = {
                "press": kinds.MouseButtonPress,
                "move": kinds.MouseMove,
                "release": kinds.MouseButtonRelease,
            }[what]
            event = QMouseEvent(kind, place, on_screen, button, held, self.keys)
        event.setTimestamp(self.ms)
        QApplication.sendEvent(canvas, event)
        self.ms += 8
