"""What the pointer holds on the canvas, and when it must have let go although nobody said so."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent, QPointingDevice, QTabletEvent

LONGEST_ECHO_S = 0.5
"""A mouse event this soon after a tablet event is its echo, whatever the platform says."""


class Grip:
    """Follows the buttons of mouse and pen. A release can get lost: to a dialog, to another window, with a
    pen taken away. Then the next event says that the button is up."""

    def __init__(self) -> None:
        self.held = ""
        """What the pointer drags: nothing, or ``stroke``, ``view``, ``divider``, ``axes``."""
        self._button = Qt.MouseButton.NoButton
        self._tablet = False
        self._tablet_time = 0.0

    def take(self, what: str, button: Qt.MouseButton) -> None:
        """Drag ``what`` as long as ``button`` is down."""
        self.held, self._button = what, button

    def drop(self) -> str:
        """Hold nothing any more; returns what was held."""
        held, self.held = self.held, ""
        return held

    def forget(self) -> str:
        """The pointer has gone; returns what was held."""
        self._tablet = False
        return self.drop()

    def holds_by(self, button: Qt.MouseButton) -> bool:
        """Whether something is held by just that button."""
        return self.held != "" and button == self._button

    def is_lost(self, buttons: Qt.MouseButton) -> bool:
        """Whether something is held by a button that is not among those that are down."""
        return self.held != "" and not buttons & self._button

    # --- pen and mouse --------------------------------------------------------------------------

    def pen_spoke(self, *, down: bool) -> None:
        """A tablet event came; ``down`` is whether a button, or the tip, is down after it."""
        self._tablet, self._tablet_time = down, time.monotonic()

    def is_echo(self, event: QMouseEvent) -> bool:
        """Whether a mouse event only repeats what the tablet has said already.

        A stroke of the pen sends both kinds on several platforms, and with a wrong or no mark on
        the second: so none counts while the pen is down, or shortly after it spoke.
        """
        if event.device() is not None and event.device().type() == QPointingDevice.DeviceType.Stylus:
            return True
        return self._tablet or self._just_spoke

    def pen_is_gone(self, event: QMouseEvent) -> bool:
        """Whether a mouse with no button down, well after the pen spoke, says that it is no longer down."""
        return self._tablet and not self._just_spoke and not event.buttons()

    @property
    def _just_spoke(self) -> bool:
        return time.monotonic() - self._tablet_time < LONGEST_ECHO_S


def modifiers(event: QMouseEvent | QTabletEvent) -> tuple[bool, bool]:
    """Whether Shift and Ctrl are held."""
    held = event.modifiers()
    return (
        bool(held & Qt.KeyboardModifier.ShiftModifier),
        bool(held & Qt.KeyboardModifier.ControlModifier),
    )
