"""Previews made in parts on the engine thread, and the exact ones that follow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.data.messages import (
    Failed,
    Inspect,
    ModelOpened,
    OpenModel,
    Picture,
    Ticket,
    Translate,
    Translated,
    Vary,
)
from engine.data.rect import Rect
from engine.models import bundle
from engine.passes.generator import Generator
from engine.passes.incremental import Incremental
from engine.thread import pacing, worker
from engine.thread.mailbox import Mailbox
from tests.engine.desk import Desk, Gate


@pytest.fixture
def slow(monkeypatch) -> None:
    """Every model counts as slow, so that previews are made in parts; the pen rests at once."""
    monkeypatch.setattr(pacing, "QUICK_S", -1.0)
    monkeypatch.setattr(worker, "REST_S", 0.01)


def painted(count: int) -> Picture:
    """Noise with so many squares in it, each in its own place."""
    pixels = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    for place in range(count):
        pixels[square(place).rows, square(place).columns] ^= 255
    return Picture(pixels=pixels)


def square(place: int) -> Rect:
    return Rect(8 * (place % 11), 8 * (place // 11), 6, 6)


def edit(revision: int, dirty: Rect | None, generation: int = 1) -> Translate:
    return Translate(Ticket(generation, revision), painted(revision), (96, 96), dirty)


def exact(file: Path, revision: int) -> np.ndarray:
    """By a generator of its own."""
    return Generator(*bundle.read(file), device="cpu", precision="float32")(painted(revision).pixels)


def test_a_preview_in_parts_is_followed_by_the_exact_one(desk: Desk, tiny_file, slow) -> None:
    desk.opened(tiny_file())
    first = desk.ask(edit(0, None))
    assert first.settled and (first.preview == exact(tiny_file(), 0)).all()
    part = desk.ask(edit(1, square(0)))
    assert (part.ticket.revision, part.settled) == (1, False)
    whole = desk.next()
    assert (whole.ticket, whole.settled) == (part.ticket, True)
    assert not (part.preview == whole.preview).all()
    assert (whole.preview == exact(tiny_file(), 1)).all()


def test_a_style_changes_while_a_preview_in_parts_waits_for_the_exact_one(
    desk: Desk, tiny_file, slow
) -> None:
    """A variation in a third style in between leaves both alone."""
    file = tiny_file(style=8)
    desk.opened(file)
    wanted = Generator(*bundle.read(file), device="cpu", precision="float32")
    desk.keep_moving()
    desk.ask(replace(edit(0, None), style=1))
    assert not desk.ask(replace(edit(1, square(0)), style=1)).settled
    desk.worker.send(Vary(Ticket(1, 1), painted(1), (96, 96), (0,), styles=(3,)))
    assert (desk.next().preview == wanted(painted(1).pixels, style=3)).all()
    other = desk.ask(replace(edit(2, square(1)), style=2))
    assert other.settled and (other.preview == wanted(painted(2).pixels, style=2)).all()
    assert not desk.ask(replace(edit(3, square(2)), style=2)).settled
    desk.worker.send(Vary(Ticket(1, 3), painted(3), (96, 96), (0,), styles=(3,)))
    assert (desk.next().preview == wanted(painted(3).pixels, style=3)).all()
    desk.rest()
    last = desk.next()
    assert (last.ticket.revision, last.settled) == (3, True)
    assert (last.preview == wanted(painted(3).pixels, style=2)).all()


def test_once_settled_nothing_runs(desk: Desk, tiny_file, slow, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.opened(tiny_file())
    desk.ask(edit(0, None))
    gate = Gate(desk.network)
    gate.let_through(9)
    desk.ask(edit(1, square(0)))
    assert desk.next().settled
    waited: list[float] = []
    monkeypatch.setattr(Mailbox, "rests", lambda mailbox, seconds: not waited.append(seconds))
    for _ in range(2):  # at the second one the thread has gone on from the first
        assert isinstance(desk.ask(Inspect(Path("none"))), Failed)
    assert waited == []
    assert gate.passes == 1


def test_a_new_stroke_comes_before_the_exact_frame_of_the_old(
    desk: Desk, tiny_file, slow, monkeypatch
) -> None:
    monkeypatch.setattr(pacing, "LAPSE_S", 1e9)
    desk.opened(tiny_file())
    desk.keep_moving()
    desk.ask(edit(0, None))
    for revision in range(1, 6):
        reply = desk.ask(edit(revision, square(revision - 1)))
        assert (reply.ticket.revision, reply.settled) == (revision, False)
    desk.rest()
    reply = desk.next()
    assert (reply.ticket.revision, reply.settled) == (5, True)
    assert (reply.preview == exact(tiny_file(), 5)).all()


def test_strokes_faster_than_passes_lose_nothing(desk: Desk, tiny_file, slow) -> None:
    """Ten requests lie unread while the first pass runs; one update makes up for all of them."""
    desk.opened(tiny_file())
    gate = Gate(desk.network)
    desk.worker.send(edit(0, None))
    gate.wait()
    for revision in range(1, 11):
        desk.worker.send(edit(revision, square(revision - 1)))
    gate.let_through(9)
    replies = [desk.next() for _ in range(3)]
    assert [(reply.ticket.revision, reply.settled) for reply in replies] == [
        (0, True),
        (10, False),
        (10, True),
    ]
    wanted = exact(tiny_file(), 10)
    for place in range(10):
        near = np.s_[square(place).rows, square(place).columns]
        assert np.abs(replies[1].preview[near].astype(int) - wanted[near]).max() <= 1
    assert (replies[2].preview == wanted).all()


def test_a_long_stroke_is_brought_up_to_date_everywhere(desk: Desk, tiny_file, slow, monkeypatch) -> None:
    monkeypatch.setattr(pacing, "LAPSE_S", 0.0)
    monkeypatch.setattr(pacing, "SHARE", 0)
    desk.opened(tiny_file())
    desk.keep_moving()
    desk.ask(edit(0, None))
    around = desk.ask(edit(1, square(0)))
    everywhere = desk.ask(edit(2, square(1)))
    assert not around.settled and not everywhere.settled
    wanted = exact(tiny_file(), 2).astype(int)
    assert np.abs(everywhere.preview - wanted).max() <= 1 < np.abs(around.preview - wanted).max()
    desk.rest()
    assert desk.next().settled


def test_another_model_or_picture_is_never_mixed_with_the_one_before(desk: Desk, tiny_file, slow) -> None:
    one, other = tiny_file("a.safetensors", seed=1), tiny_file("b.safetensors", seed=2)
    generation = 0
    for file in (one, other, one):
        generation += 1
        desk.opened(file, generation)
        desk.ask(edit(0, None, generation))
        # Left while its exact frame is still due: that never comes.
        assert not desk.ask(edit(1, square(0), generation)).settled
        generation += 1
        desk.worker.send(OpenModel(generation, file, device="cpu", precision="float32"))
        reply = desk.next()
        if isinstance(reply, Translated):  # the pen had rested just long enough
            assert reply.settled
            reply = desk.next()
        assert isinstance(reply, ModelOpened)
        fresh = desk.ask(edit(2, square(0), generation))
        assert fresh.settled and (fresh.preview == exact(file, 2)).all()


def test_a_failed_part_is_a_sentence_and_the_next_pass_is_whole(
    desk: Desk, tiny_file, slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.opened(tiny_file())
    desk.ask(edit(0, None))

    def mistake(*_: object) -> None:
        raise ValueError("a mistake of ours")

    with monkeypatch.context() as failing:
        failing.setattr(Incremental, "renew", mistake)
        assert isinstance(desk.ask(edit(1, square(0))), Failed)
    reply = desk.ask(edit(2, square(1)))
    assert reply.settled and (reply.preview == exact(tiny_file(), 2)).all()
