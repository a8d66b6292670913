"""The style of a picture: undone, kept in files, recovered, and nothing that a stranger wrote is believed."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from desktop.documents.moment import Moment
from desktop.paint.editing.document import Document, PictureStyle
from desktop.paint.files import project
from desktop.paint.files.records import describing, read_document
from engine.data.style import drawn
from engine.errors import PictureError

THREE = PictureStyle(drawn(3, 8), "3")
SUEDE = PictureStyle((0.5,) * 8, "suede")


def styled() -> Document:
    document = Document.new("sketch", 40, 30)
    document.set_style(THREE)
    document.name_style(SUEDE)
    return document


def changed(path: Path, styles: Any) -> Path:
    """The project with other notes on its styles."""
    with zipfile.ZipFile(path) as source:
        files = {name: source.read(name) for name in source.namelist()}
    notes = json.loads(files[project.NOTES])
    files[project.NOTES] = json.dumps({**notes, "styles": styles}).encode()
    with zipfile.ZipFile(path, "w") as target:
        for name, content in files.items():
            target.writestr(name, content)
    return path


def test_a_style_is_a_step_and_changes_no_plane() -> None:
    document = Document.new("sketch", 40, 30)
    lines = document.picture().lines
    change = document.set_style(THREE)
    assert change and change.sent and change.style and not change.structure and not change.rect
    assert document.picture().lines is lines, "the engine prepares nothing anew"
    assert not document.set_style(THREE), "nothing has changed"
    document.set_style(SUEDE)
    document.undo()
    assert document.style == THREE and document.history.undo_text == "Style"
    document.undo()
    assert document.style is None
    document.redo()
    assert document.style == THREE


def test_a_slider_is_one_step() -> None:
    document = Document.new("sketch", 40, 30)
    document.set_style(THREE)
    for share in (0.2, 0.4, 0.6):
        document.set_style(PictureStyle((share,) * 8, "between"), merge=share > 0.2)
    assert document.undo_steps == 2
    document.undo()
    assert document.style == THREE


def test_names_are_unique_and_forgotten_alone() -> None:
    document = styled()
    document.name_style(PictureStyle(THREE.code, "rust"))
    assert document.style == PictureStyle(THREE.code, "rust"), "the picture's style is called so now"
    document.name_style(PictureStyle((0.25,) * 8, "suede"))
    assert [(one.name, one.code[0]) for one in document.named_styles] == [
        ("rust", THREE.code[0]),
        ("suede", 0.25),
    ]
    document.forget_style("rust")
    assert [one.name for one in document.named_styles] == ["suede"] and document.style is not None
    assert not document.forget_style("rust")
    document.undo()
    assert [one.name for one in document.named_styles] == ["rust", "suede"]
    for number in range(254):
        document.name_style(PictureStyle((float(number % 9),) * 8, f"n{number}"))
    with pytest.raises(PictureError, match="too many"):
        document.name_style(PictureStyle((0.0,) * 8, "one more"))


def test_a_frame_brings_its_style_back_and_forgets_no_name() -> None:
    document = Document.new("sketch", 40, 30)
    document.set_style(THREE)
    frame = document.snapshot()
    assert frame.style == THREE
    document.set_style(SUEDE)
    document.name_style(SUEDE)
    document.restore(frame)
    assert (document.style, document.named_styles) == (THREE, (SUEDE,))
    document.undo()
    assert document.style == SUEDE
    assert Document.from_snapshot(frame).style == THREE


def test_a_project_and_a_moment_keep_it(tmp_path: Path) -> None:
    document = styled()
    again = Moment(document).document()
    assert (again.style, again.named_styles) == (THREE, (SUEDE,))
    project.save(document, tmp_path / "a.ora")
    loaded = project.load(tmp_path / "a.ora")
    assert loaded.notes == [] and "styles" not in loaded.document.extras
    assert (loaded.document.style, loaded.document.named_styles) == (THREE, (SUEDE,))
    assert not loaded.document.can_undo
    plain = Document.new("sketch", 40, 30)
    project.save(plain, tmp_path / "b.ora")
    assert "styles" not in json.loads(zipfile.ZipFile(tmp_path / "b.ora").read(project.NOTES))


def test_a_journal_keeps_it() -> None:
    document = styled()
    file = io.BytesIO()
    describing(document, "it").write(file)
    file.seek(0)
    again = read_document(file)
    assert (again.style, again.named_styles) == (THREE, (SUEDE,))


@pytest.mark.parametrize(
    "styles",
    [
        7,
        [],
        {"format": "1"},
        {"format": 1, "style": 3},
        {"format": 1, "style": {"code": [1, "2"]}},
        {"format": 1, "style": {"code": [1e400] * 8}},
        {"format": 1, "style": {"code": [float("nan")] * 8}},
        {"format": 1, "style": {"code": []}},
        {"format": 1, "style": {"code": [0.0] * 65}},
        {"format": 1, "style": {"code": [0.0] * 8, "name": 4}},
        {"format": 1, "style": {"code": [0.0] * 8, "name": "a\nb"}},
        {"format": 1, "style": {"code": [0.0] * 8, "name": "a" * 65}},
        {"format": 1, "named": [{"code": [0.0] * 8}]},
        {"format": 1, "named": [{"code": [0.0], "name": "a"}, {"code": [0.0], "name": "a"}]},
        {"format": 1, "named": [{"code": [0.0], "name": f"{n}"} for n in range(257)]},
    ],
)  # fmt: skip
def test_styles_that_make_no_sense_cost_no_drawing(styles: Any, tmp_path: Path) -> None:
    document = styled()
    project.save(document, tmp_path / "a.ora")
    loaded = project.load(changed(tmp_path / "a.ora", styles))
    assert loaded.notes == ["The styles in “a.ora” make no sense, and were left out."]
    assert loaded.document.style is None and loaded.document.named_styles == ()
    assert (loaded.document.picture_flat() == document.picture_flat()).all()


def test_styles_of_a_newer_program_stay_as_they_are(tmp_path: Path) -> None:
    newer = {"format": 2, "style": "something else"}
    project.save(Document.new("sketch", 40, 30), tmp_path / "a.ora")
    loaded = project.load(changed(tmp_path / "a.ora", newer))
    assert len(loaded.notes) == 1 and "newer" in loaded.notes[0]
    assert loaded.document.style is None
    project.save(loaded.document, tmp_path / "b.ora")
    assert json.loads(zipfile.ZipFile(tmp_path / "b.ora").read(project.NOTES))["styles"] == newer
    assert np.array_equal(
        loaded.document.picture_flat(), project.load(tmp_path / "b.ora").document.picture_flat()
    )
