from __future__ import annotations

import pytest
from PySide6.QtCore import QPointF, QRectF, QSizeF

from desktop.widgets.canvas.view import LARGEST, SMALLEST, View

WINDOW = QSizeF(400, 300)


def near(a: QPointF, b: QPointF) -> bool:
    return abs(a.x() - b.x()) < 1e-6 and abs(a.y() - b.y()) < 1e-6


@pytest.fixture
def view(qapp) -> View:
    view = View()
    view.fit(QSizeF(200, 100), WINDOW)
    return view


def test_fit_shows_the_whole_picture(view: View):
    rect = view.transform(WINDOW).mapRect(QRectF(0, 0, 200, 100))
    assert rect.left() >= 0 and rect.right() <= 400 and rect.top() >= 0 and rect.bottom() <= 300
    assert near(view.to_picture(QPointF(200, 150), WINDOW), QPointF(100, 50))


@pytest.mark.parametrize("move", ["zoom", "rotate"])
def test_what_is_under_the_pointer_stays_there(view: View, move: str):
    at = QPointF(77, 211)
    view.rotate(20, at, WINDOW)
    view.flip()
    before = view.to_picture(at, WINDOW)
    getattr(view, move)(1.7, at, WINDOW)
    assert near(view.to_picture(at, WINDOW), before)


def test_pan_moves_the_picture_with_the_hand(view: View):
    view.rotate(33, QPointF(10, 10), WINDOW)
    under = view.to_picture(QPointF(50, 60), WINDOW)
    view.pan(QPointF(12, -7), WINDOW)
    assert near(view.to_picture(QPointF(62, 53), WINDOW), under)


def test_the_scale_has_limits(view: View):
    for factor, limit in ((1e9, LARGEST), (1e-12, SMALLEST)):
        view.zoom(factor, QPointF(0, 0), WINDOW)
        assert view.scale == limit


def test_flipping_twice_is_nothing(view: View):
    view.rotate(20, QPointF(0, 0), WINDOW)
    before = view.transform(WINDOW)
    view.flip()
    view.flip()
    assert view.transform(WINDOW) == before
