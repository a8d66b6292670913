"""The command line's options: those of a training, made from ``trainer.run.options``, and what several
commands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.errors import UnderpaintError
from engine.files.writing import shown, try_file, try_folder
from trainer.run import options
from trainer.run.options import DATA, IGNORE, PAIR, Option, OptionError, Options

DataFolder = Annotated[Path, typer.Argument(help=DATA, metavar="DATA")]
Pair = Annotated[str, typer.Option(help=PAIR, metavar="ONE+OTHER")]
Ignore = Annotated[list[str] | None, typer.Option(help=IGNORE, metavar="R,G,B")]
OutOption = Annotated[Path | None, typer.Option("--out", help="The same as OUT; give one of both.")]


def one_out(out: Path | None, by_option: Path | None) -> Path:
    """The folder that a command is to write into, which is said as OUT or by ``--out``.

    Raises:
        typer.BadParameter: it is said in both ways, or in none.
    """
    if out is not None and by_option is not None:
        raise typer.BadParameter("the folder is given as OUT already; give it once", param_hint="--out")
    if (folder := out or by_option) is None:
        raise typer.BadParameter("say which folder, as OUT or by --out", param_hint="OUT")
    return folder


def refuse_unwritable(*files: Path | None, folders: Sequence[Path | None] = (), made: bool = False) -> None:
    """Make sure before the work that its results can be written; what is None is not asked for.

    Args:
        files: those that will be written.
        folders: those into which files will be written; they are made if they are missing.
        made: the folders of ``files`` are, too.

    Raises:
        UnderpaintError: one can't be.
    """
    for place, is_folder in [*((it, False) for it in files), *((it, True) for it in folders)]:
        if place is None:
            continue
        try:
            try_folder(place) if is_folder else try_file(place, in_new_folder=made)
        except OSError as error:
            text = f"“{shown(place)}” can't be written ({error.strerror or error}); choose another place."
            raise UnderpaintError(text) from error


@contextmanager
def refusing() -> Iterator[None]:
    """Turns an option that can't be into wrong usage, which has an exit code of its own."""
    try:
        yield
    except OptionError as error:
        raise typer.BadParameter(str(error), param_hint=error.flag) from error


def asked(command: Callable[[Options], None]) -> Callable[..., None]:
    """A command of ``Options``, as typer takes it: with a parameter for each option, explained as it says."""

    def called(**words: Any) -> None:
        with refusing():
            wanted = options_of(words)
        command(wanted)

    called.__name__, called.__doc__ = command.__name__, command.__doc__
    vars(called)["__signature__"] = inspect.Signature(list(_parameters()))
    return called


def options_of(words: Mapping[str, Any]) -> Options:
    """The options of what the command line was given, by the parameters' names.

    Raises:
        OptionError: they contradict each other, or one makes no sense.
    """
    values = {}
    for option in options.each():
        value = words[option.name]
        formerly = words.get(option.about.formerly)
        if option.name in options.HOW_LONG:
            options.one_of(**{option.name: value, option.about.formerly: formerly})
        if value is None:
            value = formerly
        values[option.name] = option.read(value)
    return Options(**values)


def _parameters() -> Iterator[inspect.Parameter]:
    for option in options.each():
        yield _parameter(option.name, option, _shown(option))
        if option.about.formerly:
            flag = f"--{option.about.formerly.replace('_', '-')}"
            yield _parameter(option.about.formerly, option, _shown(option, (flag,), hidden=True))


def _parameter(name: str, option: Option, shown: Any) -> inspect.Parameter:
    kind = option.kind
    if option.about.read:  # a word until it is read
        kind = list[str] if option.is_several else str
    is_optional = option.default is None or option.is_several
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty
        if option.default is MISSING
        else None
        if is_optional
        else option.default,
        annotation=Annotated[kind | None if is_optional else kind, shown],
    )


def _shown(option: Option, flags: tuple[str, ...] = (), hidden: bool = False) -> Any:
    about = option.about
    if option.default is MISSING:
        return typer.Argument(help=about.help, metavar=about.metavar)
    flag = option.flags[0]
    usual = (f"{flag}/--no-{flag.removeprefix('--')}",) if about.has_no else option.flags
    return typer.Option(
        *(flags or usual),
        help=about.help,
        min=about.least,
        max=about.most,
        metavar=about.metavar,
        hidden=hidden,
    )
