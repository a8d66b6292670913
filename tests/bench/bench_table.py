"""A designer's table: twelve colourways at once, beside the pen, as hinted; what a hold lets through."""

from __future__ import annotations

import os
import re
import statistics
import tempfile
import time

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from tests.bench.pen import INK_MS, Painted, event, ink_times, until
from tests.bench.rows import Row

SETS = 12
STROKES = 100
LONGEST_REST_MS = 900
"""Long enough for tiles to be on their way when the pen comes back."""


def run() -> list[Row]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        os.environ["UNDERPAINT_HOME"] = home
        from desktop.app import begin, make_application, open_window

        application = make_application()
        session, window = open_window()
        window.resize(1280, 800)
        painted = Painted()
        painted.watch(window.canvas)
        window.show()
        begin(session, window, None)
        _settle(session)
        rows = [
            *_tiles(session, window),
            *_pen(application, session, window, painted),
            *_taken(session, window),
            _held(session, window),
            _holding(session, window),
        ]
        window.close()
        return [*rows, *(row for name in ("shoes", "handbags", "cats") for row in _hints(name))]


def _settle(session) -> None:
    until(lambda: session.live.preview is not None and not session.live.behind and session.live.settled, 120)


def _coloured(session, edge: int, *, width: int) -> None:
    """A picture with three colours, each a band across it."""
    from desktop.paint.layers.layer import Role
    from engine.data.rect import EMPTY

    session.new_picture("sketch", edge, edge)
    for number, colour in enumerate(((178, 34, 34), (40, 90, 170), (240, 190, 50))):
        hints = np.zeros((width, round(edge * 0.8), 4), np.uint8)
        hints[:] = (*colour, 255)
        session.strokes.choose_role(Role.HINTS)
        top = round(edge * (0.2 + 0.25 * number))
        session.edit(lambda document, hints=hints, top=top: document.paste(hints, round(edge * 0.1), top))
    session.selecting.select(EMPTY)
    session.strokes.choose_role(Role.LINES)
    _settle(session)


def _stroke(window, start: tuple[float, float], end: tuple[float, float]) -> None:
    kinds = QEvent.Type
    QApplication.sendEvent(window.canvas, event(window, kinds.MouseButtonPress, *start))
    for part in (0.25, 0.5, 0.75, 1.0):
        x, y = (a + part * (b - a) for a, b in zip(start, end, strict=True))
        QApplication.sendEvent(window.canvas, event(window, kinds.MouseMove, x, y))
    QApplication.sendEvent(window.canvas, event(window, kinds.MouseButtonRelease, *end))


def _open_tiles(session, window) -> None:
    window.actions_table["colourways"].trigger()
    window.colourways.resize(900, 760)
    until(lambda: session.colourways.whole, 120)
    session.colourways.show_so_many(SETS)
    until(lambda: session.colourways.whole, 120)


def _tiles(session, window) -> list[Row]:
    """From the first tile that is made after a stroke to the last, without the rest that the pen is given."""
    _coloured(session, 256, width=24)
    _open_tiles(session, window)
    times = []
    for number in range(7):
        _stroke(window, (20, 20 + 20 * number), (230, 30 + 20 * number))
        _settle(session)
        start = time.perf_counter()
        until(lambda: session.colourways.whole, 60)
        times.append(time.perf_counter() - start)
    window.colourways.close()
    what = f"{SETS} colourways of a 256² drawing, from its preview on, median"
    return [Row(what, 0.8, statistics.median(times), "s", span=(min(times), max(times)))]


def _pen(application, session, window, painted: Painted) -> list[Row]:
    """The pen on a large drawing: alone, then with tiles on their way whenever it comes back."""
    chance = np.random.default_rng(4)

    def rest() -> None:
        loop = QEventLoop()
        QTimer.singleShot(int(chance.integers(50, LONGEST_REST_MS)), loop.quit)
        loop.exec()

    rows = []
    for beside, bar in (("no colourways", None), (f"{SETS} colourways following", INK_MS)):
        _coloured(session, 2048, width=400)
        if bar is not None:
            _open_tiles(session, window)
        ink = session.strokes.ink
        session.strokes.set_ink(size=30.0)
        times = ink_times(application, window, painted, 2048, rest)
        session.strokes.set_ink(size=ink.size)
        what = f"pointer event → its ink painted, 2048², {beside}"
        rows += [
            Row(f"{what}, median", None, statistics.median(times), "ms", span=(times[0], times[-1])),
            Row(f"{what}, p99", bar, times[int(len(times) * 0.99)], "ms"),
        ]
    return rows


