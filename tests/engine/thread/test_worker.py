"""The engine thread with real, tiny models. Gates instead of sleeps: a test decides when a pass ends."""

from __future__ import annotations

import logging
import struct
import threading
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFile

import engine
from engine import foreign
from engine.data.messages import (
    Failed,
    Import,
    Imported,
    Inspect,
    Inspected,
    ModelOpened,
    Notice,
    OpenModel,
    ReadStyle,
    Style,
    StyleRead,
    Ticket,
    Translated,
    Varied,
    Vary,
)
from engine.data.picture import write_png
from engine.data.rect import Rect
from engine.devices import device
from engine.errors import DeviceError
from engine.models import bundle
from engine.passes import building
from engine.thread import pacing
from engine.thread.mailbox import Mailbox
from engine.thread.worker import MOST_OPEN, Worker
from tests.engine import reference
from tests.engine.desk import PATIENCE, Desk, Gate, picture, translate


def test_a_model_opens_and_translates(desk: Desk, tiny_file, tiny) -> None:
    opened = desk.opened(tiny_file())
    assert opened.card == tiny()[0]
    assert (opened.generation, opened.device, opened.precision) == (1, "cpu", "float32")
    assert opened.seconds > 0
    reply = desk.ask(translate(7))
    assert isinstance(reply, Translated)
    assert (reply.ticket, reply.device) == (Ticket(1, 7), "cpu")
    assert reply.preview.shape == (32, 32, 3) and reply.seconds > 0


def test_forty_nine_edits_while_a_pass_runs_lead_to_exactly_two_passes(
    desk: Desk, tiny_file, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "QUICK_S", PATIENCE)  # held at the gate, the first would count as a slow one
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
    reply = desk.ask(translate(1, generation=2))
    assert isinstance(reply, Failed) and "No model is open" in reply.sentence

    desk.opened(tiny_file(), generation=3)

    def mistake(*_: object) -> None:
        raise ValueError("a mistake of ours\nwith a second line")

    hook = desk.network.register_forward_pre_hook(mistake)
    reply = desk.ask(translate(1, generation=3))
    assert isinstance(reply, Failed)
    assert reply.sentence == "Something went wrong in the engine (a mistake of ours); the drawing is safe."
    assert "Traceback" in caplog.text and "ValueError" in caplog.text
    hook.remove()
    assert isinstance(desk.ask(translate(2, generation=3)), Translated)


