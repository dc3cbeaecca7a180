"""Carrying out one run: read the window, map each row, check it, write batch and diagnostics.

Everything is counted from rows. Reading and mapping hold no lock; ``store_outcome`` writes
the whole result in one transaction.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flowsite.emulator import data_prep, mapping
from flowsite.emulator.catalog_service import DATASET
from flowsite.emulator.expressions import ExpressionError
from flowsite.emulator.flow_service import flow_rules
from flowsite.emulator.flow_service.entities import CONNECTION, SOURCE_CONNECTION, TARGET_CONNECTION
from flowsite.emulator.flow_service.explore import resource_table
from flowsite.emulator.flow_service.specs import kind_of
from flowsite.emulator.functions.values import text
from flowsite.emulator.registry.descriptors import primary_identity
from flowsite.emulator.store import Stored
from flowsite.emulator.systems.reader import ProviderError, Reader
from flowsite.emulator.web import Scope
from flowsite.emulator.world import World

COPY_FAILED = "CONNECTOR-1001-500"
PROMOTION_FAILED = "CONNECTOR-2001-500"
SOME_ROWS_FAILED = "INGEST-1212-400"
NO_DIAGNOSTICS = "INGEST-1211-400"
MAX_DIAGNOSTICS = 1000
SAMPLE_SIZE = 5


@dataclass
class Record:
    """One row from the source; ``corrupt`` is a line that couldn't be read at all."""

    data: dict[str, Any]
    filename: str = ""
    corrupt: str | None = None


@dataclass
class Outcome:
    """``stage`` names the activity that failed, None when the run succeeded."""

    stage: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)
    read: int = 0
    written: int = 0
    failed: int = 0
    warned: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    files_read: int = 0
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: deque[str] = field(default_factory=deque)
    conversion_errors: list[str] = field(default_factory=list)
    parsing_errors: list[str] = field(default_factory=list)
    input_files: list[str] = field(default_factory=list)
    dataset_id: str = ""
    diagnostics: bool = False

    def fail(self, stage: str, code: str, message: str) -> Outcome:
        self.stage = stage
        self.errors.append({"code": code, "message": message})
        return self


@dataclass(frozen=True)
class Job:
    """What a run needs, read in one transaction before the work."""

    account: Stored
    source: Stored
    dataset_id: str
    mapper: mapping.Mapper
    options: dict[str, Any]
    delta: str | None
    since_s: float
    until_s: float


