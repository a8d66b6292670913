from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.models import bundle
from tests.engine.conftest import needs_bfloat16, needs_quick_bfloat16
from tests.trainer.small_runs import differing, houses, killed_at_random, small, things, trained, weights
from trainer.data.pairs import DataSet
from trainer.machine.errors import TrainingError
from trainer.run import events
from trainer.run import folder as runs
from trainer.run.config import Config
from trainer.run.events import Event
from trainer.run.folder import Run
from trainer.training.fit import fit


def same_model(one: Path, other: Path) -> bool:
    """Card and weights, bit for bit; the file's header has no order."""
    (card, tensors), (their_card, theirs) = bundle.read(one), bundle.read(other)
    assert len(tensors) > 20
    return card == their_card and all(torch.equal(tensor, theirs[name]) for name, tensor in tensors.items())


def stopped_at(folder: Path, data: DataSet, config: Config, *steps: int) -> Run:
    """A run that was stopped after each of these steps and resumed."""
    run = runs.create(folder, config)
    for step in steps:

        def watch(event: Event, step: int = step) -> None:
            if event["event"] == "step" and event["step"] == step:
                run.ask("stop")

        assert not fit(run, config, data, watch)
        assert events.read(run.events)[-1]["step"] == step
    assert fit(run, config, data)
    return run


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"recipe": "paper", "batch": 1},
        {"differentiable": True, "batch": 3},
        {"adversarial": "none", "threads": 2},
        pytest.param({"precision": "bfloat16"}, marks=needs_bfloat16),
        {"network": "resnet"},
        {"perceptual": 15.0, "feature_matching": 10.0, "discriminators": 2, "differentiable": True},
        {"discriminator_first": 4, "differentiable": True},
        pytest.param({"perceptual": 15.0, "precision": "bfloat16"}, marks=needs_quick_bfloat16),
    ],
    ids=str,
)
def test_stopped_and_resumed_is_the_same_bit_for_bit(tmp_path: Path, changes: dict[str, Any]) -> None:
    data = things(tmp_path / "data", 7)
    config = small(data, **{"steps": 9, "log_every": 1, "sample_every": 4, "first_validation": 1, **changes})
    whole = trained(tmp_path / "whole", data, config)
    parts = stopped_at(tmp_path / "parts", data, config, 2, 3, 7)  # each leaves a model of its step
    assert differing(whole, parts) == []
    assert same_model(whole.model, parts.model)
    assert same_model(whole.best, parts.best)
    told = [event["event"] for event in events.read(parts.events)]
    assert told.count("resumed") == 3
    assert told.count("step") == 9


def test_labels_resume_too(tmp_path: Path) -> None:
    data = houses(tmp_path / "data", 8)
    config = small(data, steps=6, log_every=1)
    assert (
        differing(trained(tmp_path / "whole", data, config), stopped_at(tmp_path / "parts", data, config, 3))
        == []
    )


def test_journal_forgets_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    """A checkpoint at step 4, two more steps told, then the plug was pulled."""
    data = things(tmp_path / "data", 5)
    config = small(data, steps=8, log_every=1, checkpoint_every=4)

    class Unplugged(BaseException):
        pass

    def watch(event: Event) -> None:
        if event["event"] == "step" and event["step"] == 6:
            raise Unplugged

    run = runs.create(tmp_path / "run", config)
    with pytest.raises(Unplugged):
        fit(run, config, data, watch)
    with run.events.open("ab") as file:
        file.write(b'{"event": "step", "ti')
    assert fit(run, config, data)
    steps = [
        (event["event"], event["step"]) for event in events.read(run.events) if event["event"] != "health"
    ]
    assert steps == [
        ("started", 0),
        *(("step", step) for step in (1, 2, 3, 4)),
        ("resumed", 4),
        *(("step", step) for step in (5, 6, 7, 8)),
        ("samples", 8),
        ("model", 8),
        ("finished", 8),
    ]
    assert b'"ti{' not in run.events.read_bytes()
    assert differing(run, trained(tmp_path / "whole", data, config)) == []


def test_longer_run_goes_on_from_the_end(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 5)
    config = small(data, steps=4)
    run = trained(tmp_path / "run", data, config)
    before = weights(run)
    run.extend(replace(config, steps=8))
    assert fit(run, run.config(), data)
    assert events.read(run.events)[-1]["step"] == 8
    assert any(not torch.equal(tensor, before[name]) for name, tensor in weights(run).items())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_at_random_moments_ends_with_the_same_weights(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 7)
    config = small(data, steps=40, log_every=1, checkpoint_every=3, sample_every=9)
    whole = trained(tmp_path / "whole", data, config)
    run, reached = killed_at_random(tmp_path / "run", config, kills=2, seed=1)
    assert max(reached) > 0
    assert differing(whole, run) == []
    assert same_model(whole.model, run.model)


def test_training_whose_checkpoint_is_gone_does_not_begin_anew(tmp_path: Path) -> None:
    """It used to: over the journal, and over the model that had been learnt."""
    data = things(tmp_path / "data", 5)
    config = small(data, log_every=1)
    run = trained(tmp_path / "run", data, config)
    told, model = run.events.read_bytes(), run.model.read_bytes()
    run.checkpoint.unlink()
    with pytest.raises(TrainingError, match="is gone, though the training had come to step 4"):
        fit(run, replace(config, steps=8), data)
    assert not run.checkpoint.exists()
    assert (run.events.read_bytes(), run.model.read_bytes()) == (told, model)
