"""Dataflow runs (API contract, section 8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from flowsite.aep.errors import BadRequest
from flowsite.aep.filters import Filter
from flowsite.aep.flow_service.base import Entity, FlowServicePart
from flowsite.aep.reading import (
    Created,
    as_count,
    as_mapping,
    as_moment,
    as_objects,
    as_text,
    as_texts,
    dig,
    first,
)

#: About 2 kB of query.
IDS_PER_CALL = 50
RunState = Literal["success", "partial", "failed", "in_progress", "scheduled", "queued"]

_SUCCESS = frozenset({"success", "succeeded", "completed", "complete"})
_PARTIAL = frozenset({"partial_success", "partialsuccess", "partial", "completed_with_errors"})
_FAILED = frozenset(
    {"failed", "failure", "error", "cancelled", "canceled", "aborted", "timed_out", "timedout"}
)
_SCHEDULED = frozenset({"scheduled"})
_QUEUED = frozenset({"queued", "waiting", "pending"})


class RunError(BaseModel):
    """One cause, with how many records it cost (None: AEP does not say)."""

    model_config = ConfigDict(frozen=True)

    code: str = ""
    message: str = ""
    count: int | None = None
    #: ``copy``, ``promotion`` or empty.
    activity: str = ""


class Activity(BaseModel):
    """Copy (source to staging) or promotion (staging to data lake, with mapping)."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    name: str = ""
    #: ``copy``, ``promotion`` or empty when neither id nor name tells.
    kind: str = ""
    state_raw: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    window_start: datetime | None = None
    window_end: datetime | None = None
    input_bytes: int | None = None
    output_bytes: int | None = None
    input_files: int | None = None
    output_files: int | None = None
    input_records: int | None = None
    output_records: int | None = None
    failed_records: int | None = None
    #: Addresses in AEP; handed to ``data_access``, never fetched as they are.
    failed_records_url: str = ""
    sample_errors_url: str = ""
    input_files_url: str = ""
    errors: tuple[RunError, ...] = ()


class Run(Entity):
    """A run. Counters that AEP does not know (-1, absent) are None."""

    flow_id: str = ""
    started_at: datetime | None = None
    completed_at: datetime | None = None
    window_start: datetime | None = None
    window_end: datetime | None = None
    input_records: int | None = None
    output_records: int | None = None
    created_records: int | None = None
    updated_records: int | None = None
    failed_records: int | None = None
    skipped_records: int | None = None
    deleted_records: int | None = None
    warning_records: int | None = None
    input_bytes: int | None = None
    output_bytes: int | None = None
    input_files: int | None = None
    output_files: int | None = None
    activities: tuple[Activity, ...] = ()
    errors: tuple[RunError, ...] = ()
    batch_ids: tuple[str, ...] = ()
    parent_run_id: str = ""
    params: dict[str, Any] = Field(default_factory=dict)

    @property
    def run_state(self) -> RunState:
        """The state shown; a word that nobody documents counts as in progress."""
        return run_state(self.state_raw, self.failed_records, self.errors)

    @property
    def is_finished(self) -> bool:
        """Whether it can't change any more."""
        return self.run_state in {"success", "partial", "failed"}


def run_state(raw: str, failed_records: int | None, errors: Sequence[RunError]) -> RunState:
    """AEP's word, compared without case; a success that lost rows is ``partial``."""
    word = raw.strip().lower().replace(" ", "_").replace("-", "_")
    if word in _PARTIAL:
        return "partial"
    if word in _SUCCESS:
        return "partial" if failed_records or errors else "success"
    if word in _FAILED:
        return "failed"
    if word in _SCHEDULED:
        return "scheduled"
    return "queued" if word in _QUEUED else "in_progress"


