"""How much styles change, and whether a picture follows the style of a photo."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.data.card import Card
from engine.passes.generator import Generator
from trainer.data import direction, naming
from trainer.data.pairs import DataSet
from trainer.evaluation.evaluate import augment_of, split_for_evaluation
from trainer.files import layouts
from trainer.loading.augment import Sample, seen, still
from trainer.machine.errors import TrainingError
from trainer.perception import distance
from trainer.pictures import background

Pixels = npt.NDArray[np.uint8]

STYLES = 8
"""In so many a drawing is made, and with so many throws of dropout."""

VARIED = 6
"""Pairs whose drawing is."""

OBEYED = 24
"""Pairs whose drawing is made in the style of its photo, and in a stranger's."""


@dataclass(frozen=True)
class Measured:
    """What was found; ``notes`` are sentences on what was not measured, and why."""

    scores: dict[str, float]
    notes: list[str]


def measure_styles(
    generator: Generator,
    data: DataSet,
    *,
    edge_maps: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """Measure a model's styles by pairs that it was not trained on.

    - ``diversity``: the mean perceptual distance of any two of eight pictures of one drawing in as many
      styles, inside the object where the photo has a plain background, else everywhere;
    - ``dropout_diversity``: the same of eight throws of dropout in the usual style, which any model has;
    - ``obedience``: the share of photos that a picture in their own style comes nearer to (perceptual
      distance, likewise inside) than one in the style of another photo.

    Args:
        data: the whole data set, of which ``split_for_evaluation`` chooses.
        edge_maps: as for ``evaluate``.
        progress: is told comparisons done and comparisons in all.

    Raises:
        PictureError: a pair can't be read.
        TrainingError: there are no pairs to judge by, or the trained eye can't be used.
    """
    card = generator.card
    if not card.style:
        return Measured({}, ["Diversity and obedience are of styles, and the model has none."])
    _, chosen = split_for_evaluation(data, card)
    augment = augment_of(card, data, edge_maps)
    total = count_comparisons(generator, data)
    done = 0

    def step(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, total)

    styled, thrown = [], []
    for pair in layouts.spread(chosen.pairs, VARIED):
        sample = still(pair, augment)
        prepared, inside = sample.prepared, _Inside(sample)
        styled.append(_spread([generator.translate(prepared, style=seed) for seed in range(STYLES)], inside))
        step(STYLES)
        if generator.varies:
            thrown.append(
                _spread([generator.translate(prepared, seed=seed) for seed in range(STYLES)], inside)
            )
            step(STYLES)
    scores = {"diversity": float(np.mean(styled)), "dropout_diversity": float(np.mean(thrown or [0.0]))}
    if not card.style_encoder:
        return Measured(scores, ["Obedience is not measured: the model can't read styles of photos."])
    obeyed = layouts.spread(chosen.pairs, OBEYED)
    if len(obeyed) < 2:
        return Measured(scores, ["Obedience is not measured: that takes two photos at least."])
    codes = [generator.style_of(still(pair, augment).target) for pair in obeyed]
    nearer = []
    for number, pair in enumerate(obeyed):
        sample = still(pair, augment)
        inside = _Inside(sample)
        photo = inside.features(sample.target)
        strange = codes[(number + len(codes) // 2) % len(codes)]
        own, other = (
            inside.features(generator.translate(sample.prepared, style=code)).distance_from(photo)
            for code in (codes[number], strange)
        )
        nearer.append(own < other)
        step(3)
    return Measured({**scores, "obedience": float(np.mean(nearer))}, [])


@dataclass(frozen=True)
class Learnt:
    """Photos as a model's training saw them, small; a ``share`` painted anew where ``painted`` lies."""

    photos: list[Pixels]
    share: float = 0.0
    painted: str = ""


def photos_as_learnt(card: Card, data: DataSet, repaint: float | None = None) -> Learnt:
    """Some photos of a data set as a model's training saw them.

    Args:
        repaint: share of the photos that are painted anew; None for what the training notes say, which those
            of older models don't.

    Raises:
        PictureError: a pair can't be read.
        TrainingError: painting anew was asked for, where there are no labels.
    """
    noted, number = card.training.get("repaint"), card.training.get("repainted")
    share = repaint
    if share is None:  # of a stranger's file it may be anything
        share = noted if isinstance(noted, float) and 0 < noted <= 1 else 0.0
    if not share:
        return Learnt(naming.of_all(data))
    if data.task != "labels" or card.palette is None:
        raise TrainingError("Only label maps have parts that can be painted anew; leave --repaint out.")
    if not isinstance(number, int) or number not in range(len(card.palette.labels)):
        number = direction.commonest_label([pair.a for pair in data.pairs], card.palette)
    augment = replace(augment_of(card, data), repaint=share, repainted=number)
    numbers = layouts.spread(range(len(data.pairs)), naming.LOOKED_AT)
    photos = list(map(naming.small, seen(data, numbers, 0, augment)))
    return Learnt(photos, share, card.palette.labels[number].name)


def count_comparisons(generator: Generator, data: DataSet) -> int:
    """How many pictures the trained eye compares for ``measure_styles``."""
    card = generator.card
    if not card.style:
        return 0
    count = len(split_for_evaluation(data, card)[1].pairs)
    varied = min(VARIED, count) * STYLES * (2 if generator.varies else 1)
    return varied + (3 * min(OBEYED, count) if card.style_encoder and count > 1 else 0)


def seconds(generator: Generator, data: DataSet) -> float:
    """About how long ``measure_styles`` takes, by one try.

    Raises:
        PictureError: the first pair can't be read.
    """
    count = count_comparisons(generator, data)
    if not count:
        return 0.0
    _, chosen = split_for_evaluation(data, generator.card)
    sample = still(chosen.pairs[0], augment_of(generator.card, data))
    for style in (0, 1):  # the first time much is loaded
        begun = time.perf_counter()
        distance.extract_features(generator.translate(sample.prepared, style=style))
    return count * (time.perf_counter() - begun)


class _Inside:
    """Where of a sample's photo something is to be seen; ``there`` (H, W), None for everywhere."""

    def __init__(self, sample: Sample) -> None:
        plain = background.find_background(sample.target)
        there = None if plain is None else plain.foreground
        if sample.known is not None:
            known = sample.known > 0
            there = known if there is None else there & known
        self._there = there if there is not None and there.any() else None
        self._photo = sample.target

    def features(self, picture: Pixels) -> distance.Features:
        """Those of what is inside; around that is the photo's, of which no two pictures differ."""
        if self._there is not None:
            picture = np.where(self._there[..., None], picture, self._photo)
        return distance.extract_features(picture)

    @property
    def share(self) -> float:
        """Of the picture that is inside."""
        return 1.0 if self._there is None else float(self._there.mean())


def _spread(pictures: Sequence[Pixels], inside: _Inside) -> float:
    """The mean distance of any two pictures, for the part that is inside."""
    seen = [inside.features(picture) for picture in pictures]
    return float(np.mean([one.distance_from(other) for one, other in combinations(seen, 2)])) / inside.share
