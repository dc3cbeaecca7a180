from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from flowsite.alerts import tasks, words
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
from flowsite.core.encrypted import decrypt
from flowsite.people.models import AuditEntry, Membership, User
from flowsite.runs.models import Dataflow
from tests.alerts.conftest import FAILED, SECRET

pytestmark = pytest.mark.django_db
TARGET = "http://127.0.0.1:9/hooks/canary-path?key=canary-key"


@pytest.fixture
def browser(client_as: Callable[..., Client], ops: Any) -> Client:
    return client_as(ops)


def webhook_values(**values: Any) -> dict[str, Any]:
    return {
        "name": "Our program",
        "kind": ChannelKind.WEBHOOK,
        "url": TARGET,
        "secret": SECRET,
        "enabled": "on",
        "time_zone": "UTC",
        **values,
    }


def rule_values(**values: Any) -> dict[str, Any]:
    return {"name": "Late", "kind": Kind.NOTHING, "scope": Scope.ALL, "enabled": "on", **values}


def actions() -> list[str]:
    """What the audit log says, without the sign-in."""
    rows = AuditEntry.objects.exclude(action__startswith="person.").order_by("pk")
    return list(rows.values_list("action", flat=True))


PAGES = ["alerts", "rules", "rule-new", "channels", "channel-new", "deliveries"]


@pytest.mark.parametrize("name", PAGES)
def test_empty_pages_say_how_to_begin(browser, name):
    answer = browser.get(reverse(name))

    assert answer.status_code == 200
    assert b"<h1>" in answer.content


def test_the_first_rules_are_one_click(browser, team, channel):
    page = browser.get(reverse("alerts")).content.decode()
    assert "Add these two rules" in page

    browser.post(reverse("rules-propose"))
    browser.post(reverse("rules-propose"))
    browser.post(reverse("rules-propose"), headers={"Accept-Language": "sv"})

    rules = AlertRule.objects.order_by("name")
    assert [(one.name, one.kind, one.team) for one in rules] == [
        ("Failed", Kind.FAILED, team),
        ("Nothing arrived", Kind.NOTHING, team),
    ]
    assert {one.name for rule in rules for one in rule.channels.all()} == {channel.name}
    assert actions() == ["alert_rule.added"] * 2


def test_a_rule_is_added_and_changed(browser, channel, sandbox):
    browser.post(
        reverse("rule-new"),
        rule_values(n_nothing="45", channels=[channel.pk], sandbox=sandbox.pk),
    )
    rule = AlertRule.objects.get()
    assert rule.params == {"margin_min": 45}
    assert rule.sandbox == sandbox

    browser.post(reverse("rule", args=[rule.pk]), rule_values(n_nothing="90"))

    rule.refresh_from_db()
    assert (rule.params, rule.sandbox, list(rule.channels.all())) == ({"margin_min": 90}, None, [])
    changes = AuditEntry.objects.filter(action="alert_rule.changed").get().details["changes"]
    assert changes["number"] == [45, 90]
    assert changes["channels"] == [["On duty"], []]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        pytest.param({"scope": Scope.SOURCE}, "source", id="no source"),
        pytest.param({"scope": Scope.TAG}, "tag", id="no tag"),
        pytest.param({"scope": Scope.DATAFLOW, "dataflow": "Nowhere"}, "dataflow", id="unknown"),
        pytest.param(
            {"scope": Scope.DATAFLOW, "dataflow": "Twice"}, "dataflow", id="two of a name"
        ),
        pytest.param({"n_nothing": "0"}, "n_nothing", id="too small a number"),
        pytest.param({"kind": "weather"}, "kind", id="unknown kind"),
        pytest.param({"name": ""}, "name", id="no name"),
    ],
)
def test_a_rule_that_is_not_right_says_where(browser, make_flows, values, field):
    make_flows(name="Twice")
    make_flows(name="Twice")

    answer = browser.post(reverse("rule-new"), rule_values(**values))

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not AlertRule.objects.exists()


def test_a_rule_about_one_dataflow(browser, make_flows):
    (row,) = make_flows(name="Refunds")

    page = browser.get(reverse("rule-new") + f"?dataflow={row.pk}").content.decode()
    assert row.flow_id in page
    browser.post(reverse("rule-new"), rule_values(scope=Scope.DATAFLOW, dataflow="Refunds"))

    assert AlertRule.objects.get().dataflow == row


def test_two_rules_of_one_name(browser, make_rule):
    make_rule(name="Late")

    answer = browser.post(reverse("rule-new"), rule_values())

    assert answer.status_code == 422
    assert answer.context["form"].errors["name"]


