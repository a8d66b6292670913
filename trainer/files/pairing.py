"""Which files of a folder make pairs: of all sides that names and folders tell of, two that fit.

Where there are several ways, words that people use decide, and it is said; where these say nothing, it is
asked for. A pattern is written ONE+OTHER: two folders “photos+masks”, patterns “*.jpg+*.png” or “*+*_mask”.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from unicodedata import normalize

from trainer.files import families
from trainer.files.families import Key, Side
from trainer.files.layouts import Match, PictureFile

PHOTOS = {
    *("image", "images", "img", "imgs", "im", "photo", "photos", "picture", "pictures", "pic", "jpg", "jpeg"),
    *("jpegimages", "rgb", "real", "bit", "original", "originals", "raw", "scene", "scenes", "photograph"),
}
"""Words for photos; the last of “leftImg8bit” is “bit”."""

DRAWN = {
    *("mask", "masks", "label", "labels", "gt", "gts", "groundtruth", "truth", "ground", "seg", "segs"),
    *("segmentation", "segmentations", "segmentationclass", "annotation", "annotations", "anno", "annot"),
    *("color", "colors", "colour", "colours", "ids", "manual", "parsing", "pixelmap", "pixelmaps", "map"),
    *("semantic", "edge", "edges", "sketch", "sketches", "line", "lines", "lineart", "labelmap", "classes"),
    *("fine", "stuffthingmaps", "trimap", "trimaps", "class", "annots", "target", "targets", "segmap"),
}
"""Words for what was drawn of them."""

_WEAK = {
    "color",
    "colors",
    "colour",
    "colours",
    "map",
    "line",
    "lines",
    "fine",
    "ground",
    "target",
    "targets",
}
"""Drawn, but where a word for photos stands beside them: ColorImage."""

_BETTER = (
    ("color", "colour", "colors", "colours"),
    ("label", "labels", "class", "segmentationclass", "manual"),
)
"""Of several drawn sides, which says most …"""

WORSE = {
    "instance",
    "instances",
    "instanceids",
    "object",
    "fake",
    "objects",
    "segmentationobject",
    "polygon",
    "train",
}
"""… and which least."""

_KNOWN = (
    PHOTOS | DRAWN | {"input", "inputs", "output", "outputs", "fake", "a", "b", "l", "day", "night", "x", "y"}
)

_COUNTED = re.compile(r"[_\-. ]\d+$")
_SPLIT_BEHIND = re.compile(r"(?<=.)[_\-. ](?:train(?:ing)?|val(?:idation)?|test(?:ing)?)$", re.IGNORECASE)
_SEPARATORS = re.compile(r"[_\-. ]+")

_FEW_NAMES = 4
"""Names from which what all of them have in common says which side they are of."""

_FEW_ALONE = 0.1
"""Share of a side's files without partner up to which each is a mistake; above, that side holds more."""


@dataclass
class Chosen:
    """Two sides that make pairs, and what has to be said of it."""

    one: Side
    other: Side
    matches: list[Match]
    alone: list[Path]
    """Files without partner."""
    more: list[Path] = field(default_factory=list)
    """Such of them as no partner is to be expected for: more of a pair that is there, or of a split of which
    the other side has nothing."""
    others: list[Side] = field(default_factory=list)
    """Sides that are left out."""
    sure: bool = True
    """Whether names alone leave no doubt that these are pairs."""
    patterns: list[str] = field(default_factory=list)
    """All that could be meant."""

    @property
    def is_faint(self) -> bool:
        """Whether names share no more than a number after other letters: r12 and n12 are seldom pairs."""
        one, other = self.one, self.other
        alike = (one.ending, one.suffix) == (other.ending, other.suffix) and one.start != other.start
        return not self.sure and alike and not _cores_have_letters(one, other)

    @property
    def pattern(self) -> str:
        """As ``--pair`` takes it."""
        return f"{self.one.name}+{self.other.name}"


def chosen(found: Sequence[PictureFile]) -> Chosen | None:
    """The likeliest pairs that names and folders tell of; None where they tell of none."""
    best: tuple[tuple[int, float, int, int], Chosen] | None = None
    for number, sides in enumerate(_patterns_apart(found)):
        if not 2 <= len(sides) <= 200:
            continue
        fitting = _fitting(sides)
        if not fitting:
            continue
        candidate = _of(*_preferred(fitting), sides, fitting)
        unlikely = _unlikeliness(candidate.one, candidate.other)[0]
        rank = len(candidate.matches), -unlikely, -len(sides), -number
        if best is None or rank > best[0]:
            best = rank, candidate
    return best[1] if best else None


