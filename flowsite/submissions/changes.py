"""Changing what exists: switch, patch, replace, delete. Used by ``calls`` and ``finders``.

A change has no key to be found by. Whether it was carried out shows in the object's content.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flowsite.aep.errors import NotFound
from flowsite.aep.flow_service.flows import Flow
from flowsite.aep.platform import Platform
from flowsite.planning.lifecycle import TRANSFORMATION_PATH, with_indexes
from flowsite.planning.plan import Step
from flowsite.saying import say

Result = dict[str, Any]
SCHEDULE_PATH = "/scheduleParams/"
#: AEP carries a change of a dataflow out later; it is watched so long.
LONGEST_SETTLING_S = 40.0
#: Words for an operation that AEP has given up.
FAILED = frozenset({"failed", "failure", "error"})


class ChangeFailed(Exception):
    """AEP accepted a change and did not carry it out; the text has AEP's words."""


def switch(platform: Platform, flow_id: str, op: str) -> Result:
    """Enables or disables a dataflow and waits until it is so."""
    done = platform.flow_service.action_flow(flow_id, op)
    return _settled(platform, flow_id, done.etag)


def patch(platform: Platform, flow_id: str, ops: list[dict[str, Any]]) -> Result:
    """Applies our change to the dataflow as it is now, and waits until AEP has carried it out."""

    def change(flow: Flow) -> list[dict[str, Any]]:
        return [op for one in ops if (op := _fitted(one, flow))]

    done = platform.flow_service.patch_flow(flow_id, change)
    return _settled(platform, flow_id, done.etag)


def _fitted(op: dict[str, Any], flow: Flow) -> dict[str, Any] | None:
    """The operation for this version of the dataflow; None if there is nothing left to do."""
    path = str(op["path"])
    if path.startswith(TRANSFORMATION_PATH):
        return dict(with_indexes([op], flow.transformations)[0])
    if not path.startswith(SCHEDULE_PATH):
        return op
    name = path.removeprefix(SCHEDULE_PATH)
    if op["op"] == "remove":
        return op if name in flow.schedule_params else None
    if flow.schedule_params.get(name) == op["value"]:
        return None
    return {**op, "op": "replace" if name in flow.schedule_params else "add"}


def _settled(platform: Platform, flow_id: str, etag: str) -> Result:
    """What became of a change. Raises ChangeFailed."""
    flow = _at_rest(platform, flow_id)
    status = flow.last_operation.get("status")
    words: dict[str, Any] = status if isinstance(status, dict) else {}
    if str(words.get("value", "")).lower() in FAILED:
        errors = words.get("errors") or say("AEP gives no reason.")
        raise ChangeFailed(say("AEP could not change the dataflow: {errors}", errors=errors))
    return {"id": flow_id, "etag": flow.etag or etag, "state": flow.state}


def _at_rest(platform: Platform, flow_id: str) -> Flow:
    """The dataflow once AEP is done with it, or as it is after a while."""
    until, pause = time.monotonic() + LONGEST_SETTLING_S, 0.1
    flow = platform.flow_service.flow(flow_id)
    while not flow.operation_is_over and time.monotonic() < until:
        time.sleep(pause)
        pause = min(pause * 2, 2.0)
        flow = platform.flow_service.flow(flow_id)
    return flow


def holds_data(platform: Platform, dataset_id: str) -> bool:
    """Whether anything was ever written to a dataset; one that is gone holds nothing."""
    with suppress(NotFound):
        return next(iter(platform.catalog.batches(dataset_id)), None) is not None
    return False


def removed(call: Callable[[str], None], identifier: str) -> Result:
    """A deletion; what is not there counts as deleted."""
    with suppress(NotFound):
        call(identifier)
    return {"id": identifier}


# --- What is there now -------------------------------------------------------------------------


def compared(platform: Platform, step: Step, sought: dict[str, Any]) -> list[Result]:
    """One result if the object is as the step wants it; else one with ``differs``, what it is."""
    return COMPARERS[step.operation](platform, str(step.target_id), sought)


def _flow_state(platform: Platform, flow_id: str, sought: dict[str, Any]) -> list[Result]:
    flow = _at_rest(platform, flow_id)
    if flow.state == sought["state"]:
        return [{"id": flow_id, "etag": flow.etag, "state": flow.state}]
    return [{"id": flow_id, "differs": {"state": flow.state}}]


def _flow_schedule(platform: Platform, flow_id: str, sought: dict[str, Any]) -> list[Result]:
    flow, wanted = _at_rest(platform, flow_id), sought["scheduleParams"]
    current = {name: flow.schedule_params.get(name) for name in wanted}
    if current == wanted:
        return [{"id": flow_id, "etag": flow.etag, "state": flow.state}]
    return [{"id": flow_id, "differs": current}]


def _flow_mapping(platform: Platform, flow_id: str, sought: dict[str, Any]) -> list[Result]:
    flow = _at_rest(platform, flow_id)
    wanted = sought["transformations.Mapping"]["params"]
    current = {"mappingId": flow.mapping_set_id, "mappingVersion": flow.mapping_version}
    if current == {name: wanted[name] for name in current}:
        return [{"id": flow_id, "etag": flow.etag, "state": flow.state}]
    return [{"id": flow_id, "differs": current}]


def _mappings(platform: Platform, set_id: str, sought: dict[str, Any]) -> list[Result]:
    """The newest version; AEP's default for the version is 0, the oldest."""
    version = newest_version(platform, set_id)
    newest = platform.data_prep.mapping_set(set_id, version)
    if _pairs(newest.mappings) == _pairs(sought["mappings"]):
        return [{"id": set_id, "version": version}]
    return [{"id": set_id, "differs": {"version": version, "mappings": len(newest.mappings)}}]


def newest_version(platform: Platform, set_id: str) -> int:
    """Of a mapping set, as the list tells it."""
    name = platform.data_prep.mapping_set(set_id).name
    listed = platform.data_prep.mapping_sets(name or None)
    return max((one.version or 0 for one in listed if one.id == set_id), default=0)


def _pairs(mappings: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """In either dialect of Data Prep."""
    return {
        (
            str(one.get("source") or one.get("sourceAttribute")),
            str(one.get("destination") or one.get("destinationXdmPath")),
        )
        for one in mappings
    }


def _absent(read: Callable[[Platform, str], Any]) -> Callable[..., list[Result]]:
    def compare(platform: Platform, identifier: str, _sought: dict[str, Any]) -> list[Result]:
        try:
            read(platform, identifier)
        except NotFound:
            return [{"id": identifier}]
        return [{"id": identifier, "differs": {"exists": True}}]

    return compare


COMPARERS: dict[str, Callable[[Platform, str, dict[str, Any]], list[Result]]] = {
    "enable_flow": _flow_state,
    "disable_flow": _flow_state,
    "patch_schedule": _flow_schedule,
    "patch_mapping": _flow_mapping,
    "replace_mapping_set": _mappings,
    "delete_flow": _absent(lambda p, one: p.flow_service.flow(one)),
    "delete_source_connection": _absent(lambda p, one: p.flow_service.source_connection(one)),
    "delete_target_connection": _absent(lambda p, one: p.flow_service.target_connection(one)),
    "delete_connection": _absent(lambda p, one: p.flow_service.connection(one)),
    "delete_dataset": _absent(lambda p, one: p.catalog.dataset(one)),
    "delete_schema": _absent(lambda p, one: p.registry.schema_head(one)),
    "delete_field_group": _absent(lambda p, one: p.registry.field_group(one)),
}
