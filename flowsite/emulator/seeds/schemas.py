"""Schemas that were there before: for profiles, for events, one large, one in the union."""

from __future__ import annotations

from typing import Any

from flowsite.emulator.ids import seeded_hex
from flowsite.emulator.organisations import ACME
from flowsite.emulator.registry import NAMESPACE, changes, descriptors
from flowsite.emulator.registry.standard import EXPERIENCE_EVENT, PROFILE, properties
from flowsite.emulator.web import Scope
from flowsite.emulator.world import World

_CLIENT = "admin-console"
_DAY_MS = 86_400_000
_CONTEXT = "https://ns.adobe.com/xdm/context"

#: Title, class, standard field groups, own fields, path and namespace of the identity, union.
_SCHEMAS: tuple[tuple[str, str, tuple[str, ...], dict[str, Any], tuple[str, str], bool], ...] = (
    (
        "Customer profile",
        PROFILE,
        ("profile-person-details", "profile-personal-details", "identitymap"),
        {"customer": {"customerId": "string", "since": "date", "tier": "string"}},
        ("customer.customerId", "CRMID"),
        True,
    ),
    (
        "Product catalogue",
        PROFILE,
        (),
        {
            "product": {
                "productId": "string",
                "name": "string",
                "description": "string",
                "kind": "string",
                "category": "string",
                "imageUrl": "uri",
                "homeUrl": "uri",
                "createdAt": "date-time",
                "updatedAt": "date-time",
            }
        },
        ("product.productId", "ProductID"),
        False,
    ),
    (
        "Payment events",
        EXPERIENCE_EVENT,
        ("experienceevent-commerce",),
        {
            "payment": {
                "paymentId": "string",
                "orderId": "string",
                "customerId": "string",
                "amount": "number",
                "currency": "string",
                "status": "string",
                "method": "string",
                "settledOn": "date",
                "payerEmail": "email",
            }
        },
        ("payment.customerId", "CRMID"),
        False,
    ),
)

_AREAS = ("loyalty", "billing", "delivery", "service", "consent", "store", "web", "campaign")
_TOPICS = ("current", "previous", "firstSeen", "lastSeen", "lifetime")
_FIELDS: dict[str, str] = {
    "code": "string",
    "label": "string",
    "channel": "string",
    "score": "number",
    "points": "integer",
    "amount": "number",
    "currency": "string",
    "active": "boolean",
    "changedAt": "date-time",
    "validUntil": "date",
}
LARGE = "Customer 360"


def schema_id(scope: Scope, title: str) -> str:
    tenant = "acme" if scope.org == ACME else "globex"
    return f"{NAMESPACE}/{tenant}/schemas/{seeded_hex(48, 'schema', *scope, title)}"


def seed(world: World, scope: Scope) -> None:
    for title, class_id, standard, own, identity, union in _SCHEMAS:
        _make(world, scope, title, class_id, standard, own, union=union)
        _identify(world, scope, title, *identity)
    # 8 areas × 5 topics × 10 fields, beside the class's own and the address fields: about 430.
    large = {area: {topic: dict(_FIELDS) for topic in _TOPICS} for area in _AREAS}
    _make(world, scope, LARGE, PROFILE, ("profile-person-details",), large, union=False)
    _identify(world, scope, LARGE, "loyalty.current.code", "LoyaltyID")


def _make(
    world: World,
    scope: Scope,
    title: str,
    class_id: str,
    standard: tuple[str, ...],
    own: dict[str, Any],
    *,
    union: bool,
) -> None:
    created_ms = world.clock.now_ms() - 60 * _DAY_MS
    tenant = f"_{world.tenant(scope)}"
    group = changes.store_new(
        world,
        scope,
        "fieldgroups",
        {
            "type": "object",
            "title": f"{title} fields",
            "description": f"Own fields of {title}.",
            "meta:intendedToExtend": [class_id],
            "definitions": {
                "own": {
                    "properties": {
                        tenant: {"type": "object", "properties": properties(own)},
                    }
                }
            },
            "allOf": [{"$ref": "#/definitions/own"}],
        },
        client=_CLIENT,
        identifier=seeded_hex(48, "fieldgroup", *scope, title),
        created_ms=created_ms,
    )
    references = [class_id, *(f"{_CONTEXT}/{name}" for name in standard), group.body["$id"]]
    body: dict[str, Any] = {
        "type": "object",
        "title": title,
        "description": f"{title}, made by the platform team.",
        "allOf": [{"$ref": reference} for reference in references],
    }
    if union:
        body["meta:immutableTags"] = ["union"]
    changes.store_new(
        world,
        scope,
        "schemas",
        body,
        client=_CLIENT,
        identifier=seeded_hex(48, "schema", *scope, title),
        created_ms=created_ms,
    )


def _identify(world: World, scope: Scope, title: str, path: str, namespace: str) -> None:
    tenant = f"_{world.tenant(scope)}"
    descriptors.store_new(
        world,
        scope,
        {
            "@type": descriptors.IDENTITY,
            "xdm:sourceSchema": schema_id(scope, title),
            "xdm:sourceVersion": 1,
            "xdm:sourceProperty": f"/{tenant}/{path.replace('.', '/')}",
            "xdm:namespace": namespace,
            "xdm:property": "xdm:code",
            "xdm:isPrimary": True,
        },
        identifier=seeded_hex(48, "descriptor", *scope, title),
    )
