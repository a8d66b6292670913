"""What a training will take, from a few trial steps: time, memory, disk."""

from __future__ import annotations

import gc
import os
import shutil
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from engine.data.amounts import duration, room, speed
from engine.devices import device
from trainer.data.pairs import DataSet
from trainer.data.split import train_validation_split
from trainer.machine import memory
from trainer.machine.distributed import ALONE
from trainer.machine.errors import TrainingError
from trainer.run.config import Config
from trainer.training.fit import pair_loader
from trainer.training.state import State
from trainer.training.step import train_step

WARM_UP = 2
MOST_STEPS, SECONDS = 12, 8.0
"""A trial ends after so many steps or so much time, whatever comes first; three steps it makes anyway."""

OVERHEAD = 1.05
"""What checkpoints, samples and writing the model cost on top of the steps (measured: 3 to 5 %)."""


@dataclass(frozen=True)
class Estimate:
    """Of one training. Sizes are bytes; 0 where the system doesn't tell."""

    seconds_a_step: float
    memory: int
    free_memory: int
    disk: int
    free_disk: int
    operations: float = 0.0
    """Of floating point, a step: multiplications and additions of its convolutions, there and back."""

    def in_words(self, config: Config) -> str:
        """For the user, one line."""
        seconds = self.seconds_a_step * config.steps
        parts = [
            f"{config.steps} steps of {config.batch}, {config.epochs:.1f} epochs of {config.pairs} pairs",
            f"about {duration(seconds)} ({speed(config.batch / self.seconds_a_step)}{self._work()})",
            f"{room(self.memory)} of memory" if self.memory else "",
            f"{room(self.disk)} of disk",
        ]
        return ", ".join(part for part in parts if part)

    def _work(self) -> str:
        """What a device makes in a second, which can be compared with what its maker promises."""
        teraflops = self.operations / self.seconds_a_step / 1e12
        return f", {teraflops:.2g} TFLOP/s" if teraflops else ""


def trial(config: Config, data: DataSet, folder: Path) -> Estimate:
    """Make a few steps of a training that is then forgotten.

    Args:
        folder: where the run will be; its disk is looked at.

    Raises:
        TrainingError: it doesn't fit into memory or onto the disk; the sentence offers a smaller choice.
    """
    free_memory = memory.free(config.device)
    try:
        # The first ones, in which discriminators learn alone, are quicker than the others, and take less.
        ordinary = replace(config, steps=config.steps or 1000, discriminator_first=0)
        seconds, needed, state_bytes, operations = _measured(ordinary, data)
    except (RuntimeError, MemoryError) as error:
        if not device.gave_up(error):
            raise
        raise TrainingError(f"There is not enough memory for this training; {_smaller(config)}.") from error
    where = folder.resolve()
    while not os.path.exists(where):
        where = where.parent
    free_disk = shutil.disk_usage(where).free
    estimate = Estimate(seconds * OVERHEAD, needed, free_memory, 3 * state_bytes, free_disk, operations)
    if free_memory and needed > free_memory:
        raise TrainingError(
            f"This training needs about {room(needed)} of memory, "
            f"and {room(free_memory)} are free; {_smaller(config)}."
        )
    if estimate.disk > free_disk:
        raise TrainingError(
            f"This training needs {room(estimate.disk)} of disk, "
            f"and {room(free_disk)} are free where “{folder.name}” is to be; make room there."
        )
    return estimate


def _measured(config: Config, data: DataSet) -> tuple[float, int, int, float]:
    """Seconds a step, memory at its most, bytes of a checkpoint, and operations a step."""
    torch.set_num_threads(config.threads)
    training, _ = train_validation_split(data, config.validation, config.photos_apart)
    config = replace(config, batch=config.batch // config.processes, processes=1)
    state = State(config)
    times: list[float] = []
    counter = _Operations()  # type: ignore[no-untyped-call]
    with pair_loader(training, state, ALONE) as loader:
        began = time.perf_counter()
        while len(times) < WARM_UP + 3 or (len(times) < MOST_STEPS and sum(times) < SECONDS):
            batch = next(loader)
            # Counted while it warms up, as counting takes time.
            counting: Any = nullcontext() if times else counter
            with counting:
                train_step(
                    state, config, ALONE, batch.inputs.to(state.device), batch.targets.to(state.device)
                )
            if state.device.type == "cuda":
                torch.cuda.synchronize(state.device)
            times.append(time.perf_counter() - began)
            began = time.perf_counter()
    size = sum(tensor.numel() * tensor.element_size() for _, tensor in state.named())
    peak = memory.peak(config.device)
    del state, batch
    gc.collect()
    return sum(times[WARM_UP:]) / len(times[WARM_UP:]), peak, size, counter.count


class _Operations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts operations of floating point, as torch's own ``FlopCounterMode`` does.

    That one keeps torch's compilers away, and loads them to do so: more than a second before the first step.
    """

    count = 0.0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        count = flop_registry.get(func.overloadpacket)
        if count is not None:
            self.count += count(*args, **(kwargs or {}), out_val=made)
        return made


def _smaller(config: Config) -> str:
    """A smaller choice, in words."""
    if config.batch > 1:
        return f"try a batch of {config.batch // 2}"
    return f"try a width of {max(8, config.network['width'] // 2)}, or a smaller size"
