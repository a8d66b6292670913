"""What ``underpaint …`` prints, writes and returns. Tiny models, real commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import engine
from desktop.paint.editing.document import Document, Role
from desktop.paint.files import project
from desktop.paint.layers.held import Hold
from engine.data.messages import Pixels
from engine.data.picture import read, write_png
from engine.finishing import larger, making
from engine.models import bundle, catalogue
from engine.planes import codec
from tests.desktop.command_hands import PALETTE, Done, write_model


@pytest.fixture
def model(home: Path) -> Path:
    """A user's model called “mine”."""
    return write_model(home / "models" / "mine.safetensors")


# --- models, bench -------------------------------------------------------------------------------


def test_models_are_listed_for_people_and_programs(underpaint, model, home) -> None:
    (home / "models" / "broken.safetensors").write_text("nonsense")
    done = underpaint("models", "--json")
    assert (done.code, done.err) == (0, "")
    listed = {entry["name"]: entry for entry in json.loads(done.out)}
    assert {"name", "file", "input", "size", "hints", "problem"} <= listed["mine"].keys()
    assert (listed["mine"]["input"], listed["mine"]["size"], listed["mine"]["problem"]) == (
        "image",
        [64, 64],
        None,
    )
    assert listed["mine"]["file"] == str(model)
    assert listed["shoes"]["hints"] is True and listed["facades"]["input"] == "labels"
    assert "no model file" in listed["broken"]["problem"]
    done = underpaint("models")
    assert done.code == 0
    lines = {line.split()[0]: line for line in done.out.splitlines()}
    assert "64 × 64" in lines["mine"] and "unusable" in lines["broken"]
    assert "sketch, colour hints" in lines["shoes"]


def test_bench_measures_every_model_and_names_the_broken(underpaint, model, home, monkeypatch) -> None:
    monkeypatch.setattr("engine.passes.speed.PASSES", 2)
    done = underpaint("bench", "--json")
    assert done.code == 0
    results = {entry["name"]: entry for entry in json.loads(done.out)}
    assert results.keys() == {"mine", *(entry.name for entry in catalogue.entries() if entry.bundled)}
    assert all(entry["milliseconds"] > 0 and entry["dab_milliseconds"] > 0 for entry in results.values())
    (home / "models" / "broken.safetensors").write_text("nonsense")
    own = [entry for entry in catalogue.entries() if not entry.bundled]
    monkeypatch.setattr(catalogue, "entries", lambda: own)
    done = underpaint("bench")
    assert done.code == 1
    assert (
        "mine: " in done.out
        and "ms for all of a picture of 64 × 64" in done.out
        and "the photograph" in done.out
    )
    assert done.err.startswith("broken: ")


# --- translate -----------------------------------------------------------------------------------


def test_a_picture_is_translated_at_its_own_size(underpaint, model, noise, tmp_path) -> None:
    write_png(tmp_path / "in.png", noise)
    done = underpaint("translate", "mine", tmp_path / "in.png", tmp_path / "new" / "out.png")
    assert done == Done(0, "", "")
    assert (read(tmp_path / "new" / "out.png").pixels == engine.open("mine")(noise)).all()
    assert underpaint("translate", model, tmp_path / "in.png", tmp_path / "again.png").code == 0
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "new" / "out.png").read_bytes()
    assert underpaint("translate", "mine", tmp_path / "in.png", tmp_path / "new").code == 0
    assert (tmp_path / "new" / "in.png").read_bytes() == (tmp_path / "again.png").read_bytes()


def test_a_picture_that_there_is_no_memory_to_finish_is_passed_over(
    underpaint, model, noise, tmp_path, monkeypatch
) -> None:
    """The shortage is staged."""
    enlarged = larger.enlarged

    def enlarged_if_small(preview: Pixels, *given: Any) -> Pixels:
        if preview.shape[1] > 60:
            raise MemoryError
        return enlarged(preview, *given)

    (tmp_path / "in").mkdir()
    write_png(tmp_path / "in" / "large.png", noise)
    write_png(tmp_path / "in" / "small.png", noise[:, :40])
    monkeypatch.setattr(making, "enlarged", enlarged_if_small)
    sentence = "There is not enough memory for “large.png”; use a smaller picture.\n"
    done = underpaint("translate", "mine", tmp_path / "in", tmp_path / "out", "--larger", "2")
    assert done.code == 1 and done.err.endswith(sentence + "1 of 2 files were passed over.\n")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["small.png"]
    large = tmp_path / "in" / "large.png"
    assert underpaint("translate", "mine", large, tmp_path / "one.png", "--larger", "2") == Done(
        1, "", sentence
    )


