"""What reads labels in photos: learnt, kept, learnt anew."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import engine
from engine.errors import ModelError
from engine.models import bundle
from tests.trainer.made_pictures import house, save, side_by_side
from tests.trainer.small_runs import houses, small, trained
from trainer.data import pairs
from trainer.data.pairs import DataSet
from trainer.evaluation import recogniser, report
from trainer.evaluation.evaluate import augment_of, evaluate, recogniser_for, split_for_evaluation
from trainer.machine.errors import TrainingError
from trainer.run.folder import Run


def test_recogniser_takes_as_many_steps_as_there_is_time_for() -> None:
    """However long a step takes, and however that changes meanwhile."""
    for a_step, later in ((1e-6, 1e-6), (0.1, 0.1), (0.1, 0.3), (50.0, 50.0)):
        done, spent = 1, a_step
        while recogniser.steps_left(done, spent, 40.0) > 0:
            done, spent = done + 1, spent + (later if spent > 20 else a_step)
        assert recogniser.FEWEST_STEPS <= done <= recogniser.STEPS
        assert spent <= 40.5 or done == recogniser.FEWEST_STEPS
    assert recogniser.share_of_rate(0.0) < 0.1 < 0.99 < recogniser.share_of_rate(0.3)
    assert recogniser.share_of_rate(1.0) == pytest.approx(0)


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
    fresh = recogniser.train_recogniser(
        data,
        augment_of(generator.card, data),
        steps=30,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (30, 30)
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


def test_recogniser_leaves_the_threads_as_they_were(label_run: tuple[Run, DataSet]) -> None:
    run, data = label_run
    seen: list[int] = []
    torch.set_num_threads(2)
    try:
        reader = recogniser.train_recogniser(
            data,
            augment_of(bundle.read_card(run.model), data),
            steps=2,
            progress=lambda done, total: seen.append(torch.get_num_threads()),
        )
        reader.read([house(3, 64)[1]])
        assert seen == [1, 1] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


def test_recogniser_learns_the_same_again(label_run: tuple[Run, DataSet]) -> None:
    run, data = label_run
    augment = augment_of(bundle.read_card(run.model), data)
    one, other = (recogniser.train_recogniser(data, augment, steps=6).network.state_dict() for _ in range(2))
    assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_recogniser_that_reads_badly_is_named(label_run: tuple[Run, DataSet]) -> None:
    run, data = label_run
    generator = engine.open(run.model, precision="float32")
    poor = recogniser.train_recogniser(data, augment_of(generator.card, data), steps=1)
    assert "below 60%" in evaluate(generator, data, recogniser=poor).notes[0]


def test_recogniser_is_kept_for_the_same_pairs(
    label_run: tuple[Run, DataSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, data = label_run
    card = engine.open(run.model).card
    file = tmp_path / "deep" / "kept.safetensors"
    learnt = recogniser.train_recogniser
    counted = []

    def counting(*arguments: object, **more: object) -> recogniser.Recogniser:
        counted.append(1)
        return learnt(*arguments, **{**more, "steps": 1})  # type: ignore[arg-type]

    monkeypatch.setattr(recogniser, "train_recogniser", counting)
    recogniser_for(card, data, file)
    recogniser_for(card, data, file)
    assert len(counted) == 1
    others = houses(tmp_path / "others", 12)
    recogniser_for(card, others, file)
    assert len(counted) == 2
    for number in range(2):  # nothing to learn from
        save(side_by_side(number, 64), tmp_path / "few" / "test" / f"{number}.png")
    few = pairs.find(tmp_path / "few", task="labels")
    assert recogniser_for(card, few, file).note["digest"] == pairs.digest(
        split_for_evaluation(others, card)[0]
    )
    with pytest.raises(TrainingError, match="no label score"):
        recogniser_for(card, few, tmp_path / "none.safetensors")
    seen = learnt(few, augment_of(card, few), steps=1)
    recogniser.write(file, seen)
    with pytest.raises(TrainingError, match="no label score"):
        recogniser_for(card, few, file)
    assert len(counted) == 2


def test_recogniser_of_an_older_version_is_learnt_anew(
    label_run: tuple[Run, DataSet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recogniser, "FEWEST_STEPS", 2)
    run, data = label_run
    card = bundle.read_card(run.model)
    file = tmp_path / "kept.safetensors"
    poor = recogniser.train_recogniser(data, augment_of(card, data), steps=1)
    # Its tensors were others, too.
    older = recogniser.Recogniser(recogniser.Reader(5, 12), {**poor.note, "version": 2})
    recogniser.write(file, older)
    assert recogniser_for(card, data, file, seconds=0).note["version"] == recogniser.VERSION
    assert recogniser.read(file, 5).note["steps"] == recogniser.FEWEST_STEPS
    recogniser.write(file, older)
    with pytest.raises(ModelError, match="older version"):
        recogniser_for(card, replace(data, pairs=data.pairs[:1]), file)


def test_recogniser_on_a_full_disk_is_a_sentence(label_run: tuple[Run, DataSet], tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows limits no files")
    import resource

    run, data = label_run
    file = tmp_path / "kept.safetensors"
    poor = recogniser.train_recogniser(data, augment_of(bundle.read_card(run.model), data), steps=1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(ModelError, match="can't be written"):
            recogniser.write(file, poor)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"\x00" * 64])
def test_damaged_recogniser_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="no recogniser of 5 labels"):
        recogniser.read(tmp_path / "bad.safetensors", 5)
    with pytest.raises(ModelError, match="no recogniser"):
        recogniser.read(tmp_path / "none.safetensors", 5)


def test_every_score_has_a_meaning(label_run: tuple[Run, DataSet]) -> None:
    run, data = label_run
    generator = engine.open(run.model, precision="float32")
    poor = recogniser.train_recogniser(data, augment_of(generator.card, data), steps=1)
    result = evaluate(generator, data, recogniser=poor)
    assert result.scores.keys() <= report.MEANINGS.keys()
    assert len(report.to_lines(result)) == len(result.scores)
