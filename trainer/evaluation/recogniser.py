"""Reads labels in photos: a small network trained on real pairs, the other way round.

What it reads in generated photos, compared with what it reads in real ones, tells how much of the painted
labels can be recognised: the idea of the FCN score (Isola et al., CVPR 2017, section 4.1), without a network
from elsewhere.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
from engine.files.writing import as_text, replacing, shown
from engine.models.bundle import write_tensors
from trainer.data import pairs
from trainer.data.pairs import DataSet
from trainer.evaluation.muon import Muon
from trainer.files import layouts
from trainer.loading.augment import Augment, Sample
from trainer.loading.pair_loader import PairLoader

Pixels = npt.NDArray[np.uint8]

WIDTH = 24
EDGES, SHARE = (64, 128), 4
"""Photos are read at a quarter of the model's longer edge, between these pixels: labels are larger."""
STEPS, FEWEST_STEPS, BATCH = 4000, 120, 8
"""How many steps there are is a matter of the time given. The label score moves little with that, as one
reader reads both kinds of photos: on facades from 1.0 after few steps to 1.1 after many."""
MOST_PAIRS = 400
"""Reading a pair takes as long as a step."""
RATE, RATE_OF_THE_REST = 0.04, 4e-3
"""Learning rates: of the convolutions, and of what isn't moved by ``Muon``."""
VERSION = 3
"""1 always read at 128 pixels, and was 16 wide; 2 was a U-Net of whole pixels that joined its maps."""
UNKNOWN = -100
"""Stands for no label; such pixels teach nothing."""
PATCH = 2
"""Pixels that are read as one, each way."""


class OutdatedError(ModelError):
    """A recogniser that an older version made, which reads in a way of its own."""


