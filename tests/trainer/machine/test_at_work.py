"""Who trains just now is known by notes and by the locks of run folders."""

from __future__ import annotations

import os
from pathlib import Path

from engine.files import lock
from trainer.machine import at_work


def test_a_note_lasts_as_long_as_its_process_works(home: Path, tmp_path: Path) -> None:
    assert at_work.others() == [] and at_work.remark(None) == ""
    with at_work.noted(tmp_path / "shoes"), at_work.noted(None):
        assert sorted(map(str, at_work.others())) == sorted(["None", str(tmp_path / "shoes")])
        assert at_work.others(tmp_path / "shoes") == [None]
        assert at_work.remark(None).startswith("“shoes” is being trained on this machine too")
        assert at_work.remark(tmp_path / "shoes").startswith("Another model is")
    assert at_work.others() == [] and list((home / "runs" / ".at work").iterdir()) == []


def test_a_note_left_behind_counts_as_none_and_is_cleared_away(home: Path) -> None:
    left = home / "runs" / ".at work" / "left"
    left.parent.mkdir(parents=True)
    left.write_text('"/run"')
    assert at_work.others() == [] and left.exists()  # it may just be being made
    os.utime(left, (1, 1))
    assert at_work.others() == [] and not left.exists()


def test_a_run_folder_that_is_held_counts_without_a_note(home: Path) -> None:
    run = home / "runs" / "bags"
    run.mkdir(parents=True)
    with lock.holding(run / "lock"):
        assert at_work.others() == [run] and at_work.others(run) == []
        with at_work.noted(run):
            assert at_work.others() == [run]


def test_a_home_that_cannot_be_written_costs_only_the_note(home: Path) -> None:
    (home / "runs").write_text("a file where the folder should be")
    with at_work.noted(None):
        assert at_work.others() == []


def test_nobody_holds_a_lock_inside_a_file(tmp_path: Path) -> None:
    (tmp_path / "shoes.log").write_text("step 1")
    assert not lock.is_held(tmp_path / "shoes.log" / "lock")
