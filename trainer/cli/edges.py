"""``underpaint edges``: the edge map of one photo, for the window, which is without torch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainer.machine import process_priority


def edges(
    photo: Annotated[Path, typer.Argument(help="A picture file.", metavar="PHOTO")],
    out: Annotated[Path, typer.Argument(help="The PNG file to write.", metavar="MAP")],
    gently: Annotated[bool, typer.Option("--gently", help="Let other programs go first.")] = False,
) -> None:
    """Write how sure an edge is at each pixel of a photo: black where there is none."""
    process_priority.behave(gently)
    from engine.data.picture import read, write_png

    pixels = read(photo).pixels  # before torch is imported: what can't be read is told at once
    from trainer.perception import edges as perception

    write_png(out, perception.edge_map(pixels))
