"""Products of weights in 16 bits make what plain convolutions make, nearly, or aren't used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.devices import algorithms, trials
from engine.layers import halved, packed, shapes
from engine.networks.unet import UNet

needs_it = pytest.mark.skipif(not halved.works(), reason="this torch, or this processor, has no such product")
BOTH = [
    pytest.param(lambda bias=True: nn.Conv2d(96, 112, 4, 2, 1, bias=bias), id="plain"),
    pytest.param(lambda bias=True: nn.ConvTranspose2d(96, 112, 4, 2, 1, bias=bias), id="transposed"),
]
both = pytest.mark.parametrize("convolution", BOTH)

MEMORY_THAT_ENDS = """
import resource
from pathlib import Path
import torch
from torch import nn
from engine.layers import halved

divide = torch.div

def the_last_there_is(*given, **named):
    divide(*given, **named)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 20), resource.RLIM_INFINITY))

assert halved.works()
torch.div = the_last_there_is
try:
    halved.Halved(nn.ConvTranspose2d(512, 512, 4, 2, 1))
except RuntimeError as error:
    print(error)
"""


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    torch.manual_seed(0)
    with torch.inference_mode():
        yield


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Nothing is known of the operators yet."""
    halved.works.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    halved.works.cache_clear()


def map_of(*shape: int) -> Tensor:
    return torch.randn(shape).contiguous(memory_format=torch.channels_last)


def alike(made: Tensor, wanted: Tensor) -> None:
    assert made.shape == wanted.shape
    assert float((made - wanted).abs().max()) <= 1e-3 * float(wanted.abs().max())


@needs_it
@both
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 96, 8, 8), (1, 96, 2, 2), (3, 96, 6, 4), (1, 96, 16, 10)])
def test_both_kinds_are_what_they_stand_for(convolution, bias: bool, shape: tuple[int, ...]) -> None:
    plain, x = convolution(bias), map_of(*shape)
    alike(halved.Halved(plain)(x), plain(x))
    assert packed.serves(halved.Halved(plain), shape)


@needs_it
def test_parts_lack_the_padding_that_is_its_own() -> None:
    plain, x = nn.Conv2d(96, 112, 4, 2, 1), map_of(1, 96, 10, 6)
    alike(packed.unpadded(halved.Halved(plain), x), F.conv2d(x, plain.weight, plain.bias, 2))


@needs_it
@both
def test_small_and_large_weights_keep_their_bits(convolution) -> None:
    """Numbers in half precision lie between 6e-8 and 65504."""
    plain, x = convolution(bias=False), map_of(1, 96, 4, 4)
    sizes = 10.0 ** torch.linspace(-30, 30, 112)
    sizes[5] = 0
    across = (1, -1, 1, 1) if isinstance(plain, nn.ConvTranspose2d) else (-1, 1, 1, 1)
    plain.weight.mul_(sizes.view(across))
    made, wanted = halved.Halved(plain)(x)[0], plain(x)[0]
    for one, other in zip(made, wanted, strict=True):
        assert float((one - other).abs().max()) <= 2e-3 * float(other.abs().max())


@needs_it
@both
def test_one_style_follows_the_other_and_back(convolution) -> None:
    layer, x = halved.Halved(convolution()), map_of(1, 96, 4, 6)
    before = layer(x)
    one, other = ((torch.randn(112), torch.randn(112)) for _ in range(2))
    for scale, shift in (one, other, one):
        packed.restyle(layer, scale, shift)
        alike(layer(x), before * scale[:, None, None] + shift[:, None, None])
    packed.restyle(layer, torch.ones(112), torch.zeros(112))
    assert torch.equal(layer(x), before)


@needs_it
@pytest.mark.parametrize(
    ("other", "shape"),
    [
        (nn.Conv2d(128, 128, 4, 1, 1), (1, 128, 8, 8)),
        (nn.Conv2d(128, 128, 4, 2, 1, groups=2), (1, 128, 8, 8)),
        (nn.Conv2d(32, 64, 4, 2, 1), (1, 32, 8, 8)),
        (nn.Conv2d(128, 128, 4, 2, 1), (1, 128, 64, 64)),
        (nn.ConvTranspose2d(128, 128, 4, 2, 1), (1, 128, 32, 32)),
        (nn.Linear(128, 1024), (1, 128, 8, 8)),
    ],
    ids=str,
)
def test_others_do_not_suit(other: nn.Module, shape: tuple[int, ...]) -> None:
    assert not halved.suits(other, shape, torch.float32)
    assert halved.suits(nn.Conv2d(128, 128, 4, 2, 1), (1, 128, 8, 8), torch.float32)
    assert not halved.suits(nn.Conv2d(128, 128, 4, 2, 1), (1, 128, 8, 8), torch.bfloat16)


@needs_it
def test_who_wants_single_precision_gets_no_other() -> None:
    plain = nn.Conv2d(128, 128, 4, 2, 1)
    shape = (1, 128, 8, 8)
    assert "halved" not in algorithms.candidates(plain, shape, torch.float32, None, "never")
    assert "halved" in algorithms.candidates(plain, shape, torch.float32, None, "where it pays")


@needs_it
@pytest.mark.usefixtures("nothing_tried")
@pytest.mark.parametrize("wanted", [None, "float32"])
def test_a_network_made_so_is_nearly_the_same(wanted: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    network = UNet(levels=6, width=32, inputs=3, outputs=3, norm="batch", dropout=False).eval()
    network.use_statistics("image")
    monkeypatch.setattr(
        trials, "time_algorithms", lambda *given: {name: float(name != "halved") + 1 for name in given[4]}
    )
    x = torch.rand(1, 3, 64, 64) * 2 - 1
    plain = network(x)
    plan = trials.plan(network, shapes.shapes(network, 64, 64), wanted)
    trials.carry_out(network, plan)
    used = sum(isinstance(module, halved.Halved) for module in network.modules())
    assert used == 0 if wanted else used >= 6
    assert plan.precision == "float32"
    torch.testing.assert_close(network(x), plain, rtol=1e-2, atol=5e-3)


def test_operators_that_are_gone_are_done_without(unknown: pytest.MonkeyPatch) -> None:
    class Gone:
        def __getattr__(self, name: str) -> object:
            raise AttributeError(name)

    unknown.setattr(torch.ops, "quantized", Gone())
    assert not halved.works()


def test_a_product_that_errs_is_done_without(unknown: pytest.MonkeyPatch) -> None:
    linear = F.linear
    unknown.setattr(F, "linear", lambda rows, weight: 1.1 * linear(rows, weight))
    assert not halved.works()


def test_a_torch_that_is_told_to_do_without_avx2_does_without(without_avx2: dict[str, bool]) -> None:
    assert not without_avx2["halved"]


@needs_it
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc and RLIMIT_AS")
def test_packing_for_which_no_memory_is_left_raises_and_ends_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY_THAT_ENDS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "can't allocate memory" in done.stdout
