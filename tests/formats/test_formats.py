"""Files of every version there has been are read; those of one to come are refused in a sentence."""

from __future__ import annotations

import dataclasses
import json
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from desktop.documents.recovery import restore
from desktop.paint.files import drawing, notation, project, records
from desktop.paint.reel import reel
from desktop.support import settings as remembered
from desktop.support.settings import SettingsFile
from engine.data import card
from engine.data.picture import read
from engine.errors import UnderpaintError
from engine.models import bundle
from engine.passes.generator import Generator
from tests import warm
from trainer.files import pair_store
from trainer.run import config, events
from trainer.run.folder import opened

HERE = Path(__file__).resolve().parent
NEWEST = {
    "drawing": drawing.FORMAT,
    "film": reel.FORMAT,
    "journal": records.FORMAT,
    "model": card.FORMAT,
    "pairs": pair_store.FORMAT,
    "project": project.FORMAT,
    "run": config.FORMAT,
    "settings": remembered.FORMAT,
    "styles": notation.STYLES,
}


def versions(what: str) -> list[Path]:
    return sorted(file for file in HERE.glob(f"{what}-*"))


@pytest.mark.parametrize("what", NEWEST)
def test_there_is_a_file_of_every_version(what: str):
    """Who raises a number keeps a file of the new format here."""
    found = [int(file.name.split(".")[0].split("-")[1]) for file in versions(what)]
    assert found == list(range(1, NEWEST[what] + 1))


# --- the old ones are read -------------------------------------------------------------------------


@pytest.mark.parametrize("file", versions("drawing"), ids=lambda file: file.name)
def test_drawing(file: Path):
    found = drawing.Drawing.load(file)
    assert (found.kind, found.title, len(found.strokes)) == ("labels", "Four strokes", 4)


@pytest.mark.parametrize("file", versions("project"), ids=lambda file: file.name)
def test_project(file: Path):
    loaded = project.load(file)
    document = loaded.document
    assert loaded.notes == []
    assert (document.kind, document.model) == ("labels", "facades")
    assert document.palette is not None and len(document.palette.labels) > 5
    pixels = document.picture().pixels
    assert pixels is not None and len(np.unique(pixels.reshape(-1, 3), axis=0)) == 2


@pytest.mark.parametrize("file", versions("film"), ids=lambda file: file.name)
def test_way_of_a_drawing(file: Path):
    """Four strokes, two of them soft and over each other, lead to the drawing to the byte."""
    loaded = project.load(file)
    entries = reel.read(loaded.film)
    assert loaded.notes == [] and len(entries) == 5
    assert {part.kind for part in entries[-1].parts()} == {b"S", b"P" if file.stem == "film-1" else b"Q"}
    assert max(len(np.unique(layer.packed)) for layer in loaded.document.layers) > 1000
    for painted, played in zip(loaded.document.layers, reel.played(entries).layers, strict=True):
        np.testing.assert_array_equal(painted.pixels, played.pixels)


@pytest.mark.parametrize("file", versions("styles"), ids=lambda file: file.name)
def test_styles_of_a_project(file: Path):
    loaded = project.load(file)
    own, named = loaded.document.style, loaded.document.named_styles
    assert loaded.notes == [] and own is not None
    assert (own.name, own.code[:2], len(own.code)) == ("3", (0.5, -1.25), 8)
    assert [(style.name, style.code[0]) for style in named] == [("suede", 2.0), ("Lack é", 0.0)]


@pytest.mark.parametrize("file", versions("journal"), ids=lambda file: file.name)
def test_journal(file: Path, tmp_path: Path):
    shutil.copy(file, tmp_path / "journal")
    found = restore(tmp_path).picture().pixels
    painted = project.load(HERE / "project-1.ora").document.picture().pixels
    assert found is not None and painted is not None
    np.testing.assert_array_equal(found, painted)


@pytest.mark.parametrize("file", versions("model"), ids=lambda file: file.name)
def test_model(file: Path):
    found, tensors = bundle.read(file)
    assert (found.name, found.input, found.licence) == ("two labels", "labels", "Free to use.")
    assert found.palette is not None and [label.name for label in found.palette.labels] == [
        "ground",
        "wall é",
    ]
    made = Generator(found, tensors, device="cpu", precision="float32")(
        np.full((32, 32, 3), (0, 48, 255), np.uint8)
    )
    assert made.shape == (32, 32, 3) and made.std() > 0
    assert (found.style, found.style_encoder) == ((0, 0) if file.name == "model-1.safetensors" else (8, 4))


