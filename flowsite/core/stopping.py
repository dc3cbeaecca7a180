"""Whether this process has been asked to stop.

A Celery task runs in a child of the process that gets the signal. The flag lies in memory that the
two share, because the child is forked after this module was imported.
"""

from __future__ import annotations

import mmap
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_shared = mmap.mmap(-1, 1)


def asked() -> bool:
    """True once a stop was asked for: start nothing new."""
    return _shared[0] == 1


def ask() -> None:
    """Safe in a signal handler."""
    _shared[0] = 1


def forget() -> None:
    """Undoes ``ask``; for tests and for the end of ``on_signals``."""
    _shared[0] = 0


def also_on_signals(*_: Any, **__: Any) -> None:
    """Sets the flag on SIGTERM, SIGQUIT and SIGINT, and then lets the handler there do its part."""
    for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT):
        _chain(number)


def _chain(number: signal.Signals) -> None:
    before = signal.getsignal(number)

    def handle(signum: int, frame: FrameType | None) -> None:
        ask()
        if callable(before):
            before(signum, frame)

    signal.signal(number, handle)


@contextmanager
def on_signals() -> Iterator[None]:
    """In a command: the first SIGTERM or Ctrl-C asks to stop, the second one ends the process."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}

    def handle(signum: int, _frame: FrameType | None) -> None:
        ask()
        signal.signal(signum, signal.SIG_DFL)

    for number in numbers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        forget()
