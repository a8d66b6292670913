"""What every test gets: no display, a home of its own, and no thread left behind."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import sys
import threading
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path

import pytest
from PySide6.QtCore import QObject

# Before there is an application. Whoever wants to watch sets a platform of their own.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Before anything imports torch, as the command line does: threads that wait for each other while other tests
# run would burn the processor time that these need.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
if "PYTEST_XDIST_WORKER" in os.environ:
    # Each core has tests of its own to run: a second thread would wait for a core that others have.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
THREADS = os.environ.get("OMP_NUM_THREADS", "")

# What is compiled is kept, as Python does if it is not told otherwise. Containers often say otherwise; then
# each worker compiles all tests anew, half of the time before the first, and each program that tests start
# hundreds of modules. Git ignores what is kept.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).resolve().parent.parent

MEMORY = Path("/dev/shm")
"""Where Linux keeps files in memory."""
ENOUGH = 4 << 30
"""Bytes that must be free there; the tests need a tenth of it at a time."""


def has_room(folder: Path) -> bool:
    """Whether files of tests may lie there, and programs among them be run."""
    if sys.platform != "linux" or not os.access(folder, os.W_OK | os.X_OK):
        return False
    there = os.statvfs(folder)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    free = there.f_bavail * there.f_frsize
    return free >= ENOUGH and memory >= 2 * ENOUGH and not there.f_flag & os.ST_NOEXEC


# The program has disks confirm what it writes, a dozen times a test, and the tests wait for that.
if has_room(MEMORY):
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

NUMBERS = itertools.count()
THREADS_BEFORE = pytest.StashKey[set[threading.Thread]]()
FAILED = pytest.StashKey[bool]()


def pytest_sessionstart() -> None:
    """Use Qt on this thread first: Qt takes that one for the main thread, and warns of an application on any
    other. Tests of the painting core have no application, but save pictures on threads of a pool."""
    QObject()


def pytest_collection_finish() -> None:
    """What is imported and collected by now, half a million objects, stays to the end: no collection of what
    tests leave behind need look at it again, a sixth of a second each time."""
    gc.collect()
    gc.freeze()


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


@pytest.fixture(autouse=True)
def threads_of_torch() -> Iterator[None]:
    """A training in the process of the tests sets how many threads compute, for all that come after it."""
    yield
    if "torch" in sys.modules and THREADS.isdecimal():
        sys.modules["torch"].set_num_threads(int(THREADS))


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


SLOW = (
    "journeys/",
    "desktop/pairs/test_teaching.py",
    "desktop/training/test_current.py",
    "trainer/evaluation/test_export.py",
    "trainer/machine/",
    "trainer/queue/test_runner.py",
    "trainer/test_resume.py",
    "trainer/training/test_learning_styles.py",
)
"""Where a single test takes many seconds."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each worker begins with its share of the slow tests, so that none is left with one at the end.

    At first each has a part of the list, the parts alike in length; later it takes from others' ends.
    """
    if not hasattr(config, "workerinput"):
        return
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.nodeid.partition("::")[0], []).append(item)
    slow = [name for name in modules if name.removeprefix("tests/").startswith(SLOW)]
    quick = iter([item for name, those in modules.items() if name not in slow for item in those])
    workers, ordered = config.workerinput["workercount"], list[pytest.Item]()
    for worker in range(workers):
        ordered += [item for name in slow[worker::workers] for item in modules[name]]
        ordered += islice(quick, max(0, len(items) * (worker + 1) // workers - len(ordered)))
    items[:] = [*ordered, *quick]


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
    if not item.stash.get(FAILED, False):
        clear_away(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note which tests fail: their files may tell why."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


def clear_away(item: pytest.Item) -> None:
    """Delete the files of a test that passed: thousands of folders make each new one slower, and they would
    fill the memory. pytest itself would do it while the window still stands."""
    of_test = getattr(item, "funcargs", None) or {}
    for name in ("tmp_path", "home"):
        folder = of_test.get(name)
        if isinstance(folder, Path):
            shutil.rmtree(folder, ignore_errors=True)
