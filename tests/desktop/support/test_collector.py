from __future__ import annotations

import gc
import threading
import weakref

from desktop.support.collector import collect_what_is_due, hold_collector, set_aside
from tests.desktop.window_hands import until


class Knot:
    """Part of a cycle that notes on which thread it goes."""

    def __init__(self, threads: list[threading.Thread]) -> None:
        self.me = self
        weakref.finalize(self, lambda: threads.append(threading.current_thread()))


def test_cycles_are_collected_by_the_timer_on_the_ui_thread_alone(qapp):
    hold_collector()  # an earlier window's may be at work already
    gc.enable()
    hold_collector()
    assert not gc.isenabled()
    threads: list[threading.Thread] = []

    def tie() -> None:
        for _ in range(5000):
            Knot(threads)

    other = threading.Thread(target=tie)
    other.start()
    other.join()
    assert threads == []
    until(lambda: len(threads) == 5000)
    assert set(threads) == {threading.main_thread()}


def test_holding_twice_is_holding_once(qapp):
    hold_collector()
    before = len(qapp.children())
    hold_collector()
    assert len(qapp.children()) == before


def test_nothing_is_collected_before_it_is_due(qapp):
    gc.collect()
    called = []
    gc.callbacks.append(lambda phase, info: called.append(phase))
    try:
        collect_what_is_due()
    finally:
        gc.callbacks.pop()
    assert called == []


def test_what_is_set_aside_is_neither_set_aside_nor_counted_again(qapp, monkeypatch):
    set_aside()
    called: list[str] = []
    gc.callbacks.append(lambda phase, info: called.append(phase))
    # Counting takes as long as there is much, and this is called whenever a picture comes up.
    monkeypatch.setattr(gc, "get_freeze_count", lambda: called.append("count"))
    try:
        set_aside()
    finally:
        gc.callbacks.pop()
    assert called == []
