"""The journal: a finished step survives whatever happens to the process."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from desktop.documents import journal, recovery
from desktop.documents.journal import Journal
from desktop.documents.recovery import abandoned, discard, restore
from desktop.paint.editing.document import Change, Document, Role
from desktop.paint.files.records import Record, is_whole
from desktop.paint.strokes.stroke import Ink
from desktop.paint.tools import tools
from engine.data.palette import Label, Palette
from engine.data.rect import Rect
from engine.errors import PictureError

Draw = Callable[..., Change]
Fingerprint = Callable[[Document], str]
ROOT = Path(__file__).resolve().parents[2]


class Journalled:
    """A document whose every step goes into a journal."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.journal = Journal(document, title="A house")

    def do(self, change: Change | None) -> None:
        if change is not None:
            self.journal.record(change)

    def left(self, keep: bool = True) -> Path:
        self.journal.flush()
        self.journal.close(keep=keep)
        return self.journal.folder


@pytest.fixture
def journalled(document: Document) -> Iterator[Journalled]:
    journalled = Journalled(document)
    yield journalled
    journalled.journal.close(keep=False)


def test_what_is_left_behind_is_the_picture_to_the_byte(
    journalled: Journalled, draw: Draw, fingerprint: Fingerprint
) -> None:
    document = journalled.document
    document.model, document.extras = "Houses", {"seed": 4}
    journalled.do(draw(document, "pen", (10, 10), (120, 80), ink=Ink("soft", 30, 0.2, 0.6, (200, 40, 9))))
    journalled.do(document.add_layer(document.active.role, "More"))
    journalled.do(draw(document, "rectangle", (40, 10), (90, 60), ink=Ink(filled=True, colour=(255, 80, 0))))
    journalled.do(document.set_layer(document.layers[0].id, opacity=0.5, name="Quieter"))
    document.select(document.layers[0].id)
    journalled.do(draw(document, "eraser", (10, 10), (60, 60), ink=Ink(size=9)))
    path = journalled.left()
    found = abandoned()
    assert [left.path for left in found] == [path]
    assert (found[0].title, found[0].kind, found[0].size) == ("A house", document.kind, (150, 101))
    back = restore(path)
    assert fingerprint(back) == fingerprint(document)
    assert (back.model, back.extras) == (document.model, document.extras)
    discard(path)
    assert abandoned() == []


def test_every_moment_can_be_restored(
    journalled: Journalled, rng: np.random.Generator, draw: Draw, fingerprint: Fingerprint, palette: Palette
) -> None:
    document = journalled.document
    other = Palette("Other", (Label("a", (200, 0, 0)), Label("b", (0, 200, 0))))
    for turn in range(60):
        points = [tuple(rng.uniform(0, 140, 2).tolist()) for _ in range(3)]
        match int(rng.integers(9)):
            case 0 if len(document.layers) < 6:
                journalled.do(document.add_layer([document.active.role, Role.REFERENCE][turn % 2]))
            case 1 if sum(layer.role.sent for layer in document.layers) > 1:
                journalled.do(document.remove_layer(document.active.id))
            case 2:
                journalled.do(document.move_layer(document.active.id, int(rng.integers(5))))
            case 3:
                journalled.do(document.resize(*rng.integers(100, 200, 2).tolist()))
            case 4:
                journalled.do(document.set_palette(palette if document.palette is other else other))
            case 5:
                journalled.do(document.crop(Rect(-3, 4, 140, 120)))
            case 6 | 7:
                journalled.do(document.undo())
                if turn % 3:
                    journalled.do(document.redo())
            case _:
                pass
        ink = Ink(size=20, colour=tuple(rng.integers(0, 256, 3).tolist()), filled=True)
        name = ["pen", "rectangle", "eraser", "fill"][turn % 4]
        journalled.do(draw(document, name, *points, ink=ink))
        journalled.journal.flush()
        assert fingerprint(restore(journalled.journal.folder)) == fingerprint(document)


def test_a_closed_journal_leaves_nothing(journalled: Journalled, home: Path) -> None:
    journalled.left(keep=False)
    assert list((home / "recovery").iterdir()) == []
    journalled.journal.close(keep=False)  # twice does no harm
    assert "journal" not in {thread.name for thread in threading.enumerate()}


def test_a_living_journal_is_neither_offered_nor_thrown_away(journalled: Journalled) -> None:
    journalled.journal.flush()
    assert abandoned() == []
    discard(journalled.journal.folder)
    assert journalled.journal.folder.is_dir()
    with pytest.raises(ValueError, match="no journal"):
        discard(journalled.journal.folder.parent.parent)


