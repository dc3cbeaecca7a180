"""All rows as one file, for any database: gzip of JSON lines with a head and a checksum.

    {"flowsite": 1, "migrations": [...], ...}     the head
    {"model": "people.user", "fields": [...]}     rows of this model follow
    [1, "ana", ...]
    {"end": {"people.user": 3}, "sha256": "..."}  of everything before

Stored secrets stay encrypted in it; the keys are not in it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import sql
from django.utils import timezone

from flowsite.core.encrypted import EncryptedTextField, Undecryptable, decrypt

FORMAT = 1
#: Everybody signs in again after a restore; signs of life are about processes of that time.
LEFT_OUT = frozenset({"sessions.session", "operations.heartbeat"})
BATCH = 500

Model = type[models.Model]


class BadArchive(Exception):
    """The file can't be restored here; the text says why."""


def kept_models() -> list[Model]:
    """Every table's model, those behind many-to-many fields among them, in a fixed order."""
    found = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and model._meta.label_lower not in LEFT_OUT
    ]
    return sorted(found, key=lambda model: model._meta.label_lower)


def applied_migrations() -> list[str]:
    """``app.name`` of each, as the shape that the rows have."""
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


# --- writing -------------------------------------------------------------------------------------


def write(path: Path) -> dict[str, int]:
    """Writes the archive, readable by the owner alone; model → rows. Raises FileExistsError."""
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb") as file:
            counts = _write_lines(file)
        os.link(part, path)  # fails if somebody made it meanwhile
    finally:
        part.unlink()
    return counts


def _write_lines(file: Any) -> dict[str, int]:
    digest, counts = hashlib.sha256(), {}

    def put(value: Any) -> None:
        line = (json.dumps(value, default=_encode, separators=(",", ":")) + "\n").encode()
        digest.update(line)
        file.write(line)

    with _snapshot():
        put(
            {
                "flowsite": FORMAT,
                "made_at": timezone.now(),
                "database": connection.vendor,
                "migrations": applied_migrations(),
            }
        )
        for model in kept_models():
            label = model._meta.label_lower
            names = [field.attname for field in model._meta.local_concrete_fields]
            put({"model": label, "fields": names})
            rows = model._base_manager.order_by("pk").values_list(*names)
            counts[label] = 0
            for row in rows.iterator(chunk_size=2000):
                put(list(row))
                counts[label] += 1
    put({"end": counts, "sha256": digest.hexdigest()})
    return counts


@contextmanager
def _snapshot() -> Iterator[None]:
    """All reads see one moment, and nobody who writes is kept waiting."""
    if connection.vendor == "sqlite":
        # Not atomic(): that begins with a write lock. WAL keeps this moment for a plain reader.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _encode(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    raise TypeError(f"A value of {type(value).__name__} can't be archived.")


# --- reading -------------------------------------------------------------------------------------


def check(path: Path) -> dict[str, Any]:
    """Reads all of it; the head. Raises BadArchive for a file that is damaged or doesn't fit."""
    head: dict[str, Any] = {}
    known = {model._meta.label_lower for model in kept_models()}
    digest, counts, label, ended = hashlib.sha256(), {}, "", False
    for line in _lines(path):
        value = _parse(line)
        if ended:
            raise BadArchive("Something follows the end of the backup.")
        if not head:
            head = _checked_head(value)
        elif isinstance(value, list) and label:
            counts[label] += 1
        elif not isinstance(value, dict):
            raise BadArchive("The backup is damaged: a line is out of place.")
        elif "model" in value:
            label = value["model"]
            if label not in known:
                raise BadArchive(f"The backup holds rows of {label}, which this release lacks.")
            counts[label] = 0
        else:
            ended = value.get("end") == counts and value.get("sha256") == digest.hexdigest()
            if not ended:
                raise BadArchive("The backup is damaged: its checksum does not fit.")
        digest.update(line)
    if not ended:
        raise BadArchive("The backup is not complete: its end is missing.")
    return head


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path, "rb") as file:
            yield from file
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        raise BadArchive(f"{path} can't be read as a backup: {error}") from error


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise BadArchive("The backup is damaged: a line can't be read.") from error


def _checked_head(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or value.get("flowsite") != FORMAT:
        raise BadArchive("This is no backup that this release can read.")
    theirs, ours = set(value["migrations"]), set(applied_migrations())
    if theirs != ours:
        other = ", ".join(sorted(theirs ^ ours)[:5])
        raise BadArchive(
            "The backup was made by another release: the database differs in "
            f"{other}. Install that release, migrate, restore, then upgrade."
        )
    return value


def is_empty() -> bool:
    """Whether nobody has worked with this database yet."""
    return not apps.get_model("people", "User")._base_manager.exists()


def restore(path: Path) -> dict[str, int]:
    """Replaces every row by those of the archive, or changes nothing; model → rows.

    Raises BadArchive.
    """
    check(path)
    counts: dict[str, int] = {}
    known = {model._meta.label_lower: model for model in kept_models()}
    with transaction.atomic():
        _empty(list(known.values()))
        loader: Loader | None = None
        for line in _lines(path):
            value = _parse(line)
            if isinstance(value, list):
                assert loader is not None  # noqa: S101 -- check() has read the same lines
                loader.add(value)
            elif "model" in value or "end" in value:
                if loader is not None:
                    counts[loader.label] = loader.finish()
                loader = (
                    Loader(known[value["model"]], value["fields"]) if "model" in value else None
                )
        connection.check_constraints()
        _reset_sequences(list(known.values()))
    return counts


class Loader:
    """Inserts rows of one model as they were, automatic times among them."""

    def __init__(self, model: Model, names: list[str]) -> None:
        self.label = model._meta.label_lower
        self._model = model
        by_name = {field.attname: field for field in model._meta.local_concrete_fields}
        if set(by_name) != set(names):
            raise BadArchive(f"The columns of {self.label} are others than in the backup.")
        self._fields = [by_name[name] for name in names]
        size = connection.ops.bulk_batch_size(self._fields, [None] * BATCH)
        self._size = min(size or BATCH, BATCH)
        self._waiting: list[models.Model] = []
        self._count = 0

    def add(self, values: list[Any]) -> None:
        pairs = zip(self._fields, values, strict=True)
        row = self._model(**{field.attname: field.to_python(value) for field, value in pairs})
        self._waiting.append(row)
        self._count += 1
        if len(self._waiting) >= self._size:
            self._flush()

    def finish(self) -> int:
        self._flush()
        return self._count

    def _flush(self) -> None:
        if self._waiting:
            query = sql.InsertQuery(self._model)
            # raw: no pre_save, which would write the time of the restore.
            query.insert_values(self._fields, self._waiting, raw=True)
            query.get_compiler(using=connection.alias).execute_sql()
        self._waiting = []


def _empty(known: list[Model]) -> None:
    with connection.cursor() as cursor:
        for model in known:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608
        sessions = connection.ops.quote_name("django_session")
        cursor.execute(f"DELETE FROM {sessions}")  # noqa: S608 -- a constant


def _reset_sequences(known: list[Model]) -> None:
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), known):
            cursor.execute(statement)


def closed_secrets() -> int:
    """How many stored secrets the keys of this installation do not open."""
    count = 0
    for model in kept_models():
        for field in model._meta.local_concrete_fields:
            if not isinstance(field, EncryptedTextField):
                continue
            values = model._base_manager.exclude(**{field.name: ""})
            for token in values.values_list(field.name, flat=True).iterator():
                try:
                    decrypt(token)
                except Undecryptable:
                    count += 1
    return count
