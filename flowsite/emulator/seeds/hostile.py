"""Names that break careless programs, behind the switch ``hostile``."""

from __future__ import annotations

from flowsite.emulator import catalog_service
from flowsite.emulator.flow_service.entities import CONNECTION, store_new
from flowsite.emulator.ids import seeded_hex, seeded_uuid
from flowsite.emulator.seeds.accounts import account_id
from flowsite.emulator.seeds.datasets import CONTENT_TYPE
from flowsite.emulator.seeds.schemas import schema_id
from flowsite.emulator.web import Scope
from flowsite.emulator.world import World

NAMES = (
    "<script>alert(1)</script>",
    "\"double\" 'single' `back` \\ & <b>",
    "😀 emoji 👩‍👩‍👧‍👦 \u202eright to left",
    "{{ 7 * 7 }} ${7 * 7} %s %(x)s",
    "=HYPERLINK(1),comma,==name",
    "n" * 250,
)


def seed(world: World, scope: Scope) -> None:
    """Each name as an account of PayPal, as a dataset and as the description of both."""
    model = world.store.get(CONNECTION, scope, account_id(scope, "PayPal EU"))
    assert model is not None
    for name in NAMES:
        store_new(
            world,
            scope,
            CONNECTION,
            {
                "name": name,
                "description": name,
                "connectionSpec": model.body["connectionSpec"],
                "auth": model.body["auth"],
            },
            state="enabled",
            client=name[:40],
            hidden=model.hidden,
            object_id=seeded_uuid("hostile", *scope, name),
        )
        catalog_service.store_new(
            world,
            scope,
            {
                "name": name,
                "description": name,
                "schemaRef": {
                    "id": schema_id(scope, "Product catalogue"),
                    "contentType": CONTENT_TYPE,
                },
                "tags": {name[:40]: [name]},
            },
            client="admin-console",
            identifier=seeded_hex(24, "hostile", *scope, name),
        )
