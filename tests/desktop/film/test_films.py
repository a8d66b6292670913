"""Time-lapses: made beside the pen, and true to the last frame."""

from __future__ import annotations

import struct
import zlib
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from PySide6.QtWidgets import QComboBox, QLabel, QPushButton, QSpinBox

from desktop.__main__ import main
from desktop.film.frames import Cut, Frames
from desktop.paint.editing.document import Document
from desktop.paint.editing.history import TILE
from desktop.paint.editing.layer_stack import PictureStyle
from desktop.paint.files import project
from desktop.paint.files.records import Record
from desktop.paint.layers.layer import Role
from desktop.paint.reel import packing, reel, strip
from desktop.paint.reel.reel import Track
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import tools
from desktop.session import Session
from desktop.widgets.film.dialog import FilmDialog
from desktop.widgets.main_window import MainWindow
from engine.data.messages import Picture, Pixels
from engine.data.rect import Rect
from engine.data.style import Code
from engine.errors import PictureError
from tests.desktop.styled_models import NAMED, write_styled
from tests.desktop.widgets.parts.test_files import choose, press_in
from tests.desktop.window_hands import done, drag, files_done, message, model, settle, text_of, until

SHORT = Cut(5, 0)


def drawn(window: MainWindow) -> None:
    drag(window, (20, 20), (70, 20), (70, 60))
    drag(window, (10, 60), (60, 70))
    window.session.edit(lambda document: document.crop(Rect(5, 5, 80, 70)))
    drag(window, (10, 10), (10, 60), (40, 60))
    window.session.strokes.choose_role(Role.HINTS)
    window.session.strokes.set_ink(colour=(220, 30, 10), size=20.0)
    drag(window, (40, 40), (50, 50))


def test_the_last_frame_is_the_preview_to_the_byte(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path
) -> None:
    drawn(window)
    settle(session)
    assert session.live.preview is not None
    exact, drawing = session.live.preview.copy(), session.document.picture_flat().copy()
    assert done(session.films.export(tmp_path / "film.png", SHORT))
    files = sorted((tmp_path / "film").iterdir())
    assert len(files) == 50
    frames = [np.asarray(Image.open(file)) for file in files]
    width = exact.shape[1]
    assert frames[-1].shape == (exact.shape[0], 2 * width, 3)
    np.testing.assert_array_equal(frames[-1][:, width:], exact)
    assert not np.array_equal(frames[0], frames[-1])
    assert len({frame.tobytes() for frame in frames}) >= 6
    assert drawing.shape == (70, 80, 3)
    assert any("film" in sentence for sentence in told)


