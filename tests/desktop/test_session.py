from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QComboBox

from desktop.paint.editing.document import Role
from desktop.widgets.dialogs.picture_dialogs import ImportDialog
from desktop.widgets.main_window import MainWindow
from tests import warm
from tests.desktop.window_hands import done, drag, model, settle, until


def test_hints_are_out_of_reach_where_the_model_knows_none(window, session):
    session.strokes.choose_colour((200, 30, 30))
    assert session.document.active.role is Role.HINTS
    session.open_model(model(session, "tiny lines"))
    settle(session)
    assert session.document.active.role is Role.LINES
    assert not window.actions_table["draw_hints"].isEnabled()


def test_a_colour_in_a_sketch_goes_to_the_hints(window, session):
    session.strokes.choose_colour((200, 30, 30))
    drag(window, (20, 20), (60, 20))
    picture = session.document.picture()
    assert (picture.lines == 255).all()
    assert (picture.hints[20, 30, :3] == (200, 30, 30)).all()


def test_only_palette_colours_get_into_a_label_picture(window, session):
    session.open_model(model(session, "tiny labels"))
    settle(session)
    session.strokes.set_ink(colour=(77, 77, 77), opacity=0.3, hardness=0.1)
    drag(window, (10, 10), (60, 50))
    colours = {tuple(c) for c in session.document.picture_flat().reshape(-1, 3).tolist()}
    assert colours <= {label.colour for label in session.document.palette.labels}


def test_off_really_stops_and_one_preview_can_be_had(window, session):
    session.live.enabled = False
    before = session.live.preview
    drag(window, (10, 10), (50, 50))
    window.repaint()
    assert session.live.behind
    assert session.live.preview is before
    session.live.refresh()
    settle(session)
    assert session.live.preview is not before


def test_nothing_changes_nothing_is_asked(window, session):
    sent = []
    session.live.bridge.send = sent.append
    for _ in range(50):
        window.canvas.update()
        window.repaint()
    assert sent == []


def test_a_kept_frame_brings_picture_and_preview_back(window, session):
    drag(window, (10, 10), (50, 50))
    settle(session)
    assert done(session.shelf.keep())
    lines = session.document.picture().lines.copy()
    preview = session.live.preview.copy()
    drag(window, (50, 10), (10, 50))
    settle(session)
    session.shelf.choose(session.shelf.kept[0])
    assert np.array_equal(session.document.picture().lines, lines)
    assert np.array_equal(session.live.preview, preview)
    session.undo()
    assert not np.array_equal(session.document.picture().lines, lines)


def test_variations_come_one_by_one_and_can_be_chosen(window, session):
    session.shelf.vary()
    until(lambda: session.shelf.awaited == 0)
    assert len(session.shelf.variations) == 8
    chosen = session.shelf.variations[3]
    session.shelf.choose(chosen)
    assert session.live.preview is chosen.preview


def test_save_and_open_again(window, session, tmp_path):
    drag(window, (10, 10), (50, 50))
    session.strokes.choose_colour((200, 30, 30))
    drag(window, (20, 60), (60, 60))
    picture = session.document.picture()
    assert not session.saved
    assert not done(session.save())
    assert session.needs_a_path
    assert done(session.save(tmp_path / "drawing.ora"))
    assert session.saved
    session.close_picture(session.picture)
    done(session.open_file(tmp_path / "drawing.ora"))
    again = session.document.picture()
    assert np.array_equal(again.lines, picture.lines)
    assert np.array_equal(again.hints, picture.hints)
    assert session.picture.name == "drawing.ora"


@pytest.mark.parametrize("what", ["picture", "preview", "pair"])
def test_exports_have_the_pictures_own_size(window, session, tmp_path, what):
    drag(window, (10, 10), (50, 50))
    settle(session)
    done(session.export(what, tmp_path / "out.png"))
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == ((192 if what == "pair" else 96), 80)


def test_a_picture_that_cannot_be_read_is_told_in_a_sentence_and_costs_nothing(session, told, tmp_path):
    before = session.picture
    (tmp_path / "text.png").write_text("hello")
    for name in ("text.png", "missing.png", "text.ora"):
        done(session.open_file(tmp_path / name))
    assert len(told) == 3
    assert all(sentence.endswith(".") and "Traceback" not in sentence for sentence in told)
    assert session.picture is before


@pytest.mark.parametrize("name", ["bad.safetensors", "bad.pth"])
def test_a_broken_model_is_told_and_the_old_one_stays(window, session, told, tmp_path, name):
    card = session.live.card
    (tmp_path / name).write_bytes(b"\x80\x02 no model")
    done(session.open_file(tmp_path / name))
    until(lambda: told)
    assert session.live.card is card


def test_weights_dropped_on_the_window_are_imported_and_used(window, session, tmp_path):
    import torch

    from engine.data.messages import Inspected

    path = tmp_path / "latest_net_G.pth"
    torch.save(_reference_state(torch), path)
    asked: list[Inspected] = []
    session.library.asks.connect(asked.append)
    done(session.open_file(path))
    until(lambda: asked)
    session.library.carry_out_import(path, "mine", "image", None)
    until(lambda: session.live.card is not None and session.live.card.name == "mine")
    settle(session)
    assert session.document.kind == "image"


