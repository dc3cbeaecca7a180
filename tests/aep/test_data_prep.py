from __future__ import annotations

import json

import pytest

from flowsite.aep.data_prep import ExpressionCheck, MappingCheck
from flowsite.aep.errors import MalformedAnswer, ServerError

from .peer import Peer, ok, problem

BASE = "/data/foundation/conversion"
BODY = {
    "name": "m",
    "mappings": [
        {"sourceType": "ATTRIBUTE", "source": "Id", "destination": "_id"},
        {"sourceType": "ATTRIBUTE", "source": "Type", "destination": "_acme.kind"},
    ],
}
GOOD = {"status": "SUCCESS", "errors": None}
BAD = {
    "status": "FAILED",
    "errors": [{"source": "Type", "destination": "_acme.kind", "exception": "no such field"}],
}
OK, FAILED = MappingCheck(ok=True), MappingCheck(ok=False, errors=("no such field",))


def prep(*answers):
    peer = Peer(*answers)
    return peer, peer.platform().data_prep


@pytest.mark.parametrize("version", [0, "0", None])
def test_create_answers_200_and_an_integer_version(version):
    peer, data_prep = prep(ok({"id": "b0c1", "version": version}))

    created = data_prep.create_mapping_set(BODY)

    assert (created.id, created.version) == ("b0c1", 0)
    assert peer.paths == [f"POST {BASE}/mappingSets"]
    assert peer.body() == BODY


def test_replace_answers_the_next_version():
    peer, data_prep = prep(ok({"id": "b0c1", "version": "3"}))

    assert data_prep.replace_mapping_set("b0c1", BODY).version == 3
    assert peer.paths == [f"PUT {BASE}/mappingSets/b0c1"]


@pytest.mark.parametrize(
    "row",
    [
        {"outputSchema": {"schemaRef": {"id": "s", "contentType": "c"}}},
        {"xdmSchema": "s", "xdmVersion": "c"},
    ],
    ids=["modern", "legacy"],
)
def test_mapping_set(row):
    peer, data_prep = prep(ok({"id": "b0c1", "version": "2", "createdDate": 1785000300000, **row}))

    found = data_prep.mapping_set("b0c1", 2)

    assert (found.id, found.version, found.schema_id, found.schema_content_type) == (
        "b0c1",
        2,
        "s",
        "c",
    )
    assert found.created_at.year == 2026
    assert peer.paths == [f"GET {BASE}/mappingSets/b0c1?version=2"]


def test_mapping_sets_by_name():
    rows = [{"id": "1", "name": "m"}, {"id": "2", "name": "m2"}]
    peer, data_prep = prep(
        ok({"data": rows, "_page": {"count": 0, "limit": 100}}), ok({"data": []})
    )

    assert [row.id for row in data_prep.mapping_sets("m")] == ["1"]
    assert peer.query(0) == [
        ("name", "m"),
        ("orderBy", "-createdDate"),
        ("limit", "100"),
        ("start", "0"),
    ]


def test_mapping_sets_by_a_name_that_filters_misread():
    _, data_prep = prep(
        ok({"data": []}), ok({"data": [{"id": "1", "name": "a, b"}]}), ok({"data": []})
    )

    assert [row.id for row in data_prep.mapping_sets("a, b")] == ["1"]


# --- validate -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param({"validationResponse": [GOOD, BAD]}, [OK, FAILED], id="by index"),
        pytest.param([GOOD, BAD], [OK, FAILED], id="bare list"),
        pytest.param(
            {"validationResponse": [{"status": "success"}, {"status": "Failed"}]},
            [OK, MappingCheck(ok=False, errors=("AEP gives no reason.",))],
            id="letter case, no reason",
        ),
        pytest.param({"validationResponse": [BAD]}, [OK, FAILED], id="failures only"),
        pytest.param({"validationResponse": []}, [OK, OK], id="nothing to say"),
        pytest.param(
            {"validationResponse": [{"errors": ["text", "none"]}, {"errors": []}]},
            [MappingCheck(ok=False, errors=("text",)), OK],
            id="no status",
        ),
        pytest.param(
            {"validationResponse": [{"status": "FAILED", "errors": [{"exception": "x"}]}]},
            [MappingCheck(ok=False, errors=("x",))] * 2,
            id="a failure that names no row is everyone's",
        ),
    ],
)
def test_validate(answer, expected):
    peer, data_prep = prep(ok(answer))

    assert data_prep.validate(BODY) == expected
    assert peer.paths == [f"POST {BASE}/mappingSets/validate"]
    assert peer.body() == BODY


