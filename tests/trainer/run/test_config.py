from __future__ import annotations

import dataclasses
import itertools
import json
from dataclasses import replace
from typing import Any

import pytest

from engine.data.palette import Palette
from engine.planes import codec
from tests.trainer.made_pictures import HOUSES
from trainer.data.pairs import TASKS, Task
from trainer.machine.errors import TrainingError
from trainer.run import config as configs
from trainer.run.config import Config, from_json, to_json
from trainer.run.fitting import depth, input_planes

NETWORK = {"levels": 5, "width": 4, "inputs": 5, "outputs": 3, "norm": "batch", "dropout": True}
CONFIG = Config(name="a", data="b", digest="c", pairs=10, task="hints", network=NETWORK, steps=100)


@pytest.mark.parametrize("palette", [None, HOUSES])
def test_config_survives_its_file(palette: Palette | None) -> None:
    config = replace(CONFIG, task="labels", palette=palette, size=(320, 64), minutes=1.5)
    assert from_json(to_json(config)) == config


def test_config_of_a_run_from_before_there_were_early_validations_has_none() -> None:
    fields = json.loads(to_json(CONFIG))
    del fields["first_validation"]
    config = from_json(json.dumps(fields))
    assert config == CONFIG
    assert [step for step in range(1, 101) if config.validates_at(step)] == [100]


def test_config_of_a_run_from_before_there_were_wishes_has_copies() -> None:
    fields = json.loads(to_json(replace(CONFIG, hinting="wishes")))
    assert from_json(json.dumps(fields)).augment().drawing.hinting == "wishes"
    del fields["hinting"]
    assert from_json(json.dumps(fields)).augment().drawing.hinting == "copies"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "x"}', "[" * 100_000, to_json(CONFIG)[:-9]])
def test_damaged_config_is_a_sentence(text: str) -> None:
    with pytest.raises(TrainingError, match="damaged"):
        from_json(text)


def test_newer_config_is_refused() -> None:
    text = json.dumps({**json.loads(to_json(CONFIG)), "format": configs.FORMAT + 1})
    with pytest.raises(TrainingError, match="newer Underpaint"):
        from_json(text)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"task": "poetry"}, "“poetry” is unknown"),
        ({"size": (16, 256)}, "between 32 and 2048"),
        ({"recipe": "secret"}, "recipe “secret”"),
        ({"adversarial": "shouting"}, "“shouting”"),
        ({"upsampling": "stretched"}, "“stretched”"),
        ({"upsampling": "resize", "kind": "resnet"}, "resnet has no decoder"),
        ({"recolour": 1.5}, "other colours"),
        ({"repaint": -0.5}, "other colours"),
        ({"repaint": 0.5}, "leave --repaint out"),
        ({"repaint": 0.5, "palette": HOUSES, "repainted": 7}, "leave --repaint out"),
        ({"repaint": 0.5, "palette": HOUSES, "repainted": 1, "network": {"levels": 5}}, "add --styles 8"),
        ({"norms": "kept"}, "a model to begin from"),
        ({"l1": 0.0, "adversarial": "none"}, "nothing is learnt"),
        ({"l1": -1.0}, "negative"),
        ({"perceptual": -1.0}, "perceptual loss can't be negative"),
        ({"feature_matching": -1.0}, "feature matching can't be negative"),
        ({"stripes": -1.0}, "stripes and lattices can't be negative"),
        ({"lattice": -1.0}, "stripes and lattices can't be negative"),
        ({"lattice": 200.0, "size": (47, 64)}, "lattices need 48 pixels; take a larger size"),
        ({"feature_matching": 1.0, "adversarial": "none"}, "feature matching needs a discriminator"),
        ({"discriminator_first": -1}, "ahead by some steps"),
        ({"discriminator_first": 10, "steps": 10}, "not by all"),
        ({"discriminator_first": 1, "adversarial": "none"}, "ahead needs an adversarial"),
        ({"discriminators": 2, "adversarial": "none"}, "two discriminators need"),
        ({"discriminators": 0}, "one discriminator, or two"),
        ({"discriminators": 10**20}, "one discriminator, or two"),
        (
            {"patch": 142, "size": (256, 47)},
            "a discriminator of patches of 142 pixels can't judge pictures of less than 48",
        ),
        (
            {"discriminators": 2, "size": (47, 256)},
            "two discriminators of patches of 70 pixels can't judge pictures of less than 48",
        ),
        ({"steps": 0}, "at least one step"),
        ({"batch": 0}, "at least one picture"),
        ({"learning_rate": 0.0}, "learning rate"),
        ({"betas": (0.5, 1.0)}, "betas"),
        ({"ema": 1.0}, "the EMA"),
        ({"decay_from": 1.5}, "fall after"),
        ({"validation": 0.9}, "validation share"),
        ({"jitter": 0.5}, "jitter"),
        ({"zoom": 0.9}, "zoom"),
        ({"rotation": 90.0}, "45 degrees"),
        ({"processes": 3}, "evenly"),
        ({"threads": 0}, "1 to 1024 threads"),
        ({"threads": 5000}, "1 to 1024 threads"),
        ({"first_validation": -1}, "first validation"),
        ({"log_every": 0}, "events"),
        ({"checkpoint_every": -1}, "checkpoints"),
        ({"sample_every": 0}, "samples"),
        ({"one_hot": True}, "palette"),
        ({"seed": -1}, "the seed"),
        ({"seed": 10**20}, "the seed"),
        ({"steps": 10**30}, "at most"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], says: str) -> None:
    configs.check(CONFIG)
    with pytest.raises(TrainingError, match=says):
        configs.check(replace(CONFIG, **wrong))


