from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from desktop.widgets.parts.message_bar import MessageBar
from tests.desktop.window_hands import text_of


@pytest.fixture
def bar(qapp: QApplication) -> Iterator[MessageBar]:
    stage = QWidget()
    stage.resize(800, 600)
    stage.show()
    yield MessageBar(stage)
    stage.close()


def buttons(bar: MessageBar) -> list[QPushButton]:
    return [button for button in bar.findChildren(QPushButton) if button.isVisible()]


def test_the_newest_message_is_shown(bar: MessageBar):
    bar.say("One.")
    bar.warn("Two.")
    assert text_of(bar).strip() == "Two."
    assert bar.goes_by_itself


def test_a_question_stays_until_it_is_answered(bar: MessageBar):
    answers: list[str] = []
    bar.ask("Which?", ("This", lambda: answers.append("this")), ("That", lambda: answers.append("that")))
    assert not bar.goes_by_itself
    buttons(bar)[1].click()
    assert answers == ["that"]
    assert not bar.isVisible()


def test_what_went_wrong_is_told_before_an_answer_and_the_question_comes_back(bar: MessageBar):
    bar.ask("Which?", ("This", lambda: None))
    bar.warn("The disk is full.")
    assert text_of(bar).strip() == "The disk is full."
    assert buttons(bar) == []
    bar.put_away()
    assert text_of(bar).strip() == "Which?"
    assert len(buttons(bar)) == 1


def test_questions_wait_for_each_other_and_none_is_asked_twice(bar: MessageBar):
    for question in ("First?", "Second?", "First?"):
        bar.ask(question, ("Yes", lambda: None))
    assert text_of(bar).strip() == "First?"
    buttons(bar)[0].click()
    assert text_of(bar).strip() == "Second?"
    buttons(bar)[0].click()
    assert not bar.isVisible()


def test_of_two_questions_of_the_same_words_the_newest_counts(bar: MessageBar):
    answers: list[str] = []

    def ask(sentence: str, answer: str) -> None:
        bar.ask(sentence, ("Yes", lambda: answers.append(answer)))

    ask("“drawing.ora” is there already.", "first")
    ask("“drawing.ora” is there already.", "second")  # on show
    bar.say("News.")
    ask("“drawing.ora” is there already.", "third")  # waiting behind news
    ask("Another?", "another")
    bar.warn("What went wrong.")
    bar.put_away()
    ask("Another?", "yet another")  # waiting behind a question
    for _ in range(2):
        buttons(bar)[0].click()
    assert answers == ["third", "yet another"]
    assert not bar.isVisible()


def test_an_offer_goes_by_itself(bar: MessageBar):
    bar.offer("It could be other.", ("Make it so", lambda: None))
    assert len(buttons(bar)) == 1
    assert bar.goes_by_itself


def test_a_question_that_takes_the_place_of_news_has_room_for_all_its_words(bar: MessageBar):
    sentence = "“Untitled 1” can't be kept for the next start; save it, or it is lost."
    answers = (("Save …", lambda: None), ("Close all the same", lambda: None))
    bar.ask(sentence, *answers)
    bar.put_away()
    height = bar.height()
    bar.say("News.")
    bar.ask(sentence, *answers)
    assert len(buttons(bar)) == 2
    assert bar.height() >= height
