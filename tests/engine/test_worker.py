"""The engine thread with real, tiny models. Gates instead of sleeps: a test decides when a pass ends."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import bundle, pacing, worker
from engine.messages import (
    Failed,
    Import,
    Imported,
    Inspect,
    Inspected,
    ModelOpened,
    Notice,
    OpenModel,
    Picture,
    Reply,
    Request,
    Ticket,
    Translate,
    Translated,
    TriedOut,
    TryOut,
    Varied,
    Vary,
)
from engine.rect import Rect
from engine.worker import MOST_OPEN, Worker
from tests.engine import reference

PATIENCE = 30.0


class Desk:
    """The window's side of an engine: sends and waits for replies."""

    def __init__(self) -> None:
        self.replies: queue.Queue[Reply] = queue.Queue()
        self.worker = Worker(self.replies.put)
        self.worker.start()

    def next(self) -> Reply:
        return self.replies.get(timeout=PATIENCE)

    def ask(self, request: Request) -> Reply:
        self.worker.send(request)
        return self.next()

    def opened(self, path: Path, epoch: int = 1) -> ModelOpened:
        reply = self.ask(OpenModel(epoch, path, device="cpu", precision="float32"))
        assert isinstance(reply, ModelOpened), reply
        return reply

    def keep_moving(self) -> None:
        """From now on the pen never rests, however busy this machine is."""
        self.worker._mailbox.rests = lambda seconds: False

    def rest(self) -> None:
        """It may rest again."""
        del self.worker._mailbox.rests
        assert isinstance(self.ask(Inspect(Path("none"))), Failed)

    @property
    def network(self) -> torch.nn.Module:
        return self.worker._generator._network


