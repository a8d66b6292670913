"""What became of a lesson: a better model is taken over, a worse one only if somebody says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

import engine
from desktop.pairs import lessons
from desktop.pairs.outcome import Lesson, Outcome, measured
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.data.messages import Picture, Pixels, TryOut
from engine.models import bundle
from engine.planes import codec
from tests.desktop.styled_models import write_styled
from tests.desktop.window_hands import drag, message, model, settle, until
from trainer.files import pair_store
from trainer.files.pair_store import Origin


def plain(level: int) -> Pixels:
    return np.full((4, 6, 3), level, np.uint8)


def outcome_of(*rows: tuple[bool, int, int, int]) -> Outcome:
    """Of lessons: whether it is a correction, what was wanted, made before, and made after, all plain."""
    found = [Lesson(Picture(pixels=plain(0)), plain(wanted), correct) for correct, wanted, _, _ in rows]
    return measured(
        "b", "a", lambda: None, found, [plain(row[2]) for row in rows], [plain(row[3]) for row in rows]
    )


def test_better_is_nearer_to_the_corrections_by_more_than_what_was_to_stay_has_changed() -> None:
    one = outcome_of((True, 100, 0, 60), (False, 50, 50, 60))
    assert (one.away, one.change) == ((100.0, 40.0), (0.0, 10.0))
    assert one.is_better and one.met == pytest.approx(0.6)
    assert one.sentence == (
        "“b” is better than “a”. The corrections were 100 levels of 255 away, and are 40 now; "
        "the frame that was to stay has changed by 10."
    )
    assert not outcome_of((True, 100, 0, 0)).is_better  # learnt nothing
    assert not outcome_of((True, 100, 110, 140)).is_better  # went away from it
    worse = outcome_of((True, 100, 0, 20), (False, 50, 50, 120), (False, 9, 9, 9))
    assert not worse.is_better and "no better" in worse.sentence and "2 frames" in worse.sentence
    assert outcome_of((True, 100, 0, 60)).sentence.endswith("and are 40 now.")
    assert not Outcome("b", "a", lambda: None).is_better


def test_a_correction_is_looked_at_where_it_is_one() -> None:
    wanted, before, after = plain(10), plain(10), plain(10)
    wanted[:2] = 210
    after[:2] = 110
    after[2:] = 250  # elsewhere: that is what kept frames tell of
    one = measured("b", "a", lambda: None, [Lesson(Picture(pixels=wanted), wanted, True)], [before], [after])
    assert one.away == (200.0, 100.0)


@pytest.fixture
def run(window: MainWindow, session: Session, home: Path) -> Path:
    """A training on a lesson of the open model, as it leaves it: no model in it yet."""
    drag(window, (20, 10), (50, 10), (50, 60))
    settle(session)
    folder = home / "lessons" / "tiny sketch"
    picture = session.document.picture()
    card = bundle.read_card(session.live.model_file)
    generator = engine.open(session.live.model_file)
    made = generator.translate(codec.prepare(picture, card, codec.working_size(picture.size, card)))
    preview = codec.scaled_preview(made, picture.size)
    other = Picture(lines=picture.lines[::-1].copy(), hints=picture.hints)
    corrected = 255 - preview
    for drawn, photo, origin in (
        (picture, corrected, Origin(lessons.CORRECTION, "1")),
        (other, preview, Origin(lessons.DRAWING, "2")),
    ):
        pair_store.keep(folder, drawn, photo, "hints", None, origin)
    place = home / "runs" / "taught"
    place.mkdir(parents=True)
    fields = {"name": "tiny sketch, taught", "task": "hints", "steps": 4, "batch": 1, "pairs": 2}
    fields |= {"data": str(folder), "from_model": str(session.live.model_file)}
    (place / "config.json").write_text(json.dumps(fields), "utf-8")
    (place / "events.jsonl").write_text("")
    return place


def taught(session: Session, run: Path, upside_down: bool) -> None:
    """Leave a model in the run: the parent's, perhaps with what it makes turned into its negative, which
    meets the correction and spoils nothing that anybody looks at here."""
    card, tensors = bundle.read(session.live.model_file)
    tensors = dict(tensors)
    if upside_down:
        (bias,) = (
            name for name, tensor in tensors.items() if tuple(tensor.shape) == (3,)
        )  # of the last layer
        for name in (bias, bias.replace("bias", "weight")):
            tensors[name] = -tensors[name]
    bundle.write(run / "model.safetensors", replace(card, name="tiny sketch, taught"), tensors)


def show(session: Session, run: Path) -> None:
    session.training.show(run)
    until(lambda: session.training.has_model and session.training.plan is not None)


def test_one_that_learnt_nothing_asks_before_it_takes_the_place_of_the_former(
    window: MainWindow, session: Session, run: Path, home: Path
) -> None:
    former = session.live.model_file
    taught(session, run, upside_down=False)
    show(session, run)
    session.training.take_over()
    until(lambda: session.models.outcomes.outcome is not None)
    outcome = session.models.outcomes.outcome
    assert not outcome.is_better and len(outcome.lessons) == 2
    assert "“tiny sketch, taught” is no better than “tiny sketch”" in message(window)
    assert session.live.model_file == former and not list((home / "models").glob("*taught*"))
    labels = [button.text() for button in window.messages.findChildren(QPushButton) if button.isVisible()]
    assert labels == ["&Take it all the same", "Stay &with “tiny sketch”", "&Show before and after"]
    window.outcome.show(outcome)
    dialog = window.outcome.dialog
    assert dialog.findChild(QLabel, "outcome_sentence").text() == outcome.sentence
    QTest.mouseClick(dialog.findChild(QPushButton, "outcome_take"), Qt.MouseButton.LeftButton)
    until(lambda: session.live.card is not None and session.live.card.name == "tiny sketch, taught")
    assert former.is_file()


def test_an_ampersand_in_a_models_name_is_no_key_of_a_button(window: MainWindow, session: Session) -> None:
    outcome = Outcome("pen", "Tom & Jerry", lambda: None)
    session.models.outcomes.found.emit(outcome)
    assert "“pen” is better than “Tom & Jerry”" in message(window)
    labels = [button.text() for button in window.messages.findChildren(QPushButton) if button.isVisible()]
    assert labels == ["&Take it all the same", "Stay &with “Tom && Jerry”"]
    window.outcome.show(outcome)
    close = window.outcome.dialog.findChild(QPushButton, "outcome_close")
    assert close.text() == "Stay with “Tom && Jerry”"
    window.outcome.dialog.close()


def test_one_that_meets_the_correction_is_taken_over_and_before_and_after_are_offered(
    window: MainWindow, session: Session, run: Path
) -> None:
    taught(session, run, upside_down=True)
    lessons = run.parent.parent / "lessons" / "tiny sketch"
    pair_store.path_of(lessons, "2", "B").unlink()  # only the correction
    show(session, run)
    session.training.take_over()
    until(lambda: session.live.card is not None and session.live.card.name == "tiny sketch, taught")
    outcome = session.models.outcomes.outcome
    assert outcome.is_better and outcome.met > 0.3
    until(lambda: message(window) == outcome.sentence)
    buttons = {it.text(): it for it in window.messages.findChildren(QPushButton) if it.isVisible()}
    QTest.mouseClick(buttons["&Show before and after"], Qt.MouseButton.LeftButton)
    assert window.outcome.dialog.isVisible()
    before, after = outcome.lessons[0].before.astype(int), outcome.lessons[0].after.astype(int)
    wanted = outcome.lessons[0].wanted
    assert np.abs(after - wanted).mean() < np.abs(before - wanted).mean()


def test_what_was_no_lesson_or_one_of_old_is_taken_over_as_ever(
    window: MainWindow, session: Session, run: Path, home: Path, told: list[str]
) -> None:
    taught(session, run, upside_down=False)
    folder = home / "lessons" / "tiny sketch"
    manifest = json.loads((folder / "pairs.json").read_text("utf-8"))
    manifest["origins"] = {name: ["drawing", mark] for name, (_, mark) in manifest["origins"].items()}
    (folder / "pairs.json").write_text(json.dumps(manifest), "utf-8")
    show(session, run)
    session.training.take_over()
    until(lambda: session.live.card is not None and session.live.card.name == "tiny sketch, taught")
    assert session.models.outcomes.outcome is None and model(session, "tiny sketch").is_file()


def test_a_lesson_that_cannot_be_looked_at_asks(
    window: MainWindow, session: Session, run: Path, home: Path
) -> None:
    former = session.live.model_file
    taught(session, run, upside_down=False)
    (home / "lessons" / "tiny sketch" / "pairs.json").write_text("{")
    show(session, run)
    session.training.take_over()
    until(lambda: session.models.outcomes.outcome is not None)
    assert "can't be told" in message(window) and session.live.model_file == former
    assert not session.models.outcomes.busy


def test_a_lesson_is_judged_in_the_style_that_it_was_made_in(
    session: Session, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def square(level: int) -> Pixels:
        return np.full((64, 64, 3), level, np.uint8)

    former = write_styled(home / "models" / "styled.safetensors", "styled")
    card = bundle.read_card(former)
    code, drawn = (0.5,) * card.style, Picture(lines=np.full((64, 64), 255, np.uint8))
    lesson = lessons.Lesson(card, former, drawn, square(255), square(0), (), code)
    folder = lessons.keep_correction(lesson, square(9))
    pair_store.keep(folder, drawn, square(0), "hints", None, Origin(lessons.DRAWING, "2"))
    run = home / "runs" / "styled, taught"
    run.mkdir(parents=True)
    model = write_styled(run / "model.safetensors", "styled, taught")
    (run / "config.json").write_text(json.dumps({"data": str(folder), "from_model": str(former)}))
    asked: list[TryOut] = []

    def ask(request: TryOut, then: Callable[[Pixels], object]) -> None:
        asked.append(request)
        then(square(5))

    outcomes = session.models.outcomes
    monkeypatch.setattr(outcomes._tryouts, "ask", ask)
    outcomes.review(run, model, lambda: None)
    until(lambda: not outcomes.busy)
    assert [(request.path, request.style) for request in asked] == [
        *((former, style) for style in (code, None)),
        *((model, style) for style in (code, None)),
    ]
