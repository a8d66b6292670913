"""What a step with styles is made of; whether they are learnt is tested in ``test_learning_styles.py``."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.data import picture
from engine.data import style as codes
from engine.models import bundle
from engine.passes import opening
from tests.trainer.made_pictures import HOUSES, save, side_by_side, thing
from tests.trainer.small_runs import copied, differing, houses, small, things, trained
from trainer.cli.running import begun
from trainer.data import direction, naming, pairs
from trainer.data.pairs import DataSet
from trainer.machine.distributed import World
from trainer.machine.errors import TrainingError
from trainer.planning import plan
from trainer.run import config as configs
from trainer.run import events
from trainer.run import folder as runs
from trainer.run.config import Config
from trainer.run.events import Event
from trainer.run.folder import Run
from trainer.run.options import Options
from trainer.training.fit import fit, pair_loader
from trainer.training.state import State
from trainer.training.step import LOSSES, train_step
from trainer.training.styles import BicyclePass, StyleNoise

STYLES: dict[str, Any] = {"styles": 8, "style_encoder": 4}


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    return things(tmp_path / "data", 10)


def stepped(state: State, data: DataSet, steps: int) -> list[Tensor]:
    losses = []
    with pair_loader(data, state, World()) as loader:
        for _ in range(steps):
            batch = next(loader)
            losses.append(train_step(state, state.config, World(), batch.inputs, batch.targets))
            state.step += 1
    return losses


def stopped_and_resumed(folder: Path, data: DataSet, config: Config) -> Run:
    """A run that was stopped after its second step, and then went on to its end."""
    run = runs.create(folder, config)

    def watch(event: Event) -> None:
        if event["event"] == "step" and event["step"] == 2:
            run.ask("stop")

    assert not fit(run, config, data, watch)
    assert fit(run, config, data)
    return run


def test_without_styles_no_weight_nor_checkpoint_is_another(data: DataSet) -> None:
    plain, styled = State(small(data)), State(small(data, **STYLES))
    assert "style" not in plain.config.network and plain.config.card().style == 0
    ours, theirs = copied(plain), copied(styled)
    more = theirs.keys() - ours.keys()
    assert {name.split(".")[0] for name in more if "styling" not in name} == {"encoder", "encoder_ema"}
    assert sum("styling" in name for name in more) == 12


@pytest.mark.parametrize(
    ("recipe", "changes"),
    [("bicycle", {"batch": 3, "differentiable": True}), ("bicycle", {"batch": 1}), ("diversity", {})],
)
def test_runs_tell_losses_of_styles_and_resume_bit_for_bit(
    tmp_path: Path, data: DataSet, recipe: str, changes: dict[str, Any]
) -> None:
    config = small(data, steps=6, **STYLES, style_recipe=recipe, **changes)
    whole = trained(tmp_path / "whole", data, config)
    assert differing(whole, stopped_and_resumed(tmp_path / "parts", data, config)) == []
    told = [event for event in events.read(whole.events) if event["event"] == "step"]
    # Of bicycle only pictures of drawings without hints have any: each step tells of one or two.
    assert any(event["latent"] + event["kl"] > 0 for event in told)
    assert any(event["kl"] > 0 for event in told) == (recipe == "bicycle")
    assert all((event["diversity"] > 0) == (recipe == "diversity") for event in told[1:])


@pytest.mark.parametrize("recipe", ["bicycle", "diversity"])
def test_pictures_of_a_step_may_come_one_after_the_other(data: DataSet, recipe: str) -> None:
    """Up to rounding, where norms don't see who else is in the pass."""
    config = small(data, batch=4, seed=3, **STYLES, style_recipe=recipe, dropout=False)
    config = replace(config, network={**config.network, "norm": "instance"})
    together, apart = State(config), State(config)
    apart.micro_batch = 1
    ours, theirs = stepped(together, data, 2), stepped(apart, data, 2)
    torch.testing.assert_close(ours[0], theirs[0], rtol=1e-4, atol=1e-4)
    assert all(bool(torch.isfinite(losses).all()) for losses in (*ours, *theirs))
    first = LOSSES.index("latent")
    assert sum(losses[first] for losses in ours) > 0


def test_what_is_drawn_is_a_pictures_own_however_many_processes_share_a_batch(data: DataSet) -> None:
    config = small(data, batch=4, **STYLES)
    whole = StyleNoise.of_step(config, 3, World())
    halves = [StyleNoise.of_step(config, 3, World(rank, 2)) for rank in range(2)]
    for ours, *theirs in zip(whole, *halves, strict=True):
        assert torch.equal(ours, torch.cat(theirs))
    assert whole.alternate.tolist() == [True, False, True, False]
    assert not torch.equal(whole.codes, StyleNoise.of_step(config, 4, World()).codes)
    odd = [StyleNoise.of_step(replace(config, batch=1), step, World()).alternate.item() for step in range(4)]
    assert odd == [True, False, True, False]


