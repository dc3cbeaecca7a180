"""Dataflows (API contract, sections 7.8 and 7.9)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import AliasChoices, Field

from flowsite.aep.errors import StaleEtag
from flowsite.aep.filters import Filter
from flowsite.aep.flow_service.base import Entity, FlowServicePart
from flowsite.aep.reading import (
    Created,
    Int,
    Object,
    Objects,
    Text,
    Texts,
    as_flag,
    as_int,
    as_mapping,
    as_objects,
    as_text,
    dig,
)

#: How often a change is made again on a newer version before StaleEtag is raised.
PATCH_ATTEMPTS = 3
#: The last operation is over, whatever its outcome.
_OVER = frozenset({"completed", "success", "succeeded", "failed", "failure", "error", "cancelled"})


class Flow(Entity):
    """A dataflow.

    ``schedule_params`` has integers and booleans though AEP sometimes answers texts; ``startTime``
    in it is in epoch seconds.
    """

    flow_spec_id: Text = ""
    source_connection_ids: Texts = Field(
        default=(), validation_alias=AliasChoices("sourceConnectionIds", "source_connection_ids")
    )
    target_connection_ids: Texts = Field(
        default=(), validation_alias=AliasChoices("targetConnectionIds", "target_connection_ids")
    )
    transformations: Objects = Field(default_factory=list)
    schedule_params: Object = Field(default_factory=dict)
    options: Object = Field(default_factory=dict)
    labels: Texts = ()
    last_operation: Object = Field(
        default_factory=dict, validation_alias=AliasChoices("lastOperation", "last_operation")
    )
    last_run_details: Object = Field(
        default_factory=dict, validation_alias=AliasChoices("lastRunDetails", "last_run_details")
    )
    inherited_attributes: Object = Field(
        default_factory=dict,
        validation_alias=AliasChoices("inheritedAttributes", "inherited_attributes"),
    )
    mapping_set_id: Text = ""
    mapping_version: Int = None

    def transformation_index(self, name: str) -> int | None:
        """Where a transformation stands. Found by name: ``Copy`` may come before ``Mapping``."""
        for index, item in enumerate(self.transformations):
            if as_text(item.get("name")).lower() == name.lower():
                return index
        return None

    @property
    def is_source_flow(self) -> bool | None:
        """Whether it brings data in; None when AEP does not say."""
        value = dig(self.inherited_attributes, "properties", "isSourceFlow")
        return None if value is None else as_flag(value)

    @property
    def connection_id(self) -> str:
        """The account's id, when AEP tells it with the flow."""
        return as_text(dig(self._first_source(), "baseConnection", "id"))

    @property
    def connection_spec_id(self) -> str:
        """The source's spec id, when AEP tells it with the flow."""
        source = self._first_source()
        return as_text(dig(source, "connectionSpec", "id")) or as_text(
            dig(source, "baseConnection", "connectionSpec", "id")
        )

    @property
    def operation_is_over(self) -> bool:
        """Whether the last change has been carried out or has failed."""
        value = as_text(dig(self.last_operation, "status", "value")).lower()
        return self.is_settled and (not value or value in _OVER)

    def _first_source(self) -> dict[str, Any]:
        return next(iter(as_objects(self.inherited_attributes.get("sourceConnections"))), {})


class Flows(FlowServicePart):
    """Dataflows: read, create, change, delete."""

    def flows(self, filters: Sequence[Filter] = (), orderby: str | None = None) -> Iterator[Flow]:
        """Dataflows, by default the last changed first."""
        for row in self._list("flows", filters, orderby=orderby or "-updatedAt"):
            yield _flow(row)

    def flow(self, identifier: str) -> Flow:
        """One dataflow. NotFound also when an access label hides it."""
        return _flow(self._one("flows", identifier))

    def create_flow(self, body: Mapping[str, Any], *, draft: bool = False) -> Created:
        """Usually enabled at once; look its state up."""
        return self._create("flows", body, draft=draft)

    def delete_flow(self, identifier: str) -> None:
        """Its connections, mapping set and dataset stay."""
        self._delete("flows", identifier)

    def patch_flow(
        self, identifier: str, change: Callable[[Flow], Sequence[Mapping[str, Any]]]
    ) -> Created:
        """Reads the flow, sends the JSON Patch that ``change`` makes from it, and answers the etag.

        When somebody changed the flow in between, it is read again and only our change is made
        again, three times at most; then StaleEtag is raised. No operations: nothing is sent.
        AEP carries the change out later: wait for ``Flow.operation_is_over``.
        """
        attempt = 0
        while True:
            flow = self.flow(identifier)
            operations = list(change(flow))
            if not operations:
                return Created(id=identifier, etag=flow.etag, version=flow.version, raw=flow.raw)
            try:
                return self._patch("flows", identifier, flow.etag, operations)
            except StaleEtag:
                attempt += 1
                if attempt >= PATCH_ATTEMPTS:
                    raise

    def action_flow(self, identifier: str, op: Literal["enable", "disable"] | str) -> Created:
        """``enable`` or ``disable``; 1422 when the flow is already in that state."""
        return self._action("flows", identifier, op.lower())


def _flow(row: Mapping[str, Any]) -> Flow:
    transformations = as_objects(row.get("transformations"))
    mapping = next(
        (item for item in transformations if as_text(item.get("name")).lower() == "mapping"), {}
    )
    params = as_mapping(mapping.get("params"))
    return Flow.read(
        row,
        flow_spec_id=dig(row, "flowSpec", "id"),
        schedule_params=schedule_params(row.get("scheduleParams")),
        mapping_set_id=params.get("mappingId"),
        mapping_version=params.get("mappingVersion"),
    )


def schedule_params(value: Any) -> dict[str, Any]:
    """``scheduleParams`` with numbers and booleans; AEP's samples hold texts."""
    params = as_mapping(value)
    for name in ("startTime", "interval"):
        if (number := as_int(params.get(name))) is not None:
            params[name] = number
    if isinstance(params.get("backfill"), str):
        params["backfill"] = as_flag(params["backfill"])
    if isinstance(frequency := params.get("frequency"), str):
        params["frequency"] = frequency.lower()
    return params
