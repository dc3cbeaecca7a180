"""Counting calls and pages without slowing them down.

Each process sums up in memory and adds its sums to the shared rows every few seconds, from a thread
of its own. A process that is killed loses the last seconds of its counts, nothing else.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from dataclasses import dataclass, field

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F

from flowsite.operations.models import BUCKETS, Tally

logger = logging.getLogger(__name__)
FLUSH_S = 10.0
#: Names beyond that are counted together: something makes them up.
MOST_NAMES = 1000

Key = tuple[str, str, str]


@dataclass
class Sums:
    """What one process has seen of one key since its last flush."""

    calls: int = 0
    seconds: float = 0.0
    buckets: dict[str, int] = field(default_factory=dict)

    def add(self, seconds: float) -> None:
        self.calls += 1
        self.seconds += seconds
        for column, limit in BUCKETS.items():
            if seconds <= limit:
                self.buckets[column] = self.buckets.get(column, 0) + 1
                return

    def merge(self, other: Sums) -> None:
        self.calls += other.calls
        self.seconds += other.seconds
        for column, count in other.buckets.items():
            self.buckets[column] = self.buckets.get(column, 0) + count


class Tallies:
    """The sums of this process. Thread safe; a forked child starts with none."""

    def __init__(self) -> None:
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[Key, Sums] = {}
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def add(self, kind: str, name: str, outcome: str, seconds: float) -> None:
        """Counts one call."""
        with self._lock:
            key = (kind, name[:100], outcome[:40])
            if key not in self._sums and len(self._sums) >= MOST_NAMES:
                key = (kind, "other", "other")
            self._sums.setdefault(key, Sums()).add(seconds)
            if self._thread is None and not settings.TESTING:
                self._thread = threading.Thread(target=self._run, name="tallies", daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """Adds the sums to the shared rows; keeps them when the database does not take them."""
        with self._lock:
            taken, self._sums = self._sums, {}
        if not taken:
            return
        try:
            with transaction.atomic():
                for key in sorted(taken):  # one order for all processes: no deadlock
                    _store(key, taken[key])
        except DatabaseError as error:
            logger.debug("tallies not stored yet", extra={"error": type(error).__name__})
            with self._lock:
                for key, sums in taken.items():
                    self._sums.setdefault(key, Sums()).merge(sums)

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_S):
            self.flush()
            connection.close()

    def close(self) -> None:
        """The last sums of a process that ends."""
        self._stop.set()
        if not settings.TESTING:
            self.flush()


def _store(key: Key, sums: Sums) -> None:
    kind, name, outcome = key
    changes = {
        "calls": F("calls") + sums.calls,
        "seconds": F("seconds") + sums.seconds,
        **{column: F(column) + count for column, count in sums.buckets.items()},
    }
    rows = Tally.objects.filter(kind=kind, name=name, outcome=outcome)
    if rows.update(**changes):
        return
    try:
        with transaction.atomic():
            Tally.objects.create(
                kind=kind,
                name=name,
                outcome=outcome,
                calls=sums.calls,
                seconds=sums.seconds,
                **sums.buckets,
            )
    except IntegrityError:  # another process was first
        rows.update(**changes)


tallies = Tallies()
atexit.register(tallies.close)


class CountCalls(logging.Handler):
    """Counts the one line that the client writes for each call it sends."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg != "aep call":
            return
        operation = str(getattr(record, "operation", "") or "other")
        if "/" in operation:  # a path, which holds ids
            operation = "other"
        outcome = getattr(record, "status", None) or getattr(record, "error", "") or "none"
        seconds = float(getattr(record, "duration_ms", 0)) / 1000
        tallies.add("aep", operation, str(outcome), seconds)
