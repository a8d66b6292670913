"""Which algorithm does each convolution of a network on this processor: the one place that decides it.

What is quickest depends on the processor, the layer and the size of its map, and no table holds for the
next processor. So every algorithm that may serve is tried against torch's own, at the size that will run,
when a model is first opened on a machine. What that found is remembered, in this process and in
``trials.json`` among the user's files; a file that is damaged, or of another machine or version, is ignored.

``algorithms`` says which there are.
"""

from __future__ import annotations

import functools
import logging
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from engine.devices import device, trial_memory
from engine.devices.algorithms import Rounding, build, candidates
from engine.devices.device import Precision
from engine.layers import packed
from engine.layers.blocks import Norm, Translator
from engine.layers.layouts import Room
from engine.layers.packed import Activation, Convolution
from engine.layers.quantised import Bits
from engine.layers.shapes import Shape

log = logging.getLogger(__name__)

_TURNS, _LEAST_TURNS, _ENOUGH_S = 5, 2, 0.02
"""So often each algorithm for a layer is tried, or less often once the layer has taken that long."""

_DOUBTS = 8
"""So many more trials plain has to win where ``packed`` works. Beside other programs it wins every tenth by
chance, since a thread that waits for torch's others seems to work; and what is quickest is remembered."""

_SHARES = {
    "plain": 0.67,
    "packed": 1.0,
    "shuffled": 0.95,
    "product": 0.95,
    "tiled": 0.95,
    "halved": 1.0,
    "winograd": 0.9,
}
"""What share of the time of ``packed`` an algorithm has to stay below. A packed convolution is torch's own
without the reordering of its weight, so that where torch's own seems quicker that is mostly chance."""
_INTEGERS_SHARE = 0.92
"""The same for integers, which round."""
_BFLOAT16_SHARE = 0.9
"""Of the time of single precision, for all layers together …"""
_BESIDE_INTEGERS = 1.25
"""… and of that with integers: on processors with tiles their layouts depend on the size of the maps, so that
windows of large pictures take many times as long."""

_LEAST_GAINS_S = 5e-5, 2e-3
"""What integers must save in a layer, and bfloat16 in a network: less is chance, and small networks that
answer alike in every process are worth more."""

_WORTH_KEEPING_S = 0.05
"""Trials quicker than that are not written to the file."""


_RULES = 4
"""Raised with what algorithms there are, or have to save: by others, other verdicts were found."""


class Verdict(NamedTuple):
    """What a trial found: an algorithm, and how long it takes, in seconds."""

    algorithm: str
    seconds: float


@dataclass(frozen=True)
class Plan:
    """How a network is to run on the CPU.

    Attributes:
        precision: as users give it.
        dtype: of the maps between layers.
        algorithms: for each convolution.
        bits: for those that multiply integers.
        shapes: of the map that each is given.
        activations: which are to be applied by convolutions that can.
        tried: whether all of it comes from trials, now or before; else it is for the time being.
    """

    precision: Precision
    dtype: torch.dtype
    algorithms: Mapping[nn.Module, str]
    bits: Mapping[nn.Module, Bits]
    shapes: Mapping[nn.Module, Shape]
    activations: Mapping[nn.Module, Activation]
    tried: bool = True

    def __str__(self) -> str:
        counted = Counter(self.algorithms.values())
        return f"{self.precision}: " + ", ".join(
            f"{count} {algorithm}" for algorithm, count in sorted(counted.items())
        )


def always() -> bool:
    """Whatever has to be tried is tried at once."""
    return True


def never() -> bool:
    """Nothing is tried; what is not known runs packed."""
    return False


