"""A training shared by two machines: two network namespaces with a cable between them, on one.

Whoever is there sees the files of all, as on a disk in the network.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import warm
from tests.trainer.machine.two_processes import by_two, finish, python
from tests.trainer.small_runs import differing, ends, things
from trainer.run import events
from trainer.run import folder as runs
from trainer.run.folder import Run

PORT = "29517"
STEPS = 24
PAGE = Path(__file__).resolve().parents[3] / "docs" / "guide" / "training" / "several-machines.md"
SMALL = (
    f"--steps {STEPS} --width 4 --size 32 --patch 16 --precision float32 --threads 1 --device cpu --edges 0 "
    "--perceptual 0 --no-dropout --log-every 1 --checkpoint-every 3 --styles 8"
).split()
"""A second's training, of what the page would train for hours."""
LOST = re.compile(
    r"^Another of the 2 processes that share this training (has ended|has not been heard of for 2 seconds); "
    r"the last checkpoint is whole\. Start all of them again, with resume\.$",
    re.MULTILINE,
)


class Host(NamedTuple):
    """A namespace, and how it is reached."""

    name: str
    card: str
    address: str


def ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    """Two machines, one cable."""
    if sys.platform != "linux" or shutil.which("ip") is None:
        pytest.skip("network namespaces need Linux and its command ip")
    both = tuple(Host(f"up{os.getpid()}{it}", f"up{it}", f"10.77.0.{it}") for it in (1, 2))
    one, other = both
    try:
        try:
            for host in both:
                ip("netns", "add", host.name)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"network namespaces are not permitted here ({error.stderr.strip()})")
        ip(
            *("link", "add", one.card, "netns", one.name, "type", "veth"),
            *("peer", "name", other.card, "netns", other.name),
        )
        for host in both:
            ip("-n", host.name, "addr", "add", f"{host.address}/24", "dev", host.card)
            for card in ("lo", host.card):
                ip("-n", host.name, "link", "set", card, "up")
        yield one, other
    finally:
        for host in both:
            with suppress(subprocess.CalledProcessError):
                switch_off(host)
                ip("netns", "del", host.name)


def switch_off(host: Host) -> None:
    """End all that runs there, at once."""
    for number in ip("netns", "pids", host.name).split():
        with suppress(ProcessLookupError):
            os.kill(int(number), signal.SIGKILL)


ENTER = """
import ctypes, runpy, sys
with open("/run/netns/" + sys.argv[1]) as space:
    if ctypes.CDLL(None).setns(space.fileno(), 0):
        sys.exit("there is no such namespace")
from trainer.machine import lookout
lookout.Lookout.__init__.__kwdefaults__.update(quiet=2.0, beat=0.2)
module, sys.argv = sys.argv[2], sys.argv[2:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""
"""Goes into a namespace, and runs a module there which waits less long for others than usual."""


def of_page(command: str) -> list[str]:
    """What the guide's page has people type for ``train`` or ``resume``, in words."""
    blocks = re.findall(r"^```\n(.+?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (words,) = (found for block in blocks if command in (found := shlex.split(block.replace("\\\n", " "))))
    assert words[0] == ".venv/bin/torchrun"
    return ["torch.distributed.run", *words[1:]]


@contextmanager
def by_both(
    hosts: tuple[Host, Host], run: Run, typed: Sequence[str] = (), data: Path | None = None
) -> Iterator[list[BaseProcess]]:
    """Both machines go on with a run.

    Args:
        typed: what people type for it, where they do; on the second machine its own number takes the place of
            the first's.
        data: where the pictures lie.
    """
    first, _ = hosts
    meant = {"10.0.0.1": first.address, "29500": PORT, "/disk/fronts-run": run.folder, "/disk/fronts": data}
    with ExitStack() as both:
        started = []
        for rank, host in enumerate(hosts):
            words: tuple[object, ...] = ("trainer", "resume", run.folder)
            place = {"MASTER_ADDR": first.address, "MASTER_PORT": PORT, "LOCAL_WORLD_SIZE": "1"}
            place |= {"RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": "0"}
            if typed:
                begun = python(run.folder.with_name(f"python {rank}"), "-c", ENTER, host.name)
                place = {"PYTHON_EXEC": str(begun)}
                own = typed.index("--node-rank") + 1
                words = tuple(meant.get(word, word) for word in (*typed[:own], str(rank), *typed[own + 1 :]))
            told = run.folder.with_name(f"told {rank}")
            shutil.rmtree(told, ignore_errors=True)
            started.append(
                both.enter_context(warm.program("-c", ENTER, host.name, *words, folder=told, **place))
            )
        yield started


def said(run: Run, rank: int) -> str:
    return (run.folder.with_name(f"told {rank}") / "said").read_text("utf-8")


def lost(run: Run, rank: int) -> str:
    """What a machine said, up to the sentence that another is gone."""
    text = said(run, rank)
    sentence = LOST.search(text)
    assert sentence, text
    return text[: sentence.end()]


def came_to(reader: events.EventReader, step: int, processes: list[BaseProcess]) -> None:
    """Wait until the training has told of a step, and not ended."""
    while not any(event["step"] >= step for event in reader.news()):
        assert not any(ends(process) for process in processes)


def test_two_machines_lose_each_other_and_end_where_one_would_have(
    tmp_path: Path, hosts: tuple[Host, Host]
) -> None:
    data = things(tmp_path / "data", 10)
    parts = Run(tmp_path / "parts")
    reader = events.EventReader(parts.events)

    # As the page has it. One is switched off: the other says so, and ends.
    with by_both(hosts, parts, [*of_page("train"), *SMALL], data.folder) as processes:
        came_to(reader, 5, processes)
        switch_off(hosts[1])
        for process in processes:
            process.join()
        assert processes[0].exitcode == 1
    # Under the sentence stands what torchrun itself says of a child that failed.
    assert lost(parts, 0) and "Traceback" not in lost(parts, 0)

    # The cable is pulled: nothing is closed, both find out by themselves.
    with by_both(hosts, parts) as processes:
        came_to(reader, 10, processes)
        ip("-n", hosts[1].name, "link", "set", hosts[1].card, "down")
        for rank, process in enumerate(processes):
            process.join()
            assert process.exitcode == 1
            assert lost(parts, rank) and "Traceback" not in said(parts, rank)
    ip("-n", hosts[1].name, "link", "set", hosts[1].card, "up")

    with by_both(hosts, parts, of_page("resume")) as processes:
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0, 0]
    assert [event["event"] for event in events.read(parts.events)].count("resumed") == 2
    # Two processes of one machine, undisturbed, come to the same weights, bit for bit.
    config = parts.config()
    assert (config.processes, config.batch, config.steps) == (2, 8, STEPS)
    whole = runs.create(tmp_path / "whole", config)
    with by_two(whole.folder) as processes:
        finish(processes)
    assert differing(whole, parts) == []
