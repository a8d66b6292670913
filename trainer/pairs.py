"""What a data set is: which files make pairs, which side is the input, and what is wrong with them.

    side by side    one file a pair, input and photo next to each other
    two folders     equal names in two folders, whatever these are called
    suffixes        …_A and …_B
    photos          photos alone; the input is made from them (``trainer.sketch``, grey, reduced)
    kept            the trainer's own folder (``trainer.kept``), kept from the canvas or mended

A is always the input, B the photo. Which is which is seen from the pictures: the drawn one is A.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from engine.card import InputKind
from engine.errors import PictureError
from engine.palette import Palette
from trainer import direction, kept, layouts, recognition, sketch, sources
from trainer.sources import Derived, Pixels, Source

Layout = Literal["side by side", "two folders", "suffixes", "photos", "kept"]

Task = Literal["labels", "lines", "hints", "grey", "small", "image"]
"""What the input is: a label map; drawn lines; lines with colour hints; the photo without its colours or
reduced; any other picture."""

TASKS: tuple[Task, ...] = get_args(Task)


@dataclass(frozen=True)
class Pair:
    """One example: paint ``a`` (over ``hints``, where these were drawn too) and get ``b``."""

    name: str
    a: Source
    b: Source
    hints: Source | None = None
    split: str = ""
    """“train”, “val”, “test”, or nothing where the folders don't say."""


Kind = Literal[
    "unmatched",
    "unreadable",
    "no pairs",
    "direction",
    "palette",
    "foreign format",
    "odd size",
    "tiny",
    "duplicate",
    "mirrored",
    "mis-paired",
    "soft edges",
    "off palette",
    "mixed modes",
    "converted",
    "outlier",
]
"""What sort of problem it is. “converted” are 16 bits a channel, transparency, foreign colour spaces."""


@dataclass(frozen=True)
class Problem:
    """Something wrong with a data set. ``severe`` ones are errors and stop a training."""

    file: Path | None
    severe: bool
    text: str
    remedy: str
    kind: Kind
    pair: str = ""
    """Name of the pair that it is about, if it is about one …"""
    pairs: tuple[str, ...] = ()
    """… and of all of them, where one line is said for many."""

    def __str__(self) -> str:
        if self.file is None:
            return f"{self.text} {self.remedy}"
        # Splits and sides often have files of one name, so the folder is said too.
        separator = ":" if self.text[:1].isupper() else ""
        return f"“{self.file.parent.name}/{self.file.name}”{separator} {self.text} {self.remedy}"


@dataclass(frozen=True)
class DataSet:
    """A folder's pairs, and what was seen while looking for them (``trainer.check`` looks closer)."""

    folder: Path
    layout: Layout
    task: Task
    pairs: tuple[Pair, ...] = ()
    problems: tuple[Problem, ...] = ()
    palette: Palette | None = None
    direction: str = ""
    """For people: “right half → left half”."""

    @property
    def input(self) -> InputKind:
        """The kind of picture that a model trained on this wants painted."""
        return {"labels": "labels", "lines": "sketch", "hints": "sketch"}.get(self.task, "image")  # type: ignore[return-value]

    @property
    def summary(self) -> str:
        """In one line, what was recognised."""
        labels = self.palette.labels if self.palette is not None else ()
        names = f" ({', '.join(label.name for label in labels)})" if labels else ""
        way = self.direction or "nothing"
        return f"{self.layout}: {way}; pairs: {len(self.pairs)}; task {self.task}{names}"

    def of_split(self, *splits: str) -> DataSet:
        """The same with the pairs of these splits alone."""
        return replace(self, pairs=tuple(pair for pair in self.pairs if pair.split in splits))


