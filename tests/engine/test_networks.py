from __future__ import annotations

import importlib
from typing import Any

import pytest
import torch
from torch import nn

from engine.errors import ModelError
from engine.layers.blocks import Norm, Translator, initialise, shrunk
from engine.networks import build, kinds

UNET = {"inputs": 3, "outputs": 3, "norm": "batch", "dropout": True}


def least_settings(kind: str) -> dict[str, Any]:
    """The first choice of every setting."""
    return {name: choices[0] for name, choices in module(kind).SETTINGS.items()}


def module(kind: str) -> Any:
    return importlib.import_module(f"engine.networks.{kind}")


def weights(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_papers_kinds_are_found() -> None:
    assert {"patchgan", "resnet", "unet"} <= set(kinds())


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_runs_at_its_smallest_and_checks_its_settings(kind: str) -> None:
    settings = least_settings(kind)
    network = build(kind, **settings).eval()
    answer = network(torch.zeros(2, settings["inputs"], 64, 64))
    answer = torch.stack(answer) if kind == "style_encoder" else answer
    assert 2 in answer.shape[:2]
    assert torch.isfinite(answer).all()
    if isinstance(network, Translator):
        assert answer.shape == (2, network.outputs, 64, 64)
        assert answer.abs().max() <= 1
    for name, value in settings.items():
        with pytest.raises(ModelError, match=name):
            build(kind, **{**settings, name: 10**9})
        with pytest.raises(ModelError, match=name):
            build(kind, **{**settings, name: [value]})
        left_out = getattr(module(kind), "DEFAULTS", {})
        if name in left_out:
            assert left_out[name] == value
            continue
        with pytest.raises(ModelError, match=f"“{name}” is missing"):
            build(kind, **{key: kept for key, kept in settings.items() if key != name})
    with pytest.raises(ModelError, match="no setting “colour”"):
        build(kind, **settings, colour=1)


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ModelError, match=r"“cat”; known are .*patchgan, resnet, .*unet"):
        build("cat")


@pytest.mark.parametrize(
    ("kind", "settings", "count"),
    [
        ("unet", {**UNET, "levels": 8, "width": 64}, 54_413_955),
        ("unet", {**UNET, "levels": 7, "width": 64}, 41_828_995),
        ("unet", {**UNET, "levels": 8, "width": 32}, 13_608_259),
        ("resnet", {**UNET, "blocks": 9, "width": 64, "norm": "instance"}, 11_378_179),
        ("resnet", {**UNET, "blocks": 9, "width": 64}, 11_383_427),
        ("patchgan", {"receptive_field": 70, "width": 64, "inputs": 6, "norm": "batch"}, 2_768_705),
    ],
)
def test_parameters_are_as_many_as_in_the_reference(
    kind: str, settings: dict[str, object], count: int
) -> None:
    with torch.device("meta"):
        assert weights(build(kind, **settings)) == count


@pytest.mark.parametrize("field", [1, 16, 34, 70, 142, 286])
def test_a_patch_logit_depends_on_exactly_its_field(field: int) -> None:
    discriminator = build("patchgan", receptive_field=field, width=2, inputs=1, norm="batch").eval()
    for parameter in discriminator.parameters():
        nn.init.ones_(parameter)
    edge = max(2 * field, 8)
    pair = torch.zeros(1, 1, edge, edge, requires_grad=True)
    logits = discriminator(pair)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    touched = pair.grad[0, 0].nonzero()
    assert (touched.max(0).values - touched.min(0).values + 1).tolist() == [field, field]


def test_dropout_sits_in_the_first_decoder_layers_after_the_innermost() -> None:
    assert build("unet", levels=8, width=1, **UNET).dropped == {4, 5, 6}
    assert build("unet", levels=7, width=1, **UNET).dropped == {4, 5}
    assert not build("unet", levels=5, width=1, **UNET).has_dropout


def test_first_weights_are_those_of_the_paper() -> None:
    network = build("unet", levels=6, width=16, **UNET)
    initialise(network, torch.Generator().manual_seed(0))
    layer = network.downs[4]
    assert layer.convolution.weight.std().item() == pytest.approx(0.02, rel=0.05)
    assert layer.norm.weight.mean().item() == pytest.approx(1, abs=0.01)
    assert layer.norm.weight.std().item() == pytest.approx(0.02, rel=0.3)
    assert not network.ups[0].convolution.bias.any()


def test_image_moments_are_biased_and_of_the_valid_part_alone() -> None:
    norm = Norm(3, "batch").eval()
    norm.statistics = "image"
    x = torch.randn(2, 3, 8, 8)
    inside = x[:, :, :5, :7]
    wanted = (x - inside.mean((2, 3), keepdim=True)) / (
        inside.var((2, 3), correction=0, keepdim=True) + 1e-5
    ) ** 0.5
    torch.testing.assert_close(norm(x, (5, 7)), wanted)


def test_while_training_batch_norm_is_torchs_own() -> None:
    ours, theirs = Norm(3, "batch"), nn.BatchNorm2d(3)
    for _ in range(3):
        x = torch.randn(4, 3, 6, 6) * 2 + 1
        torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours.running_var, theirs.running_var)
    ours.eval()
    theirs.eval()
    torch.testing.assert_close(ours(x), theirs(x))


def test_the_valid_part_halves_upwards() -> None:
    assert shrunk((5, 8)) == (3, 4)
    assert shrunk((1, 1)) == (1, 1)
    assert shrunk(None) is None


@pytest.mark.parametrize("kind", ["unet", "resnet"])
def test_folding_changes_nothing_but_the_number_of_layers(kind: str, tiny) -> None:
    card, tensors = tiny(kind=kind)
    network = build(kind, **card.network).eval()
    network.load_state_dict(tensors)
    x = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.inference_mode():
        before = network(x)
        network.fold()
        after = network(x)
    assert not any(isinstance(module, Norm) for module in network.modules())
    torch.testing.assert_close(before, after, atol=2e-4, rtol=0)  # a grey level is 8e-3
    assert before.std() > 0.05


def test_every_network_learns() -> None:
    """Every weight gets a gradient, in place or not."""
    for kind in kinds():
        network = build(kind, **least_settings(kind))
        made = network(torch.randn(2, 1, 64, 64))
        made = torch.cat(made) if kind == "style_encoder" else made
        made.square().mean().backward()
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
