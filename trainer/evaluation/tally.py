"""What is measured in generated pictures, gathered pair by pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from engine.data.card import Card
from engine.data.palette import Palette
from trainer.evaluation import dabs, flat, holes, scores
from trainer.evaluation.recogniser import Recogniser
from trainer.loading.augment import Sample
from trainer.perception import distance
from trainer.pictures import sketch

Pixels = npt.NDArray[np.uint8]


class Tally:
    """Scores, gathered pair by pair: the pictures of all pairs together may not fit into memory."""

    def __init__(self, card: Card, recogniser: Recogniser | None, classes: Palette | None = None) -> None:
        """``classes``: the colours of maps, where that is what the model makes."""
        labels = len(card.palette.labels) if card.palette is not None else 0
        self._card, self._recogniser = card, recogniser
        self._count = self.unlabelled = 0
        self._likeness: dict[str, list[float]] = defaultdict(list)
        self._obedience: dict[str, list[float]] = defaultdict(list)
        self._colours = scores.Histograms()
        self._flatness = flat.Flatness()
        self._features: list[tuple[distance.Array, distance.Array]] = []
        self._red_steps: list[dabs.Steps] = []
        self._steps: list[dabs.Steps] = []
        self._classes = classes
        self._of_classes = scores.Reading(len(classes.labels) if classes is not None else 0)
        self._real, self._generated = scores.Reading(labels), scores.Reading(labels)

    def add(self, sample: Sample, fake: Pixels) -> None:
        """Compare what was made of a sample with what it should be; where nothing is known of that, don't."""
        there = None if sample.known is None else sample.known > 0
        if there is not None and not there.any():
            self.unlabelled += 1
            return
        self._count += 1
        for name, value in scores.likeness(fake, sample.target, there).items():
            self._likeness[name].append(value)
        self._colours.add(fake, sample.target, there)
        for prefix, picture in (("", fake), ("real_", sample.target)):
            for name, measure in (("stripes", scores.stripes), ("lattice", scores.lattice)):
                if (strength := measure(picture)) is not None:
                    self._likeness[prefix + name].append(strength)
        if self._card.input == "sketch":
            self._add_sketch(sample.prepared, fake)
            self._add_holes(sample, fake)
        elif self._card.input == "image":
            self._flatness.add(sample.prepared, fake, sample.target)
        if self._classes is not None:
            self._of_classes.add(self._classes.indices(fake), self._classes.indices(sample.target), there)
        if self._recogniser is not None:
            labels = _indices(sample.prepared, self._card)
            real, generated = self._recogniser.read([sample.target, fake])
            self._real.add(real, labels, there)
            self._generated.add(generated, labels, there)

    def compare_features(self, sample: Sample, fake: Pixels) -> None:
        """Compare what a trained eye sees in them; nothing where what is not known is all there is."""
        if sample.known is not None and not sample.known.any():
            return
        generated = distance.extract_features(sample.masked(fake))
        real = distance.extract_features(sample.target)
        self._likeness["perceptual"].append(generated.distance_from(real))
        self._features.append((generated.vector, real.vector))

    def dab(self, sample: Sample, translate: Callable[[Pixels], Pixels]) -> None:
        """Translate the bare lines of a sample, and with dabs of colour on them, and see what comes of it."""
        drawing = dabs.bare(sample.prepared)
        self._add_holes(sample._replace(prepared=drawing), translate(drawing), "unhinted_")
        inside = holes.inside(drawing[..., 0])
        if not inside.any():
            return
        reach, red, others = dabs.measure_dabs(translate, drawing, sample.target, inside)
        if reach is not None:
            self._obedience["one_dab"].append(reach)
        self._red_steps += red
        self._steps += others

    def _add_holes(self, sample: Sample, fake: Pixels, which: str = "") -> None:
        """White inside the outline, beside how much of it the photo has there."""
        prepared = sample.prepared
        enclosed = holes.inside(prepared[..., 0])
        hinted = prepared[..., 4] > 0 if self._card.hints else None
        ours, theirs = (holes.share(picture, enclosed, hinted) for picture in (fake, sample.target))
        if ours is not None and theirs is not None:
            self._obedience[f"{which}holes"].append(ours)
            self._obedience[f"real_{which}holes"].append(theirs)

    def _add_sketch(self, prepared: Pixels, fake: Pixels) -> None:
        lines = sketch.lines(fake, self._card.line_width or 1.5) < 128
        precision, recall = scores.line_agreement(prepared[..., 0] < 128, lines)
        self._obedience["line_precision"].append(precision)
        self._obedience["line_recall"].append(recall)
        if self._card.hints and prepared[..., 4].any():
            hints, where = prepared[..., 1:4], prepared[..., 4] > 0
            self._obedience["hint_difference"].append(scores.hint_difference(fake, hints, where))

    def scores(self) -> dict[str, float]:
        """Of all pairs so far: means, but of hints the median; nothing where none could be compared."""
        if not self._count:
            return {}
        answer = {name: float(np.mean(values)) for name, values in self._likeness.items()}
        answer |= self._colours.intersection() | self._colours.means()
        answer |= self._flatness.scores()
        if len(self._features) > 1:
            generated_features, real_features = zip(*self._features, strict=True)
            answer["kernel"] = distance.kernel_distance(generated_features, real_features)
        for name, values in self._obedience.items():
            answer[name] = float((np.median if name == "hint_difference" else np.mean)(values))
        for name, steps in (("dab_outline", self._red_steps), ("hint_outline", self._steps)):
            if steps:
                answer[name] = dabs.visibility(steps)
        if self._classes is not None:
            of_classes = self._of_classes.shares()
            answer |= {name: of_classes[name] for name in ("pixel_accuracy", "mean_iou")}
        if self._recogniser is not None:
            real, generated = self._real.shares(), self._generated.shares()
            answer |= {f"real_{name}": value for name, value in real.items()}
            answer |= {f"made_{name}": value for name, value in generated.items()}
            answer["label_score"] = generated["mean_iou"] / max(1e-9, real["mean_iou"])
        return answer

    def found(self) -> list[tuple[str, float]]:
        """Of each class that occurs, its name, which others may have too, and the share of its pixels that
        are nearest to its colour in generated maps too, 0 to 1."""
        if self._classes is None:
            return []
        shares = zip(self._classes.labels, self._of_classes.found(), strict=True)
        return [(label.name, share) for label, share in shares if share is not None]


def _indices(prepared: Pixels, card: Card) -> Pixels:
    """The label of each pixel, uint8 (H, W)."""
    assert card.palette is not None
    return prepared[..., 0] if card.one_hot else card.palette.indices(prepared)
