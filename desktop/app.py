"""Starts the program: application, theme, session, window. Torch is not imported here, nor before."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QSocketNotifier, Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

import resources
from desktop import theme
from desktop.collector import hold_collector, set_aside
from desktop.session import Session
from desktop.settings import SettingsFile
from desktop.widgets.main_window import MainWindow
from engine.errors import DeviceError

log = logging.getLogger(__name__)

NO_DISPLAY = (
    "There is no display to open a window on; run “make demo” to see the program without one, "
    "or set QT_QPA_PLATFORM to the platform you want."
)


def display_is_missing(environment: dict[str, str], platform: str) -> bool:
    """Whether Qt would abort for want of a display. A platform that the user set is obeyed."""
    if "QT_QPA_PLATFORM" in environment or not platform.startswith("linux"):
        return False
    return not environment.get("DISPLAY") and not environment.get("WAYLAND_DISPLAY")


def run(file: Path | None = None) -> int:
    """Open the window, with ``file`` if given; returns the exit code when it is closed.

    Raises:
        DeviceError: there is no display.
    """
    if display_is_missing(dict(os.environ), sys.platform):
        raise DeviceError(NO_DISPLAY)
    application = make_application()
    session, window = open_window()
    _log_crashes(session)
    _quit_on_signals(application, window)
    # What is killed or crashes later has been remembered by then: here nobody draws, so nobody waits.
    application.applicationStateChanged.connect(
        lambda state: session.remember() if state == Qt.ApplicationState.ApplicationInactive else None
    )
    window.show()
    # Only now: the first paint comes before anything that takes time.
    QTimer.singleShot(0, lambda: begin(session, window, file))
    return application.exec()


def make_application() -> QApplication:
    """The one QApplication, named so that window managers and desktops know it."""
    QApplication.setApplicationName("underpaint")
    QApplication.setApplicationDisplayName("Underpaint")
    QApplication.setDesktopFileName("underpaint")
    application = QApplication(["underpaint"])
    # After the application: its X11 plug-in switches this on as it starts. Every report of the pen
    # counts; with compression a quick stroke loses the points that make its shape.
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_CompressHighFrequencyEvents, False)
    application.setWindowIcon(QIcon(str(resources.path("icons", "underpaint.svg"))))
    return application


def open_window() -> tuple[Session, MainWindow]:
    """Session and window, not shown yet."""
    file = SettingsFile(resources.home("settings.json"))
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    theme.apply(application, file.settings.theme)
    hold_collector()
    session = Session(file)
    session.live.opened.connect(set_aside)
    window = MainWindow(session)
    return session, window


def begin(session: Session, window: MainWindow, file: Path | None) -> None:
    """The first picture, then what was left behind last time."""
    session.start()
    if file is not None:
        session.open_file(file)
    window.canvas.setFocus()
    left = session.left_behind()
    if left:
        names = ", ".join(f"“{found.title}”" for found in left[:3])
        count = len(left)
        window.messages.ask(
            window.tr("Not saved last time: %s.") % names
            if count <= 3
            else window.tr("Not saved last time: %s and %d more.") % (names, count - 3),
            (window.tr("&Bring back"), lambda: session.recover(left)),
            (window.tr("&Throw away"), lambda: session.forget(left)),
        )


def _log_crashes(session: Session) -> None:
    """An exception in a slot is logged and told in a sentence; the program goes on."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("unexpected", exc_info=(kind, error, trace))
        text = session.tr("Something went wrong (%s); your drawing is safe. Save it soon.")
        session.told_off.emit(text % kind.__name__)

    sys.excepthook = hook


def _quit_on_signals(application: QApplication, window: MainWindow) -> None:
    """Ctrl-C and a session's end close the window as its own button does."""
    if os.name != "posix":
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    notifier = QSocketNotifier(reader, QSocketNotifier.Type.Read, application)

    def close() -> None:
        os.read(reader, 4096)  # else the notifier would go on and on
        window.close()

    notifier.activated.connect(close)
