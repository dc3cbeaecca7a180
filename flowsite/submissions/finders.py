"""Look-ups by the submission's key, one for each kind of create.

All pages are read, and every answer is compared again here: a server's filter may be looser than
it seems (``*`` in Catalog names, prefixes of tags). Source: the table of look-ups in the API notes,
section 13.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flowsite.aep.platform import Platform

Sought = dict[str, Any]
Found = list[dict[str, Any]]
Finder = Callable[[Platform, Sought, datetime | None], Found]


def _titled(kind: str) -> Finder:
    def find(platform: Platform, sought: Sought, _sent_at: datetime | None) -> Found:
        return [
            {"id": one.id, "alt_id": one.alt_id, "version": one.version}
            for one in platform.registry.find_by_title(kind, sought["title"])
            if one.title == sought["title"]
        ]

    return find


def _descriptor(platform: Platform, sought: Sought, _sent_at: datetime | None) -> Found:
    return [
        {"id": one["@id"]}
        for one in platform.registry.descriptors(sought["xdm:sourceSchema"])
        if all(one.get(name) == value for name, value in sought.items())
    ]


def _dataset(platform: Platform, sought: Sought, _sent_at: datetime | None) -> Found:
    """By name, because any name can be searched; the tag tells it from others of that name."""
    return [
        {"id": one.id}
        for one in platform.catalog.datasets(name=sought["name"])
        if one.name == sought["name"] and one.has_tag(sought["tag"], sought["value"])
    ]


def _named(listing: str, *equal: tuple[str, str]) -> Finder:
    """``equal``: pairs of a name in what is sought and the attribute that must be the same."""

    def find(platform: Platform, sought: Sought, _sent_at: datetime | None) -> Found:
        filters = [("name", "==", sought["name"])]
        filters += [(name, "==", sought[name]) for name, _ in equal if sought.get(name)]
        found = getattr(platform.flow_service, listing)(filters)
        return [
            {"id": one.id, "etag": one.etag}
            for one in found
            if one.name == sought["name"]
            and all(
                getattr(one, attribute) == sought[name]
                for name, attribute in equal
                if sought.get(name)
            )
        ]

    return find


def _mapping_set(platform: Platform, sought: Sought, _sent_at: datetime | None) -> Found:
    return [
        {"id": one.id, "version": one.version or 0}
        for one in platform.data_prep.mapping_sets(name=sought["name"])
        if one.name == sought["name"]
    ]


def _flow(platform: Platform, sought: Sought, _sent_at: datetime | None) -> Found:
    """A source connection belongs to one dataflow."""
    source = sought["sourceConnectionId"]
    return [
        {"id": one.id, "etag": one.etag}
        for one in platform.flow_service.flows([("sourceConnectionIds[]", "==", source)])
        if source in one.source_connection_ids
    ]


FINDERS: dict[str, Finder] = {
    "field_group_title": _titled("fieldgroups"),
    "schema_title": _titled("schemas"),
    "descriptor_content": _descriptor,
    "dataset_tag": _dataset,
    "connection_name": _named("connections", ("connectionSpec.id", "connection_spec_id")),
    "source_connection_name": _named(
        "source_connections", ("baseConnectionId", "base_connection_id")
    ),
    "target_connection_name": _named("target_connections"),
    "mapping_set_name": _mapping_set,
    "flow_source_connection": _flow,
}
