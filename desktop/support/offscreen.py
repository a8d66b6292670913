"""Qt's fonts for commands that open no window."""

from __future__ import annotations

import functools

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication


@functools.cache
def make_application() -> QCoreApplication:
    """The application that there is, or one that needs no display; without one no text can be drawn."""
    return QGuiApplication.instance() or QGuiApplication(["underpaint", "-platform", "offscreen"])
