from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import desktop.__main__ as command_line
import engine
from engine.data.palette import Label, Palette, write_gpl
from engine.models import bundle
from tests import warm
from tests.trainer.made_pictures import save, thing
from tests.trainer.small_runs import houses, small, things
from trainer.__main__ import main
from trainer.cli.display import Display
from trainer.machine.errors import DATA_CHANGED
from trainer.run import events
from trainer.run.folder import create, opened

SMALL = "--width 4 --size 32 --patch 16 --batch 2 --precision float32 --threads 1 --device cpu --log-every 1"


@pytest.fixture
def called(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """The trainer's command line in a process of its own, as the window starts it."""

    def run(*words: object, program: str = "trainer") -> subprocess.CompletedProcess[str]:
        return warm.run(program, *words, folder=tmp_path / "told")

    return run


def left_with(monkeypatch: pytest.MonkeyPatch, *words: str) -> object:
    """The exit code of the command line, called in this process: quicker."""
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    monkeypatch.setattr(sys, "argv", ["trainer", *words])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code


def test_from_photos_to_a_judged_model(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    called: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """Train, refuse to overwrite, make longer, judge, export: the whole way by commands."""
    things(tmp_path / "data", 10)
    run = tmp_path / "run"
    words = ("train", tmp_path / "data", "--run", run, *SMALL.split(), "--steps", "3", "--validation", "0.3")
    done = called(*words, program="desktop")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(run / "model.safetensors")
    for said in ("pairs: 10", "task hints", "3 steps of 2", " MB of disk", "Started at step 0"):
        assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert (opened(run).config().validation, opened(run).config().pairs) == (0.3, 7)

    assert left_with(monkeypatch, *map(str, words)) == 1
    assert "underpaint resume" in capsys.readouterr().err.splitlines()[-1]
    assert left_with(monkeypatch, "resume", str(run), "--steps", "2") == 1
    assert "has 3 steps behind it" in capsys.readouterr().err

    longer = called("resume", run, "--minutes", "0.01")
    assert longer.returncode == 0, longer.stderr
    assert events.read(opened(run).events)[-1]["step"] == opened(run).config().steps > 3

    judged = called("evaluate", run, tmp_path / "data", "--json")
    assert judged.returncode == 0, judged.stderr
    numbers = json.loads(judged.stdout)
    assert numbers["pairs"] == 3  # held back
    assert "hint_difference" in numbers["scores"]
    assert (run / "report" / "report.html").exists()

    out = tmp_path / "x.pth"
    assert (
        left_with(monkeypatch, *map(str, ("export", run / "model.safetensors", "--to", "pth", "--out", out)))
        == 0
    )
    assert capsys.readouterr().out.strip() == str(out)
    assert out.exists()


def test_labels_keep_the_names_given(
    tmp_path: Path, called: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    data = houses(tmp_path / "data", 9)
    assert data.palette is not None
    names = [Label(f"my {number}", label.colour) for number, label in enumerate(data.palette.labels)]
    write_gpl(Palette("mine", tuple(names)), tmp_path / "mine.gpl")
    run = tmp_path / "run"
    words = ("train", tmp_path / "data", "--task", "labels", "--palette", tmp_path / "mine.gpl", "--run", run)
    done = called(*words, *SMALL.split(), "--steps", "1", "--gently")
    assert done.returncode == 0, done.stderr
    card = bundle.read_card(run / "model.safetensors")
    assert card.palette is not None
    assert [label.name for label in card.palette.labels] == [label.name for label in names]
    assert engine.open(run / "model.safetensors").card.one_hot


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["train", "{nowhere}"], "does not exist"),
        (["train", "{empty}"], "There are no pictures"),
        (["train", "{data}", "--device", "abacus"], "no device “abacus”"),
        (["train", "{data}", "--from", "nobody"], "no model “nobody”"),
        (["train", "{data}", "--size", "8"], "between 32 and 2048"),
        (["train", "{data}", "--size", "0"], "between 32 and 2048"),
        (["train", "{data}", "--seed", "99999999999999999999"], "the seed must lie between"),
        (["train", "{data}", "--steps", "99999999999999999999"], "at most 1000000000"),
        (
            ["train", "{data}", "--epochs", "1000000", "--batch", "1", "--size", "1x999999999999"],
            "between 32",
        ),
        (["train", "{data}", "--task", "labels"], "needs pairs"),
        (["train", "{broken}"], "broken.png"),
        # What a run writes would be pictures of its own data set, which another one would go on with.
        (["train", "{data}", "--run", "{data}/run"], "data/run” lies in the data set’s own folder"),
        (["train", "{data}", "--run", "{data}"], "lies in the data set’s own folder"),
        (["queue", "add", "{data}", "--run", "{data}/run"], "lies in the data set’s own folder"),
        (["resume", "{nowhere}"], "no run folder"),
        (["evaluate", "nobody", "{data}"], "no model “nobody”"),
        (["export", "nobody", "--to", "pth"], "no model “nobody”"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_one_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    says: str,
) -> None:
    things(tmp_path / "data", 3)
    (tmp_path / "empty").mkdir()
    save(thing(1), tmp_path / "broken" / "whole.png")
    (tmp_path / "broken" / "broken.png").write_bytes(b"\x89PNG no more")
    places = {name: str(tmp_path / name) for name in ("data", "nowhere", "empty", "broken")}
    assert left_with(monkeypatch, *(word.format(**places) for word in words)) == 1
    told = capsys.readouterr()
    assert says in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    "words",
    [
        ["train"],
        ["train", "x", "--size", "big"],
        ["train", "x", "--validation", "0.6"],
        ["train", "x", "--ignore", "²,1,2"],
        ["check", "x", "--ignore", "²,1,2"],
        ["train", "x", "--steps", "3", "--minutes", "2"],
        ["train", "x", "--epochs", "inf"],
        ["train", "x", "--epochs", "nan"],
        ["train", "x", "--minutes", "inf"],
        ["train", "x", "--minutes", "nan"],
        ["resume", "x", "--epochs", "inf"],
        ["train", "x", "--sweeps", "inf"],  # as it was called
        ["resume", "x", "--sweeps", "2", "--epochs", "2"],
        ["resume", "x", "--minutes", "nan"],
        ["resume"],
        ["resume", "x", "--steps", "3", "--epochs", "2"],
        ["export", "x", "--to", "jpg"],
    ],
)
def test_wrong_usage_is_2(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    assert left_with(monkeypatch, *words) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to a child")
def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path: Path) -> None:
    things(tmp_path / "data", 5)
    run = tmp_path / "run"
    words = ("train", tmp_path / "data", "--run", run, *SMALL.split(), "--steps", "100000")
    with warm.program("trainer", *words, folder=tmp_path / "told") as process:
        reader = events.EventReader(run / "events.jsonl")
        while not any(event["event"] == "step" for event in reader.news()) and process.is_alive():
            process.join(0.02)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGINT)
        process.join()
    assert process.exitcode == 0
    told = (tmp_path / "told" / "said").read_text("utf-8")
    assert told.splitlines()[-1] == f"Saved. To go on: underpaint resume {run}"
    last = events.read(run / "events.jsonl")[-1]
    assert last["event"] == "stopped"
    assert opened(run).standing() == last["step"]
    assert bundle.read_card(run / "model.safetensors").training["step"] == last["step"]


