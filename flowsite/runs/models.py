"""The local cache of dataflows and their runs. AEP is the truth; ``ingest`` keeps this current."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy

from flowsite.core.encrypted import EncryptedTextField
from flowsite.core.leases import Leasable
from flowsite.runs.boards import BoardPreference, DataflowTag, MappingEdit, SavedView

__all__ = [
    "FINISHED",
    "UNFINISHED",
    "BoardPreference",
    "Dataflow",
    "DataflowTag",
    "FlowRun",
    "FlowState",
    "IgnoredFlow",
    "KeptRows",
    "MappingEdit",
    "RunHour",
    "RunState",
    "SandboxSync",
    "SavedView",
    "WorkItem",
]


class RunState(models.TextChoices):
    """States shown; ``raw_state`` keeps AEP's own word."""

    SUCCESS = "success", gettext_lazy("Success")
    PARTIAL = "partial", gettext_lazy("Partial success")
    FAILED = "failed", gettext_lazy("Failed")
    IN_PROGRESS = "in_progress", gettext_lazy("In progress")
    SCHEDULED = "scheduled", gettext_lazy("Scheduled")
    QUEUED = "queued", gettext_lazy("Queued")


FINISHED = (RunState.SUCCESS, RunState.PARTIAL, RunState.FAILED)
UNFINISHED = (RunState.IN_PROGRESS, RunState.SCHEDULED, RunState.QUEUED)


class FlowState(models.TextChoices):
    """States of a dataflow as shown; ``raw_state`` keeps AEP's own word."""

    DRAFT = "draft", gettext_lazy("Draft")
    ENABLED = "enabled", gettext_lazy("Enabled")
    DISABLED = "disabled", gettext_lazy("Disabled")
    PROCESSING = "processing", gettext_lazy("Processing")
    ERROR = "error", gettext_lazy("Error")


