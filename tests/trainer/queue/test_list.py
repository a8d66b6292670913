"""The list of trainings: what it keeps, in which order, through crashes, damage and strangers."""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.faults import Faults, at_work, every_fault
from trainer.queue import results
from trainer.queue.errors import QueueError
from trainer.queue.items import (
    Item,
    Queue,
    new_item,
    options_of_fields,
    options_to_fields,
    queue_of_fields,
    queue_to_fields,
)
from trainer.queue.queue_folder import QueueFolder
from trainer.queue.schedule import Schedule
from trainer.run.options import Options

EVERYTHING = Options(
    data=Path("/photos/sh\udcfcs"),
    task="labels",
    swap=True,
    pair="left+right",
    ignore=((1, 2, 3), (255, 0, 9)),
    name="shoes “2”",
    size=(384, 256),
    width=16,
    minutes=2.5,
    recipe="paper",
    batch=2,
    from_model="bags",
    dropout=False,
    l1=40.0,
    conditional=False,
    flip=True,
    palette=Path("/p.gpl"),
    precision="float32",
)


def listed(*names: str, **values: Any) -> Queue:
    return Queue(tuple(Item(name, Options(Path("/data"), name=name, steps=3), **values) for name in names))


def names(queue: Queue) -> str:
    return " ".join(item.id for item in queue.items)


def test_every_option_comes_back_as_it_was() -> None:
    told = json.loads(json.dumps(options_to_fields(EVERYTHING)))
    assert options_of_fields(told) == EVERYTHING
    assert options_of_fields(told).words() == EVERYTHING.words()
    # What was not chosen is not kept: the usual may become another.
    assert options_to_fields(Options(Path("/data"))) == {"data": "/data"}


def test_a_queue_comes_back_as_it_was(tmp_path: Path) -> None:
    item = Item("1", EVERYTHING, 1.5, "failed", True, tmp_path / "run", "Why.", 2.0, 3.0, 4.5, 2)
    queue = Queue((item, replace(item, id="2", run=None)), Schedule("night", "21:30", "5:00"), on=True)
    folder = QueueFolder(tmp_path / "queue")
    assert folder.edit(lambda _: queue) == queue
    assert QueueFolder(tmp_path / "queue").read() == queue and folder.problem == ""


def test_a_training_is_kept_wherever_it_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.safetensors").touch()
    asked = Options(Path("data"), run=Path("run"), palette=Path("p.gpl"), from_model="m.safetensors")
    item = new_item(asked, 1.0)
    assert item.run == tmp_path / "run" and item.options.data == tmp_path / "data"
    assert item.options.palette == tmp_path / "p.gpl"
    assert item.options.from_model == str(tmp_path / "m.safetensors")
    (tmp_path / "shoes").mkdir()  # photos of some
    assert new_item(replace(asked, from_model="shoes"), 1.0).options.from_model == "shoes"
    (tmp_path / "run" / "config.json").parent.mkdir()
    (tmp_path / "run" / "config.json").touch()
    assert new_item(replace(asked, from_model="run"), 1.0).options.from_model == str(tmp_path / "run")


def test_two_trainings_have_no_run_folder_in_common(tmp_path: Path) -> None:
    """The second would go on with what the first has made, and be done at once."""
    queue = Queue().added(new_item(Options(tmp_path / "a", run=tmp_path / "run"), 1.0))
    with pytest.raises(QueueError, match="another training's in the queue; choose another with --run"):
        queue.added(new_item(Options(tmp_path / "b", run=tmp_path / "run"), 2.0))
    for run in (tmp_path / "other", None, None):
        queue = queue.added(new_item(Options(tmp_path / "b", run=run), 2.0))
    assert len(queue.items) == 4
    done = queue.changed(queue.items[0].id, state="done")
    assert len(done.added(new_item(Options(tmp_path / "a", run=tmp_path / "run"), 3.0)).items) == 5


