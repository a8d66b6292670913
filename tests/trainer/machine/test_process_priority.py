from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent.parent

BEHAVE = """
import json, os, threading
from pathlib import Path
from trainer.machine import process_priority

def seen():
    group = Path("/proc/self/autogroup")
    try:
        said = group.read_text().split()
    except OSError:
        said = []
    of_session = said[-1] if said else None  # the file of the first session of a system is empty
    return [os.sched_getscheduler(0) == os.SCHED_IDLE, os.nice(0), of_session]

def on_a_thread():
    print(json.dumps([os.environ["OMP_WAIT_POLICY"], here, seen()]))

process_priority.behave(True)
here = seen()
thread = threading.Thread(target=on_a_thread)
thread.start()
thread.join()
"""


def behaved(own_session: bool, hurried: bool = False) -> list[object]:
    """How a process and a thread of its are scheduled once they behave, as the system says."""
    told = ("OMP_WAIT_POLICY", "UNDERPAINT_HURRY")
    environment = {key: value for key, value in os.environ.items() if key not in told}
    environment |= {"UNDERPAINT_HURRY": "1"} if hurried else {}
    done = subprocess.run(
        [sys.executable, "-c", BEHAVE],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        start_new_session=own_session,
    )
    said: list[object] = json.loads(done.stdout)
    return said


@pytest.mark.skipif(sys.platform != "linux", reason="schedulers differ")
def test_gentle_processes_and_their_threads_come_last() -> None:
    policy, process, thread = behaved(own_session=True)
    assert policy == "passive"
    assert process == thread
    assert isinstance(process, list)
    idle, nice, of_session = process
    assert idle and nice == 19
    assert of_session in (None, "19")


@pytest.mark.skipif(sys.platform != "linux", reason="sessions differ")
def test_whoever_else_is_in_the_session_is_left_alone() -> None:
    group = Path("/proc/self/autogroup")
    before = group.read_text("ascii") if group.exists() else None
    behaved(own_session=False)
    assert (group.read_text("ascii") if group.exists() else None) == before


@pytest.mark.skipif(sys.platform != "linux", reason="schedulers differ")
def test_who_is_in_a_hurry_can_say_so() -> None:
    policy, process, _thread = behaved(own_session=True, hurried=True)
    assert policy == "passive"
    assert isinstance(process, list)
    assert process[0] is False
    assert process[2] in (None, "0")
