"""Thousands of broken and half-broken requests: the emulator always has an answer of its own.

Good requests are recorded from one whole walk through the services, then bent at random:
values swapped, keys dropped, paths, queries and headers made strange. No answer may be a 500,
and every body with a JSON type must be JSON.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from flowsite.emulator.app import Emulator
from tests.emulator.caller import (
    CATALOG,
    EVENT,
    EXPORT,
    FLOW,
    PREP,
    REGISTRY,
    Caller,
    field_group,
    mapping_body,
    once,
    product_flow,
)
from tests.emulator.conftest import HandClock

REQUESTS = 2500
SEED = 20260130

_ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**30,
    -(2**63) - 1,
    1e308,
    "",
    " ",
    "x" * 5000,
    "null",
    "\x00",
    "\ud800",
    "😀",
    "<script>",
    "' OR 1=1 --",
    "${",
    "((((",
    "%",
    "..",
    [],
    [[]],
    ["a", None],
    {},
    {"id": None},
    {"$ref": "#/definitions/own"},
    {"$ref": 5},
    [{"op": "add", "path": "/allOf/-", "value": {}}],
]
_PATHS = ["", "/", "//", "%00", "%ff", "..%2f", "x" * 3000, "a b", "😀", "_xdm.context.profile"]
_PARAMETERS = {
    "property": ["name==x", "id==", "a[]==b", "params.columns[].name==x", "[]", "a.b[].c[].d==1",
                 "createdAt>1e999", "createdAt>nan", 'name=="a,b",c', "name~(", "=====", "x" * 4000,
                 "schemaRef.id==x", "!name", "\x00==1", "state!=a,b"],
    "orderby": ["name", "-createdAt", "a,b,c,d,e,f", "body", "params.columns", "[]", "", "title"],
    "orderBy": ["desc:created", "asc:name,desc:tags", "x", ":", "desc:", "-createdDate"],
    "limit": ["1", "0", "-1", "1e3", "99999999999999999999", "²", "", "100"],
    "start": ["0", "5", "-1", "x", "99999999999999999999", "Many"],
    "offset": ["0", "1", "x"],
    "count": ["true", "false", "True", "yes"],
    "continuationToken": ["W10=", "WzFd", "WzEsMl0=", "%%%", "WyJhIiwxXQ==", "bnVsbA=="],
    "op": ["publish", "enable", "disable", "re-trigger", "x"],
    "mode": ["draft", "x"],
    "objectType": ["root", "table", "rest", "file", "folder", "x"],
    "object": ["json", "PayPal.Transactions", "/exports", "/", "..", "\x00"],
    "fileType": ["json", "delimited", "parquet"],
    "sourceParams": ["e30=", "W10=", "bnVsbA==", "%", "eyJyZXNvdXJjZVBhdGgiOiAxfQ=="],
    "preview": ["true", "x"],
    "version": ["0", "1", "-1", "99999999999", "x"],
    "name": ["x", "*", "!", ",", "a,b", "[", "\x00"],
    "tags": ["a", "a:b", ":", "a:*"],
    "properties": ["name", ",", "observableSchema"],
    "path": ["row_errors", "row_errors/x", "input_files", "../x", "%", "row_error_samples.json"],
    "dataSetId": ["x", ",,,", "a,b"],
    "createdAfter": ["1", "x", "99999999999999999999"],
    "dataSet": ["x", ","],
}  # fmt: skip
_ACCEPTS = [
    "*/*",
    "application/vnd.adobe.xed-id+json",
    "application/vnd.adobe.xed+json",
    "application/vnd.adobe.xed-full+json; version=1",
    "application/vnd.adobe.xed-full-desc+json;version=1",
    "application/vnd.adobe.xdm-v2+json",
    "application/vnd.adobe.xdm+json",
    "application/vnd.adobe.xed-full+json; version=",
    ";;;=",
]


class Recorded:
    """A request that was answered well."""

    def __init__(self, request: httpx.Request) -> None:
        self.method = request.method
        self.path = request.url.path
        self.query = list(request.url.params.multi_items())
        self.body = json.loads(request.content) if request.content else None


def walk(caller: Caller, clock: HandClock) -> list[Recorded]:
    """One of everything."""
    recorded: list[Recorded] = []
    caller.client.event_hooks["request"].append(lambda request: recorded.append(Recorded(request)))
    body = product_flow(caller)
    flow_id = caller.made(f"{FLOW}/flows", body)
    other = caller.made(f"{FLOW}/flows", once(product_flow(caller, title="Once")))
    clock.advance(60)
    caller.emulator.tick()
    run = caller.get(f"{FLOW}/runs").json()["items"][0]
    mapping_id = body["transformations"][1]["params"]["mappingId"]
    schema_id, alt_id = caller.schema("Fuzz", {"a": {"type": "string"}}, EVENT)
    reads = (
        *(f"{FLOW}/{kind}" for kind in ("connections", "sourceConnections", "targetConnections")),
        *(f"{FLOW}/{kind}" for kind in ("flows", "runs", "connectionSpecs", "flowSpecs")),
        f"{FLOW}/runs/{run['id']}",
        f"{FLOW}/connections/{caller.account('PayPal EU')}/explore",
        f"{FLOW}/connections/{caller.account('Stripe Live')}/explore",
        f"{FLOW}/connections/{caller.account('Exports Bucket')}/explore",
        f"{FLOW}/connections/{caller.account('Exports Bucket')}/test",
        f"{REGISTRY}/stats",
        f"{REGISTRY}/tenant/schemas",
        f"{REGISTRY}/tenant/schemas/{alt_id}",
        f"{REGISTRY}/global/classes",
        f"{REGISTRY}/tenant/descriptors",
        f"{REGISTRY}/rpc/sampledata/{alt_id}",
        f"{CATALOG}/dataSets",
        f"{CATALOG}/batches",
        f"{CATALOG}/lastBatches",
        f"{PREP}/mappingSets",
        f"{PREP}/mappingSets/{mapping_id}",
        f"{PREP}/languages/el/functions",
        f"{EXPORT}/batches/{run['activities'][1]['targetInfo'][0]['reference']['ids'][0]}/meta",
        "/data/foundation/sandbox-management/",
        "/_emulator/state",
        "/_emulator/rows",
    )
    for path in reads:
        caller.get(path)
    _record_writes(caller, flow_id, other, mapping_id, schema_id, alt_id, run["id"])
    caller.client.event_hooks["request"].clear()
    return recorded


def _record_writes(
    caller: Caller, flow: str, other: str, mapping_id: str, schema: str, alt_id: str, run: str
) -> None:
    rename = [{"op": "replace", "path": "/name", "value": "new"}]
    rows = mapping_body(schema, [("a", "_id"), ("date(b, 'yyyy')", "timestamp")])
    window = {"startTime": 1, "windowStartTime": 0, "windowEndTime": 10**9}
    descriptor = {
        "@type": "xdm:descriptorIdentity",
        "xdm:sourceSchema": schema,
        "xdm:sourceVersion": 1,
        "xdm:sourceProperty": "/_acme/a",
        "xdm:namespace": "CRMID",
        "xdm:property": "xdm:code",
    }
    writes: tuple[tuple[str, str, Any], ...] = (
        ("PATCH", f"{FLOW}/flows/{flow}", rename),
        ("PATCH", f"{FLOW}/connections/{caller.account('PayPal EU')}", rename),
        ("POST", f"{FLOW}/flows/{flow}/action?op=disable", None),
        ("POST", f"{FLOW}/runs/{run}/action?op=re-trigger", None),
        ("POST", f"{FLOW}/runs", {"flowId": other, "params": window}),
        ("PUT", f"{PREP}/mappingSets/{mapping_id}", rows),
        ("POST", f"{PREP}/mappingSets/validate", rows),
        ("POST", f"{PREP}/mappingSets/preview", {"data": [{"a": 1}], "mappingSet": rows}),
        ("POST", f"{PREP}/languages/el/validate", {"expression": "a + 1", "sampleData": "{}"}),
        ("PATCH", f"{REGISTRY}/tenant/schemas/{alt_id}", rename),
        ("PUT", f"{REGISTRY}/tenant/schemas/{alt_id}", {"title": "x", "type": "object"}),
        ("POST", f"{REGISTRY}/tenant/descriptors", descriptor),
        ("POST", f"{REGISTRY}/tenant/datatypes", field_group("Type", {"a": {"type": "string"}})),
        ("POST", "/_emulator/clock", {"advance_s": 1}),
        ("POST", "/_emulator/rows", {"account": "a", "table": "b", "rows": []}),
        ("DELETE", f"{FLOW}/flows/x", None),
    )
    for method, path, body in writes:
        caller.send(method, path, json=body)


# --- Bending -----------------------------------------------------------------------------------


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(node, (dict, list)):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from places(value, (*path, key))


def bent(body: Any, chance: random.Random) -> Any:
    result = copy.deepcopy(body)
    for _ in range(chance.randrange(1, 4)):
        spots = [spot for spot in places(result) if spot]
        if not spots:
            return chance.choice(_ODD)
        *holder_path, key = chance.choice(spots)
        holder = result
        for part in holder_path:
            holder = holder[part]
        if isinstance(holder, dict) and chance.random() < 0.3:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(chance.choice(_ODD))
    return result


def send(caller: Caller, recorded: Recorded, chance: random.Random) -> httpx.Response:
    path, query, headers = recorded.path, list(recorded.query), dict(caller.headers)
    if chance.random() < 0.2:
        parts = path.split("/")
        parts[chance.randrange(len(parts))] = chance.choice(_PATHS)
        path = "/".join(quote(part, safe="%", errors="replace") for part in parts) or "/"
    for _ in range(chance.randrange(0, 4)):
        name = chance.choice(list(_PARAMETERS))
        query.append((name, chance.choice(_PARAMETERS[name])))
    headers["Accept"] = chance.choice(_ACCEPTS)
    headers["Content-Type"] = chance.choice(
        ["application/json"] * 9 + ["application/json-patch+json"]
    )
    if chance.random() < 0.5:
        headers["If-Match"] = chance.choice(['"x"', "x", ""])
    content = b""
    if recorded.body is not None or recorded.method in ("POST", "PUT", "PATCH"):
        content = json.dumps(bent(recorded.body, chance)).encode()
        if chance.random() < 0.05:
            content = content[: len(content) // 2] + b"\xff"
    path = path if path.startswith("/") else f"/{path}"
    return caller.client.request(
        recorded.method, path, params=query, headers=headers, content=content
    )


def fuzz(caller: Caller, clock: HandClock, requests: int, seed: int) -> list[str]:
    """What went wrong, with the request that did it."""
    recorded = walk(caller, clock)
    chance = random.Random(seed)
    faults = []
    for number in range(requests):
        original = chance.choice(recorded)
        answer = send(caller, original, chance)
        if answer.status_code >= 500:
            request = answer.request
            faults.append(f"{number} {request.method} {request.url} {request.content[:600]!r}")
        elif answer.content and answer.headers["Content-Type"].endswith("json"):
            answer.json()
        if number % 50 == 0:
            clock.advance(60)
            caller.emulator.tick()
    return faults


@pytest.mark.filterwarnings("ignore")
def test_no_request_breaks_the_emulator(
    emulator: Emulator, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("ERROR")
    with Caller(emulator) as caller:
        assert fuzz(caller, clock, REQUESTS, SEED) == []
    assert emulator.world.calls > REQUESTS
