"""The folder of kept pairs: what it came from, replacing, reading back, and half-written pairs."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from engine.data.messages import Picture, Pixels
from engine.data.palette import Label, Palette
from engine.data.picture import read, write_png
from engine.errors import PictureError
from trainer.data import pairs
from trainer.files import pair_store
from trainer.files.pair_store import Origin

BEACH = Origin("beach.jpg", "0123456789abcdef0123")
HILL = Origin("hill.jpg", "fedcba98765432100123")


def photo(seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (48, 64, 3)).astype(np.uint8)


def drawing(seed: int, hinted: bool = True) -> Picture:
    rng = np.random.default_rng(seed)
    lines = np.full((48, 64), 255, np.uint8)
    lines[rng.integers(4, 40)] = rng.integers(0, 200)
    hints = np.zeros((48, 64, 4), np.uint8)
    if hinted:
        hints[10:20, 10:20] = (*rng.integers(0, 256, 3), 255)
    return Picture(lines=lines, hints=hints)


def same(one: Picture, other: Picture) -> bool:
    planes = ((getattr(one, name), getattr(other, name)) for name in ("pixels", "lines", "hints"))
    return all((a is None and b is None) or np.array_equal(a, b) for a, b in planes)


def test_the_same_photo_again_replaces_its_pair(tmp_path: Path) -> None:
    assert pair_store.keep(tmp_path, drawing(1), photo(1), "hints", origin=BEACH) == "1"
    assert pair_store.keep(tmp_path, drawing(2), photo(2), "hints", origin=HILL) == "2"
    renamed = BEACH._replace(name="strand.jpg")
    assert pair_store.keep(tmp_path, drawing(3, hinted=False), photo(1), "hints", origin=renamed) == "1"
    assert pair_store.names(tmp_path) == {"1", "2"}
    assert not (tmp_path / "hints" / "1.png").exists() and (tmp_path / "hints" / "2.png").exists()
    assert pair_store.manifest_of(tmp_path).origins == {"1": renamed, "2": HILL}
    found = pairs.find(tmp_path)
    assert (len(found.pairs), found.problems) == (2, ())


def test_what_was_painted_is_read_back(tmp_path: Path) -> None:
    palette = Palette("two", (Label("a", (0, 0, 0)), Label("b", (250, 0, 0))))
    painted = Picture(pixels=palette.snapped(photo(4))[0])
    for task, picture, colours in (("hints", drawing(1), None), ("labels", painted, palette)):
        folder = tmp_path / task
        name = pair_store.keep(folder, picture, photo(9), task, colours)
        again, seen = pair_store.read_back(folder, name)
        assert same(again, picture) and np.array_equal(seen, photo(9))


def test_a_manifest_without_origins_is_read_and_gets_them(tmp_path: Path) -> None:
    pair_store.write_manifest(tmp_path, "hints", None)
    assert "origins" not in json.loads((tmp_path / pair_store.MANIFEST).read_text("utf-8"))
    pair_store.keep(tmp_path, drawing(1), photo(1), "hints")
    assert pair_store.keep(tmp_path, drawing(2), photo(2), "hints", origin=HILL) == "2"
    assert pair_store.manifest_of(tmp_path).origins == {"2": HILL}
    assert pair_store.read_manifest(tmp_path) == ("hints", None)


def test_a_pair_that_could_not_be_written_leaves_no_half(tmp_path: Path) -> None:
    (tmp_path / "B").write_bytes(b"a file where the photos should go")
    with pytest.raises(PictureError, match="can't be written"):
        pair_store.keep(tmp_path, drawing(1), photo(1), "hints", origin=BEACH)
    assert not (tmp_path / "A" / "1.png").exists() and not (tmp_path / "hints" / "1.png").exists()
    (tmp_path / "B").unlink()
    assert (
        pair_store.pair_of(tmp_path, pair_store.manifest_of(tmp_path), BEACH) == ""
    )  # noted, but never written
    assert pair_store.keep(tmp_path, drawing(2), photo(2), "hints", origin=HILL) == "1"
    assert pair_store.keep(tmp_path, drawing(1), photo(1), "hints", origin=BEACH) == "2"


def test_a_drawing_left_alone_by_a_crash_gives_way_to_the_next_pair(tmp_path: Path) -> None:
    pair_store.keep(tmp_path, drawing(1), photo(1), "hints")
    pair_store.write_part(tmp_path, "2", pair_store.INPUT, photo(2))
    assert pair_store.keep(tmp_path, drawing(3), photo(3), "hints") == "2"
    assert pairs.find(tmp_path).problems == ()


def test_pictures_of_two_sizes_are_not_read_back(tmp_path: Path) -> None:
    name = pair_store.keep(tmp_path, drawing(1), photo(1), "hints")
    write_png(tmp_path / "B" / "1.png", photo(1)[:20])
    with pytest.raises(PictureError, match="differ in size"):
        pair_store.read_back(tmp_path, name)
    assert read(tmp_path / "A" / "1.png").pixels.shape == (48, 64, 3)


@pytest.mark.parametrize(
    "origins",
    ["[]", "3", '{"1": "beach.jpg"}', '{"1": ["beach.jpg", 3]}', '{"1": ["a", "b", "c"]}',
     '{"../1": ["a", "b"]}'],
)  # fmt: skip
def test_damaged_origins_are_said(tmp_path: Path, origins: str) -> None:
    tmp_path.joinpath(pair_store.MANIFEST).write_text(
        f'{{"format": 1, "task": "hints", "origins": {origins}}}'
    )
    with pytest.raises(PictureError, match="damaged"):
        pair_store.manifest_of(tmp_path)


def test_drafts_are_marked_until_somebody_corrects_them(tmp_path: Path) -> None:
    pair_store.keep(tmp_path, drawing(1), photo(1), "hints", origin=BEACH, certainty=0.71234)
    pair_store.keep(tmp_path, drawing(2), photo(2), "hints", origin=HILL, certainty=0.5)
    assert pair_store.manifest_of(tmp_path).drafts == {"1": 0.712, "2": 0.5}
    assert pair_store.keep(tmp_path, drawing(3), photo(1), "hints", origin=BEACH) == "1"
    assert pair_store.manifest_of(tmp_path).drafts == {"2": 0.5}
    # Taken back is what is a draft still, and nothing else.
    assert pair_store.take_back(tmp_path, ["1", "2", "7"]) == {"2"}
    kept = pair_store.manifest_of(tmp_path)
    assert (kept.drafts, kept.origins) == ({}, {"1": BEACH})
    assert [file.name for file in sorted(tmp_path.rglob("*.png"))] == ["1.png"] * 3
    assert (len(pairs.find(tmp_path).pairs), pairs.find(tmp_path).problems) == (1, ())


@pytest.mark.parametrize(
    "noted", ["[]", "3", '{"1": "0.5"}', '{"1": 1.5}', '{"../1": 0.5}', '{"1": true}', '{"1": NaN}']
)
def test_damaged_drafts_are_said(tmp_path: Path, noted: str) -> None:
    text = f'{{"format": 1, "task": "hints", "drafts": {noted}}}'
    tmp_path.joinpath(pair_store.MANIFEST).write_text(text)
    with pytest.raises(PictureError, match="damaged"):
        pair_store.manifest_of(tmp_path)


def test_the_style_of_a_pair_is_noted_until_it_has_none(tmp_path: Path) -> None:
    code = (0.5, -1.25)
    name = pair_store.keep(tmp_path, drawing(1), photo(1), "hints", None, BEACH, style=code)
    other = pair_store.keep(tmp_path, drawing(2), photo(2), "hints", None, HILL)
    assert pair_store.manifest_of(tmp_path).styles == {name: code} and other != name
    pair_store.keep(tmp_path, drawing(1), photo(3), "hints", None, BEACH)
    assert not pair_store.manifest_of(tmp_path).styles
    pair_store.keep(tmp_path, drawing(1), photo(3), "hints", None, BEACH, style=code)
    pair_store.remove(tmp_path, {name})
    assert not pair_store.manifest_of(tmp_path).styles


@pytest.mark.parametrize("noted", ["[1]", '{"1": 2}', '{"1": ["a"]}', '{"../1": [0.5]}', '{"1": [1e999]}'])
def test_damaged_styles_are_said(tmp_path: Path, noted: str) -> None:
    text = f'{{"format": 1, "task": "hints", "palette": null, "styles": {noted}}}'
    (tmp_path / "pairs.json").write_text(text)
    with pytest.raises(PictureError, match="damaged"):
        pair_store.manifest_of(tmp_path)


def test_what_is_taken_out_of_a_folder_that_is_gone_makes_none(tmp_path: Path) -> None:
    for do in (pair_store.remove, pair_store.take_back):
        with pytest.raises(PictureError):
            do(tmp_path / "gone", {"1"})
    assert not (tmp_path / "gone").exists()


def test_two_programs_that_add_pairs_at_once_lose_none(tmp_path: Path) -> None:
    """Each opens the lock for itself, as two processes do."""
    each, both = 12, threading.Barrier(2)

    def add(first: int) -> None:
        for number in range(first, first + each):
            plain = np.full((40, 40, 3), number, np.uint8)
            both.wait(60)
            pair_store.keep(
                tmp_path / "pairs", Picture(pixels=plain), plain, "image", None, Origin("", str(number))
            )

    threads = [threading.Thread(target=add, args=(first,)) for first in (0, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    folder = tmp_path / "pairs"
    assert len(pair_store.names(folder)) == 2 * each
    for name, origin in pair_store.manifest_of(folder).origins.items():
        drawn, photo = pair_store.read_back(folder, name)
        assert (drawn.pixels == int(origin.mark)).all() and (photo == int(origin.mark)).all()
    assert len(pair_store.manifest_of(folder).origins) == 2 * each
