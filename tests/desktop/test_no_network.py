"""The program talks to nobody: no internet socket is opened, whatever it does. The kernel is asked."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.data.picture import write_png
from tests.desktop.real_programs import PATIENCE_S, ROOT, environment, program, wait_until_ready
from tests.trainer.small_runs import things

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed (Debian: apt-get install strace)"
)
SMALL = "--width 4 --size 32 --patch 16 --batch 2 --precision float32 --threads 1 --device cpu --steps 2"
# Whatever the kernel calls that makes a socket or names a far end; only numbers, families and addresses show.
# In the kernel, so that nothing else is stopped for.
TRACED = ["strace", "--follow-forks", "--seccomp-bpf", "--trace=socket,connect,bind,sendto,sendmsg"]


def sockets(told: Path) -> list[str]:
    """The kinds of socket in a trace."""
    return re.findall(r"\bsocket\((\w+)", told.read_text("utf-8", "replace"))


def traced(told: Path, home: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [*TRACED, "--output", str(told), sys.executable, *map(str, words)]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE_S,
        check=False,
    )


def test_the_trace_would_tell(tmp_path: Path, home: Path):
    """Else the tests below prove nothing."""
    script = "import socket; socket.socket(socket.AF_INET); socket.socket(socket.AF_INET6)"
    assert traced(tmp_path / "told", home, "-c", script).returncode == 0
    assert {"AF_INET", "AF_INET6"} <= set(sockets(tmp_path / "told"))


def test_the_window_opens_no_internet_socket(tmp_path: Path, stocked_home: Path):
    home = stocked_home
    told = tmp_path / "told"
    write_png(tmp_path / "a.png", np.full((40, 60, 3), 200, np.uint8))
    command = [*TRACED, "--output", str(told), sys.executable, "-m", "desktop", str(tmp_path / "a.png")]
    with program(home, "-c", f"import os; os.execvp('strace', {command})") as strace:
        wait_until_ready(home)
        # strace holds signals back from itself, so it is told by the program it traces.
        started = re.findall(r"^(\d+)", told.read_text("utf-8"), re.MULTILINE)
        subprocess.run(["kill", f"-{signal.SIGTERM.value}", started[0]], check=True)
        assert strace.wait(PATIENCE_S) == 0
    assert "AF_UNIX" in sockets(told), "the socket that tells of a second start"
    assert not [kind for kind in sockets(told) if kind.startswith("AF_INET")]


def test_translating_opens_no_internet_socket(tmp_path: Path, home: Path):
    write_png(tmp_path / "a.png", np.full((40, 60, 3), 200, np.uint8))
    done = traced(
        tmp_path / "told",
        home,
        *("-m", "desktop", "translate", "shoes", tmp_path / "a.png", tmp_path / "b.png"),
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b.png").exists()
    assert not [kind for kind in sockets(tmp_path / "told") if kind.startswith("AF_INET")]


def test_training_opens_no_internet_socket(tmp_path: Path, home: Path):
    things(tmp_path / "data", 6)
    done = traced(
        tmp_path / "told",
        home,
        *("-m", "desktop", "train", tmp_path / "data", "--run", tmp_path / "run", *SMALL.split()),
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "model.safetensors").exists()
    assert not [kind for kind in sockets(tmp_path / "told") if kind.startswith("AF_INET")]
