"""The way of a drawing: kept step by step, taken back and done again, in files and after a crash."""

from __future__ import annotations

import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from desktop.documents import recovery
from desktop.documents.recovery import abandoned, brought_back
from desktop.film import films
from desktop.film.recorder import Recorder
from desktop.paint.editing.document import Document
from desktop.paint.files import project
from desktop.paint.files.records import Record
from desktop.paint.reel import packing, reel
from desktop.paint.reel.reel import Entry
from desktop.paint.reel.strip import Places, packed_strip
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import tools
from desktop.session import Session
from desktop.widgets.main_window import MainWindow
from engine.data.rect import Rect
from engine.errors import PictureError
from tests.desktop.window_hands import done, drag, message, settle, until


def at_once(work: Callable[[], object]) -> None:
    work()


def recorder(
    document: Document, former: bytes = b"", shortened: Callable[[], object] = lambda: None
) -> Recorder:
    return Recorder(document, former, at_once, lambda: None, lambda: None, shortened)


def stroke(document: Document, *points: tuple[float, float], tool: str = "pen", ink: Ink | None = None):
    ink = ink or Ink(size=4)
    samples = [Sample(x, y, time=number / 50) for number, (x, y) in enumerate(points)]
    pen = tools()[tool].start(document, ink, samples[0])
    for sample in samples[1:-1]:
        pen.move(sample)
    return pen.finish(samples[-1]), samples


def end_of(kept: Recorder) -> Document:
    """Where the way leads to, by way of bytes."""
    return reel.played(reel.read(reel.written(kept.steps().result(0))))


def assert_same(one: Document, other: Document) -> None:
    assert [layer.id for layer in one.layers] == [layer.id for layer in other.layers]
    for a, b in zip(one.layers, other.layers, strict=True):
        np.testing.assert_array_equal(a.pixels, b.pixels)
        assert (a.visible, a.opacity, a.name) == (b.visible, b.opacity, b.name)


def test_every_sort_of_step_leads_to_the_same_pixels() -> None:
    document = Document.new("sketch", 150, 101)
    kept = recorder(document)
    hints = document.layers[-1].id

    def note(change) -> None:
        kept.note(change)
        assert_same(end_of(kept), document)

    note(stroke(document, (10, 10), (60, 30), (140, 90))[0])
    document.select(hints)
    note(stroke(document, (5, 50), (140, 50), ink=Ink("soft", 40, 0.2, 0.7, (200, 30, 90)))[0])
    note(stroke(document, (5, 55), (140, 60), ink=Ink("soft", 30, 0.5, 0.5, (20, 130, 90)))[0])
    note(stroke(document, (60, 50), (100, 58), tool="eraser", ink=Ink(size=12, erase=True))[0])
    document.selection = Rect(20, 20, 50, 40)
    note(stroke(document, (5, 30), (140, 40), ink=Ink(size=20, colour=(9, 9, 200)))[0])
    note(document.clear_selection())
    note(document.paste(np.random.default_rng(1).integers(0, 256, (30, 40, 4), np.uint8), 90, 60))
    note(document.add_layer(document.active.role))
    note(stroke(document, (70, 10), (70, 90))[0])
    note(document.set_layer(hints, opacity=0.5))
    note(document.set_layer(hints, opacity=0.25, merge=True))
    note(document.move_layer(hints, 0))
    note(document.crop(Rect(20, 10, 100, 80)))
    note(stroke(document, (10, 10), (90, 70))[0])
    note(document.resize(130, 77))
    note(document.remove_layer(hints))
    before = len(kept.steps().result(0))
    for _ in range(5):
        note(document.undo())
    assert len(kept.steps().result(0)) == before - 5
    for _ in range(3):
        note(document.redo())
    note(stroke(document, (30, 10), (30, 50))[0])
    assert len(kept.steps().result(0)) == before - 1


def test_strokes_taken_back_are_left_out_and_done_again_are_back() -> None:
    document = Document.new("image", 96, 80)
    kept = recorder(document)
    for x in (10, 30, 50):
        kept.note(stroke(document, (x, 10), (x, 70))[0])
    assert len(kept.steps().result(0)) == 4
    kept.note(document.undo())
    kept.note(document.undo())
    assert len(kept.steps().result(0)) == 2
    kept.note(document.redo())
    assert len(kept.steps().result(0)) == 3
    kept.note(stroke(document, (70, 10), (70, 70))[0])
    assert len(kept.steps().result(0)) == 4
    assert_same(end_of(kept), document)


def test_what_replaces_a_paste_takes_its_place() -> None:
    document = Document.new("image", 96, 80)
    kept = recorder(document)
    kept.note(document.paste(np.full((10, 10, 4), 255, np.uint8) * np.uint8(1), 5, 5))
    for number in range(2):
        move = tools()["select"].start(document, Ink(), Sample(8 + 20 * number, 8))
        move.move(Sample(28 + 20 * number, 8))
        change = move.finish(Sample(28 + 20 * number, 8))
        if change:
            kept.note(change)
        assert_same(end_of(kept), document)
    assert len(kept.steps().result(0)) == 2


