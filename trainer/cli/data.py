"""The data set that a command names. Whatever takes time to import is imported when it is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.data.pairs import DataSet
    from trainer.run.options import Rgb


def found_data(
    folder: Path,
    task: str | None = None,
    swap: bool = False,
    palette_file: Path | None = None,
    pattern: str = "",
    ignore: tuple[Rgb, ...] = (),
) -> DataSet:
    """The data set; its labels under the names of a bundled palette, if they are that."""
    import resources
    from engine.data.palette import read_gpl
    from trainer.data import pairs
    from trainer.pictures import palettes

    given = read_gpl(palette_file) if palette_file else None
    found = pairs.find(folder, task=task, swap=swap, palette=given, pattern=pattern, ignore=ignore or None)
    if found.palette is None or given is not None or found.layout == "kept":
        return found
    known = [read_gpl(file) for file in sorted(resources.path("palettes").glob("*.gpl"))]
    return replace(found, palette=palettes.named(found.palette, known))
