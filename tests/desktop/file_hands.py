"""What tests of reading and writing beside the pen do: hold it up, and see where it is done."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from desktop.session import Session


@contextmanager
def held(session: Session, *, reading: bool = False) -> Iterator[None]:
    """Hold up what is asked for inside until the end: the queue's thread is at other work."""
    go_on, begun = threading.Event(), threading.Event()

    def wait(_job: object) -> None:
        begun.set()
        go_on.wait(20)

    do = session.file_work.read if reading else session.file_work.write
    do("Waiting", wait, lambda _nothing: None)
    begun.wait(20)
    try:
        yield
    finally:
        go_on.set()


def drawn(session: Session) -> np.ndarray:
    return session.document.picture().lines.copy()


def threads_of(monkeypatch: pytest.MonkeyPatch, place: object, name: str) -> list[str]:
    """The threads, by name, that carry out a function from now on."""
    threads: list[str] = []
    function = getattr(place, name)

    def noted(*arguments: Any, **named: Any) -> Any:
        threads.append(threading.current_thread().name)
        return function(*arguments, **named)

    monkeypatch.setattr(place, name, noted)
    return threads