class Dataflow(models.Model):
    """A flow in a sandbox, with what the board prints kept on the row.

    ``team`` is null for a dataflow made elsewhere, until somebody adopts it.
    """

    team = models.ForeignKey("people.Team", null=True, blank=True, on_delete=models.SET_NULL)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    sandbox = models.ForeignKey("credentials.Sandbox", on_delete=models.CASCADE)
    flow_id = models.CharField(max_length=100)
    name = models.CharField(max_length=300)
    description = models.TextField(blank=True, default="")
    state = models.CharField(max_length=20, choices=FlowState, default=FlowState.ENABLED)
    #: AEP's word: enabled, disabled, updating …
    raw_state = models.CharField(max_length=60, blank=True, default="")
    etag = models.CharField(max_length=200, blank=True, default="")
    flow_spec_id = models.CharField(max_length=100, blank=True, default="")
    connection_spec_id = models.CharField(max_length=100, blank=True, default="")
    connection_id = models.CharField(max_length=100, blank=True, default="")
    source_connection_id = models.CharField(max_length=100, blank=True, default="")
    target_connection_id = models.CharField(max_length=100, blank=True, default="")
    mapping_set_id = models.CharField(max_length=100, blank=True, default="")
    mapping_version = models.IntegerField(null=True, blank=True)
    dataset_id = models.CharField(max_length=100, blank=True, default="")
    # For display; the poller fills them in.
    account_name = models.CharField(max_length=300, blank=True, default="")
    dataset_name = models.CharField(max_length=300, blank=True, default="")
    #: Table, resource or path that is read.
    source_object = models.CharField(max_length=500, blank=True, default="")
    #: When the names were looked up; null: not yet.
    named_at = models.DateTimeField(null=True, blank=True)
    delta_column = models.CharField(max_length=300, blank=True, default="")
    #: ``scheduleParams`` with integers; ``startTime`` in epoch seconds.
    schedule: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    options: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    #: The document and facts it was made from; empty for dataflows made elsewhere.
    definition: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    facts: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(null=True, blank=True)
    #: Client id of the technical account that made, or last changed it.
    created_client = models.CharField(max_length=100, blank=True, default="")
    updated_client = models.CharField(max_length=100, blank=True, default="")
    #: Enabled or disabled, whatever AEP is doing at the moment; for ``drift``.
    settled_state = models.CharField(max_length=20, blank=True, default="")
    #: What was changed outside and nobody has dealt with (``drift.noted``).
    outside_change: models.JSONField[dict[str, Any] | None] = models.JSONField(
        null=True, blank=True
    )
    runs_supported = models.BooleanField(default=True)
    #: Names of its tags in order; ``DataflowTag`` has them to filter by (``tagging``).
    tags: models.JSONField[list[str]] = models.JSONField(default=list, blank=True)
    #: Not seen by AEP's lists any more: deleted, or hidden by an access label.
    missing_since = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    # How the poller looks after it.
    seen_at = models.DateTimeField(null=True, blank=True)
    #: Last looked up by itself because it was late or absent from a list.
    checked_at = models.DateTimeField(null=True, blank=True)
    #: Its own runs have to be read: it was met later than the sweep that would have shown them.
    catch_up = models.BooleanField(default=False)
    runs_read_at = models.DateTimeField(null=True, blank=True)
    #: No run is expected before: it was enabled, or its schedule changed, at that time.
    expect_from = models.DateTimeField(null=True, blank=True)

    # What the board prints, written by ingest together with the runs.
    #: Order of the board: the newest run, else the making. Never null.
    latest_at = models.DateTimeField(default=timezone.now)
    last_run_state = models.CharField(max_length=20, blank=True, default="")
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_finished_state = models.CharField(max_length=20, blank=True, default="")
    last_finished_at = models.DateTimeField(null=True, blank=True)
    #: Local key of that run.
    last_finished_run = models.BigIntegerField(null=True, blank=True)
    #: Code of that run's first error.
    last_error_code = models.CharField(max_length=60, blank=True, default="")
    #: First failure since the last outcome that was none, as far as the strip remembers.
    failing_since = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_partial_at = models.DateTimeField(null=True, blank=True)
    last_failed_at = models.DateTimeField(null=True, blank=True)
    last_duration_s = models.FloatField(null=True, blank=True)
    last_received = models.BigIntegerField(null=True, blank=True)
    last_ingested = models.BigIntegerField(null=True, blank=True)
    last_failed = models.BigIntegerField(null=True, blank=True)
    #: Newest first: [[local key, state, iso time]] of the last 14 runs.
    strip: models.JSONField[list[list[Any]]] = models.JSONField(default=list)
    next_expected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["sandbox", "flow_id"], name="flow_once")]
        indexes = [
            models.Index(fields=["sandbox", "name", "id"], name="flow_by_name"),
            models.Index(fields=["sandbox", "latest_at", "id"], name="flow_by_latest"),
            models.Index(fields=["sandbox", "last_finished_state", "name"], name="flow_by_outcome"),
            # Counted on every board: answered from the index alone.
            models.Index(
                fields=["sandbox", "last_failed_at"],
                include=["team", "deleted_at"],
                name="flow_by_failure_all",
            ),
            models.Index(
                fields=["sandbox", "next_expected_at"],
                condition=models.Q(next_expected_at__isnull=False),
                name="flow_by_expected",
            ),
            models.Index(fields=["team", "name"], name="flow_by_team"),
        ]

    def __str__(self) -> str:
        return self.name


