"""Looks for what is wrong with a data set, before hours of training show it.

Unmatched and unreadable files, and no pairs at all, are errors and stop a training; everything else
warns. What more than half of the files have is said once, for all of them.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from engine.errors import PictureError
from engine.files.writing import shown
from trainer.data import pairs
from trainer.data.dataset import DataSet, Kind, Pair, Problem
from trainer.dataset_check import correspondence, duplicates, outlines, pair_notes, shifting
from trainer.dataset_check.correspondence import Correspondence
from trainer.dataset_check.pair_notes import PairNotes
from trainer.files import layouts
from trainer.pictures import outliers
from trainer.pictures.sources import Pixels

Progress = Callable[[int, int], None]
"""Told how many of how many pairs are done."""

_Result = TypeVar("_Result")

_LEARN_FROM = 300
"""Pairs from which is learnt what belongs together."""

_SMALLEST = 64
"""Shorter edge, pixels, below which there is hardly anything to learn from."""

_SOFT = 0.02
"""Share of a label map's pixels that may be mixtures of labels."""

_STRAY = 0.002
"""Share of a label map that may lie in flat areas of other colours."""

_DRAWN = 0.3
"""Difference in evenness between a usual pair's sides, from which one of them is drawn."""

FEW = 10
"""Fewer pairs are a handful: a model learns them by heart."""

_CUT_OFF = 0.005
"""Share of a picture's values that the set's levels may cut off."""

_SAID_ONCE: set[Kind] = {
    "levels",
    "soft edges",
    "converted",
    "odd size",
    "tiny",
    "off palette",
    "foreign format",
}
"""Kinds that one cause puts into all files of a folder."""


def check(data: DataSet, progress: Progress | None = None) -> list[Problem]:
    """Read every file once and say what is wrong: errors first, then by file.

    Args:
        data: as ``pairs.find`` found it; its own problems are among those returned.
        progress: called in this thread.
    """
    report = progress or _silent
    count, before = len(data.pairs), len(_to_compare(data))
    report(0, count)

    def progressed(done: int, _: int) -> None:
        report(round(done * count / (count + before)), count)

    common = Correspondence.fit(list(compared(data, progressed)))
    found = list(
        _each(
            data.pairs,
            lambda pair: pair_notes.take_notes(pair, data, common),
            lambda done, all_of_it: progressed(before + done, all_of_it),
        )
    )
    problems = [
        *data.problems,
        *few(data),
        *_unreadable(found),
        *_cut_off(found),
        *_sizes(found),
        *_converted(found),
        *_numbers(found),
        *_mixed_modes(found),
        *duplicates.problems(found),
        *_mismatched(found, common),
        *_reversed(found),
        *(shifting.problems(data) if common is None else ()),
        *_labels(found),
        *_outliers(found),
    ]
    problems = _said_once(problems, len(data.pairs))
    return sorted(problems, key=lambda problem: (not problem.severe, str(problem.file or ""), problem.kind))


def stopping(data: DataSet, progress: Progress | None = None) -> list[Problem]:
    """The errors alone, and numbers that would be left out, in the same words: what a training asks before it
    starts. Much quicker."""
    problems = [problem for problem in data.problems if problem.severe]
    found = list(_each(data.pairs, pair_notes.as_read, progress or _silent))
    return [*problems, *_unreadable(found), *_numbers(found)]


def few(data: DataSet) -> list[Problem]:
    """A warning where there is a single pair, or a handful."""
    count = len([pair for pair in data.pairs if pair.split != "test"])
    if not data.pairs or count >= FEW:
        return []
    what = "photo" if data.layout == "photos" else "pair"
    said = {0: f"no {what}", 1: f"a single {what}"}.get(count, f"only {count} {what}s")
    text = f"There is {said} to train on." if count < 2 else f"There are {said} to train on."
    remedy = (
        "A model learns so few by heart and makes little of anything else; some hundreds are usual, "
        "some dozens the least."
    )
    return [Problem(None, False, text, remedy, "few")]


