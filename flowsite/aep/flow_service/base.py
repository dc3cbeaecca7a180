"""What all parts of Flow Service share: reading lists and single entities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from pydantic import AliasChoices, Field

from flowsite.aep.errors import BadRequest, MalformedAnswer, NotFound
from flowsite.aep.filters import (
    Filter,
    has_name,
    is_doubtful,
    name_filter,
    properties,
    without_name,
)
from flowsite.aep.paging import FLOW_SERVICE_LIMIT, Params, continued
from flowsite.aep.reading import Answered, Created, Moment, Text, as_text, first, unique
from flowsite.aep.service import Service, created, json_patch
from flowsite.aep.session import Answer, segment

#: AEP's words for states; answers vary in letter case.
STATES = (
    "draft",
    "enabled",
    "disabled",
    "inProgress",
    "updating",
    "enabling",
    "disabling",
    "initializing",
    "pending",
    "error",
    "failed",
    "deleting",
    "delete-finalizing",
    "enabled-finalizing",
)
_STATE_BY_LOWER = {state.lower(): state for state in STATES}
#: States that AEP leaves by itself.
PASSING = frozenset(
    {"inProgress", "updating", "enabling", "disabling", "initializing", "pending", "deleting"}
)


def canonical_state(value: str) -> str:
    """AEP's own spelling of a known state; an unknown one unchanged."""
    return _STATE_BY_LOWER.get(value.lower(), value)


class Entity(Answered):
    """Fields that every Flow Service object has. ``etag`` is verbatim, with its quotes."""

    id: Text = ""
    name: Text = ""
    description: Text = ""
    etag: Text = ""
    version: Text = ""
    state_raw: Text = Field(default="", validation_alias=AliasChoices("state_raw", "state"))
    created_at: Moment = Field(
        default=None, validation_alias=AliasChoices("createdAt", "created_at")
    )
    updated_at: Moment = Field(
        default=None, validation_alias=AliasChoices("updatedAt", "updated_at")
    )
    created_by: Text = Field(default="", validation_alias=AliasChoices("createdBy", "created_by"))
    updated_by: Text = Field(default="", validation_alias=AliasChoices("updatedBy", "updated_by"))
    created_client: Text = Field(
        default="", validation_alias=AliasChoices("createdClient", "created_client")
    )
    updated_client: Text = Field(
        default="", validation_alias=AliasChoices("updatedClient", "updated_client")
    )

    @classmethod
    def read(cls, row: Mapping[str, Any], **own: Any) -> Self:
        """From an answer. AEP repeats the etag as ``version``."""
        return super().read(row, etag=first(row, "etag", "eTag", "Etag", "version"), **own)

    @property
    def state(self) -> str:
        """The state in AEP's spelling: ``enabled``, ``inProgress`` …"""
        return canonical_state(self.state_raw)

    @property
    def is_settled(self) -> bool:
        """Whether the state is one that AEP doesn't leave by itself."""
        return self.state not in PASSING


class FlowServicePart(Service):
    """Lists and single entities under one base path."""

    base = "/data/foundation/flowservice"
    name = "flow_service"

    def _list(
        self,
        kind: str,
        filters: Sequence[Filter],
        *,
        orderby: str | None = None,
        limit: int | None = FLOW_SERVICE_LIMIT,
    ) -> Iterator[dict[str, Any]]:
        """All rows of a list, page by page.

        A ``("name", "==", …)`` filter is checked here as well. A name that the server may have
        misread is looked for in the whole list before "none" is believed.
        """
        name = name_filter(filters)
        found = False
        try:
            for row in self._rows(kind, filters, orderby, limit):
                if name is None or has_name(row, name):
                    found = True
                    yield row
        except BadRequest:
            if found or name is None or not is_doubtful(name):
                raise
        if name is not None and not found and is_doubtful(name):
            rows = self._rows(kind, without_name(filters), orderby, limit)
            yield from (row for row in rows if has_name(row, name))

    def _rows(
        self, kind: str, filters: Sequence[Filter], orderby: str | None, limit: int | None
    ) -> Iterator[dict[str, Any]]:
        params = properties(filters)
        if orderby:
            params.append(("orderby", orderby))
        if limit is not None:
            params.append(("limit", str(limit)))

        def fetch(page: Params) -> Any:
            return self._get(f"/{kind}", f"list_{kind}", page)

        yield from unique(continued(fetch, params), "id")

    def _one(self, kind: str, identifier: str) -> dict[str, Any]:
        """``items[0]``, or the object itself. Raises NotFound for an empty list."""
        operation = f"{self.name}.get_{kind}"
        path = f"{self.base}/{kind}/{segment(identifier)}"
        answer = self._session.request("GET", path, operation=operation)
        row = single(answer.json(), operation)
        if first(row, "etag", "eTag", "Etag", "version") is None:
            row["etag"] = answer.headers.get("etag")
        return row

    def _create(self, kind: str, body: Mapping[str, Any], *, draft: bool = False) -> Created:
        params = [("mode", "draft")] if draft else []
        answer = self._send("POST", f"/{kind}", f"create_{kind}", body=dict(body), params=params)
        return created(answer)

    def _patch(
        self, kind: str, identifier: str, etag: str, changes: Sequence[Mapping[str, Any]]
    ) -> Created:
        """JSON Patch with optimistic locking. Raises StaleEtag when somebody was faster."""
        path = f"/{kind}/{segment(identifier)}"
        answer = self._send(
            "PATCH",
            path,
            f"patch_{kind}",
            body=json_patch(changes),
            headers={"If-Match": etag} if etag else {},
        )
        return _changed(answer, identifier)

    def _action(self, kind: str, identifier: str, op: str) -> Created:
        path = f"/{kind}/{segment(identifier)}/action"
        answer = self._send("POST", path, f"{op}_{kind}", params=[("op", op)])
        return _changed(answer, identifier)

    def _delete(self, kind: str, identifier: str) -> None:
        self._send("DELETE", f"/{kind}/{segment(identifier)}", f"delete_{kind}")


def _changed(answer: Answer, identifier: str) -> Created:
    """What a change answers. An empty or odd body of a success is no reason to doubt it."""
    try:
        return created(answer)
    except MalformedAnswer:
        return Created(id=identifier, etag=as_text(answer.headers.get("etag")))


def single(body: Any, operation: str) -> dict[str, Any]:
    """The one object of an answer: ``{items: [x]}``, ``[x]`` or ``x``."""
    found = body
    if isinstance(found, Mapping) and isinstance(found.get("items"), list):
        found = found["items"]
    if isinstance(found, list):
        if not found:
            raise NotFound("the answer is empty", status=404, operation=operation)
        found = found[0]
    if not isinstance(found, Mapping) or not found:
        raise MalformedAnswer("one object was expected", operation=operation)
    return dict(found)
