"""What came of the trainings that ended lately: one page with their samples, to be opened in any browser."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from pathlib import Path

from engine.data.amounts import duration
from engine.files.writing import replacing, shown
from trainer.queue.errors import QueueError
from trainer.queue.items import Item, Queue
from trainer.run import events
from trainer.run.folder import Run
from trainer.run.history import TrainingHistory

DAY_SECONDS = 24 * 3600.0
ROWS = (("inputs", "Given"), ("made", "Made of it"), ("targets", "Photo"))
MOST_PICTURE_BYTES = 32 << 20
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Result:
    """What came of one training."""

    item: Item
    step: int = 0
    steps: int = 0
    loss: float | None = None
    """L1 of the fixed pairs at its best, …"""
    best_step: int | None = None
    """… and the step of that."""
    health: str = ""
    rows: dict[str, Path] = field(default_factory=dict)
    """Pictures, ``count`` of them side by side in one file, by row: those of ``ROWS`` that there are."""
    count: int = 0
    held_back: int = 0
    """So many of them, the first ones, are not trained on."""


def results(queue: Queue, since: float) -> list[Result]:
    """Of the trainings that are done or have failed since then, the newest first. Reads their journals.

    Args:
        since: seconds since 1970.
    """
    ended = [item for item in queue.items if item.state in ("done", "failed") and item.ended >= since]
    return [result_of(item) for item in sorted(ended, key=lambda item: item.ended, reverse=True)]


def result_of(item: Item) -> Result:
    """Of one training, as its event log tells."""
    if item.run is None:
        return Result(item)
    run, history = Run(item.run), TrainingHistory()
    history.take(events.read(run.events))
    last = history.validations[-1] if history.validations else None
    scores = [one.score for one in history.validations if one.score != float("inf")]
    rows = {"inputs": run.samples / "inputs.png", "targets": run.samples / "targets.png"}
    if last is not None and Path(last.picture).name == last.picture:
        rows["made"] = run.samples / last.picture
    return Result(
        item,
        history.step,
        history.steps,
        min(scores, default=None),
        history.best_step,
        history.health,
        {row: file for row, file in rows.items() if file.is_file()},
        last.count if last else 0,
        last.held_back if last else 0,
    )


def in_words(result: Result) -> str:
    """How far it came: “step 400 of 400 · 12 min · loss 0.0812 at best, at step 380”."""
    words = []
    if result.steps:
        words.append(f"step {result.step} of {result.steps}")
    if result.item.worked >= 1:
        words.append(duration(result.item.worked))
    if result.loss is not None:
        words.append(f"loss {result.loss:.4f} at best, at step {result.best_step}")
    return " · ".join(words)


def write_page(file: Path, found: Sequence[Result], queue: Queue, now: float) -> None:
    """Write one HTML file with everything in it, pictures as well.

    Raises:
        QueueError: it can't be written.
    """
    try:
        with replacing(file) as part:
            part.write_text(page(found, queue, now), "utf-8")
    except OSError as error:
        raise QueueError(f"“{shown(file)}” can't be written ({error.strerror or error}).") from error


def page(found: Sequence[Result], queue: Queue, now: float) -> str:
    """The page as HTML."""
    day = datetime.fromtimestamp(now).strftime("%d %B %Y, %H:%M")
    waiting = sum(item.state in ("waiting", "training") for item in queue.items)
    done = sum(result.item.state == "done" for result in found)
    summary = f"{done} done, {len(found) - done} failed, {waiting} still in the queue."
    sections = "\n".join(_section(one, now) for one in found) or "<p>No training has ended in this time.</p>"
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Trainings, {day}</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em;
  color: #222; background: #f4f4f2 }}
section {{ background: #fff; border: 1px solid #ddd; border-radius: 8px; padding: 1em 1.2em; margin: 1em 0 }}
h2 {{ margin: 0 }} p {{ margin: .3em 0; color: #666 }} .failed {{ color: #a33 }}
tr > th {{ font-weight: normal; color: #666; text-align: right; padding-right: .8em; white-space: nowrap }}
img {{ height: 128px; max-width: 100%; display: block; border-radius: 3px }}
</style></head><body>
<h1>Trainings</h1>
<p>{day}: {summary}</p>
{sections}
</body></html>
"""


def _section(result: Result, now: float) -> str:
    item = result.item
    at, today = datetime.fromtimestamp(item.ended), datetime.fromtimestamp(now).date()
    ended = at.strftime("%H:%M" if at.date() == today else "%H:%M on %d %B")
    lines = [f"<section><h2>{escape(shown(item.name))}</h2>"]
    if item.state == "failed":
        lines.append(f'<p class="failed">Failed at {ended}: {escape(shown(item.sentence))}</p>')
    else:
        lines.append(f"<p>Done at {ended}</p>")
    for text in (in_words(result), result.health, shown(item.options.data), shown(item.run or "")):
        if text:
            lines.append(f"<p>{escape(text)}</p>")
    rows = [
        f'<tr><th>{caption}</th><td><img alt="{caption}" src="{source}"></td></tr>'
        for row, caption in ROWS
        if row in result.rows and (source := _embedded(result.rows[row]))
    ]
    if rows:
        lines.append(f"<table>{''.join(rows)}</table>")
    return "\n".join([*lines, "</section>"])


def _embedded(file: Path) -> str:
    """A PNG as an address that holds all of it; nothing where it is none."""
    try:
        if file.stat().st_size > MOST_PICTURE_BYTES:
            return ""
        content = file.read_bytes()
    except OSError:
        return ""
    return f"data:image/png;base64,{base64.b64encode(content).decode()}" if content.startswith(_PNG) else ""
