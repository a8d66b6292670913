"""What a data set is: which files make pairs, which side is the input, and what is wrong with them.

    side by side    one file a pair, input and photo next to each other; stacked, one above the other;
                    panels, two of three in a row
    two folders     equal names in two folders, or trees of them, whatever these are called
    suffixes        …_A and …_B, x and x_mask, x.jpg and x.png
    photos          photos alone; the input is made from them (``trainer.pictures.sketch``, grey, reduced)
    kept            the trainer's own folder (``trainer.files.pair_store``), kept from the canvas or mended

A is always the input, B the photo. Which is which is seen from the pictures: the drawn one is A.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from engine.data.palette import Colour, Palette
from engine.data.task import TASKS, Task
from engine.errors import PictureError
from engine.files.writing import shown
from trainer.data import panels, recognising
from trainer.data.dataset import DataSet, Kind, Layout, Pair, Problem
from trainer.data.inputs import DataOptions
from trainer.data.recognising import partnerless
from trainer.files import layouts, pair_store, zipped
from trainer.pictures import sketch, sources
from trainer.pictures.sources import Derived, Pixels, Source

__all__ = ["TASKS", "DataSet", "Kind", "Layout", "Pair", "Problem", "Task", "digest", "find", "load"]


@sources.kept()
def find(
    folder: Path,
    *,
    task: str | None = None,
    swap: bool = False,
    palette: Palette | None = None,
    pattern: str = "",
    ignore: Sequence[Colour] | None = None,
) -> DataSet:
    """Recognise a folder's layout, direction and task. Looks at some of the pictures only.

    Args:
        folder: or a zip file of one, which is read as it is.
        task: one of ``TASKS``; by itself: for photos “hints”, for pairs what the inputs look like. The
            tasks “lines”, “hints”, “grey” and “small” on pairs whose inputs are no line drawings make
            the input from the photo.
        swap: take the other side for the input than the pictures suggest.
        palette: of label maps; by itself the one found in them.
        pattern: how the files make pairs, where that can't be seen: two folders or patterns, “photos+masks”
            or “*+*_mask”; parts of a file, “left+right”, “top+bottom”, “first+third” and so on; “alone” for
            photos without partners.
        ignore: colours of label maps that mean no label, and no others: left out of losses and scores; by
            itself those that a given palette lacks, and borders between them as in Pascal VOC.

    Raises:
        PictureError: the folder is missing or damaged, or there is no such task or pattern.
    """
    folder = Path(folder)
    if task is not None and task not in TASKS:
        raise PictureError(f"There is no task “{task}”; choose one of {', '.join(TASKS)}.")
    if not os.path.isdir(folder) and not zipped.is_packed(folder):
        reason = "is a file" if os.path.exists(folder) else "does not exist"
        raise PictureError(f"“{folder}” {reason}; choose a folder of pictures, or a zip file of one.")
    options = DataOptions(task, swap, palette, pattern, None if ignore is None else tuple(ignore))
    unread: list[OSError] = []
    found, stills, foreign = layouts.gathered(folder, unread)
    if zipped.is_file(zipped.root(folder) / pair_store.MANIFEST):
        data = _kept(folder, found, options)
    elif found:
        if not pattern and zipped.is_file(zipped.root(folder) / layouts.PREPARED):
            options = replace(options, pattern=panels.ALONE)
        data, unused = recognising.recognise_pairs(folder, found, stills, options)
        foreign = sorted([*foreign, *unused])
    else:
        data = DataSet(folder, "photos", options.task or "hints")
        foreign = sorted([*foreign, *(still.file for still in stills)])
    problems = list(data.problems)
    for file in foreign:
        remedy = "Unpack it." if file.suffix.lower() in layouts.ARCHIVES else "Save it as PNG."
        problems.append(
            Problem(file, False, f"{file.suffix} files are passed over.", remedy, "foreign format")
        )
    problems += map(_unread, unread)
    if strange := zipped.left_out(folder):
        text = f"{len(strange)} files of “{folder.name}” are passed over, such as “{strange[0]}”."
        remedy = "Their names lead out of it, they are links, or there are others of the same name."
        problems.append(Problem(None, False, text, remedy, "left out"))
    if not data.pairs and not any(problem.severe for problem in problems):
        remedy = "Choose a folder of pairs or photos: PNG, JPEG, WebP, TIFF or BMP."
        problems.append(Problem(None, True, f"There are no pictures in “{folder.name}”.", remedy, "no pairs"))
    notes, named = tuple(map(shown, data.notes)), shown(data.direction)
    return replace(data, problems=tuple(problems), notes=notes, direction=named)


def _unread(error: OSError) -> Problem:
    """A folder that can't be looked into."""
    text, severe = layouts.not_looked_into(error)
    remedy = "See that its disk is there." if severe else "Check its permissions if it belongs to the data."
    return Problem(None, severe, text, remedy, "unreadable" if severe else "left out")


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
        total.update(f"\n{pair.plain}\t{pair.split}".encode("utf-8", "surrogatepass"))
        for source in (pair.a, pair.b, pair.hints):
            if source is None:
                continue
            size = _size(source.file)
            place = source.file.relative_to(data.folder).as_posix()
            total.update(
                f"\t{place}\t{size}\t{source.half}\t{source.derived}".encode("utf-8", "surrogatepass")
            )
            # Only where there are any, so that runs that began before these were known can go on.
            more = source.gutter, source.table, source.ignored, source.levels, source.masks, source.background
            if any(more[:-1]):
                masks = [
                    (mask.file.relative_to(data.folder).as_posix(), mask.colour) for mask in source.masks
                ]
                total.update(f"\t{more[:4]}\t{masks}\t{source.background}".encode("utf-8", "surrogatepass"))
            if others := source.files[1:]:
                total.update(f"\t{[_size(file) for file in others]}".encode())
    return total.hexdigest()


