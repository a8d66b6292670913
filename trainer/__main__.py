"""The trainer's command line: ``python -m trainer train …``, or ``underpaint train …``, which forwards here.

Results go to stdout, progress and errors to stderr. Exit codes: 0 done, 1 something failed or there are
errors in a data set, 2 wrong usage, 3 the data set of a run is another one by now. Each command is a module
of ``trainer.cli`` or ``trainer.commands``, and whatever takes time to import is imported inside it, when it
is called.
"""

from __future__ import annotations

import sys

import typer

from engine.errors import UnderpaintError
from resources import NoHomeError
from trainer.cli.check import check
from trainer.cli.evaluate import evaluate
from trainer.cli.export import export
from trainer.cli.messages import say
from trainer.cli.pairs import pairs
from trainer.cli.resume import resume
from trainer.cli.train import train
from trainer.cli.window import drafts, edges
from trainer.commands.queue import queue
from trainer.commands.styles import styles
from trainer.preparing.command import prepare

commands = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
for _command in (train, resume, check, prepare, pairs, evaluate, styles, export):
    commands.command()(_command)
for _command in (edges, drafts):
    commands.command(hidden=True)(_command)  # the window's alone
commands.add_typer(queue)


def main() -> None:
    """What ``python -m trainer`` runs."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # names may hold what a console can't show
    try:
        commands(prog_name="python -m trainer")
    except (UnderpaintError, NoHomeError) as error:
        say(str(error))
        sys.exit(getattr(error, "exit_code", 1))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
