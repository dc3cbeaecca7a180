"""Writing the rows of one submission, by the holder of its lease and nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol, TypeVar

from django.db import transaction
from django.utils import timezone

from flowsite.core import leases
from flowsite.submissions.models import StepState, Submission, SubmissionState, SubmissionStep
from flowsite.submissions.timing import Timing

T = TypeVar("T")


class Aside(Protocol):
    """Makes a call in a thread, while the main thread keeps the lease."""

    def __call__(self, call: Callable[[], T]) -> T: ...


class LeaseLost(Exception):
    """Another worker holds the submission now: stop at once and write nothing."""


class NotYet(Exception):
    """There is nothing to do before ``due_at``."""

    def __init__(self, due_at: datetime):
        super().__init__(due_at)
        self.due_at = due_at


class Ledger:
    """The submission, its steps, and the token that allows writing them.

    Every write renews the lease in the same transaction: the renewal locks the submission's row, so
    that nobody can take it over between the check and the write.
    """

    def __init__(self, submission: Submission, token: str, timing: Timing):
        self.submission = submission
        self.token = token
        self.timing = timing
        self.renewed_at = timezone.now()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction of the lease's holder. Raises LeaseLost."""
        with transaction.atomic():
            self._renew()
            yield
        self.renewed_at = timezone.now()

    def keep(self) -> None:
        """Renews the lease when it is time. Raises LeaseLost."""
        if timezone.now() - self.renewed_at >= self.timing.renew:
            self._renew()
            self.renewed_at = timezone.now()

    def release(self, due_at: datetime) -> None:
        """Gives the submission back, to be taken up again at ``due_at``."""
        leases.release(self.submission, self.token, due_at=due_at, woken_at=None)

    def steps(self) -> list[SubmissionStep]:
        """The rows as they are now."""
        return list(SubmissionStep.objects.filter(submission=self.submission))

    def refresh(self) -> None:
        """Reads what others may have asked meanwhile."""
        self.submission.refresh_from_db(fields=["state", "cancel_asked"])

    def update(self, **values: Any) -> None:
        """Writes columns of the submission. Call inside ``writing``."""
        Submission.objects.filter(pk=self.submission.pk).update(**values)
        for name, value in values.items():
            setattr(self.submission, name, value)

    def end(self, state: SubmissionState) -> None:
        """The submission comes to a stop. Call inside ``writing``."""
        self.update(state=state, finished_at=timezone.now())

    def save_step(self, row: SubmissionStep, state: StepState, **values: Any) -> None:
        """Writes one step. Call inside ``writing``."""
        values["state"] = state
        SubmissionStep.objects.filter(pk=row.pk).update(**values)
        for name, value in values.items():
            setattr(row, name, value)

    def _renew(self) -> None:
        if not leases.renew(self.submission, self.token, self.timing.lease):
            raise LeaseLost
