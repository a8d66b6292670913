from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.data.card import Card
from engine.data.messages import Pixels
from engine.devices import device, trial_memory, trials
from engine.errors import DeviceError
from engine.layers import quantised
from engine.layers.blocks import initialise
from engine.layers.layouts import Room
from engine.layers.quantised import Bits, Quantised
from engine.networks import build
from engine.networks.unet import UNet
from engine.passes.generator import Generator

pytestmark = [
    pytest.mark.skipif(not quantised.right(), reason="this processor multiplies no integers rightly"),
    pytest.mark.usefixtures("no_gradients"),
]

SETTINGS = {"levels": 6, "width": 32, "inputs": 3, "outputs": 3, "norm": "batch", "dropout": True}


def convolution(**geometry: int) -> nn.Conv2d:
    torch.manual_seed(4)
    return nn.Conv2d(64, 40, **geometry)  # type: ignore[arg-type]


def quantised_(plain: nn.Conv2d, bits: Bits) -> Quantised:
    return Quantised(plain, bits, (14, 18), Room(), rectified=bits == 8)


def values(bits: Bits, count: int = 1) -> Tensor:
    """As behind a ReLU for 8 bits, of both signs for 16."""
    x = torch.randn(count, 64, 14, 18, generator=torch.Generator().manual_seed(5))
    return (x.relu() if bits == 8 else x).contiguous(memory_format=torch.channels_last)


def decibels(made: Tensor, exact: Tensor) -> float:
    return float(20 * torch.log10(exact.std() / (made - exact).std()))


every_kind = pytest.mark.parametrize("bits", [8, 16])
every_geometry = pytest.mark.parametrize(
    "geometry",
    [
        {"kernel_size": 4, "stride": 2, "padding": 1},
        {"kernel_size": 2, "padding": 1},
        {"kernel_size": 3, "padding": 0},
        {"kernel_size": 4, "stride": 2, "padding": 1, "bias": False},
    ],
    ids=str,
)


@every_kind
@every_geometry
def test_integers_come_near_floats(bits: Bits, geometry: dict[str, int]) -> None:
    plain, x = convolution(**geometry), values(bits, 2)
    made, exact = quantised_(plain, bits)(x), plain(x)
    assert made.shape == exact.shape and made.dtype == torch.float32
    assert decibels(made, exact) > (46 if bits == 16 else 40)
    assert abs(float((made - exact).mean())) < 0.002


@every_kind
def test_a_window_is_convolved_as_the_whole(bits: Bits) -> None:
    plain = convolution(kernel_size=4, stride=2, padding=1)
    made = quantised_(plain, bits)
    x = values(bits)
    window = x[:, :, 3:11, 5:15].contiguous(memory_format=torch.channels_last)
    part = made.unpadded(window)
    assert decibels(part, plain(x)[:, :, 2:5, 3:7]) > 40
    assert decibels(part, made(x)[:, :, 2:5, 3:7]) > 40


@every_kind
def test_a_matrix_product_is_the_same_convolution(bits: Bits) -> None:
    plain, x = convolution(kernel_size=4, stride=2, padding=1), values(bits, 2)
    made, algorithm = (
        Quantised(plain, bits, (14, 18), Room(), rectified=bits == 8, product=product)
        for product in (False, True)
    )
    torch.testing.assert_close(algorithm(x), made(x))
    torch.testing.assert_close(algorithm.unpadded(x), made.unpadded(x))
    assert algorithm(x).is_contiguous(memory_format=torch.channels_last)


@every_kind
@pytest.mark.parametrize("level", [0.0, 1e-30, 1e6])
def test_any_range_of_values_serves(bits: Bits, level: float) -> None:
    plain = convolution(kernel_size=3, padding=1)
    x = values(bits) * level
    made, exact = quantised_(plain, bits)(x), plain(x)
    assert torch.isfinite(made).all()
    assert float((made - exact).abs().max()) <= 0.03 * float(exact.abs().max())


@every_kind
def test_maps_are_rectified_and_joined(bits: Bits) -> None:
    plain = convolution(kernel_size=2, padding=1)
    x = torch.randn(2, 64, 14, 18, generator=torch.Generator().manual_seed(6))
    x[:, 5] -= 1000  # far below nothing: must not come back as something
    exact = plain(x.relu())
    maps = x[:, :24].clone(), x[:, 24:].clone(memory_format=torch.channels_last)
    first = maps[0].clone()
    made = Quantised(plain, bits, (14, 18), Room(), rectified=True)(*maps)
    assert decibels(made, exact) > (46 if bits == 16 else 40)
    assert torch.equal(maps[0], first)  # only the last is written to


@every_kind
@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_none_end_nothing(bits: Bits, number: float) -> None:
    x = values(bits)
    x[0, 3, 4, 5] = number
    assert quantised_(convolution(kernel_size=3, padding=1), bits)(x).shape == (1, 40, 14, 18)


def test_sixteen_bits_keep_what_is_small_beside_something_large() -> None:
    plain = convolution(kernel_size=3, padding=1)
    x = values(16)
    x[0, 0, 0, 0] = 300.0
    made, exact = quantised_(plain, 16)(x), plain(x)
    assert decibels(made[..., 4:, 4:], exact[..., 4:, 4:]) > 40


