"""What a training has told so far, put together from its events for people to look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import nan
from typing import Any

from trainer.run.events import Event

CURVES = ("l1", "adversarial", "discriminator_real", "discriminator_fake")
"""Losses told every few steps of any training; see ``trainer.run.events``."""
NO_LOSSES = {"event", "time", "step", "pictures_per_second", "learning_rate"}
"""Whatever else is told of steps is a loss, and 0 of trainings that are without it."""
MOST_CURVES, MOST_NAME = 12, 40
"""A log may come from anywhere: more lines nobody could tell apart, longer names nobody would read."""
SMOOTH = 0.9
"""Share of the old speed that stays in the smoothed one, so that the time left does not jump about."""


@dataclass(frozen=True)
class Validation:
    """How the fixed pairs were translated at one step."""

    step: int
    picture: str
    """File in ``samples/``."""
    count: int
    """How many pictures stand side by side in it; the first …"""
    held_back: int
    """… so many are of pairs that are not trained on."""
    unknown: float | None
    """L1 loss of pairs that are not trained on, …"""
    known: float | None
    """… and of some that are."""

    @property
    def score(self) -> float:
        """What decides which one was the best; the lower, the better."""
        losses = [loss for loss in (self.unknown, self.known) if loss is not None]
        return losses[0] if losses else float("inf")


@dataclass
class TrainingHistory:
    """Everything told, from the first event on; ``take`` adds what is new."""

    steps: int = 0
    """How many there will be."""
    step: int = 0
    batch: int = 1
    speed: float = 0.0
    """Pictures a second, smoothed."""
    times: list[int] = field(default_factory=list)
    """The steps that ``curves`` are known at."""
    curves: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in CURVES})
    """Loss → its values; NaN at steps of which it was not told."""
    validations: list[Validation] = field(default_factory=list)
    edges: tuple[int, int] | None = None
    """Of how many photos the edges have been found, and of how many they will be; None once that is over."""
    edges_seconds: float = 0.0
    """Until all of them have been."""
    drawings: int = 0
    """How often the window's drawing has been translated."""
    model_step: int | None = None
    """The step that the newest model is of."""
    health: str = ""
    verdict: str = ""
    """What ``health`` says, for programs: see ``trainer.run.health``."""
    message: str = ""
    last: str = ""
    """The newest of started, resumed, paused, continued, stopped, finished."""

    def take(self, events: Iterable[Event]) -> None:
        """Add what has been told since; an event that makes no sense is passed over."""
        for event in events:
            try:
                self._take(event["event"], event)
            except (KeyError, TypeError, ValueError, OverflowError):
                continue

    @property
    def seconds_left(self) -> float | None:
        """Until the last step; None while that can't be known."""
        if not (self.speed and self.steps):
            return None
        return max(0, self.steps - self.step) * self.batch / self.speed

    @property
    def best_step(self) -> int | None:
        """The step that the best model is of."""
        return min(self.validations, key=lambda one: one.score).step if self.validations else None

    @property
    def overfits(self) -> bool:
        """Whether to stop, and take the best model, is worth a thought."""
        return self.verdict == "overfitting"

    def _take(self, name: str, event: Event) -> None:
        self.step = max(0, event["step"])
        if name in ("started", "resumed", "step", "stopped", "finished"):
            self.edges = None
        match name:
            case "started" | "resumed":
                self.steps, self.batch = _count(event["steps"]), _count(event["batch"])
                self._forget_after(self.step)
                self.last = name
            case "step":
                losses = {curve: _number(event[curve]) for curve in CURVES} | _further(event)
                speed = max(0.0, _number(event["pictures_per_second"]))
                self._add(losses)
                self.speed = SMOOTH * self.speed + (1 - SMOOTH) * speed if self.speed else speed
            case "samples":
                scores = (event.get("l1"), event.get("training_l1"))
                unknown, known = (None if score is None else _number(score) for score in scores)
                count = int(event["count"])
                held_back = int(event.get("held_back", count))
                if not held_back:
                    unknown = None  # the losses are both of pairs that are trained on
                picture = str(event["picture"])
                self.validations.append(Validation(self.step, picture, count, held_back, unknown, known))
            case "edges":
                done, total = int(_number(event["done"])), _count(event["total"])
                self.edges_seconds = max(0.0, _number(event.get("seconds_left", 0.0)))
                self.edges = min(max(0, done), total), total
            case "drawing":
                self.drawings += 1
            case "model":
                self.model_step = self.step
            case "health":
                self.health, self.verdict = str(event["sentence"]), str(event.get("verdict", ""))
            case "message":
                self.message = str(event["sentence"])
            case "paused" | "continued" | "stopped" | "finished":
                self.last = name

    def _add(self, losses: dict[str, float]) -> None:
        """The losses at the step at hand."""
        for name in losses:
            if name not in self.curves and len(self.curves) < MOST_CURVES:
                self.curves[name] = [nan] * len(self.times)
        self.times.append(self.step)
        for name, values in self.curves.items():
            values.append(losses.get(name, nan))

    def _forget_after(self, step: int) -> None:
        """A resumed training goes on from its checkpoint; what it told after that is told anew."""
        kept = sum(time <= step for time in self.times)
        self.times = self.times[:kept]
        self.curves = {name: values[:kept] for name, values in self.curves.items()}
        self.validations = [one for one in self.validations if one.step <= step]


def _further(event: Event) -> dict[str, float]:
    """The losses of a step that only some trainings have."""
    rest = {name: value for name, value in event.items() if name not in CURVES and name not in NO_LOSSES}
    return {
        name: _number(value)
        for name, value in rest.items()
        if value and type(value) in (int, float) and name.isidentifier() and len(name) <= MOST_NAME
    }


def _count(value: Any) -> int:
    return max(1, round(_number(value)))


def _number(value: Any) -> float:
    number = float(value)
    if number != number or abs(number) > 1e12:
        raise ValueError("no number to draw")
    return number
