"""A shared folder's catalogue: written, read, and held against the files; strangers' ones are checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from desktop.__main__ import commands
from engine.data.card import Card
from engine.errors import ModelError
from engine.models import bundle, shared

SETTINGS = {"levels": 5, "width": 4, "inputs": 3, "outputs": 3, "norm": "batch", "dropout": False}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two models, and a file that is none."""
    from engine.networks import build

    place = tmp_path / "share"
    place.mkdir()
    card = Card("first", "unet", SETTINGS, "image", size=(64, 64), task="day → night", licence="CC0 1.0")
    bundle.write(place / "a.safetensors", card, build("unet", **SETTINGS).state_dict())
    bundle.write(
        place / "b.safetensors", replace(card, name="second"), build("unet", **SETTINGS).state_dict()
    )
    (place / "broken.safetensors").write_bytes(b"no model")
    (place / "notes.txt").write_text("hello")
    return place


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(commands, ["models", *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_a_catalogue_is_written_and_tells_of_each_model_how_it_stands(folder: Path) -> None:
    file = folder / "models.json"
    code, out, said = run("--catalogue", str(file), "--write")
    assert code == 1 and "broken" in said  # it could not be listed, and that is told
    (folder / "broken.safetensors").unlink()
    code, out, said = run("--catalogue", str(file))
    assert (code, said) == (0, "") and [line.split()[0] for line in out.splitlines()] == ["first", "second"]
    assert "fine" in out and "day → night" in out
    (folder / "a.safetensors").unlink()
    content = bytearray((folder / "b.safetensors").read_bytes())
    content[-1] ^= 1
    (folder / "b.safetensors").write_bytes(bytes(content))
    code, out, said = run("--catalogue", str(file), "--json")
    assert code == 1 and [one["state"] for one in json.loads(out)] == ["missing", "changed"]
    assert "“a.safetensors” is not there" in said and "“b.safetensors” is not the file" in said
    assert json.loads(out)[0]["path"] == str(folder / "a.safetensors")


def test_progress_is_told_in_bytes_and_may_end_the_work(folder: Path) -> None:
    file, steps = folder / "models.json", []
    shared.write(file, lambda *at: steps.append(at))
    total = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    assert steps[-1] == (total, total) and steps == sorted(steps)

    def stop(_done: int, _total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        shared.checked(file, stop)


def test_write_alone_says_what_is_missing() -> None:
    result = CliRunner().invoke(commands, ["models", "--write"])
    assert result.exit_code == 2 and "say which file" in result.output


def changed(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda catalogue: catalogue["models"][0].update(fields)


NAMES = (
    *("../a.safetensors", "/etc/a.safetensors", "sub/a.safetensors", "..\\a.safetensors", "C:a.safetensors"),
    *("a.pth", ".safetensors", ".a.safetensors", "con.safetensors", "a\n.safetensors", "", 5, "x" * 300),
)


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_a_name_that_leads_elsewhere_is_refused(folder: Path, name: Any) -> None:
    spoil(folder, changed(file=name))
    with pytest.raises(ModelError, match="leads elsewhere"):
        shared.read(folder / "models.json")


def spoil(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    file = folder / "models.json"
    shared.write(file)
    fields = json.loads(file.read_text("utf-8"))
    change(fields)
    file.write_text(json.dumps(fields), "utf-8")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (changed(sha256="x" * 64), "checksum"),
        (changed(sha256="0" * 63), "checksum"),
        (changed(bytes=-1), "size"),
        (changed(bytes=1 << 40), "size"),
        (changed(bytes=True), "size"),
        (changed(name=""), "no name"),
        (changed(name="x" * 3000), "text"),
        (changed(licence=5), "text"),
        (changed(input="film"), "input"),
        (changed(size=[64]), "damaged"),
        (changed(size=[64, "x"]), "input"),
        (changed(file="b.safetensors"), "twice"),
        (lambda fields: fields.update(models={}), "no models"),
        (lambda fields: fields.update(models=[5]), "damaged"),
        (lambda fields: fields.update(format=2), "newer"),
        (lambda fields: fields.pop("format"), "no catalogue"),
    ],
)
def test_a_catalogue_that_makes_no_sense_is_one_sentence(
    folder: Path, change: Callable[[dict[str, Any]], object], sentence: str
) -> None:
    spoil(folder, change)
    with pytest.raises(ModelError, match=sentence):
        shared.read(folder / "models.json")


def test_what_is_no_catalogue_at_all_is_said(tmp_path: Path) -> None:
    for content, sentence in (
        (b"\xff", "no catalogue"),
        (b"[" * 100_000, "no catalogue"),
        (b"[]", "--write"),
    ):
        (tmp_path / "models.json").write_bytes(content)
        with pytest.raises(ModelError, match=sentence):
            shared.read(tmp_path / "models.json")
    with pytest.raises(ModelError, match="There is no catalogue"):
        shared.read(tmp_path / "nowhere.json")
    with pytest.raises(ModelError, match="can't be looked into"):
        shared.write(tmp_path / "no" / "models.json")


def test_texts_that_command_a_terminal_are_tamed(folder: Path) -> None:
    spoil(folder, changed(name="a\x1b[2Jb"))
    assert shared.read(folder / "models.json")[0].name == "a [2Jb"


@pytest.mark.parametrize("name", ["a.safetensors", "new.safetensors", "b.PTH", "notes.txt", "kept.json"])
def test_a_catalogue_takes_no_other_files_place(folder: Path, name: str) -> None:
    (folder / "kept.json").write_text('{"format": 1, "colours": []}')
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ModelError, match="name another file"):
        run("--catalogue", str(folder / name), "--write")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_damaged_catalogue_is_written_anew(folder: Path) -> None:
    spoil(folder, changed(sha256="x" * 64))
    shared.write(folder / "models.json")
    assert len(shared.read(folder / "models.json")) == 2
