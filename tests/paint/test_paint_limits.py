"""Whatever is saved can be opened again: files are never written beyond what is read of them."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from desktop.paint.editing import limits
from desktop.paint.editing.document import Document, Role
from desktop.paint.editing.limits import MOST_LAYERS
from desktop.paint.editing.snapshot import MOST_KEPT, Frame
from desktop.paint.files import archive, frames_and_holds, project, records
from desktop.paint.layers.held import MOST_HOLDS
from engine.data.palette import LONGEST_NAME, Label, Palette
from engine.errors import PictureError
from tests.paint.test_paint_frames_and_holds import check_kept, drawn, noise, part


def with_kept(frames: int, holds: int = 0) -> Document:
    """A drawing with so many frames of noise, called by their numbers, each with something held."""
    document, kept = drawn(1), []
    for number in range(frames):
        other = drawn(number)
        other.hold((part(number, 4),), "Hold")
        kept.append(Frame(noise(number, 24, 32, 3), other.snapshot(), "sketch", name=str(number)))
    document.put_by(tuple(kept))
    document.hold(tuple(part(number, 9) for number in range(holds)), "Hold")
    return document


def bytes_of(path: Path) -> int:
    return path.stat().st_size


def round_trip(document: Document, path: Path) -> tuple[Document, list[str]]:
    """What is read of what was written, and what was said of it; reading never has anything to say."""
    said = project.save(document, path)
    loaded = project.load(path)
    assert loaded.notes == []
    for was, now in zip(document.layers, loaded.document.layers, strict=True):
        assert (was.role, was.name) == (now.role, now.name)
        assert np.array_equal(was.pixels, now.pixels)
    return loaded.document, said


def names(document: Document) -> list[str]:
    return [frame.name for frame in document.frames]


def most_bytes(most: int, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(archive, "LIMITS", replace(archive.LIMITS, whole=most))


def test_frames_that_a_file_has_no_room_for_are_left_out_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    document, path = with_kept(4), tmp_path / "a.ora"
    assert round_trip(document, path)[1] == []
    monkeypatch.setattr(project, "MOST_NOTES", 4096)
    for most in range(bytes_of(path) + 8192, 6000, -1000):
        most_bytes(most, monkeypatch)
        found, said = round_trip(document, path)
        assert bytes_of(path) <= most
        left = [frame for frame in document.frames if frame.name not in names(found)]
        assert said == [] if not left else f"“{left[0].name}”" in said[0] and "will be gone" in said[0]
        if len(left) == 2:
            rest = drawn(1)
            rest.put_by(tuple(frame for frame in document.frames if frame not in left))
            check_kept(found, rest)
    assert not found.frames, "the least room is for the drawing alone"


@pytest.mark.parametrize(
    ("limit", "beginning", "by"),
    [("MOST_HELD_BYTES", 8000, 500), ("MOST_KEPT_BYTES", 60_000, 1700), ("MOST_MEMBER", 4000, 100)],
)
def test_no_frame_is_written_that_would_not_be_read(
    limit: str, beginning: int, by: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    document, path = with_kept(3, holds=2), tmp_path / "a.ora"
    monkeypatch.setattr(frames_and_holds, "MARGIN_BYTES", 0)
    left = set()
    for most in range(beginning, 0, -by):
        monkeypatch.setattr(frames_and_holds, limit, most)
        found, said = round_trip(document, path)
        missing = [name for name in names(document) if name not in names(found)]
        assert bool(missing) is any("kept frames" in it for it in said)
        assert (len(found.holds) < 2) is any("that are held" in it for it in said)
        left.add(len(missing) if limit != "MOST_HELD_BYTES" else 2 - len(found.holds))
    assert {0, 2 if limit == "MOST_HELD_BYTES" else 3} <= left


def test_a_drawing_that_could_not_be_opened_again_does_not_count_as_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "a.ora"
    project.save(drawn(1), path)
    before = path.read_bytes()
    most_bytes(1500, monkeypatch)
    with pytest.raises(PictureError, match="larger than can be opened again"):
        project.save(drawn(2), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    most_bytes(1 << 20, monkeypatch)
    monkeypatch.setattr(archive, "MOST_MEMBER", 100)
    with pytest.raises(PictureError, match="larger than can be opened again"):
        project.save(drawn(2), path)
    assert path.read_bytes() == before


# --- notes -----------------------------------------------------------------------------------------


def noting(fields: dict[str, Any], path: Path) -> Document:
    """A picture from a file whose notes have more than ours."""
    project.save(drawn(1), path)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    notes = json.loads(members[project.NOTES]) | fields
    members[project.NOTES] = json.dumps(notes, separators=(",", ":")).encode()
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return project.load(path).document


def test_notes_of_others_that_were_read_can_be_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(project, "MOST_NOTES", 40_000)
    theirs = {"theirs": [0] * 15_000}  # line by line it would be three times as long
    found, said = round_trip(noting(theirs, tmp_path / "a.ora"), tmp_path / "a.ora")
    assert found.extras["theirs"] == theirs["theirs"] and said == []


def test_of_too_many_notes_of_others_the_longest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Numbers may get longer by being read and written."""
    document = noting({"long": [1e15] * 1500, "short": 7}, tmp_path / "a.ora")
    monkeypatch.setattr(project, "MOST_NOTES", 20_000)
    found, said = round_trip(document, tmp_path / "a.ora")
    assert "long" not in found.extras and found.extras["short"] == 7
    assert said == ["“a.ora” has no room for all that another program noted in it (“long”)."]


