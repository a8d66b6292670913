from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine import packed


@pytest.fixture(params=[True, False], ids=["packed", "plain"])
def network(request, monkeypatch) -> nn.Sequential:
    """One of each sort of convolution, prepared for the CPU."""
    if not request.param:
        monkeypatch.setattr(packed, "_packing_works", lambda: False)
        monkeypatch.setattr(packed, "_products_work", lambda dtype: False)
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(6, 8, 4, 2, 1),
        nn.ConvTranspose2d(packed._DEEP, 5, 4, 2, 1, bias=False),
        nn.ConvTranspose2d(packed._DEEP, 5, 4, 2, 1),
        nn.ConvTranspose2d(6, 3, 4, 2, 1),
        nn.ConvTranspose2d(6, 9, 4, 2, 1),
    )


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (4, 6), (9, 3)])
@torch.no_grad()
def test_prepared_convolutions_do_what_they_did(network: nn.Sequential, size) -> None:
    plain: list[tuple[type, Any, Any]] = [(type(layer), layer.in_channels, layer) for layer in network]
    packed.pack(network)
    for (kind, channels, before), layer in zip(plain, network, strict=True):
        height, width = size if kind is nn.ConvTranspose2d else (2 * size[0], 2 * size[1])
        x = torch.randn(2, channels, height, width)
        assert torch.allclose(layer(x), before(x), atol=1e-5), before


@torch.no_grad()
def test_many_channels_make_a_product(network: nn.Sequential) -> None:
    packed.pack(network)
    products = [isinstance(layer, packed._Product) for layer in network]
    assert products == [False, True, True, False, False]


@torch.no_grad()
def test_a_part_of_a_map_is_convolved_without_padding(network: nn.Sequential) -> None:
    x = torch.randn(1, 6, 10, 14)
    first: Any = network[0]
    wanted = F.conv2d(x, first.weight, first.bias, 2)
    packed.pack(network)
    assert torch.allclose(packed.unpadded(network[0], x), wanted, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_here_the_operators_serve(dtype: torch.dtype) -> None:
    """Else every other test tries plain convolutions alone."""
    if not torch.backends.mkldnn.is_available():
        pytest.skip("this build of torch has no oneDNN")
    if dtype == torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        pytest.skip("this processor has no instructions for bfloat16")
    assert packed._packing_works()
    assert packed._products_work(dtype)


@torch.no_grad()
def test_products_in_16_bits_are_as_near_as_convolutions_are() -> None:
    torch.manual_seed(1)
    up = nn.ConvTranspose2d(packed._DEEP, 8, 4, 2, 1)
    x = torch.randn(1, packed._DEEP, 6, 6)
    wanted = up(x)
    plain = (up.bfloat16()(x.bfloat16()) - wanted).square().mean().sqrt()
    network = nn.Sequential(up)
    packed.pack(network)
    assert isinstance(network[0], packed._Product)
    made = network(x.bfloat16())
    assert made.dtype == torch.bfloat16
    assert (made - wanted).square().mean().sqrt() < 1.5 * plain
