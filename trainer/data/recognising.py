"""From the files of a folder to its pairs: how they are paired, which side is the input, what that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.errors import PictureError
from trainer.data import classes, direction, inputs, instances, panels
from trainer.data.dataset import DataSet, Layout, Pair, Problem
from trainer.data.inputs import DataOptions
from trainer.data.instances import InstanceMasks
from trainer.files import layouts, pairing
from trainer.files.families import Side
from trainer.files.layouts import PictureFile
from trainer.files.pairing import Chosen
from trainer.pictures import depths, recognition
from trainer.pictures.sources import Source, read

HOW = "Say which with --pair, in the window under Details › Pairs"

_LISTED = 4
"""So many patterns are listed in a sentence."""

_FEWEST = 0.5
"""Share of the files that names must explain, where only the pictures say that these are pairs."""

_MANY_ALONE = 8, 0.1
"""So many files without a partner, or such a share, are told in one line."""

_SOME_FLAT = 0.2, 0.8
"""Shares of flat pictures among others between which they may be one half of pairs."""


def recognise_pairs(
    folder: Path, found: list[PictureFile], stills: list[PictureFile], options: DataOptions
) -> tuple[DataSet, list[Path]]:
    """The data set, and those of the ``stills``, GIF files, that are not part of it.

    Raises:
        PictureError: there is no such pattern as was asked for, or the palette doesn't fit.
    """
    if options.pattern and options.pattern != panels.ALONE and options.pattern not in panels.PATTERNS:
        asked = pairing.asked([*found, *stills], options.pattern)
        if asked is None:
            known = pairing.chosen([*found, *stills])
            could = _listed(known.patterns if known else list(panels.PATTERNS))
            raise PictureError(
                f"There are no pairs “{options.pattern}” in “{folder.name}”; could be: {could}."
            )
        return _of_chosen(folder, asked, options), _unused(stills, asked)
    masked = None if options.pattern else instances.find_instance_masks([*found, *stills])
    if masked is not None:
        return _from_instance_masks(folder, masked, options), []
    chosen = None if options.pattern else pairing.chosen(found)
    if stills and not options.pattern:
        both = pairing.chosen([*found, *stills])
        if both is not None and (chosen is None or len(both.matches) > len(chosen.matches)):
            chosen = both
    if chosen is not None and chosen.sure:
        return _of_chosen(folder, chosen, options), _unused(stills, chosen)
    unused = [still.file for still in stills]
    sources = [Source(entry.file) for entry in found]
    parts = (
        panels.Panels("") if options.pattern == panels.ALONE else panels.find_panels(sources, options.pattern)
    )
    if parts.pattern:
        return _of_panels(folder, found, parts, options), unused
    if chosen is not None and _FEWEST * len(found) <= _files_explained(chosen) and _belong(chosen):
        return _of_chosen(folder, chosen, options), _unused(stills, chosen)
    roles = sorted({entry.role for entry in found})
    if len(roles) == 2 and options.pattern != panels.ALONE:
        text = f"The folders “{roles[0] or '.'}” and “{roles[1] or '.'}” have hardly a file name in common."
        remedy = "Give the two pictures of a pair the same name, or put photos into one folder."
        one, other = ({entry.split for entry in found if entry.role == role} for role in roles)
        if "" not in one | other and not one & other:
            splits = f"{_listed(sorted(one))} and {_listed(sorted(other))}"
            text = f"{text[:-1]} within one split: they are of {splits}."
            remedy = "Put the two pictures of a pair into folders of the same split."
        if chosen is not None:
            text = f"{text[:-1]}; they could be pairs by a part of their names."
            remedy = f"{HOW}: {_listed([*chosen.patterns, panels.ALONE])}."
        problem = Problem(None, True, text, remedy, "no pairs")
        patterns = (*chosen.patterns, panels.ALONE) if chosen is not None else (panels.ALONE,)
        data = DataSet(folder, "two folders", options.task or "image", problems=(problem,), patterns=patterns)
        return data, unused
    sure = None if chosen is None or chosen.is_faint else chosen
    return _photos(folder, found, options, sure, parts.suspicion), unused


def partnerless(file: Path) -> Problem:
    """The problem of a file that is half a pair."""
    remedy = "Add the other picture of the pair, or remove this one."
    return Problem(file, True, "has no partner.", remedy, "unmatched")


# --- pairs of files --------------------------------------------------------------------------------


def _of_chosen(folder: Path, chosen: Chosen, options: DataOptions) -> DataSet:
    layout: Layout = "two folders" if chosen.one.folder != chosen.other.folder else "suffixes"
    sides = _sides_in_words(chosen)
    patterns = (*chosen.patterns, panels.ALONE)
    several = None if options.pattern else classes.several(chosen)
    if several is not None:
        given = replace(options, palette=options.palette or several.palette)
        names = f"“{several.name}”", sides[several.photo]
        problems = _unused_masks(several, [chosen.one, chosen.other, *chosen.others])
        data = inputs.directed(folder, layout, several.pairs, problems, names, given)
        labels = ", ".join(label.name for label in several.palette.labels)
        said = f"Each label has masks of its own; they are put together: {labels}."
        return replace(data, patterns=patterns, notes=(*data.notes, said))
    candidates = [
        Pair(match.name, Source(match.one), Source(match.other), split=match.split)
        for match in chosen.matches
    ]
    problems = _alone(chosen) + _left_out(chosen, options)
    data = inputs.directed(folder, layout, candidates, problems, sides, options)
    notes = list(data.notes)
    if not options.pattern and _needs_explaining(chosen):
        first = chosen.matches[0]
        notes.append(f"Pairs are told by names: “{first.one.name}” with “{first.other.name}”.")
    return replace(data, pattern=chosen.pattern, patterns=patterns, notes=tuple(notes))


def _from_instance_masks(folder: Path, masked: InstanceMasks, options: DataOptions) -> DataSet:
    """A data set of photos with a mask for each object in them."""
    problems = [partnerless(entry.file) for entry in masked.alone]
    if len(masked.alone) > max(_MANY_ALONE[0], _MANY_ALONE[1] * len(masked.pairs)):
        text = f"{len(masked.alone)} files belong to no photo with masks and are passed over."
        remedy = f"The first is “{masked.alone[0].file.name}”; add its photo, or its masks."
        problems = [Problem(None, False, text, remedy, "left out")]
    given = replace(options, palette=options.palette or masked.palette)
    layout: Layout = "suffixes" if masked.photos == masked.masks else "two folders"
    sides = f"“{masked.masks}”", f"“{masked.photos}”"
    data = inputs.directed(folder, layout, masked.pairs, problems, sides, given)
    said = (
        f"Each photo has a mask for every object in it, as “{masked.example[0]}” has “{masked.example[1]}”; "
        f"they are put together as one label, “{masked.palette.labels[1].name}”."
    )
    return replace(data, patterns=(panels.ALONE,), notes=(*data.notes, said))


def _needs_explaining(chosen: Chosen) -> bool:
    """Whether pairing needs a word: it isn't plain that names are equal, or end in _A and _B."""
    first = chosen.matches[0]
    endings = {chosen.one.ending.strip("_-").lower(), chosen.other.ending.strip("_-").lower()}
    return first.one.stem != first.other.stem and endings != {"a", "b"}


