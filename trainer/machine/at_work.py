"""Which trainings of this user are at work now: two that share the processor each take twice as long.

Each notes itself in a folder beside the runs, in a file that it holds as long as it lives; so the end of a
process, whatever its cause, takes its note back. The queue waits while another training is there
(``trainer.queue``); whoever starts one singly is told, and goes first.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import resources
from engine.files import lock
from resources import NoHomeError

MOST_BYTES = 64 << 10
"""Of a note; a path is shorter."""
FRESH_SECONDS = 60
"""A note that nobody holds is one of a process that is no more, unless it has just been made."""


@contextmanager
def noted(run: Path | None) -> Iterator[None]:
    """Note inside the block that this process trains. A folder that can't be written costs only that.

    Args:
        run: its run folder, where that is known already.
    """
    try:
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
    except (OSError, NoHomeError):
        yield
        return
    with os.fdopen(descriptor, "wb", buffering=0) as file:
        lock.hold(file)
        with suppress(OSError):  # a full disk
            file.write(json.dumps(str(run.absolute()) if run else "").encode("ascii"))
        try:
            yield
        finally:
            file.close()  # elsewhere than on Linux what is open can't be removed
            with suppress(OSError):
                os.unlink(name)


def others(but: Path | None = None) -> list[Path | None]:
    """The run folders of the trainings at work, None for those that have none yet.

    Args:
        but: a run folder that doesn't count.
    """
    found: list[Path | None] = [Path(written) if written else None for written in _notes()]
    # Of a program that makes no notes, or where none could be made.
    found += [run for run in _runs() if run not in found and lock.is_held(run / "lock")]
    return [run for run in found if run is None or but is None or run != but.absolute()]


def remark(run: Path | None) -> str:
    """What somebody who is about to train in ``run`` should know of others; nothing where there are none."""
    there = others(run)
    if not there:
        return ""
    name = next((f"“{other.name}”" for other in there if other is not None), "Another model")
    return (
        f"{name} is being trained on this machine too; beside each other both take longer, unless it is one "
        "of the queue, which stands back."
    )


def _notes() -> list[str]:
    """What stands in the notes that somebody holds; those left behind are cleared away."""
    try:
        entries = list(os.scandir(_folder()))
    except (OSError, NoHomeError):  # nobody has trained yet
        return []
    held = []
    for entry in entries:
        path = Path(entry.path)
        with suppress(OSError):
            if lock.is_held(path):
                written = _read(path)
                if written is not None:
                    held.append(written)
            elif time.time() - entry.stat().st_mtime > FRESH_SECONDS:
                path.unlink()
    return held


def _read(path: Path) -> str | None:
    """The path in a note, which may be empty; None while it is not written yet."""
    try:
        with path.open("rb") as file:
            written = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return written if isinstance(written, str) else None


def _runs() -> list[Path]:
    """The run folders that lie where runs usually do."""
    try:
        return [run for run in resources.home("runs").iterdir() if (run / "lock").is_file()]
    except (OSError, NoHomeError):
        return []


def _folder() -> Path:
    return resources.home("runs", ".at work")
