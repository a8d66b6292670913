"""``stack.xml`` of OpenRaster files: what its elements say, and what of it we don't know."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

from PySide6.QtCore import QCoreApplication

from engine.errors import PictureError

PLAIN = "svg:src-over"
"""The one way of mixing layers that our documents know."""

MOST_ELEMENTS = 10_000
MOST_NAMED = 3
"""Layers that a sentence calls by name."""

RESOLUTION = ("xres", "yres")
"""Pixels an inch, which we keep for others."""

_KNOWN = {
    "image": {"version", "w", "h", "name", *RESOLUTION},
    "stack": {"name", "x", "y", "opacity", "visibility", "composite-op", "isolation", "selected"},
    "layer": {"name", "src", "x", "y", "opacity", "visibility", "composite-op", "selected", "edit-locked"},
}
"""Attributes that are understood or, like which layer is chosen, nothing of the picture."""

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)

translate = QCoreApplication.translate


def strange(stack: ElementTree.Element, is_picture: Callable[[ElementTree.Element], bool]) -> str:
    """What in the stack we don't know how to show as layers, in words; empty if all is plain.

    Args:
        stack: whose elements are looked at.
        is_picture: whether a layer is made of a picture.
    """
    for element in stack:
        if element.tag == "stack":
            return translate("paint", "groups of layers")
        if element.tag != "layer" or not element.get("src"):
            return translate("paint", "layers of another sort")
        if element.get("composite-op", PLAIN) != PLAIN:
            return translate("paint", "blend modes")
        if not is_picture(element):
            return translate("paint", "layers that are no PNG pictures")
    if stack.get("composite-op", PLAIN) != PLAIN or is_hidden(stack) or opacity(stack) < 1:
        return translate("paint", "settings of the whole stack")
    return ""


def beside(root: ElementTree.Element, stack: ElementTree.Element) -> bool:
    """Whether there is anything beside a stack of plain layers that saving would lose."""
    if any(element is not stack for element in root) or any(len(element) for element in stack):
        return True
    return any(set(element.attrib) - _KNOWN.get(element.tag, set()) for element in (root, stack, *stack))


def check_count(stack: ElementTree.Element, name: str) -> None:
    """Refuse what only wants to keep the program busy.

    Raises:
        PictureError: more elements than any picture has.
    """
    if sum(1 for _ in stack.iter()) > MOST_ELEMENTS:
        text = translate("paint", "“{0}” has more than {1} layers, which is more than can be shown.")
        raise PictureError(text.format(name, MOST_ELEMENTS))


def is_hidden(element: ElementTree.Element) -> bool:
    """Whether a layer or stack is not to be seen."""
    return element.get("visibility", "visible") == "hidden"


def sources(root: ElementTree.Element) -> Iterator[str]:
    """The members that layers name, at whatever depth."""
    for element in root.iter("layer"):
        yield element.get("src", "")


def whole(element: ElementTree.Element, attribute: str, name: str, default: int | None = None) -> int:
    """An attribute that is a whole number; ``default`` where it is missing.

    Raises:
        PictureError: it is no number, or missing without default.
    """
    text = element.get(attribute)
    if text is None and default is not None:
        return default
    value = number(text or "")
    if value is None:
        raise damaged(name)
    return round(min(max(value, -float(1 << 31)), float(1 << 31)))


def number(text: str) -> float | None:
    """What a number means, whether it is written with a point or, as some do in some countries, with a comma;
    None where it is none, and infinity is none."""
    text = text.strip()
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def opacity(element: ElementTree.Element) -> float:
    """The opacity of a layer or stack, 0 to 1; ``markup.mended`` says where it makes no sense."""
    value = number(element.get("opacity", "1"))
    return 1.0 if value is None else min(max(value, 0.0), 1.0)


def damaged(name: str) -> PictureError:
    """The error to raise for a file that makes no sense."""
    text = translate("paint", "“{0}” is damaged or no OpenRaster file; fetch or save it anew.")
    return PictureError(text.format(name))


def called(element: ElementTree.Element) -> str:
    """What to call a layer or stack in sentences."""
    return (element.get("name") or element.get("src") or element.tag)[:40]


def listed(names: list[str]) -> str:
    """Names for a sentence, in quotation marks; of many the first ones and how many more there are."""
    few = "”, “".join(names[:MOST_NAMED])
    if len(names) <= MOST_NAMED:
        return f"“{few}”"
    return translate("paint", "“{0}” and {1} more").format(few, len(names) - MOST_NAMED)
