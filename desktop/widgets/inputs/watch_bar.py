"""Above the canvas as long as something is watched: what, and how to stop."""

from __future__ import annotations

from desktop.session import Session
from desktop.widgets.panels.pair_bars import PairBar
from desktop.widgets.parts.actions import Actions


class WatchBar(PairBar):
    """The mark of a watch; it is there whichever picture is on the canvas."""

    def __init__(self, session: Session, actions: Actions) -> None:
        super().__init__("watch_bar")
        self._watching = session.watching
        self._stop_action = actions["watch_stop"]
        stop = self._main(self.tr("Stop"), "watch_stop_button")
        stop.setToolTip(self._stop_action.toolTip())
        stop.clicked.connect(self._watching.stop)
        self._watching.watch("what where missing changes", self._show)

    def _show(self) -> None:
        watching = self._watching
        on = bool(watching.what)
        self._stop_action.setEnabled(on)
        self.setVisible(on)
        if not on:
            return
        under = watching.where
        if watching.missing:
            under = self.tr("It is not there just now; watching goes on when it is back.")
        elif watching.changes:
            times = self.tr("changed once") if watching.changes == 1 else self.tr("changed %d times")
            under += " · " + (times if watching.changes == 1 else times % watching.changes)
        self.say(self.tr("Watching %s") % watching.what, under)
