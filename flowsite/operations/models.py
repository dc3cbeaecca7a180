"""How the processes are: signs of life, and counts that all of them add to."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """When something was last alive: ``beat``, or ``worker:<queue>``."""

    name = models.CharField(max_length=100, primary_key=True)
    at = models.DateTimeField()
    host = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return self.name


class Tally(models.Model):
    """Calls of one name with one outcome since the beginning, by all processes of all hosts.

    The ``le_`` columns count the calls that took at most so long, each alone (not cumulative).
    """

    #: ``aep`` (a call to Experience Platform) or ``page`` (an answer of ours).
    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=100)
    #: HTTP status, or the error's class where none came.
    outcome = models.CharField(max_length=40)
    calls = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0)
    le_100ms = models.BigIntegerField(default=0)
    le_500ms = models.BigIntegerField(default=0)
    le_1s = models.BigIntegerField(default=0)
    le_5s = models.BigIntegerField(default=0)
    le_15s = models.BigIntegerField(default=0)
    le_60s = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "name", "outcome"], name="tally_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} {self.outcome}"


#: Column → upper bound in seconds.
BUCKETS = {
    "le_100ms": 0.1,
    "le_500ms": 0.5,
    "le_1s": 1.0,
    "le_5s": 5.0,
    "le_15s": 15.0,
    "le_60s": 60.0,
}
