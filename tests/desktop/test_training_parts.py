"""What stands between the trainer and the window, each by itself: tasks, children, history, dataset scan."""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
import weakref
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from desktop.support import background
from desktop.support.task_queue import TaskQueue
from desktop.training import runs
from desktop.training.current import TrainingRequest
from desktop.training.dataset_scan import DatasetScan, fitting_size
from desktop.widgets.training import words
from engine.data.palette import Label, Palette
from engine.data.picture import write_png
from engine.errors import PictureError
from tests.desktop.training_pairs import write_pairs
from tests.desktop.window_hands import until
from trainer.run.history import TrainingHistory
from trainer.run.options import Options

PROGRAM = background.program
"""As it is outside the tests of the window."""

# --- tasks ------------------------------------------------------------------------------------


@pytest.fixture
def tasks(qapp):
    tasks = TaskQueue("test")
    yield tasks
    tasks.stop()


def test_a_task_is_done_elsewhere_and_answered_here(tasks: TaskQueue):
    answers = []
    tasks.do(threading.get_ident, lambda ident: answers.append((ident, threading.get_ident())))
    until(lambda: answers)
    assert answers[0][0] != threading.get_ident() == answers[0][1]


def test_of_a_kind_only_the_newest_task_that_waits_is_done(tasks: TaskQueue):
    begun, gate, answers = threading.Event(), threading.Event(), []

    def wait_at_the_gate() -> bool:
        begun.set()
        return gate.wait()

    tasks.do(wait_at_the_gate, answers.append, "look")
    assert begun.wait(30)
    for number in range(5):
        tasks.do(lambda number=number: number, answers.append, "look")
    tasks.do(lambda: "other", answers.append)
    gate.set()
    until(lambda: len(answers) == 3)
    assert answers == [True, 4, "other"]


def test_a_task_that_fails_is_told_and_the_next_one_done(tasks: TaskQueue):
    told, answers = [], []
    tasks.error_reported.connect(told.append)

    def fail() -> None:
        raise PictureError("The folder is gone; choose another.")

    tasks.do(fail, answers.append)
    tasks.do(lambda: 1, answers.append)
    until(lambda: answers)
    assert (told, answers) == (["The folder is gone; choose another."], [1])


def test_what_is_asked_after_the_end_is_let_go_of(tasks: TaskQueue):
    """Neither done nor kept: a task may hold whole pictures."""
    done: list[str] = []

    def add(name: str) -> Callable[[], None]:
        return lambda: done.append(name)

    tasks.do(add("before"), lambda _: None)
    tasks.finish()
    tasks.stop()
    work = add("after")
    held = weakref.ref(work)
    tasks.do(work, lambda _: None)
    del work
    assert held() is None and done == ["before"]


# --- children -----------------------------------------------------------------------------------


def test_a_child_is_known_by_its_log_as_long_as_it_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = f"import os; print('Hello.', flush=True); open({str(tmp_path / 'go')!r}).read()"
    monkeypatch.setattr(background, "program", lambda: [sys.executable, "-c", program])
    os.mkfifo(tmp_path / "go")
    log = tmp_path / "child.log"
    assert not background.is_running(log)
    background.start([], log)
    until(lambda: background.last_line(log) == "Hello.")
    assert background.is_running(log)
    with pytest.raises(background.BusyError, match=r"“child” is being worked on already"):
        background.start([], log)
    (tmp_path / "go").write_text("")
    until(lambda: not background.is_running(log))


def test_the_child_is_the_program_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    assert PROGRAM() == [sys.executable, "-m", "desktop"]
    monkeypatch.setattr(background, "program", PROGRAM)
    said = background.done(["edges", str(tmp_path / "none.png"), str(tmp_path / "map.png")], lambda: False)
    assert "none.png" in said and "Traceback" not in said
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert PROGRAM() == [sys.executable]


def test_a_crash_is_told_without_a_traceback(tmp_path: Path):
    log = tmp_path / "run.log"
    log.write_text(
        "Started.\nTraceback (most recent call last):\n  File …\nZeroDivisionError: division by zero\n"
    )
    assert background.last_line(log) == f"It ended unexpectedly; “{log}” says more."
    assert background.last_line(tmp_path / "none.log") == ""


# --- history ------------------------------------------------------------------------------------


def step(number: int, **more: float) -> dict:
    return {
        "event": "step", "time": 0.0, "step": number, "pictures_per_second": 10.0, "l1": 1 / number,
        "adversarial": 1.0, "discriminator_real": 0.5, "discriminator_fake": 0.5, **more,
    }  # fmt: skip


