"""What can go wrong with the queue."""

from __future__ import annotations

from trainer.machine.errors import TrainingError


class QueueError(TrainingError):
    """Something that the queue can't do; its text is a sentence."""
