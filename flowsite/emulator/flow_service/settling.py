"""Changes that take a while: a patched dataflow stays ``updating`` until its time has come."""

from __future__ import annotations

from flowsite.emulator.store import stored_of
from flowsite.emulator.world import World

_DUE = "json_extract(hidden, '$.settles_at')"


def settle(world: World) -> None:
    """Called before every request and tick, so that nobody sees a change settle late."""
    now = world.clock.now_ms()
    for row in world.store.rows(
        f"SELECT * FROM objects WHERE {_DUE} IS NOT NULL AND {_DUE} <= ?", (now,)
    ):
        flow = stored_of(row)
        flow.body["state"] = flow.hidden.pop("settled_state")
        flow.hidden.pop("settles_at")
        flow.body["lastOperation"].update(
            updated=now, percentCompleted=100, status={"value": "COMPLETED", "errors": []}
        )
        world.store.save(flow)
