"""The twenty ways of mixing of OpenRaster, pixel by pixel against the formulas of the specification.

https://www.openraster.org/baseline/layer-stack-spec.html, https://www.w3.org/TR/compositing-1/
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from desktop.paint.files import project
from engine.data.picture import to_png_bytes

Colour = tuple[float, ...]

# --- the specification, one pixel at a time ------------------------------------------------------------


def _soft(b: float, s: float) -> float:
    root = ((16 * b - 12) * b + 4) * b if b <= 0.25 else math.sqrt(b)
    return b - (1 - 2 * s) * b * (1 - b) if s <= 0.5 else b + (2 * s - 1) * (root - b)


def _hard(b: float, s: float) -> float:
    return 2 * s * b if s <= 0.5 else b + (2 * s - 1) - b * (2 * s - 1)


SEPARABLE: dict[str, Callable[[float, float], float]] = {
    "src-over": lambda b, s: s,
    "multiply": lambda b, s: b * s,
    "screen": lambda b, s: b + s - b * s,
    "overlay": lambda b, s: _hard(s, b),
    "darken": min,
    "lighten": max,
    "color-dodge": lambda b, s: 0 if b == 0 else 1 if s == 1 else min(1, b / (1 - s)),
    "color-burn": lambda b, s: 1 if b == 1 else 0 if s == 0 else 1 - min(1, (1 - b) / s),
    "hard-light": _hard,
    "soft-light": _soft,
    "difference": lambda b, s: abs(b - s),
    "exclusion": lambda b, s: b + s - 2 * b * s,
}


def _lum(c: Colour) -> float:
    return 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]


def _clip(c: Colour) -> Colour:
    light, n, x = _lum(c), min(c), max(c)
    if n < 0:
        c = tuple(light + (v - light) * light / (light - n) for v in c)
    if x > 1:
        c = tuple(light + (v - light) * (1 - light) / (x - light) for v in c)
    return c


def _set_lum(c: Colour, light: float) -> Colour:
    d = light - _lum(c)
    return _clip(tuple(v + d for v in c))


def _sat(c: Colour) -> float:
    return max(c) - min(c)


def _set_sat(c: Colour, wanted: float) -> Colour:
    order = sorted(range(3), key=lambda place: c[place])
    result = [0.0, 0.0, 0.0]
    if c[order[2]] > c[order[0]]:
        result[order[1]] = (c[order[1]] - c[order[0]]) * wanted / (c[order[2]] - c[order[0]])
        result[order[2]] = wanted
    return tuple(result)


NON_SEPARABLE: dict[str, Callable[[Colour, Colour], Colour]] = {
    "hue": lambda b, s: _set_lum(_set_sat(s, _sat(b)), _lum(b)),
    "saturation": lambda b, s: _set_lum(_set_sat(b, _sat(s)), _lum(b)),
    "color": lambda b, s: _set_lum(s, _lum(b)),
    "luminosity": lambda b, s: _set_lum(b, _lum(s)),
}

PORTER_DUFF: dict[str, Callable[[float, float], tuple[float, float]]] = {
    # shares of what is laid and of what was there, by their alphas
    "plus": lambda s, b: (1, 1),
    "dst-in": lambda s, b: (0, s),
    "dst-out": lambda s, b: (0, 1 - s),
    "src-atop": lambda s, b: (b, 1 - s),
    "dst-atop": lambda s, b: (1 - b, s),
}


def reference(mode: str, below: Colour, above: Colour) -> Colour:
    """What is seen on white, red green blue 0 to 1, of straight RGBA 0 to 1."""
    (*cb, ab), (*cs, as_) = below, above
    if mode in PORTER_DUFF:
        fa, fb = PORTER_DUFF[mode](as_, ab)
        alpha = min(1, as_ * fa + ab * fb)
        mixed = [min(1, s * as_ * fa + b * ab * fb) for s, b in zip(cs, cb, strict=True)]
    else:
        if mode in SEPARABLE:
            blended: Colour = tuple(SEPARABLE[mode](b, s) for b, s in zip(cb, cs, strict=True))
        else:
            blended = NON_SEPARABLE[mode](tuple(cb), tuple(cs))
        alpha = as_ + ab - as_ * ab
        mixed = [
            as_ * (1 - ab) * s + ab * (1 - as_) * b + as_ * ab * both
            for s, b, both in zip(cs, cb, blended, strict=True)
        ]
    return tuple(value + 1 - alpha for value in mixed)


# --- against it ---------------------------------------------------------------------------------------

LEVELS = (0, 51, 128, 204, 255)
COLOURS = [*product(LEVELS, repeat=3)]
"""Greys, black, white and the pure colours are where formulas divide by nothing."""


def _mixed(folder: Path, mode: str, below: np.ndarray, above: np.ndarray, more: str = "") -> np.ndarray:
    height, width = below.shape[:2]
    with zipfile.ZipFile(folder / "mode.ora", "w") as file:
        file.writestr("mimetype", "image/openraster")
        file.writestr(
            "stack.xml",
            f'<image w="{width}" h="{height}"><stack>'
            f'<layer src="above.png" composite-op="svg:{mode}" {more}/><layer src="below.png"/>'
            "</stack></image>",
        )
        file.writestr("above.png", to_png_bytes(above))
        file.writestr("below.png", to_png_bytes(below))
    loaded = project.load(folder / "mode.ora")
    assert not any("not known" in note for note in loaded.notes)
    return loaded.document.picture_flat()


def _wanted(mode: str, below: np.ndarray, above: np.ndarray) -> np.ndarray:
    pairs = zip(below.reshape(-1, 4).tolist(), above.reshape(-1, 4).tolist(), strict=True)
    values = [reference(mode, *(tuple(v / 255 for v in pixel) for pixel in pair)) for pair in pairs]
    return np.array(values).reshape(*below.shape[:2], 3) * 255


@pytest.mark.parametrize("mode", [*SEPARABLE, *NON_SEPARABLE, *PORTER_DUFF])
@pytest.mark.parametrize("alphas", [(255, 255), (255, 128), (128, 255), (170, 85), (0, 200), (200, 0)])
def test_layers_are_mixed_as_the_specification_says(
    mode: str, alphas: tuple[int, int], tmp_path: Path
) -> None:
    size = len(COLOURS)
    below, above = np.empty((size, size, 4), np.uint8), np.empty((size, size, 4), np.uint8)
    below[..., :3], above[..., :3] = np.array(COLOURS)[:, None], np.array(COLOURS)
    below[..., 3], above[..., 3] = alphas
    chosen = np.random.default_rng(3).choice(size, 40, replace=False)
    below, above = below[np.ix_(chosen, chosen)], above[np.ix_(chosen, chosen)]
    seen, wanted = _mixed(tmp_path, mode, below, above), _wanted(mode, below, above)
    # Of 255: half a level for every rounding on the way (premultiplied twice, mixed, laid on white), and
    # Qt's own modes round more than once.
    opaque = 0.51 if mode in NON_SEPARABLE else 2.01
    assert np.abs(seen - wanted).max() <= (opaque if alphas == (255, 255) else 2.5)


@pytest.mark.parametrize("mode", [*NON_SEPARABLE])
def test_where_a_layer_has_nothing_what_is_below_stays(mode: str, tmp_path: Path) -> None:
    below, above = np.zeros((9, 300, 4), np.uint8), np.full((4, 5, 4), (200, 30, 90, 255), np.uint8)
    below[...] = (20, 90, 220, 255)
    seen = _mixed(tmp_path, mode, below, above, 'x="-2" y="7" opacity="0.5"')
    wanted = np.array(
        reference(mode, (20 / 255, 90 / 255, 220 / 255, 1), (200 / 255, 30 / 255, 90 / 255, 0.5))
    )
    assert np.abs(seen[7:, :3] - wanted * 255).max() <= 1.5
    seen = seen.copy()
    seen[7:, :3] = (20, 90, 220)
    assert (seen == (20, 90, 220)).all()
