from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from engine.data.card import Card
from engine.data.messages import Picture, Pixels
from engine.data.palette import Palette
from engine.errors import ModelError
from engine.planes import codec

PLAIN = {"inputs": 3, "outputs": 3}


def card(**fields: Any) -> Card:
    network = {**PLAIN, **{name: fields.pop(name) for name in ("inputs", "outputs") if name in fields}}
    return Card(**({"name": "x", "kind": "unet", "network": network, "input": "image"} | fields))


HINTS = {"input": "sketch", "hints": True, "inputs": 5}


def test_cards_that_contradict_their_network_are_refused(palette: Palette) -> None:
    for fields in ({"inputs": 5}, {**HINTS, "inputs": 3}, {"outputs": 2}, {"inputs": 2}):
        with pytest.raises(ModelError, match="planes"):
            codec.check(card(**fields))
    codec.check(card())
    codec.check(card(**HINTS))
    codec.check(card(inputs=1, outputs=1))
    codec.check(card(input="labels", palette=palette, one_hot=True, inputs=4))


# --- planes --------------------------------------------------------------------------------------


def test_planes_are_bytes_over_127_5_less_one(picture: Pixels) -> None:
    planes = codec.to_planes(codec.flat(picture, card()), card(), 32, 1)
    assert planes.shape == (1, 3, 64, 64) and planes.dtype == torch.float32
    wanted = torch.from_numpy(picture).permute(2, 0, 1)[None] / 127.5 - 1
    torch.testing.assert_close(planes, wanted)
    assert (codec.to_pixels(planes, 64, 64) == picture).all()


def test_every_byte_survives_the_way_there_and_back() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, axis=2)
    assert (codec.to_pixels(codec.to_planes(ramp, card(), 1, 1), 256, 1) == ramp).all()


def test_the_pictures_own_array_is_left_alone(picture: Pixels) -> None:
    frozen = picture.copy()
    frozen.setflags(write=False)
    for size in (64, 50):
        codec.to_planes(codec.flat(frozen[:size, :size], card()), card(), 64, 1)
    assert (frozen == picture).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 70), (64, 65), (100, 33)])
