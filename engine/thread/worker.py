"""The engine thread: it alone owns networks and devices, and answers requests one at a time.

Torch is imported on this thread when the first request needs it, so that a window can stand before.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from engine.data.messages import (
    Failed,
    Import,
    Imported,
    Inspect,
    Inspected,
    ModelOpened,
    Notice,
    OpenModel,
    Pixels,
    ReadStyle,
    Reply,
    Request,
    StyleRead,
    Translate,
    Translated,
    TriedOut,
    TryOut,
    Tuned,
    Varied,
    Vary,
)
from engine.errors import ModelError, StyleError, UnderpaintError
from engine.thread.crowding import Crowd
from engine.thread.mailbox import Mailbox
from engine.thread.pacing import REST_S, Extent, Pace

if TYPE_CHECKING:
    from engine.passes.generator import Generator

log = logging.getLogger(__name__)

MOST_OPEN = 3
"""Models kept open, so that going back to one takes no time."""

NICENESS = 5
"""How far the engine steps back behind the pen when both want the processor (Linux)."""

FIRST_S = 1.0
"""A model just opened is not made ready before its first pass was asked for, or so long after nothing was."""

_Request = TypeVar("_Request", bound=Request)

_Key = tuple[Path, int, int, str | None, str | None, str | None]


class Worker:
    """Runs the engine thread. ``send`` returns at once; answers arrive by ``reply``.

    At most one pass runs and one waits. A pass is superseded, never interrupted; every failure is
    an answer with a sentence, and the thread lives on. A preview made in parts is followed by the exact
    one as soon as the pen rests; then nothing runs.

    ``send``, ``start`` and ``stop`` are called by whoever owns it, on any thread; all that begins with an
    underscore runs on the engine thread, one request from its first line to its answer before the next.
    """

    def __init__(self, reply: Callable[[Reply], None]) -> None:
        """``reply`` is called on the engine thread."""
        self._reply = reply
        self._mailbox = Mailbox()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._kept: OrderedDict[_Key, Generator] = OrderedDict()
        self._generator: Generator | None = None
        self._generation = self._opened_as = -1
        self._pace, self._size = Pace(), (0, 0)
        self._unsettled: Translate | None = None
        self._asked, self._seconds = False, 0.0
        self._crowd: Crowd | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def send(self, request: Request) -> None:
        """Ask for something, from any thread; an unread request of the same kind is replaced."""
        self._mailbox.put(request)

    def stop(self, timeout: float | None = None) -> None:
        """Forget what waits, let the running pass end, and join the thread.

        Args:
            timeout: seconds to wait at most.
        """
        self._mailbox.close()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        _step_back()
        while True:
            if self._unfinished() and self._mailbox.rests(REST_S if self._asked else FIRST_S):
                self._finish()
            elif (request := self._mailbox.take()) is not None:
                self._attempt(request, self._answer)
            else:
                break
        self._take_all_threads()  # those that begin later would have as few
        # Freed on the thread that made them.
        self._generator = None
        self._kept.clear()

    def _unfinished(self) -> bool:
        """Whether there is something to do that nobody waits for."""
        generator = self._generator
        return self._unsettled is not None or (generator is not None and not generator.ready)

    def _finish(self) -> None:
        """Do that: what was put off when the model was opened, then the exact frame."""
        generator, unsettled = self._generator, self._unsettled
        if generator is not None and not generator.ready and not self._made_ready(generator):
            return  # something is asked
        self._unsettled = None
        if unsettled is not None:
            self._attempt(unsettled, self._settle)

    def _made_ready(self, generator: Generator) -> bool:
        """Whether that is done; else something was asked meanwhile."""
        with self._threads(generator, everything=True):
            ready = generator.make_ready(self._mailbox.empty)
        if not ready:
            return False
        self._report_ready(generator)
        return True

    def _report_ready(self, generator: Generator) -> None:
        self._pace = Pace()
        self._reply(Tuned(self._opened_as, generator.precision, generator.algorithms))

    def _attempt(self, request: _Request, answer: Callable[[_Request], None]) -> None:
        try:
            answer(request)
        except UnderpaintError as error:
            log.info("%s failed", type(request).__name__, exc_info=True)
            self._reply(Failed(request, str(error)))
        except MemoryError:
            log.warning("%s needed more memory than there is", type(request).__name__, exc_info=True)
            self._reply(Failed(request, "There is not enough memory for that; close other programs."))
        except Exception as error:
            log.exception("%s failed unexpectedly", type(request).__name__)
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            sentence = f"Something went wrong in the engine ({reason}); the drawing is safe."
            self._reply(Failed(request, sentence))

    def _answer(self, request: Request) -> None:
        match request:
            case OpenModel():
                self._open_model(request)
            case Translate():
                self._translate(request)
            case Vary():
                self._vary(request)
            case ReadStyle():
                self._read_style(request)
            case TryOut():
                self._try_out(request)
            case Inspect():
                self._inspect(request)
            case Import():
                self._import(request)

    def _open_model(self, request: OpenModel) -> None:
        start = time.perf_counter()
        if self._generator is not None:
            self._generator.forget()
        self._generator, self._generation = None, request.generation
        self._opened_as = request.generation
        self._unsettled, self._asked = None, False
        if (kept := self._kept.get(key := _key(request))) is not None and kept.fell_back:
            del self._kept[key]  # the device may have room again
        generator = self._opened(request)
        if generator is None or self._mailbox.superseded(request):
            return
        self._generator, self._pace = generator, Pace()
        seconds = time.perf_counter() - start
        card, device, precision = generator.card, generator.device, generator.precision
        words = generator.algorithms, generator.ready
        self._reply(ModelOpened(request.generation, card, device, precision, seconds, *words))

    def _opened(self, request: OpenModel) -> Generator | None:
        """The model, as soon as it can run; None when another was asked for meanwhile."""
        key = _key(request)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        from engine.models import bundle
        from engine.passes.generator import Generator

        if self._mailbox.superseded(request):
            return None
        card, tensors = bundle.read(request.path)
        if self._mailbox.superseded(request):
            return None
        self._take_all_threads()  # by whose number it is known what trials found
        generator = Generator(
            card,
            tensors,
            device=request.device,
            statistics=request.statistics,
            precision=request.precision,
            notice=lambda sentence: self._reply(Notice(sentence)),
            hasty=True,
        )
        if self._mailbox.superseded(request):
            return None
        generator.warm_up_in_haste()
        self._kept[key] = generator
        if len(self._kept) > MOST_OPEN:
            self._kept.popitem(last=False)
        return generator

    def _translate(self, request: Translate) -> None:
        generator = self._generator_for(request)
        if generator is None:
            return
        prepared = generator.prepare(request.picture, request.size)
        if prepared.shape[:2] != self._size:
            self._pace, self._size = Pace(), prepared.shape[:2]
        self._unsettled, self._asked = None, True  # whatever comes of this
        start = time.perf_counter()
        anew = request.dirty is None or not generator.follows(request.style)
        extent = "whole" if anew else self._pace.choose(start)
        dirty = None if extent == "whole" else request.dirty
        with self._threads(generator):
            everywhere = extent == "everywhere"
            preview = generator.retouch(prepared, dirty, everywhere=everywhere, style=request.style)
        self._show(request, generator, preview, start, extent)

    @contextlib.contextmanager
    def _threads(self, generator: Generator, everything: bool = False) -> Iterator[None]:
        """Around passes: as many threads as help.

        Args:
            everything: all of them, whatever is in the way: for trials, which are remembered.
        """
        if generator.device != "cpu":
            yield
            return
        import torch

        if self._crowd is None:
            self._crowd = Crowd(torch.get_num_threads())
        if everything:
            self._take_all_threads()
            yield
            return
        with self._crowd.a_pass() as threads:
            if threads != torch.get_num_threads():
                log.debug("a pass takes %d threads", threads)
                torch.set_num_threads(threads)
            yield

    def _take_all_threads(self) -> None:
        """Until the next pass, whatever is in the way."""
        if self._crowd is not None:
            import torch

            torch.set_num_threads(self._crowd.most)

    def _settle(self, request: Translate) -> None:
        """The exact frame of the picture that was shown in parts."""
        generator = self._generator_for(request)
        if generator is not None:
            if generator.settled:  # it was exact, and that could not be known before the trials
                self._unsettled = None
                where, preview = generator.device, generator.settle()
                self._reply(Translated(request.ticket, preview, self._seconds, where, True))
                return
            start = time.perf_counter()
            with self._threads(generator):
                preview = generator.settle()
            self._show(request, generator, preview, start, "whole")

    def _show(
        self, request: Translate, generator: Generator, preview: Pixels, start: float, extent: Extent
    ) -> None:
        now, settled = time.perf_counter(), generator.settled
        self._pace.took(extent, now - start, now, settled=settled)
        self._unsettled, self._seconds = None if settled else request, now - start
        self._reply(Translated(request.ticket, preview, self._seconds, generator.device, settled))

    def _vary(self, request: Vary) -> None:
        """One preview a seed or style, each told as soon as it is there, for as long as somebody wants them.

        The pen goes first: they fill its pauses.
        """
        generator = self._generator_for(request)
        if generator is None:
            return
        count, styles = len(request.seeds), request.styles
        if styles and len(styles) != count:
            raise StyleError(
                f"{count} variations were asked for in {len(styles)} styles; "
                "ask for one style each, or for none."
            )
        if not generator.varies and not styles:
            self._reply(Notice("This model knows no variations: it was trained without dropout."))
        if not self._has_tried(generator, request):
            return
        prepared = generator.prepare(request.picture, request.size)
        for index, seed in enumerate(request.seeds):
            self._let_the_pen_go_first()
            if self._mailbox.superseded(request) or request.ticket.generation < self._generation:
                return
            with self._threads(generator):
                if styles:
                    preview = generator.translate(prepared, style=styles[index] or None)
                else:
                    preview = generator.translate(prepared, seed=seed, style=request.style)
            self._reply(Varied(request.ticket, index, count, seed, preview))

    def _has_tried(self, generator: Generator, request: Vary) -> bool:
        """Choose algorithms by trial before anything is varied: afterwards the same seed is to mean
        the same picture. False when other variations were asked for meanwhile."""
        while not generator.tried and not self._made_ready(generator):
            # Something was asked: by the pen, for other variations, or what can wait a little longer.
            if self._let_the_pen_go_first():
                continue
            if self._mailbox.superseded(request):
                return False
            with self._threads(generator, everything=True):
                generator.make_ready()
            self._report_ready(generator)
        return True

    def _let_the_pen_go_first(self) -> bool:
        """Answer what it has asked for while something was made that can wait; whether it had."""
        had = False
        while (urgent := self._mailbox.take_translate()) is not None:
            self._attempt(urgent, self._answer)
            had = True
        return had

    def _read_style(self, request: ReadStyle) -> None:
        from engine.data import picture
        from engine.data.style import PHOTO_EDGE

        if self._generator is None:
            raise ModelError("No model is open; choose one from the list of models.")
        code = self._generator.style_of(picture.read(request.path, enough=PHOTO_EDGE).pixels)
        self._reply(StyleRead(self._opened_as, request.path, tuple(map(float, code))))

    def _try_out(self, request: TryOut) -> None:
        from engine.planes import codec

        for key, generator in self._kept.items():
            if generator is self._generator:  # the open one is not the one to make room
                self._kept.move_to_end(key)
                break
        stranger = self._opened(OpenModel(self._generation, request.path))
        if stranger is None:
            self._mailbox.postpone(request)
            return
        self._let_the_pen_go_first()  # it may have waited while the model was loaded
        prepared = codec.prepare(request.picture, stranger.card, request.size)
        with self._threads(stranger):
            made = stranger.translate(prepared, style=request.style)
        self._reply(TriedOut(request.path, made))

    def _generator_for(self, request: Translate | Vary) -> Generator | None:
        """The open model; None where the request is of an older document, or of a time before it was opened.

        The first request on another document comes with a newer generation: nothing of the one before is
        followed any more.

        Raises:
            ModelError: no model was opened, or it could not be.
        """
        generation = request.ticket.generation
        if generation < self._generation:
            return None
        if self._generator is None:
            raise ModelError("No model is open; choose one from the list of models.")
        if generation > self._generation:
            self._generation, self._unsettled = generation, None
            self._generator.forget()
        return self._generator

    def _inspect(self, request: Inspect) -> None:
        from engine import foreign

        found = foreign.inspect(request.path)
        self._reply(Inspected(request.path, found.summary, found.name, found.inputs, found.card))

    def _import(self, request: Import) -> None:
        from engine import foreign
        from engine.models import bundle

        card, tensors = foreign.convert(
            request.path, name=request.name, input=request.input, palette=request.palette
        )
        bundle.write(request.target, card, tensors)
        self._reply(Imported(request.target, card))


def _key(request: OpenModel) -> _Key:
    """The same only for the same file, unchanged, opened in the same way."""
    try:
        about = request.path.stat()
    except OSError as error:
        raise ModelError(f"There is no model file “{request.path}”; check its name.") from error
    choices = request.device, request.statistics, request.precision
    return request.path.absolute(), about.st_mtime_ns, about.st_size, *choices


def _step_back() -> None:
    """Let the thread that follows the pen run first. Threads that torch starts from here inherit it."""
    if sys.platform == "linux":
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        except OSError:  # a sandbox may forbid it; then both run alike
            log.debug("the engine keeps its priority", exc_info=True)