def test_statistics_seed_and_device_are_passed_on(underpaint, model, noise, tmp_path) -> None:
    write_png(tmp_path / "in.png", noise)
    for name, options, wanted in (
        ("plain", [], engine.open("mine")(noise)),
        ("image", ["--statistics", "image"], engine.open("mine", statistics="image")(noise)),
        ("seed", ["--seed", "5", "--device", "cpu"], engine.open("mine")(noise, seed=5)),
    ):
        assert (
            underpaint("translate", "mine", tmp_path / "in.png", tmp_path / f"{name}.png", *options).code == 0
        )
        assert (read(tmp_path / f"{name}.png").pixels == wanted).all()
    assert len({(tmp_path / f"{name}.png").read_bytes() for name in ("plain", "image", "seed")}) == 3


def test_styles_are_seeds_names_and_photos(underpaint, home, noise, tmp_path) -> None:
    file = write_model(
        home / "models" / "many.safetensors",
        name="many",
        style=8,
        style_encoder=4,
        styles={"suede": (1.0,) * 8},
    )
    write_model(home / "models" / "one.safetensors", name="one")
    write_png(tmp_path / "in.png", noise)
    write_png(tmp_path / "photo.png", noise[::-1])
    generator = engine.open(file)
    photo = str(tmp_path / "photo.png")
    for said, style in (("7", 7), ("suede", "suede"), (photo, generator.style_of(noise[::-1]))):
        done = underpaint("translate", "many", tmp_path / "in.png", tmp_path / "out.png", "--style", said)
        assert done == Done(0, "", "")
        assert (read(tmp_path / "out.png").pixels == generator(noise, style=style)).all()
        assert (read(tmp_path / "out.png").pixels != generator(noise)).any()
    for model, said, words in (
        ("many", "satin", "known are suede"),
        ("many", "none.jpg", "no photo “none.jpg”"),
        ("many", "7.5", "A seed is a whole number, not 7.5"),
        ("one", "7", "knows no styles"),
        ("one", photo, "knows no styles"),
    ):
        done = underpaint("translate", model, tmp_path / "in.png", tmp_path / "not.png", "--style", said)
        assert done.code == 1 and words in done.err and done.err.count("\n") == 1
        assert not (tmp_path / "not.png").exists()
    listed = {entry["name"]: entry for entry in json.loads(underpaint("models", "--json").out)}
    assert listed["many"]["styles"] == {"length": 8, "names": ["suede"], "of_photos": True}
    assert listed["one"]["styles"] is None


