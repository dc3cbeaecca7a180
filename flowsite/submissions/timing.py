"""The lengths of time a submission lives by, all from settings so that tests can shorten them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

#: Longer waits are a ``due_at`` in the row, and the worker does something else.
PATIENCE = timedelta(seconds=10)
#: After a stop was asked for, open calls get this long. Below Celery's soft shutdown of 5 s.
STOP_GRACE = timedelta(seconds=4)
#: A call that did not start this long after its row was written is not sent at all: another worker
#: counts the time from the row.
LATEST_START = timedelta(seconds=5)


@dataclass(frozen=True)
class Timing:
    """``settings`` as lengths of time."""

    lease: timedelta
    renew: timedelta
    quiet: timedelta
    call_limit: timedelta
    budget: timedelta

    @property
    def pause(self) -> timedelta:
        """The first wait before something is tried again; a second with the usual quiet time."""
        return self.quiet / 15

    @classmethod
    def from_settings(cls) -> Timing:
        return cls(
            lease=timedelta(seconds=settings.LEASE_S),
            renew=timedelta(seconds=settings.LEASE_RENEW_S),
            quiet=timedelta(seconds=settings.QUIET_TIME_S),
            call_limit=timedelta(seconds=settings.CREATE_LIMIT_S),
            budget=timedelta(seconds=settings.TASK_BUDGET_S),
        )
