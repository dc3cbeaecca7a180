"""Definitions and facts for the three payments sources, in every combination that matters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from flowsite.definitions.columns import Column, columns_from_flat, columns_from_hierarchy
from flowsite.definitions.mapping_rules import resolve_mapping
from flowsite.definitions.model import (
    Account,
    Data,
    DataflowDefinition,
    Dataset,
    ExistingDataset,
    Identity,
    MappingRow,
    NewDataset,
    Schedule,
    SchemaChoice,
)
from flowsite.definitions.sources import source_by_slug
from flowsite.definitions.xdm import TargetField, propose
from flowsite.planning.facts import (
    DatasetFacts,
    Facts,
    FlowSpecFacts,
    Place,
    SchemaFacts,
    SpecRef,
)

KEY = "fs-5f2c9a"
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
START = datetime(2027, 1, 1, tzinfo=UTC)
SCHEMA_ID = "https://ns.adobe.com/acme/schemas/9c1f"
DATASET_ID = "65f0a1b2c3d4e5f601234567"
DATA_LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"

Slug = Literal["paypal", "square", "stripe"]
Target = Literal["dataset", "schema", "profile", "event"]
Timing = Literal["once", "recurring"]


def flat(name: str, kind: str = "string", form: str | None = None) -> dict[str, Any]:
    """A column as explore answers it."""
    xdm = {"type": kind, **({"format": form} if form else {})}
    return {"name": name, "type": kind, **({"meta:xdmType": form} if form else {}), "xdm": xdm}


PAYPAL = [
    flat("Product_Id"),
    flat("Product_Name"),
    flat("Description"),
    flat("Create_Time", form="date-time"),
]
SQUARE = [flat("id"), flat("amount_money_amount", "integer"), flat("created_at", form="date-time")]
STRIPE = {
    "type": "object",
    "properties": {
        "data": {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "created": {"type": "string", "format": "date-time"},
                "amount": {"type": "integer"},
                "billing_details": {"type": "object", "properties": {"email": {"type": "string"}}},
                "metadata": {},
            },
        }
    },
}
COLUMNS: dict[Slug, list[Column]] = {
    "paypal": columns_from_flat(PAYPAL),
    "square": columns_from_flat(SQUARE),
    "stripe": columns_from_hierarchy(STRIPE),
}
DATA = {
    "paypal": Data(table="PayPal.Catalog_Products"),
    "square": Data(table="payments"),
    "stripe": Data(resource="charges"),
}
DELTA = {"paypal": "Create_Time", "square": "created_at", "stripe": None}
ROWS: dict[Slug, tuple[MappingRow, ...]] = {
    "paypal": (
        MappingRow(source="Product_Id", target="_id"),
        MappingRow(expression="upper(Product_Name)", target="_{tenant}.name"),
        MappingRow(source="Create_Time", target="_{tenant}.when"),
    ),
    "square": (
        MappingRow(source="id", target="_id"),
        MappingRow(source="created_at", target="_{tenant}.when"),
    ),
    "stripe": (
        MappingRow(source="data.id", target="_id"),
        MappingRow(source="data.billing_details.email", target="_{tenant}.name"),
    ),
}
FIELDS = (
    TargetField(path="_id", type="string", required=True),
    TargetField(path="_acme.name", type="string"),
    TargetField(path="_acme.when", type="date-time"),
)


def schedule(slug: Slug, timing: Timing) -> Schedule:
    if timing == "once":
        return Schedule(frequency="once", start=START)
    return Schedule(frequency="hour", interval=1, start=START, load_incremental_by=DELTA[slug])


def dataset(target: Target, *, identity: Identity | None = None, profile: bool = False) -> Dataset:
    if target == "dataset":
        return Dataset(existing=ExistingDataset(name="Payments"))
    choice = (
        SchemaChoice(title="Payments schema")
        if target == "schema"
        else SchemaChoice(propose=target, identity=identity)
    )
    new = NewDataset(name="Payments in", description="Rows", schema=choice, profile_enabled=profile)
    return Dataset(new=new)


def definition(
    slug: Slug = "paypal",
    target: Target = "dataset",
    timing: Timing = "recurring",
    *,
    identity: Identity | None = None,
    profile: bool = False,
    **changes: Any,
) -> DataflowDefinition:
    """A finished definition; ``changes`` replace whole parts."""
    proposed = target in ("profile", "event")
    made = DataflowDefinition(
        name=f"{slug.capitalize()} payments",
        description="All payments",
        account=Account(source=slug, name=f"{slug.capitalize()} EU"),
        data=DATA[slug],
        dataset=dataset(target, identity=identity, profile=profile),
        mapping="suggested" if proposed else ROWS[slug],
        schedule=schedule(slug, timing),
    )
    return made.model_copy(update=changes)


def flow_spec(slug: Slug) -> FlowSpecFacts:
    source = source_by_slug(slug)
    return FlowSpecFacts(
        id=source.flow_spec_id or "",
        name=source.flow_spec_name or "",
        has_copy=source.kind == "tabular",
        source_spec_ids=(source.connection_spec_id or "",),
        target_spec_ids=(DATA_LAKE,),
    )


def facts(for_definition: DataflowDefinition, **changes: Any) -> Facts:
    """What resolving the definition would find; ``changes`` replace single facts."""
    slug: Slug = for_definition.account.source  # type: ignore[assignment]
    source = source_by_slug(slug)
    columns = changes.get("columns", COLUMNS[slug])
    choice = for_definition.dataset.new.schema_choice if for_definition.dataset.new else None
    proposed = None
    if choice is not None and choice.propose:
        proposed = propose(
            columns,
            choice.propose,
            "acme",
            object_name=for_definition.data.object_name,
            delta_column=for_definition.schedule.load_incremental_by,
            identity=choice.identity,
        )
    existing = for_definition.dataset.existing is not None
    found: dict[str, Any] = {
        "tenant_id": "acme",
        "source_kind": source.kind,
        "base_connection_id": "b1c2-base",
        "connection_spec": SpecRef(id=source.connection_spec_id or ""),
        "flow_spec": flow_spec(slug),
        "columns": tuple(columns),
        "account_name": f"{slug.capitalize()} EU",
        "account_state": "enabled",
        "schema_facts": None
        if proposed
        else SchemaFacts(id=SCHEMA_ID, title="Payments schema", fields=FIELDS),
        "dataset": DatasetFacts(id=DATASET_ID, name="Payments", schema_id=SCHEMA_ID)
        if existing
        else None,
        "proposed": proposed,
        "mapping": resolve_mapping(
            for_definition.mapping, columns, FIELDS, tenant_id="acme", proposed=proposed
        ),
        "place": Place(
            credential_name="Acme dev",
            org_id="ACME@AdobeOrg",
            client_id="client-1",
            sandbox="dev-eu",
            sandbox_type="development",
        ),
    }
    return Facts(**{**found, **changes})
