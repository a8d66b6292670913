"""The history of measured numbers: one table a processor, one column a run; what was measured stays.

The file is Markdown that people read and this module reads back: a heading names the processor and the
instructions in force, the table under it has a row for each thing measured and a column for each run, named
by its day, commit and release of PyTorch. A run adds a column to its own processor's table, or a table.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from engine.devices import trial_memory
from tests.bench.rows import Row

ROOT = Path(__file__).resolve().parents[2]
INTRODUCTION = """\
# Measured

By `python -m tests.bench --to docs/measured.md`, or with names of some benchmarks before `--to`. One table a
processor, with the instructions in force; one column a run: the day, the commit (+: and changes that were not
committed) and PyTorch. Medians, with least and most. A run adds a column and changes none. Numbers of one
column can be compared; those of two only as ratios, as a machine is not equally idle on two days.
"""
FIXED = ("what", "bar")
"""The columns before those of the runs."""


def added(text: str, place: str, run: str, rows: list[Row]) -> str:
    """The history with one more run in it.

    Args:
        text: the history so far; may be empty.
        place: processor and instructions, the heading of its table.
        run: the name of the column. Where the table has it already, what was measured again counts.
    """
    tables = _read(text)
    table = tables.setdefault(place, {})
    for row in rows:
        # A bar that was moved is told with the run that moved it: the column shows the newest.
        cells = table.setdefault(_plain(row.what), {})
        cells["bar"] = _bar(row)
        cells[run] = _measured(row)
    return INTRODUCTION + "".join(f"\n## {place}\n\n{_written(table)}" for place, table in tables.items())


def processor() -> str:
    """This machine's processor and the instructions in force, as a heading."""
    import torch

    name, flags = _model()
    capability = torch.backends.cpu.get_cpu_capability()
    held = os.environ.get("ONEDNN_MAX_CPU_ISA", "")
    has_more = "AVX512" in capability and not held
    extra = [word for flag, word in _EXTRAS.items() if has_more and flag in flags]
    parts = [name, f"{torch.get_num_threads()} threads", " + ".join([capability, *extra])]
    # Each library asks the processor by itself, and is held back by a word of its own.
    parts += [f"{word}={os.environ[word]}" for word in _HELD if os.environ.get(word)]
    if torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    return ", ".join(parts)


def now() -> str:
    """Day, commit and PyTorch, the name of a column."""
    import torch

    day = datetime.now(UTC).strftime("%Y-%m-%d")
    changed = "+" if _git("status", "--porcelain", "--untracked-files=no") else ""
    return f"{day} {_git('rev-parse', '--short', 'HEAD') or 'no commit'}{changed}, {torch.__version__}"


_HELD = ("ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS")

_EXTRAS = {"avx512_vnni": "VNNI", "avx512_bf16": "BF16", "amx_tile": "AMX"}
"""Flags of Linux for what decides between number formats, and the usual words for them."""


def _model() -> tuple[str, set[str]]:
    """The processor's name, and its flags where the system tells them."""
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip(), set()
    try:
        about = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        about = ""
    flags = re.search(r"^flags\s*: (.*)$", about, re.MULTILINE)
    return trial_memory.processor(), set(flags[1].split()) if flags else set()


def _git(*words: str) -> str:
    command = ["git", "-C", str(ROOT), *words]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no git here
        return ""


def _bar(row: Row) -> str:
    return "" if row.bar is None else f"{'≥' if row.least else '≤'} {row.bar:g} {row.unit}".strip()


def _measured(row: Row) -> str:
    span = "" if row.span is None else " ({:.3g} to {:.3g})".format(*row.span)
    said = f"{row.value:.3g} {row.unit}".strip() + span
    return said if row.cleared else f"{said} MISSED"


def _plain(what: str) -> str:
    """A row's name as it can stand in a table."""
    return what.replace("|", "∣").strip()


def _read(text: str) -> dict[str, dict[str, dict[str, str]]]:
    """Heading → row → column → cell, in the order of the file."""
    tables: dict[str, dict[str, dict[str, str]]] = {}
    columns: list[str] = []
    place = ""
    for line in text.splitlines():
        if line.startswith("## "):
            place, columns = line[3:].strip(), []
            tables[place] = {}
        elif place and line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
            if not columns:
                columns = cells
            elif not set("".join(cells)) <= set("-: "):
                tables[place][cells[0]] = dict(zip(columns[1:], cells[1:], strict=True))
    return tables


def _written(table: dict[str, dict[str, str]]) -> str:
    runs = dict.fromkeys(column for cells in table.values() for column in cells if column not in FIXED)
    columns = ["bar", *sorted(runs, key=lambda run: run[:10])]
    lines = [f"| what | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    lines += [
        f"| {what} | {' | '.join(cells.get(column, '') for column in columns)} |"
        for what, cells in table.items()
    ]
    return "\n".join(lines) + "\n"
