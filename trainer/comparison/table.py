"""What was measured of several models, measure by measure, and which is best at each. Needs no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MORE, LESS, ONE = "more", "less", "one"
"""What is better of a measure: more of it, less of it, or what is nearest to 1; else the name of the measure
that it should come near to."""

BETTER: dict[str, str] = {
    "l1": LESS,
    "psnr": MORE,
    "ssim": MORE,
    "histogram_L": MORE,
    "histogram_a": MORE,
    "histogram_b": MORE,
    "lightness": "real_lightness",
    "chroma": "real_chroma",
    "stripes": "real_stripes",
    "lattice": "real_lattice",
    "line_precision": MORE,
    "line_recall": MORE,
    "hint_difference": LESS,
    "colour_difference": LESS,
    "paper_kept": MORE,
    "perceptual": LESS,
    "kernel": LESS,
    "holes": "real_holes",
    "unhinted_holes": "real_unhinted_holes",
    "one_dab": MORE,
    "dab_outline": ONE,
    "hint_outline": ONE,
    "diversity": MORE,
    "obedience": MORE,
    "pixel_accuracy": MORE,
    "mean_iou": MORE,
    "label_score": MORE,
    "made_pixel_accuracy": MORE,
    "made_class_accuracy": MORE,
    "made_mean_iou": MORE,
}

DIGITS = 5
"""After the point, of a score as it is written down; what is alike to so many is alike."""


@dataclass(frozen=True)
class Judged:
    """What was found of one model."""

    name: str
    file: Path
    pairs: int = 0
    """By how many it was judged; 0 where it could not be."""
    statistics: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problem: str = ""
    """Why it could not be judged; a sentence, or nothing."""


@dataclass(frozen=True)
class Row:
    """One measure of all models, in their order."""

    name: str
    values: tuple[float | None, ...]
    """None of a model of which it was not measured."""
    best: frozenset[int] = frozenset()
    """Places of the best ones, several where they are alike; none where nothing is to be compared."""


def rows(judged: Sequence[Mapping[str, float]]) -> tuple[Row, ...]:
    """The measures of several models, in the order in which they first come.

    Args:
        judged: the scores of each.
    """
    names = dict.fromkeys(name for scores in judged for name in scores)
    return tuple(_row(name, judged) for name in names)


def _row(name: str, judged: Sequence[Mapping[str, float]]) -> Row:
    values = tuple(scores.get(name) for scores in judged)
    distances = {
        index: round(_distance(name, value, judged[index]), DIGITS)
        for index, value in enumerate(values)
        if value is not None and math.isfinite(value)
    }
    finite = {index: far for index, far in distances.items() if math.isfinite(far)}
    if len(finite) < 2 or name not in BETTER:
        return Row(name, values)
    least = min(finite.values())
    return Row(name, values, frozenset(index for index, far in finite.items() if far == least))


def _distance(name: str, value: float, scores: Mapping[str, float]) -> float:
    """How far a score is from what would be best; the least is best."""
    better = BETTER.get(name, LESS)
    if better == MORE:
        return -value
    if better == LESS:
        return value
    wanted = 1.0 if better == ONE else scores.get(better)
    return math.inf if wanted is None else abs(value - wanted)


def to_fields(judged: Sequence[Judged]) -> dict[str, Any]:
    """The table as JSON has it."""
    table = rows([one.scores for one in judged])
    return {
        "models": [
            {
                "name": one.name,
                "file": str(one.file),
                "pairs": one.pairs,
                "statistics": one.statistics,
                "scores": {name: round(value, DIGITS) for name, value in one.scores.items()},
                "notes": list(one.notes),
                "problem": one.problem,
            }
            for one in judged
        ],
        "best": {row.name: [judged[index].name for index in sorted(row.best)] for row in table if row.best},
    }


def from_fields(fields: Any) -> tuple[Judged, ...]:
    """Read what ``to_fields`` has made.

    Raises:
        ValueError: it was not.
    """
    try:
        return tuple(
            Judged(
                str(one["name"]),
                Path(one["file"]),
                int(one["pairs"]),
                str(one["statistics"]),
                {str(name): float(value) for name, value in one["scores"].items()},
                tuple(map(str, one["notes"])),
                str(one["problem"]),
            )
            for one in fields["models"]
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no table of models") from error


def to_lines(judged: Sequence[Judged], meanings: Mapping[str, str]) -> list[str]:
    """The table for a terminal: a line a measure, the best of each marked by a star."""
    shown = [one for one in judged if not one.problem]
    if not shown:
        return []
    widths = [max(10, len(one.name) + 1) for one in shown]
    lines = ["".join(f"{one.name:>{width}} " for one, width in zip(shown, widths, strict=True))]
    for row in rows([one.scores for one in shown]):
        cells = (
            f"{'–' if value is None else f'{value:.4f}':>{width}}{'*' if index in row.best else ' '}"
            for index, (value, width) in enumerate(zip(row.values, widths, strict=True))
        )
        lines.append(f"{''.join(cells)} {row.name}: {meanings.get(row.name, '')}".rstrip())
    return lines
