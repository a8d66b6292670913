from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import engine
from engine.data import picture
from engine.devices import device
from engine.errors import DeviceError
from engine.models import bundle
from tests.engine.conftest import needs_bfloat16
from tests.trainer.made_pictures import thing
from tests.trainer.small_runs import copied, houses, pictures, small, things, trained, weights
from trainer.data import pairs
from trainer.data.pairs import DataSet
from trainer.loading.pair_loader import Batch
from trainer.machine.distributed import World
from trainer.machine.errors import TrainingError
from trainer.run import events
from trainer.run import folder as runs
from trainer.run.config import Config
from trainer.training import perceptual
from trainer.training.fit import fit, loader_threads, pair_loader
from trainer.training.state import State
from trainer.training.step import LOSSES, train_step


def test_run_tells_everything_and_leaves_a_model(tmp_path: Path) -> None:
    data = things(tmp_path / "data")
    run = trained(tmp_path / "run", data, small(data, steps=6, sample_every=3))
    told = events.read(run.events)
    assert [event["event"] for event in told if event["event"] != "health"] == [
        *("started", "step", "samples", "model", "step", "step", "samples", "model", "finished")
    ]
    assert [event["step"] for event in told if event["event"] == "step"] == [2, 4, 6]
    for event in told:
        if event["event"] == "step":
            assert all(np.isfinite(event[name]) for name in LOSSES)
            assert event["pictures_per_second"] > 0
    (last,) = [event for event in told if event["event"] == "samples"][-1:]
    assert 0 < last["l1"] < 2
    assert 0 < last["training_l1"] < 2
    for name in ("inputs.png", "targets.png", last["picture"]):
        assert picture.read(run.samples / name).pixels.shape == (32, 32 * last["count"], 3)
    generator = engine.open(run.model)
    assert generator.card.training["step"] == 6
    assert generator.card.hints
    assert generator.statistics == "running"
    assert generator(thing(3, 50)).shape == (50, 50, 3)
    assert run.best.exists()


def step_losses(config: Config, data: DataSet, steps: int) -> Tensor:
    """The first step's losses and the last's: (2, losses)."""
    state = State(config)
    with pair_loader(data, state, World()) as loader:
        rows = []
        for _ in range(steps):
            batch = next(loader)
            rows.append(train_step(state, config, World(), batch.inputs, batch.targets))
            state.step += 1
    return torch.stack([rows[0], torch.stack(rows[-5:]).mean(0)])


def test_something_is_learnt(tmp_path: Path) -> None:
    """Darker pictures become bright again: simple enough for forty steps."""
    data = pictures(tmp_path / "data")
    losses = step_losses(small(data, batch=4, steps=1000, learning_rate=2e-3), data, 40)
    assert losses[1, 0] < 0.6 * losses[0, 0]


@pytest.mark.parametrize(
    "changes",
    [
        {"adversarial": "none"},
        {"adversarial": "least squares"},
        {"conditional": False},
        {"l1": 0.0},
        {"perceptual": 15.0, "l1": 40.0},
        pytest.param({"perceptual": 15.0, "precision": "bfloat16"}, marks=needs_bfloat16),
        {"feature_matching": 10.0},
        {"stripes": 100.0},
        {"lattice": 200.0, "size": (48, 50)},
        {"stripes": 100.0, "size": (41, 67)},
        {"discriminators": 2},
        {"discriminators": 2, "feature_matching": 10.0, "differentiable": True, "conditional": False},
        {"discriminators": 2, "feature_matching": 10.0, "size": (41, 67)},
        {"patch": 1},
        {"patch": 34},
        {"patch": 70},
        {"network": "encoder_decoder"},
        {"network": "resnet"},
        {"recipe": "paper"},
        {"differentiable": False},
        {"differentiable": True},
        {"betas": (0, 0.9)},
        pytest.param({"precision": "bfloat16"}, marks=needs_bfloat16),
        {"size": (48, 80)},
    ],
    ids=str,
)
def test_every_switch_trains(tmp_path: Path, changes: dict[str, Any]) -> None:
    data = things(tmp_path / "data", 3)
    config = small(data, **changes)
    first = copied(State(config))
    losses = step_losses(config, data, 2)
    assert bool(torch.isfinite(losses).all())
    assert (losses[0, 1:4] != 0).all() == (config.adversarial != "none")
    assert bool(losses[0, 4] != 0) == (config.perceptual > 0)
    assert bool(losses[0, 5] != 0) == (config.feature_matching > 0)
    assert bool(losses[0, LOSSES.index("stripes")] != 0) == (config.stripes > 0)
    assert bool(losses[0, LOSSES.index("lattice")] != 0) == (config.lattice > 0)
    state = State(config)
    assert all(torch.equal(first[name], tensor) for name, tensor in copied(state).items())


