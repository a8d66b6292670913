from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engine import networks
from engine.errors import ModelError
from engine.models import bundle
from tests.trainer.small_runs import copied, small, things
from trainer.data.pairs import DataSet
from trainer.machine.distributed import World
from trainer.machine.errors import TrainingError
from trainer.run.config import Config
from trainer.training import ema
from trainer.training.fit import pair_loader
from trainer.training.state import State, rng
from trainer.training.step import train_step

STYLES = {"styles": 8, "style_encoder": 4}
DIVERSE = {**STYLES, "style_recipe": "diversity"}
ALL = {"perceptual": 15.0, "feature_matching": 10.0, "discriminators": 2, "differentiable": True}


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    return things(tmp_path / "data", 4)


def stepped(config: Config, data: DataSet, steps: int) -> State:
    state = State(config)
    go_on(state, data, steps)
    return state


def go_on(state: State, data: DataSet, steps: int) -> None:
    with pair_loader(data, state, World()) as loader:
        for _ in range(steps):
            batch = next(loader)
            train_step(state, state.config, World(), batch.inputs, batch.targets)
            state.step += 1


@pytest.mark.parametrize(
    "changes",
    [
        *({}, {"recipe": "paper"}, {"adversarial": "none"}, {"upsampling": "resize"}, {"norms": "kept"}, ALL),
        *(STYLES, DIVERSE, STYLES | ALL, {**STYLES, "recipe": "paper"}),
    ],
    ids=str,
)
def test_checkpoint_holds_all_that_the_next_step_needs(data: DataSet, changes: dict[str, Any]) -> None:
    if changes.get("norms") == "kept":  # needs a model to begin from; any will do, it is not read here
        config = replace(small(data), **changes, from_model="any")
    else:
        config = small(data, **changes)
    one = stepped(config, data, 3)
    other = State(replace(config, seed=99))
    other.config = config
    other.restore(copied(one), one.note())
    for state in (one, other):
        go_on(state, data, 2)
    tensors, theirs = copied(one), copied(other)
    assert tensors.keys() == theirs.keys()
    assert [name for name in tensors if not torch.equal(tensors[name], theirs[name])] == []
    assert one.note() == other.note()
    assert one.step == 5


def test_first_checkpoint_can_be_gone_back_to(data: DataSet) -> None:
    state = State(small(data))
    tensors, note = copied(state), state.note()
    go_on(state, data, 2)
    state.restore(tensors, note)
    assert state.step == 0
    assert [name for name, tensor in copied(state).items() if not torch.equal(tensor, tensors[name])] == []


def test_checkpoint_of_another_network_is_refused(data: DataSet) -> None:
    state = stepped(small(data), data, 1)
    with pytest.raises(TrainingError, match="another network"):
        State(small(data, width=5)).restore(copied(state), state.note())


def test_a_second_discriminator_leaves_the_first_weights_of_the_others(data: DataSet) -> None:
    one, two = (copied(State(small(data, discriminators=count))) for count in (1, 2))
    assert [name for name, tensor in one.items() if not torch.equal(tensor, two[name])] == []
    more = two.keys() - one.keys()
    assert more and all(name.startswith("discriminator_half.") for name in more)


def test_the_second_discriminator_sees_half_the_size(data: DataSet) -> None:
    whole, half = State(small(data, discriminators=2)).discriminate(torch.rand(2, 8, 48, 64))
    assert whole.features[0].shape[2:] == (24, 32)
    assert half.features[0].shape[2:] == (12, 16)


def test_first_weights_follow_from_the_seed(data: DataSet) -> None:
    one, same, other = (copied(State(small(data, seed=seed))) for seed in (1, 1, 2))
    assert all(torch.equal(tensor, same[name]) for name, tensor in one.items())
    assert not all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_numbers_are_alike_for_the_same_place_only() -> None:
    throws = [
        torch.rand(3, generator=rng(*place)) for place in ((1, "a", 2), (1, "a", 2), (1, "b", 2), (2, "a", 2))
    ]
    assert torch.equal(throws[0], throws[1])
    assert not torch.equal(throws[0], throws[2])
    assert not torch.equal(throws[0], throws[3])


def test_ema_follows_the_weights(data: DataSet) -> None:
    config = small(data, ema=0.75)
    state = State(config)
    key = "downs.0.convolution.weight"
    wanted = state.ema.state_dict()[key].clone()
    with pair_loader(data, state, World()) as loader:
        for step in range(30):
            batch = next(loader)
            train_step(state, config, World(), batch.inputs, batch.targets)
            keep = min(0.75, (1 + step) / (10 + step))
            wanted = keep * wanted + (1 - keep) * state.generator.state_dict()[key]
            state.step += 1
    torch.testing.assert_close(state.ema.state_dict()[key], wanted)
    assert not torch.equal(wanted, state.generator.state_dict()[key])


def test_paper_recipe_keeps_no_ema(data: DataSet) -> None:
    state = State(small(data, recipe="paper"))
    assert state.ema is state.generator


def test_statistics_are_those_of_the_pictures(data: DataSet) -> None:
    """With one batch, running statistics give what that batch's own would."""
    config = small(data)
    state = stepped(config, data, 2)
    inputs = torch.rand(6, 5, 32, 32) * 2 - 1
    before = copied(state)
    tensors = ema.finished(state, config, [inputs])
    assert [name for name, tensor in copied(state).items() if not torch.equal(tensor, before[name])] == []
    state.ema.load_state_dict(tensors)
    running = state.ema.eval()(inputs)
    for module in state.ema.modules():
        if type(module).__name__ == "Norm":
            module.train()
    torch.testing.assert_close(running, state.ema(inputs), atol=2e-4, rtol=1e-3)


