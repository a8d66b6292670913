"""Devices that give up, refuse a model or a number format, or have no memory for a pass."""

from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Callable

import numpy as np
import psutil
import pytest
import torch

from engine.data.messages import Picture, Pixels
from engine.devices import device, trials
from engine.errors import DeviceError
from engine.models import bundle
from engine.networks.style_encoder import StyleEncoder
from engine.networks.unet import UNet
from engine.passes import building
from engine.passes.generator import Generator
from engine.passes.whole import Whole
from engine.planes import codec
from tests.engine.passes.test_generator import FP32

LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
import safetensors.torch
from engine.errors import ModelError
from engine.models import bundle
bundle.read_card(Path(sys.argv[1]))
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (4 << 20),) * 2)
try:
    bundle.read(Path(sys.argv[1]))
except ModelError as error:
    print(error)
"""


def gives_up(sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next pass of a U-Net gives up, as a device does."""
    forward = UNet.forward

    def failing(*_: object) -> None:
        monkeypatch.setattr(UNet, "forward", forward)
        raise RuntimeError(sentence)

    monkeypatch.setattr(UNet, "forward", failing)


@pytest.mark.parametrize(
    ("sentence", "gave_up"),
    [
        ("could not create a primitive", True),
        ("could not execute a primitive", True),
        ("could not create a memory object", True),
        ("could not create a primitive descriptor for the convolution forward propagation primitive.", False),
        ("a mistake of ours", False),
    ],
)
def test_onednn_without_memory_is_told_from_onednn_that_can_not(sentence: str, gave_up: bool) -> None:
    assert device.gave_up(RuntimeError(sentence)) == gave_up


@pytest.mark.parametrize("way", ["call", "update", "prepare", "style_of"])
def test_no_memory_beside_the_passes_gets_a_sentence_too(way, tiny, picture, monkeypatch) -> None:
    """As to look for the hints in a large sketch, or to read a photo."""
    generator = Generator(*tiny(style=8, style_encoder=4), **FP32)
    code = generator.style_of(picture)
    ways: dict[str, Callable[[Pixels], object]] = {
        "call": generator,
        "update": generator.update,
        "prepare": lambda pixels: generator.prepare(Picture(pixels=pixels)),
        "style_of": generator.style_of,
    }

    def full(*_: object) -> None:
        raise MemoryError

    def without_room(*_: object) -> None:
        raise RuntimeError("could not create a primitive")

    with monkeypatch.context() as little:
        little.setattr(codec, "flat", full)
        little.setattr(StyleEncoder, "forward", without_room)
        with pytest.raises(DeviceError, match="There is not enough memory for "):
            ways[way](picture)
    assert generator(picture).shape == picture.shape and (generator.style_of(picture) == code).all()


def test_a_lost_device_moves_the_model_to_the_cpu(tiny, picture, monkeypatch) -> None:
    """The failure is staged, the moving is real: no graphics card is needed to see it."""
    said: list[str] = []
    card, tensors = tiny()
    wanted = Generator(card, dict(tensors), **FP32)(picture)
    generator = Generator(card, tensors, notice=said.append, **FP32)
    generator.device = "cuda"
    gives_up("CUDA error: device lost", monkeypatch)
    made = generator(picture)
    assert generator.device == "cpu"
    assert np.median(np.abs(made.astype(int) - wanted)) <= 8
    assert said == ["The device cuda gave up; the model goes on, slower, on the CPU."]


@pytest.mark.parametrize("precision", ["float32", None])
def test_single_precision_that_was_asked_for_is_kept_on_the_cpu(
    precision, tiny, picture, monkeypatch
) -> None:
    """Else a processor with bfloat16, or with integers, would take those."""
    asked: list[str | None] = []
    plan = trials.plan
    generator = Generator(*tiny(), device="cpu", precision=precision, notice=lambda sentence: None)
    monkeypatch.setattr(trials, "plan", lambda *given: (asked.append(given[2]), plan(*given))[1])
    generator.device = "cuda"
    gives_up("CUDA error: device lost", monkeypatch)
    assert not generator.fell_back
    generator(picture)
    assert asked == [precision] and generator.fell_back


def test_a_card_that_goes_on_in_32_bits_is_the_same_one(tiny, monkeypatch) -> None:
    """The second card is staged; what it runs, the CPU runs."""
    asked: list[tuple[str | None, str | None]] = []

    def chosen(wanted: str | None) -> torch.device:
        return torch.device(wanted or "cuda")

    def on_card(network, card, where: torch.device, precision: str | None) -> building.Running:
        asked.append((str(where), precision))
        dtype = torch.float32 if precision else torch.float16
        whole = Whole(network, card, torch.device("cpu"), torch.float32)
        return building.Running(whole, dtype, device.name(dtype), "staged")

    monkeypatch.setattr(device, "choose", chosen)
    monkeypatch.setattr(building, "on_card", on_card)
    generator = Generator(*tiny(), device="cuda:1")
    gives_up("not implemented for 16 bits", monkeypatch)
    generator.warm_up()
    assert asked == [("cuda:1", None), ("cuda:1", "float32")]
    assert (generator.device, generator.fell_back) == ("cuda", False)


