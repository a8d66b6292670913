"""What the tests of the painting core share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
import pytest

from desktop.paint.editing.document import Change, Document
from desktop.paint.strokes.stroke import Ink, Sample
from desktop.paint.tools import tools
from engine.data.palette import Label, Palette

Point = tuple[float, float]


@pytest.fixture
def palette() -> Palette:
    return Palette(
        "Houses",
        (
            Label("wall", (0, 48, 255)),
            Label("Background", (0, 0, 222)),
            Label("window", (0, 128, 255)),
            Label("door", (0, 208, 255)),
            Label("roof", (255, 80, 0)),
        ),
    )


@pytest.fixture(params=["sketch", "labels", "image"])
def document(request: pytest.FixtureRequest, palette: Palette) -> Document:
    """An empty picture of every kind, of an awkward size."""
    return Document.new(request.param, 150, 101, palette if request.param == "labels" else None)


@pytest.fixture
def sketch() -> Document:
    return Document.new("sketch", 200, 160)


@pytest.fixture
def fingerprint() -> Callable[[Document], str]:
    """All of a document that undo has to bring back, down to the byte."""

    def of(document: Document) -> str:
        digest = hashlib.sha256(
            repr((document.width, document.height, document.paper, document.palette)).encode()
        )
        for layer in document.layers:
            digest.update(
                repr((layer.id, layer.name, layer.role, layer.visible, layer.opacity, layer.locked)).encode()
            )
            digest.update(layer.pixels.tobytes())
        return digest.hexdigest()

    return of


@pytest.fixture
def draw() -> Callable[..., Change]:
    """Draw with a tool through some points."""

    def drawn(
        document: Document,
        tool: str,
        *points: Point,
        ink: Ink | None = None,
        shift: bool = False,
        ctrl: bool = False,
    ) -> Change:
        stroke = tools()[tool].start(document, ink or Ink(), Sample(*points[0]), shift, ctrl)
        for point in points[1:]:
            stroke.move(Sample(*point), shift, ctrl)
        change = stroke.finish(Sample(*points[-1]), shift, ctrl)
        assert change is not None
        return change

    return drawn


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
