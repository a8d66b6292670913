"""The folder ``queue`` among the user's files: the list itself, and the way to talk to who works it off.

queue.json     the trainings, in order; replaced in one step
lock           held by whoever changes the list, for that moment
running        held by the process that works the list off, for as long as it does
status.json    what that process does just now
stop           a file that asks it to save, and to end
painted        touched while somebody paints
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import resources
from engine.files import lock
from engine.files.writing import first_free, replacing, shown
from trainer.queue.errors import QueueError
from trainer.queue.items import Queue, queue_of_fields, queue_to_fields

FORMAT = 1
"""Version of ``queue.json``."""
MOST_BYTES = 8 << 20
PATIENCE_SECONDS = 5.0
"""How long to wait for somebody else who changes the list."""

CLOCKS_DIFFER_SECONDS = 60.0
"""A folder in the network may be stamped by another clock, which is at most so far ahead."""

Reason = Literal["", "night", "busy", "painting", "other", "over"]
"""Why the queue doesn't train: it is not the night, the machine is busy, somebody paints, another training is
at work, or it is time to end."""


@dataclass(frozen=True)
class Status:
    """What the process that works the list off does."""

    id: str = ""
    """The item that it trains; none while it waits with all."""
    reason: Reason = ""
    """Why it waits, with that item paused, or with all."""


class QueueFolder:
    """The queue of this user.

    Attributes:
        problem: one sentence for the user where the list could not be read, and another one was begun.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or resources.home("queue")
        self.problem = ""

    @property
    def file(self) -> Path:
        return self.folder / "queue.json"

    @property
    def running(self) -> Path:
        return self.folder / "running"

    @property
    def painted(self) -> Path:
        return self.folder / "painted"

    # --- the list ----------------------------------------------------------------------------------

    def read(self) -> Queue:
        """The list as it is now. A damaged one is set aside, see ``problem``.

        Raises:
            QueueError: a newer program wrote it, or it can't be read.
        """
        try:
            return self._read()
        except ValueError:
            return self.edit(lambda queue: queue)

    def edit(self, change: Callable[[Queue], Queue]) -> Queue:
        """Change the list, after whatever others have changed.

        Returns:
            the list as it is then.

        Raises:
            QueueError: it can't be read or written, or others don't let go of it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / "lock").open("ab") as file:
                if not lock.hold(file, PATIENCE_SECONDS):
                    raise QueueError("The queue is being changed by another program; try again.")
                try:
                    before = self._read()
                except ValueError:
                    self._set_aside()
                    before = Queue()
                after = change(before)
                if after != before:
                    self._write(after)
                return after
        except OSError as error:
            raise QueueError(
                f"The queue can't be written ({error.strerror or error}); mend that, and try again."
            ) from error

    def _read(self) -> Queue:
        """Raises ValueError where the file is damaged."""
        try:
            if self.file.stat().st_size > MOST_BYTES:
                raise ValueError("too large for a queue")
            fields = json.loads(self.file.read_text("utf-8"))
        except FileNotFoundError:
            return Queue()
        except RecursionError as error:
            raise ValueError("no queue") from error
        except OSError as error:
            raise QueueError(
                f"“{self.file}” can't be read ({error.strerror or error}); mend that, and try again."
            ) from error
        form = fields.get("format") if isinstance(fields, dict) else None
        if type(form) is int and form > FORMAT:
            raise QueueError(
                f"“{self.file}” was written by a newer version of Underpaint; use that one, or move it away."
            )
        if form != FORMAT:
            raise ValueError("no queue")
        return queue_of_fields(fields)

    def _write(self, queue: Queue) -> None:
        fields: dict[str, Any] = {"format": FORMAT, **queue_to_fields(queue)}
        # In ASCII, so that a name that is not UTF-8 comes back as it was.
        text = json.dumps(fields, indent=1)
        if len(text) > MOST_BYTES:
            largest = max(queue.items, key=lambda item: len(json.dumps(queue_to_fields(Queue((item,))))))
            raise QueueError(
                f"“{shown(largest.name)}” takes more room than the queue has; remove it, and try again."
            )
        with replacing(self.file) as part:
            part.write_text(text, "ascii")

    def _set_aside(self) -> None:
        kept = first_free(lambda ending: self.folder / f"queue{ending}.damaged", Path.exists)
        os.replace(self.file, kept)
        self.problem = (
            "The list of trainings could not be read, and an empty one begins; "
            f"the old one is kept as “{kept}”."
        )

    # --- who works it off ------------------------------------------------------------------------------

    def is_worked_off(self) -> bool:
        """Whether a process works the list off."""
        return lock.is_held(self.running)

    def write_status(self, status: Status) -> None:
        """Write what that process does. What can't be written is not told."""
        try:
            with replacing(self.folder / "status.json") as part:
                part.write_text(json.dumps({"id": status.id, "reason": status.reason}), "ascii")
        except OSError:
            return

    def status(self) -> Status:
        """What it does; nothing where there is none."""
        if not self.is_worked_off():
            return Status()
        try:
            fields = json.loads((self.folder / "status.json").read_bytes()[:MOST_BYTES])
        except (OSError, ValueError, RecursionError):
            return Status()
        if not isinstance(fields, dict) or fields.get("reason") not in get_args(Reason):
            return Status()
        return Status(str(fields.get("id", "")), fields["reason"])

    def ask_to_stop(self) -> None:
        """Have that process save what it trains, and end.

        Raises:
            OSError: the folder can't be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "stop").touch()

    def asked_to_stop(self) -> bool:
        """Whether somebody wants it to end."""
        return (self.folder / "stop").exists()

    def take_back_stop(self) -> None:
        """It has ended, or begins anew."""
        (self.folder / "stop").unlink(missing_ok=True)

    def note_painting(self) -> None:
        """Somebody paints.

        Raises:
            OSError: the folder can't be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.painted.touch()

    def seconds_since_painting(self) -> float:
        """Since the last stroke that was noted; infinite where none was."""
        try:
            since = time.time() - self.painted.stat().st_mtime
        except OSError:
            return float("inf")
        # By a clock that was set back since: else it waits until that hour comes again, be it in a year.
        return float("inf") if since < -CLOCKS_DIFFER_SECONDS else max(0.0, since)
