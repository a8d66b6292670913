"""The text of ``stack.xml``, from whomever it comes: parsed without entities; what makes no sense is said."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from PySide6.QtCore import QCoreApplication

from desktop.paint.files.stack import called, damaged, listed, number
from engine.errors import PictureError

_NEARLY = 1e-6
"""So far beyond 1 an opacity may be: others calculate with few digits."""
_REFERENCE = re.compile(rb"&(?!#|(?:amp|lt|gt|quot|apos);)")
"""To an entity other than those that XML itself knows."""

translate = QCoreApplication.translate


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
    told = (
        (faint, translate("paint", "The opacity of {0} is no number from 0 to 1; it was taken for 1.")),
        (nowhere, translate("paint", "Where {0} lies is no number; it was put at the edge.")),
        (between, translate("paint", "What lay between pixels was moved to the nearest: {0}.")),
        (unclear, translate("paint", "Whether {0} is hidden is not clear; it is shown.")),
    )
    return [text.format(listed(list(dict.fromkeys(names)))) for names, text in told if names]


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