def test_a_hint_says_what_colour_it_is_whatever_the_style(data: DataSet) -> None:
    """A hinted drawing has to come near its photo by any code, and need not show which."""
    config = small(data, batch=4, **STYLES)
    assert config.task == "hints"
    state = State(config)
    inputs = torch.full((4, 5, 32, 32), -1.0)
    photos = torch.rand(4, 3, 32, 32) * 2 - 1
    inputs[2:, 1:, 10:20, 10:20] = 1  # the third and the fourth
    noise = StyleNoise.of_step(config, 0, World())
    style = BicyclePass(state, inputs, photos, noise)
    assert style.targeted is not None
    assert style.targeted.tolist() == [0, 2, 3]
    assert style.weight == pytest.approx(0.9)
    losses = style.losses(style.generate())
    assert losses.latent > 0, "the second is made by a random code, to be found again"
    inputs[1, 1:, 10:20, 10:20] = 1
    all_but_one = BicyclePass(state, inputs, photos, noise)
    assert all_but_one.targeted is not None
    assert all_but_one.targeted.tolist() == [0, 1, 2, 3]
    losses = all_but_one.losses(all_but_one.generate())
    assert losses.latent == 0
    assert losses.kl > 0
    inputs[0, 1:, 10:20, 10:20] = 1
    every_one = BicyclePass(state, inputs, photos, noise)
    assert every_one.losses(every_one.generate()).kl == 0, "no photo is asked for its code"


def test_models_written_meanwhile_read_styles_and_pairs_are_shown_in_three(
    tmp_path: Path, data: DataSet
) -> None:
    run = trained(tmp_path / "run", data, small(data, steps=2, **STYLES))
    card, tensors = bundle.read(run.model)
    assert (card.style, card.style_encoder) == (8, 4)
    assert bundle.split_tensors(tensors)[1]
    (look,) = [event for event in events.read(run.events) if event["event"] == "samples"]
    assert (look["count"], look["held_back"]) == (9, 3)
    for name in ("inputs.png", "targets.png", look["picture"]):
        columns = picture.read(run.samples / name).pixels.reshape(32, 9, 32, 3).swapaxes(0, 1)
        kinds = 9 if name == look["picture"] else 3
        assert len({each.tobytes() for each in columns}) <= kinds
        assert (columns[0] == columns[1]).all() == (name != look["picture"] or not differs(run.model))


def test_models_written_meanwhile_have_seeds_that_stand_for_photos(tmp_path: Path, data: DataSet) -> None:
    """By the recipe that reads codes of photos; the other one learns from random codes."""
    for recipe in ("bicycle", "diversity"):
        run = trained(tmp_path / recipe, data, small(data, steps=1, **STYLES, style_recipe=recipe))
        card = bundle.read_card(run.model)
        assert card == replace(bundle.read_card(run.best), training=card.training, scores=card.scores)
        if recipe == "diversity":
            assert card.seeded_styles == () and card.code(3) == codes.drawn(3, 8)
            continue
        generator = opening.open(run.model)
        read = [generator.style_of(photo) for photo in naming.of_all(data)]
        assert 6 <= len(card.seeded_styles) <= len(data.pairs) and card.code(0) == card.seeded_styles[0]
        for code in card.seeded_styles:
            assert min(np.abs(code - one).max() for one in read) < 0.05  # the file's are in half precision


def test_what_is_painted_anew_is_among_the_styles_and_said(tmp_path: Path, capsys) -> None:
    maps = houses(tmp_path / "maps")
    config = small(maps, steps=4, styles=8, style_encoder=4, repaint=0.5)
    assert maps.palette is not None and config.palette is not None and config.repainted is not None
    assert config.palette.labels[config.repainted].colour == HOUSES.labels[0].colour, "sky covers most"
    whole = trained(tmp_path / "whole", maps, config)
    assert differing(whole, stopped_and_resumed(tmp_path / "parts", maps, config)) == []
    generator = opening.open(whole.model)
    read = [generator.style_of(photo) for photo in naming.of_all(maps)]
    strange = [
        code for code in generator.card.seeded_styles if min(np.abs(code - one).max() for one in read) > 0.05
    ]
    assert len(strange) >= 2, "no photo is like that"
    begun(tmp_path / "begun", config, maps)
    assert "50% of the photos are seen with “label 1” painted anew" in capsys.readouterr().err


