"""A sketch on paper, photographed: from the photo to lines on the canvas, everything slow beside the pen.

Nothing of it is kept but what is put on the canvas in the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from desktop.documents.on_canvas import OnCanvas, comes_up
from desktop.documents.open_documents import OpenPicture
from desktop.inputs import arriving, cleaning, sheet
from desktop.inputs.cleaning import Cleaned
from desktop.inputs.sheet import Corners
from desktop.paint.editing.document import Change, Document, Role
from desktop.paint.editing.limits import check_size
from desktop.paint.layers import overhang
from desktop.paint.layers.composite import from_straight, packed
from desktop.paint.layers.layer import Packed
from desktop.support.file_work import FileWork, Job
from desktop.support.observable import Observable, Property
from desktop.support.task_queue import TaskQueue
from engine.data.messages import Pixels
from engine.data.picture import read
from engine.data.rect import Rect
from engine.errors import PictureError
from engine.files.writing import shown

LONGEST = 1024
"""Pixels along the longer edge of what is made of it."""
ENOUGH = 1800
"""Pixels along the longer edge of the photo that will do; a larger one is reduced while it is read."""


@dataclass(frozen=True)
class Settings:
    """How a photo is cleaned."""

    corners: tuple[tuple[float, float], ...]
    """Of the sheet, in pixels of the photo: top left, top right, bottom right, bottom left."""
    strength: float = cleaning.USUAL
    """0, only what is drawn firmly, to 1, the faintest lines as well."""
    colours: bool = True
    """Keep coloured marks as hints."""

    @property
    def array(self) -> Corners:
        """The corners as float64 (4, 2)."""
        return np.array(self.corners, np.float64)


class Paper(Observable):
    """The photo that is being cleaned.

    Args:
        canvas: gets what comes of it.
        work: reads photos.
        when_the_pen_is_up: calls something at once, or at the end of the stroke that goes on.
        remembered: how photos are cleaned, see ``Settings.paper`` of the program.
        parent: owns it.
    """

    photo = Property[Pixels | None](None)
    """uint8 (H, W, 3); None while there is none."""
    name = Property("")
    settings = Property[Settings | None](None)
    found = Property(False)
    """The sheet was found; else all of the photo is taken for it."""
    result = Property[Cleaned | None](None)
    """What the settings make of it, or those before made."""
    behind = Property(False)
    """The result is not that of the settings yet."""

    arrived = Signal()
    """There is a photo to be cleaned."""

    def __init__(
        self,
        canvas: OnCanvas,
        work: FileWork,
        when_the_pen_is_up: Callable[[Callable[[], object]], object],
        remembered: dict[str, int],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._remembered = remembered
        self._canvas, self._work, self._when_the_pen_is_up = canvas, work, when_the_pen_is_up
        self._queue = TaskQueue("paper", self)
        self._queue.error_reported.connect(canvas.error_reported)
        self._sheet: tuple[tuple[tuple[float, float], ...], cleaning.Sheet] | None = None
        self._first: Corners | None = None

    # --- the photo -----------------------------------------------------------------------------

    def open(self, path: Path) -> Job:
        """Read the photo in ``path``; ``arrived`` follows."""
        path = path.absolute()
        self._canvas.finish_stroke()  # later ones are waited for

        def look(_job: Job) -> tuple[Pixels, Corners | None]:
            photo = read(path, enough=ENOUGH).pixels
            return photo, found_in(photo)

        return self._work.read(
            self.tr("Opening “%s”") % shown(path.name),
            look,
            lambda it: self._when_the_pen_is_up(lambda: self._begin(shown(path.stem), *it)),
        )

    def take(self, photo: Pixels) -> Job:
        """Clean a photo that was copied, uint8 (H, W, 3); ``arrived`` follows."""
        self._canvas.finish_stroke()
        return self._work.read(
            self.tr("Looking for the sheet"),
            lambda _job: found_in(photo),
            lambda corners: self._when_the_pen_is_up(lambda: self._begin(self.tr("Sketch"), photo, corners)),
        )

    def leave_it(self) -> None:
        """Forget the photo."""
        self._queue.forget()
        self.photo = self.settings = self.result = None
        self.behind, self._sheet, self._first = False, None, None

    def leave(self) -> None:
        """End of the program."""
        self._queue.give_up()  # nothing is written

    def _begin(self, name: str, photo: Pixels, corners: Corners | None) -> None:
        self.leave_it()
        self.name, self.photo, self.found, self._first = name, photo, corners is not None, corners
        self.find_again()
        self.arrived.emit()

    # --- how it is cleaned ---------------------------------------------------------------------

    def find_again(self) -> None:
        """Put the corners where the sheet was found; else, around all of the photo."""
        if self.photo is not None:
            height, width = self.photo.shape[:2]
            self._put(self._first if self._first is not None else sheet.whole(width, height))

    def take_all(self) -> None:
        """Take all of the photo for the sheet."""
        if self.photo is not None:
            self._put(sheet.whole(self.photo.shape[1], self.photo.shape[0]))

    def move_corner(self, number: int, x: float, y: float) -> None:
        """Have one corner elsewhere in the photo; a place where the sheet would have a dent is none."""
        if self.photo is None or self.settings is None:
            return
        height, width = self.photo.shape[:2]
        corners = self.settings.array
        corners[number] = min(max(x, 0.0), width), min(max(y, 0.0), height)
        if sheet.is_quad(corners):
            self._put(corners)

    def set_strength(self, strength: float) -> None:
        """How faint lines are kept, 0 to 1; of the next photo as well."""
        self._remembered["strength"] = round(strength * 100)
        self._change(strength=strength)

    def set_colours(self, on: bool) -> None:
        """Whether coloured marks are kept as hints; of the next photo as well."""
        self._remembered["colours"] = int(on)
        self._change(colours=on)

    def _put(self, corners: Corners) -> None:
        self._change(corners=tuple((float(x), float(y)) for x, y in corners))

    def _change(
        self,
        corners: tuple[tuple[float, float], ...] | None = None,
        strength: float | None = None,
        colours: bool | None = None,
    ) -> None:
        old, photo = self.settings, self.photo
        if photo is None:
            return
        if old is None:
            usual = self._remembered.get("strength", round(cleaning.USUAL * 100)) / 100
            old = Settings((), usual, bool(self._remembered.get("colours", 1)))
        settings = Settings(
            corners or old.corners,
            old.strength if strength is None else strength,
            old.colours if colours is None else colours,
        )
        if settings == old:
            return
        self.settings, self.behind = settings, True
        known = self._sheet

        def clean() -> tuple[cleaning.Sheet, Cleaned]:
            measured = (
                known[1] if known and known[0] == settings.corners else _measured(photo, settings.array)
            )
            return measured, cleaning.drawn(measured, settings.strength, settings.colours)

        def arrive(made: tuple[cleaning.Sheet, Cleaned]) -> None:
            self._sheet = settings.corners, made[0]
            self.result = made[1]
            self.behind = self.settings != settings

        self._queue.do(clean, arrive, kind="clean")

    # --- where it goes -------------------------------------------------------------------------

    def finish(self, onto: OpenPicture | None) -> bool:
        """Put the result on the canvas as one step, and forget the photo; False while there is none yet, or
        no room for it, which is said.

        Args:
            onto: the sketch that gets it as layers; None for a sketch of its own.
        """
        result, name = self.result, self.name
        if result is None or self.behind:
            return False
        if onto is not None:
            try:
                if onto not in self._canvas.pictures:
                    text = self.tr("That sketch was closed meanwhile; let this become one of its own.")
                    raise PictureError(text)
                _check_room(onto.document, result)
            except PictureError as error:
                self._canvas.error_reported.emit(str(error))
                return False
        self.leave_it()
        if onto is not None:
            self._when_the_pen_is_up(lambda: self._add_layers(onto, name, result))
        else:
            self._when_the_pen_is_up(lambda: self._put_up(name, result))
        return True

    def _put_up(self, name: str, result: Cleaned) -> None:
        height, width = result.lines.shape
        self._canvas.put_up(OpenPicture(Document.new("sketch", width, height), title=name))

        def draw(document: Document) -> Change | None:
            ids = {layer.role: layer.id for layer in document.layers}
            patches: dict[Role, Packed] = {Role.LINES: packed(from_straight(_ink(result)))}
            if result.hints is not None:
                patches[Role.HINTS] = packed(from_straight(result.hints))
            new = arriving.Arrival(result.flat, Rect(0, 0, width, height), patches)
            ids = {role: id for role, id in ids.items() if role in patches}
            step = arriving.refreshing(document, ids, new, result, self.tr("Sketch from paper"))
            return document.refresh(step) if step is not None else None

        self._canvas.edit(draw)

    def _add_layers(self, picture: OpenPicture, name: str, result: Cleaned) -> None:
        if not comes_up(self._canvas, picture):
            return

        def add(document: Document) -> Change:
            if result.hints is None:
                return document.add_layer(Role.LINES, name, _ink(result))
            _check_room(document, result)  # another layer may have come since: both are added, or none
            change = document.add_layer(Role.HINTS, self.tr("%s · colours") % name, result.hints)
            change = change.united(document.add_layer(Role.LINES, name, _ink(result)))
            document.history.join()
            return change

        self._canvas.edit(add)


def _check_room(document: Document, result: Cleaned) -> None:
    """Raises PictureError: the layers that the result becomes don't fit into the picture."""
    count = len(document.layers) + (1 if result.hints is None else 2)
    beyond = overhang.extent(document.layers, document.bounds)
    check_size(document.width, document.height, count, beyond)


def found_in(photo: Pixels) -> Corners | None:
    """Where the sheet is; on any thread.

    Raises:
        PictureError: nothing could be seen in a photo so small.
    """
    if min(photo.shape[:2]) < 32:
        raise PictureError("The photo is too small to find lines in; take one of 32 pixels or more each way.")
    return sheet.find(photo)


def _measured(photo: Pixels, corners: Corners) -> cleaning.Sheet:
    ratio = sheet.proportions(corners, photo.shape[1], photo.shape[0])
    size = (
        (LONGEST, max(16, round(LONGEST / ratio)))
        if ratio > 1
        else (max(16, round(LONGEST * ratio)), LONGEST)
    )
    return cleaning.measured(sheet.rectified(photo, corners, *size))


def _ink(result: Cleaned) -> Pixels:
    """uint8 (H, W, 4) straight RGBA: black, as dense as the lines are."""
    ink = np.zeros((*result.lines.shape, 4), np.uint8)
    ink[..., 3] = 255 - result.lines
    return ink
