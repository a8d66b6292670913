"""``stack.xml`` of OpenRaster files, whoever wrote it: what it says, and what of it we don't know."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

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

_NEARLY = 1e-6
"""So far beyond 1 an opacity may be: others calculate with few digits."""
_REFERENCE = re.compile(rb"&(?!#|(?:amp|lt|gt|quot|apos);)")
"""To an entity other than those that XML itself knows."""
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
    """The opacity of a layer or stack, 0 to 1; ``mended`` says where it makes no sense."""
    value = number(element.get("opacity", "1"))
    return 1.0 if value is None else min(max(value, 0.0), 1.0)


def resolution_of(extras: dict[str, Any]) -> dict[str, str]:
    """Pixels an inch, where the file that the picture came from said so in numbers."""
    noted = extras.get("resolution")
    found = {name: noted.get(name) for name in RESOLUTION} if isinstance(noted, dict) else {}
    texts = {name: text for name, text in found.items() if isinstance(text, str) and len(text) <= 40}
    return {name: text for name, text in texts.items() if number(text) is not None}


def printable(name: str) -> str:
    """XML knows no control characters, not even escaped."""
    return "".join(letter if letter.isprintable() else " " for letter in name)


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


def parsed(content: bytes, name: str) -> ElementTree.Element:
    """Parse without entities: whoever declares some means harm, and no OpenRaster writer does.

    Any other document type is passed over, and nothing that it names is fetched.

    Raises:
        PictureError: no XML, or with entities.
    """
    # A reference to what lies elsewhere would vanish from an attribute, and the parser says nothing. Without
    # zeros UTF-16 reads like any other.
    if b"<!DOCTYPE" in (plain := content.replace(b"\0", b"")) and _REFERENCE.search(plain):
        raise damaged(name)
    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.specified_attributes = True
    parser.StartElementHandler = lambda tag, about: builder.start(
        _full(tag), {_full(attribute): value for attribute, value in about.items()}
    )
    parser.EndElementHandler = lambda tag: builder.end(_full(tag))
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = _refuse
    parser.SkippedEntityHandler = _refuse
    parser.AttlistDeclHandler = _refuse_defaults
    try:
        parser.Parse(content, True)
        root: Any = builder.close()
    except (expat.ExpatError, _HarmError, AssertionError, ValueError, LookupError) as error:
        raise damaged(name) from error
    assert isinstance(root, ElementTree.Element)
    return root


class _HarmError(Exception):
    pass


def _refuse(*_: object) -> None:
    raise _HarmError


def _refuse_defaults(_tag: str, _attribute: str, _kind: str, default: str | None, _required: bool) -> None:
    """What an element has without saying so would be lost, and may be a megabyte for each."""
    if default is not None:
        raise _HarmError


def _full(name: str) -> str:
    return "{" + name if "}" in name else name


def mended(root: ElementTree.Element, name: str) -> list[str]:
    """Bring what layers and groups say of themselves to what it means, in place.

    Returns:
        Sentences on what meant nothing, and what was taken instead.

    Raises:
        PictureError: a layer lies outside of the file.
    """
    faint: list[str] = []
    nowhere: list[str] = []
    between: list[str] = []
    unclear: list[str] = []
    for element in root.iter():
        if element.tag not in ("layer", "stack"):
            continue
        if element.get("src"):
            element.set("src", _inside(element.get("src", ""), name))
        if "opacity" in element.attrib:
            value = number(element.get("opacity", ""))
            if value is None or not 0 <= value <= 1 + _NEARLY:
                element.set("opacity", "1")
                faint.append(called(element))
        for side in {"x", "y"} & set(element.attrib):
            place = number(element.get(side, ""))
            if place is None:
                element.set(side, "0")
                nowhere.append(called(element))
            elif place % 1:
                between.append(called(element))
        if element.get("visibility", "visible") not in ("visible", "hidden"):
            unclear.append(called(element))
    messages = (
        (faint, translate("paint", "The opacity of {0} is no number from 0 to 1; it was taken for 1.")),
        (nowhere, translate("paint", "Where {0} lies is no number; it was put at the edge.")),
        (between, translate("paint", "What lay between pixels was moved to the nearest: {0}.")),
        (unclear, translate("paint", "Whether {0} is hidden is not clear; it is shown.")),
    )
    return [text.format(listed(list(dict.fromkeys(names)))) for names, text in messages if names]


def _inside(path: str, name: str) -> str:
    """The member that a path means.

    Raises:
        PictureError: it leads out of the file, on any system.
    """
    parts: list[str] = []
    for part in re.split(r"[/\\]", path):
        if part == ".." and parts:
            parts.pop()
        elif part == ".." or (not parts and ":" in part) or path.startswith(("/", "\\")):
            text = translate(
                "paint", "A layer of “{0}” lies outside of the file (“{1}”); save it there anew."
            )
            raise PictureError(text.format(name, path[:80]))
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
