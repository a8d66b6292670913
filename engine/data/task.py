"""What a model is trained for: which picture becomes the photo. Free of torch and numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from engine.data.card import InputKind

Task = Literal["labels", "lines", "hints", "grey", "small", "image"]
"""What the input is: a label map; drawn lines; lines with colour hints; the photo without its colours or
reduced; any other picture."""

TASKS: tuple[Task, ...] = get_args(Task)


def input_of(task: str) -> InputKind:
    """The kind of picture that a model trained for ``task`` wants painted; of an unknown one, any picture."""
    if task == "labels":
        return "labels"
    return "sketch" if task in ("lines", "hints") else "image"


def task_of(input: InputKind, hints: bool = True) -> Task:
    """What pairs whose inputs were painted are for.

    Args:
        hints: whether the model of a sketch has colour hints.
    """
    if input == "sketch":
        return "hints" if hints else "lines"
    return input
