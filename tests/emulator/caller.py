"""Calling the emulator as a client would, and the bodies that tests send again and again."""

from __future__ import annotations

from typing import Any, Self

import httpx

from flowsite.emulator.app import Emulator
from flowsite.emulator.config import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from flowsite.emulator.organisations import ACME
from flowsite.emulator.seeds.accounts import account_id
from flowsite.emulator.web import Scope

#: Friday, 2026-01-30 12:00:00 UTC: when the tests begin.
START_S = 1_769_774_400.0
DEV = Scope(ACME, "dev")
PAYPAL = "221c7626-58f6-4eec-8ee2-042b0226f03b"
STRIPE = "cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3"
S3 = "ecadc60c-7455-4d87-84dc-2a0e293d997b"
DATA_LAKE = "c604ff05-7f1a-43c0-8e18-33bf874cb11c"
CRM_TO_AEP = "14518937-270c-4525-bdec-c2ba7cce3860"
CLOUD_STORAGE_TO_AEP = "9753525b-82c7-4dce-8a9b-5ccfce2b9876"
REST_STORAGE_TO_AEP = "6499120c-0b15-42dc-936e-847ea3c24d72"
PROFILE = "https://ns.adobe.com/xdm/context/profile"
EVENT = "https://ns.adobe.com/xdm/context/experienceevent"
XED_FULL = "application/vnd.adobe.xed-full+json;version=1"

FLOW = "/data/foundation/flowservice"
REGISTRY = "/data/foundation/schemaregistry"
CATALOG = "/data/foundation/catalog"
PREP = "/data/foundation/conversion"
EXPORT = "/data/foundation/export"

TOKEN_FORM = {
    "grant_type": "client_credentials",
    "client_id": DEMO_CLIENT_ID,
    "client_secret": DEMO_CLIENT_SECRET,
    "scope": "openid",
}