def test_a_damaged_tail_costs_only_what_is_in_it(
    journalled: Journalled, draw: Draw, fingerprint: Fingerprint, rng: np.random.Generator
) -> None:
    document = journalled.document
    moments = [fingerprint(document)]
    for turn in range(6):
        corner = (10 + turn * 15, 10)
        ink = Ink(filled=True, colour=(255, 80 * (turn % 2), 0))
        journalled.do(draw(document, "rectangle", corner, (corner[0] + 30, 90), ink=ink))
        moments.append(fingerprint(document))
    path = journalled.left()
    content = (path / "journal").read_bytes()
    reached = set()
    for _ in range(60):
        (path / "journal").write_bytes(content[: int(rng.integers(len(content)))])
        try:
            reached.add(moments.index(fingerprint(restore(path))))
        except PictureError:
            reached.add(-1)  # not even the first record is whole
    assert len(reached) > 3
    flipped = bytearray(content)
    flipped[-20] ^= 64
    (path / "journal").write_bytes(flipped + b"rubbish behind it")
    assert fingerprint(restore(path)) == moments[-2]


def test_rubbish_is_cleared_away_in_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / "recovery" / "rubbish"
    folder.mkdir(parents=True)
    (folder / "journal").write_bytes(b"")
    (home / "recovery" / "a file").write_text("not ours")
    assert abandoned() == []
    assert folder.is_dir()  # it might just be being made
    with pytest.raises(PictureError, match="damaged"):
        restore(folder)
    monkeypatch.setattr(recovery, "ABANDONED_AFTER", -1)
    assert abandoned() == []
    assert not folder.exists()
    with pytest.raises(PictureError, match="damaged"):
        restore(folder)