def test_a_history_is_what_was_told():
    told = TrainingHistory()
    told.take([{"event": "started", "time": 0.0, "step": 0, "steps": 100, "batch": 4, "pairs": 8}])
    told.take([step(10), step(20)])
    told.take(
        [{"event": "samples", "time": 0.0, "step": 20, "picture": "0000020.png", "count": 3, "l1": 0.2}]
    )
    told.take([{"event": "health", "time": 0.0, "step": 20, "sentence": "Learning."}])
    assert told.times == [10, 20] and told.curves["l1"] == [0.1, 0.05]
    assert [(one.picture, one.count, one.unknown, one.known) for one in told.validations] == [
        ("0000020.png", 3, 0.2, None)
    ]
    assert told.seconds_left == pytest.approx(80 * 4 / 10)
    assert told.health == "Learning." and not told.overfits


def test_the_best_look_is_that_of_unknown_pairs_where_there_are_some():
    told = TrainingHistory()
    looks = ((10, 0.3, 0.3, 2), (20, 0.2, 0.2, 2), (30, 0.25, 0.1, 2))
    for number, unknown, known, held_back in looks:
        told.take(
            [
                {
                    "event": "samples", "time": 0.0, "step": number, "picture": "x.png", "count": 6,
                    "held_back": held_back, "l1": unknown, "training_l1": known,
                }
            ]
        )  # fmt: skip
    told.take([{"event": "model", "time": 0.0, "step": 30, "file": "model.safetensors"}])
    assert (told.best_step, told.model_step) == (20, 30)
    alone = TrainingHistory()
    alone.take(
        [
            {"event": "samples", "time": 0.0, "step": 5, "picture": "x.png", "count": 6, "held_back": 0,
             "l1": 0.4, "training_l1": 0.4}
        ]
    )  # fmt: skip
    assert [(one.unknown, one.known) for one in alone.validations] == [(None, 0.4)] and alone.best_step == 5


def test_what_came_after_the_checkpoint_is_forgotten_when_resumed():
    told = TrainingHistory()
    told.take(
        [{"event": "started", "time": 0.0, "step": 0, "steps": 100, "batch": 4}, step(10), step(20), step(30)]
    )
    told.take([{"event": "resumed", "time": 0.0, "step": 20, "steps": 100, "batch": 4}, step(30, l1=7.0)])
    assert told.times == [10, 20, 30] and told.curves["l1"][-1] == 7.0 and told.last == "resumed"


@pytest.mark.parametrize(
    "event",
    [
        {"event": "step", "step": 5},
        {**step(5), "l1": "much"},
        {**step(5), "adversarial": float("nan")},
        {**step(5), "discriminator_fake": None},
        {"event": "samples", "step": 5, "picture": "x.png", "count": []},
        {"event": "started", "step": 5, "steps": {}, "batch": 1},
        {"event": "unheard of", "step": 5},
    ],
)
def test_an_event_that_makes_no_sense_is_passed_over(event):
    told = TrainingHistory()
    told.take([event, step(10)])
    assert told.times == [10] and {len(values) for values in told.curves.values()} == {1}


# --- run folders --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"name": "x"}', '{"name": 1, "task": "lines", "steps": "x", "batch": 1, "pairs": 1}'],
)
def test_a_damaged_config_is_no_plan(tmp_path: Path, text: str):
    (tmp_path / "config.json").write_text(text)
    assert runs.read_plan(tmp_path) is None


def make_run(home: Path, name: str, *events: dict) -> Path:
    folder = home / "runs" / name
    (folder / "samples").mkdir(parents=True)
    plan = {"name": name, "task": "hints", "steps": 100, "batch": 4, "pairs": 8}
    (folder / "config.json").write_text(json.dumps(plan))
    (folder / "events.jsonl").write_text(
        "".join(json.dumps({"time": 0.0, **event}) + "\n" for event in events)
    )
    return folder


STARTED = {"event": "started", "step": 0, "steps": 100, "batch": 4}


