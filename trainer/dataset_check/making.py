"""Makes pairs of photos, to look at or for other programs (``underpaint pairs``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from engine.data.picture import write_png
from engine.errors import PictureError
from trainer.data.pairs import DataSet, Pair
from trainer.files import pair_store
from trainer.loading.augment import chance
from trainer.perception import weights
from trainer.pictures import sketch, sources
from trainer.pictures.sources import Pixels


def refuse_used(out: Path, folder: Path) -> None:
    """Raise PictureError where pairs of ``folder`` can't go to ``out``, before anything is looked at."""
    pair_store.refuse_used(out, folder)


def make(
    data: DataSet,
    out: Path,
    *,
    size: int | None = None,
    seed: int = 0,
    variety: bool = True,
    sure: float | None = None,
    side_by_side: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[int, list[str]]:
    """Write a pair for each photo into a new folder of kept pairs.

    Args:
        data: whose inputs are made from its photos.
        out: a folder that doesn't exist, or is empty.
        size: the photos' shorter edge is brought to so many pixels; as is by default.
        seed: the same one makes the same pairs.
        variety: lines as different hands would draw them, and not everywhere hints.
        sure: how sure an edge must be to become a line, see ``sketch.sparing``; by default it varies.
        side_by_side: one file a pair instead, input left and photo right.

    Returns:
        How many pairs were made, and a sentence for each photo that can't be used.

    Raises:
        PictureError: there are no photos, or ``out`` can't be used.
    """
    for problem in data.problems:
        if problem.severe:
            raise PictureError(str(problem))
    pair_store.refuse_used(out, data.folder)
    unused: list[str] = []
    names: set[str] = set()
    for done, pair in enumerate(data.pairs, start=1):
        try:
            photo = _sized(_drawable(sources.read(pair.b), pair), size)
        except PictureError as error:
            unused.append(str(error))
            continue
        a, hints = _input(pair, photo, data, seed if variety else None, done - 1, sure)
        name = pair_store.free_name(pair.name, pair.split, names)
        if side_by_side:
            seen = a if hints is None else sketch.over(a[..., 0], hints)
            _write(out / f"{name}.png", np.concatenate([seen, photo], 1))
        else:
            pair_store.write_pair(out, name, a, photo, hints)
        if progress:
            progress(done, len(data.pairs))
    made = len(data.pairs) - len(unused)
    if made and not side_by_side:
        # Last, so that a folder that was interrupted isn't taken for a whole one.
        pair_store.write_manifest(out, data.task, None)
    return made, unused


def _input(
    pair: Pair, photo: Pixels, data: DataSet, seed: int | None, index: int, sure: float | None
) -> tuple[Pixels, Pixels | None]:
    """The input (H, W, 3), and where there are any the hints (H, W, 4) under it."""
    if data.task in ("lines", "hints"):
        settings = sketch.PLAIN if seed is None else sketch.Settings()
        settings = settings if sure is None else sketch.sparing(settings, sure)
        settings = replace(settings, hints=settings.hints if data.task == "hints" else 0.0)
        seen = _edges(photo)
        drawing = sketch.draw(photo, chance(seed or 0, 0, index), settings, seen)
        lines = np.repeat(drawing.lines[..., None], 3, 2)
        return lines, drawing.hints if drawing.hints[..., 3].any() else None
    assert pair.a.derived is not None, "the data set was found for a task that makes its inputs"
    return sources.derived(photo, pair.a.derived), None


def _edges(photo: Pixels) -> Pixels | None:
    """A photo's edge map; None where the detector's weights are missing."""
    if not weights.available():
        return None
    from trainer.perception import edges  # with torch, which takes time to import

    return edges.edge_map(photo)


def _drawable(photo: Pixels, pair: Pair) -> Pixels:
    height, width = photo.shape[:2]
    if min(height, width) < 2:
        raise PictureError(f"“{pair.b.file.name}” is only {width} × {height} pixels; use a larger original.")
    return photo


def _sized(photo: Pixels, shorter: int | None) -> Pixels:
    height, width = photo.shape[:2]
    if shorter is None or min(height, width) == shorter:
        return photo
    scale = shorter / min(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.array(Image.fromarray(photo).resize(size, Image.Resampling.LANCZOS))


def _write(file: Path, pixels: Pixels) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PictureError(f"“{file.parent}” can't be made ({error.strerror or error}).") from error
    write_png(file, pixels)
