"""A loaded model on a device: uint8 pictures in, uint8 pictures out."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from engine.data.card import Card, Statistics
from engine.data.messages import Picture, Pixels
from engine.data.rect import Rect
from engine.data.style import Code, Style
from engine.devices import device, trials
from engine.errors import DeviceError, ModelError, PictureError
from engine.layers import shapes
from engine.layers.blocks import Translator
from engine.models import bundle
from engine.passes import building
from engine.passes.following import Following
from engine.passes.styles import Styles, check_pixels, rect_of, seed_of
from engine.passes.whole import Whole, valid
from engine.planes import codec
from engine.planes.preparing import Preparing

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

Notice = Callable[[str], None]
"""Called with a sentence that the user should read though nothing failed."""


class Generator:
    """One model, ready to translate pictures. Belongs to one thread at a time: in the window to the engine's.

    Made, it can translate at once. What makes it quicker may be put off until nobody waits (``hasty``), and
    is then done by ``make_ready``: the algorithms for its layers are *tried*, after which nothing rounds
    otherwise any more, and it is *warm*, so that the first stroke takes no longer than the next. Both make it
    *ready*. A device that gives up, or can't bear the number format, has it *placed* once more elsewhere,
    from the same tensors; it goes on from there, and is tried and warmed anew.

    Attributes:
        card: what the model is and wants.
        device: where it runs: ``cuda``, ``mps``, ``xpu`` or ``cpu``.
        statistics: ``image`` or ``running``.
        fell_back: whether it runs on the CPU because the device could not take it, gave up or is full.
    """

    def __init__(
        self,
        card: Card,
        tensors: dict[str, Tensor],
        *,
        device: str | None = None,
        statistics: Statistics | None = None,
        precision: str | None = None,
        incremental: bool = True,
        notice: Notice | None = None,
        hasty: bool = False,
    ) -> None:
        """Takes over ``tensors``; otherwise as ``open``, but without warming up.

        Args:
            hasty: nothing is tried that can be put off; ``make_ready`` does it.
        """
        codec.check(card)
        if statistics not in (None, "image", "running"):
            raise ModelError(f"There are no “{statistics}” statistics; use image or running.")
        self.card = card
        self.statistics: Statistics = statistics or card.statistics
        self._notice = notice or _warn
        self._tensors, encoder = bundle.split_tensors(tensors)
        self._styles = Styles(card, encoder)
        self._followed = card.usual_style
        self._incremental = incremental
        self._warned_of_palette = False
        self._preparing = Preparing(card)
        self._hasty = hasty
        self.fell_back = False
        # Of the device that it runs on, see ``_build``.
        self._where: torch.device
        self._wanted: str | None
        """The number format that was asked for."""
        self._running: building.Running
        self._following: Following
        self._warm = False
        self._trying: tuple[Translator, dict[nn.Module, shapes.Shape]] | None = None
        """A network whose algorithms are being tried, where that was broken off."""
        try:
            self._build(device, precision)
        except DeviceError:
            if device is not None or self.device == "cpu":
                raise
            self._notice(f"The device {self.device} can't take the model; it runs, slower, on the CPU.")
            self._build("cpu", precision)
            self.fell_back = True

    @property
    def precision(self) -> str:
        """``float32``, ``float16``, ``bfloat16`` or ``int8`` (integers where the network bears them, single
        precision elsewhere)."""
        return self._running.precision

    @property
    def algorithms(self) -> str:
        """How many convolutions run by which algorithm (see ``engine.devices.trials``), in words."""
        return self._running.algorithms

    @property
    def tried(self) -> bool:
        """Whether these algorithms are those that trials found; else they are only for the time being."""
        return self._running.tried

    @property
    def varies(self) -> bool:
        """Whether seeds make a difference: only networks with dropout know variations."""
        return self.network.has_dropout

    @property
    def settled(self) -> bool:
        """Whether what ``update`` answered last is the exact frame, so that ``settle`` has nothing to do.

        Never before the algorithms for the network's layers have been tried, since others round otherwise.
        """
        return self._following.settled and self.tried

    @property
    def ready(self) -> bool:
        """Whether ``make_ready`` has nothing to do."""
        return self._warm and self.tried

    def __call__(self, picture: Pixels, *, seed: int | None = None, style: Style | None = None) -> Pixels:
        """Translate a flat picture at its own size.

        What does not fit the network's multiple is padded and cropped back. In sketches for models
        with hints neutral pixels are ink and coloured ones hints; in label pictures a colour that
        is not of the palette counts as the nearest label, of which one notice is given.

        Args:
            picture: uint8 (H, W, 3), sRGB, at least 1 × 1.
            seed: switches dropout on, seeded by this, any whole number; None keeps it off.
            style: of models with styles: a seed, a name that the card knows, or a code, ``card.style``
                numbers (see ``style_of``); None: the card's usual one.

        Returns:
            uint8 (H, W, 3).

        Raises:
            PictureError: not such an array.
            StyleError: the model does not know the style, or the seed is none.
            DeviceError: not enough memory for a picture of this size.
        """
        return self.translate(self._prepared(picture), seed=seed, style=style)

    def prepare(self, picture: Picture, size: tuple[int, int] | None = None) -> Pixels:
        """What ``translate`` and ``retouch`` take: as by ``codec.prepare``, but of one picture after another
        only what has changed is made anew. The picture's arrays must stay as they are, and so must these.

        Raises:
            DeviceError: not enough memory.
        """
        with device.memory_for("a picture of {} × {} pixels".format(*picture.size)):
            return self._preparing(picture, size)

    def style_of(self, photo: Pixels) -> npt.NDArray[np.float32]:
        """The style of a photo, uint8 (H, W, 3), of what the model paints: a code, float32 (``card.style``,).

        Raises:
            StyleError: the model knows no styles, or can't read them.
            PictureError: not such an array.
            DeviceError: not enough memory.
        """
        return self._styles.of(photo)

    def follows(self, style: Style | None) -> bool:
        """Whether a style is that of the last ``update``; if not, the next is a whole pass."""
        return self.card.code(style) == self._followed

    def translate(self, prepared: Pixels, *, seed: int | None = None, style: Style | None = None) -> Pixels:
        """One pass over what ``codec.prepare`` or ``codec.flat`` made: uint8 (H, W, C) to (H, W, 3).

        When a graphics card is lost or full, the model moves to the CPU, of which notice is given.

        Raises:
            DeviceError: not enough memory for a picture of this size.
            StyleError: as a call.
        """
        size, code = (prepared.shape[0], prepared.shape[1]), self.card.code(style)
        if seed is not None:
            return self._carried(lambda: codec.to_pixels(self._pass(prepared, seed), *size), prepared, code)
        return self._carried(lambda: self._whole(self._whole.padded(prepared), size), prepared, code)

    def update(
        self, picture: Pixels, dirty: tuple[int, int, int, int] | None = None, *, style: Style | None = None
    ) -> Pixels:
        """The preview of a picture that is being painted, as soon as may be.

        Where the picture has changed since the last ``update``, the preview is that of the picture as
        it is now: exact but for rounding with running statistics; with the statistics of the image
        exact for the moments of the last exact frame, which stay until the next one. Around that it
        fades into what it was. ``settle`` gives the exact frame. Networks that can't make parts, and
        changes of half the picture, get a whole pass, which is the exact frame. Dropout stays off.

        Args:
            picture: uint8 (H, W, 3) as for a call; free to be written to afterwards.
            dirty: left, top, width and height, in pixels, of a rectangle around every change since the
                last ``update``; None: everything may have changed.
            style: as for a call. Another one than the last time means a whole pass.

        Returns:
            The whole preview, uint8 (H, W, 3).

        Raises:
            PictureError, StyleError, DeviceError: as a call.
        """
        return self.retouch(self._prepared(picture), None if dirty is None else rect_of(dirty), style=style)

    def retouch(
        self, prepared: Pixels, dirty: Rect | None, *, everywhere: bool = False, style: Style | None = None
    ) -> Pixels:
        """As ``update``, for what ``codec.prepare`` or ``codec.flat`` made.

        Args:
            everywhere: bring all of the preview up to date, with moments as they are: about two thirds
                of a whole pass.
        """
        code = self.card.code(style)
        if code != self._followed:
            self._followed = code
            self._following.restyled()
        return self._carried(lambda: self._following.follow(prepared, dirty, everywhere), prepared, code)

    def settle(self) -> Pixels:
        """The exact frame of the last picture given to ``update``, in its style, bit for bit as by a call.

        Raises:
            PictureError: there was none.
            DeviceError: as a call.
        """
        prepared = self._following.picture
        if prepared is None:
            raise PictureError("There is no picture to settle; call update with one first.")
        return self._carried(lambda: self._following.settle(prepared), prepared, self._followed)

    def forget(self) -> None:
        """Let go of the pictures that ``update`` and ``prepare`` follow, and of the memory that takes."""
        self._following = self._follower(self._whole)
        self._preparing = Preparing(self.card)

    def warm_up_in_haste(self) -> None:
        """As ``warm_up``, where it may turn out that another number format is needed."""
        if self._needs_warming:
            self.warm_up()

    @property
    def _needs_warming(self) -> bool:
        """Whether the first pass must not be that of a picture that somebody waits for."""
        if self._running.dtype == torch.bfloat16:  # which has been tried, where nobody asked for it
            return self.device != "cpu" or self._wanted is not None
        return self.device != "cpu" or self._running.dtype != torch.float32

    def make_ready(self, allowed: Callable[[], bool] = trials.always) -> bool:
        """Do what was put off in haste: try the algorithms for the layers, run by the best, prepare for
        strokes.

        Of a picture that is followed the exact frame is at hand then. Where something fails, all stays as
        it is.

        Args:
            allowed: asked now and then; no breaks off, to be gone on with another time.

        Returns:
            Whether that is all done.
        """
        try:
            if not self.tried and not self._try_algorithms(allowed):
                return False
            if not self._warm:
                self._warm_up_for(self._following.picture)
        except Exception:  # nobody has asked for it
            log.exception("The model could not be made ready; it goes on as it is")
            self._trying, self._warm = None, True
            self._running = replace(self._running, tried=True)
        return True

    def _try_algorithms(self, allowed: Callable[[], bool]) -> bool:
        """Whether all algorithms have been tried; then the network runs by the best, and is warm."""
        network, seen = self._trying = self._trying or self._unplaced()
        plan = trials.plan(network, seen, self._wanted, allowed)
        if plan.tried:
            picture, before = self._following.picture, (self._running, self._following)
            self._trying = None
            try:
                self._run(building.on_cpu(network, self.card, plan))
                self._warm_up_for(picture)
            except Exception:
                self._running, self._following = before
                raise
        return plan.tried

    def _warm_up_for(self, picture: Pixels | None) -> None:
        """Warm up, and follow a picture."""
        if picture is None or self._needs_warming:
            self.warm_up()
        if picture is not None:
            warm = self._warm

            def work() -> Pixels:  # a lost device has taken what was followed with it
                if self._following.picture is None:
                    self._following.follow(picture, None)
                if not warm:
                    self._following.prepare()
                return picture

            self._carried(work, picture, self._followed)
            self._warm = True

    def warm_up(self) -> None:
        """One pass at the model's own size, so that the first real one is quick.

        A device that can't run the network in 16 bits, or runs over in them, goes on in 32.
        """
        width, height = self.card.size
        blank = codec.flat(np.full((height, width, 3), 255, np.uint8), self.card)
        if self._running.dtype == torch.float32:
            self._warm_up(blank)
            return
        try:
            usable = bool(torch.isfinite(self._pass(blank, None)).all())
        except (RuntimeError, MemoryError) as error:
            if device.gave_up(error):
                self.translate(blank)  # moves to the CPU
                return
            usable = False
        if not usable:
            self._build(str(self._where), "float32")
        if self._whole.records:  # at the second time
            self.translate(blank)
        self._warm_up(blank)

    def _warm_up(self, blank: Pixels) -> None:
        def work() -> Pixels:
            self._following.warm_up(blank)
            return blank

        self._carried(work, blank, self._followed)
        self._warm = True
        self.forget()

    @property
    def _whole(self) -> Whole:
        return self._running.whole

    @property
    def network(self) -> Translator:
        """What runs: another one after a change of device or of algorithms."""
        return self._whole.network

    def _prepared(self, picture: Pixels) -> Pixels:
        check_pixels(picture, "picture")
        with device.memory_for(f"a picture of {picture.shape[1]} × {picture.shape[0]} pixels"):
            prepared = codec.flat(picture, self.card)
            strangers = 0 if self._warned_of_palette else codec.off_palette(picture, prepared, self.card)
        if strangers:
            self._warned_of_palette = True
            self._notice(
                f"{strangers} pixels are of no colour of the model's palette; each was taken for the nearest."
            )
        return prepared

    def _carried(self, work: Callable[[], Pixels], prepared: Pixels, code: Code) -> Pixels:
        """Do the work in a style, if need be once more on the CPU."""
        try:
            self._fold(code)
            return work()
        except (RuntimeError, MemoryError) as error:
            if not device.gave_up(error):
                raise
            if self.device == "cpu":
                height, width = prepared.shape[:2]
                # At the model's own size a pass is as large whatever the picture.
                given = max(width, height) == max(self.card.size)
                smaller = "close other programs, or use a model of a smaller size"
                raise DeviceError(
                    f"There is not enough memory for {width} × {height} pixels; "
                    f"{smaller if given else 'use a smaller picture'}."
                ) from error
            self._notice(f"The device {self.device} gave up; the model goes on, slower, on the CPU.")
        self._build("cpu", "float32" if self._wanted == "float32" else None)
        self.fell_back = True
        self._fold(code)
        return work()

    def _fold(self, code: Code) -> None:
        """Have the network make pictures of a style."""
        self._styles.fold(self._whole, code)

    def _pass(self, prepared: Pixels, seed: int | None) -> Tensor:
        """(1, 1 or 3, H', W') in [−1, 1], still padded."""
        padded = self._whole.padded(prepared)
        rng = None if seed is None else torch.Generator().manual_seed(seed_of(seed))
        with torch.inference_mode():
            translated: Tensor = self.network(
                self._whole.planes(padded), valid(padded, prepared.shape[:2]), rng
            )
        return translated

    def _build(self, wanted: str | None, precision: str | None) -> None:
        """Build the network on a device, in the number format and layout that suit it, whatever there was.

        Raises:
            DeviceError: there is no such device, or no room; ``device`` says then where there was none.
        """
        self._where = where = device.choose(wanted)
        self.device = where.type
        self._warm, self._wanted, self._trying = False, precision, None
        with device.memory_for(f"the model “{self.card.name}”"):
            network, seen = self._unplaced()
            if self.device == "cpu":
                allowed = trials.never if self._hasty else trials.always
                plan = trials.plan(network, seen, precision, allowed)
                self._run(building.on_cpu(network, self.card, plan))
            else:
                self._run(building.on_card(network, self.card, where, precision))

    def _unplaced(self) -> tuple[Translator, dict[nn.Module, shapes.Shape]]:
        """The network in single precision, its norms folded, and what each convolution is given."""
        network, seen = building.built(self.card, self._tensors, self.statistics)
        self._styles.take_off(network)
        return network, seen

    def _run(self, running: building.Running) -> None:
        """Make pictures by this from now on, in the style of before."""
        self._styles.fold(running.whole, self._followed)
        self._running, self._following = running, self._follower(running.whole)

    def _follower(self, whole: Whole) -> Following:
        return Following(whole, incremental=self._incremental)


def _warn(sentence: str) -> None:
    warnings.warn(sentence, stacklevel=4)
