"""What a run shows while it goes on: the model so far, its pictures of pairs, and of the user's drawing."""

from __future__ import annotations

import io
import math
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from engine.data.card import Card
from engine.data.messages import Picture
from engine.data.style import MOST_NAMES, Code, Style
from engine.devices import device
from engine.errors import DeviceError, PictureError
from engine.passes.generator import Generator
from engine.planes import codec
from trainer.data import naming
from trainer.data.pairs import DataSet
from trainer.files import layouts
from trainer.loading import augment, pair_loader
from trainer.loading.augment import Sample, still
from trainer.run import events, health
from trainer.run.config import Config
from trainer.run.events import EventLog
from trainer.run.folder import Run
from trainer.training import ema, sheet
from trainer.training.state import State

Pixels = npt.NDArray[np.uint8]

SHOWN = 6
"""Pairs whose pictures are kept over time."""

SHOWN_STYLED = 3
"""So many where there are styles: each in its own, and in those of these seeds."""
STRANGE = (1, 2)

MEASURED = 16
"""Pairs whose L1 loss is taken, of known and of unknown ones each."""

TYPICAL = 48
"""Training pictures from which running statistics are estimated, in batches of"""
AT_ONCE = 8
"""at most. On the bundled facades model 4 cost the L1 loss a hundredth, 1 a fourteenth of what it is."""

A_PASS = 4
"""So many pictures take, without gradients, about the memory of one that is learnt from."""

DRAWING_SECONDS = 4.0
"""Between two checks whether the window left a drawing."""

MOST_DRAWING_BYTES = 256 << 20
"""Of the file, and of what it unpacks to."""

PLANES = {"pixels": (3,), "lines": (), "hints": (4,)}
"""What may be in a drawing, and its shape beside height and width."""

