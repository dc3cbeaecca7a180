from __future__ import annotations

import httpx
import pytest

from flowsite.aep.errors import BadRequest, MalformedAnswer, NotFound
from flowsite.aep.registry import alt_id_of

from .peer import Peer, ok, problem

BASE = "/data/foundation/schemaregistry"
SCHEMA_ID = "https://ns.adobe.com/acme/schemas/9c1f"
ROW = {"$id": SCHEMA_ID, "meta:altId": "_acme.schemas.9c1f", "version": "1.2", "title": "Payments"}


def page(*rows, following=None):
    return ok({"results": list(rows), "_page": {"next": following, "count": len(rows)}})


def test_tenant_id_has_no_underscore():
    assert Peer(ok({"imsOrg": "x", "tenantId": "_acme"})).platform().registry.tenant_id() == "acme"


def test_stats():
    peer = Peer(
        ok({"tenantId": "acme", "counts": {"schemas": 4}, "recentlyCreatedResources": None})
    )

    stats = peer.platform().registry.stats()

    assert (stats.tenant_id, stats.counts, stats.recently_created) == ("acme", {"schemas": 4}, [])
    assert peer.paths == [f"GET {BASE}/stats"]
    assert "accept" not in peer.requests[0].headers


def test_stats_without_tenant():
    with pytest.raises(MalformedAnswer, match="tenant"):
        Peer(ok({})).platform().registry.tenant_id()


def test_schemas_are_listed_in_short_form_with_a_sort_key():
    peer = Peer(page(ROW, following="Payments"), page())

    rows = list(peer.platform().registry.schemas())

    assert [(r.id, r.alt_id, r.version, r.title) for r in rows] == [
        (SCHEMA_ID, "_acme.schemas.9c1f", "1.2", "Payments")
    ]
    assert peer.paths == [
        f"GET {BASE}/tenant/schemas?orderby=title&limit=300",
        f"GET {BASE}/tenant/schemas?orderby=title&limit=300&start=Payments",
    ]
    assert peer.requests[0].headers["accept"] == "application/vnd.adobe.xed-id+json"


@pytest.mark.parametrize(
    ("identifier", "path"),
    [
        (SCHEMA_ID, "_acme.schemas.9c1f"),
        ("_acme.schemas.9c1f", "_acme.schemas.9c1f"),
        ("https://ns.adobe.com/xdm/context/profile", "_xdm.context.profile"),
        ("https://other.example/a b", "https%3A%2F%2Fother.example%2Fa%20b"),
    ],
)
def test_schema_by_id_or_alternative_id(identifier, path):
    peer = Peer(ok({"$id": SCHEMA_ID, "properties": {}}))

    assert peer.platform().registry.schema(identifier) == {"$id": SCHEMA_ID, "properties": {}}
    assert peer.paths == [f"GET {BASE}/tenant/schemas/{path}"]
    accept = "application/vnd.adobe.xed-full+json; version=1"
    assert peer.requests[0].headers["accept"] == accept


def test_schema_is_asked_by_its_own_id_when_the_alternative_is_not_known():
    peer = Peer(problem(404, "XDM-1010-404"), ok({"$id": SCHEMA_ID}))

    assert peer.platform().registry.schema(SCHEMA_ID)["$id"] == SCHEMA_ID
    assert peer.paths[1] == (
        f"GET {BASE}/tenant/schemas/https%3A%2F%2Fns.adobe.com%2Facme%2Fschemas%2F9c1f"
    )


def test_unknown_schema():
    with pytest.raises(NotFound):
        Peer(problem(404, "XDM-1010-404")).platform().registry.schema("_acme.schemas.x")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://ns.adobe.com/acme/mixins/77ab", "_acme.mixins.77ab"),
        ("http://ns.adobe.com/acme/schemas/1", "_acme.schemas.1"),
        (" _x.y ", "_x.y"),
        ("https://ns.adobe.com/acme/schemas/1?x", "https://ns.adobe.com/acme/schemas/1?x"),
    ],
)
def test_alt_id_of(address, expected):
    assert alt_id_of(address) == expected


# --- find_by_title --------------------------------------------------------------------------------


def test_find_by_title_compares_what_the_filter_lets_through():
    peer = Peer(page(ROW, {**ROW, "$id": "2", "title": "Payments 2"}))

    found = peer.platform().registry.find_by_title("schemas", "Payments")

    assert [row.id for row in found] == [SCHEMA_ID]
    assert dict(peer.query(0))["property"] == "title==Payments"
    assert len(peer.requests) == 1


def test_find_by_title_believes_none_for_a_plain_title():
    peer = Peer(page())

    assert peer.platform().registry.find_by_title("fieldgroups", "Pay → é (wizard 5f2c)") == []
    assert len(peer.requests) == 1


