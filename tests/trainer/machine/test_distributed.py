from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import warm
from tests.trainer.machine.two_processes import by_two, finish, python
from tests.trainer.made_pictures import HOUSES, house, save
from tests.trainer.small_runs import differing, ends, small, things, trained
from trainer.data import pairs
from trainer.machine.distributed import World, expected
from trainer.run import events
from trainer.run import folder as runs
from trainer.run.folder import Run

STEPS = 12
ALIKE = 1e-4
"""Of weights after all steps in one process and in two: rounding, and no more. Each step makes more of what
those before it rounded: after 16, without vector instructions, 4e-6 are 6e-5. A gradient that was not shared
moves weights by whole steps, each of 2e-4."""
VOID = 1, 35, 69
LOSSES: dict[str, Any] = {
    "feature_matching": 10.0,
    "discriminators": 2,
    "styles": 8,
    "seed": 1,
    "discriminator_first": 2,
}
"""Without the trained eye: it takes the greatest of values that are alike but for rounding, and learns from
that one alone, so that after a few steps two processes differ from one by whole steps, with styles or not."""


def by_torchrun(folder: Path) -> int:
    """Two processes that torchrun has go on with a run; its exit code."""
    words = ("--standalone", "--nproc-per-node=2", "-m", "trainer", "resume", folder)
    begun = str(python(folder.with_name("python"), "-m"))
    told = folder.with_name("told")
    return warm.run("torch.distributed.run", *words, folder=told, PYTHON_EXEC=begun).returncode


def farthest(run: Run, other: Run) -> float:
    """The greatest difference of any weight in both checkpoints."""
    ours, theirs = run.restore(), other.restore()
    assert ours is not None
    assert theirs is not None
    parts = ("generator", "discriminator", "ema", "encoder")
    return max(
        float((tensor - theirs[0][name]).abs().max())
        for name, tensor in ours[0].items()
        if name.startswith(parts)
    )


@pytest.mark.skipif(sys.platform == "win32", reason="torchrun is not made for Windows")
def test_two_processes_train_as_one_and_resume_bit_for_bit(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 10)
    # Dropout is thrown for each process apart, so without it.
    config = small(data, batch=4, steps=STEPS, dropout=False, log_every=1, checkpoint_every=3, **LOSSES)
    one = trained(tmp_path / "one", data, config)

    shared = replace(config, processes=2)
    whole = runs.create(tmp_path / "whole", shared)
    with by_two(whole.folder) as processes:
        finish(processes)
    assert farthest(one, whole) < ALIKE
    told = events.read(whole.events)
    assert [event["event"] for event in told].count("step") == STEPS
    for ours, theirs in zip(told, events.read(one.events), strict=True):
        assert ours["event"] == theirs["event"]
        assert ours.get("l1") == pytest.approx(theirs.get("l1"), abs=5e-5)

    parts = runs.create(tmp_path / "parts", shared)
    reader = events.EventReader(parts.events)
    with by_two(parts.folder) as processes:
        while not any(event["step"] >= 4 for event in reader.news()) and not ends(processes[0]):
            pass
        for process in processes:
            process.kill()
    assert by_torchrun(parts.folder) == 0
    assert "resumed" in [event["event"] for event in events.read(parts.events)]
    assert differing(whole, parts) == []


@pytest.mark.skipif(sys.platform == "win32", reason="torchrun is not made for Windows")
def test_two_processes_train_as_one_on_maps_that_are_known_in_part(tmp_path: Path) -> None:
    # However much there is to learn from in each picture, and so in the part of each process.
    for number in range(6):
        labels, photo = house(number, 40)
        labels[: 6 * number] = VOID
        save(labels, tmp_path / "data" / "A" / f"{number}.png")
        save(photo, tmp_path / "data" / "B" / f"{number}.png")
    data = pairs.find(tmp_path / "data", task="labels", palette=HOUSES, ignore=[VOID])
    config = small(data, batch=4, steps=STEPS, dropout=False)
    one = trained(tmp_path / "one", data, config)
    two = runs.create(tmp_path / "two", replace(config, processes=2))
    with by_two(two.folder) as processes:
        finish(processes)
    assert farthest(one, two) < ALIKE


def test_without_torchrun_there_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    assert expected() == World(0, 1, 0)
    assert expected().leads
    assert expected().part(4) == slice(0, 4)
    assert expected().agreed(True)
    assert torch.equal(expected().mean(torch.ones(2)), torch.ones(2))


def test_torchruns_words_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("RANK", "3"), ("WORLD_SIZE", "4"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    assert expected() == World(3, 4, 1)
    assert not expected().leads
    assert expected().part(8) == slice(6, 8)
