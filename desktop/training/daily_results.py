"""What came of the day's trainings, with their samples, read to be shown; on any thread."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from trainer.queue.items import Queue
from trainer.queue.results import DAY_SECONDS, MOST_PICTURE_BYTES, Result, results

ROW_PIXELS = 256
"""Height of a row of samples, at most."""
MOST_SHOWN = 100
"""Trainings with their samples; a queue may have been filled by a script."""


@dataclass(frozen=True, eq=False)
class Ended:
    """One training that is done or has failed."""

    result: Result
    rows: dict[str, QImage]
    """Its samples, side by side in one picture a row, as ``trainer.queue.results.ROWS`` calls them."""


@dataclass(frozen=True, eq=False)
class DailyResults:
    """The last 24 hours of the queue."""

    at: float = 0.0
    """When it was looked, in seconds since 1970."""
    ended: tuple[Ended, ...] = ()
    """The newest first."""
    waiting: int = 0
    """So many trainings are still to come."""

    @property
    def done(self) -> int:
        """How many were trained to the end."""
        return sum(one.result.item.state == "done" for one in self.ended)


def read_daily_results(queue: Queue, now: float) -> DailyResults:
    """Read what came of the trainings that ended in the 24 hours before ``now``, seconds since 1970."""
    found = results(queue, now - DAY_SECONDS)[:MOST_SHOWN]
    ended = tuple(Ended(result, _rows(result)) for result in found)
    return DailyResults(now, ended, sum(item.state in ("waiting", "training") for item in queue.items))


def _rows(result: Result) -> dict[str, QImage]:
    rows: dict[str, QImage] = {}
    for row, file in result.rows.items():
        try:
            if file.stat().st_size > MOST_PICTURE_BYTES:
                continue
        except OSError:  # its folder has just been deleted
            continue
        image = QImage(str(file))
        if image.height() > ROW_PIXELS:
            image = image.scaledToHeight(ROW_PIXELS, Qt.TransformationMode.SmoothTransformation)
        if not image.isNull():
            rows[row] = image
    return rows
