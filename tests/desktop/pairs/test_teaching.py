"""Teaching a model a correction: in the real window, with a real, short training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QPushButton, QToolButton

import engine
from desktop.documents.samples import drawn, samples
from desktop.paint.files.drawing import Drawing
from desktop.pairs.lessons import (
    Lesson,
    base_of,
    former_correction,
    keep_correction,
    keep_examples,
    take_back,
    taught_name,
)
from desktop.pairs.replay_examples import MOST, examples
from desktop.widgets.main_window import MainWindow
from engine.data.card import Card
from engine.data.messages import Picture, Pixels
from engine.data.picture import read
from engine.errors import PictureError
from engine.models import bundle
from engine.planes import codec
from tests.desktop.widgets.parts.test_files import alt, press
from tests.desktop.window_hands import done, drag, message, model, settle, until
from trainer.data import pairs
from trainer.dataset_check.check import check
from trainer.files import pair_store

pytestmark = pytest.mark.usefixtures("no_training_is_left")

LONG = 90.0
"""Seconds within which a training of moments is certainly over, beside whatever else the machine does."""

STEPS = 100
"""Of that training: as many as it takes on every machine, however long they take there."""


def box(window: MainWindow, left: float) -> None:
    """Draw a box in the sketch."""
    drag(window, (left, 10), (left + 30, 10), (left + 30, 60), (left, 60), (left, 10))
    settle(window.session)


def paint_over(window: MainWindow, colour: tuple[int, int, int]) -> Pixels:
    """Correct much of the preview with a thick brush; returns what it looks like then."""
    session = window.session
    session.strokes.set_ink(size=40.0, colour=colour, opacity=1.0, hardness=1.0)
    drag(window, (10, 20), (80, 20), (80, 60), (10, 60))
    return session.document.picture_flat().copy()


def teach(window: MainWindow) -> QPushButton:
    button = window.teaching_bar.findChild(QPushButton, "teach_it")
    assert button is not None
    return button


def folder(home: Path, name: str = "tiny sketch") -> Path:
    return home / "lessons" / name


def test_a_correction_is_taught_and_the_answer_moves_towards_it(window, session, home, told):
    box(window, 20)
    drawn, made = session.document.picture(), session.live.preview
    parent = session.live.model_file
    window.actions_table["teach"].trigger()
    assert session.document.kind == "image" and session.live.card is None
    assert session.document.picture_flat().shape == (80, 96, 3)
    corrected = paint_over(window, (20, 200, 40))
    session.teaching.teach(0.1, [], steps=STEPS)
    until(lambda: session.training.run is not None and session.teaching.lesson is None, LONG)
    assert window.training.window.isVisible()
    assert session.document.kind == "sketch" and np.array_equal(session.document.picture().lines, drawn.lines)
    data = pairs.find(folder(home))
    assert (data.task, len(data.pairs)) == ("hints", 1)
    assert [problem for problem in check(data) if problem.severe] == []
    assert np.array_equal(read(data.pairs[0].b.file).pixels, corrected)
    until(lambda: session.training.phase == "finished", LONG)
    session.training.take_over()
    until(lambda: session.live.model_file != parent and session.live.card is not None)
    settle(session)
    assert session.live.card and session.live.card.name == "tiny sketch, taught"
    assert "This is “tiny sketch, taught”, as far as it has come." in told  # not as its file is called
    assert parent.is_file() and model(session, "tiny sketch") == parent
    size = made.shape[1], made.shape[0]
    wanted = engine.planes.codec.scaled_preview(corrected, size).astype(float)
    assert session.live.preview.shape == made.shape

    def miss(answer: Pixels) -> float:
        return float(np.abs(answer - wanted).mean())

    assert miss(session.live.preview) < 0.9 * miss(made)
    # Taught once more, it is no grandchild by name, and the lessons come together.
    session.teaching.begin()
    names = [entry.name for entry in session.library.models]
    assert taught_name(session.teaching.lesson.card.name, names) == "tiny sketch, taught 2"
    session.teaching.cancel()


def test_a_correction_is_taught_and_left_by_keys(window, session, told):
    box(window, 20)
    window.actions_table["teach"].trigger()
    correction = session.picture
    session.next_picture()
    alt(window, "C")
    until(lambda: session.picture is correction)
    alt(window, "C")
    until(lambda: told)
    assert told == ["Nothing is corrected yet; paint over what should be otherwise."]
    alt(window, "N")
    until(lambda: session.teaching.lesson is None)


def test_a_question_about_a_correction_that_is_gone_throws_no_other_away(window, session):
    box(window, 20)
    for _ in range(2):
        window.actions_table["teach"].trigger()
        paint_over(window, (20, 200, 40))
        correction = session.picture
        if "has not been taught" in message(window):
            break
        window.teaching_bar.findChild(QToolButton, "teaching_cancel").click()
        session.close_picture(correction)
        settle(session)
    press(window, "Throw it away")
    assert session.teaching.here and correction in session.pictures
    session.teaching.cancel()


def test_a_kept_frame_is_taught_and_the_others_stay_as_they_are(window, session, home, told):
    box(window, 10)
    assert done(session.shelf.keep())
    box(window, 50)
    assert done(session.shelf.keep())
    first, second = session.shelf.kept
    menu = window.shelf.menu_of(first)
    next(action for action in menu.actions() if "each it this" in action.text().replace("&", "")).trigger()
    menu.close()
    assert session.teaching.here and session.teaching.lesson.others == (second,)
    session.teaching.cancel()
    settle(session)
    session.shelf.choose(first)
    session.teaching.begin()  # the same, from the canvas
    assert session.teaching.lesson.others == (second,)
    assert window.teaching_bar.findChild(QToolButton, "staying").text() == "1 of 1 stay"
    session.training.phase = "running"  # so that nothing is trained here
    corrected = paint_over(window, (200, 0, 0))
    teach(window).click()
    until(lambda: told)
    assert told == ["The pair is kept, but a training goes on; teach it when that has ended."]
    data = pairs.find(folder(home))
    assert len(data.pairs) == 2 and np.array_equal(read(folder(home) / "B" / "1.png").pixels, corrected)
    assert np.array_equal(
        read(folder(home) / "A" / "1.png").pixels[..., 0], session.teaching.lesson.drawn.lines
    )
    # The lesson is still there to be taught; its pair is replaced, and that of the frame stays.
    teach(window).click()
    until(lambda: len(told) == 2)
    assert pair_store.names(folder(home)) == {"1", "2"}
    # A correction counts for more than the frame that was kept before it.
    session.teaching.cancel()
    settle(session)
    session.teaching.begin(second)
    paint_over(window, (0, 0, 200))
    teach(window).click()
    until(lambda: len(told) == 3)
    assert told[2] == told[0] and pair_store.names(folder(home)) == {"1", "2"}
    assert np.array_equal(read(folder(home) / "B" / "1.png").pixels, corrected)
    session.training.phase = None


def test_the_drawing_is_seen_beside_its_preview_while_that_is_corrected(window, session):
    window.actions_table["split"].trigger()
    box(window, 20)
    seen = session.document.picture_flat().copy()
    session.teaching.begin()
    assert window.preview.isVisible() and window.teaching_bar.isVisible()
    until(lambda: window.preview.width() > 300)
    assert np.array_equal(session.teaching.lesson.seen, seen)
    image = window.preview.grab().toImage()
    # The canvas is as wide as the preview, and the view is the same.
    at = [window.canvas_point(x, 35).toPoint() for x in range(18, 24)]
    assert min(image.pixelColor(point).lightness() for point in at) < 100  # the box's left line
    assert image.pixelColor(window.canvas_point(35, 35).toPoint()).lightness() > 250  # and what is in it
    session.next_picture()
    assert not session.teaching.here and teach(window).text() == "Back to the &correction"
    teach(window).click()
    assert session.teaching.here
    window.teaching_bar.findChild(QToolButton, "teaching_cancel").click()
    assert session.teaching.lesson is None and not window.teaching_bar.isVisible()
    settle(session)
    assert not window.preview.isVisible() and session.document.kind == "sketch"


def test_what_is_painted_after_it_was_taught_is_not_thrown_away(window, session, told):
    box(window, 20)
    session.teaching.begin()
    correction, teaching, started = session.picture, session.teaching, []
    paint_over(window, (1, 2, 3))
    teaching.started.connect(lambda: started.append(True))
    teaching.teach(1, [], steps=1)
    paint_over(window, (200, 20, 40))
    until(lambda: started, LONG)
    assert session.picture is correction and teaching.here and not teaching.busy
    assert "It is taught without your last strokes; teach it again to have them in." in told
    until(lambda: session.training.phase == "finished", LONG)
    teaching.cancel()


def test_what_is_cancelled_while_it_is_written_is_in_no_later_lesson(window, session, home):
    teaching, started = session.teaching, []
    teaching.started.connect(lambda: started.append(True))
    box(window, 20)
    teaching.begin()
    paint_over(window, (200, 20, 40))
    teaching.teach(1, [], steps=1)
    teaching.cancel()
    settle(session)
    box(window, 50)
    teaching.begin()
    corrected = paint_over(window, (20, 200, 40))
    teaching.teach(1, [], steps=1)
    until(lambda: started, LONG)
    data = pairs.find(folder(home))
    assert [np.array_equal(read(pair.b.file).pixels, corrected) for pair in data.pairs] == [True]
    until(lambda: session.training.phase == "finished", LONG)


def test_a_correction_that_is_cancelled_leaves_the_one_of_before(home):
    card = Card("tidy", "unet", {}, input="image", size=(32, 32))
    plain = np.full((32, 32, 3), 20, np.uint8)
    lesson = Lesson(card, home / "tidy.safetensors", Picture(pixels=plain), plain, plain, ())
    assert former_correction(lesson) is None
    keep_correction(lesson, plain + 90)
    former = former_correction(lesson)
    place = keep_correction(lesson, plain + 150)
    take_back(lesson, place, former)
    assert [read(pair.b.file).pixels.max() for pair in pairs.find(place).pairs] == [110]
    take_back(lesson, place, None)
    assert not pair_store.names(place) and not pair_store.manifest_of(place).origins


def test_nothing_corrected_nothing_taught(window, session, home, told):
    box(window, 20)
    session.teaching.begin()
    teach(window).click()
    assert told == ["Nothing is corrected yet; paint over what should be otherwise."]
    paint_over(window, (1, 2, 3))
    session.edit(lambda document: document.resize(50, 50))
    teach(window).click()
    assert "another size" in told[-1] and not folder(home).exists()


def test_cancelling_painted_over_strokes_asks(window, session):
    box(window, 20)
    session.teaching.begin()
    paint_over(window, (1, 2, 3))
    window.teaching_bar.findChild(QToolButton, "teaching_cancel").click()
    assert session.teaching.here and window.messages.isVisible()
    next(button for button in window.messages.findChildren(QPushButton) if "hrow" in button.text()).click()
    assert session.teaching.lesson is None and session.document.kind == "sketch"


def test_cancelling_a_polygon_that_goes_on_asks_as_well(window, session):
    box(window, 20)
    session.teaching.begin()
    correction = session.picture
    session.strokes.choose_tool("polygon")
    for corner in ((20, 20), (70, 20), (50, 50)):
        drag(window, corner)
    window.teaching_bar.findChild(QToolButton, "teaching_cancel").click()
    assert session.picture is correction and "has not been taught" in message(window)
    session.teaching.cancel()


def test_closing_the_correction_ends_the_lesson(window, session):
    box(window, 20)
    session.teaching.begin()
    session.close_picture(session.picture)
    assert session.teaching.lesson is None and not window.teaching_bar.isVisible()


@pytest.mark.parametrize(
    ("name", "task"), [("tiny lines", "lines"), ("tiny labels", "labels"), ("tiny image", "image")]
)
def test_every_kind_of_model_can_be_taught(window, session, home, told, name, task):
    session.open_model(model(session, name))
    settle(session)
    session.strokes.choose_colour((90, 0, 0)) if task != "lines" else None
    drag(window, (10, 10), (60, 50))
    settle(session)
    palette = session.live.card.palette
    session.training.phase = "running"
    session.teaching.begin()
    paint_over(window, (200, 0, 0))
    teach(window).click()
    until(lambda: told and not session.teaching.busy)
    session.training.phase = None
    data = pairs.find(folder(home, name))
    assert (data.task, data.palette, len(data.pairs)) == (task, palette, 1)
    a, b = pairs.load(data.pairs[0])
    assert a.shape == b.shape
    session.teaching.cancel()


@pytest.fixture
def shoes(session, home) -> Path:
    """A model that is called as if the bundled one had been taught that sample drawings are made for."""
    card, tensors = bundle.read(model(session, "tiny sketch"))
    path = home / "models" / "shoes.safetensors"
    bundle.write(path, replace(card, name="shoes, taught"), tensors)
    session.library.refresh()
    session.open_model(path)
    settle(session)
    return path


def test_sample_drawings_are_taught_as_the_model_makes_them(window, session, home, told, shoes):
    path = next(samples("sketch", "shoes"))
    session.put_up(drawn(path, session.live.card), shoes)
    settle(session)
    session.training.phase = "running"  # so that nothing is trained here
    session.teaching.begin()
    corrected = paint_over(window, (20, 200, 40))
    teach(window).click()
    until(lambda: told)
    assert told == ["The pair is kept, but a training goes on; teach it when that has ended."]
    session.training.phase = None
    session.teaching.cancel()
    data = pairs.find(folder(home, "shoes"))
    assert len(data.pairs) == MOST
    # The first sample drawing is corrected: that counts for more than what was made of it.
    assert np.array_equal(pairs.load(data.pairs[0])[1], corrected)
    second = Drawing.load(list(samples("sketch", "shoes"))[1])
    document = second.document()
    second.replay(document)
    generator = engine.open(shoes)
    size = codec.working_size((second.width, second.height), generator.card)
    made = generator.translate(codec.prepare(document.picture(), generator.card, size))
    kept_one = pairs.load(data.pairs[1])[1]
    assert np.abs(codec.scaled_preview(made, document.picture().size).astype(int) - kept_one).max() <= 1


def test_a_damaged_correction_of_before_is_said_with_its_place(home):
    """With the file out of the way the model can be taught."""
    size = (32, 32)
    card = Card("tidy", "unet", {}, input="image", size=size)

    def teach_it(shade: int) -> None:
        plain = np.full((*size, 3), shade, np.uint8)
        lesson = Lesson(card, home / "tidy.safetensors", Picture(pixels=plain), plain, plain, ())
        keep_examples(lesson, keep_correction(lesson, 255 - plain), [], [])

    teach_it(20)
    (damaged,) = (folder(home, "tidy") / pair_store.PHOTO).iterdir()
    damaged.write_bytes(damaged.read_bytes()[:60])
    with pytest.raises(PictureError) as caught:
        teach_it(40)
    assert str(caught.value).startswith(f"A correction of before can’t be read back, “{damaged}”: ")
    assert str(caught.value).endswith(" Move it away, then teach this again.")
    damaged.unlink()
    teach_it(60)
    assert len(pairs.find(folder(home, "tidy")).pairs) == 2


def test_what_the_model_cannot_show_is_said_and_the_corrected_pair_kept(window, session, home, told, shoes):
    box(window, 20)
    session.teaching.begin()
    paint_over(window, (20, 200, 40))
    shoes.unlink()
    teach(window).click()
    until(lambda: told)
    assert "teach it again later" in told[0]
    assert session.teaching.lesson is not None and not session.teaching.busy
    assert len(pairs.find(folder(home, "shoes")).pairs) == 1
    session.teaching.cancel()


def test_nobody_who_leaves_waits_for_drawings(session):
    assert examples(session.live.card, "shoes", given_up=lambda: True) == []


@pytest.mark.parametrize(
    ("name", "others", "base", "taught"),
    [
        ("shoes", [], "shoes", "shoes, taught"),
        ("shoes", ["Shoes, Taught"], "shoes", "shoes, taught 2"),
        ("shoes, taught", ["shoes, taught"], "shoes", "shoes, taught 2"),
        ("shoes, taught 7", ["shoes, taught", "shoes, taught 2"], "shoes", "shoes, taught 3"),
        ("shoes, taught well", [], "shoes, taught well", "shoes, taught well, taught"),
        (", taught", [], ", taught", ", taught, taught"),
    ],
)
def test_a_taught_model_is_no_grandchild_by_name(name: str, others: list[str], base: str, taught: str):
    assert (base_of(name), taught_name(name, others)) == (base, taught)


def test_what_cannot_be_taught_is_said(window, session, told):
    box(window, 20)
    assert done(session.shelf.keep())
    (frame,) = session.shelf.kept
    session.live.enabled = False
    drag(window, (50, 10), (60, 60))
    window.actions_table["teach"].trigger()
    assert told.pop().startswith("The preview is behind the picture")
    session.live.enabled = True
    session.open_model(model(session, "tiny labels"))
    settle(session)
    session.teaching.begin(frame)
    assert "another kind" in told[-1] and session.teaching.lesson is None
