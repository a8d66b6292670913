"""Models put aside: out of every list, in a folder beside the others, to be brought back. None is deleted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import resources
from engine.errors import ModelError
from engine.files.writing import first_free, shown
from engine.models.bundle import SUFFIX

FOLDER = "put aside"
"""In the folder of the user's models; what is in it is not listed."""


def folder() -> Path:
    """Where models lie that are put aside; it need not be there."""
    return resources.home("models", FOLDER)


def there() -> tuple[Path, ...]:
    """The models that are put aside, by name."""
    try:
        return tuple(sorted(file for file in folder().iterdir() if file.suffix.lower() == SUFFIX))
    except OSError:  # no folder, none put aside
        return ()


def put(files: Sequence[Path]) -> None:
    """Put models aside: all of them, or, where one can't be, none.

    Raises:
        ModelError: one can't be moved.
    """
    _move(files, folder())


def bring_back(files: Sequence[Path]) -> None:
    """Put models among the others again: all of them, or none. One whose name is taken now gets a number.

    Raises:
        ModelError: one can't be moved.
    """
    _move(files, resources.home("models"))


def _move(files: Sequence[Path], to: Path) -> None:
    moved: list[tuple[Path, Path]] = []
    try:
        to.mkdir(parents=True, exist_ok=True)
        for file in files:
            target = _free(to, file)
            os.rename(file, target)
            moved.append((file, target))
    except OSError as error:
        for file, target in reversed(moved):
            with suppress(OSError):
                os.rename(target, file)
        name = shown(Path(error.filename or to).name)
        text = f"“{name}” can't be moved ({error.strerror or error}); all models are where they were."
        raise ModelError(text) from error


def _free(to: Path, file: Path) -> Path:
    return first_free(lambda ending: to / f"{file.stem}{ending}{file.suffix}", os.path.lexists)
