from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flowsite.alerts import tasks
from flowsite.alerts.evaluate import evaluate
from flowsite.alerts.models import (
    Alert,
    AlertRule,
    Channel,
    Delivery,
    DeliveryState,
    Kind,
    Lookout,
    Scope,
)
from flowsite.credentials.models import SourceAccount
from flowsite.people.models import Team
from flowsite.runs.models import Dataflow, FlowRun, SandboxSync
from flowsite.runs.signals import sandbox_read
from flowsite.runs.tasks import poll_sandbox
from tests.alerts.conftest import FAILED, MINUTE, NOON

pytestmark = pytest.mark.django_db


def subjects() -> list[str]:
    return [one.subject for one in mail.outbox]


def fails(rows: list[Dataflow], **values: object) -> None:
    Dataflow.objects.filter(pk__in=[one.pk for one in rows]).update(**{**FAILED, **values})


def test_eighty_dataflows_of_one_account_are_one_message_and_one_recovery(
    clock, make_flows, make_rule
):
    make_rule()
    rows = make_flows(80, **FAILED)

    tasks.evaluate_alerts()
    clock.shift(MINUTE)
    tasks.evaluate_alerts()

    assert subjects() == ["[Flowsite] 80 dataflows failed"]
    assert Alert.objects.get().dataflow_count == 80
    fails(rows, last_finished_state="success")
    clock.shift(MINUTE)
    tasks.evaluate_alerts()
    tasks.evaluate_alerts()
    assert subjects()[1:] == ["[Flowsite] Recovered: 80 dataflows failed"]
    assert Alert.objects.get().recovered_at == timezone.now()


def test_no_second_message_while_more_dataflows_join(clock, make_flows, make_rule):
    make_rule()
    make_flows(1, **FAILED)
    tasks.evaluate_alerts()

    make_flows(5, name="Refunds", **FAILED)
    tasks.evaluate_alerts()

    assert len(mail.outbox) == 1
    assert Alert.objects.get().dataflow_count == 6


def test_another_outage_of_the_same_cause_is_told_again(clock, make_flows, make_rule):
    make_rule()
    rows = make_flows(1, **FAILED)
    for state in ("failed", "success", "failed"):
        fails(rows, last_finished_state=state)
        tasks.evaluate_alerts()

    assert len(mail.outbox) == 3
    assert Alert.objects.filter(recovered_at=None).count() == 1


def test_causes_differ_by_code_and_by_account(clock, make_flows, make_rule):
    make_rule()
    make_flows(2, **FAILED)
    make_flows(1, **{**FAILED, "last_error_code": "OTHER"})
    make_flows(1, connection_id="account-2", **FAILED)

    tasks.evaluate_alerts()

    assert len(mail.outbox) == 3


def test_nothing_arrived_is_told_within_a_minute_after_the_margin(
    clock, make_flows, make_rule, read_at
):
    """Once, by the reading that follows; and its end, once."""
    make_rule(Kind.NOTHING, params={"margin_min": 30})
    make_flows(1, next_expected_at=NOON)
    told_at = None
    for _ in range(60):
        clock.shift(MINUTE)
        read_at(timezone.now())
        sandbox_read.send(sender="test")
        if mail.outbox and told_at is None:
            told_at = timezone.now()

    assert timedelta(minutes=30) < told_at - NOON <= timedelta(minutes=31)
    assert subjects() == ["[Flowsite] Nothing arrived: “Payments” did not run"]
    Dataflow.objects.update(next_expected_at=NOON + timedelta(days=1))
    for _ in range(5):
        clock.shift(MINUTE)
        tasks.evaluate_alerts()
    assert subjects()[1:] == ["[Flowsite] Recovered: Nothing arrived: “Payments” did not run"]


def test_a_sandbox_that_is_not_read_makes_nobody_late(clock, make_flows, make_rule):
    make_rule(Kind.NOTHING, params={"margin_min": 30})
    make_flows(1, next_expected_at=NOON)

    clock.shift(timedelta(hours=3))
    tasks.evaluate_alerts()

    assert mail.outbox == []


def test_each_rule_has_its_own_margin(clock, make_flows, make_rule, read_at):
    make_rule(Kind.NOTHING, params={"margin_min": 10})
    patient = make_rule(Kind.NOTHING, params={"margin_min": 120})
    make_flows(1, next_expected_at=NOON)

    clock.shift(timedelta(minutes=30))
    read_at(timezone.now())
    tasks.evaluate_alerts()

    assert Alert.objects.count() == 1
    assert not patient.alerts.exists()


