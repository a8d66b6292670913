"""Several models judged by the very same pairs, none of which any of them was trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import resources
from engine.data.card import Card
from engine.data.task import Task
from engine.errors import ModelError, UnderpaintError
from engine.passes import opening
from trainer.comparison.table import Judged
from trainer.data import pairs
from trainer.data.pairs import DataSet
from trainer.evaluation import evaluate as evaluation
from trainer.evaluation import styles
from trainer.evaluation.evaluate import Pixels
from trainer.machine.errors import TrainingError
from trainer.perception import weights

LEARNING = 60.0
"""Seconds that a recogniser of labels may learn, where none is kept."""

Step = Callable[[int, int], None]
"""Told pairs done and pairs in all, of all models."""


@dataclass(frozen=True)
class How:
    """How models are to be judged, in the words of ``underpaint evaluate``."""

    task: Task | None = None
    swap: bool = False
    pattern: str = ""
    perceptual_pairs: int = 0
    """Pairs of which perceptual and kernel distance are measured; 0 leaves out styles, too."""
    dabbed: int = 0
    edge_maps: Path | None = None
    seed: int = 0
    device: str | None = None


def compare_models(
    models: Sequence[tuple[Path, Card]],
    folder: Path,
    how: How,
    step: Step = lambda _done, _total: None,
    say: Callable[[str], object] = lambda _sentence: None,
) -> tuple[list[Judged], list[list[tuple[Pixels, Pixels, Pixels]]]]:
    """Judge models by the pairs of a folder, one after the other.

    One that the pairs don't suit has a problem, and the others go on.

    Args:
        models: files and cards, the latter of any kind.
        folder: of pairs.
        how: see there.
        step: called after each pair.
        say: gets sentences on what is done meanwhile.

    Returns:
        what was found of each model; and of each its examples, see ``Evaluation.examples``, which are of the
        same pairs for all.

    Raises:
        TrainingError: no pair is left that all of them could be judged by.
        PictureError: the folder is missing, or a pair can't be read.
    """
    data, problems = _suited(models, folder, how)
    common = common_pairs(data, models)
    total = sum(len(_of(common, one)) for one in data.values())
    found: list[Judged] = []
    examples: list[list[tuple[Pixels, Pixels, Pixels]]] = []
    done = 0
    for index, (file, card) in enumerate(models):
        if index not in data:
            found.append(Judged(card.name, file, problem=problems[index]))
            examples.append([])
            continue
        say(f"Judging “{card.name}”.")
        own = _parted(data[index], common)
        begun = done

        def report(now: int, _total: int, begun: int = begun) -> None:
            step(begun + now, total)

        try:
            one, seen = _one(file, card, own, how, report)
        except ModelError as error:  # its card was read; its weights may be damaged all the same
            one, seen = Judged(card.name, file, problem=str(error)), []
        found.append(one)
        examples.append(seen)
        done += len(_of(common, data[index]))
        step(done, total)
    return found, examples


def _suited(
    models: Sequence[tuple[Path, Card]], folder: Path, how: How
) -> tuple[dict[int, DataSet], dict[int, str]]:
    """The pairs as each model takes them, by its index; and why some can't."""
    data, problems = {}, {}
    for index, (_, card) in enumerate(models):
        try:
            data[index] = evaluation.load_pairs(
                card, folder, task=how.task, swap=how.swap, pattern=how.pattern
            )
            if not data[index].pairs:
                raise TrainingError(f"There are no pairs in “{folder.name}” to judge by; choose another one.")
        except TrainingError as error:
            data.pop(index, None)
            problems[index] = str(error)
    if not data:
        raise TrainingError(next(iter(problems.values()), "There are no models to be judged."))
    return data, problems


def common_pairs(data: dict[int, DataSet], models: Sequence[tuple[Path, Card]]) -> frozenset[str]:
    """Names of the pairs that each model may be judged by: none of them was trained on one.

    Args:
        data: the pairs as each model takes them, by its index among ``models``.

    Raises:
        TrainingError: there are none.
    """
    names = [
        {pair.name for pair in evaluation.split_for_evaluation(own, models[index][1])[1].pairs}
        for index, own in data.items()
    ]
    common = frozenset.intersection(*map(frozenset, names))
    if not common:
        raise TrainingError(
            "There is no pair that all of these models can be judged by: each was trained on what another "
            "would be judged by. Choose a folder with pairs that none of them has seen."
        )
    return common


def _of(common: frozenset[str], data: DataSet) -> tuple[pairs.Pair, ...]:
    return tuple(sorted((pair for pair in data.pairs if pair.name in common), key=lambda pair: pair.name))


def _parted(data: DataSet, common: frozenset[str]) -> DataSet:
    """A data set that says itself which pairs are for judging: the common ones; others may be learnt from."""
    held = tuple(replace(pair, split="val") for pair in _of(common, data))
    rest = tuple(
        replace(pair, split="train")
        for pair in data.pairs
        if pair.name not in common and pair.split in ("", "train")
    )
    return replace(data, pairs=rest + held)


def _one(
    file: Path, card: Card, data: DataSet, how: How, step: Step
) -> tuple[Judged, list[tuple[Pixels, Pixels, Pixels]]]:
    generator = opening.open(file, device=how.device)
    notes: list[str] = []
    reader = None
    if card.input == "labels":
        learnt_from, _ = evaluation.split_for_evaluation(data, card)
        kept = resources.home("recognisers", f"{pairs.digest(learnt_from)[:16]}-{how.seed}.safetensors")
        try:
            reader = evaluation.recogniser_for(card, data, kept, seed=how.seed, seconds=LEARNING)
        except UnderpaintError as error:
            notes.append(str(error))
    result = evaluation.evaluate(
        generator,
        data,
        recogniser=reader,
        perceptual_pairs=how.perceptual_pairs if card.input != "labels" else 0,
        dabbed=how.dabbed,
        edge_maps=how.edge_maps if card.input == "sketch" else None,
        progress=step,
    )
    if how.perceptual_pairs and card.style and weights.available():
        of_styles = styles.measure_styles(generator, data, edge_maps=how.edge_maps)
        result.scores |= of_styles.scores
        notes += of_styles.notes
    notes = [*result.notes, *notes]
    one = Judged(card.name, file, result.pairs, result.statistics, result.scores, tuple(notes))
    return one, result.examples
