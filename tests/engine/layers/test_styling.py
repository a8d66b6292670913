from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.data import style
from engine.layers import styling
from engine.layers.blocks import Norm, initialise
from engine.networks import build

SHAPES: dict[str, dict[str, Any]] = {
    "unet": {"levels": 6, "width": 4},
    "encoder_decoder": {"levels": 6, "width": 4},
    "resnet": {"blocks": 6, "width": 4},
}


def pair(kind: str, norm: str) -> tuple[Any, Any]:
    """A network, and the same one with styles."""
    settings = {**SHAPES[kind], "inputs": 3, "outputs": 3, "norm": norm, "dropout": False}
    found = build(kind, **settings), build(kind, **settings, style=8)
    for network in found:
        initialise(network, torch.Generator().manual_seed(1))
    return found


def codes(count: int) -> torch.Tensor:
    return torch.tensor([style.drawn(seed, 8) for seed in range(count)])


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("kind", SHAPES)
def test_styles_begin_without_any_effect(kind: str, norm: str):
    plain, styled = pair(kind, norm)
    x = torch.rand(2, 3, 64, 64) * 2 - 1
    assert torch.equal(plain.train()(x), styled.train()(x, style=codes(2)))
    for statistics in ("running", "image"):
        for network in (plain, styled):
            network.eval().use_statistics(statistics)
        assert torch.equal(plain(x), styled(x, style=codes(2)))
        assert torch.equal(plain(x), styled(x))
    with pytest.raises(AssertionError, match="no styles"):
        plain(x, style=codes(2))


def test_names_are_those_of_the_plain_network_and_of_the_styling():
    plain, styled = pair("unet", "batch")
    more = styled.state_dict().keys() - plain.state_dict().keys()
    assert more == {
        f"styling.{layer}.{part}" for layer in ("trunk.0", "trunk.2", "head") for part in ("weight", "bias")
    }
    assert next(iter(styled.state_dict())) == next(iter(plain.state_dict()))


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("kind", SHAPES)
def test_every_picture_of_a_batch_follows_its_own_code(kind: str, norm: str):
    _, styled = pair(kind, norm)
    torch.nn.init.normal_(styled.styling.head.weight, 0, 0.1, generator=torch.Generator().manual_seed(2))
    x = (torch.rand(1, 3, 64, 64) * 2 - 1).expand(3, -1, -1, -1)
    z = codes(3)
    styled.eval().use_statistics("image")
    made = styled(x, style=z)
    assert min((made[0] - made[1]).std(), (made[1] - made[2]).std()) > 1e-4
    for place in range(3):
        torch.testing.assert_close(
            made[place], styled(x[:1], style=z[place : place + 1])[0], atol=1e-5, rtol=0
        )
    torch.testing.assert_close(styled(x), styled(x, style=torch.zeros(1, 8)))


def test_a_layer_is_scaled_and_shifted_behind_its_norm():
    """By hand: (1 + Δγ) · norm(x) + Δβ, of the last layer that follows a style."""
    _, styled = pair("unet", "batch")
    with torch.no_grad():
        styled.styling.head.weight.normal_(0, 0.2, generator=torch.Generator().manual_seed(3))
    layer, z = styled.ups[-1], codes(1)
    x = torch.randn(1, layer.convolution.in_channels, 8, 8)
    made = styled.styling.head(styled.styling.trunk(z))[0]
    scale, shift = made[-2 * 32 :].split(32)
    wanted = layer.eval()(x) * (1 + scale)[:, None, None] + shift[:, None, None]
    torch.testing.assert_close(layer(x, styles=styled.styling(z)), wanted)


@pytest.mark.parametrize("kind", SHAPES)
def test_every_weight_of_a_styled_network_learns(kind: str):
    _, styled = pair(kind, "batch")
    x = torch.rand(2, 3, 64, 64)
    (styled(x, style=codes(2)) - 0.5).square().mean().backward()
    assert styled.styling.head.weight.grad.abs().sum() > 0  # and then the trunk does
    assert all(parameter.grad is not None for parameter in styled.parameters())


@pytest.mark.parametrize("kind", SHAPES)
def test_the_outer_encoder_follows_no_style(kind: str):
    _, styled = pair(kind, "batch")
    places = [layer.index for layer in styled.downs]
    assert places[:2] == [None, None]
    norms = sum(isinstance(module, Norm) for module in styled.modules())
    assert len(styled.styling.channels) == norms - {"unet": 2, "encoder_decoder": 2, "resnet": 3}[kind]


def test_one_number_says_how_long_a_code_may_be():
    assert style.LONGEST == styling.LONGEST


@pytest.mark.parametrize("size", [(128, 128), (256, 200), (1, 900), (17, 5)])
def test_the_style_encoder_reads_photos_of_any_size(size: tuple[int, int]):
    encoder = build("style_encoder", inputs=3, width=32, style=8)
    initialise(encoder, torch.Generator().manual_seed(4))
    assert 2 * sum(parameter.numel() for parameter in encoder.parameters()) < 3e6
    photo = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(5)) * 2 - 1
    photo[1, 0] = 1
    mean, variance = encoder(photo)
    assert mean.shape == variance.shape == (2, 8)
    assert 1e-3 < (mean[0] - mean[1]).abs().mean() < 2 and variance.abs().max() < 2


def test_first_weights_of_the_encoder_are_seeded():
    encoders = [build("style_encoder", inputs=1, width=4, style=8) for _ in range(2)]
    for encoder in encoders:
        initialise(encoder, torch.Generator().manual_seed(4))
    ours, theirs = (encoder.state_dict() for encoder in encoders)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