def test_a_model_that_the_best_device_can_not_take_opens_on_the_cpu(tiny, picture, monkeypatch) -> None:
    """The card is staged: a new one for an old driver, or a full one."""
    monkeypatch.setattr(device, "choose", lambda wanted: torch.device(wanted or "cuda"))
    monkeypatch.setattr(building, "to_device", refused)
    card, tensors = tiny()
    said: list[str] = []
    generator = Generator(card, dict(tensors), notice=said.append)
    assert generator.device == "cpu" and generator(picture).shape == (64, 64, 3)
    assert generator.fell_back
    assert said == ["The device cuda can't take the model; it runs, slower, on the CPU."]
    with pytest.raises(DeviceError, match="can't take"):  # who asks for it is told
        Generator(card, dict(tensors), device="cuda")


def refused(network: torch.nn.Module, where: torch.device) -> None:
    raise DeviceError(f"The device {where} can't take the model; use --device cpu.")


def test_a_model_that_there_is_no_memory_to_put_together_gets_a_sentence(tiny, monkeypatch) -> None:
    """Staged: where memory ends depends on what was let go of before."""
    told = "DefaultCPUAllocator: can't allocate memory: 99 bytes"

    def built(*_: object) -> None:
        raise RuntimeError(told)

    monkeypatch.setattr(building, "on_cpu", built)
    with pytest.raises(DeviceError, match="not enough memory for the model “tiny”; close other programs"):
        Generator(*tiny(), **FP32)
    told = "a mistake of ours"
    with pytest.raises(RuntimeError, match=told):
        Generator(*tiny(), **FP32)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc and RLIMIT_AS")
def test_a_file_that_there_is_no_memory_to_read_gets_a_sentence(tiny, tmp_path) -> None:
    card, tensors = tiny(width=48, levels=6)
    bundle.write(tmp_path / "large.safetensors", card, tensors)
    done = subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY, str(tmp_path / "large.safetensors")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (
        done.stdout == "There is not enough memory for the model “large.safetensors”; close other programs.\n"
    )


def test_running_out_of_memory_on_the_cpu_gets_a_sentence(tiny, picture, monkeypatch) -> None:
    generator = Generator(*tiny(), **FP32)
    gives_up("DefaultCPUAllocator: can't allocate memory: 99 bytes", monkeypatch)
    with pytest.raises(DeviceError, match="not enough memory for 64 × 64 pixels"):
        generator(picture)
    gives_up("a mistake of ours", monkeypatch)
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        generator(picture)


def test_a_pass_with_no_room_on_the_cpu_is_not_begun(tiny, monkeypatch) -> None:
    """The system would end the program in the midst of it, or swap for minutes. The want is staged."""
    generator = Generator(*tiny(), **FP32)
    passes: list[object] = []
    generator.network.register_forward_pre_hook(lambda *_: passes.append(None))
    want = types.SimpleNamespace(available=100 << 20)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: want)
    picture = np.zeros((2048, 2048, 3), np.uint8)
    for work in (generator, generator.update):
        with pytest.raises(DeviceError, match="not enough memory for 2048 × 2048 pixels"):
            work(picture)
    assert not passes
    assert generator(picture[:64, :64]).shape == (64, 64, 3), "of usual sizes nobody asks"


def test_what_to_do_without_memory_depends_on_whose_the_size_is(tiny, picture, monkeypatch) -> None:
    """At the model's own size a pass is as large whatever the picture."""
    card, tensors = tiny()
    generator = Generator(card, tensors, **FP32)
    flat = Picture(pixels=picture)
    for native, advice in ((True, "use a smaller picture"), (False, "a model of a smaller size")):
        prepared = generator.prepare(flat, codec.working_size(flat.size, card, native=native))
        gives_up("DefaultCPUAllocator: can't allocate memory: 99 bytes", monkeypatch)
        with pytest.raises(DeviceError) as caught:
            generator.translate(prepared)
        assert advice in str(caught.value)
        assert ("smaller picture" in str(caught.value)) == native


def test_a_precision_that_the_processor_refuses_is_told(tiny, monkeypatch) -> None:
    monkeypatch.setattr(device, "computes", lambda dtype: dtype == torch.float32)
    with pytest.raises(DeviceError, match="This processor can't compute in bfloat16; use float32"):
        Generator(*tiny(), device="cpu", precision="bfloat16")
    assert Generator(*tiny(), device="cpu").precision == "float32"
