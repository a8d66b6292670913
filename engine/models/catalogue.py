"""Which models there are: those that ship with the program and the user's own. Needs no torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import resources
from engine.data.card import Card
from engine.errors import ModelError
from engine.files.writing import first_free, stem
from engine.models import bundle


@dataclass(frozen=True)
class Entry:
    """One model file. A broken one has no ``card`` but a ``problem``, a sentence for the user."""

    name: str
    file: Path
    card: Card | None
    problem: str | None
    bundled: bool


def entries() -> list[Entry]:
    """All model files, bundled ones first, each group by name."""
    folders = ((resources.path("models"), True), (resources.home("models"), False))
    return [entry for folder, bundled in folders for entry in _in_folder(folder, bundled)]


def find(name_or_path: str | Path) -> Path:
    """The model file that a name (as listed, or the file's stem) or a path stands for; of a run folder, the
    newest model of that training.

    Raises:
        ModelError: there is none, or it is broken.
    """
    path = Path(os.path.expanduser(name_or_path))  # Path's own raises where the system knows no such user
    if os.path.isfile(path):
        return path
    if is_run(path):
        model = path / f"model{bundle.SUFFIX}"
        if not os.path.isfile(model):
            raise ModelError(f"The training in “{path}” has no model yet; let it go on for a while.")
        return model
    known = entries()
    wanted = str(name_or_path).casefold()
    for entry in known:
        if wanted in (entry.name.casefold(), entry.file.stem.casefold()):
            if entry.problem:
                raise ModelError(entry.problem)
            return entry.file
    if path.suffix == bundle.SUFFIX or len(path.parts) > 1:
        raise ModelError(
            f"There is no model in the folder “{path}”; choose a model file or the folder of a training."
            if os.path.isdir(path)
            else f"There is no model file “{path}”; check its name."
        )
    names = ", ".join(entry.name for entry in known if entry.problem is None)
    raise ModelError(f"There is no model “{name_or_path}”; known are {names or 'none'}.")


def is_run(folder: Path) -> bool:
    """Whether this is the folder of a training."""
    return os.path.isfile(folder / "config.json")


def free_model_file(name: str) -> Path:
    """A free file name for a model of that name in the user's model folder, which is made if missing.

    Raises:
        ModelError: the folder can't be made.
    """
    folder = resources.home("models")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise ModelError(
            f"The folder “{folder}” can't be made ({reason}); set UNDERPAINT_HOME to another one."
        ) from error
    first = stem(name, "model")
    return first_free(lambda ending: folder / f"{first}{ending}{bundle.SUFFIX}", Path.exists)


def _in_folder(folder: Path, bundled: bool) -> list[Entry]:
    try:
        files = [file for file in folder.iterdir() if file.suffix.lower() == bundle.SUFFIX]
    except OSError:  # no folder, no models
        return []
    listed = [_entry(file, bundled) for file in files if not file.name.startswith(".")]
    return sorted(listed, key=lambda entry: (entry.name.casefold(), entry.file.name))


def _entry(file: Path, bundled: bool) -> Entry:
    try:
        card = bundle.read_card(file)
    except ModelError as error:
        return Entry(file.stem, file, None, str(error), bundled)
    return Entry(card.name, file, card, None, bundled)


def described(entry: Entry) -> dict[str, Any]:
    """What ``underpaint models --json`` tells of a model."""
    card = entry.card
    return {
        "name": entry.name,
        "file": str(entry.file),
        "input": card.input if card else None,
        "size": list(card.size) if card else None,
        "hints": card.hints if card else None,
        "problem": entry.problem,
        "bundled": entry.bundled,
        "statistics": card.statistics if card else None,
        "task": card.task if card else None,
        "licence": card.licence if card else None,
        "styles": None
        if card is None or not card.style
        else {
            "length": card.style,
            "names": list(card.styles),
            "of_photos": card.style_encoder > 0,
        },
    }
