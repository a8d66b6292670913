"""Kept frames and held parts: kept in files, recovered, and nothing of a stranger's is believed."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from desktop.documents.journal import Journal
from desktop.documents.moment import Moment
from desktop.documents.recovery import brought_back
from desktop.paint.editing import snapshot
from desktop.paint.editing.document import Document, Role
from desktop.paint.editing.snapshot import Frame, bytes_of, fit
from desktop.paint.files import frames_and_holds, project
from desktop.paint.files.records import Record, records
from desktop.paint.layers.held import Hold, falling
from desktop.paint.strokes.stroke import Ink
from engine.data import picture
from engine.data.picture import to_png_bytes
from engine.data.rect import Rect
from engine.errors import PictureError


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def part(seed: int, left: int) -> Hold:
    """Noise that is held from a column on."""
    mask = np.zeros((24, 32), np.bool_)
    mask[:, left:] = True
    return Hold(np.dstack([noise(seed, 24, 32, 3), falling(mask, 2)]), seed % 2 == 1)


def drawn(seed: int) -> Document:
    document = Document.new("sketch", 40, 30)
    recording = document.begin(Ink())
    recording.put(noise(seed, 10, 12, 4).view(np.uint32)[..., 0] | np.uint32(0xFF000000), 3, 4)
    recording.commit("Paint")
    return document


def with_frames() -> Document:
    """A drawing with two frames kept of two other ones, in one of which something was held."""
    document = drawn(1)
    frames = []
    for seed in (2, 3):
        other = drawn(seed)
        if seed == 3:
            other.hold((part(5, 4),), "Hold")
        frames.append(Frame(noise(seed, 24, 32, 3), other.snapshot(), "sketch", name=f"the {seed}nd"))
    document.put_by(tuple(frames))
    document.hold((part(7, 9), part(8, 20)), "Hold")
    return document


def check_kept(found: Document, document: Document) -> None:
    for was, now in zip(document.frames, found.frames, strict=True):
        assert (now.name, now.kind) == (was.name, was.kind)
        np.testing.assert_array_equal(now.preview, was.preview)
        assert was.picture is not None and now.picture is not None
        one, other = Document.from_snapshot(was.picture), Document.from_snapshot(now.picture)
        for layer, same in zip(one.layers, other.layers, strict=True):
            assert (layer.id, layer.name, layer.role) == (same.id, same.name, same.role)
            np.testing.assert_array_equal(layer.pixels, same.pixels)
        check_held(other, one)
    check_held(found, document)


def check_held(found: Document, document: Document) -> None:
    for was, now in zip(document.holds, found.holds, strict=True):
        assert was.rest == now.rest
        np.testing.assert_array_equal(was.pixels, now.pixels)


def changed(path: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The project with other members."""
    with zipfile.ZipFile(path) as source:
        files = {name: source.read(name) for name in source.namelist()}
    change(files)
    with zipfile.ZipFile(path, "w") as target:
        for name, content in files.items():
            target.writestr(name, content)
    return path


def saved(document: Document, folder: Path) -> Path:
    project.save(document, folder / "a.ora")
    return folder / "a.ora"


def test_all_that_is_kept_comes_back_from_its_file(tmp_path: Path):
    document = with_frames()
    loaded = project.load(saved(document, tmp_path))
    assert loaded.notes == []
    check_kept(loaded.document, document)
    project.save(loaded.document, tmp_path / "b.ora")
    check_kept(project.load(tmp_path / "b.ora").document, document)


def test_saving_takes_the_moment_with_its_frames(tmp_path: Path):
    document = with_frames()
    moment = Moment(document)
    document.put_by(())
    document.hold((), "Lift")
    project.save(moment.document(), tmp_path / "a.ora")
    assert len(project.load(tmp_path / "a.ora").document.frames) == 2
    assert len(project.load(tmp_path / "a.ora").document.holds) == 2


def test_frames_without_anything_else_leave_no_trace(tmp_path: Path):
    path = saved(drawn(1), tmp_path)
    with zipfile.ZipFile(path) as source:
        assert not [name for name in source.namelist() if name.startswith(("frames", "holds"))]
        assert not {"frames", "holds"} & json.loads(source.read(project.NOTES)).keys()


