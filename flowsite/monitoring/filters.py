"""What the address says: filters of lists, as small values that make links and narrow querysets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from django.db.models import Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from flowsite.credentials.models import Sandbox, SandboxAccess
from flowsite.credentials.selectors import accesses_of, current_access
from flowsite.definitions.sources import find_source
from flowsite.runs.boards import LONGEST_TAG
from flowsite.runs.models import FINISHED, UNFINISHED, Dataflow, FlowRun, FlowState
from flowsite.runs.selectors import late_dataflows
from flowsite.runs.tagging import tagged

RANGES: Final = {
    "24h": (_("24 hours"), timedelta(hours=24)),
    "7d": (_("7 days"), timedelta(days=7)),
    "30d": (_("30 days"), timedelta(days=30)),
}
#: What a saved view keeps of the board's address.
VIEW_PARAMS: Final = (
    "sandbox", "state", "run", "had", "late", "source", "account", "code", "owner", "tag", "q",
    "sort",
)  # fmt: skip
SORTS: Final = ("name", "-name", "latest_at", "-latest_at")
#: Digits of a key, so that no address asks for a number beyond what databases hold.
LONGEST_KEY: Final = 18
_RUN_FILTERS: Final = (*map(str, FINISHED), "none")
_RUN_STATES: Final = (*map(str, FINISHED), "unfinished")


def reached_sandboxes(request: HttpRequest) -> list[Sandbox]:
    """The sandboxes that the person's teams reach, each once."""
    found: dict[int, Sandbox] = {}
    for access in accesses_of(request):
        found.setdefault(access.sandbox_id, access.sandbox)
    return list(found.values())


def chosen_sandboxes(request: HttpRequest) -> list[Sandbox]:
    """``sandbox=`` (several), as far as they are reached; else the one of the top bar."""
    reached = reached_sandboxes(request)
    wanted = {value for value in request.GET.getlist("sandbox") if value.isdecimal()}
    if "all" in request.GET.getlist("sandbox"):
        return reached
    found = [sandbox for sandbox in reached if str(sandbox.pk) in wanted]
    access = current_access(request)
    return found or ([access.sandbox] if access else [])


def access_to(request: HttpRequest, sandbox: Sandbox) -> SandboxAccess | None:
    """A credential of the person's teams that reaches a sandbox: the chosen one first."""
    current = current_access(request)
    if current is not None and current.sandbox_id == sandbox.pk:
        return current
    rows = (access for access in accesses_of(request) if access.sandbox_id == sandbox.pk)
    return next(rows, None)


def with_params(query: QueryDict, **changes: str | None) -> str:
    """The query with some parameters changed (None: without); a new filter starts at page one."""
    made = query.copy()
    for gone in ("page", "stamp"):
        made.pop(gone, None)
    for name, value in changes.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = value
    return f"?{made.urlencode()}"


def _one_of(query: QueryDict, name: str, allowed: Iterable[str]) -> str:
    value = query.get(name, "")
    return value if value in allowed else ""


def _text(query: QueryDict, name: str, length: int) -> str:
    """What somebody typed, without the one character that no database takes."""
    return query.get(name, "").replace("\x00", "").strip()[:length]


def _key_or_none(value: str) -> str:
    """A local key that a database can hold, or ``none``; else empty."""
    fits = value.isascii() and value.isdecimal() and len(value) < LONGEST_KEY
    return value if fits or value == "none" else ""


@dataclass(frozen=True)
class BoardFilter:
    """Filters of the board and of the list of dataflows. Empty means: all."""

    state: str = ""
    #: Outcome of the latest finished run; ``none``: no run has finished.
    run: str = ""
    #: A range of ``RANGES`` in which a run failed.
    had: str = ""
    late: bool = False
    source: str = ""
    account: str = ""
    #: Error code of the latest finished run; ``none``: AEP gave none.
    code: str = ""
    #: Key of a person; ``none``: nobody's.
    owner: str = ""
    tag: str = ""
    text: str = ""
    sort: str = "name"

    @classmethod
    def of(cls, query: QueryDict) -> Self:
        return cls(
            state=_one_of(query, "state", FlowState.values),
            run=_one_of(query, "run", _RUN_FILTERS),
            had=_one_of(query, "had", RANGES),
            late=query.get("late") == "1",
            source=_text(query, "source", 100),
            account=_text(query, "account", 100),
            code=_text(query, "code", 60),
            owner=_key_or_none(query.get("owner", "")),
            tag=_text(query, "tag", LONGEST_TAG).lower(),
            text=_text(query, "q", 100),
            sort=_one_of(query, "sort", SORTS) or "name",
        )

    @property
    def is_active(self) -> bool:
        """Whether anything is filtered out."""
        return bool(
            self.state
            or self.run
            or self.had
            or self.late
            or self.source
            or self.account
            or self.code
            or self.owner
            or self.tag
            or self.text
        )

    def narrow(self, rows: QuerySet[Dataflow], now: datetime) -> QuerySet[Dataflow]:
        """The dataflows that pass."""
        equal: dict[str, Any] = {}
        if self.state:
            equal["state"] = self.state
        if self.run:
            equal["last_finished_state"] = "" if self.run == "none" else self.run
        if self.had:
            equal["last_failed_at__gte"] = now - RANGES[self.had][1]
        if self.account:
            equal["connection_id"] = self.account
        if self.code:
            equal["last_error_code"] = "" if self.code == "none" else self.code
        if self.owner:
            equal["owner_id"] = None if self.owner == "none" else int(self.owner)
        if self.source:
            source = find_source(self.source)
            spec = source.connection_spec_id if source else None
            equal["connection_spec_id"] = spec or self.source
        rows = late_dataflows(rows, now) if self.late else rows
        rows = tagged(rows, self.tag) if self.tag else rows
        return rows.filter(**equal).filter(self._text())

    def _text(self) -> Q:
        """Every word stands somewhere in name, account, dataset or table; or it is the id."""
        found = Q()
        for word in self.text.split():
            found &= (
                Q(name__icontains=word)
                | Q(account_name__icontains=word)
                | Q(dataset_name__icontains=word)
                | Q(source_object__icontains=word)
                | Q(flow_id=word)
            )
        return found


@dataclass(frozen=True)
class RunFilter:
    """Filters of the list of all runs."""

    state: str = ""
    code: str = ""
    text: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> Self:
        return cls(
            state=_one_of(query, "state", _RUN_STATES),
            code=_text(query, "code", 60),
            text=_text(query, "q", 100),
        )

    @property
    def is_active(self) -> bool:
        return bool(self.state or self.code or self.text)

    def narrow(
        self, rows: QuerySet[FlowRun], start: datetime, end: datetime | None = None
    ) -> QuerySet[FlowRun]:
        """The runs that pass, from ``start`` on, and until before ``end`` if there is one."""
        rows = rows.filter(at__gte=start)
        if end is not None:
            rows = rows.filter(at__lt=end)
        if self.state:
            states: Sequence[str] = UNFINISHED if self.state == "unfinished" else (self.state,)
            rows = rows.filter(state__in=states)
        if self.code:
            rows = rows.filter(error_code=self.code)
        for word in self.text.split():
            rows = rows.filter(Q(dataflow__name__icontains=word) | Q(run_id=word))
        return rows