@pytest.mark.parametrize(
    ("values", "found"),
    [
        pytest.param({"last_received": 100, "last_failed": 6}, 1, id="above the rate"),
        pytest.param({"last_received": 100, "last_failed": 5}, 0, id="at the rate"),
        pytest.param({"last_received": None, "last_failed": 5}, 1, id="nobody knows"),
        pytest.param({"last_received": 0, "last_failed": 0}, 1, id="none of none"),
    ],
)
def test_partial_success_above_a_rate(clock, make_flows, make_rule, values, found):
    make_rule(Kind.PARTIAL, params={"percent": 5})
    make_flows(1, last_finished_state="partial", **values)

    tasks.evaluate_alerts()

    assert Alert.objects.count() == found


def a_run(row: Dataflow, at: datetime, received: int) -> FlowRun:
    return FlowRun.objects.create(
        dataflow=row,
        sandbox=row.sandbox,
        run_id=f"{row.pk}-{at:%m%d%H}",
        state="success",
        at=at,
        received=received,
    )


def test_runs_without_records_for_some_hours(clock, make_flows, make_rule):
    make_rule(Kind.ZERO, params={"hours": 6})
    values = {"last_finished_state": "success", "last_received": 0, "last_finished_at": NOON}
    quiet, dry = make_flows(2, **values)
    a_run(quiet, NOON - timedelta(hours=5), 10)
    a_run(dry, NOON - timedelta(hours=6), 10)

    tasks.evaluate_alerts()

    assert [name for _, name in Alert.objects.get().dataflows] == [dry.name]


@pytest.mark.parametrize(
    ("received", "found"),
    [
        pytest.param(1000, 0, id="as usual"),
        pytest.param(1499, 0, id="a little more"),
        pytest.param(1500, 1, id="half more"),
        pytest.param(400, 1, id="far less"),
    ],
)
def test_volume_is_compared_with_the_same_weekday(clock, make_flows, make_rule, received, found):
    make_rule(Kind.VOLUME, params={"deviation_percent": 50})
    (row,) = make_flows()
    yesterday = datetime.combine(date(2026, 11, 23), time(9), UTC)
    for weeks, usual in enumerate((received, 1000, 900, 1100), start=0):
        a_run(row, yesterday - timedelta(weeks=weeks), usual)
        a_run(row, yesterday - timedelta(weeks=weeks, days=1), 7)  # another weekday

    tasks.evaluate_alerts()
    tasks.evaluate_alerts()

    assert Alert.objects.filter(recovered_at=None).count() == found
    assert len(mail.outbox) == found


def test_two_weeks_are_no_usual(clock, make_flows, make_rule):
    make_rule(Kind.VOLUME)
    (row,) = make_flows()
    for weeks in (1, 2):
        a_run(row, NOON - timedelta(days=1, weeks=weeks), 1000)

    tasks.evaluate_alerts()

    assert not Alert.objects.exists()


def test_a_broken_account_is_one_alert_with_its_dataflows(
    clock, sandbox, team, make_flows, make_rule
):
    make_rule(Kind.ACCOUNT, params={"failures": 2})
    make_flows(3)
    account = SourceAccount.objects.create(
        team=team,
        sandbox=sandbox,
        connection_id="account-1",
        name="PayPal EU",
        test_ok=False,
        test_failures=1,
        failing_since=NOON,
        test_message="Login failed",
    )
    tasks.evaluate_alerts()
    assert mail.outbox == []

    SourceAccount.objects.filter(pk=account.pk).update(test_failures=2)
    tasks.evaluate_alerts()

    assert subjects() == ["[Flowsite] The account “PayPal EU” is refused by its provider"]
    assert Alert.objects.get().dataflow_count == 3
    assert "Login failed" in mail.outbox[0].body


