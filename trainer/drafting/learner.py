"""A small recogniser that learns from a few finished maps: the trained eye's features, and a head on them.

Where the trained eye's weights are missing, the evaluation's own recogniser does the same, from nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.data.messages import Pixels
from trainer.drafting import calibrating, features
from trainer.drafting.calibrating import HeldOut
from trainer.drafting.features import PCA
from trainer.drafting.remembering import Memory
from trainer.evaluation.recogniser import one_thread, share_of_rate

WIDTH, DEEP = 64, 96
REACHES = (1, 2, 4, 8)
_FAR = (3,), (2,), (2, 3)
"""Dimensions over which means are taken: those of a row, of a column, of everything."""
DROPPED = 0.12
"""Share of the features that a step does without, so that none is relied on."""
WINDOW = 64
"""Places of a map, each way, that are learnt from at once, cut out at random."""
BATCH = 4
STEPS, FEWEST_STEPS = 900, 60
"""More steps than the first gain nothing: maps are few."""
RATE, DECAY = 2e-3, 0.05
VIEWS, VIEWING = 4, 0.35
"""Parts of each photo that are looked at in another light, and up to which share of the time."""
LOOKS = 0.4
"""Share of the progress that looking at the photos is."""
PATIENCE = 4.0
FOLDS = 3
"""So many heads draft the maps that they have not learnt from, a third each: see ``calibrating``, …"""
CALIBRATING = 0.12
"""… for such a share of the time that is left, each, …"""
FEWEST_OF_FOLDS = 40
"""… or for so many steps; where these take longer, fewer heads will do, …"""
LATE = 0.8
"""… and none if so much of the time has gone."""
SHOWN = 8
"""Photos by which it is found out what is worth keeping of what is seen."""

Labelled = tuple[Pixels, Pixels | None]
"""Indices uint8 (H, W), and where they are known, not 0; None where all are."""

Progress = Callable[[float], object]
"""Is told the share that is done, 0 to 1."""


Box = tuple[float, float, float, float]
"""Top, bottom, left and right, where the whole photo goes from −1 to 1."""
WHOLE: Box = (-1.0, 1.0, -1.0, 1.0)


class Reader(Protocol):
    """Tells the labels of photos."""

    def chances(self, photo: Pixels) -> npt.NDArray[np.float32]:
        """How likely each label is at each place of a photo, uint8 (H, W, 3): float32 (labels, h, w), of
        about the photo's proportions."""


class Example(NamedTuple):
    """What is learnt from at once: a photo, or a part of it."""

    features: Tensor
    """Of what is seen: float16 (C, H, W)."""
    target: Tensor
    """Which share of each place has which label: float32 (labels, H, W)."""
    box: Box