def test_a_crash_keeps_them(home: Path):
    document = drawn(1)
    journal = Journal(document)
    other = with_frames()
    journal.record(document.put_by(other.frames))
    journal.record(document.hold(other.holds, "Hold"))
    journal.flush()
    assert journal.problem == ""
    journal.close(keep=True)
    found, complete = brought_back(journal.folder)
    assert complete
    check_kept(found, document)


def test_a_journal_begun_anew_has_them(home: Path):
    document = with_frames()
    journal = Journal(document)
    journal.flush()
    journal.close(keep=True)
    check_kept(brought_back(journal.folder)[0], document)
    for frame in (journal.folder / "frames").glob("*.png"):
        frame.write_bytes(b"damaged")
    found, complete = brought_back(journal.folder)
    assert not complete and found.frames == () and len(found.holds) == 2, "what is missing is told"


def test_a_journal_writes_a_frame_once(home: Path):
    document = with_frames()
    journal = Journal(document)
    journal.flush()
    times = {it: it.stat().st_mtime_ns for it in journal.folder.glob("*/*")}
    assert len(times) == 2 * 2 + 3
    journal.record(document.put_by((document.frames[0].renamed("red"), document.frames[1])))
    journal.flush()
    assert {it: it.stat().st_mtime_ns for it in journal.folder.glob("*/*")} == times
    journal.close(keep=True)
    assert brought_back(journal.folder)[0].frames[0].name == "red"


# --- strangers -----------------------------------------------------------------------------------


def first(document: Document, ending: str) -> str:
    return f"frames/{document.frames[0].key}.{ending}"


def huge_png() -> bytes:
    content = bytearray(to_png_bytes(np.zeros((2, 2, 4), np.uint8)))
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    return bytes(content)


DAMAGE: dict[str, Callable[[dict[str, bytes], Document], object]] = {
    "preview missing": lambda files, document: files.pop(first(document, "png")),
    "preview cut": lambda files, document: files.update(
        {first(document, "png"): files[first(document, "png")][:90]}
    ),
    "preview is huge": lambda files, document: files.update({first(document, "png"): huge_png()}),
    "picture missing": lambda files, document: files.pop(first(document, "picture")),
    "picture cut": lambda files, document: files.update(
        {first(document, "picture"): files[first(document, "picture")][:-3]}
    ),
    "picture is nothing": lambda files, document: files.update({first(document, "picture"): b""}),
    "picture is a text": lambda files, document: files.update({first(document, "picture"): b"hello" * 9}),
}


def repeated(files: dict[str, bytes], document: Document, kind: bytes) -> None:
    """The records of a kind three times over, as somebody might who means to keep us busy."""
    name = first(document, "picture")
    found = list(records(io.BytesIO(files[name])))
    row = io.BytesIO()
    for record in found + [record for record in found if record.kind == kind] * 2:
        record.write(row)
    files[name] = row.getvalue()


def beyond_all(files: dict[str, bytes], document: Document) -> None:
    """A few bytes that say that they lie beyond the picture, and are more than fits into memory."""
    with io.BytesIO() as row:
        Record(b"O", struct.pack("<IiiII", 1, 900, 0, 1 << 16, 1 << 16) + b"\0" * 9).write(row)
        files[first(document, "picture")] += row.getvalue()


