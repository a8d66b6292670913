"""Parts of the preview that stay as they are: to the byte, for as long as they are held."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QInputDialog

from desktop.documents.recovery import abandoned
from desktop.frames.selected import selected
from desktop.paint.layers.held import MOST_LINES, Hold, Overlay, counting, edges, falling, within
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.data.messages import Pixels, Translated
from engine.data.picture import read
from engine.data.rect import EMPTY, Rect
from tests.desktop.window_hands import done, drag, files_done, settle, until

AREA = Rect(30, 20, 40, 40)
"""Selected, in picture pixels."""


@pytest.fixture
def drawn(window: MainWindow, session: Session) -> Session:
    """A drawing, and a part of it selected by hand."""
    drag(window, (5, 5), (90, 75))
    session.strokes.choose_tool("select")
    drag(window, (AREA.left, AREA.top), (AREA.right, AREA.bottom))
    session.strokes.choose_tool("pen")
    settle(session)
    return session


def inside(session: Session) -> np.ndarray:
    """The preview's pixels that lie wholly in what is selected."""
    mask, preview = selected(session.document), session.live.preview
    assert mask is not None
    return within(mask, (preview.shape[1], preview.shape[0]))


def strokes(window: MainWindow, count: int) -> None:
    chance = np.random.default_rng(3)
    for _ in range(count):
        (a, b), (c, d) = chance.uniform(0, (96, 80), (2, 2)).tolist()
        drag(window, (a, b), (c, d))
        settle(window.session)


def shown(session: Session) -> Pixels:
    settle(session)
    return session.live.preview.copy()


def test_thirty_strokes_change_nothing_outside(window: MainWindow, drawn: Session):
    session = drawn
    before, living = shown(session), inside(session)
    window.actions_table["hold_rest"].trigger()
    session.selecting.select(EMPTY)
    seen: list[Pixels] = []
    session.live.watch("preview", lambda: seen.append(session.live.preview))
    strokes(window, 30)
    after = shown(session)
    assert len(seen) > 10, "frames on the way count, too"
    for frame in seen:
        np.testing.assert_array_equal(frame[~living], before[~living])
    assert (after[living] != before[living]).any()
    session.holding.lift_all()
    assert (session.live.preview[~living] != before[~living]).any(), "it had gone on underneath"