@pytest.mark.parametrize(("edge", "count", "most"), [(512, 100, 1_150_000), (2048, 20, 4_000_000)])
def test_five_hundred_strokes_take_as_much_as_the_guide_says(edge: int, count: int, most: int) -> None:
    document, scale = Document.new("sketch", edge, edge), edge / 512
    kept, chance = recorder(document), np.random.default_rng(3)
    lines, hints = document.layers[0].id, document.layers[-1].id
    for number in range(count):
        document.select(hints if number % 5 == 0 else lines)
        colour = (200, number % 256, 40)
        ink = Ink("soft", 30 * scale, 0.3, 0.8, colour) if number % 5 == 0 else Ink(size=3.5 * scale)
        turns = np.cumsum(chance.normal(0, 0.15, 60))
        way = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], 1) * 4, 0) + chance.uniform(80, 430, 2)
        change, samples = stroke(document, *map(tuple, (way * scale).tolist()), ink=ink)
        kept.note(change, samples, ink.size)
    content = reel.written(kept.steps().result(0))
    assert len(content) * 500 / count < most
    assert_same(reel.played(reel.read(content)), document)


def test_a_long_way_begins_later() -> None:
    document = Document.new("image", 96, 80)
    kept = recorder(document)
    for x in range(5, 90, 5):
        kept.note(stroke(document, (x, 10), (x, 70))[0])
    entries = kept.steps().result(0)
    most = sum(entry.bytes for entry in entries) - 10
    gone = list(reel.shortened(entries, most))
    assert 2 <= len(gone) < len(entries)
    assert sum(entry.bytes for entry in entries[len(gone) :]) <= most // 2


def test_that_a_way_begins_later_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    document, told = Document.new("image", 96, 80), list[str]()
    kept = recorder(document, shortened=lambda: told.append("shortened"))
    for x in range(5, 90, 5):
        kept.note(stroke(document, (x, 10), (x, 70))[0])
    whole = kept.steps().result(0)
    assert not told
    folded = reel.shortened

    def sooner(entries: list[Entry]) -> Iterator[Entry]:
        return folded(entries, sum(entry.bytes for entry in whole) - 10)

    monkeypatch.setattr(reel, "shortened", sooner)
    for _ in range(2):
        entries = kept.steps().result(0)
        assert len(entries) < len(whole)
        assert_same(reel.played(entries), document)
    assert told == ["shortened"]


def test_a_large_photo_is_not_packed_in_each_number_of_shades_to_see_whether_it_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is far too much is guessed by a few tiles; the shades are those that packing all finds."""
    document = Document.new("image", 1024, 1024)
    document.layers[0].pixels[..., :3] = np.random.default_rng(0).integers(90, 130, (1024, 1024, 3), np.uint8)
    packed: list[int] = []

    def counted(layer: int, size: tuple[int, int], before: Places | None, after: Places) -> bytes:
        packed.append(len(after))
        return packed_strip(layer, size, before, after)

    monkeypatch.setattr(packing, "packed_strip", counted)
    monkeypatch.setattr(packing, "MOST", 700_000)
    guessed = [record.payload for record in packing.whole(document)()]
    whole = max(packed)
    assert packed.count(whole) <= 2 and len(packed) > 3
    monkeypatch.setattr(packing, "FAR", 1e9)
    assert [record.payload for record in packing.whole(document)()] == guessed
    assert packed.count(whole) > 4, "the picture was one of many shades"


def test_what_would_take_too_much_room_is_kept_in_fewer_shades(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large photo as the beginning; painted on it, saved, and opened again, the way is all there."""
    pixels = np.random.default_rng(4).integers(0, 256, (80, 96, 4), np.uint8)
    pixels[..., 3] = np.where(np.arange(96) < 20, 120, 255)
    document = Document.new("image", 96, 80)
    document.paste(pixels, 0, 0)
    monkeypatch.setattr(packing, "MOST", 12_000)
    kept = recorder(document)
    kept.note(stroke(document, (10, 10), (60, 30), (80, 70))[0])
    first, second = kept.steps().result(0)
    assert first.bytes <= 12_000 + 1000
    shown, true = (it.picture_flat().astype(int) for it in (reel.played([first, second]), document))
    assert 0 < np.abs(shown - true).max() <= 64
    assert packing.in_fewer_shades(first, reel.played([first]))
    assert not packing.in_fewer_shades(first, document), "these pixels have all their shades"
    assert not packing.in_fewer_shades(second, reel.played([first, second])), (
        "a stroke has nothing to do with it"
    )
    again = recorder(document, reel.written([first, second]))
    assert len(again.steps().result(0)) == 2
    again.note(stroke(document, (10, 70), (80, 10))[0])
    assert len(again.steps().result(0)) == 3


