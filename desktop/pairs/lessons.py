"""What a model is taught, written down: a corrected preview with its drawing, and what is to stay as it is.

The lessons of a model stay in a folder of their own and are all in its next training; so are kept frames
that are to stay as they are, and its sample drawings, lest the model forgets what it did well.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import resources
from desktop.paint.editing.document import Document
from desktop.paint.editing.snapshot import Snapshot
from desktop.pairs.replay_examples import Example
from desktop.preview.fitting import style_for
from desktop.preview.shelf import Frame
from engine.data.card import Card
from engine.data.messages import Picture, Pixels
from engine.data.palette import Palette
from engine.data.style import Code
from engine.data.task import task_of
from engine.errors import PictureError
from engine.files.writing import first_free, stem
from engine.planes.codec import scaled_preview
from trainer.files import pair_store
from trainer.files.pair_store import Origin

_TAUGHT = re.compile(r"(.+), taught(?: \d+)?")
"""How a model that was taught is called: the name of the first, then this, in whatever language the program
speaks, as the name stands in files."""


CORRECTION, DRAWING = "correction", "drawing"
"""What a pair of a folder of lessons comes from."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """A preview that is being corrected."""

    card: Card
    """The model's that made it,"""
    model: Path
    """and its file."""
    drawn: Picture
    """What it was made of."""
    seen: Pixels
    """The same as people see it, uint8 (H, W, 3)."""
    made: Pixels
    """The preview before it was corrected, uint8 (H, W, 3), of the drawing's size."""
    others: tuple[Frame, ...]
    """Kept frames of other drawings, or in other styles, that could stay as they are."""
    style: Code | None = None
    """The one in which it was made; None for the model's usual one."""


def base_of(name: str) -> str:
    """The name of the model that the teaching began with."""
    found = _TAUGHT.fullmatch(name)
    return found[1] if found else name


def taught_name(name: str, others: Sequence[str]) -> str:
    """What the model is to be called that comes of teaching another.

    Args:
        name: the other's.
        others: names that are taken.
    """
    taken = {other.casefold() for other in others}
    first = f"{base_of(name)}, taught"
    return first_free(lambda ending: f"{first}{ending}", lambda one: one.casefold() in taken, separator=" ")


def keep_correction(lesson: Lesson, corrected: Pixels) -> Path:
    """Write the corrected pair of a lesson; returns the folder of all pairs of its model. Slow: files.

    Args:
        lesson: the one.
        corrected: uint8 (H, W, 3), of the drawing's size.

    Raises:
        PictureError: it can't be written.
    """
    task, palette = task_of(lesson.card.input, lesson.card.hints), labels_of(lesson.card)
    folder = _lessons_of(lesson.card)
    origin = _origin(lesson.drawn, lesson.style)._replace(name=CORRECTION)
    pair_store.keep(folder, lesson.drawn, corrected, task, palette, origin, style=lesson.style)
    return folder


def former_correction(lesson: Lesson) -> Pixels | None:
    """The correction that ``keep_correction`` would replace, uint8 (H, W, 3), if it can be read. Slow: files.

    Raises:
        PictureError: the lessons of the model are damaged.
    """
    folder = _lessons_of(lesson.card)
    if not pair_store.is_kept(folder):
        return None
    manifest = pair_store.manifest_of(folder)
    name = pair_store.pair_of(folder, manifest, _origin(lesson.drawn, lesson.style))
    if not name or manifest.origins[name].name != CORRECTION:
        return None
    try:
        return pair_store.read_back(folder, name)[1]
    except PictureError:
        return None


def take_back(lesson: Lesson, folder: Path, former: Pixels | None) -> None:
    """Undo ``keep_correction``, lest a lesson that was cancelled goes into the next one. Slow: files.

    Args:
        folder: as that returned it.
        former: the correction that was there before.

    Raises:
        PictureError: the folder is damaged, or can't be written.
    """
    if former is not None:
        keep_correction(lesson, former)
        return
    origin = _origin(lesson.drawn, lesson.style)
    name = pair_store.pair_of(folder, pair_store.manifest_of(folder), origin)
    pair_store.remove(folder, {name} if name else ())


