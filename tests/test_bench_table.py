"""The benchmarks' own machinery: numbers are measured elsewhere, here that a missed bar is seen."""

from __future__ import annotations

import importlib
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import bars, history
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


# --- the history --------------------------------------------------------------------------------

FIRST, SECOND = "2026-11-23 abc, 2.13.0", "2026-11-28 def, 2.13.0"
ROWS = [Row("pass | whole", 10, 12.345, "ms", span=(12, 13)), Row("memory", None, 3, "MB")]


def test_another_run_adds_a_column_and_changes_none() -> None:
    before = history.added("", "One", FIRST, ROWS)
    after = history.added(
        before, "One", SECOND, [Row("pass | whole", 11, 10.5, "ms"), Row("new", None, 1, "s")]
    )
    assert after.splitlines()[-5:] == [
        f"| what | bar | {FIRST} | {SECOND} |",
        "| --- | ---: | ---: | ---: |",
        "| pass ∣ whole | ≤ 11 ms | 12.3 ms (12 to 13) MISSED | 10.5 ms |",
        "| memory |  | 3 MB |  |",
        "| new |  |  | 1 s |",
    ]


def test_another_processor_gets_a_table_of_its_own() -> None:
    before = history.added("", "One", FIRST, ROWS)
    after = history.added(before, "Two", SECOND, ROWS)
    assert after.startswith(before)
    assert history.added(after, "One", FIRST, []) == after


def test_the_history_of_the_project_is_read_back_as_it_stands(project: Path) -> None:
    text = (project / "docs" / "measured.md").read_text("utf-8")
    place = re.findall(r"^## (.*)$", text, re.MULTILINE)[0]
    assert history.added(text, place, FIRST, []) == text


def test_the_instructions_in_force_are_named(project: Path) -> None:
    code = "from tests.bench import history; print(history.processor()); print(history.now())"
    held = {**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "default"}
    held.pop("MKL_ENABLE_INSTRUCTIONS", None)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, env=held, capture_output=True, text=True, check=True
    )
    place, run = done.stdout.splitlines()
    wanted = ", DEFAULT, ONEDNN_MAX_CPU_ISA=AVX2, ATEN_CPU_CAPABILITY=default"
    assert place.endswith(wanted) or "x86" not in platform.machine()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \S+.*, \d+\.\d+.*", run)


def test_bars_are_those_of_the_instructions_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: "AVX512")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_VNNI")
    assert (bars.bundled(), bars.wide("running"), bars.wide("image"), bars.dab()) == (0.45, 0.28, 0.30, 0.12)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "avx2")
    assert (bars.bundled(), bars.wide("running"), bars.wide("image"), bars.dab()) == (0.58, 0.50, 0.52, 0.16)
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA")
    assert bars.dab() == 0.12
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: "AVX2")
    assert bars.dab() == 0.16


def test_every_word_that_holds_a_library_back_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MKL_ENABLE_INSTRUCTIONS", "AVX2")
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    assert "ATEN_CPU_CAPABILITY=avx2, MKL_ENABLE_INSTRUCTIONS=AVX2" in history.processor()
