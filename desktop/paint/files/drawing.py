"""A recorded drawing: strokes as data, which the very tools of the program replay.

Sample drawings, the demonstration and the benchmarks are such files: JSON with ``format``, ``title``,
``kind``, ``width``, ``height``, ``palette`` and ``model`` (names, as suggestions) and ``strokes``.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from PySide6.QtCore import QCoreApplication

from desktop.paint.editing.document import ROLES, Change, Document
from desktop.paint.editing.limits import check_size
from desktop.paint.files.notation import Notes
from desktop.paint.layers.layer import Role
from desktop.paint.strokes.stroke import LARGEST_SIZE, REACH, Combine, Ink, Sample, Selects, Symmetry
from desktop.paint.tools import tools
from engine.data.card import InputKind
from engine.data.palette import Palette
from engine.errors import PictureError
from engine.files.parsing import read_whole
from engine.files.writing import replacing

FORMAT = 1
MOST_BYTES = 16 << 20
MOST_STROKES = 20_000
MOST_SAMPLES = 200_000
"""Of one stroke."""


@dataclass(frozen=True)
class Played:
    """One stroke: with what, where, and how the pen went."""

    tool: str
    role: Role
    """Drawn on the topmost layer of that role."""
    ink: Ink
    samples: tuple[Sample, ...]
    """For tools of several clicks, the clicks."""
    shift: bool = False
    ctrl: bool = False

    def replay(self, document: Document) -> Change:
        """Draw it.

        Raises:
            PictureError: the document has no layer of that role, or it can't be painted on.
        """
        layer = next((layer for layer in reversed(document.layers) if layer.role is self.role), None)
        if layer is None:
            text = QCoreApplication.translate("paint", "The picture has no layer for this drawing's strokes.")
            raise PictureError(text)
        document.select(layer.id)
        tool = tools()[self.tool]
        return tool.replay(document, self.ink, self.samples, self.shift, self.ctrl)


@dataclass
class Drawing:
    """A picture as the strokes that make it."""

    kind: InputKind
    width: int
    height: int
    title: str = ""
    palette: str = ""
    """Name of the palette that label drawings were made with."""
    model: str = ""
    """Name of the model it suits."""
    strokes: list[Played] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path) -> Drawing:
        """Read a drawing, checking all of it.

        Raises:
            PictureError: missing, damaged, too large, or made by a newer program.
        """
        drawing, notes = cls._begun(path)
        for entry in notes.items("strokes", MOST_STROKES):
            drawing.strokes.append(_stroke(notes.inner(entry, "strokes"), drawing.kind))
        return drawing

    @classmethod
    def head(cls, path: Path) -> Drawing:
        """Read what a drawing is, without its strokes, which take twenty times as long to check.

        Raises:
            PictureError: as ``load`` does, but for what is wrong with a stroke.
        """
        return cls._begun(path, _head_of)[0]

    @classmethod
    def _begun(
        cls, path: Path, part: Callable[[bytes], bytes] = lambda content: content
    ) -> tuple[Drawing, Notes]:
        try:
            if path.stat().st_size > MOST_BYTES:
                text = QCoreApplication.translate("paint", "“{0}” is too large for a drawing.")
                raise PictureError(text.format(path.name))
            content = read_whole(path, MOST_BYTES)
        except OSError as error:
            text = QCoreApplication.translate("paint", "The drawing “{0}” can't be read ({1}).")
            raise PictureError(text.format(path.name, error.strerror or error)) from error
        notes = Notes(part(content), path.name)
        notes.check_format(FORMAT)
        drawing = cls(
            notes.kind(),
            notes.whole("width", 1, 100_000),
            notes.whole("height", 1, 100_000),
            notes.text("title", path.stem),
            notes.text("palette", ""),
            notes.text("model", ""),
        )
        check_size(drawing.width, drawing.height, 2)
        return drawing, notes

    def save(self, path: Path) -> None:
        """Write it, in one step.

        Raises:
            OSError: the folder can't be written.
        """
        head = {
            "format": FORMAT,
            "title": self.title,
            "kind": self.kind,
            "width": self.width,
            "height": self.height,
            "palette": self.palette,
            "model": self.model,
        }
        lines = [json.dumps(head, ensure_ascii=False, indent=1)[:-2] + _STROKES.decode()]
        lines.append(",\n".join(json.dumps(_stroke_notes(stroke)) for stroke in self.strokes))
        with replacing(path) as part:
            part.write_text("\n".join([*lines, _END.decode(), ""]), "utf-8")

    def document(self, palette: Palette | None = None) -> Document:
        """The empty picture that the strokes are drawn on.

        Raises:
            PictureError: a label drawing without palette.
        """
        return Document.new(self.kind, self.width, self.height, palette)

    def replay(self, document: Document, upto: int | None = None) -> Change:
        """Draw the strokes, or the first ``upto`` of them; every one is a step of the history.

        Raises:
            PictureError: the document has no layer for one of them.
        """
        change = Change()
        for stroke in self.strokes[:upto]:
            change = change.united(stroke.replay(document)) if change else stroke.replay(document)
        return change


_STROKES, _END = b',\n "strokes": [', b"]}"
"""Between them lie the strokes, the last field. No text in JSON has a line's end in it."""


