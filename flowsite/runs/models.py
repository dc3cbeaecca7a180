"""The local cache of dataflows and their runs. AEP is the truth; ``ingest`` keeps this current."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from flowsite.core.leases import Leasable


class RunState(models.TextChoices):
    """States shown; ``raw_state`` keeps AEP's own word."""

    SUCCESS = "success", "Success"
    PARTIAL = "partial", "Partial success"
    FAILED = "failed", "Failed"
    IN_PROGRESS = "in_progress", "In progress"
    SCHEDULED = "scheduled", "Scheduled"
    QUEUED = "queued", "Queued"


FINISHED = (RunState.SUCCESS, RunState.PARTIAL, RunState.FAILED)


class Dataflow(models.Model):
    """A flow in a sandbox, with what the board prints kept on the row."""

    team = models.ForeignKey("people.Team", null=True, blank=True, on_delete=models.SET_NULL)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    sandbox = models.ForeignKey("credentials.Sandbox", on_delete=models.CASCADE)
    flow_id = models.CharField(max_length=100)
    name = models.CharField(max_length=300)
    description = models.TextField(blank=True, default="")
    #: AEP's word: enabled, disabled, updating …
    state = models.CharField(max_length=40, default="enabled")
    etag = models.CharField(max_length=200, blank=True, default="")
    flow_spec_id = models.CharField(max_length=100, blank=True, default="")
    connection_spec_id = models.CharField(max_length=100, blank=True, default="")
    connection_id = models.CharField(max_length=100, blank=True, default="")
    source_connection_id = models.CharField(max_length=100, blank=True, default="")
    target_connection_id = models.CharField(max_length=100, blank=True, default="")
    mapping_set_id = models.CharField(max_length=100, blank=True, default="")
    mapping_version = models.IntegerField(null=True, blank=True)
    dataset_id = models.CharField(max_length=100, blank=True, default="")
    dataset_name = models.CharField(max_length=300, blank=True, default="")
    #: ``scheduleParams`` with integers.
    schedule: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    #: The document and facts it was made from; empty for dataflows made elsewhere.
    definition: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    facts: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(null=True, blank=True)
    runs_supported = models.BooleanField(default=True)
    #: Not seen by AEP's lists any more: deleted, or hidden by an access label.
    missing_since = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    # What the board prints, written by ingest together with the runs.
    last_run_state = models.CharField(max_length=20, blank=True, default="")
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_finished_state = models.CharField(max_length=20, blank=True, default="")
    last_finished_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_duration_s = models.FloatField(null=True, blank=True)
    last_received = models.BigIntegerField(null=True, blank=True)
    last_ingested = models.BigIntegerField(null=True, blank=True)
    last_failed = models.BigIntegerField(null=True, blank=True)
    #: Newest first: [{"run": local key, "state": …, "at": iso time}] of the last 14 runs.
    strip: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list)
    next_expected_at = models.DateTimeField(null=True, blank=True)
    #: Raised with every visible change; the board's version stamp.
    touched_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["sandbox", "flow_id"], name="flow_once")]
        indexes = [
            models.Index(fields=["team", "last_finished_state"]),
            models.Index(fields=["team", "name"]),
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
    input_bytes = models.BigIntegerField(null=True, blank=True)
    output_bytes = models.BigIntegerField(null=True, blank=True)
    input_files = models.BigIntegerField(null=True, blank=True)
    output_files = models.BigIntegerField(null=True, blank=True)
    #: [{"code", "message", "count", "activity"}], merged from the places AEP puts them.
    errors: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list)
    #: [{"name": "copy"|"promotion", "state", "started_at", "ended_at", …}]
    activities: models.JSONField[list[dict[str, Any]]] = models.JSONField(default=list)
    batch_ids: models.JSONField[list[str]] = models.JSONField(default=list)
    #: Not found any more (an access label): marked, not deleted.
    missing_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["sandbox", "run_id"], name="run_once")]
        indexes = [
            models.Index(fields=["dataflow", "-at"]),
            models.Index(fields=["sandbox", "-at"]),
            models.Index(
                fields=["sandbox", "state"],
                condition=models.Q(state__in=["in_progress", "scheduled", "queued"]),
                name="open_runs",
            ),
        ]

    def __str__(self) -> str:
        return self.run_id


class RunHour(models.Model):
    """Hourly roll-up of a sandbox's finished runs; feeds charts and counts."""

    sandbox = models.ForeignKey("credentials.Sandbox", on_delete=models.CASCADE)
    team = models.ForeignKey("people.Team", null=True, blank=True, on_delete=models.CASCADE)
    hour = models.DateTimeField()
    success = models.IntegerField(default=0)
    partial = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    received = models.BigIntegerField(default=0)
    ingested = models.BigIntegerField(default=0)
    failed_records = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sandbox", "team", "hour"], name="run_hour_once", nulls_distinct=False
            )
        ]


class SandboxSync(Leasable):
    """Where the poller of a sandbox stands."""

    sandbox = models.OneToOneField("credentials.Sandbox", on_delete=models.CASCADE)
    due_at = models.DateTimeField(db_index=True)
    #: Runs that started up to here have been read.
    watermark = models.DateTimeField(null=True, blank=True)
    #: Flows whose ``updatedAt`` is not newer have been read.
    flows_watermark = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    error: models.JSONField[dict[str, Any] | None] = models.JSONField(null=True, blank=True)
    calls = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"sync of {self.sandbox}"
