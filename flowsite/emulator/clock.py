"""The emulator's clock: wall time, plus what the control endpoint has added."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    def __init__(self, source: Callable[[], float] | None = None, offset_s: float = 0) -> None:
        self._source = source or time.time
        self.offset_s = offset_s

    def now_s(self) -> float:
        return self._source() + self.offset_s

    def now_ms(self) -> int:
        return int(self.now_s() * 1000)

    def advance(self, seconds: float) -> None:
        self.offset_s += seconds


def as_datetime(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def iso_z(seconds: float) -> str:
    """``2026-01-31T08:00:00Z``, the form of dates in source rows."""
    return as_datetime(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")
