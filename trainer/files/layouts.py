"""Finds the picture files of a data set, and which split each of them is of.

Folders may be split: a part of the path called train, val or test (or trainA, train_masks, images_test …)
says which split a picture is of, and is otherwise passed over.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from engine.data.picture import SUFFIXES
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
_BEFORE = re.compile(_WORD + r"(?:[_\-. ](.+)|([AB]))", re.IGNORECASE)
"""As in train_masks and trainA …"""
_BEHIND = re.compile(r"(.+)[_\-. ]" + _WORD, re.IGNORECASE)
"""… and in images_train."""

_FOREIGN = {".heic", ".heif", ".avif", ".jp2", ".psd", ".svg", ".npy", ".mat", ".exr", ".tga", ".ppm"}
ARCHIVES = {".zip", ".7z", ".rar", ".tar", ".tgz", ".gz"}
"""Not looked into: a data set is one folder, or one zip file."""
GIF = ".gif"
"""Read where they are label maps that belong to photos, and foreign elsewhere."""


@dataclass(frozen=True)
class Found:
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


def gathered(folder: Path) -> tuple[list[Found], list[Found], list[Path]]:
    """All picture files below a folder, in the order of their names; GIF files likewise, apart; and what is
    a picture but can't be read.

    Hidden files and folders are passed over, links to folders not followed.

    Raises:
        PictureError: a zip file that can't be used.
    """
    found: list[Found] = []
    stills: list[Found] = []
    foreign: list[Path] = []
    root = zipped.root(folder)
    if root != folder and split_and_role(root.relative_to(folder).parts)[0]:
        root = folder  # its name says which split it is
    folder = root
    for parts, files in zipped.walk(folder, DEEPEST):
        split, role = split_and_role(parts)
        here = folder.joinpath(*parts)
        for name in files:
            suffix = Path(name).suffix.lower()
            if suffix in SUFFIXES:
                found.append(Found(here / name, split, role, Path(name).stem))
            elif suffix == GIF:
                stills.append(Found(here / name, split, role, Path(name).stem))
            elif suffix in _FOREIGN or suffix in ARCHIVES:
                foreign.append(here / name)
    return found, stills, foreign


def spread(items: Sequence[_Item], count: int) -> list[_Item]:
    """At most ``count`` of the items, evenly spread."""
    if len(items) <= count:
        return list(items)
    return [items[place * len(items) // count] for place in range(count)]


def split_and_role(parts: tuple[str, ...]) -> tuple[str, str]:
    """The split that a folder's path names, if it does, and what is left of the path without it."""
    split = ""
    role: list[str] = []
    for part in parts:
        named, rest = ("", part) if split else _split_of(part)
        split = split or named
        if rest:
            role.append(rest)
    return split, "/".join(role)


def _split_of(part: str) -> tuple[str, str]:
    """The split that one folder's name tells, and the rest of the name."""
    if whole := re.fullmatch(_WORD, part, re.IGNORECASE):
        return SPLITS[whole[1].lower()], ""
    if before := _BEFORE.fullmatch(part):
        rest = before[2] or before[3]
        return SPLITS[before[1].lower()], rest.upper() if rest.lower() in ("a", "b") else rest
    if behind := _BEHIND.fullmatch(part):
        return SPLITS[behind[2].lower()], behind[1]
    return "", part
