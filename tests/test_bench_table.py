"""The benchmarks' own machinery: numbers are measured elsewhere, here that a missed bar is seen."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.__main__ import names, table
from tests.bench.rows import Row


def test_missed_bar_is_named() -> None:
    text = table([Row("pass", 10, 12.345, "ms"), Row("start", 1.5, 1.5, "s"), Row("memory", None, 3, "MB")])
    _, _, missed, kept, unpromised = text.splitlines()
    assert missed == "| pass | ≤ 10 ms | 12.3 ms | MISSED |"
    assert kept.endswith("| kept |")
    assert unpromised.endswith("| 3 MB |  |")


@pytest.mark.parametrize("name", names())
def test_benchmark_can_be_run(name: str) -> None:
    assert callable(importlib.import_module(f"tests.bench.bench_{name}").run)


def test_unknown_benchmark_is_wrong_usage(project: Path) -> None:
    command = [sys.executable, "-m", "tests.bench", "nonsense"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "there is no benchmark “nonsense”" in done.stderr


def test_some_bars_are_to_be_exceeded() -> None:
    text = table([Row("likeness", 35, 34.9, "dB", least=True), Row("likeness", 35, 41, "dB", least=True)])
    assert text.splitlines()[2:] == [
        "| likeness | ≥ 35 dB | 34.9 dB | MISSED |",
        "| likeness | ≥ 35 dB | 41 dB | kept |",
    ]


def test_rows_survive_the_way_between_processes() -> None:
    row = Row("pass", None, 1.25, "ms")
    assert [Row(*fields) for fields in json.loads(json.dumps([row]))] == [row]
