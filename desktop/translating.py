"""Pictures, projects and folders of them, translated on the command line."""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from engine.errors import PictureError, StyleError, UnderpaintError
from trainer.cli.messages import say
from trainer.cli.options import refuse_unwritable

if TYPE_CHECKING:
    from desktop.paint.editing.document import Document
    from desktop.paint.layers.layer import Layer
    from engine.data.messages import Picture, Pixels
    from engine.data.style import Code
    from engine.finishing.making import FinishOptions
    from engine.passes.generator import Generator


def jobs(input: Path, output: Path) -> list[tuple[Path, Path]]:
    """Which file becomes which; in a folder, those that end like pictures or projects.

    Raises:
        UnderpaintError: there are none, or results can't be written there.
    """
    from engine.data.picture import SUFFIXES

    if not os.path.isdir(input):
        if os.path.isdir(output):
            output = output / f"{input.stem}.png"
        if output.suffix.lower() not in ("", ".png"):
            raise typer.BadParameter("results are PNG files; let its name end in .png", param_hint="OUTPUT")
        if output.resolve() == input.resolve():
            raise typer.BadParameter("the result would overwrite the picture", param_hint="OUTPUT")
        refuse_unwritable(output, made=True)
        return [(input, output)]
    if os.path.exists(output) and not os.path.isdir(output):
        raise typer.BadParameter("for a folder of pictures it is a folder as well", param_hint="OUTPUT")
    if output.resolve() == input.resolve():
        raise typer.BadParameter("the results would overwrite the pictures", param_hint="OUTPUT")
    files = [file for file in sorted(input.iterdir()) if file.suffix.lower() in (*SUFFIXES, ".ora")]
    found = [(file, output / f"{file.stem}.png") for file in files if not file.name.startswith(".")]
    if not found:
        raise PictureError(f"There are no pictures in “{input}”.")
    refuse_unwritable(folders=[output])
    return found


def finishing(cut_out: bool, room: str, larger: int, enclosed: str = "seen") -> FinishOptions | None:
    """What is to be made of each result; None where nothing was asked for."""
    from engine.finishing.foreground import ENCLOSED
    from engine.finishing.framing import MOST_MARGIN, Room
    from engine.finishing.larger import FACTORS
    from engine.finishing.making import FinishOptions

    if larger not in (1, *FACTORS):
        raise typer.BadParameter("previews are made 2 or 4 times as large", param_hint="--larger")
    if room in ("picture", "square"):
        around = Room("square" if room == "square" else "picture")
    elif room.isascii() and room.isdigit() and int(room) <= MOST_MARGIN:
        around = Room("margin", int(room))
    else:
        text = f"it is picture, square, or a margin of 0 to {MOST_MARGIN} pixels"
        raise typer.BadParameter(text, param_hint="--room")
    if room != "picture" and not cut_out:
        raise typer.BadParameter("room is for cut-outs; add --cut-out", param_hint="--room")
    kind = next((it for it in ENCLOSED if it == enclosed), None)
    if kind is None:
        raise typer.BadParameter("it is seen, kept or cut", param_hint="--enclosed")
    if kind != "seen" and not cut_out:
        raise typer.BadParameter("enclosed parts are of cut-outs; add --cut-out", param_hint="--enclosed")
    return FinishOptions(cut_out, larger, around, kind) if cut_out or larger != 1 else None


def code(generator: Generator, style: str | None) -> Code | None:
    """What was said of a style: a name that the card knows, a seed, or a photo.

    Raises:
        StyleError, PictureError: it is none of them, or the model has no such style.
    """
    from engine.data.picture import read
    from engine.data.style import PHOTO_EDGE

    card = generator.card
    if style is None:
        return None
    if not card.style or style in card.styles:
        return card.code(style)
    try:
        return card.code(int(style))
    except ValueError:
        pass
    photo = Path(style)
    if photo.is_file():
        return tuple(map(float, generator.style_of(read(photo, enough=PHOTO_EDGE).pixels)))
    if re.fullmatch(r"[-+]?\d*[.,]\d+", style):
        raise StyleError(f"A seed is a whole number, not {style:.20}; give one, a style's name, or a photo.")
    if photo.suffix or len(photo.parts) > 1:
        raise PictureError(f"There is no photo “{style}”; check its name.")
    return card.code(style)


