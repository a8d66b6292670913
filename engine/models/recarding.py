"""A model with another card: what it says of itself changes, its weights stay byte for byte. No torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.data.card import Card
from engine.data.style import MOST_NAMES, Code
from engine.errors import ModelError
from engine.models import bundle, drawings
from engine.models.drawings import SampleDrawing

SAID = ("name", "task", "description", "data", "licence", "sample", "styles", "scores", "training")
"""Fields of a card that say something of a model and change nothing of how it runs."""

_PUBLISHED = (
    "step",
    "steps",
    "pictures",
    "epochs",
    "task",
    "recipe",
    "style_recipe",
    "repaint",
    "repainted",
    "seed",
    "digest",
    "validation",
    "photos_apart",
    "swap",
    "ignored",
)
"""What a training notes of itself and may be given away; whatever else stands there could be private."""
_LONGEST = 200
"""Characters of such a note."""


def written(
    source: Path,
    target: Path,
    card: Card,
    samples: Sequence[SampleDrawing] | None = None,
    step: Callable[[int, int], object] = lambda _done, _total: None,
) -> None:
    """Write a model with another card and other sample drawings; ``target`` may be ``source``.

    Args:
        card: that of ``source`` but for what is ``SAID``, and for names of styles.
        samples: None for those that it has.
        step: called between parts with bytes done and in all; ends the work by raising.

    Raises:
        ModelError: the source can't be read, the card is one of another network, or the drawings are too
            much; or ``target`` can't be written.
    """
    before = bundle.read_card(source)
    fields = dict.fromkeys(SAID)
    if replace(before, **_values(card, fields)) != card:
        raise ModelError(f"The card of “{before.name}” can't say that its network is another one.")
    if sorted(before.styles.values()) != sorted(card.styles.values()):
        raise ModelError("Styles may be given other names; what they are stays.")
    known = drawings.read(source, before.input) if samples is None else list(samples)
    _write(source, target, card, known, step)


def restyled(source: Path, target: Path, styles: dict[str, Code], seeded: tuple[Code, ...]) -> Card:
    """Write a model with codes of photos as its styles; ``target`` may be ``source``.

    Args:
        styles: named ones, beside those that it has; of the same name they take their place.
        seeded: those that seeds stand for from now on, and the first of them where none is asked for.

    Raises:
        ModelError: the source can't be read or knows no styles, or ``target`` can't be written.
    """
    before = bundle.read_card(source)
    named = dict(list({**before.styles, **styles}.items())[-MOST_NAMES:])  # of too many, the first ones go
    card = replace(before, styles=named, seeded_styles=seeded, default_style=None)
    _write(source, target, card, drawings.read(source, before.input))
    return card


def _write(
    source: Path,
    target: Path,
    card: Card,
    samples: Sequence[SampleDrawing],
    step: Callable[[int, int], object] = lambda _done, _total: None,
) -> None:
    notes = {drawings.KEY: drawings.to_text(samples)} if samples else {}
    bundle.recard(source, target, card, notes, step)


def to_give_away(card: Card) -> Card:
    """The card as strangers may see it: of a training's notes only ours, without places and names."""
    training = {
        name: value for name, value in card.training.items() if name in _PUBLISHED and _is_plain(value)
    }
    scores = {name: value for name, value in card.scores.items() if isinstance(value, int | float)}
    return replace(card, training=training, scores=scores)


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST and not {"/", "\\"} & set(value)
    return isinstance(value, int | float)


def _values(card: Card, fields: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(card, name) for name in fields}
