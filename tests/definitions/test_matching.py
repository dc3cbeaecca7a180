"""Suggestions: their quality on labelled tables, their order and speed."""

from __future__ import annotations

import time

import pytest

from flowsite.definitions.columns import columns_from_flat
from flowsite.definitions.matching import ACCEPT_ALL, Suggestion, accepted, suggest
from flowsite.definitions.model import MappingRow
from flowsite.definitions.xdm import TargetField
from tests.definitions.labelled_pairs import ALSO, EVENT, TABLES, columns

FEWEST_PAIRS = 150
PRECISION = 0.95
RECALL = 0.8
LONGEST_S = 0.3


def flat(*names: str, kind: str = "string"):
    return columns_from_flat({"name": name, "type": kind, "xdm": {"type": kind}} for name in names)


def fields(*paths: str, kind="string"):
    return [TargetField(path=path, type=kind) for path in paths]


def test_accepting_all_is_precise_and_finds_most():
    wanted, right, wrong = 0, 0, []
    for pairs, schema in TABLES.values():
        labels = {name: target for name, _, target in pairs if target}
        wanted += len(labels)
        for found in suggest(columns(pairs), schema):
            if found.confidence < ACCEPT_ALL or ALSO.get(found.source) == found.target:
                continue
            if labels.get(found.source) == found.target:
                right += 1
            else:
                wrong.append((found.source, found.target, found.reason))

    assert wanted >= FEWEST_PAIRS
    assert right / (right + len(wrong)) >= PRECISION, wrong
    assert right / wanted >= RECALL


def test_the_same_name_is_the_surest():
    found = suggest(flat("Product_Id"), fields("_acme.productId", "_acme.product"))

    assert found == [Suggestion("Product_Id", "_acme.productId", 0.98, "the same name")]


def test_each_column_and_each_field_is_used_once():
    found = suggest(flat("email", "email_address"), fields("personalEmail.address"))

    assert [(one.source, one.target) for one in found] == [("email", "personalEmail.address")]


@pytest.mark.parametrize(
    ("kind", "confidence"),
    [
        pytest.param("string", 0.98, id="fits"),
        pytest.param("number", 0.931, id="number from text"),
        pytest.param("boolean", 0.931, id="flag from text"),
    ],
)
def test_types_that_do_not_fit_lower_the_confidence(kind, confidence):
    found = suggest(flat("balance"), fields("_acme.balance", kind=kind))

    assert [one.confidence for one in found] == [confidence]


def test_arrays_and_objects_are_never_suggested():
    assert suggest(flat("tags"), fields("tags", kind="array")) == []


def test_an_event_s_key_and_date_are_suggested_beside_their_own_fields():
    table = [
        *flat("Product_Id"),
        *columns_from_flat([{"name": "Create_Time", "xdm": {"format": "date-time"}}]),
    ]
    schema = [
        TargetField(path="_id", type="string", required=True),
        TargetField(path="timestamp", type="date-time", required=True),
        TargetField(path="_acme.productId", type="string"),
    ]

    found = suggest(table, schema, object_name="PayPal.Catalog_Products")
    assert [(one.source, one.target) for one in found] == [
        ("Product_Id", "_acme.productId"),
        ("Product_Id", "_id"),
        ("Create_Time", "timestamp"),
    ]


def test_a_reference_to_another_record_is_no_sure_key():
    schema = [TargetField(path="_id", type="string", required=True)]

    found = suggest(flat("customer_id"), schema, object_name="orders")
    assert [(one.target, one.confidence < ACCEPT_ALL) for one in found] == [("_id", True)]
    assert accepted(found) == ()


def test_accepted_keeps_what_is_sure_enough():
    found = [Suggestion("a", "b", 0.8, ""), Suggestion("c", "d", 0.79, "")]

    assert accepted(found) == (MappingRow(source="a", target="b"),)


def test_hostile_names_are_matched_without_harm():
    names = ["", " ", "🦊", "<script>", "a" * 5000, "${x}", "ÅÄÖ", "new"]

    assert suggest(flat(*names), EVENT) == []


def test_300_columns_and_430_fields_stay_fluent():
    words = [name for pairs, _ in TABLES.values() for name, _, _ in pairs]
    many = flat(*(f"{words[i % len(words)]}_{i}" for i in range(300)))
    schema = [
        TargetField(
            path=f"part{i // 20}.{EVENT[i % len(EVENT)].path.split('.')[-1]}{i}", type="string"
        )
        for i in range(430)
    ]

    # Processor time, because other tests may run beside this one.
    began = time.process_time()
    suggest(many, schema)

    assert time.process_time() - began < LONGEST_S
