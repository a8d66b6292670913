"""Files of the designer's table: colours of other programs, sets of them, ways of drawings, what is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from desktop.colourways.palette_files import read_colours
from desktop.colourways.sets import ColourSet, from_notes, read_sets, to_notes
from desktop.paint.editing.document import Document, Role
from desktop.paint.editing.snapshot import Frame
from desktop.paint.files import project
from desktop.paint.layers.held import Hold
from desktop.paint.reel import packing, reel
from desktop.paint.reel.reel import Entry, Track
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import tools
from engine.errors import PictureError
from tests.desktop.palettes import FILES

SETS = (ColourSet("Poppy", ((200, 30, 40), (240, 240, 232))), ColourSet("Harbour", ((32, 48, 128),), 7))


def palette(suffix: str, folder: Path) -> list[Path]:
    """The files of that suffix."""
    found = []
    for name, content in FILES.items():
        if name.endswith(suffix):
            (folder / name).write_bytes(content)
            found.append(folder / name)
    return found


def sets(folder: Path) -> list[Path]:
    """One with all that a set can have."""
    (folder / "sets.json").write_text(json.dumps(to_notes(SETS)), "utf-8")
    return [folder / "sets.json"]


def _drawing() -> Document:
    document = Document.new("sketch", 96, 80)
    for number in range(3):
        samples = [Sample(10 + 20 * place, 20 + 15 * number, time=place / 10) for place in range(4)]
        tools()["pen"].replay(document, Ink(size=4.0), samples)
    return document


def _film() -> bytes:
    document, entries = Document.new("sketch", 96, 80), []
    entries.append(Entry(0, 0, packing.whole(document)))
    for number in range(3):
        samples = [Sample(10 + 20 * place, 20 + 15 * number, time=place / 10) for place in range(4)]
        change = tools()["pen"].replay(document, Ink(size=4.0), samples)
        track = Track.of(samples, 4.0)
        pack = packing.painted(document, change, document.history.newest, track)
        assert pack is not None
        entries.append(Entry(number + 1, 0.3, pack))
    document.add_layer(Role.PAINT if document.kind == "image" else Role.HINTS)
    entries.append(Entry(5, 0, packing.described(document, [document.active])))
    return reel.written(entries)


def film(folder: Path) -> list[Path]:
    """The way of a drawing of a few strokes and a layer."""
    (folder / "film").write_bytes(_film())
    return [folder / "film"]


def play(file: Path) -> None:
    """As a time-lapse does."""
    entries = reel.read(file.read_bytes(), cut_short=True)
    for entry in entries:
        _ = entry.track
    reel.played(entries).picture()


def kept(folder: Path) -> list[Path]:
    """A project with frames, holds, sets and a way."""
    document = _drawing()
    preview = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    document.put_by((Frame(preview, document.snapshot(), "sketch", name="one"),))
    held = np.dstack([preview, np.full((32, 32), 200, np.uint8)])
    document.hold((Hold(held, True), Hold(held)), "Hold")
    document.note("colourways", to_notes(SETS))
    project.save(document, folder / "kept.ora", film=_film)
    return [folder / "kept.ora"]


def open_kept(file: Path) -> None:
    """As the window does: damaged sets and ways cost a sentence each, no more."""
    loaded = project.load(file)
    loaded.document.picture()
    for frame in loaded.document.frames:
        if frame.picture is not None:
            Document.from_snapshot(frame.picture).picture()
    notes = loaded.document.extras.get("colourways")
    if notes is not None:
        try:
            from_notes(notes)
        except ValueError as error:
            raise PictureError(f"The colourways can't be used: {error}.") from error
    if loaded.film:
        reel.played(reel.read(loaded.film))


Made = tuple[Callable[[Path], list[Path]], Callable[[Path], object], str]

TABLE: dict[str, Made] = {
    **{
        f"colours_{suffix}": (partial(palette, suffix), read_colours, f"x.{suffix}")
        for suffix in ("gpl", "hex", "aco", "ase")
    },
    "sets": (sets, read_sets, "x.json"),
    "film": (film, play, "film"),
    "kept": (kept, open_kept, "x.ora"),
}
