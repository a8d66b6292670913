"""What is in a folder of training pictures: looked at on a thread, told in two steps.

First how the pairs are laid out, which way they go, a few of them, the palette; later, as every file has
to be read for it, what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PySide6.QtCore import QObject, Qt, Signal, Slot

import resources
from desktop.support.observable import Observable, Property
from desktop.support.task_queue import TaskQueue
from engine.data.messages import Pixels
from engine.data.palette import Palette, read_gpl
from engine.errors import PictureError

if TYPE_CHECKING:
    from trainer.data.dataset import DataSet, Problem

SHOWN = 12
THUMBNAIL = 224
"""Pixels of the longer edge."""
USUAL_EDGE = 256
MULTIPLE = 32
"""Sizes of which both edges are multiples need no padding in the network's outer levels."""
ALIKE = 0.06
"""Proportions that differ by this share are the same."""
UNSURE = {"pairing", "left out", "no pairs"}
"""Kinds of problems that another way to pair the files may solve."""
MOST_PROBLEMS = 200
"""Told to the window; thousands of lines help nobody."""


@dataclass(frozen=True, eq=False)
class ScanResult:
    """What was seen in a folder."""

    folder: Path
    layout: str
    task: str
    direction: str
    """For people: “right half → left half”."""
    count: int
    swapped: bool
    shown: list[tuple[Pixels, Pixels]] = field(default_factory=list)
    """A few pairs, input and photo, each uint8 (H, W, 3) and small."""
    size: tuple[int, int] = (256, 256)
    """Width and height that suit the pictures."""
    palette: Palette | None = None
    main_label: int = -1
    """Which of the palette's labels covers most; −1 where there are none."""
    pattern: str = ""
    """How the files were paired …"""
    patterns: tuple[str, ...] = ()
    """… and how they could be, where there are several ways."""
    notes: tuple[str, ...] = ()
    """What else was recognised, in sentences."""
    unsure: bool = False
    """Whether it should be asked how the files make pairs."""
    draws: bool = False
    """Whether drawings are made of the photos."""
    problems: list[Problem] = field(default_factory=list)
    """What is wrong with the pictures, the worst first; no more than can be shown."""

    @property
    def usable(self) -> bool:
        """Whether a training can start."""
        return self.count > 0 and not any(problem.severe for problem in self.problems)


