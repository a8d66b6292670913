"""How good a model is, on pairs that it was not trained on, run as the canvas runs it."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.data.amounts import duration
from engine.data.card import Card, InputKind
from engine.passes.generator import Generator
from trainer.data import pairs
from trainer.data.pairs import DataSet, Task
from trainer.data.split import parted
from trainer.evaluation import holes, scores
from trainer.evaluation import recogniser as recognising
from trainer.evaluation.recogniser import Recogniser
from trainer.files import layouts
from trainer.loading.augment import Augment, Sample, still
from trainer.machine.errors import TrainingError
from trainer.perception import distance
from trainer.pictures import sketch
from trainer.run import config as configs
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
    """What was found. ``notes`` are sentences for the user."""

    name: str
    pairs: int
    statistics: str
    scores: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    examples: list[tuple[Pixels, Pixels, Pixels]] = field(default_factory=list)
    """Input as seen, made picture, target."""


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


def found(
    card: Card, folder: Path, *, task: Task | None = None, swap: bool = False, way: str = ""
) -> DataSet:
    """A folder's pairs, with inputs as the model was trained on.

    Args:
        task: instead of the model's own.
        swap, way: as for ``pairs.find``.

    Raises:
        PictureError: as ``pairs.find``.
        TrainingError: there are no pairs, their inputs are not what the model takes, or it is a stranger's
            that doesn't say what it takes.
    """
    if card.input == "labels" and card.palette is None:
        raise TrainingError(f"“{card.name}” doesn't say which colours its labels are; nothing can judge it.")
    own = task_of(card)
    ignored = configs.colours_of(str(card.training.get("ignored", "")))
    wanted = task or own
    data = pairs.find(folder, task=wanted, swap=swap, palette=card.palette, way=way, ignore=ignored)
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


def shared_out(data: DataSet, card: Card) -> tuple[DataSet, DataSet]:
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
    share = HELD_BACK if card.input == "labels" else 0.0
    if card.training.get("digest") == pairs.digest(data):
        told = card.training.get("validation")  # of a stranger's file it may be anything
        share = told if isinstance(told, float) and 0 < told <= 0.5 else share
    learnt_from, judged_by = parted(data, share)
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
    """At some of them with a trained eye, seconds in all."""

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


def paced(generator: Generator, data: DataSet, looks: int = 0) -> Pace:
    """Judge a few pairs, and forget what was found.

    Args:
        looks: as for ``evaluate``.

    Raises:
        PictureError: a pair can't be read.
        TrainingError: there are no pairs to judge by.
    """
    augment = augment_of(generator.card, data)
    _, chosen = shared_out(data, generator.card)
    tally = _Tally(generator.card, None)
    reading = making = comparing = 0.0
    places = layouts.spread(range(len(chosen.pairs)), TRIED)
    for turn, place in enumerate((places[0], *places)):
        stamps = [time.perf_counter()]
        sample = still(chosen.pairs[place], augment)
        stamps.append(time.perf_counter())
        made = generator.translate(sample.prepared)
        stamps.append(time.perf_counter())
        tally.add(sample, made)
        stamps.append(time.perf_counter())
        if turn:  # the first one loads what is needed
            reading += stamps[1] - stamps[0]
            making += stamps[2] - stamps[1]
            comparing += stamps[3] - stamps[2]
    count = len(places)
    looking = 0.0
    if looks:
        distance.look(sample.target)  # reads the weights
        begun = time.perf_counter()
        distance.look(sample.target)
        looking = 2 * min(looks, len(chosen.pairs)) * (time.perf_counter() - begun)
    return Pace(len(chosen.pairs), (reading + making) / count, comparing / count, looking)


def evaluate(
    generator: Generator,
    data: DataSet,
    *,
    recogniser: Recogniser | None = None,
    looks: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Translate all pairs to judge by, and compare.

    Args:
        data: the whole data set, of which ``shared_out`` chooses.
        recogniser: for label models; without it there is no label score.
        looks: of so many of the pairs, spread over all, perceptual and kernel distance are measured, about
            a second a pair.
        progress: is told pairs done and pairs in all.

    Raises:
        PictureError: a pair can't be read.
        TrainingError: there are no pairs to judge by.
    """
    card = generator.card
    augment = augment_of(card, data)
    _, chosen = shared_out(data, card)
    count = len(chosen.pairs)
    result = Evaluation(card.name, count, generator.statistics)
    tally = _Tally(card, recogniser if card.input == "labels" else None)
    on_sheet = set(layouts.spread(range(count), ON_SHEET))
    looked_at = set(layouts.spread(range(count), looks)) if looks else set()
    with ThreadPoolExecutor(1, thread_name_prefix="judged") as pool:  # the next pair is read meanwhile
        following = pool.submit(still, chosen.pairs[0], augment)
        for number in range(count):
            sample = following.result()
            if number + 1 < count:
                following = pool.submit(still, chosen.pairs[number + 1], augment)
            made = generator.translate(sample.prepared)
            tally.add(sample, made)
            if number in looked_at:
                tally.look(sample, made)
            if number in on_sheet:
                result.examples.append((sheet.shown(sample.prepared, card), made, sample.target))
            if progress is not None:
                progress(number + 1, count)
    result.scores = tally.scores()
    read_rightly = result.scores.get("real_pixel_accuracy", 1.0)
    if read_rightly < WORST_READER:
        result.notes.append(
            f"The recogniser reads only {read_rightly:.0%} of the pixels of real photos rightly; "
            f"below {WORST_READER:.0%} its label score says little. More training pairs help it."
        )
    return result


