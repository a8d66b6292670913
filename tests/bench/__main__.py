"""Measure the promised numbers on this machine: ``make bench``, or ``ARGS="engine start"`` for some.

Every ``bench_NAME.py`` beside this file has one function ``run() -> list[Row]``. Each runs in a process
of its own, one after the other, so that none warms the caches or fills the memory of the next; their own
remarks go to stderr. Ends with 1 where a number misses its bar or a benchmark fails.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from engine.files.writing import replacing
from tests.bench import history
from tests.bench.rows import Row

HERE = Path(__file__).resolve().parent


def names() -> list[str]:
    """Of all benchmarks."""
    return sorted(file.stem.removeprefix("bench_") for file in HERE.glob("bench_*.py"))


def measure(name: str) -> list[Row] | None:
    """The rows of one benchmark, run in a new process; None where it failed."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "rows.json"
        command = [sys.executable, "-m", "tests.bench", "--answer", str(answer), name]
        done = subprocess.run(command, cwd=HERE.parent.parent, check=False)
        if done.returncode != 0 or not answer.exists():
            return None
        return [Row(*row) for row in json.loads(answer.read_text("utf-8"))]


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | bar | measured | |", "| --- | ---: | ---: | --- |"]
    for row in rows:
        bar = "" if row.bar is None else f"{'≥' if row.least else '≤'} {row.bar:g} {row.unit}"
        verdict = "" if row.bar is None else "kept" if row.cleared else "MISSED"
        span = "" if row.span is None else " ({:.3g} to {:.3g})".format(*row.span)
        lines.append(f"| {row.what} | {bar} | {row.value:.3g} {row.unit}{span} | {verdict} |")
    return "\n".join(lines)


def main() -> int:
    """Run the benchmarks named, or all; print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="measure the promised numbers")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which to run: {', '.join(names())}")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument(
        "--to", type=Path, metavar="FILE", help="add what is measured to the history there, which is kept"
    )
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)  # we are the new process
    wanted = parser.parse_args()
    unknown = [name for name in wanted.names if name not in names()]
    if unknown:
        parser.error(f"there is no benchmark “{unknown[0]}”; choose from {', '.join(names())}")

    if wanted.answer is not None:
        run = importlib.import_module(f"tests.bench.bench_{wanted.names[0]}").run
        wanted.answer.write_text(json.dumps(run()), "utf-8")
        return 0

    rows: list[Row] = []
    failed: list[str] = []
    for name in wanted.names or names():
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        measured = measure(name)
        if measured is None:
            failed.append(name)
        else:
            rows += measured
    place, run = history.processor(), history.now()
    if wanted.json:
        print(json.dumps({"processor": place, "run": run, "rows": [row._asdict() for row in rows]}))
    else:
        print(f"{place}; {run}\n\n{table(rows)}")
    if wanted.to is not None:
        before = wanted.to.read_text("utf-8") if wanted.to.exists() else ""
        with replacing(wanted.to) as part:
            part.write_text(history.added(before, place, run, rows), "utf-8")
    for name in failed:
        print(f"the benchmark “{name}” failed; the lines above say why", file=sys.stderr)
    return int(bool(failed) or not all(row.cleared for row in rows))


if __name__ == "__main__":
    sys.exit(main())
