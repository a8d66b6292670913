"""Where results can't be written, that is said before the work begins: nobody waits an hour for it.

Each command is given something besides that it would complain of as soon as it began.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from desktop.paint.editing.document import Document
from desktop.paint.files import project
from engine.data.picture import write_png
from engine.errors import ModelError
from engine.models import shared
from tests.desktop.command_hands import PALETTE, write_model


@pytest.fixture
def here(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the commands are given: in “file”, which is one, nothing can be written."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("empty", "photos"):
        Path(name).mkdir()
    Path("file").write_text("a file")
    Path("photos/torn.png").write_bytes(b"torn")
    write_png(Path("in.png"), np.full((8, 8, 3), 200, np.uint8))
    Path("sets.json").write_text(
        '{"format": 1, "sets": [{"name": "a", "colours": ["#102030"], "style": "1"}]}'
    )
    project.save(Document.new("sketch", 16, 16), Path("bare.ora"))
    write_model(home / "models" / "mine.safetensors")
    write_model(home / "models" / "maps.safetensors", input="labels", palette=PALETTE)
    return folder


@pytest.mark.parametrize(
    "words",
    [
        "train photos --run-folder file/run",
        "check empty --fix --out file/mended",
        "prepare photos file/out",
        "prepare photos out --sheet missing/sheet.png",
        "prepare photos out --sheet file/sheet.png",
        "pairs empty --out file/pairs",
        "evaluate mine empty --out file",
        "evaluate mine empty --out file/report",
        "evaluate maps empty --recogniser file/reader.safetensors",
        "styles nobody empty --to missing/styled.safetensors",
        "export mine --to pth --out file/mine.pth",
        "translate nobody in.png file/out.png",
        "translate nobody photos file/out",
        "replay bare.ora file/film.webp",
        "replay bare.ora missing/film.gif",
        "replay bare.ora file/frames.png",
        "colourways bare.ora file/out --sets sets.json --model nobody",
        "compare mine --drawing none.ora --sheet missing/sheet.png",
        "compare mine --data nowhere --table missing/table.json",
        "import none.pth --to file/made.safetensors",
        "demo --out file/demo",
    ],
)
def test_a_place_that_cant_be_written_is_refused_before_the_work(words: str, underpaint, here: Path) -> None:
    done = underpaint(*words.split())
    assert (done.code, done.out) == (1, "")
    sentence = done.err.strip()
    assert "can't be written (" in sentence and sentence.endswith("choose another place.")
    assert "\n" not in sentence
    assert {it.name for it in here.iterdir()} == {*"empty photos file in.png sets.json bare.ora".split()}


def test_a_run_folder_that_is_there_is_refused_before_the_photos_are_looked_at(
    underpaint, here: Path
) -> None:
    done = underpaint("train", "photos", "--run-folder", "photos/../file")
    assert done.code == 1 and "exists already" in done.err and "torn" not in done.err


def test_a_catalogue_that_cant_be_written_is_refused_before_the_models_are_read(tmp_path: Path) -> None:
    write_model(tmp_path / "mine.safetensors")
    catalogue = tmp_path / "models.json"
    shared.write(catalogue)
    catalogue.chmod(0o444)
    with pytest.raises(ModelError, match="can't be written \\(it is write-protected\\)"):
        shared.write(catalogue, lambda _done, _total: pytest.fail("models were read"))


def test_a_place_that_can_be_written_is_left_as_it_is(here: Path) -> None:
    from trainer.cli.options import refuse_unwritable

    before = {it.name for it in here.iterdir()}
    refuse_unwritable(here / "new.png", None, Path("bare.ora"), folders=[here / "deep" / "er", None])
    refuse_unwritable(here / "deep" / "new.png", made=True)
    assert {it.name for it in here.iterdir()} == before
