"""Two processes of one machine that share a training."""

from __future__ import annotations

import shlex
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests import warm


@contextmanager
def by_two(folder: Path) -> Iterator[list[BaseProcess]]:
    """Two processes that go on with a run, as torchrun starts them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    with ExitStack() as both:
        yield [
            both.enter_context(
                warm.program(
                    *("trainer", "resume", folder),
                    folder=folder.with_name(f"{folder.name} told {rank}"),
                    **{**place, "RANK": str(rank), "LOCAL_RANK": str(rank)},
                )
            )
            for rank in range(2)
        ]


def finish(processes: list[BaseProcess]) -> None:
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]


def python(file: Path, *words: str) -> Path:
    """What torchrun begins in the place of ``python -u -m``: a process that has torch imported.

    Args:
        file: is written.
        words: what it runs with the rest as its words, as ``warm.command`` has them.
    """
    file.write_text(f'#!/bin/sh\nshift 2\nexec {shlex.join(warm.command(*words))} "$@"\n')
    file.chmod(0o755)
    return file
