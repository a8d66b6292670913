"""Starts the program: application, theme, session, window. Torch is not imported here, nor before."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QEvent, QObject, QSocketNotifier, Qt, QTimer, Signal
from PySide6.QtGui import QFileOpenEvent, QIcon
from PySide6.QtWidgets import QApplication

import resources
from desktop import crashes
from desktop.session import Session
from desktop.single_instance import Claim, SingleInstance
from desktop.support import logbook, theme
from desktop.support.collector import hold_collector, set_aside
from desktop.support.settings import SettingsFile
from desktop.support.task_queue import TaskQueue
from desktop.widgets.dialogs.report import ReportDialog
from desktop.widgets.main_window import MainWindow
from desktop.widgets.parts.files import local_path
from engine.errors import DeviceError

NO_DISPLAY = (
    "There is no display to open a window on; run “make demo” to see the program without one, "
    "or set QT_QPA_PLATFORM to the platform you want."
)


def display_is_missing(environment: dict[str, str], platform: str) -> bool:
    """Whether Qt would abort for want of a display. A platform that the user set is obeyed."""
    if "QT_QPA_PLATFORM" in environment or not platform.startswith("linux"):
        return False
    return not environment.get("DISPLAY") and not environment.get("WAYLAND_DISPLAY")


def run(file: Path | None = None, claim: Claim | None = None) -> int:
    """Open the window, with ``file`` if given; returns the exit code when it is closed.

    Args:
        file: what to open.
        claim: the right to answer later starts.

    Raises:
        DeviceError: there is no display.
    """
    if display_is_missing(dict(os.environ), sys.platform):
        raise DeviceError(NO_DISPLAY)
    with logbook.opened(), crashes.Watch() as watch:
        application = make_application()
        session, window = open_window()
        watch.report = partial(_report_fault, session)
        _quit_on_signals(application, window)
        # What is killed or crashes later has been remembered by then: here nobody draws, so nobody waits.
        application.applicationStateChanged.connect(
            lambda state: session.remember() if state == Qt.ApplicationState.ApplicationInactive else None
        )
        if file is None:
            window.welcome.greet()  # before the window is seen, so that nothing moves in it
        window.show()
        reports = TaskQueue("reports", application)

        # Only now: the first paint comes before anything that takes time.
        def go_on() -> None:
            begin(session, window, file)
            window.welcome.take_keyboard()
            offer_report(window, reports)
            bell = SingleInstance(claim or Claim(), application)
            bell.rang.connect(partial(answer_call, session, window))
            if sys.platform == "darwin":  # a filter sees every event there is; elsewhere it would see none
                files = FilesOfTheDesktop(partial(answer_call, session, window), bell)
                application.installEventFilter(files)
            application.aboutToQuit.connect(bell.close)

        QTimer.singleShot(0, go_on)
        code = application.exec()
        reports.stop()
    return code


class Application(QApplication):
    """Hears what Qt tells the application alone."""

    pen_left = Signal()
    """A tablet's pen is too far away to be seen."""

    def event(self, event: QEvent) -> bool:
        """A pen that goes while it is down is never said to be lifted."""
        if event.type() == QEvent.Type.TabletLeaveProximity:
            self.pen_left.emit()
        return super().event(event)


def make_application() -> QApplication:
    """The one QApplication, named so that window managers and desktops know it."""
    QApplication.setApplicationName("underpaint")
    QApplication.setApplicationDisplayName("Underpaint")
    QApplication.setDesktopFileName("underpaint")
    application = Application(["underpaint"])
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
    if isinstance(application, Application):
        application.pen_left.connect(window.canvas.let_go)
    return session, window


def begin(session: Session, window: MainWindow, file: Path | None) -> None:
    """The first picture, then what was left behind last time."""
    session.start()
    if file is not None:
        session.open_file(file)
    window.canvas.setFocus()
    left, unreadable = session.guarding.left_behind()
    if left:
        names = ", ".join(f"“{found.title}”" for found in left[:3])
        count = len(left)
        window.messages.ask(
            window.tr("Not saved last time: %s.") % names
            if count <= 3
            else window.tr("Not saved last time: %s and %d more.") % (names, count - 3),
            (window.tr("&Bring back"), lambda: session.guarding.recover(left)),
            (window.tr("&Throw away"), lambda: session.guarding.forget(left)),
        )
    for found in unreadable:
        window.files.report_unreadable(found)
    if session.file.problem:
        window.messages.warn(session.file.problem)


class FilesOfTheDesktop(QObject):
    """macOS hands the files that somebody double-clicks over as events, not as words of a command."""

    def __init__(self, take: Callable[[Path], object], parent: QObject) -> None:
        super().__init__(parent)
        self._take = take

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take files; everything else goes its way."""
        if isinstance(event, QFileOpenEvent) and event.file():
            self._take(local_path(event.url()))
            return True
        return False


def offer_report(window: MainWindow, reports: TaskQueue) -> None:
    """Offer what an earlier process left behind when it ended unexpectedly."""

    def offer(left: list[crashes.Crash]) -> None:
        if not left:
            return
        newest = left[0]

        def forget() -> None:
            for crash in left:
                crash.forget()

        window.messages.ask(
            window.tr("Something went wrong in Underpaint last time; it went on.")
            if newest.went_on
            else window.tr("Underpaint ended unexpectedly last time."),
            (window.tr("&Show the report"), lambda: reports.do(newest.report, show)),
            (window.tr("&Forget it"), forget),
        )

    def show(written: tuple[str, Path | None]) -> None:
        window.session.filing.when_the_pen_is_up(lambda: ReportDialog(*written, window).open())

    reports.error_reported.connect(window.messages.warn)
    reports.do(crashes.left_behind, offer)


def answer_call(session: Session, window: MainWindow, file: Path | None) -> None:
    """A later start has handed its file over, or just wants the window."""
    if window.isMinimized():
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.raise_()
    window.activateWindow()
    if file is not None:
        session.open_file(file)


def _report_fault(
    session: Session, kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """An exception in a slot is told in a sentence; the program goes on."""
    text = session.tr("Something went wrong (%s); your drawing is safe. Save it soon.")
    session.error_reported.emit(text % kind.__name__)


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
