from __future__ import annotations

import hashlib
import itertools
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from engine import networks
from engine.data import card as cards
from engine.data.amounts import duration
from engine.data.palette import Label, Palette
from engine.errors import DeviceError, ModelError
from engine.models import bundle
from tests.trainer.made_pictures import HOUSES, save, thing
from tests.trainer.small_runs import copied, houses, pictures, small, things, trained
from trainer.cli import train as command
from trainer.data import pairs
from trainer.data.pairs import DataSet
from trainer.data.split import train_validation_split
from trainer.machine import memory
from trainer.machine.errors import TrainingError
from trainer.pictures import sketch
from trainer.planning import plan
from trainer.planning.estimate import Estimate, trial
from trainer.planning.plan import make_config, with_step_count
from trainer.run import config as configs
from trainer.run import options
from trainer.run.config import from_json, to_json
from trainer.run.options import Options, Recipe
from trainer.training.state import State


def options_with(**options: Any) -> Options:
    return Options(Path("pictures"), **options)


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    return things(tmp_path / "data", 12)


def test_default_recipe_averages_and_paper_does_not(data: DataSet) -> None:
    default, paper = make_config(data, options_with()), make_config(data, options_with(recipe="paper"))
    assert (default.batch, default.ema, default.minutes) == (4, 0.999, plan.DEFAULT_MINUTES)
    assert default.differentiable  # few pairs
    assert (paper.batch, paper.ema, paper.differentiable) == (1, 0.0, False)
    assert (paper.rotation, paper.zoom, paper.roam, paper.jitter) == (0.0, 0.0, False, 286 / 256)
    assert paper.epochs == pytest.approx(200)
    assert (paper.l1, paper.learning_rate, paper.betas, paper.patch) == (100.0, 2e-4, (0.5, 0.999), 70)


def test_no_option_is_accepted_and_forgotten() -> None:
    """Each goes into the config as it is, or is asked for by name where it is made, or by the command."""
    readers = "".join(Path(module.__file__ or "").read_text("utf-8") for module in (plan, command))
    named = {option.name for option in options.each() if f"options.{option.name}" in readers}
    forgotten = {option.name for option in options.each()} - named - set(plan.AS_ASKED)
    assert forgotten == set()


def test_hints_are_wishes_unless_copies_are_asked_for(data: DataSet) -> None:
    for recipe in get_args(Recipe):
        assert make_config(data, options_with(recipe=recipe)).hinting == "wishes"
    assert make_config(data, options_with(hinting="copies")).hinting == "copies"
    with pytest.raises(TrainingError, match="wishes or copies, not “commands”"):
        make_config(data, options_with(hinting="commands"))


def test_options_outweigh_the_recipe(data: DataSet) -> None:
    config = make_config(data, options_with(recipe="paper", batch=3, epochs=2, ema=0.9, seed=7, flip=None))
    assert (config.batch, config.ema, config.seed, config.flip) == (3, 0.9, 7, True)
    assert config.steps == round(2 * config.pairs / 3)


def test_network_suits_size_and_task(data: DataSet) -> None:
    config = make_config(data, options_with(size=(128, 64), width=16, steps=1))
    assert config.network == {
        **{"levels": 6, "width": 16, "inputs": 5, "outputs": 3, "norm": "batch", "dropout": True}
    }
    assert make_config(data, options_with(size=(128, 64), steps=1, network="resnet")).network["blocks"] == 9
    with pytest.raises(ModelError, match="paints no pictures; use encoder_decoder, resnet or unet"):
        make_config(data, options_with(network="patchgan"))


