"""A model given away by one and used by another: card, drawings and styles go along, terms come first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QPushButton

from desktop.app import begin, open_window
from desktop.session import Session
from desktop.sharing.samples import Choice
from desktop.widgets.main_window import MainWindow
from desktop.widgets.sharing.card_dialog import CardDialog
from desktop.widgets.sharing.catalogue import CatalogueDialog
from engine.data.card import Card
from engine.data.messages import Picture
from engine.models import bundle, drawings, recarding, shared
from engine.models.drawings import SampleDrawing
from tests import faults
from tests.desktop.file_hands import held
from tests.desktop.styled_models import NAMED, write_styled
from tests.desktop.widgets.parts.test_files import alt, choose, press
from tests.desktop.window_hands import done, drag, files_done, message, model, settle, text_of, until

TERMS = "CC BY 4.0: everybody may use it, and says whose it is."


@pytest.fixture
def another(
    qapp: QApplication, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    """Somebody else's window, with a folder of their own and no models but those that come along."""
    monkeypatch.setenv("UNDERPAINT_HOME", str(tmp_path_factory.mktemp("another")))
    session, window = open_window()
    window.resize(1280, 800)
    window.show()
    session.new_picture("sketch", 96, 80)
    begin(session, window, None)
    settle(session)
    yield window
    close(qapp, window)


def close(qapp: QApplication, window: MainWindow) -> None:
    files_done(window.session)
    window.close()
    window.deleteLater()
    window.session.deleteLater()
    qapp.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    qapp.processEvents()


def edit(window: MainWindow) -> CardDialog:
    window.actions_table["edit_card"].trigger()
    until(lambda: window.sharing.dialog is not None and window.sharing.dialog.isVisible())
    assert window.sharing.dialog is not None
    return window.sharing.dialog


def drop(window: MainWindow, file: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(50, 50), Qt.DropAction.CopyAction, data, left, none))


def button(window: MainWindow, name: str) -> QPushButton:
    found = window.sharing.bar.findChild(QPushButton, f"terms_{name}")
    assert found is not None
    return found


def card_of(session: Session) -> Card:
    card = session.live.card
    assert card is not None
    return card


@pytest.fixture
def given(window: MainWindow, session: Session, tmp_path: Path) -> Path:
    """A model with a card of many words, two drawings and named styles, as it is given away."""
    styled = write_styled(tmp_path / "styled.safetensors")
    assert done(session.open_file(styled))
    until(lambda: session.live.card is not None and session.live.card.name == "tiny styles")
    drag(window, (20, 20), (70, 20), (70, 60))
    settle(session)
    assert done(session.shelf.keep())
    drag(window, (10, 70), (90, 70))
    settle(session)
    dialog = edit(window)
    dialog.name.selectAll()
    QTest.keyClicks(dialog.name, "Tiny shoes")
    dialog.data.setPlainText("Forty photos of my own shoes.")
    dialog.licence.setCurrentText(TERMS)
    choices = session.models.sharing.choices(dialog.draft)
    assert [choice.title for choice in choices] == [session.picture.name, "Frame 1"]
    menu = dialog.menu()
    for action in menu.actions():
        action.trigger()
    menu.close()
    dialog.samples.item(0).setText("Two lines")
    dialog.styles.item(0).setText("velvet")
    QTest.mouseClick(dialog.do, Qt.MouseButton.LeftButton)
    files_done(session)
    until(lambda: session.live.card is not None and session.live.card.name == "Tiny shoes")
    settle(session)
    file = tmp_path / "gift.safetensors"
    window.actions_table["give_away"].trigger()
    chosen = window.findChild(QFileDialog)
    assert chosen is not None and "Tiny shoes" in chosen.selectedFiles()[0]
    chosen.fileSelected.emit(str(file))
    chosen.close()
    files_done(session)
    return file


def test_what_is_given_away_is_one_file_with_card_drawings_and_styles(
    window: MainWindow, session: Session, given: Path
) -> None:
    card = bundle.read_card(given)
    assert (card.name, card.data, card.licence) == ("Tiny shoes", "Forty photos of my own shoes.", TERMS)
    assert list(card.styles) == ["velvet", "patent"] and card.styles["velvet"] == NAMED["suede"]
    assert card.sample  # what it made last stands for it in lists
    found = drawings.read(given, "sketch")
    assert [one.title for one in found] == ["Two lines", "Frame 1"]
    np.testing.assert_array_equal(found[0].picture.lines, session.document.picture().lines)
    assert (found[1].picture.lines != found[0].picture.lines).any()