def test_statistics_of_several_batches_are_theirs_together(data: DataSet) -> None:
    config = small(data)
    state = State(config)
    batches = [torch.rand(4, 5, 32, 32), torch.rand(4, 5, 32, 32) * 3]
    tensors = ema.finished(state, config, batches)
    first = torch.nn.functional.conv2d(
        torch.nn.functional.leaky_relu(
            torch.nn.functional.conv2d(
                torch.cat(batches), tensors["downs.0.convolution.weight"], stride=2, padding=1
            ),
            0.2,
        ),
        tensors["downs.1.convolution.weight"],
        stride=2,
        padding=1,
    )
    torch.testing.assert_close(
        tensors["downs.1.norm.running_mean"], first.mean((0, 2, 3)), atol=1e-6, rtol=1e-4
    )
    variance = first.var((0, 2, 3), correction=0)
    torch.testing.assert_close(tensors["downs.1.norm.running_var"], variance, atol=1e-8, rtol=1e-3)


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(tensor, theirs[name]) for name, tensor in one.state_dict().items())


def test_fine_tuning_takes_what_fits(data: DataSet, tmp_path: Path) -> None:
    config = small(data)
    state = stepped(config, data, 1)
    model = tmp_path / "parent.safetensors"
    bundle.write(model, config.card(), state.generator.state_dict())
    child = State(replace(config, seed=5))
    taken, there = child.begin_from(str(model))
    assert taken == there
    assert same_weights(child.generator, state.generator)
    assert same_weights(child.ema, state.generator)

    grey = replace(config, task="lines", network={**config.network, "inputs": 1}, seed=5)
    fresh = State(grey)
    before = fresh.generator.state_dict()["downs.0.convolution.weight"].clone()
    taken, there = fresh.begin_from(str(model))
    assert taken == there - 1  # only the first layer sees other planes
    after = fresh.generator.state_dict()
    assert torch.equal(after["downs.0.convolution.weight"], before)
    last = "ups.0.convolution.weight"
    assert torch.equal(after[last], state.generator.state_dict()[last])

    with pytest.raises(ModelError, match="another network"):
        State(replace(config, network={**config.network, "width": 6})).begin_from(str(model))


def test_kept_norms_learn_by_the_statistics_they_begin_with(tmp_path: Path, data: DataSet) -> None:
    begun = stepped(small(data), data, 3)
    tensors = ema.finished(begun, begun.config, [torch.randn(4, *begun_planes(begun), 32, 32)])
    file = tmp_path / "first.safetensors"
    bundle.write(file, begun.config.card(), dict(tensors))
    state = State(small(data, from_model=str(file), norms="kept"))
    state.begin_from(str(file))
    go_on(state, data, 2)
    made = ema.finished(state, state.config, [])
    running = [name for name in tensors if "running" in name]
    assert running
    for name, tensor in made.items():
        assert torch.allclose(tensor, tensors[name]) == (name in running), name
    # As it is trained it is run: with dropout off both networks answer alike.
    network = networks.build(state.config.kind, **state.config.network)
    network.load_state_dict({name: tensor.cpu() for name, tensor in state.generator.state_dict().items()})
    network.eval()
    state.generator.eval()
    x = torch.randn(2, *begun_planes(state), 32, 32)
    with torch.no_grad():
        assert torch.allclose(network(x), state.generator(x), atol=1e-5)


def begun_planes(state: State) -> tuple[int]:
    return (state.config.network["inputs"],)


def test_half_a_step_in_half_precision_is_forgotten(data: DataSet) -> None:
    """Memory ran out between the discriminator's step and the generator's."""
    config = small(data, precision="float16")
    state, undisturbed = State(config), State(config)
    tensors, note = copied(state), state.note()

    def without_memory(part: str, world: World) -> None:
        if part == "generator":
            raise torch.OutOfMemoryError("out of memory")
        State.optimizer_step(state, part, world)

    state.optimizer_step = without_memory  # type: ignore[method-assign]
    with pytest.raises(torch.OutOfMemoryError):
        go_on(state, data, 1)
    del state.optimizer_step
    state.restore(tensors, note)
    for each in (state, undisturbed):
        go_on(each, data, 2)
    assert state.note() == undisturbed.note()
    wanted = copied(undisturbed)
    assert [name for name, tensor in copied(state).items() if not torch.equal(tensor, wanted[name])] == []


def test_steps_that_half_precision_leaves_out_can_be_gone_on_from(data: DataSet) -> None:
    """Gradients beyond the format's range move nothing: a checkpoint may be of steps none of which did."""
    config = small(data, precision="float16")
    one, other = State(config), State(config)
    one.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**40)
    go_on(one, data, 2)
    assert one.note()["moments"] == {"generator": 0, "discriminator": 0}
    other.restore(copied(one), one.note())
    for state in (one, other):
        state.scaler = torch.amp.GradScaler("cpu", init_scale=1.0)
        go_on(state, data, 1)
    assert one.note() == other.note()
    assert one.note()["moments"] == {"generator": 1, "discriminator": 1}
    wanted = copied(one)
    assert [name for name, tensor in copied(other).items() if not torch.equal(tensor, wanted[name])] == []
