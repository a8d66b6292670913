"""A picture of a moment: nothing that is done later gets into it, and it costs next to no memory."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from desktop.documents.moment import Moment
from desktop.paint.editing.document import Document, Role
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import tools


def stroke(document: Document, y: float, size: float = 30.0) -> None:
    pen = tools()["pen"].start(document, Ink(size=size), Sample(10, y))
    pen.finish(Sample(document.width - 10, y + 5))


def pixels(document: Document) -> list[bytes]:
    return [layer.pixels.tobytes() for layer in document.layers]


@pytest.fixture
def document() -> Document:
    document = Document.new("sketch", 200, 300)
    for y in (20, 140, 280):
        stroke(document, y)
    return document


def paint(document: Document) -> None:
    stroke(document, 150, 200.0)


def undo(document: Document) -> None:
    while document.undo():
        pass


def undo_and_redo(document: Document) -> None:
    document.undo()
    document.undo()
    document.redo()


def clear(document: Document) -> None:
    document.clear_layer(document.active.id)


def cancel(document: Document) -> None:
    tools()["pen"].start(document, Ink(size=80), Sample(100, 100))
    document.undo()


def drag_a_shape(document: Document) -> None:
    shape = tools()["rectangle"].start(document, Ink(size=9), Sample(10, 10))
    for place in (250, 30, 180):
        shape.move(Sample(100, place))
    shape.finish(Sample(190, 200))


def paste(document: Document) -> None:
    document.paste(np.full((150, 90, 4), 200, np.uint8), 30, 60)


def crop_and_paint(document: Document) -> None:
    document.crop(document.bounds._replace(width=90, height=80))
    stroke(document, 40)
    document.undo()
    document.undo()
    stroke(document, 60)


def other_layers(document: Document) -> None:
    document.set_layer(document.active.id, name="other", opacity=0.3, visible=False)
    document.add_layer(Role.LINES)
    document.remove_layer(document.layers[1].id)


EDITS = [paint, undo, undo_and_redo, clear, cancel, drag_a_shape, paste, crop_and_paint, other_layers]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_what_is_done_later_goes_by(document: Document, edit):
    before, names = pixels(document), [layer.name for layer in document.layers]
    moment = Moment(document)
    edit(document)
    then = moment.document()
    assert pixels(then) == before
    assert [layer.name for layer in then.layers] == names
    assert (then.width, then.height) == (200, 300)
    assert all(layer.opacity == 1 and layer.visible for layer in then.layers)
    assert then.active.id == 2


def test_it_can_be_read_on_another_thread_while_somebody_paints(document: Document):
    before, found = pixels(document), []
    for turn in range(20):
        moment = Moment(document)
        reader = threading.Thread(target=lambda moment=moment: found.append(pixels(moment.document())))
        reader.start()
        stroke(document, 10 + 14 * turn, 40.0)
        reader.join()
        assert found.pop() == before
        before = pixels(document)


def test_several_moments_don_t_get_into_each_others_way(document: Document):
    first, before = Moment(document), pixels(document)
    stroke(document, 60)
    second, later = Moment(document), pixels(document)
    undo(document)
    assert [layer.pixels.tobytes() for layer in second.layers()] == later
    assert [layer.pixels.tobytes() for layer in first.layers()] == before
    assert before != later


def test_in_an_open_stroke_there_is_no_moment(document: Document):
    tools()["pen"].start(document, Ink(), Sample(10, 10))
    with pytest.raises(AssertionError):
        Moment(document)
