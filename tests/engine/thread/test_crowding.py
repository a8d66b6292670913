from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import torch

import engine
from engine.data.messages import ModelOpened, OpenModel, Translated
from engine.passes.generator import Generator
from engine.thread import crowding, worker
from engine.thread.crowding import IDLE, LEAST_S, MOST_S, WATCHED_S, Crowd
from tests.engine.conftest import needs_integers, needs_quick_bfloat16
from tests.engine.desk import PATIENCE, Desk, translate


class Machine:
    """Two cores: what passes take, and what others leave."""

    def __init__(self, cores: int = 2) -> None:
        self.now = self.ran = self.idle = 0.0
        self.crowd = Crowd(cores, lambda: self.idle, lambda: self.now, lambda: self.ran)

    def passes(self, seconds: float, ran: float = 1.0, idle: float = 0.0) -> int:
        """Passes for so long, of which the engine's thread ran a share, while so many cores are idle."""
        for _ in range(round(seconds / 0.02)):
            with self.crowd.a_pass():
                self.now += 0.02
                self.ran += 0.02 * ran
                self.idle += 0.02 * idle
        return self.crowd.threads

    def rest(self, seconds: float, idle: float = 0.0) -> None:
        self.now += seconds
        self.idle += seconds * idle


def test_passes_that_are_not_held_up_keep_all_threads() -> None:
    assert Machine().passes(60) == 2
    assert Machine().passes(60, ran=0.9) == 2


def test_passes_that_are_held_up_get_one_thread_less_at_a_time_and_never_none() -> None:
    machine = Machine(4)
    assert machine.passes(WATCHED_S + 0.02, ran=0.5) == 3
    assert machine.passes(WATCHED_S + 0.02, ran=0.5) == 2
    assert machine.passes(5, ran=0.5) == 1


def test_one_slow_pass_alone_is_no_verdict() -> None:
    machine = Machine()
    machine.passes(0.02, ran=0.1)
    assert machine.passes(1.0, ran=1.0) == 2


def test_a_thread_comes_back_when_a_core_is_idle() -> None:
    machine = Machine()
    machine.passes(0.2, ran=0.5)
    assert machine.passes(LEAST_S + 1, idle=IDLE / 2) == 1  # the other program still runs
    assert machine.passes(LEAST_S + 1, idle=1.0) == 2


def test_a_pen_that_rested_while_the_machine_became_idle_has_all_threads_soon() -> None:
    machine = Machine()
    machine.passes(0.2, ran=0.5)
    machine.rest(30, idle=2.0)
    assert machine.passes(0.2) == 2


def test_what_came_back_too_early_comes_back_ever_more_seldom() -> None:
    machine = Machine()
    raised = []
    threads = 2
    for _ in range(round(200 / 0.02)):  # a program that holds passes up though cores look idle
        now = machine.passes(0.02, ran=0.5 if threads == 2 else 1.0, idle=1.0)
        if now > threads:
            raised.append(machine.now)
        threads = now
    pauses = np.diff(raised)
    assert pauses[0] < 2 * LEAST_S + 1
    assert MOST_S <= pauses[-1] < MOST_S + 1
    assert (np.diff(pauses) > -0.2).all()


def test_the_systems_own_counts_serve() -> None:
    machine = Machine()
    crowd = Crowd(2, clock=lambda: machine.now, worked=lambda: 0.0)  # held up, whatever there is
    for _ in range(20):
        with crowd.a_pass():
            machine.now += 0.02
    assert crowd.threads == 1


def test_where_the_system_counts_nothing_passes_go_on_with_all_threads() -> None:
    """A sandbox may hide what the cores do: then nobody could tell when to take a thread back."""

    def hidden() -> float:
        raise PermissionError("/proc/stat")

    machine = Machine()
    machine.crowd = Crowd(2, hidden, lambda: machine.now, lambda: machine.ran)
    assert machine.passes(5, ran=0.5) == 2


def test_counts_that_run_backwards_take_no_thread_back() -> None:
    """As Linux says of what it counts for waiting cores."""
    machine = Machine()
    machine.passes(0.2, ran=0.5)
    assert machine.passes(30, idle=-1.0) == 1
    assert machine.passes(LEAST_S + 1, idle=1.0) == 2


def test_other_models_and_other_threads_know_nothing_of_it(tiny_file, monkeypatch) -> None:
    """What trials found is known by the number of threads; and threads that begin later have as many."""
    most = torch.get_num_threads()
    monkeypatch.setattr(worker, "FIRST_S", 10 * PATIENCE)
    files = [tiny_file(name, seed=seed) for seed, name in enumerate(("one.safetensors", "two.safetensors"))]
    seen: list[int] = []
    build = Generator.__init__

    def watched(generator: Generator, *given: Any, **words: Any) -> None:
        seen.append(torch.get_num_threads())
        build(generator, *given, **words)

    monkeypatch.setattr(Generator, "__init__", watched)
    monkeypatch.setattr(crowding, "WATCHED_S", 0.0)  # every pass is held up
    monkeypatch.setattr(crowding, "HELD_UP", 1e9)
    try:
        torch.set_num_threads(2)
        desk = Desk()
        desk.keep_moving()
        for generation, file in enumerate(files):
            assert isinstance(desk.ask(OpenModel(generation, file, device="cpu")), ModelOpened)
            for revision in range(3):
                assert isinstance(desk.ask(translate(revision, generation)), Translated)
        desk.rest_again()
        desk.worker.stop()
        begun = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
        begun.start()
        begun.join()
    finally:
        torch.set_num_threads(most)
    assert seen == [2, 2, 2]


@pytest.mark.parametrize(
    "precision",
    [
        "float32",
        pytest.param("bfloat16", marks=needs_quick_bfloat16),
        pytest.param("int8", marks=needs_integers),
    ],
)
def test_fewer_threads_make_the_same_picture(precision: str) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    made = []

    def run() -> None:  # other threads keep their number
        generator = engine.open("shoes", precision=precision, device="cpu")
        before = torch.get_num_threads()
        for threads in (2, 1, 2):
            torch.set_num_threads(threads)
            made.append(generator(picture))
        torch.set_num_threads(before)  # threads that begin later have as many

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    first, *others = made
    for other in others:
        np.testing.assert_array_equal(first, other)
