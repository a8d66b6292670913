"""``stack.xml`` of OpenRaster files: read without trust, and looked through for what we don't know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from PySide6.QtCore import QCoreApplication

from engine.errors import PictureError

PLAIN = "svg:src-over"
"""The one way of mixing layers that our documents know."""

MOST_ELEMENTS = 10_000

RESOLUTION = ("xres", "yres")
"""Pixels an inch, which we keep for others."""

_KNOWN = {
    "image": {"version", "w", "h", "name", *RESOLUTION},
    "stack": {"name", "x", "y", "opacity", "visibility", "composite-op", "isolation", "selected"},
    "layer": {"name", "src", "x", "y", "opacity", "visibility", "composite-op", "selected", "edit-locked"},
}
"""Attributes that are understood or, like which layer is chosen, nothing of the picture."""

translate = QCoreApplication.translate


def strange(stack: ElementTree.Element) -> str:
    """What in the stack we don't know how to show as layers, in words; empty if all is plain."""
    for element in stack:
        if element.tag == "stack":
            return translate("paint", "groups of layers")
        if element.tag != "layer" or not element.get("src"):
            return translate("paint", "layers of another sort")
        if element.get("composite-op", PLAIN) != PLAIN:
            return translate("paint", "blend modes")
        if not is_png(element):
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


def is_png(element: ElementTree.Element) -> bool:
    """Whether it is a layer that a PNG picture makes, as OpenRaster wants it."""
    return element.tag == "layer" and element.get("src", "").lower().endswith(".png")


def is_hidden(element: ElementTree.Element) -> bool:
    """Whether a layer or stack is not to be seen."""
    return element.get("visibility", "visible") == "hidden"


def sources(root: ElementTree.Element) -> Iterator[str]:
    """The members that layers name, at whatever depth."""
    for element in root.iter("layer"):
        yield element.get("src", "")


def parsed(content: bytes, name: str) -> ElementTree.Element:
    """Parse without entities: whoever declares some means harm, and no OpenRaster writer does."""
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(content)
        root: Any = parser.close()
    except (ElementTree.ParseError, _DoctypeError, ValueError, LookupError) as error:
        raise damaged(name) from error
    assert isinstance(root, ElementTree.Element)
    return root


class _DoctypeError(Exception):
    pass


class _Builder(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise _DoctypeError


def whole(element: ElementTree.Element, attribute: str, name: str, default: int | None = None) -> int:
    """An attribute that is a whole number; ``default`` where it is missing.

    Raises:
        PictureError: it is no number, or missing without default.
    """
    text = element.get(attribute)
    if text is None and default is not None:
        return default
    try:
        value = int(float(text or ""))
    except (ValueError, OverflowError) as error:
        raise damaged(name) from error
    return min(max(value, -(1 << 31)), 1 << 31)


def opacity(element: ElementTree.Element) -> float:
    """The opacity of a layer or stack, 0 to 1."""
    try:
        value = float(element.get("opacity", "1"))
    except ValueError:
        return 1.0
    return min(max(value, 0.0), 1.0) if value == value else 1.0


def damaged(name: str) -> PictureError:
    """The error to raise for a file that makes no sense."""
    text = translate("paint", "“{0}” is damaged or no OpenRaster file; fetch or save it anew.")
    return PictureError(text.format(name))
