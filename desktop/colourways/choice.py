"""The sets of colours of the picture on the canvas: where they come from; each change of them is a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop.colourways.lots import Lots
from desktop.colourways.photos import colours_in, main_colours
from desktop.colourways.sets import MOST, ColourSet, code_of, from_notes, own_in, read_sets, to_notes
from desktop.documents.on_canvas import OnCanvas
from desktop.documents.open_documents import OpenPicture
from desktop.paint.editing.document import Change, Document
from desktop.preview.live import Live
from desktop.support.file_work import FileWork, Job
from desktop.support.observable import Observable, Property
from engine.data.palette import Colour
from engine.data.style import LONGEST_NAME, Code
from engine.files.writing import shown

LEAST, USUAL = 4, 8
"""Sets on show."""
KEY = "colourways"
"""Under which the sets are kept with the document."""


@dataclass(frozen=True, eq=False)
class Arrival:
    """What was read of a file."""

    picture: OpenPicture | None
    """That it is for."""
    path: Path
    found: Sequence[ColourSet] | Sequence[Colour]


class Choice(Observable):
    """Which sets there are.

    Args:
        canvas: where the picture is.
        live: the model.
        file_work: reads palettes and photos.
        parent: owns it.
    """

    own = Property[tuple[Colour, ...]](())
    """The drawing's colours, the one that covers most first."""
    excuse = Property("")
    """Why there is nothing to see; a sentence, or nothing."""
    styles = Property[tuple[str, ...] | None](None)
    """Names of the styles that a set may have; None where the model knows no styles."""
    styled = Property(False)
    """Sets that are drawn have styles of their own, where the model knows any."""

    chosen = Signal()
    """Other sets have been chosen."""

    def __init__(
        self, canvas: OnCanvas, live: Live, file_work: FileWork, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._canvas, self._live, self._file_work = canvas, live, file_work
        self._sets: tuple[ColourSet, ...] = ()
        self._noted: object = None
        """What is noted of these sets with the picture: somebody has chosen them; None while they follow the
        drawing's colours."""
        self._refused: object = None
        """What is noted with the picture and makes no sense."""
        self._order: tuple[Colour, ...] = ()
        """The drawing's colours when these were chosen, in the order in which they have others for them."""
        self._arrivals: tuple[Arrival, ...] = ()
        self._lots = Lots()
        self.watch("styled", self._draw_anew)

    def wanted(self, colours: ColourSet) -> tuple[Colour, ...]:
        """What each of the drawing's colours becomes."""
        return (*colours.colours[: len(self.own)], *self.own[len(colours.colours) :])

    # --- changing them -------------------------------------------------------------------------

    def shuffle(self) -> None:
        """Draw others by chance; the first stays."""
        if self._sets:
            self._lots.shake()
            text = self.tr("Shuffle colourways")
            self._put((self._sets[0], *self._drawn(len(self._sets) - 1)), text)

    def show_so_many(self, count: int) -> None:
        """Have 4 to 16 sets: those at the end go, or more are drawn."""
        count = min(max(count, LEAST), MOST)
        if self._sets and count != len(self._sets):
            drawn = self._drawn(count - 1)
            text = self.tr("Number of colourways")
            self._put((*self._sets[:count], *drawn[len(self._sets) - 1 :]), text)

    def take_file(self, path: Path) -> Job:
        """Have the sets of a JSON file, or sets drawn of the colours of a palette file or a photo."""
        card, picture = self._live.card, self._canvas.picture
        named = {style.name for style in self._canvas.document.named_styles}

        def look(_job: Job) -> tuple[ColourSet, ...] | tuple[Colour, ...]:
            if path.suffix.lower() != ".json":
                return colours_in(path)
            sets = read_sets(path)
            for one in sets:
                if one.style is not None and card is not None and one.style not in named:
                    card.code(one.style)
            return sets

        return self._file_work.read(
            self.tr("Reading “%s”") % shown(path.name),
            look,
            lambda found: self._arrive(Arrival(picture, path, found)),
        )

    def take_photo(self, path: Path) -> Job:
        """Have sets drawn of the main colours of a photo."""
        picture = self._canvas.picture
        return self._file_work.read(
            self.tr("Reading “%s”") % shown(path.name),
            lambda _job: main_colours(path),
            lambda found: self._arrive(Arrival(picture, path, found)),
        )

    def change(self, number: int, index: int, colour: Colour) -> None:
        """Have another colour in a set."""
        old = self._sets[number]
        row = list(self.wanted(old)) + list(old.colours[len(self.own) :])
        row[index] = colour
        self._swap(number, replace(old, colours=tuple(row)), self.tr("Colour of a colourway"))

    def restyle(self, number: int, style: str | int | None) -> None:
        """Have a set in a style, a name or a seed; None for the drawing's own."""
        if style != self._sets[number].style:
            self._swap(number, replace(self._sets[number], style=style), self.tr("Style of a colourway"))

    def rename(self, number: int, name: str) -> None:
        """Call a set otherwise; says so where that can't be."""
        name = name.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            self._canvas.error_reported.emit(self.tr("A name needs 1 to %d letters.") % LONGEST_NAME)
        elif name != self._sets[number].name:
            self._swap(number, replace(self._sets[number], name=name), self.tr("Rename a colourway"))

    def move(self, number: int, to: int) -> None:
        """Put a set elsewhere in the row; those that are called by the number of their place go on to be."""
        if number != to and 0 <= to < len(self._sets):
            row = [(one, one.is_numbered(place)) for place, one in enumerate(self._sets, start=1)]
            row.insert(to, row.pop(number))
            sets = (
                replace(one, name=str(place)) if numbered else one
                for place, (one, numbered) in enumerate(row, start=1)
            )
            self._put(tuple(sets), self.tr("Move a colourway"))

    # --- inside --------------------------------------------------------------------------------

    def _arrive(self, arrival: Arrival) -> None:
        """A file was read: what is in it is for the picture that was on the canvas then, and no other."""
        self._arrivals = (*self._arrivals, arrival)
        self._let_arrive()
        if arrival in self._arrivals and arrival.picture is not self._canvas.picture:
            text = self.tr("“%s” is for “%s”, and waits until that is on the canvas again.")
            self._canvas.notice.emit(
                text % (shown(arrival.path.name), arrival.picture.name if arrival.picture else "")
            )

    def _let_arrive(self) -> None:
        """Use what was read for the picture on the canvas, if that can be now; forget what was for others
        that are closed."""
        arrivals, here = self._arrivals, self._canvas.picture
        self._arrivals = tuple(it for it in arrivals if it.picture in self._canvas.pictures)
        while self._is_ready() and (first := next((it for it in self._arrivals if it.picture is here), None)):
            self._arrivals = tuple(it for it in self._arrivals if it is not first)
            self._use(first.path, first.found)

    def _is_ready(self) -> bool:
        """Whether the sets of the picture on the canvas may become others now."""
        raise NotImplementedError

    def _use(self, path: Path, found: Sequence[ColourSet] | Sequence[Colour]) -> None:
        sets = tuple(one for one in found if isinstance(one, ColourSet))
        if not sets:
            if not self._sets or not self.own:
                text = self.tr("The drawing has no colour hints yet that could have these colours.")
                self._canvas.error_reported.emit(self.excuse or text)
                return
            count = len(self._sets) - 1
            self._lots.colours = tuple(one for one in found if not isinstance(one, ColourSet))
            drawn = self._drawn(count)
            if len(drawn) < count:
                text = self.tr("“%s” has colours for no more than %d different sets of this drawing.")
                self._canvas.notice.emit(text % (shown(path.name), len(drawn)))
            sets = (self._sets[0], *drawn)
        self._put(sets, self.tr("Colourways of “%s”") % shown(path.name))

    def _drawn(self, count: int) -> tuple[ColourSet, ...]:
        """Sets drawn by chance; of few colours there are fewer."""
        return self._lots.drawn(self.own, count, self.styles if self.styled or not self.own else None)

    def _draw_anew(self) -> None:
        """With styles now, or without."""
        if self._sets and self.styles is not None:
            text = self.tr("Styles of colourways")
            self._put((self._sets[0], *self._drawn(len(self._sets) - 1)), text)

    def _swap(self, number: int, new: ColourSet, text: str) -> None:
        self._put((*self._sets[:number], new, *self._sets[number + 1 :]), text)

    def _put(self, sets: tuple[ColourSet, ...], text: str) -> None:
        """Have these, chosen by somebody: they are kept with the picture, as a step called ``text``."""
        before, notes = self._sets, to_notes(sets, self.own)

        def step(document: Document) -> Change:
            if self._noted is None and before:
                document.note(KEY, to_notes(before, self.own))  # undo goes back to them
            return document.note(KEY, notes, text)

        self._canvas.edit(step)
        self._take_notes()
        self.chosen.emit()

    def _take_notes(self) -> None:
        """Have the sets that are noted with the picture."""
        picture = self._canvas.picture
        kept = picture.document.extras.get(KEY) if picture is not None else None
        if kept is self._noted or kept is self._refused:
            return
        self._noted, self._order = kept, own_in(kept)
        if kept is None:  # undone to where nobody had chosen any
            self._sets = ()
            return
        try:
            self._sets = from_notes(kept)
        except ValueError as error:
            self._noted, self._refused, self._order = None, kept, ()
            text = self.tr("The colourways of “%s” can't be used: %s; others are drawn.")
            self._canvas.notice.emit(text % (picture.name if picture else "", error))

    def _update_styles(self) -> None:
        card, picture = self._live.card, self._canvas.picture
        if card is None or picture is None or not card.style or card.input != picture.document.kind:
            self.styles = None
        else:
            named = picture.document.named_styles
            own = (style.name for style in named if len(style.code) == card.style and style.name)
            self.styles = tuple(dict.fromkeys((*card.styles, *own)))

    def _code(self, colours: ColourSet) -> Code | None:
        """The style that a set names, if the model knows it."""
        card = self._live.card
        return None if card is None else code_of(card, colours, self._canvas.document.named_styles)
