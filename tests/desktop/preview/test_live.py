"""The preview: it never freezes, never shows what belongs elsewhere, and is never empty for long."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

import resources
from desktop.documents.open_documents import OpenPicture
from desktop.paint.editing.document import Document, Role
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.data.messages import Failed, OpenModel, Request, Translate, Translated
from tests.desktop.window_hands import done, drag, model, settle, until


@pytest.fixture
def misfit(stocked_home: Path, session: Session) -> Path:
    """A model with a card that can be read and weights of another network."""
    content = model(session, "tiny sketch").read_bytes()
    for old, new in ((b"tiny sketch", b"tiny misfit"), (b'\\"width\\": 4', b'\\"width\\": 8')):
        assert old in content
        content = content.replace(old, new)
    path = stocked_home / "models" / "misfit.safetensors"
    path.write_bytes(content)
    session.library.refresh()
    return path


def watched(session: Session) -> list[Request]:
    """All that the engine is asked for from now on."""
    bridge, send = session.live.bridge, session.live.bridge.send
    sent: list[Request] = []

    def pass_on(request: Request) -> None:
        sent.append(request)
        send(request)

    bridge.send = pass_on
    return sent


@pytest.mark.parametrize("live", [True, False], ids=["live", "off"])
def test_another_document_costs_one_pass_and_the_model_stays_open(window, session, live):
    drag(window, (10, 10), (50, 50))
    settle(session)
    session.live.enabled = live
    card, before, sent, cards = session.live.card, session.picture, watched(session), []
    session.live.changed.connect(lambda name: cards.append(name) if name == "card" else None)
    session.new_picture("sketch", 64, 48)
    assert [session.live.preview] == [None], "the one before is another document's"
    settle(session)
    until(lambda: not session.live.passes.running)
    assert [type(request) for request in sent] == [Translate]
    assert session.live.card is card and cards == []
    assert session.live.preview.shape[:2] == (48, 64)
    assert session.document.model == card.name
    session.put_up(before)
    settle(session)
    until(lambda: not session.live.passes.running)
    assert [type(request) for request in sent] == [Translate, Translate]
    assert sent[-1].picture.size == (96, 80) and sent[-1].dirty is None


def test_another_document_while_a_model_opens_is_translated_as_soon_as_it_is_ready(window, session):
    sent = watched(session)
    session.open_model(model(session, "tiny lines"))
    another = OpenPicture(Document.new("sketch", 64, 48))
    session.put_up(another, model(session, "tiny lines"))
    assert session.live.loading and not session.live.card
    settle(session)
    assert [type(request) for request in sent] == [OpenModel, Translate]
    assert session.live.card.name == session.document.model == "tiny lines"


def test_a_preview_of_another_size_is_shown(window: MainWindow, session: Session):
    drag(window, (10, 10), (50, 50))
    settle(session)
    assert session.live.preview.shape == (53, 64, 3)
    window.actions_table["native"].setChecked(True)
    until(lambda: session.live.preview.shape == (80, 96, 3))
    session.edit(lambda document: document.resize(40, 80))
    until(lambda: session.live.preview.shape == (80, 40, 3))
    assert not session.live.behind


def test_plain_single_precision_can_be_had(window: MainWindow, session: Session):
    session.open_model(resources.path("models", "shoes.safetensors"))
    settle(session)
    usual, action = session.live.precision, window.actions_table["single_precision"]
    assert not action.isChecked()
    action.setChecked(True)
    assert session.live.preview is not None  # the old one stays until there is another
    settle(session)
    assert session.live.precision == "float32"
    assert session.document.undo_steps == 0
    action.setChecked(False)
    settle(session)
    assert session.live.precision == usual


def test_a_model_that_cannot_be_opened_gives_way_to_the_one_before(window, session, misfit, told):
    card = session.live.card
    session.open_model(misfit)
    until(lambda: told)
    settle(session)
    assert session.live.card == card
    assert session.settings.models["sketch"] == card.name  # the next start must not try it again
    told.clear()
    session.open_model(misfit)  # but the user may
    until(lambda: told)
    settle(session)


def test_the_preview_stays_until_another_model_has_made_one(window, session):
    drag(window, (10, 10), (50, 50))
    settle(session)
    before = session.live.preview
    session.open_model(model(session, "tiny lines"))
    assert session.live.preview is before
    assert session.live.behind
    settle(session)
    assert not np.array_equal(session.live.preview, before)


def test_with_live_off_another_model_still_makes_its_first_preview(window, session):
    session.live.enabled = False
    before = session.live.preview
    session.open_model(model(session, "tiny lines"))
    until(lambda: session.live.card is not None and not session.live.behind)
    assert session.live.preview is not before


def test_a_failed_pass_is_followed_by_the_edits_made_meanwhile(window, session, told):
    bridge, send = session.live.bridge, session.live.bridge.send
    held: list[Translate] = []
    bridge.send = held.append
    drag(window, (10, 10), (50, 50))
    until(lambda: held)
    drag(window, (50, 10), (10, 50))
    assert len(held) == 1  # the second waits for the first
    bridge.send = send
    bridge.replied.emit(Failed(held[0], "The card is full."))
    settle(session)
    assert told[-1] == "The card is full."


def test_answers_to_an_older_generation_change_nothing(window, session, told):
    live = session.live
    live.bridge.replied.emit(Failed(OpenModel(live.passes.model - 1, Path("x")), "Too late."))
    assert live.card is not None
    assert told == []


def test_switching_live_on_again_catches_up_and_off_and_on_does_nothing(window, session):
    live, sent = session.live, watched(session)
    live.enabled = False
    live.enabled = True
    drag(window, (10, 10), (50, 50))
    live.enabled = False
    until(lambda: not live.passes.running)
    count = len(sent)
    drag(window, (50, 10), (10, 50))
    window.repaint()
    assert len(sent) == count
    assert live.behind
    live.enabled = True
    settle(session)


def test_the_model_that_was_clicked_is_the_one_that_opens(window, session, stocked_home):
    from dataclasses import replace

    from engine.models import bundle

    card, tensors = bundle.read(model(session, "tiny labels"))
    bundle.write(stocked_home / "models" / "other.safetensors", replace(card, name="other labels"), tensors)
    session.library.refresh()
    for name in ("tiny labels", "tiny sketch", "other labels"):
        session.open_model(model(session, name))
        settle(session)
        assert session.live.card.name == name


def test_a_model_that_vanished_is_replaced_and_the_picture_can_be_saved(window, session, told, tmp_path):
    drag(window, (10, 10), (50, 50))
    settle(session)
    gone = session.live.model_file
    gone.unlink()
    assert done(session.save(tmp_path / "drawing.ora"))
    assert "digest" not in session.document.extras
    session.new_picture("sketch", 64, 64)
    settle(session)
    assert session.live.model_file != gone
    assert gone not in [entry.file for entry in session.library.models]


def test_variations_of_another_picture_or_model_are_put_away(window, session):
    drag(window, (10, 10), (50, 50))
    settle(session)
    session.shelf.vary()
    session.open_model(model(session, "tiny lines"))
    settle(session)
    assert session.shelf.awaited == 0
    session.shelf.vary()
    until(lambda: session.shelf.awaited == 0)
    session.new_picture("sketch", 64, 64)
    assert session.shelf.variations == ()


def test_a_second_row_of_variations_takes_nothing_from_the_first(window, session):
    session.shelf.vary()
    until(lambda: session.shelf.variations)
    given_up = {frame.seed for frame in session.shelf.variations}
    session.shelf.vary()
    until(lambda: session.shelf.awaited == 0)
    seeds = {frame.seed for frame in session.shelf.variations}
    assert len(seeds) == len(session.shelf.variations) == 8
    assert seeds.isdisjoint(given_up)


def test_hints_that_the_model_does_not_know_cannot_be_drawn_unseen(window, session, told):
    session.open_model(model(session, "tiny lines"))
    settle(session)
    session.strokes.choose_colour((200, 0, 0))
    assert session.document.active.role is Role.LINES
    assert session.strokes.ink.colour != (200, 0, 0)
    assert len(told) == 1
    hints = next(layer for layer in session.document.layers if layer.role is Role.HINTS)
    session.strokes.choose_layer(hints.id)
    assert session.document.active.role is Role.LINES
    session.document.select(hints.id)  # as a kept frame may bring it back
    drag(window, (10, 10), (50, 50))
    assert not session.document.can_undo


@pytest.fixture
def slow(monkeypatch) -> None:
    """Every model counts as slow, so that previews are made in parts; the pen rests at once."""
    monkeypatch.setattr("engine.thread.pacing.QUICK_S", -1.0)
    monkeypatch.setattr("engine.thread.worker.REST_S", 0.01)


def test_a_preview_in_parts_is_shown_at_once_and_the_exact_one_after_it(window, session, slow):
    live, shown = session.live, []
    live.watch("settled", lambda: shown.append((live.settled, live.preview)))
    # A pass is made in parts after a whole one, and a model that becomes ready begins anew with a whole one.
    # That happens once, so of two strokes after the first one is made in parts, however slow the machine.
    for at in (10, 40, 70):
        drag(window, (at, 20), (at + 4, 24))
        settle(session)
    (settled, part), (settled_then, exact) = shown[-2:]
    assert (settled, settled_then) == (False, True) and not np.array_equal(part, exact)
    assert not live.behind and not live.passes.running
    at_rest = live.preview
    live.refresh()
    until(lambda: not live.passes.running)
    assert np.array_equal(live.preview, at_rest)


def test_a_kept_frame_on_show_does_not_give_way_to_an_exact_frame_that_comes_late(window, session):
    live = session.live
    drag(window, (10, 10), (50, 50))
    settle(session)
    kept, another = live.preview, live.preview ^ 255
    ticket, take = live.passes.ticket, live.bridge.replied.emit
    take(Translated(ticket._replace(revision=ticket.revision + 1), another, 0.01, "cpu", settled=False))
    assert live.preview is another and not live.settled
    live.show(kept)
    take(Translated(ticket, another, 0.01, "cpu"))
    assert live.preview is kept


@pytest.mark.parametrize("parts", [False, True], ids=["whole", "in parts"])
@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_preview_ends_up_as_that_of_the_picture(
    window, session, misfit, seed, parts, request
):
    """Models and pictures switched, live toggled, sizes changed and strokes drawn, all while passes run."""
    if parts:
        request.getfixturevalue("slow")
    chance = random.Random(seed)
    names = ["tiny sketch", "tiny lines", "tiny labels", "tiny image", "tiny misfit"]

    def point() -> tuple[float, float]:
        return chance.uniform(0, 96), chance.uniform(0, 80)

    for _ in range(60):
        match chance.randrange(12):
            case 0:
                session.open_model(model(session, chance.choice(names)))
            case 1:
                session.live.enabled = chance.random() < 0.5
            case 2:
                session.live.native = chance.random() < 0.5
            case 3:
                session.next_picture()
            case 4:
                session.shelf.vary()
            case 5:
                session.live.refresh()
            case 6:
                session.undo()
            case 7:
                width, height = chance.randrange(20, 120), chance.randrange(20, 120)
                session.edit(lambda document, size=(width, height): document.resize(*size))
            case 8:
                session.new_picture(chance.choice(["sketch", "labels", "image"]), 40, 50)
            case _:
                drag(window, point(), point())
        for _ in range(chance.randrange(4)):
            QApplication.processEvents()
    session.live.enabled = True
    settle(session)
    until(lambda: session.shelf.awaited == 0)
    until(
        lambda: session.live.card is not None and not session.live.behind and not session.live.passes.running
    )
    assert session.live.card.input == session.document.kind
    until(lambda: session.live.settled)
    shown = session.live.preview
    session.live.refresh()
    until(lambda: not session.live.passes.running)
    assert np.array_equal(session.live.preview, shown)
