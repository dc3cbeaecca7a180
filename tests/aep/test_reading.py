from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsite.aep import reading
from flowsite.aep.catalog import _batch, _dataset
from flowsite.aep.data_prep import ElFunction, _mapping_set, _verdict
from flowsite.aep.error_bodies import error_for
from flowsite.aep.errors import AepError
from flowsite.aep.flow_service.connections import (
    _connection,
    _source_connection,
    _target_connection,
)
from flowsite.aep.flow_service.explore import explored
from flowsite.aep.flow_service.flows import _flow
from flowsite.aep.flow_service.runs import read_run
from flowsite.aep.flow_service.specs import _connection_spec, _flow_spec
from flowsite.aep.registry import FullSchema, SchemaSummary
from flowsite.aep.sandboxes import SandboxInfo

MOMENT = datetime(2026, 7, 25, 17, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(1785000300000, MOMENT, id="milliseconds"),
        pytest.param(1785000300, MOMENT, id="seconds"),
        pytest.param("1785000300000", MOMENT, id="milliseconds as text"),
        pytest.param("1785000300", MOMENT, id="seconds as text"),
        pytest.param(1785000300000.0, MOMENT, id="a float"),
        pytest.param("2026-07-25T17:25:00Z", MOMENT, id="ISO"),
        pytest.param("2026-07-25 17:25:00", MOMENT, id="sandbox style"),
        pytest.param("2026-07-25T19:25:00+02:00", MOMENT, id="another zone"),
        pytest.param(MOMENT, MOMENT, id="a time"),
        pytest.param(1567411548, datetime(2019, 9, 2, 8, 5, 48, tzinfo=UTC), id="the tutorial's"),
        pytest.param(0, None, id="0 is not yet"),
        pytest.param(-1, None, id="-1 is unknown"),
        pytest.param(None, None, id="absent"),
        pytest.param("", None, id="empty"),
        pytest.param("soon", None, id="words"),
        pytest.param(True, None, id="a boolean"),
        pytest.param(10**30, None, id="absurd"),
        pytest.param([1], None, id="a list"),
    ],
)
def test_moment(value, expected):
    assert reading.as_moment(value) == expected


def test_moments_are_aware():
    assert reading.as_moment(datetime(2026, 1, 1)).tzinfo is UTC
    assert reading.as_moment("2026-01-01T00:00:00+01:00").utcoffset() == timedelta(hours=1)
    zone = timezone(timedelta(hours=3))
    assert reading.as_moment(datetime(2026, 1, 1, tzinfo=zone)).tzinfo is zone


@pytest.mark.parametrize(
    ("value", "number", "count"),
    [
        (30, 30, 30),
        ("30", 30, 30),
        (" 30 ", 30, 30),
        ("30.0", 30, 30),
        (30.0, 30, 30),
        (0, 0, 0),
        (-1, -1, None),
        ("-1", -1, None),
        (None, None, None),
        ("", None, None),
        ("n/a", None, None),
        (True, None, None),
        ([], None, None),
        (float("nan"), None, None),
        (float("inf"), None, None),
        ("9" * 50, None, None),
        (2**63, 2**63, None),
    ],
)
def test_numbers(value, number, count):
    assert (reading.as_int(value), reading.as_count(value)) == (number, count)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("true", True),
        ("TRUE", True),
        ("1", True),
        ("false", False),
        ("", False),
        (None, False),
        (1, True),
    ],
)
def test_flags(value, expected):
    assert reading.as_flag(value) is expected


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({"items": [{"id": "1"}]}, ["1"]),
        ({"results": [{"id": "1"}, "x", None]}, ["1"]),
        ({"items": {"id": "1"}}, ["1"]),
        ({"items": None}, []),
        ([{"id": "1"}], ["1"]),
        ({"id": "1"}, ["1"]),
        ({}, []),
        (None, []),
        ("x", []),
    ],
)
def test_rows_of(body, ids):
    assert [row["id"] for row in reading.rows_of(body, "items", "results")] == ids


def test_repr_names_the_object_only():
    flow = _flow({"id": "1", "name": "n", "state": "enabled", "secretThing": "hunter2"})

    assert repr(flow) == "Flow(id='1', name='n', state='enabled')"
    assert flow.secretThing == "hunter2"


#: What readers look for, so that odd values stand where they look.
INNER = """
id name state etag version createdAt metrics recordSummary failedRecordCount activities title
statusSummary errors code message targetInfo reference type ids extensions manifest status items
durationSummary startedAtUTC authSpec spec sourceSpec exploreSpec attributes params report data
uiAttributes transformations scheduleParams startTime flowSpec tags schemaRef raw schema columns
properties lastRunDetails labels
"""
OUTER = """
id name state metrics activities activites transformations inheritedAttributes tags auth status
schemaRef relatedObjects params data connectionSpec authSpec sourceSpec exploreSpec flowSpec $id
transformationSpec scheduleSpec lastOperation mappings outputSchema meta:immutableTags labels
sourceConnectionIds model_config raw error_code report
"""
ODD_TEXTS = ["-1", "1785000300000", "true", "failed", "Batch"]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(ODD_TEXTS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(INNER.split()) | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.sampled_from(OUTER.split()), JSON, max_size=8)
READERS = [
    _flow,
    read_run,
    _connection,
    _source_connection,
    _target_connection,
    _connection_spec,
    _flow_spec,
    _dataset,
    _batch,
    _mapping_set,
    _verdict,
    explored,
    SandboxInfo.read,
    SchemaSummary.read,
    FullSchema.read,
    ElFunction.read,
]


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__qualname__)
@settings(max_examples=60, deadline=None)
@given(row=OBJECTS)
def test_no_answer_is_too_odd(read, row):
    value = read(row)

    repr(value)
    for name in ("state", "run_state", "is_settled", "operation_is_over", "kind", "has_copy"):
        getattr(value, name, None)


@settings(max_examples=100, deadline=None)
@given(body=JSON, status=st.integers(300, 599))
def test_no_error_body_is_too_odd(body, status):
    error = error_for(status, {}, json.dumps(body).encode())

    assert isinstance(error, AepError)
    assert error.explanation.cause
    assert "\n" not in str(error)
