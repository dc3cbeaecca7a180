"""Two dataflows made elsewhere, with a past: one partly succeeds, one has begun to fail.

Their past runs were carried out, too: every count comes from the rows of its window.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from flowsite.emulator import batches, data_prep, execution, run_log
from flowsite.emulator.flow_service.entities import (
    CONNECTION,
    FLOW,
    SOURCE_CONNECTION,
    TARGET_CONNECTION,
    store_new,
)
from flowsite.emulator.flow_service.flow_rules import parts_of
from flowsite.emulator.flow_service.flows import inherited, last_operation
from flowsite.emulator.flow_service.spec_schemas import CRM_TO_AEP
from flowsite.emulator.flow_service.specs import DATA_LAKE_SPEC_ID
from flowsite.emulator.ids import seeded_hex, seeded_uuid
from flowsite.emulator.seeds.accounts import account_id
from flowsite.emulator.seeds.datasets import CONTENT_TYPE, dataset_id
from flowsite.emulator.seeds.schemas import schema_id
from flowsite.emulator.store import Stored
from flowsite.emulator.systems.reader import Reader
from flowsite.emulator.web import Scope
from flowsite.emulator.world import World

_CLIENT = "admin-console"
_HOUR_MS = 3_600_000
INTERVAL_H = 6
_TOOK_MS = 45_000


class _Past(NamedTuple):
    """``down_for`` is how many of the newest runs found the source system gone."""

    name: str
    description: str
    account: str
    table: str
    dataset: str
    schema: str
    delta: str
    mappings: tuple[tuple[str, str], ...]
    percent: int
    down_for: int


PARTIAL = "PayPal transactions"
FAILING = "PayPal products (legacy)"

_FLOWS = (
    _Past(
        PARTIAL,
        "Some transactions arrive without an id",
        "PayPal EU",
        "PayPal.Transactions",
        "PayPal transactions",
        "Payment events",
        "Transaction_Time",
        (
            ("Transaction_Id", "_id"),
            ("Transaction_Time", "timestamp"),
            ("Transaction_Id", "_acme.payment.paymentId"),
            ("Payer_Id", "_acme.payment.customerId"),
            ("Amount", "_acme.payment.amount"),
            ("Currency", "_acme.payment.currency"),
            ("Status", "_acme.payment.status"),
            ("Settled_Date", "_acme.payment.settledOn"),
            ("lower(Payer_Email)", "_acme.payment.payerEmail"),
        ),
        10,
        0,
    ),
    _Past(
        FAILING,
        "Reads through the old PayPal login",
        "PayPal Legacy",
        "PayPal.Catalog_Products",
        "PayPal products",
        "Product catalogue",
        "Create_Time",
        (
            ("Product_Id", "_id"),
            ("Product_Id", "_acme.product.productId"),
            ("Product_Name", "_acme.product.name"),
            ("Description", "_acme.product.description"),
            ("Type", "_acme.product.kind"),
            ("Create_Time", "_acme.product.createdAt"),
        ),
        5,
        7,
    ),
)


def flow_id(scope: Scope, name: str) -> str:
    return seeded_uuid("flow", *scope, name)


def seed(world: World, scope: Scope) -> None:
    for past in _FLOWS:
        flow = _make(world, scope, past)
        _run_through(world, flow, past)


def _make(world: World, scope: Scope, past: _Past) -> Stored:
    created_ms = world.clock.now_ms() - (world.config.past_runs + 1) * INTERVAL_H * _HOUR_MS
    source, target = _ends(world, scope, past, created_ms)
    mapping_id = _mapping(world, scope, past, schema_id(scope, past.schema))
    body = _flow_body(past, source, target, mapping_id, created_ms)
    body["inheritedAttributes"] = inherited(parts_of(world, scope, body))
    return store_new(
        world,
        scope,
        FLOW,
        body,
        state="enabled",
        client=_CLIENT,
        hidden={"base": account_id(scope, past.account)},
        object_id=flow_id(scope, past.name),
        created_ms=created_ms,
    )


def _ends(world: World, scope: Scope, past: _Past, created_ms: int) -> tuple[str, str]:
    """The ids of the source and the target connection."""
    base = world.store.get(CONNECTION, scope, account_id(scope, past.account))
    assert base is not None
    table = Reader(world, base).tables()[past.table]
    columns = [column.flat() for column in table.columns]
    schema = {"id": schema_id(scope, past.schema), "version": CONTENT_TYPE}
    fields = {
        SOURCE_CONNECTION: {
            "baseConnectionId": base.id,
            "data": {"format": "tabular"},
            "params": {"tableName": past.table, "columns": columns},
            "connectionSpec": base.body["connectionSpec"],
        },
        TARGET_CONNECTION: {
            "data": {"schema": schema},
            "params": {"dataSetId": dataset_id(scope, past.dataset)},
            "connectionSpec": {"id": DATA_LAKE_SPEC_ID, "version": "1.0"},
        },
    }
    source, target = (
        store_new(
            world,
            scope,
            kind,
            {"name": f"{past.name} {kind}", **body},
            state="enabled",
            client=_CLIENT,
            object_id=seeded_uuid(kind, *scope, past.name),
            created_ms=created_ms,
        )
        for kind, body in fields.items()
    )
    return source.id, target.id


def _mapping(world: World, scope: Scope, past: _Past, schema: str) -> str:
    mappings = [
        {
            "sourceType": "EXPRESSION" if "(" in source else "ATTRIBUTE",
            "source": source,
            "destination": destination,
        }
        for source, destination in past.mappings
    ]
    body = {
        "name": past.name,
        "outputSchema": {"schemaRef": {"id": schema, "contentType": CONTENT_TYPE}},
        "mappings": mappings,
    }
    identifier = seeded_hex(32, "mapping", *scope, past.name)
    return data_prep.store_new(world, scope, body, client=_CLIENT, identifier=identifier).id


def _flow_body(
    past: _Past, source: str, target: str, mapping_id: str, created_ms: int
) -> dict[str, Any]:
    return {
        "name": past.name,
        "description": past.description,
        "flowSpec": {"id": CRM_TO_AEP, "version": "1.0"},
        "sourceConnectionIds": [source],
        "targetConnectionIds": [target],
        "transformations": [
            {
                "name": "Copy",
                "params": {
                    "deltaColumn": {
                        "name": past.delta,
                        "dateFormat": "yyyy-MM-dd HH:mm:ss",
                        "timezone": "UTC",
                    }
                },
            },
            {"name": "Mapping", "params": {"mappingId": mapping_id, "mappingVersion": 0}},
        ],
        "scheduleParams": {
            "startTime": created_ms // 1000 + INTERVAL_H * 3600,
            "frequency": "hour",
            "interval": INTERVAL_H,
            "backfill": True,
        },
        "options": {"errorDiagnosticsEnabled": True, "partialIngestionPercent": past.percent},
        "lastOperation": last_operation(created_ms, "create"),
    }


def _run_through(world: World, flow: Stored, past: _Past) -> None:
    """The first run takes everything before it, the others six hours each."""
    first_ms = flow.body["scheduleParams"]["startTime"] * 1000
    since_ms = 0
    due_ms = first_ms
    for number in range(world.config.past_runs):
        until_ms = due_ms
        healthy = number < world.config.past_runs - past.down_for
        _run(world, flow, (since_ms, until_ms), healthy=healthy, number=number)
        since_ms = until_ms
        due_ms += INTERVAL_H * _HOUR_MS
    world.store.save(flow)
    wait_s = INTERVAL_H * 3600 / world.config.speed
    last_s = since_ms / 1000
    next_s = max(last_s + wait_s, world.clock.now_s() + min(wait_s, 60))
    world.store.execute(
        "INSERT INTO schedules VALUES (?, ?, ?, ?, ?)", (flow.id, *flow.scope, next_s, last_s)
    )


def _run(
    world: World, flow: Stored, window_ms: tuple[int, int], *, healthy: bool, number: int
) -> None:
    detail: dict[str, Any] = {
        "spec": flow.body["flowSpec"],
        "source": flow.body["sourceConnectionIds"][0],
        "target": flow.body["targetConnectionIds"][0],
        "kind": "scheduled",
        "window": list(window_ms),
    }
    job = execution.prepare(world, flow, detail)
    if healthy:
        job = replace(job, account=replace(job.account, hidden={"system": "paypal"}))
    outcome = execution.execute(world, job)
    started_ms = window_ms[1] + 2_000
    ended_ms = started_ms + (_TOOK_MS + number * 1_300 if healthy else 9_000)
    batch_id = batches.write(
        world, flow.scope, flow.id, flow.body["options"], outcome, started_ms, ended_ms
    )
    detail.update(run_log.outcome_detail(outcome), batch=batch_id)
    run_id = seeded_uuid("run", flow.id, str(number))
    status = "failed" if outcome.stage else "success"
    run_log.insert(
        world,
        run_id,
        flow.scope,
        flow.id,
        status=status,
        created_ms=window_ms[1],
        updated_ms=ended_ms,
        started_ms=started_ms,
        completed_ms=ended_ms,
        detail=detail,
    )
    run_log.set_last_run(flow, run_id, status, started_ms, ended_ms)
