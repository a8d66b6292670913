"""Previews made larger: how far they are from photographs, held against bicubic interpolation.

Pairs of two sets that nothing was chosen by. There are none larger than 256² to be had: photographs are made
half as large, and enlarged again with the label map or street map that belongs to them. Where the data sets
are missing, nothing is measured.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from engine.data.messages import Pixels
from engine.finishing.larger import enlarged
from tests.bench.rows import Row
from trainer.perception.distance import extract_features

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SETS = ("maps", "facades")
"""Photograph on the left, its map on the right."""
COUNT = 6
FACTOR = 2
LEAST_DB = 35


def run() -> list[Row]:
    """Perceptual distances, and what comes back when it is made small again."""
    rows = []
    for name in SETS:
        files = sorted((DATA / name / "val").glob("*.jpg"), key=lambda file: (len(file.name), file.name))
        if not files:
            print(f"{name} is missing; its photographs are not measured", file=sys.stderr)
            continue
        rows += _set(name, files[:: max(1, len(files) // COUNT)][:COUNT])
    return rows


def _set(name: str, files: list[Path]) -> list[Row]:
    ours, theirs, back = [], [], []
    for photo, drawing in _pairs(files):
        edge = photo.shape[0]
        small = _scaled(photo, edge // FACTOR, Image.Resampling.BOX)
        made = enlarged(small, (edge, edge), drawing)
        real = extract_features(photo)
        ours.append(extract_features(made).distance_from(real))
        theirs.append(extract_features(_scaled(small, edge, Image.Resampling.BICUBIC)).distance_from(real))
        back.append(_psnr(_scaled(made, edge // FACTOR, Image.Resampling.BOX), small))
    what = f"{len(files)} photographs of {name}, {edge // FACTOR}² → {edge}², perceptual distance"
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return [
        Row(f"{what}, bicubic, mean", None, statistics.fmean(theirs), ""),
        Row(
            f"{what}, larger, mean",
            statistics.fmean(theirs),
            statistics.fmean(ours),
            "",
            span=(min(ours), max(ours)),
        ),
        Row(f"{what}, larger against bicubic, the worst", 1.0, max(ratios), "×"),
        Row(
            f"{len(files)} photographs of {name}, larger, small again, the worst",
            LEAST_DB,
            min(back),
            "dB",
            least=True,
        ),
    ]


def _pairs(files: list[Path]) -> Iterator[tuple[Pixels, Pixels]]:
    for file in files:
        both = np.asarray(Image.open(file).convert("RGB"))
        edge = both.shape[1] // 2
        yield np.ascontiguousarray(both[:, :edge]), np.ascontiguousarray(both[:, edge:])


def _scaled(pixels: Pixels, edge: int, how: Image.Resampling) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize((edge, edge), how))


def _psnr(one: Pixels, other: Pixels) -> float:
    error = np.square(one.astype(np.float64) - other).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-12)))
