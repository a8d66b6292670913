"""Documents made of what the network sees, and photos that are only looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage

from desktop.paint.editing.document import Document, Role
from engine.data.messages import Picture
from engine.data.palette import Label, Palette

PALETTE = Palette("two", (Label("background", (0, 0, 200)), Label("b", (250, 0, 0))))


def test_a_sketch_comes_back_from_its_planes_to_the_bit() -> None:
    lines = np.arange(256, dtype=np.uint8).reshape(16, 16)
    hints = np.zeros((16, 16, 4), np.uint8)
    hints[2:9, 3:12] = (10, 200, 30, 255)
    document = Document.from_planes("sketch", Picture(lines=lines, hints=hints))
    again = document.picture()
    assert again.lines is not None and np.array_equal(again.lines, lines)
    assert again.hints is not None and np.array_equal(again.hints, hints)


def test_label_and_image_pictures_come_back_from_their_pixels() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    assert np.array_equal(Document.from_planes("image", Picture(pixels=pixels)).picture_flat(), pixels)
    labels = PALETTE.snapped(pixels)[0]
    again = Document.from_planes("labels", Picture(pixels=labels), PALETTE).picture_flat()
    assert np.array_equal(again, labels)


def test_a_snapshot_becomes_a_document_of_its_own() -> None:
    document = Document.new("image", 100, 70)
    document.paste(np.full((10, 10, 3), 90, np.uint8), 80, 60)
    other = Document.from_snapshot(document.snapshot())
    assert np.array_equal(other.picture_flat(), document.picture_flat())
    other.clear_layer(other.active.id)
    assert other.is_blank and not document.is_blank


def test_blank_is_what_the_network_sees_nothing_of() -> None:
    photo = np.full((40, 40, 3), 90, np.uint8)
    for document in (
        Document.new("sketch", 40, 40),
        Document.new("labels", 40, 40, PALETTE),
        Document.new("image", 40, 40),
    ):
        document.add_layer(Role.REFERENCE, "photo", photo)
        assert document.is_blank
        document.paste(photo[:5, :5], 3, 3)
        assert document.is_blank is (document.kind == "labels")  # that grey is nearest to the background
    hinted = Document.new("sketch", 40, 40)
    hinted.select(hinted.layers[0].id)
    hinted.paste(photo[:5, :5], 3, 3)
    assert not hinted.is_blank


def test_looking_at_a_reference_otherwise_is_no_step() -> None:
    document = Document.new("sketch", 40, 40)
    document.add_layer(Role.REFERENCE, "photo", np.full((40, 40, 3), 90, np.uint8), 0.5)
    layer, revision, steps = document.layers[-1], document.revision, document.undo_steps
    change = document.show_reference(layer.id, visible=False)
    assert change.structure and not change.sent and change.rect == document.bounds
    document.show_reference(layer.id, opacity=3.0)
    assert (layer.visible, layer.opacity) == (False, 1.0)
    assert (document.revision, document.undo_steps) == (revision, steps)
    document.undo()
    document.redo()
    assert document.layers[-1] is layer and not layer.visible


def test_a_half_seen_photo_gives_its_own_colour_where_the_paper_is_bare() -> None:
    document = Document.new("sketch", 40, 40)
    document.add_layer(Role.REFERENCE, "photo", np.full((40, 40, 3), (90, 20, 200), np.uint8), 0.5)
    assert document.colour_at(5, 5) == (90, 20, 200)
    document.paste(np.zeros((10, 10, 3), np.uint8), 0, 0)
    assert document.colour_at(5, 5) == (45, 10, 100)
    document.show_reference(document.layers[-1].id, visible=False)
    assert document.colour_at(5, 5) == (0, 0, 0)
    assert document.colour_at(20, 20) == (255, 255, 255)


@pytest.mark.parametrize("role", [Role.LINES, Role.HINTS])
def test_what_is_sent_takes_no_new_memory_once_nobody_has_the_array_before(role: Role) -> None:
    document = Document.new("sketch", 300, 200)
    document.select(next(layer.id for layer in document.layers if layer.role is role))
    dot = np.zeros((5, 5, 3), np.uint8)
    seen = set()
    for step in range(8):
        document.paste(dot, 30 * step, 20 * step)
        picture = document.picture()
        plane = getattr(picture, role.value)
        seen.add(plane.__array_interface__["data"][0])
        expected = getattr(Document.from_snapshot(document.snapshot()).picture(), role.value)
        assert np.array_equal(plane, expected)
    assert len(seen) <= 2


def test_what_somebody_looks_at_is_not_written_to_however_he_came_by_it() -> None:
    document = Document.new("sketch", 300, 200)
    ways: list[Any] = [
        lambda lines: lines,
        lambda lines: lines[3:90, 5:80],
        lambda lines: lines.T[4:][::2],
        lambda lines: lines.data,
        Image.fromarray,
        lambda lines: QImage(lines.data, 300, 200, 300, QImage.Format.Format_Grayscale8),
    ]
    held: list[tuple[Any, bytes]] = []
    for step, way in enumerate(ways * 2):
        document.paste(np.zeros((5, 5, 3), np.uint8), 20 * step, 15 * step)
        lines = document.picture().lines
        assert lines is not None
        held.append((way(lines), _bytes(way(lines))))
        del lines
    assert [_bytes(holder) for holder, _ in held] == [before for _, before in held]


def _bytes(holder: Any) -> bytes:
    return bytes(holder.constBits()) if isinstance(holder, QImage) else bytes(holder.tobytes())
