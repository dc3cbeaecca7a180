"""A plan as data: references, secrets, and values from outside that look like them."""

from __future__ import annotations

import pytest

from flowsite.definitions.columns import columns_from_flat
from flowsite.planning.build import build_plan
from flowsite.planning.facts import Facts
from flowsite.planning.plan import (
    Ref,
    SecretRef,
    fill,
    fill_path,
    literal,
    masked,
    references,
)
from tests.planning.planning_cases import KEY, definition, facts, flat

BODY = {
    "id": Ref("schema").as_json(),
    "version": Ref("mapping_set", "version").as_json(),
    "password": SecretRef("row.password", "password").as_json(),
    "list": [{"deep": Ref("dataset").as_json()}, "text", 5, None],
    "outside": literal({"$secret": "row.password"}),
}


def test_references_are_found_at_any_depth():
    assert list(references(BODY)) == [
        Ref("schema", "id"),
        Ref("mapping_set", "version"),
        Ref("dataset", "id"),
    ]


def test_fill_puts_in_answers_and_secrets_and_nothing_else():
    answers = {"schema": {"id": "s"}, "mapping_set": {"version": 3}, "dataset": {"id": "d"}}

    assert fill(BODY, answers, lambda secret: f"<{secret}>") == {
        "id": "s",
        "version": 3,
        "password": "<row.password>",
        "list": [{"deep": "d"}, "text", 5, None],
        "outside": {"$secret": "row.password"},
    }


def test_fill_refuses_what_is_not_there_yet():
    with pytest.raises(KeyError):
        fill(Ref("schema").as_json(), {})
    with pytest.raises(ValueError, match="secret"):
        fill(SecretRef("row.password").as_json(), {})


def test_masked_shows_no_secret():
    assert masked(BODY) == {
        "id": "{schema.id}",
        "version": "{mapping_set.version}",
        "password": "••••••",
        "list": [{"deep": "{dataset.id}"}, "text", 5, None],
        "outside": {"$secret": "row.password"},
    }


def test_paths_take_ids_of_earlier_steps():
    path = fill_path("/schemas/{schema.alt_id}", {"schema": {"alt_id": "_acme.schemas.1"}})

    assert path == "/schemas/_acme.schemas.1"


def test_a_column_that_looks_like_a_secret_stays_a_column():
    raw = {**flat("Create_Time", form="date-time"), "xdm": {"$secret": "stolen"}}
    made = definition()
    found = facts(made, columns=columns_from_flat([raw]))

    body = build_plan(made, found, KEY).step("source_connection").body
    sent = fill(body, {}, lambda _: pytest.fail("asked for a secret"))
    assert sent["params"]["columns"] == [raw]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("my.col name", id="dots and blanks"),
        pytest.param("a\"b'c", id="quotes"),
        pytest.param("🦊", id="emoji"),
        pytest.param("<script>alert(1)</script>", id="script"),
        pytest.param("new", id="reserved word"),
        pytest.param("  padded ", id="padding"),
    ],
)
def test_hostile_columns_reach_the_source_connection_byte_for_byte(name):
    raw = [flat(name), flat("Create_Time", form="date-time")]
    made = definition("paypal", "profile")
    plan = build_plan(made, facts(made, columns=columns_from_flat(raw)), KEY)

    sent = fill(plan.step("source_connection").body, {})
    mappings = fill(plan.step("mapping_set").body, {"schema": {"id": "s"}})["mappings"]
    assert sent["params"]["columns"] == raw
    assert mappings[0]["source"] == "${" + name + "}"


def test_facts_survive_json_and_accept_aep_s_own_columns():
    found = facts(definition("stripe", "event"))
    again = Facts.model_validate(found.model_dump(mode="json"))
    raw = Facts.model_validate({**found.model_dump(), "columns": [flat("a b")]})

    assert again == found
    assert raw.columns == tuple(columns_from_flat([flat("a b")]))
