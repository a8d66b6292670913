"""A run that another machine trains, on a disk in the network that does what such disks do."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QPushButton

from desktop.training import runs
from desktop.widgets.main_window import MainWindow
from tests.desktop.window_hands import until

PLAN = {"name": "houses", "task": "lines", "steps": 100, "batch": 4, "pairs": 12}


def line(step: int, event: str = "step") -> str:
    more = {"steps": 100, "batch": 4} if event == "started" else {}
    losses = {"l1": 0.25, "adversarial": 1.0, "discriminator_real": 0.5, "discriminator_fake": 0.5}
    told = {"event": event, "time": 0.0, "step": step, "pictures_per_second": 10.0, **more, **losses}
    return json.dumps(told) + "\n"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Begun by the machine “studio”; no lock of it reaches us."""
    folder = tmp_path / "disk" / "houses"
    (folder / "samples").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(PLAN))
    (folder / "host").write_text("studio")
    (folder / "events.jsonl").write_text(line(0, "started") + line(10))
    return folder


def grow(run: Path, text: str) -> None:
    with (run / "events.jsonl").open("a") as file:
        file.write(text)


def test_what_grows_elsewhere_is_training_by_our_own_clock(run: Path) -> None:
    now = [1000.0]
    look = runs.run_watcher(run, lambda: now[0])
    seen = look()
    assert (seen.phase, seen.host) == ("running", "studio")
    now[0] += runs.QUIET_SECONDS + 1
    assert look().phase == "interrupted"
    text = line(20)
    grow(run, text[:9])
    assert look().events == []
    grow(run, text[9:])
    seen = look()
    assert (seen.phase, [event["step"] for event in seen.events]) == ("running", [20])
    (run / "stop").touch()
    assert look().phase == "stopping"
    grow(run, line(21, "stopped"))
    assert look().phase == "stopped"


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_goes_otherwise_is_waited_out(run: Path, hours: int) -> None:
    elsewhere = time.time() + 3600 * hours
    os.utime(run / "events.jsonl", (elsewhere, elsewhere))
    look = runs.run_watcher(run)
    assert look().phase == "interrupted"  # as far as can be known
    grow(run, line(20))
    os.utime(run / "events.jsonl", (elsewhere, elsewhere))
    assert look().phase == "running"


def test_a_disk_that_is_away_is_waited_for(run: Path) -> None:
    look = runs.run_watcher(run)
    assert not look().away
    disk, away = run.parent, run.parent.with_name("away")
    disk.rename(away)
    for _ in range(2):
        seen = look()
        assert seen.away and (seen.phase, seen.host, seen.events) == ("running", "studio", [])
        assert seen.plan is not None
    disk.mkdir()  # where it was: an empty folder
    assert look().away
    disk.rmdir()
    away.rename(disk)
    grow(run, line(20))
    seen = look()
    assert not seen.away and (seen.phase, [event["step"] for event in seen.events]) == ("running", [20])


def test_our_own_runs_are_known_by_their_lock_alone(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.node", lambda: "studio")
    assert runs.run_watcher(run)().phase == "interrupted"
    (run / "host").write_bytes(b"\x1b[2J" * 10)
    assert runs.trained_on(run) == ""


def test_the_window_follows_through_all_that(window: MainWindow, run: Path) -> None:
    window.training.open()
    trainer, training = window.training.window, window.session.training
    assert trainer is not None
    trainer.prepare(run)  # as where it is dropped
    until(lambda: training.phase == "running" and training.history.step == 10)
    page = trainer.watch_page
    status, stop = page.findChild(QLabel, "training_status"), page.findChild(QPushButton, "stop")
    assert trainer.pages.currentWidget() is page and "on “studio”" in status.text() and stop.isEnabled()
    disk, away = run.parent, run.parent.with_name("away")
    disk.rename(away)
    until(lambda: training.away)
    assert "can't be reached just now" in status.text() and not stop.isEnabled()
    away.rename(disk)
    grow(run, line(20))
    until(lambda: training.history.step == 20 and not training.away)
    assert "step 20 of 100" in status.text() and stop.isEnabled()
    grow(run, line(100, "finished"))
    until(lambda: training.phase == "finished")


def test_the_window_waits_for_no_disk_to_find_what_went_on(
    window: MainWindow, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[threading.Thread] = []
    isdir = os.path.isdir

    def look(path: str | Path) -> bool:
        if str(path) == str(run):
            looked.append(threading.current_thread())
        return isdir(path)

    monkeypatch.setattr(os.path, "isdir", look)
    session = window.session
    session.settings.training = str(run)
    session.training.find()
    until(lambda: session.training.phase == "running")
    assert looked and threading.main_thread() not in looked
    grow(run, line(100, "finished"))  # else the window would ask before it closes
    until(lambda: session.training.phase == "finished")
