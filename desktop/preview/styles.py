"""Styles: one drawing as many pictures. Which there are to choose from, how they would look, which is taken.

What there is to see of them follows the drawing in the pauses of the pen (see ``desktop.preview.turns``), and
only while somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QCoreApplication, QObject

from desktop.documents.on_canvas import OnCanvas, comes_up
from desktop.documents.open_documents import OpenPicture
from desktop.documents.stroke_controller import StrokeController
from desktop.paint.editing.document import Document, PictureStyle
from desktop.preview.library import Library
from desktop.preview.live import Live
from desktop.preview.turns import Turn, Turns
from desktop.support.observable import Observable, Property
from desktop.support.settings import Settings
from engine.data import style as codes
from engine.data.card import Card
from engine.data.messages import Failed, Pixels, ReadStyle, StyleRead
from engine.data.style import Code
from engine.files.writing import shown

DRAWN = 8
MOST_SHOWN = 24
"""Of how many named styles there is anything to see; each costs a pass."""

MOST_NAMED = 4
"""Of other models that know styles, where this one doesn't."""

Sort = Literal["usual", "card", "own", "drawn"]
"""The model's usual style, one that its card names, one that the user did, one drawn by chance."""


@dataclass(frozen=True, eq=False)
class Tile:
    """A style to choose."""

    sort: Sort
    style: PictureStyle | None
    """None for the usual one."""
    code: Code
    preview: Pixels | None = None
    """What the drawing is in it, uint8 (H, W, 3), or was a moment ago."""
    locked: bool = False
    """It stays when others are drawn."""

    @property
    def looks(self) -> tuple[object, ...]:
        """What is seen of it; of two previews, the same one is alike."""
        return self.sort, self.style, self.code, id(self.preview), self.locked


