"""The card that travels beside weights in another program's format: ``net_G.json`` and ``net_G.gpl`` by
``net_G.pth``. The other program takes no notice of them; who imports the weights again has all of the model.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.data import card as cards
from engine.data.card import Card
from engine.data.palette import write_gpl
from engine.errors import ModelError
from engine.files.writing import replacing

MOST_BYTES = 4 << 20

_KEY = "underpaint"


def write(file: Path, card: Card) -> list[Path]:
    """Write a card, and its palette where it has one, beside ``file``; returns what was written.

    Raises:
        OSError: the folder can't be written.
    """
    written = [file.with_suffix(".json")]
    with replacing(written[0]) as part:
        part.write_text(
            json.dumps({_KEY: json.loads(cards.to_json(card))}, ensure_ascii=False, indent=1), "utf-8"
        )
    if card.palette is not None:
        written.append(file.with_suffix(".gpl"))
        write_gpl(card.palette, written[1])
    return written


def card_of(file: Path, kind: str, settings: dict[str, Any]) -> Card | None:
    """The card beside a file of weights; None where there is none of ours.

    Args:
        kind, settings: the weights' network. A U-Net's dropout leaves no trace in them, so what
            the card says of it counts.

    Raises:
        ModelError: it can't be read, or it is the card of another network.
    """
    place = file.with_suffix(".json")
    if place == file or not os.path.isfile(place):
        return None
    try:
        if place.stat().st_size > MOST_BYTES:
            return None
        fields = json.loads(place.read_text("utf-8"))
    except OSError as error:
        raise ModelError(
            f"The card “{place.name}” beside “{file.name}” can't be read ({error.strerror or error})."
        ) from error
    except (ValueError, RecursionError):  # another program's, or notes
        return None
    if not isinstance(fields, dict) or not isinstance(fields.get(_KEY), dict):
        return None
    card = cards.from_json(json.dumps(fields[_KEY]))
    dropout = card.network.get("dropout")
    if card.kind != kind or {**card.network, "dropout": None} != {**settings, "dropout": None}:
        raise ModelError(
            f"“{place.name}” beside “{file.name}” is the card of another network; move it away, or export "
            "both anew."
        )
    own = dropout if kind == "unet" and isinstance(dropout, bool) else settings["dropout"]
    return replace(card, network={**settings, "dropout": own})
