"""How a training pauses, stops and fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.errors import DeviceError
from engine.models import bundle
from tests.trainer.made_pictures import save, thing
from tests.trainer.small_runs import small, things
from trainer.data import pairs
from trainer.loading.pair_loader import Batch
from trainer.machine.distributed import World
from trainer.machine.errors import TrainingError
from trainer.run import events
from trainer.run import folder as runs
from trainer.run.config import Config
from trainer.run.events import Event, EventLog
from trainer.training.fit import Tally, fit, should_stop
from trainer.training.state import State
from trainer.training.step import LOSSES, try_step


def test_changed_data_is_refused(tmp_path: Path) -> None:
    data = things(tmp_path / "data")
    config = small(data)
    run = runs.create(tmp_path / "run", config)
    save(thing(99, 40), tmp_path / "data" / "another.png")
    with pytest.raises(TrainingError, match="not those that the run was begun with"):
        fit(run, config, pairs.find(tmp_path / "data"))


def test_losses_that_are_no_numbers_stop_the_run(tmp_path: Path) -> None:
    data = things(tmp_path / "data")
    config = small(data, steps=40, l1=1e39, adversarial="none")
    with pytest.raises(TrainingError, match="no longer numbers"):
        fit(runs.create(tmp_path / "run", config), config, data)


def _spoilt(monkeypatch: pytest.MonkeyPatch, step: int, spoil: Callable[[State, Tensor], object]) -> None:
    """Let the step of this number end otherwise than it would."""

    def step_and_spoil(state: State, config: Config, world: World, batch: Batch) -> Tensor:
        losses = try_step(state, config, world, batch)
        assert losses is not None
        if state.step == step:
            with torch.no_grad():
                spoil(state, losses)
        return losses

    monkeypatch.setattr("trainer.training.fit.try_step", step_and_spoil)


def _first_weight(network: torch.nn.Module) -> Tensor:
    return next(network.parameters())[0]


@pytest.mark.parametrize(
    ("what", "spoil"),
    [
        ("weights", lambda state, _: _first_weight(state.generator).fill_(float("nan"))),
        ("weights", lambda state, _: _first_weight(state.discriminators[0]).fill_(float("inf"))),
        ("weights", lambda state, _: _first_weight(state.ema).fill_(float("-inf"))),
        ("losses", lambda _, losses: losses.fill_(float("nan"))),
    ],
    ids=["generator", "discriminator", "average", "losses"],
)
def test_nothing_that_is_no_number_takes_the_place_of_a_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, spoil: Callable[[State, Tensor], object]
) -> None:
    data = things(tmp_path / "data", 3)
    config = small(data, steps=8, log_every=100, checkpoint_every=1)
    run = runs.create(tmp_path / "run", config)
    _spoilt(monkeypatch, 2, spoil)
    with pytest.raises(TrainingError, match=f"At step 3 the {what} were no longer numbers; start anew"):
        fit(run, config, data)
    assert run.standing() == 2
    restored = run.restore()
    assert restored is not None
    assert all(bool(torch.isfinite(tensor.float()).all()) for tensor in restored[0].values())


def test_stopped_run_keeps_nothing_that_is_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = things(tmp_path / "data", 3)
    config = small(data, steps=8, log_every=100)
    run = runs.create(tmp_path / "run", config)

    def spoil(state: State, _: Tensor) -> None:
        _first_weight(state.generator).mul_(float("nan"))
        run.ask("stop")

    _spoilt(monkeypatch, 2, spoil)
    with pytest.raises(TrainingError, match="At step 3 the weights were no longer numbers"):
        fit(run, config, data)
    assert run.standing() == 0
    assert not run.model.exists()


def test_model_of_weights_that_are_no_numbers_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = things(tmp_path / "data", 3)
    config = small(data, steps=8, log_every=100, sample_every=2)
    run = runs.create(tmp_path / "run", config)
    _spoilt(monkeypatch, 3, lambda state, _: _first_weight(state.generator).mul_(float("nan")))
    with pytest.raises(TrainingError, match="At step 4 the weights were no longer numbers"):
        fit(run, config, data)
    assert bundle.read_card(run.model).training["step"] == 2


def test_stop_file_saves_and_ends(tmp_path: Path) -> None:
    data = things(tmp_path / "data")
    config = small(data, steps=50, log_every=1)
    run = runs.create(tmp_path / "run", config)
    assert not fit(run, config, data, lambda event: run.ask("stop") if event["event"] == "step" else None)
    assert events.read(run.events)[-1]["event"] == "stopped"
    assert not run.asked("stop")
    stopped = events.read(run.events)[-1]["step"]
    assert 0 < stopped < 50 and run.standing() == stopped
    more: list[Event] = []
    assert fit(run, replace(config, steps=stopped + 2), data, more.append)
    assert [event["step"] for event in more if event["event"] == "step"] == [stopped + 1, stopped + 2]


def test_stopped_run_leaves_the_model_of_its_last_step(tmp_path: Path) -> None:
    data = things(tmp_path / "data")
    config = small(data, steps=50, log_every=1, sample_every=10)
    run = runs.create(tmp_path / "run", config)

    def watch(event: Event) -> None:
        if event["event"] == "step" and event["step"] == 13:
            run.ask("stop")

    assert not fit(run, config, data, watch)
    told = events.read(run.events)
    assert [(event["event"], event["step"]) for event in told[-2:]] == [("model", 13), ("stopped", 13)]
    card = bundle.read_card(run.model)
    assert card.training["step"] == 13
    assert 0 < card.scores["l1"] < 2
    assert bundle.read_card(run.best).training["step"] == 10


def test_nobody_else_trains_in_the_folder_meanwhile(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 3)
    config = small(data, steps=2)
    run = runs.create(tmp_path / "run", config)
    refused: list[str] = []

    def watch(event: Event) -> None:
        if event["event"] == "started":
            with pytest.raises(TrainingError) as told:
                fit(run, config, data)
            refused.append(str(told.value))

    assert fit(run, config, data, watch)
    assert refused == ["“run” is being trained already; stop that, or wait until it is done."]


def test_pause_file_waits(tmp_path: Path) -> None:
    data = things(tmp_path / "data")
    config = small(data, steps=4)
    run = runs.create(tmp_path / "run", config)
    timers = []

    def watch(event: Event) -> None:
        if event["event"] == "started":
            run.ask("pause")
        if event["event"] == "paused":
            timers.append(threading.Timer(0.05, run.take_back, ["pause"]))
            timers[-1].start()

    assert fit(run, config, data, watch)
    told = [event["event"] for event in events.read(run.events)]
    assert told[:3] == ["started", "paused", "continued"]
    assert len(timers) == 1
    timers[0].join()


def test_full_disk_on_the_way_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    data = things(tmp_path / "data", 3)
    config = small(data)
    write = EventLog.write

    def full(self: EventLog, event: str, step: int, **more: Any) -> None:
        if event == "step":
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, event, step, **more)

    monkeypatch.setattr(EventLog, "write", full)
    run = runs.create(tmp_path / "run", config)
    with pytest.raises(TrainingError, match="disk is full"):
        fit(run, config, data)
    assert run.restore() is not None


def test_no_memory_outside_a_step_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = things(tmp_path / "data", 3)
    config = small(data)

    def without_memory(*_: object) -> None:
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr("trainer.training.fit.State", without_memory)
    with pytest.raises(DeviceError, match="use a smaller size, width or batch"):
        fit(runs.create(tmp_path / "run", config), config, data)


def test_pause_does_not_count_into_the_speed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("trainer.training.fit.time", SimpleNamespace(monotonic=lambda: now[0]))
    config = small(things(tmp_path / "data", 3))
    run, state = runs.create(tmp_path / "run", config), State(config)
    tally = Tally(state)
    tally.add(torch.zeros(len(LOSSES)))
    run.ask("pause")

    class Signal(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            now[0] += 60
            run.take_back("pause")
            return False

    assert not should_stop(run, World(), EventLog(None), state, Signal(), tally)
    now[0] += 2
    assert tally.pop_means(config, World(), state)["pictures_per_second"] == config.batch / 2
