"""What people do with rules, channels and alerts; every change is recorded in the audit log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from flowsite.alerts import chat, tasks
from flowsite.alerts.kinds import NUMBERS, number_of
from flowsite.alerts.models import (
    Alert,
    AlertRule,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    Kind,
    Scope,
)
from flowsite.core.encrypted import encrypt
from flowsite.core.enqueue import enqueue_on_commit
from flowsite.core.wording import words
from flowsite.credentials.models import Sandbox
from flowsite.outbound.addresses import AddressRefused, check_url
from flowsite.people import audit
from flowsite.people.audit import Origin
from flowsite.people.models import Team
from flowsite.runs.models import Dataflow
from flowsite.saying import say

MOST_ADDRESSES = 20


class AlertProblem(Exception):
    """What is wrong with a value, in a sentence that holds no secret; ``field`` names it."""

    def __init__(self, message: str, field: str = "name") -> None:
        super().__init__(message)
        self.field = field


# --- rules ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RuleValues:
    """What a person says about a rule."""

    name: str
    kind: str
    scope: str = Scope.ALL
    dataflow: Dataflow | None = None
    source: str = ""
    tag: str = ""
    sandbox: Sandbox | None = None
    number: int | None = None
    channels: tuple[Channel, ...] = ()
    enabled: bool = True

    @property
    def params(self) -> dict[str, Any]:
        number = NUMBERS.get(self.kind)
        if number is None:
            return {}
        return {number.name: number.usual if self.number is None else self.number}


@transaction.atomic
def save_rule(
    team: Team, values: RuleValues, *, by: Origin, rule: AlertRule | None = None
) -> AlertRule:
    """Adds or changes a rule. What it had found under other terms ends without a message.

    Raises AlertProblem for a name that is taken.
    """
    row = rule or AlertRule(team=team, created_by=by.user)
    if AlertRule.objects.filter(team=team, name=values.name).exclude(pk=row.pk).exists():
        raise AlertProblem(_("The team already has a rule of this name."))
    before = described(row) if row.pk else {}
    terms = _terms(row) if row.pk else None
    row.name, row.kind, row.scope, row.enabled = (
        values.name,
        values.kind,
        values.scope,
        values.enabled,
    )
    row.dataflow, row.source, row.tag = values.dataflow, values.source, values.tag
    row.sandbox, row.params = values.sandbox, values.params
    if terms is not None and terms != _terms(row):
        row.volume_day = None
        end_silently(row)
    row.save()
    row.channels.set(values.channels)
    audit.record(
        "alert_rule.changed" if rule else "alert_rule.added",
        by=by,
        team=team,
        obj=row,
        changes=audit.changes(before, described(row)),
    )
    enqueue_on_commit(tasks.evaluate_alerts)
    return row


def _terms(rule: AlertRule) -> tuple[Any, ...]:
    """All that decides what a rule finds."""
    params = sorted(rule.params.items())
    place = (rule.scope, rule.dataflow_id, rule.source, rule.tag, rule.sandbox_id)
    return (rule.kind, *place, params, rule.enabled)


def described(rule: AlertRule) -> dict[str, Any]:
    """A rule for the audit log."""
    return {
        "name": rule.name,
        "kind": str(rule.kind),
        "number": number_of(rule.kind, rule.params),
        "scope": str(rule.scope),
        "dataflow": rule.dataflow.name if rule.dataflow else "",
        "source": rule.source,
        "tag": rule.tag,
        "sandbox": rule.sandbox.name if rule.sandbox else "",
        "channels": sorted(rule.channels.values_list("name", flat=True)),
        "enabled": rule.enabled,
    }


def end_silently(rule: AlertRule) -> None:
    """Open alerts of a rule end; nobody is told, since nothing has recovered."""
    now = timezone.now()
    rows = rule.alerts.filter(recovered_at=None)
    Delivery.objects.filter(alert__in=rows, state=DeliveryState.WAITING).update(
        state=DeliveryState.DROPPED, outcome=say("The rule was changed.")
    )
    rows.update(recovered_at=now)


@transaction.atomic
def delete_rule(rule: AlertRule, *, by: Origin) -> None:
    """Its alerts and their messages go with it."""
    audit.record("alert_rule.deleted", by=by, team=rule.team, obj=rule, **described(rule))
    rule.delete()


@transaction.atomic
def propose_rules(team: Team, *, by: Origin) -> list[AlertRule]:
    """What every team wants to begin with, sent to every channel it has."""
    channels = tuple(team.channel_set.filter(enabled=True))
    found = []
    for kind, name in ((Kind.FAILED, _("Failed")), (Kind.NOTHING, _("Nothing arrived"))):
        # By name too: it has to be free, and in which language somebody clicked is chance.
        alike = Q(name=name) | Q(kind=kind, scope=Scope.ALL, sandbox=None)
        if not AlertRule.objects.filter(alike, team=team).exists():
            values = RuleValues(name=name, kind=kind, channels=channels)
            found.append(save_rule(team, values, by=by))
    return found


# --- mute ----------------------------------------------------------------------------------------


@transaction.atomic
def mute_rule(rule: AlertRule, until: datetime | None, *, by: Origin) -> None:
    """Sends nothing of the rule until then; None ends it."""
    AlertRule.objects.filter(pk=rule.pk).update(muted_until=until)
    if until is not None:
        _take_back(rule.alerts.filter(recovered_at=None))
    audit.record("alert_rule.muted", by=by, team=rule.team, obj=rule, until=_iso(until))
    enqueue_on_commit(tasks.evaluate_alerts)


@transaction.atomic
def mute_alert(alert: Alert, until: datetime | None, *, by: Origin) -> None:
    """Sends nothing about one alert until then; None ends it."""
    Alert.objects.filter(pk=alert.pk).update(muted_until=until)
    if until is not None:
        _take_back(Alert.objects.filter(pk=alert.pk, recovered_at=None))
    audit.record(
        "alert.muted",
        by=by,
        team=alert.team,
        object_type="alert",
        object_id=str(alert.pk),
        object_name=alert.rule.name,
        until=_iso(until),
    )
    enqueue_on_commit(tasks.evaluate_alerts)


def _take_back(alerts: Any) -> None:
    """Messages that no attempt was made at are made anew when the mute ends."""
    keys = list(alerts.values_list("pk", flat=True))
    waiting = Delivery.objects.filter(alert__in=keys, state=DeliveryState.WAITING, attempts=0)
    waiting.delete()
    Alert.objects.filter(pk__in=keys, deliveries=None).update(told_at=None)


def _iso(moment: datetime | None) -> str:
    return moment.isoformat(timespec="minutes") if moment else ""


# --- channels ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ChannelValues:
    """What a person says about a channel; an empty target or secret keeps the stored one."""

    name: str
    kind: str
    target: str = ""
    secret: str = ""
    enabled: bool = True
    quiet_from: time | None = None
    quiet_until: time | None = None
    time_zone: str = "UTC"


@transaction.atomic
def save_channel(
    team: Team, values: ChannelValues, *, by: Origin, channel: Channel | None = None
) -> Channel:
    """Adds or changes a channel. Raises AlertProblem."""
    row = channel or Channel(team=team, kind=values.kind)
    if Channel.objects.filter(team=team, name=values.name).exclude(pk=row.pk).exists():
        raise AlertProblem(_("The team already has a channel of this name."))
    before = described_channel(row) if row.pk else {}
    target = values.target.strip()
    if target:
        kept, row.shown = _checked(row.kind, target)
        row.target = encrypt(kept, secret=row.kind != ChannelKind.EMAIL)
    elif not row.pk:
        raise AlertProblem(_("Say where messages go."), "target")
    if row.kind == ChannelKind.WEBHOOK and not values.secret and not row.secret:
        raise AlertProblem(_("A webhook needs a secret that signs its messages."), "secret")
    if values.secret:
        row.secret = encrypt(values.secret)
    row.name, row.enabled = values.name, values.enabled
    row.quiet_from, row.quiet_until = values.quiet_from, values.quiet_until
    row.time_zone = values.time_zone
    row.save()
    replaced = {"target_replaced": bool(target), "signing_replaced": bool(values.secret)}
    audit.record(
        "channel.changed" if channel else "channel.added",
        by=by,
        team=team,
        obj=row,
        changes=audit.changes(before, described_channel(row)),
        **replaced,
    )
    return row


def described_channel(row: Channel) -> dict[str, Any]:
    """A channel for the audit log: nothing of what it keeps closed."""
    return {
        "name": row.name,
        "kind": str(row.kind),
        "shown": row.shown,
        "enabled": row.enabled,
        "quiet_from": str(row.quiet_from or ""),
        "quiet_until": str(row.quiet_until or ""),
        "time_zone": row.time_zone,
    }


def _checked(kind: str, target: str) -> tuple[str, str]:
    """The target as it is kept, and what pages show of it. Raises AlertProblem."""
    if kind == ChannelKind.EMAIL:
        people = _addresses(target.replace(",", " ").replace(";", " ").split())
        return "\n".join(people), ", ".join(people)[:500]
    try:
        if kind == ChannelKind.WEBHOOK:
            check_url(target, allowed_hosts=settings.INTERNAL_HOSTS)
            parts = urlsplit(target)
            port = f":{parts.port}" if parts.port else ""
            return target, f"{parts.scheme}://{parts.hostname}{port}/…"[:500]
        chat.open_service(target)
        return target, chat.service_of(target).name
    except (AddressRefused, chat.BadAddress) as error:
        raise AlertProblem(words(error), "target") from error


def _addresses(people: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(people))
    if len(found) > MOST_ADDRESSES:
        raise AlertProblem(_("At most %(n)d addresses.") % {"n": MOST_ADDRESSES}, "target")
    for one in found:
        try:
            validate_email(one)
        except ValidationError:
            raise AlertProblem(
                _("“%(address)s” is no e-mail address.") % {"address": one[:100]}, "target"
            ) from None
    return found


@transaction.atomic
def delete_channel(channel: Channel, *, by: Origin) -> None:
    """Its log goes with it; rules stay."""
    audit.record(
        "channel.deleted", by=by, team=channel.team, obj=channel, **described_channel(channel)
    )
    channel.delete()


@transaction.atomic
def send_again(delivery: Delivery, *, by: Origin) -> bool:
    """A message that was given up is tried anew; False if it is not one."""
    rows = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.FAILED)
    now = timezone.now()
    if delivery.alert_id is None or not rows.update(
        state=DeliveryState.WAITING, due_at=now, attempts=0, woken_at=None
    ):
        return False
    audit.record(
        "alert.sent_again",
        by=by,
        team=delivery.channel.team,
        obj=delivery.channel,
        subject=delivery.subject,
    )
    enqueue_on_commit(tasks.sweep_deliveries)
    return True