def test_dropped_on_somebody_elses_window_its_terms_are_shown_before_it_is_used(
    window: MainWindow, given: Path, another: MainWindow, qapp: QApplication
) -> None:
    session = another.session
    before = session.live.model_file
    drop(another, given)
    until(lambda: another.sharing.bar.isVisible())
    words = another.sharing.bar.findChild(QLabel, "terms_words")
    assert TERMS in words.text() and "Forty photos" in words.text()
    assert words.textFormat() == Qt.TextFormat.PlainText
    assert session.live.model_file == before and another.canvas.isEnabled()
    QTest.mouseClick(button(another, "later"), Qt.MouseButton.LeftButton)
    assert not another.sharing.bar.isVisible()
    # It is in the list; who chooses it sees the terms first.
    session.open_model(model(session, "Tiny shoes"))
    assert another.sharing.bar.isVisible() and session.live.model_file == before
    QTest.mouseClick(button(another, "use"), Qt.MouseButton.LeftButton)
    until(lambda: session.live.card is not None and session.live.card.name == "Tiny shoes")
    settle(session)
    assert not another.sharing.bar.isVisible() and session.settings.unread_terms == []
    # Its drawings are the first examples, and its styles have their names.
    session.example()
    settle(session)
    assert session.title == "Two lines"
    wanted = drawings.read(given, "sketch")[0].picture.lines
    np.testing.assert_array_equal(session.document.picture().lines, wanted)
    settle(session)
    assert list(card_of(session).styles) == ["velvet", "patent"]
    # Once they were seen they don't come again.
    session.open_model(next(it.file for it in session.library.models if it.name != "Tiny shoes"))
    settle(session)
    session.open_model(model(session, "Tiny shoes"))
    until(lambda: session.live.card is not None and session.live.card.name == "Tiny shoes")
    assert not another.sharing.bar.isVisible()


def test_unseen_terms_are_waited_for_over_a_restart_and_never_passed_by(
    window: MainWindow, given: Path, another: MainWindow, qapp: QApplication
) -> None:
    session = another.session
    drop(another, given)
    until(lambda: another.sharing.bar.isVisible())
    file = model(session, "Tiny shoes")
    session.file.save()
    again, window_again = open_window()
    try:
        assert again.settings.unread_terms == [file.name] and file in again.library.held
        for kind in ("sketch", "labels", "image"):
            entry = again.library.preferred(kind, {"sketch": "Tiny shoes"})
            assert entry is not None and entry.file != file
    finally:
        close(qapp, window_again)
    QTest.mouseClick(button(another, "remove"), Qt.MouseButton.LeftButton)
    files_done(session)
    until(lambda: not file.exists())
    assert given.is_file() and not another.sharing.bar.isVisible()


@pytest.mark.parametrize(("key", "outcome"), [("U", "used"), ("N", "waits"), ("O", "gone")])
def test_terms_are_answered_by_keys(
    window: MainWindow, session: Session, tmp_path: Path, key: str, outcome: str
) -> None:
    lines = model(session, "tiny lines")
    card = replace(bundle.read_card(lines), name="Theirs", licence=TERMS)
    recarding.written(lines, tmp_path / "theirs.safetensors", card)
    assert done(session.open_file(tmp_path / "theirs.safetensors"))
    file = model(session, "Theirs")
    alt(window, key)
    until(lambda: not window.sharing.bar.isVisible())
    files_done(session)
    assert window.canvas.hasFocus()
    assert file.exists() is (outcome != "gone")
    assert (session.live.model_file == file) is (outcome == "used")
    settle(session)


@pytest.mark.parametrize("how", ["from the bar", "from the list", "meanwhile"])
def test_terms_of_a_model_that_is_gone_are_asked_of_no_other_of_its_name(
    window: MainWindow, session: Session, tmp_path: Path, home: Path, qapp: QApplication, how: str
) -> None:
    lines = model(session, "tiny lines")
    card = replace(bundle.read_card(lines), name="shoes", licence=TERMS)
    recarding.written(lines, tmp_path / "theirs.safetensors", card)
    assert done(session.open_file(tmp_path / "theirs.safetensors"))
    assert window.sharing.bar.isVisible()
    file = home / "models" / "shoes.safetensors"
    (bundled,) = (it for it in session.library.models if it.bundled and it.file.name == file.name)
    assert not session.models.sharing.holds(bundled.file)  # which has the name already
    assert session.models.sharing.holds(file)
    if how == "from the bar":
        QTest.mouseClick(button(window, "remove"), Qt.MouseButton.LeftButton)
    elif how == "from the list":
        QTest.mouseClick(button(window, "later"), Qt.MouseButton.LeftButton)
        session.models.remove(session.library.entry(file))
    else:
        file.unlink()
        session.file.save()
        session, window = open_window()
    files_done(session)
    assert session.settings.unread_terms == [] and session.library.held == set()
    recarding.written(lines, file, card)  # one's own
    session.library.refresh()
    assert not session.models.sharing.holds(file)
    if how == "meanwhile":
        close(qapp, window)


