from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from engine.data.messages import Pixels
from engine.data.palette import Label, Palette
from tests.trainer.made_pictures import HOUSES, house, thing, through_jpeg
from trainer.pictures import palettes


def near(palette: Palette | None, other: Palette) -> bool:
    """Whether two palettes have the same colours, in any order, to two levels."""
    if palette is None or len(palette.labels) != len(other.labels):
        return False
    apart = np.abs(palette.colours[:, None].astype(int) - other.colours[None]).max(2)
    return bool((apart.min(0) <= 2).all())


def blurred(pixels: Pixels) -> Pixels:
    """As a label map becomes when it is scaled like a photo."""
    height, width = pixels.shape[:2]
    image = Image.fromarray(pixels).resize((width * 3 // 4, height * 3 // 4), Image.Resampling.BICUBIC)
    return np.array(image.resize((width, height), Image.Resampling.BICUBIC))


@pytest.mark.parametrize(
    "spoil", [lambda pixels: pixels, lambda pixels: through_jpeg(pixels, 90), through_jpeg, blurred],
    ids=["exact", "JPEG 90", "JPEG 80", "scaled"],
)  # fmt: skip
def test_palette_of_label_maps_is_found(spoil) -> None:  # type: ignore[no-untyped-def]
    found = palettes.find_palette(spoil(house(seed, 192)[0]) for seed in range(16))
    assert near(found, HOUSES)


def test_labels_come_by_how_much_they_cover() -> None:
    maps = [house(seed)[0] for seed in range(10)]
    found = palettes.find_palette(maps)
    assert found is not None
    shares = [
        np.mean([(picture == label.colour).all(2).mean() for picture in maps]) for label in found.labels
    ]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize(
    "pictures",
    [
        [house(seed)[1] for seed in range(14)],
        [thing(seed) for seed in range(14)],
        [through_jpeg(thing(seed)) for seed in range(14)],
        [np.full((64, 64, 3), 255, np.uint8)] * 14,
        [np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8) for seed in range(14)],
        [],
    ],
    ids=["photos", "things on white", "things on white, JPEG", "blank", "noise", "none"],
)
def test_pictures_have_no_palette(pictures: list[Pixels]) -> None:
    assert palettes.find_palette(pictures) is None


def test_gradients_are_no_labels() -> None:
    ramp = np.tile(np.linspace(0, 255, 128).astype(np.uint8), (128, 1))
    pictures = [np.dstack([ramp, ramp.T, np.full_like(ramp, tone)]) for tone in range(0, 240, 20)]
    assert palettes.find_palette(pictures) is None


@pytest.mark.parametrize("seed", range(4))
def test_blurred_edges_are_put_right(seed: int) -> None:
    exact = house(seed, 192)[0]
    wanted = HOUSES.indices(exact)
    spoilt = through_jpeg(exact, 75)
    nearest = float((HOUSES.indices(spoilt) != wanted).mean())
    labelled = float((palettes.labelled(spoilt, HOUSES) != wanted).mean())
    # The nearest colour alone makes slivers of a third label between two others.
    assert labelled < 0.02
    assert labelled < 0.6 * nearest


def test_edge_between_two_labels_shows_no_third() -> None:
    ramp = Palette(
        "ramp", (Label("blue", (0, 0, 255)), Label("mixed", (128, 0, 128)), Label("red", (255, 0, 0)))
    )
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:, :30] = (0, 0, 255)
    picture[:, 30:] = (255, 0, 0)
    soft = np.array(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(1.2)))
    assert (ramp.indices(soft) == 1).any()
    assert not (palettes.labelled(soft, ramp) == 1).any()


def test_thin_label_between_two_others_stays() -> None:
    picture = np.zeros((40, 60, 3), np.uint8) + np.array((0, 48, 255), np.uint8)
    picture[18:21] = (255, 80, 0)
    labelled = palettes.labelled(through_jpeg(picture, 90), HOUSES)
    assert (labelled[19] == 3).mean() > 0.95


def test_exact_label_map_is_left_alone() -> None:
    picture = house(3)[0]
    assert (palettes.labelled(picture, HOUSES) == HOUSES.indices(picture)).all()
    assert palettes.faults(picture, HOUSES) == palettes.Faults(0.0, 0.0, None)


def test_faults_tell_soft_edges_from_a_foreign_colour() -> None:
    picture = house(3)[0]
    soft = palettes.faults(blurred(picture), HOUSES)
    assert soft.soft > 0.02 and soft.stray < 0.01
    foreign = picture.copy()
    foreign[5:45, 5:45] = (255, 0, 255)
    faults = palettes.faults(foreign, HOUSES)
    assert faults.stray == pytest.approx(38 * 38 / 128 / 128, rel=0.1)
    assert faults.stray_colour == (255, 0, 255)


def test_known_palette_lends_names_and_exact_colours() -> None:
    def bluer(by: int, labels: int) -> Palette:
        colours = [(red, green, max(0, blue - by)) for red, green, blue in HOUSES.colours[:labels].tolist()]
        return Palette(
            "bluer", tuple(Label(f"label {place}", colour) for place, colour in enumerate(colours))
        )

    found, farther = bluer(1, 4), bluer(9, 5)
    assert palettes.named(found, [farther, HOUSES]) is HOUSES
    assert palettes.named(found, [farther]) is farther
    assert palettes.named(found, []) is found
    assert palettes.named(found, [Palette("other", (Label("a", (9, 99, 9)),))]) is found
