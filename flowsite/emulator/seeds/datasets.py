"""Datasets that were there before."""

from __future__ import annotations

from typing import Any

from flowsite.emulator import catalog_service
from flowsite.emulator.ids import seeded_hex
from flowsite.emulator.seeds.schemas import LARGE, schema_id
from flowsite.emulator.web import Scope
from flowsite.emulator.world import World

_DAY_MS = 86_400_000
CONTENT_TYPE = "application/vnd.adobe.xed-full+json;version=1"

_DATASETS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("PayPal products", "Product catalogue", {}),
    ("PayPal transactions", "Payment events", {}),
    ("Square payments", "Payment events", {}),
    ("Stripe charges", "Payment events", {}),
    (
        "Customers",
        "Customer profile",
        {"unifiedProfile": ["enabled:true"], "unifiedIdentity": ["enabled:true"]},
    ),
    ("Customer 360", LARGE, {}),
)


def dataset_id(scope: Scope, name: str) -> str:
    return seeded_hex(24, "dataset", *scope, name)


def seed(world: World, scope: Scope) -> None:
    for place, (name, schema, tags) in enumerate(_DATASETS):
        body: dict[str, Any] = {
            "name": name,
            "description": f"{name}, made by the platform team.",
            "schemaRef": {"id": schema_id(scope, schema), "contentType": CONTENT_TYPE},
            "enableErrorDiagnostics": True,
        }
        if tags:
            body["tags"] = tags
        catalog_service.store_new(
            world,
            scope,
            body,
            client="admin-console",
            identifier=dataset_id(scope, name),
            created_ms=world.clock.now_ms() - (50 - place) * _DAY_MS,
        )