class Reader(nn.Module):
    """A small U-Net that adds its maps up: (N, 3, H, W) to logits (N, labels, H / 2, W / 2).

    It begins with patches of 2 × 2 pixels, and its maps are few where they are large: on a processor what
    counts is how many photos it has seen in the time. Edges are multiples of 16.
    """

    def __init__(self, labels: int, width: int = WIDTH) -> None:
        super().__init__()
        channels = [width, width * 2, width * 4, width * 16 // 3]
        back = [width, width * 4 // 3, width * 2]
        self.stem = _layer(3 * PATCH * PATCH, width, 1)
        self.downs = nn.ModuleList(
            nn.Sequential(_layer(outer, inner, 2), _layer(inner, inner, 1))
            for outer, inner in pairwise(channels)
        )
        self.across = nn.ModuleList(
            nn.Conv2d(outer, inner, 1, bias=False) for outer, inner in zip(channels[:-1], back, strict=True)
        )
        self.raised = nn.ModuleList(
            nn.Conv2d(inner, outer, 1, bias=False) for outer, inner in pairwise([*back, channels[-1]])
        )
        self.norms = nn.ModuleList(map(nn.BatchNorm2d, back))
        self.ups = nn.ModuleList(_layer(inner, inner, 1) for inner in back)
        self.head = nn.Conv2d(width, labels, 1)

    def forward(self, photos: Tensor) -> Tensor:
        maps = [self.stem(F.pixel_unshuffle(photos, PATCH))]
        for down in self.downs:
            maps.append(down(maps[-1]))
        x = maps.pop()
        for level in reversed(range(len(self.ups))):
            x = F.interpolate(self.raised[level](x), scale_factor=2.0) + self.across[level](maps.pop())
            x = self.ups[level](F.relu(self.norms[level](x)))
        logits: Tensor = self.head(x)
        return logits

    def in_two(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """The weights of convolutions with a norm behind them, and all others."""
        one = [weight for name, weight in self.named_parameters() if weight.ndim == 4 and "head" not in name]
        return one, [weight for weight in self.parameters() if all(weight is not other for other in one)]


def _layer(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch take one thread, as long as the block lasts: several would wait for each other longer than
    work, so small are the maps, and reading the next pairs needs the others."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Recogniser:
    """A trained reader, and what it was trained on."""

    def __init__(self, network: Reader, note: dict[str, Any]) -> None:
        self.network, self.note = network.eval(), note
        edge = note.get("edge")
        self._edge = edge if type(edge) is int and edge in range(16, 1025) else EDGES[1]

    def read(self, photos: Sequence[Pixels]) -> list[Pixels]:
        """The labels in photos uint8 (H, W, 3): indices uint8 (H, W)."""
        with torch.inference_mode(), one_thread():
            return [self._read_one(photo) for photo in photos]

    def chances(self, photo: Pixels) -> npt.NDArray[np.float32]:
        """How likely each label is at each place of a photo, uint8 (H, W, 3): float32 (labels, h, w), of
        about the photo's proportions."""
        with torch.inference_mode(), one_thread():
            mean: npt.NDArray[np.float32] = (self._chances(photo)[0] / 2).numpy()
        return mean

    def _read_one(self, photo: Pixels) -> Pixels:
        full = F.interpolate(self._chances(photo), photo.shape[:2], mode="bilinear")
        labels: Pixels = full.argmax(1)[0].to(torch.uint8).numpy()
        return labels

    def _chances(self, photo: Pixels) -> Tensor:
        """Twice the chances, (1, labels, h, w)."""
        height, width = photo.shape[:2]
        image = Image.fromarray(photo).resize(_reduced(width, height, self._edge), Image.Resampling.BOX)
        planes = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 127.5 - 1
        both = torch.cat((planes, planes.flip(3)))  # the mirror image has a say, too: it costs little
        chances = self.network(both.contiguous(memory_format=torch.channels_last)).softmax(1)
        return torch.as_tensor(chances[:1] + chances[1:].flip(3))


def train_recogniser(
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
    edge = min(EDGES[1], max(EDGES[0], max(augment.card.size) // SHARE))
    size = _reduced(*augment.card.size, edge)
    card = replace(
        augment.card, one_hot=True, size=size, network={**augment.card.network, "inputs": count, "outputs": 3}
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Reader(count)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    convolutions, rest = network.in_two()
    muon, adam = Muon(convolutions), torch.optim.AdamW(rest, RATE_OF_THE_REST, fused=True)
    began, done, gone = time.monotonic(), 0, 0.0
    seen = replace(data, pairs=tuple(layouts.spread(data.pairs, MOST_PAIRS)))
    # It has minutes at most, and photos stand straight: where they are cut, and flipping, is left to chance.
    straight = replace(augment, card=card, rotation=0.0, zoom=0.0, roam=False)
    with one_thread(), PairLoader(seen, straight, batch=BATCH, seed=seed) as loader:
        while gone < 1:
            for group in adam.param_groups:
                group["lr"] = RATE_OF_THE_REST * share_of_rate(gone)
            photos, labels = _batch(loader.samples())
            if bool((labels != UNKNOWN).any()):
                loss = F.cross_entropy(network(photos), labels, ignore_index=UNKNOWN)
                network.zero_grad(set_to_none=True)
                torch.autograd.backward(loss)
                adam.step()
                muon.step(RATE * share_of_rate(gone))
            done += 1
            left = steps - done if steps else steps_left(done, time.monotonic() - began, seconds)
            gone += (1 - gone) / (left + 1)
            if left <= 0:
                gone = 1.0
            if progress is not None:
                progress(done, done + left)
    how = {"version": VERSION, "width": WIDTH, "edge": edge, "seed": seed, "steps": done, "labels": count}
    return Recogniser(network, {**how, "digest": pairs.digest(data)})


def _batch(samples: Sequence[Sample]) -> tuple[Tensor, Tensor]:
    """Photos float32 (N, 3, H, W) in [−1, 1], channels last, and labels int64 (N, H / 2, W / 2)."""
    photos = torch.from_numpy(np.stack([sample.target for sample in samples])).permute(0, 3, 1, 2)
    read = slice(PATCH // 2, None, PATCH)
    labels = torch.from_numpy(np.stack([sample.prepared[read, read, 0] for sample in samples])).long()
    for number, sample in enumerate(samples):
        if sample.known is not None:
            unknown = torch.from_numpy(sample.known[read, read] < 128)
            labels[number].masked_fill_(unknown, UNKNOWN)
    return photos.float() / 127.5 - 1, labels


def steps_left(done: int, spent: float, seconds: float) -> int:
    """How many more steps there is time for, going by those done: other programs come and go meanwhile."""
    there_is_time = int((seconds - spent) * done / max(spent, 1e-9))
    return max(0, FEWEST_STEPS - done, min(STEPS - done, there_is_time))


def share_of_rate(gone: float) -> float:
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
        OutdatedError: of an older version.
        ModelError: missing, damaged, or of another number of labels.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with as_text(path) as name, safe_open(name, "pt") as file:
            note = json.loads(file.metadata()["recogniser"])
            if not isinstance(note, dict) or note.get("width", 16) not in range(3, 97):
                raise ValueError("no note of a recogniser")
            if note.get("version") in range(1, VERSION):
                raise OutdatedError(f"“{shown(path)}” was made by an older version; choose another, or none.")
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