class FlowRun(models.Model):
    """One run, as last read."""

    dataflow = models.ForeignKey(Dataflow, on_delete=models.CASCADE, related_name="runs")
    sandbox = models.ForeignKey("credentials.Sandbox", on_delete=models.CASCADE)
    run_id = models.CharField(max_length=100)
    state = models.CharField(max_length=20, choices=RunState, default=RunState.IN_PROGRESS)
    raw_state = models.CharField(max_length=60, blank=True, default="")
    #: When it started, or else when it was created: never null, so that lists can be ordered by it.
    at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(null=True, blank=True)
    window_start = models.DateTimeField(null=True, blank=True)
    window_end = models.DateTimeField(null=True, blank=True)
    # None where AEP said -1 or nothing: shown as "–", never summed.
    received = models.BigIntegerField(null=True, blank=True)
    ingested = models.BigIntegerField(null=True, blank=True)
    failed = models.BigIntegerField(null=True, blank=True)
    skipped = models.BigIntegerField(null=True, blank=True)
    deleted = models.BigIntegerField(null=True, blank=True)
    input_bytes = models.BigIntegerField(null=True, blank=True)
    output_bytes = models.BigIntegerField(null=True, blank=True)
    input_files = models.BigIntegerField(null=True, blank=True)
    output_files = models.BigIntegerField(null=True, blank=True)
    #: Code of the first error, for filters and grouping.
    error_code = models.CharField(max_length=60, blank=True, default="")
    #: [{"code", "message", "count", "activity"}], merged from the places AEP puts them.
    errors: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list)
    #: [{"kind": "copy"|"promotion", "state", "started_at", "ended_at", …}]
    activities: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list)
    batch_ids: models.JSONField[list[str]] = models.JSONField(default=list)
    parent_run_id = models.CharField(max_length=100, blank=True, default="")
    #: Not found any more (an access label): marked, not deleted.
    missing_since = models.DateTimeField(null=True, blank=True)
    #: Its refused rows are to be read and kept from then on; null: nothing to do.
    rows_wanted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["sandbox", "run_id"], name="run_once")]
        indexes = [
            models.Index(
                fields=["dataflow", "-at", "-id"],
                include=["state", "ended_at"],
                name="run_by_dataflow",
            ),
            models.Index(fields=["sandbox", "-at", "-id"], name="run_by_time"),
            models.Index(fields=["sandbox", "state", "-at", "-id"], name="run_by_state"),
            models.Index(
                fields=["sandbox", "error_code", "-at"],
                condition=models.Q(error_code__gt=""),
                name="run_by_code",
            ),
            models.Index(
                fields=["sandbox", "-at", "-id"],
                condition=models.Q(state__in=["failed", "partial"]),
                name="bad_runs",
            ),
            models.Index(
                fields=["sandbox", "at"],
                condition=models.Q(state__in=["in_progress", "scheduled", "queued"]),
                name="open_runs",
            ),
            models.Index(
                fields=["rows_wanted_at"],
                condition=models.Q(rows_wanted_at__isnull=False),
                name="rows_wanted",
            ),
        ]

    def __str__(self) -> str:
        return self.run_id

    @property
    def is_finished(self) -> bool:
        """Whether it can't change any more."""
        return self.state in FINISHED

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to end; None while either is unknown."""
        if self.started_at is None or self.ended_at is None:
            return None
        return max((self.ended_at - self.started_at).total_seconds(), 0.0)


class KeptRows(models.Model):
    """The first rows that a run refused, kept beyond Adobe's 30 days. Customer data: encrypted."""

    run = models.OneToOneField(FlowRun, on_delete=models.CASCADE, related_name="kept_rows")
    #: JSON: [{"errors": [[code, message]], "values": {…}}].
    rows = EncryptedTextField()
    count = models.PositiveIntegerField()
    #: There were more than we keep.
    more = models.BooleanField(default=False)
    kept_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.count} rows of {self.run}"


