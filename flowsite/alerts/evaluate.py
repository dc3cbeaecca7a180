"""Compares what rules find with what is open, and notes what began and what is over.

One transaction under one lock: two evaluations never cross. Messages are rows, sent by ``deliver``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from flowsite.alerts import words
from flowsite.alerts.findings import Finding, find
from flowsite.alerts.models import (
    Alert,
    AlertRule,
    Channel,
    Delivery,
    DeliveryState,
    Event,
    Kind,
    Lookout,
)
from flowsite.alerts.quiet import quiet_until
from flowsite.alerts.selectors import Volumes, material_for, volumes_for
from flowsite.saying import say


@dataclass
class Outcome:
    """What one evaluation changed."""

    opened: list[Alert] = field(default_factory=list)
    recovered: list[Alert] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)


def evaluate(*, asked_at: datetime | None = None) -> Outcome | None:
    """One look at every rule. A fixed number of queries, however many dataflows.

    ``asked_at``: nothing to do (None) if somebody has looked since then.
    """
    # Outside of the lock: it takes seconds where there are many runs.
    return _evaluate(volumes_for(timezone.now()), asked_at)


@transaction.atomic
def _evaluate(volumes: Volumes, asked_at: datetime | None) -> Outcome | None:
    Lookout.objects.get_or_create(pk=1)
    lookout = Lookout.objects.select_for_update().get(pk=1)
    if asked_at and lookout.evaluated_at and lookout.evaluated_at > asked_at:
        return None
    now = timezone.now()
    rules = list(AlertRule.objects.filter(enabled=True))
    material = material_for(rules, now)
    material.volumes = volumes
    known = _open_alerts()
    outcome, seen = Outcome(), []
    for rule in rules:
        if rule.kind == Kind.VOLUME and not _is_due(rule, volumes):
            continue  # compared once a day; until then nothing of it changes
        _compare(rule, find(rule, material, now), known.pop(rule.pk, {}), now, outcome, seen)
    due = [one.pk for one in rules if one.kind == Kind.VOLUME and _is_due(one, volumes)]
    AlertRule.objects.filter(pk__in=due).update(volume_day=volumes.day)
    _write(outcome, seen, now)
    Lookout.objects.filter(pk=1).update(evaluated_at=now)
    return outcome


def _open_alerts() -> dict[int, dict[str, Alert]]:
    found: dict[int, dict[str, Alert]] = defaultdict(dict)
    rows = Alert.objects.filter(recovered_at=None, rule__enabled=True)
    for alert in rows.select_related("rule", "sandbox"):
        found[alert.rule_id][alert.cause] = alert
    return found


def _compare(
    rule: AlertRule,
    findings: dict[str, Finding],
    known: dict[str, Alert],
    now: datetime,
    outcome: Outcome,
    seen: list[Alert],
) -> None:
    for cause, finding in findings.items():
        alert = known.pop(cause, None)
        if alert is None:
            alert = Alert(rule=rule, team_id=rule.team_id, cause=cause[:240])
            alert.since, alert.sandbox_id = finding.since, finding.sandbox_id
            outcome.opened.append(alert)
        else:
            seen.append(alert)
        alert.seen_at, alert.facts = now, finding.facts
        alert.dataflows, alert.dataflow_count = finding.listed(), len(finding.dataflows)
    for alert in known.values():
        alert.recovered_at = now
        outcome.recovered.append(alert)


def _is_due(rule: AlertRule, volumes: Volumes) -> bool:
    """Whether the day is to be compared now: read before the lock, and by nobody meanwhile."""
    return rule.pk in volumes.rules and rule.volume_day != volumes.day


def _write(outcome: Outcome, seen: list[Alert], now: datetime) -> None:
    Alert.objects.bulk_create(outcome.opened)
    Alert.objects.bulk_update(outcome.recovered, ["recovered_at"], batch_size=100)
    Alert.objects.bulk_update(
        seen, ["seen_at", "facts", "dataflows", "dataflow_count"], batch_size=100
    )
    outcome.deliveries = [
        *_tell_beginnings([*outcome.opened, *seen], now),
        *_tell_recoveries(outcome.recovered, now),
    ]
    Delivery.objects.bulk_create(outcome.deliveries)


def _tell_beginnings(alerts: Iterable[Alert], now: datetime) -> Iterator[Delivery]:
    """For what nobody has been told yet, be it new, or muted until now."""
    untold = [
        one
        for one in alerts
        if one.told_at is None and not one.is_muted(now) and not one.rule.is_muted(now)
    ]
    channels = _channels_of({one.rule_id for one in untold}) if untold else {}
    told = [one for one in untold if channels.get(one.rule_id)]
    for alert in told:
        for channel in channels[alert.rule_id]:
            yield message(channel, alert, Event.OPENED, now)
    Alert.objects.filter(pk__in=[one.pk for one in told]).update(told_at=now)


def _channels_of(rules: set[int]) -> dict[int, list[Channel]]:
    found: dict[int, list[Channel]] = defaultdict(list)
    links = AlertRule.channels.through.objects.filter(
        alertrule__in=rules, channel__enabled=True
    ).select_related("channel")
    for link in links:
        found[link.alertrule_id].append(link.channel)
    return found


def _tell_recoveries(alerts: list[Alert], now: datetime) -> Iterator[Delivery]:
    """To those who were told of the beginning; what was still held back is not sent any more."""
    told = {
        one.pk: one
        for one in alerts
        if one.told_at and not one.is_muted(now) and not one.rule.is_muted(now)
    }
    beginnings = Delivery.objects.filter(
        alert__in=[one.pk for one in alerts], event=Event.OPENED
    ).select_related("channel")
    if not alerts or not beginnings:
        return
    over = say("It was over before this was sent.")
    beginnings.filter(state=DeliveryState.WAITING).update(state=DeliveryState.DROPPED, outcome=over)
    never_left = Q(state=DeliveryState.DROPPED, attempts=0)
    for one in beginnings.exclude(never_left):
        alert = told.get(one.alert_id or 0)
        if alert is not None and one.channel.enabled:
            yield message(one.channel, alert, Event.RECOVERED, now)


def message(channel: Channel, alert: Alert, event: Event, now: datetime) -> Delivery:
    """A row to be sent, at once or when the channel's quiet hours are over."""
    return Delivery(
        channel=channel,
        alert=alert,
        event=event,
        subject=words.subject(alert, event),
        text=words.text(alert, event),
        body=words.body(alert, event),
        created_at=now,
        due_at=quiet_end(channel, now) or now,
    )


def quiet_end(channel: Channel, now: datetime) -> datetime | None:
    """When the channel's quiet hours are over; None outside of them."""
    return quiet_until(now, channel.quiet_from, channel.quiet_until, channel.time_zone)
