from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from tests.trainer.small_runs import small, things
from trainer import run as runs
from trainer.errors import TrainingError
from trainer.run import Run, create, opened


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

    def fails(tensors: Any, path: Path, metadata: Any) -> None:
        Path(path).write_bytes(before[:20])
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(safetensors.torch, "save_file", fails)
    with pytest.raises(
        TrainingError, match=r"(disk is full|can't be written).*last checkpoint is whole.*resume"
    ):
        run.save({"a": torch.zeros(3)}, {})
    assert run.checkpoint.read_bytes() == before
    assert sorted(file.name for file in run.folder.iterdir()) == [
        "config.json",
        "latest.safetensors",
        "samples",
    ]


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"\xff" * 8 + b"{}"])
def test_damaged_checkpoint_is_a_sentence(run: Run, content: bytes) -> None:
    run.checkpoint.write_bytes(content)
    with pytest.raises(TrainingError, match="damaged"):
        run.restore()


def test_wishes_are_files(run: Run) -> None:
    assert not run.asked("stop")
    run.ask("stop")
    assert run.asked("stop")
    assert (run.folder / "stop").exists()
    run.take_back("stop")
    run.take_back("stop")
    assert not run.asked("stop")


def test_longer_config_takes_the_old_ones_place(run: Run) -> None:
    from dataclasses import replace

    run.lengthen(replace(run.config(), steps=99))
    assert run.config().steps == 99
