"""Finds the picture files of a data set, and how they belong together.

Folders may be split: a part of the path called train, val or test (or trainA, testB …) says which
split a picture is of, and is otherwise passed over.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from engine.picture import SUFFIXES

_Item = TypeVar("_Item")

DEEPEST = 4
"""Folders below the chosen one that are looked into."""

SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}

_SPLIT_AND_SIDE = re.compile(r"(train|val|test)[_-]?([ab])", re.IGNORECASE)
_SUFFIX = re.compile(r"(.+)[_-]([AB])", re.IGNORECASE)
_FOREIGN = {".gif", ".heic", ".heif", ".avif", ".jp2", ".psd", ".svg", ".npy", ".mat", ".exr", ".tga", ".ppm"}


@dataclass(frozen=True)
class Found:
    """One picture file: ``role`` is its folder without the split's name, ``key`` its name within that."""

    file: Path
    split: str
    role: str
    key: str

    @property
    def name(self) -> str:
        """What the pair made of it is called."""
        return f"{self.split}/{self.key}" if self.split else self.key


@dataclass(frozen=True)
class Match:
    """Two files that make a pair."""

    name: str
    split: str
    one: Path
    other: Path


def gathered(folder: Path) -> tuple[list[Found], list[Path]]:
    """All picture files below a folder, in the order of their names, and what is a picture but can't be read.

    Hidden files and folders are passed over, links to folders not followed.
    """
    found: list[Found] = []
    foreign: list[Path] = []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        parts = here.relative_to(folder).parts
        folders[:] = sorted(
            name for name in folders if not name.startswith((".", "__")) and len(parts) < DEEPEST
        )
        split, role = _split_and_role(parts)
        for name in sorted(files):
            if name.startswith("."):
                continue
            suffix = Path(name).suffix.lower()
            if suffix in SUFFIXES:
                found.append(Found(here / name, split, role, Path(name).stem))
            elif suffix in _FOREIGN:
                foreign.append(here / name)
    return found, foreign


def by_folders(found: Sequence[Found]) -> tuple[list[Match], list[Path], tuple[str, str]] | None:
    """Pairs of two folders with equal stems: the pairs, the files without partner, the folders' names.

    None where there are not just two folders (of several, two called A and B), or hardly a name is in both.
    """
    roles = sorted({entry.role for entry in found})
    if len(roles) > 2:
        roles = [role for role in roles if Path(role).name.lower() in ("a", "b")]
    if len(roles) != 2:
        return None
    sides = [[entry for entry in found if entry.role == role] for role in roles]
    matches, alone = _matched(*sides)
    if 2 * len(matches) < min(map(len, sides)):
        return None
    return matches, alone, (roles[0], roles[1])


def by_suffixes(found: Sequence[Found]) -> tuple[list[Match], list[Path]] | None:
    """Pairs of files called …_A and …_B, and the files without partner; None where most are not."""
    sides: dict[str, list[Found]] = defaultdict(list)
    for entry in found:
        match = _SUFFIX.fullmatch(entry.key)
        if match:
            sides[match[2].lower()].append(Found(entry.file, entry.split, entry.role, match[1]))
    if len(sides) < 2 or 2 * sum(map(len, sides.values())) < len(found):
        return None
    matches, alone = _matched(sides["a"], sides["b"])
    taken = {file for match in matches for file in (match.one, match.other)} | set(alone)
    return (matches, alone + [entry.file for entry in found if entry.file not in taken]) if matches else None


def spread(items: Sequence[_Item], count: int) -> list[_Item]:
    """At most ``count`` of the items, evenly spread."""
    if len(items) <= count:
        return list(items)
    return [items[place * len(items) // count] for place in range(count)]


def _split_and_role(parts: tuple[str, ...]) -> tuple[str, str]:
    split = ""
    role: list[str] = []
    for part in parts:
        both = _SPLIT_AND_SIDE.fullmatch(part)
        if part.lower() in SPLITS and not split:
            split = SPLITS[part.lower()]
        elif both and not split:
            split = both[1].lower()
            role.append(both[2].upper())
        else:
            role.append(part)
    return split, "/".join(role)


def _matched(one: Sequence[Found], other: Sequence[Found]) -> tuple[list[Match], list[Path]]:
    """Pairs of equal split and key, and the files that are left. A second file of a key is left too."""
    waiting: dict[tuple[str, str], Found] = {}
    alone: list[Path] = []
    for entry in other:
        if (entry.split, entry.key) in waiting:
            alone.append(entry.file)
        else:
            waiting[entry.split, entry.key] = entry
    matches: list[Match] = []
    for entry in one:
        partner = waiting.pop((entry.split, entry.key), None)
        if partner is None:
            alone.append(entry.file)
        else:
            matches.append(Match(entry.name, entry.split, entry.file, partner.file))
    return matches, sorted(alone + [entry.file for entry in waiting.values()])
