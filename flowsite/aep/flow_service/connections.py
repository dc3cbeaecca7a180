"""Base, source and target connections (API contract, sections 7.3, 7.5, 7.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from flowsite.aep.codes import prefix_of
from flowsite.aep.errors import BadRequest, MalformedAnswer, ServerError
from flowsite.aep.filters import Filter
from flowsite.aep.flow_service.base import Entity, FlowServicePart
from flowsite.aep.reading import Created, Object, Text, as_flag, as_mapping, as_text, dig, first
from flowsite.aep.sanitise import clean, without_secrets
from flowsite.aep.session import segment

NEWEST_FIRST = "-updatedAt"


class Connection(Entity):
    """An account. Secrets are masked in ``raw``, whatever AEP sent."""

    connection_spec_id: Text = ""
    connection_spec_version: Text = ""
    auth_spec: Text = ""


class SourceConnection(Entity):
    """What is read from an account."""

    connection_spec_id: Text = ""
    base_connection_id: Text = ""
    format: Text = ""
    params: Object = Field(default_factory=dict)
    data: Object = Field(default_factory=dict)


class TargetConnection(Entity):
    """Where it is written: a dataset and its schema."""

    connection_spec_id: Text = ""
    dataset_id: Text = ""
    schema_id: Text = ""
    schema_version: Text = ""
    params: Object = Field(default_factory=dict)
    data: Object = Field(default_factory=dict)


@dataclass(frozen=True)
class TestResult:
    """What testing an account showed; ``message`` is the provider's own text."""

    __test__ = False  # not for pytest, whatever its name says

    ok: bool
    message: str = ""
    code: str | None = None
    request_id: str | None = None


class Connections(FlowServicePart):
    """Accounts, and what hangs on them."""

    # --- accounts ----------------------------------------------------------------------------

    def connections(
        self, filters: Sequence[Filter] = (), *, orderby: str = NEWEST_FIRST
    ) -> Iterator[Connection]:
        """Accounts, the last changed first."""
        for row in self._list("connections", filters, orderby=orderby):
            yield _connection(row)

    def connection(self, identifier: str) -> Connection:
        """One account. Raises NotFound."""
        return _connection(self._one("connections", identifier))

    def create_connection(self, body: Mapping[str, Any], *, draft: bool = False) -> Created:
        """AEP normally tries the sign-in details: a connector error is a mistake in the form."""
        return self._create("connections", body, draft=draft)

    def update_connection(
        self, identifier: str, etag: str, patch: Sequence[Mapping[str, Any]]
    ) -> Created:
        """JSON Patch. ``/auth/params`` replaces all parameters, the masked ones too."""
        return self._patch("connections", identifier, etag, patch)

    def delete_connection(self, identifier: str) -> None:
        """Refused (1418) while dataflows use it."""
        self._delete("connections", identifier)

    def test_connection(self, identifier: str) -> TestResult:
        """Tries the account's sign-in details at the provider.

        A refusal by the provider is a result, not an exception; AEP's own failures are raised.
        """
        try:
            body = self._get(
                f"/connections/{segment(identifier)}/test",
                "test_connection",
                timeout_s=self._session.config.explore_timeout_s,
            )
        except (BadRequest, ServerError) as error:
            if prefix_of(error.code) != "CONNECTOR":
                raise
            return TestResult(
                ok=False, message=error.message, code=error.code, request_id=error.request_id
            )
        return _test_result(body)

    # --- source connections ------------------------------------------------------------------

    def source_connections(
        self, filters: Sequence[Filter] = (), *, orderby: str = NEWEST_FIRST
    ) -> Iterator[SourceConnection]:
        """Source connections, the last changed first."""
        for row in self._list("sourceConnections", filters, orderby=orderby):
            yield _source_connection(row)

    def source_connection(self, identifier: str) -> SourceConnection:
        """One source connection. Raises NotFound."""
        return _source_connection(self._one("sourceConnections", identifier))

    def create_source_connection(self, body: Mapping[str, Any], *, draft: bool = False) -> Created:
        """Once a dataflow uses it, changes no longer reach the dataflow."""
        return self._create("sourceConnections", body, draft=draft)

    def delete_source_connection(self, identifier: str) -> None:
        """Delete its dataflow first."""
        self._delete("sourceConnections", identifier)

    # --- target connections ------------------------------------------------------------------

    def target_connections(
        self, filters: Sequence[Filter] = (), *, orderby: str = NEWEST_FIRST
    ) -> Iterator[TargetConnection]:
        """Target connections, the last changed first."""
        for row in self._list("targetConnections", filters, orderby=orderby):
            yield _target_connection(row)

    def target_connection(self, identifier: str) -> TargetConnection:
        """One target connection. Raises NotFound."""
        return _target_connection(self._one("targetConnections", identifier))

    def create_target_connection(self, body: Mapping[str, Any], *, draft: bool = False) -> Created:
        """Its spec id must be the data lake's."""
        return self._create("targetConnections", body, draft=draft)

    def delete_target_connection(self, identifier: str) -> None:
        """Delete its dataflow first."""
        self._delete("targetConnections", identifier)


def _connection(row: Mapping[str, Any]) -> Connection:
    safe = {**row, "auth": without_secrets(row["auth"])} if "auth" in row else dict(row)
    return Connection.read(
        safe,
        connection_spec_id=dig(row, "connectionSpec", "id"),
        connection_spec_version=dig(row, "connectionSpec", "version"),
        auth_spec=dig(row, "auth", "specName"),
    )


def _source_connection(row: Mapping[str, Any]) -> SourceConnection:
    return SourceConnection.read(
        row,
        connection_spec_id=dig(row, "connectionSpec", "id"),
        base_connection_id=row.get("baseConnectionId"),
        format=dig(row, "data", "format"),
    )


def _target_connection(row: Mapping[str, Any]) -> TargetConnection:
    params = as_mapping(row.get("params"))
    return TargetConnection.read(
        row,
        connection_spec_id=dig(row, "connectionSpec", "id"),
        dataset_id=first(params, "dataSetId", "datasetId", "dataSetID"),
        schema_id=dig(row, "data", "schema", "id"),
        schema_version=dig(row, "data", "schema", "version"),
    )


def _test_result(body: Any) -> TestResult:
    found = body
    if isinstance(found, Mapping) and isinstance(found.get("items"), list):
        found = found["items"]
    if isinstance(found, list):
        found = found[0] if found else None
    if isinstance(found, bool | str):
        return TestResult(ok=as_flag(found))
    value = first(found, "result", "success", "ok") if isinstance(found, Mapping) else None
    if value is None or not isinstance(found, Mapping):
        raise MalformedAnswer("no test result in the answer", operation="test_connection")
    words = first(found, "message", "errorMessage", "error", "detail", "reason")
    return TestResult(
        ok=as_flag(value), message=clean(as_text(words)), code=as_text(found.get("code")) or None
    )