def asked(found: Sequence[PictureFile], pattern: str) -> Chosen | None:
    """The pairs of a pattern that was asked for; None where there are no such two sides with common names."""
    best: Chosen | None = None
    for sides in _patterns_apart(found):
        for index in (index for index, letter in enumerate(pattern) if letter == "+"):
            ones = [side for side in sides if _is_called(side, pattern[:index])]
            others = [side for side in sides if _is_called(side, pattern[index + 1 :])]
            for one in ones:
                for other in others:
                    if one is other:
                        continue
                    candidate = _of(one, other, sides, [(one, other)])
                    if candidate.matches and (best is None or len(candidate.matches) > len(best.matches)):
                        best = candidate
    return best


def _patterns_apart(found: Sequence[PictureFile]) -> Iterator[list[Side]]:
    """The files as sides, in all ways: first by beginnings and endings of names, then by whole names."""
    for whole in (False, True):
        for scheme in _schemes(found):
            yield families.sides(found, scheme, whole)


def _schemes(found: Sequence[PictureFile]) -> Iterator[Callable[[str], tuple[str, str]]]:
    """Ways to take folders' paths apart: a side is a whole path, or first folders of it, or the last ones,
    or one between; or names alone tell the sides, in whichever folder."""
    deepest = max((entry.role.count("/") + 1 for entry in found if entry.role), default=0)
    yield lambda role: (role, "")
    for depth in range(1, deepest):
        yield lambda role, depth=depth: _cut(role, 0, depth)  # type: ignore[misc]
        yield lambda role, depth=depth: _cut(role, -depth, None)  # type: ignore[misc]
    for depth in range(1, deepest - 1):
        yield lambda role, depth=depth: _cut(role, depth, depth + 1)  # type: ignore[misc]
    if deepest:
        yield lambda role: ("", role)


def _cut(role: str, start: int, stop: int | None) -> tuple[str, str]:
    parts = role.split("/") if role else []
    first, last, _ = slice(start, stop).indices(len(parts))
    return "/".join(parts[first:last]), "/".join(parts[:first] + parts[last:])


def matched(one: Side, other: Side) -> list[tuple[Key, PictureFile, PictureFile]]:
    """Files of equal keys; where hardly any are equal, of keys with equal numbers; where these are not, of
    equal numbers in whichever folder; and in whichever split, if only one side has such; then several
    of one; and at last of names that are equal but for words that all names of a side have."""
    return _matched(one, other)[0]


def _matched(one: Side, other: Side) -> tuple[list[tuple[Key, PictureFile, PictureFile]], bool]:
    """The same, and whether it is of the last kind, which may be chance."""
    best: list[tuple[Key, PictureFile, PictureFile]] = []
    least = min(len(one.files), len(other.files))
    looser = _LOOSER if _has_no_split(one) or _has_no_split(other) else _LOOSER[:-1]
    for loosened in looser:
        found = (
            _equal(one, other)
            if loosened is None
            else _common(_keyed(one, loosened), _keyed(other, loosened))
        )
        if len(found) > len(best):
            best = found
        if 2 * len(best) >= least:
            return best, False
    several = max(_numbered_drawings(one, other), _numbered_drawings(other, one, turned=True), key=len)
    if len(several) > len(best):
        best = several
    if 2 * len(best) < least:
        found = _common(_keyed(one, _particular(one)), _keyed(other, _particular(other)))
        if 2 * len(found) >= least:
            return found, True
    return best, False


def _has_no_split(side: Side) -> bool:
    return not any(split for split, _, _ in side.files)


def _common(
    first: dict[Key, PictureFile], second: dict[Key, PictureFile]
) -> list[tuple[Key, PictureFile, PictureFile]]:
    return [(key, entry, second[key]) for key, entry in first.items() if key in second]


def _equal(one: Side, other: Side) -> list[tuple[Key, PictureFile, PictureFile]]:
    """Files of keys that are written alike: é may be one sign, or as on some systems an e and its accent."""
    theirs = {**_keyed(other, _composed), **other.files}
    taken: set[Path] = set()
    found = []
    for key, entry in one.files.items():
        partner = theirs.get(key) or theirs.get(_composed(key))
        if partner is not None and partner.file not in taken:
            taken.add(partner.file)
            found.append((key, entry, partner))
    return found


