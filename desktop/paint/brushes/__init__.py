"""The brushes, one module each; found by walking this package."""

from __future__ import annotations

import sys
from functools import cache

from desktop.paint.plugins import modules
from desktop.paint.strokes.brush import Brush


@cache
def brushes() -> dict[str, Brush]:
    """Every brush by its id, in the order of lists."""
    found = [module.BRUSH for module in modules(sys.modules[__name__])]
    return {brush.id: brush for brush in sorted(found, key=lambda brush: brush.order)}


def brush_named(name: str) -> Brush:
    """The brush called ``name``; the first, if a file asks for one that we don't have."""
    return brushes().get(name) or next(iter(brushes().values()))
