"""What rules are judged by, read from the cache in a fixed number of queries, and what pages list.

Nothing here asks AEP: ``runs`` and ``credentials`` keep what they have read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from statistics import median
from typing import Any, Final

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncDate

from flowsite.alerts.kinds import margin_of
from flowsite.alerts.models import Alert, AlertRule, Channel, Delivery, Kind
from flowsite.credentials.models import Credential, SourceAccount
from flowsite.people.models import User
from flowsite.people.selectors import teams_of
from flowsite.runs.models import Dataflow, FlowRun, FlowState, RunState
from flowsite.runs.selectors import late_dataflows

#: What rules and messages need of a dataflow; its documents stay where they are.
_COLUMNS: Final = (
    "pk",
    "name",
    "team_id",
    "sandbox_id",
    "connection_id",
    "connection_spec_id",
    "account_name",
    "tags",
    "last_finished_state",
    "last_finished_at",
    "last_error_code",
    "last_received",
    "last_failed",
    "failing_since",
    "next_expected_at",
)
#: A day is compared with the same weekday of so many weeks before, if so many of them had runs.
WEEKS: Final = 4
LEAST_DAYS: Final = 3
#: Days with fewer records on either side say nothing.
LEAST_RECORDS: Final = 100
#: A day's last runs have ended by then.
DAY_SETTLES: Final = timedelta(hours=2)


@dataclass(frozen=True)
class Volume:
    """Records received on a day and what the weekday usually brings."""

    received: int
    usual: float


@dataclass(frozen=True)
class Volumes:
    """What a day brought, for the rules that have not compared that day yet."""

    day: date
    #: Keys of these rules.
    rules: frozenset[int] = frozenset()
    compared: tuple[tuple[Dataflow, Volume], ...] = ()


@dataclass
class Material:
    """Everything that one evaluation looks at."""

    outcomes: list[Dataflow] = field(default_factory=list)
    late: list[Dataflow] = field(default_factory=list)
    volumes: Volumes = field(default_factory=lambda: Volumes(date.min))
    accounts: list[SourceAccount] = field(default_factory=list)
    #: (sandbox, connection id) → dataflows that read from the account.
    behind: dict[tuple[int, str], list[Dataflow]] = field(default_factory=dict)
    credentials: list[Credential] = field(default_factory=list)


def volumes_for(now: datetime) -> Volumes:
    """Reads many runs, once a day; at most three queries, one on other occasions."""
    day = settled_day(now)
    rules = AlertRule.objects.filter(enabled=True, kind=Kind.VOLUME)
    due = dict(rules.exclude(volume_day=day).values_list("pk", "team"))
    if not due:
        return Volumes(day)
    flows = _flows_of(due.values()).exclude(state=FlowState.DISABLED)
    return Volumes(day, frozenset(due), tuple(_compared(flows, day)))


def _flows_of(teams: Iterable[int]) -> QuerySet[Dataflow]:
    return Dataflow.objects.filter(team__in=set(teams), deleted_at=None, missing_since=None)


def material_for(rules: Iterable[AlertRule], now: datetime) -> Material:
    """At most five queries, however many rules, dataflows and accounts; without volumes."""
    rules = list(rules)
    kinds = {rule.kind for rule in rules}
    teams = {rule.team_id for rule in rules}
    flows = _flows_of(teams)
    running = flows.exclude(state=FlowState.DISABLED)
    found = Material()
    if kinds & {Kind.FAILED, Kind.PARTIAL, Kind.ZERO}:
        found.outcomes = _outcomes(running)
    if Kind.NOTHING in kinds:
        least = min(margin_of(rule.params) for rule in rules if rule.kind == Kind.NOTHING)
        found.late = list(_read(late_dataflows(running, now, least)))
    if Kind.ACCOUNT in kinds:
        accounts = SourceAccount.objects.filter(team__in=teams, test_ok=False, state__gt="")
        found.accounts = list(accounts.exclude(failing_since=None).select_related("sandbox"))
        found.behind = _behind(flows, found.accounts)
    if Kind.CREDENTIAL in kinds:
        risky = ~Q(last_error="") | Q(expires_on__isnull=False)
        found.credentials = list(Credential.objects.filter(risky, team__in=teams))
    return found


def _read(rows: QuerySet[Dataflow]) -> QuerySet[Dataflow]:
    return rows.only(*_COLUMNS).annotate(read_at=F("sandbox__sandboxsync__succeeded_at"))


def _outcomes(running: QuerySet[Dataflow]) -> list[Dataflow]:
    """Dataflows whose latest finished run failed, lost records, or brought none."""
    with_rows = FlowRun.objects.filter(dataflow=OuterRef("pk"), received__gt=0)
    bad = Q(last_finished_state__in=[RunState.FAILED, RunState.PARTIAL])
    empty = Q(last_finished_state=RunState.SUCCESS, last_received=0)
    return list(
        _read(running.filter(bad | empty)).annotate(
            rows_at=Subquery(with_rows.order_by("-at").values("at")[:1])
        )
    )


def settled_day(now: datetime) -> date:
    """The last day (UTC) whose runs are over."""
    return (now.astimezone(UTC) - DAY_SETTLES).date() - timedelta(days=1)


def _compared(running: QuerySet[Dataflow], day: date) -> list[tuple[Dataflow, Volume]]:
    """Dataflows with enough history, and their volumes. Two queries."""
    days = [day - timedelta(weeks=n) for n in range(WEEKS + 1)]
    sums = _daily_sums(running, days)
    found: dict[int, Volume] = {}
    for pk, by_day in sums.items():
        usual = [by_day[one] for one in days[1:] if one in by_day]
        if len(usual) >= LEAST_DAYS:
            volume = Volume(by_day.get(day, 0), median(usual))
            if max(volume.received, volume.usual) >= LEAST_RECORDS:
                found[pk] = volume
    rows = _read(running).in_bulk(list(found)) if found else {}
    return [(rows[pk], found[pk]) for pk in rows]


def _daily_sums(running: QuerySet[Dataflow], days: list[date]) -> dict[int, dict[date, int]]:
    during = Q()
    for day in days:
        begin = datetime.combine(day, time(), UTC)
        during |= Q(at__gte=begin, at__lt=begin + timedelta(days=1))
    rows: Any = (
        FlowRun.objects.filter(during, dataflow__in=running.values("pk"), received__isnull=False)
        .order_by()
        .values("dataflow_id", day=TruncDate("at", tzinfo=UTC))
        .annotate(total=Sum("received"))
    )
    found: dict[int, dict[date, int]] = defaultdict(dict)
    for row in rows:
        found[row["dataflow_id"]][row["day"]] = row["total"]
    return found


def _behind(
    flows: QuerySet[Dataflow], accounts: list[SourceAccount]
) -> dict[tuple[int, str], list[Dataflow]]:
    found: dict[tuple[int, str], list[Dataflow]] = defaultdict(list)
    rows = _read(flows.filter(connection_id__in={one.connection_id for one in accounts}))
    for row in rows:
        found[row.sandbox_id, row.connection_id].append(row)
    return found


# --- pages ---------------------------------------------------------------------------------------


def alerts_for_user(user: User) -> QuerySet[Alert]:
    """Alerts of the person's teams."""
    return Alert.objects.filter(team__in=teams_of(user)).select_related("rule", "sandbox", "team")


def rules_for_user(user: User) -> QuerySet[AlertRule]:
    """Rules of the person's teams, each with ``open_count``."""
    return (
        AlertRule.objects.filter(team__in=teams_of(user))
        .select_related("team", "dataflow", "sandbox")
        .annotate(open_count=Count("alerts", filter=Q(alerts__recovered_at=None)))
    )


def channels_for_user(user: User) -> QuerySet[Channel]:
    """Channels of the person's teams."""
    return Channel.objects.filter(team__in=teams_of(user)).select_related("team")


def deliveries_for_user(user: User) -> QuerySet[Delivery]:
    """Messages to channels of the person's teams."""
    return Delivery.objects.filter(channel__team__in=teams_of(user)).select_related(
        "channel", "alert__rule"
    )