@pytest.mark.parametrize("title", ['Say "hi"', "a, b", "50% *", "~x"])
def test_find_by_title_looks_everywhere_for_a_title_that_filters_misread(title):
    peer = Peer(page(), page({**ROW, "title": title}))

    assert len(peer.platform().registry.find_by_title("schemas", title)) == 1
    assert "property" not in dict(peer.query(1))


def test_find_by_title_looks_everywhere_when_the_filter_is_refused():
    peer = Peer(problem(400, "XDM-1600-400"), page(ROW))

    assert len(peer.platform().registry.find_by_title("schemas", "Payments")) == 1


# --- changes --------------------------------------------------------------------------------------


def test_create_schema():
    peer = Peer(ok({**ROW, "meta:class": "c"}, 201))

    created = peer.platform().registry.create_schema({"title": "Payments"})

    assert (created.id, created.alt_id, created.version) == (SCHEMA_ID, "_acme.schemas.9c1f", "1.2")
    assert peer.paths == [f"POST {BASE}/tenant/schemas"]
    assert "accept" not in peer.requests[0].headers


def test_create_field_group_with_a_taken_title():
    peer = Peer(problem(400, "XDM-1521-400", "Title is used by https://ns.adobe.com/acme/mixins/1"))

    with pytest.raises(BadRequest) as caught:
        peer.platform().registry.create_field_group({"title": "t"})
    assert caught.value.code == "XDM-1521-400"
    assert "mixins/1" in caught.value.message
    assert len(peer.requests) == 1


def test_a_create_without_id_has_an_unknown_outcome():
    with pytest.raises(MalformedAnswer) as caught:
        Peer(ok({"title": "t"}, 201)).platform().registry.create_schema({})
    assert caught.value.outcome_known is False


def test_enable_for_profile():
    peer = Peer(ok(ROW))

    peer.platform().registry.enable_for_profile(SCHEMA_ID)

    assert peer.paths == [f"PATCH {BASE}/tenant/schemas/_acme.schemas.9c1f"]
    assert peer.body() == [{"op": "add", "path": "/meta:immutableTags", "value": ["union"]}]


def test_deletes():
    peer = Peer(httpx.Response(204))
    registry = peer.platform().registry

    registry.delete_schema("_acme.schemas.1")
    registry.delete_field_group("https://ns.adobe.com/acme/mixins/2")
    registry.delete_descriptor("d-3")

    assert peer.paths == [
        f"DELETE {BASE}/tenant/schemas/_acme.schemas.1",
        f"DELETE {BASE}/tenant/fieldgroups/_acme.mixins.2",
        f"DELETE {BASE}/tenant/descriptors/d-3",
    ]


# --- descriptors ----------------------------------------------------------------------------------

ONE = {"@id": "d1", "@type": "xdm:descriptorIdentity", "xdm:sourceSchema": SCHEMA_ID}
TWO = {"@id": "d2", "@type": "xdm:descriptorIdentity", "xdm:sourceSchema": "other"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"xdm:descriptorIdentity": [ONE, TWO]}, id="grouped by type"),
        pytest.param({"results": [ONE, TWO], "_page": {"next": None}}, id="results"),
        pytest.param([ONE, TWO], id="bare"),
        pytest.param(
            {
                "xdm:descriptorIdentity": [{k: v for k, v in ONE.items() if k != "@type"}, TWO],
                "_page": {},
            },
            id="grouped, type not repeated",
        ),
    ],
)
def test_descriptors_of_a_schema(body):
    peer = Peer(ok(body))

    assert list(peer.platform().registry.descriptors(SCHEMA_ID)) == [ONE]
    assert peer.requests[0].headers["accept"] == "application/vnd.adobe.xdm+json"


def test_descriptors_are_read_to_the_end():
    peer = Peer(
        ok({"results": [ONE], "_page": {"next": "d1"}}), ok({"results": [TWO], "_page": {}})
    )

    assert list(peer.platform().registry.descriptors()) == [ONE, TWO]
    assert peer.requests[1].headers["accept"] == "application/vnd.adobe.xdm-v2+json"
    assert dict(peer.query(1)) == {"orderby": "@id", "start": "d1"}


def test_create_descriptor():
    created = Peer(ok(ONE, 201)).platform().registry.create_descriptor({})

    assert created.id == "d1"


def test_descriptor_and_sample_name_their_accept():
    peer = Peer(ok(ONE))
    registry = peer.platform().registry

    registry.descriptor("d1")
    registry.sample_data(SCHEMA_ID)

    assert [r.headers["accept"] for r in peer.requests] == [
        "application/vnd.adobe.xdm+json",
        "application/vnd.adobe.xed+json; version=1",
    ]
    assert peer.paths[1] == f"GET {BASE}/rpc/sampledata/_acme.schemas.9c1f"


def test_profile_schema_ids():
    peer = Peer(page({**ROW, "meta:immutableTags": ["union"]}, {**ROW, "$id": "2"}))

    assert peer.platform().registry.profile_schema_ids() == {SCHEMA_ID}
    assert peer.requests[0].headers["accept"] == "application/vnd.adobe.xed+json"