def test_a_folder_of_pictures_becomes_a_folder_of_results(underpaint, model, noise, tmp_path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_png(folder / "a.png", noise)
    write_png(folder / "b.PNG", noise[:20, :20])
    (folder / "notes.txt").write_text("not a picture")
    (folder / ".hidden.png").write_text("nor this")
    done = underpaint("translate", "mine", folder, tmp_path / "out")
    assert (done.code, done.out) == (0, "")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.png", "b.png"]
    assert (read(tmp_path / "out" / "a.png").pixels == engine.open("mine")(noise)).all()
    assert read(tmp_path / "out" / "b.png").pixels.shape == (20, 20, 3)


def test_bad_files_are_passed_over_and_named_at_the_end(underpaint, model, noise, tmp_path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "bad.png").write_text("I am a picture, believe me.")
    write_png(folder / "good.png", noise)
    write_png(folder / "good.tif", noise)  # PNG inside, which is all that matters
    done = underpaint("translate", "mine", folder, tmp_path / "out")
    assert (done.code, done.out) == (1, "")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["good.png"]
    last = done.err.strip().splitlines()[-3:]
    assert "“bad.png” is no picture" in last[0]
    assert "“good.tif” would overwrite the result of “good.png”" in last[1]
    assert last[2] == "2 of 3 files were passed over."


@pytest.mark.parametrize("kind", ["sketch", "labels", "image"])
def test_a_project_is_translated_as_the_window_would(kind, underpaint, home, tmp_path) -> None:
    fields: dict[str, dict[str, Any]] = {
        "sketch": {"hints": True, "inputs": 5, "line_width": 1.5},
        "labels": {"palette": PALETTE},
    }
    write_model(home / "models" / "kind.safetensors", input=kind, **fields.get(kind, {}))
    document = Document.new(kind, 200, 100, PALETTE if kind == "labels" else None)
    document.layers[-1].pixels[20:24, 30:150] = 255 if kind == "labels" else (0, 0, 0, 255)
    if kind == "labels":
        document.layers[-1].pixels[20:80, 30:150] = (255, 48, 0, 255)  # BGRA
    project.save(document, tmp_path / "a.ora")
    done = underpaint("translate", "kind", tmp_path / "a.ora", tmp_path / "out.png")
    assert done.code == 0, done.err
    generator = engine.open("kind")
    size = (200, 100) if kind == "image" else (64, 32)
    preview = generator.translate(codec.prepare(document.picture(), generator.card, size))
    assert (read(tmp_path / "out.png").pixels == codec.scaled_preview(preview, (200, 100))).all()


@pytest.mark.parametrize("words", [(), ("--larger", "2")])
def test_a_project_shows_what_is_held_of_its_preview(words, underpaint, home, tmp_path) -> None:
    write_model(home / "models" / "kind.safetensors", input="sketch", hints=True, inputs=5, line_width=1.5)
    document = Document.new("sketch", 64, 64)
    document.layers[-1].pixels[20:24, 10:50] = (0, 0, 0, 255)
    held = np.full((64, 64, 4), (10, 200, 30, 255), np.uint8)
    held[:, 32:, 3] = 0
    document.hold((Hold(held),), "Hold")
    project.save(document, tmp_path / "a.ora")
    done = underpaint("translate", "kind", tmp_path / "a.ora", tmp_path / "out.png", *words)
    assert done.code == 0, done.err
    seen = read(tmp_path / "out.png").pixels
    middle = seen.shape[1] // 2 - 6
    assert (np.abs(seen[:, :middle].astype(int) - (10, 200, 30)) < 3).all()
    assert (np.abs(seen[:, -middle:].astype(int) - (10, 200, 30)) > 9).any()


def test_a_project_of_another_kind_is_flattened_and_said(underpaint, model, tmp_path) -> None:
    project.save(Document.new("sketch", 60, 40), tmp_path / "a.ora")
    done = underpaint("translate", "mine", tmp_path / "a.ora", tmp_path / "out.png")
    assert done.code == 0 and "another kind of model (sketch)" in done.err
    assert read(tmp_path / "out.png").pixels.shape == (40, 60, 3)


@pytest.fixture
def bag(tmp_path) -> Path:
    """The outline of a bag, as a folder of a project, a picture of it, and an empty sheet."""
    folder = tmp_path / "bags"
    folder.mkdir()
    document = Document.new("sketch", 96, 80)
    document.layers[-1].pixels[20:60, 24:72] = (0, 0, 0, 255)
    document.layers[-1].pixels[22:58, 26:70] = 0
    project.save(document, folder / "drawn.ora")
    write_png(folder / "flat.png", document.picture_flat())
    write_png(folder / "nothing.png", np.full((80, 96, 3), 255, np.uint8))
    return folder


def pixels(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image)


@pytest.mark.parametrize("name", ["drawn.ora", "flat.png"])
def test_a_thing_is_cut_out_and_given_room(name, underpaint, home, bag, tmp_path) -> None:
    done = underpaint("translate", "handbags", bag / name, tmp_path / "out.png", "--cut-out")
    assert (done.code, done.out, done.err) == (0, "", "")
    whole = pixels(tmp_path / "out.png")
    assert whole.shape == (80, 96, 4) and whole[48, 40, 3] == 255 and whole[5, 5, 3] == 0
    height, width = whole[..., 3].any(1).sum(), whole[..., 3].any(0).sum()
    for room, shape in (
        ("square", (round(width / 0.85), round(width / 0.85), 4)),
        ("7", (height + 14, width + 14, 4)),
    ):
        done = underpaint(
            "translate", "handbags", bag / name, tmp_path / "out.png", "--cut-out", "--room", room
        )
        assert done.code == 0, done.err
        framed = pixels(tmp_path / "out.png")
        assert framed.shape == shape and framed[..., 3].astype(int).sum() == whole[..., 3].astype(int).sum()


def test_a_result_is_made_larger_with_and_without_its_background(underpaint, home, bag, tmp_path) -> None:
    assert underpaint("translate", "handbags", bag / "drawn.ora", tmp_path / "one.png").code == 0
    done = underpaint("translate", "handbags", bag / "drawn.ora", tmp_path / "two.png", "--larger", "2")
    assert (done.code, done.err) == (0, "")
    one, two = pixels(tmp_path / "one.png"), pixels(tmp_path / "two.png")
    assert two.shape == (160, 192, 3)
    assert np.abs(codec.scaled_preview(two, (96, 80)).astype(int) - one).mean() < 3
    words = "translate", "handbags", bag / "drawn.ora", tmp_path / "cut.png", "--cut-out", "--larger", "2"
    assert underpaint(*words).code == 0
    cut = pixels(tmp_path / "cut.png")
    assert cut.shape == (160, 192, 4) and (cut[96, 80] == [*two[96, 80], 255]).all()


def test_what_is_cut_out_or_larger_has_what_was_painted_over_it(underpaint, home, bag, tmp_path) -> None:
    document = project.load(bag / "drawn.ora").document
    patch = np.zeros((80, 96, 4), np.uint8)
    patch[36:44, 40:56] = (250, 0, 120, 255)
    document.add_layer(Role.FINISH, pixels=patch)
    project.save(document, bag / "drawn.ora")
    for words, scale, has in ((), 1, False), (("--cut-out",), 1, True), (("--larger", "2"), 2, True):
        done = underpaint("translate", "handbags", bag / "drawn.ora", tmp_path / "out.png", *words)
        assert (done.code, done.err) == (0, "")
        found = pixels(tmp_path / "out.png")[40 * scale, 48 * scale, :3].tolist()
        assert (found == [250, 0, 120]) == has


def test_where_nothing_can_be_cut_out_a_sentence_names_the_file(underpaint, home, bag, tmp_path) -> None:
    done = underpaint("translate", "handbags", bag / "nothing.png", tmp_path / "out.png", "--cut-out")
    assert done.code == 1 and done.err.count("\n") == 1
    assert "“nothing.png”: No object can be told from its background" in done.err
    assert not (tmp_path / "out.png").exists()
    done = underpaint("translate", "handbags", bag, tmp_path / "out", "--cut-out")
    assert done.code == 1 and "“nothing.png”: No object" in done.err
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["drawn.png", "flat.png"]


def test_one_notice_of_colours_off_the_palette(underpaint, home, noise, tmp_path) -> None:
    write_model(home / "models" / "fronts.safetensors", input="labels", palette=PALETTE)
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "abc":
        write_png(folder / f"{name}.png", noise)
    done = underpaint("translate", "fronts", folder, tmp_path / "out")
    assert done.code == 0
    assert done.err.count("taken for the nearest") == 1


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["translate", "mine", "none.png", "out.png"], 1, "There is no “none.png”"),
        (["translate", "yours", "in.png", "out.png"], 1, "There is no model “yours”; known are"),
        (["translate", "mine", "in.png", "out.png", "--device", "toaster"], 1, "no device “toaster”"),
        (["translate", "mine", "text.png", "out.png"], 1, "“text.png” is no picture"),
        (["translate", "mine", "empty", "out"], 1, "There are no pictures in “empty”"),
        (["translate", "mine", "in.png", "out.jpg"], 2, "end in .png"),
        (["translate", "mine", "in.png", "in.png"], 2, "overwrite the picture"),
        (["translate", "mine", "full", "full"], 2, "overwrite the pictures"),
        (["translate", "mine", "full", "in.png"], 2, "is a folder as well"),
        (["translate", "mine", "in.png", "out.png", "--statistics", "mean"], 2, "mean"),
        (["translate", "mine", "in.png", "out.png", "--seed", "-1"], 2, "greater than or equal to 0"),
        (["translate", "mine", "in.png", "out.png", "--larger", "3"], 2, "made 2 or 4 times as large"),
        (["translate", "mine", "in.png", "out.png", "--larger", "much"], 2, "as an integer"),
        (["translate", "mine", "in.png", "out.png", "--cut-out", "--room", "wide"], 2, "picture, square, or"),
        (["translate", "mine", "in.png", "out.png", "--cut-out", "--room", "-1"], 2, "picture, square, or"),
        (["translate", "mine", "in.png", "out.png", "--cut-out", "--room", "5000"], 2, "0 to 4096 pixels"),
        (["translate", "mine", "in.png", "out.png", "--room", "square"], 2, "add --cut-out"),
        (
            ["translate", "mine", "in.png", "out.png", "--cut-out", "--enclosed", "all"],
            2,
            "seen, kept or cut",
        ),
        (["translate", "mine", "in.png", "out.png", "--enclosed", "kept"], 2, "add --cut-out"),
        (["translate", "mine", "in.png", "out.jpg", "--cut-out"], 2, "end in .png"),
        (["translate", "mine"], 2, "INPUT"),
        (["models", "--colour"], 2, "--colour"),
        (["--colour"], 2, "--colour"),
        (["a.png", "b.png"], 2, "b.png"),
        (["import", "in.png", "--to", "x.bin"], 2, ".safetensors"),
        (["import", "in.png", "--input", "sketch", "--palette", "facades"], 2, "palette"),
        (["import", "net.pth", "--palette", "rainbow"], 1, "no palette “rainbow”; known are facades"),
        (["import", "none.pth"], 1, "There is no file “none.pth”"),
        (["import", "text.png"], 1, "no weights file"),
        (["demo"], 2, "--out"),
    ],
)
def test_failures_are_sentences_and_codes(
    words, code, sentence, underpaint, model, noise, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_png(Path("in.png"), noise)
    Path("text.png").write_text("I am a picture, believe me.")
    Path("empty").mkdir()
    Path("full").mkdir()
    write_png(Path("full/a.png"), noise)
    done = underpaint(*words)
    assert (done.code, done.out) == (code, "")
    # Wrong usage is told in a frame that breaks lines.
    told = " ".join(done.err.replace("│", " ").split())
    assert sentence in told
    assert "Traceback" not in told
    assert not Path("out.png").exists()
    assert (read("in.png").pixels == noise).all()


# --- runs ---------------------------------------------------------------------------------------


def test_every_command_that_takes_a_model_takes_a_run(underpaint, noise, tmp_path, monkeypatch) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text("{}")
    write_png(tmp_path / "in.png", noise)
    for words in (("translate", run, tmp_path / "in.png", tmp_path / "out.png"), ("import", run)):
        done = underpaint(*words)
        assert done.code == 1 and "has no model yet" in done.err
    write_model(run / "model.safetensors", name="Fronts")
    assert underpaint("translate", run, tmp_path / "in.png", tmp_path / "out.png").code == 0
    again = underpaint("translate", run / "model.safetensors", tmp_path / "in.png", tmp_path / "2.png")
    assert again.code == 0
    assert (tmp_path / "out.png").read_bytes() == (tmp_path / "2.png").read_bytes()
    monkeypatch.chdir(tmp_path)
    done = underpaint("export", run, "--to", "pth")
    assert (done.code, done.out, done.err) == (0, "Fronts.pth\n", "beside it Fronts.json\n")
    assert underpaint("import", run, "--to", tmp_path / "own.safetensors", "--name", "Own").code == 0
    assert bundle.read_card(tmp_path / "own.safetensors").name == "Own"
    (tmp_path / "none").mkdir()
    done = underpaint("translate", tmp_path / "none", tmp_path / "in.png", tmp_path / "out.png")
    assert done.code == 1 and "There is no model in the folder" in done.err


# --- the program itself --------------------------------------------------------------------------


def test_version_and_help(underpaint) -> None:
    done = underpaint("--version")
    assert done.code == 0 and done.out.split()[0] == "underpaint" and done.out.split()[1][0].isdigit()
    done = underpaint("--help")
    assert done.code == 0
    for name in ("models", "translate", "import", "bench", "demo"):
        assert f" {name} " in done.out
    done = underpaint("translate", "--help")
    assert (
        done.code == 0
        and "--enclosed" in done.out
        and "kept or cut" in " ".join(done.out.replace("│", "").split())
    )


@pytest.mark.parametrize(
    ("words", "file"),
    [
        ([], None),
        (["drawing.ora"], "drawing.ora"),
        (["./models"], "models"),
        (["--", "-dash.png"], "-dash.png"),
        (["--", "--help"], "--help"),
        (["--", "models"], "models"),
        (["--"], None),
    ],
)
def test_without_a_command_the_window_opens(words, file, underpaint, monkeypatch) -> None:
    opened: list[Path | None] = []
    monkeypatch.setattr("desktop.app.run", lambda file, _claim: opened.append(file) or 7)
    assert underpaint(*words).code == 7
    assert underpaint("--new-window", *words).code == 7
    assert opened == [Path(file) if file else None] * 2


@pytest.mark.parametrize(
    ("words", "most"),
    [
        (["models"], "PySide6 torch numpy.testing"),
        (["train", "nowhere"], "torch"),
        (["edges", "nowhere", "x"], "torch"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_the_command_line_is_light(words, most, tmp_path) -> None:
    """Listing models must not wait for torch, nor a missing display matter to it; nor must what is wrong."""
    script = (
        f"import sys; sys.argv = ['underpaint', *{words}]\n"
        "from desktop.__main__ import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit:\n"
        "    pass\n"
        f"print([name for name in {most.split()} if name in sys.modules])\n"
    )
    environment = {**os.environ, "UNDERPAINT_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.splitlines()[-1] == "[]"
