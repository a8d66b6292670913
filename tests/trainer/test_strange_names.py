"""Names that are not UTF-8 work wherever the trainer keeps, shows or compares them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.errors import UnderpaintError
from engine.files.writing import as_text, escaped, shown
from tests.trainer.made_pictures import house, save, thing
from trainer.__main__ import commands
from trainer.data import pairs
from trainer.dataset_check import check, mend
from trainer.evaluation import evaluate, recogniser
from trainer.files import pair_store
from trainer.run import events
from trainer.run.folder import opened

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")

STRANGE = os.fsdecode(b"caf\xe9 \xff")
SEEN = "caf\ufffd \ufffd"
SMALL = (
    "--width 4 --size 32 --steps 2 --batch 2 --threads 1 --device cpu --precision float32 --log-every 1"
).split()


def called(*words: object) -> Result:
    result = CliRunner().invoke(commands, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert SEEN in result.stderr or result.exit_code == 0
    return result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Masks and photos, every name of them strange, with one file too many and one that is unreadable."""
    place = tmp_path / STRANGE
    for number in range(9):
        for side, pixels in zip(("masks", "photos"), house(number, 72), strict=True):
            save(pixels, place / f"{side} {STRANGE}" / f"{number} {STRANGE}.png")
    return place


def test_texts() -> None:
    text = json.dumps({"a": STRANGE}, ensure_ascii=False)
    assert json.loads(escaped(text).encode()) == {"a": STRANGE}
    assert escaped("plain “text”") == "plain “text”"
    assert str(UnderpaintError(f"“{STRANGE}” is gone.")) == f"“{SEEN}” is gone."
    assert isinstance(UnderpaintError(STRANGE).args[0], str)


def test_a_path_for_those_who_want_text(tmp_path: Path) -> None:
    for name in ("plain", STRANGE):
        (tmp_path / name).write_text("a" if name == "plain" else "b")
        with as_text(tmp_path / name) as path:
            assert shown(path) == str(path) and path.read_text() == (tmp_path / name).read_text()


def test_a_training_and_what_follows_it(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / f"run {STRANGE}"
    trained = called("train", folder, "--run-folder", run, *SMALL)
    assert f"“masks {SEEN}” → “photos {SEEN}”" in trained.stderr
    assert trained.stdout_bytes == os.fsencode(run / "model.safetensors") + b"\n"
    config = opened(run).config()
    assert config.data == str(folder) and config.name == SEEN
    called("resume", run, "--steps", 3)
    assert max(event["step"] for event in events.read(opened(run).events)) == 3

    judged = called("evaluate", run, folder, "--json", "--recogniser", _poor(folder, run, tmp_path))
    assert json.loads(judged.stdout)["model"] == SEEN
    assert f"run {SEEN}/report/report.html" in judged.stderr
    assert SEEN in (run / "report" / "report.html").read_text("utf-8")

    exported = called("export", run, "--to", "pth", "--out", tmp_path / f"{STRANGE}.pth")
    assert exported.stdout_bytes == os.fsencode(tmp_path / f"{STRANGE}.pth") + b"\n"


def _poor(folder: Path, run: Path, tmp_path: Path) -> Path:
    """A recogniser of one step for these pairs, under a strange name."""
    from engine.models import bundle

    card = bundle.read_card(opened(run).model)
    data = evaluate.load_pairs(card, folder)
    learnt_from, _ = evaluate.split_for_evaluation(data, card)
    file = tmp_path / f"reader {STRANGE}.safetensors"
    recogniser.write(file, recogniser.train_recogniser(learnt_from, evaluate.augment_of(card, data), steps=1))
    return file


def test_problems_are_readable(folder: Path) -> None:
    save(house(50, 72)[1], folder / f"photos {STRANGE}" / f"alone {STRANGE}.png")
    (folder / f"masks {STRANGE}" / f"3 {STRANGE}.png").write_text("no picture")
    (folder / f"masks {STRANGE}" / f"{STRANGE}.psd").write_bytes(b"")
    result = called("check", folder)
    assert result.exit_code == 1
    assert f"error: “photos {SEEN}/alone {SEEN}.png” has no partner" in result.stdout
    assert f"error: “masks {SEEN}/3 {SEEN}.png” is no picture that can be read" in result.stdout
    assert f"“masks {SEEN}/{SEEN}.psd”" in result.stdout
    assert result.stdout == shown(result.stdout)


def test_mended_copies_and_kept_pairs(folder: Path, tmp_path: Path) -> None:
    data = pairs.find(folder)
    out = tmp_path / f"out {STRANGE}"
    assert mend.mend(data, check.check(data), out) == 9
    again = pairs.find(out)
    assert [pair.name for pair in again.pairs] == [pair.name for pair in data.pairs]
    assert data.palette is not None
    picture, origin = pair_store.read_back(out, data.pairs[0].name)[0], pair_store.Origin(STRANGE, STRANGE)
    photo = house(20, 72)[1]
    name = pair_store.keep(out, picture, photo, "labels", again.palette, origin)
    assert pair_store.manifest_of(out).origins[name] == origin


def test_masks_of_single_labels(tmp_path: Path) -> None:
    for number in range(6):
        labels, photo = house(number, 48)
        save(photo, tmp_path / "photos" / f"{number}.png")
        for place, name in enumerate((f"wall {STRANGE}", f"sky {STRANGE}")):
            mask = ((labels == labels[0 if place else -1, 24]).all(2) * 255).astype("uint8")
            save(mask, tmp_path / "masks" / name / f"{number}.png")
    data = pairs.find(tmp_path)
    assert data.palette is not None
    assert {label.name for label in data.palette.labels} == {"background", f"wall {SEEN}", f"sky {SEEN}"}


def test_pairs_of_photos(tmp_path: Path) -> None:
    for number in range(2):
        save(thing(number, 48), tmp_path / STRANGE / f"{number}{STRANGE}.png")
    out = tmp_path / f"out {STRANGE}"
    assert called("pairs", tmp_path / STRANGE, "--out", out).stdout_bytes == os.fsencode(out) + b"\n"
    assert {file.name for file in (out / "B").iterdir()} == {f"{number}{STRANGE}.png" for number in range(2)}