class Runs(FlowServicePart):
    """Runs: read, start on demand, retry."""

    def runs(
        self,
        filters: Sequence[Filter] = (),
        orderby: str | None = "-createdAt",
        limit: int = 100,
    ) -> Iterator[Run]:
        """Runs of the sandbox or, with ``("flowId", "==", id)``, of one dataflow; all pages.

        ``limit`` is the page size. A page can repeat a run of the one before while runs arrive.
        """
        for row in self._rows("runs", filters, orderby, limit):
            yield read_run(row)

    def run(self, identifier: str) -> Run:
        """One run. NotFound also when an access label hides it."""
        return read_run(self._one("runs", identifier))

    def runs_by_id(self, identifiers: Sequence[str]) -> Iterator[Run]:
        """Runs by their ids, many in one call; ids that are gone or hidden are left out.

        The length of such a list is undocumented: one that AEP refuses is halved.
        """
        ids = list(dict.fromkeys(identifiers))
        for start in range(0, len(ids), IDS_PER_CALL):
            yield from self._by_id(ids[start : start + IDS_PER_CALL])

    def _by_id(self, ids: list[str]) -> Iterator[Run]:
        try:
            found = list(self.runs([("id", "==", ",".join(ids))], orderby=None))
        except BadRequest:
            if len(ids) == 1:
                raise
            middle = len(ids) // 2
            yield from self._by_id(ids[:middle])
            yield from self._by_id(ids[middle:])
        else:
            wanted = set(ids)
            yield from (run for run in found if run.id in wanted)

    def create_run(self, body: Mapping[str, Any]) -> Created:
        """Starts a one-time dataflow on demand; times in epoch seconds."""
        return self._create("runs", body)

    def retry_run(self, identifier: str) -> Created:
        """Starts a new run over the window of a failed one. Not idempotent."""
        return self._action("runs", identifier, "re-trigger")


def read_run(row: Mapping[str, Any]) -> Run:
    """A run out of AEP's answer; any part may be missing."""
    metrics = as_mapping(row.get("metrics"))
    records = as_mapping(metrics.get("recordSummary"))
    activities = tuple(map(_activity, as_objects(first(row, "activities", "activites"))))
    params = as_mapping(row.get("params"))
    copied = next((item for item in activities if item.window_start), Activity())
    duration = as_mapping(metrics.get("durationSummary"))
    own: dict[str, Any] = {
        "flow_id": as_text(first(row, "flowId", "flowid")),
        "state_raw": _status_word(row, metrics),
        "started_at": as_moment(duration.get("startedAtUTC")),
        "completed_at": as_moment(duration.get("completedAtUTC")),
        "window_start": copied.window_start or as_moment(params.get("windowStartTime")),
        "window_end": copied.window_end or as_moment(params.get("windowEndTime")),
        "activities": activities,
        "errors": merge_errors(
            _errors_in(dig(metrics, "statusSummary", "errors")),
            *(item.errors for item in activities),
            _errors_in(records.get("failedInfo")),
        ),
        "batch_ids": _batch_ids(row),
        "parent_run_id": as_text(row.get("parentFlowRunId")),
        "params": params,
    }
    own |= {name: as_count(records.get(key)) for name, key in _RECORD_COUNTERS.items()}
    own |= _sizes(metrics)
    return Run.read(row, **own)


_RECORD_COUNTERS = {
    "input_records": "inputRecordCount",
    "output_records": "outputRecordCount",
    "created_records": "createdRecordCount",
    "updated_records": "updatedRecordCount",
    "failed_records": "failedRecordCount",
    "skipped_records": "skippedRecordCount",
    "deleted_records": "deletedRecordCount",
    "warning_records": "warningRecordCount",
}


def _sizes(part: Mapping[str, Any]) -> dict[str, int | None]:
    return {
        "input_bytes": as_count(dig(part, "sizeSummary", "inputBytes")),
        "output_bytes": as_count(dig(part, "sizeSummary", "outputBytes")),
        "input_files": as_count(dig(part, "fileSummary", "inputFileCount")),
        "output_files": as_count(dig(part, "fileSummary", "outputFileCount")),
    }


