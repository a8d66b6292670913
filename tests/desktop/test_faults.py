"""Whatever fails while a drawing is written down, whenever the process is killed: no silent loss.

Every operation on files that saving, journalling and remembering do is made to fail, one after the other.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import engine.files.writing
from desktop.documents.journal import Journal
from desktop.documents.open_documents import OpenDocuments, OpenPicture
from desktop.documents.recovery import is_complete, left_behind, restore
from desktop.paint.editing.document import Document
from desktop.paint.files import project
from desktop.paint.files.records import is_whole
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import tools
from desktop.support.report_errors import ReportErrors
from desktop.support.settings import Settings, SettingsFile
from engine.errors import PictureError
from tests.faults import Faults, at_work, every_fault


def drawn(document: Document, turn: int) -> Document:
    stroke = tools()["pen"].start(document, Ink(size=5), Sample(5, 5 + 9 * turn))
    stroke.finish(Sample(40, 8 + 7 * turn))
    return document


def pixels(document: Document) -> bytes:
    return b"".join(layer.pixels.tobytes() for layer in document.layers)


# --- saving ---------------------------------------------------------------------------------------


def plainly(folder: Path, target: Path) -> None:
    pass


def through_a_link(folder: Path, target: Path) -> None:
    (folder / "elsewhere").mkdir()
    target.rename(folder / "elsewhere" / "file.ora")
    target.symlink_to(folder / "elsewhere" / "file.ora")


def with_two_names(folder: Path, target: Path) -> None:
    os.link(target, folder / "other.ora")


@pytest.mark.parametrize("arrange", [plainly, through_a_link, with_two_names], ids=lambda it: it.__name__)
def test_saving_keeps_the_old_drawing_or_has_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrange: Callable[[Path, Path], None]
):
    old = drawn(Document.new("sketch", 48, 40), 0)
    project.save(old, tmp_path / "old.ora")
    content = (tmp_path / "old.ora").read_bytes()
    new = drawn(drawn(Document.new("sketch", 48, 40), 0), 1)
    documents, number = OpenDocuments(Settings()), 0

    def run(kind: str = "", at: int = -1) -> tuple[Faults, Path, OpenPicture, bool]:
        nonlocal number
        number += 1
        folder = tmp_path / str(number)
        folder.mkdir()
        target = folder / "drawing.ora"
        target.write_bytes(content)
        arrange(folder, target)
        picture = OpenPicture(new, unsaved=True)
        with at_work(monkeypatch, Faults(folder, kind, at)) as faults:
            told: list[str] = []
            with ReportErrors(told.append) as outcome:
                documents.save(picture, target, None)
        assert all(it.startswith("“drawing.ora” can't be written (") and it.endswith(".") for it in told)
        return faults, target, picture, outcome.fine

    whole, target, picture, fine = run()
    assert fine and pixels(project.load(target).document) == pixels(new)
    tried = list(every_fault(whole.done))
    assert len(tried) > 30
    for kind, at in tried:
        _, target, picture, fine = run(kind, at)
        where = f"{kind} at {whole.done[at]} ({at})"
        assert picture.is_saved is fine, where
        folder = target.parent
        kept = [file for file in folder.rglob("*being saved*")]
        try:
            found = pixels(project.load(target).document)
        except PictureError:  # in the middle of a file with two names; the whole of it is beside it
            assert arrange is with_two_names and kept, where
            found = pixels(project.load(kept[0]).document)
        assert found == pixels(new) or (found == pixels(old) and not fine), where
        parts = [file for file in folder.rglob("*.part")]
        assert kind == "kill" or not parts, where
        if kind not in ("kill", "EIO"):
            continue
        # The disk is well again, the next start clears up.
        engine.files.writing._swept.clear()
        for part in parts:
            os.utime(part, (0, 0))
        documents.save(picture, target, None)
        assert pixels(project.load(target).document) == pixels(new), where
        assert not [file for file in folder.rglob("*.part")], where
        assert target.is_symlink() is (arrange is through_a_link)
        if arrange is with_two_names:
            assert (folder / "other.ora").samefile(target)


# --- journalling ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
def test_a_journal_holds_what_it_says_it_holds(home: Path, monkeypatch: pytest.MonkeyPatch, lasting: bool):
    recovery = home / "recovery"

    def held(journal: Journal) -> bytes:
        return pixels(restore(journal.folder))

    def run(kind: str = "", at: int = -1) -> list[str]:
        where = f"{kind} at {at}"
        document = Document.new("sketch", 48, 40)
        moments: list[bytes] = []
        news: list[object] = []
        journal: Journal | None = None
        with at_work(monkeypatch, Faults(recovery, kind, at, lasting=lasting)) as faults:
            for turn in range(3):
                before = document.undo_steps
                stroke = tools()["pen"].start(document, Ink(size=5), Sample(5, 5 + 9 * turn))
                change = stroke.finish(Sample(40, 8 + 7 * turn))
                assert document.undo_steps == before + 1
                moments.append(pixels(document))
                try:
                    if journal is None:
                        journal = Journal(document, "A house", lambda: news.append(None))
                    else:
                        journal.record(change)
                except OSError:
                    continue
                journal.flush()
                if journal.is_good:
                    assert held(journal) == moments[-1], where
                else:
                    assert journal.problem and news, where
        if journal is None:
            assert lasting or kind == "kill"
            return faults.done
        if (journal.folder / "journal").exists():
            assert held(journal) in moments, where
        else:
            assert not journal.is_good, where
        if kind != "kill":  # the disk is well again
            change = tools()["pen"].start(document, Ink(size=5), Sample(5, 30)).finish(Sample(40, 30))
            journal.record(change)
            journal.flush()
            assert journal.is_good and not journal.problem, where
            assert held(journal) == pixels(document), where
        journal.close(keep=True)
        found, unreadable = left_behind()
        assert not unreadable, where
        for left in found:
            restore(left.path)
            with suppress(FileNotFoundError), (left.path / "journal").open("rb") as file:
                assert is_complete(left.path) == is_whole(file), where  # no false alarm, whatever was lost
        return faults.done

    done = run()
    assert "write" in done
    assert "replace" in done
    for kind, at in every_fault(done):
        run(kind, at)


# --- settings -------------------------------------------------------------------------------------


def test_settings_are_the_old_ones_or_the_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "settings.json"

    def run(kind: str = "", at: int = -1) -> list[str]:
        path.unlink(missing_ok=True)
        file = SettingsFile(path)
        file.save()
        file.settings.theme = "dark"
        with at_work(monkeypatch, Faults(tmp_path, kind, at)) as faults:
            file.save()
        theme = json.loads(path.read_text("utf-8"))["theme"]
        assert theme in ("system", "dark")
        assert kind or theme == "dark"
        file.save()  # tried again where it failed
        assert json.loads(path.read_text("utf-8"))["theme"] == "dark"
        return faults.done

    for kind, at in every_fault(run()):
        run(kind, at)
