"""How many threads a training takes where nobody says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.trainer.small_runs import things
from trainer.data.pairs import DataSet
from trainer.planning.plan import make_config
from trainer.run.locations import spare_threads
from trainer.run.options import Options


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    return things(tmp_path / "data", 3)


@pytest.mark.parametrize(
    ("said", "processes", "threads"),
    [
        ("3", None, 3),
        ("4,2", None, 4),  # of nested threads the outer ones
        ("5000", None, 8),
        (None, None, 8),
        ("", None, 8),
        ("0", None, 1),
        ("1", "2", 4),  # torchrun says 1 itself
        ("2,4", None, 2),
        (" 3 ", None, 3),
        ("-1", None, 8),
        ("²", None, 8),
        ("٣", None, 8),  # OpenMP knows no such digits
        ("99999999", None, 8),
        ("9" * 5000, None, 8),
    ],
)
def test_threads_are_as_many_as_the_environment_says(
    data: DataSet, monkeypatch: pytest.MonkeyPatch, said: str | None, processes: str | None, threads: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    for name, value in (("OMP_NUM_THREADS", said), ("LOCAL_WORLD_SIZE", processes)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert make_config(data, Options(Path("pictures"))).threads == threads
    assert make_config(data, Options(Path("pictures"), threads=5)).threads == 5


def test_machines_of_more_cores_than_a_training_takes_are_trained_on(
    data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1792)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert make_config(data, Options(Path("pictures"))).threads == 1024
    assert spare_threads() == 1024
