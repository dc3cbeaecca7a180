"""The expression language of calculated fields, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from flowsite.emulator.expressions import ExpressionError, parse
from flowsite.emulator.functions.values import EvaluationError

ROW = {
    "name": " Ada ",
    "count": 3,
    "price": "12.50",
    "none": None,
    "at": "2026-01-30T12:00:00Z",
    "a.b": "dotted",
    "blank name": "blank",
    "null": "reserved",
    "data": {"items": [{"sku": "A"}, {"sku": "B"}], "x.y": 1, "more": {"deep": True}},
    "tags": "red,green",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("upper(trim(name))", "ADA"),
        ("concat(trim(name), '-', count)", "Ada-3"),
        ("name + count", " Ada 3"),
        ("count + 1 * 2", 5),
        ("(count + 1) * 2", 8),
        ("-count", -3),
        ("to_decimal(price) * 2", 25.0),
        ("to_integer('42')", 42),
        ("count > 2 && !(count == 4)", True),
        ("count gt 2 and not (count eq 4)", True),
        ("count % 2 == 1 ? 'odd' : 'even'", "odd"),
        ("iif(is_empty(none), 'empty', none.deeper)", "empty"),
        ("iif(count == 3, 'three', 1 / 0)", "three"),
        ("coalesce(none, missing, 'z')", "z"),
        ("nvl(none, 0)", 0),
        ("decode(count, 1, 'one', 3, 'three', 'other')", "three"),
        ("substr('abcdef', 2, 3)", "cde"),
        ("replace('aXbX', 'X', '-')", "a-b-"),
        ("split(tags, ',')", ["red", "green"]),
        ("join('|', split(tags, ','))", "red|green"),
        ("format(date(at), 'yyyy/MM/dd HH:mm')", "2026/01/30 12:00"),
        ("format(date('30.01.2026', 'dd.MM.yyyy'), 'yyyy-MM-dd')", "2026-01-30"),
        ("format('2026-01-05', \"yyyy-'W'ww\")", "2026-W02"),
        ("format('2026-01-30', 'yyyy-DD')", "2026-030"),
        ("date_part('year', at)", 2026),
        ("date_diff('2026-01-01', at)", 29),
        ("data.items[1].sku", "B"),
        ("data.items[*].sku", ["A", "B"]),
        ("size_of(data.items)", 2),
        ("data.more.deep", True),
        ("data.x\\.y", 1),
        ("${a.b}", "dotted"),
        ("${blank name}", "blank"),
        ("${null}", "reserved"),
        ("missing.deep[3].er", None),
        ("[1, 'a', null]", [1, "a", None]),
        ("{'k': count}", {"k": 3}),
        ("to_object('k', count)", {"k": 3}),
        ("to_array(1, 2)", [1, 2]),
        ("sha256('a')", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("get_url_host('https://shop.example/x')", "shop.example"),
        ("matches_regex('A-1', '[A-Z]-[0-9]')", True),
        ("min(3, count, 2)", 2),
        ("left('abc', 2) + right('abc', 1)", "abc"),
        ("'it\\'s'", "it's"),
    ],
)
def test_a_value(text: str, expected: Any) -> None:
    assert parse(text).evaluate(ROW) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "empty", id="nothing"),
        pytest.param("frobnicate(x)", "frobnicate isn't supported", id="unknown function"),
        pytest.param("upper(", "ends too early", id="cut off"),
        pytest.param("upper()", "takes other arguments", id="too few arguments"),
        pytest.param("a b", "Nothing expected", id="two values"),
        pytest.param("null.x", "Nothing expected", id="null has no fields"),
        pytest.param("div", "reserved", id="reserved operator"),
        pytest.param("return", "reserved", id="reserved word"),
        pytest.param("a # b", "Unexpected sign", id="strange sign"),
        pytest.param("(" * 60 + "1" + ")" * 60, "too deeply", id="nested"),
        pytest.param("x" * 4097, "longer than 4096", id="long"),
    ],
)
def test_no_expression(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match=words):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "count + none",
        "1 / 0",
        "to_integer('abc')",
        "date('31.02.2026', 'dd.MM.yyyy')",
        "date('x', 'qq')",
        "none > 1",
        "name and true",
        "1e300 * 1e300",
        "matches_regex('a', '(a+)+')",
        "json_to_object('{')",
        "lpad('a', 1e9)",
    ],
)
def test_a_row_that_cant_be_evaluated(text: str) -> None:
    with pytest.raises(EvaluationError):
        parse(text).evaluate(ROW)


def test_the_paths_and_functions_of_an_expression_are_known() -> None:
    expression = parse("concat(data.items[0].sku, upper(${blank name}))")

    assert expression.paths == ("data.items[0].sku", "${blank name}")
    assert expression.functions == ("concat", "upper")
