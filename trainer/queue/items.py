"""The queue as plain data: its trainings in order, how each stands, and when they may begin; as JSON too.

A training is kept as the ``Options`` that the command line and the window make, so all of them can wait.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import secrets
from dataclasses import dataclass, field, fields, replace
from itertools import count
from pathlib import Path
from typing import Any, Literal, get_args

from trainer.queue.errors import QueueError
from trainer.queue.schedule import WHENS, Schedule
from trainer.run import options as all_options
from trainer.run.locations import model_from_anywhere
from trainer.run.options import Option, OptionError, Options

State = Literal["waiting", "training", "done", "failed"]
"""``training`` it is, or was when the queue was cut off: then it is gone on with first."""

MOST_ITEMS = 1000
MOST_NAME = 100
"""Characters of a name in a sentence on what can't be read."""
LATEST = 32e9
"""Seconds since 1970: shortly before the year 3000, up to which every system has a calendar."""
MOST_TEXT = 10_000
"""Characters of a sentence or a path."""


@dataclass(frozen=True)
class Item:
    """One training of the queue. Times are seconds since 1970."""

    id: str
    options: Options
    added: float = 0.0
    state: State = "waiting"
    held: bool = False
    """The user wants it to wait, whatever its turn."""
    run: Path | None = None
    """Its folder, once it has been begun, or where it is to be."""
    sentence: str = ""
    """Why it failed."""
    began: float = 0.0
    ended: float = 0.0
    worked: float = 0.0
    """Seconds that were trained, pauses included."""
    crashes: int = 0
    """How often its process came to an unexpected end."""
    unread: tuple[Any, ...] = ()
    """Where it can't be read: the one thing that stands in the list, as JSON has it."""

    @property
    def name(self) -> str:
        """Of the model."""
        return self.options.name or self.options.data.stem

    @property
    def waits(self) -> bool:
        """Whether it is to be trained when its turn comes."""
        return self.state in ("waiting", "training") and not self.held


