"""What a new data file holds. The same ids and names everywhere, dates around now."""

from __future__ import annotations

from flowsite.emulator.organisations import ACME
from flowsite.emulator.seeds import accounts, bulk, datasets, flows, hostile, schemas
from flowsite.emulator.web import Scope
from flowsite.emulator.world import World

_FILLED = ("prod", "dev")


def seed(world: World) -> None:
    """Does nothing to a data file that was seeded before."""
    with world.store.transaction():
        if world.store.note("seeded_at_s") is not None:
            return
        world.store.set_note("seeded_at_s", world.clock.now_s())
        if not world.config.seeded:
            return
        for sandbox in _FILLED:
            scope = Scope(ACME, sandbox)
            accounts.seed(world, scope)
            schemas.seed(world, scope)
            datasets.seed(world, scope)
        if world.config.hostile:
            hostile.seed(world, Scope(ACME, "dev"))
        if world.config.past_runs:
            flows.seed(world, Scope(ACME, "dev"))
        if world.config.bulk_flows:
            bulk.seed(world, Scope(ACME, "dev"), world.config.bulk_flows, world.config.bulk_runs)
