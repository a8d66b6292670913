"""The queue at work, on trainings that take seconds; each is a real process."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.files import lock
from tests import warm
from tests.trainer.made_pictures import save, thing
from tests.trainer.small_runs import things
from trainer.machine import at_work
from trainer.queue import results, runner, work
from trainer.queue.errors import QueueError
from trainer.queue.items import Item, Queue, new_item
from trainer.queue.queue_folder import QueueFolder, Status
from trainer.queue.runner import Runner
from trainer.queue.schedule import Schedule
from trainer.run import events
from trainer.run.locations import free_run_folder
from trainer.run.options import Options

LONG = 120.0
"""Seconds within which a training has certainly begun, beside whatever else the machine does."""


@pytest.fixture
def warmed_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings are forked from a process that has torch, not begun anew."""
    monkeypatch.setattr(work, "program", lambda: warm.command("-m", "trainer"))


@pytest.fixture
def folder(home: Path) -> Iterator[QueueFolder]:
    """The queue of an empty home; whatever a test leaves at work ends with it."""
    yield QueueFolder()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has just ended
            if "trainer" in process.cmdline():
                process.kill()
                process.wait()


def wanted(data: Path, **options: object) -> Options:
    usual: dict[str, object] = {
        "width": 4, "size": (32, 32), "patch": 16, "steps": 3, "batch": 2, "precision": "float32",
        "device": "cpu", "log_every": 1, "edges": 0.0, "perceptual": 0.0, "threads": 1, "validation": 0.3,
    }  # fmt: skip
    return Options(data, **{**usual, **options})  # type: ignore[arg-type]


def until(true: Callable[[], object]) -> None:
    """Look again and again; the runner and the training write files, and nothing else tells of them."""
    deadline, tick = time.monotonic() + LONG, threading.Event()
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        tick.wait(0.02)


@contextmanager
def working_off(folder: QueueFolder, said: list[str], **how: Any) -> Iterator[Runner]:
    """A runner on a thread, stopped at the end of the block."""
    runner = Runner(folder, said.append, **how)
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield runner
    finally:
        runner.stop()
        thread.join()


def only(folder: QueueFolder) -> Item:
    (item,) = folder.read().items
    return item


def told(item: Item) -> list[str]:
    return [event["event"] for event in events.read(item.run / "events.jsonl")] if item.run else []


@pytest.mark.usefixtures("warmed_programs")
def test_one_after_the_other_and_on_after_a_failure(folder: QueueFolder, tmp_path: Path, home: Path) -> None:
    data = things(tmp_path / "data").folder
    queue = Queue()
    for options in (
        wanted(data, size=(16, 16), name="too small"),
        wanted(data, name="never"),
        wanted(data, name="<b>fine</b>"),
    ):
        queue = queue.added(new_item(options, time.time()))
    queue = queue.changed(queue.items[1].id, held=True)
    folder.edit(lambda _: queue)
    said: list[str] = []
    Runner(folder, said.append).run()

    failed, held, done = folder.read().items
    assert (failed.state, held.state, done.state) == ("failed", "waiting", "done")
    assert "the size must lie between 32 and 2048" in failed.sentence and held.run is None
    assert done.run is not None and (done.run / "model.safetensors").is_file()
    assert done.run.parent == home / "runs" and done.worked > 0 and done.ended >= done.began > 0
    assert any(sentence.startswith("“too small” has failed: ") for sentence in said)
    assert not folder.is_worked_off() and at_work.others() == []

    # The day's page has both, with samples of the one that has some.
    good, bad = results.results(folder.read(), since=failed.began - 1)
    assert (good.item.id, bad.item.id) == (done.id, failed.id)
    assert set(good.rows) == {"inputs", "made", "targets"} and good.step == good.steps == 3 and good.count
    assert results.results(folder.read(), since=done.ended + 1) == []
    results.write_page(tmp_path / "page.html", [good, bad], folder.read(), time.time())
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("data:image/png;base64,") == 3 and "1 done, 1 failed, 1 still in the queue." in page
    assert "&lt;b&gt;fine&lt;/b&gt;" in page and "<b>" not in page and "the size must lie between" in page


