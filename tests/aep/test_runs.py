from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flowsite.aep.errors import BadRequest
from flowsite.aep.flow_service import RunError
from flowsite.aep.flow_service.pages import run_pages
from flowsite.aep.flow_service.runs import merge_errors, read_run

from .peer import Peer, ok, problem

BASE = "/data/foundation/flowservice"
SAMPLE = {
    "id": "r-1",
    "flowId": "f-1",
    "createdAt": 1785000300000,
    "updatedAt": 1785000360000,
    "etag": '"e"',
    "metrics": {
        "durationSummary": {"startedAtUTC": 1785000301000, "completedAtUTC": 1785000355000},
        "sizeSummary": {"inputBytes": 1200, "outputBytes": 5300},
        "recordSummary": {
            "inputRecordCount": 20,
            "outputRecordCount": 18,
            "createdRecordCount": 18,
            "failedRecordCount": 2,
            "failedInfo": [{"code": "MAPPER-3700-400", "message": "bad date", "count": 2}],
        },
        "fileSummary": {"inputFileCount": 1, "outputFileCount": 1},
        "statusSummary": {
            "status": "success",
            "errors": [{"code": "INGEST-1212-400", "message": "some rows"}],
        },
    },
    "activities": [
        {
            "id": "copyActivity",
            "durationSummary": {
                "startedAtUTC": 1785000301000,
                "completedAtUTC": 1785000330000,
                "extensions": {"windowStart": 1784996700000, "windowEnd": 1785000300000},
            },
            "statusSummary": {"status": "success"},
            "sourceInfo": [{"id": "s-1"}],
        },
        {
            "id": "promotionActivity",
            "fileSummary": {"extensions": {"manifest": {"fileInfo": "https://x/batches/01H/meta"}}},
            "statusSummary": {
                "status": "success",
                "errors": [{"code": "ingest-1212-400", "message": "some rows "}],
                "extensions": {
                    "manifest": {"failedRecords": "https://x/f", "sampleErrors": "https://x/s"},
                    "errors": [
                        {"code": "MAPPER-3700-400", "message": "bad date", "recordCount": 2}
                    ],
                },
            },
            "targetInfo": [{"reference": {"type": "Batch", "ids": ["01H", "01J"]}}],
        },
    ],
}


def at(second):
    return datetime.fromtimestamp(second, UTC)


def test_the_documented_run():
    run = read_run(SAMPLE)

    assert (run.id, run.flow_id, run.state_raw, run.run_state) == (
        "r-1",
        "f-1",
        "success",
        "partial",
    )
    assert (run.started_at, run.completed_at) == (at(1785000301), at(1785000355))
    assert (run.window_start, run.window_end) == (at(1784996700), at(1785000300))
    assert (run.input_records, run.output_records, run.failed_records) == (20, 18, 2)
    assert (run.input_bytes, run.output_bytes, run.input_files, run.output_files) == (
        1200,
        5300,
        1,
        1,
    )
    assert run.batch_ids == ("01H", "01J")
    assert [a.kind for a in run.activities] == ["copy", "promotion"]
    assert run.activities[1].sample_errors_url == "https://x/s"
    assert run.activities[1].input_files_url == "https://x/batches/01H/meta"


def test_errors_from_all_places_come_once():
    assert read_run(SAMPLE).errors == (
        RunError(code="INGEST-1212-400", message="some rows", activity="promotion"),
        RunError(code="MAPPER-3700-400", message="bad date", count=2, activity="promotion"),
    )


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ([[RunError(code="A")], [RunError(code="A", message="m")]], [("A", "m", None)]),
        (
            [[RunError(code="A")], [RunError(code="B", message="m")]],
            [("A", "", None), ("B", "m", None)],
        ),
        ([[RunError(message="m")], [RunError(message="m", count=3)]], [("", "m", 3)]),
        ([[RunError()], []], []),
        (
            [
                [RunError(code="A", message="m", count=0)],
                [RunError(code="A", message="m", count=3)],
            ],
            [("A", "m", 0)],
        ),
    ],
)
def test_merge_errors(lists, expected):
    assert [(e.code, e.message, e.count) for e in merge_errors(*lists)] == expected


def run_with(**metrics):
    return read_run({"id": "r", "metrics": metrics})


@pytest.mark.parametrize(
    ("status", "records", "expected", "finished"),
    [
        ("success", {}, "success", True),
        ("Success", {"failedRecordCount": 0}, "success", True),
        ("SUCCESS", {"failedRecordCount": "3"}, "partial", True),
        ("success", {"failedRecordCount": -1}, "success", True),
        ("completed", {}, "success", True),
        ("partial_success", {}, "partial", True),
        ("Partial Success", {}, "partial", True),
        ("failed", {}, "failed", True),
        ("Failed", {}, "failed", True),
        ("FAILURE", {}, "failed", True),
        ("cancelled", {}, "failed", True),
        ("inProgress", {}, "in_progress", False),
        ("Processing", {}, "in_progress", False),
        ("Waiting", {}, "queued", False),
        ("queued", {}, "queued", False),
        ("scheduled", {}, "scheduled", False),
        ("teleporting", {}, "in_progress", False),
        (None, {}, "in_progress", False),
    ],
)
def test_state(status, records, expected, finished):
    run = run_with(statusSummary={"status": status}, recordSummary=records)

    assert (run.run_state, run.is_finished) == (expected, finished)


