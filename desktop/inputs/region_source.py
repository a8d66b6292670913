"""A part of a screen, looked at a few times a second; what it shows is sent on when it is another."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject, QRect, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage, QScreen

from engine.data.messages import Pixels
from engine.errors import PictureError

EVERY_MS = 250
SMALLEST = 16
"""Pixels along an edge of a region."""


class RegionSource(QObject):
    """Looks at a region until it is stopped. Taking a picture of a screen is the UI thread's work in Qt.

    Args:
        screen: the screen.
        region: of it, in its own logical pixels from its top left corner.
        busy: whether the pen is at work, which nothing may hold up.
        parent: owns it.
    """

    came = Signal(object)
    """What the region shows, uint8 (H, W, 3), after a change."""
    lost = Signal(str)
    """There is nothing more to come; a sentence."""

    def __init__(self, screen: QScreen, region: QRect, busy: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._screen, self._region, self._busy = screen, region, busy
        self._last: Pixels | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(EVERY_MS)

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    def begin_with(self, pixels: Pixels) -> None:
        """That is known already."""
        self._last = pixels

    def look(self) -> None:
        """See whether the region shows something else."""
        if self._busy():
            return
        try:
            pixels = grabbed(self._screen, self._region)
        except PictureError as error:
            self.stop()
            self.lost.emit(str(error))
            return
        if self._last is None or not np.array_equal(pixels, self._last):
            self._last = pixels
            self.came.emit(pixels)


def check_screen() -> None:
    """Refuse where programs may not look at the screen.

    Raises:
        PictureError: one sentence.
    """
    if QGuiApplication.platformName().startswith("wayland"):
        raise PictureError(
            QCoreApplication.translate(
                "inputs",
                "Wayland lets no program look at the screen; watch a file instead, or start Underpaint with "
                "QT_QPA_PLATFORM=xcb in an X session.",
            )
        )


def grabbed(screen: QScreen, region: QRect) -> Pixels:
    """What a region shows now, uint8 (H, W, 3).

    Raises:
        PictureError: the screen is gone, or gives nothing.
    """
    check_screen()
    if screen in QGuiApplication.screens():
        image = screen.grabWindow(0, region.x(), region.y(), region.width(), region.height()).toImage()
        if not image.isNull():
            return pixels_of(image)
    raise PictureError(
        QCoreApplication.translate("inputs", "The screen can't be looked at any more; watch a file instead.")
    )


def pixels_of(image: QImage) -> Pixels:
    """uint8 (H, W, 3)."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()
