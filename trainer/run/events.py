"""What a run has to tell: ``events.jsonl``, one JSON object a line. Needs no torch, the window reads it too.

Every event has ``event`` (what happened), ``time`` (seconds since 1970) and ``step``. These there are:

    started, resumed    steps, pairs, batch
    edges               done, total: photos whose edges have been found, before the first step; seconds_left
    step                pictures_per_second, learning_rate, and the losses: l1, adversarial,
                        discriminator_real, discriminator_fake, perceptual, feature_matching, and of
                        styles kl, latent, diversity; and stripes, lattice
    samples             picture (file in ``samples/``), count of pairs in it, held_back: so many of them,
                        the first ones, are not trained on; l1 of the validation pairs (of training pairs
                        where there are none), training_l1, liveliness; early: out of turn
    drawing             picture: the drawing that the window left, translated by the newest weights
    model               file: the newest average has been written
    health              sentence, verdict (see ``trainer.run.health``)
    message             sentence: what the user should know
    halved              micro_batch: so many pictures a pass from now on, for memory
    paused, continued
    stopped, finished   sentence
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.files.writing import escaped

Event = dict[str, Any]

_REMEMBERED = 200
"""Bytes; more than the time and step that no two events share."""

MOST_HOLES = 25
"""So many looks in a row that find bytes of nought: then they are not what a disk in the network has yet to
show, but what a power cut left."""

MOST_LINE = 1 << 20
"""A line longer than so many bytes is no event."""

_OLDER = {
    "made": "adversarial",
    "judge_real": "discriminator_real",
    "judge_made": "discriminator_fake",
    "share": "micro_batch",
}
"""What older versions called the fields of events."""


@dataclass
class EventLog:
    """The writing end; without a file nothing is kept. Each event is handed to ``watch`` too, which shows
    it to somebody."""

    file: Path | None
    watch: Callable[[Event], None] | None = None

    def write(self, event: str, step: int, **more: Any) -> None:
        """Append an event, whole or not at all. What an earlier process left torn stays a line of its own.

        Raises:
            OSError: the disk is full.
        """
        if self.file is None:
            return
        entry: Event = {"event": event, "time": round(time.time(), 3), "step": step, **more}
        line = escaped(json.dumps(entry, ensure_ascii=False)).encode() + b"\n"
        with self.file.open("ab+") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - 1))
            if file.read(1) not in (b"", b"\n"):
                line = b"\n" + line
            try:
                file.write(line)
                file.flush()
            except OSError:
                os.truncate(self.file, end)  # lest the next event is taken for the rest of this one
                raise
        if self.watch is not None:
            self.watch(entry)

    def length(self) -> int:
        """Bytes written so far.

        Raises:
            OSError: that can't be told; a checkpoint that says 0 would have all of them forgotten.
        """
        try:
            return self.file.stat().st_size if self.file else 0
        except FileNotFoundError:
            return 0

    def cut(self, length: int) -> None:
        """Forget what was told after ``length`` bytes."""
        if self.file and self.length() > length:
            with self.file.open("rb+") as file:
                file.truncate(length)


@dataclass
class EventReader:
    """The reading end: asks again and again for what is new."""

    file: Path
    _place: int = 0
    _before: bytes = b""
    """What stood just before that place, to see whether the log has been cut since."""
    _holes: int = 0
    """Looks in a row that found bytes of nought."""

    def news(self) -> list[Event]:
        """Events since the last call. A line still being written is left for the next one; one that
        makes no sense is passed over. A log that was cut back in the meantime is read from its start;
        so is one that a disk in the network shows as it was a moment ago.
        """
        try:
            with self.file.open("rb") as file:
                file.seek(self._place - len(self._before))
                if file.read(len(self._before)) != self._before:
                    self._place, self._before = 0, b""
                file.seek(self._place)
                whole, newline, _ = self._shown(file.read()).rpartition(b"\n")
        except OSError:  # not begun yet
            return []
        read = whole + newline
        self._place += len(read)
        self._before = (self._before + read)[-_REMEMBERED:]
        entries = (_entry(line) for line in whole.split(b"\n"))
        return [entry for entry in entries if entry is not None]

    def _shown(self, text: bytes) -> bytes:
        """What is there of what was read: a disk in the network may know that a file has grown before it
        knows by what, and shows noughts."""
        before, hole, _ = text.partition(b"\0")
        self._holes = self._holes + 1 if hole else 0
        return before if hole and self._holes <= MOST_HOLES else text


def read(file: Path) -> list[Event]:
    """All events of a log; none where there is no file."""
    return EventReader(file, _holes=MOST_HOLES).news()


def _entry(line: bytes) -> Event | None:
    if not line or len(line) > MOST_LINE:
        return None
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("event"), str):
        return None
    right = isinstance(entry.get("time"), int | float) and isinstance(entry.get("step"), int)
    if not right:
        return None
    if entry.get("verdict") == "judge wins":
        entry["verdict"] = "discriminator wins"
    older: dict[str, Any] = entry
    return {_OLDER.get(name, name): value for name, value in older.items()}
