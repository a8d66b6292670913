"""Weights that are reordered once a model is warm: whole passes, and dabs of 32 pixels.

By oneDNN's own account, for each bundled model and a wide one, on every instruction set that there is.
Not a matter of time, so that a busy machine makes no difference.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from engine.models import catalogue
from tests.bench.rows import Row
from tests.engine.reorders import SETS, reordered


def run() -> list[Row]:
    """Count them."""
    models = {entry.name: str(entry.file) for entry in catalogue.entries() if entry.bundled}
    models["unet_256, 64 channels"] = "wide"
    rows = []
    with tempfile.TemporaryDirectory() as home:
        for name, model in models.items():
            for instructions in SETS:
                found = []
                for statistics in ("running", "image"):
                    for size in (256, 512):
                        found += reordered(model, statistics, size, instructions, Path(home))
                print(f"{name}, {instructions}: {found}", file=sys.stderr)
                what = f"weights reordered once warm, {name}, {instructions or 'every instruction'}"
                rows.append(Row(what, 0, len(found), ""))
    return rows