class DatasetScan(Observable):
    """Looks at one folder at a time; a newer request ends the older."""

    result = Property[ScanResult | None](None)
    looking = Property(False)
    """The folder is being recognised."""
    checked = Property(0.0)
    """Share of the files looked at closely, 0 to 1."""

    error_reported = Signal(str)
    _progressed = Signal(int, float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = TaskQueue("dataset scan", self)
        self._tasks.error_reported.connect(self._failed)
        self._number = 0
        self._progressed.connect(self._progress, Qt.ConnectionType.QueuedConnection)

    def look(self, folder: Path, task: str | None = None, swap: bool = False, pattern: str = "") -> None:
        """Look at ``folder``, or a zip file of one; ``result`` follows, or ``error_reported``.

        Args:
            task: what the input is; None for what the pictures look like.
            swap: take the other side for the input than they suggest.
            pattern: how the files make pairs; empty for what they look like.
        """
        self._number += 1
        number = self._number
        self._tasks.forget()
        self.looking, self.checked = True, 0.0
        self._tasks.do(
            lambda: _found(folder, task, swap, pattern), lambda seen: self._take_result(number, *seen)
        )

    def forget(self) -> None:
        """Look at nothing any more."""
        self._number += 1
        self._tasks.forget()
        self.result = None
        self.looking = False

    def leave(self) -> None:
        """End of the program."""
        self._number += 1
        self._tasks.give_up()

    def _take_result(self, number: int, result: ScanResult, data: DataSet) -> None:
        self.looking = False
        self.result = result
        self._tasks.do(lambda: self._check(number, data), self._take_problems)

    def _check(self, number: int, data: DataSet) -> list[Problem] | None:
        """On the task queue's thread; None when a newer request came in between."""

        def progress(done: int, total: int) -> None:
            if number != self._number:
                raise _Superseded
            self._progressed.emit(number, done / max(1, total))

        try:
            return _problems(data, progress)
        except _Superseded:
            return None

    def _take_problems(self, problems: list[Problem] | None) -> None:
        if problems is not None and self.result is not None:
            self.checked = 1.0
            self.result = replace(self.result, problems=problems)

    @Slot(int, float)
    def _progress(self, number: int, share: float) -> None:
        if number == self._number:
            self.checked = min(0.99, share)

    def _failed(self, sentence: str) -> None:
        self._tasks.forget()
        self.looking = False
        self.result = None
        self.error_reported.emit(sentence)


class _Superseded(Exception):
    pass


def _found(folder: Path, task: str | None, swap: bool, pattern: str) -> tuple[ScanResult, DataSet]:
    # Imported here, as the window is to stand before the trainer's modules are loaded.
    from trainer.data import pairs
    from trainer.pictures import palettes
    from trainer.run import usual

    data = pairs.find(folder, task=task, swap=swap, pattern=pattern)
    if data.palette is not None and data.layout != "kept":
        known = [read_gpl(file) for file in sorted(resources.path("palettes").glob("*.gpl"))]
        data = replace(data, palette=palettes.named(data.palette, known))  # as the trainer will call them
    shown, sizes = [], []
    for pair in data.pairs[:: max(1, len(data.pairs) // SHOWN)]:
        try:
            a, b = pairs.load(pair)
        except PictureError:
            continue  # the check will name it
        sizes.append((b.shape[1], b.shape[0]))
        shown.append((_small(a), _small(b)))
        if len(shown) == SHOWN:
            break
    result = ScanResult(
        folder,
        data.layout,
        data.task,
        data.direction,
        len(data.pairs),
        swap,
        shown,
        fitting_size(sizes),
        data.palette,
        _main_label(data),
        data.pattern,
        data.patterns,
        data.notes,
        bool(data.patterns) and not pattern and any(problem.kind in UNSURE for problem in data.problems),
        usual.draws(data.task, (pair.a.derived for pair in data.pairs)),
        _worst(data.problems),
    )
    return result, data


def _main_label(data: DataSet) -> int:
    from trainer.data import direction

    if data.task != "labels" or data.palette is None or not data.pairs:
        return -1
    try:
        return direction.commonest_label([pair.a for pair in data.pairs], data.palette)
    except PictureError:
        return -1  # the check will name it


def fitting_size(sizes: list[tuple[int, int]]) -> tuple[int, int]:
    """The size to train at: the usual longer edge, less for smaller pictures, and the pictures' own
    proportions where most share them.

    Args:
        sizes: width and height of some of the pictures.
    """
    if not sizes:
        return USUAL_EDGE, USUAL_EDGE
    ratios = sorted(width / height for width, height in sizes)
    usual = ratios[len(ratios) // 2]
    alike = sum(abs(ratio / usual - 1) < ALIKE for ratio in ratios)
    ratio = usual if 3 * alike >= 2 * len(ratios) else 1.0
    longer = min(USUAL_EDGE, sorted(max(size) for size in sizes)[len(sizes) // 2])
    edges = (longer * min(1.0, ratio), longer * min(1.0, 1 / ratio))
    width, height = (max(MULTIPLE, round(edge / MULTIPLE) * MULTIPLE) for edge in edges)
    return width, height


def _problems(data: DataSet, progress: Callable[[int, int], None]) -> list[Problem]:
    from trainer.dataset_check.check import check

    return _worst(check(data, progress))


def _worst(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: not problem.severe)[:MOST_PROBLEMS]


def _small(pixels: Pixels) -> Pixels:
    """To be looked at, so that labels are averaged too: a thin one would be missed else."""
    image = Image.fromarray(pixels)
    scale = THUMBNAIL / max(image.size)
    if scale >= 1:
        return pixels
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return np.array(image.resize(size, Image.Resampling.BOX))