def test_what_is_no_label_is_not_painted_anew(tmp_path: Path) -> None:
    """Void beside the window's colour would make windows the label that covers most."""
    void = (0, 128, 200)
    for number in range(10):
        pixels = side_by_side(number, 64)
        pixels[:40, 64:] = void
        save(pixels, tmp_path / f"{number}.png")
    maps = pairs.find(tmp_path, task="labels", ignore=(void,))
    assert maps.palette is not None and maps.ignored == (void,)
    chosen = direction.commonest_label([pair.a for pair in maps.pairs], maps.palette)
    assert maps.palette.labels[chosen].colour == HOUSES.labels[1].colour


def test_only_label_maps_are_painted_anew(tmp_path: Path, data: DataSet) -> None:
    with pytest.raises(TrainingError, match="leave --repaint out"):
        small(data, **STYLES, repaint=0.5)
    with pytest.raises(TrainingError, match="add --styles 8"):
        small(houses(tmp_path / "maps"), repaint=0.5)


def differs(model: Path) -> bool:
    """Whether a style makes any difference yet."""
    return bool(bundle.read(model)[1]["styling.head.weight"].any())


def parent(folder: Path, config: Config, state: State, **more: Any) -> str:
    """A model file of a state's newest weights; ``more`` goes into its card."""
    tensors = dict(state.generator.state_dict())
    if state.encoder is not None:
        tensors |= {bundle.STYLE_ENCODER + name: it for name, it in state.encoder.state_dict().items()}
    file = folder / "parent.safetensors"
    bundle.write(file, replace(config.card(), **more), tensors)
    return str(file)


def test_from_a_model_without_styles_it_begins_at_that_models_answer(tmp_path: Path, data: DataSet) -> None:
    plain = State(small(data))
    stepped(plain, data, 2)
    model = parent(tmp_path, plain.config, plain)
    config = small(data, from_model=model, seed=7, **STYLES)
    state = State(config)
    taken, there = state.begin_from(model)
    assert there - taken == 6  # the style's own
    x = torch.randn(2, config.network["inputs"], 32, 32)
    for network in (state.generator, state.ema):
        network.eval()
        with torch.no_grad():
            assert torch.equal(network(x, style=torch.randn(2, 8)), plain.generator.eval()(x))


def test_from_a_model_with_styles_it_goes_on_with_its_encoder(tmp_path: Path, data: DataSet) -> None:
    first = State(small(data, **STYLES))
    stepped(first, data, 2)
    suede, usual = (1.0, *[0.25] * 7), (0.0, *[-0.5] * 7)
    model = parent(tmp_path, first.config, first, styles={"suede": suede}, default_style=usual)
    config = small(data, from_model=model, seed=7)
    assert (config.style, config.style_encoder) == (8, 4)
    card = configs.from_json(configs.to_json(config)).card()
    assert (card.styles, card.default_style) == ({"suede": suede}, usual)
    state = State(config)
    taken, there = state.begin_from(model)
    assert taken == there
    assert first.encoder is not None and state.encoder is not None and state.encoder_ema is not None
    for name, tensor in first.encoder.state_dict().items():
        assert torch.equal(tensor, state.encoder.state_dict()[name])
        assert torch.equal(tensor, state.encoder_ema.state_dict()[name])
    for wanted in (0, 4):
        with pytest.raises(TrainingError, match="has styles of 8 numbers"):
            plan.make_config(data, Options(data.folder, from_model=model, styles=wanted))


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_weights_of_a_model_can_be_left_as_they_are_or_learn_more_slowly(
    tmp_path: Path, data: DataSet, share: float
) -> None:
    """So that styles are learnt which unlearn nothing; and a stop in the middle changes nothing."""
    plain = small(data)
    model = parent(tmp_path, plain, State(plain))
    config = small(data, from_model=model, steps=4, inherited_rate=share, **STYLES)
    assert config.norms == ("batch" if share else "kept")
    whole = trained(tmp_path / "whole", data, config)
    assert differing(whole, stopped_and_resumed(tmp_path / "parts", data, config)) == []

    def moved(inherited_rate: float) -> dict[str, float]:
        state = State(replace(config, inherited_rate=inherited_rate))
        state.begin_from(model)
        before = copied(state)
        stepped(state, data, 3)
        return {
            name: float((tensor.float() - before[name].float()).abs().max())
            for name, tensor in copied(state).items()
            if name.startswith("generator.") and (not share or "running" not in name)
        }

    ours, usual = moved(share), moved(1.0)
    for name, far in usual.items():
        if ".styling." in name:
            assert ours[name] > 0.3 * far, name
        else:
            assert ours[name] <= 1.5 * share * far, name
    assert any(far > 0 for name, far in ours.items() if ".styling." in name)
    if not share:
        with pytest.raises(TrainingError, match="nothing is learnt but styles, and there are none"):
            small(data, from_model=model, inherited_rate=0.0)


