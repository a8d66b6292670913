"""Drafts of label maps as the trainer left them, read and brought onto photos; on any thread.

What is in them says ``trainer.drafting.files``. They are kept from day to day, one folder a data set.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import resources
from desktop.paint.gestures.superpixels import keep_likelihoods, regions_in
from desktop.paint.gestures.superpixels import regions as regions_of
from desktop.paint.layers.composite import from_straight
from desktop.pairs.photos import Photo
from engine.data.messages import Pixels
from engine.data.picture import read as read_picture
from engine.errors import PictureError
from trainer.drafting.files import FORMAT, PROGRESS, RESULTS

MOST_BYTES = 16 << 20
_BAD = OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError
"""Raised by files that are missing or damaged."""


@dataclass(frozen=True)
class Drafts:
    """The drafts for one data set."""

    folder: Path
    maps: int = 0
    """They were made by so many maps,"""
    labels: int = 0
    """of so many labels."""
    doubts: tuple[tuple[str, float], ...] = ()
    """Mark of a photo, and how unsure its draft is, 0 to 1."""
    whole: bool = True
    """All photos have been read; else there are more to come."""


def drafts_folder(data: Path) -> Path:
    """Where the drafts for a data set are."""
    mark = hashlib.sha256(os.fsencode(data.absolute())).hexdigest()[:20]
    return resources.home("drafts", mark)


def progress(folder: Path) -> tuple[float, int]:
    """Which share is learnt, 0 to 1, and how many photos have their draft."""
    with suppress(*_BAD):
        fields = json.loads((folder / PROGRESS).read_text("ascii"))
        return _share(fields["share"]), int(fields["photos"])
    return 0.0, 0


def read(folder: Path) -> Drafts:
    """The drafts in a folder; none where it is missing, damaged or newer than this program."""
    with suppress(*_BAD):
        file = folder / RESULTS
        if file.stat().st_size > MOST_BYTES:
            raise ValueError("too large")
        fields = json.loads(file.read_text("utf-8"))
        if fields["format"] != FORMAT:
            raise ValueError("another format")
        doubts = [(mark, _share(doubt)) for mark, doubt in fields["doubts"].items() if mark.isalnum()]
        whole = fields.get("whole", True) is not False
        return Drafts(folder, int(fields["maps"]), int(fields["labels"]), tuple(doubts), whole)
    return Drafts(folder)


def _share(number: Any) -> float:
    share = float(number)
    if math.isnan(share):
        raise ValueError("no number")
    return min(max(share, 0.0), 1.0)


def written(folder: Path) -> int:
    """When the drafts there were told of last, in nanoseconds; 0 where they never were."""
    with suppress(OSError):
        return (folder / RESULTS).stat().st_mtime_ns
    return 0


def labels_of(
    drafts: Drafts, mark: str, photo: Pixels, count: int, *, passing: bool = False
) -> Pixels | None:
    """The draft of a photo, uint8 (H, W, 3): label indices uint8 (H, W); None where there is none.

    What is likely at a pixel and what is likely in its region of the photo count alike: borders follow those
    of the photo.

    Args:
        mark: the photo's.
        count: how many labels there are.
        passing: the photo is no picture that is open: nothing of it is remembered.
    """
    planes = chances(drafts, mark, count)
    if planes is None or not _alike(photo.shape[1] / photo.shape[0], *planes.shape[1:]):
        return None
    regions = regions_of(photo) if passing else regions_in(from_straight(photo))
    height, width = regions.numbers.shape
    numbers = regions.numbers.reshape(-1)
    sizes = np.bincount(numbers)
    inside = np.empty((len(sizes), count), np.float32)
    most, small = np.full(numbers.shape, -1.0, np.float32), np.zeros(numbers.shape, np.uint8)
    for label, plane in enumerate(planes):
        whole = np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR))
        likely = whole.reshape(-1).astype(np.float32)
        inside[:, label] = np.bincount(numbers, likely) / sizes
        likely += inside[numbers, label]
        better = likely > most
        most[better], small[better] = likely[better], label
    inside /= np.maximum(inside.sum(1, keepdims=True), 1e-9)
    if not passing:
        keep_likelihoods(from_straight(photo), inside)  # smart fill may go by them
    rows, columns = (
        np.arange(side) * part // side for side, part in zip(regions.shape, (height, width), strict=True)
    )
    return np.ascontiguousarray(small.reshape(height, width)[rows[:, None], columns])


def chances(drafts: Drafts, mark: str, count: int) -> Pixels | None:
    """How likely each label is at each place of a photo, uint8 (count, h, w); None without a draft."""
    if drafts.labels != count or all(mark != known for known, _ in drafts.doubts):
        return None
    try:
        planes = read_picture(drafts.folder / f"{mark}.png").pixels[..., 0]
    except PictureError:
        return None
    if planes.shape[0] % count:
        return None
    return np.ascontiguousarray(planes).reshape(count, -1, planes.shape[1])


def certainty(planes: Pixels) -> float:
    """Which share of a draft's pixels is held to be right, 0 to 1, by ``chances``: what its likeliest labels
    are given, on average."""
    return float(planes.max(0).mean() / max(1.0, float(planes.sum(0, np.float32).mean())))


def _alike(proportion: float, down: int, across: int) -> bool:
    """Whether proportions are the same, as far as so few places can tell: a picture that was cropped is
    another one."""
    return abs(proportion * down / across - 1) <= 0.6 / down + 0.6 / across + 0.01


def in_order(photos: Sequence[Photo], index: int, drafts: Drafts) -> tuple[Photo, ...]:
    """Photos as they are offered: those up to ``index`` stay, and so do those that have their pair; of the
    others that comes first of which most is to be learnt: the least certain."""
    doubts = dict(drafts.doubts)
    before, after = list(photos[: index + 1]), list(photos[index + 1 :])
    waiting = iter(
        sorted((photo for photo in after if not photo.pair), key=lambda it: -doubts.get(it.mark, -1.0))
    )
    return (*before, *(photo if photo.pair else next(waiting) for photo in after))
