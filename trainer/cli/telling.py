"""What the terminal is told that is no result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from trainer.data.pairs import DataSet


def say(sentence: str) -> None:
    """Tell the user something that is no result."""
    typer.echo(sentence, err=True)


def tell(data: DataSet) -> None:
    """Say what was recognised."""
    say(data.summary)
    for note in data.notes:
        say(note)
