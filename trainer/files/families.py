"""What the names of files have in common: x.jpg and x_mask.png, img_1 and mask_1, 1.jpg and 1.png.

Files are sorted into *sides*: those of one folder whose names begin and end alike. What is left of a name is
its key, by which the files of two sides belong together.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from trainer.files.layouts import PictureFile

Key = tuple[str, str, str]
"""Split, folders that are no side's name, and what is left of the file's name."""

_RARE = 0.02
"""Share of the files with the most frequent ending, that must have an ending before it is one."""
_COMMON = 0.95
"""Share of a folder's files from which what they share says nothing about a single one."""
_ANSWERED = 0.5
"""Share of the files with an ending, for which there must be one with another."""

_PARTS = 8
"""Different names in folders of one example each."""

_SEPARATORS = re.compile(r"(?=[_\-. ])")
_BORDERS = re.compile(r"(?<=[_\-. ])|(?<=[A-Za-z])(?=\d)")


@dataclass(eq=False)
class Side:
    """Files that may be one side of pairs: of a folder, with names that begin and end alike."""

    folder: str
    start: str = ""
    ending: str = ""
    suffix: str = ""
    """As “.jpg”, where that alone tells it from another side."""
    files: dict[Key, PictureFile] = field(default_factory=dict)
    alone_here: bool = True
    """Whether it is the folder's only one."""
    starts_alike: bool = False
    """Whether its beginning is that of all sides in its folder."""
    spare: list[PictureFile] = field(default_factory=list)
    """Files whose keys were taken."""

    @property
    def name(self) -> str:
        """As users say it: the folder, or a pattern for its files, “masks/*_body”."""
        pattern = f"{'' if self.starts_alike else self.start}*{self.ending}{self.suffix}"
        if self.alone_here and self.folder:
            return self.folder
        return f"{self.folder}/{pattern}" if self.folder else pattern

    @property
    def words(self) -> list[str]:
        """The words of its name, lower case, the last folder's last."""
        text = f"{self.folder} {self.start} {self.ending}"
        text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
        return [word for word in re.split(r"[^a-z]+", text.lower()) if word]


def sides(
    found: Sequence[PictureFile], apart: Callable[[str], tuple[str, str]], whole: bool = False
) -> list[Side]:
    """The files as sides.

    Args:
        apart: takes a folder's path apart into a side's name, and what is part of the key.
        whole: names are the key as they are, whatever they begin and end with.
    """
    by_folder: dict[str, list[tuple[PictureFile, str]]] = defaultdict(list)
    for entry in found:
        side, rest = apart(entry.role)
        by_folder[side].append((entry, rest))
    answer: list[Side] = []
    for folder, entries in by_folder.items():
        stems = [(rest, entry.key) for entry, rest in entries]
        affixes = dict.fromkeys(stems, ("", "")) if whole else _affixes(stems)
        here: dict[tuple[str, str, str], Side] = {}
        suffixes = _suffixes_apart(entries)
        for entry, rest in entries:
            start, ending = affixes[rest, entry.key]
            suffix = entry.file.suffix.lower() if suffixes else ""
            side_ = here.setdefault((start, ending, suffix), Side(folder, start, ending, suffix))
            core = entry.key[len(start) : len(entry.key) - len(ending)]
            key = entry.split, rest, core
            if key in side_.files:
                side_.spare.append(entry)
            else:
                side_.files[key] = entry
        for side_ in here.values():
            side_.alone_here = len(here) == 1
            side_.starts_alike = len({other.start for other in here.values()}) == 1
        answer += here.values()
    return answer


def _suffixes_apart(entries: Sequence[tuple[PictureFile, str]]) -> bool:
    """Whether most names occur with two file name endings: 1.jpg and 1.png."""
    count = Counter((entry.split, rest, entry.key) for entry, rest in entries)
    twice = sum(number > 1 for number in count.values())
    kinds = {entry.file.suffix.lower() for entry, _ in entries}
    return len(kinds) > 1 and 2 * twice >= len(count)


Stem = tuple[str, str]
"""A file's name, and before it the folders that are no side's name."""


