from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import engine
from engine import bundle, picture
from engine.errors import ModelError
from engine.generator import Generator
from tests.trainer.made_pictures import house, save, thing
from tests.trainer.small_runs import houses, pictures, small, things, trained
from trainer import pairs, recogniser, report, sheet
from trainer.errors import TrainingError
from trainer.evaluate import augment_of, evaluate, judged_by, recogniser_for
from trainer.pairs import DataSet
from trainer.run import Run
from trainer.state import State


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def untrained(data: DataSet) -> Generator:
    config = small(data)
    return Generator(config.card(), State(config).generator.state_dict(), precision="float32")


def test_sketches_are_judged_by_lines_and_hints(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 6)
    result = evaluate(untrained(data), data)
    assert result.pairs == 6
    assert result.statistics == "running"
    assert result.scores.keys() == {
        *("l1", "psnr", "ssim", "histogram_L", "histogram_a", "histogram_b"),
        *("line_precision", "line_recall", "hint_difference"),
    }
    assert all(np.isfinite(value) for value in result.scores.values())
    assert len(result.examples) == 6


def test_the_photo_itself_obeys_lines_and_hints_best(tmp_path: Path) -> None:
    """A generator that knew the answer scores far better than an untrained one."""
    data = things(tmp_path / "data", 6)
    bad = untrained(data)
    answers = iter([pairs.load(pair)[1] for pair in data.pairs])

    class Knowing(Generator):
        def translate(
            self, prepared: engine.messages.Pixels, *, seed: int | None = None
        ) -> engine.messages.Pixels:
            return sheet._reduced(next(answers), 32)

    good = Knowing(bad.card, State(small(data)).generator.state_dict(), precision="float32")
    best, worst = evaluate(good, data).scores, evaluate(bad, data).scores
    assert best["l1"] < 0.1 < worst["l1"]
    assert best["line_precision"] > worst["line_precision"]
    assert best["line_recall"] > 0.6
    assert best["hint_difference"] < 10 < worst["hint_difference"]


def test_pictures_are_judged_by_likeness_alone(tmp_path: Path) -> None:
    data = pictures(tmp_path / "data", 3)
    assert "line_recall" not in evaluate(untrained(data), data).scores


def test_pairs_to_judge_by(tmp_path: Path) -> None:
    plain = things(tmp_path / "plain", 20)
    card = small(plain).card()
    assert len(judged_by(plain, card).pairs) == 20
    known = replace(card, training={"digest": pairs.digest(plain), "validation": 0.2})
    assert len(judged_by(plain, known).pairs) == 4
    for nonsense in ("0.2", None, [], -1.0, float("nan"), 7.5):  # a card may come from anybody
        strange = replace(card, training={"digest": pairs.digest(plain), "validation": nonsense})
        assert len(judged_by(plain, strange).pairs) == 20
    for split in ("train", "val"):
        save(thing(1), tmp_path / "split" / split / "a.png")
    assert [pair.split for pair in judged_by(pairs.find(tmp_path / "split"), card).pairs] == ["val"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match="no pairs"):
        judged_by(pairs.find(tmp_path / "empty"), card)


@pytest.fixture(scope="module")
def label_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, DataSet]:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("labels")
    data = houses(folder / "data", 16)
    return trained(folder / "run", data, small(data, steps=2, size=(64, 64), validation=0.25)), data


def test_recogniser_learns_to_read_real_photos(label_run: tuple[Run, DataSet], tmp_path: Path) -> None:
    run, data = label_run
    generator = engine.open(run.model, precision="float32")
    told: list[tuple[int, int]] = []
    fresh = recogniser.learnt(
        data,
        augment_of(generator.card, data),
        steps=60,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (60, 60)
    result = evaluate(generator, data, recogniser=fresh)
    assert result.scores["real_pixel_accuracy"] > 0.6
    assert result.scores["made_mean_iou"] < result.scores["real_mean_iou"]
    wanted = result.scores["made_mean_iou"] / result.scores["real_mean_iou"]
    assert result.scores["label_score"] == pytest.approx(wanted)
    assert result.notes == []

    recogniser.write(tmp_path / "kept.safetensors", fresh)
    kept = recogniser.read(tmp_path / "kept.safetensors", fresh.note["labels"])
    photo = house(3, 64)[1]
    assert np.array_equal(kept.read([photo])[0], fresh.read([photo])[0])
    assert kept.note == fresh.note


def test_recogniser_learns_the_same_again(label_run: tuple[Run, DataSet]) -> None:
    run, data = label_run
    augment = augment_of(bundle.read_card(run.model), data)
    one, other = (recogniser.learnt(data, augment, steps=6).network.state_dict() for _ in range(2))
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_recogniser_that_reads_badly_is_named(label_run: tuple[Run, DataSet]) -> None:
    run, data = label_run
    generator = engine.open(run.model, precision="float32")
    poor = recogniser.learnt(data, augment_of(generator.card, data), steps=1)
    assert "below 60%" in evaluate(generator, data, recogniser=poor).notes[0]


def test_recogniser_is_kept_for_the_same_pairs(
    label_run: tuple[Run, DataSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, data = label_run
    card = engine.open(run.model).card
    file = tmp_path / "deep" / "kept.safetensors"
    learnt = recogniser.learnt
    counted = []

    def counting(*arguments: object, **more: object) -> recogniser.Recogniser:
        counted.append(1)
        return learnt(*arguments, **{**more, "steps": 1})  # type: ignore[arg-type]

    monkeypatch.setattr(recogniser, "learnt", counting)
    recogniser_for(card, data, file)
    recogniser_for(card, data, file)
    assert len(counted) == 1
    others = houses(tmp_path / "others", 12)
    recogniser_for(card, others, file)
    assert len(counted) == 2
    nothing = data.of_split("test")
    assert (
        recogniser_for(card, nothing, file).note["digest"]
        == pairs.digest(others if others.pairs else nothing)
        or len(counted) == 2
    )
    with pytest.raises(TrainingError, match="no label score"):
        recogniser_for(card, nothing, tmp_path / "none.safetensors")


@pytest.mark.parametrize("content", [b"", b"\x00" * 64])
def test_damaged_recogniser_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="no recogniser of 5 labels"):
        recogniser.read(tmp_path / "bad.safetensors", 5)
    with pytest.raises(ModelError, match="no recogniser"):
        recogniser.read(tmp_path / "none.safetensors", 5)


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


def test_every_score_has_a_meaning(label_run: tuple[Run, DataSet]) -> None:
    run, data = label_run
    generator = engine.open(run.model, precision="float32")
    poor = recogniser.learnt(data, augment_of(generator.card, data), steps=1)
    result = evaluate(generator, data, recogniser=poor)
    assert result.scores.keys() <= report.MEANINGS.keys()
    assert len(report.to_lines(result)) == len(result.scores)
