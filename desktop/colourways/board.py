"""The drawing on the canvas in several sets of colours: which sets there are, how it looks in them, which one
is taken.

What there is to see of them follows the drawing while somebody looks, see ``desktop.colourways.previews``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject

from desktop.colourways.choice import KEY, USUAL, Choice
from desktop.colourways.hints import own_colours, placed, recoloured
from desktop.colourways.lots import Lots
from desktop.colourways.previews import Previews
from desktop.colourways.sets import MOST, ColourSet, to_notes
from desktop.colourways.sheet import Made, write_all
from desktop.documents.on_canvas import OnCanvas, comes_up
from desktop.documents.open_documents import OpenPicture
from desktop.documents.stroke_controller import StrokeController
from desktop.paint.editing.document import Change, Document, PictureStyle
from desktop.preview.live import Live
from desktop.preview.turns import Turns
from desktop.support.file_work import FileWork, Job
from desktop.support.observable import Property
from engine.data.card import Card
from engine.data.messages import Pixels
from engine.data.palette import Colour
from engine.files.writing import first_free, shown


@dataclass(frozen=True, eq=False)
class Tile:
    """The drawing in a set of colours."""

    colours: ColourSet
    preview: Pixels | None = None
    """What the drawing is in it, uint8 (H, W, 3), or was a moment ago."""


class Colourways(Choice):
    """The drawing in the sets of the picture on the canvas.

    Args:
        canvas: where the picture is.
        live: the model.
        turns: who asks the engine for single previews, while the hand rests.
        strokes: the hand's.
        file_work: reads palettes and photos, writes sheets.
        parent: owns it.
    """

    tiles = Property[tuple[Tile, ...]](())
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
        super().__init__(canvas, live, file_work, parent)
        self._strokes = strokes
        self._previews = Previews(canvas, live, turns, strokes, self._in_order, self)
        self._of: OpenPicture | None = None
        self._due: Path | None = None
        """Where the sheet goes as soon as all tiles are made."""
        self._previews.read.connect(self._read)
        for signal in (self._previews.made, self.chosen):
            signal.connect(self._show)
        self._previews.refused.connect(self._miss)
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
        own, code = self._own_now(), self._code(colours)
        style = None if code is None or code == self._live.code() else PictureStyle(code, str(colours.style))
        if self.wanted(colours) == own and style is None:
            return

        def step(document: Document) -> Change:
            text = self.tr("Colours “%s”") % colours.name
            if self.wanted(colours) == own:
                change = document.set_style(style)
            else:
                change = document.recolour_hints(
                    lambda hints: recoloured(hints, own, colours.colours), text, style
                )
            if self._noted is None:  # from now on they don't follow the drawing's colours
                self._noted, self._order = to_notes(self._sets, own), own
                document.note(KEY, self._noted)
            return change

        self._canvas.edit(step)

    def is_taken(self, colours: ColourSet) -> bool:
        """Whether the drawing has these colours, and this style."""
        if self.wanted(colours) != self.own:
            return False
        return bool(self.own) if colours.style is None else self._code(colours) == self._live.code()

    # --- writing -------------------------------------------------------------------------------

    def export(self, folder: Path, of: OpenPicture | None = None) -> Job | None:
        """Write the sheet and the single pictures into a new folder in ``folder``; what is still to be made
        of them, as it could not be seen, is made first, and then there is no job yet.

        Args:
            folder: where to.
            of: the picture that was asked about, if not that on the canvas; it comes up again.
        """
        picture = self._canvas.picture
        if of is not None and of is not picture:
            gone = self.tr("That picture was closed meanwhile.")
            if problem := self.excuse if comes_up(self._canvas, of) else gone:
                self._canvas.error_reported.emit(problem)
            else:
                self._wait_for(folder)  # until its colours are known, and its tiles are made
                self._look()
            return None
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
        name = self.tr("%s colourways") % title.replace("/", "-").replace("\\", "-")
        place = first_free(lambda ending: folder / f"{name}{ending}", Path.exists, separator=" ")
        return self._file_work.write(
            self.tr("Writing “%s”") % shown(place.name),
            lambda job: write_all(made, title, place, job.progress),
            lambda _files: self._canvas.notice.emit(
                self.tr("The colourways are in the folder “%s”.") % shown(place.name)
            ),
        )

    def _wait_for(self, folder: Path | None) -> None:
        self._due, self.writing = folder, folder is not None

    def leave(self) -> None:
        """End of the program."""
        self._previews.stop()

    # --- inside: another picture, another model ------------------------------------------------

    def _notice(self) -> None:
        """The picture may be another one."""
        picture = self._canvas.picture
        if picture is not self._of:
            self._of, self._sets, self._noted, self.own, self._order = picture, (), None, (), ()
            self._lots = Lots()
            self._take_notes()
            self._forget()
        elif picture is not None and picture.document.extras.get(KEY) is not self._noted:
            self._take_notes()  # undone, or done again
            self._lay_out()
        self._update_styles()
        self._look()

    def _begin(self) -> None:
        """Another model; none may be for a moment."""
        self._forget()
        self._update_styles()
        if self._live.card is not None:
            self._look()

    def _look_without(self) -> None:
        if self._live.model_file is None:
            self._look()

    def _forget(self) -> None:
        if self._due is not None:
            self._wait_for(None)
            self._canvas.notice.emit(
                self.tr("The colourways were not written, as another picture or model came meanwhile.")
            )
        self._previews.forget()
        self._lay_out()

    def _own_now(self) -> tuple[Colour, ...]:
        """The colours of the drawing as it is; those that are known are, if nothing has changed since."""
        if self._previews.own is None:
            hints = self._canvas.document.picture().hints
            self.own = () if hints is None else self._in_order(own_colours(hints))
        return self.own

    def _in_order(self, own: tuple[Colour, ...]) -> tuple[Colour, ...]:
        """As the sets count them: as they were when these were chosen, or as one of the sets has them."""
        order = self._order
        sets = [(*one.colours[: len(order)], *order[len(one.colours) :]) for one in self._sets]
        return placed(own, [order, *sets] if order else [])

    def _lay_out(self) -> None:
        tiles = tuple(Tile(one, self._previews.of(one)) for one in self._sets)
        if self.excuse:
            tiles = ()
        looks = [(tile.colours, id(tile.preview)) for tile in tiles]
        if looks != [(tile.colours, id(tile.preview)) for tile in self.tiles]:
            self.tiles = tiles
        self._update_whole()

    # --- inside: what it would look like -------------------------------------------------------

    def _update_whole(self) -> None:
        self.whole = bool(self.tiles) and all(self._previews.is_fresh(tile.colours) for tile in self.tiles)

    def _reason(self, card: Card | None) -> str:
        if card is None:
            return self.tr("Colourways come with a model; none is open yet.")
        if card.input != self._canvas.document.kind:
            return self.tr("“%s” is for other pictures; open a model for this one.") % card.name
        if not card.hints and self.styles is None:
            return (
                self.tr("“%s” knows neither colour hints nor styles; open a model for sketches with colours.")
                % card.name
            )
        if self._previews.own == () and self.styles is None:
            return self.tr("The drawing has no colour hints yet; draw some colours, and see it in others.")
        if not self._live.enabled and not self.tiles:
            return _off()
        return ""

    def _is_ready(self) -> bool:
        """No stroke goes on, and which colours the drawing has is known as far as it ever will be."""
        known = bool(self._sets) or self._previews.own is not None or not self.watched
        return self._canvas.picture is self._of and not self._strokes.drawing and known

    def _look(self) -> None:
        """Have the next tile made that is not of the drawing as it is, if somebody looks."""
        live = self._live
        self._let_arrive()
        self._update_whole()
        if self._due is not None and (self.whole or self.excuse or not live.enabled):
            folder = self._due
            self._wait_for(None)
            self.export(folder)
        if not (self.watched or self._due) or self._canvas.picture is None:
            self._previews.give_up()
        elif not live.loading or live.card is not None:  # else it is as it was for a moment
            self._update_excuse()
            sets = () if self.excuse else self._sets
            self._previews.go_on(sets, sets if self._due else sets[self.shown.start : self.shown.stop])

    def _update_excuse(self) -> None:
        excuse = self._reason(self._live.card)
        if excuse != self.excuse:
            self.excuse = excuse
            self._lay_out()

    def _read(self) -> None:
        """The drawing's colours are known."""
        own = self.own = self._previews.own or ()
        if self._noted is None:
            count = max(len(self._sets), USUAL)
            as_drawn = ColourSet(self.tr("As drawn"), own)
            self._sets = (as_drawn, *self._drawn(count - 1)) if own or self.styles is not None else ()
        self._update_excuse()
        self._show()

    def _miss(self) -> None:
        """A tile can't be made; why, whoever refused it has said. The others can."""
        if self._due is not None:
            self._wait_for(None)
            self._canvas.error_reported.emit(self.tr("The colourways were not written: one can't be made."))
        self._look()

    def _show(self) -> None:
        """Other sets were chosen, or there is another preview."""
        self._lay_out()
        self._look()


def _off() -> str:
    text = "Live is switched off; switch it on to see the colourways."
    return QCoreApplication.translate("Colourways", text)
