"""What a data set is made of: pairs, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from engine.data.card import InputKind
from engine.data.deep import Levels
from engine.data.palette import Colour, Palette
from engine.data.task import Task, input_of
from engine.files.writing import shown
from trainer.pictures.sources import Source

Layout = Literal["side by side", "stacked", "panels", "two folders", "suffixes", "photos", "kept"]


@dataclass(frozen=True)
class Pair:
    """One example: paint ``a`` (over ``hints``, where these were drawn too) and get ``b``."""

    name: str
    a: Source
    b: Source
    hints: Source | None = None
    split: str = ""
    """“train”, “val”, “test”, or nothing where the folders don't say."""
    ending: str = ""
    """With which the name ends, dot and all, where only that tells it from another."""

    @property
    def plain(self) -> str:
        """The name as older versions had it, in the digests of whose runs it is."""
        return self.name.removesuffix(self.ending)


Kind = Literal[
    "unmatched",
    "unreadable",
    "no pairs",
    "direction",
    "palette",
    "foreign format",
    "odd size",
    "tiny",
    "duplicate",
    "mirrored",
    "mis-paired",
    "soft edges",
    "off palette",
    "mixed modes",
    "converted",
    "outlier",
    "pairing",
    "left out",
    "few",
    "numbers",
    "border",
    "levels",
]
"""What sort of problem it is. “converted” are 16 bits a channel, transparency, foreign colour spaces;
“pairing”, “numbers” and “border” is what isn't sure; “levels” are values that a stretch of 16 bits cuts
off."""


@dataclass(frozen=True)
class Problem:
    """Something wrong with a data set. ``severe`` ones are errors and stop a training."""

    file: Path | None
    severe: bool
    text: str
    remedy: str
    kind: Kind
    pair: str = ""
    """Name of the pair that it is about, if it is about one …"""
    pairs: tuple[str, ...] = ()
    """… and of all of them, where one line is said for many."""

    def __str__(self) -> str:
        if self.file is None:
            return shown(f"{self.text} {self.remedy}")
        # Splits and sides often have files of one name, so the folder is said too.
        separator = ":" if self.text[:1].isupper() else ""
        return shown(f"“{self.file.parent.name}/{self.file.name}”{separator} {self.text} {self.remedy}")


@dataclass(frozen=True)
class DataSet:
    """A folder's pairs, and what was seen while looking for them (``trainer.dataset_check.check`` looks
    closer)."""

    folder: Path
    layout: Layout
    task: Task
    pairs: tuple[Pair, ...] = ()
    problems: tuple[Problem, ...] = ()
    palette: Palette | None = None
    direction: str = ""
    """For people: “right half → left half”."""
    notes: tuple[str, ...] = ()
    """Sentences on what else was recognised, where that isn't plain."""
    pattern: str = ""
    """How the files were paired, as ``find`` takes it …"""
    patterns: tuple[str, ...] = ()
    """… and how they could be paired, where there are several ways."""
    levels: Levels | None = None
    """What is black and white in inputs of 16 bits a channel, where that isn't their whole range."""
    ignored: tuple[Colour, ...] = ()
    """Colours of label maps that were asked to be left out."""

    @property
    def name(self) -> str:
        """The folder's, for people."""
        return shown(self.folder.name)

    @property
    def input(self) -> InputKind:
        """The kind of picture that a model trained on this wants painted."""
        return input_of(self.task)

    @property
    def summary(self) -> str:
        """In one line, what was recognised."""
        labels = self.palette.labels if self.palette is not None else ()
        names = f" ({', '.join(label.name for label in labels)})" if labels else ""
        toward = self.direction or "nothing"
        return f"{self.layout}: {toward}; pairs: {len(self.pairs)}; task {self.task}{names}"

    def of_split(self, *splits: str) -> DataSet:
        """The same with the pairs of these splits alone."""
        return replace(self, pairs=tuple(pair for pair in self.pairs if pair.split in splits))