def _affixes(stems: Sequence[Stem]) -> dict[Stem, tuple[str, str]]:
    """Beginning and ending of each name."""
    distinct = sorted(set(stems))
    places = {rest for rest, _ in distinct}
    count = Counter(name for _, name in distinct)
    if len(places) >= 3 and 1 < len(count) <= _PARTS and 2 * min(count.values()) >= len(places):
        return {stem: ("", stem[1]) for stem in distinct}  # a folder each: 7/image.png and 7/label.png
    endings = _families(distinct, _tails)
    left = {(rest, name): name[: len(name) - len(endings[rest, name])] for rest, name in distinct}
    turned = {stem: (stem[0], core[::-1]) for stem, core in left.items()}
    back = _families(sorted(set(turned.values())), _reversed_heads)
    return {stem: (back[turned[stem]][::-1], endings[stem]) for stem in distinct}


def _families(stems: Sequence[Stem], ends: Callable[[str], Iterable[str]]) -> dict[Stem, str]:
    """For each name the ending by which it belongs to a family; none where it has none.

    An ending makes a family where nearly all names have it, or where most names that have it are there with
    another one, or without, too.
    """
    having: dict[str, set[Stem]] = defaultdict(set)
    possible = {stem: list(ends(stem[1])) for stem in stems}
    for (rest, name), tails in possible.items():
        for tail in tails:
            having[tail].add((rest, name[: len(name) - len(tail)]))
    most = max(map(len, having.values()), default=0)
    least = min(max(2.0, _RARE * most), len(stems))
    frequent = {tail for tail, heads in having.items() if len(heads) >= least} - _counters(having)
    common = {tail for tail in frequent if len(having[tail]) >= _COMMON * len(stems) and len(stems) > 1}
    variants: Counter[Stem] = Counter(stems)
    for tail in frequent:
        variants.update(having[tail])
    answered = {
        tail
        for tail in frequent - common
        if sum(variants[head] > 1 for head in having[tail]) >= _ANSWERED * len(having[tail])
    }
    begun = {head for tail in answered | common if _SEPARATORS.match(tail) for head in having[tail]}
    families: dict[Stem, str] = {}
    for stem, tails in possible.items():
        mine = [tail for tail in tails if tail in common or tail in answered]
        if stem in begun:  # 01L of 01L_1st is no 01 with an L
            mine = [tail for tail in mine if _SEPARATORS.match(tail)]
        # The longest: of “_gtFine_color” and “_color” it leaves what the photo’s name has, too.
        families[stem] = max(mine, key=len, default="")
    return families


def _counters(having: Mapping[str, set[Stem]]) -> set[str]:
    """Endings that only count, as _p1 to _p99 do: there are more of them than names that they end."""
    alike: dict[str, list[str]] = defaultdict(list)
    for tail in having:
        if any(map(str.isdigit, tail)):
            alike[re.sub(r"\d+", "#", tail)].append(tail)
    return {
        tail
        for tails in alike.values()
        if len(tails) > max(2, len(set().union(*(having[tail] for tail in tails))))
        for tail in tails
    }


def _tails(stem: str) -> Iterable[str]:
    """Endings of a name that begin at a separator, and hold letters but no number of their own."""
    for place in (match.start() for match in _SEPARATORS.finditer(stem)):
        if place and _wordy(stem[place:]):
            yield stem[place:]
    if run := re.search(r"(?<=\d)(?:[A-Za-z]+|x[2-8])$", stem):  # also 0001x4, reduced to a fourth
        yield run[0]


def _reversed_heads(turned: str) -> Iterable[str]:
    """Beginnings of a name, of names written backwards, which end at a separator or before a number."""
    stem = turned[::-1]
    for place in (match.start() for match in _BORDERS.finditer(stem)):
        # n0123_ is a thing's own name rather than a word for what all are.
        if 0 < place < len(stem) and _wordy(stem[:place]) and not re.search(r"\d", stem[:place]):
            yield stem[:place][::-1]


def _wordy(part: str) -> bool:
    words = [word for word in re.split(r"[_\-. ]", part) if word]
    return bool(words) and not any(word.strip("()[]#").isdigit() for word in words)
