"""Not every map needs a hand: the drafts that are left, taken into the data set as they are, and out again.

They are marked as drafts there (``trainer.files.pair_store``): nothing is learnt from them for other drafts,
and what was corrected since stays when they are taken back.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from PySide6.QtCore import QObject, Qt, Signal

from desktop.documents.on_canvas import OnCanvas
from desktop.pairs import kept_drafts, photos
from desktop.pairs.kept_drafts import Drafts
from desktop.pairs.label_drafts import LabelDrafts
from desktop.pairs.photos import Photo, PhotoSet
from desktop.support.observable import Observable, Property
from desktop.support.task_queue import TaskQueue
from engine.data.messages import Picture
from engine.data.palette import Palette
from engine.data.picture import read
from engine.data.task import task_of
from engine.errors import PictureError
from trainer.files import pair_store

CERTAIN = 0.5
"""Drafts of which fewer pixels are held to be right are left out, unless somebody wants them."""
EDGE = 256
"""Pixels of the longer edge of what is shown of one."""
_OVER = 0.6
"""How densely its labels lie over the photo there."""


@dataclass(frozen=True)
class Proposal:
    """A photo without a map, and what there is for it."""

    photo: Photo
    certainty: float
    """Which share of its pixels is held to be right, 0 to 1."""
    thumb: bytes
    """The photo under its draft, JPEG."""


class Store(NamedTuple):
    """What is in the data set now."""

    pairs: int
    drafts: frozenset[str]
    """Those of them that are drafts, taken as they were."""


@dataclass(frozen=True)
class Taken:
    """What came of taking them."""

    folder: Path
    """The data set."""
    store: Store
    names: dict[str, str]
    """Of the pairs that are new, by the marks of their photos."""
    certainty: float
    """Of these, on average."""
    lost: int = 0
    """Drafts that could not be taken: the photo is gone, say."""
    wrong: str = ""
    """Why it ended early; a sentence."""


class BulkDrafts(Observable):
    """What drafts there are for the photos that have no map, and which of them are wanted.

    Args:
        canvas: photos that somebody is painting over are left alone.
        labels: has the drafts.
        writing: the queue on which the data set is written to.
        parent: owns it.
    """

    photo_set = Property[PhotoSet | None](None)
    """The photos whose label maps are made; None while none are."""
    proposals = Property[tuple[Proposal, ...]](())
    """The least certain first."""
    chosen = Property[frozenset[str]](frozenset())
    """The marks of those that are to be taken."""
    busy = Property("")
    """“looking”, “taking”, or nothing."""
    share = Property(0.0)
    """How far that is, 0 to 1."""

    went = Signal(object)
    """Pairs came or went: the ``PhotoSet`` as it is now."""
    taken = Signal(object)
    """``Taken``."""
    _went_on = Signal(object, float)

    def __init__(
        self, canvas: OnCanvas, labels: LabelDrafts, writing: TaskQueue, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._canvas, self._labels, self._writing = canvas, labels, writing
        self._looking = TaskQueue("rest of drafts", self)
        self._looking.error_reported.connect(canvas.error_reported)
        self._looking.error_reported.connect(self._looked_in_vain)
        writing.error_reported.connect(self._failed)
        self._given_up = threading.Event()
        self._went_on.connect(self._go_on, Qt.ConnectionType.QueuedConnection)

    @property
    def waiting(self) -> list[Photo]:
        """The photos that have a draft, and neither a map nor a hand at work on one."""
        photo_set, drafts = self.photo_set, self._labels.drafts
        if photo_set is None or drafts is None:
            return []
        known = {mark for mark, _ in drafts.doubts}
        begun = {picture.photo for picture in self._canvas.pictures if not picture.is_saved}
        left = (photo for photo in photo_set.photos if not photo.pair)
        return [photo for photo in left if photo.mark in known - begun]

    def look(self, least: float = CERTAIN) -> None:
        """See what drafts there are; ``proposals`` follow.

        Args:
            least: how certain those are that are chosen to begin with, 0 to 1.
        """
        photo_set, drafts = self.photo_set, self._labels.drafts
        self.cancel()
        self.proposals, self.chosen = (), frozenset()
        if photo_set is None or drafts is None or photo_set.palette is None:
            return
        wanted, palette, given_up = self.waiting, photo_set.palette, self._begin("looking")

        def see() -> list[Proposal]:
            found = (_proposal(photo, drafts, palette) for photo in self._counted(wanted, given_up))
            return sorted((one for one in found if one), key=lambda one: one.certainty)

        self._looking.do(see, lambda found: self._show(found, least, given_up))

    def choose(self, least: float) -> None:
        """Take those that are so certain, 0 to 1, and no others."""
        if self.busy != "taking":
            self.chosen = frozenset(one.photo.mark for one in self.proposals if one.certainty >= least)

    def toggle(self, mark: str) -> None:
        """Take one after all, or leave it out after all."""
        if not self.busy and any(one.photo.mark == mark for one in self.proposals):
            self.chosen = self.chosen ^ {mark}

    def take(self) -> None:
        """Put those that are chosen into the data set as they are; ``taken`` tells what came of it."""
        self._canvas.finish_stroke()  # its photo is begun by that
        photo_set, drafts = self.photo_set, self._labels.drafts
        allowed = {photo.mark for photo in self.waiting}
        wanted = [one for one in self.proposals if one.photo.mark in self.chosen & allowed]
        if photo_set is None or drafts is None or photo_set.palette is None or self.busy or not wanted:
            return
        given_up, palette = self._begin("taking"), photo_set.palette
        self._writing.do(lambda: self._kept(photo_set, palette, wanted, drafts, given_up), self._end)

    def take_back(self, folder: Path, names: Iterable[str]) -> None:
        """Take drafts out of a data set again; those that were corrected since stay."""
        wanted = frozenset(names)
        self._writing.do(lambda: _back(folder, wanted), lambda it: self._taken_back(folder, *it))

    def cancel(self) -> None:
        """End what is being done; drafts that were taken already stay in the data set."""
        self._given_up.set()
        if self.busy == "looking":
            self._looking.forget()
            self.busy = ""

    def leave(self) -> None:
        """End of the program."""
        self._given_up.set()
        self._looking.give_up()  # photos may lie where nothing answers any more

    def _failed(self) -> None:
        if self.busy == "taking":
            self.busy = ""

    def _looked_in_vain(self) -> None:
        if self.busy == "looking":
            self.busy = ""

    def _begin(self, what: str) -> threading.Event:
        self._given_up = threading.Event()
        self.busy, self.share = what, 0.0
        return self._given_up

    def _counted(self, wanted: list[Photo], given_up: threading.Event) -> Iterable[Photo]:
        for number, photo in enumerate(wanted):
            if given_up.is_set():
                return
            self._went_on.emit(given_up, number / len(wanted))
            yield photo

    def _go_on(self, what: threading.Event, share: float) -> None:
        if what is self._given_up and self.busy:
            self.share = share

    def _show(self, found: list[Proposal], least: float, given_up: threading.Event) -> None:
        if given_up is self._given_up:
            self.busy = ""
            self.proposals = tuple(found)
            self.choose(least)

    def _kept(
        self,
        photo_set: PhotoSet,
        palette: Palette,
        wanted: list[Proposal],
        drafts: Drafts,
        given_up: threading.Event,
    ) -> Taken:
        """On the writing queue's thread."""
        known = {one.photo.mark: one.certainty for one in wanted}
        names: dict[str, str] = {}
        lost, wrong = 0, ""
        photos.refuse_gone(photo_set)
        # What was drawn by hand in the last moment is no draft.
        done = pair_store.manifest_of(photo_set.folder) if pair_store.is_kept(photo_set.folder) else None
        for photo in self._counted([one.photo for one in wanted], given_up):
            if done is not None and pair_store.pair_of(photo_set.folder, done, photo.origin):
                continue
            try:
                pixels = photos.reduced(read(photo.file).pixels)
            except PictureError:
                lost += 1
                continue
            if photos.was_replaced(photo):  # the draft is of another picture
                lost += 1
                continue
            labels = kept_drafts.labels_of(drafts, photo.mark, pixels, len(palette.labels), passing=True)
            if labels is None:
                lost += 1
                continue
            picture, certainty = Picture(pixels=palette.colours[labels]), known[photo.mark]
            try:
                names[photo.mark] = pair_store.keep(
                    photo_set.folder, picture, pixels, task_of("labels"), palette, photo.origin, certainty
                )
            except PictureError as error:  # of no other will it be otherwise
                wrong = str(error)
                break
        certainty = float(np.mean([known[mark] for mark in names])) if names else 0.0
        return Taken(photo_set.folder, _store(photo_set.folder), names, certainty, lost, wrong)

    def _end(self, taken: Taken) -> None:
        self.busy = ""
        names = taken.names
        self._update_photos(
            taken.folder,
            taken.store,
            lambda it: replace(it, pair=names[it.mark], draft=True) if it.mark in names else it,
        )
        self.proposals = tuple(one for one in self.proposals if one.photo.mark not in names)
        self.chosen = self.chosen - set(names)
        if taken.wrong:
            self._canvas.error_reported.emit(taken.wrong)
        self.taken.emit(taken)

    def _taken_back(self, folder: Path, gone: set[str], store: Store) -> None:
        self._update_photos(
            folder, store, lambda it: replace(it, pair="", draft=False) if it.pair in gone else it
        )
        text = self.tr("1 draft is out of the data set again.")
        if len(gone) != 1:
            text = self.tr("%d drafts are out of the data set again.") % len(gone)
        self._canvas.notice.emit(text)

    def _update_photos(self, folder: Path, store: Store, changed: Callable[[Photo], Photo]) -> None:
        """The photos may be another one by now."""
        photo_set = self.photo_set
        if photo_set is not None and photo_set.folder == folder:
            there = tuple(map(changed, photo_set.photos))
            self.went.emit(replace(photo_set, photos=there, pairs=store.pairs, drafts=store.drafts))


def _proposal(photo: Photo, drafts: Drafts, palette: Palette) -> Proposal | None:
    """None where photo or draft can't be read."""
    planes = kept_drafts.chances(drafts, photo.mark, len(palette.labels))
    if planes is None:
        return None
    try:
        seen = Image.fromarray(read(photo.file).pixels)
    except PictureError:
        return None
    if photos.was_replaced(photo):  # the draft is of another picture
        return None
    seen.thumbnail((EDGE, EDGE), Image.Resampling.BOX, reducing_gap=2.0)
    colours = Image.fromarray(palette.colours[planes.argmax(0)])
    packed = io.BytesIO()
    Image.blend(seen, colours.resize(seen.size, Image.Resampling.NEAREST), _OVER).save(packed, "JPEG")
    return Proposal(photo, kept_drafts.certainty(planes), packed.getvalue())


def _back(folder: Path, names: frozenset[str]) -> tuple[set[str], Store]:
    """On the writing queue's thread."""
    gone = pair_store.take_back(folder, names)
    return gone, _store(folder)


def _store(folder: Path) -> Store:
    there = pair_store.names(folder)
    return Store(len(there), frozenset(pair_store.manifest_of(folder).drafts) & there)