def _to_compare(data: DataSet) -> list[Pair]:
    """Some pairs; none where inputs are made from the photos: nothing is to be learnt there."""
    return layouts.spread([pair for pair in data.pairs if pair.a.derived is None], _LEARN_FROM)


def compared(data: DataSet, progress: Progress | None = None) -> Iterator[tuple[Pixels, Pixels]]:
    """The sides of some pairs, reduced, to learn from what belongs together."""
    for sides in _each(_to_compare(data), _reduced, progress or _silent):
        if sides is not None:
            yield sides


def _reduced(pair: Pair) -> tuple[Pixels, Pixels] | None:
    try:
        a, b = pairs.load(pair)
    except PictureError:
        return None
    # At once: together the whole pictures may take more memory than there is.
    return correspondence.reduced(a), correspondence.reduced(b)


def _each(items: Sequence[Pair], work: Callable[[Pair], _Result], progress: Progress) -> Iterator[_Result]:
    """The work done on every pair, in order, by threads: decoding and resizing let each other run."""
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="check") as pool:
        # In blocks, so that results don't pile up before anyone looks at them.
        for start in range(0, len(items), 64):
            block = items[start : start + 64]
            for done, result in enumerate(pool.map(work, block), start=start + 1):
                yield result
                if done % 8 == 0 or done == len(items):  # large pictures take a second each
                    progress(done, len(items))


def _silent(done: int, total: int) -> None:
    """Progress that nobody wants to see."""


# --- what is wrong -------------------------------------------------------------------------------


def _unreadable(found: Iterable[PairNotes]) -> Iterator[Problem]:
    for noted in found:
        for file, reason in noted.unreadable:
            yield _cannot_read(file, reason, noted.pair)


def _cannot_read(file: Path, reason: str, pair: Pair) -> Problem:
    # The reader's sentence begins with the file's name, which the problem says already.
    text = reason.removeprefix(f"“{shown(file.name)}” ")
    sentence, _, advice = text.partition(";")
    remedy = f"{advice.strip()[:1].upper()}{advice.strip()[1:]}" if advice else "Save it anew or remove it."
    return Problem(file, True, f"{sentence.rstrip('.')}.", remedy, "unreadable", pair.name)


def _cut_off(found: Iterable[PairNotes]) -> Iterator[Problem]:
    for noted in found:
        if noted.cut_off >= _CUT_OFF:
            text = f"has {noted.cut_off:.1%} of its values beyond what most use; they are cut off."
            remedy = "See whether it is of another camera or scale, and remove it if so."
            file = noted.pair.b.file
            yield Problem(file, False, text, remedy, "levels", noted.pair.name)


def _sizes(found: Sequence[PairNotes]) -> Iterator[Problem]:
    usual, common = _usual(noted.b for noted in found if noted.b)
    for noted in found:
        pair, a, b = noted.pair, noted.a, noted.b
        if noted.uneven:
            way = "wide" if pair.b.half in ("left", "right") else "high"
            text = f"is {noted.uneven} pixels {way}, an odd number, and has no middle between its halves."
            yield Problem(pair.b.file, False, text, "Make both halves equally large.", "odd size", pair.name)
        if b is None:
            continue
        if a and a != b:
            text = f"is {a[0]} × {a[1]} and its photo {b[0]} × {b[1]} pixels; it will be scaled."
            remedy = "Give both the same size."
            if a == b[::-1]:
                how = "as if one of them had been turned; it will be scaled, and no longer lie on its photo"
                text, remedy = f"{text.partition(';')[0]}, {how}.", "Turn one of them."
            yield Problem(pair.a.file, False, text, remedy, "odd size", pair.name)
        if min(b) < _SMALLEST:
            text = f"is only {b[0]} × {b[1]} pixels."
            yield Problem(pair.b.file, False, text, "Use a larger original, or remove it.", "tiny", pair.name)
        elif usual and b != usual and (common >= 0.9 or _aspect(b, usual) > 1.25):
            text = (
                f"is {b[0]} × {b[1]} pixels, most are {usual[0]} × {usual[1]}; it will be cropped or scaled."
            )
            yield Problem(pair.b.file, False, text, "Crop it to the others’ shape.", "odd size", pair.name)


