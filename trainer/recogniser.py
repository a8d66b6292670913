"""Reads labels in photos: a small network trained on real pairs, the other way round.

What it reads in made photos, compared with what it reads in real ones, tells how much of the painted labels
can be recognised: the idea of the FCN score (Isola et al., CVPR 2017, section 4.1), without a network from
elsewhere.
"""

from __future__ import annotations

import json
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

from engine.bundle import write_tensors
from engine.errors import ModelError
from engine.files import replacing
from trainer import pairs
from trainer.augment import Augment
from trainer.feed import Feed
from trainer.pairs import DataSet

Pixels = npt.NDArray[np.uint8]

WIDTH = 16
EDGE = 128
"""Photos are read at so many pixels along their longer edge: labels are larger than that."""
STEPS, BATCH, LEARNING_RATE = 1000, 8, 2e-3
"""About four minutes on two cores. On facades, half of the steps were measured to read 0.617 of the pixels
rightly."""
UNKNOWN = -100
"""Stands for no label; such pixels teach nothing."""

VERSION = 1


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

    def read(self, photos: Sequence[Pixels]) -> list[Pixels]:
        """The labels in photos uint8 (H, W, 3): indices uint8 (H, W)."""
        with torch.inference_mode():
            return [self._read_one(photo) for photo in photos]

    def _read_one(self, photo: Pixels) -> Pixels:
        height, width = photo.shape[:2]
        image = Image.fromarray(photo).resize(_reduced(width, height), Image.Resampling.BOX)
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
    steps: int = STEPS,
    progress: Callable[[int, int], None] | None = None,
) -> Recogniser:
    """Train a recogniser on real pairs alone.

    Args:
        data: the training pairs.
        augment: of the model to be judged; its palette and size count.
        progress: is told steps done and steps in all.
    """
    palette = augment.card.palette
    assert palette is not None
    count = len(palette.labels)
    card = replace(
        augment.card, one_hot=True, network={**augment.card.network, "inputs": count, "outputs": 3}
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Reader(count)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    adam = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, LEARNING_RATE, total_steps=steps)
    size = _reduced(*card.size)
    with Feed(data, replace(augment, card=card), batch=BATCH, seed=seed) as feed:
        for step in range(steps):
            batch = next(feed)
            photos = F.interpolate(batch.targets, size[::-1], mode="area")
            labels = F.interpolate(batch.inputs, size[::-1], mode="nearest").argmax(1)
            if batch.known.numel():
                there = F.interpolate(batch.known, size[::-1], mode="nearest")[:, 0]
                labels = labels.masked_fill(there < 0.5, UNKNOWN)
            if bool((labels == UNKNOWN).all()):
                continue
            loss = F.cross_entropy(network(photos), labels, ignore_index=UNKNOWN)
            adam.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            adam.step()
            schedule.step()
            if progress is not None:
                progress(step + 1, steps)
    note = {"version": VERSION, "seed": seed, "steps": steps, "labels": count, "digest": pairs.digest(data)}
    return Recogniser(network, note)


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
        with safe_open(path, "pt") as file:
            note = json.loads(file.metadata()["recogniser"])
            tensors = {key: file.get_tensor(key).clone() for key in file.keys()}  # noqa: SIM118 – no mapping
        network = Reader(labels)
        network.load_state_dict(tensors)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"“{path}” is no recogniser of {labels} labels; choose another.") from error
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Recogniser(network, note)


def _reduced(width: int, height: int) -> tuple[int, int]:
    """Width and height at which pictures are read: multiples of 16."""
    scale = min(1.0, EDGE / max(width, height))
    across, down = (max(16, round(edge * scale / 16) * 16) for edge in (width, height))
    return across, down
