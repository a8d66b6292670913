"""``underpaint edges`` and ``underpaint drafts``: what the window, without torch, has done by a process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine.files.parsing import parsed_json
from trainer.machine import process_priority
from trainer.machine.errors import TrainingError

MOST_BYTES = 16 << 20
"""Of a list of photos."""

Gently = Annotated[bool, typer.Option("--gently", help="Let other programs go first.")]


def edges(
    photo: Annotated[Path, typer.Argument(help="A picture file.", metavar="PHOTO")],
    out: Annotated[Path, typer.Argument(help="The PNG file to write.", metavar="MAP")],
    gently: Gently = False,
) -> None:
    """Write how sure an edge is at each pixel of a photo: black where there is none."""
    process_priority.behave(gently)
    from engine.data.picture import read, write_png

    pixels = read(photo).pixels  # before torch is imported: what can't be read is told at once
    from trainer.perception import edges as perception

    write_png(out, perception.edge_map(pixels))


def drafts(
    data: Annotated[Path, typer.Argument(help="A folder of pairs made by painting labels.", metavar="DATA")],
    photos: Annotated[Path, typer.Argument(help="A JSON list of marks and files.", metavar="PHOTOS")],
    out: Annotated[Path, typer.Argument(help="The folder to write.", metavar="OUT")],
    seconds: Annotated[float, typer.Option(min=0, help="For learning, about.")] = 90.0,
    steps: Annotated[int | None, typer.Option(min=1, help="Instead of the time.")] = None,
    gently: Gently = False,
) -> None:
    """Learn from finished label maps, and draft those of other photos."""
    process_priority.behave(gently)
    from trainer.drafting.drafts import draft

    draft(data, _listed(photos), out, seconds=seconds, steps=steps)


def _listed(file: Path) -> list[tuple[str, Path]]:
    """Marks and files of photos.

    Raises:
        TrainingError: the list can't be read.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError("too long")
        listed = [(mark, Path(name)) for mark, name in parsed_json(file.read_text("utf-8", "surrogatepass"))]
        if not all(mark.isalnum() for mark, _ in listed):
            raise ValueError("no marks")
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise TrainingError(f"The list of photos “{file}” can't be read ({error}); try it again.") from error
    return listed
