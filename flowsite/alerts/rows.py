"""What templates print of alerts, rules, channels and messages: words, tones and addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from flowsite.alerts import words
from flowsite.alerts.kinds import NUMBERS, number_of
from flowsite.alerts.models import Alert, AlertRule, Channel, Delivery, DeliveryState, Event
from flowsite.core.look import Status


@dataclass(frozen=True)
class AlertRow:
    """An alert as the list prints it."""

    alert: Alert
    headline: str
    status: Status
    #: Until when nothing is sent, by the alert's own mute or its rule's.
    muted_until: datetime | None
    #: The alert's own mute: what can be ended here.
    own_mute: datetime | None


def alert_status(alert: Alert) -> Status:
    """Open or recovered."""
    if alert.is_open:
        return Status(pgettext("an alert", "Open"), "negative", "bell-alert")
    return Status(_("Recovered"), "positive")


def alert_rows(alerts: Iterable[Alert], now: datetime) -> list[AlertRow]:
    """Lines of the list."""
    return [
        AlertRow(
            alert,
            words.headline(alert),
            alert_status(alert),
            _later(now, alert.muted_until, alert.rule.muted_until) if alert.is_open else None,
            _later(now, alert.muted_until),
        )
        for alert in alerts
    ]


def _later(now: datetime, *moments: datetime | None) -> datetime | None:
    return max((one for one in moments if one and one > now), default=None)


@dataclass(frozen=True)
class RuleRow:
    """A rule as the list prints it."""

    rule: AlertRule
    kind: str
    number: str
    scope: str
    channels: list[str]
    status: Status
    open_count: int


def rule_rows(rules: Iterable[AlertRule], now: datetime) -> list[RuleRow]:
    """Lines of the list; the rules come with their channels."""
    return [
        RuleRow(
            rule,
            rule.get_kind_display(),
            _number(rule),
            words.scope_words(rule),
            [one.name for one in rule.channels.all()],
            _rule_status(rule, now),
            getattr(rule, "open_count", 0),
        )
        for rule in rules
    ]


def _number(rule: AlertRule) -> str:
    number = NUMBERS.get(rule.kind)
    if number is None:
        return ""
    return f"{number.label}: {number_of(rule.kind, rule.params)}"


def _rule_status(rule: AlertRule, now: datetime) -> Status:
    if not rule.enabled:
        return Status(_("Off"), "neutral", "pause-circle")
    if rule.is_muted(now):
        return Status(_("Muted"), "notice", "bell-slash")
    return Status(_("On"), "positive", "bell")


def channel_status(channel: Channel) -> Status:
    """On or off."""
    if channel.enabled:
        return Status(_("On"), "positive", "bell")
    return Status(_("Off"), "neutral", "pause-circle")


def quiet_words(channel: Channel) -> str:
    """ "22:00–06:00, Europe/Stockholm"; empty without quiet hours."""
    if channel.quiet_from is None or channel.quiet_until is None:
        return ""
    hours = f"{channel.quiet_from:%H:%M}–{channel.quiet_until:%H:%M}"
    return f"{hours}, {channel.time_zone.replace('_', ' ')}"


@dataclass(frozen=True)
class ChannelRow:
    """A channel as the list prints it."""

    channel: Channel
    kind: str
    quiet: str
    status: Status
    last: Delivery | None
    last_status: Status | None


def channel_rows(channels: Iterable[Channel], latest: dict[int, Delivery]) -> list[ChannelRow]:
    """Lines of the list; ``latest``: channel → its newest message."""
    return [
        ChannelRow(
            one,
            one.get_kind_display(),
            quiet_words(one),
            channel_status(one),
            latest.get(one.pk),
            delivery_status(latest[one.pk]) if one.pk in latest else None,
        )
        for one in channels
    ]


_DELIVERY_LOOKS = {
    DeliveryState.WAITING: ("neutral", "clock"),
    DeliveryState.SENDING: ("info", "arrow-path"),
    DeliveryState.SENT: ("positive", "check-circle"),
    DeliveryState.FAILED: ("negative", "x-circle"),
    DeliveryState.DROPPED: ("neutral", "minus-circle"),
}


def delivery_status(row: Delivery) -> Status:
    """The state of a message as a badge."""
    tone, icon = _DELIVERY_LOOKS[DeliveryState(row.state)]
    return Status(row.get_state_display(), tone, icon)  # type: ignore[arg-type]


@dataclass(frozen=True)
class DeliveryRow:
    """A message as the log prints it."""

    row: Delivery
    event: str
    status: Status
    next_at: datetime | None
    may_again: bool


def delivery_rows(rows: Iterable[Delivery]) -> list[DeliveryRow]:
    """Lines of the log."""
    return [
        DeliveryRow(
            one,
            one.get_event_display(),
            delivery_status(one),
            one.due_at if one.state == DeliveryState.WAITING else None,
            one.state == DeliveryState.FAILED and one.event != Event.TEST,
        )
        for one in rows
    ]
