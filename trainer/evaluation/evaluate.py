"""How good a model is, on pairs that it was not trained on, run as the canvas runs it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.data.amounts import duration
from engine.data.card import Card, InputKind
from engine.data.palette import Palette
from engine.errors import PictureError
from engine.passes.generator import Generator
from trainer.data import pairs, void_labels
from trainer.data.pairs import DataSet, Task
from trainer.data.split import train_validation_split
from trainer.evaluation import recogniser as recognising
from trainer.evaluation.recogniser import Recogniser
from trainer.evaluation.tally import Tally
from trainer.files import layouts
from trainer.loading.augment import Augment, still
from trainer.machine.errors import TrainingError
from trainer.perception import distance
from trainer.pictures import sketch
from trainer.training import sheet

Pixels = npt.NDArray[np.uint8]

WORST_READER = 0.6
"""Share of the pixels of real photos that a recogniser must read rightly, to judge by."""

OVERHEAD = 60.0
"""Seconds that judging a model may take on top of twice the time that translating the pictures takes."""

SPARE = 20.0
"""Of these, seconds that are left for starting, reading the set and writing the report."""

TRIED = 5
"""Pairs that a trial judges to see how long all will take."""

_LONGEST_PATTERN = 400
"""Characters of one in a stranger's card: each “+” in it may be where the two sides are named."""

ON_SHEET = 12
"""Pairs on the contact sheet."""

HELD_BACK = 0.2
"""Share of the pairs that a recogniser doesn't learn from, where nothing says which ones to judge by."""

_FITTING: dict[InputKind, tuple[Task, ...]] = {
    "sketch": ("lines", "hints"),
    "labels": ("labels",),
    "image": ("image", "grey", "small"),
}
"""Tasks whose inputs a model can take."""


