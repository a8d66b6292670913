"""Convolutions with fewer multiplications make what plain ones make, or aren't used."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.devices import trials
from engine.layers import packed, shapes, winograd
from engine.networks.resnet import ResNet
from tests.trainer.made_pictures import thing
from trainer.perception.trunk import planes, trunk

needs_it = pytest.mark.skipif(not winograd.right(), reason="this torch, or this processor, has no NNPACK")


@pytest.fixture
def unknown(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Nothing is known of the operator yet."""
    winograd.right.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    winograd.right.cache_clear()


@needs_it
@pytest.mark.parametrize("shape", [(1, 64, 37, 53), (3, 32, 24, 24)])
def test_it_is_the_plain_convolution(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    x, weight, bias = torch.randn(shape), torch.randn(48, shape[1], 3, 3) * 0.05, torch.randn(48)
    for laid in (x, x.contiguous(memory_format=torch.channels_last)):
        made = winograd.convolve(laid, weight.contiguous(memory_format=torch.channels_last), bias)
        torch.testing.assert_close(made, F.conv2d(x, weight, bias, padding=1), rtol=1e-4, atol=1e-4)


@needs_it
def test_a_look_sees_the_same_with_it_and_without(unknown: pytest.MonkeyPatch) -> None:
    photo = planes(np.ascontiguousarray(thing(3, 128)[:, :100]))
    with torch.inference_mode():
        quick = list(trunk().maps(photo))
        unknown.setattr(torch.backends.nnpack, "is_available", lambda: False)
        winograd.right.cache_clear()
        plain = list(trunk().maps(photo))
    assert any(not torch.equal(one, other) for one, other in zip(quick, plain, strict=True)), (
        "it was not used"
    )
    for one, other in zip(quick, plain, strict=True):
        assert float((one - other).abs().max()) < 1e-4 * float(other.abs().max())


@pytest.mark.parametrize(
    ("shape", "does"),
    [
        ((1, 64, 1024, 1024), True),
        ((1, 64, 2048, 2048), False),  # its transform would take gigabytes
        ((1, 128, 24, 24), True),
        ((1, 128, 23, 400), False),
        ((1, 3, 400, 400), False),
    ],
)
def test_where_nothing_is_tried_it_is_for_maps_of_middling_sizes(shape: tuple[int, ...], does: bool) -> None:
    assert winograd.pays(torch.empty(shape, device="meta")) == does


@needs_it
def test_no_map_of_a_look_is_laid_out_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the first layer, the largest, would take a tenth of the look."""
    laid: list[bool] = []
    convolve = winograd.convolve
    monkeypatch.setattr(
        winograd, "convolve", lambda x, *rest: laid.append(x.is_contiguous()) or convolve(x, *rest)
    )
    with torch.inference_mode():
        list(trunk().maps(planes(thing(3, 96))))
    assert laid and all(laid)


@needs_it
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("padding", [0, 1])
def test_a_layer_is_the_convolution_that_it_stands_for(bias: bool, padding: int) -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(32, 40, 3, padding=padding, bias=bias)
    assert winograd.suits(convolution, torch.float32)
    layer, x = winograd.Winograd(convolution), torch.randn(1, 32, 30, 27)
    with torch.inference_mode():
        torch.testing.assert_close(layer(x), convolution(x), rtol=1e-4, atol=1e-4)
        made = F.conv2d(x, convolution.weight, convolution.bias)
        torch.testing.assert_close(packed.unpadded(layer, x), made, rtol=1e-4, atol=1e-4)
        assert packed.serves(layer, (1, 32, 9, 9))


@needs_it
def test_a_layer_follows_one_style_after_the_other() -> None:
    torch.manual_seed(0)
    layer, x = winograd.Winograd(nn.Conv2d(32, 40, 3, padding=1)), torch.randn(1, 32, 30, 27)
    one, other, nothing, noughts = torch.randn(40), torch.randn(40), torch.ones(40), torch.zeros(40)
    with torch.inference_mode():
        plain = layer(x)
        for scale, shift in ((one, other), (other, one), (nothing, noughts)):
            packed.restyle(layer, scale, shift)
            wanted = plain * scale[:, None, None] + shift[:, None, None]
            torch.testing.assert_close(layer(x), wanted, rtol=1e-4, atol=1e-4)
        assert torch.equal(layer(x), plain), "and back"


@pytest.mark.parametrize(
    "other",
    [
        nn.Conv2d(32, 8, 3, 2, 1),
        nn.Conv2d(32, 8, 3, padding=2),
        nn.Conv2d(32, 8, 3, padding=1, dilation=2),
        nn.Conv2d(32, 8, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(32, 32, 3, padding=1, groups=2),
        nn.Conv2d(32, 8, 5, padding=1),
        nn.Conv2d(16, 8, 3, padding=1),
        nn.ConvTranspose2d(32, 8, 3),
    ],
)
def test_others_are_not_of_the_kind(other: nn.Module) -> None:
    assert not winograd.suits(other, torch.float32)
    assert not winograd.suits(nn.Conv2d(32, 8, 3), torch.bfloat16)


@needs_it
@pytest.mark.usefixtures("nothing_tried")
def test_a_network_whose_blocks_are_made_so_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network = ResNet(blocks=6, width=8, inputs=3, outputs=3, norm="instance", dropout=False).eval()
    monkeypatch.setattr(
        trials, "time_algorithms", lambda *given: {name: float(name != "winograd") + 1 for name in given[4]}
    )
    x = torch.rand(1, 3, 96, 80) * 2 - 1
    with torch.inference_mode():
        plain = network(x)
        plan = trials.plan(network, shapes.shapes(network, 96, 80), "float32")
        trials.carry_out(network, plan)
        assert sum(isinstance(module, winograd.Winograd) for module in network.modules()) == 12
        torch.testing.assert_close(network(x), plain, rtol=1e-3, atol=1e-4)


@needs_it
def test_where_gradients_pass_looks_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[Tensor] = []
    convolve = winograd.convolve
    monkeypatch.setattr(winograd, "convolve", lambda x, *rest: used.append(x) or convolve(x, *rest))
    pictures = torch.rand(1, 3, 64, 64, requires_grad=True)
    sum(part.mean() for part in trunk().maps(pictures)).backward()
    assert pictures.grad is not None and pictures.grad.abs().sum() > 0
    assert not used
    list(trunk().maps(pictures.detach()))
    assert used


@pytest.mark.parametrize("error", [AttributeError("no such attribute"), RuntimeError("no such processor")])
def test_an_operator_that_is_gone_is_done_without(unknown: pytest.MonkeyPatch, error: Exception) -> None:
    def gone(*_: object) -> Tensor:
        raise error

    unknown.setattr(torch, winograd.OPERATOR, gone)
    assert not winograd.right()
    with torch.inference_mode():
        assert len(list(trunk().maps(planes(thing(3, 64))))) == 5


def test_an_operator_that_errs_is_done_without(unknown: pytest.MonkeyPatch) -> None:
    plain = lambda x, weight, *_: F.conv2d(x, weight, padding=1)  # noqa: E731
    unknown.setattr(torch, winograd.OPERATOR, plain)
    assert not winograd.right(), "the bias is missing"


@needs_it
def test_what_it_has_no_memory_for_torch_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Tensor:
        raise RuntimeError("posix_memalign failed:Cannot allocate memory (12)")

    torch.manual_seed(0)
    x, weight, bias = torch.randn(2, 32, 24, 25), torch.randn(8, 32, 3, 3), torch.randn(8)
    with monkeypatch.context() as patch:
        patch.setattr(torch, winograd.OPERATOR, full)
        for padding in (0, 1):
            made = winograd.convolve(x, weight, bias, padding)
            torch.testing.assert_close(made, F.conv2d(x, weight, bias, padding=padding))


@needs_it
@pytest.mark.parametrize("shape", [(1, 32, 2, 2), (1, 32, 9, 2), (1, 32, 1, 1)])
def test_maps_smaller_than_the_kernel_are_refused_as_by_torch(shape: tuple[int, ...]) -> None:
    x, weight, bias = torch.randn(shape), torch.randn(8, 32, 3, 3), torch.randn(8)
    with pytest.raises(RuntimeError, match="Kernel size can't be greater"):
        winograd.convolve(x, weight, bias, 0)
    made = winograd.convolve(x, weight, bias, 1)
    torch.testing.assert_close(made, F.conv2d(x, weight, bias, padding=1), rtol=1e-4, atol=1e-4)


def test_a_torch_that_is_told_to_do_without_avx2_does_without(without_avx2: dict[str, bool]) -> None:
    assert not without_avx2["winograd"]