_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Of which zipfile never unpacks more than was asked for."""


class ValidationReporter:
    """Fixed pairs, validated again and again.

    Samples are made without augmentation, hints always the same. They are pictures ``SHOWN`` wide in
    ``samples/``: ``inputs.png``, ``targets.png``, and one a validation, named by its step. First come pairs
    that are not trained on; where there are too few of them, training pairs fill the row. Where there are
    styles, each pair is made in the style that is read of its photo, which is what losses are told of; in the
    row it is followed by pictures in two others.

    Which pairs these are decides nothing about the weights. A run from before they were spread evenly goes
    on with other pairs than it began with: bit for bit the same weights, but new pictures and scores.
    """

    def __init__(
        self, run: Run, config: Config, training: DataSet, validation: DataSet, log: EventLog
    ) -> None:
        self.run, self.config, self.log = run, config, log
        augment = config.augment(run.edge_maps)
        self.known = [still(pair, augment) for pair in layouts.spread(training.pairs, MEASURED)]
        self.unknown = [still(pair, augment) for pair in layouts.spread(validation.pairs, MEASURED)]
        shown = SHOWN_STYLED if config.style else SHOWN
        self.held_back = len(self.unknown[:shown])
        self.shown = [*self.unknown[:shown], *self.known[: shown - self.held_back]]
        self.strange = STRANGE if config.style else ()
        """Seeds of styles in which pairs are shown beside their own."""
        self._named = naming.photos(naming.named(training)) if config.style else {}
        # The other recipe learns from random codes alone, which is what its seeds stand for then.
        self._seen = _seen(config, training) if config.style and config.style_recipe == "bicycle" else []
        self._usual: Code | None = None
        """The style of the window's drawing, as of the newest model."""
        self.typical = [still(pair, augment).prepared for pair in layouts.spread(training.pairs, TYPICAL)]
        self._checked = time.monotonic()
        self._passed_over: tuple[int, int] | None = None
        """Time and size of a drawing that made no sense, which is told once."""
        self._spared = False
        self._written: int | None = None
        """The step that the model in the run folder is of, if this process wrote it."""

    @contextmanager
    def sparing(self, state: State) -> Iterator[None]:
        """Go without a validation that there is no memory for: the training matters more. Told once."""
        try:
            yield
        except (DeviceError, RuntimeError, MemoryError) as error:
            if not isinstance(error, DeviceError) and not device.gave_up(error):
                raise
            if not self._spared:
                self._spared = True
                self._say(
                    state,
                    "There was not enough memory to look at what it makes; the training goes on, and tries "
                    "again at the next validation.",
                )

    def show(self, state: State) -> None:
        """Write the model and its pictures of the fixed pairs, and tell how it does.

        Raises:
            OSError, ModelError, PictureError: the run folder can't be written.
        """
        config = self.config
        tensors = ema.finished(state, config, self._typical_planes(state))
        painter = ema.painter(config, tensors)
        unknown = _validated(painter, self.unknown)
        known = _validated(painter, self.known)
        reached = unknown or known
        assert reached is not None
        own = unknown.generated[: self.held_back] if unknown else []
        generated = [*own, *(known.generated if known else [])]
        name = f"{state.step:07d}.png"
        each = 1 + len(self.strange)
        columns = [pair for pair in self.shown for _ in range(each)]
        self._write("inputs.png", [sheet.shown(pair.prepared, painter.card) for pair in columns])
        self._write("targets.png", [pair.target for pair in columns])
        styles = self._styles(painter)
        card = replace(painter.card, **styles)
        self._usual = card.usual_style if config.style else None
        self._write(name, self._in_styles(painter, generated, card))

        if reached.l1 < state.best:
            state.best = reached.l1
            self._write_model(self.run.best, state, tensors, reached, styles)
        self._write_model(self.run.model, state, tensors, reached, styles)
        self.log.write(
            "samples", state.step, picture=name, count=len(columns), held_back=each * self.held_back,
            l1=round(reached.l1, 5), training_l1=round(known.l1, 5) if known else None,
            liveliness=round(reached.liveliness, 3),
            **({"early": True} if config.is_early(state.step) else {}),
        )  # fmt: skip
        self._report_model(state)
        logged = events.read(self.run.events)
        verdict, sentence = health.diagnosis(logged, config.pairs, config.batch, config.discriminator_first)
        self.log.write("health", state.step, verdict=verdict, sentence=sentence)

    def hand_over(self, state: State) -> None:
        """Bring the newest model to the last step, where a training is stopped between two validations.

        The state stays as it is, the best model too: whoever resumes knows nothing of this.

        Raises:
            OSError, ModelError: the run folder can't be written.
        """
        if not state.step or state.step == self._written:
            return
        tensors = ema.finished(state, self.config, self._typical_planes(state))
        painter = ema.painter(self.config, tensors)
        reached = _validated(painter, self.unknown or self.known)
        assert reached is not None
        self._write_model(self.run.model, state, tensors, reached, self._styles(painter))
        self._report_model(state)

    def _styles(self, painter: Generator) -> dict[str, Any]:
        """The fields of the card that are read from photos anew, each time."""
        if not self.config.style:
            return {}
        ours = {**self.config.card().styles, **naming.styles(self._named, painter.style_of)}
        named = dict(list(ours.items())[-MOST_NAMES:])  # of too many, the parent's first ones go
        return {"styles": named, "seeded_styles": naming.seeded(map(painter.style_of, self._seen))}

    def _in_styles(self, painter: Generator, generated: list[Pixels], card: Card) -> list[Pixels]:
        """Pictures of the pairs shown, each followed by those in other styles, of the card's seeds."""
        row = []
        for sample, own in zip(self.shown, generated, strict=False):
            row.append(own)
            row += [painter.translate(sample.prepared, style=card.code(seed)) for seed in self.strange]
        return row

    def _write_model(
        self,
        path: Path,
        state: State,
        tensors: dict[str, Tensor],
        reached: Validated,
        styles: dict[str, Any],
    ) -> None:
        ema.write(path, self.config, tensors, self._notes(state), scores={"l1": reached.l1}, **styles)

    def _report_model(self, state: State) -> None:
        self._written = state.step
        self.log.write("model", state.step, file=self.run.model.name)

    def translate_drawing(self, state: State) -> None:
        """Now and then, translate what the window left in ``drawing.npz`` by the newest average.

        Its statistics are those averaged along with it: near enough to watch, and quick.
        """
        if time.monotonic() - self._checked < DRAWING_SECONDS:
            return
        self._checked = time.monotonic()
        painted = self._drawing(state)
        if painted is None:
            return
        painter = ema.painter(self.config, ema.average_weights(state))
        prepared = codec.prepare(painted, painter.card, self.config.size)
        self.run.write_sample("drawing.png", painter.translate(prepared, style=self._usual))
        self.log.write("drawing", state.step, picture="drawing.png")

    def _drawing(self, state: State) -> Picture | None:
        """The window's drawing; None where there is none, or none that makes sense."""
        try:
            found = self.run.drawing.stat()
        except OSError:
            return None
        if (found.st_mtime_ns, found.st_size) == self._passed_over:
            return None
        try:
            return _read(self.run.drawing)
        except PictureError as error:
            self._passed_over = found.st_mtime_ns, found.st_size
            self._say(state, str(error))
            return None

    def _say(self, state: State, sentence: str) -> None:
        self.log.write("message", state.step, sentence=sentence)

    def _typical_planes(self, state: State) -> Iterator[Tensor]:
        card, network = self.config.card(), state.generator
        at_once = min(AT_ONCE, A_PASS * state.micro_batch)
        for start in range(0, len(self.typical), at_once):
            prepared = self.typical[start : start + at_once]
            yield pair_loader.as_inputs(prepared, card, network.multiple, network.least).to(state.device)

    def _write(self, name: str, pictures: list[Pixels]) -> None:
        if pictures:
            self.run.write_sample(name, sheet.row(pictures))

    def _notes(self, state: State) -> dict[str, Any]:
        config = self.config
        return {
            "step": state.step,
            "steps": config.steps,
            "pictures": state.step * config.batch,
            "epochs": round(state.step * config.batch / max(1, config.pairs), 2),
            "task": config.task,
            "recipe": config.recipe,
            "seed": config.seed,
            **({"style_recipe": config.style_recipe} if config.style else {}),
            **({"repaint": config.repaint, "repainted": config.repainted} if config.repaint else {}),
            "digest": config.digest,
            "validation": config.validation,
            **({"photos_apart": True} if config.photos_apart else {}),
            **({"swap": True} if config.swap else {}),
            **({"pair": config.way} if config.way else {}),
            "size": list(config.size),
            **({"ignored": config.ignored} if config.ignored else {}),
        }


