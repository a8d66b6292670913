"""What is printed on the terminal beside results: messages and paths."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from engine.files.writing import shown

if TYPE_CHECKING:
    from trainer.data.pairs import DataSet


def say(sentence: str) -> None:
    """Tell the user something that is no result."""
    typer.echo(shown(sentence), err=True)


def print_path(file: Path) -> None:
    """Tell where something is, byte for byte: scripts go on with it."""
    typer.echo(os.fsencode(file) if os.name == "posix" else shown(file))


def report_data_set(data: DataSet) -> None:
    """Say what was recognised."""
    say(data.summary)
    for note in data.notes:
        say(note)
