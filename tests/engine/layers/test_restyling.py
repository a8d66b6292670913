"""Every way of a convolution scales and shifts its channels as told, and comes back to what it was."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.devices import device
from engine.layers import packed, quantised
from engine.layers.blocks import EPSILON, Norm
from engine.layers.layouts import Room
from engine.layers.packed import Packed, Product, Shuffled, restyle
from engine.layers.quantised import Quantised

pytestmark = pytest.mark.usefixtures("no_gradients")

needs_packing = pytest.mark.skipif(not packed.packing_works(), reason="oneDNN's operators are not here")
needs_integers = pytest.mark.skipif(
    not quantised.right(), reason="this processor multiplies no integers rightly"
)


def convolution(transposed: bool, dtype: torch.dtype = torch.float32) -> Any:
    torch.manual_seed(4)
    made = nn.ConvTranspose2d(32, 24, 4, 2, 1) if transposed else nn.Conv2d(32, 24, 4, 2, 1)
    return made.requires_grad_(False).to(dtype)


def x(dtype: torch.dtype = torch.float32) -> Tensor:
    made = torch.randn(1, 32, 12, 16, generator=torch.Generator().manual_seed(5)).relu().to(dtype)
    return made.contiguous(memory_format=torch.channels_last)


def modulations() -> list[tuple[Tensor, Tensor]]:
    """Of both signs, with a channel that vanishes; and that which does nothing."""
    rng = torch.Generator().manual_seed(6)
    scales = [torch.randn(24, generator=rng) + 1 for _ in range(2)]
    scales[0][3] = 0
    return [(scale, torch.randn(24, generator=rng)) for scale in scales]


def wanted(made: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    return made.float() * scale[:, None, None] + shift[:, None, None]


def follows(module: nn.Module, given: Tensor, rel: float, run: Any = None) -> None:
    run = run or module
    before = run(given.clone())
    for scale, shift in [*modulations(), modulations()[0]]:
        restyle(module, scale, shift)
        made, exact = run(given.clone()), wanted(before, scale, shift)
        assert made.dtype == before.dtype and made.stride() == before.stride()
        assert (made.float() - exact).abs().max() <= rel * exact.abs().max()
    restyle(module, torch.ones(24), torch.zeros(24))
    assert torch.equal(run(given.clone()), before)


def lays_out(dtype: torch.dtype) -> bool:
    """Whether oneDNN takes weights in this number format: it refuses bfloat16 on some that compute in it."""
    try:
        Packed(convolution(False, dtype), (12, 16), Room())
    except RuntimeError:
        return False
    return True


@needs_packing
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("light", [True, False])
@pytest.mark.parametrize(
    "way", ["plain", "packed", "transposed", "shuffled", "product", "unpadded", "single"]
)
def test_floats(way: str, light: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch):
    if dtype == torch.bfloat16 and not device.computes(dtype):
        pytest.skip("torch refuses bfloat16 on this processor")
    if way == "product" and not packed.products_work(dtype):
        pytest.skip("there are no matrix products of oneDNN here")
    monkeypatch.setattr(packed, "LIGHT", 1 << 30 if light else 0)
    if dtype == torch.bfloat16 and way not in ("plain", "single", "product") and not lays_out(dtype):
        pytest.skip("oneDNN lays out no weights in bfloat16 on this processor")
    plain = convolution(way in ("transposed", "shuffled", "product"), dtype)
    size, run = (12, 16), None
    if way == "plain":
        module: nn.Module = plain.to(memory_format=torch.channels_last)
    elif way == "shuffled":
        module = Shuffled(plain, size, Room())
    elif way == "product":
        module = Product(plain, size, Room())
    elif way == "single":
        module = packed._Single(Packed(plain.float(), size, Room()), dtype)
    else:
        module = Packed(plain, size, Room())
        if way == "unpadded":

            def run(given: Tensor) -> Tensor:
                return packed.unpadded(module, given)

    follows(module, x(dtype), 2e-6 if dtype == torch.float32 else 0.02, run)


@needs_packing
@pytest.mark.parametrize("light", [True, False])
def test_an_activation_comes_after_the_style(light: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(packed, "LIGHT", 1 << 30 if light else 0)
    plain = convolution(False)
    module = Packed(plain, (12, 16), Room(), "leaky_relu")
    (scale, shift), exact = modulations()[0], plain(x())
    restyle(module, scale, shift)
    made = packed.activated(module, module(x()), "leaky_relu")
    torch.testing.assert_close(made, F.leaky_relu(wanted(exact, scale, shift), 0.2), atol=1e-5, rtol=1e-5)
    restyle(module, torch.ones(24), torch.zeros(24))
    assert module.activation == "leaky_relu"  # its own again
    torch.testing.assert_close(module(x()), F.leaky_relu(exact, 0.2))


@needs_packing
def test_every_layout_of_a_light_weight_follows():
    room = Room()
    module = Packed(convolution(False), (12, 16), room, "none")
    room.left = 1 << 30
    maps = [
        torch.randn(1, 32, *size).contiguous(memory_format=torch.channels_last)
        for size in ((12, 16), (3, 2), (40, 56))
    ]
    before = [module(given) for given in maps]
    scale, shift = modulations()[0]
    restyle(module, scale, shift)
    room.left = 0
    for given, made in zip(maps, before, strict=True):
        assert module.serves(given.shape, padded=True), "nothing is laid out in a pass"
        torch.testing.assert_close(module(given), wanted(made, scale, shift), atol=1e-4, rtol=1e-4)


@needs_integers
@pytest.mark.parametrize("way", ["plain", "product", "shuffled"])
@pytest.mark.parametrize("bits", [8, 16])
def test_integers(bits: Any, way: str):
    plain, size = convolution(way == "shuffled"), (12, 16)
    if way == "shuffled":
        module: nn.Module = Shuffled(plain, size, Room(), bits)
    else:
        module = Quantised(plain, bits, size, Room(), rectified=bits == 8, product=way == "product")
    follows(module, x(), 2e-5)


@pytest.mark.parametrize("fails", [1, 2])
@pytest.mark.parametrize("kind", ["batch", "instance"])
def test_a_norm_that_got_no_memory_for_its_first_style_has_it_the_next_time(
    kind: Any, fails: int, monkeypatch: pytest.MonkeyPatch
):
    norm = Norm(24, kind).eval().requires_grad_(False)
    norm.statistics = "image"
    of_file = norm.weight
    given, (scale, shift) = torch.randn(1, 24, 6, 7), modulations()[0]
    before, parameter, made = norm(given), nn.Parameter, []

    def full(data: Tensor, *rest: Any, **words: Any) -> Any:
        made.append(data)
        if len(made) == fails:
            raise MemoryError
        return parameter(data, *rest, **words)

    monkeypatch.setattr(nn, "Parameter", full)
    with pytest.raises(MemoryError):
        norm.restyle(scale, shift)
    monkeypatch.undo()
    norm.restyle(scale, shift)
    torch.testing.assert_close(norm(given), wanted(before, scale, shift), atol=1e-5, rtol=1e-5)
    assert of_file is None or bool((of_file == 1).all()), "the file's weights stay"


@pytest.mark.parametrize("kind", ["batch", "instance"])
def test_norms_with_the_moments_of_the_picture(kind: Any):
    norm = Norm(24, kind).eval().requires_grad_(False)
    norm.statistics = "image"
    if norm.weight is not None:
        norm.weight.normal_()
        norm.bias.normal_()
    given = torch.randn(1, 24, 6, 7)
    before, part = norm(given), given[:, :, :3]
    variance, mean = torch.var_mean(given[0], (1, 2), correction=0)
    moments = mean, torch.rsqrt(variance + EPSILON)
    for scale, shift in modulations():
        norm.restyle(scale, shift)
        torch.testing.assert_close(norm(given), wanted(before, scale, shift), atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(
            norm.by(moments, part), wanted(before, scale, shift)[:, :, :3], atol=1e-5, rtol=1e-5
        )
    norm.restyle(torch.ones(24), torch.zeros(24))
    assert torch.equal(norm(given), before)
