"""What is noted of a pair while its files are read once; ``trainer.dataset_check.check`` judges it among the
others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from engine.data.deep import FULL
from engine.data.picture import Reading
from engine.errors import PictureError
from trainer.data.dataset import DataSet, Pair
from trainer.dataset_check import correspondence
from trainer.dataset_check.correspondence import Correspondence, Judgement
from trainer.dataset_check.outlines import Outline, measure_outline
from trainer.pictures import depths, palettes, recognition, sources
from trainer.pictures.channels import strongest, weakest
from trainer.pictures.outliers import Scene, scene
from trainer.pictures.sources import Pixels, Source

THUMB = 24
"""Edge of the thumbnails by which duplicates are found."""

Size = tuple[int, int]
"""Width and height."""


@dataclass
class PairNotes:
    """A pair, read. ``None`` stands for what isn't there, or couldn't be read."""

    pair: Pair
    unreadable: list[tuple[Path, str]] = field(default_factory=list)
    changes: list[tuple[Path, str]] = field(default_factory=list)
    """What the reader had to change."""
    numbers: list[tuple[Path, str]] = field(default_factory=list)
    """Of label maps of numbers, which of these are no label's."""
    uneven: int = 0
    """Width or height of the file, where the pair is one file's two halves and these can't be equal."""
    cut_off: float = 0.0
    """Share of the photo's values beyond the data set's common levels."""
    a: Size | None = None
    b: Size | None = None
    a_grey: bool = False
    b_grey: bool = False
    digest: bytes = b""
    """Of the photo's pixels."""
    thumb: Pixels | None = None
    """Of the photo, (THUMB, THUMB, 3)."""
    judgement: Judgement | None = None
    """Of pairs whose input is no picture made from the photo, where something could be learnt."""
    quieter: float = 0.0
    """By how much the input is more even than the photo, −1 to 1, where both are read."""
    faults: palettes.Faults | None = None
    """Of label maps."""
    scene: Scene | None = None
    outline: Outline | None = None
    """Of what lies on a plain background."""


def take_notes(pair: Pair, data: DataSet, common: Correspondence | None) -> PairNotes:
    """Read a pair's files, each once, and note everything that can be seen on it alone."""
    noted = PairNotes(pair)
    sides = _read(noted)
    b = sides.get("b")
    if b is not None:
        noted.b, noted.b_grey = _size(b), _is_grey(b)
        noted.digest = hashlib.blake2b(b.tobytes(), digest_size=16).digest()
        image = Image.fromarray(b).resize((THUMB, THUMB), Image.Resampling.BOX)
        noted.thumb = np.array(image)
        noted.scene = scene(b)
        noted.outline = measure_outline(b) if noted.scene.background is not None else None
    a = sides.get("a")
    if a is not None:
        noted.a, noted.a_grey = _size(a), _is_grey(a)
        if data.palette is not None:
            noted.faults = palettes.faults(a, data.palette)
        if b is not None:
            noted.quieter = recognition.quietness(a) - recognition.quietness(b)
        if b is not None and common is not None:
            few = len(data.pairs) <= correspondence.MOST_SWAPPED
            noted.judgement = common.judge(a, b, keep_sides=few)
    return noted


def as_read(pair: Pair) -> PairNotes:
    """What shows while a pair's files are read, such as that they can't be; nothing else is looked at."""
    noted = PairNotes(pair)
    _read(noted)
    return noted


def _read(noted: PairNotes) -> dict[str, Pixels]:
    """The sides that are pictures of their own and can be read."""
    pair = noted.pair
    wanted = {"b": pair.b, "hints": pair.hints, "a": None if pair.a.derived else pair.a}
    files: dict[Path, Reading | None] = {}
    sides: dict[str, Pixels] = {}
    for side, source in wanted.items():
        if source is None:
            continue
        if source.masks:
            painted = _painted(source, noted)
            if painted is not None:
                sides[side] = painted
            continue
        if source.file not in files:
            files[source.file] = _whole(source, noted, expects_alpha=side == "hints")
        reading = files[source.file]
        if reading is not None:
            noted.uneven = noted.uneven or _uneven(reading.pixels, source)
            sides[side] = sources.shown(reading, source)
    return sides


def _uneven(pixels: Pixels, source: Source) -> int:
    width, height = _size(pixels)
    if source.half in ("left", "right"):
        return width if (width - source.gutter) % 2 else 0
    if source.half in ("top", "bottom"):
        return height if (height - source.gutter) % 2 else 0
    return 0


def _painted(source: Source, noted: PairNotes) -> Pixels | None:
    try:
        return sources.read(source)
    except PictureError as error:
        noted.unreadable.append((source.file, str(error)))
        return None


def _whole(source: Source, noted: PairNotes, expects_alpha: bool) -> Reading | None:
    try:
        reading = sources.reading(source.file, source)
        if source.levels is not None:
            values = sources.deep_values(source.file)
            if values is not None:
                noted.cut_off = max(noted.cut_off, depths.beyond(values, source.levels))
    except PictureError as error:
        noted.unreadable.append((source.file, str(error)))
        return None
    # That 16 bits are brought to 8 by the set's own levels is said once, for all of them.
    plain = source.levels in (None, FULL)
    notes = [note for note in reading.notes if plain or "16 bits" not in note]
    if source.table is not None:
        noted.numbers += [(source.file, note) for note in notes]
        return reading
    noted.changes += [(source.file, note) for note in notes if not expects_alpha]
    return reading


def _size(pixels: Pixels) -> Size:
    return pixels.shape[1], pixels.shape[0]


def _is_grey(pixels: Pixels) -> bool:
    """Whether it was saved without colour; a black object in a colour photo never is quite without."""
    return int((strongest(pixels) - weakest(pixels)).max()) <= 1
