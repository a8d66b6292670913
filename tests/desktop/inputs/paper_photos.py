"""Made-up photographs of sketches on paper, as a telephone takes them on a desk; and what is drawn there."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from desktop.inputs import sheet
from engine.data.messages import Pixels

A4 = (700, 990)
"""Width and height of the sheet as it is drawn, in pixels."""
PHOTO = (960, 800)

UPRIGHT, SLANTED, TURNED, LYING = (4, 3, 1), (38, 6, -3), (8, -12, 24), (20, -8, 2)
"""Tilt, pan and roll of the camera over the sheet, degrees."""

BLACK, PENCIL, PALE, BLUE = (30, 30, 34), (118, 118, 122), (165, 165, 168), (35, 50, 150)
BALLPOINT = (70, 90, 180)
RED, YELLOW, SKY = (232, 92, 80), (250, 214, 90), (110, 170, 240)

LINES = (
    ((0.15, 0.30), (0.22, 0.22), (0.40, 0.18), (0.60, 0.22), (0.72, 0.32), (0.86, 0.38)),
    ((0.15, 0.30), (0.14, 0.42), (0.30, 0.46), (0.60, 0.46), (0.85, 0.44), (0.86, 0.38)),
    ((0.30, 0.24), (0.36, 0.33), (0.50, 0.36), (0.66, 0.30)),
    ((0.20, 0.62), (0.80, 0.62), (0.84, 0.86), (0.16, 0.86), (0.20, 0.62)),
    ((0.34, 0.62), (0.36, 0.52), (0.50, 0.50), (0.64, 0.52), (0.66, 0.62)),
    ((0.30, 0.72), (0.45, 0.74)),
    ((0.55, 0.74), (0.70, 0.72)),
)
"""Polylines in shares of the sheet: a shoe and a bag."""
FILLS = (((0.24, 0.66, 0.44, 0.82), RED), ((0.52, 0.66, 0.76, 0.82), YELLOW), ((0.34, 0.38, 0.60, 0.44), SKY))


@dataclass(frozen=True)
class Scene:
    """How a photo comes about."""

    name: str
    view: tuple[float, float, float] = UPRIGHT
    pen: tuple[int, int, int] = BLACK
    width: float = 5
    """Of the pen, in pixels of the sheet."""
    paper: tuple[int, int, int] = (243, 242, 238)
    desk: tuple[int, int, int] = (112, 84, 60)
    grain: float = 0.0
    light: tuple[float, float] = (1.0, 1.0)
    """At the left and at the right edge of the photo."""
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    shadow: float = 1.0
    """What is left of the light in a shadow across the photo."""
    soft: float = 40.0
    """Of its edge, in pixels."""
    noise: float = 2.0
    coloured: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Of the sheet, width and height."""
        return A4 if self.view is not LYING else A4[::-1]

    @property
    def corners(self) -> np.ndarray:
        """Of the sheet in the photo, float64 (4, 2)."""
        tilt, pan, roll = np.radians(self.view)
        width, height = self.size
        at = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]) * (width / 2, height / 2, 0)
        for angle, (one, other) in ((roll, (0, 1)), (tilt, (1, 2)), (pan, (0, 2))):
            turn = np.eye(3)
            turn[one, one] = turn[other, other] = np.cos(angle)
            turn[one, other], turn[other, one] = -np.sin(angle), np.sin(angle)
            at = at @ turn.T
        far = 1.1 * max(PHOTO) / 0.86 * max(width, height) / PHOTO[1] * (1.25 if self.view is TURNED else 1.1)
        return at[:, :2] * (1.1 * max(PHOTO)) / (far + at[:, 2:]) + np.array(PHOTO) / 2