def test_changed_pairs_leave_the_run_as_long_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = things(tmp_path / "data", 3)
    run = create(tmp_path / "run", small(data, steps=3))
    run.ask("pause")
    save(thing(99), tmp_path / "data" / "another.png")
    assert left_with(monkeypatch, "resume", str(run.folder), "--steps", "5") == DATA_CHANGED
    assert "not those that the run was begun with" in capsys.readouterr().err
    assert run.config().steps == 3
    assert run.asked("pause")
    # The queue knows it by that code, from a packaged program as well.
    monkeypatch.setattr(sys, "argv", ["underpaint", "resume", str(run.folder)])
    with pytest.raises(SystemExit) as left:
        command_line.main()
    assert left.value.code == DATA_CHANGED


def test_several_processes_are_told_their_run_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each would look for a free one, and find another."""
    things(tmp_path / "data", 3)
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert left_with(monkeypatch, "train", str(tmp_path / "data"), "--steps", "1") == 2
    assert "--run-folder" in capsys.readouterr().err


def test_speed_of_nothing_tells_no_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    step = {"event": "step", "step": 1, "pictures_per_second": 0.0, "l1": 1.0}
    with Display(10, 4) as display:
        display.watch({**step, "adversarial": 1.0, "discriminator_real": 1.0, "discriminator_fake": 1.0})
    assert "step 1 of 10, 0.0 pictures/s, L1 1.000" in capsys.readouterr().err