def test_the_last_frame_shows_what_is_held_and_the_first_ones_live(
    window: MainWindow, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drag(window, (5, 5), (90, 75))
    settle(session)
    session.document.selection = Rect(0, 0, 48, 80)
    assert session.live.preview is not None
    before = session.live.preview.copy()
    session.holding.hold_selected()
    drag(window, (10, 60), (40, 10), (80, 10))
    session.document.selection = Rect(0, 0, 0, 0)
    drag(window, (10, 50), (60, 10))
    settle(session)
    exact = session.live.preview.copy()
    assert (exact[:, :20] == before[:, :20]).all() and not np.array_equal(exact, before)
    assert done(session.films.export(tmp_path / "film.png", Cut(5, 0, "preview")))
    frames = [np.asarray(Image.open(file)) for file in sorted((tmp_path / "film").iterdir())]
    np.testing.assert_array_equal(frames[-1], exact)
    assert (frames[0][:, :20] != exact[:, :20]).any(), "nothing was held yet"
    assert any((frame[:, :20] == exact[:, :20]).all() and (frame != exact).any() for frame in frames), (
        "held from then on when it was held"
    )
    assert done(session.save(tmp_path / "a.ora"))
    words = ["underpaint", "replay", str(tmp_path / "a.ora"), str(tmp_path / "again.png"), "--seconds", "5"]
    monkeypatch.setattr("sys.argv", [*words, "--shown", "preview", "--height", "0"])
    with pytest.raises(SystemExit):
        main()
    last = np.asarray(Image.open(sorted((tmp_path / "again").iterdir())[-1]))
    np.testing.assert_array_equal(last, exact)


def test_a_stroke_is_drawn_in_the_film_although_a_reference_is_looked_at_meanwhile(
    window: MainWindow, session: Session
) -> None:
    patch = np.full((80, 96, 4), 255, np.uint8)
    session.edit(lambda document: document.add_layer(Role.REFERENCE, pixels=patch))
    session.strokes.choose_role(Role.LINES)
    reference = next(layer for layer in session.document.layers if layer.role is Role.REFERENCE)
    strokes = session.strokes
    strokes.press(Sample(20, 20))
    strokes.move(Sample(40, 20))
    session.show_reference(reference.id, opacity=0.2)
    strokes.move(Sample(60, 20))
    strokes.release(Sample(70, 20))
    recorder = session.films.recorder()
    assert recorder is not None
    track = recorder.steps().result(20)[-1].track
    assert track is not None and track.points[:, 0].tolist() == [20, 40, 60]


def test_what_was_painted_over_the_preview_is_in_the_film(
    window: MainWindow, session: Session, tmp_path: Path
) -> None:
    drag(window, (5, 5), (90, 75))
    settle(session)
    patch = np.zeros((80, 96, 4), np.uint8)
    patch[20:60, 30:60] = (250, 0, 120, 255)
    session.edit(lambda document: document.add_layer(Role.FINISH, pixels=patch))
    assert done(session.films.export(tmp_path / "film.png", Cut(5, 0, "preview")))
    frames = [np.asarray(Image.open(file)) for file in sorted((tmp_path / "film").iterdir())]
    height, width = frames[-1].shape[:2]
    assert frames[-1][height // 2, width * 45 // 96].tolist() == [250, 0, 120]
    assert frames[0][height // 2, width * 45 // 96].tolist() != [250, 0, 120]
    np.testing.assert_array_equal(frames[-1][:8], session.live.preview[:8])


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_it_moves_for_as_long_as_was_said(
    suffix: str, window: MainWindow, session: Session, tmp_path: Path
) -> None:
    drawn(window)
    settle(session)
    assert done(session.films.export(tmp_path / f"film{suffix}", Cut(6, 64, "both")))
    with Image.open(tmp_path / f"film{suffix}") as image:
        times = []
        for frame in ImageSequence.Iterator(image):
            frame.load()
            times.append(frame.info["duration"])
        assert abs(sum(times) - 6000) <= 20
        assert image.size[1] == 64


def test_a_webp_ends_with_the_exact_preview_too(window: MainWindow, session: Session, tmp_path: Path) -> None:
    drawn(window)
    settle(session)
    exact = session.live.preview.copy()
    assert done(session.films.export(tmp_path / "film.webp", Cut(5, 0, "preview")))
    with Image.open(tmp_path / "film.webp") as image:
        times, frames = [], []
        for frame in ImageSequence.Iterator(image):
            frames.append(np.asarray(frame.convert("RGB")))
            times.append(frame.info["duration"])
    assert sum(times) == 5000 and times[-1] >= 500, "it stays there"
    np.testing.assert_array_equal(frames[-1], exact)
    assert len(frames) > 4 and not np.array_equal(frames[-2], exact)


def test_drawing_goes_on_meanwhile(window: MainWindow, session: Session, tmp_path: Path) -> None:
    drawn(window)
    settle(session)
    before, exact = session.document.picture_flat().copy(), session.live.preview
    assert exact is not None
    job = session.films.export(tmp_path / "film.png", Cut(5, 0, "both"))
    assert job is not None
    until(lambda: job.share > 0)
    drag(window, (5, 5), (70, 65))
    settle(session)  # the pen's own previews come first
    assert done(job)
    last = np.asarray(Image.open(sorted((tmp_path / "film").iterdir())[-1]))
    assert not np.array_equal(before, session.document.picture_flat())
    np.testing.assert_array_equal(last[:, exact.shape[1] :], exact)  # of the drawing as it was


@pytest.mark.parametrize(("most", "poorer"), [(12_000, True), (packing.MOST, False)])
def test_a_large_picture_that_was_kept_in_fewer_shades_is_told(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], most: int, poorer: bool,
) -> None:  # fmt: skip
    photo = np.random.default_rng(4).integers(0, 256, (80, 96, 3), np.uint8)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    monkeypatch.setattr(packing, "MOST", most)
    assert done(session.open_file(tmp_path / "photo.png", kind="image"))
    drag(window, (20, 20), (70, 20), (70, 60))
    told.clear()
    assert done(session.films.export(tmp_path / "film.png", Cut(5, 64, "drawing")))
    assert [poorer] == ["fewer shades" in sentence for sentence in told if "time-lapse" in sentence]
    assert done(session.save(tmp_path / "a.ora"))
    words = ["underpaint", "replay", str(tmp_path / "a.ora"), str(tmp_path / "again.png"), "--seconds", "5"]
    monkeypatch.setattr("sys.argv", [*words, "--shown", "drawing"])
    with pytest.raises(SystemExit):
        main()
    assert ("fewer shades" in capsys.readouterr().err) == poorer


def test_it_can_be_cancelled_and_leaves_nothing(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path
) -> None:
    drawn(window)
    settle(session)
    job = session.films.export(tmp_path / "film.webp", Cut(60, 0))
    assert job is not None
    job.cancel()
    until(lambda: job.is_over)
    assert not job.is_fine and not list(tmp_path.iterdir())
    assert any("Given up" in sentence for sentence in told)


@pytest.mark.parametrize("waits", [True, False])
def test_the_window_waits_for_a_film_unless_it_is_told_not_to(
    window: MainWindow, session: Session, tmp_path: Path, waits: bool
) -> None:
    drawn(window)
    settle(session)
    job = session.films.export(tmp_path / "film.webp", Cut(5, 64))
    assert job is not None
    window.close()
    assert window.isVisible()
    assert message(window).startswith("Making “film.webp” goes on; the window closes when that is done.")
    if waits:
        until(lambda: not window.isVisible())
        assert job.is_fine and (tmp_path / "film.webp").exists()
    else:
        answer = next(it for it in window.messages.findChildren(QPushButton) if "without" in it.text())
        answer.click()
        assert not window.isVisible() and not list(tmp_path.iterdir())


def test_another_model_ends_it_with_a_sentence(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path
) -> None:
    drawn(window)
    settle(session)
    job = session.films.export(tmp_path / "film.webp", Cut(60, 0))
    assert job is not None
    session.open_model(model(session, "tiny lines"))
    until(lambda: job.is_over)
    assert any("another model was opened" in sentence for sentence in told)
    assert not list(tmp_path.iterdir())


def test_each_time_has_the_style_that_it_had(
    window: MainWindow, session: Session, stocked_home: Path, tmp_path: Path
) -> None:
    """Drawn in one style, finished in another: the film begins in the first, also after it was saved."""
    write_styled(stocked_home / "models" / "styles.safetensors")
    session.library.refresh()
    session.open_model(model(session, "tiny styles"))
    until(lambda: session.styles.length == 8)
    first, last = (PictureStyle(code, name) for name, code in NAMED.items())
    session.styles.take(first)
    drag(window, (20, 20), (70, 20), (70, 60))
    settle(session)
    before = session.live.preview
    session.styles.take(last)
    settle(session)
    after = session.live.preview
    assert before is not None and after is not None and not np.array_equal(before, after)
    assert done(session.films.export(tmp_path / "film.png", Cut(5, 0, "preview")))
    files = sorted((tmp_path / "film").iterdir())
    frames = [np.asarray(Image.open(file)) for file in files]
    np.testing.assert_array_equal(frames[-1], after)
    assert any(np.array_equal(frame, before) for frame in frames)
    assert done(session.save(tmp_path / "a.ora"))
    entries = reel.read(project.load(tmp_path / "a.ora").film)
    styles = [reel.played(entries[: place + 1]).style for place in range(len(entries))]
    assert styles == [None, first, first, last]


def test_the_dialog_makes_one(window: MainWindow, session: Session, tmp_path: Path) -> None:
    window.actions_table["export_film"].trigger()
    empty = window.findChild(FilmDialog)
    assert empty is not None and not empty.do.isEnabled()
    empty.reject()
    until(lambda: window.findChild(FilmDialog) is None)
    drawn(window)
    settle(session)
    window.actions_table["export_film"].trigger()
    dialog = window.findChild(FilmDialog)
    assert dialog is not None and dialog.do.isEnabled()
    seconds = dialog.findChild(QSpinBox, "film_seconds")
    shown = dialog.findChild(QComboBox, "film_shown")
    assert seconds is not None and shown is not None
    seconds.setValue(5)
    shown.setCurrentIndex(1)
    dialog.write(tmp_path / "film.webp")
    assert session.file_work.jobs
    files_done(session)
    with Image.open(tmp_path / "film.webp") as image:
        assert len(list(ImageSequence.Iterator(image))) > 4
    until(lambda: window.findChild(FilmDialog) is None)
    window.actions_table["export_film"].trigger()
    dialog = window.findChild(FilmDialog)
    assert dialog is not None
    assert dialog.cut == Cut(5, 0, "drawing"), "as it was wanted last"
    session.error_reported.emit("It can't be done.")
    assert any(label.text() == "It can't be done." for label in dialog.findChildren(QLabel))


def test_the_film_is_of_the_picture_that_was_asked_about(
    window: MainWindow, session: Session, tmp_path: Path
) -> None:
    """A second start may put up another picture while the dialog is open."""
    drawn(window)
    settle(session)
    meant = session.picture
    window.actions_table["export_film"].trigger()
    dialog = window.findChild(FilmDialog)
    assert dialog is not None
    shown = dialog.findChild(QComboBox, "film_shown")
    assert shown is not None
    shown.setCurrentIndex(shown.findData("drawing"))
    session.new_picture("sketch", 64, 64)  # there is no way in it that could be shown
    dialog.write(tmp_path / "film.webp")
    files_done(session)
    assert session.picture is meant and (tmp_path / "film.webp").is_file()


def test_a_film_takes_no_other_files_place_unasked(
    window: MainWindow, session: Session, tmp_path: Path
) -> None:
    there = tmp_path / "film v1.2.webp"
    there.write_text("precious")
    drawn(window)
    settle(session)
    window.actions_table["export_film"].trigger()
    dialog = window.findChild(FilmDialog)
    dialog.findChild(QComboBox, "film_shown").setCurrentIndex(1)
    dialog.accept()
    choose(window, tmp_path / "film v1.2")
    assert there.read_text() == "precious"
    assert "“film v1.2.webp” is there already" in text_of(dialog.messages) and dialog.messages.isVisible()
    press_in(dialog.messages, "another name")
    choose(window, there)
    press_in(dialog.messages, "Replace it")
    files_done(session)
    with Image.open(there) as image:
        assert len(list(ImageSequence.Iterator(image))) > 4


def test_damaged_steps_still_end_in_the_right_picture() -> None:
    document = Document.new("image", 40, 30)
    start = reel.Entry(0, 0, packing.whole(document))
    document.paste(np.full((9, 9, 4), 255, np.uint8), 3, 3)
    document.paste(np.tile(np.array([9, 200, 30, 255], np.uint8), (9, 9, 1)), 12, 3)
    bad = reel.Entry(1, 0.5, lambda: (Record(b"P", b"nothing"),))

    def make(picture: Picture, _style: Code | None) -> Pixels:
        assert picture.pixels is not None
        return 255 - picture.pixels

    later = reel.Entry(9, 0.5, lambda: ())
    frames = Frames([start, bad, later], document, make, SHORT)
    made = list(frames)
    assert len(made) == 50 and frames.problem
    np.testing.assert_array_equal(made[-1][:, 40:], 255 - document.picture_flat())
    np.testing.assert_array_equal(made[-1][:, :40], document.picture_flat())


def test_a_strip_with_one_tile_many_times_is_damaged() -> None:
    """A few bytes of it would take many times the memory of the picture; it is refused before that."""
    document = Document.new("image", 200, 150)
    (layer, *_) = document.layers
    for kind, head in (
        (strip.LAID_BY_TILES, struct.pack("<IBBBI", layer.id, 0, 0, 0, 2)),
        (strip.LAID_BY_ROWS, struct.pack("<IBBBIB", layer.id, 0, 0, 0, 2, 0)),
    ):
        for places, fine in ((((0, 0), (0, 1)), True), (((0, 0), (0, 0)), False)):
            tiles = b"".join(struct.pack("<HHBI", *place, 0, 0) for place in places)
            content = zlib.compress(head + tiles + bytes(2 * TILE * TILE // 8))
            with nullcontext() if fine else pytest.raises(PictureError, match="damaged"):
                strip.lay(content, {layer.id: layer}, kind=kind)


def test_a_stroke_grows_with_the_pen() -> None:
    document = Document.new("image", 200, 30)
    start = reel.Entry(0, 0, packing.whole(document))
    samples = [Sample(10 + 9 * number, 15, time=number / 10) for number in range(21)]
    pen = tools()["pen"].start(document, Ink(size=4), samples[0])
    for sample in samples[1:-1]:
        pen.move(sample)
    change = pen.finish(samples[-1])
    pack = packing.painted(document, change, document.history.newest, Track.of(samples, 4.0))
    assert pack is not None
    made = list(
        Frames([start, reel.Entry(2, 2, pack)], document, lambda *_it: made[0], Cut(5, 30, "drawing"))
    )
    dark = [int((frame < 128).any((0, 2)).sum()) for frame in made]
    assert dark == sorted(dark) and len(set(dark)) > 20
    assert 85 <= dark[22] <= 115  # of about 180, in the middle of the way


def test_the_command_makes_the_same_film(
    window: MainWindow, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    drawn(window)
    settle(session)
    assert session.live.preview is not None
    exact = session.live.preview.copy()
    assert done(session.save(tmp_path / "a.ora"))
    words = ["underpaint", "replay", str(tmp_path / "a.ora"), str(tmp_path / "film.png"), "--seconds", "5"]
    monkeypatch.setattr("sys.argv", [*words, "--model", str(model(session, "tiny sketch"))])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert capsys.readouterr().out.strip() == str(tmp_path / "film")
    last = np.asarray(Image.open(sorted((tmp_path / "film").iterdir())[-1]))
    np.testing.assert_array_equal(last[:, exact.shape[1] :], exact)


def test_a_pen_turned_around_is_seen_to_rub_as_wide_as_it_does_whatever_tool_is_in_hand(
    window: MainWindow, session: Session
) -> None:
    strokes = session.strokes
    strokes.quick_shapes = False
    strokes.choose_tool("eraser")
    strokes.set_ink(size=17.0)
    strokes.choose_tool("rectangle")
    drag(window, (10, 10), (40, 30), (70, 60))
    strokes.press(Sample(10, 10), eraser=True)
    for across in (20, 30, 40):
        strokes.move(Sample(across, 20, time=across / 100))
    strokes.release(Sample(50, 20, time=0.5))
    recorder = session.films.recorder()
    assert recorder is not None
    *_, shape, rubbed = recorder.steps().result(20)
    assert shape.track is None
    assert rubbed.track is not None and rubbed.track.width == 17.0