@dataclass
class Evaluation:
    """What was found. ``notes`` are sentences for the user; ``found`` is as of ``Tally``."""

    name: str
    pairs: int
    statistics: str
    scores: dict[str, float] = field(default_factory=dict)
    found: list[tuple[str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    examples: list[tuple[Pixels, Pixels, Pixels]] = field(default_factory=list)
    """Input as seen, generated picture, target."""


def task_of(card: Card) -> Task | None:
    """The task a model was made for; None where its card says too little."""
    fitting = _FITTING[card.input]
    for task in fitting:
        if task == card.training.get("task"):  # of a stranger's file it may be anything
            return task
    if card.input == "sketch":
        return "hints" if card.hints else "lines"
    if card.input == "image":
        return "grey" if card.network.get("inputs") == 1 else None
    return "labels"


def load_pairs(
    card: Card, folder: Path, *, task: Task | None = None, swap: bool = False, pattern: str = ""
) -> DataSet:
    """A folder's pairs, with inputs as the model was trained on.

    Args:
        task: instead of the model's own.
        swap, pattern: as for ``pairs.find``; by themselves as in training.

    Raises:
        PictureError: as ``pairs.find``.
        TrainingError: there are no pairs, their inputs are not what the model takes, or it is a stranger's
            that doesn't say what it takes.
    """
    if card.input == "labels" and card.palette is None:
        raise TrainingError(f"“{card.name}” doesn't say which colours its labels are; nothing can judge it.")
    own = task_of(card)
    ignored = void_labels.colours_of(str(card.training.get("ignored", "")))
    wanted = task or own
    swaps, way = card.training.get("swap") is True, card.training.get("pair")

    def find(swap: bool, pattern: str) -> DataSet:
        return pairs.find(
            folder, task=wanted, swap=swap, palette=card.palette, pattern=pattern, ignore=ignored
        )

    data = None
    if isinstance(way, str) and 0 < len(way) <= _LONGEST_PATTERN and not pattern:
        with suppress(PictureError):  # other folders have other names
            data = find(swap or swaps, way)
    if data is None:
        data = find(swap or swaps, pattern)
    if not swap and not swaps and card.training.get("digest") != pairs.digest(data):
        # Older models don't say that their sides had changed places; the pairs that they learnt from do.
        with suppress(PictureError):  # the other side may be none of the model's labels
            other = find(True, data.pattern if pattern or way else "")
            data = other if card.training.get("digest") == pairs.digest(other) else data
    # Both are pictures, but a model that was trained on the one knows nothing of the other.
    strange = {"grey": "small", "small": "grey"}.get(own or "")
    fitting = [known for known in _FITTING[card.input] if known != strange]
    if data.task not in fitting:
        raise TrainingError(
            f"“{card.name}” takes inputs of the task {' or '.join(fitting)}, and those of “{folder.name}” "
            f"are {data.task}; choose with --task, or another folder."
        )
    for problem in data.problems:
        if problem.severe and not data.pairs:
            raise TrainingError(str(problem))
    return data


def split_for_evaluation(data: DataSet, card: Card) -> tuple[DataSet, DataSet]:
    """The pairs that a recogniser may learn from, and those to judge the model by; none is in both.

    Judged is by a folder ``val``, or where there is none ``test``; else, of the data that the model was
    trained on, by those held back then; else by all, of which label models leave most to the recogniser. Of
    too few pairs it gets none.

    Raises:
        TrainingError: there are none to judge by.
    """
    kept_apart = data.of_split("test")
    if kept_apart.pairs and not data.of_split("val").pairs:
        return data.of_split("train", ""), kept_apart
    share, photos_apart = HELD_BACK if card.input == "labels" else 0.0, True
    if card.training.get("digest") == pairs.digest(data):
        declared = card.training.get("validation")  # of a stranger's file it may be anything
        if isinstance(declared, float) and 0 < declared <= 0.5:
            share, photos_apart = declared, card.training.get("photos_apart") is True
    learnt_from, judged_by = train_validation_split(data, share, photos_apart)
    if not judged_by.pairs:
        learnt_from, judged_by = replace(data, pairs=()), data
    if not judged_by.pairs:
        raise TrainingError(f"There are no pairs in “{data.folder}” to judge by; choose another folder.")
    return learnt_from, judged_by


@dataclass(frozen=True)
class Pace:
    """How long judging takes, from a few pairs: seconds a pair."""

    pairs: int
    translating: float
    """Reading it, and making the picture."""
    comparing: float
    """All that is measured in it afterwards."""
    looking: float = 0.0
    """At some of them with a trained eye, and with dabs on them, seconds in all."""

    @property
    def learning(self) -> float:
        """Seconds that a recogniser may learn, so that all is done within twice the time of translating plus
        ``OVERHEAD``."""
        spent = self.pairs * (self.translating + self.comparing)
        return max(0.0, 2 * self.pairs * self.translating + OVERHEAD - SPARE - spent)

    def in_words(self, learning: float) -> str:
        """For the user, one line.

        Args:
            learning: seconds that a recogniser is going to learn; 0 for none.
        """
        judging = self.pairs * (self.translating + self.comparing) + self.looking
        first = f"learning to read labels {duration(learning)}, then " if learning else ""
        return (
            f"Judging by {self.pairs} pairs takes about {duration(learning + judging)}: "
            f"{first}translating and comparing {duration(judging)}."
        )


def estimate_time(
    generator: Generator,
    data: DataSet,
    perceptual_pairs: int = 0,
    dabbed: int = 0,
    edge_maps: Path | None = None,
) -> Pace:
    """Judge a few pairs, and forget what was found.

    Args:
        perceptual_pairs, dabbed, edge_maps: as for ``evaluate``.

    Raises:
        PictureError: a pair can't be read.
        TrainingError: there are no pairs to judge by.
    """
    augment = augment_of(generator.card, data, edge_maps)
    _, chosen = split_for_evaluation(data, generator.card)
    tally = Tally(generator.card, None)
    reading = making = comparing = 0.0
    places = layouts.spread(range(len(chosen.pairs)), TRIED)
    for turn, place in enumerate((places[0], *places)):
        stamps = [time.perf_counter()]
        sample = still(chosen.pairs[place], augment)
        stamps.append(time.perf_counter())
        fake = generator.translate(sample.prepared)
        stamps.append(time.perf_counter())
        tally.add(sample, fake)
        stamps.append(time.perf_counter())
        if turn:  # the first one loads what is needed
            reading += stamps[1] - stamps[0]
            making += stamps[2] - stamps[1]
            comparing += stamps[3] - stamps[2]
    count = len(places)
    looking = 0.0
    if generator.card.hints and dabbed:
        begun = time.perf_counter()
        tally.dab(sample, generator.translate)
        looking += min(dabbed, len(chosen.pairs)) * (time.perf_counter() - begun)
    if perceptual_pairs:
        distance.extract_features(sample.target)  # reads the weights
        begun = time.perf_counter()
        distance.extract_features(sample.target)
        looking += 2 * min(perceptual_pairs, len(chosen.pairs)) * (time.perf_counter() - begun)
    return Pace(len(chosen.pairs), (reading + making) / count, comparing / count, looking)


def evaluate(
    generator: Generator,
    data: DataSet,
    *,
    recogniser: Recogniser | None = None,
    classes: Palette | None = None,
    perceptual_pairs: int = 0,
    dabbed: int = 0,
    edge_maps: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Translate all pairs to judge by, and compare.

    Args:
        data: the whole data set, of which ``split_for_evaluation`` chooses.
        recogniser: for label models; without it there is no label score.
        classes: the colours of maps, where that is what the model makes.
        perceptual_pairs: of so many of the pairs, spread over all, perceptual and kernel distance are
            measured, about a second a pair.
        dabbed: for models with hints; so many of the pairs, spread over all, are translated again, without
            hints and with dabs on the bare lines.
        edge_maps: where those of photos are kept, by which lines are drawn then; else by gradients.
        progress: is told pairs done and pairs in all.

    Raises:
        PictureError: a pair can't be read.
        TrainingError: there are no pairs to judge by.
    """
    card = generator.card
    augment = augment_of(card, data, edge_maps)
    _, chosen = split_for_evaluation(data, card)
    count = len(chosen.pairs)
    result = Evaluation(card.name, count, generator.statistics)
    tally = Tally(card, recogniser if card.input == "labels" else None, classes)
    on_sheet = set(layouts.spread(range(count), ON_SHEET))
    looked_at = set(layouts.spread(range(count), perceptual_pairs)) if perceptual_pairs else set()
    again = set(layouts.spread(range(count), dabbed)) if card.hints and dabbed else set()
    with ThreadPoolExecutor(1, thread_name_prefix="judged") as pool:  # the next pair is read meanwhile
        following = pool.submit(still, chosen.pairs[0], augment)
        for number in range(count):
            sample = following.result()
            if number + 1 < count:
                following = pool.submit(still, chosen.pairs[number + 1], augment)
            fake = generator.translate(sample.prepared)
            tally.add(sample, fake)
            if number in looked_at:
                tally.compare_features(sample, fake)
            if number in again:
                tally.dab(sample, generator.translate)
            if number in on_sheet:
                result.examples.append((sheet.shown(sample.prepared, card), fake, sample.target))
            if progress is not None:
                progress(number + 1, count)
    result.scores, result.found = tally.scores(), tally.found()
    if tally.unlabelled:
        result.notes.append(f"{tally.unlabelled} of {count} pairs have no labels, and count for nothing.")
    read_rightly = result.scores.get("real_pixel_accuracy", 1.0)
    if read_rightly < WORST_READER:
        result.notes.append(
            f"The recogniser reads only {read_rightly:.0%} of the pixels of real photos rightly; "
            f"below {WORST_READER:.0%} its label score says little. More training pairs help it."
        )
    return result


def recogniser_for(
    card: Card,
    data: DataSet,
    path: Path,
    *,
    seed: int = 0,
    seconds: float = 60.0,
    progress: Callable[[int, int], None] | None = None,
) -> Recogniser:
    """The recogniser kept at ``path``, or one that learns now and is kept there, from pairs that the model
    is not judged by.

    One that was trained on other pairs, or in an older way, is not taken, unless there are none to train on.

    Args:
        seconds: it may learn, see ``Pace``.

    Raises:
        TrainingError: there are no pairs to train on, or to judge by.
        ModelError: the file is no recogniser for this model, or can't be written.
    """
    assert card.palette is not None
    training, judged_by = split_for_evaluation(data, card)
    if os.path.exists(path):
        try:
            kept = recognising.read(path, len(card.palette.labels))
        except recognising.OutdatedError:
            if not training.pairs:
                raise
        else:
            learnt_from = kept.note.get("digest")
            if learnt_from == pairs.digest(training):
                return kept
            if not training.pairs and learnt_from != pairs.digest(judged_by):
                return kept
    if not training.pairs:
        raise TrainingError(
            "There is no label score: it needs real pairs to learn from. Give the whole data set, "
            "or --recogniser with one that was trained on it."
        )
    fresh = recognising.train_recogniser(
        training, augment_of(card, data), seed=seed, seconds=seconds, progress=progress
    )
    recognising.write(path, fresh)
    return fresh


def augment_of(card: Card, data: DataSet, edge_maps: Path | None = None) -> Augment:
    """How pairs become samples for a model; drawings of photos by edge maps, where these have a folder."""
    drawing = sketch.Settings(line_width=card.line_width or 1.5)
    return Augment(card, data.task, drawing=drawing, edge_maps=edge_maps)
