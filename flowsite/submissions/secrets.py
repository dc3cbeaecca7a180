"""A source's secrets on their way from the form to AEP, and nowhere else.

A plan names one as ``<row>.<parameter>``. The value is decrypted when the request is sent, and the
row is emptied as soon as AEP has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from pydantic import JsonValue

from flowsite.core.encrypted import decrypt, encrypt
from flowsite.credentials.models import SourceSecret
from flowsite.people.models import Team
from flowsite.planning.plan import SecretRef
from flowsite.saying import say


class SecretGone(Exception):
    """The secret was used or thrown away."""


def keep(team: Team, values: dict[str, str]) -> dict[str, SecretRef]:
    """Stores the values encrypted; answers with what stands for each in a body."""
    row = SourceSecret.objects.create(team=team, values=encrypt(json.dumps(values)))
    return {name: SecretRef(f"{row.pk}.{name}", name) for name in values}


def value(secret_id: str) -> JsonValue:
    """The secret itself. Raises SecretGone, Undecryptable."""
    row_id, _, name = secret_id.partition(".")
    row = SourceSecret.objects.filter(pk=row_id).first()
    if row is None or not row.values:
        raise SecretGone(say("The secret of this account is no longer stored."))
    found: JsonValue = json.loads(decrypt(row.values))[name]
    return found


def spend(body: JsonValue) -> None:
    """Empties the rows behind every secret in a planned body."""
    rows = SourceSecret.objects.filter(pk__in={UUID(one) for one in _rows_in(body)})
    rows.update(values="", spent_at=timezone.now())


def purge(older_than: datetime) -> None:
    """Empties what nobody has sent for long: its submission waits for a person."""
    rows = SourceSecret.objects.filter(spent_at=None, created_at__lt=older_than)
    rows.update(values="", spent_at=timezone.now())


def _rows_in(body: JsonValue) -> Iterator[str]:
    if isinstance(body, dict):
        if "$secret" in body:
            yield str(body["$secret"]).partition(".")[0]
        elif "$literal" not in body:
            for child in body.values():
                yield from _rows_in(child)
    elif isinstance(body, list):
        for child in body:
            yield from _rows_in(child)
