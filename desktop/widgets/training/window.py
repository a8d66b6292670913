"""The training window: choose a folder, choose how long, watch; and the way into it from the main window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from desktop.session import Session
from desktop.training.current import TrainingRequest
from desktop.training.runs import RunSummary, is_run
from desktop.widgets.parts.actions import Reactions
from desktop.widgets.parts.message_bar import MessageBar
from desktop.widgets.parts.room import Scrolling, fit
from desktop.widgets.training.prepare import PreparePage
from desktop.widgets.training.queue import QueuePage
from desktop.widgets.training.start import StartPage
from desktop.widgets.training.watch import WatchPage


class TrainingWindow(QWidget):
    """A window of its own, so that canvas and training can be seen beside each other."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("training_window")
        self.setWindowTitle(self.tr("Training – Underpaint"))
        self.setAcceptDrops(True)
        fit(self, 1040, 800)
        self._session = session
        self._answered = False
        self.start_page = StartPage(session)
        self.prepare_page = PreparePage(session)
        self.watch_page = WatchPage(session)
        self.queue_page = QueuePage(session)
        self.pages = QStackedWidget()
        for page in (self.start_page, self.prepare_page, self.watch_page, self.queue_page):
            self.pages.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(Scrolling(self.pages))
        self.messages = MessageBar(self)
        self.start_page.chosen.connect(self.prepare)
        self.start_page.discarded.connect(self._delete)
        self.prepare_page.left.connect(self.begin_anew)
        self.prepare_page.begun.connect(self._start)
        self.watch_page.left.connect(self.begin_anew)
        self.start_page.wants_queue.connect(self.show_queue)
        self.prepare_page.queued.connect(self._add_to_queue)
        self.queue_page.left.connect(self.begin_anew)
        session.training_queue.error_reported.connect(self.messages.warn)
        self.watch_page.again.connect(self._prepare_again)
        training = session.training
        session.dataset_scan.error_reported.connect(self._refused)
        training.error_reported.connect(self.messages.warn)
        training.trashless.connect(self._ask_whether_for_good)
        training.watch("run", self._show_page)
        self._dress()

    def prepare(self, folder: Path) -> None:
        """Look at a folder of pictures; a run's folder is followed instead, wherever it lies."""
        if is_run(folder):
            self._session.training.show(folder)
            return
        self._session.settings.folder = str(folder.parent)
        self.prepare_page.look_at(folder)
        self.pages.setCurrentWidget(self.prepare_page)

    def show_queue(self) -> None:
        """Show the trainings that wait."""
        self._session.training_queue.look()
        self.pages.setCurrentWidget(self.queue_page)

    def _add_to_queue(self, request: TrainingRequest) -> None:
        self._session.training_queue.add(request)
        self.show_queue()

    def _prepare_again(self) -> None:
        if self._session.dataset_scan.result is not None:
            self.pages.setCurrentWidget(self.prepare_page)
        else:
            self.begin_anew()

    def begin_anew(self) -> None:
        """Back to the first page; a training goes on by itself."""
        self._session.dataset_scan.forget()
        self._session.training.look_back()
        self.pages.setCurrentWidget(self.start_page)

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other icons."""
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask whether a training goes on without the window; closing once more is an answer too."""
        question = self.tr("The training goes on in the background. You find it again here.")
        asked = self._answered or self.messages.is_asking(question)
        if asked or not self._session.training.goes_on:
            self._answered = False
            self.messages.put_away()
            super().closeEvent(event)
            return
        event.ignore()
        self.messages.ask(
            question,
            (self.tr("&Let it go on"), self._close_indeed),
            (self.tr("&Stop it"), self._stop_and_close),
        )

    def _close_indeed(self) -> None:
        self._answered = True
        self.close()

    def _stop_and_close(self) -> None:
        self._session.training.stop(then=self._close_indeed)

    def _start(self, request: TrainingRequest) -> None:
        self._session.training.start(request)

    def _delete(self, run: RunSummary) -> None:
        self._session.training.delete(run.folder)

    def _ask_whether_for_good(self, folder: Path) -> None:
        training = self._session.training
        self.messages.ask(
            self.tr("There is no trash for “%s”. Deleted for good, it can't be brought back.") % folder.name,
            (self.tr("&Delete it for good"), lambda: training.delete(folder, for_good=True)),
            (self.tr("&Keep it"), lambda: None),
        )

    def _refused(self, sentence: str) -> None:
        if self.pages.currentWidget() is self.prepare_page:  # else something else is looked at by now
            self.begin_anew()
        self.messages.warn(sentence)

    def _show_page(self) -> None:
        if self._session.training.run is not None:
            self.pages.setCurrentWidget(self.watch_page)
        elif self.pages.currentWidget() in (self.watch_page, self.start_page):  # else it is in nobody's way
            self.begin_anew()

    def _dress(self) -> None:
        for page in (self.start_page, self.prepare_page, self.watch_page, self.queue_page):
            page.dress()


