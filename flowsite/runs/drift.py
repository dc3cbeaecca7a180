"""Changes that were made to our dataflows outside, e.g. in AEP's own pages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from flowsite.saying import say

#: What is compared, and what people call it.
WATCHED: Final = {
    "name": say("Name"),
    "description": say("Description"),
    "state": say("State"),
    "frequency": say("Frequency"),
    "interval": say("Interval"),
    "mapping_set_id": say("Mapping set"),
    "mapping_version": say("Mapping version"),
    "delta_column": say("Load incremental data by"),
    "source_connection_id": say("Source connection"),
    "target_connection_id": say("Target connection"),
}
#: What AEP is doing at the moment is no change by somebody.
_SETTLED: Final = ("enabled", "disabled")


def watched(values: Mapping[str, Any]) -> dict[str, Any]:
    """The compared part of a dataflow's columns. Its state is the one it settled in last."""
    schedule = values.get("schedule") or {}
    found = {name: values.get(name) for name in WATCHED}
    found["frequency"], found["interval"] = schedule.get("frequency"), schedule.get("interval")
    found["state"] = values.get("settled_state") or None
    return found


def settled_state(state: str, before: str) -> str:
    """Enabled or disabled; while AEP is busy, the one before."""
    return state if state in _SETTLED else before


def noted(
    known: Mapping[str, Any] | None,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    client: str,
    at: datetime | None,
) -> dict[str, Any] | None:
    """What has been changed outside in all: ``{"client", "at", "changes": {name: [old, new]}}``.

    ``before`` and ``after`` are ``watched`` columns around one reading; ``known`` is what was noted
    earlier. A change that was taken back outside as well is no change. None when nothing is left.
    """
    changes: dict[str, list[Any]] = {**(known or {}).get("changes", {})}
    fresh = False
    for name, new in after.items():
        old = before.get(name)
        if old == new or old is None or new is None:
            continue
        fresh = True
        first = changes[name][0] if name in changes else old
        if first == new:
            changes.pop(name)
        else:
            changes[name] = [first, new]
    if not changes:
        return None
    if not fresh and known:
        return dict(known)
    return {"client": client, "at": at.isoformat() if at else "", "changes": changes}


def still_true(known: Mapping[str, Any] | None, now: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is left of a noted change after we have changed the dataflow ourselves."""
    if not known:
        return None
    left = {name: pair for name, pair in known["changes"].items() if now.get(name) == pair[1]}
    return {**known, "changes": left} if left else None
