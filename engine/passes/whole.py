"""Whole passes of a network: the picture's bytes in, the preview's bytes out.

On a CUDA card the processor would take longer to launch the many small kernels of a pass one by one than the
card to run them. So each size is recorded once, from bytes to bytes, and replayed from then on: one launch,
and nothing but bytes goes there and back, through memory that the card reaches by itself.
"""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Protocol

import numpy as np
import psutil
import torch
from torch import Tensor

from engine.data.card import Card
from engine.data.messages import Pixels
from engine.layers.blocks import Translator
from engine.planes import codec

log = logging.getLogger(__name__)

MOST_RECORDED = 2
"""Sizes kept recorded; each holds on to the memory of a pass."""

_WARMING = 3
"""Passes before the recording, in which libraries choose their ways and take their memory."""

_UNASKED = 4_000_000
"""Pixels of a picture up to which nobody asks whether there is memory for a pass on the CPU."""

_Size = tuple[int, int]


class Recorder(Protocol):
    """How a kind of device records work."""

    def record(self, work: Callable[[], Tensor], where: torch.device) -> tuple[Tensor, Callable[[], None]]:
        """What the work answers, and how to have that made anew in the same place.

        Raises:
            RuntimeError: the device can't.
        """

    def wait(self, where: torch.device) -> None:
        """Until the device has done what it was given."""


class CudaRecorder:
    """By CUDA graphs."""

    def record(self, work: Callable[[], Tensor], where: torch.device) -> tuple[Tensor, Callable[[], None]]:
        with torch.cuda.device(where):
            aside, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()  # type: ignore[no-untyped-call]
            aside.wait_stream(torch.cuda.current_stream())
            # Not by torch.cuda.graph(): that may run Python's cycle collector, which is the window's alone.
            with torch.cuda.stream(aside):
                for _ in range(_WARMING):
                    work()
                torch.cuda.synchronize()
                graph.capture_begin(capture_error_mode="thread_local")
                try:
                    made = work()
                finally:
                    graph.capture_end()
            torch.cuda.current_stream().wait_stream(aside)
            return made, graph.replay

    def wait(self, where: torch.device) -> None:
        torch.cuda.current_stream(where).synchronize()


RECORDERS: dict[str, Recorder] = {"cuda": CudaRecorder()}
"""By kind of device; on others passes are never recorded."""


class Whole:
    """The passes of one network on one device, without dropout.

    Attributes:
        where: the device.
        records: whether passes are recorded; no longer once that has failed.
    """

    def __init__(self, network: Translator, card: Card, where: torch.device, dtype: torch.dtype) -> None:
        self.network, self.card = network, card
        self.where, self._dtype = where, dtype
        self.records = where.type in RECORDERS
        self._recordings: OrderedDict[tuple[tuple[int, ...], _Size], _Recording] = OrderedDict()
        self._asked: deque[tuple[tuple[int, ...], _Size]] = deque(maxlen=2 * MOST_RECORDED)

    def __call__(self, padded: Pixels, size: _Size) -> Pixels:
        """One pass.

        Args:
            padded: uint8 (H', W', C), as ``padded`` answers it.
            size: height and width of the part that is the picture.

        Returns:
            uint8 (H, W, 3).
        """
        with torch.inference_mode():
            if self.records and (recording := self._recorded(padded.shape, size)) is not None:
                return recording.replay(padded)
            return codec.to_pixels(self.network(self.planes(padded), valid(padded, size), None), *size)

    def padded(self, prepared: Pixels) -> Pixels:
        """What ``codec.prepare`` or ``codec.flat`` made, at a size that the network takes."""
        return codec.padded(prepared, self.card, self.network.multiple, self.network.least)

    def planes(self, padded: Pixels) -> Tensor:
        """(1, inputs, H', W') in [−1, 1], where the network is, in its number format.

        Raises:
            MemoryError: the pass would take more than the machine has left.
        """
        pixels = padded.shape[0] * padded.shape[1]
        if self.where.type == "cpu" and pixels > _UNASKED and self._need(pixels) > _available():
            raise MemoryError
        return codec.planes(padded, self.card).to(self.where, self._dtype)

    def _need(self, pixels: int) -> float:
        """Bytes that a pass takes, roughly: measured 191 a pixel at width 32 and 365 at 64, in 32 bits."""
        width = self.card.network.get("width", 0)
        # Not by the planes' format: delicate layers take those in 32 bits, the others compute in 16.
        formats = (weights.dtype for weights in self.network.parameters() if weights.is_floating_point())
        smallest = min((dtype.itemsize for dtype in formats), default=4)
        need: float = pixels * (17 + 5.4 * width * smallest / 4)
        return need

    def _recorded(self, shape: tuple[int, ...], size: _Size) -> _Recording | None:
        """The recording for a size, made when it is asked for again; None if there is none."""
        recording = self._recordings.get((shape, size))
        if recording is None:
            if (shape, size) not in self._asked:  # a recording takes as long as several passes
                self._asked.append((shape, size))
                return None
            while len(self._recordings) >= MOST_RECORDED:
                self._recordings.popitem(last=False)
            try:
                recording = _Recording(self._made, shape, size, self.where, RECORDERS[self.where.type])
            except RuntimeError as error:  # whatever it was, the plain pass meets it too, or does without
                log.warning("A pass of %s can't be recorded here", shape, exc_info=True)
                self.records = "out of memory" in str(error).lower()  # of a smaller size it may be
                self._recordings.clear()
                self._asked.clear()
                return None
            self._recordings[shape, size] = recording
        self._recordings.move_to_end((shape, size))
        return recording

    def _made(self, padded: Tensor, size: _Size) -> Tensor:
        """A pass from bytes to bytes, all of it where the network is."""
        planes = codec.numbers(padded, self.card).to(self._dtype)
        return codec.to_bytes(self.network(planes, valid(padded, size), None), *size)


def _available() -> int:
    """Bytes of memory that programs can have still."""
    return int(psutil.virtual_memory().available)


class _Recording:
    """A pass of one size, and the memory that it reads and writes each time."""

    def __init__(
        self,
        work: Callable[[Tensor, _Size], Tensor],
        shape: tuple[int, ...],
        size: _Size,
        where: torch.device,
        recorder: Recorder,
    ) -> None:
        self._where, self._recorder = where, recorder
        locked = where.type == "cuda"
        self._there = torch.zeros(shape, dtype=torch.uint8, device=where)
        self._sent = torch.zeros(shape, dtype=torch.uint8, pin_memory=locked)
        self._made, self._run = recorder.record(lambda: work(self._there, size), where)
        self._answer = torch.zeros(self._made.shape, dtype=torch.uint8, pin_memory=locked)

    def replay(self, padded: Pixels) -> Pixels:
        self._sent.numpy()[...] = padded
        self._there.copy_(self._sent, non_blocking=True)
        self._run()
        self._answer.copy_(self._made, non_blocking=True)
        self._recorder.wait(self._where)
        return np.array(self._answer.numpy())


def valid(padded: Pixels | Tensor, size: _Size) -> _Size | None:
    """The picture's part of a padded one, as networks want to be told."""
    return None if tuple(padded.shape[:2]) == size else size