class Styles(Observable):
    """The styles of the open model, for the picture on the canvas.

    Args:
        canvas: where the picture is.
        live: the model.
        strokes: the hand's.
        library: the other models.
        settings: remember the styles that the user gave a name.
        when_the_pen_is_up: calls something at once, or at the end of the stroke that goes on.
        parent: owns it.
    """

    length = Property(0)
    """How many numbers a style of the open model has; 0 where it knows none, or none is open."""
    of_photos = Property(False)
    """The open model reads styles of photos."""
    current = Property[PictureStyle | None](None)
    """The picture's."""
    tiles = Property[tuple[Tile, ...]](())
    """The named ones, then eight drawn ones."""
    ends = Property[tuple[PictureStyle | None, PictureStyle | None]]((None, None))
    """What the slider leads from and to: the style before the one taken last, and that."""
    share = Property(1.0)
    """Where between the ends the slider stands, 0 to 1."""
    reading = Property[Path | None](None)
    """The photo whose style is being read."""
    watched = Property(False)
    """Somebody looks at the tiles."""
    shown = Property(range(codes.MOST_NAMES + DRAWN + 1))
    """Numbers of the tiles that can be seen; none is made of the others."""

    def __init__(
        self,
        canvas: OnCanvas,
        live: Live,
        strokes: StrokeController,
        library: Library,
        settings: Settings,
        when_the_pen_is_up: Callable[[Callable[[], object]], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._canvas, self._live, self._library, self._settings = canvas, live, library, settings
        self._when_the_pen_is_up = when_the_pen_is_up
        self.turns = Turns(live, strokes, self)
        self._made: dict[Code, tuple[int, Pixels]] = {}
        self._turn: Turn | None = None
        self._seeds: tuple[int, ...] = tuple(range(1, DRAWN + 1))
        self._next = DRAWN + 1
        self._locked: frozenset[int] = frozenset()
        self._once = -1
        self._sliding = False
        self._of: OpenPicture | None = None
        self._for: OpenPicture | None = None
        live.opened.connect(self._check_style)
        live.restyled.connect(self._notice)
        live.style_read.connect(self._take_read)
        live.refused.connect(self._refused)
        live.watch("card", self._begin)
        live.watch("behind settled enabled", self._look)
        canvas.watch("steps picture", self._notice)
        self.watch("watched shown", self._look)

    # --- choosing ------------------------------------------------------------------------------

    def take(self, style: PictureStyle | None) -> None:
        """Want the picture in a style, None for the usual one, as a step."""
        before = self.current
        if style == before:
            return
        self.ends, self.share, self._sliding = (self._known(before), style), 1.0, False
        self._canvas.edit(lambda document: document.set_style(style))

    def slide(self, share: float) -> None:
        """Want what lies between the ``ends``: 0 is the first, 1 the second. In one go it is one step."""
        card = self._live.card
        if card is None or not card.style:
            return
        first, second = self.ends
        style = between(card, first, second, share)
        merge, self._sliding, self.share = self._sliding, True, share
        self._canvas.edit(lambda document: document.set_style(style, merge=merge))

    def lead_from(self, style: PictureStyle | None) -> None:
        """Have the slider lead from a style to the picture's."""
        self.ends, self.share, self._sliding = (style, self._known(self.current)), 1.0, False

    def step(self, by: int) -> None:
        """Take the next tile (1) or the one before (−1), round and round."""
        tiles = self.tiles
        if not tiles:
            self._canvas.notice.emit(self.excuse())
            return
        index = next((at for at, tile in enumerate(tiles) if tile.style == self.current), None)
        at = (0 if by > 0 else len(tiles) - 1) if index is None else (index + by) % len(tiles)
        self.take(tiles[at].style)

    def more(self) -> None:
        """Draw eight others; those that are locked stay."""
        if not self.length:
            self._canvas.notice.emit(self.excuse())
            return
        seeds = []
        for seed in self._seeds:
            if seed not in self._locked:
                seed, self._next = self._next, self._next + 1
            seeds.append(seed)
        self._seeds = tuple(seeds)
        self._once = self._live.drawn
        self._lay_out()
        self._look()

    def lock(self, tile: Tile) -> None:
        """Keep a drawn tile while others are drawn, or let it go again."""
        seed = next((seed for seed in self._seeds if self._of_seed(seed).code == tile.code), None)
        if tile.sort == "drawn" and seed is not None:
            self._locked ^= {seed}
            self._lay_out()

    def name(
        self, style: PictureStyle, name: str, of: OpenPicture | None = None, card: Card | None = None
    ) -> None:
        """Keep a style by a name: with the picture, and among the user's own of this model.

        Args:
            style: it.
            name: the name.
            of: the picture that was asked about, if not that on the canvas; it comes up again.
            card: likewise, the model's.
        """
        card, name = card or self._live.card, _fit_for_a_name(name)
        if card is None or not name:
            return
        own = self._settings.styles.setdefault(card.name, {})
        if name not in own and len(own) >= codes.MOST_NAMES:
            self._canvas.error_reported.emit(self.tr("There are too many named styles; forget some first."))
            return
        own[name] = list(style.code)
        if of is None or comes_up(self._canvas, of):
            self._canvas.edit(lambda document: document.name_style(PictureStyle(style.code, name)))
        self._lay_out()

    def forget(self, name: str) -> None:
        """Keep the style of that name no more, neither here nor with the picture."""
        card = self._live.card
        if card is not None:
            self._settings.styles.get(card.name, {}).pop(name, None)
        self._canvas.edit(lambda document: document.forget_style(name))
        self._lay_out()

    def take_of(self, photo: Path) -> None:
        """Have the style of a photo read, and take it."""
        if not self.of_photos:
            self._canvas.error_reported.emit(self.excuse(of_photos=True))
            return
        self.reading, self._for = photo.absolute(), self._canvas.picture
        self._live.send(ReadStyle(self.reading))

    def excuse(self, *, of_photos: bool = False) -> str:
        """Why there are no styles to choose from, or none of photos, and how to get them: a sentence."""
        card = self._live.card
        if card is None:
            return self.tr("Styles come with a model; none is open yet.")
        if of_photos and card.style:
            return self.tr("“%s” has styles, but can't read them from photos.") % card.name
        others = [f"“{entry.name}”" for entry in self._library.models if entry.card and entry.card.style]
        if others:
            text = self.tr(
                "“%s” knows no styles. These do: %s. Or train a model with Styles (see the guide)."
            )
            more = self.tr(" and others") if len(others) > MOST_NAMED else ""
            return text % (card.name, ", ".join(others[:MOST_NAMED]) + more)
        return (
            self.tr("“%s” knows no styles; train a model with Styles to have them (see the guide).")
            % card.name
        )

    def random(self, count: int) -> tuple[PictureStyle, ...]:
        """Drawn ones that are not among the tiles."""
        first, self._next = self._next, self._next + count
        return tuple(self._of_seed(seed) for seed in range(first, first + count))

    def leave(self) -> None:
        """End of the program."""
        self.turns.stop()

    # --- what there is to choose ---------------------------------------------------------------

    def _known(self, style: PictureStyle | None) -> PictureStyle | None:
        """The usual one instead of another model's."""
        return style if style is not None and len(style.code) == self.length else None

    def _of_seed(self, seed: int) -> PictureStyle:
        card = self._live.card
        assert card is not None  # without one there are no tiles, and none is asked for
        return PictureStyle(card.code(seed), str(seed))

    def _begin(self) -> None:
        """Another model, or none."""
        card = self._live.card
        self.length = card.style if card is not None else 0
        self.of_photos = card is not None and card.style_encoder > 0
        self.reading = None
        self._made.clear()
        self._give_up()
        self._of = None  # what the slider leads between was another model's
        self._notice()

    def _notice(self) -> None:
        """The picture may be another, or have another style."""
        picture = self._canvas.picture
        own = self.current = picture.document.style if picture is not None else None
        if picture is not self._of:
            self._of, self.ends, self.share = picture, (None, self._known(own)), 1.0
        else:
            first, second = self.ends = (_called(self.ends[0], own), _called(self.ends[1], own))
            if own in self.ends and first != second:
                self.share = 1.0 if own == second else 0.0
        self._lay_out()
        self._look()

    def _lay_out(self) -> None:
        card, picture = self._live.card, self._canvas.picture
        if card is None or not card.style or picture is None:
            self.tiles = ()
            return
        tiles = [Tile("usual", None, card.usual_style)]
        tiles += [Tile("card", PictureStyle(code, name), code) for name, code in card.styles.items()]
        own = {name: tuple(code) for name, code in self._settings.styles.get(card.name, {}).items()}
        own |= {style.name: style.code for style in picture.document.named_styles}
        tiles += [
            Tile("own", PictureStyle(code, name), code)
            for name, code in own.items()
            if len(code) == card.style and card.styles.get(name) != code
        ]
        for seed in self._seeds:
            style = self._of_seed(seed)
            tiles.append(Tile("drawn", style, style.code, locked=seed in self._locked))
        with_previews = (
            replace(tile, preview=self._made[tile.code][1]) if tile.code in self._made else tile
            for tile in tiles
        )
        new = tuple(with_previews)
        if [tile.looks for tile in new] != [tile.looks for tile in self.tiles]:
            self.tiles = new

    # --- what it would look like ---------------------------------------------------------------

    def _look(self) -> None:
        """Have the next tile made that is not of the drawing as it is, if somebody looks."""
        live = self._live
        if self._turn is not None or not self.watched or not self.tiles or live.card is None:
            return
        if not live.enabled and self._once != live.drawn:  # off is off
            return
        seen = self.tiles[self.shown.start : self.shown.stop]
        by_chance = [tile for tile in seen if tile.sort == "drawn"]
        named = [tile for tile in seen if tile.sort != "drawn"][:MOST_SHOWN]
        for tile in (*by_chance, *named):
            if not self.shows(tile):
                self._make(tile.code)
                return

    def shows(self, tile: Tile) -> bool:
        """Whether what there is to see of a tile is of the drawing as it is."""
        return self._made.get(tile.code, (-1, None))[0] == self._live.drawn

    def _make(self, code: Code) -> None:
        def done(preview: Pixels | None) -> None:
            turn, self._turn = self._turn, None
            if preview is not None and turn is not None:
                self._made[code] = turn.drawn, preview
                self._forget_others()
                self._lay_out()
                self._look()

        self._turn = self.turns.ask(code, done)

    def _forget_others(self) -> None:
        known = {tile.code for tile in self.tiles}
        self._made = {code: made for code, made in self._made.items() if code in known}

    def _give_up(self) -> None:
        if self._turn is not None:
            self._turn.drop()
            self._turn = None

    # --- styles of photos ----------------------------------------------------------------------

    def _take_read(self, reply: StyleRead) -> None:
        if reply.path == self.reading and self._for is not None:
            self.reading = None
            card, picture = self._live.card, self._for
            style = PictureStyle(reply.code, _fit_for_a_name(shown(reply.path.stem)))
            self._when_the_pen_is_up(lambda: self._arrive(card, picture, style))

    def _arrive(self, card: Card | None, picture: OpenPicture, style: PictureStyle) -> None:
        if card is not self._live.card or not comes_up(self._canvas, picture):
            return  # neither model nor picture is what it was when the pen was down
        self.take(style)
        self._canvas.notice.emit(self.tr("The picture has the style of “%s” now.") % style.name)

    def _refused(self, reply: Failed) -> None:
        if isinstance(reply.request, ReadStyle) and reply.request.path == self.reading:
            self.reading = None

    def _check_style(self, card: Card) -> None:
        """A picture and a model have come together; say so if the model can't know the picture's style."""
        style = self._canvas.document.style
        if style is None or len(style.code) == card.style:
            return
        self._canvas.notice.emit(
            self.tr("“%s” doesn't know the picture's style, which is kept for a model that does.") % card.name
        )


def _called(style: PictureStyle | None, other: PictureStyle | None) -> PictureStyle | None:
    """A style by the name that another has, where both are the same one."""
    return other if style is not None and other is not None and style.code == other.code else style


def code_of(document: Document) -> Code | None:
    """The code of the style that a document wants; None for the usual one."""
    return document.style.code if document.style is not None else None


def between(
    card: Card, first: PictureStyle | None, second: PictureStyle | None, share: float
) -> PictureStyle | None:
    """The style that lies between two, None being the card's usual one: 0 is the first, 1 the second."""
    if share <= 0 or share >= 1:
        return first if share <= 0 else second
    ends = [card.usual_style if style is None else style.code for style in (first, second)]
    code = tuple((1 - share) * a + share * b for a, b in zip(*ends, strict=True))
    usual = QCoreApplication.translate("styles", "usual")
    names = " – ".join(usual if style is None else style.name or "…" for style in (first, second))
    return PictureStyle(code, names[: codes.LONGEST_NAME])


def _fit_for_a_name(text: str) -> str:
    """As files and cards take it."""
    return (
        "".join(letter if letter.isprintable() else " " for letter in text)
        .strip()[: codes.LONGEST_NAME]
        .strip()
    )
