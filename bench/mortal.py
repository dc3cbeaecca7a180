"""A Celery worker that can be told to die at an exact line: ``celery -A mortal worker``.

An order is an empty file ``<key>.<point>.<step>`` in the folder ``FAULTS_DEATHS``: the process that
comes to that point of that step takes the file away and ends itself with SIGKILL.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from celery.signals import worker_process_init

from flowsite.celery import app

__all__ = ["app"]
ORDERS = Path(os.environ["FAULTS_DEATHS"])
#: Shorter than an answer of the emulator takes.
IN_FLIGHT_S = 0.015


def die_if_told(key: str, point: str, step: str, *, after_s: float = 0) -> None:
    try:
        (ORDERS / f"{key}.{point}.{step}").unlink()
    except FileNotFoundError:
        return
    if after_s:
        threading.Timer(after_s, die, [point]).start()
    else:
        die(point)


def die(point: str) -> None:
    if point == "worker":
        os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


@worker_process_init.connect
def make_mortal(**_: Any) -> None:
    from flowsite.submissions import executor, recording  # noqa: PLC0415 -- needs Django

    sending, done, start = recording.sending, recording.done, executor.Execution._start

    def sending_then(ledger: Any, row: Any, request: Any) -> None:
        sending(ledger, row, request)
        die_if_told(ledger.submission.key, "unsent", row.key)

    def done_after(ledger: Any, row: Any, *args: Any, **kwargs: Any) -> None:
        die_if_told(ledger.submission.key, "unsaved", row.key)
        done(ledger, row, *args, **kwargs)

    def start_then(execution: Any, row: Any, kind: str, call: Any) -> None:
        start(execution, row, kind, call)
        for point in ("in-flight", "worker"):
            die_if_told(execution.submission.key, point, row.key, after_s=IN_FLIGHT_S)

    recording.sending = sending_then
    recording.done = done_after
    executor.Execution._start = start_then