def test_order_and_turn() -> None:
    queue = listed("a", "b", "c")
    assert names(queue.moved("c", 0)) == "c a b" and names(queue.moved("a", 9)) == "b c a"
    assert names(queue.moved("gone", 1)) == "a b c" and names(queue.without("b")) == "a c"
    assert queue.next() is queue.items[0]
    held = queue.changed("a", held=True)
    assert held.next() is held.items[1]
    cut_off = held.changed("c", state="training")
    assert cut_off.next() is cut_off.items[2]
    ended = listed("a", state="done").items + listed("b", state="failed", sentence="Why.", crashes=3).items
    assert Queue(ended).next() is None
    again = Queue(ended).retried("b")
    assert again.next() == again.items[1] and (again.items[1].sentence, again.items[1].crashes) == ("", 0)


def test_an_item_is_meant_by_its_number_or_its_name() -> None:
    queue = listed("a", "b")
    assert queue.named("2").id == "b" and queue.named("a").id == "a"
    with pytest.raises(QueueError, match="There is no “3” in the queue"):
        queue.named("3")
    twice = Queue((*queue.items, replace(queue.items[0], id="c")))
    with pytest.raises(QueueError, match="“a” is in the queue 2 times; say which by its number"):
        twice.named("a")


@pytest.mark.parametrize(
    ("schedule", "allowed", "not_allowed"),
    [
        (Schedule("night", "22:00", "06:00"), (22 * 60, 0, 359, 23 * 60 + 59), (360, 720, 22 * 60 - 1)),
        (Schedule("night", "1:00", "4:30"), (60, 269), (59, 270, 1439)),
        (Schedule("night", "22:00", "22:00"), (0, 720, 1439), ()),
        (Schedule("now", "22:00", "06:00"), (720,), ()),
        (Schedule("idle", "22:00", "06:00"), (720,), ()),
    ],
)
def test_the_hours_that_a_schedule_allows(
    schedule: Schedule, allowed: tuple[int, ...], not_allowed: tuple[int, ...]
) -> None:
    assert all(schedule.allows(minute) for minute in allowed)
    assert not any(schedule.allows(minute) for minute in not_allowed)


@pytest.mark.parametrize("clock", ["", "24:00", "12:60", "noon", "12", "１２:00", "-1:00"])
def test_what_is_no_time_of_the_day_is_a_sentence(clock: str) -> None:
    with pytest.raises(QueueError, match="is no time of the day; write 22:00"):
        Schedule("night", clock, "06:00")


# --- the file ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"format": 0}',
        '{"format": 1}',
        '{"format": 1, "on": 1, "schedule": {"when": "now"}, "items": []}',
        '{"format": 1, "on": true, "schedule": {"when": "x", "begins": "1:00", "ends": "2:00"}, "items": []}',
        '{"format": 1, "on": true, "schedule": {"when": "now", "begins": 7, "ends": "2:00"}, "items": []}',
        '{"format": 1, "on": true, "schedule": {"when": [], "begins": "", "ends": "2:00"}, "items": []}',
    ],
)
def test_a_damaged_list_is_kept_aside_and_an_empty_one_begins(tmp_path: Path, text: str) -> None:
    folder = QueueFolder(tmp_path)
    folder.file.write_text(text)
    assert folder.read() == Queue()
    (kept,) = tmp_path.glob("*.damaged")
    assert kept.read_text() == text
    assert folder.problem == (
        f"The list of trainings could not be read, and an empty one begins; the old one is kept as “{kept}”."
    )
    folder.edit(lambda queue: listed("b"))
    assert names(QueueFolder(tmp_path).read()) == "b"