class Caller:
    """``caller.get(path, …)`` with all headers in place; ``headers`` may take some away (None)."""

    def __init__(
        self,
        emulator: Emulator,
        *,
        org: str = ACME,
        sandbox: str = "dev",
        form: dict[str, str] | None = None,
        client: httpx.Client | None = None,
    ) -> None:
        self.emulator = emulator
        self.client = client or httpx.Client(
            transport=httpx.WSGITransport(app=emulator), base_url="http://aep.test"
        )
        form = form or TOKEN_FORM
        answer = self.client.post("/ims/token/v3", data=form)
        answer.raise_for_status()
        self.headers = {
            "Authorization": f"Bearer {answer.json()['access_token']}",
            "x-api-key": form["client_id"],
            "x-gw-ims-org-id": org,
            "x-sandbox-name": sandbox,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def send(
        self, method: str, path: str, *, headers: dict[str, str | None] | None = None, **more: Any
    ) -> httpx.Response:
        merged = {**self.headers, **(headers or {})}
        sent = {name: value for name, value in merged.items() if value is not None}
        return self.client.request(method, path, headers=sent, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.send("GET", path, **more)

    def post(self, path: str, json: Any = None, **more: Any) -> httpx.Response:
        return self.send("POST", path, **({} if json is None else {"json": json}), **more)

    def patch(self, path: str, json: Any, etag: str | None = None, **more: Any) -> httpx.Response:
        headers = {"If-Match": etag} if etag else {}
        return self.send("PATCH", path, json=json, headers=headers, **more)

    def delete(self, path: str, **more: Any) -> httpx.Response:
        return self.send("DELETE", path, **more)

    def made(self, path: str, body: Any) -> str:
        """Posts, expects success, and gives the new id."""
        answer = self.post(path, json=body)
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    def item(self, path: str) -> dict[str, Any]:
        """The one item of a Flow Service look-up."""
        answer = self.get(f"{FLOW}{path}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["items"][0])

    # --- Bodies --------------------------------------------------------------------------------

    def account(self, name: str) -> str:
        return account_id(Scope(self.headers["x-gw-ims-org-id"], DEV.sandbox), name)

    def columns(self, account: str, table: str) -> list[dict[str, Any]]:
        answer = self.get(
            f"{FLOW}/connections/{account}/explore",
            params={"objectType": "table", "object": table},
        )
        return list(answer.json()["schema"]["columns"])

    def schema(
        self, title: str, fields: dict[str, Any], class_id: str = PROFILE
    ) -> tuple[str, str]:
        """A new schema with own fields; its ``$id`` and ``meta:altId``."""
        group = self.post(
            f"{REGISTRY}/tenant/fieldgroups", json=field_group(f"{title} fields", fields, class_id)
        ).json()
        body = {
            "type": "object",
            "title": title,
            "description": "",
            "allOf": [{"$ref": class_id}, {"$ref": group["$id"]}],
        }
        made = self.post(f"{REGISTRY}/tenant/schemas", json=body)
        assert made.status_code == 201, made.text
        return made.json()["$id"], made.json()["meta:altId"]

    def dataset(self, name: str, schema_id: str) -> str:
        body = {"name": name, "schemaRef": {"id": schema_id, "contentType": XED_FULL}}
        answer = self.post(f"{CATALOG}/dataSets", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()[0].rpartition("/")[2])

    def source(self, table: str = "PayPal.Catalog_Products", account: str = "PayPal EU") -> str:
        base = self.account(account)
        spec = self.item(f"/connections/{base}")["connectionSpec"]
        return self.made(
            f"{FLOW}/sourceConnections",
            {
                "name": f"{table} source",
                "baseConnectionId": base,
                "data": {"format": "tabular"},
                "params": {"tableName": table, "columns": self.columns(base, table)},
                "connectionSpec": spec,
            },
        )

    def target(self, dataset_id: str, schema_id: str) -> str:
        return self.made(f"{FLOW}/targetConnections", target_body(dataset_id, schema_id))

    def mapping(self, schema_id: str, rows: list[tuple[str, str]]) -> str:
        return self.made(f"{PREP}/mappingSets", mapping_body(schema_id, rows))


def field_group(
    title: str, fields: dict[str, Any], class_id: str = PROFILE, tenant: str = "_acme"
) -> dict[str, Any]:
    return {
        "type": "object",
        "title": title,
        "description": "",
        "meta:intendedToExtend": [class_id],
        "definitions": {"own": {"properties": {tenant: {"type": "object", "properties": fields}}}},
        "allOf": [{"$ref": "#/definitions/own"}],
    }


def target_body(dataset_id: str, schema_id: str) -> dict[str, Any]:
    return {
        "name": "target",
        "data": {"schema": {"id": schema_id, "version": XED_FULL}},
        "params": {"dataSetId": dataset_id},
        "connectionSpec": {"id": DATA_LAKE, "version": "1.0"},
    }


def mapping_body(schema_id: str, rows: list[tuple[str, str]]) -> dict[str, Any]:
    """A source with a bracket or a sign in it is an expression, all others are attributes."""
    return {
        "name": "mapping",
        "outputSchema": {"schemaRef": {"id": schema_id, "contentType": XED_FULL}},
        "mappings": [
            {
                "sourceType": "EXPRESSION" if "(" in source or '"' in source else "ATTRIBUTE",
                "source": source,
                "destination": destination,
            }
            for source, destination in rows
        ],
    }


FIELDS: dict[str, Any] = {
    "productName": {"type": "string"},
    "description": {"type": "string"},
    "kind": {"type": "string"},
    "createdAt": {"type": "string", "format": "date-time"},
}
ROWS = [
    ("Product_Id", "_id"),
    ("upper(Product_Name)", "_acme.productName"),
    ("Description", "_acme.description"),
    ("Type", "_acme.kind"),
    ("Create_Time", "_acme.createdAt"),
]


def product_flow(caller: Caller, *, title: str = "Products", **changes: Any) -> dict[str, Any]:
    """The body of a dataflow over PayPal's products; everything it stands on is made."""
    schema_id, _ = caller.schema(title, FIELDS)
    dataset_id = caller.dataset(title, schema_id)
    mapping_id = caller.mapping(schema_id, ROWS)
    return {
        "name": f"{title} flow",
        "flowSpec": {"id": CRM_TO_AEP, "version": "1.0"},
        "sourceConnectionIds": [caller.source()],
        "targetConnectionIds": [caller.target(dataset_id, schema_id)],
        "transformations": [
            {"name": "Copy", "params": {"deltaColumn": {"name": "Create_Time"}}},
            {"name": "Mapping", "params": {"mappingId": mapping_id, "mappingVersion": 0}},
        ],
        "scheduleParams": {
            "startTime": int(START_S) + 60,
            "frequency": "hour",
            "interval": 1,
            "backfill": True,
        },
        "options": {"errorDiagnosticsEnabled": True, "partialIngestionPercent": 5},
        **changes,
    }


def once(body: dict[str, Any]) -> dict[str, Any]:
    """The same dataflow for a single run: no Copy, no interval, no backfill."""
    return {
        **body,
        "transformations": [item for item in body["transformations"] if item["name"] != "Copy"],
        "scheduleParams": {"startTime": int(START_S) + 60, "frequency": "once"},
    }
