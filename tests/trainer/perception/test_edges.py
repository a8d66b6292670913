"""The edge detector on pictures made here: outlines, not grain; and maps that are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.data.messages import Pixels
from engine.data.picture import write_png
from engine.devices import device
from engine.errors import PictureError
from tests.engine.conftest import needs_bfloat16
from trainer.machine.errors import TrainingError
from trainer.perception import edges, trunk
from trainer.perception.edges import EdgeMaps, edge_map


def grainy_disc(size: int = 96) -> tuple[Pixels, np.ndarray]:
    """A brown disc of coarse grain on white, uint8 (H, W, 3), and how far each pixel is from its edge."""
    down, across = np.mgrid[:size, :size] - size / 2 + 0.5
    away = np.hypot(down, across) - size * 0.35
    grain = np.random.default_rng(1).integers(-30, 30, (size, size, 1))
    disc = np.clip(np.array([120, 80, 50]) + grain, 0, 255)
    return np.where(away[..., None] < 0, disc, 255).astype(np.uint8), away


def test_an_outline_is_found_and_grain_is_not() -> None:
    photo, away = grainy_disc()
    made = edge_map(photo)
    assert made.shape == photo.shape[:2] and made.dtype == np.uint8
    assert np.median(made[np.abs(away) < 1]) > 180
    assert np.median(made[away < -8]) < 60
    assert made[(away > 12)][::7].mean() < 40


def test_a_large_photo_is_looked_at_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edges, "MOST", 64)
    photo, away = grainy_disc(128)
    made = edge_map(photo)
    assert made.shape == (128, 128)
    assert np.median(made[np.abs(away) < 1]) > 150


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (17, 33), (16, 16)])
def test_any_shape_has_a_map(shape: tuple[int, int]) -> None:
    assert edge_map(np.full((*shape, 3), 90, np.uint8)).shape == shape


@pytest.mark.parametrize("shape", [(1, 600), (4, 4000), (2000, 3)])
def test_a_photo_of_which_hardly_a_row_is_left_when_it_is_reduced_has_a_map(shape: tuple[int, int]) -> None:
    assert edge_map(np.full((*shape, 3), 90, np.uint8)).shape == shape


@needs_bfloat16
def test_in_bfloat16_a_map_is_nearly_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    photo, _ = grainy_disc()
    made = []
    for pays in (False, True):
        monkeypatch.setattr(device, "bfloat16_pays", lambda pays=pays: pays)
        made.append(edge_map(photo).astype(int))
    away = np.abs(made[0] - made[1])
    assert 0 < away.max() <= 12
    assert away.mean() < 0.5


@pytest.mark.parametrize(("pays", "precision"), [(True, torch.bfloat16), (False, torch.float32)])
def test_bfloat16_is_for_processors_that_are_quick_with_it(
    monkeypatch: pytest.MonkeyPatch, pays: bool, precision: torch.dtype
) -> None:
    monkeypatch.setattr(device, "bfloat16_pays", lambda: pays)
    assert trunk.quickest() == precision


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_gradients_pass_through_weights_that_were_read_for_a_look(precision: torch.dtype) -> None:
    with torch.inference_mode():
        eye = trunk.Trunk(precision=precision)
    picture = torch.zeros(1, 3, 8, 8, requires_grad=True)
    next(iter(eye.maps(picture, 1))).sum().backward()
    assert picture.grad is not None and picture.grad.any()


def test_weights_are_laid_out_once() -> None:
    assert trunk.trunk() is trunk.trunk("cpu", torch.float32)
    assert trunk.trunk(precision=torch.bfloat16) is trunk.trunk("cpu", torch.bfloat16)


def test_a_map_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo, _ = grainy_disc(48)
    maps = EdgeMaps(tmp_path / "edges")
    first = maps.of(photo)
    monkeypatch.setattr(edges, "edge_map", lambda _: pytest.fail("it was made already"))
    assert (maps.of(photo) == first).all()
    assert len(list((tmp_path / "edges").rglob("*.png"))) == 1
    monkeypatch.undo()
    assert maps.of(photo[::-1]).shape == first.shape
    assert len(list((tmp_path / "edges").rglob("*.png"))) == 2


@pytest.mark.parametrize("spoilt", [b"", b"\x89PNG\r\n", b"other"])
def test_a_damaged_map_is_made_anew(tmp_path: Path, spoilt: bytes) -> None:
    photo, _ = grainy_disc(48)
    maps = EdgeMaps(tmp_path)
    first = maps.of(photo)
    (file,) = tmp_path.rglob("*.png")
    file.write_bytes(spoilt)
    assert (maps.of(photo) == first).all()
    file.unlink()
    write_png(file, np.zeros((3, 3), np.uint8))  # of another photo
    assert (maps.of(photo) == first).all()


def test_a_folder_that_cant_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "edges").write_text("in the way")
    with pytest.raises(PictureError, match=r"edges.*can't be written"):
        EdgeMaps(tmp_path / "edges").of(grainy_disc(48)[0])


@pytest.mark.parametrize("content", [None, b"", b"rubbish" * 99])
def test_weights_that_cant_be_read_are_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "hed.safetensors"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(TrainingError, match=r"edge detector can't be read.*install"):
        trunk.Trunk(file)


def test_maps_of_the_trunk_are_half_as_large_each() -> None:
    shapes = [tuple(maps.shape[1:]) for maps in trunk.trunk().maps(torch.zeros(1, 3, 33, 48))]
    assert shapes == [(64, 33, 48), (128, 17, 24), (256, 9, 12), (512, 5, 6), (512, 3, 3)]