def _size(file: Path) -> int:
    try:
        return zipped.size(file)
    except OSError as error:
        raise PictureError(f"“{file}” is gone; put it back or choose the data anew.") from error


# --- kept pairs ------------------------------------------------------------------------------------


def _kept(folder: Path, found: Sequence[layouts.PictureFile], options: DataOptions) -> DataSet:
    stated, palette = pair_store.read_manifest(zipped.root(folder))
    if stated not in TASKS:
        raise PictureError(
            f"“{folder / pair_store.MANIFEST}” names a task that is unknown here; update the program."
        )
    task: Task = options.task or stated
    by_role: dict[str, dict[tuple[str, str], Path]] = {
        pair_store.INPUT: {},
        pair_store.PHOTO: {},
        pair_store.HINTS: {},
    }
    doubled: list[Problem] = []
    for entry in found:
        if entry.role in by_role:
            other = by_role[entry.role].get((entry.split, entry.key))
            by_role[entry.role][entry.split, entry.key] = entry.file
            if other is not None:
                text = f"is passed over, as “{entry.file.name}” has the same name."
                remedy = "Remove one of them, or rename it."
                doubled.append(Problem(other, False, text, remedy, "left out"))
    inputs, photos, hints = by_role[pair_store.INPUT], by_role[pair_store.PHOTO], by_role[pair_store.HINTS]
    if task in ("lines", "hints", "grey", "small") and (
        not inputs or not {task, stated} <= {"lines", "hints"}
    ):
        made: Derived = task
        pairs = tuple(
            Pair("/".join(filter(None, key)), Source(photo, derived=made), Source(photo), split=key[0])
            for key, photo in sorted(photos.items())
        )
        said = f"{task} made from the photo → photo"
        return DataSet(folder, "kept", task, pairs, tuple(doubled), direction=said)
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
        (*map(partnerless, alone), *doubled),
        (options.palette or palette) if task == "labels" else None,
        f"“{pair_store.INPUT}” → “{pair_store.PHOTO}”",
    )
