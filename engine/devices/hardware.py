"""Which devices this machine has for networks, and why others are not used. Imports torch."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass

import torch

from engine.data.amounts import room
from engine.devices import device, trial_memory

_ON_MAC = platform.system() == "Darwin"


@dataclass(frozen=True)
class DeviceKind:
    """One kind of device."""

    kind: str
    """``cuda``, ``mps``, ``xpu`` or ``cpu``."""
    names: tuple[str, ...]
    """What was found of it; empty where nothing was, or nothing can be used."""
    reason: str
    """Why there is none, as one sentence; empty where there is."""


def find_devices() -> list[DeviceKind]:
    """Every kind of device, in the order of preference."""
    return [_cuda(), _mps(), _xpu(), DeviceKind("cpu", (_processor(),), "")]


def _cuda() -> DeviceKind:
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        every = [torch.cuda.get_device_properties(number) for number in range(count)]
        return DeviceKind("cuda", tuple(f"{it.name}, {room(it.total_memory)}" for it in every), "")
    if _ON_MAC:
        reason = "Macs have no NVIDIA card."
    elif torch.version.cuda is None and torch.version.hip is None:
        reason = f"This build of PyTorch ({torch.__version__}) is for processors; a CUDA build is needed."
    else:
        reason = refusal(torch.cuda.init)
    return DeviceKind("cuda", (), reason)


def _mps() -> DeviceKind:
    if torch.backends.mps.is_available():
        return DeviceKind("mps", (f"{platform.machine()} graphics",), "")
    if not _ON_MAC:
        return DeviceKind("mps", (), "Only Macs have it.")
    if not torch.backends.mps.is_built():
        return DeviceKind("mps", (), f"This build of PyTorch ({torch.__version__}) was made without it.")
    return DeviceKind("mps", (), "It needs macOS 14 or newer and a Mac with Apple silicon.")


def _xpu() -> DeviceKind:
    if torch.xpu.is_available():
        count = torch.xpu.device_count()
        return DeviceKind("xpu", tuple(torch.xpu.get_device_name(number) for number in range(count)), "")
    if torch.version.xpu is None:
        reason = f"This build of PyTorch ({torch.__version__}) was made without support for Intel's cards."
    else:
        reason = refusal(torch.xpu.init)
    return DeviceKind("xpu", (), reason)


def refusal(start: Callable[[], object]) -> str:
    """What torch says as it tries to start a kind of device, up to the first full stop."""
    try:
        start()
    except Exception as error:  # whatever the driver makes of it is the answer
        lines = str(error).strip().splitlines()
        return f"{(lines[0] if lines else type(error).__name__).split('. ')[0].rstrip('.')}."
    return "The driver answers, and shows no card."


def _processor() -> str:
    where = torch.device("cpu")
    formats = [device.INTEGERS] if device.integers(where) else []
    formats.append(device.name(device.number_format(where)))
    return f"{trial_memory.processor()}, {torch.get_num_threads()} threads, {' and '.join(formats)}"