@pytest.mark.parametrize("folder", versions("pairs"), ids=lambda file: file.name)
def test_kept_pairs(folder: Path):
    task, palette = pair_store.read_manifest(folder)
    assert task == "labels" and palette is not None and palette.name == "houses"
    names = pair_store.names(folder)
    assert names == {"1", "2", "3", "4"}
    for name in names:
        picture, photo = pair_store.read_back(folder, name)
        assert picture.pixels is not None and picture.pixels.shape == photo.shape == (32, 32, 3)


@pytest.mark.parametrize("folder", versions("run"), ids=lambda file: file.name)
def test_run(folder: Path):
    found = opened(folder)
    settings = found.config()
    assert (settings.task, settings.steps, settings.size, settings.betas) == (
        "labels",
        3,
        (32, 32),
        (0.5, 0.999),
    )
    assert settings.palette is not None and settings.palette.name == "houses"
    told = [event["event"] for event in events.read(found.events)]
    assert told[0] == "started" and told.count("step") == 3 and told[-1] == "finished"


@pytest.mark.parametrize("folder", versions("run"), ids=lambda file: file.name)
def test_what_a_run_told_has_todays_names(folder: Path):
    told = [event for event in events.read(folder / "events.jsonl") if event["event"] == "step"]
    assert all(
        isinstance(event[name], float)
        for event in told
        for name in ("adversarial", "discriminator_real", "discriminator_fake")
    )


def test_older_events_are_read_by_their_older_names(tmp_path: Path):
    older = [
        {"event": "health", "time": 1.0, "step": 7, "sentence": "…", "verdict": "judge wins"},
        {"event": "halved", "time": 1.0, "step": 8, "share": 2},
    ]
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in older), "utf-8")
    won, halved = events.read(tmp_path / "events.jsonl")
    assert (won["verdict"], halved["micro_batch"]) == ("discriminator wins", 2)


@pytest.mark.parametrize("folder", versions("begun"), ids=lambda file: file.name)
def test_a_training_that_was_begun_goes_on(folder: Path, tmp_path: Path):
    """With the options of that time: three steps were made, two rounds of four pairs are asked for."""
    copy = Path(shutil.copytree(folder, tmp_path / "run"))
    written = json.loads((copy / "config.json").read_text("utf-8"))
    (copy / "config.json").write_text(json.dumps({**written, "data": str(HERE / "pairs-1")}), "utf-8")
    done = warm.run("trainer", "resume", copy, "--sweeps", "2", folder=tmp_path / "told")
    assert done.returncode == 0, done.stderr
    told = events.read(copy / "events.jsonl")
    steps = [event["step"] for event in told if event["event"] == "step"]
    assert steps == [1, 2, 3, 4, 5, 6, 7, 8]
    assert told[-1]["event"] == "finished"
    now = opened(copy).config()
    assert (now.format, now.ema, now.steps) == (config.FORMAT, 0.999, 8)
    assert bundle.read(copy / "model.safetensors")[0].name == "two rooms"


@pytest.mark.parametrize("file", versions("settings"), ids=lambda file: file.name)
def test_settings(file: Path, tmp_path: Path):
    shutil.copy(file, tmp_path / "settings.json")
    settings = SettingsFile(tmp_path / "settings.json").settings
    assert (settings.theme, settings.divider, settings.new_size) == ("dark", 0.25, [640, 480])
    assert (settings.models, settings.keys) == ({"sketch": "products"}, {"undo": "Ctrl+Y"})
    assert settings.welcomed, "who has settings has been here before"
    by_model = {"aerial": True} if file.stem >= "settings-3" else {}  # before, it was by kind of picture
    assert settings.native_size == by_model


def test_settings_that_called_single_precision_exact_are_read(tmp_path: Path):
    fields = json.loads((HERE / "settings-3.json").read_text("utf-8"))
    fields |= {"exact": True, "keys": {"exact": "Ctrl+Y"}}
    (tmp_path / "settings.json").write_text(json.dumps(fields), "utf-8")
    settings = SettingsFile(tmp_path / "settings.json").settings
    assert settings.single_precision and settings.keys == {"single_precision": "Ctrl+Y"}


