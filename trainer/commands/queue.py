"""``underpaint queue``: trainings that wait for each other, for the night, or for the machine to be idle."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engine.data.amounts import duration
from engine.files.writing import shown
from trainer.cli.messages import print_path, say
from trainer.cli.options import asked
from trainer.queue.errors import QueueError
from trainer.queue.items import Item, Queue, new_item, options_to_fields
from trainer.queue.queue_folder import QueueFolder
from trainer.queue.schedule import Schedule, When, minute_of
from trainer.run.options import Options

if TYPE_CHECKING:
    from collections.abc import Callable

queue = typer.Typer(
    name="queue",
    help="Trainings that wait for each other, for the night, or for the machine to be idle.",
    no_args_is_help=True,
    add_completion=False,
)

Which = Annotated[str, typer.Argument(metavar="WHICH", help="Its number in the list, or its name.")]
DAWN = "06:00"


@asked
def add(options: Options) -> None:
    """Put a training at the end of the queue, with the options of underpaint train."""
    from trainer.run.folder import refuse_existing, refuse_inside

    if not options.data.exists():
        raise QueueError(f"There is no “{shown(options.data)}”; check its name.")
    if options.run is not None:
        refuse_inside(options.run, options.data)
        refuse_existing(options.run)
    item = new_item(options, time.time())
    after = _folder().edit(lambda queue: queue.added(item))
    say(f"“{shown(item.name)}” is number {len(after.items)} of the queue; underpaint queue run works it off.")


queue.command()(add)


@queue.command("list")
def listed(
    as_json: Annotated[bool, typer.Option("--json", help="An object instead of a table.")] = False,
) -> None:
    """Show what is in the queue, and how it stands."""
    folder = _folder()
    there = _read(folder)
    status = folder.status()
    if as_json:
        fields = {
            "running": folder.is_worked_off(),
            "waits_for": status.reason,
            "schedule": vars(there.schedule),
            "items": [
                _described(number, item, status.id) for number, item in enumerate(there.items, start=1)
            ],
        }
        typer.echo(json.dumps(fields, indent=2))
        return
    if not there.items:
        say("The queue is empty; underpaint queue add DATA puts a training into it.")
    for number, item in enumerate(there.items, start=1):
        typer.echo(f"{number:>3}  {shown(item.name):<24}  {_stands(item, status.id)}".rstrip())


@queue.command()
def run(
    begin: Annotated[
        str | None, typer.Option("--from", metavar="HH:MM", help="Train from this hour on, each night.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="Save and stop at this time; with --from each night.")
    ] = None,
    when_idle: Annotated[
        bool, typer.Option("--when-idle", help="Only while the machine is idle and nobody paints.")
    ] = False,
    as_set: Annotated[bool, typer.Option("--as-set", hidden=True)] = False,
) -> None:
    """Work the queue off, gently; Ctrl-C saves, the next run goes on.

    It waits while any other training is at work, and pauses while somebody paints.
    """
    for clock in (begin, until):
        if clock is not None:
            try:
                minute_of(clock)
            except QueueError as error:
                raise typer.BadParameter(str(error), param_hint="--from / --until") from error
    if begin and when_idle:
        raise typer.BadParameter("--from and --when-idle contradict each other; use one.")
    from trainer.machine import process_priority
    from trainer.queue.runner import Runner

    when: When = "night" if begin else "idle" if when_idle else "now"
    schedule = None if as_set else Schedule(when, begin or DAWN, until or DAWN)
    process_priority.wait_idly()
    folder = _folder()
    Runner(folder, say, schedule, None if begin else until).run()
    left = sum(item.waits for item in _read(folder).items)
    say(f"{left} left; underpaint queue run goes on." if left else "Nothing is left to train.")


@queue.command()
def move(
    which: Which,
    place: Annotated[int, typer.Argument(min=1, metavar="PLACE", help="Its new number.")],
) -> None:
    """Put a training at another place of the queue."""
    _change(which, lambda queue, item: queue.moved(item.id, place - 1))


@queue.command()
def remove(which: Which) -> None:
    """Take a training out of the queue; one at work is saved and stopped, its run folder stays."""
    _change(which, lambda queue, item: queue.without(item.id))


@queue.command()
def pause(which: Which) -> None:
    """Let a training wait, whatever its turn; one at work is saved and stopped."""

    def held(queue: Queue, item: Item) -> Queue:
        if item.state in ("done", "failed"):
            raise QueueError(f"“{shown(item.name)}” has ended; there is nothing to pause.")
        return queue.changed(item.id, held=True)

    _change(which, held)


@queue.command()
def retry(which: Which) -> None:
    """Let a training that failed, or was paused, wait for its turn again; it goes on from its checkpoint."""

    def again(queue: Queue, item: Item) -> Queue:
        if item.unread:
            raise QueueError(f"“{shown(item.name)}” can't be retried. {shown(item.sentence)}")
        if item.state != "failed" and not item.held:
            raise QueueError(f"“{shown(item.name)}” neither failed nor is paused; there is nothing to retry.")
        return queue.retried(item.id)

    _change(which, again)


@queue.command()
def report(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The HTML file to write.")],
    hours: Annotated[float, typer.Option(min=0.01, max=24 * 366, help="How far to look back.")] = 24,
) -> None:
    """Write one page on what came of the day's trainings, with their samples side by side."""
    from trainer.queue.results import results, write_page

    if out.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter(f"“{shown(out)}” is no name of a page; end it in .html.", param_hint="OUT")
    there, now = _read(_folder()), time.time()
    write_page(out, results(there, now - hours * 3600), there, now)
    print_path(out)


def _folder() -> QueueFolder:
    return QueueFolder()


def _read(folder: QueueFolder) -> Queue:
    there = folder.read()
    _report_problem(folder)
    return there


def _change(which: str, change: Callable[[Queue, Item], Queue]) -> None:
    folder = _folder()
    folder.edit(lambda queue: change(queue, queue.named(which)))
    _report_problem(folder)


def _report_problem(folder: QueueFolder) -> None:
    if folder.problem:
        say(folder.problem)


def _stands(item: Item, at_work: str) -> str:
    if item.state == "failed":
        return f"failed: {shown(item.sentence)}"
    if item.state == "done":
        when = datetime.fromtimestamp(item.ended).strftime("%d %b %H:%M")
        return f"done {when} after {duration(item.worked)}, in {shown(item.run or '')}"
    if item.held:
        return "paused; retry lets it wait again"
    if item.id == at_work:
        return f"training, in {shown(item.run or '')}"
    if item.state == "training":
        return "interrupted, goes on first"
    return f"waiting. {shown(item.sentence)}" if item.sentence else "waiting"


def _described(number: int, item: Item, at_work: str) -> dict[str, object]:
    state = "interrupted" if item.state == "training" and item.id != at_work else item.state
    return {
        "number": number,
        "id": item.id,
        "name": item.name,
        "state": "paused" if item.held else state,
        "sentence": item.sentence,
        "run": str(item.run) if item.run else None,
        "added": item.added,
        "began": item.began,
        "ended": item.ended,
        "seconds": round(item.worked, 1),
        "options": options_to_fields(item.options),
    }
