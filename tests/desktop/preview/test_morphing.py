"""Morphs: what lies between two styles or two kept frames, and how it is written."""

from __future__ import annotations

import gc
import itertools
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QSpinBox

from desktop.paint.editing.document import PictureStyle
from desktop.paint.files.animation import durations, write_animation
from desktop.preview.morphing import End, Timing
from desktop.session import Session
from desktop.support.file_work import Cancelled
from desktop.support.settings import SettingsFile
from desktop.widgets.main_window import MainWindow
from desktop.widgets.styles.morph import MorphDialog
from engine.data.messages import Pixels
from engine.errors import PictureError
from tests.desktop.widgets.parts.test_files import choose, press_in
from tests.desktop.window_hands import done, drag, files_done, model, settle, text_of, until

SHORT = Timing(1, 8, back=False)


@pytest.fixture
def styled(styled_file: Path, stocked_home: Path, window: MainWindow, session: Session) -> Session:
    shutil.copy(styled_file, stocked_home / "models" / "styles.safetensors")
    window.actions_table["styles"].setChecked(False)
    session.library.refresh()
    session.open_model(model(session, "tiny styles"))
    drag(window, (20, 20), (70, 20), (70, 60))
    settle(session)
    return session


def end(session: Session, name: str) -> End:
    return next(end for end in session.morphing.ends() if end.name == name)


def all_made(session: Session) -> list[Pixels]:
    morphing = session.morphing
    until(lambda: morphing.total and morphing.made == morphing.total)
    return [morphing.frame_at(share) for share in SHORT.shares]


def frames_of(path: Path) -> tuple[list[Pixels], list[int]]:
    with Image.open(path) as image:
        found, times = [], []
        for frame in ImageSequence.Iterator(image):
            found.append(np.asarray(frame.convert("RGB")))
            times.append(frame.info["duration"])
    return found, times


# --- how it runs -----------------------------------------------------------------------------------


def test_out_and_back_goes_round_and_stays_longer_at_the_ends() -> None:
    timing = Timing(2, 10)
    made = [np.full((1, 1, 3), number, np.uint8) for number in range(len(timing.shares))]
    played = [int(frame[0, 0, 0]) for frame in timing.played(made)]
    assert len(played) == 20 and played[:11] == [*range(11)] and played[11:] == [*range(9, 0, -1)]
    assert timing.shares[0] == 0 and timing.shares[-1] == 1
    ways = np.diff(timing.shares)
    assert (ways > 0).all() and ways[0] < ways[5] / 2
    assert len(Timing(10, 30, back=False).shares) == 300
    odd = Timing(1, 5)
    assert [odd.shares.index(share) for share in odd.played(odd.shares)] == [0, 1, 2, 2, 1]


def test_durations_are_whole_and_together_right() -> None:
    assert durations(6, 30, 10) == [30, 40, 30, 30, 40, 30]
    assert sum(durations(300, 24, 1)) == 12500


# --- files -----------------------------------------------------------------------------------------


def ramp(count: int = 6) -> list[Pixels]:
    return [np.full((20, 30, 3), (40 * number % 256, 100, 0), np.uint8) for number in range(count)]


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_an_animation_has_its_frames_and_times(suffix: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    written = write_animation(ramp(), tmp_path / f"a{suffix}", 20, lambda *step: told.append(step))
    found, times = frames_of(written)
    assert len(found) == 6 and times == [50] * 6
    assert max(np.abs(a.astype(int) - b).max() for a, b in zip(found, ramp(), strict=True)) <= 6
    assert told[0] == (0, 7) and len(told) == 6
    with Image.open(written) as image:
        assert image.info["loop"] == 0


def noise(seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (21, 33, 3), np.uint8)


def test_an_exact_end_stays_for_its_time_and_loses_nothing(tmp_path: Path) -> None:
    last = noise(3)
    frames = [noise(1), noise(2), last, last, last]
    for exact in (False, True):
        written = write_animation(frames, tmp_path / "a.webp", 20, lambda *_: None, exact_end=exact)
        found, times = frames_of(written)
        assert sum(times) == 250 and times[:2] == [50, 50]
        assert np.array_equal(found[-1], last) == exact
    assert len(found) == 3


def test_what_never_moves_is_exact_as_well(tmp_path: Path) -> None:
    still = noise(1)
    written = write_animation([still] * 3, tmp_path / "b.webp", 20, lambda *_: None, exact_end=True)
    with Image.open(written) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), still)
    written = write_animation([still, still.copy()], tmp_path / "a.webp", 20, lambda *_: None, exact_end=True)
    with Image.open(written) as image:
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), still)


