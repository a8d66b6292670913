from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.trainer.made_pictures import house, thing
from trainer.evaluation import scores


def test_equal_pictures_are_as_like_as_can_be() -> None:
    colours = scores.Histograms()
    for number in range(2):
        photo = house(number)[1]
        found = scores.likeness(photo, photo)
        assert found["l1"] == 0
        assert found["ssim"] == pytest.approx(1)
        assert found["psnr"] > 60
        colours.add(photo, photo)
    assert all(value == pytest.approx(1) for value in colours.intersection().values())


def test_l1_and_psnr_are_what_they_say() -> None:
    one, other = np.full((16, 16, 3), 100, np.uint8), np.full((16, 16, 3), 151, np.uint8)
    found = scores.likeness(one, other)
    assert found["l1"] == pytest.approx(51 / 127.5)
    assert found["psnr"] == pytest.approx(10 * np.log10(255**2 / 51**2))


def test_other_colours_share_no_histogram() -> None:
    red, blue = (np.full((8, 8, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200)))
    colours = scores.Histograms()
    colours.add(red, blue)
    found = colours.intersection()
    assert found["histogram_a"] == found["histogram_b"] == 0
    colours.add(blue, blue)
    assert colours.intersection()["histogram_a"] == pytest.approx(0.5)


def test_means_tell_a_dark_and_grey_picture_from_a_light_and_coloured_one() -> None:
    grey, red = np.full((8, 8, 3), 50, np.uint8), np.full((8, 8, 3), (200, 0, 0), np.uint8)
    colours = scores.Histograms()
    colours.add(grey, red)
    found = colours.means()
    # sRGB 50 is L 20.8; (200, 0, 0) is L 41.2, a 66.2, b 56.4.
    assert found["lightness"] == pytest.approx(20.8, abs=0.5)
    assert found["real_lightness"] == pytest.approx(41.2, abs=0.5)
    assert found["chroma"] == pytest.approx(0, abs=0.01)
    assert found["real_chroma"] == pytest.approx(np.hypot(66.2, 56.4), abs=0.5)
    known = np.zeros((8, 8), np.bool_)
    known[:4] = True
    half = scores.Histograms()
    half.add(np.where(known[..., None], grey, red), red, known)
    assert half.means() == pytest.approx(found)


def test_stripes_are_seen_amid_smooth_parts_alone() -> None:
    shade = np.full((64, 64, 3), np.linspace(60, 160, 64)[:, None, None]).round().astype(np.uint8)
    fine = shade + (np.arange(64) % 2 * 6).astype(np.uint8)[:, None, None]
    grain = shade + np.random.default_rng(0).integers(0, 7, (64, 64, 1)).astype(np.uint8)
    assert scores.stripes(fine) == pytest.approx(scores.stripes(fine.swapaxes(0, 1)))
    strong, plain, grainy = (scores.stripes(picture) for picture in (fine, shade, grain))
    assert strong is not None and plain is not None and grainy is not None
    assert strong == pytest.approx(6 / 2, abs=0.3)  # along one of two directions, 6 levels from row to row
    assert plain < 0.2 and grainy < 0.6
    framed = fine.copy()
    framed[20:40] = np.arange(64, dtype=np.uint8)[:, None] % 2 * 200  # drawn, and so left out
    drawn = scores.stripes(framed)
    assert drawn is not None and 2 < drawn < 4
    assert scores.stripes(np.full((64, 64, 3), 255, np.uint8)) is None
    assert scores.stripes(fine[:5, :5]) is None


def test_a_lattice_is_what_recurs() -> None:
    rows, columns = np.mgrid[:96, :96]
    random = np.random.default_rng(1)

    def grey(plane: np.ndarray) -> scores.Pixels:
        return np.repeat((100 + plane).round().astype(np.uint8)[..., None], 3, 2)

    threads = 8 * np.sin(columns * 2 * np.pi * 3 / 16)  # three to a tile, and so a root mean square of 5.7
    grain = random.normal(0, 12, (96, 96))
    shade = columns / 2 + rows / 3
    found = {
        name: scores.lattice(grey(plane))
        for name, plane in (
            ("threads", threads),
            ("both", threads + grain),
            ("grain", grain),
            ("shade", shade),
        )
    }
    assert found["threads"] == pytest.approx(8 / 2**0.5, rel=0.1)
    assert found["both"] == pytest.approx(8 / 2**0.5, rel=0.2)
    assert found["grain"] is not None and found["grain"] < 1.5
    assert found["shade"] is not None and found["shade"] < 0.5
    white = grey(threads)
    white[40:44] = 255
    # Three tiles are left that have no white.
    assert scores.lattice(white) == pytest.approx(scores.lattice(grey(threads)[48:]))
    white[48] = 255
    assert scores.lattice(white) is None
    assert scores.lattice(grey(threads)[:47]) is None


def test_tiny_pictures_are_compared_too() -> None:
    assert scores.likeness(thing(0, 32)[:4, :5], thing(1, 32)[:4, :5])["ssim"] <= 1


def lines_at(*rows: int) -> NDArray[np.bool_]:
    mask = np.zeros((32, 32), np.bool_)
    mask[list(rows)] = True
    return mask


@pytest.mark.parametrize(
    ("drawn", "found", "wanted"),
    [
        ((5,), (5,), (1, 1)),
        ((5,), (7,), (1, 1)),  # two pixels apart
        ((5,), (8,), (0, 0)),
        ((5, 20), (5,), (1, 0.5)),
        ((5,), (5, 20), (0.5, 1)),
        ((), (), (1, 1)),
        ((5,), (), (0, 0)),
        ((), (5,), (0, 0)),
    ],
)
def test_lines_agree_within_two_pixels(
    drawn: tuple[int, ...], found: tuple[int, ...], wanted: tuple[float, float]
) -> None:
    assert scores.line_agreement(lines_at(*drawn), lines_at(*found)) == pytest.approx(wanted)


def test_hint_difference_is_that_of_the_colours_under_it() -> None:
    """CIEDE2000 between sRGB red and pure green is 86.6 (Sharma et al., 2005, by their formula)."""
    made = np.full((8, 8, 3), (255, 0, 0), np.uint8)
    hints = np.zeros((8, 8, 3), np.uint8)
    hints[:4] = (0, 255, 0)
    hints[4:] = (255, 0, 0)
    where = np.zeros((8, 8), np.bool_)
    where[:4] = True
    assert scores.hint_difference(made, hints, where) == pytest.approx(86.6, abs=0.2)
    assert scores.hint_difference(made, hints, ~where) == pytest.approx(0, abs=1e-6)


def test_reading_counts_labels_that_occur() -> None:
    labels = np.array([[0, 0, 0, 1]], np.uint8)
    read = np.array([[0, 0, 1, 1]], np.uint8)
    reading = scores.Reading(5)
    for half in (slice(0, 2), slice(2, 4)):
        reading.add(read[:, half], labels[:, half])
    found = reading.shares()
    assert found["pixel_accuracy"] == pytest.approx(3 / 4)
    assert found["class_accuracy"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["mean_iou"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    right = scores.Reading(5)
    right.add(labels, labels)
    assert set(right.shares().values()) == {1.0}