@pytest.mark.parametrize(
    ("values", "found"),
    [
        pytest.param({"expires_on": date(2026, 12, 8)}, 1, id="in 14 days"),
        pytest.param({"expires_on": date(2026, 12, 9)}, 0, id="in 15 days"),
        pytest.param({"last_error": "invalid_client"}, 1, id="refused"),
        pytest.param({"last_error": "bad", "expires_on": date(2026, 1, 1)}, 2, id="both"),
    ],
)
def test_credentials(clock, credential, make_rule, values, found):
    make_rule(Kind.CREDENTIAL)
    type(credential).objects.filter(pk=credential.pk).update(**values)

    tasks.evaluate_alerts()

    assert len(mail.outbox) == found


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        pytest.param({}, {"A", "B", "C"}, id="all"),
        pytest.param({"scope": Scope.SOURCE, "source": "spec-2"}, {"B"}, id="a source"),
        pytest.param({"scope": Scope.TAG, "tag": "finance"}, {"C"}, id="a tag"),
    ],
)
def test_scopes(clock, make_flows, make_rule, scope, expected):
    make_flows(1, name="A", connection_spec_id="spec-1", **FAILED)
    make_flows(1, name="B", connection_spec_id="spec-2", **FAILED)
    make_flows(1, name="C", connection_spec_id="spec-1", tags=["eu", "finance"], **FAILED)
    make_rule(**scope)

    tasks.evaluate_alerts()

    assert {name for alert in Alert.objects.all() for _, name in alert.dataflows} == expected


def test_one_dataflow(clock, make_flows, make_rule):
    first, _second = make_flows(2, **FAILED)
    make_rule(scope=Scope.DATAFLOW, dataflow=first)

    tasks.evaluate_alerts()

    assert Alert.objects.get().dataflows == [[first.pk, first.name]]


def test_other_teams_and_disabled_dataflows_are_nobodys_alert(clock, make_flows, make_rule):
    make_rule()
    make_flows(1, team=Team.objects.create(name="Others"), **FAILED)
    make_flows(1, team=None, **FAILED)
    make_flows(1, state="disabled", **FAILED)

    tasks.evaluate_alerts()

    assert not Alert.objects.exists()


def test_a_muted_alert_is_silent_until_then(clock, make_flows, make_rule):
    rule = make_rule(muted_until=NOON + timedelta(hours=1))
    rows = make_flows(1, **FAILED)
    tasks.evaluate_alerts()
    assert mail.outbox == []

    clock.shift(timedelta(hours=1))
    tasks.evaluate_alerts()
    assert len(mail.outbox) == 1

    rule.alerts.update(muted_until=timezone.now() + timedelta(hours=1))
    fails(rows, last_finished_state="success")
    tasks.evaluate_alerts()
    assert len(mail.outbox) == 1


def test_what_is_over_before_it_was_sent_is_not_sent(clock, channel, make_flows, make_rule):
    Channel.objects.update(quiet_from=time(11), quiet_until=time(14))
    make_rule()
    rows = make_flows(1, **FAILED)
    tasks.evaluate_alerts()
    fails(rows, last_finished_state="success")
    tasks.evaluate_alerts()
    clock.shift(timedelta(hours=3))
    tasks.sweep_deliveries()

    assert mail.outbox == []
    assert Delivery.objects.get().state == DeliveryState.DROPPED


def test_what_lasts_is_sent_when_quiet_hours_end(clock, channel, make_flows, make_rule):
    Channel.objects.update(quiet_from=time(11), quiet_until=time(14))
    make_rule()
    make_flows(1, **FAILED)
    tasks.evaluate_alerts()
    clock.shift(timedelta(minutes=119))
    tasks.sweep_deliveries()
    assert mail.outbox == []

    clock.shift(MINUTE)
    tasks.sweep_deliveries()

    assert len(mail.outbox) == 1


def test_a_second_look_for_the_same_asking_is_left_out(clock, make_rule):
    make_rule()
    asked = timezone.now()
    clock.shift(MINUTE)

    assert evaluate(asked_at=asked) is not None
    assert evaluate(asked_at=asked) is None


def test_queries_do_not_grow_with_dataflows(clock, make_flows, make_rule):
    for kind in Kind:
        make_rule(kind)
    values = {**FAILED, "next_expected_at": NOON - timedelta(days=1)}

    def cost() -> int:
        Alert.objects.all().delete()
        AlertRule.objects.update(volume_day=None)
        with CaptureQueriesContext(connection) as queries:
            evaluate()
        return len(queries)

    evaluate()
    make_flows(5, **values)
    few = cost()
    make_flows(45, **values)

    assert cost() == few <= 25


def test_a_reading_is_followed_by_a_look(sandbox, emulator):
    """Also one that changes nothing, since nothing arriving is what it may show."""
    SandboxSync.objects.update(due_at=timezone.now())

    poll_sandbox(SandboxSync.objects.get().pk)

    assert Lookout.objects.get().evaluated_at is not None
