"""Rules of a mapping, one row for each."""

from __future__ import annotations

import pytest

from flowsite.definitions.columns import Column, columns_from_flat, columns_from_hierarchy
from flowsite.definitions.expressions import MAX_EXPRESSION, scan
from flowsite.definitions.mapping_rules import (
    find_column,
    mapping_problems,
    resolve_mapping,
    unmapped,
)
from flowsite.definitions.model import MappingRow
from flowsite.definitions.xdm import TargetField, propose

FLAT = columns_from_flat(
    [
        {"name": "Product_Id", "xdm": {"type": "string"}},
        {"name": "my.col name", "xdm": {"type": "string"}},
        {"name": "new", "xdm": {"type": "string"}},
        {"name": "amount", "xdm": {"type": "number"}},
    ]
)
NESTED = columns_from_hierarchy(
    {
        "properties": {
            "data": {
                "type": "object",
                "properties": {
                    "first.name": {"type": "string"},
                    "items": {"type": "array", "items": {"type": "object"}},
                    "card": {"properties": {"last4": {"type": "string"}}},
                },
            }
        }
    }
)
FIELDS = (
    TargetField(path="_acme.name", type="string"),
    TargetField(path="_acme.when", type="date-time"),
    TargetField(path="_acme.count", type="integer"),
    TargetField(path="identityMap", type="map"),
)


def source(name: str, target: str = "_acme.name") -> MappingRow:
    return MappingRow(source=name, target=target)


def expression(text: str, target: str = "_acme.name") -> MappingRow:
    return MappingRow(expression=text, target=target)


def found(rows, columns=FLAT, fields=FIELDS, **options):
    findings = mapping_problems(rows, columns, fields, **options)
    return [(one.code, one.field, one.severity) for one in findings]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        pytest.param("upper(Product_Id)", FLAT, id="function"),
        pytest.param("concat(Product_Id, \" it's, new \", 'a\\'b')", FLAT, id="quotes"),
        pytest.param("${my.col name}", FLAT, id="wrapped name"),
        pytest.param("iif(${new} eq null, Product_Id, 1.5e3)", FLAT, id="operators and numbers"),
        pytest.param("(amount + 3) * -2", FLAT, id="arithmetic"),
        pytest.param("data.first\\.name", NESTED, id="dot inside a part"),
        pytest.param("data.items[0].price", NESTED, id="inside an array"),
        pytest.param("data.card", NESTED, id="an object"),
        pytest.param("now()", FLAT, id="no column at all"),
    ],
)
def test_a_sound_expression_passes(text, columns):
    assert found([expression(text)], columns) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("upper(Product_ID)", "unknown-column", id="misspelt"),
        pytest.param("my.col name", "unknown-column", id="not wrapped"),
        pytest.param("new", "reserved-word", id="reserved word"),
        pytest.param("upper(Product_Id", "expression-broken", id="open bracket"),
        pytest.param("upper(Product_Id))", "expression-broken", id="bracket too many"),
        pytest.param("upper(Product_Id]", "expression-broken", id="wrong bracket"),
        pytest.param('upper("x', "expression-broken", id="open quote"),
        pytest.param("${Product_Id", "expression-broken", id="open name"),
        pytest.param('"' + "x" * MAX_EXPRESSION, "expression-too-long", id="too long"),
    ],
)
def test_a_faulty_expression_is_found(text, code):
    assert (code, "mapping[0].expression", "error") in found([expression(text)])


def test_an_expression_of_the_greatest_length_passes():
    assert found([expression('"' + "x" * (MAX_EXPRESSION - 2) + '"')]) == []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(source("my.col name"), [], id="by name"),
        pytest.param(source("${my.col name}"), [], id="by its escaped form"),
        pytest.param(
            source("Type"), [("unknown-column", "mapping[0].source", "error")], id="unknown source"
        ),
        pytest.param(
            source("Product_Id", "_acme.nam"),
            [("unknown-target", "mapping[0].target", "error")],
            id="unknown target",
        ),
        pytest.param(source("Product_Id", "identityMap.Email[0].id"), [], id="inside a map"),
        pytest.param(
            source("Product_Id", "_acme.when"),
            [("type-mismatch", "mapping[0]", "warning")],
            id="text for a date",
        ),
        pytest.param(
            source("amount", "_acme.count"),
            [("type-mismatch", "mapping[0]", "warning")],
            id="fraction for an integer",
        ),
        pytest.param(source("amount"), [], id="number for a text"),
    ],
)
def test_a_row_is_checked_on_both_sides(row, expected):
    assert found([row]) == expected


def test_one_field_is_filled_once():
    assert found([source("Product_Id"), source("new")]) == [
        ("doubled-target", "mapping[1].target", "error")
    ]


@pytest.mark.parametrize(
    ("field", "profile", "expected"),
    [
        pytest.param(
            TargetField(path="_id", type="string", required=True),
            False,
            [("required-unmapped", "mapping", "error")],
            id="required",
        ),
        pytest.param(
            TargetField(path="_acme.id", type="string", primary_identity=True),
            False,
            [("identity-unmapped", "mapping", "warning")],
            id="identity",
        ),
        pytest.param(
            TargetField(path="_acme.id", type="string", primary_identity=True),
            True,
            [("identity-unmapped", "mapping", "error")],
            id="identity for Profile",
        ),
    ],
)
def test_what_the_schema_needs_is_mapped(field, profile, expected):
    rows = [source("Product_Id")]

    assert found(rows, fields=(*FIELDS, field), profile_enabled=profile) == expected


def test_targets_pass_when_the_schema_was_not_read():
    assert found([source("Product_Id", "anything")], fields=()) == []


def test_candidates_are_named():
    message = mapping_problems([source("product_id")], FLAT, FIELDS)[0].message

    assert message == "“product_id” is not among the chosen columns. Candidates: Product_Id."


def test_unmapped_columns_are_those_that_no_row_reads():
    rows = [source("Product_Id"), expression("upper(${my.col name})")]

    assert [column.name for column in unmapped(rows, FLAT)] == ["new", "amount"]


def test_a_nested_column_is_found_by_its_dotted_name():
    assert [column.name for column in NESTED] == [
        "data.first\\.name",
        "data.items",
        "data.card.last4",
    ]
    column = find_column(NESTED, "data.first\\.name")
    assert column is not None
    assert column.path == ("data", "first.name")


def test_resolve_replaces_the_tenant_and_accepts_suggestions():
    proposed = propose(FLAT, "profile", "acme")
    by_hand = (source("Product_Id", "_{tenant}.name"), source("new", "_{tenant}x"))

    assert resolve_mapping(by_hand, FLAT, FIELDS, tenant_id="acme") == (
        source("Product_Id", "_acme.name"),
        source("new", "_{tenant}x"),
    )
    assert (
        resolve_mapping("suggested", FLAT, (), tenant_id="acme", proposed=proposed) == proposed.rows
    )
    assert resolve_mapping(
        "suggested", [Column(name="name", path=("name",))], FIELDS, tenant_id="acme"
    ) == (source("name"),)


def test_scan_lists_columns_functions_and_reserved_words():
    seen = scan("iif(a.b eq null, upper(${c d}), lower(e[0].f))")

    assert seen.paths == (("a", "b"), ("c d",), ("e", "f"))
    assert seen.functions == ("iif", "upper", "lower")
    assert seen.reserved == ("eq", "null")
    assert seen.fault is None