@dataclass(frozen=True)
class Queue:
    """All trainings, in their order, and when they may begin. Each change makes another one."""

    items: tuple[Item, ...] = ()
    schedule: Schedule = field(default_factory=Schedule)
    on: bool = False
    """Whether the window is to work it off."""

    def find(self, id: str) -> Item | None:
        """The item with that ``id``, if it is still there."""
        return next((item for item in self.items if item.id == id), None)

    def named(self, wanted: str) -> Item:
        """The item meant by its place, counted from 1, or by its name.

        Raises:
            QueueError: there is none, or several of that name.
        """
        if wanted.isdecimal() and 1 <= int(wanted) <= len(self.items):
            return self.items[int(wanted) - 1]
        found = [item for item in self.items if item.name == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise QueueError(f"“{wanted}” is in the queue {len(found)} times; say which by its number.")
        raise QueueError(f"There is no “{wanted}” in the queue; underpaint queue list tells what is.")

    def next(self) -> Item | None:
        """The training whose turn it is: one that was cut off, else the first that waits."""
        ready = [item for item in self.items if item.waits]
        return next((item for item in ready if item.state == "training"), ready[0] if ready else None)

    def added(self, item: Item) -> Queue:
        """With another training at the end.

        Raises:
            QueueError: there are too many, or another one has the run folder that this one asks for.
        """
        if item.run is not None and item.run in (it.run for it in self.items if it.state != "done"):
            raise QueueError(f"“{item.run}” is another training's in the queue; choose another with --run.")
        if len(self.items) >= MOST_ITEMS:
            raise QueueError(f"The queue has {MOST_ITEMS} trainings; remove some that are done.")
        return replace(self, items=(*self.items, item))

    def changed(self, id: str, **values: Any) -> Queue:
        """With other values of an item; as it is, where that is gone, or couldn't be read."""
        items = (
            replace(item, **values) if item.id == id and not item.unread else item for item in self.items
        )
        return replace(self, items=tuple(items))

    def without(self, id: str) -> Queue:
        """Without an item."""
        return replace(self, items=tuple(item for item in self.items if item.id != id))

    def moved(self, id: str, index: int) -> Queue:
        """With an item at an index; beyond the end is the end."""
        item = self.find(id)
        if item is None:
            return self
        others = [other for other in self.items if other is not item]
        index = max(0, index)
        return replace(self, items=(*others[:index], item, *others[index:]))

    def retried(self, id: str) -> Queue:
        """With an item that failed, or is held, waiting again; what it has learnt it keeps."""
        return self.changed(id, state="waiting", held=False, sentence="", crashes=0)


def new_item(options: Options, added: float) -> Item:
    """An item for a training, whatever folder it was asked for in."""
    data = Path(os.path.abspath(options.data))
    palette = Path(os.path.abspath(options.palette)) if options.palette else None
    run = Path(os.path.abspath(options.run)) if options.run else None
    parent = model_from_anywhere(options.from_model) or None
    options = replace(options, data=data, palette=palette, run=None, from_model=parent)
    return Item(secrets.token_hex(4), options, added, run=run)


# --- JSON ------------------------------------------------------------------------------------------


def queue_to_fields(queue: Queue) -> dict[str, Any]:
    """The queue as JSON has it."""
    schedule = queue.schedule
    return {
        "on": queue.on,
        "schedule": {"when": schedule.when, "begins": schedule.begins, "ends": schedule.ends},
        "items": [
            {
                **{one.name: getattr(item, one.name) for one in fields(Item) if one.name != "unread"},
                "run": str(item.run) if item.run else None,
                "options": options_to_fields(item.options),
            }
            if not item.unread
            else item.unread[0]
            for item in queue.items
        ],
    }


def queue_of_fields(stored: Any) -> Queue:
    """The queue from JSON. A training that can't be read stays in it as one that has failed, with a sentence.

    Raises:
        ValueError: it makes no sense.
    """
    if not isinstance(stored, dict) or type(stored.get("on")) is not bool:
        raise ValueError("no queue")
    schedule, items = stored.get("schedule"), stored.get("items")
    if not isinstance(schedule, dict) or schedule.get("when") not in WHENS:
        raise ValueError("no schedule")
    if not isinstance(items, list) or len(items) > MOST_ITEMS:
        raise ValueError("no items, or too many")
    try:
        hours = Schedule(schedule["when"], _text(schedule.get("begins")), _text(schedule.get("ends")))
    except QueueError as error:
        raise ValueError(str(error)) from error
    found: dict[str, Item] = {}
    for one in items:
        item = _item_or_why_not(one)
        if item.id in found:
            item = item if item.unread else _unread(one, "another one has the same sign")
            number = next(it for it in count(2) if f"{item.id}-{it}" not in found)
            item = replace(item, id=f"{item.id}-{number}")
        found[item.id] = item
    return Queue(tuple(found.values()), hours, stored["on"])


def options_to_fields(options: Options) -> dict[str, Any]:
    """What is chosen otherwise than usual, as JSON has it."""
    values = {option.name: getattr(options, option.name) for option in all_options.each()}
    return {
        option.name: _written(option, values[option.name])
        for option in all_options.each()
        if option.name == "data" or values[option.name] != option.default
    }


def options_of_fields(stored: Any) -> Options:
    """Options from JSON.

    Raises:
        ValueError: an option that is unknown, or a value that makes no sense.
    """
    known = {option.name: option for option in all_options.each()}
    if not isinstance(stored, dict) or "data" not in stored:
        raise ValueError("it has no options")
    if strange := sorted(stored.keys() - known.keys()):
        raise ValueError(f"this version knows no option “{str(strange[0])[:MOST_NAME]}”")
    values = {}
    for name, value in stored.items():
        try:
            values[name] = _read(known[name], value)
        except (OptionError, ValueError) as error:
            raise ValueError(f"its option “{name}” makes no sense") from error
    try:
        return Options(**values)
    except OptionError as error:
        raise ValueError(f"its options make no sense: {str(error).rstrip('.')}") from error


def _item_or_why_not(stored: Any) -> Item:
    try:
        return _item(stored)
    except ValueError as error:
        return _unread(stored, str(error))


def _unread(stored: Any, why: str) -> Item:
    """An item that stands for what can't be read."""
    options = stored.get("options") if isinstance(stored, dict) else None
    names = [options.get(key) for key in ("name", "data")] if isinstance(options, dict) else []
    name = next((it for it in names if isinstance(it, str) and it and "\0" not in it), "unread")
    text = json.dumps(stored, sort_keys=True).encode()
    return Item(
        # The same one each time that the list is read, wherever others are moved to.
        id=f"unread-{hashlib.sha256(text).hexdigest()[:12]}",
        options=Options(Path("unread"), name=Path(name).stem[:MOST_NAME] or "unread"),
        state="failed",
        sentence=f"It can't be read, as {why}; remove it, and add it anew.",
        unread=(stored,),
    )


def _item(stored: Any) -> Item:
    if not isinstance(stored, dict) or stored.get("state") not in get_args(State):
        raise ValueError("its state makes no sense")
    held, crashes, run = stored.get("held"), stored.get("crashes"), stored.get("run")
    if type(held) is not bool or type(crashes) is not int or crashes < 0:
        raise ValueError("its state makes no sense")
    return Item(
        id=_text(stored.get("id")),
        options=options_of_fields(stored.get("options")),
        state=stored["state"],
        held=held,
        run=None if run is None else Path(_text(run)),
        sentence=_text(stored.get("sentence")),
        crashes=crashes,
        added=_time(stored.get("added")),
        began=_time(stored.get("began")),
        ended=_time(stored.get("ended")),
        worked=_number(stored.get("worked")),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MOST_TEXT or "\0" in value:
        raise ValueError("a text makes no sense")
    return value


def _number(value: Any) -> float:
    try:
        number = float(value) if type(value) in (int, float) else math.nan
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("a number makes no sense")
    return number


def _time(value: Any) -> float:
    seconds = _number(value)
    if not 0 <= seconds <= LATEST:  # else no calendar can show it
        raise ValueError("a time makes no sense")
    return seconds


def _written(option: Option, value: Any) -> Any:
    write = option.about.write if option.about.read or option.kind is Path else (lambda whole: whole)
    return [write(one) for one in value] if option.is_several else write(value)


def _read(option: Option, value: Any) -> Any:
    if option.is_several:
        if not isinstance(value, list):
            raise ValueError("no list")
        return tuple(_one(option, one) for one in value)
    return _one(option, value)


def _one(option: Option, value: Any) -> Any:
    kind = option.kind
    if kind is float:
        return _number(value)
    if kind in (bool, int):
        if type(value) is not kind:
            raise ValueError(f"{option.name} is no {kind.__name__}")
        return value
    text = _text(value)
    if option.about.read is not None:
        return option.about.read(text)
    return Path(text) if kind is Path else text