def _head_of(content: bytes) -> bytes:
    """A drawing as ``save`` writes it without its strokes, which are nearly all of it; any other as it is."""
    head, found, _ = content.partition(_STROKES)
    return head + b"}" if found and content.rstrip().endswith(_END) else content


def _stroke(notes: Notes, kind: InputKind) -> Played:
    tool, role = notes.text("tool"), notes.role()
    if tool not in tools():
        raise notes.damaged("tool")
    if role not in ROLES[kind]:
        raise notes.damaged("role")
    samples = []
    for entry in notes.items("samples", MOST_SAMPLES):
        if not isinstance(entry, list) or not 2 <= len(entry) <= 4:
            raise notes.damaged("samples")
        values = [notes.as_number(value, "samples", -REACH, REACH) for value in entry]
        x, y, pressure, time = values + [1.0, 0.0][len(values) - 2 :]
        samples.append(Sample(x, y, pressure, time=time))
    if not samples:
        raise notes.damaged("samples")
    ink = _ink(notes.inner(notes.fields.get("ink", {}), "ink"))
    return Played(tool, role, ink, tuple(samples), notes.switch("shift"), notes.switch("ctrl"))


def _ink(notes: Notes) -> Ink:
    usual = Ink()
    return Ink(
        brush=notes.text("brush", usual.brush),
        size=notes.number("size", 0.1, LARGEST_SIZE, usual.size),
        hardness=notes.number("hardness", 0, 1, usual.hardness),
        opacity=notes.number("opacity", 0, 1, usual.opacity),
        colour=notes.colour("colour", usual.colour),
        erase=notes.switch("erase", usual.erase),
        stabiliser=notes.number("stabiliser", 0, 1, usual.stabiliser),
        pressure_size=notes.switch("pressure_size", usual.pressure_size),
        pressure_opacity=notes.switch("pressure_opacity", usual.pressure_opacity),
        tolerance=notes.whole("tolerance", 0, 255, usual.tolerance),
        gap=notes.whole("gap", 0, 1000, usual.gap),
        filled=notes.switch("filled", usual.filled),
        symmetry=_one_of(notes, "symmetry", get_args(Symmetry), usual.symmetry),
        axes=_axes(notes, usual.axes),
        fold=notes.whole("fold", 2, 12, usual.fold),
        selects=_one_of(notes, "selects", get_args(Selects), usual.selects),
        combine=_one_of(notes, "combine", get_args(Combine), usual.combine),
        contiguous=notes.switch("contiguous", usual.contiguous),
        hold=notes.number("hold", 0, 1000, usual.hold),
    )


def _one_of(notes: Notes, name: str, choices: tuple[Any, ...], usual: Any) -> Any:
    """The choice that is written there; the usual one where it is none of ours."""
    found = notes.text(name, usual)
    return found if found in choices else usual


def _axes(notes: Notes, usual: tuple[float, float, float]) -> tuple[float, float, float]:
    if "axes" not in notes.fields:
        return usual
    values = notes.items("axes", 3)
    if len(values) != 3:
        raise notes.damaged("axes")
    x, y = (notes.as_number(value, "axes", -1, 2) for value in values[:2])
    return x, y, notes.as_number(values[2], "axes", -360, 360)


def _stroke_notes(stroke: Played) -> dict[str, Any]:
    """A stroke without what goes without saying."""
    usual = Ink()
    ink = {
        entry.name: getattr(stroke.ink, entry.name)
        for entry in dataclasses.fields(Ink)
        if getattr(stroke.ink, entry.name) != getattr(usual, entry.name)
    }
    notes: dict[str, Any] = {"tool": stroke.tool, "role": stroke.role.value}
    if ink:
        notes["ink"] = ink
    if stroke.shift:
        notes["shift"] = True
    if stroke.ctrl:
        notes["ctrl"] = True
    notes["samples"] = [
        [round(sample.x, 2), round(sample.y, 2), round(sample.pressure, 3), round(sample.time, 3)]
        for sample in stroke.samples
    ]
    return notes