def _status_word(row: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    """``metrics.statusSummary.status``, or where older answers have the word."""
    status = row.get("status")
    found = first(
        {
            "summary": dig(part, "statusSummary", "status"),
            "state": row.get("state"),
            "status": status.get("value") if isinstance(status, Mapping) else status,
        },
        "summary",
        "state",
        "status",
    )
    return as_text(found)


def _activity(row: Mapping[str, Any]) -> Activity:
    summary = as_mapping(row.get("statusSummary"))
    manifest = as_mapping(dig(summary, "extensions", "manifest"))
    duration = as_mapping(row.get("durationSummary"))
    kind = _kind(row)
    return Activity(
        id=as_text(row.get("id")),
        name=as_text(row.get("name")),
        kind=kind,
        state_raw=as_text(summary.get("status")),
        started_at=as_moment(duration.get("startedAtUTC")),
        ended_at=as_moment(duration.get("completedAtUTC")),
        window_start=as_moment(dig(duration, "extensions", "windowStart")),
        window_end=as_moment(dig(duration, "extensions", "windowEnd")),
        input_records=as_count(dig(row, "recordSummary", "inputRecordCount")),
        output_records=as_count(dig(row, "recordSummary", "outputRecordCount")),
        failed_records=as_count(dig(row, "recordSummary", "failedRecordCount")),
        failed_records_url=as_text(manifest.get("failedRecords")),
        sample_errors_url=as_text(manifest.get("sampleErrors")),
        input_files_url=_file_info(dig(row, "fileSummary", "extensions", "manifest", "fileInfo")),
        errors=merge_errors(
            _errors_in(summary.get("errors"), kind),
            _errors_in(dig(summary, "extensions", "errors"), kind),
            _errors_in(dig(row, "recordSummary", "failedInfo"), kind),
        ),
        **_sizes(row),
    )


def _kind(row: Mapping[str, Any]) -> str:
    """By id or name, else by what hangs on it: ids can be UUIDs."""
    text = f"{as_text(row.get('id'))} {as_text(row.get('name'))}".lower()
    for kind in ("copy", "promotion"):
        if kind in text:
            return kind
    if row.get("targetInfo"):
        return "promotion"
    return "copy" if row.get("sourceInfo") else ""


def _file_info(value: Any) -> str:
    """A text in samples, a list of ``{path}`` in the OpenAPI file."""
    if isinstance(value, list):
        return next((as_text(item.get("path")) for item in as_objects(value)), "")
    return as_text(value)


def _errors_in(value: Any, activity: str = "") -> list[RunError]:
    return [
        RunError(
            code=as_text(first(item, "code", "errorCode")),
            message=as_text(first(item, "message", "description", "errorMessage")),
            count=as_count(first(item, "recordCount", "count")),
            activity=activity,
        )
        for item in as_objects(value)
    ]


def merge_errors(*lists: Sequence[RunError]) -> tuple[RunError, ...]:
    """All errors once per code and message; a count or an activity from any place is kept.

    An error without words adds nothing to one of the same code that has them.
    """
    merged: dict[tuple[str, str], RunError] = {}
    for error in (error for found in lists for error in found):
        key = (error.code.upper(), error.message.strip())
        if not any(key):
            continue
        known = merged.get(key)
        if known is None:
            merged[key] = error
        else:
            merged[key] = known.model_copy(
                update={
                    "count": known.count if known.count is not None else error.count,
                    "activity": known.activity or error.activity,
                }
            )
    worded = {code for code, message in merged if message}
    return tuple(e for (code, message), e in merged.items() if message or code not in worded)


def _batch_ids(row: Mapping[str, Any]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for activity in as_objects(first(row, "activities", "activites")):
        for target in as_objects(activity.get("targetInfo")):
            for reference in as_objects(target.get("reference")):
                if as_text(reference.get("type")).lower() == "batch":
                    found |= dict.fromkeys(as_texts(first(reference, "ids", "id")))
    return tuple(found)