def test_validate_is_a_read_and_asked_again():
    peer, data_prep = prep(problem(503), ok({"validationResponse": [GOOD, GOOD]}))

    assert data_prep.validate(BODY) == [OK, OK]
    assert len(peer.requests) == 2


@pytest.mark.parametrize("answer", [None, {}, "x", {"validationResponse": None}])
def test_validate_without_verdict(answer):
    with pytest.raises(MalformedAnswer):
        prep(ok(answer))[1].validate(BODY)


# --- preview --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(
            [
                {"data": {"_id": "1"}, "errors": None},
                {"data": None, "errors": [{"message": "bad"}]},
            ],
            [({"_id": "1"}, ()), ({}, ("bad",))],
            id="array",
        ),
        pytest.param({"data": {"_id": "1"}, "errors": []}, [({"_id": "1"}, ())], id="one object"),
        pytest.param(
            {"data": [{"_id": "1"}, {"_id": "2"}]},
            [({"_id": "1"}, ()), ({"_id": "2"}, ())],
            id="rows",
        ),
        pytest.param([{"_id": "1"}], [({"_id": "1"}, ())], id="bare rows"),
        pytest.param([], [], id="none"),
    ],
)
def test_preview(answer, expected):
    peer, data_prep = prep(ok(answer))

    rows = data_prep.preview([{"Id": "1"}], BODY)

    assert [(row.data, row.errors) for row in rows] == expected
    assert peer.body() == {"data": [{"Id": "1"}], "mappingSet": BODY}


def test_preview_rows_do_not_show_customer_data():
    row = prep(ok([{"data": {"mail": "a@b.example"}}]))[1].preview([{}], BODY)[0]

    assert "a@b" not in repr(row)


# --- expressions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"validationStatus": "succeeded", "error": "none"}, ExpressionCheck(ok=True)),
        ({"validationStatus": "SUCCEEDED"}, ExpressionCheck(ok=True)),
        (
            {"validationStatus": "failed", "error": "col 3"},
            ExpressionCheck(ok=False, error="col 3"),
        ),
        (True, ExpressionCheck(ok=True)),
        (False, ExpressionCheck(ok=False, error="AEP can't read the expression.")),
        ("true", ExpressionCheck(ok=True)),
        ({"result": True}, ExpressionCheck(ok=True)),
        ({"valid": "false", "message": "m"}, ExpressionCheck(ok=False, error="m")),
    ],
)
def test_validate_expression(answer, expected):
    peer, data_prep = prep(ok(answer))

    assert data_prep.validate_expression("upper(Id)") == expected
    assert peer.body() == {"expression": "upper(Id)"}


def test_validate_expression_that_is_refused_with_400():
    check = prep(problem(400, "", "unexpected token"))[1].validate_expression("upper(")

    assert check == ExpressionCheck(ok=False, error="unexpected token")


def test_validate_expression_with_a_sample():
    peer, data_prep = prep(ok(True))

    data_prep.validate_expression("a", {"a": "é"})

    body = peer.body()
    assert (json.loads(body["sampleData"]), body["sampleDataType"]) == ({"a": "é"}, "json")


def test_validate_expression_does_not_hide_failures():
    with pytest.raises(ServerError):
        prep(problem(500))[1].validate_expression("a")


@pytest.mark.parametrize(
    "answer",
    [
        [{"function": "upper", "category": "string"}, {"x": 1}],
        {"data": [{"function": "upper", "category": "string"}]},
    ],
)
def test_functions(answer):
    peer, data_prep = prep(ok(answer))

    assert [(f.name, f.category) for f in data_prep.functions()] == [("upper", "string")]
    assert peer.paths == [f"GET {BASE}/languages/el/functions"]


def test_operators():
    _, data_prep = prep(ok(["+", {"operator": "-"}]))

    assert [f.name for f in data_prep.operators()] == ["+", "-"]
