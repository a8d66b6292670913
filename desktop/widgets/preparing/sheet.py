"""The contact sheet: a tile for each photo, as it is cut; a click keeps it or leaves it out."""

from __future__ import annotations

from PySide6.QtGui import QPixmap

from desktop.preparing.preparing import Preparing
from desktop.widgets.parts.picks import Pick, PickList, decoded


class Sheet(PickList):
    """Those that are proposed to be left out stand first."""

    def __init__(self, preparing: Preparing) -> None:
        super().__init__(self._thumb, preparing.toggle)
        self.setObjectName("prepared_sheet")
        self.preparing = preparing
        self._thumbs: dict[str, bytes] = {}
        preparing.watch("plan kept", self._show)

    def _thumb(self, name: str) -> QPixmap:
        return decoded(f"prepared:{name}", self._thumbs.get(name, b""))

    def _show(self) -> None:
        hows = {
            "cut": self.tr("It is cut out of its background and centred."),
            "centred": self.tr("It is on white already and is centred."),
            "whole": self.tr("The middle of it is taken as it is."),
        }
        plan = self.preparing.plan
        picks: list[Pick] = []
        found = sorted(plan.proposals, key=lambda it: it.keep) if plan is not None else []
        self._thumbs = {one.name: one.thumb for one in found}
        for one in found:
            kept = one.name in self.preparing.kept
            text = one.said or f"“{one.name}”"
            if not one.readable:
                more = ""
            elif kept:
                more = f"{hows[one.how]} {self.tr('A click leaves it out.')}"
            else:
                more = self.tr("It is left out; a click keeps it.")
            picks.append(Pick(one.name, one.name, ", ".join(one.why), f"{text} {more}".strip(), kept))
        self.fill(picks)