def test_without_memory_the_answer_says_so(desk: Desk, tiny_file, tmp_path, monkeypatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError("Unable to allocate 20.0 MiB for an array")

    desk.opened(tiny_file())
    with monkeypatch.context() as little:
        little.setattr(foreign, "inspect", full)
        reply = desk.ask(Inspect(tmp_path / "net_G.pth"))
    assert isinstance(reply, Failed)
    assert reply.sentence == "There is not enough memory for that; close other programs."


def test_passes_of_another_time_are_left_out(desk: Desk, tiny_file) -> None:
    file = tiny_file()
    desk.opened(file, generation=5)
    desk.worker.send(translate(1, generation=4))  # of a model that was left: nobody waits for it
    reply = desk.ask(Inspect(Path("none")))
    assert isinstance(reply, Failed) and isinstance(reply.request, Inspect)
    assert desk.ask(translate(1, generation=6)).ticket == Ticket(6, 1)  # of another document
    desk.worker.send(translate(2, generation=5))  # of the document before
    reply = desk.ask(Inspect(Path("none")))
    assert isinstance(reply, Failed) and isinstance(reply.request, Inspect)


def test_another_document_is_translated_with_the_open_model_and_nothing_of_the_one_before(
    desk: Desk, tiny_file
) -> None:
    desk.opened(tiny_file(levels=6, size=(64, 64)))
    expected = desk.ask(translate(1, shade=200)).preview
    desk.ask(translate(2, shade=30))
    gate = Gate(desk.network)
    desk.worker.send(Vary(Ticket(1, 2), picture(), (64, 64), (1, 2, 3)))
    gate.wait()
    desk.worker.send(translate(3, generation=2, dirty=None, shade=200))
    gate.let_through(2)
    first, second = desk.next(), desk.next()
    assert isinstance(first, Varied) and isinstance(second, Translated), "the others are wanted no more"
    assert second.ticket == Ticket(2, 3) and (second.preview == expected).all()
    assert isinstance(desk.ask(Inspect(Path("none"))), Failed) and desk.replies.empty()


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
    desk.worker.send(translate(1, generation=3))
    gate.let_through()
    replies = [desk.next() for _ in range(3)]
    assert [type(reply) for reply in replies] == [Translated, ModelOpened, Translated]
    assert (replies[1].generation, replies[1].card.name) == (3, "c")


def test_a_pass_that_waits_for_a_model_is_not_made_by_the_one_before(desk: Desk, tiny_file) -> None:
    another = tiny_file("another.safetensors", seed=2)
    desk.opened(another, generation=1)
    wanted = desk.ask(translate(1)).preview
    desk.opened(tiny_file(levels=6, size=(64, 64)), generation=2)
    gate = Gate(desk.network)
    desk.worker.send(Vary(Ticket(2, 1), picture(), (64, 64), (1, 2)))
    gate.wait()
    desk.worker.send(OpenModel(3, another, device="cpu", precision="float32"))
    desk.worker.send(translate(2, generation=3))
    gate.let_through(9)
    replies = [desk.next() for _ in range(3)]
    assert [type(reply) for reply in replies] == [Varied, ModelOpened, Translated]
    assert (replies[2].preview == wanted).all()


def test_going_back_to_a_model_takes_no_second_load(desk: Desk, tiny_file, monkeypatch) -> None:
    reads: list[str] = []
    read = bundle.read
    monkeypatch.setattr(bundle, "read", lambda path: reads.append(path.stem) or read(path))
    files = [tiny_file(f"{name}.safetensors", name=name) for name in "abcd"[: MOST_OPEN + 1]]
    for generation, file in enumerate([files[0], files[1], files[0], *files], start=1):
        assert desk.opened(file, generation).card.name == file.stem
    assert reads == ["a", "b", "c", "d"]
    desk.opened(files[0], generation=20)  # the one that had to make room
    assert reads == ["a", "b", "c", "d", "a"]


def test_a_model_that_fell_back_to_the_cpu_is_opened_anew(desk: Desk, tiny_file, monkeypatch) -> None:
    """The card, which may have room again, is staged."""
    file, reads = tiny_file(), []
    read = bundle.read
    monkeypatch.setattr(bundle, "read", lambda path: reads.append(path) or read(path))

    def refused(network: torch.nn.Module, where: torch.device) -> None:
        raise DeviceError("It is full.")

    with monkeypatch.context() as full:
        full.setattr(device, "choose", lambda wanted: torch.device(wanted or "cuda"))
        full.setattr(building, "to_device", refused)
        desk.worker.send(OpenModel(1, file, precision="float32"))
        notice = desk.next()
        assert isinstance(notice, Notice) and "on the CPU" in notice.sentence
        assert isinstance(desk.next(), ModelOpened)
    for generation in (2, 3):
        desk.worker.send(OpenModel(generation, file, precision="float32"))
        assert isinstance(desk.next(), ModelOpened)
    assert len(reads) == 2, "once anew, then as usual"


def test_a_changed_file_is_read_anew(desk: Desk, tiny_file) -> None:
    desk.opened(tiny_file(name="before"))
    assert desk.opened(tiny_file(name="afterwards"), generation=2).card.name == "afterwards"


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


def test_stopping_waits_for_the_running_pass_and_forgets_the_rest(
    tiny_file, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk()
    desk.opened(tiny_file())
    gate = Gate(desk.network)
    desk.worker.send(translate(1))
    gate.wait()
    desk.worker.send(translate(2))
    closed, close = threading.Event(), Mailbox.close
    monkeypatch.setattr(Mailbox, "close", lambda mailbox: (close(mailbox), closed.set()))
    stopping = threading.Thread(target=desk.worker.stop)
    stopping.start()
    assert closed.wait(PATIENCE)  # from then on it waits for the pass
    gate.let_through(2)
    stopping.join(PATIENCE)
    assert not stopping.is_alive()
    assert [type(desk.next()), desk.replies.empty()] == [Translated, True]
    desk.worker.send(translate(3))  # nobody listens, nothing happens
    desk.worker.stop()


def test_a_worker_that_never_started_can_be_stopped() -> None:
    Worker(lambda reply: None).stop()


STYLED = {"style": 8, "style_encoder": 4, "styles": {"suede": (1.0,) * 8}, "statistics": "running"}


def test_a_style_travels_with_a_request(desk: Desk, tiny_file) -> None:
    """Another one is a whole pass, however little is dirty; and the exact frame is of the last."""
    desk.opened(tiny_file(**STYLED))
    speck = Rect(0, 0, 1, 1)
    made = []
    styles: list[Style | None] = [None, 3, "suede", (1.0,) * 8, 3]
    for revision, style in enumerate(styles):
        reply = desk.ask(replace(translate(revision, dirty=speck), style=style))
        assert isinstance(reply, Translated) and reply.settled
        made.append(reply.preview.tobytes())
    assert made[1] == made[4] and made[2] == made[3] and len(set(made)) == 3
    reply = desk.ask(replace(translate(9), style="satin"))
    assert isinstance(reply, Failed) and "known are suede" in reply.sentence


def test_variations_are_of_one_style_or_of_their_own(desk: Desk, tiny_file) -> None:
    file = tiny_file(levels=6, **STYLED)
    desk.opened(file)
    own = [desk.ask(replace(translate(n), style=n)).preview.tobytes() for n in (1, 2)]
    desk.worker.send(Vary(Ticket(1, 5), picture(), (32, 32), (10, 20), styles=(1, 2)))
    varied = [desk.next() for _ in range(2)]
    assert [(reply.seed, reply.preview.tobytes()) for reply in varied] == [(10, own[0]), (20, own[1])]
    assert desk.ask(replace(translate(6), style=2)).preview.tobytes() == own[1]
    desk.worker.send(Vary(Ticket(1, 7), picture(), (32, 32), (10,), style=1))
    generator = engine.open(file, device="cpu", precision="float32")
    assert (desk.next().preview == generator(picture().pixels, seed=10, style=1)).all()


def test_fewer_styles_than_seeds_are_a_sentence(desk: Desk, tiny_file) -> None:
    desk.opened(tiny_file(**STYLED))
    reply = desk.ask(Vary(Ticket(1, 1), picture(), (32, 32), (10, 20, 30), styles=(1, 2)))
    assert isinstance(reply, Failed)
    assert reply.sentence == ("3 variations were asked for in 2 styles; ask for one style each, or for none.")
    assert desk.replies.empty(), "nothing was made before"


def test_a_large_photo_is_reduced_while_its_style_is_read(
    desk: Desk, tiny_file, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "large.jpg"
    Image.effect_noise((4096, 2048), 60).convert("RGB").save(file)
    seen: list[tuple[int, ...]] = []
    load = ImageFile.ImageFile.load
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda it: (load(it), seen.append(it.size))[0])
    desk.opened(tiny_file(**STYLED))
    assert isinstance(desk.ask(ReadStyle(file)), StyleRead)
    assert seen and max(map(max, seen)) <= 1024


def test_the_style_of_a_photo_is_read(desk: Desk, tiny_file, tmp_path) -> None:
    file = tmp_path / "photo.png"
    photo = np.random.default_rng(0).integers(0, 256, (40, 30, 3)).astype(np.uint8)
    write_png(file, photo)
    assert "No model is open" in desk.ask(ReadStyle(file)).sentence
    model = tiny_file(**STYLED)
    desk.opened(model, generation=4)
    reply = desk.ask(ReadStyle(file))
    assert isinstance(reply, StyleRead) and (reply.generation, reply.path) == (4, file)
    assert reply.code == tuple(engine.open(model, device="cpu").style_of(photo).tolist())
    assert isinstance(desk.ask(replace(translate(1, generation=4), style=reply.code)), Translated)
    assert isinstance(desk.ask(ReadStyle(tmp_path / "none.png")), Failed)
    broken, huge = tmp_path / "broken.png", tmp_path / "huge.png"
    broken.write_bytes(file.read_bytes()[:200])
    assert "damaged" in desk.ask(ReadStyle(broken)).sentence
    header = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    checked = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    huge.write_bytes(file.read_bytes()[:8] + checked + file.read_bytes()[33:])
    assert "pixels" in desk.ask(ReadStyle(huge)).sentence
    desk.opened(tiny_file("plain.safetensors"), generation=5)
    assert "knows no styles" in desk.ask(ReadStyle(file)).sentence
