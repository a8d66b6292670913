"""Unexpected ends of the real program, in processes of their own, and what the next start makes of them."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QPlainTextEdit, QPushButton, QWidget

from desktop import crashes
from desktop.app import offer_report
from desktop.support import logbook
from desktop.support.task_queue import TaskQueue
from desktop.widgets.dialogs.report import ReportDialog
from desktop.widgets.main_window import MainWindow
from tests import warm
from tests.desktop.real_programs import PATIENCE_S, environment, wait_until_ready
from tests.desktop.window_hands import text_of, until

FAILS_IN_A_SLOT = """
import sys
from PySide6.QtCore import QTimer
from desktop import app
begin = app.begin
def failing(session, window, file):
    begin(session, window, file)
    def slot():
        QTimer.singleShot(0, window.close)
        raise KeyError("a slot")
    QTimer.singleShot(0, slot)
app.begin = failing
sys.exit(app.run())
"""
FAILS_AT_START = """
from desktop import app
def failing():
    raise LookupError("no theme")
app.open_window = failing
app.run()
"""


@pytest.fixture
def reports(window: MainWindow) -> Iterator[TaskQueue]:
    reports = TaskQueue("reports")
    yield reports
    reports.stop()


def the_crash() -> crashes.Crash:
    (crash,) = crashes.left_behind()
    return crash


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such signals")
@pytest.mark.parametrize(
    ("number", "leaves"), [(signal.SIGSEGV, True), (signal.SIGKILL, False), (signal.SIGTERM, False)]
)
def test_how_a_program_ended_decides_what_it_leaves(
    stocked_home: Path, tmp_path: Path, number: signal.Signals, leaves: bool
):
    home = stocked_home
    with warm.program("desktop", folder=tmp_path / "told", **environment(home)) as child:
        wait_until_ready(home)
        assert crashes.left_behind() == [], "the trace of a living program is nobody else's"
        assert list((home / "logs").glob("*.crash"))
        os.kill(child.pid, number)
        child.join(PATIENCE_S)
    assert child.exitcode == (0 if number == signal.SIGTERM else -number)
    left = crashes.left_behind()
    assert [crash.went_on for crash in left] == ([False] if leaves else [])
    if leaves:
        text, file = left[0].report()
        assert "Fatal Python error: Segmentation fault" in text
        assert "«program»" in text and str(home) not in text
        assert "Underpaint" in text and "Python 3" in text and "torch" in text
        assert file is not None and file.read_text("utf-8") == text
    assert crashes.left_behind() == []
    assert not list((home / "logs").glob("*.crash"))


def test_an_exception_that_ends_the_program_is_reported(home: Path, tmp_path: Path):
    done = warm.run("-c", FAILS_AT_START, folder=tmp_path / "told", **environment(home))
    assert done.returncode == 1
    crash = the_crash()
    assert not crash.went_on
    assert "LookupError: no theme" in crash.report()[0]


def test_an_exception_in_a_slot_is_reported_though_the_program_went_on(stocked_home: Path, tmp_path: Path):
    done = warm.run("-c", FAILS_IN_A_SLOT, folder=tmp_path / "told", **environment(stocked_home))
    assert done.returncode == 0
    assert "KeyError: 'a slot'" in done.stderr
    crash = the_crash()
    assert crash.went_on
    text, _ = crash.report()
    assert "KeyError: 'a slot'" in text.partition("== The last entries of the log ==")[0]
    assert "desktop.crashes: unexpected" in text.partition("== The last entries of the log ==")[2]


def test_an_exception_on_a_thread_is_reported(home: Path, caplog: pytest.LogCaptureFixture):
    def fail() -> None:
        raise KeyError("a thread")

    with crashes.Watch():
        thread = threading.Thread(target=fail, name="failing")
        thread.start()
        thread.join()
    assert "failing" in caplog.text
    crash = the_crash()
    assert crash.went_on
    text, _ = crash.report()
    assert "On the thread" in text
    assert "KeyError: 'a thread'" in text


def test_folder_that_can_not_be_written_costs_nothing_else(home: Path):
    (home / "logs").write_text("in the way")
    with logbook.opened(), crashes.Watch():
        logging.getLogger("desktop").info("heard by nobody")
    assert crashes.left_behind() == []
    assert (home / "logs").read_text() == "in the way"


def test_log_is_not_let_grow(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(logbook, "SIZE", 2000)
    with logbook.opened():
        for number in range(200):
            logging.getLogger("desktop.session").info("entry %d", number)
            logging.getLogger("PIL").info("others' small talk")
    files = list((home / "logs").iterdir())
    assert len(files) == 1 + logbook.KEPT
    assert all(file.stat().st_size <= 2000 for file in files)
    assert "entry 199" in logbook.path().read_text()
    assert not any("small talk" in file.read_text() for file in files)
    assert not any("underpaint.log" in str(handler) for handler in logging.getLogger().handlers)


def test_only_the_newest_are_kept(home: Path):
    logs = home / "logs"
    logs.mkdir()
    for number in range(crashes.KEPT + 3):
        (logs / f"2026010{number}-000000-1.crash").write_text(f"process 1\n{crashes.MARK}it fell {number}")
    left = crashes.left_behind()
    assert [crash.trace.name[7] for crash in left] == ["7", "6", "5", "4", "3"]
    assert len(list(logs.glob("*.crash"))) == crashes.KEPT
    for number in range(crashes.KEPT + 3):
        (logs / f"report-2025010{number}.txt").touch()
    left[0].report()
    assert len(list(logs.glob("report-*.txt"))) == crashes.KEPT
    assert (logs / "report-20260107-000000-1.txt").exists()


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("No such file: '/home/anna b/my house.ora'", "No such file: '…'"),
        ("[Errno 2] C:\\Users\\anna\\x.png is missing", "[Errno 2] … is missing"),
        ("“secret.png” can't be read", "“…” can't be read"),
        ("at ~/pictures/x.png, 3 × 4", "at …, 3 × 4"),
        ("1/2 of a/b, https://pytorch.org/x", "1/2 of a/b, https://pytorch.org/x"),
        (r"open \\server\anna\x.png failed", "open … failed"),
        (r"'\\server\anna\my x.png' is gone", "'…' is gone"),
        ("see file:///home/anna/x.png", "see …"),
    ],
)
def test_names_of_files_are_taken_out(text: str, cleaned: str):
    assert crashes.without_names(text) == cleaned


def test_program_lines_stay_readable():
    assert crashes.without_names(f'File "{crashes.__file__}", line 3') == (
        'File "«program»/desktop/crashes.py", line 3'
    )


# --- the offer ------------------------------------------------------------------------------------


def leave(home: Path) -> Path:
    (home / "logs").mkdir(exist_ok=True)
    trace = home / "logs" / "20260101-000000-7.crash"
    trace.write_text(f"Underpaint 0.1.0, process 7\n{crashes.MARK}Fatal Python error: Aborted\n")
    return trace


def press(window: MainWindow, text: str) -> None:
    (button,) = (b for b in window.messages.findChildren(QPushButton) if b.text() == text and b.isVisible())
    button.click()


def press_in(dialog: QWidget, text: str) -> None:
    next(button for button in dialog.findChildren(QPushButton) if button.text() == text).click()


def test_nothing_is_offered_after_a_clean_end(window: MainWindow, reports: TaskQueue):
    with crashes.Watch():
        pass
    offer_report(window, reports)
    done: list[None] = []
    reports.do(lambda: None, done.append)
    until(lambda: done)
    assert not window.messages.isVisible()


def test_report_is_shown(window: MainWindow, reports: TaskQueue, home: Path, monkeypatch: pytest.MonkeyPatch):
    trace = leave(home)
    offer_report(window, reports)
    until(window.messages.isVisible)
    said = window.messages.findChild(QLabel, "message_text")
    assert said is not None and said.text() == "Underpaint ended unexpectedly last time."
    press(window, "&Show the report")
    until(lambda: window.findChild(ReportDialog))
    dialog = window.findChild(ReportDialog)
    assert dialog is not None
    shown = dialog.findChild(QPlainTextEdit)
    assert shown is not None and "Fatal Python error: Aborted" in shown.toPlainText()
    press_in(dialog, "Co&py")
    assert QGuiApplication.clipboard().text() == shown.toPlainText()
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _address: False)
    press_in(dialog, "Open its &folder")
    assert f"No file manager could be started. The folder is “{trace.parent}”." in text_of(dialog)
    assert not trace.exists()
    assert trace.with_name(f"report-{trace.stem}.txt").read_text("utf-8") == shown.toPlainText()
    buttons = dialog.findChild(QDialogButtonBox)
    assert buttons is not None
    buttons.button(QDialogButtonBox.StandardButton.Close).click()
    assert not dialog.isVisible()


def test_report_is_forgotten(window: MainWindow, reports: TaskQueue, home: Path):
    leave(home)
    offer_report(window, reports)
    until(window.messages.isVisible)
    press(window, "&Forget it")
    assert crashes.left_behind() == []
    assert not list((home / "logs").glob("report*"))


def test_drawings_are_asked_about_as_well(window: MainWindow, reports: TaskQueue, home: Path):
    leave(home)
    window.messages.ask("Not saved last time: “x”.", ("&Bring back", lambda: None))
    offer_report(window, reports)
    done: list[None] = []
    reports.do(lambda: None, done.append)
    until(lambda: done)
    press(window, "&Bring back")
    said = window.messages.findChild(QLabel, "message_text")
    assert said is not None and said.text() == "Underpaint ended unexpectedly last time."
    assert window.messages.isVisible()
