from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.trainer.small_runs import differing, small, things, trained
from trainer.data.pairs import DataSet
from trainer.machine.errors import TrainingError
from trainer.planning.extend_run import extend_config
from trainer.run import events
from trainer.run import folder as runs
from trainer.run.config import Config
from trainer.run.events import Event
from trainer.run.folder import Run
from trainer.training.fit import fit


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    return things(tmp_path / "data", 5)


def stopped(folder: Path, data: DataSet, config: Config, step: int) -> Run:
    """A new run that was stopped after so many steps."""
    run = runs.create(folder, config)
    stop_at(run, data, step)
    return run


def stop_at(run: Run, data: DataSet, step: int) -> None:
    def watch(event: Event) -> None:
        if event["event"] == "step" and event["step"] == step:
            run.ask("stop")

    assert not fit(run, run.config(), data, watch)


def make_longer(run: Run, data: DataSet, steps: int) -> None:
    run.extend(extend_config(run, data, steps=steps))


def test_extended_in_time_is_as_if_planned_so_long(tmp_path: Path, data: DataSet) -> None:
    """Stopped at step 4 of 10, before the rate falls, and made 16 long."""
    config = small(data, steps=10, log_every=1, sample_every=5)
    run = stopped(tmp_path / "run", data, config, 4)
    make_longer(run, data, 16)
    assert fit(run, run.config(), data)
    assert differing(run, trained(tmp_path / "planned", data, replace(config, steps=16))) == []


def test_extended_after_its_end_resumes_exactly(tmp_path: Path, data: DataSet) -> None:
    config = small(data, steps=5, log_every=1)
    at_once, in_parts = (trained(tmp_path / name, data, config) for name in ("at once", "in parts"))
    for run in (at_once, in_parts):
        make_longer(run, data, 11)
    stop_at(in_parts, data, 7)
    for run in (at_once, in_parts):
        assert fit(run, run.config(), data)
        assert events.read(run.events)[-1]["step"] == 11
    assert differing(at_once, in_parts) == []


def test_rate_rises_to_what_the_longer_schedule_says_and_falls_to_zero(tmp_path: Path, data: DataSet) -> None:
    config = small(data, steps=100)
    run = runs.create(tmp_path / "run", config)
    longer = extend_config(run, data, steps=125)
    assert config.learning_rate_at(99) < 0.03 * config.learning_rate
    assert longer.learning_rate_at(100) == pytest.approx(config.learning_rate * 25 / 64, rel=0.02)
    assert longer.learning_rate_at(124) < 0.02 * config.learning_rate
    assert replace(longer, steps=config.steps) == config  # and nothing else is changed


def test_minutes_count_from_here_at_the_speed_it_had(tmp_path: Path, data: DataSet) -> None:
    config = small(data, steps=6, log_every=1, batch=2)
    run = stopped(tmp_path / "run", data, config, 3)
    told = run.events.read_text("utf-8").splitlines()
    run.events.write_text("".join(f"{line}\n" for line in told if '"step":' in line), "utf-8")
    speeds = [event["pictures_per_second"] for event in events.read(run.events) if event["event"] == "step"]
    expected = 3 + 60 * 2 * sorted(speeds)[1] / 2 / 1.05
    assert extend_config(run, data, minutes=2).steps == pytest.approx(expected, abs=1)
    # Fewer than were planned are a wish, too.
    assert extend_config(run, data, minutes=1e-9).steps == 4


def test_steps_of_a_discriminator_that_is_ahead_tell_no_speed(tmp_path: Path, data: DataSet) -> None:
    config = small(data, steps=9, log_every=1, batch=2, discriminator_first=3)
    run = stopped(tmp_path / "run", data, config, 5)
    told = events.read(run.events)
    speeds = {1: 800.0, 2: 800.0, 3: 800.0, 4: 400.0, 5: 400.0}
    for event in told:
        if event["event"] == "step":
            event["pictures_per_second"] = speeds[event["step"]]
    run.events.write_text("".join(f"{json.dumps(event)}\n" for event in told), "utf-8")
    assert extend_config(run, data, minutes=2).steps == 5 + round(60 * 2 * 400 / 2 / 1.05)


def test_minutes_are_tried_where_no_speed_is_known(tmp_path: Path, data: DataSet) -> None:
    run = runs.create(tmp_path / "run", small(data))
    assert extend_config(run, data, minutes=1).steps > 10
    assert not run.events.exists()


def test_epochs_are_rounds_in_all(tmp_path: Path, data: DataSet) -> None:
    run = runs.create(tmp_path / "run", small(data, batch=2))
    assert extend_config(run, data, epochs=4).steps == 10
    assert extend_config(run, data) == run.config()


def test_less_than_it_has_behind_it_is_refused(tmp_path: Path, data: DataSet) -> None:
    run = trained(tmp_path / "run", data, small(data, steps=4))
    with pytest.raises(TrainingError, match="“run” has 4 steps behind it, and is to have 3 in all"):
        extend_config(run, data, steps=3)
    with pytest.raises(TrainingError, match="ask for more"):
        extend_config(run, data, epochs=0.1)
