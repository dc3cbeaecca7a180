"""The gateway's rate limit, in the emulator's time."""

from __future__ import annotations

import threading

from flowsite.emulator.errors import gateway_error


class RateLimit:
    """A token bucket per organisation; None lets everything pass."""

    def __init__(self, per_second: float | None) -> None:
        self.per_second = per_second
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def check(self, org_id: str, now_s: float) -> None:
        if not self.per_second:
            return
        with self._lock:
            size = max(1.0, self.per_second)
            left, at = self._buckets.get(org_id, (size, now_s))
            left = min(size, left + max(0.0, now_s - at) * self.per_second)
            if left < 1:
                wait_s = max(1, round((1 - left) / self.per_second + 0.5))
                self._buckets[org_id] = (left, now_s)
                raise gateway_error(
                    429, "429050", "Too many requests", headers={"Retry-After": str(wait_s)}
                )
            self._buckets[org_id] = (left - 1, now_s)
