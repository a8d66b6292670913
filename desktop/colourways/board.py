"""The drawing on the canvas in several sets of colours: which sets there are, how it looks in them, which one
is taken.

What there is to see of them follows the drawing while somebody looks, see ``desktop.colourways.previews``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject

from desktop.colourways.hints import own_colours, recoloured
from desktop.colourways.palette_files import read_colours
from desktop.colourways.photos import main_colours
from desktop.colourways.previews import Previews, code_of
from desktop.colourways.sets import MOST, ColourSet, from_notes, read_sets, shuffled, to_notes, turned
from desktop.colourways.sheet import Made, write_all
from desktop.documents.on_canvas import OnCanvas
from desktop.documents.open_documents import OpenPicture
from desktop.documents.stroke_controller import StrokeController
from desktop.paint.editing.document import Change, Document, PictureStyle
from desktop.preview.live import Live
from desktop.preview.turns import Turns
from desktop.support.file_work import FileWork, Job
from desktop.support.observable import Observable, Property
from engine.data.card import Card
from engine.data.messages import Pixels
from engine.data.palette import Colour
from engine.data.style import LONGEST_NAME
from engine.files.writing import shown

LEAST, USUAL = 4, 8
"""Sets on show."""
KEY = "colourways"
"""Under which the sets are kept with the document."""


@dataclass(frozen=True, eq=False)
class Tile:
    """The drawing in a set of colours."""

    colours: ColourSet
    preview: Pixels | None = None
    """What the drawing is in it, uint8 (H, W, 3), or was a moment ago."""


class Colourways(Observable):
    """The sets of the picture on the canvas.

    Args:
        canvas: where the picture is.
        live: the model.
        turns: who asks the engine for single previews, while the hand rests.
        strokes: the hand's.
        file_work: reads palettes and photos, writes sheets.
        parent: owns it.
    """

    tiles = Property[tuple[Tile, ...]](())
    own = Property[tuple[Colour, ...]](())
    """The drawing's colours, the one that covers most first."""
    excuse = Property("")
    """Why there is nothing to see; a sentence, or nothing."""
    whole = Property(False)
    """Every tile is of the drawing as it is."""
    watched = Property(False)
    """Somebody looks at the tiles."""
    shown = Property(range(MOST))
    """Numbers of the tiles that can be seen; none is made of the others."""
    writing = Property(False)
    """The sheet is waiting for the tiles that are still to be made."""

    def __init__(
        self,
        canvas: OnCanvas,
        live: Live,
        turns: Turns,
        strokes: StrokeController,
        file_work: FileWork,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._live = canvas, live
        self._file_work = file_work
        self._previews = Previews(canvas, live, turns, strokes, self)
        self._of: OpenPicture | None = None
        self._sets: tuple[ColourSet, ...] = ()
        self._by_hand = False
        """Somebody has chosen these sets; else they follow the drawing's colours."""
        self._seed = 1
        self._source: tuple[Colour, ...] = ()
        """Colours that sets are drawn of; where there are none, of all."""
        self._due: Path | None = None
        """Where the sheet goes as soon as all tiles are made."""
        self._previews.read.connect(self._read)
        self._previews.made.connect(self._made)
        live.watch("card", self._begin)
        live.watch("behind settled enabled loading", self._look)
        live.watch("model_file", self._look_without)
        live.restyled.connect(self._look)
        canvas.watch("picture steps", self._notice)
        strokes.watch("drawing", self._look)
        self.watch("watched shown", self._look)

    # --- choosing ------------------------------------------------------------------------------

    def take(self, colours: ColourSet) -> None:
        """Give the drawing these colours, and the style that they name if the model knows it, as one step."""
        own = self._own_now()
        card, style = self._live.card, None
        if card is not None and colours.style is not None:
            code = code_of(card, colours)
            style = None if code is None or code == self._live.code() else PictureStyle(code, colours.name)
        if not own or (self.wanted(colours) == own and style is None):
            return

        def step(document: Document) -> Change:
            document.extras = {**document.extras, KEY: to_notes(self._sets)}
            text = self.tr("Colours “%s”") % colours.name
            return document.recolour_hints(lambda hints: recoloured(hints, own, colours.colours), text, style)

        self._by_hand = True
        self._canvas.edit(step)

    def wanted(self, colours: ColourSet) -> tuple[Colour, ...]:
        """What each of the drawing's colours becomes."""
        return (*colours.colours[: len(self.own)], *self.own[len(colours.colours) :])

    # --- the sets ------------------------------------------------------------------------------

    def shuffle(self) -> None:
        """Draw others by chance; the first stays."""
        if self._sets:
            self._seed += 1
            self._put((self._sets[0], *self._drawn(len(self._sets) - 1)))

    def show_so_many(self, count: int) -> None:
        """Have 4 to 16 sets: those at the end go, or more are drawn."""
        count = min(max(count, LEAST), MOST)
        if self._sets and count != len(self._sets):
            drawn = self._drawn(count - 1)
            self._put((*self._sets[:count], *drawn[len(self._sets) - 1 :]))

    def take_file(self, path: Path) -> Job:
        """Have the sets of a JSON file, or sets drawn of a palette file's colours."""
        card = self._live.card

        def look(_job: Job) -> tuple[ColourSet, ...] | tuple[Colour, ...]:
            if path.suffix.lower() != ".json":
                return read_colours(path)
            sets = read_sets(path)
            for one in sets:
                if one.style is not None and card is not None:
                    card.code(one.style)
            return sets

        return self._file_work.read(
            self.tr("Reading “%s”") % shown(path.name), look, lambda found: self._arrive(path, found)
        )

    def take_photo(self, path: Path) -> Job:
        """Have sets drawn of the main colours of a photo."""
        return self._file_work.read(
            self.tr("Reading “%s”") % shown(path.name),
            lambda _job: main_colours(path),
            lambda found: self._arrive(path, found),
        )

    def change(self, number: int, place: int, colour: Colour) -> None:
        """Have another colour at a place of a set."""
        old = self._sets[number]
        row = list(self.wanted(old)) + list(old.colours[len(self.own) :])
        row[place] = colour
        self._swap(number, replace(old, colours=tuple(row)))

    def rename(self, number: int, name: str) -> None:
        """Call a set otherwise; says so where that can't be."""
        name = name.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            self._canvas.error_reported.emit(self.tr("A name needs 1 to %d letters.") % LONGEST_NAME)
        elif name != self._sets[number].name:
            self._swap(number, replace(self._sets[number], name=name))

    def move(self, number: int, to: int) -> None:
        """Put a set elsewhere in the row."""
        if number != to and 0 <= to < len(self._sets):
            others = [*self._sets[:number], *self._sets[number + 1 :]]
            self._put((*others[:to], self._sets[number], *others[to:]))

    # --- writing -------------------------------------------------------------------------------

    def export(self, folder: Path) -> Job | None:
        """Write the sheet and the single pictures into a new folder in ``folder``; what is still to be made
        of them, as it could not be seen, is made first, and then there is no job yet."""
        picture = self._canvas.picture
        if self.excuse or not self.tiles or picture is None:
            self._canvas.error_reported.emit(self.excuse or self.tr("There are no colourways yet to write."))
            return None
        if not self.whole:
            if self._live.enabled:
                self._wait_for(folder)
                self._look()
            else:
                self._canvas.error_reported.emit(_off())
            return None
        made = [
            Made(replace(tile.colours, colours=self.wanted(tile.colours)), tile.preview)
            for tile in self.tiles
            if tile.preview is not None
        ]
        title = shown(picture.path.stem) if picture.path else picture.title
        place = _free(folder / (self.tr("%s colourways") % title.replace("/", "-").replace("\\", "-")))
        return self._file_work.write(
            self.tr("Writing “%s”") % shown(place.name),
            lambda job: write_all(made, title, place, job.progress),
            lambda _files: self._canvas.said.emit(
                self.tr("The colourways are in the folder “%s”.") % shown(place.name)
            ),
        )

    def _wait_for(self, folder: Path | None) -> None:
        self._due, self.writing = folder, folder is not None

    def leave(self) -> None:
        """End of the program."""
        self._previews.stop()

    # --- inside: the sets ----------------------------------------------------------------------

    def _arrive(self, path: Path, found: Sequence[ColourSet] | Sequence[Colour]) -> None:
        sets = tuple(one for one in found if isinstance(one, ColourSet))
        if not sets:
            if not self._sets:
                self._canvas.error_reported.emit(self.excuse)
                return
            count = len(self._sets) - 1
            self._source = tuple(one for one in found if not isinstance(one, ColourSet))
            drawn = self._drawn(count)
            if len(drawn) < count:
                text = self.tr("“%s” has colours for no more than %d different sets of this drawing.")
                self._canvas.said.emit(text % (shown(path.name), len(drawn)))
            sets = (self._sets[0], *drawn)
        self._put(sets)

    def _drawn(self, count: int) -> tuple[ColourSet, ...]:
        """Sets drawn by chance, called by the numbers of their places; of few colours there are fewer."""
        own, source = self.own, self._source
        sets = shuffled(source, len(own), count, self._seed) if source else turned(own, count, self._seed)
        return tuple(replace(one, name=str(number)) for number, one in enumerate(sets, start=2))

    def _swap(self, number: int, new: ColourSet) -> None:
        self._put((*self._sets[:number], new, *self._sets[number + 1 :]))

    def _put(self, sets: tuple[ColourSet, ...]) -> None:
        """Have these, chosen by somebody: they are kept with the picture."""
        self._sets, self._by_hand = sets, True
        self._canvas.edit(lambda document: document.note(KEY, to_notes(sets)))
        self._lay_out()
        self._look()

    def _notice(self) -> None:
        """The picture may be another one."""
        picture = self._canvas.picture
        if picture is not self._of:
            self._of, self._sets, self._by_hand, self.own = picture, (), False, ()
            self._source = ()
            kept = picture.document.extras.get(KEY) if picture is not None else None
            if kept is not None:
                try:
                    self._sets, self._by_hand = from_notes(kept), True
                except ValueError as error:
                    text = self.tr("The colourways of “%s” can't be used: %s; others are drawn.")
                    self._canvas.said.emit(text % (picture.name if picture else "", error))
            self._forget()
        self._look()

    def _begin(self) -> None:
        """Another model; none may be for a moment."""
        self._forget()
        if self._live.card is not None:
            self._look()

    def _look_without(self) -> None:
        if self._live.model_file is None:
            self._look()

    def _forget(self) -> None:
        if self._due is not None:
            self._wait_for(None)
            self._canvas.said.emit(
                self.tr("The colourways were not written, as another picture or model came meanwhile.")
            )
        self._previews.forget()
        self._lay_out()

    def _own_now(self) -> tuple[Colour, ...]:
        """The colours of the drawing as it is; those that are known are, if nothing has changed since."""
        if self._previews.own is None:
            hints = self._canvas.document.picture().hints
            self.own = () if hints is None else own_colours(hints)
        return self.own

    def _lay_out(self) -> None:
        tiles = tuple(Tile(one, self._previews.of(one)) for one in self._sets)
        if self.excuse:
            tiles = ()
        looks = [(tile.colours, id(tile.preview)) for tile in tiles]
        if looks != [(tile.colours, id(tile.preview)) for tile in self.tiles]:
            self.tiles = tiles
        self._tell_whole()

    # --- inside: what it would look like -------------------------------------------------------

    def _tell_whole(self) -> None:
        self.whole = bool(self.tiles) and all(self._previews.is_fresh(tile.colours) for tile in self.tiles)

    def _reason(self, card: Card | None) -> str:
        if card is None:
            return self.tr("Colourways come with a model; none is open yet.")
        if card.input != "sketch" or not card.hints or self._canvas.document.kind != "sketch":
            return self.tr("“%s” knows no colour hints; open a model for sketches with colours.") % card.name
        if self._previews.own == ():
            return self.tr("The drawing has no colour hints yet; draw some colours, and see it in others.")
        if not self._live.enabled and not self.tiles:
            return _off()
        return ""

    def _look(self) -> None:
        """Have the next tile made that is not of the drawing as it is, if somebody looks."""
        live = self._live
        self._tell_whole()
        if self._due is not None and (self.whole or self.excuse or not live.enabled):
            folder = self._due
            self._wait_for(None)
            self.export(folder)
        if not (self.watched or self._due) or self._canvas.picture is None:
            self._previews.give_up()
        elif not live.loading or live.card is not None:  # else it is as it was for a moment
            self._tell_excuse()
            sets = () if self.excuse else self._sets
            self._previews.go_on(sets, sets if self._due else sets[self.shown.start : self.shown.stop])

    def _tell_excuse(self) -> None:
        excuse = self._reason(self._live.card)
        if excuse != self.excuse:
            self.excuse = excuse
            self._lay_out()

    def _read(self) -> None:
        """The drawing's colours are known."""
        own = self.own = self._previews.own or ()
        if not self._by_hand:
            count = max(len(self._sets), USUAL)
            as_drawn = ColourSet(self.tr("As drawn"), own)
            self._sets = (as_drawn, *self._drawn(count - 1)) if own else ()
        self._tell_excuse()
        self._lay_out()
        self._look()

    def _made(self) -> None:
        self._lay_out()
        self._look()


def _off() -> str:
    text = "Live is switched off; switch it on to see the colourways."
    return QCoreApplication.translate("Colourways", text)


def _free(folder: Path) -> Path:
    """The folder, or one like it that isn't there yet."""
    number, found = 1, folder
    while found.exists():
        number, found = number + 1, folder.with_name(f"{folder.name} {number + 1}")
    return found
