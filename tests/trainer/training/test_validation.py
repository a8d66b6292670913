"""What a run shows meanwhile: validations of fixed pairs, and the drawing that the window left."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.data import picture
from engine.models import bundle
from tests.trainer.small_runs import small, things, trained
from trainer.data.pairs import Pair
from trainer.loading.augment import Augment, Sample, still
from trainer.run import events
from trainer.run import folder as runs
from trainer.run.config import Config
from trainer.run.events import EventLog
from trainer.training import ema
from trainer.training import validation as samples
from trainer.training.fit import fit
from trainer.training.state import State


def test_first_validations_come_early_and_don_t_count_for_its_health(tmp_path: Path) -> None:
    data = things(tmp_path / "data")
    config = small(data, steps=20, sample_every=12, first_validation=1)
    run = trained(tmp_path / "run", data, config)
    looks = [event for event in events.read(run.events) if event["event"] == "samples"]
    assert [(look["step"], look.get("early", False)) for look in looks] == [
        *((1, True), (3, True), (9, True), (12, False), (20, False))
    ]
    verdicts = [event["verdict"] for event in events.read(run.events) if event["event"] == "health"]
    assert verdicts[:4] == ["early"] * 4
    assert verdicts[4] != "early"


@pytest.mark.parametrize(("count", "held_back"), [(5, 0), (12, 1), (4, 0)])
def test_six_pairs_are_shown_the_unknown_ones_first(tmp_path: Path, count: int, held_back: int) -> None:
    data = things(tmp_path / "data", count)
    run = trained(tmp_path / "run", data, small(data, steps=1))
    (look,) = [event for event in events.read(run.events) if event["event"] == "samples"]
    assert (look["count"], look["held_back"]) == (min(6, count), held_back)
    shown = picture.read(run.samples / "targets.png").pixels.reshape(32, look["count"], 32, 3).swapaxes(0, 1)
    assert len({each.tobytes() for each in shown}) == look["count"]
    made = picture.read(run.samples / look["picture"]).pixels
    assert made.shape == (32, 32 * look["count"], 3)


def test_looked_at_pairs_are_spread_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = things(tmp_path / "data", 31)
    config = small(data, validation=0.0)
    looked_at: list[str] = []

    def watched(pair: Pair, augment: Augment) -> Sample:
        looked_at.append(pair.name)
        return still(pair, augment)

    monkeypatch.setattr(samples, "still", watched)
    run = runs.create(tmp_path / "run", config)
    samples.ValidationReporter(run, config, data, replace(data, pairs=()), EventLog(None))
    names = [pair.name for pair in data.pairs]
    places = [names.index(name) for name in looked_at[: samples.MEASURED]]
    assert (places[0], places[-1]) == (0, 29)
    assert {other - one for one, other in itertools.pairwise(places)} == {1, 2}


@pytest.mark.parametrize(("batch", "at_once"), [(1, 4), (2, 8), (4, 8)])
def test_statistics_take_no_more_memory_than_a_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int, at_once: int
) -> None:
    data = things(tmp_path / "data", 10)
    seen: list[int] = []
    finished = ema.finished

    def watched(state: State, config: Config, inputs: Iterable[Tensor]) -> dict[str, Tensor]:
        batches = list(inputs)
        seen.extend(len(each) for each in batches)
        return finished(state, config, batches)

    monkeypatch.setattr(ema, "finished", watched)
    trained(tmp_path / "run", data, small(data, steps=1, batch=batch, validation=0.0))
    assert max(seen) == at_once
    assert sum(seen) == 10


@pytest.mark.parametrize("where", ["trainer.training.ema.finished", "trainer.training.ema.painter"])
def test_looks_without_memory_are_told_once_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    data = things(tmp_path / "data")
    config = small(data, steps=6, log_every=1, sample_every=2)
    run = runs.create(tmp_path / "run", config)
    monkeypatch.setattr("trainer.training.validation.DRAWING_SECONDS", 0.0)
    np.savez(run.drawing, lines=np.full((64, 48), 255, np.uint8))

    def without_memory(*_: object) -> None:
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(where, without_memory)
    assert not fit(run, config, data, lambda event: run.ask("stop") if event["step"] == 5 else None)
    monkeypatch.undo()
    said = [event["sentence"] for event in events.read(run.events) if event["event"] == "message"]
    assert len(said) == 1
    assert "not enough memory to look at what it makes" in said[0]
    assert fit(run, config, data)
    assert bundle.read_card(run.model).training["step"] == 6


def test_drawing_left_in_the_folder_is_translated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = things(tmp_path / "data")
    config = small(data, steps=3)
    run = runs.create(tmp_path / "run", config)
    monkeypatch.setattr("trainer.training.validation.DRAWING_SECONDS", 0.0)
    lines = np.full((64, 48), 255, np.uint8)
    lines[10:50, 20] = 0
    np.savez(run.drawing, lines=lines, hints=np.zeros((64, 48, 4), np.uint8))
    assert fit(run, config, data)
    assert [event["event"] for event in events.read(run.events)].count("drawing") >= 1
    assert picture.read(run.samples / "drawing.png").pixels.shape == (32, 32, 3)


def zipped(member: bytes) -> bytes:
    """A drawing whose lines are these bytes, packed."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("lines.npy", member)
    return target.getvalue()


