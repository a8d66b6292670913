"""Label maps that come as one mask for each label: masks/body and masks/windshield, or x_hair and x_nose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.data.palette import Colour, Label, Palette
from engine.errors import PictureError
from engine.files import writing
from trainer.data.dataset import Pair
from trainer.files import layouts, pairing
from trainer.files.families import Side
from trainer.files.layouts import PictureFile
from trainer.files.pairing import Chosen
from trainer.pictures import indexed
from trainer.pictures.sources import Mask, Source, covered, values

LOOKED_AT = 8

BACKGROUND = "background"

_WHOLE = {"color", "colour", "colors", "label", "labels", "ids", "instance", "instances", "gt", "semantic"}
"""Words for maps of all labels in one."""


class Several(NamedTuple):
    """Pairs whose inputs are put together."""

    pairs: list[Pair]
    palette: Palette
    name: str
    """Of the masks' side."""
    photo: int
    """Which of the two chosen sides is the photos'."""


def several(chosen: Chosen) -> Several | None:
    """Pairs of the masks of each label with a photo; None where that isn't how the files are."""
    for photo, (one, other) in enumerate(((chosen.one, chosen.other), (chosen.other, chosen.one))):
        members = [
            side
            for side in (other, *chosen.others)
            if side is not one and _is_like(side, other, one) and pairing.matched(one, side)
        ]
        if len(members) < 2 or any(set(side.words) & _WHOLE for side in members):
            continue
        areas = [_area(side) for side in members]
        if any(area is None for area in areas):
            continue
        # The largest first: what covers little lies on it.
        order = sorted(range(len(members)), key=lambda index: -(areas[index] or 0.0))
        return _put_together(one, [members[index] for index in order], photo)
    return None


def _is_like(side: Side, other: Side, photo: Side) -> bool:
    """Whether a side is a mask as another one is: a folder beside it below one folder, or other endings."""
    if side.folder == other.folder:
        return (side.start, side.ending) != (photo.start, photo.ending) or side.folder != photo.folder
    parent, _, _ = side.folder.rpartition("/")
    return bool(parent) and parent == other.folder.rpartition("/")[0] and side.folder != photo.folder


def _area(side: Side) -> float | None:
    """Share of the pictures that a mask covers; None where these are no masks of two values."""
    shares = []
    for entry in layouts.spread(list(side.files.values()), LOOKED_AT):
        try:
            found, there = values(entry.file), covered(entry.file)
        except PictureError:
            continue
        if found is None or len(np.unique(found)) > 2:
            return None
        shares.append(float(there.mean()))
    return float(np.mean(shares)) if shares else None


def _put_together(photos: Side, members: Sequence[Side], photo: int) -> Several | None:
    labels = [Label(BACKGROUND, (0, 0, 0))]
    masks: dict[Path, list[Mask]] = {}
    names: dict[Path, tuple[str, PictureFile]] = {}
    for number, side in enumerate(members, start=1):
        colour: Colour = indexed.made(number)
        name = side.folder.rpartition("/")[2] if side.alone_here else ""
        name = name or f"{side.start}{side.ending}".strip("_-. ") or f"label {number}"
        labels.append(Label(writing.shown(name), colour))
        for key, shown, mask in pairing.matched(photos, side):
            masks.setdefault(shown.file, []).append(Mask(mask.file, colour))
            names.setdefault(shown.file, (pairing.name_of(key, shown, mask), shown))
    if len(labels) > 64:
        return None
    pairs = [
        Pair(name, Source(masks[file][0].file, masks=tuple(masks[file])), Source(file), split=shown.split)
        for file, (name, shown) in sorted(names.items())
    ]
    first = members[0]
    parent = first.folder.rpartition("/")[0] if first.alone_here else first.folder
    return Several(pairs, Palette("masks", tuple(labels)), parent or "masks", photo)
