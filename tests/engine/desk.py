"""The window's side of an engine, for tests: what it sends, and gates that decide when a pass ends."""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

from engine.data.messages import (
    Failed,
    Inspect,
    ModelOpened,
    OpenModel,
    Picture,
    Reply,
    Request,
    Ticket,
    Translate,
    Tuned,
)
from engine.data.rect import Rect
from engine.thread.mailbox import Mailbox
from engine.thread.worker import Worker

PATIENCE = 30.0


class Desk:
    """The window's side of an engine: sends and waits for replies."""

    def __init__(self) -> None:
        self.replies: queue.Queue[Reply] = queue.Queue()
        self.tuned: queue.Queue[Tuned] = queue.Queue()
        self._moving: Any = None
        self.worker = Worker(self._take)
        self.worker.start()

    def _take(self, reply: Reply) -> None:
        if isinstance(reply, Tuned):  # which comes when it likes
            self.tuned.put(reply)
        else:
            self.replies.put(reply)

    def next(self) -> Reply:
        return self.replies.get(timeout=PATIENCE)

    def ask(self, request: Request) -> Reply:
        self.worker.send(request)
        return self.next()

    def opened(self, path: Path, generation: int = 1) -> ModelOpened:
        reply = self.ask(OpenModel(generation, path, device="cpu", precision="float32"))
        assert isinstance(reply, ModelOpened), reply
        if not reply.ready:
            assert self.tuned.get(timeout=PATIENCE).generation == generation
        return reply

    def keep_moving(self) -> None:
        """From now on the pen never rests, however busy this machine is."""
        self._moving = mock.patch.object(Mailbox, "rests", return_value=False)
        self._moving.start()

    def rest_again(self) -> None:
        """It may rest, if it could not."""
        if self._moving is not None:
            self._moving.stop()
            self._moving = None

    def rest(self) -> None:
        """It may rest again, and does from now on."""
        self.rest_again()
        assert isinstance(self.ask(Inspect(Path("none"))), Failed)

    @property
    def network(self) -> torch.nn.Module:
        return self.worker._generator.network


class Gate:
    """Holds every pass of a network at its start until let through."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.arrived, self.open = threading.Semaphore(0), threading.Semaphore(0)
        self.passes = 0
        self.hook = network.register_forward_pre_hook(self._stop)

    def _stop(self, *_: object) -> None:
        self.passes += 1
        self.arrived.release()
        assert self.open.acquire(timeout=PATIENCE)

    def wait(self) -> None:
        assert self.arrived.acquire(timeout=PATIENCE)

    def let_through(self, passes: int = 1) -> None:
        self.open.release(passes)


def translate(revision: int, generation: int = 1, dirty: Rect | None = None, shade: int = 0) -> Translate:
    return Translate(Ticket(generation, revision), picture(shade), (32, 32), dirty)


def picture(shade: int = 0) -> Picture:
    return Picture(pixels=np.full((32, 32, 3), shade, np.uint8))
