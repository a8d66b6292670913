"""The drawings that come along, also where one of them is damaged."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

import resources
from desktop.documents.samples import bundled, samples
from engine.data.palette import Label, Palette


@pytest.fixture
def damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """One of the drawings is torn; how many are whole."""
    shutil.copytree(resources.path("samples"), tmp_path / "samples")
    first = min((tmp_path / "samples").glob("*.json"))
    first.write_bytes(first.read_bytes()[:100])
    monkeypatch.setattr(resources, "path", lambda *names: tmp_path.joinpath(*names))
    return len(list((tmp_path / "samples").glob("*.json"))) - 1


def test_a_damaged_drawing_is_passed_over(damaged: int, caplog: pytest.LogCaptureFixture) -> None:
    assert len(list(bundled())) == damaged
    assert "01-red-sneaker.json" in caplog.text
    assert "01-red-sneaker.json" not in [path.name for path in samples("sketch", "shoes")]


def test_pictures_in_the_colours_of_one_image_model_are_for_that_and_its_children() -> None:
    maps = Palette("maps", (Label("ground", (233, 228, 222)), Label("road", (255, 255, 251))))
    own = list(samples("image", "aerial", maps))
    assert own == list(samples("image", "aerial"))
    assert list(samples("image", "aerial, taught", maps)) == own
    assert list(samples("image", "somebody’s")) == []
    assert list(samples("image", "somebody’s", dataclasses.replace(maps, name="plans"))) == []


def test_a_model_without_drawings_gets_all_of_its_kind() -> None:
    every = [path for path, drawing in bundled() if drawing.kind == "sketch"]
    assert list(samples("sketch", "nobody's")) == every
    own = list(samples("sketch", "shoes"))
    assert own and set(own) < set(every)


def test_listing_the_drawings_reads_no_stroke() -> None:
    """A start waits for the list, and there are tens of thousands of samples in all."""
    assert not any(drawing.strokes for _, drawing in bundled())


@pytest.mark.parametrize("model", ["shoes", "handbags"])
def test_a_models_drawings_begin_with_the_first_of_its_files(model: str) -> None:
    """So the welcome's tile, the first canvas and lessons stay as they are, however many there are."""
    own = list(samples("sketch", model))
    assert own == sorted(own)
    assert {int(path.name[:2]) for path in own[:6]} < set(range(1, 24))
