"""Photos are told from one another by all that is in them, and pairs of before are found again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from desktop.pairs import photos
from desktop.pairs.photos import Photo
from engine.data.messages import Picture, Pixels
from engine.data.picture import read
from engine.data.rect import Rect
from engine.data.task import task_of
from trainer.files import pair_store
from trainer.files.pair_store import Origin

RED, BLUE = (200, 0, 0), (0, 0, 200)


def on_white(file: Path, colour: tuple[int, int, int], size: tuple[int, int] = (320, 240)) -> Path:
    """A photo of one thing in the middle; its ends are those of every other one on white."""
    image = Image.new("RGB", size, "white")
    width, height = size
    ImageDraw.Draw(image).ellipse(
        (width // 3, height * 9 // 20, width * 2 // 3, height * 11 // 20), fill=colour
    )
    image.save(file)
    return file


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Two photos as a shop has them: uncompressed, of one size, on white."""
    folder = tmp_path / "photos"
    folder.mkdir()
    on_white(folder / "bag.bmp", RED)
    on_white(folder / "shoe.bmp", BLUE)
    return folder


def rolled(folder: Path, to: Path) -> dict[str, Photo]:
    found = photos.find_photos([folder], "sketch", to, None)
    return {photo.file.stem: photo for photo in found.photos}


def pixels_of(photo: Photo) -> Pixels:
    return photos.reduced(read(photo.file).pixels)


def keep(to: Path, photo: Photo, row: int, origin: Origin | None = None, pixels: Pixels | None = None) -> str:
    """A pair of the photo and a line in that row."""
    pixels = pixels_of(photo) if pixels is None else pixels
    lines = np.full(pixels.shape[:2], 255, np.uint8)
    lines[row] = 0
    return pair_store.keep(to, Picture(lines=lines), pixels, task_of("sketch"), None, origin or photo.origin)


def as_before(file: Path) -> str:
    """The mark that earlier versions gave a photo."""
    content = file.read_bytes()
    return hashlib.sha256(b"%d " % len(content) + content[: 64 << 10] + content[-(64 << 10) :]).hexdigest()[
        :20
    ]


@pytest.mark.parametrize("suffix", [".bmp", ".tif"])
@pytest.mark.parametrize("size", [(320, 240), (1400, 1200)], ids=["read whole", "sampled"])
def test_photos_that_differ_in_their_middle_have_pairs_of_their_own(
    tmp_path: Path, suffix: str, size: tuple[int, int]
):
    (folder := tmp_path / "photos").mkdir()
    bag = on_white(folder / f"bag{suffix}", RED, size)
    shoe = on_white(folder / f"shoe{suffix}", BLUE, size)
    assert as_before(bag) == as_before(shoe)
    before = rolled(folder, to := tmp_path / "set")
    keep(to, before["bag"], 10)
    assert rolled(folder, to)["bag"].pair and not rolled(folder, to)["shoe"].pair
    keep(to, before["shoe"], 50)
    assert len(pair_store.names(to)) == 2
    after = rolled(folder, to)
    for name in ("bag", "shoe"):
        _, photo = pair_store.read_back(to, after[name].pair)
        assert np.array_equal(photo, pixels_of(after[name]))


def test_one_photo_has_one_mark_wherever_it_lies(tmp_path: Path, shop: Path):
    (tmp_path / "other.bmp").write_bytes((shop / "bag.bmp").read_bytes())
    assert photos.mark_of(tmp_path / "other.bmp") == photos.mark_of(shop / "bag.bmp")


def test_a_pair_with_a_mark_of_before_is_its_own_photos_and_no_others(tmp_path: Path, shop: Path):
    before = rolled(shop, to := tmp_path / "set")
    pair = keep(to, before["bag"], 10, Origin("bag.bmp", as_before(shop / "bag.bmp")))
    after = rolled(shop, to)
    assert (after["bag"].pair, after["shoe"].pair) == (pair, "")
    assert keep(to, after["bag"], 20) == pair, "drawn anew, it is replaced"
    assert keep(to, after["shoe"], 50) != pair
    drawn, photo = pair_store.read_back(to, pair)
    assert np.array_equal(photo, pixels_of(after["bag"])) and drawn.lines is not None
    assert not drawn.lines[20].any()
    assert all(photo.pair for photo in rolled(shop, to).values())


def test_a_pair_of_before_whose_photo_was_cropped_goes_by_its_name(tmp_path: Path, shop: Path):
    before = rolled(shop, to := tmp_path / "set")
    cropped = np.ascontiguousarray(pixels_of(before["bag"])[:90])
    pair = keep(to, before["bag"], 10, Origin("bag.bmp", as_before(shop / "bag.bmp")), cropped)
    after = rolled(shop, to)
    assert (after["bag"].pair, after["shoe"].pair) == (pair, "")


def test_a_compressed_photo_of_before_is_recognised(tmp_path: Path):
    (folder := tmp_path / "photos").mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    before = rolled(folder, to := tmp_path / "set")
    mark = as_before(folder / "noise.png")
    assert before["noise"].mark != mark
    pair = keep(to, before["noise"], 10, Origin("noise.png", mark))
    assert rolled(folder, to)["noise"].pair == pair


def test_a_drawing_begun_with_an_earlier_version_is_still_the_one_over_its_photo(tmp_path: Path, shop: Path):
    bag, shoe = (rolled(shop, tmp_path / "set")[name] for name in ("bag", "shoe"))
    document, _ = photos.picture_over(bag, "sketch", None, tmp_path / "set")
    assert photos.is_over(document, bag) and not photos.is_over(document, shoe)
    document.extras["photo"] = as_before(bag.file)
    assert photos.is_over(document, bag) and not photos.is_over(document, shoe)
    document.crop(Rect(0, 0, 200, 90))
    assert photos.is_over(document, bag) and not photos.is_over(document, shoe)
    del document.extras["photo"]
    assert not photos.is_over(document, bag)