@pytest.mark.parametrize(
    "spoilt",
    [
        {"state": "flying"},
        {"state": []},
        {"held": 1},
        {"added": "yesterday"},
        {"ended": float("nan")},
        {"worked": 10**400},
        {"crashes": -1},
        {"run": 7},
        {"run": "a\0b"},
        {"id": None},
        {"options": None},
        {"options": {"steps": 3}},
        {"options": {"data": "/data", "command": "rm"}},
        {"options": {"data": "/data", "steps": "3"}},
        {"options": {"data": "/data", "steps": True}},
        {"options": {"data": "/data", "steps": -3}},
        {"options": {"data": "/data", "steps": 3, "minutes": 3}},
        {"options": {"data": "/data", "minutes": 10**400}},
        {"options": {"data": "/data", "size": [3, 4]}},
        {"options": {"data": "/data", "size": "x"}},
        {"options": {"data": "/data", "ignore": "1,2,3"}},
        {"options": {"data": "/data", "task": "painting"}},
    ],
)
def test_a_training_that_cant_be_read_is_marked_and_the_others_go_on(
    tmp_path: Path, spoilt: dict[str, Any]
) -> None:
    folder = QueueFolder(tmp_path)
    told: dict[str, Any] = {"format": 1, **queue_to_fields(listed("a", "b", "c"))}
    told["items"][1] |= spoilt
    folder.file.write_text(json.dumps(told))
    before, marked, after = folder.read().items
    assert (before, after) == listed("a", "c").items and folder.read().next() == before
    assert marked.state == "failed" and not marked.waits
    assert marked.sentence.startswith("It can't be read, as ")
    assert marked.sentence.endswith("; remove it, and add it anew.")
    assert folder.problem == "" and not list(tmp_path.glob("*.damaged"))

    # Whatever is done to the list, it stays as it was written, until it is removed.
    raw = json.loads(json.dumps(told["items"][1]))
    queue = folder.edit(lambda queue: queue.moved("c", 0).retried(marked.id).changed(marked.id, held=True))
    assert names(queue) == f"c a {marked.id}" and QueueFolder(tmp_path).read() == queue
    kept = json.loads(folder.file.read_text())["items"][2]
    assert json.dumps(kept) == json.dumps(raw)
    assert names(folder.edit(lambda queue: queue.without(marked.id))) == "c a"


def test_what_is_wrong_with_a_training_is_said(tmp_path: Path) -> None:
    folder = QueueFolder(tmp_path)
    told: dict[str, Any] = {"format": 1, **queue_to_fields(listed("a", "b", "c", "d"))}
    told["items"][0]["options"] |= {"command": "rm"}
    told["items"][1]["options"] |= {"steps": "3"}
    told["items"][2]["options"] |= {"minutes": 3.0}
    told["items"][3]["id"] = "c"
    folder.file.write_text(json.dumps(told))
    reasons = [item.sentence.partition("; ")[0].partition(", as ")[2] for item in folder.read().items]
    assert reasons[0] == "this version knows no option “command”"
    assert reasons[1] == "its option “steps” makes no sense"
    assert reasons[2].startswith("its options make no sense: ")
    assert [item.name for item in folder.read().items] == ["a", "b", "c", "d"]
    told["items"][2]["options"].pop("minutes")
    folder.file.write_text(json.dumps(told))
    _, _, fine, twice = folder.read().items
    folder.file.write_text(json.dumps(told | {"items": [told["items"][0]] * 3 + ["?", 7, None, 7]}))
    queue = folder.read()
    assert len({item.id for item in queue.items}) == 7 and not any(item.waits for item in queue.items)
    folder.edit(lambda queue: replace(queue, on=True))
    assert json.loads(folder.file.read_text())["items"] == [told["items"][0]] * 3 + ["?", 7, None, 7]
    assert fine.waits and twice.sentence.startswith("It can't be read, as another one has the same sign;")


@pytest.mark.parametrize("when", [1e300, 1e15, -1.0])
@pytest.mark.parametrize("what", ["added", "began", "ended"])
def test_a_time_that_no_clock_shows_is_said(tmp_path: Path, what: str, when: float) -> None:
    folder = QueueFolder(tmp_path)
    told: dict[str, Any] = {"format": 1, **queue_to_fields(listed("a", state="done"))}
    told["items"][0][what] = when
    folder.file.write_text(json.dumps(told))
    (item,) = folder.read().items
    assert item.state == "failed" and "as a time makes no sense" in item.sentence


def test_a_list_too_large_to_be_one_is_not_read(tmp_path: Path) -> None:
    folder = QueueFolder(tmp_path)
    with folder.file.open("wb") as file:
        file.truncate(1 << 33)
    assert folder.read() == Queue() and "kept as" in folder.problem