def test_a_kind_of_network_is_one_module(
    data: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "from engine.networks.resnet import DEFAULTS, NETWORK, SETTINGS\n\nNEW = {'blocks': 6}\n"
    (tmp_path / "own_network.py").write_text(module)
    monkeypatch.setattr(networks, "__path__", [*networks.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "engine.networks.own_network", raising=False)
    config = make_config(data, options_with(size=(64, 64), steps=1, width=8, network="own_network"))
    assert config.kind == "own_network"
    assert config.network == {
        **{"blocks": 6, "width": 8, "inputs": 5, "outputs": 3, "norm": "batch", "dropout": True}
    }
    assert networks.build(config.kind, **config.network).least == 8


def test_a_model_that_nobody_could_open_is_not_trained(tmp_path: Path) -> None:
    """What cards refuse is refused before the first step, not after the last."""
    colours = [(number, number // 2, 255 - number) for number in range(129)]
    palette = Palette(
        "many", tuple(Label(f"label {number}", colour) for number, colour in enumerate(colours))
    )
    data = replace(houses(tmp_path / "data", 2), palette=palette)
    with pytest.raises(TrainingError, match=r"2048 × 2048 pixels .* each of 129 labels would be too large"):
        make_config(data, options_with(size=(2048, 2048)))
    with pytest.raises(
        TrainingError, match=r"2048 × 512 pixels .* choose a smaller size, fewer labels, or --c"
    ):
        make_config(data, options_with(size=(2048, 512)))
    for fine in (options_with(size=(2048, 512), colour_labels=True), options_with(size=(1024, 1024))):
        card = make_config(data, fine).card()
        assert cards.from_json(cards.to_json(card)) == card
    fewer = replace(data, palette=replace(palette, labels=palette.labels[:128]))
    card = make_config(fewer, options_with(size=(2048, 2048))).card()
    assert cards.from_json(cards.to_json(card)) == card
    with pytest.raises(TrainingError, match="a model's name has up to 1000 characters"):
        make_config(data, options_with(name="n" * 1001))


def test_labels_are_one_hot_but_for_parents_that_are_not(tmp_path: Path) -> None:
    data = houses(tmp_path / "data")
    config = small(data)
    assert config.one_hot
    assert config.palette is not None
    assert config.network["inputs"] == len(config.palette.labels)
    coloured = small(data, colour_labels=True)
    model = tmp_path / "coloured.safetensors"
    bundle.write(model, coloured.card(), State(coloured).generator.state_dict())
    child = small(data, from_model=str(model), size=None)
    assert not child.one_hot
    assert child.network == coloured.network
    assert child.size == coloured.size


def test_named_colours_of_an_image_model_are_handed_down(tmp_path: Path, data: DataSet) -> None:
    houses(tmp_path / "houses")
    plans = pairs.find(tmp_path / "houses", task="image")
    parent = small(plans)
    named = HOUSES
    model = tmp_path / "parent.safetensors"
    card = replace(parent.card(), palette=named)
    bundle.write(model, card, State(parent).generator.state_dict())
    child = small(plans, from_model=str(model))
    assert child.card().palette == named
    resumed = configs.from_json(configs.to_json(child))
    assert resumed.card().palette == named
    assert State(child).begin_from(str(model))[0] == len(State(child).generator.state_dict())
    others = pictures(tmp_path / "pictures")
    assert small(others, from_model=str(model)).card().palette is None, "pictures in other colours"
    assert small(data, from_model=str(model)).card().palette is None


def test_parent_of_another_input_keeps_all_but_the_first_layer(tmp_path: Path, data: DataSet) -> None:
    parent = small(houses(tmp_path / "houses"))
    model = tmp_path / "parent.safetensors"
    bundle.write(model, parent.card(), State(parent).generator.state_dict())
    config = small(data, from_model=str(model))
    assert config.network == {**parent.network, "inputs": 5}
    taken, there = State(config).begin_from(str(model))
    assert taken == there - 1


@pytest.mark.parametrize("splits", [("test",), ("test", "val")])
def test_pairs_that_are_all_kept_apart_are_told(tmp_path: Path, splits: tuple[str, ...]) -> None:
    for split in splits:
        things(tmp_path / split, 5)
    said = " and ".join(f"“{split}”" for split in splits)
    with pytest.raises(TrainingError, match=f"all are in folders of {said}, which are kept apart"):
        small(pairs.find(tmp_path))


def test_the_model_gone_on_from_is_found_from_any_folder(
    tmp_path: Path, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was killed before its first checkpoint reads it only when it is resumed."""
    trained(tmp_path / "parent", data, small(data, steps=1))
    (tmp_path / "cats").mkdir()
    monkeypatch.chdir(tmp_path)
    for model in ("parent", "parent/model.safetensors"):
        assert small(data, from_model=model).from_model == str(tmp_path / model)
    assert small(data, from_model="cats").from_model == "cats"


def test_fewer_levels_are_a_part_of_the_model_gone_on_from(tmp_path: Path, data: DataSet) -> None:
    parent = small(data, size=(64, 64), levels=6)
    model = tmp_path / "parent.safetensors"
    bundle.write(model, parent.card(), State(parent).generator.state_dict())
    child = small(data, size=None, from_model=str(model), levels=5)
    assert child.network == {**parent.network, "levels": 5}
    state = State(child)
    taken, there = state.begin_from(str(model))
    # The innermost convolution of the decoder has no skip beside it, and so half as many inputs.
    assert taken == there - 1
    theirs = bundle.read(model)[1]
    assert all(
        torch.equal(theirs[name].float(), tensor)
        for name, tensor in state.generator.state_dict().items()
        if name.startswith(("downs.0", "downs.3", "ups.0", "ups.3"))
    )
    with pytest.raises(TrainingError, match=r"7 levels are too many: the model .* has 6; take --levels 6"):
        small(data, size=None, from_model=str(model), levels=7)
    with pytest.raises(TrainingError, match="7 levels are too many: pictures of that size bear 6"):
        small(data, size=(64, 64), levels=7)
    with pytest.raises(TrainingError, match="A resnet network has no levels; leave --levels out"):
        make_config(data, options_with(network="resnet", levels=6))


def test_what_is_wrong_with_the_data_stops_the_plan(tmp_path: Path, data: DataSet) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TrainingError, match="There are no pictures"):
        make_config(pairs.find(tmp_path / "empty"), options_with())
    with pytest.raises(TrainingError, match="no recipe “secret”"):
        make_config(data, options_with(recipe="secret"))
    with pytest.raises(DeviceError, match="no device “abacus”"):
        make_config(data, options_with(device="abacus"))
    with pytest.raises(ModelError, match="no model “nobody”"):
        make_config(data, options_with(from_model="nobody"))
    with pytest.raises(TrainingError, match="between 32 and"):
        make_config(data, options_with(size=(16, 16)))


def test_minutes_become_steps(data: DataSet) -> None:
    config = with_step_count(make_config(data, options_with(minutes=10)), 0.5)
    assert config.steps == 1200
    assert config.sample_every == 60  # half a minute
    assert [step for step in range(1, 130) if config.validates_at(step)] == [8, 24, 60, 120]  # 4 s, 12 s, …
    assert config.is_early(24) and not config.is_early(60)
    assert (
        with_step_count(make_config(data, options_with(minutes=600)), 0.5).sample_every == 240
    )  # two minutes
    assert with_step_count(make_config(data, options_with(steps=7)), 0.5).steps == 7


# --- pairs held back ---------------------------------------------------------------------------------


def test_share_is_held_back_by_name(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 40)
    training, held = train_validation_split(data, 0.1)
    assert (len(training.pairs), len(held.pairs)) == (36, 4)
    assert {pair.name for pair in training.pairs}.isdisjoint(pair.name for pair in held.pairs)
    save(thing(99), tmp_path / "data" / "zzz.png")
    again = train_validation_split(pairs.find(tmp_path / "data"), 0.1)[1]
    assert len({pair.name for pair in held.pairs} & {pair.name for pair in again.pairs}) >= 3


def drawn_thrice(folder: Path, count: int = 20) -> DataSet:
    """Photos, and three drawings of each."""
    for number in range(count):
        photo = thing(number, 40)
        save(photo, folder / "photos" / f"shoe{number:02}.png")
        for drawing in range(3):
            grey = np.roll(sketch.lines(photo), drawing, 0)
            save(grey, folder / "sketches" / f"shoe{number:02}-{drawing + 1}.png")
    return pairs.find(folder)


def test_drawings_of_one_photo_are_held_back_together(tmp_path: Path) -> None:
    data = drawn_thrice(tmp_path)
    assert len(data.pairs) == 60
    training, held = train_validation_split(data, 0.1)
    assert (len(training.pairs), len(held.pairs)) == (54, 6)
    assert not {pair.b.file for pair in training.pairs} & {pair.b.file for pair in held.pairs}
    swapped = replace(data, pairs=tuple(replace(pair, a=pair.b, b=pair.a) for pair in data.pairs))
    training, held = train_validation_split(swapped, 0.1)
    assert not {pair.a.file for pair in training.pairs} & {pair.a.file for pair in held.pairs}


def test_runs_that_were_begun_before_hold_back_what_they_did(tmp_path: Path) -> None:
    data = drawn_thrice(tmp_path)
    config = make_config(data, options_with(validation=0.1, steps=2))
    assert config.photos_apart and config.pairs == 54
    assert json.loads(to_json(config))["photos_apart"] is True
    older = json.loads(to_json(config))
    del older["photos_apart"]
    assert not from_json(json.dumps(older)).photos_apart
    held = train_validation_split(data, 0.1, photos_apart=False)[1]
    by_name = sorted(
        (pair.name for pair in data.pairs), key=lambda name: hashlib.sha256(name.encode()).digest()
    )
    assert sorted(pair.name for pair in held.pairs) == sorted(by_name[:6])


def test_something_is_left_to_train_on_where_all_pairs_have_one_photo(tmp_path: Path) -> None:
    data = drawn_thrice(tmp_path, 4)
    photo = data.pairs[0].b
    data = replace(data, pairs=tuple(replace(pair, b=photo) for pair in data.pairs))
    training, held = train_validation_split(data, 0.5)
    assert (len(training.pairs), len(held.pairs)) == (6, 6)  # by their names, as nothing else is to be had


def test_many_pairs_of_one_photo_are_not_all_held_back(tmp_path: Path) -> None:
    """Nor is nothing held back where one depends on the next, as frames of a film do."""
    data = drawn_thrice(tmp_path)
    photo = data.pairs[0].b
    most = tuple(replace(pair, b=photo) if at < 50 else pair for at, pair in enumerate(data.pairs))
    training, held = train_validation_split(replace(data, pairs=most), 0.1)
    assert 1 <= len(held.pairs) <= 12 and len(training.pairs) + len(held.pairs) == 60
    assert photo.file not in {pair.b.file for pair in held.pairs}
    film = tuple(replace(pair, a=before.b) for before, pair in itertools.pairwise(data.pairs))
    assert len(train_validation_split(replace(data, pairs=film), 0.1)[1].pairs) == 6


def test_few_pairs_are_all_trained_on(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 5)
    training, held = train_validation_split(data, 0.2)
    assert (len(training.pairs), len(held.pairs)) == (5, 0)


def test_folder_val_is_taken_at_its_word(tmp_path: Path) -> None:
    for split, count in (("train", 9), ("val", 2), ("test", 3)):
        for number in range(count):
            save(thing(number), tmp_path / split / f"{split}{number}.png")
    training, held = train_validation_split(pairs.find(tmp_path), 0.3)
    assert {pair.split for pair in training.pairs} == {"train"}
    assert {pair.split for pair in held.pairs} == {"val"}
    assert (len(training.pairs), len(held.pairs)) == (9, 2)


# --- estimates ---------------------------------------------------------------------------------------


def test_trial_measures_and_is_forgotten(tmp_path: Path, data: DataSet) -> None:
    config = small(data, steps=10)
    found = trial(config, data, tmp_path / "not" / "yet" / "there")
    assert found.seconds_a_step > 0
    assert found.disk == 3 * sum(
        tensor.numel() * 4 for tensor in copied(_after_a_step(config, data)).values()
    )
    assert not (tmp_path / "not").exists()
    words = found.in_words(config)
    assert "10 steps of 2" in words
    assert " MB of disk" in words
    assert "TFLOP/s" in words


def test_trial_counts_a_second_discriminator(tmp_path: Path, data: DataSet) -> None:
    one, two = (trial(small(data, steps=10, discriminators=count), data, tmp_path) for count in (1, 2))
    assert two.disk > one.disk
    assert one.operations < two.operations < 1.5 * one.operations


def test_trial_is_of_steps_in_which_both_networks_learn(tmp_path: Path, data: DataSet) -> None:
    """Of those in which a discriminator is ahead, twice as many have room in the minutes asked for."""
    plain, ahead = (
        trial(small(data, steps=10, discriminator_first=count), data, tmp_path) for count in (0, 9)
    )
    assert ahead.operations == plain.operations
    assert ahead.disk == plain.disk


def test_operations_are_those_that_torch_counts(tmp_path: Path, data: DataSet) -> None:
    config = small(data, steps=10)
    counter = FlopCounterMode(display=False)
    with counter:
        _after_a_step(config, data)
    assert trial(config, data, tmp_path).operations == counter.get_total_flops() > 0


def _after_a_step(config: configs.Config, data: DataSet) -> State:
    from trainer.machine.distributed import World
    from trainer.training.fit import pair_loader
    from trainer.training.step import train_step

    state = State(config)
    with pair_loader(data, state, World()) as loader:
        batch = next(loader)
    train_step(state, config, World(), batch.inputs, batch.targets)
    return state


def test_what_does_not_fit_offers_something_smaller(
    tmp_path: Path, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free", lambda *where: 1000)
    with pytest.raises(
        TrainingError, match=r"needs about .* [GM]B of memory, and 1 MB are free.*a batch of 1"
    ):
        trial(small(data), data, tmp_path)
    with pytest.raises(TrainingError, match="a width of 8"):
        trial(small(data, batch=1), data, tmp_path)
    monkeypatch.undo()

    class Full:
        free = 1000

    monkeypatch.setattr("shutil.disk_usage", lambda folder: Full)
    with pytest.raises(TrainingError, match=r"needs \d MB of disk.*make room"):
        trial(small(data), data, tmp_path)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (100, "2 min"), (720, "12 min"), (6000, "1 h 40 min"), (7200, "2 h 0 min")],
)
def test_durations_are_read_at_a_glance(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_estimate_leaves_out_what_is_not_known(data: DataSet) -> None:
    words = Estimate(0.5, 0, 0, 1 << 30, 0).in_words(replace(small(data), steps=100))
    assert "memory" not in words
    assert "1.0 GB of disk" in words


def test_pictures_of_any_sort_are_planned(tmp_path: Path) -> None:
    config = small(pictures(tmp_path / "data"))
    assert config.input == "image"
    assert config.network["inputs"] == 3


def test_one_hot_parent_has_no_say_in_labels_fed_as_colours(tmp_path: Path) -> None:
    data = houses(tmp_path / "data")
    parent = small(data)
    model = tmp_path / "parent.safetensors"
    bundle.write(model, parent.card(), State(parent).generator.state_dict())
    child = small(data, from_model=str(model), colour_labels=True)
    assert not child.one_hot
    assert child.network == {**parent.network, "inputs": 3}
    trained(tmp_path / "run", data, replace(child, steps=1))


@pytest.mark.parametrize("size", [(0, 0), (0, 256), (256, 0), (10**30, 1)])
def test_sizes_without_a_network_are_a_sentence(data: DataSet, size: tuple[int, int]) -> None:
    with pytest.raises(TrainingError, match="between 32 and 2048"):
        make_config(data, options_with(size=size))
