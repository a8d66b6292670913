"""From a preview to what is exported of it: larger, cut out, framed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.data.card import Card
from engine.data.messages import Picture, Pixels
from engine.finishing.cutting import Step, cut_out
from engine.finishing.foreground import Enclosed
from engine.finishing.framing import Room, framed
from engine.finishing.larger import enlarged
from engine.planes import codec


@dataclass(frozen=True)
class FinishOptions:
    """What is wanted of a preview."""

    cut: bool = False
    """Only the object, without its background."""
    factor: int = 1
    """How many times as large as the picture: 1, 2 or 4."""
    room: Room = field(default_factory=Room)
    """Around what is cut out."""
    enclosed: Enclosed = "seen"
    """What becomes of parts of it that look like the background, see ``engine.finishing.foreground``."""


def made(
    preview: Pixels,
    picture: Picture,
    size: tuple[int, int],
    options: FinishOptions,
    step: Step = lambda _done, _total: None,
    finish: Callable[[Pixels], Pixels] = lambda frame: frame,
) -> Pixels:
    """Make what is wanted of a preview.

    Args:
        preview: as the network made it, uint8 (H, W, 3).
        picture: what it was made of.
        size: width and height of the picture.
        options: what is wanted.
        step: called now and then; may raise to end it.
        finish: lays over a preview, uint8 (H, W, 3) of any size, what was painted over it by hand.

    Returns:
        uint8 (H, W, 3), or (H, W, 4) straight RGBA of what is cut out.

    Raises:
        PictureError: no object can be told from its background, or it would have too many pixels.
    """
    working = preview.shape[1], preview.shape[0]
    wanted = size[0] * options.factor, size[1] * options.factor
    if options.factor == 1 or wanted[0] < working[0] or wanted[1] < working[1]:
        frame = codec.scaled_preview(preview, wanted)
    else:
        halves = 2 if options.cut else 1
        frame = enlarged(preview, wanted, _drawing(picture), lambda done, total: step(done, total * halves))
    frame = finish(frame)
    if not options.cut:
        return frame
    first = options.factor > 1
    cut = cut_out(
        frame,
        picture,
        working,
        lambda done, total: step(done + total * first, total * (1 + first)),
        options.enclosed,
    )
    return framed(cut, options.room)


def _drawing(picture: Picture) -> Pixels | None:
    """What of a picture says where edges are."""
    return picture.lines if picture.lines is not None else picture.pixels


def picture_of(pixels: Pixels, card: Card) -> Picture:
    """A flat picture, uint8 (H, W, 3), as a model of that card sees it: sketches have lines and hints."""
    if card.input != "sketch":
        return Picture(pixels=pixels)
    prepared = codec.flat(pixels, card)
    if card.hints:
        return Picture(lines=prepared[..., 0], hints=prepared[..., 1:])
    return Picture(lines=prepared[..., 0] if prepared.shape[2] == 1 else pixels.min(2))
