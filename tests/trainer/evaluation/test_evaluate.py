from __future__ import annotations

import json
import re
import shutil
import time
import weakref
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from engine.data import picture
from engine.data.messages import Pixels
from engine.data.palette import Palette, write_gpl
from engine.data.style import Style
from engine.errors import PictureError
from engine.models import bundle, recarding
from engine.passes.generator import Generator
from tests.trainer.made_pictures import HOUSES, house, save, thing
from tests.trainer.small_runs import houses, pictures, small, things, trained, untrained
from trainer.__main__ import commands
from trainer.data import pairs
from trainer.data.dataset import DataSet
from trainer.dataset_check import counting
from trainer.evaluation import report
from trainer.evaluation.evaluate import (
    ON_SHEET,
    Pace,
    evaluate,
    load_pairs,
    split_for_evaluation,
)
from trainer.evaluation.recogniser import Reader, Recogniser
from trainer.files import layouts
from trainer.machine.errors import TrainingError
from trainer.run.folder import Run
from trainer.training import sheet
from trainer.training.state import State

NONSENSE = ["0.2", None, [], {}, -1.0, float("nan"), 7.5, 10**400]
"""What a stranger's card may say instead of a share or a task."""


def answering(data: DataSet, answers: Iterable[Pixels]) -> Generator:
    """One that answers each drawing in turn by what is given, as one that knew the photos would."""
    coming = iter(answers)

    class Knowing(Generator):
        def translate(
            self, prepared: Pixels, *, seed: int | None = None, style: Style | None = None
        ) -> Pixels:
            return next(coming)

    state = State(small(data)).generator.state_dict()
    return Knowing(untrained(data).card, state, precision="float32")


def test_sketches_are_judged_by_lines_and_hints(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 6)
    result = evaluate(untrained(data), data)
    assert result.pairs == 6
    assert result.statistics == "running"
    assert result.scores.keys() == {
        *("l1", "psnr", "ssim", "histogram_L", "histogram_a", "histogram_b"),
        *("lightness", "real_lightness", "chroma", "real_chroma", "stripes", "real_stripes"),
        *("line_precision", "line_recall", "hint_difference", "holes", "real_holes"),
    }
    assert all(np.isfinite(value) for value in result.scores.values())
    assert len(result.examples) == 6


def test_photos_are_drawn_by_edge_maps_where_these_have_a_folder(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 3, 64)
    config = small(data, size=(64, 64))
    generator = Generator(config.card(), State(config).generator.state_dict(), precision="float32")
    seen = [evaluate(generator, data, edge_maps=maps).scores for maps in (None, tmp_path / "maps")]
    assert len(list((tmp_path / "maps").rglob("*.png"))) == len(
        split_for_evaluation(data, config.card())[1].pairs
    )
    assert seen[0] != seen[1]
    assert seen[1] == evaluate(generator, data, edge_maps=tmp_path / "maps").scores


def test_what_hints_do_is_measured_on_as_many_as_are_asked_for(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 6, 128)
    config = small(data, size=(128, 128))
    calls: list[Any] = []

    class Counted(Generator):
        def translate(
            self,
            prepared: Pixels,
            *,
            seed: int | None = None,
            style: Style | None = None,
        ) -> Pixels:
            calls.append(prepared[..., 4].any())
            return super().translate(prepared, seed=seed, style=style)

    counted = Counted(config.card(), State(config).generator.state_dict(), precision="float32")
    plain = evaluate(counted, data).scores
    assert len(calls) == 6
    more = evaluate(counted, data, dabbed=2).scores
    assert len(calls) == 6 + 6 + 2 * 3 and calls[6:].count(False) == 2  # without hints, and twice with dabs
    assert {name: more[name] for name in plain} == plain
    assert more.keys() - plain.keys() == {
        *("unhinted_holes", "real_unhinted_holes", "one_dab", "dab_outline", "hint_outline")
    }
    assert more.keys() <= report.MEANINGS.keys()
    assert {"lattice", "real_lattice"} <= plain.keys()  # of which smaller pictures have no room for any


