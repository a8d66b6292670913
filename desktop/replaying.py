"""Time-lapses of drawings, made on the command line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.film.frames import RATE, Cut, Frames, Make
from desktop.paint.files.animation import refuse_taken, write_animation
from desktop.paint.files.project import load
from desktop.paint.reel import reel
from engine.errors import PictureError
from engine.planes import codec

if TYPE_CHECKING:
    from engine.data.messages import Picture, Pixels
    from engine.data.style import Code


def replay(
    drawing: Path,
    out: Path,
    seconds: int,
    height: int,
    shown: str,
    model: str | None,
    device: str | None,
    say: Callable[[str], None],
) -> Path:
    """Make a time-lapse of a project; the file or folder that was written.

    Args:
        drawing: the ``.ora`` file.
        out: what to write, see ``desktop.paint.files.animation``.
        seconds: how long it is.
        height: in pixels; 0 for that of the preview.
        shown: ``both``, ``drawing`` or ``preview``.
        model: its name or file; None for the one that the drawing was painted with.
        device: for the network; None for the best there is.
        say: told what is no result.

    Raises:
        PictureError, ModelError, DeviceError: it can't be read, played back, painted or written.
    """
    from rich.console import Console
    from rich.progress import Progress

    import engine

    cut = Cut(seconds, height, shown)
    if not os.path.isfile(drawing):
        raise PictureError(f"There is no “{drawing}”; check its name.")
    if out.resolve() == drawing.resolve():
        raise PictureError("The time-lapse would overwrite the drawing; give it another name.")
    refuse_taken(out)
    loaded = load(drawing)
    for note in loaded.notes:
        say(f"“{drawing.name}”: {note}")
    if not loaded.film:
        raise PictureError(
            f"“{drawing.name}” has no strokes with their times; save it with “Keep the strokes” switched on."
        )
    entries, document = reel.read(loaded.film), loaded.document
    make: Make = _none
    if cut.shown != "drawing":
        name = model or document.model
        if not name:
            raise PictureError(f"“{drawing.name}” names no model; name one with --model.")
        generator = engine.open(name, device=device, notice=say)
        card = generator.card
        if card.input != document.kind:
            raise PictureError(
                f"“{card.name}” is for pictures of another kind; name one for {document.kind}."
            )

        def make(picture: Picture, style: Code | None) -> Pixels:
            size = codec.working_size(picture.size, card, native=codec.usually_native(card))
            code = style if style is not None and len(style) == card.style else None
            return generator.translate(codec.prepare(picture, card, size), style=code)

    frames = Frames(entries, document, make, cut)
    # Refreshed by hand: rich's own thread would outlive the bar.
    with Progress(console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
        task = progress.add_task("Time-lapse", total=len(frames))

        def step(done: int, _total: int) -> None:
            progress.update(task, completed=done, refresh=done % 10 == 0)

        written = write_animation(frames, out, RATE, step, exact_end=True)
    if frames.problem:
        say(f"“{drawing.name}”: its strokes are damaged; only the finished drawing is shown after them.")
    if frames.in_fewer_shades:
        say(
            f"“{drawing.name}”: a large picture on the way was kept in fewer shades; the end has all of them."
        )
    return written


def _none(_picture: Picture, _style: Code | None) -> Pixels:
    raise AssertionError("a film of the drawing alone needs no model")
