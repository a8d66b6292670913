"""Pictures and models that meet: which goes with which, and what a model changes in a picture.

Only decisions are made here, of plain data; ``desktop.preview.matching`` carries them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.data.card import Card, InputKind
from engine.data.palette import Palette
from engine.data.style import Code
from engine.models.catalogue import Entry
from engine.planes.codec import usually_native


@dataclass(frozen=True)
class Facts:
    """What counts of a picture where models are concerned."""

    kind: InputKind
    translated: bool = True
    """A model makes a preview of it; of a preview that is being corrected, none does."""
    over_photo: bool = False
    """It is drawn over a photo for a data set."""
    model: str = ""
    """The name of the model that it was painted with."""


def picture_for(card: Card, pictures: Sequence[Facts]) -> int | None:
    """Which of the open pictures a model is to paint, the first of them that suits; None for a new one."""
    suited = (index for index, facts in enumerate(pictures) if facts.translated and facts.kind == card.input)
    return next(suited, None)


@dataclass(frozen=True)
class Opening:
    """What it takes to paint with a model that somebody has chosen."""

    entry: Entry | None
    """The model; None where it can't be used."""
    index: int | None = None
    """Which of the open pictures it paints, that on the canvas being 0; None for one to begin with."""
    is_open: bool = False
    """It is the one that is open, or being opened."""
    problem: str = ""
    """Why it can't be used, a sentence; empty where there is no such model any more."""


def opening(chosen: Entry | None, pictures: Sequence[Facts], open_file: Path | None) -> Opening:
    """What it takes to paint with ``chosen``.

    Args:
        chosen: the model; None where there is no such any more.
        pictures: those that are open, that on the canvas first.
        open_file: of the model that is open or being opened.
    """
    if chosen is None or chosen.card is None:
        return Opening(None, problem=(chosen.problem or "") if chosen else "")
    return Opening(chosen, picture_for(chosen.card, pictures), chosen.file == open_file)


@dataclass(frozen=True)
class ModelChoice:
    """Which model a picture gets."""

    entry: Entry | None
    """None for none at all."""
    is_open: bool = False
    """It is the one that is open, or being opened."""
    note: Literal["", "lacking", "replaced"] = ""
    """What the user is told: that there is none for the kind, or that the picture's own is not installed."""


def model_for(
    picture: Facts, wanted: Entry | None, preferred: Entry | None, open_file: Path | None
) -> ModelChoice:
    """The model that a picture gets which has come up on the canvas.

    Args:
        picture: the one.
        wanted: a model that was asked for.
        preferred: the best of those that there are, for its kind if possible.
        open_file: of the model that is open or being opened.
    """
    if not picture.translated:
        return ModelChoice(None)
    entry = wanted
    if entry is None and preferred is not None and preferred.card and preferred.card.input == picture.kind:
        entry = preferred
    if entry is None:  # pairs are made where there is no model yet
        return ModelChoice(None, note="" if picture.over_photo else "lacking")
    replaced = wanted is None and picture.model not in ("", entry.name)
    return ModelChoice(entry, entry.file == open_file, "replaced" if replaced else "")


@dataclass(frozen=True)
class State:
    """What counts of the picture on the canvas when a model is ready."""

    kind: InputKind
    palette: Palette | None = None
    over_photo: bool = False
    """It is drawn over a photo for a data set, and keeps to the labels of that."""
    untouched: bool = False
    """Nobody has done anything with it yet, and it has no file."""
    blank: bool = False
    """Nothing is painted on it; of images that are ``untouched``, others aren't asked."""
    on_hints: bool = False
    """The colour hints are what is drawn on."""


@dataclass(frozen=True)
class Running:
    """How a model that is ready runs, and what the brush has of it; no stroke is in its way."""

    native: bool
    """The network runs at the picture's own size."""
    knows_hints: bool
    takes_colours: bool
    """The brush begins with the nearest of the model's colours."""


def run_by(card: Card, kind: InputKind, native: bool | None, taken: Palette | None) -> Running:
    """How a model runs that is ready.

    Args:
        card: the model's.
        kind: of the picture on the canvas.
        native: what the user chose for this model; None where nothing.
        taken: whose colours the brush has begun with; what is mixed later stays.
    """
    return Running(
        native=usually_native(card) if native is None else native,
        knows_hints=_knows_hints(card),
        takes_colours=card.input == kind == "image" and card.palette != taken,
    )


@dataclass(frozen=True)
class Fitting:
    """What a model that is ready changes in the picture on the canvas, on which no stroke goes on."""

    palette: Literal["stays", "step", "anew", "kept"]
    """The picture takes the model's palette, as a step or as if it had been begun with it; or its own stays,
    and where that is ``kept`` the user hears how it is understood."""
    to_lines: bool
    """The hints are left for the lines: they can't be drawn on."""


def fit(card: Card, picture: State) -> Fitting:
    """What becomes of the picture on the canvas under a model that is ready."""
    return Fitting(_palette(card, picture), to_lines=picture.on_hints and not _knows_hints(card))


def _knows_hints(card: Card) -> bool:
    return card.input != "sketch" or card.hints


def style_for(card: Card | None, style: Code | None) -> Code | None:
    """The style of a picture as a model takes it: None where there is none, or the model can't know it."""
    return style if card is not None and style is not None and len(style) == card.style else None


def _palette(card: Card, picture: State) -> Literal["stays", "step", "anew", "kept"]:
    if picture.kind != card.input or picture.palette == card.palette or picture.over_photo:
        return "stays"
    if picture.kind == "image":  # its palette is the colour of the paper, and no colour is moved to another
        return "anew" if picture.blank else "stays"
    if card.palette is None:
        return "stays"
    return "step" if picture.untouched else "kept"
