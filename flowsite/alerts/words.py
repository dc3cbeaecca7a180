"""What alerts say, on pages and in messages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from flowsite.aep.codes import explain
from flowsite.alerts.models import Alert, AlertRule, Event, Kind, Scope
from flowsite.core.wording import number, words
from flowsite.definitions.sources import source_by_spec

#: So many dataflows are named in a message.
NAMED = 20


def source_name(spec_id: str) -> str:
    """The catalogue's name of a source, else its id."""
    source = source_by_spec(spec_id)
    return source.name if source else spec_id


def headline(alert: Alert) -> str:
    """What is wrong, in one line."""
    count, facts = alert.dataflow_count, alert.facts
    values = {"count": count, "name": alert.dataflows[0][1] if alert.dataflows else ""}
    if alert.rule.kind == Kind.ACCOUNT:
        return _("The account “%(name)s” is refused by its provider") % {"name": facts["account"]}
    if alert.rule.kind == Kind.CREDENTIAL:
        return _credential_headline(facts)
    one, several = _FLOW_HEADLINES[alert.rule.kind]
    return (_(one) if count == 1 else _(several)) % values


_FLOW_HEADLINES = {
    Kind.FAILED: (
        gettext_noop("“%(name)s” failed"),
        gettext_noop("%(count)d dataflows failed"),
    ),
    Kind.PARTIAL: (
        gettext_noop("“%(name)s” lost records"),
        gettext_noop("%(count)d dataflows lost records"),
    ),
    Kind.NOTHING: (
        gettext_noop("Nothing arrived: “%(name)s” did not run"),
        gettext_noop("Nothing arrived: %(count)d dataflows did not run"),
    ),
    Kind.ZERO: (
        gettext_noop("“%(name)s” brings no records"),
        gettext_noop("%(count)d dataflows bring no records"),
    ),
    Kind.VOLUME: (
        gettext_noop("“%(name)s” brought an unusual number of records"),
        gettext_noop("%(count)d dataflows brought an unusual number of records"),
    ),
}


def _credential_headline(facts: dict[str, Any]) -> str:
    name = facts["credential"]
    if "expires_on" not in facts:
        return _("Adobe refuses the credential “%(name)s”") % {"name": name}
    values = {"name": name, "day": facts["expires_on"]}
    if date.fromisoformat(facts["expires_on"]) < datetime.now(UTC).date():
        return _("The secret of “%(name)s” was to be replaced by %(day)s") % values
    return _("The secret of “%(name)s” has to be replaced by %(day)s") % values


def details(alert: Alert) -> list[tuple[str, str]]:
    """(term, value) of everything else that is known; empty ones are left out."""
    facts = alert.facts
    code = facts.get("code", "")
    told = explain(code) if code else None
    rows = [
        (_("Sandbox"), alert.sandbox.name if alert.sandbox else ""),
        (_("Source"), source_name(facts.get("spec", "")) if facts.get("spec") else ""),
        (_("Account"), facts.get("account", "")),
        (_("Code"), code),
        (_("Cause"), words(told.cause) if told else facts.get("message", "")),
        (_("What to do"), words(told.remedy) if told else ""),
        # Of several dataflows, the facts are one's.
        (_("Records"), _volume(facts) if alert.dataflow_count == 1 else ""),
    ]
    return [(term, str(value)) for term, value in rows if value]


def _volume(facts: dict[str, Any]) -> str:
    if "usual" not in facts:
        return ""
    return _("%(received)s on %(day)s; usually about %(usual)s") % {
        "received": number(facts["received"]),
        "day": facts["day"],
        "usual": number(round(facts["usual"])),
    }


def utc(moment: datetime) -> str:
    """ "2026-11-24 12:00 UTC"."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def page_of(name: str, *args: Any) -> str:
    """A link that works from a message; empty where FLOWSITE_PUBLIC_URL is."""
    return settings.PUBLIC_URL + reverse(name, args=args) if settings.PUBLIC_URL else ""


def subject(alert: Alert, event: str) -> str:
    """One line; a recovery says so first."""
    line = headline(alert)
    if event == Event.RECOVERED:
        line = _("Recovered: %(headline)s") % {"headline": line}
    return " ".join(line.split())[:250]


def text(alert: Alert, event: str) -> str:
    """The message for people, as plain text."""
    lines = [headline(alert) + ".", ""]
    lines.append(_("Since: %(time)s") % {"time": utc(alert.since)})
    if event == Event.RECOVERED and alert.recovered_at:
        lines.append(_("Over since: %(time)s") % {"time": utc(alert.recovered_at)})
    lines += [f"{term}: {value}" for term, value in details(alert)]
    lines += _named(alert)
    if link := page_of("alert", alert.pk):
        lines += ["", link]
    lines += ["", _("Rule: %(rule)s") % {"rule": alert.rule.name}]
    return "\n".join(lines)


def _named(alert: Alert) -> list[str]:
    if not alert.dataflows:
        return []
    lines = ["", _("Dataflows:")]
    for pk, name in alert.dataflows[:NAMED]:
        link = page_of("dataflow", pk)
        lines.append(f"- {name} {link}".rstrip())
    more = alert.dataflow_count - min(len(alert.dataflows), NAMED)
    if more > 0:
        lines.append(ngettext("… and %(n)d more", "… and %(n)d more", more) % {"n": more})
    return lines


def body(alert: Alert, event: str) -> dict[str, Any]:
    """The message for programs. Names and meaning stay; new keys may come."""
    return {
        "event": str(event),
        "alert": {
            "id": alert.pk,
            "kind": str(alert.rule.kind),
            "rule": alert.rule.name,
            "headline": headline(alert),
            "since": alert.since.astimezone(UTC).isoformat(),
            "recovered_at": alert.recovered_at.astimezone(UTC).isoformat()
            if alert.recovered_at
            else None,
            "sandbox": alert.sandbox.name if alert.sandbox else None,
            "facts": alert.facts,
            "dataflow_count": alert.dataflow_count,
            "dataflows": [
                {"id": pk, "name": name, "url": page_of("dataflow", pk)}
                for pk, name in alert.dataflows[:NAMED]
            ],
            "url": page_of("alert", alert.pk),
        },
    }


def scope_words(rule: AlertRule) -> str:
    """Which dataflows a rule is about."""
    if rule.scope == Scope.DATAFLOW and rule.dataflow:
        return rule.dataflow.name
    if rule.scope == Scope.SOURCE:
        return _("Source %(name)s") % {"name": source_name(rule.source)}
    if rule.scope == Scope.TAG:
        return _("Tag %(name)s") % {"name": rule.tag}
    return _("All dataflows")
