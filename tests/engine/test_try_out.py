"""Models that are tried out on the engine thread beside the open one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.data.messages import Failed, ModelOpened, OpenModel, Picture, Translated, TriedOut, TryOut
from engine.models import bundle
from engine.thread.worker import MOST_OPEN
from tests.desktop.styled_models import write_styled
from tests.engine.desk import Desk, picture, translate


def test_another_model_is_tried_out_and_the_open_one_stays_open(desk: Desk, tiny_file) -> None:
    mine, other = (tiny_file(f"{name}.safetensors", name=name, seed=n) for n, name in enumerate("ab"))
    desk.opened(mine)
    before = desk.ask(translate(1, shade=40))
    reply = desk.ask(TryOut(other, picture(40), (32, 32)))
    assert isinstance(reply, TriedOut) and reply.path == other
    assert (reply.preview != before.preview).any()
    assert (desk.ask(translate(2, shade=40)).preview == before.preview).all()
    desk.opened(other, generation=2)
    shown = desk.ask(translate(3, generation=2, shade=40)).preview
    assert np.abs(shown.astype(int) - reply.preview).max() <= 2  # which was in the quickest precision


def test_trying_out_works_before_any_model_is_open(desk: Desk, tiny_file) -> None:
    assert isinstance(desk.ask(TryOut(tiny_file(), picture(), None)), TriedOut)


def test_it_is_tried_out_in_the_style_that_is_asked_for(desk: Desk, tmp_path: Path) -> None:
    file = write_styled(tmp_path / "styled.safetensors", input="sketch")
    drawn = Picture(lines=np.full((32, 32), 255, np.uint8))
    previews = [desk.ask(TryOut(file, drawn, (32, 32), style)).preview for style in (None, "suede", "patent")]
    assert (previews[0] != previews[1]).any() and (previews[1] != previews[2]).any()


def test_what_is_tried_out_does_not_push_out_the_open_model(desk: Desk, tiny_file, monkeypatch) -> None:
    reads: list[str] = []
    read = bundle.read
    monkeypatch.setattr(bundle, "read", lambda path: reads.append(path.stem) or read(path))
    files = [tiny_file(f"{name}.safetensors", name=name) for name in "abcde"[: MOST_OPEN + 2]]
    assert isinstance(desk.ask(OpenModel(1, files[0])), ModelOpened)
    for file in files[1:]:
        assert isinstance(desk.ask(TryOut(file, picture(), (32, 32))), TriedOut)
    assert isinstance(desk.ask(OpenModel(2, files[0])), ModelOpened)
    assert isinstance(desk.ask(OpenModel(3, files[-1])), ModelOpened)
    assert reads == [file.stem for file in files]


def test_a_model_that_is_asked_for_goes_before_one_that_is_tried_out(desk, tiny_file, monkeypatch) -> None:
    first, second, third = (
        tiny_file(f"{name}.safetensors", name=name, seed=n) for n, name in enumerate("abc")
    )
    desk.opened(first)
    read = bundle.read

    def interrupted(path: Path):
        if path == second:  # while that is read, somebody clicks on the third
            monkeypatch.setattr(bundle, "read", read)
            desk.worker.send(OpenModel(2, third, device="cpu", precision="float32"))
        return read(path)

    monkeypatch.setattr(bundle, "read", interrupted)
    desk.worker.send(TryOut(second, picture(), (32, 32)))
    replies = [desk.next(), desk.next()]
    assert [type(reply) for reply in replies] == [ModelOpened, TriedOut]
    assert (replies[0].card.name, replies[1].path) == ("c", second)
    assert isinstance(desk.ask(translate(1, generation=2)), Translated)


def test_the_pen_goes_before_what_is_tried_out(desk: Desk, tiny_file, monkeypatch) -> None:
    mine, other = tiny_file("a.safetensors"), tiny_file("b.safetensors", seed=1)
    desk.opened(mine)
    read = bundle.read

    def drawn_on(path: Path):
        desk.worker.send(translate(1))
        return read(path)

    monkeypatch.setattr(bundle, "read", drawn_on)
    desk.worker.send(TryOut(other, picture(), (32, 32)))
    assert [type(desk.next()) for _ in range(2)] == [Translated, TriedOut]


def test_a_model_that_can_not_be_tried_out_is_told_of(desk: Desk, tiny_file, tmp_path: Path) -> None:
    desk.opened(tiny_file())
    request = TryOut(tmp_path / "gone.safetensors", picture(), (32, 32))
    reply = desk.ask(request)
    assert isinstance(reply, Failed) and reply.request is request and "gone.safetensors" in reply.sentence
    assert isinstance(desk.ask(translate(1)), Translated)