def _usual(sizes: Iterable[pair_notes.Size]) -> tuple[pair_notes.Size | None, float]:
    """The most frequent size and its share; None where less than half have it."""
    count = Counter(sizes)
    if not count:
        return None, 0.0
    size, number = count.most_common(1)[0]
    share = number / count.total()
    return (size, share) if share >= 0.5 and count.total() >= 3 else (None, share)


def _aspect(one: pair_notes.Size, other: pair_notes.Size) -> float:
    """How many times wider, for its height, one is than the other; at least 1."""
    ratio = one[0] * other[1] / (one[1] * other[0])
    return max(ratio, 1 / ratio)


def _converted(found: Iterable[PairNotes]) -> Iterator[Problem]:
    for noted in found:
        for file, note in noted.changes:
            remedy = "Save it as an 8-bit RGB picture without transparency if that isn’t what you want."
            yield Problem(file, False, note, remedy, "converted", noted.pair.name)


def _numbers(found: Iterable[PairNotes]) -> Iterator[Problem]:
    """Numbers of label maps that were not among those looked at; each only once, with the first file."""
    concerned: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for noted in found:
        for file, note in noted.numbers:
            concerned[note].append((file, noted.pair.name))
    for note, files in concerned.items():
        first, name = files[0]
        more = f" So it is in {len(files) - 1} more." if len(files) > 1 else ""
        remedy = (
            "Give a palette that has them with --palette, a .gpl file whose first colour is for number 0; "
            "or remove it."
        )
        names = tuple(pair for _, pair in files)
        yield Problem(first, False, f"{note}{more}", remedy, "numbers", name, names if more else ())


def _mixed_modes(found: Sequence[PairNotes]) -> Iterator[Problem]:
    """Few grey pictures among coloured ones, or the reverse."""
    sides = (
        ([(noted, noted.b_grey, noted.pair.b.file) for noted in found if noted.b]),
        ([(noted, noted.a_grey, noted.pair.a.file) for noted in found if noted.a]),
    )
    for side in sides:
        grey = sum(is_grey for _, is_grey, _ in side)
        if not grey or grey == len(side) or 4 * min(grey, len(side) - grey) > len(side):
            continue
        rare = 2 * grey < len(side)
        for noted, is_grey, file in side:
            if is_grey == rare:
                text = "is grey, the others are in colour." if rare else "is in colour, the others are grey."
                yield Problem(
                    file, False, text, "Remove it, or bring all to one.", "mixed modes", noted.pair.name
                )


def _mismatched(found: Sequence[PairNotes], common: Correspondence | None) -> Iterator[Problem]:
    judged = [noted for noted in found if noted.judgement is not None]
    if common is None or not judged:
        return
    changed: dict[str, PairNotes] = {}
    places = common.swapped([noted.judgement for noted in judged if noted.judgement])
    for one, other in places:
        changed[judged[one].pair.name] = judged[other]
        changed[judged[other].pair.name] = judged[one]
    for noted in judged:
        pair, judgement = noted.pair, noted.judgement
        assert judgement is not None
        if pair.name in changed:
            text = f"seems to have changed partners with “{changed[pair.name].pair.a.file.name}”."
            yield Problem(pair.a.file, False, text, "Swap the two files’ names.", "mis-paired", pair.name)
        elif judgement.verdict == "mirrored":
            text = "seems to be mirrored: it fits its partner’s mirror image better."
            yield Problem(pair.a.file, False, text, "Mirror one of the two.", "mirrored", pair.name)
        elif judgement.verdict == "foreign":
            text = "doesn’t seem to belong to its partner: they have little in common."
            yield Problem(pair.a.file, False, text, "Look at the two together.", "mis-paired", pair.name)


