"""How the hand works, as the user likes it: what of it is remembered between starts."""

from __future__ import annotations

import dataclasses
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop.documents.inks import remembered
from desktop.documents.stroke_controller import MOST_RECENT, StrokeController
from desktop.support.observable import Observable, Property
from desktop.support.settings import Settings

PRESET = (
    "brush",
    "size",
    "hardness",
    "opacity",
    "stabiliser",
    "pressure_size",
    "pressure_opacity",
)
"""What of a brush its preset holds; the colour stays the one in hand."""
MOST_PRESETS = 50
LONGEST_NAME = 60


class Handling(Observable):
    """Ties what is remembered to the hand that draws, and keeps brushes by their names."""

    presets = Property[tuple[str, ...]](())
    """Names of the brushes that were kept, in the order of their making."""

    notice = Signal(str)
    error_reported = Signal(str)

    def __init__(self, strokes: StrokeController, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._strokes, self._settings = strokes, settings
        strokes.notice.connect(self.notice)
        strokes.quick_shapes = settings.quick_shapes
        x, y, degrees = settings.axes
        strokes.begin_with(axes=(x, y, degrees), fold=settings.fold)
        strokes.ink = dataclasses.replace(strokes.ink, axes=(x, y, degrees), fold=settings.fold)
        colours = settings.recent_colours[:MOST_RECENT]
        strokes.recent = tuple((red, green, blue) for red, green, blue in colours)
        self.presets = tuple(settings.presets)
        self._taken = ""
        strokes.watch("quick_shapes ink recent", self._remember)
        strokes.watch("adjusting", self._look_for_axes)

    @property
    def brush(self) -> dict[str, Any]:
        """The brush in hand, as a preset holds it."""
        ink = dataclasses.asdict(self._strokes.ink)
        return {field: ink[field] for field in PRESET}

    def keep_preset(self, name: str, brush: dict[str, Any] | None = None) -> None:
        """Keep ``brush``, else the one in hand, as ``name``, in place of one that is called so."""
        name = " ".join(name.split())
        if not name or not name.isprintable() or len(name) > LONGEST_NAME:
            text = self.tr("A brush needs a name of 1 to %d characters; choose another.")
            self.error_reported.emit(text % LONGEST_NAME)
        elif name not in self.presets and len(self.presets) >= MOST_PRESETS:
            self.error_reported.emit(self.tr("There are too many brushes with names; delete some first."))
        else:
            self._settings.presets[name] = brush if brush is not None else self.brush
            self.presets, self._taken = tuple(self._settings.presets), name
            self.notice.emit(self.tr("The brush is kept as “%s”.") % name)

    def take_preset(self, name: str) -> None:
        """Take the brush of that name in hand; what of it makes no sense any more stays as it is."""
        kept = self._settings.presets.get(name, {})
        fields = {field: value for field, value in kept.items() if field in PRESET}
        self._taken = name
        self._strokes.set_ink(**{f: getattr(remembered(self._strokes.ink, fields), f) for f in PRESET})

    def take_number(self, number: int) -> None:
        """Take the preset at ``number``, counted from 0; nothing where there is none."""
        if number < len(self.presets):
            self.take_preset(self.presets[number])

    def step_preset(self, step: int) -> None:
        """Take the one after the last that was taken, or before it."""
        if not self.presets:
            self.notice.emit(self.tr("No brush has a name yet; keep one first (Ctrl+B)."))
            return
        names = self.presets
        first = -1 if step > 0 else 0
        index = names.index(self._taken) if self._taken in names else first
        name = names[(index + step) % len(names)]
        self.take_preset(name)
        self.notice.emit(self.tr("Brush “%s”.") % name)

    def forget_preset(self, name: str) -> None:
        """Keep the brush of that name no more."""
        self._settings.presets.pop(name, None)
        self.presets = tuple(self._settings.presets)

    def _look_for_axes(self) -> None:
        """Where there are none, there is nothing to be seen yet of what was switched on."""
        if self._strokes.adjusting and self._strokes.ink.symmetry == "none":
            self.notice.emit(self.tr("There are no axes yet; switch on a symmetry (M) to see their knobs."))

    def _remember(self) -> None:
        ink = self._strokes.ink
        self._settings.quick_shapes = self._strokes.quick_shapes
        self._settings.axes, self._settings.fold = list(ink.axes), ink.fold
        self._settings.recent_colours = [list(colour) for colour in self._strokes.recent]