def test_a_success_with_errors_is_partial():
    run = run_with(statusSummary={"status": "success", "errors": [{"code": "INGEST-1212-400"}]})

    assert run.run_state == "partial"


@pytest.mark.parametrize(
    "row",
    [
        {"state": "Failed"},
        {"status": "failed"},
        {"status": {"value": "FAILED"}},
        {"metrics": {"statusSummary": {"status": "failed"}}, "state": "active"},
    ],
)
def test_the_status_in_other_places(row):
    assert read_run(row).run_state == "failed"


def test_unknown_counters_are_none():
    run = run_with(
        recordSummary={
            "inputRecordCount": -1,
            "outputRecordCount": "-1",
            "failedRecordCount": None,
        },
        sizeSummary={"inputBytes": "12"},
        durationSummary={"startedAtUTC": "1785000301000", "completedAtUTC": 0},
    )

    assert (run.input_records, run.output_records, run.failed_records) == (None, None, None)
    assert (run.input_bytes, run.output_bytes) == (12, None)
    assert (run.started_at, run.completed_at) == (at(1785000301), None)


def test_other_spellings():
    row = {
        "id": "r",
        "eTag": '"x"',
        "activites": [
            {
                "id": "0b1c",
                "targetInfo": [{"reference": [{"type": "BATCH", "ids": "01H"}]}, None, "x"],
                "fileSummary": {"extensions": {"manifest": {"fileInfo": [{"path": "p"}]}}},
                "recordSummary": {"failedInfo": [{"code": "A", "message": "m", "count": 1}]},
            },
            {"id": "0b1d", "sourceInfo": [{}]},
            {"id": "0b1e"},
        ],
        "params": {"windowStartTime": "1784900000", "windowEndTime": 1784990000},
    }

    run = read_run(row)

    assert (run.etag, run.batch_ids) == ('"x"', ("01H",))
    assert [a.kind for a in run.activities] == ["promotion", "copy", ""]
    assert run.activities[0].input_files_url == "p"
    assert [(e.code, e.count, e.activity) for e in run.errors] == [("A", 1, "promotion")]
    assert (run.window_start, run.window_end) == (at(1784900000), at(1784990000))


def test_an_empty_run():
    run = read_run({"id": "r"})

    assert (run.activities, run.errors, run.batch_ids, run.started_at) == ((), (), (), None)


# --- calls ----------------------------------------------------------------------------------------


def service(*answers):
    peer = Peer(*answers)
    return peer, peer.platform().flow_service


def test_runs_of_a_flow():
    peer, flow_service = service(ok({"items": [SAMPLE], "_links": {}}))

    runs = list(flow_service.runs([("flowId", "==", "f-1")]))

    assert [run.id for run in runs] == ["r-1"]
    assert peer.paths == [f"GET {BASE}/runs?property=flowId%3D%3Df-1&orderby=-createdAt&limit=100"]


def test_runs_by_time():
    peer, flow_service = service(ok({"items": []}))

    list(flow_service.runs([("metrics.durationSummary.startedAtUTC", ">", 1785000300000)]))

    assert peer.query()[0] == (
        "property",
        "metrics.durationSummary.startedAtUTC>1785000300000",
    )


def test_run_pages():
    _, flow_service = service(ok({"items": [SAMPLE], "_links": {}}))

    pages = list(run_pages(flow_service, limit=1))

    assert [([run.id for run in page.rows], page.has_next, page.is_full) for page in pages] == [
        (["r-1"], False, True)
    ]


def ids_asked(peer):
    return [
        dict(peer.query(n))["property"].removeprefix("id==").split(",")
        for n in range(len(peer.requests))
    ]


def test_runs_by_id_come_in_lists_of_fifty():
    ids = [f"r-{n}" for n in range(120)]
    peer = Peer(handler=lambda r: ok({"items": [{"id": "r-7"}, {"id": "foreign"}]}))

    found = [run.id for run in peer.platform().flow_service.runs_by_id([*ids, "r-7"])]

    assert [len(asked) for asked in ids_asked(peer)] == [50, 50, 20]
    assert found == ["r-7"]


def test_a_list_that_is_too_long_is_halved():
    def answer(request):
        asked = dict(request.url.params.multi_items())["property"].removeprefix("id==").split(",")
        if len(asked) > 3:
            return problem(414)
        return ok({"items": [{"id": one} for one in asked]})

    peer = Peer(handler=answer)
    ids = [f"r-{n}" for n in range(10)]

    assert [run.id for run in peer.platform().flow_service.runs_by_id(ids)] == ids


def test_one_id_that_is_refused_is_an_error():
    with pytest.raises(BadRequest):
        list(service(problem(400))[1].runs_by_id(["r-1"]))


@pytest.mark.parametrize(
    "body",
    [
        {"items": [{"id": "r-2", "etag": '"e"'}]},
        {"id": "r-2", "etag": '"e"'},
        {"id": "r-2", "etag": '"e"', "status": {"value": "scheduled"}},
    ],
)
def test_create_run(body):
    peer, flow_service = service(ok(body, 201))

    created = flow_service.create_run({"flowId": "f-1", "params": {"startTime": 1785000000}})

    assert (created.id, created.etag) == ("r-2", '"e"')
    assert peer.paths == [f"POST {BASE}/runs"]


def test_retry_run():
    peer, flow_service = service(ok({"id": "r-3"}))

    assert flow_service.retry_run("r-1").id == "r-3"
    assert peer.paths == [f"POST {BASE}/runs/r-1/action?op=re-trigger"]
