"""What became of a lesson: whether a taught model meets its corrections, and how far what was to stay has
changed. A better model is not replaced by a worse one unless somebody says so.

Differences are means over pixels and channels, in levels of 255. A correction is looked at where it differs
from what the model made before; what was to stay, everywhere.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject, Signal

import resources
from desktop.pairs.lessons import CORRECTION, base_of
from desktop.preview.fitting import style_for
from desktop.preview.live import Live
from desktop.preview.tryouts import TryOuts
from desktop.support.observable import Observable, Property
from desktop.support.task_queue import TaskQueue
from engine.data.card import Card
from engine.data.messages import Picture, Pixels, TryOut
from engine.data.style import Code
from engine.errors import UnderpaintError
from engine.models.bundle import read_card
from engine.planes.codec import scaled_preview, usually_native, working_size
from trainer.files import pair_store

log = logging.getLogger(__name__)

MOST = 4
"""Corrections that are looked at, the newest; and so many of what was to stay."""
FAR = 8
"""Levels by which a correction differs from what was made before, where it is one."""
MOST_CONFIG_BYTES = 4 << 20

Take = Callable[[], object]


@dataclass(frozen=True, eq=False)
class Lesson:
    """One pair of what a model was taught."""

    drawn: Picture
    wanted: Pixels
    """The correction, or what was to stay: uint8 (H, W, 3)."""
    is_correction: bool
    style: Code | None = None
    """In which the former model made it; None for its usual one."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What there is to be seen of a lesson; all uint8 (H, W, 3) of one size."""

    wanted: Pixels
    before: Pixels
    after: Pixels
    is_correction: bool


@dataclass(frozen=True, eq=False)
class Outcome:
    """A model that was taught beside the one that it would take the place of."""

    name: str
    former: str
    take: Take
    """Paint with it all the same."""
    lessons: tuple[Shown, ...] = ()
    away: tuple[float, float] = (0.0, 0.0)
    """How far the corrections were and are from being met."""
    change: tuple[float, float] = (0.0, 0.0)
    """How far what was to stay was and is from that."""

    @property
    def is_better(self) -> bool:
        """It has come nearer to the corrections, by more than what was to stay has changed."""
        gain = self.away[0] - self.away[1]
        return bool(self.lessons) and gain > 0 and gain > self.change[1] - self.change[0]

    @property
    def met(self) -> float:
        """The share of the way to the corrections that it has gone; below 0 where it went away from them."""
        return 1 - self.away[1] / self.away[0] if self.away[0] else 0.0

    @property
    def sentence(self) -> str:
        """What was found, for people."""

        def tr(text: str) -> str:
            return QCoreApplication.translate("Outcome", text)

        if not self.lessons:
            return tr("It can't be told whether “%s” is better than “%s”; the log says why.") % (
                self.name, self.former
            )  # fmt: skip
        corrections = tr("The corrections were %.0f levels of 255 away, and are %.0f now") % self.away
        stay = sum(not lesson.is_correction for lesson in self.lessons)
        if not stay:
            found = f"{corrections}."
        elif stay == 1:
            found = tr("%s; the frame that was to stay has changed by %.0f.") % (corrections, self.change[1])
        else:
            found = tr("%s; %d frames that were to stay have changed by %.0f.") % (
                corrections, stay, self.change[1]
            )  # fmt: skip
        verdict = tr("“%s” is better than “%s”.") if self.is_better else tr("“%s” is no better than “%s”.")
        return f"{verdict % (self.name, self.former)} {found}"


