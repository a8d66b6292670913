"""What a model that is taught does well already: its sample drawings, and what it makes of them now.

A network trained on one pair alone forgets the rest within minutes. So these stand beside the corrected pair
in its lessons, as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from desktop.documents.samples import samples
from desktop.paint.files.drawing import Drawing
from desktop.preview.tryouts import TryOuts
from engine.data.card import Card
from engine.data.messages import Picture, Pixels, TryOut
from engine.planes.codec import usually_native, working_size

MOST = 6

Example = tuple[Picture, Pixels]
"""A drawing, and what the model makes of it, uint8 (H, W, 3) of any size."""


def examples(card: Card, base: str, given_up: Callable[[], bool] = lambda: False) -> list[Picture]:
    """Some drawings made for a model, as the network is to see them. Slow: files.

    Args:
        card: the model's.
        base: the name that the sample drawings know it by.
        given_up: asked meanwhile whether nobody waits for them any more; then there are fewer.

    Raises:
        PictureError: a drawing can't be read.
    """
    found: list[Picture] = []
    for path in samples(card.input, base):
        if given_up() or len(found) == MOST:
            break
        drawing = Drawing.load(path)
        if drawing.model == base:
            document = drawing.document(card.palette)
            drawing.replay(document)
            found.append(document.picture())
    return found


def replay(
    drawn: Sequence[Picture],
    card: Card,
    model: Path,
    tryouts: TryOuts,
    done: Callable[[list[Example] | None], object],
) -> None:
    """Have the model make a preview of each, one after the other, when the engine has nothing else to do.

    Args:
        drawn: the drawings.
        card: the model's,
        model: and its file.
        tryouts: the engine.
        done: called when all are made; with None where one could not be.
    """
    made: list[Example] = []

    def go_on() -> None:
        if len(made) == len(drawn):
            done(made)
            return
        picture = drawn[len(made)]
        size = working_size(picture.size, card, native=usually_native(card))
        tryouts.ask(TryOut(model, picture, size), take)

    def take(preview: Pixels | None) -> None:
        if preview is None:
            done(None)
            return
        made.append((drawn[len(made)], preview))
        go_on()

    go_on()
