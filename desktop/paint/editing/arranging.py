"""Steps that change the list of layers, or how one is shown, or that of styles; nothing happens before they
are taken."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from desktop.paint.editing.history import PropertiesStep, StateStep, StyleStep
from desktop.paint.editing.layer_stack import ROLES, LayerStack, PictureStyle, locked_text, translate
from desktop.paint.editing.limits import check_size
from desktop.paint.layers import overhang, scaling
from desktop.paint.layers.composite import to_straight, unpacked
from desktop.paint.layers.layer import Layer, Role, blank
from engine.data.messages import Pixels
from engine.data.rect import EMPTY, Rect
from engine.data.style import MOST_NAMES
from engine.errors import PictureError

LONGEST_NAME = 200
"""Letters of a layer's name, of which files have no more."""


class Ready(NamedTuple):
    """What a layer is to show, made beforehand, on any thread: to add it takes no time."""

    content: Pixels
    """uint8 (H, W, 4), premultiplied BGRA of the picture's size; nobody else writes to it."""
    rect: Rect
    """Holds all that isn't wholly transparent."""

    @classmethod
    def of(cls, pixels: Pixels, size: tuple[int, int]) -> Ready:
        """``pixels``, uint8 (H, W, 4) straight RGBA or (H, W, 3), fitted into a picture of ``size``."""
        content = scaling.fitted(pixels, *size, smooth=True)
        return cls(content, Layer(0, "", Role.FINISH, content).bounds())


def adding(
    stack: LayerStack, role: Role, name: str, pixels: Pixels | Ready | None, opacity: float
) -> StateStep:
    """A new layer above the active one (one that isn't sent: above all), to be painted on from then on.

    Args:
        stack: what it is added to.
        role: one that documents of this kind know, or one that isn't sent.
        name: made up if empty, and cut if long.
        pixels: uint8 (H, W, 4) straight RGBA or (H, W, 3); of another size, they are fitted in. On no layer
            of labels may they be ready already.
        opacity: 0 to 1.

    Raises:
        PictureError: a role that doesn't belong, or too many layers.
    """
    if role.sent and role not in ROLES[stack.kind]:
        raise PictureError(translate("paint", "A picture of this kind has no such layers."))
    beyond = overhang.extent(stack.layers, stack.bounds)
    check_size(stack.width, stack.height, len(stack.layers) + 1, beyond)
    content, rect = pixels if isinstance(pixels, Ready) else (blank(stack.width, stack.height), EMPTY)
    assert content.shape[:2] == (stack.height, stack.width)
    if pixels is not None and not isinstance(pixels, Ready):
        content = scaling.fitted(pixels, stack.width, stack.height, smooth=role is not Role.LABELS)
        if role is Role.LABELS and stack.palette is not None:
            content = unpacked(scaling.as_labels(to_straight(content), stack.palette))
        rect = Layer(0, "", role, content).bounds()
    layer = Layer(stack.next_id, name[:LONGEST_NAME] or stack.free_name(role), role, content)
    layer.opacity = opacity
    index = stack.layers.index(stack.active) + 1 if role.sent else len(stack.layers)
    layers = (*stack.layers[:index], layer, *stack.layers[index:])
    active = layer if role.paintable else stack.active
    state = replace(stack.state, layers=layers, active=active)
    return StateStep(translate("paint", "Add layer"), state, rect)


def removing(stack: LayerStack, id: int) -> StateStep:
    """The layer with that id gone; the one below it is painted on, if it was.

    Raises:
        PictureError: it is locked, or the only one that the network sees.
    """
    layer = stack.layer(id)
    if layer.locked:
        raise PictureError(locked_text(layer))
    if layer.role.sent and sum(other.role.sent for other in stack.layers) == 1:
        raise PictureError(translate("paint", "A picture needs at least one layer to paint on."))
    index = stack.layers.index(layer)
    layers = tuple(other for other in stack.layers if other is not layer)
    active = layers[max(0, index - 1)] if layer is stack.active else stack.active
    if not active.role.sent:
        active = next(other for other in reversed(layers) if other.role.sent)
    state = replace(stack.state, layers=layers, active=active)
    return StateStep(translate("paint", "Remove layer"), state, layer.bounds() if layer.shown else EMPTY)


def moving(stack: LayerStack, id: int, index: int) -> StateStep | None:
    """The layer at ``index`` in the list, 0 being the bottom; None where it is there already."""
    layer = stack.layer(id)
    layers = [other for other in stack.layers if other is not layer]
    layers.insert(min(max(index, 0), len(layers)), layer)
    if layers == stack.layers:
        return None
    state = replace(stack.state, layers=tuple(layers))
    return StateStep(translate("paint", "Move layer"), state, layer.bounds())


def setting(
    layer: Layer, name: str | None, visible: bool | None, opacity: float | None, locked: bool | None
) -> PropertiesStep | None:
    """A layer with other properties; None where all is so already.

    Args:
        layer: it.
        name: up to 200 characters.
        visible: shown, and seen by the network.
        opacity: 0 to 1; label layers are always opaque.
        locked: can't be painted on.
    """
    if opacity is not None:
        opacity = 1.0 if layer.role is Role.LABELS else min(max(float(opacity), 0.0), 1.0)
    wanted = {"name": name and name[:LONGEST_NAME], "visible": visible, "opacity": opacity, "locked": locked}
    values = {
        field: value
        for field, value in wanted.items()
        if value is not None and value != getattr(layer, field)
    }
    return PropertiesStep(translate("paint", "Layer properties"), layer.id, values) if values else None


def naming(stack: LayerStack, style: PictureStyle) -> StyleStep:
    """A style kept by its name, in place of one that has it; where it is the picture's, that has the name.

    Raises:
        PictureError: there are too many.
    """
    others = tuple(other for other in stack.named_styles if other.name != style.name)
    if len(others) >= MOST_NAMES:
        raise PictureError(translate("paint", "There are too many named styles; forget some first."))
    own = style if stack.style is not None and stack.style.code == style.code else stack.style
    return StyleStep(translate("paint", "Name style"), own, (*others, style))


def forgetting(stack: LayerStack, name: str) -> StyleStep | None:
    """The style of that name kept no more; the picture's own stays. None where there is none."""
    others = tuple(other for other in stack.named_styles if other.name != name)
    if others == stack.named_styles:
        return None
    return StyleStep(translate("paint", "Forget style"), stack.style, others)
