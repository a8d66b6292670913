"""What a trained eye sees in what is evaluated."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import resources
from engine.data.messages import Pixels
from engine.models import bundle
from tests.trainer.small_runs import small, things, untrained
from trainer.__main__ import commands
from trainer.data import pairs
from trainer.evaluation.evaluate import evaluate
from trainer.perception import distance, trunk, weights
from trainer.training.state import State


def test_a_trained_eye_looks_at_as_many_as_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = things(tmp_path / "data", 6, 32)
    bad = untrained(data)
    plain = evaluate(bad, data).scores
    seen: list[Pixels] = []
    look = distance.extract_features
    monkeypatch.setattr(distance, "extract_features", lambda picture: seen.append(picture) or look(picture))
    scores = evaluate(bad, data, perceptual_pairs=4).scores
    assert len(seen) == 8
    assert scores.keys() - plain.keys() == {"perceptual", "kernel"}
    assert {name: scores[name] for name in plain} == plain
    answers = iter([pairs.load(pair)[1] for pair in data.pairs])
    monkeypatch.setattr(bad, "translate", lambda prepared: next(answers))
    knowing = evaluate(bad, data, perceptual_pairs=4).scores
    assert knowing["perceptual"] < 0.5 * scores["perceptual"]
    assert knowing["kernel"] < scores["kernel"]
    assert knowing["holes"] == pytest.approx(knowing["real_holes"], abs=0.05)


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command that evaluates a model with styles, by a folder for its report."""
    data = things(tmp_path / "data", 3, 32)
    config = small(data, styles=8, style_encoder=4)
    state = State(config)
    tensors = dict(state.generator.state_dict())
    assert state.encoder is not None
    tensors |= {bundle.STYLE_ENCODER + name: tensor for name, tensor in state.encoder.state_dict().items()}
    bundle.write(tmp_path / "model.safetensors", config.card(), tensors)
    monkeypatch.setenv("UNDERPAINT_HOME", str(tmp_path / "home"))
    return [
        "evaluate",
        str(tmp_path / "model.safetensors"),
        str(data.folder),
        "--out",
        str(tmp_path / "told"),
    ]


def test_without_the_trained_eyes_weights_the_rest_is_measured(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "weights_path", lambda: tmp_path / "missing")
    monkeypatch.setattr(trunk, "bundled", trunk.Trunk)  # not those that were read before
    result = CliRunner().invoke(commands, [*words, "--perceptual-pairs", "2"])
    assert result.exit_code == 0, result.exception
    assert "line_recall" in result.stdout and "diversity" not in result.stdout
    assert "The trained eye's weights are missing here" in result.stderr
    assert "--perceptual-pairs 0" not in result.stderr


def test_where_nothing_can_be_written_edge_maps_are_made_for_this_once(words: list[str]) -> None:
    home = resources.home()
    home.write_text("in the way")
    result = CliRunner().invoke(commands, [*words, "--perceptual-pairs", "0"])
    assert result.exit_code == 0, result.exception
    home.unlink()
    as_before = CliRunner().invoke(commands, [*words, "--looks", "0"])  # as it was called
    assert as_before.exit_code == 0 and as_before.stdout == result.stdout
    assert len(list(home.rglob("*.png"))) == 3


def test_the_option_is_given_by_one_of_its_names(words: list[str]) -> None:
    result = CliRunner().invoke(commands, [*words, "--looks", "2", "--perceptual-pairs", "3"])
    assert result.exit_code == 2 and "old name" in result.stderr
    assert "--looks" not in CliRunner().invoke(commands, ["evaluate", "--help"]).stdout
