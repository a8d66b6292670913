from __future__ import annotations

from engine.thread.pacing import LAPSE_S, QUICK_S, SHARE, Pace


def test_a_model_that_keeps_up_with_the_hand_paints_whole_previews() -> None:
    pace = Pace()
    assert pace.choose(0.0) == "whole"  # nothing is known yet
    pace.took("whole", QUICK_S, 1.0, settled=True)
    assert pace.choose(1.0) == "whole"


def test_a_slow_one_paints_around_the_pen_and_everywhere_now_and_then() -> None:
    pace = Pace()
    pace.took("whole", 2 * QUICK_S, 100.0, settled=True)
    assert pace.choose(200.0) == "around"  # the first after a rest, however long that was
    pace.took("around", 0.01, 200.0, settled=False)
    assert pace.choose(200.0 + LAPSE_S - 0.01) == "around"
    pace.took("around", 0.01, 200.0 + LAPSE_S - 0.01, settled=False)
    assert pace.choose(200.0 + LAPSE_S) == "everywhere"
    pace.took("everywhere", 0.04, 201.0, settled=False)
    assert pace.choose(202.0) == "around"


def test_what_takes_long_is_done_the_more_seldom() -> None:
    pace = Pace()
    pace.took("whole", 2.0, 0.0, settled=True)
    pace.took("around", 0.05, 0.0, settled=False)
    assert pace.choose(2.0 * SHARE - 0.1) == "around"
    assert pace.choose(2.0 * SHARE) == "everywhere"


def test_one_slow_pass_is_not_held_against_it_for_ever() -> None:
    pace = Pace()
    pace.took("whole", 5 * QUICK_S, 0.0, settled=True)
    pace.took("around", 0.01, 0.0, settled=False)
    pace.took("whole", QUICK_S / 2, 1.0, settled=True)  # the pen rested
    assert pace.choose(1.0) == "whole"


def test_where_nothing_had_changed_no_time_was_taken() -> None:
    pace = Pace()
    pace.took("whole", 5 * QUICK_S, 0.0, settled=True)
    pace.took("around", 0.0, 1.0, settled=True)
    assert pace.choose(1.0) == "around"
    assert pace.choose(100.0) == "around"  # and nothing is old