def keep_examples(lesson: Lesson, folder: Path, made: Sequence[Example], staying: Sequence[Frame]) -> None:
    """Write beside the corrected pair what is to stay as it is. Slow: files.

    Args:
        lesson: the one.
        folder: as ``keep_correction`` returned it.
        made: what the model makes of sample drawings.
        staying: kept frames.

    Raises:
        PictureError: they can't be written.
    """
    task, palette = task_of(lesson.card.input, lesson.card.hints), labels_of(lesson.card)
    corrected = _corrected(folder)
    stay: list[tuple[Picture, Pixels, Code | None]] = []
    for drawn, preview in made:
        origin = _origin(drawn, None)
        if origin.mark not in corrected:
            stay.append((drawn, preview, None))
            continue
        manifest = pair_store.manifest_of(folder)
        former = pair_store.pair_of(folder, manifest, origin)
        if former and manifest.origins[former].name != CORRECTION:
            pair_store.remove(folder, {former})
    for frame in staying:
        assert frame.picture is not None
        drawn = suited(Document.from_snapshot(frame.picture).picture(), palette)
        stay.append((drawn, frame.preview, style_of(lesson.card, frame.picture)))
    for drawn, preview, style in stay:
        origin = _origin(drawn, style)
        manifest = pair_store.manifest_of(folder)
        if not pair_store.pair_of(folder, manifest, origin):  # a correction counts for more
            kept = scaled_preview(preview, drawn.size)
            pair_store.keep(folder, drawn, kept, task, palette, origin, style=style)


def _corrected(folder: Path) -> set[str]:
    """The marks of all drawings that have been corrected, in whatever style: none is to stay as it was,
    or the model would be taught both."""
    origins, there = pair_store.manifest_of(folder).origins.items(), pair_store.names(folder)
    marks = set()
    for name in (name for name, origin in origins if origin.name == CORRECTION and name in there):
        try:
            drawn, _ = pair_store.read_back(folder, name)
        except PictureError as error:
            place = pair_store.path_of(folder, name, pair_store.PHOTO)
            raise PictureError(
                f"A correction of before can’t be read back, “{place}”: {error} "
                "Move it away, then teach this again."
            ) from error
        marks.add(_origin(drawn, None).mark)
        if drawn.lines is not None and drawn.hints is None:  # where there were no hints none are in the file
            drawn = Picture(lines=drawn.lines, hints=np.zeros((*drawn.lines.shape, 4), np.uint8))
            marks.add(_origin(drawn, None).mark)
    return marks


def labels_of(card: Card) -> Palette | None:
    """The palette that a model's pictures are held to; others may be painted in any colour."""
    return card.palette if card.input == "labels" else None


def suited(drawn: Picture, palette: Palette | None) -> Picture:
    """What was drawn in the labels of the model: each colour goes to its nearest label, as for a preview."""
    if drawn.pixels is None or palette is None:
        return drawn
    return Picture(pixels=palette.snapped(drawn.pixels)[0])


def _lessons_of(card: Card) -> Path:
    return _lessons(base_of(card.name), task_of(card.input, card.hints), labels_of(card))


def _lessons(base: str, task: str, palette: Palette | None) -> Path:
    """The folder of a model's lessons; another one where a model of that name was of another sort."""
    first = resources.home("lessons", stem(base, "model"))

    def is_of_another_sort(folder: Path) -> bool:
        if not folder.exists():
            return False
        return not pair_store.is_kept(folder) or pair_store.read_manifest(folder) != (task, palette)

    return first_free(lambda ending: first.with_name(f"{first.name}{ending}"), is_of_another_sort)


def style_of(card: Card, picture: Snapshot) -> Code | None:
    """The style in which a model makes what was kept; None for its usual one."""
    return style_for(card, picture.style.code if picture.style is not None else None)


def _origin(drawn: Picture, style: Code | None) -> Origin:
    """What tells one drawing from another, and from itself in another style."""
    total = hashlib.sha256()
    for plane in (drawn.pixels, drawn.lines, drawn.hints):
        if plane is not None:
            total.update(repr(plane.shape).encode())
            total.update(np.ascontiguousarray(plane).data)  # as it lies there: a copy holds up whoever draws
    if style is not None:
        total.update(repr(style).encode())
    return Origin(DRAWING, total.hexdigest()[:20])