def plan(
    network: Translator,
    given: Mapping[nn.Module, Shape],
    wanted: str | None,
    allowed: Callable[[], bool] = always,
) -> Plan:
    """Decide how a network runs on the CPU, trying what is not known yet.

    Args:
        network: its norms folded, in single precision.
        given: what ``shapes`` says.
        wanted: a precision, or None for the quickest that serves.
        allowed: asked before each trial of a layer. Where it says no, the layer is packed, which is right
            everywhere; what was tried before that is remembered, so that planning again goes on from there.

    Raises:
        DeviceError: this processor can't do what is wanted.
    """
    start = time.perf_counter()
    here = torch.device("cpu")
    memory = trial_memory.load(_machine())
    convolutions = [
        module for module in network.modules() if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    ]
    coarse = dict(network.coarse()) if device.integers(here, wanted) else {}
    delicate = network.delicate()
    rounding: Rounding = "always" if wanted == device.INTEGERS else "where it pays"
    if wanted == device.name(torch.float32):
        rounding = "never"

    def planned(dtype: torch.dtype, bits: Mapping[nn.Module, Bits]) -> tuple[Plan, float]:
        algorithms: dict[nn.Module, str] = {}
        seconds, tried = 0.0, True
        for convolution in convolutions:
            number = torch.float32 if convolution in delicate else dtype
            layer = convolution, given[convolution], number, bits.get(convolution), rounding
            verdict = best_algorithm(*layer, memory, allowed)
            tried = tried and verdict is not None
            algorithms[convolution] = _unknown(*layer) if verdict is None else verdict.algorithm
            seconds += 0.0 if verdict is None else verdict.seconds
        used = {
            module: bits[module]
            for module, algorithm in algorithms.items()
            if algorithm.startswith("integer")
        }
        precision = device.INTEGERS if used else device.name(dtype)
        return Plan(precision, dtype, algorithms, used, given, network.activations(), tried), seconds

    if coarse or wanted is None:
        chosen, seconds = planned(torch.float32, coarse)
        # Norms with the statistics of the image enlarge what rounding makes of flat maps (19 dB measured).
        enlarging = any(isinstance(module, Norm) for module in network.modules())
        half = wanted is None and not enlarging and device.number_format(here) == torch.bfloat16
        if half and chosen.tried:
            other, others = planned(torch.bfloat16, {})
            if not other.tried:
                chosen = replace(chosen, tried=False)
            elif chosen.precision == device.INTEGERS:
                chosen = other if others < _BESIDE_INTEGERS * seconds else chosen
            elif others < min(_BFLOAT16_SHARE * seconds, seconds - _LEAST_GAINS_S[1]):
                chosen = other
    else:
        chosen, _ = planned(
            device.number_format(here, "float32" if wanted == device.INTEGERS else wanted), {}
        )
    took = time.perf_counter() - start
    if memory.grown:
        log.info("Tried which algorithm suits each convolution: %.2f s", took)
        if took > _WORTH_KEEPING_S:
            memory.save()
    log.info("The network runs on the CPU in %s%s", chosen, "" if chosen.tried else ", for the time being")
    return chosen


def carry_out(network: nn.Module, plan: Plan) -> None:
    """Replace a network's convolutions as planned, in place; they are in their number formats already."""
    room = Room()
    with torch.no_grad():
        _replaced(network, plan, room)


def _replaced(network: nn.Module, plan: Plan, room: Room) -> None:
    for name, child in list(network.named_children()):
        algorithm = plan.algorithms.get(child)
        if algorithm is None or not isinstance(child, nn.Conv2d | nn.ConvTranspose2d):
            _replaced(child, plan, room)
        else:
            activation = plan.activations.get(child, "none")
            made = build(algorithm, child, plan.shapes[child], plan.bits.get(child), room, activation)
            setattr(network, name, made)


def best_algorithm(
    convolution: Convolution,
    shape: Shape,
    dtype: torch.dtype,
    bits: Bits | None,
    rounding: Rounding,
    memory: trial_memory.Memory,
    allowed: Callable[[], bool] = always,
) -> Verdict | None:
    """The quickest algorithm for one layer at one size, known or tried; None where it is neither.

    Args:
        bits: with which it bears integers; None: it doesn't.
        rounding: whether integers and weights in 16 bits may be taken; always: integers, even if they don't
            pay.
    """
    algorithms = candidates(convolution, shape, dtype, bits, rounding)
    if len(algorithms) == 1:
        return Verdict(algorithms[0], 0.0)
    key = layer_key(convolution, shape, dtype, bits)
    if rounding != "where it pays":
        key += " exact" if rounding == "never" else " forced" if bits else ""
    known = memory.verdicts.get(key)
    if known is not None and known[0] in algorithms:
        return Verdict(*known)
    if not allowed():
        return None
    seconds = time_algorithms(convolution, shape, dtype, bits, algorithms)
    verdict, doubts = _quickest(seconds), _DOUBTS
    while verdict.algorithm == "plain" and math.isfinite(seconds.get("packed", math.inf)) and doubts:
        if not allowed():
            return None
        again = time_algorithms(convolution, shape, dtype, bits, algorithms)
        seconds = {algorithm: min(taken, again.get(algorithm, taken)) for algorithm, taken in seconds.items()}
        verdict, doubts = _quickest(seconds), doubts - 1
    if all(map(math.isfinite, seconds.values())):
        memory.add(key, *verdict)
    return verdict


def _unknown(
    convolution: Convolution, shape: Shape, dtype: torch.dtype, bits: Bits | None, rounding: Rounding
) -> str:
    """The algorithm for a layer of which nothing is known yet."""
    algorithms = candidates(convolution, shape, dtype, bits, rounding)
    return "packed" if "packed" in algorithms else algorithms[0]


