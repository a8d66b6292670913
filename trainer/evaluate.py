"""How good a model is, on pairs that it was not trained on, run as the canvas runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.card import Card
from engine.generator import Generator
from trainer import pairs, scores, sheet, sketch
from trainer import recogniser as recognising
from trainer.augment import Augment, Sample, still
from trainer.errors import TrainingError
from trainer.pairs import DataSet, Task
from trainer.recogniser import Recogniser
from trainer.split import parted

Pixels = npt.NDArray[np.uint8]

WORST_READER = 0.6
"""Share of the pixels of real photos that a recogniser must read rightly, to judge by."""

ON_SHEET = 12
"""Pairs on the contact sheet."""


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
    """The task a model was made for; None where its input says too little."""
    if card.input == "sketch":
        return "hints" if card.hints else "lines"
    return "labels" if card.input == "labels" else None


def judged_by(data: DataSet, card: Card) -> DataSet:
    """The pairs to judge a model by: a folder ``val``; else, of the data that it was trained on, those
    held back then; else all.

    Raises:
        TrainingError: there are none.
    """
    _, told = parted(data, 0.0)
    if not told.pairs and card.training.get("digest") == pairs.digest(data):
        share = card.training.get("validation")  # of a stranger's file it may be anything
        _, told = parted(data, share if isinstance(share, float) and 0 <= share <= 0.5 else 0.0)
    chosen = told if told.pairs else data
    if not chosen.pairs:
        raise TrainingError(f"There are no pairs in “{data.folder}” to judge by; choose another folder.")
    return chosen


def evaluate(
    generator: Generator,
    data: DataSet,
    *,
    recogniser: Recogniser | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Translate all pairs to judge by, and compare.

    Args:
        data: the whole data set, of which ``judged_by`` chooses.
        recogniser: for label models; without it there is no label score.
        progress: is told pairs done and pairs in all.

    Raises:
        PictureError: a pair can't be read.
        TrainingError: there are no pairs to judge by.
    """
    card = generator.card
    augment = augment_of(card, data)
    chosen = judged_by(data, card)
    samples: list[Sample] = []
    made: list[Pixels] = []
    for number, pair in enumerate(chosen.pairs, start=1):
        samples.append(still(pair, augment))
        made.append(generator.translate(samples[-1].prepared))
        if progress is not None:
            progress(number, len(chosen.pairs))
    targets = [sample.target for sample in samples]
    result = Evaluation(card.name, len(made), generator.statistics)
    result.scores |= scores.likeness(made, targets) | scores.histogram_intersection(made, targets)
    if card.input == "sketch":
        result.scores |= _of_sketches(samples, made, card)
    if card.input == "labels" and recogniser is not None:
        _judge_labels(result, made, samples, recogniser, card)
    step = max(1, len(made) // ON_SHEET)
    result.examples = [
        (sheet.shown(sample.prepared, card), one, sample.target)
        for sample, one in zip(samples[::step][:ON_SHEET], made[::step], strict=False)
    ]
    return result


def _of_sketches(samples: list[Sample], made: list[Pixels], card: Card) -> dict[str, float]:
    agreements, differences = [], []
    for sample, one in zip(samples, made, strict=True):
        found = sketch.lines(one, card.line_width or 1.5) < 128
        agreements.append(scores.line_agreement(sample.prepared[..., 0] < 128, found))
        if card.hints and sample.prepared[..., 4].any():
            hints, where = sample.prepared[..., 1:4], sample.prepared[..., 4] > 0
            differences.append(scores.hint_difference(one, hints, where))
    precision, recall = np.mean(agreements, 0).tolist()
    found_scores = {"line_precision": precision, "line_recall": recall}
    if differences:
        found_scores["hint_difference"] = float(np.median(differences))
    return found_scores


def _judge_labels(
    result: Evaluation,
    made: list[Pixels],
    samples: list[Sample],
    recogniser: Recogniser,
    card: Card,
) -> None:
    assert card.palette is not None
    count = len(card.palette.labels)
    labels = [_indices(sample.prepared, card) for sample in samples]
    targets = [sample.target for sample in samples]
    real = scores.reading(recogniser.read(targets), labels, count)
    generated = scores.reading(recogniser.read(made), labels, count)
    result.scores |= {f"real_{name}": value for name, value in real.items()}
    result.scores |= {f"made_{name}": value for name, value in generated.items()}
    result.scores["label_score"] = generated["mean_iou"] / max(1e-9, real["mean_iou"])
    if real["pixel_accuracy"] < WORST_READER:
        result.notes.append(
            f"The recogniser reads only {real['pixel_accuracy']:.0%} of the pixels of real photos rightly; "
            f"below {WORST_READER:.0%} its label score says little. More training pairs help it."
        )


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
    progress: Callable[[int, int], None] | None = None,
) -> Recogniser:
    """The recogniser kept at ``path``, or one that learns from the training pairs now and is kept there.

    One that was trained on other pairs is not taken, unless there are none to train on.

    Raises:
        TrainingError: there are no pairs to train on.
        ModelError: the file is no recogniser for this model, or can't be written.
    """
    assert card.palette is not None
    training, _ = parted(data, float(card.training.get("validation", 0.0)))
    if path.exists():
        kept = recognising.read(path, len(card.palette.labels))
        if not training.pairs or kept.note.get("digest") == pairs.digest(training):
            return kept
    if not training.pairs:
        raise TrainingError(
            "There is no label score: it needs real pairs to learn from. Give the whole data set, "
            "or --recogniser with one that was trained on it."
        )
    fresh = recognising.learnt(training, augment_of(card, data), seed=seed, progress=progress)
    recognising.write(path, fresh)
    return fresh


def augment_of(card: Card, data: DataSet) -> Augment:
    """How pairs become samples for a model."""
    return Augment(card, data.task, drawing=sketch.Settings(line_width=card.line_width or 1.5))
