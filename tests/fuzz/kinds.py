"""Each kind of file that the program reads: good ones to begin with, made here, and what reads them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from desktop.documents.recovery import restore
from desktop.paint.files import project
from desktop.paint.files.drawing import Drawing
from desktop.support.settings import SettingsFile
from desktop.training import runs
from engine import foreign
from engine.data import picture
from engine.data.card import Card
from engine.data.messages import Picture
from engine.data.palette import Label, Palette, read_gpl, write_gpl
from engine.models import beside, bundle, drawings, shared
from engine.networks import build
from engine.planes import codec
from tests.engine import reference
from tests.fuzz.table_kinds import TABLE
from trainer.evaluation import recogniser
from trainer.files import pair_store
from trainer.run import events
from trainer.run.folder import Run
from trainer.run.history import TrainingHistory

FORMATS = Path(__file__).resolve().parent.parent / "formats"


class Kind(NamedTuple):
    """``good(folder)`` makes files; ``read(file)`` reads one as the program does."""

    good: Callable[[Path], list[Path]]
    read: Callable[[Path], object]
    name: str = "file"
    """What the file is to be called."""


PALETTE = Palette("two", (Label("ground", (0, 0, 222)), Label("wall", (0, 48, 255))))


def _card(**fields: object) -> tuple[Card, dict[str, torch.Tensor]]:
    settings = {"levels": 5, "width": 2, "inputs": 3, "outputs": 3, "norm": "batch", "dropout": True}
    usual = {"name": "x", "kind": "unet", "network": settings, "input": "labels", "palette": PALETTE}
    card = Card(**{**usual, "size": (32, 32), **fields})  # type: ignore[arg-type]
    torch.manual_seed(0)
    return card, build("unet", **settings).state_dict()


def _models(folder: Path) -> list[Path]:
    bundle.write(folder / "a.safetensors", *_card())
    return [folder / "a.safetensors", *FORMATS.glob("model-*.safetensors")]


def _read_model(file: Path) -> None:
    bundle.is_bare(file)
    bundle.read_card(file)
    card, _ = bundle.read(file)
    codec.check(card)


def _state() -> dict[str, torch.Tensor]:
    return reference.made("unet_128", "batch", width=1)


def _weights(folder: Path) -> list[Path]:
    state = _state()
    torch.save(state, folder / "zip.pth")
    torch.save(state, folder / "old.pth", _use_new_zipfile_serialization=False)
    more = {"G": state, "D": {"model.0.weight": torch.zeros(2)}, "args": argparse.Namespace(a=1), "epoch": 3}
    torch.save(more, folder / "more.pth")
    return [folder / "zip.pth", folder / "old.pth", folder / "more.pth"]


def _bare(folder: Path) -> list[Path]:
    save_file({f"module.{name}": tensor for name, tensor in _state().items()}, folder / "x.safetensors")
    return [folder / "x.safetensors"]


def _convert(file: Path) -> None:
    foreign.inspect(file)
    foreign.convert(file)


def _cards(folder: Path) -> list[Path]:
    beside.write(folder / "x.pth", _card()[0])
    return [folder / "x.json"]


def _read_card(file: Path) -> None:
    card, _ = _card()
    beside.card_of(file.with_suffix(".pth"), card.kind, card.network)


def _catalogues(folder: Path) -> list[Path]:
    bundle.write(folder / "a.safetensors", *_card())
    shared.write(folder / "models.json")
    return [folder / "models.json"]


def _given_away(folder: Path) -> list[Path]:
    """A model with a drawing in it."""
    card, tensors = _card()
    bundle.write(folder / "a.safetensors", card, tensors)
    labels = drawings.SampleDrawing("x", Picture(pixels=np.zeros((4, 4, 3), np.uint8)))
    bundle.recard(
        folder / "a.safetensors",
        folder / "b.safetensors",
        card,
        {drawings.KEY: drawings.to_text([labels])},
    )
    return [folder / "b.safetensors"]


def _palettes(folder: Path) -> list[Path]:
    write_gpl(PALETTE, folder / "x.gpl")
    return [folder / "x.gpl"]


def _journals(folder: Path) -> list[Path]:
    return list(FORMATS.glob("journal-*"))


def _read_journal(file: Path) -> None:
    restore(file.parent).picture()


def _read_config(file: Path) -> None:
    runs.read_plan(file.parent)
    Run(file.parent).config().card()


def _read_events(file: Path) -> None:
    told = TrainingHistory()
    told.take(events.read(file))
    assert told.seconds_left is None or told.seconds_left >= 0
    _ = told.best_step


def _read_settings(file: Path) -> None:
    kept_settings = SettingsFile(file)
    kept_settings.settings.add_recent(file)
    kept_settings.save()


def _pictures(suffix: str) -> Callable[[Path], list[Path]]:
    def good(folder: Path) -> list[Path]:
        pixels = np.random.default_rng(0).integers(0, 256, (24, 20, 4)).astype(np.uint8)
        images = [Image.fromarray(pixels[..., :3])]
        if suffix == "png":
            deep = Image.fromarray(pixels[..., 0].astype(np.uint16) * 256)
            images += [Image.fromarray(pixels), images[0].convert("P"), images[0].convert("1"), deep]
        files = []
        for number, image in enumerate(images):
            files.append(folder / f"{number}.{suffix}")
            image.save(files[-1], dpi=(72, 72))
        return files

    return good


def _drawings(folder: Path) -> list[Path]:
    return list(FORMATS.glob("drawing-*.json"))


def _read_drawing(file: Path) -> None:
    drawing = Drawing.load(file)
    document = drawing.document(PALETTE)
    drawing.replay(document)


def _checkpoints(folder: Path) -> list[Path]:
    note = {"underpaint": json.dumps({"state": {"step": 3}, "events": 10})}
    run = Run(folder)
    run.save({"a": torch.ones(3, 4), "b": torch.zeros(2, dtype=torch.int64)}, note)
    return [run.checkpoint]


def _read_checkpoint(file: Path) -> None:
    run = Run(file.parent)
    run.restore()
    run.standing()


def _readers(folder: Path) -> list[Path]:
    recogniser.write(
        folder / "r.safetensors", recogniser.Recogniser(recogniser.Reader(3, 3), {"labels": 3, "width": 3})
    )
    return [folder / "r.safetensors"]


KINDS: dict[str, Kind] = {
    "ora": Kind(
        lambda _: list(FORMATS.glob("project-*.ora")),
        lambda file: project.load(file).document.picture(),
        "x.ora",
    ),
    "model": Kind(_models, _read_model, "x.safetensors"),
    "safetensors": Kind(_bare, _convert, "x.safetensors"),
    "pth": Kind(_weights, _convert, "x.pth"),
    "card": Kind(_cards, _read_card, "x.json"),
    "catalogue": Kind(_catalogues, shared.checked, "models.json"),
    "given away": Kind(_given_away, lambda file: drawings.read(file, "labels"), "x.safetensors"),
    "gpl": Kind(_palettes, read_gpl, "x.gpl"),
    "journal": Kind(_journals, _read_journal, "journal"),
    "config": Kind(lambda _: list(FORMATS.glob("run-*/config.json")), _read_config, "config.json"),
    "events": Kind(lambda _: list(FORMATS.glob("run-*/events.jsonl")), _read_events, "events.jsonl"),
    "pairs": Kind(
        lambda _: list(FORMATS.glob("pairs-*/pairs.json")),
        lambda file: pair_store.read_manifest(file.parent),
        "pairs.json",
    ),
    "settings": Kind(lambda _: list(FORMATS.glob("settings-*.json")), _read_settings, "settings.json"),
    "png": Kind(_pictures("png"), picture.read, "x.png"),
    "jpeg": Kind(_pictures("jpg"), picture.read, "x.jpg"),
    "webp": Kind(_pictures("webp"), picture.read, "x.webp"),
    "tiff": Kind(_pictures("tiff"), picture.read, "x.tiff"),
    "bmp": Kind(_pictures("bmp"), picture.read, "x.bmp"),
    "drawing": Kind(_drawings, _read_drawing, "x.json"),
    "checkpoint": Kind(_checkpoints, _read_checkpoint, "latest.safetensors"),
    "recogniser": Kind(_readers, lambda file: recogniser.read(file, 3), "x.safetensors"),
    **{name: Kind(*made) for name, made in TABLE.items()},
}
