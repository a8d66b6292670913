"""What is asked of a training reaches its run in order, and the pen waits for no disk."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QPushButton

from desktop.support import background
from desktop.training import current, runs
from desktop.training.commands import Commands
from desktop.training.current import TrainingRequest
from desktop.widgets.main_window import MainWindow
from engine.files import lock
from tests.desktop.training_pairs import EDGE, write_pairs
from tests.desktop.window_hands import button, drag, text_of, training_window, until
from trainer.queue.queue_folder import QueueFolder
from trainer.run.options import Options

pytestmark = pytest.mark.usefixtures("no_training_is_left")

LONG = 60.0


class SlowDisk:
    """Notes what is written, and on which thread; answers as soon as it is let go on."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.written = folder, list[str]()
        self.threads: set[threading.Thread] = set()
        self.answers = threading.Event()
        touch, unlink = Path.touch, Path.unlink

        def touched(path: Path) -> None:
            self._note(path, "touched")
            touch(path)

        def unlinked(path: Path, missing_ok: bool = False) -> None:
            self._note(path, "unlinked")
            unlink(path, missing_ok=missing_ok)

        patch.setattr(Path, "touch", touched)
        patch.setattr(Path, "unlink", unlinked)

    def _note(self, path: Path, what: str) -> None:
        if path.parent == self.folder and path.name in ("pause", "stop"):
            self.written.append(f"{path.name} {what}")
            self.threads.add(threading.current_thread())
            if threading.current_thread() is not threading.main_thread():  # which is told of it, not held up
                assert self.answers.wait(20)


@pytest.fixture(autouse=True)
def unasked_at_the_end(window: MainWindow) -> Iterator[None]:
    """The window asks nothing when it is closed."""
    yield
    window.session.training.put_away()


@pytest.fixture
def run(window: MainWindow, tmp_path: Path) -> Path:
    """On show; trained by the machine “studio”."""
    plan = {"name": "houses", "task": "lines", "steps": 100, "batch": 4, "pairs": 12}
    started = {"event": "started", "time": 0.0, "step": 0, "steps": 100, "batch": 4}
    folder = tmp_path / "disk" / "houses"
    (folder / "samples").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(plan))
    (folder / "host").write_text("studio")
    (folder / "events.jsonl").write_text(json.dumps(started) + "\n")
    training_window(window).prepare(folder)
    until(lambda: window.session.training.phase == "running")
    return folder


def tiny(data: Path) -> TrainingRequest:
    return TrainingRequest(
        Options(data, name="houses", steps=1_000_000, size=(EDGE, EDGE), width=4, patch=16)
    )


def test_pause_continue_and_stop_come_in_order_and_the_pen_draws_meanwhile(
    window: MainWindow, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, training = SlowDisk(run, monkeypatch), window.session.training
    training.pause()
    training.go_on()
    training.stop()
    drag(window, (10, 10), (50, 50))
    assert window.session.document.undo_steps == 1
    assert not (run / "stop").exists()
    disk.answers.set()
    until(lambda: training.phase == "stopping")
    assert disk.written == ["pause touched", "pause unlinked", "stop touched"]
    assert threading.main_thread() not in disk.threads
    assert not (run / "pause").exists()


def test_what_was_asked_is_asked_although_another_run_is_shown(
    window: MainWindow, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, training = SlowDisk(run, monkeypatch), window.session.training
    training.pause()
    training.stop()
    training.show(tmp_path)
    training.put_away()
    disk.answers.set()
    until((run / "stop").exists)
    assert (run / "pause").exists()
    assert training.run is None


def test_what_was_asked_last_is_asked_although_the_program_ends(window: MainWindow, run: Path) -> None:
    training = window.session.training
    training.pause()
    training.stop()
    training.leave()
    assert (run / "pause").exists() and (run / "stop").exists()


def test_a_run_out_of_reach_is_told_and_the_window_stays_open(window: MainWindow, run: Path) -> None:
    trainer = window.training.window
    assert trainer is not None
    run.rename(run.with_name("away"))
    trainer.close()
    (stop,) = (it for it in trainer.messages.findChildren(QPushButton) if "Stop" in it.text())
    stop.click()
    until(lambda: "can't be reached" in text_of(trainer.messages))
    assert trainer.isVisible()
    run.with_name("away").rename(run)
    trainer.close()
    (stop,) = (it for it in trainer.messages.findChildren(QPushButton) if "Stop" in it.text())
    stop.click()
    until(lambda: not trainer.isVisible())
    assert (run / "stop").exists()


def test_a_training_that_is_about_to_begin_is_one_that_goes_on(
    window: MainWindow, tmp_path: Path, told: list[str]
) -> None:
    training, data = window.session.training, write_pairs(tmp_path / "houses")
    begun: list[Path | None] = []
    training.start(tiny(data), lambda: begun.append(training.run))
    assert training.goes_on and training.run is None
    training.start(tiny(data))
    assert told == ["A training goes on already; stop it first."]
    training.stop()  # as soon as there is something to be stopped
    until(lambda: begun, LONG)
    assert begun == [training.run] and training.run is not None
    until(lambda: not training.goes_on, LONG)
    assert training.phase in ("failed", "interrupted", "stopped")  # by how far it had come by then
    assert not background.is_running(runs.log_of(training.run))


def test_what_was_begun_is_known_although_another_is_asked_for_at_once(qapp: QApplication) -> None:
    """Both have been tried before anybody is told of the first."""
    parent, begun, told = QObject(), list[Path](), list[str]()
    commands = Commands(parent)
    commands.error_reported.connect(told.append)

    def busy() -> Path:
        raise background.BusyError("It is being trained already.")

    commands.begin(lambda: Path("houses"), begun.append)
    commands.begin(busy, begun.append)
    assert commands.beginning
    commands.finish()
    commands.stop()
    assert begun == [Path("houses")] and told == ["It is being trained already."]
    assert not commands.beginning


def test_whoever_goes_on_twice_is_heard_once(window: MainWindow, run: Path, told: list[str]) -> None:
    training = window.session.training
    with lock.holding(run / "lock") as ours:  # by another process
        assert ours
        training.resume()
        training.train_on(5.0)
        assert told == ["A training goes on already; stop it first."]
        until(lambda: len(told) == 2)
    assert told[1] == "“houses” is being trained already."


def test_a_training_begun_at_the_very_end_is_found_at_the_next_start(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current, "PATIENCE_S", LONG)  # the first of all programs takes long to start
    session = window.session
    session.training.start(tiny(write_pairs(tmp_path / "houses")))
    session.training.leave()
    run = Path(session.settings.training)
    assert run.name == "houses" and background.is_running(runs.log_of(run))


def test_the_queue_is_stopped_away_from_the_pen_and_before_the_program_ends(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = window.session.training_queue
    disk = SlowDisk(QueueFolder().folder, monkeypatch)
    disk.answers.set()
    queue.interrupt()
    queue.leave()
    assert disk.written == ["stop touched"]
    assert threading.main_thread() not in disk.threads
    assert QueueFolder().asked_to_stop()


def test_the_buttons_do_that(window: MainWindow, run: Path) -> None:
    training, trainer = window.session.training, window.training.window
    assert trainer is not None
    for name, phase in (("pause", "paused"), ("go_on", "running"), ("stop", "stopping")):
        button(trainer.watch_page, name).click()
        until(lambda phase=phase: training.phase == phase)  # type: ignore[misc]
