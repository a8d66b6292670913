"""A folder of photos to be prepared: what is proposed for each, what the user says to that, the new folder.

Looking and writing are done on a thread of their own; both can be ended, and nothing half-written stays.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from desktop.support.observable import Observable, Property
from desktop.support.settings import Settings
from desktop.support.task_queue import TaskQueue
from engine.errors import PictureError
from engine.files.writing import first_free

if TYPE_CHECKING:
    from trainer.preparing.looking import Looks
    from trainer.preparing.proposals import PreparationPlan

Progress = Callable[[int, int], None]
_Result = TypeVar("_Result")

SIZES = (128, 192, 256, 384, 512, 768, 1024)
USUAL_SIZE, USUAL_MARGIN = 256, 6
"""Pixels; per cent of the edge."""


class Preparing(Observable):
    """One folder at a time; a newer request ends the older."""

    plan = Property["PreparationPlan | None"](None)
    """What is proposed, once every photo has been looked at."""
    kept = Property[frozenset[str]](frozenset())
    """The names of the photos that are to be kept."""
    busy = Property("")
    """“looking”, “writing”, or nothing."""
    share = Property(0.0)
    """How far that is, 0 to 1."""
    made = Property[Path | None](None)
    """The folder that was written last."""

    error_reported = Signal(str)
    _progressed = Signal(int, float)

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._looking, self._writing = TaskQueue("looking at photos", self), TaskQueue("prepare photos", self)
        for tasks in (self._looking, self._writing):
            tasks.error_reported.connect(self._failed)
        self._number = 0
        self._overruled: dict[str, bool] = {}
        """Whether photos are to be kept, by name, where somebody said otherwise than was proposed."""
        self._folder: Path | None = None
        self._looks: Looks | None = None
        """What was seen of that folder's photos, be it for another size: tens of kilobytes a photo. Filled on
        the thread that looks; None before that."""
        self._progressed.connect(self._progress, Qt.ConnectionType.QueuedConnection)

    @property
    def size(self) -> int:
        """Edge of what is made, pixels, as it was wanted last."""
        wanted = self._settings.preparing.get("size", USUAL_SIZE)
        return wanted if wanted in SIZES else USUAL_SIZE

    @property
    def margin(self) -> int:
        """Around the object, per cent of the edge, as it was wanted last."""
        return min(40, self._settings.preparing.get("margin", USUAL_MARGIN))

    def look(self, folder: Path, size: int, margin: int) -> None:
        """Look at all photos in ``folder``, or a zip file of one; ``plan`` follows.

        In another size or margin what was overruled stays so, and no photo is looked at again.
        """
        if folder != self._folder:
            self._overruled, self._looks = {}, None
        elif self.plan is not None:
            self._overruled = {name: name in self.kept for name in self.kept ^ self.plan.kept}
        self._folder = folder
        self._settings.preparing.update(size=size, margin=margin)
        self._settings.folder = str(folder.parent)
        self.plan, self.made, self.kept = None, None, frozenset()

        def looked(progress: Progress) -> PreparationPlan:
            # Imported here, as the window is to stand before the trainer's modules are loaded.
            from trainer.preparing import proposals
            from trainer.preparing.cutting import Frame
            from trainer.preparing.looking import Looks

            if self._folder == folder and self._looks is None:
                self._looks = Looks()
            return proposals.propose(folder, Frame(size, margin / 100), progress, self._looks)

        self._do(self._looking, "looking", looked, self._take)

    def toggle(self, name: str) -> None:
        """Keep a photo after all, or leave it out after all; one that can't be read stays out."""
        if self.plan is None or self.busy:
            return
        meant = next((one for one in self.plan.proposals if one.name == name), None)
        if meant is not None and meant.readable:
            self.made = None
            self.kept = self.kept ^ {name}

    def suggested(self) -> Path | None:
        """A new folder beside that of the photos."""
        if self.plan is None:
            return None
        folder = self.plan.folder
        plain = folder.with_suffix("") if folder.suffix.lower() == ".zip" else folder
        return first_free(lambda ending: plain.with_name(f"{plain.name}-prepared{ending}"), Path.exists)

    def write(self, out: Path) -> None:
        """Make the new folder; ``made`` follows."""
        plan, kept = self.plan, self.kept
        if plan is not None and not self.busy:
            self._do(
                self._writing,
                "writing",
                lambda progress: _written(plan, kept, out, progress),
                self._end_writing,
            )

    def cancel(self) -> None:
        """End what is being done; what was written of a folder is taken away."""
        self._number += 1
        self._looking.forget()
        self._writing.forget()
        self.busy, self.share = "", 0.0

    def put_away(self) -> None:
        """As ``cancel``, and of what was seen only what is proposed is remembered."""
        self.cancel()
        self._looks = None

    def leave(self) -> None:
        """End of the program."""
        self.cancel()
        self._writing.stop()  # what was written of a folder is taken away
        self._looking.give_up()

    def _do(
        self,
        tasks: TaskQueue,
        what: str,
        work: Callable[[Progress], _Result],
        then: Callable[[_Result], None],
    ) -> None:
        self.cancel()
        number = self._number
        self.busy = what

        def progress(done: int, total: int) -> None:
            if number != self._number:
                raise _Superseded
            self._progressed.emit(number, done / max(1, total))

        def done() -> _Result | None:
            try:
                return work(progress)
            except _Superseded:
                return None

        def answered(result: _Result | None) -> None:
            if number == self._number and result is not None:
                self.busy = ""
                then(result)

        tasks.do(done, answered)

    def _take(self, plan: PreparationPlan) -> None:
        there = {one.name for one in plan.proposals if one.readable}
        said = {name: kept for name, kept in self._overruled.items() if name in there}
        self.kept = plan.kept - said.keys() | {name for name, kept in said.items() if kept}
        self.plan = plan

    def _end_writing(self, result: tuple[Path, list[str]]) -> None:
        out, unwritten = result
        for sentence in unwritten[:1]:
            self.error_reported.emit(sentence)
        self.made = out

    @Slot(int, float)
    def _progress(self, number: int, share: float) -> None:
        if number == self._number:
            self.share = share

    def _failed(self, sentence: str) -> None:
        self.busy, self.share = "", 0.0
        self.error_reported.emit(sentence)


class _Superseded(Exception):
    pass


def _written(
    plan: PreparationPlan, kept: frozenset[str], out: Path, progress: Progress
) -> tuple[Path, list[str]]:
    from trainer.preparing import writing

    try:
        _, unwritten = writing.write(plan, kept, out, progress)
    except (_Superseded, PictureError):
        writing.discard(out)
        raise
    return out, unwritten
