"""Making pairs by painting: photo after photo is drawn over, and goes with its drawing into a data set.

Each photo is a picture like any other, with layers, undo and a journal; what has been added is closed, what
has not stays open. Files are read and written away from the UI thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

import resources
from desktop.documents.on_canvas import OnCanvas
from desktop.documents.open_documents import OpenPicture
from desktop.paint.editing.document import Document
from desktop.paint.gestures.superpixels import hold, regions_in
from desktop.paint.layers.composite import to_rgb
from desktop.pairs import kept_drafts, line_draft, photos
from desktop.pairs.bulk_drafts import BulkDrafts
from desktop.pairs.kept_drafts import Drafts
from desktop.pairs.label_drafts import LabelDrafts
from desktop.pairs.line_draft import LineDraft
from desktop.pairs.photos import Photo, PhotoSet
from desktop.preview.matching import Matching
from desktop.support.observable import Observable, Property
from desktop.support.report_errors import ReportErrors, sentence_for
from desktop.support.settings import Settings
from desktop.support.task_queue import TaskQueue
from desktop.training.current import Training
from engine.data.card import InputKind
from engine.data.messages import Picture, Pixels
from engine.data.task import task_of
from engine.errors import PictureError
from engine.files.writing import stem
from trainer.files import pair_store

LoadedPhoto = tuple[Document, str, Pixels | None]
"""A picture to draw on, what there is to say of it, and the draft of labels that it begins with."""


class PairDrawing(Observable):
    """The photos to draw over, the one at hand, and the data set that grows.

    Args:
        canvas: where they are drawn over.
        settings: remember what was begun last.
        matching: tells what new pictures of a kind are held to.
        training: no drafts are learnt beside it.
        when_the_pen_is_up: calls something at once, or at the end of the stroke that goes on.
        parent: owns it.
    """

    photo_set = Property[PhotoSet | None](None)
    """None while no pairs are made."""
    index = Property(0)
    """Of the photo at hand, counted from 0."""
    busy = Property(False)
    """Something is being read or written."""
    here = Property(False)
    """The picture on the canvas is that of the photo at hand."""
    photo_shown = Property(True)
    photo_opacity = Property(0.5)
    """How densely the photo lies over the drawing, 0 to 1, while it is shown."""
    scanned = Property[PhotoSet | None](None)
    """What ``begin`` would begin with, as ``look`` found it."""
    objection = Property("")
    """Why it could not; a sentence."""

    finished = Signal()
    """Every photo has its pair."""

    def __init__(
        self,
        canvas: OnCanvas,
        settings: Settings,
        matching: Matching,
        training: Training,
        when_the_pen_is_up: Callable[[Callable[[], object]], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._settings, self._matching = canvas, settings, matching
        self._when_the_pen_is_up = when_the_pen_is_up
        self.draft = LineDraft(canvas, when_the_pen_is_up, self)
        self.labels = LabelDrafts(canvas, training, when_the_pen_is_up, self)
        self._recall()
        self._reading, self._writing = TaskQueue("reading photos", self), TaskQueue("pair drawing", self)
        for tasks in (self._reading, self._writing):
            tasks.error_reported.connect(self._failed)
        self._kind: InputKind = "sketch"
        self._picture: OpenPicture | None = None
        self._begun = 0
        """How often pairs were begun or ended: what was asked for before goes nowhere."""
        self.bulk_drafts = BulkDrafts(canvas, self.labels, self._writing, self)
        self.watch("photo_set", self._update_rest)
        self.bulk_drafts.went.connect(self._take_photo_set)
        canvas.watch("picture", self._notice_picture)

    @property
    def photo(self) -> Photo | None:
        """The photo at hand."""
        return self.photo_set.photos[self.index] if self.photo_set else None

    @property
    def draws_lines(self) -> bool:
        """Whether lines are drawn over the photos, rather than labels or colours."""
        return self.photo_set is not None and self._kind == "sketch"

    @property
    def draws_labels(self) -> bool:
        """Whether it is label maps that are made."""
        return self.photo_set is not None and self._kind == "labels"

    # --- begin and end -------------------------------------------------------------------------

    @staticmethod
    def folder(name: str) -> Path:
        """Where a data set of that name lies, unless the user has it elsewhere."""
        return resources.home("pairs", stem(name, "pairs"))

    def look(self, sources: Sequence[Path], kind: InputKind, folder: Path) -> None:
        """See what there is to do; ``scanned`` or ``objection`` follows."""
        palette = self._matching.palette_for(kind)

        def see() -> PhotoSet | str:
            try:
                return photos.find_photos(sources, kind, folder, palette)
            except (PictureError, OSError) as error:
                return sentence_for(error)

        self.scanned, self.objection = None, ""
        self._reading.do(see, self._take_scanned, "look")

    def begin(self, sources: Sequence[Path], kind: InputKind, folder: Path) -> None:
        """Draw over the photos in ``sources``, from the first that has no pair in ``folder``."""
        palette = self._matching.palette_for(kind)
        self._remember(photos=str(sources[0]), folder=str(folder), kind=kind)
        self.busy = True

        def read() -> tuple[PhotoSet, Drafts]:
            photo_set = photos.find_photos(sources, kind, folder, palette)
            return photo_set, kept_drafts.read(kept_drafts.drafts_folder(folder))

        def go_on(_none: None) -> None:
            self._reading.do(
                read, lambda found: self._when_the_pen_is_up(lambda: self._begin(kind, *found)), "begin"
            )

        self._writing.do(lambda: None, go_on, "begin")  # a pair that is being kept counts

    def _begin(self, kind: InputKind, photo_set: PhotoSet, drafts: Drafts) -> None:
        self.finish()
        self._kind, self.index = kind, 0
        if kind == "labels":
            photo_set = replace(photo_set, photos=kept_drafts.in_order(photo_set.photos, -1, drafts))
            self.labels.begin(photo_set, drafts)
        self.photo_set = photo_set
        first = self._without_pair(0)
        self._open(first if first is not None else 0)
        if first is None:
            self._canvas.notice.emit(self.tr("All of these photos have a pair; correct what you like."))

    def finish(self, folder: Path | None = None) -> None:
        """Make no more pairs, or none for the data set in ``folder``: others may be made by now. A drawing
        that was not added stays open."""
        if folder is not None and (self.photo_set is None or self.photo_set.folder != folder):
            return
        self.draft.cancel()
        self.labels.end()
        self._begun += 1
        old, self._picture = self._picture, None
        self.photo_set, self.busy = None, False
        self.here = False
        if old is not None and old in self._canvas.pictures:
            old.document.finish_stroke()  # it counts
            if old.is_saved:
                self._canvas.close_picture(old)

    def leave(self) -> None:
        """End of the program; what is not added yet is in the journal."""
        self.draft.leave()
        self.labels.leave()
        self.bulk_drafts.leave()
        self._writing.stop()
        self._reading.give_up()  # photos may lie where nothing answers any more

    # --- from photo to photo -------------------------------------------------------------------

    def step(self, by: int) -> None:
        """Go on to the next photo (1) or back to the one before (−1); the drawing is kept."""
        if self.photo_set is None or self.busy:
            return
        index = self.index + by
        if 0 <= index < len(self.photo_set.photos):
            self._open(index, by)
        else:
            last = self.tr("This is the last photo.") if by > 0 else self.tr("This is the first photo.")
            self._canvas.notice.emit(last)

    def back_to_photo(self) -> None:
        """Put the picture of the photo at hand on the canvas again."""
        if self.photo_set is not None and not self.busy:
            self._open(self.index)

    def _without_pair(self, start: int) -> int | None:
        """The first photo without a pair from ``start`` on, else before it; None where all have one."""
        assert self.photo_set is not None
        count = len(self.photo_set.photos)
        order = (number % count for number in range(start, start + count))
        return next((index for index in order if not self.photo_set.photos[index].pair), None)

    def _open(self, index: int, by: int = 1) -> None:
        """Bring a photo up; one that can't be read is passed over in the direction ``by``."""
        assert self.photo_set is not None
        photo_set, kind, photo, begun = self.photo_set, self._kind, self.photo_set.photos[index], self._begun
        for picture in self._canvas.pictures:
            if picture.document.kind == kind and photos.is_over(picture.document, photo):
                picture.document.extras["photo"] = photo.mark
                self._come_up(index, picture)
                return

        def read() -> LoadedPhoto | str:
            try:
                document, said = photos.picture_over(photo, kind, photo_set.palette, photo_set.folder)
                if kind == "labels" and (layer := photos.photo_layer(document)) is not None:
                    hold(document, layer.pixels)  # smart fill is to find them, and the draft, hours later
                return document, said, self._drafted(photo, document)
            except PictureError as error:
                return str(error)

        def arrive(found: LoadedPhoto | str) -> None:
            self._when_the_pen_is_up(lambda: self._take(begun, index, by, found))

        self.busy = True
        self._reading.do(read, arrive, "open")

    def _take(self, begun: int, index: int, by: int, found: LoadedPhoto | str) -> None:
        if begun != self._begun or self.photo_set is None:
            return
        # Drafts may have gone into the data set meanwhile; the order stays while something is read.
        photo_set = self.photo_set
        self.busy = False
        if not isinstance(found, str):
            document, said, labels = found
            before = self._canvas.picture
            if (
                before is not None and before.document.kind == document.kind
            ):  # its preview goes on in the same style
                document.take_styles(before.document.style, before.document.named_styles)
            picture = OpenPicture(document, title=photo_set.photos[index].file.stem)
            self._come_up(index, picture)
            if labels is not None:
                self.labels.lay(document, labels)
            elif self.draws_labels:  # smart fill will ask for them
                self._look_for_regions(document)
                self._take_drafts()  # one may have come while the photo was read
            if said:
                self._canvas.error_reported.emit(said)
            return
        self._canvas.error_reported.emit(self.tr("%s It is passed over.") % found)
        if 0 <= index + by < len(photo_set.photos):
            self._open(index + by, by)
        elif self._picture is None:
            self.finish()

    def _come_up(self, index: int, picture: OpenPicture) -> None:
        canvas, old = self._canvas, self._picture
        self._picture, self.index = picture, index
        canvas.put_up(picture)
        if old is not None and old is not picture and old.is_saved and old in canvas.pictures:
            canvas.close_picture(old)
        self._show_photo()
        self._notice_picture()

    def _notice_picture(self) -> None:
        picture = self._picture
        self.here = self.photo_set is not None and picture is not None and picture is self._canvas.picture

    # --- drafts --------------------------------------------------------------------------------

    def draw_draft(self) -> None:
        """Draw the first draft of the photo at hand, of its lines or of its labels."""
        photo = self.photo
        if not self.draws_labels or photo is None:
            self.draft.draw()
        elif self.here:
            with ReportErrors(self._canvas.error_reported.emit):
                self.labels.draw(photo)

    def _drafted(self, photo: Photo, document: Document) -> Pixels | None:
        """On the task queue's thread: the draft of labels with which a picture is to begin."""
        layer = photos.photo_layer(document)
        if document.palette is None or photo.pair or layer is None or not self.labels.filling:
            return None
        return self.labels.found(photo, to_rgb(layer.pixels), len(document.palette.labels))

    def _look_for_regions(self, document: Document) -> None:
        layer = photos.photo_layer(document)
        if layer is not None:
            pixels = layer.pixels.copy()
            self._reading.do(lambda: regions_in(pixels), lambda _regions: None, "regions")

    def _take_drafts(self) -> None:
        """There are others: the photo at hand may have waited for one."""
        self._order()
        photo, drafts = self.photo, self.labels.drafts
        if photo is None or drafts is None or not drafts.maps or not self.here or self.busy:
            return
        if self.labels.filling and not photo.pair and not self._canvas.document.can_undo:
            with suppress(PictureError):  # cropped, say
                self.labels.draw(photo, quietly=True)

    def _order(self) -> None:
        """Other drafts: of the photos to come, the least certain is offered first."""
        photo_set, drafts = self.photo_set, self.labels.drafts
        if photo_set is None or drafts is None or self.busy:
            return
        ordered = kept_drafts.in_order(photo_set.photos, self.index, drafts)
        if ordered != photo_set.photos:
            self.photo_set = replace(photo_set, photos=ordered)

    def _recall(self) -> None:
        """What was chosen last, as far as it makes sense, and note what is chosen from now on."""
        choices = self._settings.pairs
        self.draft.sure = line_draft.remembered(choices)
        self.labels.filling = choices.get("drafts") != "no"
        self.draft.changed.connect(self._note)
        self.labels.changed.connect(self._note)
        self.labels.watch("drafts", self._take_drafts)

    def _note(self, name: str) -> None:
        if name == "sure":
            self._remember(sure=f"{self.draft.sure:g}")
        elif name == "filling":
            self._remember(drafts="yes" if self.labels.filling else "no")

    def _remember(self, **choices: str) -> None:
        self._settings.pairs = {**self._settings.pairs, **choices}

    # --- what is seen --------------------------------------------------------------------------

    def toggle_photo(self) -> None:
        """Show the photo over the drawing, or the drawing alone."""
        self.photo_shown = not self.photo_shown
        self._show_photo()

    def set_photo_opacity(self, opacity: float) -> None:
        """From the drawing alone, 0, to the photo alone, 1."""
        self.photo_opacity, self.photo_shown = opacity, True
        self._show_photo()

    def _show_photo(self) -> None:
        picture = self._picture
        layer = photos.photo_layer(picture.document) if picture is not None else None
        if picture is not self._canvas.picture or layer is None:
            return
        if (layer.visible, layer.opacity) != (self.photo_shown, self.photo_opacity):
            self._canvas.show_reference(layer.id, visible=self.photo_shown, opacity=self.photo_opacity)

    # --- into the data set ---------------------------------------------------------------------

    def add(self) -> None:
        """Put photo and drawing into the data set as a pair, and go on to the next photo without one."""
        canvas, photo_set, photo = self._canvas, self.photo_set, self.photo
        if photo_set is None or photo is None or self.busy or not self.here:
            return
        canvas.finish_stroke()
        picture = canvas.picture
        assert picture is not None
        document = picture.document
        with ReportErrors(canvas.error_reported.emit):
            if photo_set.palette is not None and document.palette != photo_set.palette:
                text = self.tr("The data set is painted in the labels of “%s”; choose that palette again.")
                raise PictureError(text % photo_set.palette.name)
            if document.is_blank:
                text = self.tr("Nothing is drawn over “%s” yet; draw something, or skip the photo.")
                raise PictureError(text % photo.file.name)
            drawn, seen = document.picture(), photos.photo_in(document)
            revision, begun = document.revision, self._begun
            self.busy = True
            self._writing.do(
                lambda: self._keep(photo_set, photo, drawn, seen),
                lambda kept: self._added(begun, photo, picture, revision, *kept),
            )

    def _keep(self, photo_set: PhotoSet, photo: Photo, drawn: Picture, seen: Pixels) -> tuple[Photo, int]:
        """On the task queue's thread: the photo with its pair, and how many pairs there are now."""
        task = task_of(self._kind)
        photos.refuse_gone(photo_set)
        pair = pair_store.keep(photo_set.folder, drawn, seen, task, photo_set.palette, photo.origin)
        return replace(photo, pair=pair, draft=False), len(pair_store.names(photo_set.folder))

    def _added(
        self, begun: int, former: Photo, picture: OpenPicture, revision: int, photo: Photo, pairs: int
    ) -> None:
        if begun != self._begun or self.photo_set is None:
            return
        self.busy = False
        photo_set = self.photo_set  # as it is now: the rest of the drafts may have been taken meanwhile
        index = next(number for number, other in enumerate(photo_set.photos) if other.mark == photo.mark)
        others = (photo if other.mark == photo.mark else other for other in photo_set.photos)
        drafts = photo_set.drafts - {photo.pair}
        self.photo_set = replace(photo_set, photos=tuple(others), pairs=pairs, drafts=drafts)
        self._order()
        if self.draws_labels:
            self.labels.follow(self.photo_set, self.index)
        self._when_the_pen_is_up(lambda: self._go_on(begun, index, bool(former.pair), picture, revision))

    def _go_on(self, begun: int, index: int, again: bool, picture: OpenPicture, revision: int) -> None:
        """The pair of the photo at ``index`` is kept, or kept ``again``: come to the next without."""
        if begun != self._begun or self.photo_set is None:
            return
        if picture.document.revision != revision:
            self._canvas.notice.emit(
                self.tr("Added without your last strokes; add it again to have them in.")
            )
            return
        self._canvas.mark_saved(picture)
        following = self._without_pair(index + 1)
        if following is None and not again:
            self.finished.emit()
        elif self.here and following is not None:
            self._open(following)
        elif self.here:
            self.step(1)

    def _update_rest(self) -> None:
        self.bulk_drafts.photo_set = self.photo_set if self.draws_labels else None

    def _take_photo_set(self, photo_set: PhotoSet) -> None:
        """Drafts went into the data set, or out of it."""
        if self.photo_set is None or self.photo_set.folder != photo_set.folder:
            return
        self.photo_set = photo_set
        self.labels.follow(photo_set, self.index)

    def _take_scanned(self, found: PhotoSet | str) -> None:
        if isinstance(found, str):
            self.objection = found
        else:
            self.scanned = found

    def _failed(self, sentence: str) -> None:
        self.busy = False
        self._canvas.error_reported.emit(sentence)