def _sides_in_words(chosen: Chosen) -> tuple[str, str]:
    if chosen.one.folder != chosen.other.folder:
        names = chosen.one.folder or ".", chosen.other.folder or "."
        if chosen.one.alone_here and chosen.other.alone_here:
            return f"“{names[0]}”", f"“{names[1]}”"
        return f"“{chosen.one.name}”", f"“{chosen.other.name}”"
    endings = chosen.one.ending, chosen.other.ending
    if {ending[1:].lower() for ending in endings} == {"a", "b"}:
        return f"_{endings[0][1:]}", f"_{endings[1][1:]}"
    return f"“{chosen.one.name}”", f"“{chosen.other.name}”"


def _alone(chosen: Chosen) -> list[Problem]:
    """Each file without a partner; but where a side simply holds more than the other, that in one line."""
    problems: list[Problem] = []
    if chosen.more:
        text = f"{_so_many(len(chosen.more))} no part of a pair and passed over."
        remedy = (
            f"The first is “{chosen.more[0].name}”; give it a partner of the same name if it should have one."
        )
        problems.append(Problem(None, False, text, remedy, "left out"))
    for side in (chosen.one, chosen.other):
        files = {entry.file for entry in (*side.files.values(), *side.spare)}
        missing = [file for file in chosen.alone if file in files]
        if not pairing.is_larger(side, missing):
            problems += map(partnerless, missing)
            continue
        text = f"{len(missing)} files of “{side.name}” have no partner and are passed over."
        remedy = (
            f"The first is “{missing[0].name}”; give it a partner of the same name if it should have one."
        )
        problems.append(Problem(None, False, text, remedy, "left out"))
    return sorted(problems, key=lambda problem: str(problem.file or ""))


