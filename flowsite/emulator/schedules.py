"""When the next run of a dataflow is due.

The wait between two runs is the interval divided by the speed; timestamps stay wall time.
``read_until`` is the end of the last window: the next window begins there.
"""

from __future__ import annotations

from flowsite.emulator.flow_service.schedule_rules import interval_s
from flowsite.emulator.store import Stored
from flowsite.emulator.world import World


def wait_s(world: World, flow: Stored) -> float | None:
    """Seconds of wall time between two runs; None when there is only one."""
    interval = interval_s(flow.body["scheduleParams"])
    return None if interval is None else interval / world.config.speed


def start(world: World, flow: Stored) -> None:
    """A flow without schedule (streaming) has no runs."""
    if flow.body.get("scheduleParams") is None:
        return
    world.store.execute(
        "INSERT OR REPLACE INTO schedules VALUES (?, ?, ?, ?, NULL)",
        (flow.id, *flow.scope, _first_due_s(world, flow)),
    )


def _first_due_s(world: World, flow: Stored) -> float:
    start_s = float(flow.body["scheduleParams"]["startTime"])
    now_s = world.clock.now_s()
    return now_s if start_s - now_s <= world.config.early_start_s else start_s


def after_run(world: World, flow: Stored, due_s: float, read_until_s: float | None) -> None:
    """Sets the next due time on the grid of the last one; missed runs aren't made up for."""
    wait = wait_s(world, flow)
    following = None
    if wait is not None:
        missed = max(0, int((world.clock.now_s() - due_s) // wait))
        following = due_s + (missed + 1) * wait
    world.store.execute(
        "UPDATE schedules SET due_at = ?, read_until = ifnull(?, read_until) WHERE flow_id = ?",
        (following, read_until_s, flow.id),
    )


def change(world: World, flow: Stored) -> None:
    """A changed interval counts from now; a changed start is a first start."""
    row = world.store.row("SELECT * FROM schedules WHERE flow_id = ?", (flow.id,))
    if row is None or flow.body["state"] == "disabled":
        return
    wait = wait_s(world, flow)
    if row["read_until"] is None:
        due: float | None = _first_due_s(world, flow)
    else:
        due = None if wait is None else world.clock.now_s() + wait
    world.store.execute("UPDATE schedules SET due_at = ? WHERE flow_id = ?", (due, flow.id))


def stop(world: World, flow: Stored) -> None:
    world.store.execute("UPDATE schedules SET due_at = NULL WHERE flow_id = ?", (flow.id,))


def resume(world: World, flow: Stored) -> None:
    """After a pause the next run comes at once if one was missed, and reads the whole gap."""
    row = world.store.row("SELECT * FROM schedules WHERE flow_id = ?", (flow.id,))
    if row is None:
        start(world, flow)
        return
    once_done = wait_s(world, flow) is None and row["read_until"] is not None
    due = None if once_done else max(world.clock.now_s(), _first_due_s(world, flow))
    world.store.execute("UPDATE schedules SET due_at = ? WHERE flow_id = ?", (due, flow.id))


def remove(world: World, flow: Stored) -> None:
    world.store.execute("DELETE FROM schedules WHERE flow_id = ?", (flow.id,))
