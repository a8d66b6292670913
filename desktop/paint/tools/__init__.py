"""The tools, one module each; found by walking this package."""

from __future__ import annotations

import sys
from functools import cache

from desktop.paint.gestures.tool import Setting, Stroke, Tool
from desktop.paint.plugins import modules

__all__ = ["Setting", "Stroke", "Tool", "at_the_other_end", "tool_that_has", "tools"]


@cache
def tools() -> dict[str, Tool]:
    """Every tool by its id, in the order of lists."""
    found = [module.TOOL for module in modules(sys.modules[__name__])]
    return {tool.id: tool for tool in sorted(found, key=lambda tool: tool.order)}


def tool_that_has(setting: Setting) -> Tool:
    """The first tool to which that of the brush matters."""
    return next(tool for tool in tools().values() if setting in tool.settings)


def at_the_other_end() -> Tool:
    """The tool that a pen turned around is."""
    return next(tool for tool in tools().values() if tool.at_other_end)