def test_the_photo_itself_obeys_lines_and_hints_best(tmp_path: Path) -> None:
    """A generator that knew the answer scores far better than an untrained one."""
    data = things(tmp_path / "data", 6)
    bad = untrained(data)
    good = answering(data, (sheet.reduced(pairs.load(pair)[1], 32) for pair in data.pairs))
    best, worst = evaluate(good, data).scores, evaluate(bad, data).scores
    assert best["l1"] < 0.1 < worst["l1"]
    assert best["line_precision"] > worst["line_precision"]
    assert best["line_recall"] > 0.6
    assert best["hint_difference"] < 10 < worst["hint_difference"]


def test_pictures_are_judged_by_likeness_alone(tmp_path: Path) -> None:
    data = pictures(tmp_path / "data", 3)
    assert "line_recall" not in evaluate(untrained(data), data).scores


def test_of_many_pairs_only_the_sheets_pictures_stay(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 30)
    made: list[weakref.ref[Any]] = []
    alive: list[int] = []

    class Watched(Generator):
        def translate(
            self,
            prepared: Pixels,
            *,
            seed: int | None = None,
            style: Style | None = None,
        ) -> Pixels:
            alive.append(sum(one() is not None for one in made))
            answer = super().translate(prepared, seed=seed, style=style)
            made.append(weakref.ref(answer))
            return answer

    config = small(data)
    watched = Watched(config.card(), State(config).generator.state_dict(), precision="float32")
    result = evaluate(watched, data)
    assert max(alive) <= ON_SHEET + 1
    # They are taken from all over the data set.
    shown = [place for place, one in enumerate(made) if one() is not None]
    assert len(result.examples) == ON_SHEET
    assert set(shown) >= set(layouts.spread(range(30), ON_SHEET))
    assert max(shown) > 26


def test_pairs_to_judge_by(tmp_path: Path) -> None:
    plain = things(tmp_path / "plain", 20)
    card = small(plain).card()
    assert len(split_for_evaluation(plain, card)[1].pairs) == 20
    known = replace(card, training={"digest": pairs.digest(plain), "validation": 0.2})
    assert len(split_for_evaluation(plain, known)[1].pairs) == 4
    for nonsense in NONSENSE:
        strange = replace(card, training={"digest": pairs.digest(plain), "validation": nonsense})
        assert len(split_for_evaluation(plain, strange)[1].pairs) == 20
    for split in ("train", "val"):
        save(thing(1), tmp_path / "split" / split / "a.png")
    assert [pair.split for pair in split_for_evaluation(pairs.find(tmp_path / "split"), card)[1].pairs] == [
        "val"
    ]
    for split in ("train", "test"):
        save(thing(1), tmp_path / "without val" / split / "a.png")
    learnt_from, judged_by = split_for_evaluation(pairs.find(tmp_path / "without val"), card)
    assert [pair.split for pair in learnt_from.pairs] == ["train"]
    assert [pair.split for pair in judged_by.pairs] == ["test"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match="no pairs"):
        split_for_evaluation(pairs.find(tmp_path / "empty"), card)


@pytest.mark.parametrize("validation", [0.25, 0.0, *NONSENSE], ids=str)
@pytest.mark.parametrize("known", [True, False])
def test_no_pair_is_both_learnt_from_and_judged_by(tmp_path: Path, validation: object, known: bool) -> None:
    """Whatever the card says, which may come from anybody."""
    data = houses(tmp_path / "data", 16)
    training = {"digest": pairs.digest(data) if known else "other", "validation": validation}
    learnt_from, judged_by = split_for_evaluation(data, replace(small(data).card(), training=training))
    held_back = 4 if known and validation == 0.25 else 3
    assert (len(learnt_from.pairs), len(judged_by.pairs)) == (16 - held_back, held_back)
    assert not set(learnt_from.pairs) & set(judged_by.pairs)


@pytest.mark.parametrize("is_older", [True, False])
def test_sides_that_changed_places_do_so_again(tmp_path: Path, is_older: bool) -> None:
    pictures(tmp_path / "data")
    data = pairs.find(tmp_path / "data", task="image", swap=True)
    run = trained(tmp_path / "run", data, small(data, swap=True, steps=1, validation=0.3))
    card = bundle.read_card(run.model)
    if is_older:
        card = replace(card, training={name: it for name, it in card.training.items() if name != "swap"})
    found = load_pairs(card, tmp_path / "data")
    assert found.pairs == data.pairs
    assert len(split_for_evaluation(found, card)[1].pairs) == 3
    pictures(tmp_path / "others", 3)
    others = load_pairs(card, tmp_path / "others")
    assert others.pairs[0].b.file.parent.name == ("day" if is_older else "night")


