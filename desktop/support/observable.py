"""State that widgets can watch: a property tells when it changed, one line ties a widget to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

import numpy as np
from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

T = TypeVar("T")


class Property(Generic[T]):
    """An attribute of an ``Observable`` that emits ``changed(name)`` when it gets another value."""

    def __init__(self, default: T) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.slot = f"_{name}"

    @overload
    def __get__(self, instance: None, owner: type) -> Property[T]: ...
    @overload
    def __get__(self, instance: Observable, owner: type) -> T: ...
    def __get__(self, instance: Observable | None, owner: type) -> Property[T] | T:
        if instance is None:
            return self
        value: T = getattr(instance, self.slot, self.default)
        return value

    def __set__(self, instance: Observable, value: T) -> None:
        old = self.__get__(instance, type(instance))
        if value is old:
            return
        setattr(instance, self.slot, value)
        # Of two arrays, the same one is alike: comparing pixels costs time, and fails for two sizes.
        if isinstance(value, np.ndarray) or isinstance(old, np.ndarray) or value != old:
            instance.changed.emit(self.name)


class Observable(QObject):
    """A QObject whose ``Property`` attributes can be watched by name."""

    changed = Signal(str)

    def watch(self, names: str, reaction: Callable[[], Any]) -> None:
        """Call ``reaction`` now, and again whenever one of ``names`` (space-separated) changes; a widget's
        method no more once the widget is gone."""
        watched = frozenset(names.split())
        unknown = [name for name in watched if not isinstance(getattr(type(self), name, None), Property)]
        if unknown:
            raise AttributeError(f"{type(self).__name__} has no property {', '.join(unknown)}")

        owner = getattr(reaction, "__self__", None)

        def react(name: str) -> None:
            if name in watched and not (isinstance(owner, QObject) and not isValid(owner)):
                reaction()

        self.changed.connect(react)
        reaction()


def bind(source: Observable, name: str, widget: QObject, setter: str, signal: str) -> None:
    """Tie a widget to a property both ways: ``bind(live, "enabled", box, "setChecked", "toggled")``."""
    put = getattr(widget, setter)
    source.watch(name, lambda: put(getattr(source, name)))
    getattr(widget, signal).connect(lambda value: setattr(source, name, value))