def test_a_run_that_somebody_else_made_meanwhile_is_not_gone_on_with(
    folder: QueueFolder, tmp_path: Path
) -> None:
    item = new_item(wanted(tmp_path, run=tmp_path / "run"), time.time())
    folder.edit(lambda queue: queue.added(item))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    for _ in range(2):  # nor when it is retried
        Runner(folder, lambda _: None).run()
        failed = only(folder)
        assert failed.state == "failed" and "run” exists already" in failed.sentence
        folder.edit(lambda queue: queue.retried(item.id))


def test_kill_pause_yield_stop_and_on_again(
    folder: QueueFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One long training lives through everything that may come in its way, and loses no checkpoint."""
    data = things(tmp_path / "data").folder
    options = wanted(data, name="long", steps=1_000_000, checkpoint_every=2)
    folder.edit(lambda queue: queue.added(new_item(options, time.time())))
    said: list[str] = []
    with working_off(folder, said):
        until(lambda: told(only(folder)).count("step") > 5)
        run = only(folder).run
        assert run is not None
        status = folder.status()
        assert (status.id, status.reason) == (only(folder).id, "")
        with pytest.raises(QueueError, match="is being worked off already"):
            Runner(folder, said.append).run()

        # Killed with -9: gone on with from its checkpoint.
        (child,) = [
            one
            for one in psutil.Process().children()
            if one.status() != psutil.STATUS_ZOMBIE and str(run) in one.cmdline()
        ]
        # That was one as users start it; those that follow are forked.
        monkeypatch.setattr(work, "program", lambda: warm.command("-m", "trainer"))
        child.kill()
        until(lambda: "resumed" in told(only(folder)))
        assert only(folder).crashes == 1

        # Somebody paints: it waits, in memory; then goes on.
        until(lambda: told(only(folder))[-1] == "step")
        folder.note_painting()
        until(lambda: told(only(folder))[-1] == "paused")
        assert folder.status().reason == "painting"
        os.utime(folder.painted, (1, 1))
        until(lambda: "continued" in told(only(folder)))

        # Another training begins: this one saves and ends, and goes on when that is over.
        with at_work.noted(tmp_path / "single"):
            until(lambda: folder.status().reason == "other" and only(folder).state == "waiting")
            assert not lock.is_held(run / "lock")
        until(lambda: told(only(folder)).count("resumed") == 2)
        until(lambda: told(only(folder))[-1] == "step")

        # Outside its hours it does the same.
        folder.edit(lambda queue: replace(queue, schedule=never()))
        until(lambda: folder.status().reason == "night" and only(folder).state == "waiting")
        folder.edit(lambda queue: replace(queue, schedule=Schedule()))
        until(lambda: told(only(folder)).count("resumed") == 3)
        until(lambda: told(only(folder))[-1] == "step")
        folder.ask_to_stop()
        until(lambda: not folder.is_worked_off())
    item = only(folder)
    assert (item.state, item.held) == ("training", False) and told(item)[-1] == "stopped"
    assert any("is saved, and goes on when the queue does" in sentence for sentence in said)

    # The next runner goes on; a training that its user stops waits for its user.
    with working_off(folder, said):
        until(lambda: told(only(folder)).count("resumed") == 4 and told(only(folder))[-1] == "step")
        (run / "stop").touch()
        until(lambda: only(folder).held)
    assert only(folder).state == "waiting" and told(only(folder))[-1] == "stopped"


@pytest.mark.usefixtures("warmed_programs")
def test_a_training_whose_data_set_grew_goes_on_from_its_model(folder: QueueFolder, tmp_path: Path) -> None:
    data = things(tmp_path / "data").folder
    options = wanted(data, name="grown", steps=1_000_000, checkpoint_every=2)
    folder.edit(lambda queue: queue.added(new_item(options, time.time())))
    said: list[str] = []
    with working_off(folder, said):
        until(lambda: only(folder).run and (only(folder).run / "model.safetensors").exists())
        until(lambda: told(only(folder))[-1] == "step")
    before = only(folder)
    assert before.run is not None and before.state == "training"
    kept = {file.name: file.stat().st_mtime_ns for file in before.run.glob("*.safetensors")}
    save(thing(77, 40), data / "77.png")
    with working_off(folder, said):
        until(lambda: only(folder).run not in (None, before.run) and "step" in told(only(folder)))
        assert only(folder).options.from_model == str(before.run / "model.safetensors")
        assert 0 < (only(folder).options.steps or 0) < 1_000_000
    assert only(folder).sentence == (
        "The data set is not as it was begun with: it goes on from its model, as a new training; "
        f"what there was stays in “{before.run}”."
    )
    assert f"“grown”: {only(folder).sentence}" in said
    assert {file.name: file.stat().st_mtime_ns for file in before.run.glob("*.safetensors")} == kept


def test_one_that_was_paused_meanwhile_stays_paused_when_its_data_set_changed(
    folder: QueueFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others changed in the list while it was begun holds."""
    run = tmp_path / "run"
    run.mkdir()
    item = replace(new_item(Options(tmp_path, name="paused"), 1.0), run=run, state="training")
    folder.edit(lambda queue: queue.added(item))
    begun = []

    class Refused(work.Work):
        @property
        def alive(self) -> bool:
            return False

        def outcome(self) -> work.Outcome:
            return work.Outcome("changed", "The files are not those.")

    def begin(item: Item, place: Path) -> work.Work:
        begun.append(place)
        if len(begun) > 1:
            raise OSError("once is enough")
        folder.edit(lambda queue: queue.changed(item.id, held=True))
        return Refused(place)

    monkeypatch.setattr(runner, "begin", begin)
    Runner(folder, lambda _: None).run()
    assert begun == [run]
    assert only(folder).held and only(folder).run is None and only(folder).state == "waiting"


def test_before_there_is_a_model_it_begins_again(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    item = replace(new_item(Options(Path("/data"), epochs=3.0), 1.0), run=run, state="training", crashes=2)
    again = work.anew(item)
    assert (again.options, again.run, again.state, again.crashes) == (item.options, None, "waiting", 0)
    assert "it begins again, as there was no model yet" in again.sentence
    (run / "model.safetensors").touch()
    (run / "events.jsonl").write_text(
        '{"time": 1, "event": "started", "step": 0, "steps": 100, "batch": 1}\n'
        '{"time": 2, "event": "model", "step": 75}\n{"time": 3, "event": "stopped", "step": 77}\n'
    )
    again = work.anew(item)
    assert (again.options.epochs, again.options.steps) == (None, 25)
    assert again.options.from_model == str(run / "model.safetensors")
    again = work.anew(replace(item, options=replace(item.options, epochs=None, minutes=40.0)))
    assert (again.options.minutes, again.options.steps) == (10.0, None)


def test_begun_again_a_discriminator_is_not_ahead_by_all_steps_that_are_left(tmp_path: Path) -> None:
    """The training would be refused, and the item fail."""
    run = tmp_path / "run"
    run.mkdir()
    (run / "model.safetensors").touch()
    (run / "events.jsonl").write_text(
        '{"time": 1, "event": "started", "step": 0, "steps": 100, "batch": 1}\n'
        '{"time": 2, "event": "model", "step": 75}\n{"time": 3, "event": "stopped", "step": 77}\n'
    )
    for wanted_steps, some in ((30, 24), (25, 24), (20, 20), (None, None)):
        options = Options(Path("/data"), steps=100, discriminator_first=wanted_steps)
        item = replace(new_item(options, 1.0), run=run, state="training")
        assert work.anew(item).options.discriminator_first == some


@pytest.mark.usefixtures("warmed_programs")
def test_a_night_by_the_clock_on_the_wall(folder: QueueFolder, tmp_path: Path) -> None:
    """It begins when the night does, saves at its end, goes on in the next; it ends when it was told to."""
    data = things(tmp_path / "data").folder
    options = wanted(data, name="night", steps=1_000_000, checkpoint_every=2)
    folder.edit(lambda queue: queue.added(new_item(options, time.time())))
    folder.edit(lambda queue: replace(queue, schedule=Schedule("night", "22:00", "06:00")))
    now = [datetime(2026, 3, 1, 21, 59)]
    said: list[str] = []
    with working_off(folder, said, until="07:30", clock=lambda: now[0]):
        until(lambda: folder.status().reason == "night")
        assert only(folder).state == "waiting" and only(folder).run is None
        now[0] = datetime(2026, 3, 1, 22, 0)
        until(lambda: told(only(folder)).count("step") > 2)
        now[0] = datetime(2026, 3, 2, 5, 59, 59)
        assert folder.status().reason == ""
        now[0] = datetime(2026, 3, 2, 6, 0)
        until(lambda: folder.status().reason == "night" and only(folder).state == "waiting")
        assert told(only(folder))[-1] == "stopped"
        assert said[-1] == "waiting for the hours that were chosen"
        now[0] = datetime(2026, 3, 2, 7, 30)  # the day that it was begun before
        until(lambda: not folder.is_worked_off())
    assert (only(folder).state, only(folder).held) == ("waiting", False)
    now[0] = datetime(2026, 3, 3, 0, 30)
    with working_off(folder, said, clock=lambda: now[0]):
        until(lambda: "resumed" in told(only(folder)) and told(only(folder))[-1] == "step")


def never() -> Schedule:
    """Hours of a night that is twelve hours away."""
    hour = (time.localtime().tm_hour + 12) % 24
    return Schedule("night", f"{hour}:00", f"{hour}:01")


@pytest.mark.usefixtures("warmed_programs")
def test_an_orphan_that_was_paused_for_the_pen_goes_on_with_the_next_runner(
    folder: QueueFolder, tmp_path: Path
) -> None:
    """The pause was the killed runner's, so it ends; one that the user wanted would stay."""
    data = things(tmp_path / "data").folder
    options = wanted(data, name="orphan", steps=1_000_000, checkpoint_every=2)
    item = new_item(options, time.time())
    begun = work.begin(item, free_run_folder("orphan"))
    until(lambda: begun.begun)
    begun.pause()
    folder.edit(lambda queue: queue.added(replace(item, state="training", run=begun.run.folder, worked=7.0)))
    folder.write_status(Status(item.id, "painting"))
    said: list[str] = []
    with working_off(folder, said):
        until(lambda: not (begun.run.folder / "pause").exists())
        until(lambda: told(only(folder)).count("step") > 2)
        begun.run.ask("stop")  # as a user does
        until(lambda: begun.outcome().kind == "stopped" if not begun.alive else False)
        until(lambda: only(folder).held)
    assert only(folder).worked > 7.0


@pytest.mark.usefixtures("warmed_programs")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system forks no process")
def test_a_training_that_outlived_its_killed_runner_is_found_and_followed(
    folder: QueueFolder, tmp_path: Path
) -> None:
    data = things(tmp_path / "data").folder
    options = wanted(data, name="orphan", steps=1_000_000, checkpoint_every=2)
    folder.edit(lambda queue: queue.added(new_item(options, time.time())))
    pid = os.fork()
    if pid == 0:  # a runner in a process of its own
        Runner(QueueFolder(), lambda _: None).run()
        os._exit(0)
    until(lambda: told(only(folder)).count("step") > 3)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert not folder.is_worked_off() and only(folder).state == "training"
    run = only(folder).run
    assert run is not None and lock.is_held(run / "lock")
    said: list[str] = []
    with working_off(folder, said):
        until(lambda: folder.status().id == only(folder).id)
        folder.edit(lambda queue: queue.changed(only(folder).id, held=True))
        until(lambda: not lock.is_held(run / "lock"))
        until(lambda: only(folder).state == "waiting")
    assert told(only(folder)).count("started") == 1 and told(only(folder))[-1] == "stopped"