def find(
    folder: Path, *, task: str | None = None, swap: bool = False, palette: Palette | None = None
) -> DataSet:
    """Recognise a folder's layout, direction and task. Looks at some of the pictures only.

    Args:
        task: one of ``TASKS``; by itself: for photos “hints”, for pairs what the inputs look like. The
            tasks “lines”, “hints”, “grey” and “small” on pairs whose inputs are no line drawings make
            the input from the photo.
        swap: take the other side for the input than the pictures suggest.
        palette: of label maps; by itself the one found in them.

    Raises:
        PictureError: the folder is missing or damaged, or there is no such task.
    """
    folder = Path(folder)
    if task is not None and task not in TASKS:
        raise PictureError(f"There is no task “{task}”; choose one of {', '.join(TASKS)}.")
    if not folder.is_dir():
        reason = "is a file" if folder.exists() else "does not exist"
        raise PictureError(f"“{folder}” {reason}; choose a folder of pictures.")
    wish = _Wish(task, swap, palette)
    found, foreign = layouts.gathered(folder)
    if kept.is_kept(folder):
        data = _kept(folder, wish)
    elif found:
        data = _recognised(folder, found, wish)
    else:
        data = DataSet(folder, "photos", wish.task or "hints")
    problems = list(data.problems)
    for file in foreign:
        problems.append(
            Problem(file, False, f"{file.suffix} files are passed over.", "Save it as PNG.", "foreign format")
        )
    if not data.pairs and not any(problem.severe for problem in problems):
        remedy = "Choose a folder of pairs or photos: PNG, JPEG, WebP, TIFF or BMP."
        problems.append(Problem(None, True, f"There are no pictures in “{folder.name}”.", remedy, "no pairs"))
    return replace(data, problems=tuple(problems))


def load(pair: Pair) -> tuple[Pixels, Pixels]:
    """Both sides of a pair, each uint8 (H, W, 3), in full and without any chance in it.

    An input made from the photo is of the photo's size; drawn hints lie under the drawn lines.

    Raises:
        PictureError: a file can't be read.
    """
    a = sources.load(pair.a)
    if pair.hints is not None:
        a = sketch.over(a[..., 0], sources.read_hints(pair.hints))
    return a, sources.read(pair.b)


def digest(data: DataSet) -> str:
    """A hash of the list of pairs: names, which file is which side, the files' sizes; not their content.

    Raises:
        PictureError: a file is gone.
    """
    total = hashlib.sha256(data.task.encode())
    for pair in data.pairs:
        total.update(f"\n{pair.name}\t{pair.split}".encode())
        for source in (pair.a, pair.b, pair.hints):
            if source is None:
                continue
            try:
                size = source.file.stat().st_size
            except OSError as error:
                raise PictureError(
                    f"“{source.file}” is gone; put it back or choose the data anew."
                ) from error
            place = source.file.relative_to(data.folder).as_posix()
            total.update(f"\t{place}\t{size}\t{source.half}\t{source.derived}".encode())
    return total.hexdigest()


# --- recognising ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wish:
    """What was asked for; what wasn't is found out."""

    task: Task | None
    swap: bool
    palette: Palette | None


def _recognised(folder: Path, found: list[layouts.Found], wish: _Wish) -> DataSet:
    folders = layouts.by_folders(found)
    if folders is not None:
        matches, alone, (one, other) = folders
        return _of_matches(folder, "two folders", matches, alone, (f"“{one}”", f"“{other}”"), wish)
    suffixed = layouts.by_suffixes(found)
    if suffixed is not None:
        return _of_matches(folder, "suffixes", *suffixed, ("_A", "_B"), wish)
    if direction.most([Source(entry.file) for entry in found], recognition.is_side_by_side):
        candidates = [
            Pair(_name(entry), Source(entry.file, "left"), Source(entry.file, "right"), split=entry.split)
            for entry in found
        ]
        return _directed(folder, "side by side", candidates, [], ("left half", "right half"), wish)
    roles = sorted({entry.role for entry in found})
    if len(roles) == 2:
        text = f"The folders “{roles[0] or '.'}” and “{roles[1] or '.'}” have hardly a file name in common."
        remedy = "Give the two pictures of a pair the same name, or put photos into one folder."
        problem = Problem(None, True, text, remedy, "no pairs")
        return DataSet(folder, "two folders", wish.task or "image", problems=(problem,))
    return _photos(folder, found, wish.task or "hints")


def _photos(folder: Path, found: list[layouts.Found], task: Task) -> DataSet:
    if task == "labels" or task == "image":
        text = f"The task “{task}” needs pairs, and these are single pictures."
        remedy = "Add the pictures that belong to them, or choose lines, hints, grey or small."
        return DataSet(folder, "photos", task, problems=(Problem(None, True, text, remedy, "no pairs"),))
    pairs = tuple(
        Pair(_name(entry), Source(entry.file, derived=task), Source(entry.file), split=entry.split)
        for entry in found
    )
    return DataSet(folder, "photos", task, pairs, direction=f"{task} made from the photo → photo")


