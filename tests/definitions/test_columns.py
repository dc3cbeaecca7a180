"""Columns: from explored answers, and how Data Prep is told about them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsite.definitions.columns import (
    RESERVED,
    Column,
    attribute_source,
    columns_from_flat,
    columns_from_hierarchy,
    is_date,
    select,
    selection_problems,
)
from flowsite.definitions.expressions import scan
from flowsite.emulator import source_paths


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(("Product_Id",), "Product_Id", id="plain"),
        pytest.param(("my.col name",), "${my.col name}", id="dot and blank"),
        pytest.param(("a.b",), "${a.b}", id="flat with a dot"),
        pytest.param(("1st",), "${1st}", id="leading digit"),
        pytest.param(("e-mail",), "${e-mail}", id="hyphen"),
        pytest.param(("é",), "${é}", id="not ASCII"),
        pytest.param(("data", "billing_details", "email"), "data.billing_details.email", id="deep"),
        pytest.param(("data", "first.name"), "data.first\\.name", id="dot inside a part"),
        pytest.param(("data", "a b.c"), "data.${a b\\.c}", id="blank and dot inside a part"),
        pytest.param(("data", "for"), "data.${for}", id="reserved part"),
        pytest.param(("${a}",), "${${a\\}}", id="closing brace"),
        pytest.param(("back\\slash",), "${back\\\\slash}", id="backslash"),
    ],
)
def test_a_source_attribute_is_escaped_part_by_part(path, expected):
    assert attribute_source(path) == expected


NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20
)


@given(NAMES)
def test_data_prep_reads_the_very_column(name):
    assert source_paths.parse(attribute_source((name,))).literal == name
    assert scan(attribute_source((name,))).paths == ((name,),)


@given(st.lists(NAMES, min_size=2, max_size=4))
def test_data_prep_reads_the_very_leaf(path):
    assert source_paths.parse(attribute_source(path)).parts == tuple(path)
    assert scan(attribute_source(path)).paths == (tuple(path),)


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_every_reserved_word_is_escaped(word):
    assert attribute_source((word,)) == "${" + word + "}"


def test_flat_columns_keep_aep_s_own_description():
    raw = {
        "name": "a b",
        "type": "string",
        "meta:xdmType": "date",
        "xdm": {"type": "string"},
        "x": 1,
    }

    assert columns_from_flat([raw]) == [
        Column(name="a b", type="string", xdm={"type": "string"}, raw=raw, path=("a b",))
    ]


def test_a_hierarchy_becomes_its_leaves():
    schema = {
        "type": "object",
        "properties": {
            "data": {
                "type": "object",
                "properties": {
                    "id": {"type": ["null", "string"]},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "metadata": {},
                    "a.b": {"type": "integer"},
                },
            },
            "has_more": {"type": "boolean"},
        },
    }

    found = columns_from_hierarchy(schema)
    assert [(column.name, column.xdm_type) for column in found] == [
        ("data.id", "string"),
        ("data.tags", "array"),
        ("data.metadata", "string"),
        ("data.a\\.b", "integer"),
        ("has_more", "boolean"),
    ]


def test_a_bottomless_hierarchy_ends():
    schema: dict[str, object] = {"type": "string"}
    for _ in range(500):
        schema = {"type": "object", "properties": {"a": schema}}

    assert columns_from_hierarchy({"properties": {"a": schema, "b": {}}}) == [
        Column(name="b", path=("b",))
    ]


@pytest.mark.parametrize("name", ["a\x00b", "a\ud800"])
def test_a_name_that_no_database_can_hold_is_left_out(name):
    assert columns_from_flat([{"name": name}]) == []
    assert columns_from_hierarchy({"properties": {name: {}}}) == []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param({"xdm": {"type": "string", "format": "date-time"}}, True, id="xdm format"),
        pytest.param({"meta:xdmType": "date"}, True, id="meta type"),
        pytest.param({"type": "timestamp"}, True, id="database word"),
        pytest.param({"type": "string", "xdm": {"type": "string"}}, False, id="text"),
        pytest.param({"type": "integer"}, False, id="number"),
        pytest.param({}, False, id="unknown"),
    ],
)
def test_dates_are_known_by_what_aep_says(raw, expected):
    assert is_date(columns_from_flat([{"name": "x", **raw}])[0]) is expected


COLUMNS = columns_from_flat([{"name": name} for name in ("b", "a", "all")])


def test_columns_are_chosen_in_the_source_s_order():
    chosen = select(COLUMNS, ("a", "b", "c"))

    assert [column.name for column in chosen.columns] == ["b", "a"]
    assert chosen.missing == ("c",)
    assert select(COLUMNS, "all").columns == tuple(COLUMNS)
    assert [column.name for column in select(COLUMNS, ("all",)).columns] == ["all"]


def test_an_unknown_column_is_named_with_candidates():
    found = selection_problems(columns_from_flat([{"name": "Create_Time"}]), ("Create_Tme",))

    assert [(one.code, one.message) for one in found] == [
        ("unknown-column", "The source has no column “Create_Tme”. Candidates: Create_Time.")
    ]
    assert [one.code for one in selection_problems([], "all")] == ["FLOW-1330"]
