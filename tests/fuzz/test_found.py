"""What damaged files once did, by hand: each of these ended in an error that nobody expects."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import BinaryIO, cast

import pytest
import torch

from desktop.documents.recovery import restore
from desktop.support.settings import SettingsFile
from desktop.training import runs
from engine.errors import ModelError, PictureError
from engine.models.bundle import write_tensors
from trainer.evaluation import recogniser
from trainer.machine.errors import TrainingError
from trainer.run.folder import Run
from trainer.run.history import TrainingHistory

HUGE = 10**400


def test_a_journal_that_claims_a_gigabyte_takes_none(tmp_path: Path) -> None:
    """Measured by what is asked of the file, not by what the machine happens to have."""
    from desktop.paint.files import records

    asked: list[int] = []

    class Watched(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(-1 if size is None else size)
            return super().read(size)

    journal = tmp_path / "journal"
    journal.write_bytes(struct.pack(records.HEAD.format, b"T", (1 << 30) - 1, 0) + b"x" * 100)
    with Watched(journal) as file:
        assert list(records.records(cast(BinaryIO, file))) == []
    assert min(asked) >= 0 and max(asked) < 1000
    with pytest.raises(PictureError, match="damaged"):
        restore(tmp_path)


@pytest.mark.parametrize(
    "event",
    [
        {
            "event": "step",
            "step": 1,
            "pictures_per_second": HUGE,
            "l1": 1,
            "adversarial": 1,
            "discriminator_real": 1,
            "discriminator_fake": 1,
        },
        {"event": "started", "step": 0, "steps": HUGE, "batch": 1},
        {"event": "started", "step": 0, "steps": float("inf"), "batch": 1},
        {"event": "samples", "step": 0, "count": float("inf"), "picture": "x"},
    ],
    ids=range(4),
)
def test_an_event_beyond_all_numbers_is_passed_over(event: dict) -> None:
    told = TrainingHistory()
    told.take([event])
    assert (told.steps, told.speed, told.validations) == (0, 0.0, [])


def test_time_left_is_never_negative() -> None:
    told = TrainingHistory()
    told.take([{"event": "started", "step": 9, "steps": 5, "batch": 1}])
    numbers = {
        "pictures_per_second": -3.0,
        "l1": 1,
        "adversarial": 1,
        "discriminator_real": 1,
        "discriminator_fake": 1,
    }
    told.take([{"event": "step", "step": 9, **numbers}])
    assert told.seconds_left is None
    told.take([{"event": "step", "step": 9, **numbers, "pictures_per_second": 2.0}])
    assert told.seconds_left == 0


def test_a_plan_beyond_all_numbers_is_none(tmp_path: Path) -> None:
    fields = {"name": "x", "task": "hints", "steps": float("inf"), "batch": 1, "pairs": 1}
    (tmp_path / "config.json").write_text(json.dumps(fields))
    assert runs.read_plan(tmp_path) is None


@pytest.mark.parametrize("note", ['{"state": {"step": 1e999}}', "[" * 100_000])
def test_a_checkpoint_with_a_strange_note_is_damaged(note: str, tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.save({"a": torch.ones(1)}, {"underpaint": note})
    with pytest.raises(TrainingError, match="damaged"):
        run.standing()


@pytest.mark.parametrize("note", ["[]", "3", '{"width": 1e9}', '{"width": []}', "[" * 100_000])
def test_a_recogniser_with_a_strange_note_is_none(note: str, tmp_path: Path) -> None:
    tensors = {key: value.contiguous() for key, value in recogniser.Reader(3, 2).state_dict().items()}
    write_tensors(tmp_path / "r.safetensors", tensors, {"recogniser": note})
    with pytest.raises(ModelError, match="no recogniser of 3 labels"):
        recogniser.read(tmp_path / "r.safetensors", 3)


def test_half_a_sign_in_the_settings_is_written_back(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"format": 3, "recent": ["a\\ud800.png", "ä.png"]}', "utf-8")
    there = SettingsFile(file)
    there.settings.add_recent(Path("b.png"))
    there.save()
    assert SettingsFile(file).settings.recent == ["b.png", "a\ud800.png", "ä.png"]
