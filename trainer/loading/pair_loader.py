"""Batches for a training, made ahead by threads in an order that doesn't depend on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from engine.data.card import Card
from engine.data.messages import Pixels
from engine.errors import PictureError
from engine.planes import codec
from trainer.data.pairs import DataSet
from trainer.loading.augment import Augment, Memory, Sample, chance, varied
from trainer.machine import memory


class SampleIndex(NamedTuple):
    """A sample's: the pair of that number, as it is seen in an epoch."""

    epoch: int
    pair: int


class Batch(NamedTuple):
    """Both in [−1, 1] and channels last: ``inputs`` float32 (N, planes, H', W'), padded as asked for, and
    ``targets`` float32 (N, outputs, H, W). ``known`` float32 (N, 1, H, W) is 0 where nothing is to be
    learnt, else 1; empty where all is."""

    inputs: Tensor
    targets: Tensor
    known: Tensor


class PairLoader(Iterator[Batch]):
    """Endless batches. Use it as a context manager, or close it: that joins its threads.

    Each epoch goes through all pairs once, in an order that follows from seed and epoch. A batch may
    reach into the next epoch, so none is ever short, and the number of steps done says where the loader
    stands.

    Args:
        data: the training pairs, at least one.
        batch: size of the global batch, in pictures.
        step: how many batches have been given before.
        part: of the global batch, which pictures this process gets; None for all.
        threads: that prepare samples; 0 prepares them when asked.
        multiple: inputs are padded so that both edges are multiples of this,
        least: and at least so long, as the engine pads them.
        most_bytes: memory for pictures that have been read; by default half of what is free.

    Raises:
        PictureError: here, when there are no pairs; from ``next``, when a file can't be read.
    """

    def __init__(
        self,
        data: DataSet,
        augment: Augment,
        *,
        batch: int,
        seed: int,
        step: int = 0,
        part: slice | None = None,
        threads: int = 1,
        multiple: int = 1,
        least: int = 1,
        most_bytes: int | None = None,
    ) -> None:
        if not data.pairs:
            raise PictureError(f"There are no pairs in “{data.folder.name}”; choose another folder.")
        self._count = len(data.pairs)
        self._augment = augment
        self._memory = Memory(data, augment, _room() if most_bytes is None else most_bytes)
        self._batch, self._seed, self._step = batch, seed, step
        self._mine = part or slice(None)
        self._padding = multiple, least
        self._orders: dict[int, list[int]] = {}
        self._ahead: deque[list[Future[Sample]]] = deque()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="pairs") if threads else None
        self._depth = 2 + threads // batch

    def __next__(self) -> Batch:
        samples = self.samples()
        card = self._augment.card
        return Batch(
            as_inputs([made.prepared for made in samples], card, *self._padding),
            as_targets([made.target for made in samples], card),
            _known(samples),
        )

    def samples(self) -> list[Sample]:
        """What the next batch is made of, for those who make their own."""
        if self._pool is None:
            samples = [self._made(index) for index in self.indices(self._step)]
        else:
            while len(self._ahead) < self._depth:
                indices = self.indices(self._step + len(self._ahead))
                self._ahead.append([self._pool.submit(self._made, index) for index in indices])
            samples = [future.result() for future in self._ahead.popleft()]
        self._step += 1
        return samples

    def __enter__(self) -> PairLoader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop what was made ahead and join the threads. May be called twice."""
        for batch in self._ahead:
            for future in batch:
                future.cancel()
        self._ahead.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def indices(self, step: int) -> list[SampleIndex]:
        """What this process's part of a batch is made of."""
        first = step * self._batch
        numbers = range(first, first + self._batch)[self._mine]
        return [
            SampleIndex(epoch, self._order(epoch)[position])
            for epoch, position in (divmod(number, self._count) for number in numbers)
        ]

    def _order(self, epoch: int) -> list[int]:
        """The order in which an epoch goes through the pairs."""
        if epoch not in self._orders:
            if len(self._orders) > 8:
                self._orders.clear()
            self._orders[epoch] = chance(self._seed, epoch).permutation(self._count).tolist()
        return self._orders[epoch]

    def _made(self, index: SampleIndex) -> Sample:
        random = chance(self._seed, index.epoch, index.pair)
        return varied(self._memory[index.pair], random, self._augment)


def as_inputs(prepared: list[Pixels], card: Card, multiple: int = 1, least: int = 1) -> Tensor:
    """Prepared pictures, uint8 (H, W, C) each, as float32 (N, planes, H', W') in [−1, 1], padded as by
    ``engine.planes.codec.to_planes``."""
    planes = torch.cat([codec.to_planes(picture, card, multiple, least) for picture in prepared])
    return planes.contiguous(memory_format=torch.channels_last)


def as_targets(photos: list[Pixels], card: Card) -> Tensor:
    """Photos, uint8 (H, W, 3) each, as float32 (N, outputs, H, W) in [−1, 1]."""
    image = replace(card, input="image", hints=False, one_hot=False)
    if card.network.get("outputs") == 1:
        photos = [np.array(Image.fromarray(photo).convert("L"))[..., None] for photo in photos]
    return as_inputs(photos, image)


def _known(samples: list[Sample]) -> Tensor:
    """Where the samples are known; empty where all are, throughout."""
    if all(sample.known is None for sample in samples):
        return torch.ones(0)
    planes = [
        np.ones(sample.target.shape[:2], np.float32)
        if sample.known is None
        else sample.known / np.float32(255)
        for sample in samples
    ]
    return torch.from_numpy(np.stack(planes)[:, None])


def _room() -> int:
    """Bytes: half of what is free; a gigabyte where the system doesn't tell that."""
    return memory.free() // 2 or 1 << 30
