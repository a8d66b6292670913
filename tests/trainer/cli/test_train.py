"""``underpaint train``: from what was written on the command line to the config of the run.

``configs.json`` was written by the command line when each option was still copied by hand. Whatever becomes
of the options, the same words go on making the same trainings.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.data.palette import Label, Palette, write_gpl
from engine.models import bundle
from tests.trainer.small_runs import houses, pictures, small, things
from trainer.__main__ import main
from trainer.machine.errors import TrainingError
from trainer.planning import estimate
from trainer.run import config as configs
from trainer.run.config import Config
from trainer.training.state import State

EXPECTED = Path(__file__).with_name("configs.json")

OF_THIS_MACHINE = ("data", "digest", "threads", "precision", "device")
"""Left out where a config has what nobody asked for: folders, cores and what is quick here."""

LINES = [
    "things",
    "things --task lines",
    "things --task grey --name “Grey”",
    "things --task small --size 64",
    "things --size 96x64 --width 8",
    "things --size 128×64 --network resnet",
    "things --network encoder_decoder --no-dropout --dropout",
    "things --no-dropout",
    "things --epochs 2.5",
    "things --sweeps 3 --batch 2",
    "things --steps 7",
    "things --minutes 0.5",
    "things --recipe paper",
    "things --recipe paper --batch 3 --ema 0.9 --differentiable --steps 2",
    "things --ema 0",
    "things --average 0.5",
    "things --average 0.5 --ema 0.25",
    "things --seed 12345 --validation 0.25",
    "things --validation 0",
    "things --patch 34 --upsampling resize --l1 10.5 --adversarial least¦squares --no-conditional",
    "things --adversarial none --conditional --learning-rate 0.001",
    "things --no-flip --recolour 0.75 --no-differentiable",
    "things --flip --recolour 0",
    "things --edges 0.85 --perceptual 15 --l1 40",
    "things --hints copies",
    "things --device cpu --precision bfloat16 --threads 3 --log-every 5 --checkpoint-every 50 --gently",
    "things --precision float32 --steps 1",
    "things --from {model} --norms kept",
    "things --from {model} --width 64 --name child",
    "things --pair alone",
    "houses --task labels",
    "houses --task labels --colour-labels",
    "houses --task labels --palette {palette}",
    "houses --task labels --ignore 10,20,30 --ignore 0,0,255",
    "houses --task labels --pair left+right",
    "houses --task labels --styles 8 --repaint 0.5",
    "houses --task image --swap",
    "pictures --task image",
    "pictures --task image --swap --pair day+night",
    "pictures --task image --pair night+day --recipe default",
]
"""Words after ``train``, the data set's folder first; “¦” is a space inside one word."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small data sets, a model to go on from, and a palette."""
    folder = tmp_path_factory.mktemp("options")
    data = things(folder / "things", 12)
    maps = houses(folder / "houses")
    pictures(folder / "pictures")
    parent = small(data, size=(64, 32))
    bundle.write(folder / "model.safetensors", parent.card(), State(parent).generator.state_dict())
    assert maps.palette is not None
    names = (Label(f"my {number}", label.colour) for number, label in enumerate(maps.palette.labels))
    write_gpl(Palette("mine", tuple(names)), folder / "palette.gpl")
    return folder


def planned(folder: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The config that the command line makes, as it goes into the trial that measures the speed here."""
    seen: list[Config] = []

    def trial(config: Config, *_: object) -> None:
        seen.append(config)
        raise TrainingError("That is all that is asked for.")

    data, *words = line.split(" ")
    known = {"model": folder / "model.safetensors", "palette": folder / "palette.gpl"}
    words = [word.format(**known).replace("¦", " ") for word in words]
    monkeypatch.setattr(estimate, "trial", trial)
    monkeypatch.setattr("trainer.machine.process_priority.behave", lambda _gently: None)  # it would stay
    monkeypatch.setattr(
        sys, "argv", ["trainer", "train", str(folder / data), "--run", str(folder / "run"), *words]
    )
    with pytest.raises(SystemExit):
        main()
    (config,) = seen
    return config


def told(config: Config, line: str, folder: Path) -> dict[str, Any]:
    """The config as JSON, without what another machine or folder changes."""
    fields: dict[str, Any] = json.loads(configs.to_json(config))
    for name in OF_THIS_MACHINE:
        if f"--{name}" not in line:
            del fields[name]
    fields["from_model"] = fields["from_model"].replace(str(folder), "{folder}")
    return fields


@pytest.mark.parametrize("line", LINES)
def test_the_same_words_make_the_same_config(
    line: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = json.loads(EXPECTED.read_text("utf-8"))
    usual = expected["things"]
    assert told(planned(folder, line, monkeypatch), line, folder) == {**usual, **expected[line]}
