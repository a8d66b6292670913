"""Where networks run and in which number format; imports torch, so only the engine thread may import it."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

from engine.errors import DeviceError
from engine.layers import quantised

Precision = Literal["float32", "float16", "bfloat16", "int8"]

KINDS = ("cuda", "mps", "xpu", "cpu")
"""In the order of preference."""

INTEGERS: Precision = "int8"
"""Single precision but for convolutions that bear integers (``engine.layers.quantised``); on the CPU
alone."""

_DTYPES: dict[Precision, torch.dtype] = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}

_SYMPTOMS = (
    "out of memory", "can't allocate memory", "not enough memory", "cuda error", "cudnn", "cublas",
    "device lost", "device-side", "device removed", "hip error", "ur_result_error", "mps backend",
)  # fmt: skip
"""What stands, in lower case, in errors of a device that was lost or is full …"""
_NO_ROOM = re.compile(
    "could not (create a primitive(?! descriptor)|execute a primitive|create a memory object)"
)
"""… and in those of oneDNN where it gets no memory. What it can't do at all fails earlier, at descriptors."""


def choose(wanted: str | None = None) -> torch.device:
    """The device asked for (``cuda``, ``cuda:1``, ``mps``, ``xpu``, ``cpu``), or the best there is.

    Raises:
        DeviceError: it doesn't exist here.
    """
    if wanted is None:
        return torch.device(next(kind for kind in KINDS if _exists(kind)))
    try:
        device = torch.device(wanted)
    except (RuntimeError, TypeError) as error:
        raise DeviceError(f"There is no device “{wanted}”; use one of {', '.join(KINDS)}.") from error
    if device.type not in KINDS or not _exists(device.type):
        here = ", ".join(kind for kind in KINDS if _exists(kind))
        raise DeviceError(f"The device “{wanted}” is not available on this machine; use {here}.")
    if device.index is not None and device.type != "cpu" and device.index >= _count(device.type):
        raise DeviceError(f"There is no “{wanted}”; this machine has {_count(device.type)} of that kind.")
    return device


def number_format(device: torch.device, wanted: str | None = None) -> torch.dtype:
    """The number format asked for, or the quicker one of those that serve on this device.

    Graphics cards take 16 bit floats. CPUs take bfloat16 only where it was measured to pay: some
    that have instructions for it are slower with it.

    Raises:
        DeviceError: no such format, or none that this processor has.
    """
    for word, dtype in _DTYPES.items():
        if word == wanted:
            if device.type == "cpu" and not computes(dtype):
                raise DeviceError(f"This processor can't compute in {word}; use float32.")
            return dtype
    if wanted is not None:
        known = ", ".join([*_DTYPES, INTEGERS])
        raise DeviceError(f"There is no precision “{wanted}”; use one of {known}.")
    if device.type != "cpu":
        return torch.float16
    return torch.bfloat16 if bfloat16_pays() else torch.float32


def integers(device: torch.device, wanted: str | None = None) -> bool:
    """Whether convolutions that bear it may multiply integers: they can, and nothing else is asked for.

    Raises:
        DeviceError: it is asked for, and can't be had.
    """
    if wanted not in (None, INTEGERS):
        return False
    able = device.type == "cpu" and quantised.right()
    if wanted is not None and not able:
        raise DeviceError(f"Nothing is computed in {INTEGERS} on this {device.type}; use another precision.")
    return able


def name(dtype: torch.dtype) -> Precision:
    """The number format's name as users give it."""
    return next(word for word, known in _DTYPES.items() if known == dtype)


@contextmanager
def memory_for(what: str) -> Iterator[None]:
    """What is done inside needs memory, and perhaps there is too little.

    Args:
        what: it is for, in a sentence's words.

    Raises:
        DeviceError: there was.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not gave_up(error):
            raise
        raise DeviceError(f"There is not enough memory for {what}; close other programs.") from error


def gave_up(error: BaseException) -> bool:
    """Whether an error says that the device was lost or has no memory left."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    said = str(error).lower()
    symptom = any(symptom in said for symptom in _SYMPTOMS) or _NO_ROOM.search(said)
    return isinstance(error, RuntimeError) and bool(symptom)


def _exists(kind: str) -> bool:
    if kind == "cpu":
        return True
    if kind == "mps":
        return torch.backends.mps.is_available()
    backend = getattr(torch, kind, None)
    return backend is not None and bool(backend.is_available())


def _count(kind: str) -> int:
    return 1 if kind == "mps" else int(getattr(torch, kind).device_count())


@functools.cache
def computes(dtype: torch.dtype) -> bool:
    """Whether this CPU's torch convolves numbers of a format at all: it refuses bfloat16 on many."""
    try:
        with torch.inference_mode():
            x = torch.ones(1, 2, 4, 4, dtype=dtype)
            weight = torch.ones(2, 2, 4, 4, dtype=dtype)
            plain = torch.nn.functional.conv2d(x, weight, None, 2, 1)
            wider = torch.nn.functional.conv_transpose2d(x, weight, None, 2, 1)
        return bool(plain[0, 0, 1, 1] == 18) and bool(wider[0, 0, 1, 1] == 8)
    except RuntimeError:
        return False


_HOPELESS = 3.0
"""Where bfloat16 takes so many times as long as single precision, once is enough."""


@functools.cache
def bfloat16_pays() -> bool:
    """Whether this CPU multiplies much quicker in bfloat16: a trial, once a process (some 50 ms).

    One thread's own time is taken, not the clock's: a choice made beside a busy program would stay.
    """
    if torch.backends.cpu.get_cpu_capability() in ("DEFAULT", "AVX2"):
        return False  # whatever the processor could do, torch was told to do without
    abilities = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    if not any(getattr(torch.cpu, ability, bool)() for ability in abilities) or not computes(torch.bfloat16):
        return False
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    seconds = dict.fromkeys((torch.float32, torch.bfloat16), float("inf"))
    factors = {dtype: torch.ones(512, 512, dtype=dtype) for dtype in seconds}
    for _ in range(6):  # in turns, so that whatever disturbs them disturbs both alike
        for dtype, factor in factors.items():
            start = time.thread_time()
            torch.mm(factor, factor)
            seconds[dtype] = min(seconds[dtype], time.thread_time() - start)
        if seconds[torch.bfloat16] > _HOPELESS * seconds[torch.float32]:
            break
    torch.set_num_threads(threads)
    return seconds[torch.bfloat16] < 0.7 * seconds[torch.float32]