@pytest.mark.parametrize(
    ("events", "phase"),
    [
        ([], "interrupted"),
        ([STARTED, step(10)], "interrupted"),
        ([STARTED, step(10), {"event": "stopped", "step": 10}], "stopped"),
        ([STARTED, step(100), {"event": "finished", "step": 100}], "finished"),
    ],
)
def test_a_run_that_nobody_works_on_says_how_it_ended(home: Path, events: list[dict], phase: str):
    make_run(home, "shoes", *events)
    (home / "runs" / "no run").mkdir()
    (found,) = runs.all_runs()
    assert (found.phase, found.plan.input) == (phase, "sketch")
    assert found.step == (events[-1]["step"] if events else 0)


def test_runs_get_names_of_their_own(home: Path):
    first = runs.free_run_folder("my shoes")
    assert first == home / "runs" / "my shoes"
    first.mkdir(parents=True)
    assert runs.free_run_folder("my shoes").name == "my shoes-2"
    assert runs.free_run_folder("../../etc/passwd").parent == home / "runs"


# --- requests and words -------------------------------------------------------------------------


def test_a_request_becomes_a_command_line(tmp_path: Path):
    parent = str(tmp_path / "m.safetensors")
    options = Options(
        tmp_path, name="shoes", task="hints", swap=True, minutes=10.0, size=(64, 32), width=16, recipe="paper"
    )
    request = TrainingRequest(replace(options, from_model=parent))
    line = request.words(tmp_path / "run", tmp_path / "p.gpl")
    assert line[:2] == ["train", str(tmp_path)] and "--gently" in line and "--swap" in line
    pairs = dict(itertools.pairwise(line))
    assert (pairs["--minutes"], pairs["--size"], pairs["--width"]) == ("10.0", "64x32", "16")
    assert pairs["--from"] == str(tmp_path / "m.safetensors") and "--palette" not in pairs
    assert int(pairs["--threads"]) == max(1, (os.cpu_count() or 2) - 1)
    named = TrainingRequest(Options(tmp_path), Palette("p", (Label("sky", (1, 2, 3)),)))
    assert str(tmp_path / "p.gpl") in named.words(tmp_path / "run", tmp_path / "p.gpl")


def test_times_and_qualities_are_words():
    assert words.duration(45) == "45 s" and words.duration(60 * 100) == "1 h 40 min"
    assert (
        words.ago(30) == "just now" and words.ago(7200) == "2 h ago" and words.ago(86400 * 5) == "5 days ago"
    )
    assert len({words.quality(minutes) for minutes in words.TIMES}) >= 4
    assert words.chosen_time(40) == "about 40 minutes here" and "night" in words.chosen_time(480)


# --- dataset scan -------------------------------------------------------------------------------------


@pytest.fixture
def dataset_scan(qapp):
    dataset_scan = DatasetScan()
    yield dataset_scan
    dataset_scan.leave()


def test_a_folder_is_recognised_and_then_checked(dataset_scan: DatasetScan, tmp_path: Path):
    dataset_scan.look(write_pairs(tmp_path / "houses"))
    until(lambda: dataset_scan.result is not None)
    found = dataset_scan.result
    assert (found.layout, found.task, found.count) == ("two folders", "lines", 12)
    assert found.direction == "“drawn” → “seen”" and found.usable
    a, b = found.shown[0]
    assert (a[..., 0] == a[..., 1]).all() and not (b[..., 0] == b[..., 1]).all()
    until(lambda: dataset_scan.checked == 1.0)
    assert dataset_scan.result.usable


@pytest.mark.parametrize(
    ("sizes", "fitting"),
    [
        ([], (256, 256)),
        ([(32, 32)] * 5, (32, 32)),
        ([(600, 600)] * 5, (256, 256)),
        ([(640, 480)] * 5, (256, 192)),
        ([(480, 640)] * 3 + [(500, 500)], (192, 256)),
        ([(400, 100), (100, 400), (300, 300)], (256, 256)),
        ([(5000, 10)] * 2, (256, 32)),
        ([(7, 5)], (32, 32)),
    ],
)
def test_the_size_suits_the_pictures(sizes: list[tuple[int, int]], fitting: tuple[int, int]):
    assert fitting_size(sizes) == fitting


def test_swapping_changes_the_sides(dataset_scan: DatasetScan, tmp_path: Path):
    folder = write_pairs(tmp_path / "houses")
    dataset_scan.look(folder, swap=True)
    until(lambda: dataset_scan.result is not None)
    assert dataset_scan.result.direction == "“seen” → “drawn”"