def gradients_of_a_step(config: Config, batch: Batch) -> tuple[State, dict[str, list[Tensor]]]:
    """A new state, and what its networks' parameters are to move along, in their order."""
    state = State(config)
    gradients: dict[str, list[Tensor]] = {}

    def keep(part: str, world: World) -> None:
        (group,) = state.adam[part].param_groups
        gradients[part] = [parameter.grad.clone() for parameter in group["params"]]
        state.adam[part].zero_grad()

    state.optimizer_step = keep  # type: ignore[method-assign]
    train_step(state, config, World(), batch.inputs, batch.targets)
    return state, gradients


@pytest.mark.parametrize("differentiable", [False, True])
def test_feature_matching_teaches_the_generator_alone(tmp_path: Path, differentiable: bool) -> None:
    data = things(tmp_path / "data", 3)
    config = small(data, differentiable=differentiable, dropout=False, discriminators=2)
    # With one distortion for both pictures, as it is with feature matching.
    with pair_loader(data, State(config), World()) as loader:
        batch = next(loader)
    plain, matched = (
        gradients_of_a_step(replace(config, feature_matching=weight), batch)[1] for weight in (1e-9, 10.0)
    )
    torch.testing.assert_close(matched["discriminator"], plain["discriminator"], atol=0, rtol=0)
    assert not torch.allclose(matched["generator"][0], plain["generator"][0], atol=1e-4)


@pytest.mark.parametrize(
    "wishes",
    [{}, {"styles": 8}, {"styles": 8, "style_recipe": "diversity"}, {"micro_batch": 1}],
    ids=lambda wishes: " ".join(map(str, wishes.values())),
)
def test_a_discriminator_that_is_ahead_learns_alone(tmp_path: Path, wishes: dict[str, Any]) -> None:
    data = things(tmp_path / "data", 3)
    micro_batch = wishes.pop("micro_batch", 2)
    config = small(data, discriminator_first=2, steps=3, batch=2, perceptual=15.0, **wishes)
    state = State(config)
    state.micro_batch = micro_batch
    learnt: list[set[str]] = []
    with pair_loader(data, state, World()) as loader:
        for _ in range(3):
            before = {name: weight.clone() for name, weight in learnable(state).items()}
            batch = next(loader)
            train_step(state, config, World(), batch.inputs, batch.targets)
            state.step += 1
            now = learnable(state)
            learnt.append({name.split(".")[0] for name in now if not torch.equal(now[name], before[name])})
    everything = {name.split(".")[0] for name in learnable(state)}
    assert len(everything) == (3 if "styles" in wishes else 2)
    assert learnt == [{"discriminator"}, {"discriminator"}, everything]


def learnable(state: State) -> dict[str, Tensor]:
    """All weights that learn; averages and statistics aside."""
    networks = {"generator": state.generator, "discriminator": state.discriminators[0]}
    if state.encoder is not None:
        networks["encoder"] = state.encoder
    return {
        f"{called}.{name}": weight
        for called, network in networks.items()
        for name, weight in network.named_parameters()
    }


def test_two_discriminators_share_the_losses(tmp_path: Path) -> None:
    """Each one's gradients are half of what it would learn alone, of pairs as it sees them."""
    data = things(tmp_path / "data", 3)
    config = small(data, differentiable=False, dropout=False, discriminators=2)
    with pair_loader(data, State(config), World()) as loader:
        batch = next(loader)
    state, gradients = gradients_of_a_step(config, batch)
    with torch.no_grad():
        generated = state.generate(batch.inputs)
    losses = []
    for number, discriminator in enumerate(state.discriminators):
        for photo, real in ((generated, 0.0), (batch.targets, 1.0)):
            pair = torch.cat((batch.inputs, photo), 1)
            if number:
                pair = torch.nn.functional.interpolate(pair, scale_factor=0.5, mode="area")
            logits = discriminator(pair)
            losses.append(
                torch.nn.functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, real))
            )
    parameters = [parameter for each in state.discriminators for parameter in each.parameters()]
    wanted = torch.autograd.grad(torch.stack(losses).mean(), parameters)
    torch.testing.assert_close(gradients["discriminator"], list(wanted), atol=1e-6, rtol=1e-3)


