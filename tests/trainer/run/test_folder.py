from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from engine.files import lock
from tests.trainer.small_runs import small, things
from trainer.machine.errors import TrainingError
from trainer.run import folder as runs
from trainer.run.events import EventLog
from trainer.run.folder import Run, create, opened

ROOT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return create(tmp_path / "run", small(things(tmp_path / "data", 3)))


def test_folder_appears_with_a_complete_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = small(things(tmp_path / "data", 3))
    seen = []
    rename = os.rename

    def watched(source: Any, target: Any) -> None:
        seen.append((Path(target).exists(), (Path(source) / "config.json").read_text("utf-8")))
        rename(source, target)

    monkeypatch.setattr(os, "rename", watched)
    run = create(tmp_path / "deep" / "run", config)
    assert len(seen) == 1
    assert seen[0][0] is False
    assert run.config() == config == opened(run.folder).config()
    assert [file.name for file in run.folder.parent.iterdir()] == ["run"]


def test_existing_run_is_never_overwritten(run: Run) -> None:
    before = run.config()
    with pytest.raises(TrainingError, match="underpaint resume"):
        create(run.folder, before)
    assert run.config() == before


def test_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert create(tmp_path / "run", small(things(tmp_path / "data", 3))).config().pairs == 3


def test_folder_without_config_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no run folder"):
        opened(tmp_path)
    (tmp_path / "config.json").write_bytes(b"\xff" * 100)
    with pytest.raises(TrainingError, match="no run folder"):
        opened(tmp_path).config()
    (tmp_path / "config.json").write_bytes(b" " * (runs.MOST_CONFIG_BYTES + 1))
    with pytest.raises(TrainingError, match="too large"):
        opened(tmp_path).config()


def test_checkpoint_comes_back(run: Run) -> None:
    assert run.restore() is None
    tensors = {"a": torch.rand(3, 4), "b": torch.rand(2)}
    run.save(tensors, {"note": "x"})
    restored = run.restore()
    assert restored is not None
    assert restored[1] == {"note": "x"}
    assert all(torch.equal(restored[0][name], tensor) for name, tensor in tensors.items())


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_full_disk_leaves_the_last_checkpoint_whole(
    run: Run, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    run.save({"a": torch.ones(3)}, {"note": "first"})
    before = run.checkpoint.read_bytes()

    def fails(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(TrainingError, match=r"(is full|can't be written).*last checkpoint is whole.*resume"):
        run.save({"a": torch.zeros(3)}, {})
    assert run.checkpoint.read_bytes() == before
    assert sorted(file.name for file in run.folder.iterdir()) == [
        "config.json",
        "latest.safetensors",
        "samples",
    ]


def test_a_run_can_be_made_where_there_are_no_permissions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **_named: object) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    config = small(things(tmp_path / "data", 3))
    monkeypatch.setattr(os, "chmod", fails)
    made = create(tmp_path / "run", config)
    assert {file.name for file in tmp_path.iterdir()} == {"data", "run"} and made.config()


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"\xff" * 8 + b"{}"])
def test_damaged_checkpoint_is_a_sentence(run: Run, content: bytes) -> None:
    run.checkpoint.write_bytes(content)
    with pytest.raises(TrainingError, match="damaged"):
        run.restore()


def test_checkpoint_is_a_safetensors_file_of_whatever_lies_in_memory(run: Run) -> None:
    tensors = {
        "weights": torch.rand(4, 3, 5, 5).to(memory_format=torch.channels_last),
        "half": torch.rand(7).bfloat16(),
        "count": torch.tensor(3),
        "none": torch.zeros(0, 4),
    }
    run.save(tensors, {"underpaint": json.dumps({"state": {"step": 7}}), "name": "“ä”"})
    theirs = load_file(run.checkpoint)  # by the library itself
    assert theirs.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert theirs[name].dtype == tensor.dtype
        assert torch.equal(theirs[name], tensor)
    restored = run.restore()
    assert restored is not None
    assert restored[1]["name"] == "“ä”"
    assert run.standing() == 7


def test_run_without_checkpoint_stands_at_its_beginning(run: Run) -> None:
    assert run.standing() == 0
    run.save({"a": torch.ones(1)}, {"underpaint": "{}"})
    with pytest.raises(TrainingError, match="damaged"):
        run.standing()


def test_only_one_process_trains_in_a_folder(run: Run) -> None:
    """Another process holds it, and lets go when it is killed."""
    assert not lock.is_held(run.folder / "lock")
    program = (
        "import sys\nfrom pathlib import Path\nfrom trainer.run.folder import Run\n"
        "with Run(Path(sys.argv[1])).held():\n    print('held', flush=True)\n    sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(run.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"held"
        assert lock.is_held(run.folder / "lock")
        with pytest.raises(TrainingError, match="is being trained already; stop that"), run.held():
            pytest.fail("taken from under the other")
        other.kill()
    assert not lock.is_held(run.folder / "lock")
    with run.held():
        assert lock.is_held(run.folder / "lock")


def test_requests_are_files(run: Run) -> None:
    assert not run.asked("stop")
    run.ask("stop")
    assert run.asked("stop")
    assert (run.folder / "stop").exists()
    run.take_back("stop")
    run.take_back("stop")
    assert not run.asked("stop")


def test_longer_config_takes_the_old_ones_place(run: Run) -> None:
    from dataclasses import replace

    run.extend(replace(run.config(), steps=99))
    assert run.config().steps == 99


def test_checkpoint_that_is_gone_is_no_run_that_has_yet_to_begin(run: Run) -> None:
    EventLog(run.events).write("started", 0, steps=9)
    assert run.restore() is None
    assert run.standing() == 0
    EventLog(run.events).write("step", 5, l1=0.1)
    gone = "latest.safetensors” is gone, though the training had come to step 5; put it back"
    for look in (run.restore, run.standing):
        with pytest.raises(TrainingError, match=gone):
            look()


@pytest.mark.parametrize("file", ["model", "best"])
def test_checkpoint_is_missed_where_there_is_a_model(run: Run, file: str) -> None:
    getattr(run, file).write_bytes(b"learnt for hours")
    with pytest.raises(TrainingError, match="is gone, though the training had come to a model; put it back"):
        run.restore()


def test_link_to_a_checkpoint_that_leads_nowhere_is_a_sentence(run: Run) -> None:
    run.checkpoint.symlink_to(run.folder / "not mounted" / "latest.safetensors")
    for look in (run.restore, run.standing):
        with pytest.raises(TrainingError, match=r"can't be read \(No such file.*see that its disk is there"):
            look()


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE, errno.EACCES])
def test_disk_that_does_not_answer_is_no_run_without_checkpoint(
    run: Run, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    run.save({"a": torch.ones(1)}, {})
    stat, lstat = os.stat, os.lstat

    def silent(real: Any) -> Any:
        def asked(path: Any, *more: Any, **named: Any) -> os.stat_result:
            if os.fspath(path) == str(run.checkpoint):
                raise OSError(code, os.strerror(code))
            found: os.stat_result = real(path, *more, **named)
            return found

        return asked

    monkeypatch.setattr(os, "stat", silent(stat))
    monkeypatch.setattr(os, "lstat", silent(lstat))
    for look in (run.restore, run.standing):
        with pytest.raises(TrainingError, match=r"can't be read \(.*see that its disk is there, then resume"):
            look()
