from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from flowsite.credentials.models import SourceAccount
from flowsite.people.models import User
from flowsite.runs.models import Dataflow, FlowRun
from tests.monitoring.conftest import MakeFlow, MakeRuns
from tests.monitoring.test_dataflow import DEFINITION

ClientAs = Callable[[User], Client]


@pytest.fixture
def run(make_flow: MakeFlow, make_runs: MakeRuns) -> FlowRun:
    row = make_flow()
    mapping = [{"source": "a", "target": "_acme.a"}, {"source": "Price", "target": "_acme.price"}]
    definition = {**DEFINITION, "mapping": mapping}
    values = {"definition": definition, "facts": {"tenant_id": "acme"}, "dataset_id": "d"}
    [run] = make_runs(row, "failed")
    Dataflow.objects.filter(pk=row.pk).update(**values)
    return run


def links(client: Client, run: FlowRun, **error: Any) -> list[tuple[str, str]]:
    FlowRun.objects.filter(pk=run.pk).update(
        errors=[{"code": "X-1", "message": "", "count": None, "activity": ""} | error]
    )
    return [one.link for one in client.get(f"/runs/{run.pk}/").context["errors"]]


def test_a_failed_copy_leads_to_the_account(client_as: ClientAs, ops: User, run: FlowRun) -> None:
    client = client_as(ops)
    unknown = links(client, run, activity="copy")
    account = SourceAccount.objects.create(
        sandbox=run.sandbox,
        connection_id=run.dataflow.connection_id,
        name="PayPal EU",
        seen_at=timezone.now(),
    )

    known = links(client, run, activity="copy")

    board = f"/monitoring/?account={run.dataflow.connection_id}&sandbox={run.sandbox_id}"
    assert unknown == [("Open the account", board)]
    assert known == [("Open the account", f"/accounts/{account.pk}/")]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(
            "Cannot convert _acme.price to double.",
            ("Open the mapping of _acme.price", "#map-1"),
            id="target",
        ),
        pytest.param("Column 'Price'", ("Open the mapping of _acme.price", "#map-1"), id="column"),
        pytest.param("Prices are wrong", ("Open the mapping", ""), id="only alike"),
        pytest.param("<script>", ("Open the mapping", ""), id="markup"),
    ],
)
def test_a_failed_promotion_leads_to_the_row(
    client_as: ClientAs, analyst: User, run: FlowRun, message: str, expected: tuple[str, str]
) -> None:
    found = links(client_as(analyst), run, activity="promotion", message=message)

    page = f"/dataflows/{run.dataflow_id}/mapping/"
    assert found == [(expected[0], page + expected[1])]


def test_nobody_is_led_where_they_may_not_go(client_as: ClientAs, ops: User, run: FlowRun) -> None:
    assert links(client_as(ops), run, activity="promotion", message="Price") == [("", "")]


def test_lineage_leads_to_account_and_mapping(
    client_as: ClientAs, analyst: User, run: FlowRun
) -> None:
    context = client_as(analyst).get(f"/dataflows/{run.dataflow_id}/").context

    by_id = {fact.value: fact.href for fact in context["lineage"]}
    assert by_id[run.dataflow.connection_id].startswith("/monitoring/?account=")
    assert by_id[run.dataflow.mapping_set_id] == f"/dataflows/{run.dataflow_id}/mapping/"