def test_changing_what_a_rule_looks_for_ends_its_alerts_silently(browser, make_flows, make_rule):
    rule = make_rule(name="Late", kind=Kind.FAILED)
    make_flows(1, **FAILED)
    tasks.evaluate_alerts()
    assert len(mail.outbox) == 1

    browser.post(reverse("rule", args=[rule.pk]), rule_values())

    assert not Alert.objects.filter(recovered_at=None).exists()
    tasks.evaluate_alerts()
    assert len(mail.outbox) == 1


def test_switching_a_rule_off_ends_its_alerts(browser, channel, make_flows, make_rule):
    rule = make_rule(name="Late", kind=Kind.FAILED)
    make_flows(1, **FAILED)
    tasks.evaluate_alerts()

    values = rule_values(kind=Kind.FAILED, channels=[channel.pk], enabled="")
    browser.post(reverse("rule", args=[rule.pk]), values)
    tasks.evaluate_alerts()

    assert not Alert.objects.filter(recovered_at=None).exists()
    assert len(mail.outbox) == 1


def test_alerts_are_listed_open_ones_first(browser, make_flows, make_rule):
    make_rule()
    make_flows(1, name="Old", connection_id="a", **FAILED)
    tasks.evaluate_alerts()
    Dataflow.objects.update(last_finished_state="success")
    make_flows(2, name="New", connection_id="b", **FAILED)
    tasks.evaluate_alerts()

    page = browser.get(reverse("alerts")).content.decode()

    assert page.index("2 dataflows failed") < page.index("“Old” failed")
    detail = browser.get(reverse("alert", args=[Alert.objects.get(recovered_at=None).pk]))
    assert "New 000" in detail.content.decode()


def test_a_dataflow_name_is_text(browser, make_flows, make_rule):
    make_rule()
    make_flows(1, name="<script>1</script>", **FAILED)
    tasks.evaluate_alerts()

    for place in (reverse("alerts"), reverse("alert", args=[Alert.objects.get().pk])):
        assert "<script>1" not in browser.get(place).content.decode()


def test_mute_and_unmute(browser, make_flows, make_rule):
    make_rule()
    make_flows(1, **FAILED)
    tasks.evaluate_alerts()
    alert = Alert.objects.get()
    place = reverse("alert-mute", args=[alert.pk])

    browser.post(place, {"hours": "4"})
    alert.refresh_from_db()
    left = alert.muted_until - timezone.now()
    assert timedelta(hours=3, minutes=59) < left <= timedelta(hours=4)
    assert "Unmute" in browser.get(reverse("alerts")).content.decode()

    Dataflow.objects.update(last_finished_state="success")
    tasks.evaluate_alerts()
    assert len(mail.outbox) == 1
    browser.post(place, {"hours": "0"})
    alert.refresh_from_db()
    assert alert.muted_until is None
    assert browser.post(place, {"hours": "9999"}).status_code == 404


def test_muting_takes_back_what_has_not_left(browser, monkeypatch, make_flows, make_rule):
    rule = make_rule()
    make_flows(1, **FAILED)
    monkeypatch.setattr(tasks, "enqueue", lambda *_: False)
    tasks.evaluate_alerts()
    assert Delivery.objects.count() == 1

    browser.post(reverse("rule-mute", args=[rule.pk]), {"hours": "1"})

    assert not Delivery.objects.exists()
    assert Alert.objects.get().told_at is None


def test_a_channels_target_and_secret_are_write_only(browser, caplog):
    browser.post(reverse("channel-new"), webhook_values())
    row = Channel.objects.get()
    assert decrypt(row.target) == TARGET
    assert decrypt(row.secret) == SECRET
    assert row.shown == "http://127.0.0.1:9/…"

    place = reverse("channel", args=[row.pk])
    browser.post(place, webhook_values(url="", secret="", name="Renamed"))
    row.refresh_from_db()
    assert (row.name, decrypt(row.target), decrypt(row.secret)) == ("Renamed", TARGET, SECRET)

    browser.post(reverse("channel-test", args=[row.pk]))
    pages = [place, *map(reverse, ("channels", "deliveries", "alerts", "channel-new"))]
    shown = "".join(browser.get(one).content.decode() for one in pages)
    kept = str(list(AuditEntry.objects.values())) + str(list(Delivery.objects.values()))
    for text in (shown, kept, caplog.text):
        assert "canary" not in text
    assert "Given up" in shown