@pytest.mark.parametrize("task", ["lines", "hints", "grey", "small"])
def test_every_task_on_photos_makes_a_model(tmp_path: Path, task: str) -> None:
    things(tmp_path / "data", 3)
    data = pairs.find(tmp_path / "data", task=task)
    run = trained(tmp_path / "run", data, small(data, steps=1))
    card = bundle.read_card(run.model)
    assert card.network["inputs"] == {"lines": 1, "hints": 5, "grey": 1, "small": 3}[task]
    assert engine.open(run.model)(thing(0, 32)).shape == (32, 32, 3)


@pytest.mark.parametrize("colour_labels", [False, True])
def test_labels_are_fed_one_hot_unless_asked_otherwise(tmp_path: Path, colour_labels: bool) -> None:
    data = houses(tmp_path / "data")
    run = trained(tmp_path / "run", data, small(data, steps=1, colour_labels=colour_labels))
    card = bundle.read_card(run.model)
    assert card.input == "labels"
    assert card.palette is not None
    assert card.one_hot != colour_labels
    assert card.network["inputs"] == (3 if colour_labels else len(card.palette.labels))


def test_discriminator_and_generator_pull_apart(tmp_path: Path) -> None:
    """Each network's gradients are those of its own loss alone."""
    data = things(tmp_path / "data", 3)
    config = small(data, differentiable=False, dropout=False)
    with pair_loader(data, State(config), World()) as loader:
        batch = next(loader)
    state, gradients = gradients_of_a_step(config, batch)
    generated = state.generator(batch.inputs)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits

    def loss(photo: Tensor, real: bool) -> Tensor:
        (discriminated,) = state.discriminate(torch.cat((batch.inputs, photo), 1))
        return entropy(discriminated.logits, torch.full_like(discriminated.logits, float(real)))

    discriminator_loss = (loss(generated.detach(), False) + loss(batch.targets, True)) / 2
    wanted = torch.autograd.grad(discriminator_loss, list(state.discriminators[0].parameters()))
    torch.testing.assert_close(gradients["discriminator"], list(wanted), atol=1e-6, rtol=1e-4)
    distance = torch.nn.functional.l1_loss(generated, batch.targets)
    wanted = torch.autograd.grad(loss(generated, True) + 100 * distance, list(state.generator.parameters()))
    torch.testing.assert_close(gradients["generator"], list(wanted), atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize(
    "changes",
    [{}, {"perceptual": 15.0, "feature_matching": 10.0, "discriminators": 2, "differentiable": True}],
    ids=["plain", "all losses"],
)
def test_smaller_passes_learn_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    """With norms of each picture alone, four passes of one picture are one pass of four."""
    monkeypatch.setattr(perceptual, "EDGE", 16)
    data = things(tmp_path / "data", 4)
    config = small(data, batch=4, dropout=False, **changes)
    config = replace(config, network={**config.network, "norm": "instance"})
    states = [State(config), State(config)]
    states[1].micro_batch = 1
    for state in states:
        with pair_loader(data, state, World()) as loader:
            batch = next(loader)
        train_step(state, config, World(), batch.inputs, batch.targets)
    one, other = (copied(state) for state in states)
    moments = [name for name in one if name.startswith("exp_avg.")]
    assert len(moments) > 10
    for name in moments:
        # Where a norm follows, biases have no gradient but rounding; that of weightier losses is greater.
        torch.testing.assert_close(one[name], other[name], atol=5e-5 if changes else 1e-6, rtol=2e-3)


def test_smaller_passes_learn_the_same_of_pictures_that_are_known_in_part(tmp_path: Path) -> None:
    """… however much of each: what is known counts alike, with whichever pictures it shares a pass."""
    data = things(tmp_path / "data", 4)
    config = small(data, batch=4, dropout=False)
    config = replace(config, network={**config.network, "norm": "instance"})
    states = [State(config), State(config)]
    states[1].micro_batch = 1
    losses = []
    for state in states:
        with pair_loader(data, state, World()) as loader:
            batch = next(loader)
        known = torch.ones(4, 1, 32, 32)
        known[0, :, 2:] = 0
        known[1, :, :, :12] = 0
        known[2] = 0
        losses.append(train_step(state, config, World(), batch.inputs, batch.targets, known))
    torch.testing.assert_close(*losses)
    one, other = (copied(state) for state in states)
    for name in (name for name in one if name.startswith("exp_avg.")):
        torch.testing.assert_close(one[name], other[name], atol=1e-6, rtol=2e-3)


def scarce(monkeypatch: pytest.MonkeyPatch, most: int, from_step: int) -> None:
    """A machine whose memory, from a step on, takes so many pictures a pass at most."""
    generate = State.generate

    def generate_if_there_is_room(self: State, inputs: Tensor) -> Tensor:
        generated = generate(self, inputs)
        if len(inputs) > most and self.step >= from_step:
            raise torch.OutOfMemoryError("out of memory")
        return generated

    monkeypatch.setattr(State, "generate", generate_if_there_is_room)


def test_short_memory_halves_the_pass_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = things(tmp_path / "data")
    config = small(data, steps=8, batch=4, checkpoint_every=3)
    scarce(monkeypatch, most=1, from_step=5)
    run = trained(tmp_path / "run", data, config)
    told = events.read(run.events)
    halved = [(event["step"], event["micro_batch"]) for event in told if event["event"] == "halved"]
    assert halved == [(3, 2), (3, 1)]
    assert any("Memory was short" in event.get("sentence", "") for event in told)
    assert told[-1]["event"] == "finished"
    again = trained(tmp_path / "again", data, config)
    assert all(torch.equal(tensor, weights(again)[name]) for name, tensor in weights(run).items())


def test_not_even_one_picture_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = things(tmp_path / "data")
    config = small(data)
    scarce(monkeypatch, most=0, from_step=0)
    with pytest.raises(DeviceError, match="use a smaller size, width or batch"):
        fit(runs.create(tmp_path / "run", config), config, data)


@pytest.mark.parametrize(
    ("begun", "now", "says"),
    [
        (2, 1, "torchrun, --nproc-per-node 2"),
        (2, 3, "torchrun, --nproc-per-node 2"),
        (1, 2, "without torchrun"),
    ],
)
def test_another_number_of_processes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: int, now: int, says: str
) -> None:
    data = things(tmp_path / "data", 3)
    config = replace(small(data), processes=begun)
    run = runs.create(tmp_path / "run", config)
    monkeypatch.setenv("WORLD_SIZE", str(now))
    with pytest.raises(TrainingError, match=says):
        fit(run, config, data)


