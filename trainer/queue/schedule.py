"""When the queue may train: at once, between two hours of the clock, or while the machine is idle."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from trainer.queue.errors import QueueError

When = Literal["now", "night", "idle"]
WHENS: tuple[When, ...] = ("now", "night", "idle")

DAY = 24 * 60
"""Minutes."""

_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")


@dataclass(frozen=True)
class Schedule:
    """What was chosen.

    Raises:
        QueueError: the hours are none.
    """

    when: When = "now"
    begins: str = "22:00"
    """Of the night, …"""
    ends: str = "06:00"
    """… which may lie behind midnight. The same hour twice is the whole day."""

    def __post_init__(self) -> None:
        minute_of(self.begins)
        minute_of(self.ends)

    def allows(self, minute: int) -> bool:
        """Whether the clock lets the queue train.

        Args:
            minute: of the day, 0 to 1439, by the clock on the wall.
        """
        if self.when != "night":
            return True
        begins, ends = minute_of(self.begins), minute_of(self.ends)
        return begins == ends or (minute - begins) % DAY < (ends - begins) % DAY


def minute_of(clock: str) -> int:
    """Minute of the day of “22:00”.

    Raises:
        QueueError: it is no time of the day.
    """
    found = _CLOCK.fullmatch(clock.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise QueueError(f"“{clock}” is no time of the day; write 22:00.")
    return int(found[1]) * 60 + int(found[2])