class RunHour(models.Model):
    """Hourly roll-up of a sandbox's runs by the hour of ``FlowRun.at``; feeds charts and counts."""

    sandbox = models.ForeignKey("credentials.Sandbox", on_delete=models.CASCADE)
    team = models.ForeignKey("people.Team", null=True, blank=True, on_delete=models.CASCADE)
    hour = models.DateTimeField()
    success = models.IntegerField(default=0)
    partial = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    unfinished = models.IntegerField(default=0)
    received = models.BigIntegerField(default=0)
    ingested = models.BigIntegerField(default=0)
    failed_records = models.BigIntegerField(default=0)

    class Meta:
        # Two constraints, because SQLite holds nulls apart.
        constraints = [
            models.UniqueConstraint(fields=["sandbox", "hour", "team"], name="run_hour_once"),
            models.UniqueConstraint(
                fields=["sandbox", "hour"],
                condition=models.Q(team__isnull=True),
                name="run_hour_once_unowned",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}"


class IgnoredFlow(models.Model):
    """A flow whose runs are not kept: it brings nothing in, or can't be read."""

    sandbox = models.ForeignKey("credentials.Sandbox", on_delete=models.CASCADE)
    flow_id = models.CharField(max_length=100)
    #: ``destination`` or ``hidden``; hidden ones are looked up again now and then.
    reason = models.CharField(max_length=20)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sandbox", "flow_id"], name="ignored_once")]

    def __str__(self) -> str:
        return self.flow_id


class WorkItem(models.Model):
    """What people have said about one cause: failures of one code through one account.

    The item itself is no row: it exists while a dataflow of that cause fails. The poller deletes
    what was said about causes that are gone, so that a later outage begins anew.
    """

    team = models.ForeignKey("people.Team", on_delete=models.CASCADE)
    sandbox = models.ForeignKey("credentials.Sandbox", on_delete=models.CASCADE)
    code = models.CharField(max_length=60, blank=True)
    connection_id = models.CharField(max_length=100, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    note = models.TextField(blank=True, default="")
    #: Somebody has seen it; by whom and when.
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    seen_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "sandbox", "code", "connection_id"], name="work_item_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code or 'no code'} through {self.connection_id or 'no account'}"


class SandboxSync(Leasable):
    """Where the poller of a sandbox stands. Times come from AEP's answers, except where noted."""

    sandbox = models.OneToOneField("credentials.Sandbox", on_delete=models.CASCADE)
    due_at = models.DateTimeField(db_index=True)
    #: When a worker was last called for it (our clock).
    woken_at = models.DateTimeField(null=True, blank=True)
    #: Somebody wants a cycle that begins after this (our clock), dataflows included.
    asked_at = models.DateTimeField(null=True, blank=True)
    #: Newest ``createdAt`` of a run: everything older has been read or lies in ``backlog``.
    watermark = models.DateTimeField(null=True, blank=True)
    #: Dataflows whose ``updatedAt`` is older have been read.
    flows_watermark = models.DateTimeField(null=True, blank=True)
    #: An unfinished reading of dataflows: {"top": iso, "floor": iso, "started": iso}.
    flows_progress: models.JSONField[dict[str, str]] = models.JSONField(default=dict)
    #: Last reading of dataflows, and last one of all of them (our clock).
    flows_read_at = models.DateTimeField(null=True, blank=True)
    flows_complete_at = models.DateTimeField(null=True, blank=True)
    #: Closed windows of run times still to be read, newest first: [[from iso, to iso]].
    backlog: models.JSONField[list[list[str]]] = models.JSONField(default=list)
    #: Length of the next piece of the backlog.
    backlog_step_s = models.FloatField(default=86400)
    #: Filters that AEP refused: {name: iso time (our clock)}; tried again after a day.
    refusals: models.JSONField[dict[str, str]] = models.JSONField(default=dict)
    open_checked_at = models.DateTimeField(null=True, blank=True)
    credential = models.ForeignKey(
        "credentials.Credential", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    succeeded_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    #: {"message", "code", "request_id", "cause", "whose_turn", "remedy"} of the last failure.
    error: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    calls = models.BigIntegerField(default=0)
    #: Calls for refused rows, counted apart; when a worker was last called for them (our clock).
    row_calls = models.BigIntegerField(default=0)
    rows_woken_at = models.DateTimeField(null=True, blank=True)
    runs_read = models.BigIntegerField(default=0)
    #: Raised with every visible change; the board's version stamp.
    version = models.BigIntegerField(default=0)
    #: Dataflows by team (""; adopted by nobody) and what the chips say: {team: {state: n}}.
    counts: models.JSONField[dict[str, dict[str, int]]] = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"sync of {self.sandbox}"