# --- in a network ----------------------------------------------------------------------------------


def trained(levels: int = 6, width: int = 32) -> tuple[Card, dict[str, Tensor]]:
    """A network whose maps have the moments that its norms say, as after a training."""
    settings = {**SETTINGS, "levels": levels, "width": width}
    rng = torch.Generator().manual_seed(8)
    network = build("unet", **settings)
    initialise(network, rng)
    network.train()
    for _ in range(30):
        network(torch.randn(2, 3, 64, 64, generator=rng).clamp(-1, 1))
    tensors = {name: tensor.detach() for name, tensor in network.state_dict().items()}
    return Card("made", "unet", settings, "image", (64, 64), statistics="running"), tensors


@pytest.fixture(scope="module")
def model() -> tuple[Card, dict[str, Tensor]]:
    with torch.inference_mode(False), torch.no_grad():
        return trained()


def opened(model: tuple[Card, dict[str, Tensor]], **more: str) -> Generator:
    card, tensors = model
    return Generator(card, dict(tensors), device="cpu", **more)  # type: ignore[arg-type]


def picture(seed: int = 0) -> Pixels:
    rng = np.random.default_rng(seed)
    made = np.full((64, 64, 3), 255, np.uint8)
    for _ in range(6):
        left, top = rng.integers(0, 48, 2)
        made[top : top + 12, left : left + 9] = rng.integers(0, 256, 3)
    return made


def psnr(one: Pixels, other: Pixels) -> float:
    error = float(((one.astype(float) - other) ** 2).mean())
    return 10 * float(np.log10(255**2 / max(error, 1e-9)))


def test_pictures_stay_the_same_to_the_eye(model) -> None:
    exact = opened(model, precision="float32")
    quick = opened(model, precision="int8")
    assert (exact.precision, quick.precision) == ("float32", "int8")
    for seed in range(4):
        made, wanted = quick(picture(seed)), exact(picture(seed))
        assert psnr(made, wanted) > 45
        assert np.quantile(np.abs(made.astype(int) - wanted), 0.999) <= 5
    assert (quick(picture()) != exact(picture())).any()  # it is not the same network by mistake


def test_updates_settle_on_what_a_call_answers(model) -> None:
    quick = opened(model, precision="int8")
    before, after = picture(1), picture(1)
    after[20:30, 20:30] = (200, 30, 30)
    quick.update(before)
    shown = quick.update(after, (20, 20, 10, 10))
    assert not quick.settled
    assert psnr(shown[20:30, 20:30], quick(after)[20:30, 20:30]) > 40
    np.testing.assert_array_equal(quick.settle(), quick(after))


def test_only_wide_convolutions_and_not_the_outermost() -> None:
    network = build("unet", **{**SETTINGS, "levels": 8})
    assert isinstance(network, UNet)
    assert not network.coarse()  # norms there would enlarge what rounding does
    network.fold()
    names = {module: name for name, module in network.named_modules()}
    found = {names[module].removesuffix(".convolution"): bits for module, bits in network.coarse().items()}
    assert found == {
        **{f"downs.{level}": 16 for level in range(2, 8)},  # the first has but 32 channels
        **{f"ups.{level}": 8 for level in range(3, 7)},
        **{f"ups.{level}": 16 for level in (1, 2, 7)},
    }


def test_norms_with_the_statistics_of_the_image_go_on_in_floats(model) -> None:
    assert opened(model, precision="int8", statistics="image").precision in ("float32", "bfloat16")


def test_narrow_networks_go_on_in_floats() -> None:
    with torch.inference_mode(False), torch.no_grad():
        narrow = trained(levels=5, width=4)
    assert opened(narrow, precision="int8").precision in ("float32", "bfloat16")


def test_where_integers_pay_they_are_the_default(
    model, nothing_tried, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tried(factor: float):
        """Every algorithm as quick as every other, but integers by a factor."""

        def answer(convolution, shape, dtype, bits, algorithms):
            return {algorithm: factor if algorithm.startswith("integer") else 1.0 for algorithm in algorithms}

        return answer

    monkeypatch.setattr(device, "bfloat16_pays", lambda: False)
    for factor, precision in ((0.5, "int8"), (0.95, "float32"), (2.0, "float32")):
        trial_memory.forget()
        monkeypatch.setattr(trials, "time_algorithms", tried(factor))
        assert opened(model).precision == precision


def test_without_the_operators_it_is_refused_with_a_sentence(model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantised, "right", lambda: False)
    with pytest.raises(DeviceError, match="int8 on this cpu; use another precision"):
        opened(model, precision="int8")


def test_operators_that_go_wrong_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def saturating(self: Quantised, *arguments: Any) -> Tensor:
        return real(self, *arguments).clamp(-1e5, 1e5)

    real = Quantised.multiply
    monkeypatch.setattr(Quantised, "multiply", saturating)
    quantised.right.cache_clear()
    assert not quantised.right()
    monkeypatch.undo()
    quantised.right.cache_clear()
    assert quantised.right()