@pytest.mark.parametrize(
    ("values", "field"),
    [
        pytest.param({"url": ""}, "url", id="no address"),
        pytest.param({"url": "https://169.254.169.254/"}, "url", id="an internal address"),
        pytest.param({"url": "ftp://hooks.example/"}, "url", id="no web address"),
        pytest.param({"secret": ""}, "secret", id="no secret"),
        pytest.param({"secret": "short"}, "secret", id="a short secret"),
        pytest.param({"kind": "email", "people": "nobody"}, "people", id="no e-mail address"),
        pytest.param({"kind": "email", "people": ""}, "people", id="nobody"),
        pytest.param({"kind": "service", "service": "json://10.0.0.1"}, "service", id="any host"),
        pytest.param({"quiet": "on", "quiet_from": "22:00"}, "quiet_until", id="half a pair"),
        pytest.param({"time_zone": "Mars/Base"}, "time_zone", id="unknown zone"),
    ],
)
def test_a_channel_that_is_not_right_says_where(browser, values, field):
    answer = browser.post(reverse("channel-new"), webhook_values(**values))

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "canary" not in answer.content.decode()
    assert not Channel.objects.exists()


def test_several_people_with_quiet_hours(browser):
    values = {
        "name": "Team",
        "kind": "email",
        "people": "a@acme.example, b@acme.example\nb@acme.example",
        "quiet": "on",
        "quiet_from": "22:00",
        "quiet_until": "06:30",
        "time_zone": "Europe/Stockholm",
        "enabled": "on",
    }
    browser.post(reverse("channel-new"), values)

    row = Channel.objects.get()
    assert row.shown == "a@acme.example, b@acme.example"
    page = browser.get(reverse("channels")).content.decode()
    assert "22:00–06:30, Europe/Stockholm" in page


def test_the_audit_log_tells_who_is_written_to(browser):
    """Addresses of people are closed up in the row, but they are no secrets."""
    values = {"name": "Duty", "kind": ChannelKind.EMAIL, "people": "night@acme.example"}
    browser.post(reverse("channel-new"), {**values, "enabled": "on", "time_zone": "UTC"})

    details = AuditEntry.objects.get(action="channel.added").details
    assert details["changes"]["shown"] == [None, "night@acme.example"]


def test_the_list_of_channels_shows_the_newest_message(browser, channel):
    now = timezone.now()
    for days, state in ((2, DeliveryState.SENT), (1, DeliveryState.FAILED), (3, "waiting")):
        at = now - timedelta(days=days)
        Delivery.objects.create(channel=channel, state=state, created_at=at, due_at=at)

    page = browser.get(reverse("channels"))
    assert page.context["rows"][0].last.state == DeliveryState.FAILED


def test_the_test_button_sends_at_once(browser, channel):
    answer = browser.post(reverse("channel-test", args=[channel.pk]), follow=True)

    assert "The test was sent." in answer.content.decode()
    assert mail.outbox[0].subject == "[Flowsite] Test of the channel “On duty”"
    assert actions() == ["channel.tested"]


def test_a_message_that_was_given_up_is_sent_again(browser, channel, make_flows, make_rule):
    make_rule()
    make_flows(1, **FAILED)
    Channel.objects.update(kind=ChannelKind.WEBHOOK, target="broken")
    tasks.evaluate_alerts()
    row = Delivery.objects.get()
    assert row.state == DeliveryState.FAILED

    Channel.objects.update(kind=ChannelKind.EMAIL, target=channel.target)
    browser.post(reverse("delivery-again", args=[row.pk]))
    tasks.sweep_deliveries()

    row.refresh_from_db()
    assert row.state == DeliveryState.SENT
    assert len(mail.outbox) == 1


def test_analysts_read_and_do_not_change(client_as, analyst, channel, make_rule):
    rule = make_rule()
    browser = client_as(analyst)
    for name, args in [("rule", [rule.pk]), ("channel", [channel.pk])]:
        page = browser.get(reverse(name, args=args))
        assert page.status_code == 200
        assert ">Save<" not in page.content.decode()
        assert browser.post(reverse(name, args=args), {}).status_code == 403
    for name in ("rules-propose", "rule-new", "channel-new"):
        assert browser.post(reverse(name)).status_code == 403
    assert browser.post(reverse("channel-test", args=[channel.pk])).status_code == 403


