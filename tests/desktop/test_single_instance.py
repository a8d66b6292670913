"""One window: what a second start of the real program does, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication, QLabel

from desktop import single_instance
from desktop.app import FilesOfTheDesktop, answer_call
from desktop.single_instance import SingleInstance, claim
from desktop.widgets.main_window import MainWindow
from engine.data.picture import write_png
from tests.desktop.real_programs import PATIENCE_S, environment, program, wait, wait_until_ready
from tests.desktop.window_hands import files_done, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="looks at Unix sockets")

ANSWERS = """
import sys
from PySide6.QtCore import QCoreApplication
from desktop import single_instance
app = QCoreApplication([])
bell = single_instance.SingleInstance(single_instance.claim(None))
bell.rang.connect(lambda file: print(file, flush=True))
app.exec()
"""
ASKS = """
import sys
from pathlib import Path
from desktop import single_instance
print(single_instance.claim(Path(sys.argv[1])))
"""


@pytest.fixture
def runtime(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of sockets, of this test alone."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", environment(home)["XDG_RUNTIME_DIR"])
    return Path(os.environ["XDG_RUNTIME_DIR"]) / "underpaint"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "a house é.png"
    write_png(file, np.full((40, 60, 3), 200, np.uint8))
    return file


@pytest.fixture
def bell(qapp: QApplication, runtime: Path) -> Iterator[SingleInstance]:
    mine = claim(None)
    assert mine is not None and mine.address
    bell = SingleInstance(mine)
    yield bell
    bell.close()


def asks(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=Path(__file__).parent.parent.parent,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_second_start_hands_its_file_to_the_window(stocked_home: Path, picture: Path):
    home = stocked_home
    with program(home, "-m", "desktop") as first:
        wait_until_ready(home)
        done = asks(home, "-m", "desktop", str(picture))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        first.send_signal(signal.SIGTERM)
        assert first.wait(PATIENCE_S) == 0
    settings = json.loads((home / "settings.json").read_text("utf-8"))
    assert settings["folder"] == str(picture.parent)
    assert not list((home.parent / f"{home.name}-runtime").rglob("*.socket"))


def test_a_start_while_the_first_one_starts_waits_for_it(home: Path, runtime: Path, picture: Path):
    with program(home, "-c", ANSWERS) as first:
        wait(lambda: list(runtime.glob("*.lock")), "it has begun")
        assert "None" in asks(home, "-c", ASKS, str(picture)).stdout
        assert first.stdout is not None
        assert first.stdout.readline() == f"{picture}\n"


def test_a_program_that_hangs_is_not_waited_for(
    home: Path, runtime: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(single_instance, "PATIENCE_S", 0.3)
    with program(home, "-c", ANSWERS) as first:
        wait_until_ready(home)
        first.send_signal(signal.SIGSTOP)
        mine = claim(picture)
        assert mine is not None and not mine.address, "a window of its own, which nobody calls"
        first.send_signal(signal.SIGCONT)
        # Awake again, it opens what it is asked for now, and not what was given up.
        monkeypatch.undo()
        monkeypatch.setenv("UNDERPAINT_HOME", str(home))
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime.parent))
        assert claim(picture.with_name("other.png")) is None
        assert first.stdout is not None
        assert first.stdout.readline() == f"{picture.with_name('other.png')}\n"


def test_what_a_crash_left_is_no_obstacle(home: Path, runtime: Path):
    with program(home, "-c", ANSWERS) as first:
        wait_until_ready(home)
        first.kill()
        first.wait()
        assert list(runtime.glob("*.socket"))
    for lock in runtime.glob("*.lock"):
        lock.write_bytes(b"")  # else it would seem to be ready before it starts
    with program(home, "-c", ANSWERS):
        wait_until_ready(home)
        assert claim(None) is None


def test_a_window_of_its_own_calls_nobody(bell: SingleInstance):
    heard: list[object] = []
    bell.rang.connect(heard.append)
    mine = claim(None, own_window=True)
    assert mine is not None and not mine.address
    QApplication.processEvents()
    assert heard == []


def test_when_the_window_closes_the_next_start_is_the_first(bell: SingleInstance):
    bell.close()
    mine = claim(None)
    assert mine is not None and mine.address
    mine.give_up()


def test_other_files_of_the_user_are_another_program(
    bell: SingleInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("UNDERPAINT_HOME", str(tmp_path / "other"))
    mine = claim(None)
    assert mine is not None and mine.address
    mine.give_up()


def test_socket_is_the_users_alone(bell: SingleInstance, runtime: Path):
    (socket_file,) = runtime.glob("*.socket")
    assert socket_file.stat().st_mode & 0o077 == 0
    assert runtime.stat().st_mode & 0o077 == 0


def test_folder_of_somebody_else_is_not_used(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp: QApplication
):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    (tmp_path / "underpaint").mkdir(mode=0o755)
    (tmp_path / "underpaint").chmod(0o777)
    mine = claim(None)
    assert mine is not None and not mine.address
    SingleInstance(mine).close()
    assert list((tmp_path / "underpaint").iterdir()) == []


@pytest.mark.parametrize(
    "said",
    [
        b"\n",
        b"{}\n",
        b"[]\n",
        b'{"file": 3, "token": ""}\n',
        b'{"file": null}\n',
        b"[" * 5000 + b"\n",
        b"\xff\xfe\n",
        b"x" * (200 << 10),
    ],
    ids=["nothing", "empty", "list", "number", "no token", "deep", "not text", "endless"],
)
def test_nonsense_is_hung_up_on(bell: SingleInstance, runtime: Path, said: bytes):
    heard: list[object] = []
    bell.rang.connect(heard.append)
    (address,) = runtime.glob("*.socket")
    with socket.socket(socket.AF_UNIX) as caller:
        caller.setblocking(False)
        caller.connect(str(address))
        ended: list[bool] = []
        left = [said]

        def hung_up() -> bool:
            try:
                if left[0]:
                    left[0] = left[0][caller.send(left[0]) :]
                if caller.recv(100) == b"":
                    ended.append(True)
            except BlockingIOError:
                pass
            except (ConnectionResetError, BrokenPipeError):
                ended.append(True)
            return bool(ended)

        until(hung_up)
    assert heard == []


def test_the_window_comes_to_the_front_with_the_file(window: MainWindow, picture: Path):
    window.showMinimized()
    answer_call(window.session, window, picture)
    assert not window.isMinimized()
    files_done(window.session)
    assert window.session.title == picture.name or picture.stem in window.session.title
    answer_call(window.session, window, picture.with_name("gone.png"))
    files_done(window.session)
    assert "gone.png" in window.messages.findChild(QLabel, "message_text").text()


def test_files_that_the_desktop_sends_as_events_are_taken(qapp: QApplication, picture: Path):
    taken: list[Path] = []
    files = FilesOfTheDesktop(taken.append, qapp)
    assert files.eventFilter(qapp, QFileOpenEvent(str(picture)))
    assert not files.eventFilter(qapp, QEvent(QEvent.Type.User))
    assert taken == [picture]
    files.deleteLater()