DAMAGE |= {
    "described again": lambda files, document: repeated(files, document, b"D"),
    "painted again and again": lambda files, document: repeated(files, document, b"T"),
    "much lies beyond": beyond_all,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_frame_is_left_out_in_one_sentence(damage: str, tmp_path: Path):
    document = with_frames()
    path = changed(saved(document, tmp_path), lambda files: DAMAGE[damage](files, document))
    loaded = project.load(path)
    assert loaded.notes == ["In “a.ora” the kept frame “the 2nd” can't be read; it was left out."]
    assert [frame.name for frame in loaded.document.frames] == ["the 3nd"]
    np.testing.assert_array_equal(loaded.document.picture().lines, document.picture().lines)


def test_a_frame_of_which_a_hold_is_lost_is_whole_when_it_is_saved_again(tmp_path: Path):
    document = with_frames()
    key = document.frames[1].picture.hollow.holds[0].key
    loaded = project.load(
        changed(saved(document, tmp_path), lambda files: files.update({f"holds/{key}.png": b""}))
    )
    assert loaded.notes == ["In “a.ora” a held part can't be read; the preview lives there."]
    project.save(loaded.document, tmp_path / "b.ora")
    assert project.load(tmp_path / "b.ora").notes == []


def test_opening_can_be_given_up_between_frames(tmp_path: Path):
    path = saved(with_frames(), tmp_path)
    steps: list[int] = []
    project.load(path, lambda done, _total: steps.append(done))

    def give_up(_done: int, _total: int) -> None:
        steps.pop()
        if not steps:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project.load(path, give_up)


def test_several_damaged_ones_are_one_sentence(tmp_path: Path):
    document = with_frames()

    def cut(files: dict[str, bytes]) -> None:
        for name in files:
            if name.startswith(("frames", "holds")):
                files[name] = files[name][:50]

    loaded = project.load(changed(saved(document, tmp_path), cut))
    assert loaded.notes == [
        "In “a.ora” kept frames can't be read (“the 2nd”, “the 3nd”); they were left out.",
        "In “a.ora” a held part can't be read; the preview lives there.",
    ]
    assert loaded.document.frames == () and loaded.document.holds == ()


def test_sizes_are_checked_before_memory_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    document = with_frames()
    path = saved(document, tmp_path)
    monkeypatch.setattr(frames_and_holds, "MARGIN_BYTES", 0)
    monkeypatch.setattr(frames_and_holds, "MOST_KEPT_BYTES", bytes_of(document.frames[:1]) + 24 * 32 * 3)
    decoded: list[int] = []
    real = picture.read
    monkeypatch.setattr(
        frames_and_holds, "read", lambda content, most: (decoded.append(most), real(content, most=most))[1]
    )
    loaded = project.load(path)
    assert len(loaded.document.holds) == 2 and len(loaded.document.frames) == 1
    assert loaded.notes == ["In “a.ora” the kept frame “the 3nd” can't be read; it was left out."]
    assert len(decoded) == 3, "two holds and the first frame"


def test_what_is_held_has_bounds_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = saved(with_frames(), tmp_path)
    monkeypatch.setattr(frames_and_holds, "MARGIN_BYTES", 0)
    monkeypatch.setattr(frames_and_holds, "MOST_HELD_BYTES", 24 * 32 * 4 * 2 - 1)
    loaded = project.load(path)
    assert len(loaded.document.holds) == 1 and len(loaded.document.frames) == 2


def test_all_that_fits_on_a_shelf_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Counted the same way, to the byte, where it is kept and where it is read."""
    document = with_frames()
    document.add_layer(Role.REFERENCE, pixels=noise(1, 30, 40, 3))
    document.crop(Rect(5, 5, 20, 20))  # some lies beyond the picture
    frames = (*document.frames, Frame(noise(9, 24, 32, 3), document.snapshot(), "sketch", name="last"))
    for frame in frames:
        frames_and_holds.pack(frame)
    monkeypatch.setattr(snapshot, "MOST_KEPT_BYTES", bytes_of(frames))
    monkeypatch.setattr(frames_and_holds, "MOST_KEPT_BYTES", bytes_of(frames))
    monkeypatch.setattr(frames_and_holds, "MARGIN_BYTES", 0)
    assert fit(frames) and not fit((*frames, frames[0]))
    document.put_by(frames)
    loaded = project.load(saved(document, tmp_path))
    assert loaded.notes == [] and [it.name for it in loaded.document.frames] == ["the 2nd", "the 3nd", "last"]
    assert bytes_of(loaded.document.frames) == bytes_of(frames)


def test_a_part_that_no_file_may_have_is_not_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(frames_and_holds, "MOST_MEMBER", 100)
    with pytest.raises(PictureError, match="too large to be kept on the shelf; export it instead"):
        frames_and_holds.pack(with_frames().frames[0])


# --- taken off the shelf ----------------------------------------------------------------------------


def test_what_was_taken_off_comes_back_where_it_was_and_later_ones_stay():
    document = with_frames()
    first, second = document.frames
    document.take_off([first])
    assert document.frames == (second,)
    later = Frame(noise(8, 24, 32, 3), document.snapshot(), "sketch", name="later")
    document.put_by((second.renamed("other"), later))
    document.undo()
    assert [frame.name for frame in document.frames] == ["the 2nd", "other", "later"]
    document.redo()
    assert [frame.name for frame in document.frames] == ["other", "later"]


def test_what_was_taken_off_costs_no_step_of_the_drawing():
    """Frames have room of their own, on the shelf and off it; that of the steps is left to these."""
    document = drawn(1)
    frames = tuple(Frame(noise(seed, 256, 256, 3), document.snapshot(), "sketch") for seed in (2, 3))
    document.put_by(frames)
    document.history.budget = bytes_of(frames) // 2
    for _ in range(3):
        document.add_layer(Role.HINTS)
    document.take_off(frames)
    document.add_layer(Role.HINTS)
    assert document.undo_steps == 6 and not document.frames
    document.undo()
    document.undo()
    assert document.frames == frames


def test_what_was_taken_off_goes_for_good_when_its_room_is_needed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(snapshot, "MOST_KEPT", 2)
    document = with_frames()
    first, second = document.frames
    document.take_off([first])
    document.take_off([second])
    document.put_by((Frame(noise(8, 24, 32, 3), document.snapshot(), "sketch", name="later"),))
    document.undo()
    assert [frame.name for frame in document.frames] == ["the 3nd", "later"]
    document.undo()
    assert [frame.name for frame in document.frames] == ["the 3nd", "later"], "no more than fit"


NONSENSE: list[Any] = [
    7,
    [],
    {"format": 0},
    {"format": True},
    {"format": 1, "kept": 5, "held": 5},
    {"format": 1, "kept": [None], "held": [None]},
    {"format": 1, "kept": [{}] * 61, "held": [{}] * 17},
]


@pytest.mark.parametrize("notes", NONSENSE, ids=str)
@pytest.mark.parametrize("field", ["frames", "holds"])
def test_notes_that_make_no_sense_cost_no_drawing(field: str, notes: Any, tmp_path: Path):
    document = drawn(1)

    def write(files: dict[str, bytes]) -> None:
        fields = json.loads(files[project.NOTES])
        files[project.NOTES] = json.dumps({**fields, field: notes}).encode()

    loaded = project.load(changed(saved(document, tmp_path), write))
    assert loaded.notes == ["The notes on kept frames in “a.ora” make no sense; left out."]
    np.testing.assert_array_equal(loaded.document.picture().lines, document.picture().lines)


@pytest.mark.parametrize("key", ["", 5, None, "../../etc/passwd", "0123456789abcdeg", "0" * 17])
def test_a_key_leads_nowhere_else(key: Any, tmp_path: Path):
    def write(files: dict[str, bytes]) -> None:
        fields = json.loads(files[project.NOTES])
        fields["frames"] = {"format": 1, "kept": [{"key": key, "name": "x"}]}
        files[project.NOTES] = json.dumps(fields).encode()

    loaded = project.load(changed(saved(drawn(1), tmp_path), write))
    assert loaded.notes == ["In “a.ora” the kept frame “x” can't be read; it was left out."]


def test_those_of_a_newer_program_are_told(tmp_path: Path):
    def write(files: dict[str, bytes]) -> None:
        fields = json.loads(files[project.NOTES])
        fields["frames"]["format"] = 99
        files[project.NOTES] = json.dumps(fields).encode()

    loaded = project.load(changed(saved(with_frames(), tmp_path), write))
    assert "is of a newer Underpaint" in loaded.notes[0]


def test_parts_that_no_note_speaks_of_are_strange(tmp_path: Path):
    path = changed(saved(drawn(1), tmp_path), lambda files: files.update({f"frames/{'0' * 16}.png": b"?"}))
    assert "holds more than Underpaint knows" in project.load(path).notes[0]