def _reversed(found: Iterable[PairNotes]) -> Iterator[Problem]:
    """Pairs whose drawing lies where others have the photo: both sides would be learnt the wrong way."""
    both = [noted for noted in found if noted.a is not None and noted.b is not None]
    usual = float(np.median([noted.quieter for noted in both])) if both else 0.0
    if len(both) < correspondence.FEWEST or abs(usual) < _DRAWN:
        return
    for noted in both:
        if noted.quieter * np.sign(usual) < -abs(usual) / 2:
            text = (
                "seems to have its two sides the other way round than most: input and photo changed places."
            )
            file, name = noted.pair.a.file, noted.pair.name
            yield Problem(file, False, text, "Swap the two.", "mis-paired", name)


def _labels(found: Iterable[PairNotes]) -> Iterator[Problem]:
    for noted in found:
        pair, faults = noted.pair, noted.faults
        if faults is None:
            continue
        if faults.stray >= _STRAY and faults.stray_colour:
            text = f"has {faults.stray:.1%} in colours that are no label’s, such as {faults.stray_colour}."
            remedy = "Repaint it in a label’s colour, or add the label to the palette."
            yield Problem(pair.a.file, False, text, remedy, "off palette", pair.name)
        if faults.soft >= _SOFT:
            text = f"has soft edges between labels: {faults.soft:.0%} of its pixels are mixtures."
            remedy = "They become the nearest label; save label maps as PNG, scaled by nearest neighbour."
            yield Problem(pair.a.file, False, text, remedy, "soft edges", pair.name)


def _outliers(found: Sequence[PairNotes]) -> Iterator[Problem]:
    """Product photos that are unlike the others. Says nothing where most aren't on a plain background."""
    scenes = [noted for noted in found if noted.scene is not None]
    plain = [noted for noted in scenes if noted.scene and noted.scene.background is not None]
    if len(scenes) < 8 or 5 * len(plain) < 4 * len(scenes):
        return
    middle = np.median([noted.scene.background for noted in plain if noted.scene], axis=0)
    odd = outlines.odd_outlines([noted.outline for noted in scenes])
    for noted, (cut, in_pieces) in zip(scenes, odd, strict=True):
        there, pair = noted.scene, noted.pair
        assert there is not None
        reasons = []
        if there.background is None or float(np.abs(np.array(there.background) - middle).max()) > 30:
            reasons.append("has another background than most")
        if there.framed:
            reasons.append("is a photo with a background of its own, laid on a plain one")
        if there.words:
            reasons.append("has lettering beside the object")
        if there.second >= outliers.SECOND:
            reasons.append("shows a second object or view")
        elif in_pieces and not there.words:
            reasons.append("shows an object in pieces, or marks beside it")
        if cut and not there.framed:
            reasons.append("shows an object cut off by a straight edge")
        if reasons:
            text = f"{' and '.join(reasons)}."
            yield Problem(pair.b.file, False, text, "Crop or remove it.", "outlier", pair.name)


def _said_once(problems: Sequence[Problem], pairs_in_all: int) -> list[Problem]:
    """What most files have, in one line; everything else as it is."""
    by_kind: dict[Kind, list[Problem]] = defaultdict(list)
    for problem in problems:
        by_kind[problem.kind].append(problem)
    answer: list[Problem] = []
    for kind, all_of_it in by_kind.items():
        files = len({problem.file for problem in all_of_it})
        if kind not in _SAID_ONCE or 2 * files <= pairs_in_all or files < 6:
            answer += all_of_it
            continue
        first = all_of_it[0]
        named = first.file.name if first.file else ""
        text = f"{files} files have the same problem; the first, “{named}”, {first.text}"
        if first.text[:1].isupper():
            text = f"{files} files have the same problem; the first is “{named}”. {first.text}"
        concerned = tuple(problem.pair for problem in all_of_it if problem.pair)
        answer.append(Problem(None, False, text, first.remedy, kind, pairs=concerned))
    return answer
