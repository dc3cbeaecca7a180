"""The search for orphans as a page shows it: asked for, made by a worker, kept for an hour."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from flowsite.aep.errors import AepError
from flowsite.core.encrypted import Undecryptable
from flowsite.credentials.connect import open_platform
from flowsite.credentials.models import SandboxAccess
from flowsite.submissions.orphans import Orphan, find_orphans
from flowsite.submissions.words import error_words

#: A search that has said nothing for so long was lost with its worker.
LOST_AFTER = timedelta(minutes=15)
KEPT_S = 3600


@dataclass(frozen=True)
class Search:
    """``found`` is None until a worker has answered; ``error`` are the words of a failure."""

    asked_at: datetime
    ended_at: datetime | None = None
    found: tuple[Orphan, ...] | None = None
    error: dict[str, Any] | None = None

    @property
    def running(self) -> bool:
        return self.ended_at is None and timezone.now() - self.asked_at < LOST_AFTER

    @property
    def lost(self) -> bool:
        return self.ended_at is None and not self.running


def latest(access: SandboxAccess) -> Search | None:
    """The last search that was asked for with this access; None if there is none of late."""
    kept = cache.get(_key(access.pk))
    if kept is None:
        return None
    found = kept["found"]
    rows = None if found is None else tuple(_orphan(one) for one in found)
    return Search(kept["asked_at"], kept["ended_at"], rows, kept["error"])


def begin(access: SandboxAccess) -> None:
    """Notes that a search was asked for; the caller wakes a worker."""
    _keep(access.pk, Search(timezone.now()))


def forget(access: SandboxAccess) -> None:
    """What was found may not be true any more."""
    cache.delete(_key(access.pk))


def carry_out(access: SandboxAccess) -> None:
    """Reads the whole sandbox. AEP's errors are kept for the page."""
    before = latest(access)
    asked_at = before.asked_at if before else timezone.now()
    found, error = None, None
    try:
        with open_platform(access.credential, access.sandbox) as platform:
            found = tuple(find_orphans(platform, access.sandbox))
    except (AepError, Undecryptable) as failed:
        error = error_words(failed)
    _keep(access.pk, Search(asked_at, timezone.now(), found, error))


def _keep(pk: int, search: Search) -> None:
    found = None if search.found is None else [asdict(one) for one in search.found]
    kept = {"asked_at": search.asked_at, "ended_at": search.ended_at, "error": search.error}
    cache.set(_key(pk), {**kept, "found": found}, KEPT_S)


def _orphan(kept: dict[str, Any]) -> Orphan:
    return Orphan(**{**kept, "uses": frozenset(kept["uses"])})


def _key(pk: int) -> str:
    return f"orphans:{pk}"
