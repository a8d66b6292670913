"""The passes on a picture, as states: what is due, what is awaited, what is on show."""

from __future__ import annotations

from desktop.preview.passes import Passes
from engine.data.dirty import EVERYTHING, NOTHING, Dirty
from engine.data.messages import Ticket
from engine.data.rect import Rect

A, B = Rect(0, 0, 4, 4), Rect(10, 2, 2, 8)


def test_edits_gather_until_the_picture_is_sent():
    passes = Passes().another_model().edited(None).asked()
    assert (passes.ticket, passes.dirty, passes.is_due) == (Ticket(1, 1), NOTHING, False)
    passes = passes.edited(A).edited(B)
    assert passes.is_due and passes.running
    assert (passes.ticket, passes.dirty) == (Ticket(1, 3), Dirty(A.united(B)))
    assert passes.asked().dirty == NOTHING


def test_a_pass_that_ends_is_shown_and_what_changed_meanwhile_is_due():
    passes = Passes().edited(None).asked().edited(A).ended(Ticket(0, 1))
    assert (passes.shown, passes.running, passes.is_due, passes.is_behind) == (1, False, True, True)
    passes = passes.asked().ended(Ticket(0, 2))
    assert (passes.shown, passes.is_due, passes.is_behind) == (2, False, False)


def test_an_older_preview_never_takes_the_place_of_a_newer_one():
    passes = Passes().edited(None).asked().edited(A).overlaid()
    assert not passes.is_newer(Ticket(0, 1))
    assert passes.ended(Ticket(0, 1)).shown == 2


def test_what_a_failed_pass_was_to_bring_up_to_date_is_not_lost():
    passes = Passes().edited(None).asked().ended(Ticket(0, 1)).edited(A).asked().failed()
    assert passes.dirty == EVERYTHING
    assert not passes.running and not passes.is_due, "tried again with the next edit, not over and over"
    assert passes.edited(B).dirty == EVERYTHING


def test_another_document_begins_anew_and_leaves_the_model_in_peace():
    passes = Passes().another_model().edited(None).asked().ended(Ticket(1, 1)).edited(A).asked()
    other = passes.another_document()
    assert (other.generation, other.model, other.revision) == (2, 1, 2)
    assert other.is_due and other.is_behind and not other.running and other.dirty == EVERYTHING
    assert (other.another_model().generation, other.another_model().model) == (3, 3)
