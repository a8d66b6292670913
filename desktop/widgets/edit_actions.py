"""What the actions that edit the picture do."""

from __future__ import annotations

from functools import partial
from typing import get_args

from PySide6.QtWidgets import QWidget

from desktop.paint.editing.document import Role
from desktop.paint.strokes.stroke import Selects
from desktop.paint.tools import tools
from desktop.session import Session
from desktop.widgets.canvas.clipboard import Clipboard
from desktop.widgets.dialogs import picture_dialogs
from desktop.widgets.hand.presets import Presets
from desktop.widgets.parts.actions import Reactions, when_on
from desktop.widgets.parts.files import Files
from engine.data.rect import EMPTY


def on_edits(
    session: Session, clipboard: Clipboard, files: Files, presets: Presets, window: QWidget
) -> Reactions:
    """Which action does what.

    Args:
        session: whose picture it is.
        clipboard: cuts, copies and pastes.
        files: asks for a photo to trace.
        presets: asks for the name of a brush.
        window: over which dialogs open.
    """
    strokes = session.strokes
    return {
        "undo": session.undo,
        "redo": session.redo,
        "cut": clipboard.cut,
        "copy": clipboard.copy,
        "copy_preview": clipboard.copy_preview,
        "paste": clipboard.paste,
        "clear": session.clear,
        "select_all": lambda: session.selecting.select(session.document.bounds),
        "select_nothing": lambda: session.selecting.select(EMPTY),
        "invert": session.selecting.invert,
        **{f"select_{what}": partial(strokes.select_by, what) for what in get_args(Selects)},
        "reset_axes": lambda: strokes.set_everywhere(axes=(0.5, 0.5, 0.0)),
        "resize": lambda: picture_dialogs.ResizeDialog(session, window).open(),
        "crop": lambda: picture_dialogs.CropDialog(session, window).open(),
        "smaller": lambda: strokes.scale_brush(1 / 1.15),
        "larger": lambda: strokes.scale_brush(1.15),
        "keep_preset": presets.ask_name,
        "next_preset": lambda: session.handling.step_preset(1),
        "previous_preset": lambda: session.handling.step_preset(-1),
        "draw_lines": lambda: strokes.choose_role(Role.LINES),
        "draw_hints": lambda: strokes.choose_role(Role.HINTS),
        "add_paint": session.layers.add_paint,
        "add_reference": files.add_reference,
        "preview_layer": session.finishing.add_layer,
        "remove_layer": lambda: session.edit(lambda d: d.remove_layer(d.active.id)),
        "layer_up": lambda: session.layers.move(1),
        "layer_down": lambda: session.layers.move(-1),
        **{f"tool_{name}": when_on(partial(strokes.choose_tool, name)) for name in tools()},
    }
