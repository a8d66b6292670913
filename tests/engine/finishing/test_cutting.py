"""Objects cut out of their background: made-up drawings, gaps, handles, and what has no background."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

from engine.data.messages import Picture, Pixels
from engine.errors import PictureError
from engine.finishing.cutting import cut_out
from engine.finishing.foreground import Enclosed
from engine.finishing.framing import Room, framed
from engine.finishing.regions import areas

EDGE = 256
Points = list[tuple[float, float]]
Mask = npt.NDArray[np.bool_]

BAG: Points = [(40, 110), (216, 110), (200, 230), (56, 230)]
HANDLE: Points = [(86, 110), (90, 40), (166, 40), (170, 110)]


def drawn(*lines: Points, width: int = 3) -> Pixels:
    image = Image.new("L", (EDGE, EDGE), 255)
    pen = ImageDraw.Draw(image)
    for points in lines:
        pen.line(points, 0, width, joint="curve")
    return np.array(image)


def closed(points: Points) -> Points:
    return [*points, points[0], points[1]]


def filled(*shapes: Points) -> Mask:
    image = Image.new("1", (EDGE, EDGE))
    for points in shapes:
        ImageDraw.Draw(image).polygon(points, 1)
    return np.array(image)


def strip(points: Points, width: int) -> Mask:
    image = Image.new("L", (EDGE, EDGE))
    ImageDraw.Draw(image).line(points, 255, width, joint="curve")
    return np.array(image) > 0


def painted(mask: Mask, colour: tuple[int, int, int] = (150, 40, 30)) -> Pixels:
    """A photo of that shape on white, as soft as a preview brought to twice its size."""
    image = Image.new("RGB", (EDGE, EDGE), "white")
    image.paste(colour, mask=Image.fromarray(mask))
    return np.array(image.filter(ImageFilter.GaussianBlur(1.2)))


def overlap(cut: Pixels, mask: Mask) -> float:
    """Intersection over union."""
    foreground = cut[..., 3] >= 128
    return float((foreground & mask).sum() / (foreground | mask).sum())


def cut(frame: Pixels, lines: Pixels | None, hints: Pixels | None = None) -> Pixels:
    picture = Picture(pixels=frame) if lines is None else Picture(lines=lines, hints=hints)
    return cut_out(frame, picture, (EDGE // 2, EDGE // 2))


def drawn_around(mask: Mask, lines: Pixels) -> Mask:
    """An object and the lines around it, which a hand that fills an outline takes along."""
    return mask | (lines < 128)


def outline(mask: Mask) -> Pixels:
    edge = ndimage.binary_dilation(mask) & ~ndimage.binary_erosion(mask, iterations=1)
    return np.where(edge, 0, 255).astype(np.uint8)


def test_an_object_is_cut_out_along_its_outline() -> None:
    mask = filled(BAG)
    made = cut(painted(mask), drawn(closed(BAG)))
    assert made.shape == (EDGE, EDGE, 4) and overlap(made, mask) >= 0.97
    assert made[0, 0].tolist() == [0, 0, 0, 0] and made[170, 128].tolist() == [150, 40, 30, 255]


def test_no_white_is_left_at_the_edge() -> None:
    """Over black nothing at the edge is lighter than the object; its preview, cut with scissors, would be."""
    mask = filled(BAG)
    frame = painted(mask)
    made = cut(frame, drawn(closed(BAG)))
    over_black = made[..., :3] * (made[..., 3:] / 255)
    assert over_black[..., 1].max() <= 40 + 4
    assert np.where(made[..., 3] > 0, frame[..., 1], 0).max() > 150


def test_the_background_is_seen_through_a_handle_and_the_thin_handle_stays() -> None:
    handle = strip(HANDLE, 12)
    mask = filled(BAG) | handle
    lines = outline(mask)
    made = cut(painted(mask), lines)
    assert overlap(made, drawn_around(mask, lines)) >= 0.97
    assert made[75, 128, 3] == 0 and made[75, 88, 3] == 255


@pytest.mark.parametrize("white", [False, True])
def test_the_background_is_seen_through_a_handle_that_is_one_line_at_the_side(white: bool) -> None:
    """A mug's: what is below it is the background, as below a sole; but above it, too. The mug itself, and be
    it as white as the background, is no hole."""
    body: Points = [(60, 60), (160, 60), (160, 210), (60, 210)]
    handle: Points = [(160, 85), (188, 92), (205, 115), (205, 155), (188, 178), (160, 185)]
    lines = drawn(closed(body), handle)
    mask = (lines < 128) if white else filled(body) | (lines < 128)
    made = cut(painted(mask), lines)
    assert made[135, 182, 3] == 0 and made[135, 205, 3] == 255
    assert made[140, 110, 3] == 255


@pytest.mark.parametrize("shaded", [True, False])
def test_white_inside_an_outline_is_of_the_object(shaded: bool) -> None:
    """A white sole has one line between itself and the background, as a handle of one line has; but objects
    stand on soles, and hang from handles."""
    upper: Points = [(40, 80), (216, 80), (216, 150), (40, 150)]
    sole: Points = [(40, 150), (216, 150), (216, 176), (40, 176)]
    frame = painted(filled(upper))
    if shaded:
        frame[156:170, 60:80] = 225
    made = cut(frame, drawn(closed(upper), closed(sole)))
    assert overlap(made, filled(upper, sole)) >= 0.95


@pytest.mark.parametrize("gap", [6, 14, 22])
def test_an_open_outline_counts_as_closed(gap: int) -> None:
    lines = drawn(closed(BAG))
    lines[225:236, 128 - gap // 2 : 128 + gap // 2] = 255
    mask = filled(BAG)
    frame = painted(mask)
    frame[150:250, 110:146] = frame[200, 128]  # the network's colour runs out through the gap
    assert overlap(cut(frame, lines), mask) >= 0.97


def test_an_outline_that_lacks_a_side_leaves_the_preview_to_say() -> None:
    mask = filled(BAG)
    made = cut(painted(mask), drawn([BAG[3], BAG[0], BAG[1], BAG[2]]))
    assert overlap(made, mask) >= 0.95


def test_colour_that_runs_out_over_the_outline_is_left() -> None:
    mask = filled(BAG)
    frame = painted(mask)
    frame[150:200, 206:240] = (230, 120, 150)
    assert overlap(cut(frame, drawn(closed(BAG))), mask) >= 0.97


def test_ends_of_lines_that_overshoot_are_no_part_of_the_object() -> None:
    mask = filled(BAG)
    lines = drawn(closed(BAG), [(216, 110), (245, 80)], [(40, 110), (12, 108)])
    made = cut(painted(mask), lines)
    assert not made[70:90, 235:, 3].any() and not made[:, :20, 3].any()
    assert overlap(made, drawn_around(mask, drawn(closed(BAG)))) >= 0.99


@pytest.mark.parametrize("haze", [0.0, 0.15])
def test_ground_between_whiskers_is_no_part_of_the_thing(haze: float) -> None:
    """Their open ends lie no farther apart than gaps that count as closed; a haze says nothing."""
    mask = filled(BAG)
    whiskers = drawn([(208, 160), (230, 158)], [(204, 182), (230, 180)])
    frame = painted(mask | (whiskers < 128))
    if haze:
        between = filled([(210, 160), (230, 158), (230, 180), (208, 182)])
        frame[between] = np.round(255 - haze * (255 - frame[200, 128].astype(float)))
    made = cut(frame, np.minimum(drawn(closed(BAG)), whiskers))
    assert not made[166:175, 216:228, 3].any()
    assert overlap(made, drawn_around(mask, whiskers)) >= 0.97


def test_what_lies_in_a_gap_and_has_the_things_colour_stays() -> None:
    """A foot drawn with two lines and no end."""
    mask = filled(BAG, [(208, 160), (230, 158), (230, 182), (204, 182)])
    lines = drawn([(208, 160), (230, 158)], [(204, 182), (230, 182)])
    made = cut(painted(mask), np.minimum(drawn(closed(BAG)), lines))
    assert made[166:175, 212:222, 3].all()


def test_a_strap_of_one_line_that_the_preview_shows_stays() -> None:
    mask = filled(BAG) | strip(HANDLE, 5)
    made = cut(painted(mask), drawn(closed(BAG), HANDLE, width=5))
    assert made[75, 88, 3] > 200 and made[40, 128, 3] > 200


@pytest.mark.parametrize("patch", [(60, 122, 196, 218), (50, 150, 206, 190)])
def test_a_wide_white_patch_inside_a_shoe_is_of_it(patch: tuple[int, int, int, int]) -> None:
    """It lies as near to the background as the hole of a handle does, or at the outline; but nothing that was
    photographed is as white as paper all over."""
    left, top, right, bottom = patch
    mask = filled(BAG)
    frame = painted(mask)
    there = np.zeros_like(mask)
    there[top:bottom, left:right] = mask[top:bottom, left:right]
    shades = np.linspace(242, 252, EDGE)[None, :, None]
    frame[there] = np.broadcast_to(shades, frame.shape)[there]
    lines = drawn(closed(BAG))
    inside = drawn(closed([(left, top), (right, top), (right, bottom), (left, bottom)]))
    made = cut(frame, np.where(mask, np.minimum(lines, inside), lines))
    assert made[(top + bottom) // 2, 128, 3] == 255
    assert overlap(made, drawn_around(mask, lines)) >= 0.97


def test_several_pieces_are_cut_out() -> None:
    pair: tuple[Points, Points] = (
        [(20, 60), (110, 60), (110, 200), (20, 200)],
        [(150, 80), (230, 80), (230, 180), (150, 180)],
    )
    mask = filled(*pair)
    lines = drawn(*map(closed, pair))
    made = cut(painted(mask), lines)
    assert overlap(made, drawn_around(mask, lines)) >= 0.97 and ndimage.label(made[..., 3] > 127)[1] == 2


def test_what_has_a_hint_is_of_the_object() -> None:
    mask = filled(BAG) | strip(HANDLE, 12)
    hints = np.zeros((EDGE, EDGE, 4), np.uint8)
    hints[60:90, 110:150] = 255
    assert cut(painted(mask), outline(mask), hints)[75, 128, 3] == 255


def test_enclosed_parts_are_kept_or_cut_as_it_is_wished() -> None:
    """A white panel inside the outline and the hole of a handle look alike; whoever drew them knows."""
    panel: Points = [(90, 130), (166, 130), (166, 200), (90, 200)]
    handle = strip(HANDLE, 12)
    mask = filled(BAG) | handle
    frame = painted(mask)
    frame[132:199, 92:165] = 255
    lines = np.minimum(outline(mask), drawn(closed(panel)))
    wishes: tuple[Enclosed, ...] = ("kept", "cut")
    kept, gone = (cut_out(frame, Picture(lines=lines), (EDGE // 2, EDGE // 2), enclosed=it) for it in wishes)
    assert kept[165, 128, 3] == 255 and kept[75, 128, 3] == 255
    assert gone[165, 128, 3] == 0 and gone[75, 128, 3] == 0
    assert gone[120, 128, 3] == 255 and kept[0, 0, 3] == 0


def test_without_lines_the_background_says_what_the_object_is() -> None:
    mask = filled(BAG)
    assert overlap(cut(painted(mask), None), mask) >= 0.97


@pytest.mark.parametrize("what", ["full of colours", "empty", "paper alone"])
def test_where_no_thing_can_be_told_one_sentence_says_so(what: str) -> None:
    chance = np.random.default_rng(1)
    frame = np.full((EDGE, EDGE, 3), 255, np.uint8)
    if what == "full of colours":
        frame = chance.integers(0, 256, (EDGE, EDGE, 3), np.uint8)
    lines = np.full((EDGE, EDGE), 255, np.uint8) if what == "paper alone" else None
    with pytest.raises(PictureError, match="No object can be told"):
        cut(frame, lines)


def test_a_large_picture_is_cut_at_its_own_size() -> None:
    mask = filled(BAG)
    size = EDGE * 6, EDGE * 6
    frame = np.array(Image.fromarray(painted(mask)).resize(size, Image.Resampling.BICUBIC))
    lines = np.array(Image.fromarray(drawn(closed(BAG))).resize(size, Image.Resampling.BICUBIC))
    made = cut_out(frame, Picture(lines=lines), (EDGE // 2, EDGE // 2))
    large = np.array(Image.fromarray(mask).resize(size))
    assert made.shape[:2] == size and overlap(made, large) >= 0.97


def test_it_tells_how_far_it_is_and_ends_when_told_to() -> None:
    class Enough(Exception): ...

    def step(done: int, total: int) -> None:
        if done * 2 >= total:
            raise Enough

    mask = filled(BAG)
    with pytest.raises(Enough):
        cut_out(painted(mask), Picture(lines=drawn(closed(BAG))), (128, 128), step)


def test_room_around_an_object() -> None:
    pixels = np.zeros((100, 100, 4), np.uint8)
    pixels[10:30, 20:71] = 255
    assert framed(pixels, Room()) is pixels
    assert framed(pixels, Room("margin", 5)).shape == (30, 61, 4)
    square = framed(pixels, Room("square"))
    assert square.shape == (60, 60, 4)  # 51 are 85 % of it
    assert square[20:40, 4:55, 3].all() and square[..., 3].sum() == 20 * 51 * 255


def test_areas_end_at_gaps_no_wider_than_the_largest_ball() -> None:
    ink = np.zeros((EDGE, EDGE), np.bool_)
    ink[:, 128] = True
    ink[110:146, 128] = False
    numbers = areas(ink)
    assert numbers[128, 20] != numbers[128, 230] and len(np.unique(numbers[numbers > 0])) == 2