class TrainingController(QObject):
    """The way from the main window into training, and what it is told of one at start and end.

    Args:
        window: the main window; an attribute ``messages`` is its message bar.
    """

    wants_pairs = Signal()
    """There are photos, but no pairs yet: these are to be painted."""
    wants_preparing = Signal(object)
    """The photos in this folder, a ``Path``, are to be prepared first."""

    def __init__(self, session: Session, messages: MessageBar, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._messages, self._main = session, messages, window
        self.window: TrainingWindow | None = None
        self._answered = False
        training = session.training
        training.brought.connect(lambda _model, _said: window.activateWindow())
        training.error_reported.connect(self._report)
        training.found.connect(self._announce)
        session.training_queue.went_on.connect(self._report_queue)
        session.training_queue.error_reported.connect(self._report)
        QTimer.singleShot(0, self, training.find)
        QTimer.singleShot(0, self, session.training_queue.find)

    def open(self) -> None:
        """Show the training window."""
        if self.window is None:
            self.window = TrainingWindow(self._session)
            self.window.start_page.wants_pairs.connect(self._leave_for_pairs)
            self.window.prepare_page.unprepared.connect(self.wants_preparing)
            if self._session.training.run is None:
                self.window.begin_anew()
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()

    def reactions(self) -> Reactions:
        """What the menu's actions do."""
        return {"train": self.open, "queue": self.show_queue, "day": self._session.training_queue.look_at_day}

    def show_queue(self) -> None:
        """Show the training window with the trainings that wait."""
        self.open()
        assert self.window is not None
        self.window.show_queue()

    def prepare(self, folder: Path) -> None:
        """Show the training window with what is in a folder of pictures."""
        self.open()
        assert self.window is not None
        self.window.prepare(folder)

    def takes(self, dropped: list[Path]) -> bool:
        """Whether it is a zip file that was dropped, which can be nothing but pictures to train on."""
        if len(dropped) != 1 or dropped[0].suffix.lower() != ".zip":
            return False
        self.prepare(dropped[0])
        return True

    def may_close(self) -> bool:
        """Whether the program may end now; if not, a question is on show. Asked again it may."""
        question = (
            self.tr("The queue goes on, also without the window; you find it again at the next start.")
            if self._session.training_queue.works
            else self.tr(
                "A training goes on. It can do so without the window; you find it again at the next start."
            )
        )
        asked = self._answered or self._messages.is_asking(question)
        if asked or not (self._session.training.goes_on or self._session.training_queue.works):
            if self.window is not None:
                self.window.hide()
                self.window.deleteLater()
                self.window = None
            return True
        self._messages.ask(
            question,
            (self.tr("&Let it go on"), self._close_indeed),
            (self.tr("&Stop it"), self._stop_and_close),
        )
        return False

    def _leave_for_pairs(self) -> None:
        self._main.activateWindow()
        self.wants_pairs.emit()

    def _close_indeed(self) -> None:
        self._answered = True
        self._main.close()

    def _stop_and_close(self) -> None:
        training, queue = self._session.training, self._session.training_queue
        its_own = [item.run for item in queue.queue.items if queue.works and item.waits]

        def stop_training() -> None:
            if training.goes_on and training.run not in its_own:  # it may be what the queue waits for
                training.stop(then=self._close_indeed)
            else:
                self._close_indeed()

        if queue.works:
            queue.interrupt(then=stop_training)  # with what it trains
        else:
            stop_training()

    def _report_queue(self, name: str) -> None:
        self._messages.offer(
            self.tr("The queue goes on, with “%s”.") % name,
            (self.tr("&Show"), self.show_queue),
            (self.tr("St&op it"), self._session.training_queue.stop),
        )

    def _announce(self) -> None:
        training = self._session.training
        plan, run = training.plan, training.run
        name = plan.name if plan else ""

        def followed(do: Callable[[], object]) -> Callable[[], None]:
            """``do`` with that run, though another may be followed when it is answered."""

            def react() -> None:
                if run is not None and training.run != run:
                    training.show(run)
                do()

            return react

        show = (self.tr("&Show"), followed(self.open))
        if training.goes_on:
            self._messages.offer(self.tr("“%s” is still training.") % name, show)
        elif training.phase == "finished":
            take = (self.tr("&Paint with it"), lambda: self._take_over(run))
            self._messages.offer(self.tr("“%s” has been trained to the end.") % name, take, show)
        elif training.phase == "interrupted":
            resume = (self.tr("&Resume"), followed(training.resume))
            self._messages.offer(self.tr("The training of “%s” was interrupted.") % name, resume, show)

    def _take_over(self, run: Path | None) -> None:
        training = self._session.training
        if run is not None and training.run != run:
            training.take_over_from(run)
        else:
            training.take_over()

    def _report(self, sentence: str) -> None:
        """Where the training window can't."""
        if self.window is None or not self.window.isVisible():
            self._messages.warn(sentence)