def test_what_cannot_be_read_is_kept_and_told(
    home: Path, journalled: Journalled, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = journalled.left()
    content = (path / "journal").read_bytes()
    flipped = bytearray(content)
    flipped[30] ^= 64
    newer = io.BytesIO()
    Record(b"D", b'{"format": 99, "title": "Later"}').write(newer)
    monkeypatch.setattr(recovery, "ABANDONED_AFTER", -1)
    for damaged, lasting, reason in (
        (bytes(flipped), True, "damaged"),
        (content[:100], True, "damaged"),
        (b"nothing of use", True, "damaged"),
        (newer.getvalue(), True, "“Later” was made by a newer Underpaint"),
        (None, False, "can't be read"),
    ):
        if damaged is None:
            (path / "journal").unlink()
            (path / "journal").mkdir()  # reading it fails, as on a broken disk
        else:
            (path / "journal").write_bytes(damaged)
        found, (unreadable,) = recovery.left_behind()
        assert found == []
        assert unreadable.path == path
        assert unreadable.lasting is lasting
        assert reason in unreadable.reason and unreadable.reason.endswith(".")
        assert (path / "journal").exists()


@pytest.mark.parametrize("tail", [b"T", bytes(4096), b"T" + bytes(8) + b"more"], ids=["cut", "zeros", "more"])
def test_a_journal_knows_whether_it_is_complete(journalled: Journalled, draw: Draw, tail: bytes) -> None:
    journalled.do(draw(journalled.document, "pen", (10, 10), (90, 50)))
    path = journalled.left()
    assert recovery.is_complete(path)
    content = (path / "journal").read_bytes()
    (path / "journal").write_bytes(content + tail)
    assert not recovery.is_complete(path)
    (path / "journal").write_bytes(content[: len(content) // 2])
    assert not recovery.is_complete(path)


def test_a_journal_that_was_cut_between_two_records_is_not_complete(
    journalled: Journalled, draw: Draw, fingerprint: Fingerprint
) -> None:
    ends, moments = [], []
    for turn in range(4):
        ink = Ink(size=9, colour=(255, 80, 0))
        journalled.do(draw(journalled.document, "pen", (10, 10 + turn * 20), (90, 50), ink=ink))
        journalled.journal.flush()
        ends.append((journalled.journal.folder / "journal").stat().st_size)
        moments.append(fingerprint(journalled.document))
    path = journalled.left()
    content = (path / "journal").read_bytes()
    for end, moment in zip(ends, moments, strict=True):
        (path / "journal").write_bytes(content[:end])
        with (path / "journal").open("rb") as file:
            assert is_whole(file), "cut where a record ends"
        assert fingerprint(restore(path)) == moment
        assert recovery.is_complete(path) is (end == len(content))
    middle = content[: ends[0]] + content[ends[1] :]
    (path / "journal").write_bytes(middle)
    assert not recovery.is_complete(path), "a step from the middle is missing"


def test_a_length_that_lags_or_is_of_another_picture_says_nothing(journalled: Journalled, draw: Draw) -> None:
    """A lost power may take back what was written last beside the journal: that is no damage to it."""
    length = journalled.journal.folder / "length"
    kept, ink = [], Ink(size=9, colour=(255, 80, 0))
    for turn in range(3):
        journalled.do(draw(journalled.document, "pen", (10, 10 + turn * 20), (90, 50), ink=ink))
        journalled.journal.flush()
        kept.append(length.read_bytes())
    journalled.journal.record_all()  # shorter than what it takes the place of
    path = journalled.left()
    for content in (*kept, kept[-1][:5], b"", b"x" * len(kept[0]), length.read_bytes()):
        length.write_bytes(content)
        assert recovery.is_complete(path)
    length.unlink()  # an older version wrote none
    assert recovery.is_complete(path)


def test_what_was_being_begun_when_it_ended_is_brought_back_too(
    journalled: Journalled, fingerprint: Fingerprint, draw: Draw
) -> None:
    journalled.do(draw(journalled.document, "pen", (10, 10), (90, 50)))
    journalled.journal.record_all()
    path = journalled.left()
    (path / "journal").rename(path / ".journal.abcdefgh.part")
    (found,) = abandoned()
    assert fingerprint(restore(found.path)) == fingerprint(journalled.document)
    assert not recovery.is_complete(path)


def test_the_journal_stays_bounded(
    journalled: Journalled,
    fingerprint: Fingerprint,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "COMPACT_AFTER", 50_000)
    document = journalled.document
    sizes = []
    for _ in range(40):
        journalled.do(document.paste(rng.integers(0, 256, (101, 150, 4), np.uint8), 0, 0))
        journalled.journal.flush()
        sizes.append((journalled.journal.folder / "journal").stat().st_size)
    assert max(sizes) < 250_000
    assert min(np.diff(sizes)) < 0  # it did grow, and was written anew
    assert fingerprint(restore(journalled.left())) == fingerprint(document)


def test_a_full_disk_is_survived(
    journalled: Journalled,
    draw: Draw,
    fingerprint: Fingerprint,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    journalled.journal.flush()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        journalled.do(
            draw(journalled.document, "pen", (10, 10), (90, 50), ink=Ink(size=9, colour=(255, 80, 0)))
        )
        journalled.journal.flush()
    assert "can't be written" in caplog.text
    journalled.do(draw(journalled.document, "pen", (90, 10), (10, 50), ink=Ink(size=9, colour=(0, 48, 255))))
    assert fingerprint(restore(journalled.left())) == fingerprint(journalled.document)


VICTIM = """
import sys
from desktop.paint.editing.document import Document
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import tools
from desktop.documents.journal import Journal
document = Document.new("sketch", 300, 200)
journal = Journal(document, title="Victim")
for turn in range(1000):
    stroke = tools()["pen"].start(document, Ink(size=12), Sample(10, 5 + turn * 7 % 190))
    stroke.move(Sample(150, turn * 31 % 200))
    journal.record(stroke.finish(Sample(290, turn * 17 % 200)))
    print(turn, flush=True)
    sys.stdin.readline()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_strokes_survive_kill_9(home: Path, fingerprint: Fingerprint) -> None:
    from desktop.paint.strokes.stroke import Sample

    with subprocess.Popen(
        [sys.executable, "-c", VICTIM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as victim:
        assert victim.stdin is not None
        assert victim.stdout is not None
        expected = Document.new("sketch", 300, 200)
        for turn in range(12):
            assert victim.stdout.readline() == f"{turn}\n"
            assert abandoned() == []  # its process lives
            stroke = tools()["pen"].start(expected, Ink(size=12), Sample(10, 5 + turn * 7 % 190))
            stroke.move(Sample(150, turn * 31 % 200))
            stroke.finish(Sample(290, turn * 17 % 200))
            if turn < 11:
                victim.stdin.write("\n")
                victim.stdin.flush()
        # One second for the last stroke: until its journal holds it, or that second is over.
        folder = next((home / "recovery").iterdir())
        done = threading.Event()
        for _ in range(100):
            if done.wait(0.01):
                break
            try:
                if fingerprint(restore(folder)) == fingerprint(expected):
                    done.set()
            except PictureError:
                pass
        victim.kill()
    found = abandoned()
    assert [left.title for left in found] == ["Victim"]
    assert fingerprint(restore(found[0].path)) == fingerprint(expected)


def test_recording_a_step_keeps_the_painter_waiting_for_hardly_anything(draw: Draw) -> None:
    """The painting thread copies a few tiles; packing and writing are the journal's own thread's work."""
    document = Document.new("sketch", 2048, 2048)
    journal = Journal(document)
    journal.flush()
    own = threading.get_ident()
    writers = set()
    original = Record.write

    def write(record: Record, file: object) -> None:
        writers.add(threading.get_ident())
        original(record, file)  # type: ignore[arg-type]

    try:
        Record.write = write  # type: ignore[assignment]
        journal.record(draw(document, "pen", (10, 10), (2000, 2000), ink=Ink(size=60)))
        journal.flush()
    finally:
        Record.write = original
        journal.close(keep=False)
    assert writers
    assert own not in writers