def test_frames_go_into_a_folder_of_their_own(tmp_path: Path) -> None:
    written = write_animation(ramp(), tmp_path / "a.png", 20, lambda *_: None)
    assert written == tmp_path / "a"
    names = sorted(file.name for file in written.iterdir())
    assert names == [f"00{number}.png" for number in range(1, 7)]
    np.testing.assert_array_equal(np.asarray(Image.open(written / "003.png")), ramp()[2])
    with pytest.raises(PictureError, match="is there already"):
        write_animation(ramp(), tmp_path / "a.png", 20, lambda *_: None)
    assert [file.name for file in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("name", ["a.webp", "a.gif", "a.png"])
def test_what_is_cancelled_leaves_nothing(name: str, tmp_path: Path) -> None:
    def cancel(at: int, _total: int) -> None:
        if at == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_animation(ramp(), tmp_path / name, 20, cancel)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_appears_meanwhile_is_left_alone(tmp_path: Path) -> None:
    def appear(at: int, _total: int) -> None:
        if at == 3:
            (tmp_path / "a").mkdir()
            (tmp_path / "a" / "letter.txt").write_text("somebody's")

    with pytest.raises(PictureError, match="can't be written"):
        write_animation(ramp(), tmp_path / "a.png", 20, appear)
    assert [file.name for file in tmp_path.rglob("*")] == ["a", "letter.txt"]


def test_a_webp_is_encoded_frame_by_frame_as_it_is_told(tmp_path: Path) -> None:
    there: list[int] = []

    def count(_at: int, _total: int) -> None:
        there.append(sum(issubclass(type(it), Image.Image) for it in gc.get_objects()))

    write_animation(ramp(12), tmp_path / "a.webp", 20, count)
    assert len(there) == 12 and max(there) <= there[0] + 2


def test_a_place_that_is_none_is_told(tmp_path: Path) -> None:
    for name in ("a.gif", "a.png"):
        with pytest.raises(PictureError, match="can't be written"):
            write_animation(ramp(), tmp_path / "none" / name, 20, lambda *_: None)


# --- what lies between -----------------------------------------------------------------------------


def test_between_two_styles_every_frame_is_the_drawing_in_that_style(styled: Session) -> None:
    first, second = end(styled, "Style 1"), end(styled, "Style suede")
    styled.morphing.begin(first, second, SHORT)
    frames = all_made(styled)
    for style, frame in ((first.style, frames[0]), (second.style, frames[-1])):
        styled.styles.take(style)
        settle(styled)
        np.testing.assert_array_equal(styled.live.preview, frame)
    steps = [np.abs(a.astype(int) - b).mean() for a, b in itertools.pairwise(frames)]
    whole = np.abs(frames[0].astype(int) - frames[-1]).mean()
    assert 0 < max(steps) < whole, "it goes little by little"


def test_the_pictures_own_style_can_be_chosen_even_if_no_tile_has_it(
    window: MainWindow, styled: Session
) -> None:
    styled.styles.take(PictureStyle((0.5,) * 8, "suede boot"))  # as of a photo
    settle(styled)
    window.actions_table["morph"].trigger()
    boxes = [window.findChild(MorphDialog).findChild(QComboBox, f"morph_{at}") for at in ("first", "second")]
    assert [box.currentText() for box in boxes] == ["Usual style", "Style suede boot"]
    styled.styles.take(PictureStyle((0.5,) * 3, "of another model"))
    assert "Style of another model" not in [end.name for end in styled.morphing.ends()]
    window.findChild(MorphDialog).reject()


def test_more_frames_between_the_same_ends_keep_those_that_are_there(styled: Session) -> None:
    ends = end(styled, "Style 1"), end(styled, "Style 2")
    styled.morphing.begin(*ends, SHORT)
    frames = all_made(styled)
    styled.morphing.begin(*ends, Timing(2, 8, back=False))
    assert styled.morphing.made >= 2 and styled.morphing.frame_at(0.0) is frames[0]
    styled.morphing.end()
    assert (styled.morphing.made, styled.morphing.total) == (0, 0)


def test_kept_frames_of_two_drawings_fade_over(window: MainWindow, styled: Session) -> None:
    assert done(styled.shelf.keep())
    styled.styles.take(end(styled, "Style 3").style)
    drag(window, (10, 70), (90, 70))
    settle(styled)
    assert done(styled.shelf.keep())
    styled.morphing.begin(end(styled, "Frame 1"), end(styled, "Frame 2"), SHORT)
    frames = all_made(styled)
    np.testing.assert_array_equal(frames[0], styled.shelf.kept[0].preview)
    np.testing.assert_array_equal(frames[-1], styled.shelf.kept[1].preview)
    assert all((a != b).any() for a, b in itertools.pairwise(frames))


def test_without_styles_two_drawings_have_no_way_between(window: MainWindow, session: Session) -> None:
    drag(window, (20, 20), (70, 20))
    settle(session)
    assert done(session.shelf.keep())
    drag(window, (20, 60), (70, 60))
    settle(session)
    assert done(session.shelf.keep())
    kept = session.shelf.kept
    session.shelf.kept = (*kept, replace(kept[1], preview=255 - kept[1].preview))  # as by dropout
    one, two, three = session.morphing.ends()
    with pytest.raises(PictureError, match="needs a model with styles"):
        session.morphing.begin(one, two, SHORT)
    with pytest.raises(PictureError, match="Both are the same"):
        session.morphing.begin(two, two, SHORT)
    session.morphing.begin(two, three, SHORT)  # of one drawing: the previews fade over
    frames = all_made(session)
    np.testing.assert_array_equal(frames[0], two.preview)
    np.testing.assert_array_equal(frames[-1], three.preview)
    session.new_picture("image", 40, 40)
    settle(session)
    with pytest.raises(PictureError, match="another kind"):
        session.morphing.begin(two, three, SHORT)


def test_styles_are_of_the_picture_that_they_were_chosen_for(styled: Session) -> None:
    """A second start may put up another picture while the dialog is open."""
    first, second = styled.morphing.ends()[:2]
    styled.morphing.begin(first, second, SHORT)
    frames = all_made(styled)
    styled.morphing.end()
    styled.new_picture("sketch", 64, 64)
    settle(styled)
    styled.morphing.begin(first, second, SHORT)
    for was, now in zip(frames, all_made(styled), strict=True):
        assert np.abs(was.astype(int) - now).max() <= 1


def test_frames_that_fade_over_are_made_between_events(window: MainWindow, session: Session) -> None:
    drag(window, (20, 20), (70, 20))
    settle(session)
    assert done(session.shelf.keep())
    (kept,) = session.shelf.kept
    session.shelf.kept = (kept, replace(kept, preview=255 - kept.preview))
    one, two = session.morphing.ends()
    session.morphing.begin(one, two, Timing(10, 30, back=False))
    assert session.morphing.made <= 1, "the window goes on"
    until(lambda: session.morphing.made == session.morphing.total)
    assert session.morphing.total == 300
    session.morphing.begin(two, one, Timing(10, 30, back=False))
    session.morphing.end()
    QTest.qWait(0)
    assert (session.morphing.made, session.morphing.total) == (0, 0)


# --- the dialog ------------------------------------------------------------------------------------


def test_the_dialog_says_what_is_missing(window: MainWindow, session: Session) -> None:
    window.actions_table["morph"].trigger()
    dialog = window.findChild(MorphDialog)
    said = dialog.findChild(QLabel, "morph_problem")
    assert "Keep two frames" in said.text() and not dialog.do.isEnabled()
    dialog.reject()


def test_the_dialog_makes_and_writes(
    window: MainWindow, styled: Session, tmp_path: Path, told: list[str]
) -> None:
    styled.styles.take(end(styled, "Style 3").style)
    settle(styled)
    window.actions_table["morph"].trigger()
    dialog = window.findChild(MorphDialog)
    boxes = [dialog.findChild(QComboBox, name) for name in ("morph_first", "morph_second")]
    assert [box.currentText() for box in boxes] == ["Usual style", "Style 3"]
    seconds, rate = (box for box in dialog.findChildren(QSpinBox))
    seconds.setValue(1)
    rate.setValue(10)
    until(lambda: dialog.do.isEnabled())
    dialog.write(tmp_path / "a.gif")
    files_done(styled)
    assert told == ["The morph is in “a.gif”."]
    found, times = frames_of(tmp_path / "a.gif")
    assert len(found) == 10 and sum(times) == 1000
    assert styled.morphing.total == 0
    assert styled.document.style.name == "3", "the picture is as it was"


def test_the_dialog_remembers_how_the_last_one_was_wanted(
    window: MainWindow, styled: Session, tmp_path: Path
) -> None:
    window.actions_table["morph"].trigger()
    dialog = window.findChild(MorphDialog)
    assert dialog.timing == Timing(3, 20, back=True)
    seconds, rate = (box for box in dialog.findChildren(QSpinBox))
    seconds.setValue(1)
    rate.setValue(8)
    dialog.findChild(QCheckBox).click()
    until(lambda: dialog.do.isEnabled())
    dialog.write(tmp_path / "a.gif")
    files_done(styled)
    styled.remember()
    again = SettingsFile(styled.file.path)
    assert again.settings.morph == {"seconds": 1, "rate": 8, "back": 0}
    window.actions_table["morph"].trigger()
    dialog = window.findChild(MorphDialog)
    assert dialog.timing == SHORT
    dialog.reject()
    styled.settings.morph = {"seconds": 4000, "rate": 0}
    assert styled.morphing.wanted == Timing(3, 20, back=True)


def test_a_morph_takes_no_other_files_place_unasked(
    window: MainWindow, styled: Session, tmp_path: Path
) -> None:
    (tmp_path / "morph v1.2.webp").write_text("precious")
    window.actions_table["morph"].trigger()
    dialog = window.findChild(MorphDialog)
    seconds, rate = (box for box in dialog.findChildren(QSpinBox))
    seconds.setValue(1)
    rate.setValue(5)
    until(lambda: dialog.do.isEnabled())
    dialog.accept()
    choose(window, tmp_path / "morph v1.2")
    assert (tmp_path / "morph v1.2.webp").read_text() == "precious"
    assert "“morph v1.2.webp” is there already" in text_of(dialog.messages)
    press_in(dialog.messages, "another name")
    choose(window, tmp_path / "morph v1.2.png")  # a folder of frames is no file
    assert len(list((tmp_path / "morph v1.2").iterdir())) == 5


def test_what_cannot_be_written_costs_no_frames(
    window: MainWindow, styled: Session, tmp_path: Path, told: list[str]
) -> None:
    (tmp_path / "a").mkdir()
    window.actions_table["morph"].trigger()
    dialog = window.findChild(MorphDialog)
    seconds, rate = (box for box in dialog.findChildren(QSpinBox))
    seconds.setValue(1)
    rate.setValue(5)
    until(lambda: dialog.do.isEnabled())
    dialog.write(tmp_path / "a.png")
    assert not dialog.do.isEnabled(), "one after the other"
    files_done(styled)
    said = dialog.findChild(QLabel, "morph_problem")
    assert said.isVisible() and "“a” is there already" in said.text() and told == [said.text()]
    assert dialog.isVisible() and dialog.do.isEnabled() and list((tmp_path / "a").iterdir()) == []
    dialog.write(tmp_path / "b.png")
    files_done(styled)
    assert len(list((tmp_path / "b").iterdir())) == 5 and window.findChild(MorphDialog) is None
    assert told[1:] == ["The morph is in “b”."]


def test_leaving_the_dialog_ends_the_writing(window: MainWindow, styled: Session, tmp_path: Path) -> None:
    window.actions_table["morph"].trigger()
    dialog = window.findChild(MorphDialog)
    until(lambda: dialog.do.isEnabled())
    dialog.write(tmp_path / "a.webp")
    dialog.reject()
    files_done(styled)
    assert list(tmp_path.glob("*.webp")) == [] and window.findChild(MorphDialog) is None


def test_another_model_ends_it(window: MainWindow, styled: Session) -> None:
    styled.morphing.begin(end(styled, "Style 1"), end(styled, "Style 2"), Timing(10, 30))
    styled.open_model(model(styled, "tiny sketch"))
    settle(styled)
    assert (styled.morphing.made, styled.morphing.total) == (0, 0)


def test_frames_that_went_while_a_place_was_chosen_are_made_anew_and_that_is_said(
    window: MainWindow, styled: Session, tmp_path: Path
) -> None:
    window.actions_table["morph"].trigger()
    dialog = window.findChild(MorphDialog)
    seconds, rate = (box for box in dialog.findChildren(QSpinBox))
    seconds.setValue(1)
    rate.setValue(5)
    until(lambda: dialog.do.isEnabled())
    dialog.accept()
    file = styled.live.model_file
    for other in (model(styled, "tiny sketch"), file):
        styled.open_model(other)
        settle(styled)
    assert styled.morphing.total == 0
    choose(window, tmp_path / "a.webp")
    said = dialog.findChild(QLabel, "morph_problem")
    assert said.isVisible() and "Nothing was written: the frames are made anew" in said.text()
    until(lambda: dialog.do.isEnabled())
    dialog.write(tmp_path / "a.webp")
    files_done(styled)
    assert (tmp_path / "a.webp").is_file()
    assert window.findChild(MorphDialog) is None


def test_frames_that_went_and_cant_be_made_anew_are_told_of(
    window: MainWindow, styled: Session, tmp_path: Path
) -> None:
    window.actions_table["morph"].trigger()
    dialog = window.findChild(MorphDialog)
    until(lambda: dialog.do.isEnabled())
    styled.open_model(model(styled, "tiny labels"))
    settle(styled)
    dialog.write(tmp_path / "a.webp")
    said = dialog.findChild(QLabel, "morph_problem")
    assert said.isVisible() and said.text()
    assert not (tmp_path / "a.webp").exists()
    dialog.reject()