def test_a_model_that_says_nothing_is_used_at_once_and_giving_it_away_asks(
    window: MainWindow, session: Session, tmp_path: Path
) -> None:
    window.actions_table["give_away"].trigger()
    assert "says neither what it has learnt from nor what may be done with it" in message(window)
    assert window.findChild(QFileDialog) is None
    answers = {it.text(): it for it in window.messages.findChildren(QPushButton) if it.isVisible()}
    assert list(answers) == ["&Edit the card …", "&Give it away all the same …"]
    window.messages.put_away()
    file = tmp_path / "there.safetensors"
    file.write_text("mine")
    entry = session.models.sharing.to_give()
    window.sharing.write(file, entry)
    assert "is there already" in message(window) and file.read_text() == "mine"
    assert session.settings.folder == str(tmp_path)
    window.messages.put_away()
    job = session.models.sharing.give(session.live.model_file, entry)
    assert not done(job) and "the model itself" in message(window)
    assert done(session.models.sharing.give(tmp_path / "gift", entry))
    gift = tmp_path / "gift.safetensors"
    assert bundle.read_card(gift).name == card_of(session).name


def test_giving_away_asks_about_the_name_that_it_will_write(
    window: MainWindow, session: Session, tmp_path: Path
) -> None:
    there = tmp_path / "gift v1.2.safetensors"
    there.write_text("precious")
    window.actions_table["give_away"].trigger()
    press(window, "Give it away all the same")
    choose(window, tmp_path / "gift v1.2")
    assert there.read_text() == "precious"
    assert "“gift v1.2.safetensors” is there already" in message(window)
    press(window, "another name")
    choose(window, tmp_path / "gift v1.3")
    assert bundle.read_card(tmp_path / "gift v1.3.safetensors").name == card_of(session).name
    window.sharing.write(tmp_path / "gift v1.2", session.models.sharing.to_give())
    press(window, "Replace it")
    assert bundle.read_card(there).name == card_of(session).name


def test_what_is_asked_of_a_model_is_done_with_that_model(
    window: MainWindow, session: Session, tmp_path: Path
) -> None:
    """Another one may be opened while the question stands."""
    meant, other = session.library.entry(session.live.model_file), model(session, "tiny lines")
    gift = tmp_path / "gift.safetensors"
    gift.write_text("an older one")

    def open_another() -> None:
        session.open_model(meant.file)
        settle(session)
        window.actions_table["give_away"].trigger()
        session.open_model(other)
        settle(session)

    open_another()
    assert f"“{meant.name}” says neither" in message(window)
    press(window, "Give it away all the same")
    choose(window, gift)
    assert "is there already" in message(window) and gift.read_text() == "an older one"
    press(window, "Replace it")
    assert bundle.read_card(gift).name == meant.name != card_of(session).name
    open_another()
    press(window, "Edit the card")
    until(lambda: window.sharing.dialog is not None)
    dialog = window.sharing.dialog
    assert dialog.draft.entry.file == meant.file and dialog.draft.preview is None  # it is the other one's
    dialog.data.setPlainText("Drawings of my own.")
    QTest.mouseClick(dialog.do, Qt.MouseButton.LeftButton)
    files_done(session)
    assert session.live.model_file == other
    # What is given away is the card that it has by now.
    assert done(session.models.sharing.give(gift, meant))
    assert bundle.read_card(gift).data == "Drawings of my own."


def test_a_card_that_lacks_something_is_said_in_the_dialog(
    window: MainWindow, session: Session, tmp_path: Path
) -> None:
    before = session.live.model_file.read_bytes()
    dialog = edit(window)
    dialog.name.clear()
    QTest.mouseClick(dialog.do, Qt.MouseButton.LeftButton)
    assert dialog.isVisible() and "A model needs a name." in text_of(dialog)
    dialog.name.setText("x")
    dialog.data.setPlainText("x" * 20_001)
    QTest.mouseClick(dialog.do, Qt.MouseButton.LeftButton)
    assert "too long" in text_of(dialog) and session.live.model_file.read_bytes() == before
    dialog.reject()
    files_done(session)
    assert session.live.model_file.read_bytes() == before


