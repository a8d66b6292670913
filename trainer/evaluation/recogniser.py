"""Reads labels in photos: a small network trained on real pairs, the other way round.

What it reads in made photos, compared with what it reads in real ones, tells how much of the painted labels
can be recognised: the idea of the FCN score (Isola et al., CVPR 2017, section 4.1), without a network from
elsewhere.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from engine.errors import ModelError
from engine.files.writing import as_text, replacing
from engine.models.bundle import write_tensors
from trainer.data import pairs
from trainer.data.pairs import DataSet
from trainer.files import layouts
from trainer.loading.augment import Augment
from trainer.loading.pair_loader import PairLoader

Pixels = npt.NDArray[np.uint8]

WIDTH = 12
EDGES, SHARE = (64, 128), 4
"""Photos are read at a quarter of the model's longer edge, between these pixels: labels are larger than that.
On facades (256 pixels) as many steps at 64 give the same label score as at 96, in half of the time."""
STEPS, FEWEST_STEPS, BATCH, LEARNING_RATE = 1500, 120, 4, 4e-3
"""How many steps there are is a matter of the time given. The label score moves little with that, as one
reader reads both kinds of photos: on facades from 1.0 after few steps to 1.1 after many."""
MOST_PAIRS = 240
"""Reading a pair takes as long as several steps; there are a few thousand samples to make of them in all."""
VERSION = 2
"""1 always read at 128 pixels, and was 16 wide."""
UNKNOWN = -100
"""Stands for no label; such pixels teach nothing."""


class Reader(nn.Module):
    """A U-Net of 3 × 3 convolutions, five maps from whole to a sixteenth: (N, 3, H, W) to logits (N, labels,
    H, W). Edges are multiples of 16."""

    def __init__(self, labels: int, width: int = WIDTH) -> None:
        super().__init__()
        channels = [width, width * 2, width * 4, width * 8, width * 8]
        self.stem = _layer(3, width, 1)
        self.downs = nn.ModuleList(
            nn.Sequential(_layer(outer, inner, 2), _layer(inner, inner, 1))
            for outer, inner in pairwise(channels)
        )
        self.ups = nn.ModuleList(_layer(inner + outer, outer, 1) for outer, inner in pairwise(channels))
        self.head = nn.Conv2d(width, labels, 1)

    def forward(self, photos: Tensor) -> Tensor:
        maps = [self.stem(photos)]
        for down in self.downs:
            maps.append(down(maps[-1]))
        x = maps.pop()
        for up in reversed(self.ups):
            x = up(torch.cat((F.interpolate(x, scale_factor=2.0), maps.pop()), 1))
        logits: Tensor = self.head(x)
        return logits


def _layer(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Recogniser:
    """A trained reader, and what it was trained on."""

    def __init__(self, network: Reader, note: dict[str, Any]) -> None:
        self.network, self.note = network.eval(), note
        edge = note.get("edge")
        self._edge = edge if type(edge) is int and edge in range(16, 1025) else EDGES[1]

    def read(self, photos: Sequence[Pixels]) -> list[Pixels]:
        """The labels in photos uint8 (H, W, 3): indices uint8 (H, W)."""
        with torch.inference_mode():
            return [self._read_one(photo) for photo in photos]

    def _read_one(self, photo: Pixels) -> Pixels:
        height, width = photo.shape[:2]
        image = Image.fromarray(photo).resize(_reduced(width, height, self._edge), Image.Resampling.BOX)
        planes = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 127.5 - 1
        logits = self.network(planes.contiguous(memory_format=torch.channels_last))
        full = F.interpolate(logits, (height, width), mode="bilinear")
        labels: Pixels = full.argmax(1)[0].to(torch.uint8).numpy()
        return labels


def learnt(
    data: DataSet,
    augment: Augment,
    *,
    seed: int = 0,
    steps: int | None = None,
    seconds: float = 60.0,
    progress: Callable[[int, int], None] | None = None,
) -> Recogniser:
    """Train a recogniser on real pairs alone.

    Args:
        data: the training pairs.
        augment: of the model to be judged; its palette and size count.
        steps: by default as many as are made in ``seconds`` on this machine, at least ``FEWEST_STEPS``, at
            most ``STEPS``.
        progress: is told steps done and steps in all.
    """
    palette = augment.card.palette
    assert palette is not None
    count = len(palette.labels)
    # Fed at the size that is read at: a plane a label is much to move about.
    edge = min(EDGES[1], max(EDGES[0], max(augment.card.size) // SHARE))
    size = _reduced(*augment.card.size, edge)
    card = replace(
        augment.card, one_hot=True, size=size, network={**augment.card.network, "inputs": count, "outputs": 3}
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Reader(count)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    adam = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=1e-2)
    began, done, gone = time.monotonic(), 0, 0.0
    seen = replace(data, pairs=tuple(layouts.spread(data.pairs, MOST_PAIRS)))
    with PairLoader(seen, replace(augment, card=card), batch=BATCH, seed=seed) as loader:
        while gone < 1:
            for group in adam.param_groups:
                group["lr"] = LEARNING_RATE * _share_of_rate(gone)
            batch = next(loader)
            labels = batch.inputs.argmax(1)
            if batch.known.numel():
                labels = labels.masked_fill(batch.known[:, 0] < 0.5, UNKNOWN)
            if bool((labels != UNKNOWN).any()):
                loss = F.cross_entropy(network(batch.targets), labels, ignore_index=UNKNOWN)
                adam.zero_grad(set_to_none=True)
                torch.autograd.backward(loss)
                adam.step()
            done += 1
            left = steps - done if steps else _steps_left(done, time.monotonic() - began, seconds)
            gone += (1 - gone) / (left + 1)
            if left <= 0:
                gone = 1.0
            if progress is not None:
                progress(done, done + left)
    how = {"version": VERSION, "width": WIDTH, "edge": edge, "seed": seed, "steps": done, "labels": count}
    return Recogniser(network, {**how, "digest": pairs.digest(data)})


def _steps_left(done: int, spent: float, seconds: float) -> int:
    """How many more steps there is time for, going by those done: other programs come and go meanwhile."""
    there_is_time = int((seconds - spent) * done / max(spent, 1e-9))
    return max(0, FEWEST_STEPS - done, min(STEPS - done, there_is_time))


def _share_of_rate(gone: float) -> float:
    """Of the learning rate, when so much of the training is gone: up, then down to nothing."""
    rise = 0.3
    if gone < rise:
        return 0.52 - 0.48 * math.cos(math.pi * gone / rise)
    return 0.5 + 0.5 * math.cos(math.pi * (gone - rise) / (1 - rise))


def write(path: Path, recogniser: Recogniser) -> None:
    """Keep a recogniser, so that others are judged by the same.

    Raises:
        ModelError: the file can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors = {key: value.contiguous() for key, value in recogniser.network.state_dict().items()}
        with replacing(path) as part:
            write_tensors(part, tensors, {"recogniser": json.dumps(recogniser.note)})
    except OSError as error:
        raise ModelError(f"The recogniser “{path}” can't be written ({error.strerror or error}).") from error


def read(path: Path, labels: int) -> Recogniser:
    """A recogniser that was kept.

    Raises:
        ModelError: missing, damaged, or of another number of labels.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with as_text(path) as name, safe_open(name, "pt") as file:
            note = json.loads(file.metadata()["recogniser"])
            if not isinstance(note, dict) or note.get("width", 16) not in range(1, 65):
                raise ValueError("no note of a recogniser")
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118 – no mapping
        network = Reader(labels, int(note.get("width", 16)))
        network.load_state_dict(tensors)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError, RecursionError) as error:
        raise ModelError(f"“{path}” is no recogniser of {labels} labels; choose another.") from error
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Recogniser(network, note)


def _reduced(width: int, height: int, edge: int) -> tuple[int, int]:
    """Width and height at which pictures are read, the longer one ``edge`` at most: multiples of 16."""
    scale = min(1.0, edge / max(width, height))
    across, down = (max(16, round(side * scale / 16) * 16) for side in (width, height))
    return across, down
