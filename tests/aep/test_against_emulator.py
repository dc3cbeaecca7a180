"""The client against the emulator: mounted in the process, and over a socket."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from flowsite.aep import bodies
from flowsite.aep.auth import MemoryTokens, fetch_token
from flowsite.aep.errors import (
    AnswerLost,
    BadCredential,
    BadRequest,
    MalformedAnswer,
    NotFound,
    ServerError,
    StaleEtag,
    TooManyRequests,
)
from flowsite.aep.flow_service.connections import Connection
from flowsite.aep.platform import Platform
from flowsite.aep.session import Session, SessionConfig
from flowsite.aep.throttle import MemoryThrottle
from flowsite.emulator.app import Emulator, create_app
from flowsite.emulator.config import ConnectionDropped, EmulatorConfig
from flowsite.emulator.faults import Fault
from flowsite.emulator.server import Server
from flowsite.outbound.transport import CheckedTransport

KEY = "5f2c"


@dataclass
class Peer:
    """An emulator and how to reach it."""

    emulator: Emulator
    url: str
    transport: Callable[[], httpx.BaseTransport]

    def tokens(self, secret: str = "demo-secret") -> MemoryTokens:
        return MemoryTokens(
            lambda: fetch_token(
                ims_url=self.url,
                client_id="demo-client",
                client_secret=secret,
                scopes="openid",
                transport=self.transport(),
            )
        )

    def platform(self, sandbox: str | None = "dev", **options: Any) -> Platform:
        config = SessionConfig("ACME@AdobeOrg", "demo-client", self.url, sandbox, timeout_s=5)
        options = {"transport": self.transport(), "sleep": lambda seconds: None, **options}
        return Platform(Session(config, options.pop("tokens", self.tokens()), **options))

    def fault(self, kind: str, **order: Any) -> None:
        self.emulator.world.faults.add(Fault(kind, **order))


MakePeer = Callable[..., Peer]


@pytest.fixture(params=["in-process", "socket"])
def make_peer(request: pytest.FixtureRequest) -> Iterator[MakePeer]:
    closers: list[Callable[[], Any]] = []
    wire = request.param == "socket"

    def make(*, hostile: bool = False, **knobs: Any) -> Peer:
        dropped = ConnectionDropped if wire else httpx.ReadError
        config = EmulatorConfig(**{"dropped": dropped, "past_runs": 0, **knobs})
        emulator = create_app(config=config.made_hostile() if hostile else config)
        closers.append(emulator.close)
        if not wire:
            transport = httpx.WSGITransport(app=emulator)
            return Peer(emulator, "https://platform.example", lambda: transport)
        server = Server(emulator, "127.0.0.1", 0)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        checked = CheckedTransport(["127.0.0.1"])
        closers.extend([thread.join, server.server_close, server.shutdown, checked.close])
        return Peer(emulator, f"http://127.0.0.1:{server.port}", lambda: checked)

    yield make
    for close in reversed(closers):
        close()


@pytest.fixture
def peer(make_peer: MakePeer) -> Peer:
    return make_peer()


@pytest.fixture
def old_peer(make_peer: MakePeer) -> Peer:
    """With two dataflows that have run three times each."""
    return make_peer(past_runs=3)


def account(platform: Platform, name: str) -> Connection:
    return next(iter(platform.flow_service.connections([("name", "==", name)])))


# --- reading --------------------------------------------------------------------------------------


def test_sandboxes_and_tenant(peer):
    with peer.platform(sandbox=None) as platform:
        names = {sandbox.name for sandbox in platform.sandboxes.list()}

    assert {"prod", "dev", "dev-eu"} <= names
    assert peer.platform().registry.tenant_id() == "acme"


def test_a_wrong_secret(peer):
    with pytest.raises(BadCredential) as caught:
        peer.tokens(secret="wrong-secret").get()

    assert "wrong-secret" not in str(caught.value)


@pytest.mark.parametrize("hostile", [False, True], ids=["large pages", "pages of one"])
def test_every_list_is_complete(make_peer, hostile):
    peer = make_peer(hostile=hostile, past_runs=3)
    platform = peer.platform()
    count = peer.emulator.world.store.value
    where = "SELECT count(*) FROM objects WHERE kind = ? AND org = 'ACME@AdobeOrg' AND sandbox = ?"

    def stored(kind: str) -> int:
        return int(count(where, (kind, "dev")))

    assert len(list(platform.flow_service.connections())) == stored("connection") > 5
    assert len(list(platform.flow_service.flows())) == stored("flow") == 2
    assert len(list(platform.flow_service.runs())) == count("SELECT count(*) FROM runs") == 6
    assert len(list(platform.flow_service.connection_specs())) > 40
    assert len(list(platform.catalog.datasets())) == stored("dataset") > 2
    assert len(list(platform.data_prep.mapping_sets())) == 2
    assert len(list(platform.registry.schemas())) > 2


def test_tables_columns_and_rows(peer):
    flow_service = peer.platform().flow_service
    paypal = account(peer.platform(), "PayPal EU")

    tables = {one.path for one in flow_service.explore_root(paypal.id)}
    explored = flow_service.explore_table(paypal.id, "PayPal.Catalog_Products")

    assert "PayPal.Catalog_Products" in tables
    assert {"Product_Id", "Create_Time"} <= {column["name"] for column in explored.columns}
    assert explored.rows


def test_rest_source(peer):
    stripe = account(peer.platform(), "Stripe Live")

    explored = peer.platform().flow_service.explore_rest(stripe.id, {"resourcePath": "charges"})

    assert explored.format == "hierarchical"
    assert explored.schema["properties"]


def test_account_tests(peer):
    flow_service = peer.platform().flow_service

    good = flow_service.test_connection(account(peer.platform(), "PayPal EU").id)
    bad = flow_service.test_connection(account(peer.platform(), "PayPal Legacy").id)

    assert (good.ok, bad.ok) == (True, False)


def test_runs_and_their_row_errors(old_peer):
    platform = old_peer.platform()
    flow = next(
        iter(platform.flow_service.flows([("name", "==", "PayPal transactions")], orderby="name"))
    )

    runs = list(platform.flow_service.runs([("flowId", "==", flow.id)]))
    lossy = next(run for run in runs if run.run_state == "partial")
    files = platform.data_access.row_error_files(lossy.batch_ids[0])
    rows = [
        row
        for file in files
        for row in platform.data_access.row_errors(lossy.batch_ids[0], file.name)
    ]

    assert len(runs) == 3
    assert len(rows) == lossy.failed_records
    assert all(row["_errors"] for row in rows)
    assert lossy.errors
    samples = lossy.activities[-1].sample_errors_url
    assert list(platform.data_access.sample_errors(samples))


def test_expression_language(peer):
    data_prep = peer.platform().data_prep

    assert data_prep.validate_expression("upper(Product_Name)").ok is True
    assert data_prep.validate_expression("upper(").ok is False
    assert "upper" in {function.name for function in data_prep.functions()}


# --- one whole creation ---------------------------------------------------------------------------


def field_group(tenant: str) -> dict[str, Any]:
    fields = {"productId": {"type": "string", "title": "Product id"}}
    own = {f"_{tenant}": {"type": "object", "properties": fields}}
    return {
        "type": "object",
        "title": f"Product fields ({KEY})",
        "description": "d",
        "meta:intendedToExtend": [bodies.PROFILE_CLASS],
        "definitions": {"own": {"properties": own}},
        "allOf": [{"$ref": "#/definitions/own"}],
    }


def create_dataset(platform: Platform) -> tuple[str, str]:
    """The ids of a new schema and a new dataset."""
    group = platform.registry.create_field_group(field_group(platform.registry.tenant_id()))
    schema = platform.registry.create_schema(
        {
            "type": "object",
            "title": f"Products ({KEY})",
            "description": "d",
            "allOf": [{"$ref": bodies.PROFILE_CLASS}, {"$ref": group.id}],
        }
    )
    dataset = platform.catalog.create_dataset(
        {
            "name": f"Products ({KEY})",
            "schemaRef": {"id": schema.id, "contentType": bodies.XED_FULL_V1},
            "tags": {"wizardSubmission": [KEY]},
        }
    )
    return schema.id, dataset.id


def create_flow(platform: Platform) -> str:
    flow_service = platform.flow_service
    base = account(platform, "PayPal EU")
    explored = flow_service.explore_table(base.id, "PayPal.Catalog_Products", preview=False)
    schema_id, dataset_id = create_dataset(platform)
    source = flow_service.create_source_connection(
        {
            "name": f"source ({KEY})",
            "baseConnectionId": base.id,
            "data": {"format": "tabular"},
            "params": {"tableName": "PayPal.Catalog_Products", "columns": explored.columns},
            "connectionSpec": {"id": base.connection_spec_id, "version": "1.0"},
        }
    )
    target = flow_service.create_target_connection(
        {
            "name": f"target ({KEY})",
            "data": {"schema": {"id": schema_id, "version": bodies.XED_FULL_V1}},
            "params": {"dataSetId": dataset_id},
            "connectionSpec": {"id": bodies.DATA_LAKE_SPEC_ID, "version": "1.0"},
        }
    )
    mapping_body = {
        "name": f"mapping ({KEY})",
        "outputSchema": {"schemaRef": {"id": schema_id, "contentType": bodies.XED_FULL_V1}},
        "mappings": [
            {"sourceType": "ATTRIBUTE", "source": "Product_Id", "destination": "_id"},
            {
                "sourceType": "EXPRESSION",
                "source": "upper(Product_Id)",
                "destination": "_acme.productId",
            },
        ],
    }
    assert [check.ok for check in platform.data_prep.validate(mapping_body)] == [True, True]
    preview = platform.data_prep.preview([{"Product_Id": "p-1"}], mapping_body)
    assert preview[0].data["_acme"]["productId"] == "P-1"
    mapping = platform.data_prep.create_mapping_set(mapping_body)
    flow = flow_service.create_flow(
        {
            "name": f"Products ({KEY})",
            "flowSpec": {"id": bodies.CRM_TO_AEP, "version": "1.0"},
            "sourceConnectionIds": [source.id],
            "targetConnectionIds": [target.id],
            "transformations": [
                {"name": "Copy", "params": {"deltaColumn": {"name": "Create_Time"}}},
                {
                    "name": "Mapping",
                    "params": {"mappingId": mapping.id, "mappingVersion": mapping.version},
                },
            ],
            "scheduleParams": {
                "startTime": int(time.time()) + 300,
                "frequency": "hour",
                "interval": 1,
                "backfill": True,
            },
            "options": {"errorDiagnosticsEnabled": True},
        }
    )
    return flow.id


def test_a_dataflow_from_nothing_and_back(peer):
    platform = peer.platform()
    flow_service = platform.flow_service

    flow_id = create_flow(platform)
    flow = flow_service.flow(flow_id)
    source, target = flow.source_connection_ids[0], flow.target_connection_ids[0]

    assert (flow.name, flow.mapping_version) == (f"Products ({KEY})", 0)
    assert [one.id for one in flow_service.flows([("sourceConnectionIds[]", "==", source)])] == [
        flow_id
    ]
    assert [one.id for one in platform.catalog.datasets(tags={"wizardSubmission": KEY})] == [
        flow_service.target_connection(target).dataset_id
    ]
    assert len(platform.registry.find_by_title("schemas", f"Products ({KEY})")) == 1
    assert len(list(platform.data_prep.mapping_sets(f"mapping ({KEY})"))) == 1

    flow_service.action_flow(flow_id, "disable")
    assert flow_service.flow(flow_id).state == "disabled"
    flow_service.delete_flow(flow_id)
    flow_service.delete_source_connection(source)
    flow_service.delete_target_connection(target)
    with pytest.raises(NotFound):
        flow_service.flow(flow_id)


def test_a_taken_title_is_named(peer):
    platform = peer.platform()
    create_dataset(platform)

    with pytest.raises(BadRequest) as caught:
        create_dataset(platform)
    assert caught.value.code.startswith("XDM-1521")
    assert caught.value.explanation.whose_turn == "analyst"


# --- locking --------------------------------------------------------------------------------------


def some_flow(platform: Platform) -> str:
    return next(iter(platform.flow_service.flows())).id


def test_two_changes_at_once_both_arrive(old_peer):
    platform = old_peer.platform()
    flow_id = some_flow(platform)
    rivals = iter([True])

    def change(flow):
        if next(rivals, False):  # somebody else is faster, once
            platform.flow_service.patch_flow(
                flow_id, lambda f: [{"op": "replace", "path": "/description", "value": "theirs"}]
            )
        return [{"op": "replace", "path": "/name", "value": "ours"}]

    platform.flow_service.patch_flow(flow_id, change)

    flow = platform.flow_service.flow(flow_id)
    assert (flow.name, flow.description) == ("ours", "theirs")


def test_a_stale_etag_is_refused(peer):
    platform = peer.platform()
    stale = platform.flow_service.connection(account(platform, "PayPal EU").id)
    change = [{"op": "replace", "path": "/description", "value": "x"}]
    platform.flow_service.update_connection(stale.id, stale.etag, change)

    with pytest.raises(StaleEtag):
        platform.flow_service.update_connection(stale.id, stale.etag, change)


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "order",
    [
        pytest.param({"kind": "status", "status": 503, "times": 2}, id="503 twice"),
        pytest.param({"kind": "status", "status": 429, "retry_after": "1", "times": 2}, id="429"),
        pytest.param({"kind": "drop", "times": 1}, id="cut"),
        pytest.param({"kind": "drop", "committed": True, "times": 1}, id="cut after work"),
        pytest.param({"kind": "malformed", "times": 1}, id="malformed"),
        pytest.param({"kind": "token_death", "times": 1}, id="the token dies"),
    ],
)
def test_a_read_gets_through(peer, order):
    platform = peer.platform()
    platform.session._tokens.get()
    peer.fault(**{"path": "flowservice/connections", **order})

    assert len(list(platform.flow_service.connections())) > 5


DATASET = {
    "name": "Lost and found",
    "schemaRef": {"id": "", "contentType": bodies.XED_FULL_V1},
}


def create(platform: Platform) -> Any:
    schema = next(iter(platform.registry.schemas()))
    ref = {"id": schema.id, "contentType": bodies.XED_FULL_V1}
    return platform.catalog.create_dataset({**DATASET, "schemaRef": ref})


@pytest.mark.parametrize(
    ("order", "kind", "happened"),
    [
        pytest.param({"kind": "drop"}, AnswerLost, 0, id="cut before work"),
        pytest.param({"kind": "drop", "committed": True}, AnswerLost, 1, id="cut after work"),
        pytest.param({"kind": "status", "status": 500}, ServerError, 0, id="500 before work"),
        pytest.param(
            {"kind": "status", "status": 503, "committed": True},
            ServerError,
            1,
            id="503 after work",
        ),
        pytest.param(
            {"kind": "malformed", "committed": True}, MalformedAnswer, 1, id="malformed after work"
        ),
    ],
)
def test_a_create_with_unknown_outcome_is_not_sent_again(peer, order, kind, happened):
    platform = peer.platform()
    peer.fault(**{"path": "catalog/dataSets", "method": "POST", "times": 1, **order})

    with pytest.raises(kind) as caught:
        create(platform)

    assert caught.value.outcome_known is False
    assert len(list(platform.catalog.datasets(name="Lost and found"))) == happened


@pytest.mark.parametrize(
    "order",
    [
        pytest.param({"kind": "status", "status": 429, "times": 3}, id="429 three times"),
        pytest.param({"kind": "token_death", "times": 1}, id="the token dies"),
    ],
)
def test_a_known_refusal_is_sent_again(peer, order):
    platform = peer.platform()
    peer.fault(**{"path": "catalog/dataSets", "method": "POST", **order})

    create(platform)

    assert len(list(platform.catalog.datasets(name="Lost and found"))) == 1


def test_a_long_retry_after_is_the_callers(peer):
    peer.fault("status", status=429, retry_after="600", method="POST")

    with pytest.raises(TooManyRequests) as caught:
        peer.platform().flow_service.create_flow({})
    assert caught.value.retry_after_s == 600


def test_a_storm_of_429_loses_nothing(make_peer):
    peer = make_peer(rate_limit_per_s=50)
    throttle = MemoryThrottle(rate_per_s=400, burst=100)
    platform = peer.platform(throttle=throttle, sleep=time.sleep, max_wait_s=30)
    connection_id = account(platform, "PayPal EU").id

    def read(_: int) -> str:
        return platform.flow_service.connection(connection_id).id

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(read, range(120)))

    assert found == [connection_id] * 120


def test_one_token_for_many_threads(peer):
    platform = peer.platform()
    peer.emulator.world.store.execute("DELETE FROM tokens")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: platform.registry.tenant_id(), range(24)))

    assert peer.emulator.world.store.value("SELECT count(*) FROM tokens") == 1


# --- hostile names --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "quotes \"double\" and 'single'",
        "comma, and * star",
        "back\\slash",
        "ünïcödé 😀 \u2028",
        "a=b&c=d+e %41 #f",
        "  blanks at the ends  ",
        "x" * 250,
    ],
)
def test_hostile_names_are_found_again(peer, name):
    platform = peer.platform()
    paypal = account(platform, "PayPal EU")
    columns = platform.flow_service.explore_table(paypal.id, "PayPal.Catalog_Products").columns
    created = platform.flow_service.create_source_connection(
        {
            "name": name,
            "baseConnectionId": paypal.id,
            "data": {"format": "tabular"},
            "params": {"tableName": "PayPal.Catalog_Products", "columns": columns},
            "connectionSpec": {"id": paypal.connection_spec_id, "version": "1.0"},
        }
    )

    found = list(platform.flow_service.source_connections([("name", "==", name)]))

    assert [one.id for one in found] == [created.id]
    assert found[0].name == name