class Validated:
    """What a painter makes of pairs, and how near it comes."""

    def __init__(self, generated: list[Pixels], samples: list[Sample]) -> None:
        self.generated = generated
        targets = [sample.target for sample in samples]
        differences = [
            np.abs(sample.masked(one).astype(np.int16) - sample.target).mean() / sample.share
            for one, sample in zip(generated, samples, strict=True)
            if sample.known is None or sample.known.any()
        ]
        self.l1 = float(np.mean(differences or [0.0])) / 127.5
        """Mean absolute difference on the scale of the loss: pixels in [−1, 1]."""
        self.liveliness = _spread_of(generated) / max(1e-6, _spread_of(targets))


def _seen(config: Config, training: DataSet) -> list[Pixels]:
    """Some photos as the training sees them, but whole: as many of them painted anew."""
    if not config.repaint:
        return naming.of_all(training)
    numbers = layouts.spread(range(len(training.pairs)), naming.LOOKED_AT)
    return list(map(naming.small, augment.seen(training, numbers, config.seed, config.augment())))


def _validated(painter: Generator, samples: list[Sample]) -> Validated | None:
    if not samples:
        return None
    generated = [painter.translate(sample.prepared, style=_own(painter, sample)) for sample in samples]
    return Validated(generated, samples)


def _own(painter: Generator, sample: Sample) -> Style | None:
    """The style of a sample's photo, if there are styles."""
    return painter.style_of(sample.target) if painter.card.style_encoder else None


def _spread_of(pictures: list[Pixels]) -> float:
    return float(np.mean([picture.std((0, 1)).mean() for picture in pictures]))


def _read(file: Path) -> Picture:
    """A drawing as the window writes it, measured before it takes memory.

    Raises:
        PictureError: it is something else.
    """
    try:
        if file.stat().st_size > MOST_DRAWING_BYTES:
            raise ValueError("the file is too large")
        with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as members:
            listed = members.infolist()
            if sum(member.file_size for member in listed) > MOST_DRAWING_BYTES:
                raise ValueError("it unpacks to too much")
            if any(member.compress_type not in _PACKINGS for member in listed):
                raise ValueError("it is packed in another way")
            planes = {name.removesuffix(".npy"): members.read(name) for name in members.namelist()}
        if not planes.keys() <= PLANES.keys():
            raise ValueError("there is something else in it")
        painted = Picture(**{name: _plane(content, PLANES[name]) for name, content in planes.items()})
        if painted.pixels is None and painted.lines is None:
            raise ValueError("nothing is painted")
        width, height = painted.size
        if any(getattr(painted, name).shape[:2] != (height, width) for name in planes):
            raise ValueError("its parts differ in size")
    except Exception as error:  # decoders raise nearly anything on damaged files
        raise PictureError(f"The drawing “{file.name}” can't be read ({error}); draw it anew.") from error
    return painted


def _plane(content: bytes, beside: tuple[int, ...]) -> Pixels:
    """One array of it, (H, W, …), of which there are just as many bytes as it says."""
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("it is of another version")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype != np.uint8 or shape[2:] != beside or len(shape) < 2 or min(shape) < 1:
        raise ValueError("it is no picture")
    values = np.frombuffer(content, np.uint8, offset=stream.tell())
    if len(values) != math.prod(shape):
        raise ValueError("it is cut short")
    return values.reshape(shape, order="F" if by_columns else "C")
