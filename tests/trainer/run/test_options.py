from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import typer

from trainer.__main__ import commands
from trainer.cli.options import options_of
from trainer.planning.plan import AS_ASKED, DECIDED
from trainer.run import options
from trainer.run.config import Config
from trainer.run.options import OptionError, Options

OTHERS: dict[str, Any] = {
    "data": Path("-pictures"),
    "run": Path("/runs/one"),
    "task": "grey",
    "swap": True,
    "pair": "-a+*",
    "ignore": ((1, 2, 3), (255, 0, 9)),
    "name": "--name, “as it is”",
    "size": (96, 64),
    "width": 8,
    "epochs": 2.5,
    "steps": 7,
    "minutes": 0.1 + 0.2,
    "recipe": "paper",
    "batch": 3,
    "seed": 2**63 - 1,
    "from_model": "x y",
    "levels": 7,
    "network": "resnet",
    "dropout": False,
    "patch": 34,
    "upsampling": "resize",
    "norms": "kept",
    "l1": 0.0,
    "perceptual": 15.0,
    "feature_matching": 10.0,
    "stripes": 100.0,
    "lattice": 200.0,
    "discriminators": 2,
    "discriminator_first": 2,
    "styles": 8,
    "style_recipe": "diversity",
    "kl": 0.1,
    "latent": 2.5,
    "diversity": 0.0,
    "repaint": 0.5,
    "edges": 0.85,
    "hinting": "copies",
    "adversarial": "least squares",
    "conditional": False,
    "learning_rate": 1e-5,
    "inherited_rate": 0.25,
    "ema": 0.0,
    "flip": True,
    "recolour": 0.5,
    "differentiable": False,
    "validation": 0.5,
    "palette": Path("my palette.gpl"),
    "colour_labels": True,
    "device": "cpu",
    "precision": "bfloat16",
    "threads": 3,
    "log_every": 1,
    "checkpoint_every": 2,
    "gently": True,
}
"""Another value than the usual one for each option."""


def understood(words: list[str]) -> Options:
    """What the command line makes of words."""
    command, *rest = words
    group: Any = typer.main.get_command(commands)  # its type is that of the click which typer brings
    with group.commands[command].make_context(command, rest) as context:
        return options_of(context.params)


@pytest.mark.parametrize("name", OTHERS)
def test_each_option_is_written_as_the_command_line_reads_it(name: str) -> None:
    wanted = replace(Options(Path("pictures")), **{name: OTHERS[name]})
    assert wanted != Options(Path("pictures"))
    assert understood(wanted.words()) == wanted


def test_all_options_together_are_read_again() -> None:
    assert OTHERS.keys() == {option.name for option in options.each()}
    wanted = Options(**{**OTHERS, "epochs": None, "steps": None})
    assert understood(wanted.words()) == wanted


def test_what_is_usual_is_not_written() -> None:
    assert Options(Path("pictures")).words() == ["train", "pictures"]


def test_names_of_older_versions_are_read() -> None:
    wanted = understood(["train", "pictures", "--sweeps", "3", "--average", "0.5"])
    assert (wanted.epochs, wanted.ema) == (3.0, 0.5)
    assert not {"--sweeps", "--average"} & set(wanted.words())


@pytest.mark.parametrize(
    ("changes", "flag", "says"),
    [
        ({"width": 3}, "--width", "--width must be between 4 and 256; 3 is not."),
        ({"batch": 0}, "--batch", "--batch must be at least 1; 0 is not."),
        ({"minutes": float("nan")}, "--minutes", "must be between 0.01 and"),
        ({"l1": float("inf")}, "--l1", "must be at least 0"),
        ({"recipe": "secret"}, "--recipe", "There is no recipe “secret”; use default or paper."),
        ({"task": "music"}, "--task", "There is no task “music”"),
        ({"steps": 3, "epochs": 2.0}, "--steps", "--epochs and --steps contradict each other; use one."),
    ],
)
def test_what_makes_no_sense_is_a_sentence(changes: dict[str, Any], flag: str, says: str) -> None:
    with pytest.raises(OptionError) as refused:
        Options(Path("pictures"), **changes)
    assert says in str(refused.value) and refused.value.flag == flag


def test_options_taken_as_they_are_bear_the_names_of_settings() -> None:
    settings = {field.name for field in fields(Config)}
    assert settings & {option.name for option in options.each()} >= DECIDED
    assert {getattr(Options(Path("pictures")), name) for name in AS_ASKED} == {None}, "the recipe decides"