def _files_explained(chosen: Chosen) -> int:
    """How many files names explain: pairs, and masks of several labels for one photo."""
    several = classes.several(chosen)
    pairs = () if several is None else several.pairs
    return max(2 * len(chosen.matches), sum(1 + len(pair.a.files) for pair in pairs))


def _unused_masks(several: classes.Several, sides: Sequence[Side]) -> list[Problem]:
    """A word on the files that are no part of what was put together."""
    used = {file for pair in several.pairs for file in (*pair.a.files, pair.b.file)}
    files = {entry.file for side in sides for entry in (*side.files.values(), *side.spare)}
    if not files - used:
        return []
    text = f"{_so_many(len(files - used))} neither photos with masks nor masks, and passed over."
    return [Problem(None, False, text, f"The first is “{min(files - used).name}”.", "left out")]


def _left_out(chosen: Chosen, options: DataOptions) -> list[Problem]:
    """A word on every side that is no part of the pairs."""
    if not chosen.others or options.pattern:
        return []
    files = sum(len(side.files) + len(side.spare) for side in chosen.others)
    names = [f"“{side.name or '.'}”" for side in chosen.others]
    text = f"{_listed(names)} with {files} files {'is' if len(names) == 1 else 'are'} left out."
    if len(chosen.patterns) > 1:
        text = f"Pairs could be made in several ways; “{chosen.pattern}” was taken, and {text}"
    remedy = (
        f"{HOW}: {_listed(chosen.patterns)}." if len(chosen.patterns) > 1 else f"{HOW}, if they belong to it."
    )
    return [Problem(None, False, text, remedy, "left out")]


def _belong(chosen: Chosen) -> bool:
    """Whether the pictures themselves say that these are pairs: one side is drawn, or their edges agree."""
    sides = [(Source(match.one), Source(match.other)) for match in chosen.matches]
    flat = [direction.share([both[index] for both in sides], recognition.is_flat) for index in (0, 1)]
    return (max(flat) >= 0.8 and min(flat) <= 0.2) or _are_aligned(sides)


def _are_aligned(sides: Sequence[tuple[Source, Source]]) -> bool:
    """Whether most have their edges in the same places, and are not simply the same picture twice."""
    votes = []
    for one, other in layouts.spread(sides, direction.LOOKED_AT):
        try:
            first, second = read(one), read(other)
        except PictureError:
            continue
        same = first.shape == second.shape and float(np.abs(first.astype(np.int16) - second).mean()) < 4
        votes.append(not same and recognition.is_aligned(first, second))
    return bool(votes) and 5 * sum(votes) >= 3 * len(votes)


# --- several pictures in a file, and single ones -----------------------------------------------------

_PARTS = {
    "left": "left half",
    "right": "right half",
    "top": "upper half",
    "bottom": "lower half",
    "first": "first third",
    "second": "second third",
    "third": "third third",
}


def _of_panels(folder: Path, found: list[PictureFile], parts: panels.Panels, options: DataOptions) -> DataSet:
    one, other = panels.PATTERNS[parts.pattern]
    layout: Layout = {"left": "side by side", "top": "stacked"}.get(one, "panels")  # type: ignore[assignment]
    candidates = [
        Pair(
            name,
            Source(entry.file, one, gutter=parts.gutter),
            Source(entry.file, other, gutter=parts.gutter),
            split=entry.split,
            ending=ending,
        )
        for entry, name, ending in _named(found)
    ]
    problems = []
    thirds = tuple(pattern for pattern in panels.PATTERNS if pattern.endswith(("second", "third")))
    if layout == "panels" and not options.pattern:
        text = f"The files hold three pictures each; the {_PARTS[one]} and the {_PARTS[other]} were taken."
        problems.append(Problem(None, False, text, f"{HOW}: {_listed(thirds)}.", "pairing"))
    data = inputs.directed(folder, layout, candidates, problems, (_PARTS[one], _PARTS[other]), options)
    notes = data.notes
    if parts.gutter:
        notes = (*notes, f"Between the pictures of a file {parts.gutter} pixels are left out.")
    patterns = (*(thirds if layout == "panels" else (parts.pattern,)), panels.ALONE)
    return replace(data, pattern=parts.pattern, patterns=patterns, notes=notes)


