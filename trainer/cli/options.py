"""What the options of the trainer's command line may be."""

from __future__ import annotations

from enum import StrEnum

import typer


class Task(StrEnum):
    """What becomes a photo."""

    labels = "labels"
    lines = "lines"
    hints = "hints"
    image = "image"
    grey = "grey"
    small = "small"


class RecipeName(StrEnum):
    """Sets of settings."""

    default = "default"
    paper = "paper"


class Format(StrEnum):
    """Of exported models."""

    onnx = "onnx"
    pth = "pth"


class Precision(StrEnum):
    """Number formats."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


def size(wish: str | None) -> tuple[int, int] | None:
    """Width and height from “256” or “384x256”.

    Raises:
        typer.BadParameter: it is neither.
    """
    if wish is None:
        return None
    words = wish.lower().replace("×", "x").split("x")
    if not 1 <= len(words) <= 2 or not all(word.strip().isdecimal() for word in words):
        raise typer.BadParameter("use 256, or 384x256 for width and height", param_hint="--size")
    return int(words[0]), int(words[-1])


MOST_MINUTES, MOST_EPOCHS = 1e6, 1e6
"""Of a training: about two years, and more rounds than anybody waits for."""


def one_of(**wishes: float | None) -> None:
    """Refuse more than one way to say how long.

    Raises:
        typer.BadParameter: there is more than one.
    """
    given = [f"--{name}" for name, wish in wishes.items() if wish is not None]
    if len(given) > 1:
        raise typer.BadParameter(
            f"{' and '.join(given)} contradict each other; use one", param_hint=given[-1]
        )


PAIR = (
    "How files make pairs, where that can't be seen: two folders or patterns, photos+masks or *+*_mask; "
    "left+right, top+bottom, first+third; alone."
)
IGNORE = "A colour of label maps that means no label: left out of losses and scores. May be given again."


def colours(values: list[str] | None) -> tuple[tuple[int, int, int], ...] | None:
    """Colours as 224,224,192 each; None where there are none.

    Raises:
        typer.BadParameter: something else.
    """
    answer = []
    for value in values or ():
        parts = [int(part) if part.strip().isdigit() else 256 for part in value.split(",")]
        if len(parts) != 3 or max(parts) > 255:
            raise typer.BadParameter(f"“{value}” is no colour; write 224,224,192", param_hint="--ignore")
        answer.append((parts[0], parts[1], parts[2]))
    return tuple(answer) or None
