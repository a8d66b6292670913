"""`underpaint colourways`: a project in several sets of colours, without a window."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import PictureError
from engine.files.writing import is_same
from trainer.cli.messages import say
from trainer.cli.options import refuse_unwritable

if TYPE_CHECKING:
    from desktop.colourways.sets import ColourSet
    from desktop.colourways.sheet import Made
    from desktop.paint.editing.document import Document
    from engine.data.messages import Pixels
    from engine.data.palette import Colour
    from engine.passes.generator import Generator


def run(drawing: Path, out: Path, sets: Path, model: str | None, count: int, seed: int) -> list[Path]:
    """Translate a project in each set, and write the sheet and the single pictures.

    Args:
        drawing: an ``.ora`` project, a sketch with hints.
        out: the folder to write into.
        sets: colour sets as JSON, or a palette file or a photo, of whose colours sets are drawn.
        model: name or file; None for the one that it was last painted with.
        count: how many sets are drawn of colours, 4 to 16.
        seed: by which they are drawn.

    Returns:
        the files that were written.

    Raises:
        UnderpaintError: something can't be read, used, translated or written.
    """
    import engine
    from desktop.colourways.hints import own_colours
    from desktop.colourways.sheet import files_of, write_all
    from desktop.paint.files.project import load
    from desktop.support.offscreen import make_application

    if os.path.exists(out) and not os.path.isdir(out):
        raise PictureError(f"“{out.name}” is no folder; choose another.")
    if drawing.suffix.lower() != ".ora":
        raise PictureError(f"“{drawing.name}” is no .ora project; save the drawing in the window as one.")
    loaded = load(drawing)
    for note in loaded.notes:
        say(f"“{drawing.name}”: {note}")
    document = loaded.document
    hints = document.picture().hints if document.kind == "sketch" else None
    own = () if hints is None else own_colours(hints)
    wanted = _sets(sets, own, count, seed) if own or sets.suffix.lower() == ".json" else ()
    if not own and not any(one.style is not None for one in wanted):
        raise PictureError(
            f"“{drawing.name}” has no colour hints; colourways need a sketch with some colours in it, or "
            "sets with styles."
        )
    if model is None and not document.model:
        raise PictureError(f"“{drawing.name}” doesn't say which model it is for; say so by --model.")
    if any(is_same(file, sets) for file in files_of(wanted, out)):
        raise PictureError(f"“{sets.name}” would be written over; choose another folder.")
    refuse_unwritable(*files_of(wanted, out), made=True)
    generator = engine.open(model or document.model, notice=say)
    made = translated(generator, document, own, wanted)
    make_application()
    return write_all(made, drawing.stem, out)


def translated(
    generator: Generator, document: Document, own: tuple[Colour, ...], sets: tuple[ColourSet, ...]
) -> list[Made]:
    """A picture in each set, at the model's working size; a sketch's lines are one and the same array in all.

    Raises:
        UnderpaintError: the model is for other pictures, or knows neither hints nor styles, or not a set's.
    """
    from desktop.colourways.hints import recoloured
    from desktop.colourways.sets import code_of
    from desktop.colourways.sheet import Made
    from engine.planes import codec

    card = generator.card
    if not card.hints and not card.style:
        raise PictureError(
            f"“{card.name}” knows neither colour hints nor styles; choose a model for sketches with colours."
        )
    if card.input != document.kind:
        raise PictureError(
            f"“{card.name}” paints no pictures of this kind ({document.kind}); choose another."
        )
    picture = document.picture()
    size = codec.working_size(picture.size, card)
    prepare: Callable[[ColourSet], Pixels]
    if picture.lines is None or picture.hints is None or not card.hints:
        plain = codec.prepare(picture, card, size)
        own, prepare = (), lambda one: plain
    else:
        lines = codec.redrawn(codec.scaled(picture.lines, size), card)
        hints = codec.scaled(picture.hints, size)
        prepare = lambda one: codec.sketched(lines, recoloured(hints, own, one.colours), card)  # noqa: E731
    fits = document.style is not None and len(document.style.code) == card.style
    usual = document.style.code if document.style is not None and fits else None
    made = []
    for one in sets:
        style = (
            usual if one.style is None else code_of(card, one, document.named_styles) or card.code(one.style)
        )
        shown = replace(one, colours=(*one.colours[: len(own)], *own[len(one.colours) :]))  # as in the window
        made.append(Made(shown, generator.translate(prepare(one), style=style)))
    return made


def _sets(file: Path, own: tuple[Colour, ...], count: int, seed: int) -> tuple[ColourSet, ...]:
    from desktop.colourways.photos import colours_in
    from desktop.colourways.sets import read_sets, shuffled

    if file.suffix.lower() == ".json":
        return read_sets(file)
    drawn = shuffled(colours_in(file), len(own), count, seed)
    if len(drawn) < count:
        say(f"“{file.name}” has colours for no more than {len(drawn)} different sets of this drawing.")
    return drawn
