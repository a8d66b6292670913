from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tests.journeys.x_screen import Screen

pytestmark = pytest.mark.xvfb


def test_the_screen_stays_when_its_last_program_ends(screen: Screen):
    screen.hand("mousemove", 10, 20)  # a server that starts anew puts the pointer into the middle
    assert screen.hand("getmouselocation").startswith("x:10 y:20 ")


DETACHED = """
import pathlib, subprocess, sys
command = [sys.executable, "-c", "import signal; signal.pause()"]
child = subprocess.Popen(command, start_new_session=True)
pathlib.Path(sys.argv[1]).write_text(f"{child.pid} is its number")
"""
"""Starts a child as the window starts a training, and ends before it."""


def test_nothing_that_a_program_left_behind_outlives_the_screen(screen: Screen, tmp_path: Path):
    home, note = tmp_path / "home", tmp_path / "number"
    home.mkdir()
    assert screen.start("-c", DETACHED, str(note), home=home).wait() == 0
    left = psutil.Process(int(note.read_text().split()[0]))
    assert left.is_running() and left.status() != psutil.STATUS_ZOMBIE
    screen.close()
    assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE
