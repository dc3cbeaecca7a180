"""Accounts of source systems, made elsewhere before Flowsite came."""

from __future__ import annotations

from typing import Any

from flowsite.emulator.flow_service.connections import MASK
from flowsite.emulator.flow_service.entities import CONNECTION, store_new
from flowsite.emulator.flow_service.specs import connection_specs, sources
from flowsite.emulator.ids import seeded_uuid
from flowsite.emulator.systems.reader import DOWN, EXPIRED
from flowsite.emulator.web import Scope
from flowsite.emulator.world import World

_DAY_MS = 86_400_000

#: Name, source, description, what is special.
_ACCOUNTS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("PayPal EU", "paypal", "Payments of the European shops", {}),
    ("PayPal Legacy", "paypal", "The old PayPal login; its host is gone", {"health": DOWN}),
    ("Square Stores", "square", "Tills of the stores", {}),
    ("Square Pop-up", "square", "Its token has expired", {"health": EXPIRED}),
    ("Stripe Live", "stripe", "Subscriptions", {}),
    ("Salesforce Sales", "salesforce", "CRM of the sales team", {}),
    ("Orders DB", "postgres", "Order database of the web shop", {}),
    ("Exports Bucket", "s3", "Files that the warehouse writes", {}),
    ("Empty Warehouse", "mysql", "A database without tables", {"empty": True}),
)


def account_id(scope: Scope, name: str) -> str:
    return seeded_uuid("account", *scope, name)


def seed(world: World, scope: Scope) -> None:
    by_slug = {source["slug"]: source for source in sources().values()}
    for place, (name, slug, description, special) in enumerate(_ACCOUNTS):
        spec = connection_specs()[by_slug[slug]["spec"]]
        store_new(
            world,
            scope,
            CONNECTION,
            {
                "name": name,
                "description": description,
                "connectionSpec": {"id": spec["id"], "version": spec["version"]},
                "auth": _auth(spec),
            },
            state="enabled",
            client="admin-console",
            hidden={"system": slug, "health": "ok", **special},
            object_id=account_id(scope, name),
            created_ms=world.clock.now_ms() - (40 - place) * _DAY_MS,
        )


def _auth(spec: dict[str, Any]) -> dict[str, Any]:
    method = spec["authSpec"][0]
    params = {
        name: MASK if form.get("format") == "password" else f"{name}.{spec['name']}.example"
        for name, form in method["spec"]["properties"].items()
    }
    return {"specName": method["name"], "params": params}