def test_what_belongs_to_another_team_does_not_exist(
    client_as, ops, channel, make_flows, make_rule
):
    rule = make_rule()
    make_flows(1, **FAILED)
    tasks.evaluate_alerts()
    alert, sent = Alert.objects.get(), Delivery.objects.get()
    Membership.objects.filter(user=ops).delete()
    browser = client_as(ops)

    for name, pk in [("rule", rule.pk), ("channel", channel.pk), ("alert", alert.pk)]:
        assert browser.get(reverse(name, args=[pk])).status_code == 404
    for name, pk in [
        ("rule", rule.pk),
        ("rule-mute", rule.pk),
        ("rule-delete", rule.pk),
        ("channel", channel.pk),
        ("channel-test", channel.pk),
        ("channel-delete", channel.pk),
        ("alert-mute", alert.pk),
        ("delivery-again", sent.pk),
    ]:
        assert browser.post(reverse(name, args=[pk]), {"hours": "1"}).status_code == 404
    for name in ("alerts", "rules", "channels", "deliveries"):
        page = browser.get(reverse(name)).content.decode()
        assert channel.name not in page
        assert "Payments" not in page


def test_a_channel_of_another_team_is_no_choice(browser, channel, make_rule):
    from flowsite.people.models import Team

    other = Channel.objects.create(
        team=Team.objects.create(name="Others"), name="Theirs", kind="email", target="x", shown="x"
    )
    answer = browser.post(reverse("rule-new"), rule_values(channels=[other.pk]))

    assert answer.status_code == 422
    assert not AlertRule.objects.exists()


def test_delete(browser, channel, make_flows, make_rule):
    rule = make_rule()
    make_flows(1, **FAILED)
    tasks.evaluate_alerts()

    browser.post(reverse("channel-delete", args=[channel.pk]))
    browser.post(reverse("rule-delete", args=[rule.pk]))

    assert not Channel.objects.exists()
    assert not Alert.objects.exists()
    assert actions() == ["channel.deleted", "alert_rule.deleted"]


@pytest.mark.parametrize("name", ["alerts", "rules", "channels", "deliveries"])
def test_queries_of_lists_do_not_grow(browser, channel, make_flows, make_rule, name):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost() -> int:
        browser.get(reverse(name))
        with CaptureQueriesContext(connection) as queries:
            browser.get(reverse(name))
        return len(queries)

    def more(count: int) -> None:
        for n in range(count):
            make_rule(name=f"More {AlertRule.objects.count()}")
            make_flows(1, connection_id=f"c{AlertRule.objects.count()}-{n}", **FAILED)
        tasks.evaluate_alerts()

    more(1)
    few = cost()
    more(4)

    assert cost() == few


def test_what_came_of_a_message_is_said_in_the_readers_language(browser, channel, ops):
    row = Delivery.objects.create(
        channel=channel,
        state=DeliveryState.FAILED,
        created_at=timezone.now(),
        due_at=timezone.now(),
        outcome="The receiver can't be reached (ConnectError).",
    )
    User.objects.filter(pk=ops.pk).update(language="sv")

    page = browser.get(reverse("deliveries")).content.decode()

    assert "Mottagaren kan inte nås (ConnectError)." in page
    assert row.outcome not in page


def test_the_cause_of_an_alert_is_said_in_the_readers_language(browser, make_flows, make_rule, ops):
    make_rule()
    make_flows(1, **FAILED)
    tasks.evaluate_alerts()
    Alert.objects.update(facts={"code": "CONNECTOR-1001-500"})
    User.objects.filter(pk=ops.pk).update(language="sv")

    page = browser.get(reverse("alert", args=[Alert.objects.get().pk])).content.decode()

    assert "Kopieringen från källan till mellanlagringen misslyckades." in page


def test_what_is_wrong_with_an_address_is_said_in_the_readers_language(browser, ops):
    User.objects.filter(pk=ops.pk).update(language="sv")

    page = browser.post(reverse("channel-new"), webhook_values(url="https://10.0.0.1/hook"))

    assert "10.0.0.1 är en intern adress, vilket inte är tillåtet." in page.content.decode()


def test_the_numbers_of_one_dataflow_are_not_said_of_several(make_flows, make_rule):
    make_rule()
    make_flows(1, **FAILED)
    tasks.evaluate_alerts()
    alert = Alert.objects.get()
    alert.facts = {"day": "2026-11-23", "received": 5, "usual": 900}

    with translation.override("en"):
        assert "5 on 2026-11-23; usually about 900" in dict(words.details(alert)).values()
        alert.dataflow_count = 2
        assert not any("900" in value for _, value in words.details(alert))
