"""How a training goes, in a plain sentence, from rules that are all stated here.

discriminator wins
                 over the last 50 ``step`` events both errors of the discriminator average under 0.05:
                 it tells photo and picture apart with certainty, and teaches nothing any more; without
                 steps in which it learnt alone, as there the generator learns from nobody
grey             what the generator makes varies less than a quarter as much as the photos do,
                 at three validations in a row
overfitting      the validation loss has been above its lowest by 3 % and more at three validations in a row,
                 while the training loss has fallen since; but with an adversarial loss not while pictures
                 vary more by 5 % and more than then: detail costs distance, and the nearest pictures are
                 blurred ones
learning         the validation loss is the lowest so far

Validations out of turn, soon after the beginning, don't count: there everything is grey, and three of them in
a row are seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from trainer.run.events import Event

CERTAIN, CERTAIN_EVENTS = 0.05, 50
GREY, GREY_IN_A_ROW = 0.25, 3
WORSE, WORSE_IN_A_ROW = 1.03, 3
LIVELIER = 1.05

Verdict = Literal["early", "discriminator wins", "grey", "overfitting", "learning", "steady"]


class Diagnosis(NamedTuple):
    """The most important that can be said: for programs, and for people."""

    verdict: Verdict
    sentence: str


def diagnosis(events: Sequence[Event], pictures_an_epoch: int, batch: int, ahead: int = 0) -> Diagnosis:
    """What a training's events say of it; in ``ahead`` steps, the first ones, discriminators learnt alone."""
    steps = [
        event
        for event in events
        if event["event"] == "step" and "discriminator_real" in event and event["step"] > ahead
    ]
    validations = [
        event
        for event in events
        if event["event"] == "samples" and event.get("l1") is not None and not event.get("early")
    ]
    last = steps[-CERTAIN_EVENTS:]
    judged = bool(last) and last[-1]["adversarial"] > 0  # without an adversarial loss all of these are 0
    errors = max(_mean(last, "discriminator_real"), _mean(last, "discriminator_fake"))
    if len(last) == CERTAIN_EVENTS and errors < CERTAIN and judged:
        return Diagnosis(
            "discriminator wins",
            "The discriminator is too strong: it recognises every picture, so the generator learns from "
            "the L1 loss alone. More pairs help, or augmentation before the discriminator.",
        )
    if len(validations) >= GREY_IN_A_ROW and all(
        one.get("liveliness", 1.0) < GREY for one in validations[-GREY_IN_A_ROW:]
    ):
        return Diagnosis(
            "grey",
            "The generator makes nearly the same grey for everything: are the pairs really pairs? "
            "Check them, or start anew with another seed.",
        )
    if len(validations) < 2:
        return Diagnosis("early", "Too early to tell.")
    best = min(range(len(validations)), key=lambda place: validations[place]["l1"])
    since = validations[best + 1 :]
    rising = len(since) >= WORSE_IN_A_ROW and all(
        one["l1"] > WORSE * validations[best]["l1"] for one in since[-WORSE_IN_A_ROW:]
    )
    newest, then = (validations[place].get("liveliness", 1.0) for place in (-1, best))
    livelier = judged and newest > LIVELIER * then
    if rising and not livelier and _learnt(validations[-1]) < _learnt(validations[best]):
        epoch = validations[best]["step"] * batch / max(1, pictures_an_epoch)
        return Diagnosis(
            "overfitting",
            f"Overfitting since epoch {epoch:.0f}: known pairs still get better, unknown ones no longer. "
            "You might stop here, and take the best model instead of the newest.",
        )
    which = "unknown pairs" if validations[-1].get("held_back", 1) else "the pairs"
    if best == len(validations) - 1:
        return Diagnosis("learning", f"Learning: the pictures of {which} are the best so far.")
    return Diagnosis("steady", f"Going on well; the pictures of {which} stay about as good.")


def _mean(events: Sequence[Event], name: str) -> float:
    return float(sum(event[name] for event in events) / max(1, len(events)))


def _learnt(validation: Event) -> float:
    return float(validation.get("training_l1") or 0.0)
