"""Children that begin with torch imported, which alone takes a new Python two seconds.

They are forked from a process that has done nothing else. From there on each is as ``python -m module`` is:
with words, environment, folder and signals of its own, and it ends as that ends.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMPORTED = ["torch", "trainer.training.fit", "trainer.cli.train"]


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
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for number, file in ((1, out), (2, said)):
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    if module == "-c":
        code, *words = words
        sys.argv = [module, *words]
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = [module, *words]
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