def translate_all(
    generator: Generator,
    jobs: list[tuple[Path, Path]],
    seed: int | None,
    style: Code | None,
    finishing: FinishOptions | None = None,
) -> list[str]:
    """Translate file by file; a sentence for each that could not be."""
    from rich.console import Console
    from rich.progress import Progress

    failures = []
    sources: dict[str, Path] = {}
    # Refreshed by hand: rich's own thread would outlive the bar.
    with Progress(console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
        for file, target in progress.track(jobs, description="Translating"):
            # Not every disk tells capitals from small letters.
            first = sources.setdefault(target.name.casefold(), file)
            if first is not file:
                failures.append(f"“{file.name}” would overwrite the result of “{first.name}”; rename one.")
                continue
            try:
                translate(generator, file, target, seed, style, finishing)
            except UnderpaintError as error:
                failures.append(str(error))
    return failures


def translate(
    generator: Generator,
    file: Path,
    target: Path,
    seed: int | None,
    style: Code | None,
    finishing: FinishOptions | None = None,
) -> None:
    """Translate one picture, or one project as the window would; ``finishing`` says what is made of the
    result.

    Raises:
        PictureError, DeviceError: it can't be read, translated or written, holds nothing to cut out, or is
            too large for the memory that there is.
    """
    try:
        _translate(generator, file, target, seed, style, finishing)
    except MemoryError as error:
        raise PictureError(f"There is not enough memory for “{file.name}”; use a smaller picture.") from error


def _translate(
    generator: Generator,
    file: Path,
    target: Path,
    seed: int | None,
    style: Code | None,
    finishing: FinishOptions | None,
) -> None:
    from desktop.paint.layers.finish import over
    from engine.data.picture import read, write_png
    from engine.finishing.making import FinishOptions, made, picture_of

    picture: Picture | None
    layers: list[Layer] = []
    if file.suffix.lower() == ".ora":
        preview, picture, document = _translated_project(generator, file, seed, style)
        layers = document.layers if finishing is not None else []  # a plain preview is as the model made it
    else:
        reading = read(file, generator.card.levels)
        for note in reading.notes:
            say(f"“{file.name}”: {note}")
        preview = generator(reading.pixels, seed=seed, style=style)
        picture = None if finishing is None else picture_of(reading.pixels, generator.card)
    if picture is None:
        write_png(target, preview)
        return
    try:
        result = made(
            preview, picture, picture.size, finishing or FinishOptions(), finish=partial(over, layers)
        )
    except PictureError as error:
        raise PictureError(f"“{file.name}”: {error}") from error
    write_png(target, result)


def _translated_project(
    generator: Generator, file: Path, seed: int | None, style: Code | None
) -> tuple[Pixels, Picture, Document]:
    """As the window does it: at the model's working size, in the document's own style unless another is asked
    for, with what is held over it; and what it was made of, as the network sees it and as it is."""
    from desktop.paint.files.project import load
    from desktop.paint.layers.held import Overlays
    from engine.data.messages import Picture
    from engine.planes import codec

    loaded = load(file)
    for note in loaded.notes:
        say(f"“{file.name}”: {note}")
    document, card = loaded.document, generator.card
    if style is None and document.style is not None:
        if len(document.style.code) == card.style:
            style = document.style.code
        else:
            say(f"“{file.name}” has a style that “{card.name}” doesn't know; it gets the usual one.")
    if document.kind != card.input:
        say(
            f"“{file.name}” is painted for another kind of model ({document.kind}); all of it counts as seen."
        )
        flat = document.picture_flat()
        return generator(flat, seed=seed, style=style), Picture(pixels=flat), document
    picture = document.picture()
    size = codec.working_size(picture.size, card, native=codec.usually_native(card))
    preview = generator.translate(codec.prepare(picture, card, size), seed=seed, style=style)
    return Overlays().over(document.holds, preview), picture, document
