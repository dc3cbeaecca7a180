"""Very many dataflows and runs, for measuring: only rows in the store, nothing was carried out.

The counts in these runs are made up, unlike everything else the emulator tells.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from flowsite.emulator.execution import PROMOTION_FAILED
from flowsite.emulator.flow_service.entities import FLOW
from flowsite.emulator.flow_service.flow_rules import parts_of
from flowsite.emulator.flow_service.flows import inherited, last_operation
from flowsite.emulator.ids import new_etag, new_uuid, seeded_uuid
from flowsite.emulator.seeds.flows import PARTIAL, flow_id
from flowsite.emulator.store import Stored
from flowsite.emulator.web import Scope
from flowsite.emulator.world import World

_HOUR_MS = 3_600_000
_TOOK_MS = 60_000
_AT_ONCE = 5_000
_RUN = (
    "INSERT INTO runs (id, org, sandbox, flow_id, status, created_at, updated_at, started_at,"
    " completed_at, due_at, etag, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)"
)


def seed(world: World, scope: Scope, flows: int, runs: int) -> None:
    """``runs`` are spread evenly over ``flows`` and hourly back from now. Needs the dataflows
    with a past: the new ones are copies of one of them."""
    model = world.store.get(FLOW, scope, flow_id(scope, PARTIAL))
    assert model is not None
    now_ms = world.clock.now_ms()
    ids = [seeded_uuid("bulk flow", str(number)) for number in range(flows)]
    each = -(-runs // flows) if flows else 0
    for number, bulk_id in enumerate(ids):
        world.store.insert(_flow(world, model, bulk_id, number, now_ms))
    rows: list[tuple[Any, ...]] = []
    for row in _runs(scope, ids, model, each, runs, now_ms):
        rows.append(row)
        if len(rows) == _AT_ONCE:
            world.store.execute_many(_RUN, rows)
            rows.clear()
    world.store.execute_many(_RUN, rows)


def _flow(world: World, model: Stored, bulk_id: str, number: int, now_ms: int) -> Stored:
    created_ms = now_ms - (number % 1000) * _HOUR_MS
    etag = new_etag()
    body = {
        **model.body,
        "id": bulk_id,
        "name": f"Bulk dataflow {number:05d}",
        "createdAt": created_ms,
        "updatedAt": created_ms,
        "etag": etag,
        "version": etag,
        "sourceConnectionIds": [seeded_uuid("bulk source", str(number))],
        "targetConnectionIds": [seeded_uuid("bulk target", str(number))],
        "inheritedAttributes": inherited(parts_of(world, model.scope, model.body)),
        "lastOperation": last_operation(created_ms, "create"),
        "lastRunDetails": {
            "id": seeded_uuid("bulk run", str(number)),
            "state": "success",
            "startedAtUTC": now_ms - number % 3_600 * 1_000,
            "completedAtUTC": now_ms - number % 3_600 * 1_000 + _TOOK_MS,
        },
    }
    return Stored(FLOW, model.scope, bulk_id, body, body["name"], created_ms, created_ms)


def _runs(
    scope: Scope, ids: list[str], model: Stored, each: int, total: int, now_ms: int
) -> Iterator[tuple[Any, ...]]:
    chance = random.Random(1)
    made = 0
    for step in range(each):
        for place, bulk_id in enumerate(ids[: total - made]):
            started = now_ms - step * _HOUR_MS - place % 3_600 * 1_000
            failed = chance.randrange(20) == 0
            detail = _detail(model, started, chance.randrange(10, 5_000), failed=failed)
            run_id = seeded_uuid("bulk run", str(place)) if step == 0 else new_uuid()
            yield (
                run_id,
                *scope,
                bulk_id,
                "failed" if failed else "success",
                started,
                started + _TOOK_MS,
                started,
                started + _TOOK_MS,
                new_etag(),
                json.dumps(detail, separators=(",", ":")),
            )
        made += len(ids)


def _detail(model: Stored, started: int, read: int, *, failed: bool) -> dict[str, Any]:
    return {
        "spec": model.body["flowSpec"],
        "source": model.body["sourceConnectionIds"][0],
        "target": model.body["targetConnectionIds"][0],
        "kind": "scheduled",
        "window": [started - _HOUR_MS, started],
        "stage": "promotion" if failed else None,
        "read": read,
        "written": 0 if failed else read,
        "failed": read if failed else 0,
        "warned": 0,
        "bytes": [read * 200, read * 150],
        "files": [1, 1],
        "errors": [{"code": PROMOTION_FAILED, "message": "Failed."}] if failed else [],
        "rowErrors": [],
        "diagnostics": True,
        "batch": None,
    }
