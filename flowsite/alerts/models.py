"""Rules, the alerts they raise, and what is sent about them to whom."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from flowsite.core.encrypted import EncryptedTextField
from flowsite.core.leases import Leasable
from flowsite.credentials.models import Sandbox
from flowsite.people.models import Team


class Kind(models.TextChoices):
    """What a rule looks for."""

    FAILED = "failed", _("Failed")
    PARTIAL = "partial", _("Partial success above a rate")
    NOTHING = "nothing", _("Nothing arrived")
    ZERO = "zero", _("No records")
    VOLUME = "volume", _("Unusual volume")
    ACCOUNT = "account", _("Account broken")
    CREDENTIAL = "credential", _("Credential expiring or refused")


class Scope(models.TextChoices):
    """Which dataflows a rule is about, among those of its team."""

    ALL = "all", _("All dataflows")
    SOURCE = "source", _("All dataflows of one source")
    TAG = "tag", _("All dataflows with one tag")
    DATAFLOW = "dataflow", _("One dataflow")


class ChannelKind(models.TextChoices):
    """How a message travels."""

    EMAIL = "email", _("E-mail")
    WEBHOOK = "webhook", _("Signed webhook")
    SERVICE = "service", _("Chat or on-call service")


class Channel(models.Model):
    """Where messages go. The target is a secret: whoever has it can post there."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=ChannelKind)
    #: Addresses of people, one a line; the URL of a webhook; an Apprise URL.
    target = EncryptedTextField()
    #: What pages show of the target: addresses of people, a host, the name of a service.
    shown = models.CharField(max_length=500)
    #: Signs the messages of a webhook.
    secret = EncryptedTextField(blank=True, default="")
    enabled = models.BooleanField(default=True)
    #: Nothing is sent between these times of day in ``time_zone``; both or none.
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=60, default="UTC")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="channel_name")]

    def __str__(self) -> str:
        return self.name


class Mutable(models.Model):
    """What can be silent for a while."""

    muted_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def is_muted(self, now: datetime) -> bool:
        """Whether nothing is to be sent for it."""
        return self.muted_until is not None and self.muted_until > now


class AlertRule(Mutable):
    """What one team wants to be told. ``params`` are the kind's numbers (``kinds.NUMBERS``)."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=Kind)
    scope = models.CharField(max_length=20, choices=Scope, default=Scope.ALL)
    dataflow = models.ForeignKey(
        "runs.Dataflow", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    #: Connection spec id of a source.
    source = models.CharField(max_length=100, blank=True, default="")
    tag = models.CharField(max_length=40, blank=True, default="")
    #: Null: every sandbox of the team.
    sandbox = models.ForeignKey(
        Sandbox, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    params: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    channels = models.ManyToManyField(Channel, blank=True, related_name="rules")
    enabled = models.BooleanField(default=True)
    #: The last day whose volume was compared.
    volume_day = models.DateField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="rule_name")]

    def __str__(self) -> str:
        return self.name


class Alert(Mutable):
    """One cause that a rule found, from when it was noticed until it was gone."""

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="alerts")
    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    #: What its dataflows have in common, as the rule's kind counts it (``findings``).
    cause = models.CharField(max_length=240)
    sandbox = models.ForeignKey(Sandbox, null=True, blank=True, on_delete=models.CASCADE)
    since = models.DateTimeField()
    seen_at = models.DateTimeField()
    recovered_at = models.DateTimeField(null=True, blank=True)
    dataflow_count = models.PositiveIntegerField(default=0)
    #: [[local key, name]] of the first dataflows by name.
    dataflows: models.JSONField[list[list[Any]]] = models.JSONField(default=list)
    #: {"account", "source", "code", …}: what words about it are made from.
    facts: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    #: When messages about its beginning were made; null: muted, or nowhere to send to.
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-since", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "cause"],
                condition=models.Q(recovered_at__isnull=True),
                name="alert_open_once",
            )
        ]
        indexes = [
            models.Index(fields=["team", "-since", "-id"], name="alert_by_time"),
            models.Index(
                fields=["team"],
                condition=models.Q(recovered_at__isnull=True),
                name="alert_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.cause}"

    @property
    def is_open(self) -> bool:
        return self.recovered_at is None


class Event(models.TextChoices):
    """What a message is about."""

    OPENED = "opened", _("Began")
    RECOVERED = "recovered", _("Recovered")
    TEST = "test", _("Test")


class DeliveryState(models.TextChoices):
    """Where a message stands. ``SENDING`` is written before it leaves."""

    WAITING = "waiting", _("Waiting")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Given up")
    DROPPED = "dropped", _("Not needed")


OPEN_DELIVERIES = (DeliveryState.WAITING, DeliveryState.SENDING)


class Delivery(Leasable):
    """One message to one channel, kept from before it is sent."""

    #: Receivers know a message that comes twice by it.
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    #: Null: a test.
    alert = models.ForeignKey(
        Alert, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    event = models.CharField(max_length=20, choices=Event)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    #: What a webhook gets, as JSON.
    body: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    state = models.CharField(max_length=20, choices=DeliveryState, default=DeliveryState.WAITING)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    #: When a worker was last called for it.
    woken_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    attempted_at = models.DateTimeField(null=True, blank=True)
    #: What the last attempt brought, in a sentence.
    outcome = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["alert", "channel", "event"], name="delivery_once")
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state__in=["waiting", "sending"]),
                name="delivery_due",
            ),
            models.Index(fields=["channel", "-created_at", "-id"], name="delivery_by_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.channel}"


class Lookout(models.Model):
    """One row: who evaluates holds its lock, so that no two evaluations cross."""

    evaluated_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"evaluated {self.evaluated_at}"
