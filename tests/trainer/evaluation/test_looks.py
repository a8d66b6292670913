"""What a trained eye sees in what is evaluated."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine.data.messages import Pixels
from tests.trainer.small_runs import things, untrained
from trainer.data import pairs
from trainer.evaluation.evaluate import evaluate
from trainer.perception import distance


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_a_trained_eye_looks_at_as_many_as_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = things(tmp_path / "data", 6, 32)
    bad = untrained(data)
    plain = evaluate(bad, data).scores
    seen: list[Pixels] = []
    look = distance.look
    monkeypatch.setattr(distance, "look", lambda picture: seen.append(picture) or look(picture))
    scores = evaluate(bad, data, looks=4).scores
    assert len(seen) == 8
    assert scores.keys() - plain.keys() == {"perceptual", "kernel"}
    assert {name: scores[name] for name in plain} == plain
    answers = iter([pairs.load(pair)[1] for pair in data.pairs])
    monkeypatch.setattr(bad, "translate", lambda prepared: next(answers))
    knowing = evaluate(bad, data, looks=4).scores
    assert knowing["perceptual"] < 0.5 * scores["perceptual"]
    assert knowing["kernel"] < scores["kernel"]
    assert knowing["holes"] == pytest.approx(knowing["real_holes"], abs=0.05)
