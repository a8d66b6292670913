"""``underpaint styles``: seeds of a model that was trained before they stood for photos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner, Result

from engine.errors import ModelError
from engine.models import bundle
from engine.passes import opening
from tests.trainer.made_pictures import save, thing
from tests.trainer.small_runs import houses, small, trained
from trainer.__main__ import commands
from trainer.data import naming, pairs
from trainer.data.dataset import DataSet
from trainer.machine.errors import TrainingError
from trainer.training.state import State


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve things, in folders of two kinds."""
    for number in range(12):
        save(thing(number, 40), tmp_path / "photos" / ("suede", "patent")[number % 2] / f"{number}.png")
    return tmp_path / "photos"


def model(photos: Path, **changes: object) -> Path:
    """A model of these photos that has learnt nothing; its usual style is one that it was given."""
    config = small(pairs.find(photos, pattern="alone"), pair="alone", **changes)
    state = State(config)
    tensors = dict(state.generator.state_dict())
    if state.encoder is not None:
        tensors |= {bundle.STYLE_ENCODER + key: value for key, value in state.encoder.state_dict().items()}
    styles: dict[str, Any] = {"styles": {"mine": (1.0,) * 8}, "default_style": (0.5,) * 8}
    file = photos.parent / "model.safetensors"
    bundle.write(file, replace(config.card(), **(styles if config.style else {})), tensors)
    return file


def called(*words: Path | str | float) -> Result:
    return CliRunner().invoke(commands, ["styles", *map(str, words)])


def test_seeds_stand_for_photos_afterwards_and_folders_are_named_styles(photos: Path) -> None:
    file, to = model(photos, styles=8, style_encoder=4), photos.parent / "to.safetensors"
    result = called(file, photos, "--pair", "alone", "--to", to)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip().endswith(str(to))
    before, card = bundle.read_card(file), bundle.read_card(to)
    assert card.styles.keys() == {"mine", "suede", "patent"} and card.styles["mine"] == (1.0,) * 8
    assert len(card.seeded_styles) >= 8 and card.code(None) == card.code(0) == card.seeded_styles[0]
    assert replace(card, styles=before.styles, seeded_styles=(), default_style=before.default_style) == before
    generator = opening.open(to)
    read = [generator.style_of(pairs.load(pair)[1]) for pair in pairs.find(photos, pattern="alone").pairs]
    for code in card.seeded_styles[:4]:
        assert min(np.abs(np.array(code) - one).max() for one in read) < 0.05
    old, new = bundle.read(file)[1], bundle.read(to)[1]
    assert old.keys() == new.keys() and all(torch.equal(old[name], new[name]) for name in old)


def unlike_photos(file: Path, maps: DataSet) -> int:
    """How many of a model's seeds stand for no photo as it lies there."""
    generator = opening.open(file)
    read = [generator.style_of(photo) for photo in naming.of_all(maps)]
    seeds = generator.card.seeded_styles
    return sum(min(np.abs(np.array(code) - one).max() for one in read) > 0.05 for code in seeds)


def test_what_was_painted_anew_in_training_is_so_for_new_seeds_too(tmp_path: Path) -> None:
    maps = houses(tmp_path / "maps", 12)
    config = small(maps, steps=2, styles=8, style_encoder=4, repaint=0.5)
    file, to = trained(tmp_path / "run", maps, config).model, tmp_path / "to.safetensors"
    assert bundle.read_card(file).training["repaint"] == 0.5
    result = called(file, maps.folder, "--to", to)
    assert result.exit_code == 0, result.output
    assert "photographs, 50% with “label 1” painted anew." in result.stderr
    assert unlike_photos(to, maps) >= 2
    plain = called(file, maps.folder, "--to", to, "--repaint", 0)
    assert "painted anew" not in plain.stderr and unlike_photos(to, maps) == 0
    # Older models don't say that they learnt so; it can be asked for.
    older = small(maps, steps=2, styles=8, style_encoder=4)
    file = trained(tmp_path / "older", maps, older).model
    assert called(file, maps.folder, "--to", to).exit_code == 0 and unlike_photos(to, maps) == 0
    result = called(file, maps.folder, "--to", to, "--repaint", 0.5)
    assert "50% with “label 1” painted anew" in result.stderr and unlike_photos(to, maps) >= 2


def test_only_of_label_maps_something_is_painted_anew(photos: Path) -> None:
    file, to = model(photos, styles=8, style_encoder=4), photos.parent / "to.safetensors"
    result = called(file, photos, "--pair", "alone", "--to", to, "--repaint", 0.5)
    assert isinstance(result.exception, TrainingError) and not to.exists()
    assert str(result.exception).endswith("leave --repaint out.")


def test_what_is_wrong_is_a_sentence_and_nothing_is_written(photos: Path) -> None:
    to = photos.parent / "to.safetensors"
    plain = called(model(photos), photos, "--pair", "alone", "--to", to)
    assert isinstance(plain.exception, ModelError)
    assert "can't read styles of photos; train one with --styles" in str(plain.exception)
    file = model(photos, styles=8, style_encoder=4)
    for photo in sorted(photos.rglob("*.png"))[3:]:
        photo.unlink()
    few = called(file, photos, "--pair", "alone", "--to", to)
    assert isinstance(few.exception, TrainingError)
    assert str(few.exception) == "“photos” has 3 photographs; a choice of styles takes 8. Give more."
    wrong = called(file, photos, "--to", photos.parent / "to.pth")
    assert wrong.exit_code == 2 and "ends in .safetensors" in wrong.output
    assert not to.exists() and not to.with_suffix(".pth").exists()
