"""Projects go to Krita and come back. Run by ``make interop`` alone; Krita is a large thing to ask for."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from desktop.paint.editing.document import Document, Role
from desktop.paint.files import project
from engine.data.card import InputKind
from engine.data.messages import Pixels
from engine.data.palette import Label, Palette

pytestmark = pytest.mark.interop

WIDTH, HEIGHT = 96, 64
PALETTE = Palette("test", (Label("background", (0, 0, 170)), Label("wall", (13, 61, 251))))


def krita(source: Path, target: Path) -> None:
    """Have Krita open ``source`` and write it as ``target``."""
    command = ["krita", "--export", "--export-filename", str(target), str(source)]
    # Krita knows no platform but X; settings and caches go beside the files.
    environment = {**os.environ, "HOME": str(source.parent), "XDG_CONFIG_HOME": str(source.parent / "config")}
    environment.pop("QT_QPA_PLATFORM", None)
    if shutil.which("xvfb-run"):
        command = ["xvfb-run", "-a", *command]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert target.exists(), f"Krita wrote nothing: {done.stdout} {done.stderr}"


def stack(file: Path) -> tuple[tuple[int, int], list[dict[str, str]]]:
    """Size of the picture, and the attributes of its layers from top to bottom."""
    with zipfile.ZipFile(file) as archive:
        image = ElementTree.fromstring(archive.read("stack.xml"))
    return (int(image.attrib["w"]), int(image.attrib["h"])), [layer.attrib for layer in image.iter("layer")]


def over(picture: Image.Image, paper: tuple[int, int, int]) -> Pixels:
    """RGBA laid over an opaque colour, uint8 (H, W, 3)."""
    background = Image.new("RGBA", picture.size, (*paper, 255))
    return np.asarray(Image.alpha_composite(background, picture.convert("RGBA")).convert("RGB"))


def painted(kind: InputKind) -> Document:
    """A document with something on each layer, names that are not ASCII, a hidden and a faint layer."""
    rng = np.random.default_rng(5)
    document = Document.new(kind, WIDTH, HEIGHT, PALETTE if kind == "labels" else None)
    if kind == "labels":
        wall = np.zeros((20, 30, 4), np.uint8)
        wall[:] = (13, 61, 251, 255)
        document.paste(wall, 11, 7)
    else:
        spots = rng.integers(0, 256, (30, 40, 4)).astype(np.uint8)
        spots[..., 3] = rng.choice([0, 255], (30, 40))
        document.paste(spots, 9, 5)
        role = Role.HINTS if kind == "sketch" else Role.PAINT
        wash = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
        wash[10:40, 20:80] = (200, 120, 40, 255)
        document.add_layer(role, "farbe “ü” & <b>", wash)
        document.set_layer(document.active.id, opacity=0.5)
    photo = rng.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    document.add_layer(Role.REFERENCE, "photo", photo)
    document.set_layer(document.layers[-1].id, visible=False)
    return document


@pytest.mark.parametrize("kind", ["sketch", "labels", "image"])
def test_krita_shows_what_was_painted_here(kind: InputKind, tmp_path: Path) -> None:
    document = painted(kind)
    ours = tmp_path / "ours.ora"
    project.save(document, ours)

    theirs = tmp_path / "theirs.ora"
    krita(ours, theirs)
    size, layers = stack(theirs)
    assert size == (WIDTH, HEIGHT)
    from_top = list(reversed(document.layers))
    assert [layer["name"] for layer in layers] == [layer.name for layer in from_top]
    assert [layer["visibility"] for layer in layers] == [
        "visible" if layer.visible else "hidden" for layer in from_top
    ]
    assert [float(layer["opacity"]) for layer in layers] == pytest.approx(
        [layer.opacity for layer in from_top], abs=1 / 255
    )

    flat = tmp_path / "flat.png"
    krita(ours, flat)
    with Image.open(flat) as picture:
        seen = over(picture, document.paper)
    assert seen.shape == (HEIGHT, WIDTH, 3)
    # One level in each of two roundings: the layer's opacity, and the mixing.
    assert np.abs(seen.astype(int) - document.picture_flat()).max() <= 2


@pytest.mark.parametrize("kind", ["sketch", "labels", "image"])
def test_what_krita_wrote_opens_here(kind: InputKind, tmp_path: Path) -> None:
    document = painted(kind)
    ours, theirs = tmp_path / "ours.ora", tmp_path / "theirs.ora"
    project.save(document, ours)
    krita(ours, theirs)

    loaded = project.load(theirs).document
    assert (loaded.width, loaded.height) == (WIDTH, HEIGHT)
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in document.layers]
    assert [layer.visible for layer in loaded.layers] == [layer.visible for layer in document.layers]
    for mine, back in zip(document.layers, loaded.layers, strict=True):
        assert back.opacity == pytest.approx(mine.opacity, abs=1 / 255)
        assert np.array_equal(back.pixels, mine.pixels), f"the layer “{mine.name}” came back changed"


def png(width: int, height: int, colour: tuple[int, int, int, int]) -> bytes:
    """A PNG of one colour."""
    file = BytesIO()
    Image.new("RGBA", (width, height), colour).save(file, "PNG")
    return file.getvalue()


def test_group_and_blend_mode_of_krita_are_shown_flattened(tmp_path: Path) -> None:
    """What we don't know looks here as it does there, and the user is told."""
    raw, theirs, flat = tmp_path / "raw.ora", tmp_path / "theirs.ora", tmp_path / "flat.png"
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr(
            "stack.xml",
            f'<image version="0.0.3" w="{WIDTH}" h="{HEIGHT}"><stack>'
            '<stack name="group" opacity="0.5">'
            '<layer name="shade" src="data/shade.png" x="20" y="10" composite-op="svg:multiply"/>'
            '<layer name="in it" src="data/in.png" x="0" y="0"/>'
            '</stack><layer name="ground" src="data/ground.png" x="0" y="0"/></stack></image>',
        )
        archive.writestr("data/shade.png", png(30, 30, (0, 128, 255, 255)))
        archive.writestr("data/in.png", png(60, 60, (255, 200, 100, 255)))
        archive.writestr("data/ground.png", png(WIDTH, HEIGHT, (40, 160, 80, 255)))
        archive.writestr("mergedimage.png", png(WIDTH, HEIGHT, (40, 160, 80, 255)))
        archive.writestr("Thumbnails/thumbnail.png", png(WIDTH, HEIGHT, (40, 160, 80, 255)))
    krita(raw, theirs)
    krita(theirs, flat)

    loaded = project.load(theirs)
    assert loaded.foreign
    assert loaded.notes
    with Image.open(flat) as picture:
        seen = over(picture, loaded.document.paper)
    assert np.abs(seen.astype(int) - loaded.document.picture_flat()).max() <= 2
