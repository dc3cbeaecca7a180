"""Schemas that were there before: for profiles, for events, one large, one in the union."""

from __future__ import annotations

from typing import Any, NamedTuple

from flowsite.emulator.ids import seeded_hex
from flowsite.emulator.organisations import ACME
from flowsite.emulator.registry import NAMESPACE, changes, descriptors
from flowsite.emulator.registry.standard import EXPERIENCE_EVENT, PROFILE, properties
from flowsite.emulator.web import Scope
from flowsite.emulator.world import World

_CLIENT = "admin-console"
_DAY_MS = 86_400_000
_CONTEXT = "https://ns.adobe.com/xdm/context"


class _Plan(NamedTuple):
    """``identity`` is the path under the tenant and the namespace."""

    title: str
    class_id: str
    standard: tuple[str, ...]
    own: dict[str, Any]
    identity: tuple[str, str]
    union: bool = False


_SCHEMAS = (
    _Plan(
        "Customer profile",
        PROFILE,
        ("profile-person-details", "profile-personal-details", "identitymap"),
        {"customer": {"customerId": "string", "since": "date", "tier": "string"}},
        ("customer.customerId", "CRMID"),
        union=True,
    ),
    _Plan(
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
    ),
    _Plan(
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


def _large() -> _Plan:
    """8 areas × 5 topics × 10 fields, beside the class's own and the standard ones: about 430."""
    own = {area: {topic: dict(_FIELDS) for topic in _TOPICS} for area in _AREAS}
    identity = ("loyalty.current.code", "LoyaltyID")
    return _Plan(LARGE, PROFILE, ("profile-person-details",), own, identity)


def seed(world: World, scope: Scope) -> None:
    for plan in (*_SCHEMAS, _large()):
        created_ms = world.clock.now_ms() - 60 * _DAY_MS
        group_id = _make_group(world, scope, plan, created_ms)
        _make_schema(world, scope, plan, group_id, created_ms)
        _identify(world, scope, plan.title, *plan.identity)


def _make_group(world: World, scope: Scope, plan: _Plan, created_ms: int) -> str:
    tenant = f"_{world.tenant(scope)}"
    own = {"properties": {tenant: {"type": "object", "properties": properties(plan.own)}}}
    group = changes.store_new(
        world,
        scope,
        "fieldgroups",
        {
            "type": "object",
            "title": f"{plan.title} fields",
            "description": f"Own fields of {plan.title}.",
            "meta:intendedToExtend": [plan.class_id],
            "definitions": {"own": own},
            "allOf": [{"$ref": "#/definitions/own"}],
        },
        client=_CLIENT,
        identifier=seeded_hex(48, "fieldgroup", *scope, plan.title),
        created_ms=created_ms,
    )
    return str(group.body["$id"])


def _make_schema(world: World, scope: Scope, plan: _Plan, group_id: str, created_ms: int) -> None:
    references = [plan.class_id, *(f"{_CONTEXT}/{name}" for name in plan.standard), group_id]
    body: dict[str, Any] = {
        "type": "object",
        "title": plan.title,
        "description": f"{plan.title}, made by the platform team.",
        "allOf": [{"$ref": reference} for reference in references],
    }
    if plan.union:
        body["meta:immutableTags"] = ["union"]
    changes.store_new(
        world,
        scope,
        "schemas",
        body,
        client=_CLIENT,
        identifier=seeded_hex(48, "schema", *scope, plan.title),
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
