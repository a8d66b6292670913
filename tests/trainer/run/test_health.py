from __future__ import annotations

from typing import Any

import pytest

from trainer.run.events import Event
from trainer.run.health import diagnosis


def steps(count: int, **losses: float) -> list[Event]:
    usual = {"discriminator_real": 0.5, "discriminator_fake": 0.5, "adversarial": 1.0, "l1": 0.2}
    return [{"event": "step", "time": 0.0, "step": place * 10, **usual, **losses} for place in range(count)]


def validations(*losses: float, training: tuple[float, ...] = (), **more: Any) -> list[Event]:
    known = training or tuple(loss * 0.9 for loss in losses)
    return [
        {"event": "samples", "time": 0.0, "step": place * 100, "l1": loss, "training_l1": one, **more}
        for place, (loss, one) in enumerate(zip(losses, known, strict=True))
    ]


def livelier(*values: float) -> list[Event]:
    """A training whose validation loss rises, and how much its pictures vary meanwhile."""
    seen = validations(0.5, 0.2, 0.21, 0.22, 0.23, training=(0.4, 0.2, 0.15, 0.1, 0.05))
    return [{**validation, "liveliness": value} for validation, value in zip(seen, values, strict=True)]


@pytest.mark.parametrize(
    ("events", "verdict", "says"),
    [
        ([], "early", "Too early"),
        (steps(60) + validations(0.3), "early", "Too early"),
        (steps(60) + validations(0.3, 0.2), "learning", "unknown pairs are the best so far"),
        (steps(60) + validations(0.3, 0.2, held_back=0), "learning", "the pairs are the best so far"),
        (steps(60) + validations(0.2, 0.3), "steady", "about as good"),
        (
            steps(60, discriminator_real=0.01, discriminator_fake=0.02) + validations(0.3, 0.2),
            "discriminator wins",
            "too strong",
        ),
        (
            steps(49, discriminator_real=0.01, discriminator_fake=0.02) + validations(0.3, 0.2),
            "learning",
            "best so far",
        ),
        (
            steps(60, discriminator_real=0.0, discriminator_fake=0.0, adversarial=0.0)
            + validations(0.3, 0.2),
            "learning",
            "best so far",
        ),
        (steps(60) + validations(0.5, 0.5, 0.5, liveliness=0.1), "grey", "same grey"),
        (steps(60) + validations(0.5, 0.5, liveliness=0.1), "steady", "about as good"),
        (steps(60) + validations(0.5, 0.5, 0.5, liveliness=0.1, early=True), "early", "Too early"),
        (
            steps(60) + validations(0.5, 0.2, 0.21, 0.22, 0.23, training=(0.4, 0.2, 0.15, 0.1, 0.05)),
            "overfitting",
            "since epoch 4:",
        ),
        (steps(60) + livelier(0.5, 0.6, 0.6, 0.65, 0.7), "steady", "about as good"),
        (steps(60) + livelier(0.5, 0.6, 0.6, 0.65, 0.61), "overfitting", "since epoch 4:"),
        (steps(60, adversarial=0.0) + livelier(0.5, 0.6, 0.6, 0.65, 0.7), "overfitting", "since epoch 4:"),
        (
            steps(60) + validations(0.5, 0.2, 0.21, 0.2, 0.23, training=(0.4, 0.2, 0.15, 0.1, 0.05)),
            "steady",
            "about as good",
        ),
        (
            steps(60) + validations(0.5, 0.2, 0.21, 0.22, 0.23, training=(0.4, 0.2, 0.3, 0.3, 0.3)),
            "steady",
            "about as good",
        ),
    ],
)
def test_rules_say_what_is_the_matter(events: list[Event], verdict: str, says: str) -> None:
    told = diagnosis(events, pictures_an_epoch=100, batch=4)
    assert told.verdict == verdict
    assert says in told.sentence
    assert "--" not in told.sentence


def test_a_discriminator_that_learnt_alone_is_not_too_strong_yet() -> None:
    """Until it has been as certain for long enough while the generator learns from it."""
    certain = steps(110, discriminator_real=0.01, discriminator_fake=0.02)
    for known, verdict in ((60, "early"), (100, "early"), (110, "discriminator wins")):
        assert diagnosis(certain[:known], 100, 4, ahead=500).verdict == verdict


def test_pairs_without_validation_are_healthy() -> None:
    told = [{"event": "samples", "time": 0.0, "step": 1, "l1": 0.2, "training_l1": 0.2, "liveliness": 1.0}]
    assert diagnosis(told * 3, 10, 1).verdict == "steady"
