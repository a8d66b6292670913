from __future__ import annotations

import pytest
from PySide6.QtWidgets import QCheckBox, QLabel

from desktop.support.observable import Observable, Property, bind


class Lamp(Observable):
    lit = Property(False)
    colour = Property("white")


def test_a_property_tells_only_of_real_changes(qapp):
    lamp, told = Lamp(), []
    lamp.changed.connect(told.append)
    lamp.lit = True
    lamp.lit = True
    lamp.colour = "white"
    lamp.colour = "red"
    assert told == ["lit", "colour"]


def test_two_lamps_have_a_state_each(qapp):
    first, second = Lamp(), Lamp()
    first.lit = True
    assert not second.lit


def test_watch_reacts_at_once_and_to_what_it_watches(qapp):
    lamp, seen = Lamp(), []
    lamp.watch("lit", lambda: seen.append(lamp.lit))
    lamp.colour = "red"
    lamp.lit = True
    assert seen == [False, True]


def test_watching_what_is_not_there_is_a_mistake(qapp):
    with pytest.raises(AttributeError, match="dimmed"):
        Lamp().watch("dimmed", lambda: None)


def test_bind_ties_both_ways(qapp):
    lamp, box = Lamp(), QCheckBox()
    bind(lamp, "lit", box, "setChecked", "toggled")
    lamp.lit = True
    assert box.isChecked()
    box.setChecked(False)
    assert not lamp.lit


def test_who_is_gone_is_told_no_more(qapp):
    """A dialog that watched, and was closed."""

    class Reader(QLabel):
        def show_it(self) -> None:
            self.setText(lamp.colour)

    lamp, reader, other = Lamp(), Reader(), Reader()
    lamp.watch("colour", reader.show_it)
    lamp.watch("colour", other.show_it)
    reader.deleteLater()
    qapp.sendPostedEvents(reader, 52)  # QEvent.DeferredDelete
    lamp.colour = "red"
    assert other.text() == "red"