@pytest.mark.parametrize(
    ("size", "levels"),
    [
        ((32, 32), 5),
        ((64, 64), 6),
        ((128, 128), 7),
        ((256, 256), 8),
        ((512, 512), 9),
        ((2048, 2048), 9),
        ((384, 256), 7),  # 8 levels would pad 384 to 512
        ((255, 256), 8),
        ((300, 200), 5),
    ],
)
def test_depth_follows_the_size(size: tuple[int, int], levels: int) -> None:
    assert depth(size) == levels


def test_learning_rate_is_constant_then_falls_to_nearly_nothing() -> None:
    rates = [CONFIG.learning_rate_at(step) for step in range(100)]
    assert rates[:50] == [2e-4] * 50
    falling = rates[50:]
    drops = {round(one - other, 12) for one, other in itertools.pairwise(falling)}
    assert len(drops) == 1
    assert 0 < rates[-1] < 2e-4 / 25


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("one_hot", [False, True])
def test_card_of_every_task_agrees_with_its_network(task: Task, one_hot: bool) -> None:
    one_hot = one_hot and task == "labels"
    inputs = input_planes(task, HOUSES, one_hot)
    config = replace(
        CONFIG, task=task, palette=HOUSES, one_hot=one_hot, network={**NETWORK, "inputs": inputs}
    )
    card = config.card()
    codec.check(card)
    assert card.input == config.input
    assert (card.palette is not None) == (task in ("labels", "image"))
    assert (card.line_width is not None) == (task in ("lines", "hints"))


@pytest.mark.parametrize(
    "value", ["4", None, [], {}, -1, 1.5, True, [1, 2], [1.5, "b"], [[1]], 10**30, float("inf")], ids=str
)
def test_any_setting_of_a_wrong_sort_is_a_sentence(value: Any) -> None:
    for entry in dataclasses.fields(Config):
        text = json.dumps({**json.loads(to_json(CONFIG)), entry.name: value})
        config = read_or_refused(text)
        if isinstance(config, TrainingError):
            assert "\n" not in str(config)
            continue
        assert type(getattr(config, entry.name)) in (type(value), type(getattr(CONFIG, entry.name)))
        assert config.card() is not None
        assert config.learning_rate_at(0) > 0


def read_or_refused(text: str) -> Config | TrainingError:
    """What becomes of a config.json; anything else that is raised is a fault."""
    try:
        return from_json(text)
    except TrainingError as error:
        return error


@pytest.mark.parametrize(
    "palette",
    [
        {},
        {"name": "a", "labels": []},
        {"name": "a", "labels": [["b", [0, 0]]]},
        {"name": "a", "labels": [["b", [0, 0, 256]]]},
        {"name": "a", "labels": [["b", ["0", 0, 0]]]},
        {"name": "a", "labels": [["b", [0, 0, 0]]] * 257},
    ],
    ids=range(6),
)
def test_damaged_palette_is_a_sentence(palette: dict[str, Any]) -> None:
    with pytest.raises(TrainingError, match="damaged"):
        from_json(json.dumps({**json.loads(to_json(CONFIG)), "palette": palette}))
