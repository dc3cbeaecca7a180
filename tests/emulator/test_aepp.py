"""A client that others wrote makes the tutorial's dataflow and reads its runs.

``aepp`` from PyPI with its two base addresses replaced and nothing else. It isn't among the
development packages (it brings pandas and more); ``pip install aepp`` turns this test on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from flowsite.emulator.app import create_app
from flowsite.emulator.config import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, EmulatorConfig
from flowsite.emulator.organisations import ACME
from flowsite.emulator.server import Server
from tests.emulator.caller import (
    DATA_LAKE,
    FIELDS,
    PROFILE,
    ROWS,
    field_group,
    mapping_body,
    target_body,
)

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def server() -> Iterator[Server]:
    emulator = create_app(config=EmulatorConfig(past_runs=0))
    made = Server(emulator, "127.0.0.1", 0)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()
    emulator.close()


@pytest.fixture
def aepp(server: Server) -> Any:
    module = pytest.importorskip("aepp", reason="aepp isn't installed")
    address = f"http://127.0.0.1:{server.port}"
    module.configure(
        org_id=ACME,
        secret=DEMO_CLIENT_SECRET,
        client_id=DEMO_CLIENT_ID,
        scopes="openid",
        sandbox="dev",
    )
    module.config.endpoints["global"] = address
    module.config.config_object["imsEndpoint"] = address
    module.config.config_object["oauthTokenEndpointV2"] = f"{address}/ims/token/v3"
    return module


def test_aepp_makes_the_tutorials_dataflow(server: Server, aepp: Any) -> None:
    from aepp import catalog, dataprep, flowservice, schema

    registry, flows = schema.Schema(), flowservice.FlowService()
    tenant = registry.getTenantId()
    group = registry.createFieldGroup(field_group("Products fields", FIELDS, tenant=f"_{tenant}"))
    made = registry.createSchema(
        {
            "type": "object",
            "title": "Products",
            "description": "",
            "allOf": [{"$ref": PROFILE}, {"$ref": group["$id"]}],
        }
    )
    schema_id = made["$id"]
    dataset = catalog.Catalog().createDataSet(name="Products", schemaId=schema_id)
    dataset_id = dataset[0].rpartition("/")[2]
    mapping_set = dataprep.DataPrep().createMappingSet(mappingSet=mapping_body(schema_id, ROWS))
    base = next(item for item in flows.getConnections() if item["name"] == "PayPal EU")
    explored = flows.getResource(
        f"{flows.endpoint}/connections/{base['id']}/explore",
        params={"objectType": "table", "object": "PayPal.Catalog_Products"},
    )
    source = flows.createSourceConnection(
        {
            "name": "Products source",
            "baseConnectionId": base["id"],
            "data": {"format": "tabular"},
            "params": {
                "tableName": "PayPal.Catalog_Products",
                "columns": explored["schema"]["columns"],
            },
            "connectionSpec": base["connectionSpec"],
        }
    )
    target = flows.createTargetConnection(data=target_body(dataset_id, schema_id))
    flow_spec = flows.getFlowSpecIdFromNames("CRMToAEP", "paypal", "data-lake")
    flow = flows.createFlow(
        flow_spec,
        obj={
            "name": "Products",
            "flowSpec": {"id": flow_spec, "version": "1.0"},
            "sourceConnectionIds": [source["id"]],
            "targetConnectionIds": [target["id"]],
            "transformations": [
                {"name": "Copy", "params": {"deltaColumn": {"name": "Create_Time"}}},
                {
                    "name": "Mapping",
                    "params": {"mappingId": mapping_set["id"], "mappingVersion": 0},
                },
            ],
            "scheduleParams": {
                "startTime": int(time.time()) + 60,
                "frequency": "hour",
                "interval": 1,
            },
        },
    )
    server.emulator.world.clock.advance(61)
    server.emulator.tick()

    assert flows.connectionTest(base["id"]) == {"result": True}
    assert target_body(dataset_id, schema_id)["connectionSpec"]["id"] == DATA_LAKE
    listed = [item["id"] for item in flows.getFlows(onlySources=True)]
    assert flow["id"] in listed
    (run,) = flows.getRuns(prop=f"flowId=={flow['id']}")
    assert run["metrics"]["recordSummary"]["outputRecordCount"] >= 240
    (again,) = flows.getRun(run["id"])
    assert again["metrics"]["statusSummary"]["status"] == "success"
