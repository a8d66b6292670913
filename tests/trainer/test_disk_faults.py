"""Checkpoints, models, run folders, events, reports: whatever operation fails, and wherever the process is
killed, what was there before is still whole, and the next attempt succeeds. Failures are one sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from engine.errors import UnderpaintError
from engine.models import bundle
from tests.trainer import faults
from tests.trainer.faults import Disk, Killed, failing
from tests.trainer.small_runs import differing, small, things
from trainer.data.pairs import DataSet
from trainer.evaluation import export as exporting
from trainer.evaluation import recogniser, report
from trainer.evaluation.evaluate import Evaluation
from trainer.machine.errors import TrainingError
from trainer.run import events
from trainer.run import folder as runs
from trainer.run.config import Config
from trainer.run.events import EventLog
from trainer.run.folder import Run
from trainer.training.fit import fit
from trainer.training.state import State


class Work(NamedTuple):
    """``do(folder, n)`` writes version ``n``; ``see(folder)`` reads which one is there, None for none."""

    do: Callable[[Path, int], object]
    see: Callable[[Path], object]


def checkpoint(folder: Path, number: int) -> None:
    tensors = {"a": torch.full((300, 3), float(number)), "b": torch.tensor(number)}
    Run(folder).save(tensors, {"underpaint": f'{{"state": {{"step": {number}}}}}'})


def seen_checkpoint(folder: Path) -> object:
    restored = Run(folder).restore()
    if restored is None:
        return None
    tensors, _ = restored
    number = Run(folder).standing()
    assert (tensors["a"] == number).all() and tensors["b"] == number
    return number


def model(folder: Path, number: int) -> None:
    card, tensors = MODELS[number]
    bundle.write(folder / "model.safetensors", card, tensors, half=number == 2)


def seen_model(folder: Path) -> object:
    file = folder / "model.safetensors"
    return int(bundle.read(file)[0].name) if file.exists() else None


def exported(folder: Path, number: int) -> None:
    exporting.export(SOURCES[number], "pth", folder / "out" / "net.pth")


def seen_export(folder: Path) -> object:
    file = folder / "out" / "net.pth"
    if not file.exists():
        return None
    weights = torch.load(file, weights_only=True)
    bias = weights["model.model.3.bias"]
    assert (bias == bias[0]).all()
    return int(bias[0])


def extended(folder: Path, number: int) -> None:
    run = Run(folder / "run")
    if not run.folder.exists():
        runs.create(run.folder, replace(CONFIGS[0], steps=number))
        return
    with run.writing():
        run.extend(replace(run.config(), steps=number))


def seen_steps(folder: Path) -> object:
    run = Run(folder / "run")
    return run.config().steps if run.folder.exists() else None


def told(folder: Path, number: int) -> None:
    with Run(folder).writing():
        EventLog(folder / "events.jsonl").write("step", number, more="ä" * 50)


def seen_event(folder: Path) -> object:
    steps = [event["step"] for event in events.read(folder / "events.jsonl")]
    assert steps in ([], [1], [1, 2], [1, 2, 3], [1, 3], [2], [2, 3], [3])  # none torn, none twice
    return steps[-1] if steps else None


def reported(folder: Path, number: int) -> None:
    grey = np.full((8, 8, 3), number, np.uint8)
    examples = [(grey, grey, grey)]
    report.write(folder / "report", Evaluation("name", number, "image", {"l1": 0.5}, examples=examples))


def seen_report(folder: Path) -> object:
    import json

    place = folder / "report" / "scores.json"
    if not place.exists():
        return None
    page = folder / "report" / "report.html"
    assert not page.exists() or page.read_text("utf-8").rstrip().endswith("</html>")
    return json.loads(place.read_text("utf-8"))["pairs"]


def kept(folder: Path, number: int) -> None:
    reader = recogniser.Reader(3, 3)
    recogniser.write(
        folder / "deep" / "r.safetensors", recogniser.Recogniser(reader, {"number": number, "width": 3})
    )


def seen_recogniser(folder: Path) -> object:
    file = folder / "deep" / "r.safetensors"
    return recogniser.read(file, 3).note["number"] if file.exists() else None


WORKS = {
    "checkpoint": Work(checkpoint, seen_checkpoint),
    "model": Work(model, seen_model),
    "export": Work(exported, seen_export),
    "config": Work(extended, seen_steps),
    "events": Work(told, seen_event),
    "report": Work(reported, seen_report),
    "recogniser": Work(kept, seen_recogniser),
}
MODELS: dict[int, tuple] = {}
SOURCES: dict[int, Path] = {}
CONFIGS: list = []


@pytest.fixture(scope="module", autouse=True)
def small_models(tmp_path_factory: pytest.TempPathFactory) -> None:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models")
    config = small(things(folder / "data", 3))
    CONFIGS[:] = [config]
    tensors = State(config).generator.state_dict()
    for number in (1, 2, 3):
        own = {
            name: torch.full_like(t, number) if name == "ups.0.convolution.bias" else t
            for name, t in tensors.items()
        }
        MODELS[number] = (replace(config.card(), name=str(number)), own)
        SOURCES[number] = folder / f"{number}.safetensors"
        bundle.write(SOURCES[number], *MODELS[number])


@pytest.mark.parametrize(
    ("kind", "fresh"), [*((kind, False) for kind in faults.KINDS), ("kill", True), ("ENOSPC", True)]
)
@pytest.mark.parametrize("name", WORKS)
def test_whatever_fails_the_older_one_is_whole(name: str, kind: str, fresh: bool, tmp_path: Path) -> None:
    work = WORKS[name]
    before = tmp_path / "before"
    before.mkdir()
    if not fresh:
        work.do(before, 1)
    old = None if fresh else 1
    trial = shutil.copytree(before, tmp_path / "trial")
    count = faults.operations(lambda: work.do(trial, 2))
    assert count >= 2
    assert work.see(trial) == 2
    for at in range(count):
        folder = shutil.copytree(before, tmp_path / str(at))
        there = set(folder.rglob("*"))
        try:
            with failing(Disk(kind, at)):
                work.do(folder, 2)
            told = ""
        except Killed:
            told = "killed"
        except UnderpaintError as error:
            told = str(error)
            assert "\n" not in told and len(told) > 20
        assert (told == "killed") == (kind == "kill")
        if kind in ("ENOSPC", "short", "EIO") and told == "":
            assert work.see(folder) == 2  # it didn't matter
        assert work.see(folder) in (old, 2), f"operation {at}"
        if kind != "kill":
            left = [file.name for file in set(folder.rglob("*")) - there if file.name.startswith(".")]
            assert left == []
        work.do(folder, 3)
        assert work.see(folder) == 3


class Undisturbed(NamedTuple):
    """A training that nothing happened to, and how many operations on files it took."""

    data: DataSet
    config: Config
    run: Run
    operations: int


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    data = things(folder / "data", 4)
    config = small(data, steps=3, checkpoint_every=1, log_every=1)
    whole = runs.create(folder / "whole", config)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("UNDERPAINT_HOME", str(folder / "home"))
        count = faults.operations(lambda: fit(whole, config, data))
    return Undisturbed(data, config, whole, count)


@pytest.mark.parametrize("kind", faults.KINDS)
def test_a_training_goes_on_wherever_it_was_stopped(
    kind: str, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """As if nothing had been: the very same weights in the end."""
    data, config, whole, count = undisturbed
    assert count > 40
    told: list[str] = []
    for at in range(faults.KINDS.index(kind) * 3, count, count // 4):
        run = runs.create(tmp_path / f"run {at}", config)
        with failing(Disk(kind, at)):
            try:
                fit(run, config, data)
            except Killed:
                assert kind == "kill"
            except TrainingError as error:
                told.append(str(error))
        run.take_back("stop")
        run.restore()
        assert fit(run, config, data)
        assert differing(run, whole) == []
        assert events.read(run.events)[-1]["event"] == "finished"
    assert all("\n" not in sentence for sentence in told)
    assert bool(told) == (kind != "kill")
