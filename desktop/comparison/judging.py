"""Models judged by a validation folder: by the command `underpaint compare`, as a process of its own.

Judging needs torch, which the window does without.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from desktop.support import background
from desktop.support.file_work import Cancelled, Job
from engine.errors import PictureError
from trainer.comparison.table import Judged, from_fields

MOST_BYTES = 16 << 20
_PERCEPTUAL_PAIRS = 40
"""Pairs of each model that a trained eye looks at."""


@dataclass(frozen=True)
class Table:
    """What was found of the models, in their order."""

    folder: Path
    judged: tuple[Judged, ...]
    meanings: dict[str, str]
    """What each measure says, in words."""


def judge(files: Sequence[Path], folder: Path, job: Job, *, eye: bool) -> Table:
    """Judge models by a folder of pairs. Slow; on a thread.

    Args:
        files: the models.
        folder: of pairs.
        job: is told how far it is; where nobody wants it any more, the process is ended.
        eye: whether a trained eye looks as well, half a minute a model and more.

    Raises:
        PictureError: they can't be judged by it.
        Cancelled: nobody wants it any more.
    """
    with tempfile.TemporaryDirectory(prefix="underpaint-") as name:
        table, progress_file = Path(name, "table.json"), Path(name, "progress")

        def given_up() -> bool:
            with suppress(OSError, ValueError):
                done, total = map(int, progress_file.read_text("ascii").split())
                with suppress(Cancelled):
                    job.progress(done, total)
            return job.is_cancelled

        words = ["compare", *map(str, files), "--data", str(folder), "--table", str(table)]
        wrong = background.done(
            [
                *words,
                "--progress-file",
                str(progress_file),
                "--perceptual-pairs",
                str(_PERCEPTUAL_PAIRS if eye else 0),
            ],
            given_up,
        )
        if job.is_cancelled:
            raise Cancelled
        if wrong:
            raise PictureError(wrong)
        return _read(table, folder, len(files))


def _read(file: Path, folder: Path, count: int) -> Table:
    with suppress(OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        if file.stat().st_size <= MOST_BYTES:
            fields = json.loads(file.read_text("utf-8"))
            judged = from_fields(fields)
            if len(judged) == count:
                meanings = {str(name): str(text) for name, text in fields["meanings"].items()}
                return Table(folder, judged, meanings)
    text = QCoreApplication.translate("Comparison", "What was measured did not arrive; try it again.")
    raise PictureError(text)
