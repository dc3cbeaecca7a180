"""One row through a mapping: conversion, required fields, nested and list targets."""

from __future__ import annotations

from typing import Any

import pytest

from flowsite.emulator.mapping import BadMapping, Mapper, MappingRow, problem_of, rows_of

SCHEMA: dict[str, Any] = {
    "properties": {
        "_id": {"type": "string"},
        "timestamp": {"type": "string", "format": "date-time"},
        "_acme": {
            "type": "object",
            "properties": {
                "amount": {"type": "number"},
                "count": {"type": "integer", "minimum": 0},
                "day": {"type": "string", "format": "date"},
                "paid": {"type": "boolean"},
                "state": {"type": "string", "enum": ["new", "old"]},
                "tags": {"type": "array", "items": {"type": "string"}},
                "lines": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"sku": {"type": "string"}, "n": {"type": "integer"}},
                    },
                },
            },
        },
    },
    "required": ["_id", "timestamp"],
}


def row(source: str, destination: str, kind: str = "ATTRIBUTE") -> MappingRow:
    return MappingRow(source, kind, destination)


BASE = [row("id", "_id"), row("at", "timestamp")]
RECORD = {"id": "1", "at": "2026-01-30 12:00:00"}


@pytest.mark.parametrize(
    ("value", "target", "expected"),
    [
        pytest.param("12.5", "amount", 12.5, id="a number from a text"),
        pytest.param("7", "count", 7, id="a whole number from a text"),
        pytest.param(7.0, "count", 7, id="a whole number from a float"),
        pytest.param("01/30/2026", "day", "2026-01-30", id="a day from a common form"),
        pytest.param("TRUE", "paid", True, id="a truth from a text"),
        pytest.param(["a", 1], "tags", ["a", "1"], id="a list item by item"),
    ],
)
def test_a_value_is_converted(value: Any, target: str, expected: Any) -> None:
    mapper = Mapper([*BASE, row("x", f"_acme.{target}")], SCHEMA)

    mapped = mapper.map({**RECORD, "x": value})

    assert (mapped.data["_acme"][target], mapped.rejected, mapped.warnings) == (expected, [], [])


@pytest.mark.parametrize(
    ("value", "target"),
    [
        pytest.param("n/a", "amount", id="no number"),
        pytest.param("1.5", "count", id="no whole number"),
        pytest.param(-1, "count", id="below the minimum"),
        pytest.param("2026-02-31", "day", id="no such day"),
        pytest.param("maybe", "paid", id="neither true nor false"),
        pytest.param("other", "state", id="not in the enum"),
        pytest.param("a", "tags", id="no list"),
    ],
)
def test_a_value_that_doesnt_fit_leaves_its_field_empty(value: Any, target: str) -> None:
    mapper = Mapper([*BASE, row("x", f"_acme.{target}")], SCHEMA)

    mapped = mapper.map({**RECORD, "x": value})

    assert mapped.rejected == []
    assert [warning["code"] for warning in mapped.warnings] == ["MAPPER-3700-400"]
    assert "_acme" not in mapped.data


def test_a_required_field_that_is_null_rejects_the_row() -> None:
    mapped = Mapper(BASE, SCHEMA).map({"id": None, "at": "yesterday"})

    assert [error["code"] for error in mapped.rejected] == [
        "MAPPER-3700-400",
        "INGEST-1555-400",
        "INGEST-1555-400",
    ]


def test_a_record_without_its_primary_identity_is_rejected() -> None:
    mapper = Mapper([*BASE, row("who", "_acme.state")], SCHEMA, "_acme.state")

    assert mapper.map({**RECORD, "who": "new"}).rejected == []
    assert mapper.map({**RECORD, "who": None}).rejected[0]["code"] == "INGEST-1555-400"


def test_lists_of_objects_are_built_by_index_and_by_spread() -> None:
    rows = [
        *BASE,
        row("skus", "_acme.lines[*].sku"),
        row("first", "_acme.lines[0].n"),
        row("third", "_acme.lines[2].sku"),
    ]

    mapped = Mapper(rows, SCHEMA).map({**RECORD, "skus": ["A", "B"], "first": 5, "third": "C"})

    assert mapped.warnings == []
    assert mapped.data["_acme"]["lines"] == [{"sku": "A", "n": 5}, {"sku": "B"}, {"sku": "C"}]


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        pytest.param(row("a", "_acme.nothing"), "no field", id="unknown target"),
        pytest.param(row("a", "_acme..x"), "no path", id="no path"),
        pytest.param(row("null", "_id"), "reserved", id="reserved source"),
        pytest.param(row("nope(a)", "_id", "EXPRESSION"), "isn't supported", id="function"),
    ],
)
def test_a_mapping_that_cant_work(mapping: MappingRow, words: str) -> None:
    assert words in (problem_of(mapping, SCHEMA) or "")


def test_both_dialects_are_read() -> None:
    modern = {"mappings": [{"sourceType": "ATTRIBUTE", "source": "a", "destination": "_id"}]}
    legacy = {"mappings": [{"sourceAttribute": "a", "destinationXdmPath": "_id", "version": 0}]}

    assert rows_of(modern) == rows_of(legacy) == [row("a", "_id")]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"mappings": []},
        {"mappings": ["a"]},
        {"mappings": [{"source": "a", "destination": "_id"}]},
        {"mappings": [{"sourceType": "MAGIC", "source": "a", "destination": "_id"}]},
    ],
)
def test_no_mappings(body: dict[str, Any]) -> None:
    with pytest.raises(BadMapping):
        rows_of(body)
