"""Drafts of photos that have no map yet, by what is learnt from a folder of kept pairs; for the window."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.data.messages import Pixels
from engine.data.picture import read, write_png
from engine.errors import PictureError
from engine.files.writing import replacing
from trainer.data import pairs
from trainer.data.pairs import DataSet, Pair
from trainer.drafting import learner
from trainer.drafting.files import FEWEST, FORMAT, PROGRESS, RESULTS, SEEN
from trainer.drafting.learner import Reader
from trainer.drafting.remembering import Memory
from trainer.files import layouts, pair_store
from trainer.machine.errors import TrainingError
from trainer.perception import weights
from trainer.pictures import palettes

MOST_MAPS = 80
"""Maps that are learnt from, spread over all: a look at one takes a second where it is slow."""
MOST_PIXELS = 1 << 20
"""Of a photo that is learnt from: larger ones are of no more use here."""
RESULTS_EVERY = 4
"""Photos, after the first: so many drafts more, and there is something to see."""
_EVERY = 0.3
"""Seconds between two notes on the progress."""


class Notes:
    """Writes now and then how far it is."""

    def __init__(self, out: Path) -> None:
        self._file, self._last = out / PROGRESS, -math.inf

    def __call__(self, share: float, photos: int = 0) -> None:
        """So much is learnt, so many photos have their draft."""
        now = time.monotonic()
        if now - self._last >= _EVERY:
            self._last = now
            with suppress(OSError):  # nobody is to learn in vain because of that
                self._file.write_text(json.dumps({"share": round(share, 3), "photos": photos}), "ascii")


def draft(
    folder: Path,
    photos: Sequence[tuple[str, Path]],
    out: Path,
    *,
    seconds: float,
    steps: int | None = None,
) -> None:
    """Learn from the pairs in a folder, and draft the labels of photos.

    Args:
        folder: pairs of the task “labels”, as ``trainer.files.pair_store`` keeps them.
        photos: mark and file of each, the most wanted first. One that can't be read gets no draft.
        out: the folder for the drafts; what is of an earlier time there goes.
        seconds: for learning, about.
        steps: instead of as many as there is time for.

    Raises:
        PictureError: pairs can't be read, or drafts can't be written.
        TrainingError: there are too few pairs, or the trained eye's weights are damaged.
    """
    data = pairs.find(folder, task="labels")
    if pair_store.is_kept(folder):  # a draft that nobody has looked at teaches nothing
        drafts = pair_store.manifest_of(folder).drafts
        data = replace(data, pairs=tuple(pair for pair in data.pairs if pair.name not in drafts))
    if len(data.pairs) < FEWEST or data.palette is None:
        raise TrainingError(
            f"“{folder.name}” has {len(data.pairs)} maps; drafts are made once there are {FEWEST}."
        )
    notes = Notes(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        notes(0.0)
        reader = _learnt(data, seconds, steps, notes, Memory(out / SEEN))
        results = {"format": FORMAT, "maps": len(data.pairs), "labels": len(data.palette.labels)}
        doubts: dict[str, float] = {}
        former = _former(out, len(data.palette.labels))
        waiting = {mark: former[mark] for mark, _ in photos if mark in former}
        for number, (mark, file) in enumerate(photos):
            notes(1.0, number)
            with suppress(PictureError):  # whoever comes to it is told then
                chances = reader.chances(read(file).pixels)
                write_png(out / f"{mark}.png", packed(chances))
                doubts[mark] = round(doubt(chances), 4)
            waiting.pop(mark, None)
            if number % RESULTS_EVERY == 0:
                with suppress(OSError):  # the window may just be reading it
                    _write_results(out, {**results, "doubts": waiting | doubts, "whole": False})
        _write_results(out, {**results, "doubts": doubts})
        for file in out.glob("*.png"):
            if file.stem not in doubts:
                file.unlink(missing_ok=True)
    except OSError as error:
        raise PictureError(f"“{out}” can't be written ({error.strerror or error}).") from error


def _write_results(out: Path, results: dict[str, object]) -> None:
    with replacing(out / RESULTS) as part:
        part.write_text(json.dumps(results), "utf-8")


def _former(out: Path, labels: int) -> dict[str, float]:
    """The doubts of the drafts of before: until a photo is read anew, they are better than none."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        results = json.loads((out / RESULTS).read_text("utf-8"))
        if (results["format"], results["labels"]) == (FORMAT, labels):
            doubts = {mark: float(doubt) for mark, doubt in results["doubts"].items()}
            return {mark: doubt for mark, doubt in doubts.items() if math.isfinite(doubt)}
    return {}


def packed(chances: npt.NDArray[np.float32]) -> Pixels:
    """Chances, float32 (labels, h, w), as they are kept: uint8 (labels · h, w)."""
    return np.rint(chances * 255).astype(np.uint8).reshape(-1, chances.shape[2])


def doubt(chances: npt.NDArray[np.float32]) -> float:
    """How unsure a draft is, 0 to 1: the mean entropy of its places, 1 where all labels are alike likely."""
    entropy = -(chances * np.log(np.maximum(chances, 1e-9))).sum(0)
    return float(entropy.mean() / math.log(max(2, len(chances))))


def _learnt(data: DataSet, seconds: float, steps: int | None, notes: Notes, memory: Memory) -> Reader:
    assert data.palette is not None
    count = len(data.palette.labels)
    if not weights.available():
        return _from_nothing(data, seconds, steps, notes)
    photos, maps = [], []
    # The last ones are what the hand does by now.
    for pair in layouts.spread(data.pairs, MOST_MAPS):
        photo, labels, known = _read(pair, data)
        photos.append(photo)
        maps.append((labels, known))
    return learner.train_drafter(
        photos, maps, count, seconds=seconds, steps=steps, progress=notes, memory=memory
    )


def _read(pair: Pair, data: DataSet) -> tuple[Pixels, Pixels, Pixels | None]:
    """A pair's photo, labels and where they are known, in no more pixels than are of use."""
    drawn, photo = pairs.load(pair)
    assert data.palette is not None
    every = max(1, math.isqrt(photo.shape[0] * photo.shape[1] // MOST_PIXELS))
    drawn, photo = (np.ascontiguousarray(part[::every, ::every]) for part in (drawn, photo))
    there = palettes.known(drawn)
    labels = palettes.labelled(drawn, data.palette)
    return photo, labels, None if there.all() else there.view(np.uint8)


def _from_nothing(data: DataSet, seconds: float, steps: int | None, notes: Notes) -> Reader:
    """The evaluation's own recogniser, where there is no trained eye."""
    from engine.data.card import Card
    from trainer.evaluation import recogniser
    from trainer.loading.augment import Augment

    network = {"levels": 8, "width": 8, "inputs": 3, "outputs": 3, "norm": "batch", "dropout": False}
    card = Card("drafts", "unet", network, "labels", size=(256, 256), palette=data.palette)
    return recogniser.train_recogniser(
        data,
        Augment(card, "labels"),
        seconds=seconds,
        steps=steps,
        progress=lambda done, total: notes(done / total),
    )