def test_notes_that_are_nested_deeply_cost_no_drawing(tmp_path: Path):
    document, deep = drawn(1), list[Any]()
    for _ in range(100_000):
        deep = [deep]
    document.extras |= {"deep": deep, "flat": 7}
    found, said = round_trip(document, tmp_path / "a.ora")
    assert found.extras["flat"] == 7 and "“deep”" in said[0]
    while deep:  # else Python itself falls over it in the end
        deep = deep.pop()


@pytest.mark.parametrize("text", ["1\0", "x" * 2_000_000, "&" * 500_000, "1" * 2_000_000])
def test_what_a_file_says_of_its_resolution_costs_no_drawing(text: str, tmp_path: Path):
    document = drawn(1)
    document.extras["resolution"] = {"xres": text, "yres": "72"}
    found, _ = round_trip(document, tmp_path / "a.ora")
    assert found.extras["resolution"] == {"yres": "72"}


# --- a document at each limit ------------------------------------------------------------------------


def of_most_layers() -> Document:
    document = Document.new("image", 6, 4)
    while len(document.layers) < MOST_LAYERS:
        document.add_layer(Role.PAINT, "<&\"'" * 50)
    return document


def on_coloured_paper() -> Document:
    palette = Palette("p" * LONGEST_NAME, tuple(Label("n" * 100, (number, 9, 9)) for number in range(256)))
    document = of_most_layers()
    document.set_palette(palette)
    return document


AT_THEIR_LIMITS = {
    "layers": of_most_layers,
    "layers on coloured paper": on_coloured_paper,
    "frames": lambda: with_kept(MOST_KEPT),
    "holds": lambda: with_kept(1, MOST_HOLDS),
}


@pytest.mark.parametrize("limit", AT_THEIR_LIMITS)
def test_a_document_at_a_limit_comes_back_whole(limit: str, tmp_path: Path):
    document = AT_THEIR_LIMITS[limit]()
    found, said = round_trip(document, tmp_path / "a.ora")
    assert said == [] and (found.paper, found.palette) == (document.paper, document.palette)
    check_kept(found, document)


def test_one_beyond_a_limit_costs_that_one_alone(tmp_path: Path):
    found, said = round_trip(with_kept(MOST_KEPT + 1, MOST_HOLDS + 1), tmp_path / "a.ora")
    assert (len(found.frames), len(found.holds), len(said)) == (MOST_KEPT, MOST_HOLDS, 2)


def test_a_frame_whose_description_is_too_long_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(records, "MOST_DESCRIPTION", 100)
    found, said = round_trip(with_kept(2), tmp_path / "a.ora")
    assert not found.frames and "“0”, “1”" in said[0]


def test_the_largest_layers_on_coloured_paper_stay_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "MOST_LAYER_PIXELS", 2 * 40 * 30)
    document = Document.new("image", 40, 30)
    document.add_layer(Role.PAINT)
    document.set_palette(Palette("dark", (Label("night", (20, 20, 40)), Label("day", (250, 250, 200)))))
    assert document.paper != (255, 255, 255)
    round_trip(document, tmp_path / "a.ora")