def _taken(session, window) -> list[Row]:
    """How long the window stands still for a colourway that is taken."""
    until(lambda: session.colourways.whole, 120)
    times = []
    for number in range(1, 8):
        start = time.perf_counter()
        session.colourways.take(session.colourways.tiles[number].colours)
        times.append((time.perf_counter() - start) * 1000)
        until(lambda: session.colourways.whole, 120)
    window.colourways.close()
    what = "a colourway of a 2048² drawing taken, median"
    return [Row(what, 100, statistics.median(times), "ms", span=(min(times), max(times)))]


def _held(session, window) -> Row:
    """The most that any pixel outside of the feather changed, in any frame of a hundred strokes."""
    from desktop.frames.selected import selected
    from desktop.paint.layers.held import within
    from engine.data.rect import EMPTY, Rect

    session.new_picture("sketch", 512, 512)
    _stroke(window, (60, 60), (450, 300))
    _settle(session)
    session.selecting.select(Rect(150, 150, 200, 200))
    mask, before = selected(session.document), session.live.preview.astype(np.int16)
    outside = ~within(mask, (before.shape[1], before.shape[0]))
    session.holding.hold_rest()
    session.selecting.select(EMPTY)
    most, frames, chance = 0, 0, np.random.default_rng(5)

    def look() -> None:
        nonlocal most, frames
        if session.live.preview is None:  # another picture came up
            return
        most = max(most, int(np.abs(session.live.preview.astype(np.int16) - before)[outside].max()))
        frames += 1

    session.live.watch("preview", look)
    for _ in range(STROKES):
        (a, b), (c, d) = chance.uniform(20, 490, (2, 2)).tolist()
        _stroke(window, (a, b), (c, d))
        until(lambda: not session.live.behind)
    _settle(session)
    assert (session.live.preview.astype(np.int16) != before)[~outside].any(), "it lives inside"
    # How many frames come of them depends on the machine.
    assert frames >= STROKES // 2, "too few frames came to say anything"
    what = f"most that a pixel outside of a hold's feather changed in any frame of {STROKES} strokes"
    return Row(what, 0, most, "levels")


def _holding(session, window) -> Row:
    """How long the window stands still while a part of a large picture comes to be held."""
    from engine.data.rect import Rect

    session.new_picture("sketch", 2048, 2048)
    _stroke(window, (60, 60), (1450, 1300))
    _settle(session)
    session.selecting.select(Rect(300, 300, 1500, 1200))
    times = []
    for _ in range(7):
        start = time.perf_counter()
        session.holding.hold_selected()
        times.append((time.perf_counter() - start) * 1000)
    assert len(session.document.holds) == len(times)
    what = "a part of a 2048² drawing held, median"
    return Row(what, 50, statistics.median(times), "ms", span=(min(times), max(times)))


def _hints(name: str) -> list[Row]:
    """How far what a model makes is from the hints: of its sample drawings in sets of colours, and in their
    own. The bar is what the model has on photos that it has not learnt from, as its card says."""
    import engine
    from desktop.colourways.command import translated
    from desktop.colourways.hints import own_colours, recoloured
    from desktop.colourways.sets import ColourSet, turned
    from desktop.documents.samples import samples
    from desktop.paint.files.drawing import Drawing
    from engine.planes import codec
    from trainer.evaluation.scores import hint_difference

    generator = engine.open(name)
    in_sets: list[float] = []
    as_drawn: list[float] = []
    for file in samples("sketch", name):
        drawing = Drawing.load(file)
        document = drawing.document(None)
        drawing.replay(document)
        hints = document.picture().hints
        own = () if hints is None else own_colours(hints)
        if hints is None or not own:
            continue
        small = codec.scaled(hints, codec.working_size(document.picture().size, generator.card))
        where = small[..., 3] >= 250
        if not where.any():
            continue
        for number, one in enumerate(
            translated(generator, document, own, (ColourSet("own", own), *turned(own, SETS)))
        ):
            wanted = recoloured(small, own, one.colours.colours)[..., :3]
            (in_sets if number else as_drawn).append(hint_difference(one.preview, wanted, where))
    what = f"hints' ΔE2000 of {len(as_drawn)} sample drawings, {name}"
    told = re.search(r"hints \(median ΔE2000\) ([\d.]+)", str(generator.card.training.get("scores", "")))
    promised = None if told is None else float(told[1])
    return [
        Row(f"{what}, in their own colours, median", None, statistics.median(as_drawn), "ΔE2000"),
        Row(
            f"{what}, in {SETS} sets of colours, median",
            promised,
            statistics.median(in_sets),
            "ΔE2000",
            span=(min(in_sets), max(in_sets)),
        ),
    ]