def time_algorithms(
    convolution: Convolution, shape: Shape, dtype: torch.dtype, bits: Bits | None, algorithms: list[str]
) -> dict[str, float]:
    """The least seconds that each algorithm took, in turns, so that whatever disturbs them disturbs all
    alike; infinitely many where there was no memory to try it, which another time there may be.

    It is this thread's own time that counts, where the system tells it finely: a choice made beside a busy
    program stays. Torch's other threads do the same share of the work meanwhile.
    """
    now = time.thread_time if time.get_clock_info("thread_time").resolution < 1e-5 else time.perf_counter
    built: dict[str, nn.Module] = {}
    plain = _copied(convolution, dtype)
    runs: dict[str, Callable[[], Tensor]] = {}
    untried: list[str] = []
    maps = _maps(convolution, shape, dtype)
    for algorithm in algorithms:
        try:
            # From a copy: a plain one is laid out in place.
            built[algorithm] = module = build(algorithm, _copied(plain, dtype), shape, bits, Room())
            runs[algorithm] = _run(module, maps)
            with torch.inference_mode():
                runs[algorithm]()
        except (RuntimeError, MemoryError) as error:
            log.debug("Convolutions of %s can't be done %s", shape, algorithm, exc_info=True)
            runs.pop(algorithm, None)
            if device.gave_up(error):
                untried.append(algorithm)
            else:  # a processor that promises what it hasn't got
                say_refused(algorithm)
    seconds = dict.fromkeys([*runs, *untried], math.inf)
    start = time.perf_counter()
    with torch.inference_mode():
        for turn in range(_TURNS):
            if turn >= _LEAST_TURNS and time.perf_counter() - start > _ENOUGH_S:
                break
            for algorithm, run in runs.items():
                before = now()
                run()
                seconds[algorithm] = min(seconds[algorithm], now() - before)
    return seconds


def _quickest(seconds: dict[str, float]) -> Verdict:
    """The algorithm to take, of those that could be tried: one that leaves ``packed`` behind clearly, or
    that."""
    seconds = {algorithm: taken for algorithm, taken in seconds.items() if math.isfinite(taken)}
    base = seconds.get("packed", seconds.get("plain", float("inf")))
    allowed = {algorithm: taken for algorithm, taken in seconds.items() if taken <= _bound(algorithm, base)}
    if not allowed:  # of those there are none was clearly better than plain
        return Verdict("plain", seconds.get("plain", 0.0))
    algorithm = min(allowed, key=lambda name: allowed[name])
    return Verdict(algorithm, allowed[algorithm])


def _bound(algorithm: str, base: float) -> float:
    """The seconds below which an algorithm is taken, where ``packed`` takes ``base``."""
    if base == float("inf"):
        return base
    if algorithm in _SHARES:
        return _SHARES[algorithm] * base
    return min(_INTEGERS_SHARE * base, base - _LEAST_GAINS_S[0])


def _maps(convolution: Convolution, shape: Shape, dtype: torch.dtype) -> list[Tensor]:
    """Made-up input: that of a decoder's layer comes in two halves, as in a U-Net."""
    x = torch.rand(shape, dtype=torch.float32).to(dtype).contiguous(memory_format=torch.channels_last)
    halves = isinstance(convolution, nn.ConvTranspose2d) and shape[1] % 2 == 0
    if not halves:
        return [x]
    return [part.contiguous(memory_format=torch.channels_last) for part in x.chunk(2, 1)]


def _run(module: nn.Module, maps: list[Tensor]) -> Callable[[], Tensor]:
    if len(maps) == 1:
        return lambda: module(maps[0])
    return lambda: packed.rectified(module, *maps)


def _copied(convolution: Convolution, dtype: torch.dtype) -> Convolution:
    """A convolution of the same weights in a number format."""
    copy = type(convolution).__new__(type(convolution))
    copy.__dict__ = convolution.__dict__ | {"_parameters": {}}
    for name, parameter in convolution._parameters.items():
        value = None if parameter is None else nn.Parameter(parameter.detach().to(dtype), requires_grad=False)
        copy._parameters[name] = value
    return copy


def layer_key(convolution: Convolution, shape: Shape, dtype: torch.dtype, bits: Bits | None) -> str:
    """What a layer at one size is remembered by."""
    kind = "transposed" if isinstance(convolution, nn.ConvTranspose2d) else "plain"
    kernel, stride, padding = convolution.kernel_size, convolution.stride, convolution.padding
    geometry = f"{kernel[0]}×{kernel[1]} stride {stride[0]} padding {padding[0]}"
    channels = f"{convolution.in_channels}→{convolution.out_channels}"
    return f"{kind} {channels} {geometry} on {shape[2]}×{shape[3]} {device.name(dtype)} {bits or 0}"


def _machine() -> str:
    """All that a verdict depends on but the layer."""
    return ", ".join(
        (
            trial_memory.processor(),
            f"{torch.get_num_threads()} threads",
            f"torch {torch.__version__}",
            torch.backends.cpu.get_cpu_capability(),
            os.environ.get("ONEDNN_MAX_CPU_ISA", "all"),
            f"rules {_RULES}",
        )
    )


@functools.cache
def say_refused(algorithm: str) -> None:
    """Once, however many layers are refused."""
    log.warning(
        "Convolutions can't be done %s here, whatever the processor promises; others are used", algorithm
    )