def test_a_card_that_cannot_be_written_stays_in_its_dialog(
    window: MainWindow, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = session.live.model_file
    before = file.read_bytes()
    dialog = edit(window)
    dialog.data.setPlainText("Many words, which took an evening.")
    rng = np.random.default_rng(0)
    noise = Picture(
        lines=rng.integers(0, 256, (800, 800)).astype(np.uint8),
        hints=rng.integers(0, 256, (800, 800, 4)).astype(np.uint8),
    )
    dialog.add(Choice("noise", lambda: SampleDrawing("noise", noise)))
    QTest.mouseClick(dialog.do, Qt.MouseButton.LeftButton)
    files_done(session)
    assert dialog.isVisible() and "take more than 2 MB" in text_of(dialog)
    dialog.samples.remove()
    with faults.at_work(monkeypatch, faults.Faults(file.parent, "ENOSPC", 0, lasting=True)):
        QTest.mouseClick(dialog.do, Qt.MouseButton.LeftButton)
        files_done(session)
    assert dialog.isVisible() and "No space left" in text_of(dialog)
    assert dialog.data.toPlainText() == "Many words, which took an evening." and file.read_bytes() == before
    QTest.mouseClick(dialog.do, Qt.MouseButton.LeftButton)
    files_done(session)
    until(lambda: window.sharing.dialog is None)
    assert bundle.read_card(file).data == "Many words, which took an evening."


def test_a_dialog_that_is_left_while_its_card_is_written_writes_none(
    window: MainWindow, session: Session, told: list[str]
) -> None:
    before = session.live.model_file.read_bytes()
    with held(session):
        dialog = edit(window)
        dialog.name.setText("Another")
        QTest.mouseClick(dialog.do, Qt.MouseButton.LeftButton)
        assert dialog.isVisible() and not dialog.do.isEnabled()
        dialog.reject()
    files_done(session)
    assert session.live.model_file.read_bytes() == before and told == [
        "Given up: Writing the card of “Another”."
    ]


def test_a_model_that_came_along_stays_and_a_copy_gets_the_card(
    window: MainWindow, session: Session, told: list[str], monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    entry = session.library.entry(session.live.model_file)
    object.__setattr__(entry, "bundled", True)  # as far as anybody can see
    before = entry.file.read_bytes()
    dialog = edit(window)
    dialog.name.setText("My sketches")
    QTest.mouseClick(dialog.do, Qt.MouseButton.LeftButton)
    files_done(session)
    until(lambda: session.live.card is not None and session.live.card.name == "My sketches")
    assert entry.file.read_bytes() == before and (home / "models" / "My sketches.safetensors").is_file()
    assert "a copy of your own has the new card" in told[0]


def test_a_model_is_added_from_a_shared_folder_if_it_is_the_one_that_was_listed(
    window: MainWindow, given: Path, another: MainWindow
) -> None:
    share = given.parent / "share"
    share.mkdir()
    (share / "gift.safetensors").write_bytes(given.read_bytes())
    (share / "other.safetensors").write_bytes(given.read_bytes())
    shared.write(share / "models.json")
    (share / "other.safetensors").unlink()
    another.sharing.open_catalogue(share / "models.json")
    until(lambda: another.findChild(CatalogueDialog) is not None)
    dialog = another.findChild(CatalogueDialog)
    assert not dialog.do.isEnabled() and "is not there" in dialog.models.item(1).text()
    place = dialog.models.visualItemRect(dialog.models.item(0)).center()
    QTest.mouseClick(dialog.models.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseClick(dialog.do, Qt.MouseButton.LeftButton)
    until(lambda: another.sharing.bar.isVisible())
    assert model(another.session, "Tiny shoes").read_bytes() == given.read_bytes()
    found = shared.checked(share / "models.json")[0]
    (share / "gift.safetensors").write_bytes(b"something else")
    assert not done(another.session.models.sharing.take(found))
    assert "is not the file that was listed" in message(another)


def test_no_room_for_what_is_given_away_is_a_sentence_and_nothing_is_lost(
    window: MainWindow, session: Session, given: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before, model = given.read_bytes(), session.live.model_file
    assert model is not None
    own, entry = model.read_bytes(), session.library.entry(model)
    told: list[str] = []
    session.error_reported.connect(told.append)
    for target in (given, tmp_path / "gifts" / "new.safetensors"):  # over an older one, and a new one
        target.parent.mkdir(exist_ok=True)
        around = set(target.parent.iterdir())
        told.clear()
        with faults.at_work(monkeypatch, faults.Faults(target.parent, "ENOSPC", 0, lasting=True)):
            assert not done(session.models.sharing.give(target, entry))
        assert len(told) == 1 and "No space left" in told[0] and "\n" not in told[0]
        assert set(target.parent.iterdir()) == around
    assert given.read_bytes() == before and model.read_bytes() == own
    assert done(
        session.models.sharing.give(tmp_path / "gifts" / "new.safetensors", entry)
    )  # there is room again
    assert bundle.read_card(tmp_path / "gifts" / "new.safetensors") == bundle.read_card(given)