class Gate:
    """Holds every pass of a network at its start until let through."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.arrived, self.open = threading.Semaphore(0), threading.Semaphore(0)
        self.passes = 0
        self.hook = network.register_forward_pre_hook(self._stop)

    def _stop(self, *_: object) -> None:
        self.passes += 1
        self.arrived.release()
        assert self.open.acquire(timeout=PATIENCE)

    def wait(self) -> None:
        assert self.arrived.acquire(timeout=PATIENCE)

    def let_through(self, passes: int = 1) -> None:
        self.open.release(passes)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.worker.stop()
    assert not desk.worker._thread.is_alive()
    assert desk.replies.empty(), "a reply nobody waited for"


def translate(revision: int, epoch: int = 1, dirty: Rect | None = None, shade: int = 0) -> Translate:
    return Translate(Ticket(epoch, revision), picture(shade), (32, 32), dirty)


def picture(shade: int = 0) -> Picture:
    return Picture(pixels=np.full((32, 32, 3), shade, np.uint8))


def test_a_model_opens_and_translates(desk: Desk, tiny_file, tiny) -> None:
    opened = desk.opened(tiny_file())
    assert opened.card == tiny()[0]
    assert (opened.epoch, opened.device, opened.precision) == (1, "cpu", "float32")
    assert opened.seconds > 0
    reply = desk.ask(translate(7))
    assert isinstance(reply, Translated)
    assert (reply.ticket, reply.device) == (Ticket(1, 7), "cpu")
    assert reply.preview.shape == (32, 32, 3) and reply.seconds > 0


def test_forty_nine_edits_while_a_pass_runs_lead_to_exactly_two_passes(desk: Desk, tiny_file) -> None:
    desk.opened(tiny_file())
    gate = Gate(desk.network)
    desk.worker.send(translate(0))
    gate.wait()  # the first pass is running
    for revision in range(1, 50):
        desk.worker.send(translate(revision, dirty=Rect(revision % 7, 0, 1, 1)))
    gate.let_through(50)
    assert [desk.next().ticket.revision for _ in range(2)] == [0, 49]
    assert isinstance(desk.ask(Inspect(Path("none"))), Failed)  # all that was sent before is done
    assert gate.passes == 2


def test_every_failure_is_an_answer_and_the_thread_lives_on(desk: Desk, tiny_file, tmp_path, caplog) -> None:
    caplog.set_level(logging.INFO)
    reply = desk.ask(OpenModel(1, tmp_path / "none.safetensors"))
    assert isinstance(reply, Failed) and "There is no model file" in reply.sentence
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"nonsense")
    request = OpenModel(2, broken)
    reply = desk.ask(request)
    assert reply == Failed(request, reply.sentence) and "no model file" in reply.sentence
    reply = desk.ask(translate(1, epoch=2))
    assert isinstance(reply, Failed) and "No model is open" in reply.sentence

    desk.opened(tiny_file(), epoch=3)

    def mistake(*_: object) -> None:
        raise ValueError("a mistake of ours\nwith a second line")

    hook = desk.network.register_forward_pre_hook(mistake)
    reply = desk.ask(translate(1, epoch=3))
    assert isinstance(reply, Failed)
    assert reply.sentence == "Something went wrong in the engine (a mistake of ours); the drawing is safe."
    assert "Traceback" in caplog.text and "ValueError" in caplog.text
    hook.remove()
    assert isinstance(desk.ask(translate(2, epoch=3)), Translated)


def test_passes_of_another_time_are_left_out(desk: Desk, tiny_file) -> None:
    file = tiny_file()
    desk.opened(file, epoch=5)
    desk.worker.send(translate(1, epoch=4))  # of a model that was left: nobody waits for it
    reply = desk.ask(Inspect(Path("none")))
    assert isinstance(reply, Failed) and isinstance(reply.request, Inspect)
    reply = desk.ask(translate(1, epoch=6))  # of one that was never asked for
    assert isinstance(reply, Failed) and "No model is open" in reply.sentence


def test_a_model_left_before_it_is_ready_is_not_finished(desk: Desk, tiny_file) -> None:
    first, second, third = (
        tiny_file(f"{name}.safetensors", name=name, seed=n) for n, name in enumerate("abc")
    )
    desk.opened(first)
    gate = Gate(desk.network)
    desk.worker.send(translate(1))
    gate.wait()
    desk.worker.send(OpenModel(2, second))
    desk.worker.send(OpenModel(3, third))
    desk.worker.send(translate(1, epoch=3))
    gate.let_through()
    replies = [desk.next() for _ in range(3)]
    assert [type(reply) for reply in replies] == [Translated, ModelOpened, Translated]
    assert (replies[1].epoch, replies[1].card.name) == (3, "c")


def test_going_back_to_a_model_takes_no_second_load(desk: Desk, tiny_file, monkeypatch) -> None:
    reads: list[str] = []
    read = bundle.read
    monkeypatch.setattr(bundle, "read", lambda path: reads.append(path.stem) or read(path))
    files = [tiny_file(f"{name}.safetensors", name=name) for name in "abcd"[: MOST_OPEN + 1]]
    for epoch, file in enumerate([files[0], files[1], files[0], *files], start=1):
        assert desk.opened(file, epoch).card.name == file.stem
    assert reads == ["a", "b", "c", "d"]
    desk.opened(files[0], epoch=20)  # the one that had to make room
    assert reads == ["a", "b", "c", "d", "a"]


def test_a_changed_file_is_read_anew(desk: Desk, tiny_file) -> None:
    desk.opened(tiny_file(name="before"))
    assert desk.opened(tiny_file(name="afterwards"), epoch=2).card.name == "afterwards"


def test_variations_come_seed_by_seed(desk: Desk, tiny_file) -> None:
    desk.opened(tiny_file(levels=6, size=(64, 64)))
    desk.worker.send(Vary(Ticket(1, 3), picture(90), (64, 64), (5, 6, 5)))
    replies = [desk.next() for _ in range(3)]
    assert [(r.index, r.count, r.seed, r.ticket) for r in replies] == [
        (index, 3, seed, Ticket(1, 3)) for index, seed in enumerate((5, 6, 5))
    ]
    assert (replies[0].preview == replies[2].preview).all()
    assert not (replies[0].preview == replies[1].preview).all()


def test_variations_end_when_others_are_asked_for_and_let_the_pen_go_first(desk: Desk, tiny_file) -> None:
    desk.opened(tiny_file(levels=6))
    gate = Gate(desk.network)
    desk.worker.send(Vary(Ticket(1, 1), picture(), (64, 64), (1, 2, 3, 4)))
    gate.wait()
    desk.worker.send(translate(2))
    gate.let_through()
    gate.wait()  # the pen's pass, between the first and the second variation
    gate.let_through()
    gate.wait()  # the second variation
    desk.worker.send(Vary(Ticket(1, 3), picture(), (64, 64), (9,)))
    gate.let_through(2)
    replies = [desk.next() for _ in range(4)]
    assert [type(reply) for reply in replies] == [Varied, Translated, Varied, Varied]
    assert [reply.seed for reply in replies if isinstance(reply, Varied)] == [1, 2, 9]


def test_another_model_is_tried_out_and_the_open_one_stays_open(desk: Desk, tiny_file) -> None:
    mine, other = (tiny_file(f"{name}.safetensors", name=name, seed=n) for n, name in enumerate("ab"))
    desk.opened(mine)
    before = desk.ask(translate(1, shade=40))
    reply = desk.ask(TryOut(other, picture(40), (32, 32)))
    assert isinstance(reply, TriedOut) and reply.path == other
    assert (reply.preview != before.preview).any()
    assert (desk.ask(translate(2, shade=40)).preview == before.preview).all()
    desk.opened(other, epoch=2)
    shown = desk.ask(translate(3, epoch=2, shade=40)).preview
    assert np.abs(shown.astype(int) - reply.preview).max() <= 2  # which was in the quickest precision


def test_trying_out_works_before_any_model_is_open(desk: Desk, tiny_file) -> None:
    assert isinstance(desk.ask(TryOut(tiny_file(), picture(), None)), TriedOut)


def test_what_is_tried_out_does_not_push_out_the_open_model(desk: Desk, tiny_file, monkeypatch) -> None:
    reads: list[str] = []
    read = bundle.read
    monkeypatch.setattr(bundle, "read", lambda path: reads.append(path.stem) or read(path))
    files = [tiny_file(f"{name}.safetensors", name=name) for name in "abcde"[: MOST_OPEN + 2]]
    assert isinstance(desk.ask(OpenModel(1, files[0])), ModelOpened)
    for file in files[1:]:
        assert isinstance(desk.ask(TryOut(file, picture(), (32, 32))), TriedOut)
    assert isinstance(desk.ask(OpenModel(2, files[0])), ModelOpened)
    assert isinstance(desk.ask(OpenModel(3, files[-1])), ModelOpened)
    assert reads == [file.stem for file in files]


def test_a_model_that_is_asked_for_goes_before_one_that_is_tried_out(desk, tiny_file, monkeypatch) -> None:
    first, second, third = (
        tiny_file(f"{name}.safetensors", name=name, seed=n) for n, name in enumerate("abc")
    )
    desk.opened(first)
    read = bundle.read

    def interrupted(path: Path):
        if path == second:  # while that is read, somebody clicks on the third
            monkeypatch.setattr(bundle, "read", read)
            desk.worker.send(OpenModel(2, third, device="cpu", precision="float32"))
        return read(path)

    monkeypatch.setattr(bundle, "read", interrupted)
    desk.worker.send(TryOut(second, picture(), (32, 32)))
    replies = [desk.next(), desk.next()]
    assert [type(reply) for reply in replies] == [ModelOpened, TriedOut]
    assert (replies[0].card.name, replies[1].path) == ("c", second)
    assert isinstance(desk.ask(translate(1, epoch=2)), Translated)


def test_the_pen_goes_before_what_is_tried_out(desk: Desk, tiny_file, monkeypatch) -> None:
    mine, other = tiny_file("a.safetensors"), tiny_file("b.safetensors", seed=1)
    desk.opened(mine)
    read = bundle.read

    def drawn_on(path: Path):
        desk.worker.send(translate(1))
        return read(path)

    monkeypatch.setattr(bundle, "read", drawn_on)
    desk.worker.send(TryOut(other, picture(), (32, 32)))
    assert [type(desk.next()) for _ in range(2)] == [Translated, TriedOut]


def test_a_model_that_can_not_be_tried_out_is_told_of(desk: Desk, tiny_file, tmp_path: Path) -> None:
    desk.opened(tiny_file())
    request = TryOut(tmp_path / "gone.safetensors", picture(), (32, 32))
    reply = desk.ask(request)
    assert isinstance(reply, Failed) and reply.request is request and "gone.safetensors" in reply.sentence
    assert isinstance(desk.ask(translate(1)), Translated)


def test_a_model_without_dropout_says_that_it_knows_no_variations(desk: Desk, tiny_file) -> None:
    desk.opened(tiny_file(levels=5))
    reply = desk.ask(Vary(Ticket(1, 1), picture(), (32, 32), (1,)))
    assert isinstance(reply, Notice) and "no variations" in reply.sentence
    assert isinstance(desk.next(), Varied)


def test_foreign_weights_are_looked_into_and_imported(desk: Desk, tmp_path) -> None:
    file = tmp_path / "net_G.pth"
    torch.save(reference.made("unet_128", "batch", width=2), file)
    found = desk.ask(Inspect(file))
    assert isinstance(found, Inspected)
    assert (found.name, found.inputs) == ("net_G", 3) and "7 levels" in found.summary
    target = tmp_path / "shoes.safetensors"
    made = desk.ask(Import(file, "Shoes", "sketch", None, target))
    assert isinstance(made, Imported)
    assert (made.path, made.card.name, bundle.read_card(target)) == (target, "Shoes", made.card)
    assert desk.opened(target).card == made.card


def test_stopping_waits_for_the_running_pass_and_forgets_the_rest(tiny_file) -> None:
    desk = Desk()
    desk.opened(tiny_file())
    gate = Gate(desk.network)
    desk.worker.send(translate(1))
    gate.wait()
    desk.worker.send(translate(2))
    desk.worker._mailbox.close()  # what stop does first; then it waits
    gate.let_through(2)
    desk.worker.stop(PATIENCE)
    assert not desk.worker._thread.is_alive()
    assert [type(desk.next()), desk.replies.empty()] == [Translated, True]
    desk.worker.send(translate(3))  # nobody listens, nothing happens
    desk.worker.stop()


def test_a_worker_that_never_started_can_be_stopped() -> None:
    Worker(lambda reply: None).stop()


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


def edit(revision: int, dirty: Rect | None, epoch: int = 1) -> Translate:
    return Translate(Ticket(epoch, revision), painted(revision), (96, 96), dirty)


def exact(desk: Desk, revision: int) -> np.ndarray:
    """By a generator of its own."""
    generator = desk.worker._generator
    other = type(generator)(generator.card, dict(generator._tensors), device="cpu", precision="float32")
    return other(painted(revision).pixels)


def test_a_preview_in_parts_is_followed_by_the_exact_one(desk: Desk, tiny_file, slow) -> None:
    desk.opened(tiny_file())
    first = desk.ask(edit(0, None))
    assert first.settled and (first.preview == exact(desk, 0)).all()
    part = desk.ask(edit(1, square(0)))
    assert (part.ticket.revision, part.settled) == (1, False)
    whole = desk.next()
    assert (whole.ticket, whole.settled) == (part.ticket, True)
    assert not (part.preview == whole.preview).all()
    assert (whole.preview == exact(desk, 1)).all()


def test_once_settled_nothing_runs(desk: Desk, tiny_file, slow) -> None:
    desk.opened(tiny_file())
    desk.ask(edit(0, None))
    gate = Gate(desk.network)
    gate.let_through(9)
    desk.ask(edit(1, square(0)))
    assert desk.next().settled
    assert isinstance(desk.ask(Inspect(Path("none"))), Failed)
    assert desk.worker._mailbox.rests(0.1)
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
    assert (reply.preview == exact(desk, 5)).all()


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
    wanted = exact(desk, 10)
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
    wanted = exact(desk, 2).astype(int)
    assert np.abs(everywhere.preview - wanted).max() <= 1 < np.abs(around.preview - wanted).max()
    desk.rest()
    assert desk.next().settled


def test_another_model_or_picture_is_never_mixed_with_the_one_before(desk: Desk, tiny_file, slow) -> None:
    one, other = tiny_file("a.safetensors", seed=1), tiny_file("b.safetensors", seed=2)
    epoch = 0
    for file in (one, other, one):
        epoch += 1
        desk.opened(file, epoch)
        desk.ask(edit(0, None, epoch))
        # Left while its exact frame is still due: that never comes.
        assert not desk.ask(edit(1, square(0), epoch)).settled
        epoch += 1
        desk.worker.send(OpenModel(epoch, file, device="cpu", precision="float32"))
        reply = desk.next()
        if isinstance(reply, Translated):  # the pen had rested just long enough
            assert reply.settled
            reply = desk.next()
        assert isinstance(reply, ModelOpened)
        fresh = desk.ask(edit(2, square(0), epoch))
        assert fresh.settled and (fresh.preview == exact(desk, 2)).all()


def test_a_failed_part_is_a_sentence_and_the_next_pass_is_whole(desk: Desk, tiny_file, slow) -> None:
    desk.opened(tiny_file())
    desk.ask(edit(0, None))
    maps = desk.worker._generator._following._maps

    def mistake(*_: object) -> None:
        raise ValueError("a mistake of ours")

    maps.renew = mistake
    assert isinstance(desk.ask(edit(1, square(0))), Failed)
    del maps.renew
    reply = desk.ask(edit(2, square(1)))
    assert reply.settled and (reply.preview == exact(desk, 2)).all()
