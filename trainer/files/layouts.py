"""Finds the picture files of a data set, and which split each of them is of.

Folders may be split: a part of the path called train, val or test (or trainA, train_masks, images_test …)
says which split a picture is of, and is otherwise passed over.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from engine.data.picture import SUFFIXES
from engine.files.writing import shown
from trainer.files import zipped

_Item = TypeVar("_Item")

DEEPEST = 6
"""Folders below the chosen one that are looked into."""

SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}

_WORD = r"(train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?)(?:20\d\d)?"
_BEFORE = re.compile(
    _WORD + r"(?:[_\-. ](.+)|([AB])|(annot(?:ation)?s?|masks?|labels?|images?|imgs?|gt))", re.IGNORECASE
)
"""As in train_masks, trainA and trainannot …"""
_BEHIND = re.compile(r"(.+)[_\-. ]" + _WORD, re.IGNORECASE)
"""… in images_train …"""
_BETWEEN = re.compile(r"(.+?)[_\-. ]" + _WORD + r"[_\-. ](.+)", re.IGNORECASE)
"""… and in Task1_Training_Input, which counts only where folders are of several splits by it."""

PREPARED = "prepared.json"
"""Lies in folders that ``trainer.preparing`` made: these are of photos alone, whatever their names."""

_FOREIGN = {".heic", ".heif", ".avif", ".jp2", ".psd", ".svg", ".npy", ".mat", ".exr", ".tga", ".ppm"}
ARCHIVES = {".zip", ".7z", ".rar", ".tar", ".tgz", ".gz"}
"""Not looked into: a data set is one folder, or one zip file."""
GIF = ".gif"
"""Read where they are label maps that belong to photos, and foreign elsewhere."""


@dataclass(frozen=True)
class PictureFile:
    """One picture file: ``role`` is its folder without the split's name, ``key`` its name within that."""

    file: Path
    split: str
    role: str
    key: str


@dataclass(frozen=True)
class Match:
    """Two files that make a pair."""

    name: str
    split: str
    one: Path
    other: Path


def gathered(
    folder: Path, unread: list[OSError] | None = None
) -> tuple[list[PictureFile], list[PictureFile], list[Path]]:
    """All picture files below a folder, in the order of their names; GIF files likewise, apart; and what is
    a picture but can't be read.

    Hidden files and folders are passed over.

    Args:
        unread: as for ``zipped.walk``.

    Raises:
        PictureError: a zip file that can't be used.
    """
    found: list[PictureFile] = []
    stills: list[PictureFile] = []
    foreign: list[Path] = []
    root = zipped.root(folder)
    if root != folder and split_and_role(root.relative_to(folder).parts)[0]:
        root = folder  # its name says which split it is
    folder = root
    places = list(zipped.walk(folder, DEEPEST, unread))
    between = _are_between([parts for parts, _ in places])
    for parts, files in places:
        split, role = split_and_role(parts, between)
        here = folder.joinpath(*parts)
        for name in files:
            suffix = Path(name).suffix.lower()
            if suffix in SUFFIXES:
                found.append(PictureFile(here / name, split, role, Path(name).stem))
            elif suffix == GIF:
                stills.append(PictureFile(here / name, split, role, Path(name).stem))
            elif suffix in _FOREIGN or suffix in ARCHIVES:
                foreign.append(here / name)
    return found, stills, foreign


def not_looked_into(error: OSError) -> tuple[str, bool]:
    """What is told of an ``unread`` folder, a sentence, and whether that is a fault: one that its owner keeps
    from others is none, one on a disk that fails is."""
    kept = isinstance(error, PermissionError)
    name = shown(Path(os.fsdecode(error.filename or "")).name)
    text = f"The folder “{name}” can't be looked into ({error.strerror or error})"
    return text + (", and is passed over." if kept else "."), not kept


def spread(items: Sequence[_Item], count: int) -> list[_Item]:
    """At most ``count`` of the items, evenly spread."""
    if len(items) <= count:
        return list(items)
    return [items[index * len(items) // count] for index in range(count)]


def split_and_role(parts: tuple[str, ...], between: bool = False) -> tuple[str, str]:
    """The split that a folder's path names, if it does, and what is left of the path without it.

    Args:
        between: whether a split's name may stand in the middle of a folder's.
    """
    split = ""
    role: list[str] = []
    for part in parts:
        named, rest = _split_of(part, between)
        if split and named != split:
            rest = part
        split = split or named
        if rest:
            role.append(rest)
    return split, "/".join(role)


def _are_between(paths: Sequence[tuple[str, ...]]) -> bool:
    """Whether folders are of several splits by words in the middle of their names."""
    splits = {_split_of(part, True)[0] for parts in paths for part in parts if not _split_of(part, False)[0]}
    return len(splits - {""}) > 1


def _split_of(part: str, between: bool) -> tuple[str, str]:
    """The split that one folder's name tells, and the rest of the name."""
    if whole := re.fullmatch(_WORD, part, re.IGNORECASE):
        return SPLITS[whole[1].lower()], ""
    named, rest = "", part
    if before := _BEFORE.fullmatch(part):
        named, rest = before[1], before[2] or before[3] or before[4]
        rest = rest.upper() if rest.lower() in ("a", "b") else rest
    elif behind := _BEHIND.fullmatch(part):
        named, rest = behind[2], behind[1]
    elif between and (middle := _BETWEEN.fullmatch(part)):
        named, rest = middle[2], f"{middle[1]}_{middle[3]}"
    # train_val is both.
    return (SPLITS[named.lower()], rest) if named and rest.lower() not in SPLITS else ("", part)