def test_new_names_take_the_place_of_a_parents_where_there_are_too_many(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for number in range(4):
        save(thing(number, 40), folder / ("suede", "patent")[number % 2] / f"{number}.png")
    data = pairs.find(folder, pattern="alone")
    config = small(data, steps=1, pair="alone", **STYLES)
    names = {f"parent's {number}": [0.5] * 8 for number in range(codes.MOST_NAMES)}
    styles = bundle.read_card(
        trained(tmp_path / "run", data, replace(config, named_styles=names)).model
    ).styles
    assert len(styles) == codes.MOST_NAMES and {"suede", "patent"} <= styles.keys()
    assert styles.keys() - {"suede", "patent"} < names.keys()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"styles": 8, "adversarial": "none"}, "styles are learnt with a discriminator"),
        ({"styles": 65}, "--styles must be between 0 and 64"),
        ({"styles": 8, "kl": -1.0}, "--kl must be at least 0; -1.0 is not."),
        ({"kl": 0.1}, "--kl weighs a loss of styles, which this training has none of; add --styles 8"),
        (
            {"styles": 8, "style_recipe": "diversity", "latent": 2.0},
            "--latent weighs a loss that styles by the recipe “diversity” are learnt without; "
            "add --style-recipe bicycle",
        ),
        (
            {"styles": 8, "diversity": 8.0},
            "recipe “bicycle” are learnt without; add --style-recipe diversity",
        ),
        ({"inherited_rate": 0.5}, "only weights from a model to begin from can learn more slowly"),
        ({"styles": 8, "style_recipe": "luck"}, "There is no style_recipe “luck”; use bicycle or diversity"),
    ],
)
def test_impossible_options_are_sentences(data: DataSet, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(TrainingError, match=says):
        small(data, **changes)


def test_settings_of_a_strangers_config_are_checked(data: DataSet) -> None:
    config = small(data, **STYLES)
    assert configs.from_json(configs.to_json(config)) == config
    for change in (
        {"network": {**config.network, "style": 1000}},
        {"network": {**config.network, "style": "eight"}},
        {"style_encoder": 3},
        {"kl": -1.0},
        {"inherited_rate": 2.0, "from_model": "shoes"},
        {"inherited_rate": "slow"},
        {"inherited_rate": 0.5},
        {"named_styles": {"suede": [1.0, 2.0]}},
        {"named_styles": {"suede": "loud"}},
        {"default_style": [1e9] * 8},
        {"style_recipe": "luck"},
    ):
        with pytest.raises(TrainingError):
            configs.from_json(configs.to_json(replace(config, **change)))  # type: ignore[arg-type]


def test_sub_folders_are_named_styles(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for number in range(12):
        name = ("suede", "patent", ".")[number % 3]
        save(thing(number, 40), folder / "train" / name / f"{number}.png")
        save(thing(100 + number, 40), folder / "val" / "suede" / f"{number}.png")
    data = pairs.find(folder, pattern="alone")
    named = naming.named(data.of_split("train"))
    assert {name: len(some) for name, some in named.items()} == {"patent": 4, "suede": 4}
    run = trained(tmp_path / "run", data, small(data, steps=2, pair="alone", **STYLES))
    styles = bundle.read_card(run.model).styles
    assert styles.keys() == {"patent", "suede"}
    assert styles["patent"] != styles["suede"]
    assert naming.named(things(tmp_path / "flat")) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names.")
def test_sub_folders_that_no_style_can_be_called_after_name_none(tmp_path: Path) -> None:
    odd = (" ", "a\nb", "x" * 65, os.fsdecode(b"\xff"))
    for number, name in enumerate(("suede", "patent", *odd) * 2):
        save(thing(number, 40), tmp_path / "data" / name / f"{number}.png")
    named = naming.named(pairs.find(tmp_path / "data", pattern="alone"))
    assert named.keys() == {"suede", "patent"}
    assert codes.named({name: [0.0] * 8 for name in named}, 8)


def test_of_thousands_of_sub_folders_none_is_a_style(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 1)
    (pair,) = data.pairs
    apart = [replace(pair, b=replace(pair.b, file=data.folder / str(n) / "a.png")) for n in range(5000)]
    assert naming.named(replace(data, pairs=tuple(apart))) == {}
