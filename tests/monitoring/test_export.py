from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client

from flowsite.people.models import User
from flowsite.runs import tagging
from tests.monitoring.conftest import MakeFlow, MakeRuns

ClientAs = Callable[[User], Client]


def rows_of(client: Client, url: str) -> list[dict[str, str]]:
    response = client.get(url)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def two(make_flow: MakeFlow, make_runs: MakeRuns) -> None:
    make_runs(make_flow("flow-1", name="=1+1"), "failed", records={"inputRecordCount": -1})
    make_runs(make_flow("flow-2"), "success", "success")


def test_the_board_with_its_filters(client_as: ClientAs, ops: User, two: None) -> None:
    client = client_as(ops)

    every = rows_of(client, "/monitoring/dataflows.csv")
    [failed] = rows_of(client, "/monitoring/dataflows.csv?run=failed")

    assert [row["Dataflow"] for row in every] == ["'=1+1", "Dataflow flow-2"]
    assert (every[1]["Records received"], every[1]["Schedule"]) == ("20", "Every hour")
    assert (failed["Latest finished run"], failed["Records received"]) == ("Failed", "")


def test_owner_and_tags_are_exported_as_plain_text(
    client_as: ClientAs, ops: User, make_flow: MakeFlow
) -> None:
    row = make_flow()
    ops.first_name = "@SUM(1)"
    ops.save()
    tagging.set_owner(row, ops)
    for name in ("zz", "=cmd()"):
        tagging.add_tag([row], name)

    [line] = rows_of(client_as(ops), "/monitoring/dataflows.csv?tag=zz")

    assert (line["Owner"], line["Tags"]) == ("'@SUM(1)", "'=cmd(), zz")


def test_the_runs_with_their_filters(client_as: ClientAs, ops: User, two: None) -> None:
    client = client_as(ops)

    assert len(rows_of(client, "/monitoring/runs.csv")) == 3
    [failed] = rows_of(client, "/monitoring/runs.csv?state=failed")
    assert (failed["Run id"], failed["State"]) == ("flow-1-0", "Failed")


@pytest.mark.parametrize("name", ["dataflows", "runs"])
def test_a_stranger_exports_nothing(
    client_as: ClientAs, stranger: User, two: None, name: str
) -> None:
    assert rows_of(client_as(stranger), f"/monitoring/{name}.csv") == []
