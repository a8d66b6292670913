from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from engine.data.messages import (
    Import,
    Inspect,
    OpenModel,
    Picture,
    ReadStyle,
    Request,
    Ticket,
    Translate,
    TryOut,
    Vary,
)
from engine.data.rect import EMPTY, Rect
from engine.thread.mailbox import Mailbox

PICTURE = Picture(pixels=np.zeros((4, 4, 3), np.uint8))


def translate(revision: int, dirty: Rect | None = EMPTY, generation: int = 1, size=(4, 4)) -> Translate:
    return Translate(Ticket(generation, revision), PICTURE, size, dirty)


def vary(revision: int = 1) -> Vary:
    return Vary(Ticket(1, revision), PICTURE, None, (1, 2))


def test_the_newest_of_a_kind_wins() -> None:
    mailbox = Mailbox()
    for revision in range(50):
        mailbox.put(translate(revision))
    mailbox.put(vary())
    assert mailbox.take().ticket.revision == 49
    assert isinstance(mailbox.take(), Vary)
    assert mailbox.take_translate() is None


def test_models_come_before_passes_and_passes_before_files() -> None:
    requests: list[Request] = [
        OpenModel(1, Path("a")),
        translate(1),
        ReadStyle(Path("e")),
        vary(),
        Inspect(Path("b")),
        Import(Path("b"), "b", "image", None, Path("c")),
        TryOut(Path("d"), PICTURE, None),
    ]
    mailbox = Mailbox()
    for request in reversed(requests):
        mailbox.put(request)
    assert [mailbox.take() for _ in requests] == requests


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        (translate(1, Rect(0, 0, 2, 2)), translate(2, Rect(3, 3, 1, 1)), Rect(0, 0, 4, 4)),
        (translate(1, Rect(0, 0, 2, 2)), translate(2, EMPTY), Rect(0, 0, 2, 2)),
        (translate(1, None), translate(2, Rect(3, 3, 1, 1)), None),
        (translate(1, Rect(0, 0, 2, 2)), translate(2, None), None),
        (translate(1, Rect(0, 0, 2, 2)), translate(2, Rect(3, 3, 1, 1), generation=2), None),
        (translate(1, Rect(0, 0, 2, 2)), translate(2, Rect(3, 3, 1, 1), size=(8, 8)), None),
    ],
)
def test_dirty_rectangles_of_an_unread_request_are_not_lost(first, second, wanted) -> None:
    mailbox = Mailbox()
    mailbox.put(first)
    mailbox.put(second)
    taken = mailbox.take()
    assert taken.ticket == second.ticket
    assert taken.dirty == wanted
    mailbox.put(second)
    assert mailbox.take() == second  # what was read is not united again


def test_what_supersedes_what() -> None:
    mailbox = Mailbox()
    running = vary(1)
    assert not mailbox.superseded(running)
    mailbox.put(translate(1))
    assert not mailbox.superseded(running)
    mailbox.put(vary(2))
    assert mailbox.superseded(running)
    mailbox.take()
    mailbox.take()
    assert not mailbox.superseded(running)
    mailbox.put(OpenModel(2, Path("a")))
    assert mailbox.superseded(running)


def test_what_is_postponed_waits_again_but_not_in_place_of_a_newer_one() -> None:
    mailbox = Mailbox()
    first, second = TryOut(Path("a"), PICTURE, None), TryOut(Path("b"), PICTURE, None)
    mailbox.put(first)
    mailbox.postpone(mailbox.take())
    assert mailbox.take() is first
    mailbox.put(second)
    mailbox.postpone(first)
    assert mailbox.take() is second
    assert mailbox.rests(0.0)


def test_taking_waits_and_closing_ends_it() -> None:
    mailbox = Mailbox()
    taken: list[object] = []
    done = threading.Event()

    def reader() -> None:
        while (request := mailbox.take()) is not None:
            taken.append(request)
        done.set()

    thread = threading.Thread(target=reader)
    thread.start()
    mailbox.put(vary())
    mailbox.close()
    assert done.wait(10)
    thread.join()
    assert len(taken) <= 1
    assert mailbox.take() is None
    assert mailbox.superseded(vary())


def test_resting_is_when_nothing_arrives() -> None:
    mailbox = Mailbox()
    assert mailbox.rests(0.0)
    mailbox.put(vary())
    assert not mailbox.rests(1000.0)
    mailbox.take()
    mailbox.close()
    assert not mailbox.rests(1000.0)