class Clock:
    """Seconds that work has taken: of the processor, so that as much is learnt beside other programs, which
    go first; but where these leave hardly anything, it is enough after ``PATIENCE`` times as long."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._began = time.process_time(), time.monotonic()

    @property
    def spent(self) -> float:
        """So far."""
        worked, waited = time.process_time() - self._began[0], time.monotonic() - self._began[1]
        return max(worked, waited / PATIENCE)


class Head(nn.Module):
    """From features to logits: (N, C, H, W) → (N, labels, H, W).

    Places are seen with what is around them, in their row and their column, and in all of the photo: streets
    have storeys. That is done at half the resolution, where it costs a quarter.
    """

    def __init__(self, channels: int, labels: int) -> None:
        super().__init__()
        self.first, self.joined = nn.Conv2d(channels + 2, WIDTH, 1), nn.Conv2d(DEEP, WIDTH, 1)
        self.down = nn.Conv2d(WIDTH, DEEP, 2, 2)
        self.around = nn.ModuleList(
            nn.Conv2d(DEEP, DEEP, 3, padding=reach, dilation=reach) for reach in REACHES
        )
        self.far = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(DEEP, DEEP, 1, bias=False) for _ in _FAR) for _ in REACHES
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, DEEP) for _ in REACHES)
        self.before, self.after = nn.GroupNorm(8, WIDTH), nn.GroupNorm(8, WIDTH)
        self.last = nn.Conv2d(WIDTH, labels, 1)

    def forward(self, inputs: Tensor) -> Tensor:
        x = F.relu(self.before(self.first(F.dropout2d(inputs, DROPPED, self.training))))
        # An odd row or column more is repeated: there is always something to look at.
        even = F.pad(x, (0, x.shape[3] % 2, 0, x.shape[2] % 2), mode="replicate")
        deep = F.relu(self.down(even))
        for norm, around, far in zip(self.norms, self.around, self.far, strict=True):
            seen = F.dropout2d(deep, DROPPED / 2, self.training)
            news = around(seen)
            assert isinstance(far, nn.ModuleList)
            for dims, convolution in zip(_FAR, far, strict=True):
                news = news + convolution(seen.mean(dims, keepdim=True))
            deep = deep + F.relu(norm(news))
        back = F.interpolate(self.joined(deep), even.shape[2:], mode="bilinear", align_corners=False)
        logits: Tensor = self.last(F.relu(self.after(x + back[:, :, : x.shape[2], : x.shape[3]])))
        return logits


class Drafter:
    """What was learnt, as it reads."""

    def __init__(self, pca: PCA, head: Head, temperature: float = 1.0) -> None:
        self._pca, self._head, self._temperature = pca, head.eval(), temperature

    @torch.inference_mode()
    def chances(self, photo: Pixels) -> npt.NDArray[np.float32]:
        small = features.resize_photo(photo)
        with one_thread():
            views = [self._pca(features.extract_features(view)) for view in (small, small[:, ::-1])]
            logits = self._head(torch.stack([with_coordinates(each) for each in views]))
            chances = (logits / self._temperature).softmax(1)
        mean: npt.NDArray[np.float32] = ((chances[0] + chances[1].flip(2)) / 2).numpy()
        return mean


def train_drafter(
    photos: Sequence[Pixels],
    maps: Sequence[Labelled],
    labels: int,
    *,
    seconds: float,
    steps: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    memory: Memory | None = None,
) -> Drafter:
    """Learn from finished maps.

    Args:
        photos: uint8 (H, W, 3) each.
        maps: the labels of each photo.
        labels: how many there are.
        seconds: for all of it, about, on one thread.
        steps: instead of as many as there is time for.
        progress: told as it goes on.
        memory: what was seen in these photos before needn't be looked at again.

    Raises:
        TrainingError: the trained eye's weights can't be read.
    """
    clock = Clock(seconds)
    report = progress or (lambda _share: None)
    with one_thread():
        random = np.random.default_rng(seed)
        pca, examples = _examples(
            photos, maps, labels, clock, random, lambda share: report(LOOKS * share), memory
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            held_out = _held_out(pca, examples, len(photos), labels, clock, steps, random)
            head = Head(pca.kept, labels)
            _fit(head, examples, clock, steps, random, report, FEWEST_STEPS)
    return Drafter(pca, head, calibrating.temperature(held_out))


def _held_out(
    pca: PCA,
    examples: Sequence[Example],
    photos: int,
    labels: int,
    clock: Clock,
    steps: int | None,
    random: np.random.Generator,
) -> list[HeldOut]:
    """What heads make of the photos that they have not learnt from; of ``examples`` those come first that are
    of whole photos, then their mirror images."""
    if photos < 2 or (steps is None and clock.spent >= LATE * clock.seconds):
        return []
    found: list[HeldOut] = []
    began, left = clock.spent, clock.seconds - clock.spent
    for fold in range(min(FOLDS, photos)):
        if steps is None and found and clock.spent - began > (FOLDS - 1) * CALIBRATING * left:
            break
        head = Head(pca.kept, labels)
        others = [one for number, one in enumerate(examples) if number % photos % FOLDS != fold]
        time_for_it = Clock(CALIBRATING * left)
        _fit(head, others, time_for_it, steps, random, lambda _share: None, FEWEST_OF_FOLDS)
        head.eval()
        for place in range(fold, photos, FOLDS):
            both = examples[place : 2 * photos : photos]
            with torch.inference_mode():
                logits = head(torch.stack([with_coordinates(one.features) for one in both]))
                logits = torch.cat([logits[:1], logits[1:].flip(3)])
            found.append(HeldOut(logits, both[0].target))
    return found


def with_coordinates(inputs: Tensor, box: Box = WHOLE) -> Tensor:
    """The features of a photo, and where it is: float32 (C + 2, H, W).

    Args:
        box: which part of a photo was looked at.
    """
    height, width = inputs.shape[1:]
    down = torch.linspace(box[0], box[1], height)[:, None].expand(height, width)
    across = torch.linspace(box[2], box[3], width)[None].expand(height, width).abs()  # both sides are alike
    return torch.cat([inputs.float(), down[None], across[None]])


def _examples(
    photos: Sequence[Pixels],
    maps: Sequence[Labelled],
    count: int,
    clock: Clock,
    random: np.random.Generator,
    report: Progress,
    memory: Memory | None = None,
) -> tuple[PCA, list[Example]]:
    """What is worth keeping of what is seen; and that of each photo, its mirror image, and, as far as time
    allows, of parts of it."""
    shown = photos[:SHOWN]
    seen: list[list[Tensor]] = []
    pca = memory.pca(len(shown)) if memory is not None else None
    if pca is None:
        seen = [features.extract_features(features.resize_photo(photo)) for photo in shown]
        pca = PCA.of(seen)
        if memory is not None:
            memory.keep_pca(pca, len(shown))
    least, all_of_them, found = 2 * len(photos), (2 + VIEWS) * len(photos), []
    for number in range(all_of_them):
        if number >= least and clock.spent > VIEWING * clock.seconds:
            break
        turn, place = divmod(number, len(photos))
        photo, (labels, known), box = view(turn, photos[place], maps[place], random)
        # Parts in another light are never the same again.
        kept = _features_of(photo, pca, memory if turn < 2 else None, seen.pop(0) if seen else None)
        found.append(Example(kept, shares(labels, known, count, kept.shape[1:]), box))
        report((number + 1) / all_of_them)
    if memory is not None:
        memory.forget_others()
    return pca, found


def _features_of(
    photo: Pixels, pca: PCA, memory: Memory | None, seen: Sequence[Tensor] | None = None
) -> Tensor:
    """What is kept of a photo as it is looked at; ``seen`` if that was just done."""
    height, width = (side // features.CELL for side in photo.shape[:2])
    kept = memory.features(photo, (pca.kept, height, width)) if memory is not None else None
    if kept is None:
        kept = pca(seen or features.extract_features(photo))
        if memory is not None:
            memory.keep_features(photo, kept)
    return kept


def view(
    turn: int, photo: Pixels, labelled: Labelled, random: np.random.Generator
) -> tuple[Pixels, Labelled, Box]:
    """A photo, its mirror image, or else a part of it in another light, as it is looked at."""
    box, mirrored, part = WHOLE, turn == 1, (slice(None), slice(None))
    if turn > 1:
        part, mirrored, box = _part(photo.shape, random)
    labels, known = (
        None if plane is None else plane[part][:, :: -1 if mirrored else 1] for plane in labelled
    )
    assert labels is not None
    cut = features.resize_photo(np.ascontiguousarray(photo[part][:, :: -1 if mirrored else 1]))
    return (_lit(cut, random) if turn > 1 else cut), (labels, known), box


def _part(shape: tuple[int, ...], random: np.random.Generator) -> tuple[tuple[slice, slice], bool, Box]:
    """A part of a photo, at random: where, whether it is mirrored, and that as a box."""
    share = 1 / random.uniform(1.1, 1.6)
    cut, box = [], []
    for side in shape[:2]:
        length = max(1, round(side * share))
        start = int(random.integers(side - length + 1))
        cut.append(slice(start, start + length))
        box += [2 * start / side - 1, 2 * (start + length) / side - 1]
    mirrored = bool(random.integers(2))
    if mirrored:
        box[2:] = -box[3], -box[2]
    return (cut[0], cut[1]), mirrored, (box[0], box[1], box[2], box[3])


def _lit(photo: Pixels, random: np.random.Generator) -> Pixels:
    """A photo in another light: brighter or darker, flatter or harder, warmer or cooler."""
    gain, gamma = random.uniform(0.85, 1.15, 3) * random.uniform(0.8, 1.2), random.uniform(0.75, 1.3)
    levels = np.linspace(0, 1, 256)[:, None] ** gamma * gain
    table = np.clip(np.rint(levels * 255), 0, 255).astype(np.uint8)
    return np.stack([table[:, channel].take(photo[..., channel]) for channel in range(3)], 2)


def shares(labels: Pixels, known: Pixels | None, count: int, size: Sequence[int]) -> Tensor:
    """Of the pixels of each of H × W places, which share has which label: float32 (count, H, W); nothing
    where none is known."""
    # Copied: numpy calls a mirrored column contiguous, and torch takes no negative strides.
    planes = torch.from_numpy(labels.copy()).long()
    planes = F.one_hot(planes, count).permute(2, 0, 1)[None].float()
    if known is not None:
        planes = planes * torch.from_numpy(known.astype(np.float32))
    return F.interpolate(planes, tuple(size), mode="area")[0]


def _fit(
    head: Head,
    examples: Sequence[Example],
    clock: Clock,
    steps: int | None,
    random: np.random.Generator,
    report: Progress,
    fewest: int,
) -> None:
    optimiser = torch.optim.AdamW(head.parameters(), RATE, weight_decay=DECAY)
    edge = min(WINDOW, max(max(one.target.shape[1:]) for one in examples))
    began, done, gone = clock.spent, 0, 0.0
    while gone < 1:
        for group in optimiser.param_groups:
            group["lr"] = RATE * share_of_rate(gone)
        chosen = random.integers(len(examples), size=BATCH)
        windows = [_window(examples[number], edge, random) for number in chosen]
        inputs, targets = (torch.stack(part) for part in zip(*windows, strict=True))
        loss = -(F.log_softmax(head(inputs), 1) * targets).sum() / targets.sum().clamp_min(1)
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimiser.step()
        done += 1
        left = steps - done if steps else _steps_left(done, began, clock, fewest)
        gone = 1.0 if left <= 0 else gone + (1 - gone) / (left + 1)
        report(LOOKS + (1 - LOOKS) * gone)


def _steps_left(done: int, began: float, clock: Clock, fewest: int) -> int:
    """How many more there is time for, going by those done since ``began``."""
    spent = clock.spent
    there_is_time = int((clock.seconds - spent) * done / max(spent - began, 1e-9))
    return max(fewest - done, min(STEPS - done, there_is_time))


def _window(one: Example, edge: int, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A part of it, ``edge`` places each way; what is smaller is filled up with what teaches nothing."""
    inputs, target = with_coordinates(one.features, one.box), one.target
    height, width = inputs.shape[1:]
    top, left = (int(random.integers(max(0, side - edge) + 1)) for side in (height, width))
    place = np.s_[:, top : top + edge, left : left + edge]
    inputs, target = inputs[place], target[place]
    missing = (0, edge - inputs.shape[2], 0, edge - inputs.shape[1])
    if any(missing):
        inputs, target = F.pad(inputs, missing), F.pad(target, missing)
    return inputs, target
