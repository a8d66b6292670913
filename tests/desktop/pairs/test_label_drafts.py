"""Label maps drafted in the real window, by what a real process learnt from those painted before."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QToolButton

from desktop.paint.gestures import superpixels
from desktop.paint.gestures.superpixels import regions_in
from desktop.paint.layers.composite import from_straight
from desktop.pairs import kept_drafts, label_drafts
from desktop.pairs.kept_drafts import Drafts
from desktop.pairs.label_drafts import made_by
from desktop.pairs.photos import Photo, mark_of
from desktop.support import background
from desktop.widgets.main_window import MainWindow
from engine.data.messages import Picture, Pixels
from engine.data.picture import write_png
from tests import warm
from tests.bench.pen import event
from tests.desktop.window_hands import drag, send, text_of, until
from trainer.drafting import drafts as drafting
from trainer.drafting import files
from trainer.files import pair_store
from trainer.machine import at_work

LONG = 240.0
SOON_LEARNT = """
from trainer.drafting import learner
learner.VIEWS, learner.FEWEST_STEPS = 1, 20
from desktop.__main__ import main
main()
"""
"""The program, with drafts that cost a test a few seconds: fronts as plain as these are soon learnt."""
SKY, WALL, DOOR = range(3)


def front(number: int, width: int = 96, height: int = 64) -> tuple[Pixels, Pixels]:
    """The labels of a house front, indices uint8 (height, width), and a photo of it, uint8 (…, 3)."""
    rng = np.random.default_rng(number)
    labels = np.full((height, width), SKY, np.uint8)
    left, top = int(rng.integers(5, 25)), int(rng.integers(12, 28))
    labels[top:, left : left + 55] = WALL
    labels[-18:, left + 20 : left + 32] = DOOR
    tones = np.array([(160, 190, 230), (190, 150, 110), (60, 40, 30)], np.int16)
    photo = tones[labels] + rng.integers(-8, 9, (height, width, 3))
    return labels, np.clip(photo, 0, 255).astype(np.uint8)


def write_fronts(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        write_png(folder / f"front {number}.png", front(number)[1])
    return folder


def begin(window: MainWindow, folder: Path, target: Path | None = None) -> Path:
    pair_drawing = window.session.pair_drawing
    target = target or pair_drawing.folder(folder.name)
    pair_drawing.begin([folder], "labels", target)
    until(lambda: pair_drawing.here and not pair_drawing.busy)
    return target


def keep(window: MainWindow, folder: Path, photos: Path, count: int) -> None:
    """The first maps of a data set, finished earlier."""
    palette = window.session.matching.palette_for("labels")
    for number in range(1, count + 1):
        labels, photo = front(number)
        file = photos / f"front {number}.png"
        origin = pair_store.Origin(file.name, mark_of(file))
        pair_store.keep(folder, Picture(pixels=palette.colours[labels]), photo, "labels", palette, origin)


def tool(window: MainWindow, name: str) -> QToolButton:
    found = window.pair_drawing_bar.findChild(QToolButton, name)
    assert found is not None
    return found


def leave_drafts(data: Path, labels: int, doubts: dict[str, float], maps: int = 5, **more: bool) -> None:
    """Drafts as the trainer leaves them: sky above, wall below."""
    out = kept_drafts.drafts_folder(data)
    out.mkdir(parents=True, exist_ok=True)
    chances = np.zeros((labels, 16, 24), np.float32)
    chances[SKY, :8], chances[WALL, 8:] = 1, 1
    for mark in doubts:
        write_png(out / f"{mark}.png", drafting.packed(chances))
    told = {"format": 1, "maps": maps, "labels": labels, "doubts": doubts, **more}
    (out / files.RESULTS).write_text(json.dumps(told), "utf-8")


def marks(window: MainWindow) -> dict[str, str]:
    photo_set = window.session.pair_drawing.photo_set
    return {photo.file.stem: photo.mark for photo in photo_set.photos}


@pytest.fixture
def soon_learnt(monkeypatch: pytest.MonkeyPatch, warmed_programs: None) -> None:
    """What the window starts learns drafts within seconds."""
    monkeypatch.setattr(label_drafts, "SECONDS", 1.0)
    monkeypatch.setattr(background, "program", lambda: warm.command("-c", SOON_LEARNT))


@pytest.mark.usefixtures("soon_learnt")
def test_after_five_maps_the_next_photo_comes_with_its_draft(window: MainWindow, fronts: Path):
    session, pair_drawing = window.session, window.session.pair_drawing
    labels = pair_drawing.labels
    keep(window, pair_drawing.folder("fronts"), fronts, 4)
    folder = begin(window, fronts)
    assert session.document.is_blank and not labels.learning
    assert "drafts from 5 on" in text_of(window.pair_drawing_bar)
    palette = session.document.palette
    session.edit(lambda document: label_drafts.laid(document, front(5)[0], "Painted"))
    pair_drawing.add()
    until(lambda: labels.learning)
    assert tool(window, "draft_cancel").isVisible() and "Learning" in text_of(window.pair_drawing_bar)
    until(lambda: not labels.learning, LONG)
    assert labels.drafts.maps == 5 and {mark for mark, _ in labels.drafts.doubts} == {
        photo.mark for photo in pair_drawing.photo_set.photos if not photo.pair
    }
    until(lambda: not session.document.is_blank)  # the photo at hand has waited for it
    number = int(pair_drawing.photo.file.stem.split()[-1])
    right = (palette.indices(session.document.picture_flat()) == front(number)[0]).mean()
    assert right > 0.85 and session.document.undo_steps == 1
    # The next comes with it.
    pair_drawing.add()
    until(lambda: pair_drawing.here and not pair_drawing.busy and made_by(session.document) == 5)
    assert session.picture.is_saved and session.document.undo_steps == 1
    assert "Draft by 5 maps" in text_of(window.pair_drawing_bar)
    assert len(pair_store.names(folder)) == 6 and not labels.learning


def test_a_draft_is_declined_undone_and_drawn_over(window: MainWindow, fronts: Path):
    session, pair_drawing = window.session, window.session.pair_drawing
    folder = begin(window, fronts)
    count = len(session.document.palette.labels)
    known = marks(window)
    leave_drafts(folder, count, {mark: 0.3 for mark in known.values()})
    pair_drawing.finish()
    begin(window, fronts)
    document = session.document
    until(lambda: made_by(document) == 5)
    sky = document.palette.labels[SKY].colour
    assert tuple(document.picture_flat()[2, 50]) == sky
    assert tuple(document.picture_flat()[60, 50]) == document.palette.labels[WALL].colour
    drag(window, (20, 40), (60, 40))
    assert not session.picture.is_saved and tool(window, "draft_decline").isVisible()
    tool(window, "draft_decline").click()
    assert document.is_blank and document.undo_steps == 3 and not tool(window, "draft_decline").isVisible()
    session.undo()
    assert not document.is_blank
    tool(window, "draft_lines").click()
    until(lambda: document.undo_steps == 3 and made_by(document) == 5)
    # A picture that was skipped untouched is no unsaved one.
    for _ in range(3):
        session.undo()
    assert document.is_blank and not tool(window, "draft_decline").isVisible()


def test_what_is_known_of_a_draft_goes_and_comes_back_with_it(window: MainWindow, fronts: Path):
    session, pair_drawing = window.session, window.session.pair_drawing
    folder = begin(window, fronts)
    leave_drafts(folder, len(session.document.palette.labels), {mark: 0.3 for mark in marks(window).values()})
    pair_drawing.finish()
    begin(window, fronts)
    document = session.document
    until(lambda: made_by(document) == 5)
    tool(window, "draft_decline").click()
    assert (made_by(document), document.undo_steps) == (0, 2)
    session.undo()
    assert made_by(document) == 5 and tool(window, "draft_decline").isVisible()
    session.undo()
    session.strokes.choose_colour(document.palette.labels[DOOR].colour)
    drag(window, (20, 40), (60, 40))  # by hand
    assert not document.is_blank and made_by(document) == 0
    assert not tool(window, "draft_decline").isVisible()
    session.undo()
    assert document.redo_steps == 1


def test_a_draft_is_laid_in_no_other_labels(window: MainWindow, fronts: Path, told: list[str]):
    session, pair_drawing = window.session, window.session.pair_drawing
    folder = begin(window, fronts)
    palette = session.document.palette
    leave_drafts(folder, len(palette.labels), {mark: 0.3 for mark in marks(window).values()})
    pair_drawing.finish()
    pair_drawing.labels.filling = False
    begin(window, fronts)
    pair_drawing.draw_draft()  # and before it comes:
    session.edit(lambda it: it.set_palette(replace(palette, name="two", labels=palette.labels[:2])))
    until(lambda: told)
    pair_drawing.draw_draft()
    assert (
        told == [f"The data set is painted in the labels of “{palette.name}”; choose that palette again."] * 2
    )
    assert session.document.is_blank
    session.undo()
    pair_drawing.draw_draft()
    until(lambda: made_by(session.document) == 5)


def test_a_stroke_begun_before_the_draft_comes_is_drawn_to_its_end_and_is_nothing_to_throw_away(
    window: MainWindow, fronts: Path
):
    session, pair_drawing = window.session, window.session.pair_drawing
    folder = begin(window, fronts)
    leave_drafts(folder, len(session.document.palette.labels), {mark: 0.3 for mark in marks(window).values()})
    pair_drawing.finish()
    pair_drawing.labels.filling = False
    begin(window, fronts)
    document, pressed, none = session.document, Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    session.strokes.choose_colour(document.palette.labels[DOOR].colour)
    session.strokes.quick_shapes = False
    tool(window, "draft_lines").click()
    send(window, QEvent.Type.MouseButtonPress, (20, 40), pressed, pressed)
    send(window, QEvent.Type.MouseMove, (40, 40), none, pressed)
    tool(window, "draft_lines").click()  # answered after the first
    QApplication.processEvents()
    send(window, QEvent.Type.MouseMove, (80, 40), none, pressed)
    send(window, QEvent.Type.MouseButtonRelease, (80, 40), pressed, none)
    until(lambda: made_by(document) == 5)
    assert not session.saved
    while document.undo_steps > 1:
        session.undo()
    assert tuple(document.picture_flat()[40, 78]) == document.palette.labels[DOOR].colour


def test_a_click_with_ctrl_goes_by_the_draft(window: MainWindow, fronts: Path):
    session, pair_drawing = window.session, window.session.pair_drawing
    folder = begin(window, fronts)
    count = len(session.document.palette.labels)
    leave_drafts(folder, count, {mark: 0.3 for mark in marks(window).values()})
    pair_drawing.finish()
    begin(window, fronts)
    until(lambda: made_by(session.document) == 5)
    window.activateWindow()
    until(window.isActiveWindow)
    QTest.keyClick(window.canvas, Qt.Key.Key_A)
    QTest.keyClick(window.canvas, Qt.Key.Key_3)
    kinds = QEvent.Type
    for kind in (kinds.MouseButtonPress, kinds.MouseButtonRelease):
        QApplication.sendEvent(window.canvas, event(window, kind, 50, 50, ctrl=True))
    labels = session.document.palette.indices(session.document.picture_flat())
    assert (labels[40:] == DOOR).all() and (labels[:14] == SKY).all()
    session.undo()
    assert (session.document.palette.indices(session.document.picture_flat())[40:] == WALL).all()


def test_skipping_drafts_leaves_no_pictures_open_and_they_can_be_switched_off(
    window: MainWindow, fronts: Path
):
    session, pair_drawing = window.session, window.session.pair_drawing
    folder = begin(window, fronts)
    count, known = len(session.document.palette.labels), marks(window)
    leave_drafts(folder, count, {mark: 0.3 for mark in known.values()})
    pair_drawing.finish()
    before = len(session.pictures)
    begin(window, fronts)
    for index in range(1, 4):
        pair_drawing.step(1)
        until(lambda: not pair_drawing.busy and pair_drawing.index == index)  # noqa: B023
        assert made_by(session.document) == 5
    assert len(session.pictures) == before + 1
    filling = window.pair_drawing_bar.findChild(QCheckBox, "draft_filling")
    filling.click()
    pair_drawing.step(1)
    until(lambda: not pair_drawing.busy and pair_drawing.index == 4)
    assert session.document.is_blank and made_by(session.document) == 0
    assert session.settings.pairs["drafts"] == "no"


def test_the_least_certain_photo_is_offered_first(window: MainWindow, fronts: Path):
    session, pair_drawing = window.session, window.session.pair_drawing
    keep(window, pair_drawing.folder("fronts"), fronts, 2)
    folder = begin(window, fronts)
    assert pair_drawing.photo.file.stem == "front 3"
    count, known = len(session.document.palette.labels), marks(window)
    doubts = {known[f"front {number}"]: number / 10 for number in (1, 4, 5, 7)}
    leave_drafts(folder, count, doubts)
    pair_drawing.finish()
    begin(window, fronts)
    order = [int(photo.file.stem.split()[-1]) for photo in pair_drawing.photo_set.photos]
    assert order == [1, 2, 7, 5, 4, 3, 6, 8] and pair_drawing.index == 2
    until(lambda: made_by(session.document) == 5)
    pair_drawing.add()
    until(lambda: pair_drawing.here and not pair_drawing.busy and pair_drawing.index == 3)
    assert pair_drawing.photo.file.stem == "front 5"


def test_what_is_drawn_at_hand_keeps_its_place(tmp_path: Path):
    photos = [Photo(tmp_path / str(number), f"m{number}", "x" if number == 3 else "") for number in range(6)]
    drafts = Drafts(tmp_path, 5, 3, (("m0", 0.9), ("m2", 0.1), ("m4", 0.8), ("m3", 0.95)))
    assert [photo.mark for photo in kept_drafts.in_order(photos, 1, drafts)] == "m0 m1 m4 m3 m2 m5".split()
    assert kept_drafts.in_order(photos, 5, drafts) == tuple(photos)


def test_learning_is_cancelled_and_tried_again_after_more_maps(
    window: MainWindow, fronts: Path, monkeypatch: pytest.MonkeyPatch
):
    pair_drawing = window.session.pair_drawing
    keep(window, pair_drawing.folder("fronts"), fronts, 5)
    begin(window, fronts)
    labels = pair_drawing.labels
    assert labels.learning
    tool(window, "draft_cancel").click()
    assert not labels.learning and not tool(window, "draft_cancel").isVisible()
    labels.follow(pair_drawing.photo_set, 0)
    assert not labels.learning
    pair_drawing.draw_draft()
    assert "Drafts come once there are 5 finished maps" in text_of(window.messages)


def test_learning_waits_for_a_training(window: MainWindow, fronts: Path):
    session, pair_drawing = window.session, window.session.pair_drawing
    keep(window, pair_drawing.folder("fronts"), fronts, 5)
    session.training.phase = "running"
    begin(window, fronts)
    labels = pair_drawing.labels
    assert labels.waiting and not labels.learning
    assert "when the training has ended" in text_of(window.pair_drawing_bar)
    session.training.phase = "finished"
    assert labels.learning and not labels.waiting
    session.training.phase = "starting"
    assert labels.waiting and not labels.learning
    session.training.phase = None
    assert labels.learning
    pair_drawing.finish()
    assert not labels.learning and labels.drafts is None


def test_learning_waits_for_the_trainings_of_other_programs(
    window: MainWindow, fronts: Path, home: Path, monkeypatch
):
    pair_drawing, begun = window.session.pair_drawing, []
    monkeypatch.setattr(background, "done", lambda words, given_up: begun.append(words[0]) or "")
    keep(window, pair_drawing.folder("fronts"), fronts, 5)
    labels = pair_drawing.labels
    with at_work.noted(home / "runs" / "theirs"):
        begin(window, fronts)
        until(lambda: labels.waiting)
        assert "when the training has ended" in text_of(window.pair_drawing_bar)
    until(lambda: begun)
    until(lambda: not labels.waiting)
    pair_drawing.finish()


def test_what_goes_wrong_is_one_sentence(window: MainWindow, fronts: Path, monkeypatch, told):
    pair_drawing = window.session.pair_drawing
    keep(window, pair_drawing.folder("fronts"), fronts, 5)
    monkeypatch.setattr(background, "done", lambda words, given_up: "The disk is full; make room.")
    begin(window, fronts)
    until(lambda: not pair_drawing.labels.learning)
    assert told == ["The disk is full; make room."]


def test_what_was_learnt_and_cant_be_read_is_not_learnt_again_and_again(
    window: MainWindow, fronts: Path, monkeypatch
):
    pair_drawing, asked = window.session.pair_drawing, []
    keep(window, pair_drawing.folder("fronts"), fronts, 5)

    def nothing(words, given_up) -> str:
        asked.append(words)
        return ""

    monkeypatch.setattr(background, "done", nothing)
    begin(window, fronts)
    until(lambda: not pair_drawing.labels.learning)
    assert len(asked) == 1 and pair_drawing.labels.drafts.maps == 0


def test_the_first_drafts_are_there_while_others_are_still_read(
    window: MainWindow, fronts: Path, monkeypatch: pytest.MonkeyPatch
):
    session, pair_drawing = window.session, window.session.pair_drawing
    labels, goes_on = pair_drawing.labels, threading.Event()
    monkeypatch.setattr(label_drafts, "LOOK_SECONDS", 0.0)
    keep(window, pair_drawing.folder("fronts"), fronts, 5)

    def learn(words: list[str], look: Callable[[], bool]) -> str:
        leave_drafts(Path(words[1]), count, {here: 0.3}, whole=False)
        while not look() and not goes_on.wait(0.01):
            pass
        return ""

    count = len(session.matching.palette_for("labels").labels)
    here = mark_of(fronts / "front 6.png")
    monkeypatch.setattr(background, "done", learn)
    begin(window, fronts)
    until(lambda: made_by(session.document) == 5)
    assert labels.learning and not labels.drafts.whole
    labels.cancel()
    goes_on.set()
    labels.follow(pair_drawing.photo_set, 5)
    assert not labels.learning  # it was cancelled by hand
    pair_drawing.finish()
    begin(window, fronts)
    assert labels.learning  # what was left half done is done on another day
    pair_drawing.finish()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"format": 2}',
        '{"format": 1, "maps": 5, "labels": 3, "doubts": []}',
        '{"format": 1, "maps": 1e999, "labels": 3, "doubts": {}, "share": 0.5, "photos": 1e999}',
        f'{{"format": 1, "maps": 5, "labels": 3, "doubts": {{"m": 1{"0" * 400}}}, "share": 1{"0" * 400}}}',
        '{"format": 1, "maps": 5, "labels": 3, "doubts": {"m": NaN}, "share": NaN, "photos": 1}',
    ],
)
def test_damaged_drafts_are_none(tmp_path: Path, text: str):
    (tmp_path / files.RESULTS).write_text(text)
    assert kept_drafts.read(tmp_path) == Drafts(tmp_path)
    (tmp_path / files.PROGRESS).write_text(text)
    assert kept_drafts.progress(tmp_path) == (0.0, 0)


def test_a_draft_that_does_not_fit_is_none(tmp_path: Path):
    photo = front(1)[1]
    chances = np.zeros((3, 16, 24), np.float32)
    chances[WALL] = 1
    write_png(tmp_path / "m.png", drafting.packed(chances))
    drafts = Drafts(tmp_path, 5, 3, (("m", 0.5), ("gone", 0.5)))
    assert (kept_drafts.labels_of(drafts, "m", photo, 3) == WALL).all()
    assert np.allclose(regions_in(from_straight(photo)).likely.sum(1), 1, atol=1e-5)  # shares, for smart fill
    assert kept_drafts.labels_of(drafts, "m", photo, 4) is None
    passing = np.ascontiguousarray(photo[::-1])  # one of many that are read, and of which none is open
    before = dict(superpixels.kept_regions)
    assert (kept_drafts.labels_of(drafts, "m", passing, 3, passing=True) == WALL).all()
    assert superpixels.kept_regions == before
    assert kept_drafts.labels_of(drafts, "other", photo, 3) is None
    assert kept_drafts.labels_of(drafts, "gone", photo, 3) is None
    assert kept_drafts.labels_of(drafts, "m", photo[:, :40], 3) is None  # cropped
    write_png(tmp_path / "m.png", np.zeros((7, 24), np.uint8))
    assert kept_drafts.labels_of(drafts, "m", photo, 3) is None


def test_a_draft_needs_a_photo(window: MainWindow, fronts: Path, told):
    session, pair_drawing = window.session, window.session.pair_drawing
    folder = begin(window, fronts)
    leave_drafts(folder, len(session.document.palette.labels), {mark: 0.3 for mark in marks(window).values()})
    pair_drawing.finish()
    begin(window, fronts)
    session.edit(lambda document: document.remove_layer(document.layers[-1].id))
    pair_drawing.draw_draft()
    assert told and "photo's layer was deleted" in told[-1]
