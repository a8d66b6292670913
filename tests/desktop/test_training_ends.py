"""How a training ends: with one of two models, longer than planned, or in the trash."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
import torch
from PySide6.QtWidgets import QComboBox, QPushButton, QSlider, QToolButton, QWidget

from desktop.support import background
from desktop.training import runs
from desktop.training.current import TrainingRequest
from desktop.widgets.main_window import MainWindow
from desktop.widgets.training.window import TrainingWindow
from engine import networks
from engine.data.card import Card
from engine.files import lock
from engine.models import bundle
from tests.desktop.training_pairs import EDGE, write_pairs
from tests.desktop.widgets.parts.test_files import press_in
from tests.desktop.window_hands import button, message, text_of, training_window, until
from trainer.queue.items import new_item
from trainer.queue.queue_folder import QueueFolder
from trainer.run.options import Options

pytestmark = pytest.mark.usefixtures("no_training_is_left")

LONG = 60.0
NETWORK = {"levels": 5, "width": 4, "inputs": 5, "outputs": 3, "norm": "batch", "dropout": True}


@pytest.fixture
def trainer(window: MainWindow) -> TrainingWindow:
    return training_window(window)


def look(step: int, unknown: float, known: float) -> dict:
    return {
        "event": "samples", "step": step, "picture": f"{step:07d}.png", "count": 6, "held_back": 2,
        "l1": unknown, "training_l1": known,
    }  # fmt: skip


STARTED = {"event": "started", "step": 0, "steps": 900, "batch": 4}
OVERFITTING = [
    STARTED,
    *(look(step, unknown, known) for step, unknown, known in ((100, 0.3, 0.3), (200, 0.2, 0.2))),
    *(look(step, 0.25, 0.1) for step in (300, 400, 500)),
    {"event": "model", "step": 500, "file": "model.safetensors"},
    {"event": "health", "step": 500, "verdict": "overfitting", "sentence": "Overfitting since epoch 7."},
]


def tell(folder: Path, *events: dict) -> None:
    with (folder / "events.jsonl").open("a") as journal:
        journal.writelines(json.dumps({"time": 0.0, **event}) + "\n" for event in events)


def make_run(home: Path, name: str, *events: dict, **steps: int) -> Path:
    """A run folder with what it has told, and with models of these steps."""
    folder = home / "runs" / name
    (folder / "samples").mkdir(parents=True)
    plan = {"name": name, "task": "hints", "steps": 900, "batch": 4, "pairs": 8}
    (folder / "config.json").write_text(json.dumps(plan))
    tell(folder, *events)
    for file, step in steps.items():
        torch.manual_seed(step)
        card = Card(
            name=name, kind="unet", network=NETWORK, size=(64, 64), input="sketch", hints=True,
            line_width=1.5, statistics="running", training={"step": step},
        )  # fmt: skip
        bundle.write(folder / f"{file}.safetensors", card, networks.build("unet", **NETWORK).state_dict())
    return folder


# --- two models ---------------------------------------------------------------------------------


def test_stop_here_with_the_best_one(window: MainWindow, trainer: TrainingWindow, home: Path):
    """A training on the command line overfits: seen and stopped from the window, its best model taken."""
    session, training, page = window.session, window.session.training, trainer.watch_page
    folder = make_run(home, "shoes", *OVERFITTING, model=500, best=200)
    which = page.findChild(QComboBox, "which_model")
    with ExitStack() as other_process:
        assert other_process.enter_context(lock.holding(folder / "lock"))
        training.show(folder)
        until(lambda: training.phase == "running")
        assert "Overfitting since epoch 7" in text_of(page)
        assert which.isVisible() and which.currentText() == "the best, step 200"
        assert [which.itemText(row) for row in range(2)] == ["the best, step 200", "the newest, step 500"]
        button(page, "stop_with_best").click()
        until(lambda: training.phase == "stopping")
        assert (folder / "stop").exists()
        tell(folder, {"event": "stopped", "step": 500})
        # It takes a moment until the process is gone, too.
        until(lambda: training.history.last == "stopped")
        tell(folder, {"event": "message", "step": 500, "sentence": "looked at once more"})
        until(lambda: training.history.message == "looked at once more")
        assert training.phase == "stopping"
    until(lambda: training.phase == "stopped")
    assert not button(page, "stop_with_best").isVisible()
    button(page, "paint_with_it").click()
    until(lambda: session.live.card is not None and session.live.card.name == "shoes")
    assert session.live.card.training["step"] == 200
    # The other one is offered, too.
    which.setCurrentIndex(1)
    which.activated.emit(1)
    button(page, "paint_with_it").click()
    until(lambda: session.live.card is not None and session.live.card.training["step"] == 500)


def test_nothing_is_to_be_chosen_while_the_newest_is_the_best(
    window: MainWindow, trainer: TrainingWindow, home: Path
):
    training = window.session.training
    told = [*OVERFITTING[:3], {"event": "model", "step": 200, "file": "model.safetensors"}]
    training.show(make_run(home, "shoes", *told, model=200, best=200))
    until(lambda: training.phase == "interrupted")
    page = trainer.watch_page
    assert training.which == "newest" and training.has_best
    assert not page.findChild(QComboBox, "which_model").isVisible()
    assert not button(page, "stop_with_best").isVisible()
    assert button(page, "paint_with_it").isEnabled()


# --- closing ------------------------------------------------------------------------------------


def answer(bar: QWidget, text: str) -> None:
    (chosen,) = [
        found for found in bar.findChildren(QPushButton) if text in found.text() and found.isVisible()
    ]
    chosen.click()


@pytest.mark.parametrize(("text", "stopped"), [("Let it go on", False), ("Stop it", True)])
def test_whoever_answers_is_not_asked_again(
    window: MainWindow, trainer: TrainingWindow, home: Path, text: str, stopped: bool
):
    """In the training window first, then in the main one."""
    training = window.session.training
    folder = make_run(home, "shoes", *OVERFITTING, model=500, best=200)
    with lock.holding(folder / "lock") as ours:  # a training on the command line
        assert ours
        training.show(folder)
        until(lambda: training.phase == "running")
        for shown in (trainer, window):
            window.messages.put_away()
            shown.close()
            assert shown.isVisible() and "training" in text_of(shown.messages)
            answer(shown.messages, text)
            until(lambda shown=shown: not shown.isVisible())
            assert (folder / "stop").exists() == stopped


@pytest.mark.parametrize("of_the_queue", [False, True])
def test_what_the_queue_waits_for_is_stopped_with_it(
    window: MainWindow, trainer: TrainingWindow, home: Path, of_the_queue: bool
):
    session, queue = window.session, QueueFolder()
    folder = make_run(home, "shoes", *OVERFITTING, model=500)
    item = new_item(Options(home / "houses", name="houses"), 1.0)
    run = folder if of_the_queue else home / "runs" / "houses"
    queue.edit(lambda it: it.added(replace(item, state="training", run=run)))
    with lock.holding(folder / "lock") as ours, lock.holding(queue.running) as worked_off:
        assert ours and worked_off
        session.training.show(folder)
        session.training_queue.look()
        until(lambda: session.training.phase == "running" and session.training_queue.works)
        window.close()
        answer(window.messages, "Stop it")
        until(lambda: not window.isVisible())
        assert queue.asked_to_stop()
        # Its own is saved by the queue, which goes on with it at the next start.
        assert (folder / "stop").exists() != of_the_queue


# --- longer -------------------------------------------------------------------------------------


def test_a_finished_training_is_made_longer(window: MainWindow, trainer: TrainingWindow, tmp_path: Path):
    training, page = window.session.training, trainer.watch_page
    data = write_pairs(tmp_path / "houses")
    training.start(
        TrainingRequest(Options(data, name="houses", steps=12, size=(EDGE, EDGE), width=4, patch=16))
    )
    until(lambda: training.phase == "finished", LONG)
    assert not button(page, "resume").isVisible()
    page.findChild(QSlider, "more").setValue(3)
    button(page, "train_on").click()
    until(lambda: training.phase == "running" and training.history.step > 12, LONG)
    assert training.plan.steps > 1000  # 20 minutes of it
    assert not button(page, "train_on").isVisible()
    button(page, "stop").click()
    until(lambda: training.phase == "stopped", LONG)
    told = training.history
    assert told.model_step == told.step
    assert bundle.read_card(training.run / "model.safetensors").training["step"] == told.step
    assert button(page, "resume").isVisible() and button(page, "train_on").isVisible()


# --- away with it -------------------------------------------------------------------------------


def delete_button(trainer: TrainingWindow, name: str) -> QToolButton:
    trainer.begin_anew()

    def rows() -> list[QWidget]:  # those that were replaced are gone a little later
        return [row for row in trainer.findChildren(QWidget, f"past_{name}") if row.isVisible()]

    until(rows)
    return rows()[0].findChild(QToolButton, "delete")


def test_a_training_goes_to_the_trash(
    window: MainWindow, trainer: TrainingWindow, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "trash").mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "trash"))
    folder = make_run(home, "shoes", STARTED, model=1)
    runs.log_of(folder).write_text("Started.\n")
    make_run(home, "houses", STARTED)
    training = window.session.training
    delete = delete_button(trainer, "shoes")
    (shoes,) = [past for past in training.past if past.folder == folder]
    assert shoes.size >= (folder / "model.safetensors").stat().st_size
    delete.click()
    until(lambda: [past.plan.name for past in training.past] == ["houses"])
    assert sorted(entry.name for entry in (home / "runs").iterdir()) == ["houses"]
    kept = next((tmp_path / "trash").rglob("shoes"))
    assert (kept / "model.safetensors").exists()
    assert not trainer.messages.isVisible()


def test_without_a_trash_it_is_asked_first(
    window: MainWindow, trainer: TrainingWindow, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file" / "no folder"))
    folder = make_run(home, "shoes", STARTED)
    for text, stays in (("Keep", True), ("Delete", False)):
        delete_button(trainer, "shoes").click()
        until(lambda: trainer.messages.isVisible())
        assert "There is no trash for “shoes”" in text_of(trainer.messages)
        assert folder.exists()
        answer(trainer.messages, text)
        until(lambda stays=stays: folder.exists() == stays)
    until(lambda: not window.session.training.past)


def test_what_goes_on_is_not_deleted(window: MainWindow, trainer: TrainingWindow, home: Path):
    folder = make_run(home, "shoes", STARTED)
    delete = delete_button(trainer, "shoes")
    with lock.holding(folder / "lock") as ours:  # by another process, in the meantime
        assert ours
        delete.click()
        until(lambda: trainer.messages.isVisible())
        assert "“shoes” is being trained; stop that first." in text_of(trainer.messages)
        window.session.training.look_back()
        until(lambda: window.session.training.past[0].phase == "running")
        assert not delete_button(trainer, "shoes").isEnabled()
    assert folder.exists()


def test_only_the_users_own_runs_are_deleted(home: Path, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(runs.RunError, match="it stays"):
        runs.delete(tmp_path / "elsewhere", lambda folder: pytest.fail("discarded"))


# --- without its window -------------------------------------------------------------------------


def test_a_training_that_goes_on_is_remembered_and_found_without_its_window(window: MainWindow, home: Path):
    session, training = window.session, window.session.training
    folder = make_run(home, "shoes", STARTED)
    with ExitStack() as other_process:
        assert other_process.enter_context(lock.holding(folder / "lock"))
        training.show(folder)
        until(lambda: training.phase == "running")
        assert session.settings.training == str(folder)
        training.put_away()
        assert session.settings.training == str(folder), "it goes on"
        training.find()
        until(lambda: "“shoes” is still training." in text_of(window.messages))
        assert (training.run, training.phase) == (folder, "running")
        tell(folder, {"event": "stopped", "step": 1})
    until(lambda: training.phase == "stopped")
    assert session.settings.training == ""
    assert window.training.window is None


def test_what_was_trained_is_painted_with_though_its_window_was_never_open(
    window: MainWindow, home: Path, told: list[str]
):
    session, training = window.session, window.session.training
    training.show(make_run(home, "shoes", *OVERFITTING, model=500, best=200))
    until(lambda: training.has_best and training.history.overfits)
    training.take_over()
    until(lambda: session.live.card is not None and session.live.card.name == "shoes")
    assert told[-1] == "This is “shoes” at its best."
    assert session.live.card.training["step"] == 200
    assert window.training.window is None


def test_taken_over_again_it_replaces_its_former_self_and_nothing_else(
    window: MainWindow, home: Path, told: list[str]
):
    """Another model that has come to have its name stays."""
    training = window.session.training
    run = make_run(home, "shoes", *OVERFITTING, model=500, best=200)
    training.show(run)
    until(lambda: training.has_best and training.history.overfits)

    def take_over() -> None:
        told.clear()
        training.take_over()
        until(lambda: bool(told))

    take_over()
    take_over()
    (mine,) = (home / "models").glob("shoes*.safetensors")  # the first one has made room
    strangers = mine.with_name("strangers.safetensors")
    shutil.copyfile(run / "model.safetensors", strangers)
    os.replace(strangers, mine)
    take_over()
    assert mine.read_bytes() == (run / "model.safetensors").read_bytes()
    assert len(list((home / "models").glob("shoes*.safetensors"))) == 2


# --- the window stays where somebody is ---------------------------------------------------------


def test_a_run_that_goes_to_the_trash_takes_no_other_page_away(
    window: MainWindow, trainer: TrainingWindow, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    training, gate = window.session.training, Event()
    folder = make_run(home, "shoes", STARTED)
    training.show(folder)
    until(lambda: training.phase == "interrupted")
    trainer.begin_anew()
    monkeypatch.setattr(runs, "delete", lambda _folder, _discard: gate.wait(LONG))  # it takes a while
    training.delete(folder)
    trainer.prepare(write_pairs(tmp_path / "houses"))
    until(lambda: window.session.dataset_scan.result is not None)
    gate.set()
    until(lambda: training.run is None)
    assert trainer.pages.currentWidget() is trainer.prepare_page
    assert window.session.dataset_scan.result is not None


def test_a_folder_that_is_refused_late_takes_no_other_page_away(
    window: MainWindow, trainer: TrainingWindow, home: Path, tmp_path: Path
):
    folder = make_run(home, "shoes", STARTED)
    trainer.prepare(tmp_path / "nowhere")
    window.session.training.show(folder)
    until(lambda: "nowhere" in text_of(trainer.messages))
    assert trainer.pages.currentWidget() is trainer.watch_page


def test_what_is_offered_for_a_training_is_done_with_it_though_another_is_followed_by_then(
    window: MainWindow, home: Path, monkeypatch: pytest.MonkeyPatch
):
    training = window.session.training
    shoes, cats = (make_run(home, name, STARTED) for name in ("shoes", "cats"))
    window.session.settings.training = str(shoes)
    training.find()
    until(lambda: "“shoes” was interrupted" in message(window))
    training.show(cats)
    started: list[list[str]] = []

    def busy(words: list[str], log: Path) -> None:
        started.append(words)
        raise background.BusyError("It is being trained elsewhere.")

    monkeypatch.setattr(background, "start", busy)
    press_in(window.messages, "Resume")
    until(lambda: started and not training.goes_on)
    assert started[0][:2] == ["resume", str(shoes)]


def test_only_closing_under_the_question_is_an_answer_to_it(
    window: MainWindow, trainer: TrainingWindow, home: Path
):
    training = window.session.training
    folder = make_run(home, "shoes", STARTED)
    with ExitStack() as other_process:
        assert other_process.enter_context(lock.holding(folder / "lock"))
        training.show(folder)
        until(lambda: training.goes_on)
        for which, messages in ((trainer, trainer.messages), (window, window.messages)):
            assert not which.close()
            messages.put_away()
            messages.say("News of something else.")
            assert not which.close(), "it was put away, so it is asked again"
            assert "goes on" in text_of(messages)
        assert trainer.close()
    until(lambda: not training.goes_on)
    window.messages.put_away()
