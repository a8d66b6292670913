"""Our Adam is torch's, without what torch's imports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import warm
from tests.trainer.small_runs import small, things
from trainer.training.state import Adam


@pytest.mark.parametrize("scaled", [False, True])
def test_it_moves_weights_as_torchs_does_bit_for_bit(tmp_path: Path, scaled: bool) -> None:
    """With gradients that are scaled up for half precision, too, and a step left out where they overflow."""
    config = small(things(tmp_path / "data", 3))
    ours, theirs = (torch.nn.Linear(7, 5) for _ in range(2))
    theirs.load_state_dict(ours.state_dict())
    adam = Adam([ours], config)
    first, second = config.betas
    torchs = torch.optim.Adam(theirs.parameters(), config.learning_rate, (first, second), fused=True)
    optimizers: list[Any] = [adam, torchs]
    scalers = [torch.amp.GradScaler("cpu", enabled=scaled, init_scale=1024.0) for _ in range(2)]
    for step in range(5):
        if step == 3:
            adam.param_groups[0]["lr"] = torchs.param_groups[0]["lr"] = 0.01
        planes = torch.randn(3, 7, generator=torch.Generator().manual_seed(step))
        for network, optimizer, scaler in zip((ours, theirs), optimizers, scalers, strict=True):
            scaler.scale(network(planes).square().sum()).backward()
            if step == 2 and scaled:
                network.bias.grad[0] = torch.inf
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            assert network.weight.grad is None
    for weight, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(weight, other)
        assert adam.state[weight].keys() == torchs.state[other].keys()
        assert all(torch.equal(kept, torchs.state[other][name]) for name, kept in adam.state[weight].items())
    assert adam.steps() == (4 if scaled else 5)


def test_a_training_loads_nothing_that_only_compilers_need(tmp_path: Path) -> None:
    """Nor does what is tried before it."""
    things(tmp_path / "data", 5)
    changes = (
        "--steps 1 --width 4 --size 32 --patch 16 --batch 2 --precision float32 --threads 1 --device cpu"
    )
    words = ("train", tmp_path / "data", "--run", tmp_path / "run", *changes.split())
    done = warm.run("tests.trainer.loaded", *words, folder=tmp_path / "told")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
