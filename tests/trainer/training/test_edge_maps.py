"""Edge maps before a training's first step: made once, shared, given up and gone on with."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.data.messages import Pixels
from engine.devices import device
from engine.errors import PictureError
from tests.engine.conftest import needs_bfloat16
from tests.trainer.small_runs import differing, houses, small, things, trained
from trainer.machine.errors import TrainingError
from trainer.perception import edges, trunk
from trainer.run import events
from trainer.run import folder as runs
from trainer.training import edge_maps
from trainer.training.fit import fit

Counted = list[Pixels]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """The photos that the detector has looked at."""
    seen: Counted = []
    look: Callable[[Pixels], Pixels] = edges.edge_map
    monkeypatch.setattr(edges, "edge_map", lambda photo: seen.append(photo) or look(photo))
    return seen


def test_photos_are_looked_at_once_for_all_runs(tmp_path: Path, looks: Counted) -> None:
    data = things(tmp_path / "data", 4)
    config = small(data, edges=0.85)
    one = trained(tmp_path / "runs" / "one", data, config)
    assert len(looks) == 4
    assert one.edge_maps == tmp_path / "runs" / "edge maps" and one.edge_maps.is_dir()
    other = trained(tmp_path / "runs" / "other", data, config)
    assert len(looks) == 4
    assert differing(one, other) == []


@needs_bfloat16
def test_weights_that_photos_were_looked_at_with_serve_the_steps(
    tmp_path: Path, looks: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read for looks, which need no gradients, they then lead these to the generator."""
    monkeypatch.setattr(trunk, "bundled", functools.cache(lambda *how: trunk.Trunk(None, *how)))
    monkeypatch.setattr(device, "bfloat16_pays", lambda: True)
    data = things(tmp_path / "data", 3)
    config = small(data, edges=1.0, perceptual=15.0, precision="bfloat16", steps=2)
    run = trained(tmp_path / "runs" / "one", data, config)
    assert len(looks) == 3
    told = [event for event in events.read(run.events) if event["event"] == "step"]
    assert told and all(event["perceptual"] > 0 for event in told)


def test_lines_of_edges_make_another_model(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 4)
    one = trained(tmp_path / "runs" / "one", data, small(data, edges=1.0))
    other = trained(tmp_path / "runs" / "other", data, small(data))
    assert differing(one, other)


def test_without_edges_nobody_looks(tmp_path: Path, looks: Counted) -> None:
    data = things(tmp_path / "data", 3)
    run = trained(tmp_path / "runs" / "one", data, small(data))
    assert not looks and not run.edge_maps.exists()


def test_looking_can_be_stopped_and_goes_on(
    tmp_path: Path, looks: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge_maps, "REPORT_SECONDS", 0.0)
    data = things(tmp_path / "data", 4)
    config = small(data, edges=0.85)
    run = runs.create(tmp_path / "runs" / "one", config)

    def watch(event: events.Event) -> None:
        if event["event"] == "edges" and len(looks) == 2:
            run.ask("stop")

    assert not fit(run, config, data, watch)
    assert len(looks) == 2
    told = [event for event in events.read(run.events) if event["event"] in ("edges", "stopped")]
    assert [(event["done"], event["total"]) for event in told[:-1]] == [(1, 4), (2, 4)]
    assert all(event["seconds_left"] >= 0 for event in told[:-1])
    assert told[-1]["event"] == "stopped" and not run.asked("stop")
    assert fit(run, config, data)
    assert len(looks) == 4
    whole = trained(tmp_path / "runs" / "whole", data, config)
    assert differing(run, whole) == []


def test_a_lost_map_is_made_anew_on_the_way(tmp_path: Path, looks: Counted) -> None:
    data = things(tmp_path / "data", 3)
    config = small(data, edges=1.0)
    first = trained(tmp_path / "runs" / "one", data, config)
    shutil.rmtree(first.edge_maps)
    again = trained(tmp_path / "runs" / "two", data, config)
    assert len(looks) == 6
    assert differing(first, again) == []


def test_maps_that_cant_be_kept_end_it_with_a_sentence(tmp_path: Path) -> None:
    data = things(tmp_path / "data", 3)
    config = small(data, edges=1.0)
    run = runs.create(tmp_path / "runs" / "one", config)
    run.edge_maps.write_text("in the way")
    with pytest.raises(PictureError, match=r"edge maps.*can't be written"):
        fit(run, config, data)
    run.edge_maps.unlink()
    assert fit(run, config, data)


def test_label_maps_have_no_lines_to_be_found(tmp_path: Path) -> None:
    data = houses(tmp_path / "data", 3)
    with pytest.raises(TrainingError, match="made of photos"):
        small(data, edges=0.5, size=(64, 64))