def test_weights_of_maps_are_offered_their_colours(window, session, tmp_path):
    import torch

    path = tmp_path / "map2sat_pretrained" / "latest_net_G.pth"
    path.parent.mkdir()
    torch.save(_reference_state(torch), path)
    done(session.open_file(path))
    until(lambda: window.findChildren(ImportDialog))
    (dialog,) = window.findChildren(ImportDialog)
    visible = [box for box in dialog.findChildren(QComboBox) if box.isVisible()]
    assert [box.currentText() for box in visible][1:] == ["maps"]
    dialog.accept()
    until(lambda: session.live.card is not None and session.live.card.palette is not None)
    settle(session)
    assert session.document.kind == "image"
    assert session.live.card.palette.labels[0].name == "ground"
    assert session.document.paper == session.live.card.palette.labels[0].colour


def _reference_state(torch):
    """A U-Net of 5 levels, width 4, instance norm, in the reference project's layout."""
    widths = [4, 8, 16, 32, 32]
    state, prefix = {}, "model.model."
    generator = torch.Generator().manual_seed(0)

    def conv(name, *shape):
        state[f"{name}.weight"] = torch.randn(*shape, generator=generator) * 0.1
        state[f"{name}.bias"] = torch.zeros(1)

    state["model.model.0.weight"] = torch.randn(4, 3, 4, 4, generator=generator) * 0.1
    state["model.model.0.bias"] = torch.zeros(4)
    state["model.model.3.weight"] = torch.randn(8, 3, 4, 4, generator=generator) * 0.1
    state["model.model.3.bias"] = torch.zeros(3)
    prefix = "model.model.1.model."
    for level in range(1, 5):
        inner = level == 4
        state[f"{prefix}1.weight"] = (
            torch.randn(widths[level], widths[level - 1], 4, 4, generator=generator) * 0.1
        )
        state[f"{prefix}1.bias"] = torch.zeros(widths[level])
        up = f"{prefix}3" if inner else f"{prefix}5"
        ins = widths[level] if inner else widths[level] * 2
        state[f"{up}.weight"] = torch.randn(ins, widths[level - 1], 4, 4, generator=generator) * 0.1
        state[f"{up}.bias"] = torch.zeros(widths[level - 1])
        prefix += "3.model."
    return state


def test_unsaved_drawings_survive_the_kill_of_the_program(stocked_home, tmp_path):
    """A finished stroke is on the disk a second later; the next start offers it."""
    script = textwrap.dedent(
        """
        from PySide6.QtCore import QTimer
        from desktop.app import begin, make_application, open_window
        from tests.desktop.window_hands import drag
        app = make_application()
        session, window = open_window()
        window.resize(900, 700)
        window.show()
        session.new_picture("sketch", 96, 80)
        begin(session, window, None)
        drag(window, (10, 10), (50, 50))
        drag(window, (50, 10), (10, 50))
        session.undo()
        QTimer.singleShot(1000, lambda: print("ready", flush=True))
        app.exec()
        """
    )
    told = tmp_path / "told"
    with warm.program("-c", script, folder=told) as child:
        out = told / "out"
        until(lambda: not child.is_alive() or (out.exists() and out.read_text("utf-8") == "ready\n"), 60)
        assert child.is_alive(), (told / "said").read_text("utf-8")
        child.kill()
        child.join()

    from desktop.documents.recovery import abandoned, restore

    (left,) = abandoned()
    lines = restore(left.path).picture().lines
    assert (lines < 128).sum() > 50
    assert lines[10, 50] == 255  # the second stroke was undone


def test_the_open_drawing_of_a_living_program_is_not_offered(window, session):
    drag(window, (10, 10), (50, 50))
    until(lambda: session.picture.journal is not None)
    assert session.guarding.left_behind() == ([], [])


def test_closing_keeps_what_is_not_saved_for_the_next_start(window: MainWindow, session):
    drag(window, (10, 10), (50, 50))
    window.close()
    from desktop.documents.recovery import abandoned

    assert [left.title for left in abandoned()] == [session.picture.name]


def test_torch_comes_after_the_window(home):
    script = (
        "import sys\n"
        "from desktop.app import make_application, open_window\n"
        "app = make_application()\n"
        "session, window = open_window()\n"
        "window.show()\n"
        "app.processEvents()\n"
        "assert 'torch' not in sys.modules, 'torch came first'\n"
        "window.close()\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env=os.environ.copy())


def test_a_photo_to_trace_is_shown_and_never_sent(window, session, tmp_path):
    Image.fromarray(np.zeros((80, 96, 3), np.uint8)).save(tmp_path / "photo.png")
    before = session.document.picture()
    done(session.layers.add_reference(tmp_path / "photo.png"))
    assert session.document.layers[-1].role is Role.REFERENCE
    assert session.document.layers[-1].opacity == 0.5
    assert np.array_equal(session.document.picture().lines, before.lines)
    assert session.document.active.role is Role.LINES
    session.undo()
    assert all(layer.role is not Role.REFERENCE for layer in session.document.layers)


def test_a_project_remembers_its_model_and_asks_for_it_again(window, session, tmp_path):
    session.open_model(model(session, "tiny lines"))
    settle(session)
    drag(window, (10, 10), (50, 50))
    done(session.save(tmp_path / "lines.ora"))
    assert len(session.document.extras["digest"]) == 64
    session.new_picture("sketch", 64, 64)
    session.open_model(model(session, "tiny sketch"))
    settle(session)
    session.close_picture(next(p for p in session.pictures if p.path))
    done(session.open_file(tmp_path / "lines.ora"))
    settle(session)
    assert session.live.card.name == "tiny lines"
