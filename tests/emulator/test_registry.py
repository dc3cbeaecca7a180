"""Schema Registry: Accept, namespaces, titles, resolution, pages, descriptors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from flowsite.emulator.app import Emulator
from tests.emulator.caller import EVENT, PROFILE, REGISTRY, Caller, field_group

TENANT = f"{REGISTRY}/tenant"
FULL = {"Accept": "application/vnd.adobe.xed-full+json; version=1"}
ID = {"Accept": "application/vnd.adobe.xed-id+json"}
XDM = {"Accept": "application/vnd.adobe.xdm+json"}
TEXT = {"a": {"type": "string"}}


def code(answer: Any) -> str:
    return str(answer.json()["type"].rpartition("/")[2])


def leaves(schema: dict[str, Any]) -> int:
    inner = schema.get("properties")
    if schema.get("type") == "array":
        inner = schema["items"].get("properties")
    return sum(map(leaves, inner.values())) if inner else 1


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param("application/json", "XDM-1007-400", id="plain json"),
        pytest.param("application/vnd.adobe.xed-full+json", "XDM-1007-400", id="look-up form"),
        pytest.param(
            "application/vnd.adobe.xed-id+json; version=1", "XDM-1009-400", id="a version"
        ),
    ],
)
def test_a_list_has_its_own_accept(caller: Caller, accept: str, expected: str) -> None:
    answer = caller.get(f"{TENANT}/schemas", headers={"Accept": accept})

    assert (answer.status_code, code(answer)) == (400, expected)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param("*/*", "XDM-1007-400", id="anything"),
        pytest.param("application/vnd.adobe.xed-full+json", "XDM-1008-400", id="no version"),
        pytest.param(
            "application/vnd.adobe.xed-full+json;version=2", "XDM-1009-400", id="version 2"
        ),
    ],
)
def test_a_look_up_needs_a_version(caller: Caller, accept: str, expected: str) -> None:
    _, alt_id = caller.schema("S", TEXT)

    answer = caller.get(f"{TENANT}/schemas/{alt_id}", headers={"Accept": accept})

    assert (answer.status_code, code(answer)) == (400, expected)


def test_a_schema_is_found_by_both_its_names(caller: Caller) -> None:
    schema_id, alt_id = caller.schema("S", TEXT)

    by_alt = caller.get(f"{TENANT}/schemas/{alt_id}", headers=FULL).json()
    by_id = caller.get(f"{TENANT}/schemas/{quote(schema_id, safe='')}", headers=FULL).json()

    assert by_alt == by_id
    assert by_alt["$id"] == schema_id
    assert alt_id == "_" + schema_id.removeprefix("https://ns.adobe.com/").replace("/", ".")
    assert caller.get(f"{TENANT}/schemas/_acme.schemas.0", headers=FULL).status_code == 404


def test_the_full_form_holds_every_field(caller: Caller) -> None:
    _, alt_id = caller.schema(
        "S", {"a": {"type": "object", "properties": {"b": {"type": "integer"}}}}, EVENT
    )

    full = caller.get(f"{TENANT}/schemas/{alt_id}", headers=FULL).json()
    raw = caller.get(
        f"{TENANT}/schemas/{alt_id}",
        headers={"Accept": "application/vnd.adobe.xed+json; version=1"},
    ).json()

    assert full["required"] == ["_id", "timestamp"]
    assert full["properties"]["timestamp"]["format"] == "date-time"
    assert full["properties"]["_acme"]["properties"]["a"]["properties"]["b"]["type"] == "integer"
    assert "allOf" not in full
    assert raw["allOf"][0] == {"$ref": EVENT}
    assert full["meta:class"] == EVENT


def test_the_seeded_schemas(caller: Caller) -> None:
    listed = caller.get(
        f"{TENANT}/schemas", headers={"Accept": "application/vnd.adobe.xed+json"}
    ).json()["results"]
    sizes = {
        item["title"]: leaves(
            caller.get(f"{TENANT}/schemas/{item['meta:altId']}", headers=FULL).json()
        )
        for item in listed
    }

    assert set(sizes) == {"Customer profile", "Product catalogue", "Payment events", "Customer 360"}
    assert 400 <= sizes["Customer 360"] <= 460
    union = [item["title"] for item in listed if "union" in item.get("meta:immutableTags", [])]
    assert union == ["Customer profile"]


def test_two_field_groups_share_the_tenants_object(caller: Caller) -> None:
    groups = [
        caller.post(f"{TENANT}/fieldgroups", json=field_group(name, {name: {"type": "string"}}))
        for name in ("one", "two")
    ]
    references = [PROFILE, *(group.json()["$id"] for group in groups)]
    body = {
        "type": "object",
        "title": "Both",
        "description": "",
        "allOf": [{"$ref": reference} for reference in references],
    }
    alt_id = caller.post(f"{TENANT}/schemas", json=body).json()["meta:altId"]

    full = caller.get(f"{TENANT}/schemas/{alt_id}", headers=FULL).json()

    assert set(full["properties"]["_acme"]["properties"]) == {"one", "two"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"title": "Customer profile"}, "XDM-1521-400", id="a schema's title"),
        pytest.param({"title": "XDM Individual Profile"}, "XDM-1521-400", id="Adobe's title"),
        pytest.param({"title": ""}, "XDM-1012-400", id="no title"),
        pytest.param({"meta:intendedToExtend": []}, "XDM-1012-400", id="for no class"),
        pytest.param(
            {"definitions": {"own": {"properties": {"product": {"type": "string"}}}}},
            "XDM-1021-400",
            id="outside the tenant",
        ),
        pytest.param(
            {"definitions": {"own": {"properties": {"_globex": {"type": "object"}}}}},
            "XDM-1021-400",
            id="another tenant",
        ),
        pytest.param({"allOf": [{"$ref": "https://x.example"}]}, "XDM-1013-400", id="reference"),
    ],
)
def test_a_field_group_is_refused(caller: Caller, change: dict[str, Any], expected: str) -> None:
    body = {**field_group("New", TEXT), **change}

    answer = caller.post(f"{TENANT}/fieldgroups", json=body)

    assert (answer.status_code, code(answer)) == (400, expected)


def test_a_taken_title_names_its_holder(caller: Caller) -> None:
    first = caller.post(f"{TENANT}/fieldgroups", json=field_group("Mine", TEXT)).json()["$id"]

    again = caller.post(f"{TENANT}/fieldgroups", json=field_group("Mine", TEXT))

    assert first in again.json()["detail"]


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([], id="no class"),
        pytest.param([{"$ref": PROFILE}, {"$ref": EVENT}], id="two classes"),
        pytest.param(
            [{"$ref": PROFILE}, {"$ref": "https://ns.adobe.com/xdm/context/experienceevent-web"}],
            id="a field group of the other class",
        ),
    ],
)
def test_a_schema_needs_one_class(caller: Caller, parts: list[dict[str, str]]) -> None:
    body = {"type": "object", "title": "T", "description": "", "allOf": parts}

    assert caller.post(f"{TENANT}/schemas", json=body).status_code == 400


def test_a_schema_in_the_union_only_grows(caller: Caller) -> None:
    _, alt_id = caller.schema("Mine", TEXT)
    path = f"{TENANT}/schemas/{alt_id}"

    def patch(**operation: Any) -> Any:
        return caller.send("PATCH", path, json=[operation])

    tagged = patch(op="add", path="/meta:immutableTags", value=["union"])
    untagged = patch(op="remove", path="/meta:immutableTags")
    shrunk = patch(op="remove", path="/allOf/1")
    grown = patch(
        op="add",
        path="/allOf/-",
        value={"$ref": "https://ns.adobe.com/xdm/context/profile-person-details"},
    )

    assert (tagged.status_code, tagged.json()["version"]) == (200, "1.1")
    assert [untagged.status_code, shrunk.status_code] == [400, 400]
    assert (grown.status_code, grown.json()["version"]) == (200, "1.2")
    assert caller.delete(path).status_code == 400


def test_resources_in_use_stay(caller: Caller) -> None:
    schema_id, alt_id = caller.schema("Mine", TEXT)
    raw = {"Accept": "application/vnd.adobe.xed+json; version=1"}
    group = caller.get(f"{TENANT}/schemas/{alt_id}", headers=raw).json()["meta:extends"][1]
    group_path = f"{TENANT}/fieldgroups/{quote(group, safe='')}"
    used = caller.delete(group_path).status_code
    dataset = caller.dataset("Mine", schema_id)
    held = caller.delete(f"{TENANT}/schemas/{alt_id}").status_code
    caller.delete(f"/data/foundation/catalog/dataSets/{dataset}")

    assert (used, held) == (400, 400)
    assert caller.delete(f"{TENANT}/schemas/{alt_id}").status_code == 204
    assert caller.delete(group_path).status_code == 204


# --- Lists -------------------------------------------------------------------------------------


def test_short_and_long_lists(caller: Caller) -> None:
    short = caller.get(f"{TENANT}/schemas", headers=ID).json()
    classes = caller.get(f"{REGISTRY}/global/classes", headers=ID).json()
    alias = caller.get(f"{TENANT}/mixins", headers=ID).json()

    assert set(short["results"][0]) == {"$id", "meta:altId", "version", "title"}
    assert {item["$id"] for item in classes["results"]} == {PROFILE, EVENT}
    assert len(alias["results"]) == 4


def test_filters_on_lists(caller: Caller) -> None:
    def titles(*properties: str, kind: str = "schemas") -> list[str]:
        query = [("property", text) for text in properties]
        answer = caller.get(f"{TENANT}/{kind}", params=query, headers=ID)
        return [item["title"] for item in answer.json()["results"]]

    assert titles("title==Customer 360") == ["Customer 360"]
    assert titles("meta:immutableTags==union") == ["Customer profile"]
    assert titles(f"meta:intendedToExtend=={EVENT}", kind="fieldgroups") == [
        "Payment events fields"
    ]
    assert titles(f"meta:class=={PROFILE}", "title!=Customer 360") == [
        "Customer profile",
        "Product catalogue",
    ]


def test_more_than_300_schemas_are_only_whole_with_pages(caller: Caller) -> None:
    store, scope = caller.emulator.world.store, ("ACME@AdobeOrg", "dev")
    original = store.row("SELECT * FROM objects WHERE kind = 'schemas' LIMIT 1")
    assert original is not None
    with store.transaction():
        for number in range(320):
            body = original["body"].replace(original["name"], f"Many {number:03d}")
            store.execute(
                "INSERT INTO objects (kind, org, sandbox, id, name, created_at, updated_at, body,"
                " hidden) VALUES ('schemas', ?, ?, ?, ?, 0, 0, ?, '{}')",
                (*scope, f"many{number}", f"Many {number:03d}", body),
            )

    unpaged = caller.get(f"{TENANT}/schemas", headers=ID).json()
    found, start = [], None
    while True:
        params = {"orderby": "title", "limit": "50", **({"start": start} if start else {})}
        answer = caller.get(f"{TENANT}/schemas", headers=ID, params=params).json()
        found += [item["title"] for item in answer["results"]]
        start = answer["_page"]["next"]
        if start is None:
            break

    assert len(unpaged["results"]) == 300
    assert len(found) == len(set(found)) == 324
    assert found == sorted(found)


def test_equal_sort_values_arent_cut(make_emulator: Callable[..., Emulator]) -> None:
    with Caller(make_emulator(registry_page_max=1)) as caller:
        answer = caller.get(
            f"{TENANT}/schemas", headers=ID, params={"orderby": "version", "limit": "1"}
        ).json()

    assert len(answer["results"]) == 4
    assert answer["_page"]["next"] is None


def test_limit_and_start_need_an_order(caller: Caller) -> None:
    answer = caller.get(f"{TENANT}/schemas", headers=ID, params={"limit": "5"})

    assert answer.status_code == 400


def test_statistics_name_the_tenant_without_underscore(caller: Caller) -> None:
    stats = caller.get(f"{REGISTRY}/stats").json()

    assert (stats["tenantId"], stats["counts"]["schemas"]) == ("acme", 4)


# --- Descriptors -------------------------------------------------------------------------------


def identity(schema_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "@type": "xdm:descriptorIdentity",
        "xdm:sourceSchema": schema_id,
        "xdm:sourceVersion": 1,
        "xdm:sourceProperty": "/_acme/a",
        "xdm:namespace": "CRMID",
        "xdm:property": "xdm:code",
        "xdm:isPrimary": True,
        **changes,
    }


def test_descriptors_come_and_go(caller: Caller) -> None:
    schema_id, alt_id = caller.schema("Mine", TEXT)
    path = f"{TENANT}/descriptors"
    made = caller.post(path, json=identity(schema_id))
    listed = caller.get(path, headers=XDM).json()["xdm:descriptorIdentity"]
    flat = caller.get(
        path, headers={"Accept": "application/vnd.adobe.xdm-v2+json"}, params={"limit": "2"}
    ).json()
    described = caller.get(
        f"{TENANT}/schemas/{alt_id}",
        headers={"Accept": "application/vnd.adobe.xed-full-desc+json;version=1"},
    ).json()
    again = caller.post(path, json=identity(schema_id))
    gone = caller.delete(f"{path}/{made.json()['@id']}")

    assert made.status_code == 201
    assert made.json()["@id"] in [item["@id"] for item in listed]
    assert (len(flat["results"]), flat["_page"]["next"]) == (2, 2)
    assert described["meta:descriptors"][0]["@id"] == made.json()["@id"]
    assert code(again) == "XDM-1547-400"
    assert gone.status_code == 204
    assert caller.get(f"{path}/{made.json()['@id']}").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"@type": "other"}, id="type"),
        pytest.param({"xdm:sourceSchema": "https://x.example"}, id="schema"),
        pytest.param({"xdm:sourceProperty": "/_acme/nothing"}, id="field"),
        pytest.param({"xdm:property": "code"}, id="property"),
        pytest.param({"xdm:sourceVersion": 2}, id="version"),
    ],
)
def test_a_descriptor_is_refused(caller: Caller, change: dict[str, Any]) -> None:
    schema_id, _ = caller.schema("Mine", TEXT)

    answer = caller.post(f"{TENANT}/descriptors", json=identity(schema_id, **change))

    assert answer.status_code == 400


def test_sample_data_follows_standard_naming(caller: Caller) -> None:
    schema_id, _ = caller.schema("Mine", TEXT)

    sample = caller.get(f"{REGISTRY}/rpc/sampledata/{quote(schema_id, safe='')}").json()

    assert sample["@id"] == "Sample"
    assert sample["_acme"] == {"xdm:a": "Sample"}
