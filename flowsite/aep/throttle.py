"""Token buckets: how fast calls of one organisation may follow one another.

AEP documents no rate limit (API contract, section 1.7), so the rate is ours, and a 429 teaches: it
holds everybody back for the time AEP asks, empties the bucket and halves the rate for a while.
``HostThrottle`` keeps its bucket in a small file, so that all processes of a host share it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

logger = logging.getLogger(__name__)

RATE_PER_S = 20.0
BURST = 40
#: No penalty lasts longer; a file that says so is from before the last reboot.
LONGEST_PENALTY_S = 900.0
_SLOWEST = 16.0
#: So long without a 429 doubles the rate again, up to the full one.
_RECOVERY_S = 15.0


class Throttle(Protocol):
    """What a session asks before each call, and tells after each 429."""

    def reserve(self, longest_s: float) -> float:
        """Takes the next free slot and answers the seconds to wait for it.

        If that is longer than ``longest_s``, no slot is taken.
        """

    def penalise(self, seconds: float) -> None:
        """AEP asked for fewer requests: nobody sends for so long, and then more slowly."""


@dataclass(frozen=True)
class Bucket:
    """The state of a bucket; times in seconds of one clock.

    ``full_at``: when all tokens are back. ``blocked_until``: nobody sends before. ``slow``: by what
    the rate is divided since ``slow_since``.
    """

    full_at: float = 0.0
    blocked_until: float = 0.0
    slow: float = 1.0
    slow_since: float = 0.0


@dataclass(frozen=True)
class Rate:
    """How fast a bucket refills, and how much it holds."""

    per_s: float = RATE_PER_S
    burst: int = BURST

    def reserve(self, bucket: Bucket, now: float, longest_s: float) -> tuple[Bucket, float]:
        """The bucket after taking a slot, and the wait for it. Pure."""
        bucket = self._sane(bucket, now)
        slow = self._slow(bucket, now)
        interval = slow / self.per_s
        allowance = interval * (self.burst - 1)
        start = max(now, bucket.full_at - allowance, bucket.blocked_until)
        wait = start - now
        if wait > longest_s:
            return bucket, wait
        full_at = max(bucket.full_at, start) + interval
        return Bucket(full_at, bucket.blocked_until, bucket.slow, bucket.slow_since), wait

    def penalise(self, bucket: Bucket, now: float, seconds: float) -> Bucket:
        """The bucket after a 429. Pure. Answers that arrive together count as one lesson."""
        bucket = self._sane(bucket, now)
        slow, since = self._slow(bucket, now), bucket.slow_since
        if slow == 1.0 or now - since > 1.0:
            slow, since = min(slow * 2, _SLOWEST), now
        else:
            slow = bucket.slow
        until = max(bucket.blocked_until, now + min(seconds, LONGEST_PENALTY_S))
        empty = until + slow / self.per_s * (self.burst - 1)
        return Bucket(max(bucket.full_at, empty), until, slow, since)

    @staticmethod
    def _slow(bucket: Bucket, now: float) -> float:
        periods = int(max(now - max(bucket.slow_since, bucket.blocked_until), 0) / _RECOVERY_S)
        return max(bucket.slow / 2.0 ** min(periods, 10), 1.0)

    def _sane(self, bucket: Bucket, now: float) -> Bucket:
        """The bucket, or a fresh one if its clock was another (a reboot, a damaged file)."""
        furthest = now + LONGEST_PENALTY_S + _SLOWEST * (self.burst + 10_000) / self.per_s
        numbers = (bucket.full_at, bucket.blocked_until, bucket.slow_since)
        fine = all(0 <= number <= furthest for number in numbers)
        return bucket if fine and 1.0 <= bucket.slow <= _SLOWEST else Bucket()


class MemoryThrottle:
    """A bucket for one process. Thread safe."""

    def __init__(
        self,
        *,
        rate_per_s: float = RATE_PER_S,
        burst: int = BURST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = Rate(rate_per_s, burst)
        self._clock = clock
        self._bucket = Bucket()
        self._lock = threading.Lock()

    def reserve(self, longest_s: float) -> float:
        with self._lock:
            self._bucket, wait = self._rate.reserve(self._bucket, self._clock(), longest_s)
            return wait

    def penalise(self, seconds: float) -> None:
        with self._lock:
            self._bucket = self._rate.penalise(self._bucket, self._clock(), seconds)


class HostThrottle:
    """A bucket shared by all processes of a host: one small locked file per ``key``.

    The lock is held only while the numbers are read and written, never while anybody waits. The
    clock is the monotonic one, which processes of a host share. If the file can't be used, calls
    go on with a bucket of this process.
    """

    def __init__(
        self,
        directory: Path | str,
        *,
        key: str,
        rate_per_s: float = RATE_PER_S,
        burst: int = BURST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = Path(directory) / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.bucket"
        self._rate = Rate(rate_per_s, burst)
        self._clock = clock
        self._own = MemoryThrottle(rate_per_s=rate_per_s, burst=burst, clock=clock)

    def reserve(self, longest_s: float) -> float:
        try:
            with self._locked() as file:
                bucket, wait = self._rate.reserve(_read(file), self._clock(), longest_s)
                _write(file, bucket)
                return wait
        except OSError as error:
            self._complain(error)
            return self._own.reserve(longest_s)

    def penalise(self, seconds: float) -> None:
        try:
            with self._locked() as file:
                _write(file, self._rate.penalise(_read(file), self._clock(), seconds))
        except OSError as error:
            self._complain(error)
            self._own.penalise(seconds)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)  # gives the lock back

    @staticmethod
    def _complain(error: OSError) -> None:
        logger.warning("throttle file unusable", extra={"errno": error.errno})


_LAYOUT = struct.Struct("<4d")


def _read(file: int) -> Bucket:
    data = os.pread(file, _LAYOUT.size, 0)
    return Bucket(*_LAYOUT.unpack(data)) if len(data) == _LAYOUT.size else Bucket()


def _write(file: int, bucket: Bucket) -> None:
    os.pwrite(
        file,
        _LAYOUT.pack(bucket.full_at, bucket.blocked_until, bucket.slow, bucket.slow_since),
        0,
    )