class Outcomes(Observable):
    """Looks at what became of a lesson before the model that was taught is taken over.

    Args:
        live: has the model that is painted with.
        tryouts: show what both make of the lessons.
        parent: owns it.
    """

    outcome = Property[Outcome | None](None)
    """The last one."""
    busy = Property(False)

    notice = Signal(str)
    """One sentence on what goes on."""
    found = Signal(object)
    """An ``Outcome`` is there; a better model has been taken over, a worse one waits for an answer."""

    def __init__(self, live: Live, tryouts: TryOuts, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._live, self._tryouts = live, tryouts
        self._tasks = TaskQueue("outcome", self)
        self._tasks.error_reported.connect(self._fail)
        self._waiting: Outcome | None = None

    def review(self, run: Path, model: Path, take: Take) -> None:
        """Take a trained model over, once it is known to be better than the one that it is taken for.

        Args:
            run: of the training; one that was no lesson is taken over at once.
            model: the file in it.
            take: takes it over.
        """
        if self.busy:
            return
        self.busy = True
        open_card, open_file = self._live.card, self._live.model_file
        self._waiting = Outcome(model.stem, run.name, take)

        def look() -> tuple[Path, Card, Card, list[Lesson]] | None:
            found = _lesson(run)
            if found is None:
                return None
            folder, former = found
            card = read_card(model)
            if (
                open_card is not None
                and open_file is not None
                and base_of(open_card.name) == base_of(card.name)
            ):
                former = open_file  # taught more than once, or taken over before
            self._waiting = Outcome(card.name, former.stem, take)
            lessons = _lessons(folder)
            if not any(lesson.is_correction for lesson in lessons):
                return None  # of a time when that wasn't written down
            return former, read_card(former), card, lessons

        self._tasks.do(look, lambda found: self._go(model, take, found))

    def leave(self) -> None:
        """End of the program."""
        self._tasks.give_up()  # lessons and models may lie where nothing answers any more

    def _go(self, model: Path, take: Take, found: tuple[Path, Card, Card, list[Lesson]] | None) -> None:
        if found is None:
            self.busy = False
            take()
            return
        former, before, after, lessons = found
        self.notice.emit(self.tr("Looking whether “%s” is better than “%s” …") % (after.name, before.name))
        wishes = [
            TryOut(file, lesson.drawn, _size(lesson.drawn, card), style_for(card, lesson.style))
            for file, card in ((former, before), (model, after))
            for lesson in lessons
        ]
        made: list[Pixels] = []

        def go_on() -> None:
            if len(made) < len(wishes):
                self._tryouts.ask(wishes[len(made)], one_more)
                return
            self._tasks.do(
                lambda: measured(
                    after.name, before.name, take, lessons, made[: len(lessons)], made[len(lessons) :]
                ),
                self._report,
            )

        def one_more(preview: Pixels | None) -> None:
            if preview is None:
                self._report(Outcome(after.name, before.name, take))
                return
            made.append(preview)
            go_on()

        go_on()

    def _report(self, outcome: Outcome) -> None:
        self.busy = False
        self.outcome = outcome
        if outcome.is_better:
            outcome.take()
        self.found.emit(outcome)

    def _fail(self, sentence: str) -> None:
        log.warning("what became of a lesson: %s", sentence)
        if self._waiting is not None:
            self._report(self._waiting)


def measured(
    name: str,
    former: str,
    take: Take,
    lessons: Sequence[Lesson],
    before: Sequence[Pixels],
    after: Sequence[Pixels],
) -> Outcome:
    """Hold what two models make of lessons against what was wanted. Slow: pictures.

    Args:
        name, former: of the model that was taught, and of the one that it would take the place of.
        take: see ``Outcome``.
        lessons: at least one, at least one correction among them.
        before, after: what the former and the taught one make of each, of any size.
    """
    shown: list[Shown] = []
    away: list[tuple[float, float]] = []
    change: list[tuple[float, float]] = []
    for lesson, one, other in zip(lessons, before, after, strict=True):
        height, width = lesson.wanted.shape[:2]
        was, now = (scaled_preview(made, (width, height)) for made in (one, other))
        shown.append(Shown(lesson.wanted, was, now, lesson.is_correction))
        far = np.abs(was.astype(np.int16) - lesson.wanted)
        near = np.abs(now.astype(np.int16) - lesson.wanted)
        where = far.max(2) > FAR if lesson.is_correction else np.ones((height, width), bool)
        if where.any():
            pair = float(far[where].mean()), float(near[where].mean())
            (away if lesson.is_correction else change).append(pair)
    return Outcome(name, former, take, tuple(shown), _mean(away), _mean(change))


def _mean(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    if not pairs:
        return 0.0, 0.0
    first, second = np.mean(pairs, axis=0)
    return float(first), float(second)


def _size(picture: Picture, card: Card) -> tuple[int, int]:
    return working_size(picture.size, card, native=usually_native(card))


def _lesson(run: Path) -> tuple[Path, Path] | None:
    """The folder of lessons that a run was trained on, and the model that it began with; None where it was
    trained on something else."""
    file = run / "config.json"
    try:
        if file.stat().st_size > MOST_CONFIG_BYTES:
            return None
        fields = json.loads(file.read_text("utf-8"))
        folder, former = Path(fields["data"]), Path(fields["from_model"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    home = os.path.realpath(resources.home("lessons"))
    is_lesson = os.path.realpath(folder.parent) == home and pair_store.is_kept(folder)
    return (folder, former) if is_lesson and os.path.isfile(former) else None


def _lessons(folder: Path) -> list[Lesson]:
    """The newest corrections, then what was to stay.

    Raises:
        UnderpaintError: the folder is damaged.
    """
    manifest = pair_store.manifest_of(folder)
    origins = manifest.origins
    names = sorted(pair_store.names(folder), key=lambda name: (len(name), name), reverse=True)
    corrected = [name for name in names if name in origins and origins[name].name == CORRECTION][:MOST]
    staying = [name for name in names if name in origins and origins[name].name != CORRECTION][:MOST]
    found = []
    for name in (*corrected, *staying):
        try:
            drawn, wanted = pair_store.read_back(folder, name)
        except UnderpaintError as error:  # the others tell as well
            log.warning("lessons: %s", error)
            continue
        found.append(Lesson(drawn, wanted, name in corrected, manifest.styles.get(name)))
    return found
