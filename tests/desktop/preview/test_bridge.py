"""The engine answers while the window ends: nobody hears it, and nothing breaks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtWidgets import QApplication

from desktop.documents.journal import Journal
from desktop.paint.editing.document import Document
from desktop.preview import bridge
from desktop.preview.bridge import Bridge
from desktop.session import Session
from desktop.support.settings import SettingsFile
from engine.data.messages import Inspect, Reply
from engine.thread.worker import Worker
from tests.desktop.window_hands import until


class Gated:
    """A bridge in two others, as in the session, whose engine holds its first reply back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.begun, self.gate = threading.Event(), threading.Event()
        self.wrong: list[object] = []
        self.heard: list[object] = []
        monkeypatch.setattr(threading, "excepthook", self.wrong.append)
        late = self.late

        class Late(Worker):
            def __init__(self, reply: Callable[[Reply], object]) -> None:
                super().__init__(partial(late, reply))

        monkeypatch.setattr(bridge, "Worker", Late)
        self.outermost = QObject()
        self.bridge = Bridge(QObject(self.outermost))
        self.bridge.replied.connect(self.heard.append)
        self.bridge.send(Inspect(folder / "nothing.pth"))
        assert self.begun.wait(20)

    def late(self, reply: Callable[[Reply], object], said: Reply) -> None:
        """On the engine's thread."""
        self.thread = threading.current_thread()
        self.begun.set()
        assert self.gate.wait(20)
        reply(said)

    def reply(self) -> None:
        self.gate.set()
        self.thread.join(20)
        assert not self.thread.is_alive(), "the engine ends with its bridge"
        QCoreApplication.processEvents()
        assert (self.wrong, self.heard) == ([], [])


@pytest.fixture
def gated(qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Gated:
    return Gated(monkeypatch, tmp_path)


def test_a_reply_after_everything_was_deleted_unasked(gated: Gated) -> None:
    """As where closing was put off, and what was on show ended all the same."""
    gated.outermost.deleteLater()
    QCoreApplication.sendPostedEvents(gated.outermost, QEvent.Type.DeferredDelete)
    gated.reply()


def test_a_reply_while_it_is_stopped(gated: Gated) -> None:
    stopping = threading.Thread(target=gated.bridge.stop)
    stopping.start()
    gated.reply()
    stopping.join(20)
    gated.outermost.deleteLater()
    QCoreApplication.sendPostedEvents(gated.outermost, QEvent.Type.DeferredDelete)


def test_a_reply_in_time_is_heard(gated: Gated) -> None:
    gated.gate.set()
    until(lambda: gated.heard)
    gated.heard.clear()
    gated.bridge.stop()
    gated.reply()


def test_a_journal_goes_on_when_nobody_can_be_told_any_more(
    qapp: QApplication, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has to say wakes the same program; its thread must not end by that."""
    wrong: list[object] = []
    monkeypatch.setattr(threading, "excepthook", wrong.append)
    session = Session(SettingsFile(home / "settings.json"))
    hear = session.guarding.hear
    session.close()
    session.deleteLater()
    QCoreApplication.sendPostedEvents(session, QEvent.Type.DeferredDelete)
    document = Document.new("image", 30, 20)
    journal = Journal(document, "late", hear)
    journal.close(keep=True)  # what waits is written first
    assert wrong == []
