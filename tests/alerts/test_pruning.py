"""What is forgotten after half a year, and what stays."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from flowsite.alerts import tasks
from flowsite.alerts.models import Alert, Delivery, DeliveryState, Event
from flowsite.alerts.pruning import KEPT
from tests.alerts.conftest import NOON

pytestmark = pytest.mark.django_db
LONG_AGO = NOON - KEPT - timedelta(minutes=1)
LATER = NOON - KEPT + timedelta(minutes=1)


@pytest.fixture
def make_alert(channel, make_rule):
    rule = make_rule()

    def make(cause: str, recovered_at: datetime | None) -> Alert:
        alert = Alert.objects.create(
            rule=rule,
            team=rule.team,
            cause=cause,
            since=LONG_AGO,
            seen_at=LONG_AGO,
            recovered_at=recovered_at,
        )
        make_message(channel, alert=alert, event=Event.OPENED)
        return alert

    return make


def make_message(channel, **values) -> Delivery:
    given = {"event": Event.TEST, "state": DeliveryState.SENT, "created_at": LONG_AGO, **values}
    return Delivery.objects.create(channel=channel, due_at=LONG_AGO, **given)


def test_old_alerts_go_with_their_messages_and_open_ones_stay(clock, make_alert):
    make_alert("over long ago", LONG_AGO)
    kept = {make_alert("still open", None), make_alert("over since", LATER)}

    assert tasks.forget_alerts() == 1
    assert set(Alert.objects.all()) == kept
    assert {one.alert for one in Delivery.objects.all()} == kept


def test_old_tests_go_unless_they_are_on_their_way(clock, channel):
    make_message(channel)
    kept = {make_message(channel, state="sending"), make_message(channel, created_at=LATER)}

    assert tasks.forget_alerts() == 1
    assert set(Delivery.objects.all()) == kept


def test_many_go_in_several_batches(clock, channel, monkeypatch):
    monkeypatch.setattr("flowsite.alerts.pruning.BATCH", 2)
    for _ in range(5):
        make_message(channel)

    assert tasks.forget_alerts() == 5
    assert not Delivery.objects.exists()