def test_frames_on_the_way_and_the_exact_one_are_finished_alike(window: MainWindow, drawn: Session):
    """A slow model sends frames that are up to date around the pen, and the exact one when it rests."""
    session, live = drawn, drawn.live
    before, living = shown(session), inside(session)
    session.holding.set_feather(0)
    session.holding.hold_rest()
    live.enabled = False  # nothing comes but what is sent here
    live.edited(AREA)
    ticket = live.passes.ticket
    for frame, settled in ((before // 2, False), (before // 3, True)):
        live.bridge.replied.emit(Translated(ticket, frame, 0.1, "cpu", settled))
        assert live.settled is settled
        np.testing.assert_array_equal(live.preview[~living], before[~living])
        np.testing.assert_array_equal(live.preview[living], frame[living])
    session.undo()
    np.testing.assert_array_equal(live.preview, before // 3)


def test_a_frame_that_is_on_show_for_good_is_made_anew_when_a_hold_is_lifted(
    window: MainWindow, drawn: Session
):
    session = drawn
    session.holding.hold_rest()
    session.live.show(np.zeros_like(session.live.preview))
    session.holding.lift()
    until(lambda: session.live.preview.any())


def test_inside_the_feather_it_lives_wholly(window: MainWindow, drawn: Session):
    session = drawn
    window.actions_table["hold_rest"].trigger()
    core = falling(inside(session), session.settings.feather) == 255
    assert core.any()
    session.selecting.select(EMPTY)
    strokes(window, 5)
    after = shown(session)
    session.holding.lift()
    np.testing.assert_array_equal(after[core], session.live.preview[core])
    assert (after != session.live.preview).any()


def test_what_is_selected_is_held_and_the_rest_lives(window: MainWindow, drawn: Session):
    session = drawn
    session.holding.set_feather(0)
    before, held = shown(session), inside(session)
    window.actions_table["hold_selected"].trigger()
    session.selecting.select(EMPTY)
    strokes(window, 8)
    after = shown(session)
    np.testing.assert_array_equal(after[held], before[held])
    assert (after[~held] != before[~held]).any()


def test_several_holds_are_lifted_one_by_one(window: MainWindow, drawn: Session, told: list[str]):
    session = drawn
    session.holding.set_feather(0)
    first, at_first = shown(session), inside(session)
    window.actions_table["hold_rest"].trigger()
    session.selecting.select(EMPTY)
    strokes(window, 4)
    second = shown(session)
    session.selecting.select(Rect(0, 0, 30, 80))
    at_second = inside(session)
    window.actions_table["hold_rest"].trigger()
    session.selecting.select(EMPTY)
    strokes(window, 4)
    third = shown(session)
    np.testing.assert_array_equal(third[~at_second], second[~at_second])
    assert (third[at_second] != second[at_second]).any(), "there it lives, whatever was held before"
    window.actions_table["lift_hold"].trigger()
    lifted = session.live.preview
    np.testing.assert_array_equal(lifted[~at_first], first[~at_first])
    window.actions_table["lift_hold"].trigger()
    assert session.document.holds == () and session.holding.outline == ()
    window.actions_table["lift_hold"].trigger()
    assert told[-1] == "Nothing of the preview is held."


def test_holding_is_undone_and_done_again(drawn: Session):
    session = drawn
    steps, sent = session.document.undo_steps, session.live.passes.sent
    session.holding.hold_rest()
    held = session.live.preview.copy()
    assert session.document.undo_steps == steps + 1 and session.steps.undo_text == "Hold the rest"
    assert session.live.passes.sent == sent, "no pass is needed for it"
    session.undo()
    assert session.document.holds == () and session.holding.outline == ()
    session.redo()
    np.testing.assert_array_equal(session.live.preview, held)
    assert session.holding.outline


def test_a_hold_is_saved_and_recovered(window: MainWindow, drawn: Session, tmp_path: Path):
    session = drawn
    before, living = shown(session), inside(session)
    session.holding.hold_rest()
    session.selecting.select(EMPTY)
    strokes(window, 3)
    (hold,) = session.document.holds
    session.picture.journal.flush()
    assert done(session.save(tmp_path / "bag.ora"))
    session.close_picture(session.picture)
    assert session.holding.outline == ()
    session.open_file(tmp_path / "bag.ora")
    files_done(session)
    after = shown(session)
    np.testing.assert_array_equal(after[~living], before[~living])
    np.testing.assert_array_equal(session.document.holds[0].pixels, hold.pixels)
    strokes(window, 1)  # a journal is begun
    session.picture.journal.close(keep=True)
    session.picture.journal = None
    (job,) = session.guarding.recover(abandoned())
    assert done(job)
    files_done(session)
    after = shown(session)
    np.testing.assert_array_equal(after[~living], before[~living])


def test_exports_copies_and_kept_frames_show_what_is_held(window: MainWindow, drawn: Session, tmp_path: Path):
    session = drawn
    before, living = shown(session), inside(session)
    session.holding.hold_rest()
    session.selecting.select(EMPTY)
    strokes(window, 3)
    now = shown(session)
    window.clipboard.copy_preview()
    image = QGuiApplication.clipboard().image()
    assert image.pixelColor(0, 0).getRgb()[:3] == tuple(before[0, 0].tolist())
    assert done(session.shelf.keep())
    np.testing.assert_array_equal(session.shelf.kept[0].preview, now)
    assert done(session.export("preview", tmp_path / "a.png"))
    exported = read(tmp_path / "a.png").pixels
    assert exported.shape == (80, 96, 3)
    session.shelf.vary()
    until(lambda: session.shelf.awaited == 0)
    for frame in session.shelf.variations:
        np.testing.assert_array_equal(frame.preview[~living], before[~living])
    session.holding.lift_all()
    session.shelf.clear_variations()
    session.shelf.choose(session.shelf.kept[0])
    np.testing.assert_array_equal(session.live.preview, now)
    assert len(session.document.holds) == 1, "with its picture comes what was held of it"


def test_the_rest_is_held_as_in_a_kept_frame(window: MainWindow, drawn: Session, told: list[str]):
    session = drawn
    session.holding.set_feather(0)
    assert done(session.shelf.keep())
    (frame,) = session.shelf.kept
    living = inside(session)
    session.selecting.select(EMPTY)
    strokes(window, 3)
    settle(session)
    session.selecting.select(AREA)
    (action,) = [it for it in window.shelf.menu_of(frame).actions() if "Hold" in it.text()]
    action.trigger()
    np.testing.assert_array_equal(session.live.preview[~living], frame.preview[~living])
    assert (session.live.preview[living] != frame.preview[living]).any()
    session.undo()
    session.edit(lambda document: document.crop(Rect(0, 0, 90, 40)))
    session.selecting.select(Rect(5, 5, 20, 20))
    settle(session)
    told.clear()
    action.trigger()
    assert not session.document.holds and len(told) == 1 and "another shape" in told[0]


def test_the_outline_is_seen_quietly(window: MainWindow, drawn: Session):
    session = drawn
    plain = window.preview.grab().toImage()
    session.holding.hold_rest()
    outlined = window.preview.grab().toImage()
    at = window.view.transform(window.preview.size().toSizeF()).map(AREA.left, 40)
    column = [outlined.pixelColor(int(at[0]) + x, int(at[1])) for x in range(-3, 4)]
    assert column != [plain.pixelColor(int(at[0]) + x, int(at[1])) for x in range(-3, 4)]
    session.undo()
    assert window.preview.grab().toImage() == plain


def test_what_cannot_be_held_is_said(window: MainWindow, session: Session, told: list[str]):
    window.actions_table["hold_rest"].trigger()
    assert told[-1] == "Select a part of the picture first, with Select (S)."
    session.selecting.select(session.document.bounds)
    window.actions_table["hold_rest"].trigger()
    assert told[-1].startswith("All of the picture is selected")
    session.selecting.select(Rect(5, 5, 1, 1))
    window.actions_table["hold_rest"].trigger()
    assert told[-1].startswith("The selection is less than a pixel")
    session.selecting.select(AREA)
    session.live.close_model()
    window.actions_table["hold_rest"].trigger()
    assert told[-1].startswith("There is no preview yet")
    assert session.document.holds == ()


def test_another_picture_has_its_own_holds(window: MainWindow, drawn: Session):
    session = drawn
    session.holding.hold_rest()
    first, held = session.picture, session.holding.outline
    session.new_picture("sketch", 40, 40)
    settle(session)
    assert session.holding.outline == ()
    session.put_up(first)
    assert session.holding.outline == held


def test_the_feather_is_asked_for_and_remembered(window: MainWindow, session: Session):
    window.actions_table["feather"].trigger()
    dialog = window.findChild(QInputDialog, "feather")
    dialog.setIntValue(9)
    dialog.accept()
    assert session.settings.feather == 9


# --- how pictures are laid over each other ----------------------------------------------------------


def test_a_feather_rises_evenly_inside_and_never_at_the_pictures_edge():
    mask = np.zeros((20, 30), np.bool_)
    mask[5:, 4:20] = True
    share = falling(mask, 3)
    assert share[12, :10].tolist() == [0] * 4 + [63, 127, 191, 255, 255, 255]
    assert share[19, 10] == 255, "at the lower edge of the picture nothing ends"
    assert not share[~mask].any()
    assert set(np.unique(falling(mask, 0))) == {0, 255}


@pytest.mark.parametrize("size", [(64, 48), (32, 24), (33, 17), (100, 90)])
def test_a_pixel_is_within_when_all_that_it_covers_is(size: tuple[int, int]):
    mask = np.zeros((48, 64), np.bool_)
    mask[10:30, 11:40] = True
    found = within(mask, size)
    for y in range(size[1]):
        for x in range(size[0]):
            rows = mask[y * 48 // size[1] : -(-(y + 1) * 48 // size[1])]
            assert found[y, x] == rows[:, x * 64 // size[0] : -(-(x + 1) * 64 // size[0])].all()


@pytest.mark.parametrize("parts", [256, 700, 1024])
def test_a_large_selection_takes_little_of_what_it_takes_to_count(parts: int):
    """Sums of all its pixels took ten times the memory of the mask, and a fifth of a second."""
    mask = np.zeros((2048, 2048), np.bool_)
    mask[100:-300, 200:-77] = True
    tracemalloc.start()
    try:
        found = within(mask, (parts, parts))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2 * mask.nbytes and found.any() and not found.all()


def test_the_outline_of_noise_is_drawn_coarser(window: MainWindow, drawn: Session):
    chance = np.random.default_rng(1).random((256, 256)) < 0.5
    lines = edges(chance)
    assert 1000 < len(lines) <= MOST_LINES
    assert all(0 <= end <= 1 for line in lines for end in line)
    assert len(edges(chance, 100)) <= 100
    held = np.where(chance[..., None], np.uint8(255), np.zeros(4, np.uint8))
    drawn.edit(lambda document: document.hold((Hold(held), Hold(held)), "Hold"))
    assert 0 < len(drawn.holding.outline) <= MOST_LINES, "however many holds there are"


@pytest.mark.parametrize("few", [True, False], ids=["a small part lives", "a small part is held"])
@pytest.mark.parametrize("shape", ["box", "odd"])
def test_an_overlay_is_the_mean_by_shares(few: bool, shape: str):
    chance = np.random.default_rng(1)
    mask = np.zeros((40, 50), np.bool_)
    mask[10:22, 12:30] = True
    if shape == "odd":
        mask[14:16, 15:40] = False
        mask[30, 3] = True
    held = falling(~mask if few else mask, 2)
    colours, living = chance.integers(0, 256, (2, 40, 50, 3), np.uint8)
    made = Overlay(Hold(np.dstack([colours, held])), (50, 40)).over(living)
    share = held[..., None].astype(np.float64) / 255
    np.testing.assert_allclose(made, colours * share + living * (1 - share), atol=0.51)
    np.testing.assert_array_equal(made[held == 255], colours[held == 255])
    np.testing.assert_array_equal(made[held == 0], living[held == 0])


def test_a_hold_of_another_size_is_brought_to_that_of_the_preview():
    pixels = np.full((10, 10, 4), 200, np.uint8)
    pixels[..., 3] = 0
    pixels[:, :5, 3] = 255
    made = Overlay(Hold(pixels), (40, 20)).over(np.zeros((20, 40, 3), np.uint8))
    assert (made[:, :17] == 200).all() and not made[:, 23:].any()


def test_only_what_came_since_the_rest_was_held_counts():
    pixels = np.zeros((1, 1, 4), np.uint8)
    one, rest, two = Hold(pixels), Hold(pixels, rest=True), Hold(pixels)
    assert list(counting((one, rest, two))) == [rest, two]
    assert list(counting((one, two))) == [one, two] and not counting(())


# --- what is held, selected ---------------------------------------------------------------------------


def test_what_is_held_is_selected_and_becomes_a_layer(window: MainWindow, drawn: Session):
    session = drawn
    session.holding.hold_selected()
    held, shape = inside(session), selected(session.document).copy()
    session.selecting.select(EMPTY)
    strokes(window, 3)
    window.actions_table["select_held"].trigger()
    mask = selected(session.document)
    assert mask is not None and (mask <= shape).all(), "all of it was selected when it was held"
    np.testing.assert_array_equal(within(mask, (held.shape[1], held.shape[0])) & ~held, np.zeros_like(held))
    assert mask.sum() > 0.7 * shape.sum()
    session.finishing.add_layer()
    layer = session.document.active.pixels
    assert (layer[mask][:, 3] == 255).all() and not layer[~mask].any()


def test_the_rest_that_is_held_is_selected_with_the_others_that_count(window: MainWindow, drawn: Session):
    session = drawn
    shape = selected(session.document).copy()
    session.holding.hold_rest()
    session.selecting.select(Rect(40, 30, 10, 10))
    session.holding.hold_selected()
    session.selecting.select(EMPTY)
    window.actions_table["select_held"].trigger()
    mask = selected(session.document)
    assert mask[~shape].all() and mask[34:36, 44:46].all() and not mask[50:55, 35:60].any()


def test_nothing_held_is_said_and_leaves_the_selection(window: MainWindow, drawn: Session, told: list[str]):
    before = selected(drawn.document).copy()
    window.actions_table["select_held"].trigger()
    assert told[-1] == "Nothing of the preview is held."
    np.testing.assert_array_equal(selected(drawn.document), before)


def test_edges_are_lines_around_a_mask():
    mask = np.zeros((10, 20), np.bool_)
    mask[2:6, 5:10] = True
    assert set(edges(mask)) == {
        (0.25, 0.2, 0.5, 0.2),
        (0.25, 0.6, 0.5, 0.6),
        (0.25, 0.2, 0.25, 0.6),
        (0.5, 0.2, 0.5, 0.6),
    }
