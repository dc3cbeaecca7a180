"""Live lists: what AEP offers, has and reads, asked in a request and kept for a while.

Everything is bounded by the session's time limits and raises AepError (or Undecryptable). Sample
rows are customer data: kept encrypted, for an hour at most.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

from django.core.cache import cache
from django.utils import timezone

from flowsite.aep.platform import Platform
from flowsite.core.encrypted import decrypt, encrypt
from flowsite.credentials.connect import open_platform
from flowsite.credentials.models import Credential, Sandbox, SandboxAccess
from flowsite.definitions.columns import Column
from flowsite.definitions.model import Account, Data
from flowsite.definitions.sources import Source, source_by_slug
from flowsite.drafts.models import Draft
from flowsite.planning.facts import SchemaFacts
from flowsite.submissions.sources import columns_of, source_params
from flowsite.submissions.targets import read_schema

T = TypeVar("T")
#: Part of every key: raised when the kept values change their shape.
VERSION: Final = 1
MINUTE: Final = 60
HOUR: Final = 3600
MOST_ROWS: Final = 100
#: How long a call waits before it is sent again while a person looks at a skeleton.
PATIENCE_S: Final = 2


@dataclass(frozen=True)
class AuthMethod:
    """A way to sign in to a source; ``schema`` is the JSON Schema of its parameters."""

    name: str
    schema: dict[str, Any]
    documented: bool = False


@dataclass(frozen=True)
class OfferedSource:
    """A connection spec as the sandbox offers it."""

    id: str
    version: str
    kind: str
    beta: bool
    auth: tuple[AuthMethod, ...]
    source_schema: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceItem:
    """A table, file or folder of an account."""

    path: str
    name: str
    type: str = "table"


@dataclass(frozen=True)
class Exploration:
    """The columns of a table, resource or file, and when they were read."""

    columns: tuple[Column, ...]
    read_at: datetime


@dataclass(frozen=True)
class DatasetLine:
    """A dataset in a list."""

    id: str
    name: str
    schema_id: str
    profile_enabled: bool
    created: datetime | None


@dataclass(frozen=True)
class SchemaLine:
    """A schema in a list."""

    id: str
    title: str
    version: str


@dataclass(frozen=True)
class Function:
    """A function of Data Prep's expressions."""

    name: str
    category: str
    description: str
    syntax: str