def _composed(key: Key) -> Key:
    split, folders, core = key
    return split, normalize("NFC", folders), normalize("NFC", core)


def _particular(side: Side) -> Callable[[Key], Key]:
    """What is left of a key without the words that all names of its side have, in whichever folder."""
    names = [_SEPARATORS.split(core) for _, _, core in side.files]
    everywhere = set[str]() if len(names) < _FEW_NAMES else set.intersection(*map(set, names))
    return lambda key: (
        key[0],
        "",
        "_".join(_number(word) for word in _SEPARATORS.split(key[2]) if word not in everywhere),
    )


def _numbered_drawings(
    one: Side, other: Side, turned: bool = False
) -> list[tuple[Key, PictureFile, PictureFile]]:
    """Several drawings of each photo, shoe-1 and shoe-2 of shoe, each with its photo.

    Args:
        one: the drawings' side; the second of the two where it is ``turned``.
    """
    found = []
    for key, entry in one.files.items():
        photo, core, before = None, key[2], ""
        while photo is None and core != before:  # also 7_1_0.9, the first of 7 at 0.9
            core, before = _COUNTED.sub("", core), core
            photo = other.files.get((key[0], key[1], core))
        if photo is not None:
            found.append((key, photo, entry) if turned else (key, entry, photo))
    return found


def _keyed(side: Side, loosened: Callable[[Key], Key]) -> dict[Key, PictureFile]:
    """A side's files by looser keys, without those that then share one."""
    files: dict[Key, PictureFile] = {}
    twice: set[Key] = set()
    for key, entry in side.files.items():
        loose = loosened(key)
        if loose in files:
            twice.add(loose)
        files[loose] = entry
    return {key: entry for key, entry in files.items() if key not in twice}


def _number(core: str) -> str:
    """7 and 007 are one."""
    return str(int(core)) if core.isascii() and core.isdigit() and len(core) < 32 else core


_LOOSER: tuple[Callable[[Key], Key] | None, ...] = (
    None,
    lambda key: (key[0], key[1], _number(_SPLIT_BEHIND.sub("", key[2]))),
    lambda key: (key[0], "", _number(key[2])),
    lambda key: ("", "", _number(key[2])),
)
"""First as they are. The last one only where a side has no splits: each split may be counted from 0."""


def _fitting(sides: Sequence[Side]) -> list[tuple[Side, Side]]:
    """All two sides that have at least half of the smaller one's names in common."""
    answer = []
    for one, other in combinations(sides, 2):
        least = min(len(one.files), len(other.files))
        if least and 2 * len(matched(one, other)) >= least:
            answer.append((one, other))
    most = max((min(len(one.files), len(other.files)) for one, other in answer), default=0)
    return [(one, other) for one, other in answer if 4 * min(len(one.files), len(other.files)) >= most]


def _preferred(fitting: list[tuple[Side, Side]]) -> tuple[Side, Side]:
    """The two that people's words speak for."""
    return min(fitting, key=lambda both: _unlikeliness(*both))


def _unlikeliness(one: Side, other: Side) -> tuple[float, ...]:
    names = {
        side.folder.rpartition("/")[2].lower() or side.ending.strip("_-. ").lower() for side in (one, other)
    }
    if names == {"a", "b"}:
        return (0.0, 0.0, 0.0)
    kinds = sorted((_is_photo(one) - _is_drawn(one), _is_photo(other) - _is_drawn(other)))
    words = set(one.words) | set(other.words)
    worse = len(words & WORSE)
    better = next((index for index, some in enumerate(_BETTER) if words & set(some)), len(_BETTER))
    return (
        1.0 + worse - (kinds[1] - kinds[0]) / 2,
        float(better),
        -float(min(len(one.files), len(other.files))),
    )


def _is_photo(side: Side) -> bool:
    return not (side.words or side.suffix) or bool(set(_telling(side)) & PHOTOS)


def _is_drawn(side: Side) -> bool:
    return side.suffix == ".png" or bool(set(_telling(side)) & DRAWN)


