"""Children that begin with torch imported, which alone takes a new Python two seconds.

They are forked from a process that has done nothing else. From there on each is as ``python -m module`` is:
with words, environment, folder and signals of its own, and it ends as that ends. ``program`` and ``run``
start one from a test; ``command`` is for the program itself, which starts processes by a command.
"""

from __future__ import annotations

import atexit
import gc
import json
import multiprocessing
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CALLER = Path(__file__).with_name("warm_caller.py")
IMPORTED = [
    *("torch", "trainer.training.fit", "trainer.cli.train", "desktop.__main__"),
    *("typer._adapters", "rich.progress", "skimage.morphology"),  # which these import when they need them
]
MOST_BYTES = 1 << 20
"""Of what a caller says: words and environment."""


@cache
def _context() -> BaseContext:
    """Where children come from: one process for all tests of a worker, begun with the first of them."""
    if sys.platform == "win32":  # knows no fork
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context


def _carry_out(module: str, words: list[str], environment: dict[str, str], out: str, said: str) -> None:
    """In the child."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    _become(module, words, environment, {1: os.open(out, flags), 2: os.open(said, flags)})


def _become(module: str, words: list[str], environment: dict[str, str], files: dict[int, int]) -> None:
    """Go on as ``python -m module words`` does, with ``files`` under the numbers they are listed by."""
    gc.freeze()  # what was imported stays: no collection need look through all of it
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for number, file in files.items():
        os.dup2(file, number)
        os.close(file)
    if environment.get("PYTHONUNBUFFERED"):
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    if module == "-c":
        code, *words = words
        sys.argv = [module, *words]
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = [module, *words]
        sys.modules.pop(f"{module}.__main__", None)  # imported to be warm, now it runs
        runpy.run_module(module, run_name="__main__", alter_sys=True)


@contextmanager
def program(module: str, *words: object, folder: Path, **environment: str) -> Iterator[BaseProcess]:
    """``python -m module words`` at one thread; killed at the end of the block if it still runs.

    Args:
        module: or ``-c``, then the first of the words is a program.
        folder: takes what it says, as the files ``out`` and ``said``.
        environment: beside that of the test.
    """
    folder.mkdir(exist_ok=True)
    surroundings = {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200", **environment}
    texts = list(map(str, words))
    with _one_thread():
        child: BaseProcess = _context().Process(  # type: ignore[attr-defined]
            target=_carry_out, args=(module, texts, surroundings, str(folder / "out"), str(folder / "said"))
        )
        child.start()
    try:
        yield child
    finally:
        if child.is_alive():
            child.kill()
        child.join()


def run(module: str, *words: object, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """``python -m module words``, from beginning to end; see ``program``."""
    for name in ("out", "said"):
        (folder / name).unlink(missing_ok=True)
    with program(module, *words, folder=folder, **environment) as child:
        child.join()
    told = [file.read_text("utf-8") if file.exists() else "" for file in (folder / "out", folder / "said")]
    return subprocess.CompletedProcess([module, *map(str, words)], child.exitcode or 0, *told)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Torch asks when it is imported, in the process that children come from."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


# --- for those that start programs themselves -------------------------------------------------------


def command(*words: str) -> list[str]:
    """What is started in the place of ``python words``, words as ``-m module`` or ``-c program``.

    It is a small process that has a warmed child do the work. Signals that can be caught reach the child, its
    end is that of the child, and should it be killed, so is the child, a moment later.
    """
    if sys.platform == "win32":
        return [sys.executable, *words]
    module = words[1:] if words[0] == "-m" else words
    return [sys.executable, "-I", "-S", str(CALLER), _switchboard(), *module]


@cache
def _switchboard() -> str:
    """Where callers are heard: by one process, for all tests of a worker."""
    folder = tempfile.mkdtemp(prefix="warm")  # not among the tests' files: addresses are short
    address = f"{folder}/calls"
    with socket.socket(socket.AF_UNIX) as calls, _one_thread():
        calls.bind(address)
        calls.listen()
        answering: BaseProcess = _context().Process(target=_answer, args=(calls,))  # type: ignore[attr-defined]
        answering.start()

    def end() -> None:
        answering.terminate()
        answering.join()

    atexit.register(end)
    return address


def _answer(calls: socket.socket) -> None:
    """Take calls until the tests are over, or their process is gone; then nothing is left."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    children: dict[socket.socket, BaseProcess] = {}
    try:
        _answer_until_the_end(calls, children)
    finally:
        address = Path(calls.getsockname())
        address.unlink()
        address.parent.rmdir()
        for child in children.values():
            child.kill()
            child.join()


def _answer_until_the_end(calls: socket.socket, children: dict[socket.socket, BaseProcess]) -> None:
    tests = multiprocessing.parent_process()
    assert tests is not None
    while tests.is_alive():
        ready = wait([calls, tests.sentinel, *children, *(child.sentinel for child in children.values())])
        for caller, child in list(children.items()):
            if child.sentinel in ready:
                child.join()
                with suppress(OSError):  # the caller is gone
                    caller.sendall(f"{child.exitcode}".encode())
            elif caller in ready:
                with suppress(OSError):
                    number = caller.recv(1)
                    os.kill(child.pid, number[0] if number else signal.SIGKILL)
                    if number:
                        continue
                child.join()
            else:
                continue
            caller.close()
            del children[caller]
        if calls in ready:
            caller, _ = calls.accept()
            children[caller] = _begun(caller)


def _begun(caller: socket.socket) -> BaseProcess:
    """The child that does what a caller wants."""
    said, files, _, _ = socket.recv_fds(caller, MOST_BYTES, 3)
    while not said.endswith(b"\n"):
        said += caller.recv(MOST_BYTES)
    module, words, environment = json.loads(said)
    child: BaseProcess = multiprocessing.get_context("fork").Process(  # type: ignore[attr-defined]
        target=_in_a_session, args=(module, words, environment, dict(enumerate(files)))
    )
    child.start()
    for file in files:
        os.close(file)
    return child


def _in_a_session(module: str, words: list[str], environment: dict[str, str], files: dict[int, int]) -> None:
    """In the child: Ctrl-C is meant for the tests."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()
    _become(module, words, environment, files)