def test_pictures_are_padded_by_repeated_reflection(size) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    planes = codec.to_planes(pixels, card(), 64, 1)
    height, width = (-(-edge // 64) * 64 for edge in size)
    wanted = np.pad(pixels, ((0, height - size[0]), (0, width - size[1]), (0, 0)), mode="reflect")
    assert (codec.to_pixels(planes, height, width) == wanted).all()
    assert codec.to_planes(pixels[:1, :1], card(), 4, 8).shape == (1, 3, 8, 8)


def test_labels_are_padded_by_the_edge(palette: Palette) -> None:
    labels = card(input="labels", palette=palette)
    pixels = palette.colours[np.array([[0, 1], [2, 3]])]
    padded = codec.to_pixels(codec.to_planes(codec.flat(pixels, labels), labels, 4, 1), 4, 4)
    assert (padded == np.pad(pixels, ((0, 2), (0, 2), (0, 0)), mode="edge")).all()


def test_one_plane_networks_take_and_make_luma() -> None:
    grey = card(inputs=1, outputs=1)
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    prepared = codec.flat(pixels, grey)
    assert prepared[0, :, 0].tolist() == [76, 150, 29, 255]
    back = codec.to_pixels(codec.to_planes(prepared, grey, 1, 1), 1, 4)
    assert back.shape == (1, 4, 3) and back[0, 1].tolist() == [150, 150, 150]


# --- labels --------------------------------------------------------------------------------------


def test_labels_snap_to_the_nearest_and_strangers_are_counted(palette: Palette) -> None:
    labels = card(input="labels", palette=palette)
    pixels = palette.colours[np.array([[0, 1], [2, 3]])].copy()
    assert codec.off_palette(pixels, codec.flat(pixels, labels), labels) == 0
    pixels[0, 0] += np.uint8(5)
    prepared = codec.flat(pixels, labels)
    assert (prepared == palette.colours[np.array([[0, 1], [2, 3]])]).all()
    assert codec.off_palette(pixels, prepared, labels) == 1
    assert codec.off_palette(pixels, pixels, card()) == 0


def test_one_hot_has_one_plane_a_label(palette: Palette) -> None:
    hot = card(input="labels", palette=palette, one_hot=True, inputs=4)
    indices = np.array([[0, 1, 3], [2, 3, 0]])
    pixels = palette.colours[indices]
    prepared = codec.flat(pixels, hot)
    assert codec.off_palette(pixels, prepared, hot) == 0
    planes = codec.to_planes(prepared, hot, 1, 1)
    assert planes.shape == (1, 4, 2, 3)
    assert (planes[0].argmax(0).numpy() == indices).all()
    assert set(planes.unique().tolist()) == {0, 1} and (planes.sum(1) == 1).all()


def test_labels_are_scaled_without_mixing(palette: Palette) -> None:
    labels = card(input="labels", palette=palette)
    pixels = palette.colours[np.random.default_rng(0).integers(0, 4, (90, 61))]
    for size in ((32, 32), (200, 100), (61, 90)):
        prepared = codec.prepare(Picture(pixels=pixels), labels, size)
        assert prepared.shape == (size[1], size[0], 3)
        assert palette.snapped(prepared)[1] == 0
    big = pixels.repeat(3, 0).repeat(3, 1)
    assert (codec.prepare(Picture(pixels=big), labels, (61, 90)) == pixels).all()


# --- sketches ------------------------------------------------------------------------------------


def sheet(edge: int = 64) -> tuple[Pixels, Pixels]:
    """White lines plane and empty hints."""
    return np.full((edge, edge), 255, np.uint8), np.zeros((edge, edge, 4), np.uint8)


def test_lines_and_hints_stay_apart() -> None:
    lines, hints = sheet()
    lines[10, 5:60] = 0
    hints[20:40, 20:40] = (0, 0, 0, 255)  # a black hint
    hints[40:60, 20:40] = (255, 255, 255, 255)  # and a white one
    planes = codec.to_planes(
        codec.prepare(Picture(lines=lines, hints=hints), card(**HINTS)), card(**HINTS), 1, 1
    )[0]
    assert planes[0, 10, 30] == -1 and planes[0, 30, 30] == 1 and planes[0, 50, 30] == 1
    assert planes[1:4, 30, 30].tolist() == [-1, -1, -1]
    assert planes[1:4, 50, 30].tolist() == [1, 1, 1]
    assert planes[1:4, 5, 5].tolist() == [0, 0, 0]
    assert [planes[4, y, 30].item() for y in (30, 50, 5)] == [1, 1, 0]
    assert set(planes[4].unique().tolist()) == {0, 1}


def test_only_the_lines_plane_is_redrawn() -> None:
    lines, hints = sheet(256)
    lines[100:109, 20:230] = 120  # a thick grey pencil
    hints[50:59, 20:230] = (10, 10, 10, 255)
    prepared = codec.prepare(Picture(lines=lines, hints=hints), card(**HINTS, line_width=1.0))
    assert (prepared[:, 128, 0] == 0).sum() == 1
    assert (prepared[:, 128, 4] == 255).sum() == 9
    untouched = codec.prepare(Picture(lines=lines, hints=hints), card(**HINTS))
    assert (untouched[..., 0] == lines).all()


def test_hints_keep_their_colour_when_they_are_scaled_down() -> None:
    lines, hints = sheet(128)
    hints[31:97, 31:97] = (200, 30, 10, 255)
    prepared = codec.prepare(Picture(lines=lines, hints=hints), card(**HINTS), (32, 32))
    there = prepared[..., 4] == 255
    assert 15 * 15 <= there.sum() <= 17 * 17
    assert np.abs(prepared[there][:, 1:4].astype(int) - (200, 30, 10)).max() <= 1
    assert not prepared[~there][:, 1:4].any()


def test_thin_lines_of_a_large_picture_reach_the_network() -> None:
    lines = np.array(Image.new("L", (1024, 1024), 255))
    canvas = Image.fromarray(lines)
    ImageDraw.Draw(canvas).line((100, 100, 900, 700), fill=0, width=2)
    prepared = codec.prepare(Picture(lines=np.array(canvas)), card(**HINTS, line_width=1.5), (256, 256))
    assert (prepared[..., 0] == 0).sum() >= 190


def test_models_without_hints_see_what_the_user_sees() -> None:
    lines, hints = sheet()
    lines[10, :] = 0
    hints[5:20, 5:20] = (255, 0, 0, 255)
    hints[30:40, 5:20] = (0, 0, 255, 128)
    plain = card(input="sketch")
    seen = codec.prepare(Picture(lines=lines, hints=hints), plain)
    assert seen[7, 7].tolist() == [255, 0, 0] and seen[10, 7].tolist() == [0, 0, 0]
    assert seen[35, 7].tolist() == [127, 127, 255] and seen[50, 50].tolist() == [255, 255, 255]
    assert (codec.prepare(Picture(lines=lines), plain) == np.dstack([lines] * 3)).all()


def test_a_flat_sketch_is_split_into_ink_and_hints() -> None:
    """Drawn with smooth edges, as people do: no edge of a hint may become ink."""
    big = Image.new("RGB", (256, 256), "white")
    draw = ImageDraw.Draw(big)
    draw.ellipse((40, 40, 120, 120), fill=(220, 20, 30))
    draw.line((10, 200, 240, 210), fill="black", width=9)
    draw.rectangle((160, 40, 220, 90), fill=(0, 60, 200))
    pixels = np.array(big.resize((64, 64), Image.Resampling.LANCZOS))
    prepared = codec.flat(pixels, card(**HINTS))
    hinted = prepared[..., 4] == 255
    assert prepared[20, 20, 1:4].tolist() == [220, 20, 30] and prepared[15, 47, 1:4].tolist() == [0, 60, 200]
    assert (prepared[..., 0][:40] >= 250).all()  # above the line there is no ink at all
    assert (prepared[50:53, 10:55, 0] < 128).any(0).all()
    assert not hinted[45:].any()
    assert not prepared[~hinted][:, 1:4].any()
    around = (
        np.abs(prepared[hinted][:, 1:4].astype(int)[:, None] - [(220, 20, 30), (0, 60, 200)]).max(2).min(1)
    )
    assert np.quantile(around, 0.95) <= 40  # the edges too have the hint's colour


def test_a_jpegs_tinted_black_stays_ink() -> None:
    import io

    image = Image.new("RGB", (64, 64), "white")
    ImageDraw.Draw(image).line((5, 5, 60, 50), fill=(20, 10, 15), width=3)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    prepared = codec.flat(np.array(Image.open(file)), card(**HINTS))
    assert not prepared[..., 4].any()
    assert prepared[..., 0].min() < 40


def test_a_flat_sketch_without_hints_is_taken_as_it_is(picture: Pixels) -> None:
    assert codec.flat(picture, card(input="sketch", line_width=1.5)) is picture


# --- sizes ---------------------------------------------------------------------------------------


def test_images_are_scaled_by_area() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[::2] = 200
    prepared = codec.prepare(Picture(pixels=pixels), card(), (32, 32))
    assert (prepared == 100).all()
    assert codec.prepare(Picture(pixels=pixels), card()).shape == (64, 64, 3)
    assert codec.prepare(Picture(pixels=pixels), card(), (100, 80)).shape == (80, 100, 3)


@pytest.mark.parametrize(
    ("document", "native", "wanted"),
    [
        ((1024, 1024), False, (256, 256)),
        ((1000, 500), False, (256, 128)),
        ((500, 1000), False, (128, 256)),
        ((64, 64), False, (256, 256)),
        ((3, 3000), False, (1, 256)),
        ((640, 480), True, (640, 480)),
    ],
)
def test_working_size_keeps_the_documents_proportions(document, native, wanted) -> None:
    assert codec.working_size(document, card(), native) == wanted


def test_a_preview_is_brought_back_smoothly() -> None:
    preview = np.zeros((32, 32, 3), np.uint8)
    preview[:, 16:] = 255
    large = codec.scaled_preview(preview, (128, 64))
    assert large.shape == (64, 128, 3)
    assert len(np.unique(large[10])) > 2