def test_a_way_without_room_in_its_file_is_told(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drag(window, (20, 20), (70, 20), (70, 60))
    monkeypatch.setattr(films, "MOST_FILM", 100)
    assert done(session.save(tmp_path / "a.ora"))
    until(lambda: any("is saved without its way" in sentence for sentence in told))
    assert not project.load(tmp_path / "a.ora").film


def test_a_track_comes_back() -> None:
    samples = [Sample(3.25 + number, 7.5, time=5 + number / 100) for number in range(40)]
    track = reel.Track.of(samples, 12.0)
    assert track is not None
    again = reel.Track.read(track.record().payload)
    np.testing.assert_allclose(again.points, track.points, atol=0.05)
    assert again.width == 12


def test_nothing_in_a_strangers_way_does_harm() -> None:
    document = Document.new("sketch", 100, 70)
    kept = recorder(document)
    change, samples = stroke(document, (10, 10), (60, 30), (90, 60))
    kept.note(change, samples, 4.0)
    whole, chance = reel.written(kept.steps().result(0)), np.random.default_rng(5)
    for cut in (0, 1, 9, len(whole) // 2, len(whole) - 1):
        with pytest.raises(PictureError):
            reel.read(whole[:cut])
    for entry in kept.steps().result(0):
        for number, part in enumerate(entry.parts()):
            for _ in range(60):  # with a checksum that is right
                content = bytearray(part.payload)
                for place in chance.integers(0, max(1, len(content)), 3):
                    if content:
                        content[place] = chance.integers(0, 256)
                parts = list(entry.parts())
                parts[number] = Record(part.kind, bytes(content))
                bad = reel.Entry(0, 0, lambda parts=tuple(parts): parts)
                try:
                    reel.played([kept.steps().result(0)[0], bad])
                    _ = bad.track
                except PictureError:
                    continue


def test_a_way_that_asks_for_too_much_memory_is_refused() -> None:
    huge = b'{"format": 1, "kind": "image", "width": 1000000, "height": 1000000, "layers": []}'
    with pytest.raises(PictureError):
        reel.played([reel.Entry(0, 0, lambda: (Record(b"K", b""), Record(b"D", huge)))])


# --- in the window -----------------------------------------------------------------------------------


def steps(session: Session) -> list[reel.Entry]:
    kept = session.films.recorder()
    assert kept is not None
    return kept.steps().result(20)


def test_it_is_saved_and_goes_on_from_there(window: MainWindow, session: Session, tmp_path: Path) -> None:
    drag(window, (20, 20), (70, 20), (70, 60))
    drag(window, (10, 60), (60, 70))
    window.actions_table["undo"].trigger()
    drag(window, (10, 70), (60, 75))
    assert done(session.save(tmp_path / "a.ora"))
    loaded = project.load(tmp_path / "a.ora")
    assert not loaded.notes
    assert len(reel.read(loaded.film)) == 3
    assert_same(reel.played(reel.read(loaded.film)), session.document)
    shutil.copy(tmp_path / "a.ora", tmp_path / "b.ora")
    assert done(session.open_file(tmp_path / "b.ora"))
    drag(window, (80, 10), (80, 70))
    assert done(session.save())
    again = project.load(tmp_path / "b.ora")
    entries = reel.read(again.film)
    assert len(entries) == 4 and [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert_same(reel.played(entries), session.document)


def test_what_another_program_changed_is_caught_up_with(
    window: MainWindow, session: Session, tmp_path: Path
) -> None:
    drag(window, (20, 20), (70, 20), (70, 60))
    assert done(session.save(tmp_path / "a.ora"))
    film = project.load(tmp_path / "a.ora").film
    other = Document.new("sketch", 96, 80)
    stroke(other, (5, 5), (90, 75))
    project.save(other, tmp_path / "other.ora", film=lambda: film)
    assert done(session.open_file(tmp_path / "other.ora"))
    drag(window, (80, 10), (80, 70))
    assert_same(reel.played(steps(session)), session.document)


def test_a_picture_begins_its_own_way(window: MainWindow, session: Session, tmp_path: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (50, 60, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    assert done(session.open_file(tmp_path / "photo.png", kind="image"))
    drag(window, (10, 10), (40, 40))
    first, *rest = steps(session)
    np.testing.assert_array_equal(reel.played([first]).picture_flat(), pixels)
    assert len(rest) == 1


def test_switched_off_nothing_is_kept(window: MainWindow, session: Session, tmp_path: Path) -> None:
    drag(window, (20, 20), (70, 20))
    window.actions_table["keep_ways"].trigger()
    drag(window, (10, 60), (60, 70))
    assert done(session.save(tmp_path / "a.ora"))
    with zipfile.ZipFile(tmp_path / "a.ora") as archive:
        assert project.FILM not in archive.namelist()
    assert not session.settings.keep_ways
    window.actions_table["export_film"].trigger()
    window.actions_table["keep_ways"].trigger()
    drag(window, (10, 30), (60, 30))
    assert len(steps(session)) == 2
    assert_same(reel.played(steps(session)), session.document)


def test_it_survives_a_crash(window: MainWindow, session: Session, home: Path, tmp_path: Path) -> None:
    drag(window, (20, 20), (70, 20), (70, 60))
    drag(window, (10, 60), (60, 70))
    drag(window, (10, 40), (60, 30))
    window.actions_table["undo"].trigger()
    drag(window, (80, 10), (80, 70))
    steps(session)
    picture = session.picture
    assert picture is not None and picture.journal is not None
    picture.journal.flush()
    # What a process leaves that is no more.
    shutil.copytree(picture.journal.folder, home / "recovery" / "20260101-000000-left")
    (left,) = abandoned()
    document, complete = brought_back(left.path)
    assert complete
    back = session.documents.recovered(left, document)
    entries = reel.read(back.film, cut_short=True)
    assert len(entries) == 4
    assert_same(reel.played(entries), session.document)
    session.put_up(back)
    assert len(steps(session)) == 4
    session.close_picture(back)


@pytest.mark.parametrize("most", [recovery.MOST_LEFT, 2000])
def test_a_long_way_survives_a_crash(
    window: MainWindow, session: Session, home: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """One larger than a project has room for; and of one larger still the beginning, and the drawing."""
    drag(window, (20, 20), (70, 20), (70, 60))
    drag(window, (10, 60), (60, 70))
    steps(session)
    picture = session.picture
    assert picture is not None and picture.journal is not None
    picture.journal.flush()
    left = home / "recovery" / "20260101-000000-left"
    shutil.copytree(picture.journal.folder, left)
    with (left / recovery.FILM).open("ab") as file:
        Record(b"S", bytes(project.MOST_FILM)).write(file)  # a part of the last step
    monkeypatch.setattr(recovery, "MOST_LEFT", most)
    document, _complete = brought_back(left)
    back = session.documents.recovered(abandoned()[0], document)
    session.put_up(back)
    entries = steps(session)
    assert len(entries) > 1 or most == 2000, "strokes, and not the picture alone"
    assert_same(reel.played(entries), document)
    drag(window, (80, 10), (80, 70))
    assert_same(reel.played(steps(session)), session.document)
    session.close_picture(back)


@pytest.mark.parametrize("trouble", ["cleared away", "full"])
def test_what_could_not_be_written_beside_the_journal_is_made_good_with_the_next_step(
    tmp_path: Path, trouble: str
) -> None:
    document = Document.new("image", 96, 80)
    kept = Recorder(document, b"", at_once, lambda: tmp_path, lambda: None, lambda: None)
    beside = tmp_path / recovery.FILM
    kept.note(stroke(document, (10, 10), (80, 10))[0])
    if trouble == "full":
        if sys.platform == "win32":
            pytest.skip("Windows limits no files")
        import resource

        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (beside.stat().st_size + 30, before[1]))
        try:
            kept.note(stroke(document, (10, 30), (80, 30))[0])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    else:
        beside.unlink()
    for y in (50, 70):
        kept.note(stroke(document, (10, y), (80, y))[0])
    entries = reel.read(beside.read_bytes())
    assert len(entries) == 1 + document.undo_steps
    assert_same(reel.played(entries), document)


def test_a_damaged_way_costs_no_drawing(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path
) -> None:
    drag(window, (20, 20), (70, 20), (70, 60))
    project.save(session.document, tmp_path / "a.ora", film=lambda: b"no way at all")
    pixels = session.document.picture_flat().copy()
    assert done(session.open_file(tmp_path / "a.ora"))
    np.testing.assert_array_equal(session.document.picture_flat(), pixels)
    until(lambda: any("is damaged; it was left out" in sentence for sentence in told))
    assert "left out" in message(window)
    drag(window, (80, 10), (80, 70))
    assert len(steps(session)) == 2
    settle(session)


def test_a_way_that_is_not_ready_in_time_is_not_said_to_be_too_large(
    window: MainWindow, session: Session, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Never(Future[object]):
        def result(self, timeout: float | None = None) -> object:
            raise TimeoutError

    drag(window, (10, 10), (50, 50))
    kept = session.films.recorder()
    assert kept is not None
    monkeypatch.setattr(kept, "steps", Never)
    assert done(session.save(tmp_path / "drawing.ora"))
    (sentence,) = [text for text in told if "without its way" in text]
    assert "not ready in time" in sentence and "room" not in sentence
