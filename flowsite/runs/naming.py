"""Names for lists: which account, table and dataset a dataflow uses. Never looked up by a page.

Accounts, source and target connections are read in lists of ids; datasets one by one, as Catalog
has no filter for ids. A few calls a cycle, until every dataflow has been looked at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from django.db import transaction

from flowsite.aep.errors import BadRequest, Forbidden, NotFound
from flowsite.aep.filters import Filter
from flowsite.aep.flow_service import Connection, SourceConnection, TargetConnection
from flowsite.aep.flow_service.base import Entity
from flowsite.credentials.models import SourceAccount
from flowsite.runs import ingest
from flowsite.runs.bulk import update_columns
from flowsite.runs.cycle import Cycle
from flowsite.runs.models import Dataflow
from flowsite.runs.readings import source_object

#: Dataflows named in one cycle: one list of ids each for sources and targets.
PER_CYCLE: Final = 50
#: Datasets are read one by one; more wait for the next cycle.
DATASETS_PER_CYCLE: Final = 10

Found = TypeVar("Found", bound=Entity)


def resolve_names(cycle: Cycle) -> None:
    """Fills in names of dataflows that lack them. What AEP doesn't permit stays empty."""
    rows = list(
        Dataflow.objects.filter(
            sandbox=cycle.sandbox, named_at=None, deleted_at=None, missing_since=None
        )
        .defer("definition", "facts")
        .order_by("-latest_at")[:PER_CYCLE]
    )
    if not rows:
        return
    service = cycle.platform.flow_service
    sources = _by_id(cycle, service.source_connections, (row.source_connection_id for row in rows))
    targets = _by_id(cycle, service.target_connections, (row.target_connection_id for row in rows))
    for row in rows:
        _note_connections(row, sources, targets)
    accounts = _account_names(cycle, {row.connection_id for row in rows if row.connection_id})
    datasets = _dataset_names(cycle, {row.dataset_id for row in rows if row.dataset_id})
    for row in rows:
        row.account_name = accounts.get(row.connection_id, row.account_name)
        row.dataset_name = datasets.get(row.dataset_id, row.dataset_name)
        if not row.dataset_id or row.dataset_id in datasets:
            row.named_at = cycle.started
    _save(cycle, rows)


def _save(cycle: Cycle, rows: Sequence[Dataflow]) -> None:
    names = ["connection_id", "connection_spec_id", "source_object", "dataset_id"]
    names += ["account_name", "dataset_name", "named_at"]
    with transaction.atomic():
        sync = ingest.lock(cycle.sandbox, cycle.lease)
        update_columns(rows, names)
        ingest.touch(sync, count=False)


def _note_connections(
    row: Dataflow, sources: dict[str, SourceConnection], targets: dict[str, TargetConnection]
) -> None:
    if source := sources.get(row.source_connection_id):
        row.source_object = source_object(source.params) or row.source_object
        row.connection_id = source.base_connection_id[:100] or row.connection_id
        row.connection_spec_id = source.connection_spec_id[:100] or row.connection_spec_id
    if target := targets.get(row.target_connection_id):
        row.dataset_id = target.dataset_id[:100] or row.dataset_id


def _by_id(
    cycle: Cycle, listing: Callable[[Sequence[Filter]], Iterator[Found]], ids: Iterable[str]
) -> dict[str, Found]:
    wanted = sorted({one for one in ids if one})
    if not wanted:
        return {}
    cycle.spend_call()
    try:
        return {row.id: row for row in listing([("id", "==", ",".join(wanted))])}
    except (BadRequest, Forbidden, NotFound):
        return {}


def _account_names(cycle: Cycle, ids: set[str]) -> dict[str, str]:
    """From the accounts we know, else from AEP; new ones are kept."""
    rows = SourceAccount.objects.filter(sandbox=cycle.sandbox, connection_id__in=ids)
    names = dict(rows.values_list("connection_id", "name"))
    found: dict[str, Connection] = _by_id(
        cycle, cycle.platform.flow_service.connections, ids - names.keys()
    )
    for connection in found.values():
        SourceAccount.objects.get_or_create(
            sandbox=cycle.sandbox,
            connection_id=connection.id,
            defaults=_account_values(connection),
        )
    return names | {pk: connection.name[:300] for pk, connection in found.items()}


def _account_values(connection: Connection) -> dict[str, Any]:
    return {
        "name": connection.name[:300],
        "description": connection.description,
        "connection_spec_id": connection.connection_spec_id[:100],
        "auth_spec": connection.auth_spec[:200],
        "state": connection.state[:40],
        "created_at": connection.created_at,
    }


def _dataset_names(cycle: Cycle, ids: set[str]) -> dict[str, str]:
    """From dataflows that have the name, else from Catalog; an unreadable dataset has none."""
    rows = Dataflow.objects.filter(sandbox=cycle.sandbox, dataset_id__in=ids, dataset_name__gt="")
    names = dict(rows.values_list("dataset_id", "dataset_name"))
    for dataset_id in sorted(ids - names.keys())[:DATASETS_PER_CYCLE]:
        cycle.spend_call()
        try:
            names[dataset_id] = cycle.platform.catalog.dataset(dataset_id).name[:300]
        except (BadRequest, Forbidden, NotFound):
            names[dataset_id] = ""
    return names
