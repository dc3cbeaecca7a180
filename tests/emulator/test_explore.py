"""Exploring tables, files and resources."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from flowsite.emulator.app import Emulator
from flowsite.emulator.systems import hostile
from tests.emulator.caller import FLOW, Caller


def explore(caller: Caller, account: str, **params: str) -> Any:
    return caller.get(f"{FLOW}/connections/{caller.account(account)}/explore", params=params)


def encoded(params: Any) -> str:
    return base64.b64encode(json.dumps(params).encode()).decode()


def test_the_tables_of_an_account_are_a_bare_list(caller: Caller) -> None:
    answer = explore(caller, "PayPal EU", objectType="root").json()

    assert [item["path"] for item in answer] == [
        "PayPal.Billing_Plans",
        "PayPal.Billing_Plans_Payment_Definition",
        "PayPal.Catalog_Products",
        "PayPal.Currencies",
        "PayPal.Disputes",
        "PayPal.Transactions",
    ]
    assert answer[2] == {
        "type": "table",
        "name": "Catalog_Products",
        "path": "PayPal.Catalog_Products",
        "canPreview": True,
        "canFetchSchema": True,
    }


def test_a_tables_columns_and_rows(caller: Caller) -> None:
    table = {"objectType": "table", "object": "PayPal.Catalog_Products"}
    plain = explore(caller, "PayPal EU", **table).json()
    rows = explore(caller, "PayPal EU", **table, preview="true").json()["data"]

    columns = {column["name"]: column for column in plain["schema"]["columns"]}
    assert "data" not in plain
    assert columns["Create_Time"] == {
        "name": "Create_Time",
        "type": "string",
        "meta:xdmType": "date-time",
        "xdm": {"type": "string", "format": "date-time"},
    }
    assert columns["Product_Id"] == {
        "name": "Product_Id",
        "type": "string",
        "xdm": {"type": "string"},
    }
    assert [row["Product_Id"] for row in rows][:2] == ["PROD-00001", "PROD-00002"]
    assert set(rows[0]) == set(columns)


def test_a_table_without_dates_and_an_account_without_tables(caller: Caller) -> None:
    countries = explore(caller, "Orders DB", objectType="table", object="public.countries").json()

    assert all(
        "meta:xdmType" not in c or c["type"] == "integer" for c in countries["schema"]["columns"]
    )
    assert explore(caller, "Empty Warehouse", objectType="root").json() == []


def test_a_resource_is_hierarchical(caller: Caller) -> None:
    answer = explore(
        caller,
        "Stripe Live",
        objectType="rest",
        object="json",
        fileType="json",
        preview="true",
        sourceParams=encoded({"resourcePath": "charges"}),
    ).json()

    fields = answer["schema"]["properties"]["data"]["properties"]
    assert answer["format"] == "hierarchical"
    assert fields["billing_details"]["properties"]["email"] == {"type": "string"}
    assert fields["metadata"] == {}
    assert answer["data"][0]["data"]["id"] == "ch_0000000001"


def test_files_lie_in_folders(caller: Caller) -> None:
    root = explore(caller, "Exports Bucket", objectType="root").json()
    folder = explore(caller, "Exports Bucket", objectType="folder", object="/exports").json()
    csv = {"objectType": "file", "object": "/exports/contacts.csv", "fileType": "delimited"}
    file = explore(caller, "Exports Bucket", **csv, preview="true").json()

    assert [item["path"] for item in root] == ["/exports"]
    assert [(item["type"], item["name"]) for item in folder][:3] == [
        ("folder", "orders"),
        ("file", "contacts.csv"),
        ("file", "charges.json"),
    ]
    assert {column["type"] for column in file["schema"]["columns"]} == {"string"}
    assert len(file["data"]) == 10


@pytest.mark.parametrize(
    ("account", "params", "status", "code"),
    [
        pytest.param("PayPal EU", {}, 400, "FLOW-1334-400", id="no object type"),
        pytest.param("PayPal EU", {"objectType": "TABLE"}, 400, "FLOW-1358-400", id="capitals"),
        pytest.param("PayPal EU", {"objectType": "rest"}, 400, "FLOW-1358-400", id="other kind"),
        pytest.param("PayPal EU", {"objectType": "table"}, 400, "FLOW-1337-400", id="no object"),
        pytest.param(
            "PayPal EU",
            {"objectType": "table", "object": "Catalog_Products"},
            404,
            "FLOW-1323-404",
            id="the name, not the path",
        ),
        pytest.param(
            "Stripe Live",
            {"objectType": "rest", "object": "json", "fileType": "json", "sourceParams": "%"},
            400,
            "FLOW-1334-400",
            id="no base64",
        ),
        pytest.param(
            "Stripe Live",
            {
                "objectType": "rest",
                "object": "json",
                "fileType": "json",
                "sourceParams": encoded({"resourcePath": "nothing"}),
            },
            404,
            "FLOW-1323-404",
            id="no such resource",
        ),
        pytest.param(
            "Exports Bucket",
            {
                "objectType": "file",
                "object": "/exports/contacts.csv",
                "fileType": "delimited",
                "columnDelimiter": ";;",
            },
            400,
            "FLOW-1331-400",
            id="two delimiters",
        ),
        pytest.param(
            "Exports Bucket",
            {"objectType": "file", "object": "/exports/contacts.csv", "fileType": "json"},
            400,
            "FLOW-1326-400",
            id="wrong file type",
        ),
    ],
)
def test_explore_refuses(
    caller: Caller, account: str, params: dict[str, str], status: int, code: str
) -> None:
    answer = explore(caller, account, **params)

    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, code)


def test_hostile_and_extra_tables_wait_behind_switches(
    make_emulator: Callable[..., Emulator],
) -> None:
    with Caller(make_emulator(hostile=True, extra_tables=3)) as caller:
        paths = [i["path"] for i in explore(caller, "PayPal EU", objectType="root").json()]
        wide = explore(caller, "PayPal EU", objectType="table", object="hostile.wide").json()
        odd = explore(
            caller, "PayPal EU", objectType="table", object=hostile.TABLES[0].path, preview="true"
        ).json()

    assert len(paths) == 6 + 3 + len(hostile.TABLES)
    assert len(wide["schema"]["columns"]) == hostile.WIDE_COLUMNS
    names = [column["name"] for column in odd["schema"]["columns"]]
    assert "<script>alert(1)</script>" in names
    assert max(map(len, names)) == 250
    assert len(odd["data"]) == 10
