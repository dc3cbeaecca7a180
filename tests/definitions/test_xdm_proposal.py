"""Schemas: the fields of an existing one, and the proposal of a new one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsite.definitions.columns import columns_from_flat
from flowsite.definitions.fields import field_name_problems
from flowsite.definitions.model import FieldChoice, Identity, MappingRow
from flowsite.definitions.xdm import (
    ProposalError,
    TargetField,
    expand_target,
    fields_of,
    propose,
)


def columns(*names: str, dates: tuple[str, ...] = ()):
    return columns_from_flat(
        [
            *({"name": name, "xdm": {"type": "string"}} for name in names),
            *({"name": name, "xdm": {"type": "string", "format": "date-time"}} for name in dates),
        ]
    )


def paths(*names: str) -> list[str]:
    return [field.path for field in propose(columns(*names), "profile", "acme").fields]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Product_Id", "productId"),
        ("productID", "productId"),
        ("PRODUCT NAME", "productName"),
        ("HTTPServer", "httpServer"),
        ("sku", "sku"),
        ("Ångström-längd", "angstromLangd"),
        ("straße", "strasse"),
        ("1st line", "field1StLine"),
        ("🦊", "field"),
        ("<script>", "script"),
        ("data.billing_details.email", "dataBillingDetailsEmail"),
        ("x" * 300, "x" * 100),
    ],
)
def test_a_column_becomes_a_camel_case_field_under_the_tenant(name, field):
    assert paths(name) == [f"_acme.{field}"]


def test_clashes_are_numbered():
    assert paths("Name", "name", "NAME ", "name2", "🦊", "🐻") == [
        "_acme.name",
        "_acme.name2",
        "_acme.name3",
        "_acme.name22",
        "_acme.field",
        "_acme.field2",
    ]


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
        min_size=1,
        max_size=20,
    )
)
def test_any_names_give_distinct_ascii_fields(names):
    found = propose(columns_from_flat({"name": name} for name in names), "profile", "acme").fields
    fields = [field.name for field in found]

    assert len({field.lower() for field in fields}) == len(names)
    assert all(field.isascii() and field.isalnum() and field[0].isalpha() for field in fields)


def test_a_profile_maps_every_column_and_nothing_else():
    proposed = propose(columns("Product_Id", dates=("Create_Time",)), "profile", "acme")

    assert proposed.rows == (
        MappingRow(source="Product_Id", target="_acme.productId"),
        MappingRow(source="Create_Time", target="_acme.createTime"),
    )
    assert proposed.properties() == {
        "productId": {"type": "string", "title": "Product id"},
        "createTime": {"type": "string", "format": "date-time", "title": "Create time"},
    }


def event(*names: str, dates: tuple[str, ...] = (), **options):
    rows = propose(columns(*names, dates=dates), "event", "acme", **options).rows
    return {row.target: row.source for row in rows if not row.target.startswith("_acme.")}


@pytest.mark.parametrize(
    ("names", "table", "key"),
    [
        pytest.param(("Dispute_Id", "x"), "", "Dispute_Id", id="the only one"),
        pytest.param(("customer_id", "id"), "", "id", id="id alone"),
        pytest.param(
            ("Plan_Id", "Product_Id"), "PayPal.Catalog_Products", "Product_Id", id="table"
        ),
        pytest.param(("order_id", "Transaction_Id"), "payments", "Transaction_Id", id="event word"),
        pytest.param(("uuid", "parent_key"), "", "uuid", id="uuid"),
        pytest.param(("CUSTOMERID", "TRANSACTIONID"), "", "TRANSACTIONID", id="run together"),
    ],
)
def test_an_event_s_id_is_the_best_key_column(names, table, key):
    assert event(*names, dates=("created",), object_name=table)["_id"] == key


@pytest.mark.parametrize(
    ("dates", "delta", "time"),
    [
        pytest.param(
            ("Create_Time", "Update_Time"), "Update_Time", "Update_Time", id="delta column"
        ),
        pytest.param(("Update_Time", "Create_Time"), None, "Create_Time", id="creation"),
        pytest.param(("Settled", "Transaction_Time"), None, "Transaction_Time", id="happening"),
        pytest.param(("Settled",), None, "Settled", id="the only one"),
        pytest.param(("updatedate", "createdate"), None, "createdate", id="run together"),
        pytest.param(("Expires", "Settled"), None, "Settled", id="not a change"),
    ],
)
def test_an_event_s_time_is_the_delta_column_or_the_creation(dates, delta, time):
    assert event("id", dates=dates, delta_column=delta)["timestamp"] == time


def test_several_equally_good_columns_are_an_error_that_lists_them():
    table = columns("payer_id", "order_id", dates=("Created_On", "Create_Date"))

    with pytest.raises(ProposalError) as caught:
        propose(table, "event", "acme")
    assert [(one.code, one.message) for one in caught.value.problems] == [
        (
            "undecided-id",
            "Several columns could be the key of a record: payer_id, order_id. Map one to _id.",
        ),
        (
            "undecided-timestamp",
            "Several columns could be the time of the event: Created_On, Create_Date. "
            "Map one to timestamp.",
        ),
    ]


def test_no_candidate_at_all_is_an_error_too():
    with pytest.raises(ProposalError) as caught:
        propose(columns("x"), "event", "acme")
    assert [one.code for one in caught.value.problems] == ["undecided-id", "undecided-timestamp"]


def test_what_the_user_maps_is_not_decided():
    assert event("x", mapped=("_id", "timestamp")) == {}


def test_an_identity_is_the_field_of_its_column():
    identity = Identity(column="Email", namespace="Email")
    proposed = propose(columns("Email"), "profile", "acme", identity=identity)

    assert (proposed.identity_path, proposed.identity_namespace) == ("_acme.email", "Email")
    assert [field.path for field in proposed.target_fields() if field.primary_identity] == [
        "_acme.email"
    ]
    with pytest.raises(ProposalError, match="Candidates: Email"):
        propose(
            columns("Email"), "profile", "acme", identity=Identity(column="Mail", namespace="Email")
        )


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("_{tenant}.name", "_acme.name"),
        ("_{tenant}", "_acme"),
        ("_{tenant}name", "_{tenant}name"),
        ("x._{tenant}.name", "x._{tenant}.name"),
    ],
)
def test_the_tenant_s_prefix_is_replaced_at_the_start_only(target, expected):
    assert expand_target(target, "acme") == expected


SCHEMA = {
    "meta:class": "https://ns.adobe.com/xdm/context/experienceevent",
    "type": "object",
    "required": ["person"],
    "properties": {
        "_id": {"type": "string", "title": "Identifier"},
        "timestamp": {"type": "string", "format": "date-time"},
        "person": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string"},
                "age": {"type": "integer", "meta:xdmType": "short"},
            },
        },
        "address": {
            "type": "object",
            "required": ["city"],
            "properties": {"city": {"type": "string"}},
        },
        "identityMap": {"type": "object", "additionalProperties": {"type": "array"}},
        "tags": {"type": "array", "items": {"type": "string"}},
        "_acme": {"type": "object", "properties": {"email": {"type": "string"}}},
    },
    "meta:descriptors": [
        {
            "@type": "xdm:descriptorIdentity",
            "xdm:sourceProperty": "/_acme/email",
            "xdm:isPrimary": True,
        }
    ],
}


def test_the_fields_of_a_schema_are_its_leaves_in_order():
    assert fields_of(SCHEMA) == [
        TargetField(path="_id", type="string", title="Identifier", required=True),
        TargetField(path="timestamp", type="date-time", required=True),
        TargetField(path="person.name", type="string", required=True),
        TargetField(path="person.age", type="integer"),
        TargetField(path="address.city", type="string"),
        TargetField(path="identityMap", type="map"),
        TargetField(path="tags", type="array"),
        TargetField(path="_acme.email", type="string", identity=True, primary_identity=True),
    ]


def test_identities_may_come_from_descriptors_beside_the_schema():
    descriptor = {"@type": "xdm:descriptorIdentity", "xdm:sourceProperty": "/person/name"}
    found = {field.path: field for field in fields_of(SCHEMA, [descriptor])}

    assert found["person.name"].identity
    assert not found["person.name"].primary_identity


def test_a_chosen_name_and_title_replace_the_proposed_ones():
    choices = [FieldChoice(column="sku", name="articleNumber", title="Article"), FieldChoice()]

    found = propose(columns("id", "sku"), "profile", "acme", choices=choices)

    assert [(one.path, one.title) for one in found.fields] == [
        ("_acme.id", "Id"),
        ("_acme.articleNumber", "Article"),
    ]
    assert MappingRow(source="sku", target="_acme.articleNumber") in found.rows
    assert found.properties()["articleNumber"] == {"type": "string", "title": "Article"}


def test_a_chosen_name_that_another_field_has_is_refused():
    with pytest.raises(ProposalError, match="“Id” and “sku” can't both become the field “ID”"):
        propose(
            columns("Id", "sku"),
            "profile",
            "acme",
            choices=[FieldChoice(column="sku", name="ID")],
        )


@pytest.mark.parametrize(
    ("name", "good"),
    [("sku", True), ("a_1", True), ("1st", False), ("a.b", False), ("ä", False), ("", False)],
)
def test_names_that_xdm_refuses_are_found_before_anything_is_created(name, good):
    assert bool(field_name_problems([FieldChoice(column="c", name=name)])) is not good
