"""Lines of edge maps on their way to a step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.data.card import Card
from engine.data.messages import Pixels
from engine.data.picture import write_png
from tests.trainer.made_pictures import thing
from trainer.data import pairs
from trainer.loading import augment
from trainer.loading.augment import Augment
from trainer.perception import edges
from trainer.pictures import sketch

NETWORK = {"levels": 5, "width": 4, "inputs": 1, "outputs": 3}
CARD = Card("made", "unet", NETWORK, "sketch", size=(64, 64), line_width=1.5)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(3):
        write_png(folder / f"{seed}.png", thing(seed, 64))
    return folder


def with_maps(folder: Path, learned: float) -> Augment:
    drawing = replace(sketch.Settings(), learned=learned)
    return Augment(CARD, "lines", drawing=drawing, edge_maps=folder)


def test_maps_are_made_once_and_kept(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = pairs.find(photos, task="lines")
    looks: list[Pixels] = []
    look = edges.edge_map
    monkeypatch.setattr(edges, "edge_map", lambda photo: looks.append(photo) or look(photo))
    maps = with_maps(tmp_path / "maps", 1.0)
    first = [augment.sample(data, index, 0, 0, maps).prepared for index in range(3)]
    again = [augment.sample(data, index, 0, 0, maps).prepared for index in range(3)]
    assert len(looks) == 3
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    assert any((augment.sample(data, 0, 1, 0, maps).prepared != first[0]).flat)


def test_without_maps_lines_are_what_they_were(photos: Path, tmp_path: Path) -> None:
    data = pairs.find(photos, task="lines")
    plain = Augment(CARD, "lines")
    one = augment.sample(data, 0, 0, 0, plain).prepared
    assert (
        one == augment.sample(data, 0, 0, 0, replace(plain, drawing=sketch.Settings(learned=0))).prepared
    ).all()
    assert (one != augment.sample(data, 0, 0, 0, with_maps(tmp_path, 1.0)).prepared).any()


def test_lines_lie_on_the_thing_also_where_it_moves(photos: Path, tmp_path: Path) -> None:
    """Map and photo go through one geometry: near every line the photo changes."""
    data = pairs.find(photos, task="lines")
    drawing = replace(sketch.PLAIN, learned=1.0)
    maps = Augment(CARD, "lines", drawing=drawing, edge_maps=tmp_path)
    for epoch in range(6):
        sample = augment.sample(data, 1, epoch, 0, maps)
        ink = sample.prepared[..., 0] < 128
        photo = sample.target.astype(np.int16)
        change = np.hypot(*np.gradient(photo.mean(2)))
        near = np.stack([np.roll(change, (y, x), (0, 1)) for y in (-2, 0, 2) for x in (-2, 0, 2)]).max(0)
        assert ink.any() and (near[ink] > 4).mean() > 0.8