def _of_matches(
    folder: Path,
    layout: Layout,
    matches: list[layouts.Match],
    alone: list[Path],
    sides: tuple[str, str],
    wish: _Wish,
) -> DataSet:
    candidates = [
        Pair(match.name, Source(match.one), Source(match.other), split=match.split) for match in matches
    ]
    return _directed(folder, layout, candidates, [_partnerless(file) for file in alone], sides, wish)


def _directed(
    folder: Path,
    layout: Layout,
    candidates: list[Pair],
    problems: list[Problem],
    sides: tuple[str, str],
    wish: _Wish,
) -> DataSet:
    """The data set with the drawn side as A; the first side where that can't be told."""
    drawn = direction.first_is_drawn([(pair.a, pair.b) for pair in candidates])
    if drawn is None:
        text = f"The pictures don't show which side is the input; the {sides[0]} was taken."
        remedy = "Swap the sides if it is the other one."
        problems.append(Problem(None, False, text, remedy, "direction"))
    if (drawn is False) != wish.swap:
        candidates = [replace(pair, a=pair.b, b=pair.a) for pair in candidates]
        sides = (sides[1], sides[0])
    looks_like, palette = direction.looks_like([pair.a for pair in candidates])
    palette = wish.palette or palette
    task: Task = wish.task or looks_like
    if task in ("grey", "small") or (task in ("lines", "hints") and looks_like != "lines"):
        made: Derived = task
        candidates = [replace(pair, a=replace(pair.b, derived=made)) for pair in candidates]
        sides = (f"{made} made from the {sides[1]}", sides[1])
    if task == "labels" and palette is None:
        text = "The inputs have no clear palette of flat colours, so they can't be labels."
        remedy = "Choose the task image, give a palette, or save label maps as PNG without smoothing."
        problems.append(Problem(None, True, text, remedy, "palette"))
    return DataSet(
        folder,
        layout,
        task,
        tuple(candidates),
        tuple(problems),
        palette if task == "labels" else None,
        f"{sides[0]} → {sides[1]}",
    )


def _kept(folder: Path, wish: _Wish) -> DataSet:
    stated, palette = kept.read_manifest(folder)
    if stated not in TASKS:
        raise PictureError(
            f"“{folder / kept.MANIFEST}” names a task that is unknown here; update the program."
        )
    task: Task = wish.task or stated
    found, _ = layouts.gathered(folder)
    by_role: dict[str, dict[tuple[str, str], Path]] = {kept.INPUT: {}, kept.PHOTO: {}, kept.HINTS: {}}
    for entry in found:
        if entry.role in by_role:
            by_role[entry.role][entry.split, entry.key] = entry.file
    inputs, photos, hints = by_role[kept.INPUT], by_role[kept.PHOTO], by_role[kept.HINTS]
    if task in ("lines", "hints", "grey", "small") and (
        not inputs or not {task, stated} <= {"lines", "hints"}
    ):
        made: Derived = task
        pairs = tuple(
            Pair("/".join(filter(None, key)), Source(photo, derived=made), Source(photo), split=key[0])
            for key, photo in sorted(photos.items())
        )
        return DataSet(folder, "kept", task, pairs, direction=f"{task} made from the photo → photo")
    if task != stated and not {task, stated} <= {"lines", "hints"}:
        raise PictureError(
            f"The pairs in “{folder.name}” are for “{stated}”; choose that, or lines, hints, grey or small."
        )
    pairs = tuple(
        Pair(
            "/".join(filter(None, key)),
            Source(inputs[key]),
            Source(photo),
            Source(hints[key]) if key in hints and task == "hints" else None,
            key[0],
        )
        for key, photo in sorted(photos.items())
        if key in inputs
    )
    alone = sorted(file for key, file in (inputs | photos).items() if (key in inputs) != (key in photos))
    return DataSet(
        folder,
        "kept",
        task,
        pairs,
        tuple(map(_partnerless, alone)),
        (wish.palette or palette) if task == "labels" else None,
        f"“{kept.INPUT}” → “{kept.PHOTO}”",
    )


def _partnerless(file: Path) -> Problem:
    remedy = "Add the other picture of the pair, or remove this one."
    return Problem(file, True, "has no partner.", remedy, "unmatched")


def _name(entry: layouts.Found) -> str:
    """Unique also where the files lie in several folders, or differ in their endings alone."""
    return "/".join(part for part in (entry.split, entry.role, entry.key) if part)
