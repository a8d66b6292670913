"""What a tool is: it starts strokes, and a stroke answers to the pointer until it ends."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

from PySide6.QtCore import QCoreApplication, QPointF

from desktop.paint.editing.document import Document
from desktop.paint.editing.history import Change
from desktop.paint.layers.ghost import Ghost
from desktop.paint.strokes.stroke import Ink, Sample
from engine.data.palette import Colour
from engine.data.rect import EMPTY, Rect

Setting = Literal[
    "brush",
    "size",
    "hardness",
    "opacity",
    "stabiliser",
    "pressure",
    "filled",
    "tolerance",
    "selects",
    "placement",
]
FREEHAND: tuple[Setting, ...] = ("brush", "size", "hardness", "opacity", "stabiliser", "pressure")
SHAPE: tuple[Setting, ...] = ("size", "opacity", "filled")
"""What of the brush matters to tools that draw as the hand goes, and to those that draw shapes."""


LARGEST, LEAST = 100.0, 0.001
"""How many times as large, or as small, anything can become that is transformed."""


class Placement(NamedTuple):
    """Where the box is, compared with where it was."""

    across: float = 0.0
    down: float = 0.0
    """How far its middle has moved, in pixels."""
    wide: float = 1.0
    high: float = 1.0
    """How many times as wide and as high; negative where it is mirrored."""
    degrees: float = 0.0
    """Clockwise, as seen."""

    def sane(self) -> Placement:
        """The same within what can be drawn."""
        return Placement(
            min(max(self.across, -1e5), 1e5),
            min(max(self.down, -1e5), 1e5),
            math.copysign(min(max(abs(self.wide), LEAST), LARGEST), self.wide),
            math.copysign(min(max(abs(self.high), LEAST), LARGEST), self.high),
            (self.degrees + 180) % 360 - 180,
        )


class Stroke(ABC):
    """One use of a tool, from pen down until the change it makes is done or called off.

    Made, it has done nothing yet; ``begun`` does what is seen at once. After it has ended it may still be
    called, and then does nothing: pointer events come late.
    """

    rect: Rect = EMPTY
    """Pixels that beginning the stroke changed; what later calls change, they return."""
    open: bool = True
    """Whether the stroke goes on."""
    picked: Colour | None = None
    """The colour taken from the picture, by the eyedropper."""
    outline: list[QPointF] | None = None
    """A line in picture coordinates for the canvas to draw while the stroke is open."""
    handles: Sequence[QPointF] = ()
    """Points in picture coordinates that can be taken hold of."""
    ghost: Ghost | None = None
    """What the canvas shows in place of a part of a layer, as long as making it takes too long."""
    lifted: Rect = EMPTY
    """Pixels that changed when the pen was lifted and the stroke went on."""
    reach: float = 6.0
    """How near, in picture pixels, a press must be to a point to mean it; depends on the zoom."""
    rests: bool = False
    """Whether it wants to be told, by a move to the same place, that the pen is held still."""
    placement: Placement | None = None
    """Where the box is that it transforms; None for one that transforms none."""
    became: str = ""
    """What the stroke has become by being held still, in the user's language."""

    def begun(self, sample: Sample) -> Self:
        """The pen touched ``sample``; returns the stroke itself, see ``rect``."""
        return self

    def press(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        """The pen touched ``sample`` again, in a stroke of several clicks; returns what changed."""
        return self.move(sample, shift, ctrl)

    def aim(self, reach: float) -> None:
        """Take a press so near to a point to mean it, see ``reach``."""
        self.reach = reach

    def place(self, placement: Placement) -> Rect:
        """Put the box there, if there is one; returns what changed."""
        return EMPTY

    @property
    def noted(self) -> list[Sample] | None:
        """What ``Tool.replay`` makes the same of; None where the pointer's own samples do."""
        return None

    @abstractmethod
    def move(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Rect:
        """The pen went to ``sample``; returns the pixels that changed.

        Args:
            sample: where it is.
            shift: straight from the last point; squares and circles; moves along one axis.
            ctrl: angles in steps of 15°; a copy is moved.
        """

    def follow(self, samples: Sequence[Sample], shift: bool = False, ctrl: bool = False) -> None:
        """The pen went to one after the other, while nobody looks: as ``move`` does, be it in less time."""
        for sample in samples:
            self.move(sample, shift, ctrl)

    @abstractmethod
    def finish(self, sample: Sample, shift: bool = False, ctrl: bool = False) -> Change | None:
        """The pen was lifted at ``sample``; the change made, or None while the stroke goes on."""

    def shut(self) -> None:
        """It has ended: nothing is shown of it any more."""
        self.open, self.outline, self.handles, self.ghost = False, None, (), None

    def relent(self) -> Change | None:
        """Esc was pressed: end with what was drawn before it became something else, and keep that; None for a
        stroke that is to be called off."""
        return None

    def step_back(self) -> Rect | None:
        """Undo was asked for: take back the last of several clicks; returns the pixels that changed, None
        where there is none but the first."""
        return None

    def step_forward(self) -> Rect | None:
        """Redo was asked for: do the click again that was taken back last; returns the pixels that changed,
        None where there is none."""
        return None

    @property
    def can_step_forward(self) -> bool:
        """Whether a click was taken back, and nothing done since."""
        return False

    def close(self) -> Change | None:
        """End a stroke of several clicks with what it has; None for one that ends where the pen is."""
        return None

    @abstractmethod
    def abort(self) -> Rect:
        """Bring everything back to how it was; returns the pixels that changed."""


@dataclass(frozen=True)
class Tool(ABC):
    """One module of ``desktop.paint.tools``: its ``TOOL``."""

    id: str
    name: str
    """English."""
    icon: str
    """Name of a glyph for qtawesome."""
    key: str
    """The one-letter shortcut."""
    order: int
    """Where it stands in lists, lowest first."""
    settings: tuple[Setting, ...] = ()
    """What of the brush matters to it; the rest is not shown."""
    clicks: bool = False
    """Whether a stroke goes on over several clicks, until it is closed."""
    at_once: bool = False
    """Whether its stroke begins when it is taken, before the pen touches anything."""
    by_hand: bool = False
    """Whether what it paints lies where the pen was: films show how it came there."""
    at_other_end: bool = False
    """Whether a pen turned around is this tool."""
    own_ink: Ink | None = None
    """The brush that it begins with where it keeps one apart from that of the other tools."""

    def takes_clicks(self, ink: Ink) -> bool:
        """Whether a stroke with ``ink`` goes on over several clicks, until it is closed."""
        return self.clicks

    @property
    def has_size(self) -> bool:
        """Whether the brush's size matters to it."""
        return "size" in self.settings

    @property
    def title(self) -> str:
        """The name in the user's language."""
        return QCoreApplication.translate("paint", self.name)

    def preparation(self, document: Document) -> Callable[[], object] | None:
        """What has to be done before a stroke begins, on another thread, as it would hold up the pen; None
        where nothing has to be."""
        return None

    @abstractmethod
    def start(
        self, document: Document, ink: Ink, sample: Sample, shift: bool = False, ctrl: bool = False
    ) -> Stroke:
        """Begin at ``sample``, on the document's active layer.

        Raises:
            PictureError: that layer can't be painted on.
        """

    def replay(
        self,
        document: Document,
        ink: Ink,
        samples: Sequence[Sample],
        shift: bool = False,
        ctrl: bool = False,
    ) -> Change:
        """Draw what was noted, on the active layer: the samples of the pointer, for tools of several clicks
        those of the clicks, or what the stroke had ``noted``.

        Raises:
            PictureError: that layer can't be painted on.
        """
        stroke = self.start(document, ink, samples[0], shift, ctrl)
        if self.takes_clicks(ink):
            for sample in samples:
                change = stroke.finish(sample, shift, ctrl)
                if change is not None:
                    return change
            return stroke.close() or Change()
        stroke.follow(samples[1:-1], shift, ctrl)
        return stroke.finish(samples[-1], shift, ctrl) or Change()


class Noted(Stroke):
    """A stroke of which is noted what it has become, not where the pointer was."""

    @abstractmethod
    def put(self, samples: Sequence[Sample]) -> Rect:
        """Become what was ``noted``, three samples or more; returns the pixels that changed."""

    @abstractmethod
    def close(self) -> Change:
        """End with that."""


@dataclass(frozen=True)
class NotedTool(Tool):
    """A tool of such strokes."""

    @abstractmethod
    def begin(self, document: Document, ink: Ink) -> Noted:
        """A stroke that nobody has drawn yet.

        Raises:
            PictureError: the active layer can't be painted on.
        """

    def replay(
        self,
        document: Document,
        ink: Ink,
        samples: Sequence[Sample],
        shift: bool = False,
        ctrl: bool = False,
    ) -> Change:
        stroke = self.begin(document, ink)
        if len(samples) >= 3:
            stroke.put(samples)
        return stroke.close()


def snapped(sample: Sample, x: float, y: float, degrees: float = 15.0) -> Sample:
    """``sample`` moved so that it lies in a direction from (x, y) that is a multiple of ``degrees``."""
    step = math.radians(degrees)
    angle = round(math.atan2(sample.y - y, sample.x - x) / step) * step
    # Projected, so that the end stays beside the pointer.
    length = (sample.x - x) * math.cos(angle) + (sample.y - y) * math.sin(angle)
    return sample._replace(x=x + length * math.cos(angle), y=y + length * math.sin(angle))
