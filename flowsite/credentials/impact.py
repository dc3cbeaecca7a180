"""What stops when a credential or an account breaks, by name.

Dataflows themselves run in AEP, which does without our credential. What stops is seeing their runs,
changing them, and submitting drafts. The rooms that hold drafts, dataflows and submissions lie
above this one, so their rows are reached through the relations that point here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q, QuerySet

from flowsite.credentials.models import Credential, Sandbox, SandboxAccess, SourceAccount

#: As many are listed by name; the rest is counted.
LISTED = 50


@dataclass(frozen=True)
class Named:
    """A row of another room: its key and name."""

    pk: int
    name: str


@dataclass(frozen=True)
class SandboxImpact:
    """Dataflows of one sandbox. ``others``: healthy credentials that reach it too."""

    sandbox: Sandbox
    dataflows: int
    listed: list[Named]
    others: list[str]

    @property
    def hidden(self) -> int:
        """How many are not listed: other teams' ones, and the rest of a long list."""
        return max(self.dataflows - len(self.listed), 0)

    @property
    def stops(self) -> bool:
        """Whether nobody else can take over."""
        return not self.others


@dataclass(frozen=True)
class Impact:
    """Everything that hangs on a credential."""

    sandboxes: list[SandboxImpact] = field(default_factory=list)
    drafts: list[Named] = field(default_factory=list)
    submissions: list[Named] = field(default_factory=list)
    #: Finished submissions, which keep the credential from being deleted.
    past_submissions: int = 0

    @property
    def dataflows(self) -> int:
        """How many dataflows can be neither watched nor changed without it."""
        return sum(one.dataflows for one in self.sandboxes if one.stops)


def impact_of(credential: Credential) -> Impact:
    """What stops if this credential breaks. Five queries and one more for each sandbox."""
    drafts: Any = credential.draft_set.filter(deleted_at=None).order_by("-updated_at")  # type: ignore[attr-defined]
    submissions: Any = credential.submission_set  # type: ignore[attr-defined]
    open_ones = submissions.filter(finished_at=None).order_by("-created_at")
    return Impact(
        sandboxes=_sandboxes(credential),
        drafts=[Named(row.pk, row.name) for row in drafts],
        submissions=[Named(row.pk, row.name) for row in open_ones],
        past_submissions=submissions.exclude(finished_at=None).count(),
    )


def _sandboxes(credential: Credential) -> list[SandboxImpact]:
    others = _other_ways(credential)
    current = Q(dataflow__deleted_at=None, dataflow__missing_since=None)
    rows = credential.sandboxes.annotate(n=Count("dataflow", filter=current)).order_by("name")
    return [
        SandboxImpact(
            sandbox=row,
            dataflows=row.n,
            listed=_listed(row, credential) if row.n else [],
            others=others.get(row.pk, []),
        )
        for row in rows
    ]


def _other_ways(credential: Credential) -> dict[int, list[str]]:
    healthy = Credential.objects.filter(
        sandboxes__in=credential.sandboxes.all(), last_error="", succeeded_at__isnull=False
    ).exclude(pk=credential.pk)
    found: dict[int, list[str]] = {}
    for name, sandbox in healthy.values_list("name", "sandboxes").order_by("name"):
        found.setdefault(sandbox, []).append(name)
    return found


def _listed(sandbox: Sandbox, credential: Credential) -> list[Named]:
    """Names of the team's dataflows and of those that nobody adopted; others are only counted."""
    rows: QuerySet[Any] = sandbox.dataflow_set.filter(deleted_at=None, missing_since=None)  # type: ignore[attr-defined]
    mine = rows.filter(Q(team=credential.team_id) | Q(team=None)).order_by("name")
    return [Named(*row) for row in mine.values_list("pk", "name")[:LISTED]]


def dataflows_of_accounts(accounts: Iterable[SourceAccount]) -> dict[tuple[int, str], int]:
    """(sandbox, connection id) → dataflows that read from the account; one query."""
    accounts = list(accounts)
    rows = (
        Sandbox.objects.filter(
            pk__in={one.sandbox_id for one in accounts},
            dataflow__deleted_at=None,
            dataflow__missing_since=None,
            dataflow__connection_id__in={one.connection_id for one in accounts},
        )
        .order_by()
        .values_list("pk", "dataflow__connection_id")
        .annotate(n=Count("dataflow"))
    )
    return {(pk, connection): n for pk, connection, n in rows}


@dataclass(frozen=True)
class Counts:
    """The numbers of ``Impact`` for a list."""

    sandboxes: int = 0
    dataflows: int = 0
    drafts: int = 0


def counts_of(credentials: Iterable[Credential]) -> dict[int, Counts]:
    """Credential → numbers; three queries however many."""
    keys = [row.pk for row in credentials]
    reached: dict[int, set[int]] = {key: set() for key in keys}
    ways: dict[int, set[int]] = {}
    accesses = SandboxAccess.objects.filter(sandbox__credentials__in=keys).distinct()
    for owner, sandbox, error, worked in accesses.values_list(
        "credential", "sandbox", "credential__last_error", "credential__succeeded_at"
    ):
        if owner in reached:
            reached[owner].add(sandbox)
        if not error and worked:
            ways.setdefault(sandbox, set()).add(owner)
    current = Q(dataflow__deleted_at=None, dataflow__missing_since=None)
    rows = Sandbox.objects.filter(credentials__in=keys).order_by()
    counted = rows.annotate(n=Count("dataflow", filter=current, distinct=True))
    flows = dict(counted.values_list("pk", "n"))
    kept = Q(draft__deleted_at=None)
    mine = Credential.objects.filter(pk__in=keys).order_by()
    drafts = dict(mine.annotate(n=Count("draft", filter=kept)).values_list("pk", "n"))
    return {
        key: Counts(
            sandboxes=len(reached[key]),
            dataflows=sum(
                flows.get(one, 0) for one in reached[key] if not ways.get(one, set()) - {key}
            ),
            drafts=drafts.get(key, 0),
        )
        for key in keys
    }
