"""Styles in the window: eight thumbnails that follow the pen, and what is done with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog, QLabel, QSlider

from desktop.documents.open_documents import OpenPicture
from desktop.documents.recovery import abandoned
from desktop.paint.editing.document import Document, PictureStyle
from desktop.preview.styles import Tile
from desktop.session import Session
from desktop.support.settings import SettingsFile
from desktop.widgets.main_window import MainWindow
from engine.data.messages import Request, Translate, Vary
from engine.data.style import drawn
from tests.desktop.styled_models import NAMED, write_styled
from tests.desktop.traced_photos import write_photos
from tests.desktop.window_hands import asked, done, drag, message, model, settle, until


def tiles(session: Session, sort: str = "drawn") -> list[Tile]:
    return [tile for tile in session.styles.tiles if tile.sort == sort]


def all_made(session: Session) -> None:
    """Wait until every tile is of the drawing as it is."""
    styles = session.styles
    until(lambda: styles.tiles and all(styles.shows(tile) for tile in styles.tiles))


@pytest.mark.parametrize(("room", "wide"), [(124, 230), (118, 232), (118, 250), (180, 230), (420, 230)])
def test_the_usual_one_and_eight_are_seen_at_once(
    window: MainWindow, styled: Session, room: int, wide: int
) -> None:
    """As much as the panel has in a window of 1280 × 800, and more; of a model that names no style."""
    styled.styles.tiles = tuple(tile for tile in styled.styles.tiles if tile.sort in ("usual", "drawn"))
    grid = window.style_dock.tiles
    grid.setFixedSize(wide, room)
    grid.doItemsLayout()
    seen = grid.viewport().rect()
    assert grid.count() == 9
    assert all(seen.contains(grid.visualItemRect(grid.item(row)).adjusted(0, 0, 0, -2)) for row in range(9))
    assert grid.visualItemRect(grid.item(0)).width() >= 40


@pytest.mark.parametrize("room", [108, 115, 122])
def test_two_rows_are_seen_whole_with_their_names(window: MainWindow, styled: Session, room: int) -> None:
    """As much as the panel has in a window of 1280 × 800, a little more, and a little less."""
    grid = window.style_dock.tiles
    grid.setFixedSize(226, room)
    grid.doItemsLayout()
    seen = grid.viewport().rect()
    places = [grid.visualItemRect(grid.item(row)) for row in range(grid.count())]
    rows = {place.top() for place in places if place.top() < seen.bottom() - 2}  # tiles have a margin
    assert len(rows) == 2
    assert all(seen.contains(place) for place in places if place.top() in rows)


def test_a_model_without_styles_says_how_to_get_them(window: MainWindow, session: Session) -> None:
    said = window.style_dock.findChild(QLabel, "no_styles")
    assert said is not None and said.isVisible()
    assert said.text() == session.styles.excuse() and "tiny sketch" in said.text() and "train" in said.text()
    assert not window.style_dock.tiles.isVisible() and session.styles.tiles == ()
    for name in ("more_styles", "photo_style", "name_style", "next_style"):
        assert not window.actions_table[name].isEnabled()


def test_it_names_the_models_that_know_styles(window: MainWindow, styled: Session) -> None:
    styled.open_model(model(styled, "tiny sketch"))
    settle(styled)
    said = window.style_dock.findChild(QLabel, "no_styles")
    assert said is not None and said.isVisible()
    assert said.text().startswith("“tiny sketch” knows no styles. These do: “")
    assert "“facades”, “handbags” and others. Or train" in said.text() and "“shoes”" not in said.text()


def test_tips_say_what_goes_before_a_style(window: MainWindow, styled: Session) -> None:
    tips = [window.style_dock.tiles.item(row).toolTip() for row in range(window.style_dock.tiles.count())]
    assert len(tips) == 11 and all("strokes of colour" in tip for tip in tips)


def test_from_one_model_with_styles_to_another_the_panel_stays_as_it_is(
    window: MainWindow, styled: Session, stocked_home: Path
) -> None:
    write_styled(stocked_home / "models" / "other.safetensors", "other styles")
    styled.library.refresh()
    said, heights = window.style_dock.findChild(QLabel, "no_styles"), []

    def look() -> None:
        QApplication.sendPostedEvents()  # what has to be laid out is
        heights.append((said.isVisible(), [dock.height() for dock in window.docks]))

    styled.live.watch("card loading", look)
    styled.open_model(model(styled, "other styles"))
    settle(styled)
    look()
    assert len(heights) > 3 and heights.count(heights[0]) == len(heights) and not heights[0][0]


def test_the_panels_are_as_high_as_before_when_styles_are_there_again(
    window: MainWindow, styled: Session
) -> None:
    window.resize(1280, 800)
    QApplication.processEvents()
    window.resizeDocks(list(window.docks), [200, 220, 160, 120], Qt.Orientation.Vertical)
    QApplication.processEvents()
    before = [dock.height() for dock in window.docks]
    for name in ("tiny sketch", "tiny styles", "tiny sketch", "tiny styles"):
        styled.open_model(model(styled, name))
        settle(styled)
        QApplication.processEvents()
    assert [dock.height() for dock in window.docks] == before


def test_eight_thumbnails_differ_and_follow_the_pen(window: MainWindow, styled: Session) -> None:
    all_made(styled)
    assert [tile.sort for tile in styled.styles.tiles] == ["usual", "card", "card"] + ["drawn"] * 8
    assert [tile.style.name for tile in tiles(styled)] == [str(number) for number in range(1, 9)]
    previews = [tile.preview.astype(int) for tile in styled.styles.tiles]
    assert min(np.abs(a - b).mean() for n, a in enumerate(previews) for b in previews[:n]) > 4
    np.testing.assert_array_equal(previews[0], styled.live.preview)
    drag(window, (10, 70), (90, 70))
    settle(styled)
    all_made(styled)
    assert all((tile.preview != old).any() for tile, old in zip(styled.styles.tiles, previews, strict=True))


def test_tiles_are_drawn_from_photos_where_the_model_knows_any(
    stocked_home: Path, window: MainWindow, session: Session
) -> None:
    photos = tuple(drawn(seed, 8) for seed in range(100, 112))
    write_styled(stocked_home / "models" / "seen.safetensors", "seen", seeded_styles=photos)
    session.library.refresh()
    session.open_model(model(session, "seen"))
    settle(session)
    assert session.styles.tiles[0].code == photos[0]
    assert tuple(tile.code for tile in tiles(session)) == photos[1:9]
    locked = tiles(session)[2]
    session.styles.lock(locked)
    session.styles.more()
    codes = [tile.code for tile in tiles(session)]
    assert locked.code in codes and photos[9] in codes and len(set(codes)) == 8


def test_a_tile_is_exactly_what_taking_it_gives(window: MainWindow, styled: Session) -> None:
    all_made(styled)
    sent = asked(styled)
    tile = tiles(styled)[2]
    item = window.style_dock.tiles.item(styled.styles.tiles.index(tile))
    place = window.style_dock.tiles.visualItemRect(item).center()
    QTest.mouseClick(window.style_dock.tiles.viewport(), Qt.MouseButton.LeftButton, pos=place)
    settle(styled)
    assert styled.document.style == PictureStyle(drawn(3, 8), "3")
    np.testing.assert_array_equal(styled.live.preview, tile.preview)
    label = window.status_line.findChild(QLabel, "style_name")
    assert label.text() == "Style 3  ·" and label.isVisible()
    assert window.status_line.findChild(QLabel, "pass_time").text().startswith("tiny styles  ·")
    assert styled.steps.undo_text == "Style"
    assert [type(it) for it in sent] == [Translate] and sent[0].style == tile.code
    styled.undo()
    settle(styled)
    assert styled.document.style is None and not label.isVisible()
    np.testing.assert_array_equal(styled.live.preview, styled.styles.tiles[0].preview)
    assert not any(isinstance(it, Vary) for it in sent), "no thumbnail is another for that"


def test_what_can_be_done_is_known_as_soon_as_the_model_is_there(window: MainWindow, styled: Session) -> None:
    for name in ("more_styles", "photo_style", "next_style", "previous_style"):
        assert window.actions_table[name].isEnabled(), name
    assert not window.actions_table["name_style"].isEnabled()
    styled.styles.take(tiles(styled)[0].style)
    assert window.actions_table["name_style"].isEnabled()


def test_more_keeps_what_is_locked(window: MainWindow, styled: Session) -> None:
    all_made(styled)
    kept = tiles(styled)[5]
    styled.styles.lock(kept)
    window.actions_table["more_styles"].trigger()
    names = [tile.style.name for tile in tiles(styled)]
    assert names == ["9", "10", "11", "12", "13", "6", "14", "15"] and tiles(styled)[5].locked
    all_made(styled)
    styled.styles.lock(tiles(styled)[5])
    styled.styles.more()
    assert tiles(styled)[5].style.name != "6"


def test_keys_step_through_the_tiles(window: MainWindow, styled: Session) -> None:
    window.canvas.setFocus()
    QTest.keyClick(window, Qt.Key.Key_Period)
    assert styled.document.style.name == "suede"
    QTest.keyClick(window, Qt.Key.Key_Comma)
    QTest.keyClick(window, Qt.Key.Key_Comma)
    assert styled.document.style.name == "8"
    listed = window.style_dock.tiles
    listed.setFocus()
    QTest.keyClick(listed, Qt.Key.Key_L)
    assert tiles(styled)[7].locked
    QTest.keyClick(listed, Qt.Key.Key_Home)
    QTest.keyClick(listed, Qt.Key.Key_Return)
    assert styled.document.style is None


def test_the_slider_goes_from_the_style_before_to_the_one_taken(window: MainWindow, styled: Session) -> None:
    first, second = tiles(styled)[0].style, tiles(styled)[1].style
    styled.styles.take(first)
    styled.styles.take(second)
    slider = window.style_dock.findChild(QSlider, "between_styles")
    assert slider.value() == 100 and styled.styles.ends == (first, second)
    steps = styled.document.undo_steps
    for value in (80, 50, 25):
        slider.setValue(value)
    np.testing.assert_allclose(
        styled.document.style.code, 0.75 * np.array(first.code) + 0.25 * np.array(second.code)
    )
    assert styled.document.undo_steps == steps + 1
    slider.setValue(0)
    assert styled.document.style == first
    styled.undo()
    assert styled.document.style == second and slider.value() == 100
    styled.styles.name(second, "rust")
    assert styled.styles.ends == (first, PictureStyle(second.code, "rust")) and slider.value() == 100
    styled.undo()
    assert styled.styles.ends == (first, second)


def test_the_slider_is_there_again_when_another_model_was_between(styled: Session) -> None:
    style = tiles(styled)[3].style
    styled.styles.take(style)
    styled.open_model(model(styled, "tiny sketch"))
    settle(styled)
    styled.open_model(model(styled, "tiny styles"))
    settle(styled)
    assert styled.document.style == style
    assert styled.styles.ends == (None, style) and styled.styles.share == 1.0


def test_a_name_is_for_the_picture_and_the_model_that_it_was_asked_for(
    window: MainWindow, styled: Session
) -> None:
    """A second start may have put up another one under the dialog."""
    styled.styles.take(tiles(styled)[3].style)
    picture, code = styled.picture, drawn(4, 8)
    window.actions_table["name_style"].trigger()
    dialog = window.style_dock.findChild(QInputDialog)
    styled.new_picture("image", 96, 80)
    other = styled.picture
    settle(styled)
    dialog.setTextValue("rust")
    dialog.accept()
    assert styled.picture is picture and picture.document.named_styles == (PictureStyle(code, "rust"),)
    assert other.document.named_styles == () and other.is_saved
    assert styled.settings.styles == {"tiny styles": {"rust": list(code)}}
    settle(styled)


def test_a_name_is_kept_with_the_picture_and_for_the_model(
    window: MainWindow, styled: Session, tmp_path: Path
) -> None:
    window.actions_table["name_style"].setEnabled(True)
    styled.styles.take(tiles(styled)[3].style)
    window.actions_table["name_style"].trigger()
    dialog = window.style_dock.findChild(QInputDialog)
    dialog.setTextValue("  rust\n")
    dialog.accept()
    code = drawn(4, 8)
    assert styled.document.style == PictureStyle(code, "rust") == tiles(styled, "own")[0].style
    assert done(styled.save(tmp_path / "a.ora"))
    styled.remember()
    assert SettingsFile(styled.file.path).settings.styles == {"tiny styles": {"rust": list(code)}}
    styled.new_picture("sketch", 96, 80)
    assert [tile.style.name for tile in tiles(styled, "own")] == ["rust"], "it is the user's"
    styled.settings.styles.clear()
    done(styled.open_file(tmp_path / "a.ora"))
    assert [tile.style.name for tile in tiles(styled, "own")] == ["rust"], "it is the picture's"
    styled.styles.forget("rust")
    assert tiles(styled, "own") == [] and styled.document.style.code == code


def test_variations_are_styles_and_choosing_one_takes_it(window: MainWindow, styled: Session) -> None:
    styled.shelf.vary()
    until(lambda: styled.shelf.awaited == 0)
    frames = styled.shelf.variations
    assert (
        len({frame.preview.tobytes() for frame in frames}) == len({frame.style.code for frame in frames}) == 8
    )
    assert not {frame.style for frame in frames} & {tile.style for tile in styled.styles.tiles}
    styled.shelf.choose(frames[4])
    settle(styled)
    assert styled.document.style == frames[4].style
    np.testing.assert_array_equal(styled.live.preview, frames[4].preview)
    styled.undo()
    assert styled.document.style is None
    all_made(styled)


def test_a_kept_frame_has_its_style(styled: Session) -> None:
    style = tiles(styled)[6].style
    styled.styles.take(style)
    settle(styled)
    assert done(styled.shelf.keep())
    before = styled.live.preview
    styled.styles.take(None)
    settle(styled)
    styled.shelf.choose(styled.shelf.kept[0])
    assert styled.document.style == style == styled.styles.current
    settle(styled)
    np.testing.assert_array_equal(styled.live.preview, before)


def test_saved_and_opened_again_the_preview_has_the_same_bytes(
    window: MainWindow, styled: Session, tmp_path: Path
) -> None:
    styled.styles.take(tiles(styled)[4].style)
    settle(styled)
    before = styled.live.preview.copy()
    assert done(styled.save(tmp_path / "a.ora"))
    styled.close_picture(styled.picture)
    done(styled.open_file(tmp_path / "a.ora"))
    settle(styled)
    assert styled.document.style.name == "5"
    np.testing.assert_array_equal(styled.live.preview, before)


def test_a_style_comes_back_after_a_crash(styled: Session) -> None:
    styled.styles.take(tiles(styled)[4].style)
    journal = styled.picture.journal
    journal.flush()
    journal.close(keep=True)  # as the system lets go of it when a process dies
    before = styled.picture
    assert all(done(job) for job in styled.guarding.recover(abandoned()))
    assert styled.picture is not before and styled.document.style == PictureStyle(drawn(5, 8), "5")


def test_pairs_over_photos_go_on_in_the_style(window: MainWindow, styled: Session, tmp_path: Path) -> None:
    style = tiles(styled)[4].style
    styled.styles.take(style)
    pair_drawing = styled.pair_drawing
    pair_drawing.begin([write_photos(tmp_path / "beach")], "sketch", pair_drawing.folder("beach"))
    until(lambda: pair_drawing.here and not pair_drawing.busy)
    settle(styled)
    assert styled.document.style == style == styled.styles.current and not styled.document.can_undo


def test_another_model_keeps_the_style_and_says_so(
    window: MainWindow, styled: Session, told: list[str]
) -> None:
    style = tiles(styled)[1].style
    styled.styles.take(style)
    settle(styled)
    before = styled.live.preview.copy()
    styled.open_model(model(styled, "tiny sketch"))
    settle(styled)
    assert styled.document.style == style
    sentence = "“tiny sketch” doesn't know the picture's style, which is kept for a model that does."
    assert told == [sentence] and message(window) == sentence
    styled.open_model(model(styled, "tiny styles"))
    settle(styled)
    np.testing.assert_array_equal(styled.live.preview, before)
    assert len(told) == 1


def test_a_style_of_another_length_is_kept(window: MainWindow, styled: Session, told: list[str]) -> None:
    document = Document.new("sketch", 96, 80)
    document.set_style(PictureStyle((1.0, 2.0), "other"))
    styled.put_up(OpenPicture(document))
    settle(styled)
    assert len(told) == 1 and "kept" in told[0]
    np.testing.assert_array_equal(styled.document.style.code, (1.0, 2.0))
    styled.styles.take(tiles(styled)[0].style)
    styled.styles.slide(0.5)
    settle(styled)
    assert len(styled.document.style.code) == 8
    styled.undo()
    styled.undo()
    assert styled.document.style.code == (1.0, 2.0)


def test_live_off_makes_no_thumbnails_but_those_asked_for(window: MainWindow, styled: Session) -> None:
    all_made(styled)
    styled.live.enabled = False
    sent = asked(styled)
    drag(window, (10, 70), (90, 70))
    QTest.qWait(0)
    assert sent == []
    styled.styles.more()
    until(lambda: all(styled.styles.shows(tile) for tile in tiles(styled)))
    assert {type(it) for it in sent} == {Vary}


def test_nobody_looks_nothing_is_made(window: MainWindow, styled: Session) -> None:
    all_made(styled)
    window.actions_table["styles"].setChecked(False)
    assert not styled.styles.watched and not window.style_dock.isVisible()
    assert styled.settings.styles_panel is False
    sent = asked(styled)
    drag(window, (10, 70), (90, 70))
    settle(styled)
    assert {type(it) for it in sent} == {Translate}
    window.actions_table["docks"].setChecked(False)
    window.actions_table["docks"].setChecked(True)
    assert not window.style_dock.isVisible() and window.layer_dock.isVisible()
    window.actions_table["styles"].setChecked(True)
    all_made(styled)


def test_a_large_native_picture_has_small_thumbnails(window: MainWindow, styled: Session) -> None:
    styled.models.set_native(True)
    styled.edit(lambda document: document.resize(192, 128))
    settle(styled)
    all_made(styled)
    assert styled.live.preview.shape == (128, 192, 3)
    assert {tile.preview.shape for tile in styled.styles.tiles} == {(43, 64, 3)}


def test_the_window_fits_small_screens_with_styles(window: MainWindow, styled: Session) -> None:
    for width, height in ((1024, 600), (960, 540)):
        for _ in range(2):  # layouts may have asked for more meanwhile
            window.resize(width, height)
            QApplication.processEvents()
        assert (window.width(), window.height()) == (width, height)
        listed = window.style_dock.tiles
        corner = listed.mapTo(window, listed.rect().bottomRight())
        assert listed.isVisible() and corner.x() < width and corner.y() < height


def test_one_request_at_a_time_is_with_the_engine_and_variations_go_first(
    window: MainWindow, styled: Session
) -> None:
    waiting, most = 0, 0
    pass_on = styled.live.bridge.send

    def count(request: Request) -> None:
        nonlocal waiting, most
        if isinstance(request, Vary) and len(request.seeds) == 1:
            waiting += 1
            most = max(most, waiting)
        pass_on(request)

    def answered(_reply: object) -> None:
        nonlocal waiting
        waiting = max(0, waiting - 1)

    styled.live.bridge.send = count  # type: ignore[method-assign]
    styled.live.varied.connect(answered)
    styled.styles.more()
    styled.shelf.vary()
    until(lambda: styled.shelf.awaited == 0)
    assert len(styled.shelf.variations) == 8
    all_made(styled)
    styled.new_picture("sketch", 64, 64)
    settle(styled)
    all_made(styled)
    assert tiles(styled)[0].preview.shape == (64, 64, 3)
    assert NAMED.keys() == {tile.style.name for tile in tiles(styled, "card")}


def test_a_style_of_ones_own_is_shown_beside_the_cards_of_that_name(styled: Session) -> None:
    name = next(iter(NAMED))
    styled.styles.name(PictureStyle(drawn(77, 8)), name)
    assert [tile.style.code for tile in tiles(styled, "own")] == [drawn(77, 8)]
    assert name in [tile.style.name for tile in tiles(styled, "card")]
    styled.styles.name(PictureStyle(tuple(styled.live.card.styles[name])), name)
    assert tiles(styled, "own") == [], "the very same one is there already"