def _photos(
    folder: Path, found: list[PictureFile], options: DataOptions, chosen: Chosen | None, suspicion: str
) -> DataSet:
    task = options.task or "hints"
    patterns = [*(chosen.patterns if chosen is not None else ()), *([suspicion] if suspicion else ())]
    offered = (
        f"{HOW}: {_listed(patterns)}."
        if patterns
        else ("Give both pictures of a pair one name in two folders, or names such as x.jpg and x_mask.png.")
    )
    if task == "labels" or task == "image":
        text = f"The task “{task}” needs pairs, and these are single pictures."
        other = "Or choose the task lines, hints, grey or small."
        problem = Problem(None, True, text, f"{offered} {other}", "no pairs")
        return DataSet(folder, "photos", task, problems=(problem,), patterns=tuple(patterns))
    pairs = tuple(
        Pair(name, Source(entry.file, derived=task), Source(entry.file), split=entry.split, ending=ending)
        for entry, name, ending in _named(found)
    )
    problems: list[Problem] = []
    if options.pattern != panels.ALONE:
        problems = _suspicions(found, chosen, suspicion, offered)
    levels = depths.common([pair.b for pair in pairs])
    if levels is not None:
        pairs = tuple(
            replace(pair, a=replace(pair.a, levels=levels), b=replace(pair.b, levels=levels))
            for pair in pairs
        )
    return DataSet(
        folder,
        "photos",
        task,
        pairs,
        tuple(problems),
        direction=f"{task} made from the photo → photo",
        pattern=panels.ALONE,
        patterns=(*patterns, panels.ALONE) if patterns else (),
        levels=levels,
        notes=inputs.levels_in_words(levels),
    )


def _suspicions(
    found: list[PictureFile], chosen: Chosen | None, suspicion: str, offered: str
) -> list[Problem]:
    """What speaks against these being photos without partners."""
    alone = "They are taken for photos alone, and drawings are made from them."
    remedy = f"{offered} {_SURE}"
    if chosen is not None:
        first = chosen.matches[0]
        text = (
            f"{2 * len(chosen.matches)} files share a part of their names, such as “{first.one.name}” and "
            f"“{first.other.name}”. {alone}"
        )
        return [Problem(None, False, text, remedy, "pairing")]
    if suspicion:
        shape = {"left+right": "twice as wide as high", "first+third": "three times as wide as high"}.get(
            suspicion, "twice as high as wide"
        )
        text = f"The pictures are {shape}, as files with several pictures in them are. {alone}"
        return [Problem(None, False, text, remedy, "pairing")]
    flat = seen = 0
    for entry in layouts.spread(found, direction.LOOKED_AT):
        try:
            flat += recognition.is_flat(read(Source(entry.file)))
            seen += 1
        except PictureError:
            continue
    if not seen or flat < _SOME_FLAT[0] * seen:
        return []
    some = "Some" if flat <= _SOME_FLAT[1] * seen else "All"
    text = f"{some} of the pictures are of even colours, as label maps and drawings are. {alone}"
    return [Problem(None, False, text, remedy, "pairing")]


_SURE = "If they are single photos, --pair alone says so."


def _unused(stills: list[PictureFile], chosen: Chosen) -> list[Path]:
    used = {file for match in chosen.matches for file in (match.one, match.other)}
    used |= {entry.file for side in chosen.others for entry in side.files.values()}  # of these it is told
    return [still.file for still in stills if still.file not in used]


def _so_many(count: int) -> str:
    return "One file is" if count == 1 else f"{count} files are"


def _listed(names: Sequence[str]) -> str:
    some = list(dict.fromkeys(names))
    more = f" and {len(some) - _LISTED} more" if len(some) > _LISTED + 1 else ""
    return ", ".join(some[:_LISTED] if more else some) + more


def _named(found: Sequence[PictureFile]) -> Iterator[tuple[PictureFile, str, str]]:
    """Each file, a name that is unique also where files lie in several folders or differ in their endings
    alone, and the ending that the name then has."""
    names = ["/".join(part for part in (entry.split, entry.role, entry.key) if part) for entry in found]
    often = Counter(names)
    for entry, name in zip(found, names, strict=True):
        ending = entry.file.suffix if often[name] > 1 else ""
        yield entry, f"{name}{ending}", ending