def _telling(side: Side) -> list[str]:
    """The words that say whether a side is of photos or drawn: of its file names, and of the last folder
    that says so. Of label_images it is the label."""
    for folder in (*reversed(side.folder.split("/")), ""):
        words = Side(folder, side.start, side.ending).words
        drawn = [word for word in words if word in DRAWN - _WEAK]
        if drawn or set(words) & (PHOTOS | DRAWN):
            return drawn or words
    return side.words


def _of(one: Side, other: Side, sides: Sequence[Side], fitting: Sequence[tuple[Side, Side]]) -> Chosen:
    both, by_chance = _matched(one, other)
    matches = [
        Match(name_of(key, first, second), first.split or second.split, first.file, second.file)
        for key, first, second in both
    ]
    taken = {entry.file for _, first, second in both for entry in (first, second)}
    left = [
        (side, entry)
        for side in (one, other)
        for entry in (*side.files.values(), *side.spare)
        if entry.file not in taken
    ]
    paired = {(entry.file.parent, entry.key) for _, first, second in both for entry in (first, second)}
    more = {entry.file for side, entry in left if _is_more(entry, other if side is one else one, paired)}
    alone = sorted(entry.file for _, entry in left if entry.file not in more)
    others = [side for side in sides if side is not one and side is not other]
    fitting = sorted(fitting, key=lambda both: _unlikeliness(*both))
    patterns = [f"{first.name}+{second.name}" for first, second in fitting]
    sure = _is_sure(one, other) and (len(fitting) == 1 or _words_decide(one, other))
    sure = sure and (not by_chance or {_is_photo(side) - _is_drawn(side) for side in (one, other)} == {1, -1})
    return Chosen(one, other, matches, alone, sorted(more), others, sure, patterns)


def _is_more(entry: PictureFile, other: Side, paired: set[tuple[Path, str]]) -> bool:
    """Whether no partner is to be expected: what a test is to find out, and 7_parts_1 beside 7 and 7_seg.

    Args:
        other: the side that has no partner for it.
        paired: folders and names of the files that have partners.
    """
    splits = {known.split for known in other.files.values()}
    if entry.split and "" not in splits and entry.split not in splits:
        return True
    begun = (entry.key[: match.start()] for match in _SEPARATORS.finditer(entry.key))
    return any((entry.file.parent, start) in paired for start in begun if start)


def name_of(key: Key, first: PictureFile, second: PictureFile) -> str:
    """Of a pair: what both files' names share."""
    core = first.key if first.key == second.key else key[2]
    return "/".join(part for part in (first.split or second.split, key[1], core) if part)


def _words_decide(one: Side, other: Side) -> bool:
    """Whether words say that one side is of photos and the other drawn, or that they are A and B."""
    if _unlikeliness(one, other)[0] == 0:
        return True
    kinds = {_is_photo(side) - _is_drawn(side) for side in (one, other)}
    return len(kinds) == 2


def _is_sure(one: Side, other: Side) -> bool:
    """Whether the sides' names are two folders with equal file names, or words for two sides."""
    equal = (one.start, one.ending, one.suffix) == (other.start, other.ending, other.suffix)
    if one.folder != other.folder and equal:
        return True
    both = [{word for word in families.Side("", side.start, side.ending).words} for side in (one, other)]
    if one.folder != other.folder:
        # Names may differ in words that say which side it is; others may be of other things.
        return all(not words or words & _KNOWN for words in both) or _cores_have_letters(one, other)
    if one.suffix != other.suffix:
        return True
    return any(words & _KNOWN for words in both)


def _cores_have_letters(one: Side, other: Side) -> bool:
    """Whether what two sides' names share is more than a number."""
    both = matched(one, other)
    return 2 * sum(any(map(str.isalpha, key[2])) for key, _, _ in both) >= len(both)


def _is_called(side: Side, wanted: str) -> bool:
    wanted = wanted.strip().strip("/")
    if wanted in (
        side.name,
        side.folder if side.alone_here else "",
        f"{side.folder}/{side.start}*{side.ending}",
    ):
        return True
    if side.folder and wanted.lower() == side.folder.lower() and side.alone_here:
        return True
    bare = wanted.replace("*", "")
    return bool(bare) and bare in (side.ending, side.suffix, side.start, side.ending + side.suffix)


def is_larger(side: Side, alone: Iterable[Path]) -> bool:
    """Whether a side simply holds more than the other: photos of which only some are labelled."""
    files = {entry.file for entry in side.files.values()}
    missing = sum(file in files for file in alone)
    return missing > max(8, _FEW_ALONE * len(files))