@pytest.mark.parametrize(
    ("kind", "cores", "processes", "threads"),
    [("cpu", 8, 1, 4), ("cpu", 1, 1, 1), ("cuda", 8, 1, 7), ("cuda", 16, 4, 3), ("cpu", 2, 4, 1)],
)
def test_a_card_is_fed_by_all_cores_but_one(
    monkeypatch: pytest.MonkeyPatch, kind: str, cores: int, processes: int, threads: int
) -> None:
    monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))
    assert loader_threads(kind, cores) == threads


@pytest.mark.skipif(not torch.cuda.is_available(), reason="There is no graphics card here.")
def test_a_card_trains_with_all_losses(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 4)
    config = small(
        data, device="cuda", precision=None, perceptual=15.0, feature_matching=10.0, discriminators=2
    )
    assert config.precision in ("bfloat16", "float16")
    assert trained(tmp_path / "run", data, config).model.exists()


def test_no_graphics_card_is_touched_unless_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = things(tmp_path / "data", 3)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)

    def touched(*_: object) -> None:
        pytest.fail("a card was taken for a training on the processor")

    monkeypatch.setattr(torch.cuda, "set_device", touched)
    trained(tmp_path / "run", data, small(data, steps=1))


def test_device_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 3)
    config = replace(small(data), device="xpu:7")
    with pytest.raises(DeviceError, match="xpu"):
        fit(runs.create(tmp_path / "run", config), config, data)


def test_a_precision_that_the_processor_refuses_is_told(tmp_path: Path, monkeypatch) -> None:
    config = small(things(tmp_path / "data", 3), precision="bfloat16")
    monkeypatch.setattr(device, "computes", lambda dtype: dtype == torch.float32)
    with pytest.raises(TrainingError, match="can't train in bfloat16; train with float32"):
        State(config)
