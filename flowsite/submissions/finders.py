"""Look-ups by the submission's key, one for each kind of create.

All pages are read, and every answer is compared again here: a server's filter may be looser than
it seems (``*`` in Catalog names, prefixes of tags). Source: API contract, section 13.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flowsite.aep.flow_service.runs import Run
from flowsite.aep.platform import Platform
from flowsite.aep.registry import Kind
from flowsite.planning.plan import Step
from flowsite.submissions import changes

#: How far AEP's clock may be behind ours.
CLOCKS = timedelta(seconds=5)
#: How late a scheduled run may be made; AEP promises nothing.
LATE_START = timedelta(minutes=10)
Sought = dict[str, Any]
Found = list[dict[str, Any]]


@dataclass(frozen=True)
class Query:
    """What is looked for, and since when it may be there."""

    step: Step
    sought: Sought
    sent_at: datetime | None


Finder = Callable[[Platform, Query], Found]


def _titled(kind: Kind) -> Finder:
    def find(platform: Platform, query: Query) -> Found:
        return [
            {"id": one.id, "alt_id": one.alt_id, "version": one.version}
            for one in platform.registry.find_by_title(kind, query.sought["title"])
            if one.title == query.sought["title"]
        ]

    return find


def _descriptor(platform: Platform, query: Query) -> Found:
    return [
        {"id": one["@id"]}
        for one in platform.registry.descriptors(query.sought["xdm:sourceSchema"])
        if all(one.get(name) == value for name, value in query.sought.items())
    ]


def _dataset(platform: Platform, query: Query) -> Found:
    """By name, because any name can be searched; the tag tells it from others of that name."""
    return [
        {"id": one.id}
        for one in platform.catalog.datasets(name=query.sought["name"])
        if one.name == query.sought["name"]
        and one.has_tag(query.sought["tag"], query.sought["value"])
    ]


def _account(platform: Platform, query: Query) -> Found:
    """An account keeps the name that people gave it; its description holds the key."""
    spec_id = query.sought["connectionSpec.id"]
    return [
        {"id": one.id, "etag": one.etag}
        for one in platform.flow_service.connections([("connectionSpec.id", "==", spec_id)])
        if one.connection_spec_id == spec_id and one.description == query.sought["description"]
    ]


def _named(listing: str, *equal: tuple[str, str]) -> Finder:
    """``equal``: pairs of a name in what is sought and the attribute that must be the same."""

    def find(platform: Platform, query: Query) -> Found:
        filters = [("name", "==", query.sought["name"])]
        filters += [(name, "==", query.sought[name]) for name, _ in equal if query.sought.get(name)]
        found = getattr(platform.flow_service, listing)(filters)
        return [
            {"id": one.id, "etag": one.etag}
            for one in found
            if one.name == query.sought["name"]
            and all(
                getattr(one, attribute) == query.sought[name]
                for name, attribute in equal
                if query.sought.get(name)
            )
        ]

    return find


def _mapping_set(platform: Platform, query: Query) -> Found:
    return [
        {"id": one.id, "version": one.version or 0}
        for one in platform.data_prep.mapping_sets(name=query.sought["name"])
        if one.name == query.sought["name"]
    ]


def _flow(platform: Platform, query: Query) -> Found:
    """A source connection belongs to one dataflow."""
    source = query.sought["sourceConnectionId"]
    return [
        {"id": one.id, "etag": one.etag}
        for one in platform.flow_service.flows([("sourceConnectionIds[]", "==", source)])
        if source in one.source_connection_ids
    ]


def _runs(platform: Platform, query: Query) -> Found:
    """Runs since the call that can only be ours. AEP has no mark that would say so.

    A run tells its window once it has begun. Until then it is ours if none is due by the schedule.
    """
    flow_id, since = query.sought["flowId"], query.sent_at
    found = []
    for run in platform.flow_service.runs([("flowId", "==", flow_id)]):
        if since and run.created_at and run.created_at < since - CLOCKS:
            break
        if run.flow_id == flow_id and run.id != query.sought.get("not") and _ours(run, query):
            found.append({"id": run.id})
    return found


def _ours(run: Run, query: Query) -> bool:
    if run.window_start is None and run.window_end is None:
        return not _may_be_scheduled(run, query.sought.get("schedule") or {})
    wanted = query.sought.get("params") or {}
    bounds = (run.window_start, run.window_end)
    seconds = tuple(int(one.timestamp()) if one else None for one in bounds)
    return seconds == (wanted.get("windowStartTime"), wanted.get("windowEndTime"))


def _may_be_scheduled(run: Run, schedule: Mapping[str, Any]) -> bool:
    """Whether a scheduled run was due shortly before this one was made."""
    start, length = schedule.get("startTime"), schedule.get("interval_s")
    if not start or not length or run.created_at is None:
        return bool(length)
    return bool((run.created_at.timestamp() - start) % length < LATE_START.total_seconds())


FINDERS: dict[str, Finder] = {
    "field_group_title": _titled("fieldgroups"),
    "schema_title": _titled("schemas"),
    "descriptor_content": _descriptor,
    "dataset_tag": _dataset,
    "connection_description": _account,
    "source_connection_name": _named(
        "source_connections", ("baseConnectionId", "base_connection_id")
    ),
    "target_connection_name": _named("target_connections"),
    "mapping_set_name": _mapping_set,
    "flow_source_connection": _flow,
    "newest_runs": _runs,
    "object": lambda platform, query: changes.compared(platform, query.step, query.sought),
}