def damaged() -> bytes:
    """A packed drawing with a hole in it."""
    noise = io.BytesIO()
    np.save(noise, np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8))
    content = bytearray(zipped(noise.getvalue()))
    content[100:200] = b"\xff" * 100
    return bytes(content)


def claiming(shape: str) -> bytes:
    """A drawing that says of itself to be so large."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return zipped(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\x00")


def unpacking_to(size: int) -> bytes:
    """A drawing whose table of contents says so."""
    content = bytearray(zipped(b""))
    place = content.index(b"PK\x01\x02") + 24
    content[place : place + 4] = size.to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 no zip",
        {"lines": np.zeros((4, 4), np.float32)},
        {"strange": np.zeros((4, 4), np.uint8)},
        {"hints": np.zeros((4, 4, 4), np.uint8)},
        {"lines": np.array([{}], dtype=object)},
        {"pixels": np.zeros((0, 0, 3), np.uint8)},
        {"pixels": np.zeros((4, 4, 4), np.uint8)},
        {"lines": np.zeros((4, 4), np.uint8), "hints": np.zeros((4, 4, 3), np.uint8)},
        {"lines": np.zeros((4, 4), np.uint8), "hints": np.zeros((4, 5, 4), np.uint8)},
        damaged(),
        claiming("(9999999999, 9999999999)"),
        claiming("(-1, -1)"),
        claiming("(True, 1)"),
        unpacking_to(1 << 30),
    ],
    ids=range(15),
)
def test_drawing_that_makes_no_sense_disturbs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | dict[str, Any]
) -> None:
    data = things(tmp_path / "data", 3)
    config = small(data, steps=3)
    run = runs.create(tmp_path / "run", config)
    monkeypatch.setattr("trainer.training.validation.DRAWING_SECONDS", 0.0)
    if isinstance(content, bytes):
        run.drawing.write_bytes(content)
    else:
        np.savez(run.drawing, **content)
    assert fit(run, config, data)
    assert not (run.samples / "drawing.png").exists()
    said = [event["sentence"] for event in events.read(run.events) if event["event"] == "message"]
    assert len(said) == 1
    assert "drawing.npz" in said[0]


def test_pictures_of_which_nothing_is_known_are_not_as_good_as_the_photo() -> None:
    photo = np.full((8, 8, 3), 100, np.uint8)
    known, unknown = (Sample(photo, photo, np.full((8, 8), value, np.uint8)) for value in (255, 0))
    assert samples.Validated([photo + 51, photo + 51], [known, unknown]).l1 == pytest.approx(51 / 127.5)
    assert samples.Validated([photo + 51], [unknown]).l1 == 0
