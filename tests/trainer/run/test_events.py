from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainer.run.events import MOST_HOLES, MOST_LINE, Event, EventLog, EventReader, read


def test_events_come_back_in_order(tmp_path: Path) -> None:
    heard: list[Event] = []
    log = EventLog(tmp_path / "events.jsonl", heard.append)
    log.write("started", 0, steps=5)
    log.write("step", 1, l1=0.5, sentence="“schön”")
    events = read(tmp_path / "events.jsonl")
    assert events == heard
    assert [event["event"] for event in events] == ["started", "step"]
    assert events[1]["step"] == 1
    assert events[1]["sentence"] == "“schön”"
    assert all(isinstance(event["time"], float) for event in events)


def test_each_event_is_one_line_of_json(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.write("message", 3, sentence="two\nlines")
    (line,) = (tmp_path / "events.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["sentence"] == "two\nlines"


def test_torn_last_line_waits_until_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    log = EventLog(file)
    log.write("step", 1)
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:-8])
    reader = EventReader(file)
    assert len(reader.news()) == 1
    assert reader.news() == []
    file.write_bytes(whole + whole)
    assert len(reader.news()) == 1


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"event": 3, "time": 1, "step": 1}',
        b'{"event": "step"}',
        b"[" * 5000,
        b'{"event": "step", "time": 1, "step": 1, "x": "' + b"y" * MOST_LINE + b'"}',
    ],
    ids=range(8),
)
def test_line_that_makes_no_sense_is_passed_over(tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "events.jsonl"
    EventLog(file).write("step", 1)
    with file.open("ab") as more:
        more.write(line + b"\n")
    EventLog(file).write("step", 2)
    assert [event["step"] for event in read(file)] == [1, 2]


def test_what_came_after_a_checkpoint_is_cut(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.write("step", 1)
    place = log.length()
    log.write("step", 2)
    reader = EventReader(tmp_path / "events.jsonl")
    reader.news()
    log.cut(place)
    assert [event["step"] for event in read(tmp_path / "events.jsonl")] == [1]
    log.write("resumed", 1)
    assert [event["event"] for event in reader.news()] != []


def test_no_journal_yet_is_no_news(tmp_path: Path) -> None:
    assert read(tmp_path / "events.jsonl") == []
    log = EventLog(None)
    log.write("step", 1)
    log.cut(0)
    assert log.length() == 0


def test_what_a_disk_in_the_network_has_yet_to_show_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    log, reader = EventLog(file), EventReader(file)
    for step in range(3):
        log.write("step", step)
    whole = file.read_bytes()
    first, second, third = whole.splitlines(keepends=True)
    file.write_bytes(first + bytes(len(second)) + third)
    assert [event["step"] for event in reader.news()] == [0]
    assert reader.news() == []
    file.write_bytes(whole)
    assert [event["step"] for event in reader.news()] == [1, 2]

    # As it was a moment ago, and then as it is.
    file.write_bytes(first + second[:9])
    assert [event["step"] for event in reader.news()] == [0]
    file.write_bytes(whole)
    assert [event["step"] for event in reader.news()] == [1, 2]

    file.unlink()
    assert reader.news() == []
    file.write_bytes(whole)
    assert reader.news() == []


def test_noughts_that_stay_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    EventLog(file).write("step", 1)
    first = file.read_bytes()
    file.write_bytes(bytes(50) + b"\n" + first)
    reader = EventReader(file)
    told = [reader.news() for _ in range(MOST_HOLES + 2)]
    assert [event["step"] for news in told for event in news] == [1]
    assert [event["step"] for event in read(file)] == [1]