def test_pictures_without_partner_stop_a_training(dataset_scan: DatasetScan, tmp_path: Path):
    folder = write_pairs(tmp_path / "houses")
    (folder / "seen" / "3.png").unlink()
    (folder / "drawn" / "5.png").write_bytes(b"no picture")
    dataset_scan.look(folder)
    until(lambda: dataset_scan.checked == 1.0)
    severe = [str(problem) for problem in dataset_scan.result.problems if problem.severe]
    assert any("3.png" in sentence for sentence in severe)
    assert any("5.png" in sentence for sentence in severe)
    assert not dataset_scan.result.usable


def test_label_maps_bring_their_palette(dataset_scan: DatasetScan, tmp_path: Path):
    folder = tmp_path / "maps"
    for side in "AB":
        (folder / side).mkdir(parents=True)
    for number in range(10):
        rng = np.random.default_rng(number)
        labels = np.full((64, 64, 3), (0, 0, 200), np.uint8)
        labels[int(rng.integers(20, 40)) :, :] = (0, 200, 0)
        write_png(folder / "A" / f"{number}.png", labels)
        write_png(folder / "B" / f"{number}.png", rng.integers(0, 256, (64, 64, 3)).astype(np.uint8))
    dataset_scan.look(folder)
    until(lambda: dataset_scan.result is not None)
    assert dataset_scan.result.task == "labels"
    assert {label.colour for label in dataset_scan.result.palette.labels} == {(0, 0, 200), (0, 200, 0)}


def test_a_folder_that_is_gone_is_one_sentence(dataset_scan: DatasetScan, tmp_path: Path):
    told = []
    dataset_scan.error_reported.connect(told.append)
    dataset_scan.look(tmp_path / "gone")
    until(lambda: told)
    assert told == [
        f"“{tmp_path / 'gone'}” does not exist; choose a folder of pictures, or a zip file of one."
    ]
    assert dataset_scan.result is None and not dataset_scan.looking


def test_a_newer_request_ends_the_older(dataset_scan: DatasetScan, tmp_path: Path):
    one, other = write_pairs(tmp_path / "one", 60), write_pairs(tmp_path / "other")
    dataset_scan.look(one)
    dataset_scan.look(other)
    until(lambda: dataset_scan.result is not None)
    assert dataset_scan.result.folder == other
    until(lambda: dataset_scan.checked == 1.0)
    assert dataset_scan.result.folder == other and dataset_scan.result.count == 12


def test_what_is_not_sure_is_asked_and_the_answer_taken(dataset_scan: DatasetScan, tmp_path: Path):
    folder = write_pairs(tmp_path / "houses")
    (folder / "other").mkdir()
    for file in sorted((folder / "seen").iterdir()):
        write_png(folder / "other" / file.name, np.zeros((32, 32, 3), np.uint8))
    dataset_scan.look(folder)
    until(lambda: dataset_scan.result is not None)
    found = dataset_scan.result
    assert found.unsure and "drawn+seen" in found.patterns and "alone" in found.patterns
    dataset_scan.look(folder, pattern="drawn+seen")
    until(lambda: not dataset_scan.looking)
    until(lambda: dataset_scan.checked == 1.0)
    assert dataset_scan.result.direction == "“drawn” → “seen”" and not dataset_scan.result.unsure
    assert not any("left out" in str(problem) for problem in dataset_scan.result.problems)


def test_numbers_of_labels_and_a_zip_file_are_recognised(dataset_scan: DatasetScan, tmp_path: Path):
    from tests.trainer.made_folders import written

    folder = written(tmp_path / "set", "images/{n}.png", "masks/{n}.png", "numbers")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as target:
        for file in sorted(folder.rglob("*.png")):
            target.write(file, file.relative_to(folder))
    dataset_scan.look(tmp_path / "set.zip")
    until(lambda: dataset_scan.result is not None)
    found = dataset_scan.result
    assert (found.task, found.count, found.usable) == ("labels", 6, True)
    assert found.notes and "label maps of numbers" in found.notes[0] and not found.unsure
    until(lambda: dataset_scan.checked == 1.0)
    assert any("only 6 pairs" in str(problem) for problem in dataset_scan.result.problems)


def test_the_way_is_told_to_the_trainer(tmp_path: Path):
    request = TrainingRequest(Options(tmp_path, pair="*+*_mask"))
    words_ = request.words(tmp_path / "run", tmp_path / "palette.gpl")
    assert words_[words_.index("--pair") + 1] == "*+*_mask"
    assert "--pair" not in TrainingRequest(Options(tmp_path)).words(
        tmp_path / "run", tmp_path / "palette.gpl"
    )
