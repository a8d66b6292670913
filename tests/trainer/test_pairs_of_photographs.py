"""From photographs to a picture by the model: day → night from pairs, drawings from photos alone."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import desktop.__main__ as command_line
from engine.data.messages import Pixels
from engine.data.picture import read
from engine.models import bundle
from tests.trainer.made_pictures import save, thing
from trainer.run import events
from trainer.run.folder import opened

SMALL = "--width 4 --size 32 --patch 16 --batch 2 --precision float32 --threads 1 --device cpu".split()
EDGE = 48


def underpaint(monkeypatch: pytest.MonkeyPatch, *words: object) -> None:
    """A command, in this process; it has to go well."""
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    monkeypatch.setattr(sys, "argv", ["underpaint", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        command_line.main()
    assert not end.value.code


def street(seed: int) -> tuple[Pixels, Pixels]:
    """A row of houses in daylight, and the same at night with its windows lit: uint8 (EDGE, EDGE, 3) each."""
    random = np.random.default_rng(seed)
    day, lit = Image.new("RGB", (EDGE, EDGE), (150, 195, 240)), Image.new("L", (EDGE, EDGE), 0)
    draw, light = ImageDraw.Draw(day), ImageDraw.Draw(lit)
    for left in range(0, EDGE, 16):
        top = int(random.integers(6, 24))
        draw.rectangle((left, top, left + 14, EDGE), tuple(random.integers(120, 230, 3).tolist()))
        for x, y in ((left + 3, top + 4), (left + 9, top + 4), (left + 3, top + 13), (left + 9, top + 13)):
            draw.rectangle((x, y, x + 3, y + 5), (50, 60, 75))
            if random.random() < 0.6:
                light.rectangle((x, y, x + 3, y + 5), 255)
    bright = np.clip(np.asarray(day, np.int16) + random.integers(-8, 9, (EDGE, EDGE, 3)), 0, 255)
    dark = bright * (0.15, 0.17, 0.28)
    dark[np.asarray(lit) > 0] = (245, 195, 105)
    dark += random.normal(0, 9, dark.shape)  # as films are in the dark
    return bright.astype(np.uint8), np.clip(dark, 0, 255).astype(np.uint8)


def test_day_becomes_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the guide has it: two folders of photographs, a training, and a day that was not among them."""
    for number in range(8):
        day, night = street(number)
        save(day, tmp_path / "streets" / "day" / f"{number}.png")
        save(night, tmp_path / "streets" / "night" / f"{number}.png")
    run = tmp_path / "run"
    words = ["--pair", "day+night", "--task", "image", "--learning-rate", "0.005", "--steps", "60"]
    underpaint(
        monkeypatch, "train", tmp_path / "streets", *words, "--run", run, *SMALL, "--validation", "0.25"
    )
    told = capsys.readouterr().err
    assert "“day” → “night”" in told and "task image" in told and "edges" not in told
    assert bundle.read_card(run / "model.safetensors").input == "image"
    another, wanted = street(99)
    save(another, tmp_path / "a day.png")
    underpaint(monkeypatch, "translate", run, tmp_path / "a day.png", tmp_path / "a night.png")
    made = read(tmp_path / "a night.png").pixels
    assert made.shape == another.shape
    # A minute's network of four channels: dark where it was bright, nearer the night than the day.
    assert made.mean() < 0.6 * another.mean()
    distance = np.abs(made.astype(int) - wanted).mean()
    assert distance < 0.5 * np.abs(made.astype(int) - another).mean()


def test_photos_alone_are_drawn_by_edges_and_learnt_by_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(4):
        save(thing(number, EDGE), tmp_path / "things" / f"{number}.png")
    run = tmp_path / "runs" / "things"
    words = "--task lines --edges 1 --perceptual 5 --l1 40 --steps 3 --log-every 1".split()
    underpaint(
        monkeypatch, "train", tmp_path / "things", *words, "--run", run, *SMALL, "--validation", "0.25"
    )
    assert "the edges of 4 photos are found" in capsys.readouterr().err
    config = opened(run).config()
    assert (config.edges, config.perceptual, config.l1) == (1.0, 5.0, 40.0)
    assert len(list((tmp_path / "runs" / "edge maps").rglob("*.png"))) >= 4
    steps = [event for event in events.read(run / "events.jsonl") if event["event"] == "step"]
    assert len(steps) == 3 and all(event["perceptual"] > 0 for event in steps)
    underpaint(monkeypatch, "translate", run, tmp_path / "things" / "0.png", tmp_path / "made.png")
    assert read(tmp_path / "made.png").pixels.shape == (EDGE, EDGE, 3)