def test_settings_of_an_older_program_get_our_number(tmp_path: Path):
    shutil.copy(HERE / "settings-1.json", tmp_path / "settings.json")
    SettingsFile(tmp_path / "settings.json").save()
    assert json.loads((tmp_path / "settings.json").read_text("utf-8"))["format"] == remembered.FORMAT


# --- newer ones are refused ------------------------------------------------------------------------


def raised(fields: dict[str, object], what: str) -> str:
    assert isinstance(fields["format"], int)
    return json.dumps({**fields, "format": NEWEST[what] + 1})


def newer_json(file: Path, what: str) -> None:
    file.write_text(raised(json.loads(file.read_text("utf-8")), what), "utf-8")


def newer_project(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        members = {info: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(file, "w") as archive:
        for info, content in members.items():
            if info.filename == project.NOTES:
                content = raised(json.loads(content), "project").encode()
            archive.writestr(info, content)


def newer_journal(file: Path) -> None:
    content = file.read_bytes()
    kind, length, _ = struct.unpack_from("<cII", content)
    text = raised(json.loads(content[9 : 9 + length]), "journal").encode()
    file.write_bytes(struct.pack("<cII", kind, len(text), zlib.crc32(text)) + text + content[9 + length :])


def newer_model(file: Path) -> None:
    found, tensors = bundle.read(file)
    object.__setattr__(found, "format", card.FORMAT + 1)
    bundle.write(file, found, tensors)


def a_run(folder: Path) -> object:
    return opened(folder).config()


@pytest.mark.parametrize(
    ("what", "make_newer", "open_it"),
    [
        ("drawing-1.json", lambda file: newer_json(file, "drawing"), drawing.Drawing.load),
        ("project-1.ora", newer_project, project.load),
        ("journal-1", newer_journal, lambda file: restore(file.parent)),
        ("model-1.safetensors", newer_model, bundle.read),
        ("model-2.safetensors", newer_model, bundle.read),
        (
            "pairs-1",
            lambda folder: newer_json(folder / pair_store.MANIFEST, "pairs"),
            pair_store.read_manifest,
        ),
        ("run-1", lambda folder: newer_json(folder / "config.json", "run"), a_run),
    ],
    ids=["drawing", "project", "journal", "model", "styled model", "pairs", "run"],
)
def test_what_a_newer_program_made_is_refused(
    what: str, make_newer: Callable[[Path], None], open_it: Callable[[Path], object], tmp_path: Path
):
    copy = tmp_path / (what if what != "journal-1" else "journal")
    if (HERE / what).is_dir():
        shutil.copytree(HERE / what, copy)
    else:
        shutil.copy(HERE / what, copy)
    open_it(copy)
    make_newer(copy)
    with pytest.raises(UnderpaintError, match=r"newer Underpaint; update the program"):
        open_it(copy)


def test_settings_of_a_newer_program_are_kept_for_it(tmp_path: Path):
    newest = remembered.FORMAT
    fields = json.loads((HERE / f"settings-{newest}.json").read_text("utf-8")) | {
        "format": newest + 1,
        "of the future": [1],
        "preview_mode": "round the corner",
        "recent": {"today": ["b.ora"]},
        "undo_megabytes": "plenty",
    }
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(fields), "utf-8")
    settings = SettingsFile(file)
    usual = remembered.Settings()
    assert settings.problem == ""
    assert (settings.settings.theme, settings.settings.keys) == ("dark", {"undo": "Ctrl+Y"})
    assert (settings.settings.preview_mode, settings.settings.recent) == (usual.preview_mode, usual.recent)
    settings.settings.theme = "light"
    settings.settings.add_recent(Path("/mine.ora"))
    settings.save()
    # What the user chose here counts; all else goes back as it came, the number too.
    expected = dataclasses.asdict(usual) | fields | {"theme": "light", "recent": ["/mine.ora"]}
    assert json.loads(file.read_text("utf-8")) == expected
    assert list(tmp_path.iterdir()) == [file]


def test_pictures_here_can_be_looked_at():
    for file in HERE.rglob("*.png"):
        assert read(file).pixels.shape == (32, 32, 3)