def test_a_side_that_is_none_of_the_models_labels_is_no_obstacle(tmp_path: Path) -> None:
    """Looked at for whether sides had changed places: its greys are more numbers than the palette names."""
    two = Palette("two", HOUSES.labels[:2])
    for number in range(6):
        maps = np.kron(np.arange(16).reshape(4, 4) + number, np.ones((12, 12))).astype(np.uint8)
        save(maps % 2, tmp_path / "masks" / f"{number}.png")
        save(maps, tmp_path / "photos" / f"{number}.png")
    card = replace(small(houses(tmp_path / "houses", 2)).card(), palette=two)
    with pytest.raises(PictureError, match="has only 2 labels"):
        pairs.find(tmp_path, task="labels", palette=two, swap=True, pattern="masks+photos")
    assert load_pairs(card, tmp_path, pattern="masks+photos").pairs[0].a.file.parent.name == "masks"


def test_files_are_paired_again_as_they_were(tmp_path: Path) -> None:
    for number in range(10):
        photo = house(number, 48)[1]
        for folder, pixels in (("day", photo), ("dusk", photo // 2), ("night", photo // 4)):
            save(pixels, tmp_path / "data" / folder / f"{number}.png")
    for pattern in ("day+dusk", "day+night", "dusk+night"):
        data = pairs.find(tmp_path / "data", task="image", pattern=pattern)
        run = trained(tmp_path / pattern, data, small(data, pair=pattern, steps=1))
        card = bundle.read_card(run.model)
        assert load_pairs(card, tmp_path / "data").pairs == data.pairs
    other = load_pairs(card, tmp_path / "data", pattern="day+dusk")
    assert {other.pairs[0].a.file.parent.name, other.pairs[0].b.file.parent.name} == {"day", "dusk"}
    pictures(tmp_path / "others", 3)
    shutil.move(tmp_path / "others" / "day", tmp_path / "others" / "morning")
    assert len(load_pairs(card, tmp_path / "others").pairs) == 3
    for nonsense in (["day"], "+" * 100_000, ""):
        strange = replace(card, training={**card.training, "pair": nonsense})
        assert len(load_pairs(strange, tmp_path / "data").pairs) == 10


def test_a_model_that_was_given_away_is_judged_by_the_pairs_that_were_held_back(tmp_path: Path) -> None:
    for number in range(12):
        photo = save(thing(number // 2, 40), tmp_path / "data" / "photos" / f"{number // 2}.png")
        save(255 - thing(number // 2, 40), tmp_path / "data" / "drawn" / f"{photo.stem}-{number % 2}.png")
    data = pairs.find(tmp_path / "data", task="image")
    run = trained(tmp_path / "run", data, small(data, steps=1, validation=0.25))
    own = bundle.read_card(run.model)
    given = recarding.to_give_away(own)
    held_back = [split_for_evaluation(load_pairs(card, data.folder), card)[1].pairs for card in (own, given)]
    assert held_back[0] == held_back[1]
    noted = replace(own, training={**own.training, "swap": True, "ignored": "e0e0c0 ffffff"})
    assert recarding.to_give_away(noted).training.keys() == noted.training.keys() - {"size"}


@pytest.fixture(scope="module")
def grey_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Path]:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("grey")
    things(folder / "data", 10)
    data = pairs.find(folder / "data", task="grey")
    return trained(folder / "run", data, small(data, steps=1, validation=0.3)), folder / "data"


def test_photos_become_what_the_model_was_trained_on(grey_run: tuple[Run, Path]) -> None:
    run, folder = grey_run
    card = bundle.read_card(run.model)
    assert card.training["task"] == "grey"
    data = load_pairs(card, folder)
    assert data.task == "grey" and pairs.digest(data) == card.training["digest"]
    assert len(split_for_evaluation(data, card)[1].pairs) == 3
    # Of a model that doesn't say its task.
    silent = replace(card, training={})
    assert load_pairs(silent, folder).task == "grey"
    with pytest.raises(TrainingError, match="image or grey or small, and those of “data” are hints"):
        load_pairs(replace(silent, network={**card.network, "inputs": 3}), folder)
    for nonsense in NONSENSE:
        assert load_pairs(replace(card, training={"task": nonsense}), folder).task == "grey"


@pytest.mark.parametrize("task", ["hints", "small"])
def test_inputs_of_another_sort_are_refused(grey_run: tuple[Run, Path], task: str) -> None:
    run, folder = grey_run
    result = CliRunner().invoke(commands, ["evaluate", str(run.folder), str(folder), "--task", task])
    assert isinstance(result.exception, TrainingError)
    assert f"takes inputs of the task image or grey, and those of “data” are {task}" in str(result.exception)


def test_photos_for_a_model_of_pairs_are_refused(tmp_path: Path, grey_run: tuple[Run, Path]) -> None:
    card = replace(bundle.read_card(grey_run[0].model), training={"task": "image"})
    with pytest.raises(TrainingError, match="needs pairs"):
        load_pairs(card, grey_run[1])


def test_time_for_the_recogniser_is_what_is_left_of_the_promise() -> None:
    """All within twice the time of translating plus a minute, whatever comparing takes."""
    for count, translating, comparing in (
        (245, 0.05, 0.04),
        (1000, 0.1, 0.1),
        (3, 2.0, 0.1),
        (50, 0.01, 5.0),
    ):
        pace = Pace(count, translating, comparing)
        judging = count * (translating + comparing)
        promised = 2 * count * translating + 60
        assert pace.learning >= 0
        assert judging + pace.learning <= promised or pace.learning == 0
    assert Pace(100, 0.1, 0.1).learning == 40
    assert "takes about 2 min: learning to read labels 40 s, then translating and comparing 50 s." in Pace(
        250, 0.1, 0.1
    ).in_words(40)
    assert "labels" not in Pace(250, 0.1, 0.1).in_words(0)


def test_progress_is_told_without_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with counting.counting("Translating") as progress:
        progress(1, 300)
    assert not "".join(capsys.readouterr())
    monkeypatch.setattr(counting, "AT_ONCE_SECONDS", 0.0)
    with counting.counting("Translating") as progress:
        progress(0, 300)
        progress(100, 300)
        progress(101, 300)  # the next line is due later
    told = capsys.readouterr()
    assert told.out == ""
    assert re.fullmatch(r"Translating: 100 of 300, about \d+ s left\n", told.err)


def test_what_can_not_be_counted_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with counting.waiting("Writing"):
        pass
    assert not "".join(capsys.readouterr())
    monkeypatch.setattr(counting, "AT_ONCE_SECONDS", 0.0)
    told: list[str] = []
    with counting.waiting("Writing"):
        deadline = time.monotonic() + 20
        while not told and time.monotonic() < deadline:  # another thread tells it
            told += filter(None, [capsys.readouterr().err])
    assert told == ["Writing …\n"]


def test_report_stays_where_one_is(
    grey_run: tuple[Run, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger's model may be called anything."""
    card, tensors = bundle.read(grey_run[0].model)
    bundle.write(tmp_path / "x.safetensors", replace(card, name="../../evil"), tensors)
    here = tmp_path / "in" / "here"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    words = ["evaluate", str(tmp_path / "x.safetensors"), str(grey_run[1]), "--task", "grey"]
    result = CliRunner().invoke(commands, words)
    assert result.exit_code == 0, result.stderr
    assert [file.name for file in here.iterdir()] == ["_.._evil-report"]
    assert (here / "_.._evil-report" / "report.html").is_file()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in", "x.safetensors"]


def test_no_report_is_written_into_the_data_set(
    grey_run: tuple[Run, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its contact sheet would be a picture of the set."""
    run, data = grey_run
    shutil.copy(run.model, tmp_path / "x.safetensors")
    before = sorted(data.iterdir())
    monkeypatch.chdir(data)
    for words in ([], ["--out", str(data / "mine")], ["--out", "."]):
        result = CliRunner().invoke(commands, ["evaluate", str(tmp_path / "x.safetensors"), ".", *words])
        assert isinstance(result.exception, TrainingError), result.stderr
        assert "lies in the data set; choose another place with --out" in str(result.exception)
    assert sorted(data.iterdir()) == before


def test_nothing_is_said_of_maps_without_any_label(tmp_path: Path) -> None:
    """As test sets have them whose labels are kept secret: there nothing is right or wrong."""
    void = 1, 2, 3
    for number in range(4):
        labels, photo = house(number, 40)
        save(np.full_like(labels, void) if number % 2 else labels, tmp_path / "all" / "A" / f"{number}.png")
        save(photo, tmp_path / "all" / "B" / f"{number}.png")
    data = pairs.find(tmp_path / "all", task="labels", palette=HOUSES, ignore=[void])
    generator = untrained(data)
    blank = replace(data, pairs=data.pairs[1::2])
    recogniser = Recogniser(Reader(len(HOUSES.labels)), {})
    some = evaluate(generator, data, recogniser=recogniser, perceptual_pairs=4)
    own = evaluate(generator, replace(data, pairs=data.pairs[::2]), recogniser=recogniser, perceptual_pairs=4)
    assert some.scores == own.scores and len(own.scores) > 10
    assert "2 of 4 pairs have no labels, and count for nothing" in some.notes[0]
    none = evaluate(generator, blank, recogniser=recogniser, perceptual_pairs=4)
    assert (none.scores, none.found) == ({}, []) and "2 of 2 pairs" in none.notes[0]
    assert "NaN" not in report.to_json(none)


def test_report_opens_and_says_all(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 3)
    result = evaluate(untrained(data), data)
    result.name = "<b>&“"
    result.notes.append("A note.")
    page = report.write(tmp_path / "deep" / "report", result)
    text = page.read_text("utf-8")
    assert "&lt;b&gt;&amp;“" in text
    assert "A note." in text
    assert all(name in text for name in result.scores)
    assert "<script" not in text
    numbers = json.loads((page.parent / "scores.json").read_text("utf-8"))
    assert numbers["scores"].keys() == result.scores.keys()
    sheet_size = picture.read(page.parent / "sheet.png").pixels.shape
    assert sheet_size == (3 * (32 + sheet.GAP) - sheet.GAP, 3 * (32 + sheet.GAP) - sheet.GAP, 3)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TrainingError, match="can't be written"):
        report.write(tmp_path / "file" / "report", result)


def test_made_maps_are_judged_by_their_classes(tmp_path: Path) -> None:
    """The maps themselves have all that is there; maps that are wall everywhere have the walls."""
    houses(tmp_path / "data", 4, 32)
    data = pairs.find(tmp_path / "data", task="image", swap=True)
    wall = np.broadcast_to(HOUSES.colours[1], (32, 32, 3))
    scores = {}
    for name, answers in (("maps", [pairs.load(pair)[1] for pair in data.pairs]), ("walls", [wall] * 4)):
        scores[name] = evaluate(answering(data, answers), data, classes=HOUSES)
    names = [label.name for label in HOUSES.labels]
    assert scores["maps"].found == [(name, 1.0) for name in names]
    assert scores["maps"].scores["pixel_accuracy"] == scores["maps"].scores["mean_iou"] == 1
    assert scores["walls"].found == [(name, float(name == names[1])) for name in names]
    assert 0 < scores["walls"].scores["mean_iou"] < scores["walls"].scores["pixel_accuracy"] < 1
    assert scores["maps"].scores.keys() <= report.MEANINGS.keys()
    assert f"   1.0000  found “{names[1]}”: " in "\n".join(report.to_lines(scores["walls"]))
    assert json.loads(report.to_json(scores["walls"]))["found"][1] == [names[1], 1.0]


def test_classes_are_told_by_the_command(tmp_path: Path) -> None:
    data = pictures(tmp_path / "data", 4)
    run = trained(tmp_path / "run", data, small(data))
    kinds = tmp_path / "kinds.gpl"
    write_gpl(HOUSES, kinds)
    words = ["evaluate", str(run.folder), str(tmp_path / "data"), "--perceptual-pairs", "0", "--classes"]
    done = CliRunner().invoke(commands, [*words, str(kinds), "--json"])
    assert done.exit_code == 0, done.stderr
    assert {name for name, _ in json.loads(done.stdout)["found"]} <= {label.name for label in HOUSES.labels}
    assert "found “" in (run.folder / "report" / "report.html").read_text("utf-8")
    missing = CliRunner().invoke(commands, [*words, str(tmp_path / "none.gpl")])
    assert "The palette “none.gpl” can't be read" in str(missing.exception)


def test_a_label_model_without_colours_is_refused(tmp_path: Path, grey_run: tuple[Run, Path]) -> None:
    """A stranger's, or an imported one that nobody gave a palette."""
    card = replace(bundle.read_card(grey_run[0].model), input="labels", palette=None)
    with pytest.raises(TrainingError, match="which colours its labels are"):
        load_pairs(card, grey_run[1])
