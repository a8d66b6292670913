"""Writes a mended copy of a data set, as a folder of kept pairs (``trainer.files.pair_store``). Never in
place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from engine.errors import PictureError
from engine.files.writing import replacing
from trainer.data.dataset import DataSet, Kind, Pair, Problem
from trainer.dataset_check.check import Progress
from trainer.files import pair_store, zipped
from trainer.pictures import palettes, sources
from trainer.pictures.sources import Pixels

LEFT_OUT: set[Kind] = {"unreadable", "duplicate", "mis-paired", "tiny", "outlier"}
"""Pairs with one of these are not in the copy."""


def refuse_used(out: Path, folder: Path) -> None:
    """Raise PictureError where a mended copy of ``folder`` can't go to ``out``; before the work."""
    pair_store.refuse_used(out, folder)


def mend(data: DataSet, problems: Sequence[Problem], out: Path, progress: Progress | None = None) -> int:
    """Write what is good, or can be made good, into a new folder.

    Left out are files without partner, and pairs with a problem of ``LEFT_OUT``. Mirrored inputs are
    mirrored back, label maps brought to their palette's exact colours, inputs to their photo's size, and
    whatever is no plain 8-bit RGB picture is made one.

    Args:
        data: as found.
        problems: as ``trainer.dataset_check.check.check`` returned them for it.
        out: a folder that doesn't exist, or is empty, outside the data set's.

    Returns:
        How many pairs the copy has.

    Raises:
        PictureError: nothing would be left, or ``out`` can't be used.
    """
    pair_store.refuse_used(out, data.folder)
    bad = {
        name for problem in problems if problem.kind in LEFT_OUT for name in problem.pairs or (problem.pair,)
    }
    turned = {problem.pair for problem in problems if problem.kind == "mirrored"}
    good = [pair for pair in data.pairs if pair.name not in bad]
    if not good:
        raise PictureError(f"No pair of “{data.folder.name}” is good enough for a mended copy.")
    names: set[str] = set()
    for done, pair in enumerate(good, start=1):
        _write(pair, data, pair_store.free_name(pair.name, pair.split, names), pair.name in turned, out)
        if progress:
            progress(done, len(good))
    # Last, so that a copy that was interrupted isn't taken for a whole one.
    pair_store.write_manifest(out, data.task, data.palette)
    return len(good)


def _write(pair: Pair, data: DataSet, name: str, mirrored: bool, out: Path) -> None:
    b = sources.reading(pair.b.file, pair.b)
    photo = sources.shown(b, pair.b)
    a = hints = None
    if pair.a.derived is None:
        a = sources.read(pair.a)
        if data.palette is not None:
            known = (a != sources.IGNORED).any(2, keepdims=True)
            a = np.where(known, data.palette.colours[palettes.labelled(a, data.palette)], a)
        a = _fitted(a, photo, nearest=data.palette is not None)
    if pair.hints is not None:
        hints = _fitted(sources.read_hints(pair.hints), photo, nearest=True)
    if mirrored and a is not None:
        a, hints = a[:, ::-1], None if hints is None else hints[:, ::-1]
    if pair.b.half is None and not b.notes:
        if a is not None:
            pair_store.write_part(out, name, pair_store.INPUT, a)
        if hints is not None:
            pair_store.write_part(out, name, pair_store.HINTS, hints)
        _copy(pair.b.file, pair_store.path_of(out, name, pair_store.PHOTO).with_suffix(pair.b.file.suffix))
    else:
        pair_store.write_pair(out, name, a, photo, hints)


def _fitted(pixels: Pixels, photo: Pixels, nearest: bool) -> Pixels:
    height, width = photo.shape[:2]
    if pixels.shape[:2] == (height, width):
        return pixels
    method = Image.Resampling.NEAREST if nearest else Image.Resampling.LANCZOS
    return np.array(Image.fromarray(pixels).resize((width, height), method))


def _copy(file: Path, target: Path) -> None:
    """A good photo stays as it is, byte for byte: decoding and packing it anew would only cost room."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as part:
            part.write_bytes(zipped.content(file))
    except OSError as error:
        raise PictureError(f"“{target}” can't be written ({error.strerror or error}).") from error