class CannotStart(Exception):
    """Something that the dataflow stands on is gone or can't be used; carries the Outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome.errors))
        self.outcome = outcome


def prepare(world: World, flow: Stored | None, detail: dict[str, Any]) -> Job:
    """Raises CannotStart."""
    if flow is None:
        raise CannotStart(Outcome().fail("copy", COPY_FAILED, "The dataflow was deleted."))
    scope = flow.scope
    source = world.store.get(SOURCE_CONNECTION, scope, flow.body["sourceConnectionIds"][0])
    target = world.store.get(TARGET_CONNECTION, scope, flow.body["targetConnectionIds"][0])
    account = source and world.store.get(CONNECTION, scope, source.body["baseConnectionId"])
    if source is None or account is None or target is None:
        raise CannotStart(Outcome().fail("copy", COPY_FAILED, "A connection was deleted."))
    dataset = world.store.get(DATASET, scope, target.body["params"]["dataSetId"])
    if dataset is None:
        message = "The dataset doesn't exist; no batch could be opened."
        raise CannotStart(Outcome().fail("promotion", "CONNECTOR-3001-500", message))
    delta = (flow_rules.transformation(flow.body, "Copy") or {}).get("deltaColumn", {})
    delta = detail.get("params", {}).get("deltaColumn") or delta
    since_ms, until_ms = detail["window"]
    return Job(
        account=account,
        source=source,
        dataset_id=dataset.id,
        mapper=_mapper(world, scope, flow, dataset),
        options=flow.body.get("options") or {},
        delta=delta.get("name"),
        since_s=since_ms / 1000,
        until_s=until_ms / 1000,
    )


def _mapper(world: World, scope: Scope, flow: Stored, dataset: Stored) -> mapping.Mapper:
    params = flow_rules.transformation(flow.body, "Mapping") or {}
    version = int(params.get("mappingVersion", 0))
    document = data_prep.mapping_version(world, scope, str(params.get("mappingId")), version)
    schema_id = dataset.body["schemaRef"]["id"]
    try:
        if document is None:
            raise ExpressionError("The mapping set doesn't exist.")
        schema = data_prep.target_schema(world, scope, schema_id)
        rows = mapping.rows_of(document)
        return mapping.Mapper(rows, schema, primary_identity(world, scope, schema_id))
    except ExpressionError as error:
        outcome = Outcome().fail("promotion", PROMOTION_FAILED, "The rows couldn't be mapped.")
        outcome.errors.append({"code": mapping.MAPPING_ERROR, "message": str(error)})
        raise CannotStart(outcome) from error


def execute(world: World, job: Job) -> Outcome:
    """Reads, maps and checks; writes nothing."""
    outcome = Outcome(dataset_id=job.dataset_id)
    outcome.rows = deque(maxlen=world.config.kept_rows_per_dataset)
    outcome.diagnostics = bool(job.options.get("errorDiagnosticsEnabled"))
    reader = Reader(world, job.account)
    try:
        reader.check_health()
        for record in _records(reader, job, outcome):
            _take(job, record, outcome)
    except ProviderError as error:
        outcome.read = outcome.written = outcome.failed = 0
        return outcome.fail("copy", COPY_FAILED, str(error))
    _judge(job, outcome)
    return outcome


def _records(reader: Reader, job: Job, outcome: Outcome) -> Iterator[Record]:
    kind = kind_of(job.source.body["connectionSpec"]["id"])
    params = job.source.body["params"]
    if kind == "file":
        yield from _file_records(reader, job, outcome)
        return
    if kind == "rest":
        table = resource_table(reader, params)
        for row in reader.rows(table, column=None, since_s=job.since_s, until_s=job.until_s):
            yield Record({"data": row}, filename=f"{table.path}.json")
        return
    found = reader.tables().get(params["tableName"])
    if found is None:
        raise ProviderError(f"The table {params['tableName']} doesn't exist any more.")
    columns = [column["name"] for column in params.get("columns") or []]
    for row in reader.rows(found, column=job.delta, since_s=job.since_s, until_s=job.until_s):
        yield Record({name: row.get(name) for name in columns}, filename=f"{found.path}.parquet")


def _file_records(reader: Reader, job: Job, outcome: Outcome) -> Iterator[Record]:
    params = job.source.body["params"]
    wanted = job.source.body["data"]["format"]
    for file in reader.files_at(params["path"], recursive=params.get("recursive", True)):
        if file.format != wanted or not job.since_s <= file.modified_at_s < job.until_s:
            continue
        outcome.files_read += 1
        outcome.input_files.append(file.path)
        for row in file.rows(reader.seeded_at_s, reader.now_s):
            plain = wanted == "delimited"
            yield Record(_as_text(row) if plain else row, filename=file.path)
        for line in file.broken:
            yield Record({}, filename=file.path, corrupt=line)


def _as_text(row: dict[str, Any]) -> dict[str, Any]:
    """A delimited file knows only texts; an empty one is null."""
    return {name: None if value is None else text(value) for name, value in row.items()}


def _take(job: Job, record: Record, outcome: Outcome) -> None:
    outcome.read += 1
    if record.corrupt is not None:
        errors = [{"code": mapping.CORRUPT_ERROR, "message": "The row is corrupt."}]
        outcome.bytes_read += len(record.corrupt)
        _reject(record, errors, outcome)
        return
    outcome.bytes_read += len(json.dumps(record.data, default=str))
    mapped = job.mapper.map(record.data)
    if mapped.rejected:
        _reject(record, mapped.rejected, outcome)
        return
    outcome.warned += bool(mapped.warnings)
    row = json.dumps(mapped.data, separators=(",", ":"), default=str)
    outcome.written += 1
    outcome.bytes_written += len(row)
    outcome.rows.append(row)


def _reject(record: Record, errors: list[dict[str, str]], outcome: Outcome) -> None:
    outcome.failed += 1
    for error in errors:
        outcome.failures[(error["code"], _general(error))] += 1
    line: dict[str, Any] = {"_errors": errors, "_filename": record.filename}
    if record.corrupt is not None:
        line["_corrupt_record"] = record.corrupt
        kept = outcome.parsing_errors
    else:
        line.update(record.data)
        kept = outcome.conversion_errors
    if len(kept) < MAX_DIAGNOSTICS:
        kept.append(json.dumps(line, default=str))


def _general(error: dict[str, str]) -> str:
    """The message without the row's value, so that equal troubles are counted together."""
    field_path, _, rest = error["message"].partition(":")
    if error["code"] == mapping.MAPPING_ERROR and rest:
        return f"{field_path}: the value couldn't be converted"
    return error["message"]


def _judge(job: Job, outcome: Outcome) -> None:
    """More bad rows than allowed fail the whole batch; without partial ingestion one is enough."""
    if not outcome.failed:
        return
    allowed = float(job.options.get("partialIngestionPercent") or 0)
    share = 100 * outcome.failed / outcome.read
    if share > allowed:
        outcome.fail(
            "promotion",
            PROMOTION_FAILED,
            f"{outcome.failed} of {outcome.read} rows failed ({share:.1f} %);"
            f" {allowed:g} % are allowed.",
        )
        outcome.written = outcome.bytes_written = 0
        outcome.rows.clear()
        return
    outcome.errors.append(
        {"code": SOME_ROWS_FAILED, "message": f"{outcome.failed} of {outcome.read} rows failed."}
    )
