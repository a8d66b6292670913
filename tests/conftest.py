"""What every test gets: no display, a home of its own, and no thread left behind."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before anything imports Qt. Whoever wants to watch sets a platform of their own.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Before anything imports torch, as the command line does: threads that wait for each other while other tests
# run would burn the processor time that these need.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# What is compiled is kept, as Python does if it is not told otherwise. Containers often say otherwise; then
# each worker compiles all tests anew, half of the time before the first, and each program that tests start
# hundreds of modules. Git ignores what is kept.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).resolve().parent.parent

NUMBERS = itertools.count()
THREADS_BEFORE = pytest.StashKey[set[threading.Thread]]()


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the program takes for the user's: settings, models, recovery."""
    # Not by mktemp, which looks through all that there are already.
    folder = tmp_path_factory.getbasetemp() / "homes" / str(next(NUMBERS))
    folder.mkdir(parents=True)
    monkeypatch.setenv("UNDERPAINT_HOME", str(folder))
    # Trainings that let every other program go first might not end beside a busy one.
    monkeypatch.setenv("UNDERPAINT_HURRY", "1")
    return folder


@pytest.fixture(scope="session")
def qapp_cls() -> type:
    """The program's own application for the tests that need one."""
    from desktop.app import Application

    return Application


@pytest.fixture(scope="session")
def project() -> Path:
    """The folder with ``pyproject.toml`` in it."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ``shared`` beside the project: data sets and starter weights that it may not contain."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("there is no folder “shared” beside the project")
    return folder


def _missing_for(item: pytest.Item) -> str | None:
    """Why ``item`` can't run on this machine, if so."""
    if item.get_closest_marker("xvfb"):
        for program in ("Xvfb", "xdotool"):
            if shutil.which(program) is None:
                return f"{program} is not installed (Debian: apt-get install xvfb xdotool)"
    if item.get_closest_marker("interop") and shutil.which("krita") is None:
        return "Krita is not installed (Debian: apt-get install krita)"
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            return "no CUDA device here"
    return None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Skip what this machine can't run; note which threads there are before any fixture."""
    item.stash[THREADS_BEFORE] = set(threading.enumerate())
    reason = _missing_for(item)
    if reason is not None:
        # Skipping right here would leave out the set-up of plug-ins whose tear-down still runs.
        item.add_marker(pytest.mark.skip(reason=reason))
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fail the test that left a thread behind. Outermost, so every fixture has been torn down."""
    result = yield
    left = [
        thread
        for thread in threading.enumerate()
        if thread not in item.stash[THREADS_BEFORE]
        # A native thread that once called into Python; it is its library's, and can't be joined.
        and not isinstance(thread, threading._DummyThread)
    ]
    if left:
        names = ", ".join(f"“{thread.name}”" for thread in left)
        pytest.fail(f"left behind: thread {names}; whoever starts one must join it", pytrace=False)
    return result
