"""Data sets and runs that take a second: networks of width 4 on pictures of 32 pixels."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.models import bundle
from engine.passes.generator import Generator
from tests import warm
from tests.trainer.made_pictures import house, save, side_by_side, thing
from trainer.data import pairs
from trainer.data.pairs import DataSet
from trainer.planning import plan
from trainer.run import events, options
from trainer.run import folder as runs
from trainer.run.config import Config
from trainer.run.folder import Run
from trainer.run.options import Options
from trainer.training.fit import fit
from trainer.training.state import State


def things(folder: Path, count: int = 10, edge: int = 40) -> DataSet:
    """Photos of things, from which lines and hints are made."""
    for number in range(count):
        save(thing(number, edge), folder / f"{number}.png")
    return pairs.find(folder)


def houses(folder: Path, count: int = 10, edge: int = 64) -> DataSet:
    """Label maps and photos, side by side."""
    for number in range(count):
        save(side_by_side(number, edge), folder / f"{number}.png")
    return pairs.find(folder, task="labels")


def pictures(folder: Path, count: int = 10, edge: int = 48) -> DataSet:
    """Two folders of pictures that are no labels: photos, and the same brighter."""
    for number in range(count):
        photo = house(number, edge)[1]
        save(photo, folder / "day" / f"{number}.png")
        save(photo // 2, folder / "night" / f"{number}.png")
    return pairs.find(folder, task="image")


def small(data: DataSet, **changes: Any) -> Config:
    """A config for a second's training.

    Args:
        changes: options, and further fields of ``Config``.
    """
    usual: dict[str, Any] = {
        "width": 4,
        "size": (32, 32),
        "patch": 16,
        "steps": 4,
        "batch": 2,
        "threads": 1,
        "device": "cpu",
        "precision": "float32",
        "log_every": 2,
        "checkpoint_every": 1000,
        "edges": 0.0,
        "perceptual": 0.0,
        "l1": 100.0,
    }
    asked = {**usual, **changes}
    known = asked.keys() & {option.name for option in options.each()}
    wanted = Options(data.folder, **{name: asked.pop(name) for name in known})
    return replace(plan.make_config(data, wanted, asked.pop("processes", 1)), **asked)


def untrained(data: DataSet) -> Generator:
    """A model with first weights."""
    config = small(data)
    return Generator(config.card(), State(config).generator.state_dict(), precision="float32")


def trained(folder: Path, data: DataSet, config: Config) -> Run:
    """A run, from first to last step."""
    run = runs.create(folder, config)
    assert fit(run, config, data)
    return run


def weights(run: Run) -> dict[str, Tensor]:
    """Of the run's newest model."""
    return bundle.read(run.model)[1]


def copied(state: State) -> dict[str, Tensor]:
    """What a checkpoint of the state would hold, as it is now."""
    return {name: tensor.detach().clone() for name, tensor in state.named()}


def differing(run: Run, other: Run) -> list[str]:
    """The tensors of both checkpoints that are not the same, bit for bit; all where there are none."""
    ours, theirs = run.restore(), other.restore()
    assert ours is not None
    assert theirs is not None
    assert len(ours[0]) > 20
    assert ours[0].keys() == theirs[0].keys()
    return [name for name, tensor in ours[0].items() if not torch.equal(tensor, theirs[0][name])]


def ends(process: BaseProcess, within: float = 0.02) -> bool:
    """Whether a process ends within so many seconds."""
    process.join(within)
    return not process.is_alive()


def killed_at_random(folder: Path, config: Config, kills: int, seed: int) -> tuple[Run, list[int]]:
    """A run of processes that were killed with SIGKILL again and again, and the steps they had come to."""
    random = np.random.default_rng(seed)
    run, told_in = runs.create(folder, config), folder.with_name(f"{folder.name} told")
    reached = []
    for kill in range(kills):
        begun = time.time()
        with warm.program("trainer", "resume", folder, folder=told_in) as process:
            # It has begun to tell something, the second one of a step, on whatever busy machine; then, in the
            # middle of whatever is going on, the end.
            while not ends(process):
                if any(it["time"] >= begun and it["step"] >= kill for it in events.read(run.events)):
                    break
            if not ends(process, float(random.uniform(0, 0.5))):
                process.kill()
                process.join()
        said = (told_in / "said").read_text("utf-8") if (told_in / "said").exists() else ""
        assert process.exitcode in (0, -signal.SIGKILL), said  # else it was never on its way
        told = events.read(run.events)
        reached.append(told[-1]["step"])
        if told[-1]["event"] == "finished":
            break
    done = warm.run("trainer", "resume", folder, folder=told_in)
    assert done.returncode == 0, done.stderr
    return run, reached