@dataclass(frozen=True)
class Lookups:
    """Everything one credential can look up in one sandbox."""

    credential: Credential
    sandbox: Sandbox
    #: What this request has read from the cache already.
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of_draft(cls, draft: Draft) -> Lookups:
        """One for each draft object, so that a request reads nothing twice."""
        found: Lookups | None = getattr(draft, "_lookups", None)
        if found is None:
            found = cls(draft.credential, draft.sandbox)
            draft._lookups = found  # type: ignore[attr-defined]
        return found

    @classmethod
    def of_access(cls, access: SandboxAccess) -> Lookups:
        return cls(access.credential, access.sandbox)

    def open(self) -> Platform:
        """A platform for calls that somebody is waiting for."""
        return open_platform(self.credential, self.sandbox, max_wait_s=PATIENCE_S)

    # --- specs -------------------------------------------------------------------------------

    def offered(self, *, refresh: bool = False) -> dict[str, OfferedSource]:
        """The sandbox's sources by connection spec id."""

        def read() -> dict[str, OfferedSource]:
            with self.open() as platform:
                specs = list(platform.flow_service.connection_specs())
            return {spec.id: _offered(spec) for spec in specs if spec.id}

        return self._kept("offered", (), 10 * MINUTE, read, refresh=refresh)

    def offered_at_hand(self) -> dict[str, OfferedSource] | None:
        """The same without asking AEP; None when it is not known."""
        found: dict[str, OfferedSource] | None = self._at_hand("offered", ())
        return found

    def spec(self, source: Source) -> OfferedSource | None:
        """The source as the sandbox offers it; None when it does not."""
        return self.offered().get(source.connection_spec_id or "")

    # --- inside an account -------------------------------------------------------------------

    def items(
        self, connection_id: str, folder: str = "", *, refresh: bool = False
    ) -> tuple[SourceItem, ...]:
        """The tables of an account, or what lies in a folder. Slow the first time."""

        def read() -> tuple[SourceItem, ...]:
            with self.open() as platform:
                service = platform.flow_service
                found = (
                    service.explore_folder(connection_id, folder)
                    if folder
                    else service.explore_root(connection_id)
                )
            return tuple(SourceItem(one.path, one.name or one.path, one.type) for one in found)

        return self._kept("items", (connection_id, folder), 30 * MINUTE, read, refresh=refresh)

    def explored(self, account: Account, data: Data, *, refresh: bool = False) -> Exploration:
        """The columns of what a draft reads; the sample rows are kept beside them."""

        def read() -> Exploration:
            found = self._explore(account, data)
            rows = json.dumps(found.rows[:MOST_ROWS], ensure_ascii=False, default=str)
            self._set(
                self._key("rows", _object_key(account, data)), encrypt(rows, secret=False), HOUR
            )
            return Exploration(tuple(columns_of(found)), timezone.now())

        return self._kept("columns", _object_key(account, data), HOUR, read, refresh=refresh)

    def explored_at_hand(self, account: Account | None, data: Data | None) -> Exploration | None:
        """The same without asking AEP; None when it is not known."""
        if account is None or data is None or not (data.object_name or data.params):
            return None
        found: Exploration | None = self._at_hand("columns", _object_key(account, data))
        return found

    def sample(self, account: Account, data: Data) -> list[dict[str, Any]]:
        """Up to 100 rows as the source gave them."""
        if self._get(self._key("rows", _object_key(account, data))) is None:
            self.explored(account, data, refresh=True)
        return self.sample_at_hand(account, data)

    def sample_at_hand(self, account: Account, data: Data) -> list[dict[str, Any]]:
        """The same without asking AEP; empty when they are not kept any more."""
        text = self._get(self._key("rows", _object_key(account, data)))
        rows: list[dict[str, Any]] = json.loads(decrypt(text, secret=False)) if text else []
        return rows

    def _explore(self, account: Account, data: Data) -> Any:
        kind = source_by_slug(account.source).kind
        with self.open() as platform:
            service, connection = platform.flow_service, account.id or ""
            if kind == "rest":
                return service.explore_rest(connection, source_params(data))
            if kind == "file":
                return service.explore_file(
                    connection,
                    data.path or "",
                    data.file_type or "delimited",
                    column_delimiter=data.column_delimiter,
                    compression=data.compression,
                )
            return service.explore_table(connection, data.table or "")

    # --- targets -----------------------------------------------------------------------------

    def tenant_id(self) -> str:
        """Without the underscore."""

        def read() -> str:
            with self.open() as platform:
                return platform.registry.tenant_id()

        return self._kept("tenant", (), 24 * HOUR, read)

    def datasets(self, *, refresh: bool = False) -> tuple[DatasetLine, ...]:
        """Every dataset with a schema, newest first."""

        def read() -> tuple[DatasetLine, ...]:
            with self.open() as platform:
                return tuple(
                    DatasetLine(row.id, row.name, row.schema_id, row.profile_enabled, row.created)
                    for row in platform.catalog.datasets()
                )

        return self._kept("datasets", (), 5 * MINUTE, read, refresh=refresh)

    def dataset(self, dataset_id: str) -> DatasetLine:
        """One dataset. Raises NotFound."""
        if found := self.dataset_at_hand(dataset_id):
            return found

        def read() -> DatasetLine:
            with self.open() as platform:
                row = platform.catalog.dataset(dataset_id)
            return DatasetLine(row.id, row.name, row.schema_id, row.profile_enabled, row.created)

        return self._kept("dataset", (dataset_id,), 5 * MINUTE, read)

    def datasets_at_hand(self) -> tuple[DatasetLine, ...]:
        """The same without asking AEP; empty when they are not known."""
        known: tuple[DatasetLine, ...] = self._at_hand("datasets", ()) or ()
        return known

    def dataset_at_hand(self, dataset_id: str) -> DatasetLine | None:
        """The same without asking AEP."""
        listed = next((one for one in self.datasets_at_hand() if one.id == dataset_id), None)
        kept: DatasetLine | None = self._at_hand("dataset", (dataset_id,))
        return listed or kept

    def schemas(self, *, refresh: bool = False) -> tuple[SchemaLine, ...]:
        """The tenant's schemas by title."""

        def read() -> tuple[SchemaLine, ...]:
            with self.open() as platform:
                return tuple(
                    SchemaLine(row.id, row.title, row.version)
                    for row in platform.registry.schemas()
                )

        return self._kept("schemas", (), 5 * MINUTE, read, refresh=refresh)

    def schemas_at_hand(self) -> tuple[SchemaLine, ...]:
        """The same without asking AEP; empty when they are not known."""
        known: tuple[SchemaLine, ...] = self._at_hand("schemas", ()) or ()
        return known

    def schema(self, schema_id: str) -> SchemaFacts:
        """A schema with its fields and identities."""

        def read() -> dict[str, Any]:
            with self.open() as platform:
                return read_schema(platform, schema_id).model_dump(mode="json")

        return SchemaFacts.model_validate(self._kept("schema", (schema_id,), 10 * MINUTE, read))

    def schema_at_hand(self, schema_id: str) -> SchemaFacts | None:
        """The same without asking AEP."""
        kept = self._at_hand("schema", (schema_id,))
        return SchemaFacts.model_validate(kept) if kept else None

    def tenant_id_at_hand(self) -> str | None:
        """The same without asking AEP."""
        found: str | None = self._at_hand("tenant", ())
        return found

    def functions(self) -> tuple[Function, ...]:
        """What Data Prep can calculate."""

        def read() -> tuple[Function, ...]:
            with self.open() as platform:
                found = platform.data_prep.functions()
            return tuple(
                Function(one.name, one.category, one.description, one.syntax or one.expression)
                for one in found
            )

        return self._kept("functions", (), 24 * HOUR, read)

    # --- keeping -----------------------------------------------------------------------------

    def keep(self, kind: Literal["plan", "suggestions"], key: str, value: Any) -> None:
        """Keeps something that was worked out, for an hour."""
        self._set(self._key(kind, (key,)), value, HOUR)

    def kept(self, kind: Literal["plan", "suggestions"], key: str) -> Any:
        """What ``keep`` stored, or None."""
        return self._at_hand(kind, (key,))

    def _get(self, key: str) -> Any:
        if key not in self.memo:
            self.memo[key] = cache.get(key)
        return self.memo[key]

    def _set(self, key: str, value: Any, seconds: int) -> None:
        cache.set(key, value, seconds)
        self.memo[key] = value

    def _key(self, kind: str, parts: tuple[str, ...]) -> str:
        # Credentials of two teams may see different things in one sandbox.
        text = json.dumps([VERSION, self.credential.pk, self.sandbox.pk, *parts])
        return f"lookup:{kind}:{hashlib.sha256(text.encode()).hexdigest()}"

    def _at_hand(self, kind: str, parts: tuple[str, ...]) -> Any:
        return self._get(self._key(kind, parts))

    def _kept(
        self,
        kind: str,
        parts: tuple[str, ...],
        seconds: int,
        read: Callable[[], T],
        *,
        refresh: bool = False,
    ) -> T:
        key = self._key(kind, parts)
        found: T | None = None if refresh else self._get(key)
        if found is None:
            found = read()
            self._set(key, found, seconds)
        return found


def _object_key(account: Account, data: Data) -> tuple[str, ...]:
    shape = data.model_dump(mode="json", exclude={"columns"}, exclude_none=True)
    return (account.id or "", account.source, json.dumps(shape, sort_keys=True))


def _offered(spec: Any) -> OfferedSource:
    return OfferedSource(
        id=spec.id,
        version=spec.version or "1.0",
        kind=spec.kind,
        beta=bool(spec.is_beta),
        auth=tuple(AuthMethod(one.name, one.spec) for one in spec.auth_specs if one.name),
        source_schema=dict(spec.source_schema),
    )
