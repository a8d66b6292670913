"""Pairs made of single photos: ``underpaint pairs``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from engine.data.picture import read
from tests.trainer.made_pictures import save, thing
from trainer.__main__ import commands
from trainer.data import pairs
from trainer.perception import weights
from trainer.pictures import sketch


@pytest.mark.parametrize("task", ["lines", "hints", "grey", "small"])
def test_pairs_are_made_of_photos(tmp_path: Path, task: str) -> None:
    for seed in range(4):
        save(thing(seed), tmp_path / "photos" / f"{seed}.jpg")
    result = CliRunner().invoke(
        commands, ["pairs", str(tmp_path / "photos"), "--out", str(tmp_path / "made"), "--task", task]
    )
    assert result.exit_code == 0, result.stderr
    data = pairs.find(tmp_path / "made")
    assert (data.layout, data.task, len(data.pairs), data.problems) == ("kept", task, 4, ())
    a, b = pairs.load(data.pairs[0])
    assert a.shape == b.shape == (128, 128, 3) and (a != b).any()
    before = [file.read_bytes() for file in sorted((tmp_path / "made").rglob("*.png"))]
    CliRunner().invoke(
        commands, ["pairs", str(tmp_path / "photos"), "--out", str(tmp_path / "again"), "--task", task]
    )
    assert before == [file.read_bytes() for file in sorted((tmp_path / "again").rglob("*.png"))]


def test_pairs_side_by_side_are_recognised_as_such(tmp_path: Path) -> None:
    for seed in range(8):
        save(thing(seed), tmp_path / "photos" / f"{seed}.jpg")
    arguments = ["pairs", str(tmp_path / "photos"), "--out", str(tmp_path / "made"), "--task", "lines"]
    assert CliRunner().invoke(commands, [*arguments, "--side-by-side", "--size", "64"]).exit_code == 0
    data = pairs.find(tmp_path / "made")
    assert (data.layout, data.task, data.direction) == ("side by side", "lines", "left half → right half")
    assert pairs.load(data.pairs[0])[1].shape == (64, 64, 3)


def test_photo_that_can_not_be_read_is_passed_over_and_said(tmp_path: Path) -> None:
    save(thing(1), tmp_path / "photos" / "1.jpg")
    (tmp_path / "photos" / "2.jpg").write_text("no picture")
    result = CliRunner().invoke(
        commands, ["pairs", str(tmp_path / "photos"), "--out", str(tmp_path / "made")]
    )
    assert result.exit_code == 1 and "2.jpg" in result.stderr
    assert len(pairs.find(tmp_path / "made").pairs) == 1


@pytest.mark.parametrize("size", [[], ["--size", "64"]])
def test_photo_that_is_hardly_one_is_passed_over_and_said(tmp_path: Path, size: list[str]) -> None:
    save(thing(1), tmp_path / "photos" / "1.png")
    save(thing(2)[:, :1], tmp_path / "photos" / "narrow.png")
    save(thing(3)[:1], tmp_path / "photos" / "low.png")
    result = CliRunner().invoke(
        commands, ["pairs", str(tmp_path / "photos"), "--out", str(tmp_path / "made"), *size]
    )
    assert result.exit_code == 1 and not isinstance(result.exception, ValueError)
    assert "“narrow.png” is only 1 × 128 pixels; use a larger original." in result.stderr
    assert "“low.png” is only 128 × 1 pixels; use a larger original." in result.stderr
    assert "pairs made: 1" in result.stderr
    assert len(pairs.find(tmp_path / "made").pairs) == 1


def test_fewer_lines_where_edges_must_be_surer(tmp_path: Path) -> None:
    save(thing(3, 96), tmp_path / "photos" / "1.png")
    inked = {}
    for name, sure in (("many", "0.3"), ("few", "0.75")):
        words = ["pairs", str(tmp_path / "photos"), "--out", str(tmp_path / name), "--task", "lines"]
        result = CliRunner().invoke(commands, [*words, "--no-variety", "--sure", sure])
        assert result.exit_code == 0, result.output
        inked[name] = int((read(tmp_path / name / "A" / "1.png").pixels < 128).sum())
    assert inked["few"] < inked["many"]


def test_without_the_weights_pairs_follow_gradients_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "weights_path", lambda: tmp_path / "nowhere")
    save(thing(1), tmp_path / "photos" / "1.png")
    words = ["pairs", str(tmp_path / "photos"), "--out", str(tmp_path / "made"), "--no-variety"]
    result = CliRunner().invoke(commands, words)
    assert result.exit_code == 0 and weights.MISSING in result.output
    photo = read(tmp_path / "made" / "B" / "1.png").pixels
    assert np.array_equal(read(tmp_path / "made" / "A" / "1.png").pixels[..., 0], sketch.lines(photo))
