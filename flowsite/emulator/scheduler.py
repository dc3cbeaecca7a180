"""The work that time brings: starting runs that are due, moving them on, finishing them."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from flowsite.emulator import batches, execution, run_log, schedules
from flowsite.emulator.flow_service.entities import FLOW
from flowsite.emulator.flow_service.settling import settle
from flowsite.emulator.store import Stored
from flowsite.emulator.web import Scope
from flowsite.emulator.world import World

_AT_ONCE = 50
_MAX_ROUNDS = 200


def tick(world: World) -> int:
    """Works until nothing is due any more; the number of run changes made."""
    with world.ticking:
        with world.store.transaction():
            settle(world)
        changes = 0
        for _ in range(_MAX_ROUNDS):
            done = _start_due(world) + _advance_due(world)
            if not done:
                break
            changes += done
        return changes


# --- Starting ----------------------------------------------------------------------------------


def _start_due(world: World) -> int:
    with world.store.transaction():
        rows = world.store.rows(
            "SELECT * FROM schedules WHERE due_at <= ? ORDER BY due_at LIMIT ?",
            (world.clock.now_s(), _AT_ONCE),
        )
        return sum(_start(world, row) for row in rows)


def _start(world: World, row: sqlite3.Row) -> int:
    scope = Scope(row["org"], row["sandbox"])
    flow = world.store.get(FLOW, scope, row["flow_id"])
    if flow is None or flow.body["state"] not in ("enabled", "updating"):
        world.store.execute(
            "UPDATE schedules SET due_at = NULL WHERE flow_id = ?", (row["flow_id"],)
        )
        return 0
    now_s = world.clock.now_s()
    if run_log.has_open_run(world, flow.id):
        # Two runs of one dataflow don't overlap: the later one waits a moment.
        world.store.execute(
            "UPDATE schedules SET due_at = ? WHERE flow_id = ?", (now_s + 1, flow.id)
        )
        return 0
    window_s = (_window_start_s(flow, row["read_until"], now_s), now_s)
    run_log.create(world, flow, window_s=window_s, kind="scheduled")
    schedules.after_run(world, flow, row["due_at"], now_s)
    return 1


def _window_start_s(flow: Stored, read_until_s: float | None, now_s: float) -> float:
    """The first run takes everything with backfill, else what came since the start time."""
    if read_until_s is not None:
        return read_until_s
    schedule = flow.body["scheduleParams"]
    if schedule["frequency"] == "once" or schedule.get("backfill", True):
        return 0.0
    return min(float(schedule["startTime"]), now_s)


# --- Moving on ---------------------------------------------------------------------------------


def _advance_due(world: World) -> int:
    rows = world.store.rows(
        "SELECT * FROM runs WHERE due_at <= ? ORDER BY due_at LIMIT ?",
        (world.clock.now_s(), _AT_ONCE),
    )
    for row in rows:
        if row["started_at"] is None:
            _begin(world, row)
        else:
            _finish(world, row)
    return len(rows)


def _begin(world: World, row: sqlite3.Row) -> None:
    now_ms = world.clock.now_ms()
    with world.store.transaction():
        world.store.execute(
            "UPDATE runs SET status = 'inProgress', started_at = ?, updated_at = ?, due_at = ?"
            " WHERE id = ?",
            (now_ms, now_ms, now_ms / 1000 + world.config.running_s, row["id"]),
        )


def _finish(world: World, row: sqlite3.Row) -> None:
    scope = Scope(row["org"], row["sandbox"])
    detail: dict[str, Any] = json.loads(row["detail"])
    with world.store.transaction():
        flow = world.store.get(FLOW, scope, row["flow_id"])
        try:
            job: execution.Job | execution.Outcome = execution.prepare(world, flow, detail)
        except execution.CannotStart as error:
            job = error.outcome
    outcome = job if isinstance(job, execution.Outcome) else execution.execute(world, job)
    with world.store.transaction():
        now_ms = max(world.clock.now_ms(), row["started_at"] + 1)
        options = (flow.body.get("options") if flow else None) or {}
        batch_id = batches.write(
            world, scope, row["flow_id"], options, outcome, row["started_at"], now_ms
        )
        run_log.finish(world, row, detail, outcome, batch_id, now_ms)
