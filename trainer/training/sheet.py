"""Pictures for people: what the network was given, made presentable, and several pictures as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.data.card import Card
from trainer.pictures import sketch

Pixels = npt.NDArray[np.uint8]

GAP = 4
"""Pixels of white between two pictures."""


def shown(prepared: Pixels, card: Card) -> Pixels:
    """What ``engine.planes.codec`` prepared, uint8 (H, W, C), as a picture uint8 (H, W, 3)."""
    if card.hints:
        return sketch.over(prepared[..., 0], prepared[..., 1:5])
    if card.one_hot and card.palette is not None:
        return card.palette.colours[prepared[..., 0]]
    return np.repeat(prepared, 3, 2) if prepared.shape[2] == 1 else prepared


def row(pictures: Sequence[Pixels]) -> Pixels:
    """Pictures of one size side by side, without gaps: uint8 (H, count × W, 3)."""
    return np.concatenate(list(pictures), axis=1)


def sheet(rows: Sequence[Sequence[Pixels]], edge: int = 256) -> Pixels:
    """A contact sheet on white; pictures larger than ``edge`` are reduced to it."""
    small = [[reduced(picture, edge) for picture in one] for one in rows]
    height = max(picture.shape[0] for one in small for picture in one)
    width = max(picture.shape[1] for one in small for picture in one)
    columns = max(len(one) for one in small)
    paper = np.full((len(small) * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), 255, np.uint8)
    for down, one in enumerate(small):
        for across, picture in enumerate(one):
            top, left = down * (height + GAP), across * (width + GAP)
            paper[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return paper


def reduced(picture: Pixels, edge: int) -> Pixels:
    """Make the longer edge of a picture, uint8 (H, W, 3), ``edge`` pixels long; smaller ones stay."""
    height, width = picture.shape[:2]
    scale = edge / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.array(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
