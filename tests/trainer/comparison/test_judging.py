"""Several models judged by the same pairs, and the best of each measure."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from engine.models import bundle
from tests.trainer.small_runs import houses, pictures, small, things
from trainer.comparison import judging, table
from trainer.comparison.judging import How, compare_models
from trainer.comparison.table import BETTER, Judged, from_fields, rows, to_fields, to_lines
from trainer.data import pairs
from trainer.data.pairs import DataSet
from trainer.evaluation.evaluate import split_for_evaluation
from trainer.evaluation.report import MEANINGS
from trainer.machine.errors import TrainingError
from trainer.training.state import State


def write(folder: Path, name: str, data: DataSet, **more: object) -> Path:
    """A model for the data, as a file; ``more`` are fields of its card."""
    config = small(data, seed=len(name))
    path = folder / f"{name}.safetensors"
    bundle.write(path, replace(config.card(), name=name, **more), State(config).generator.state_dict())  # type: ignore[arg-type]
    return path


def both(*files: Path):  # type: ignore[no-untyped-def]
    return [(file, bundle.read_card(file)) for file in files]


def test_of_each_measure_the_better_one_is_known() -> None:
    one = {"l1": 0.2, "psnr": 20.0, "holes": 0.5, "real_holes": 0.3, "dab_outline": 0.9, "ssim": 0.5}
    two = {"l1": 0.1, "psnr": 10.0, "holes": 0.2, "real_holes": 0.3, "dab_outline": 1.2, "ssim": 0.5}
    best = {row.name: sorted(row.best) for row in rows([one, two])}
    assert best == {
        **{"l1": [1], "psnr": [0], "holes": [1], "real_holes": []},
        **{"dab_outline": [0], "ssim": [0, 1]},
    }
    lone = {row.name: (row.values, row.best) for row in rows([one, {}])}
    assert lone["l1"] == ((0.2, None), frozenset())
    assert not rows([{"l1": math.nan}, {"l1": 0.1}])[0].best  # nothing to be compared


def test_every_measure_that_tells_of_a_model_has_a_better_and_a_meaning() -> None:
    said_of_photos = {name for name in MEANINGS if name.startswith("real_")} | {"dropout_diversity"}
    assert BETTER.keys() == MEANINGS.keys() - said_of_photos
    assert {better for better in BETTER.values() if better not in (table.MORE, table.LESS, table.ONE)} <= (
        MEANINGS.keys()
    )


def test_models_are_judged_by_pairs_that_none_of_them_was_trained_on(tmp_path: Path) -> None:
    data = pictures(tmp_path / "data", 10)
    knows = {"digest": pairs.digest(data), "validation": 0.2, "task": "image"}
    first = write(tmp_path, "first", data, training={"task": "image"})
    second = write(tmp_path, "second", data, training=knows)
    _, held = split_for_evaluation(data, bundle.read_card(second))
    assert len(held.pairs) == 2
    steps: list[tuple[int, int]] = []
    found, examples = compare_models(both(first, second), data.folder, How(), lambda *at: steps.append(at))
    assert [(one.name, one.pairs, one.problem) for one in found] == [("first", 2, ""), ("second", 2, "")]
    assert [len(one) for one in examples] == [2, 2]
    assert all((a[2] == b[2]).all() for a, b in zip(*examples, strict=True))  # the same pairs, in one order
    assert steps[-1] == (4, 4) and [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert found[0].scores.keys() == found[1].scores.keys() >= {"l1", "psnr", "ssim"}


def test_a_model_that_the_pairs_do_not_suit_has_a_problem_and_the_others_go_on(tmp_path: Path) -> None:
    data = pictures(tmp_path / "data", 3)
    first = write(tmp_path, "first", data, training={"task": "image"})
    strange = write(tmp_path, "strange", things(tmp_path / "things", 3))
    files = both(strange, first)
    first.write_bytes(first.read_bytes()[:-40])  # its card was read before it was cut short
    with pytest.raises(TrainingError, match="takes inputs of the task"):
        compare_models(files[:1], data.folder, How(task="image"))
    found, _ = compare_models(files, data.folder, How(task="image"))
    assert "takes inputs" in found[0].problem and "cut short" in found[1].problem
    assert to_lines(found, MEANINGS) == []


def test_nothing_is_compared_where_each_was_trained_on_what_judges_the_other(tmp_path: Path) -> None:
    data = pictures(tmp_path / "data", 4)
    models = both(write(tmp_path, "first", data), write(tmp_path, "second", data))
    parts = {place: replace(data, pairs=data.pairs[2 * place : 2 * place + 2]) for place in (0, 1)}
    with pytest.raises(TrainingError, match="none of them has seen"):
        judging.common_pairs(parts, models)


def test_the_table_survives_being_written_and_tells_of_the_best(tmp_path: Path) -> None:
    found = [
        Judged("a", tmp_path / "a.safetensors", 3, "running", {"l1": 0.123456789}, ("A note.",)),
        Judged("b", tmp_path / "b.safetensors", 3, "running", {"l1": 0.2}),
        Judged("c", tmp_path / "c.safetensors", problem="It is broken."),
    ]
    fields = json.loads(json.dumps(to_fields(found)))
    assert fields["best"] == {"l1": ["a"]}
    read = from_fields(fields)
    assert [one.name for one in read] == ["a", "b", "c"] and read[0].scores == {"l1": 0.12346}
    assert read[0].notes == ("A note.",) and read[2].problem == "It is broken."
    lines = to_lines(found, MEANINGS)
    assert "0.1235*" in lines[1] and "0.2000 " in lines[1] and "l1: mean absolute" in lines[1]
    for nonsense in ([], {}, {"models": [1]}, {"models": [{"name": "a"}]}, {"models": 5}):
        with pytest.raises(ValueError, match="no table"):
            from_fields(nonsense)


def test_one_pair_of_labels_is_judged_without_a_reader_and_that_is_said(tmp_path: Path) -> None:
    data = houses(tmp_path / "data", 1)
    path = write(tmp_path, "labels", data)
    (one,), _ = compare_models(both(path), data.folder, How())
    assert one.pairs == 1 and "label_score" not in one.scores
    assert any("no label score" in note for note in one.notes)