def test_no_list_is_written_that_would_be_too_large_to_be_read(tmp_path: Path) -> None:
    """What can't be read may take more room when it is written again."""
    folder = QueueFolder(tmp_path)
    told: dict[str, Any] = {"format": 1, **queue_to_fields(listed("a"))}
    told["items"].append({"state": [1] * (1 << 21)})
    folder.file.write_text(json.dumps(told, separators=(",", ":")))
    first, large = folder.read().items
    with pytest.raises(QueueError, match="“unread” takes more room than the queue has; remove it"):
        folder.edit(lambda queue: queue.changed(first.id, held=True))
    assert folder.read().items == (first, large) and folder.problem == ""
    assert folder.edit(lambda queue: queue.without(large.id)).items == (first,)


def test_a_newer_list_is_left_alone(tmp_path: Path) -> None:
    folder = QueueFolder(tmp_path)
    folder.file.write_text('{"format": 2}')
    for use in (folder.read, lambda: folder.edit(lambda _: listed("a"))):
        with pytest.raises(QueueError, match="was written by a newer version of Underpaint"):
            use()
    assert folder.file.read_text() == '{"format": 2}'


def test_whatever_goes_wrong_in_writing_the_old_list_or_the_new_one_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Power cuts, full disks, and disks that take only half of what they are given."""
    old, new = listed("a", "b"), listed("b", "a", "c")

    def tried(place: Path, kind: str = "", at: int = -1) -> list[str]:
        folder = QueueFolder(place)
        folder.edit(lambda _: old)
        with at_work(monkeypatch, Faults(place, kind, at)) as faults, suppress(QueueError):
            folder.edit(lambda _: new)
        fresh = QueueFolder(place)
        assert fresh.read() in (old, new) and fresh.problem == ""
        fresh.edit(lambda _: new)  # and it can be changed again
        assert QueueFolder(place).read() == new
        return faults.done

    done = tried(tmp_path / "fine")
    assert {"write", "replace"} <= {*done}
    for number, (kind, at) in enumerate(every_fault(done)):
        tried(tmp_path / str(number), kind, at)


def test_a_clock_that_was_set_back_leaves_nobody_painting(tmp_path: Path) -> None:
    folder = QueueFolder(tmp_path)
    folder.note_painting()
    now = time.time()
    for ahead, since in ((86400, float("inf")), (30, 0.0)):
        os.utime(folder.painted, (now + ahead, now + ahead))
        assert folder.seconds_since_painting() == since
    os.utime(folder.painted, (now - 50, now - 50))
    assert 50 <= folder.seconds_since_painting() < float("inf")


def test_two_who_change_it_at_once_both_get_their_way(tmp_path: Path) -> None:
    def add(first: int) -> None:
        for number in range(first, 20, 2):
            QueueFolder(tmp_path).edit(lambda queue, number=number: queue.added(listed(str(number)).items[0]))

    threads = [threading.Thread(target=add, args=(first,)) for first in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {item.id for item in QueueFolder(tmp_path).read().items} == {str(number) for number in range(20)}


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "queue").write_text("a file where the folder should be")
    with pytest.raises(QueueError, match="The queue can't be written"):
        QueueFolder(tmp_path / "queue").edit(lambda _: listed("a"))


def test_json_and_back_is_the_same_for_a_whole_queue() -> None:
    queue = listed("a", "b")
    assert queue_of_fields(json.loads(json.dumps(queue_to_fields(queue)))) == queue


def test_the_page_says_the_day_where_it_is_not_todays() -> None:
    now = datetime(2026, 3, 4, 15, 0)
    texts = []
    for ended in (now - timedelta(hours=2), now - timedelta(hours=30)):
        item = replace(new_item(Options(Path("shoes"), steps=1), 1.0), state="done", ended=ended.timestamp())
        texts.append(results.page([results.Result(item)], Queue((item,)), now.timestamp()))
    assert "<p>Done at 13:00</p>" in texts[0] and "<p>Done at 09:00 on 03 March</p>" in texts[1]