class _Tally:
    """Scores, gathered pair by pair: the pictures of all pairs together may not fit into memory."""

    def __init__(self, card: Card, recogniser: Recogniser | None) -> None:
        labels = len(card.palette.labels) if card.palette is not None else 0
        self._card, self._recogniser = card, recogniser
        self._likeness: dict[str, list[float]] = defaultdict(list)
        self._obedience: dict[str, list[float]] = defaultdict(list)
        self._colours = scores.Histograms()
        self._looks: list[tuple[distance.Features, distance.Features]] = []
        self._real, self._generated = scores.Reading(labels), scores.Reading(labels)

    def add(self, sample: Sample, made: Pixels) -> None:
        """Compare what was made of a sample with what it should be."""
        there = None if sample.known is None else sample.known > 0
        for name, value in scores.likeness(made, sample.target, there).items():
            self._likeness[name].append(value)
        self._colours.add(made, sample.target, there)
        if self._card.input == "sketch":
            self._add_sketch(sample.prepared, made)
            self._add_holes(sample, made)
        if self._recogniser is not None:
            labels = _indices(sample.prepared, self._card)
            real, generated = self._recogniser.read([sample.target, made])
            self._real.add(real, labels, there)
            self._generated.add(generated, labels, there)

    def look(self, sample: Sample, made: Pixels) -> None:
        """Compare what a trained eye sees in them."""
        seen, wanted = distance.look(sample.judged(made)), distance.look(sample.target)
        self._likeness["perceptual"].append(seen.distance_from(wanted))
        self._looks.append((seen.features, wanted.features))

    def _add_holes(self, sample: Sample, made: Pixels) -> None:
        """White inside the outline, beside how much of it the photo has there."""
        prepared = sample.prepared
        enclosed = holes.inside(prepared[..., 0])
        hinted = prepared[..., 4] > 0 if self._card.hints else None
        ours, theirs = (holes.share(picture, enclosed, hinted) for picture in (made, sample.target))
        if ours is not None and theirs is not None:
            self._obedience["holes"].append(ours)
            self._obedience["real_holes"].append(theirs)

    def _add_sketch(self, prepared: Pixels, made: Pixels) -> None:
        lines = sketch.lines(made, self._card.line_width or 1.5) < 128
        precision, recall = scores.line_agreement(prepared[..., 0] < 128, lines)
        self._obedience["line_precision"].append(precision)
        self._obedience["line_recall"].append(recall)
        if self._card.hints and prepared[..., 4].any():
            hints, where = prepared[..., 1:4], prepared[..., 4] > 0
            self._obedience["hint_difference"].append(scores.hint_difference(made, hints, where))

    def scores(self) -> dict[str, float]:
        """Of all pairs so far: means, but of hints the median."""
        answer = {name: float(np.mean(values)) for name, values in self._likeness.items()}
        answer |= self._colours.intersection()
        if len(self._looks) > 1:
            generated_looks, real_looks = zip(*self._looks, strict=True)
            answer["kernel"] = distance.kernel_distance(generated_looks, real_looks)
        for name, values in self._obedience.items():
            answer[name] = float((np.median if name == "hint_difference" else np.mean)(values))
        if self._recogniser is not None:
            real, generated = self._real.shares(), self._generated.shares()
            answer |= {f"real_{name}": value for name, value in real.items()}
            answer |= {f"made_{name}": value for name, value in generated.items()}
            answer["label_score"] = generated["mean_iou"] / max(1e-9, real["mean_iou"])
        return answer


def _indices(prepared: Pixels, card: Card) -> Pixels:
    """The label of each pixel, uint8 (H, W)."""
    assert card.palette is not None
    return prepared[..., 0] if card.one_hot else card.palette.indices(prepared)


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
    training, judged_by = shared_out(data, card)
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
    fresh = recognising.learnt(
        training, augment_of(card, data), seed=seed, seconds=seconds, progress=progress
    )
    recognising.write(path, fresh)
    return fresh


def augment_of(card: Card, data: DataSet) -> Augment:
    """How pairs become samples for a model."""
    return Augment(card, data.task, drawing=sketch.Settings(line_width=card.line_width or 1.5))
