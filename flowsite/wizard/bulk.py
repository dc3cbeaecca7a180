"""Many dataflows from one account: a pattern for all of them, a draft for each table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final

from django.db import transaction
from django.utils.crypto import get_random_string

from flowsite.definitions.columns import Column, is_date
from flowsite.definitions.model import MAX_NAME, PartialDefinition
from flowsite.definitions.naming import numbered, readable, words_of
from flowsite.definitions.sources import Source
from flowsite.drafts.models import Draft
from flowsite.drafts.selectors import definition_of
from flowsite.drafts.services import create_draft
from flowsite.people.models import User

#: Dataflows made at once.
MOST: Final = 100
#: Column names that say when a row was changed, the best first.
PREFERRED: Final = "*updat*, *modif*, *chang*, *creat*"
_KEY_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Pattern:
    """What all the dataflows have in common. ``spread_min`` parts their starts."""

    name: str
    dataset: str
    kind: str
    frequency: str
    interval: int | None
    start: datetime
    spread_min: int
    backfill: bool


def filled(pattern: str, source: Source, object_name: str) -> str:
    """``{source}`` and ``{table}`` replaced; never anything else."""
    last = object_name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    words = words_of(last)
    lead = words_of(source.name)
    if words[: len(lead)] == lead and len(words) > len(lead):
        words = words[len(lead) :]
    table = readable(words) if words else last
    table = table[:1].lower() + table[1:]
    text = pattern.replace("{source}", source.name).replace("{table}", table)
    plain = "".join(char if char.isprintable() else " " for char in text)
    return plain.strip()[:MAX_NAME]


@transaction.atomic
def create_batch(
    draft: Draft, source: Source, objects: Sequence[str], pattern: Pattern, *, user: User
) -> str:
    """A draft for each table or resource, through the account of ``draft``; the batch's key."""
    key = get_random_string(20, _KEY_LETTERS)
    names = numbered(filled(pattern.name, source, one) for one in objects)
    datasets = numbered(filled(pattern.dataset, source, one) for one in objects)
    account = draft.definition["account"]
    for number, one in enumerate(objects):
        document = {
            "version": 1,
            "name": names[number],
            "account": account,
            "data": {"resource" if source.kind == "rest" else "table": one},
            "dataset": {"new": {"name": datasets[number], "schema": {"propose": pattern.kind}}},
            "mapping": "suggested",
            "schedule": _schedule(pattern, number),
            "options": {"error_diagnostics": True, "partial_ingestion_percent": 5},
        }
        create_draft(
            team=draft.team,
            owner=user,
            sandbox_id=draft.sandbox_id,
            credential_id=draft.credential_id,
            definition=PartialDefinition.model_validate(document),
            step="review",
            batch=key,
        )
    return key


def _schedule(pattern: Pattern, number: int) -> dict[str, Any]:
    start = pattern.start.astimezone(UTC) + timedelta(minutes=pattern.spread_min * number)
    part: dict[str, Any] = {"frequency": pattern.frequency, "start": start.isoformat()}
    if pattern.frequency != "once":
        part |= {"interval": pattern.interval or 1, "backfill": pattern.backfill}
    return part


def choose_delta(columns: Sequence[Column], preferred: str) -> str | None:
    """The only date, else the first that fits the best of the preferred patterns."""
    dates = [column.name for column in columns if is_date(column)]
    if len(dates) == 1:
        return dates[0]
    for pattern in preferred.lower().split(","):
        for name in dates:
            if pattern.strip() and fnmatchcase(name.lower(), pattern.strip()):
                return name
    return None


def needs_delta(draft: Draft, source: Source | None) -> bool:
    """Whether a column to load by is still to be chosen."""
    schedule = definition_of(draft).schedule
    tabular = source is not None and source.kind == "tabular"
    return bool(tabular and schedule and schedule.recurring and not schedule.load_incremental_by)
