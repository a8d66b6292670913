"""Label maps that come as one mask for each object in a photo: 7_1 and 7_2 of 7, or a folder of them a photo.

How many there are differs from photo to photo, so they are no labels of their own: together they are one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.data.palette import Label, Palette
from engine.errors import PictureError
from engine.files import writing
from trainer.data.dataset import Pair
from trainer.files import layouts, pairing
from trainer.files.layouts import PictureFile
from trainer.pictures import indexed, recognition
from trainer.pictures.sources import Mask, Source, read, values

LOOKED_AT = 8

OBJECT = "object"
BACKGROUND = "background"

_COUNTED = re.compile(r"(?:[_\-. ]?(?:mask|instance|inst|object|obj|seg))?[_\-. ]*\d+$", re.IGNORECASE)
"""What the name of a mask has beyond its photo's."""

_EXPLAINED = 0.7
"""Share of the files that must be photos with masks, or these."""
_SEVERAL = 0.3
"""Share of the photos that must have more than one."""

Groups = dict[PictureFile, list[PictureFile]]
"""The masks of each photo."""


@dataclass(frozen=True)
class InstanceMasks:
    """Pairs whose inputs are put together of masks."""

    pairs: list[Pair]
    palette: Palette
    masks: str
    photos: str
    """What the folders are called, or patterns where there are none."""
    alone: list[PictureFile]
    """Files that belong to none."""
    example: tuple[str, str]
    """Names of a photo, and of a mask of it."""


def find_instance_masks(found: Sequence[PictureFile]) -> InstanceMasks | None:
    """Pairs of a photo and the masks of what is in it; None where that isn't how the files are."""
    for scheme in (_by_number, _by_folder, _by_neighbour):
        groups = scheme(found)
        if _is_likely(groups, len(found)) and _are_masks(groups):
            return _put_together(found, groups)
    return None


def _by_number(found: Sequence[PictureFile]) -> Groups:
    """7.jpg with 7_1.png, 7_mask_2.png and so on, wherever these lie."""
    photos = _unique(found)
    groups: Groups = defaultdict(list)
    for entry in found:
        core = _COUNTED.sub("", entry.key)
        photo = photos.get((entry.split, core)) if core and core != entry.key else None
        if photo is not None:
            groups[photo].append(entry)
    return groups


def _by_folder(found: Sequence[PictureFile]) -> Groups:
    """images/7.jpg with all that is in masks/7."""
    names = {entry.key for entry in found}
    photos = _unique([entry for entry in found if entry.role.rpartition("/")[2] not in names])
    groups: Groups = defaultdict(list)
    for entry in found:
        photo = photos.get((entry.split, entry.role.rpartition("/")[2]))
        if photo is not None and entry is not photo:
            groups[photo].append(entry)
    return groups


def _by_neighbour(found: Sequence[PictureFile]) -> Groups:
    """7/images with the only file there, and all that is in 7/masks."""
    by_place: dict[tuple[str, str], dict[str, list[PictureFile]]] = defaultdict(lambda: defaultdict(list))
    for entry in found:
        above, _, last = entry.role.rpartition("/")
        if above:
            by_place[entry.split, above][last].append(entry)
    groups: Groups = {}
    for folders in by_place.values():
        single = [entries[0] for name, entries in folders.items() if len(entries) == 1 and _is_photos(name)]
        if len(folders) == 2 and len(single) == 1:
            groups[single[0]] = [
                entry for entries in folders.values() for entry in entries if entry is not single[0]
            ]
    return groups


def _is_photos(folder: str) -> bool:
    return folder.lower() in pairing.PHOTOS


def _unique(found: Sequence[PictureFile]) -> Mapping[tuple[str, str], PictureFile]:
    """Files by split and name, of names that only one has."""
    files: dict[tuple[str, str], PictureFile] = {}
    twice: set[tuple[str, str]] = set()
    for entry in found:
        key = entry.split, entry.key
        if key in files:
            twice.add(key)
        files[key] = entry
    return {key: entry for key, entry in files.items() if key not in twice}


def _is_likely(groups: Groups, files: int) -> bool:
    """Whether names alone speak for it: several masks for many photos, not equally many for each."""
    masks = {entry for entries in groups.values() for entry in entries}
    if len(groups) < 2 or masks & groups.keys() or len(masks) + len(groups) < _EXPLAINED * files:
        return False
    counts = [len(entries) for entries in groups.values()]
    return sum(count > 1 for count in counts) >= max(1.0, _SEVERAL * len(counts)) and len(set(counts)) > 1


def _are_masks(groups: Groups) -> bool:
    """Whether the files themselves are masks of two values, and the photos are none."""
    some = layouts.spread([(photo, entries[0]) for photo, entries in groups.items()], LOOKED_AT)
    votes = [_is_mask(mask) and not _is_mask(photo) for photo, mask in some]
    return sum(votes) >= 0.9 * len(votes)


def _is_mask(entry: PictureFile) -> bool:
    try:
        found = values(entry.file)
        return (
            found is not None
            and len(np.unique(found)) <= 2
            and not recognition.is_line_drawing(read(Source(entry.file)))
        )
    except PictureError:
        return False


def _put_together(found: Sequence[PictureFile], groups: Groups) -> InstanceMasks:
    photo = next(iter(groups))
    mask = groups[photo][0]
    folder = mask.role.rpartition("/")[2]
    word = next((part for part in reversed(mask.role.split("/")) if part and part != photo.key), "")
    is_a_word = word and word.lower() not in pairing.DRAWN | pairing.WORSE and word != photo.role
    colour = indexed.made(1)
    palette = Palette(
        "masks",
        (Label(BACKGROUND, (0, 0, 0)), Label(writing.shown(word) if is_a_word else OBJECT, colour)),
    )
    names = [(entry.split, entry.key) for entry in groups]
    unique = len(set(names)) == len(names)
    pairs = [
        Pair(
            "/".join(part for part in (entry.split, "" if unique else entry.role, entry.key) if part),
            Source(masks[0].file, masks=tuple(Mask(one.file, colour) for one in masks)),
            Source(entry.file),
            split=entry.split,
        )
        for entry, masks in sorted(groups.items(), key=lambda group: group[0].file)
    ]
    used = {entry for entries in groups.values() for entry in entries} | groups.keys()
    named = "masks" if folder == photo.key else folder or f"*{mask.file.suffix}"
    return InstanceMasks(
        pairs,
        palette,
        named,
        photo.role.rpartition("/")[2] or f"*{photo.file.suffix}",
        [entry for entry in found if entry not in used],
        (photo.file.name, "/".join(mask.file.parts[-2:])),
    )
