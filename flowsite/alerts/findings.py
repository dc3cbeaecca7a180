"""From a rule and what was read to causes. Pure: no queries, no clock.

A cause is what dataflows have in common. Those that fail with one code through one account are one
cause, as in the work queue, so that 80 dataflows on a broken account are one alert.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from flowsite.alerts.kinds import margin_of, number_of
from flowsite.alerts.models import AlertRule, Kind, Scope
from flowsite.alerts.selectors import Material
from flowsite.credentials.models import Credential, SourceAccount
from flowsite.runs.models import Dataflow, RunState

#: So many dataflows are kept by name; the rest is counted.
NAMED: Final = 100


@dataclass
class Finding:
    """One cause: since when, which dataflows, and what words are made from."""

    cause: str
    since: datetime
    sandbox_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    dataflows: list[tuple[int, str]] = field(default_factory=list)

    def listed(self) -> list[list[Any]]:
        """The first dataflows by name, as an alert keeps them."""
        return [list(pair) for pair in sorted(self.dataflows, key=lambda pair: pair[1])[:NAMED]]


def find(rule: AlertRule, material: Material, now: datetime) -> dict[str, Finding]:
    """Every cause that the rule finds now, by its key."""
    found: dict[str, Finding] = {}
    for one in _FINDERS[rule.kind](rule, material, now):
        known = found.setdefault(one.cause, one)
        if known is not one:
            known.dataflows += one.dataflows
            known.since = min(known.since, one.since)
    return found


def covers(rule: AlertRule, row: Dataflow) -> bool:
    """Whether a dataflow is one of those that the rule is about."""
    if row.team_id != rule.team_id or rule.sandbox_id not in (None, row.sandbox_id):
        return False
    if rule.scope == Scope.DATAFLOW:
        return row.pk == rule.dataflow_id
    if rule.scope == Scope.SOURCE:
        return row.connection_spec_id == rule.source
    if rule.scope == Scope.TAG:
        return rule.tag in row.tags
    return True


def _of_flow(row: Dataflow, since: datetime, *, code: str | None = None, **facts: Any) -> Finding:
    """The cause that a dataflow belongs to: its account, and its error code if there is one."""
    parts = [str(row.sandbox_id), row.connection_id]
    if code is not None:
        parts.append(code)
        facts["code"] = code
    facts |= {"account": row.account_name, "spec": row.connection_spec_id}
    return Finding("/".join(parts), since, row.sandbox_id, facts, [(row.pk, row.name)])


def _covered(rule: AlertRule, rows: Iterable[Dataflow]) -> Iterator[Dataflow]:
    return (row for row in rows if covers(rule, row))


def _failed(rule: AlertRule, material: Material, now: datetime) -> Iterator[Finding]:
    for row in _covered(rule, material.outcomes):
        if row.last_finished_state == RunState.FAILED:
            since = row.failing_since or row.last_finished_at or now
            yield _of_flow(row, since, code=row.last_error_code)


def _partial(rule: AlertRule, material: Material, now: datetime) -> Iterator[Finding]:
    limit = number_of(rule.kind, rule.params)
    for row in _covered(rule, material.outcomes):
        if row.last_finished_state == RunState.PARTIAL and _lost_percent(row) > limit:
            yield _of_flow(row, row.last_finished_at or now, code=row.last_error_code)


def _lost_percent(row: Dataflow) -> float:
    """Failed of received records; where AEP does not tell, everything may be lost."""
    if not row.last_received or row.last_failed is None:
        return 100.0
    return 100 * row.last_failed / row.last_received


def _nothing(rule: AlertRule, material: Material, now: datetime) -> Iterator[Finding]:
    margin = margin_of(rule.params)
    for row in _covered(rule, material.late):
        expected, read_at = row.next_expected_at, getattr(row, "read_at", None)
        if expected is None or read_at is None:
            continue
        if expected + margin < min(now, read_at):
            yield _of_flow(row, expected)


def _zero(rule: AlertRule, material: Material, now: datetime) -> Iterator[Finding]:
    least = timedelta(hours=number_of(rule.kind, rule.params))
    for row in _covered(rule, material.outcomes):
        if row.last_finished_state != RunState.SUCCESS:
            continue
        ended = row.last_finished_at or now
        rows_at: datetime | None = getattr(row, "rows_at", None)
        if rows_at is None or ended - rows_at >= least:
            yield _of_flow(row, rows_at or ended)


def _volume(rule: AlertRule, material: Material, now: datetime) -> Iterator[Finding]:
    limit = number_of(rule.kind, rule.params)
    day = material.volumes.day
    for row, volume in material.volumes.compared:
        if not covers(rule, row):
            continue
        off = 100 * (volume.received - volume.usual) / max(volume.usual, 1)
        if abs(off) >= limit:
            began = datetime.combine(day, time(), UTC)
            facts = {"day": day.isoformat(), "received": volume.received, "usual": volume.usual}
            yield _of_flow(row, began, **facts)


def _account(rule: AlertRule, material: Material, now: datetime) -> Iterator[Finding]:
    for account in material.accounts:
        if account.test_failures < number_of(rule.kind, rule.params):
            continue
        behind = material.behind.get((account.sandbox_id, account.connection_id), [])
        if not _covers_account(rule, account, behind):
            continue
        facts = {
            "account": account.name,
            "spec": account.connection_spec_id,
            "message": account.test_message[:500],
        }
        flows = [(row.pk, row.name) for row in behind if row.team_id == rule.team_id]
        since = account.failing_since or now
        yield Finding(f"account/{account.pk}", since, account.sandbox_id, facts, flows)


def _covers_account(rule: AlertRule, account: SourceAccount, behind: list[Dataflow]) -> bool:
    if account.team_id != rule.team_id or rule.sandbox_id not in (None, account.sandbox_id):
        return False
    if rule.scope == Scope.SOURCE:
        return account.connection_spec_id == rule.source
    return rule.scope == Scope.ALL or any(covers(rule, row) for row in behind)


def _credential(rule: AlertRule, material: Material, now: datetime) -> Iterator[Finding]:
    for one in material.credentials:
        if one.team_id != rule.team_id:
            continue
        if one.last_error:
            facts = {"credential": one.name, "message": one.last_error[:500]}
            yield Finding(f"credential/{one.pk}/refused", now, None, facts)
        if one.expires_on and _expires_soon(one, number_of(rule.kind, rule.params), now):
            facts = {"credential": one.name, "expires_on": one.expires_on.isoformat()}
            yield Finding(f"credential/{one.pk}/expiring", now, None, facts)


def _expires_soon(credential: Credential, days: int, now: datetime) -> bool:
    return bool(credential.expires_on and credential.expires_on <= (now + timedelta(days)).date())


_FINDERS: Final[dict[str, Callable[[AlertRule, Material, datetime], Iterator[Finding]]]] = {
    Kind.FAILED: _failed,
    Kind.PARTIAL: _partial,
    Kind.NOTHING: _nothing,
    Kind.ZERO: _zero,
    Kind.VOLUME: _volume,
    Kind.ACCOUNT: _account,
    Kind.CREDENTIAL: _credential,
}
