"""The edge of what is cut out: how opaque it is, and which colour it has without the background mixed in."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from engine.data.messages import Pixels
from engine.finishing.foreground import Values
from engine.finishing.regions import Mask

_Plane = TypeVar("_Plane", bound=npt.NDArray[Any])

_SURE, _UNSURE = 60.0, 20.0
"""Differences between object and background from which, and up to which, a mixture of them says how much is
of which."""


def estimate_alpha(
    frame: Pixels,
    foreground: Mask,
    colour: Values | None,
    reach: int,
    soft_edge: float,
    *,
    outlined: bool,
) -> tuple[Values, Values]:
    """Opacity and colours of an object with a soft edge.

    A pixel of the edge is a mixture of background and object; the object's colour there is that around it
    which is farthest from the background's. From the outside inwards the opacity never falls: a light surface
    inside a dark contour is no edge.

    Args:
        frame: uint8 (H, W, 3).
        foreground: (H, W).
        colour: of the background, (3,); None where it isn't plain.
        reach: pixels that the background's colour may go inwards.
        soft_edge: pixels up to which the object may be less than opaque.
        outlined: it ends where an outline does; else where its colours are the background's.

    Returns:
        float32 (H, W), 0 to 1; and float32 (H, W, 3), 0 to 255.
    """
    from scipy import ndimage

    plain = frame.astype(np.float32)
    mask = foreground.astype(np.float32)
    shaped: Values = np.where(foreground, np.clip(ndimage.gaussian_filter(mask, 0.8) * 2 - 0.5, 0, 1), 0)
    own = _own(plain, foreground, colour, reach + 1)
    if colour is None:
        return shaped, np.where((shaped < 1)[..., None], own, plain)
    span = own - colour
    length = np.square(span).sum(2)
    share = ((plain - colour) * span).sum(2) / np.maximum(length, 1)
    mixed = np.clip(share, 0, 1)
    trust = np.clip((strongest(np.abs(span)) - _UNSURE) / (_SURE - _UNSURE), 0, 1)
    alpha = trust * mixed + (1 - trust) * shaped
    depth = ndimage.distance_transform_edt(foreground)
    alpha = _rising(np.where(foreground, alpha, 0), np.ceil(depth).astype(np.int32), reach)
    edge = (alpha < 0.995) & (depth <= reach) & foreground
    # Where the network stays behind the outline, the object's own colour goes on to its outer edge, half a
    # pixel beyond the outermost pixels, which are 1 deep.
    solid = np.clip((depth - 0.5) / max(1.0, soft_edge) if outlined else depth - soft_edge, 0, 1)
    return (np.maximum(alpha, solid) * foreground).astype(np.float32), np.where(edge[..., None], own, plain)


def _own(plain: Values, foreground: Mask, colour: Values | None, reach: int) -> Values:
    """The object's own colour near its edge: of those within ``reach``, the one farthest from the
    background."""
    background = np.full(3, 255, np.float32) if colour is None else colour
    source = np.arange(foreground.size, dtype=np.int32).reshape(foreground.shape)
    far = np.where(foreground, strongest(np.abs(plain - background)), -1).astype(np.float32)
    for _step in range(reach):
        for axis, by in ((0, 1), (0, -1), (1, 1), (1, -1)):
            moved, there = _moved(far, axis, by), _moved(source, axis, by)
            better = moved > far + 0.5
            far = np.where(better, moved, far)
            source = np.where(better, there, source)
    best: Values = plain.reshape(-1, plain.shape[2])[source]
    return best


def _moved(values: _Plane, axis: int, by: int) -> _Plane:
    """Each pixel's neighbour; at the edges the pixel itself."""
    moved: _Plane = np.roll(values, by, axis)
    edge = [slice(None)] * values.ndim
    edge[axis] = slice(0, 1) if by > 0 else slice(-1, None)
    moved[tuple(edge)] = values[tuple(edge)]
    return moved


def _rising(alpha: Values, depth: np.ndarray[tuple[int, ...], np.dtype[np.int32]], reach: int) -> Values:
    """Never less opaque than what lies further out, layer by layer."""
    from scipy import ndimage

    for layer in range(2, reach + 1):
        around = ndimage.maximum_filter(np.where(depth < layer, alpha, 0), 3)
        alpha = np.where(depth == layer, np.maximum(alpha, around), alpha)
    return alpha


def strongest(values: Values) -> Values:
    """The greatest of each pixel's three values, (H, W, 3) → (H, W); quicker than ``max(2)``."""
    most: Values = np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2])
    return most