SCENES = (
    Scene("pen on a dark desk"),
    Scene("pencil, light from the left", pen=PENCIL, light=(1.0, 0.5)),
    Scene("pale pencil", pen=PALE, width=4),
    Scene("from the foot of the sheet", SLANTED, width=6),
    Scene("the shadow of a hand", pen=PENCIL, shadow=0.55),
    Scene("a hard shadow", SLANTED, shadow=0.6, soft=3.0),
    Scene("by lamplight", tint=(1.0, 0.86, 0.62), light=(0.6, 1.0), pen=PENCIL),
    Scene("a blue pen", TURNED, pen=BLUE, width=4),
    Scene("with colours", coloured=True, light=(0.8, 1.0)),
    Scene("colours by lamplight", SLANTED, coloured=True, tint=(1.0, 0.88, 0.7), shadow=0.75),
    Scene("turned, on wood", TURNED, desk=(170, 128, 84), grain=14.0, pen=PENCIL),
    Scene("in the evening", pen=BLACK, light=(0.45, 0.3), noise=6.0),
    Scene("on a pale desk", desk=(196, 196, 192), pen=PENCIL, light=(1.0, 0.75)),
    Scene("lying", LYING, pen=PENCIL, width=6, noise=4.0),
    Scene("a thin blue pen by lamplight", pen=BALLPOINT, width=3, tint=(1.0, 0.86, 0.62), light=(0.6, 1.0)),
)


@cache
def lines(size: tuple[int, int], width: float) -> np.ndarray:
    """What is drawn, seen from above, bool (H, W)."""
    scale = 4
    large = Image.new("L", (size[0] * scale, size[1] * scale), 0)
    draw = ImageDraw.Draw(large)
    for line in LINES:
        points = [(x * size[0] * scale, y * size[1] * scale) for x, y in smooth(line)]
        draw.line(points, 255, max(1, round(width * scale)), joint="curve")
    return np.asarray(large.resize(size, Image.Resampling.BOX)) > 100


def smooth(line: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    """Corners rounded, as a hand does (Chaikin)."""
    points = np.array(line)
    for _ in range(3):
        if len(points) < 3:
            break
        near, far = points[:-1] * 0.75 + points[1:] * 0.25, points[:-1] * 0.25 + points[1:] * 0.75
        inner = np.stack([near, far], 1).reshape(-1, 2)
        points = np.vstack([points[:1], inner, points[-1:]])
    return [(float(x), float(y)) for x, y in points]


@cache
def photograph(scene: Scene) -> Pixels:
    """uint8 (H, W, 3)."""
    random = np.random.default_rng(len(scene.name))
    size = scene.size
    paper = Image.new("RGB", size, scene.paper)
    draw = ImageDraw.Draw(paper)
    for (left, top, right, bottom), colour in FILLS if scene.coloured else ():
        draw.ellipse((left * size[0], top * size[1], right * size[0], bottom * size[1]), colour)
    ink = Image.fromarray(lines(size, scene.width) * np.uint8(255))
    on_paper = np.asarray(Image.composite(Image.new("RGB", size, scene.pen), paper, ink)).astype(np.float32)
    if scene.pen in (PENCIL, PALE):  # graphite lies on the grain of the paper
        grain = ndimage.gaussian_filter(random.normal(0, 1, size[::-1]), 0.8)
        on_paper += np.where(np.asarray(ink)[..., None] > 0, 26 * grain[..., None], 0)
    width, height = PHOTO
    source = np.array([(0, 0), (size[0], 0), size, (0, size[1])], np.float64)
    way = sheet.perspective(scene.corners, source)
    bright = Image.fromarray(np.clip(on_paper, 0, 255).astype(np.uint8))
    seen = bright.transform(PHOTO, Image.Transform.PERSPECTIVE, way, Image.Resampling.BICUBIC)
    mask = Image.new("L", (2 * width, 2 * height), 0)
    ImageDraw.Draw(mask).polygon([(2 * x, 2 * y) for x, y in scene.corners], 255)
    there = np.asarray(mask.resize(PHOTO, Image.Resampling.BOX))[..., None] / 255
    desk = np.full((height, width, 3), scene.desk, np.float32)
    desk += (
        scene.grain * ndimage.gaussian_filter(random.normal(0, 1, (height, width)), (1, 30))[..., None] * 6
    )
    photo = np.asarray(seen) * there + desk * (1 - there)
    photo = photo * np.linspace(*scene.light, width)[None, :, None] * np.array(scene.tint)
    across = np.linspace(0, 1, width)[None] * width * 0.8 + np.arange(height)[:, None] - height * 0.95
    photo = photo * (scene.shadow + (1 - scene.shadow) / (1 + np.exp(-across / scene.soft)))[..., None]
    photo = ndimage.gaussian_filter(photo, (0.7, 0.7, 0)) + random.normal(0, scene.noise, photo.shape)
    file = io.BytesIO()  # colours are stored at half the size, as in telephones
    Image.fromarray(np.clip(photo, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=88, subsampling=2)
    return np.asarray(Image.open(file).convert("RGB"))
